//! The calls of wasi-nn.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use wasmtime::{Linker, Result};

use super::{At, device, own};
use crate::wasm::host::aitrios::Mem;
use crate::wasm::host::aitrios::nn::{Failed, Nn, SUCCESS};
use crate::wasm::host::link::{Call, Host};

/// Models come from the camera, so none is brought.
pub const REFUSED: &[(&str, i32)] = &[("load", UNSUPPORTED)];
const UNSUPPORTED: i32 = 6;

const M: &str = "wasi_nn";

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(M, "load_by_name", |mut c: Call<'_>, name: i32, len: i32, to: i32| {
        let done = ask(&mut c, |nn, mem| nn.load_by_name(mem, name, len, to));
        // Loading is done once, and takes what it takes.
        own(&mut c)?.pace.anew();
        done
    })?;
    linker.func_wrap(M, "init_execution_context", |mut c: Call<'_>, graph: i32, to: i32| {
        ask(&mut c, |nn, mem| nn.new_context(mem, graph, to))
    })?;
    linker.func_wrap(M, "set_input", |mut c: Call<'_>, context: i32, index: i32, tensor: i32| {
        ask(&mut c, |nn, mem| nn.set_input(mem, context, index, tensor))
    })?;
    linker.func_wrap(M, "compute", |mut c: Call<'_>, context: i32| {
        // It works in threads of its own.
        let began = Instant::now();
        let done = ask(&mut c, |nn, _| nn.compute(context));
        own(&mut c)?.pace.add(began.elapsed());
        done
    })?;
    linker.func_wrap(M, "get_output", |mut c: Call<'_>, context: i32, index: i32, to: i32, size: i32| {
        ask(&mut c, |nn, mem| nn.get_output(mem, context, [index, to, size]))
    })?;
    Ok(())
}

/// Does something with the model. Threads that do so wait for each other, and for nobody else.
fn ask(call: &mut Call<'_>, work: impl FnOnce(&mut Nn, &mut Mem<'_>) -> Result<(), Failed>) -> Result<i32> {
    let nn: Arc<Mutex<Nn>> = Arc::clone(&own(call)?.nn);
    let mut nn = nn.lock().unwrap_or_else(PoisonError::into_inner);
    let At { mut mem, it, booth, .. } = device(call)?;
    drop(it);
    Ok(match work(&mut nn, &mut mem) {
        Ok(()) => SUCCESS,
        Err(Failed(code, why)) => {
            why.into_iter().for_each(|why| booth.line(why));
            code
        }
    })
}
