//! Drawing with the numbers of a script: fractions, arguments that are missing (not a number), and sums that pass 32 bits.
//!
//! The console's web runtime is a script, which computes in `f64` and cuts a number to 32 bits only where it picks a byte
//! or a bit (ECMAScript's `ToInt32`). Cartridges that import the drawing calls with types of their own show it: half a
//! pixel is rounded late, and a call without its last argument mostly draws nothing. For whole numbers this room draws
//! what `shapes` and `blit` draw, only slower; they are tested to be equal.
//!
//! A walk that takes more than [`STEPS`] steps is an error: nearly all of those never end, in the console neither.

use super::canvas::Canvas;
use super::{SIZE, font, slice};

/// Steps one call may take. A sprite that fills the screen takes 25,600.
const STEPS: u32 = 1 << 20;
/// Width and height of the screen.
const SCREEN: f64 = SIZE as f64;

/// Whether a number is one that a cartridge's 32-bit integers have.
pub fn is_int(number: f64) -> bool {
    number == f64::from(number as i32)
}

/// A number cut to 32 bits: without its fraction, modulo 2^32; what is no number is 0.
pub fn to_int32(number: f64) -> i32 {
    if !number.is_finite() {
        return 0;
    }
    let low = number.trunc().rem_euclid(4_294_967_296.0);
    (low as u32).cast_signed()
}

/// The smaller one; not a number if one of them is not.
fn min(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// The larger one; not a number if one of them is not.
fn max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// Draws what the call `name` draws; an argument that is missing is not a number. False: it is no drawing call.
pub fn draw(mem: &mut [u8], name: &str, a: &[f64; 9]) -> Result<bool, String> {
    match name {
        "blit" => blit(mem, [a[0], a[1], a[2], a[3], a[4], 0.0, 0.0, a[3], a[5]])?,
        "blitSub" => blit(mem, *a)?,
        "text" => text(mem, pointer(mem, a[0])?..mem.len(), a[1], a[2])?,
        "textUtf8" => {
            let start = pointer(mem, a[0])?;
            let length = if a[1].is_nan() { mem.len() - start } else { slice_length(a[1])? };
            slice(mem, start as u32, length as u32)?;
            text(mem, start..start + length, a[2], a[3])?;
        }
        "textUtf16" => wide_text(mem, a)?,
        _ => return shape(mem, name, a),
    }
    Ok(true)
}

fn shape(mem: &mut [u8], name: &str, &[a, b, c, d, ..]: &[f64; 9]) -> Result<bool, String> {
    let Some(mut canvas) = Canvas::of(mem) else { return Ok(true) };
    match name {
        "line" => line(&mut canvas, [a, b, c, d])?,
        "hline" => hline(&mut canvas, [a, b, c]),
        "vline" => vline(&mut canvas, [a, b, c]),
        "oval" => oval(&mut canvas, [a, b, c, d])?,
        "rect" => rect(&mut canvas, [a, b, c, d]),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Where a pointer points: its fraction is cut off, a missing one is 0.
fn pointer(mem: &[u8], number: f64) -> Result<usize, String> {
    let at = number.trunc();
    if at.is_nan() {
        return Ok(0);
    }
    if (0.0..=mem.len() as f64).contains(&at) { Ok(at as usize) } else { Err(format!("{at} lies outside the memory")) }
}

/// A length in bytes, without its fraction.
fn slice_length(number: f64) -> Result<usize, String> {
    let length = number.trunc();
    if (0.0..=f64::from(u32::MAX)).contains(&length) {
        Ok(length as usize)
    } else {
        Err(format!("{length} bytes of text"))
    }
}

fn text(mem: &mut [u8], bytes: std::ops::Range<usize>, x: f64, y: f64) -> Result<(), String> {
    let mut cursor = Cursor { left: x, x, y };
    for at in bytes {
        if !cursor.put(mem, mem[at].into())? {
            break;
        }
    }
    Ok(())
}

fn wide_text(mem: &mut [u8], &[at, length, x, y, ..]: &[f64; 9]) -> Result<(), String> {
    let start = pointer(mem, at)?;
    if !start.is_multiple_of(2) {
        return Err(format!("text of two-byte characters at an odd address, {start:#x}"));
    }
    let length = slice_length(to_int32(length).into())? & !1;
    slice(mem, start as u32, length as u32)?;
    let mut cursor = Cursor { left: x, x, y };
    for at in (start..start + length).step_by(2) {
        if !cursor.put(mem, u16::from_le_bytes([mem[at], mem[at + 1]]))? {
            break;
        }
    }
    Ok(())
}

/// The nine arguments of `blitSub`.
fn blit(mem: &mut [u8], [sheet, x, y, width, height, src_x, src_y, stride, flags]: [f64; 9]) -> Result<(), String> {
    let sheet = Sheet::Memory(pointer(mem, sheet)?);
    let flags = to_int32(flags);
    sprite(mem, &sheet, &Sprite { at: (x, y), size: (width, height), source: (src_x, src_y), stride, flags })
}

/// Counts the steps of a walk.
struct Steps(u32);

impl Steps {
    fn new() -> Steps {
        Steps(STEPS)
    }

    fn take(&mut self, what: &str) -> Result<(), String> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(format!("{what} that does not end: its numbers are no whole numbers, or far too large")),
        }
    }
}

impl Canvas<'_> {
    /// A pixel without a look at the edges: its byte and its place in the byte are cut apart.
    fn dot(&mut self, pixel: u8, x: f64, y: f64) {
        let shift = (to_int32(x) & 3) << 1;
        if let Some(byte) = self.bytes().get_mut((to_int32(SCREEN * y + x).cast_unsigned() >> 2) as usize) {
            *byte = (pixel << shift) | (*byte & !(3 << shift));
        }
    }

    /// A pixel, if it is on the screen.
    fn seen_dot(&mut self, pixel: u8, x: f64, y: f64) {
        if (0.0..SCREEN).contains(&x) && (0.0..SCREEN).contains(&y) {
            self.dot(pixel, x, y);
        }
    }

    /// A row from `left`, not negative, up to `right`, at most the width: whole bytes in the middle.
    fn row(&mut self, pixel: u8, mut left: f64, y: f64, right: f64) {
        let end = right - f64::from(to_int32(right) & 3);
        let start = min(f64::from(to_int32(left + 3.0) & !3), end);
        if end - start > 3.0 {
            while left < start {
                self.dot(pixel, left, y);
                left += 1.0;
            }
            let byte = |x: f64| (to_int32(SCREEN * y + x).cast_unsigned() >> 2) as usize;
            let bytes = self.bytes();
            let (from, to) = (byte(start).min(bytes.len()), byte(end).min(bytes.len()));
            if from < to {
                bytes[from..to].fill(pixel * 0b01_01_01_01);
            }
            left = end;
        }
        while left < right {
            self.dot(pixel, left, y);
            left += 1.0;
        }
    }

    /// A row, if it is on the screen.
    fn seen_row(&mut self, pixel: u8, left: f64, y: f64, right: f64) {
        let left = if left < 0.0 { 0.0 } else { left };
        let right = if right > SCREEN { SCREEN } else { right };
        if (0.0..SCREEN).contains(&y) && left < right {
            self.row(pixel, left, y, right);
        }
    }

    /// A column from `top` up to `bottom`.
    fn column_of_dots(&mut self, pixel: u8, x: f64, top: f64, bottom: f64) {
        let mut y = top;
        while y < bottom {
            self.dot(pixel, x, y);
            y += 1.0;
        }
    }
}

fn hline(canvas: &mut Canvas<'_>, [x, y, len]: [f64; 3]) {
    if let Some(stroke) = canvas.colors.pixel(0) {
        canvas.seen_row(stroke, x, y, x + len);
    }
}

fn vline(canvas: &mut Canvas<'_>, [x, y, len]: [f64; 3]) {
    if y + len <= 0.0 || !(0.0..SCREEN).contains(&x) && !x.is_nan() {
        return;
    }
    if let Some(stroke) = canvas.colors.pixel(0) {
        canvas.column_of_dots(stroke, x, max(0.0, y), min(SCREEN, y + len));
    }
}

pub(super) fn rect(canvas: &mut Canvas<'_>, [x, y, width, height]: [f64; 4]) {
    let (left, top) = (max(0.0, x), max(0.0, y));
    let (right, bottom) = (x + width, y + height);
    let (seen_right, seen_bottom) = (max(0.0, min(right, SCREEN)), max(0.0, min(bottom, SCREEN)));
    if let Some(fill) = canvas.colors.pixel(0) {
        let mut row = top;
        while row < seen_bottom {
            canvas.row(fill, left, row, seen_right);
            row += 1.0;
        }
    }
    let Some(stroke) = canvas.colors.pixel(1) else { return };
    if (0.0..SCREEN).contains(&x) {
        canvas.column_of_dots(stroke, x, top, seen_bottom);
    }
    if right > 0.0 && right <= SCREEN {
        canvas.column_of_dots(stroke, right - 1.0, top, seen_bottom);
    }
    if (0.0..SCREEN).contains(&y) {
        canvas.row(stroke, left, y, seen_right);
    }
    if bottom > 0.0 && bottom <= SCREEN {
        canvas.row(stroke, left, bottom - 1.0, seen_right);
    }
}

fn line(canvas: &mut Canvas<'_>, [x1, y1, x2, y2]: [f64; 4]) -> Result<(), String> {
    let Some(stroke) = canvas.colors.pixel(0) else { return Ok(()) };
    let ((mut x, mut y), (x2, y2)) = if y1 > y2 { ((x2, y2), (x1, y1)) } else { ((x1, y1), (x2, y2)) };
    let (dx, dy) = ((x2 - x).abs(), y2 - y);
    let sign = if x < x2 { 1.0 } else { -1.0 };
    let mut error = (if dx > dy { dx } else { -dy }) / 2.0;
    let mut steps = Steps::new();
    loop {
        steps.take("a line")?;
        canvas.seen_dot(stroke, x, y);
        if x == x2 && y == y2 {
            return Ok(());
        }
        let before = error;
        if before > -dx {
            error -= dy;
            x += sign;
        }
        if before < dy {
            error += dx;
            y += 1.0;
        }
    }
}

fn oval(canvas: &mut Canvas<'_>, [x, y, width, height]: [f64; 4]) -> Result<(), String> {
    let outline = canvas.colors.raw(1);
    if outline == 15 {
        return Ok(());
    }
    let stroke = outline.wrapping_sub(1) & 3;
    let fill = canvas.colors.pixel(0);
    let (a, b) = (width - 1.0, height - 1.0);
    let odd = b % 2.0;
    let (mut north, mut west, mut east) = (y + (height / 2.0).floor(), x, x + width - 1.0);
    let mut south = north - odd;
    let (a_squared, b_squared) = (a * a, b * b);
    let mut across = 4.0 * (1.0 - a) * b_squared;
    let mut down = 4.0 * (odd + 1.0) * a_squared;
    let mut error = across + down + odd * a_squared;
    let mut steps = Steps::new();
    loop {
        steps.take("an oval")?;
        for row in [north, south] {
            canvas.seen_dot(stroke, east, row);
            canvas.seen_dot(stroke, west, row);
        }
        if let Some(fill) = fill
            && east - (west + 1.0) > 0.0
        {
            canvas.seen_row(fill, west + 1.0, north, east);
            canvas.seen_row(fill, west + 1.0, south, east);
        }
        let twice = 2.0 * error;
        if twice <= down {
            north += 1.0;
            south -= 1.0;
            down += 8.0 * a_squared;
            error += down;
        }
        if twice >= across || twice > down {
            west += 1.0;
            east -= 1.0;
            across += 8.0 * b_squared;
            error += across;
        }
        // Numbers that are none end it too.
        let met = west > east || west.is_nan() || east.is_nan();
        if met {
            break;
        }
    }
    while north - south < height {
        steps.take("an oval")?;
        canvas.seen_dot(stroke, west - 1.0, north);
        canvas.seen_dot(stroke, east + 1.0, north);
        north += 1.0;
        canvas.seen_dot(stroke, west - 1.0, south);
        canvas.seen_dot(stroke, east + 1.0, south);
        south -= 1.0;
    }
    Ok(())
}

/// A part of a sheet and where it goes, as `blit::Sprite` has them.
struct Sprite {
    at: (f64, f64),
    size: (f64, f64),
    source: (f64, f64),
    stride: f64,
    flags: i32,
}

/// Where a sprite's bits come from.
enum Sheet {
    /// The cartridge's memory from here on, read while the picture is drawn.
    Memory(usize),
    /// The font: one glyph under the other, eight pixels wide.
    Font,
}

impl Sheet {
    /// A byte of it; past its end it is all zeros.
    fn byte(&self, mem: &[u8], index: u32) -> u8 {
        let index = index as usize;
        match self {
            Sheet::Memory(at) => mem.get(at + index).copied().unwrap_or(0),
            // Its ink is the bits that are 0, where our table's is those that are 1.
            Sheet::Font => font::GLYPHS.get(index / 8).map_or(0, |glyph| !glyph.to_be_bytes()[index % 8]),
        }
    }
}

fn sprite(mem: &mut [u8], sheet: &Sheet, it: &Sprite) -> Result<(), String> {
    let Some(colors) = Canvas::of(mem).map(|canvas| canvas.colors) else { return Ok(()) };
    let flag = |bit: i32| it.flags & bit != 0;
    let (two_bits, flip_y, rotate) = (flag(1), flag(4), flag(8));
    let flip_x = flag(2) != rotate;
    let ((dst_x, dst_y), (width, height)) = (it.at, it.size);
    let (first_x, first_y) = if rotate { (dst_y, dst_x) } else { (dst_x, dst_y) };
    let (x_from, y_from) = (max(0.0, first_x) - first_x, max(0.0, first_y) - first_y);
    let (x_to, y_to) = (min(width, SCREEN - first_x), min(height, SCREEN - first_y));
    let mut steps = Steps::new();
    let mut y = y_from;
    while y < y_to {
        steps.take("a sprite")?;
        let mut x = x_from;
        while x < x_to {
            steps.take("a sprite")?;
            let (across, down) = if rotate { (y, x) } else { (x, y) };
            let src_x = it.source.0 + if flip_x { width - x - 1.0 } else { x };
            let src_y = it.source.1 + if flip_y { height - y - 1.0 } else { y };
            let bit = to_int32(src_y * it.stride + src_x).cast_unsigned();
            let color = match two_bits {
                true => (sheet.byte(mem, bit / 4) >> (6 - 2 * (bit & 3))) & 3,
                false => (sheet.byte(mem, bit / 8) >> (7 - (bit & 7))) & 1,
            };
            if let (Some(pixel), Some(mut canvas)) = (colors.pixel(color.into()), Canvas::of(mem)) {
                canvas.dot(pixel, dst_x + across, dst_y + down);
            }
            x += 1.0;
        }
        y += 1.0;
    }
    Ok(())
}

/// Characters, one after the other; stops at a zero.
struct Cursor {
    left: f64,
    x: f64,
    y: f64,
}

impl Cursor {
    /// Draws a character and moves on; false at the zero that ends a text.
    fn put(&mut self, mem: &mut [u8], code: u16) -> Result<bool, String> {
        match code {
            0 => return Ok(false),
            10 => (self.x, self.y) = (self.left, self.y + 8.0),
            font::FIRST..=255 => {
                let glyph = Sprite {
                    at: (self.x, self.y),
                    size: (8.0, 8.0),
                    source: (0.0, f64::from(8 * (code - font::FIRST))),
                    stride: 8.0,
                    flags: 0,
                };
                sprite(mem, &Sheet::Font, &glyph)?;
                self.x += 8.0;
            }
            _ => self.x += 8.0,
        }
        Ok(true)
    }
}
