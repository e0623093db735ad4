//! The bus inside one process: bounded channels under names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{mpsc, oneshot};

use super::{BusError, QUEUE, Responder};

type Question = (Vec<u8>, Responder);

/// Who listens and who serves.
#[derive(Debug, Default)]
pub struct Local {
    desk: Mutex<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    subscribers: HashMap<String, Vec<mpsc::Sender<Arc<[u8]>>>>,
    servers: HashMap<String, mpsc::Sender<Question>>,
}

/// The right to serve a subject; given back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    bus: Weak<Local>,
    subject: String,
}

impl Local {
    /// The lock is held to look up or change the desk, never while waiting.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn publish(&self, subject: &str, bytes: &[u8]) {
        let listening = {
            let mut desk = self.desk();
            let Some(all) = desk.subscribers.get_mut(subject) else { return };
            all.retain(|subscriber| !subscriber.is_closed());
            all.clone()
        };
        let bytes: Arc<[u8]> = bytes.into();
        for subscriber in listening {
            // One that has gone meanwhile is dropped by the next publish.
            let _ = subscriber.send(bytes.clone()).await;
        }
    }

    pub(super) fn subscribe(&self, subject: &str) -> mpsc::Receiver<Arc<[u8]>> {
        let (sender, inbox) = mpsc::channel(QUEUE);
        self.desk().subscribers.entry(subject.to_owned()).or_default().push(sender);
        inbox
    }

    pub(super) async fn request(&self, subject: &str, bytes: Vec<u8>) -> Result<Vec<u8>, BusError> {
        let server = self.desk().servers.get(subject).cloned();
        let server = server.ok_or_else(|| BusError::Nobody(subject.to_owned()))?;
        let (responder, answer) = oneshot::channel();
        let dropped = || BusError::Dropped(subject.to_owned());
        server.send((bytes, Responder(responder))).await.map_err(|_| dropped())?;
        answer.await.map_err(|_| dropped())
    }

    pub(super) fn serve(bus: &Arc<Local>, subject: &str) -> Result<(mpsc::Receiver<Question>, Seat), BusError> {
        let mut desk = bus.desk();
        if desk.servers.contains_key(subject) {
            return Err(BusError::Taken(subject.to_owned()));
        }
        let (sender, inbox) = mpsc::channel(QUEUE);
        desk.servers.insert(subject.to_owned(), sender);
        Ok((inbox, Seat { bus: Arc::downgrade(bus), subject: subject.to_owned() }))
    }

    pub(super) fn is_served(&self, subject: &str) -> bool {
        self.desk().servers.contains_key(subject)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(bus) = self.bus.upgrade() {
            bus.desk().servers.remove(&self.subject);
        }
    }
}
