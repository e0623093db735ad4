//! Cameras on the network and of browsers: a thread each takes their coded pictures and passes them on to the camera's process, unseen.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use playfield_core::camera::{CameraUrl, Coding};
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

/// What a camera says to whoever looks after it while nobody sends it pictures.
const NOBODY: &str = "nobody's browser is open as this camera; open its link on the phone or computer that is to be it";
/// Pictures of a browser that may wait for the thread that passes them on, and their bytes.
const MOST_WAITING: usize = 32;
const MOST_BYTES: usize = 8 << 20;
/// How often that thread looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(200);

/// The way of a browser's pictures to a camera's process. What it has no room for is left out: the network thread waits for nobody.
#[derive(Debug)]
pub(crate) struct Browser {
    queue: SyncSender<Brought>,
    state: Arc<Waiting>,
    /// Something was left out: until a picture stands alone, none is of use.
    lacks: bool,
}

/// What both threads know.
#[derive(Debug, Default)]
struct Waiting {
    bytes: AtomicUsize,
    /// A picture that stands alone is wanted.
    wants_key: AtomicBool,
}

/// What a browser brought.
enum Brought {
    Unit {
        key: bool,
        data: Vec<u8>,
    },
    /// It is gone.
    Rest,
}

impl Browser {
    /// Passes on what comes, until this is dropped, or the camera's process is gone.
    pub(crate) fn start(intake: Intake) -> io::Result<Browser> {
        let (queue, brought) = sync_channel(MOST_WAITING);
        let state = Arc::new(Waiting::default());
        let theirs = Arc::clone(&state);
        let work = move || pass_on(intake, &brought, &theirs);
        std::thread::Builder::new().name("camera-browser".to_owned()).spawn(work)?;
        Ok(Browser { queue, state, lacks: false })
    }

    /// A picture came; whether the next one is to stand alone.
    pub(crate) fn unit(&mut self, key: bool, data: Vec<u8>) -> bool {
        if key || !self.lacks {
            let bytes = data.len();
            let has_room = self.state.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= MOST_BYTES;
            self.lacks = !has_room || self.queue.try_send(Brought::Unit { key, data }).is_err();
            if self.lacks {
                self.state.bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
        }
        self.state.wants_key.swap(false, Ordering::Relaxed) || self.lacks
    }

    /// Nobody brings any more.
    pub(crate) fn rest(&mut self) {
        // Where too much waits that the thread is behind, it is told with the next one who comes and goes.
        self.lacks = self.queue.try_send(Brought::Rest).is_err();
    }
}

fn pass_on(mut intake: Intake, brought: &Receiver<Brought>, state: &Waiting) {
    let mut rests = true;
    intake.rest(NOBODY);
    loop {
        match brought.recv_timeout(LOOK) {
            Ok(Brought::Unit { key, data }) => {
                rests = false;
                if !intake.unit(Coding::H264, key, &data) {
                    state.wants_key.store(true, Ordering::Relaxed);
                }
                state.bytes.fetch_sub(data.len(), Ordering::Relaxed);
            }
            Ok(Brought::Rest) => {
                rests = true;
                intake.rest(NOBODY);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        match intake.again() {
            Some(false) => {}
            Some(true) if rests => intake.rest(NOBODY),
            Some(true) => state.wants_key.store(true, Ordering::Relaxed),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_thread_waits_for_no_camera_and_what_is_left_out_is_made_up_for() {
        let (intake, camera) = Intake::pair().unwrap();
        let mut browser = Browser::start(intake).unwrap();
        let large = vec![1; 1 << 20];
        // Nobody reads at the other end.
        let wants_key = (0..100).any(|n| browser.unit(n == 0, large.clone()));
        assert!(wants_key);
        assert!(browser.state.bytes.load(Ordering::Relaxed) <= MOST_BYTES);
        assert!(browser.unit(false, vec![2]), "what refers to it is left out as well");
        drop(camera);
        // A camera that is gone costs nothing.
        browser.unit(true, vec![3]);
        browser.rest();
    }
}
