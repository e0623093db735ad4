//! When a viewer's message leaves: input, acknowledgements of pictures and their times share it.
//!
//! A change leaves at once, and again in each of the next few frames, so that a lost message is healed before anybody sees it.
//! While nothing changes, every message costs the node a packet to take apart and half a packet to acknowledge, and says little:
//! then several pictures share one. Where something is seen to be lost, one leaves with each picture again.
//!
//! ```text
//!            a change ----+
//!            a loss ------+--> busy: at least once a frame, and with each picture
//!                                |  nothing for a few frames, no loss for a second
//!                                v
//!                              calm: with every third picture or so, at least every 60 ms
//! ```
//!
//! Data channels stall where much is lost: what was sent waits in them, for seconds. Then messages go by the lossless track as well,
//! which does not; nobody pays for that before. A channel opens late for the same reason, after seconds at worst, and the track is there
//! from the connection's first moment: until something came by the channel messages go by the track too. On a short path it opens at
//! once, and is given that time: the first message of the track costs a browser some milliseconds.
//!
//! The player in the browser follows the same rule; `uplink.txt` beside this file is what both are held to.

use std::time::Duration;

use crate::time::Time;

/// Least distance of messages that are not urgent: mice report up to 8,000 times a second.
const SPACING: Duration = Duration::from_millis(4);
/// While something changes or is lost, messages are no farther apart: a display refresh and some jitter, so that pictures at 60 Hz
/// set the pace where there are any.
const FRAME: Duration = Duration::from_millis(20);
/// Frames in which a change is said again. With a fifth of messages lost, all four copies are in one case of 600.
const REPEATS: u8 = 3;
/// Messages are no farther apart, whatever happens: four of them are in [`super::merge::SILENCE`].
const CALM: Duration = Duration::from_millis(60);
/// A picture that comes when the oldest one has waited so long takes all of them along: two frames at 60 Hz, less some jitter. Deltas
/// are then coded against a picture that is two frames older.
const SHARE: Duration = Duration::from_millis(30);
/// No further picture came for so long: those that wait leave alone. The node takes a picture for lost after 20 ms at the soonest, and
/// looks once a tick.
const LINGER: Duration = Duration::from_millis(20);
/// What came of a picture that is not whole waits so long, less than a frame: it tells how the path takes large pictures.
const PART: Duration = Duration::from_millis(10);
/// Pictures that may share a message; there is room for the acknowledgements of 16.
const MOST_WAITING: u8 = 8;
/// How long after a loss the next one is reckoned with.
const WARY: Duration = Duration::from_secs(1);
/// A picture that is missing for so long was not overtaken, but lost.
const OVERTAKEN: Duration = Duration::from_millis(10);
/// Bytes that wait in the data channel for so long, message after message, are held up; and so is what cannot enter it, as it is not open.
const HELD: Duration = Duration::from_millis(40);
/// How long after that messages go by the track as well: where it happened once, it happens again.
const DETOUR: Duration = Duration::from_secs(10);

/// Decides when a viewer's next message leaves. Tell it what happened, send when [`Uplink::next`] has come, and say so.
#[derive(Debug, Default)]
pub struct Uplink {
    sent: Option<Time>,
    /// Something changed that was not said yet: it is to leave then.
    changed: Option<Time>,
    repeats: u8,
    /// When the oldest datagram came that was not acknowledged yet, and the newest of all.
    oldest: Option<Time>,
    newest: Time,
    /// The newest came long after the one before it.
    rare: bool,
    /// Pictures that wait.
    waiting: u8,
    /// Something came of a picture that was not whole.
    part: bool,
    /// All that is not to wait any longer.
    ready: bool,
    picture: Option<u32>,
    /// A picture that a newer one came before, and since when.
    missing: Option<(u32, Time)>,
    wary_until: Time,
    /// Something came by the data channel, so it does.
    carries: bool,
    /// When the first message was due.
    began: Option<Time>,
    /// Since when bytes wait in the data channel.
    held: Option<Time>,
    detour_until: Time,
}

impl Uplink {
    /// What the player does changed. What is urgent (a press) leaves now, the rest within [`SPACING`].
    pub fn changed(&mut self, now: Time, urgent: bool) {
        let at = if urgent { now } else { self.spaced(now) };
        self.changed = Some(self.changed.map_or(at, |before| before.min(at)));
        self.repeats = REPEATS;
    }

    /// One of `count` datagrams of a picture came; with it the picture is `whole`, or not yet.
    pub fn datagram(&mut self, now: Time, picture: u32, count: u8, whole: bool) {
        let oldest = *self.oldest.get_or_insert(now);
        let apart = self.picture.is_none() || now.since(self.newest) >= SHARE;
        // One that is late is no reason: the next is near.
        let rare = apart && (self.rare || self.picture.is_none());
        self.rare = apart;
        self.waiting = self.waiting.saturating_add(u8::from(whole));
        self.part |= !whole;
        // Where pictures come rarely there is none to share with. A large one is worth a message: it is the base of large ones.
        self.ready |= whole && (rare || count > 1) || now.since(oldest) >= SHARE || self.waiting >= MOST_WAITING;
        self.newest = now;
        let ahead = self.picture.map_or(1, |newest| picture.wrapping_sub(newest) as i32);
        if ahead > 0 {
            self.picture = Some(picture);
        }
        match self.missing {
            Some((missing, _)) if missing == picture => self.missing = None,
            Some((_, since)) if now.since(since) >= OVERTAKEN => {
                self.missing = None;
                self.lost(now);
            }
            _ => {}
        }
        if ahead > 1 {
            self.missing.get_or_insert((picture.wrapping_sub(1), now));
        }
    }

    /// Something on the path was seen to be lost, or to be held up.
    pub fn lost(&mut self, now: Time) {
        // Where that happens again and again acknowledgements are lost too, and what is lost holds the channel up.
        if now < self.wary_until {
            self.detour_until = now + DETOUR;
        }
        self.wary_until = now + WARY;
    }

    /// Something came by the data channel: it is open at both ends, and carries.
    pub fn heard(&mut self) {
        self.carries = true;
    }

    /// When the next message is due.
    pub fn next(&self) -> Time {
        let Some(sent) = self.sent else { return Time::ZERO };
        let busy = self.repeats > 0 || sent < self.wary_until;
        let at = sent + if busy { FRAME } else { CALM };
        let acknowledged = self.acknowledged_at(busy).unwrap_or(at);
        self.changed.unwrap_or(at).min(acknowledged).min(at)
    }

    fn acknowledged_at(&self, busy: bool) -> Option<Time> {
        let oldest = self.oldest?;
        Some(if self.ready || busy && self.waiting > 0 {
            self.spaced(self.newest)
        } else if self.part {
            self.spaced(oldest + PART)
        } else {
            self.newest + LINGER
        })
    }

    /// A message leaves, with all there was to say, by the data channel if that is open; bytes of those before still wait in it, or not.
    /// Returns whether it is to go by the track as well.
    pub fn sent(&mut self, now: Time, waits: bool) -> bool {
        self.held = waits.then(|| self.held.unwrap_or(now));
        if self.held.is_some_and(|since| now.since(since) >= HELD) {
            self.lost(now);
            self.detour_until = now + DETOUR;
        }
        if self.changed.take().is_none() {
            self.repeats = self.repeats.saturating_sub(1);
        }
        self.sent = Some(now);
        (self.oldest, self.waiting, self.part, self.ready) = (None, 0, false, false);
        let late = now.since(*self.began.get_or_insert(now)) >= HELD;
        !self.carries && late || now < self.detour_until
    }

    /// That moment, or when the next message may leave that is not urgent.
    fn spaced(&self, at: Time) -> Time {
        self.sent.map_or(at, |sent| at.max(sent + SPACING))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens in a line of the table, and the milliseconds at which messages leave when each does as soon as it is due.
    fn departures(events: &str) -> Vec<String> {
        let carries = !events.contains(":h");
        let uplink = Uplink { carries, ..Uplink::default() };
        let (mut uplink, mut now, mut waits, mut left) = (uplink, Time::ZERO, false, Vec::new());
        for event in events.split(' ') {
            let (ms, what) = event.split_once(':').unwrap();
            let until = Time::from_millis(ms.parse().unwrap());
            while uplink.next() < until {
                now = now.max(uplink.next());
                let detour = if uplink.sent(now, waits) { "+" } else { "" };
                left.push(format!("{}{detour}", now.as_micros() / 1_000));
            }
            now = until;
            match what.split_at(1) {
                ("c", _) => uplink.changed(now, true),
                ("m", _) => uplink.changed(now, false),
                (kind @ ("p" | "d"), picture) => {
                    let (number, count) = picture.split_once('/').unwrap_or((picture, "1"));
                    uplink.datagram(now, number.parse().unwrap(), count.parse().unwrap(), kind == "p");
                }
                ("l", _) => uplink.lost(now),
                ("w", _) => waits = !waits,
                ("h", _) => uplink.heard(),
                _ => assert_eq!(what, "end", "{events}"),
            }
        }
        left
    }

    #[test]
    fn messages_leave_as_the_table_says() {
        let lines = include_str!("uplink.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        for story in lines.collect::<Vec<_>>().chunks(3) {
            let [name, events, expect] = story else { panic!("{story:?}: a story has three lines") };
            assert_eq!(departures(events.trim()).join(" "), expect.trim(), "{name}");
        }
    }
}
