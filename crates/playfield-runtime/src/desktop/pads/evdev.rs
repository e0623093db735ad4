//! What an input device says of itself and of what is held: `linux/input.h`, `linux/input-event-codes.h`.
//!
//! It is the pad that every program knows, so that none needs a mapping: a wired Xbox 360 pad, in the layout that
//! Linux's `xpad` driver gives it.

use playfield_core::input::{Pad, PadButton};

/// What it is called.
pub(super) const NAME: &str = "Microsoft X-Box 360 pad";
/// Bus (USB), vendor, product, version.
pub(super) const ID: [u16; 4] = [0x03, 0x045e, 0x028e, 0x0110];
/// Version 1.0.1 of the interface.
const VERSION: u32 = 0x01_0001;
/// Most effects that one device holds.
pub(super) const EFFECTS: usize = 16;

/// Buttons in the order of their codes: A B X Y TL TR SELECT START MODE THUMBL THUMBR.
pub(super) const BUTTONS: [u16; 11] = [0x130, 0x131, 0x133, 0x134, 0x136, 0x137, 0x13a, 0x13b, 0x13c, 0x13d, 0x13e];
/// The pad's button for each. Browsers keep the middle one (MODE) to themselves.
const HELD_BY: [Option<PadButton>; 11] = {
    use PadButton::*;
    [Some(A), Some(B), Some(X), Some(Y), Some(L1), Some(R1), Some(Select), Some(Start), None, Some(L3), Some(R3)]
};

/// An axis: code, least, most, noise, what counts as the middle.
pub(super) struct Axis(pub(super) u16, i32, i32, i32, i32);
/// Axes in the order of their codes: X Y Z RX RY RZ HAT0X HAT0Y.
pub(super) const AXES: [Axis; 8] = [
    Axis(0x00, -32768, 32767, 16, 128),
    Axis(0x01, -32768, 32767, 16, 128),
    Axis(0x02, 0, 255, 0, 0),
    Axis(0x03, -32768, 32767, 16, 128),
    Axis(0x04, -32768, 32767, 16, 128),
    Axis(0x05, 0, 255, 0, 0),
    Axis(0x10, -1, 1, 0, 0),
    Axis(0x11, -1, 1, 0, 0),
];

/// Types of events.
pub(super) const EV_SYN: u16 = 0x00;
pub(super) const EV_KEY: u16 = 0x01;
pub(super) const EV_ABS: u16 = 0x03;
pub(super) const EV_FF: u16 = 0x15;
/// Of `EV_SYN`: what came belongs together; something was lost.
pub(super) const SYN_REPORT: u16 = 0;
pub(super) const SYN_DROPPED: u16 = 3;
/// Of `EV_FF`: RUMBLE, PERIODIC, CONSTANT, SQUARE, TRIANGLE, SINE, GAIN.
const FORCES: [u16; 7] = [0x50, 0x51, 0x52, 0x58, 0x59, 0x5a, FF_GAIN];
pub(super) const FF_GAIN: u16 = 0x60;

/// An event without its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: u16,
    pub(super) code: u16,
    pub(super) value: i32,
}

impl Event {
    pub(super) const SIZE: usize = 24;

    /// `struct input_event` of a 64-bit program; the time in microseconds.
    pub(super) fn write(self, time_us: u64, into: &mut Vec<u8>) {
        into.extend_from_slice(&(time_us / 1_000_000).to_ne_bytes());
        into.extend_from_slice(&(time_us % 1_000_000).to_ne_bytes());
        into.extend_from_slice(&self.kind.to_ne_bytes());
        into.extend_from_slice(&self.code.to_ne_bytes());
        into.extend_from_slice(&self.value.to_ne_bytes());
    }

    /// What a program wrote, its time left aside.
    pub(super) fn read(bytes: &[u8; Event::SIZE]) -> Event {
        let [.., k0, k1, c0, c1, v0, v1, v2, v3] = *bytes;
        Event {
            kind: u16::from_ne_bytes([k0, k1]),
            code: u16::from_ne_bytes([c0, c1]),
            value: i32::from_ne_bytes([v0, v1, v2, v3]),
        }
    }
}

/// What is held: by index of [`BUTTONS`] and [`AXES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) buttons: [bool; 11],
    pub(super) axes: [i32; 8],
}

impl Held {
    pub(super) fn of(pad: &Pad) -> Held {
        let down = |button: PadButton| pad.buttons & button.bit() != 0;
        let axis = |less, more| i32::from(down(more)) - i32::from(down(less));
        // A trigger that is a mere button, as on a keyboard, is drawn in full.
        let trigger = |value: u8, button| if value == 0 && down(button) { 255 } else { i32::from(value) };
        let axes = [
            pad.lx.into(),
            pad.ly.into(),
            trigger(pad.l2, PadButton::L2),
            pad.rx.into(),
            pad.ry.into(),
            trigger(pad.r2, PadButton::R2),
            axis(PadButton::Left, PadButton::Right),
            axis(PadButton::Up, PadButton::Down),
        ];
        Held { buttons: HELD_BY.map(|button| button.is_some_and(down)), axes }
    }

    /// What differs in `now`, in the order of codes.
    pub(super) fn changes(self, now: Held) -> impl Iterator<Item = Change> {
        let buttons = (0..now.buttons.len()).filter(move |at| self.buttons[*at] != now.buttons[*at]);
        let axes = (0..now.axes.len()).filter(move |at| self.axes[*at] != now.axes[*at]);
        let buttons = buttons.map(move |at| Change::Button(at, now.buttons[at]));
        buttons.chain(axes.map(move |at| Change::Axis(at, now.axes[at])))
    }
}

/// A button or an axis, by its index, and what it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Button(usize, bool),
    Axis(usize, i32),
}

impl Change {
    pub(super) fn event(self) -> Event {
        match self {
            Change::Button(at, down) => Event { kind: EV_KEY, code: BUTTONS[at], value: i32::from(down) },
            Change::Axis(at, value) => Event { kind: EV_ABS, code: AXES[at].0, value },
        }
    }
}

/// The parts of a request's number: `_IOC` in `asm-generic/ioctl.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The program wants to be told.
    pub(super) asks: bool,
    pub(super) letter: u8,
    pub(super) number: u8,
    pub(super) size: usize,
}

impl Request {
    pub(super) fn of(request: u64) -> Request {
        // The kernel looks at 32 bits as well.
        let [number, letter, low, high, ..] = request.to_le_bytes();
        Request { asks: high & 0x80 != 0, letter, number, size: usize::from(low) | usize::from(high & 0x3f) << 8 }
    }
}

/// What an `EVIOCG*` is answered with; `None`: the device has no such thing.
pub(super) fn answer(request: Request, held: &Held, player: usize) -> Option<Vec<u8>> {
    let Request { asks: true, letter: b'E', number, size } = request else { return None };
    let cut = |mut bytes: Vec<u8>| {
        bytes.truncate(size);
        Some(bytes)
    };
    let text = |text: &str| cut([text.as_bytes(), &[0]].concat());
    match (number, size) {
        // EVIOCGVERSION, EVIOCGID
        (0x01, 4) => Some(VERSION.to_ne_bytes().to_vec()),
        (0x02, 8) => Some(ID.iter().flat_map(|word| word.to_ne_bytes()).collect()),
        // EVIOCGNAME, EVIOCGPHYS, EVIOCGPROP
        (0x06, _) => text(NAME),
        (0x07, _) => text(&phys(player)),
        (0x09, _) => cut(vec![0; 8]),
        // EVIOCGKEY, EVIOCGLED, EVIOCGSND, EVIOCGSW
        (0x18, _) => cut(bits(96, held.buttons.iter().zip(BUTTONS).filter(|(down, _)| **down).map(|(_, code)| code))),
        (0x19..=0x1b, _) => cut(vec![0; 8]),
        // EVIOCGBIT
        (0x20..=0x3f, _) => cut(capabilities(u16::from(number - 0x20))?),
        // EVIOCGABS
        (0x40..=0x7f, _) => cut(absinfo(u16::from(number - 0x40), held)),
        // EVIOCGEFFECTS
        (0x84, 4) => Some((EFFECTS as i32).to_ne_bytes().to_vec()),
        _ => None,
    }
}

/// Where it is plugged in.
pub(super) fn phys(player: usize) -> String {
    format!("usb-playfield-{}/input0", player + 1)
}

/// The codes of one type of events as `/sys` has them: `unsigned long` words, highest first.
pub(super) fn words(kind: u16) -> String {
    let bytes = capabilities(kind).unwrap_or_default();
    let (words, _) = bytes.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_ne_bytes(*word)).rev().skip_while(|word| *word == 0);
    words.map(|word| format!("{word:x}")).collect::<Vec<_>>().join(" ")
}

/// The codes of one type of events, or for type 0 the types.
fn capabilities(kind: u16) -> Option<Vec<u8>> {
    Some(match kind {
        EV_SYN => bits(8, [EV_SYN, EV_KEY, EV_ABS, EV_FF]),
        EV_KEY => bits(96, BUTTONS),
        EV_ABS => bits(8, AXES.map(|axis| axis.0)),
        EV_FF => bits(16, FORCES),
        // REL, MSC, SW, LED, SND: known types that it has none of.
        0x02 | 0x04 | 0x05 | 0x11 | 0x12 => vec![0; 8],
        _ => return None,
    })
}

/// `struct input_absinfo`; all zero for an axis that it has not.
fn absinfo(code: u16, held: &Held) -> Vec<u8> {
    let words = AXES.iter().zip(held.axes).find(|(axis, _)| axis.0 == code);
    let words =
        words.map_or([0; 6], |(Axis(_, least, most, noise, middle), value)| [value, *least, *most, *noise, *middle, 0]);
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// Bit N of the bytes is code N: `unsigned long` words, lowest first.
fn bits(len: usize, codes: impl IntoIterator<Item = u16>) -> Vec<u8> {
    let mut bytes = vec![0; len];
    for code in codes {
        bytes[usize::from(code / 8)] |= 1 << (code % 8);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `EVIOCG*` as the C headers have them.
    fn read(number: u8, size: usize) -> Request {
        Request { asks: true, letter: b'E', number, size }
    }

    #[test]
    fn a_request_is_told_by_its_number() {
        let check = |request, expect| assert_eq!(Request::of(request), expect, "{request:#x}");
        check(0x8004_4501, read(0x01, 4));
        check(0x80ff_4506, read(0x06, 255));
        check(0x8018_4540, read(0x40, 24));
        check(0x4030_4580, Request { asks: false, ..read(0x80, 48) });
        check(0xffff_ffff_8008_4502, read(0x02, 8));
    }

    #[test]
    fn it_says_what_an_xbox_pad_says() {
        let check = |number, size, expect: &[u8]| {
            assert_eq!(answer(read(number, size), &Held::default(), 0).unwrap(), expect, "{number:#x}");
        };
        check(0x02, 8, &[3, 0, 0x5e, 4, 0x8e, 2, 0x10, 1]);
        check(0x06, 255, b"Microsoft X-Box 360 pad\0");
        check(0x06, 4, b"Micr");
        check(0x20, 8, &[0b1011, 0, 0x20, 0, 0, 0, 0, 0]);
        check(0x23, 8, &[0x3f, 0, 3, 0, 0, 0, 0, 0]);
        check(0x46, 24, &[0; 24]);
        check(0x42, 12, &[0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0]);
        assert_eq!(answer(read(0x21, 96), &Held::default(), 0).unwrap()[38..40], [0xdb, 0x7c]);
        for (number, size) in [(0x08, 64), (0x34, 8), (0xff, 0), (0x02, 7)] {
            assert_eq!(answer(read(number, size), &Held::default(), 0), None, "{number:#x}");
        }
    }

    #[test]
    fn sys_has_the_codes_as_words() {
        assert_eq!(words(EV_SYN), "20000b");
        assert_eq!(words(EV_KEY), "7cdb000000000000 0 0 0 0");
        assert_eq!(words(EV_ABS), "3003f");
        assert_eq!(words(EV_FF), "107070000 0");
    }

    #[test]
    fn changes_alone_become_events() {
        let pad = Pad { buttons: PadButton::B.bit() | PadButton::Up.bit(), lx: -5, r2: 9, ..Pad::default() };
        let held = Held::of(&pad);
        let events: Vec<_> = Held::default().changes(held).map(Change::event).collect();
        let event = |kind, code, value| Event { kind, code, value };
        let expect = [event(1, 0x131, 1), event(3, 0, -5), event(3, 5, 9), event(3, 0x11, -1)];
        assert_eq!(events, expect);
        assert_eq!(held.changes(held).count(), 0);
        assert_eq!(answer(read(0x51, 24), &held, 0).unwrap()[..4], (-1_i32).to_ne_bytes());
        assert_eq!(answer(read(0x18, 96), &held, 0).unwrap()[38], 2);
    }

    #[test]
    fn a_trigger_that_is_a_button_is_drawn_in_full() {
        let drawn = |buttons, l2| Held::of(&Pad { buttons, l2, ..Pad::default() }).axes[2];
        assert_eq!(drawn(PadButton::L2.bit(), 0), 255);
        assert_eq!(drawn(PadButton::L2.bit(), 40), 40);
        assert_eq!(drawn(0, 3), 3);
    }

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let event = Event { kind: EV_FF, code: 3, value: -2 };
        let mut bytes = Vec::new();
        event.write(1_000_001, &mut bytes);
        assert_eq!(bytes[..16], [1_u64.to_ne_bytes(), 1_u64.to_ne_bytes()].concat());
        assert_eq!(Event::read(bytes[..].try_into().unwrap()), event);
    }
}
