//! Lossless acked delta: which rows to send, coded against which picture.
//!
//! Each picture a viewer is sent is coded against pictures whose rows that viewer has *acknowledged*, so every datagram
//! decodes when it arrives and a loss needs no repair: the next delta spans more. But a picture of many datagrams would hardly
//! ever come whole, and what no picture follows would be missing for a round trip and more: so where packets are lost there is
//! parity. This room decides; pixels and parity are coded in `playfield-media`.
//!
//! ```text
//!   plan(now, tick, changed) --> runs of rows, each with its base --(media codes them)--> sent(..)
//!   release(now) at every tick --> which datagrams go out now, and how much parity
//!   acks of the viewer --> handle_ack(..) --> newer bases, round-trip time, rate, loss
//! ```

mod rows;
mod sender;
#[cfg(test)]
mod trip;

pub use rows::RowSet;
pub use sender::{DatagramRows, HISTORY, Release, RowRun, Sender};
