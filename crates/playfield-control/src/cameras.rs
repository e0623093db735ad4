//! Cameras: kept at work, and heard.
//!
//! A camera runs as a session of its node, like any guest; the control plane starts it, starts it again when it ends, and
//! passes on what it says. What happened is written down and counted; what is in its pictures is shown to whoever looks just
//! now, and forgotten.
//!
//! ```text
//!   devices in the database --keep--> Start --> node
//!   node --Event::Camera--> hear --events--> database
//!                             +----live----> whoever looks (a slow one misses pictures, and holds nobody up)
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use playfield_core::analytics::{self, Counts, Direction, Heat, What};
use playfield_core::api::{
    ChangeDevice, Device, DeviceCounts, DeviceEvent, DeviceEvents, DeviceState, MinuteCount, SessionState, ToldEvent,
};
use playfield_core::app::{AppStatus, Emitted};
use playfield_core::bus::{Reply, Request, SessionSpec};
use playfield_core::camera::{Again, Camera, Desired, Health, Report, Seen};
use playfield_core::clock::OneWay;
use playfield_core::id::{DeviceId, SessionId};
use playfield_core::motion::LABEL;
use playfield_store::db::{DbError, DeviceCount, DeviceEventRow, DeviceRow, NewDeviceEvent, NewSession};
use serde_json::Value;
use tokio::sync::{Notify, OwnedRwLockReadGuard, broadcast, watch};
use tokio::time::Instant;

use crate::app::{App, Shared};
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::rules::CameraNow;
use crate::secret::random;

mod apps;
mod browser;
mod datasets;
mod demo;
mod files;
mod grants;
mod linked;
mod models;
mod releases;

pub(crate) use models::{Kept, Models};
pub(crate) use releases::{MOST_MB as MOST_RELEASE_MB, Releases, names as app_files};

/// How often it is looked whether every camera is at work.
const LOOK: Duration = Duration::from_millis(500);
/// How long a camera may take to start.
const START: Duration = Duration::from_secs(60);
/// Most tags of a camera.
const MOST_TAGS: usize = 16;
/// Messages that wait for somebody who looks.
const BEHIND: usize = 64;
/// The cameras, as they are now.
pub(crate) struct Cameras {
    live: Mutex<HashMap<DeviceId, Live>>,
    /// What times of starting again are counted from.
    began: Instant,
    /// Somebody looks, or something was changed.
    woken: Notify,
    /// As each camera said last, be it in another process.
    models: Mutex<HashMap<DeviceId, Arc<Model>>>,
    /// Somebody began to look.
    looked: watch::Sender<()>,
    /// Counts times at which something was written down.
    told: watch::Sender<u64>,
    /// What all of them say; a slow listener misses some.
    everything: broadcast::Sender<(DeviceId, Arc<Told>)>,
}

/// What finds things for a camera.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Model {
    /// Its name and version.
    pub name: String,
    /// Names of its classes, by number.
    pub labels: Vec<String>,
}

/// A camera, as it is now.
struct Live {
    state: DeviceState,
    detail: Option<String>,
    session: Option<SessionId>,
    /// What it was started with.
    version: u32,
    again: Again,
    health: Option<Health>,
    counts: Option<Counts>,
    heat: Option<Heat>,
    app: Option<AppStatus>,
    /// What its app said last.
    said: Option<Value>,
    heard_ms: Option<u64>,
    /// It was told to say what is in each picture.
    live: bool,
    clock: OneWay,
    /// What to add to its clock to have ours, where that was measured there and back.
    measured_ms: Option<i64>,
    /// What keeps it from being what it is to be.
    trouble: Option<String>,
    watchers: broadcast::Sender<Arc<Told>>,
}

impl Live {
    fn new(now_ms: u64) -> Live {
        Live {
            state: DeviceState::Starting,
            detail: None,
            session: None,
            version: 0,
            again: Again::new(now_ms),
            health: None,
            counts: None,
            heat: None,
            app: None,
            said: None,
            heard_ms: None,
            live: false,
            clock: OneWay::default(),
            measured_ms: None,
            trouble: None,
            watchers: broadcast::Sender::new(BEHIND),
        }
    }

    fn offset_ms(&self) -> Option<i64> {
        self.measured_ms.or_else(|| self.clock.offset_ms())
    }

    fn tell(&self, told: impl FnOnce() -> Told) {
        if self.watchers.receiver_count() > 0 {
            // Nobody looking any more is no fault.
            let _ = self.watchers.send(Arc::new(told()));
        }
    }

    /// It does not work: it is started again after a while.
    fn failed(&mut self, detail: String, now_ms: u64) {
        (self.state, self.session) = (DeviceState::Broken, None);
        self.again.failed(now_ms);
        self.detail = Some(detail);
        self.tell_state();
    }

    fn tell_state(&self) {
        let (state, detail) = (self.state, self.detail.clone());
        self.tell(|| Told::State { state, detail });
    }
}

/// What somebody who looks is told.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub(crate) enum Told {
    Seen(Seen),
    Counts(Box<Counts>),
    Health(Health),
    Heat(Box<Heat>),
    Emitted(Emitted),
    App(AppStatus),
    State { state: DeviceState, detail: Option<String> },
}

impl Told {
    /// The name of such a message.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Told::Seen(_) => "seen",
            Told::Counts(_) => "counts",
            Told::Health(_) => "health",
            Told::Heat(_) => "heat",
            Told::Emitted(_) => "emitted",
            Told::App(_) => "app",
            Told::State { .. } => "state",
        }
    }
}

impl Cameras {
    /// Cameras of which these models are known, as JSON.
    pub(crate) fn new(models: Vec<(DeviceId, String)>) -> Cameras {
        let read = |(id, json): (DeviceId, String)| Some((id, Arc::new(serde_json::from_str(&json).ok()?)));
        Cameras {
            woken: Notify::new(),
            live: Mutex::default(),
            began: Instant::now(),
            models: Mutex::new(models.into_iter().filter_map(read).collect()),
            looked: watch::Sender::default(),
            told: watch::Sender::new(0),
            everything: broadcast::Sender::new(BEHIND),
        }
    }

    /// Milliseconds since we began.
    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn open(&self) -> MutexGuard<'_, HashMap<DeviceId, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a camera says from now on; before it what is known: none: there is no such camera at work.
    pub(crate) fn look(&self, id: &DeviceId) -> Option<(Vec<Told>, broadcast::Receiver<Arc<Told>>)> {
        let live = self.open();
        let live = live.get(id)?;
        let mut known = vec![Told::State { state: live.state, detail: live.detail.clone() }];
        known.extend(live.health.clone().map(Told::Health));
        known.extend(live.counts.clone().map(|counts| Told::Counts(Box::new(counts))));
        known.extend(live.heat.clone().map(|heat| Told::Heat(Box::new(heat))));
        known.extend(live.app.clone().map(Told::App));
        let watcher = live.watchers.subscribe();
        self.woken.notify_one();
        self.looked.send_replace(());
        Some((known, watcher))
    }

    /// Changes each time that somebody begins to look.
    pub(crate) fn looked(&self) -> watch::Receiver<()> {
        self.looked.subscribe()
    }

    /// Changes each time that something was written down of what cameras tell.
    pub(crate) fn told(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    /// Something was written down.
    pub(crate) fn told_more(&self) {
        self.told.send_modify(|count| *count += 1);
    }

    /// What is to be written down of what a camera said.
    pub(crate) fn happened(
        &self,
        id: &DeviceId,
        report: &Report,
        received_ms: u64,
        offset_ms: Option<i64>,
    ) -> Vec<NewDeviceEvent> {
        match report {
            Report::Seen(seen) => {
                seen.events.iter().filter_map(|event| written(event, received_ms, offset_ms)).collect()
            }
            Report::Emitted(emitted) => self.kept(id, emitted, received_ms, offset_ms).into_iter().collect(),
            Report::Counts(_) | Report::Health(_) | Report::Heat(_) | Report::App(_) => Vec::new(),
        }
    }

    /// What all cameras say from now on.
    pub(crate) fn everything(&self) -> broadcast::Receiver<(DeviceId, Arc<Told>)> {
        self.everything.subscribe()
    }

    /// What finds things for a camera; an empty one: nobody knows yet.
    pub(crate) fn model(&self, id: &DeviceId) -> Arc<Model> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned().unwrap_or_default()
    }

    fn set_model(&self, id: &DeviceId, model: Model) {
        self.models.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), Arc::new(model));
    }

    /// A message was written at `device_ms` by a camera's clock. What to add to that clock to have ours.
    fn clock(&self, id: &DeviceId, device_ms: u64, received_ms: u64) -> Option<i64> {
        let mut live = self.open();
        let clock = &mut live.get_mut(id)?.clock;
        clock.handle(device_ms, received_ms);
        clock.offset_ms()
    }

    fn offset_ms(&self, id: &DeviceId) -> Option<i64> {
        self.open().get(id)?.offset_ms()
    }

    fn of(&self, session: &SessionId) -> Option<DeviceId> {
        let live = self.open();
        live.iter().find(|(_, live)| live.session.as_ref() == Some(session)).map(|(id, _)| id.clone())
    }

    /// A session is in another state; it may be a camera's.
    pub(crate) fn session_is(&self, session: &SessionId, state: SessionState, detail: Option<&str>) {
        let Some(id) = self.of(session) else { return };
        let mut live = self.open();
        let Some(live) = live.get_mut(&id) else { return };
        if state.is_final() {
            live.failed(detail.unwrap_or("it ended").to_owned(), self.now());
        } else if state == SessionState::Active {
            (live.state, live.detail) = (DeviceState::Online, None);
            live.tell_state();
        }
    }

    /// The session that a camera is at work in.
    fn session_of(&self, id: &DeviceId) -> Option<SessionId> {
        let live = self.open();
        live.get(id).filter(|live| live.state == DeviceState::Online)?.session.clone()
    }
}

impl App {
    /// Keeps all cameras at work; never ends.
    pub(crate) async fn keep_cameras(self: &Shared) {
        if let Err(failure) = self.make_demo().await {
            tracing::error!(detail = failure.detail, "the camera that is shown to newcomers could not be made");
        }
        let mut all = true;
        loop {
            match self.devices_to_keep(all).await {
                Ok(devices) => {
                    devices.into_iter().for_each(|device| self.keep_camera(device));
                    all = false;
                }
                Err(error) => tracing::error!(%error, "cameras could not be looked up"),
            }
            let _ = tokio::time::timeout(LOOK, self.cameras.woken.notified()).await;
        }
    }

    /// The cameras of the machines here; at first those of others too, which are looked after by links from then on.
    async fn devices_to_keep(&self, all: bool) -> Result<Vec<DeviceRow>, DbError> {
        if all {
            return self.db.devices().await;
        }
        let mut devices = Vec::new();
        for node in &self.nodes {
            devices.extend(self.db.devices_of(node.clone()).await?);
        }
        Ok(devices)
    }

    /// Starts a camera that is not at work and whose time has come; ends one that is to be another.
    fn keep_camera(self: &Shared, device: DeviceRow) {
        if !self.nodes.contains(&device.node) {
            return self.cameras.is_elsewhere(device.id);
        }
        let now = self.cameras.now();
        let mut live = self.cameras.open();
        let camera = live.entry(device.id.clone()).or_insert_with(|| Live::new(now));
        let stop = match &camera.session {
            Some(session) if device.revoked_ms.is_some() || camera.version != device.version => Some(session.clone()),
            Some(session) => {
                let (session, looked_at) = (session.clone(), camera.watchers.receiver_count() > 0);
                if camera.state == DeviceState::Online && std::mem::replace(&mut camera.live, looked_at) != looked_at {
                    drop(live);
                    self.set_live(&device, session, looked_at);
                }
                return;
            }
            None => None,
        };
        if let Some(session) = stop {
            camera.session = None;
            camera.again.anew(now);
            drop(live);
            self.end_camera(&device, session);
            return;
        }
        if device.revoked_ms.is_some() || !camera.again.is_due(now) {
            return;
        }
        let Ok(entropy) = random() else { return };
        let session = SessionId::from_entropy(entropy);
        (camera.state, camera.version) = (DeviceState::Starting, device.version);
        camera.again.began(now);
        (camera.session, camera.health, camera.live) = (Some(session.clone()), None, false);
        (camera.app, camera.said) = (None, None);
        camera.tell_state();
        drop(live);
        let app = self.clone();
        tokio::spawn(async move {
            if let Err(failure) = app.start_camera(&device, session.clone()).await {
                tracing::warn!(device = %device.id, detail = failure.detail, "a camera could not be started");
                app.cameras.session_is(&session, SessionState::Error, Some(&failure.detail));
            }
        });
    }

    fn set_live(self: &Shared, device: &DeviceRow, session: SessionId, live: bool) {
        let (app, node) = (self.clone(), device.node.clone());
        tokio::spawn(async move {
            // If it is gone, it is started again, and told then.
            let _ = app.ask(&node, &Request::Live { session, live }, START).await;
        });
    }

    fn end_camera(self: &Shared, device: &DeviceRow, session: SessionId) {
        let (app, node) = (self.clone(), device.node.clone());
        tokio::spawn(async move {
            let reason = playfield_core::api::EndReason::ApiTerminated;
            // If it is gone already, all the better.
            let _ = app.ask(&node, &Request::Stop { session, reason }, START).await;
        });
    }

    async fn start_camera(&self, device: &DeviceRow, session: SessionId) -> Result<(), Failure> {
        let desired: Desired = serde_json::from_str(&device.desired).map_err(Failure::internal)?;
        // Whether it fits, its process finds out by itself.
        let folder = |kept: Option<Arc<Kept>>| kept.map(|kept| kept.folder.clone());
        let model = folder(self.model_of(desired.model.as_deref(), Some(&device.id)).await?);
        let shadow = folder(self.model_of(desired.shadow.as_deref(), Some(&device.id)).await?);
        let app = self.edge_app(&desired, &device.id);
        let files = self.source_files(&desired.source)?;
        let camera = Camera { desired, model, shadow, files, app, onnxruntime: None };
        let spec =
            SessionSpec::camera(session, &device.name, camera, now_ms(), self.config.limits.spectators_per_session);
        // Who may see its pictures attaches to it like any viewer of a session.
        let row = NewSession {
            id: spec.id.clone(),
            title: device.name.clone(),
            module: String::new(),
            node: device.node.clone(),
            client: "camera".to_owned(),
            profile: None,
            storage_bytes: 0,
            created_ms: spec.start_unix_ms,
        };
        self.db.insert_device_session(row).await?;
        let request = Request::Start { spec: Box::new(spec), attach: None };
        match self.ask(&device.node, &request, START).await? {
            Reply::Started { .. } => Ok(()),
            other => Err(Failure::internal(format!("a node answered {other:?}"))),
        }
    }

    /// Passes on what a camera says, and writes down what happened.
    pub(crate) async fn hear_camera(&self, session: &SessionId, report: Report) -> Result<(), DbError> {
        let Some(id) = self.cameras.of(session) else { return Ok(()) };
        let received_ms = now_ms();
        let offset_ms = match &report {
            Report::Seen(seen) => self.cameras.clock(&id, seen.metadata.time_ms, received_ms),
            _ => self.cameras.offset_ms(&id),
        };
        let events = self.cameras.happened(&id, &report, received_ms, offset_ms);
        if !events.is_empty() {
            self.db.insert_device_events(id.clone(), events).await?;
            self.cameras.told_more();
        }
        self.device_said(&id, report, received_ms).await
    }

    /// Passes on what a camera says of how it is.
    pub(crate) async fn device_said(&self, id: &DeviceId, report: Report, received_ms: u64) -> Result<(), DbError> {
        if let Report::Health(health) = &report {
            self.learn_model(id, health).await?;
        }
        self.pass_on(id, report, received_ms);
        Ok(())
    }

    /// Passes on what a camera says, to whoever looks.
    pub(crate) fn pass_on(&self, id: &DeviceId, report: Report, received_ms: u64) {
        let mut live = self.cameras.open();
        let Some(live) = live.get_mut(id) else { return };
        live.heard_ms = Some(received_ms);
        match report {
            Report::Seen(seen) => {
                let told = Arc::new(Told::Seen(seen));
                // Nobody looking any more is no fault.
                let _ = live.watchers.send(told.clone());
                let _ = self.cameras.everything.send((id.clone(), told));
            }
            Report::Counts(counts) => {
                live.tell(|| Told::Counts(counts.clone()));
                live.counts = Some(*counts);
            }
            Report::Heat(heat) => {
                live.tell(|| Told::Heat(heat.clone()));
                live.heat = Some(*heat);
            }
            Report::Health(health) => {
                live.tell(|| Told::Health(health.clone()));
                live.health = Some(health);
            }
            Report::Emitted(emitted) => live.tell(|| Told::Emitted(emitted)),
            Report::App(app) => {
                live.tell(|| Told::App(app.clone()));
                live.app = Some(app);
            }
        }
    }

    /// Keeps what finds things for a camera, if it is another than before.
    async fn learn_model(&self, id: &DeviceId, health: &Health) -> Result<(), DbError> {
        let model = Model { name: health.model.clone(), labels: health.labels.clone() };
        if *self.cameras.model(id) == model {
            return Ok(());
        }
        if let Ok(json) = serde_json::to_string(&model) {
            self.db.set_model(id.clone(), json).await?;
        }
        self.cameras.set_model(id, model);
        Ok(())
    }

    /// All cameras.
    pub(crate) async fn devices(&self) -> Result<Vec<Device>, Failure> {
        let rows = self.db.devices().await?.into_iter().filter(|row| row.revoked_ms.is_none());
        rows.map(|row| self.shown_device(row)).collect()
    }

    /// A camera.
    pub(crate) async fn device(&self, id: &DeviceId) -> Result<Device, Failure> {
        let none = || Failure::new(Kind::NotFound, format!("there is no camera `{id}`"));
        let row = self.db.device(id.clone()).await?.filter(|row| row.revoked_ms.is_none());
        self.shown_device(row.ok_or_else(none)?)
    }

    /// Whether a camera can do this, of one that did that before; `here`: on a machine whose files are ours to look at. What it needs
    /// stays there for as long as the answer is held: until it is written down.
    pub(crate) async fn check_desired(
        &self,
        desired: &Desired,
        before: Option<&Desired>,
        here: bool,
    ) -> Result<OwnedRwLockReadGuard<()>, Failure> {
        let named = self.releases.named().await;
        let name = desired.model.as_deref();
        let labels = match desired.runs_model() {
            true => self.fit_model(name).await?,
            false => self.model_of(name, None).await?.map(|kept| kept.labels.clone()),
        };
        let labels = labels.unwrap_or_else(|| vec![LABEL.to_owned()]);
        self.fit_model(desired.shadow.as_deref()).await?;
        desired.check(&labels).map_err(|problem| Failure::new(Kind::Malformed, problem))?;
        // What is gone meanwhile must not keep other things from being changed.
        if here && before.is_none_or(|before| desired.source.told() != before.source) {
            self.source_files(&desired.source)?;
        }
        if before.is_none_or(|before| desired.app != before.app) {
            self.check_app(desired)?;
        }
        Ok(named)
    }

    /// Changes a camera. What it is to do is checked first.
    pub(crate) async fn change_device(&self, id: &DeviceId, change: ChangeDevice) -> Result<Device, Failure> {
        let device = self.device(id).await?;
        if let Some(desired) = change.desired {
            let desired = &self.with_secrets(id, desired).await?;
            let here = self.db.device(id.clone()).await?.is_some_and(|row| self.nodes.contains(&row.node));
            let _named = self.check_desired(desired, Some(&device.desired), here).await?;
            let version = change.version.unwrap_or(device.version);
            let json = serde_json::to_string(desired).map_err(Failure::internal)?;
            if self.db.set_desired(id.clone(), version, json).await?.is_none() {
                let detail = "this camera was changed by somebody else meanwhile; look at it again first";
                return Err(Failure::new(Kind::Changed, detail));
            }
        }
        if let Some(wanted) = change.name {
            self.db.rename_device(id.clone(), name(&wanted)?).await?;
        }
        if let Some(wanted) = change.tags {
            self.db.set_tags(id.clone(), tags(wanted)?).await?;
        }
        self.device_changed(id).await?;
        self.device(id).await
    }

    /// What a camera told, the newest first.
    pub(crate) async fn device_events(
        &self,
        id: &DeviceId,
        before: Option<u64>,
        most: u32,
    ) -> Result<DeviceEvents, Failure> {
        self.device(id).await?;
        let rows = self.db.device_events(id.clone(), before, most).await?;
        let events = rows.into_iter().map(|row| told(row).map(|told| told.told)).collect::<Result<_, Failure>>()?;
        Ok(DeviceEvents { events })
    }

    /// What was counted in the last minutes.
    pub(crate) async fn device_counts(&self, id: &DeviceId, minutes: u32) -> Result<DeviceCounts, Failure> {
        self.device(id).await?;
        let to = now_ms() / 60_000;
        let from = to.saturating_sub(u64::from(minutes) - 1);
        let rows = self.db.device_counts(id.clone(), from).await?;
        let counts = rows.into_iter().map(|DeviceCount { what, minute, count }| MinuteCount { what, minute, count });
        Ok(DeviceCounts { from, to, counts: counts.collect() })
    }

    /// All cameras that are not turned away, as a broker is told of them.
    pub(crate) async fn cameras_now(&self) -> Result<Vec<CameraNow>, Failure> {
        let rows = self.db.devices().await?;
        let live = self.cameras.open();
        let camera = |row: DeviceRow| {
            let desired: Desired = serde_json::from_str(&row.desired).map_err(Failure::internal)?;
            let live = live.get(&row.id);
            Ok(CameraNow {
                id: row.id.to_string(),
                name: row.name,
                online: live.is_some_and(|live| live.state == DeviceState::Online),
                watch: desired.watch,
                counts: live.and_then(|live| live.counts.clone()),
            })
        };
        rows.into_iter().filter(|row| row.revoked_ms.is_none()).map(camera).collect()
    }

    fn shown_device(&self, row: DeviceRow) -> Result<Device, Failure> {
        let mut desired: Desired = serde_json::from_str(&row.desired).map_err(Failure::internal)?;
        desired.source = desired.source.told();
        let here = self.nodes.contains(&row.node);
        let unheard = if here { DeviceState::Starting } else { DeviceState::Offline };
        let live = self.cameras.open();
        let live = live.get(&row.id);
        Ok(Device {
            id: row.id,
            name: row.name,
            state: live.map_or(unheard, |live| live.state),
            detail: live.and_then(|live| live.detail.clone()),
            version: row.version,
            running: live.filter(|live| live.state == DeviceState::Online).map(|live| live.version),
            created_ms: row.created_ms,
            heard_ms: live.and_then(|live| live.heard_ms),
            offset_ms: live.and_then(Live::offset_ms),
            health: live.and_then(|live| live.health.clone()),
            app: live.and_then(|live| live.app.clone()),
            machine: self.links.machine(&row.node),
            trouble: live.and_then(|live| live.trouble.clone()),
            tags: row.tags,
            desired,
        })
    }
}

/// An event as it is kept.
fn written(event: &analytics::Event, received_ms: u64, offset_ms: Option<i64>) -> Option<NewDeviceEvent> {
    let json = serde_json::to_string(event).ok()?;
    Some(NewDeviceEvent { time_ms: event.time_ms, received_ms, offset_ms, counts_as: counts_as(event), event: json })
}

/// An event as it is told.
pub(crate) fn told(row: DeviceEventRow) -> Result<ToldEvent, Failure> {
    let DeviceEventRow { number, device, seq, received_ms, offset_ms, event, .. } = row;
    let event = serde_json::from_str(&event).map_err(Failure::internal)?;
    Ok(ToldEvent { number, device, told: DeviceEvent { seq, received_ms, offset_ms, event } })
}

/// What an event counts as, if it is counted.
fn counts_as(event: &analytics::Event) -> Option<String> {
    match &event.what {
        What::Cross { line, direction: Direction::In } => Some(format!("cross/{line}/in")),
        What::Cross { line, direction: Direction::Out } => Some(format!("cross/{line}/out")),
        What::Enter { zone } => Some(format!("enter/{zone}")),
        What::Dwell { zone, .. } => Some(format!("dwell/{zone}")),
        _ => None,
    }
}

/// A name as it is kept.
pub(crate) fn name(wanted: &str) -> Result<String, Failure> {
    let name = wanted.trim();
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err(Failure::new(Kind::Malformed, "`name` must be 1 to 80 characters"));
    }
    Ok(name.to_owned())
}

/// Tags as they are kept: each once, in their order.
fn tags(wanted: Vec<String>) -> Result<Vec<String>, Failure> {
    let mut tags: Vec<String> = wanted.iter().map(|tag| tag.trim().to_lowercase()).collect();
    tags.sort();
    tags.dedup();
    let is_tag = |tag: &String| (1..=40).contains(&tag.chars().count()) && !tag.chars().any(char::is_control);
    if tags.len() > MOST_TAGS || !tags.iter().all(is_tag) {
        let detail = format!("`tags` are at most {MOST_TAGS}, each 1 to 40 characters");
        return Err(Failure::new(Kind::Malformed, detail));
    }
    Ok(tags)
}

/// One step of a path, and no more.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
