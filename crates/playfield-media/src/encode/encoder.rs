//! H.264 by OpenH264, compiled from source.
//!
//! Constrained baseline, one reference frame, key frames only when asked for; one slice on one thread, two on two for large
//! pictures. The library's own
//! rate control is off: each frame is coded at the QP that `rate` chose.
//!
//! The library cannot take a coded frame back, so a frame that misses its budget has three ways on:
//!
//! - a key frame over `max_bytes` is coded again, coarser, as another key frame (at most three attempts);
//! - another frame over `max_bytes` that is mostly new (a cut) is coded again as a coarser key frame, which costs no more;
//! - any other is sent as it is. The model learns from it at once, so the next frame is coarser; whoever sets the budgets
//!   sees the bytes and lowers the next targets.
//!
//! Sizes: H.264 crops in steps of two pixels, so an odd picture is coded with its last column or row repeated, and a
//! side under 16 pixels is padded to 16 likewise. Viewers are told the true size by the session.

mod ffi;
#[cfg(test)]
mod tests;

use playfield_core::frame::Damage;

pub(crate) use ffi::RawDecoder;
pub use ffi::simd_available;

use super::activity::{Activity, Measure};
use super::rate::{MAX_QP, Rate};
use super::{EncodeError, Encoded, FrameBudget, VideoEncoder};
use crate::convert::I420;

/// Smallest side the library takes, in pixels.
const MIN_SIDE: u16 = 16;
/// How often one picture is coded at most.
const ATTEMPTS: u8 = 3;

/// The encoder.
#[derive(Default)]
pub struct OpenH264 {
    open: Option<ffi::RawEncoder>,
    activity: Activity,
    rate: Rate,
    padded: I420,
    qp: u8,
}

/// One picture to code.
struct Task<'a> {
    picture: &'a I420,
    measure: Measure,
    budget: FrameBudget,
    /// Where its bytes begin in the output.
    start: usize,
}

impl OpenH264 {
    /// An encoder; it is set up when the first picture tells its size.
    pub fn new() -> OpenH264 {
        OpenH264 { qp: MAX_QP, ..OpenH264::default() }
    }

    /// Codes the picture at `qp`, in place of what `out` holds of it already; returns whether it is a key frame.
    fn code(&mut self, task: &Task, qp: u8, key: bool, out: &mut Vec<u8>) -> Result<bool, EncodeError> {
        let (picture, start) = (task.picture, task.start);
        out.truncate(start);
        let Some(open) = &mut self.open else { return Err(EncodeError::Failed { code: 0 }) };
        let padded = (picture.width() < MIN_SIDE || picture.height() < MIN_SIDE).then_some(&mut self.padded);
        let source = match padded {
            Some(padded) => {
                pad(picture, padded);
                &*padded
            }
            None => picture,
        };
        let coded = open.set_qp(qp).and_then(|()| open.encode(source, key, out));
        self.qp = qp;
        coded.map_err(|code| {
            self.open = None;
            out.truncate(start);
            EncodeError::Failed { code }
        })
    }

    /// Codes the picture as a key frame, coarser until it fits; `attempts` were made before.
    fn key(&mut self, task: &Task, mut qp: u8, attempts: u8, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        for attempt in attempts + 1.. {
            self.code(task, qp, true, out)?;
            let bytes = out.len() - task.start;
            self.rate.key_took(task.measure, qp, bytes);
            if bytes <= task.budget.max_bytes || qp == MAX_QP || attempt >= ATTEMPTS {
                return Ok(Encoded { keyframe: true, skipped: false, qp, attempts: attempt });
            }
            qp = Rate::coarser(qp, bytes, task.budget.max_bytes);
        }
        unreachable!("the loop returns after {ATTEMPTS} attempts")
    }
}

impl VideoEncoder for OpenH264 {
    fn encode(
        &mut self,
        picture: &I420,
        damage: Damage,
        budget: FrameBudget,
        want_keyframe: bool,
        out: &mut Vec<u8>,
    ) -> Result<Encoded, EncodeError> {
        let (width, height) = (picture.width().max(MIN_SIDE), picture.height().max(MIN_SIDE));
        let first = self.open.as_ref().is_none_or(|open| open.size() != (width, height));
        if first {
            self.open = None;
            self.open =
                Some(ffi::RawEncoder::open(width, height).map_err(|code| EncodeError::Open { width, height, code })?);
        }
        let measure = self.activity.measure(picture, damage);
        let task = Task { picture, measure, budget, start: out.len() };
        if first || want_keyframe {
            let qp = self.rate.key_qp(measure, budget, first);
            return self.key(&task, qp, 0, out);
        }
        let Some(qp) = self.rate.delta_qp(measure, budget) else {
            return Ok(Encoded { keyframe: false, skipped: true, qp: self.qp, attempts: 0 });
        };
        let keyframe = self.code(&task, qp, false, out)?;
        let bytes = out.len() - task.start;
        if bytes > budget.max_bytes && qp < MAX_QP && self.rate.is_cut(measure, qp, bytes) {
            let qp = self.rate.key_qp(measure, budget, false).max(qp + 1);
            return self.key(&task, qp, 1, out);
        }
        let blocks = picture.y_stride().div_ceil(16) * picture.y_rows().div_ceil(16);
        self.rate.delta_took(measure, qp, bytes, blocks);
        Ok(Encoded { keyframe, skipped: false, qp, attempts: 1 })
    }
}

/// Copies a picture into one of at least [`MIN_SIDE`] each way, repeating its last column and row.
fn pad(picture: &I420, out: &mut I420) {
    out.resize(picture.width().max(MIN_SIDE), picture.height().max(MIN_SIDE));
    let strides = [out.y_stride(), out.uv_stride(), out.uv_stride()];
    let from =
        [(picture.y(), picture.y_stride()), (picture.u(), picture.uv_stride()), (picture.v(), picture.uv_stride())];
    for (((from, from_stride), out), stride) in from.into_iter().zip(out.planes_mut()).zip(strides) {
        let rows = from.len() / from_stride;
        for (y, row) in out.chunks_exact_mut(stride).enumerate() {
            let source = &from[y.min(rows - 1) * from_stride..][..from_stride];
            row[..from_stride].copy_from_slice(source);
            row[from_stride..].fill(source[from_stride - 1]);
        }
    }
}
