//! The calls of WASI preview 1, and of wasi-threads.

use wasmtime::{Linker, Result};

use super::{At, device, own, wait};
use crate::wasm::host::aitrios::Exit;
use crate::wasm::host::aitrios::booth::For;
use crate::wasm::host::aitrios::wasi::{BAD_FD, FAULT, INVALID, NO_ENTRY, NOT_SUPPORTED, SUCCESS, System, fdstat};
use crate::wasm::host::link::{Call, Host};

/// There are no files.
pub const REFUSED: &[(&str, i32)] = &[
    ("fd_advise", BAD_FD),
    ("fd_allocate", BAD_FD),
    ("fd_datasync", BAD_FD),
    ("fd_fdstat_set_rights", BAD_FD),
    ("fd_filestat_get", BAD_FD),
    ("fd_filestat_set_size", BAD_FD),
    ("fd_filestat_set_times", BAD_FD),
    ("fd_pread", BAD_FD),
    ("fd_prestat_dir_name", BAD_FD),
    ("fd_pwrite", BAD_FD),
    ("fd_readdir", BAD_FD),
    ("fd_renumber", BAD_FD),
    ("fd_sync", BAD_FD),
    ("fd_tell", BAD_FD),
    ("path_create_directory", BAD_FD),
    ("path_filestat_get", NO_ENTRY),
    ("path_filestat_set_times", NO_ENTRY),
    ("path_link", NO_ENTRY),
    ("path_open", NO_ENTRY),
    ("path_readlink", NO_ENTRY),
    ("path_remove_directory", NO_ENTRY),
    ("path_rename", NO_ENTRY),
    ("path_symlink", NO_ENTRY),
    ("path_unlink_file", NO_ENTRY),
    ("proc_raise", NOT_SUPPORTED),
    ("sock_accept", BAD_FD),
    ("sock_recv", BAD_FD),
    ("sock_send", BAD_FD),
    ("sock_shutdown", BAD_FD),
];

const M: &str = "wasi_snapshot_preview1";

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
    files(linker)
}

/// Standard input, which is empty, and output and error, which are the log.
fn files(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(M, "fd_write", |mut c: Call<'_>, fd: i32, at: i32, count: i32, to: i32| {
        let At { mut mem, mut it, booth, .. } = device(&mut c)?;
        let Ok((code, lines)) = it.system.write(&mut mem, fd, [at, count], to) else { return Ok(FAULT) };
        lines.into_iter().for_each(|line| booth.line(line));
        Ok(code)
    })?;
    linker.func_wrap(M, "fd_read", |mut c: Call<'_>, fd: i32, _at: i32, _count: i32, to: i32| {
        Ok(if fd == 0 { device(&mut c)?.mem.write(to, &[0; 4]).map_or(FAULT, |()| SUCCESS) } else { BAD_FD })
    })?;
    linker.func_wrap(M, "fd_close", |_: Call<'_>, fd: i32| if (0..=2).contains(&fd) { SUCCESS } else { BAD_FD })?;
    linker.func_wrap(
        M,
        "fd_seek",
        |_: Call<'_>, fd: i32, _: i64, _: i32, _: i32| {
            if (0..=2).contains(&fd) { NOT_SUPPORTED } else { BAD_FD }
        },
    )?;
    linker.func_wrap(M, "fd_fdstat_get", |mut c: Call<'_>, fd: i32, to: i32| {
        Ok(fdstat(&mut device(&mut c)?.mem, fd, to).unwrap_or(FAULT))
    })?;
    linker.func_wrap(
        M,
        "fd_fdstat_set_flags",
        |_: Call<'_>, fd: i32, _: i32| {
            if (0..=2).contains(&fd) { INVALID } else { BAD_FD }
        },
    )?;
    // The first folder that is not there ends the search for those that were opened for it.
    linker.func_wrap(M, "fd_prestat_get", |_: Call<'_>, _: i32, _: i32| BAD_FD)?;
    Ok(())
}
