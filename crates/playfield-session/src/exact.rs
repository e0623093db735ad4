//! Tiles of a picture that stands still, sent exactly to a viewer of video: their pixels, and with each encoded picture which of them it shows.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use playfield_core::delta::RowRun;
use playfield_core::frame::{Damage, Picture, PixelFormat, Rect};
use playfield_core::input::wire::Ack;
use playfield_core::still::Still;
use playfield_core::time::Time;
use playfield_media::delta::{Encoder, PictureRows};
use playfield_transport::Outgoing;

/// First byte of the datagram that says which tiles pictures show exactly.
const MAGIC: u8 = 0xD4;
/// How often that is said of a picture that no other follows.
const SAID: u8 = 6;
/// What waits goes out so often, and takes so much of what the path carries, in hundredths.
const BEAT: Duration = Duration::from_millis(20);
const SHARE: u64 = 50;
/// How far apart RTP timestamps may be so that it is still clear which is the older one.
const FARTHEST: u32 = 1 << 30;
/// Colours of a tile that is sent as indices.
const COLOURS: usize = 256;

/// The tiles of one viewer.
#[derive(Default)]
pub(crate) struct Exact {
    still: Still,
    encoder: Encoder,
    tile: Option<Picture>,
    rows: PictureRows,
    /// Coded, and not sent yet, with the number of the tile.
    waiting: VecDeque<(u32, Arc<[u8]>)>,
    /// What is under way, for whom some of it is lost.
    kept: Vec<(u32, Vec<Arc<[u8]>>)>,
    left: Time,
    /// The picture that viewers see now, by its RTP timestamp, and the last one that something changed with: any from there on shows
    /// the same, and the newest may be lost.
    rtp: u32,
    since: u32,
    /// How often anything was said.
    words: u32,
    /// How often it is still to be said which tiles it shows exactly.
    unsaid: u8,
}

impl Exact {
    /// The viewer's picture begins anew.
    pub(crate) fn reset(&mut self) {
        self.still.reset();
        self.waiting.clear();
        self.kept.clear();
        self.unsaid = 0;
    }

    /// A picture was encoded for that moment; that much of it is new. Returns what is to be said of it before it comes.
    pub(crate) fn encoded(&mut self, now: Time, rtp: u32, picture: &Picture, damage: Damage) -> Option<Outgoing> {
        self.changed(now, picture, damage);
        self.rtp = rtp;
        if damage != Damage::None || rtp.wrapping_sub(self.since) > FARTHEST {
            self.since = rtp;
        }
        self.unsaid = SAID;
        self.still.any().then(|| self.say())
    }

    /// That much of the picture is new, though nothing of that was worth encoding.
    pub(crate) fn changed(&mut self, now: Time, picture: &Picture, damage: Damage) {
        self.still.encoded(now, picture.width, picture.height, damage);
        if damage != Damage::None {
            self.unsaid = SAID;
            // Nobody waits for what is no longer there.
            self.forget();
        }
    }

    pub(crate) fn handle_ack(&mut self, now: Time, ack: Ack) {
        if self.still.handle_ack(now, ack.picture, ack.datagrams) {
            self.unsaid = SAID;
            self.forget();
        }
    }

    /// Of tiles that came, or are no longer there, nothing needs to be sent.
    fn forget(&mut self) {
        self.waiting.retain(|(number, _)| self.still.is_under_way(*number));
        self.kept.retain(|(number, _)| self.still.is_under_way(*number));
    }

    /// When there is something to send, if that is soon.
    pub(crate) fn due(&self) -> Option<Time> {
        (!self.waiting.is_empty()).then(|| self.left + BEAT)
    }

    /// What goes out now, at `bps` of the path: no picture does. `picture` is the one encoded last.
    pub(crate) fn packets(&mut self, now: Time, picture: &Picture, bps: u64) -> Vec<Outgoing> {
        let mut packets = Vec::new();
        let since = now.since(self.left).min(Duration::from_millis(100));
        if since < BEAT {
            return packets;
        }
        self.left = now;
        let mut room = (bps * SHARE / 100 / 8 * since.as_micros() as u64 / 1_000_000) as usize;
        loop {
            match self.waiting.pop_front() {
                Some((number, datagram)) => {
                    room = room.saturating_sub(datagram.len());
                    self.still.left(now, number);
                    packets.push(Outgoing::Lossless(datagram));
                }
                None if !self.again(now) && !self.code_next(now, picture) => break,
                None => {}
            }
            if room == 0 {
                break;
            }
        }
        if self.unsaid > 0 && (self.still.any() || self.unsaid < SAID) {
            self.unsaid -= 1;
            packets.push(self.say());
        }
        packets
    }

    /// What seems to be lost is to be sent again; false if nothing does.
    fn again(&mut self, now: Time) -> bool {
        let Some((number, missing)) = self.still.missing(now) else { return false };
        let kept =
            self.kept.iter().filter(|(kept, _)| *kept == number).flat_map(|(_, datagrams)| datagrams).enumerate();
        let missing = kept.filter(|(at, _)| missing & (1 << at) != 0);
        self.waiting.extend(missing.map(|(_, datagram)| (number, Arc::clone(datagram))));
        true
    }

    /// Codes the next tile; false if there is none.
    fn code_next(&mut self, now: Time, picture: &Picture) -> bool {
        let Some((at, place)) = self.still.next(now) else { return false };
        let tile = cut(picture, place, self.tile.take());
        self.rows.fill(&tile);
        self.tile = Some(tile);
        let run = [RowRun { first_row: 0, rows: self.rows.rows(), base: None }];
        // Where it lies, in the place of the tick.
        let position = u32::from(place.x) | u32::from(place.y) << 16;
        let number = self.still.next_number();
        let datagrams: Vec<Arc<[u8]>> = match self.encoder.encode(&self.rows, number, position, &run, &|_| None) {
            Ok(datagrams) => datagrams.iter().map(Arc::from).collect(),
            // A photograph. As video it is hardly worse.
            Err(_) => Vec::new(),
        };
        self.still.sent(now, at, datagrams.len() as u8);
        self.waiting.extend(datagrams.iter().map(|datagram| (number, Arc::clone(datagram))));
        self.kept.push((number, datagrams));
        true
    }

    fn say(&mut self) -> Outgoing {
        self.words = self.words.wrapping_add(1);
        let mut bytes = vec![MAGIC];
        bytes.extend(self.words.to_le_bytes());
        bytes.extend(self.rtp.to_le_bytes());
        bytes.extend(self.since.to_le_bytes());
        bytes.extend(self.still.there());
        Outgoing::Lossless(bytes.into())
    }
}

/// A part of a picture, as indices if it has few colours.
fn cut(picture: &Picture, place: Rect, spare: Option<Picture>) -> Picture {
    let (width, height) = (usize::from(place.width), usize::from(place.height));
    let mut tile = spare.unwrap_or_else(|| Picture::black(1, 1, PixelFormat::Rgba8));
    (tile.width, tile.height, tile.format) = (place.width, place.height, PixelFormat::Rgba8);
    let pixel = picture.format.bytes_per_pixel();
    tile.pixels.clear();
    tile.palette.clear();
    for y in 0..height {
        let at = (usize::from(place.y) + y) * picture.stride() + usize::from(place.x) * pixel;
        tile.pixels.extend_from_slice(&picture.pixels[at..at + width * pixel]);
    }
    if picture.format != PixelFormat::Rgba8 {
        (tile.format, tile.palette) = (picture.format, picture.palette.clone());
        return tile;
    }
    let colour = |pixel: &[u8]| [pixel[0], pixel[1], pixel[2]];
    let mut colours: Vec<[u8; 3]> = Vec::with_capacity(COLOURS);
    for pixel in tile.pixels.chunks_exact(4) {
        let colour = colour(pixel);
        if let Err(at) = colours.binary_search(&colour) {
            if colours.len() == COLOURS {
                return tile;
            }
            colours.insert(at, colour);
        }
    }
    let mut last = (colours[0], 0);
    for at in 0..width * height {
        let colour = colour(&tile.pixels[at * 4..at * 4 + 4]);
        if colour != last.0 {
            last = (colour, colours.binary_search(&colour).unwrap_or_default() as u8);
        }
        tile.pixels[at] = last.1;
    }
    tile.pixels.truncate(width * height);
    colours.resize(COLOURS, [0; 3]);
    (tile.format, tile.palette) = (PixelFormat::Indexed8, colours);
    tile
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use playfield_media::delta::Decoder;

    use super::*;

    #[test]
    fn a_still_screen_comes_exactly_and_then_nothing_more() {
        let last = comes_exactly(8_000_000, &|_| false);
        assert!((400..1_500).contains(&last), "{last}");
    }

    #[test]
    fn what_is_lost_of_it_comes_again_also_where_that_takes_long() {
        let last = comes_exactly(8_000_000, &|nth| nth % 5 == 3);
        assert!((700..3_000).contains(&last), "{last}");
        let last = comes_exactly(200_000, &|nth| nth % 5 == 3);
        assert!((2_000..20_000).contains(&last), "{last}");
    }

    /// Sends a picture that stands over a path that carries `bps`, but for the datagrams that are lost; when the last one is sent, in ms.
    fn comes_exactly(bps: u64, lost: &dyn Fn(usize) -> bool) -> u64 {
        let mut picture = Picture::black(600, 200, PixelFormat::Rgba8);
        for (at, pixel) in picture.pixels.chunks_exact_mut(4).enumerate() {
            // The right third has more colours than there are indices.
            let (x, y) = (at % 600, at / 600);
            let bright = if x < 512 { (x * y % 200) as u8 } else { x as u8 };
            pixel.copy_from_slice(&[bright, if x < 512 { 9 } else { y as u8 }, 7, 0]);
        }
        // One for each tile: an older one may be whole after a newer one.
        let (mut exact, mut decoders) = (Exact::default(), HashMap::new());
        let mut screen = vec![0; picture.pixels.len()];
        assert!(exact.encoded(Time::ZERO, 77, &picture, Damage::All).is_none());
        let (mut said, mut last, mut nth, mut rgba) = (Vec::new(), 0, 0, Vec::new());
        for ms in (0..30_000).step_by(20) {
            let (now, again) = (Time::from_millis(ms), ms >= 600);
            if ms == 600 {
                // A frame that changes nothing.
                drop(exact.encoded(now, 78, &picture, Damage::None));
            }
            for packet in exact.packets(now, &picture, bps) {
                let Outgoing::Lossless(bytes) = packet else { panic!("{packet:?}") };
                (last, nth) = (ms, nth + 1);
                if lost(nth) {
                    continue;
                }
                if bytes[0] == MAGIC {
                    said = bytes[13..].to_vec();
                    assert_eq!(bytes[5..13], [77 + u8::from(again), 0, 0, 0, 77, 0, 0, 0]);
                    continue;
                }
                let decoder = decoders.entry(bytes[2..6].to_vec()).or_insert_with(Decoder::new);
                decoder.push(&bytes).unwrap();
                if let Some(shown) = decoder.shown() {
                    shown.rows.to_rgba(&mut rgba);
                    let (x, y) = ((shown.tick & 0xffff) as usize, (shown.tick >> 16) as usize);
                    let width = usize::from(shown.rows.width()) * 4;
                    for (row, pixels) in rgba.chunks_exact(width).enumerate() {
                        screen[((y + row) * 600 + x) * 4..][..width].copy_from_slice(pixels);
                    }
                }
                let acks: Vec<_> = decoder.acks().collect();
                for ack in acks {
                    exact.handle_ack(now, Ack { picture: ack.picture, datagrams: ack.datagrams });
                }
            }
        }
        assert_eq!(said, [0b11_1111]);
        let mut expect = Vec::new();
        picture.to_rgba(&mut expect);
        assert!(screen == expect, "every pixel is the picture's");
        assert!(
            exact.encoded(Time::from_millis(31_000), 79, &picture, Damage::All).is_none(),
            "nothing is exact any more"
        );
        last
    }
}
