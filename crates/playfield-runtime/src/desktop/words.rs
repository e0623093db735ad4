//! What a worker and the process of a program say to each other, and where in their shared memory things lie.

use std::path::PathBuf;

use playfield_core::desk::MAX_CLIPBOARD;
use playfield_core::frame::{CHANNELS, MAX_HEIGHT, MAX_WIDTH, Rect};
use playfield_core::input::TickInput;
use serde::{Deserialize, Serialize};

use super::command::{Command, Size};
use crate::confine::Rules;

/// The picture: RGBA8, rows without padding.
pub const PICTURE: usize = 0;
/// Bytes of the largest picture.
pub const PICTURE_LEN: usize = MAX_WIDTH as usize * MAX_HEIGHT as usize * 4;
/// Sound: a ring of `i16`, little-endian, interleaved stereo at 48 kHz.
pub const SOUND: usize = 8 << 20;
/// Samples of one channel in the ring: a third of a second.
pub const SOUND_FRAMES: usize = 16_384;
/// Bytes of the ring.
pub const SOUND_LEN: usize = SOUND_FRAMES * CHANNELS * 2;
/// The image of a pointer: RGBA8, rows without padding.
pub const CURSOR: usize = SOUND + SOUND_LEN;
/// Longest side of a pointer's image, in pixels.
pub const CURSOR_SIDE: u16 = 128;
/// What is pasted: UTF-8.
pub const PASTED: usize = CURSOR + CURSOR_SIDE as usize * CURSOR_SIDE as usize * 4;
/// What was copied: UTF-8.
pub const COPIED: usize = PASTED + MAX_CLIPBOARD;
/// All of it. Memory that is never touched costs nothing.
pub const SHARED_LEN: usize = COPIED + MAX_CLIPBOARD;
const _: () = assert!(PICTURE_LEN <= SOUND);

/// What the worker says.
#[allow(clippy::large_enum_variant, reason = "nearly every message is input, and none of them is kept")]
#[derive(Debug, Serialize, Deserialize)]
pub enum ToProgram {
    /// Start the program. The shared memory comes with it.
    Open(Box<Opening>),
    /// The microphone's packets come by the socket that is with this; right after [`ToProgram::Open`], where the program may hear it.
    Microphone,
    /// What players do now, in place of what they did.
    Input(TickInput),
    /// The picture was copied: the next one may be drawn over it.
    Taken,
    /// The screen is to have another size.
    Resize(Size),
    /// So many bytes at [`PASTED`] are to be the clipboard; none follow before they are taken.
    Paste(u32),
    /// The bytes at [`COPIED`] were copied: the next ones may be written over them.
    CopyTaken,
    /// Nobody watches, or somebody does again.
    Pause(bool),
    /// Ask the program to end.
    Finish,
}

/// What to start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// The program, and what it is started with.
    pub command: Command,
    /// What its processes may see and use.
    pub rules: Rules,
    /// The render node that programs draw with, one of their devices; windows may lie in buffers of its driver's then.
    pub card: Option<PathBuf>,
}

/// What the process of a program says.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromProgram {
    /// The program was started.
    Opened,
    /// It cannot be, and why.
    Failed(String),
    /// There is a picture.
    Picture(Presented),
    /// There are so many more samples of one channel in the ring, from this one on, counted from the start. Where that is more
    /// than went before, nothing was heard meanwhile.
    Sound(u64, u32),
    /// The pointer looks like this.
    Cursor(Cursor),
    /// The program wants the pointer locked: motion without a position.
    Locked(bool),
    /// Programs copied so many bytes, which are at [`COPIED`]; none follow before they are taken.
    Copied(u32),
    /// The bytes at [`PASTED`] are the clipboard now.
    PasteTaken,
    /// The program leaves people who use it without an answer, or answers again.
    Answers(bool),
    /// Programs record the microphone, or do no longer.
    Records(bool),
    /// A pad shakes: player, strong, weak, milliseconds.
    Rumble(u8, u8, u8, u16),
    /// A sentence for the player.
    Message(String),
    /// A line for whoever looks after the node.
    Log(String),
    /// The program has ended.
    Ended(Ended),
}

/// A picture that a program presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presented {
    /// Width and height of the whole.
    pub size: Size,
    /// The part that differs from the picture before.
    pub damage: (u16, u16, u16, u16),
    /// When the program committed it, on the clock of [`monotonic_us`].
    pub committed_us: u64,
    /// When it was drawn into the shared memory, on the same clock.
    pub drawn_us: u64,
}

impl Presented {
    /// The part that differs, if it lies inside.
    pub fn area(&self) -> Option<Rect> {
        let (x, y, width, height) = self.damage;
        let inside = |at: u16, len: u16, all: u16| len > 0 && u32::from(at) + u32::from(len) <= u32::from(all);
        (inside(x, width, self.size.width) && inside(y, height, self.size.height)).then_some(Rect {
            x,
            y,
            width,
            height,
        })
    }
}

/// What a pointer looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cursor {
    /// It is not to be seen.
    Hidden,
    /// As the browser draws it by this name of CSS.
    Named(String),
    /// The image at [`CURSOR`]: width, height, and the place in it that points.
    Image { size: (u16, u16), hotspot: (i16, i16) },
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// It exited with this code.
    Exit(i32),
    /// A signal ended it.
    Signal(i32),
}

/// Microseconds on the clock that all processes of this machine share.
pub fn monotonic_us() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000 + now.tv_nsec.unsigned_abs() / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_outside_the_picture_is_none() {
        let at =
            |damage| Presented { size: Size { width: 640, height: 480 }, damage, committed_us: 0, drawn_us: 0 }.area();
        assert_eq!(at((0, 0, 640, 480)), Some(Rect { x: 0, y: 0, width: 640, height: 480 }));
        for wrong in [(1, 0, 640, 480), (0, 0, 0, 480), (639, 479, 1, 2), (65_535, 0, 65_535, 1)] {
            assert_eq!(at(wrong), None, "{wrong:?}");
        }
    }
}
