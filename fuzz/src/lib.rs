//! What must hold for any bytes: one function for each parser that foreign bytes reach.
//!
//! Each takes bytes, hands them to the product and checks what has to be true whatever they are. A function that returns
//! is content. Two callers share them: libFuzzer, which makes up bytes (`cargo xtask fuzz`, `fuzz/targets`), and the test
//! `replay`, which runs what libFuzzer found worth keeping (`fuzz/corpus`) in every run of the tests.
//!
//! ```text
//!   viewer   wire  acks  signal  sdp  packet  voice  api   node -> viewer   delta  pictures
//!   title    cartridge  guest  calls  console  restore     worker -> node   bus
//!   program  sound
//!   people   config  manifest  log              camera -> hub    mqtt  evp  smartcamera  model
//!                                                          -> node   film  still  rtsp
//!   machine with cameras, and its server     link      broker, mail server -> hub    rules
//! ```
//!
//! Where one input is several messages, each is preceded by its length: [`packets`].
#![forbid(unsafe_code)]

mod cameras;
mod config;
mod console;
mod input;
mod link;
mod model;
mod modules;
mod network;
mod pictures;
mod rules;
mod sound;
mod sources;
#[allow(dead_code, reason = "the settings of logs are wanted, not the logs")]
#[path = "../../crates/playfield/src/telemetry.rs"]
mod telemetry;
mod text;
mod voice;

pub use cameras::{evp, mqtt, smartcamera};
pub use console::console;
pub use input::{log, wire};
pub use link::link;
pub use model::model;
pub use modules::{INSTRUCTION, calls, cartridge, guest, restore, saved_states};
pub use network::{packet, sdp};
pub use pictures::{acks, delta, pictures, story};
pub use rules::rules;
pub use sound::sound;
pub use sources::{film, rtsp, still};
pub use text::{api, bus, config, manifest, signal};
pub use voice::voice;

/// A parser and what must hold for it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its function, its corpus and its program.
    pub name: &'static str,
    /// Panics if something does not hold.
    pub check: fn(&[u8]),
}

/// The story of every input of the corpus of `delta`, a line for each: its name, and [`story`].
pub fn stories() -> std::io::Result<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/delta");
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        lines.push(format!("{name} {}\n", story(&std::fs::read(entry.path())?)));
    }
    lines.sort();
    Ok(lines.concat())
}

macro_rules! targets {
    ($($name:ident)*) => {
        /// All of them.
        pub const TARGETS: &[Target] = &[$(Target { name: stringify!($name), check: $name }),*];
    };
}

targets! {
    wire acks signal sdp packet voice api
    delta pictures
    cartridge guest calls console restore
    sound
    mqtt evp smartcamera
    film still rtsp
    link rules
    bus
    config manifest log
    model
}

/// Several messages out of one input: each has its length before it, two bytes, little-endian. What is cut short counts.
pub fn packets(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (head, rest) = data.split_first_chunk::<2>()?;
        let (packet, rest) = rest.split_at(usize::from(u16::from_le_bytes(*head)).min(rest.len()));
        data = rest;
        Some(packet)
    })
}

/// One input out of several messages.
pub fn packed<'a>(packets: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut data = Vec::new();
    for packet in packets {
        data.extend_from_slice(&(packet.len() as u16).to_le_bytes());
        data.extend_from_slice(packet);
    }
    data
}

/// Takes numbers off the front of bytes; zeros once there are no more.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.array())
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}
