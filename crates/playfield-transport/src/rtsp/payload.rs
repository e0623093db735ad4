//! Coded pictures out of RTP: H.264 (RFC 6184), H.265 (RFC 7798) and JPEG (RFC 2435).

mod jpeg;

use playfield_core::camera::Coding;

use super::{Media, Packet, Unit};
use jpeg::Jpeg;

/// Largest coded picture, in bytes.
pub const MOST_UNIT: usize = 4 << 20;

const START: [u8; 4] = [0, 0, 0, 1];

/// Puts coded pictures together. One that lacks a packet is left out.
pub struct Depacketizer {
    coding: Coding,
    kind: u8,
    parameters: Vec<u8>,
    sequence: Option<u16>,
    time: u32,
    unit: Vec<u8>,
    jpeg: Jpeg,
    /// What was begun lacks something.
    broken: bool,
    /// A NAL unit in pieces goes on.
    in_pieces: bool,
    key: bool,
    has_parameters: bool,
    left_out: bool,
}

impl Depacketizer {
    /// Takes what was chosen.
    pub fn new(media: &Media) -> Depacketizer {
        Depacketizer {
            coding: media.coding,
            kind: media.kind,
            parameters: media.parameters.clone(),
            sequence: None,
            time: 0,
            unit: Vec::new(),
            jpeg: Jpeg::default(),
            broken: false,
            in_pieces: false,
            key: false,
            has_parameters: false,
            left_out: false,
        }
    }

    /// The number of the packet that is due.
    pub fn due(&self) -> u16 {
        self.sequence.map_or(0, |sequence| sequence.wrapping_add(1))
    }

    /// Whether a picture was left out since this was asked last.
    pub fn left_out(&mut self) -> bool {
        std::mem::take(&mut self.left_out)
    }

    /// Takes a packet; `emit` is given each picture that is whole with it.
    pub fn push(&mut self, packet: &Packet<'_>, emit: &mut impl FnMut(Unit)) {
        if packet.kind != self.kind {
            return;
        }
        let ahead = self.sequence.map_or(1, |before| packet.sequence.wrapping_sub(before));
        if ahead == 0 || ahead >= 0x8000 {
            return;
        }
        self.sequence = Some(packet.sequence);
        if ahead > 1 {
            (self.broken, self.in_pieces) = (true, false);
        }
        if packet.time != self.time {
            self.flush(emit);
            self.time = packet.time;
        }
        let taken = match self.coding {
            Coding::H264 => self.h264(packet.payload),
            Coding::H265 => self.h265(packet.payload),
            Coding::Jpeg | Coding::Png => self.jpeg.take(packet.payload, &mut self.unit),
        };
        self.broken |= taken.is_none();
        if packet.marker {
            self.flush(emit);
        }
    }

    fn flush(&mut self, emit: &mut impl FnMut(Unit)) {
        let lacks = std::mem::take(&mut self.broken) | std::mem::take(&mut self.in_pieces);
        let whole = !lacks && !self.unit.is_empty();
        self.left_out |= lacks;
        let mut data = std::mem::take(&mut self.unit);
        let key = std::mem::take(&mut self.key) || self.coding == Coding::Jpeg;
        let has_parameters = std::mem::take(&mut self.has_parameters);
        if !whole {
            return;
        }
        if self.coding == Coding::Jpeg {
            Jpeg::end(&mut data);
        } else if key && !has_parameters {
            data.splice(..0, self.parameters.iter().copied());
        }
        emit(Unit { coding: self.coding, key, data });
    }

    /// Begins a NAL unit with these bytes.
    fn nal(&mut self, parts: &[&[u8]]) -> Option<()> {
        let first = *parts.iter().find_map(|part| part.first())?;
        let (key, parameters) = match self.coding {
            Coding::H265 => (matches!(first >> 1 & 63, 16..=21), first >> 1 & 63 == 33),
            _ => (first & 31 == 5, first & 31 == 7),
        };
        (self.key, self.has_parameters) = (self.key | key, self.has_parameters | parameters);
        self.more(&START)?;
        parts.iter().try_for_each(|part| self.more(part))
    }

    fn more(&mut self, bytes: &[u8]) -> Option<()> {
        if self.unit.len() + bytes.len() > MOST_UNIT {
            return None;
        }
        self.unit.extend_from_slice(bytes);
        Some(())
    }

    /// A payload of RFC 6184, 5.4: single NAL units, STAP-A and FU-A. None: it makes no sense.
    fn h264(&mut self, payload: &[u8]) -> Option<()> {
        match payload.first()? & 31 {
            1..=23 => self.nal(&[payload]),
            24 => self.several(&payload[1..]),
            28 => {
                let [indicator, header, rest @ ..] = payload else { return None };
                let head = [indicator & 0xe0 | header & 31];
                self.piece(header & 0x80 != 0, header & 0x40 != 0, &head, rest)
            }
            _ => None,
        }
    }

    /// A payload of RFC 7798, 4.4: single NAL units, aggregation packets and fragmentation units.
    fn h265(&mut self, payload: &[u8]) -> Option<()> {
        match payload.first()? >> 1 & 63 {
            0..=47 => self.nal(&[payload]),
            48 => self.several(payload.get(2..)?),
            49 => {
                let [first, second, header, rest @ ..] = payload else { return None };
                let head = [first & 0x81 | (header & 63) << 1, *second];
                self.piece(header & 0x80 != 0, header & 0x40 != 0, &head, rest)
            }
            _ => None,
        }
    }

    /// NAL units, each with its length before it.
    fn several(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (nal, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
            if !nal.is_empty() {
                self.nal(&[nal])?;
            }
            rest = after;
        }
        Some(())
    }

    /// A piece of a NAL unit.
    fn piece(&mut self, first: bool, last: bool, head: &[u8], rest: &[u8]) -> Option<()> {
        if first {
            self.nal(&[head, rest])?;
        } else if self.in_pieces {
            self.more(rest)?;
        } else {
            return None;
        }
        self.in_pieces = !last;
        Some(())
    }
}
