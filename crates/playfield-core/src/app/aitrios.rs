//! AITRIOS edge apps: which imports make one, and what of their telemetry is told to the schema.
//!
//! ```text
//!   telemetry, message, state --> envelope of SmartCamera metadata --> an object for each thing found --.
//!                            '--> any other JSON object ------------------------------------------------+--> Schema --> Budget
//!                            '--> anything else: refused
//! ```
//!
//! Such an app says what it likes to say in any JSON, and knows nothing of our `app.toml`. So its metadata is opened here, and each
//! thing that was found is told as one object of the fields in [`output`], or of those of them that its `app.toml` declares. Names,
//! keys, topics, model and device ids, times and the bytes of the FlatBuffers themselves do not leave.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Field, MOST_OBJECT, Output, Refusal, Schema};
use crate::smartcamera::{self, Class, Envelope, Joint, MOST_POSES};

/// EVP's calls: telemetry, configuration, events.
pub const EVP: &str = "aitrios:evp";
/// SensCord's calls: the sensor's frames and properties.
pub const SENSCORD: &str = "aitrios:senscord";
/// The system's calls: memory that is not the app's, device id, JPEG.
pub const ESF: &str = "aitrios:esf";
/// WASI preview 1, in the part that such apps need.
pub const WASI: &str = "aitrios:wasi";
/// Threads, as wasi-threads has them.
pub const THREADS: &str = "aitrios:threads";
/// wasi-nn in its old shape.
pub const NN: &str = "aitrios:nn";

/// Longest telemetry value, message or state that is looked at, in bytes: what the real agent's packet holds.
pub const MOST_TELEMETRY: usize = 128 << 10;
/// Bytes a minute where nobody declared any.
const BYTES_PER_MINUTE: u32 = 16 << 10;
/// Largest pixel of a model's input, and largest class.
const MOST_PIXEL: i64 = 4096;
const MOST_CLASS: i64 = 1023;
/// The right ankle, the last of COCO's.
const MOST_KEYPOINT: i64 = 16;

/// Whether it is one of these groups.
pub fn is_group(group: &str) -> bool {
    [EVP, SENSCORD, ESF, WASI, THREADS, NN].contains(&group)
}

/// What an app says that declares nothing: what was found and where, a hundredth of a score, 16 KiB a minute.
pub fn output() -> Output {
    let pixel = || Field::Integer { min: -MOST_PIXEL, max: MOST_PIXEL };
    let part = || Field::Number { min: 0.0, max: 1.0, step: 0.01 };
    let fields = [
        ("class", Field::Integer { min: 0, max: MOST_CLASS }),
        ("score", part()),
        ("left", pixel()),
        ("top", pixel()),
        ("right", pixel()),
        ("bottom", pixel()),
        ("pose", Field::Integer { min: 0, max: MOST_POSES as i64 - 1 }),
        ("keypoint", Field::Integer { min: 0, max: MOST_KEYPOINT }),
        ("x", pixel()),
        ("y", pixel()),
        ("share", part()),
    ];
    let fields: BTreeMap<_, _> = fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect();
    Output { bytes_per_minute: BYTES_PER_MINUTE, fields }
}

/// What of a telemetry value, a message or a state is put before the schema, in its order.
pub fn opened(json: &[u8], schema: &Schema) -> Result<Vec<Vec<u8>>, Refusal> {
    if json.len() > MOST_TELEMETRY {
        return Err(Refusal::TooLong);
    }
    let value: Value = serde_json::from_slice(json).map_err(|_| Refusal::NoObject)?;
    if !Envelope::is(&value) {
        return if json.len() <= MOST_OBJECT { Ok(vec![json.to_vec()]) } else { Err(Refusal::TooLong) };
    }
    let envelope = Envelope::read(&value, None).map_err(|_| Refusal::Value)?;
    let mut objects = Vec::new();
    for inference in envelope.inferences {
        match inference.output {
            smartcamera::Output::Detection(detection) => {
                for found in detection.objects {
                    let places =
                        [("left", found.left), ("top", found.top), ("right", found.right), ("bottom", found.bottom)];
                    let what = [("class", found.class.into()), ("score", score(found.score))];
                    objects.push(thing(schema, what.into_iter().chain(places.map(|(name, at)| (name, at.into())))));
                }
            }
            smartcamera::Output::Classification(classes) => {
                let one = |class: &Class| [("class", class.class.into()), ("score", score(class.score))];
                objects.extend(classes.iter().map(|class| thing(schema, one(class))));
            }
            smartcamera::Output::Pose(poses) => {
                declared(schema, &["keypoint", "x", "y"])?;
                for (nth, pose) in poses.iter().enumerate() {
                    objects.extend(pose.joints.iter().map(|joint| thing(schema, keypoint(nth, joint))));
                }
            }
            smartcamera::Output::Segmentation(map) => {
                declared(schema, &["share"])?;
                let one = |(class, share): (u16, f64)| [("class", class.into()), ("share", share.into())];
                objects.extend(shares(&map.classes).into_iter().map(|share| thing(schema, one(share))));
            }
        }
    }
    Ok(objects)
}

fn score(score: f32) -> Value {
    f64::from(score).into()
}

/// Without one of these fields nothing is said by what is left.
fn declared(schema: &Schema, names: &[&str]) -> Result<(), Refusal> {
    if names.iter().any(|name| schema.declares(name)) { Ok(()) } else { Err(Refusal::Undeclared) }
}

/// A joint of the pose that is `nth` among them.
fn keypoint(nth: usize, joint: &Joint) -> [(&'static str, Value); 5] {
    [
        ("pose", nth.into()),
        ("keypoint", joint.name.into()),
        ("score", score(joint.score)),
        ("x", joint.x.into()),
        ("y", joint.y.into()),
    ]
}

/// Of each class that is in a map, the part of the picture that it covers.
fn shares(classes: &[u16]) -> Vec<(u16, f64)> {
    let mut counts: BTreeMap<u16, u32> = BTreeMap::new();
    for class in classes {
        *counts.entry(*class).or_default() += 1;
    }
    let all = classes.len().max(1) as f64;
    counts.into_iter().map(|(class, count)| (class, f64::from(count) / all)).collect()
}

/// One thing that was found, in those fields that are declared.
fn thing(schema: &Schema, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Vec<u8> {
    let declared = fields.into_iter().filter(|(name, _)| schema.declares(name));
    let fields: Map<String, Value> = declared.map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Object(fields).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Manifest;
    use crate::smartcamera::tests::vectors;
    use crate::smartcamera::{Detection, Form, Found, Inference, Pose, Segmentation};

    fn schema(output: &str) -> Schema {
        let text = format!("id = 'a'\nname = 'A'\nentry = 'a.wasm'\n{output}");
        Manifest::parse(&text).unwrap().schema().unwrap()
    }

    fn envelope(output: smartcamera::Output, form: Form) -> Vec<u8> {
        let inferences = vec![Inference { time_ms: 1_700_000_000_000, output }];
        let envelope =
            Envelope { model: "secret".to_owned(), device: "000000000000000".to_owned(), image: false, inferences };
        envelope.write(form).to_string().into_bytes()
    }

    /// What leaves, as text.
    fn leaves(json: &[u8], schema: &Schema) -> Result<Vec<String>, Refusal> {
        opened(json, schema)?.iter().map(|one| Ok(schema.check(one, &[])?.to_string())).collect()
    }

    #[test]
    fn of_an_envelope_each_thing_leaves_in_declared_fields_and_nothing_else() {
        let found = Found { class: 3, score: 0.876, left: 4, top: 11, right: 119, bottom: 74 };
        let detection =
            || smartcamera::Output::Detection(Detection { objects: vec![found, Found::default()], area_count: None });
        let all = r#"{"bottom":74,"class":3,"left":4,"right":119,"score":0.88,"top":11}"#;
        for form in [Form::Flat, Form::Json] {
            let told = leaves(&envelope(detection(), form), &schema("")).unwrap();
            assert_eq!((told.len(), told[0].as_str()), (2, all));
            let few = schema(
                "[output]\nbytes_per_minute = 512\n[output.fields]\nclass = { kind = 'integer', min = 0, max = 9 }",
            );
            assert_eq!(leaves(&envelope(detection(), form), &few).unwrap()[0], r#"{"class":3}"#);
        }
    }

    #[test]
    fn other_telemetry_leaves_as_an_app_of_ours_says_it() {
        let schema = schema("");
        assert_eq!(leaves(b"{\"class\": 2}", &schema).unwrap(), ["{\"class\":2}"]);
        assert_eq!(leaves(b"{\"name\": 2}", &schema), Err(Refusal::Undeclared));
        assert_eq!(leaves(b"no JSON", &schema), Err(Refusal::NoObject));
        assert_eq!(leaves(b"[1]", &schema), Err(Refusal::NoObject));
        assert_eq!(leaves(&vec![b' '; MOST_TELEMETRY + 1], &schema), Err(Refusal::TooLong));
        assert_eq!(leaves(b"{\"Inferences\": [{\"T\": 5}]}", &schema), Err(Refusal::Value));
    }

    #[test]
    fn of_a_pose_each_joint_leaves_and_of_a_map_how_much_each_class_covers() {
        let joint = |name, score, x, y| Joint { name, score, x, y };
        let pose = |joints| Pose { score: 0.9, joints };
        let poses = || {
            let first = pose(vec![joint(0, 0.757, 12, -3), joint(16, 0.5, 4096, 200)]);
            smartcamera::Output::Pose(vec![first, pose(vec![joint(5, 1.0, 1, 2)])])
        };
        let joints = [
            r#"{"keypoint":0,"pose":0,"score":0.76,"x":12,"y":-3}"#,
            r#"{"keypoint":16,"pose":0,"score":0.5,"x":4096,"y":200}"#,
            r#"{"keypoint":5,"pose":1,"score":1.0,"x":1,"y":2}"#,
        ];
        let map = || {
            let classes = vec![0, 0, 3, 0, 7, 3, 0, 0];
            smartcamera::Output::Segmentation(Segmentation {
                width: 4,
                height: 2,
                classes,
                num_classes: 8,
                scores: vec![],
            })
        };
        let shares = [r#"{"class":0,"share":0.63}"#, r#"{"class":3,"share":0.25}"#, r#"{"class":7,"share":0.13}"#];
        for form in [Form::Flat, Form::Json] {
            assert_eq!(leaves(&envelope(poses(), form), &schema("")).unwrap(), joints);
            assert_eq!(leaves(&envelope(map(), form), &schema("")).unwrap(), shares);
        }
        let some = |fields: &str| schema(&format!("[output]\nbytes_per_minute = 512\n[output.fields]\n{fields}"));
        let x = some("x = { kind = 'integer', min = 0, max = 99 }");
        // One that is outside of what is declared keeps the others in, too.
        assert_eq!(leaves(&envelope(poses(), Form::Flat), &x), Err(Refusal::Value));
        assert_eq!(leaves(&envelope(map(), Form::Flat), &x), Err(Refusal::Undeclared));
        let class = some("class = { kind = 'integer', min = 0, max = 99 }");
        assert_eq!(leaves(&envelope(poses(), Form::Flat), &class), Err(Refusal::Undeclared));
    }

    #[test]
    fn what_devices_of_theirs_sent_leaves() {
        // Vectors of the deserialization sample: a detection, a classification and a map, each told by its shape.
        let check = |base64: &str, first: &str, count: usize| {
            let envelope = format!(r#"{{"Inferences":[{{"T":"20260102030405678","O":"{base64}"}}]}}"#);
            let told = leaves(envelope.as_bytes(), &schema("")).unwrap();
            assert_eq!((told[0].as_str(), told.len()), (first, count), "{told:?}");
        };
        check(vectors::DETECTION, r#"{"bottom":74,"class":18,"left":4,"right":119,"score":0.04,"top":11}"#, 2);
        check(vectors::CLASSIFICATION, r#"{"class":5,"score":0.79}"#, 2);
        check(vectors::SEGMENTATION, r#"{"class":0,"share":0.11}"#, 9);
        check(vectors::POSE, r#"{"keypoint":0,"pose":0,"score":0.0,"x":0,"y":0}"#, 17);
    }
}
