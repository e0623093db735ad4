//! `playfield bench density`: how many sessions two cores carry, all of them played.
//!
//! Workers run in processes of their own, one for each core, as a node starts them. The viewers, one for each session, are
//! in this process: they connect, hold and let go of buttons, decode every picture and acknowledge it. All of them share
//! the machine, so what is measured is what is left when the viewers have taken theirs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::bail;
use playfield_core::api::VideoMode;
use playfield_core::input::uplink::Uplink;
use playfield_core::input::wire::{Ack, PadReport, Writer};
use playfield_core::input::{Pad, PadButton};
use playfield_core::receipt::Histogram;
use playfield_core::sim::Random;
use playfield_core::time::Time;
use playfield_media::delta::Decoder;
use playfield_transport::{ClientEvent, Crowd, Event, Member, Packets};

use super::processes::{cpu_of, memory_of, tree_of, written_by};
use super::worker::{Prepared, Worker};
use super::{Better, Figure, Report};

/// How long sessions play before they are measured.
const SETTLE: Duration = Duration::from_secs(3);
/// How long sessions and viewers may take to come up.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often is looked whose message is due; those that a picture makes due leave at once.
const BEAT: Duration = Duration::from_millis(5);
/// Connections that are being made at a time.
const AT_ONCE: usize = 8;

/// What is played.
pub struct Case {
    /// For the names of figures.
    pub name: &'static str,
    /// The title.
    pub title: Title,
    /// How pictures are sent.
    pub video: VideoMode,
    /// Sessions, in all.
    pub sessions: Vec<usize>,
    /// How long each number of them is measured.
    pub time: Duration,
    /// Worker processes.
    pub workers: usize,
    /// A title one of whose sessions runs in each worker too, unseen by the figures.
    pub neighbour: Option<Vec<u8>>,
}

/// A title to play.
pub enum Title {
    /// A module.
    Module(Vec<u8>),
    /// Content of a libretro core.
    Content {
        /// The core.
        core: PathBuf,
        /// The content.
        content: PathBuf,
        /// Pictures it runs ahead.
        run_ahead: u8,
    },
}

/// Measures each number of sessions, one after the other.
pub fn run(case: &Case) -> anyhow::Result<Report> {
    let mut report = Report::new("density");
    // What the worker takes for itself, and its first session.
    let base = measure(case, case.workers)?;
    for &sessions in &case.sessions {
        let measured = measure(case, sessions)?;
        report.figures.extend(figures(case, sessions, &measured, &base));
    }
    Ok(report)
}

/// What came of one number of sessions.
struct Measured {
    sessions: usize,
    /// Between two pictures of a session, in microseconds, as its viewer got them.
    interval: Histogram,
    pictures: u64,
    sound: u64,
    /// Of the workers, over the time measured.
    cpu: Duration,
    /// Of the viewers.
    viewers_cpu: Duration,
    /// Of the workers, in bytes, proportional set size.
    memory: u64,
    /// What the workers wrote to files, in bytes: checkpoints, nearly all of it.
    written: u64,
    /// Of the viewers.
    packets: Packets,
    time: Duration,
}

fn figures(case: &Case, sessions: usize, measured: &Measured, base: &Measured) -> Vec<Figure> {
    let name = |what: &str| format!("{}, {sessions} sessions: {what}", case.name);
    let ms = |us: u64| us as f64 / 1e3;
    let seconds = measured.time.as_secs_f64();
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e3 / seconds / measured.sessions as f64;
    let more = measured.sessions.saturating_sub(base.sessions).max(1) as f64;
    let memory = measured.memory.saturating_sub(base.memory) as f64 / more / 1024.0 / 1024.0;
    // The targets are of the small lossless pictures the shelf is made for.
    let lossless = case.video == VideoMode::Lossless;
    let small = lossless && matches!(case.title, Title::Module(_));
    let (regular, target) = (lossless.then_some(25.0), |value| small.then_some(value));
    let rate = |count: u64| count as f64 / seconds / measured.sessions as f64;
    let written = rate(measured.written) / 1024.0;
    let Packets { sent, received } = measured.packets;
    vec![
        Figure::ms(name("between pictures, p50"), ms(measured.interval.percentile(50)), None),
        Figure::ms(name("between pictures, p99"), ms(measured.interval.percentile(99)), regular),
        Figure::new(name("server CPU per session"), each(measured.cpu), "ms/s", target(1.5), Better::Lower),
        Figure::new(name("viewer CPU per session"), each(measured.viewers_cpu), "ms/s", None, Better::Lower),
        Figure::new(name("memory per further session"), memory, "MiB", target(2.0), Better::Lower),
        Figure::new(name("written per session"), written, "KiB/s", None, Better::Lower),
        Figure::new(name("pictures a second and session"), rate(measured.pictures), "1/s", None, Better::Higher),
        Figure::new(name("packets to the server per session"), rate(sent), "1/s", None, Better::Lower),
        Figure::new(name("packets from the server per session"), rate(received), "1/s", None, Better::Lower),
        Figure::new(name("sound packets"), measured.sound as f64, "", None, Better::Higher),
    ]
}

fn measure(case: &Case, sessions: usize) -> anyhow::Result<Measured> {
    let per_worker = sessions.div_ceil(case.workers);
    let mut workers = (0..case.workers).map(|_| Worker::start(per_worker as u32 + 1)).collect::<Result<Vec<_>, _>>()?;
    let mut crowd = Audience::new()?;
    for (index, worker) in workers.iter_mut().enumerate() {
        let title = match &case.title {
            Title::Module(module) => worker.prepare(module)?,
            Title::Content { core, content, run_ahead } => worker.prepare_content(core, content, *run_ahead)?,
        };
        if let Some(neighbour) = &case.neighbour {
            let neighbour = worker.prepare(neighbour)?;
            crowd.admit(worker, &neighbour, case.video, false)?;
        }
        for _ in (index..sessions).step_by(case.workers) {
            crowd.admit(worker, &title, case.video, true)?;
        }
    }
    crowd.until("all sessions play", |crowd| crowd.viewers.iter().all(|viewer| viewer.last.is_some()))?;
    crowd.play_for(SETTLE)?;
    crowd.count_from_now();
    let cpu = || tree_of(workers.iter().map(Worker::pid)).map(cpu_of).sum::<anyhow::Result<Duration>>();
    let written = || workers.iter().map(|worker| written_by(worker.pid())).sum::<anyhow::Result<u64>>();
    let written_before = written()?;
    let packets_before = crowd.crowd.packets();
    let (before, mine_before, begun) = (cpu()?, cpu_of(std::process::id())?, Instant::now());
    crowd.play_for(case.time)?;
    let time = begun.elapsed();
    let packets = crowd.crowd.packets();
    Ok(Measured {
        sessions,
        interval: crowd.interval,
        pictures: crowd.pictures,
        sound: crowd.sound,
        cpu: cpu()? - before,
        viewers_cpu: cpu_of(std::process::id())? - mine_before,
        memory: tree_of(workers.iter().map(Worker::pid)).map(memory_of).sum::<anyhow::Result<u64>>()?,
        written: written()? - written_before,
        packets: Packets {
            sent: packets.sent - packets_before.sent,
            received: packets.received - packets_before.received,
        },
        time,
    })
}

/// A viewer of one session.
struct Viewer {
    /// It is one of those that are measured.
    counts: bool,
    connected: bool,
    decoder: Decoder,
    seq: u32,
    uplink: Uplink,
    held: u16,
    presses: [u8; 16],
    /// When the newest picture came, and its tick.
    last: Option<(Instant, u32)>,
}

/// All viewers.
struct Audience {
    crowd: Crowd,
    viewers: Vec<Viewer>,
    random: Random,
    begun: Instant,
    message: Vec<u8>,
    interval: Histogram,
    pictures: u64,
    sound: u64,
    beat: Instant,
}

impl Audience {
    fn new() -> anyhow::Result<Audience> {
        let begun = Instant::now();
        Ok(Audience {
            crowd: Crowd::new()?,
            viewers: Vec::new(),
            random: Random::new(7),
            begun,
            message: Vec::new(),
            interval: Histogram::default(),
            pictures: 0,
            sound: 0,
            beat: begun,
        })
    }

    /// Opens a session for one more viewer, and lets the others play on meanwhile.
    fn admit(&mut self, worker: &mut Worker, title: &Prepared, video: VideoMode, counts: bool) -> anyhow::Result<()> {
        let (member, offer) = self.crowd.join([127, 0, 0, 1].into())?;
        let (_, answer) = worker.open(title, video, offer)?;
        self.crowd.answer(member, &answer)?;
        let viewer = Viewer {
            counts,
            connected: false,
            decoder: Decoder::new(),
            seq: 0,
            uplink: Uplink::default(),
            held: 0,
            presses: [0; 16],
            last: None,
        };
        self.viewers.push(viewer);
        let waiting = |audience: &Audience| audience.viewers.iter().filter(|viewer| viewer.last.is_none()).count();
        self.until("a session plays", |audience| waiting(audience) < AT_ONCE)
    }

    fn until(&mut self, what: &str, done: impl Fn(&Audience) -> bool) -> anyhow::Result<()> {
        let waited = Instant::now();
        while !done(self) {
            if waited.elapsed() > PATIENCE {
                bail!("waited in vain until {what}");
            }
            self.play(BEAT)?;
        }
        Ok(())
    }

    fn play_for(&mut self, time: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            self.play(left.min(BEAT))?;
        }
        Ok(())
    }

    fn count_from_now(&mut self) {
        (self.interval, self.pictures, self.sound) = (Histogram::default(), 0, 0);
    }

    fn play(&mut self, most: Duration) -> anyhow::Result<()> {
        self.crowd.poll(most)?;
        while let Some((member, event)) = self.crowd.next_event() {
            self.handle(member, event)?;
        }
        let now = Instant::now();
        if now >= self.beat {
            self.beat = now + BEAT;
            (0..self.viewers.len()).for_each(|member| self.send_if_due(member));
        }
        Ok(())
    }

    fn handle(&mut self, member: Member, event: ClientEvent) -> anyhow::Result<()> {
        let viewer = &mut self.viewers[member];
        match event {
            ClientEvent::Connection(Event::Connected(_)) => viewer.connected = true,
            ClientEvent::Connection(Event::Input(_)) => viewer.uplink.heard(),
            ClientEvent::Connection(Event::Closed) => bail!("session {member} closed its connection"),
            ClientEvent::Sound(_) => self.sound += 1,
            ClientEvent::Lossless { data, .. } => {
                let before = viewer.decoder.shown().map(|shown| shown.picture);
                // What comes too late to be of use is no fault.
                if viewer.decoder.push(&data).is_err() {
                    return Ok(());
                }
                let shown = viewer.decoder.shown().map(|shown| (shown.picture, shown.tick));
                let new = shown.filter(|(picture, _)| Some(*picture) != before);
                if let Some(ack) = viewer.decoder.acks().next() {
                    let now = Time::ZERO + self.begun.elapsed();
                    viewer.uplink.datagram(now, ack.picture, ack.count, new.is_some());
                }
                if let Some((_, tick)) = new {
                    self.shown(member, tick);
                }
            }
            ClientEvent::Video { rtp, .. } => self.shown(member, rtp / (90_000 / 60)),
            _ => {}
        }
        Ok(())
    }

    /// A picture came. Pictures between that showed nothing new were never sent: their time is not waiting.
    fn shown(&mut self, member: Member, tick: u32) {
        let now = Instant::now();
        let viewer = &mut self.viewers[member];
        let before = viewer.last.replace((now, tick));
        if viewer.counts {
            if let Some((at, before)) = before {
                let still =
                    Duration::from_micros(u64::from(tick.wrapping_sub(before).saturating_sub(1)) * 1_000_000 / 60);
                self.interval.add((now - at).saturating_sub(still).as_micros() as u64);
            }
            self.pictures += 1;
        }
        self.play_a_little(member);
        self.send_if_due(member);
    }

    /// Twice a second or so the player holds another button, or lets go of one.
    fn play_a_little(&mut self, member: Member) {
        let viewer = &mut self.viewers[member];
        if self.random.next_u64().is_multiple_of(30) {
            let buttons = [PadButton::A, PadButton::Left, PadButton::Right, PadButton::Up, PadButton::Down];
            let button = buttons[(self.random.next_u64() % 5) as usize];
            viewer.held ^= button.bit();
            viewer.presses[button as usize] =
                viewer.presses[button as usize].wrapping_add(u8::from(viewer.held & button.bit() != 0));
            viewer.uplink.changed(Time::ZERO + self.begun.elapsed(), true);
        }
    }

    /// Sends a viewer's state with its acknowledgements, if it is time.
    fn send_if_due(&mut self, member: Member) {
        let (viewer, now) = (&mut self.viewers[member], Time::ZERO + self.begun.elapsed());
        if !viewer.connected || viewer.uplink.next() > now {
            return;
        }
        viewer.seq += 1;
        let detour = viewer.uplink.sent(now, false);
        let mut writer = Writer::new(&mut self.message, viewer.seq, now.as_micros(), None);
        let pad = Pad { buttons: viewer.held, ..Pad::default() };
        writer.pad(&PadReport { index: 0, pad, presses: viewer.presses });
        let acks: Vec<Ack> =
            viewer.decoder.acks().map(|ack| Ack { picture: ack.picture, datagrams: ack.datagrams }).collect();
        writer.acks(&acks);
        self.crowd.send_input(member, &self.message);
        if detour {
            self.crowd.send_input_track(member, &self.message);
        }
    }
}
