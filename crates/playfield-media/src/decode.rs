//! The way back from H.264: what a viewer's decoder does, for tests and measuring clients.

use crate::convert::I420;
use crate::encode::RawDecoder;

/// Why an access unit could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The decoder could not be set up.
    #[error("the H.264 decoder does not start (code {0})")]
    Open(i32),
    /// Not H.264, damaged, or a frame it refers to is missing: ask for a key frame.
    #[error("the access unit does not decode (code {0:#x}); ask for a key frame")]
    Damaged(i32),
}

/// Decodes a stream of access units in Annex B form, in the order they were coded.
pub struct H264Decoder(RawDecoder);

impl H264Decoder {
    /// A decoder that waits for its first key frame.
    pub fn new() -> Result<H264Decoder, DecodeError> {
        RawDecoder::open().map(H264Decoder).map_err(DecodeError::Open)
    }

    /// Decodes one access unit; returns whether `out` holds a new picture. Its size is the coded one, which is even.
    pub fn decode(&mut self, unit: &[u8], out: &mut I420) -> Result<bool, DecodeError> {
        self.0.decode(unit, out).map_err(DecodeError::Damaged)
    }
}
