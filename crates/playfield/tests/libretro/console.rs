//! The test cores, each compiled once, and a guest that plays a script with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use playfield_core::frame::Damage;
use playfield_core::input::{PadButton, TickInput};
use playfield_core::setting::Setting;
use playfield_runtime::confine::Rules;
use playfield_runtime::libretro::{LibretroGuest, Opening};
use playfield_runtime::{Guest, GuestConfig, GuestError, GuestEvent};

/// Where this run keeps its files.
fn scratch() -> &'static Path {
    static SCRATCH: OnceLock<PathBuf> = OnceLock::new();
    SCRATCH.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libretro");
        // What an earlier run left.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    })
}

/// A core of this folder, compiled: `core`, or `drawing`.
pub fn core(name: &str) -> &'static Path {
    static PLAIN: OnceLock<PathBuf> = OnceLock::new();
    static DRAWING: OnceLock<PathBuf> = OnceLock::new();
    let place = if name == "drawing" { &DRAWING } else { &PLAIN };
    place.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/libretro/{name}.c"));
        let core = scratch().join(format!("{name}_libretro.so"));
        let flags =
            ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-fvisibility=hidden", "-o"];
        let status = Command::new("cc").args(flags).arg(&core).arg(source).status().expect("there is a C compiler");
        assert!(status.success());
        core
    })
}

/// Buttons that are held.
pub fn pad(buttons: &[PadButton]) -> u16 {
    buttons.iter().fold(0, |all, button| all | button.bit())
}

/// A guest with the test core.
pub struct Console {
    pub guest: LibretroGuest,
    /// What it said so far.
    pub events: Vec<GuestEvent>,
    /// Its files.
    pub folder: PathBuf,
    stored: BTreeMap<String, Vec<u8>>,
}

impl Console {
    /// Opens the core with a script.
    pub fn open(script: &str) -> Console {
        Console::open_with(script, BTreeMap::new(), |_| {})
    }

    /// The same with what was kept before, and another opening.
    pub fn open_with(script: &str, kept: BTreeMap<String, Vec<u8>>, change: impl FnOnce(&mut Opening)) -> Console {
        Console::try_open(script, kept, change).unwrap()
    }

    /// The same where it may fail.
    pub fn try_open(
        script: &str,
        storage: BTreeMap<String, Vec<u8>>,
        change: impl FnOnce(&mut Opening),
    ) -> Result<Console, GuestError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = scratch().join(COUNT.fetch_add(1, Ordering::Relaxed).to_string());
        let (saves, system, content) = (folder.join("saves"), folder.join("system"), folder.join("script.test"));
        std::fs::create_dir_all(&saves).unwrap();
        std::fs::create_dir_all(&system).unwrap();
        std::fs::write(&content, format!("{script} ")).unwrap();
        let mut opening = Opening {
            core: core("core").to_owned(),
            content: Some(content),
            system,
            options: BTreeMap::new(),
            run_ahead: 0,
            kept: 0,
            rules: Rules { home: Some(saves), memory_limit: 64 << 20, ..Rules::default() },
        };
        opening.rules.read = vec![opening.core.clone(), folder.clone()];
        change(&mut opening);
        let config = GuestConfig { storage_limit: 1 << 20, storage: storage.clone(), ..GuestConfig::default() };
        let guest = LibretroGuest::open(Path::new(env!("CARGO_BIN_EXE_playfield")), opening, &config)?;
        let mut console = Console { guest, events: Vec::new(), folder, stored: storage };
        console.hear();
        Ok(console)
    }

    fn hear(&mut self) {
        self.guest.take_events(&mut self.events);
    }

    /// Makes a picture with nothing pressed; its first row, a number for each pixel.
    pub fn tick(&mut self) -> Vec<u32> {
        self.tick_with(&TickInput::default())
    }

    /// The same with input.
    pub fn tick_with(&mut self, input: &TickInput) -> Vec<u32> {
        self.guest.tick(input).unwrap();
        self.hear();
        self.row()
    }

    /// Two pictures; what the second one changed.
    pub fn tick_twice(&mut self) -> Damage {
        self.tick();
        self.guest.tick(&TickInput::default()).unwrap().damage
    }

    /// Makes a picture; samples of one channel that it came with.
    pub fn sound(&mut self) -> usize {
        self.tick();
        self.guest.audio().len() / 2
    }

    /// The first row of the picture.
    pub fn row(&self) -> Vec<u32> {
        let picture = self.guest.picture();
        let mut rgba = Vec::new();
        picture.to_rgba(&mut rgba);
        let pixels = rgba[..usize::from(picture.width) * 4].chunks_exact(4);
        pixels.map(|pixel| u32::from_be_bytes([0, pixel[0], pixel[1], pixel[2]])).collect()
    }

    /// What can be chosen now.
    pub fn settings(&mut self) -> Vec<Setting> {
        self.hear();
        let settings = self.events.iter().rev().find_map(|event| match event {
            GuestEvent::Settings(settings) => Some(settings.clone()),
            _ => None,
        });
        settings.unwrap_or_default()
    }

    /// What is kept of it.
    pub fn kept(&mut self) -> BTreeMap<String, Vec<u8>> {
        self.hear();
        for event in &self.events {
            if let GuestEvent::Stored { key, value: Some(value) } = event {
                self.stored.insert(key.clone(), value.clone());
            }
        }
        self.stored.clone()
    }

    /// Makes pictures until it has said something.
    pub fn until(&mut self, said: impl Fn(&[GuestEvent]) -> bool) {
        let began = Instant::now();
        while !said(&self.events) {
            assert!(began.elapsed() < Duration::from_secs(20), "it did not say that: {:?}", self.events);
            self.tick();
        }
    }
}
