//! A framebuffer object, and its pixels.

use std::ffi::{CStr, CString, c_void};
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::{Wanted, egl};
use super::version;

/// The framebuffer of the one core of this process; 0 before there is one.
static FRAMEBUFFER: AtomicU32 = AtomicU32::new(0);

/// Where a core draws (`retro_hw_get_current_framebuffer_t`), from any thread.
pub unsafe extern "C" fn current_framebuffer() -> usize {
    FRAMEBUFFER.load(Ordering::Relaxed) as usize
}

// Names and values are those of `gl.h` and `glext.h`.
const VERSION: u32 = 0x1f02;
const RGBA: u32 = 0x1908;
const UNSIGNED_BYTE: u32 = 0x1401;
const RGBA8: u32 = 0x8058;
const DEPTH_COMPONENT16: u32 = 0x81a5;
const DEPTH24_STENCIL8: u32 = 0x88f0;
const FRAMEBUFFER_TARGET: u32 = 0x8d40;
const READ_FRAMEBUFFER: u32 = 0x8ca8;
const RENDERBUFFER: u32 = 0x8d41;
const COLOR_ATTACHMENT0: u32 = 0x8ce0;
const DEPTH_ATTACHMENT: u32 = 0x8d00;
const STENCIL_ATTACHMENT: u32 = 0x8d20;
const FRAMEBUFFER_COMPLETE: u32 = 0x8cd5;
const FRAMEBUFFER_BINDING: u32 = 0x8ca6;
const READ_FRAMEBUFFER_BINDING: u32 = 0x8caa;
const RENDERBUFFER_BINDING: u32 = 0x8ca7;
const PIXEL_PACK_BUFFER: u32 = 0x88eb;
const PIXEL_PACK_BUFFER_BINDING: u32 = 0x88ed;
const PACK_ROW_LENGTH: u32 = 0x0d02;
const PACK_SKIP_ROWS: u32 = 0x0d03;
const PACK_SKIP_PIXELS: u32 = 0x0d04;
const PACK_ALIGNMENT: u32 = 0x0d05;
const MAX_RENDERBUFFER_SIZE: u32 = 0x84e8;

/// OpenGL's functions, by their names without `gl`.
#[allow(non_snake_case, reason = "the names are those of `gl.h`")]
struct Gl {
    GetString: unsafe extern "C" fn(u32) -> *const std::ffi::c_char,
    GetIntegerv: unsafe extern "C" fn(u32, *mut i32),
    PixelStorei: unsafe extern "C" fn(u32, i32),
    ReadPixels: unsafe extern "C" fn(i32, i32, i32, i32, u32, u32, *mut c_void),
    BindBuffer: unsafe extern "C" fn(u32, u32),
    GenFramebuffers: unsafe extern "C" fn(i32, *mut u32),
    BindFramebuffer: unsafe extern "C" fn(u32, u32),
    FramebufferRenderbuffer: unsafe extern "C" fn(u32, u32, u32, u32),
    CheckFramebufferStatus: unsafe extern "C" fn(u32) -> u32,
    GenRenderbuffers: unsafe extern "C" fn(i32, *mut u32),
    BindRenderbuffer: unsafe extern "C" fn(u32, u32),
    RenderbufferStorage: unsafe extern "C" fn(u32, u32, i32, i32),
}

impl Gl {
    fn find() -> Result<Gl, String> {
        macro_rules! find {
            ($($name:ident),* $(,)?) => {
                Gl { $($name: function(concat!("gl", stringify!($name)))?,)* }
            };
        }
        Ok(find!(
            GetString,
            GetIntegerv,
            PixelStorei,
            ReadPixels,
            BindBuffer,
            GenFramebuffers,
            BindFramebuffer,
            FramebufferRenderbuffer,
            CheckFramebufferStatus,
            GenRenderbuffers,
            BindRenderbuffer,
            RenderbufferStorage,
        ))
    }

    fn get(&self, name: u32) -> i32 {
        let mut value = 0;
        // SAFETY: each name that is asked for here has one value.
        unsafe { (self.GetIntegerv)(name, &mut value) };
        value
    }

    fn version(&self) -> (bool, u32, u32) {
        // SAFETY: a string of the driver's own that stays, or null.
        let text = unsafe { (self.GetString)(VERSION).as_ref().map(|text| CStr::from_ptr(text)) };
        version(&text.map(CStr::to_string_lossy).unwrap_or_default())
    }
}

/// A function of OpenGL, which `F` is the type of.
fn function<F: Copy>(name: &str) -> Result<F, String> {
    const { assert!(size_of::<F>() == size_of::<*const c_void>()) };
    let c_name = CString::new(name).unwrap_or_default();
    // SAFETY: the name ends with a zero.
    let found = unsafe { egl::proc_address(c_name.as_ptr()) };
    if found.is_null() {
        return Err(format!("this node's OpenGL has no {name}"));
    }
    // SAFETY: an address that is no null, of a function that `gl.h` declares as `F` says.
    Ok(unsafe { std::mem::transmute_copy::<*const c_void, F>(&found) })
}

/// A framebuffer that stays the same for the core, however large it becomes. Every call wants its context to be current.
pub struct Screen {
    gl: Gl,
    /// Read and draw framebuffers, rows of another length and pixel buffers are told apart: all but OpenGL ES 2.
    modern: bool,
    /// `glGetGraphicsResetStatus`, where the version has it.
    reset_status: Option<unsafe extern "C" fn() -> u32>,
    wanted: Wanted,
    framebuffer: u32,
    colour: u32,
    depth: u32,
    size: (u32, u32),
}

impl Screen {
    /// Makes one of so many pixels.
    pub fn make(wanted: Wanted, size: (u32, u32)) -> Result<Screen, String> {
        let gl = Gl::find()?;
        let (es, major, minor) = gl.version();
        let modern = !es || major >= 3;
        let tells = if es { (major, minor) >= (3, 2) } else { (major, minor) >= (4, 5) };
        let reset_status = if tells { function("glGetGraphicsResetStatus").ok() } else { None };
        let [mut framebuffer, mut colour, mut depth] = [0; 3];
        // SAFETY: room for one name each.
        unsafe {
            (gl.GenFramebuffers)(1, &mut framebuffer);
            (gl.GenRenderbuffers)(1, &mut colour);
            (gl.GenRenderbuffers)(1, &mut depth);
        }
        let mut screen = Screen { gl, modern, reset_status, wanted, framebuffer, colour, depth, size: (0, 0) };
        screen.grow(size)?;
        FRAMEBUFFER.store(framebuffer, Ordering::Relaxed);
        Ok(screen)
    }

    /// Makes it larger, if it must be; what was in it is gone then.
    pub fn grow(&mut self, (width, height): (u32, u32)) -> Result<(), String> {
        if width <= self.size.0 && height <= self.size.1 {
            return Ok(());
        }
        let (width, height) = (width.max(self.size.0), height.max(self.size.1));
        let most = self.gl.get(MAX_RENDERBUFFER_SIZE);
        let side = |pixels: u32| i32::try_from(pixels).ok().filter(|pixels| *pixels <= most);
        let no = |why: &str| Err(format!("a framebuffer of {width}x{height} for its OpenGL cannot be made: {why}"));
        let (Some(w), Some(h)) = (side(width), side(height)) else {
            return no(&format!("this node's driver has at most {most}x{most}"));
        };
        let before = (self.gl.get(FRAMEBUFFER_BINDING), self.gl.get(RENDERBUFFER_BINDING));
        let read_before = if self.modern { self.gl.get(READ_FRAMEBUFFER_BINDING) } else { 0 };
        let mut whole = self.store(DEPTH24_STENCIL8, w, h);
        if !whole && self.wanted.depth && !self.wanted.stencil {
            whole = self.store(DEPTH_COMPONENT16, w, h);
        }
        // SAFETY: names that were bound before.
        unsafe {
            (self.gl.BindRenderbuffer)(RENDERBUFFER, before.1.cast_unsigned());
            (self.gl.BindFramebuffer)(FRAMEBUFFER_TARGET, before.0.cast_unsigned());
            if self.modern {
                (self.gl.BindFramebuffer)(READ_FRAMEBUFFER, read_before.cast_unsigned());
            }
        }
        self.size = (width, height);
        if whole { Ok(()) } else { no("the driver refuses it, perhaps for want of memory") }
    }

    fn store(&self, depth: u32, width: i32, height: i32) -> bool {
        let gl = &self.gl;
        let (target, buffer) = (FRAMEBUFFER_TARGET, RENDERBUFFER);
        // SAFETY: names of our own, and sizes that the driver has.
        unsafe {
            (gl.BindFramebuffer)(target, self.framebuffer);
            (gl.BindRenderbuffer)(buffer, self.colour);
            (gl.RenderbufferStorage)(buffer, RGBA8, width, height);
            (gl.FramebufferRenderbuffer)(target, COLOR_ATTACHMENT0, buffer, self.colour);
            if self.wanted.depth {
                (gl.BindRenderbuffer)(buffer, self.depth);
                (gl.RenderbufferStorage)(buffer, depth, width, height);
                (gl.FramebufferRenderbuffer)(target, DEPTH_ATTACHMENT, buffer, self.depth);
                let stencil = if depth == DEPTH24_STENCIL8 { self.depth } else { 0 };
                (gl.FramebufferRenderbuffer)(target, STENCIL_ATTACHMENT, buffer, stencil);
            }
            (gl.CheckFramebufferStatus)(target) == FRAMEBUFFER_COMPLETE
        }
    }

    /// Reads the picture, which begins at the first pixel of the first row, as red, green, blue and alpha. False: it is larger
    /// than the framebuffer.
    pub fn read(&self, width: u32, height: u32, into: &mut Vec<u8>) -> Result<bool, String> {
        if width > self.size.0 || height > self.size.1 {
            return Ok(false);
        }
        into.resize(width as usize * height as usize * 4, 0);
        let gl = &self.gl;
        let target = if self.modern { READ_FRAMEBUFFER } else { FRAMEBUFFER_TARGET };
        let bound = gl.get(if self.modern { READ_FRAMEBUFFER_BINDING } else { FRAMEBUFFER_BINDING });
        let settings: &[(u32, i32)] = if self.modern {
            &[(PACK_ALIGNMENT, 4), (PACK_ROW_LENGTH, 0), (PACK_SKIP_ROWS, 0), (PACK_SKIP_PIXELS, 0)]
        } else {
            &[(PACK_ALIGNMENT, 4)]
        };
        let before = settings.iter().map(|(name, _)| (*name, gl.get(*name))).collect::<Vec<_>>();
        let buffer = if self.modern { gl.get(PIXEL_PACK_BUFFER_BINDING) } else { 0 };
        let (w, h) = (width.cast_signed(), height.cast_signed());
        // SAFETY: with these settings, and no buffer in place of memory, so many rows are written one after the other, which is
        // what `into` has room for; everything is put back to what it was.
        unsafe {
            if buffer != 0 {
                (gl.BindBuffer)(PIXEL_PACK_BUFFER, 0);
            }
            settings.iter().for_each(|(name, value)| (gl.PixelStorei)(*name, *value));
            (gl.BindFramebuffer)(target, self.framebuffer);
            (gl.ReadPixels)(0, 0, w, h, RGBA, UNSIGNED_BYTE, into.as_mut_ptr().cast());
            (gl.BindFramebuffer)(target, bound.cast_unsigned());
            before.iter().for_each(|(name, value)| (gl.PixelStorei)(*name, *value));
            if buffer != 0 {
                (gl.BindBuffer)(PIXEL_PACK_BUFFER, buffer.cast_unsigned());
            }
        }
        // SAFETY: the version has it, and the context is current.
        let lost = self.reset_status.is_some_and(|status| unsafe { status() } != 0);
        if lost { Err("its OpenGL context is lost: the graphics card was reset".to_owned()) } else { Ok(true) }
    }
}

impl Drop for Screen {
    /// What it is made of goes with its context, which follows.
    fn drop(&mut self) {
        FRAMEBUFFER.store(0, Ordering::Relaxed);
    }
}
