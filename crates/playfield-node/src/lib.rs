//! The agent of a machine that runs sessions: it starts, limits and watches workers, and prepares modules for them.
//!
//! A worker is a process of the same program that hosts sessions; a crash costs the sessions of that worker only.
//! Foreign Wasm is compiled in a process of its own, once for all who ask. Nothing here touches pictures or sockets of
//! media: requests come over the bus and go, unchanged, to the worker that holds the session.
//!
//! ```text
//!             node.ID.request
//!   bus  ------------------------> agent --- which worker? ---> ledger
//!    ^                               |
//!    |                               +--- module to run? -----> compile --- job: PROGRAM compile
//!    |                               v
//!    +---- session.event ------- supervisor (one per worker) == lines ==> PROGRAM worker
//! ```
//!
//! A worker, as its supervisor sees it:
//!
//! ```text
//!   starting --Ready--> ready --silent, broken, gone--> lost --after a pause that grows--> starting
//!                         \--Drain--> draining --exit, or 8 s--> gone
//! ```
//!
//! A session whose worker was lost goes on in another one, from the last checkpoint the lost one wrote (both share a folder).
//! Until then it is adrift: who asks for it waits. One that cannot be saved ends.
//!
//! What is asked of the program, its `PROGRAM`:
//!
//! | command | |
//! |---|---|
//! | `worker` | first line on standard input: [`WorkerConfig`](playfield_core::bus::WorkerConfig); then [`ToWorker`](playfield_core::bus::ToWorker) lines in, [`FromWorker`](playfield_core::bus::FromWorker) lines out. Standard error is its log; a line may begin with its level. At the end of standard input it exits. |
//! | `compile --module PATH --out DIR --memory-mb N` | limits its own memory, compiles into the folder `DIR` under a name that tells module, engine and flags, writes one [`CompileAnswer`](playfield_core::bus::CompileAnswer) line and exits with 0 |
//! | `cover --module PATH --out FILE --memory-mb N` | writes a PNG and exits with 0; or writes a refused `CompileAnswer` line |
#![forbid(unsafe_code)]

mod agent;
mod checkpoints;
mod compile;
mod config;
mod cores;
pub mod device;
mod door;
mod job;
mod ledger;
mod node;
mod programs;
mod worker;

pub use config::{Config, ConfigError, JobLimits, PortRange, Times};
pub use ledger::WorkerLoad;
pub use node::{Node, NodeError};
pub use programs::find as find_program;
