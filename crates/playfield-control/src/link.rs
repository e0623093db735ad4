//! Machines with cameras, each over a link that it opened: see [`playfield_core::link`].
//!
//! ```text
//!   device ==WebSocket==> conversation --told--> writer --one transaction for all that waits--> database
//!                              |   ^---stored------'
//!                              |--now, state--> cameras --> whoever looks
//!                              '--questions of node.ID.request (a viewer with a grant attaches) <-- bus
//! ```
//!
//! A device may speak of its own cameras alone. What it asks for are files of the packages that its twin names, and no others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use playfield_core::id::NodeId;
use playfield_core::link::{FileHash, Machine};
use tokio::sync::{Notify, Semaphore, mpsc};

mod conversation;
mod enrol;
mod files;
mod writer;

pub(crate) use conversation::serve;
pub(crate) use writer::write;
use writer::{QUEUE, Written};

/// Links at once that have not said yet whose they are.
const STRANGERS: usize = 512;

/// The links that are open.
pub(crate) struct Links {
    open: Mutex<HashMap<NodeId, Arc<Open>>>,
    written: mpsc::Sender<Written>,
    inbox: tokio::sync::Mutex<mpsc::Receiver<Written>>,
    files: Arc<files::Files>,
    /// Places for those who have not said yet who they are.
    strangers: Semaphore,
    /// The public key that devices are to believe, where it is one that we made.
    key: OnceLock<FileHash>,
}

/// A link that is open.
#[derive(Debug, Default)]
struct Open {
    /// Its twin may be another one, or somebody looks.
    poked: Notify,
    /// Another link of the same machine took its place, or it was turned away.
    closed: Notify,
    machine: Mutex<Machine>,
}

impl Links {
    pub(crate) fn new() -> Links {
        let (written, inbox) = mpsc::channel(QUEUE);
        Links {
            open: Mutex::default(),
            written,
            inbox: tokio::sync::Mutex::new(inbox),
            files: Arc::default(),
            strangers: Semaphore::new(STRANGERS),
            key: OnceLock::new(),
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<NodeId, Arc<Open>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Devices are to believe who has this public key.
    pub(crate) fn believe(&self, key: FileHash) {
        // It is the same for all doors.
        let _ = self.key.set(key);
    }

    /// How a machine does; none: it is not connected.
    pub(crate) fn machine(&self, node: &NodeId) -> Option<Machine> {
        let open = self.open().get(node).cloned()?;
        let machine = open.machine.lock().unwrap_or_else(PoisonError::into_inner);
        Some(machine.clone())
    }

    /// Something changed that a machine is to know of.
    pub(crate) fn poke(&self, node: &NodeId) {
        if let Some(open) = self.open().get(node) {
            open.poked.notify_one();
        }
    }

    /// Ends a machine's link at once.
    pub(crate) fn close(&self, node: &NodeId) {
        if let Some(open) = self.open().remove(node) {
            open.closed.notify_one();
        }
    }

    /// A machine has this link from now on, and no other.
    fn opened(&self, node: &NodeId) -> Arc<Open> {
        let open = Arc::new(Open::default());
        if let Some(before) = self.open().insert(node.clone(), open.clone()) {
            before.closed.notify_one();
        }
        open
    }

    /// A machine has this link no more. False: it has another one by now.
    fn ended(&self, node: &NodeId, open: &Arc<Open>) -> bool {
        let mut all = self.open();
        match all.get(node) {
            Some(now) if !Arc::ptr_eq(now, open) => false,
            _ => {
                all.remove(node);
                true
            }
        }
    }
}
