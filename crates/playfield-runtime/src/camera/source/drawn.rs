//! A street that is drawn.

use std::time::{Duration, Instant};

use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::scene::{Scene, SceneConfig};

use super::{NoPicture, Source};

/// Width and height of a drawn street.
const DRAWN: (u16, u16) = (640, 360);

/// A street that is drawn.
pub(super) struct Drawn {
    scene: Scene,
    hz: u64,
    began: Instant,
    frame: u64,
}

impl Drawn {
    pub fn new(seed: Option<u64>, hz: u16) -> Drawn {
        let scene = seed.map_or_else(Scene::street, |seed| Scene::new(seed, SceneConfig::default()));
        Drawn { scene, hz: u64::from(hz.max(1)), began: Instant::now(), frame: 0 }
    }
}

impl Source for Drawn {
    fn due(&self) -> Instant {
        self.began + Duration::from_micros(self.frame * 1_000_000 / self.hz)
    }

    fn take(&mut self, into: &mut Picture) -> Result<u64, NoPicture> {
        // Whoever is late gets the picture of now.
        let now = self.began.elapsed().as_micros() as u64 * self.hz / 1_000_000;
        self.frame = self.frame.max(now);
        let (width, height) = DRAWN;
        if (into.width, into.height, into.format) != (width, height, PixelFormat::Rgba8) {
            *into = Picture::black(width, height, PixelFormat::Rgba8);
        }
        self.scene.draw(self.frame * 1_000 / self.hz, &mut into.pixels, width, height);
        self.frame += 1;
        Ok(self.frame)
    }

    fn reopen(&mut self) -> Result<(), String> {
        Ok(())
    }
}
