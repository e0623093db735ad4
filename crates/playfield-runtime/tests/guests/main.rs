//! Guests from hand-written modules: every call of the ABI, every refusal, every limit, and exact state.
#![allow(clippy::unwrap_used, reason = "a test that unwraps an error has failed")]

mod abi;
#[cfg(feature = "model")]
mod aitrios;
#[cfg(feature = "model")]
mod apps;
mod cartridge;
mod changes;
mod hostile;
mod limits;
mod reference;
mod refusals;
mod replays;
mod snapshots;
mod support;
mod titles;
mod warm;
