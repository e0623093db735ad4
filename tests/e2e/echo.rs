//! A title that shows what it is told: the bytes of its picture are the bytes of the ABI's input records.

use std::fs;
use std::path::{Path, PathBuf};

use playfield_core::input::Key;

use crate::browser::Tab;
use crate::picture::Picture;
use crate::server::folder;
use crate::wait;

/// What the title was told, read from its picture.
#[derive(Debug)]
pub struct Echo(Vec<u8>);

impl Echo {
    fn of(picture: &Picture) -> Option<Echo> {
        let whole = (picture.width, picture.height) == (64, 8);
        whole.then(|| Echo(picture.rgba.chunks_exact(4).map(|pixel| pixel[0]).collect()))
    }

    fn i16(&self, at: usize) -> i16 {
        i16::from_le_bytes([self.0[at], self.0[at + 1]])
    }

    fn i32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.0[at..at + 4].try_into().unwrap())
    }

    /// Whether a key is held.
    pub fn key(&self, code: &str) -> bool {
        let usage = usize::from(Key::from_code(code).unwrap().0);
        self.0[usage / 8] & (1 << (usage % 8)) != 0
    }

    /// Pad buttons held, as the ABI has them.
    pub fn pad(&self) -> u16 {
        self.i16(64).cast_unsigned()
    }

    /// Pad buttons that the second player holds.
    pub fn second_pad(&self) -> u16 {
        self.i16(288).cast_unsigned()
    }

    /// All of it but the number of the tick.
    pub fn but_tick(&self) -> Vec<u8> {
        [&self.0[..256], &self.0[264..]].concat()
    }

    /// The number of the tick, as far as it fits.
    pub fn tick(&self) -> i32 {
        self.i32(256)
    }

    /// The left stick.
    pub fn stick(&self) -> (i16, i16) {
        (self.i16(68), self.i16(70))
    }

    /// Pad buttons pressed until now.
    pub fn pad_presses(&self) -> i32 {
        self.i32(276)
    }

    /// Where the pointer is, in pixels of the picture.
    pub fn pointer(&self) -> (i16, i16) {
        (self.i16(80), self.i16(82))
    }

    /// How far it moved until now.
    pub fn motion(&self) -> (i32, i32) {
        (self.i32(264), self.i32(268))
    }

    /// How far the wheel was turned until now, 120 a notch.
    pub fn wheel(&self) -> i32 {
        self.i32(272)
    }

    /// Mouse buttons pressed until now.
    pub fn mouse_presses(&self) -> i32 {
        self.i32(280)
    }

    /// Fingers on the picture.
    pub fn touches(&self) -> Vec<(i16, i16)> {
        let count = usize::from(self.0[120]).min(3);
        (0..count).map(|index| (self.i16(98 + index * 8), self.i16(100 + index * 8))).collect()
    }

    /// What was typed until now.
    pub fn text(&self) -> String {
        let len = usize::try_from(self.i32(124)).unwrap().min(128);
        String::from_utf8(self.0[128..128 + len].to_vec()).unwrap()
    }
}

/// A folder with the title, as a creator would put it there; `toml` says more of it.
pub fn titles(toml: &str) -> PathBuf {
    let titles = folder();
    let place = titles.join("echo");
    fs::create_dir(&place).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/guests/echo.wat");
    fs::write(place.join("echo.wasm"), wat::parse_file(source).unwrap()).unwrap();
    fs::write(place.join("title.toml"), format!("id = 'echo'\nname = 'Echo'\nentry = 'echo.wasm'\n{toml}\n")).unwrap();
    titles
}

impl Tab<'_> {
    /// Waits until the title was told what is wanted.
    pub fn echo(&self, what: &str, wanted: impl Fn(&Echo) -> bool) -> Echo {
        wait(what, || Echo::of(&self.picture()?).filter(&wanted))
    }
}
