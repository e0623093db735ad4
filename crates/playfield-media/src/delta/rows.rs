//! A picture in the form the wire knows: rows of units.

use std::sync::Arc;

use playfield_core::frame::{Picture, PixelFormat, rgb565};

use crate::convert::rgba_to_rgb;

/// Bytes of the palette row: 256 colours of 3 bytes.
pub(super) const PALETTE_BYTES: usize = 768;
/// Pictures a pool keeps: a viewer's whole history and some.
const POOL: usize = 48;

/// What the units of a pixel row are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowFormat {
    /// One byte: an index into the palette, which is row 0.
    #[default]
    Indexed,
    /// Two bytes, little-endian, as in the picture.
    Rgb565,
    /// Three bytes: red, green, blue.
    Rgb,
}

impl RowFormat {
    /// Bytes in a unit of a pixel row.
    pub const fn unit(self) -> usize {
        match self {
            RowFormat::Indexed => 1,
            RowFormat::Rgb565 => 2,
            RowFormat::Rgb => 3,
        }
    }

    /// Rows above the pixel rows: the palette, or none.
    pub const fn palette_rows(self) -> u16 {
        match self {
            RowFormat::Indexed => 1,
            RowFormat::Rgb565 | RowFormat::Rgb => 0,
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            RowFormat::Indexed => 0,
            RowFormat::Rgb565 => 1,
            RowFormat::Rgb => 2,
        }
    }

    pub(super) const fn from_code(code: u8) -> Option<RowFormat> {
        match code {
            0 => Some(RowFormat::Indexed),
            1 => Some(RowFormat::Rgb565),
            2 => Some(RowFormat::Rgb),
            _ => None,
        }
    }
}

/// Size and format: what two pictures must share for one to be the base of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub format: RowFormat,
    pub width: u16,
    pub height: u16,
}

impl Shape {
    pub fn stride(self) -> usize {
        usize::from(self.width) * self.format.unit()
    }

    pub fn rows(self) -> u16 {
        self.height + self.format.palette_rows()
    }

    /// Where row `row` is among the bytes of all rows.
    pub fn span(self, row: u16) -> std::ops::Range<usize> {
        match (self.format, row) {
            (RowFormat::Indexed, 0) => 0..PALETTE_BYTES,
            (RowFormat::Indexed, row) => {
                let start = PALETTE_BYTES + usize::from(row - 1) * self.stride();
                start..start + self.stride()
            }
            (_, row) => {
                let start = usize::from(row) * self.stride();
                start..start + self.stride()
            }
        }
    }

    pub fn bytes(self) -> usize {
        self.span(self.rows() - 1).end
    }
}

/// A frozen copy of a picture as rows of units; shared by reference count among the viewers it is sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PictureRows {
    pub(super) shape: Shape,
    pub(super) data: Vec<u8>,
    /// Bits in a literal unit of an indexed picture: 1, 2, 4 or 8; 8 for the other formats.
    pub(super) bits: u8,
}

impl PictureRows {
    /// A copy of `picture`.
    pub fn new(picture: &Picture) -> PictureRows {
        let mut rows = PictureRows::default();
        rows.fill(picture);
        rows
    }

    /// Becomes a copy of `picture`, in the memory it has.
    pub fn fill(&mut self, picture: &Picture) {
        let format = match picture.format {
            PixelFormat::Indexed8 => RowFormat::Indexed,
            PixelFormat::Rgb565 => RowFormat::Rgb565,
            PixelFormat::Rgba8 => RowFormat::Rgb,
        };
        self.shape = Shape { format, width: picture.width, height: picture.height };
        self.bits = 8;
        self.data.resize(self.shape.bytes(), 0);
        match format {
            RowFormat::Rgb565 => self.data.copy_from_slice(&picture.pixels),
            RowFormat::Rgb => rgba_to_rgb(&picture.pixels, &mut self.data),
            RowFormat::Indexed => {
                let (palette, pixels) = self.data.split_at_mut(PALETTE_BYTES);
                for (bytes, colour) in palette.chunks_exact_mut(3).zip(&picture.palette) {
                    bytes.copy_from_slice(colour);
                }
                pixels.copy_from_slice(&picture.pixels);
                self.bits = bits_for(pixels);
            }
        }
    }

    /// What the units are.
    pub fn format(&self) -> RowFormat {
        self.shape.format
    }

    /// Width in pixels.
    pub fn width(&self) -> u16 {
        self.shape.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u16 {
        self.shape.height
    }

    /// Rows on the wire: the pixel rows, and the palette's.
    pub fn rows(&self) -> u16 {
        self.shape.rows()
    }

    /// The bytes of row `row`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: u16) -> &[u8] {
        &self.data[self.shape.span(row)]
    }

    /// The pixel rows, one after the other.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.data[self.shape.span(self.shape.format.palette_rows()).start..]
    }

    /// The picture as opaque RGBA8, appended to `out` after clearing it.
    pub fn to_rgba(&self, out: &mut Vec<u8>) {
        out.clear();
        let opaque = |rgb: &[u8]| [rgb[0], rgb[1], rgb[2], 255];
        let units = self.pixels().chunks_exact(self.shape.format.unit());
        match self.shape.format {
            RowFormat::Indexed => {
                out.extend(units.flat_map(|unit| opaque(&self.data[usize::from(unit[0]) * 3..][..3])))
            }
            RowFormat::Rgb565 => {
                out.extend(units.flat_map(|unit| opaque(&rgb565(u16::from_le_bytes([unit[0], unit[1]])))))
            }
            RowFormat::Rgb => out.extend(units.flat_map(opaque)),
        }
    }
}

/// The fewest bits (1, 2, 4, 8) every index fits in.
fn bits_for(pixels: &[u8]) -> u8 {
    // Or-ing keeps the highest bit in use and vectorises better than a maximum.
    match pixels.iter().fold(0, |all, pixel| all | pixel) {
        0..=1 => 1,
        2..=3 => 2,
        4..=15 => 4,
        _ => 8,
    }
}

/// Freezes pictures in memory that is used again once nobody holds it.
#[derive(Debug, Default)]
pub struct RowsPool(Vec<Arc<PictureRows>>);

impl RowsPool {
    /// An empty pool.
    pub fn new() -> RowsPool {
        RowsPool::default()
    }

    /// A frozen copy of `picture`.
    pub fn freeze(&mut self, picture: &Picture) -> Arc<PictureRows> {
        if let Some(free) = self.0.iter_mut().find_map(|rows| Arc::get_mut(rows).is_some().then_some(rows))
            && let Some(rows) = Arc::get_mut(free)
        {
            rows.fill(picture);
            return Arc::clone(free);
        }
        let rows = Arc::new(PictureRows::new(picture));
        if self.0.len() < POOL {
            self.0.push(Arc::clone(&rows));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FORMATS, Random};

    #[test]
    fn rows_show_the_picture_they_were_made_of() {
        let mut random = Random::new(7);
        for format in FORMATS {
            let picture = random.picture(19, 7, format);
            let (mut expect, mut got) = (Vec::new(), Vec::new());
            picture.to_rgba(&mut expect);
            PictureRows::new(&picture).to_rgba(&mut got);
            assert_eq!(got, expect, "{format:?}");
        }
    }

    #[test]
    fn literals_take_as_few_bits_as_the_highest_index_needs() {
        for (index, bits) in [(0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (15, 4), (16, 8), (255, 8)] {
            let mut picture = Picture::black(4, 4, PixelFormat::Indexed8);
            picture.pixels[5] = index;
            assert_eq!(PictureRows::new(&picture).bits, bits, "index {index}");
        }
    }

    #[test]
    fn a_pool_uses_memory_again_but_never_while_held() {
        let mut random = Random::new(8);
        let mut pool = RowsPool::new();
        let first = random.picture(8, 8, PixelFormat::Rgb565);
        let held = pool.freeze(&first);
        let at = Arc::as_ptr(&pool.freeze(&random.picture(8, 8, PixelFormat::Rgb565)));
        assert_eq!(*held, PictureRows::new(&first));
        assert_eq!(Arc::as_ptr(&pool.freeze(&first)), at);
    }
}
