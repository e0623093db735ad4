//! SmartCamera metadata, as AITRIOS devices send it: FlatBuffers or JSON, in an envelope of JSON.
//!
//! ```text
//!   telemetry value --> Envelope { model, device, inferences } --> Output --> Metadata
//!                          |            F 0: base64 of FlatBuffers (flat, schema)
//!                          +----------- F 1: JSON (json)
//! ```
//!
//! The schemas are those of namespace SmartCamera, 1.0.0. They are read and written here without a code generator: four shapes
//! of a few fields each, from devices that may send anything, are less to trust than generated code and a library whose fast
//! path is `unsafe`. Places are whole pixels of the model's input picture, so its [`Size`] has to be known to make our
//! [`Metadata`] of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::metadata::{ClassMap, JOINT_NAMES, Keypoint, Label, Metadata, Object, Point, Rect};

mod envelope;
mod flat;
mod json;
mod schema;
mod time;

#[cfg(test)]
pub(crate) mod tests;

pub use envelope::{Envelope, Form, Inference};
pub use time::{format_time, parse_time};

/// Objects in one output, and classes; more are refused.
pub const MOST_OBJECTS: usize = 1024;
/// Poses in one output.
pub const MOST_POSES: usize = 256;
/// Joints of one pose. There are 17 names.
pub const MOST_JOINTS: usize = 32;
/// Places of a map of classes.
pub const MOST_PLACES: usize = 1 << 16;

/// Why bytes are no output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The FlatBuffers do not hold together.
    #[error("the FlatBuffers do not hold together at byte {0}")]
    Broken(usize),
    /// A part is missing or is of another kind.
    #[error("there is no {0} where the schema has one")]
    Missing(&'static str),
    /// There is more than anybody needs.
    #[error("there are more {0} than are taken")]
    TooMany(&'static str),
    /// A number that means nothing.
    #[error("{0} is not a number in its range")]
    Number(&'static str),
    /// The base64 is not that.
    #[error("`O` is no base64")]
    Base64,
}

/// What a model's output is. FlatBuffers do not say it of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `ObjectDetectionTop`
    Detection,
    /// `ClassificationTop`
    Classification,
    /// `PoseEstimationTop`
    Pose,
    /// `SemanticSegmentationTop`
    Segmentation,
}

/// The size of the picture that pixels are counted in: the model's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Size {
    /// Pixels in a row, at least 1.
    pub width: u16,
    /// Rows, at least 1.
    pub height: u16,
}

/// What a model made of one picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Objects and where they are.
    Detection(Detection),
    /// What the whole picture shows, as the device ordered it.
    Classification(Vec<Class>),
    /// People and their joints.
    Pose(Vec<Pose>),
    /// What each place shows.
    Segmentation(Segmentation),
}

/// Objects, and how many of each class are in the area that the app watches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detection {
    /// The objects.
    pub objects: Vec<Found>,
    /// Counts by class; none: the app counts nothing.
    pub area_count: Option<Vec<Count>>,
}

/// An object, in pixels of the model's input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// Its class.
    pub class: u32,
    /// How sure the model is.
    pub score: f32,
    /// Left edge.
    pub left: i32,
    /// Top edge.
    pub top: i32,
    /// Right edge.
    pub right: i32,
    /// Bottom edge.
    pub bottom: i32,
}

/// How many of a class are in the area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// The class.
    pub class: u32,
    /// How many.
    pub count: u32,
}

/// A class, and how sure the model is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Class {
    /// The class.
    pub class: u32,
    /// How sure.
    pub score: f32,
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pose {
    /// How sure the model is.
    pub score: f32,
    /// Its joints, each with its name.
    pub joints: Vec<Joint>,
}

/// A joint, in pixels of the model's input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Joint {
    /// Which: 0 is the nose, 16 the right ankle, in COCO's order.
    pub name: u8,
    /// How sure the model is.
    pub score: f32,
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

/// A map of classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segmentation {
    /// Places in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// `width * height` classes, rows from the top.
    pub classes: Vec<u16>,
    /// How many classes there are.
    pub num_classes: u16,
    /// Scores, `num_classes` of each place; often none.
    pub scores: Vec<f32>,
}

/// Joints that have a name.
const JOINTS: usize = JOINT_NAMES.len();

impl Output {
    /// Reads FlatBuffers. Where the kind is not said it is told from the shape: a list without entries is then a detection that
    /// found nothing.
    pub fn from_flat(bytes: &[u8], kind: Option<Kind>) -> Result<Output, Error> {
        schema::read(bytes, kind)
    }

    /// Writes FlatBuffers.
    pub fn to_flat(&self) -> Vec<u8> {
        schema::write(self)
    }

    /// Reads the JSON that apps send instead.
    pub fn from_json(value: &serde_json::Value, kind: Option<Kind>) -> Result<Output, Error> {
        json::read(value, kind)
    }

    /// Writes JSON.
    pub fn to_json(&self) -> serde_json::Value {
        json::write(self)
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Output::Detection(_) => Kind::Detection,
            Output::Classification(_) => Kind::Classification,
            Output::Pose(_) => Kind::Pose,
            Output::Segmentation(_) => Kind::Segmentation,
        }
    }

    /// How many of each class are in the area that the app watches; none: it watches none.
    pub fn area_count(&self) -> Option<&Vec<Count>> {
        if let Output::Detection(detection) = self { detection.area_count.as_ref() } else { None }
    }

    /// In our words: of picture `frame`, taken at `time_ms`, of a model whose input is `size`. What lies outside of the picture
    /// is cut off. Classes of ours are of 16 bits.
    pub fn to_metadata(&self, size: Size, frame: u64, time_ms: u64) -> Result<Metadata, Error> {
        let mut metadata = Metadata { frame, time_ms, ..Metadata::default() };
        match self {
            Output::Detection(detection) => {
                metadata.objects =
                    detection.objects.iter().map(|found| found.object(size)).collect::<Result<_, _>>()?;
            }
            Output::Classification(classes) => {
                metadata.labels = classes.iter().map(Class::label).collect::<Result<_, _>>()?;
                metadata.labels.sort_by(|a, b| b.score.total_cmp(&a.score));
            }
            Output::Pose(poses) => metadata.objects = poses.iter().map(|pose| pose.object(size)).collect(),
            Output::Segmentation(Segmentation { width, height, classes, .. }) => {
                metadata.map = Some(ClassMap { width: *width, height: *height, classes: classes.clone() });
            }
        }
        Ok(metadata)
    }

    /// Out of our words, as `kind`; what that kind has no place for is left out.
    pub fn from_metadata(metadata: &Metadata, kind: Kind, size: Size) -> Output {
        match kind {
            Kind::Detection => {
                let objects = metadata.objects.iter().map(|object| Found::of(object, size)).collect();
                Output::Detection(Detection { objects, area_count: None })
            }
            Kind::Classification => {
                let class = |label: &Label| Class { class: label.class.into(), score: label.score };
                Output::Classification(metadata.labels.iter().map(class).collect())
            }
            Kind::Pose => Output::Pose(metadata.objects.iter().map(|object| Pose::of(object, size)).collect()),
            Kind::Segmentation => {
                let ClassMap { width, height, classes } = metadata.map.clone().unwrap_or_default();
                let num_classes = classes.iter().max().map_or(0, |most| most.saturating_add(1));
                Output::Segmentation(Segmentation { width, height, classes, num_classes, scores: Vec::new() })
            }
        }
    }

    /// What holds for every output that is let in, whatever form it came in.
    fn checked(self) -> Result<Output, Error> {
        match &self {
            Output::Detection(Detection { objects, area_count }) => {
                at_most(objects.len(), MOST_OBJECTS, "objects")?;
                at_most(area_count.as_ref().map_or(0, Vec::len), MOST_OBJECTS, "counts")?;
                finite(objects.iter().map(|found| found.score))?;
            }
            Output::Classification(classes) => {
                at_most(classes.len(), MOST_OBJECTS, "classes")?;
                finite(classes.iter().map(|class| class.score))?;
            }
            Output::Pose(poses) => {
                at_most(poses.len(), MOST_POSES, "poses")?;
                for pose in poses {
                    at_most(pose.joints.len(), MOST_JOINTS, "joints")?;
                    finite(pose.joints.iter().map(|joint| joint.score).chain([pose.score]))?;
                    if pose.joints.iter().any(|joint| usize::from(joint.name) >= JOINTS) {
                        return Err(Error::Number("the name of a joint"));
                    }
                }
            }
            Output::Segmentation(map) => {
                at_most(map.classes.len(), MOST_PLACES, "places")?;
                if map.classes.len() != usize::from(map.width) * usize::from(map.height) {
                    return Err(Error::Number("the size of the map"));
                }
                finite(map.scores.iter().copied())?;
            }
        }
        Ok(self)
    }
}

fn at_most(found: usize, most: usize, what: &'static str) -> Result<(), Error> {
    if found <= most { Ok(()) } else { Err(Error::TooMany(what)) }
}

fn finite(scores: impl IntoIterator<Item = f32>) -> Result<(), Error> {
    if scores.into_iter().all(f32::is_finite) { Ok(()) } else { Err(Error::Number("a score")) }
}

fn class(class: u32) -> Result<u16, Error> {
    class.try_into().map_err(|_| Error::Number("a class"))
}

impl Size {
    fn fraction(self, x: i32, y: i32) -> Point {
        let part = |at: i32, of: u16| (at as f32 / f32::from(of.max(1))).clamp(0.0, 1.0);
        Point { x: part(x, self.width), y: part(y, self.height) }
    }

    fn pixels(self, at: Point) -> (i32, i32) {
        let whole = |part: f32, of: u16| (part * f32::from(of)).round() as i32;
        (whole(at.x, self.width), whole(at.y, self.height))
    }
}

impl Class {
    fn label(&self) -> Result<Label, Error> {
        Ok(Label { class: class(self.class)?, score: self.score })
    }
}

impl Found {
    fn object(&self, size: Size) -> Result<Object, Error> {
        let one = size.fraction(self.left, self.top);
        let other = size.fraction(self.right, self.bottom);
        Ok(Object { class: class(self.class)?, score: self.score, area: span([one, other]), ..Object::default() })
    }

    fn of(object: &Object, size: Size) -> Found {
        let Rect { left, top, right, bottom } = object.area;
        let ((left, top), (right, bottom)) =
            (size.pixels(Point { x: left, y: top }), size.pixels(Point { x: right, y: bottom }));
        Found { class: object.class.into(), score: object.score, left, top, right, bottom }
    }
}

impl Pose {
    /// A person's box is around those joints that were seen.
    fn object(&self, size: Size) -> Object {
        let mut keypoints = vec![Keypoint::default(); JOINTS];
        for joint in &self.joints {
            keypoints[usize::from(joint.name)] = Keypoint { at: size.fraction(joint.x, joint.y), score: joint.score };
        }
        let area = span(keypoints.iter().filter(|joint| joint.score > 0.0).map(|joint| joint.at));
        Object { class: 0, score: self.score, area, track: None, keypoints }
    }

    fn of(object: &Object, size: Size) -> Pose {
        let joint = |(name, joint): (usize, &Keypoint)| {
            let (x, y) = size.pixels(joint.at);
            Joint { name: name as u8, score: joint.score, x, y }
        };
        Pose { score: object.score, joints: object.keypoints.iter().take(JOINTS).enumerate().map(joint).collect() }
    }
}

/// The smallest box around some places; of none, an empty one.
fn span(places: impl IntoIterator<Item = Point>) -> Rect {
    let grow = |area: Option<Rect>, at: Point| {
        let area = area.unwrap_or(Rect { left: at.x, top: at.y, right: at.x, bottom: at.y });
        Some(Rect {
            left: area.left.min(at.x),
            top: area.top.min(at.y),
            right: area.right.max(at.x),
            bottom: area.bottom.max(at.y),
        })
    };
    places.into_iter().fold(None, grow).unwrap_or_default()
}
