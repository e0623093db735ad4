//! Parity: more datagrams of a picture, any of which stands for any that was lost.
//!
//! A systematic Reed-Solomon code over GF(256): what is coded is each datagram with its length before it, zeros after it, so
//! that all are equally long. The matrix is Cauchy's, scaled so that its first row and column are ones: the first parity is
//! the exclusive or of all datagrams, and all parity of a single datagram is that datagram. Every square part of it can be
//! inverted, so of `n` datagrams and any parity, any `n` bring back the rest.

use super::ops::{HEADER, LENGTH, MAX_DATAGRAMS, PARITY_HEADER, ParityHeader};

/// The field's polynomial, x^8 + x^4 + x^3 + x^2 + 1; 2 generates all but 0.
const POLYNOMIAL: u16 = 0x11d;

/// Powers of 2, twice over, and their inverse.
const POWERS: ([u8; 510], [u8; 256]) = {
    let (mut powers, mut logs) = ([0; 510], [0; 256]);
    let (mut power, mut log) = (1u16, 0);
    while log < 255 {
        powers[log] = power as u8;
        powers[log + 255] = power as u8;
        logs[power as usize] = log as u8;
        power <<= 1;
        if power & 0x100 != 0 {
            power ^= POLYNOMIAL;
        }
        log += 1;
    }
    (powers, logs)
};

static POWER: [u8; 510] = POWERS.0;
static LOG: [u8; 256] = POWERS.1;

fn log(a: u8) -> usize {
    LOG[usize::from(a)].into()
}

fn times(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 { 0 } else { POWER[log(a) + log(b)] }
}

/// `a / b`; `b` is not 0.
fn over(a: u8, b: u8) -> u8 {
    if a == 0 { 0 } else { POWER[log(a) + 255 - log(b)] }
}

/// By what datagram `index` counts in parity `number`, both below 64.
fn factor(number: u8, index: u8) -> u8 {
    let cauchy = |number: u8, index: u8| over(1, (number | 0x40) ^ index);
    over(over(cauchy(number, index), cauchy(0, index)), over(cauchy(number, 0), cauchy(0, 0)))
}

/// `sum += factor * bytes`, as far as both reach.
fn add(sum: &mut [u8], factor: u8, bytes: &[u8]) {
    match factor {
        0 => {}
        1 => sum.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum ^= byte),
        _ => {
            let low: [u8; 16] = std::array::from_fn(|half| times(factor, half as u8));
            let high: [u8; 16] = std::array::from_fn(|half| times(factor, (half << 4) as u8));
            let product = |byte: u8| low[usize::from(byte & 15)] ^ high[usize::from(byte >> 4)];
            sum.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum ^= product(*byte));
        }
    }
}

/// Adds a datagram as it is coded: its length before it.
fn add_datagram(sum: &mut [u8], factor: u8, datagram: &[u8]) {
    add(sum, factor, &(datagram.len() as u16).to_le_bytes());
    add(&mut sum[LENGTH..], factor, datagram);
}

/// Writes parity `number` of the picture `picture`, which has these datagrams: with it, at most 64.
pub fn write_parity<'a>(
    picture: u32,
    number: u8,
    datagrams: impl Iterator<Item = &'a [u8]> + Clone,
    out: &mut Vec<u8>,
) {
    let count = datagrams.clone().count() as u8;
    let longest = datagrams.clone().map(<[u8]>::len).max().unwrap_or(0);
    out.clear();
    out.extend(ParityHeader { picture, count, index: count + number }.write());
    out.resize(PARITY_HEADER + LENGTH + longest, 0);
    for (index, datagram) in (0..).zip(datagrams) {
        add_datagram(&mut out[PARITY_HEADER..], factor(number, index), datagram);
    }
}

/// What came of one picture, until all of it is there.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    /// Which they are, parity counted on from the datagrams, and where each ends.
    ends: Vec<(u8, usize)>,
}

impl Pieces {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Keeps a datagram, or the code of a parity.
    pub fn keep(&mut self, index: u8, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push((index, self.bytes.len()));
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        self.ends.iter().zip(starts).map(|((index, end), start)| (*index, &self.bytes[start..*end]))
    }

    /// The datagrams that are missing of `count`; none if what is there is too little or contradicts itself.
    pub fn rebuild(&self, count: u8) -> Option<Vec<(u8, Vec<u8>)>> {
        let missing: Vec<u8> = (0..count).filter(|index| self.iter().all(|(there, _)| there != *index)).collect();
        let mut sums: Vec<Vec<u8>> = Vec::with_capacity(missing.len());
        let mut matrix: Vec<[u8; MAX_DATAGRAMS]> = Vec::with_capacity(missing.len());
        for (index, code) in self.iter().filter(|(index, _)| *index >= count).take(missing.len()) {
            let mut sum = code.to_vec();
            for (index_of, datagram) in self.iter().filter(|(index, _)| *index < count) {
                if datagram.len() + LENGTH > sum.len() {
                    return None;
                }
                add_datagram(&mut sum, factor(index - count, index_of), datagram);
            }
            let mut row = [0; MAX_DATAGRAMS];
            row.iter_mut().zip(&missing).for_each(|(cell, missing)| *cell = factor(index - count, *missing));
            sums.push(sum);
            matrix.push(row);
        }
        let fits = sums.len() == missing.len() && sums.windows(2).all(|pair| pair[0].len() == pair[1].len());
        if !fits {
            return None;
        }
        solve(&mut matrix, &mut sums);
        missing.into_iter().zip(sums).map(|(index, sum)| Some((index, datagram_of(&sum)?))).collect()
    }
}

/// Makes the matrix the unit matrix, doing the same to the sums: they become what is multiplied with it. None of a Cauchy
/// matrix's square parts is singular, nor is what remains of one, so no row need be looked for.
fn solve(matrix: &mut [[u8; MAX_DATAGRAMS]], sums: &mut [Vec<u8>]) {
    let size = sums.len();
    for pivot in 0..size {
        let scale = over(1, matrix[pivot][pivot]);
        matrix[pivot].iter_mut().for_each(|cell| *cell = times(*cell, scale));
        sums[pivot].iter_mut().for_each(|byte| *byte = times(*byte, scale));
        let (row, sum) = (matrix[pivot], std::mem::take(&mut sums[pivot]));
        for other in (0..size).filter(|other| *other != pivot) {
            let factor = matrix[other][pivot];
            add(&mut matrix[other], factor, &row);
            add(&mut sums[other], factor, &sum);
        }
        sums[pivot] = sum;
    }
}

/// The datagram in what was coded: its length first, zeros after it.
fn datagram_of(sum: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = sum.split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes(*length));
    let (datagram, zeros) = rest.split_at_checked(length)?;
    (length >= HEADER && zeros.iter().all(|byte| *byte == 0)).then(|| datagram.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    fn datagrams(random: &mut Random, count: usize) -> Vec<Vec<u8>> {
        let mut one = || (0..HEADER + random.below(1_000)).map(|_| random.next() as u8).collect();
        (0..count).map(|_| one()).collect()
    }

    fn parity(picture: u32, number: u8, datagrams: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        write_parity(picture, number, datagrams.iter().map(Vec::as_slice), &mut out);
        out
    }

    #[test]
    fn the_field_is_a_field() {
        for a in 1..=255 {
            assert_eq!(times(a, over(1, a)), 1);
            assert_eq!((times(a, 1), times(a, 0), times(0, a), over(0, a)), (a, 0, 0, 0));
        }
        assert_eq!((times(2, 0x80), times(0x53, 0xca), over(7, 7)), (0x1d, 0x8f, 1));
    }

    #[test]
    fn the_first_row_and_column_are_ones() {
        assert!((0..64).all(|n| factor(0, n) == 1 && factor(n, 0) == 1));
        assert_eq!((factor(1, 1), factor(2, 3), factor(63, 62)), FACTORS);
    }

    /// In the browser's tests too.
    const FACTORS: (u8, u8, u8) = (124, 106, 186);

    #[test]
    fn of_datagrams_and_parity_any_as_many_as_the_datagrams_bring_back_the_rest() {
        let mut random = Random::new(40);
        for round in 0..400 {
            let count = 1 + random.below(if round % 10 == 0 { 50 } else { 8 });
            let sent = datagrams(&mut random, count);
            let all = count + random.below(65 - count);
            let mut order: Vec<u8> = (0..all as u8).collect();
            (1..all).for_each(|at| order.swap(at, random.below(at + 1)));
            let mut pieces = Pieces::default();
            for index in order.into_iter().take(count) {
                match sent.get(usize::from(index)) {
                    Some(datagram) => pieces.keep(index, datagram),
                    None => pieces.keep(index, &parity(9, index - count as u8, &sent)[PARITY_HEADER..]),
                }
            }
            for (index, datagram) in pieces.rebuild(count as u8).unwrap() {
                assert_eq!(datagram, sent[usize::from(index)], "{count} of {all}");
            }
        }
    }

    #[test]
    fn parity_of_one_datagram_is_that_datagram() {
        let sent = datagrams(&mut Random::new(41), 1);
        for number in [0, 1, 62] {
            assert_eq!(parity(3, number, &sent)[PARITY_HEADER + LENGTH..], sent[0]);
        }
    }

    #[test]
    fn what_contradicts_itself_is_not_rebuilt() {
        let sent = datagrams(&mut Random::new(42), 3);
        let code = |number| parity(1, number, &sent)[PARITY_HEADER..].to_vec();
        let check = |pieces: &[(u8, &[u8])]| {
            let mut kept = Pieces::default();
            pieces.iter().for_each(|(index, bytes)| kept.keep(*index, bytes));
            kept.rebuild(3).is_some()
        };
        let (first, second) = (code(0), code(1));
        assert!(check(&[(0, &sent[0]), (3, &first), (4, &second)]));
        assert!(!check(&[(0, &sent[0]), (3, &first)]), "too little");
        assert!(!check(&[(0, &sent[0]), (3, &first), (4, &second[1..])]), "of two lengths");
        assert!(!check(&[(0, &[1; 1_060]), (3, &first), (4, &second)]), "longer than what is coded");
        assert!(!check(&[(1, &sent[0]), (3, &first), (4, &second)]), "in another's place");
    }
}
