//! Whole cartridges against the console's own web runtime, version 2.7.1: 600 pictures each, with random players.
//!
//! Each digest is the SHA-256 of the lines `FRAME SHA256-OF-RGBA` that runtime made of the same cartridge and inputs.

use playfield_core::input::log::InputLog;
use playfield_runtime::conformance::check_guest_snapshot;
use playfield_runtime::replay::{ReplayError, Sink, replay};
use sha2::{Digest, Sha256};

use crate::support::*;

const FRAMES: u64 = 600;

/// Cartridges, each for another part of the console, and what the reference makes of them.
const CARTRIDGES: [(&str, &str, &str); 8] = [
    (
        "shapes",
        include_str!("cartridges/shapes.wat"),
        "4fd8f8064d074422dab20c394ba0fc077078503777048c53bd2bb44dc3fc5ac2",
    ),
    (
        "sprites",
        include_str!("cartridges/sprites.wat"),
        "c9bb5f12e6cc62b0dbf2012d8e19d2178e398e83672d02cfb0ad24e2d17cf7fc",
    ),
    ("words", include_str!("cartridges/words.wat"), "ab613a6b9ed854f059db0d9ea7d54ed63ec5c993621efe02e8b010ae643d6d08"),
    (
        "players",
        include_str!("cartridges/players.wat"),
        "cf0d25b145594dc6ec41f792df714830a1c4e5eb7bfced5b67c7e56a7dc1175b",
    ),
    ("zoom", include_str!("cartridges/zoom.wat"), "453bc8d453e8e4ce3eb48bc04c38e4765b4558f25a9457bc5d08ad3152db18f9"),
    ("loose", include_str!("cartridges/loose.wat"), "9c260181ec8ae4d07c3454fe9bbd50b32f03ad6d18238d7c08dbd3f2eac0d68a"),
    ("apart", include_str!("cartridges/apart.wat"), "e583b27dccc31c77d47fe26f5cbe1c974c5da3496f717532ffe20f50d73e5097"),
    ("bare", include_str!("cartridges/bare.wat"), "929a22b070f62f81fdacc806fff86ed7a97c1ee91b4ffb9d99deba88102b7891"),
];

/// A xorshift generator, from which the inputs come.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % sides
    }

    /// Some of `names`, as a JSON list.
    fn some(&mut self, names: &[&str]) -> String {
        let some: Vec<String> = names.iter().filter(|_| self.roll(3) == 0).map(|name| format!("\"{name}\"")).collect();
        format!("[{}]", some.join(","))
    }
}

/// Four players and a mouse that do anything.
fn anything() -> InputLog {
    let mut dice = Dice(11);
    let mut lines = String::new();
    for frame in 1..=FRAMES {
        for player in 0..4 {
            if dice.roll(if player == 0 { 6 } else { 25 }) == 0 {
                let pad = dice.some(&["a", "b", "left", "right", "up", "down"]);
                lines += &format!("{{\"frame\":{frame},\"player\":{player},\"pad\":{pad}}}\n");
            }
        }
        if dice.roll(5) == 0 {
            let (x, y) = (i64::from(dice.roll(200)) - 20, i64::from(dice.roll(200)) - 20);
            let buttons = dice.some(&["left", "right", "middle"]);
            lines += &format!("{{\"frame\":{frame},\"mouse\":{{\"x\":{x},\"y\":{y},\"buttons\":{buttons}}}}}\n");
        }
    }
    log(&lines)
}

/// Hashes the lines a replay prints.
#[derive(Default)]
struct Lines(Sha256);

impl Sink for Lines {
    fn wants_hashes(&self) -> bool {
        true
    }

    fn hash(&mut self, frame: u64, sha256: &str) -> Result<(), ReplayError> {
        self.0.update(format!("{frame} {sha256}\n"));
        Ok(())
    }
}

#[test]
fn whole_cartridges_show_what_the_reference_runtime_shows() {
    let log = anything();
    for (name, text, expect) in CARTRIDGES {
        let mut lines = Lines::default();
        let mut guest = open(&module(text)).unwrap();
        replay(&mut guest, &log, FRAMES, &mut lines).unwrap();
        assert_eq!(format!("{:x}", lines.0.finalize()), expect, "{name}");
    }
}

#[test]
fn whole_cartridges_go_on_from_any_saved_frame() {
    let log = anything();
    for (name, text, _) in CARTRIDGES {
        for save_at in [0, 1, 17, 90] {
            let checked = check_guest_snapshot(&ENGINE, &module(text), &log, save_at, save_at + 40);
            checked.unwrap_or_else(|error| panic!("{name}, saved at {save_at}: {error:?}"));
        }
    }
}
