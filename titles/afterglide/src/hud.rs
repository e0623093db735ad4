//! Words and figures over the picture.

use playfield_sdk::canvas::Canvas32;

use crate::flight::{Flight, LONGEST_LEAD};
use crate::letters::{Letters, Size};
use crate::paint::{disc, stroke};

/// How points count, in letters.
const TIMES: [&str; 11] = ["", "X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X9", "X10"];

/// A number as text.
pub struct Digits {
    bytes: [u8; 20],
    from: usize,
}

impl Digits {
    /// The number with some letters behind it.
    pub fn with(value: u32, unit: &str) -> Digits {
        let mut digits = Digits { bytes: [0; 20], from: 20 };
        digits.letters(unit);
        digits.number(value);
        digits
    }

    /// So many of so many.
    pub fn of(value: u32, most: u32, unit: &str) -> Digits {
        let mut digits = Digits { bytes: [0; 20], from: 20 };
        digits.letters(unit);
        digits.number(most);
        digits.letters("/");
        digits.number(value);
        digits
    }

    fn push(&mut self, byte: u8) {
        if self.from > 0 {
            self.from -= 1;
            self.bytes[self.from] = byte;
        }
    }

    fn letters(&mut self, text: &str) {
        text.bytes().rev().for_each(|byte| self.push(byte));
    }

    fn number(&mut self, mut value: u32) {
        loop {
            self.push(b'0' + (value % 10) as u8);
            value /= 10;
            if value == 0 {
                return;
            }
        }
    }

    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[self.from..]).unwrap_or("")
    }
}

/// A line of words that comes and goes.
pub struct Banner {
    pub text: &'static str,
    pub number: u32,
    /// Small words below, if it is not empty.
    pub note: &'static str,
    pub left: u32,
    pub colour: u32,
}

impl Banner {
    pub const NEW: Banner = Banner { text: "", number: 0, note: "", left: 0, colour: 0 };

    pub fn say(&mut self, text: &'static str, number: u32, colour: u32) {
        *self = Banner { text, number, note: "", left: 110, colour };
    }

    pub fn paint(&self, canvas: &mut Canvas32, letters: &Letters) {
        if self.left == 0 {
            return;
        }
        let share = (self.left * 8).min(256);
        let rise = (110 - self.left.min(110)) as i32 / 6;
        letters.centred(canvas, 320, 92 - rise, self.text, Size::Large, self.colour, share);
        if !self.note.is_empty() {
            letters.centred(canvas, 320, 136 - rise, self.note, Size::Small, 0xffffff, share);
        }
        if self.number > 1 {
            letters.centred(
                canvas,
                320,
                136 - rise,
                Digits::with(self.number, " IN A ROW").as_str(),
                Size::Small,
                0xffffff,
                share,
            );
        }
    }
}

pub fn paint(canvas: &mut Canvas32, letters: &Letters, flight: &Flight, best: u32, shown: u32) {
    letters.text(canvas, 14, 12, Digits::with(shown, "").as_str(), Size::Large, 0xffffff, 256);
    if flight.times() > 1 {
        let colour = if flight.glow > 0 && (flight.ticks / 6).is_multiple_of(2) { 0xfff06a } else { 0xffb870 };
        letters.text(canvas, 14, 58, TIMES[flight.times().min(10) as usize], Size::Small, colour, 256);
    }
    let metres = Digits::with(flight.metres(), " M");
    letters.text(
        canvas,
        626 - Letters::width(metres.as_str(), Size::Small),
        14,
        metres.as_str(),
        Size::Small,
        0xffffff,
        256,
    );
    if best > 0 {
        let best = Digits::with(best, " BEST");
        letters.text(
            canvas,
            626 - Letters::width(best.as_str(), Size::Small),
            34,
            best.as_str(),
            Size::Small,
            0xffffff,
            150,
        );
    }
    lead(canvas, flight);
    flares(canvas, flight);
}

/// How far behind the night is: a dark end creeps along a line towards a light.
fn lead(canvas: &mut Canvas32, flight: &Flight) {
    let t = (flight.lead() / LONGEST_LEAD).clamp(0.0, 1.0);
    let (y, from, to) = (338.0, 230.0, 410.0);
    let at = to - (to - from) * t;
    let near = t < 0.28 && (flight.ticks / 8).is_multiple_of(2);
    stroke(canvas, (from, y), (to, y), 2.0, 0x120a28, 130);
    stroke(canvas, (at, y), (to, y), 2.0, if near { 0xff5a6a } else { 0xffe2a8 }, 230);
    disc(canvas, at, y, 6.0, 0x120a28, 256);
    disc(canvas, at - 2.0, y - 1.0, 3.6, if near { 0xff5a6a } else { 0x9a7aff }, 256);
    canvas.glow(to as i32, y as i32, 16, 0xffd890, 200);
    disc(canvas, to, y, 4.0, 0xffffff, 256);
}

fn flares(canvas: &mut Canvas32, flight: &Flight) {
    for i in 0..3u32 {
        let (x, y) = (22.0 + 22.0 * i as f32, 338.0);
        disc(canvas, x, y, 7.5, 0x120a28, 120);
        let parts = flight.shards.saturating_sub(4 * i).min(4);
        if parts == 4 {
            canvas.glow(x as i32, y as i32, 15, 0x8affff, 170);
        }
        if parts > 0 {
            disc(canvas, x, y, 1.0 + 1.3 * parts as f32, if parts == 4 { 0xe8ffff } else { 0x5aa8b8 }, 256);
        }
    }
}
