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

/// Sets the bits from unit `at` on.
fn set(mask: &mut Mask, at: usize, units: u64) {
    let (word, shift) = (at / 64, at % 64);
    mask[word] |= units << shift;
    if shift > 0
        && let Some(next) = mask.get_mut(word + 1)
    {
        *next |= units >> (64 - shift);
    }
}

// Each of these looks at whole blocks, then once more at the last block of the row, of which it keeps the units not seen
// yet: rows of a block or more leave nothing to the scalar twin.

#[target_feature(enable = "avx2")]
fn equal_1(a: &[u8], b: &[u8], mask: &mut Mask) -> usize {
    let (words, rest) = (a.len() / 64, a.len() % 64);
    for (i, word) in mask.iter_mut().enumerate().take(words) {
        // SAFETY: both slices have 64 bytes from `64 * i` on.
        *word = unsafe { bytes_64(a.as_ptr().add(i * 64), b.as_ptr().add(i * 64)) };
    }
    if words == 0 || rest == 0 {
        return words * 64;
    }
    let last = a.len() - 64;
    // SAFETY: both slices have 64 bytes from `last` on.
    let units = unsafe { bytes_64(a.as_ptr().add(last), b.as_ptr().add(last)) };
    set(mask, words * 64, units >> (64 - rest));
    a.len()
}

#[target_feature(enable = "avx2,bmi2")]
fn equal_2(a: &[u8], b: &[u8], mask: &mut Mask) -> usize {
    /// The low bit of each pair.
    const PAIRS: u64 = 0x5555_5555_5555_5555;
    const UNITS: usize = 32;
    let (blocks, rest) = (a.len() / 64, a.len() % 64 / 2);
    let block = |at: usize| {
        // SAFETY: called for places from which both slices have 64 bytes on.
        let bytes = unsafe { bytes_64(a.as_ptr().add(at), b.as_ptr().add(at)) };
        _pext_u64(bytes & bytes >> 1, PAIRS)
    };
    for i in 0..blocks {
        set(mask, i * UNITS, block(i * 64));
    }
    if blocks == 0 || rest == 0 {
        return blocks * UNITS;
    }
    set(mask, blocks * UNITS, block(a.len() - 64) >> (UNITS - rest));
    a.len() / 2
}

#[target_feature(enable = "avx2,bmi2")]
fn equal_3(a: &[u8], b: &[u8], mask: &mut Mask) -> usize {
    /// The low bit of each of 21 triples.
    const TRIPLES: u64 = 0x1249_2492_4924_9249;
    const UNITS: usize = 21;
    // Of 64 bytes, `skip` ones are left out before the first triple.
    let block = |at: usize, skip: usize| {
        // SAFETY: called for places from which both slices have 64 bytes on.
        let bytes = unsafe { bytes_64(a.as_ptr().add(at), b.as_ptr().add(at)) } >> skip;
        _pext_u64(bytes & bytes >> 1 & bytes >> 2, TRIPLES)
    };
    let (mut done, units) = (0, a.len() / 3);
    while done * 3 + 64 <= a.len() {
        set(mask, done, block(done * 3, 0));
        done += UNITS;
    }
    if done == 0 || done == units {
        return done;
    }
    // Less than 64 bytes are left, which is 21 triples at most; the last 64 bytes hold them after one byte.
    set(mask, done, block(a.len() - 64, 1) >> (UNITS - (units - done)));
    units
}
