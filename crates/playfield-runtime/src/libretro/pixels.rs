//! Pictures of cores in the formats of [`Picture`](playfield_core::frame::Picture).
//!
//! Consoles have few colours at a time. A picture with no more than 256 of them is made an indexed one, which costs a
//! quarter of the bytes on every step that follows; a colour keeps its index for as long as the palette lasts, so that
//! pixels that stay the same stay the same bytes.

use playfield_core::frame::{PixelFormat, Rgb, Shape, rgb565};

/// How a core stores its pixels (`RETRO_PIXEL_FORMAT_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// 16 bits: one unused, 5 red, 5 green, 5 blue.
    #[default]
    Xrgb1555,
    /// 32 bits: 8 unused, 8 red, 8 green, 8 blue.
    Xrgb8888,
    /// 16 bits: 5 red, 6 green, 5 blue.
    Rgb565,
    /// 32 bits as bytes, red, green, blue, one unused: what is read out of OpenGL. No core names it.
    Rgbx,
}

impl Layout {
    /// By the number a core names it.
    pub fn from_number(number: u32) -> Option<Layout> {
        [Layout::Xrgb1555, Layout::Xrgb8888, Layout::Rgb565].get(number as usize).copied()
    }

    /// Bytes a pixel takes.
    pub fn size(self) -> usize {
        match self {
            Layout::Xrgb8888 | Layout::Rgbx => 4,
            Layout::Xrgb1555 | Layout::Rgb565 => 2,
        }
    }

    fn colour(self, value: u32) -> Rgb {
        match self {
            Layout::Xrgb8888 => [(value >> 16) as u8, (value >> 8) as u8, value as u8],
            Layout::Rgbx => [value as u8, (value >> 8) as u8, (value >> 16) as u8],
            Layout::Rgb565 => rgb565(value as u16),
            Layout::Xrgb1555 => rgb565(widened(value as u16)),
        }
    }

    fn value(self, pixel: &[u8]) -> u32 {
        match self {
            Layout::Xrgb8888 | Layout::Rgbx => u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0]),
            Layout::Rgb565 => u32::from(u16::from_le_bytes([pixel[0], pixel[1]])),
            Layout::Xrgb1555 => u32::from(u16::from_le_bytes([pixel[0], pixel[1]]) & 0x7fff),
        }
    }
}

/// 5-5-5 as 5-6-5.
fn widened(value: u16) -> u16 {
    let (red, green, blue) = ((value >> 10) & 31, (value >> 5) & 31, value & 31);
    red << 11 | (green << 1 | green >> 4) << 5 | blue
}

/// Pictures that are not tried to be indexed after one that had too many colours.
const PATIENCE: u32 = 60;
/// Slots of the table that finds a colour's index, as a power of two: sparse, so that most are found at once.
const TABLE_BITS: u32 = 12;
/// An empty slot; no value of a layout.
const EMPTY: u32 = u32::MAX;

/// A picture as its core hands it over.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// How its pixels are stored.
    pub layout: Layout,
    /// Its rows.
    pub bytes: &'a [u8],
    /// Bytes from the beginning of a row to that of the next.
    pub pitch: usize,
    /// The last row comes first, as OpenGL has it.
    pub bottom_up: bool,
}

/// Makes pictures.
#[derive(Debug, Default)]
pub struct Painter {
    layout: Layout,
    colours: Colours,
    /// The core's rows, without padding, of the picture before, while that one is indexed: rows that are the same need no work.
    raw: Vec<u8>,
    straight: Vec<u8>,
    turned: Vec<u8>,
    is_turned: bool,
    /// Pictures to go until indexing is tried again.
    patience: u32,
}

/// The colours of an indexed picture, and the table that finds them.
#[derive(Debug)]
struct Colours {
    palette: Vec<Rgb>,
    table: Vec<(u32, u8)>,
}

impl Default for Colours {
    fn default() -> Colours {
        Colours { palette: Vec::new(), table: vec![(EMPTY, 0); 1 << TABLE_BITS] }
    }
}

impl Painter {
    /// Takes a picture: `height` rows of `width` pixels, to be turned left by `quarters` of a full turn. `None`: the bytes are
    /// too few.
    pub fn paint(&mut self, raw: Raw<'_>, (width, height): (u16, u16), quarters: u8) -> Option<Shape> {
        let Raw { layout, bytes, pitch, bottom_up } = raw;
        let row = usize::from(width) * layout.size();
        if row == 0 || height == 0 || pitch < row || bytes.len() < pitch * (usize::from(height) - 1) + row {
            return None;
        }
        if layout != self.layout {
            (self.layout, self.patience) = (layout, 0);
            self.forget();
        }
        let nth = |y: u16| usize::from(if bottom_up { height - 1 - y } else { y }) * pitch;
        let rows = || (0..height).map(|y| &bytes[nth(y)..nth(y) + row]);
        let format =
            if self.index(rows, row * usize::from(height)) { PixelFormat::Indexed8 } else { self.copy(rows()) };
        let (width, height) = self.turn(width, height, format.bytes_per_pixel(), quarters);
        Some(Shape { width, height, format })
    }

    /// Rows without padding, turned as the core wants.
    pub fn pixels(&self) -> &[u8] {
        if self.is_turned { &self.turned } else { &self.straight }
    }

    /// The colours of an indexed picture.
    pub fn palette(&self) -> &[Rgb] {
        &self.colours.palette
    }

    fn forget(&mut self) {
        self.colours.palette.clear();
        self.colours.table.fill((EMPTY, 0));
        self.raw.clear();
    }

    fn index<'a, R: Iterator<Item = &'a [u8]>>(&mut self, rows: impl Fn() -> R, len: usize) -> bool {
        if self.patience > 0 {
            self.patience -= 1;
            return false;
        }
        // Once with the colours of the pictures before, once with those of this one alone.
        for _ in 0..2 {
            if self.try_index(rows(), len) {
                return true;
            }
            self.forget();
        }
        self.patience = PATIENCE;
        false
    }

    fn try_index<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]>, len: usize) -> bool {
        let known = self.raw.len() == len;
        self.raw.resize(len, 0);
        let size = self.layout.size();
        self.straight.resize(len / size, 0);
        let mut at = 0;
        for row in rows {
            let raw = &mut self.raw[at..at + row.len()];
            if !known || raw != row {
                raw.copy_from_slice(row);
                let indexed = &mut self.straight[at / size..(at + row.len()) / size];
                let done = match self.layout {
                    Layout::Xrgb8888 | Layout::Rgbx => self.colours.index::<4>(self.layout, row, indexed),
                    Layout::Rgb565 | Layout::Xrgb1555 => self.colours.index::<2>(self.layout, row, indexed),
                };
                if !done {
                    return false;
                }
            }
            at += row.len();
        }
        true
    }

    fn copy<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]>) -> PixelFormat {
        self.straight.clear();
        match self.layout {
            Layout::Rgb565 => rows.for_each(|row| self.straight.extend_from_slice(row)),
            Layout::Xrgb1555 => {
                for pair in rows.flat_map(|row| row.chunks_exact(2)) {
                    let value = widened(u16::from_le_bytes([pair[0], pair[1]]));
                    self.straight.extend_from_slice(&value.to_le_bytes());
                }
            }
            Layout::Xrgb8888 => {
                for pixel in rows.flat_map(|row| row.chunks_exact(4)) {
                    self.straight.extend_from_slice(&[pixel[2], pixel[1], pixel[0], 255]);
                }
                return PixelFormat::Rgba8;
            }
            Layout::Rgbx => {
                for pixel in rows.flat_map(|row| row.chunks_exact(4)) {
                    self.straight.extend_from_slice(&[pixel[0], pixel[1], pixel[2], 255]);
                }
                return PixelFormat::Rgba8;
            }
        }
        PixelFormat::Rgb565
    }

    /// Turns the picture left; returns its width and height then.
    fn turn(&mut self, width: u16, height: u16, size: usize, quarters: u8) -> (u16, u16) {
        let (w, h) = (usize::from(width), usize::from(height));
        self.is_turned = !quarters.is_multiple_of(4);
        let from: &dyn Fn(usize, usize) -> usize = match quarters % 4 {
            0 => return (width, height),
            1 => &|x, y| x * w + (w - 1 - y),
            2 => &|x, y| (h - 1 - y) * w + (w - 1 - x),
            _ => &|x, y| (h - 1 - x) * w + y,
        };
        let (to_width, to_height) = if quarters.is_multiple_of(2) { (w, h) } else { (h, w) };
        self.turned.clear();
        for y in 0..to_height {
            for x in 0..to_width {
                let at = from(x, y) * size;
                self.turned.extend_from_slice(&self.straight[at..at + size]);
            }
        }
        if quarters.is_multiple_of(2) { (width, height) } else { (height, width) }
    }
}

impl Colours {
    /// Indexes a row of pixels that take `SIZE` bytes each. False: there are too many colours.
    fn index<const SIZE: usize>(&mut self, layout: Layout, row: &[u8], indexed: &mut [u8]) -> bool {
        let (mut last, mut index) = (EMPTY, 0);
        for (pixel, out) in row.as_chunks::<SIZE>().0.iter().zip(indexed) {
            let value = layout.value(pixel);
            if value != last {
                let Some(found) = self.index_of(layout, value) else { return false };
                (last, index) = (value, found);
            }
            *out = index;
        }
        true
    }

    fn index_of(&mut self, layout: Layout, value: u32) -> Option<u8> {
        let mut slot = (value.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize;
        loop {
            let (known, index) = self.table[slot];
            if known == value {
                return Some(index);
            }
            if known == EMPTY {
                let index = u8::try_from(self.palette.len()).ok()?;
                self.table[slot] = (value, index);
                self.palette.push(layout.colour(value));
                return Some(index);
            }
            slot = (slot + 1) % self.table.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::Picture;

    use super::*;

    fn raw(layout: Layout, bytes: &[u8], pitch: usize) -> Raw<'_> {
        Raw { layout, bytes, pitch, bottom_up: false }
    }

    fn rgba(painter: &Painter, shape: Shape) -> Vec<u8> {
        let mut palette = painter.palette().to_vec();
        palette.resize(256, [0; 3]);
        let Shape { width, height, format } = shape;
        let mut rgba = Vec::new();
        Picture { width, height, format, palette, pixels: painter.pixels().to_vec() }.to_rgba(&mut rgba);
        rgba
    }

    #[test]
    fn the_layouts_show_the_same_colours() {
        let check = |layout, bytes: &[u8]| {
            let mut painter = Painter::default();
            let shape = painter.paint(raw(layout, bytes, bytes.len()), (2, 1), 0).unwrap();
            assert_eq!(shape, Shape { width: 2, height: 1, format: PixelFormat::Indexed8 });
            assert_eq!(rgba(&painter, shape), [255, 0, 0, 255, 0, 255, 255, 255], "{layout:?}");
        };
        check(Layout::Xrgb8888, &[0, 0, 255, 9, 255, 255, 0, 7]);
        check(Layout::Rgb565, &[0x00, 0xf8, 0xff, 0x07]);
        check(Layout::Xrgb1555, &[0x00, 0xfc, 0xff, 0x03]);
        check(Layout::Rgbx, &[255, 0, 0, 9, 0, 255, 255, 7]);
    }

    #[test]
    fn what_opengl_has_bottom_up_is_shown_the_right_way_up() {
        let mut painter = Painter::default();
        let rows = [[1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0]].concat();
        let raw = Raw { bottom_up: true, ..raw(Layout::Rgbx, &rows, 4) };
        let shape = painter.paint(raw, (1, 3), 0).unwrap();
        assert_eq!(rgba(&painter, shape), [3, 0, 0, 255, 2, 0, 0, 255, 1, 0, 0, 255]);
        let many: Vec<u8> = (0..300u32).flat_map(u32::to_le_bytes).collect();
        let shape = painter.paint(Raw { bottom_up: true, ..super::tests::raw(Layout::Rgbx, &many, 400) }, (100, 3), 0);
        let shape = shape.unwrap();
        assert_eq!((shape.format, &painter.pixels()[..4]), (PixelFormat::Rgba8, &[200, 0, 0, 255][..]));
    }

    #[test]
    fn padding_between_rows_is_left_out_and_too_few_bytes_are_refused() {
        let mut painter = Painter::default();
        let bytes = [1, 0, 2, 0, 99, 99, 3, 0, 4, 0];
        let shape = painter.paint(raw(Layout::Rgb565, &bytes, 6), (2, 2), 0).unwrap();
        assert_eq!((shape.width, shape.height, painter.palette().len()), (2, 2, 4));
        assert_eq!(painter.paint(raw(Layout::Rgb565, &bytes[..9], 6), (2, 2), 0), None);
        assert_eq!(painter.paint(raw(Layout::Rgb565, &bytes, 3), (2, 2), 0), None);
        assert_eq!(painter.paint(raw(Layout::Rgb565, &bytes, 6), (0, 2), 0), None);
    }

    #[test]
    fn a_turn_to_the_left_puts_the_right_edge_on_top() {
        let turned = |quarters| {
            let mut painter = Painter::default();
            // 1 2 3
            // 4 5 6
            let bytes: Vec<u8> = (1..=6u8).flat_map(|value| [value, 0]).collect();
            let shape = painter.paint(raw(Layout::Rgb565, &bytes, 6), (3, 2), quarters).unwrap();
            (shape.width, painter.pixels().iter().map(|index| index + 1).collect::<Vec<_>>())
        };
        assert_eq!(turned(0), (3, vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(turned(1), (2, vec![3, 6, 2, 5, 1, 4]));
        assert_eq!(turned(2), (3, vec![6, 5, 4, 3, 2, 1]));
        assert_eq!(turned(3), (2, vec![4, 1, 5, 2, 6, 3]));
    }

    #[test]
    fn more_than_256_colours_go_direct_and_come_back_when_there_are_fewer() {
        let mut painter = Painter::default();
        let bytes = |colours: u16| (0..300u16).flat_map(|n| (n % colours).to_le_bytes()).collect::<Vec<u8>>();
        let mut formats = Vec::new();
        for colours in [300, 256, 256] {
            let shape = painter.paint(raw(Layout::Rgb565, &bytes(colours), 600), (300, 1), 0).unwrap();
            formats.push(shape.format);
        }
        assert_eq!(formats, [PixelFormat::Rgb565; 3], "not tried at every picture");
        for _ in 0..PATIENCE {
            painter.paint(raw(Layout::Rgb565, &bytes(256), 600), (300, 1), 0).unwrap();
        }
        let shape = painter.paint(raw(Layout::Rgb565, &bytes(256), 600), (300, 1), 0).unwrap();
        assert_eq!(shape.format, PixelFormat::Indexed8);
        let again = painter.paint(raw(Layout::Rgb565, &bytes(255), 600), (300, 1), 0).unwrap();
        assert_eq!(
            (again.format, painter.pixels()[255]),
            (PixelFormat::Indexed8, 0),
            "a row that changed is not the one before"
        );
        let other: Vec<u8> = (0..300u16).flat_map(|n| (n % 100 + 1000).to_le_bytes()).collect();
        let shape = painter.paint(raw(Layout::Rgb565, &other, 600), (300, 1), 0).unwrap();
        assert_eq!((shape.format, painter.palette().len()), (PixelFormat::Indexed8, 100), "a new palette");
    }
}
