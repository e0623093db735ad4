//! Colour conversion: what a guest drew becomes what an encoder takes.
//!
//! Video is I420 in BT.709 with limited range (ITU-R BT.709-6, 8 bit: Y 16 to 235, Cb and Cr 16 to 240), chroma the
//! mean of 2x2 pixels, in integers with 15 fractional bits:
//!
//! ```text
//!   Y  = ( 5983 R + 20127 G +  2032 B) / 2^15 +  16        rounded to nearest
//!   Cb = (-3298 R - 11094 G + 14392 B) / 2^15 + 128        of the sum of four pixels, so / 2^17
//!   Cr = (14392 R - 13073 G -  1319 B) / 2^15 + 128
//! ```
//!
//! `scalar` defines the result; `simd` (x86-64 with AVX2, found at run time) gives the same bytes.

mod scalar;
#[cfg(target_arch = "x86_64")]
mod simd;

use playfield_core::frame::{Damage, Picture, PixelFormat};

pub use scalar::i420_to_rgba;

/// A planar 4:2:0 picture. Its planes are even-sized: an odd picture is padded by repeating its last column and row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct I420 {
    width: u16,
    height: u16,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl I420 {
    /// A picture to convert into; it takes the size of whatever comes.
    pub fn new() -> I420 {
        I420::default()
    }

    /// Width of what is shown, in pixels.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Height of what is shown, in pixels.
    pub fn height(&self) -> u16 {
        self.height
    }

    /// Bytes in a luma row: the width made even.
    pub fn y_stride(&self) -> usize {
        even(self.width)
    }

    /// Rows of luma: the height made even.
    pub fn y_rows(&self) -> usize {
        even(self.height)
    }

    /// Bytes in a row of either chroma plane.
    pub fn uv_stride(&self) -> usize {
        even(self.width) / 2
    }

    /// Luma.
    pub fn y(&self) -> &[u8] {
        &self.y
    }

    /// Cb.
    pub fn u(&self) -> &[u8] {
        &self.u
    }

    /// Cr.
    pub fn v(&self) -> &[u8] {
        &self.v
    }

    /// Y, Cb and Cr, to write.
    pub(crate) fn planes_mut(&mut self) -> [&mut [u8]; 3] {
        [&mut self.y, &mut self.u, &mut self.v]
    }

    /// Gives the picture a size; returns whether it had another one, in which case its pixels mean nothing now.
    pub(crate) fn resize(&mut self, width: u16, height: u16) -> bool {
        if (self.width, self.height) == (width, height) {
            return false;
        }
        (self.width, self.height) = (width, height);
        let area = even(width) * even(height);
        self.y.resize(area, 16);
        self.u.resize(area / 4, 128);
        self.v.resize(area / 4, 128);
        true
    }
}

fn even(size: u16) -> usize {
    usize::from(size).next_multiple_of(2)
}

/// Converts pictures; keeps its scratch rows, so that a steady stream allocates nothing.
#[derive(Debug, Default)]
pub struct Converter {
    top: Vec<u8>,
    bottom: Vec<u8>,
}

impl Converter {
    /// A converter.
    pub fn new() -> Converter {
        Converter::default()
    }

    /// Converts the rows of `picture` that `damage` touches into `out`, all of them if `out` has another size.
    ///
    /// `out` must hold the picture before, converted, unless `damage` is [`Damage::All`].
    pub fn to_i420(&mut self, picture: &Picture, damage: Damage, out: &mut I420) {
        let damage = if out.resize(picture.width, picture.height) { Damage::All } else { damage };
        let pairs = match damage {
            Damage::None => return,
            Damage::All => 0..out.y_rows() / 2,
            Damage::Area(area) => {
                let end = (usize::from(area.y) + usize::from(area.height)).min(out.y_rows());
                usize::from(area.y) / 2..end.div_ceil(2)
            }
        };
        let kernel = Kernel::best();
        let colours = scalar::palette_rgba(&picture.palette);
        let (stride, chroma) = (out.y_stride(), out.uv_stride());
        self.top.resize(stride * 4, 0);
        self.bottom.resize(stride * 4, 0);
        for pair in pairs {
            let last = usize::from(picture.height) - 1;
            let top = rgba_row(picture, pair * 2, &colours, kernel, &mut self.top);
            let bottom = rgba_row(picture, (pair * 2 + 1).min(last), &colours, kernel, &mut self.bottom);
            let (y_top, y_bottom) = out.y[pair * 2 * stride..][..stride * 2].split_at_mut(stride);
            kernel.luma(top, y_top);
            kernel.luma(bottom, y_bottom);
            let (u, v) = (&mut out.u[pair * chroma..][..chroma], &mut out.v[pair * chroma..][..chroma]);
            kernel.chroma(top, bottom, u, v);
        }
    }
}

/// Writes R G B of each pixel of `rgba` (4 bytes a pixel) to `out` (3 bytes a pixel).
///
/// # Panics
/// If `out` does not have 3 bytes for each 4 of `rgba`.
pub fn rgba_to_rgb(rgba: &[u8], out: &mut [u8]) {
    assert_eq!(rgba.len() / 4 * 3, out.len(), "3 bytes out for each 4 in");
    Kernel::best().rgb(rgba, out);
}

/// Row `y` as RGBA, padded to an even width: borrowed from the picture where it has that form already.
fn rgba_row<'a>(
    picture: &'a Picture,
    y: usize,
    colours: &[[u8; 4]; 256],
    kernel: Kernel,
    scratch: &'a mut [u8],
) -> &'a [u8] {
    let stride = picture.stride();
    let row = &picture.pixels[y * stride..][..stride];
    let used = usize::from(picture.width) * 4;
    match picture.format {
        PixelFormat::Rgba8 if used == scratch.len() => return row,
        PixelFormat::Rgba8 => scratch[..used].copy_from_slice(row),
        PixelFormat::Rgb565 => kernel.expand_565(row, &mut scratch[..used]),
        PixelFormat::Indexed8 => scalar::expand_indexed(row, colours, &mut scratch[..used]),
    }
    if used < scratch.len() {
        scratch.copy_within(used - 4..used, used);
    }
    scratch
}

/// Which implementation does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(simd::Avx2),
}

impl Kernel {
    fn best() -> Kernel {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = simd::Avx2::detect() {
            return Kernel::Avx2(avx2);
        }
        Kernel::Scalar
    }

    fn luma(self, rgba: &[u8], y: &mut [u8]) {
        match self {
            Kernel::Scalar => scalar::luma(rgba, y),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(avx2) => avx2.luma(rgba, y),
        }
    }

    fn chroma(self, top: &[u8], bottom: &[u8], u: &mut [u8], v: &mut [u8]) {
        match self {
            Kernel::Scalar => scalar::chroma(top, bottom, u, v),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(avx2) => avx2.chroma(top, bottom, u, v),
        }
    }

    fn expand_565(self, row: &[u8], rgba: &mut [u8]) {
        match self {
            Kernel::Scalar => scalar::expand_565(row, rgba),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(avx2) => avx2.expand_565(row, rgba),
        }
    }

    fn rgb(self, rgba: &[u8], rgb: &mut [u8]) {
        match self {
            Kernel::Scalar => scalar::rgb(rgba, rgb),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(avx2) => avx2.rgb(rgba, rgb),
        }
    }
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::Rect;

    use super::*;
    use crate::testing::{FORMATS, Random};

    fn converted(picture: &Picture) -> I420 {
        let mut out = I420::new();
        Converter::new().to_i420(picture, Damage::All, &mut out);
        out
    }

    #[test]
    fn known_colours_have_the_standard_values() {
        let check = |rgb: [u8; 3], yuv: [u8; 3]| {
            let mut picture = Picture::black(2, 2, PixelFormat::Rgba8);
            picture.pixels.chunks_exact_mut(4).for_each(|pixel| pixel[..3].copy_from_slice(&rgb));
            let out = converted(&picture);
            assert_eq!([out.y()[0], out.u()[0], out.v()[0]], yuv, "{rgb:?}");
        };
        check([0, 0, 0], [16, 128, 128]);
        check([255, 255, 255], [235, 128, 128]);
        check([255, 0, 0], [63, 102, 240]);
        check([0, 255, 0], [173, 42, 26]);
        check([0, 0, 255], [32, 240, 118]);
    }

    #[test]
    fn simd_gives_the_bytes_of_its_scalar_twin() {
        let mut random = Random::new(1);
        for width in (2..200usize).step_by(2).chain([638, 1920]) {
            let (mut top, mut bottom, mut packed) = (vec![0; width * 4], vec![0; width * 4], vec![0; width * 2]);
            random.fill(&mut top);
            random.fill(&mut bottom);
            random.fill(&mut packed);
            if width % 8 == 0 {
                top.fill(255);
            }
            let run = |kernel: Kernel| {
                let (mut y, mut u, mut v) = (vec![0; width], vec![0; width / 2], vec![0; width / 2]);
                let (mut rgb, mut wide) = (vec![0; width * 3], vec![0; width * 4]);
                kernel.luma(&top, &mut y);
                kernel.chroma(&top, &bottom, &mut u, &mut v);
                kernel.rgb(&top, &mut rgb);
                kernel.expand_565(&packed, &mut wide);
                (y, u, v, rgb, wide)
            };
            assert_eq!(run(Kernel::best()), run(Kernel::Scalar), "width {width}");
        }
    }

    #[test]
    fn every_format_converts_as_its_rgba_does() {
        let mut random = Random::new(2);
        for (width, height) in [(1, 1), (3, 5), (16, 16), (37, 21), (160, 144)] {
            for format in FORMATS {
                let picture = random.picture(width, height, format);
                let mut plain = Picture::black(width, height, PixelFormat::Rgba8);
                picture.to_rgba(&mut plain.pixels);
                assert_eq!(converted(&picture), converted(&plain), "{width}x{height} {format:?}");
            }
        }
    }

    #[test]
    fn odd_sizes_repeat_their_edge() {
        let mut random = Random::new(3);
        let picture = random.picture(3, 3, PixelFormat::Rgba8);
        let out = converted(&picture);
        assert_eq!((out.y_stride(), out.y_rows(), out.uv_stride()), (4, 4, 2));
        for row in 0..4 {
            assert_eq!(out.y()[row * 4 + 2], out.y()[row * 4 + 3]);
        }
        assert_eq!(out.y()[8..12], out.y()[12..16]);
    }

    #[test]
    fn only_damaged_rows_are_converted() {
        let mut random = Random::new(4);
        let old = random.picture(24, 24, PixelFormat::Indexed8);
        let mut new = old.clone();
        new.pixels[7 * 24..9 * 24].fill(9);
        let mut out = converted(&old);
        let before = out.clone();
        let mut converter = Converter::new();
        converter.to_i420(&new, Damage::None, &mut out);
        assert_eq!(out, before);
        converter.to_i420(&new, Damage::Area(Rect { x: 0, y: 7, width: 24, height: 2 }), &mut out);
        assert_eq!(out, converted(&new));
    }

    #[test]
    fn what_is_converted_comes_back_close() {
        let mut picture = Picture::black(32, 32, PixelFormat::Rgba8);
        for (i, pixel) in picture.pixels.chunks_exact_mut(4).enumerate() {
            pixel.copy_from_slice(&[(i / 4) as u8, 200 - (i / 8) as u8, 90, 255]);
        }
        let mut back = Vec::new();
        i420_to_rgba(&converted(&picture), &mut back);
        let worst = picture.pixels.iter().zip(&back).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(6), "{worst:?}");
    }
}
