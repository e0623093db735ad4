//! An edge app for AITRIOS that keeps a diary in its workspace, with nothing but the standard library, and a second thread that
//! writes it. After each picture it says how many lines the diary has, as it reads them. Nothing in it knows of Playfield.
//!
//! `keeper.wasm` beside it is this file, built by `rustc --edition 2024 --target wasm32-wasip1-threads -O -C panic=abort
//! -C strip=symbols -C link-args="--export=malloc --export=free --export-table" keeper.rs`.

use std::ffi::{CStr, CString, c_char, c_void};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

#[repr(C)]
struct Entry {
    key: *const c_char,
    value: *const c_char,
}

type OnSent = extern "C" fn(i32, *mut c_void);

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn EVP_initialize() -> i32;
    fn EVP_getWorkspaceDirectory(client: i32, kind: i32) -> *const c_char;
    fn EVP_sendTelemetry(client: i32, entries: *const Entry, count: i32, to: Option<OnSent>, user: *mut c_void) -> i32;
    fn EVP_processEvent(client: i32, timeout_ms: i32) -> i32;
    fn senscord_core_init(core: *mut u64) -> i32;
    fn senscord_core_open_stream(core: u64, key: *const c_char, stream: *mut u64) -> i32;
    fn senscord_stream_start(stream: u64) -> i32;
    fn senscord_stream_get_frame(stream: u64, frame: *mut u64, timeout_ms: i32) -> i32;
    fn senscord_stream_release_frame(stream: u64, frame: u64) -> i32;
}

const SHOULD_EXIT: i32 = 1;

fn say(client: i32, n: usize) {
    let value = CString::new(format!("{{\"n\":{n}}}")).unwrap();
    let entry = Entry { key: c"diary".as_ptr(), value: value.as_ptr() };
    unsafe { EVP_sendTelemetry(client, &entry, 1, None, std::ptr::null_mut()) };
}

/// What a program does with a folder of its own: what goes wrong ends it.
fn try_everything(folder: &Path) {
    let old = folder.join("old");
    fs::create_dir_all(old.join("deeper/still")).unwrap();
    assert_eq!(fs::create_dir(&old).unwrap_err().kind(), ErrorKind::AlreadyExists);
    fs::write(old.join("deeper/note"), "many words").unwrap();
    fs::rename(old.join("deeper/note"), old.join("note")).unwrap();
    assert_eq!(fs::read_to_string(old.join("note")).unwrap(), "many words");
    let about = fs::metadata(old.join("note")).unwrap();
    assert!(about.is_file() && about.len() == 10 && about.modified().is_ok());
    let mut names: Vec<_> = fs::read_dir(&old).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["deeper", "note"]);
    let mut file = OpenOptions::new().read(true).write(true).open(old.join("note")).unwrap();
    file.seek(SeekFrom::End(-5)).unwrap();
    file.write_all(b"lines, and more").unwrap();
    file.set_len(10).unwrap();
    file.sync_all().unwrap();
    assert_eq!(fs::read(old.join("note")).unwrap(), b"many lines");
    let large = vec![7; 300_000];
    fs::write(old.join("large"), &large).unwrap();
    assert_eq!(fs::copy(old.join("large"), old.join("larger")).unwrap(), 300_000);
    assert!(fs::read(old.join("larger")).unwrap() == large);
    assert!(File::open("/etc/hostname").is_err() && File::open(folder.join("../up")).is_err());
    assert!(fs::write(old.join("too large"), vec![0; 5 << 20]).is_err());
    fs::remove_dir_all(&old).unwrap();
    assert_eq!(fs::metadata(&old).unwrap_err().kind(), ErrorKind::NotFound);
}

fn main() {
    let client = unsafe { EVP_initialize() };
    let folder = unsafe { CStr::from_ptr(EVP_getWorkspaceDirectory(client, 0)) };
    let folder = PathBuf::from(folder.to_str().unwrap());
    try_everything(&folder);
    let diary = folder.join("diary");
    let ((tell, told), (done, written)) = (mpsc::channel::<u64>(), mpsc::channel::<()>());
    let path = diary.clone();
    let writer = std::thread::spawn(move || {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        while let Ok(frame) = told.recv() {
            writeln!(file, "picture {frame}").unwrap();
            done.send(()).unwrap();
        }
    });
    let (mut core, mut stream) = (0, 0);
    unsafe {
        senscord_core_init(&mut core);
        senscord_core_open_stream(core, c"inference_stream".as_ptr(), &mut stream);
        senscord_stream_start(stream);
    }
    loop {
        let mut frame = 0;
        if unsafe { senscord_stream_get_frame(stream, &mut frame, -1) } != 0 {
            break;
        }
        unsafe { senscord_stream_release_frame(stream, frame) };
        tell.send(frame).unwrap();
        written.recv().unwrap();
        say(client, BufReader::new(File::open(&diary).unwrap()).lines().count());
        if unsafe { EVP_processEvent(client, 0) } == SHOULD_EXIT {
            break;
        }
    }
    drop(tell);
    writer.join().unwrap();
}
