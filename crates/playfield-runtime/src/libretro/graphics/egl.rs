//! EGL: the library that gives a context without a screen. It is opened when a core asks for one, and nothing is linked.

#[allow(unsafe_code, reason = "calls into a library that is opened late")]
mod ffi;

pub use ffi::{Context, proc_address};

/// What a node lacks where the library does not open, as the end of a sentence.
const PACKAGES: &str = "install it with a driver (on Debian: libegl1, libegl-mesa0, libgl1-mesa-dri and libgles2)";

/// An error of EGL, by its name where it tells something.
fn words(error: i32) -> String {
    let name = match error {
        0x3001 => "EGL_NOT_INITIALIZED",
        0x3003 => "EGL_BAD_ALLOC",
        0x3004 => "EGL_BAD_ATTRIBUTE",
        0x3005 => "EGL_BAD_CONFIG",
        0x3006 => "EGL_BAD_CONTEXT",
        0x3008 => "EGL_BAD_DISPLAY",
        0x3009 => "EGL_BAD_MATCH",
        0x300c => "EGL_BAD_PARAMETER",
        0x300e => "EGL_CONTEXT_LOST",
        other => return format!("EGL error {other:#x}"),
    };
    name.to_owned()
}
