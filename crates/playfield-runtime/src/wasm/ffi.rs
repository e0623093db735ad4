//! The one unsafe step: taking bytes for machine code.

use std::path::Path;

use wasmtime::{Engine, Module, Result};

/// A module from an artefact in memory.
pub(super) fn from_bytes(engine: &Engine, artefact: &[u8]) -> Result<Module> {
    // SAFETY: the bytes come from a `Compiled`, whose fields are private and which only `compile` makes, by this engine's
    // own compiler.
    unsafe { Module::deserialize(engine, artefact) }
}

/// A module mapped from a file.
pub(super) fn from_file(engine: &Engine, path: &Path) -> Result<Module> {
    // SAFETY: `Engine::load_file` demands a file that `compile` wrote, in a folder that guests and their uploads cannot
    // reach, and that is replaced by renaming, never written in place. The engine checks its own version and flags in it.
    unsafe { Module::deserialize_file(engine, path) }
}
