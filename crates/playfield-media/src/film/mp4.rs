//! MP4 and MOV: boxes (ISO/IEC 14496-12) around H.264 (ISO/IEC 14496-15). Files in fragments are not read.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use super::{FilmError, FilmUnit, MOST_UNIT, read_into};

/// Largest table of contents that is read, in bytes: some days of video.
const MOST_MOOV: u64 = 32 << 20;
/// Most pictures, and most boxes beside one another.
const MOST_SAMPLES: u32 = 1 << 22;
const MOST_BOXES: u32 = 1 << 12;

/// The first H.264 track of an MP4 file.
pub(super) struct Mp4 {
    samples: Vec<Sample>,
    next: usize,
    /// SPS and PPS, in Annex B form.
    parameters: Vec<u8>,
    /// Bytes of a NAL unit's length.
    prefix: usize,
    coded: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Sample {
    offset: u64,
    size: u32,
    at_us: u64,
}

impl Mp4 {
    pub fn open(input: &mut (impl Read + Seek)) -> Result<Mp4, FilmError> {
        let moov = contents(input)?;
        let mut found = Err(FilmError::Unsupported("it has no video track".to_owned()));
        for track in children(&moov, b"trak") {
            match read_track(track) {
                Ok(Some(mp4)) => return Ok(mp4),
                Ok(None) => {}
                Err(error) => found = Err(error),
            }
        }
        found
    }

    pub fn rewind(&mut self) {
        self.next = 0;
    }

    pub fn next(&mut self, input: &mut (impl Read + Seek), unit: &mut Vec<u8>) -> Result<Option<FilmUnit>, FilmError> {
        let Some(sample) = self.samples.get(self.next).copied() else { return Ok(None) };
        if self.next == 0 {
            unit.extend_from_slice(&self.parameters);
        }
        self.next += 1;
        self.coded.clear();
        input.seek(SeekFrom::Start(sample.offset))?;
        read_into(input, sample.size as usize, &mut self.coded)?;
        annex_b(&self.coded, self.prefix, unit)?;
        Ok(Some(FilmUnit { at: Some(Duration::from_micros(sample.at_us)) }))
    }
}

/// NAL units with their lengths before them, as ones with start codes.
fn annex_b(mut coded: &[u8], prefix: usize, unit: &mut Vec<u8>) -> Result<(), FilmError> {
    let cut = || FilmError::Damaged("a picture in it is cut short");
    while !coded.is_empty() {
        let (length, rest) = coded.split_at_checked(prefix).ok_or_else(cut)?;
        let length = length.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
        let (nal, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        // A NAL unit of one byte grows by the start code: together they stay within twice the limit.
        unit.extend_from_slice(&[0, 0, 0, 1]);
        unit.extend_from_slice(nal);
        if unit.len() > 2 * MOST_UNIT {
            return Err(cut());
        }
        coded = rest;
    }
    Ok(())
}

/// The table of contents.
fn contents(input: &mut (impl Read + Seek)) -> Result<Vec<u8>, FilmError> {
    let mut at = 0u64;
    for _ in 0..MOST_BOXES {
        input.seek(SeekFrom::Start(at))?;
        let mut head = [0; 16];
        let mut have = Vec::new();
        input.take(16).read_to_end(&mut have)?;
        if have.len() < 8 {
            return Err(FilmError::Unsupported("it has no table of contents (`moov`)".to_owned()));
        }
        head[..have.len()].copy_from_slice(&have);
        let [a, b, c, d, kind @ .., _, _, _, _, _, _, _, _] = head;
        let (size, header) = match u32::from_be_bytes([a, b, c, d]) {
            1 => {
                (u64::from_be_bytes([head[8], head[9], head[10], head[11], head[12], head[13], head[14], head[15]]), 16)
            }
            0 => (u64::MAX, 8),
            size => (u64::from(size), 8),
        };
        let body = size.checked_sub(header).ok_or(FilmError::Damaged("a box in it is too short"))?;
        if &kind == b"moov" {
            if size != u64::MAX && body > MOST_MOOV {
                return Err(FilmError::Damaged("its table of contents is larger than 32 MiB"));
            }
            input.seek(SeekFrom::Start(at + header))?;
            let mut moov = Vec::new();
            input.take(body.min(MOST_MOOV)).read_to_end(&mut moov)?;
            return Ok(moov);
        }
        if &kind == b"moof" {
            return Err(FilmError::Unsupported(
                "it is in fragments; make it one piece: `ffmpeg -i IN -c copy -movflags faststart OUT.mp4`".to_owned(),
            ));
        }
        at = at.checked_add(size).ok_or(FilmError::Unsupported("it has no table of contents (`moov`)".to_owned()))?;
    }
    Err(FilmError::Damaged("it has thousands of boxes and no table of contents"))
}

/// Boxes of that kind in `bytes`, without their heads.
fn children<'a>(mut bytes: &'a [u8], kind: &'a [u8; 4]) -> impl Iterator<Item = &'a [u8]> {
    std::iter::from_fn(move || {
        loop {
            let (head, _) = bytes.split_first_chunk::<8>()?;
            let [a, b, c, d, name @ ..] = *head;
            let size = match u32::from_be_bytes([a, b, c, d]) as usize {
                0 => bytes.len(),
                size => size.clamp(8, bytes.len()),
            };
            let (this, rest) = bytes.split_at(size);
            bytes = rest;
            if &name == kind {
                return Some(&this[8..]);
            }
        }
    })
}

fn child<'a>(bytes: &'a [u8], path: &[&'a [u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| children(bytes, kind).next())
}

/// A big-endian number at a place.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A track of H.264; none: it is no video.
fn read_track(track: &[u8]) -> Result<Option<Mp4>, FilmError> {
    let Some(media) = child(track, &[b"mdia"]) else { return Ok(None) };
    if child(media, &[b"hdlr"]).and_then(|hdlr| hdlr.get(8..12)) != Some(b"vide") {
        return Ok(None);
    }
    let cut = || FilmError::Damaged("the table of its video track is cut short");
    let header = child(media, &[b"mdhd"]).ok_or_else(cut)?;
    let scale = word(header, if header.first() == Some(&1) { 20 } else { 12 }).ok_or_else(cut)?;
    let table = child(media, &[b"minf", b"stbl"]).ok_or_else(cut)?;
    let (parameters, prefix) = described(child(table, &[b"stsd"]).ok_or_else(cut)?)?;
    let samples = samples(table, scale.max(1)).ok_or_else(cut)?;
    if samples.is_empty() {
        return Err(FilmError::Unsupported("its table of contents has no pictures; it may be in fragments".to_owned()));
    }
    Ok(Some(Mp4 { samples, next: 0, parameters, prefix, coded: Vec::new() }))
}

/// SPS and PPS in Annex B form, and how long a length is (ISO/IEC 14496-15, 5.3.3.1.2).
fn described(stsd: &[u8]) -> Result<(Vec<u8>, usize), FilmError> {
    let cut = || FilmError::Damaged("its description of H.264 is cut short");
    let entries = stsd.get(8..).ok_or_else(cut)?;
    let kind = entries.get(4..8).ok_or_else(cut)?;
    if !matches!(kind, b"avc1" | b"avc3") {
        let name = String::from_utf8_lossy(kind).escape_debug().to_string();
        return Err(FilmError::Unsupported(format!("its video is `{name}`; it may be H.264 (`avc1`)")));
    }
    let entry = children(entries, if kind == b"avc1" { b"avc1" } else { b"avc3" }).next().ok_or_else(cut)?;
    // A visual sample entry has 78 bytes before its boxes.
    let config = entry.get(78..).and_then(|boxes| children(boxes, b"avcC").next()).ok_or_else(cut)?;
    let prefix = usize::from(config.get(4).ok_or_else(cut)? & 3) + 1;
    let mut parameters = Vec::new();
    let mut at = 5;
    for mask in [31, 255] {
        let count = config.get(at).ok_or_else(cut)? & mask;
        at += 1;
        for _ in 0..count {
            let length = config.get(at..at + 2).ok_or_else(cut)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let nal = config.get(at + 2..at + 2 + length).ok_or_else(cut)?;
            parameters.extend_from_slice(&[0, 0, 0, 1]);
            parameters.extend_from_slice(nal);
            at += 2 + length;
        }
    }
    Ok((parameters, prefix))
}

/// Where each picture lies, and when it is decoded.
fn samples(table: &[u8], scale: u32) -> Option<Vec<Sample>> {
    let sizes = child(table, &[b"stsz"])?;
    let (uniform, count) = (word(sizes, 4)?, word(sizes, 8)?.min(MOST_SAMPLES) as usize);
    let offsets: Vec<u64> = match (child(table, &[b"stco"]), child(table, &[b"co64"])) {
        (Some(stco), _) => stco.get(8..)?.as_chunks::<4>().0.iter().map(|at| u32::from_be_bytes(*at).into()).collect(),
        (None, Some(co64)) => co64.get(8..)?.as_chunks::<8>().0.iter().map(|at| u64::from_be_bytes(*at)).collect(),
        (None, None) => return None,
    };
    let in_chunks = child(table, &[b"stsc"])?.get(8..)?.as_chunks::<12>().0;
    let mut times = Times { table: child(table, &[b"stts"])?.get(8..)?, left: 0, delta: 0, now: 0 };
    let mut samples = Vec::new();
    let mut runs = in_chunks.iter().map(|run| (word(run, 0), word(run, 4))).peekable();
    let mut in_this = 0;
    for (chunk, offset) in (1u32..).zip(offsets) {
        while let Some((_, each)) = runs.next_if(|(first, _)| first.is_some_and(|first| first <= chunk)) {
            in_this = each?;
        }
        let mut offset = offset;
        for _ in 0..in_this {
            if samples.len() >= count {
                return Some(samples);
            }
            let size = if uniform > 0 { uniform } else { word(sizes, 12 + samples.len() * 4)? };
            let at_us = u128::from(times.step()) * 1_000_000 / u128::from(scale);
            samples.push(Sample { offset, size, at_us: u64::try_from(at_us).ok()? });
            offset = offset.checked_add(size.into())?;
        }
    }
    Some(samples)
}

/// `stts`: how long pictures last, in runs.
struct Times<'a> {
    table: &'a [u8],
    left: u32,
    delta: u32,
    now: u64,
}

impl Times<'_> {
    /// When the next picture is decoded, in units of the track.
    fn step(&mut self) -> u64 {
        while self.left == 0 {
            let Some((run, rest)) = self.table.split_first_chunk::<8>() else { break };
            self.table = rest;
            self.left = word(run, 0).unwrap_or_default();
            self.delta = word(run, 4).unwrap_or_default();
        }
        let at = self.now;
        self.left = self.left.saturating_sub(1);
        self.now = self.now.saturating_add(self.delta.into());
        at
    }
}
