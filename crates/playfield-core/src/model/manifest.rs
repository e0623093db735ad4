//! `model.toml`: what whoever made a model says about it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most labels a model may have.
const MOST_LABELS: usize = 10_000;
/// Longest label, in characters.
const MOST_LETTERS: usize = 120;
/// Most joints of a pose.
const MOST_KEYPOINTS: usize = 256;
/// Smallest and largest side of a model's picture, in pixels.
const SIDES: std::ops::RangeInclusive<u16> = 8..=2048;
/// Most objects that are told of one picture.
const MOST_OBJECTS: u16 = 1000;
/// Most places of a map along one side.
const MOST_PLACES: u16 = 512;
/// Largest side of a map where the manifest does not say.
pub(super) const PLACES: u16 = 128;

/// What a model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// What is where.
    Detect,
    /// What the whole picture shows.
    Classify,
    /// Where people are, and their joints.
    Pose,
    /// What each place shows.
    Segment,
}

/// How a source's picture is put into the model's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// All of it, in its own proportions, in the middle; what is left is [`Input::pad`].
    #[default]
    Letterbox,
    /// All of it, without its proportions.
    Stretch,
    /// The largest part around its middle that has the model's proportions.
    Crop,
}

/// Which colours a model sees, in its order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Brightness alone (BT.601).
    Gray,
}

impl Colour {
    /// Numbers for each pixel.
    pub const fn channels(self) -> usize {
        match self {
            Colour::Rgb | Colour::Bgr => 3,
            Colour::Gray => 1,
        }
    }
}

/// Where the channels stand in the model's input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One plane after the other.
    #[default]
    Nchw,
    /// Pixel by pixel.
    Nhwc,
}

/// The picture a model wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Width and height, in pixels.
    pub size: [u16; 2],
    /// How the source's picture gets there.
    #[serde(default)]
    pub fit: Fit,
    /// Its colours.
    #[serde(default)]
    pub colour: Colour,
    /// Where they stand.
    #[serde(default)]
    pub layout: Layout,
    /// What is taken off each channel, of 0 to 255, in the model's order of colours.
    #[serde(default)]
    pub mean: [f32; 3],
    /// What it is then divided by.
    #[serde(default = "whole")]
    pub std: [f32; 3],
    /// What stands around a letterboxed picture, 0 to 255.
    #[serde(default = "grey")]
    pub pad: u8,
}

/// How the numbers of a model are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecoderKind {
    /// `[1, 4 + C, N]`: middle and size, then a score for each class (YOLO 8, 9, 11, 12).
    Yolo,
    /// `[1, N, 5 + C]`: middle and size, how sure there is anything, then a score for each class (YOLO 5, 7).
    Yolo5,
    /// `[1, N, 6]`: two corners, score, class (YOLO 10, 26, and exports with their own suppression).
    EndToEnd,
    /// Boxes, classes, scores and perhaps their count, each a tensor (SSD, EfficientDet, exports of torchvision, IMX500).
    Ssd,
    /// `[1, N, 4]` middle and size, and `[1, N, C]` scores (DETR, RT-DETR).
    Detr,
    /// `[1, C]`: a score for each class.
    Classes,
    /// `[1, 4 + C + 3 K, N]`: as `yolo`, then place and score of each joint.
    Pose,
    /// `[1, C, H, W]` scores or `[1, H, W]` classes of each place.
    Segments,
}

impl DecoderKind {
    /// What it answers.
    pub const fn task(self) -> Task {
        match self {
            DecoderKind::Classes => Task::Classify,
            DecoderKind::Pose => Task::Pose,
            DecoderKind::Segments => Task::Segment,
            _ => Task::Detect,
        }
    }
}

/// What the four numbers of a box are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxOrder {
    /// Left, top, right, bottom.
    Xyxy,
    /// Top, left, bottom, right (TensorFlow).
    Yxyx,
    /// Left, right, top, bottom.
    Xxyy,
    /// Left, top, width, height.
    Xywh,
    /// Middle, width, height.
    Cxcywh,
}

/// What the places in a model's numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Pixels of the model's picture.
    Pixel,
    /// Fractions of it.
    Fraction,
}

/// What makes scores of a model's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// They are scores already, 0 to 1.
    None,
    /// Each for itself.
    Sigmoid,
    /// All classes together make 1.
    Softmax,
}

/// What one output tensor holds, where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Four numbers for each object.
    Boxes,
    /// Scores.
    Scores,
    /// The class of each object.
    Classes,
    /// How many objects there are.
    Count,
    /// Nothing that is wanted.
    Other,
}

/// How a model's numbers become findings. What is not said is as the decoder's family has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// How they are read.
    pub decoder: DecoderKind,
    /// What is less sure is left out, 0 to 1.
    #[serde(default = "some")]
    pub threshold: f32,
    /// From this score on a box is sure to be something that is followed, 0 to 1; 0.5. Models whose scores learn how well a box fits
    /// say less of small things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure: Option<f32>,
    /// From this score on a box may be something new to follow, 0 to 1; 0.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin: Option<f32>,
    /// Least overlap of such a box and the place where what is followed was expected, times the score, 0 to 1; 0.2. Models whose
    /// scores are low want less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<f32>,
    /// Of boxes that overlap by more than this, the surest stays, 0 to 1.
    #[serde(default = "half")]
    pub iou: f32,
    /// Whether boxes of different classes hide each other too.
    #[serde(default)]
    pub agnostic: bool,
    /// Most objects, 1 to 1000; of `classes` most labels.
    #[serde(default = "hundred")]
    pub most: u16,
    /// What the outputs hold, in the model's order (`ssd`, `detr`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensors: Option<Vec<Role>>,
    /// What the numbers of a box are (`ssd`, `end-to-end`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<BoxOrder>,
    /// What they count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// What makes scores of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// Places of a map: width and height. Without it, as many as the model gives, at most 128 along the longer side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<[u16; 2]>,
}

/// What whoever made a model says about it. Unknown keys are refused by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// 1 to 64 of `a-z 0-9 -`.
    pub name: String,
    /// Semantic version of this release.
    #[serde(default = "first")]
    pub version: String,
    /// What it is asked.
    pub task: Task,
    /// The model, an ONNX file beside the manifest.
    pub file: String,
    /// SPDX expression of its licence.
    #[serde(default)]
    pub licence: Option<String>,
    /// One or two sentences, at most 400 characters.
    #[serde(default)]
    pub summary: String,
    /// What its classes mean, in order.
    pub labels: Vec<String>,
    /// What the joints of a pose are, in order.
    #[serde(default)]
    pub keypoints: Vec<String>,
    /// The picture it wants.
    pub input: Input,
    /// What its numbers mean.
    pub output: Output,
}

/// Why a `model.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or not these keys.
    #[error("model.toml does not parse: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A value outside its range.
    #[error("model.toml: `{key}` {problem}")]
    Value {
        /// The key at fault.
        key: &'static str,
        /// What is wrong with it and what would be right.
        problem: String,
    },
}

const fn whole() -> [f32; 3] {
    [255.0; 3]
}

const fn grey() -> u8 {
    114
}

const fn some() -> f32 {
    0.4
}

const fn half() -> f32 {
    0.5
}

const fn hundred() -> u16 {
    100
}

fn first() -> String {
    "0.1.0".to_owned()
}

impl Output {
    /// What the outputs hold, in the model's order.
    pub fn roles(&self) -> &[Role] {
        use Role::{Boxes, Classes, Count, Scores};
        match (&self.tensors, self.decoder) {
            (Some(roles), _) => roles,
            (None, DecoderKind::Ssd) => &[Boxes, Classes, Scores, Count],
            (None, DecoderKind::Detr) => &[Boxes, Scores],
            (None, _) => &[Scores],
        }
    }

    /// What the numbers of a box are.
    pub fn box_order(&self) -> BoxOrder {
        self.order.unwrap_or(match self.decoder {
            DecoderKind::Ssd => BoxOrder::Yxyx,
            DecoderKind::EndToEnd => BoxOrder::Xyxy,
            _ => BoxOrder::Cxcywh,
        })
    }

    /// What they count.
    pub fn box_unit(&self) -> Unit {
        self.unit.unwrap_or(match self.decoder {
            DecoderKind::Ssd | DecoderKind::Detr => Unit::Fraction,
            _ => Unit::Pixel,
        })
    }

    /// What makes scores of the numbers.
    pub fn score_activation(&self) -> Activation {
        self.activation.unwrap_or(match self.decoder {
            DecoderKind::Detr => Activation::Sigmoid,
            _ => Activation::None,
        })
    }
}

impl Manifest {
    /// Reads `model.toml` and checks every value.
    pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
        let manifest: Manifest = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestError> {
        let name_chars = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(name_chars) {
            return wrong("name", "must be 1 to 64 of a-z, 0-9 and -");
        }
        if self.summary.chars().count() > 400 {
            return wrong("summary", "must be at most 400 characters");
        }
        if !crate::manifest::stays_beside(&self.file) {
            return wrong("file", "must be a relative path that stays beside the manifest");
        }
        if !(1..=MOST_LABELS).contains(&self.labels.len()) {
            return wrong("labels", "must name what each class means: 1 to 10000 of them");
        }
        let named = |label: &String| !label.trim().is_empty() && label.chars().count() <= MOST_LETTERS;
        if !self.labels.iter().chain(&self.keypoints).all(named) {
            return wrong("labels", "and `keypoints` must each be 1 to 120 characters");
        }
        if self.task != self.output.decoder.task() {
            let task = format!("{:?}", self.output.decoder.task()).to_lowercase();
            return wrong("task", &format!("must be \"{task}\": that is what this decoder answers"));
        }
        let joints = if self.task == Task::Pose { 1..=MOST_KEYPOINTS } else { 0..=0 };
        if !joints.contains(&self.keypoints.len()) {
            return wrong("keypoints", "must name the joints of a pose, 1 to 256 of them, and is for poses only");
        }
        self.input.check()?;
        self.output.check()?;
        if self.task == Task::Segment && self.input.fit == Fit::Crop {
            return wrong("input.fit", "must not be \"crop\" for a map: it could not say what lies outside");
        }
        if self.task == Task::Segment && self.output.activation == Some(Activation::Sigmoid) && self.labels.len() != 2 {
            return wrong(
                "labels",
                "must be two where one number tells them apart: what it means below and above the threshold",
            );
        }
        Ok(())
    }
}

fn wrong(key: &'static str, problem: &str) -> Result<(), ManifestError> {
    Err(ManifestError::Value { key, problem: problem.to_owned() })
}

impl Input {
    fn check(&self) -> Result<(), ManifestError> {
        if !self.size.iter().all(|side| SIDES.contains(side)) {
            return wrong("input.size", "must be [width, height], each 8 to 2048");
        }
        if !self.mean.iter().all(|mean| mean.is_finite() && mean.abs() <= 1e6) {
            return wrong("input.mean", "must be three numbers, of 0 to 255");
        }
        if !self.std.iter().all(|std| std.is_finite() && (1e-6..=1e6).contains(&std.abs())) {
            return wrong("input.std", "must be three numbers that can be divided by");
        }
        Ok(())
    }
}

impl Output {
    fn check(&self) -> Result<(), ManifestError> {
        if !(0.0..=1.0).contains(&self.threshold) {
            return wrong("output.threshold", "must be 0 to 1");
        }
        for (key, score) in [("output.sure", self.sure), ("output.begin", self.begin), ("output.overlap", self.overlap)]
        {
            if score.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
                return wrong(key, "must be 0 to 1");
            }
        }
        if !(0.0..=1.0).contains(&self.iou) {
            return wrong("output.iou", "must be 0 to 1");
        }
        if !(1..=MOST_OBJECTS).contains(&self.most) {
            return wrong("output.most", "must be 1 to 1000");
        }
        if self.map.is_some_and(|map| !map.iter().all(|side| (1..=MOST_PLACES).contains(side))) {
            return wrong("output.map", "must be [width, height], each 1 to 512");
        }
        let softmax = self.activation == Some(Activation::Softmax);
        if softmax && !matches!(self.decoder, DecoderKind::Detr | DecoderKind::Classes) {
            return wrong("output.activation", "can be \"softmax\" for the decoders `detr` and `classes` only");
        }
        self.check_roles()
    }

    fn check_roles(&self) -> Result<(), ManifestError> {
        let several = matches!(self.decoder, DecoderKind::Ssd | DecoderKind::Detr);
        if self.tensors.is_some() && !several {
            return wrong("output.tensors", "is for the decoders `ssd` and `detr` only");
        }
        let count = |role| self.roles().iter().filter(|each| **each == role).count();
        let (boxes, scores, classes) = (count(Role::Boxes), count(Role::Scores), count(Role::Classes));
        let right = match self.decoder {
            DecoderKind::Ssd => (boxes, scores, classes) == (1, 1, 1) && count(Role::Count) <= 1,
            DecoderKind::Detr => (boxes, scores, classes) == (1, 1, 0) && count(Role::Count) == 0,
            _ => true,
        };
        if !right || self.roles().len() > 16 {
            return wrong(
                "output.tensors",
                "must say what each output is, such as [\"boxes\", \"scores\", \"classes\", \"count\"]; `detr` has boxes and scores",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
