//! A stream that records: the monitor of the sink, or the microphone.

use pulseaudio::protocol::stream::BufferAttr;
use pulseaudio::protocol::{ChannelVolume, SampleFormat};

use super::Mix;
use super::format::{self, Gain, Layout};
use super::playback::{About, linear};
use super::rate::Rate;

/// Most bytes of a fragment: what one packet carries.
const MOST_FRAGMENT: usize = 64 * 1024;
/// What a stream that does not say gets at once, in microseconds; and the least that one can ask for.
const FRAGMENT_US: u64 = 20_000;
const LEAST_US: u64 = 5_000;

/// What it listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// What is played.
    Monitor,
    /// What somebody says.
    Microphone,
}

pub(super) struct Record {
    pub about: About,
    pub source: Source,
    pub layout: Layout,
    pub attr: BufferAttr,
    pub muted: bool,
    pub corked: bool,
    volume: ChannelVolume,
    shares: Vec<Gain>,
    rate: Option<Rate>,
    /// Recorded and not handed on yet.
    waiting: Vec<u8>,
    converted: Vec<f32>,
    /// Bytes that were recorded.
    written: u64,
}

impl Record {
    pub fn new(about: About, source: Source, layout: Layout, asked: &BufferAttr) -> Result<Self, String> {
        if matches!(layout.spec.format, SampleFormat::Alaw | SampleFormat::Ulaw) {
            return Err("nothing is recorded as telephones have it".to_owned());
        }
        Ok(Record {
            about,
            source,
            layout,
            attr: settle(asked, &layout),
            muted: false,
            corked: false,
            volume: ChannelVolume::norm(layout.spec.channels),
            shares: layout.shares(),
            rate: Rate::to(layout.spec.sample_rate)?,
            waiting: Vec::new(),
            converted: Vec::new(),
            written: 0,
        })
    }

    pub fn volume(&self) -> ChannelVolume {
        self.volume
    }

    /// One volume for each channel, or one for all. False: there are as many as fit neither.
    pub fn set_volume(&mut self, volume: ChannelVolume) -> bool {
        let given = volume.channels();
        if given.len() != self.shares.len() && given.len() != 1 {
            return false;
        }
        self.volume = ChannelVolume::empty();
        self.shares = self.layout.shares();
        for (at, share) in self.shares.iter_mut().enumerate() {
            let volume = given[at.min(given.len() - 1)];
            self.volume.push(volume);
            share.iter_mut().for_each(|side| *side *= linear(volume));
        }
        true
    }

    pub fn set_attr(&mut self, asked: &BufferAttr) {
        self.attr = settle(asked, &self.layout);
    }

    pub fn set_rate(&mut self, rate: u32) -> Result<(), String> {
        self.rate = Rate::to(rate)?;
        self.layout.spec.sample_rate = rate;
        Ok(())
    }

    /// Bytes that were recorded, and those of them that were handed on.
    pub fn indices(&self) -> (i64, i64) {
        let sent = self.written - self.waiting.len() as u64;
        (self.written.cast_signed(), sent.cast_signed())
    }

    pub fn flush(&mut self) {
        self.waiting.clear();
    }

    /// Records a block.
    pub fn hear(&mut self, block: &Mix) {
        let before = self.waiting.len();
        let heard = match &mut self.rate {
            None => &block[..],
            Some(rate) => match rate.convert(block, &mut self.converted) {
                Ok(()) => &self.converted,
                Err(error) => return tracing::warn!(error, "a recording cannot be converted"),
            },
        };
        format::encode(&self.layout, &self.shares, heard, &mut self.waiting);
        if self.muted {
            self.waiting[before..].fill(self.layout.silence());
        }
        self.written += (self.waiting.len() - before) as u64;
    }

    /// Hands on what makes whole fragments.
    pub fn fragments(&mut self, mut give: impl FnMut(&[u8])) {
        let size = self.attr.fragment_size as usize;
        let whole = self.waiting.len() / size * size;
        self.waiting[..whole].chunks(size).for_each(&mut give);
        self.waiting.drain(..whole);
    }
}

fn settle(asked: &BufferAttr, layout: &Layout) -> BufferAttr {
    let frame = layout.frame();
    let given = |value: u32| (value != u32::MAX && value > 0).then_some(value as usize / frame * frame);
    let least = layout.bytes(LEAST_US).max(frame);
    let most = (MOST_FRAGMENT / frame * frame).max(least);
    let fragment = given(asked.fragment_size).unwrap_or(layout.bytes(FRAGMENT_US)).clamp(least, most);
    BufferAttr {
        max_length: given(asked.max_length).unwrap_or(most).max(fragment) as u32,
        fragment_size: fragment as u32,
        ..BufferAttr::default()
    }
}

#[cfg(test)]
mod tests {
    use pulseaudio::protocol::{ChannelMap, ChannelPosition, SampleSpec};

    use super::super::SAMPLES;
    use super::*;

    fn record(format: SampleFormat, positions: &[ChannelPosition], rate: u32, fragment_size: u32) -> Record {
        let spec = SampleSpec { format, channels: positions.len() as u8, sample_rate: rate };
        let layout = Layout::new(spec, ChannelMap::new(positions.iter().copied())).unwrap();
        let attr = BufferAttr { fragment_size, ..BufferAttr::default() };
        Record::new(About::default(), Source::Monitor, layout, &attr).unwrap()
    }

    #[test]
    fn fragments_are_as_large_as_asked_for() {
        let mut stream = record(SampleFormat::S16Le, &[ChannelPosition::Mono], 48_000, 960);
        let mut block = [0.25; SAMPLES];
        block[1] = 0.75;
        let mut sizes = Vec::new();
        let mut first = Vec::new();
        for _ in 0..5 {
            stream.hear(&block);
            stream.fragments(|part| {
                sizes.push(part.len());
                first.extend_from_slice(&part[..4]);
            });
        }
        assert_eq!((sizes, first), (vec![960, 960], vec![0, 0x40, 0, 0x20, 0, 0x40, 0, 0x20]));
        assert_eq!(stream.indices(), (5 * 480, 4 * 480));
        stream.muted = true;
        stream.flush();
        stream.hear(&block);
        stream.hear(&block);
        stream.fragments(|part| assert_eq!(part, [0; 960]));
    }

    #[test]
    fn any_rate_and_channels_are_recorded() {
        use ChannelPosition::{FrontLeft, FrontRight, Lfe};
        let mut stream = record(SampleFormat::Float32Le, &[FrontLeft, FrontRight, Lfe], 16_000, u32::MAX);
        assert!(stream.set_volume(ChannelVolume::norm(1)) && !stream.set_volume(ChannelVolume::norm(2)));
        let mut bytes = 0;
        for _ in 0..200 {
            stream.hear(&[0.5; SAMPLES]);
            stream.fragments(|part| bytes += part.len());
        }
        assert!((15_500..=16_000).contains(&(bytes / 12)), "{bytes}");
    }
}
