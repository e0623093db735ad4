//! The machine: one device's connection, seen from the hub.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::topic::{Filters, PREFIX, Topic};
use super::{
    Answer, Deployment, Desired, Dialect, Event, Grant, Key, MOST_DESIRED, MOST_MESSAGE, Output, Refused, Status,
    TokenRequest, is_name, wire,
};
use crate::time::Time;

/// How long a command is waited for, unless it is said.
pub const COMMAND_TIME: Duration = Duration::from_secs(30);
/// Commands that wait at a time: a device knows sixteen by their ids, and drops one whose id it still knows.
const MOST_COMMANDS: usize = 8;
/// Commands whose time was over, of which a late answer is known for what it is.
const MOST_OVERDUE: usize = 16;
/// Requests for uploads that wait at a time.
const MOST_TOKENS: usize = 32;
/// Values of one message: a device's own limit.
const MOST_VALUES: usize = 1000;
/// Settings of a twin.
const MOST_SETTINGS: usize = 64;
/// How often a deployment is sent again to a device that reports another one.
const AGAIN: Duration = Duration::from_secs(30);

/// One device's connection.
#[derive(Debug)]
pub struct Hub {
    dialect: Option<Dialect>,
    desired: Desired,
    filters: Filters,
    /// It has asked for its attributes and was answered: from then on PATCHes count.
    answered: bool,
    /// When the deployment was sent last.
    sent: Option<Time>,
    status: Option<Status>,
    next_id: u64,
    commands: BTreeMap<u64, Waiting>,
    overdue: VecDeque<u64>,
    tokens: BTreeMap<u64, Token>,
    out: VecDeque<Output>,
}

/// A command that waits for its answer.
#[derive(Debug)]
struct Waiting {
    due: Time,
}

/// A request for an upload that waits for ours.
#[derive(Debug)]
struct Token {
    number: u64,
    dialect: Dialect,
    reqid: Option<String>,
}

impl Hub {
    /// A device that has just connected. `dialect` is what it spoke when it was last here; commands are numbered from `first_id`,
    /// which should not be a number of a moment ago.
    pub fn new(dialect: Option<Dialect>, desired: Desired, first_id: u64) -> Hub {
        Hub {
            dialect,
            desired,
            filters: Filters::default(),
            answered: false,
            sent: None,
            status: None,
            // A device's memory of ids is filled with zeros at first.
            next_id: first_id.max(1),
            commands: BTreeMap::new(),
            overdue: VecDeque::new(),
            tokens: BTreeMap::new(),
            out: VecDeque::new(),
        }
    }

    /// How it speaks, once that is known.
    pub fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    /// What is wanted of it.
    pub fn desired(&self) -> &Desired {
        &self.desired
    }

    /// What it reported last, on this connection.
    pub fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    /// Whether it reports that it runs what it should; true where nothing is wanted.
    pub fn in_sync(&self) -> bool {
        let wanted = self.desired.deployment.as_ref();
        wanted.is_none_or(|wanted| self.status.as_ref().is_some_and(|status| status.has(wanted)))
    }

    /// It subscribes. False: not to this.
    pub fn subscribe(&mut self, filter: &str) -> bool {
        self.filters.add(filter)
    }

    /// It wants no more of this.
    pub fn unsubscribe(&mut self, filter: &str) {
        self.filters.remove(filter);
    }

    /// It published.
    pub fn handle(&mut self, now: Time, topic: &str, payload: &[u8]) {
        if payload.len() > MOST_MESSAGE {
            return self.strange("a message longer than any device sends");
        }
        let Some(topic) = Topic::parse(topic) else { return self.strange("a topic that devices do not publish to") };
        // What is nested too deeply does not parse either.
        let Ok(value) = serde_json::from_slice::<Value>(payload) else { return self.strange("no JSON") };
        match topic {
            Topic::AttributesRequest(id) => self.answer_attributes(now, id),
            Topic::Attributes => self.attributes(now, value),
            Topic::Telemetry => self.telemetry(value),
            Topic::Request(id) => self.request(id, &value),
            Topic::Response(id) => self.response(id, value),
        }
    }

    /// What should run, from now on.
    pub fn deploy(&mut self, now: Time, deployment: Deployment) -> Result<(), Refused> {
        deployment.check()?;
        self.change(|desired| desired.deployment = Some(deployment))?;
        self.send_deployment(now);
        Ok(())
    }

    /// A setting of an instance; none: it has it no more. `$agent` has some of its own.
    pub fn set(&mut self, key: Key, value: Option<String>) -> Result<(), Refused> {
        let agent = key.instance == wire::AGENT;
        if agent && self.dialect == Some(Dialect::Evp1) {
            return Err(Refused::NoAgentSettings);
        }
        match value.clone() {
            Some(value) => self.change(|desired| drop(desired.settings.insert(key.clone(), value)))?,
            None => drop(self.desired.settings.remove(&key)),
        }
        let Some(dialect) = self.dialect.filter(|_| self.answered) else { return Ok(()) };
        let patch = match value {
            _ if agent => Map::from_iter(wire::agent_settings(dialect, &self.desired)),
            Some(value) => Map::from_iter([(wire::setting_name(&key), wire::setting(dialect, &key, &value))]),
            // Devices take names of settings here, and nothing else.
            None => Map::from_iter([("deleted".to_owned(), json!([wire::setting_name(&key)]))]),
        };
        if !patch.is_empty() {
            self.publish("attributes", &Value::Object(patch));
        }
        Ok(())
    }

    /// Calls a method of an instance, and answers with the id that [`Event::Done`] will name: at the latest after `wait`.
    pub fn command(
        &mut self,
        now: Time,
        instance: &str,
        method: &str,
        params: &Value,
        wait: Duration,
    ) -> Result<u64, Refused> {
        let dialect = self.dialect.ok_or(Refused::DialectUnknown)?;
        if !is_name(instance) || !is_name(method) {
            return Err(Refused::BadName);
        }
        if self.commands.len() >= MOST_COMMANDS {
            return Err(Refused::Busy);
        }
        let id = self.next_id;
        let topic = format!("rpc/request/{id}");
        if !self.filters.want(&format!("{PREFIX}{topic}")) {
            return Err(Refused::NotListening);
        }
        let payload = wire::command(dialect, id, instance, method, params);
        if payload.to_string().len() > MOST_DESIRED {
            return Err(Refused::TooLarge);
        }
        self.next_id += 1;
        self.commands.insert(id, Waiting { due: now + wait });
        self.publish(&topic, &payload);
        Ok(id)
    }

    /// Answers a request for an upload: with where it may go, or why not.
    pub fn answer_token(&mut self, ticket: u64, answer: &Result<Grant, String>) -> Result<(), Refused> {
        let Token { number, dialect, reqid } = self.tokens.remove(&ticket).ok_or(Refused::Gone)?;
        self.publish(&format!("rpc/response/{number}"), &wire::token_answer(dialect, reqid.as_deref(), answer));
        Ok(())
    }

    /// The connection has ended: commands that wait are lost.
    pub fn close(&mut self) {
        for (id, _) in std::mem::take(&mut self.commands) {
            self.event(Event::Done { id, answer: Answer::Lost });
        }
        self.tokens.clear();
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to call [`Hub::handle_timeout`].
    pub fn next_timeout(&self) -> Option<Time> {
        self.commands.values().map(|waiting| waiting.due).min()
    }

    /// Gives up commands whose time is over.
    pub fn handle_timeout(&mut self, now: Time) {
        let over = self.commands.extract_if(.., |_, waiting| waiting.due <= now).map(|(id, _)| id);
        for id in over.collect::<Vec<_>>() {
            self.overdue.push_back(id);
            self.event(Event::Done { id, answer: Answer::TimedOut });
        }
        while self.overdue.len() > MOST_OVERDUE {
            self.overdue.pop_front();
        }
    }

    /// Changes what is desired, unless it would not fit into one message any more.
    fn change(&mut self, change: impl FnOnce(&mut Desired)) -> Result<(), Refused> {
        let mut changed = self.desired.clone();
        change(&mut changed);
        fits(&changed)?;
        self.desired = changed;
        Ok(())
    }

    fn answer_attributes(&mut self, now: Time, id: u64) {
        // Who has not said yet how it speaks gets an empty answer, and everything once it did.
        let shared =
            self.dialect.map(|dialect| wire::shared(dialect, &self.desired)).filter(|shared| !shared.is_empty());
        if shared.is_some() {
            self.sent = Some(now);
        }
        let answer = shared.map_or(json!({}), |shared| json!({"shared": shared}));
        self.publish(&format!("attributes/response/{id}"), &answer);
        self.answered = true;
    }

    fn attributes(&mut self, now: Time, value: Value) {
        let Value::Object(attributes) = value else { return self.strange("attributes that are no object") };
        if attributes.len() > MOST_VALUES {
            return self.strange("more attributes than a device has");
        }
        // States are told in the dialect that the same message may be the first to name.
        let mut states = Vec::new();
        for (name, value) in attributes {
            match name.as_str() {
                "systemInfo" => self.hello(now, value),
                "deploymentStatus" => {
                    let dialect = if value.is_string() { Dialect::Evp1 } else { Dialect::Evp2 };
                    match wire::unpacked(value) {
                        Some(status) => self.reported(now, dialect, &status),
                        None => self.strange("a status that is no object"),
                    }
                }
                // Others are the device's own affair: `device/...` and what may come.
                _ => states.extend(name.strip_prefix("state/").map(|path| (path.to_owned(), value))),
            }
        }
        for (path, value) in states {
            match Key::parse(&path) {
                Ok(key) => {
                    let value = wire::state(self.dialect, value);
                    self.event(Event::State { key, value });
                }
                Err(_) => self.strange("a state of nobody"),
            }
        }
    }

    fn hello(&mut self, now: Time, info: Value) {
        let Some(info) = wire::unpacked(info) else { return self.strange("a `systemInfo` that is no object") };
        let Some(dialect) = wire::dialect(&info) else { return self.strange("a protocol version that is not known") };
        self.event(Event::Hello { dialect, info });
        self.speaks(now, dialect);
    }

    /// It speaks so; what is desired is sent in these words, if it was not.
    fn speaks(&mut self, now: Time, dialect: Dialect) {
        let known = self.dialect.replace(dialect);
        if known == Some(dialect) || !self.answered {
            return;
        }
        let shared = wire::shared(dialect, &self.desired);
        if !shared.is_empty() {
            self.sent = Some(now);
            self.publish("attributes", &Value::Object(shared));
        }
    }

    fn reported(&mut self, now: Time, dialect: Dialect, status: &Value) {
        if self.dialect.is_none() {
            self.speaks(now, dialect);
        }
        let status = wire::status(status);
        let wanted = self.desired.deployment.as_ref();
        let other = wanted.is_some_and(|wanted| wanted.id != status.deployment);
        self.status = Some(status.clone());
        self.event(Event::Status(status));
        if other && self.sent.is_some_and(|sent| now >= sent + AGAIN) {
            self.send_deployment(now);
        }
    }

    fn send_deployment(&mut self, now: Time) {
        let Some((dialect, wanted)) = self.dialect.zip(self.desired.deployment.as_ref()) else { return };
        if self.answered {
            let patch = json!({"deployment": wire::deployment(dialect, wanted)});
            self.sent = Some(now);
            self.publish("attributes", &patch);
        }
    }

    fn telemetry(&mut self, value: Value) {
        let Value::Object(values) = value else { return self.strange("telemetry that is no object") };
        if values.len() > MOST_VALUES {
            return self.strange("more telemetry than fits into a message of a device");
        }
        for (path, value) in values {
            match Key::parse(&path) {
                Ok(_) if path == "device/log" => self.event(Event::Log(wire::log(&value))),
                Ok(key) => self.event(Event::Telemetry { key, value }),
                Err(_) => self.strange("telemetry of nobody"),
            }
        }
    }

    fn request(&mut self, number: u64, value: &Value) {
        let Some(wanted) = wire::token_request(value) else { return self.strange("a request that is not known") };
        if self.tokens.len() >= MOST_TOKENS {
            // The device gives up the oldest by itself.
            self.tokens.pop_first();
        }
        let ticket = self.next_id;
        self.next_id += 1;
        let wire::Wanted { reqid, dialect, instance, filename, storage } = wanted;
        self.tokens.insert(ticket, Token { number, dialect, reqid });
        self.event(Event::TokenWanted(TokenRequest { ticket, instance, filename, storage }));
    }

    fn response(&mut self, number: u64, value: Value) {
        let Some((id, answer)) = wire::answer(value) else { return self.strange("an answer that is not one") };
        let id = id.unwrap_or(number);
        if self.commands.remove(&id).is_some() {
            self.event(Event::Done { id, answer });
        } else if self.overdue.contains(&id) {
            self.event(Event::Late { id });
        } else {
            self.strange("an answer that nobody waits for");
        }
    }

    /// Sends, if the device wants to hear it: else it goes nowhere, as in MQTT.
    fn publish(&mut self, topic: &str, payload: &Value) {
        let topic = format!("{PREFIX}{topic}");
        if self.filters.want(&topic) {
            self.out.push_back(Output::Publish { topic, payload: payload.to_string() });
        }
    }

    fn event(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    fn strange(&mut self, what: &'static str) {
        self.event(Event::Strange(what));
    }
}

/// Whether a twin fits into one message, in the dialect that takes more.
pub(super) fn fits(desired: &Desired) -> Result<(), Refused> {
    let size = Value::Object(wire::shared(Dialect::Evp1, desired)).to_string().len();
    let small = size <= MOST_DESIRED && desired.settings.len() <= MOST_SETTINGS;
    if small { Ok(()) } else { Err(Refused::TooLarge) }
}
