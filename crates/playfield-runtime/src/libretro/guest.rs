//! A core as a [`Guest`]: the worker's side.

use std::path::Path;
use std::time::{Duration, Instant};

use playfield_core::frame::{CHANNELS, Damage, Picture, PixelFormat, Rect, Shape};
use playfield_core::frame::{MAX_HEIGHT, MAX_WIDTH};
use playfield_core::input::{MAX_PLAYERS, MAX_RUMBLE_MS, Rumble, TickInput};
use playfield_core::setting::Setting;
use serde::de::DeserializeOwned;

use super::firmware;
use super::words::{
    FromCore, MOST_FRAMES, News, Opened, Opening, PALETTE, PAPERS, PAPERS_LEN, PICTURE, Pace, SHARED_LEN, SOUND, STATE,
    STATE_LEN, Ticked, ToCore,
};
use crate::confine::resident;
use crate::process::{LinkError, Process, Shared};
use crate::{Guest, GuestConfig, GuestError, GuestEvent, LogLevel, Snapshot, Tick};

/// How long a core may take to open, to make a picture, and to save or take up a state.
const OPENS: Duration = Duration::from_secs(15);
const TICKS: Duration = Duration::from_secs(3);
const SAVES: Duration = Duration::from_secs(3);
/// How often it is looked, while a core takes long, whether it takes too much memory.
const LOOK: Duration = Duration::from_millis(20);
/// How long a process that let go of its end may take to end.
const ENDS: Duration = Duration::from_millis(500);
/// Memory that a process has beyond its limit at least, in bytes, before the kernel says no: its own and the system's libraries'.
const SLACK: u64 = 256 << 20;
/// What its graphics driver is told: it keeps shaders in the core's home, up to so much.
const DRIVERS: [(&str, &str); 1] = [("MESA_SHADER_CACHE_MAX_SIZE", "64M")];
/// What states begin with; then the core's name and a zero byte.
const MAGIC: &[u8] = b"libretro state 1\n";

/// A core in a process of its own.
pub struct LibretroGuest {
    process: Process,
    shared: Shared,
    name: String,
    pace: Pace,
    no_states: Option<String>,
    ticks: u64,
    picture: Picture,
    /// The picture of this tick before it is known to be another one.
    pixels: Vec<u8>,
    palette: Vec<u8>,
    audio: Vec<i16>,
    bytes: Vec<u8>,
    events: Vec<GuestEvent>,
    shakes: [Rumble; MAX_PLAYERS],
    storage_limit: u64,
    memory: Memory,
    finished: bool,
}

/// What its processes take, in bytes.
#[derive(Clone, Copy, Debug)]
struct Memory {
    limit: u64,
    seen: u64,
}

impl Memory {
    /// Looks. False: it is too much.
    fn look(&mut self, process: &Process) -> bool {
        self.seen = resident(process.id()).unwrap_or(self.seen);
        self.seen <= self.limit
    }

    fn error(self) -> GuestError {
        GuestError::OutOfMemory { limit_mb: self.limit >> 20 }
    }
}

impl LibretroGuest {
    /// Starts `program guest libretro` and lets it open a core.
    pub fn open(program: &Path, opening: Opening, config: &GuestConfig) -> Result<LibretroGuest, GuestError> {
        let failed =
            |error: &dyn std::fmt::Display| GuestError::BadModule(format!("its process does not start: {error}"));
        let mut shared = Shared::create(SHARED_LEN).map_err(|error| failed(&error))?;
        let kept = postcard::to_stdvec(&config.storage).map_err(|error| failed(&error))?;
        if kept.len() > PAPERS_LEN || !shared.write(PAPERS, &kept) {
            return Err(failed(&"what was kept is too much"));
        }
        let mut process = Process::start_with(program, "libretro", &DRIVERS).map_err(|error| failed(&error))?;
        let wanted = firmware::missing(&opening.core, &opening.system);
        let mut memory = Memory { limit: opening.rules.memory_limit, seen: 0 };
        let mut opening = Opening { kept: kept.len() as u32, ..opening };
        // The worker watches it. What the kernel forbids is more, so that it is known which of the two it was.
        opening.rules.memory_limit = memory.limit.saturating_mul(2).max(memory.limit + SLACK);
        let open = ToCore::Open(Box::new(opening));
        process.link().send_with(&open, Some(shared.file())).map_err(|error| failed(&error))?;
        let opened = answer(&mut process, &mut memory, OPENS, "starting").map_err(|error| match error {
            // Cores that lack firmware are not all so kind as to say so.
            GuestError::Trap(what) => GuestError::BadModule(format!("{what} while it opened its content{wanted}")),
            other => other,
        });
        let opened = match opened? {
            FromCore::Opened(opened) => opened,
            FromCore::Failed(why) => return Err(GuestError::BadModule(why)),
            _ => return Err(lost(&mut process, memory, LinkError::Garbage, "starting")),
        };
        let Opened { name, pace, shape, no_states, news } = opened;
        let Shape { width, height, format } = clamped(shape);
        let mut guest = LibretroGuest {
            process,
            shared,
            name,
            pace: sane(pace),
            no_states,
            ticks: 0,
            picture: Picture::black(width, height, format),
            pixels: Vec::new(),
            palette: Vec::new(),
            audio: Vec::new(),
            bytes: Vec::new(),
            events: Vec::new(),
            shakes: Default::default(),
            storage_limit: config.storage_limit,
            memory,
            finished: false,
        };
        guest.hear(news);
        Ok(guest)
    }

    /// The core's name and version.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn ask(&mut self, ask: &ToCore, patience: Duration, what: &'static str) -> Result<FromCore, GuestError> {
        match self.process.link().send(ask) {
            Ok(()) => answer(&mut self.process, &mut self.memory, patience, what),
            Err(error) => Err(lost(&mut self.process, self.memory, error, what)),
        }
    }

    fn take_picture(&mut self, shape: Option<Shape>) -> Damage {
        let Some(shape) = shape.filter(|shape| clamped(*shape) == *shape) else { return Damage::None };
        let Shape { width, height, format } = shape;
        self.pixels.resize(usize::from(width) * usize::from(height) * format.bytes_per_pixel(), 0);
        let mut whole = self.shared.read(PICTURE, &mut self.pixels);
        let colours = if format == PixelFormat::Indexed8 { 256 } else { 0 };
        self.palette.resize(colours * 3, 0);
        whole &= self.shared.read(PALETTE, &mut self.palette);
        if !whole {
            return Damage::None;
        }
        let same_shape = self.picture.shape() == shape;
        let same_palette = self.picture.palette.as_flattened() == self.palette;
        let damage = if same_shape && same_palette { self.changed_rows(shape) } else { Damage::All };
        if !same_palette {
            self.picture.palette.clear();
            self.picture.palette.extend(self.palette.chunks_exact(3).map(|rgb| [rgb[0], rgb[1], rgb[2]]));
        }
        (self.picture.width, self.picture.height, self.picture.format) = (width, height, format);
        std::mem::swap(&mut self.picture.pixels, &mut self.pixels);
        damage
    }

    /// Which rows differ from the picture before, which has the same shape.
    fn changed_rows(&self, shape: Shape) -> Damage {
        let stride = usize::from(shape.width) * shape.format.bytes_per_pixel();
        let mut rows = self.pixels.chunks_exact(stride).zip(self.picture.pixels.chunks_exact(stride));
        let differ = |(new, old): (&[u8], &[u8])| new != old;
        let Some(first) = rows.position(differ) else { return Damage::None };
        let after = rows.rposition(differ).map_or(0, |last| last + 1);
        Damage::Area(Rect { x: 0, y: first as u16, width: shape.width, height: after as u16 + 1 })
    }

    fn take_sound(&mut self, frames: u32) {
        self.audio.clear();
        self.bytes.resize((frames as usize).min(MOST_FRAMES) * CHANNELS * 2, 0);
        if self.shared.read(SOUND, &mut self.bytes) {
            self.audio.extend(self.bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        }
    }

    fn hear(&mut self, news: Vec<News>) {
        for one in news {
            match one {
                News::Log(level, line) => self.events.push(GuestEvent::Log { level: log_level(level), line }),
                News::Message(text) => self.events.push(GuestEvent::Message(text)),
                News::Keep(key, at, len) => self.keep(key, at, len),
                News::Settings(at, len) => {
                    if let Some(settings) = self.paper::<Vec<Setting>>(at, len) {
                        self.events.push(GuestEvent::Settings(settings));
                    }
                }
                News::Pace(pace) => self.pace = sane(pace),
                News::Rumble(player, strong, weak) => self.shake(player, Rumble { strong, weak, ms: MAX_RUMBLE_MS }),
            }
        }
        self.process.lines(|line| {
            let line = line.to_owned();
            self.events.push(GuestEvent::Log { level: LogLevel::Info, line });
        });
    }

    fn shake(&mut self, player: u8, rumble: Rumble) {
        if let Some(shakes) = self.shakes.get_mut(usize::from(player)) {
            *shakes = rumble;
            self.events.push(GuestEvent::Rumble { player, rumble });
        }
    }

    /// A pad shakes until its core says otherwise: that is said again before it ends by itself.
    fn keep_shaking(&mut self) {
        if !self.ticks.is_multiple_of(2 * u64::from(self.pace.tick_hz)) {
            return;
        }
        let shaking = (0..).zip(self.shakes).filter(|(_, rumble)| !rumble.is_still());
        self.events.extend(shaking.map(|(player, rumble)| GuestEvent::Rumble { player, rumble }));
    }

    fn keep(&mut self, key: String, at: u32, len: u32) {
        if u64::from(len) > self.storage_limit {
            let limit = self.storage_limit >> 10;
            let line = format!("`{key}` takes {len} bytes, and the title may keep {limit} KiB: it is not kept");
            return self.events.push(GuestEvent::Log { level: LogLevel::Error, line });
        }
        if let Some(bytes) = self.paper_bytes(at, len) {
            self.events.push(GuestEvent::Stored { key, value: Some(bytes) });
        }
    }

    fn paper<T: DeserializeOwned>(&self, at: u32, len: u32) -> Option<T> {
        serde_json::from_slice(&self.paper_bytes(at, len)?).ok()
    }

    fn paper_bytes(&self, at: u32, len: u32) -> Option<Vec<u8>> {
        let (at, len) = (at as usize, len as usize);
        let inside = at.checked_add(len).is_some_and(|end| end <= PAPERS_LEN);
        let mut bytes = vec![0; if inside { len } else { 0 }];
        (inside && self.shared.read(PAPERS + at, &mut bytes)).then_some(bytes)
    }

    fn head(&self) -> Vec<u8> {
        [MAGIC, self.name.as_bytes(), &[0]].concat()
    }
}

impl Guest for LibretroGuest {
    fn tick_hz(&self) -> u16 {
        self.pace.tick_hz
    }

    fn aspect(&self) -> Option<f32> {
        self.pace.aspect
    }

    fn tick(&mut self, input: &TickInput) -> Result<Tick, GuestError> {
        let answer = self.ask(&ToCore::Tick(input.clone()), TICKS, "a picture")?;
        let Ticked { picture, sound, news, exited } = match answer {
            FromCore::Ticked(ticked) => ticked,
            FromCore::Failed(why) => return Err(GuestError::Trap(why)),
            _ => return Err(GuestError::Trap("its process does not speak as it should".to_owned())),
        };
        self.ticks += 1;
        if self.ticks.is_multiple_of(self.pace.tick_hz.into()) && !self.memory.look(&self.process) {
            return Err(self.memory.error());
        }
        let damage = self.take_picture(picture);
        self.take_sound(sound);
        self.hear(news);
        self.keep_shaking();
        Ok(Tick { damage, exited })
    }

    fn tick_count(&self) -> u64 {
        self.ticks
    }

    fn picture(&self) -> &Picture {
        &self.picture
    }

    fn audio(&self) -> &[i16] {
        &self.audio
    }

    fn take_events(&mut self, into: &mut Vec<GuestEvent>) {
        into.append(&mut self.events);
    }

    fn choose(&mut self, key: &str, value: &str) {
        // What it says to that comes with the next picture; if it is gone, that is noticed then.
        let _ = self.process.link().send(&ToCore::Set(key.to_owned(), value.to_owned()));
    }

    fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        if let Ok(FromCore::Finished(news)) = self.ask(&ToCore::Finish, SAVES, "saving") {
            self.hear(news);
            // Whatever a core does at its end is its own concern, for as long as that is not long.
            let _ = self.process.end(ENDS);
        }
    }

    fn snapshots(&self) -> Result<(), GuestError> {
        self.no_states.clone().map_or(Ok(()), |why| Err(GuestError::NoSnapshot(why)))
    }

    fn snapshot(&mut self, into: &mut Snapshot) -> Result<(), GuestError> {
        self.snapshots()?;
        let len = match self.ask(&ToCore::Save, SAVES, "saving")? {
            FromCore::Saved(len) if len as usize <= STATE_LEN => len as usize,
            FromCore::Refused(why) => return Err(GuestError::NoSnapshot(why)),
            _ => return Err(GuestError::NoSnapshot("its process does not speak as it should".to_owned())),
        };
        let head = self.head();
        into.tick = self.ticks;
        into.bytes.clear();
        into.bytes.extend_from_slice(&head);
        into.bytes.resize(head.len() + len, 0);
        if self.shared.read(STATE, &mut into.bytes[head.len()..]) {
            return Ok(());
        }
        Err(GuestError::NoSnapshot("its state is too long".to_owned()))
    }

    fn restore(&mut self, from: &Snapshot) -> Result<(), GuestError> {
        let no = |why: &str| GuestError::NoSnapshot(why.to_owned());
        let state = from.bytes.strip_prefix(self.head().as_slice());
        let state = state.ok_or_else(|| no("it is the state of another core, or of another version of it"))?;
        if state.len() > STATE_LEN || !self.shared.write(STATE, state) {
            return Err(no("its state is too long"));
        }
        match self.ask(&ToCore::Load(state.len() as u32), SAVES, "going back")? {
            FromCore::Loaded => (self.ticks, self.shakes) = (from.tick, Default::default()),
            FromCore::Refused(why) => return Err(GuestError::NoSnapshot(why)),
            _ => return Err(no("its process does not speak as it should")),
        }
        Ok(())
    }
}

/// Waits for an answer; while that takes long, with an eye on memory.
fn answer(
    process: &mut Process,
    memory: &mut Memory,
    patience: Duration,
    what: &'static str,
) -> Result<FromCore, GuestError> {
    let until = Instant::now() + patience;
    loop {
        match process.link().receive(Some(LOOK)) {
            Err(LinkError::Late) if !memory.look(process) => return Err(memory.error()),
            Err(LinkError::Late) if Instant::now() < until => {}
            Err(error) => return Err(lost(process, *memory, error, what)),
            Ok(answer) => return Ok(answer),
        }
    }
}

/// Why there is no answer.
fn lost(process: &mut Process, memory: Memory, error: LinkError, what: &'static str) -> GuestError {
    match error {
        LinkError::Late => GuestError::Hung(what),
        // It was about to be ended for that.
        LinkError::Closed if memory.seen > memory.limit / 2 => memory.error(),
        LinkError::Closed => {
            let words = process.end(ENDS).map_or_else(|| "hung".to_owned(), |end| end.words());
            let said = process.last_words();
            if !said.is_empty() {
                tracing::warn!("a guest process {words}; it last said: {said}");
            }
            GuestError::Trap(format!("its process {words}"))
        }
        error => GuestError::Trap(format!("its process cannot be spoken to: {error}")),
    }
}

/// A shape as a picture may have it.
fn clamped(shape: Shape) -> Shape {
    let side = |size: u16, most: u16| size.clamp(1, most);
    let (long, short) = (MAX_WIDTH, MAX_HEIGHT);
    let (width, height) = if shape.width >= shape.height { (long, short) } else { (short, long) };
    Shape { width: side(shape.width, width), height: side(shape.height, height), ..shape }
}

/// A pace as a session may have it.
fn sane(pace: Pace) -> Pace {
    let aspect = pace.aspect.filter(|aspect| (0.1..=10.0).contains(aspect));
    Pace { tick_hz: pace.tick_hz.clamp(1, 240), aspect }
}

fn log_level(level: u8) -> LogLevel {
    match level {
        0 => LogLevel::Debug,
        1 => LogLevel::Info,
        2 => LogLevel::Warn,
        _ => LogLevel::Error,
    }
}
