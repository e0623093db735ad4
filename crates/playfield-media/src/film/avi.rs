//! AVI: chunks in RIFF, as Microsoft's "AVI RIFF File Reference" and OpenDML 1.02 have it.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use playfield_core::camera::Coding;

use super::{FilmError, FilmUnit, read_into};

/// Longest header of a stream that is read, in bytes.
const MOST_HEADER: usize = 4 * 1024;
/// Most chunks before the pictures, and in a row without one.
const MOST_CHUNKS: u32 = 1 << 20;

/// The first stream of pictures of an AVI file.
pub(super) struct Avi {
    pub coding: Coding,
    /// Its number, as chunks name it: `00`.
    stream: [u8; 2],
    /// Units of time a second, as a fraction.
    rate: (u32, u32),
    /// Where the pictures begin, and where it is.
    pictures: u64,
    at: u64,
    count: u64,
}

impl Avi {
    pub fn open(input: &mut (impl Read + Seek)) -> Result<Avi, FilmError> {
        let (mut at, mut streams, mut found) = (0, 0u8, None);
        for _ in 0..MOST_CHUNKS {
            let Some((name, size)) = chunk(input, at)? else { break };
            match &name {
                b"RIFF" | b"LIST" => {
                    let mut kind = [0; 4];
                    input.read_exact(&mut kind)?;
                    if &kind == b"movi" {
                        let (coding, stream, rate) = found.ok_or_else(no_stream)?;
                        return Ok(Avi { coding, stream, rate, pictures: at + 12, at: at + 12, count: 0 });
                    }
                    at += 12;
                    continue;
                }
                b"strh" => {
                    if found.is_none() {
                        found = header(input, size, streams)?;
                    }
                    streams = streams.saturating_add(1);
                }
                _ => {}
            }
            at = after(at, size);
        }
        Err(FilmError::Damaged("it has no pictures"))
    }

    pub fn rewind(&mut self) {
        (self.at, self.count) = (self.pictures, 0);
    }

    pub fn next(&mut self, input: &mut (impl Read + Seek), unit: &mut Vec<u8>) -> Result<Option<FilmUnit>, FilmError> {
        for _ in 0..MOST_CHUNKS {
            let Some((name, size)) = chunk(input, self.at)? else { return Ok(None) };
            if matches!(&name, b"RIFF" | b"LIST") {
                self.at += 12;
                continue;
            }
            self.at = after(self.at, size);
            let ours = name[..2] == self.stream && matches!(&name[2..], b"dc" | b"db");
            if !ours {
                continue;
            }
            let at = time(self.count, self.rate);
            self.count += 1;
            // One without bytes repeats the picture before.
            if size > 0 {
                read_into(input, size as usize, unit)?;
                return Ok(Some(FilmUnit { at: Some(at) }));
            }
        }
        Err(FilmError::Damaged("it has a million chunks without a picture"))
    }
}

fn time(count: u64, (rate, scale): (u32, u32)) -> Duration {
    let micros = u128::from(count) * u128::from(scale) * 1_000_000 / u128::from(rate.max(1));
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

/// Name and size of the chunk there; none: the file ends.
fn chunk(input: &mut (impl Read + Seek), at: u64) -> Result<Option<([u8; 4], u32)>, FilmError> {
    input.seek(SeekFrom::Start(at))?;
    let mut head = [0; 8];
    match input.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let [a, b, c, d, size @ ..] = head;
    Ok(Some(([a, b, c, d], u32::from_le_bytes(size))))
}

/// Chunks begin at even places.
fn after(at: u64, size: u32) -> u64 {
    at + 8 + u64::from(size) + u64::from(size & 1)
}

/// What is known of a stream: how it is coded, its number, its rate.
type Stream = (Coding, [u8; 2], (u32, u32));

/// A `strh`: kind, codec, then scale and rate at byte 20.
fn header(input: &mut impl Read, size: u32, number: u8) -> Result<Option<Stream>, FilmError> {
    let mut bytes = Vec::new();
    read_into(input, (size as usize).min(MOST_HEADER), &mut bytes)?;
    let Some((head, _)) = bytes.split_first_chunk::<28>() else {
        return Err(FilmError::Damaged("the header of a stream is too short"));
    };
    if &head[..4] != b"vids" {
        return Ok(None);
    }
    let codec = head[4..8].to_ascii_uppercase();
    let coding = match &codec[..] {
        b"MJPG" => Coding::Jpeg,
        b"H264" | b"X264" | b"AVC1" => Coding::H264,
        _ => {
            let name = String::from_utf8_lossy(&codec).escape_debug().to_string();
            return Err(FilmError::Unsupported(format!("its video is `{name}`; it may be MJPG or H264")));
        }
    };
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (scale, rate) = (word(20).max(1), word(24));
    let stream = [b'0' + number / 10 % 10, b'0' + number % 10];
    Ok(Some((coding, stream, if rate == 0 { (25, 1) } else { (rate, scale) })))
}

fn no_stream() -> FilmError {
    FilmError::Unsupported("it has no video".to_owned())
}
