//! The masks of `units` on AVX2 and BMI2. Rests go to the scalar twin.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::units::Mask;

/// Proof that this machine has AVX2 and BMI2.
#[derive(Clone, Copy)]
pub(super) struct Wide(());

impl Wide {
    pub(super) fn detect() -> Option<Wide> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2")).then_some(Wide(()))
    }

    /// Sets the bits of equal units from the first on; returns how many units it looked at. `mask` is zero.
    pub(super) fn equal(self, a: &[u8], b: &[u8], unit: usize, mask: &mut Mask) -> usize {
        assert!(a.len() == b.len());
        // SAFETY: `self` proves AVX2 and BMI2; the slices are equally long.
        unsafe {
            match unit {
                1 => equal_1(a, b, mask),
                2 => equal_2(a, b, mask),
                3 => equal_3(a, b, mask),
                _ => 0,
            }
        }
    }
}

/// A bit for each of the 64 bytes at `a` and `b` that are equal.
///
/// # Safety
/// 64 bytes must be readable at each.
#[target_feature(enable = "avx2")]
unsafe fn bytes_64(a: *const u8, b: *const u8) -> u64 {
    // SAFETY: the caller's promise.
    let half = |at: usize| unsafe {
        let (a, b) = (_mm256_loadu_si256(a.add(at).cast()), _mm256_loadu_si256(b.add(at).cast()));
        u64::from(_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b)) as u32)
    };
    half(0) | half(32) << 32
}

#[target_feature(enable = "avx2")]
fn equal_1(a: &[u8], b: &[u8], mask: &mut Mask) -> usize {
    let words = a.len() / 64;
    for (i, word) in mask.iter_mut().enumerate().take(words) {
        // SAFETY: both slices have 64 bytes from `64 * i` on.
        *word = unsafe { bytes_64(a.as_ptr().add(i * 64), b.as_ptr().add(i * 64)) };
    }
    words * 64
}

#[target_feature(enable = "avx2,bmi2")]
fn equal_2(a: &[u8], b: &[u8], mask: &mut Mask) -> usize {
    /// The low bit of each pair.
    const PAIRS: u64 = 0x5555_5555_5555_5555;
    let blocks = a.len() / 64;
    for i in 0..blocks {
        // SAFETY: both slices have 64 bytes from `64 * i` on.
        let bytes = unsafe { bytes_64(a.as_ptr().add(i * 64), b.as_ptr().add(i * 64)) };
        mask[i / 2] |= _pext_u64(bytes & bytes >> 1, PAIRS) << (i % 2 * 32);
    }
    blocks * 32
}

#[target_feature(enable = "avx2,bmi2")]
fn equal_3(a: &[u8], b: &[u8], mask: &mut Mask) -> usize {
    /// The low bit of each of 21 triples.
    const TRIPLES: u64 = 0x1249_2492_4924_9249;
    const UNITS: usize = 21;
    let mut done = 0;
    while done * 3 + 64 <= a.len() {
        // SAFETY: the condition above.
        let bytes = unsafe { bytes_64(a.as_ptr().add(done * 3), b.as_ptr().add(done * 3)) };
        let units = _pext_u64(bytes & bytes >> 1 & bytes >> 2, TRIPLES);
        let (word, shift) = (done / 64, done % 64);
        mask[word] |= units << shift;
        if shift + UNITS > 64 {
            mask[word + 1] |= units >> (64 - shift);
        }
        done += UNITS;
    }
    done
}
