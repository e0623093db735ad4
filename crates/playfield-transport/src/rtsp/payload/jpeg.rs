//! JPEG by RTP (RFC 2435): its tables are left out on the way, and put in again here.

use super::MOST_UNIT;

/// Sizes and values of the four Huffman tables of ITU-T T.81, K.3, each with its class and number before it.
const HUFFMAN: [u8; 416] = [
    0, 0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 0, 3, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125,
    1, 2, 3, 0, 4, 17, 5, 18, 33, 49, 65, 6, 19, 81, 97, 7, 34, 113, 20, 50, 129, 145, 161, 8, 35, 66, 177, 193, 21,
    82, 209, 240, 36, 51, 98, 114, 130, 9, 10, 22, 23, 24, 25, 26, 37, 38, 39, 40, 41, 42, 52, 53, 54, 55, 56, 57, 58,
    67, 68, 69, 70, 71, 72, 73, 74, 83, 84, 85, 86, 87, 88, 89, 90, 99, 100, 101, 102, 103, 104, 105, 106, 115, 116,
    117, 118, 119, 120, 121, 122, 131, 132, 133, 134, 135, 136, 137, 138, 146, 147, 148, 149, 150, 151, 152, 153, 154,
    162, 163, 164, 165, 166, 167, 168, 169, 170, 178, 179, 180, 181, 182, 183, 184, 185, 186, 194, 195, 196, 197, 198,
    199, 200, 201, 202, 210, 211, 212, 213, 214, 215, 216, 217, 218, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234,
    241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 17, 0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119, 0, 1, 2, 3,
    17, 4, 5, 33, 49, 6, 18, 65, 81, 7, 97, 113, 19, 34, 50, 129, 8, 20, 66, 145, 161, 177, 193, 9, 35, 51, 82, 240,
    21, 98, 114, 209, 10, 22, 36, 52, 225, 37, 241, 23, 24, 25, 26, 38, 39, 40, 41, 42, 53, 54, 55, 56, 57, 58, 67, 68,
    69, 70, 71, 72, 73, 74, 83, 84, 85, 86, 87, 88, 89, 90, 99, 100, 101, 102, 103, 104, 105, 106, 115, 116, 117, 118,
    119, 120, 121, 122, 130, 131, 132, 133, 134, 135, 136, 137, 138, 146, 147, 148, 149, 150, 151, 152, 153, 154, 162,
    163, 164, 165, 166, 167, 168, 169, 170, 178, 179, 180, 181, 182, 183, 184, 185, 186, 194, 195, 196, 197, 198, 199,
    200, 201, 202, 210, 211, 212, 213, 214, 215, 216, 217, 218, 226, 227, 228, 229, 230, 231, 232, 233, 234, 242, 243,
    244, 245, 246, 247, 248, 249, 250,
];

/// The quantisers of ITU-T T.81, K.1 and K.2, in zigzag order.
const LUMA: [u8; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
    60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113,
    121, 112, 100, 120, 92, 101, 103, 99,
];
const CHROMA: [u8; 16] = [17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99];

/// What is known of the picture that comes, and of those before it.
#[derive(Default)]
pub(super) struct Jpeg {
    /// Bytes of its scan that are there.
    have: usize,
    /// The quantisers of the last picture that brought its own, and their `Q`.
    tables: Vec<u8>,
    q: u8,
}

impl Jpeg {
    /// Appends a packet's part; none: it makes no sense, or lacks one before it.
    pub fn take(&mut self, payload: &[u8], unit: &mut Vec<u8>) -> Option<()> {
        let (head, mut rest) = payload.split_first_chunk::<8>()?;
        let [_, o1, o2, o3, kind, q, width, height] = *head;
        let offset = usize::from(o1) << 16 | usize::from(o2) << 8 | usize::from(o3);
        // Types 64 to 127 have restart markers; 0 and 1 are 4:2:2 and 4:2:0.
        let interval = if kind & 0x40 != 0 {
            let (restart, after) = rest.split_first_chunk::<4>()?;
            rest = after;
            Some([restart[0], restart[1]])
        } else {
            None
        };
        if kind & 0xbf > 1 || q == 0 || width == 0 || height == 0 {
            return None;
        }
        if offset == 0 {
            if q >= 128 {
                let (table, after) = rest.split_first_chunk::<4>()?;
                let length = usize::from(u16::from_be_bytes([table[2], table[3]]));
                let (own, after) = after.split_at_checked(length)?;
                rest = after;
                match (length, table[1]) {
                    (0, _) if self.q == q && q < 255 => {}
                    (64 | 128, 0) => (self.tables, self.q) = (own.to_vec(), q),
                    _ => return None,
                }
            } else {
                (self.tables, self.q) = (tables(q), q);
            }
            unit.clear();
            self.have = 0;
            begin(kind & 1, u16::from(width) * 8, u16::from(height) * 8, &self.tables, interval, unit);
        }
        if offset != self.have || unit.is_empty() || unit.len() + rest.len() > MOST_UNIT {
            return None;
        }
        unit.extend_from_slice(rest);
        self.have += rest.len();
        Some(())
    }

    /// Ends a picture that does not end by itself.
    pub fn end(unit: &mut Vec<u8>) {
        if !unit.ends_with(&[0xff, 0xd9]) {
            unit.extend_from_slice(&[0xff, 0xd9]);
        }
    }
}

/// The quantisers for a `Q` of 1 to 99 (RFC 2435, 4.2).
fn tables(q: u8) -> Vec<u8> {
    let factor = u32::from(q.clamp(1, 99));
    let scale = if factor < 50 { 5_000 / factor } else { 200 - factor * 2 };
    let scaled = |value: u8| ((u32::from(value) * scale + 50) / 100).clamp(1, 255) as u8;
    let chroma = (0..64).map(|at| CHROMA.get(at).copied().unwrap_or(99));
    LUMA.into_iter().chain(chroma).map(scaled).collect()
}

/// The head of a baseline JPEG (RFC 2435, appendix B).
fn begin(kind: u8, width: u16, height: u16, tables: &[u8], interval: Option<[u8; 2]>, unit: &mut Vec<u8>) {
    unit.extend_from_slice(&[0xff, 0xd8]);
    for (number, table) in (0u8..).zip(tables.chunks_exact(64)) {
        unit.extend_from_slice(&[0xff, 0xdb, 0, 67, number]);
        unit.extend_from_slice(table);
    }
    if let Some([high, low]) = interval {
        unit.extend_from_slice(&[0xff, 0xdd, 0, 4, high, low]);
    }
    let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
    let luma = if kind == 0 { 0x21 } else { 0x22 };
    let chroma = u8::from(tables.len() > 64);
    unit.extend_from_slice(&[0xff, 0xc0, 0, 17, 8, h1, h0, w1, w0, 3, 1, luma, 0, 2, 0x11, chroma, 3, 0x11, chroma]);
    unit.extend_from_slice(&[0xff, 0xc4]);
    unit.extend_from_slice(&(HUFFMAN.len() as u16 + 2).to_be_bytes());
    unit.extend_from_slice(&HUFFMAN);
    unit.extend_from_slice(&[0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
}
