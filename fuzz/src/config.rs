//! The configuration of the binary, which has no library: its file is compiled here too.

#[path = "../../crates/playfield/src/config.rs"]
mod real;

pub use real::Config;
