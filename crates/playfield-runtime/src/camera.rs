//! Cameras: pipelines from pictures to metadata, each in a process of its own.
//!
//! Pictures are taken, understood and forgotten in the camera's process, which has no network and no files but its model's and its source's.
//! Pictures that come coded are decoded there too, by the [`Codecs`] that the program hands in.
//! What leaves it is a [`Report`](playfield_core::camera::Report): what was found, counted and measured. A picture leaves it
//! only while its worker says that somebody may look, and a file of its app's only when it is asked for.
//!
//! ```text
//!   worker                                guest process, behind the fence
//!   CameraGuest --Link: configure, show--> host: source -> Pipeline: model -> tracker -> lines and zones
//!        ^      <-Link: reports-----------   |
//!        +------- copies, if shown ------- Shared: picture
//!
//!   app: a module in a thread of that process, or one of AITRIOS's in a process beside it, told of each picture, from which only what it
//!   declared leaves
//! ```

mod apart;
mod app;
mod beside;
mod decode;
mod eye;
mod guest;
pub mod host;
mod intake;
mod pipeline;
mod source;
mod uploads;
mod words;

pub use apart::{Opening as AppOpening, host as app_host};
pub use app::{App, AppSetting, Made, Wants};
pub use decode::{Codecs, Decode, Film, Reel};
pub use guest::CameraGuest;
pub use intake::Intake;
pub use pipeline::{Pipeline, Stages};
pub use source::{Inferred, NoPicture, Source};
pub use words::Opening;
