//! The VFS interface, version 3, over the files of this process.

use std::ffi::{CStr, CString, OsStr, c_char, c_uint, c_void};
use std::fs::{self, File, OpenOptions, ReadDir};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::ptr;

use crate::libretro::abi::Vfs;
use crate::libretro::frontend::c_path;

/// The version that is spoken.
pub const VERSION: u32 = 3;

/// `RETRO_VFS_FILE_ACCESS_*`.
const READ: c_uint = 1;
const WRITE: c_uint = 2;
const UPDATE_EXISTING: c_uint = 4;

/// The interface.
pub static VFS: Vfs = Vfs {
    get_path,
    open,
    close,
    size,
    tell,
    seek,
    read,
    write,
    flush,
    remove,
    rename,
    truncate,
    stat,
    mkdir,
    opendir,
    readdir,
    dirent_get_name,
    dirent_is_dir,
    closedir,
};

struct Handle {
    file: File,
    path: CString,
}

struct Folder {
    entries: ReadDir,
    hidden: bool,
    name: CString,
    is_folder: bool,
}

/// # Safety
/// `path` is null, or ends with a zero.
unsafe fn path<'a>(path: *const c_char) -> Option<&'a Path> {
    // SAFETY: the caller's word.
    (!path.is_null()).then(|| Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes())))
}

/// # Safety
/// `at` came from `open` and was not closed, or is null; nobody else works with it meanwhile.
unsafe fn handle<'a>(at: *mut c_void) -> Option<&'a mut Handle> {
    // SAFETY: the caller's word.
    unsafe { at.cast::<Handle>().as_mut() }
}

/// # Safety
/// As for `handle`, with `opendir`.
unsafe fn folder<'a>(at: *mut c_void) -> Option<&'a mut Folder> {
    // SAFETY: the caller's word.
    unsafe { at.cast::<Folder>().as_mut() }
}

fn or_minus_one<T: TryInto<i64>>(result: Option<std::io::Result<T>>) -> i64 {
    result.and_then(Result::ok).and_then(|value| value.try_into().ok()).unwrap_or(-1)
}

fn zero_or_minus_one<T>(result: Option<std::io::Result<T>>) -> i32 {
    if matches!(result, Some(Ok(_))) { 0 } else { -1 }
}

unsafe extern "C" fn get_path(at: *mut c_void) -> *const c_char {
    // SAFETY: the core's word.
    unsafe { handle(at) }.map_or(ptr::null(), |handle| handle.path.as_ptr())
}

unsafe extern "C" fn open(at: *const c_char, mode: c_uint, _hints: c_uint) -> *mut c_void {
    // SAFETY: the core's word.
    let Some(path) = (unsafe { path(at) }) else { return ptr::null_mut() };
    let (reads, writes, keeps) = (mode & READ != 0, mode & WRITE != 0, mode & UPDATE_EXISTING != 0);
    let mut options = OpenOptions::new();
    options.read(reads).write(writes).create(writes && !keeps).truncate(writes && !keeps);
    let opened = options.open(path).ok().filter(|file| file.metadata().is_ok_and(|of| !of.is_dir()));
    opened.map_or(ptr::null_mut(), |file| Box::into_raw(Box::new(Handle { file, path: c_path(path) })).cast())
}

unsafe extern "C" fn close(at: *mut c_void) -> i32 {
    if at.is_null() {
        return -1;
    }
    // SAFETY: the core's word that it came from `open`, and that it is not used again.
    drop(unsafe { Box::from_raw(at.cast::<Handle>()) });
    0
}

unsafe extern "C" fn size(at: *mut c_void) -> i64 {
    // SAFETY: the core's word.
    or_minus_one(unsafe { handle(at) }.map(|handle| handle.file.metadata().map(|of| of.len())))
}

unsafe extern "C" fn tell(at: *mut c_void) -> i64 {
    // SAFETY: the core's word.
    or_minus_one(unsafe { handle(at) }.map(|handle| handle.file.stream_position()))
}

unsafe extern "C" fn seek(at: *mut c_void, offset: i64, from: i32) -> i64 {
    let to = match from {
        0 => u64::try_from(offset).map(SeekFrom::Start).ok(),
        1 => Some(SeekFrom::Current(offset)),
        2 => Some(SeekFrom::End(offset)),
        _ => None,
    };
    // SAFETY: the core's word.
    or_minus_one(unsafe { handle(at) }.zip(to).map(|(handle, to)| handle.file.seek(to)))
}

unsafe extern "C" fn read(at: *mut c_void, into: *mut c_void, len: u64) -> i64 {
    let (Ok(len), false) = (isize::try_from(len), into.is_null()) else { return -1 };
    // SAFETY: the core says that so many bytes have room there; they are written before they are read.
    let into = unsafe { std::slice::from_raw_parts_mut(into.cast::<u8>(), len.unsigned_abs()) };
    // SAFETY: the core's word.
    let Some(handle) = (unsafe { handle(at) }) else { return -1 };
    let mut done = 0;
    while done < into.len() {
        match handle.file.read(&mut into[done..]) {
            Ok(0) => break,
            Ok(some) => done += some,
            Err(_) => return -1,
        }
    }
    done as i64
}

unsafe extern "C" fn write(at: *mut c_void, from: *const c_void, len: u64) -> i64 {
    let (Ok(len), false) = (isize::try_from(len), from.is_null()) else { return -1 };
    // SAFETY: the core says that so many bytes lie there.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), len.unsigned_abs()) };
    // SAFETY: the core's word.
    let written = unsafe { handle(at) }.map(|handle| handle.file.write_all(from).map(|()| from.len()));
    or_minus_one(written)
}

unsafe extern "C" fn flush(at: *mut c_void) -> i32 {
    // SAFETY: the core's word.
    zero_or_minus_one(unsafe { handle(at) }.map(|handle| handle.file.flush()))
}

unsafe extern "C" fn remove(at: *const c_char) -> i32 {
    // SAFETY: the core's word.
    zero_or_minus_one(unsafe { path(at) }.map(fs::remove_file))
}

unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> i32 {
    // SAFETY: the core's word.
    let both = unsafe { path(from).zip(path(to)) };
    zero_or_minus_one(both.map(|(from, to)| fs::rename(from, to)))
}

unsafe extern "C" fn truncate(at: *mut c_void, len: i64) -> i64 {
    // SAFETY: the core's word.
    let handle = unsafe { handle(at) }.zip(u64::try_from(len).ok());
    i64::from(zero_or_minus_one(handle.map(|(handle, len)| handle.file.set_len(len))))
}

unsafe extern "C" fn stat(at: *const c_char, size: *mut i32) -> i32 {
    // SAFETY: the core's word.
    let Some(Ok(of)) = (unsafe { path(at) }).map(fs::metadata) else { return 0 };
    if !size.is_null() {
        // SAFETY: the core says that there is room for it.
        unsafe { size.write(i32::try_from(of.len()).unwrap_or(i32::MAX)) };
    }
    // `RETRO_VFS_STAT_*`: valid, a folder, a character device.
    1 | i32::from(of.is_dir()) << 1 | i32::from(of.file_type().is_char_device()) << 2
}

unsafe extern "C" fn mkdir(at: *const c_char) -> i32 {
    // SAFETY: the core's word.
    match unsafe { path(at) }.map(fs::create_dir) {
        Some(Ok(())) => 0,
        Some(Err(error)) if error.kind() == std::io::ErrorKind::AlreadyExists => -2,
        _ => -1,
    }
}

unsafe extern "C" fn opendir(at: *const c_char, hidden: bool) -> *mut c_void {
    // SAFETY: the core's word.
    let Some(Ok(entries)) = (unsafe { path(at) }).map(fs::read_dir) else { return ptr::null_mut() };
    Box::into_raw(Box::new(Folder { entries, hidden, name: CString::default(), is_folder: false })).cast()
}

unsafe extern "C" fn readdir(at: *mut c_void) -> bool {
    // SAFETY: the core's word.
    let Some(folder) = (unsafe { folder(at) }) else { return false };
    let hidden = folder.hidden;
    let shown = |name: &OsStr| hidden || !name.as_bytes().starts_with(b".");
    let next = folder.entries.by_ref().flatten().find(|entry| shown(&entry.file_name()));
    let Some(entry) = next else { return false };
    folder.name = c_path(Path::new(&entry.file_name()));
    folder.is_folder = entry.file_type().is_ok_and(|of| of.is_dir());
    true
}

unsafe extern "C" fn dirent_get_name(at: *mut c_void) -> *const c_char {
    // SAFETY: the core's word.
    unsafe { folder(at) }.map_or(ptr::null(), |folder| folder.name.as_ptr())
}

unsafe extern "C" fn dirent_is_dir(at: *mut c_void) -> bool {
    // SAFETY: the core's word.
    unsafe { folder(at) }.is_some_and(|folder| folder.is_folder)
}

unsafe extern "C" fn closedir(at: *mut c_void) -> i32 {
    if at.is_null() {
        return -1;
    }
    // SAFETY: the core's word that it came from `opendir`, and that it is not used again.
    drop(unsafe { Box::from_raw(at.cast::<Folder>()) });
    0
}
