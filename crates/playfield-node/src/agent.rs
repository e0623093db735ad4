//! Answers the requests of the control plane: prepares the module, finds the worker, passes the question on.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use playfield_core::api::EndReason;
use playfield_core::app::{self, CAMERA, INFER, is_app, refuse_app, refuse_title};
use playfield_core::bus::{
    Attach, CAMERA_MEMORY_MB, CompileAnswer, CoreFiles, Missing, ModuleFacts, Refusal, Reply, Request, SessionSpec,
};
use playfield_core::camera::{self, AppModule};
use playfield_core::id::SessionId;
use playfield_core::manifest::{Kind, Libretro};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::compile::{Compiler, Work};
use crate::config::{JobLimits, Times};
use crate::cores::{Cores, Home};
use crate::job;
use crate::ledger::{NoPlace, Place};
use crate::programs;
use crate::worker::{Ask, Shared};

/// How long to wait for others' modules to be compiled before our own is.
const COMPILE_QUEUE: Duration = Duration::from_secs(30);

/// Names the files of guests that are only looked at.
const LOOK: &str = "look";

/// Workers that are asked to let a session go on before it is given up.
const RESUME_TRIES: u32 = 4;
/// Between two of these: by then the end of a worker is known.
const RESUME_PAUSE: Duration = Duration::from_millis(100);

/// On top of the time for draining: to kill what is left and to tell of it.
const DRAIN_SLACK: Duration = Duration::from_secs(1);

/// All that is needed to answer.
#[derive(Debug)]
pub(crate) struct Agent {
    pub ledger: Shared,
    pub workers: Vec<mpsc::Sender<Ask>>,
    pub compiler: Compiler,
    pub cores: Cores,
    pub sandbox: Missing,
    /// The library of ONNX Runtime, for models of cameras.
    pub onnxruntime: Option<PathBuf>,
    pub compile: JobLimits,
    pub program: PathBuf,
    pub cover: JobLimits,
    /// Covers and new models are nobody's first need: one at a time.
    pub cover_turn: Semaphore,
    pub times: Times,
    pub draining: Arc<watch::Sender<bool>>,
    /// Sessions whose module is being made ready, and the way to call that off.
    pub preparing: Mutex<HashMap<SessionId, oneshot::Sender<EndReason>>>,
    /// A permit for each worker, held until its supervisor ends.
    pub running: Arc<Semaphore>,
}

impl Agent {
    /// The reply to a request; within a bounded time.
    pub(crate) async fn answer(&self, request: Request) -> Reply {
        let stopping = *self.draining.borrow();
        let result = match request {
            Request::Drain => {
                self.drain().await;
                Ok(Reply::Done)
            }
            _ if self.call_off(&request) => Ok(Reply::Done),
            _ if stopping => Err(refusal(EndReason::NodeStopping, "this node is being stopped; try again in a moment")),
            Request::Start { spec, attach } => self.start(spec, attach).await,
            Request::Inspect { module, guest } => {
                let prepared = self.prepare(&guest, &module, Home::Passing(LOOK)).await;
                prepared.map(|prepared| Reply::Inspected { module: prepared.facts })
            }
            Request::TryModel { folder } => self.try_model(&folder).await,
            Request::TryApp { folder } => match self.prepare_app(&folder).await {
                Ok(AppModule::Refused(why)) => Err(refusal(EndReason::BadModule, &why)),
                Ok(AppModule::Compiled(_)) => Ok(Reply::Done),
                Err(refusal) => Err(refusal),
            },
            Request::Cover { module, guest, to } => self.make_cover(&guest, &module, &to).await,
            Request::Attach { ref session, .. }
            | Request::Leave { ref session, .. }
            | Request::Remove { ref session, .. }
            | Request::Change { ref session, .. }
            | Request::People { ref session }
            | Request::Seats { ref session }
            | Request::Live { ref session, .. }
            | Request::Sample { ref session }
            | Request::Upload { ref session, .. }
            | Request::Input { ref session, .. }
            | Request::Ingest { ref session, .. }
            | Request::EndIngest { ref session, .. }
            | Request::States { ref session, .. }
            | Request::SaveState { ref session, .. }
            | Request::LoadState { ref session, .. }
            | Request::Stop { ref session, .. }
            | Request::Receipt { ref session } => self.pass_on(&session.clone(), request).await,
        };
        result.unwrap_or_else(|Refusal { reason, detail }| Reply::Refused { reason, detail })
    }

    /// Passes a question on to the worker that holds the session.
    async fn pass_on(&self, session: &SessionId, request: Request) -> Result<Reply, Refusal> {
        let worker = self.home(session).await?;
        self.ask(worker, request, self.times.answer).await
    }

    /// Tells all workers to end their sessions, and waits until they are gone, or should be.
    pub(crate) async fn drain(&self) {
        self.draining.send_replace(true);
        let all = u32::try_from(self.workers.len()).unwrap_or(u32::MAX);
        let gone = tokio::time::timeout(self.times.drain + DRAIN_SLACK, self.running.acquire_many(all)).await;
        if gone.is_err() {
            tracing::error!("workers are still there after the time for draining; their events were not taken");
        }
    }

    async fn start(&self, mut spec: Box<SessionSpec>, attach: Option<Box<Attach>>) -> Result<Reply, Refusal> {
        // Before the work: a full node says so at once.
        let room = self.ledger.lock().room_for(&spec.id);
        if let Err(no_place @ (NoPlace::Known | NoPlace::Full)) = room {
            return Err(self.no_place(no_place));
        }
        let Prepared { compiled, core, folder, app, facts } = self.prepared(&spec).await?;
        (spec.compiled, spec.core, spec.folder) = (compiled, core, folder);
        if let Kind::Camera { camera } = &mut spec.kind {
            camera.onnxruntime.clone_from(&self.onnxruntime);
            if let Some(its) = &mut camera.app {
                its.module = app;
            }
        }
        let worker = self.place(&spec.id).await?;
        let session = spec.id.clone();
        if facts.snapshots {
            let again = SessionSpec { resume: true, ..(*spec).clone() };
            self.ledger.lock().keep(&session, Arc::new(again));
        }
        let result = self.ask(worker, Request::Start { spec, attach }, self.times.start).await;
        if result.is_err() {
            // Only its supervisor knows whether it will open yet: it strikes it from the ledger.
            tracing::warn!(worker, %session, "session was not started in time");
        }
        result
    }

    /// The session's module, ready to run, unless a stop comes before.
    async fn prepared(&self, spec: &SessionSpec) -> Result<Prepared, Refusal> {
        let (call_off, called_off) = oneshot::channel();
        if self.preparing().insert(spec.id.clone(), call_off).is_some() {
            // The first one is told by this that it was replaced.
            tracing::warn!(session = %spec.id, "session was asked for twice");
        }
        let home = match &spec.home {
            Some(who) => Home::Of(who, &spec.title),
            None => Home::Passing(spec.id.as_str()),
        };
        let prepared = tokio::select! {
            prepared = self.prepare(&spec.kind, &spec.module, home) => prepared,
            reason = called_off => {
                let reason = reason.unwrap_or(EndReason::InternalError);
                return Err(refusal(reason, "the session was ended before it began"));
            }
        };
        self.preparing().remove(&spec.id);
        prepared
    }

    fn preparing(&self) -> MutexGuard<'_, HashMap<SessionId, oneshot::Sender<EndReason>>> {
        self.preparing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True: the session was being made ready, and is no more.
    fn call_off(&self, request: &Request) -> bool {
        let Request::Stop { session, reason } = request else { return false };
        let waiting = self.preparing().remove(session);
        waiting.is_some_and(|waiting| waiting.send(*reason).is_ok())
    }

    /// Waits for a worker if there is none just now: one that was lost is soon back.
    async fn place(&self, session: &SessionId) -> Result<u16, Refusal> {
        let placed = self.once_ready(self.times.answer, || {
            let placed = self.ledger.lock().place(session);
            (placed != Err(NoPlace::NotReady)).then_some(placed)
        });
        placed.await.unwrap_or(Err(NoPlace::NotReady)).map_err(|no_place| self.no_place(no_place))
    }

    /// What `look` finds, now or when something has changed in the ledger; none: not within this time.
    async fn once_ready<T>(&self, limit: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
        let waiting = async {
            loop {
                let changed = self.ledger.changed();
                if let Some(found) = look() {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(limit, waiting).await.ok()
    }

    fn no_place(&self, no_place: NoPlace) -> Refusal {
        match no_place {
            NoPlace::Known => refusal(EndReason::InternalError, "this session was started here before"),
            NoPlace::NotReady => {
                refusal(EndReason::PlacementTimeout, "no worker is ready on this node; try again in a moment")
            }
            NoPlace::Full => {
                let most = self.ledger.lock().capacity();
                let detail = format!("this node is full: it takes {most} sessions at once; try again later");
                refusal(EndReason::LimitReached, &detail)
            }
        }
    }

    /// The worker that holds a session; waits for one that is on its way to another worker.
    async fn home(&self, session: &SessionId) -> Result<u16, Refusal> {
        let place = self.once_ready(self.times.answer, || match self.ledger.lock().home(session) {
            Place::Moving => None,
            place => Some(place),
        });
        match place.await {
            Some(Place::Worker(worker)) => Ok(worker),
            Some(_) => Err(refusal(EndReason::InternalError, "this session does not run here; start the title again")),
            None => Err(refusal(EndReason::PlacementTimeout, "this session is being moved; try again in a moment")),
        }
    }

    /// Lets a session whose worker was lost go on in another. False: it cannot.
    pub(crate) async fn resume(&self, session: &SessionId) -> bool {
        for attempt in 1..=RESUME_TRIES {
            let placed = self.once_ready(self.times.rescue, || {
                let placed = self.ledger.lock().place_again(session);
                (!matches!(placed, Err(NoPlace::NotReady | NoPlace::Full))).then_some(placed)
            });
            let Some(Ok((worker, spec))) = placed.await else { return false };
            let people = self.ledger.lock().people(session);
            let spec = SessionSpec { people, ..(*spec).clone() };
            let request = Request::Start { spec: Box::new(spec), attach: None };
            let answer = self.ask(worker, request, self.times.start).await;
            if let Ok(Reply::Started { .. }) = answer {
                self.ledger.tell_changed();
                return true;
            }
            // The worker may have been lost in its turn.
            tracing::warn!(%session, worker, attempt, ?answer, "a session could not go on from its checkpoint yet");
            tokio::time::sleep(RESUME_PAUSE).await;
        }
        false
    }

    /// What is needed to open a guest, and what it is.
    async fn prepare(&self, guest: &Kind, module: &Path, home: Home<'_>) -> Result<Prepared, Refusal> {
        let limit = Duration::from_secs(self.compile.seconds.into()) + COMPILE_QUEUE;
        let late = || refusal(EndReason::PlacementTimeout, "other titles are being prepared; try again in a moment");
        let core = match guest {
            Kind::Wasm => None,
            Kind::Libretro { libretro, file } => {
                Some((libretro, self.cores.lay_out(libretro, (module, file), home).await?))
            }
            Kind::Program { program } => {
                let facts = programs::facts(program).await?;
                let folder = Some(self.cores.home(home).await?);
                return Ok(Prepared { compiled: None, core: None, folder, app: None, facts });
            }
            Kind::Camera { camera } => {
                let app = match &camera.app {
                    Some(camera::App { module: Some(known), .. }) => Some(known.clone()),
                    Some(app) => Some(self.prepare_app(&app.folder).await?),
                    None => None,
                };
                return Ok(Prepared { compiled: None, core: None, folder: None, app, facts: camera_facts() });
            }
        };
        let work = match &core {
            None => Work::compile(module),
            // Looking at it must not touch what a player keeps.
            Some((libretro, files)) => {
                let home = self.cores.home(Home::Passing(LOOK)).await?;
                Work::look(module, core_args(libretro, &CoreFiles { home, ..files.clone() }, self.sandbox))
            }
        };
        let done = tokio::time::timeout(limit, self.compiler.ensure(work)).await.unwrap_or_else(|_| Err(late()))?;
        if let Some(why) = refuse_title(&done.facts.groups) {
            return Err(refusal(EndReason::BadModule, &why));
        }
        let core = core.map(|(_, files)| files);
        let compiled = core.is_none().then_some(done.path);
        Ok(Prepared { compiled, core, folder: None, app: None, facts: done.facts })
    }

    /// The edge app of a camera, compiled. One that is refused does not keep its camera from working.
    async fn prepare_app(&self, folder: &Path) -> Result<AppModule, Refusal> {
        let refused = |why: String| Ok(AppModule::Refused(why));
        let place = folder.to_owned();
        let entry = match tokio::task::spawn_blocking(move || app_in(&place)).await {
            Ok(Ok(package)) => folder.join(package.manifest.entry),
            Ok(Err(why)) => return refused(why),
            Err(error) => return refused(error.to_string()),
        };
        let limit = Duration::from_secs(self.compile.seconds.into()) + COMPILE_QUEUE;
        match tokio::time::timeout(limit, self.compiler.ensure(Work::compile(&entry))).await {
            Ok(Ok(done)) => match refuse_app(&done.facts.groups) {
                Some(why) => refused(why),
                None if !is_app(&done.facts.groups) => {
                    refused(format!("it asks for neither `{CAMERA}` nor `{INFER}`: it is no edge app"))
                }
                None => Ok(AppModule::Compiled(done.path)),
            },
            Ok(Err(refusal)) if refusal.reason == EndReason::BadModule => refused(refusal.detail),
            Ok(Err(refusal)) => Err(refusal),
            Err(_) => {
                let detail = "other modules are being prepared; try again in a moment";
                Err(refusal(EndReason::PlacementTimeout, detail))
            }
        }
    }

    async fn make_cover(&self, guest: &Kind, module: &Path, to: &Path) -> Result<Reply, Refusal> {
        let _turn = self.cover_turn.acquire().await;
        let mut args: Vec<OsString> = ["cover", "--module"].map(OsString::from).to_vec();
        args.extend([module.as_os_str().to_owned(), "--out".into(), to.as_os_str().to_owned()]);
        match guest {
            Kind::Program { .. } => {
                let detail = "a program is not run to be looked at; it brings a cover of its own";
                return Err(refusal(EndReason::BadModule, detail));
            }
            Kind::Camera { .. } => return Err(refusal(EndReason::BadModule, "what a camera sees is no cover")),
            Kind::Wasm | Kind::Libretro { .. } => {}
        }
        if let Kind::Libretro { libretro, file } = guest {
            let files = self.cores.lay_out(libretro, (module, file), Home::Passing(LOOK)).await?;
            args.extend(core_args(libretro, &files, self.sandbox));
        }
        match job::run(&self.program, args, self.cover).await {
            Ok(job::Finished { answer: Some(CompileAnswer::Refused { refused }), .. }) => Err(refused),
            Ok(job::Finished { status, .. }) if status.success() => Ok(Reply::Done),
            other => Err(job::explain("making the cover", &other, self.cover)),
        }
    }

    /// Lets a camera's process begin with a model, behind the fence that it would have at work.
    async fn try_model(&self, folder: &Path) -> Result<Reply, Refusal> {
        let _turn = self.cover_turn.acquire().await;
        let mut args: Vec<OsString> = vec!["try-model".into(), "--model".into(), folder.into()];
        args.extend(self.onnxruntime.iter().flat_map(|library| ["--onnxruntime".into(), library.into()]));
        if self.sandbox == Missing::Refuse {
            args.push("--strict".into());
        }
        // As much as a camera has: what needs more would fail at work.
        let limits = JobLimits { memory_mb: CAMERA_MEMORY_MB, ..self.compile };
        match job::run(&self.program, args, limits).await {
            Ok(job::Finished { answer: Some(CompileAnswer::Refused { refused }), .. }) => Err(refused),
            Ok(job::Finished { status, .. }) if status.success() => Ok(Reply::Done),
            other => Err(job::explain("trying the model", &other, limits)),
        }
    }

    async fn ask(&self, worker: u16, request: Request, limit: Duration) -> Result<Reply, Refusal> {
        let (reply, answer) = oneshot::channel();
        let starts = if let Request::Start { spec, .. } = &request { Some(spec.id.clone()) } else { None };
        let busy = || refusal(EndReason::LimitReached, "the node has too much to do just now; try again in a moment");
        if let Err(error) = self.workers[usize::from(worker)].try_send(Ask { request, reply }) {
            self.unplace(&error.into_inner().request);
            return Err(busy());
        }
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => {
                starts.inspect(|session| self.ledger.lock().let_down(session, worker));
                Err(refusal(
                    EndReason::InternalError,
                    "the process that ran this session stopped unexpectedly; start the title again",
                ))
            }
            Err(_) => Err(refusal(EndReason::InternalError, "the worker did not answer in time; try again")),
        }
    }

    /// A start that never reached its worker takes no room.
    fn unplace(&self, request: &Request) {
        if let Request::Start { spec, .. } = request {
            self.ledger.lock().refused(&spec.id);
        }
    }
}

/// A guest that can be opened.
#[derive(Debug)]
struct Prepared {
    /// The compiled module, of a Wasm guest.
    compiled: Option<PathBuf>,
    /// Where things lie, of a libretro guest.
    core: Option<CoreFiles>,
    /// Where a program may write.
    folder: Option<PathBuf>,
    /// What became of its app, of a camera that has one.
    app: Option<AppModule>,
    facts: ModuleFacts,
}

/// The app that a folder holds.
fn app_in(folder: &Path) -> Result<app::Package, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("its folder cannot be read: {error}"))?;
    let names: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).map_err(|error| format!("its {file} cannot be read: {error}"))
    };
    app::Package::look(&names, read)
}

/// What is known of any camera.
fn camera_facts() -> ModuleFacts {
    let groups = Vec::new();
    ModuleFacts { dialect: "camera".to_owned(), snapshots: false, deterministic: false, groups, picture: None }
}

/// Flags that tell a job which core to use, and how.
fn core_args(libretro: &Libretro, files: &CoreFiles, missing: Missing) -> Vec<OsString> {
    let CoreFiles { core, content, system, home, hash: _ } = files;
    let paths = [("--core", core), ("--content", content), ("--system", system), ("--home", home)];
    let mut args: Vec<OsString> = paths.into_iter().flat_map(|(flag, path)| [flag.into(), path.into()]).collect();
    for (key, value) in &libretro.options {
        args.extend([OsString::from("--option"), format!("{key}={value}").into()]);
    }
    if missing == Missing::Refuse {
        args.push("--strict".into());
    }
    args
}

pub(crate) fn refusal(reason: EndReason, detail: &str) -> Refusal {
    Refusal { reason, detail: detail.to_owned() }
}

pub(crate) fn refused(reason: EndReason, detail: &str) -> Reply {
    Reply::Refused { reason, detail: detail.to_owned() }
}
