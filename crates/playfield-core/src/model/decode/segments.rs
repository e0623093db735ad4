//! The class of each place of a picture.

use super::Tensor;
use super::score;
use crate::metadata::ClassMap;
use crate::model::fits::{Refusal, misfit};
use crate::model::manifest::{Activation, Layout, Manifest, PLACES};
use crate::model::placement::Placement;

/// How the numbers lie.
struct Planes<'a> {
    data: &'a [f32],
    width: usize,
    height: usize,
    classes: usize,
    /// From one class of a place to the next, and from one place to the next.
    steps: [usize; 2],
}

/// The map of the source's picture: what is around a letterboxed one is cut off. Only places that are told are looked at.
pub fn decode(manifest: &Manifest, tensor: &Tensor, placement: &Placement) -> Result<ClassMap, Refusal> {
    let Some(planes) = planes(manifest, tensor) else {
        return Err(misfit(manifest, 0, tensor.name, &format!("{:?}", tensor.shape)));
    };
    let [input_width, input_height] = placement.input.map(f32::from);
    let (across, down) = (planes.width as f32 / input_width, planes.height as f32 / input_height);
    let seen = [placement.to.width as f32 * across, placement.to.height as f32 * down];
    let [width, height] = manifest.output.map.unwrap_or_else(|| places(seen));
    let along = |nth: u16, count: u16, start: f32, length: f32, most: usize| {
        let at = start + (f32::from(nth) + 0.5) / f32::from(count) * length;
        (at as usize).min(most - 1)
    };
    let columns: Vec<_> =
        (0..width).map(|x| along(x, width, placement.to.x as f32 * across, seen[0], planes.width)).collect();
    let mut classes = Vec::with_capacity(usize::from(width) * usize::from(height));
    for y in 0..height {
        let row = along(y, height, placement.to.y as f32 * down, seen[1], planes.height);
        classes.extend(columns.iter().map(|column| class(manifest, &planes, row * planes.width + column)));
    }
    Ok(ClassMap { width, height, classes })
}

fn planes<'a>(manifest: &Manifest, tensor: &Tensor<'a>) -> Option<Planes<'a>> {
    let (classes, height, width) = match (tensor.shape, manifest.input.layout) {
        (&[1, height, width], _) => (1, height, width),
        (&[1, classes, height, width], Layout::Nchw) => (classes, height, width),
        (&[1, height, width, classes], Layout::Nhwc) => (classes, height, width),
        _ => return None,
    };
    let steps = if manifest.input.layout == Layout::Nhwc { [1, classes] } else { [height * width, 1] };
    let right = (classes == 1 || classes == manifest.labels.len()) && width > 0 && height > 0;
    right.then_some(Planes { data: tensor.data, width, height, classes, steps })
}

/// As many places as there are, but not more than is worth telling.
fn places([width, height]: [f32; 2]) -> [u16; 2] {
    let scale = (f32::from(PLACES) / width.max(height)).min(1.0);
    [width, height].map(|side| (side * scale).round().clamp(1.0, f32::from(PLACES)) as u16)
}

/// The class that has the most there. One plane alone holds classes themselves, or how sure the second one is.
fn class(manifest: &Manifest, planes: &Planes, place: usize) -> u16 {
    let at = |class: usize| planes.data[class * planes.steps[0] + place * planes.steps[1]];
    if planes.classes > 1 {
        let mut best = (0, f32::NEG_INFINITY);
        for class in 0..planes.classes {
            if at(class) > best.1 {
                best = (class, at(class));
            }
        }
        return best.0 as u16;
    }
    match manifest.output.score_activation() {
        Activation::Sigmoid => u16::from(score(at(0), Activation::Sigmoid) >= manifest.output.threshold),
        _ => super::ssd::class(at(0), manifest).unwrap_or(0),
    }
}
