//! `playfield bench delta`: exact pictures on bad networks, on virtual time; and over sockets, in [`sockets`].
//!
//! A title plays its recorded demonstration; each picture goes through the real sender, encoder and decoder, over a path
//! made of numbers ([`playfield_core::sim`]). So the same figures come out on every machine.

mod sockets;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use playfield_core::delta::{RowRun, Sender};
use playfield_core::frame::{Damage, Picture};
use playfield_core::input::log::InputLog;
use playfield_core::input::uplink::Uplink;
use playfield_core::manifest::Limits;
use playfield_core::rate::VideoRate;
use playfield_core::receipt::Histogram;
use playfield_core::sim::{Link, Path};
use playfield_core::time::Time;
use playfield_media::convert::{Converter, I420};
use playfield_media::delta::{Base, Decoder, Encoder, PictureRows, RowSpan, RowsPool, write_parity};
use playfield_media::encode::{FrameBudget, Library, VideoEncoder, Want};
use playfield_runtime::GuestConfig;
use playfield_runtime::replay::{self, ReplayError, Sink, write_png};
use playfield_runtime::wasm::{Engine, Module};

use super::{Better, Figure, Report};

/// All titles here make so many pictures a second.
const HZ: u64 = 60;
/// What a datagram carries beside itself: IP, UDP, RTP with extensions and SRTP's tag, in bytes.
const AROUND: usize = 60;
/// What a message of acknowledgements takes, in bytes.
const ACKS: usize = 200;
/// By then the path is known.
const SETTLED: Time = Time::from_millis(2_000);
/// Runs over each path, each with a luck of its own.
const RUNS: u64 = 10;
/// Of so many pictures one is written as PNG, for comparison.
const PNG_EVERY: u64 = 10;

struct Title {
    name: &'static str,
    module: &'static [u8],
    demo: &'static str,
}

macro_rules! title {
    ($name:literal) => {
        Title {
            name: $name,
            module: include_bytes!(concat!("../../../../titles/", $name, "/", $name, ".wasm")),
            demo: include_str!(concat!("../../../../titles/", $name, "/demo.ndjson")),
        }
    };
}

/// Those whose pictures are sent exactly.
const TITLES: [Title; 4] = [title!("gloamling"), title!("probe"), title!("ripplewick"), title!("ramshackle")];
/// Those that would rather be video: what their exact pictures take is stated, no more.
const RICH: [Title; 2] = [title!("eavesong"), title!("afterglide")];

/// A path, and what must hold on it.
struct Way {
    name: &'static str,
    /// One direction; the other is the same.
    path: Path,
    /// Most of the 95th percentile of a picture's age when it is shown, in milliseconds.
    age_ms: Option<f64>,
    /// Most that a viewer may wait for the next picture while there is one, in milliseconds.
    gap_ms: Option<f64>,
}

fn ways() -> [Way; 4] {
    let ms = Duration::from_millis;
    let path = Path { delay: ms(25), ..Path::default() };
    let bad = |loss_per_mille, duplicate_per_mille, jitter| Path {
        loss_per_mille,
        duplicate_per_mille,
        jitter: ms(jitter),
        ..path
    };
    // Half the round trip and two pictures.
    let soon = Some(25.0 + 2.0 * 1000.0 / HZ as f64);
    [
        Way { name: "50 ms", path, age_ms: soon, gap_ms: None },
        Way { name: "50 ms, 5 % lost", path: bad(50, 10, 4), age_ms: soon, gap_ms: None },
        Way { name: "50 ms, 20 % lost", path: bad(200, 20, 8), age_ms: None, gap_ms: Some(150.0) },
        Way { name: "50 ms, 250 kbit/s", path: Path { rate_bps: Some(250_000), ..path }, age_ms: None, gap_ms: None },
    ]
}

pub use sockets::run as run_over_sockets;

/// Plays each title for so many pictures over each path.
pub fn run(pictures: u64) -> anyhow::Result<Report> {
    let mut report = Report::new("delta");
    let engine = Engine::new()?;
    for title in &TITLES {
        let module = engine.load_wasm(title.module)?;
        let log = InputLog::parse(title.demo).with_context(|| format!("the demo of {}", title.name))?;
        for way in ways() {
            let mut seen = Seen::default();
            for seed in 0..RUNS {
                let mut trip = Trip::new(way.path, seed, seen);
                play(&module, &log, pictures, &mut trip)?;
                seen = trip.seen;
            }
            report.figures.extend(seen.figures(title, &way));
        }
        report.figures.extend(other_ways(&module, &log, pictures, title)?);
    }
    for title in &RICH {
        let module = engine.load_wasm(title.module)?;
        let log = InputLog::parse(title.demo).with_context(|| format!("the demo of {}", title.name))?;
        let mut trip = Trip::new(Path::default(), 0, Seen::default());
        match play(&module, &log, pictures, &mut trip) {
            Ok(()) => report.figures.push(bytes(format!("{}: bytes a picture, exact", title.name), trip.seen.each())),
            // Some picture of it takes more datagrams than there may be: it can only be video.
            Err(error) => tracing::info!(title = title.name, %error, "no exact pictures"),
        }
        report.figures.extend(other_ways(&module, &log, pictures, title)?);
    }
    Ok(report)
}

fn other_ways(module: &Module, log: &InputLog, pictures: u64, title: &Title) -> anyhow::Result<[Figure; 2]> {
    let mut others = Others::default();
    play(module, log, pictures, &mut others)?;
    Ok(others.figures(title))
}

fn bytes(name: String, value: f64) -> Figure {
    Figure::new(name, value, "B", None, Better::Lower)
}

fn play(module: &Module, log: &InputLog, pictures: u64, sink: &mut dyn Sink) -> anyhow::Result<()> {
    let memory_limit = u64::from(Limits::default().memory_mb) << 20;
    let config = GuestConfig { seed: log.seed, memory_limit, ..GuestConfig::default() };
    replay::replay(&mut module.open(config)?, log, pictures, sink)?;
    Ok(())
}

/// A picture that was sent, for comparison with what is shown.
struct Sent {
    number: u32,
    rows: Arc<PictureRows>,
}

/// A node, a viewer and the path between them.
struct Trip {
    sender: Option<Sender>,
    encoder: Encoder,
    pool: RowsPool,
    runs: Vec<RowRun>,
    sent: VecDeque<Sent>,
    /// Of the picture coded last.
    datagrams: Vec<Vec<u8>>,
    parity: Vec<u8>,
    before: Option<Picture>,
    down: Link<Vec<u8>>,
    up: Link<Vec<(u32, u64)>>,
    decoder: Decoder,
    uplink: Uplink,
    /// Ticks that showed something new, not shown to the viewer yet.
    news: VecDeque<u32>,
    shown_at: Time,
    seen: Seen,
}

/// What came of all the trips over a path.
#[derive(Default)]
struct Seen {
    /// Until the first picture of each.
    first: Histogram,
    age: Histogram,
    wait: Histogram,
    pictures: u64,
    bytes: u64,
    inexact: u64,
}

/// When a tick's picture is made.
fn made(tick: u32) -> Time {
    Time::from_micros(u64::from(tick) * 1_000_000 / HZ)
}

impl Trip {
    fn new(path: Path, seed: u64, seen: Seen) -> Trip {
        Trip {
            sender: None,
            encoder: Encoder::new(),
            pool: RowsPool::new(),
            runs: Vec::new(),
            sent: VecDeque::new(),
            datagrams: Vec::new(),
            parity: Vec::new(),
            before: None,
            down: Link::new(path, 2 * seed + 1),
            up: Link::new(path, 2 * seed + 2),
            decoder: Decoder::new(),
            uplink: Uplink::default(),
            news: VecDeque::new(),
            shown_at: Time::ZERO,
            seen,
        }
    }

    /// Everything that arrives before `now`, in order.
    fn arrive(&mut self, now: Time) {
        loop {
            let (down, up) = (self.down.next_arrival(), self.up.next_arrival());
            let at = [down, up].into_iter().flatten().min().filter(|at| *at <= now);
            let Some(at) = at else { return };
            if let Some(datagram) = self.down.poll(at) {
                self.hear(at, &datagram);
            } else if let (Some(acks), Some(sender)) = (self.up.poll(at), &mut self.sender) {
                acks.into_iter().for_each(|(picture, datagrams)| sender.handle_ack(at, picture, datagrams));
            }
        }
    }

    /// The viewer gets a datagram, and acknowledges when it is time.
    fn hear(&mut self, at: Time, datagram: &[u8]) {
        let Ok(received) = self.decoder.push(datagram) else { return };
        if let Some(ack) = self.decoder.acks().next() {
            self.uplink.datagram(at, ack.picture, ack.count, received.shows);
        }
        self.look(at, received.shows);
        self.acknowledge_if_due(at);
    }

    /// The viewer sees what it shows now.
    fn look(&mut self, at: Time, shows: bool) {
        let Some(shown) = self.decoder.shown().filter(|_| shows) else { return };
        let meant = self.sent.iter().find(|sent| sent.number == shown.picture);
        let differs = |meant: &Sent| (0..meant.rows.rows()).any(|row| meant.rows.row(row) != shown.rows.row(row));
        self.seen.inexact += u64::from(meant.is_some_and(differs));
        self.seen.age.add(at.since(made(shown.tick)).as_micros() as u64);
        // The viewer has waited since there was something new, or since it last got something.
        let newest = shown.tick;
        if let Some(first) = self.news.front().copied().filter(|first| *first <= newest) {
            let waited = at.since(made(first).max(self.shown_at)).as_micros() as u64;
            if at > SETTLED {
                self.seen.wait.add(waited);
            }
            self.news.retain(|tick| *tick > newest);
        }
        if self.shown_at == Time::ZERO {
            self.seen.first.add(at.as_micros());
        }
        self.shown_at = at;
    }

    fn acknowledge_if_due(&mut self, now: Time) {
        if self.uplink.next() > now {
            return;
        }
        self.uplink.sent(now, false);
        let acks: Vec<_> = self.decoder.acks().map(|ack| (ack.picture, ack.datagrams)).collect();
        self.up.send(now, ACKS, acks);
    }

    /// The node makes the picture of a tick.
    fn make(&mut self, tick: u32, picture: &Picture) -> Result<(), ReplayError> {
        let now = made(tick);
        let changed = self.before.as_ref() != Some(picture);
        if changed {
            self.before = Some(picture.clone());
            self.news.push_back(tick);
        }
        let sender = self.sender.get_or_insert_with(|| Sender::new(PictureRows::new(picture).rows()));
        let Some(number) = sender.plan(now, tick, changed, &mut self.runs) else {
            self.release(now);
            return Ok(());
        };
        let rows = self.pool.freeze(picture);
        let sent = &self.sent;
        let base = |number: u32| {
            let rows = &sent.iter().find(|sent| sent.number == number)?.rows;
            Some(Base { rows, known: sender.known_rows(number)?, changed: RowSpan::ALL })
        };
        let coded = self.encoder.encode(&rows, number, tick, &self.runs, &base);
        let datagrams = coded.map_err(|error| ReplayError::Output(std::io::Error::other(error)))?;
        self.datagrams.clear();
        self.datagrams.extend(datagrams.iter().map(<[u8]>::to_vec));
        sender.coded(now, tick, datagrams.rows());
        self.seen.pictures += 1;
        let oldest = sender.oldest_needed();
        self.sent.push_back(Sent { number, rows });
        // Pictures under way are compared when they come, needed or not.
        while self.sent.front().is_some_and(|sent| sent.number.wrapping_add(64) < oldest) {
            self.sent.pop_front();
        }
        self.release(now);
        Ok(())
    }

    /// What of the picture coded last may go out now.
    fn release(&mut self, now: Time) {
        let Some(release) = self.sender.as_mut().map(|sender| sender.release(now)) else { return };
        let mut send = |datagram: &[u8]| {
            self.seen.bytes += datagram.len() as u64;
            self.down.send(now, datagram.len() + AROUND, datagram.to_vec());
        };
        self.datagrams[release.datagrams].iter().for_each(|datagram| send(datagram));
        let number = self.sent.back().map_or(0, |sent| sent.number);
        for parity in release.parity {
            write_parity(number, parity as u8, self.datagrams.iter().map(Vec::as_slice), &mut self.parity);
            send(&self.parity);
        }
    }
}

impl Seen {
    fn each(&self) -> f64 {
        self.bytes as f64 / self.pictures.max(1) as f64
    }

    fn figures(&self, title: &Title, way: &Way) -> Vec<Figure> {
        let name = |what: &str| format!("{}, {}: {what}", title.name, way.name);
        let ms = |us: u64| us as f64 / 1e3;
        vec![
            Figure::new(name("pictures not exact"), self.inexact as f64, "", Some(0.0), Better::Lower),
            Figure::ms(name("age when shown, p50"), ms(self.age.percentile(50)), None),
            Figure::ms(name("age when shown, p95"), ms(self.age.percentile(95)), way.age_ms),
            Figure::ms(name("to the first picture, p50"), ms(self.first.percentile(50)), None),
            Figure::ms(name("to the first picture, longest"), ms(self.first.max()), None),
            Figure::ms(name("wait for something new after two seconds, p99"), ms(self.wait.percentile(99)), None),
            Figure::ms(name("wait for something new after two seconds, longest"), ms(self.wait.max()), way.gap_ms),
            Figure::new(
                name("pictures shown in a run"),
                self.age.count() as f64 / RUNS as f64,
                "",
                None,
                Better::Higher,
            ),
            bytes(name("bytes a picture"), self.each()),
        ]
    }
}

impl Sink for Trip {
    fn frame(&mut self, frame: u64, picture: &Picture, _sound: &[i16], _frames: u32) -> Result<(), ReplayError> {
        let tick = frame as u32;
        self.arrive(made(tick));
        self.acknowledge_if_due(made(tick));
        self.make(tick, picture)
    }
}

/// What the same pictures take in other ways.
#[derive(Default)]
struct Others {
    png: (u64, u64),
    video: Option<(VideoRate, VideoEncoder)>,
    i420: I420,
    unit: Vec<u8>,
    coded: (u64, u64),
}

impl Sink for Others {
    fn frame(&mut self, frame: u64, picture: &Picture, _sound: &[i16], _frames: u32) -> Result<(), ReplayError> {
        if frame.is_multiple_of(PNG_EVERY) {
            let mut file = Vec::new();
            write_png(picture, &mut file)?;
            self.png = (self.png.0 + 1, self.png.1 + file.len() as u64);
        }
        let fresh = || (VideoRate::new(picture.width, picture.height, HZ as u16), VideoEncoder::new(Library::OpenH264));
        let (rate, encoder) = self.video.get_or_insert_with(fresh);
        let Some(budget) = rate.next_budget(Time::from_micros(frame * 1_000_000 / HZ)) else { return Ok(()) };
        let budget = FrameBudget { target_bytes: budget.target as usize, max_bytes: budget.max as usize };
        Converter::new().to_i420(picture, Damage::All, &mut self.i420);
        self.unit.clear();
        let want = if frame == 1 { Want::Key } else { Want::News };
        let encoded = encoder.encode(&self.i420, Damage::All, budget, want, &mut self.unit);
        encoded.map_err(|error| ReplayError::Output(std::io::Error::other(error)))?;
        rate.on_encoded(self.unit.len());
        self.coded = (self.coded.0 + 1, self.coded.1 + self.unit.len() as u64);
        Ok(())
    }
}

impl Others {
    fn figures(&self, title: &Title) -> [Figure; 2] {
        let mean = |(count, sum): (u64, u64)| sum as f64 / count.max(1) as f64;
        [
            bytes(format!("{}: bytes a picture as PNG", title.name), mean(self.png)),
            bytes(format!("{}: bytes a picture as H.264, not exact", title.name), mean(self.coded)),
        ]
    }
}
