//! The worker: ties guests, media and transport together, then steps out of the way.
//!
//! Two kinds of thread. The *network thread* owns the sockets, every session's life and every connection. *Guest
//! threads* run whichever session is due first: take the freshest input, make a picture, code it for each viewer. They
//! meet in two places only: an [`inbox::Inbox`] per session, locked for the length of a copy, and one bounded queue
//! back.
//!
//! ```text
//!   node --stdin--> stdio --> worker (network thread) --inbox--> pool: stage (guest threads)
//!   node <-stdout--   ^          ^    |                              |  guest -> pictures, sound
//!                     |          |    v                              v
//!                     |         transport::Hub <------outbox------- packets
//! ```
//!
//! A camera on the network has a thread beside them (`network`): what it takes goes to the camera's process, coded.
#![forbid(unsafe_code)]

mod checkpoint;
mod clock;
mod exact;
mod inbox;
mod network;
mod outbox;
mod pool;
mod sandbox;
mod session;
mod stage;
mod states;
mod stdio;
mod viewer;
mod worker;

pub use clock::Clock;
pub use network::take_camera;
pub use sandbox::{confine, limit_memory};
pub use worker::{OpenGuest, Worker};

use playfield_transport::TransportError;

/// Why a worker cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Its sockets.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Its node does not speak to it as it should.
    #[error("the node's first line is not a worker's configuration: {0}")]
    Hello(String),
    /// Threads or pipes.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}
