//! Headers and operations: the bytes of `docs/reference/wire.md`, written and read in one place.

use super::rows::{RowFormat, Shape};

/// Most bytes in a datagram: fits one packet with everything around it.
pub const MAX_DATAGRAM: usize = 1_060;
/// Most datagrams of one picture.
pub const MAX_DATAGRAMS: usize = 64;
/// Most bytes in a datagram of parity.
pub const MAX_PARITY: usize = PARITY_HEADER + LENGTH + MAX_DATAGRAM;
/// Bytes before the operations.
pub(super) const HEADER: usize = 24;

/// Bytes before the code of a datagram of parity; and those of a datagram's length, before it, in what is coded.
pub(super) const PARITY_HEADER: usize = 7;
pub(super) const LENGTH: usize = 2;

const MAGIC: u8 = 0xD1;
const PARITY_MAGIC: u8 = 0xD2;
/// A length field of this value means that more follows.
const LONG: usize = 31;

/// What an operation fills its units with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Same,
    Run,
    Literal,
    Above,
    Moved,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Same, Kind::Run, Kind::Literal, Kind::Above, Kind::Moved];
}

/// What every datagram begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub shape: Shape,
    pub picture: u32,
    pub tick: u32,
    pub distance: u8,
    pub index: u8,
    pub count: u8,
    pub bits: u8,
    pub first_row: u16,
    pub rows: u16,
    pub dx: i8,
    pub dy: i8,
}

/// Where the index and the count are, to be written once the count is known.
pub(super) const INDEX_AT: usize = 11;
pub(super) const COUNT_AT: usize = 12;

impl Header {
    pub fn write(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0] = MAGIC;
        bytes[1] = self.shape.format.code();
        bytes[2..6].copy_from_slice(&self.picture.to_le_bytes());
        bytes[6..10].copy_from_slice(&self.tick.to_le_bytes());
        bytes[10] = self.distance;
        bytes[INDEX_AT] = self.index;
        bytes[COUNT_AT] = self.count;
        bytes[13] = self.bits;
        for (at, value) in [(14, self.shape.width), (16, self.shape.height), (18, self.first_row), (20, self.rows)] {
            bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        bytes[22] = self.dx.to_le_bytes()[0];
        bytes[23] = self.dy.to_le_bytes()[0];
        bytes
    }

    /// Reads a header; `None` if it is none or contradicts itself.
    pub fn parse(bytes: &[u8]) -> Option<Header> {
        let bytes: &[u8; HEADER] = bytes.first_chunk()?;
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let header = Header {
            shape: Shape { format: RowFormat::from_code(bytes[1])?, width: half(14), height: half(16) },
            picture: word(2),
            tick: word(6),
            distance: bytes[10],
            index: bytes[INDEX_AT],
            count: bytes[COUNT_AT],
            bits: bytes[13],
            first_row: half(18),
            rows: half(20),
            dx: i8::from_le_bytes([bytes[22]]),
            dy: i8::from_le_bytes([bytes[23]]),
        };
        (bytes[0] == MAGIC && header.is_possible()).then_some(header)
    }

    fn is_possible(&self) -> bool {
        use playfield_core::frame::{MAX_HEIGHT, MAX_WIDTH};
        (1..=MAX_WIDTH).contains(&self.shape.width)
            && (1..=MAX_HEIGHT).contains(&self.shape.height)
            && (1..=MAX_DATAGRAMS as u8).contains(&self.count)
            && self.index < self.count
            && matches!(self.bits, 1 | 2 | 4 | 8)
            && self.rows >= 1
            && u32::from(self.first_row) + u32::from(self.rows) <= u32::from(self.shape.rows())
    }
}

/// What every datagram of parity begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ParityHeader {
    pub picture: u32,
    /// Datagrams of the picture.
    pub count: u8,
    /// Counted on from theirs.
    pub index: u8,
}

impl ParityHeader {
    pub fn write(&self) -> [u8; PARITY_HEADER] {
        let [a, b, c, d] = self.picture.to_le_bytes();
        [PARITY_MAGIC, a, b, c, d, self.count, self.index]
    }

    /// Reads a header, and the code after it; `None` if these bytes are no parity.
    pub fn parse(bytes: &[u8]) -> Option<(ParityHeader, &[u8])> {
        let (&[magic, a, b, c, d, count, index], code) = bytes.split_first_chunk()?;
        let header = ParityHeader { picture: u32::from_le_bytes([a, b, c, d]), count, index };
        let fits = (LENGTH + HEADER..=LENGTH + MAX_DATAGRAM).contains(&code.len());
        let counted = count >= 1 && count <= index && usize::from(index) < MAX_DATAGRAMS;
        (magic == PARITY_MAGIC && fits && counted).then_some((header, code))
    }
}

/// Bytes of an operation's own, without units.
pub(super) fn op_len(n: usize) -> usize {
    match n - 1 {
        short if short < LONG => 1,
        long => 2 + (long - LONG).checked_ilog2().unwrap_or(0) as usize / 7,
    }
}

/// Bytes of `n` literal units of `bits` each.
pub(super) fn literal_len(n: usize, bits: usize) -> usize {
    (n * bits).div_ceil(8)
}

/// Appends an operation without its units.
pub(super) fn write_op(out: &mut Vec<u8>, kind: Kind, n: usize) {
    let n = n - 1;
    out.push((kind as u8) << 5 | n.min(LONG) as u8);
    if n < LONG {
        return;
    }
    let mut rest = n - LONG;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Takes an operation off the front of `bytes`: its kind and number of units.
pub(super) fn read_op(bytes: &mut &[u8]) -> Option<(Kind, usize)> {
    let (first, mut rest) = bytes.split_first()?;
    let kind = *Kind::ALL.get(usize::from(first >> 5))?;
    let mut n = usize::from(first & 31);
    if n == LONG {
        // Four groups reach past any picture's units, so a longer number is nonsense.
        for shift in [0, 7, 14, 21] {
            let (byte, after) = rest.split_first()?;
            rest = after;
            n += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            } else if shift == 21 {
                return None;
            }
        }
    }
    *bytes = rest;
    Some((kind, n + 1))
}

/// Appends units of one byte, packed `bits` each.
pub(super) fn pack(out: &mut Vec<u8>, units: &[u8], bits: usize) {
    if bits == 8 {
        return out.extend_from_slice(units);
    }
    let pack = |group: &[u8]| group.iter().rev().fold(0, |byte, unit| byte << bits | unit);
    out.extend(units.chunks(8 / bits).map(pack));
}

/// Reads units of one byte out of `packed`, which has enough of them.
pub(super) fn unpack(packed: &[u8], bits: usize, units: &mut [u8]) {
    let mask = (1u16 << bits) as u8;
    let mask = mask.wrapping_sub(1);
    for (group, byte) in units.chunks_mut(8 / bits).zip(packed) {
        for (i, unit) in group.iter_mut().enumerate() {
            *unit = byte >> (i * bits) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn lengths_read_as_they_were_written() {
        for n in (1..300).chain([2_000, 16_414, 16_415, 16_416, 2_073_600]) {
            let mut bytes = Vec::new();
            write_op(&mut bytes, Kind::Above, n);
            assert_eq!(bytes.len(), op_len(n), "{n}");
            let mut rest = bytes.as_slice();
            assert_eq!(read_op(&mut rest), Some((Kind::Above, n)));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn known_bytes() {
        let check = |kind, n, expect: &[u8]| {
            let mut bytes = Vec::new();
            write_op(&mut bytes, kind, n);
            assert_eq!(bytes, expect);
        };
        check(Kind::Same, 1, &[0x00]);
        check(Kind::Run, 31, &[0x3e]);
        check(Kind::Literal, 32, &[0x5f, 0]);
        check(Kind::Above, 160, &[0x7f, 0x80, 0x01]);
        check(Kind::Moved, 159, &[0x9f, 0x7f]);
    }

    #[test]
    fn endless_lengths_and_unknown_kinds_are_refused() {
        for bytes in [&[0x1f, 0x80, 0x80, 0x80, 0x80, 0x01][..], &[0xa0], &[0xff, 0], &[0x1f], &[]] {
            assert_eq!(read_op(&mut &*bytes), None, "{bytes:x?}");
        }
    }

    #[test]
    fn packed_units_come_back() {
        let mut random = Random::new(9);
        for bits in [1, 2, 4, 8] {
            for n in 1..40 {
                let units: Vec<u8> = (0..n).map(|_| (random.next() as u16 & ((1 << bits) - 1)) as u8).collect();
                let (mut packed, mut back) = (Vec::new(), vec![0; n]);
                pack(&mut packed, &units, bits);
                assert_eq!(packed.len(), literal_len(n, bits));
                unpack(&packed, bits, &mut back);
                assert_eq!(back, units);
            }
        }
    }
}
