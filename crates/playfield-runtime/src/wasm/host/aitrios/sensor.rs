//! SensCord: the camera as a sensor with one stream, of which the app holds one frame at a time.

use playfield_core::time::Time;
use serde::{Deserialize, Serialize};

use super::tensor::{self, Tensors};
use crate::wasm::host::camera::{UploadTerms, View};

/// The stream's name.
pub const STREAM_KEY: &[u8] = b"inference_stream";
/// What there is to open. A handle says in its upper half what it is of.
pub const CORE: i64 = 1 << 32 | 1;
pub const STREAM: i64 = 2 << 32 | 1;
const FRAME: i64 = 3 << 32;
const CHANNEL: i64 = 4 << 32;
/// The channels: what the model made of the picture, the picture as the model saw it, the picture in its own size.
const OUTPUT: u32 = 0;
const IMAGE: u32 = 1;
const RAW: u32 = 0x8000_0000;
const IDS: [u32; 3] = [OUTPUT, IMAGE, RAW];
/// Most channels that properties tell of.
const MOST_CHANNELS: usize = 8;

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
    /// Its own.
    pub raw_size: [u16; 2],
    /// What the camera's model made of it.
    pub tensors: Tensors,
    /// The picture as RGB, 24 bits a pixel, where the app may see it.
    pub image: Option<Vec<u8>>,
    /// The same in its own size, where the app asks for that too.
    pub raw_image: Option<Vec<u8>>,
    /// What the app may upload.
    pub uploads: UploadTerms,
}

impl Still {
    /// What a view is to an AITRIOS app.
    pub fn of(view: View, raw_image: bool) -> Still {
        let metadata = &view.seen.metadata;
        Still {
            now_us: view.now.as_micros(),
            number: metadata.frame,
            time_ms: metadata.time_ms,
            size: tensor::size(&view),
            raw_size: view.size,
            image: tensor::image(&view),
            raw_image: if raw_image { tensor::raw_image(&view) } else { None },
            uploads: view.uploads,
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
    given: [Option<i32>; IDS.len()],
}

impl Frame {
    /// The handle of a channel, by its place among them. Apps cut it to 32 bits, and tell channels apart by those.
    fn channel(&self, nth: usize) -> i64 {
        CHANNEL | i64::from(self.number) << 2 | nth as i64
    }

    /// What a channel holds; none: there is no such channel.
    fn bytes(&self, id: u32) -> Option<&[u8]> {
        match id {
            OUTPUT => Some(&self.still.tensors.bytes),
            IMAGE => self.still.image.as_deref(),
            RAW => self.still.raw_image.as_deref(),
            _ => None,
        }
    }
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
    /// Pictures a second.
    hz: u16,
    /// The app asks for pictures in their own size.
    raw_image: bool,
    /// Sizes of the last picture.
    size: [u16; 2],
    raw_size: [u16; 2],
}

/// What a channel holds.
pub struct Raw {
    pub bytes: Vec<u8>,
    pub kind: &'static str,
    pub time_ns: u64,
}

impl Sensor {
    /// The sensor of a camera with this model, for an app that asks for pictures in their own size or not.
    pub fn new(model: &str, hz: u16, raw_image: bool) -> Sensor {
        Sensor { model: model.to_owned(), hz, raw_image, ..Sensor::default() }
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
        (self.size, self.raw_size) = (still.size, still.raw_size);
        self.frame = Some(Frame { number: self.frames, still, given: [None; IDS.len()] });
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
        let nth = IDS.iter().position(|known| *known == id.cast_unsigned()).ok_or(Cause::NotFound)?;
        frame.bytes(IDS[nth]).ok_or(Cause::NotFound)?;
        Ok(frame.channel(nth))
    }

    /// Which channel a handle is of.
    pub fn channel_id(&self, channel: i64) -> Result<u32, Cause> {
        self.nth(channel).map(|nth| IDS[nth])
    }

    fn nth(&self, channel: i64) -> Result<usize, Cause> {
        let frame = self.frame.as_ref().ok_or(Cause::NotFound)?;
        let is = |nth: &usize| channel == frame.channel(*nth) && frame.bytes(IDS[*nth]).is_some();
        (0..IDS.len()).find(is).ok_or(Cause::NotFound)
    }

    /// What a channel of the frame holds.
    pub fn raw(&self, channel: i64) -> Result<Raw, Cause> {
        let id = self.channel_id(channel)?;
        self.raw_of(id).ok_or(Cause::NotFound)
    }

    /// The same by its number.
    pub fn raw_of(&self, id: u32) -> Option<Raw> {
        let time_ms = self.frame.as_ref()?.still.time_ms;
        Some(Raw { bytes: self.bytes_of(id)?.to_vec(), kind: kind(id), time_ns: time_ms.saturating_mul(1_000_000) })
    }

    /// Its bytes alone.
    pub fn bytes_of(&self, id: u32) -> Option<&[u8]> {
        self.frame.as_ref()?.bytes(id)
    }

    /// Where in its memory the app was given what a channel holds.
    pub fn given(&mut self, channel: i64) -> Result<&mut Option<i32>, Cause> {
        let nth = self.nth(channel)?;
        self.frame.as_mut().and_then(|frame| frame.given.get_mut(nth)).ok_or(Cause::NotFound)
    }

    pub fn check_stream(&self, stream: i64) -> Result<(), Cause> {
        if self.stream && stream == STREAM { Ok(()) } else { Err(Cause::NotFound) }
    }

    fn frame(&self, handle: i64) -> Result<&Frame, Cause> {
        self.frame.as_ref().filter(|frame| handle == FRAME | i64::from(frame.number)).ok_or(Cause::NotFound)
    }

    /// A property as a C structure: of a channel, or of the stream. `asked` is the structure as the app has it, of which some fields
    /// are questions.
    pub fn property(&self, channel: Option<u32>, key: &[u8], asked: &[u8]) -> Result<Vec<u8>, Cause> {
        let [width, height] = if channel == Some(RAW) { self.raw_size } else { self.size }.map(u32::from);
        let [raw_width, raw_height] = self.raw_size.map(u32::from);
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
            "input_data_type" => {
                let ids: Vec<u32> = self.channels().map(|(id, _)| id).collect();
                let mut types = words(&[&[ids.len() as u32], ids.as_slice()].concat());
                types.resize(4 + 4 * MOST_CHANNELS, 0);
                types
            }
            "channel_info" => {
                let of = |(id, what): (u32, &str)| [words(&[id]), chars(kind(id), 16), chars(what, 32)].concat();
                let each: Vec<u8> = self.channels().flat_map(of).collect();
                let mut all = [words(&[self.channels().count() as u32]), each].concat();
                all.resize(4 + MOST_CHANNELS * (4 + 16 + 32), 0);
                all
            }
            // One is buffered, and it is that which the app has.
            "current_frame_num" => words(&[0, u32::from(self.frame.is_some())]),
            "sub_frame" => words(&[1, 1]),
            "frame_rate" | "camera_frame_rate" => words(&[self.hz.into(), 1]),
            "camera_image_size" => words(&[raw_width, raw_height, 2]),
            "image_crop" => words(&[0, 0, raw_width, raw_height]),
            "image_rotation" => words(&[0]),
            "camera_image_flip" => vec![0, 0],
            "post_process_available" => vec![0],
            "camera_digital_zoom" => 1f32.to_le_bytes().to_vec(),
            // What a camera does of itself, nothing else of it being known here: automatic, and zeros.
            "camera_exposure_mode"
            | "camera_ev_compensation"
            | "camera_anti_flicker_mode"
            | "white_balance_mode"
            | "auto_white_balance"
            | "manual_white_balance_preset" => words(&[0]),
            "camera_manual_exposure" => words(&[0; 2]),
            "camera_auto_exposure" => words(&[0; 4]),
            "camera_auto_exposure_metering" => words(&[0; 5]),
            _ => return Err(Cause::NotSupported),
        })
    }

    /// Whether a property may be set to this: what changes nothing is let through, so that an app that sets what it wants goes on
    /// where it is so.
    pub fn set(&self, key: &[u8], wanted: &[u8]) -> Result<(), Cause> {
        let value = self.property(None, key, wanted)?;
        let is_part = key == b"input_data_type_property" && {
            let word = |nth: usize| wanted.get(nth * 4..)?.first_chunk().map(|four| u32::from_le_bytes(*four));
            let count = word(0).map_or(usize::MAX, |count| count as usize);
            // Channels that it leaves out are there all the same, for nobody.
            let known = |nth: usize| self.channels().any(|(id, _)| word(nth) == Some(id));
            count <= MOST_CHANNELS && (1..=count).all(known)
        };
        if is_part || wanted.starts_with(&value) { Ok(()) } else { Err(Cause::Denied) }
    }

    /// The channels that frames have, and what is in them.
    fn channels(&self) -> impl Iterator<Item = (u32, &'static str)> {
        let all = [(OUTPUT, "output tensor"), (IMAGE, "input image"), (RAW, "raw image")];
        all.into_iter().filter(|(id, _)| *id != RAW || self.raw_image)
    }
}

/// What a channel's bytes are called.
fn kind(id: u32) -> &'static str {
    if id == OUTPUT { "inference_data" } else { "image_data" }
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn chars(text: &str, room: usize) -> Vec<u8> {
    let mut chars = text.as_bytes()[..text.floor_char_boundary(room - 1)].to_vec();
    chars.resize(room, 0);
    chars
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of a camera with these pictures, of which the app has one.
    fn sensor(raw_image: bool) -> Sensor {
        let mut sensor = Sensor::new("street", 12, raw_image);
        let (core, image) = (sensor.open_core(), Some(vec![0; 3]));
        sensor.open_stream(core, STREAM_KEY).unwrap();
        let raw_image = raw_image.then(|| vec![0; 12]);
        sensor.take(Box::new(Still { size: [320, 180], raw_size: [1280, 720], image, raw_image, ..Still::default() }));
        sensor
    }

    #[test]
    fn properties_are_as_large_as_apps_have_them() {
        let sizes = [
            ("ai_model_bundle_id", 128),
            ("auto_white_balance", 4),
            ("camera_anti_flicker_mode", 4),
            ("camera_auto_exposure", 16),
            ("camera_auto_exposure_metering", 20),
            ("camera_digital_zoom", 4),
            ("camera_ev_compensation", 4),
            ("camera_exposure_mode", 4),
            ("camera_frame_rate", 8),
            ("camera_image_flip", 2),
            ("camera_image_size", 12),
            ("camera_manual_exposure", 8),
            ("channel_info", 420),
            ("current_frame_num", 8),
            ("frame_rate", 8),
            ("image", 76),
            ("image_crop", 16),
            ("image_rotation", 4),
            ("inference", 64),
            ("info_string", 132),
            ("input_data_type", 36),
            ("manual_white_balance_preset", 4),
            ("post_process_available", 1),
            ("sub_frame", 8),
            ("tensor_shapes", 772),
            ("white_balance_mode", 4),
        ];
        let sensor = sensor(true);
        for (key, size) in sizes {
            let key = format!("{key}_property");
            let value = sensor.property(None, key.as_bytes(), &[]).unwrap();
            assert_eq!(value.len(), size, "{key}");
            assert_eq!(sensor.set(key.as_bytes(), &value), Ok(()), "{key}: what is so already may be set");
            if key.starts_with("camera_") {
                let other: Vec<u8> = value.iter().map(|byte| byte ^ 1).collect();
                assert_eq!(sensor.set(key.as_bytes(), &other), Err(Cause::Denied), "{key}");
            }
        }
        assert_eq!(sensor.property(None, b"temperature_property", &[]), Err(Cause::NotSupported));
        assert_eq!(sensor.property(None, b"image", &[]), Err(Cause::NotSupported));
    }

    #[test]
    fn sizes_are_those_of_the_channel_and_outlast_the_frame() {
        let mut sensor = sensor(true);
        let first = |sensor: &Sensor, channel: Option<u32>, key: &str| {
            let value = sensor.property(channel, format!("{key}_property").as_bytes(), &[]).unwrap();
            let number = |nth: usize| u32::from_le_bytes(*value[nth * 4..].first_chunk().unwrap());
            [number(0), number(1)]
        };
        assert_eq!(first(&sensor, Some(IMAGE), "image"), [320, 180]);
        assert_eq!(first(&sensor, Some(RAW), "image"), [1280, 720]);
        assert_eq!(first(&sensor, None, "camera_frame_rate"), [12, 1]);
        sensor.release(STREAM, FRAME | 1).unwrap();
        assert_eq!(first(&sensor, None, "image"), [320, 180]);
        assert_eq!(first(&sensor, None, "camera_image_size"), [1280, 720]);
    }

    #[test]
    fn an_app_may_leave_channels_out_and_have_no_others() {
        let set = |raw: bool, channels: &[u32]| {
            let mut value = words(&[&[channels.len() as u32], channels].concat());
            value.resize(36, 0);
            sensor(raw).set(b"input_data_type_property", &value)
        };
        assert_eq!([set(false, &[OUTPUT]), set(false, &[IMAGE, OUTPUT]), set(true, &[RAW])], [Ok(()); 3]);
        assert_eq!([set(false, &[RAW]), set(true, &[7])], [Err(Cause::Denied); 2]);
        assert_eq!(sensor(true).set(b"input_data_type_property", &words(&[9])), Err(Cause::Denied));
        let channels = [OUTPUT, IMAGE, RAW].map(|id| sensor(true).channel(FRAME | 1, id.cast_signed()).unwrap());
        let cut = channels.map(|channel| channel as u32);
        assert!(cut[0] != cut[1] && cut[1] != cut[2] && !cut.contains(&0), "apps tell them apart by 32 bits: {cut:?}");
        assert_eq!(channels.map(|channel| sensor(true).channel_id(channel)), [Ok(OUTPUT), Ok(IMAGE), Ok(RAW)]);
    }
}
