//! What a worker and the process of a core say to each other, and where in their shared memory things lie.

use std::collections::BTreeMap;
use std::path::PathBuf;

use playfield_core::frame::{CHANNELS, Shape};
use playfield_core::input::TickInput;
use serde::{Deserialize, Serialize};

use crate::confine::Rules;

/// The picture, rows without padding, as its [`Shape`] says.
pub const PICTURE: usize = 0;
/// 256 colours of an indexed picture, three bytes each, after the largest picture.
pub const PALETTE: usize = 8 << 20;
/// The sound of a tick: `i16`, little-endian, interleaved stereo at 48 kHz.
pub const SOUND: usize = 9 << 20;
/// What is too long for a message, one after the other.
pub const PAPERS: usize = 10 << 20;
/// Bytes there are for it.
pub const PAPERS_LEN: usize = 16 << 20;
/// A state.
pub const STATE: usize = PAPERS + PAPERS_LEN;
/// Largest state, in bytes.
pub const STATE_LEN: usize = 128 << 20;
/// All of it. Memory that is never touched costs nothing.
pub const SHARED_LEN: usize = STATE + STATE_LEN;

/// Most samples of one channel that a tick may have: half a second.
pub const MOST_FRAMES: usize = 24_000;
const _: () = assert!(SOUND + MOST_FRAMES * CHANNELS * 2 <= PAPERS);

/// What the worker asks.
#[allow(clippy::large_enum_variant, reason = "nearly every message is a tick, and none of them is kept")]
#[derive(Debug, Serialize, Deserialize)]
pub enum ToCore {
    /// Load the core and its content. The shared memory comes with it; what was kept lies in [`PAPERS`].
    Open(Box<Opening>),
    /// Make the next picture.
    Tick(TickInput),
    /// Write the state to [`STATE`].
    Save,
    /// Take up the state of so many bytes at [`STATE`].
    Load(u32),
    /// The player chose another value of a setting.
    Set(String, String),
    /// Say what is to be kept, and let go of the core; nothing is asked any more.
    Finish,
}

/// What to open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// The core, a shared library.
    pub core: PathBuf,
    /// What it plays.
    pub content: Option<PathBuf>,
    /// Where firmware lies.
    pub system: PathBuf,
    /// Values of settings that the title chooses.
    pub options: BTreeMap<String, String>,
    /// Pictures of the content's own delay that are hidden.
    pub run_ahead: u8,
    /// Bytes at [`PAPERS`]: what was kept before, by key.
    pub kept: u32,
    /// What the process may see and use. Its home is where the core keeps files.
    pub rules: Rules,
}

/// What the process of the core answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromCore {
    /// It is open.
    Opened(Opened),
    /// It cannot be opened, or cannot go on, and why.
    Failed(String),
    /// The picture is made.
    Ticked(Ticked),
    /// The state lies at [`STATE`], so many bytes.
    Saved(u32),
    /// The state was taken up.
    Loaded,
    /// It was not saved or taken up, and why.
    Refused(String),
    /// That was all.
    Finished(Vec<News>),
}

/// What a core is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opened {
    /// Its name and version, for people.
    pub name: String,
    /// How often it runs.
    pub pace: Pace,
    /// The picture it begins with.
    pub shape: Shape,
    /// Why its state cannot be saved, if so.
    pub no_states: Option<String>,
    /// What it said while it was opened.
    pub news: Vec<News>,
}

/// How often a core runs, and how its picture is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Pictures a second, 1 to 240.
    pub tick_hz: u16,
    /// Width of the shown picture by its height; `None`: pixels are square.
    pub aspect: Option<f32>,
}

/// What a tick made.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ticked {
    /// The picture at [`PICTURE`]; `None`: it is the one before.
    pub picture: Option<Shape>,
    /// Samples of one channel at [`SOUND`].
    pub sound: u32,
    /// What else there is to say.
    pub news: Vec<News>,
    /// The core is done.
    pub exited: bool,
}

/// Something a core said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum News {
    /// A line of its log: 0 debug to 3 error.
    Log(u8, String),
    /// A sentence for the player.
    Message(String),
    /// Something is to be kept: its key, where it lies, and how long it is.
    Keep(String, u32, u32),
    /// All settings, as JSON: where, and how long.
    Settings(u32, u32),
    /// It runs at another rate from now on, or its picture has another shape.
    Pace(Pace),
    /// A pad shakes: player, strong, weak.
    Rumble(u8, u8, u8),
}
