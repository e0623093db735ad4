//! Where pictures come from.

use std::time::{Duration, Instant};

use playfield_core::camera::Source as Wanted;
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::scene::{Scene, SceneConfig};

/// Width and height of a drawn street.
const DRAWN: (u16, u16) = (640, 360);

/// A source of pictures.
pub trait Source: Send {
    /// When the next picture is there; before that nothing is to be asked.
    fn due(&self) -> Instant;

    /// Takes the next picture into `into`; returns its number. Gaps in numbers are pictures that came too late to be taken.
    fn take(&mut self, into: &mut Picture) -> Result<u64, String>;
}

/// Opens a source that makes so many pictures a second.
pub fn open(wanted: &Wanted, hz: u16) -> Result<Box<dyn Source>, String> {
    match wanted {
        Wanted::Scene { seed } => Ok(Box::new(Drawn::new(*seed, hz))),
    }
}

/// A street that is drawn.
struct Drawn {
    scene: Scene,
    hz: u64,
    began: Instant,
    frame: u64,
}

impl Drawn {
    fn new(seed: Option<u64>, hz: u16) -> Drawn {
        let scene = seed.map_or_else(Scene::street, |seed| Scene::new(seed, SceneConfig::default()));
        Drawn { scene, hz: u64::from(hz.max(1)), began: Instant::now(), frame: 0 }
    }
}

impl Source for Drawn {
    fn due(&self) -> Instant {
        self.began + Duration::from_micros(self.frame * 1_000_000 / self.hz)
    }

    fn take(&mut self, into: &mut Picture) -> Result<u64, String> {
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
}
