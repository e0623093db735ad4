//! The imports as `sdk/ABI.md` lists them, and nothing else. Outside Wasm (in a creator's own tests) each one panics.

macro_rules! imports {
    ($($group:literal { $($name:literal $alias:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)* })*) => {$(
        #[cfg(target_arch = "wasm32")]
        #[link(wasm_import_module = $group)]
        unsafe extern "C" {
            $(#[link_name = $name] pub fn $alias($($arg: $ty),*) $(-> $ret)?;)*
        }
        $(
            #[cfg(not(target_arch = "wasm32"))]
            pub unsafe fn $alias($(_: $ty),*) $(-> $ret)? {
                panic!(concat!($group, " ", $name, " exists only inside a host: keep calls to it out of what you test"))
            }
        )*
    )*};
}

imports! {
    "playfield:host@1" {
        "tick_rate" tick_rate(hz: i32);
        "tick" tick() -> i64;
        "time_us" time_us() -> i64;
        "unix_ms" unix_ms() -> i64;
        "random" random(ptr: *mut u8, len: usize);
        "exit" exit();
    }
    "playfield:log@1" {
        "write" log_write(level: i32, ptr: *const u8, len: usize);
    }
    "playfield:video@1" {
        "mode" video_mode(width: i32, height: i32, format: i32);
        "palette" video_palette(first: i32, count: usize, ptr: *const u32);
        "dirty" video_dirty(x: i32, y: i32, w: i32, h: i32);
        "present" video_present(ptr: *const u8, stride: usize);
    }
    "playfield:audio@1" {
        "wanted" audio_wanted() -> i32;
        "push" audio_push(ptr: *const i16, frames: usize) -> i32;
    }
    "playfield:input@1" {
        "players" input_players() -> i32;
        "pad" input_pad(player: i32, ptr: *mut u8);
        "keys" input_keys(player: i32, ptr: *mut u8);
        "pointer" input_pointer(player: i32, ptr: *mut u8);
        "touches" input_touches(player: i32, ptr: *mut u8, max: usize) -> i32;
        "text" input_text(player: i32, ptr: *mut u8, max: usize) -> i32;
        "rumble" input_rumble(player: i32, strong: i32, weak: i32, ms: i32);
    }
    "playfield:storage@1" {
        "read" storage_read(key: *const u8, key_len: usize, ptr: *mut u8, max: usize) -> i32;
        "write" storage_write(key: *const u8, key_len: usize, ptr: *const u8, len: usize) -> i32;
        "remove" storage_remove(key: *const u8, key_len: usize) -> i32;
    }
    "playfield:timeline@1" {
        "event" timeline_event(name: *const u8, len: usize, value: i64);
        "mode" timeline_mode(mode: i32);
    }
    "playfield:camera@1" {
        "frame" camera_frame() -> i64;
        "time_ms" camera_time_ms() -> i64;
        "size" camera_size() -> i32;
        "config" camera_config(ptr: *mut u8, max: usize) -> i32;
        "pixels" camera_pixels(ptr: *mut u32, width: i32, height: i32) -> i32;
        "emit" camera_emit(ptr: *const u8, len: usize) -> i32;
    }
    "playfield:infer@1" {
        "objects" infer_objects(ptr: *mut u8, max: usize) -> i32;
        "labels" infer_labels() -> i32;
        "label" infer_label(class: i32, ptr: *mut u8, max: usize) -> i32;
        "place" infer_place(kind: i32, nth: i32, ptr: *mut u8, max: usize) -> i32;
        "count" infer_count(what: i32, nth: i32, class: i32) -> i64;
        "events" infer_events(ptr: *mut u8, max: usize) -> i32;
        "counts" infer_counts(ptr: *mut u8, max: usize) -> i32;
    }
}
