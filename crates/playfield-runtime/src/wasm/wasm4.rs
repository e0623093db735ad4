//! The WASM-4 console, but for its cartridge: memory registers, drawing, sound, disk and traces.
//!
//! Pure functions over the cartridge's 64 KiB of memory, without an engine. Whoever runs the cartridge calls, for each
//! picture:
//!
//! ```text
//!   init_memory -> (start) -> [ before_update -> (update, which calls blit, text, tone, ...) -> after_update, sound ]*
//! ```
//!
//! The behaviour is that of the console's own web runtime, version 2.7.1, pixel for pixel; where its native runtimes
//! differ, the web one counts. A pointer outside the memory is an error, which ends the cartridge, as it does there.
//! Numbers come as the engine has them, 32 bits; sizes count as signed there, so here too.
//!
//! ```text
//!   0x04 palette   4 x 0x00RRGGBB      0x1a mouse x, y (i16), 0x1e its buttons
//!   0x14 draw colours, 4 x 4 bits      0x1f flags: 1 keep the framebuffer
//!   0x16 gamepads  4 x u8              0xa0 framebuffer, 160x160, 2 bits a pixel
//! ```

mod apu;
mod blit;
mod canvas;
mod controls;
mod font;
pub mod loose;
mod saved;
mod screen;
mod shapes;
mod tone;
mod trace;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

use playfield_core::frame::{Damage, Picture};
use playfield_core::input::TickInput;

use apu::Apu;
use blit::{Cursor, Sprite};
use canvas::{Canvas, SCREEN_BYTES};
use controls::Mouse;
use saved::Reader;
use screen::Screen;

/// Width and height of the screen, in pixels.
const SIZE: i64 = 160;
/// Bytes of memory: one page.
const MEMORY_BYTES: usize = 1 << 16;
/// Bytes of the disk.
const DISK_BYTES: usize = 1024;
/// Version of [`Wasm4::save`]'s layout.
const SAVE_VERSION: u8 = 1;

const PALETTE: usize = 0x04;
const DRAW_COLORS: usize = 0x14;
const GAMEPADS: usize = 0x16;
const MOUSE: usize = 0x1a;
const SYSTEM_FLAGS: usize = 0x1f;
const FRAMEBUFFER: usize = 0xa0;
/// System flag: the framebuffer is not cleared before an update.
const PRESERVE_FRAMEBUFFER: u8 = 1;

/// Everything of the console that is not in the cartridge's memory.
#[derive(Clone, Debug)]
pub struct Wasm4 {
    screen: Screen,
    mouse: Mouse,
    apu: Apu,
    disk: Vec<u8>,
    /// The cartridge has read or written the disk.
    disk_used: bool,
}

impl Default for Wasm4 {
    fn default() -> Wasm4 {
        Wasm4::new()
    }
}

impl Wasm4 {
    /// Where [`Wasm4::REGISTERS`] lie in memory.
    pub const REGISTERS_AT: usize = PALETTE;

    /// What the registers hold before a cartridge is put in: four greens, the draw colours, a mouse off the screen.
    #[rustfmt::skip]
    pub const REGISTERS: [u8; 26] = [
        0xcf, 0xf8, 0xe0, 0, 0x6c, 0xc0, 0x86, 0, 0x50, 0x68, 0x30, 0, 0x21, 0x18, 0x07, 0,
        0x03, 0x12,
        0, 0, 0, 0,
        0xff, 0x7f, 0xff, 0x7f,
    ];

    /// A console with an empty disk.
    pub fn new() -> Wasm4 {
        Wasm4 {
            screen: Screen::default(),
            mouse: Mouse::default(),
            apu: Apu::new(),
            disk: Vec::new(),
            disk_used: false,
        }
    }

    /// A black picture of the right size for [`Wasm4::after_update`].
    pub fn blank_picture() -> Picture {
        screen::blank()
    }

    /// Sets the registers to [`Wasm4::REGISTERS`]. Belongs before the module's own data is put in place, which may overwrite
    /// them.
    pub fn init_memory(mem: &mut [u8]) {
        if let Some(registers) = mem.get_mut(Self::REGISTERS_AT..Self::REGISTERS_AT + Self::REGISTERS.len()) {
            registers.copy_from_slice(&Self::REGISTERS);
        }
    }

    /// The console's memory before a cartridge is put in.
    pub fn fresh_memory() -> Vec<u8> {
        let mut memory = vec![0; MEMORY_BYTES];
        Self::init_memory(&mut memory);
        memory
    }

    /// Shows the cartridge the players' inputs, and clears the screen unless it wants to keep it.
    pub fn before_update(&mut self, mem: &mut [u8], input: &TickInput) {
        controls::write(mem, &mut self.mouse, input);
        let keep = mem.get(SYSTEM_FLAGS).is_some_and(|flags| flags & PRESERVE_FRAMEBUFFER != 0);
        if let (false, Some(screen)) = (keep, mem.get_mut(FRAMEBUFFER..FRAMEBUFFER + SCREEN_BYTES)) {
            screen.fill(0);
        }
    }

    /// Brings `picture` up to date with the memory. After [`Wasm4::new`] and [`Wasm4::restore`] all of it is drawn.
    pub fn after_update(&mut self, mem: &[u8], picture: &mut Picture) -> Damage {
        self.screen.show(mem, picture)
    }

    /// The sound of this tick into `out`: 800 frames of interleaved stereo at 48 kHz, or nothing if it is silent. Once for
    /// each tick, after its update.
    pub fn sound(&mut self, out: &mut Vec<i16>) {
        self.apu.play(out);
    }

    /// `blit`: a sprite of `width` x `height` pixels.
    #[expect(clippy::too_many_arguments, reason = "the console's own call")]
    pub fn blit(
        &mut self,
        mem: &mut [u8],
        sprite: u32,
        x: i32,
        y: i32,
        width: u32,
        height: u32,
        flags: u32,
    ) -> Result<(), String> {
        self.blit_sub(mem, sprite, x, y, width, height, 0, 0, width, flags)
    }

    /// `blitSub`: a part of a sheet that is `stride` pixels wide.
    #[expect(clippy::too_many_arguments, reason = "the console's own call")]
    pub fn blit_sub(
        &mut self,
        mem: &mut [u8],
        sprite: u32,
        x: i32,
        y: i32,
        width: u32,
        height: u32,
        src_x: u32,
        src_y: u32,
        stride: u32,
        flags: u32,
    ) -> Result<(), String> {
        let sheet = slice(mem, sprite, 0).map(|_| sprite as usize)?;
        let sprite = Sprite {
            sheet,
            x: x.into(),
            y: y.into(),
            width: signed(width),
            height: signed(height),
            src_x: signed(src_x),
            src_y: signed(src_y),
            stride: signed(stride),
            flags,
        };
        blit::blit(mem, &sprite);
        Ok(())
    }

    /// `line`: between two points, both drawn.
    pub fn line(&mut self, mem: &mut [u8], x1: i32, y1: i32, x2: i32, y2: i32) {
        if let Some(mut canvas) = Canvas::of(mem) {
            shapes::line(&mut canvas, (x1.into(), y1.into()), (x2.into(), y2.into()));
        }
    }

    /// `hline`: `len` pixels to the right.
    pub fn hline(&mut self, mem: &mut [u8], x: i32, y: i32, len: u32) {
        if let Some(mut canvas) = Canvas::of(mem) {
            shapes::hline(&mut canvas, x.into(), y.into(), signed(len));
        }
    }

    /// `vline`: `len` pixels down.
    pub fn vline(&mut self, mem: &mut [u8], x: i32, y: i32, len: u32) {
        if let Some(mut canvas) = Canvas::of(mem) {
            shapes::vline(&mut canvas, x.into(), y.into(), signed(len));
        }
    }

    /// `oval`: inside the rectangle.
    pub fn oval(&mut self, mem: &mut [u8], x: i32, y: i32, width: u32, height: u32) {
        if let Some(mut canvas) = Canvas::of(mem) {
            shapes::oval(&mut canvas, x.into(), y.into(), signed(width), signed(height));
        }
    }

    /// `rect`: the rectangle.
    pub fn rect(&mut self, mem: &mut [u8], x: i32, y: i32, width: u32, height: u32) {
        let Some(mut canvas) = Canvas::of(mem) else { return };
        // There the console rounds the left end of each row up past the 32nd bit, and draws a few pixels at the right one.
        if x > i32::MAX - 3 {
            let size = [width, height].map(|size| size.cast_signed().into());
            return loose::rect(&mut canvas, [x.into(), y.into(), size[0], size[1]]);
        }
        shapes::rect(&mut canvas, x.into(), y.into(), signed(width), signed(height));
    }

    /// `text`: characters of a byte each, up to a zero or the end of memory.
    pub fn text(&mut self, mem: &mut [u8], ptr: u32, x: i32, y: i32) -> Result<(), String> {
        let rest = slice(mem, ptr, 0).map(|_| mem.len() - ptr as usize)?;
        self.text_utf8(mem, ptr, rest as u32, x, y)
    }

    /// `textUtf8`: `byte_len` characters of a byte each. (Not UTF-8, in spite of its name: so is the console.)
    pub fn text_utf8(&mut self, mem: &mut [u8], ptr: u32, byte_len: u32, x: i32, y: i32) -> Result<(), String> {
        slice(mem, ptr, byte_len)?;
        let mut cursor = Cursor::new(x.into(), y.into());
        // Read while drawing: the text may lie in the framebuffer.
        for at in ptr as usize..ptr as usize + byte_len as usize {
            if !cursor.put(mem, mem[at].into()) {
                break;
            }
        }
        Ok(())
    }

    /// `textUtf16`: characters of two bytes each. `ptr` must be even.
    pub fn text_utf16(&mut self, mem: &mut [u8], ptr: u32, byte_len: u32, x: i32, y: i32) -> Result<(), String> {
        if !ptr.is_multiple_of(2) {
            return Err(format!("text of two-byte characters at an odd address, {ptr:#x}"));
        }
        slice(mem, ptr, byte_len & !1)?;
        let mut cursor = Cursor::new(x.into(), y.into());
        for at in (ptr as usize..ptr as usize + (byte_len & !1) as usize).step_by(2) {
            if !cursor.put(mem, u16::from_le_bytes([mem[at], mem[at + 1]])) {
                break;
            }
        }
        Ok(())
    }

    /// `tone`: starts a tone, which is heard from this tick's sound on.
    pub fn tone(&mut self, frequency: u32, duration: u32, volume: u32, flags: u32) {
        self.apu.tone(frequency, duration, volume, flags);
    }

    /// `diskr`: up to `size` bytes of the disk into memory; returns how many.
    pub fn diskr(&mut self, mem: &mut [u8], ptr: u32, size: u32) -> Result<u32, String> {
        self.disk_used = true;
        let len = disk_len(size)?.min(self.disk.len());
        slice(mem, ptr, len as u32)?;
        mem[ptr as usize..ptr as usize + len].copy_from_slice(&self.disk[..len]);
        Ok(len as u32)
    }

    /// `diskw`: the disk becomes up to `size` bytes of memory, 1,024 at most; returns how many.
    pub fn diskw(&mut self, mem: &[u8], ptr: u32, size: u32) -> Result<u32, String> {
        self.disk_used = true;
        let len = disk_len(size)?.min(DISK_BYTES);
        self.set_disk(slice(mem, ptr, len as u32)?);
        Ok(len as u32)
    }

    /// What the cartridge keeps: at most 1,024 bytes.
    pub fn disk(&self) -> &[u8] {
        &self.disk
    }

    /// Whether the cartridge has read or written the disk.
    pub fn disk_was_used(&self) -> bool {
        self.disk_used
    }

    /// Puts in a disk; what is past 1,024 bytes is left out.
    pub fn set_disk(&mut self, disk: &[u8]) {
        self.disk.clear();
        self.disk.extend_from_slice(&disk[..disk.len().min(DISK_BYTES)]);
    }

    /// `trace`: the line to print, at most 4,096 bytes, as all traces.
    pub fn trace(&self, mem: &[u8], ptr: u32) -> Result<String, String> {
        trace::c_string(mem, ptr)
    }

    /// `traceUtf8`.
    pub fn trace_utf8(&self, mem: &[u8], ptr: u32, byte_len: u32) -> Result<String, String> {
        Ok(trace::cut(String::from_utf8_lossy(slice(mem, ptr, byte_len)?).into_owned()))
    }

    /// `traceUtf16`.
    pub fn trace_utf16(&self, mem: &[u8], ptr: u32, byte_len: u32) -> Result<String, String> {
        let units = slice(mem, ptr, byte_len)?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        Ok(trace::cut(char::decode_utf16(units).map(|char| char.unwrap_or('\u{fffd}')).collect()))
    }

    /// `tracef`: a format string, and where its arguments begin.
    pub fn tracef(&self, mem: &[u8], fmt: u32, stack: u32) -> Result<String, String> {
        trace::format(mem, fmt, stack)
    }

    /// Appends everything but the cartridge's memory to `out`.
    pub fn save(&self, out: &mut Vec<u8>) {
        out.push(SAVE_VERSION);
        let Mouse { at, pointer } = self.mouse;
        for coordinate in [at.0, at.1, pointer.0, pointer.1] {
            out.extend_from_slice(&coordinate.to_le_bytes());
        }
        out.extend_from_slice(&(self.disk.len() as u16).to_le_bytes());
        out.extend_from_slice(&self.disk);
        self.apu.save(out);
    }

    /// Goes back to what [`Wasm4::save`] wrote; the same when it fails.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut from = Reader(bytes);
        let [version] = from.take()?;
        if version != SAVE_VERSION {
            return Err(format!("the console's saved state has version {version}, not {SAVE_VERSION}"));
        }
        let mut coordinate = || from.take().map(i16::from_le_bytes);
        let (at, pointer) = ((coordinate()?, coordinate()?), (coordinate()?, coordinate()?));
        let disk_len = u16::from_le_bytes(from.take()?);
        let disk = from.bytes(disk_len.into())?;
        let apu = Apu::load(&mut from)?;
        if !from.0.is_empty() || disk.len() > DISK_BYTES {
            return Err("the console's saved state is damaged".into());
        }
        self.mouse = Mouse { at, pointer };
        self.apu = apu;
        self.set_disk(disk);
        self.screen.forget();
        Ok(())
    }
}

/// A size or a length, which the console takes as signed.
fn signed(value: u32) -> i64 {
    i64::from(value.cast_signed())
}

/// The size of a disk access.
fn disk_len(size: u32) -> Result<usize, String> {
    usize::try_from(size.cast_signed()).map_err(|_| format!("a disk access of {} bytes", size.cast_signed()))
}

/// `len` bytes of memory from `ptr`.
fn slice(mem: &[u8], ptr: u32, len: u32) -> Result<&[u8], String> {
    let start = ptr as usize;
    let bytes = start.checked_add(len as usize).and_then(|end| mem.get(start..end));
    bytes.ok_or_else(|| format!("{len} bytes at {ptr:#x} lie outside the memory"))
}
