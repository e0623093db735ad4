//! The capability groups besides input: the run itself, and below it log, video, audio, storage and timeline.

use crate::ffi;

/// Pictures a second, 1 to 240; 60 if never called. Before the first tick only.
pub fn tick_rate(hz: u16) {
    // SAFETY: no memory is passed.
    unsafe { ffi::tick_rate(i32::from(hz)) }
}

/// Number of the picture being made; the first is 1.
pub fn tick() -> u64 {
    // SAFETY: no memory is passed.
    unsafe { ffi::tick() as u64 }
}

/// Microseconds since the first tick, counted in ticks.
pub fn time_us() -> u64 {
    // SAFETY: no memory is passed.
    unsafe { ffi::time_us() as u64 }
}

/// Wall time in milliseconds since 1970, as the session sees it.
pub fn unix_ms() -> u64 {
    // SAFETY: no memory is passed.
    unsafe { ffi::unix_ms() as u64 }
}

/// Fills `bytes` with random ones from the session's seed.
pub fn random(bytes: &mut [u8]) {
    // SAFETY: the host writes `len` bytes from `ptr`, which is all of the slice.
    unsafe { ffi::random(bytes.as_mut_ptr(), bytes.len()) }
}

/// The title is done: the session ends after this tick.
pub fn exit() {
    // SAFETY: no memory is passed.
    unsafe { ffi::exit() }
}

/// `playfield:log@1`: lines for the creator.
pub mod log {
    use core::fmt::Write;

    use crate::ffi;

    /// How much a line matters.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[allow(missing_docs)]
    pub enum Level {
        Error = 0,
        Warn = 1,
        Info = 2,
        Debug = 3,
    }

    /// Writes one line; the host cuts it after 4,096 bytes.
    pub fn write(level: Level, line: &str) {
        // SAFETY: the host reads `len` bytes from `ptr`, which is all of the text.
        unsafe { ffi::log_write(level as i32, line.as_ptr(), line.len()) }
    }

    /// Writes one line of information.
    pub fn info(line: &str) {
        write(Level::Info, line);
    }

    struct Line {
        bytes: [u8; 256],
        len: usize,
    }

    impl Write for Line {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            for &byte in text.as_bytes().iter().take(self.bytes.len() - self.len) {
                self.bytes[self.len] = byte;
                self.len += 1;
            }
            Ok(())
        }
    }

    /// What [`crate::title!`] does with a panic: says where it was, then traps.
    pub fn panic(info: &core::panic::PanicInfo) -> ! {
        let mut line = Line { bytes: [0; 256], len: 0 };
        let _ = match info.location() {
            Some(at) => write!(line, "panic at {}:{}", at.file(), at.line()),
            None => write!(line, "panic"),
        };
        write(Level::Error, core::str::from_utf8(&line.bytes[..line.len]).unwrap_or("panic"));
        #[cfg(target_arch = "wasm32")]
        core::arch::wasm32::unreachable();
        #[cfg(not(target_arch = "wasm32"))]
        panic!("a title's panic handler runs in Wasm only")
    }
}

/// `playfield:video@1`: the picture.
pub mod video {
    use crate::ffi;

    /// How pixels are stored.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Format {
        /// One byte a pixel, an index into the palette.
        Indexed = 0,
        /// Two bytes a pixel.
        Rgb565 = 1,
        /// Four bytes a pixel: red, green, blue, and one that is ignored.
        Rgba = 2,
    }

    /// Size, 1x1 to 1920x1080, and format. Needed before the first picture; may be called again.
    pub fn mode(width: u16, height: u16, format: Format) {
        // SAFETY: no memory is passed.
        unsafe { ffi::video_mode(i32::from(width), i32::from(height), format as i32) }
    }

    /// Colours of an indexed picture from entry `first`, each `0xRRGGBB`.
    pub fn palette(first: u8, colours: &[u32]) {
        // SAFETY: the host reads `count` words from `ptr`, which is all of the slice.
        unsafe { ffi::video_palette(i32::from(first), colours.len(), colours.as_ptr()) }
    }

    /// Only this rectangle differs from the picture before; call it again for more. Holds for the next present.
    pub fn dirty(x: i32, y: i32, width: i32, height: i32) {
        // SAFETY: no memory is passed.
        unsafe { ffi::video_dirty(x, y, width, height) }
    }

    /// Shows a picture of bytes in the format of the mode, rows `stride` bytes apart. The host stops a title whose
    /// slice is too short.
    pub fn present(pixels: &[u8], stride: usize) {
        // SAFETY: the host checks the range against the whole memory before it reads, and only reads.
        unsafe { ffi::video_present(pixels.as_ptr(), stride) }
    }

    /// Shows an indexed picture, `width` pixels wide.
    pub fn present_indexed(pixels: &[u8], width: usize) {
        present(pixels, width);
    }

    /// Shows an RGBA picture, `width` pixels wide.
    pub fn present_rgba(pixels: &[u32], width: usize) {
        // SAFETY: as in `present`.
        unsafe { ffi::video_present(pixels.as_ptr().cast(), width * 4) }
    }
}

/// `playfield:audio@1`: sound, 48 kHz, interleaved left and right.
pub mod audio {
    use crate::ffi;

    /// Samples a second.
    pub const SAMPLE_RATE: u32 = 48_000;
    /// Frames that can wait at most.
    pub const MAX_FRAMES: usize = 9_600;

    /// Frames (pairs of samples) that make up this tick.
    pub fn wanted() -> usize {
        // SAFETY: no memory is passed.
        unsafe { ffi::audio_wanted() as usize }
    }

    /// Appends to the sound of this tick; returns how many frames were taken. Push nothing while silent.
    pub fn push(samples: &[i16]) -> usize {
        // SAFETY: the host reads `frames` pairs from `ptr`, which is all whole pairs of the slice.
        unsafe { ffi::audio_push(samples.as_ptr(), samples.len() / 2) as usize }
    }
}

/// `playfield:storage@1`: small values that stay, by key.
pub mod storage {
    use crate::ffi;

    /// Reads a value into `to`; gives the length of all of it, which may be more than fits.
    pub fn read(key: &str, to: &mut [u8]) -> Option<usize> {
        // SAFETY: the host reads the key and writes at most `max` bytes, both inside their slices.
        let len = unsafe { ffi::storage_read(key.as_ptr(), key.len(), to.as_mut_ptr(), to.len()) };
        usize::try_from(len).ok()
    }

    /// Stores a value; false if it would not fit, and then nothing changes.
    pub fn write(key: &str, value: &[u8]) -> bool {
        // SAFETY: the host reads the key and the value, both inside their slices.
        unsafe { ffi::storage_write(key.as_ptr(), key.len(), value.as_ptr(), value.len()) == 0 }
    }

    /// Removes a value; false if there was none.
    pub fn remove(key: &str) -> bool {
        // SAFETY: the host reads the key inside its slice.
        unsafe { ffi::storage_remove(key.as_ptr(), key.len()) == 0 }
    }

    /// Reads a number that [`write_number`] stored.
    pub fn read_number(key: &str) -> Option<u32> {
        let mut bytes = [0; 4];
        (read(key, &mut bytes)? == 4).then(|| u32::from_le_bytes(bytes))
    }

    /// Stores a number, a high score say.
    pub fn write_number(key: &str, value: u32) -> bool {
        write(key, &value.to_le_bytes())
    }
}

/// `playfield:timeline@1`: what happened, for highlights and search.
pub mod timeline {
    use crate::ffi;

    /// What the player is doing.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[allow(missing_docs)]
    pub enum Mode {
        Playing = 0,
        Menu = 1,
        Loading = 2,
        Over = 3,
    }

    /// Something happened: `level-start`, `goal`, `death`.
    pub fn event(name: &str, value: i64) {
        // SAFETY: the host reads `len` bytes from `name`, which is all of the text.
        unsafe { ffi::timeline_event(name.as_ptr(), name.len(), value) }
    }

    /// The player does something else now.
    pub fn mode(mode: Mode) {
        // SAFETY: no memory is passed.
        unsafe { ffi::timeline_mode(mode as i32) }
    }
}
