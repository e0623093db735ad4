//! `title.toml`: what a creator says about a title.
//!
//! A bare `.wasm` file is a title too: [`Manifest::for_module`] says what is assumed of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// The module, a path beside the manifest.
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
}

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
        let manifest: Manifest = toml::from_str(text)?;
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
        }
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
        if !(1..=1024).contains(&self.limits.memory_mb) {
            return value("limits.memory_mb", "must be 1 to 1024");
        }
        if self.limits.storage_kb > MOST_STORAGE_KB {
            return value("limits.storage_kb", "must be at most 8192");
        }
        Ok(())
    }
}

fn stays_beside(path: &str) -> bool {
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
    fn a_bare_module_gets_its_name_from_its_file() {
        let manifest = Manifest::for_module("space_race 2", vec![InputKind::Pad], 4);
        assert_eq!((manifest.id.as_str(), manifest.name.as_str()), ("space-race-2", "Space Race 2"));
        assert_eq!(Manifest::for_module("---", vec![], 1).id, "untitled");
    }
}
