//! `playfield bench programs`: Linux programs, from the commit of a picture to its last packet, and what that costs.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::bail;
use playfield_core::api::VideoMode;
use playfield_core::manifest::Program;

use super::player::Player;
use super::processes::{age_of, cpu_of, tree_of};
use super::worker::Worker;
use super::{Better, Figure, Report};

/// Until a program has loaded what it shows.
const SETTLES: Duration = Duration::from_secs(8);
/// Where programs lie.
const FOLDERS: [&str; 3] = ["/usr/bin", "/usr/games", "/usr/local/bin"];

/// What is measured where nobody says what: programs that move by themselves, and one that stands still.
const KNOWN: [(&str, bool); 3] = [("supertux2", true), ("neverball", true), ("foot", false)];

/// What to measure.
pub struct Case {
    /// The program and its arguments; empty: all that are known and installed here.
    pub command: Vec<String>,
    /// Width and height of the screen.
    pub size: [u16; 2],
    /// How long.
    pub time: Duration,
}

/// Measures all of them, each in a worker process of its own.
pub fn run(case: &Case) -> anyhow::Result<Report> {
    let mut report = Report::new("programs");
    if !case.command.is_empty() {
        measure(case, &case.command, true, &mut report.figures)?;
        return Ok(report);
    }
    let installed = |name: &str| FOLDERS.iter().any(|folder| fs::metadata(format!("{folder}/{name}")).is_ok());
    for (name, moves) in KNOWN.into_iter().filter(|(name, _)| installed(name)) {
        measure(case, &[name.to_owned()], moves, &mut report.figures)?;
    }
    if report.figures.is_empty() {
        bail!("none of {} is installed here; name a program", KNOWN.map(|(name, _)| name).join(", "));
    }
    Ok(report)
}

/// Processor time so far: of the worker, of the process with the compositor, and of the program.
struct Spent {
    worker: Duration,
    compositor: Duration,
    program: Duration,
}

impl Spent {
    fn so_far(worker: &Worker) -> anyhow::Result<Spent> {
        let (mut compositor, mut program) = (Duration::ZERO, Duration::ZERO);
        for (pid, own) in processes(worker) {
            // One that has just ended has spent what it has.
            let Ok(cpu) = cpu_of(pid) else { continue };
            *if own { &mut compositor } else { &mut program } += cpu;
        }
        Ok(Spent { worker: cpu_of(worker.pid())?, compositor, program })
    }
}

/// What a worker has started, and whether it is a process of our own.
fn processes(worker: &Worker) -> impl Iterator<Item = (u32, bool)> {
    tree_of([worker.pid()].into_iter()).skip(1).filter_map(|pid| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        let mut words = line.split('\0');
        // The X server draws nothing by itself: it hands on what programs of X11 draw.
        let server = words.next().is_some_and(|name| name.ends_with("Xwayland"));
        Some((pid, server || words.next() == Some("guest")))
    })
}

fn measure(case: &Case, command: &[String], moves: bool, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let mut worker = Worker::start(1)?;
    let (mut player, offer) = Player::new()?;
    let asked = Instant::now();
    // One that lies elsewhere than programs do is not behind the fence by itself.
    let read = command.first().filter(|name| name.contains('/')).cloned().into_iter().collect();
    let program = Program { size: case.size, read, ..Program::new(command.to_vec()) };
    let prepared = worker.prepare_program(program)?;
    let (session, answer) = worker.open(&prepared, VideoMode::H264, offer)?;
    player.connect(&answer)?;
    let first = asked.elapsed();
    let programs = processes(&worker).filter(|(_, own)| !own).filter_map(|(pid, _)| age_of(pid).ok());
    let own = programs.max().unwrap_or_default().min(first);
    player.play_for(SETTLES)?;
    let (before, pictures, bytes, began) = (Spent::so_far(&worker)?, player.pictures, player.bytes, Instant::now());
    player.play_for(case.time)?;
    let bytes = player.bytes - bytes;
    let (after, pictures, took) = (Spent::so_far(&worker)?, player.pictures - pictures, began.elapsed().as_secs_f64());
    let receipt = worker.receipt(session)?;

    let [width, height] = case.size;
    let name =
        |what: &str| format!("{} at {width}x{height}: {what}", command[0].rsplit('/').next().unwrap_or_default());
    let share = |after: Duration, before: Duration| (after - before).as_secs_f64() / took * 100.0;
    let (worker_share, compositor_share) =
        (share(after.worker, before.worker), share(after.compositor, before.compositor));
    figures.push(Figure::ms(name("asked to first picture"), first.as_secs_f64() * 1e3, None));
    figures.push(Figure::ms(name("of it before the program began"), (first - own).as_secs_f64() * 1e3, Some(500.0)));
    figures.push(Figure::new(name("pictures a second"), pictures as f64 / took, "1/s", None, Better::Higher));
    let small = u32::from(width) * u32::from(height) <= 1280 * 720;
    if let Some(node) = receipt.node.filter(|_| moves) {
        let target = |ms| small.then_some(ms);
        figures.push(Figure::ms(name("commit to last packet, p50"), node.p50_ms, target(6.0)));
        figures.push(Figure::ms(name("commit to last packet, p95"), node.p95_ms, target(10.0)));
        for stage in receipt.stages.iter().filter(|stage| ["convert", "encode", "send"].contains(&stage.name.as_str()))
        {
            figures.push(Figure::ms(name(&format!("{}, p50", stage.name)), stage.p50_ms, None));
            figures.push(Figure::ms(name(&format!("{}, p95", stage.name)), stage.p95_ms, None));
        }
    }
    let percent = |what: &str, value, target| Figure::new(name(what), value, "% of a core", target, Better::Lower);
    figures.push(percent("processor time of the compositor", compositor_share, None));
    figures.push(percent("processor time of convert, encode and send", worker_share, None));
    let all = if moves { (!small).then_some(100.0) } else { Some(2.0) };
    figures.push(percent("processor time of both", compositor_share + worker_share, all));
    figures.push(percent("processor time of the program itself", share(after.program, before.program), None));
    let kbits = bytes as f64 * 8.0 / 1e3 / took;
    figures.push(Figure::new(name("pictures take"), kbits, "kbit/s", (!moves).then_some(50.0), Better::Lower));
    Ok(())
}
