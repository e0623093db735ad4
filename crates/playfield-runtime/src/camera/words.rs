//! What a worker and the process of a camera say to each other, and where in their shared memory things lie.

use playfield_core::frame::{MAX_HEIGHT, MAX_WIDTH};
use playfield_core::upload::{Ask, Piece};
use serde::{Deserialize, Serialize};

use super::AppOpening;
use crate::confine::Rules;

/// The picture, while somebody may look: RGBA8, rows without padding.
pub const PICTURE: usize = 0;
/// Bytes of the largest picture.
pub const SHARED_LEN: usize = MAX_WIDTH as usize * MAX_HEIGHT as usize * 4;

/// What the worker says.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToCamera {
    /// Begin. The shared memory comes with it.
    Open(Box<Opening>),
    /// Coded pictures come by the socket that is with this; right after [`ToCamera::Open`], where the opening says so.
    Fed,
    /// Somebody may look at the pictures, or nobody may any longer.
    Show(bool),
    /// Say what is in each picture, or no longer.
    Live(bool),
    /// Hand over the next picture, with what is found in it.
    Sample,
    /// Hand over what its app uploads, from there on: whoever was let have it has what is before.
    Upload(Ask),
    /// The process of its app was started: its socket comes with it.
    App,
    /// It could not be, and why.
    NoApp(String),
    /// How the process of its app ended: whether it was for memory, and in words, unless it was well.
    AppEnded(bool, Option<String>),
    /// The picture was copied: the next one may be written over it.
    Taken,
    /// End.
    Finish,
}

/// What the camera is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// What it is to do, as JSON of [`Camera`](playfield_core::camera::Camera).
    pub camera: String,
    /// Its pictures are handed in, coded.
    pub fed: bool,
    /// What its process may see and use.
    pub rules: Rules,
    /// The process of its app, where that has one of its own. The camera's has no use for this.
    pub app: Option<AppOpening>,
}

/// What the process of a camera says. Reports are JSON: what is counted and shown to leave the camera is what does.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromCamera {
    /// It is at work.
    Opened,
    /// It cannot be, and why.
    Failed(String),
    /// A [`Report`](playfield_core::camera::Report), as JSON.
    Report(String),
    /// There is a picture: width and height.
    Picture(u16, u16),
    /// The picture that was asked for is there: width, height, and what was found, as JSON of
    /// [`Found`](playfield_core::dataset::Found).
    Sample(u16, u16, String),
    /// What was asked for of what its app uploads; none: it uploads nothing.
    Upload(Option<Piece>),
    /// A line for whoever looks after the node.
    Log(String),
    /// A line of its app's log, for the same.
    Said(String),
    /// Its app wants a process, for so many MiB of memory.
    StartApp(u32),
    /// The process of its app is not heard any more.
    EndApp,
}
