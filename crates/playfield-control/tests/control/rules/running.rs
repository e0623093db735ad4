//! A control plane at work, with one camera that says what it is told to.

use std::time::Duration;

use playfield_control::{Config, Door};
use playfield_core::analytics::Event as Happened;
use playfield_core::api::{Deliveries, Delivery, DeviceEvent, DeviceEvents, Devices, KnownRule, SessionState};
use playfield_core::bus::{Event, Request};
use playfield_core::camera::{Health, Report, Seen};
use playfield_core::id::{DeviceId, SessionId};
use playfield_core::input::hold::Hold;
use playfield_core::metadata::Metadata;
use playfield_store::bus::Bus;
use playfield_store::db::{Db, NewSession};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::node::Node;
use crate::world::{Client, Folder, World, node_id};

pub struct Running {
    pub client: Client,
    pub db: Db,
    pub device: DeviceId,
    pub session: SessionId,
    pub node: Node,
    folder: Folder,
    bus: Bus,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Somebody comes into a zone.
pub fn enter(time_ms: u64) -> Happened {
    let thing = json!({"track": 7, "class": 0, "at": {"x": 0.5, "y": 0.5}, "zones": ["gate"], "moves": true});
    happened(json!({"time_ms": time_ms, "event": "enter", "zone": "gate", "thing": thing}))
}

pub fn happened(what: Value) -> Happened {
    serde_json::from_value(what).unwrap()
}

/// Waits for something that comes by itself; what does not come within a while never will.
pub async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("it did not come");
}

impl Running {
    pub async fn new(config: Config) -> Running {
        let world = World::with(config.clone()).await;
        Running::of(world, config).await
    }

    async fn of(world: World, config: Config) -> Running {
        let World { folder, bus, db, node, .. } = world;
        let starts = || node.asked().iter().filter(|asked| matches!(asked, Request::Start { .. })).count();
        let started = starts();
        // The world's own control plane ends what was open; this one is at work.
        let models = folder.path("models");
        std::fs::create_dir_all(models.join("street")).unwrap();
        let manifest = include_str!("../../../../../models/street/model.toml");
        std::fs::write(models.join("street/model.toml"), manifest).unwrap();
        std::fs::write(models.join("street/street.onnx"), "weights").unwrap();
        let config = Config { models: vec![models], ..config };
        let control = World::control(&folder, &bus, &db, config).await;
        let client = Client::new(control.router(Door::Local), "localhost:8080");
        let (stop, stopped) = oneshot::channel::<()>();
        let background = control.background();
        let task = tokio::spawn(background.run(async {
            let _ = stopped.await;
        }));
        until(async || starts() > started).await;
        let device = client.get("/api/v1/devices").await.is::<Devices>(200).devices[0].id.clone();
        let session = node.started().id;
        let running = Running { client, db, device, session, node, folder, bus, stop, task };
        running.is(SessionState::Active).await;
        let health = Health { model: "street".to_owned(), labels: vec!["person".to_owned()], ..Health::default() };
        running.says(Report::Health(health)).await;
        running
    }

    pub async fn is(&self, state: SessionState) {
        self.session_is(&self.session, state).await;
    }

    async fn session_is(&self, session: &SessionId, state: SessionState) {
        let event = Event::State { session: session.clone(), state, reason: None, detail: None };
        self.bus.tell(&event).await.unwrap();
    }

    /// Somebody plays a title from now on.
    pub async fn plays(&self, title: &str) -> SessionId {
        let session = SessionId::from_entropy([77; 16]);
        let row = NewSession {
            id: session.clone(),
            title: title.to_owned(),
            module: "00".to_owned(),
            node: node_id(),
            client: "somebody".to_owned(),
            profile: None,
            storage_bytes: 0,
            created_ms: 1,
        };
        self.db.insert_device_session(row).await.unwrap();
        for state in [SessionState::Active, SessionState::Connected] {
            self.session_is(&session, state).await;
        }
        until(async || self.db.session(session.clone()).await.unwrap().unwrap().state == SessionState::Connected).await;
        session
    }

    /// What is held in sessions, once there is anything.
    pub async fn held(&self) -> Vec<(SessionId, Hold)> {
        let mut held = Vec::new();
        until(async || {
            let asked = self.node.asked().into_iter();
            held = asked
                .filter_map(|asked| match asked {
                    Request::Input { session, hold } => Some((session, hold)),
                    _ => None,
                })
                .collect();
            !held.is_empty()
        })
        .await;
        held
    }

    pub async fn says(&self, report: Report) {
        let event = Event::Camera { session: self.session.clone(), report: Box::new(report) };
        self.bus.tell(&event).await.unwrap();
    }

    /// The camera tells events, with a picture that is written now.
    pub async fn tell(&self, events: Vec<Happened>) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let metadata = Metadata { time_ms: now.as_millis() as u64 - 500, ..Metadata::default() };
        self.says(Report::Seen(Seen { metadata, events })).await;
    }

    pub async fn rule(&self, rule: Value) -> KnownRule {
        self.client.post("/api/v1/rules", rule).await.is(201)
    }

    pub async fn events(&self) -> Vec<DeviceEvent> {
        let path = format!("/api/v1/devices/{}/events", self.device);
        self.client.get(&path).await.is::<DeviceEvents>(200).events
    }

    /// What rules did, the newest first, once this holds of it.
    pub async fn deliveries(&self, holds: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        let mut known = Vec::new();
        until(async || {
            known = self.client.get("/api/v1/deliveries").await.is::<Deliveries>(200).deliveries;
            holds(&known)
        })
        .await;
        known
    }

    /// Dropped in the middle of what it does, as a process that is killed.
    pub async fn kill(self) -> World {
        self.task.abort();
        let _ = self.task.await;
        let Running { folder, bus, db, node, .. } = self;
        let control = World::control(&folder, &bus, &db, Config::default()).await;
        World { folder, bus, db, node, control }
    }

    pub async fn restart(self, config: Config) -> Running {
        let world = self.kill().await;
        Running::of(world, config).await
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}
