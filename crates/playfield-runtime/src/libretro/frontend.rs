//! The frontend's side of a running core: what it asked for, what it is told, and what it made in this tick.
//!
//! A core calls back without saying who it is, so there is one of these for each process, behind a lock that is held for
//! the length of a call back only.

use std::collections::BTreeMap;
use std::ffi::{CString, c_uint};
use std::path::Path;

use playfield_core::frame::{CHANNELS, MAX_HEIGHT, MAX_WIDTH, Shape};
use playfield_core::input::{MAX_PLAYERS, TickInput};
use playfield_core::setting::{Choice, Setting};

use super::abi::{AvInfo, DiskControlExt, FrameTimeCallback, KeyboardCallback, UpdateDisplay, device};
use super::options::Options;
use super::pads;
use super::pixels::{Layout, Painter, Raw};
use super::sound::Sound;
use super::words::{MOST_FRAMES, News, Pace};

/// Most of what a core says in one tick.
const MOST_NEWS: usize = 64;
/// Longest line of its log that is kept.
const LONGEST_LINE: usize = 1_000;
/// Lines of its log that are kept to say why it did not open.
const LAST_LINES: usize = 4;

/// What can be plugged into a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// `RETRO_DEVICE_*`, with its subclass.
    pub id: c_uint,
    /// For people.
    pub label: String,
}

/// The state of one core's frontend.
#[derive(Default)]
pub struct Frontend {
    /// Where firmware lies; where the core may keep files; the core itself.
    pub folders: Folders,
    pub layout: Layout,
    /// Quarters of a full turn to the left that the picture is to be turned by.
    pub quarters: u8,
    pub av: AvInfo,
    pub options: Options,
    pub quirks: u64,
    pub kinds: [Vec<Kind>; MAX_PLAYERS],
    pub plugged: [c_uint; MAX_PLAYERS],
    pub keyboard: Option<KeyboardCallback>,
    pub frame_time: Option<FrameTimeCallback>,
    pub disk: Option<DiskControlExt>,
    pub disks: Disks,
    pub update_display: Option<UpdateDisplay>,
    /// Content that is to be loaded by path whatever the core says of all content, by extension.
    pub overrides: Vec<Override>,
    pub content: Option<super::core::Content>,

    pub input: TickInput,
    /// Whether this run's picture is wanted.
    pub looks: bool,
    /// Whether this run's sound is wanted.
    pub listens: bool,
    pub painter: Painter,
    /// The picture of this tick; none: it is the one before.
    pub shape: Option<Shape>,
    /// The last picture there was.
    pub last_shape: Option<Shape>,
    pub sound: Sound,
    pub news: Vec<News>,
    pub said: Vec<String>,
    pub exited: bool,
    /// Why the graphics that it wants are not there, in words.
    pub no_graphics: Option<String>,
    /// What ends the session after this tick, in words.
    pub failed: Option<String>,
    /// The core asked for a stick once: it is not given the cross as well by it.
    reads_sticks: bool,
    pub pace_changed: bool,
    pub settings_changed: bool,
    rumbles: [Option<[u8; 2]>; MAX_PLAYERS],
    shakes: [[u8; 2]; MAX_PLAYERS],
}

/// Paths as a core reads them.
#[derive(Default)]
pub struct Folders {
    pub system: CString,
    pub saves: CString,
    pub core: CString,
}

/// Disks a core knows.
#[derive(Default)]
pub struct Disks {
    pub labels: Vec<String>,
    pub inserted: usize,
}

/// How content with certain extensions is loaded.
#[derive(Clone, Debug)]
pub struct Override {
    pub extensions: String,
    pub need_fullpath: bool,
}

impl Frontend {
    pub fn new(system: &Path, saves: &Path, core: &Path, chosen: BTreeMap<String, String>) -> Frontend {
        let mut frontend = Frontend {
            folders: Folders { system: c_path(system), saves: c_path(saves), core: c_path(core) },
            plugged: [device::JOYPAD; MAX_PLAYERS],
            looks: true,
            listens: true,
            ..Frontend::default()
        };
        frontend.options.choose(chosen);
        frontend
    }

    /// A picture came.
    pub fn show(&mut self, raw: Raw<'_>, width: u32, height: u32) {
        if !self.looks {
            return;
        }
        let size = (u16::try_from(width).unwrap_or(u16::MAX), u16::try_from(height).unwrap_or(u16::MAX));
        if size.0.max(size.1) > MAX_WIDTH || size.0.min(size.1) > MAX_HEIGHT {
            return self.log(2, &format!("a picture of {width}x{height} is too large to be shown"));
        }
        self.shape = self.painter.paint(raw, size, self.quarters);
        self.last_shape = self.shape.or(self.last_shape);
    }

    /// Sound came: interleaved stereo.
    pub fn play(&mut self, samples: &[i16]) {
        if self.listens {
            self.sound.push(samples);
        }
    }

    /// What of a device is how.
    pub fn state(&mut self, port: u32, asked: u32, index: u32, id: u32) -> i16 {
        let Some(player) = self.input.players.get(port as usize) else { return 0 };
        let plugged = self.plugged[port as usize];
        // A pad that is not plugged in has no buttons; keys and pointers are there always, as on a desk.
        if plugged == device::NONE && matches!(asked & device::MASK, device::JOYPAD | device::ANALOG) {
            return 0;
        }
        self.reads_sticks |= asked & device::MASK == device::ANALOG && index < 2;
        // Positions are in pixels of the picture as it is shown.
        let picture = self.last_shape.map_or((1, 1), |shape| (shape.width, shape.height));
        if self.reads_sticks || asked & device::MASK != device::JOYPAD {
            return pads::state(player, picture, asked, index, id);
        }
        pads::buttons_and_stick(&player.pad, id)
    }

    /// A line of the log: 0 debug to 3 error.
    pub fn log(&mut self, level: u8, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line: String = line.trim_end().chars().take(LONGEST_LINE).collect();
            if level >= 2 {
                if self.said.len() >= LAST_LINES {
                    self.said.remove(0);
                }
                self.said.push(line.clone());
            }
            self.say(News::Log(level, line));
        }
    }

    /// Something for the worker. One that talks without end is cut short.
    pub fn say(&mut self, news: News) {
        if self.news.len() < MOST_NEWS {
            self.news.push(news);
        }
    }

    /// A motor of a pad is to turn: 0 strong, 1 weak.
    pub fn rumble(&mut self, port: u32, effect: u32, strength: u16) -> bool {
        let (Some(rumble), true) = (self.rumbles.get_mut(port as usize), effect < 2) else { return false };
        let rumble = rumble.get_or_insert(self.shakes[port as usize]);
        rumble[effect as usize] = (strength >> 8) as u8;
        true
    }

    /// Pads that shake in another way since the last call: player, strong, weak.
    pub fn take_rumbles(&mut self) -> Vec<(u8, u8, u8)> {
        let mut changed = Vec::new();
        for (player, (rumble, shakes)) in (0..).zip(self.rumbles.iter_mut().zip(&mut self.shakes)) {
            if let Some([strong, weak]) = rumble.take().filter(|rumble| rumble != shakes) {
                *shakes = [strong, weak];
                changed.push((player, strong, weak));
            }
        }
        changed
    }

    /// How often the core runs. Rates are whole numbers here; the sound is stretched by what that changes.
    pub fn pace(&self) -> Pace {
        let fps = self.av.timing.fps;
        let tick_hz = if fps.is_finite() { fps.round().clamp(1.0, 240.0) as u16 } else { 60 };
        let ratio = self.av.geometry.aspect_ratio;
        let turned = !self.quarters.is_multiple_of(2);
        let aspect = (ratio.is_finite() && ratio > 0.0).then_some(if turned { 1.0 / ratio } else { ratio });
        Pace { tick_hz, aspect }
    }

    /// Tells the sound's rate, which goes with the pace.
    pub fn tune(&mut self) {
        let timing = self.av.timing;
        let fps = if timing.fps.is_finite() && timing.fps > 0.0 { timing.fps } else { 60.0 };
        let rate = timing.sample_rate * f64::from(self.pace().tick_hz) / fps;
        self.sound.set_rate(if (1_000.0..=400_000.0).contains(&rate) { rate } else { 48_000.0 });
    }

    /// The sound of this tick, as much as a tick may have.
    pub fn take_sound(&mut self) -> &[i16] {
        self.sound.convert();
        let len = self.sound.samples.len().min(MOST_FRAMES * CHANNELS);
        &self.sound.samples[..len]
    }

    /// Everything the player can choose.
    pub fn settings(&self) -> Vec<Setting> {
        let ports = (0..).zip(&self.kinds).filter(|(_, kinds)| kinds.len() > 1);
        let ports = ports.map(|(port, kinds)| port_setting(port, kinds, self.plugged[port]));
        self.options.shown().cloned().chain(ports).chain(self.disk_setting()).collect()
    }

    fn disk_setting(&self) -> Option<Setting> {
        let choices = (0..).zip(&self.disks.labels);
        let choices: Vec<Choice> =
            choices.map(|(at, label): (usize, _)| Choice { value: at.to_string(), label: label.clone() }).collect();
        let (key, label) = (DISK.to_owned(), "Disk in the drive".to_owned());
        let value = self.disks.inserted.to_string();
        (choices.len() > 1).then(|| Setting { key, label, choices, value, ..Setting::default() })
    }
}

/// The setting of which disk is in the drive.
pub const DISK: &str = "playfield/disk";
/// The setting of what is plugged into a port; its number follows.
pub const PORT: &str = "playfield/port/";

fn port_setting(port: usize, kinds: &[Kind], plugged: c_uint) -> Setting {
    let none = Kind { id: device::NONE, label: "Nothing".to_owned() };
    let listed = kinds.iter().any(|kind| kind.id == device::NONE);
    let all = kinds.iter().chain((!listed).then_some(&none));
    let choices = all.map(|kind| Choice { value: kind.id.to_string(), label: kind.label.clone() }).collect();
    Setting {
        key: format!("{PORT}{port}"),
        label: format!("Player {} uses", port + 1),
        group: "Controllers".to_owned(),
        choices,
        value: plugged.to_string(),
        ..Setting::default()
    }
}

/// A path for C. One with a zero byte cannot exist.
pub fn c_path(path: &Path) -> CString {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}
