//! The process of a core: opens it, and makes pictures when the worker asks for them.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use playfield_core::frame::PixelFormat;
use playfield_core::input::{Key, MAX_PLAYERS, PlayerInput, TickInput};

use super::abi::{memory, quirk};
use super::archive;
use super::core::{Content, Core, with};
use super::firmware;
use super::frontend::{DISK, Frontend, PORT};
use super::words::{
    FromCore, News, Opened, Opening, PALETTE, PAPERS, PAPERS_LEN, PICTURE, SHARED_LEN, SOUND, STATE, STATE_LEN, Ticked,
    ToCore,
};
use crate::confine::{HOME, confine};
use crate::process::{Link, LinkError, Shared};

/// Ticks between looks at the memory that is to be kept: what a crash may cost.
const KEEP_EVERY: u64 = 30;
/// Memory that is kept, and the keys it is kept under.
const KEPT: [(u32, &str); 2] = [(memory::SAVE_RAM, "sram"), (memory::RTC, "rtc")];
/// The key that choices are kept under.
const CHOICES: &str = "settings";

/// Serves the worker at the other end until it lets go.
pub fn run(socket: OwnedFd) -> Result<(), String> {
    let mut link = Link::new(socket);
    let (ask, memory) = link.receive_with(None).map_err(|error| error.to_string())?;
    let (ToCore::Open(opening), Some(memory)) = (ask, memory) else {
        return Err("the first message must be what to open".to_owned());
    };
    let mut rules = opening.rules.clone();
    rules.keep.extend([link.fd(), memory.as_raw_fd()]);
    // From here on this is the process behind the fence.
    let opened = confine(&rules).map_err(|error| error.to_string()).and_then(|_| {
        let shared = Shared::open(memory, SHARED_LEN).map_err(|error| error.to_string())?;
        Host::open(*opening, shared)
    });
    match opened {
        Ok((mut host, opened)) => {
            link.send(&FromCore::Opened(opened)).map_err(|error| error.to_string())?;
            match host.serve(&mut link) {
                Err(LinkError::Closed) => Ok(()),
                other => other.map_err(|error| error.to_string()),
            }
        }
        Err(why) => link.send(&FromCore::Failed(why)).map_err(|error| error.to_string()),
    }
}

struct Host {
    core: Core,
    shared: Shared,
    ticks: u64,
    before: TickInput,
    run_ahead: u8,
    /// The state that a run ahead goes back to.
    state: Vec<u8>,
    /// What was kept last, as in [`KEPT`].
    kept: [Vec<u8>; KEPT.len()],
    scratch: Vec<u8>,
    bytes: Vec<u8>,
    /// Bytes of [`PAPERS`] that the next answer fills.
    papers: usize,
}

impl Host {
    fn open(opening: Opening, shared: Shared) -> Result<(Host, Opened), String> {
        let mut bytes = vec![0; (opening.kept as usize).min(PAPERS_LEN)];
        let kept: BTreeMap<String, Vec<u8>> = if shared.read(PAPERS, &mut bytes) {
            postcard::from_bytes(&bytes).unwrap_or_default()
        } else {
            BTreeMap::new()
        };
        let chosen: BTreeMap<String, String> =
            kept.get(CHOICES).and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
        let choices: BTreeMap<String, String> = opening.options.into_iter().chain(chosen.clone()).collect();
        let frontend = Frontend::new(&opening.system, Path::new(HOME), &opening.core, choices.clone());
        let mut core = Core::open(&opening.core, frontend)?;
        load(&mut core, opening.content.as_deref(), &opening.system, &opening.core)?;
        let mut host = Host {
            core,
            shared,
            ticks: 0,
            before: TickInput::default(),
            run_ahead: opening.run_ahead,
            state: Vec::new(),
            kept: Default::default(),
            scratch: Vec::new(),
            bytes: Vec::new(),
            papers: 0,
        };
        for (place, (kind, key)) in host.kept.iter_mut().zip(KEPT) {
            if let Some(bytes) = kept.get(key).filter(|bytes| host.core.set_memory(kind, bytes)) {
                place.clone_from(bytes);
            } else {
                host.core.memory(kind, place);
            }
        }
        for (key, value) in choices.iter().filter(|(key, _)| key.starts_with(PORT)) {
            host.plug(key, value);
        }
        host.core.list_disks();
        host.core.update_options();
        let no_states = host.no_states();
        if no_states.is_some() {
            host.run_ahead = 0;
        }
        let info = host.core.info();
        let name = format!("{} {}", info.name, info.version).trim().to_owned();
        let (pace, geometry) = with(|frontend| {
            frontend.settings_changed = true;
            frontend.pace_changed = false;
            Some((frontend.pace(), frontend.av.geometry))
        })
        .ok_or("the core is gone")?;
        let size = |pixels: u32| u16::try_from(pixels).unwrap_or(1).max(1);
        let shape = playfield_core::frame::Shape {
            width: size(geometry.base_width),
            height: size(geometry.base_height),
            format: PixelFormat::Indexed8,
        };
        let news = host.news();
        Ok((host, Opened { name, pace, shape, no_states, news }))
    }

    fn no_states(&mut self) -> Option<String> {
        let quirks = with(|frontend| frontend.quirks);
        if quirks & quirk::SINGLE_SESSION != 0 {
            return Some("its core can only go back to states of the same run".to_owned());
        }
        match self.core.state_size() {
            0 if quirks & quirk::MUST_INITIALIZE == 0 => Some("its core cannot save states".to_owned()),
            size if size > STATE_LEN => Some(format!("its core's state takes {} MiB", size >> 20)),
            _ => None,
        }
    }

    fn serve(&mut self, link: &mut Link) -> Result<(), LinkError> {
        loop {
            let answer = match link.receive(None)? {
                ToCore::Tick(input) => {
                    let ticked = self.tick(input);
                    let failed = with(|frontend| frontend.failed.take());
                    failed.map_or(FromCore::Ticked(ticked), FromCore::Failed)
                }
                ToCore::Save => self.save(),
                ToCore::Load(bytes) => self.load(bytes),
                ToCore::Set(key, value) => {
                    self.set(&key, &value);
                    continue;
                }
                ToCore::Finish => {
                    self.keep();
                    let news = self.news();
                    // The core is let go of after that: some write their files only then.
                    return link.send(&FromCore::Finished(news));
                }
                ToCore::Open(_) => return Err(LinkError::Garbage),
            };
            link.send(&answer)?;
            self.papers = 0;
        }
    }

    fn tick(&mut self, input: TickInput) -> Ticked {
        self.ticks += 1;
        with(|frontend| {
            frontend.shape = None;
            frontend.input = input.clone();
        });
        for (before, now) in self.before.players.iter().zip(&input.players) {
            self.core.type_keys(before, now);
        }
        self.before = input;
        self.run();
        if self.ticks.is_multiple_of(KEEP_EVERY) {
            self.keep();
        }
        let shared = &mut self.shared;
        let (picture, sound, exited) = with(|frontend| {
            let picture = frontend.shape.filter(|_| {
                let painter = &frontend.painter;
                shared.write(PICTURE, painter.pixels()) && shared.write(PALETTE, painter.palette().as_flattened())
            });
            let sound = frontend.take_sound();
            self.bytes.clear();
            self.bytes.extend(sound.iter().flat_map(|sample| sample.to_le_bytes()));
            let frames = if shared.write(SOUND, &self.bytes) { self.bytes.len() / 4 } else { 0 };
            (picture, frames as u32, frontend.exited)
        });
        Ticked { picture, sound, news: self.news(), exited }
    }

    /// Makes the picture. Running ahead, the one of a few ticks later is shown, as it would be if nothing else were pressed.
    fn run(&mut self) {
        if self.run_ahead == 0 {
            return self.core.run();
        }
        with(|frontend| (frontend.looks, frontend.listens) = (false, true));
        self.core.run();
        let size = self.core.state_size();
        self.state.resize(size, 0);
        let saved = size > 0 && self.core.save(&mut self.state);
        if !saved {
            with(|frontend| frontend.log(2, "running ahead ends: the state could not be saved"));
            self.run_ahead = 0;
            return with(|frontend| frontend.looks = true);
        }
        for left in (0..self.run_ahead).rev() {
            with(|frontend| (frontend.looks, frontend.listens) = (left == 0, false));
            self.core.run();
        }
        self.core.restore(&self.state);
        with(|frontend| (frontend.looks, frontend.listens) = (true, true));
    }

    /// Looks whether memory that is to be kept changed.
    fn keep(&mut self) {
        for (n, (kind, key)) in KEPT.into_iter().enumerate() {
            self.core.memory(kind, &mut self.scratch);
            if self.scratch != self.kept[n] {
                std::mem::swap(&mut self.scratch, &mut self.kept[n]);
                let bytes = std::mem::take(&mut self.kept[n]);
                self.say_kept(key, &bytes);
                self.kept[n] = bytes;
            }
        }
    }

    fn say_kept(&mut self, key: &str, bytes: &[u8]) {
        if let Some((at, len)) = self.file(bytes) {
            with(|frontend| frontend.news.push(News::Keep(key.to_owned(), at, len)));
        }
    }

    /// Lays bytes down for the worker.
    fn file(&mut self, bytes: &[u8]) -> Option<(u32, u32)> {
        let at = self.papers;
        if at + bytes.len() > PAPERS_LEN || !self.shared.write(PAPERS + at, bytes) {
            return None;
        }
        self.papers += bytes.len();
        Some((at as u32, bytes.len() as u32))
    }

    /// Takes what there is to say.
    fn news(&mut self) -> Vec<News> {
        if with(|frontend| std::mem::take(&mut frontend.settings_changed)) {
            let settings = with(|frontend| frontend.settings());
            let written = serde_json::to_vec(&settings).ok().and_then(|json| self.file(&json));
            with(|frontend| frontend.news.extend(written.map(|(at, len)| News::Settings(at, len))));
        }
        with(|frontend| {
            if std::mem::take(&mut frontend.pace_changed) {
                frontend.tune();
                let pace = frontend.pace();
                frontend.news.push(News::Pace(pace));
            }
            let rumbles = frontend.take_rumbles();
            frontend.news.extend(rumbles.into_iter().map(|(player, strong, weak)| News::Rumble(player, strong, weak)));
            std::mem::take(&mut frontend.news)
        })
    }

    fn save(&mut self) -> FromCore {
        let size = self.core.state_size();
        if size == 0 || size > STATE_LEN {
            return FromCore::Refused(format!("its core offers a state of {size} bytes"));
        }
        self.state.resize(size, 0);
        if !self.core.save(&mut self.state) || !self.shared.write(STATE, &self.state) {
            return FromCore::Refused("its core could not write its state".to_owned());
        }
        FromCore::Saved(size as u32)
    }

    fn load(&mut self, bytes: u32) -> FromCore {
        self.state.resize((bytes as usize).min(STATE_LEN), 0);
        if self.shared.read(STATE, &mut self.state) && self.core.restore(&self.state) {
            // Nobody knows what was held when it was saved. So every key is let go of, and with the next picture those go down
            // again that are held.
            let all = PlayerInput { keys: (0..=255).map(Key).collect(), ..PlayerInput::default() };
            self.core.type_keys(&all, &PlayerInput::default());
            self.before = TickInput::default();
            FromCore::Loaded
        } else {
            FromCore::Refused("its core does not take up this state".to_owned())
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        let done = if key == DISK {
            value.parse().is_ok_and(|index| self.core.insert_disk(index))
        } else if key.starts_with(PORT) {
            self.plug(key, value)
        } else {
            with(|frontend| frontend.options.set(key, value))
        };
        if !done {
            return with(|frontend| frontend.say(News::Message(format!("{key} cannot be set to {value}"))));
        }
        self.core.update_options();
        let chosen = with(|frontend| {
            frontend.settings_changed = true;
            if key.starts_with(PORT) {
                frontend.options.choose([(key.to_owned(), value.to_owned())]);
            }
            frontend.options.chosen().clone()
        });
        if let Ok(json) = serde_json::to_vec(&chosen) {
            self.say_kept(CHOICES, &json);
        }
    }

    fn plug(&mut self, key: &str, value: &str) -> bool {
        let port = key.strip_prefix(PORT).and_then(|port| port.parse::<u32>().ok());
        let (Some(port), Ok(device)) = (port.filter(|port| *port < MAX_PLAYERS as u32), value.parse()) else {
            return false;
        };
        let known = with(|frontend| frontend.kinds[port as usize].iter().any(|kind| kind.id == device));
        if known || device == super::abi::device::NONE {
            self.core.plug(port, device);
            return true;
        }
        false
    }
}

/// Where an archive is unpacked.
const UNPACKED: &str = "/tmp/content";

/// Gives a core its content, or says why it does not want it.
fn load(core: &mut Core, path: Option<&Path>, system: &Path, core_path: &Path) -> Result<(), String> {
    let info = core.info().clone();
    let is_read = |path: &Path| info.takes_archives || Content::at(path).is_one_of(&info.extensions);
    let unpacked = match path {
        Some(path) if archive::is_one(path) && !is_read(path) => {
            Some(archive::unpack(path, Path::new(UNPACKED), &info.extensions)?)
        }
        _ => None,
    };
    let content = unpacked.as_deref().or(path).map(|path| {
        let mut content = Content::at(path);
        if !info.extensions.is_empty() && !content.is_one_of(&info.extensions) {
            let known = info.extensions.replace('|', ", ");
            return Err(format!("{} plays files that end in {known}; {} is none", info.name, path.display()));
        }
        let special =
            with(|frontend| frontend.overrides.iter().find(|one| content.is_one_of(&one.extensions)).cloned());
        if !special.map_or(info.need_fullpath, |one| one.need_fullpath) {
            content.bytes =
                std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        }
        Ok(content)
    });
    if core.load(content.transpose()?) {
        return core.begin_graphics();
    }
    let said = with(|frontend| std::mem::take(&mut frontend.said));
    let said = if said.is_empty() { String::new() } else { format!("; it said: {}", said.join(" / ")) };
    let graphics = with(|frontend| frontend.no_graphics.take()).map(|why| format!("; {why}")).unwrap_or_default();
    let wanted = firmware::missing(core_path, system);
    Err(format!("{} does not take its content{said}{graphics}{wanted}", info.name))
}
