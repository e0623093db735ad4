//! `title.toml`: what a creator says about a title.
//!
//! A bare `.wasm` file is a title too: [`Manifest::for_module`] says what is assumed of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::camera::Camera;
use crate::codec::Codec;

/// Most a title may ask to store for each player, in KiB: it travels in one line between node and worker.
pub const MOST_STORAGE_KB: u32 = 8 * 1024;

/// A way of playing that a title understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// Gamepad, or the keys and the on-screen pad that stand for one.
    Pad,
    /// Keyboard.
    Keys,
    /// Mouse position and buttons.
    Mouse,
    /// Mouse motion without a position; the player locks the pointer.
    Motion,
    /// Fingers.
    Touch,
    /// Typed text.
    Text,
}

/// What a creator says about a title. Unknown keys are refused by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// 1 to 64 of `a-z 0-9 -`; the address of the title: `/play/ID`.
    pub id: String,
    /// The name players read, 1 to 80 characters.
    pub name: String,
    /// Semantic version of this release.
    #[serde(default = "default_version")]
    pub version: String,
    /// One or two sentences, at most 400 characters.
    #[serde(default)]
    pub summary: String,
    /// The module, a path beside the manifest. A program has none.
    #[serde(default = "own_file")]
    pub entry: String,
    /// A PNG beside the manifest; without it the catalogue shows a picture of the running title.
    #[serde(default)]
    pub cover: Option<String>,
    /// Who made it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// SPDX expression of its licence.
    #[serde(default)]
    pub licence: Option<String>,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether the catalogue shows it on its shelf. `false` is for what is no game, such as a test picture: whoever searches
    /// for it or knows its address finds it all the same.
    #[serde(default = "yes")]
    pub listed: bool,
    /// How many can play.
    #[serde(default)]
    pub players: Players,
    /// The ways of playing it understands.
    #[serde(default = "default_input")]
    pub input: Vec<InputKind>,
    /// Whether the keys that stand for a pad's buttons press them too. A title that acts on keys and on the pad says no.
    #[serde(default = "yes")]
    pub keys_as_pad: bool,
    /// What one session may take.
    #[serde(default)]
    pub limits: Limits,
    /// The entry is content of a libretro core.
    #[serde(default)]
    pub libretro: Option<Libretro>,
    /// The title is a program that is installed on the node.
    #[serde(default)]
    pub program: Option<Program>,
}

/// What plays the entry, where that is a libretro core.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Libretro {
    /// The core's name: `nestopia` is `nestopia_libretro.so` in one of the node's folders of cores.
    pub core: String,
    /// Pictures of the content's own delay that are hidden by stepping ahead, at most [`MOST_RUN_AHEAD`].
    #[serde(default)]
    pub run_ahead: u8,
    /// Values of the core's options that this title wants in place of the core's own.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

/// A Linux program, as it is installed on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The program, by its name on the path or where it lies; then its arguments.
    pub command: Vec<String>,
    /// What its environment has besides what every program's has.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Its working folder. Without one it begins in its home, which is kept for each player.
    #[serde(default)]
    pub folder: Option<String>,
    /// Width and height of the screen it begins with, in pixels.
    #[serde(default = "screen")]
    pub size: [u16; 2],
    /// Whether the screen takes the size of the player's window, where the program lets it.
    #[serde(default = "yes")]
    pub resize: bool,
    /// Most pictures a second, 1 to 120.
    #[serde(default = "sixty")]
    pub max_fps: u16,
    /// What its pictures are coded as, where they are video.
    #[serde(default)]
    pub codec: Codec,
    /// Whether it reaches the node's network. Without it, it reaches nothing.
    #[serde(default)]
    pub network: bool,
    /// Whether players may let it hear their microphone. Without it, its microphone is silent.
    #[serde(default)]
    pub microphone: bool,
    /// Files and folders of the node that it may read besides the system's own.
    #[serde(default)]
    pub read: Vec<String>,
    /// The layout its keyboard has, as XKB names it: `de`, `fr`, `us(intl)`. Players' keys are told by their place.
    #[serde(default = "us")]
    pub keyboard: String,
    /// What players' gamepads are to it.
    #[serde(default)]
    pub pads: Pads,
    /// Keys that buttons stand for, where pads are keys, besides the usual ones: `a = "Space"`.
    #[serde(default)]
    pub pad_keys: BTreeMap<String, String>,
}

/// What players' gamepads are to a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pads {
    /// Input devices, where the node can make them; otherwise keys.
    #[default]
    Devices,
    /// Keys: for a program that knows no pads.
    Keys,
}

impl Program {
    /// A program of which nothing but its command is known.
    pub fn new(command: Vec<String>) -> Program {
        Program {
            command,
            environment: BTreeMap::new(),
            folder: None,
            size: screen(),
            resize: yes(),
            max_fps: sixty(),
            codec: Codec::default(),
            network: false,
            microphone: false,
            read: Vec::new(),
            keyboard: us(),
            pads: Pads::default(),
            pad_keys: BTreeMap::new(),
        }
    }
}

const fn screen() -> [u16; 2] {
    [1280, 720]
}

const fn sixty() -> u16 {
    60
}

fn us() -> String {
    "us".to_owned()
}

/// What kind of guest a title is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Kind {
    /// A WebAssembly module.
    #[default]
    Wasm,
    /// Content of a libretro core.
    Libretro {
        /// The core, and how it is to be.
        #[serde(flatten)]
        libretro: Libretro,
        /// The content's file name; cores look at how it ends.
        file: String,
    },
    /// A Linux program.
    Program {
        /// What it is started with.
        #[serde(flatten)]
        program: Program,
    },
    /// A camera: a pipeline from pictures to metadata.
    Camera {
        /// What it is to do.
        camera: Box<Camera>,
    },
}

impl Kind {
    /// What its pictures are to be coded as, where they are video.
    pub fn codec(&self) -> Codec {
        match self {
            Kind::Program { program } => program.codec,
            _ => Codec::H264,
        }
    }

    /// Whether it makes its pictures when it likes, instead of when it is asked for one.
    pub fn runs_free(&self) -> bool {
        matches!(self, Kind::Program { .. } | Kind::Camera { .. })
    }

    /// Whether everybody shares one keyboard and one pointer; else each seat has its own.
    pub const fn has_one_desk(&self) -> bool {
        match self {
            Kind::Wasm | Kind::Libretro { .. } | Kind::Camera { .. } => false,
            Kind::Program { .. } => true,
        }
    }
}

impl Kind {
    /// Whether players may let it hear their microphone.
    pub const fn has_microphone(&self) -> bool {
        match self {
            Kind::Wasm | Kind::Libretro { .. } | Kind::Camera { .. } => false,
            Kind::Program { program } => program.microphone,
        }
    }
}

/// Most pictures of delay that can be hidden: each costs a run of the core for every picture.
pub const MOST_RUN_AHEAD: u8 = 4;
/// Memory of a libretro core where nothing is said, in MiB.
const CORE_MEMORY_MB: u32 = 512;
/// Memory of a program where nothing is said, in MiB.
const PROGRAM_MEMORY_MB: u32 = 2048;
/// The manifest's own file name.
const FILE: &str = "title.toml";

/// How many can play at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Players {
    /// Fewest, at least 1.
    pub min: u8,
    /// Most, at most 4.
    pub max: u8,
}

impl Default for Players {
    fn default() -> Self {
        Players { min: 1, max: 1 }
    }
}

/// What one session of a title may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Linear memory, in MiB.
    pub memory_mb: u32,
    /// Stored bytes for each player and title, in KiB.
    pub storage_kb: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory_mb: 64, storage_kb: 1024 }
    }
}

fn default_version() -> String {
    "0.1.0".to_owned()
}

/// What [`Manifest::keys_as_pad`] and [`Manifest::listed`] are where nothing is said.
pub(crate) const fn yes() -> bool {
    true
}

fn own_file() -> String {
    FILE.to_owned()
}

fn default_input() -> Vec<InputKind> {
    vec![InputKind::Pad]
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or not these keys.
    #[error("title.toml does not parse: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A value outside its range.
    #[error("title.toml: `{key}` {problem}")]
    Value {
        /// The key at fault.
        key: &'static str,
        /// What is wrong with it and what would be right.
        problem: String,
    },
}

impl Manifest {
    /// Reads `title.toml` and checks every value.
    pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
        let mut manifest: Manifest = toml::from_str(text)?;
        let native = manifest.program.as_ref().map(|_| PROGRAM_MEMORY_MB);
        let native = native.or(manifest.libretro.as_ref().map(|_| CORE_MEMORY_MB));
        if let Some(memory_mb) = native.filter(|_| !says(text, &["limits", "memory_mb"])) {
            manifest.limits.memory_mb = memory_mb;
        }
        if manifest.program.is_some() && !says(text, &["input"]) {
            manifest.input = all_inputs();
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// What is assumed of a module that comes alone: its file name (without `.wasm`) names it.
    pub fn for_module(file_stem: &str, input: Vec<InputKind>, max_players: u8) -> Manifest {
        Manifest {
            id: id_from(file_stem),
            name: name_from(file_stem),
            version: default_version(),
            summary: String::new(),
            entry: format!("{file_stem}.wasm"),
            cover: None,
            authors: Vec::new(),
            licence: None,
            tags: Vec::new(),
            listed: true,
            players: Players { min: 1, max: max_players },
            input,
            keys_as_pad: true,
            limits: Limits::default(),
            libretro: None,
            program: None,
        }
    }

    /// What is assumed of a program that nothing but its command line is known of.
    pub fn for_program(command: Vec<String>) -> Manifest {
        let program = command.first().map(String::as_str).unwrap_or_default();
        let stem = program.rsplit('/').next().unwrap_or_default().to_owned();
        Manifest {
            entry: own_file(),
            limits: Limits { memory_mb: PROGRAM_MEMORY_MB, ..Limits::default() },
            program: Some(Program::new(command)),
            keys_as_pad: false,
            ..Manifest::for_module(&stem, all_inputs(), 4)
        }
    }

    /// What is assumed of content that comes alone, to be played by a core.
    pub fn for_content(file: &str, core: &str) -> Manifest {
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        // Not touch: whoever has fingers alone gets a pad on the screen.
        let input = vec![InputKind::Pad, InputKind::Mouse, InputKind::Keys];
        Manifest {
            entry: file.to_owned(),
            limits: Limits { memory_mb: CORE_MEMORY_MB, ..Limits::default() },
            libretro: Some(Libretro { core: core.to_owned(), ..Libretro::default() }),
            ..Manifest::for_module(stem, input, 4)
        }
    }

    /// What kind of guest it is.
    pub fn kind(&self) -> Kind {
        if let Some(program) = self.program.clone() {
            return Kind::Program { program };
        }
        let file = self.entry.rsplit('/').next().unwrap_or_default().to_owned();
        self.libretro.clone().map_or(Kind::Wasm, |libretro| Kind::Libretro { libretro, file })
    }

    fn check(&self) -> Result<(), ManifestError> {
        let value = |key, problem: &str| Err(ManifestError::Value { key, problem: problem.to_owned() });
        let id_chars = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 64 || !self.id.chars().all(id_chars) {
            return value("id", "must be 1 to 64 of a-z, 0-9 and -");
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 80 {
            return value("name", "must be 1 to 80 characters");
        }
        if self.summary.chars().count() > 400 {
            return value("summary", "must be at most 400 characters");
        }
        for (key, path) in [("entry", Some(&self.entry)), ("cover", self.cover.as_ref())] {
            if path.is_some_and(|path| !stays_beside(path)) {
                return value(key, "must be a relative path that stays beside the manifest");
            }
        }
        if self.players.min == 0 || self.players.max < self.players.min || self.players.max > 4 {
            return value("players", "must have 1 <= min <= max <= 4");
        }
        if self.entry == FILE && self.program.is_none() {
            return value("entry", "must name the module beside the manifest");
        }
        let most_mb = match (&self.program, &self.libretro) {
            (Some(_), Some(_)) => return value("program", "cannot stand beside `libretro`: a title is one of them"),
            (Some(_), None) => 65_536,
            (None, Some(_)) => 8192,
            (None, None) => 1024,
        };
        if !(1..=most_mb).contains(&self.limits.memory_mb) {
            return value("limits.memory_mb", &format!("must be 1 to {most_mb}"));
        }
        if let Some(libretro) = &self.libretro {
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+');
            if libretro.core.is_empty() || libretro.core.len() > 64 || !libretro.core.chars().all(word) {
                return value(
                    "libretro.core",
                    "must be the name of a core, such as \"nestopia\", without folder or ending",
                );
            }
            if libretro.run_ahead > MOST_RUN_AHEAD {
                return value("libretro.run_ahead", "must be at most 4");
            }
        }
        if let Some(program) = &self.program {
            program.check()?;
        }
        if self.limits.storage_kb > MOST_STORAGE_KB {
            return value("limits.storage_kb", "must be at most 8192");
        }
        Ok(())
    }
}

impl Program {
    fn check(&self) -> Result<(), ManifestError> {
        let value = |key, problem: &str| Err(ManifestError::Value { key, problem: problem.to_owned() });
        if self.command.first().is_none_or(String::is_empty) || self.command.len() > MOST_ARGUMENTS {
            return value("program.command", "must be the program and its arguments, such as [\"supertux2\"]");
        }
        let [width, height] = self.size;
        if !(64..=crate::frame::MAX_WIDTH).contains(&width) || !(64..=crate::frame::MAX_HEIGHT).contains(&height) {
            return value("program.size", "must be [width, height], each at least 64, at most [1920, 1080]");
        }
        if !(1..=120).contains(&self.max_fps) {
            return value("program.max_fps", "must be 1 to 120");
        }
        if self.folder.iter().chain(&self.read).any(|path| !path.starts_with('/')) {
            return value("program.read", "and `program.folder` must be whole paths on the node, from /");
        }
        if self.layout().is_none() {
            return value("program.keyboard", "must be a layout as XKB names it, such as \"de\" or \"us(intl)\"");
        }
        let name = |name: &String| !name.is_empty() && !name.contains(['=', '\0']);
        if !self.environment.keys().all(name) {
            return value("program.environment", "has a name that is none");
        }
        Ok(())
    }
}

impl Program {
    /// Its keyboard's layout, and the variant of it.
    pub fn layout(&self) -> Option<(&str, &str)> {
        let word = |text: &&str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            (1..=32).contains(&text.len()) && text.chars().all(plain)
        };
        match self.keyboard.split_once('(') {
            None => Some((self.keyboard.as_str(), "")).filter(|(layout, _)| word(layout)),
            Some((layout, rest)) => {
                Some((layout, rest.strip_suffix(')')?)).filter(|(layout, variant)| word(layout) && word(variant))
            }
        }
    }
}

/// Most words of a program's command.
const MOST_ARGUMENTS: usize = 256;

/// Whether the manifest says something itself.
fn says(text: &str, path: &[&str]) -> bool {
    let table = toml::from_str::<toml::Value>(text).ok();
    path.iter().try_fold(table, |value, key| Some(value?.get(key).cloned())).flatten().is_some()
}

/// What a program may take, of which nothing else is known.
fn all_inputs() -> Vec<InputKind> {
    use InputKind::{Keys, Motion, Mouse, Pad, Text, Touch};
    vec![Keys, Mouse, Motion, Pad, Touch, Text]
}

pub(crate) fn stays_beside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && !path.contains('\\') && path.split('/').all(|part| part != "..")
}

fn id_from(stem: &str) -> String {
    let mapped: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(64).collect();
    let trimmed = mapped.trim_matches('-');
    if trimmed.is_empty() { "untitled".to_owned() } else { trimmed.to_owned() }
}

fn name_from(stem: &str) -> String {
    let words = stem.split(|c: char| c == '-' || c == '_' || c.is_whitespace()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    let name = words.map(capital).collect::<Vec<_>>().join(" ");
    if name.is_empty() { "Untitled".to_owned() } else { name.chars().take(80).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_manifest_has_sensible_defaults() {
        let manifest = Manifest::parse("id = 'pong'\nname = 'Pong'\nentry = 'pong.wasm'").unwrap();
        assert_eq!(manifest.players, Players { min: 1, max: 1 });
        assert_eq!(manifest.input, [InputKind::Pad]);
        assert!(manifest.keys_as_pad && manifest.listed);
        assert_eq!(manifest.limits.memory_mb, 64);
    }

    #[test]
    fn a_wrong_value_is_named() {
        let check = |toml: &str, expect: &str| {
            let error = Manifest::parse(toml).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("id = 'Pong'\nname = 'Pong'\nentry = 'p.wasm'", "`id` must be");
        check("id = 'p'\nname = ''\nentry = 'p.wasm'", "`name` must be");
        check("id = 'p'\nname = 'P'\nentry = '../p.wasm'", "`entry` must be");
        check("id = 'p'\nname = 'P'\nentry = 'p.wasm'\nplayers = { min = 2, max = 1 }", "`players` must");
        check("id = 'p'\nname = 'P'\nentry = 'p.wasm'\ncolour = 'red'", "unknown field `colour`");
    }

    #[test]
    fn content_of_a_core_names_its_core_and_has_more_memory() {
        let toml = "id = 'p'\nname = 'P'\nentry = 'roms/p.nes'\n[libretro]\ncore = 'nestopia'\nrun_ahead = 1\n";
        let manifest = Manifest::parse(toml).unwrap();
        assert_eq!(manifest.limits.memory_mb, 512);
        let Kind::Libretro { libretro, file } = manifest.kind() else { panic!("{:?}", manifest.kind()) };
        assert_eq!((libretro.core.as_str(), libretro.run_ahead, file.as_str()), ("nestopia", 1, "p.nes"));
        let said = format!("{toml}[limits]\nmemory_mb = 32\n");
        assert_eq!(Manifest::parse(&said).unwrap().limits.memory_mb, 32);
        let refused = |from: &str, to: &str| Manifest::parse(&toml.replace(from, to)).unwrap_err().to_string();
        assert!(refused("'nestopia'", "'/tmp/x.so'").contains("`libretro.core` must be the name of a core"));
        assert!(refused("run_ahead = 1", "run_ahead = 5").contains("`libretro.run_ahead` must be at most 4"));
        let bare = Manifest::for_content("Cave Story.gb", "gambatte");
        assert_eq!((bare.id.as_str(), bare.entry.as_str()), ("cave-story", "Cave Story.gb"));
    }

    #[test]
    fn a_program_needs_no_module_and_may_take_every_input() {
        let toml = "id = 'tux'\nname = 'Tux'\n[program]\ncommand = ['supertux2', '--fullscreen']\n";
        let manifest = Manifest::parse(toml).unwrap();
        assert_eq!((manifest.limits.memory_mb, manifest.input.len()), (2048, 6));
        let Kind::Program { program } = manifest.kind() else { panic!("{:?}", manifest.kind()) };
        assert_eq!((program.size, program.max_fps, program.network), ([1280, 720], 60, false));
        assert!(!program.microphone && !manifest.kind().has_microphone());
        let hears = Manifest::parse(&format!("{toml}microphone = true")).unwrap();
        assert!(hears.kind().has_microphone());
        let refused = |line: &str| Manifest::parse(&format!("{toml}{line}")).unwrap_err().to_string();
        assert!(refused("size = [10, 10]").contains("`program.size` must be"));
        assert!(refused("read = ['games']").contains("whole paths"));
        assert!(refused("keyboard = '../de'").contains("`program.keyboard` must be"));
        assert!(refused("keyboard = 'us(intl'").contains("`program.keyboard` must be"));
        assert_eq!(program.layout(), Some(("us", "")));
        assert_eq!(Program { keyboard: "us(intl)".to_owned(), ..program }.layout(), Some(("us", "intl")));
        assert!(refused("[libretro]\ncore = 'x'").contains("one of them"));
        let bare = Manifest::for_program(vec!["/usr/games/supertux2".to_owned()]);
        assert_eq!((bare.id.as_str(), bare.name.as_str()), ("supertux2", "Supertux2"));
        let written = toml::to_string(&bare).unwrap();
        assert_eq!(Manifest::parse(&written).unwrap(), bare);
        assert!(Manifest::parse("id = 'p'\nname = 'P'").unwrap_err().to_string().contains("`entry` must name"));
    }

    #[test]
    fn a_bare_module_gets_its_name_from_its_file() {
        let manifest = Manifest::for_module("space_race 2", vec![InputKind::Pad], 4);
        assert_eq!((manifest.id.as_str(), manifest.name.as_str()), ("space-race-2", "Space Race 2"));
        assert_eq!(Manifest::for_module("---", vec![], 1).id, "untitled");
    }
}
