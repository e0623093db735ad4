//! Lossless pictures: what a viewer's decoder makes of datagrams, and what a node makes of acknowledgements.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use playfield_core::delta::{DatagramRows, HISTORY, RowRun, Sender};
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::time::Time;
use playfield_media::delta::{
    Base, Decoder, DeltaError, Encoder, MAX_DATAGRAM, MAX_DATAGRAMS, MAX_PARITY, PictureRows, RowSpan, write_parity,
};

use crate::{Bytes, packets};

/// A picture of more pixels than this is not compared with what was shown before: that would be all that is done.
const COMPARED: usize = 1 << 16;

/// The datagrams a viewer gets, of any kind and in any order.
pub fn delta(data: &[u8]) {
    let mut decoder = Decoder::new();
    for bytes in packets(data) {
        let before = seen(&decoder);
        let received = decoder.push(bytes);
        assert!(decoder.acks().count() <= 16);
        let after = seen(&decoder);
        let Ok(received) = received else {
            assert_eq!(after, before, "what was refused shows");
            continue;
        };
        let ack = decoder.acks().find(|ack| ack.picture == received.picture);
        assert!(ack.is_none_or(|ack| ack.datagrams >> received.index & 1 == 1));
        if !received.shows {
            assert_eq!(after, before, "what is not complete shows");
            continue;
        }
        let shown = decoder.shown().expect("it said so");
        assert_eq!(shown.picture, received.picture);
        let (width, height) = (usize::from(shown.rows.width()), usize::from(shown.rows.height()));
        let mut rgba = Vec::new();
        if width * height <= COMPARED {
            shown.rows.to_rgba(&mut rgba);
            assert_eq!(rgba.len(), width * height * 4);
        }
        assert!(decoder.push(bytes).is_ok_and(|received| received.again && !received.shows));
    }
}

/// What a viewer makes of datagrams, a word for each: `refused`, `again`, `kept`, or `shows` and the hash of what it shows.
/// The browser's decoder is compared with it.
pub fn story(data: &[u8]) -> String {
    let (mut decoder, mut words) = (Decoder::new(), Vec::new());
    for bytes in packets(data) {
        let word = match decoder.push(bytes) {
            Err(_) => "refused".to_owned(),
            Ok(received) if received.again => "again".to_owned(),
            Ok(received) if !received.shows => "kept".to_owned(),
            Ok(_) => format!("shows:{:08x}", decoder.shown().map_or(0, |shown| hash(shown.rows))),
        };
        words.push(word);
    }
    words.join(" ")
}

/// FNV-1a, 32 bits, over all rows.
fn hash(rows: &PictureRows) -> u32 {
    let bytes = (0..rows.rows()).flat_map(|row| rows.row(row));
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// What is shown: number, tick and, unless it is large, rows.
fn seen(decoder: &Decoder) -> Option<(u32, u32, Option<PictureRows>)> {
    let shown = decoder.shown()?;
    let small = usize::from(shown.rows.width()) * usize::from(shown.rows.height()) <= COMPARED;
    Some((shown.picture, shown.tick, small.then(|| shown.rows.clone())))
}

/// A node's sender, and acknowledgements of any kind.
pub fn acks(data: &[u8]) {
    let mut data = Bytes(data);
    let mut total = 1 + u16::from(data.u8());
    let (mut sender, mut runs) = (Sender::new(total), Vec::new());
    let (mut now, mut tick, mut last) = (Time::ZERO, 0, 0);
    while !data.is_empty() {
        match data.u8() % 8 {
            0..=2 => {
                now = now + Duration::from_micros(u64::from(data.u16()) * 16);
                tick += 1;
                let (changed, split) = (tick % 3 != 0, data.u8());
                if let Some(number) = sender.plan(now, tick, changed, &mut runs) {
                    check_plan(&sender, number, total, &runs);
                    let datagrams = split_rows(total, split);
                    sender.coded(now, tick, datagrams.iter().copied());
                    last = number;
                }
                let release = sender.release(now);
                assert!(release.datagrams.end <= MAX_DATAGRAMS && release.parity.end < MAX_DATAGRAMS);
            }
            3 | 4 => sender.handle_ack(now, last.wrapping_sub(u32::from(data.u8() % 40)), data.u64()),
            5 => sender.handle_ack(now, last, u64::MAX),
            6 => sender.handle_ack(now, data.u32(), data.u64()),
            _ => {
                total = 1 + u16::from(data.u8());
                sender.reset(total);
            }
        }
        assert!((200_000..=50_000_000).contains(&sender.rate_bps()));
        assert!(sender.oldest_needed().wrapping_sub(last) as i32 <= 1);
    }
}

/// A plan is for every row once, and against rows that were acknowledged.
fn check_plan(sender: &Sender, number: u32, total: u16, runs: &[RowRun]) {
    let mut row = 0;
    for run in runs {
        assert!(run.first_row == row && run.rows > 0);
        row += run.rows;
        let Some(base) = run.base else { continue };
        assert!(number.wrapping_sub(base) < HISTORY as u32);
        let known = sender.known_rows(base).expect("a base is known");
        assert!((run.first_row..row).all(|row| known.contains(row)));
    }
    assert_eq!(row, total);
}

/// Rows in datagrams of a few each, sometimes large ones.
fn split_rows(total: u16, split: u8) -> Vec<DatagramRows> {
    let each = (1 + u16::from(split & 63)).max(total.div_ceil(MAX_DATAGRAMS as u16));
    let len = if split & 64 == 0 { 60 } else { MAX_DATAGRAM as u16 };
    let firsts = (0..total).step_by(each.into());
    firsts.map(|first_row| DatagramRows { first_row, rows: each.min(total - first_row), len }).collect()
}

/// A node and a viewer, a picture that changes, and a path that loses and mixes. What is shown is exact; and once the path
/// is good, the last picture comes.
pub fn pictures(data: &[u8]) {
    let mut data = Bytes(data);
    let mut stage = Stage::new(blank(&mut data));
    let mut steps = 0;
    while !data.is_empty() && steps < 2_000 {
        steps += 1;
        match data.u8() % 12 {
            0 => fill(&mut stage.picture, &mut data),
            1 => noise(&mut stage.picture, &mut data),
            2 => scroll(&mut stage.picture, &mut data),
            3 => {
                let (at, colour) = (usize::from(data.u8()), data.array());
                stage.picture.palette.get_mut(at).into_iter().for_each(|entry| *entry = colour);
            }
            4..=6 => stage.tick(Duration::from_millis(data.u8().into()), true),
            7 => stage.arrives(data.u8().into()),
            8 => drop(stage.lost(data.u8().into())),
            9 => stage.acknowledge(),
            10 => {
                let (picture, datagrams) = (stage.number.wrapping_sub(u32::from(data.u8() % 40)), data.u64());
                // A viewer that lies gets pictures it cannot use, for which it has itself to thank.
                stage.lied |= datagrams != 0;
                stage.sender.handle_ack(stage.now, picture, datagrams);
            }
            _ => stage.change_size(blank(&mut data)),
        }
    }
    stage.calm();
}

fn blank(data: &mut Bytes) -> Picture {
    let format = [PixelFormat::Indexed8, PixelFormat::Rgb565, PixelFormat::Rgba8][usize::from(data.u8() % 3)];
    Picture::black(1 + u16::from(data.u8() % 100), 1 + u16::from(data.u8() % 60), format)
}

fn fill(picture: &mut Picture, data: &mut Bytes) {
    let [x, y, width, height, value] = data.array().map(usize::from);
    let (stride, bytes) = (picture.stride(), picture.format.bytes_per_pixel());
    for row in picture.pixels.chunks_exact_mut(stride).skip(y).take(height) {
        row.iter_mut().skip(x * bytes).take(width * bytes).for_each(|byte| *byte = value as u8);
    }
}

fn noise(picture: &mut Picture, data: &mut Bytes) {
    let (at, length) = (usize::from(data.u16()), usize::from(data.u8()));
    picture.pixels.iter_mut().skip(at).zip(data.take(length)).for_each(|(pixel, byte)| *pixel = *byte);
}

fn scroll(picture: &mut Picture, data: &mut Bytes) {
    let [dx, dy] = data.array().map(|by: u8| i32::from(by.cast_signed()));
    let (width, height, bytes) =
        (i32::from(picture.width), i32::from(picture.height), picture.format.bytes_per_pixel());
    let before = picture.pixels.clone();
    for (at, pixel) in (0..).zip(picture.pixels.chunks_exact_mut(bytes)) {
        let (x, y) = ((at % width + dx).rem_euclid(width), (at / width + dy).rem_euclid(height));
        pixel.copy_from_slice(&before[(y * width + x) as usize * bytes..][..bytes]);
    }
}

struct Stage {
    picture: Picture,
    now: Time,
    tick: u32,
    /// Of the picture sent last.
    number: u32,
    sender: Sender,
    encoder: Encoder,
    decoder: Decoder,
    history: VecDeque<(u32, Arc<PictureRows>)>,
    /// Of the picture sent last.
    datagrams: Vec<Vec<u8>>,
    under_way: Vec<Vec<u8>>,
    runs: Vec<RowRun>,
    lied: bool,
}

impl Stage {
    fn new(picture: Picture) -> Stage {
        let sender = Sender::new(PictureRows::new(&picture).rows());
        Stage {
            picture,
            now: Time::from_millis(1_000),
            tick: 0,
            number: 0,
            sender,
            encoder: Encoder::new(),
            decoder: Decoder::new(),
            history: VecDeque::new(),
            datagrams: Vec::new(),
            under_way: Vec::new(),
            runs: Vec::new(),
            lied: false,
        }
    }

    /// As `playfield-session` does for each viewer.
    fn tick(&mut self, after: Duration, changed: bool) {
        self.now = self.now + after;
        self.tick += 1;
        if let Some(number) = self.sender.plan(self.now, self.tick, changed, &mut self.runs) {
            self.send(number);
        }
        let release = self.sender.release(self.now);
        self.under_way.extend_from_slice(&self.datagrams[release.datagrams]);
        for parity in release.parity {
            let mut bytes = Vec::new();
            write_parity(self.number, parity as u8, self.datagrams.iter().map(Vec::as_slice), &mut bytes);
            assert!(bytes.len() <= MAX_PARITY);
            self.under_way.push(bytes);
        }
    }

    fn send(&mut self, number: u32) {
        let rows = Arc::new(PictureRows::new(&self.picture));
        let (sender, history) = (&self.sender, &self.history);
        let base = |name: u32| {
            let (_, rows) = history.iter().find(|(number, _)| *number == name)?;
            Some(Base { rows, known: sender.known_rows(name)?, changed: RowSpan::ALL })
        };
        let datagrams = match self.encoder.encode(&rows, number, self.tick, &self.runs, &base) {
            Ok(datagrams) => datagrams,
            // A run for each row is more than there may be datagrams: the product goes on with video.
            Err(DeltaError::TooLarge) => return self.begin_anew(),
            Err(error) => panic!("planned, but not possible: {error}"),
        };
        assert!((1..=MAX_DATAGRAMS).contains(&datagrams.len()));
        assert!(datagrams.iter().all(|bytes| bytes.len() <= MAX_DATAGRAM));
        self.datagrams = datagrams.iter().map(<[u8]>::to_vec).collect();
        self.sender.coded(self.now, self.tick, datagrams.rows());
        self.number = number;
        self.history.push_back((number, rows));
        if self.history.len() > HISTORY {
            self.history.pop_front();
        }
    }

    fn begin_anew(&mut self) {
        self.datagrams.clear();
        self.history.clear();
        self.sender.reset(PictureRows::new(&self.picture).rows());
    }

    fn change_size(&mut self, picture: Picture) {
        if picture.shape() != self.picture.shape() {
            self.picture = picture;
            self.begin_anew();
        }
    }

    /// One of the datagrams under way is no more.
    fn lost(&mut self, which: usize) -> Option<Vec<u8>> {
        let there = self.under_way.len();
        (there > 0).then(|| self.under_way.swap_remove(which % there))
    }

    fn arrives(&mut self, which: usize) {
        let Some(datagram) = self.lost(which) else { return };
        let received = self.decoder.push(&datagram);
        if received.is_ok_and(|received| received.shows) {
            let shown = self.decoder.shown().expect("it said so");
            let meant = self.history.iter().find(|(number, _)| *number == shown.picture);
            assert!(meant.is_none_or(|(_, rows)| rows.as_ref() == shown.rows || same(rows, shown.rows)));
        }
    }

    fn acknowledge(&mut self) {
        for ack in self.decoder.acks() {
            self.sender.handle_ack(self.now, ack.picture, ack.datagrams);
        }
    }

    /// From now on nothing is lost, and nothing changes.
    fn calm(&mut self) {
        if self.lied {
            return;
        }
        for tick in 0..1_200 {
            self.tick(Duration::from_millis(17), tick == 0);
            while !self.under_way.is_empty() {
                self.arrives(0);
            }
            self.acknowledge();
            let shown = self.decoder.shown();
            if shown.is_some_and(|shown| same(&PictureRows::new(&self.picture), shown.rows)) {
                return;
            }
        }
        panic!("after twenty seconds without loss the picture has not come");
    }
}

/// Whether they look the same; how literals are packed is no matter.
fn same(a: &PictureRows, b: &PictureRows) -> bool {
    let shape = |rows: &PictureRows| (rows.format(), rows.width(), rows.height());
    shape(a) == shape(b) && (0..a.rows()).all(|row| a.row(row) == b.row(row))
}
