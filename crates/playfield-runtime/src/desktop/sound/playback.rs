//! A stream that plays: what a client wrote and was not mixed yet.
//!
//! ```text
//!                   enough waits, or it was told to           the queue ran dry
//!   prebuffering ------------------------------------> playing ----------------+
//!        ^                                                                     |
//!        +---------------------------------------------------------------------+
//! ```
//!
//! While it is corked or prebuffering nothing is taken from it, so its time stands still. The server asks for sound whenever
//! `minimum_request_length` is missing to `target_length`.

use std::collections::VecDeque;
use std::ffi::CString;
use std::time::Duration;

use pulseaudio::protocol::stream::BufferAttr;
use pulseaudio::protocol::{ChannelVolume, Props};

use super::format::{self, Gain, Layout};
use super::rate::Rate;
use super::wire::Seek;
use super::{BLOCK, Mix, SAMPLES};

/// Most bytes that wait: as much as PulseAudio has.
const MOST_WAITING: usize = 4 * 1024 * 1024;
/// What a stream that does not say has waiting, in microseconds; and the least that one can ask for.
const TARGET_US: u64 = 40_000;
const LEAST_US: u64 = 10_000;
/// What a stream that does not say is asked for at once is a quarter of that, and no more than this.
const REQUEST_US: u64 = 20_000;
/// Most unanswered drains.
const MOST_DRAINS: usize = 16;
/// Most that a channel is made louder: 24 dB.
const LOUDEST: f32 = 16.0;

/// Something its client has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It may write so many bytes more.
    Request(u32),
    /// It plays from now on.
    Started,
    /// It ran dry at this byte.
    Underflow(i64),
    /// More was written than there is room for.
    Overflow,
    /// All of it was played: the answer to this command.
    Drained(u32),
}

/// Whose it is and what it is called.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub client: u32,
    pub name: CString,
    pub props: Props,
}

pub(super) struct Playback {
    pub about: About,
    pub layout: Layout,
    pub attr: BufferAttr,
    pub muted: bool,
    volume: ChannelVolume,
    gains: Vec<Gain>,
    rate: Option<Rate>,
    queue: VecDeque<u8>,
    /// The byte that is mixed next, and the one that is written next, from the beginning of the stream.
    read: i64,
    write: i64,
    /// Bytes that were asked for and did not come yet.
    requested: usize,
    corked: bool,
    playing: bool,
    /// It is to begin with whatever it has.
    forced: bool,
    /// Bytes since it began; since when it does not play.
    playing_for: u64,
    dry_since: Option<Duration>,
    drains: Vec<u32>,
    /// Memory for what is taken out, its samples, and what they became.
    taken: Vec<u8>,
    samples: Vec<f32>,
    converted: Vec<f32>,
}

impl Playback {
    pub fn new(about: About, layout: Layout, asked: &BufferAttr, corked: bool) -> Result<Self, String> {
        Ok(Playback {
            about,
            layout,
            attr: settle(asked, &layout),
            muted: false,
            volume: ChannelVolume::norm(layout.spec.channels),
            gains: layout.gains(),
            rate: Rate::from(layout.spec.sample_rate)?,
            queue: VecDeque::new(),
            read: 0,
            write: 0,
            requested: 0,
            corked,
            playing: false,
            forced: false,
            playing_for: 0,
            dry_since: None,
            drains: Vec::new(),
            taken: Vec::new(),
            samples: Vec::new(),
            converted: Vec::new(),
        })
    }

    /// Whether it has to be mixed.
    pub fn runs(&self) -> bool {
        self.playing && !self.corked
    }

    pub fn corked(&self) -> bool {
        self.corked
    }

    pub fn volume(&self) -> ChannelVolume {
        self.volume
    }

    /// One volume for each channel, or one for all. False: there are as many as fit neither.
    pub fn set_volume(&mut self, volume: ChannelVolume) -> bool {
        let channels = usize::from(self.layout.spec.channels);
        let given = volume.channels();
        if given.len() != channels && given.len() != 1 {
            return false;
        }
        self.volume = ChannelVolume::empty();
        self.gains = self.layout.gains();
        for (at, gain) in self.gains.iter_mut().enumerate() {
            let volume = given[at.min(given.len() - 1)];
            self.volume.push(volume);
            gain.iter_mut().for_each(|side| *side *= linear(volume));
        }
        true
    }

    pub fn set_attr(&mut self, asked: &BufferAttr) {
        self.attr = settle(asked, &self.layout);
    }

    pub fn set_rate(&mut self, rate: u32) -> Result<(), String> {
        self.rate = Rate::from(rate)?;
        self.layout.spec.sample_rate = rate;
        Ok(())
    }

    /// Microseconds that wait.
    pub fn waiting_us(&self) -> u64 {
        self.layout.us(self.queue.len()) + self.rate.as_ref().map_or(0, Rate::delay_us)
    }

    pub fn indices(&self) -> (i64, i64) {
        (self.read, self.write)
    }

    /// How much later what was mixed is heard because of its rate, in microseconds.
    pub fn delay_us(&self) -> u64 {
        self.rate.as_ref().map_or(0, Rate::delay_us)
    }

    /// Bytes since it began to play, and bytes since it ran dry.
    pub fn since(&self, now: Duration) -> (u64, u64) {
        let dry = self.dry_since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        let dry = self.layout.bytes(dry.as_micros().min(3_600_000_000) as u64);
        (self.playing_for, dry as u64)
    }

    /// The next bytes go elsewhere. False: that is no place.
    pub fn seek(&mut self, from: Seek, offset: i64) -> bool {
        let base = match from {
            Seek::Write => self.write,
            Seek::Start => 0,
            Seek::Read => self.read,
            Seek::End => self.read.saturating_add_unsigned(self.queue.len() as u64),
        };
        let frame = self.layout.frame() as i64;
        // Two hundred years of sound: beyond it, sums of places would not fit.
        let place = base.checked_add(offset).filter(|place| place.unsigned_abs() < 1 << 60);
        let Some(place) = place.filter(|_| offset % frame == 0) else { return false };
        self.write = place;
        true
    }

    /// Takes bytes where the last ones ended. Those that are late are left out, and so is what there is no room for.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.requested = self.requested.saturating_sub(bytes.len());
        let late = (self.read - self.write).clamp(0, bytes.len() as i64) as usize;
        self.write += late as i64;
        let bytes = &bytes[late..];
        let most = self.attr.max_length as usize;
        let place = usize::try_from(self.write - self.read).unwrap_or(0).min(most);
        let (fits, over) = bytes.split_at(bytes.len().min(most - place));
        if self.queue.len() < place && !fits.is_empty() {
            self.queue.resize(place, self.layout.silence());
        }
        let (old, new) = fits.split_at(fits.len().min(self.queue.len().saturating_sub(place)));
        self.queue.iter_mut().skip(place).zip(old).for_each(|(to, from)| *to = *from);
        self.queue.extend(new);
        self.write += fits.len() as i64;
        if !over.is_empty() {
            events.push(Event::Overflow);
        }
        self.begin(events);
    }

    pub fn cork(&mut self, corked: bool, events: &mut Vec<Event>) {
        self.corked = corked;
        self.begin(events);
    }

    /// Plays what there is, without waiting for more.
    pub fn trigger(&mut self, events: &mut Vec<Event>) {
        self.forced = true;
        self.begin(events);
    }

    /// Waits until there is enough again.
    pub fn prebuffer(&mut self) {
        self.playing = false;
        self.forced = false;
    }

    /// Forgets all that waits.
    pub fn flush(&mut self, events: &mut Vec<Event>) {
        self.queue.clear();
        self.write = self.read;
        self.prebuffer();
        events.extend(self.drains.drain(..).map(Event::Drained));
    }

    /// Says so once all of it was played. False: it was asked that too often.
    pub fn drain(&mut self, seq: u32, events: &mut Vec<Event>) -> bool {
        if self.drains.len() == MOST_DRAINS {
            return false;
        }
        self.drains.push(seq);
        if self.empty() && !self.playing {
            events.extend(self.drains.drain(..).map(Event::Drained));
        } else {
            self.trigger(events);
        }
        true
    }

    fn empty(&self) -> bool {
        self.queue.len() < self.layout.frame()
    }

    fn begin(&mut self, events: &mut Vec<Event>) {
        let enough = self.forced || self.queue.len() >= self.attr.pre_buffering as usize;
        if !self.corked && !self.playing && !self.empty() && enough {
            self.playing = true;
            self.playing_for = 0;
            self.dry_since = None;
            events.push(Event::Started);
        }
    }

    /// It ran dry. What plays to its end does not run dry.
    fn end(&mut self, now: Duration, events: &mut Vec<Event>) {
        self.prebuffer();
        self.playing_for = 0;
        self.dry_since = Some(now);
        if self.drains.is_empty() {
            events.push(Event::Underflow(self.read));
        }
        events.extend(self.drains.drain(..).map(Event::Drained));
    }

    /// Asks for what is missing, if that is worth it.
    pub fn request(&mut self) -> Option<u32> {
        let waits = usize::try_from(self.write - self.read).unwrap_or(0);
        let missing = (self.attr.target_length as usize).saturating_sub(waits).saturating_sub(self.requested);
        let missing = missing / self.layout.frame() * self.layout.frame();
        if missing == 0 || missing < self.attr.minimum_request_length as usize {
            return None;
        }
        self.requested += missing;
        Some(missing as u32)
    }

    /// Adds a block to `mix`.
    pub fn mix(&mut self, mix: &mut Mix, now: Duration, events: &mut Vec<Event>) {
        let wanted = self.rate.as_ref().map_or(BLOCK, Rate::wanted);
        let frames = wanted.min(self.queue.len() / self.layout.frame());
        self.take(frames * self.layout.frame());
        // Even out of nothing: a filter holds the end of what went before.
        if let Err(error) = self.add(wanted, mix) {
            tracing::warn!(error, "a program's sound cannot be converted");
        }
        // What plays to its end has played when there is nothing more.
        if frames == 0 || (frames < wanted && self.drains.is_empty()) {
            self.end(now, events);
        }
        events.extend(self.request().map(Event::Request));
    }

    fn take(&mut self, bytes: usize) {
        let (front, back) = self.queue.as_slices();
        let front = &front[..bytes.min(front.len())];
        self.taken.clear();
        self.taken.extend_from_slice(front);
        self.taken.extend_from_slice(&back[..bytes - front.len()]);
        self.queue.drain(..bytes);
        self.read += bytes as i64;
        self.playing_for += bytes as u64;
    }

    fn add(&mut self, wanted: usize, mix: &mut Mix) -> Result<(), String> {
        self.samples.clear();
        format::decode(self.layout.spec.format, &self.taken, &self.gains, &mut self.samples);
        self.samples.resize(wanted * SAMPLES / BLOCK, 0.0);
        let made = match &mut self.rate {
            Some(rate) => {
                rate.convert(&self.samples, &mut self.converted)?;
                &self.converted
            }
            None => &self.samples,
        };
        if !self.muted {
            mix.iter_mut().zip(made).for_each(|(to, from)| *to += from);
        }
        Ok(())
    }
}

/// What a volume multiplies samples by.
pub(super) fn linear(volume: pulseaudio::protocol::Volume) -> f32 {
    volume.to_linear().min(LOUDEST)
}

/// What a stream gets of what it asked for (`pa_buffer_attr`): whole frames, and no less than can be kept up.
fn settle(asked: &BufferAttr, layout: &Layout) -> BufferAttr {
    let frame = layout.frame();
    let given = |value: u32| (value != u32::MAX && value > 0).then_some(value as usize / frame * frame);
    let least = layout.bytes(LEAST_US).max(2 * frame);
    let most = MOST_WAITING / frame * frame;
    let max = given(asked.max_length).unwrap_or(most).clamp(least, most);
    let request = given(asked.minimum_request_length);
    let usual = layout.bytes(TARGET_US).max(2 * request.unwrap_or(0));
    let mut target = given(asked.target_length).unwrap_or(usual).clamp(least, max);
    let quarter = target / 4 / frame * frame;
    let request = request.unwrap_or(quarter.min(layout.bytes(REQUEST_US))).clamp(frame, max - frame);
    target = target.max(request + frame);
    let prebuf = if asked.pre_buffering == 0 { Some(0) } else { given(asked.pre_buffering) };
    let most_prebuf = target + frame - request;
    BufferAttr {
        max_length: max as u32,
        target_length: target as u32,
        pre_buffering: prebuf.unwrap_or(most_prebuf).min(most_prebuf) as u32,
        minimum_request_length: request as u32,
        fragment_size: u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use pulseaudio::protocol::{ChannelMap, SampleFormat, SampleSpec, Volume};

    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn layout(rate: u32) -> Layout {
        let spec = SampleSpec { format: SampleFormat::S16Le, channels: 2, sample_rate: rate };
        Layout::new(spec, ChannelMap::stereo()).unwrap()
    }

    fn asked(target_length: u32, pre_buffering: u32) -> BufferAttr {
        BufferAttr { target_length, pre_buffering, ..BufferAttr::default() }
    }

    fn stream(asked: &BufferAttr) -> Playback {
        Playback::new(About::default(), layout(48_000), asked, false).unwrap()
    }

    fn ms(ms: usize) -> Vec<u8> {
        vec![1; ms * 192]
    }

    fn mixed(stream: &mut Playback) -> (Mix, Vec<Event>) {
        let (mut mix, mut events) = ([0.0; SAMPLES], Vec::new());
        stream.mix(&mut mix, NOW, &mut events);
        (mix, events)
    }

    fn push(stream: &mut Playback, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        stream.push(bytes, &mut events);
        events
    }

    #[test]
    fn a_buffer_is_what_was_asked_for_within_reason() {
        const ANY: u32 = u32::MAX;
        // Bytes of a millisecond.
        const MS: u32 = 192;
        let check = |max_length, target_length, pre_buffering, minimum_request_length, expect: [u32; 4]| {
            let asked =
                BufferAttr { max_length, target_length, pre_buffering, minimum_request_length, fragment_size: ANY };
            let got = settle(&asked, &layout(48_000));
            let got = [got.max_length, got.target_length, got.pre_buffering, got.minimum_request_length];
            assert_eq!(got, expect, "{asked:?}");
        };
        let most = MOST_WAITING as u32;
        check(ANY, ANY, ANY, ANY, [most, 40 * MS, 30 * MS + 4, 10 * MS]);
        check(0, 0, 0, 0, [most, 40 * MS, 0, 10 * MS]);
        // Less, down to what can be kept up; and more.
        check(ANY, 20 * MS, ANY, ANY, [most, 20 * MS, 15 * MS + 4, 5 * MS]);
        check(ANY, 4, ANY, ANY, [most, 10 * MS, 7 * MS + 100, 480]);
        check(ANY, 500 * MS, ANY, ANY, [most, 500 * MS, 480 * MS + 4, 20 * MS]);
        check(100 * MS, 500 * MS, 3, 7, [100 * MS, 100 * MS, 0, 4]);
        check(ANY, ANY, ANY, 30 * MS, [most, 60 * MS, 30 * MS + 4, 30 * MS]);
        check(ANY, 20 * MS, ANY, 30 * MS, [most, 30 * MS + 4, 8, 30 * MS]);
        check(1, ANY, ANY, ANY - 1, [10 * MS, 10 * MS, 8, 10 * MS - 4]);
    }

    #[test]
    fn it_begins_when_enough_waits_and_asks_for_what_it_plays() {
        let mut stream = stream(&asked(40 * 192, u32::MAX));
        assert_eq!(stream.request(), Some(40 * 192));
        assert_eq!(push(&mut stream, &ms(30)), []);
        assert!(!stream.runs());
        assert_eq!(push(&mut stream, &ms(10)), [Event::Started]);
        assert!(stream.runs());
        // Two blocks of 5 ms make the 10 ms that it asks for at once.
        assert_eq!(mixed(&mut stream).1, []);
        assert_eq!(mixed(&mut stream).1, [Event::Request(10 * 192)]);
        assert_eq!(mixed(&mut stream).1, []);
        assert_eq!(push(&mut stream, &ms(10)), []);
        assert_eq!(mixed(&mut stream).1, [Event::Request(10 * 192)]);
        assert_eq!(stream.indices(), (20 * 192, 50 * 192));
    }

    #[test]
    fn dry_it_says_so_once_and_waits_for_enough() {
        let mut stream = stream(&asked(20 * 192, u32::MAX));
        stream.request();
        push(&mut stream, &ms(18));
        for _ in 0..3 {
            mixed(&mut stream);
        }
        let (mix, events) = mixed(&mut stream);
        assert!(mix[2 * 48 * 3 - 1] != 0.0 && mix[2 * 48 * 3] == 0.0);
        assert_eq!(events[0], Event::Underflow(18 * 192));
        assert!(!stream.runs());
        assert_eq!(push(&mut stream, &ms(5)), []);
        assert_eq!(push(&mut stream, &ms(15)), [Event::Started]);
        assert_eq!(stream.since(NOW), (0, 0));
    }

    #[test]
    fn without_prebuffering_it_begins_with_a_frame() {
        let mut stream = stream(&asked(20 * 192, 0));
        assert_eq!(push(&mut stream, &[1; 3]), []);
        assert_eq!(push(&mut stream, &[1]), [Event::Started]);
    }

    #[test]
    fn drained_is_said_when_the_last_frame_was_played() {
        let mut stream = stream(&asked(200 * 192, u32::MAX));
        let mut events = Vec::new();
        stream.request();
        push(&mut stream, &ms(7));
        assert!(stream.drain(5, &mut events) && stream.drain(6, &mut events));
        assert_eq!(events, [Event::Started]);
        assert_eq!(mixed(&mut stream).1, []);
        assert_eq!(mixed(&mut stream).1, []);
        assert_eq!(mixed(&mut stream).1[..2], [Event::Drained(5), Event::Drained(6)]);
        events.clear();
        assert!(stream.drain(7, &mut events));
        assert_eq!(events, [Event::Drained(7)]);
        push(&mut stream, &ms(7));
        events.clear();
        stream.cork(true, &mut events);
        assert!((0..MOST_DRAINS as u32).all(|seq| stream.drain(seq, &mut events)) && !stream.drain(99, &mut events));
        assert_eq!(events, []);
        stream.flush(&mut events);
        assert_eq!(events.len(), MOST_DRAINS);
    }

    #[test]
    fn corked_it_stands_still() {
        let mut stream = stream(&asked(20 * 192, u32::MAX));
        let mut events = Vec::new();
        stream.cork(true, &mut events);
        push(&mut stream, &ms(20));
        stream.trigger(&mut events);
        assert!(!stream.runs() && events.is_empty());
        stream.cork(false, &mut events);
        assert!(stream.runs() && events == [Event::Started]);
        stream.cork(true, &mut events);
        assert!(!stream.runs());
        stream.cork(false, &mut events);
        assert_eq!((stream.runs(), events.len()), (true, 1));
        stream.flush(&mut events);
        assert_eq!((stream.runs(), stream.request(), stream.indices()), (false, Some(20 * 192), (0, 0)));
    }

    #[test]
    fn writes_go_where_they_are_meant_to() {
        let check = |seeks: &[(Seek, i64, &[u8])], expect: &[u8]| {
            let mut stream = stream(&asked(20 * 192, u32::MAX));
            for (from, offset, bytes) in seeks {
                assert!(stream.seek(*from, *offset));
                push(&mut stream, bytes);
            }
            assert_eq!(stream.queue, expect, "{seeks:?}");
        };
        check(&[(Seek::Write, 0, &[1; 8]), (Seek::Write, 0, &[2; 4])], &[1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
        check(&[(Seek::Write, 0, &[1; 8]), (Seek::Write, -4, &[2; 8])], &[1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]);
        check(&[(Seek::Write, 0, &[1; 8]), (Seek::Read, 0, &[2; 4])], &[2, 2, 2, 2, 1, 1, 1, 1]);
        check(&[(Seek::Write, 0, &[1; 4]), (Seek::End, 4, &[2; 4])], &[1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2]);
        check(&[(Seek::Write, -4, &[1, 1, 1, 1, 2, 2, 2, 2])], &[2, 2, 2, 2]);
        check(&[(Seek::Start, -400, &[1; 8])], &[]);
    }

    #[test]
    fn what_there_is_no_room_for_is_left_out() {
        let attr = BufferAttr { max_length: 20 * 192, ..BufferAttr::default() };
        let mut stream = stream(&attr);
        assert_eq!(push(&mut stream, &ms(25)), [Event::Overflow, Event::Started]);
        assert_eq!((stream.queue.len(), stream.indices()), (20 * 192, (0, 20 * 192)));
        assert!(stream.seek(Seek::Write, 1 << 40));
        assert_eq!(push(&mut stream, &ms(1)), [Event::Overflow]);
        assert!(!stream.seek(Seek::Write, i64::MAX - 3) && !stream.seek(Seek::Start, i64::MIN));
        assert!(!stream.seek(Seek::Write, 3));
    }

    #[test]
    fn volume_and_mute_are_heard() {
        let mut stream = stream(&asked(20 * 192, 0));
        let half = Volume::from_linear(0.5);
        let mut volume = ChannelVolume::norm(1);
        assert!(stream.set_volume(volume));
        volume.push(half);
        assert!(stream.set_volume(volume));
        assert!(!stream.set_volume(ChannelVolume::norm(3)));
        assert_eq!(stream.volume().channels().len(), 2);
        push(&mut stream, &[0, 0x40].repeat(480 * 2));
        let (mix, _) = mixed(&mut stream);
        assert_eq!(mix[0], 0.5);
        assert!((mix[1] - 0.25).abs() < 1e-4);
        stream.muted = true;
        assert_eq!(mixed(&mut stream).0, [0.0; SAMPLES]);
    }
}
