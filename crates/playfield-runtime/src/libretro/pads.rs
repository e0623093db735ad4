//! Players' input, as a core asks for it.

use playfield_core::input::{Key, Pad, PadButton, PlayerInput};

use super::abi::{JOYPAD_ALL, device};

/// Buttons of a libretro pad, by id. Its A is the right face button, as on the consoles it is named after; ours is the
/// bottom one.
const BUTTONS: [PadButton; 16] = {
    use PadButton::*;
    [A, X, Select, Start, Up, Down, Left, Right, B, Y, L1, R1, L2, R2, L3, R3]
};

/// Edge of the coordinates of pointers and light guns.
const EDGE: i32 = 0x7fff;
/// A light gun that points beside the screen.
const BESIDE: i16 = -0x8000;

/// The answer to one question of a core: what of `device` is at `index` and `id`, for this player, whose picture has that
/// many pixels.
pub fn state(player: &PlayerInput, picture: (u16, u16), asked: u32, index: u32, id: u32) -> i16 {
    match asked & device::MASK {
        device::JOYPAD if index == 0 && id == JOYPAD_ALL => all_buttons(&player.pad) as i16,
        device::JOYPAD if index == 0 => held(all_buttons(&player.pad), id),
        device::ANALOG => analog(&player.pad, index, id),
        device::MOUSE if index == 0 => mouse(player, id),
        device::KEYBOARD => i16::from(key_held(player, id)),
        device::LIGHTGUN if index == 0 => light_gun(player, picture, id),
        device::POINTER => pointer(player, picture, index, id),
        _ => 0,
    }
}

fn all_buttons(pad: &Pad) -> u16 {
    let held = |button: &PadButton| pad.buttons & button.bit() != 0;
    (0..).zip(&BUTTONS).filter(|(_, button)| held(button)).fold(0, |all, (id, _)| all | 1 << id)
}

/// A pad of a console without sticks: the left one is a cross too.
pub fn buttons_and_stick(pad: &Pad, id: u32) -> i16 {
    const FAR: i16 = 0x4000;
    let stick = [(pad.ly < -FAR, 4), (pad.ly > FAR, 5), (pad.lx < -FAR, 6), (pad.lx > FAR, 7)];
    let all = stick.into_iter().filter(|(far, _)| *far).fold(all_buttons(pad), |all, (_, id)| all | 1 << id);
    if id == JOYPAD_ALL { all as i16 } else { held(all, id) }
}

fn held(all: u16, id: u32) -> i16 {
    i16::from(id < 16 && all & (1 << id) != 0)
}

fn analog(pad: &Pad, index: u32, id: u32) -> i16 {
    match (index, id) {
        (0, 0) => pad.lx,
        (0, 1) => pad.ly,
        (1, 0) => pad.rx,
        (1, 1) => pad.ry,
        (2, 12) => trigger(pad.l2),
        (2, 13) => trigger(pad.r2),
        (2, id) => held(all_buttons(pad), id) * EDGE as i16,
        _ => 0,
    }
}

fn trigger(value: u8) -> i16 {
    (i32::from(value) * EDGE / 255) as i16
}

fn mouse(player: &PlayerInput, id: u32) -> i16 {
    let pointer = &player.pointer;
    let button = |bit: u8| i16::from(pointer.buttons & bit != 0);
    match id {
        0 => pointer.dx,
        1 => pointer.dy,
        2 => button(1),
        3 => button(2),
        4 => i16::from(pointer.wheel_y < 0),
        5 => i16::from(pointer.wheel_y > 0),
        6 => button(4),
        7 => i16::from(pointer.wheel_x > 0),
        8 => i16::from(pointer.wheel_x < 0),
        9 => button(8),
        10 => button(16),
        _ => 0,
    }
}

/// Where something is, from -0x7fff to 0x7fff on both axes; `None`: beside the picture.
fn place((x, y): (i16, i16), (width, height): (u16, u16)) -> Option<(i16, i16)> {
    let inside = (0..i32::from(width)).contains(&x.into()) && (0..i32::from(height)).contains(&y.into());
    let scale = |at: i16, size: u16| {
        // The middle of the pixel.
        let twice = 2 * i32::from(at) + 1 - i32::from(size);
        (twice * EDGE / i32::from(size.max(1))).clamp(-EDGE, EDGE) as i16
    };
    inside.then(|| (scale(x, width), scale(y, height)))
}

/// Where a player points: a finger counts before the mouse.
fn aim(player: &PlayerInput) -> ((i16, i16), bool) {
    match player.touches.as_slice().first() {
        Some(touch) => ((touch.x, touch.y), true),
        None => ((player.pointer.x, player.pointer.y), player.pointer.buttons & 1 != 0),
    }
}

fn pointer(player: &PlayerInput, picture: (u16, u16), index: u32, id: u32) -> i16 {
    let touches = player.touches.as_slice();
    if id == 3 {
        return i16::from(aim(player).1).max(touches.len() as i16);
    }
    let (at, pressed) = match (index, touches.get(index as usize)) {
        (_, Some(touch)) => ((touch.x, touch.y), true),
        (0, None) => aim(player),
        _ => return 0,
    };
    let place = place(at, picture);
    match id {
        0 => place.map_or(0, |(x, _)| x),
        1 => place.map_or(0, |(_, y)| y),
        2 => i16::from(pressed && place.is_some()),
        15 => i16::from(place.is_none()),
        _ => 0,
    }
}

fn light_gun(player: &PlayerInput, picture: (u16, u16), id: u32) -> i16 {
    let (at, fired) = aim(player);
    let place = place(at, picture);
    let pad = |button: PadButton| i16::from(player.pad.buttons & button.bit() != 0);
    let button = |bit: u8| i16::from(player.pointer.buttons & bit != 0);
    match id {
        13 => place.map_or(BESIDE, |(x, _)| x),
        14 => place.map_or(BESIDE, |(_, y)| y),
        15 => i16::from(place.is_none()),
        2 => i16::from(fired).max(pad(PadButton::R2)),
        16 => button(2),
        3 => pad(PadButton::A).max(button(4)),
        4 => pad(PadButton::B),
        8 => pad(PadButton::X),
        6 => pad(PadButton::Start),
        7 => pad(PadButton::Select),
        9 => pad(PadButton::Up),
        10 => pad(PadButton::Down),
        11 => pad(PadButton::Left),
        12 => pad(PadButton::Right),
        0 => player.pointer.dx,
        1 => player.pointer.dy,
        _ => 0,
    }
}

fn key_held(player: &PlayerInput, keycode: u32) -> bool {
    KEYS.iter().any(|(usage, code)| u32::from(*code) == keycode && player.keys.contains(Key(*usage)))
}

/// The `RETROK_*` code of a key.
pub fn keycode(key: Key) -> Option<u32> {
    KEYS.iter().find(|(usage, _)| *usage == key.0).map(|(_, code)| u32::from(*code))
}

/// `RETROKMOD_*` of the keys that are held.
pub fn modifiers(player: &PlayerInput) -> u16 {
    let held = |usage: u8| player.keys.contains(Key(usage));
    let pair = |left: u8, right: u8, bit: u16| if held(left) || held(right) { bit } else { 0 };
    pair(0xe1, 0xe5, 1) | pair(0xe0, 0xe4, 2) | pair(0xe2, 0xe6, 4) | pair(0xe3, 0xe7, 8)
}

/// USB HID usages beside `RETROK_*` codes.
#[rustfmt::skip]
const KEYS: &[(u8, u16)] = &[
    (0x04, 97), (0x05, 98), (0x06, 99), (0x07, 100), (0x08, 101), (0x09, 102), (0x0a, 103), (0x0b, 104), (0x0c, 105),
    (0x0d, 106), (0x0e, 107), (0x0f, 108), (0x10, 109), (0x11, 110), (0x12, 111), (0x13, 112), (0x14, 113), (0x15, 114),
    (0x16, 115), (0x17, 116), (0x18, 117), (0x19, 118), (0x1a, 119), (0x1b, 120), (0x1c, 121), (0x1d, 122),
    (0x1e, 49), (0x1f, 50), (0x20, 51), (0x21, 52), (0x22, 53), (0x23, 54), (0x24, 55), (0x25, 56), (0x26, 57), (0x27, 48),
    (0x28, 13), (0x29, 27), (0x2a, 8), (0x2b, 9), (0x2c, 32), (0x2d, 45), (0x2e, 61), (0x2f, 91), (0x30, 93), (0x31, 92),
    (0x33, 59), (0x34, 39), (0x35, 96), (0x36, 44), (0x37, 46), (0x38, 47), (0x39, 301),
    (0x3a, 282), (0x3b, 283), (0x3c, 284), (0x3d, 285), (0x3e, 286), (0x3f, 287), (0x40, 288), (0x41, 289), (0x42, 290),
    (0x43, 291), (0x44, 292), (0x45, 293), (0x46, 316), (0x47, 302), (0x48, 19), (0x49, 277), (0x4a, 278), (0x4b, 280),
    (0x4c, 127), (0x4d, 279), (0x4e, 281), (0x4f, 275), (0x50, 276), (0x51, 274), (0x52, 273), (0x53, 300),
    (0x54, 267), (0x55, 268), (0x56, 269), (0x57, 270), (0x58, 271), (0x59, 257), (0x5a, 258), (0x5b, 259), (0x5c, 260),
    (0x5d, 261), (0x5e, 262), (0x5f, 263), (0x60, 264), (0x61, 265), (0x62, 256), (0x63, 266), (0x64, 323), (0x65, 319),
    (0xe0, 306), (0xe1, 304), (0xe2, 308), (0xe3, 311), (0xe4, 305), (0xe5, 303), (0xe6, 307), (0xe7, 312),
];

#[cfg(test)]
mod tests {
    use playfield_core::input::{Pointer, Touch};

    use super::*;

    const PICTURE: (u16, u16) = (256, 240);

    fn with_pad(buttons: &[PadButton]) -> PlayerInput {
        let buttons = buttons.iter().fold(0, |all, button| all | button.bit());
        PlayerInput { pad: Pad { buttons, ..Pad::default() }, ..PlayerInput::default() }
    }

    #[test]
    fn the_bottom_button_is_their_b_and_the_right_one_their_a() {
        let player = with_pad(&[PadButton::A, PadButton::Right]);
        let ask = |id| state(&player, PICTURE, device::JOYPAD, 0, id);
        assert_eq!((ask(0), ask(8), ask(7), ask(6)), (1, 0, 1, 0));
        assert_eq!(ask(JOYPAD_ALL), 1 | 1 << 7);
        assert_eq!(state(&player, PICTURE, device::ANALOG, 2, 0), 0x7fff, "a button read as an axis");
        assert_eq!(state(&player, PICTURE, device::NONE, 0, 0), 0);
        assert_eq!(ask(99), 0);
    }

    #[test]
    fn a_stick_is_a_cross_for_who_has_none() {
        let pad = Pad { lx: -20_000, ly: 20_000, buttons: PadButton::A.bit(), ..Pad::default() };
        assert_eq!(buttons_and_stick(&pad, JOYPAD_ALL), 1 | 1 << 5 | 1 << 6);
        assert_eq!((buttons_and_stick(&pad, 6), buttons_and_stick(&pad, 7), buttons_and_stick(&pad, 99)), (1, 0, 0));
        assert_eq!(buttons_and_stick(&Pad { lx: 9_000, ..Pad::default() }, 7), 0, "a thumb that rests");
    }

    #[test]
    fn a_pointer_runs_from_edge_to_edge() {
        let at = |x, y, buttons| PlayerInput {
            pointer: Pointer { x, y, buttons, ..Pointer::default() },
            ..PlayerInput::default()
        };
        let ask = |player: &PlayerInput, id| state(player, PICTURE, device::POINTER, 0, id);
        let corner = at(0, 239, 1);
        assert_eq!((ask(&corner, 0), ask(&corner, 1), ask(&corner, 2), ask(&corner, 3)), (-32639, 32630, 1, 1));
        let outside = at(256, 3, 1);
        assert_eq!((ask(&outside, 2), ask(&outside, 15)), (0, 1));
        let gun = |player: &PlayerInput, id| state(player, PICTURE, device::LIGHTGUN, 0, id);
        assert_eq!((gun(&outside, 13), gun(&outside, 15), gun(&outside, 2)), (BESIDE, 1, 1));
    }

    #[test]
    fn a_finger_counts_before_the_mouse() {
        let mut player = PlayerInput::default();
        player.touches.push(Touch { id: 1, x: 128, y: 120 });
        player.touches.push(Touch { id: 2, x: 0, y: 0 });
        let ask = |index, id| state(&player, PICTURE, device::POINTER, index, id);
        assert_eq!((ask(0, 3), ask(0, 0), ask(1, 0), ask(1, 2), ask(2, 2)), (2, 127, -32639, 1, 0));
    }

    #[test]
    fn every_key_has_one_code() {
        let mut player = PlayerInput::default();
        player.keys.set(Key(0x04), true);
        player.keys.set(Key(0xe1), true);
        assert_eq!(state(&player, PICTURE, device::KEYBOARD, 0, 97), 1);
        assert_eq!(state(&player, PICTURE, device::KEYBOARD, 0, 98), 0);
        assert_eq!(modifiers(&player), 1);
        for (usage, code) in KEYS {
            assert_eq!(keycode(Key(*usage)), Some(u32::from(*code)), "usage {usage:#x}");
        }
    }
}
