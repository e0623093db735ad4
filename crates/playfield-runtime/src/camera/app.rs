//! The edge app of a camera: told of each picture, kept within what it declared, started again when it fails.
//!
//! ```text
//!   Host --View, if the last one is done--> Desk (a thread of its own): App -> WasmApp, or Apart -> a process of its own
//!        <-------- reports, lines ---------
//! ```
//!
//! An app has a thread of its own, so that one that takes its time delays neither pictures nor counts: a picture that comes while it
//! is busy passes it by. That is also so that the times of what leaves the camera do not tell what the app wants them to tell; what it
//! says leaves with the next picture.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use playfield_core::app::{AppState, AppStatus, Budget, Emitted, Manifest, Package, Restarts, Schema, coarse};
use playfield_core::camera::{AppModule, Camera, Report};
use playfield_core::time::Time;
use playfield_core::upload::Upload;

use super::apart::Apart;
use crate::process::Link;
use crate::wasm::{AitriosApp, AppRules, AppTick, Dialect, Engine, Module, Options, STACK, View, WasmApp, read_facts};
use crate::{GuestError, Tracking};

/// Most lines of an app's log for a picture, and longest one, in bytes.
const MOST_LINES: usize = 10;
const MOST_LINE: usize = 512;
/// How often it is told how many bytes it sent.
const BYTES_TOLD: Duration = Duration::from_secs(10);

/// What an app is, and what its camera lets it have.
#[derive(Clone, Debug)]
pub struct AppSetting {
    /// What whoever made it says about it.
    pub manifest: Manifest,
    /// Names of the model's classes.
    pub labels: Vec<String>,
    /// The model's name.
    pub model: String,
    /// Its settings, as JSON.
    pub config: String,
    /// Whether the camera lets it see pixels.
    pub pixels: bool,
    /// Pictures a second that the camera looks at.
    pub hz: u16,
}

/// What came of a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// What leaves the camera.
    pub reports: Vec<Report>,
    /// What stays on its device: lines of the app's log, and what it failed of.
    pub lines: Vec<String>,
    /// What it wants of its worker.
    pub wants: Option<Wants>,
    /// Files that it uploads, for whoever was let have them.
    pub uploads: Vec<Upload>,
}

/// What an app that has a process of its own wants of its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// The process, for so many MiB of memory.
    Process(u32),
    /// That it be ended, if it has not, and how it was.
    End,
}

/// What runs.
pub(super) enum Code {
    /// A module, in this process.
    Here(Module),
    /// One that runs in a process of its own, which the worker starts.
    Apart,
}

impl Code {
    fn dialect(&self) -> Dialect {
        match self {
            Code::Here(module) => module.facts().dialect,
            Code::Apart => Dialect::Aitrios,
        }
    }
}

/// An app that runs, of either kind.
enum Running {
    Ours(Box<WasmApp>),
    /// Of AITRIOS, in this process: for tools and tests.
    Aitrios(AitriosApp),
    Apart(Box<Apart>),
}

impl Running {
    fn open(module: &Module, rules: AppRules) -> Result<Running, GuestError> {
        match module.facts().dialect {
            Dialect::Aitrios => module.open_aitrios(rules).map(Running::Aitrios),
            _ => module.open_app(rules).map(Box::new).map(Running::Ours),
        }
    }

    fn see(&mut self, view: View) -> Result<AppTick, GuestError> {
        match self {
            Running::Ours(app) => app.see(view),
            Running::Aitrios(app) => app.see(view),
            Running::Apart(app) => app.see(view),
        }
    }

    fn said(&mut self) -> AppTick {
        match self {
            Running::Ours(app) => app.said(),
            Running::Aitrios(app) => app.said(),
            Running::Apart(app) => app.said(),
        }
    }

    fn budget(&self) -> Option<Budget> {
        match self {
            Running::Ours(app) => app.budget(),
            Running::Aitrios(app) => Some(app.budget()),
            Running::Apart(app) => Some(app.budget()),
        }
    }

    fn was_refused_memory(&self) -> bool {
        match self {
            Running::Ours(app) => app.was_refused_memory(),
            Running::Aitrios(app) => app.was_refused_memory(),
            Running::Apart(app) => app.was_refused_memory(),
        }
    }

    fn take_log(&mut self) -> Vec<String> {
        match self {
            Running::Ours(app) => app.take_log(),
            Running::Aitrios(app) => app.take_log(),
            Running::Apart(app) => app.take_log(),
        }
    }
}

/// An app, whether it runs just now or not.
pub struct App {
    code: Code,
    /// A process that waits for it.
    process: Option<Link>,
    /// It asked for one.
    asked: bool,
    setting: AppSetting,
    schema: Schema,
    budget: Budget,
    restarts: Restarts,
    running: Option<Running>,
    pub(super) status: AppStatus,
    /// How often it was refused in all.
    refused: u64,
    /// Files that it uploaded and that were not said to be kept or not; and those of them from before it was started again.
    unsettled: usize,
    stale: usize,
    told: Option<(Time, AppStatus)>,
}

impl App {
    /// An app that starts with the next picture.
    pub fn new(module: Module, setting: AppSetting) -> Result<App, String> {
        App::with(Code::Here(module), setting)
    }

    pub(super) fn with(code: Code, setting: AppSetting) -> Result<App, String> {
        let schema = setting.manifest.schema().map_err(|error| error.to_string())?;
        let status = status(&setting.manifest, code.dialect());
        let budget = Budget::new(setting.manifest.output.bytes_per_minute);
        let restarts = Restarts::default();
        Ok(App {
            code,
            process: None,
            asked: false,
            setting,
            schema,
            budget,
            restarts,
            running: None,
            status,
            refused: 0,
            unsettled: 0,
            stale: 0,
            told: None,
        })
    }

    /// Takes up what the worker says of its process.
    pub(super) fn hear(&mut self, what: ToDesk, made: &mut Made) {
        match what {
            ToDesk::See(_) => {}
            ToDesk::Process(socket) => self.process = Some(Link::new(socket)),
            ToDesk::NoProcess(why) => {
                made.lines.push(format!("{}: its process cannot be started: {why}", self.setting.manifest.id));
                self.asked = false;
            }
            ToDesk::Ended(memory, words) => {
                made.lines.extend(words.map(|words| format!("{}: its process {words}", self.setting.manifest.id)));
                if memory && self.status.state == AppState::Waiting {
                    self.status.detail = Some("its process took more memory than it may".to_owned());
                }
            }
        }
    }

    /// Whether it is given pixels.
    pub fn sees_pixels(&self) -> bool {
        self.setting.pixels && self.setting.manifest.pixels
    }

    /// Shows it a picture, if it runs or its time to start has come.
    pub fn see(&mut self, mut view: View) -> Made {
        let mut made = Made::default();
        let (now, time_ms) = (view.now, view.seen.metadata.time_ms);
        if !self.sees_pixels() {
            view.picture = None;
        }
        if !self.setting.manifest.tensors {
            view.tensors = None;
        }
        self.settle(&mut view.uploads.settled);
        self.start(now, &mut made);
        if let Some(mut running) = self.running.take() {
            let seen = running.see(view);
            let tick = seen.clone().unwrap_or_else(|_| running.said());
            self.take(&mut running, tick, time_ms, &mut made);
            match seen {
                Ok(tick) if tick.exited => self.status.state = AppState::Done,
                Ok(_) => self.running = Some(running),
                Err(error) => self.failed(now, &error, running.was_refused_memory(), &mut made),
            }
            if self.running.is_none() && matches!(self.code, Code::Apart) {
                made.wants = Some(Wants::End);
            }
        }
        self.tell(now, &mut made);
        made
    }

    /// Leaves what is news to the app that runs: not of what one before it uploaded.
    fn settle(&mut self, settled: &mut Vec<bool>) {
        self.unsettled = self.unsettled.saturating_sub(settled.len());
        if self.running.is_none() {
            return settled.clear();
        }
        let stale = self.stale.min(settled.len());
        self.stale -= stale;
        settled.drain(..stale);
    }

    fn start(&mut self, now: Time, made: &mut Made) {
        let waits = matches!(self.status.state, AppState::Starting | AppState::Waiting);
        if self.running.is_some() || !waits || !self.restarts.may_start(now) {
            return;
        }
        let process = self.process.take();
        if matches!(self.code, Code::Apart) && process.is_none() {
            if !std::mem::replace(&mut self.asked, true) {
                made.wants = Some(Wants::Process(self.setting.manifest.limits.memory_mb));
            }
            return;
        }
        self.asked = false;
        self.stale = self.unsettled;
        self.restarts.started(now);
        let rules = AppRules {
            schema: self.schema.clone(),
            budget: self.budget,
            labels: self.setting.labels.clone(),
            config: self.setting.config.clone(),
            memory_limit: self.setting.manifest.limits.memory(),
            tick: self.setting.manifest.limits.tick(),
            start_unix_ms: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
            model: self.setting.model.clone(),
            hz: self.setting.hz,
            raw_image: self.setting.manifest.raw_image,
        };
        let opened = match (&self.code, process) {
            (Code::Here(module), _) => Running::open(module, rules),
            (Code::Apart, Some(link)) => self.open_apart(link, rules),
            (Code::Apart, None) => return,
        };
        match opened {
            Ok(running) => {
                (self.status.state, self.status.detail) = (AppState::Running, None);
                self.running = Some(running);
            }
            Err(GuestError::BadModule(why)) => {
                (self.status.state, self.status.detail) = (AppState::Refused, Some(why));
            }
            Err(error) => self.failed(now, &error, matches!(error, GuestError::OutOfMemory { .. }), made),
        }
        if self.running.is_none() && matches!(self.code, Code::Apart) {
            made.wants = Some(Wants::End);
        }
    }

    fn open_apart(&self, link: Link, rules: AppRules) -> Result<Running, GuestError> {
        let output = serde_json::to_string(&self.setting.manifest.output);
        let output = output.map_err(|error| GuestError::BadModule(error.to_string()))?;
        Apart::open(link, rules, output).map(Box::new).map(Running::Apart)
    }

    /// What it said, and what stays here.
    fn take(&mut self, running: &mut Running, tick: AppTick, time_ms: u64, made: &mut Made) {
        self.budget = running.budget().unwrap_or(self.budget);
        self.status.bytes += tick.bytes;
        self.refused = self.refused.saturating_add(tick.refused);
        self.status.refused = coarse(self.refused);
        self.unsettled += tick.uploads.len();
        made.uploads.extend(tick.uploads);
        let app = &self.setting.manifest.id;
        let emitted = tick.emitted.into_iter().map(|value| Emitted { app: app.clone(), time_ms, value });
        made.reports.extend(emitted.map(Report::Emitted));
        made.lines.extend(running.take_log().into_iter().take(MOST_LINES).map(|mut line| {
            line.truncate(line.floor_char_boundary(MOST_LINE));
            format!("{app}: {line}")
        }));
    }

    /// It ended by a fault. What leaves of that is one of four sentences: the words of a fault are the app's to choose.
    fn failed(&mut self, now: Time, error: &GuestError, memory: bool, made: &mut Made) {
        self.restarts.ended(now);
        let limits = self.setting.manifest.limits;
        let detail = match error {
            _ if memory => format!("it needs more than its {} MiB of memory", limits.memory_mb),
            GuestError::Hung(_) if self.status.state != AppState::Running => "it did not start in time".to_owned(),
            GuestError::Hung(_) => format!("a picture took it longer than its {} ms", limits.tick_ms),
            _ => "it crashed".to_owned(),
        };
        made.lines.push(format!("{}: {error}", self.setting.manifest.id));
        (self.status.state, self.status.detail) = (AppState::Waiting, Some(detail));
        self.status.restarts = self.restarts.count();
    }

    /// How it does, where that is other than was told; of bytes alone not at once.
    fn tell(&mut self, now: Time, made: &mut Made) {
        let news = match &self.told {
            Some((at, told)) if now.since(*at) < BYTES_TOLD => {
                AppStatus { bytes: self.status.bytes, ..told.clone() } != self.status
            }
            Some((_, told)) => *told != self.status,
            None => true,
        };
        if news {
            made.reports.push(Report::App(self.status.clone()));
            self.told = Some((now, self.status.clone()));
        }
    }
}

fn read_manifest(folder: &Path) -> Result<Manifest, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("its folder cannot be read: {error}"))?;
    let names: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).map_err(|error| format!("its {file} cannot be read: {error}"))
    };
    Package::look(&names, read).map(|package| package.manifest)
}

fn status(manifest: &Manifest, dialect: Dialect) -> AppStatus {
    let (app, version) = (manifest.id.clone(), manifest.version.clone());
    AppStatus { app, version, dialect: dialect.name().to_owned(), ..AppStatus::default() }
}

/// What runs of a compiled module: one of AITRIOS's does so in a process of its own.
pub(super) fn code(compiled: &Path) -> Result<Code, String> {
    let facts = read_facts(compiled).map_err(|error| error.to_string())?;
    if facts.dialect == Dialect::Aitrios {
        return Ok(Code::Apart);
    }
    // It keeps no state that is saved, and starts seldom.
    let options = Options { tracking: Tracking::Compare, warm_after: Duration::MAX };
    let engine = Engine::with(options).map_err(|error| error.to_string())?;
    engine.load_file(compiled).map(Code::Here).map_err(|error| error.to_string())
}

/// The place of an app beside its camera's pictures.
pub(super) struct Desk {
    /// Whether it may be shown pixels.
    pub pixels: bool,
    /// Whether it wants what the model made of a picture.
    pub tensors: bool,
    to: SyncSender<ToDesk>,
    made: Receiver<Made>,
    busy: bool,
}

/// What an app's thread is told.
pub(super) enum ToDesk {
    /// A picture.
    See(Box<View>),
    /// Its process was started.
    Process(OwnedFd),
    /// It could not be, and why.
    NoProcess(String),
    /// How its process ended: whether it was for memory, and in words, unless it was well.
    Ended(bool, Option<String>),
}

impl Desk {
    /// Opens a camera's app. An app that cannot be run is said so, once, and the camera goes on without it.
    pub(super) fn open(camera: &Camera, model: &str, labels: &[String]) -> Result<Option<Desk>, AppStatus> {
        let Some(app) = &camera.app else { return Ok(None) };
        let asked = camera.desired.app.clone().unwrap_or_default();
        let refused = |detail: String| AppStatus {
            app: asked.clone(),
            state: AppState::Refused,
            detail: Some(detail),
            ..AppStatus::default()
        };
        let compiled = match &app.module {
            Some(AppModule::Compiled(path)) => path,
            Some(AppModule::Refused(why)) => return Err(refused(why.clone())),
            None => return Err(refused("it was not compiled".to_owned())),
        };
        let opened = read_manifest(&app.folder).and_then(|manifest| {
            let config = serde_json::to_string(&camera.desired.app_config).map_err(|error| error.to_string())?;
            let pixels = camera.desired.app_pixels;
            let (labels, model, hz) = (labels.to_vec(), model.to_owned(), camera.desired.hz);
            let setting = AppSetting { manifest, labels, model, config, pixels, hz };
            Desk::start(code(compiled)?, setting)
        });
        opened.map(Some).map_err(refused)
    }

    fn start(code: Code, setting: AppSetting) -> Result<Desk, String> {
        let mut app = App::with(code, setting)?;
        let (pixels, tensors) = (app.sees_pixels(), app.setting.manifest.tensors);
        // A picture, and what is said of its process: that is two words for each that it asked for.
        let (to, told) = sync_channel::<ToDesk>(4);
        let (make, made) = sync_channel(1);
        let work = move || {
            let mut heard = Made::default();
            while let Ok(what) = told.recv() {
                let ToDesk::See(view) = what else {
                    app.hear(what, &mut heard);
                    continue;
                };
                let mut made = app.see(*view);
                made.lines.splice(0..0, std::mem::take(&mut heard.lines));
                if make.send(made).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("app".to_owned()).stack_size(STACK).spawn(work);
        thread.map_err(|error| format!("there is no thread for it: {error}"))?;
        Ok(Desk { pixels, tensors, to, made, busy: false })
    }

    /// Tells it what the worker says of its process. One that does not fit in is one that nobody asked for.
    pub(super) fn tell(&mut self, what: ToDesk) {
        let _ = self.to.try_send(what);
    }

    /// What came of the picture before; then whether the next one may come.
    pub(super) fn take(&mut self) -> Option<Made> {
        match self.made.try_recv() {
            Ok(made) => {
                self.busy = false;
                Some(made)
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }

    /// Shows it a picture, unless it is busy with another. False: it is.
    pub(super) fn show(&mut self, view: impl FnOnce() -> View) -> bool {
        let shown = !self.busy && self.to.try_send(ToDesk::See(Box::new(view()))).is_ok();
        self.busy |= shown;
        shown
    }
}
