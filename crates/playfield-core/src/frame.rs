//! Pictures and sound as guests make them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Widest picture a guest may make, in pixels.
pub const MAX_WIDTH: u16 = 1920;
/// Tallest picture a guest may make, in pixels.
pub const MAX_HEIGHT: u16 = 1080;
/// Samples a second of all sound inside the product, in Hz.
pub const SAMPLE_RATE: u32 = 48_000;
/// Channels of all sound inside the product: left, right.
pub const CHANNELS: usize = 2;

/// How the pixels of a [`Picture`] are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PixelFormat {
    /// One byte a pixel: an index into the palette.
    Indexed8,
    /// Two bytes a pixel, little-endian, 5 bits red, 6 green, 5 blue.
    Rgb565,
    /// Four bytes a pixel: red, green, blue, and a fourth that is ignored (pictures are opaque).
    Rgba8,
}

impl PixelFormat {
    /// Bytes a pixel takes.
    pub const fn bytes_per_pixel(self) -> usize {
        match self {
            PixelFormat::Indexed8 => 1,
            PixelFormat::Rgb565 => 2,
            PixelFormat::Rgba8 => 4,
        }
    }
}

/// Size and format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Shape {
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// How its pixels are stored.
    pub format: PixelFormat,
}

impl Shape {
    /// Whether exact pixels, without a video codec, are the better way to send such pictures.
    pub fn suits_lossless(self) -> bool {
        let area = usize::from(self.width) * usize::from(self.height);
        area <= 320 * 240 || (self.format == PixelFormat::Indexed8 && area <= 640 * 400)
    }
}

/// One colour: red, green, blue.
pub type Rgb = [u8; 3];

/// A whole picture, rows from the top, without padding between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels, 1 to [`MAX_WIDTH`].
    pub width: u16,
    /// Height in pixels, 1 to [`MAX_HEIGHT`].
    pub height: u16,
    /// How `pixels` is to be read.
    pub format: PixelFormat,
    /// Colours of an [`PixelFormat::Indexed8`] picture, always 256 of them; empty for the other formats.
    pub palette: Vec<Rgb>,
    /// `width * height * bytes_per_pixel` bytes.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// A black picture.
    pub fn black(width: u16, height: u16, format: PixelFormat) -> Picture {
        let palette = if format == PixelFormat::Indexed8 { vec![[0; 3]; 256] } else { Vec::new() };
        let size = usize::from(width) * usize::from(height) * format.bytes_per_pixel();
        Picture { width, height, format, palette, pixels: vec![0; size] }
    }

    /// Its size and format.
    pub fn shape(&self) -> Shape {
        Shape { width: self.width, height: self.height, format: self.format }
    }

    /// Bytes in a row.
    pub fn stride(&self) -> usize {
        usize::from(self.width) * self.format.bytes_per_pixel()
    }

    /// Number of pixels.
    pub fn area(&self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }

    /// The picture as opaque RGBA8, row by row, appended to `out` after clearing it.
    ///
    /// This is the one definition of what a picture looks like; the SIMD converters are tested against it.
    pub fn to_rgba(&self, out: &mut Vec<u8>) {
        out.clear();
        out.reserve(self.area() * 4);
        match self.format {
            PixelFormat::Indexed8 => {
                for &index in &self.pixels {
                    let [r, g, b] = self.palette[usize::from(index)];
                    out.extend_from_slice(&[r, g, b, 255]);
                }
            }
            PixelFormat::Rgb565 => {
                for pair in self.pixels.chunks_exact(2) {
                    let [r, g, b] = rgb565(u16::from_le_bytes([pair[0], pair[1]]));
                    out.extend_from_slice(&[r, g, b, 255]);
                }
            }
            PixelFormat::Rgba8 => {
                for pixel in self.pixels.chunks_exact(4) {
                    out.extend_from_slice(&[pixel[0], pixel[1], pixel[2], 255]);
                }
            }
        }
    }
}

/// A 5-6-5 colour widened to 8 bits a channel by repeating its high bits.
pub const fn rgb565(value: u16) -> Rgb {
    let (r, g, b) = ((value >> 11) as u8, ((value >> 5) & 63) as u8, (value & 31) as u8);
    [(r << 3) | (r >> 2), (g << 2) | (g >> 4), (b << 3) | (b >> 2)]
}

/// A rectangle of pixels inside a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Width, at least 1.
    pub width: u16,
    /// Height, at least 1.
    pub height: u16,
}

/// What part of the picture a tick may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The picture is the one before.
    None,
    /// Only pixels inside this rectangle may differ.
    Area(Rect),
    /// Everything may differ: size, format and palette included.
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_or_indexed_pictures_suit_lossless() {
        let check = |width, height, format, expect| {
            assert_eq!(Shape { width, height, format }.suits_lossless(), expect, "{width}x{height} {format:?}");
        };
        check(160, 160, PixelFormat::Indexed8, true);
        check(320, 240, PixelFormat::Rgba8, true);
        check(640, 360, PixelFormat::Indexed8, true);
        check(640, 360, PixelFormat::Rgba8, false);
        check(1280, 720, PixelFormat::Indexed8, false);
    }

    #[test]
    fn every_format_becomes_the_same_opaque_rgba() {
        let mut rgba = Vec::new();
        let mut indexed = Picture::black(2, 1, PixelFormat::Indexed8);
        indexed.palette[3] = [255, 0, 255];
        indexed.pixels[1] = 3;
        indexed.to_rgba(&mut rgba);
        assert_eq!(rgba, [0, 0, 0, 255, 255, 0, 255, 255]);

        let mut direct = Picture::black(2, 1, PixelFormat::Rgb565);
        direct.pixels[2..].copy_from_slice(&0xf81fu16.to_le_bytes());
        direct.to_rgba(&mut rgba);
        assert_eq!(rgba, [0, 0, 0, 255, 255, 0, 255, 255]);

        let mut full = Picture::black(2, 1, PixelFormat::Rgba8);
        full.pixels[4..].copy_from_slice(&[255, 0, 255, 9]);
        full.to_rgba(&mut rgba);
        assert_eq!(rgba, [0, 0, 0, 255, 255, 0, 255, 255]);
    }
}
