//! The conversions of `scalar` on AVX2, 32 or fewer pixels at a time. Rests go to the scalar twin.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::scalar::{self, CB, CHROMA_BIAS, CR, LUMA, LUMA_BIAS};

/// Proof that this machine has AVX2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Avx2> {
        is_x86_feature_detected!("avx2").then_some(Avx2(()))
    }

    pub(super) fn luma(self, rgba: &[u8], y: &mut [u8]) {
        let wide = y.len() / 32 * 32;
        assert!(rgba.len() >= y.len() * 4);
        // SAFETY: `self` proves AVX2; the assertion bounds what is read.
        unsafe { luma(rgba, &mut y[..wide]) };
        scalar::luma(&rgba[wide * 4..], &mut y[wide..]);
    }

    pub(super) fn chroma(self, top: &[u8], bottom: &[u8], u: &mut [u8], v: &mut [u8]) {
        let wide = u.len() / 8 * 8;
        assert!(u.len() == v.len() && top.len() >= u.len() * 8 && bottom.len() >= u.len() * 8);
        // SAFETY: `self` proves AVX2; the assertion bounds what is read.
        unsafe { chroma(top, bottom, &mut u[..wide], &mut v[..wide]) };
        scalar::chroma(&top[wide * 8..], &bottom[wide * 8..], &mut u[wide..], &mut v[wide..]);
    }

    pub(super) fn expand_565(self, row: &[u8], rgba: &mut [u8]) {
        // SAFETY: `self` proves AVX2.
        unsafe { expand_565(row, rgba) }
    }

    pub(super) fn rgb(self, rgba: &[u8], out: &mut [u8]) {
        let pixels = rgba.len() / 4;
        assert!(out.len() >= pixels * 3);
        // SAFETY: `self` proves AVX2; the assertion bounds what is written.
        let done = unsafe { rgb(rgba, out) };
        scalar::rgb(&rgba[done * 4..], &mut out[done * 3..pixels * 3]);
    }
}

/// The weights of R, G, B and the fourth byte (none), for four pixels of 16-bit channels.
#[target_feature(enable = "avx2")]
fn weights([r, g, b]: [i16; 3]) -> __m256i {
    _mm256_setr_epi16(r, g, b, 0, r, g, b, 0, r, g, b, 0, r, g, b, 0)
}

/// Weighted sums of the eight pixels at `at`, in order.
///
/// # Safety
/// 32 bytes must be readable at `at`.
#[target_feature(enable = "avx2")]
unsafe fn weigh_8(at: *const u8, weights: __m256i) -> __m256i {
    let zero = _mm256_setzero_si256();
    // SAFETY: the caller's promise.
    let pixels = unsafe { _mm256_loadu_si256(at.cast()) };
    let low = _mm256_madd_epi16(_mm256_unpacklo_epi8(pixels, zero), weights);
    let high = _mm256_madd_epi16(_mm256_unpackhi_epi8(pixels, zero), weights);
    _mm256_hadd_epi32(low, high)
}

#[target_feature(enable = "avx2")]
fn luma(rgba: &[u8], y: &mut [u8]) {
    let weights = weights(LUMA);
    let bias = _mm256_set1_epi32(LUMA_BIAS);
    let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (pixels, y) in rgba.chunks_exact(128).zip(y.chunks_exact_mut(32)) {
        // SAFETY: `pixels` has 128 bytes, 32 for each of four.
        let part = |i: usize| unsafe {
            _mm256_srai_epi32::<15>(_mm256_add_epi32(weigh_8(pixels.as_ptr().add(i * 32), weights), bias))
        };
        let words = (_mm256_packs_epi32(part(0), part(1)), _mm256_packs_epi32(part(2), part(3)));
        let bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words.0, words.1), order);
        // SAFETY: `y` has 32 bytes.
        unsafe { _mm256_storeu_si256(y.as_mut_ptr().cast(), bytes) };
    }
}

/// Sums of two rows, eight pixels of 16-bit channels: pixels 0 1 4 5 and 2 3 6 7.
///
/// # Safety
/// 32 bytes must be readable at each.
#[target_feature(enable = "avx2")]
unsafe fn add_rows(top: *const u8, bottom: *const u8) -> (__m256i, __m256i) {
    let zero = _mm256_setzero_si256();
    // SAFETY: the caller's promise.
    let (top, bottom) = unsafe { (_mm256_loadu_si256(top.cast()), _mm256_loadu_si256(bottom.cast())) };
    let low = _mm256_add_epi16(_mm256_unpacklo_epi8(top, zero), _mm256_unpacklo_epi8(bottom, zero));
    let high = _mm256_add_epi16(_mm256_unpackhi_epi8(top, zero), _mm256_unpackhi_epi8(bottom, zero));
    (low, high)
}

/// Eight chroma values, in the low 8 bytes, of 16 pixels of summed rows.
#[target_feature(enable = "avx2")]
fn chroma_8(first: (__m256i, __m256i), second: (__m256i, __m256i), weights: __m256i) -> __m128i {
    let columns = |(low, high)| _mm256_hadd_epi32(_mm256_madd_epi16(low, weights), _mm256_madd_epi16(high, weights));
    // Lanes hold chroma 0 1 4 5 and 2 3 6 7.
    let sums = _mm256_hadd_epi32(columns(first), columns(second));
    let sums = _mm256_permute4x64_epi64::<0b11_01_10_00>(sums);
    let values = _mm256_srai_epi32::<17>(_mm256_add_epi32(sums, _mm256_set1_epi32(CHROMA_BIAS)));
    let words = _mm_packs_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256::<1>(values));
    _mm_packus_epi16(words, words)
}

#[target_feature(enable = "avx2")]
fn chroma(top: &[u8], bottom: &[u8], u: &mut [u8], v: &mut [u8]) {
    let (cb, cr) = (weights(CB), weights(CR));
    let rows = top.chunks_exact(64).zip(bottom.chunks_exact(64));
    for ((top, bottom), (u, v)) in rows.zip(u.chunks_exact_mut(8).zip(v.chunks_exact_mut(8))) {
        // SAFETY: `top` and `bottom` have 64 bytes, 32 for each of two.
        let part = |i: usize| unsafe { add_rows(top.as_ptr().add(i * 32), bottom.as_ptr().add(i * 32)) };
        let (first, second) = (part(0), part(1));
        // SAFETY: `u` and `v` have 8 bytes.
        unsafe {
            _mm_storel_epi64(u.as_mut_ptr().cast(), chroma_8(first, second, cb));
            _mm_storel_epi64(v.as_mut_ptr().cast(), chroma_8(first, second, cr));
        }
    }
}

/// The scalar code, compiled for AVX2: the compiler vectorises it well.
#[target_feature(enable = "avx2")]
fn expand_565(row: &[u8], rgba: &mut [u8]) {
    scalar::expand_565(row, rgba);
}

/// Converts pixels eight at a time; returns how many.
#[target_feature(enable = "avx2")]
fn rgb(rgba: &[u8], out: &mut [u8]) -> usize {
    #[rustfmt::skip]
    let drop_fourth = _mm256_setr_epi8(
        0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,
        0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,
    );
    let join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    let mut done = 0;
    // Each store writes 32 bytes of which 24 count, so it must stay 8 bytes inside.
    while (done + 8) * 4 <= rgba.len() && done * 3 + 32 <= out.len() {
        // SAFETY: the condition above bounds the read and the write.
        unsafe {
            let pixels = _mm256_loadu_si256(rgba.as_ptr().add(done * 4).cast());
            let packed = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(pixels, drop_fourth), join);
            _mm256_storeu_si256(out.as_mut_ptr().add(done * 3).cast(), packed);
        }
        done += 8;
    }
    done
}
