//! The process of an app: runs it, and ends with it.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use playfield_core::app::Output;
use playfield_core::upload::Upload;

use super::words::{Begin, Bytes, End, FromApp, MOST_STILL, Opening, PIECE, ToApart, ToApp};
use crate::camera::eye::load_model;
use crate::confine::confine;
use crate::model::{self, Bare, Model, Numbers};
use crate::process::{Link, LinkError};
use crate::wasm::{
    AitriosApp, AppRules, AppTick, Engine, Given, Infer, Jpeg, Lent, Load, Models, Options, Still, Tensor,
};
use crate::{GuestError, Tracking};

/// What it gives way to others by: its camera goes first.
const NICE: i32 = 10;
/// Longest line that goes through.
const MOST_LINE: usize = 1024;

/// Folders that it may look into: of its camera's model, and of files that it brought along.
#[derive(Default)]
pub(super) struct Brings {
    pub model: Option<PathBuf>,
    pub files: Option<PathBuf>,
}

/// Serves the camera that the worker at the other end names, until either lets go. The app's pictures are made JPEGs by `jpeg`.
pub fn run(socket: OwnedFd, jpeg: Jpeg) -> Result<(), String> {
    let mut worker = Link::new(socket);
    let (ask, camera) = worker.receive_with(None).map_err(|error| error.to_string())?;
    let (ToApart::Open(opening), Some(camera)) = (ask, camera) else {
        return Err("the first message must be what to open, with the socket of its camera".to_owned());
    };
    let Opening { module, model, files, mut rules } = *opening;
    rules.keep.extend([worker.fd(), camera.as_raw_fd()]);
    // One that is not allowed to give way takes its turn like others.
    let _ = rustix::process::nice(NICE);
    let mut camera = Link::new(camera);
    // From here on this is the process behind the fence.
    let served = match confine(&rules) {
        Ok(_) => serve(&mut camera, &module, Brings { model, files }, jpeg),
        Err(error) => camera.send(&FromApp::Ended(End::Refused(error.to_string()))),
    };
    match served {
        Ok(()) | Err(LinkError::Closed) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn serve(camera: &mut Link, module: &Path, brings: Brings, jpeg: Jpeg) -> Result<(), LinkError> {
    let ToApp::Begin(begin) = camera.receive(None)? else { return Err(LinkError::Garbage) };
    let limit_mb = begin.memory_limit >> 20;
    let mut app = match open(module, brings, *begin, jpeg) {
        Ok(app) => app,
        Err(error) => return camera.send(&FromApp::Ended(End::of(error, false, limit_mb))),
    };
    let begun = app.said();
    let mut goes_on = tell(camera, &mut app, Ok(begun), limit_mb)?;
    while goes_on {
        let still = match take_still(camera) {
            // It is to end, and has its time for that.
            Err(LinkError::Closed) => {
                app.stop();
                return Ok(());
            }
            other => other?,
        };
        let seen = app.show(still);
        goes_on = tell(camera, &mut app, seen, limit_mb)?;
    }
    Ok(())
}

fn open(module: &Path, brings: Brings, begin: Begin, jpeg: Jpeg) -> Result<AitriosApp, GuestError> {
    let bad = |error: &dyn std::fmt::Display| GuestError::BadModule(error.to_string());
    let Begin { output, budget, labels, config, memory_limit, tick_us, start_unix_ms, model, hz, raw_image } = begin;
    let output: Output = serde_json::from_str(&output).map_err(|error| bad(&error))?;
    let schema = output.schema().map_err(|error| bad(&error))?;
    // It keeps no state that is saved, and starts seldom.
    let options = Options { tracking: Tracking::Compare, warm_after: Duration::MAX };
    let engine = Engine::with(options).map_err(|error| bad(&error))?;
    let tick = Duration::from_micros(tick_us);
    let rules = AppRules { schema, budget, labels, config, memory_limit, tick, start_unix_ms, model, hz, raw_image };
    let load = brings
        .model
        .map(|folder| -> Load { Arc::new(move || Ok(Box::new(Own(load_model(&folder, &model::Engine::default())?)))) });
    let brought = |bytes| -> Result<Box<dyn Infer>, String> {
        Ok(Box::new(Bare::load(bytes).map_err(|error| error.to_string())?))
    };
    let models = Models { camera: load, brought: Some(Arc::new(brought)) };
    engine.load_file(module)?.open_aitrios_with(rules, Lent { models, jpeg: Some(jpeg), files: brings.files })
}

/// The camera's model once more, for the app alone.
struct Own(Model);

impl Infer for Own {
    fn run(&mut self, given: &[Tensor]) -> Result<Vec<Vec<f32>>, String> {
        let [picture] = given else { return Err(format!("it has one input, and was given {}", given.len())) };
        let Ok(shape) = <[usize; 4]>::try_from(picture.shape.as_slice()) else {
            return Err(format!("a picture has four dimensions, and not {}", picture.shape.len()));
        };
        let came = self.0.infer(shape, numbers(picture)).map_err(|error| error.to_string())?;
        Ok(came.iter().map(|tensor| tensor.data.to_vec()).collect())
    }
}

impl Infer for Bare {
    fn run(&mut self, given: &[Tensor]) -> Result<Vec<Vec<f32>>, String> {
        let inputs: Vec<_> = given.iter().map(|tensor| (tensor.shape.as_slice(), numbers(tensor))).collect();
        self.infer(&inputs).map_err(|error| error.to_string())
    }
}

fn numbers(tensor: &Tensor) -> Numbers<'_> {
    match &tensor.numbers {
        Given::Floats(numbers) => Numbers::Floats(numbers),
        Given::Bytes(numbers) => Numbers::Bytes(numbers),
    }
}

/// A picture, and the bytes that follow it.
fn take_still(camera: &mut Link) -> Result<Still, LinkError> {
    let ToApp::Picture(mut still, parts) = camera.receive(None)? else { return Err(LinkError::Garbage) };
    still.tensors.bytes = take_bytes(camera, parts[0])?;
    for (length, into) in parts[1..].iter().zip([&mut still.image, &mut still.raw_image]) {
        let image = take_bytes(camera, *length)?;
        if let Some(pixels) = into {
            *pixels = image;
        }
    }
    Ok(*still)
}

fn take_bytes(camera: &mut Link, length: u32) -> Result<Vec<u8>, LinkError> {
    let length = length as usize;
    if length > MOST_STILL {
        return Err(LinkError::Garbage);
    }
    let mut all = Vec::with_capacity(length);
    while all.len() < length {
        let ToApp::Bytes(Bytes(piece)) = camera.receive(None)? else { return Err(LinkError::Garbage) };
        if piece.is_empty() || all.len() + piece.len() > length {
            return Err(LinkError::Garbage);
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

/// Tells what came of a picture. False: it has ended.
fn tell(
    camera: &mut Link,
    app: &mut AitriosApp,
    seen: Result<AppTick, GuestError>,
    limit_mb: u64,
) -> Result<bool, LinkError> {
    let tick = seen.clone().unwrap_or_else(|_| app.said());
    for value in tick.emitted {
        camera.send(&FromApp::Value(value.to_string()))?;
    }
    if tick.refused > 0 {
        camera.send(&FromApp::Refused(tick.refused))?;
    }
    for Upload { name, bytes } in tick.uploads {
        camera.send(&FromApp::Upload(name, bytes.len() as u32))?;
        bytes.chunks(PIECE).try_for_each(|piece| camera.send(&FromApp::Bytes(Bytes(piece.to_vec()))))?;
    }
    for mut line in app.take_log() {
        line.truncate(line.floor_char_boundary(MOST_LINE));
        camera.send(&FromApp::Line(line))?;
    }
    let end = match seen {
        Ok(_) if !tick.exited => None,
        Ok(_) => Some(End::Exited),
        Err(error) => Some(End::of(error, app.was_refused_memory(), limit_mb)),
    };
    let goes_on = end.is_none();
    camera.send(&end.map_or(FromApp::Seen, FromApp::Ended))?;
    Ok(goes_on)
}
