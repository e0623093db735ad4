//! `playfield compile`: foreign Wasm to machine code, in a process of its own that can be limited and lost.

use std::path::Path;

use anyhow::Context;
use playfield_core::api::EndReason;
use playfield_core::bus::{CompileAnswer, ModuleFacts, Refusal};
use playfield_core::frame::Shape;
use playfield_core::input::TickInput;
use playfield_core::manifest::Limits;
use playfield_runtime::wasm::Engine;
use playfield_runtime::wasm::compile::{self, Compiled, Module};
use playfield_runtime::{Guest, GuestConfig, GuestError};

use super::job::JobArgs;

/// Pictures looked at.
const LOOK: u32 = 4;

/// Compiles, and says how that went on standard output.
pub fn run(args: &JobArgs) -> anyhow::Result<()> {
    args.confine()?;
    let answer = answer(args)?;
    println!("{}", serde_json::to_string(&answer)?);
    Ok(())
}

fn answer(args: &JobArgs) -> anyhow::Result<CompileAnswer> {
    let engine = Engine::new()?;
    let module = std::fs::read(&args.module).with_context(|| format!("cannot read {}", args.module.display()))?;
    let path = args.out.join(compile::cache_key(&engine, &module)).with_extension("module");
    if let Ok(loaded) = engine.load_file(&path) {
        return Ok(CompileAnswer::Compiled { compiled: path, facts: facts(&loaded) });
    }
    match compile::compile(&engine, &module) {
        Ok(compiled) => {
            store(&path, &compiled).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(CompileAnswer::Compiled { compiled: path, facts: facts(&engine.load(&compiled)?) })
        }
        Err(error) => {
            let refused = Refusal { reason: EndReason::BadModule, detail: error.to_string() };
            Ok(CompileAnswer::Refused { refused })
        }
    }
}

/// What the module is, and the pictures it begins with.
fn facts(module: &Module) -> ModuleFacts {
    let picture = look(module).unwrap_or_else(|error| {
        tracing::debug!(%error, "it shows nothing by itself");
        None
    });
    ModuleFacts { picture, ..module.facts().to_bus() }
}

/// The shape of the first pictures. A cartridge's is always the same; others say theirs when they begin.
fn look(module: &Module) -> Result<Option<Shape>, GuestError> {
    let limits = Limits::default();
    let config = GuestConfig { memory_limit: u64::from(limits.memory_mb) << 20, ..GuestConfig::default() };
    let mut guest = module.open(config)?;
    for _ in 0..LOOK {
        guest.tick(&TickInput::default())?;
    }
    Ok(Some(guest.picture().shape()))
}

/// The file appears whole or not at all: a worker maps it as code.
fn store(path: &Path, compiled: &Compiled) -> std::io::Result<()> {
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    std::fs::write(&partial, compiled.bytes())?;
    std::fs::rename(&partial, path)
}
