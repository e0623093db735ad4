//! Replays: hashes, sound and events of a run, without a clock.

use playfield_core::frame::Picture;
use playfield_core::input::TickInput;
use playfield_core::input::log::{InputLog, Recorder};
use playfield_runtime::conformance::config_for;
use playfield_runtime::replay::{ReplayError, Sink, replay};
use playfield_runtime::{Guest, GuestConfig, GuestEvent, Snapshot};

use crate::support::*;

#[derive(Debug, Default, PartialEq)]
struct Everything {
    hashes: Vec<(u64, String)>,
    frames_of_sound: u64,
    samples: u64,
    events: usize,
}

impl Sink for Everything {
    fn wants_hashes(&self) -> bool {
        true
    }

    fn hash(&mut self, frame: u64, sha256: &str) -> Result<(), ReplayError> {
        self.hashes.push((frame, sha256.to_owned()));
        Ok(())
    }

    fn frame(&mut self, _frame: u64, _picture: &Picture, sound: &[i16], frames: u32) -> Result<(), ReplayError> {
        assert!(sound.is_empty() || sound.len() == frames as usize * 2);
        self.frames_of_sound += u64::from(frames);
        self.samples += sound.len() as u64;
        Ok(())
    }

    fn event(&mut self, _frame: u64, _event: GuestEvent) -> Result<(), ReplayError> {
        self.events += 1;
        Ok(())
    }
}

/// Shows the pad, random numbers and the time; beeps and speaks while `a` is held; leaves at frame 70.
fn talker() -> Vec<u8> {
    showing(
        "(call $pad (i32.const 0) (i32.const 0)) (call $random (i32.const 16) (i32.const 8))
         (i64.store (i32.const 24) (i64.div_u (call $tick) (i64.const 10)))
         (if (i32.load8_u (i32.const 0)) (then
           (drop (call $push (i32.const 0) (call $wanted))) (call $log (i32.const 2) (i32.const 0) (i32.const 0))))
         (if (i64.eq (call $tick) (i64.const 70)) (then (call $exit)))",
    )
}

fn run(log: &InputLog, frames: u64) -> (u64, Everything) {
    let mut guest = open_with(&talker(), config_for(log)).unwrap();
    let mut made = Everything::default();
    let count = replay(&mut guest, log, frames, &mut made).unwrap();
    (count, made)
}

#[test]
fn a_log_makes_the_same_hashes_every_time() {
    let log = log("{\"playfield\":1,\"seed\":3}\n{\"frame\":4,\"pad\":[\"a\"]}\n{\"frame\":7,\"pad\":[]}");
    let (count, made) = run(&log, 30);
    assert_eq!((count, made.hashes.len(), made.events), (30, 30, 3));
    assert_eq!((made.frames_of_sound, made.samples), (24_000, 3 * 1_600));
    assert_eq!(run(&log, 30).1, made);
    let other_seed = InputLog::parse("{\"playfield\":1,\"seed\":4}").unwrap();
    assert_ne!(run(&other_seed, 30).1, made);
}

#[test]
fn a_replay_ends_with_its_guest() {
    assert_eq!(run(&InputLog::default(), 100).0, 70);
    let mut guest = open(&ticking("(if (i64.eq (call $tick) (i64.const 3)) (then unreachable))")).unwrap();
    let error = replay(&mut guest, &InputLog::default(), 9, &mut Everything::default()).unwrap_err();
    assert!(error.to_string().starts_with("frame 3: the title crashed"), "{error}");
}

#[test]
fn a_recorded_run_replays_as_it_was() {
    let mut text = String::new();
    let mut recorder = Recorder::new(9, 0, &mut text);
    let mut guest = open_with(&talker(), GuestConfig { seed: 9, ..config() }).unwrap();
    let mut input = TickInput::default();
    for frame in 1..=50 {
        input.players[0].connected = frame > 5;
        input.players[0].pad.buttons = ((frame / 7) % 3) as u16;
        recorder.record(frame, &input, &mut text);
        guest.tick(&input).unwrap();
    }
    let log = log(&text);
    let mut again = open_with(&talker(), config_for(&log)).unwrap();
    replay(&mut again, &log, 50, &mut Everything::default()).unwrap();
    let (mut a, mut b) = (Snapshot::default(), Snapshot::default());
    guest.snapshot(&mut a).unwrap();
    again.snapshot(&mut b).unwrap();
    assert_eq!(a, b);
}
