//! Which QP makes a frame fit: a model of bytes, corrected by every frame.
//!
//! ```text
//!   key frame     bytes = key   * detail / step(qp)
//!   other frames  bytes = delta * news   / step(qp)  +  refine * key * still * (1 / step(qp) - 1 / step(shown))
//! ```
//!
//! The quantiser's step doubles every 6 QP (H.264, 8.5.8); bytes fall faster than it grows, so `step` here doubles every
//! 5. `news`, `detail` and `still` are measured before coding; `shown` is the QP at
//! which viewers see the still parts now: coding at a lower one makes those finer, and that costs too.

use super::FrameBudget;
use super::activity::Measure;

/// Coarsest QP there is.
pub(super) const MAX_QP: u8 = 51;
/// Finest QP used for pictures that move: below it bytes buy nothing a person sees.
pub(super) const MIN_QP: u8 = 16;
/// A still picture is made finer until here.
const REFINED_QP: u8 = 18;
/// Finest QP of the first key frame: the picture must be there soon; it is refined after.
const FIRST_QP: u8 = 30;
/// How much finer a frame may be than the one before while the picture moves: slowly, or the QP swings.
const STEP_DOWN: u8 = 2;
/// How much finer a still picture should get at once: a few large steps take fewer bytes than many small ones.
const REFINE_STEP: u8 = 4;
/// How much finer a still picture may get at once: beyond it the model knows too little.
const REFINE_MOST: u8 = 8;
/// Part of `max_bytes` to plan with, the model being a model.
const MARGIN: f64 = 0.8;
/// Bytes of headers and skipped macroblocks that no model has to explain.
const OVERHEAD: f64 = 24.0;

/// The model.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    key: f64,
    delta: f64,
    refine: f64,
    /// QP of what viewers see, the mean over the picture.
    shown: f64,
    /// QP of the last frame.
    last: u8,
    /// Bytes a still picture left unused, for its refinement.
    saved: f64,
    /// News that frames bring of late.
    usual: f64,
}

impl Default for Rate {
    fn default() -> Rate {
        let coarsest = f64::from(MAX_QP);
        Rate { key: 0.25, delta: 0.25, refine: 1.5, shown: coarsest, last: MAX_QP, saved: 0.0, usual: 0.0 }
    }
}

fn fineness(qp: f64) -> f64 {
    ((4.0 - qp) / 5.0).exp2()
}

impl Rate {
    /// QP for a key frame; the first of a sequence starts coarse.
    pub fn key_qp(&self, measure: Measure, budget: FrameBudget, first: bool) -> u8 {
        let finest = if first { FIRST_QP } else { MIN_QP };
        smallest(finest, budget.max_bytes as f64 * MARGIN, |qp| self.key_bytes(measure, qp))
    }

    /// QP for a frame that refers to the one before, or `None` if there is nothing to send now.
    pub fn delta_qp(&mut self, measure: Measure, budget: FrameBudget) -> Option<u8> {
        if measure.changed == 0 {
            return self.refine_qp(measure, budget);
        }
        self.saved = 0.0;
        let finest = self.last.saturating_sub(STEP_DOWN).max(MIN_QP);
        Some(smallest(finest, budget.target_bytes as f64, |qp| self.delta_bytes(measure, qp)))
    }

    /// QP to show a still picture finer with, once enough was saved for a step that is worth it.
    fn refine_qp(&mut self, measure: Measure, budget: FrameBudget) -> Option<u8> {
        let shown = self.shown.ceil() as u8;
        if shown <= REFINED_QP {
            return None;
        }
        let room = budget.max_bytes as f64 * MARGIN;
        let full = self.saved >= room;
        self.saved = (self.saved + budget.target_bytes as f64).min(room);
        let finest = shown.saturating_sub(REFINE_MOST).max(REFINED_QP);
        let qp = smallest(finest, self.saved, |qp| self.delta_bytes(measure, qp));
        let worth_it = qp == REFINED_QP || qp + REFINE_STEP <= shown || (full && qp < shown);
        if full && !worth_it {
            // The least step seems too dear; the model may be wrong, so doubt it more with every frame.
            self.refine *= 0.95;
        }
        worth_it.then_some(qp)
    }

    /// QP at which a key frame that took `bytes` at `qp` should fit, with a margin.
    pub fn coarser(qp: u8, bytes: usize, max_bytes: usize) -> u8 {
        let over = bytes as f64 / max_bytes.max(1) as f64;
        let steps = (over.log2() * 6.0).ceil().max(0.0) + 2.0;
        (f64::from(qp) + steps).min(f64::from(MAX_QP)) as u8
    }

    /// Whether a frame that took `bytes` at `qp` is a cut: much more news than usual, and no cheaper than a key frame.
    pub fn is_cut(&self, measure: Measure, qp: u8, bytes: usize) -> bool {
        measure.news as f64 > 2.0 * self.usual && bytes as f64 > 0.6 * self.key_bytes(measure, qp)
    }

    /// Learns what a key frame took.
    pub fn key_took(&mut self, measure: Measure, qp: u8, bytes: usize) {
        self.key *= ratio(bytes, self.key_bytes(measure, qp));
        self.shown = f64::from(qp);
        self.last = qp;
        self.saved = 0.0;
        self.usual = measure.detail as f64;
    }

    /// Learns what another frame took; `blocks` is how many the picture has.
    pub fn delta_took(&mut self, measure: Measure, qp: u8, bytes: usize, blocks: usize) {
        let predicted = self.delta_bytes(measure, qp);
        let ratio = ratio(bytes, predicted);
        // Rises at once, falls slowly: too coarse looks worse for a frame, too fine arrives late.
        let ratio = if ratio > 1.0 { ratio } else { ratio.powf(0.4) };
        let refining = self.refine_bytes(measure, qp) / predicted.max(1.0);
        self.refine *= ratio.powf(refining);
        self.delta *= ratio.powf(1.0 - refining);
        self.last = qp;
        self.saved = (self.saved - bytes as f64).max(0.0);
        self.usual += (measure.news as f64 - self.usual) * 0.2;
        let qp = f64::from(qp);
        let changed = if qp <= self.shown { 1.0 } else { measure.changed as f64 / blocks.max(1) as f64 };
        self.shown += (qp - self.shown) * changed;
    }

    fn key_bytes(&self, measure: Measure, qp: u8) -> f64 {
        OVERHEAD + self.key * measure.detail as f64 * fineness(f64::from(qp))
    }

    fn refine_bytes(&self, measure: Measure, qp: u8) -> f64 {
        let finer = fineness(f64::from(qp)) - fineness(self.shown);
        self.refine * self.key * measure.still as f64 * finer.max(0.0)
    }

    fn delta_bytes(&self, measure: Measure, qp: u8) -> f64 {
        OVERHEAD + self.delta * measure.news as f64 * fineness(f64::from(qp)) + self.refine_bytes(measure, qp)
    }
}

/// The finest QP that fits, from `finest` on; the coarsest if none does.
fn smallest(finest: u8, room: f64, bytes: impl Fn(u8) -> f64) -> u8 {
    (finest..MAX_QP).find(|qp| bytes(*qp) <= room).unwrap_or(MAX_QP)
}

/// Real over predicted, without what headers take, within reason.
fn ratio(bytes: usize, predicted: f64) -> f64 {
    let real = (bytes as f64 - OVERHEAD).max(1.0);
    (real / (predicted - OVERHEAD).max(1.0)).clamp(0.1, 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: FrameBudget = FrameBudget { target_bytes: 10_000, max_bytes: 30_000 };

    /// An encoder whose frames take exactly `cost / step(qp)` bytes.
    fn bytes(cost: f64, qp: u8) -> usize {
        (OVERHEAD + cost * fineness(f64::from(qp))) as usize
    }

    #[test]
    fn moving_pictures_settle_on_their_target() {
        for cost in [1e4, 1e6, 2e6] {
            let mut rate = Rate::default();
            let measure = Measure { changed: 100, news: 3_000_000, detail: 4_000_000, still: 0 };
            let mut last = 0;
            for _ in 0..30 {
                let qp = rate.delta_qp(measure, BUDGET).unwrap();
                last = bytes(cost, qp);
                rate.delta_took(measure, qp, last, 100);
            }
            let expect = if cost < 5e4 { 0..=10_000 } else { 7_000..=10_500 };
            assert!(expect.contains(&last), "cost {cost}: {last}");
        }
    }

    #[test]
    fn a_still_picture_is_refined_and_then_left_alone() {
        let mut rate = Rate::default();
        let still = Measure { changed: 0, news: 0, detail: 500_000, still: 500_000 };
        rate.key_took(still, 40, 4_000);
        let mut qps = Vec::new();
        for _ in 0..60 {
            if let Some(qp) = rate.delta_qp(still, BUDGET) {
                rate.delta_took(still, qp, 3_000, 100);
                qps.push(qp);
            }
        }
        assert!(rate.delta_qp(still, BUDGET).is_none());
        assert!(qps.is_sorted_by(|a, b| a > b), "{qps:?}");
        assert_eq!(qps.last(), Some(&REFINED_QP));
    }

    #[test]
    fn an_overshoot_names_a_qp_that_fits() {
        let check = |qp, took, max, expect| assert_eq!(Rate::coarser(qp, took, max), expect);
        check(30, 20_000, 10_000, 38);
        check(30, 10_001, 10_000, 33);
        check(50, 90_000, 10_000, 51);
    }
}
