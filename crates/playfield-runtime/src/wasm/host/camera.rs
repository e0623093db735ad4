//! `playfield:camera@1` and `playfield:infer@1`: a picture of a camera, what was understood of it, and the way out for what an app
//! makes of that.

use playfield_core::analytics::{Counts, LineCounts, Tally, ZoneCounts};
use playfield_core::app::{Budget, Refusal, Schema};
use playfield_core::camera::Seen;
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::metadata::Object;
use playfield_core::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::aitrios::tensor::Tensors;
use super::memory::{answer, bytes, range, room};
use super::{HostTrap, trap};

/// Bytes of an object.
const OBJECT: usize = 40;
/// Largest picture that an app is given, in pixels.
const MOST_WIDTH: i32 = 640;
const MOST_HEIGHT: i32 = 480;
/// What `pixels`, `label`, `place` and `count` answer where there is none.
const NONE: i32 = -1;

/// What an app may be told of one picture.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// When it is, for the budget: by a clock that is never set.
    pub now: Time,
    /// What was understood of it, and what happened.
    pub seen: Seen,
    /// For each object the zones that it is in: bit N for the Nth.
    pub zones: Vec<u64>,
    /// What was counted so far.
    pub counts: Counts,
    /// Width and height of the picture, in pixels.
    pub size: [u16; 2],
    /// The picture, where the app may see it: RGBA8.
    pub picture: Option<Picture>,
    /// What the camera's model made of it, where the app asks for that and there is one.
    pub tensors: Option<Tensors>,
    /// What an AITRIOS app may upload.
    pub uploads: UploadTerms,
}

/// What an app may upload, and what became of what it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadTerms {
    /// Bytes that there is room for; none: nobody was let have it.
    pub room: Option<u64>,
    /// Of each of its files whose end is news, in the order it gave them: whether it is kept.
    pub settled: Vec<bool>,
}

/// The desk of an app: what lies on it, and what it hands over.
#[derive(Debug)]
pub struct Camera {
    schema: Schema,
    labels: Vec<String>,
    config: String,
    view: Option<View>,
    /// The events and counts as JSON, once they were asked for.
    events: Option<Vec<u8>>,
    counts: Option<Vec<u8>>,
    /// What it may still send.
    pub budget: Budget,
    /// What it handed over for the picture, in its order, and how many bytes that is.
    pub emitted: Vec<Value>,
    pub bytes: u64,
    /// How often it was refused.
    pub refused: u64,
}

impl Camera {
    /// For an app that may say this, of a model with these classes; `config` is the app's own settings, as JSON.
    pub fn new(schema: Schema, labels: Vec<String>, config: String, budget: Budget) -> Camera {
        Camera {
            schema,
            labels,
            config,
            view: None,
            events: None,
            counts: None,
            budget,
            emitted: Vec::new(),
            bytes: 0,
            refused: 0,
        }
    }

    /// The next picture.
    pub fn show(&mut self, view: View) {
        (self.view, self.events, self.counts) = (Some(view), None, None);
        (self.bytes, self.refused) = (0, 0);
        self.emitted.clear();
    }

    pub fn frame(&self) -> i64 {
        self.view.as_ref().map_or(0, |view| view.seen.metadata.frame as i64)
    }

    pub fn time_ms(&self) -> i64 {
        self.view.as_ref().map_or(0, |view| view.seen.metadata.time_ms as i64)
    }

    pub fn size(&self) -> i32 {
        self.view.as_ref().map_or(0, |view| i32::from(view.size[0]) | i32::from(view.size[1]) << 16)
    }

    pub fn config(&self, mem: &mut [u8], ptr: i32, max: i32) -> Result<i32, HostTrap> {
        answer(mem, ptr, max, self.config.as_bytes())
    }

    pub fn pixels(&self, mem: &mut [u8], ptr: i32, width: i32, height: i32) -> Result<i32, HostTrap> {
        if !(1..=MOST_WIDTH).contains(&width) || !(1..=MOST_HEIGHT).contains(&height) {
            return trap(format!("camera.pixels: {width}x{height}; it is 1x1 to {MOST_WIDTH}x{MOST_HEIGHT}"));
        }
        let to = room(mem, ptr, width * height * 4)?;
        let picture = self.view.as_ref().and_then(|view| view.picture.as_ref());
        let Some(picture) = picture.filter(|picture| picture.format == PixelFormat::Rgba8) else { return Ok(NONE) };
        scale(picture, to, width as usize, height as usize);
        Ok(0)
    }

    pub fn emit(&mut self, mem: &[u8], ptr: i32, len: i32) -> Result<i32, HostTrap> {
        let said = bytes(mem, ptr, len)?;
        let Some(view) = &self.view else { return trap("camera.emit: before the first picture") };
        let checked = self.schema.check(said, &self.labels).and_then(|value| {
            let length = value.to_string().len();
            if self.budget.take(view.now, length) { Ok((value, length)) } else { Err(Refusal::Budget) }
        });
        match checked {
            Ok((value, length)) => {
                self.bytes += length as u64;
                self.emitted.push(value);
                Ok(0)
            }
            Err(refusal) => {
                self.refused = self.refused.saturating_add(1);
                Ok(refusal.code())
            }
        }
    }

    pub fn objects(&self, mem: &mut [u8], ptr: i32, max: i32) -> Result<i32, HostTrap> {
        let max = usize::try_from(max).map_err(|_| HostTrap(format!("infer.objects: room for {max} objects")))?;
        let at = range(mem, ptr, max as u64 * OBJECT as u64)?;
        let Some(view) = &self.view else { return Ok(0) };
        let objects = &view.seen.metadata.objects;
        for (nth, (object, to)) in objects.iter().zip(mem[at].chunks_exact_mut(OBJECT)).enumerate() {
            write_object(object, view.zones.get(nth).copied().unwrap_or_default(), to);
        }
        Ok(objects.len() as i32)
    }

    pub fn labels(&self) -> i32 {
        self.labels.len() as i32
    }

    pub fn label(&self, mem: &mut [u8], class: i32, ptr: i32, max: i32) -> Result<i32, HostTrap> {
        let label = usize::try_from(class).ok().and_then(|class| self.labels.get(class));
        label.map_or(Ok(NONE), |label| answer(mem, ptr, max, label.as_bytes()))
    }

    pub fn place(&self, mem: &mut [u8], kind: i32, nth: i32, room: (i32, i32)) -> Result<i32, HostTrap> {
        let name = match kind {
            0 => self.zone(nth).map(|zone| &zone.name),
            1 => self.line(nth).map(|line| &line.name),
            _ => return trap(format!("infer.place: kind {kind}; it is 0 or 1")),
        };
        name.map_or(Ok(NONE), |name| answer(mem, room.0, room.1, name.as_bytes()))
    }

    pub fn count(&self, what: i32, nth: i32, class: i32) -> Result<i64, HostTrap> {
        let tally = match what {
            0 => self.zone(nth).map(|zone| &zone.now),
            1 => self.zone(nth).map(|zone| &zone.came),
            2 => self.zone(nth).map(|zone| &zone.left),
            3 => self.line(nth).map(|line| &line.came),
            4 => self.line(nth).map(|line| &line.left),
            _ => return trap(format!("infer.count: {what}; it is 0 to 4")),
        };
        let of = |tally: &Tally| u16::try_from(class).map_or_else(|_| tally.total(), |class| tally.of(class));
        Ok(tally.map_or(i64::from(NONE), |tally| of(tally) as i64))
    }

    pub fn events(&mut self, mem: &mut [u8], ptr: i32, max: i32) -> Result<i32, HostTrap> {
        let view = self.view.as_ref();
        let text = self.events.get_or_insert_with(|| json(view.map(|view| &view.seen.events), b"[]"));
        answer(mem, ptr, max, text)
    }

    pub fn counts(&mut self, mem: &mut [u8], ptr: i32, max: i32) -> Result<i32, HostTrap> {
        let view = self.view.as_ref();
        let text = self.counts.get_or_insert_with(|| json(view.map(|view| &view.counts), b"{}"));
        answer(mem, ptr, max, text)
    }

    fn zone(&self, nth: i32) -> Option<&ZoneCounts> {
        self.view.as_ref()?.counts.zones.get(usize::try_from(nth).ok()?)
    }

    fn line(&self, nth: i32) -> Option<&LineCounts> {
        self.view.as_ref()?.counts.lines.get(usize::try_from(nth).ok()?)
    }
}

fn json<T: serde::Serialize>(what: Option<&T>, none: &[u8]) -> Vec<u8> {
    what.and_then(|what| serde_json::to_vec(what).ok()).unwrap_or_else(|| none.to_vec())
}

/// As `sdk/ABI.md` lays it out.
fn write_object(object: &Object, zones: u64, to: &mut [u8]) {
    to[..8].copy_from_slice(&object.track.unwrap_or_default().to_le_bytes());
    to[8..10].copy_from_slice(&object.class.to_le_bytes());
    to[10..12].fill(0);
    let area = &object.area;
    for (number, to) in
        [object.score, area.left, area.top, area.right, area.bottom].iter().zip(to[12..32].chunks_exact_mut(4))
    {
        to.copy_from_slice(&number.to_le_bytes());
    }
    to[32..40].copy_from_slice(&zones.to_le_bytes());
}

/// The nearest pixel of each place.
pub(super) fn scale(picture: &Picture, to: &mut [u8], width: usize, height: usize) {
    let (from_width, from_height) = (usize::from(picture.width), usize::from(picture.height));
    for (y, row) in to.chunks_exact_mut(width * 4).enumerate() {
        let from = &picture.pixels[(y * from_height / height) * from_width * 4..];
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let at = (x * from_width / width) * 4;
            pixel.copy_from_slice(&from[at..at + 4]);
        }
    }
}
