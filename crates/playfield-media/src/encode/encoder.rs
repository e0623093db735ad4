//! An encoder that keeps to budgets, by any of the libraries.
//!
//! No library controls its own rate: each frame is coded at the QP that `rate` chose, with key frames only when asked for.
//! A library cannot take a coded frame back, so a frame that misses its budget has three ways on:
//!
//! - a key frame over `max_bytes` is coded again, coarser, as another key frame (at most three attempts);
//! - another frame over `max_bytes` that is mostly new (a cut) is coded again as a coarser key frame, which costs no more;
//! - any other is sent as it is. The model learns from it at once, so the next frame is coarser; whoever sets the budgets
//!   sees the bytes and lowers the next targets.
//!
//! Sizes: pictures are cropped in steps of two pixels, so an odd one is coded with its last column or row repeated, and a
//! side under a library's least is padded to it likewise. Viewers are told the true size by the session.

use playfield_core::frame::Damage;

use super::activity::{Activity, Measure};
use super::rate::{MAX_QP, Rate};
use super::{Coder, EncodeError, Encoded, FrameBudget, Library, Want};
use crate::convert::I420;

/// How often one picture is coded at most.
const ATTEMPTS: u8 = 3;

/// The encoder.
pub struct VideoEncoder {
    library: Library,
    open: Option<Box<dyn Coder>>,
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

impl VideoEncoder {
    /// An encoder by a library, by OpenH264 if this is [not built with](Library::built_in) the one asked for; it is set up when the
    /// first picture tells its size.
    pub fn new(library: Library) -> VideoEncoder {
        let library = if library.built_in() { library } else { Library::OpenH264 };
        VideoEncoder {
            library,
            open: None,
            activity: Activity::default(),
            rate: Rate::default(),
            padded: I420::default(),
            qp: MAX_QP,
        }
    }

    /// Appends what codes `picture` to `out`: an access unit in Annex B form (ITU-T H.264, Annex B), or a temporal unit (AV1, 7.5).
    ///
    /// `damage` is what changed since the picture given before. Give unchanged pictures too, with [`Damage::None`]: what
    /// was sent coarsely is made finer in them, until they are skipped. A picture of another size starts a new sequence with a
    /// key frame. The budget may change from frame to frame; it never causes a key frame by itself, but see the file's notes on
    /// overshoot.
    pub fn encode(
        &mut self,
        picture: &I420,
        damage: Damage,
        budget: FrameBudget,
        want: Want,
        out: &mut Vec<u8>,
    ) -> Result<Encoded, EncodeError> {
        let least = self.library.least_side();
        let (width, height) = (picture.width().max(least), picture.height().max(least));
        let first = self.open.as_ref().is_none_or(|open| open.size() != (width, height));
        if first {
            self.open = None;
            let opened = self.library.open(width, height);
            let library = self.library;
            self.open = Some(opened.map_err(|code| EncodeError::Open { library, width, height, code })?);
        }
        let measure = self.activity.measure(picture, damage);
        let task = Task { picture, measure, budget, start: out.len() };
        if first || want == Want::Key {
            let qp = self.rate.key_qp(measure, budget, first);
            return self.key(&task, qp, 0, out);
        }
        let finer = self.rate.delta_qp(measure, budget);
        let Some(qp) = finer.or((want == Want::Frame).then_some(self.qp)) else {
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

    /// Codes the picture at `qp`, in place of what `out` holds of it already; returns whether it is a key frame.
    fn code(&mut self, task: &Task, qp: u8, key: bool, out: &mut Vec<u8>) -> Result<bool, EncodeError> {
        let (picture, start) = (task.picture, task.start);
        out.truncate(start);
        let Some(open) = &mut self.open else { return Err(EncodeError::Failed { library: self.library, code: 0 }) };
        let (width, height) = open.size();
        let padded = ((picture.width(), picture.height()) != (width, height)).then_some(&mut self.padded);
        let source = match padded {
            Some(padded) => {
                padded.resize(width, height);
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
            EncodeError::Failed { library: self.library, code }
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

/// Copies a picture into one that is no smaller either way, repeating its last column and row.
fn pad(picture: &I420, out: &mut I420) {
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
