//! What several tests need: random numbers that are the same on every run.

use playfield_core::frame::{Picture, PixelFormat};

/// xorshift64*: enough for test data.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 8
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = self.next() as u8);
    }

    pub fn picture(&mut self, width: u16, height: u16, format: PixelFormat) -> Picture {
        let mut picture = Picture::black(width, height, format);
        self.fill(&mut picture.pixels);
        for colour in &mut picture.palette {
            self.fill(colour);
        }
        picture
    }
}

pub const FORMATS: [PixelFormat; 3] = [PixelFormat::Indexed8, PixelFormat::Rgb565, PixelFormat::Rgba8];
