//! From a foreign module to one whose whole state the host can reach.
//!
//! The engine shows exported items only, so the module gets exports of our own, all named `playfield:...`: its memory
//! (a WASM-4 cartridge's imported memory becomes its own), its mutable globals, and its start function, which then runs when
//! we say so and not while it is instantiated. Code is never touched: sections are copied, or written anew whole.
//!
//! The module is hostile until proven valid: `survey` validates it with exactly the offered features, then every import
//! is looked up by name.

mod assemble;
mod check;
mod survey;

use serde::{Deserialize, Serialize};

use playfield_core::bus::ModuleFacts;
use playfield_core::manifest::InputKind;

use crate::GuestError;

pub(super) use survey::features_with_threads;

/// Version of what this module does; part of the cache key.
pub const VERSION: u32 = 5;
/// Largest module, in bytes.
pub const MAX_MODULE: usize = 64 << 20;
/// Begins every export of ours.
pub(super) const PRIVATE: &str = "playfield:";
/// Our name for the start function.
pub(super) const START: &str = "playfield:start";
/// Our name for the memory.
pub(super) const MEMORY: &str = "playfield:memory";

/// Whom a module with threads gets its memory from: each thread is an instance of its own, and all of them share it.
pub(super) const HOST: &str = "playfield";

/// Our name for the table that an AITRIOS app's callbacks are numbers of.
pub(super) const TABLE: &str = "playfield:table";

/// Our name for the mutable global that is `nth` among them.
pub(super) fn global_name(nth: u32) -> String {
    format!("playfield:global:{nth}")
}

/// Our name for a cartridge's import whose type is its own idea: `rect(i32, i32) -> (i32)`. The console's runtime is a
/// script, which takes whatever arguments come.
pub(super) fn loose_name(name: &str, signature: &str) -> String {
    format!("{name}{signature}")
}

/// The console's function behind a [`loose_name`]; none if the name is not one.
pub(super) fn loose_import(name: &str) -> Option<&str> {
    name.split_once('(').map(|(function, _)| function)
}

/// What a module was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// The Playfield ABI.
    Playfield,
    /// The WASM-4 fantasy console.
    Wasm4,
    /// Sony's AITRIOS: an edge app that has a `main` of its own, and waits in the middle of it.
    Aitrios,
}

impl Dialect {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Playfield => "playfield",
            Dialect::Wasm4 => "wasm4",
            Dialect::Aitrios => "aitrios",
        }
    }
}

/// What can be said of a module without running it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What it was made for.
    pub dialect: Dialect,
    /// Why its state cannot be saved; none: it can.
    pub no_snapshots: Option<String>,
    /// Capability groups it imports, as `playfield:GROUP@VERSION` or `aitrios:GROUP`; empty for cartridges.
    pub groups: Vec<String>,
    /// Ways of playing it asks for.
    pub input: Vec<InputKind>,
    /// How many mutable globals are exported under our names.
    pub globals: u32,
    /// The memory that its threads share; none: it has one thread.
    #[serde(default)]
    pub shared: Option<SharedPages>,
    /// A cartridge that has a memory of its own instead of the console's: it draws, but what it writes is its own.
    pub console_apart: bool,
}

/// Sizes of a memory that threads share, in pages of 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedPages {
    /// As it begins.
    pub least: u32,
    /// As far as it may grow.
    pub most: u32,
}

impl Facts {
    /// In the words of the bus.
    pub fn to_bus(&self) -> ModuleFacts {
        ModuleFacts {
            // It sees clocks, and how long it waited.
            deterministic: self.dialect != Dialect::Aitrios,
            dialect: self.dialect.name().to_owned(),
            snapshots: self.no_snapshots.is_none(),
            groups: self.groups.clone(),
            // Told by whoever runs it.
            picture: None,
        }
    }
}

/// A module made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The module, with our exports.
    pub bytes: Vec<u8>,
    /// What it is.
    pub facts: Facts,
}

/// Makes a foreign module ready, or says what keeps it from running here.
pub fn rewrite(module: &[u8]) -> Result<Rewritten, GuestError> {
    if module.len() > MAX_MODULE {
        return Err(refuse(format!("it is {} MiB; the most is {} MiB", module.len() >> 20, MAX_MODULE >> 20)));
    }
    let survey = survey::survey(module)?;
    let facts = check::facts(&survey)?;
    let bytes = assemble::assemble(module, &survey, &facts)?;
    Ok(Rewritten { bytes, facts })
}

/// What a module is, without keeping the rewritten bytes.
pub fn inspect(module: &[u8]) -> Result<Facts, GuestError> {
    Ok(rewrite(module)?.facts)
}

fn refuse(why: impl Into<String>) -> GuestError {
    GuestError::BadModule(why.into())
}
