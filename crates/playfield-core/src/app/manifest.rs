//! `app.toml`: what whoever made an edge app says about it.
//!
//! ```toml
//! id = "loading-bay"
//! name = "Loading bay"
//! entry = "loading-bay.wasm"
//! limits = { memory_mb = 2, tick_ms = 50 }
//!
//! [output]
//! bytes_per_minute = 4096
//!
//! [output.fields]
//! free = { kind = "boolean" }
//! seconds = { kind = "integer", min = 0, max = 86400 }
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ENVELOPE;
use super::schema::{Field, Schema};
use crate::manifest::stays_beside;

/// The manifest's own file name.
pub const FILE: &str = "app.toml";
/// Most bytes a minute, and fewest: a quarter of them must hold an object.
const BYTES: std::ops::RangeInclusive<u32> = 512..=1 << 20;
/// Most memory, in MiB.
const MOST_MEMORY_MB: u32 = 64;
/// Longest time for a picture, in milliseconds.
const MOST_TICK_MS: u32 = 1_000;

/// What whoever made an edge app says about it. Unknown keys are refused by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// 1 to 64 of `a-z 0-9 -`; the name of its folder.
    pub id: String,
    /// The name people read, 1 to 80 characters.
    pub name: String,
    /// Semantic version of this release.
    #[serde(default = "first_version")]
    pub version: String,
    /// One or two sentences, at most 400 characters.
    #[serde(default)]
    pub summary: String,
    /// The module, a path beside the manifest.
    pub entry: String,
    /// Who made it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// SPDX expression of its licence.
    #[serde(default)]
    pub licence: Option<String>,
    /// Whether it wants to see pixels. It does only where its camera allows it too.
    #[serde(default)]
    pub pixels: bool,
    /// Whether an AITRIOS app is given what the camera's model made of a picture as it is, in place of what was found.
    #[serde(default)]
    pub tensors: bool,
    /// Whether an AITRIOS app is given the picture in its own size as well, where it sees pixels.
    #[serde(default)]
    pub raw_image: bool,
    /// What it may take.
    #[serde(default)]
    pub limits: Limits,
    /// What it says. Not said: what SmartCamera metadata says of objects, as an AITRIOS app needs it that knows nothing of this file.
    #[serde(default = "super::aitrios::output")]
    pub output: Output,
}

/// What an edge app may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Linear memory, in MiB, 1 to 64.
    pub memory_mb: u32,
    /// Time for one picture, in milliseconds, 1 to 1,000. It is looked at every 50 ms.
    pub tick_ms: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { memory_mb: 8, tick_ms: 100 }
    }
}

impl Limits {
    /// Linear memory, in bytes.
    pub fn memory(&self) -> u64 {
        u64::from(self.memory_mb) << 20
    }

    /// Time for one picture.
    pub fn tick(&self) -> Duration {
        Duration::from_millis(self.tick_ms.into())
    }
}

/// What an edge app says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Most bytes that leave in a minute.
    pub bytes_per_minute: u32,
    /// Each field of what it says.
    pub fields: BTreeMap<String, Field>,
}

impl Output {
    /// What is held against it.
    pub fn schema(&self) -> Result<Schema, ManifestError> {
        Schema::new(&self.fields)
    }
}

/// Why an app's manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or not these keys.
    #[error("app.toml does not parse: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A value outside its range.
    #[error("app.toml: `{key}` {problem}")]
    Value {
        /// The key at fault.
        key: String,
        /// What is wrong with it and what would be right.
        problem: String,
    },
}

impl ManifestError {
    pub(super) fn new(key: impl Into<String>, problem: impl Into<String>) -> ManifestError {
        ManifestError::Value { key: key.into(), problem: problem.into() }
    }
}

impl Manifest {
    /// Reads `app.toml` and checks every value.
    pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
        let manifest: Manifest = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// What it may say.
    pub fn schema(&self) -> Result<Schema, ManifestError> {
        self.output.schema()
    }

    /// Most objects that leave in a minute.
    pub fn objects_per_minute(&self) -> u32 {
        // The shortest is `{}`.
        self.output.bytes_per_minute / (ENVELOPE + 2)
    }

    /// Most bits that leave in a minute of so many pictures, for a model of so many classes: what objects can be, which picture each
    /// was said of, how many pictures later it left, and how many there are. An app that tells with all of it what it should not can
    /// tell no more.
    pub fn bits_per_minute(&self, labels: usize, pictures: u32) -> Result<f64, ManifestError> {
        let objects = f64::from(self.objects_per_minute());
        let late = f64::from(self.limits.tick_ms) / 60_000.0 * f64::from(pictures) + 2.0;
        let each = self.schema()?.bits(labels) + f64::from(pictures.max(1)).log2() + late.log2();
        Ok(objects * each + (objects + 1.0).log2())
    }

    pub(super) fn check(&self) -> Result<(), ManifestError> {
        let value = |key: &str, problem: &str| Err(ManifestError::new(key, problem));
        let id_chars = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 64 || !self.id.chars().all(id_chars) {
            return value("id", "must be 1 to 64 of a-z, 0-9 and -");
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 80 {
            return value("name", "must be 1 to 80 characters");
        }
        if self.version.is_empty() || self.version.len() > 32 {
            return value("version", "must be 1 to 32 characters, such as 1.0.0");
        }
        if self.summary.chars().count() > 400 {
            return value("summary", "must be at most 400 characters");
        }
        if !stays_beside(&self.entry) {
            return value("entry", "must be a relative path that stays beside the manifest");
        }
        if !(1..=MOST_MEMORY_MB).contains(&self.limits.memory_mb) {
            return value("limits.memory_mb", "must be 1 to 64");
        }
        if !(1..=MOST_TICK_MS).contains(&self.limits.tick_ms) {
            return value("limits.tick_ms", "must be 1 to 1000");
        }
        if !BYTES.contains(&self.output.bytes_per_minute) {
            return value("output.bytes_per_minute", "must be 512 to 1048576");
        }
        self.schema().map(drop)
    }
}

fn first_version() -> String {
    "0.1.0".to_owned()
}
