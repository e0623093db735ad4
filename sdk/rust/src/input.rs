//! `playfield:input@1`: what players do, as it stands for the picture being made.

use crate::ffi;

/// Buttons of a pad, the W3C standard gamepad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum Button {
    A,
    B,
    X,
    Y,
    L1,
    R1,
    L2,
    R2,
    Select,
    Start,
    L3,
    R3,
    Up,
    Down,
    Left,
    Right,
}

/// A gamepad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pad {
    /// Bits of the [`Button`]s held.
    pub held: u16,
    /// Bits of those that went down with this tick.
    pub pressed: u16,
    /// Left stick, -32767 left to 32767 right.
    pub lx: i16,
    /// Left stick, -32767 up to 32767 down.
    pub ly: i16,
    /// Right stick.
    pub rx: i16,
    /// Right stick.
    pub ry: i16,
    /// Left trigger, 0 to 255.
    pub l2: u8,
    /// Right trigger, 0 to 255.
    pub r2: u8,
}

fn i16_at(bytes: &[u8], at: usize) -> i16 {
    i16::from_le_bytes([bytes[at], bytes[at + 1]])
}

impl Pad {
    /// The pad of a player, 0 to 3.
    pub fn of(player: u8) -> Pad {
        let mut b = [0; 16];
        // SAFETY: the host writes 16 bytes.
        unsafe { ffi::input_pad(i32::from(player), b.as_mut_ptr()) }
        Pad {
            held: i16_at(&b, 0) as u16,
            pressed: i16_at(&b, 2) as u16,
            lx: i16_at(&b, 4),
            ly: i16_at(&b, 6),
            rx: i16_at(&b, 8),
            ry: i16_at(&b, 10),
            l2: b[12],
            r2: b[13],
        }
    }

    /// Whether a button is down.
    pub fn held(&self, button: Button) -> bool {
        self.held >> button as u8 & 1 != 0
    }

    /// Whether a button went down with this tick.
    pub fn pressed(&self, button: Button) -> bool {
        self.pressed >> button as u8 & 1 != 0
    }

    /// Where the direction pad or the left stick (past half its way) points: -1, 0 or 1 each.
    pub fn direction(&self) -> (i32, i32) {
        let axis = |less, more, stick: i16| {
            let pad = i32::from(self.held(more)) - i32::from(self.held(less));
            if pad != 0 { pad } else { i32::from(stick > 16_000) - i32::from(stick < -16_000) }
        };
        (axis(Button::Left, Button::Right, self.lx), axis(Button::Up, Button::Down, self.ly))
    }
}

/// A keyboard: usages of the USB HID keyboard page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys([u8; 64]);

impl Keys {
    /// The keys of a player.
    pub fn of(player: u8) -> Keys {
        let mut b = [0; 64];
        // SAFETY: the host writes 64 bytes.
        unsafe { ffi::input_keys(i32::from(player), b.as_mut_ptr()) }
        Keys(b)
    }

    /// Whether a key is down, by usage: see [`key`].
    pub fn held(&self, usage: u8) -> bool {
        self.0[usize::from(usage) / 8] >> (usage % 8) & 1 != 0
    }

    /// Whether a key went down with this tick.
    pub fn pressed(&self, usage: u8) -> bool {
        self.0[32 + usize::from(usage) / 8] >> (usage % 8) & 1 != 0
    }
}

/// Usages of some keys; letters count on from `A`.
#[allow(missing_docs)]
pub mod key {
    pub const A: u8 = 4;
    pub const D: u8 = 7;
    pub const P: u8 = 19;
    pub const S: u8 = 22;
    pub const W: u8 = 26;
    pub const X: u8 = 27;
    pub const Z: u8 = 29;
    pub const ENTER: u8 = 40;
    pub const ESCAPE: u8 = 41;
    pub const SPACE: u8 = 44;
    pub const RIGHT: u8 = 79;
    pub const LEFT: u8 = 80;
    pub const DOWN: u8 = 81;
    pub const UP: u8 = 82;
}

/// A mouse; positions in pixels of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pointer {
    /// Position.
    pub x: i16,
    /// Position.
    pub y: i16,
    /// Motion since the tick before.
    pub dx: i16,
    /// Motion since the tick before.
    pub dy: i16,
    /// Wheel, in 120ths of a notch.
    pub wheel_x: i16,
    /// Wheel, in 120ths of a notch, down is positive.
    pub wheel_y: i16,
    /// Buttons held: 1 left, 2 right, 4 middle, 8 back, 16 forward.
    pub held: u8,
    /// Buttons that went down with this tick.
    pub pressed: u8,
}

impl Pointer {
    /// The mouse of a player.
    pub fn of(player: u8) -> Pointer {
        let mut b = [0; 16];
        // SAFETY: the host writes 16 bytes.
        unsafe { ffi::input_pointer(i32::from(player), b.as_mut_ptr()) }
        Pointer {
            x: i16_at(&b, 0),
            y: i16_at(&b, 2),
            dx: i16_at(&b, 4),
            dy: i16_at(&b, 6),
            wheel_x: i16_at(&b, 8),
            wheel_y: i16_at(&b, 10),
            held: b[12],
            pressed: b[13],
        }
    }
}

/// A finger on the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touch {
    /// The same for as long as the finger stays down.
    pub id: u8,
    /// It came down with this tick.
    pub began: bool,
    /// Position, in pixels of the picture.
    pub x: i16,
    /// Position, in pixels of the picture.
    pub y: i16,
}

/// The fingers of a player.
#[derive(Clone, Copy, Debug)]
pub struct Touches {
    bytes: [u8; 80],
    count: usize,
}

impl Touches {
    /// The fingers of a player, at most ten.
    pub fn of(player: u8) -> Touches {
        let mut bytes = [0; 80];
        // SAFETY: the host writes at most ten touches of 8 bytes.
        let count = unsafe { ffi::input_touches(i32::from(player), bytes.as_mut_ptr(), 10) };
        Touches { bytes, count: (count.max(0) as usize).min(10) }
    }

    /// Each finger.
    pub fn iter(&self) -> impl Iterator<Item = Touch> + '_ {
        self.bytes.chunks_exact(8).take(self.count).map(|b| Touch {
            id: b[0],
            began: b[1] != 0,
            x: i16_at(b, 2),
            y: i16_at(b, 4),
        })
    }
}

/// Bit N: player N is there.
pub fn players() -> u8 {
    // SAFETY: no memory is passed.
    unsafe { ffi::input_players() as u8 }
}

/// Text typed since the tick before, as much of it as fits whole characters into `to`.
pub fn text(player: u8, to: &mut [u8]) -> &str {
    // SAFETY: the host writes at most `max` bytes, inside the slice.
    let len = unsafe { ffi::input_text(i32::from(player), to.as_mut_ptr(), to.len()) };
    let got = &to[..(len.max(0) as usize).min(to.len())];
    match core::str::from_utf8(got) {
        Ok(text) => text,
        Err(cut) => core::str::from_utf8(&got[..cut.valid_up_to()]).unwrap_or(""),
    }
}

/// Shakes the pad of a player, 0 to 3: the slow, heavy motor and the fast, light one, each 0 to 255, for so many milliseconds,
/// at most 5,000. It replaces what the pad did; zero stops it. Where there is nothing to shake, nothing happens.
pub fn rumble(player: u8, strong: u8, weak: u8, ms: u16) {
    let (strong, weak, ms) = (i32::from(strong), i32::from(weak), i32::from(ms.min(5_000)));
    // SAFETY: no memory is passed.
    unsafe { ffi::input_rumble(i32::from(player), strong, weak, ms) }
}
