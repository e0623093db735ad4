//! Runs a guest over an input log, as fast as it can and without a clock.
//!
//! The same module and the same log make the same hashes on any machine; that is what `playfield replay` prints.

use std::io::{self, Seek, SeekFrom, Write};

use playfield_core::frame::{CHANNELS, Damage, Picture, SAMPLE_RATE};
use playfield_core::input::log::InputLog;
use sha2::{Digest, Sha256};

use crate::wasm::compile::hex;
use crate::{Guest, GuestError, GuestEvent};

/// Why a replay did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The guest failed while it made a frame.
    #[error("frame {frame}: {error}")]
    Guest {
        /// The frame.
        frame: u64,
        /// What happened.
        error: GuestError,
    },
    /// What was to be written could not be.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The picture could not be written.
    #[error("cannot write the picture: {0}")]
    Png(#[from] png::EncodingError),
}

/// Takes what a replay makes. Everything may be left as it is.
pub trait Sink {
    /// Whether [`Sink::hash`] is wanted; hashing costs more than most guests.
    fn wants_hashes(&self) -> bool {
        false
    }

    /// SHA-256, lower-case hex, of the picture of a frame as RGBA8, row by row.
    fn hash(&mut self, frame: u64, sha256: &str) -> Result<(), ReplayError> {
        let _ = (frame, sha256);
        Ok(())
    }

    /// The picture and the sound of a frame; empty sound is silence of `frames` frames.
    fn frame(&mut self, frame: u64, picture: &Picture, sound: &[i16], frames: u32) -> Result<(), ReplayError> {
        let _ = (frame, picture, sound, frames);
        Ok(())
    }

    /// What the guest said.
    fn event(&mut self, frame: u64, event: GuestEvent) -> Result<(), ReplayError> {
        let _ = (frame, event);
        Ok(())
    }
}

/// Runs a fresh guest for `frames` frames, or until it says it is done. Returns how many it made.
pub fn replay(guest: &mut dyn Guest, log: &InputLog, frames: u64, sink: &mut dyn Sink) -> Result<u64, ReplayError> {
    let mut cursor = log.cursor();
    let mut hasher = PictureHasher::default();
    let mut events = Vec::new();
    let hz = guest.tick_hz();
    for frame in guest.tick_count() + 1..=frames {
        let tick = guest.tick(cursor.at(frame)).map_err(|error| ReplayError::Guest { frame, error })?;
        if sink.wants_hashes() {
            sink.hash(frame, hasher.hash(guest.picture(), tick.damage))?;
        }
        sink.frame(frame, guest.picture(), guest.audio(), sound_frames(frame, hz))?;
        guest.take_events(&mut events);
        for event in events.drain(..) {
            sink.event(frame, event)?;
        }
        if tick.exited {
            return Ok(frame);
        }
    }
    Ok(frames)
}

/// Frames of sound that belong to tick `tick`.
pub fn sound_frames(tick: u64, hz: u16) -> u32 {
    let until = |n: u64| u128::from(n) * u128::from(SAMPLE_RATE) / u128::from(hz.max(1));
    (until(tick) - until(tick.saturating_sub(1))) as u32
}

/// Hashes pictures; one that did not change costs nothing.
#[derive(Default)]
pub struct PictureHasher {
    rgba: Vec<u8>,
    hash: String,
}

impl PictureHasher {
    /// SHA-256, lower-case hex, of a picture as RGBA8, row by row. `damage` is what differs from the last one hashed.
    pub fn hash(&mut self, picture: &Picture, damage: Damage) -> &str {
        if damage != Damage::None || self.hash.is_empty() {
            picture.to_rgba(&mut self.rgba);
            self.hash = hex(&Sha256::digest(&self.rgba));
        }
        &self.hash
    }
}

/// Writes a picture as a PNG of RGBA8.
pub fn write_png(picture: &Picture, to: impl Write) -> Result<(), ReplayError> {
    let mut rgba = Vec::new();
    picture.to_rgba(&mut rgba);
    let mut encoder = png::Encoder::new(to, picture.width.into(), picture.height.into());
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&rgba)?;
    Ok(())
}

/// Writes sound as a WAV file: 48 kHz, stereo, 16 bit. The lengths in its header are put in by [`Wav::finish`].
pub struct Wav<W: Write + Seek> {
    to: W,
    data_bytes: u64,
    buffer: Vec<u8>,
}

/// Bytes before the samples.
const WAV_HEADER: u32 = 44;

impl<W: Write + Seek> Wav<W> {
    /// Begins a file.
    pub fn new(mut to: W) -> io::Result<Wav<W>> {
        to.write_all(&wav_header(0))?;
        Ok(Wav { to, data_bytes: 0, buffer: Vec::new() })
    }

    /// Appends the sound of a frame: `sound`, or silence of `frames` frames if it is empty.
    pub fn push(&mut self, sound: &[i16], frames: u32) -> io::Result<()> {
        self.buffer.clear();
        if sound.is_empty() {
            self.buffer.resize(frames as usize * CHANNELS * 2, 0);
        } else {
            self.buffer.extend(sound.iter().flat_map(|sample| sample.to_le_bytes()));
        }
        self.data_bytes += self.buffer.len() as u64;
        self.to.write_all(&self.buffer)
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<()> {
        let bytes = u32::try_from(self.data_bytes).unwrap_or(u32::MAX - WAV_HEADER);
        self.to.seek(SeekFrom::Start(0))?;
        self.to.write_all(&wav_header(bytes))?;
        self.to.flush()
    }
}

/// RIFF header of 16-bit PCM (Multimedia Programming Interface and Data Specifications 1.0).
fn wav_header(data_bytes: u32) -> [u8; WAV_HEADER as usize] {
    let frame_bytes = CHANNELS as u32 * 2;
    let mut header = [0; WAV_HEADER as usize];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"RIFF");
    put(4, &(data_bytes + WAV_HEADER - 8).to_le_bytes());
    put(8, b"WAVEfmt ");
    put(16, &16u32.to_le_bytes());
    put(20, &1u16.to_le_bytes());
    put(22, &(CHANNELS as u16).to_le_bytes());
    put(24, &SAMPLE_RATE.to_le_bytes());
    put(28, &(SAMPLE_RATE * frame_bytes).to_le_bytes());
    put(32, &(frame_bytes as u16).to_le_bytes());
    put(34, &16u16.to_le_bytes());
    put(36, b"data");
    put(40, &data_bytes.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::PixelFormat;

    use super::*;

    #[test]
    fn a_wav_says_how_long_it_is() {
        let mut file = io::Cursor::new(Vec::new());
        let mut wav = Wav::new(&mut file).unwrap();
        wav.push(&[1, -1], 1).unwrap();
        wav.push(&[], 2).unwrap();
        wav.finish().unwrap();
        let bytes = file.into_inner();
        assert_eq!(bytes.len(), 44 + 12);
        assert_eq!(bytes[4..8], 48u32.to_le_bytes());
        assert_eq!(bytes[40..], [12, 0, 0, 0, 1, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_hash_is_of_opaque_rgba() {
        let mut hasher = PictureHasher::default();
        let mut picture = Picture::black(1, 1, PixelFormat::Rgba8);
        let black = hasher.hash(&picture, Damage::None).to_owned();
        assert_eq!(black, hex(&Sha256::digest([0, 0, 0, 255])));
        picture.pixels[0] = 1;
        assert_eq!(hasher.hash(&picture, Damage::None), black);
        assert_ne!(hasher.hash(&picture, Damage::All), black);
    }

    #[test]
    fn a_png_reads_back() {
        let mut picture = Picture::black(2, 1, PixelFormat::Rgb565);
        picture.pixels[2..].copy_from_slice(&0xf800u16.to_le_bytes());
        let mut file = Vec::new();
        write_png(&picture, &mut file).unwrap();
        let mut reader = png::Decoder::new(io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; 8];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [0, 0, 0, 255, 255, 0, 0, 255]);
    }
}
