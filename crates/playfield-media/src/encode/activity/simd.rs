//! The sums of `activity` on SSE2, which every x86-64 has: a row of a block is one register.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::Plane;

/// Bytes of a row of luma in a block; chroma has half of them.
const WIDE: usize = 16;

/// Sum of absolute differences of two blocks of `size` by `rows`, 8 or 16 wide.
pub(super) fn difference(new: Plane, old: Plane, size: usize, rows: usize) -> u32 {
    new.check(size, rows);
    old.check(size, rows);
    // SAFETY: both were checked to hold the rows.
    unsafe {
        let mut sum = _mm_setzero_si128();
        for y in 0..rows {
            sum = _mm_add_epi64(sum, _mm_sad_epu8(row(new, size, y), row(old, size, y)));
        }
        total(sum)
    }
}

/// Sum of the differences of neighbours, across and down; in the first row down only where there is a row above.
pub(super) fn detail(new: Plane, size: usize, rows: usize) -> u32 {
    new.check(size, rows);
    // SAFETY: it was checked to hold the rows.
    unsafe {
        let first = _mm_cvtsi32_si128(0xff);
        let all = if size == WIDE { _mm_set1_epi8(-1) } else { _mm_set_epi64x(0, -1) };
        let mut sum = _mm_setzero_si128();
        let mut above = if new.above().is_some() { row(new.up(), size, 0) } else { row(new, size, 0) };
        for y in 0..rows {
            let pixels = row(new, size, y);
            // The pixel to the left of each; the first has itself there.
            let left = _mm_or_si128(_mm_slli_si128::<1>(pixels), _mm_and_si128(pixels, first));
            sum = _mm_add_epi64(sum, _mm_sad_epu8(pixels, _mm_and_si128(left, all)));
            sum = _mm_add_epi64(sum, _mm_sad_epu8(pixels, above));
            above = pixels;
        }
        total(sum)
    }
}

/// # Safety
/// `plane` holds `y + 1` rows of `size` bytes.
unsafe fn row(plane: Plane, size: usize, y: usize) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe {
        let at = plane.bytes.as_ptr().add(plane.at + y * plane.stride);
        if size == WIDE { _mm_loadu_si128(at.cast()) } else { _mm_loadl_epi64(at.cast()) }
    }
}

fn total(sum: __m128i) -> u32 {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { (_mm_cvtsi128_si32(sum) + _mm_cvtsi128_si32(_mm_srli_si128::<8>(sum))) as u32 }
}
