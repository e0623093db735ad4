//! EVP: what an app is told by its agent, and what it says. Events are run one by one inside `EVP_processEvent`.

use std::collections::VecDeque;

use serde_json::Value;

/// The one client; any other is none.
pub const CLIENT: i32 = 0x4556_5031;
/// Events that wait; what would be one more is not taken.
const MOST_EVENTS: usize = 256;

pub const OK: i32 = 0;
pub const SHOULD_EXIT: i32 = 1;
pub const TIMED_OUT: i32 = 2;
pub const ERROR: i32 = 3;
pub const INVALID: i32 = 4;
pub const NO_MEMORY: i32 = 5;
pub const TOO_BIG: i32 = 6;
pub const AGAIN: i32 = 7;
pub const FAULT: i32 = 10;
pub const DENIED: i32 = 11;
pub const NOT_SUPPORTED: i32 = 12;

/// A function of the app's table, and what it wants to be called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callback {
    pub function: u32,
    pub user: i32,
}

/// Something that the app is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its settings of a topic.
    Configuration { to: Callback, topic: Vec<u8>, value: Vec<u8> },
    /// What became of what it said.
    Sent { to: Callback, reason: i32 },
}

/// What the agent knows of the app.
#[derive(Debug, Default)]
pub struct Evp {
    pub initialized: bool,
    /// Topics, and their values.
    settings: Vec<(Vec<u8>, Vec<u8>)>,
    events: VecDeque<Event>,
    configuration: bool,
    message: bool,
    rpc: bool,
    /// An event is being run.
    pub inside: bool,
    /// Where in its memory the name of its workspace lies, once it asked.
    pub workspace: Option<i32>,
}

impl Evp {
    /// For an app with these settings, a JSON object: each key is a topic.
    pub fn new(config: &str) -> Evp {
        let settings = match serde_json::from_str(config) {
            Ok(Value::Object(topics)) => topics.into_iter().map(|(topic, value)| (topic, plain(value))).collect(),
            _ => Vec::new(),
        };
        let settings = settings.into_iter().map(|(topic, value)| (topic.into_bytes(), value.into_bytes())).collect();
        Evp { settings, ..Evp::default() }
    }

    /// The app's handle; there is one, whoever asks.
    pub fn initialize(&mut self) -> i32 {
        self.initialized = true;
        CLIENT
    }

    /// Whether a handle is the client's.
    pub fn knows(&self, handle: i32) -> bool {
        self.initialized && handle == CLIENT
    }

    /// The settings are told to this function, soon.
    pub fn on_configuration(&mut self, to: Option<Callback>) -> i32 {
        let Some(to) = to else { return INVALID };
        if std::mem::replace(&mut self.configuration, true) {
            return ERROR;
        }
        let told = self.settings.iter().take(MOST_EVENTS / 2);
        self.events.extend(told.map(|(topic, value)| Event::Configuration {
            to,
            topic: topic.clone(),
            value: value.clone(),
        }));
        OK
    }

    /// Nobody sends it messages here.
    pub fn on_message(&mut self, to: Option<Callback>) -> i32 {
        if to.is_none() || std::mem::replace(&mut self.message, true) { ERROR } else { OK }
    }

    /// Nobody calls it here.
    pub fn on_rpc(&mut self, to: Option<Callback>) -> i32 {
        if to.is_none() || std::mem::replace(&mut self.rpc, true) { INVALID } else { OK }
    }

    /// Whether there is room for one more event.
    pub fn has_room(&self) -> bool {
        self.events.len() < MOST_EVENTS
    }

    pub fn push(&mut self, event: Event) {
        if self.has_room() {
            self.events.push_back(event);
        }
    }

    pub fn pop(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

/// A setting as the app reads it: text as it is, anything else as JSON.
fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
