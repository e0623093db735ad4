//! What comes after a picture of video that no other follows.
//!
//! A viewer that lost the last picture cannot know: it asks again for what is missing between others (RFC 4585), and nothing came
//! after it. So a picture that stands is followed by frames that change nothing, a few bytes each, farther and farther apart, until
//! the viewer reports that it shows the picture or one of them. On a good path that report comes before the first of them is due.

use std::time::Duration;

use crate::keyframe::Answer;
use crate::time::Time;

/// When the first comes; each further one after twice as long.
const FIRST: Duration = Duration::from_millis(150);
const MOST_DOUBLINGS: u32 = 12;
/// How many a viewer gets that never reported a picture: its browser may not tell.
const UNREPORTED: u32 = 4;
/// What is older is not sent again when it is asked for, so only a key frame helps: packets are kept for three seconds.
const KEPT: Duration = Duration::from_millis(2_500);
/// How soon it is tried again to send one that could not be.
const AGAIN: Duration = Duration::from_millis(20);

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Something in it changed.
    Changed,
    /// It shows the same more finely.
    Finer,
    /// It changes nothing, or nothing but that it stands alone.
    Follower,
}

/// The pictures of one viewer, by their RTP timestamps.
#[derive(Debug, Default)]
pub struct Follow {
    /// The last picture that brought something, unless the viewer shows it.
    news: Option<(Time, u32)>,
    /// The last frame, and how many came after that picture.
    newest: u32,
    sent: Time,
    followers: u32,
    tried: Option<Time>,
    reports: bool,
}

impl Follow {
    /// A frame goes out.
    pub fn on_sent(&mut self, now: Time, rtp: u32, frame: Frame) {
        (self.newest, self.sent, self.tried) = (rtp, now, None);
        match frame {
            Frame::Follower => self.followers += 1,
            // A key frame is made finer again. Who does not show that either is sent ever less.
            Frame::Finer if self.news.is_some() => self.news = Some((now, rtp)),
            Frame::Changed | Frame::Finer => (self.news, self.followers) = (Some((now, rtp)), 0),
        }
    }

    /// The viewer shows a frame that was sent to it.
    pub fn on_shown(&mut self, rtp: u32) {
        self.reports = true;
        let is_before = |a: u32, b: u32| (a.wrapping_sub(b) as i32) < 0;
        if self.news.is_some_and(|(_, news)| !is_before(rtp, news) && !is_before(self.newest, rtp)) {
            self.news = None;
        }
    }

    /// When the next frame is due, if nothing changes before.
    pub fn due(&self) -> Option<Time> {
        self.news?;
        let due = self.sent + FIRST * (1 << self.followers.min(MOST_DOUBLINGS));
        let due = self.tried.map_or(due, |tried| due.max(tried + AGAIN));
        (self.reports || self.followers < UNREPORTED).then_some(due)
    }

    /// What is to be sent now.
    pub fn poll(&mut self, now: Time) -> Answer {
        let Some((began, _)) = self.news.filter(|_| self.due().is_some_and(|due| due <= now)) else {
            return Answer::Nothing;
        };
        self.tried = Some(now);
        if now.since(began) > KEPT { Answer::Key } else { Answer::Frame }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is sent in so many ms after a picture, when (F: a frame, K: a key frame), given what the viewer reports and when.
    fn sent(reports: &[(u64, u32)], ms: u64) -> String {
        let (mut follow, mut sent, mut rtp) = (Follow::default(), Vec::new(), 7);
        follow.on_shown(3);
        follow.on_sent(Time::from_millis(0), 6, Frame::Changed);
        follow.on_sent(Time::from_millis(1), rtp, Frame::Finer);
        for at in 1..=ms {
            let now = Time::from_millis(at);
            reports.iter().filter(|(when, _)| *when == at).for_each(|(_, rtp)| follow.on_shown(*rtp));
            let answer = follow.poll(now);
            if answer != Answer::Nothing {
                rtp += 1;
                follow.on_sent(now, rtp, Frame::Follower);
                sent.push(format!("{}{answer:?}", at - 1).replace("rame", "").replace("ey", ""));
            }
        }
        sent.join(" ")
    }

    #[test]
    fn what_is_not_shown_is_followed_by_frames_and_when_it_is_too_old_by_key_frames() {
        assert_eq!(sent(&[], 12_000), "150F 450F 1050F 2250F 4650K 9450K");
    }

    #[test]
    fn what_is_shown_is_followed_by_nothing() {
        assert_eq!(sent(&[(90, 7)], 12_000), "");
        assert_eq!(sent(&[(500, 8)], 12_000), "150F 450F", "the first of the frames");
        assert_eq!(sent(&[(90, 6), (95, 70), (500, 9)], 12_000), "150F 450F", "the one before, and one that never was");
    }

    #[test]
    fn who_never_reports_gets_a_few() {
        let (mut follow, mut sent) = (Follow::default(), 0);
        follow.on_sent(Time::ZERO, 1, Frame::Changed);
        while let Some(due) = follow.due() {
            assert_eq!(follow.poll(due), Answer::Frame);
            sent += 1;
            follow.on_sent(due, 1 + sent, Frame::Follower);
        }
        assert_eq!(sent, UNREPORTED);
    }

    #[test]
    fn a_key_frame_that_is_made_finer_does_not_begin_it_all_again() {
        let (mut follow, mut keys, mut rtp) = (Follow::default(), Vec::new(), 1);
        follow.on_shown(0);
        follow.on_sent(Time::ZERO, rtp, Frame::Changed);
        for at in 1..300_000 {
            let now = Time::from_millis(at);
            let answer = follow.poll(now);
            if answer != Answer::Nothing {
                follow.on_sent(now, rtp + 1, Frame::Follower);
                follow.on_sent(now, rtp + 2, Frame::Finer);
                rtp += 2;
                keys.push(at);
            }
        }
        assert!(keys.len() <= 11, "{keys:?}");
        follow.on_shown(rtp);
        assert_eq!(follow.due(), None);
        follow.on_sent(Time::from_millis(300_000), rtp + 1, Frame::Finer);
        assert_eq!(follow.due(), Some(Time::from_millis(300_150)));
    }

    #[test]
    fn one_that_could_not_be_sent_is_tried_again_soon() {
        let mut follow = Follow::default();
        follow.on_sent(Time::ZERO, 1, Frame::Changed);
        assert_eq!(follow.poll(Time::from_millis(150)), Answer::Frame);
        assert_eq!(follow.poll(Time::from_millis(151)), Answer::Nothing);
        assert_eq!(follow.due(), Some(Time::from_millis(170)));
        assert_eq!(follow.poll(Time::from_millis(170)), Answer::Frame);
    }
}
