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
use crate::smartcamera::{self, Envelope};

/// EVP's calls: telemetry, configuration, events.
pub const EVP: &str = "aitrios:evp";
/// SensCord's calls: the sensor's frames and properties.
pub const SENSCORD: &str = "aitrios:senscord";
/// The system's calls: memory that is not the app's, device id, JPEG.
pub const ESF: &str = "aitrios:esf";
/// WASI preview 1, in the part that such apps need.
pub const WASI: &str = "aitrios:wasi";
/// wasi-nn in its old shape.
pub const NN: &str = "aitrios:nn";

/// Longest telemetry value, message or state that is looked at, in bytes: what the real agent's packet holds.
pub const MOST_TELEMETRY: usize = 128 << 10;
/// Bytes a minute where nobody declared any.
const BYTES_PER_MINUTE: u32 = 16 << 10;
/// Largest pixel of a model's input, and largest class.
const MOST_PIXEL: i64 = 4096;
const MOST_CLASS: i64 = 1023;

/// Whether it is one of these groups.
pub fn is_group(group: &str) -> bool {
    [EVP, SENSCORD, ESF, WASI, NN].contains(&group)
}

/// What an app says that declares nothing: what was found and where, a hundredth of a score, 16 KiB a minute.
pub fn output() -> Output {
    let pixel = || Field::Integer { min: -MOST_PIXEL, max: MOST_PIXEL };
    let fields = [
        ("class", Field::Integer { min: 0, max: MOST_CLASS }),
        ("score", Field::Number { min: 0.0, max: 1.0, step: 0.01 }),
        ("left", pixel()),
        ("top", pixel()),
        ("right", pixel()),
        ("bottom", pixel()),
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
                    objects.push(thing(schema, found.class, found.score, &places));
                }
            }
            smartcamera::Output::Classification(classes) => {
                objects.extend(classes.iter().map(|class| thing(schema, class.class, class.score, &[])));
            }
            // They have no form of a few fields.
            smartcamera::Output::Pose(_) | smartcamera::Output::Segmentation(_) => return Err(Refusal::Undeclared),
        }
    }
    Ok(objects)
}

/// One thing that was found, in those fields that are declared.
fn thing(schema: &Schema, class: u32, score: f32, places: &[(&str, i32)]) -> Vec<u8> {
    let mut fields = Map::new();
    fields.insert("class".to_owned(), class.into());
    fields.insert("score".to_owned(), f64::from(score).into());
    fields.extend(places.iter().map(|(name, at)| ((*name).to_owned(), Value::from(*at))));
    fields.retain(|name, _| schema.declares(name));
    Value::Object(fields).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Manifest;
    use crate::smartcamera::{Detection, Form, Found, Inference};

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
        // A list without entries is taken for a detection that found nothing.
        let pose = smartcamera::Output::Pose(vec![smartcamera::Pose::default()]);
        assert_eq!(leaves(&envelope(pose, Form::Json), &schema), Err(Refusal::Undeclared));
    }
}
