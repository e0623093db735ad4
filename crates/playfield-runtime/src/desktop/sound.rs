//! The sound of Linux programs: a PulseAudio server of our own, one for each session.
//!
//! Programs that make sound on Linux speak PulseAudio's protocol, by its client library, by ALSA's or SDL's back end for it, or
//! by their own. It is found by `PULSE_SERVER=unix:PATH`; no daemon, no cookie and no shared memory is wanted. There is one
//! sink, at 48 kHz and in stereo, whose sound goes to the player, its monitor, and one microphone, which is silent unless the
//! title has one and somebody speaks.
//!
//! ```text
//!   program --socket--> server (thread) --bytes--> engine (no I/O, told the time)
//!                          |                         | wire      packets out of bytes
//!                          |                         | playback  queue, requests, underruns of a stream
//!                          |                         | format    any samples and channels -> stereo
//!                          |                         | rate      any rate -> 48 kHz
//!                          |   a block every 5 ms    | record    monitor and microphone -> program
//!   host  <---ring---------+ <---------mix-----------+
//!   worker ----packets---->| microphone: a voice, decoded as it is heard
//! ```
//!
//! While no stream plays or records, nothing wakes up. A block that is silent is not handed on.
//!
//! | word | |
//! |---|---|
//! | frame | one sample for each channel |
//! | block | the [`BLOCK`] frames that are mixed at once |
//! | sink input, source output | a stream that plays, one that records |
//! | cork | to pause a stream |
//! | prebuffering | a stream waits until it has as much as it wants to begin with |
//! | target length | how much a stream wants to have waiting: its latency |
//!
//! Sources: the protocol's description in PulseAudio's tree (`PROTOCOL`), and `pa_buffer_attr`, `pa_timing_info` in its client API.

mod engine;
mod format;
mod microphone;
mod offer;
mod playback;
mod rate;
mod record;
mod ring;
mod server;
mod wire;

pub use engine::{Block, Engine, Now};
pub use microphone::{Decode, Ear, Microphone};
pub use server::SoundServer;

use playfield_core::frame::{CHANNELS, SAMPLE_RATE};

/// Frames that are mixed at once: 5 ms.
pub const BLOCK: usize = SAMPLE_RATE as usize / 200;
/// What `~/.asoundrc` has to say so that programs are heard that know of ALSA alone. It takes ALSA's plugin for PulseAudio (in
/// Debian `libasound2-plugins`); without it they are silent.
pub const ASOUNDRC: &str = "pcm.!default { type pulse }\nctl.!default { type pulse }\n";
/// Samples of a block.
const SAMPLES: usize = BLOCK * CHANNELS;
/// Length of a block, in microseconds.
const BLOCK_US: u64 = 5_000;

/// A block while it is mixed: interleaved stereo, from -1 to 1.
type Mix = [f32; SAMPLES];
