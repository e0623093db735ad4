//! What a core asks of its frontend.

#[allow(unsafe_code, reason = "calls into a core, and its calls back")]
mod ffi;

pub use ffi::environment;
