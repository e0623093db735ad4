//! A score for each class of what the whole picture shows.

use super::{MOST_SCORE, Tensor, score};
use crate::metadata::Label;
use crate::model::fits::Refusal;
use crate::model::manifest::{Activation, Manifest};

/// The surest classes, of those that are sure enough.
pub fn decode(manifest: &Manifest, tensor: &Tensor, labels: &mut Vec<Label>) -> Result<(), Refusal> {
    let output = &manifest.output;
    let activation = output.score_activation();
    let no_score = |value: &f32| value.is_finite() && !(1.0 - MOST_SCORE..=MOST_SCORE).contains(value);
    if activation == Activation::None && tensor.data.iter().any(no_score) {
        return Err(Refusal::Scores(tensor.name.to_owned()));
    }
    let (largest, sum) = match activation {
        Activation::Softmax => softmax(tensor.data),
        Activation::None | Activation::Sigmoid => (0.0, 1.0),
    };
    let sure = |value: f32| match activation {
        Activation::Softmax => (value - largest).exp() / sum,
        _ => score(value, activation),
    };
    let scores =
        tensor.data.iter().enumerate().map(|(class, value)| Label { class: class as u16, score: sure(*value) });
    labels.extend(scores.filter(|label| label.score.is_finite() && label.score >= output.threshold));
    labels.sort_by(|one, other| other.score.total_cmp(&one.score));
    labels.truncate(usize::from(output.most));
    labels.iter_mut().for_each(|label| label.score = label.score.clamp(0.0, 1.0));
    Ok(())
}

/// The largest number, and what all of them make together.
fn softmax(values: &[f32]) -> (f32, f32) {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (largest, values.iter().filter(|value| !value.is_nan()).map(|value| (value - largest).exp()).sum())
}
