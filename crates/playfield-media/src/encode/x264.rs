//! x264, where this is built with it: finer pictures in the same bytes and time, under the GPL.
//!
//! Everything that it would decide by itself is off (its rate control, scene cuts, lookahead), so that it does what `rate` says
//! and a viewer gets the same kind of stream: constrained baseline, one reference frame, pictures in the order they come.

mod ffi;

pub(super) use ffi::RawEncoder;
