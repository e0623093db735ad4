//! Drives the hub's machine for one device: messages in and out, what is to be kept, what others are told.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use playfield_core::evp::topic::Filters;
use playfield_core::evp::{Answer, Deployment, Dialect, Event, Grant, Hub, Key, Output, Refused, TokenRequest};
use playfield_core::smartcamera::{Envelope, Kind, Size};
use playfield_core::time::Time;
use playfield_store::db::{DbError, EvpDevice, EvpState};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::codec::Qos;
use super::connection::End;
use super::outbox::{Full, Outbox};
use super::{Call, Inferred, Link, Mqtt, Order, Verb, What};
use crate::clock::now_ms;

/// How often states of a device are written down at most: more often they would keep the database from others.
const KEEP: Duration = Duration::from_secs(1);
/// Values that wait for that; a device has not more.
const MOST_UNKEPT: usize = 64;
/// How often it is written down that a device is still here.
const SEEN: Duration = Duration::from_secs(60);
/// How long a link to bring a file is good, in milliseconds.
const UPLOAD_MS: u64 = 15 * 60_000;
/// The setting of an app in which the size of the model's input stands.
const APP: &str = "edge_app";

type Answers = HashMap<u64, oneshot::Sender<Result<Answer, Refused>>>;

/// One device that is here.
pub(super) struct Device {
    mqtt: Arc<Mqtt>,
    row: EvpDevice,
    hub: Hub,
    /// Subscriptions of QoS 1 and more, which messages are sent to as that.
    surely: Filters,
    answers: Answers,
    /// Sizes of models' inputs, by instance, as the settings say them.
    sizes: BTreeMap<String, Option<Size>>,
    frame: u64,
    start: Instant,
    /// States that are still to be written down, and when that was done last.
    unkept: BTreeMap<Key, EvpState>,
    kept_at: Option<Instant>,
    seen_at: Option<Instant>,
    /// Events since it was asked.
    told: usize,
}

impl Device {
    pub async fn new(mqtt: &Arc<Mqtt>, row: EvpDevice, filters: Filters) -> Result<Device, End> {
        let failed = |error: DbError| {
            tracing::error!(%error, "what is wanted of a device could not be read");
            End("what is wanted of it could not be read".to_owned())
        };
        // Asked once more, now that it can be told to go: else one that was revoked meanwhile would stay.
        let known = mqtt.db.evp_device(row.id.clone()).await.map_err(failed)?;
        if known.is_none_or(|known| known.revoked) {
            return Err(End("it may not come any more".to_owned()));
        }
        let mut desired = mqtt.db.evp_desired(row.id.clone()).await.map_err(failed)?;
        desired.deployment = desired.deployment.map(|deployment| mqtt.linked(&row, deployment));
        // Numbers of commands that no earlier connection has used lately.
        let first = now_ms() / 1000 % 1_000_000_000 * 1_000;
        let mut hub = Hub::new(row.dialect, desired, first);
        for filter in filters.iter() {
            hub.subscribe(filter);
        }
        let device = Device {
            mqtt: mqtt.clone(),
            row,
            hub,
            surely: Filters::default(),
            answers: Answers::new(),
            sizes: BTreeMap::new(),
            frame: 0,
            start: Instant::now(),
            unkept: BTreeMap::new(),
            kept_at: None,
            seen_at: None,
            told: 0,
        };
        tracing::info!(device = %device.row.id, "a device is here");
        mqtt.tell(&device.row.id, What::Connected);
        Ok(device)
    }

    fn now(&self) -> Time {
        Time::ZERO + self.start.elapsed()
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        let command = self.hub.next_timeout().map(|due| self.start + due.since(Time::ZERO));
        let keep = self.kept_at.filter(|_| !self.unkept.is_empty()).map(|at| at + KEEP);
        command.into_iter().chain(keep).min()
    }

    /// Events since this was asked last.
    pub fn told(&mut self) -> usize {
        std::mem::take(&mut self.told)
    }

    pub fn handle_timeout(&mut self) {
        self.hub.handle_timeout(self.now());
    }

    /// The QoS it gets; none: it may not have this.
    pub fn subscribe(&mut self, filter: &str, qos: Qos) -> Option<Qos> {
        let granted = self.hub.subscribe(filter).then_some(qos.min(Qos::AtLeastOnce))?;
        match granted {
            Qos::AtMostOnce => self.surely.remove(filter),
            _ => _ = self.surely.add(filter),
        }
        Some(granted)
    }

    pub fn unsubscribe(&mut self, filter: &str) {
        self.hub.unsubscribe(filter);
        self.surely.remove(filter);
    }

    pub fn publish(&mut self, topic: &str, payload: &[u8]) {
        crate::metrics::camera_message(payload.len());
        self.hub.handle(self.now(), topic, payload);
    }

    /// What an operator wants. Whether it can be, was checked before; what changed since is told in the log.
    pub fn order(&mut self, order: Order) {
        let done = match order {
            Order::Deploy(deployment) => {
                let deployment = self.mqtt.linked(&self.row, deployment);
                self.hub.deploy(self.now(), deployment)
            }
            Order::Set(key, value) => {
                self.sizes.remove(&key.instance);
                self.hub.set(key, value)
            }
            Order::Call(call) => {
                self.call(call);
                Ok(())
            }
        };
        if let Err(error) = done {
            tracing::warn!(device = %self.row.id, %error, "a device cannot be told what is wanted of it");
        }
    }

    fn call(&mut self, Call { instance, method, params, wait, answer }: Call) {
        match self.hub.command(self.now(), &instance, &method, &params, wait) {
            Ok(id) => drop(self.answers.insert(id, answer)),
            // Who asked may be gone.
            Err(refused) => drop(answer.send(Err(refused))),
        }
    }

    /// Does what the machine wants, until it wants nothing.
    pub async fn drain(&mut self, outbox: &mut Outbox) -> Result<(), Full> {
        while let Some(output) = self.hub.poll() {
            match output {
                Output::Publish { topic, payload } => {
                    let qos = if self.surely.want(&topic) { Qos::AtLeastOnce } else { Qos::AtMostOnce };
                    outbox.publish(topic, payload, qos)?;
                }
                Output::Event(event) => self.event(event).await,
            }
        }
        if self.kept_at.is_none_or(|at| at.elapsed() >= KEEP) {
            self.keep().await;
        }
        Ok(())
    }

    /// The connection has ended.
    pub async fn close(&mut self) {
        self.hub.close();
        while let Some(output) = self.hub.poll() {
            if let Output::Event(event) = output {
                self.event(event).await;
            }
        }
        self.seen_at = None;
        self.keep().await;
    }

    /// Writes down what was reported, and now and then that it is here.
    async fn keep(&mut self) {
        let (id, db) = (self.row.id.clone(), self.mqtt.db.clone());
        if self.seen_at.is_none_or(|seen| seen.elapsed() >= SEEN) {
            self.seen_at = Some(Instant::now());
            self.kept(db.see_evp(id.clone(), now_ms()).await);
        }
        if self.unkept.is_empty() {
            return;
        }
        self.kept_at = Some(Instant::now());
        let states = std::mem::take(&mut self.unkept);
        if self.kept(db.put_evp_states(id.clone(), states.into_values().collect()).await) == Some(false) {
            tracing::debug!(device = %id, "a device reports more than is kept");
        }
    }

    async fn event(&mut self, event: Event) {
        let id = self.row.id.clone();
        self.told += 1;
        match event {
            Event::Hello { dialect, info } => self.hello(dialect, info).await,
            Event::Status(status) => {
                if self.row.status.as_ref() != Some(&status) {
                    self.kept(self.mqtt.db.set_evp_status(id.clone(), status.clone()).await);
                    self.row.status = Some(status.clone());
                }
                self.mqtt.tell(&id, What::Status(status));
            }
            Event::State { key, value } => {
                let state = EvpState { key: key.clone(), value: value.clone(), reported_ms: now_ms() };
                if self.unkept.len() < MOST_UNKEPT || self.unkept.contains_key(&key) {
                    self.unkept.insert(key.clone(), state);
                }
                self.mqtt.tell(&id, What::State { key, value });
            }
            Event::Telemetry { key, value } => {
                let what = self.results(&key, &value).unwrap_or(What::Telemetry { key, value });
                self.mqtt.tell(&id, what);
            }
            Event::Log(lines) => self.mqtt.tell(&id, What::Log(lines)),
            Event::Done { id, answer } => {
                if let Some(asked) = self.answers.remove(&id) {
                    // Who asked may be gone.
                    drop(asked.send(Ok(answer)));
                }
            }
            Event::Late { id: command } => tracing::debug!(device = %id, command, "an answer came too late"),
            Event::TokenWanted(request) => self.grant(request),
            Event::Strange(what) => {
                crate::metrics::camera_strange();
                tracing::debug!(device = %id, what, "a device says something that is not understood");
            }
        }
    }

    async fn hello(&mut self, dialect: Dialect, info: Value) {
        if self.row.dialect == Some(dialect) && self.row.info.as_ref() == Some(&info) {
            return;
        }
        self.kept(self.mqtt.db.set_evp_info(self.row.id.clone(), dialect, info.clone()).await);
        (self.row.dialect, self.row.info) = (Some(dialect), Some(info));
    }

    /// A message in our words, if it is what a model made of pictures, and the size of these is known.
    fn results(&mut self, key: &Key, value: &Value) -> Option<What> {
        if !Envelope::is(value) {
            return None;
        }
        let size = self.size(&key.instance)?;
        let kind: Option<Kind> = self.row.results.and_then(|(kind, _)| kind);
        let read = Envelope::read(value, kind).and_then(|envelope| {
            let results: Result<_, _> = envelope
                .inferences
                .iter()
                .map(|inference| {
                    self.frame += 1;
                    let metadata = inference.output.to_metadata(size, self.frame, inference.time_ms)?;
                    Ok(Inferred { metadata, area_count: inference.output.area_count().cloned() })
                })
                .collect();
            Ok(What::Results { key: key.clone(), model: envelope.model, results: results? })
        });
        match read {
            Ok(what) => Some(what),
            Err(error) => {
                crate::metrics::camera_strange();
                tracing::debug!(device = %self.row.id, %error, "results of a device are not understood");
                None
            }
        }
    }

    /// The size of an instance's pictures: as its settings say it, or else as the device was enrolled with.
    fn size(&mut self, instance: &str) -> Option<Size> {
        let settings = &self.hub.desired().settings;
        let known = self.sizes.entry(instance.to_owned()).or_insert_with(|| {
            let key = Key { instance: instance.to_owned(), topic: APP.to_owned() };
            settings.get(&key).and_then(|text| input_size(text))
        });
        known.or(self.row.results.map(|(_, size)| size))
    }

    /// A device gets where to bring its file.
    fn grant(&mut self, TokenRequest { ticket, instance, filename, .. }: TokenRequest) {
        let name = format!("{instance}/{filename}");
        let answer = if name.chars().any(char::is_control) {
            Err("the name of the file cannot be used".to_owned())
        } else {
            let expires_ms = now_ms() + UPLOAD_MS;
            let link = Link { verb: Verb::Put, device: self.row.id.clone(), expires_ms, name };
            let url = self.mqtt.address(&link);
            Ok(Grant { url, headers: BTreeMap::new(), expires_ms: Some(expires_ms) })
        };
        if let Err(error) = self.hub.answer_token(ticket, &answer) {
            tracing::debug!(device = %self.row.id, %error, "a device asks for more than it waits for");
        }
    }

    /// What was to be kept was, or that is told in the log.
    fn kept<T>(&self, kept: Result<T, DbError>) -> Option<T> {
        kept.inspect_err(|error| tracing::error!(device = %self.row.id, %error, "what a device says is not kept")).ok()
    }
}

impl Mqtt {
    /// A deployment whose modules can be downloaded.
    fn linked(&self, row: &EvpDevice, mut deployment: Deployment) -> Deployment {
        let expires_ms = now_ms() + u64::from(self.config.link_h) * 3_600_000;
        for module in deployment.modules.values_mut() {
            let link = Link { verb: Verb::Get, device: row.id.clone(), expires_ms, name: module.sha256.clone() };
            module.url = self.address(&link);
        }
        deployment
    }
}

/// The size of the first model's input in the settings of an app.
fn input_size(text: &str) -> Option<Size> {
    let value: Value = serde_json::from_str(text).ok()?;
    let models = value.get("custom_settings")?.get("ai_models")?.as_object()?;
    let side = |model: &Value, key: &str| {
        model.get("parameters")?.get(key)?.as_u64().and_then(|side| u16::try_from(side).ok()).filter(|side| *side > 0)
    };
    models
        .values()
        .find_map(|model| Some(Size { width: side(model, "input_width")?, height: side(model, "input_height")? }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_pictures_stands_in_the_settings_of_the_app() {
        let check = |text: &str, expect: Option<(u16, u16)>| {
            assert_eq!(input_size(text).map(|size| (size.width, size.height)), expect, "{text}");
        };
        let settings = |parameters: &str| {
            format!(r#"{{"custom_settings":{{"ai_models":{{"detection":{{"parameters":{parameters}}}}}}}}}"#)
        };
        check(&settings(r#"{"input_width":320,"input_height":300}"#), Some((320, 300)));
        check(&settings(r#"{"input_width":320}"#), None);
        check(&settings(r#"{"input_width":0,"input_height":70000}"#), None);
        check("{}", None);
        check("not json", None);
    }
}
