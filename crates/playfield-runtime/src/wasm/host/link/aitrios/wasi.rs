//! The calls of WASI preview 1, and of wasi-threads.

use wasmtime::{Linker, Result};

use super::{At, device, files, own, wait};
use crate::wasm::host::aitrios::Exit;
use crate::wasm::host::aitrios::booth::For;
use crate::wasm::host::aitrios::wasi::{BAD_FD, FAULT, INVALID, NOT_SUPPORTED, SUCCESS, System};
use crate::wasm::host::link::{Call, Host};

/// Links in the workspace, signals and sockets: there are none.
pub const REFUSED: &[(&str, i32)] = &[
    ("path_link", NOT_SUPPORTED),
    ("path_readlink", INVALID),
    ("path_symlink", NOT_SUPPORTED),
    ("proc_raise", NOT_SUPPORTED),
    ("sock_accept", BAD_FD),
    ("sock_recv", BAD_FD),
    ("sock_send", BAD_FD),
    ("sock_shutdown", BAD_FD),
];

pub const M: &str = "wasi_snapshot_preview1";

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    for name in ["args_get", "environ_get"] {
        linker.func_wrap(M, name, |_: Call<'_>, _: i32, _: i32| SUCCESS)?;
    }
    for name in ["args_sizes_get", "environ_sizes_get"] {
        linker.func_wrap(M, name, |mut c: Call<'_>, count: i32, size: i32| {
            let mut mem = device(&mut c)?.mem;
            let done = mem.write(count, &[0; 4]).and_then(|()| mem.write(size, &[0; 4]));
            Ok(done.map_or(FAULT, |()| SUCCESS))
        })?;
    }
    linker.func_wrap(M, "clock_res_get", |mut c: Call<'_>, _id: i32, to: i32| {
        Ok(device(&mut c)?.mem.write(to, &1_000_000u64.to_le_bytes()).map_or(FAULT, |()| SUCCESS))
    })?;
    linker.func_wrap(M, "clock_time_get", |mut c: Call<'_>, id: i32, _precision: i64, to: i32| {
        let At { mut mem, it, .. } = device(&mut c)?;
        Ok(it.system.time(&mut mem, id, to).unwrap_or(FAULT))
    })?;
    linker.func_wrap(M, "random_get", |mut c: Call<'_>, to: i32, len: i32| {
        let At { mut mem, mut it, .. } = device(&mut c)?;
        Ok(it.system.random(&mut mem, to, len).unwrap_or(FAULT))
    })?;
    linker.func_wrap(M, "sched_yield", |mut c: Call<'_>| {
        wait(&mut c, For::Time, 0)?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(M, "proc_exit", |_: Call<'_>, code: i32| -> Result<()> { Err(Exit(code).into()) })?;
    linker.func_wrap(M, "poll_oneoff", |mut c: Call<'_>, of: i32, to: i32, count: i32, done: i32| {
        let polled = {
            let At { mem, it, .. } = device(&mut c)?;
            it.system.polled(&mem, of, count)
        };
        let (millis, which) = match polled {
            Ok(Some(soonest)) => soonest,
            Ok(None) => return Ok(NOT_SUPPORTED),
            Err(_) => return Ok(FAULT),
        };
        wait(&mut c, For::Time, millis)?;
        Ok(System::event(&mut device(&mut c)?.mem, to, which, done).unwrap_or(FAULT))
    })?;
    linker.func_wrap("wasi", "thread-spawn", |mut c: Call<'_>, with: i32| {
        let crew = own(&mut c)?.crew.clone();
        Ok(crew.map_or(-NOT_SUPPORTED, |crew| crew.start(with)))
    })?;
    files::link(linker)
}
