//! Keeps cameras at work as their twin says, with or without a link.
//!
//! A camera, as it is kept:
//!
//! ```text
//!   wanted --files are here--> starting --> at work --ended--> waiting --a while, longer each time--> starting
//!                ^                             |
//!                '---- another version --------'   the one before works on until the files of the next are here
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use playfield_core::api::{DeviceState, EndReason, SessionState};
use playfield_core::bus::{EVENTS, Event, Reply, Request, SessionSpec};
use playfield_core::camera::{Again, App, Camera, Report};
use playfield_core::id::{DeviceId, NodeId, SessionId};
use playfield_core::link::{CameraState, FromDevice, MOST_CAMERAS, Package, Twin, is_told};
use playfield_store::below::find_below;
use playfield_store::bus::{Bus, Subscription};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::packages::Packages;
use super::{Wanted, Ways, Word};

/// How often it is looked whether every camera is at work.
const LOOK: Duration = Duration::from_millis(500);
/// How long a camera may take to start, and to end.
const START: Duration = Duration::from_secs(60);
/// After files that could not be had they are asked for again.
const FILES_AGAIN: Duration = Duration::from_secs(30);
/// Work of one camera that may be done at once: it is one thing after the other.
const DONE: usize = 2 * MOST_CAMERAS;
/// How often an event is tried to be written, a second apart: a full disk may be cleared.
const TRIES: u32 = 5;
/// Most that look at one camera by a grant.
const SPECTATORS: u16 = 16;
/// Most events of one write to the disk.
const AT_ONCE: usize = 64;

/// The cameras of this machine.
pub(super) struct Keeper {
    path: PathBuf,
    bus: Bus,
    node: NodeId,
    ways: Arc<Ways>,
    packages: Packages,
    /// What cameras may read.
    allowed: Vec<PathBuf>,
    events: Subscription,
    cameras: Vec<Kept>,
    done: mpsc::Sender<Done>,
    finished: mpsc::Receiver<Done>,
    began: Instant,
}

/// A camera that is kept at work.
struct Kept {
    twin: Twin,
    /// What it is at work with.
    running: Option<Running>,
    again: Again,
    /// Files are fetched, or a session is opened or closed.
    busy: bool,
    /// The session is closed because we want it so.
    stopping: bool,
    /// Files of this version are here.
    ready: Option<(u32, Files)>,
    files_at: Option<Instant>,
    detail: Option<String>,
    refused: Option<(u32, String)>,
    live: bool,
    /// It is no more in the twin.
    leaving: bool,
}

struct Running {
    session: SessionId,
    version: u32,
    at_work: bool,
}

#[derive(Clone, Default)]
struct Files {
    model: Option<PathBuf>,
    shadow: Option<PathBuf>,
    source: Option<PathBuf>,
    app: Option<PathBuf>,
}

/// Work that is done.
enum Done {
    Files { device: DeviceId, version: u32, files: Result<Files, String> },
    Started { device: DeviceId, session: SessionId, started: Result<(), String> },
    Stopped { device: DeviceId },
}

impl Keeper {
    /// With what was to be done when the machine went down.
    pub(super) async fn open(
        folder: &Path,
        bus: Bus,
        node: NodeId,
        ways: Arc<Ways>,
        wants: mpsc::Sender<Wanted>,
        allowed: Vec<PathBuf>,
    ) -> io::Result<Keeper> {
        let path = folder.join("twin.json");
        let packages = Packages::open(folder.join("packages"), wants)?;
        let twin = match tokio::fs::read(&path).await {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::error!(%error, "what cameras were to do cannot be read; the control plane says it anew");
                Vec::new()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let (done, finished) = mpsc::channel(DONE);
        let events = bus.subscribe(EVENTS);
        let mut keeper = Keeper {
            path,
            bus,
            node,
            ways,
            packages,
            allowed,
            events,
            cameras: Vec::new(),
            done,
            finished,
            began: Instant::now(),
        };
        keeper.is_to_do(twin);
        Ok(keeper)
    }

    /// Never ends.
    pub(super) async fn keep(mut self, mut words: mpsc::Receiver<Word>) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut twin = self.ways.twin.subscribe();
        loop {
            tokio::select! {
                bytes = self.events.next() => match bytes {
                    Some(bytes) => self.hear(&bytes).await,
                    None => return,
                },
                Some(word) = words.recv() => match word {
                    Word::Live { device, live } => self.show(Some(&device), live),
                    Word::Alone => self.show(None, false),
                },
                Ok(()) = twin.changed() => {
                    let wanted = twin.borrow_and_update().clone();
                    if let Some(wanted) = wanted {
                        self.write_down(&wanted).await;
                        self.is_to_do(wanted);
                    }
                }
                Some(done) = self.finished.recv() => self.is_done(done),
                _ = look.tick() => {}
            }
            self.tend();
            self.tell_states();
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    /// What cameras are to do is on the disk before it is done.
    async fn write_down(&self, wanted: &[Twin]) {
        let Ok(bytes) = serde_json::to_vec(wanted) else { return };
        let half = self.path.with_extension("half");
        let written = async {
            use tokio::io::AsyncWriteExt;
            let mut file = tokio::fs::File::create(&half).await?;
            file.write_all(&bytes).await?;
            file.sync_all().await?;
            tokio::fs::rename(&half, &self.path).await
        };
        if let Err(error) = written.await {
            tracing::error!(%error, "what cameras are to do could not be written down; it is done all the same");
        }
    }

    fn is_to_do(&mut self, mut wanted: Vec<Twin>) {
        wanted.truncate(MOST_CAMERAS);
        let now = self.now();
        for camera in &mut self.cameras {
            camera.leaving = !wanted.iter().any(|twin| twin.device == camera.twin.device);
        }
        for twin in wanted {
            match self.cameras.iter_mut().find(|camera| camera.twin.device == twin.device) {
                Some(camera) if camera.twin == twin => {}
                Some(camera) => {
                    (camera.twin, camera.ready, camera.files_at, camera.refused) = (twin, None, None, None);
                    camera.again.anew(now);
                }
                None => self.cameras.push(Kept {
                    twin,
                    running: None,
                    again: Again::new(now),
                    busy: false,
                    stopping: false,
                    ready: None,
                    files_at: None,
                    detail: None,
                    refused: None,
                    live: false,
                    leaving: false,
                }),
            }
        }
    }

    /// Does the next thing for each camera.
    fn tend(&mut self) {
        self.cameras.retain(|camera| !camera.leaving || camera.busy || camera.running.is_some());
        let now = self.now();
        for nth in 0..self.cameras.len() {
            let camera = &self.cameras[nth];
            let version = camera.twin.version;
            let ready = camera.ready.as_ref().filter(|(of, _)| *of == version).map(|(_, files)| files.clone());
            if camera.busy {
                continue;
            }
            match (&camera.running, ready) {
                (Some(running), _) if camera.leaving => self.stop(nth, running.session.clone()),
                (Some(running), _) if running.version == version => {}
                (_, None) if camera.files_at.is_none_or(|at| at <= Instant::now()) && !camera.leaving => {
                    self.fetch(nth)
                }
                (Some(running), Some(_)) => self.stop(nth, running.session.clone()),
                (None, Some(files)) if camera.again.is_due(now) && !camera.leaving => self.start(nth, files),
                _ => {}
            }
        }
        if self.cameras.iter().all(|camera| !camera.busy && camera.ready.is_some()) {
            let needed: Vec<&Package> = self.cameras.iter().flat_map(|camera| camera.twin.packages()).collect();
            self.packages.keep_only(&needed);
        }
    }

    fn fetch(&mut self, nth: usize) {
        let (packages, allowed, done) = (self.packages.clone(), self.allowed.clone(), self.done.clone());
        let camera = &mut self.cameras[nth];
        camera.busy = true;
        let twin = camera.twin.clone();
        tokio::spawn(async move {
            let files = async {
                let here = async |package: &Option<Package>| match package {
                    Some(package) => packages.ensure(package).await.map(Some),
                    None => Ok(None),
                };
                let (model, shadow) = (here(&twin.model).await?, here(&twin.shadow).await?);
                let source = twin.desired.source.path().map(|path| find_below(&allowed, path)).transpose()?;
                Ok(Files { model, shadow, source, app: here(&twin.app).await? })
            };
            let files = files.await;
            // The keeper is gone with the program.
            let _ = done.send(Done::Files { device: twin.device, version: twin.version, files }).await;
        });
    }

    fn start(&mut self, nth: usize, files: Files) {
        let now = self.now();
        let (bus, node, done) = (self.bus.clone(), self.node.clone(), self.done.clone());
        let camera = &mut self.cameras[nth];
        let mut entropy = [0; 16];
        if getrandom::fill(&mut entropy).is_err() {
            return;
        }
        let session = SessionId::from_entropy(entropy);
        camera.busy = true;
        camera.again.began(now);
        camera.running = Some(Running { session: session.clone(), version: camera.twin.version, at_work: false });
        let twin = camera.twin.clone();
        let camera = Camera {
            desired: twin.desired,
            files: files.source,
            model: files.model,
            shadow: files.shadow,
            app: files.app.map(|folder| App { folder, module: None }),
            onnxruntime: None,
        };
        let start_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as u64);
        let spec = SessionSpec::camera(session.clone(), &twin.name, camera, start_ms, SPECTATORS);
        tokio::spawn(async move {
            let request = Request::Start { spec: Box::new(spec), attach: None };
            let started = match bus.ask(&node, &request, START).await {
                Ok(Reply::Started { .. }) => Ok(()),
                Ok(Reply::Refused { detail, .. }) => Err(detail),
                Ok(other) => Err(format!("the node answered {other:?}")),
                Err(error) => Err(error.to_string()),
            };
            let _ = done.send(Done::Started { device: twin.device, session, started }).await;
        });
    }

    fn stop(&mut self, nth: usize, session: SessionId) {
        let (bus, node, done) = (self.bus.clone(), self.node.clone(), self.done.clone());
        let camera = &mut self.cameras[nth];
        (camera.busy, camera.stopping) = (true, true);
        let device = camera.twin.device.clone();
        tokio::spawn(async move {
            let request = Request::Stop { session, reason: EndReason::ApiTerminated };
            // If it is gone already, all the better.
            let _ = bus.ask(&node, &request, START).await;
            let _ = done.send(Done::Stopped { device }).await;
        });
    }

    fn is_done(&mut self, done: Done) {
        let now = self.now();
        let (Done::Files { device, .. } | Done::Started { device, .. } | Done::Stopped { device }) = &done;
        let Some(camera) = self.cameras.iter_mut().find(|camera| camera.twin.device == *device) else { return };
        camera.busy = false;
        match done {
            Done::Files { version, files: Ok(files), .. } => {
                (camera.ready, camera.refused) = (Some((version, files)), None);
            }
            Done::Files { version, files: Err(why), .. } => {
                tracing::warn!(device = %camera.twin.device, version, why, "a new version is not here");
                camera.files_at = Some(Instant::now() + FILES_AGAIN);
                if version == camera.twin.version {
                    camera.refused = Some((version, why));
                }
            }
            // One that ended before its start was told of is started again.
            Done::Started { started: Ok(()), .. } if camera.running.is_none() => {}
            Done::Started { started: Ok(()), .. } => {
                if let Some(running) = &mut camera.running {
                    running.at_work = true;
                }
                camera.detail = None;
                tracing::info!(device = %camera.twin.device, version = camera.twin.version, "a camera is at work");
                if camera.live {
                    self.show_again();
                }
            }
            Done::Started { session, started: Err(why), .. } => {
                if camera.running.as_ref().is_some_and(|running| running.session == session) {
                    camera.failed(why, now);
                }
            }
            Done::Stopped { .. } => {
                (camera.running, camera.stopping) = (None, false);
                camera.again.anew(now);
            }
        }
    }

    async fn hear(&mut self, bytes: &[u8]) {
        let mut kept = Vec::new();
        self.hear_one(bytes, &mut kept);
        // What waits is written at once: a write to the disk is dear, and one more event in it is not.
        while kept.len() < AT_ONCE {
            let Some(bytes) = self.events.try_next() else { break };
            self.hear_one(&bytes, &mut kept);
        }
        self.keep_events(kept).await;
    }

    fn hear_one(&mut self, bytes: &[u8], kept: &mut Vec<String>) {
        let now = self.now();
        let event: Event = match self.events.read(bytes) {
            Ok(event) => event,
            Err(error) => return tracing::error!(%error, "this machine's node said something that is no event"),
        };
        match event {
            Event::Camera { session, report } => {
                let Some(device) = self.of(&session).map(|camera| camera.twin.device.clone()) else { return };
                self.camera_said(device, report, kept);
            }
            Event::State { session, state, detail, .. } => {
                let Some(camera) = self.of(&session) else { return };
                if state.is_final() && !camera.stopping {
                    camera.failed(detail.unwrap_or_else(|| "it ended".to_owned()), now);
                } else if state == SessionState::Active
                    && let Some(running) = &mut camera.running
                {
                    running.at_work = true;
                }
            }
            Event::Resumed { .. } | Event::Stored { .. } | Event::People { .. } | Event::Receipt { .. } => {}
        }
    }

    fn camera_said(&mut self, device: DeviceId, report: Box<Report>, kept: &mut Vec<String>) {
        if is_told(&report) {
            match serde_json::to_string(&(&device, &report)) {
                Ok(event) => kept.push(event),
                Err(error) => tracing::error!(%error, "an event cannot be written"),
            }
        } else {
            // Whoever is behind misses some of how things are, and is told anew.
            let _ = self.ways.now.try_send(FromDevice::Now { device, report });
        }
    }

    async fn keep_events(&self, events: Vec<String>) {
        if events.is_empty() {
            return;
        }
        for again in 1..=TRIES {
            match self.ways.journal.append(events.clone()).await {
                Ok(newest) => {
                    self.ways.newest.send_replace(newest);
                    return;
                }
                Err(error) => tracing::error!(%error, again, "what cameras told could not be written down"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tracing::error!(events = events.len(), "what cameras told is lost: the disk takes nothing");
    }

    fn of(&mut self, session: &SessionId) -> Option<&mut Kept> {
        let is_it = |camera: &&mut Kept| camera.running.as_ref().is_some_and(|running| running.session == *session);
        self.cameras.iter_mut().find(is_it)
    }

    /// Tells one camera, or all, whether somebody looks.
    fn show(&mut self, device: Option<&DeviceId>, live: bool) {
        for camera in &mut self.cameras {
            if device.is_none_or(|device| camera.twin.device == *device) && camera.live != live {
                camera.live = live;
                tell_live(&self.bus, &self.node, camera);
            }
        }
    }

    fn show_again(&self) {
        let shown = self.cameras.iter().filter(|camera| camera.live);
        shown.for_each(|camera| tell_live(&self.bus, &self.node, camera));
    }

    fn tell_states(&self) {
        let states: Vec<_> = self.cameras.iter().filter(|camera| !camera.leaving).map(Kept::state).collect();
        self.ways.states.send_if_modified(|known| {
            let changed = *known != states;
            *known = states;
            changed
        });
    }
}

impl Kept {
    fn failed(&mut self, why: String, now_ms: u64) {
        tracing::warn!(device = %self.twin.device, why, "a camera does not work; it is started again");
        (self.running, self.detail) = (None, Some(why));
        self.again.failed(now_ms);
    }

    fn state(&self) -> CameraState {
        let at_work = self.running.as_ref().filter(|running| running.at_work);
        let refused = self.refused.as_ref().map(|(version, _)| *version);
        let why = self.refused.as_ref().map(|(_, why)| why.clone());
        CameraState {
            device: self.twin.device.clone(),
            state: match (at_work, &self.detail) {
                (Some(_), _) => DeviceState::Online,
                (None, Some(_)) => DeviceState::Broken,
                (None, None) if refused.is_some() => DeviceState::Broken,
                (None, None) => DeviceState::Starting,
            },
            version: self.running.as_ref().map_or(self.twin.version, |running| running.version),
            session: at_work.map(|running| running.session.clone()),
            detail: why.or_else(|| self.detail.clone()),
            refused,
        }
    }
}

fn tell_live(bus: &Bus, node: &NodeId, camera: &Kept) {
    let Some(running) = &camera.running else { return };
    let (bus, node) = (bus.clone(), node.clone());
    let request = Request::Live { session: running.session.clone(), live: camera.live };
    tokio::spawn(async move {
        // One that is gone is started again, and told then.
        let _ = bus.ask(&node, &request, START).await;
    });
}
