//! A model beside the camera's own: it looks at the same pictures, and is compared. What it finds counts nowhere.

use std::path::Path;
use std::time::{Duration, Instant};

use playfield_core::camera::Shadow;
use playfield_core::frame::Picture;
use playfield_core::metadata::{Object, Rect};
use playfield_core::time::Time;

use super::eye::Eye;
use crate::model::Engine;

/// The model beside.
pub(super) struct Beside {
    /// None: it does not run, and [`Shadow::trouble`] says why.
    eye: Option<Eye>,
    labels: Vec<String>,
    told: Shadow,
    /// It rests as long as it worked, so that the camera's own model has the processor for at least half of the time.
    rests_until: Instant,
}

impl Beside {
    /// Opens the model in a folder. One that cannot be run does not keep the camera from working.
    pub(super) fn open(folder: &Path, engine: &Engine, regions: &[Rect]) -> Beside {
        let (eye, told) = match Eye::open(Some(folder), engine, regions) {
            Ok(eye) => {
                let model = eye.name();
                (Some(eye), Shadow { model, ..Shadow::default() })
            }
            Err(trouble) => (None, Shadow { trouble: Some(trouble), ..Shadow::default() }),
        };
        let labels = eye.as_ref().map(Eye::labels).unwrap_or_default();
        Beside { eye, labels, told, rests_until: Instant::now() }
    }

    /// Looks at a picture in which the camera's own model found this, if it is not resting.
    pub(super) fn look(&mut self, now: Time, picture: &Picture, own: (&[Object], &[String])) {
        let began = Instant::now();
        let Some(eye) = self.eye.as_mut().filter(|_| began >= self.rests_until) else { return };
        match eye.look(now, picture, None) {
            Ok(found) => {
                let took = began.elapsed();
                self.told.compare(own, (&found, &self.labels));
                self.told.inference_us = settle(self.told.inference_us, took);
                self.told.trouble = None;
                self.rests_until = began + 2 * took;
            }
            Err(trouble) => self.told.trouble = Some(trouble),
        }
    }

    /// How far both agree.
    pub(super) fn told(&self) -> Shadow {
        self.told.clone()
    }
}

/// A running mean that forgets slowly.
fn settle(before_us: u32, took: Duration) -> u32 {
    let took = took.as_micros().min(u128::from(u32::MAX)) as u32;
    if before_us == 0 { took } else { (u64::from(before_us) * 15 / 16 + u64::from(took) / 16) as u32 }
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::PixelFormat;
    use playfield_core::scene::Scene;

    use super::*;

    #[test]
    fn a_model_beside_itself_agrees_with_itself() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/street");
        let rten = Engine::default();
        let (mut own, mut beside) = (Eye::open(Some(&folder), &rten, &[]).unwrap(), Beside::open(&folder, &rten, &[]));
        let (mut scene, mut picture) = (Scene::street(), Picture::black(640, 360, PixelFormat::Rgba8));
        let labels = own.labels();
        for nth in 0..8 {
            scene.draw(nth * 2_000, &mut picture.pixels, 640, 360);
            let found = own.look(Time::from_millis(nth), &picture, None).unwrap();
            beside.rests_until = Instant::now();
            beside.look(Time::from_millis(nth), &picture, (&found, &labels));
        }
        let told = beside.told();
        assert_eq!((told.pictures, told.differ, told.own, told.shadow), (8, 0, 0, 0));
        assert!(told.both > 8, "{told:?}");
        assert!(told.model.starts_with("street "));
    }

    #[test]
    fn one_that_is_not_there_says_so_and_looks_at_nothing() {
        let mut beside = Beside::open(Path::new("/nothing"), &Engine::default(), &[]);
        beside.look(Time::from_millis(0), &Picture::black(16, 16, PixelFormat::Rgba8), (&[], &[]));
        assert!(beside.told().trouble.unwrap().contains("model.toml"));
        assert_eq!(beside.told().pictures, 0);
    }
}
