//! `playfield bench machines`: how many machines with cameras one control plane holds, each telling something every second.
//!
//! The control plane is in this process, with a database on the disk. The machines are in another one: each has a link of its own,
//! tells one event a second, at a moment of the second that is its own, and measures the time until it is told that the event is in
//! the database. Both share the processors. Afterwards the events in the database are counted. An event is told to be in the database
//! when the disk has it: how long the disk takes for that by itself is measured beside it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use playfield_control::{Config, Control, Parts};
use playfield_core::analytics::{Direction, Event, What};
use playfield_core::camera::{Desired, Report as Said, Seen, Source};
use playfield_core::id::{DeviceId, NodeId, Token};
use playfield_core::link::{FromDevice, Machine, ToDevice, Told};
use playfield_core::metadata::Metadata;
use playfield_core::receipt::Histogram;
use playfield_node::device::{Connection, Server};
use playfield_store::blob::Blobs;
use playfield_store::bus::Bus;
use playfield_store::db::{Db, DeviceRow, NodeRow, Redeemed};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, mpsc, watch};

use super::processes::{cpu_of, memory_of, written_by};
use super::{Better, Figure, Report};

/// Links that are opened at a time.
const AT_ONCE: usize = 64;
/// How long all may take to come, and what is under way to be stored.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long they tell before they are measured.
const SETTLE: Duration = Duration::from_secs(5);

/// How often the disk is tried.
const TRY: Duration = Duration::from_millis(20);

/// What the machines found.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Found {
    /// Links that are open.
    open: u64,
    /// Events that were told, and those that are known to be stored.
    told: u64,
    stored: u64,
    /// From an event to its acknowledgement, in microseconds.
    p50: u64,
    p99: u64,
    most: u64,
    /// Links that were cut.
    cut: u64,
}

/// Measures so many machines for so long.
pub fn run(machines: &[usize], seconds: u64) -> anyhow::Result<Report> {
    many_files()?;
    let mut report = Report::new("machines");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for &machines in machines {
        let folder = std::env::temp_dir().join(format!("playfield-bench-machines-{}", std::process::id()));
        let figures = runtime.block_on(one(&folder, machines, seconds));
        // What is left of it is of no use.
        let _ = std::fs::remove_dir_all(&folder);
        report.figures.extend(figures?);
    }
    Ok(report)
}

async fn one(folder: &Path, machines: usize, seconds: u64) -> anyhow::Result<Vec<Figure>> {
    let db = Db::open(&folder.join("playfield.db")).await?;
    let tokens = enrol(&db, machines).await?;
    let config = Config {
        listen: vec!["127.0.0.1:0".parse()?],
        ops_listen: None,
        titles: Vec::new(),
        demo_camera: false,
        ..Config::default()
    };
    let parts = Parts {
        config,
        db: db.clone(),
        blobs: Blobs::files(&folder.join("blobs")).await?,
        bus: Bus::local(),
        data_dir: folder.to_owned(),
        nodes: Vec::new(),
        metrics: None,
    };
    let serving = Control::new(parts).await?.bind().await?;
    let url = serving.urls().remove(0);
    let server = tokio::spawn(serving.run(std::future::pending()));
    let mut child = Command::new(std::env::current_exe()?)
        .args(["bench", "machines", "--be-machines", &url, "--seconds", &seconds.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut to = child.stdin.take().context("no way to the machines")?;
    let answer = child.stdout.take().context("no way from the machines")?;
    let disk = Disk::begin(folder)?;
    let me = std::process::id();
    let (before, written, began) = (cpu_of(me)?, written_by(me)?, Instant::now());
    let found = tokio::task::spawn_blocking(move || {
        for (token, device) in tokens {
            writeln!(to, "{} {device}", token.reveal())?;
        }
        drop(to);
        let line = BufReader::new(answer).lines().next().context("the machines said nothing")??;
        Ok::<Found, anyhow::Error>(serde_json::from_str(&line)?)
    })
    .await??;
    let cpu = (cpu_of(me)? - before).as_secs_f64() / began.elapsed().as_secs_f64();
    let (memory, written) = (memory_of(me)?, written_by(me)? - written);
    let flushes = disk.end()?;
    child.wait()?;
    server.abort();
    let kept = db.newest_event().await?;
    let name = |what: &str| format!("{machines} machines, {what}");
    if found.told != kept || found.told != found.stored || found.cut > 0 {
        eprintln!(
            "told {}, in the database {kept}, acknowledged {}, links cut {}",
            found.told, found.stored, found.cut
        );
    }
    let lost = found.told.abs_diff(kept) + found.told.abs_diff(found.stored) + found.cut;
    let whole = (machines >= 10_000).then_some(100.0);
    Ok(vec![
        Figure::new(name("links held"), found.open as f64, "", Some(machines as f64), Better::Higher),
        Figure::new(
            name("events lost, doubled or unacknowledged, and links cut"),
            lost as f64,
            "",
            Some(0.0),
            Better::Lower,
        ),
        Figure::new(name("events in the database"), kept as f64, "", None, Better::Higher),
        Figure::ms(name("event to acknowledgement, p50"), found.p50 as f64 / 1_000.0, None),
        Figure::ms(name("event to acknowledgement, p99"), found.p99 as f64 / 1_000.0, whole),
        Figure::ms(name("event to acknowledgement, longest"), found.most as f64 / 1_000.0, None),
        Figure::ms(name("the disk by itself, 4 KiB flushed, p99"), flushes.percentile(99) as f64 / 1_000.0, None),
        Figure::ms(name("the disk by itself, 4 KiB flushed, longest"), flushes.max() as f64 / 1_000.0, None),
        Figure::new(
            name("written to the disk for each event"),
            written as f64 / 1024.0 / kept.max(1) as f64,
            "KiB",
            None,
            Better::Lower,
        ),
        Figure::new(name("processor of the control plane"), cpu * 100.0, "% of a core", None, Better::Lower),
        Figure::new(
            name("memory of the control plane"),
            memory as f64 / f64::from(1 << 20),
            "MiB",
            None,
            Better::Lower,
        ),
    ])
}

/// The disk, tried by a file of its own.
struct Disk {
    stop: std::sync::mpsc::SyncSender<()>,
    thread: std::thread::JoinHandle<std::io::Result<Histogram>>,
}

impl Disk {
    fn begin(folder: &Path) -> anyhow::Result<Disk> {
        let file = File::create(folder.join("disk"))?;
        let (stop, stopped) = std::sync::mpsc::sync_channel(0);
        let work = move || {
            let mut times = Histogram::default();
            while stopped.recv_timeout(TRY) == Err(RecvTimeoutError::Timeout) {
                let began = Instant::now();
                file.write_all_at(&[0; 4096], 0)?;
                file.sync_data()?;
                times.add(began.elapsed().as_micros() as u64);
            }
            Ok(times)
        };
        Ok(Disk { stop, thread: std::thread::Builder::new().name("disk".to_owned()).spawn(work)? })
    }

    fn end(self) -> anyhow::Result<Histogram> {
        drop(self.stop);
        Ok(self.thread.join().map_err(|_| anyhow::anyhow!("the disk could not be tried"))??)
    }
}

async fn enrol(db: &Db, machines: usize) -> anyhow::Result<Vec<(Token, DeviceId)>> {
    let desired = serde_json::to_string(&Desired::new(Source::Scene { seed: None }))?;
    let mut all = Vec::with_capacity(machines);
    for number in 0..machines as u64 {
        let hash: [u8; 32] = Sha256::digest(number.to_le_bytes()).into();
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        let token = Token::from_entropy(hash);
        let node = NodeRow {
            id: NodeId::from_entropy(id),
            name: format!("machine {number}"),
            created_ms: number,
            revoked_ms: None,
            seen_ms: None,
            machine: None,
        };
        let device = DeviceRow {
            id: DeviceId::from_entropy(id),
            name: node.name.clone(),
            node: node.id.clone(),
            desired: desired.clone(),
            version: 1,
            created_ms: number,
            revoked_ms: None,
            tags: Vec::new(),
        };
        let id = device.id.clone();
        let known = Sha256::digest(token.reveal()).into();
        if db.redeem(None, node, known, device).await? != Redeemed::In {
            bail!("a machine was not let in");
        }
        all.push((token, id));
    }
    Ok(all)
}

/// The other process: all the machines, whose tokens come by standard input.
pub fn be_machines(url: &str, seconds: u64) -> anyhow::Result<()> {
    many_files()?;
    let mut tokens = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line?;
        let (token, device) = line.split_once(' ').context("a line without a device")?;
        tokens.push((Token::from(token.to_owned()), device.parse::<DeviceId>()?));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let found = runtime.block_on(tell(url, tokens, seconds))?;
    println!("{}", serde_json::to_string(&found)?);
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Come,
    Tell,
    Measure,
    Rest,
}

async fn tell(url: &str, tokens: Vec<(Token, DeviceId)>, seconds: u64) -> anyhow::Result<Found> {
    let (phase, _) = watch::channel(Phase::Come);
    let phase = Arc::new(phase);
    let (open, told, stored, cut, resting) = Default::default();
    let counts: Arc<[AtomicU64; 5]> = Arc::new([open, told, stored, cut, resting]);
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let (times, mut measured) = mpsc::channel(1024);
    let all = tokens.len();
    for (nth, (token, device)) in tokens.into_iter().enumerate() {
        let server = Server { address: url.to_owned(), key: None, own: None };
        let own = Own { server, token, device, offset: Duration::from_micros(1_000_000 * nth as u64 / all as u64) };
        let (turns, phase, counts, times) = (turns.clone(), phase.subscribe(), counts.clone(), times.clone());
        tokio::spawn(async move {
            if let Err(error) = own.live(&turns, phase, &counts, &times).await {
                counts[3].fetch_add(1, Ordering::Relaxed);
                eprintln!("a link was cut: {error}");
            }
        });
    }
    let count = |nth: usize| counts[nth].load(Ordering::Relaxed);
    let began = Instant::now();
    while count(0) + count(3) < all as u64 && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    phase.send_replace(Phase::Tell);
    tokio::time::sleep(SETTLE).await;
    phase.send_replace(Phase::Measure);
    let mut histogram = Histogram::default();
    let until = tokio::time::sleep(Duration::from_secs(seconds));
    tokio::pin!(until);
    loop {
        tokio::select! {
            () = &mut until => break,
            Some(us) = measured.recv() => histogram.add(us),
        }
    }
    phase.send_replace(Phase::Rest);
    let began = Instant::now();
    // Until none of them tells anything more, and all of it is acknowledged.
    while (count(4) + count(3) < all as u64 || count(2) < count(1)) && began.elapsed() < PATIENCE {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
            Some(us) = measured.recv() => histogram.add(us),
        }
    }
    Ok(Found {
        open: count(0),
        told: count(1),
        stored: count(2),
        cut: count(3),
        p50: histogram.percentile(50),
        p99: histogram.percentile(99),
        most: histogram.max(),
    })
}

/// One machine.
struct Own {
    server: Server,
    token: Token,
    device: DeviceId,
    /// When in each second it tells.
    offset: Duration,
}

impl Own {
    async fn live(
        self,
        turns: &Semaphore,
        mut phase: watch::Receiver<Phase>,
        counts: &[AtomicU64; 5],
        times: &mpsc::Sender<u64>,
    ) -> anyhow::Result<()> {
        let turn = turns.acquire().await?;
        let mut connection = Connection::open(&self.server).await?;
        let hello = FromDevice::Hello { token: self.token, journal: "j".to_owned(), machine: Machine::default() };
        connection.send(&hello).await?;
        let ToDevice::Welcome { .. } = connection.receive().await? else { bail!("not welcome") };
        let ToDevice::Twin { .. } = connection.receive().await? else { bail!("no twin") };
        drop(turn);
        counts[0].fetch_add(1, Ordering::Relaxed);
        let (mut seq, mut stored) = (0, 0);
        let mut sent: std::collections::VecDeque<(u64, Instant)> = std::collections::VecDeque::new();
        // The beat of each is the same second, and its own part of it.
        let mut beat: Option<tokio::time::Interval> = None;
        loop {
            let tick = async {
                match &mut beat {
                    Some(beat) => drop(beat.tick().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                word = connection.receive() => match word? {
                    ToDevice::Stored { seq: now } => {
                        counts[2].fetch_add(now - stored, Ordering::Relaxed);
                        stored = now;
                        while let Some((_, at)) = sent.pop_front_if(|(seq, _)| *seq <= now) {
                            if *phase.borrow() == Phase::Measure {
                                let _ = times.try_send(at.elapsed().as_micros() as u64);
                            }
                        }
                    }
                    ToDevice::Time { asked_us } => {
                        connection.send(&FromDevice::Time { asked_us, device_us: asked_us }).await?;
                    }
                    _ => {}
                },
                changed = phase.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    match *phase.borrow_and_update() {
                        Phase::Tell => {
                            let start = tokio::time::Instant::now() + self.offset;
                            beat = Some(tokio::time::interval_at(start, Duration::from_secs(1)));
                        }
                        Phase::Rest => {
                            beat = None;
                            counts[4].fetch_add(1, Ordering::Relaxed);
                        }
                        Phase::Come | Phase::Measure => {}
                    }
                }
                () = tick => {
                    seq += 1;
                    counts[1].fetch_add(1, Ordering::Relaxed);
                    sent.push_back((seq, Instant::now()));
                    connection.send(&FromDevice::Told { events: vec![event(seq, &self.device)] }).await?;
                }
            }
        }
    }
}

fn event(seq: u64, device: &DeviceId) -> Told {
    let what = What::Cross { line: "road".to_owned(), direction: Direction::In };
    let event = Event { time_ms: seq, what, thing: None, counts: Vec::new() };
    let seen = Seen { metadata: Metadata { time_ms: seq, ..Metadata::default() }, events: vec![event] };
    Told { seq, device: device.clone(), report: Box::new(Said::Seen(seen)) }
}

/// A link is a file.
fn many_files() -> anyhow::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).context("not so many links may be open")
}
