//! Recordings of a model that ran elsewhere: on a sensor, as Sony's IMX500 does it, or on any machine, for tests.
//!
//! A recording is JSON, a line each: first what it is, then each picture's tensors as the model gave them, and the picture where it is
//! kept. Numbers are float32, little-endian, in base64; so is the JPEG.
//!
//! ```text
//!   {"recording": "tensors", "size": [640, 360]}
//!   {"at_ms": 0, "outputs": [{"name": "output", "shape": [1, 8, 5040], "data": "AACA..."}], "jpeg": "/9j/..."}
//!   {"at_ms": 66, "outputs": [...]}
//! ```

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::frame::{MAX_HEIGHT, MAX_WIDTH};
use crate::model::Tensor;

/// Longest line, in bytes. A sensor's tensors have half a mebibyte of numbers at most.
pub const MOST_LINE: usize = 8 << 20;
/// Most tensors of a picture.
const MOST_OUTPUTS: usize = 16;
/// Most sizes of a tensor.
const MOST_SIZES: usize = 8;
/// What a recording says it is.
const KIND: &str = "tensors";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    recording: String,
    /// Width and height of the pictures that the model saw, before they were fitted to its input.
    pub size: [u16; 2],
}

/// A picture's line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// When it was taken, in milliseconds since the recording began.
    pub at_ms: u64,
    /// What the model gave.
    pub outputs: Vec<Output>,
    /// The picture.
    pub jpeg: Option<Vec<u8>>,
}

/// A tensor that was kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Its name in the model.
    pub name: String,
    /// Sizes from the outermost to the innermost.
    pub shape: Vec<usize>,
    /// As many numbers as the shape's product.
    pub data: Vec<f32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at_ms: u64,
    outputs: Vec<Coded>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jpeg: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Coded {
    name: String,
    shape: Vec<usize>,
    data: String,
}

impl Head {
    /// The first line of a recording of pictures of that size.
    pub fn new(size: [u16; 2]) -> Head {
        Head { recording: KIND.to_owned(), size }
    }

    /// Reads it. A sentence says what is wrong.
    pub fn read(line: &str) -> Result<Head, String> {
        let head: Head = serde_json::from_str(line).map_err(|error| format!("its first line is no head: {error}"))?;
        if head.recording != KIND {
            return Err(format!(
                "it is a recording of something else; its first line must say `\"recording\": \"{KIND}\"`"
            ));
        }
        let [width, height] = head.size;
        if !(1..=MAX_WIDTH).contains(&width) || !(1..=MAX_HEIGHT).contains(&height) {
            return Err(format!("`size` must be at most {MAX_WIDTH} by {MAX_HEIGHT}"));
        }
        Ok(head)
    }

    /// Writes it.
    pub fn write(&self) -> String {
        serde_json::json!({ "recording": self.recording, "size": self.size }).to_string()
    }
}

impl Recorded {
    /// Reads a line. A sentence says what is wrong.
    pub fn read(line: &str) -> Result<Recorded, String> {
        let line: Line = serde_json::from_str(line).map_err(|error| format!("a line is no picture: {error}"))?;
        if line.outputs.len() > MOST_OUTPUTS {
            return Err(format!("a picture has more than {MOST_OUTPUTS} tensors"));
        }
        let outputs = line.outputs.into_iter().map(Coded::output).collect::<Result<_, _>>()?;
        let jpeg = line.jpeg.map(|jpeg| BASE64_STANDARD.decode(jpeg)).transpose();
        Ok(Recorded { at_ms: line.at_ms, outputs, jpeg: jpeg.map_err(|_| "a `jpeg` is no base64".to_owned())? })
    }

    /// Writes it as a line, without its end.
    pub fn write(&self) -> String {
        let coded = |output: &Output| {
            let bytes: Vec<u8> = output.data.iter().flat_map(|number| number.to_le_bytes()).collect();
            serde_json::json!({ "name": output.name, "shape": output.shape, "data": BASE64_STANDARD.encode(bytes) })
        };
        let outputs: Vec<_> = self.outputs.iter().map(coded).collect();
        let mut line = serde_json::json!({ "at_ms": self.at_ms, "outputs": outputs });
        if let Some(jpeg) = &self.jpeg {
            line["jpeg"] = BASE64_STANDARD.encode(jpeg).into();
        }
        line.to_string()
    }
}

impl Output {
    /// The tensor.
    pub fn tensor(&self) -> Tensor<'_> {
        Tensor { name: &self.name, shape: &self.shape, data: &self.data }
    }
}

impl Coded {
    fn output(self) -> Result<Output, String> {
        let wrong = || format!("the tensor `{}` has other numbers than its `shape` says", self.name.escape_debug());
        let bytes = BASE64_STANDARD.decode(&self.data).map_err(|_| wrong())?;
        let size = self.shape.iter().try_fold(4usize, |size, side| size.checked_mul(*side));
        if self.shape.len() > MOST_SIZES || size != Some(bytes.len()) {
            return Err(wrong());
        }
        let data = bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
        Ok(Output { name: self.name, shape: self.shape, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_read_as_it_was_written() {
        let head = Head::new([640, 360]);
        assert_eq!(Head::read(&head.write()), Ok(head));
        let output = Output { name: "output".to_owned(), shape: vec![1, 2], data: vec![0.5, -1.0] };
        for jpeg in [None, Some(vec![0xff, 0xd8])] {
            let recorded = Recorded { at_ms: 66, outputs: vec![output.clone()], jpeg };
            assert_eq!(Recorded::read(&recorded.write()), Ok(recorded));
        }
    }

    #[test]
    fn what_is_none_is_refused_in_a_sentence() {
        let head = |line: &str| Head::read(line).map(drop);
        let picture = |line: &str| Recorded::read(line).map(drop);
        let check = |read: Result<(), String>, expect: &str| {
            let said = read.unwrap_err();
            assert!(said.contains(expect), "{said}");
        };
        check(head("{}"), "no head");
        check(head(r#"{"recording": "sound", "size": [1, 1]}"#), "something else");
        check(head(r#"{"recording": "tensors", "size": [0, 1]}"#), "`size`");
        check(picture("[]"), "no picture");
        check(picture(r#"{"at_ms": 0, "outputs": [{"name": "a", "shape": [2], "data": "AAAA"}]}"#), "`shape`");
        check(
            picture(r#"{"at_ms": 0, "outputs": [{"name": "a", "shape": [4611686018427387904, 4], "data": ""}]}"#),
            "`shape`",
        );
        check(picture(r#"{"at_ms": 0, "outputs": [], "jpeg": "?"}"#), "`jpeg`");
    }
}
