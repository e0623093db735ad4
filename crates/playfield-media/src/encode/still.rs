//! Pictures of their own: JPEG (ITU-T T.81).

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use playfield_core::frame::Picture;

/// Qualities that are tried, the best first.
const QUALITIES: [u8; 5] = [92, 85, 75, 60, 40];

/// A picture as a JPEG of at most `most` bytes, as good as that allows; none: it cannot be had.
pub fn jpeg(picture: &Picture, most: usize) -> Option<Vec<u8>> {
    let mut rgba = Vec::new();
    picture.to_rgba(&mut rgba);
    let mut coded = QUALITIES.iter().filter_map(|quality| code(&rgba, picture, *quality));
    coded.find(|bytes| bytes.len() <= most)
}

/// A picture as a JPEG of this quality, 1 to 100; none: it cannot be had.
pub fn jpeg_of(picture: &Picture, quality: u8) -> Option<Vec<u8>> {
    let mut rgba = Vec::new();
    picture.to_rgba(&mut rgba);
    code(&rgba, picture, quality)
}

fn code(rgba: &[u8], picture: &Picture, quality: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    // Whole colours where there is room for them: small things are found by their colour.
    let sampling = if quality > 75 { SamplingFactor::F_1_1 } else { SamplingFactor::F_2_2 };
    encoder.set_sampling_factor(sampling);
    encoder.encode(rgba, picture.width, picture.height, ColorType::Rgba).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::PixelFormat;

    use super::*;
    use crate::decode;

    /// Colours that change slowly, and noise of so many steps.
    fn picture(noise: u32) -> Picture {
        let mut picture = Picture::black(320, 180, PixelFormat::Rgba8);
        let mut random = 1u32;
        for (at, pixel) in picture.pixels.chunks_exact_mut(4).enumerate() {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = if noise == 0 { 0 } else { (random >> 16) % noise };
            let (x, y) = (at % 320, at / 320);
            pixel.copy_from_slice(&[(x / 2) as u8, (y as u32 / 2 + noise).min(255) as u8, 90, 255]);
        }
        picture
    }

    #[test]
    fn a_picture_comes_back_nearly_as_it_was() {
        let before = picture(0);
        let bytes = jpeg(&before, 1 << 20).unwrap();
        let mut after = Picture::black(1, 1, PixelFormat::Rgba8);
        decode::jpeg(&bytes, &mut after).unwrap();
        assert_eq!((after.width, after.height), (320, 180));
        let furthest = before.pixels.iter().zip(&after.pixels).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(furthest < Some(8), "{furthest:?}");
    }

    #[test]
    fn a_better_quality_is_larger_and_nearer() {
        let before = picture(40);
        let of = |quality: u8| {
            let bytes = jpeg_of(&before, quality).unwrap();
            let mut after = Picture::black(1, 1, PixelFormat::Rgba8);
            decode::jpeg(&bytes, &mut after).unwrap();
            let off = before.pixels.iter().zip(&after.pixels).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
            (bytes.len(), off)
        };
        let [bad, good, best] = [1, 60, 100].map(of);
        assert!(bad.0 < good.0 && good.0 < best.0 && bad.1 > good.1 && good.1 > best.1, "{bad:?} {good:?} {best:?}");
    }

    #[test]
    fn what_is_much_is_made_coarser_until_it_fits_or_is_not_had() {
        let much = picture(160);
        let sizes = [usize::MAX, 60_000, 25_000].map(|most| jpeg(&much, most).map(|bytes| bytes.len()));
        assert!(
            sizes[0] > Some(60_000) && sizes[1] <= Some(60_000) && sizes[1] > sizes[2] && sizes[2] > None,
            "{sizes:?}"
        );
        assert_eq!(jpeg(&much, 100), None);
    }
}
