//! `playfield:video@1`: the picture.

mod area;

use playfield_core::frame::{Damage, MAX_HEIGHT, MAX_WIDTH, Picture, PixelFormat, Rect};

use self::area::Area;
use super::memory::{bytes, range};
use super::{HostTrap, trap};
use crate::GuestError;
use crate::wasm::snapshot::{Reader, Writer, damaged};

/// Size of the picture of a guest that has not said one, in pixels. It is WASM-4's, whose cartridges never say one.
const FIRST_SIZE: u16 = 160;

/// The picture of a guest.
pub struct Video {
    pub picture: Picture,
    /// The guest has said a size.
    ready: bool,
    /// What the next `present` takes.
    area: Area,
    /// What may differ from the picture of the tick before.
    pub damage: Damage,
}

impl Default for Video {
    fn default() -> Self {
        Video {
            picture: Picture::black(FIRST_SIZE, FIRST_SIZE, PixelFormat::Indexed8),
            ready: false,
            area: Area::default(),
            damage: Damage::All,
        }
    }
}

impl Video {
    pub fn mode(&mut self, width: i32, height: i32, format: i32) -> Result<(), HostTrap> {
        let fits = |value: i32, most: u16| u16::try_from(value).ok().filter(|value| (1..=most).contains(value));
        let (Some(width), Some(height)) = (fits(width, MAX_WIDTH), fits(height, MAX_HEIGHT)) else {
            return trap(format!("video.mode: {width}x{height}; it is 1x1 to {MAX_WIDTH}x{MAX_HEIGHT}"));
        };
        let Some(format) = format_of(format) else {
            return trap(format!("video.mode: format {format}; it is 0, 1 or 2"));
        };
        self.blacken(width, height, format);
        self.ready = true;
        Ok(())
    }

    /// Makes the picture black, in the room it has.
    fn blacken(&mut self, width: u16, height: u16, format: PixelFormat) {
        let picture = &mut self.picture;
        (picture.width, picture.height, picture.format) = (width, height, format);
        let size = picture.area() * format.bytes_per_pixel();
        picture.pixels.clear();
        picture.pixels.resize(size, 0);
        picture.palette.clear();
        if format == PixelFormat::Indexed8 {
            picture.palette.resize(256, [0; 3]);
        }
        self.area.clear();
        self.damage = Damage::All;
    }

    /// Sets colours; without an indexed picture there is nothing to set.
    pub fn palette(&mut self, mem: &[u8], first: i32, count: i32, ptr: i32) -> Result<(), HostTrap> {
        if first < 0 || count < 0 || first.saturating_add(count) > 256 {
            return trap(format!("video.palette: {count} colours from {first}; there are 256"));
        }
        let words = bytes(mem, ptr, count * 4)?;
        for (old, word) in self.picture.palette.iter_mut().skip(first as usize).zip(words.chunks_exact(4)) {
            let new = [word[2], word[1], word[0]];
            if *old != new {
                *old = new;
                self.damage = Damage::All;
            }
        }
        Ok(())
    }

    pub fn dirty(&mut self, x: i32, y: i32, width: i32, height: i32) {
        self.area.add((self.picture.width, self.picture.height), (x, y, width, height));
    }

    pub fn present(&mut self, mem: &[u8], ptr: i32, stride: i32) -> Result<(), HostTrap> {
        if !self.ready {
            return trap("video.present: called before video.mode");
        }
        let row = self.picture.stride();
        let Some(stride) = usize::try_from(stride).ok().filter(|stride| *stride >= row) else {
            return trap(format!("video.present: rows {stride} bytes apart; a row has {row} bytes"));
        };
        let height = usize::from(self.picture.height);
        let pixels = &mem[range(mem, ptr, (stride as u64) * (height as u64 - 1) + row as u64)?];
        let (picture, damage) = (&mut self.picture, &mut self.damage);
        self.area.take(picture.width, picture.height, |rect| {
            *damage = union(*damage, copy(picture, pixels, stride, rect));
        });
        Ok(())
    }

    pub fn save(&self, to: &mut Writer<'_>) {
        to.u16(self.picture.width);
        to.u16(self.picture.height);
        to.u8(format_number(self.picture.format));
        to.u8(self.ready.into());
        self.picture.palette.iter().for_each(|colour| to.raw(colour));
        to.bytes(&self.picture.pixels);
        self.area.save(to);
    }

    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), GuestError> {
        let (width, height) = (from.u16()?, from.u16()?);
        let format = format_of(from.u8()?.into()).ok_or_else(damaged)?;
        if !(1..=MAX_WIDTH).contains(&width) || !(1..=MAX_HEIGHT).contains(&height) {
            return Err(damaged());
        }
        self.ready = from.u8()? != 0;
        self.blacken(width, height, format);
        for colour in &mut self.picture.palette {
            *colour = from.array()?;
        }
        let pixels = from.bytes()?;
        if pixels.len() != self.picture.pixels.len() {
            return Err(damaged());
        }
        self.picture.pixels.copy_from_slice(pixels);
        self.area.restore(from, width, height)
    }
}

fn format_of(number: i32) -> Option<PixelFormat> {
    match number {
        0 => Some(PixelFormat::Indexed8),
        1 => Some(PixelFormat::Rgb565),
        2 => Some(PixelFormat::Rgba8),
        _ => None,
    }
}

fn format_number(format: PixelFormat) -> u8 {
    match format {
        PixelFormat::Indexed8 => 0,
        PixelFormat::Rgb565 => 1,
        PixelFormat::Rgba8 => 2,
    }
}

/// Copies the rows of a rectangle that differ. Comparing first costs no more than copying and finds what is unchanged.
fn copy(picture: &mut Picture, pixels: &[u8], stride: usize, rect: Rect) -> Damage {
    let (own_stride, pixel) = (picture.stride(), picture.format.bytes_per_pixel());
    let (left, length) = (usize::from(rect.x) * pixel, usize::from(rect.width) * pixel);
    let mut changed: Option<(u16, u16)> = None;
    for y in rect.y..rect.y + rect.height {
        let from = usize::from(y) * stride + left;
        let to = usize::from(y) * own_stride + left;
        let (new, old) = (&pixels[from..from + length], &mut picture.pixels[to..to + length]);
        if old != new {
            old.copy_from_slice(new);
            changed = Some((changed.map_or(y, |rows| rows.0), y));
        }
    }
    match changed {
        Some((top, bottom)) => Damage::Area(Rect { y: top, height: bottom - top + 1, ..rect }),
        None => Damage::None,
    }
}

/// The smallest damage that covers both.
fn union(a: Damage, b: Damage) -> Damage {
    match (a, b) {
        (Damage::All, _) | (_, Damage::All) => Damage::All,
        (Damage::None, other) | (other, Damage::None) => other,
        (Damage::Area(a), Damage::Area(b)) => {
            let (x, y) = (a.x.min(b.x), a.y.min(b.y));
            let right = (a.x + a.width).max(b.x + b.width);
            let bottom = (a.y + a.height).max(b.y + b.height);
            Damage::Area(Rect { x, y, width: right - x, height: bottom - y })
        }
    }
}
