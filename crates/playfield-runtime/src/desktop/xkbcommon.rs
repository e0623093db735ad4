//! libxkbcommon, which makes keymaps. It is opened when it is needed: only programs need it, and a node that runs Wasm alone
//! should not ask for it. `stand_in.c` stands in for the library until then.

#[allow(unsafe_code, reason = "a shared library is opened")]
mod ffi;

pub use ffi::open;
