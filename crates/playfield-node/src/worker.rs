//! One worker: its supervisor starts it, speaks with it, and starts it again when it is lost.
//!
//! The supervisor is one task that owns the process. Others reach it through a bounded queue of [`Ask`]s; what the
//! worker says of its sessions goes to the bus in the order it was said.

mod lines;
mod link;
mod run;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use playfield_core::api::{EndReason, SessionState};
use playfield_core::bus::{Event, Reply, Request, WorkerConfig};
use playfield_core::id::SessionId;
use playfield_store::bus::Bus;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::agent::refused;
use crate::checkpoints::Checkpoints;
use crate::config::Times;
use crate::ledger::{Fate, Ledger, Left};

/// Questions that may wait for a supervisor.
const ASKS: usize = 256;

/// What is asked of a worker.
#[derive(Debug)]
pub(crate) struct Ask {
    /// The request, as the worker will read it.
    pub request: Request,
    /// Where the reply goes.
    pub reply: oneshot::Sender<Reply>,
}

/// What a supervisor works with.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The worker, from 0.
    pub number: u16,
    /// The program it is a process of.
    pub program: std::path::PathBuf,
    /// Its first line.
    pub hello: WorkerConfig,
    /// How long to wait for what.
    pub times: Times,
    /// Who holds which session.
    pub ledger: Shared,
    /// Where events go.
    pub bus: Bus,
    /// True: end your sessions and stop.
    pub draining: watch::Receiver<bool>,
    /// Where sessions go whose worker was lost.
    pub adrift: mpsc::Sender<SessionId>,
    /// What they go on from.
    pub checkpoints: Checkpoints,
}

/// The ledger, as all share it. Never held across a wait.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<(Mutex<Ledger>, Notify)>);

impl Shared {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Shared(Arc::new((Mutex::new(ledger), Notify::new())))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes who waits for a ready worker, or for a session that is on its way.
    pub(crate) fn tell_changed(&self) {
        self.0.1.notify_waiters();
    }

    /// Resolves when that is told after this call.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.0.1.notified()
    }
}

/// Why a worker is gone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Loss {
    /// It could not be started.
    #[error("does not start: {0}")]
    Spawn(String),
    /// It ended by itself.
    #[error("exited ({status}){said}")]
    Exit {
        /// By a kill from outside.
        killed: bool,
        /// How.
        status: String,
        /// Its last log line, after a colon.
        said: String,
    },
    /// It said nothing for too long.
    #[error("said nothing for {0} seconds and was stopped")]
    Silent(u64),
    /// It did not get ready.
    #[error("was not ready within {0} seconds and was stopped")]
    NotReady(u64),
    /// It wrote a line that no reply needs.
    #[error("wrote a line over {0} bytes and was stopped")]
    LongLine(usize),
    /// It was asked to.
    #[error("ended as asked")]
    Drained,
}

/// Starts the supervisor. It tells `first` once how the first start went, and ends after a drain, giving `running` back.
pub(crate) fn supervise(
    setting: Setting,
    first: oneshot::Sender<Result<(), Loss>>,
    running: OwnedSemaphorePermit,
) -> (mpsc::Sender<Ask>, JoinHandle<()>) {
    let (asks, inbox) = mpsc::channel(ASKS);
    let task = async move {
        keep_running(setting, inbox, first).await;
        drop(running);
    };
    (asks, tokio::spawn(task))
}

async fn keep_running(setting: Setting, mut inbox: mpsc::Receiver<Ask>, first: oneshot::Sender<Result<(), Loss>>) {
    let mut first = Some(first);
    let mut pause = setting.times.restart_first;
    loop {
        let began = Instant::now();
        let loss = run::run(&setting, &mut inbox, &mut first).await;
        if let Some(first) = first.take() {
            // Never ready: the node does not start, so there is nobody to try again for, and it says why itself.
            let _ = first.send(Err(loss));
            return;
        }
        bury(&setting, &loss).await;
        if *setting.draining.borrow() {
            return refuse_rest(&mut inbox);
        }
        // One that was killed from outside is as sound as it was before.
        if began.elapsed() >= setting.times.restart_most || loss.fate() == Fate::Killed {
            pause = setting.times.restart_first;
        }
        rest(&setting, &mut inbox, pause).await;
        pause = (pause * 2).min(setting.times.restart_most);
    }
}

/// Closes the books of a worker that is gone: what can go on elsewhere is passed on, of the rest the world is told.
async fn bury(setting: &Setting, loss: &Loss) {
    let (reason, state) = match loss {
        Loss::Drained => (EndReason::NodeStopping, SessionState::Terminated),
        _ => (EndReason::InternalError, SessionState::Error),
    };
    let Left { adrift, over } = setting.ledger.lock().lost(setting.number, loss.fate());
    match loss {
        Loss::Drained => tracing::info!(worker = setting.number, "worker stopped"),
        _ => tracing::error!(worker = setting.number, adrift = adrift.len(), over = over.len(), "worker {loss}"),
    }
    for session in adrift {
        // There is room for every session of the node.
        let _ = setting.adrift.send(session).await;
    }
    for session in over {
        setting.checkpoints.remove(&session).await;
        publish(&setting.bus, &ended(session, state, reason)).await;
    }
}

impl Loss {
    fn fate(&self) -> Fate {
        match self {
            Loss::Drained => Fate::Drained,
            Loss::Exit { killed: true, .. } => Fate::Killed,
            _ => Fate::Crashed,
        }
    }
}

pub(crate) fn ended(session: SessionId, state: SessionState, reason: EndReason) -> Event {
    let detail = match reason {
        EndReason::NodeStopping => "the node is being stopped; start the title again in a moment",
        _ => "the process that ran this session stopped unexpectedly; start the title again",
    };
    Event::State { session, state, reason: Some(reason), detail: Some(detail.to_owned()) }
}

/// Waits before a restart, and meanwhile says no.
async fn rest(setting: &Setting, inbox: &mut mpsc::Receiver<Ask>, pause: Duration) {
    let until = Instant::now() + pause;
    let mut draining = setting.draining.clone();
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(until) => return,
            () = told_to_drain(&mut draining) => return,
            ask = inbox.recv() => match ask {
                Some(ask) => refuse(ask),
                None => return,
            },
        }
    }
}

/// Resolves when the node is to stop; at once if it was dropped.
async fn told_to_drain(draining: &mut watch::Receiver<bool>) {
    let _ = draining.wait_for(|draining| *draining).await;
}

fn refuse_rest(inbox: &mut mpsc::Receiver<Ask>) {
    inbox.close();
    while let Ok(ask) = inbox.try_recv() {
        refuse(ask);
    }
}

fn refuse(ask: Ask) {
    let detail = "the process that ran this session is being started again; try again in a moment";
    // Nobody waits for it any more: nothing to do.
    let _ = ask.reply.send(refused(EndReason::InternalError, detail));
}

/// Puts an event on the bus; waits while the control plane is behind, and the worker with us.
pub(crate) async fn publish(bus: &Bus, event: &Event) {
    if let Err(error) = bus.tell(event).await {
        tracing::error!(%error, "an event could not be told");
    }
}
