//! Linux programs: native games and ordinary desktop programs, X11 or Wayland, under a compositor of our own.
//!
//! A program is native code, so it runs in a process tree of its own, behind the fence; so does the compositor that it draws
//! for. The worker sees a [`Guest`](crate::Guest) that keeps its own time: whenever the program presents a picture, the
//! session is woken and sends it on. Nothing is polled, and a screen on which nothing changes costs nothing.
//!
//! ```text
//!   DesktopGuest <--words over a Link--> host: compositor <--Wayland, X11--> the program
//!   (worker)     <-- picture, sound ---        sound server <--PulseAudio--
//!                      in memory               pads         --evdev------->
//! ```

mod command;
mod compositor;
mod guest;
pub mod host;
mod keys;
pub mod pads;
pub mod sound;
mod words;
mod xkbcommon;

pub use command::{Command, Size};
pub use guest::DesktopGuest;
pub use words::Opening;
