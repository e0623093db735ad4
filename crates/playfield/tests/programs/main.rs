//! Linux programs behind their fence: the real program that a worker starts for each, with real programs in it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use playfield_core::input::TickInput;
use playfield_runtime::confine::Rules;
use playfield_runtime::desktop::{Command, DesktopGuest, Opening, Size};
use playfield_runtime::{Guest, GuestConfig, GuestError, GuestEvent};

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
        let home = std::env::temp_dir().join(format!("playfield-programs-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        let tries = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/tries.py");
        let opening = Opening {
            command: Command {
                line: line.iter().map(|word| (*word).to_owned()).collect(),
                environment: BTreeMap::new(),
                folder: None,
                size: Size { width: 640, height: 360 },
                hz: 60,
                resize: false,
                keyboard: Default::default(),
                pads_are_keys: false,
                pad_keys: BTreeMap::new(),
            },
            rules: Rules {
                read: vec![tries],
                home: Some(home.clone()),
                gamepads: true,
                memfd: true,
                ..Rules::default()
            },
        };
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
