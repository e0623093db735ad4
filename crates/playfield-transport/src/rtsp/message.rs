//! What comes by an RTSP connection: answers (RFC 2326, 7), and binary data between them (10.12).

use super::RtspError;

/// Longest head of a message, and longest body, in bytes.
const MOST_HEAD: usize = 16 * 1024;
const MOST_BODY: usize = 64 * 1024;
/// Most lines of a head.
const MOST_LINES: usize = 100;

/// Something that came whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// An answer.
    Answer(Answer),
    /// A packet on a channel.
    Data(u8, Vec<u8>),
    /// Something that the camera asks, which nobody answers.
    Asked,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
    }

    pub fn one(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
    }
}

/// Puts together what comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Reader {
    buffer: Vec<u8>,
    from: usize,
}

impl Reader {
    /// Takes in bytes. All that is whole has to be taken out before the next are.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.from);
        self.from = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// What is whole next.
    pub fn next(&mut self) -> Result<Option<Incoming>, RtspError> {
        let rest = &self.buffer[self.from..];
        // Some cameras put empty lines between messages.
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.from += blank;
        let rest = &rest[blank..];
        match rest {
            [] => Ok(None),
            [b'$', channel, high, low, data @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let Some(data) = data.get(..length) else { return Ok(None) };
                let data = Incoming::Data(*channel, data.to_vec());
                self.from += 4 + length;
                Ok(Some(data))
            }
            [b'$', ..] => Ok(None),
            rest => {
                let Some((length, incoming)) = message(rest)? else { return Ok(None) };
                self.from += length;
                Ok(Some(incoming))
            }
        }
    }
}

fn message(bytes: &[u8]) -> Result<Option<(usize, Incoming)>, RtspError> {
    let window = &bytes[..bytes.len().min(MOST_HEAD)];
    let Some((head, skip)) = head(window) else {
        return if window.len() < MOST_HEAD { Ok(None) } else { Err(RtspError::Garbage("a head has no end")) };
    };
    let text = String::from_utf8_lossy(&bytes[..head]);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let (name, value) = line.split_once(':').ok_or(RtspError::Garbage("a line of a head has no colon"))?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
        if headers.len() > MOST_LINES {
            return Err(RtspError::Garbage("a head has too many lines"));
        }
    }
    let mut answer = Answer { headers, ..Answer::default() };
    let length = match answer.one("Content-Length") {
        Some(length) => length.parse().map_err(|_| RtspError::Garbage("a length is no number"))?,
        None => 0usize,
    };
    if length > MOST_BODY {
        return Err(RtspError::Garbage("a body is too long"));
    }
    let Some(body) = bytes.get(skip..skip + length) else { return Ok(None) };
    let Some(status) = first.strip_prefix("RTSP/1.") else {
        let asked = first.contains(" RTSP/1.");
        return if asked {
            Ok(Some((skip + length, Incoming::Asked)))
        } else {
            Err(RtspError::Garbage("it is no RTSP"))
        };
    };
    let mut words = status.splitn(3, ' ').skip(1);
    answer.status = words
        .next()
        .and_then(|status| status.parse().ok())
        .filter(|status| (100..1000).contains(status))
        .ok_or(RtspError::Garbage("an answer has no status"))?;
    answer.reason = words.next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(100).collect();
    answer.body = body.to_vec();
    Ok(Some((skip + length, Incoming::Answer(answer))))
}

/// Where a head ends, and where what follows it begins.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'\n')? + 1;
        match bytes.get(at..)? {
            [b'\r', b'\n', ..] => return Some((at, at + 2)),
            [b'\n', ..] => return Some((at, at + 1)),
            _ => {}
        }
    }
}
