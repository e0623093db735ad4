//! One viewer on the guest thread: how its pictures are sent, and what it has of them.

use std::collections::VecDeque;
use std::sync::Arc;

use playfield_core::api::VideoMode;
use playfield_core::delta::{RowRun, Sender};
use playfield_core::frame::{Damage, Picture, Rect, Shape};
use playfield_core::input::wire::Ack;
use playfield_core::quality::{Quality, Scale};
use playfield_core::rate::VideoRate;
use playfield_core::signal::{Carrier, ToViewer};
use playfield_core::still::FIRST_NUMBER;
use playfield_core::time::Time;
use playfield_media::convert::{Converter, I420};
use playfield_media::delta::{Base, DeltaError, Encoder, PictureRows, RowSpan, RowsPool, write_parity};
use playfield_media::encode::{FrameBudget, OpenH264, VideoEncoder};
use playfield_media::scale::Scaler;
use playfield_transport::{ConnectionId, Outgoing, Ways};

use crate::Clock;
use crate::exact::Exact;
use crate::inbox::InputStamp;

/// RTP clock of video, in Hz.
const RTP_HZ: u64 = 90_000;

/// A moment as video says it: `count` of so many a second.
pub(crate) fn rtp_at(count: u64, hz: u64) -> u32 {
    (count * RTP_HZ / hz.max(1)) as u32
}

/// The picture of a tick, frozen once for all viewers that want exact pixels.
#[derive(Default)]
pub(crate) struct Frozen {
    pool: RowsPool,
    rows: Option<Arc<PictureRows>>,
    encoder: Encoder,
    runs: Vec<RowRun>,
}

impl Frozen {
    /// The guest made another picture.
    pub(crate) fn forget(&mut self) {
        self.rows = None;
    }

    fn rows(&mut self, picture: &Picture) -> Arc<PictureRows> {
        Arc::clone(self.rows.get_or_insert_with(|| self.pool.freeze(picture)))
    }
}

/// A picture, coded.
pub(crate) struct Coded {
    /// Its packets, in order.
    pub(crate) packets: Vec<Outgoing>,
    /// They belong to a picture whose first packets went out before.
    pub(crate) rest: bool,
    /// Its RTP timestamp, if it is video.
    pub(crate) rtp: Option<u32>,
    /// When conversion was done.
    pub(crate) converted: Time,
    /// When coding was done.
    pub(crate) encoded: Time,
}

/// What a viewer's picture is made from.
pub(crate) struct Source<'a> {
    /// The guest's picture.
    pub(crate) picture: &'a Picture,
    /// What the tick changed.
    pub(crate) damage: Damage,
    /// The guest's number of it.
    pub(crate) tick: u64,
    /// Pictures a second.
    pub(crate) tick_hz: u16,
    /// When it is to be shown, as video says it.
    pub(crate) rtp: u32,
    /// When it is.
    pub(crate) now: Time,
    /// The guest keeps its own time: a picture that stands is made finer, though its number stays.
    pub(crate) free: bool,
    /// Viewers that pictures are made for, one after the other.
    pub(crate) viewers: u32,
    /// Tells the time between the steps.
    pub(crate) clock: Clock,
}

enum Way {
    Lossless,
    Video(Box<Video>),
    /// It can take neither.
    Neither,
}

/// One viewer.
pub(crate) struct Viewer {
    /// Its connection.
    pub(crate) connection: ConnectionId,
    /// The seat it plays from.
    pub(crate) slot: Option<u8>,
    /// The oldest input that no picture has shown yet.
    pub(crate) input: Option<InputStamp>,
    /// Nobody looks at it now.
    pub(crate) hidden: bool,
    /// What the viewer asked for.
    asked: VideoMode,
    /// What it gets, as far as that can be done.
    wanted: VideoMode,
    carrier: Carrier,
    ways: Ways,
    way: Option<Way>,
    /// Outlives a change of way and back, since its pictures are counted on.
    lossless: Lossless,
    /// Parts of a video that stand still, for a viewer that can take them; outlives a change of way like the above.
    exact: Option<Exact>,
    told: Option<Told>,
    /// What there is less of than the guest makes, as the viewer was told.
    limited: Option<String>,
    bps: u64,
}

impl Viewer {
    pub(crate) fn new(connection: ConnectionId, slot: Option<u8>, wanted: VideoMode, ways: Ways) -> Viewer {
        let carrier = if ways.track { Carrier::Track } else { Carrier::Channel };
        let lossless = Lossless {
            sender: Sender::new(0),
            shape: None,
            history: VecDeque::new(),
            changed: RowSpan::ALL,
            current: Current { number: 0, carrier, datagrams: Vec::new() },
            parity: Vec::new(),
        };
        Viewer {
            connection,
            slot,
            input: None,
            hidden: false,
            asked: wanted,
            wanted,
            carrier,
            ways,
            way: None,
            lossless,
            exact: ways.track.then(Exact::default),
            told: None,
            limited: None,
            bps: 0,
        }
    }

    /// It wants its picture another way.
    pub(crate) fn set_video(&mut self, mode: VideoMode, carrier: Carrier) {
        let carrier = if self.ways.track { carrier } else { Carrier::Channel };
        if (self.asked, self.carrier) == (mode, carrier) {
            return;
        }
        (self.asked, self.wanted, self.carrier) = (mode, mode, carrier);
        self.begin_anew();
    }

    /// Somebody looks at it again, or nobody does. What changed meanwhile was not noted.
    pub(crate) fn set_visible(&mut self, visible: bool) {
        if self.hidden == visible {
            self.hidden = !visible;
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        self.way = None;
        self.exact.iter_mut().for_each(Exact::reset);
        self.lossless.shape = None;
        self.lossless.history.clear();
        self.lossless.current.datagrams.clear();
    }

    pub(crate) fn handle_ack(&mut self, at: Time, ack: Ack) {
        if ack.picture >= FIRST_NUMBER {
            return self.exact.iter_mut().for_each(|exact| exact.handle_ack(at, ack));
        }
        let Lossless { sender, history, .. } = &mut self.lossless;
        sender.handle_ack(at, ack.picture, ack.datagrams);
        let oldest = sender.oldest_needed();
        while history.front().is_some_and(|sent| (sent.number.wrapping_sub(oldest) as i32) < 0) {
            history.pop_front();
        }
    }

    pub(crate) fn want_keyframe(&mut self) {
        if let Some(Way::Video(video)) = &mut self.way {
            video.keyframe = true;
        }
    }

    /// Its path carries so many bits a second. Returns what pictures take now and could use.
    pub(crate) fn set_estimate(&mut self, bps: u64) -> Option<(u64, u64)> {
        self.bps = bps;
        match &mut self.way {
            Some(Way::Video(video)) => {
                video.rate.set_estimate(bps);
                Some((video.rate.bits_per_second(), video.rate.wanted_bps()))
            }
            _ => None,
        }
    }

    /// How its picture is sent, and its size, if that is news.
    pub(crate) fn news(&mut self, picture: &Picture, aspect: Option<f32>) -> Option<ToViewer> {
        let mode = match self.way.as_ref()? {
            Way::Lossless => Some(VideoMode::Lossless),
            Way::Video(_) => Some(VideoMode::H264),
            Way::Neither => None,
        };
        let (width, height) = (picture.width, picture.height);
        let now = Some((mode, width, height, aspect));
        if self.told == now {
            return None;
        }
        self.told = now;
        Some(match mode {
            Some(mode) => ToViewer::Video { mode, width, height, aspect },
            None => ToViewer::NoPicture { detail: needs_video(picture) },
        })
    }

    /// What there is less of than the guest makes, and why, if that is news.
    pub(crate) fn news_of_quality(&mut self) -> Option<ToViewer> {
        let limited = match &self.way {
            Some(Way::Video(video)) => video.limited.clone(),
            _ => None,
        };
        if self.limited == limited {
            return None;
        }
        self.limited.clone_from(&limited);
        Some(ToViewer::Quality { limited })
    }

    /// When more of the picture that is there now is to be sent, if that is soon: it was left out, or parts of it are sent exactly.
    pub(crate) fn due(&self) -> Option<Time> {
        match &self.way {
            Some(Way::Video(video)) if !self.hidden => {
                let left_out = video.left_out.then(|| video.quality.due());
                left_out.into_iter().chain(self.exact.as_ref().and_then(Exact::due)).min()
            }
            _ => None,
        }
    }

    /// Codes the picture, or says that nothing need be sent.
    pub(crate) fn code(&mut self, source: &Source, frozen: &mut Frozen) -> Option<Coded> {
        // What changes a picture's size or detail may make it fit again.
        if matches!(self.way, Some(Way::Neither)) && source.tick.is_multiple_of(source.tick_hz.into()) {
            self.begin_anew();
        }
        let way = self.way.get_or_insert_with(|| Way::choose(self.wanted, self.ways, source, self.bps));
        match way {
            Way::Lossless => match self.lossless.code(source, frozen, self.carrier) {
                Ok(coded) => coded,
                Err(error @ DeltaError::NoBase(_)) => {
                    tracing::error!(%error, "a base was planned that is not there");
                    self.begin_anew();
                    None
                }
                Err(error) => {
                    // A viewer can ask again and again.
                    tracing::debug!(%error, "this viewer gets no exact pictures");
                    self.wanted = VideoMode::H264;
                    self.way = (!self.ways.video).then_some(Way::Neither);
                    None
                }
            },
            Way::Video(video) => video.code(source, &mut self.exact),
            Way::Neither => None,
        }
    }
}

/// How the picture is sent (none: it cannot be), and its width and height.
type Told = (Option<VideoMode>, u16, u16, Option<f32>);

fn needs_video(picture: &Picture) -> String {
    let (width, height) = (picture.width, picture.height);
    format!(
        "This browser takes no H.264 video, and these pictures of {width}x{height} are too rich to be sent without it; \
         another browser will do."
    )
}

/// Largest picture sent exactly, in pixels: viewer and node keep up to 32 of them.
const MOST_LOSSLESS: usize = 640 * 480;

impl Way {
    fn choose(wanted: VideoMode, ways: Ways, source: &Source, bps: u64) -> Way {
        let fits = source.picture.area() <= MOST_LOSSLESS;
        let lossless = match wanted {
            VideoMode::Lossless => fits,
            _ if !ways.video => fits,
            VideoMode::H264 => false,
            VideoMode::Auto => source.picture.shape().suits_lossless(),
        };
        match lossless {
            true => Way::Lossless,
            false if ways.video => Way::Video(Box::new(Video::new(source, bps))),
            false => Way::Neither,
        }
    }
}

struct Lossless {
    sender: Sender,
    shape: Option<Shape>,
    history: VecDeque<Sent>,
    /// Where pictures differ from the one sent last.
    changed: RowSpan,
    current: Current,
    parity: Vec<u8>,
}

/// The picture coded last: its datagrams may wait for their turn, and parity may be made of them later.
struct Current {
    number: u32,
    carrier: Carrier,
    datagrams: Vec<Arc<[u8]>>,
}

/// A picture that was sent.
struct Sent {
    number: u32,
    rows: Arc<PictureRows>,
    /// Where it differs from the one sent before it.
    changed: RowSpan,
}

impl Lossless {
    fn code(&mut self, source: &Source, frozen: &mut Frozen, carrier: Carrier) -> Result<Option<Coded>, DeltaError> {
        let picture = source.picture;
        self.changed = self.changed.union(RowSpan::of(source.damage, picture));
        let shape = Some(picture.shape());
        if self.shape != shape {
            self.shape = shape;
            self.changed = RowSpan::ALL;
            self.current.datagrams.clear();
            self.sender.reset(frozen.rows(picture).rows());
            self.history.clear();
        }
        let (tick, changed) = (source.tick as u32, source.damage != Damage::None);
        let Some(number) = self.sender.plan(source.now, tick, changed, &mut frozen.runs) else {
            return Ok(self.rest(source.now));
        };
        let rows = frozen.rows(picture);
        let converted = source.clock.now();
        let Lossless { sender, history, changed, .. } = self;
        let base = |number: u32| {
            let at = history.iter().position(|sent| sent.number == number)?;
            let since = history.range(at + 1..).fold(*changed, |all, sent| all.union(sent.changed));
            Some(Base { rows: &history[at].rows, known: sender.known_rows(number)?, changed: since })
        };
        let datagrams = frozen.encoder.encode(&rows, number, tick, &frozen.runs, &base)?;
        (self.current.number, self.current.carrier) = (number, carrier);
        self.current.datagrams.clear();
        self.current.datagrams.extend(datagrams.iter().map(Arc::from));
        self.sender.coded(source.now, tick, datagrams.rows());
        let packets = self.released(source.now);
        if self.history.len() == playfield_core::delta::HISTORY {
            self.history.pop_front();
        }
        let changed = std::mem::replace(&mut self.changed, RowSpan::NONE);
        self.history.push_back(Sent { number, rows, changed });
        Ok(Some(Coded { packets, rest: false, rtp: None, converted, encoded: source.clock.now() }))
    }

    fn released(&mut self, now: Time) -> Vec<Outgoing> {
        let release = self.sender.release(now);
        let Current { number, carrier, datagrams } = &self.current;
        let wrap = |bytes: Arc<[u8]>| match carrier {
            Carrier::Track => Outgoing::Lossless(bytes),
            Carrier::Channel => Outgoing::LosslessChannel(bytes),
        };
        let left = datagrams.get(release.datagrams).unwrap_or_default();
        let mut packets: Vec<_> = left.iter().map(|datagram| wrap(Arc::clone(datagram))).collect();
        for parity in release.parity {
            write_parity(*number, parity as u8, datagrams.iter().map(AsRef::as_ref), &mut self.parity);
            packets.push(wrap(self.parity.as_slice().into()));
        }
        packets
    }

    /// More of a picture that is larger than what may go out at once, or more parity of one that may be lost.
    fn rest(&mut self, now: Time) -> Option<Coded> {
        let packets = self.released(now);
        (!packets.is_empty()).then_some(Coded { packets, rest: true, rtp: None, converted: now, encoded: now })
    }
}

struct Video {
    converter: Converter,
    i420: I420,
    scaler: Scaler,
    /// The picture as it is coded, where that is smaller.
    small: I420,
    encoder: OpenH264,
    rate: VideoRate,
    quality: Quality,
    limited: Option<String>,
    size: (u16, u16),
    /// What changed since the picture coded last.
    damage: Damage,
    keyframe: bool,
    /// The newest picture came too soon after the one before.
    left_out: bool,
    /// The tick coded last, and how often.
    coded: (u64, u32),
    /// It cannot be made finer.
    fine: bool,
    unit: Vec<u8>,
}

impl Video {
    fn new(source: &Source, bps: u64) -> Video {
        let (width, height) = (source.picture.width, source.picture.height);
        let mut rate = VideoRate::new(width, height, source.tick_hz);
        if bps > 0 {
            rate.set_estimate(bps);
        }
        let mut video = Video {
            converter: Converter::new(),
            i420: I420::new(),
            scaler: Scaler::new(),
            small: I420::new(),
            encoder: OpenH264::new(),
            rate,
            quality: Quality::new(source.now, width, height, source.tick_hz),
            limited: None,
            size: (width, height),
            damage: Damage::All,
            keyframe: true,
            left_out: false,
            coded: (0, 0),
            fine: false,
            unit: Vec::new(),
        };
        video.take_quality();
        video
    }

    /// Codes the picture, or sends exactly what stands still of it.
    fn code(&mut self, source: &Source, exact: &mut Option<Exact>) -> Option<Coded> {
        if let Some(coded) = self.code_picture(source, exact) {
            return Some(coded);
        }
        let exact = exact.as_mut().filter(|_| self.damage == Damage::None)?;
        let packets = exact.packets(source.now, source.picture, self.rate.bits_per_second());
        let now = source.now;
        (!packets.is_empty()).then_some(Coded { packets, rest: true, rtp: None, converted: now, encoded: now })
    }

    fn code_picture(&mut self, source: &Source, exact: &mut Option<Exact>) -> Option<Coded> {
        let picture = source.picture;
        if self.size != (picture.width, picture.height) {
            self.size = (picture.width, picture.height);
            self.quality.set_size(source.now, picture.width, picture.height);
            self.take_quality();
            self.damage = Damage::All;
        }
        self.damage = union(self.damage, source.damage);
        // A guest that rests is at the same tick for long: its picture is only coded again where somebody needs it whole, or to make it
        // finer, where its tick is all the time it has.
        let times = if self.coded.0 == source.tick { self.coded.1 } else { 0 };
        if times > 0 && !self.keyframe && (self.fine || !source.free) {
            return None;
        }
        self.left_out = !self.keyframe && !self.quality.admits(source.now);
        if self.left_out {
            return None;
        }
        let budget = self.rate.next_budget(source.now)?;
        let budget = FrameBudget { target_bytes: budget.target as usize, max_bytes: budget.max as usize };
        let begun = source.clock.now();
        self.converter.to_i420(picture, self.damage, &mut self.i420);
        let scale = self.quality.scale();
        let damage = self.scaler.scale(&self.i420, scale, self.damage, &mut self.small);
        let converted = source.clock.now();
        let coded = if scale == Scale::Full { &self.i420 } else { &self.small };
        self.unit.clear();
        let encoded = match self.encoder.encode(coded, damage, budget, self.keyframe, &mut self.unit) {
            Ok(encoded) => encoded,
            Err(error) => {
                tracing::error!(%error, "picture lost");
                return None;
            }
        };
        let changed = std::mem::replace(&mut self.damage, Damage::None);
        let done = source.clock.now();
        if self.quality.on_coded(source.now, done.since(begun), encoded.qp, source.viewers) {
            self.take_quality();
        }
        self.fine = encoded.skipped;
        if encoded.skipped {
            exact.iter_mut().for_each(|exact| exact.changed(source.now, picture, changed));
            return None;
        }
        self.keyframe &= !encoded.keyframe;
        self.rate.on_encoded(self.unit.len());
        self.coded = (source.tick, times + 1);
        // No two pictures have the same time.
        let rtp = source.rtp.wrapping_add(times);
        let said = exact.as_mut().and_then(|exact| exact.encoded(source.now, rtp, picture, changed));
        let video = Outgoing::Video { data: self.unit.as_slice().into(), rtp };
        let packets = said.into_iter().chain([video]).collect();
        Some(Coded { packets, rest: false, rtp: Some(rtp), converted, encoded: done })
    }

    /// Pictures have another size or rate from now on. A smaller one is begun anew, with a key frame.
    fn take_quality(&mut self) {
        let scale = self.quality.scale();
        self.rate.set_size(scale.side(self.size.0), scale.side(self.size.1));
        self.limited = self.quality.sentence();
        if (self.small.width(), self.small.height()) != (scale.side(self.size.0), scale.side(self.size.1)) {
            self.damage = Damage::All;
        }
    }
}

/// The smallest damage that holds both.
fn union(a: Damage, b: Damage) -> Damage {
    match (a, b) {
        (Damage::None, other) | (other, Damage::None) => other,
        (Damage::All, _) | (_, Damage::All) => Damage::All,
        (Damage::Area(a), Damage::Area(b)) => {
            let (x, y) = (a.x.min(b.x), a.y.min(b.y));
            let right = (a.x + a.width).max(b.x + b.width);
            let bottom = (a.y + a.height).max(b.y + b.height);
            Damage::Area(Rect { x, y, width: right - x, height: bottom - y })
        }
    }
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::PixelFormat;
    use playfield_media::decode::H264Decoder;

    use super::*;

    #[test]
    fn a_viewer_gets_what_it_can_take() {
        let check = |wanted, video, (width, height), expect| {
            let picture = Picture::black(width, height, PixelFormat::Rgba8);
            let clock = Clock::start();
            let source = Source {
                picture: &picture,
                damage: Damage::All,
                tick: 1,
                tick_hz: 60,
                rtp: 0,
                now: Time::ZERO,
                free: false,
                viewers: 1,
                clock,
            };
            let name = match Way::choose(wanted, Ways { video, track: true }, &source, 0) {
                Way::Lossless => "lossless",
                Way::Video(_) => "video",
                Way::Neither => "neither",
            };
            assert_eq!(name, expect, "{wanted:?} of {width}x{height}, video: {video}");
        };
        check(VideoMode::Auto, true, (160, 160), "lossless");
        check(VideoMode::Auto, true, (640, 360), "video");
        check(VideoMode::Lossless, true, (640, 360), "lossless");
        check(VideoMode::Lossless, true, (1280, 720), "video");
        check(VideoMode::H264, false, (160, 160), "lossless");
        check(VideoMode::Auto, false, (640, 360), "lossless");
        check(VideoMode::Auto, false, (1280, 720), "neither");
    }

    #[test]
    fn a_picture_of_which_there_is_not_enough_is_sent_smaller_and_the_last_one_always() {
        let picture = Picture::black(1280, 720, PixelFormat::Rgba8);
        let (clock, mut sizes, mut decoder) = (Clock::start(), Vec::new(), H264Decoder::new().unwrap());
        let mut source = Source {
            picture: &picture,
            damage: Damage::All,
            tick: 0,
            tick_hz: 60,
            rtp: 0,
            now: Time::ZERO,
            free: false,
            viewers: 1,
            clock,
        };
        let mut video = Video::new(&source, 0);
        let mut decoded = I420::new();
        for tick in 1..300 {
            (source.tick, source.rtp) = (tick, tick as u32 * 1_500);
            source.now = Time::from_micros(tick * 16_667);
            // As if the machine had a thousand viewers.
            source.viewers = 1_000;
            if video.code(&source, &mut None).is_some() && decoder.decode(&video.unit, &mut decoded).unwrap() {
                sizes.push((decoded.width(), decoded.height()));
            }
        }
        sizes.dedup();
        assert_eq!(sizes, [(1280, 720), (960, 540), (640, 360)]);
        assert!(video.limited.as_deref().is_some_and(|said| said.starts_with("Sent as 640x360 instead of 1280x720")));
        while !video.left_out {
            source.tick += 1;
            video.code(&source, &mut None);
        }
        (source.damage, source.now) = (Damage::None, video.quality.due());
        video.code(&source, &mut None);
        assert!(!video.left_out && video.damage == Damage::None, "what was left out is made up for");
    }

    #[test]
    fn a_union_holds_both_areas() {
        let area = |x, y, width, height| Damage::Area(Rect { x, y, width, height });
        assert_eq!(union(area(1, 2, 3, 4), area(10, 0, 1, 1)), area(1, 0, 10, 6));
        assert_eq!(union(Damage::None, area(1, 1, 1, 1)), area(1, 1, 1, 1));
        assert_eq!(union(Damage::All, Damage::None), Damage::All);
    }
}
