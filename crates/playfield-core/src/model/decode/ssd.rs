//! Boxes, scores, classes and perhaps their count, each in a tensor of its own: SSD as TensorFlow Lite and IMX500 have it.

use super::rows::Rows;
use super::{Candidate, Found, Tensor, corners, score, sides};
use crate::model::fits::{Refusal, misfit};
use crate::model::manifest::{Manifest, Role};

pub fn decode(manifest: &Manifest, outputs: &[Tensor], found: &mut Found) -> Result<(), Refusal> {
    let tensor = |role| manifest.output.roles().iter().position(|each| *each == role).map(|at| (at, &outputs[at]));
    let (Some((at, boxes)), Some((_, scores)), Some((of_classes, classes))) =
        (tensor(Role::Boxes), tensor(Role::Scores), tensor(Role::Classes))
    else {
        return Ok(());
    };
    let Some(rows) = Rows::new(boxes.data, boxes.shape, 4, false) else {
        return Err(misfit(manifest, at, boxes.name, &format!("{:?}", boxes.shape)));
    };
    if scores.data.len() != rows.entries || classes.data.len() != rows.entries {
        return Err(misfit(manifest, of_classes, classes.name, &format!("{:?}", classes.shape)));
    }
    // A count that is no number is none.
    let count =
        tensor(Role::Count).and_then(|(_, count)| count.data.first()).map_or(rows.entries, |count| *count as usize);
    for entry in 0..rows.entries.min(count) {
        let Some(class) = class(classes.data[entry], manifest) else { continue };
        let score = score(scores.data[entry], manifest.output.score_activation());
        let corners = corners(rows.four(entry, 0), manifest.output.box_order(), sides(manifest));
        found.push(Candidate { corners, score, class, index: entry as u32 });
    }
    Ok(())
}

/// A class that is written as a number; none that the manifest does not name.
pub fn class(value: f32, manifest: &Manifest) -> Option<u16> {
    let class = value.round();
    (class >= 0.0 && class < manifest.labels.len() as f32).then_some(class as u16)
}
