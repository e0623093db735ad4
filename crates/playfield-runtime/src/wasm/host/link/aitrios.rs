//! The imports of AITRIOS apps, tied to what they do. Each function is one of [`crate::wasm::abi::aitrios`].

mod blobs;
mod esf;
mod evp;
mod files;
mod nn;
mod sensor;
mod wasi;

use std::sync::{MutexGuard, PoisonError};

use wasmtime::{Engine, Extern, Func, FuncType, Linker, Result, Val, ValType, format_err};

use super::{Call, Host};
use crate::wasm::abi::aitrios::AITRIOS;
use crate::wasm::host::aitrios::booth::{Booth, For, Woken};
use crate::wasm::host::aitrios::evp::Callback;
use crate::wasm::host::aitrios::sensor::Cause;
use crate::wasm::host::aitrios::{Aitrios, Device, Mem};
use crate::wasm::host::{HostTrap, trap};
use crate::wasm::rewrite::TABLE;

/// Everything that such an app may import.
pub fn linker(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    evp::link(&mut linker)?;
    blobs::link(&mut linker)?;
    sensor::link(&mut linker)?;
    esf::link(&mut linker)?;
    wasi::link(&mut linker)?;
    nn::link(&mut linker)?;
    refuse(&mut linker, engine, &[evp::REFUSED, esf::REFUSED, wasi::REFUSED].concat())?;
    Ok(linker)
}

/// Functions that are there to be refused: each answers one number, and the log says that it was called.
fn refuse(linker: &mut Linker<Host>, engine: &Engine, refused: &[(&'static str, i32)]) -> Result<()> {
    let types = |types: &[wasmparser::ValType]| -> Vec<ValType> {
        let one = |ty: &wasmparser::ValType| match ty {
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            _ => ValType::I32,
        };
        types.iter().map(one).collect()
    };
    for group in AITRIOS.iter().map(|(_, group)| group) {
        for function in group.functions {
            let Some((name, answer)) = refused.iter().find(|(name, _)| *name == function.name).copied() else {
                continue;
            };
            let ty = FuncType::new(engine, types(function.params), types(function.results));
            let wide = function.results.first() == Some(&wasmparser::ValType::I64);
            let answered = if wide { Val::I64(answer.into()) } else { Val::I32(answer) };
            linker.func_new(group.module, name, ty, move |mut call, _, results| {
                own(&mut call)?.booth.line(format!("it called {name}, which is refused here"));
                results.iter_mut().for_each(|result| *result = answered);
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// The device as the thread that calls has it, and its memory. Other threads wait meanwhile, if they call it too.
struct At<'a> {
    mem: Mem<'a>,
    it: MutexGuard<'a, Aitrios>,
    booth: &'a Booth,
    last: &'a mut Cause,
}

fn device<'a>(call: &'a mut Call<'_>) -> Result<At<'a>, HostTrap> {
    let (own, host) = match call.data().memory {
        Some(memory) => {
            let (own, host) = memory.data_and_store_mut(&mut *call);
            (Some(own), host)
        }
        None => (None, call.data_mut()),
    };
    // Only AITRIOS apps are tied to these imports, and they have both.
    let Some(device) = &mut host.aitrios else { return trap("there is no device") };
    let Device { booth, app, shared, last, .. } = &mut **device;
    let mem = match (own, shared) {
        (Some(own), _) => Mem::Own(own),
        (None, Some(shared)) => Mem::Shared(shared),
        (None, None) => return trap("there is no memory"),
    };
    // Whoever panicked with it has changed it whole.
    Ok(At { mem, it: app.lock().unwrap_or_else(PoisonError::into_inner), booth, last })
}

/// What the thread has for itself.
fn own<'a>(call: &'a mut Call<'_>) -> Result<&'a mut Device, HostTrap> {
    call.data_mut().aitrios.as_deref_mut().map_or_else(|| trap("there is no device"), Ok)
}

/// Waits, after which the thread has its time anew. One that was told to end has it once.
fn wait(call: &mut Call<'_>, what: For, millis: i64) -> Result<Woken, HostTrap> {
    let device = own(call)?;
    let woken = device.booth.wait(what, millis, device.told_to_end);
    if matches!(woken, Woken::Over) {
        return trap("another thread of it has ended it");
    }
    let ends = matches!(woken, Woken::Stopping);
    if !(ends && std::mem::replace(&mut device.told_to_end, ends)) {
        device.pace.anew();
    }
    Ok(woken)
}

/// Puts something into memory that the app's own `malloc` gives; none: it gave nothing that is memory.
fn give(call: &mut Call<'_>, what: &[u8]) -> Result<Option<i32>> {
    let malloc = function(call, "malloc")?.typed::<i32, i32>(&*call)?;
    let length = i32::try_from(what.len()).map_err(|_| format_err!("it is too long"))?;
    let at = malloc.call(&mut *call, length)?;
    // Its memory may have grown.
    Ok((at != 0 && device(call)?.mem.write(at, what).is_ok()).then_some(at))
}

fn take_back(call: &mut Call<'_>, at: i32) -> Result<()> {
    let free = function(call, "free")?.typed::<i32, ()>(&*call)?;
    free.call(&mut *call, at)
}

fn function(call: &mut Call<'_>, name: &str) -> Result<Func> {
    call.get_export(name).and_then(Extern::into_func).ok_or_else(|| format_err!("it has no function `{name}`"))
}

/// Number 0 of a table is no function.
fn callback(function: i32, user: i32) -> Option<Callback> {
    (function != 0).then_some(Callback { function: function.cast_unsigned(), user })
}

/// Calls a function by its number in the app's table.
fn call_back(call: &mut Call<'_>, number: u32, with: &[i32]) -> Result<()> {
    invoke(call, number, with, &mut [])
}

/// Calls one that fills a buffer, or empties it: 0, or it failed.
fn ask(call: &mut Call<'_>, number: u32, with: &[i32]) -> Result<i32> {
    let mut failed = [Val::I32(0)];
    invoke(call, number, with, &mut failed)?;
    Ok(failed[0].unwrap_i32())
}

fn invoke(call: &mut Call<'_>, number: u32, with: &[i32], results: &mut [Val]) -> Result<()> {
    let table = call.get_export(TABLE).and_then(Extern::into_table);
    let found = table.and_then(|table| table.get(&mut *call, number.into()));
    let at = format!("it wants to be called back at function {number} of its table");
    let Some(func) = found.and_then(|found| found.as_func().flatten().copied()) else {
        return Err(HostTrap(format!("{at}, which is none")).into());
    };
    let ty = func.ty(&*call);
    let counts = (ty.params().len(), ty.results().len()) == (with.len(), results.len());
    if !counts || !ty.params().chain(ty.results()).all(|ty| ty.is_i32()) {
        return Err(HostTrap(format!("{at}, which is of another type")).into());
    }
    let params: Vec<Val> = with.iter().copied().map(Val::I32).collect();
    func.call(&mut *call, &params, results)
}
