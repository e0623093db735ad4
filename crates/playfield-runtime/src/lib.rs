//! Guests: the [`Guest`] trait, and one folder per kind of guest.
//!
//! A guest is foreign code. What it can see comes through [`TickInput`] and its own state; what it makes is a picture,
//! sound and a few [`GuestEvent`]s. It owns no socket, file or clock, so the same inputs make the same pictures.
//!
//! ```text
//!              open                tick(inputs of N)
//!   module ----------> Guest ----------------------------> picture N, sound N, events N
//!                        |  ^
//!               snapshot |  | restore        (between ticks only)
//!                        v  |
//!                      Snapshot
//! ```
//!
//! | room | |
//! |---|---|
//! | [`changes`] | what changed in a state since it was saved before |
//! | [`camera`] | pipelines from pictures to metadata |
//! | [`confine`] | gives up everything a native guest must not have, before it is opened |
//! | [`wasm`] | WebAssembly modules: the Playfield ABI and WASM-4 cartridges |
//! | [`libretro`] | cores of the libretro ecosystem |
//! | [`desktop`] | Linux programs, under a compositor of our own |
//! | `model` | models that say what is to be seen in a picture, behind the feature of that name |
//! | [`Feed`] | the way of a player's microphone into a guest's process |
//! | [`process`] | the process of its own that a native guest has |
//! | [`replay`] | runs a guest over an input log without a clock |
//! | [`conformance`] | what every guest has to keep, as functions for tests of titles |
#![deny(unsafe_code)]

#[cfg(feature = "model")]
pub mod camera;
pub mod changes;
pub mod confine;
pub mod conformance;
pub mod desktop;
mod feed;
pub mod libretro;
#[cfg(feature = "model")]
pub mod model;
pub mod process;
pub mod replay;
pub mod wasm;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use playfield_core::camera::Report;
use playfield_core::dataset::Found;
use playfield_core::desk::Cursor;
use playfield_core::frame::{Damage, Picture};
use playfield_core::input::{Rumble, TickInput};
use playfield_core::setting::Setting;
use playfield_core::upload::{Ask, Piece};

pub use changes::{Changes, Tracking};
pub use feed::{Fed, Feed, VoicePacket};

/// What a guest is opened with, and all it will ever learn besides its inputs.
#[derive(Clone, Debug, Default)]
pub struct GuestConfig {
    /// Seeds what it gets as random.
    pub seed: u64,
    /// Its idea of when it started: Unix time in milliseconds.
    pub start_unix_ms: u64,
    /// Most linear memory, in bytes.
    pub memory_limit: u64,
    /// Most stored bytes, keys included.
    pub storage_limit: u64,
    /// What it stored before.
    pub storage: BTreeMap<String, Vec<u8>>,
}

/// What a tick did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// What may differ from the picture before.
    pub damage: Damage,
    /// The guest is done: this is its last picture.
    pub exited: bool,
}

/// Something a guest said that is neither picture nor sound.
#[derive(Clone, Debug, PartialEq)]
pub enum GuestEvent {
    /// A line of its log.
    Log {
        /// How much it matters.
        level: LogLevel,
        /// The line.
        line: String,
    },
    /// It stored a value; none: removed it.
    Stored {
        /// The key.
        key: String,
        /// The bytes.
        value: Option<Vec<u8>>,
    },
    /// It marked a moment.
    Timeline {
        /// What happened.
        name: String,
        /// A number that belongs to it.
        value: i64,
    },
    /// What the player is doing now.
    Mode(PlayMode),
    /// A player's pad is to shake, in place of what it did; the last word of the tick for this player.
    Rumble {
        /// The seat, 0 to 3.
        player: u8,
        /// How.
        rumble: Rumble,
    },
    /// A sentence for whoever plays.
    Message(String),
    /// The pointer looks like this from now on.
    Cursor(Cursor),
    /// It wants the pointer locked, or not any more.
    Lock(bool),
    /// A text was copied in it, of at most [`MAX_CLIPBOARD`](playfield_core::desk::MAX_CLIPBOARD) bytes.
    Copied(String),
    /// It leaves people who use it without an answer, or answers again.
    Answers(bool),
    /// It records the microphone, or does no longer.
    Records(bool),
    /// The last lines it wrote before it ended by a fault: for its session's host.
    LastWords(String),
    /// What a camera understood.
    Camera(Box<Report>),
    /// The picture that [`Guest::sample`] asked for, and what a camera found in it.
    Sample(Box<(Picture, Found)>),
    /// The piece that [`Guest::upload`] asked for; none: a camera's app uploads nothing just now.
    Upload(Option<Box<Piece>>),
    /// All that the player can choose, in place of what it said of that before.
    Settings(Vec<Setting>),
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// Worth knowing.
    Info,
    /// For whoever makes the title.
    Debug,
}

/// What the player is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayMode {
    /// Play goes on.
    Playing,
    /// In a menu.
    Menu,
    /// The title is not ready yet.
    Loading,
    /// The run is over.
    Over,
}

/// Why a guest cannot be opened or go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuestError {
    /// It cannot be run here; says what it asked for.
    #[error("this module cannot be run: {0}")]
    BadModule(String),
    /// It ran into a trap: a bug in it.
    #[error("the title crashed: {0}")]
    Trap(String),
    /// It ended by itself and says that something went wrong.
    #[error("the program ended by itself, with exit code {0}: it could not go on")]
    Exit(i32),
    /// It did not finish in time.
    #[error("the title did not finish {0} in time and was stopped")]
    Hung(&'static str),
    /// It asked for more memory than it may have.
    #[error(
        "the title needs more than its {limit_mb} MiB of memory; `limits.memory_mb` in its `title.toml` gives it more"
    )]
    OutOfMemory {
        /// What it may have.
        limit_mb: u64,
    },
    /// Its state cannot be saved or restored.
    #[error("this title's state cannot be saved: {0}")]
    NoSnapshot(String),
}

/// The whole state of a guest between two ticks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The tick after which it was taken.
    pub tick: u64,
    /// The state; its layout is the guest kind's own and carries its version.
    pub bytes: Vec<u8>,
}

/// Wakes the session of a guest that keeps its own time.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A guest. A stepped one makes picture N when it is asked for it with the inputs of N. One that runs free makes pictures
/// whenever it likes, and says so.
pub trait Guest: Send {
    /// Pictures a second, 1 to 240; of a guest that runs free, the most there are. A tick may change it.
    fn tick_hz(&self) -> u16;

    /// Whether it keeps its own time. Then a tick passes the inputs on, and takes up what the guest made since the last one:
    /// no picture, or one.
    fn runs_free(&self) -> bool {
        false
    }

    /// Is called when a guest that runs free has something for the next tick.
    fn wake_by(&mut self, _wake: Wake) {}

    /// How long a guest that runs free may be left alone with nobody attached, so that it is noticed when it is stuck; none: for
    /// good.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// A camera is to say what is in each picture, or no longer.
    fn set_live(&mut self, _live: bool) {}

    /// A camera is to hand over its next picture, and what it finds in it. False: it is no camera.
    fn sample(&mut self) -> bool {
        false
    }

    /// A camera is to hand over what its app uploads, from there on. False: it is no camera.
    fn upload(&mut self, _ask: Ask) -> bool {
        false
    }

    /// Nobody is there, or somebody is again. A stepped guest is just not asked for pictures.
    fn pause(&mut self, _paused: bool) {}

    /// When the picture was presented, of a guest that runs free.
    fn made(&self) -> Option<Instant> {
        None
    }

    /// Width by height of the picture as it is to be shown; `None`: its pixels are square.
    fn aspect(&self) -> Option<f32> {
        None
    }

    /// Where packets of the players' microphone go, of a guest that may hear it; once.
    fn take_feed(&mut self) -> Option<Feed> {
        None
    }

    /// Where coded pictures go in, of a camera that they come to from outside; once.
    #[cfg(feature = "model")]
    fn take_intake(&mut self) -> Option<camera::Intake> {
        None
    }

    /// Makes the next picture. After an error the guest is spent.
    fn tick(&mut self, input: &TickInput) -> Result<Tick, GuestError>;

    /// Ticks made so far: the number of the current picture; 0 before the first.
    fn tick_count(&self) -> u64;

    /// The current picture.
    fn picture(&self) -> &Picture;

    /// The sound of the last tick: interleaved stereo at 48 kHz. Empty means silence.
    fn audio(&self) -> &[i16];

    /// Samples of one channel that nothing was heard for before `audio`, of a guest that runs free: it says nothing at all of
    /// silence while that lasts.
    fn silence(&self) -> u64 {
        0
    }

    /// Moves what the guest said since the last call to the end of `into`.
    fn take_events(&mut self, into: &mut Vec<GuestEvent>);

    /// The player chose another value of one of its settings.
    fn choose(&mut self, _key: &str, _value: &str) {}

    /// The screen of a program is to have another size, in pixels.
    fn resize(&mut self, _width: u16, _height: u16) {}

    /// A text is to be a program's clipboard.
    fn paste(&mut self, _text: &str) {}

    /// It is let go of after this: what it has to keep it says now.
    fn finish(&mut self) {}

    /// Whether `snapshot` works, and if not, why.
    fn snapshots(&self) -> Result<(), GuestError>;

    /// Saves the whole state into `into`, reusing its memory.
    fn snapshot(&mut self, into: &mut Snapshot) -> Result<(), GuestError>;

    /// Saves what changed since the last call, into `into`, reusing its memory. The first time, and after `restore`, that is
    /// everything. What is much comes in pieces, one call after each tick, until they are `done`: then all of them together
    /// make the state of now. After an error the next call begins anew.
    fn save_changes(&mut self, into: &mut Changes) -> Result<(), GuestError> {
        let mut state = Snapshot { tick: 0, bytes: std::mem::take(into.room()) };
        self.snapshot(&mut state)?;
        into.whole(state);
        Ok(())
    }

    /// What was saved by `save_changes` is lost: the next call saves everything.
    fn forget_saved(&mut self) {}

    /// Goes back to a state that this module saved.
    fn restore(&mut self, from: &Snapshot) -> Result<(), GuestError>;
}
