//! What a program is started with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use playfield_core::frame::{MAX_HEIGHT, MAX_WIDTH};
use serde::{Deserialize, Serialize};

/// Width and height of a screen, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
}

impl Size {
    /// The nearest size that a picture may have. Video has two rows and columns of colour in one: both are even.
    pub fn clamped(self) -> Size {
        let side = |side: u16, most: u16| side.clamp(64, most) & !1;
        Size { width: side(self.width, MAX_WIDTH), height: side(self.height, MAX_HEIGHT) }
    }

    /// Number of pixels.
    pub fn area(self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }
}

/// A program and what it is started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The program, by its name on the path or where it lies; then its arguments.
    pub line: Vec<String>,
    /// What its environment has besides what every program's has.
    pub environment: BTreeMap<String, String>,
    /// Its working folder; without one, its home.
    pub folder: Option<PathBuf>,
    /// The screen it begins with.
    pub size: Size,
    /// The screen takes another size where it is asked to.
    pub resize: bool,
    /// Most pictures a second.
    pub hz: u16,
    /// The keyboard's layout as XKB names it, and the variant of it.
    pub keyboard: (String, String),
    /// It may hear the player's microphone.
    pub microphone: bool,
    /// Pads are keys, whatever this machine can do.
    pub pads_are_keys: bool,
    /// Keys that a pad's buttons stand for then, besides the usual ones.
    pub pad_keys: BTreeMap<String, String>,
}
