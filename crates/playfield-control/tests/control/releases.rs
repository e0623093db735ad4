//! Models and apps that are sent to the server: tried before anybody gets them, and unchanged from then on.

use std::io::{Cursor, Write};

use axum::body::Body;
use playfield_control::Config;
use playfield_core::api::{Release, Releases};
use playfield_core::manifest::Kind as Guest;
use playfield_core::rollout::Kind;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::cameras::Street;
use crate::world::{Client, Reply, World};

const MODEL: &str = include_str!("../../../../models/street/model.toml");
const APP: &str = include_str!("../../../../apps/loading-bay/app.toml");
const CAMERA: &[u8] = b"a module";

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn put(client: &Client, what: &str, archive: Vec<u8>) -> Reply {
    let client = client.with("content-type", "application/zip");
    client.send("PUT", &format!("/api/v1/releases/{what}"), Body::from(archive)).await
}

/// Puts a file into the server's folder.
fn lie(street: &Street, file: &str, text: &str) {
    let path = street.world.folder.path(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

async fn names(client: &Client) -> Vec<(Kind, String)> {
    let all: Releases = client.get("/api/v1/releases").await.is(200);
    all.releases.into_iter().map(|release| (release.kind, release.name)).collect()
}

#[tokio::test]
async fn a_model_that_is_sent_comes_to_a_camera_and_goes_when_nobody_has_it() {
    let street = Street::new().await;
    street.at_work().await;
    let archive = zip(&[("night/model.toml", MODEL.as_bytes()), ("night/street.onnx", b"other weights")]);
    let sent: Release = put(&street.here, "model/night", archive.clone()).await.is(201);
    assert_eq!((sent.sent, sent.cameras, sent.bytes, sent.detail.as_deref()), (true, 0, 13, None));
    assert_eq!(sent.labels, ["person", "car", "truck", "bicycle"]);
    let again: Release = put(&street.here, "model/night", archive).await.is(200);
    assert_eq!(again, sent, "the same is as good as done");
    let all = [(Kind::Model, "night"), (Kind::Model, "street"), (Kind::App, "people-counter")];
    assert_eq!(names(&street.here).await, all.map(|(kind, name)| (kind, name.to_owned())));

    let give = async |model: &str| {
        let mut desired = serde_json::to_value(&street.device().await.desired).unwrap();
        desired["model"] = json!(model);
        street.here.patch(&street.path(""), json!({ "desired": desired })).await
    };
    assert_eq!(give("night").await.status, 200);
    let spec = street.started(2).await;
    let Guest::Camera { camera } = &spec.kind else { panic!("{:?}", spec.kind) };
    let model = camera.model.as_ref().unwrap();
    assert_eq!(std::fs::read(model.join("street.onnx")).unwrap(), b"other weights");
    let path = "/api/v1/releases/model/night";
    let used = street.here.delete(path).await.problem(409, "inUse");
    assert!(used.detail.contains("the camera `Street` has `night`"), "{}", used.detail);
    assert_eq!(give("street").await.status, 200);

    let channel = "/api/v1/channels/model/street/stable";
    let json = street.here.with("content-type", "application/json");
    assert_eq!(json.send("PUT", channel, Body::from("{\"release\": \"night\"}")).await.status, 200);
    let used = street.here.delete(path).await.problem(409, "inUse");
    assert!(used.detail.contains("the channel `street@stable` points to `night`"), "{}", used.detail);
    assert_eq!(json.send("PUT", channel, Body::from("{\"release\": \"street\"}")).await.status, 200);
    let used = street.here.delete(path).await.problem(409, "inUse");
    assert!(used.detail.contains("points to"), "it is on its way from there: {}", used.detail);
    assert_eq!(street.here.delete(&format!("{channel}/rollout")).await.status, 200);
    street.here.delete(path).await.problem(409, "inUse");
}

#[tokio::test]
async fn what_nobody_has_is_removed_and_what_was_sent_outlives_the_server() {
    let street = Street::new().await;
    let archive = zip(&[("model.toml", MODEL.as_bytes()), ("street.onnx", b"other weights")]);
    put(&street.here, "model/night", archive).await.is::<Release>(201);
    put(&street.here, "app/bay", zip(&[("app.toml", APP.as_bytes()), ("loading-bay.wasm", CAMERA)]))
        .await
        .is::<Release>(201);
    // What a server was unpacking when it ended is of no use to the next one.
    lie(&street, "data/releases/partial/7/model.toml", "half");
    let control = World::control(&street.world.folder, &street.world.bus, &street.world.db, Config::default()).await;
    let after = Client::new(control.router(playfield_control::Door::Local), "localhost");
    assert_eq!(names(&after).await, [(Kind::Model, "night".to_owned()), (Kind::App, "bay".to_owned())]);
    assert!(!street.world.folder.path("data/releases/partial/7").exists());
    assert_eq!(street.here.delete("/api/v1/releases/model/night").await.status, 204);
    street.here.delete("/api/v1/releases/model/night").await.problem(404, "notFound");
    assert_eq!(street.here.delete("/api/v1/releases/app/bay").await.status, 204);
    let left = std::fs::read_dir(street.world.folder.path("data/releases/partial")).unwrap().count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_leaves_nothing() {
    let street = Street::new().await;
    let refused = async |what: &str, files: &[(&str, &[u8])], expect: &str| {
        let why = put(&street.here, what, zip(files)).await.problem(400, "malformed").detail;
        assert!(why.contains(expect), "{why}");
    };
    let model = ("model.toml", MODEL.as_bytes());
    refused(
        "model/half",
        &[model, ("street.onnx", b"half of it")],
        "the model `half` cannot be used: the rest of it is missing",
    )
    .await;
    refused("model/none", &[("street.onnx", b"weights")], "there is no model.toml in it").await;
    refused("model/none", &[("model.toml", b"name = 3")], "the model `none`: ").await;
    refused("model/a.b", &[model], "letters, digits, `-` and `_`").await;
    refused("model/none", &[model, ("../street.onnx", b"weights")], "the archive: `../street.onnx` is no path").await;
    let app = ("app.toml", APP.as_bytes());
    refused("app/bay", &[app], "its module loading-bay.wasm is not there").await;
    let broken = ("loading-bay.wasm", &b"broken"[..]);
    refused("app/bay", &[app, broken], "the app `bay` cannot be used: it asks for `fly@1`").await;
    refused("app/bay", &[("readme", b"hello")], "neither an app.toml").await;
    let compiled = br#"{"edge_app": {"app_name": "doors", "file_name": "doors.aot", "compiled_flg": true}}"#;
    refused("app/doors", &[("manifest.json", compiled), ("doors.aot", b"x")], "compiled for one kind of device").await;
    let left = std::fs::read_dir(street.world.folder.path("data/releases/partial")).unwrap().count();
    assert_eq!((names(&street.here).await.len(), left), (2, 0));

    let json = street.here.with("content-type", "application/json");
    json.send("PUT", "/api/v1/releases/model/night", Body::from("{}")).await.problem(415, "unsupportedMediaType");
    put(&street.here, "title/night", zip(&[model])).await.problem(404, "notFound");
    put(&street.here, "model/street", zip(&[model])).await.problem(409, "exists");
    street.here.delete("/api/v1/releases/model/street").await.problem(403, "forbidden");
    put(&street.stranger, "model/night", zip(&[model])).await.problem(401, "signInRequired");
    street.stranger.get("/api/v1/releases").await.problem(401, "signInRequired");
    street.stranger.delete("/api/v1/releases/model/night").await.problem(401, "signInRequired");
}

#[tokio::test]
async fn packages_of_aitrios_and_models_of_sensors_are_taken_as_they_are() {
    let street = Street::new().await;
    let manifest = br#"{"manifest_version": "1.0.0", "edge_app": {"app_name": "Doors", "file_name": "doors.wasm", "version": "1.2.0"}}"#;
    let package = zip(&[("manifest.json", manifest), ("doors.wasm", b"a module")]);
    let app: Release = put(&street.here, "app/doors", package).await.is(201);
    assert_eq!((app.title.as_str(), app.version.as_str(), app.bytes), ("Doors", "1.2.0", 8));
    let sensor: Release = put(&street.here, "model/imx500", zip(&[("model.toml", MODEL.as_bytes())])).await.is(201);
    assert!(sensor.detail.unwrap().contains("it is for sensors that run it themselves"));
}

#[tokio::test]
async fn a_camera_gets_a_release_or_it_is_removed_but_not_both() {
    let street = Street::new().await;
    street.at_work().await;
    let archive = zip(&[("model.toml", MODEL.as_bytes()), ("street.onnx", b"other weights")]);
    let give = async |model: &str| {
        let device = street.device().await;
        let mut desired = serde_json::to_value(&device.desired).unwrap();
        desired["model"] = json!(model);
        street.here.patch(&street.path(""), json!({ "desired": desired })).await.status.as_u16()
    };
    let remove = async |before: u32| {
        for _ in 0..before {
            tokio::task::yield_now().await;
        }
        street.here.delete("/api/v1/releases/model/night").await.status.as_u16()
    };
    for nth in 0..24 {
        put(&street.here, "model/night", archive.clone()).await;
        let (given, removed) = tokio::join!(give("night"), remove(nth));
        assert!([(200, 409), (404, 204)].contains(&(given, removed)), "{nth}: {given} {removed}");
        assert_eq!(give("street").await, 200);
    }
}

#[tokio::test]
async fn nothing_is_kept_of_what_those_send_who_may_not() {
    let world = World::new().await;
    let viewer = world.elsewhere(true).bearer(world.create().await.viewer.token.reveal());
    let unread = futures_util::stream::poll_fn(|_| -> std::task::Poll<Option<Result<Vec<u8>, std::io::Error>>> {
        panic!("it was read")
    });
    let client = viewer.with("content-type", "application/zip");
    let refused = client.send("PUT", "/api/v1/releases/model/night", Body::from_stream(unread)).await;
    refused.problem(401, "signInRequired");
}

#[tokio::test]
async fn one_that_the_operator_s_own_hides_can_be_removed() {
    let street = Street::new().await;
    let archive = zip(&[("model.toml", MODEL.as_bytes()), ("street.onnx", b"other weights")]);
    put(&street.here, "model/night", archive).await.is::<Release>(201);
    lie(&street, "models/night/model.toml", MODEL);
    let all: Releases = street.here.get("/api/v1/releases").await.is(200);
    let night = all.releases.iter().find(|release| release.name == "night").unwrap();
    assert!(!night.sent && night.detail.is_some(), "the operator's counts: {night:?}");
    assert_eq!(street.here.delete("/api/v1/releases/model/night").await.status, 204);
    street.here.delete("/api/v1/releases/model/night").await.problem(403, "forbidden");
}
