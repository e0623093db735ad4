//! Text that no keys of a player stand for, such as that of a keyboard on a telephone's screen: into a field that takes text as
//! such, and else by the keys that the program's own keyboard has for it.

use std::collections::HashMap;

use smithay::backend::input::KeyState;
use smithay::input::keyboard::xkb;
use smithay::wayland::text_input::TextInputSeat;

use super::super::words::FromProgram;
use super::Compositor;
use super::input::FIRST_KEYCODE;

/// Left shift, and the key that reaches what is written third on a key.
const SHIFT: u32 = 42;
const THIRD: u32 = 100;
/// Signs that one key can have.
const LEVELS: u32 = 4;
/// Keys of the keypad: programs tell them from others.
const KEYPAD: std::ops::RangeInclusive<u32> = 0xff80..=0xffbf;

/// The program's keyboard, to type on.
pub(super) struct Typing {
    layout: (String, String),
    /// The key that has a character, and on which level; made when it is first needed.
    keys: Option<HashMap<char, (u32, u32)>>,
}

impl Typing {
    pub(super) fn on((layout, variant): (&str, &str)) -> Typing {
        Typing { layout: (layout.to_owned(), variant.to_owned()), keys: None }
    }

    fn key(&mut self, character: char) -> Option<(u32, u32)> {
        let (layout, variant) = &self.layout;
        let keys = self.keys.get_or_insert_with(|| keys_of(layout, variant).unwrap_or_default());
        // What keyboards call enter.
        let character = if character == '\n' { '\r' } else { character };
        keys.get(&character).copied()
    }
}

/// The simplest way to each character.
fn keys_of(layout: &str, variant: &str) -> Option<HashMap<char, (u32, u32)>> {
    let context = xkb::Context::new(xkb::CONTEXT_NO_FLAGS);
    let keymap = xkb::Keymap::new_from_names(&context, "", "", layout, variant, None, xkb::KEYMAP_COMPILE_NO_FLAGS)?;
    let mut keys = HashMap::new();
    for level in 0..LEVELS {
        for code in keymap.min_keycode().raw().max(FIRST_KEYCODE)..=keymap.max_keycode().raw() {
            let [sign] = keymap.key_get_syms_by_level(code.into(), 0, level) else { continue };
            let character = char::from_u32(xkb::keysym_to_utf32(*sign)).filter(|character| *character != '\0');
            if let Some(character) = character.filter(|_| !KEYPAD.contains(&sign.raw())) {
                keys.entry(character).or_insert((code - FIRST_KEYCODE, level));
            }
        }
    }
    Some(keys)
}

impl Compositor {
    /// Types a text.
    pub(super) fn type_text(&mut self, text: &str) {
        let input = self.seat.text_input();
        let mut taken = false;
        input.with_active_text_input(|field, _| {
            field.commit_string(Some(text.to_owned()));
            taken = true;
        });
        if taken {
            return input.done(false);
        }
        let mut missing = None;
        for character in text.chars() {
            match self.typing.key(character) {
                Some((code, level)) => self.strike(code, level),
                None => missing = missing.or(Some(character)),
            }
        }
        if let Some(missing) = missing {
            self.report(FromProgram::Message(format!("The program's keyboard has no key for {missing:?}.")));
        }
    }

    fn strike(&mut self, code: u32, level: u32) {
        let held = [(SHIFT, level & 1 != 0), (THIRD, level & 2 != 0)].into_iter().filter(|(_, held)| *held);
        held.clone().for_each(|(code, _)| self.key(code, KeyState::Pressed));
        self.key(code, KeyState::Pressed);
        self.key(code, KeyState::Released);
        held.rev().for_each(|(code, _)| self.key(code, KeyState::Released));
    }
}
