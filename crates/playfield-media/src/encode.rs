//! Video: a converted picture becomes an access unit that fits the moment's budget.
//!
//! The network says how many bytes a frame may take; an encoder holds to it frame by frame, not on average, because a
//! frame that is too large arrives late. There is no queue and no reordering inside: what goes in comes out.
//!
//! ```text
//!   activity: what changed, block by block --> rate: which QP fits --> h264: code, measure, perhaps again
//!                                               ^-------- bytes it really took --------'
//! ```

mod activity;
mod h264;
mod rate;

use playfield_core::frame::Damage;

pub(crate) use h264::RawDecoder;
pub use h264::{OpenH264, simd_available};

use crate::convert::I420;

/// How large the next frame may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameBudget {
    /// What a frame should take: bitrate / 8 / frame rate. A frame that changes nothing takes less.
    pub target_bytes: usize,
    /// What a frame should never take, at least `target_bytes`: a key frame may use all of it.
    pub max_bytes: usize,
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
    #[error("the H.264 encoder refuses {width}x{height} (code {code}); use a size from 1x1 to 1920x1080")]
    Open {
        /// In pixels.
        width: u16,
        /// In pixels.
        height: u16,
        /// The library's code.
        code: i32,
    },
    /// The encoder failed; it starts over with a key frame at the next picture.
    #[error("the H.264 encoder failed (code {code}); the next picture will be a key frame")]
    Failed {
        /// The library's code.
        code: i32,
    },
}

/// Turns pictures into a stream of access units in Annex B form (ITU-T H.264, Annex B), one for each picture.
pub trait VideoEncoder: Send {
    /// Appends the access unit of `picture` to `out`.
    ///
    /// `damage` is what changed since the picture given before. Give unchanged pictures too, with [`Damage::None`]: what
    /// was sent coarsely is made finer in them, until they are skipped. A picture of another size starts a new sequence with a
    /// key frame. The budget may change from frame to frame; it never causes a key frame by itself, but see the encoder's
    /// own notes on overshoot.
    fn encode(
        &mut self,
        picture: &I420,
        damage: Damage,
        budget: FrameBudget,
        want_keyframe: bool,
        out: &mut Vec<u8>,
    ) -> Result<Encoded, EncodeError>;
}
