//! Pixels and samples: convert, encode, decode.
//!
//! A guest hands over pictures and sound; viewers want bytes small enough for the network, now. This crate turns one
//! into the other and knows neither guests nor sockets. It reads no clock: whoever calls it times each step.
//!
//! ```text
//!   Picture -> convert::Converter -> I420 -> encode::VideoEncoder -> H.264, AV1             (lossy, any size)
//!                              scale::Scaler, where there is not enough for all of it
//!           -> delta::RowsPool -> PictureRows -> delta::Encoder -> datagrams                (lossless, small pictures)
//!   samples -> audio::OpusEncoder -> 10 ms packets, none while silent
//!
//!   film -> decode -> Picture                                         (what cameras look at: files of pictures and videos)
//!   decode, delta::Decoder and audio::OpusDecoder are the way back: tests and the latency bench play the viewer with them.
//! ```
//!
//! `unsafe` lives in files named `ffi.rs` (the C libraries) and `simd.rs` (each with a scalar twin that tests compare
//! it with).
#![deny(unsafe_code)]

pub mod audio;
pub mod convert;
pub mod decode;
pub mod delta;
pub mod encode;
pub mod film;
pub mod scale;

#[cfg(test)]
mod testing;
