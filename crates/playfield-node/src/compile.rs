//! Modules made ready to run, and cores looked at: each once for all who ask at the same time, and remembered while its file
//! stays as it is.
//!
//! The compiled files' names tell module, engine and flags, so they outlive the node; what is remembered here only
//! saves starting a process to learn the name.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use playfield_core::api::EndReason;
use playfield_core::bus::{CompileAnswer, ModuleFacts, Refusal};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::config::JobLimits;
use crate::job;

/// How long a refusal is remembered: a machine that was busy may do better later.
const REFUSAL_KEPT: Duration = Duration::from_secs(60);

/// A module that can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compiled {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub facts: ModuleFacts,
}

/// What is to be done for a guest before it can run.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// The file it is about; when it changes, the work is done anew.
    file: PathBuf,
    /// Flags of the job; `None`: it is a module to be compiled.
    look: Option<Vec<OsString>>,
}

impl Work {
    /// Compile a module.
    pub(crate) fn compile(module: &Path) -> Work {
        Work { file: module.to_owned(), look: None }
    }

    /// Look what a core makes of its content; `args` tell which core, and how.
    pub(crate) fn look(content: &Path, args: Vec<OsString>) -> Work {
        Work { file: content.to_owned(), look: Some(args) }
    }

    fn key(&self) -> Key {
        (self.file.clone(), self.look.clone())
    }
}

/// Names a [`Work`].
type Key = (PathBuf, Option<Vec<OsString>>);

type Outcome = Result<Compiled, Refusal>;
type Waiting = watch::Receiver<Option<Outcome>>;

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

#[derive(Debug)]
struct Entry {
    stamp: Stamp,
    since: Instant,
    outcome: Waiting,
}

/// Compiles modules, in child processes of `program`.
#[derive(Debug)]
pub(crate) struct Compiler {
    program: PathBuf,
    cache: PathBuf,
    limits: JobLimits,
    /// Compiling uses every core there is, so one at a time.
    turn: Arc<Semaphore>,
    known: Mutex<HashMap<Key, Entry>>,
}

impl Compiler {
    /// Keeps compiled modules in the folder `cache`, which exists.
    pub(crate) fn new(program: PathBuf, cache: PathBuf, limits: JobLimits) -> Self {
        Compiler { program, cache, limits, turn: Arc::new(Semaphore::new(1)), known: Mutex::default() }
    }

    /// The guest, ready to run.
    pub(crate) async fn ensure(&self, work: Work) -> Outcome {
        let stamp = stamp(&work.file).await?;
        let (mut waiting, remembered) = self.join(&work, stamp);
        let outcome = wait(&mut waiting).await;
        match &outcome {
            // Somebody may have emptied the cache behind our back.
            Ok(compiled) if remembered && !exists(&compiled.path).await => {
                self.forget(&work);
                wait(&mut self.join(&work, stamp).0).await
            }
            _ => outcome,
        }
    }

    /// Joins the work on this state of the file, or begins it. True: it had been done before.
    fn join(&self, work: &Work, stamp: Stamp) -> (Waiting, bool) {
        let mut known = lock(&self.known);
        if let Some(entry) = known.get(&work.key()).filter(|entry| entry.stamp == stamp && entry.holds()) {
            return (entry.outcome.clone(), entry.outcome.borrow().is_some());
        }
        let (done, outcome) = watch::channel(None);
        let entry = Entry { stamp, since: Instant::now(), outcome: outcome.clone() };
        known.insert(work.key(), entry);
        self.begin(work.clone(), done);
        (outcome, false)
    }

    fn begin(&self, work: Work, done: watch::Sender<Option<Outcome>>) {
        let (program, cache, limits, turn) = (self.program.clone(), self.cache.clone(), self.limits, self.turn.clone());
        tokio::spawn(async move {
            let _turn = turn.acquire().await;
            let outcome = run(&program, &work, &cache, limits).await;
            if let Err(refusal) = &outcome {
                tracing::warn!(module = %work.file.display(), reason = %refusal.detail, "module refused");
            }
            done.send_replace(Some(outcome));
        });
    }

    fn forget(&self, work: &Work) {
        lock(&self.known).remove(&work.key());
    }
}

impl Entry {
    /// Whether the outcome still counts.
    fn holds(&self) -> bool {
        match &*self.outcome.borrow() {
            None => self.outcome.has_changed().is_ok(),
            Some(Ok(_)) => true,
            Some(Err(refusal)) => refusal.reason == EndReason::BadModule && self.since.elapsed() < REFUSAL_KEPT,
        }
    }
}

async fn wait(waiting: &mut Waiting) -> Outcome {
    let stopped = || Refusal {
        reason: EndReason::InternalError,
        detail: "preparing the module was interrupted; try again".to_owned(),
    };
    let outcome = waiting.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
    outcome.unwrap_or_else(|| Err(stopped()))
}

async fn run(program: &Path, work: &Work, cache: &Path, limits: JobLimits) -> Outcome {
    let (job, what) = match work.look {
        Some(_) => ("look", "trying the start of this content"),
        None => ("compile", "compiling this module and trying its start"),
    };
    let mut args: Vec<OsString> = [job, "--module"].map(OsString::from).to_vec();
    args.extend([work.file.as_os_str().to_owned(), "--out".into(), cache.as_os_str().to_owned()]);
    args.extend(work.look.iter().flatten().cloned());
    let result = job::run(program, args, limits).await;
    match result {
        Ok(job::Finished { answer: Some(CompileAnswer::Compiled { compiled, facts }), status, .. })
            if status.success() =>
        {
            Ok(Compiled { path: compiled, facts })
        }
        Ok(job::Finished { answer: Some(CompileAnswer::Refused { refused }), .. }) => Err(refused),
        other => Err(job::explain(what, &other, limits)),
    }
}

async fn stamp(module: &Path) -> Result<Stamp, Refusal> {
    match tokio::fs::metadata(module).await {
        Ok(meta) if meta.is_file() => Ok(Stamp { len: meta.len(), modified: meta.modified().ok() }),
        other => {
            let why = other.map_or_else(|error| error.to_string(), |_| "it is not a file".to_owned());
            let detail = format!("the module {} cannot be read: {why}", module.display());
            Err(Refusal { reason: EndReason::BadModule, detail })
        }
    }
}

async fn exists(path: &Path) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
