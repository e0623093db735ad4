//! To machine code and back.
//!
//! [`compile`] takes foreign bytes and is run in a process of its own; what it returns is kept in a file, and every
//! worker maps that file. Our facts follow the engine's artefact, because the engine wants its own part to begin the file:
//!
//! ```text
//!   engine's artefact | facts as JSON | length of the JSON, u32 | MAGIC
//! ```
//! A file cut short has no end mark and is refused.

use std::hash::{Hash, Hasher};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasmtime::{InstancePre, SharedMemory, Store};

use super::host::Host;
use super::host::link::loose;
use super::rewrite::{self, Dialect, Facts};
use super::{Engine, ffi};
use crate::GuestError;

const MAGIC: &[u8; 8] = b"PFMODUL1";
/// Longest JSON of a footer, in bytes.
const MAX_FOOTER: usize = 1 << 20;

/// What a compiled module carries of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Footer {
    /// SHA-256 of the foreign module, hex.
    module: String,
    /// [`cache_key`] of the module.
    key: String,
    facts: Facts,
}

/// A compiled module: machine code and facts.
pub struct Compiled {
    bytes: Vec<u8>,
    footer: Footer,
}

impl Compiled {
    /// What to write to a file for [`Engine::load_file`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the module is.
    pub fn facts(&self) -> &Facts {
        &self.footer.facts
    }
}

/// Names the file of a compiled module: SHA-256, hex, over the module, the engine's version and flags, this
/// processor's features and the version of the rewriting.
pub fn cache_key(engine: &Engine, module: &[u8]) -> String {
    let mut hash = Sha256Hasher(Sha256::new());
    engine.wasmtime().precompile_compatibility_hash().hash(&mut hash);
    let mut hash = hash.0;
    hash.update(rewrite::VERSION.to_le_bytes());
    hash.update(MAGIC);
    hash.update(Sha256::digest(module));
    hex(&hash.finalize())
}

/// Compiles a foreign module, or says what keeps it from running here.
///
/// Takes about a second of processor time per MiB of module and memory to match; the caller limits both.
pub fn compile(engine: &Engine, module: &[u8]) -> Result<Compiled, GuestError> {
    let rewritten = rewrite::rewrite(module)?;
    let failed = |error: wasmtime::Error| GuestError::BadModule(format!("it does not compile: {error}"));
    let mut bytes = engine.wasmtime().precompile_module(&rewritten.bytes).map_err(failed)?;
    let footer =
        Footer { module: hex(&Sha256::digest(module)), key: cache_key(engine, module), facts: rewritten.facts };
    let json = serde_json::to_vec(&footer).map_err(|error| GuestError::BadModule(error.to_string()))?;
    bytes.extend_from_slice(&json);
    bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
    bytes.extend_from_slice(MAGIC);
    Ok(Compiled { bytes, footer })
}

/// A module ready to be opened, any number of times.
#[derive(Clone)]
pub struct Module {
    pub(super) engine: Engine,
    code: Code,
    pub(super) identity: [u8; 32],
    facts: Facts,
}

/// A module, tied to its imports as far as that can be.
#[derive(Clone)]
enum Code {
    Tied(InstancePre<Host>),
    /// Its threads share a memory, which each guest has anew.
    Threads(wasmtime::Module),
}

impl Module {
    /// What the module is.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// To be made an instance in this store, and with that memory if its threads share one; in others too.
    pub(super) fn tied(
        &self,
        store: &Store<Host>,
        memory: Option<&SharedMemory>,
    ) -> wasmtime::Result<InstancePre<Host>> {
        match (&self.code, memory) {
            (Code::Tied(pre), _) => Ok(pre.clone()),
            (Code::Threads(module), Some(memory)) => {
                let mut linker = self.engine.linker(self.facts.dialect).clone();
                linker.define(store, rewrite::HOST, rewrite::MEMORY, memory.clone())?;
                linker.instantiate_pre(module)
            }
            (Code::Threads(_), None) => Err(wasmtime::format_err!("there is no memory for its threads")),
        }
    }

    fn new(engine: &Engine, module: &wasmtime::Module, footer: Footer) -> Result<Module, GuestError> {
        let failed = |error: wasmtime::Error| GuestError::BadModule(format!("its imports are not there: {error}"));
        let code = match footer.facts.shared {
            Some(_) => Code::Threads(module.clone()),
            None => Code::Tied(instantiate_pre(engine, module, footer.facts.dialect).map_err(failed)?),
        };
        let identity = Sha256::digest(footer.module.as_bytes()).into();
        Ok(Module { engine: engine.clone(), code, identity, facts: footer.facts })
    }
}

impl Engine {
    /// Makes a compiled module ready.
    pub fn load(&self, compiled: &Compiled) -> Result<Module, GuestError> {
        let artefact = artefact_length(&compiled.bytes)?;
        let module = ffi::from_bytes(self.wasmtime(), &compiled.bytes[..artefact]).map_err(stale)?;
        Module::new(self, &module, compiled.footer.clone())
    }

    /// Maps a file that holds [`Compiled::bytes`].
    ///
    /// The file is machine code and is trusted: it must lie where only we can write, and stay as it is while it is used.
    pub fn load_file(&self, path: &Path) -> Result<Module, GuestError> {
        let footer = read_footer(path)?;
        let module = ffi::from_file(self.wasmtime(), path).map_err(stale)?;
        Module::new(self, &module, footer)
    }

    /// Compiles and makes ready at once, for tools and tests.
    pub fn load_wasm(&self, module: &[u8]) -> Result<Module, GuestError> {
        self.load(&compile(self, module)?)
    }
}

/// Ties a module to what it imports.
fn instantiate_pre(
    engine: &Engine,
    module: &wasmtime::Module,
    dialect: Dialect,
) -> wasmtime::Result<InstancePre<Host>> {
    let linker = engine.linker(dialect);
    if dialect == Dialect::Aitrios {
        return linker.instantiate_pre(module);
    }
    let loose: Vec<_> = module.imports().filter(|import| rewrite::loose_import(import.name()).is_some()).collect();
    if loose.is_empty() {
        return linker.instantiate_pre(module);
    }
    let mut linker = linker.clone();
    // One may be imported twice.
    linker.allow_shadowing(true);
    for import in loose {
        loose::define(&mut linker, &import)?;
    }
    linker.instantiate_pre(module)
}

fn stale(error: wasmtime::Error) -> GuestError {
    GuestError::BadModule(format!("its compiled form is not for this engine, compile it again: {error}"))
}

/// What a module is, without the engine: from a file that holds [`Compiled::bytes`].
pub fn read_facts(path: &Path) -> Result<Facts, GuestError> {
    Ok(read_footer(path)?.facts)
}

fn read_footer(path: &Path) -> Result<Footer, GuestError> {
    use std::io::{Read, Seek, SeekFrom};
    let broken = || GuestError::BadModule(format!("{} is not a whole compiled module", path.display()));
    let read = || -> std::io::Result<Option<Vec<u8>>> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        let mut end = [0; 12];
        if length < end.len() as u64 {
            return Ok(None);
        }
        file.seek(SeekFrom::End(-(end.len() as i64)))?;
        file.read_exact(&mut end)?;
        let Some(json) = footer_length(&end).filter(|json| *json as u64 + 12 <= length) else { return Ok(None) };
        file.seek(SeekFrom::End(-(json as i64 + 12)))?;
        let mut bytes = vec![0; json];
        file.read_exact(&mut bytes)?;
        Ok(Some(bytes))
    };
    let failed = |error: std::io::Error| GuestError::BadModule(format!("{} cannot be read: {error}", path.display()));
    let json = read().map_err(failed)?.ok_or_else(broken)?;
    serde_json::from_slice(&json).map_err(|_| broken())
}

/// Length of the JSON, from the last twelve bytes.
fn footer_length(end: &[u8; 12]) -> Option<usize> {
    let [a, b, c, d, magic @ ..] = end;
    let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
    (magic == MAGIC && length <= MAX_FOOTER).then_some(length)
}

fn artefact_length(bytes: &[u8]) -> Result<usize, GuestError> {
    let end = bytes.last_chunk::<12>().and_then(footer_length);
    end.and_then(|json| bytes.len().checked_sub(json + 12))
        .ok_or_else(|| GuestError::BadModule("its compiled form has no end".to_owned()))
}

/// Feeds what is hashed to SHA-256; the short result is never used.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}
