//! Lossless acked delta: which rows to send, coded against which picture.
//!
//! Each picture a viewer is sent is coded against pictures whose rows that viewer has *acknowledged*, so every datagram
//! decodes when it arrives and a loss needs no repair: the next delta spans more. This room decides; pixels are coded in
//! `playfield-media`.
//!
//! ```text
//!   plan(now, tick, changed) --> runs of rows, each with its base --(media codes them)--> sent(..)
//!   acks of the viewer --> handle_ack(..) --> newer bases, round-trip time, rate
//! ```

mod rows;
mod sender;

pub use rows::RowSet;
pub use sender::{DatagramRows, HISTORY, RowRun, Sender};
