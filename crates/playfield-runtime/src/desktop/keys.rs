//! Keys as Linux numbers them (`linux/input-event-codes.h`), from the usage codes of USB HID that they travel as.

use playfield_core::input::Key;

/// By usage code on the keyboard page; 0: there is no such key.
#[rustfmt::skip]
const CODES: [u8; 0x95] = [
    // 0x00: none, errors, A to L
    0, 0, 0, 0, 30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38,
    // 0x10: M to Z, 1, 2
    50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44, 2, 3,
    // 0x20: 3 to 0, enter, escape, backspace, tab, space, minus, equal, left bracket
    4, 5, 6, 7, 8, 9, 10, 11, 28, 1, 14, 15, 57, 12, 13, 26,
    // 0x30: right bracket, backslash, hash, semicolon, quote, backquote, comma, period, slash, caps lock, F1 to F6
    27, 43, 43, 39, 40, 41, 51, 52, 53, 58, 59, 60, 61, 62, 63, 64,
    // 0x40: F7 to F12, print screen, scroll lock, pause, insert, home, page up, delete, end, page down, right
    65, 66, 67, 68, 87, 88, 99, 70, 119, 110, 102, 104, 111, 107, 109, 106,
    // 0x50: left, down, up, num lock, keypad: divide, multiply, subtract, add, enter, 1 to 7
    105, 108, 103, 69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71,
    // 0x60: keypad: 8, 9, 0, decimal; the key beside left shift, menu, power, keypad equal, F13 to F20
    72, 73, 82, 83, 86, 127, 116, 117, 183, 184, 185, 186, 187, 188, 189, 190,
    // 0x70: F21 to F24, open, help, props, select, stop, again, undo, cut, copy, paste, find, mute
    191, 192, 193, 194, 134, 138, 130, 132, 128, 129, 131, 137, 133, 135, 136, 113,
    // 0x80: volume up, volume down, -, -, -, keypad comma, -, ro, katakana, yen, convert, non-convert, -, -, -, -
    115, 114, 0, 0, 0, 121, 0, 89, 93, 124, 92, 94, 95, 0, 0, 0,
    // 0x90: hangul, hanja, katakana, hiragana, zenkaku
    122, 123, 90, 91, 85,
];
/// Left control, shift, alt, meta; then right.
const MODIFIERS: [u8; 8] = [29, 42, 56, 125, 97, 54, 100, 126];
/// The first modifier's usage code.
const FIRST_MODIFIER: u8 = 0xe0;

/// The number of a key; none for a key that Linux does not know.
pub fn evdev(key: Key) -> Option<u32> {
    let code = match key.0.checked_sub(FIRST_MODIFIER) {
        Some(modifier) => MODIFIERS.get(usize::from(modifier)),
        None => CODES.get(usize::from(key.0)),
    };
    code.copied().filter(|code| *code != 0).map(u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_a_browser_names_has_a_number_of_its_own() {
        let mut seen = std::collections::BTreeMap::new();
        for key in (0..=255).map(Key) {
            let Some(name) = key.code() else { continue };
            let code = evdev(key).unwrap_or_else(|| panic!("{name} has none"));
            if let Some(other) = seen.insert(code, name) {
                panic!("{name} and {other} are both {code}");
            }
        }
        for (name, code) in [("KeyA", 30), ("Digit0", 11), ("Space", 57), ("ArrowUp", 103), ("ControlRight", 97)] {
            assert_eq!(Key::from_code(name).and_then(evdev), Some(code), "{name}");
        }
    }
}
