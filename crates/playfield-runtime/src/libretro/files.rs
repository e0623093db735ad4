//! Files, for cores that ask their frontend for them. They are those of this process, which has few.

#[allow(unsafe_code, reason = "calls into a core, and its calls back")]
mod ffi;

pub use ffi::{VERSION, VFS};
