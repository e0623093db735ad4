//! The older interface, `/dev/input/jsN`: `linux/joystick.h`.

use super::evdev::{AXES, BUTTONS, Change, Held, NAME, Request};

/// Version 2.1.0 of the interface.
const VERSION: u32 = 0x02_0100;
const BUTTON: u8 = 0x01;
const AXIS: u8 = 0x02;
/// It is so, rather than it became so.
const INIT: u8 = 0x80;
/// Codes of buttons are counted from here, and so many there are: `BTN_MISC`, `KEY_MAX`.
const BUTTON_MAP: usize = 0x2ff - 0x100 + 1;

/// `struct js_event`; the time in milliseconds, which wrap around.
fn write(change: Change, init: u8, time_ms: u64, into: &mut Vec<u8>) {
    let (kind, number, value) = match change {
        Change::Button(at, down) => (BUTTON, at, i16::from(down)),
        Change::Axis(at, value) => (AXIS, at, scaled(at, value)),
    };
    into.extend_from_slice(&(time_ms as u32).to_ne_bytes());
    into.extend_from_slice(&value.to_ne_bytes());
    into.extend_from_slice(&[kind | init, number as u8]);
}

/// An event of what changed.
pub(super) fn changed(change: Change, time_ms: u64, into: &mut Vec<u8>) {
    write(change, 0, time_ms, into);
}

/// What a program is told first, and after it lost something: all there is.
pub(super) fn all(held: &Held, time_ms: u64, into: &mut Vec<u8>) {
    let buttons = held.buttons.iter().enumerate().map(|(at, down)| Change::Button(at, *down));
    let axes = held.axes.iter().enumerate().map(|(at, value)| Change::Axis(at, *value));
    buttons.chain(axes).for_each(|change| write(change, INIT, time_ms, into));
}

/// Every axis runs from -32767 to 32767 here.
fn scaled(at: usize, value: i32) -> i16 {
    let value = match at {
        2 | 5 => value * 2 * 32_767 / 255 - 32_767,
        6 | 7 => value * 32_767,
        _ => value,
    };
    value.clamp(-32_767, 32_767) as i16
}

/// What a `JSIOCG*` is answered with; `None`: there is no such thing.
pub(super) fn answer(request: Request) -> Option<Vec<u8>> {
    let Request { asks: true, letter: b'j', number, size } = request else { return None };
    let words = |words: &mut dyn Iterator<Item = u16>| words.flat_map(u16::to_ne_bytes).collect::<Vec<u8>>();
    match (number, size) {
        // JSIOCGVERSION, JSIOCGAXES, JSIOCGBUTTONS
        (0x01, 4) => Some(VERSION.to_ne_bytes().to_vec()),
        (0x11, 1) => Some(vec![AXES.len() as u8]),
        (0x12, 1) => Some(vec![BUTTONS.len() as u8]),
        // JSIOCGNAME
        (0x13, _) => {
            let mut name = [NAME.as_bytes(), &[0]].concat();
            name.truncate(size);
            Some(name)
        }
        // JSIOCGCORR: nothing is corrected.
        (0x22, 36) => Some(vec![0; 36 * AXES.len()]),
        // JSIOCGAXMAP, JSIOCGBTNMAP: the codes, by index
        (0x32, _) => {
            let mut codes: Vec<u8> = AXES.iter().map(|axis| axis.0 as u8).collect();
            codes.resize(64, 0);
            codes.truncate(size);
            Some(codes)
        }
        (0x34, _) => {
            let mut codes = words(&mut BUTTONS.into_iter());
            codes.resize(2 * BUTTON_MAP, 0);
            codes.truncate(size);
            Some(codes)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_run_over_the_whole_range() {
        let check = |at, value, expect| assert_eq!(scaled(at, value), expect, "axis {at}");
        check(0, -32_768, -32_767);
        check(1, 5, 5);
        check(2, 0, -32_767);
        check(2, 255, 32_767);
        check(6, -1, -32_767);
        check(7, 1, 32_767);
    }

    #[test]
    fn a_program_is_told_first_what_is_held() {
        let mut held = Held::default();
        held.buttons[1] = true;
        let mut bytes = Vec::new();
        all(&held, 7, &mut bytes);
        assert_eq!(bytes.len(), 8 * (BUTTONS.len() + AXES.len()));
        assert_eq!(bytes[8..16], [7, 0, 0, 0, 1, 0, 0x81, 1]);
        assert_eq!(bytes[8 * 11 + 6..8 * 12], [0x82, 0]);
        bytes.clear();
        changed(Change::Axis(0, -2), 7, &mut bytes);
        assert_eq!(bytes, [7, 0, 0, 0, 0xfe, 0xff, 2, 0]);
    }

    #[test]
    fn it_says_how_much_it_has_and_what() {
        let ask = |number, size| answer(Request { asks: true, letter: b'j', number, size });
        assert_eq!(ask(0x11, 1), Some(vec![8]));
        assert_eq!(ask(0x12, 1), Some(vec![11]));
        assert_eq!(ask(0x13, 9).as_deref(), Some(&b"Microsoft"[..]));
        assert_eq!(ask(0x32, 64).unwrap()[..8], [0, 1, 2, 3, 4, 5, 0x10, 0x11]);
        assert_eq!(ask(0x34, 1024).unwrap()[..4], [0x30, 1, 0x31, 1]);
        assert_eq!(ask(0x99, 1), None);
    }
}
