//! Packets out of the bytes of a client.
//!
//! A packet is a head of 20 bytes and its payload: a command, or sound for a stream. Sound is handed on as it comes in, so that
//! no more than a command is ever kept. A command's payload is looked through before the protocol crate reads it, because that
//! one believes a length before it has the bytes.

/// Most bytes of a command.
const MOST_COMMAND: usize = 256 * 1024;
/// Most bytes of sound in one packet, as PulseAudio has it.
const MOST_SOUND: usize = 16 * 1024 * 1024;
const HEAD: usize = 20;
/// The channel of commands.
const CONTROL: u32 = u32::MAX;

/// From where a write counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seek {
    /// Where the last write ended.
    Write,
    /// The beginning of the stream.
    Start,
    /// What is played now.
    Read,
    /// The end of what waits.
    End,
}

/// A packet, or a part of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A command's payload.
    Command(&'a [u8]),
    /// Sound for this channel begins here.
    Seek {
        /// The stream.
        channel: u32,
        /// From where `offset` counts.
        from: Seek,
        /// In bytes.
        offset: i64,
    },
    /// Sound for this channel goes on.
    Sound {
        /// The stream.
        channel: u32,
        /// Some of it.
        bytes: &'a [u8],
    },
}

/// These bytes are not the protocol, or more than is allowed of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    /// A packet is too large.
    #[error("a packet of {0} bytes is too large")]
    TooLarge(usize),
    /// A packet wants shared memory, which was not offered.
    #[error("a packet refers to shared memory, which was not offered")]
    SharedMemory,
    /// A command's payload is malformed.
    #[error("a command is malformed")]
    Malformed,
}

#[derive(Debug)]
enum State {
    Head,
    Command {
        length: usize,
    },
    /// A command was handed out, and its bytes are still kept.
    Lent,
    Sound {
        channel: u32,
        left: usize,
    },
}

/// Cuts bytes into packets.
#[derive(Debug)]
pub(super) struct Reader {
    state: State,
    /// What there is of a head or a command.
    kept: Vec<u8>,
}

impl Default for Reader {
    fn default() -> Self {
        Reader { state: State::Head, kept: Vec::new() }
    }
}

impl Reader {
    /// Takes the next part off the front of `bytes`; none: more bytes are needed.
    pub fn next<'a, 'b: 'a>(&'a mut self, bytes: &mut &'b [u8]) -> Result<Option<Part<'a>>, WireError> {
        loop {
            match self.state {
                State::Head => {
                    if !self.keep(bytes, HEAD) {
                        return Ok(None);
                    }
                    let part = self.head()?;
                    self.kept.clear();
                    if part.is_some() {
                        return Ok(part);
                    }
                }
                State::Command { length } => {
                    if !self.keep(bytes, length) {
                        return Ok(None);
                    }
                    self.state = State::Lent;
                    return if well_formed(&self.kept) {
                        Ok(Some(Part::Command(&self.kept)))
                    } else {
                        Err(WireError::Malformed)
                    };
                }
                State::Lent => {
                    self.kept.clear();
                    self.state = State::Head;
                }
                State::Sound { left: 0, .. } => self.state = State::Head,
                State::Sound { channel, left } => {
                    if bytes.is_empty() {
                        return Ok(None);
                    }
                    let (now, rest) = bytes.split_at(left.min(bytes.len()));
                    *bytes = rest;
                    self.state = State::Sound { channel, left: left - now.len() };
                    return Ok(Some(Part::Sound { channel, bytes: now }));
                }
            }
        }
    }

    /// Whether `length` bytes are kept, after some came off the front of `bytes`.
    fn keep(&mut self, bytes: &mut &[u8], length: usize) -> bool {
        let (now, rest) = bytes.split_at(length.saturating_sub(self.kept.len()).min(bytes.len()));
        self.kept.extend_from_slice(now);
        *bytes = rest;
        self.kept.len() >= length
    }

    fn head(&mut self) -> Result<Option<Part<'static>>, WireError> {
        let word = |at: usize| self.kept[at..at + 4].try_into().map_or(0, u32::from_be_bytes);
        let (length, channel, flags) = (word(0) as usize, word(4), word(16));
        let offset = (i64::from(word(8).cast_signed()) << 32) | i64::from(word(12));
        if flags & 0xffff_ff00 != 0 {
            return Err(WireError::SharedMemory);
        }
        if channel == CONTROL {
            if length > MOST_COMMAND {
                return Err(WireError::TooLarge(length));
            }
            self.state = State::Command { length };
            return Ok(None);
        }
        if length > MOST_SOUND {
            return Err(WireError::TooLarge(length));
        }
        let from = match flags {
            0 => Seek::Write,
            1 => Seek::Start,
            2 => Seek::Read,
            3 => Seek::End,
            _ => return Err(WireError::Malformed),
        };
        self.state = State::Sound { channel, left: length };
        Ok(Some(Part::Seek { channel, from, offset }))
    }
}

/// Whether this is a row of tagged values, each of them whole.
fn well_formed(mut payload: &[u8]) -> bool {
    while let Some((tag, rest)) = payload.split_first() {
        let Some(length) = value_length(*tag, rest) else { return false };
        let Some(rest) = rest.get(length..) else { return false };
        payload = rest;
    }
    true
}

/// Bytes of a value behind its tag (`pulsecore/tagstruct.h`). A list of properties, and a format, are values of their own.
fn value_length(tag: u8, rest: &[u8]) -> Option<usize> {
    let word = |at: usize| Some(u32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?));
    Some(match tag {
        b'N' | b'0' | b'1' | b'P' | b'f' => 0,
        b'B' => 1,
        b'L' | b'V' => 4,
        b'a' => 6,
        b'R' | b'r' | b'U' => 8,
        // Seconds and microseconds.
        b'T' => (word(4)? < 1_000_000).then_some(8)?,
        b't' => rest.iter().position(|byte| *byte == 0)? + 1,
        b'x' => 4 + word(0)? as usize,
        b'm' => 1 + usize::from(*rest.first()?),
        b'v' => 1 + 4 * usize::from(*rest.first()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(length: u32, channel: u32, offset: i64, flags: u32) -> Vec<u8> {
        let mut head = length.to_be_bytes().to_vec();
        head.extend(channel.to_be_bytes());
        head.extend(offset.to_be_bytes());
        head.extend(flags.to_be_bytes());
        head
    }

    fn read(pieces: &[&[u8]]) -> Result<Vec<String>, WireError> {
        let mut reader = Reader::default();
        let mut parts = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            // The reader lends its memory to one part at a time.
            while let Some(part) = reader.next(&mut rest)? {
                parts.push(match part {
                    Part::Command(payload) => format!("command {}", payload.len()),
                    Part::Seek { channel, from, offset } => format!("seek {channel} {from:?} {offset}"),
                    Part::Sound { channel, bytes } => format!("sound {channel} {bytes:?}"),
                });
            }
        }
        Ok(parts)
    }

    #[test]
    fn packets_are_whole_however_the_bytes_come() {
        let mut bytes = head(5, CONTROL, 0, 0);
        bytes.extend(b"L\0\0\0\x01");
        bytes.extend(head(4, 7, -8, 2));
        bytes.extend([1, 2, 3, 4]);
        bytes.extend(head(0, CONTROL, 0, 0));
        let whole = read(&[&bytes]).unwrap();
        assert_eq!(whole, ["command 5", "seek 7 Read -8", "sound 7 [1, 2, 3, 4]", "command 0"]);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let pieces = read(&single).unwrap();
        assert_eq!(pieces[..2], whole[..2]);
        assert_eq!(pieces[2..6], ["sound 7 [1]", "sound 7 [2]", "sound 7 [3]", "sound 7 [4]"]);
    }

    #[test]
    fn what_is_too_large_or_was_not_offered_ends_it() {
        let check = |head: Vec<u8>, expect| assert_eq!(read(&[&head]), Err(expect));
        check(head(300_000, CONTROL, 0, 0), WireError::TooLarge(300_000));
        check(head(0x7fff_ffff, 1, 0, 0), WireError::TooLarge(0x7fff_ffff));
        check(head(4, 1, 0, 0x8000_0000), WireError::SharedMemory);
        check(head(4, 1, 0, 9), WireError::Malformed);
    }

    #[test]
    fn values_are_whole() {
        let check = |payload: &[u8], expect| assert_eq!(well_formed(payload), expect, "{payload:?}");
        check(b"", true);
        check(b"N01PfB\x01", true);
        check(b"t\0tab\0", true);
        check(b"tab", false);
        check(b"L\0\0\0", false);
        check(b"x\xff\xff\xff\xffa", false);
        check(b"x\0\0\0\x01a", true);
        check(b"T\0\0\0\x01\0\x0f\x42\x3f", true);
        check(b"T\0\0\0\x01\0\x0f\x42\x40", false);
        check(b"m\x02\x01\x02", true);
        check(b"v\x01\0\0\0", false);
        check(b"?", false);
    }
}
