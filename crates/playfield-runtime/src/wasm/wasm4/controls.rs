//! From players' inputs to the gamepad and mouse registers.

use playfield_core::input::{Key, KeySet, Pad, PadButton, PlayerInput, TickInput};

use super::{GAMEPADS, MOUSE};

const X: u8 = 1;
const Z: u8 = 2;
const LEFT: u8 = 16;
const RIGHT: u8 = 32;
const UP: u8 = 64;
const DOWN: u8 = 128;

/// A stick pushed further than half its way counts as the direction pad.
const STICK: i16 = 16_384;
/// The console's mouse has three buttons.
const MOUSE_BUTTONS: u8 = 7;

/// Buttons of the standard gamepad, as `PadButton` bits, and what they are here: the bottom one is X, the right one Z,
/// and the others double them, as on the console's own player.
const PAD: [(u16, u8); 6] = {
    use PadButton as P;
    [
        (P::A.bit() | P::Y.bit() | P::R1.bit() | P::R2.bit(), X),
        (P::B.bit() | P::X.bit() | P::L1.bit() | P::L2.bit(), Z),
        (P::Left.bit(), LEFT),
        (P::Right.bit(), RIGHT),
        (P::Up.bit(), UP),
        (P::Down.bit(), DOWN),
    ]
};

/// Keys that stand for a gamepad, as USB HID usages: of one player alone at a keyboard ...
const FIRST_KEYS: &[(u8, u8)] = &[
    (0x1b, X),     // KeyX
    (0x19, X),     // KeyV
    (0x2c, X),     // Space
    (0x37, X),     // Period
    (0x1d, Z),     // KeyZ
    (0x06, Z),     // KeyC
    (0x36, Z),     // Comma
    (0x50, LEFT),  // ArrowLeft
    (0x4f, RIGHT), // ArrowRight
    (0x52, UP),    // ArrowUp
    (0x51, DOWN),  // ArrowDown
];
/// ... of a second one at the same keyboard ...
const SECOND_KEYS: &[(u8, u8)] = &[
    (0x04, X),     // KeyA
    (0x14, X),     // KeyQ
    (0xe1, Z),     // ShiftLeft
    (0x2b, Z),     // Tab
    (0x16, LEFT),  // KeyS
    (0x09, RIGHT), // KeyF
    (0x08, UP),    // KeyE
    (0x07, DOWN),  // KeyD
];
/// ... and of a third.
const THIRD_KEYS: &[(u8, u8)] = &[
    (0x55, X),     // NumpadMultiply
    (0x63, X),     // NumpadDecimal
    (0x56, Z),     // NumpadSubtract
    (0x58, Z),     // NumpadEnter
    (0x5c, LEFT),  // Numpad4
    (0x5e, RIGHT), // Numpad6
    (0x60, UP),    // Numpad8
    (0x5d, DOWN),  // Numpad5
];

/// The mouse register between ticks. A finger is the mouse; when it leaves, the mouse stays where it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mouse {
    /// Where the register points.
    pub at: (i16, i16),
    /// Where the player's mouse was at the last tick.
    pub pointer: (i16, i16),
}

impl Mouse {
    /// Follows the player; returns the buttons held.
    fn follow(&mut self, player: &PlayerInput) -> u8 {
        let pointer = (player.pointer.x, player.pointer.y);
        let buttons = player.pointer.buttons & MOUSE_BUTTONS;
        let moved = pointer != self.pointer;
        self.pointer = pointer;
        if let Some(finger) = player.touches.as_slice().first() {
            self.at = (finger.x, finger.y);
            return buttons | 1;
        }
        if moved || buttons != 0 {
            self.at = pointer;
        }
        buttons
    }
}

/// Writes the registers for the picture to be made.
pub(super) fn write(mem: &mut [u8], mouse: &mut Mouse, input: &TickInput) {
    if let Some(registers) = mem.get_mut(GAMEPADS..GAMEPADS + 4) {
        registers.copy_from_slice(&gamepads(input));
    }
    let buttons = mouse.follow(&input.players[0]);
    if let Some(registers) = mem.get_mut(MOUSE..MOUSE + 5) {
        registers[..2].copy_from_slice(&mouse.at.0.to_le_bytes());
        registers[2..4].copy_from_slice(&mouse.at.1.to_le_bytes());
        registers[4] = buttons;
    }
}

/// The four gamepads. Each player has a pad and a keyboard; the first player's keyboard also serves empty seats.
fn gamepads(input: &TickInput) -> [u8; 4] {
    let mut gamepads = [0; 4];
    for (gamepad, player) in gamepads.iter_mut().zip(&input.players) {
        *gamepad = from_pad(&player.pad) | from_keys(&player.keys, FIRST_KEYS);
    }
    for (seat, keys) in [(1, SECOND_KEYS), (2, THIRD_KEYS)] {
        if !input.players[seat].connected {
            gamepads[seat] |= from_keys(&input.players[0].keys, keys);
        }
    }
    gamepads
}

fn from_pad(pad: &Pad) -> u8 {
    let sticks = [(pad.lx <= -STICK, LEFT), (pad.lx >= STICK, RIGHT), (pad.ly <= -STICK, UP), (pad.ly >= STICK, DOWN)];
    let buttons = PAD.iter().filter(|(bits, _)| pad.buttons & bits != 0).map(|&(_, bit)| bit);
    buttons.chain(sticks.iter().filter(|(pushed, _)| *pushed).map(|&(_, bit)| bit)).fold(0, |all, bit| all | bit)
}

fn from_keys(held: &KeySet, keys: &[(u8, u8)]) -> u8 {
    keys.iter().filter(|&&(usage, _)| held.contains(Key(usage))).fold(0, |all, (_, bit)| all | bit)
}

#[cfg(test)]
mod tests {
    use playfield_core::input::Touch;

    use super::*;

    #[test]
    fn pads_sticks_and_keys_press_the_same_buttons() {
        let check = |change: fn(&mut TickInput), expect: [u8; 4]| {
            let mut input = TickInput::default();
            change(&mut input);
            assert_eq!(gamepads(&input), expect);
        };
        let key = |input: &mut TickInput, code: &str| input.players[0].keys.set(Key::from_code(code).unwrap(), true);
        check(|_| {}, [0; 4]);
        check(|i| i.players[0].pad.buttons = PadButton::A.bit() | PadButton::Left.bit(), [17, 0, 0, 0]);
        check(|i| i.players[3].pad.buttons = PadButton::B.bit() | PadButton::Down.bit(), [0, 0, 0, 130]);
        check(|i| i.players[1].pad.buttons = PadButton::Up.bit() | PadButton::Right.bit(), [0, 96, 0, 0]);
        check(|i| i.players[2].pad.buttons = PadButton::Start.bit() | PadButton::Select.bit(), [0; 4]);
        check(|i| (i.players[0].pad.lx, i.players[0].pad.ly) = (-20_000, 20_000), [16 | 128, 0, 0, 0]);
        check(|i| (i.players[0].pad.lx, i.players[0].pad.ly) = (i16::MIN, 16_000), [16, 0, 0, 0]);
        for (code, expect) in [
            ("KeyX", [1, 0, 0, 0]),
            ("KeyV", [1, 0, 0, 0]),
            ("Space", [1, 0, 0, 0]),
            ("Period", [1, 0, 0, 0]),
            ("KeyZ", [2, 0, 0, 0]),
            ("KeyC", [2, 0, 0, 0]),
            ("Comma", [2, 0, 0, 0]),
            ("ArrowLeft", [16, 0, 0, 0]),
            ("ArrowRight", [32, 0, 0, 0]),
            ("ArrowUp", [64, 0, 0, 0]),
            ("ArrowDown", [128, 0, 0, 0]),
            ("KeyA", [0, 1, 0, 0]),
            ("KeyQ", [0, 1, 0, 0]),
            ("ShiftLeft", [0, 2, 0, 0]),
            ("Tab", [0, 2, 0, 0]),
            ("KeyS", [0, 16, 0, 0]),
            ("KeyF", [0, 32, 0, 0]),
            ("KeyE", [0, 64, 0, 0]),
            ("KeyD", [0, 128, 0, 0]),
            ("NumpadMultiply", [0, 0, 1, 0]),
            ("NumpadDecimal", [0, 0, 1, 0]),
            ("NumpadSubtract", [0, 0, 2, 0]),
            ("NumpadEnter", [0, 0, 2, 0]),
            ("Numpad4", [0, 0, 16, 0]),
            ("Numpad6", [0, 0, 32, 0]),
            ("Numpad8", [0, 0, 64, 0]),
            ("Numpad5", [0, 0, 128, 0]),
            ("KeyG", [0; 4]),
        ] {
            let mut input = TickInput::default();
            key(&mut input, code);
            assert_eq!(gamepads(&input), expect, "{code}");
        }
        // A second player in the seat keeps the first one's keyboard out of it.
        let mut input = TickInput::default();
        input.players[1].connected = true;
        key(&mut input, "KeyA");
        assert_eq!(gamepads(&input), [0; 4]);
    }

    #[test]
    fn a_finger_is_the_mouse_and_leaves_it_where_it_was() {
        let mut mem = vec![0; 0x40];
        let mut mouse = Mouse::default();
        let mut check = |pointer: (i16, i16, u8), finger: Option<(i16, i16)>, expect: (i16, i16, u8)| {
            let mut input = TickInput::default();
            let player = &mut input.players[0];
            (player.pointer.x, player.pointer.y, player.pointer.buttons) = pointer;
            if let Some((x, y)) = finger {
                player.touches.push(Touch { id: 1, x, y });
            }
            write(&mut mem, &mut mouse, &input);
            let word = |at: usize| i16::from_le_bytes([mem[at], mem[at + 1]]);
            assert_eq!((word(0x1a), word(0x1c), mem[0x1e]), expect);
        };
        check((0, 0, 0), None, (0, 0, 0));
        check((80, -5, 0), None, (80, -5, 0));
        check((80, -5, 31), None, (80, -5, 7));
        check((80, -5, 0), Some((12, 34)), (12, 34, 1));
        check((80, -5, 0), None, (12, 34, 0));
        check((81, -5, 0), None, (81, -5, 0));
        check((i16::MAX, i16::MIN, 2), None, (i16::MAX, i16::MIN, 2));
    }
}
