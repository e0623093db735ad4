//! Pictures that somebody was let have, and what was found in them: for training, as COCO writes it down.
//!
//! ```text
//!   a camera --Sample--> kept as Kept --coco()--> annotations.json, beside images/000001.jpg
//! ```
//!
//! The format is "COCO object detection" (cocodataset.org, data format): boxes are `[left, top, width, height]` in pixels. What a
//! model found is a beginning for whoever corrects it, and each annotation says how sure the model was (`score`).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::metadata::{JOINT_NAMES, Keypoint, Object, Rect};
use crate::time::utc;

/// Largest picture of a sample, in bytes: with what was found, and as Base64, it fits a message of a link.
pub const MOST_JPEG: usize = 160 << 10;
/// A joint that the model is less sure of than this counts as not labelled.
const SURE: f32 = 0.3;

/// A picture, and what was found in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// JPEG (ITU-T T.81) of at most [`MOST_JPEG`] bytes: what is masked is black in it.
    #[serde(with = "crate::bus::base64_bytes")]
    pub jpeg: Vec<u8>,
    /// Its width and height.
    pub size: [u16; 2],
    /// What was found.
    pub found: Found,
}

/// What was found in a picture of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// When the picture was taken, by the camera's clock: Unix time in milliseconds.
    pub time_ms: u64,
    /// What is in it.
    pub objects: Vec<Object>,
    /// Names of the model's classes, by number.
    pub labels: Vec<String>,
}

/// A picture of a dataset, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its place, from 1.
    pub seq: u64,
    /// Its width and height.
    pub size: [u16; 2],
    /// What was found.
    pub found: Found,
}

/// Where the picture of that number lies, beside the annotations.
pub fn file_name(seq: u64) -> String {
    format!("images/{seq:06}.jpg")
}

/// The annotations of a dataset. `about` says what it is, for people.
pub fn coco(about: &str, created_ms: u64, pictures: &[Kept]) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for label in pictures.iter().flat_map(|kept| &kept.found.labels) {
        // Another model may have been put in meanwhile: its classes are found by their names.
        if !names.contains(&&**label) {
            names.push(label);
        }
    }
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    let mut joints = vec![0; names.len()];
    for Kept { seq, size, found } in pictures {
        images.push(json!({
            "id": seq,
            "width": size[0],
            "height": size[1],
            "file_name": file_name(*seq),
            "date_captured": utc(found.time_ms),
        }));
        for object in &found.objects {
            let label = found.labels.get(usize::from(object.class));
            let Some(category) = label.and_then(|label| names.iter().position(|name| name == label)) else { continue };
            joints[category] = joints[category].max(object.keypoints.len());
            annotations.push(annotation(annotations.len() + 1, *seq, category + 1, object, *size));
        }
    }
    let category = |(at, name): (usize, &&str)| {
        let mut category = json!({"id": at + 1, "name": name, "supercategory": ""});
        if joints[at] > 0 {
            category["keypoints"] = (0..joints[at]).map(|joint| joint_name(joint, joints[at])).collect();
            category["skeleton"] = json!([]);
        }
        category
    };
    json!({
        "info": {"description": about, "version": "1.0", "date_created": utc(created_ms)},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": names.iter().enumerate().map(category).collect::<Value>(),
    })
}

fn annotation(id: usize, image: u64, category: usize, object: &Object, [width, height]: [u16; 2]) -> Value {
    let pixels = |fraction: f32, side: u16| hundredths(fraction * f32::from(side));
    let Rect { left, top, right, bottom } = object.area.clipped();
    let (left, top) = (pixels(left, width), pixels(top, height));
    let (wide, high) = (pixels(right, width) - left, pixels(bottom, height) - top);
    let (wide, high) = (rounded(wide.max(0.0)), rounded(high.max(0.0)));
    let mut annotation = json!({
        "id": id,
        "image_id": image,
        "category_id": category,
        "bbox": [left, top, wide, high],
        "area": rounded(wide * high),
        "iscrowd": 0,
        "segmentation": [],
        "score": hundredths(object.score),
    });
    if let Some(track) = object.track {
        annotation["track_id"] = json!(track);
    }
    if !object.keypoints.is_empty() {
        let place = |joint: &Keypoint| match joint.score >= SURE {
            true => [pixels(joint.at.x, width), pixels(joint.at.y, height), 2.0],
            false => [0.0; 3],
        };
        let joints: Vec<f64> = object.keypoints.iter().flat_map(place).collect();
        annotation["num_keypoints"] = json!(joints.chunks(3).filter(|joint| joint[2] > 0.0).count());
        annotation["keypoints"] = json!(joints);
    }
    annotation
}

/// The name of a joint: those of people have names, where a model has all 17 of them.
fn joint_name(joint: usize, of: usize) -> String {
    if of == JOINT_NAMES.len() { JOINT_NAMES[joint].to_owned() } else { format!("joint_{}", joint + 1) }
}

fn hundredths(number: f32) -> f64 {
    rounded(f64::from(number))
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Point;

    fn object(class: u16, [left, top, right, bottom]: [f32; 4]) -> Object {
        Object { class, score: 0.875, area: Rect { left, top, right, bottom }, track: Some(7), keypoints: Vec::new() }
    }

    fn kept(seq: u64, labels: &[&str], objects: Vec<Object>) -> Kept {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        Kept { seq, size: [640, 360], found: Found { time_ms: 1_700_000_000_000, objects, labels } }
    }

    #[test]
    fn boxes_are_pixels_from_the_left_upper_corner_and_end_at_the_edge() {
        let pictures = [kept(1, &["person", "car"], vec![object(1, [0.25, 0.5, 0.5, 1.25]), object(9, [0.0; 4])])];
        let coco = coco("Yard: hiring", 0, &pictures);
        assert_eq!(
            coco["annotations"],
            json!([{
                "id": 1, "image_id": 1, "category_id": 2, "bbox": [160.0, 180.0, 160.0, 180.0], "area": 28_800.0,
                "iscrowd": 0, "segmentation": [], "score": 0.88, "track_id": 7,
            }]),
            "a class without a name is left out"
        );
        assert_eq!(
            coco["images"],
            json!([{
                "id": 1, "width": 640, "height": 360, "file_name": "images/000001.jpg",
                "date_captured": "2023-11-14T22:13:20.000Z",
            }])
        );
        assert_eq!(coco["info"]["description"], "Yard: hiring");
    }

    #[test]
    fn classes_of_another_model_are_found_by_their_names() {
        let area = [0.0, 0.0, 0.5, 0.5];
        let pictures = [
            kept(1, &["person", "car"], vec![object(1, area)]),
            kept(4, &["car", "bus"], vec![object(0, area), object(1, area)]),
        ];
        let coco = coco("", 0, &pictures);
        let named = coco["categories"].as_array().unwrap().iter().map(|it| (it["id"].as_u64(), it["name"].as_str()));
        assert!(named.eq([(Some(1), Some("person")), (Some(2), Some("car")), (Some(3), Some("bus"))]));
        let of =
            |at: usize| (coco["annotations"][at]["image_id"].as_u64(), coco["annotations"][at]["category_id"].as_u64());
        assert_eq!([of(0), of(1), of(2)], [(Some(1), Some(2)), (Some(4), Some(2)), (Some(4), Some(3))]);
    }

    #[test]
    fn joints_that_were_not_seen_are_not_labelled() {
        let mut person = object(0, [0.0, 0.0, 1.0, 1.0]);
        person.keypoints = vec![Keypoint { at: Point { x: 0.5, y: 0.25 }, score: 0.9 }; 17];
        person.keypoints[16].score = 0.1;
        let coco = coco("", 0, &[kept(1, &["person"], vec![person])]);
        let annotation = &coco["annotations"][0];
        let joints = annotation["keypoints"].as_array().unwrap();
        assert_eq!((annotation["num_keypoints"].as_u64(), joints.len()), (Some(16), 51));
        assert_eq!(
            (&joints[..3], &joints[48..]),
            (&[json!(320.0), json!(90.0), json!(2.0)][..], &[json!(0.0), json!(0.0), json!(0.0)][..])
        );
        assert_eq!(coco["categories"][0]["keypoints"][16], "right_ankle");
    }
}
