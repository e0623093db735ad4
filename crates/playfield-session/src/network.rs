//! Cameras on the network: a thread each takes their coded pictures and passes them on to the camera's process, unseen.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;

use playfield_core::camera::CameraUrl;
use playfield_runtime::camera::Intake;
use playfield_transport::rtsp::{self, Media, RtspError, Sink, Unit, Wanted};

/// Takes what a camera on the network shows, until the process that it is for is gone.
pub fn take_camera(url: &CameraUrl, intake: Intake) -> io::Result<()> {
    let parts = url.parts().map_err(|problem| io::Error::new(io::ErrorKind::InvalidInput, problem))?;
    // Seeded by the system for each: a digest wants a number that was not there before.
    let own = RandomState::new().build_hasher().finish();
    let mut into = Into { intake, name: url.to_string() };
    std::thread::Builder::new().name("camera-rtsp".to_owned()).spawn(move || rtsp::run(parts, own, &mut into)).map(drop)
}

struct Into {
    intake: Intake,
    /// The URL as it may be told.
    name: String,
}

impl Sink for Into {
    fn unit(&mut self, unit: Unit) {
        // What is left out is said by who decodes.
        let _ = self.intake.unit(unit.coding, unit.key, &unit.data);
    }

    fn playing(&mut self, media: &Media) {
        tracing::info!(camera = self.name, coding = media.coding.name(), "a camera on the network gives pictures");
    }

    fn trouble(&mut self, error: &RtspError) {
        tracing::info!(camera = self.name, %error, "a camera on the network gives no pictures");
        self.intake.trouble(&format!("the camera at {}: {error}", self.name));
    }

    fn wanted(&mut self) -> Wanted {
        match self.intake.again() {
            Some(false) => Wanted::More,
            Some(true) => Wanted::Again,
            None => Wanted::Nothing,
        }
    }
}
