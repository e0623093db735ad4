//! One instance of a module: the exports the host uses.

use wasmtime::{Func, Global, Memory, Result, Store, TypedFunc, V128, Val, ValType, format_err};

use crate::GuestError;
use crate::wasm::compile::Module;
use crate::wasm::host::Host;
use crate::wasm::rewrite::{Dialect, MEMORY, START, global_name};
use crate::wasm::snapshot::{Reader, Writer, damaged};

/// The exports of an instance.
pub(super) struct Instance {
    instance: wasmtime::Instance,
    pub memory: Memory,
    /// Makes a picture; a cartridge without it stays as it is.
    tick: Option<Entry>,
    /// All state that is not memory.
    globals: Vec<Global>,
    /// Which of the functions that start it are there.
    starts: Vec<&'static str>,
}

/// A function the host calls.
pub(super) enum Entry {
    Plain(TypedFunc<(), ()>),
    /// One that takes or returns something, as a cartridge's may: it is called as a script calls it, without arguments, and
    /// what it returns is not looked at.
    Loose(Func),
}

impl Entry {
    pub(super) fn of(func: Func, store: &Store<Host>) -> Entry {
        func.typed::<(), ()>(store).map_or(Entry::Loose(func), Entry::Plain)
    }

    pub(super) fn call(&self, store: &mut Store<Host>) -> Result<()> {
        let func = match self {
            Entry::Plain(func) => return func.call(store, ()),
            Entry::Loose(func) => func,
        };
        let ty = func.ty(&*store);
        let params: Option<Vec<Val>> = ty.params().map(|ty| missing(&ty)).collect();
        let params = params.ok_or_else(|| format_err!("it has a parameter that cannot be left out"))?;
        let mut results = vec![Val::I32(0); ty.results().len()];
        func.call(store, &params, &mut results)
    }
}

/// What a script gives for an argument that is missing; none: it cannot.
fn missing(ty: &ValType) -> Option<Val> {
    match ty {
        ValType::I32 => Some(Val::I32(0)),
        ValType::F32 => Some(f32::NAN.into()),
        ValType::F64 => Some(f64::NAN.into()),
        ValType::I64 | ValType::V128 | ValType::Ref(_) => None,
    }
}

/// The functions that start a guest, in order, of those that are there.
pub(super) fn start_names(dialect: Dialect, instance: &Instance) -> Vec<&'static str> {
    let there = |name: &&str| instance.starts.contains(name);
    match dialect {
        Dialect::Playfield => [START, "_initialize", "pf_init"].into_iter().filter(there).collect(),
        Dialect::Wasm4 => [START, "_start", "_initialize", "start"].into_iter().filter(there).collect(),
        // It is started by threads of its own.
        Dialect::Aitrios => Vec::new(),
    }
}

impl Instance {
    pub fn new(module: &Module, store: &mut Store<Host>) -> Result<Instance> {
        let instance = module.tied(store, None)?.instantiate(&mut *store)?;
        let memory = instance.get_memory(&mut *store, MEMORY).ok_or_else(|| format_err!("no memory"))?;
        let tick = match module.facts().dialect {
            Dialect::Playfield => "pf_tick",
            Dialect::Wasm4 => "update",
            // Its `main` runs as long as it does.
            Dialect::Aitrios => "",
        };
        let tick = instance.get_func(&mut *store, tick).map(|func| Entry::of(func, store));
        let mut globals = Vec::new();
        for nth in 0..module.facts().globals {
            let global = instance.get_global(&mut *store, &global_name(nth));
            globals.push(global.ok_or_else(|| format_err!("no global {nth}"))?);
        }
        let names = [START, "_initialize", "pf_init", "_start", "start"];
        let starts = names.into_iter().filter(|name| instance.get_func(&mut *store, name).is_some()).collect();
        Ok(Instance { instance, memory, tick, globals, starts })
    }

    /// Calls one of the functions that start it.
    pub fn call(&self, store: &mut Store<Host>, name: &str) -> Result<()> {
        let func = self.instance.get_func(&mut *store, name);
        Entry::of(func.ok_or_else(|| format_err!("no function {name}"))?, store).call(store)
    }

    /// Makes a picture.
    pub fn tick(&self, store: &mut Store<Host>) -> Result<()> {
        match &self.tick {
            Some(tick) => tick.call(store),
            None => Ok(()),
        }
    }

    pub fn save_globals(&self, store: &mut Store<Host>, to: &mut Writer<'_>) -> Result<(), GuestError> {
        for global in &self.globals {
            match global.get(&mut *store) {
                Val::I32(value) => to.u32(value.cast_unsigned()),
                Val::I64(value) => to.u64(value.cast_unsigned()),
                Val::F32(bits) => to.u32(bits),
                Val::F64(bits) => to.u64(bits),
                Val::V128(value) => to.raw(&value.as_u128().to_le_bytes()),
                _ => return Err(GuestError::NoSnapshot("a global holds a reference".to_owned())),
            }
        }
        Ok(())
    }

    pub fn restore_globals(&self, store: &mut Store<Host>, from: &mut Reader<'_>) -> Result<(), GuestError> {
        for global in &self.globals {
            let value = match global.ty(&*store).content() {
                ValType::I32 => Val::I32(from.u32()?.cast_signed()),
                ValType::I64 => Val::I64(from.u64()?.cast_signed()),
                ValType::F32 => Val::F32(from.u32()?),
                ValType::F64 => Val::F64(from.u64()?),
                ValType::V128 => Val::V128(V128::from(u128::from_le_bytes(from.array()?))),
                ValType::Ref(_) => return Err(damaged()),
            };
            global.set(&mut *store, value).map_err(|_| damaged())?;
        }
        Ok(())
    }
}
