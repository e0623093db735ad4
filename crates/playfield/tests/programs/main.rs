//! Linux programs behind their fence: the real program that a worker starts for each, with real programs in it.

#![allow(clippy::unwrap_used)]

mod cards;
mod menus;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use playfield_core::input::TickInput;
use playfield_media::audio::{OpusConfig, OpusEncoder};
use playfield_runtime::confine::Rules;
use playfield_runtime::desktop::{Command, DesktopGuest, Opening, Size};
use playfield_runtime::{Guest, GuestConfig, GuestError, GuestEvent, VoicePacket};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program in a session of its own.
struct Session {
    guest: DesktopGuest,
    home: PathBuf,
    lines: Vec<String>,
}

impl Session {
    fn open(name: &str, line: &[&str]) -> Result<Session, GuestError> {
        Session::open_with(name, line, false)
    }

    fn open_with(name: &str, line: &[&str], microphone: bool) -> Result<Session, GuestError> {
        Session::open_opening(name, line, |opening| opening.command.microphone = microphone)
    }

    fn open_opening(name: &str, line: &[&str], change: impl FnOnce(&mut Opening)) -> Result<Session, GuestError> {
        let home = std::env::temp_dir().join(format!("playfield-programs-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
        let mut opening = Opening {
            command: Command {
                line: line.iter().map(|word| (*word).to_owned()).collect(),
                environment: BTreeMap::new(),
                folder: None,
                size: Size { width: 640, height: 360 },
                hz: 60,
                resize: false,
                keyboard: Default::default(),
                microphone: false,
                pads_are_keys: false,
                pad_keys: BTreeMap::new(),
            },
            rules: Rules {
                read: vec![scripts],
                home: Some(home.clone()),
                gamepads: true,
                memfd: true,
                ..Rules::default()
            },
            card: None,
        };
        change(&mut opening);
        let program = Path::new(env!("CARGO_BIN_EXE_playfield"));
        let guest = DesktopGuest::open(program, opening, &GuestConfig::default())?;
        Ok(Session { guest, home, lines: Vec::new() })
    }

    /// Plays until the program has said this; what it said so far.
    fn until(&mut self, said: &str) -> Result<&[String], GuestError> {
        let began = Instant::now();
        while !self.lines.iter().any(|line| line.contains(said)) {
            assert!(began.elapsed() < PATIENCE, "it never said `{said}`: {:#?}", self.lines);
            let tick = self.guest.tick(&TickInput::default());
            self.hear();
            if tick?.exited {
                assert!(self.lines.iter().any(|line| line.contains(said)), "it ended before: {:#?}", self.lines);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(&self.lines)
    }

    fn hear(&mut self) {
        let mut events = Vec::new();
        self.guest.take_events(&mut events);
        self.lines.extend(events.into_iter().filter_map(|event| match event {
            GuestEvent::Log { line, .. } => Some(line),
            GuestEvent::Records(records) => Some(format!("records: {records}")),
            _ => None,
        }));
    }

    /// Plays until it ends; how.
    fn ends(&mut self) -> Result<(), GuestError> {
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "it does not end: {:#?}", self.lines);
            let tick = self.guest.tick(&TickInput::default());
            self.hear();
            if tick?.exited {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The next run makes another.
        drop(std::fs::remove_dir_all(&self.home));
    }
}

#[test]
fn a_session_gets_at_nothing_of_another_or_of_the_machine() {
    let tries = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/tries.py");
    let tries = tries.to_str().unwrap();
    // A service of the machine, which whoever shares its network reaches.
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = service.local_addr().unwrap().port().to_string();
    let own = std::process::id().to_string();

    let mut mine = Session::open("mine", &["python3", tries, "mine", &own, &port, "/nowhere"]).unwrap();
    let said = mine.until("all tried").unwrap();
    for item in [
        "home",
        "tmp",
        "shared memory",
        "runtime folder",
        "abstract socket",
        "socket in a folder",
        "loopback",
        "its own screen",
    ] {
        assert!(said.iter().any(|line| line.starts_with(&format!("{item}: got in"))), "{item} is its own: {said:#?}");
    }
    std::fs::write(mine.home.join("secret"), "secret").unwrap();

    // The second one runs while the first holds its doors open.
    let folder = mine.home.to_str().unwrap().to_owned();
    let mut other = Session::open("other", &["python3", tries, "other", &own, &port, &folder]).unwrap();
    let said = other.until("all tried").unwrap();
    let got_in: Vec<&String> = said.iter().filter(|line| line.contains(": got in")).collect();
    assert_eq!(got_in.len(), 1, "its own screen, and nothing else: {got_in:#?}");
    assert!(got_in[0].starts_with("its own screen"));
    assert_eq!(said.iter().filter(|line| line.contains(": kept out")).count(), 24, "{said:#?}");
    let seen = said.iter().find_map(|line| line.strip_prefix("processes seen: ")).unwrap();
    assert!(seen.parse::<u32>().unwrap() <= 4, "its own: {seen}");
    assert!(said.iter().any(|line| line == "network interfaces: lo"), "{said:#?}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let Err(error) = Session::open("none", &["no-such-program"]).map(drop) else { panic!("it was started") };
    assert!(error.to_string().contains("there is no program `no-such-program`"), "{error}");
}

#[test]
fn how_a_program_ends_is_told_apart() {
    let ends = |name: &str, script: &str| Session::open(name, &["sh", "-c", script]).unwrap().ends();
    assert_eq!(ends("well", "exit 0"), Ok(()));
    let said = |result: Result<(), GuestError>| result.unwrap_err().to_string();
    assert!(said(ends("code", "exit 3")).contains("exit code 3"));
    assert!(said(ends("crash", "kill -SEGV $$")).contains("segmentation fault"));
}

/// Packets of 10 ms of a tone, with their times.
fn tone(hz: f64, packets: usize) -> Vec<(u64, Vec<u8>)> {
    let wave = |n: usize| ((n as f64 * hz * std::f64::consts::TAU / 48_000.0).sin() * 12_000.0) as i16;
    let samples: Vec<i16> = (0..packets * 480).flat_map(|n| [wave(n), wave(n)]).collect();
    let mut encoder = OpusEncoder::new(OpusConfig { constant_bitrate: true, ..OpusConfig::default() }).unwrap();
    encoder.push(&samples);
    let mut bytes = Vec::new();
    std::iter::from_fn(|| {
        let packet = encoder.poll(&mut bytes).unwrap()?;
        Some((packet.position, std::mem::take(&mut bytes)))
    })
    .collect()
}

/// How loud a tone is in 16-bit samples, by Goertzel's sum: a sine's amplitude.
fn level(samples: &[f64], hz: f64) -> f64 {
    let step = hz / 16_000.0 * std::f64::consts::TAU;
    let sum = |of: fn(f64) -> f64| samples.iter().enumerate().map(|(n, s)| s * of(n as f64 * step)).sum::<f64>();
    sum(f64::sin).hypot(sum(f64::cos)) * 2.0 / samples.len() as f64
}

#[test]
fn a_program_hears_the_microphone_while_it_records() {
    // Three seconds of it.
    let record = "parec --raw --format=s16le --rate=16000 --channels=1 --latency-msec=10 | head -c 96000 > $HOME/heard; \
        echo recorded; sleep 100";
    let mut session = Session::open_with("microphone", &["sh", "-c", record], true).unwrap();
    let feed = session.guest.take_feed().unwrap();
    assert!(session.guest.take_feed().is_none());
    session.until("records: true").unwrap();
    let began = Instant::now();
    for (number, (position, data)) in tone(440.0, 1_000).into_iter().enumerate() {
        while began.elapsed() < Duration::from_millis(number as u64 * 10) {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Every twentieth is lost, and every thirtieth is none.
        let data = if number % 30 == 29 { vec![0xff; 40] } else { data };
        let packet = VoicePacket { voice: 1, number: number as u64, time: position as u32, data: &data };
        assert!(number % 20 == 19 || feed.send(packet));
        session.guest.tick(&TickInput::default()).unwrap();
        session.hear();
        if session.lines.iter().any(|line| line.contains("recorded")) {
            break;
        }
    }
    session.until("recorded").unwrap();
    session.until("records: false").unwrap();
    let bytes = std::fs::read(session.home.join("heard")).unwrap();
    let samples: Vec<f64> = bytes.chunks_exact(2).map(|two| f64::from(i16::from_le_bytes([two[0], two[1]]))).collect();
    let tenths: Vec<&[f64]> = samples.chunks_exact(1_600).collect();
    let loud = tenths.iter().filter(|part| level(part, 440.0) > 8_000.0).count();
    assert!(loud >= 10, "{loud} tenths of a second were heard of {}", tenths.len());
    assert!(tenths.iter().all(|part| level(part, 1_000.0) < 1_500.0), "nothing else was");
}

#[test]
fn a_program_that_may_not_hear_the_microphone_records_silence() {
    let record = "parec --raw --channels=1 --rate=8000 | head -c 4000 > $HOME/heard; echo recorded; sleep 100";
    let mut session = Session::open("silence", &["sh", "-c", record]).unwrap();
    assert!(session.guest.take_feed().is_none());
    session.until("recorded").unwrap();
    assert_eq!(std::fs::read(session.home.join("heard")).unwrap(), [0; 4_000]);
    assert!(!session.lines.iter().any(|line| line.contains("records:")), "nobody is asked for anything");
}
