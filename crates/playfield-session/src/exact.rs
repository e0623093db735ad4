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

/// First byte of the datagram that says which tiles a picture shows exactly.
const MAGIC: u8 = 0xD4;
/// How often that is said of a picture that no other follows.
const SAID: u8 = 6;
/// What waits goes out so often, and takes so much of what the path carries, in hundredths.
const BEAT: Duration = Duration::from_millis(20);
const SHARE: u64 = 50;
/// Colours of a tile that is sent as indices.
const COLOURS: usize = 256;

/// The tiles of one viewer.
#[derive(Default)]
pub(crate) struct Exact {
    still: Still,
    encoder: Encoder,
    tile: Option<Picture>,
    rows: PictureRows,
    /// Coded, and not sent yet.
    waiting: VecDeque<Arc<[u8]>>,
    left: Time,
    /// The picture that viewers see now, by its RTP timestamp.
    rtp: u32,
    /// How often it is still to be said which tiles it shows exactly.
    unsaid: u8,
}

impl Exact {
    /// The viewer's picture begins anew.
    pub(crate) fn reset(&mut self) {
        self.still.reset();
        self.waiting.clear();
        self.unsaid = 0;
    }

    /// A picture was encoded for that moment; that much of it is new. Returns what is to be said of it before it comes.
    pub(crate) fn encoded(&mut self, now: Time, rtp: u32, picture: &Picture, damage: Damage) -> Option<Outgoing> {
        self.changed(now, picture, damage);
        self.rtp = rtp;
        self.unsaid = SAID;
        self.still.any().then(|| self.say())
    }

    /// That much of the picture is new, though nothing of that was worth encoding.
    pub(crate) fn changed(&mut self, now: Time, picture: &Picture, damage: Damage) {
        self.still.encoded(now, picture.width, picture.height, damage);
        if damage != Damage::None {
            self.unsaid = SAID;
            // Nobody waits for what is no longer there.
            self.waiting.clear();
        }
    }

    pub(crate) fn handle_ack(&mut self, now: Time, ack: Ack) {
        if self.still.handle_ack(now, ack.picture, ack.datagrams) {
            self.unsaid = SAID;
        }
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
                Some(datagram) => {
                    room = room.saturating_sub(datagram.len());
                    packets.push(Outgoing::Lossless(datagram));
                }
                None if !self.code_next(now, picture) => break,
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

    /// Codes the next tile; false if there is none.
    fn code_next(&mut self, now: Time, picture: &Picture) -> bool {
        let Some((at, place)) = self.still.next(now) else { return false };
        let tile = cut(picture, place, self.tile.take());
        self.rows.fill(&tile);
        self.tile = Some(tile);
        let run = [RowRun { first_row: 0, rows: self.rows.rows(), base: None }];
        // Where it lies, in the place of the tick.
        let position = u32::from(place.x) | u32::from(place.y) << 16;
        let datagrams = match self.encoder.encode(&self.rows, self.still.next_number(), position, &run, &|_| None) {
            Ok(datagrams) => {
                self.waiting.extend(datagrams.iter().map(Arc::from));
                datagrams.len() as u8
            }
            // A photograph. As video it is hardly worse.
            Err(_) => 0,
        };
        self.still.sent(now, at, datagrams);
        true
    }

    fn say(&self) -> Outgoing {
        let mut bytes = vec![MAGIC];
        bytes.extend(self.rtp.to_le_bytes());
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
    use playfield_media::delta::Decoder;

    use super::*;

    #[test]
    fn a_still_screen_comes_exactly_and_then_nothing_more() {
        let mut picture = Picture::black(600, 200, PixelFormat::Rgba8);
        for (at, pixel) in picture.pixels.chunks_exact_mut(4).enumerate() {
            // The right third has more colours than there are indices.
            let (x, y) = (at % 600, at / 600);
            let bright = if x < 512 { (x * y % 200) as u8 } else { x as u8 };
            pixel.copy_from_slice(&[bright, if x < 512 { 9 } else { y as u8 }, 7, 0]);
        }
        let (mut exact, mut decoder) = (Exact::default(), Decoder::new());
        let mut screen = vec![0; picture.pixels.len()];
        assert!(exact.encoded(Time::ZERO, 77, &picture, Damage::All).is_none());
        let (mut said, mut last, mut rgba) = (Vec::new(), 0, Vec::new());
        for ms in (0..4_000).step_by(20) {
            let now = Time::from_millis(ms);
            for packet in exact.packets(now, &picture, 8_000_000) {
                let Outgoing::Lossless(bytes) = packet else { panic!("{packet:?}") };
                last = ms;
                if bytes[0] == MAGIC {
                    said = bytes[5..].to_vec();
                    assert_eq!(bytes[1..5], [77, 0, 0, 0]);
                    continue;
                }
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
        assert!((400..1_500).contains(&last), "{last}");
        let mut expect = Vec::new();
        picture.to_rgba(&mut expect);
        assert!(screen == expect, "every pixel is the picture's");
        assert!(
            exact.encoded(Time::from_millis(5_000), 78, &picture, Damage::All).is_none(),
            "nothing is exact any more"
        );
    }
}
