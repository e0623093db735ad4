//! SensCord: the camera as a sensor with one stream, of which the app holds one frame at a time.

use playfield_core::time::Time;
use serde::{Deserialize, Serialize};

use super::tensor::{self, Tensors};
use crate::wasm::host::camera::View;

/// The stream's name.
pub const STREAM_KEY: &[u8] = b"inference_stream";
/// What there is to open. A handle says in its upper half what it is of.
pub const CORE: i64 = 1 << 32 | 1;
pub const STREAM: i64 = 2 << 32 | 1;
const FRAME: i64 = 3 << 32;
const CHANNEL: i64 = 4 << 32;
/// The channels.
const OUTPUT: u32 = 0;
const IMAGE: u32 = 1;

/// Why a call failed: SensCord's causes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum Cause {
    #[default]
    None = 0,
    NotFound = 1,
    InvalidArgument = 2,
    Exhausted = 3,
    Denied = 4,
    Busy = 5,
    Timeout = 6,
    Cancelled = 7,
    InvalidOperation = 10,
    NotSupported = 14,
}

impl Cause {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Cause::None => "there was no error",
            Cause::NotFound => "there is none of this name or handle",
            Cause::InvalidArgument => "an argument is outside the app's memory, or of the wrong size",
            Cause::Exhausted => "the app's malloc gave nothing",
            Cause::Denied => "the camera is not the app's to set",
            Cause::Busy => "the frame before was not released",
            Cause::Timeout => "no frame came in time",
            Cause::Cancelled => "the app is to end",
            Cause::InvalidOperation => "the stream is not started",
            Cause::NotSupported => "there is no such property",
        }
    }
}

/// A picture, as the sensor has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Still {
    /// When it is, for the budget: microseconds by a clock that is never set.
    pub now_us: u64,
    /// Its number.
    pub number: u64,
    /// When it was taken: Unix time in milliseconds.
    pub time_ms: u64,
    /// Width and height of the picture that the app is given, in pixels.
    pub size: [u16; 2],
    /// What the camera's model made of it.
    pub tensors: Tensors,
    /// The picture as RGB, 24 bits a pixel, where the app may see it.
    pub image: Option<Vec<u8>>,
}

impl Still {
    /// What a view is to an AITRIOS app.
    pub fn of(view: View) -> Still {
        let metadata = &view.seen.metadata;
        Still {
            now_us: view.now.as_micros(),
            number: metadata.frame,
            time_ms: metadata.time_ms,
            size: tensor::size(&view),
            image: tensor::image(&view),
            tensors: view.tensors.unwrap_or_else(|| tensor::of_objects(&metadata.objects)),
        }
    }

    /// When it is, for the budget.
    pub fn now(&self) -> Time {
        Time::from_micros(self.now_us)
    }
}

/// A frame that the app holds.
#[derive(Debug)]
struct Frame {
    number: u32,
    still: Box<Still>,
    /// What it was given to read the channels at, by its own malloc.
    given: [Option<i32>; 2],
}

/// The sensor, as far as the app opened it.
#[derive(Debug, Default)]
pub struct Sensor {
    core: bool,
    stream: bool,
    started: bool,
    frame: Option<Frame>,
    frames: u32,
    /// The name of the camera's model, by which the app knows it.
    model: String,
}

/// What a channel holds.
pub struct Raw {
    pub bytes: Vec<u8>,
    pub kind: &'static str,
    pub time_ns: u64,
}

impl Sensor {
    /// The sensor of a camera with this model.
    pub fn new(model: &str) -> Sensor {
        Sensor { model: model.to_owned(), ..Sensor::default() }
    }

    pub fn open_core(&mut self) -> i64 {
        self.core = true;
        CORE
    }

    pub fn open_stream(&mut self, core: i64, key: &[u8]) -> Result<i64, Cause> {
        if !(self.core && core == CORE && key == STREAM_KEY) {
            return Err(Cause::NotFound);
        }
        self.stream = true;
        Ok(STREAM)
    }

    /// What the app was given for a frame that it did not release; it goes with the stream.
    pub fn close(&mut self, handle: i64) -> Result<Vec<i32>, Cause> {
        match handle {
            CORE if self.core => (self.core, self.stream, self.started) = (false, false, false),
            STREAM if self.stream => (self.stream, self.started) = (false, false),
            _ => return Err(Cause::NotFound),
        }
        Ok(self.frame.take().map(|frame| frame.given.into_iter().flatten().collect()).unwrap_or_default())
    }

    pub fn start(&mut self, stream: i64, started: bool) -> Result<(), Cause> {
        self.check_stream(stream)?;
        self.started = started;
        Ok(())
    }

    /// Whether it may have a frame now.
    pub fn may_take(&self, stream: i64) -> Result<(), Cause> {
        self.check_stream(stream)?;
        match (&self.frame, self.started) {
            (_, false) => Err(Cause::InvalidOperation),
            (Some(_), true) => Err(Cause::Busy),
            (None, true) => Ok(()),
        }
    }

    /// A frame: its handle.
    pub fn take(&mut self, still: Box<Still>) -> i64 {
        self.frames = self.frames.wrapping_add(1);
        self.frame = Some(Frame { number: self.frames, still, given: [None; 2] });
        FRAME | i64::from(self.frames)
    }

    /// What the app was given for it.
    pub fn release(&mut self, stream: i64, frame: i64) -> Result<Vec<i32>, Cause> {
        self.check_stream(stream)?;
        self.frame(frame)?;
        Ok(self.frame.take().map(|frame| frame.given.into_iter().flatten().collect()).unwrap_or_default())
    }

    pub fn sequence(&self, frame: i64) -> Result<u64, Cause> {
        Ok(self.frame(frame)?.still.number)
    }

    /// A frame's channel; there is none of pictures where the app may not see them.
    pub fn channel(&self, frame: i64, id: i32) -> Result<i64, Cause> {
        let frame = self.frame(frame)?;
        match id.cast_unsigned() {
            OUTPUT => {}
            IMAGE if frame.still.image.is_some() => {}
            _ => return Err(Cause::NotFound),
        }
        Ok(CHANNEL | i64::from(frame.number) << 1 | i64::from(id))
    }

    /// Which channel a handle is of.
    pub fn channel_id(&self, channel: i64) -> Result<u32, Cause> {
        let frame = self.frame.as_ref().ok_or(Cause::NotFound)?;
        let of = |id: u32| CHANNEL | i64::from(frame.number) << 1 | i64::from(id);
        let image = frame.still.image.is_some();
        [OUTPUT, IMAGE].into_iter().find(|id| channel == of(*id) && (*id == OUTPUT || image)).ok_or(Cause::NotFound)
    }

    /// What a channel of the frame holds.
    pub fn raw(&self, channel: i64) -> Result<Raw, Cause> {
        let id = self.channel_id(channel)?;
        self.raw_of(id).ok_or(Cause::NotFound)
    }

    /// The same by its number.
    pub fn raw_of(&self, id: u32) -> Option<Raw> {
        let kind = if id == OUTPUT { "inference_data" } else { "image_data" };
        let time_ms = self.frame.as_ref()?.still.time_ms;
        Some(Raw { bytes: self.bytes_of(id)?.to_vec(), kind, time_ns: time_ms.saturating_mul(1_000_000) })
    }

    /// Its bytes alone.
    pub fn bytes_of(&self, id: u32) -> Option<&[u8]> {
        let still = &self.frame.as_ref()?.still;
        match id {
            OUTPUT => Some(&still.tensors.bytes),
            IMAGE => still.image.as_deref(),
            _ => None,
        }
    }

    /// Where in its memory the app was given what a channel holds.
    pub fn given(&mut self, channel: i64) -> Result<&mut Option<i32>, Cause> {
        let id = self.channel_id(channel)? as usize;
        self.frame.as_mut().and_then(|frame| frame.given.get_mut(id)).ok_or(Cause::NotFound)
    }

    pub fn check_stream(&self, stream: i64) -> Result<(), Cause> {
        if self.stream && stream == STREAM { Ok(()) } else { Err(Cause::NotFound) }
    }

    fn frame(&self, handle: i64) -> Result<&Frame, Cause> {
        self.frame.as_ref().filter(|frame| handle == FRAME | i64::from(frame.number)).ok_or(Cause::NotFound)
    }

    /// A property as a C structure. `asked` is the structure as the app has it, of which some fields are questions.
    pub fn property(&self, key: &[u8], asked: &[u8]) -> Result<Vec<u8>, Cause> {
        let words = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        let chars = |text: &str, room: usize| {
            let mut chars = text.as_bytes()[..text.floor_char_boundary(room - 1)].to_vec();
            chars.resize(room, 0);
            chars
        };
        let [width, height] = self.frame.as_ref().map_or([0, 0], |frame| frame.still.size).map(u32::from);
        let key = std::str::from_utf8(key).ok().and_then(|key| key.strip_suffix("_property"));
        Ok(match key.ok_or(Cause::NotSupported)? {
            "ai_model_bundle_id" => chars(&self.model, 128),
            "image" => [words(&[width, height, width * 3]), chars("image_rgb24", 64)].concat(),
            "tensor_shapes" => {
                let standing = tensor::of_objects(&[]);
                let tensors = self.frame.as_ref().map_or(&standing, |frame| &frame.still.tensors);
                let mut shapes = words(&tensors.described());
                shapes.resize(4 + 4 * tensor::MOST_SHAPES, 0);
                shapes
            }
            "inference" => chars("inference_data", 64),
            "info_string" => {
                let category = asked.first_chunk().map_or(0, |four| u32::from_le_bytes(*four));
                let text = match category {
                    0 => "Playfield",
                    0x1_0002 => "0",
                    _ => return Err(Cause::NotFound),
                };
                [words(&[category]), chars(text, 128)].concat()
            }
            "image_crop" => words(&[0, 0, width, height]),
            "image_rotation" => words(&[0]),
            "camera_image_flip" => vec![0, 0],
            "input_data_type" => {
                let mut types = words(&[2, OUTPUT, IMAGE]);
                types.resize(4 + 4 * 8, 0);
                types
            }
            _ => return Err(Cause::NotSupported),
        })
    }
}
