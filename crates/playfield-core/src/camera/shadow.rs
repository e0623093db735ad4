//! Two models on the same pictures: how far they agree, before one takes the other's place.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::metadata::Object;

/// Boxes that overlap by so much are of one thing: intersection over union.
const SAME: f32 = 0.5;
/// What a model is less sure of is not compared: both are unsure of many things.
const SURE: f32 = 0.4;

/// What a model beside the camera's own found, compared with what that found, since the camera started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Shadow {
    /// The model beside: its name and version.
    pub model: String,
    /// Pictures that both looked at.
    pub pictures: u64,
    /// Things that both found: of one class, at one place.
    pub both: u64,
    /// Things that both found at one place, and took for different ones.
    pub differ: u64,
    /// Things that the camera's own model found alone.
    pub own: u64,
    /// Things that the model beside found alone.
    pub shadow: u64,
    /// How long it takes for a picture, in microseconds: the median of late.
    pub inference_us: u32,
    /// Why it does not run, in a sentence; the camera works on without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl Shadow {
    /// Compares what both found in a picture, each with the names of its classes.
    pub fn compare(&mut self, own: (&[Object], &[String]), beside: (&[Object], &[String])) {
        let sure = |objects: &[Object]| -> Vec<Object> {
            objects.iter().filter(|object| object.score >= SURE).cloned().collect()
        };
        let (mine, mut theirs) = (sure(own.0), sure(beside.0));
        self.pictures += 1;
        let mut find = |object: &Object, same: bool| {
            let fits = |other: &Object| !same || label(object, own.1) == label(other, beside.1);
            let overlaps = theirs.iter().enumerate().filter(|(_, other)| fits(other));
            let overlaps = overlaps.map(|(nth, other)| (nth, object.area.iou(&other.area)));
            let best = overlaps.filter(|(_, overlap)| *overlap >= SAME).max_by(|a, b| a.1.total_cmp(&b.1));
            best.map(|(nth, _)| drop(theirs.swap_remove(nth))).is_some()
        };
        // Things overlap each other: who agrees is found first, so that nothing is taken for its neighbour.
        let rest: Vec<_> = mine.iter().filter(|object| !find(object, true)).collect();
        let differ = rest.iter().filter(|object| find(object, false)).count();
        self.both += (mine.len() - rest.len()) as u64;
        self.differ += differ as u64;
        self.own += (rest.len() - differ) as u64;
        self.shadow += theirs.len() as u64;
    }
}

/// Models may number the same classes differently.
fn label<'a>(object: &Object, labels: &'a [String]) -> Option<&'a str> {
    labels.get(usize::from(object.class)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Rect;

    #[test]
    fn things_that_overlap_are_not_taken_for_each_other() {
        let names = ["person".to_owned(), "bicycle".to_owned()];
        let object = |class, left| {
            let area = Rect { left, top: 0.0, right: left + 0.2, bottom: 0.2 };
            Object { class, score: 0.9, area, ..Object::default() }
        };
        // Who rides is where the bicycle is.
        let found = [object(0, 0.3), object(1, 0.31), object(0, 0.32)];
        let mut shadow = Shadow::default();
        shadow.compare((&found, &names), (&found, &names));
        assert_eq!((shadow.both, shadow.differ, shadow.own, shadow.shadow), (3, 0, 0, 0));
    }

    #[test]
    fn what_both_found_is_told_from_what_one_found_alone() {
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let object = |class, left, score| {
            let area = Rect { left, top: 0.0, right: left + 0.1, bottom: 0.2 };
            Object { class, score, area, ..Object::default() }
        };
        let own = [object(0, 0.0, 0.9), object(1, 0.3, 0.9), object(0, 0.6, 0.9), object(0, 0.8, 0.2)];
        // The other one numbers its classes the other way round.
        let beside = [object(1, 0.01, 0.8), object(1, 0.3, 0.8), object(0, 0.45, 0.8), object(0, 0.9, 0.1)];
        let mut shadow = Shadow::default();
        shadow.compare((&own, &names(&["person", "car"])), (&beside, &names(&["car", "person"])));
        assert_eq!((shadow.both, shadow.differ, shadow.own, shadow.shadow), (1, 1, 1, 1));
        assert_eq!(shadow.pictures, 1);
    }
}
