//! One viewer on the guest thread: how its pictures are sent, and what it has of them.

mod video;

use std::collections::VecDeque;
use std::sync::Arc;

use playfield_core::api::VideoMode;
use playfield_core::codec::{Codec, H264Library};
use playfield_core::delta::{RowRun, Sender};
use playfield_core::frame::{Damage, Picture, Shape};
use playfield_core::input::wire::Ack;
use playfield_core::signal::{Carrier, ToViewer};
use playfield_core::still::FIRST_NUMBER;
use playfield_core::time::Time;
use playfield_media::delta::{Base, DeltaError, Encoder, PictureRows, RowSpan, RowsPool, write_parity};
use playfield_transport::{ConnectionId, Outgoing, Ways};

use crate::Clock;
use crate::exact::Exact;
use crate::inbox::InputStamp;
use video::Video;

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
    /// What video is to be, where a viewer can take it.
    pub(crate) codec: Codec,
    /// What codes H.264.
    pub(crate) h264: H264Library,
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

    /// It asks for a key frame.
    pub(crate) fn want_keyframe(&mut self, now: Time) {
        if let Some(Way::Video(video)) = &mut self.way {
            video.on_request(now);
        }
    }

    /// It shows the frame of video with that RTP timestamp.
    pub(crate) fn shown(&mut self, rtp: u32) {
        if let Some(Way::Video(video)) = &mut self.way {
            video.on_shown(rtp);
        }
    }

    /// A picture that was coded for it did not go out.
    pub(crate) fn lost_picture(&mut self) {
        if let Some(Way::Video(video)) = &mut self.way {
            video.lost();
        }
    }

    /// Its path carries so many bits a second. Returns what pictures could use.
    pub(crate) fn set_estimate(&mut self, bps: u64) -> Option<u64> {
        self.bps = bps;
        match &mut self.way {
            Some(Way::Video(video)) => {
                video.rate.set_estimate(bps);
                Some(video.rate.wanted_bps())
            }
            _ => None,
        }
    }

    /// How its picture is sent, and its size, if that is news.
    pub(crate) fn news(&mut self, picture: &Picture, aspect: Option<f32>) -> Option<ToViewer> {
        let (mode, codec) = match self.way.as_ref()? {
            Way::Lossless => (Some(VideoMode::Lossless), None),
            Way::Video(video) => (Some(VideoMode::H264), Some(video.codec).filter(|codec| *codec != Codec::H264)),
            Way::Neither => (None, None),
        };
        let (width, height) = (picture.width, picture.height);
        let now = Some((mode, width, height, aspect));
        if self.told == now {
            return None;
        }
        self.told = now;
        Some(match mode {
            Some(mode) => ToViewer::Video { mode, width, height, aspect, codec },
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

    /// When more of the picture that is there now is to be sent, if that is soon: it was left out, it may be lost, or parts of it are
    /// sent exactly.
    pub(crate) fn due(&self) -> Option<Time> {
        match &self.way {
            Some(Way::Video(video)) if !self.hidden => {
                let exact = self.exact.as_ref().filter(|_| video.rests());
                video.due().into_iter().chain(exact.and_then(Exact::due)).min()
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
            // Without a transform an audio decoder would get the tiles.
            Way::Video(video) if self.carrier == Carrier::Channel => video.code(source, &mut None),
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
        let av1 = ways.av1 && source.codec == Codec::Av1;
        let video = ways.video || av1;
        let lossless = match wanted {
            VideoMode::Lossless => fits,
            _ if !video => fits,
            VideoMode::H264 => false,
            VideoMode::Auto => source.picture.shape().suits_lossless(),
        };
        match lossless {
            true => Way::Lossless,
            false if video => {
                let codec = if av1 { Codec::Av1 } else { Codec::H264 };
                Way::Video(Box::new(Video::new(source, codec, bps)))
            }
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

#[cfg(test)]
mod tests {
    use playfield_core::frame::PixelFormat;

    use super::*;

    #[test]
    fn a_viewer_gets_what_it_can_take() {
        fn source(picture: &Picture) -> Source<'_> {
            Source {
                picture,
                damage: Damage::All,
                tick: 1,
                tick_hz: 60,
                rtp: 0,
                now: Time::ZERO,
                free: false,
                viewers: 1,
                codec: Codec::H264,
                h264: H264Library::OpenH264,
                clock: Clock::start(),
            }
        }
        let name = |way| match way {
            Way::Lossless => "lossless",
            Way::Video(video) if video.codec == Codec::Av1 => "AV1",
            Way::Video(_) => "H.264",
            Way::Neither => "neither",
        };
        let check = |wanted, video, (width, height), expect| {
            let picture = Picture::black(width, height, PixelFormat::Rgba8);
            let way = Way::choose(wanted, Ways { video, av1: true, track: true }, &source(&picture), 0);
            assert_eq!(name(way), expect, "{wanted:?} of {width}x{height}, video: {video}");
        };
        check(VideoMode::Auto, true, (160, 160), "lossless");
        check(VideoMode::Auto, true, (640, 360), "H.264");
        check(VideoMode::Lossless, true, (640, 360), "lossless");
        check(VideoMode::Lossless, true, (1280, 720), "H.264");
        check(VideoMode::H264, false, (160, 160), "lossless");
        check(VideoMode::Auto, false, (640, 360), "lossless");
        check(VideoMode::Auto, false, (1280, 720), "neither");

        let picture = Picture::black(1280, 720, PixelFormat::Rgba8);
        for (av1, video, expect) in
            [(true, true, "AV1"), (true, false, "AV1"), (false, true, "H.264"), (false, false, "neither")]
        {
            let source = Source { codec: Codec::Av1, ..source(&picture) };
            let way = Way::choose(VideoMode::Auto, Ways { video, av1, track: true }, &source, 0);
            assert_eq!(name(way), expect, "a title that wants AV1; the viewer takes it: {av1}, H.264: {video}");
        }
    }
}
