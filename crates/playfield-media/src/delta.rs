//! Lossless pictures: datagrams that each decode alone, given the base picture they name.
//!
//! The format is in `docs/reference/wire.md`; which rows are coded against which picture is decided by
//! [`playfield_core::delta`]. Here pixels become bytes and back:
//!
//! ```text
//!   Picture -> RowsPool::freeze -> Arc<PictureRows> --+
//!   Sender::plan -> runs of rows, each with a base ---+-> Encoder::encode -> Datagrams -> the network
//!                                                 write_parity (as many more as the losses ask for)
//!                                                            Decoder::push <- (any of them, in any order)
//! ```
//!
//! Rows are compared unit by unit into bit masks (`simd`: AVX2 and BMI2, with a scalar twin); the encoder then reads
//! match lengths off the masks.

mod decoder;
mod encoder;
mod motion;
mod ops;
mod parity;
mod parse;
mod rows;
#[cfg(target_arch = "x86_64")]
mod simd;
#[cfg(test)]
mod tests;
mod units;

pub use decoder::{Ack, Decoder, Received, Rejected, Shown};
pub use encoder::{Base, Datagrams, DeltaError, Encoder, RowSpan};
pub use ops::{MAX_DATAGRAM, MAX_DATAGRAMS, MAX_PARITY};
pub use parity::write_parity;
pub use rows::{PictureRows, RowFormat, RowsPool};
