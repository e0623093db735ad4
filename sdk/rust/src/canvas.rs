//! Drawing into a picture in memory: [`Canvas8`] for indexed pictures, [`Canvas32`] for RGBA ones.
//!
//! A colour is a palette index on the first and `0xRRGGBB` on the second. All that is drawn is cut to the canvas and
//! moved by `offset`: cameras and screen shake. [`Canvas32`] can also add light.

use crate::font::glyph;

/// Pixels from one character to the next, at scale 1.
pub const TEXT_ADVANCE: i32 = 6;

/// How wide a text is, in pixels.
pub fn text_width(text: &str, scale: i32) -> i32 {
    (text.chars().count() as i32 * TEXT_ADVANCE - 1) * scale
}

/// Whether a pixel of a character is set, `x` below 5 and `y` below 7: for letters of your own making.
pub fn glyph_bit(ch: char, x: usize, y: usize) -> bool {
    glyph(ch).get(x).is_some_and(|column| column >> y & 1 != 0)
}

/// `0xRRGGBB` as the word whose bytes are R, G, B, 255.
pub const fn rgba(rgb: u32) -> u32 {
    (rgb >> 16 & 255) | (rgb & 0xff00) | (rgb & 255) << 16 | 0xff00_0000
}

/// `a` where `share` is 0, `b` where it is 256, each channel of `0xRRGGBB`.
pub const fn mix(a: u32, b: u32, share: u32) -> u32 {
    let keep = 256 - share;
    let red_blue = ((a & 0xff00ff) * keep + (b & 0xff00ff) * share) >> 8 & 0xff00ff;
    let green = ((a & 0xff00) * keep + (b & 0xff00) * share) >> 8 & 0xff00;
    red_blue | green
}

/// A picture to stamp: palette indices or `0xRRGGBB`.
#[derive(Clone, Copy, Debug)]
pub struct Sprite<'a, P> {
    /// Rows from the top, without padding.
    pub pixels: &'a [P],
    /// In pixels.
    pub width: i32,
    /// The colour that lets through.
    pub clear: Option<P>,
}

/// What pixels of a canvas are made of.
pub trait Pixel: Copy + PartialEq {
    /// The pixel that shows a colour.
    fn of(colour: u32) -> Self;
    /// The colour a sprite's pixel stands for.
    fn colour(self) -> u32;
}

impl Pixel for u8 {
    fn of(colour: u32) -> u8 {
        colour as u8
    }
    fn colour(self) -> u32 {
        u32::from(self)
    }
}

impl Pixel for u32 {
    fn of(colour: u32) -> u32 {
        rgba(colour)
    }
    fn colour(self) -> u32 {
        self
    }
}

/// A picture being drawn.
#[derive(Debug)]
pub struct Canvas<'a, P> {
    /// Rows from the top, without padding.
    pub pixels: &'a mut [P],
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// Added to every place.
    pub offset: (i32, i32),
}

/// An indexed picture.
pub type Canvas8<'a> = Canvas<'a, u8>;
/// An RGBA picture.
pub type Canvas32<'a> = Canvas<'a, u32>;

impl<'a, P: Pixel> Canvas<'a, P> {
    /// Draws into `pixels`; panics if they are fewer than `width * height`.
    pub fn new(pixels: &'a mut [P], width: i32, height: i32) -> Canvas<'a, P> {
        let pixels = &mut pixels[..(width * height) as usize];
        Canvas { pixels, width, height, offset: (0, 0) }
    }

    /// Fills everything.
    pub fn clear(&mut self, colour: u32) {
        self.pixels.fill(P::of(colour));
    }

    fn index(&self, x: i32, y: i32) -> Option<usize> {
        let (x, y) = (x + self.offset.0, y + self.offset.1);
        (x >= 0 && y >= 0 && x < self.width && y < self.height).then(|| (y * self.width + x) as usize)
    }

    /// One pixel.
    pub fn dot(&mut self, x: i32, y: i32, colour: u32) {
        if let Some(i) = self.index(x, y) {
            self.pixels[i] = P::of(colour);
        }
    }

    /// The part of a rectangle that is on the canvas: left, top, right, bottom.
    fn cut(&self, x: i32, y: i32, w: i32, h: i32) -> (i32, i32, i32, i32) {
        let (x, y) = (x + self.offset.0, y + self.offset.1);
        (x.max(0), y.max(0), (x + w).min(self.width), (y + h).min(self.height))
    }

    /// A filled rectangle.
    pub fn rect(&mut self, x: i32, y: i32, w: i32, h: i32, colour: u32) {
        let (left, top, right, bottom) = self.cut(x, y, w, h);
        for row in top..bottom {
            if left < right {
                let start = (row * self.width) as usize;
                self.pixels[start + left as usize..start + right as usize].fill(P::of(colour));
            }
        }
    }

    /// The edge of a rectangle, a pixel thick.
    pub fn frame(&mut self, x: i32, y: i32, w: i32, h: i32, colour: u32) {
        self.rect(x, y, w, 1, colour);
        self.rect(x, y + h - 1, w, 1, colour);
        self.rect(x, y, 1, h, colour);
        self.rect(x + w - 1, y, 1, h, colour);
    }

    /// A line, both ends included.
    pub fn line(&mut self, x0: i32, y0: i32, x1: i32, y1: i32, colour: u32) {
        let (dx, dy) = ((x1 - x0).abs(), -(y1 - y0).abs());
        let (sx, sy) = ((x1 - x0).signum(), (y1 - y0).signum());
        let (mut x, mut y, mut error) = (x0, y0, dx + dy);
        loop {
            self.dot(x, y, colour);
            if x == x1 && y == y1 {
                return;
            }
            let twice = 2 * error;
            if twice >= dy {
                error += dy;
                x += sx;
            }
            if twice <= dx {
                error += dx;
                y += sy;
            }
        }
    }

    /// A filled circle.
    pub fn disc(&mut self, x: i32, y: i32, r: i32, colour: u32) {
        for dy in -r..=r {
            let mut half = 0;
            while (half + 1) * (half + 1) + dy * dy <= r * r + r / 2 {
                half += 1;
            }
            self.rect(x - half, y + dy, 2 * half + 1, 1, colour);
        }
    }

    /// A picture.
    pub fn sprite(&mut self, x: i32, y: i32, sprite: &Sprite<P>, flip_x: bool) {
        for (i, &pixel) in sprite.pixels.iter().enumerate() {
            let (col, row) = (i as i32 % sprite.width, i as i32 / sprite.width);
            if sprite.clear != Some(pixel) {
                let col = if flip_x { sprite.width - 1 - col } else { col };
                self.dot(x + col, y + row, pixel.colour());
            }
        }
    }

    /// Text, 5x7 pixels a character at scale 1.
    pub fn text(&mut self, x: i32, y: i32, text: &str, colour: u32, scale: i32) {
        for (n, ch) in text.chars().enumerate() {
            for (col, bits) in glyph(ch).iter().enumerate() {
                for row in (0..7).filter(|row| bits >> row & 1 != 0) {
                    let at = x + (n as i32 * TEXT_ADVANCE + col as i32) * scale;
                    self.rect(at, y + row * scale, scale, scale, colour);
                }
            }
        }
    }

    /// Text around a middle.
    pub fn text_centred(&mut self, x: i32, y: i32, text: &str, colour: u32, scale: i32) {
        self.text(x - text_width(text, scale) / 2, y, text, colour, scale);
    }
}

/// Adds two RGBA words channel by channel, stopping at 255.
pub const fn add_light(a: u32, b: u32) -> u32 {
    const LOW: u32 = 0x7f7f_7f7f;
    let sum = (a & LOW) + (b & LOW);
    let carry = (a & b) | ((a | b) & sum);
    let total = sum ^ ((a ^ b) & !LOW);
    total | ((carry >> 7 & 0x0101_0101) * 255)
}

impl Canvas<'_, u32> {
    /// Adds light to one pixel, `power` of 256.
    pub fn glow_dot(&mut self, x: i32, y: i32, colour: u32, power: u32) {
        if let Some(i) = self.index(x, y) {
            self.pixels[i] = add_light(self.pixels[i], rgba(mix(0, colour, power.min(256))));
        }
    }

    /// Adds a soft round light: `power` of 256 in its middle, nothing at distance `r`.
    pub fn glow(&mut self, x: i32, y: i32, r: i32, colour: u32, power: u32) {
        let (left, top, right, bottom) = self.cut(x - r, y - r, 2 * r + 1, 2 * r + 1);
        let (x, y, rr) = (x + self.offset.0, y + self.offset.1, r * r);
        if rr == 0 || left >= right {
            return;
        }
        let scale = 65_536 / rr;
        for row in top..bottom {
            let from = rr - (row - y) * (row - y);
            let start = (row * self.width) as usize;
            for (i, pixel) in self.pixels[start + left as usize..start + right as usize].iter_mut().enumerate() {
                let dx = left + i as i32 - x;
                let share = (((from - dx * dx).max(0) * scale) >> 8) as u32;
                let power = (((share * share) >> 8) * power) >> 8;
                *pixel = add_light(*pixel, rgba(mix(0, colour, power.min(256))));
            }
        }
    }

    /// Lays `colour` over a pixel, `share` of 256.
    pub fn blend_dot(&mut self, x: i32, y: i32, colour: u32, share: u32) {
        if let Some(i) = self.index(x, y) {
            self.pixels[i] = mix(self.pixels[i], rgba(colour), share.min(256)) | 0xff00_0000;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_cut_to_the_canvas() {
        let mut pixels = [0u8; 16];
        let mut canvas = Canvas8::new(&mut pixels, 4, 4);
        canvas.offset = (-1, 0);
        canvas.rect(-5, 2, 100, 100, 3);
        canvas.disc(40, 40, 9, 1);
        canvas.line(-9, 0, 9, 0, 2);
        canvas.text(-20, -20, "HI", 1, 3);
        assert_eq!(pixels, [2, 2, 2, 2, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3]);
    }

    #[test]
    fn text_is_made_of_its_glyphs() {
        let mut pixels = [0u8; 6 * 8];
        Canvas8::new(&mut pixels, 6, 8).text(0, 0, "l", 1, 1);
        assert_eq!(&pixels[..6], [1, 0, 0, 0, 0, 0]);
        assert_eq!(&pixels[5 * 6..6 * 6], [1, 1, 1, 1, 1, 0]);
    }

    #[test]
    fn light_adds_up_to_white_and_not_past_it() {
        let check = |a: u32, b: u32, sum: u32| assert_eq!(add_light(a, b), sum, "{a:08x} + {b:08x}");
        check(0x01_02_03_04, 0x10_20_30_40, 0x11_22_33_44);
        check(0xff_80_7f_00, 0x01_80_01_00, 0xff_ff_80_00);
        check(0x80_c0_90_ff, 0x7f_3f_71_ff, 0xff_ff_ff_ff);
    }

    #[test]
    fn a_mix_ends_where_it_should() {
        assert_eq!(mix(0x123456, 0xfedcba, 0), 0x123456);
        assert_eq!(mix(0x123456, 0xfedcba, 256), 0xfedcba);
        assert_eq!(mix(0x000000, 0xff8040, 128), 0x7f4020);
    }
}
