//! DETR and RT-DETR: some hundred boxes, each with a score for each class; none hides another.

use super::rows::Rows;
use super::{Candidate, Found, Tensor, corners, largest, score, sides};
use crate::model::fits::{Refusal, misfit};
use crate::model::manifest::{Activation, Manifest, Role};

/// Each box has the class it is surest of.
pub fn decode(manifest: &Manifest, outputs: &[Tensor], found: &mut Found) -> Result<(), Refusal> {
    let tensor = |role| manifest.output.roles().iter().position(|each| *each == role).map(|at| (at, &outputs[at]));
    let (Some((_, boxes)), Some((at, scores))) = (tensor(Role::Boxes), tensor(Role::Scores)) else { return Ok(()) };
    let ([_, queries, _], [_, as_many, classes]) = (boxes.shape, scores.shape) else { return Ok(()) };
    if queries != as_many {
        return Err(misfit(manifest, at, scores.name, &format!("{:?}", scores.shape)));
    }
    let rows = Rows { data: boxes.data, entries: *queries, fields: 4, by_field: false };
    for (entry, values) in scores.data.chunks_exact(*classes).enumerate() {
        let Some((class, score)) = best(values, manifest) else { continue };
        let corners = corners(rows.four(entry, 0), manifest.output.box_order(), sides(manifest));
        found.push(Candidate { corners, score, class: class as u16, index: entry as u32 });
    }
    Ok(())
}

/// With softmax a class beyond the labels may say that there is nothing: it counts, but is not told.
fn best(values: &[f32], manifest: &Manifest) -> Option<(usize, f32)> {
    let (class, value) = largest(&values[..manifest.labels.len()])?;
    match manifest.output.score_activation() {
        Activation::Softmax => Some((class, 1.0 / values.iter().map(|other| (other - value).exp()).sum::<f32>())),
        activation => Some((class, score(value, activation))),
    }
}
