//! What was understood of a picture: the one form in which results of any model leave a camera.
//!
//! Places are fractions of the source's picture, from its upper left corner: 0 to 1, x to the right, y down. They hold for
//! any size in which a picture is analysed or shown. What a class means is told by the model's manifest.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A place in a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    /// From the left edge, 0 to 1.
    pub x: f32,
    /// From the upper edge, 0 to 1.
    pub y: f32,
}

/// A box in a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rect {
    /// Left edge.
    pub left: f32,
    /// Upper edge.
    pub top: f32,
    /// Right edge, not before the left one.
    pub right: f32,
    /// Lower edge, not above the upper one.
    pub bottom: f32,
}

impl Rect {
    /// A box around a middle.
    pub fn around(middle: Point, width: f32, height: f32) -> Rect {
        let (w, h) = (width / 2.0, height / 2.0);
        Rect { left: middle.x - w, top: middle.y - h, right: middle.x + w, bottom: middle.y + h }
    }

    /// Width, as a fraction of the picture's.
    pub fn width(&self) -> f32 {
        (self.right - self.left).max(0.0)
    }

    /// Height, as a fraction of the picture's.
    pub fn height(&self) -> f32 {
        (self.bottom - self.top).max(0.0)
    }

    /// Its share of the picture.
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// Its middle.
    pub fn middle(&self) -> Point {
        Point { x: (self.left + self.right) / 2.0, y: (self.top + self.bottom) / 2.0 }
    }

    /// What two boxes have in common.
    pub fn overlap(&self, other: &Rect) -> Rect {
        Rect {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    /// Intersection over union: 0 of boxes that are apart, 1 of equal ones.
    pub fn iou(&self, other: &Rect) -> f32 {
        let common = self.overlap(other).area();
        let all = self.area() + other.area() - common;
        if all > 0.0 { common / all } else { 0.0 }
    }

    /// The part of it that lies in the picture.
    pub fn clipped(&self) -> Rect {
        self.overlap(&Rect { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 })
    }
}

/// Something that was found, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Object {
    /// Its class, by its place in the model's list of labels.
    pub class: u16,
    /// How sure the model is, 0 to 1.
    pub score: f32,
    /// Where it is.
    #[serde(rename = "box")]
    pub area: Rect,
    /// The same number in each picture that shows it, once it was seen in enough of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<u64>,
    /// Joints of a person, in the order that the model's manifest gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keypoints: Vec<Keypoint>,
}

/// Names of a person's joints, in COCO's order.
pub const JOINT_NAMES: [&str; 17] = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
];

/// A joint of a pose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Keypoint {
    /// Where it is.
    pub at: Point,
    /// How sure the model is, 0 to 1.
    pub score: f32,
}

/// What a whole picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Label {
    /// The class, by its place in the model's list of labels.
    pub class: u16,
    /// How sure the model is, 0 to 1.
    pub score: f32,
}

/// The class of each place of a picture: rows from the top.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassMap {
    /// Places in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// `width * height` classes.
    pub classes: Vec<u16>,
}

/// What was understood of one picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Metadata {
    /// Number of the picture, as its source counts: gaps are pictures that were left out.
    pub frame: u64,
    /// When the picture was taken, by the device's clock: Unix time in milliseconds.
    pub time_ms: u64,
    /// Things that were found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Object>,
    /// What the whole picture shows, the surest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// What each place of it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<ClassMap>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(left: f32, top: f32, right: f32, bottom: f32) -> Rect {
        Rect { left, top, right, bottom }
    }

    #[test]
    fn boxes_overlap_by_what_they_share() {
        let one = rect(0.0, 0.0, 0.5, 0.5);
        assert_eq!(one.iou(&one), 1.0);
        assert_eq!(one.iou(&rect(0.5, 0.0, 1.0, 0.5)), 0.0, "they only touch");
        assert_eq!(one.iou(&rect(0.25, 0.0, 0.75, 0.5)), 1.0 / 3.0);
        assert_eq!(Rect::default().iou(&Rect::default()), 0.0, "nothing shares nothing");
        assert_eq!(rect(-0.5, 0.25, 2.0, 0.5).clipped(), rect(0.0, 0.25, 1.0, 0.5));
    }

    #[test]
    fn what_was_not_found_is_not_written() {
        let object = Object { class: 1, score: 0.5, area: rect(0.0, 0.25, 0.5, 1.0), ..Object::default() };
        let metadata = Metadata { frame: 7, time_ms: 9, objects: vec![object], ..Metadata::default() };
        let text = serde_json::to_string(&metadata).unwrap();
        let expect = r#"{"frame":7,"time_ms":9,"objects":[{"class":1,"score":0.5,"box":{"left":0.0,"top":0.25,"right":0.5,"bottom":1.0}}]}"#;
        assert_eq!(text, expect);
        assert_eq!(serde_json::from_str::<Metadata>(&text).unwrap(), metadata);
    }
}
