//! The hub's side of the EVP device protocol, which AITRIOS cameras speak over MQTT: both dialects, `EVP2-TB` and `EVP1`.
//!
//! A [`Hub`] is one device's connection as seen from here. It is told what the device subscribed to and published, what the
//! operator wants, and the time; it answers with what to publish and what happened. It knows no socket, so a driver hands it
//! whatever it likes, from whomever: everything that a device says is taken apart with limits, and nothing that it says can be
//! more than an [`Event`].
//!
//! ```text
//!             connected                subscribed, asked for its attributes         said who it is
//!   Hub::new ----------> deaf, ignores PATCHes ----------> answered ----------------> the desired twin is sent:
//!                                                                                    deployment, settings; later
//!                                                                                    changes as PATCHes
//!   reported:  status, states, telemetry, logs --> Event          command --> answer | unknown method | time over
//! ```
//!
//! After each call that changes it, drain [`Hub::poll`]; call [`Hub::handle_timeout`] when [`Hub::next_timeout`] has come.
//! Where the two dialects differ is in `wire` alone. Source: libevp-agent of the edge virtualization platform, 1.48
//! (`hub/tb/tb.c`, `instance_config.c`, `direct_command.c`, `report.c`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub mod api;
mod hub;
pub mod qr;
pub mod sim;
pub mod system;
pub mod topic;
mod wire;

#[cfg(test)]
mod tests;

pub use hub::{COMMAND_TIME, Hub};

/// Largest message, in bytes: devices have buffers of this size.
pub const MOST_MESSAGE: usize = 128 * 1024;
/// Instances of a deployment, and modules.
pub const MOST_PARTS: usize = 64;
/// Largest desired twin as it is sent at once, in bytes.
pub const MOST_DESIRED: usize = 96 * 1024;

/// Which form of the protocol a device speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `EVP2-TB`: objects are objects.
    Evp2,
    /// `EVP1`: objects in strings, values in base64.
    Evp1,
}

/// What should run on a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Its id: the device reports how far it is with this one. A UUID by custom.
    #[serde(default)]
    pub id: String,
    /// What runs, by instance name.
    #[serde(default)]
    pub instances: BTreeMap<String, Instance>,
    /// What they run, by module id.
    #[serde(default)]
    pub modules: BTreeMap<String, Module>,
    /// Where messages that instances publish go.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub publish_topics: BTreeMap<String, Route>,
    /// Where messages that instances subscribe to come from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subscribe_topics: BTreeMap<String, Route>,
}

/// An instance of a module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The module it runs, by its id in this deployment.
    pub module: String,
    /// Topics by the names it knows them by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub publish: BTreeMap<String, String>,
    /// Topics by the names it knows them by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subscribe: BTreeMap<String, String>,
    /// Streams between instances, as the device's manual says.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub streams: Map<String, Value>,
}

/// Code of a module, and where the device gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// What runs it.
    #[serde(default)]
    pub implementation: Implementation,
    /// The function it begins with.
    #[serde(default = "main")]
    pub entry_point: String,
    /// Where the device downloads it from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// SHA-256 of its bytes, 64 hex digits: the device checks it.
    pub sha256: String,
}

fn main() -> String {
    "main".to_owned()
}

/// What runs a module on the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Implementation {
    /// A WebAssembly module, compiled ahead or not.
    #[default]
    Wasm,
    /// A folder of Python, packed.
    Python,
    /// A program.
    Spawn,
    /// A shared library.
    Dlfcn,
}

/// Where a topic leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// To whom.
    #[serde(rename = "type")]
    pub kind: RouteKind,
    /// Its name there.
    pub topic: String,
}

/// To whom a topic leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RouteKind {
    /// To other instances on the device.
    Local,
    /// To the hub.
    Upstream,
}

/// What is wanted of a device: half of its twin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    /// What should run; none: whatever runs may go on.
    pub deployment: Option<Deployment>,
    /// Values by instance and topic. `$system` is the device itself, `$agent` the program that runs instances.
    pub settings: BTreeMap<Key, String>,
}

/// An instance and one of its topics.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The instance.
    pub instance: String,
    /// The topic.
    pub topic: String,
}

/// How a device is with its deployment: what it reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The deployment it speaks of; empty: it has none.
    pub deployment: String,
    /// Whether what runs is what should.
    pub reconcile: Reconcile,
    /// How instances are, by name.
    pub instances: BTreeMap<String, Health>,
    /// How modules are, by id.
    pub modules: BTreeMap<String, Health>,
}

/// Whether what runs is what should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reconcile {
    /// It is being brought about.
    Applying,
    /// The device holds back.
    Paused,
    /// It is.
    Ok,
    /// It cannot be.
    Error,
    /// Another word, or none.
    #[default]
    #[serde(other)]
    Unknown,
}

/// How an instance or module is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// In a word.
    pub state: HealthState,
    /// What went wrong, in the device's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// How an instance or module is, in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// It runs, or is there.
    Ok,
    /// It is on its way.
    Downloading,
    /// It ended by itself; the device does not start it again.
    SelfExiting,
    /// It failed.
    Error,
    /// Another word, or none.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What a machine wants of its driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this to the device.
    Publish {
        /// The topic.
        topic: String,
        /// JSON.
        payload: String,
    },
    /// This happened.
    Event(Event),
}

/// Something a device did.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It said what it is.
    Hello {
        /// How it speaks.
        dialect: Dialect,
        /// Its `systemInfo`.
        info: Value,
    },
    /// It said how it is with its deployment.
    Status(Status),
    /// An instance reported a value; the newest counts.
    State {
        /// Which value of whom.
        key: Key,
        /// The value: JSON, for most.
        value: Vec<u8>,
    },
    /// An instance sent something.
    Telemetry {
        /// Who, and under which name.
        key: Key,
        /// What.
        value: Value,
    },
    /// Lines of its log.
    Log(Vec<LogLine>),
    /// A command came to its end.
    Done {
        /// Which.
        id: u64,
        /// How.
        answer: Answer,
    },
    /// A command was answered after its time.
    Late {
        /// Which.
        id: u64,
    },
    /// It wants to upload a file: answer with [`Hub::answer_token`].
    TokenWanted(TokenRequest),
    /// It said something that is not understood; in words for a log.
    Strange(&'static str),
}

/// A line of a device's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// What was written.
    pub log: String,
    /// Who wrote it: an instance.
    #[serde(default)]
    pub app: String,
    /// `stdout` or `stderr`.
    #[serde(default)]
    pub stream: String,
    /// When, in the device's words.
    #[serde(default)]
    pub time: String,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Answer {
    /// It was done.
    Ok {
        /// What came of it.
        #[schema(value_type = Object)]
        response: Value,
    },
    /// The instance has no such method.
    UnknownMethod,
    /// It failed.
    Failed {
        /// In the device's words.
        message: String,
        /// What came of it.
        #[schema(value_type = Object)]
        response: Value,
    },
    /// No answer came in time.
    TimedOut,
    /// The connection ended before an answer came.
    Lost,
}

/// A device wants to upload a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// Name it when it is answered.
    pub ticket: u64,
    /// The instance that has the file.
    pub instance: String,
    /// The file's name, as the device gives it: may hold slashes, and anything else.
    pub filename: String,
    /// The storage that the instance was configured with; none: the hub's own.
    pub storage: Option<String>,
}

/// Where a device may upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// It sends an HTTP PUT there.
    pub url: String,
    /// Headers it sends with it.
    pub headers: BTreeMap<String, String>,
    /// Until then: Unix time in milliseconds.
    pub expires_ms: Option<u64>,
}

/// Why something was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The device did not say yet how it speaks.
    #[error("the device has not said yet which protocol it speaks; try again in a moment")]
    DialectUnknown,
    /// The device did not subscribe to commands.
    #[error("the device does not listen to commands")]
    NotListening,
    /// As many commands wait as the device can hold.
    #[error("too many commands wait for an answer; try again when one has come")]
    Busy,
    /// It would not fit into one message.
    #[error("that is more than fits into one message of the device")]
    TooLarge,
    /// A name cannot be used.
    #[error("names of instances have no `/`, and all names are 1 to 128 printable characters")]
    BadName,
    /// The dialect has no place for it.
    #[error("devices that speak EVP1 have no settings of their agent")]
    NoAgentSettings,
    /// An instance names a module that is not there.
    #[error("an instance runs a module that the deployment does not have")]
    NoSuchModule,
    /// There is no such request, or it was answered.
    #[error("the device does not wait for this any more")]
    Gone,
}

impl Key {
    /// From its parts, if they can be told apart again.
    pub fn new(instance: &str, topic: &str) -> Result<Key, Refused> {
        let key = Key { instance: instance.to_owned(), topic: topic.to_owned() };
        if is_name(instance) && !instance.contains('/') && is_name(topic) { Ok(key) } else { Err(Refused::BadName) }
    }

    /// From `instance/topic`.
    pub fn parse(path: &str) -> Result<Key, Refused> {
        let (instance, topic) = path.split_once('/').ok_or(Refused::BadName)?;
        Key::new(instance, topic)
    }
}

fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl Deployment {
    /// One that stops everything.
    pub fn none(id: &str) -> Deployment {
        Deployment { id: id.to_owned(), ..Deployment::default() }
    }

    /// Checks what its types cannot.
    pub fn check(&self) -> Result<(), Refused> {
        let names = self.instances.keys().chain(self.modules.keys()).chain([&self.id]);
        if !names.clone().all(|name| is_name(name)) || self.instances.keys().any(|name| name.contains('/')) {
            return Err(Refused::BadName);
        }
        if self.instances.len() > MOST_PARTS || self.modules.len() > MOST_PARTS {
            return Err(Refused::TooLarge);
        }
        let known = |instance: &Instance| self.modules.contains_key(&instance.module);
        if self.instances.values().all(known) { Ok(()) } else { Err(Refused::NoSuchModule) }
    }
}

impl Desired {
    /// Checks that it can be told to a device at once.
    pub fn check(&self) -> Result<(), Refused> {
        self.deployment.as_ref().map_or(Ok(()), Deployment::check)?;
        hub::fits(self)
    }
}

impl Status {
    /// Whether the device runs what it should.
    pub fn has(&self, deployment: &Deployment) -> bool {
        self.deployment == deployment.id && self.reconcile == Reconcile::Ok
    }
}
