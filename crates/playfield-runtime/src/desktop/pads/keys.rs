//! A pad as keys, for titles that know none, and where input devices cannot be made.

use std::collections::BTreeMap;

use playfield_core::input::{Key, KeySet, Pad, PadButton};

/// A stick counts as pressed in a direction from here on.
const FAR: i16 = 16_384;
/// A trigger counts as pressed from here on.
const DRAWN: u8 = 64;

/// The keys that a pad's buttons stand for where a title says nothing.
const COMMON: [(PadButton, &str); 16] = [
    (PadButton::A, "Space"),
    (PadButton::B, "Escape"),
    (PadButton::X, "ControlLeft"),
    (PadButton::Y, "ShiftLeft"),
    (PadButton::L1, "KeyQ"),
    (PadButton::R1, "KeyE"),
    (PadButton::L2, "KeyZ"),
    (PadButton::R2, "KeyX"),
    (PadButton::Select, "Tab"),
    (PadButton::Start, "Enter"),
    (PadButton::L3, "KeyC"),
    (PadButton::R3, "KeyV"),
    (PadButton::Up, "ArrowUp"),
    (PadButton::Down, "ArrowDown"),
    (PadButton::Left, "ArrowLeft"),
    (PadButton::Right, "ArrowRight"),
];

/// The right stick: up, down, left, right.
const RIGHT: [&str; 4] = ["KeyW", "KeyS", "KeyA", "KeyD"];

/// Which keys a pad's buttons hold. The left stick does what the direction pad does; the right one holds W, A, S and D.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMap {
    buttons: [Option<Key>; 16],
    right: [Option<Key>; 4],
}

/// A map that names what is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyMapError {
    /// Not a button.
    #[error(
        "{0} is no button of a pad: they are a, b, x, y, l1, r1, l2, r2, select, start, l3, r3, up, down, left, right"
    )]
    Button(String),
    /// Not a key.
    #[error("{0} is no key: they are named as in a browser, KeyA, Digit1, ArrowUp, Space, ShiftLeft")]
    Key(String),
}

impl Default for KeyMap {
    fn default() -> Self {
        let mut map = KeyMap { buttons: [None; 16], right: RIGHT.map(Key::from_code) };
        for (button, code) in COMMON {
            map.buttons[button as usize] = Key::from_code(code);
        }
        map
    }
}

impl KeyMap {
    /// The common map with what a title changes of it: by button, the key's `KeyboardEvent.code`; empty: none.
    pub fn with(changes: &BTreeMap<String, String>) -> Result<KeyMap, KeyMapError> {
        let mut map = KeyMap::default();
        for (name, code) in changes {
            let button = PadButton::from_name(name).ok_or_else(|| KeyMapError::Button(name.clone()))?;
            let key = Key::from_code(code);
            if key.is_none() && !code.is_empty() {
                return Err(KeyMapError::Key(code.clone()));
            }
            map.buttons[button as usize] = key;
        }
        Ok(map)
    }

    /// The keys that this pad holds.
    pub fn held(&self, pad: &Pad) -> KeySet {
        let stick = |y: i16, x: i16| [y <= -FAR, y >= FAR, x <= -FAR, x >= FAR];
        let left = stick(pad.ly, pad.lx);
        let directions = [PadButton::Up, PadButton::Down, PadButton::Left, PadButton::Right];
        let pressed = |button: PadButton| {
            let far = directions.iter().position(|known| *known == button).is_some_and(|at| left[at]);
            let drawn = match button {
                PadButton::L2 => pad.l2 >= DRAWN,
                PadButton::R2 => pad.r2 >= DRAWN,
                _ => false,
            };
            pad.buttons & button.bit() != 0 || far || drawn
        };
        let by_buttons = PadButton::ALL.into_iter().filter(|button| pressed(*button)).map(|button| button as usize);
        let by_right = stick(pad.ry, pad.rx).into_iter().zip(self.right).filter(|(far, _)| *far);
        by_buttons.filter_map(|button| self.buttons[button]).chain(by_right.filter_map(|(_, key)| key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pad_holds_keys() {
        let check = |pad: Pad, expect: &[&str]| {
            let keys: KeySet = expect.iter().map(|code| Key::from_code(code).unwrap()).collect();
            assert_eq!(KeyMap::default().held(&pad), keys, "{pad:?}");
        };
        let buttons = |buttons: &[PadButton]| buttons.iter().fold(0, |all, button| all | button.bit());
        check(Pad::default(), &[]);
        check(Pad { buttons: buttons(&[PadButton::A, PadButton::Left]), ..Pad::default() }, &["Space", "ArrowLeft"]);
        check(Pad { lx: 20_000, ly: -32_767, ..Pad::default() }, &["ArrowRight", "ArrowUp"]);
        check(Pad { lx: 9_000, l2: 30, ..Pad::default() }, &[]);
        check(Pad { ry: 32_767, l2: 200, ..Pad::default() }, &["KeyS", "KeyZ"]);
        check(Pad { lx: i16::MIN, rx: i16::MIN, ..Pad::default() }, &["ArrowLeft", "KeyA"]);
    }

    #[test]
    fn every_common_key_is_one() {
        assert!(KeyMap::default().buttons.iter().chain(&KeyMap::default().right).all(Option::is_some));
    }

    #[test]
    fn a_title_changes_what_it_wants() {
        let with = |button: &str, key: &str| KeyMap::with(&BTreeMap::from([(button.to_owned(), key.to_owned())]));
        let pad = Pad { buttons: PadButton::A.bit(), ..Pad::default() };
        assert_eq!(with("a", "KeyJ").unwrap().held(&pad), KeySet::from_iter(Key::from_code("KeyJ")));
        assert_eq!(with("a", "").unwrap().held(&pad), KeySet::default());
        assert_eq!(with("fire", "KeyJ"), Err(KeyMapError::Button("fire".into())));
        assert_eq!(with("a", "Jump"), Err(KeyMapError::Key("Jump".into())));
    }
}
