//! What the sensor's channels hold: the output tensor of its model, and the picture that the model saw.
//!
//! The camera's model runs in the host, whatever it is. An app that asks for its tensors gets them as they are, one after the other;
//! else they are told in the one form that AITRIOS's own detectors have after their last layer, float32, [`MOST`] detections with the
//! surest first:
//!
//! ```text
//!   boxes [4, N]: all tops, all lefts, all bottoms, all rights, of 0 to 1 | classes [N] | scores [N] | how many [1]
//! ```

use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::metadata::Object;
use serde::{Deserialize, Serialize};

use crate::wasm::host::camera::{View, scale};

/// Detections in a tensor.
pub const MOST: usize = 64;
/// Numbers that say which shapes tensors have: of each how many dimensions, and these.
pub const MOST_SHAPES: usize = 192;
/// Width of the picture that the app is given, in pixels, unless it is narrower.
const WIDTH: u16 = 320;

/// What a model made of a picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tensors {
    /// The shape of each.
    pub shapes: Vec<Vec<u32>>,
    /// Their numbers, one tensor after the other.
    pub bytes: Vec<u8>,
}

impl Tensors {
    /// How many there are, then of each how many dimensions it has, and these; those for which there is room.
    pub fn described(&self) -> Vec<u32> {
        let mut numbers = vec![0];
        for shape in &self.shapes {
            if numbers.len() + shape.len() > MOST_SHAPES {
                break;
            }
            numbers[0] += 1;
            numbers.push(shape.len() as u32);
            numbers.extend(shape);
        }
        numbers
    }
}

/// What was found, as tensors of a detector.
pub fn of_objects(objects: &[Object]) -> Tensors {
    let mut objects: Vec<&Object> = objects.iter().collect();
    objects.sort_by(|a, b| b.score.total_cmp(&a.score));
    objects.truncate(MOST);
    let mut tensor = vec![0f32; 6 * MOST + 1];
    for (nth, object) in objects.iter().enumerate() {
        let area = &object.area;
        let row = [area.top, area.left, area.bottom, area.right, f32::from(object.class), object.score];
        row.iter().enumerate().for_each(|(plane, value)| tensor[plane * MOST + nth] = *value);
    }
    tensor[6 * MOST] = objects.len() as f32;
    let most = MOST as u32;
    Tensors {
        shapes: vec![vec![4, most], vec![most], vec![most], vec![1]],
        bytes: tensor.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

/// Width and height of the picture that the app is given.
pub fn size(view: &View) -> [u16; 2] {
    let [width, height] = view.size.map(|side| side.max(1));
    let narrow = width.min(WIDTH);
    let height = u32::from(height) * u32::from(narrow) / u32::from(width);
    [narrow, u16::try_from(height).unwrap_or(u16::MAX).max(1)]
}

/// The picture as RGB, 24 bits a pixel; none: the app may not see it.
pub fn image(view: &View) -> Option<Vec<u8>> {
    let picture = visible(view)?;
    let [width, height] = size(view).map(usize::from);
    let mut pixels = vec![0; width * height * 4];
    scale(picture, &mut pixels, width, height);
    Some(rgb(&pixels))
}

/// The same in the picture's own size.
pub fn raw_image(view: &View) -> Option<Vec<u8>> {
    Some(rgb(&visible(view)?.pixels))
}

fn visible(view: &View) -> Option<&Picture> {
    view.picture.as_ref().filter(|picture| picture.format == PixelFormat::Rgba8)
}

fn rgb(rgba: &[u8]) -> Vec<u8> {
    rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}
