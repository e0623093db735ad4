//! The environment callback: one function, a number that says what is asked, and a pointer whose meaning that number tells.
//!
//! "No" is an answer that every core must live with, and the one to everything that is not listed here: sensors, cameras,
//! microphones, network play.

use std::ffi::{CStr, c_char, c_uint, c_void};
use std::ptr;
use std::time::{SystemTime, UNIX_EPOCH};

use playfield_core::input::MAX_PLAYERS;
use playfield_core::setting::{Choice, Setting};

use crate::libretro::abi::{
    AvInfo, ContentInfoOverride, ControllerInfo, DiskControl, DiskControlExt, FrameTimeCallback, GameInfoExt, Geometry,
    HwRender, KeyboardCallback, LogInterface, Message, MessageExt, OptionCategory, OptionDefinition,
    OptionDefinitionV2, OptionDisplay, OptionValue, OptionsIntl, OptionsV2, PerfCounter, PerfInterface,
    RumbleInterface, UpdateDisplay, Variable, VfsInfo, device, env, hw, quirk,
};
use crate::libretro::core::with;
use crate::libretro::files;
use crate::libretro::frontend::{Kind, Override};
use crate::libretro::graphics;
use crate::libretro::options::from_variable;
use crate::libretro::pixels::Layout;
use crate::libretro::words::News;

/// Entries of a list that a core must end by itself: one that forgot is not read for ever.
const LONGEST_LIST: usize = 4096;
/// Whoever plays has no name here.
const USERNAME: &CStr = c"Player";

/// The callback that a core is given.
///
/// # Safety
/// `data` is what `libretro.h` says for `command`.
pub unsafe extern "C" fn environment(command: c_uint, data: *mut c_void) -> bool {
    // SAFETY: the caller's word, which each function below relies on in the same way.
    unsafe {
        match command {
            env::SET_ROTATION => take(data, |quarters: c_uint| {
                with(|frontend| {
                    frontend.quarters = (quarters % 4) as u8;
                    frontend.pace_changed = true;
                });
                true
            }),
            env::GET_OVERSCAN | env::GET_FASTFORWARDING => put(data, false),
            env::GET_CAN_DUPE | env::GET_JIT_CAPABLE => put(data, true),
            env::SET_MESSAGE => take_ref(data, |message: &Message| say(message.msg)),
            env::SET_MESSAGE_EXT => take_ref(data, |message: &MessageExt| {
                if message.target != 1 {
                    let line = text(message.msg);
                    with(|frontend| frontend.log(message.level.min(3) as u8, &line));
                }
                message.target == 2 || say(message.msg)
            }),
            env::GET_MESSAGE_INTERFACE_VERSION => put(data, 1 as c_uint),
            env::SHUTDOWN => {
                with(|frontend| frontend.exited = true);
                true
            }
            env::SET_PIXEL_FORMAT => take(data, |number: c_uint| {
                let layout = Layout::from_number(number);
                with(|frontend| frontend.layout = layout.unwrap_or(frontend.layout));
                layout.is_some()
            }),
            env::GET_SYSTEM_DIRECTORY | env::GET_CORE_ASSETS_DIRECTORY => {
                put(data, lent(|frontend| frontend.folders.system.as_ptr()))
            }
            env::GET_SAVE_DIRECTORY => put(data, lent(|frontend| frontend.folders.saves.as_ptr())),
            env::GET_LIBRETRO_PATH => put(data, lent(|frontend| frontend.folders.core.as_ptr())),
            env::GET_USERNAME => put(data, USERNAME.as_ptr()),
            // English.
            env::GET_LANGUAGE => put(data, 0 as c_uint),
            env::GET_TARGET_REFRESH_RATE => put(data, 60.0f32),
            // Picture and sound of this run, and whether its state stays in this process: none of them is ever told by it.
            env::GET_AUDIO_VIDEO_ENABLE => {
                let wanted = with(|frontend| i32::from(frontend.looks) | i32::from(frontend.listens) << 1);
                data.is_null() || put(data, wanted)
            }
            env::GET_SAVESTATE_CONTEXT => data.is_null() || put(data, 0 as c_uint),
            env::GET_INPUT_BITMASKS | env::SET_PERFORMANCE_LEVEL | env::SET_SUPPORT_NO_GAME => true,
            env::SET_INPUT_DESCRIPTORS | env::SET_MEMORY_MAPS | env::SET_SUPPORT_ACHIEVEMENTS => true,
            env::GET_INPUT_MAX_USERS => put(data, MAX_PLAYERS as c_uint),
            env::GET_INPUT_DEVICE_CAPABILITIES => {
                let kinds = [device::JOYPAD, device::MOUSE, device::KEYBOARD, device::LIGHTGUN, device::ANALOG];
                put(data, kinds.into_iter().chain([device::POINTER]).fold(0u64, |all, kind| all | 1 << kind))
            }
            env::SET_KEYBOARD_CALLBACK => take(data, |callback: KeyboardCallback| {
                with(|frontend| frontend.keyboard = Some(callback));
                true
            }),
            env::SET_FRAME_TIME_CALLBACK => take(data, |callback: FrameTimeCallback| {
                with(|frontend| frontend.frame_time = Some(callback));
                true
            }),
            env::GET_RUMBLE_INTERFACE => put(data, RumbleInterface { set_rumble_state }),
            env::GET_LOG_INTERFACE => put(data, LogInterface { log: playfield_libretro_log }),
            env::GET_PERF_INTERFACE => put(data, PERF),
            env::SET_HW_RENDER => {
                let Some(callback) = data.cast::<HwRender>().as_mut() else { return false };
                graphics::request(callback)
            }
            // Each core has its context to itself, and what the frontend changes in it is put back.
            env::SET_HW_SHARED_CONTEXT => true,
            env::GET_PREFERRED_HW_RENDER => put(data, hw::OPENGL),
            env::SET_SYSTEM_AV_INFO => take(data, |av: AvInfo| {
                with(|frontend| {
                    frontend.av = av;
                    frontend.pace_changed = true;
                });
                graphics::fit(av.geometry)
            }),
            env::SET_GEOMETRY => take(data, |geometry: Geometry| {
                with(|frontend| {
                    frontend.av.geometry = Geometry {
                        max_width: frontend.av.geometry.max_width,
                        max_height: frontend.av.geometry.max_height,
                        ..geometry
                    };
                    frontend.pace_changed = true;
                });
                true
            }),
            env::SET_CONTROLLER_INFO => controllers(data.cast()),
            env::SET_SERIALIZATION_QUIRKS => {
                let Some(quirks) = data.cast::<u64>().as_mut() else { return false };
                with(|frontend| frontend.quirks = *quirks);
                if *quirks & quirk::CORE_VARIABLE_SIZE != 0 {
                    *quirks |= quirk::FRONT_VARIABLE_SIZE;
                }
                true
            }
            env::GET_VFS_INTERFACE => {
                let Some(info) = data.cast::<VfsInfo>().as_mut() else { return false };
                let known = info.required_interface_version <= files::VERSION;
                if known {
                    *info = VfsInfo { required_interface_version: files::VERSION, iface: &files::VFS };
                }
                known
            }
            env::GET_DISK_CONTROL_INTERFACE_VERSION => put(data, 1 as c_uint),
            env::SET_DISK_CONTROL_INTERFACE => take(data, |base: DiskControl| {
                let none =
                    DiskControlExt { base, set_initial_image: None, get_image_path: None, get_image_label: None };
                with(|frontend| frontend.disk = Some(none));
                true
            }),
            env::SET_DISK_CONTROL_EXT_INTERFACE => take(data, |disk: DiskControlExt| {
                with(|frontend| frontend.disk = Some(disk));
                true
            }),
            env::SET_CONTENT_INFO_OVERRIDE => overrides(data.cast()),
            env::GET_GAME_INFO_EXT => game_info(data.cast()),
            _ => options(command, data),
        }
    }
}

/// Environment calls about options.
unsafe fn options(command: c_uint, data: *mut c_void) -> bool {
    // SAFETY: as for `environment`.
    unsafe {
        match command {
            env::GET_CORE_OPTIONS_VERSION => put(data, 2 as c_uint),
            env::GET_VARIABLE => {
                let Some(variable) = data.cast::<Variable>().as_mut() else { return false };
                let key = if variable.key.is_null() { c"" } else { CStr::from_ptr(variable.key) };
                variable.value = lent(|frontend| frontend.options.value(key).map_or(ptr::null(), CStr::as_ptr));
                !variable.value.is_null()
            }
            env::GET_VARIABLE_UPDATE => put(data, with(|frontend| frontend.options.take_changed())),
            env::SET_VARIABLE => {
                let Some(variable) = data.cast::<Variable>().as_ref() else { return true };
                let (key, value) = (text(variable.key), text(variable.value));
                with(|frontend| {
                    frontend.settings_changed = true;
                    frontend.options.set(&key, &value)
                })
            }
            env::SET_VARIABLES => {
                let all = list(data.cast::<Variable>(), |variable| !variable.key.is_null());
                declare(all.map(|variable| from_variable(&text(variable.key), &text(variable.value))).collect())
            }
            env::SET_CORE_OPTIONS => declare(from_v1(data.cast())),
            env::SET_CORE_OPTIONS_INTL => {
                let english = data.cast::<OptionsIntl<OptionDefinition>>().as_ref();
                english.is_some_and(|options| declare(from_v1(options.us)))
            }
            env::SET_CORE_OPTIONS_V2 => declare(from_v2(data.cast())),
            env::SET_CORE_OPTIONS_V2_INTL => {
                let english = data.cast::<OptionsIntl<OptionsV2>>().as_ref();
                english.is_some_and(|options| declare(from_v2(options.us)))
            }
            env::SET_CORE_OPTIONS_DISPLAY => take_ref(data, |option: &OptionDisplay| {
                let key = text(option.key);
                with(|frontend| {
                    let changed = frontend.options.show(&key, option.visible);
                    frontend.settings_changed |= changed;
                });
                true
            }),
            env::SET_CORE_OPTIONS_UPDATE_DISPLAY_CALLBACK => take(data, |update: UpdateDisplay| {
                with(|frontend| frontend.update_display = Some(update));
                true
            }),
            _ => false,
        }
    }
}

/// Writes an answer to where the core wants it.
unsafe fn put<T>(data: *mut c_void, answer: T) -> bool {
    if data.is_null() {
        return false;
    }
    // SAFETY: the caller says that a `T` has room there.
    unsafe { data.cast::<T>().write(answer) };
    true
}

unsafe fn take<T: Copy>(data: *mut c_void, hear: impl FnOnce(T) -> bool) -> bool {
    // SAFETY: the caller says that a `T` is there, or nothing.
    unsafe { data.cast::<T>().as_ref() }.is_some_and(|told| hear(*told))
}

unsafe fn take_ref<T>(data: *mut c_void, hear: impl FnOnce(&T) -> bool) -> bool {
    // SAFETY: as for `take`.
    unsafe { data.cast::<T>().as_ref() }.is_some_and(hear)
}

/// A string of the frontend's own, which stays where it is.
fn lent(of: impl FnOnce(&mut crate::libretro::frontend::Frontend) -> *const c_char) -> *const c_char {
    let address = with(|frontend| Some(of(frontend).expose_provenance()));
    ptr::with_exposed_provenance(address.unwrap_or_default())
}

unsafe fn text(at: *const c_char) -> String {
    if at.is_null() {
        return String::new();
    }
    // SAFETY: the caller says that it ends with a zero.
    unsafe { CStr::from_ptr(at) }.to_string_lossy().into_owned()
}

unsafe fn say(message: *const c_char) -> bool {
    // SAFETY: the caller says that it is a string.
    let line = unsafe { text(message) };
    with(|frontend| frontend.say(News::Message(line)));
    true
}

/// Entries from `at` on, as long as `goes_on`.
unsafe fn list<'a, T: 'a>(at: *const T, goes_on: impl Fn(&T) -> bool) -> impl Iterator<Item = &'a T> {
    let entries = (0..LONGEST_LIST).map_while(move |n| {
        // SAFETY: the caller says that entries lie there up to one that ends the list, and none is read after that.
        unsafe { at.wrapping_add(n).as_ref() }
    });
    entries.take_while(move |entry| goes_on(entry))
}

fn declare(settings: Vec<Setting>) -> bool {
    with(|frontend| {
        frontend.options.declare(settings);
        frontend.settings_changed = true;
    });
    true
}

unsafe fn choices(values: &[OptionValue]) -> Vec<Choice> {
    let values = values.iter().take_while(|value| !value.value.is_null());
    let choice = |value: &OptionValue| {
        // SAFETY: strings of the core's own, or none.
        let (value, label) = unsafe { (text(value.value), text(value.label)) };
        Choice { label: if label.is_empty() { value.clone() } else { label }, value }
    };
    values.map(choice).collect()
}

unsafe fn from_v1(definitions: *const OptionDefinition) -> Vec<Setting> {
    // SAFETY: the caller's word.
    unsafe {
        let all = list(definitions, |definition| !definition.key.is_null());
        let setting = |definition: &OptionDefinition| Setting {
            key: text(definition.key),
            label: text(definition.desc),
            info: text(definition.info),
            group: String::new(),
            choices: choices(&definition.values),
            value: text(definition.default_value),
        };
        all.map(setting).collect()
    }
}

unsafe fn from_v2(options: *const OptionsV2) -> Vec<Setting> {
    // SAFETY: the caller's word.
    unsafe {
        let Some(options) = options.as_ref() else { return Vec::new() };
        let groups: Vec<&OptionCategory> = list(options.categories, |group| !group.key.is_null()).collect();
        let group = |key: *const c_char| {
            let key = text(key);
            let found = groups.iter().find(|group| text(group.key) == key);
            found.map(|group| text(group.desc)).unwrap_or_default()
        };
        let all = list(options.definitions, |definition| !definition.key.is_null());
        let either = |one: *const c_char, other: *const c_char| text(if one.is_null() { other } else { one });
        let setting = |definition: &OptionDefinitionV2| Setting {
            key: text(definition.key),
            label: either(definition.desc_categorized, definition.desc),
            info: either(definition.info_categorized, definition.info),
            group: group(definition.category_key),
            choices: choices(&definition.values),
            value: text(definition.default_value),
        };
        all.map(setting).collect()
    }
}

unsafe fn controllers(ports: *const ControllerInfo) -> bool {
    // SAFETY: the caller's word.
    let ports: Vec<Vec<Kind>> = unsafe {
        let ports = list(ports, |port| !port.types.is_null()).take(MAX_PLAYERS);
        let kinds = |port: &ControllerInfo| {
            let count = (port.num_types as usize).min(LONGEST_LIST);
            let kinds = std::slice::from_raw_parts(port.types, count).iter();
            let kinds = kinds.filter(|kind| !kind.desc.is_null());
            kinds.map(|kind| Kind { id: kind.id, label: text(kind.desc) }).collect()
        };
        ports.map(kinds).collect()
    };
    with(|frontend| {
        for (slot, kinds) in frontend.kinds.iter_mut().zip(ports) {
            *slot = kinds;
        }
        frontend.settings_changed = true;
    });
    true
}

unsafe fn overrides(all: *const ContentInfoOverride) -> bool {
    // SAFETY: the caller's word.
    let all = unsafe {
        let all = list(all, |one| !one.extensions.is_null());
        let one =
            |one: &ContentInfoOverride| Override { extensions: text(one.extensions), need_fullpath: one.need_fullpath };
        all.map(one).collect()
    };
    with(|frontend| frontend.overrides = all);
    true
}

unsafe fn game_info(data: *mut *const GameInfoExt) -> bool {
    let info = with(|frontend| {
        let content = frontend.content.as_ref()?;
        let bytes = if content.bytes.is_empty() { ptr::null() } else { content.bytes.as_ptr().cast() };
        let info = GameInfoExt {
            full_path: content.path.as_ptr(),
            archive_path: ptr::null(),
            archive_file: ptr::null(),
            dir: content.folder.as_ptr(),
            name: content.name.as_ptr(),
            ext: content.extension.as_ptr(),
            meta: ptr::null(),
            data: bytes,
            size: content.bytes.len(),
            file_in_archive: false,
            // It stays in the frontend until the core is gone.
            persistent_data: true,
        };
        // The core may keep the pointer for as long as it likes; there is one content for each process.
        Some(ptr::from_ref(Box::leak(Box::new(info))).expose_provenance())
    });
    // SAFETY: the caller's word.
    info.is_some_and(|info| unsafe { put(data.cast(), ptr::with_exposed_provenance::<GameInfoExt>(info)) })
}

unsafe extern "C" fn set_rumble_state(port: c_uint, effect: c_uint, strength: u16) -> bool {
    with(|frontend| frontend.rumble(port, effect, strength))
}

unsafe extern "C" {
    /// In `log.c`.
    fn playfield_libretro_log(level: c_uint, format: *const c_char, ...);
}

/// What `log.c` made of a line of the log.
///
/// # Safety
/// `line` is a string.
#[unsafe(no_mangle)]
unsafe extern "C" fn playfield_libretro_line(level: c_uint, line: *const c_char) {
    // SAFETY: the caller's word.
    let line = unsafe { text(line) };
    with(|frontend| frontend.log(level.min(3) as u8, &line));
}

/// Clocks that cores measure themselves by. What they measure is nobody's but theirs.
const PERF: PerfInterface = PerfInterface {
    get_time_usec: perf_usec,
    get_cpu_features: perf_features,
    get_perf_counter: perf_counter,
    perf_register,
    perf_start,
    perf_stop,
    perf_log,
};

unsafe extern "C" fn perf_usec() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

/// `RETRO_SIMD_*`: what the 64-bit machines we run on all have.
unsafe extern "C" fn perf_features() -> u64 {
    if cfg!(target_arch = "x86_64") { 1 << 0 | 1 << 1 | 1 << 8 } else { 1 << 5 | 1 << 21 }
}

unsafe extern "C" fn perf_counter() -> u64 {
    // SAFETY: needs nothing.
    unsafe { perf_usec() }.unsigned_abs() * 1_000
}

unsafe extern "C" fn perf_register(counter: *mut PerfCounter) {
    // SAFETY: a counter of the core's own, or none.
    if let Some(counter) = unsafe { counter.as_mut() } {
        counter.registered = true;
    }
}

unsafe extern "C" fn perf_start(counter: *mut PerfCounter) {
    // SAFETY: as for `perf_register`.
    if let Some(counter) = unsafe { counter.as_mut() } {
        counter.call_cnt = counter.call_cnt.wrapping_add(1);
        // SAFETY: needs nothing.
        counter.start = unsafe { perf_counter() };
    }
}

unsafe extern "C" fn perf_stop(counter: *mut PerfCounter) {
    // SAFETY: as for `perf_register`.
    if let Some(counter) = unsafe { counter.as_mut() } {
        // SAFETY: needs nothing.
        counter.total = counter.total.wrapping_add(unsafe { perf_counter() }.saturating_sub(counter.start));
    }
}

unsafe extern "C" fn perf_log() {}
