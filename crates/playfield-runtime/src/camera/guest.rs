//! A camera as a [`Guest`]: the worker's side.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use playfield_core::camera::Report;
use playfield_core::dataset::Found;
use playfield_core::frame::{Damage, MAX_HEIGHT, MAX_WIDTH, Picture, PixelFormat};
use playfield_core::input::TickInput;
use playfield_core::upload::Ask;

use super::apart::Keeper;
use super::intake::Intake;
use super::words::{FromCamera, Opening, PICTURE, SHARED_LEN, ToCamera};
use crate::confine::resident;
use crate::process::{End, LinkError, Process, Shared, Watcher};
use crate::{Guest, GuestError, GuestEvent, LogLevel, Snapshot, Tick, Wake};

/// How long it may take until the camera is at work.
const STARTS: Duration = Duration::from_secs(30);
/// How long a process that let go of its end may take to end.
const ENDS: Duration = Duration::from_millis(500);
/// A camera that says nothing for so long is stuck: it says how it does every ten seconds.
const SILENT: Duration = Duration::from_secs(30);
/// How often it is looked whether its process takes too much memory.
const LOOK: Duration = Duration::from_millis(500);
/// How a process ends that was refused memory, and what it says then.
const ABORT: i32 = 6;
const NO_MEMORY: &str = "memory allocation of";

/// A camera in a process of its own.
pub struct CameraGuest {
    process: Process,
    shared: Shared,
    hz: u16,
    ticks: u64,
    picture: Picture,
    events: Vec<GuestEvent>,
    heard: Instant,
    memory_limit: u64,
    look_at: Instant,
    shown: bool,
    watcher: Option<Watcher>,
    intake: Option<Intake>,
    /// Ended after the camera's own process, which its app then knows of.
    app: Keeper,
}

impl CameraGuest {
    /// Starts `program guest camera` and lets it begin.
    pub fn open(program: &Path, mut opening: Opening, hz: u16) -> Result<CameraGuest, GuestError> {
        let failed =
            |error: &dyn std::fmt::Display| GuestError::BadModule(format!("its process does not start: {error}"));
        let shared = Shared::create(SHARED_LEN).map_err(|error| failed(&error))?;
        let mut process = Process::start(program, "camera").map_err(|error| failed(&error))?;
        let memory_limit = opening.rules.memory_limit;
        let intake = opening.fed.then(Intake::pair).transpose().map_err(|error| failed(&error))?;
        let app = Keeper::new(program, opening.app.take());
        let open = ToCamera::Open(Box::new(opening));
        process.link().send_with(&open, Some(shared.file())).map_err(|error| failed(&error))?;
        let intake = match intake {
            Some((ours, theirs)) => {
                let sent = process.link().send_with(&ToCamera::Fed, Some(theirs.as_fd()));
                sent.map_err(|error| failed(&error))?;
                Some(ours)
            }
            None => None,
        };
        let now = Instant::now();
        let mut guest = CameraGuest {
            process,
            shared,
            hz: hz.max(1),
            ticks: 0,
            picture: Picture::black(16, 16, PixelFormat::Rgba8),
            events: Vec::new(),
            heard: now,
            memory_limit,
            look_at: now,
            shown: false,
            watcher: None,
            intake,
            app,
        };
        loop {
            match guest.process.link().receive(Some(STARTS)) {
                Ok(FromCamera::Opened) => return Ok(guest),
                Ok(FromCamera::Failed(why)) => return Err(GuestError::BadModule(why)),
                Ok(FromCamera::Log(line)) => guest.log(LogLevel::Warn, line),
                Ok(_) => {}
                Err(error) => return Err(guest.lost(&error, "starting")),
            }
        }
    }

    fn log(&mut self, level: LogLevel, line: String) {
        self.events.push(GuestEvent::Log { level, line });
    }

    /// Everything that its process said since the last call.
    fn hear(&mut self) -> Result<Damage, GuestError> {
        let mut damage = Damage::None;
        loop {
            match self.process.link().receive(Some(Duration::ZERO)) {
                Ok(FromCamera::Report(json)) => self.take_report(&json)?,
                Ok(FromCamera::Picture(width, height)) => {
                    let mut picture = std::mem::replace(&mut self.picture, Picture::black(1, 1, PixelFormat::Rgba8));
                    self.copy_picture(width, height, &mut picture)?;
                    self.picture = picture;
                    self.ticks += 1;
                    damage = Damage::All;
                }
                Ok(FromCamera::Sample(width, height, found)) => self.take_sample(width, height, &found)?,
                Ok(FromCamera::Upload(piece)) => self.events.push(GuestEvent::Upload(piece.map(Box::new))),
                Ok(FromCamera::Log(line)) => self.log(LogLevel::Warn, line),
                Ok(FromCamera::Said(line)) => self.log(LogLevel::Info, line),
                Ok(FromCamera::StartApp(memory_mb)) => self.start_app(memory_mb),
                Ok(FromCamera::EndApp) => {
                    let (memory, words) = self.app.ended();
                    // If it is gone, that is noticed next.
                    let _ = self.process.link().send(&ToCamera::AppEnded(memory, words));
                }
                Ok(FromCamera::Opened | FromCamera::Failed(_)) => {}
                Err(LinkError::Late) => return Ok(damage),
                Err(error) => return Err(self.lost(&error, "a picture")),
            }
            self.heard = Instant::now();
        }
    }

    fn start_app(&mut self, memory_mb: u32) {
        // If the camera is gone, that is noticed next.
        let _ = match self.app.start(memory_mb) {
            Ok(socket) => self.process.link().send_with(&ToCamera::App, Some(socket.as_fd())),
            Err(error) => self.process.link().send(&ToCamera::NoApp(error.to_string())),
        };
    }

    fn take_report(&mut self, json: &str) -> Result<(), GuestError> {
        let report: Report = serde_json::from_str(json)
            .map_err(|error| GuestError::Trap(format!("its process says what is no report: {error}")))?;
        self.events.push(GuestEvent::Camera(Box::new(report)));
        Ok(())
    }

    /// Copies the picture that is there.
    fn copy_picture(&mut self, width: u16, height: u16, into: &mut Picture) -> Result<(), GuestError> {
        if !(1..=MAX_WIDTH).contains(&width) || !(1..=MAX_HEIGHT).contains(&height) {
            return Err(GuestError::Trap("its process shows what is no picture".to_owned()));
        }
        if (into.width, into.height) != (width, height) {
            *into = Picture::black(width, height, PixelFormat::Rgba8);
        }
        // The length of the shared memory was checked when it was made.
        let _ = self.shared.read(PICTURE, &mut into.pixels);
        // If it is gone, that is noticed next.
        let _ = self.process.link().send(&ToCamera::Taken);
        Ok(())
    }

    fn take_sample(&mut self, width: u16, height: u16, found: &str) -> Result<(), GuestError> {
        let found: Found = serde_json::from_str(found)
            .map_err(|error| GuestError::Trap(format!("its process says what was not found: {error}")))?;
        let mut picture = Picture::black(1, 1, PixelFormat::Rgba8);
        self.copy_picture(width, height, &mut picture)?;
        self.events.push(GuestEvent::Sample(Box::new((picture, found))));
        Ok(())
    }

    fn watch(&mut self) -> Result<(), GuestError> {
        let now = Instant::now();
        if now.duration_since(self.heard) > SILENT {
            return Err(GuestError::Hung("a picture"));
        }
        let look = now >= self.look_at;
        let events = &mut self.events;
        self.app.watch(look, |line| {
            events.push(GuestEvent::Log { level: LogLevel::Info, line: line.to_owned() });
        });
        if !look {
            return Ok(());
        }
        self.look_at = now + LOOK;
        match resident(self.process.id()) {
            Some(bytes) if bytes > self.memory_limit => {
                Err(GuestError::OutOfMemory { limit_mb: self.memory_limit >> 20 })
            }
            _ => Ok(()),
        }
    }

    /// Why nothing comes any more.
    fn lost(&mut self, error: &LinkError, what: &'static str) -> GuestError {
        match error {
            LinkError::Late => GuestError::Hung(what),
            LinkError::Closed => {
                let end = self.process.end(ENDS);
                let said = self.process.last_words();
                if end == Some(End::Signal(ABORT)) && said.contains(NO_MEMORY) {
                    return GuestError::OutOfMemory { limit_mb: self.memory_limit >> 20 };
                }
                let words = end.map_or_else(|| "hung".to_owned(), |end| end.words());
                let said = if said.is_empty() { said } else { format!("; it last said: {said}") };
                GuestError::Trap(format!("its process {words}{said}"))
            }
            error => GuestError::Trap(format!("its process cannot be spoken to: {error}")),
        }
    }
}

impl Guest for CameraGuest {
    fn tick_hz(&self) -> u16 {
        self.hz
    }

    fn runs_free(&self) -> bool {
        true
    }

    fn wake_by(&mut self, wake: Wake) {
        match Watcher::start(self.process.link().socket(), wake) {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => self.log(LogLevel::Error, format!("a camera's reports are not noticed: {error}")),
        }
    }

    fn sample(&mut self) -> bool {
        // If it is gone, that is noticed at the next tick.
        let _ = self.process.link().send(&ToCamera::Sample);
        true
    }

    fn upload(&mut self, ask: Ask) -> bool {
        // If it is gone, that is noticed at the next tick.
        let _ = self.process.link().send(&ToCamera::Upload(ask));
        true
    }

    fn take_intake(&mut self) -> Option<Intake> {
        self.intake.take()
    }

    fn set_live(&mut self, live: bool) {
        // If it is gone, that is noticed at the next tick.
        let _ = self.process.link().send(&ToCamera::Live(live));
    }

    fn patience(&self) -> Option<Duration> {
        Some(LOOK)
    }

    /// A camera that nobody looks at keeps its pictures, and goes on.
    fn pause(&mut self, paused: bool) {
        if std::mem::replace(&mut self.shown, !paused) == paused {
            // If it is gone, that is noticed at the next tick.
            let _ = self.process.link().send(&ToCamera::Show(!paused));
        }
    }

    fn tick(&mut self, _input: &TickInput) -> Result<Tick, GuestError> {
        let damage = self.hear()?;
        self.process.lines(|line| {
            self.events.push(GuestEvent::Log { level: LogLevel::Info, line: line.to_owned() });
        });
        self.watch()?;
        Ok(Tick { damage, exited: false })
    }

    fn tick_count(&self) -> u64 {
        self.ticks
    }

    fn picture(&self) -> &Picture {
        &self.picture
    }

    fn audio(&self) -> &[i16] {
        &[]
    }

    fn take_events(&mut self, into: &mut Vec<GuestEvent>) {
        into.append(&mut self.events);
    }

    fn finish(&mut self) {
        // If it is gone, it is finished.
        let _ = self.process.link().send(&ToCamera::Finish);
    }

    fn snapshots(&self) -> Result<(), GuestError> {
        Err(GuestError::NoSnapshot("it is a camera, and what it sees does not come back".to_owned()))
    }

    fn snapshot(&mut self, _into: &mut Snapshot) -> Result<(), GuestError> {
        self.snapshots()
    }

    fn restore(&mut self, _from: &Snapshot) -> Result<(), GuestError> {
        self.snapshots()
    }
}
