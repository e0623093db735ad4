//! Coded pictures of somebody who sends video: packets put in order, pictures put together, and a picture that stands alone asked for
//! where one is needed. A machine: told packets and times.
//!
//! ```text
//!   packets --in order--> Depacketizer --> pictures
//!      | one lacks for PATIENCE, or too much waits
//!      '--> passed over: nothing more is handed on until a picture stands alone, which is asked for every ASKED
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use playfield_core::camera::Coding;

use crate::rtsp::{Depacketizer, Media, Packet, Unit};

/// How long a packet is waited for that others came before: one that was lost is sent again within a round trip.
const PATIENCE: Duration = Duration::from_millis(150);
/// Packets that may wait for one before them, and their bytes.
const MOST_WAITING: usize = 512;
const MOST_BYTES: usize = 1 << 20;
/// How often it is asked for a picture that stands alone.
const ASKED: Duration = Duration::from_millis(500);
/// Most bytes a second that are looked at: what is beyond is as if lost. A camera in full HD sends a third of it.
const MOST_RATE: usize = 3_000_000;

/// A packet with video.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// RTP's sequence number, extended.
    pub number: u64,
    /// RTP's timestamp, at 90 kHz.
    pub time: u32,
    /// The last packet of a picture.
    pub marker: bool,
    /// What it carries.
    pub payload: Arc<[u8]>,
}

/// What comes of one who sends.
pub(crate) struct Ingest {
    depacketizer: Depacketizer,
    waiting: BTreeMap<u64, Piece>,
    bytes: usize,
    /// Since when something waits.
    waits_since: Option<Instant>,
    /// The packet that is due.
    next: Option<u64>,
    /// The picture of this time lacks its beginning.
    headless: Option<u32>,
    /// Pictures refer to one that was not handed on.
    lacks: bool,
    asked: Option<Instant>,
    /// What came in the second that began then.
    second: Option<(Instant, usize)>,
}

impl Ingest {
    pub(crate) fn new() -> Ingest {
        Ingest {
            depacketizer: depacketizer(),
            waiting: BTreeMap::new(),
            bytes: 0,
            waits_since: None,
            next: None,
            headless: None,
            lacks: true,
            asked: None,
            second: None,
        }
    }

    /// Takes a packet; `emit` is given each picture that is whole with it, and of use.
    pub(crate) fn push(&mut self, now: Instant, piece: Piece, emit: &mut impl FnMut(Unit)) {
        if piece.payload.is_empty() && self.next.is_none() || !self.has_room(now, piece.payload.len()) {
            return;
        }
        let next = *self.next.get_or_insert(piece.number);
        if piece.number < next {
            return;
        }
        self.bytes += piece.payload.len();
        if let Some(same) = self.waiting.insert(piece.number, piece) {
            self.bytes -= same.payload.len();
        }
        self.take(emit);
        let patient = |since: Instant| now.saturating_duration_since(since) < PATIENCE;
        while !self.waiting.is_empty() {
            let since = *self.waits_since.get_or_insert(now);
            if patient(since) && self.waiting.len() <= MOST_WAITING && self.bytes <= MOST_BYTES {
                return;
            }
            self.pass_over();
            self.waits_since = None;
            self.take(emit);
        }
        self.waits_since = None;
    }

    /// Nothing is of use until a picture stands alone.
    pub(crate) fn begin_anew(&mut self) {
        self.lacks = true;
    }

    /// Whether to ask now for a picture that stands alone. Whoever is told so does it.
    pub(crate) fn asks(&mut self, now: Instant) -> bool {
        let due = self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= ASKED);
        let asks = self.lacks && due;
        if asks {
            self.asked = Some(now);
        }
        asks
    }

    fn has_room(&mut self, now: Instant, bytes: usize) -> bool {
        let fresh = self.second.filter(|(began, _)| now.saturating_duration_since(*began) < Duration::from_secs(1));
        let (began, came) = fresh.unwrap_or((now, 0));
        let has_room = came + bytes <= MOST_RATE;
        self.second = Some((began, if has_room { came + bytes } else { came }));
        has_room
    }

    /// Takes what is due of what waits.
    fn take(&mut self, emit: &mut impl FnMut(Unit)) {
        while let Some(piece) = self.next.and_then(|next| self.waiting.remove(&next)) {
            self.next = Some(piece.number + 1);
            self.bytes -= piece.payload.len();
            self.waits_since = None;
            self.read(&piece, emit);
        }
    }

    fn read(&mut self, piece: &Piece, emit: &mut impl FnMut(Unit)) {
        // Padding, by which a path is measured.
        if piece.payload.is_empty() || self.headless == Some(piece.time) {
            return;
        }
        self.headless = None;
        let Ingest { depacketizer, lacks, .. } = self;
        // Its own count of packets has no gaps: those of ours are its end.
        let packet = Packet {
            kind: 0,
            marker: piece.marker,
            sequence: depacketizer.due(),
            time: piece.time,
            payload: &piece.payload,
        };
        depacketizer.push(&packet, &mut |unit| {
            *lacks &= !unit.key;
            if !*lacks {
                emit(unit);
            }
        });
        if depacketizer.left_out() {
            self.lacks = true;
        }
    }

    /// What is due does not come: it goes on with what is there.
    fn pass_over(&mut self) {
        let Some((number, piece)) = self.waiting.first_key_value() else { return };
        (self.next, self.headless) = (Some(*number), Some(piece.time));
        self.depacketizer = depacketizer();
        self.lacks = true;
    }
}

fn depacketizer() -> Depacketizer {
    Depacketizer::new(&Media { coding: Coding::H264, kind: 0, control: String::new(), parameters: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: u8 = 0x65;
    const DELTA: u8 = 0x41;

    /// Pictures of so many packets each, 40 ms apart: a key picture, then those that refer to it.
    fn film(pictures: &[(u8, usize)]) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for (n, (kind, packets)) in pictures.iter().enumerate() {
            for at in 0..*packets {
                let (first, last) = (at == 0, at + 1 == *packets);
                // Of one packet it is a NAL unit, of more its fragments (RFC 6184, 5.8).
                let flags = u8::from(first) << 7 | u8::from(last) << 6;
                let whole = [*kind, n as u8];
                let fragment = [kind & 0x60 | 28, flags | kind & 31, n as u8];
                let payload: &[u8] = if *packets == 1 { &whole } else { &fragment };
                let number = 65_500 + pieces.len() as u64;
                pieces.push(Piece { number, time: n as u32 * 3_600, marker: last, payload: payload.into() });
            }
        }
        pieces
    }

    /// What comes of packets, each 10 ms after the one before: the last byte of each picture; and how often a key picture was asked for.
    fn came(pieces: impl IntoIterator<Item = Piece>) -> (Vec<u8>, usize) {
        let (mut ingest, mut now) = (Ingest::new(), Instant::now());
        let (mut pictures, mut asked) = (Vec::new(), 0);
        for piece in pieces {
            now += Duration::from_millis(10);
            ingest.push(now, piece, &mut |unit: Unit| pictures.push(*unit.data.last().unwrap()));
            asked += usize::from(ingest.asks(now));
            assert!(ingest.waiting.len() <= MOST_WAITING + 1 && ingest.bytes <= MOST_BYTES + 1_500);
        }
        (pictures, asked)
    }

    fn without(pieces: &[Piece], lost: &[usize]) -> Vec<Piece> {
        let kept = pieces.iter().enumerate().filter(|(at, _)| !lost.contains(at));
        kept.map(|(_, piece)| piece.clone()).collect()
    }

    #[test]
    fn pictures_come_whole_and_in_order_whatever_the_order_of_packets() {
        let film = film(&[(KEY, 4), (DELTA, 1), (DELTA, 3), (DELTA, 1), (DELTA, 2)]);
        assert_eq!(came(film.clone()).0, [0, 1, 2, 3, 4]);
        // The first packet is where counting begins.
        let mut late = film.clone();
        late[1..].rotate_left(3);
        assert_eq!(came(late).0, [0, 1, 2, 3, 4]);
        let mut turned = film.clone();
        turned[1..].reverse();
        assert_eq!(came(turned).0, [0, 1, 2, 3, 4]);
        let twice = film.iter().flat_map(|piece| [piece.clone(), piece.clone()]);
        assert_eq!(came(twice).0, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_loss_is_waited_out_and_nothing_goes_on_that_refers_to_it() {
        let mut pictures = vec![(KEY, 2)];
        pictures.extend([(DELTA, 2); 20]);
        pictures.push((KEY, 3));
        pictures.extend([(DELTA, 1); 3]);
        let film = film(&pictures);
        let check = |lost: &[usize], expect: &[u8]| {
            let (came, asked) = came(without(&film, lost));
            assert_eq!(came, expect, "without {lost:?}");
            assert!(asked >= 1, "without {lost:?}");
        };
        // A picture's first packet, its last one, all of it; the last of one and the first of the next.
        for lost in [&[4][..], &[5], &[4, 5], &[5, 6]] {
            check(lost, &[0, 1, 21, 22, 23, 24]);
        }
        // The first key picture: nothing until the second.
        check(&[1], &[21, 22, 23, 24]);
        // Of the second one the beginning: what refers to it is of no use either.
        check(&[4, 42], &[0, 1]);
    }

    #[test]
    fn who_begins_in_the_middle_is_asked_for_a_picture_that_stands_alone() {
        let film = film(&[(DELTA, 1); 100]);
        let (came, asked) = came(film);
        assert_eq!((came.len(), asked), (0, 2), "once at first, and then twice a second");
    }

    #[test]
    fn nothing_grows_without_an_end() {
        // Fragments of one picture that never ends, gaps all along, and more than a line carries.
        let endless = (0..20_000).map(|n| Piece {
            number: 1 + n,
            time: 7,
            marker: false,
            payload: [&[0x7c, if n == 0 { 0x85 } else { 0x05 }][..], &[1; 1_200]].concat().into(),
        });
        assert!(came(endless).0.is_empty());
        let gaps = (0..20_000).map(|n| Piece {
            number: n * 2,
            time: n as u32,
            marker: true,
            payload: [KEY, 1].as_slice().into(),
        });
        assert_eq!(came(gaps).0.len(), 1, "none but the first is known to be whole");
        let (mut ingest, now) = (Ingest::new(), Instant::now());
        let mut units = 0;
        for number in 0..10_000 {
            let payload = [&[KEY][..], &[1; 1_200]].concat().into();
            ingest.push(now, Piece { number, time: number as u32, marker: true, payload }, &mut |_| units += 1);
        }
        assert_eq!(units, MOST_RATE / 1_201);
    }

    #[test]
    fn padding_is_no_picture_and_no_loss() {
        let mut film = film(&[(KEY, 2), (DELTA, 1), (DELTA, 1)]);
        film.insert(2, Piece { number: 0, time: 0, marker: false, payload: [].as_slice().into() });
        let numbered = film.into_iter().zip(10..).map(|(piece, number)| Piece { number, ..piece });
        assert_eq!(came(numbered).0, [0, 1, 2]);
    }
}
