//! A viewer of VNC (RFC 6143) that takes what comes as fast as it comes, counts the pictures and throws them away.
//!
//! It asks for what TigerVNC's own viewer asks for: Tight with JPEG at quality 8 and compression 2, updates without a request
//! for each (`ContinuousUpdates`), and fences. Nothing is decoded: the encoding says how long everything is.
//! <https://github.com/rfbproto/rfbproto> has the extensions.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const RAW: i32 = 0;
const COPY: i32 = 1;
const TIGHT: i32 = 7;
const JPEG_8: i32 = -24;
const LAST: i32 = -224;
const CURSOR: i32 = -239;
const COMPRESSION_2: i32 = -254;
const FENCE: i32 = -312;
const CONTINUOUS: i32 = -313;

/// Connects, and reads in a thread of its own until the server is gone. What is counted is updates with pixels in them.
pub fn watch(port: u16) -> io::Result<Arc<AtomicU64>> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut viewer = Viewer { wire: BufReader::new(stream.try_clone()?), out: stream, size: [0, 0] };
    viewer.greet()?;
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        while let Ok(pixels) = viewer.message() {
            counted.fetch_add(u64::from(pixels), Ordering::Relaxed);
        }
    });
    Ok(count)
}

struct Viewer<R, W> {
    wire: BufReader<R>,
    out: W,
    size: [u16; 2],
}

impl<R: Read, W: Write> Viewer<R, W> {
    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.wire.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn byte(&mut self) -> io::Result<u8> {
        self.bytes::<1>().map(|[byte]| byte)
    }

    fn word(&mut self) -> io::Result<u16> {
        self.bytes().map(u16::from_be_bytes)
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.wire.by_ref().take(length), &mut io::sink())?;
        if skipped == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn greet(&mut self) -> io::Result<()> {
        self.bytes::<12>()?;
        self.out.write_all(b"RFB 003.008\n")?;
        let kinds = self.byte()?;
        self.skip(kinds.into())?;
        // No password; then: others may watch too.
        self.out.write_all(&[1])?;
        if self.bytes::<4>()? != [0; 4] {
            return Err(io::Error::other("the VNC server wants a password"));
        }
        self.out.write_all(&[1])?;
        self.size = [self.word()?, self.word()?];
        self.skip(16)?;
        let name = u32::from_be_bytes(self.bytes()?);
        self.skip(name.into())?;
        let encodings = [TIGHT, COPY, RAW, JPEG_8, COMPRESSION_2, LAST, CURSOR, FENCE, CONTINUOUS];
        let mut asked = vec![2, 0, 0, encodings.len() as u8];
        encodings.iter().for_each(|encoding| asked.extend(encoding.to_be_bytes()));
        self.out.write_all(&asked)?;
        self.ask(&[3, 0])
    }

    /// Asks for the whole screen.
    fn ask(&mut self, what: &[u8]) -> io::Result<()> {
        let [width, height] = self.size.map(u16::to_be_bytes);
        self.out.write_all(&[what, &[0; 4], &width, &height].concat())
    }

    /// Takes a message. True: it had pixels.
    fn message(&mut self) -> io::Result<bool> {
        match self.byte()? {
            0 => return self.update(),
            1 => {
                let [_, _, _, high, low] = self.bytes()?;
                self.skip(u64::from(u16::from_be_bytes([high, low])) * 6)?;
            }
            2 => {}
            3 => {
                let [_, _, _, length @ ..] = self.bytes::<7>()?;
                self.skip(u32::from_be_bytes(length).into())?;
            }
            // The server knows updates without requests: they begin.
            150 => self.ask(&[150, 1])?,
            248 => self.fence()?,
            other => return Err(io::Error::other(format!("there is no message {other}"))),
        }
        Ok(false)
    }

    /// A fence is sent back, without the bit that asks for it.
    fn fence(&mut self) -> io::Result<()> {
        let [_, _, _, flags @ .., length] = self.bytes::<8>()?;
        let mut payload = vec![0; length.into()];
        self.wire.read_exact(&mut payload)?;
        let flags = (u32::from_be_bytes(flags) & 0x7).to_be_bytes();
        self.out.write_all(&[&[248, 0, 0, 0], &flags[..], &[length], &payload].concat())
    }

    fn update(&mut self) -> io::Result<bool> {
        self.byte()?;
        let mut pixels = false;
        for _ in 0..self.word()? {
            let [_, _, width, height] = [self.word()?, self.word()?, self.word()?, self.word()?];
            let (width, height) = (u64::from(width), u64::from(height));
            match i32::from_be_bytes(self.bytes()?) {
                RAW => self.skip(width * height * 4)?,
                COPY => self.skip(4)?,
                TIGHT => self.tight(width, height)?,
                CURSOR => {
                    self.skip(width * height * 4 + width.div_ceil(8) * height)?;
                    continue;
                }
                LAST => break,
                other => return Err(io::Error::other(format!("nobody asked for encoding {other}"))),
            }
            pixels = true;
        }
        Ok(pixels)
    }

    /// A rectangle as Tight has it; pixels are 3 bytes.
    fn tight(&mut self, width: u64, height: u64) -> io::Result<()> {
        let control = self.byte()?;
        match control >> 4 {
            8 => return self.skip(3),
            9 => return self.compact(),
            10.. => return Err(io::Error::other("there is no such kind of Tight")),
            _ => {}
        }
        let filter = if control & 0x40 == 0 { 0 } else { self.byte()? };
        let row = match filter {
            1 => {
                let colours = u64::from(self.byte()?) + 1;
                self.skip(colours * 3)?;
                if colours == 2 { width.div_ceil(8) } else { width }
            }
            _ => width * 3,
        };
        // So few are not worth compressing.
        if row * height < 12 { self.skip(row * height) } else { self.compact() }
    }

    /// Something after its length, which has seven bits a byte, the lowest first, and eight in a third.
    fn compact(&mut self) -> io::Result<()> {
        let mut length = 0;
        for shift in [0, 7, 14] {
            let byte = u64::from(self.byte()?);
            let more = shift < 14 && byte & 0x80 != 0;
            length |= if more { byte & 0x7f } else { byte } << shift;
            if !more {
                break;
            }
        }
        self.skip(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_a_server_says_is_read_to_its_end() {
        let check = |bytes: &[u8], pixels: bool, answer: &[u8]| {
            let mut viewer = Viewer { wire: BufReader::new(bytes), out: Vec::new(), size: [4, 2] };
            assert_eq!(viewer.message().unwrap(), pixels, "{bytes:?}");
            assert_eq!(viewer.out, answer);
            assert_eq!(viewer.wire.read(&mut [0]).unwrap(), 0, "{bytes:?}");
        };
        let rectangle = |encoding: i32, data: &[u8]| {
            [&[0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0, 2], &encoding.to_be_bytes()[..], data].concat()
        };
        check(&rectangle(RAW, &[0; 32]), true, &[]);
        check(&rectangle(TIGHT, &[0x80, 1, 2, 3]), true, &[]);
        check(&rectangle(TIGHT, &[0x90, 0x81, 0x01].iter().copied().chain([0; 129]).collect::<Vec<u8>>()), true, &[]);
        check(&rectangle(TIGHT, &[0x00, 5, 1, 2, 3, 4, 5]), true, &[]);
        check(&rectangle(TIGHT, &[0x40, 1, 1, 0, 0, 0, 9, 9, 9, 0xf0, 0x0f]), true, &[]);
        check(&rectangle(CURSOR, &[0; 34]), false, &[]);
        check(&rectangle(LAST, &[]), false, &[]);
        check(&[2], false, &[]);
        check(&[3, 0, 0, 0, 0, 0, 0, 2, b'h', b'i'], false, &[]);
        check(&[150], false, &[150, 1, 0, 0, 0, 0, 0, 4, 0, 2]);
        check(&[248, 0, 0, 0, 0x80, 0, 0, 3, 1, 7], false, &[248, 0, 0, 0, 0, 0, 0, 3, 1, 7]);
    }
}
