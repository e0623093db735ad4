//! An edge app for AITRIOS that uploads what it sees, as AITRIOS's own library does: one thread looks at pictures, makes each a
//! JPEG, uploads it out of its memory and a note about it out of its workspace, and waits for what becomes of both; the main
//! thread looks at events. What it notes it fetches once, from an address. After each picture it says how many were kept so far,
//! and how many not. Nothing in it knows of Playfield.
//!
//! `sender.wasm` beside it is this file, built by `rustc --edition 2024 --target wasm32-wasip1-threads -O -C panic=abort
//! -C strip=symbols -C link-args="--export=malloc --export=free --export-table" sender.rs`.

use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::{Condvar, Mutex};

#[repr(C)]
struct Entry {
    key: *const c_char,
    value: *const c_char,
}

#[repr(C)]
struct RawData {
    address: *const u8,
    size: u32,
    kind: *const c_char,
    timestamp: u64,
}

#[repr(C)]
struct Image {
    width: u32,
    height: u32,
    stride: u32,
    format: [u8; 64],
}

/// What `EsfCodecEncodeJpeg` is given.
#[repr(C)]
struct Encoding {
    from: u64,
    to: u64,
    room: i32,
    nothing: i32,
    format: i32,
    width: i32,
    height: i32,
    stride: i32,
    quality: i32,
    nothing_either: i32,
}

#[repr(C)]
struct ExtRequest {
    remote_name: *const c_char,
    storage_name: *const c_char,
}

type Fill = extern "C" fn(*mut u8, usize, *mut c_void) -> i32;

#[repr(C)]
struct Store {
    path: *const c_char,
    fill: Option<Fill>,
    length: usize,
}

#[repr(C)]
struct Outcome {
    result: u32,
    http_status: u32,
    errno: i32,
}

type OnSent = extern "C" fn(i32, *mut c_void);
type OnBlob = extern "C" fn(i32, *const Outcome, *mut c_void);

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn EVP_initialize() -> i32;
    fn EVP_getWorkspaceDirectory(client: i32, kind: i32) -> *const c_char;
    fn EVP_sendTelemetry(client: i32, entries: *const Entry, count: i32, to: Option<OnSent>, user: *mut c_void) -> i32;
    fn EVP_processEvent(client: i32, timeout_ms: i32) -> i32;
    fn EVP_blobOperation(
        client: i32,
        kind: i32,
        op: i32,
        request: *const c_void,
        store: *const Store,
        to: OnBlob,
        user: *mut c_void,
    ) -> i32;
    fn EVP_BlobRequestHttpExt_initialize() -> *mut c_void;
    fn EVP_BlobRequestHttpExt_addHeader(request: *mut c_void, name: *const c_char, value: *const c_char) -> i32;
    fn EVP_BlobRequestHttpExt_addAzureHeader(request: *mut c_void) -> i32;
    fn EVP_BlobRequestHttpExt_setUrl(request: *mut c_void, url: *const c_char) -> i32;
    fn EVP_BlobRequestHttpExt_free(request: *mut c_void);
    fn EsfCodecEncodeJpeg(encoding: *const Encoding, size: *mut i32) -> i32;
    fn senscord_core_init(core: *mut u64) -> i32;
    fn senscord_core_open_stream(core: u64, key: *const c_char, stream: *mut u64) -> i32;
    fn senscord_stream_start(stream: u64) -> i32;
    fn senscord_stream_get_frame(stream: u64, frame: *mut u64, timeout_ms: i32) -> i32;
    fn senscord_stream_release_frame(stream: u64, frame: u64) -> i32;
    fn senscord_frame_get_channel_from_channel_id(frame: u64, id: u32, channel: *mut u64) -> i32;
    fn senscord_channel_get_raw_data(channel: u64, raw: *mut RawData) -> i32;
    fn senscord_channel_get_property(channel: u64, key: *const c_char, value: *mut Image, size: u32) -> i32;
}

const SHOULD_EXIT: i32 = 1;
const AZURE: i32 = 0;
const EVP_EXT: i32 = 3;
const HTTP_EXT: i32 = 4;
const GET: i32 = 0;
const PUT: i32 = 1;

/// An upload, or something fetched, until it is known what became of it.
struct Upload {
    bytes: Vec<u8>,
    sent: usize,
    status: Mutex<Option<u32>>,
    known: Condvar,
}

impl Upload {
    fn new(bytes: Vec<u8>) -> Box<Upload> {
        Box::new(Upload { bytes, sent: 0, status: Mutex::new(None), known: Condvar::new() })
    }

    /// The status of HTTP that it ended with, once it was begun with this answer; 0: it failed.
    fn wait(&self, answer: i32) -> u32 {
        if answer != 0 {
            return 0;
        }
        let status = self.known.wait_while(self.status.lock().unwrap(), |status| status.is_none()).unwrap();
        status.unwrap()
    }
}

extern "C" fn fill(to: *mut u8, length: usize, user: *mut c_void) -> i32 {
    let upload = unsafe { &mut *user.cast::<Upload>() };
    let Some(piece) = upload.bytes.get(upload.sent..upload.sent + length) else { return 1 };
    unsafe { to.copy_from_nonoverlapping(piece.as_ptr(), length) };
    upload.sent += length;
    0
}

extern "C" fn on_blob(reason: i32, outcome: *const Outcome, user: *mut c_void) {
    let upload = unsafe { &*user.cast::<Upload>() };
    let status = if reason == 0 { unsafe { (*outcome).http_status } } else { 0 };
    *upload.status.lock().unwrap() = Some(status);
    upload.known.notify_all();
}

/// The picture of a frame, as a JPEG.
fn picture(frame: u64) -> Option<Vec<u8>> {
    let mut channel = 0;
    let mut raw = RawData { address: std::ptr::null(), size: 0, kind: std::ptr::null(), timestamp: 0 };
    let mut image = Image { width: 0, height: 0, stride: 0, format: [0; 64] };
    let size = size_of::<Image>() as u32;
    unsafe {
        if senscord_frame_get_channel_from_channel_id(frame, 1, &mut channel) != 0
            || senscord_channel_get_raw_data(channel, &mut raw) != 0
            || senscord_channel_get_property(channel, c"image_property".as_ptr(), &mut image, size) != 0
        {
            return None;
        }
    }
    let mut jpeg = vec![0; raw.size as usize];
    let encoding = Encoding {
        from: raw.address as u64,
        to: jpeg.as_mut_ptr() as u64,
        room: jpeg.len() as i32,
        nothing: 0,
        format: 1,
        width: image.width as i32,
        height: image.height as i32,
        stride: image.stride as i32,
        quality: 80,
        nothing_either: 0,
    };
    let mut length = 0;
    let done = unsafe { EsfCodecEncodeJpeg(&encoding, &mut length) } == 0;
    jpeg.truncate(length as usize);
    done.then_some(jpeg)
}

/// Uploads a picture out of memory, to a storage by its name. Whether it is kept.
fn upload_picture(client: i32, name: &str, jpeg: Vec<u8>) -> bool {
    let remote = CString::new(format!("images/{name}.jpg")).unwrap();
    let request = ExtRequest { remote_name: remote.as_ptr(), storage_name: c"default".as_ptr() };
    let store = Store { path: std::ptr::null(), fill: Some(fill), length: jpeg.len() };
    let upload = Box::into_raw(Upload::new(jpeg));
    let request = (&raw const request).cast();
    let answer = unsafe { EVP_blobOperation(client, EVP_EXT, PUT, request, &store, on_blob, upload.cast()) };
    unsafe { Box::from_raw(upload) }.wait(answer) == 201
}

/// Fetches a file into the workspace, from an address. What is in it.
fn fetch(client: i32, folder: &str) -> Option<String> {
    let path = CString::new(format!("{folder}/words.txt")).unwrap();
    let url = c"https://storage.invalid/words/words.txt?signature=a%2Fb".as_ptr();
    let (request, fetched) = ([url], Box::into_raw(Upload::new(Vec::new())));
    let store = Store { path: path.as_ptr(), fill: None, length: 0 };
    let request = request.as_ptr().cast();
    let answer = unsafe { EVP_blobOperation(client, AZURE, GET, request, &store, on_blob, fetched.cast()) };
    let status = unsafe { Box::from_raw(fetched) }.wait(answer);
    (status == 200).then(|| std::fs::read_to_string(path.to_str().unwrap()).unwrap())
}

/// Uploads a note out of the workspace, to an address. Whether it is kept.
fn upload_note(client: i32, name: &str, folder: &str, text: &str) -> bool {
    let written = format!("{folder}/{name}.txt");
    std::fs::write(&written, text).unwrap();
    let url = CString::new(format!("https://storage.invalid/notes/{name}.txt?signature=a%2Fb")).unwrap();
    let (path, upload) = (CString::new(&*written).unwrap(), Box::into_raw(Upload::new(Vec::new())));
    let store = Store { path: path.as_ptr(), fill: None, length: 0 };
    let answer = unsafe {
        let request = EVP_BlobRequestHttpExt_initialize();
        assert_eq!(EVP_BlobRequestHttpExt_setUrl(request, c"https://storage.invalid/".as_ptr()), 0);
        assert_eq!(EVP_BlobRequestHttpExt_setUrl(request, url.as_ptr()), 0);
        assert_eq!(EVP_BlobRequestHttpExt_addHeader(request, c"Content-Type".as_ptr(), c"text/plain".as_ptr()), 0);
        assert_eq!(EVP_BlobRequestHttpExt_addAzureHeader(request), 0);
        let answer = EVP_blobOperation(client, HTTP_EXT, PUT, request, &store, on_blob, upload.cast());
        EVP_BlobRequestHttpExt_free(request);
        answer
    };
    let kept = unsafe { Box::from_raw(upload) }.wait(answer) == 201;
    std::fs::remove_file(written).unwrap();
    kept
}

fn say(client: i32, kept: u32, lost: u32) {
    let value = CString::new(format!("{{\"kept\":{kept},\"lost\":{lost}}}")).unwrap();
    let entry = Entry { key: c"uploads".as_ptr(), value: value.as_ptr() };
    unsafe { EVP_sendTelemetry(client, &entry, 1, None, std::ptr::null_mut()) };
}

fn iterate(client: i32, folder: String) {
    let (mut core, mut stream, mut kept, mut lost) = (0, 0, 0, 0);
    unsafe {
        senscord_core_init(&mut core);
        senscord_core_open_stream(core, c"inference_stream".as_ptr(), &mut stream);
        senscord_stream_start(stream);
    }
    let words = fetch(client, &folder);
    for number in 1.. {
        let mut frame = 0;
        if unsafe { senscord_stream_get_frame(stream, &mut frame, -1) } != 0 {
            return;
        }
        let jpeg = picture(frame);
        unsafe { senscord_stream_release_frame(stream, frame) };
        let name = format!("20260102{number:09}");
        let seen = words.as_deref().unwrap_or(if jpeg.is_some() { "it sees a picture" } else { "it sees no picture" });
        let uploads = [
            jpeg.is_some_and(|jpeg| upload_picture(client, &name, jpeg)),
            upload_note(client, &name, &folder, seen),
        ];
        for one in uploads {
            *(if one { &mut kept } else { &mut lost }) += 1;
        }
        say(client, kept, lost);
    }
}

fn main() {
    let client = unsafe { EVP_initialize() };
    let folder = unsafe { CStr::from_ptr(EVP_getWorkspaceDirectory(client, 0)) }.to_str().unwrap().to_owned();
    std::thread::spawn(move || iterate(client, folder));
    while unsafe { EVP_processEvent(client, 1000) } != SHOULD_EXIT {}
}
