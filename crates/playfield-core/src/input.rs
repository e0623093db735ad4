//! What players do, as a guest sees it when it makes one picture.
//!
//! Input is *state*, not events: who holds what, where the pointer is. So a lost or late message costs nothing that
//! the next one does not repair, and a run is replayed from the states alone. What can be shorter than a tick (a tap,
//! a click) is stretched to one tick by [`merge`] before it becomes state here.
//!
//! ```text
//!   browser --input::wire--> input::merge --TickInput of picture N--> guest
//!      rule --input::hold--------^             |
//!                                              +--> input::log --> replay
//! ```

pub mod hold;
pub mod keys;
pub mod log;
pub mod merge;
pub mod uplink;
pub mod wire;

use serde::{Deserialize, Serialize};

pub use keys::{Key, KeySet};

/// Players a session can have at once.
pub const MAX_PLAYERS: usize = 4;
/// Longest time a pad shakes without being told again, in milliseconds.
pub const MAX_RUMBLE_MS: u16 = 5_000;
/// Fingers a player can have on the picture at once.
pub const MAX_TOUCHES: usize = 10;

/// Buttons of the W3C standard gamepad, in its order, so that bit N of a button set is `Gamepad.buttons[N]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PadButton {
    /// Bottom face button.
    A = 0,
    /// Right face button.
    B = 1,
    /// Left face button.
    X = 2,
    /// Top face button.
    Y = 3,
    /// Left shoulder.
    L1 = 4,
    /// Right shoulder.
    R1 = 5,
    /// Left trigger.
    L2 = 6,
    /// Right trigger.
    R2 = 7,
    /// Left middle button.
    Select = 8,
    /// Right middle button.
    Start = 9,
    /// Left stick pressed.
    L3 = 10,
    /// Right stick pressed.
    R3 = 11,
    /// Direction pad.
    Up = 12,
    /// Direction pad.
    Down = 13,
    /// Direction pad.
    Left = 14,
    /// Direction pad.
    Right = 15,
}

impl PadButton {
    /// Every button, by bit.
    pub const ALL: [PadButton; 16] = {
        use PadButton::*;
        [A, B, X, Y, L1, R1, L2, R2, Select, Start, L3, R3, Up, Down, Left, Right]
    };

    /// The plain word for it, as input logs spell it.
    pub const fn name(self) -> &'static str {
        const NAMES: [&str; 16] =
            ["a", "b", "x", "y", "l1", "r1", "l2", "r2", "select", "start", "l3", "r3", "up", "down", "left", "right"];
        NAMES[self as usize]
    }

    /// The button a plain word names.
    pub fn from_name(name: &str) -> Option<PadButton> {
        PadButton::ALL.into_iter().find(|button| button.name() == name)
    }

    /// Its bit in [`Pad::buttons`].
    pub const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// A gamepad. Axes run from -32767 (left, up) to 32767 (right, down).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pad {
    /// Buttons held, by [`PadButton::bit`].
    pub buttons: u16,
    /// Left stick, horizontal.
    pub lx: i16,
    /// Left stick, vertical.
    pub ly: i16,
    /// Right stick, horizontal.
    pub rx: i16,
    /// Right stick, vertical.
    pub ry: i16,
    /// Left trigger, 0 to 255.
    pub l2: u8,
    /// Right trigger, 0 to 255.
    pub r2: u8,
}

/// How a pad shakes: output, so no part of what a run is replayed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rumble {
    /// The slow, heavy motor, 0 to 255.
    pub strong: u8,
    /// The fast, light motor, 0 to 255.
    pub weak: u8,
    /// For how long, in milliseconds, at most [`MAX_RUMBLE_MS`].
    pub ms: u16,
}

impl Rumble {
    /// Whether nothing shakes.
    pub fn is_still(self) -> bool {
        self.ms == 0 || (self.strong, self.weak) == (0, 0)
    }
}

/// Mouse buttons, as bits of [`Pointer::buttons`], in the order of `MouseEvent.buttons`.
pub const MOUSE_BUTTONS: [(&str, u8); 5] = [("left", 1), ("right", 2), ("middle", 4), ("back", 8), ("forward", 16)];

/// A mouse, both ways a guest may want it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// Position in pixels of the picture; may lie outside it.
    pub x: i16,
    /// Position in pixels of the picture; may lie outside it.
    pub y: i16,
    /// Motion since the picture before, in pixels of the picture.
    pub dx: i16,
    /// Motion since the picture before, in pixels of the picture.
    pub dy: i16,
    /// Wheel since the picture before, in 120ths of a notch, right is positive.
    pub wheel_x: i16,
    /// Wheel since the picture before, in 120ths of a notch, down is positive.
    pub wheel_y: i16,
    /// Buttons held, by [`MOUSE_BUTTONS`].
    pub buttons: u8,
}

/// A finger on the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The same for as long as the finger stays down.
    pub id: u8,
    /// Position in pixels of the picture.
    pub x: i16,
    /// Position in pixels of the picture.
    pub y: i16,
}

/// The fingers a player has on the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touches {
    list: [Touch; MAX_TOUCHES],
    len: u8,
}

impl Touches {
    /// Adds a finger; one too many is left out.
    pub fn push(&mut self, touch: Touch) {
        if usize::from(self.len) < MAX_TOUCHES {
            self.list[usize::from(self.len)] = touch;
            self.len += 1;
        }
    }

    /// The fingers.
    pub fn as_slice(&self) -> &[Touch] {
        &self.list[..usize::from(self.len)]
    }
}

/// What one player does during one tick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerInput {
    /// Somebody holds this seat.
    pub connected: bool,
    /// The player's gamepad, or the keys that stand for one.
    pub pad: Pad,
    /// Keys held.
    pub keys: KeySet,
    /// The mouse.
    pub pointer: Pointer,
    /// Fingers on the picture.
    pub touches: Touches,
    /// Text typed since the picture before.
    pub text: String,
}

/// What all players do during one tick: everything the outside world tells a guest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickInput {
    /// By seat.
    pub players: [PlayerInput; MAX_PLAYERS],
}
