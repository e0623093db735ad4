//! From a picture to what is said of it.

use std::time::Instant;

use playfield_core::analytics::{Analytics, Counts, Heat};
use playfield_core::camera::{Camera, Seen, Source as Wanted};
use playfield_core::frame::Picture;
use playfield_core::metadata::{Metadata, Object};
use playfield_core::time::Time;
use playfield_core::track::Tracker;

use super::eye::Eye;
use super::source::Inferred;
use crate::model::Engine;
use crate::wasm::Tensors;

/// Pictures that times are taken of.
const RECENT: usize = 64;

/// Finds, follows and counts.
pub struct Pipeline {
    eye: Eye,
    tracker: Tracker,
    analytics: Analytics,
    times: Times,
}

/// Median times of the last pictures, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// From the picture to what is said of it.
    pub whole_us: u32,
    /// Of it, the model's own.
    pub inference_us: u32,
}

impl Pipeline {
    /// Opens what a camera needs to understand its pictures.
    pub fn open(camera: &Camera) -> Result<Pipeline, String> {
        let watch = &camera.desired.watch;
        let eye = match camera.desired.source {
            Wanted::Tensors { .. } => Eye::of_sensor(camera.model.as_deref())?,
            _ => {
                let engine = Engine::of(camera.onnxruntime.as_deref());
                Eye::open(camera.model.as_deref(), &engine, &camera.desired.regions)?
            }
        };
        let analytics = Analytics::new(&camera.desired.watched(&eye.labels())).map_err(|error| error.to_string())?;
        let tracker = Tracker::new(eye.track(watch.aspect));
        Ok(Pipeline { eye, tracker, analytics, times: Times::default() })
    }

    /// Understands picture number `frame`, taken at this Unix time.
    pub fn see(&mut self, frame: u64, time_ms: u64, picture: &Picture) -> Result<Seen, String> {
        self.see_inferred(frame, time_ms, picture, None)
    }

    /// The same, where a model looked at the picture before it came here.
    pub fn see_inferred(
        &mut self,
        frame: u64,
        time_ms: u64,
        picture: &Picture,
        inferred: Option<Inferred<'_>>,
    ) -> Result<Seen, String> {
        let began = Instant::now();
        let now = Time::from_millis(time_ms);
        let mut objects = self.eye.look(now, picture, inferred)?;
        let inferred = began.elapsed();
        self.tracker.update(now, &mut objects);
        let metadata = Metadata { frame, time_ms, objects, ..Metadata::default() };
        let mut events = Vec::new();
        self.analytics.update(&metadata, &mut events);
        self.times.note(began.elapsed().as_micros() as u32, inferred.as_micros() as u32);
        Ok(Seen { metadata, events })
    }

    /// What finds things, and the names of their classes.
    pub fn finds(&self) -> (String, Vec<String>) {
        (self.eye.name(), self.eye.labels())
    }

    /// What the model made of the last picture, or what came with that; none: there is no model.
    pub fn tensors(&self, inferred: Option<Inferred<'_>>) -> Option<Tensors> {
        self.eye.tensors(inferred)
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.analytics.counts()
    }

    /// Where things were.
    pub fn heat(&self) -> Option<&Heat> {
        self.analytics.heat()
    }

    /// For each object of the last picture the zones that it is in: bit N for the Nth.
    pub fn zones(&self, seen: &Seen) -> Vec<u64> {
        let of = |object: &Object| object.track.map_or(0, |track| self.analytics.zones_of(track));
        seen.metadata.objects.iter().map(of).collect()
    }

    /// How long the last pictures took.
    pub fn stages(&self) -> Stages {
        self.times.median()
    }
}

/// Times of the last pictures.
#[derive(Default)]
struct Times {
    whole: Vec<u32>,
    inference: Vec<u32>,
    next: usize,
}

impl Times {
    fn note(&mut self, whole: u32, inference: u32) {
        if self.whole.len() < RECENT {
            self.whole.push(whole);
            self.inference.push(inference);
        } else {
            self.whole[self.next] = whole;
            self.inference[self.next] = inference;
        }
        self.next = (self.next + 1) % RECENT;
    }

    fn median(&self) -> Stages {
        let middle = |times: &[u32]| {
            let mut sorted = times.to_vec();
            sorted.sort_unstable();
            sorted.get(sorted.len() / 2).copied().unwrap_or_default()
        };
        Stages { whole_us: middle(&self.whole), inference_us: middle(&self.inference) }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use playfield_core::frame::PixelFormat;
    use playfield_core::model::Manifest;
    use playfield_core::recording::{Head, Output, Recorded};
    use playfield_core::scene::Scene;

    use super::*;
    use crate::camera::Codecs;
    use crate::camera::source;
    use crate::model::{Engine, Model};

    const PICTURES: u64 = 10;

    /// The drawn street, as the model sees it: its tensors, and what it found.
    fn recorded(folder: &Path, scene: &mut Scene) -> (String, Vec<Vec<Object>>) {
        let manifest = Manifest::parse(&std::fs::read_to_string(folder.join("model.toml")).unwrap()).unwrap();
        let file = std::fs::read(folder.join(&manifest.file)).unwrap();
        let mut model = Model::load(file, &manifest, &Engine::default()).unwrap();
        let mut picture = Picture::black(640, 360, PixelFormat::Rgba8);
        let (mut lines, mut found) = (Head::new([640, 360]).write() + "\n", Vec::new());
        for at_ms in (0..PICTURES).map(|n| n * 20) {
            scene.draw(5_000 + at_ms, &mut picture.pixels, 640, 360);
            found.push(model.run(&picture).unwrap().objects.clone());
            let output = |tensor: playfield_core::model::Tensor<'_>| Output {
                name: tensor.name.to_owned(),
                shape: tensor.shape.to_vec(),
                data: tensor.data.to_vec(),
            };
            let outputs = model.results().into_iter().map(output).collect();
            lines.push_str(&Recorded { at_ms, outputs, jpeg: None }.write());
            lines.push('\n');
        }
        (lines, found)
    }

    #[test]
    fn tensors_of_a_recording_are_understood_as_the_model_s_own_were() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/street");
        let (lines, found) = recorded(&folder, &mut Scene::street());
        assert!(found.iter().any(|objects| !objects.is_empty()), "there is something to be seen");
        let file = std::env::temp_dir().join(format!("playfield-tensors-{}.jsonl", std::process::id()));
        std::fs::write(&file, lines).unwrap();
        let desired = r#"{"source": {"kind": "tensors", "path": "street.jsonl", "once": true}, "model": "street"}"#;
        let desired = serde_json::from_str(desired).unwrap();
        // The model itself is not there: only its manifest is.
        let alone = std::env::temp_dir().join(format!("playfield-manifest-{}", std::process::id()));
        std::fs::create_dir_all(&alone).unwrap();
        std::fs::copy(folder.join("model.toml"), alone.join("model.toml")).unwrap();
        let camera = Camera {
            desired,
            model: Some(alone.clone()),
            shadow: None,
            files: Some(file.clone()),
            app: None,
            onnxruntime: None,
        };
        let codecs = Codecs { decoder: |_| Ok(Box::new(Blind)), film: |_| Err("there is none".to_owned()) };
        let mut source = source::open(&camera, None, codecs).unwrap();
        let mut pipeline = Pipeline::open(&camera).unwrap();
        let mut picture = Picture::black(1, 1, PixelFormat::Rgba8);
        for objects in &found {
            std::thread::sleep(source.due().saturating_duration_since(Instant::now()));
            let number = source.take(&mut picture).unwrap();
            let seen = pipeline.see_inferred(number, number * 20, &picture, source.inferred()).unwrap();
            assert_eq!((picture.width, picture.height), (640, 360));
            // Which class a thing has, the tracker decides over several pictures.
            let places = |objects: &[Object]| -> Vec<_> { objects.iter().map(|object| object.area).collect() };
            assert_eq!(places(&seen.metadata.objects), places(objects));
            let tensors = pipeline.tensors(source.inferred()).unwrap();
            let numbers = |shape: &Vec<u32>| shape.iter().product::<u32>() as usize;
            assert_eq!(tensors.shapes.iter().map(numbers).sum::<usize>() * 4, tensors.bytes.len());
        }
        assert!(matches!(source.take(&mut picture), Err(source::NoPicture::Over(_))));
        assert_eq!(pipeline.finds().0.split(", ").last(), Some("on the sensor"));
        std::fs::remove_file(&file).unwrap();
        std::fs::remove_dir_all(&alone).unwrap();
    }

    /// A decoder that is not asked.
    struct Blind;

    impl crate::camera::Decode for Blind {
        fn decode(&mut self, _: &[u8], _: &mut Picture) -> Result<bool, String> {
            Err("there is no picture".to_owned())
        }
    }
}
