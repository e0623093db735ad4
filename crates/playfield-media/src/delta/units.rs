//! Which units of two rows are equal, as bits, and how long they stay so.

#[cfg(target_arch = "x86_64")]
use super::simd;

/// Words of a mask: a bit for each unit of the widest row, and one word to read past the end.
pub(super) const WORDS: usize = 31;

/// A bit for each unit of a row, the first unit in the lowest bit of the first word; zero past the row.
pub(super) type Mask = [u64; WORDS];

/// Sets the bits of the units, of `unit` bytes, that `a` and `b` have in common. Both have the same length, at most
/// 1920 units.
pub(super) fn equal(a: &[u8], b: &[u8], unit: usize, mask: &mut Mask) {
    *mask = [0; WORDS];
    #[cfg(target_arch = "x86_64")]
    let done = simd::Wide::detect().map_or(0, |wide| wide.equal(a, b, unit, mask));
    #[cfg(not(target_arch = "x86_64"))]
    let done = 0;
    equal_from(done, a, b, unit, mask);
}

/// The scalar twin, from unit `done` on.
pub(super) fn equal_from(done: usize, a: &[u8], b: &[u8], unit: usize, mask: &mut Mask) {
    let units = a[done * unit..].chunks_exact(unit).zip(b[done * unit..].chunks_exact(unit));
    for (i, (a, b)) in units.enumerate() {
        let i = done + i;
        mask[i / 64] |= u64::from(a == b) << (i % 64);
    }
}

/// How many bits from `at` on are set in a row.
pub(super) fn ones(mask: &Mask, at: usize) -> usize {
    let (mut word, shift) = (at / 64, at % 64);
    let first = (!(mask[word] >> shift)).trailing_zeros() as usize;
    if first < 64 - shift {
        return first;
    }
    let mut count = 64 - shift;
    loop {
        word += 1;
        let more = mask.get(word).map_or(0, |bits| (!bits).trailing_zeros() as usize);
        count += more;
        if more < 64 {
            return count;
        }
    }
}

/// Adds to `starts` the bits where at least `length` bits of `mask` are set in a row.
pub(super) fn add_starts(mask: &Mask, length: usize, words: usize, starts: &mut Mask) {
    let mut long = *mask;
    let mut reach = 1;
    while reach < length {
        let step = reach.min(length - reach);
        and_shifted(&mut long, step, words);
        reach += step;
    }
    for (all, long) in starts.iter_mut().zip(&long).take(words) {
        *all |= long;
    }
}

/// `mask &= mask >> by`, `by` at most 64.
fn and_shifted(mask: &mut Mask, by: usize, words: usize) {
    for i in 0..words {
        let next = mask.get(i + 1).copied().unwrap_or(0);
        mask[i] &= if by == 64 { next } else { mask[i] >> by | (next << 1) << (63 - by) };
    }
}

/// The first set bit from `at` on, or `end`.
pub(super) fn next_one(mask: &Mask, at: usize, end: usize) -> usize {
    let mut word = at / 64;
    let mut bits = mask[word] & (u64::MAX << (at % 64));
    while bits == 0 {
        word += 1;
        if word * 64 >= end {
            return end;
        }
        bits = mask[word];
    }
    (word * 64 + bits.trailing_zeros() as usize).min(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn simd_masks_equal_their_scalar_twin() {
        let mut random = Random::new(10);
        for width in (1..300).chain([640, 1919, 1920]) {
            for unit in 1..=3 {
                let mut a = vec![0; width * unit];
                a.iter_mut().for_each(|byte| *byte = random.below(2) as u8);
                let mut b = a.clone();
                for _ in 0..random.below(width * unit + 1) {
                    b[random.below(width * unit)] = random.below(2) as u8;
                }
                let (mut fast, mut plain) = ([u64::MAX; WORDS], [0; WORDS]);
                equal(&a, &b, unit, &mut fast);
                equal_from(0, &a, &b, unit, &mut plain);
                assert_eq!(fast, plain, "{width} units of {unit}");
            }
        }
    }

    #[test]
    fn lengths_and_starts_match_a_walk_bit_by_bit() {
        let mut random = Random::new(11);
        for round in 0..200 {
            let mut mask = [0; WORDS];
            mask.iter_mut().take(30).for_each(|word| {
                *word = if round % 2 == 0 { u64::MAX } else { random.next() << 32 | random.next() };
            });
            for _ in 0..round {
                let at = random.below(1920);
                mask[at / 64] &= !(1 << (at % 64));
            }
            let bit = |at: usize| at < 1920 && mask[at / 64] >> (at % 64) & 1 == 1;
            let walk = |at: usize| (at..).take_while(|at| bit(*at)).count();
            let length = 1 + random.below(70);
            let mut starts = [0; WORDS];
            add_starts(&mask, length, 30, &mut starts);
            for at in 0..1920 {
                assert_eq!(ones(&mask, at), walk(at), "at {at}");
                assert_eq!(starts[at / 64] >> (at % 64) & 1 == 1, walk(at) >= length, "at {at} of {length}");
            }
            let at = random.below(1920);
            assert_eq!(next_one(&mask, at, 1920), (at..1920).find(|at| bit(*at)).unwrap_or(1920));
        }
    }
}
