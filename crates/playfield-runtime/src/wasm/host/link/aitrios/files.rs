//! The calls of WASI preview 1 that are about files: the log, and the workspace.

use wasmtime::{Linker, Result};

use super::wasi::M;
use super::{At, device};
use crate::wasm::host::aitrios::files::{Errno, Files, How, MOST_PATH, PLACE, ROOT_FD, Stat, Whence};
use crate::wasm::host::aitrios::wasi::{
    BAD_FD, FAULT, INVALID, MOST_PIECES, MOST_WRITTEN, NAME_TOO_LONG, NOT_SUPPORTED, SUCCESS, fdstat,
};
use crate::wasm::host::aitrios::{Aitrios, Mem, word};
use crate::wasm::host::link::{Call, Host};

/// What a file is.
const FOLDER: u8 = 3;
const FILE: u8 = 4;
/// Rights: to read, to write; and all of them.
const READ: i64 = 1 << 1;
const WRITE: i64 = 1 << 6;
const ALL: u64 = (1 << 30) - 1;
/// Flags of a path that is opened, of what it opens, and of the times of a file.
const CREATE: i32 = 1;
const DIRECTORY: i32 = 2;
const EXCLUSIVE: i32 = 4;
const TRUNCATE: i32 = 8;
const APPEND: i32 = 1;
const CHANGED: i32 = 4;
const CHANGED_NOW: i32 = 8;

/// Does something with the files of the app that calls.
fn with(call: &mut Call<'_>, work: impl FnOnce(&mut Mem<'_>, &mut Files, u64) -> Result<(), Errno>) -> Result<i32> {
    let At { mut mem, mut it, .. } = device(call)?;
    let Aitrios { files, system, .. } = &mut *it;
    Ok(work(&mut mem, files, system.now_ns()).map_or_else(|Errno(code)| code, |()| SUCCESS))
}

fn is_log(fd: i32) -> bool {
    (0..ROOT_FD).contains(&fd)
}

/// A path, which has its length beside it.
fn path(mem: &Mem<'_>, at: i32, length: i32) -> Result<Vec<u8>, Errno> {
    if length.cast_unsigned() as usize > MOST_PATH {
        return Err(Errno(NAME_TOO_LONG));
    }
    Ok(mem.read(at, length)?)
}

/// The pieces of memory of one read or write, as far as it goes: where each begins, and its length.
fn pieces(mem: &Mem<'_>, at: i32, count: i32) -> Result<Vec<(i32, i32)>, Errno> {
    if !(0..=MOST_PIECES).contains(&count) {
        return Err(Errno(INVALID));
    }
    let (mut pieces, mut room) = (Vec::new(), MOST_WRITTEN);
    for piece in mem.read(at, count * 8)?.chunks_exact(8) {
        let (from, length) = (word(piece, 0)?, word(piece, 4)?);
        mem.check(from, length)?;
        let length = (length.cast_unsigned() as usize).min(room);
        room -= length;
        pieces.push((from, length as i32));
    }
    Ok(pieces)
}

fn read(
    mem: &mut Mem<'_>,
    files: &mut Files,
    fd: i32,
    from: Option<u64>,
    [at, count, to]: [i32; 3],
) -> Result<(), Errno> {
    let pieces = pieces(mem, at, count)?;
    mem.check(to, 4)?;
    let most = pieces.iter().map(|(_, length)| *length as usize).sum();
    let bytes = files.read(fd, from, most)?;
    let mut rest = &bytes[..];
    for (at, length) in pieces {
        let (piece, after) = rest.split_at(rest.len().min(length as usize));
        mem.write(at, piece)?;
        rest = after;
    }
    Ok(mem.write(to, &(bytes.len() as u32).to_le_bytes())?)
}

fn write(
    (mem, files, now): (&mut Mem<'_>, &mut Files, u64),
    fd: i32,
    to: Option<u64>,
    [at, count, done]: [i32; 3],
) -> Result<(), Errno> {
    let mut bytes = Vec::new();
    for (at, length) in pieces(mem, at, count)? {
        bytes.extend(mem.read(at, length)?);
    }
    mem.check(done, 4)?;
    files.write(fd, to, &bytes, now)?;
    Ok(mem.write(done, &(bytes.len() as u32).to_le_bytes())?)
}

fn put_stat(mem: &mut Mem<'_>, at: i32, stat: Stat) -> Result<(), Errno> {
    let Stat { node, folder, bytes, changed_ns } = stat;
    let mut out = [0; 64];
    out[8..16].copy_from_slice(&node.to_le_bytes());
    out[16] = if folder { FOLDER } else { FILE };
    out[24..32].copy_from_slice(&1u64.to_le_bytes());
    out[32..40].copy_from_slice(&bytes.to_le_bytes());
    for time in [40, 48, 56] {
        out[time..time + 8].copy_from_slice(&changed_ns.to_le_bytes());
    }
    Ok(mem.write(at, &out)?)
}

/// Entries of a folder from this one on, as far as there is room: the last one may be cut off, which says that there are more.
fn list(mem: &mut Mem<'_>, files: &mut Files, fd: i32, from: i64, [at, room, used]: [i32; 3]) -> Result<(), Errno> {
    mem.check(at, room)?;
    mem.check(used, 4)?;
    let (room, mut out) = (room.cast_unsigned() as usize, Vec::new());
    for (entry, nth) in files.list(fd, from.cast_unsigned())?.iter().zip(from.cast_unsigned().wrapping_add(1)..) {
        if out.len() >= room {
            break;
        }
        out.extend(nth.to_le_bytes());
        out.extend(entry.node.to_le_bytes());
        out.extend((entry.name.len() as u32).to_le_bytes());
        out.extend([if entry.folder { FOLDER } else { FILE }, 0, 0, 0]);
        out.extend(entry.name.as_bytes());
    }
    out.truncate(room);
    mem.write(at, &out)?;
    Ok(mem.write(used, &(out.len() as u32).to_le_bytes())?)
}

/// When something is to have been changed, if that is to be another time.
fn changed(now: u64, at: i64, flags: i32) -> Option<u64> {
    match flags {
        flags if flags & CHANGED_NOW != 0 => Some(now),
        flags if flags & CHANGED != 0 => Some(at.cast_unsigned()),
        _ => None,
    }
}

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    open_files(linker)?;
    about_files(linker)?;
    paths(linker)
}

/// What is done with what is open.
fn open_files(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(M, "fd_write", |mut c: Call<'_>, fd: i32, at: i32, count: i32, to: i32| {
        if !is_log(fd) {
            return with(&mut c, |mem, files, now| write((mem, files, now), fd, None, [at, count, to]));
        }
        let At { mut mem, mut it, booth, .. } = device(&mut c)?;
        let Ok((code, lines)) = it.system.write(&mut mem, fd, [at, count], to) else { return Ok(FAULT) };
        lines.into_iter().for_each(|line| booth.line(line));
        Ok(code)
    })?;
    linker.func_wrap(M, "fd_read", |mut c: Call<'_>, fd: i32, at: i32, count: i32, to: i32| {
        with(&mut c, |mem, files, _| match fd {
            // Standard input is empty.
            0 => Ok(mem.write(to, &[0; 4])?),
            _ => read(mem, files, fd, None, [at, count, to]),
        })
    })?;
    linker.func_wrap(M, "fd_pread", |mut c: Call<'_>, fd: i32, at: i32, count: i32, from: i64, to: i32| {
        with(&mut c, |mem, files, _| read(mem, files, fd, Some(from.cast_unsigned()), [at, count, to]))
    })?;
    linker.func_wrap(M, "fd_pwrite", |mut c: Call<'_>, fd: i32, at: i32, count: i32, to: i64, done: i32| {
        with(&mut c, |mem, files, now| write((mem, files, now), fd, Some(to.cast_unsigned()), [at, count, done]))
    })?;
    linker.func_wrap(M, "fd_close", |mut c: Call<'_>, fd: i32| {
        with(&mut c, |_, files, _| if is_log(fd) { Ok(()) } else { files.close(fd) })
    })?;
    linker.func_wrap(M, "fd_renumber", |mut c: Call<'_>, from: i32, to: i32| {
        with(&mut c, |_, files, _| files.renumber(from, to))
    })?;
    linker.func_wrap(M, "fd_seek", |mut c: Call<'_>, fd: i32, by: i64, from: i32, to: i32| {
        with(&mut c, |mem, files, _| {
            let from = match from {
                _ if is_log(fd) => return Err(Errno(NOT_SUPPORTED)),
                0 => Whence::Start,
                1 => Whence::Here,
                2 => Whence::End,
                _ => return Err(Errno(INVALID)),
            };
            let at = files.seek(fd, by, from)?;
            Ok(mem.write(to, &at.to_le_bytes())?)
        })
    })?;
    linker.func_wrap(M, "fd_tell", |mut c: Call<'_>, fd: i32, to: i32| {
        with(&mut c, |mem, files, _| {
            let at = files.seek(fd, 0, Whence::Here)?;
            Ok(mem.write(to, &at.to_le_bytes())?)
        })
    })?;
    // They lie in memory: there is nothing to wait for.
    for name in ["fd_sync", "fd_datasync"] {
        linker.func_wrap(M, name, |mut c: Call<'_>, fd: i32| {
            with(&mut c, |_, files, _| if is_log(fd) { Ok(()) } else { files.stat(fd).map(drop) })
        })?;
    }
    linker.func_wrap(M, "fd_readdir", |mut c: Call<'_>, fd: i32, at: i32, room: i32, from: i64, used: i32| {
        with(&mut c, |mem, files, _| list(mem, files, fd, from, [at, room, used]))
    })?;
    Ok(())
}

/// What is known of what is open, and how that is changed.
fn about_files(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(M, "fd_fdstat_get", |mut c: Call<'_>, fd: i32, to: i32| {
        if is_log(fd) {
            return Ok(fdstat(&mut device(&mut c)?.mem, fd, to).unwrap_or(FAULT));
        }
        with(&mut c, |mem, files, _| {
            let mut out = [0; 24];
            out[0] = if files.stat(fd)?.folder { FOLDER } else { FILE };
            out[2] = u8::from(files.appends(fd)?);
            out[8..16].copy_from_slice(&ALL.to_le_bytes());
            out[16..].copy_from_slice(&ALL.to_le_bytes());
            Ok(mem.write(to, &out)?)
        })
    })?;
    linker.func_wrap(M, "fd_fdstat_set_flags", |mut c: Call<'_>, fd: i32, flags: i32| {
        with(&mut c, |_, files, _| match is_log(fd) {
            true => Err(Errno(INVALID)),
            false => files.set_append(fd, flags & APPEND != 0),
        })
    })?;
    // Giving rights up changes nothing: they are the app's own files.
    linker.func_wrap(M, "fd_fdstat_set_rights", |mut c: Call<'_>, fd: i32, _: i64, _: i64| {
        with(&mut c, |_, files, _| files.stat(fd).map(drop))
    })?;
    linker.func_wrap(M, "fd_filestat_get", |mut c: Call<'_>, fd: i32, to: i32| {
        with(&mut c, |mem, files, _| {
            let stat = files.stat(fd)?;
            put_stat(mem, to, stat)
        })
    })?;
    linker.func_wrap(M, "fd_filestat_set_size", |mut c: Call<'_>, fd: i32, to: i64| {
        with(&mut c, |_, files, now| files.set_size(fd, to.cast_unsigned(), now))
    })?;
    linker.func_wrap(M, "fd_allocate", |mut c: Call<'_>, fd: i32, from: i64, bytes: i64| {
        with(&mut c, |_, files, now| files.allocate(fd, from.cast_unsigned(), bytes.cast_unsigned(), now))
    })?;
    linker.func_wrap(M, "fd_advise", |mut c: Call<'_>, fd: i32, _: i64, _: i64, _: i32| {
        with(&mut c, |_, files, _| files.stat(fd).map(drop))
    })?;
    linker.func_wrap(M, "fd_filestat_set_times", |mut c: Call<'_>, fd: i32, _: i64, at: i64, flags: i32| {
        with(&mut c, |_, files, now| match changed(now, at, flags) {
            Some(at) => files.set_changed(fd, at),
            None => files.stat(fd).map(drop),
        })
    })?;
    // One folder is open from the start. The first number that is none ends the search for such.
    linker.func_wrap(M, "fd_prestat_get", |mut c: Call<'_>, fd: i32, to: i32| {
        with(&mut c, |mem, files, _| match fd {
            ROOT_FD => {
                files.stat(fd)?;
                // A folder, and the length of its name.
                Ok(mem.write(to, &((PLACE.len() as u64) << 32).to_le_bytes())?)
            }
            _ => Err(Errno(BAD_FD)),
        })
    })?;
    linker.func_wrap(M, "fd_prestat_dir_name", |mut c: Call<'_>, fd: i32, to: i32, room: i32| {
        with(&mut c, |mem, files, _| match fd {
            ROOT_FD if (room.cast_unsigned() as usize) < PLACE.len() => Err(Errno(NAME_TOO_LONG)),
            ROOT_FD => {
                files.stat(fd)?;
                Ok(mem.write(to, PLACE.as_bytes())?)
            }
            _ => Err(Errno(BAD_FD)),
        })
    })?;
    Ok(())
}

/// What is done by path, from an open folder on.
fn paths(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(
        M,
        "path_open",
        |mut c: Call<'_>, fd: i32, _: i32, at: i32, length: i32, flags: i32, rights: i64, _: i64, how: i32, to: i32| {
            with(&mut c, |mem, files, now| {
                let path = path(mem, at, length)?;
                mem.check(to, 4)?;
                let how = How {
                    create: flags & CREATE != 0,
                    folder: flags & DIRECTORY != 0,
                    exclusive: flags & EXCLUSIVE != 0,
                    truncate: flags & TRUNCATE != 0,
                    append: how & APPEND != 0,
                    read: rights & READ != 0,
                    write: rights & WRITE != 0,
                };
                let opened = files.open(fd, &path, how, now)?;
                Ok(mem.write(to, &opened.to_le_bytes())?)
            })
        },
    )?;
    linker.func_wrap(M, "path_filestat_get", |mut c: Call<'_>, fd: i32, _: i32, at: i32, length: i32, to: i32| {
        with(&mut c, |mem, files, _| {
            let path = path(mem, at, length)?;
            let stat = files.path_stat(fd, &path)?;
            put_stat(mem, to, stat)
        })
    })?;
    linker.func_wrap(
        M,
        "path_filestat_set_times",
        |mut c: Call<'_>, fd: i32, _: i32, at: i32, length: i32, _: i64, time: i64, flags: i32| {
            with(&mut c, |mem, files, now| {
                let path = path(mem, at, length)?;
                match changed(now, time, flags) {
                    Some(at) => files.path_set_changed(fd, &path, at),
                    None => files.path_stat(fd, &path).map(drop),
                }
            })
        },
    )?;
    linker.func_wrap(M, "path_create_directory", |mut c: Call<'_>, fd: i32, at: i32, length: i32| {
        with(&mut c, |mem, files, now| files.create_folder(fd, &path(mem, at, length)?, now))
    })?;
    linker.func_wrap(M, "path_remove_directory", |mut c: Call<'_>, fd: i32, at: i32, length: i32| {
        with(&mut c, |mem, files, _| files.remove_folder(fd, &path(mem, at, length)?))
    })?;
    linker.func_wrap(M, "path_unlink_file", |mut c: Call<'_>, fd: i32, at: i32, length: i32| {
        with(&mut c, |mem, files, _| files.remove_file(fd, &path(mem, at, length)?))
    })?;
    linker.func_wrap(
        M,
        "path_rename",
        |mut c: Call<'_>, fd: i32, at: i32, length: i32, to_fd: i32, to: i32, to_length: i32| {
            with(&mut c, |mem, files, _| {
                let (from, to) = (path(mem, at, length)?, path(mem, to, to_length)?);
                files.rename((fd, &from), (to_fd, &to))
            })
        },
    )?;
    Ok(())
}
