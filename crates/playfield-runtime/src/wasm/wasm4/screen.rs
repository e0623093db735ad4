//! From the console's memory to a [`Picture`]: two bits a pixel through a palette of four colours.

use playfield_core::frame::{Damage, Picture, PixelFormat, Rect, Rgb};

use super::canvas::{ROW_BYTES, SCREEN_BYTES};
use super::{FRAMEBUFFER, PALETTE, SIZE};

/// What the picture showed last, to tell what differs now.
#[derive(Clone, Debug, Default)]
pub(super) struct Screen {
    /// The framebuffer then; empty: unknown.
    shown: Vec<u8>,
    palette: [Rgb; 4],
}

impl Screen {
    /// Forgets what was shown: the next picture is drawn whole.
    pub fn forget(&mut self) {
        self.shown.clear();
    }

    /// Brings `picture` up to date with the memory.
    pub fn show(&mut self, mem: &[u8], picture: &mut Picture) -> Damage {
        let (Some(screen), Some(palette)) = (mem.get(FRAMEBUFFER..FRAMEBUFFER + SCREEN_BYTES), palette(mem)) else {
            return Damage::None;
        };
        let known = self.shown.len() == SCREEN_BYTES && self.palette == palette && fits(picture);
        let damage = if known { difference(&self.shown, screen) } else { Damage::All };
        match damage {
            Damage::None => return damage,
            Damage::Area(area) => {
                let bytes = usize::from(area.y) * ROW_BYTES..usize::from(area.y + area.height) * ROW_BYTES;
                expand(&screen[bytes.clone()], &mut picture.pixels[bytes.start * 4..bytes.end * 4]);
            }
            Damage::All => {
                if !fits(picture) {
                    *picture = blank();
                }
                picture.palette[..4].copy_from_slice(&palette);
                expand(screen, &mut picture.pixels);
            }
        }
        self.palette = palette;
        self.shown.clear();
        self.shown.extend_from_slice(screen);
        damage
    }
}

/// A black picture of the console's size.
pub(super) fn blank() -> Picture {
    Picture::black(SIZE as u16, SIZE as u16, PixelFormat::Indexed8)
}

/// Whether a picture has the console's size and format.
fn fits(picture: &Picture) -> bool {
    let size = SIZE as u16;
    (picture.width, picture.height, picture.format) == (size, size, PixelFormat::Indexed8)
        && picture.palette.len() == 256
        && picture.pixels.len() == SCREEN_BYTES * 4
}

/// The palette registers: four words `0x??RRGGBB`.
fn palette(mem: &[u8]) -> Option<[Rgb; 4]> {
    let words = mem.get(PALETTE..PALETTE + 16)?;
    Some([0, 4, 8, 12].map(|at| [words[at + 2], words[at + 1], words[at]]))
}

/// The smallest rectangle, in steps of four pixels across, that holds every difference of two framebuffers.
fn difference(before: &[u8], now: &[u8]) -> Damage {
    if before == now {
        return Damage::None;
    }
    let rows = || before.chunks_exact(ROW_BYTES).zip(now.chunks_exact(ROW_BYTES)).enumerate();
    let (mut top, mut bottom, mut left, mut right) = (usize::MAX, 0, ROW_BYTES, 0);
    for (row, (old, new)) in rows().filter(|(_, (old, new))| old != new) {
        (top, bottom) = (top.min(row), row);
        let differs = |&at: &usize| old[at] != new[at];
        left = left.min((0..ROW_BYTES).find(differs).unwrap_or(0));
        right = right.max((0..ROW_BYTES).rfind(differs).unwrap_or(0));
    }
    Damage::Area(Rect {
        x: left as u16 * 4,
        y: top as u16,
        width: (right + 1 - left) as u16 * 4,
        height: (bottom + 1 - top) as u16,
    })
}

/// Two bits a pixel become a byte a pixel.
fn expand(packed: &[u8], pixels: &mut [u8]) {
    for (&byte, four) in packed.iter().zip(pixels.chunks_exact_mut(4)) {
        four.copy_from_slice(&FOUR_PIXELS[usize::from(byte)]);
    }
}

/// The four pixels of each byte.
const FOUR_PIXELS: [[u8; 4]; 256] = {
    let mut table = [[0; 4]; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = [b & 3, (b >> 2) & 3, (b >> 4) & 3, b >> 6];
        byte += 1;
    }
    table
};
