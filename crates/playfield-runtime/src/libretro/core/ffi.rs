//! Calls into a core, and its calls back.

use std::ffi::{CStr, c_char, c_uint, c_void};
use std::path::Path;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use playfield_core::input::PlayerInput;

use super::{Content, Info, load_error};
use crate::libretro::abi::{
    API_VERSION, AudioSample, AudioSampleBatch, AvInfo, Environment, GameInfo, HW_FRAME_BUFFER_VALID, InputPoll,
    InputState, SystemInfo, VideoRefresh,
};
use crate::libretro::environment;
use crate::libretro::frontend::Frontend;
use crate::libretro::graphics;
use crate::libretro::pads;
use crate::libretro::pixels::Raw;

/// The frontend of the one core of this process.
static FRONTEND: Mutex<Option<Frontend>> = Mutex::new(None);

/// Works on the frontend; without one, nothing is done. Never calls a core: it would call back into the lock.
pub fn with<R: Default>(work: impl FnOnce(&mut Frontend) -> R) -> R {
    let mut frontend = FRONTEND.lock().unwrap_or_else(PoisonError::into_inner);
    frontend.as_mut().map(work).unwrap_or_default()
}

/// Functions a core exports, by their names without `retro_`.
struct Symbols {
    set_environment: unsafe extern "C" fn(Environment),
    set_video_refresh: unsafe extern "C" fn(VideoRefresh),
    set_audio_sample: unsafe extern "C" fn(AudioSample),
    set_audio_sample_batch: unsafe extern "C" fn(AudioSampleBatch),
    set_input_poll: unsafe extern "C" fn(InputPoll),
    set_input_state: unsafe extern "C" fn(InputState),
    init: unsafe extern "C" fn(),
    deinit: unsafe extern "C" fn(),
    api_version: unsafe extern "C" fn() -> c_uint,
    get_system_info: unsafe extern "C" fn(*mut SystemInfo),
    get_system_av_info: unsafe extern "C" fn(*mut AvInfo),
    set_controller_port_device: unsafe extern "C" fn(c_uint, c_uint),
    run: unsafe extern "C" fn(),
    serialize_size: unsafe extern "C" fn() -> usize,
    serialize: unsafe extern "C" fn(*mut c_void, usize) -> bool,
    unserialize: unsafe extern "C" fn(*const c_void, usize) -> bool,
    load_game: unsafe extern "C" fn(*const GameInfo) -> bool,
    unload_game: unsafe extern "C" fn(),
    get_memory_data: unsafe extern "C" fn(c_uint) -> *mut c_void,
    get_memory_size: unsafe extern "C" fn(c_uint) -> usize,
}

impl Symbols {
    fn find(library: &Library) -> Result<Symbols, String> {
        macro_rules! find {
            ($($name:ident),* $(,)?) => {
                Symbols {
                    $($name: {
                        let name = concat!("retro_", stringify!($name));
                        // SAFETY: a library that exports a function of this name has it as `libretro.h` declares it,
                        // which is what the field's type says. One that does not is no core, and what it does stays
                        // in this process.
                        let found = unsafe { library.get(name) };
                        *found.map_err(|_| format!("it has no `{name}`, so it is not a libretro core"))?
                    },)*
                }
            };
        }
        Ok(find!(
            set_environment,
            set_video_refresh,
            set_audio_sample,
            set_audio_sample_batch,
            set_input_poll,
            set_input_state,
            init,
            deinit,
            api_version,
            get_system_info,
            get_system_av_info,
            set_controller_port_device,
            run,
            serialize_size,
            serialize,
            unserialize,
            load_game,
            unload_game,
            get_memory_data,
            get_memory_size,
        ))
    }
}

/// A core, and whether it has content.
pub struct Core {
    symbols: Symbols,
    loaded: bool,
    info: Info,
    /// Last: the functions lie in it.
    _library: Library,
}

impl Core {
    /// Loads a core and starts it. A process has one at a time.
    pub fn open(path: &Path, frontend: Frontend) -> Result<Core, String> {
        // SAFETY: runs the code of whoever made the core. This process exists for that alone, and has given up what the
        // code must not have.
        let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(|error| format!("it cannot be loaded: {}", load_error(&error)))?;
        let symbols = Symbols::find(&library)?;
        // SAFETY: declared so by `libretro.h`, and may be called at any time.
        let version = unsafe { (symbols.api_version)() };
        if version != API_VERSION {
            return Err(format!("it speaks version {version} of the libretro ABI, and version {API_VERSION} is known"));
        }
        *FRONTEND.lock().unwrap_or_else(PoisonError::into_inner) = Some(frontend);
        let mut info = SystemInfo {
            library_name: ptr::null(),
            library_version: ptr::null(),
            valid_extensions: ptr::null(),
            need_fullpath: false,
            block_extract: false,
        };
        // SAFETY: in the order that `libretro.h` demands: the environment before `init`, the rest before `run`. The
        // functions handed over live as long as the program.
        unsafe {
            (symbols.get_system_info)(&mut info);
            (symbols.set_environment)(environment::environment);
            (symbols.init)();
            (symbols.set_video_refresh)(video_refresh);
            (symbols.set_audio_sample)(audio_sample);
            (symbols.set_audio_sample_batch)(audio_sample_batch);
            (symbols.set_input_poll)(input_poll);
            (symbols.set_input_state)(input_state);
        }
        // SAFETY: strings of the core's own that stay, or none.
        let info = unsafe {
            Info {
                name: text(info.library_name),
                version: text(info.library_version),
                extensions: text(info.valid_extensions),
                need_fullpath: info.need_fullpath,
                takes_archives: info.block_extract,
            }
        };
        Ok(Core { symbols, loaded: false, info, _library: library })
    }

    /// What it is.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Gives it its content. False: it does not want it.
    pub fn load(&mut self, content: Option<Content>) -> bool {
        with(|frontend| frontend.content = content);
        let game = with(|frontend| {
            frontend.content.as_ref().map(|content| GameInfo {
                path: content.path.as_ptr(),
                data: if content.bytes.is_empty() { ptr::null() } else { content.bytes.as_ptr().cast() },
                size: content.bytes.len(),
                meta: ptr::null(),
            })
        });
        // SAFETY: the core is started. What the pointers show lies in the frontend, where nobody changes it for as long as
        // this core is loaded; without content there is a null pointer, as a core without content wants it.
        self.loaded = unsafe { (self.symbols.load_game)(game.as_ref().map_or(ptr::null(), ptr::from_ref)) };
        if self.loaded {
            let mut av = AvInfo::default();
            // SAFETY: content is loaded, which is when this may be asked.
            unsafe { (self.symbols.get_system_av_info)(&mut av) };
            with(|frontend| {
                frontend.av = av;
                frontend.tune();
            });
        }
        self.loaded
    }

    /// Gives it what it draws with, if it asked for OpenGL; on an error it cannot be run.
    pub fn begin_graphics(&mut self) -> Result<(), String> {
        let geometry = with(|frontend| frontend.av.geometry);
        if let Some(reset) = graphics::begin(geometry)? {
            // SAFETY: the core asked to be called so when its context is there, and it is current.
            unsafe { reset() };
        }
        Ok(())
    }

    /// Makes one picture.
    pub fn run(&mut self) {
        graphics::make_current();
        let frame_time = with(|frontend| frontend.frame_time);
        if let Some((callback, reference)) = frame_time.and_then(|time| Some((time.callback?, time.reference))) {
            // SAFETY: the core asked to be called so before each picture.
            unsafe { callback(reference) };
        }
        // SAFETY: content is loaded.
        unsafe { (self.symbols.run)() };
    }

    /// Tells which keys went down or up.
    pub fn type_keys(&mut self, before: &PlayerInput, now: &PlayerInput) {
        let Some(callback) = with(|frontend| frontend.keyboard).and_then(|keyboard| keyboard.callback) else { return };
        let modifiers = pads::modifiers(now);
        let went = |a: &PlayerInput, b: &PlayerInput| a.keys.iter().filter(|key| !b.keys.contains(*key)).collect();
        let (up, down): (Vec<_>, Vec<_>) = (went(before, now), went(now, before));
        let mut typed = now.text.chars();
        let keys = up.into_iter().map(|key| (key, false)).chain(down.into_iter().map(|key| (key, true)));
        for (key, is_down) in keys {
            let character = if is_down { typed.next().map_or(0, u32::from) } else { 0 };
            if let Some(keycode) = pads::keycode(key) {
                // SAFETY: the core asked to be called so for each key.
                unsafe { callback(is_down, keycode, character, modifiers) };
            }
        }
    }

    /// Plugs a device into a port.
    pub fn plug(&mut self, port: u32, device: c_uint) {
        with(|frontend| frontend.plugged[port as usize % frontend.plugged.len()] = device);
        // SAFETY: content is loaded; a core ignores a port or device that it does not have.
        unsafe { (self.symbols.set_controller_port_device)(port, device) };
    }

    /// Asks the core which options it shows now.
    pub fn update_options(&mut self) {
        if let Some(callback) = with(|frontend| frontend.update_display).and_then(|update| update.callback) {
            // SAFETY: the core asked to be called so.
            unsafe { callback() };
        }
    }

    /// Asks the core which disks it has.
    pub fn list_disks(&mut self) {
        let Some(disk) = with(|frontend| frontend.disk) else { return };
        let (Some(count), Some(index)) = (disk.base.get_num_images, disk.base.get_image_index) else { return };
        // SAFETY: functions of the core's own, which it offered for this.
        let (count, inserted) = unsafe { (count().min(64), index() as usize) };
        let labels = (0..count).map(|n| {
            let mut label = [0 as c_char; 256];
            // SAFETY: as above; the core writes at most as many bytes as it is told, a zero at the end, and the last
            // byte is one in any case.
            let named = disk.get_image_label.is_some_and(|get| unsafe { get(n, label.as_mut_ptr(), label.len() - 1) });
            // SAFETY: ends with a zero.
            let name = if named { unsafe { text(label.as_ptr()) } } else { String::new() };
            if name.is_empty() { format!("Disk {}", n + 1) } else { name }
        });
        let labels = labels.collect();
        with(|frontend| {
            frontend.disks.labels = labels;
            frontend.disks.inserted = inserted;
        });
    }

    /// Puts another disk into the drive. False: that cannot be.
    pub fn insert_disk(&mut self, index: u32) -> bool {
        let Some(disk) = with(|frontend| frontend.disk.map(|disk| disk.base)) else { return false };
        let (Some(eject), Some(set)) = (disk.set_eject_state, disk.set_image_index) else { return false };
        // SAFETY: functions of the core's own, in the order it wants: out, another one, in.
        let done = unsafe { eject(true) && set(index) && eject(false) };
        self.list_disks();
        done
    }

    /// Bytes that its state takes now; 0: it cannot be saved.
    pub fn state_size(&mut self) -> usize {
        graphics::make_current();
        // SAFETY: content is loaded.
        unsafe { (self.symbols.serialize_size)() }
    }

    /// Writes its state. False: it cannot.
    pub fn save(&mut self, into: &mut [u8]) -> bool {
        graphics::make_current();
        // SAFETY: the core writes at most as many bytes as it is told.
        unsafe { (self.symbols.serialize)(into.as_mut_ptr().cast(), into.len()) }
    }

    /// Takes up a state. False: it does not want it.
    pub fn restore(&mut self, from: &[u8]) -> bool {
        graphics::make_current();
        // SAFETY: the core reads at most as many bytes as it is told.
        unsafe { (self.symbols.unserialize)(from.as_ptr().cast(), from.len()) }
    }

    /// Memory that outlives its console, as it is now.
    pub fn memory(&mut self, kind: c_uint, into: &mut Vec<u8>) {
        into.clear();
        if let Some((at, len)) = self.memory_at(kind) {
            // SAFETY: the core says that so many bytes lie there, and does not run now.
            into.extend_from_slice(unsafe { std::slice::from_raw_parts(at, len) });
        }
    }

    /// Puts back what was kept of such memory. False: it has none, or of another size.
    pub fn set_memory(&mut self, kind: c_uint, from: &[u8]) -> bool {
        match self.memory_at(kind) {
            Some((at, len)) if len == from.len() => {
                // SAFETY: as for `memory`; the bytes are not ours.
                unsafe { ptr::copy_nonoverlapping(from.as_ptr(), at, len) };
                true
            }
            _ => false,
        }
    }

    fn memory_at(&mut self, kind: c_uint) -> Option<(*mut u8, usize)> {
        // SAFETY: content is loaded.
        let (at, len) =
            unsafe { ((self.symbols.get_memory_data)(kind).cast::<u8>(), (self.symbols.get_memory_size)(kind)) };
        (!at.is_null() && len > 0 && len <= isize::MAX as usize).then_some((at, len))
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let destroy = graphics::end();
        // SAFETY: in the order that `libretro.h` demands; the context is current, and goes last.
        unsafe {
            if let Some(destroy) = destroy {
                destroy();
            }
            if self.loaded {
                (self.symbols.unload_game)();
            }
            (self.symbols.deinit)();
        }
        graphics::close();
        *FRONTEND.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A C string, or none, as text.
///
/// # Safety
/// It is null, or ends with a zero.
unsafe fn text(at: *const c_char) -> String {
    if at.is_null() {
        return String::new();
    }
    // SAFETY: the caller's word.
    unsafe { CStr::from_ptr(at) }.to_string_lossy().into_owned()
}

unsafe extern "C" fn video_refresh(data: *const c_void, width: c_uint, height: c_uint, pitch: usize) {
    // Null: the picture is the one before.
    if data.is_null() || width == 0 || height == 0 {
        return;
    }
    if data.addr() == HW_FRAME_BUFFER_VALID {
        return graphics::show(width, height);
    }
    with(|frontend| {
        let layout = frontend.layout;
        let row = width as usize * layout.size();
        let Some(len) = pitch.checked_mul(height as usize - 1).and_then(|rows| rows.checked_add(row)) else { return };
        // SAFETY: the core says that so many rows lie there, `pitch` bytes apart, for the length of this call.
        let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) };
        frontend.show(Raw { layout, bytes, pitch, bottom_up: false }, width, height);
    });
}

unsafe extern "C" fn audio_sample(left: i16, right: i16) {
    with(|frontend| frontend.play(&[left, right]));
}

unsafe extern "C" fn audio_sample_batch(data: *const i16, frames: usize) -> usize {
    if !data.is_null() && frames <= isize::MAX as usize / 4 {
        // SAFETY: the core says that so many pairs of samples lie there, for the length of this call.
        let samples = unsafe { std::slice::from_raw_parts(data, frames * 2) };
        with(|frontend| frontend.play(samples));
    }
    frames
}

/// Input is latched before the core runs.
unsafe extern "C" fn input_poll() {}

unsafe extern "C" fn input_state(port: c_uint, device: c_uint, index: c_uint, id: c_uint) -> i16 {
    with(|frontend| frontend.state(port, device, index, id))
}
