//! Encoder and decoder together, as node and viewer, over a network that loses and reorders.

use std::sync::Arc;
use std::time::Duration;

use playfield_core::delta::{RowRun, RowSet, Sender};
use playfield_core::frame::{Damage, Picture, PixelFormat, Rect};
use playfield_core::time::Time;

use super::*;
use crate::testing::{FORMATS, Random};

/// All rows of a picture without a base.
fn afresh(rows: &PictureRows) -> [RowRun; 1] {
    [RowRun { first_row: 0, rows: rows.rows(), base: None }]
}

fn datagrams(encoder: &mut Encoder, rows: &PictureRows, number: u32) -> Vec<Vec<u8>> {
    let sent = encoder.encode(rows, number, number, &afresh(rows), &|_| None).unwrap();
    sent.iter().map(<[u8]>::to_vec).collect()
}

/// Codes `picture` against `base`, all rows of which are known, checks that it comes back, and returns its bytes.
fn coded(base: &Picture, picture: &Picture) -> usize {
    let (base, rows) = (PictureRows::new(base), PictureRows::new(picture));
    let mut encoder = Encoder::new();
    let mut decoder = Decoder::new();
    for datagram in datagrams(&mut encoder, &base, 1) {
        decoder.push(&datagram).unwrap();
    }
    let mut known = RowSet::default();
    known.insert(0, rows.rows());
    let run = [RowRun { first_row: 0, rows: rows.rows(), base: Some(1) }];
    let lookup = |name| (name == 1).then_some(Base { rows: &base, known: &known, changed: RowSpan::ALL });
    let sent = encoder.encode(&rows, 2, 2, &run, &lookup).unwrap();
    let mut covered = 0;
    for (datagram, part) in sent.iter().zip(sent.rows()) {
        assert!(datagram.len() <= MAX_DATAGRAM && datagram.len() == usize::from(part.len));
        assert_eq!(part.first_row, covered);
        covered += part.rows;
        decoder.push(datagram).unwrap();
    }
    assert_eq!(covered, rows.rows());
    let shown = decoder.shown().unwrap();
    assert_eq!((shown.picture, shown.rows.data == rows.data), (2, true));
    // Knowing where they differ spares work, and changes nothing.
    let differing = (0..rows.rows()).filter(|row| rows.row(*row) != base.row(*row));
    let changed = differing.fold(RowSpan::NONE, |all, row| all.union(RowSpan { first: row, end: row + 1 }));
    let lookup = |_| Some(Base { rows: &base, known: &known, changed });
    let mut other = Encoder::new();
    assert!(other.encode(&rows, 2, 2, &run, &lookup).unwrap().iter().eq(sent.iter()));
    sent.iter().map(<[u8]>::len).sum()
}

/// A picture of the kind consoles make: flat areas, tiles, a few sprites, four colours.
fn tiles(width: u16, height: u16, format: PixelFormat, random: &mut Random) -> Picture {
    let mut picture = random.picture(width, height, format);
    let bytes = format.bytes_per_pixel();
    let kinds: Vec<Vec<u8>> = (0..6).map(|_| (0..64).map(|_| random.below(4) as u8).collect()).collect();
    for y in 0..usize::from(height) {
        for x in 0..usize::from(width) {
            let kind = (x / 8 * 31 + y / 8 * 17) % 9;
            let value = kinds.get(kind).map_or(1, |tile| tile[y % 8 * 8 + x % 8]);
            let at = (y * usize::from(width) + x) * bytes;
            picture.pixels[at..at + bytes].fill(if bytes == 1 { value } else { value * 60 });
        }
    }
    picture
}

/// `picture` as it looks after the camera moved.
fn scrolled(picture: &Picture, dx: i32, dy: i32) -> Picture {
    let mut out = picture.clone();
    let (width, height) = (i32::from(picture.width), i32::from(picture.height));
    let bytes = picture.format.bytes_per_pixel();
    for y in 0..height {
        for x in 0..width {
            let from = ((y + dy).rem_euclid(height) * width + (x + dx).rem_euclid(width)) as usize * bytes;
            let to = (y * width + x) as usize * bytes;
            out.pixels[to..to + bytes].copy_from_slice(&picture.pixels[from..from + bytes]);
        }
    }
    out
}

#[test]
fn an_unchanged_picture_is_one_datagram_of_a_header() {
    let mut random = Random::new(20);
    for format in FORMATS {
        let picture = tiles(160, 160, format, &mut random);
        let palette_op = if format == PixelFormat::Indexed8 { 3 } else { 0 };
        assert_eq!(coded(&picture, &picture), 24 + palette_op, "{format:?}");
    }
}

#[test]
fn a_black_picture_needs_no_base() {
    let rows = PictureRows::new(&Picture::black(160, 160, PixelFormat::Indexed8));
    let sent = datagrams(&mut Encoder::new(), &rows, 1);
    assert_eq!((sent.len(), sent[0].len()), (1, 27));
}

#[test]
fn a_small_change_is_a_small_datagram() {
    let mut random = Random::new(21);
    let before = tiles(160, 160, PixelFormat::Indexed8, &mut random);
    let mut after = before.clone();
    for y in 40..48 {
        after.pixels[y * 160 + 50..y * 160 + 58].iter_mut().for_each(|pixel| *pixel ^= 3);
    }
    assert!(coded(&before, &after) < 90);
}

#[test]
fn a_scroll_costs_about_the_edge_that_came_in() {
    let mut random = Random::new(22);
    for format in FORMATS {
        let mut before = tiles(160, 144, format, &mut random);
        random.fill(&mut before.pixels[..160 * 144 / 2]);
        before.pixels.iter_mut().for_each(|byte| *byte &= 3);
        let still = coded(&Picture::black(160, 144, format), &before);
        for (dx, dy) in [(1, 0), (-3, 0), (0, 2), (0, -17), (2, 2), (40, 0), (-5, 7)] {
            let took = coded(&before, &scrolled(&before, dx, dy));
            assert!(took < still / 2, "{format:?} by {dx}, {dy}: {took} of {still}");
        }
    }
}

#[test]
fn moved_never_uses_rows_the_viewer_may_lack() {
    let mut random = Random::new(23);
    let before = random.picture(64, 64, PixelFormat::Indexed8);
    let after = scrolled(&before, 0, 3);
    let (base, rows) = (PictureRows::new(&before), PictureRows::new(&after));
    let mut encoder = Encoder::new();
    let first = datagrams(&mut encoder, &base, 1);
    let parts: Vec<_> = encoder.encode(&base, 1, 1, &afresh(&base), &|_| None).unwrap().rows().collect();
    for lost in 0..first.len() {
        let mut decoder = Decoder::new();
        let mut known = RowSet::default();
        for (at, datagram) in first.iter().enumerate().filter(|(at, _)| *at != lost) {
            decoder.push(datagram).unwrap();
            known.insert(parts[at].first_row, parts[at].rows);
        }
        let runs: Vec<RowRun> = (0..rows.rows())
            .map(|row| RowRun { first_row: row, rows: 1, base: known.contains(row).then_some(1) })
            .fold(Vec::new(), |mut runs: Vec<RowRun>, run| {
                match runs.last_mut() {
                    Some(last) if last.base == run.base => last.rows += 1,
                    _ => runs.push(run),
                }
                runs
            });
        let lookup = |_| Some(Base { rows: &base, known: &known, changed: RowSpan::ALL });
        for datagram in encoder.encode(&rows, 2, 2, &runs, &lookup).unwrap().iter() {
            decoder.push(datagram).unwrap();
        }
        assert_eq!(decoder.shown().unwrap().rows.data, rows.data);
    }
}

#[test]
fn damage_is_rows_with_the_palette_above() {
    let area = Damage::Area(Rect { x: 3, y: 5, width: 2, height: 4 });
    let span = |damage, format| RowSpan::of(damage, &Picture::black(16, 16, format));
    assert_eq!(span(area, PixelFormat::Rgba8), RowSpan { first: 5, end: 9 });
    assert_eq!(span(area, PixelFormat::Indexed8), RowSpan { first: 6, end: 10 });
    assert_eq!(span(Damage::All, PixelFormat::Rgba8), RowSpan::ALL);
    let none = span(Damage::None, PixelFormat::Rgba8);
    assert!((0..16).all(|row| !none.contains(row)) && none.union(RowSpan::ALL) == RowSpan::ALL);
}

#[test]
fn pictures_of_every_size_and_kind_come_back() {
    let mut random = Random::new(24);
    for (width, height) in [(1, 1), (3, 2), (63, 5), (64, 4), (65, 9), (160, 160), (200, 120), (320, 180)] {
        for format in FORMATS.into_iter().take(if width > 200 { 1 } else { 3 }) {
            let before = tiles(width, height, format, &mut random);
            let mut after = tiles(width, height, format, &mut random);
            coded(&before, &after);
            for _ in 0..20 {
                let at = random.below(after.pixels.len());
                after.pixels[at] = random.next() as u8;
            }
            coded(&before, &after);
        }
    }
    let noise = random.picture(160, 160, PixelFormat::Indexed8);
    coded(&random.picture(160, 160, PixelFormat::Indexed8), &noise);
}

#[test]
fn what_does_not_fit_is_said_to() {
    let mut random = Random::new(25);
    let mut encoder = Encoder::new();
    let mut check = |width, height, format, expect: Option<DeltaError>| {
        let rows = PictureRows::new(&random.picture(width, height, format));
        assert_eq!(encoder.encode(&rows, 1, 1, &afresh(&rows), &|_| None).err(), expect, "{width}x{height}");
    };
    check(320, 100, PixelFormat::Rgba8, Some(DeltaError::TooLarge));
    check(640, 4, PixelFormat::Rgba8, Some(DeltaError::TooLarge));
    check(320, 60, PixelFormat::Rgba8, None);

    let rows = PictureRows::new(&Picture::black(8, 8, PixelFormat::Rgba8));
    let mut refused = |runs: &[RowRun]| encoder.encode(&rows, 9, 9, runs, &|_| None).err();
    assert_eq!(refused(&[RowRun { first_row: 0, rows: 8, base: Some(8) }]), Some(DeltaError::NoBase(8)));
    assert_eq!(refused(&[RowRun { first_row: 1, rows: 8, base: None }]), Some(DeltaError::NoRows));
}

/// A node and a viewer with `loss` percent of datagrams and of acknowledgements lost, and datagrams reordered.
fn play(format: PixelFormat, loss: usize, seed: u64) -> usize {
    let mut random = Random::new(seed);
    let mut picture = tiles(96, 80, format, &mut random);
    let mut pool = RowsPool::new();
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    let mut sender = Sender::new(PictureRows::new(&picture).rows());
    let mut frozen: Vec<(u32, Arc<PictureRows>)> = Vec::new();
    let (mut current, mut in_flight): (Vec<Vec<u8>>, Vec<Vec<u8>>) = Default::default();
    let mut last = 0;
    let mut runs = Vec::new();
    let (mut shown, mut now) = (0, Time::ZERO);
    for tick in 1..400 {
        now = now + Duration::from_micros(16_667);
        change(&mut picture, &mut random);
        if let Some(number) = sender.plan(now, tick, true, &mut runs) {
            let rows = pool.freeze(&picture);
            frozen.push((number, Arc::clone(&rows)));
            let lookup = |name: u32| {
                let (_, rows) = frozen.iter().find(|(number, _)| *number == name)?;
                Some(Base { rows, known: sender.known_rows(name)?, changed: RowSpan::ALL })
            };
            let sent = encoder.encode(&rows, number, tick, &runs, &lookup).unwrap();
            (last, current) = (number, sent.iter().map(<[u8]>::to_vec).collect());
            sender.coded(now, tick, sent.rows());
            frozen.retain(|(number, _)| *number + 40 > sender.oldest_needed());
        }
        let release = sender.release(now);
        in_flight.extend_from_slice(&current[release.datagrams]);
        for parity in release.parity {
            let mut bytes = Vec::new();
            write_parity(last, parity as u8, current.iter().map(Vec::as_slice), &mut bytes);
            in_flight.push(bytes);
        }
        while in_flight.len() > 3 {
            let datagram = in_flight.swap_remove(random.below(in_flight.len()));
            if random.below(100) < loss {
                continue;
            }
            let received = decoder.push(&datagram);
            if received.is_ok_and(|received| received.shows) {
                let seen = decoder.shown().unwrap();
                let meant = frozen.iter().find(|(number, _)| *number == seen.picture);
                assert!(meant.is_none_or(|(_, rows)| rows.data == seen.rows.data), "picture {}", seen.picture);
                shown += usize::from(meant.is_some());
            }
        }
        if random.below(100) >= loss {
            for ack in decoder.acks() {
                sender.handle_ack(now, ack.picture, ack.datagrams);
            }
        }
    }
    shown
}

fn change(picture: &mut Picture, random: &mut Random) {
    match random.below(20) {
        0 => *picture = tiles(picture.width, picture.height, picture.format, random),
        1..=4 => *picture = scrolled(picture, random.below(5) as i32 - 2, random.below(5) as i32 - 2),
        5 if !picture.palette.is_empty() => picture.palette[random.below(256)] = [random.next() as u8; 3],
        _ => {
            for _ in 0..random.below(60) {
                let at = random.below(picture.pixels.len());
                picture.pixels[at] = random.below(8) as u8;
            }
        }
    }
}

#[test]
fn every_picture_shown_is_exact_whatever_is_lost() {
    for format in FORMATS {
        for (loss, at_least) in [(0, 150), (5, 100), (20, 30), (50, 3)] {
            let shown = play(format, loss, 26 + loss as u64);
            assert!(shown >= at_least, "{format:?} at {loss} %: {shown} pictures shown");
        }
    }
}

#[test]
fn hostile_bytes_are_refused_and_change_nothing_shown() {
    let mut random = Random::new(27);
    let mut encoder = Encoder::new();
    let mut decoder = Decoder::new();
    let rows = PictureRows::new(&tiles(48, 40, PixelFormat::Indexed8, &mut random));
    let valid = datagrams(&mut encoder, &rows, 1000);
    for datagram in &valid {
        decoder.push(datagram).unwrap();
    }
    for round in 0..60_000 {
        let mut bytes = valid[random.below(valid.len())].clone();
        match round % 4 {
            0 => bytes = (0..random.below(80)).map(|_| random.next() as u8).collect(),
            1 => bytes.truncate(random.below(bytes.len())),
            2 => {
                // A believable datagram of a kept or next picture with random operations.
                bytes.truncate(24);
                bytes[2..6].copy_from_slice(&(990 + random.below(20) as u32).to_le_bytes());
                bytes[10] = random.below(12) as u8;
                bytes[22] = random.next() as u8;
                bytes[23] = random.next() as u8;
                bytes.extend((0..random.below(60)).map(|_| random.next() as u8));
            }
            _ => {
                for _ in 0..1 + random.below(4) {
                    let at = random.below(bytes.len());
                    bytes[at] ^= 1 << random.below(8);
                }
            }
        }
        let before = decoder.shown().map(|shown| (shown.picture, shown.rows.clone())).unwrap();
        let received = decoder.push(&bytes);
        let shown = decoder.shown().unwrap();
        match received {
            Ok(received) if received.shows => assert_eq!(shown.picture, received.picture),
            _ => assert!(shown.picture == before.0 && *shown.rows == before.1, "round {round}"),
        }
        assert!(decoder.acks().count() <= 16);
    }
}

fn parity(number: u32, parity: u8, datagrams: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_parity(number, parity, datagrams.iter().map(Vec::as_slice), &mut bytes);
    bytes
}

#[test]
fn parity_stands_in_for_what_is_lost() {
    let mut random = Random::new(29);
    let rows = PictureRows::new(&random.picture(64, 64, PixelFormat::Rgb565));
    let sent = datagrams(&mut Encoder::new(), &rows, 5);
    let count = sent.len() as u8;
    let mut decoder = Decoder::new();
    // Parity may come first, and its picture is heard of by it.
    let received = decoder.push(&parity(5, 2, &sent)).unwrap();
    assert_eq!((received.picture, received.index, received.shows), (5, count + 2, false));
    assert_eq!(decoder.acks().next().map(|ack| ack.datagrams), Some(1 << (count + 2)));
    for datagram in &sent[2..] {
        assert!(!decoder.push(datagram).unwrap().shows);
    }
    assert!(decoder.push(&parity(5, 0, &sent)).unwrap().shows);
    assert_eq!(decoder.shown().unwrap().rows.data, rows.data);
    // What comes after all is acknowledged, so that it is known what is lost.
    let late = decoder.push(&sent[0]).unwrap();
    assert!(!late.again && !late.shows && decoder.push(&sent[0]).unwrap().again);
    let ack = decoder.acks().next().unwrap();
    assert_eq!(ack.datagrams, ((1 << count) - 1) & !2 | 0b101 << count);
}

#[test]
fn parity_that_contradicts_is_refused_and_harms_nothing() {
    let mut random = Random::new(30);
    let rows = PictureRows::new(&random.picture(64, 64, PixelFormat::Rgb565));
    let sent = datagrams(&mut Encoder::new(), &rows, 5);
    let good = parity(5, 1, &sent);
    for round in 0..3_000 {
        let mut decoder = Decoder::new();
        sent[1..].iter().for_each(|datagram| assert!(!decoder.push(datagram).unwrap().shows));
        let mut bad = good.clone();
        match round % 3 {
            0 => bad.truncate(random.below(bad.len())),
            1 => bad[[0, 5, 6][random.below(3)]] = random.next() as u8,
            _ => bad[7 + random.below(26)] ^= 1 + random.below(255) as u8,
        }
        // A bit of the operations may be turned unseen: SRTP is what tells who wrote them.
        if decoder.push(&bad).is_ok_and(|received| received.shows) {
            continue;
        }
        let shows = decoder.push(&sent[0]).is_ok_and(|received| received.shows);
        assert!(shows && decoder.shown().unwrap().rows.data == rows.data, "round {round}");
    }
}

#[test]
fn what_is_too_old_or_contradicts_is_refused() {
    let mut random = Random::new(28);
    let mut encoder = Encoder::new();
    let mut decoder = Decoder::new();
    let rows = PictureRows::new(&random.picture(64, 64, PixelFormat::Indexed8));
    let old = datagrams(&mut encoder, &rows, 8);
    let new = datagrams(&mut encoder, &rows, 40);
    assert!(new.len() > 2);
    assert!(!decoder.push(&new[0]).unwrap().again);
    assert!(decoder.push(&new[0]).unwrap().again);
    assert_eq!(decoder.push(&old[0]), Err(Rejected::TooOld));
    let mut other = new[1].clone();
    other[11] = 2;
    decoder.push(&new[1]).unwrap();
    assert_eq!(decoder.push(&other), Err(Rejected::Contradicts), "rows that are there already");
    other[6] ^= 1;
    assert_eq!(decoder.push(&other), Err(Rejected::Contradicts), "another tick");
    let ack = decoder.acks().next().unwrap();
    assert_eq!((ack.picture, ack.datagrams, usize::from(ack.count)), (40, 0b11, new.len()));
}
