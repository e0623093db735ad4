//! Streams without a container: pieces that tell their length themselves.

use std::io::Read;

use super::{FilmError, FilmUnit, MOST_UNIT};

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// Tells how many bytes the first piece of a stream has, once it is seen where it ends; `end`: there is no more.
/// `seen` bytes were looked at before; it says in it where to go on looking.
pub(super) type Length = fn(bytes: &[u8], seen: &mut usize, end: bool) -> Option<usize>;

/// Cuts a stream into pieces.
pub(super) struct Pieces {
    length: Length,
    buffer: Vec<u8>,
    from: usize,
    seen: usize,
    end: bool,
}

impl Pieces {
    pub fn new(length: Length) -> Pieces {
        Pieces { length, buffer: Vec::new(), from: 0, seen: 0, end: false }
    }

    pub fn rewind(&mut self) {
        *self = Pieces::new(self.length);
    }

    /// Appends the next piece to `unit`.
    pub fn next(&mut self, input: &mut impl Read, unit: &mut Vec<u8>) -> Result<Option<FilmUnit>, FilmError> {
        loop {
            let rest = &self.buffer[self.from..];
            if self.end && rest.is_empty() {
                return Ok(None);
            }
            if let Some(length) = (self.length)(rest, &mut self.seen, self.end) {
                let length = length.clamp(1, rest.len());
                unit.extend_from_slice(&rest[..length]);
                (self.from, self.seen) = (self.from + length, 0);
                return Ok(Some(FilmUnit { at: None }));
            }
            if self.end {
                return Ok(None);
            }
            if rest.len() > MOST_UNIT {
                return Err(FilmError::Damaged("a picture in it is larger than 8 MiB"));
            }
            self.buffer.drain(..self.from);
            self.from = 0;
            self.end = input.take(CHUNK as u64).read_to_end(&mut self.buffer)? == 0;
        }
    }
}
