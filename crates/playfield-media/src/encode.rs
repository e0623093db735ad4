//! Video: a converted picture becomes an access unit that fits the moment's budget.
//!
//! The network says how many bytes a frame may take; an encoder holds to it frame by frame, not on average, because a
//! frame that is too large arrives late. There is no queue and no reordering inside: what goes in comes out.
//!
//! ```text
//!   activity: what changed, block by block --> rate: which QP fits --> encoder: code, measure, perhaps again
//!                                               ^---------- bytes it really took ---------'
//! ```
//!
//! | library | codes | where | good for |
//! |---|---|---|---|
//! | [`OpenH264`](Library::OpenH264) | H.264, constrained baseline | every build | everything |
//! | [`X264`](Library::X264) | the same | the feature `x264` | slightly finer pictures; the GPL |
//! | [`SvtAv1`](Library::SvtAv1) | AV1, main profile | the feature `svt-av1` | text and windows on a narrow path: a sixth of the bytes for four times the work |

mod activity;
mod encoder;
mod openh264;
mod rate;
pub mod still;
#[cfg(feature = "svt-av1")]
mod svt_av1;
#[cfg(test)]
mod tests;
#[cfg(feature = "x264")]
mod x264;

use std::fmt;

use playfield_core::codec::{Codec, H264Library};

use crate::convert::I420;
pub use encoder::VideoEncoder;
pub(crate) use openh264::RawDecoder;
pub use openh264::simd_available;

/// Highest picture rate declared to the libraries, in Hz; with rate control off it only picks the level.
const MAX_RATE_HZ: u8 = 60;
/// Pictures of at least so many pixels are coded on two threads, where there are two processors: that takes a few hundredths more of
/// them, and half the time.
const LARGE: usize = 1024 * 576;

/// What codes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// Cisco's OpenH264.
    OpenH264,
    /// VideoLAN's x264.
    X264,
    /// The Alliance for Open Media's SVT-AV1.
    SvtAv1,
}

impl Library {
    /// All there are.
    pub const ALL: [Library; 3] = [Library::OpenH264, Library::X264, Library::SvtAv1];

    /// What codes a codec, where a node's H.264 is coded by `h264`.
    pub fn of(codec: Codec, h264: H264Library) -> Library {
        match (codec, h264) {
            (Codec::H264, H264Library::OpenH264) => Library::OpenH264,
            (Codec::H264, H264Library::X264) => Library::X264,
            (Codec::Av1, _) => Library::SvtAv1,
        }
    }

    /// Whether this was built with it.
    pub fn built_in(self) -> bool {
        match self {
            Library::OpenH264 => true,
            Library::X264 => cfg!(feature = "x264"),
            Library::SvtAv1 => cfg!(feature = "svt-av1"),
        }
    }

    /// Smallest side it takes, in pixels.
    fn least_side(self) -> u16 {
        match self {
            Library::OpenH264 | Library::X264 => 16,
            Library::SvtAv1 => 64,
        }
    }

    /// `Err` is its own code.
    fn open(self, width: u16, height: u16) -> Result<Box<dyn Coder>, i32> {
        match self {
            #[cfg(feature = "x264")]
            Library::X264 => Ok(Box::new(x264::RawEncoder::open(width, height)?)),
            #[cfg(feature = "svt-av1")]
            Library::SvtAv1 => Ok(Box::new(svt_av1::RawEncoder::open(width, height)?)),
            _ => Ok(Box::new(openh264::RawEncoder::open(width, height)?)),
        }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Library::OpenH264 => "OpenH264",
            Library::X264 => "x264",
            Library::SvtAv1 => "SVT-AV1",
        })
    }
}

/// A library's encoder for pictures of one size, which codes what it is given at the QP it is told.
trait Coder: Send {
    fn size(&self) -> (u16, u16);

    /// QP of the frames from now on, 0 (finest) to 51.
    fn set_qp(&mut self, qp: u8) -> Result<(), i32>;

    /// Appends what codes `picture`, which has this encoder's size; returns whether it is a key frame.
    fn encode(&mut self, picture: &I420, key: bool, out: &mut Vec<u8>) -> Result<bool, i32>;
}

/// Threads for pictures of a size.
fn threads(width: u16, height: u16) -> u8 {
    let large = usize::from(width) * usize::from(height) >= LARGE;
    if large && std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) { 2 } else { 1 }
}

/// How large the next frame may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameBudget {
    /// What a frame should take: bitrate / 8 / frame rate. A frame that changes nothing takes less.
    pub target_bytes: usize,
    /// What a frame should never take, at least `target_bytes`: a key frame may use all of it.
    pub max_bytes: usize,
}

/// What is wanted of an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// A frame if the picture changed, or can be made finer.
    News,
    /// A frame, whatever there is of news.
    Frame,
    /// A key frame.
    Key,
}

/// What an encoder made of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// It can be decoded without any frame before it.
    pub keyframe: bool,
    /// There is nothing to send: viewers see this picture already, as well as it can be shown.
    pub skipped: bool,
    /// Quantisation parameter, 0 (finest) to 51; the one before if skipped.
    pub qp: u8,
    /// How often the picture was coded until it fit; 0 if skipped.
    pub attempts: u8,
}

/// Why a picture could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The encoder could not be set up.
    #[error("{library} refuses {width}x{height} (code {code}); use a size from 1x1 to 1920x1080")]
    Open {
        /// Which.
        library: Library,
        /// In pixels.
        width: u16,
        /// In pixels.
        height: u16,
        /// The library's code.
        code: i32,
    },
    /// The encoder failed; it starts over with a key frame at the next picture.
    #[error("{library} failed (code {code}); the next picture will be a key frame")]
    Failed {
        /// Which.
        library: Library,
        /// The library's code.
        code: i32,
    },
}
