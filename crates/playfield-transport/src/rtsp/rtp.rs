//! RTP packets (RFC 3550, 5.1).

/// A packet, without its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Payload type.
    pub kind: u8,
    /// The last packet of a picture.
    pub marker: bool,
    /// Counts packets.
    pub sequence: u16,
    /// When the picture was taken, at 90 kHz.
    pub time: u32,
    /// What it carries.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads one; none: it is no RTP.
    pub fn read(bytes: &'a [u8]) -> Option<Packet<'a>> {
        let (head, mut rest) = bytes.split_first_chunk::<12>()?;
        let [first, second, s0, s1, t0, t1, t2, t3, ..] = *head;
        if first >> 6 != 2 {
            return None;
        }
        rest = rest.get(usize::from(first & 15) * 4..)?;
        if first & 0x10 != 0 {
            let (extension, after) = rest.split_first_chunk::<4>()?;
            rest = after.get(usize::from(u16::from_be_bytes([extension[2], extension[3]])) * 4..)?;
        }
        if first & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            rest = rest.get(..rest.len().checked_sub(padding.max(1))?)?;
        }
        Some(Packet {
            kind: second & 0x7f,
            marker: second & 0x80 != 0,
            sequence: u16::from_be_bytes([s0, s1]),
            time: u32::from_be_bytes([t0, t1, t2, t3]),
            payload: rest,
        })
    }
}
