//! Cameras and their edge apps: started together, and what an app says is kept and told.

use std::time::Duration;

use playfield_control::{Config, Door};
use playfield_core::api::{Device, DeviceEvents, Devices};
use playfield_core::app::{AppState, AppStatus, Emitted};
use playfield_core::bus::{Event, Request, SessionSpec};
use playfield_core::camera::{AppModule, Report, Source};
use playfield_core::manifest::Kind;
use playfield_store::bus::Bus;
use serde_json::{Value, json};

use crate::node::Node;
use crate::world::{Client, Folder, World};

const PATIENCE: Duration = Duration::from_secs(60);

/// A control plane at work, with the camera that newcomers are shown.
struct Watching {
    here: Client,
    bus: Bus,
    node: Node,
    _folder: Folder,
    _db: playfield_store::db::Db,
    /// Ends the work when it is dropped.
    _stop: tokio::sync::oneshot::Sender<()>,
}

async fn watching(app: Option<&str>) -> Watching {
    let folder = Folder::new();
    folder.write("../models/street/model.toml", include_bytes!("../../../../models/street/model.toml"));
    folder.write("../models/street/street.onnx", b"weights");
    if let Some(app) = app {
        folder.write(&format!("../apps/{app}/app.toml"), b"");
    }
    folder.write("../videos/yard.mp4", b"");
    let camera_files = vec![folder.path("videos")];
    let config = Config {
        models: vec![folder.path("models")],
        apps: vec![folder.path("apps")],
        camera_files,
        ..Config::default()
    };
    let World { folder, bus, db, node, .. } = World::on(folder, Config::default()).await;
    let control = World::control_of(&folder, &bus, &db, config).await;
    let here = Client::new(control.router(Door::Local), "localhost:8080");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(control.background().run(async { drop(stopped.await) }));
    Watching { here, bus, node, _folder: folder, _db: db, _stop: stop }
}

impl Watching {
    /// Asks again and again, until there is an answer.
    async fn until<T>(&self, look: impl AsyncFn() -> Option<T>) -> T {
        let looking = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("it never came to be")
    }

    async fn started(&self) -> SessionSpec {
        let camera = |request: Request| match request {
            Request::Start { spec, .. } => Some(*spec),
            _ => None,
        };
        self.until(async || self.node.asked().into_iter().rev().find_map(camera)).await
    }

    async fn device(&self) -> Device {
        let devices: Devices = self.here.get("/api/v1/devices").await.is(200);
        devices.devices.into_iter().next().unwrap()
    }

    async fn events(&self, id: &str, count: usize) -> Vec<Value> {
        self.until(async || {
            let events: DeviceEvents = self.here.get(&format!("/api/v1/devices/{id}/events")).await.is(200);
            let mut all: Vec<_> = events.events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
            for event in all.iter_mut().filter_map(Value::as_object_mut) {
                assert!(event.remove("received_ms").is_some());
                event.remove("offset_ms");
            }
            (all.len() >= count).then_some(all)
        })
        .await
    }
}

fn app_of(spec: &SessionSpec) -> playfield_core::camera::App {
    let Kind::Camera { camera } = &spec.kind else { panic!("{:?} is no camera", spec.kind) };
    camera.app.clone().unwrap()
}

#[tokio::test]
async fn what_an_app_says_is_kept_and_its_repeats_are_not() {
    let world = watching(Some("people-counter")).await;
    let spec = world.started().await;
    let app = app_of(&spec);
    assert!(app.folder.ends_with("apps/people-counter") && app.module.is_none(), "{app:?}");
    let said = |time_ms, people: u32| {
        Report::Emitted(Emitted { app: "people-counter".to_owned(), time_ms, value: json!({ "people_now": people }) })
    };
    let status = AppStatus { app: "people-counter".to_owned(), state: AppState::Running, ..AppStatus::default() };
    let reports = [said(1_000, 1), said(2_000, 1), said(3_000, 2), said(4_000, 1), Report::App(status.clone())];
    for report in reports {
        world.bus.tell(&Event::Camera { session: spec.id.clone(), report: Box::new(report) }).await.unwrap();
    }
    let id = world.device().await.id.to_string();
    let event = |seq: u64, time_ms: u64, people: u32| {
        let value = json!({ "people_now": people });
        json!({ "seq": seq, "time_ms": time_ms, "event": "app", "app": "people-counter", "value": value })
    };
    assert_eq!(world.events(&id, 3).await, [event(3, 4_000, 1), event(2, 3_000, 2), event(1, 1_000, 1)]);
    let shown = world.until(async || world.device().await.app).await;
    assert_eq!(shown, status);
}

#[tokio::test]
async fn an_app_that_is_not_there_keeps_no_camera_from_working() {
    let world = watching(None).await;
    let app = app_of(&world.started().await);
    let Some(AppModule::Refused(why)) = app.module else { panic!("{app:?}") };
    assert!(why.contains("there is no app `people-counter`") && why.contains("app.toml"), "{why}");
}

#[tokio::test]
async fn a_camera_is_given_an_app_that_is_there_and_no_other() {
    let world = watching(Some("people-counter")).await;
    world.started().await;
    let device = world.device().await;
    let path = format!("/api/v1/devices/{}", device.id);
    for id in ["nothing", "../apps/people-counter", "", "people-counter/"] {
        let mut desired = serde_json::to_value(&device.desired).unwrap();
        desired["app"] = json!(id);
        let problem = world.here.patch(&path, json!({ "desired": desired })).await.problem(404, "notFound");
        assert!(problem.detail.contains("there is no app"), "{}", problem.detail);
    }
    let mut desired = serde_json::to_value(&device.desired).unwrap();
    desired["app_config"] = json!({ "text": "x".repeat(5_000) });
    let reply = world.here.patch(&path, json!({ "desired": desired })).await;
    assert!(reply.text().contains("`app_config` must be at most 4096 bytes"), "{}", reply.text());
}

#[tokio::test]
async fn a_camera_reads_what_the_operator_named_and_a_password_is_never_told() {
    let world = watching(None).await;
    world.started().await;
    let device = world.device().await;
    let path = format!("/api/v1/devices/{}", device.id);
    let with = |source: Value| {
        let mut desired = serde_json::to_value(&device.desired).unwrap();
        desired["source"] = source;
        json!({ "desired": desired })
    };
    for outside in ["/etc/passwd", "gone.mp4", "../models/street/model.toml"] {
        let reply = world.here.patch(&path, with(json!({ "kind": "file", "path": outside }))).await;
        let problem = reply.problem(400, "malformed");
        assert!(problem.detail.contains("`source.path`"), "{}", problem.detail);
    }
    let _: Device = world.here.patch(&path, with(json!({ "kind": "file", "path": "yard.mp4" }))).await.is(200);
    let files = world.until(async || camera_of(&world).files).await;
    assert!(files.ends_with("videos/yard.mp4"), "{}", files.display());

    let camera = json!({ "kind": "rtsp", "url": "rtsp://me:secret@192.0.2.7/live" });
    let reply = world.here.patch(&path, with(camera)).await;
    assert!(!reply.text().contains("secret"), "{}", reply.text());
    let told = world.device().await;
    assert_eq!(serde_json::to_value(&told.desired.source).unwrap()["url"], "rtsp://me:***@192.0.2.7/live");
    // What was told comes back with another rate: the password stays.
    let mut desired = serde_json::to_value(&told.desired).unwrap();
    desired["hz"] = json!(7);
    let _: Device = world.here.patch(&path, json!({ "desired": desired })).await.is(200);
    let source = world.until(async || Some(camera_of(&world).desired).filter(|desired| desired.hz == 7)).await.source;
    let Source::Rtsp { url } = source else { panic!("{source:?}") };
    assert_eq!(url.reveal(), "rtsp://me:secret@192.0.2.7/live");
    desired["source"]["url"] = json!("rtsp://me:***@198.51.100.1/live");
    let reply = world.here.patch(&path, json!({ "desired": desired })).await;
    assert!(reply.text().contains("`source.url` has `***`"), "{}", reply.text());
}

/// What its node was told to start last.
fn camera_of(world: &Watching) -> playfield_core::camera::Camera {
    let camera = |request: Request| match request {
        Request::Start { spec, .. } => match spec.kind {
            Kind::Camera { camera } => Some(*camera),
            _ => None,
        },
        _ => None,
    };
    world.node.asked().into_iter().rev().find_map(camera).unwrap()
}
