//! What outlives a process: the database, the blobs and the bus.
//!
//! SQL is the truth, the bus is nerves, blobs are bytes: whatever was on the bus can be rebuilt from the other two.
//! Each family is an enum of the engines we know, and one conformance suite (`tests/conformance`) is run against each of
//! them. No rule of the product lives here: what a row means is decided above.
//!
//! ```text
//!   db       sessions, viewers, guests' storage, receipts, idempotency keys, sign-ins      SQLite
//!   blob     bytes by their SHA-256                                                        files
//!   bus      publish / subscribe, request / serve                                          in this process
//!   journal  what a device has to tell, until the control plane has it                     SQLite
//! ```
//!
//! *Acknowledged means durable*: a write that returned `Ok` from `db` or `blob` survives the loss of power.
#![forbid(unsafe_code)]

pub mod below;
pub mod blob;
pub mod bus;
pub mod db;
pub mod journal;
