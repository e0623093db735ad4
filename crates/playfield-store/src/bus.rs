//! The bus: nerves between the control plane and the nodes.
//!
//! Two ways to speak, both of bytes under a subject: *publish* to whoever subscribed, and *request* of the one who serves.
//! Messages are JSON of [`playfield_core::bus`]; [`Bus::ask`], [`Bus::tell`] and their counterparts spell them.
//!
//! Nothing here is unbounded. **A slow subscriber slows the publisher**: each subscriber has room for [`QUEUE`] messages,
//! and `publish` returns when every subscriber has taken the message. So events are never lost while both live, and a node
//! that stores faster than the database writes is held back rather than forgotten. It follows that a subscriber must not
//! publish, and wait, on a subject that it reads itself. Nobody subscribed: the message is gone.

use std::sync::Arc;
use std::time::Duration;

use playfield_core::bus::{EVENTS, Event, Reply, Request, node_subject};
use playfield_core::id::NodeId;

mod local;

use local::Local;

/// Messages that wait for one subscriber or server before the sender waits.
pub const QUEUE: usize = 64;

/// A bus. Cheap to clone; clones are the same bus.
#[derive(Clone, Debug)]
pub enum Bus {
    /// Inside this process.
    Local(#[doc(hidden)] Arc<Local>),
}

/// Why a message did not get through.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BusError {
    /// Nobody serves the subject.
    #[error("nobody serves `{0}`")]
    Nobody(String),
    /// Somebody serves the subject already.
    #[error("`{0}` is served already")]
    Taken(String),
    /// No reply in time.
    #[error("no reply on `{subject}` within {after_ms} ms")]
    Timeout {
        /// The subject.
        subject: String,
        /// How long it was waited for.
        after_ms: u64,
    },
    /// The server dropped the request.
    #[error("a request on `{0}` was dropped without a reply")]
    Dropped(String),
    /// A message that is not what belongs on its subject.
    #[error("a message on `{subject}` does not parse: {problem}")]
    Malformed {
        /// The subject.
        subject: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// What is published on a subject, in the order each publisher published it.
#[derive(Debug)]
pub struct Subscription {
    subject: String,
    inbox: tokio::sync::mpsc::Receiver<Arc<[u8]>>,
}

/// The requests on a subject. Dropping it ends the service.
#[derive(Debug)]
pub struct Service {
    subject: String,
    inbox: tokio::sync::mpsc::Receiver<(Vec<u8>, Responder)>,
    /// Gives the subject free when the service is dropped.
    _seat: local::Seat,
}

/// The way back to whoever sent a request. Dropped: they are told so.
#[derive(Debug)]
pub struct Responder(tokio::sync::oneshot::Sender<Vec<u8>>);

impl Bus {
    /// A bus inside this process.
    pub fn local() -> Bus {
        Bus::Local(Arc::new(Local::default()))
    }

    /// Hands `bytes` to every subscriber of `subject`; waits while one has no room.
    pub async fn publish(&self, subject: &str, bytes: &[u8]) {
        let Bus::Local(local) = self;
        local.publish(subject, bytes).await;
    }

    /// Listens to `subject` from now on.
    pub fn subscribe(&self, subject: &str) -> Subscription {
        let Bus::Local(local) = self;
        Subscription { subject: subject.to_owned(), inbox: local.subscribe(subject) }
    }

    /// Asks whoever serves `subject`.
    pub async fn request(&self, subject: &str, bytes: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, BusError> {
        let Bus::Local(local) = self;
        let late = |_| BusError::Timeout { subject: subject.to_owned(), after_ms: timeout.as_millis() as u64 };
        tokio::time::timeout(timeout, local.request(subject, bytes)).await.map_err(late)?
    }

    /// Takes the requests on `subject`; only one may.
    pub fn serve(&self, subject: &str) -> Result<Service, BusError> {
        let Bus::Local(local) = self;
        let (inbox, _seat) = Local::serve(local, subject)?;
        Ok(Service { subject: subject.to_owned(), inbox, _seat })
    }

    /// Whether somebody serves `subject`.
    pub fn is_served(&self, subject: &str) -> bool {
        let Bus::Local(local) = self;
        local.is_served(subject)
    }

    /// Asks a node.
    pub async fn ask(&self, node: &NodeId, request: &Request, timeout: Duration) -> Result<Reply, BusError> {
        let subject = node_subject(node);
        let bytes = encode(&subject, request)?;
        let reply = self.request(&subject, bytes, timeout).await?;
        decode(&subject, &reply)
    }

    /// Tells the control plane what happened to a session; waits while it is behind.
    pub async fn tell(&self, event: &Event) -> Result<(), BusError> {
        self.publish(EVENTS, &encode(EVENTS, event)?).await;
        Ok(())
    }
}

impl Subscription {
    /// The next message; none once the bus is gone.
    pub async fn next(&mut self) -> Option<Arc<[u8]>> {
        self.inbox.recv().await
    }

    /// The next message, if one waits.
    pub fn try_next(&mut self) -> Option<Arc<[u8]>> {
        self.inbox.try_recv().ok()
    }

    /// Reads a message of this subject.
    pub fn read<T: serde::de::DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, BusError> {
        decode(&self.subject, bytes)
    }
}

impl Service {
    /// The next request; none once the bus is gone.
    pub async fn next(&mut self) -> Option<(Vec<u8>, Responder)> {
        self.inbox.recv().await
    }

    /// Reads a request of this subject.
    pub fn read(&self, bytes: &[u8]) -> Result<Request, BusError> {
        decode(&self.subject, bytes)
    }
}

impl Responder {
    /// Answers. Whoever asked may have stopped waiting.
    pub fn respond(self, bytes: Vec<u8>) {
        let _ = self.0.send(bytes);
    }

    /// Answers in the words of [`playfield_core::bus`].
    pub fn reply(self, reply: &Reply) -> Result<(), BusError> {
        self.respond(encode("reply", reply)?);
        Ok(())
    }
}

fn encode<T: serde::Serialize>(subject: &str, message: &T) -> Result<Vec<u8>, BusError> {
    serde_json::to_vec(message)
        .map_err(|error| BusError::Malformed { subject: subject.to_owned(), problem: error.to_string() })
}

fn decode<T: serde::de::DeserializeOwned>(subject: &str, bytes: &[u8]) -> Result<T, BusError> {
    serde_json::from_slice(bytes)
        .map_err(|error| BusError::Malformed { subject: subject.to_owned(), problem: error.to_string() })
}
