//! An edge app for AITRIOS, as anyone would write it for one: it reads the sensor's output tensor, and sends what is surer than
//! its threshold as SmartCamera metadata, FlatBuffers in the usual envelope. Nothing in it knows of Playfield.
//!
//! `detector.wasm` beside it is this file, built by
//! `rustc --edition 2024 --target wasm32-unknown-unknown -O -C panic=abort -C strip=symbols --crate-type cdylib detector.rs`.

use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

#[repr(C)]
struct RawData {
    address: *const u8,
    size: u32,
    kind: *const c_char,
    timestamp: u64,
}

#[repr(C)]
struct TensorShapes {
    count: u32,
    shapes: [u32; 192],
}

#[repr(C)]
struct Entry {
    key: *const c_char,
    value: *const c_char,
}

type OnConfiguration = extern "C" fn(*const c_char, *const u8, i32, *mut c_void);
type OnSent = extern "C" fn(i32, *mut c_void);

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn EVP_initialize() -> i32;
    fn EVP_setConfigurationCallback(client: i32, to: OnConfiguration, user: *mut c_void) -> i32;
    fn EVP_sendTelemetry(client: i32, entries: *const Entry, count: i32, to: OnSent, user: *mut c_void) -> i32;
    fn EVP_processEvent(client: i32, timeout_ms: i32) -> i32;
    fn senscord_core_init(core: *mut u64) -> i32;
    fn senscord_core_exit(core: u64) -> i32;
    fn senscord_core_open_stream(core: u64, key: *const c_char, stream: *mut u64) -> i32;
    fn senscord_core_close_stream(core: u64, stream: u64) -> i32;
    fn senscord_stream_start(stream: u64) -> i32;
    fn senscord_stream_stop(stream: u64) -> i32;
    fn senscord_stream_get_frame(stream: u64, frame: *mut u64, timeout_ms: i32) -> i32;
    fn senscord_stream_release_frame(stream: u64, frame: u64) -> i32;
    fn senscord_frame_get_channel_from_channel_id(frame: u64, id: u32, channel: *mut u64) -> i32;
    fn senscord_channel_get_raw_data(channel: u64, raw: *mut RawData) -> i32;
    fn senscord_channel_get_property(channel: u64, key: *const c_char, value: *mut TensorShapes, size: u32) -> i32;
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn fd_write(fd: i32, pieces: *const [usize; 2], count: i32, written: *mut u32) -> i32;
    fn clock_time_get(id: i32, precision: u64, time: *mut u64) -> i32;
    fn proc_exit(code: i32) -> !;
}

const SHOULD_EXIT: i32 = 1;
const TIMED_OUT: i32 = 2;
const WIDTH: f32 = 320.0;
const HEIGHT: f32 = 180.0;

/// In thousandths.
static THRESHOLD: AtomicI32 = AtomicI32::new(300);
static DENIED: AtomicI32 = AtomicI32::new(0);

/// The length goes before what is given, so that it can be taken back.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    let Ok(layout) = Layout::from_size_align(size + 8, 8) else { return std::ptr::null_mut() };
    unsafe {
        let at = alloc(layout);
        if at.is_null() {
            return at;
        }
        at.cast::<usize>().write(size);
        at.add(8)
    }
}

#[unsafe(no_mangle)]
extern "C" fn free(at: *mut u8) {
    if at.is_null() {
        return;
    }
    unsafe {
        let at = at.sub(8);
        let size = at.cast::<usize>().read();
        dealloc(at, Layout::from_size_align_unchecked(size + 8, 8));
    }
}

fn log(line: &str) {
    let line = format!("{line}\n");
    let mut written = 0;
    unsafe { fd_write(1, &[line.as_ptr() as usize, line.len()], 1, &mut written) };
}

extern "C" fn on_configuration(topic: *const c_char, value: *const u8, len: i32, _: *mut c_void) {
    let (topic, value) = unsafe { (CStr::from_ptr(topic), std::slice::from_raw_parts(value, len as usize)) };
    log(&format!("{} is {}", topic.to_string_lossy(), String::from_utf8_lossy(value)));
    if topic == c"threshold"
        && let Some(threshold) = std::str::from_utf8(value).ok().and_then(|text| text.parse::<f32>().ok())
    {
        THRESHOLD.store((threshold * 1000.0) as i32, Ordering::Relaxed);
    }
}

extern "C" fn on_sent(reason: i32, _: *mut c_void) {
    if reason == 3 && DENIED.fetch_add(1, Ordering::Relaxed) == 0 {
        log("the first telemetry was denied");
    }
}

struct Found {
    class: u32,
    score: f32,
    area: [i32; 4],
}

/// Four tensors: boxes by planes, classes, scores, how many.
fn decode(tensor: &[f32], most: usize) -> Vec<Found> {
    let count = (tensor[6 * most] as usize).min(most);
    let of = |nth: usize| {
        let at = |plane: usize| tensor[plane * most + nth];
        let area = [at(1) * WIDTH, at(0) * HEIGHT, at(3) * WIDTH, at(2) * HEIGHT].map(|edge| edge.round() as i32);
        Found { class: at(4) as u32, score: at(5), area }
    };
    let least = THRESHOLD.load(Ordering::Relaxed) as f32 / 1000.0;
    (0..count).map(of).filter(|found| found.score >= least).collect()
}

/// `ObjectDetectionTop`, laid out by hand.
fn flat(found: &[Found]) -> Vec<u8> {
    fn halves(to: &mut Vec<u8>, halves: &[u16]) {
        halves.iter().for_each(|half| to.extend(half.to_le_bytes()));
    }
    fn words(to: &mut Vec<u8>, words: &[u32]) {
        words.iter().for_each(|word| to.extend(word.to_le_bytes()));
    }
    let shapes = 40 + 4 * found.len();
    let (first, each) = (shapes + 24, 40);
    let mut out = Vec::new();
    words(&mut out, &[12]);
    halves(&mut out, &[6, 8, 4, 0]);
    words(&mut out, &[8, 12]);
    halves(&mut out, &[6, 8, 4, 0]);
    words(&mut out, &[8, 4, found.len() as u32]);
    for nth in 0..found.len() {
        words(&mut out, &[(first + each * nth - (40 + 4 * nth)) as u32]);
    }
    halves(&mut out, &[12, 20, 4, 16, 8, 12]);
    halves(&mut out, &[12, 20, 4, 8, 12, 16]);
    for (nth, one) in found.iter().enumerate() {
        let at = first + each * nth;
        words(&mut out, &[(at - shapes) as u32, one.class, 12, one.score.to_bits(), 1]);
        words(&mut out, &[(at + 20 - (shapes + 12)) as u32]);
        words(&mut out, &one.area.map(|edge| edge as u32));
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let all = three.iter().enumerate().fold(0u32, |all, (nth, byte)| all | u32::from(*byte) << (16 - 8 * nth));
        for nth in 0..4 {
            let letter = LETTERS[(all >> (18 - 6 * nth) & 63) as usize];
            text.push(if nth <= three.len() { letter.into() } else { '=' });
        }
    }
    text
}

fn send(client: i32, found: &[Found]) {
    let inference = format!("{{\"T\":\"20260102030405678\",\"O\":\"{}\",\"F\":0}}", base64(&flat(found)));
    let envelope = format!(
        "{{\"ModelID\":\"0308000000000100\",\"DeviceID\":\"000000000000000\",\"Image\":false,\"Inferences\":[{inference}]}}\0"
    );
    let entry = Entry { key: c"placeholder".as_ptr(), value: envelope.as_ptr().cast() };
    let code = unsafe { EVP_sendTelemetry(client, &entry, 1, on_sent, std::ptr::null_mut()) };
    if code != 0 {
        log(&format!("telemetry was answered {code}"));
    }
}

fn look(client: i32, frame: u64) -> bool {
    let (mut channel, mut raw) = (0, RawData { address: std::ptr::null(), size: 0, kind: std::ptr::null(), timestamp: 0 });
    let mut shapes = TensorShapes { count: 0, shapes: [0; 192] };
    let tensor = unsafe {
        let key = c"tensor_shapes_property".as_ptr();
        if senscord_frame_get_channel_from_channel_id(frame, 0, &mut channel) != 0
            || senscord_channel_get_raw_data(channel, &mut raw) != 0
            || senscord_channel_get_property(channel, key, &mut shapes, size_of::<TensorShapes>() as u32) != 0
        {
            return false;
        }
        std::slice::from_raw_parts(raw.address, raw.size as usize)
    };
    let tensor: Vec<f32> = tensor.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    // Two dimensions, the second of which is how many there can be.
    let most = shapes.shapes[2] as usize;
    let found = decode(&tensor, most);
    if !found.is_empty() {
        send(client, &found);
    }
    true
}

#[unsafe(no_mangle)]
extern "C" fn _start() {
    let (mut core, mut stream, mut frame, mut time) = (0, 0, 0, 0);
    unsafe {
        let client = EVP_initialize();
        EVP_setConfigurationCallback(client, on_configuration, std::ptr::null_mut());
        clock_time_get(0, 1000, &mut time);
        if senscord_core_init(&mut core) != 0
            || senscord_core_open_stream(core, c"inference_stream".as_ptr(), &mut stream) != 0
            || senscord_stream_start(stream) != 0
        {
            proc_exit(1);
        }
        log(if time > 0 { "the detector is at work" } else { "there is no clock" });
        loop {
            let code = EVP_processEvent(client, 0);
            if code == SHOULD_EXIT {
                break;
            }
            if code == TIMED_OUT && senscord_stream_get_frame(stream, &mut frame, 200) == 0 {
                if !look(client, frame) {
                    log("the frame could not be read");
                }
                senscord_stream_release_frame(stream, frame);
            }
        }
        senscord_stream_stop(stream);
        senscord_core_close_stream(core, stream);
        senscord_core_exit(core);
        proc_exit(0);
    }
}
