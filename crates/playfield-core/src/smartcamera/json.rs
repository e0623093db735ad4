//! The JSON that apps send instead of FlatBuffers: lists without the tables around them.
//!
//! ```text
//!   detection       [{"class_id","score","bounding_box":{"left","top","right","bottom"}}]
//!                   with counts: {"area_count":{"CLASS":COUNT},"detections":[..]}
//!   classification  [{"class_id","score"}]
//!   pose            [{"score","keypoint":[{"score","point":{"x","y"},"name"}]}]
//!   segmentation    {"height","width","class_id_map","num_class_id","score_map"}
//! ```
//!
//! The sample apps of edge-app-lib write the first three; the last has the names of its schema.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Class, Count, Detection, Error, Found, Joint, Kind, Output, Pose, Segmentation};

#[derive(Serialize, Deserialize)]
struct FoundJson {
    class_id: u32,
    score: f32,
    bounding_box: BoxJson,
}

#[derive(Serialize, Deserialize)]
struct BoxJson {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

#[derive(Serialize, Deserialize)]
struct CountedJson {
    area_count: BTreeMap<String, u32>,
    detections: Vec<FoundJson>,
}

#[derive(Serialize, Deserialize)]
struct ClassJson {
    class_id: u32,
    score: f32,
}

#[derive(Serialize, Deserialize)]
struct PoseJson {
    score: f32,
    #[serde(alias = "keypoint_list")]
    keypoint: Vec<JointJson>,
}

#[derive(Serialize, Deserialize)]
struct JointJson {
    score: f32,
    point: PointJson,
    name: u8,
}

#[derive(Serialize, Deserialize)]
struct PointJson {
    x: f64,
    y: f64,
}

#[derive(Serialize, Deserialize)]
struct MapJson {
    height: u16,
    width: u16,
    class_id_map: Vec<u16>,
    num_class_id: u16,
    #[serde(default)]
    score_map: Vec<f32>,
}

pub(super) fn read(value: &Value, kind: Option<Kind>) -> Result<Output, Error> {
    let kind = kind.unwrap_or_else(|| look(value));
    let output = match kind {
        Kind::Detection if value.is_object() => {
            let CountedJson { area_count, detections } = parse(value, "counts and detections")?;
            let count = |(class, count): (String, u32)| {
                Ok(Count { class: class.parse().map_err(|_| Error::Number("a class"))?, count })
            };
            let area_count = area_count.into_iter().map(count).collect::<Result<Vec<_>, Error>>()?;
            Output::Detection(Detection { objects: found(detections), area_count: Some(area_count) })
        }
        Kind::Detection => {
            let objects = found(parse(value, "list of detections")?);
            Output::Detection(Detection { objects, area_count: None })
        }
        Kind::Classification => {
            let classes: Vec<ClassJson> = parse(value, "list of classes")?;
            let class = |ClassJson { class_id, score }| Class { class: class_id, score };
            Output::Classification(classes.into_iter().map(class).collect())
        }
        Kind::Pose => {
            let poses: Vec<PoseJson> = parse(value, "list of poses")?;
            let joint = |JointJson { score, point, name }| Joint { name, score, x: whole(point.x), y: whole(point.y) };
            let pose = |PoseJson { score, keypoint }| Pose { score, joints: keypoint.into_iter().map(joint).collect() };
            Output::Pose(poses.into_iter().map(pose).collect())
        }
        Kind::Segmentation => {
            let MapJson { height, width, class_id_map, num_class_id, score_map } = parse(value, "map of classes")?;
            let (classes, num_classes, scores) = (class_id_map, num_class_id, score_map);
            Output::Segmentation(Segmentation { width, height, classes, num_classes, scores })
        }
    };
    output.checked()
}

/// Which kind it looks like, by the names in it.
fn look(value: &Value) -> Kind {
    if value.get("class_id_map").is_some() {
        return Kind::Segmentation;
    }
    match value.get(0) {
        Some(first) if first.get("keypoint").or(first.get("keypoint_list")).is_some() => Kind::Pose,
        Some(first) if first.get("bounding_box").is_none() => Kind::Classification,
        _ => Kind::Detection,
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value, what: &'static str) -> Result<T, Error> {
    T::deserialize(value).map_err(|_| Error::Missing(what))
}

/// Nearest whole number that fits; parson, which apps write JSON with, has no integers.
fn whole(number: f64) -> i32 {
    number.round() as i32
}

fn found(detections: Vec<FoundJson>) -> Vec<Found> {
    let one = |FoundJson { class_id, score, bounding_box: BoxJson { left, top, right, bottom } }| Found {
        class: class_id,
        score,
        left: whole(left),
        top: whole(top),
        right: whole(right),
        bottom: whole(bottom),
    };
    detections.into_iter().map(one).collect()
}

pub(super) fn write(output: &Output) -> Value {
    match output {
        Output::Detection(Detection { objects, area_count }) => {
            let found = |found: &Found| {
                let Found { class, score, left, top, right, bottom } = *found;
                let area = json!({"left": left, "top": top, "right": right, "bottom": bottom});
                json!({"class_id": class, "score": score, "bounding_box": area})
            };
            let detections: Value = objects.iter().map(found).collect();
            let Some(counts) = area_count else { return detections };
            let counts: BTreeMap<String, u32> = counts.iter().map(|c| (c.class.to_string(), c.count)).collect();
            json!({"area_count": counts, "detections": detections})
        }
        Output::Classification(classes) => {
            classes.iter().map(|class| json!({"class_id": class.class, "score": class.score})).collect()
        }
        Output::Pose(poses) => {
            let joint = |joint: &Joint| json!({"score": joint.score, "point": {"x": joint.x, "y": joint.y}, "name": joint.name});
            let pose = |pose: &Pose| {
                let joints: Value = pose.joints.iter().map(joint).collect();
                json!({"score": pose.score, "keypoint": joints})
            };
            poses.iter().map(pose).collect()
        }
        Output::Segmentation(map) => json!({
            "height": map.height,
            "width": map.width,
            "class_id_map": map.classes,
            "num_class_id": map.num_classes,
            "score_map": map.scores,
        }),
    }
}
