//! The YOLO family: with a score for each class, with one for there being anything, or with its own suppression.

use super::rows::Rows;
use super::{Candidate, Found, Tensor, corners, largest, score, sides};
use crate::model::manifest::{Activation, DecoderKind, Manifest};

/// `[1, 4 + C (+ joints), N]`. Few of some thousand places have anything, so the best score of each is looked for first, class by
/// class along the memory.
pub fn by_class(manifest: &Manifest, tensor: &Tensor, best: &mut Vec<f32>, found: &mut Found) {
    let Some(rows) = rows(manifest, tensor) else { return };
    let labels = manifest.labels.len();
    let activation = manifest.output.score_activation();
    let least = least(manifest.output.threshold, activation);
    best.clear();
    if rows.by_field {
        best.extend_from_slice(rows.field(4));
        for class in 1..labels {
            for (best, value) in best.iter_mut().zip(rows.field(4 + class)) {
                // NaN is not larger than anything, and gives way to everything.
                *best = best.max(*value);
            }
        }
    } else {
        let scores = (0..rows.entries).map(|entry| largest(&rows.entry(entry)[4..4 + labels]));
        best.extend(scores.map(|best| best.map_or(f32::NAN, |(_, value)| value)));
    }
    for (entry, value) in best.iter().enumerate().filter(|(_, value)| **value >= least) {
        let class = (0..labels).find(|class| rows.at(entry, 4 + class) == *value).unwrap_or(0);
        let corners = corners(rows.four(entry, 0), manifest.output.box_order(), sides(manifest));
        found.push(Candidate { corners, score: score(*value, activation), class: class as u16, index: entry as u32 });
    }
}

/// `[1, N, 5 + C]`.
pub fn by_place(manifest: &Manifest, tensor: &Tensor, found: &mut Found) {
    let fields = 5 + manifest.labels.len();
    let Some(rows) = Rows::new(tensor.data, tensor.shape, fields, false).filter(|rows| !rows.by_field) else { return };
    let activation = manifest.output.score_activation();
    let least = least(manifest.output.threshold, activation);
    for entry in 0..rows.entries {
        let row = rows.entry(entry);
        if row[4] < least {
            continue;
        }
        let Some((class, value)) = largest(&row[5..]) else { continue };
        let score = score(row[4], activation) * score(value, activation);
        let corners = corners(rows.four(entry, 0), manifest.output.box_order(), sides(manifest));
        found.push(Candidate { corners, score, class: class as u16, index: entry as u32 });
    }
}

/// `[1, N, 6]`.
pub fn end_to_end(manifest: &Manifest, tensor: &Tensor, found: &mut Found) {
    let Some(rows) = Rows::new(tensor.data, tensor.shape, 6, false).filter(|rows| !rows.by_field) else { return };
    for entry in 0..rows.entries {
        let row = rows.entry(entry);
        let Some(class) = super::ssd::class(row[5], manifest) else { continue };
        let corners = corners(rows.four(entry, 0), manifest.output.box_order(), sides(manifest));
        found.push(Candidate { corners, score: row[4], class, index: entry as u32 });
    }
}

/// Place and score of each joint of a candidate; without scores of their own, they have the candidate's.
pub fn joints<'a>(
    manifest: &'a Manifest,
    tensor: &'a Tensor,
    candidate: &'a Candidate,
) -> impl Iterator<Item = [f32; 3]> + use<'a> {
    let rows = rows(manifest, tensor);
    let (first, count) = (4 + manifest.labels.len(), manifest.keypoints.len());
    rows.into_iter().flat_map(move |rows| {
        let each = (rows.fields - first) / count;
        (0..count).map(move |joint| {
            let at = |nth| rows.at(candidate.index as usize, first + joint * each + nth);
            [at(0), at(1), if each == 3 { at(2) } else { candidate.score }]
        })
    })
}

fn rows<'a>(manifest: &Manifest, tensor: &Tensor<'a>) -> Option<Rows<'a>> {
    let (data, shape, fields) = (tensor.data, tensor.shape, 4 + manifest.labels.len());
    if manifest.output.decoder != DecoderKind::Pose {
        return Rows::new(data, shape, fields, true);
    }
    let joints = manifest.keypoints.len();
    [3, 2].iter().find_map(|each| Rows::new(data, shape, fields + each * joints, true).filter(|rows| rows.by_field))
}

/// The least number that can be enough, before it is made a score.
fn least(threshold: f32, activation: Activation) -> f32 {
    match activation {
        Activation::Sigmoid => (threshold / (1.0 - threshold)).ln(),
        Activation::None | Activation::Softmax => threshold,
    }
}
