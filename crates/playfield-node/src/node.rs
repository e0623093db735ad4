//! The node as a whole: puts the parts together, answers on the bus, stops in order.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use playfield_core::api::{EndReason, SessionState};
use playfield_core::bus::{Event, WorkerConfig};
use playfield_core::id::{NodeId, SessionId};
use playfield_store::bus::Bus;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::agent::Agent;
use crate::checkpoints::Checkpoints;
use crate::compile::Compiler;
use crate::config::{Config, ConfigError};
use crate::cores::Cores;
use crate::door;
use crate::ledger::{Ledger, WorkerLoad};
use crate::worker::{Ask, Loss, Setting, Shared, ended, publish, supervise};

/// Sessions of lost workers that may wait for the rescuer, which takes each at once.
const ADRIFT: usize = 64;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Its settings cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It cannot write where it must.
    #[error("cannot write to {path}: {error}; choose another data folder or give this user the right to write there")]
    Data {
        /// Where.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A worker did not get ready.
    #[error("worker {worker} {loss}")]
    Worker {
        /// Which, from 0.
        worker: u16,
        /// What happened to it.
        loss: String,
    },
    /// The system gives no random bytes.
    #[error("no random bytes to make the node's id of: {0}")]
    Random(String),
    /// Its subject on the bus is taken.
    #[error("cannot take requests: {0}")]
    Bus(#[from] playfield_store::bus::BusError),
}

/// A running node. Dropped, it kills its workers; [`Node::stop`] lets them end their sessions.
#[derive(Debug)]
pub struct Node {
    id: NodeId,
    agent: Arc<Agent>,
    tasks: Vec<JoinHandle<()>>,
}

impl Node {
    /// Starts the workers, waits until all are ready, and serves `node.ID.request` on the bus.
    pub async fn start(config: Config, bus: Bus, program: PathBuf) -> Result<Node, NodeError> {
        config.check()?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = config.worker_count(cores)?;
        let cache = config.data_dir.join("compiled");
        create(&cache).await?;
        let unwritable = |error| NodeError::Data { path: config.data_dir.clone(), error };
        let checkpoints = Checkpoints::fresh(&config.data_dir).await.map_err(unwritable)?;
        let cores = Cores::new(config.cores.clone(), &config.data_dir, &checkpoints).await.map_err(unwritable)?;
        let id = identity(&config.data_dir).await?;

        let (draining, watching) = watch::channel(false);
        let running = Arc::new(Semaphore::new(count.into()));
        let ledger = Shared::new(Ledger::new(count, config.max_sessions));
        let (adrift, mut lost) = mpsc::channel(ADRIFT);
        let make = |number| Setting {
            number,
            program: program.clone(),
            hello: hello(&config, number, &checkpoints),
            times: config.times,
            ledger: ledger.clone(),
            bus: bus.clone(),
            draining: watching.clone(),
            adrift: adrift.clone(),
            checkpoints: checkpoints.clone(),
        };
        let (workers, mut tasks) = start_workers((0..count).map(make), &running).await?;
        let agent = Arc::new(Agent {
            ledger,
            workers,
            compiler: Compiler::new(program.clone(), cache, config.compile),
            cores,
            sandbox: config.sandbox,
            onnxruntime: config.onnxruntime.clone(),
            compile: config.compile,
            program,
            cover: config.cover,
            cover_turn: Semaphore::new(1),
            times: config.times,
            draining: Arc::new(draining),
            preparing: Mutex::default(),
            running,
        });
        tasks.push(door::serve(&bus, &id, agent.clone())?);
        let rescuer = Rescuer { agent: agent.clone(), bus, checkpoints };
        tasks.push(tokio::spawn(async move {
            while let Some(session) = lost.recv().await {
                rescuer.rescue(session);
            }
        }));
        tracing::info!(node = %id, workers = count, "node ready");
        Ok(Node { id, agent, tasks })
    }

    /// Who it is; kept in the data folder.
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// What every worker last said of itself.
    pub fn loads(&self) -> Vec<WorkerLoad> {
        self.agent.ledger.lock().loads()
    }

    /// Most sessions it takes.
    pub fn capacity(&self) -> u64 {
        self.agent.ledger.lock().capacity()
    }

    /// Refuses new sessions, lets the workers end theirs, and returns when all are gone: 8 seconds at most.
    pub async fn stop(self) {
        self.agent.drain().await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn hello(config: &Config, number: u16, checkpoints: &Checkpoints) -> WorkerConfig {
    WorkerConfig {
        udp: config.udp_of(number),
        public_ips: config.public_ips.clone(),
        max_sessions: config.max_sessions,
        checkpoints: checkpoints.folder().to_owned(),
        sandbox: config.sandbox,
        h264: config.h264,
    }
}

/// Lets sessions go on whose workers were lost.
#[derive(Clone)]
struct Rescuer {
    agent: Arc<Agent>,
    bus: Bus,
    checkpoints: Checkpoints,
}

impl Rescuer {
    /// All at once: a player waits for each, and workers open guests side by side.
    fn rescue(&self, session: SessionId) {
        let Rescuer { agent, bus, checkpoints } = self.clone();
        tokio::spawn(async move {
            if agent.resume(&session).await {
                tracing::info!(%session, "session goes on in another worker");
                return publish(&bus, &Event::Resumed { session }).await;
            }
            if agent.ledger.lock().ended(&session) {
                agent.ledger.tell_changed();
                checkpoints.remove(&session).await;
                publish(&bus, &ended(session, SessionState::Error, EndReason::InternalError)).await;
            }
        });
    }
}

/// Starts all, then waits for all; if one does not get ready, none stays.
async fn start_workers(
    settings: impl Iterator<Item = Setting>,
    running: &Arc<Semaphore>,
) -> Result<(Vec<mpsc::Sender<Ask>>, Vec<JoinHandle<()>>), NodeError> {
    let (mut workers, mut tasks, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
    for setting in settings {
        let Ok(permit) = running.clone().acquire_owned().await else { break };
        let (first, ready) = oneshot::channel();
        let (asks, task) = supervise(setting, first, permit);
        workers.push(asks);
        tasks.push(task);
        firsts.push(ready);
    }
    for (worker, first) in (0..).zip(firsts) {
        let outcome = first.await.unwrap_or_else(|_| Err(Loss::Spawn("its supervisor ended".to_owned())));
        if let Err(loss) = outcome {
            tasks.iter().for_each(JoinHandle::abort);
            return Err(NodeError::Worker { worker, loss: loss.to_string() });
        }
    }
    Ok((workers, tasks))
}

async fn create(folder: &Path) -> Result<(), NodeError> {
    let data = |error| NodeError::Data { path: folder.to_owned(), error };
    tokio::fs::create_dir_all(folder).await.map_err(data)
}

/// The id in the data folder; a new one the first time.
async fn identity(data: &Path) -> Result<NodeId, NodeError> {
    let path = data.join("node-id");
    let known = tokio::fs::read_to_string(&path).await.ok().and_then(|text| text.trim().parse().ok());
    if let Some(id) = known {
        return Ok(id);
    }
    let mut entropy = [0; 16];
    getrandom::fill(&mut entropy).map_err(|error| NodeError::Random(error.to_string()))?;
    let id = NodeId::from_entropy(entropy);
    let written = tokio::fs::write(&path, format!("{id}\n")).await;
    written.map_err(|error| NodeError::Data { path, error })?;
    Ok(id)
}

/// A name that nothing else has.
pub(crate) fn random_name() -> Result<String, String> {
    let mut entropy = [0; 16];
    getrandom::fill(&mut entropy).map_err(|error| error.to_string())?;
    Ok(entropy.iter().map(|byte| format!("{byte:02x}")).collect())
}
