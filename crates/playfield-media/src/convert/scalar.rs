//! The definition of each conversion, one pixel at a time.

use playfield_core::frame::{Rgb, rgb565};

use super::I420;

/// Weights of R, G and B, times 2^15.
pub(super) const LUMA: [i16; 3] = [5983, 20127, 2032];
pub(super) const CB: [i16; 3] = [-3298, -11094, 14392];
pub(super) const CR: [i16; 3] = [14392, -13073, -1319];
/// Offset and rounding of luma (shifted by 15) and chroma (by 17, being a sum of four).
pub(super) const LUMA_BIAS: i32 = (16 << 15) + (1 << 14);
pub(super) const CHROMA_BIAS: i32 = (128 << 17) + (1 << 16);

fn weigh(weights: [i16; 3], rgb: [i32; 3]) -> i32 {
    (0..3).map(|i| i32::from(weights[i]) * rgb[i]).sum()
}

/// Luma of a row of RGBA pixels.
pub(super) fn luma(rgba: &[u8], y: &mut [u8]) {
    for (pixel, y) in rgba.chunks_exact(4).zip(y) {
        let rgb = [i32::from(pixel[0]), i32::from(pixel[1]), i32::from(pixel[2])];
        *y = ((weigh(LUMA, rgb) + LUMA_BIAS) >> 15) as u8;
    }
}

/// Chroma of two rows of RGBA pixels of even width.
pub(super) fn chroma(top: &[u8], bottom: &[u8], u: &mut [u8], v: &mut [u8]) {
    let quads = top.chunks_exact(8).zip(bottom.chunks_exact(8));
    for ((top, bottom), (u, v)) in quads.zip(u.iter_mut().zip(v)) {
        let sum =
            |c: usize| i32::from(top[c]) + i32::from(top[c + 4]) + i32::from(bottom[c]) + i32::from(bottom[c + 4]);
        let rgb = [sum(0), sum(1), sum(2)];
        *u = ((weigh(CB, rgb) + CHROMA_BIAS) >> 17) as u8;
        *v = ((weigh(CR, rgb) + CHROMA_BIAS) >> 17) as u8;
    }
}

/// A row of RGBA pixels without their fourth byte.
#[inline(always)]
pub(super) fn rgb(rgba: &[u8], rgb: &mut [u8]) {
    for (pixel, rgb) in rgba.chunks_exact(4).zip(rgb.chunks_exact_mut(3)) {
        rgb.copy_from_slice(&pixel[..3]);
    }
}

/// A row of RGB565 pixels as RGBA.
#[inline(always)]
pub(super) fn expand_565(row: &[u8], rgba: &mut [u8]) {
    for (pair, rgba) in row.chunks_exact(2).zip(rgba.chunks_exact_mut(4)) {
        let [r, g, b] = rgb565(u16::from_le_bytes([pair[0], pair[1]]));
        rgba.copy_from_slice(&[r, g, b, 255]);
    }
}

/// The palette as RGBA; colours a short palette lacks are black.
pub(super) fn palette_rgba(palette: &[Rgb]) -> [[u8; 4]; 256] {
    let mut colours = [[0, 0, 0, 255]; 256];
    for (colour, [r, g, b]) in colours.iter_mut().zip(palette) {
        *colour = [*r, *g, *b, 255];
    }
    colours
}

/// A row of palette indices as RGBA. A table look-up a pixel: nothing SIMD would speed up.
pub(super) fn expand_indexed(row: &[u8], colours: &[[u8; 4]; 256], rgba: &mut [u8]) {
    for (index, rgba) in row.iter().zip(rgba.chunks_exact_mut(4)) {
        rgba.copy_from_slice(&colours[usize::from(*index)]);
    }
}

/// The picture as opaque RGBA8, appended to `out` after clearing it: what a viewer's decoder shows. Chroma is repeated,
/// not interpolated. For tests and measuring clients.
pub fn i420_to_rgba(picture: &I420, out: &mut Vec<u8>) {
    out.clear();
    for row in 0..usize::from(picture.height()) {
        for column in 0..usize::from(picture.width()) {
            let chroma = row / 2 * picture.uv_stride() + column / 2;
            let y = (f32::from(picture.y()[row * picture.y_stride() + column]) - 16.0) * 255.0 / 219.0;
            let cb = (f32::from(picture.u()[chroma]) - 128.0) * 255.0 / 224.0;
            let cr = (f32::from(picture.v()[chroma]) - 128.0) * 255.0 / 224.0;
            let rgb = [y + 1.5748 * cr, y - 0.1873 * cb - 0.4681 * cr, y + 1.8556 * cb];
            out.extend(rgb.map(|channel| channel.round().clamp(0.0, 255.0) as u8));
            out.push(255);
        }
    }
}
