//! SVT-AV1, where this is built with it: for text and windows, with the tools that AV1 has for screens.
//!
//! Scrolled text takes a sixth of H.264's bytes at the same fineness, for four times the work and three times the delay.

mod ffi;

pub(super) use ffi::RawEncoder;
