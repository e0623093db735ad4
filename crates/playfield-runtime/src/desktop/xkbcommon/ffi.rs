//! Opens the library that `stand_in.c` stands in for.

use std::ffi::{CStr, c_char};

unsafe extern "C" {
    fn playfield_xkb_open() -> *const c_char;
}

/// Opens the library. On an error no keyboard may be made.
pub fn open() -> Result<(), String> {
    // SAFETY: the function opens a library and fills its own table; the process has one thread by now, or calls it again
    // to the same effect. It returns null or a string constant.
    let missing = unsafe { playfield_xkb_open().as_ref().map(|name| CStr::from_ptr(name)) };
    missing.map_or(Ok(()), |name| {
        let name = name.to_string_lossy();
        Err(format!(
            "{name} is not on this node, which keyboards of programs need; install it (on Debian: libxkbcommon0)"
        ))
    })
}
