//! From a picture to what is said of it.

use std::time::Instant;

use playfield_core::analytics::{Analytics, Counts, Heat};
use playfield_core::camera::{Camera, Seen};
use playfield_core::frame::Picture;
use playfield_core::metadata::{Metadata, Object};
use playfield_core::time::Time;
use playfield_core::track::{self, Tracker};

use super::eye::Eye;

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
        let eye = Eye::open(camera.model.as_deref())?;
        let analytics = Analytics::new(&camera.desired.watched(&eye.labels())).map_err(|error| error.to_string())?;
        let tracker = Tracker::new(track::Config { aspect: watch.aspect, ..track::Config::default() });
        Ok(Pipeline { eye, tracker, analytics, times: Times::default() })
    }

    /// Understands picture number `frame`, taken at this Unix time.
    pub fn see(&mut self, frame: u64, time_ms: u64, picture: &Picture) -> Result<Seen, String> {
        let began = Instant::now();
        let now = Time::from_millis(time_ms);
        let mut objects = self.eye.look(now, picture)?;
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
