//! What a viewer gets that asks for a key frame.
//!
//! Browsers ask when they cannot decode, and also when no video came for a while: Chromium after three seconds, as long as a packet of
//! the track came within five. A picture that stands would cost a key frame every three seconds then, for nothing. A frame that
//! changes nothing is a few bytes, and tells a viewer that lost the last one before it what it lacks (it asks for that again, RFC
//! 4585). One that really needs a key frame asks again at once.

use std::time::Duration;

use crate::time::Time;

/// Without video for this long, a viewer may ask for that reason alone.
const STANDS: Duration = Duration::from_secs(2);
/// Who asks again so soon means it.
const SOON: Duration = Duration::from_secs(1);

/// What a viewer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A key frame.
    Key,
    /// A frame, though it changes nothing.
    Frame,
    /// Nothing: it has got that frame, and then no more packets make it ask.
    Nothing,
}

/// The requests of one viewer.
#[derive(Debug, Default)]
pub struct KeyframeRequests {
    sent: Time,
    asked: Option<Time>,
    answered: bool,
}

impl KeyframeRequests {
    /// It asks for a key frame.
    pub fn on_request(&mut self, now: Time) -> Answer {
        let again = self.asked.is_some_and(|asked| now.since(asked) < SOON);
        self.asked = Some(now);
        if again || now.since(self.sent) < STANDS {
            Answer::Key
        } else if std::mem::replace(&mut self.answered, true) {
            Answer::Nothing
        } else {
            Answer::Frame
        }
    }

    /// A frame goes to it; `news`: it changes something.
    pub fn on_sent(&mut self, now: Time, news: bool) {
        self.sent = now;
        self.answered &= !news;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `s`: a frame is sent, `?`: the viewer asks; answers are `K`, `F`, `-`. Times are in tenths of a second.
    fn check(events: &[(u64, char)], expect: &str) {
        let (mut requests, mut answers) = (KeyframeRequests::default(), String::new());
        for (at, event) in events {
            let now = Time::from_micros(at * 100_000);
            if *event == 's' {
                requests.on_sent(now, true);
                continue;
            }
            answers.push(match requests.on_request(now) {
                Answer::Key => 'K',
                Answer::Frame => {
                    requests.on_sent(now, false);
                    'F'
                }
                Answer::Nothing => '-',
            });
        }
        assert_eq!(answers, expect, "{events:?}");
    }

    #[test]
    fn a_picture_that_stands_costs_one_frame_and_no_key_frame() {
        check(&[(10, 's'), (40, '?'), (70, '?'), (100, '?')], "F--");
        check(&[(10, 's'), (40, '?'), (60, 's'), (90, '?')], "FF");
    }

    #[test]
    fn who_cannot_decode_gets_a_key_frame() {
        check(&[(10, 's'), (11, '?')], "K");
        check(&[(10, 's'), (40, '?'), (42, '?'), (44, '?')], "FKK");
        check(&[(10, 's'), (40, '?'), (70, '?'), (72, '?')], "F-K");
    }
}
