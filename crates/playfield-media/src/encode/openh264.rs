//! OpenH264, compiled from source.

mod ffi;

pub(crate) use ffi::RawDecoder;
pub(super) use ffi::RawEncoder;
pub use ffi::simd_available;
