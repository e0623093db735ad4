//! The calls of wasi-nn.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::{Linker, Result};

use super::{At, device, own};
use crate::wasm::host::aitrios::Mem;
use crate::wasm::host::aitrios::nn::{Failed, Nn, SUCCESS};
use crate::wasm::host::link::{Call, Host};

/// How long a model may take to load, and to run once more than what the app has for a picture.
const LOADING: Duration = Duration::from_secs(30);
const RUNNING: Duration = Duration::from_secs(1);

const M: &str = "wasi_nn";

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(M, "load", |mut c: Call<'_>, builders: i32, encoding: i32, _target: i32, to: i32| {
        load(&mut c, |nn, mem| nn.load(mem, [builders, encoding, to]))
    })?;
    linker.func_wrap(M, "load_by_name", |mut c: Call<'_>, name: i32, len: i32, to: i32| {
        load(&mut c, |nn, mem| nn.load_by_name(mem, name, len, to))
    })?;
    linker.func_wrap(M, "init_execution_context", |mut c: Call<'_>, graph: i32, to: i32| {
        ask(&mut c, |nn, mem| nn.new_context(mem, graph, to))
    })?;
    linker.func_wrap(M, "set_input", |mut c: Call<'_>, context: i32, index: i32, tensor: i32| {
        ask(&mut c, |nn, mem| nn.set_input(mem, context, index, tensor))
    })?;
    linker.func_wrap(M, "compute", |mut c: Call<'_>, context: i32| {
        // It works in threads of its own.
        let may_take = own(&mut c)?.pace.each() + RUNNING;
        timed(&mut c, may_take, |nn, _| nn.compute(context))
    })?;
    linker.func_wrap(M, "get_output", |mut c: Call<'_>, context: i32, index: i32, to: i32, size: i32| {
        ask(&mut c, |nn, mem| nn.get_output(mem, context, [index, to, size]))
    })?;
    Ok(())
}

/// A model that is loaded takes what it takes; one that is not, or was before, is the app's own time.
fn load(call: &mut Call<'_>, work: impl FnOnce(&mut Nn, &mut Mem<'_>) -> Result<(), Failed>) -> Result<i32> {
    let mut more = false;
    let done = timed(call, LOADING, |nn, mem| {
        let before = nn.loaded();
        let done = work(nn, mem);
        more = nn.loaded() > before;
        done
    });
    if more {
        own(call)?.pace.anew();
    }
    done
}

/// Does something that a model takes time for, and no longer than this.
fn timed(
    call: &mut Call<'_>,
    may_take: Duration,
    work: impl FnOnce(&mut Nn, &mut Mem<'_>) -> Result<(), Failed>,
) -> Result<i32> {
    let booth = Arc::clone(&own(call)?.booth);
    let mut took = Duration::ZERO;
    let done = ask(call, |nn, mem| {
        let began = Instant::now();
        booth.model(Some(may_take));
        let done = work(nn, mem);
        booth.model(None);
        took = began.elapsed();
        done
    });
    own(call)?.pace.add(took);
    done
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
