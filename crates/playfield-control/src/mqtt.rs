//! The door of cameras that speak the EVP protocol: an MQTT 3.1.1 server for devices and nobody else.
//!
//! ```text
//!   device --TCP, TLS--> accept --> connection: codec <-> core::evp::Hub --> events (bounded, for whoever listens)
//!                                       ^                      |
//!   operator --HTTP--> orders: deploy, set, call, close        +--> store: status, states, who was here when
//!   device --HTTP--> links: modules out, files in
//! ```
//!
//! There is no broker: nothing that a device publishes reaches another one. Who a device is, its connection says: by the
//! certificate it proved to have, or by user and password; never by a topic or by what it says of itself. It has one
//! connection: a new one ends the one before. What is wanted of it is in the database, so that it is told whenever it comes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use playfield_core::evp::{Answer, Deployment, Key, LogLine, Refused, Status};
use playfield_core::id::EvpId;
use playfield_core::metadata::Metadata;
use playfield_core::smartcamera::Count;
use playfield_store::blob::{BlobError, Blobs};
use playfield_store::db::{Db, Hash};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};

use crate::config::ConfigError;

pub(crate) mod accept;
pub mod codec;
mod connection;
mod device;
mod link;
mod outbox;

mod stranger;
pub(crate) mod tls;

pub(crate) use link::{Link, Verb};

/// Events that wait for a listener; one that is slower loses the oldest, and is told how many.
const EVENTS: usize = 1024;
/// Orders that wait for one device.
const ORDERS: usize = 16;
/// Files and modules that are on their way at the same time.
const PASSING: usize = 8;

/// Settings of the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where devices connect. Default `[]`: nowhere. A loopback address is plain TCP; any other speaks TLS.
    pub listen: Vec<SocketAddr>,
    /// Plain TCP at every address, for devices that cannot do better on a network of their own. Default false.
    pub insecure_tcp: bool,
    /// Where devices reach the HTTP side, for modules and files, as `https://host:port`. Default: the first public address of
    /// `control.listen`, or else its first.
    pub url: Option<String>,
    /// Devices that may be enrolled. Default 1024.
    pub devices: u32,
    /// Connections that one listener serves at a time; further ones wait. Default 1024.
    pub connections: usize,
    /// Messages that one device may send a second, on average; more have to wait. Default 50.
    pub messages_per_s: u32,
    /// KiB that one device may send a second, on average; more have to wait. Default 256.
    pub kb_per_s: u32,
    /// Hours that a link to a module is good, and a fresh one is made at each connection. Default 24.
    pub link_h: u32,
    /// Largest module, in MiB. Default 16.
    pub module_mb: u32,
    /// Largest file that a device may bring, in MiB. Default 8.
    pub upload_mb: u32,
    /// What all files of one device may take, in MiB: the oldest make room. Default 256.
    pub uploads_mb: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: Vec::new(),
            insecure_tcp: false,
            url: None,
            devices: 1024,
            connections: 1024,
            messages_per_s: 50,
            kb_per_s: 256,
            link_h: 24,
            module_mb: 16,
            upload_mb: 8,
            uploads_mb: 256,
        }
    }
}

impl Config {
    /// Checks what serde cannot.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, problem| Err(ConfigError { key, problem });
        if self.connections == 0 || self.messages_per_s == 0 || self.kb_per_s == 0 {
            return wrong("mqtt", "needs `connections`, `messages_per_s` and `kb_per_s` of at least 1");
        }
        if self.upload_mb > self.uploads_mb {
            return wrong("mqtt.upload_mb", "must not be more than `mqtt.uploads_mb`");
        }
        let plain = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if !self.url.as_ref().is_none_or(plain) {
            return wrong("mqtt.url", "must begin with http:// or https://");
        }
        Ok(())
    }

    /// Whether devices speak TLS at an address.
    pub(crate) fn tls(&self, address: SocketAddr) -> bool {
        !self.insecure_tcp && !address.ip().to_canonical().is_loopback()
    }
}

/// Something that happened with a device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceEvent {
    /// The device.
    pub device: EvpId,
    /// When, by our clock: Unix time in milliseconds.
    pub at_ms: u64,
    /// What.
    pub what: What,
}

/// What happened with a device.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It is here.
    Connected,
    /// It is gone, for this reason.
    Disconnected(String),
    /// It said how it is with its deployment.
    Status(Status),
    /// An instance reported a value.
    State {
        /// Of which instance and topic.
        key: Key,
        /// The value.
        value: Vec<u8>,
    },
    /// What a model made of pictures, in our words.
    Results {
        /// The instance it came from, and under which name.
        key: Key,
        /// The model's id, as the device says it.
        model: String,
        /// One for each picture.
        results: Vec<Inferred>,
    },
    /// Any other value that an instance sent.
    Telemetry {
        /// The instance, and the value's name.
        key: Key,
        /// The value.
        value: Value,
    },
    /// Lines of its log.
    Log(Vec<LogLine>),
    /// It brought a file, which is kept under this name.
    Uploaded {
        /// The file's name.
        name: String,
        /// How large it is.
        bytes: u64,
    },
}

/// What a model made of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// In our words. Pictures are numbered from 1 for each connection: the device does not number them.
    pub metadata: Metadata,
    /// How many of each class are in the area that the app watches; none: it watches none.
    pub area_count: Option<Vec<Count>>,
}

/// What an operator wants of a device that is connected.
#[derive(Debug)]
pub(crate) enum Order {
    /// It should run this.
    Deploy(Deployment),
    /// An instance has this setting, or has it no more.
    Set(Key, Option<String>),
    /// Call a method.
    Call(Call),
}

/// A method to be called.
#[derive(Debug)]
pub(crate) struct Call {
    pub instance: String,
    pub method: String,
    pub params: Value,
    pub wait: std::time::Duration,
    pub answer: oneshot::Sender<Result<Answer, Refused>>,
}

/// A connection that a device has.
struct Online {
    orders: mpsc::Sender<Order>,
    /// Why it has to end, once it has to.
    end: watch::Sender<Option<&'static str>>,
    /// Tells it from the next one.
    number: u64,
}

/// The door, for all who have to do with it.
pub struct Mqtt {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) modules: Blobs,
    pub(crate) files: Blobs,
    /// Where devices reach the HTTP side; known once that listens.
    url: OnceLock<String>,
    secret: Hash,
    online: Mutex<(HashMap<EvpId, Online>, u64)>,
    events: broadcast::Sender<Arc<DeviceEvent>>,
    pub(crate) passing: Semaphore,
    /// One change of files at a time, so that bytes which somebody brings again are not removed as loose.
    pub(crate) filing: tokio::sync::Mutex<()>,
}

/// A place among those that are connected.
pub(crate) struct Place {
    pub orders: mpsc::Receiver<Order>,
    pub end: watch::Receiver<Option<&'static str>>,
    number: u64,
}

impl Mqtt {
    /// Sets it up in a folder of its own.
    pub(crate) async fn open(config: Config, db: Db, secret: Hash, data: &Path) -> Result<Arc<Mqtt>, BlobError> {
        let folder = data.join("evp");
        let url = config.url.clone().map_or_else(OnceLock::new, OnceLock::from);
        Ok(Arc::new(Mqtt {
            config,
            db,
            modules: Blobs::files(&folder.join("modules")).await?,
            files: Blobs::files(&folder.join("files")).await?,
            url,
            secret,
            online: Mutex::default(),
            events: broadcast::channel(EVENTS).0,
            passing: Semaphore::new(PASSING),
            filing: tokio::sync::Mutex::default(),
        }))
    }

    /// What happens with devices, from now on. Who listens too slowly loses the oldest events, and is told how many.
    pub fn events(&self) -> broadcast::Receiver<Arc<DeviceEvent>> {
        self.events.subscribe()
    }

    /// Whether a device is connected.
    pub fn is_online(&self, device: &EvpId) -> bool {
        self.lock().0.contains_key(device)
    }

    /// Where devices reach the HTTP side, unless it was said.
    pub(crate) fn reached_at(&self, url: &str) {
        // What was said counts.
        let _ = self.url.set(url.to_owned());
    }

    /// Where devices reach the HTTP side.
    pub(crate) fn url(&self) -> &str {
        self.url.get().map_or("", |url| url.trim_end_matches('/'))
    }

    /// Tells whoever listens.
    pub(crate) fn tell(&self, device: &EvpId, what: What) {
        let event = DeviceEvent { device: device.clone(), at_ms: crate::clock::now_ms(), what };
        // Nobody may be listening.
        let _ = self.events.send(Arc::new(event));
    }

    /// Takes the place of a device; whoever had it has to go.
    pub(crate) fn come(&self, device: &EvpId) -> Place {
        let (orders, taken) = mpsc::channel(ORDERS);
        let (end, ended) = watch::channel(None);
        let mut online = self.lock();
        online.1 += 1;
        let number = online.1;
        if let Some(before) = online.0.insert(device.clone(), Online { orders, end, number }) {
            before.end.send_replace(Some("the device has connected again"));
        }
        crate::metrics::cameras_connected(online.0.len());
        Place { orders: taken, end: ended, number }
    }

    /// Gives the place back, unless somebody else has it by now.
    pub(crate) fn go(&self, device: &EvpId, place: &Place) {
        let mut online = self.lock();
        if online.0.get(device).is_some_and(|known| known.number == place.number) {
            online.0.remove(device);
        }
        crate::metrics::cameras_connected(online.0.len());
    }

    /// Ends the connection of a device, if it has one.
    pub(crate) fn end(&self, device: &EvpId, why: &'static str) {
        if let Some(online) = self.lock().0.get(device) {
            online.end.send_replace(Some(why));
        }
    }

    /// Hands an order to a device. False: it is not connected, or has too many.
    pub(crate) fn order(&self, device: &EvpId, order: Order) -> bool {
        self.lock().0.get(device).is_some_and(|online| online.orders.try_send(order).is_ok())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (HashMap<EvpId, Online>, u64)> {
        self.online.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
