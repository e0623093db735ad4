//! `playfield compile`: foreign Wasm to machine code, in a process of its own that can be limited and lost.

use std::path::Path;

use anyhow::Context;
use playfield_core::api::EndReason;
use playfield_core::bus::{CompileAnswer, Refusal};
use playfield_runtime::wasm::Engine;
use playfield_runtime::wasm::compile::{self, Compiled};

use super::job::JobArgs;

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
        return Ok(CompileAnswer::Compiled { compiled: path, facts: loaded.facts().to_bus() });
    }
    match compile::compile(&engine, &module) {
        Ok(compiled) => {
            store(&path, &compiled).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(CompileAnswer::Compiled { compiled: path, facts: compiled.facts().to_bus() })
        }
        Err(error) => {
            let refused = Refusal { reason: EndReason::BadModule, detail: error.to_string() };
            Ok(CompileAnswer::Refused { refused })
        }
    }
}

/// The file appears whole or not at all: a worker maps it as code.
fn store(path: &Path, compiled: &Compiled) -> std::io::Result<()> {
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    std::fs::write(&partial, compiled.bytes())?;
    std::fs::rename(&partial, path)
}
