//! The envelope: which model of which device, and what it made of a few pictures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Error, Kind, Output, at_most, format_time, parse_time};

/// Inferences in one message.
const MOST_INFERENCES: usize = 256;
/// Letters of a name; what is longer is cut.
const NAME: usize = 64;

/// One message of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The model's id, as the device says it.
    pub model: String,
    /// The device's id, as it says it: to be shown, never to be believed. Fifteen zeros: it does not know.
    pub device: String,
    /// Whether it also sends the pictures.
    pub image: bool,
    /// What was made of each picture.
    pub inferences: Vec<Inference>,
}

/// What was made of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    /// When the picture was taken: Unix time in milliseconds. A picture that is uploaded too has the same in its name.
    pub time_ms: u64,
    /// The output.
    pub output: Output,
}

/// How outputs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Base64 of FlatBuffers, `F` 0.
    Flat,
    /// JSON, `F` 1.
    Json,
}

impl Envelope {
    /// Whether a telemetry value is one.
    pub fn is(value: &Value) -> bool {
        value.get("Inferences").is_some_and(Value::is_array)
    }

    /// Reads a telemetry value.
    pub fn read(value: &Value, kind: Option<Kind>) -> Result<Envelope, Error> {
        let inferences = value.get("Inferences").and_then(Value::as_array).ok_or(Error::Missing("`Inferences`"))?;
        at_most(inferences.len(), MOST_INFERENCES, "inferences")?;
        let text = |key: &str| {
            let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
            text.chars().filter(|letter| !letter.is_control()).take(NAME).collect()
        };
        Ok(Envelope {
            model: text("ModelID"),
            device: text("DeviceID"),
            image: value.get("Image").and_then(Value::as_bool).unwrap_or_default(),
            inferences: inferences.iter().map(|one| Inference::read(one, kind)).collect::<Result<_, _>>()?,
        })
    }

    /// Writes one.
    pub fn write(&self, form: Form) -> Value {
        let inferences: Value = self.inferences.iter().map(|one| one.write(form)).collect();
        json!({"ModelID": self.model, "DeviceID": self.device, "Image": self.image, "Inferences": inferences})
    }
}

impl Inference {
    fn read(value: &Value, kind: Option<Kind>) -> Result<Inference, Error> {
        let time = value.get("T").and_then(Value::as_str).ok_or(Error::Missing("`T`"))?;
        let time_ms = parse_time(time).ok_or(Error::Number("`T`"))?;
        let output = value.get("O").ok_or(Error::Missing("`O`"))?;
        // The first version said nothing: what is text is base64.
        let output = match (value.get("F").and_then(Value::as_u64), output) {
            (None | Some(0), Value::String(text)) => {
                let bytes = STANDARD.decode(text).map_err(|_| Error::Base64)?;
                Output::from_flat(&bytes, kind)?
            }
            (None | Some(1), value) => Output::from_json(value, kind)?,
            _ => return Err(Error::Missing("`O` of format `F`")),
        };
        Ok(Inference { time_ms, output })
    }

    fn write(&self, form: Form) -> Value {
        let time = format_time(self.time_ms);
        match form {
            Form::Flat => json!({"T": time, "O": STANDARD.encode(self.output.to_flat()), "F": 0}),
            Form::Json => json!({"T": time, "O": self.output.to_json(), "F": 1}),
        }
    }
}
