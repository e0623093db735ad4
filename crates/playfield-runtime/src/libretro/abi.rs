//! The libretro ABI, as far as it is spoken here.

#[allow(missing_docs, reason = "names and values are those of libretro.h, which documents them")]
mod ffi;

pub use ffi::*;
