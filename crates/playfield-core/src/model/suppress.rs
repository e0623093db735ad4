//! Of boxes that show the same thing, the surest stays (non-maximum suppression).

use std::cmp::Ordering;

use super::manifest::Output;

/// Most boxes that are looked at: the surest ones. What is beyond them is noise, or a model that finds something everywhere.
const MOST_CANDIDATES: usize = 4096;

/// A box that may be an object, in pixels of the model's picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Left, top, right, bottom.
    pub corners: [f32; 4],
    /// 0 to 1.
    pub score: f32,
    /// Its class.
    pub class: u16,
    /// Where in the model's numbers it stands.
    pub index: u32,
}

impl Candidate {
    fn is_sound(&self) -> bool {
        let [left, top, right, bottom] = self.corners;
        self.score.is_finite() && self.corners.iter().all(|side| side.is_finite()) && left < right && top < bottom
    }

    fn area(&self) -> f32 {
        let [left, top, right, bottom] = self.corners;
        (right - left).max(0.0) * (bottom - top).max(0.0)
    }

    /// Whether the share of what both cover, of what either covers, is more than `iou`.
    fn overlaps(&self, other: &Candidate, iou: f32) -> bool {
        let ([l, t, r, b], [ol, ot, or, ob]) = (self.corners, other.corners);
        let common = (r.min(or) - l.max(ol)).max(0.0) * (b.min(ob) - t.max(ot)).max(0.0);
        common > iou * (self.area() + other.area() - common)
    }
}

/// The surest first; of equally sure ones, that which stands first.
fn surest(one: &Candidate, other: &Candidate) -> Ordering {
    other.score.total_cmp(&one.score).then(one.index.cmp(&other.index))
}

/// Suppresses; keeps its memory.
#[derive(Debug, Default)]
pub struct Suppressor {
    candidates: Vec<Candidate>,
    kept: Vec<Candidate>,
}

impl Suppressor {
    /// Another picture.
    pub fn clear(&mut self) {
        self.candidates.clear();
    }

    /// A box that may be an object. One that is none, because its numbers are not, is left out.
    pub fn push(&mut self, candidate: Candidate) {
        if candidate.is_sound() {
            self.candidates.push(candidate);
        }
    }

    /// The boxes that stay, the surest first.
    pub fn suppress(&mut self, output: &Output) -> &[Candidate] {
        self.sort(MOST_CANDIDATES);
        self.kept.clear();
        for candidate in &self.candidates {
            if self.kept.len() == usize::from(output.most) {
                break;
            }
            let same = |kept: &&Candidate| output.agnostic || kept.class == candidate.class;
            if !self.kept.iter().filter(same).any(|kept| kept.overlaps(candidate, output.iou)) {
                self.kept.push(*candidate);
            }
        }
        &self.kept
    }

    /// The surest boxes, where the model suppressed already.
    pub fn best(&mut self, output: &Output) -> &[Candidate] {
        self.sort(usize::from(output.most));
        &self.candidates
    }

    fn sort(&mut self, most: usize) {
        if self.candidates.len() > most {
            self.candidates.select_nth_unstable_by(most, surest);
            self.candidates.truncate(most);
        }
        self.candidates.sort_unstable_by(surest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::manifest::Manifest;

    fn output(agnostic: bool, iou: f32, most: u16) -> Output {
        let text = format!(
            "name = 'm'\ntask = 'detect'\nfile = 'm.onnx'\nlabels = ['a']\n[input]\nsize = [64, 64]\n[output]\n\
             decoder = 'yolo'\nagnostic = {agnostic}\niou = {iou:?}\nmost = {most}"
        );
        Manifest::parse(&text).unwrap().output
    }

    fn kept(boxes: &[([f32; 4], f32, u16)], output: &Output) -> Vec<u32> {
        let mut suppressor = Suppressor::default();
        for (index, (corners, score, class)) in boxes.iter().enumerate() {
            suppressor.push(Candidate { corners: *corners, score: *score, class: *class, index: index as u32 });
        }
        suppressor.suppress(output).iter().map(|candidate| candidate.index).collect()
    }

    const BOXES: &[([f32; 4], f32, u16)] = &[
        ([0.0, 0.0, 10.0, 10.0], 0.5, 0),
        ([1.0, 0.0, 11.0, 10.0], 0.9, 0),
        ([1.0, 0.0, 11.0, 10.0], 0.8, 1),
        ([30.0, 0.0, 40.0, 10.0], 0.1, 0),
    ];

    #[test]
    fn the_surest_of_a_class_stays() {
        assert_eq!(kept(BOXES, &output(false, 0.5, 100)), [1, 2, 3]);
        assert_eq!(kept(BOXES, &output(true, 0.5, 100)), [1, 3]);
        assert_eq!(kept(BOXES, &output(false, 0.9, 100)), [1, 2, 0, 3]);
        assert_eq!(kept(BOXES, &output(false, 0.9, 2)), [1, 2]);
    }

    #[test]
    fn boxes_that_are_none_are_left_out() {
        let bad = [
            ([0.0, 0.0, f32::NAN, 1.0], 0.5, 0),
            ([0.0, 0.0, f32::INFINITY, 1.0], 0.5, 0),
            ([0.0, 0.0, 1.0, 1.0], f32::NAN, 0),
            ([1.0, 0.0, 0.0, 1.0], 0.5, 0),
        ];
        assert!(kept(&bad, &output(false, 0.5, 100)).is_empty());
    }

    #[test]
    fn a_flood_of_boxes_is_bounded_and_the_surest_are_kept() {
        let flood: Vec<_> = (0..20_000u32)
            .map(|n| ([n as f32 * 2.0, 0.0, n as f32 * 2.0 + 1.0, 1.0], (n % 9973) as f32 / 9973.0, 0))
            .collect();
        let mut suppressor = Suppressor::default();
        for (index, (corners, score, class)) in flood.into_iter().enumerate() {
            suppressor.push(Candidate { corners, score, class, index: index as u32 });
        }
        let kept = suppressor.suppress(&output(false, 0.5, 3));
        assert_eq!(kept.iter().map(|kept| kept.index).collect::<Vec<_>>(), [9972, 19945, 9971]);
    }
}
