//! The way back: H.264 as a viewer's decoder does it, for tests and measuring clients, and what cameras' sources hand over.
//!
//! What a source hands over is foreign. Sizes are looked at before anything is allocated, and whoever decodes is behind a fence.

mod still;

use playfield_core::frame::{MAX_HEIGHT, MAX_WIDTH, Picture, PixelFormat};

use crate::convert::I420;
use crate::encode::RawDecoder;

pub use still::{StillError, jpeg, png};

/// Why an access unit could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The decoder could not be set up.
    #[error("the H.264 decoder does not start (code {0})")]
    Open(i32),
    /// Not H.264, damaged, or a frame it refers to is missing: ask for a key frame.
    #[error("the access unit does not decode (code {0:#x}); ask for a key frame")]
    Damaged(i32),
}

/// Decodes a stream of access units in Annex B form, in the order they were coded.
pub struct H264Decoder(RawDecoder);

impl H264Decoder {
    /// A decoder that waits for its first key frame.
    pub fn new() -> Result<H264Decoder, DecodeError> {
        RawDecoder::open().map(H264Decoder).map_err(DecodeError::Open)
    }

    /// Decodes one access unit; returns whether `out` holds a new picture. Its size is the coded one, which is even.
    pub fn decode(&mut self, unit: &[u8], out: &mut I420) -> Result<bool, DecodeError> {
        self.0.decode(unit, out).map_err(DecodeError::Damaged)
    }
}

/// The next whole step at which a picture of this size, in pixels, is no larger than a [`Picture`] may be.
pub(crate) fn step(width: usize, height: usize) -> usize {
    width.div_ceil(MAX_WIDTH.into()).max(height.div_ceil(MAX_HEIGHT.into())).max(1)
}

/// Makes `into` an RGBA8 picture for what is `width` by `height` pixels, taken at each step.
fn fit(width: usize, height: usize, step: usize, into: &mut Picture) {
    // A step is chosen so that both fit.
    let (width, height) = ((width / step).max(1) as u16, (height / step).max(1) as u16);
    if (into.width, into.height, into.format) != (width, height, PixelFormat::Rgba8) {
        *into = Picture::black(width, height, PixelFormat::Rgba8);
    }
}

/// What H.264 decoded to, as RGBA8: BT.709 with limited range, in integers. What is larger than a [`Picture`] may be is taken at each
/// whole step at which it is not.
pub fn shown(from: &I420, into: &mut Picture) {
    let step = step(from.width().into(), from.height().into());
    fit(from.width().into(), from.height().into(), step, into);
    let (width, height) = (usize::from(into.width), usize::from(into.height));
    for (row, out) in into.pixels.chunks_exact_mut(width * 4).take(height).enumerate() {
        let luma = &from.y()[row * step * from.y_stride()..][..from.y_stride()];
        let chroma = row * step / 2 * from.uv_stride();
        let (cb, cr) = (&from.u()[chroma..][..from.uv_stride()], &from.v()[chroma..][..from.uv_stride()]);
        for (column, pixel) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let at = column * step;
            let (y, cb, cr) = (i32::from(luma[at]) - 16, i32::from(cb[at / 2]) - 128, i32::from(cr[at / 2]) - 128);
            // 255 / 219 and the rest of the way back, in 1 / 2^13.
            let y = y * 9_539 + 4_096;
            let channel = |value: i32| (value >> 13).clamp(0, 255) as u8;
            *pixel = [channel(y + 14_686 * cr), channel(y - 1_747 * cb - 4_366 * cr), channel(y + 17_305 * cb), 255];
        }
    }
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::Damage;

    use super::*;
    use crate::convert::{Converter, i420_to_rgba};

    #[test]
    fn integers_show_what_the_definition_shows() {
        let mut picture = Picture::black(64, 48, PixelFormat::Rgba8);
        for (at, byte) in picture.pixels.iter_mut().enumerate() {
            *byte = (at * 7 + at / 256 * 31) as u8;
        }
        let (mut planes, mut meant) = (I420::new(), Vec::new());
        Converter::new().to_i420(&picture, Damage::All, &mut planes);
        i420_to_rgba(&planes, &mut meant);
        let mut seen = Picture::black(1, 1, PixelFormat::Rgba8);
        shown(&planes, &mut seen);
        assert_eq!((seen.width, seen.height), (64, 48));
        let worst = seen.pixels.iter().zip(&meant).map(|(one, other)| one.abs_diff(*other)).max();
        assert!(worst <= Some(1), "{worst:?} off");
    }

    #[test]
    fn what_is_too_large_is_taken_at_each_step() {
        for (size, fits) in [((1920, 1080), (1920, 1080)), ((3840, 2160), (1920, 1080)), ((4056, 3040), (1352, 1013))] {
            let mut into = Picture::black(1, 1, PixelFormat::Rgba8);
            fit(size.0, size.1, step(size.0, size.1), &mut into);
            assert_eq!((into.width, into.height), fits);
        }
    }
}
