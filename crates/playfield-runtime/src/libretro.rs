//! Cores of the libretro ecosystem: consoles and computers of the past, each a shared library with one C interface.
//!
//! A core is native code, so it runs in a process of its own, and its worker sees a [`Guest`](crate::Guest).
//!
//! ```text
//!   LibretroGuest  --words over a Link-->  host  -->  core (dlopen)
//!   (worker)                                |  ^        |  calls back
//!                                           v  |        v
//!                                         frontend <- environment, pixels, graphics, sound, pads, options, files
//! ```
//!
//! Not offered: Vulkan and Direct3D (a core that needs them is refused in words), sensors, cameras, network play.

mod abi;
mod archive;
mod core;
mod environment;
mod files;
mod firmware;
mod frontend;
mod graphics;
mod guest;
pub mod host;
mod options;
mod pads;
mod pixels;
mod sound;
mod words;

pub use guest::LibretroGuest;
pub use words::Opening;
