//! `peers`: what one would take instead of Playfield, measured beside it: the same program, the same size, the same machine, in
//! turns. SPECIFICATION.md, "Peers", says what is counted, by which settings, and what came out.
//!
//! ```text
//!   systems    who streams: Playfield, FFmpeg, GStreamer, xpra, TigerVNC; each starts a program and a viewer
//!   stage      the processes of one turn, which end with it
//!   processes  what they take, from /proc
//!   wire       what goes over the loopback, from tests/peers/wire.c: pictures, and the delay of each that was shown
//!   rfb        the viewer of VNC
//!   report     medians, ratios, a table, JSON
//! ```
//!
//! The delay is measured on the wire alone, so that it is the same for what is encrypted, and for any codec: a program of our own
//! (`tests/peers/flip.c`) stands still and shows something else at moments that it tells; the picture ends with its last packet.

mod processes;
mod report;
mod rfb;
mod stage;
mod systems;
mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::shell::{Cmd, Failure, root, target};
use crate::{play, tools};
use processes::{between, spent};
use report::{Row, Table, Turn};
use stage::Stage;
use systems::{ALL, Running, Scene, System};

pub const HELP: &str = "\
cargo xtask peers [OPTIONS] [-- PROGRAM...]

Measures Playfield beside what one would take instead, on this machine: FFmpeg, GStreamer, xpra, TigerVNC. Installs them from
Debian where they are missing, and listens to the loopback: so it wants to be root, or sudo without a password.

  --only PEER      this one alone, and Playfield; may be repeated: ffmpeg, gstreamer, xpra, tigervnc
  --scene SCENE    this one alone; may be repeated: part, whole, move, doom, supertux
  --rounds N       turns of each (3)
  --seconds N      of each turn that are measured (10)
  --size WxH       of the screen (1280x720)
  --json FILE      write all figures there too
  --keep FOLDER    keep there what each turn said, and its packets as they were heard
  -- PROGRAM...    this program and its arguments, in place of all scenes
";

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    only: Vec<String>,
    scenes: Vec<String>,
    rounds: usize,
    seconds: u64,
    size: [u32; 2],
    json: Option<PathBuf>,
    keep: Option<PathBuf>,
    program: Vec<String>,
}

/// What measures.
struct Tools<'a> {
    /// `tests/peers/flip.c`.
    flip: &'a Path,
    /// The command that listens to the loopback.
    listener: &'a str,
}

/// What is watched.
struct Show {
    name: String,
    what: &'static str,
    command: Vec<String>,
    /// It is our own; true: it flips, and says when.
    own: Option<bool>,
    /// Until it shows what is to be measured.
    settles: Duration,
    packages: &'static [&'static str],
}

/// `cargo xtask peers`
pub fn run(args: &[String]) -> Result<bool, Failure> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return Ok(true);
    }
    let wish = wish(args)?;
    if !play::build() {
        return Ok(false);
    }
    let (flip, listener) = (compile("flip")?, compile("wire")?);
    let privilege = tools::root_prefix().ok_or_else(|| {
        Failure::new(
            "listening to the loopback needs an administrator: run it as root, or with sudo that asks for no password",
        )
    })?;
    let systems: Vec<System> = ALL.into_iter().filter(|system| wanted(&wish.only, *system) && there(*system)).collect();
    let shows: Vec<Show> = shows(&wish, &flip).into_iter().filter(Show::there).collect();
    let machine = machine();
    let listener = format!("{privilege}timeout {} {}", wish.seconds, listener.display());
    let mut tables = Vec::new();
    for show in &shows {
        tables.push(watch(show, &systems, &wish, &Tools { flip: &flip, listener: &listener }));
    }
    println!("\n{machine}; {} rounds of {} s, in turns; load {} at the end\n", wish.rounds, wish.seconds, load());
    tables.iter().for_each(|table| println!("{}", report::table(table)));
    if let Some(file) = &wish.json {
        let failed = |error| Failure::new(format!("{}: {error}", file.display()));
        fs::write(root().join(file), report::json(&machine, &tables)).map_err(failed)?;
    }
    Ok(tables.iter().all(|table| table.rows.iter().all(|row| row.turns.len() == wish.rounds)))
}

fn wanted(only: &[String], system: System) -> bool {
    system == System::Playfield || only.is_empty() || only.iter().any(|name| name == system.name())
}

/// What it needs is installed; if that cannot be, it is named and left out.
fn there(system: System) -> bool {
    let done = tools::packages(system.packages());
    if let Err(failure) = &done {
        println!("left out: {}: {failure}", system.name());
    }
    done.is_ok()
}

impl Show {
    fn there(&self) -> bool {
        let done = tools::packages(self.packages);
        if let Err(failure) = &done {
            println!("left out: {}: {failure}", self.name);
        }
        done.is_ok()
    }
}

fn wish(args: &[String]) -> Result<Wish, Failure> {
    let (mut only, mut scenes, mut program) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rounds, mut seconds, mut size, mut json, mut keep) = (3, 10, [1280, 720], None, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            program = args.by_ref().cloned().collect();
            continue;
        }
        let value = args.next().ok_or_else(|| Failure::new(format!("{arg} wants a value\n\n{HELP}")))?;
        let number = || value.parse().ok().filter(|number| (1..=3_600).contains(number));
        let bad = || Failure::new(format!("{arg} cannot be {value}\n\n{HELP}"));
        match arg.as_str() {
            "--only" if ALL.iter().skip(1).any(|system| system.name() == value) => only.push(value.clone()),
            "--scene" if SCENES.contains(&value.as_str()) => scenes.push(value.clone()),
            "--rounds" => rounds = number().ok_or_else(bad)? as usize,
            "--seconds" => seconds = number().ok_or_else(bad)?,
            "--size" => size = parse_size(value).ok_or_else(bad)?,
            "--json" => json = Some(PathBuf::from(value)),
            "--keep" => keep = Some(PathBuf::from(value)),
            "--only" | "--scene" => return Err(bad()),
            _ => return Err(Failure::new(format!("unknown option {arg}\n\n{HELP}"))),
        }
    }
    Ok(Wish { only, scenes, rounds, seconds, size, json, keep, program })
}

fn parse_size(text: &str) -> Option<[u32; 2]> {
    let (width, height) = text.split_once('x')?;
    let side =
        |text: &str| text.parse().ok().filter(|side: &u32| (64..=4_096).contains(side) && side.is_multiple_of(2));
    Some([side(width)?, side(height)?])
}

/// Until a program shows what is to be measured, and whoever streams has found out what the machine and the path can do.
const SETTLES: Duration = Duration::from_secs(12);

const SCENES: [&str; 5] = ["part", "whole", "move", "doom", "supertux"];

/// What is to be watched. All of it moves by itself, and has no sound, which only some would send.
fn shows(wish: &Wish, flip: &Path) -> Vec<Show> {
    if !wish.program.is_empty() {
        let (command, settles) = (wish.program.clone(), SETTLES);
        return vec![Show { name: command[0].clone(), what: "", command, own: None, settles, packages: &[] }];
    }
    // Without a window manager a window is as large as its program makes it.
    let size = format!("{}x{}", wish.size[0], wish.size[1]);
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<String>>();
    let own = |name: &str, flips, what| Show {
        name: name.to_owned(),
        what,
        command: vec![flip.display().to_string(), name.to_owned(), size.clone()],
        own: Some(flips),
        settles: SETTLES,
        packages: &[],
    };
    let game = |name: &str, what, line: &str, packages| Show {
        name: name.to_owned(),
        what,
        command: words(line),
        own: None,
        settles: SETTLES,
        packages,
    };
    let all = vec![
        own("part", true, "stands still, and a quarter of it changes three times a second"),
        own("whole", true, "stands still, and all of it changes three times a second"),
        own("move", false, "all of it scrolls, 60 times a second"),
        game(
            "doom",
            "Chocolate Doom plays its demonstration",
            &format!("chocolate-doom -nosound -geometry {size}w -iwad /usr/share/games/doom/freedoom1.wad"),
            &["chocolate-doom", "freedoom"],
        ),
        game(
            "supertux",
            "SuperTux shows its title, drawn by the processor",
            &format!("env SDL_AUDIODRIVER=dummy ALSOFT_DRIVERS=null supertux2 --window --geometry {size}"),
            &["supertux", "libgl1-mesa-dri"],
        ),
    ];
    all.into_iter().filter(|show| wish.scenes.is_empty() || wish.scenes.contains(&show.name)).collect()
}

/// A program of `tests/peers`.
fn compile(name: &str) -> Result<PathBuf, Failure> {
    let folder = target().join("peers");
    fs::create_dir_all(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    let program = folder.join(name);
    let source = root().join(format!("tests/peers/{name}.c"));
    Cmd::new("cc -O2 -Wall -Wextra -Werror -o").args([&program, &source]).run()?;
    Ok(program)
}

/// All turns of a scene. Who begins changes from round to round, so that what is before whom does too.
fn watch(show: &Show, systems: &[System], wish: &Wish, tools: &Tools) -> Table {
    let mut rows: Vec<Row> = systems.iter().map(|system| Row { system: *system, turns: Vec::new() }).collect();
    for round in 0..wish.rounds {
        for at in 0..rows.len() {
            let place = (round + at) % rows.len();
            let row = &mut rows[place];
            match turn(row.system, show, (wish, round), tools) {
                Ok(turn) => {
                    let (cpu, pictures) = (turn.cpu, turn.pictures);
                    println!(
                        "{} {}: {}: {cpu:.1} % of a core, {pictures:.1} pictures a second, load {}",
                        show.name,
                        round + 1,
                        row.system.name(),
                        load()
                    );
                    row.turns.push(turn);
                }
                Err(failure) => println!("{} {}: {} FAILED: {failure}", show.name, round + 1, row.system.name()),
            }
        }
    }
    let scene = format!("{} at {}x{}: {}", show.name, wish.size[0], wish.size[1], show.what);
    Table { scene, flips: show.own == Some(true), rows }
}

fn turn(system: System, show: &Show, (wish, round): (&Wish, usize), tools: &Tools) -> Result<Turn, Failure> {
    let name = format!("{}-{}-{}", show.name.replace('/', "-"), round + 1, system.name());
    let kept = wish.keep.as_ref().map(|folder| root().join(folder).join(&name));
    let passing = || std::env::temp_dir().join(format!("playfield-peers-{}-{}", std::process::id(), system.name()));
    let folder = kept.clone().unwrap_or_else(passing);
    let time = show.settles + Duration::from_secs(wish.seconds);
    let for_x11 = show.own.map(|_| "x11");
    let scene = Scene { command: &show.command, for_x11, watcher: tools.flip, size: wish.size, time };
    let mut running = system.start(Stage::new(folder.clone())?, &scene)?;
    std::thread::sleep(show.settles);
    running.stage.all_run()?;
    let turn = measure(&running, tools.listener)?;
    running.stage.all_run()?;
    drop(running);
    // What failed is kept, to be looked at.
    let removed = if kept.is_some() { Ok(()) } else { fs::remove_dir_all(&folder) };
    removed.map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    Ok(turn)
}

fn measure(running: &Running, listener: &str) -> Result<Turn, Failure> {
    let ports: Vec<String> = running.ports().into_iter().map(|port| port.to_string()).collect();
    if ports.is_empty() {
        return Err(Failure::new("it has no sockets"));
    }
    let counted = || running.count.as_ref().map(|count| count.load(Ordering::Relaxed));
    let (before, pictures, began) = (spent(&running.counted()), counted(), Instant::now());
    // It ends by itself, which `timeout` calls a failure.
    let heard = Cmd::new(listener).args(&ports).read_any()?;
    let (took, after) = (began.elapsed().as_secs_f64(), spent(&running.counted()));
    let counted = counted().zip(pictures).map(|(after, before)| (after - before) as f64);
    running.stage.keep("wire", &heard);
    let heard = wire::pictures(&heard, running.payload);
    if heard.pictures.is_empty() {
        return Err(Failure::new("no picture went over the loopback"));
    }
    let mut pictures = counted.unwrap_or(wire::new_ones(&heard.pictures) as f64) / took;
    // Who looks more often than the program draws sends some pictures twice.
    if let Some(drawn) = running.drawn().and_then(|log| wire::drawn(&wire::said(&log, "watch"), heard.since)) {
        pictures = pictures.min(drawn);
    }
    let flips: Vec<wire::Moment> = wire::said(&running.said(), "flip").into_iter().map(|(_, time)| time).collect();
    let cpu = between(&before, &after).as_secs_f64() / took * 100.0;
    let kbit = heard.bytes as f64 * 8.0 / 1e3 / took;
    let (delays, missed) = wire::delays(heard, &flips);
    Ok(Turn { delays, missed, cpu, pictures, kbit })
}

fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| Some(line.strip_prefix("model name")?.split_once(": ")?.1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores, load {} at the beginning", model.unwrap_or("unknown processor"), load())
}

/// Of the last minute.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_and_wrong_ones_named() {
        let wish = |line: &str| wish(&line.split_whitespace().map(str::to_owned).collect::<Vec<String>>());
        let made = wish("--only xpra --rounds 3 --size 640x360 --scene part --json f -- foot --x y").unwrap();
        assert_eq!((made.rounds, made.seconds, made.size), (3, 10, [640, 360]));
        assert_eq!(
            (made.only, made.scenes, made.json),
            (vec!["xpra".to_owned()], vec!["part".to_owned()], Some("f".into()))
        );
        assert_eq!(made.program, ["foot", "--x", "y"]);
        let check = |line: &str, expect: &str| {
            let failure = wish(line).unwrap_err().to_string();
            assert!(failure.starts_with(expect), "{failure}");
        };
        check("--only nobody", "--only cannot be nobody");
        check("--only playfield", "--only cannot be playfield");
        check("--rounds 0", "--rounds cannot be 0");
        check("--size 641x360", "--size cannot be 641x360");
        check("--scene", "--scene wants a value");
        check("--what 1", "unknown option --what");
    }
}
