//! The numbers of a model become findings, whatever family it is of.

mod classes;
mod detr;
mod rows;
mod segments;
mod ssd;
mod yolo;

use super::fits::{Refusal, may_be, misfit};
use super::manifest::{Activation, BoxOrder, DecoderKind, Manifest, Output, Role, Unit};
use super::placement::Placement;
use super::suppress::{Candidate, Suppressor};
use super::{Findings, Tensor};
use crate::metadata::{Keypoint, Object, Point};

/// Scores of int8 models may be a little over 1; what is over this is none.
const MOST_SCORE: f32 = 1.1;

/// Decodes what one model gives, picture by picture; keeps its memory.
#[derive(Debug)]
pub struct Decoder {
    manifest: Manifest,
    suppressor: Suppressor,
    /// The best score of each place, of models that give them class by class.
    best: Vec<f32>,
}

impl Decoder {
    /// A decoder for models of this manifest.
    pub fn new(manifest: &Manifest) -> Decoder {
        Decoder { manifest: manifest.clone(), suppressor: Suppressor::default(), best: Vec::new() }
    }

    /// What the model found in a picture of `source` pixels (width, height), in place of what is in `into`.
    ///
    /// Numbers that are none are left out; tensors that have another shape than the family's are an error.
    pub fn decode(&mut self, outputs: &[Tensor], source: [u16; 2], into: &mut Findings) -> Result<(), Refusal> {
        into.clear();
        let manifest = &self.manifest;
        check(manifest, outputs)?;
        let placement = Placement::new(manifest.input.fit, source, manifest.input.size);
        let found = &mut Found { output: &manifest.output, suppressor: &mut self.suppressor, wild: false };
        found.suppressor.clear();
        match manifest.output.decoder {
            DecoderKind::Classes => classes::decode(manifest, &outputs[0], &mut into.labels)?,
            DecoderKind::Segments => into.map = Some(segments::decode(manifest, &outputs[0], &placement)?),
            DecoderKind::Yolo | DecoderKind::Pose => yolo::by_class(manifest, &outputs[0], &mut self.best, found),
            DecoderKind::Yolo5 => yolo::by_place(manifest, &outputs[0], found),
            DecoderKind::EndToEnd => yolo::end_to_end(manifest, &outputs[0], found),
            DecoderKind::Ssd => ssd::decode(manifest, outputs, found)?,
            DecoderKind::Detr => detr::decode(manifest, outputs, found)?,
        }
        if found.wild {
            let scores = manifest.output.roles().iter().position(|role| *role == Role::Scores).unwrap_or(0);
            return Err(Refusal::Scores(outputs[scores].name.to_owned()));
        }
        let objects = match manifest.output.decoder {
            DecoderKind::Ssd | DecoderKind::Detr | DecoderKind::EndToEnd => self.suppressor.best(&manifest.output),
            _ => self.suppressor.suppress(&manifest.output),
        };
        for candidate in objects {
            let Some(area) = placement.back_box(candidate.corners) else { continue };
            let score = candidate.score.clamp(0.0, 1.0);
            let keypoints = keypoints(manifest, &outputs[0], candidate, &placement);
            into.objects.push(Object { class: candidate.class, score, area, track: None, keypoints });
        }
        Ok(())
    }
}

/// Candidates as a family's decoder finds them.
struct Found<'a> {
    output: &'a Output,
    suppressor: &'a mut Suppressor,
    /// Scores came that are none.
    wild: bool,
}

impl Found<'_> {
    /// A box, of which the score may be too low.
    fn push(&mut self, candidate: Candidate) {
        if candidate.score >= self.output.threshold {
            self.wild |= candidate.score.is_finite() && candidate.score > MOST_SCORE;
            self.suppressor.push(candidate);
        }
    }
}

fn check(manifest: &Manifest, outputs: &[Tensor]) -> Result<(), Refusal> {
    let needs = manifest.output.roles().len();
    if outputs.len() < needs {
        let decoder = format!("{:?}", manifest.output.decoder).to_lowercase();
        return Err(Refusal::Outputs { is: outputs.len(), needs, decoder });
    }
    outputs.iter().enumerate().take(needs).try_for_each(|(at, tensor)| {
        let size = tensor.shape.iter().try_fold(1usize, |size, side| size.checked_mul(*side));
        let shape: Vec<_> = tensor.shape.iter().map(|side| Some(*side)).collect();
        let other = manifest.output.roles().get(at) == Some(&Role::Other);
        if other || size == Some(tensor.data.len()) && may_be(manifest, at, &shape) {
            return Ok(());
        }
        Err(misfit(manifest, at, tensor.name, &format!("{:?}", tensor.shape)))
    })
}

/// The joints of a pose that was kept; none of other models.
fn keypoints(manifest: &Manifest, tensor: &Tensor, candidate: &Candidate, placement: &Placement) -> Vec<Keypoint> {
    if manifest.output.decoder != DecoderKind::Pose {
        return Vec::new();
    }
    let sides = sides(manifest);
    let place = |[x, y, score]: [f32; 3]| {
        let at = placement.back(x * sides[0], y * sides[1]);
        if !(at.x.is_finite() && at.y.is_finite() && score.is_finite()) {
            return Keypoint::default();
        }
        let at = Point { x: at.x.clamp(0.0, 1.0), y: at.y.clamp(0.0, 1.0) };
        Keypoint { at, score: score.clamp(0.0, 1.0) }
    };
    yolo::joints(manifest, tensor, candidate).map(place).collect()
}

/// What makes pixels of the model's picture of its numbers.
fn sides(manifest: &Manifest) -> [f32; 2] {
    match manifest.output.box_unit() {
        Unit::Pixel => [1.0; 2],
        Unit::Fraction => manifest.input.size.map(f32::from),
    }
}

/// Left, top, right, bottom, in pixels of the model's picture.
fn corners([a, b, c, d]: [f32; 4], order: BoxOrder, [width, height]: [f32; 2]) -> [f32; 4] {
    let [left, top, right, bottom] = match order {
        BoxOrder::Xyxy => [a, b, c, d],
        BoxOrder::Yxyx => [b, a, d, c],
        BoxOrder::Xxyy => [a, c, b, d],
        BoxOrder::Xywh => [a, b, a + c, b + d],
        BoxOrder::Cxcywh => [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0],
    };
    [left * width, top * height, right * width, bottom * height]
}

/// A score of one number that stands for itself.
fn score(value: f32, activation: Activation) -> f32 {
    match activation {
        Activation::Sigmoid => 1.0 / (1.0 + (-value).exp()),
        Activation::None | Activation::Softmax => value,
    }
}

/// The largest number and where it stands; none among numbers that are none.
fn largest(values: &[f32]) -> Option<(usize, f32)> {
    let mut best = None;
    for (at, value) in values.iter().enumerate() {
        if best.map_or(!value.is_nan(), |(_, best)| *value > best) {
            best = Some((at, *value));
        }
    }
    best
}

#[cfg(test)]
mod tests;
