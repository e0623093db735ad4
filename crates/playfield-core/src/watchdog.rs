//! Whether a source still gives pictures, and when it is to be closed and opened anew.
//!
//! ```text
//!   pictures come --none for PATIENCE--> opened anew --none for twice as long--> opened anew ...
//!        ^                                    |
//!        '------------- a picture ------------'
//! ```

use std::fmt;
use std::time::Duration;

use crate::time::Time;

/// A source that gives no picture for so long is opened anew. The slowest gives one a second.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait until it is opened anew once more.
pub const MOST_PATIENCE: Duration = Duration::from_secs(120);

/// Watches one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watchdog {
    /// The last picture.
    seen: Time,
    /// The last picture, or when it was opened last.
    since: Time,
    patience: Duration,
    times: u32,
}

/// A source that is to be opened anew. As a sentence, without an end so that more can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stalled {
    /// How long there was no picture.
    pub silent: Duration,
    /// How often it was opened anew since, this time included.
    pub times: u32,
}

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no picture came for {} seconds, so the source is opened anew", self.silent.as_secs())?;
        if self.times > 1 { write!(f, " (for the {}. time)", self.times) } else { Ok(()) }
    }
}

impl Watchdog {
    /// Watches a source that was just opened.
    pub fn new(now: Time) -> Watchdog {
        Watchdog { seen: now, since: now, patience: PATIENCE, times: 0 }
    }

    /// There was a picture.
    pub fn picture(&mut self, now: Time) {
        *self = Watchdog::new(now);
    }

    /// When it is to be asked next.
    pub fn next_timeout(&self) -> Time {
        self.since + self.patience
    }

    /// Whether the source is to be opened anew now. Whoever is told so does it.
    pub fn poll(&mut self, now: Time) -> Option<Stalled> {
        if now < self.next_timeout() {
            return None;
        }
        self.since = now;
        self.patience = (self.patience * 2).min(MOST_PATIENCE);
        self.times = self.times.saturating_add(1);
        Some(Stalled { silent: now.since(self.seen), times: self.times })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(s: u64) -> Time {
        Time::from_millis(s * 1_000)
    }

    /// Seconds at which it is opened anew until `end`, with pictures at these.
    fn opened(pictures: &[u64], end: u64) -> Vec<u64> {
        let mut watchdog = Watchdog::new(seconds(0));
        let mut opened = Vec::new();
        for now in 0..=end {
            if pictures.contains(&now) {
                watchdog.picture(seconds(now));
            }
            if watchdog.poll(seconds(now)).is_some() {
                opened.push(now);
            }
        }
        opened
    }

    #[test]
    fn a_source_that_gives_pictures_is_left_alone() {
        assert_eq!(opened(&[0, 9, 18, 27], 36), [0; 0]);
    }

    #[test]
    fn one_that_stalls_is_opened_anew_after_pauses_that_grow() {
        assert_eq!(opened(&[], 600), [10, 30, 70, 150, 270, 390, 510]);
    }

    #[test]
    fn a_picture_makes_it_patient_again() {
        assert_eq!(opened(&[35], 60), [10, 30, 45]);
    }

    #[test]
    fn it_is_said_for_how_long_and_how_often() {
        let mut watchdog = Watchdog::new(seconds(0));
        assert_eq!(watchdog.next_timeout(), seconds(10));
        let mut said = |now| watchdog.poll(seconds(now)).map(|stalled| stalled.to_string()).unwrap_or_default();
        assert_eq!(said(10), "no picture came for 10 seconds, so the source is opened anew");
        assert_eq!(said(29), "");
        assert_eq!(said(30), "no picture came for 30 seconds, so the source is opened anew (for the 2. time)");
    }
}
