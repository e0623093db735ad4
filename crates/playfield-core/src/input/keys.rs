//! Keys by position: the `KeyboardEvent.code` names of the web, carried as USB HID usage codes.

use serde::{Deserialize, Serialize};

/// A key: its usage code on the USB HID keyboard page (0x07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u8);

impl Key {
    /// The key a `KeyboardEvent.code` names.
    pub fn from_code(code: &str) -> Option<Key> {
        NAMES.iter().find(|(_, name)| *name == code).map(|&(usage, _)| Key(usage))
    }

    /// Its `KeyboardEvent.code` name.
    pub fn code(self) -> Option<&'static str> {
        NAMES.iter().find(|(usage, _)| *usage == self.0).map(|&(_, name)| name)
    }
}

/// A set of keys: bit N is usage code N.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet([u64; 4]);

impl KeySet {
    /// Adds or removes a key.
    pub fn set(&mut self, key: Key, held: bool) {
        let (word, bit) = (usize::from(key.0 / 64), 1u64 << (key.0 % 64));
        if held {
            self.0[word] |= bit;
        } else {
            self.0[word] &= !bit;
        }
    }

    /// Whether a key is in the set.
    pub fn contains(&self, key: Key) -> bool {
        self.0[usize::from(key.0 / 64)] & (1 << (key.0 % 64)) != 0
    }

    /// The keys in the set, by usage code.
    pub fn iter(&self) -> impl Iterator<Item = Key> + '_ {
        (0..=255).map(Key).filter(|key| self.contains(*key))
    }

    /// The set as 32 bytes, least significant bit first.
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

impl FromIterator<Key> for KeySet {
    fn from_iter<I: IntoIterator<Item = Key>>(keys: I) -> Self {
        let mut set = KeySet::default();
        keys.into_iter().for_each(|key| set.set(key, true));
        set
    }
}

/// USB HID Usage Tables 1.5, page 0x07, beside the names of W3C UI Events KeyboardEvent code values.
#[rustfmt::skip]
const NAMES: &[(u8, &str)] = &[
    (0x04, "KeyA"),
    (0x05, "KeyB"),
    (0x06, "KeyC"),
    (0x07, "KeyD"),
    (0x08, "KeyE"),
    (0x09, "KeyF"),
    (0x0a, "KeyG"),
    (0x0b, "KeyH"),
    (0x0c, "KeyI"),
    (0x0d, "KeyJ"),
    (0x0e, "KeyK"),
    (0x0f, "KeyL"),
    (0x10, "KeyM"),
    (0x11, "KeyN"),
    (0x12, "KeyO"),
    (0x13, "KeyP"),
    (0x14, "KeyQ"),
    (0x15, "KeyR"),
    (0x16, "KeyS"),
    (0x17, "KeyT"),
    (0x18, "KeyU"),
    (0x19, "KeyV"),
    (0x1a, "KeyW"),
    (0x1b, "KeyX"),
    (0x1c, "KeyY"),
    (0x1d, "KeyZ"),
    (0x1e, "Digit1"),
    (0x1f, "Digit2"),
    (0x20, "Digit3"),
    (0x21, "Digit4"),
    (0x22, "Digit5"),
    (0x23, "Digit6"),
    (0x24, "Digit7"),
    (0x25, "Digit8"),
    (0x26, "Digit9"),
    (0x27, "Digit0"),
    (0x28, "Enter"),
    (0x29, "Escape"),
    (0x2a, "Backspace"),
    (0x2b, "Tab"),
    (0x2c, "Space"),
    (0x2d, "Minus"),
    (0x2e, "Equal"),
    (0x2f, "BracketLeft"),
    (0x30, "BracketRight"),
    (0x31, "Backslash"),
    (0x33, "Semicolon"),
    (0x34, "Quote"),
    (0x35, "Backquote"),
    (0x36, "Comma"),
    (0x37, "Period"),
    (0x38, "Slash"),
    (0x39, "CapsLock"),
    (0x3a, "F1"),
    (0x3b, "F2"),
    (0x3c, "F3"),
    (0x3d, "F4"),
    (0x3e, "F5"),
    (0x3f, "F6"),
    (0x40, "F7"),
    (0x41, "F8"),
    (0x42, "F9"),
    (0x43, "F10"),
    (0x44, "F11"),
    (0x45, "F12"),
    (0x46, "PrintScreen"),
    (0x47, "ScrollLock"),
    (0x48, "Pause"),
    (0x49, "Insert"),
    (0x4a, "Home"),
    (0x4b, "PageUp"),
    (0x4c, "Delete"),
    (0x4d, "End"),
    (0x4e, "PageDown"),
    (0x4f, "ArrowRight"),
    (0x50, "ArrowLeft"),
    (0x51, "ArrowDown"),
    (0x52, "ArrowUp"),
    (0x53, "NumLock"),
    (0x54, "NumpadDivide"),
    (0x55, "NumpadMultiply"),
    (0x56, "NumpadSubtract"),
    (0x57, "NumpadAdd"),
    (0x58, "NumpadEnter"),
    (0x59, "Numpad1"),
    (0x5a, "Numpad2"),
    (0x5b, "Numpad3"),
    (0x5c, "Numpad4"),
    (0x5d, "Numpad5"),
    (0x5e, "Numpad6"),
    (0x5f, "Numpad7"),
    (0x60, "Numpad8"),
    (0x61, "Numpad9"),
    (0x62, "Numpad0"),
    (0x63, "NumpadDecimal"),
    (0x64, "IntlBackslash"),
    (0x65, "ContextMenu"),
    (0x66, "Power"),
    (0x67, "NumpadEqual"),
    (0x68, "F13"),
    (0x69, "F14"),
    (0x6a, "F15"),
    (0x6b, "F16"),
    (0x6c, "F17"),
    (0x6d, "F18"),
    (0x6e, "F19"),
    (0x6f, "F20"),
    (0x70, "F21"),
    (0x71, "F22"),
    (0x72, "F23"),
    (0x73, "F24"),
    (0x85, "NumpadComma"),
    (0x87, "IntlRo"),
    (0x88, "KanaMode"),
    (0x89, "IntlYen"),
    (0x8a, "Convert"),
    (0x8b, "NonConvert"),
    (0xe0, "ControlLeft"),
    (0xe1, "ShiftLeft"),
    (0xe2, "AltLeft"),
    (0xe3, "MetaLeft"),
    (0xe4, "ControlRight"),
    (0xe5, "ShiftRight"),
    (0xe6, "AltRight"),
    (0xe7, "MetaRight"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_one_to_one() {
        for (usage, name) in NAMES {
            assert_eq!(Key::from_code(name), Some(Key(*usage)));
            assert_eq!(Key(*usage).code(), Some(*name));
        }
        assert_eq!(Key::from_code("KeyÄ"), None);
    }

    #[test]
    fn a_set_keeps_its_keys() {
        let set: KeySet = [Key(4), Key(0xe7)].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Key(4), Key(0xe7)]);
        assert_eq!(set.to_bytes()[0], 1 << 4);
    }
}
