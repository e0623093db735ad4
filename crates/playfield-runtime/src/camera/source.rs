//! Where pictures come from.
//!
//! | source | what of it |
//! |---|---|
//! | `drawn` | a street that is drawn |
//! | `folder` | the pictures of a folder |
//! | `film` | a video file |
//! | `tensors` | a recording of a model that ran on a sensor |
//! | `v4l2` | a camera of this machine |
//! | `fed` | a camera on the network, or of a browser, whose coded pictures a worker hands in |
//!
//! Whatever comes from outside is foreign; it is decoded in the camera's own process, behind the fence.

mod drawn;
mod fed;
mod film;
mod folder;
mod tensors;
mod v4l2;

use std::path::Path;
use std::time::{Duration, Instant};

use playfield_core::camera::{Camera, MOST_HZ, Source as Wanted};
use playfield_core::frame::Picture;
use playfield_core::recording::Output;

use super::decode::Codecs;
use super::intake::Fed;

/// A source of pictures.
pub trait Source: Send {
    /// When the next picture is there; before that nothing is to be asked.
    fn due(&self) -> Instant;

    /// Takes the next picture into `into`; returns its number. Gaps in numbers are pictures that came too late to be taken.
    fn take(&mut self, into: &mut Picture) -> Result<u64, NoPicture>;

    /// Whether nobody gives it pictures just now: then nothing is gained by opening it anew.
    fn rests(&self) -> bool {
        false
    }

    /// Closes what it has open and opens it anew.
    fn reopen(&mut self) -> Result<(), String>;

    /// What a model made of the last picture before it came here; none: whoever wants to know looks at the picture.
    fn inferred(&self) -> Option<Inferred<'_>> {
        None
    }
}

/// What a model made of a picture.
#[derive(Clone, Copy, Debug)]
pub struct Inferred<'a> {
    /// Its tensors.
    pub outputs: &'a [Output],
    /// Width and height of the picture that it saw.
    pub size: [u16; 2],
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPicture {
    /// There is none yet.
    Yet,
    /// This one is not to be had, and why; the next one may be.
    Bad(String),
    /// There are no more, and why.
    Over(String),
}

/// Opens the source of a camera.
pub(super) fn open(camera: &Camera, fed: Option<Fed>, codecs: Codecs) -> Result<Box<dyn Source>, String> {
    let hz = camera.desired.hz.clamp(1, MOST_HZ);
    let path = || camera.files.as_deref().ok_or_else(|| "it was not said where its files lie".to_owned());
    Ok(match &camera.desired.source {
        Wanted::Scene { seed } => Box::new(drawn::Drawn::new(*seed, hz)),
        Wanted::Folder { once, .. } => Box::new(folder::Folder::open(path()?, *once, hz, codecs)?),
        Wanted::File { once, .. } => Box::new(film::Played::open(path()?, *once, hz, codecs)?),
        Wanted::Tensors { once, .. } => Box::new(tensors::Replay::open(path()?, *once, codecs)?),
        Wanted::V4l2 { .. } => Box::new(v4l2::Camera::open(path()?, hz, codecs)?),
        Wanted::Rtsp { .. } | Wanted::Browser {} => {
            let fed = fed.ok_or_else(|| "nobody takes its pictures from the network".to_owned())?;
            Box::new(fed::Network::open(fed, hz, codecs)?)
        }
    })
}

/// Beats of a clock, so many a second. Whoever is late misses none: they come later.
struct Beat {
    every: Duration,
    next: Instant,
}

impl Beat {
    fn new(hz: u16) -> Beat {
        Beat { every: Duration::from_secs(1) / u32::from(hz.max(1)), next: Instant::now() }
    }

    fn take(&mut self) {
        self.next = (self.next + self.every).max(Instant::now());
    }
}

/// The clock of a recording: as fast as ours, but it waits for whoever is behind, and passes over long times without a picture.
struct Tape {
    began: Instant,
    /// What it showed then.
    base: Duration,
}

/// Behind by so much, a recording waits.
const BEHIND: Duration = Duration::from_secs(1);
/// The longest time between two pictures of a recording that is waited for. It is shorter than the patience of who watches the source.
const MOST_BETWEEN: Duration = Duration::from_secs(5);

impl Tape {
    fn start() -> Tape {
        Tape { began: Instant::now(), base: Duration::ZERO }
    }

    /// Whether a picture of that time is to be shown now.
    fn has_come(&mut self, at: Duration) -> bool {
        let now = self.base + self.began.elapsed();
        if now > at + BEHIND {
            *self = Tape { began: Instant::now(), base: at };
        } else if at > now + MOST_BETWEEN {
            *self = Tape { began: Instant::now(), base: at - MOST_BETWEEN };
        }
        at <= now
    }

    /// When a picture of that time is to be shown.
    fn due(&self, at: Duration) -> Instant {
        self.began + at.saturating_sub(self.base).min(MOST_BETWEEN * 2)
    }
}

/// A path as it is told: its last part.
fn called(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().escape_debug().to_string()
}

#[cfg(test)]
mod tests;
