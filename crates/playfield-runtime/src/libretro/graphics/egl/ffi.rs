//! The library, a display without a screen, and a context of it.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use super::super::super::core::load_error;
use super::super::Api;
use super::{PACKAGES, words};

/// The loader of all vendors (`libglvnd`), or a vendor's own library under the same name.
const LIBRARY: &str = "libEGL.so.1";

type Handle = *mut c_void;
type Function = *const c_void;
type Attribute = i32;

// Names and values are those of `egl.h` and `eglext.h`.
const NONE: Attribute = 0x3038;
const EXTENSIONS: i32 = 0x3055;
const VENDOR: i32 = 0x3053;
const SURFACE_TYPE: Attribute = 0x3033;
const PBUFFER_BIT: Attribute = 0x0001;
const RENDERABLE_TYPE: Attribute = 0x3040;
const OPENGL_ES2_BIT: Attribute = 0x0004;
const OPENGL_BIT: Attribute = 0x0008;
const OPENGL_ES_API: u32 = 0x30a0;
const OPENGL_API: u32 = 0x30a2;
const CONTEXT_MAJOR_VERSION: Attribute = 0x3098;
const CONTEXT_MINOR_VERSION: Attribute = 0x30fb;
const CONTEXT_OPENGL_PROFILE_MASK: Attribute = 0x30fd;
const CONTEXT_OPENGL_CORE_PROFILE_BIT: Attribute = 0x0001;
const CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY: Attribute = 0x31bd;
const LOSE_CONTEXT_ON_RESET: Attribute = 0x31bf;
const WIDTH: Attribute = 0x3057;
const HEIGHT: Attribute = 0x3056;
const PLATFORM_SURFACELESS_MESA: u32 = 0x31dd;
const GL_VERSION: u32 = 0x1f02;
const GL_RENDERER: u32 = 0x1f01;

/// The library's functions, by their names without `egl`.
#[allow(non_snake_case, reason = "the names are those of `egl.h`")]
struct Egl {
    GetError: unsafe extern "C" fn() -> i32,
    GetProcAddress: unsafe extern "C" fn(*const c_char) -> Function,
    QueryString: unsafe extern "C" fn(Handle, i32) -> *const c_char,
    GetDisplay: unsafe extern "C" fn(Handle) -> Handle,
    Initialize: unsafe extern "C" fn(Handle, *mut i32, *mut i32) -> u32,
    Terminate: unsafe extern "C" fn(Handle) -> u32,
    BindAPI: unsafe extern "C" fn(u32) -> u32,
    ChooseConfig: unsafe extern "C" fn(Handle, *const Attribute, *mut Handle, i32, *mut i32) -> u32,
    CreateContext: unsafe extern "C" fn(Handle, Handle, Handle, *const Attribute) -> Handle,
    DestroyContext: unsafe extern "C" fn(Handle, Handle) -> u32,
    CreatePbufferSurface: unsafe extern "C" fn(Handle, Handle, *const Attribute) -> Handle,
    DestroySurface: unsafe extern "C" fn(Handle, Handle) -> u32,
    MakeCurrent: unsafe extern "C" fn(Handle, Handle, Handle, Handle) -> u32,
    GetCurrentContext: unsafe extern "C" fn() -> Handle,
}

/// The library of this process, once it was opened. Drivers do not like to be unloaded, and the process is the core's alone.
static EGL: OnceLock<Egl> = OnceLock::new();

impl Egl {
    fn open(name: &str) -> Result<Egl, String> {
        // SAFETY: the system's own library; what it runs when it is loaded stays behind the fence.
        let library = unsafe { Library::open(Some(name), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(|error| {
            let error = load_error(&error);
            format!("it draws with OpenGL, and {name} is not on this node; {PACKAGES} ({error})")
        })?;
        macro_rules! find {
            ($($name:ident),* $(,)?) => {
                Egl {
                    $($name: {
                        let name = concat!("egl", stringify!($name));
                        // SAFETY: a library of this name has it as `egl.h` declares it, which is what the field's type says.
                        let found = unsafe { library.get(name) };
                        *found.map_err(|_| format!("the node's {LIBRARY} is too old: it has no `{name}`"))?
                    },)*
                }
            };
        }
        let egl = find!(
            GetError,
            GetProcAddress,
            QueryString,
            GetDisplay,
            Initialize,
            Terminate,
            BindAPI,
            ChooseConfig,
            CreateContext,
            DestroyContext,
            CreatePbufferSurface,
            DestroySurface,
            MakeCurrent,
            GetCurrentContext,
        );
        std::mem::forget(library);
        Ok(egl)
    }

    fn shared() -> Result<&'static Egl, String> {
        if let Some(egl) = EGL.get() {
            return Ok(egl);
        }
        let egl = Egl::open(LIBRARY)?;
        Ok(EGL.get_or_init(|| egl))
    }

    fn error(&self) -> String {
        // SAFETY: may be called at any time.
        words(unsafe { (self.GetError)() })
    }

    /// Whether the display, or without one the library, has an extension.
    fn has(&self, display: Handle, name: &str) -> bool {
        // SAFETY: a display of this library or none, for which it tells its own extensions; a string that stays, or null.
        let all = unsafe { text((self.QueryString)(display, EXTENSIONS)) };
        all.split(' ').any(|one| one == name)
    }

    /// A display that needs no screen.
    fn display(&self) -> Handle {
        type GetPlatformDisplay = unsafe extern "C" fn(u32, Handle, *const isize) -> Handle;
        if self.has(ptr::null_mut(), "EGL_MESA_platform_surfaceless") {
            // SAFETY: a name that ends with a zero.
            let found = unsafe { (self.GetProcAddress)(c"eglGetPlatformDisplayEXT".as_ptr()) };
            if !found.is_null() {
                // SAFETY: `EGL_EXT_platform_base`, which the extension above wants, declares it so; without attributes.
                let get = unsafe { std::mem::transmute::<Function, GetPlatformDisplay>(found) };
                // SAFETY: as declared; the platform has no native display.
                return unsafe { get(PLATFORM_SURFACELESS_MESA, ptr::null_mut(), ptr::null()) };
            }
        }
        // SAFETY: null is `EGL_DEFAULT_DISPLAY`.
        unsafe { (self.GetDisplay)(ptr::null_mut()) }
    }
}

/// A context, made current on the thread that made it.
pub struct Context {
    egl: &'static Egl,
    display: Handle,
    context: Handle,
    /// Null where a context needs none.
    surface: Handle,
    driver: String,
}

impl Context {
    /// Opens the library if that is still to be done, and makes a context.
    pub fn open(api: Api) -> Result<Context, String> {
        let egl = Egl::shared()?;
        let display = egl.display();
        // SAFETY: a display of this library, or null, which is refused; the version is not asked for.
        let begun = !display.is_null() && unsafe { (egl.Initialize)(display, ptr::null_mut(), ptr::null_mut()) } != 0;
        if !begun {
            return Err(format!(
                "it draws with OpenGL, and this node has no driver for it; {PACKAGES} ({})",
                egl.error()
            ));
        }
        let (null, driver) = (ptr::null_mut(), String::new());
        let mut context = Context { egl, display, context: null, surface: null, driver };
        // What was begun is let go of again where the rest fails.
        context.make(api)?;
        context.make_current()?;
        context.driver = context.describe();
        Ok(context)
    }

    fn make(&mut self, api: Api) -> Result<(), String> {
        let Context { egl, display, .. } = *self;
        let (name, kind) = match api {
            Api::Compatible | Api::Core(..) => (OPENGL_API, OPENGL_BIT),
            Api::Es(..) => (OPENGL_ES_API, OPENGL_ES2_BIT),
        };
        // SAFETY: takes any number.
        if unsafe { (egl.BindAPI)(name) } == 0 {
            return Err(format!("it draws with {api}, which this node's driver has not ({})", egl.error()));
        }
        let wanted = [SURFACE_TYPE, PBUFFER_BIT, RENDERABLE_TYPE, kind, NONE];
        let (mut config, mut count) = (ptr::null_mut(), 0);
        // SAFETY: the list ends as it must, and there is room for the one configuration that is asked for.
        let chosen = unsafe { (egl.ChooseConfig)(display, wanted.as_ptr(), &mut config, 1, &mut count) };
        if chosen == 0 || count < 1 {
            // A context that is only drawn into framebuffers of its own needs no configuration, where that is allowed.
            config = ptr::null_mut();
        }
        let version = match api {
            Api::Compatible => vec![],
            Api::Core(major, minor) => {
                let profile = [CONTEXT_OPENGL_PROFILE_MASK, CONTEXT_OPENGL_CORE_PROFILE_BIT];
                [vec![CONTEXT_MAJOR_VERSION, major as i32, CONTEXT_MINOR_VERSION, minor as i32], profile.to_vec()]
                    .concat()
            }
            Api::Es(major, minor) => vec![CONTEXT_MAJOR_VERSION, major as i32, CONTEXT_MINOR_VERSION, minor as i32],
        };
        // A driver that can says when the card was reset, and goes on; not all can.
        let reset = vec![CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY, LOSE_CONTEXT_ON_RESET];
        for more in [reset, vec![]] {
            let attributes = [version.clone(), more, vec![NONE]].concat();
            // SAFETY: the list ends as it must; there is no context that objects are shared with.
            self.context = unsafe { (egl.CreateContext)(display, config, ptr::null_mut(), attributes.as_ptr()) };
            if !self.context.is_null() {
                break;
            }
        }
        if self.context.is_null() {
            return Err(format!("it draws with {api}, which this node's driver has not ({})", egl.error()));
        }
        if !egl.has(display, "EGL_KHR_surfaceless_context") {
            let smallest = [WIDTH, 1, HEIGHT, 1, NONE];
            // SAFETY: the list ends as it must. Nothing is ever drawn there.
            self.surface = unsafe { (egl.CreatePbufferSurface)(display, config, smallest.as_ptr()) };
        }
        Ok(())
    }

    /// Makes it current, unless it is: a core may have had reasons to change that. On an error it is lost.
    pub fn make_current(&mut self) -> Result<(), String> {
        // SAFETY: handles of this library, which it checks; one that is gone is refused.
        let current = unsafe {
            (self.egl.GetCurrentContext)() == self.context
                || (self.egl.MakeCurrent)(self.display, self.surface, self.surface, self.context) != 0
        };
        if current { Ok(()) } else { Err(format!("its OpenGL context is lost ({})", self.egl.error())) }
    }

    /// Which driver it is of, for people.
    pub fn driver(&self) -> &str {
        &self.driver
    }

    fn describe(&self) -> String {
        type GetString = unsafe extern "C" fn(u32) -> *const c_char;
        // SAFETY: a name that ends with a zero; the function of that name is declared so in `gl.h`, and the context is
        // current. Strings of the driver's own that stay, or null.
        unsafe {
            let found = (self.egl.GetProcAddress)(c"glGetString".as_ptr());
            if found.is_null() {
                return text((self.egl.QueryString)(self.display, VENDOR));
            }
            let get = std::mem::transmute::<Function, GetString>(found);
            format!("{}, {}", text(get(GL_RENDERER)), text(get(GL_VERSION)))
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let null = ptr::null_mut();
        // SAFETY: handles of this library, each let go of once, and null ones not at all.
        unsafe {
            (self.egl.MakeCurrent)(self.display, null, null, null);
            if !self.surface.is_null() {
                (self.egl.DestroySurface)(self.display, self.surface);
            }
            if !self.context.is_null() {
                (self.egl.DestroyContext)(self.display, self.context);
            }
            (self.egl.Terminate)(self.display);
        }
    }
}

/// What a core finds OpenGL's functions by (`retro_hw_get_proc_address_t`), from any thread.
///
/// # Safety
/// `name` ends with a zero.
pub unsafe extern "C" fn proc_address(name: *const c_char) -> Function {
    if name.is_null() {
        return ptr::null();
    }
    // SAFETY: the caller's word.
    EGL.get().map_or(ptr::null(), |egl| unsafe { (egl.GetProcAddress)(name) })
}

/// # Safety
/// It is null, or ends with a zero.
unsafe fn text(at: *const c_char) -> String {
    if at.is_null() {
        return String::new();
    }
    // SAFETY: the caller's word.
    unsafe { CStr::from_ptr(at) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_without_the_library_says_what_to_install() {
        let said = Egl::open("libno-such-egl.so.1").err().unwrap();
        assert!(
            said.starts_with("it draws with OpenGL, and libno-such-egl.so.1 is not on this node; install it"),
            "{said}"
        );
        assert!(said.contains("libegl1, libegl-mesa0, libgl1-mesa-dri and libgles2"), "{said}");
        assert!(said.contains("cannot open shared object file"), "{said}");
    }
}
