//! SensCord: the camera as a sensor with one stream, of which the app holds one frame at a time.

use super::tensor;
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

/// A frame that the app holds.
#[derive(Debug)]
struct Frame {
    number: u32,
    view: Box<View>,
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
    /// Why the last call failed.
    pub last: Cause,
}

/// What a channel holds.
pub struct Raw {
    pub bytes: Vec<u8>,
    pub kind: &'static str,
    pub time_ns: u64,
}

impl Sensor {
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
    pub fn take(&mut self, view: Box<View>) -> i64 {
        self.frames = self.frames.wrapping_add(1);
        self.frame = Some(Frame { number: self.frames, view, given: [None; 2] });
        FRAME | i64::from(self.frames)
    }

    /// What the app was given for it.
    pub fn release(&mut self, stream: i64, frame: i64) -> Result<Vec<i32>, Cause> {
        self.check_stream(stream)?;
        self.frame(frame)?;
        Ok(self.frame.take().map(|frame| frame.given.into_iter().flatten().collect()).unwrap_or_default())
    }

    pub fn sequence(&self, frame: i64) -> Result<u64, Cause> {
        Ok(self.frame(frame)?.view.seen.metadata.frame)
    }

    /// A frame's channel; there is none of pictures where the app may not see them.
    pub fn channel(&self, frame: i64, id: i32) -> Result<i64, Cause> {
        let frame = self.frame(frame)?;
        match id.cast_unsigned() {
            OUTPUT => {}
            IMAGE if frame.view.picture.is_some() => {}
            _ => return Err(Cause::NotFound),
        }
        Ok(CHANNEL | i64::from(frame.number) << 1 | i64::from(id))
    }

    /// Which channel a handle is of.
    pub fn channel_id(&self, channel: i64) -> Result<u32, Cause> {
        let frame = self.frame.as_ref().ok_or(Cause::NotFound)?;
        let of = |id: u32| CHANNEL | i64::from(frame.number) << 1 | i64::from(id);
        let image = frame.view.picture.is_some();
        [OUTPUT, IMAGE].into_iter().find(|id| channel == of(*id) && (*id == OUTPUT || image)).ok_or(Cause::NotFound)
    }

    /// What a channel of the frame holds.
    pub fn raw(&self, channel: i64) -> Result<Raw, Cause> {
        let id = self.channel_id(channel)?;
        self.raw_of(id).ok_or(Cause::NotFound)
    }

    /// The same by its number.
    pub fn raw_of(&self, id: u32) -> Option<Raw> {
        let view = &self.frame.as_ref()?.view;
        let (bytes, kind) = match id {
            OUTPUT => (tensor::output(view), "inference_data"),
            IMAGE => (tensor::image(view)?, "image_data"),
            _ => return None,
        };
        Some(Raw { bytes, kind, time_ns: view.seen.metadata.time_ms.saturating_mul(1_000_000) })
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
            let mut chars = text.as_bytes().to_vec();
            chars.resize(room, 0);
            chars
        };
        let [width, height] = self.frame.as_ref().map_or([0, 0], |frame| tensor::size(&frame.view)).map(u32::from);
        let key = std::str::from_utf8(key).ok().and_then(|key| key.strip_suffix("_property"));
        Ok(match key.ok_or(Cause::NotSupported)? {
            "ai_model_bundle_id" => chars("playfield", 128),
            "image" => [words(&[width, height, width * 3]), chars("image_rgb24", 64)].concat(),
            "tensor_shapes" => {
                let mut shapes = [words(&[tensor::TENSORS]), words(&tensor::SHAPES)].concat();
                shapes.resize(4 + 4 * 192, 0);
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
