//! A voice that comes over a network: which of its packets is heard when, and what where one is missing.
//!
//! Packets come late, out of order, twice or not at all, by a clock that is not ours. Whoever listens asks for the next piece whenever
//! there is none left to hear. The sound itself is not looked at here: a codec makes it of the pieces.
//!
//! ```text
//!   arrive(now, packet) --> waiting, by number --> next(now) --> a packet | a loss to be concealed | silence
//!
//!   resting --[the first packet has waited for as long as packets vary]--> playing
//!      ^------[nothing came for 60 ms, or the voice went on elsewhere]--------'
//! ```
//!
//! How long a packet waits follows from how unevenly they come: the delay of each is compared with the shortest of the last seconds,
//! and the second longest of them is waited for. One that is later than all others is concealed, and costs no delay. Where the wait is
//! longer or shorter than it should be, and where clocks drift apart, the voice is played a little [`faster`](Voice::pace) or slower.
//!
//! | word | |
//! |---|---|
//! | frame | a sample of each channel, at 48 kHz |
//! | number | a packet's place among all of them: RTP's sequence number, extended |
//! | time | of a packet's first frame, in frames: RTP's timestamp (RFC 7587) |
//!
//! Drive it so: [`Voice::arrive`] for each packet, [`Voice::next`] for each piece.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::Time;

/// Frames of a second.
const RATE: i64 = 48_000;
/// Frames of a millisecond.
const MS: i64 = RATE / 1_000;
/// Longest packet of one Opus frame, in bytes (RFC 6716, 3.2.1); browsers send no others.
pub const MAX_PACKET: usize = 1_275;
/// Longest packet, in frames: 60 ms.
const MAX_FRAMES: u32 = 2_880;
/// Frames of a loss that are concealed at once: 10 ms.
pub const LOST_FRAMES: u32 = 480;
/// What is concealed in a row; what is missing then is silence.
const MOST_CONCEALED: i64 = 60 * MS;
/// Packets that wait: half a second of short ones.
const MOST_WAITING: usize = 50;
/// The least and the most that packets wait beyond what the fastest of them need, and what is added to what they vary by.
const LEAST_WAIT: i64 = 15 * MS;
const MOST_WAIT: i64 = 120 * MS;
const MARGIN: i64 = 5 * MS;
/// How long delays are remembered, at least; at most twice as long.
const WINDOW: i64 = 2 * RATE;
/// How much longer, and how much shorter, the wait may be than it should before the pace changes; and how near it comes then.
const LONGER: i64 = 10 * MS;
const SHORTER: i64 = 3 * MS;
const NEAR: i64 = MS;
/// What waits longer than it should by so much is skipped.
const SKIP: i64 = 80 * MS;
/// Between the delays of two packets of one voice there is less than this: beyond, it is another voice, or its clock was set.
const LEAP: i64 = RATE;

/// What is to be heard next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A packet.
    Packet(Vec<u8>),
    /// [`LOST_FRAMES`] of a packet that did not come.
    Lost,
    /// Nothing, for now.
    Silence,
}

/// How fast it is to be heard, so that the wait becomes what it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As it is.
    #[default]
    Same,
    /// It waits too long.
    Faster,
    /// It waits too short.
    Slower,
}

#[derive(Debug)]
struct Waiting {
    time: i64,
    frames: i64,
    data: Vec<u8>,
}

/// A voice on its way.
#[derive(Debug, Default)]
pub struct Voice {
    waiting: BTreeMap<u64, Waiting>,
    /// The frame that is heard next; none: it rests.
    at: Option<i64>,
    /// The packet heard last, since it rested.
    heard: Option<u64>,
    /// Frames concealed in a row.
    concealed: i64,
    /// The newest time, from which others are extended.
    newest: Option<i64>,
    delays: Delays,
    pace: Pace,
}

impl Voice {
    /// A packet came: `number` and `time` as RTP has them, and what it carries. What is no Opus, comes twice, or too late, is left out.
    pub fn arrive(&mut self, now: Time, number: u64, time: u32, data: &[u8]) {
        let Some(frames) = frames(data).filter(|_| data.len() <= MAX_PACKET) else { return };
        let now = frames_of(now);
        let mut extended = self.newest.map_or(i64::from(time), |newest| extend(newest, time));
        let shortest = self.newest.map(|_| self.delays.shortest());
        if shortest.is_some_and(|shortest| (now - extended - shortest).abs() > LEAP) {
            *self = Voice::default();
            extended = i64::from(time);
        }
        self.newest = self.newest.max(Some(extended));
        self.delays.take(now, extended);
        if self.heard.is_some_and(|heard| number <= heard) {
            return;
        }
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_first();
        }
        let waiting = || Waiting { time: extended, frames: frames.into(), data: data.to_vec() };
        self.waiting.entry(number).or_insert_with(waiting);
    }

    /// What is heard from `now` on, which may be a little later than it is: [`Next::Packet`] for as long as it lasts, [`Next::Lost`]
    /// for [`LOST_FRAMES`], silence until it is asked again.
    pub fn next(&mut self, now: Time) -> Next {
        let now = frames_of(now);
        let due = self.delays.due();
        if self.at.is_some_and(|at| now - at > due + SKIP) {
            // Rather a gap than a voice from the past.
            self.waiting.retain(|_, packet| now - packet.time <= due);
            self.rest();
        }
        self.settle(now, due);
        let Some(at) = self.at else { return self.begin(now, due) };
        // One whose turn is over is heard all the same if that is how late they come.
        while let Some(entry) = self.waiting.first_entry()
            && entry.get().time + entry.get().frames <= at
            && now - entry.get().time > due + MARGIN
        {
            entry.remove();
        }
        match self.waiting.first_entry() {
            Some(entry) if entry.get().time <= at => self.hear(),
            _ if self.concealed < MOST_CONCEALED => {
                self.concealed += i64::from(LOST_FRAMES);
                self.at = Some(at + i64::from(LOST_FRAMES));
                Next::Lost
            }
            _ => {
                self.rest();
                self.begin(now, due)
            }
        }
    }

    /// How fast it is to be heard.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// How long packets wait beyond what the fastest of them need.
    pub fn wait(&self) -> Duration {
        Duration::from_micros((self.delays.wait() * 1_000 / MS).unsigned_abs())
    }

    fn rest(&mut self) {
        (self.at, self.heard, self.concealed) = (None, None, 0);
    }

    fn begin(&mut self, now: i64, due: i64) -> Next {
        let begins = |packet: &Waiting| now - packet.time >= due;
        if self.waiting.values().next().is_some_and(begins) { self.hear() } else { Next::Silence }
    }

    fn hear(&mut self) -> Next {
        let Some((number, packet)) = self.waiting.pop_first() else { return Next::Silence };
        self.heard = Some(number);
        self.at = Some(packet.time + packet.frames);
        self.concealed = 0;
        Next::Packet(packet.data)
    }

    fn settle(&mut self, now: i64, due: i64) {
        let over = self.at.map_or(0, |at| now - at - due);
        self.pace = match self.pace {
            _ if over > LONGER => Pace::Faster,
            _ if over < -SHORTER => Pace::Slower,
            Pace::Faster if over > NEAR => Pace::Faster,
            Pace::Slower if over < -NEAR => Pace::Slower,
            _ => Pace::Same,
        };
    }
}

/// Delays of the last seconds: when packets came less when they were made, which only compare with each other.
#[derive(Debug, Default)]
struct Delays {
    /// Of now, and of the time before.
    halves: [Half; 2],
    turned: i64,
}

#[derive(Clone, Copy, Debug)]
struct Half {
    shortest: i64,
    longest: i64,
    second: i64,
}

impl Default for Half {
    fn default() -> Self {
        Half { shortest: i64::MAX, longest: i64::MIN, second: i64::MIN }
    }
}

impl Delays {
    fn take(&mut self, now: i64, time: i64) {
        if now - self.turned > WINDOW {
            self.halves = [Half::default(), self.halves[0]];
            self.turned = now;
        }
        let delay = now - time;
        let half = &mut self.halves[0];
        half.shortest = half.shortest.min(delay);
        half.second = half.second.max(delay.min(half.longest));
        half.longest = half.longest.max(delay);
    }

    fn shortest(&self) -> i64 {
        self.halves[0].shortest.min(self.halves[1].shortest)
    }

    fn wait(&self) -> i64 {
        let [one, other] = self.halves;
        let second = one.second.max(other.second);
        let varies = if second == i64::MIN { 0 } else { second - self.shortest() };
        (varies + MARGIN).clamp(LEAST_WAIT, MOST_WAIT)
    }

    /// The delay with which packets are heard.
    fn due(&self) -> i64 {
        // Where nothing came yet nothing is due.
        self.shortest().saturating_add(self.wait())
    }
}

/// How often packets of a voice may come: what is more is nobody's voice.
#[derive(Debug)]
pub struct Allowance {
    left: u32,
    since: Time,
}

/// Packets a second, on average and at once: of 10 ms each, and some to make up for a pause in the network.
const ALLOWED: u32 = 120;
const AT_ONCE: u32 = 60;

impl Default for Allowance {
    fn default() -> Self {
        Allowance { left: AT_ONCE, since: Time::ZERO }
    }
}

impl Allowance {
    /// Whether another may come now.
    pub fn take(&mut self, now: Time) -> bool {
        let each = Duration::from_secs(1) / ALLOWED;
        let more = now.since(self.since).as_micros() / each.as_micros();
        if more > 0 {
            self.left = u32::try_from(more).unwrap_or(AT_ONCE).saturating_add(self.left).min(AT_ONCE);
            self.since = if self.left == AT_ONCE { now } else { self.since + each * more as u32 };
        }
        let allowed = self.left > 0;
        self.left -= u32::from(allowed);
        allowed
    }
}

/// How many frames of 48 kHz an Opus packet makes (RFC 6716, 3.1); none: it is no packet, or longer than 60 ms.
pub fn frames(packet: &[u8]) -> Option<u32> {
    let (head, rest) = packet.split_first()?;
    let each = match head >> 3 {
        silk @ 0..12 => [480, 960, 1_920, 2_880][usize::from(silk & 3)],
        hybrid @ 12..16 => [480, 960][usize::from(hybrid & 1)],
        celt => [120, 240, 480, 960][usize::from(celt & 3)],
    };
    let count = match head & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(rest.first()? & 63),
    };
    Some(each * count).filter(|frames| (1..=MAX_FRAMES).contains(frames))
}

fn frames_of(time: Time) -> i64 {
    (time.as_micros() as i64).saturating_mul(MS) / 1_000
}

/// The time nearest to another that RTP writes so.
fn extend(near: i64, time: u32) -> i64 {
    near + i64::from(time.wrapping_sub(near as u32).cast_signed())
}

#[cfg(test)]
mod tests;
