//! Numbers, and structures as C lays them out.
//!
//! Names and values are those of `libretro.h` (API version 1), which is the specification; a comment says what a name does not.

use std::ffi::{c_char, c_uint, c_void};

/// What `retro_api_version` must return.
pub const API_VERSION: c_uint = 1;

/// Environment calls (`RETRO_ENVIRONMENT_*`). A frontend may not know a call; cores live with that.
pub mod env {
    use std::ffi::c_uint;

    const EXPERIMENTAL: c_uint = 0x10000;

    pub const SET_ROTATION: c_uint = 1;
    pub const GET_OVERSCAN: c_uint = 2;
    pub const GET_CAN_DUPE: c_uint = 3;
    pub const SET_MESSAGE: c_uint = 6;
    pub const SHUTDOWN: c_uint = 7;
    pub const SET_PERFORMANCE_LEVEL: c_uint = 8;
    pub const GET_SYSTEM_DIRECTORY: c_uint = 9;
    pub const SET_PIXEL_FORMAT: c_uint = 10;
    pub const SET_INPUT_DESCRIPTORS: c_uint = 11;
    pub const SET_KEYBOARD_CALLBACK: c_uint = 12;
    pub const SET_DISK_CONTROL_INTERFACE: c_uint = 13;
    pub const SET_HW_RENDER: c_uint = 14;
    pub const GET_VARIABLE: c_uint = 15;
    pub const SET_VARIABLES: c_uint = 16;
    pub const GET_VARIABLE_UPDATE: c_uint = 17;
    pub const SET_SUPPORT_NO_GAME: c_uint = 18;
    pub const GET_LIBRETRO_PATH: c_uint = 19;
    pub const SET_FRAME_TIME_CALLBACK: c_uint = 21;
    pub const GET_RUMBLE_INTERFACE: c_uint = 23;
    pub const GET_INPUT_DEVICE_CAPABILITIES: c_uint = 24;
    pub const GET_LOG_INTERFACE: c_uint = 27;
    pub const GET_PERF_INTERFACE: c_uint = 28;
    pub const GET_CORE_ASSETS_DIRECTORY: c_uint = 30;
    pub const GET_SAVE_DIRECTORY: c_uint = 31;
    pub const SET_SYSTEM_AV_INFO: c_uint = 32;
    pub const SET_CONTROLLER_INFO: c_uint = 35;
    pub const SET_MEMORY_MAPS: c_uint = 36 | EXPERIMENTAL;
    pub const SET_GEOMETRY: c_uint = 37;
    pub const GET_USERNAME: c_uint = 38;
    pub const GET_LANGUAGE: c_uint = 39;
    pub const SET_SUPPORT_ACHIEVEMENTS: c_uint = 42 | EXPERIMENTAL;
    pub const SET_SERIALIZATION_QUIRKS: c_uint = 44;
    pub const SET_HW_SHARED_CONTEXT: c_uint = 44 | EXPERIMENTAL;
    pub const GET_VFS_INTERFACE: c_uint = 45 | EXPERIMENTAL;
    pub const GET_AUDIO_VIDEO_ENABLE: c_uint = 47 | EXPERIMENTAL;
    pub const GET_FASTFORWARDING: c_uint = 49 | EXPERIMENTAL;
    pub const GET_TARGET_REFRESH_RATE: c_uint = 50 | EXPERIMENTAL;
    pub const GET_INPUT_BITMASKS: c_uint = 51 | EXPERIMENTAL;
    pub const GET_CORE_OPTIONS_VERSION: c_uint = 52;
    pub const SET_CORE_OPTIONS: c_uint = 53;
    pub const SET_CORE_OPTIONS_INTL: c_uint = 54;
    pub const SET_CORE_OPTIONS_DISPLAY: c_uint = 55;
    pub const GET_PREFERRED_HW_RENDER: c_uint = 56;
    pub const GET_DISK_CONTROL_INTERFACE_VERSION: c_uint = 57;
    pub const SET_DISK_CONTROL_EXT_INTERFACE: c_uint = 58;
    pub const GET_MESSAGE_INTERFACE_VERSION: c_uint = 59;
    pub const SET_MESSAGE_EXT: c_uint = 60;
    pub const GET_INPUT_MAX_USERS: c_uint = 61;
    pub const SET_CONTENT_INFO_OVERRIDE: c_uint = 65;
    pub const GET_GAME_INFO_EXT: c_uint = 66;
    pub const SET_CORE_OPTIONS_V2: c_uint = 67;
    pub const SET_CORE_OPTIONS_V2_INTL: c_uint = 68;
    pub const SET_CORE_OPTIONS_UPDATE_DISPLAY_CALLBACK: c_uint = 69;
    pub const SET_VARIABLE: c_uint = 70;
    pub const GET_SAVESTATE_CONTEXT: c_uint = 72 | EXPERIMENTAL;
    pub const GET_JIT_CAPABLE: c_uint = 74;
}

/// Kinds of device (`RETRO_DEVICE_*`); a subclass has more bits above the lowest byte.
pub mod device {
    use std::ffi::c_uint;

    pub const NONE: c_uint = 0;
    pub const JOYPAD: c_uint = 1;
    pub const MOUSE: c_uint = 2;
    pub const KEYBOARD: c_uint = 3;
    pub const LIGHTGUN: c_uint = 4;
    pub const ANALOG: c_uint = 5;
    pub const POINTER: c_uint = 6;
    /// The kind without its subclass.
    pub const MASK: c_uint = 0xff;
}

/// `RETRO_DEVICE_ID_JOYPAD_MASK`: all buttons of a pad in one answer.
pub const JOYPAD_ALL: c_uint = 256;

/// Memory of a core (`RETRO_MEMORY_*`).
pub mod memory {
    use std::ffi::c_uint;

    pub const SAVE_RAM: c_uint = 0;
    pub const RTC: c_uint = 1;
}

/// Kinds of graphics that a core may draw with (`RETRO_HW_CONTEXT_*`).
pub mod hw {
    use std::ffi::c_uint;

    pub const NONE: c_uint = 0;
    pub const OPENGL: c_uint = 1;
    pub const OPENGLES2: c_uint = 2;
    pub const OPENGL_CORE: c_uint = 3;
    pub const OPENGLES3: c_uint = 4;
    pub const OPENGLES_VERSION: c_uint = 5;
    pub const VULKAN: c_uint = 6;
    pub const D3D11: c_uint = 7;
    pub const D3D10: c_uint = 8;
    pub const D3D12: c_uint = 9;
    pub const D3D9: c_uint = 10;
}

/// `RETRO_HW_FRAME_BUFFER_VALID`, an address: the picture is in the framebuffer.
pub const HW_FRAME_BUFFER_VALID: usize = usize::MAX;

/// `RETRO_SERIALIZATION_QUIRK_*`.
pub mod quirk {
    pub const MUST_INITIALIZE: u64 = 1 << 1;
    pub const CORE_VARIABLE_SIZE: u64 = 1 << 2;
    pub const FRONT_VARIABLE_SIZE: u64 = 1 << 3;
    pub const SINGLE_SESSION: u64 = 1 << 4;
}

pub type Environment = unsafe extern "C" fn(command: c_uint, data: *mut c_void) -> bool;
pub type VideoRefresh = unsafe extern "C" fn(data: *const c_void, width: c_uint, height: c_uint, pitch: usize);
pub type AudioSample = unsafe extern "C" fn(left: i16, right: i16);
pub type AudioSampleBatch = unsafe extern "C" fn(data: *const i16, frames: usize) -> usize;
pub type InputPoll = unsafe extern "C" fn();
pub type InputState = unsafe extern "C" fn(port: c_uint, device: c_uint, index: c_uint, id: c_uint) -> i16;

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Geometry {
    pub base_width: c_uint,
    pub base_height: c_uint,
    pub max_width: c_uint,
    pub max_height: c_uint,
    /// Zero or less: pixels are square.
    pub aspect_ratio: f32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    pub fps: f64,
    pub sample_rate: f64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct AvInfo {
    pub geometry: Geometry,
    pub timing: Timing,
}

#[repr(C)]
pub struct SystemInfo {
    pub library_name: *const c_char,
    pub library_version: *const c_char,
    /// Without dots, between `|`.
    pub valid_extensions: *const c_char,
    pub need_fullpath: bool,
    pub block_extract: bool,
}

#[repr(C)]
pub struct GameInfo {
    pub path: *const c_char,
    pub data: *const c_void,
    pub size: usize,
    pub meta: *const c_char,
}

#[repr(C)]
pub struct GameInfoExt {
    pub full_path: *const c_char,
    pub archive_path: *const c_char,
    pub archive_file: *const c_char,
    pub dir: *const c_char,
    pub name: *const c_char,
    pub ext: *const c_char,
    pub meta: *const c_char,
    pub data: *const c_void,
    pub size: usize,
    pub file_in_archive: bool,
    pub persistent_data: bool,
}

#[repr(C)]
pub struct ContentInfoOverride {
    pub extensions: *const c_char,
    pub need_fullpath: bool,
    pub persistent_data: bool,
}

#[repr(C)]
pub struct Variable {
    pub key: *const c_char,
    pub value: *const c_char,
}

/// `RETRO_NUM_CORE_OPTION_VALUES_MAX`.
pub const OPTION_VALUES: usize = 128;

#[repr(C)]
pub struct OptionValue {
    pub value: *const c_char,
    pub label: *const c_char,
}

#[repr(C)]
pub struct OptionDefinition {
    pub key: *const c_char,
    pub desc: *const c_char,
    pub info: *const c_char,
    pub values: [OptionValue; OPTION_VALUES],
    pub default_value: *const c_char,
}

#[repr(C)]
pub struct OptionDefinitionV2 {
    pub key: *const c_char,
    pub desc: *const c_char,
    pub desc_categorized: *const c_char,
    pub info: *const c_char,
    pub info_categorized: *const c_char,
    pub category_key: *const c_char,
    pub values: [OptionValue; OPTION_VALUES],
    pub default_value: *const c_char,
}

#[repr(C)]
pub struct OptionCategory {
    pub key: *const c_char,
    pub desc: *const c_char,
    pub info: *const c_char,
}

#[repr(C)]
pub struct OptionsV2 {
    pub categories: *const OptionCategory,
    pub definitions: *const OptionDefinitionV2,
}

/// `retro_core_options_intl` and `retro_core_options_v2_intl`: English first.
#[repr(C)]
pub struct OptionsIntl<T> {
    pub us: *const T,
    pub local: *const T,
}

#[repr(C)]
pub struct OptionDisplay {
    pub key: *const c_char,
    pub visible: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct UpdateDisplay {
    pub callback: Option<unsafe extern "C" fn() -> bool>,
}

#[repr(C)]
pub struct Message {
    pub msg: *const c_char,
    pub frames: c_uint,
}

#[repr(C)]
pub struct MessageExt {
    pub msg: *const c_char,
    pub duration_ms: c_uint,
    pub priority: c_uint,
    pub level: c_uint,
    /// 0: screen and log, 1: screen, 2: log.
    pub target: c_uint,
    pub kind: c_uint,
    pub progress: i8,
}

#[repr(C)]
pub struct ControllerDescription {
    pub desc: *const c_char,
    pub id: c_uint,
}

#[repr(C)]
pub struct ControllerInfo {
    pub types: *const ControllerDescription,
    pub num_types: c_uint,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KeyboardCallback {
    pub callback: Option<unsafe extern "C" fn(down: bool, keycode: c_uint, character: u32, modifiers: u16)>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FrameTimeCallback {
    pub callback: Option<unsafe extern "C" fn(usec: i64)>,
    pub reference: i64,
}

#[repr(C)]
pub struct RumbleInterface {
    pub set_rumble_state: unsafe extern "C" fn(port: c_uint, effect: c_uint, strength: u16) -> bool,
}

/// `retro_hw_context_reset_t`.
pub type ContextCall = unsafe extern "C" fn();

/// `retro_hw_render_callback`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HwRender {
    pub context_type: c_uint,
    pub context_reset: Option<ContextCall>,
    pub get_current_framebuffer: Option<unsafe extern "C" fn() -> usize>,
    pub get_proc_address: Option<unsafe extern "C" fn(name: *const c_char) -> *const c_void>,
    pub depth: bool,
    pub stencil: bool,
    /// The first row of the framebuffer is the picture's last.
    pub bottom_left_origin: bool,
    pub version_major: c_uint,
    pub version_minor: c_uint,
    pub cache_context: bool,
    pub context_destroy: Option<ContextCall>,
    pub debug_context: bool,
}

#[repr(C)]
pub struct LogInterface {
    /// Variadic, as C's `printf` is.
    pub log: unsafe extern "C" fn(level: c_uint, format: *const c_char, ...),
}

/// `retro_perf_counter`.
#[repr(C)]
pub struct PerfCounter {
    pub ident: *const c_char,
    pub start: u64,
    pub total: u64,
    pub call_cnt: u64,
    pub registered: bool,
}

#[repr(C)]
pub struct PerfInterface {
    pub get_time_usec: unsafe extern "C" fn() -> i64,
    pub get_cpu_features: unsafe extern "C" fn() -> u64,
    pub get_perf_counter: unsafe extern "C" fn() -> u64,
    pub perf_register: unsafe extern "C" fn(counter: *mut PerfCounter),
    pub perf_start: unsafe extern "C" fn(counter: *mut PerfCounter),
    pub perf_stop: unsafe extern "C" fn(counter: *mut PerfCounter),
    pub perf_log: unsafe extern "C" fn(),
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DiskControl {
    pub set_eject_state: Option<unsafe extern "C" fn(ejected: bool) -> bool>,
    pub get_eject_state: Option<unsafe extern "C" fn() -> bool>,
    pub get_image_index: Option<unsafe extern "C" fn() -> c_uint>,
    pub set_image_index: Option<unsafe extern "C" fn(index: c_uint) -> bool>,
    pub get_num_images: Option<unsafe extern "C" fn() -> c_uint>,
    pub replace_image_index: Option<unsafe extern "C" fn(index: c_uint, info: *const GameInfo) -> bool>,
    pub add_image_index: Option<unsafe extern "C" fn() -> bool>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DiskControlExt {
    pub base: DiskControl,
    pub set_initial_image: Option<unsafe extern "C" fn(index: c_uint, path: *const c_char) -> bool>,
    pub get_image_path: Option<unsafe extern "C" fn(index: c_uint, path: *mut c_char, len: usize) -> bool>,
    pub get_image_label: Option<unsafe extern "C" fn(index: c_uint, label: *mut c_char, len: usize) -> bool>,
}

/// `retro_vfs_interface_info`.
#[repr(C)]
pub struct VfsInfo {
    pub required_interface_version: u32,
    pub iface: *const Vfs,
}

/// `retro_vfs_interface`, version 3. Handles are pointers to whatever the frontend likes.
#[repr(C)]
pub struct Vfs {
    pub get_path: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    pub open: unsafe extern "C" fn(*const c_char, c_uint, c_uint) -> *mut c_void,
    pub close: unsafe extern "C" fn(*mut c_void) -> i32,
    pub size: unsafe extern "C" fn(*mut c_void) -> i64,
    pub tell: unsafe extern "C" fn(*mut c_void) -> i64,
    pub seek: unsafe extern "C" fn(*mut c_void, i64, i32) -> i64,
    pub read: unsafe extern "C" fn(*mut c_void, *mut c_void, u64) -> i64,
    pub write: unsafe extern "C" fn(*mut c_void, *const c_void, u64) -> i64,
    pub flush: unsafe extern "C" fn(*mut c_void) -> i32,
    pub remove: unsafe extern "C" fn(*const c_char) -> i32,
    pub rename: unsafe extern "C" fn(*const c_char, *const c_char) -> i32,
    pub truncate: unsafe extern "C" fn(*mut c_void, i64) -> i64,
    pub stat: unsafe extern "C" fn(*const c_char, *mut i32) -> i32,
    pub mkdir: unsafe extern "C" fn(*const c_char) -> i32,
    pub opendir: unsafe extern "C" fn(*const c_char, bool) -> *mut c_void,
    pub readdir: unsafe extern "C" fn(*mut c_void) -> bool,
    pub dirent_get_name: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    pub dirent_is_dir: unsafe extern "C" fn(*mut c_void) -> bool,
    pub closedir: unsafe extern "C" fn(*mut c_void) -> i32,
}
