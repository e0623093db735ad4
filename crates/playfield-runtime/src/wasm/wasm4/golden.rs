//! Drawing, call by call, against the console's reference runtime.
//!
//! A script is a few dozen random calls from a seed. [`GOLDEN`] holds the SHA-256 over the framebuffer after each of its
//! calls, as the web runtime of npm's `wasm4` 2.7.1 produced them. To compare afresh, set `PLAYFIELD_WASM4_SCRIPTS` to a
//! file and `PLAYFIELD_WASM4_SEEDS` to a number and run this module's tests: the file then holds each script as text, for
//! a player in the reference's own language, with what came of it here:
//!
//! ```text
//!   script NAME SEED
//!   memory HEX           (all 65,536 bytes)
//!   CALL ARGS = RESULT   (RESULT: a number, text in hex, or err)
//!   pixels HEX           (SHA-256 of the framebuffer now)
//!   ...
//!   golden HEX
//! ```

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{DRAW_COLORS, FRAMEBUFFER, SCREEN_BYTES, Wasm4};

const CALLS: usize = 48;
const SEEDS: u64 = 4;

/// By script name, for the seeds 0 to 3: the first 8 bytes of the hash.
#[rustfmt::skip]
const GOLDEN: &[(&str, [u64; SEEDS as usize])] = &[
    ("line", [0xe75db4a2_4f6ea5e6, 0x7726c9d4_e8f89e8a, 0xee2b7817_29a8aec0, 0x4c058698_78495fa4]),
    ("hline", [0x48dfb661_fcc55c4c, 0xcd564790_9ae20631, 0x834e617f_ae3c1e58, 0x278c02d5_bf69326b]),
    ("vline", [0x9cfe86a7_07e08ef4, 0xe3fc4a42_e473918d, 0xb22d8d2b_70a37a1c, 0x36ae5cfa_364c0f0d]),
    ("rect", [0x74787dcb_b912fa33, 0x4c7c0f49_f65dc5d7, 0x8af178bc_48479d4b, 0xc9bf0ad8_9c7be388]),
    ("oval", [0xb35508e4_ea31ce1b, 0x062cd243_42e267cc, 0x60349f71_93c60b19, 0x12111fb1_f258c590]),
    ("blit", [0x222137e1_95616209, 0xd2fe66ac_d70306bc, 0xce1fdb83_5be5346c, 0x78360baa_94ef024e]),
    ("blitSub", [0xc46d13cf_a573044a, 0x8ce9aa10_e9fcc8cf, 0x618a2924_400c345d, 0x4f4ac1ee_811f54d8]),
    ("text", [0xc648ac2c_17abdbfb, 0x8fc8f4fe_3fd16376, 0x5d917a12_73c0b1f1, 0x248ff938_dcadc9e3]),
    ("textUtf8", [0xfbf715f3_a2ce2fb8, 0x6f02fcd3_160af16f, 0xe6069b5b_5b0a7e55, 0x67cb2d7c_13538097]),
    ("textUtf16", [0xd6403084_4cfdba48, 0xbc5369dd_e88c548b, 0xf6a746d6_285563a3, 0x6577dfa6_4c113a18]),
    ("disk", [0x92e491dd_eb663e0f, 0x2d8f42f6_687296fa, 0x5df96c46_e95324e4, 0x6943b637_0261852e]),
    ("all", [0x584e96e1_f9a7f006, 0x17b31bb1_2b3c31e7, 0x75244ef7_f8c2c5e3, 0xec6b72c2_04f58dd1]),
];

#[test]
fn every_call_draws_what_the_reference_draws() {
    for (name, hashes) in GOLDEN {
        for (seed, expect) in (0..).zip(hashes) {
            let hash = Script::new(name, seed).play(None);
            let head = hash[..8].iter().fold(0, |all, &byte| (all << 8) | u64::from(byte));
            assert_eq!(head, *expect, "script {name}, seed {seed}");
        }
    }
}

#[test]
fn scripts_are_written_for_the_reference_on_request() {
    let Ok(path) = std::env::var("PLAYFIELD_WASM4_SCRIPTS") else { return };
    let seeds = std::env::var("PLAYFIELD_WASM4_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    let mut text = String::new();
    for name in GOLDEN.iter().map(|golden| golden.0).chain(["trace"]) {
        for seed in 0..seeds {
            Script::new(name, seed).play(Some(&mut text));
        }
    }
    std::fs::write(path, text).unwrap();
}

/// What the calls are made of: a seeded random source (SplitMix64) with the habits of cartridges.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn range(&mut self, from: i32, to: i32) -> i32 {
        (i64::from(from) + (self.next() % (i64::from(to) - i64::from(from) + 1) as u64) as i64) as i32
    }

    fn one_in(&mut self, chance: u64) -> bool {
        self.next().is_multiple_of(chance)
    }

    /// A coordinate: mostly on the screen or near it.
    fn place(&mut self) -> i32 {
        match self.next() % 16 {
            0 => self.range(-1000, 1000),
            1 => self.range(-40_000, 40_000),
            2 | 3 => self.range(-8, 8),
            4 | 5 => self.range(150, 168),
            _ => self.range(-20, 180),
        }
    }

    /// A size: mostly small, sometimes none, negative or larger than the screen.
    fn size(&mut self) -> i32 {
        match self.next() % 16 {
            0 => self.range(-60, 1),
            1 => self.range(0, 3),
            2 => self.range(0, 2000),
            3..8 => self.range(0, 180),
            _ => self.range(1, 40),
        }
    }

    /// A place or a size far beyond all sense.
    fn wild(&mut self, value: i32) -> i32 {
        if self.one_in(24) { self.range(-0x7fff_fff0, 0x7fff_fff0) } else { value }
    }

    /// A pointer: mostly into the data, sometimes into the framebuffer, to the end of memory or past it.
    fn pointer(&mut self) -> i32 {
        match self.next() % 16 {
            0 => self.range(0xa0, 0x1900),
            1 => self.range(0xff80, 0x1_0000),
            2 if self.one_in(4) => self.range(0x1_0001, i32::MAX),
            3 if self.one_in(4) => self.range(i32::MIN, -1),
            _ => self.range(0x19a0, 0xf000),
        }
    }
}

/// A console, its memory and the calls to come.
struct Script {
    name: &'static str,
    seed: u64,
    random: Random,
    console: Wasm4,
    mem: Vec<u8>,
}

/// What a call gave.
enum Outcome {
    Number(u32),
    Line(String),
    Refused,
}

impl Script {
    fn new(name: &'static str, seed: u64) -> Script {
        let mut random = Random(name.bytes().fold(seed, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())));
        let console = Wasm4::new();
        let mut mem = vec![0; 0x1_0000];
        Wasm4::init_memory(&mut mem);
        for (at, byte) in mem.iter_mut().enumerate().skip(FRAMEBUFFER) {
            let noise = random.next() as u8;
            // Half of the data reads as text, with a line feed now and then.
            *byte = match (at / 512) % 2 {
                0 => noise,
                _ if noise < 12 => 10,
                _ => noise,
            };
        }
        Script { name, seed, random, console, mem }
    }

    /// Plays the script; the hash of every picture on the way. Writes it all down if asked.
    fn play(mut self, mut notes: Option<&mut String>) -> [u8; 32] {
        let mut golden = Sha256::new();
        if let Some(notes) = &mut notes {
            writeln!(notes, "script {} {}\nmemory {}", self.name, self.seed, hex(&self.mem)).unwrap();
        }
        for _ in 0..CALLS {
            let (call, args) = self.next_call();
            let outcome = self.call(call, &args);
            let pixels = &self.mem[FRAMEBUFFER..FRAMEBUFFER + SCREEN_BYTES];
            golden.update(pixels);
            if let Some(notes) = &mut notes {
                let args: String = args.iter().map(|arg| format!(" {arg}")).collect();
                let result = match outcome {
                    Outcome::Number(number) => number.to_string(),
                    Outcome::Line(line) => hex(line.as_bytes()),
                    Outcome::Refused => "err".into(),
                };
                writeln!(notes, "{call}{args} = {result}\npixels {}", hex(&Sha256::digest(pixels))).unwrap();
            }
        }
        let golden: [u8; 32] = golden.finalize().into();
        if let Some(notes) = &mut notes {
            writeln!(notes, "golden {}", hex(&golden)).unwrap();
        }
        golden
    }

    fn next_call(&mut self) -> (&'static str, Vec<i32>) {
        let random = &mut self.random;
        let name = match self.name {
            "all" => GOLDEN[random.range(0, 10) as usize].0,
            name => name,
        };
        if random.one_in(3) {
            return ("colors", vec![random.range(0, 0xffff)]);
        }
        if random.one_in(24) {
            return ("clear", vec![]);
        }
        let (x, y) = (random.place(), random.place());
        match name {
            "line" => ("line", vec![x, y, random.place(), random.place()]),
            "hline" | "vline" => {
                let len = random.size();
                (name, [x, y, len].map(|value| random.wild(value)).to_vec())
            }
            "rect" => {
                let (width, height) = (random.size(), random.size());
                ("rect", [x, y, width, height].map(|value| random.wild(value)).to_vec())
            }
            "oval" => ("oval", vec![x, y, random.size(), random.size()]),
            "blit" => {
                let (width, height) = (random.size(), random.size());
                let [x, y, width, height] = [x, y, width, height].map(|value| random.wild(value));
                ("blit", vec![random.pointer(), x, y, width, height, random.range(0, 31)])
            }
            "blitSub" => {
                let (width, height) = (random.size(), random.size());
                let (src_x, src_y, stride) = (random.range(-4, 99), random.range(-4, 99), random.range(-2, 200));
                ("blitSub", vec![random.pointer(), x, y, width, height, src_x, src_y, stride, random.range(0, 15)])
            }
            "text" => ("text", vec![random.pointer(), x, y]),
            "textUtf8" => ("textUtf8", vec![random.pointer(), random.range(-1, 60), x, y]),
            "textUtf16" => ("textUtf16", vec![random.pointer(), random.range(-1, 60), x, y]),
            "disk" if random.one_in(2) => ("diskr", vec![random.pointer() & 0x1fff, random.range(-9, 2000)]),
            "disk" => ("diskw", vec![random.pointer(), random.range(-9, 2000)]),
            _ => {
                // A format of pieces, then its arguments, some of them pointing at a string.
                let pieces = ["%d ", "%x,", "%f;", "%c", "%s|", "%%", "%q", "text "];
                let format: String = (0..random.range(0, 6)).map(|_| pieces[random.range(0, 7) as usize]).collect();
                let bytes = [format.as_bytes(), &[0]].concat();
                ("poke", [vec![0x2000], bytes.into_iter().map(i32::from).collect()].concat())
            }
        }
    }

    fn call(&mut self, name: &str, args: &[i32]) -> Outcome {
        let (console, mem) = (&mut self.console, &mut self.mem);
        let at = |index: usize| args[index];
        let size = |index: usize| args[index].cast_unsigned();
        let done = |result: Result<(), String>| result.map_or(Outcome::Refused, |()| Outcome::Number(0));
        let count = |result: Result<u32, String>| result.map_or(Outcome::Refused, Outcome::Number);
        match name {
            "colors" => mem[DRAW_COLORS..DRAW_COLORS + 2].copy_from_slice(&(at(0) as u16).to_le_bytes()),
            "clear" => mem[FRAMEBUFFER..FRAMEBUFFER + SCREEN_BYTES].fill(0),
            "line" => console.line(mem, at(0), at(1), at(2), at(3)),
            "hline" => console.hline(mem, at(0), at(1), size(2)),
            "vline" => console.vline(mem, at(0), at(1), size(2)),
            "rect" => console.rect(mem, at(0), at(1), size(2), size(3)),
            "oval" => console.oval(mem, at(0), at(1), size(2), size(3)),
            "blit" => return done(console.blit(mem, size(0), at(1), at(2), size(3), size(4), size(5))),
            "blitSub" => {
                return done(console.blit_sub(
                    mem,
                    size(0),
                    at(1),
                    at(2),
                    size(3),
                    size(4),
                    size(5),
                    size(6),
                    size(7),
                    size(8),
                ));
            }
            "text" => return done(console.text(mem, size(0), at(1), at(2))),
            "textUtf8" => return done(console.text_utf8(mem, size(0), size(1), at(2), at(3))),
            "textUtf16" => return done(console.text_utf16(mem, size(0), size(1), at(2), at(3))),
            "diskr" => return count(console.diskr(mem, size(0), size(1))),
            "diskw" => return count(console.diskw(mem, size(0), size(1))),
            _ => {
                for (byte, &value) in mem[0x2000..].iter_mut().zip(&args[1..]) {
                    *byte = value as u8;
                }
                let stack = 0x2100 + self.seed as u32 * 8 % 0x1000;
                return console.tracef(mem, 0x2000, stack).map_or(Outcome::Refused, Outcome::Line);
            }
        }
        Outcome::Number(0)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
