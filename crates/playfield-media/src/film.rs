//! Video files: Motion JPEG and H.264 out of AVI, MP4 or nothing at all.
//!
//! | file | what of it |
//! |---|---|
//! | AVI (RIFF, OpenDML) | the first stream of pictures: Motion JPEG or H.264 |
//! | MP4, MOV (ISO/IEC 14496-12) | the first video track: H.264 (ISO/IEC 14496-15), without fragments |
//! | `.mjpeg` | JPEGs one after another |
//! | `.h264` | Annex B of ITU-T H.264 |
//!
//! What a file says of itself is foreign: each length is held against a limit before anything is allocated for it, and none is trusted
//! to lead forward.

mod annexb;
mod avi;
mod mjpeg;
mod mp4;
mod raw;

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use playfield_core::camera::Coding;

pub use annexb::AccessUnits;

/// Largest coded picture, in bytes.
pub const MOST_UNIT: usize = 8 << 20;

/// Why a film does not go on.
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// It is none of the files that are known.
    #[error("it is no AVI, MP4, `.mjpeg` or `.h264` file")]
    Unknown,
    /// It has what is not known.
    #[error("{0}")]
    Unsupported(String),
    /// It contradicts itself.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

/// A video file, read unit after unit: a coded picture each.
pub struct Film<R> {
    input: R,
    kind: Kind,
    coding: Coding,
}

enum Kind {
    Avi(avi::Avi),
    Mp4(mp4::Mp4),
    Mjpeg(raw::Pieces),
    AnnexB(raw::Pieces),
}

/// A coded picture of a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilmUnit {
    /// When it is to be shown, from the beginning of the film; none: the file has no times.
    pub at: Option<Duration>,
}

impl<R: Read + Seek> Film<R> {
    /// Looks at what kind of film it is.
    pub fn open(mut input: R) -> Result<Film<R>, FilmError> {
        let mut head = [0; 12];
        let mut have = 0;
        while have < head.len() {
            match input.read(&mut head[have..])? {
                0 => break,
                came => have += came,
            }
        }
        input.seek(SeekFrom::Start(0))?;
        let (kind, coding) = match head {
            [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' '] => {
                let avi = avi::Avi::open(&mut input)?;
                let coding = avi.coding;
                (Kind::Avi(avi), coding)
            }
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => (Kind::Mp4(mp4::Mp4::open(&mut input)?), Coding::H264),
            [0xff, 0xd8, 0xff, ..] => (Kind::Mjpeg(raw::Pieces::new(mjpeg::length)), Coding::Jpeg),
            [0, 0, 1, ..] | [0, 0, 0, 1, ..] => (Kind::AnnexB(raw::Pieces::new(annexb::length)), Coding::H264),
            _ => return Err(FilmError::Unknown),
        };
        Ok(Film { input, kind, coding })
    }

    /// How its pictures are coded.
    pub fn coding(&self) -> Coding {
        self.coding
    }

    /// Reads the next coded picture into `unit`; none: the film is over. H.264 comes in Annex B form.
    pub fn next(&mut self, unit: &mut Vec<u8>) -> Result<Option<FilmUnit>, FilmError> {
        unit.clear();
        match &mut self.kind {
            Kind::Avi(avi) => avi.next(&mut self.input, unit),
            Kind::Mp4(mp4) => mp4.next(&mut self.input, unit),
            Kind::Mjpeg(pieces) | Kind::AnnexB(pieces) => pieces.next(&mut self.input, unit),
        }
    }

    /// Goes back to its beginning.
    pub fn rewind(&mut self) -> Result<(), FilmError> {
        match &mut self.kind {
            Kind::Avi(avi) => avi.rewind(),
            Kind::Mp4(mp4) => mp4.rewind(),
            Kind::Mjpeg(pieces) | Kind::AnnexB(pieces) => {
                pieces.rewind();
                self.input.seek(SeekFrom::Start(0))?;
            }
        }
        Ok(())
    }
}

/// Reads `length` bytes at the end of `unit`.
fn read_into(input: &mut impl Read, length: usize, unit: &mut Vec<u8>) -> Result<(), FilmError> {
    if length > MOST_UNIT {
        return Err(FilmError::Damaged("a picture in it is larger than 8 MiB"));
    }
    let had = unit.len();
    input.take(length as u64).read_to_end(unit)?;
    if unit.len() - had < length {
        return Err(FilmError::Damaged("it ends within a picture"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
