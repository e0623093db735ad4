//! Cameras over MQTT: over real sockets, with a client made of the codec, and devices that behave as libevp-agent does.

use std::sync::Arc;
use std::time::Duration;

use playfield_control::mqtt::codec::{Connect, ConnectCode, Packet, Publish, Qos};
use playfield_control::mqtt::{Config as MqttConfig, DeviceEvent, What};
use playfield_control::{Config, Door};
use playfield_core::evp::api::{Camera, CameraFiles, CameraModule, EnrolledCamera, Proof, SettingKept, Twin};
use playfield_core::evp::sim::Device;
use playfield_core::evp::{Answer, Dialect};
use playfield_core::smartcamera::{Detection, Envelope, Form, Found, Inference, Output};
use playfield_store::blob::BlobId;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::world::{Client, World};
use client::Line;
use stage::Stage;

mod client;
mod hostile;
mod others;
mod stage;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

#[tokio::test]
async fn a_device_gets_a_deployment_reports_and_sends_what_it_sees() {
    for dialect in [Dialect::Evp2, Dialect::Evp1] {
        let stage = Stage::new().await;
        let (camera, mut device) = stage.camera(Device::new(dialect)).await;
        let mut events = stage.events();
        let told: Camera = stage.get(&camera, "").await.is(200);
        assert_eq!((told.connected, told.dialect, told.proof), (true, Some(dialect), Proof::Password));

        let module = stage.module().await;
        stage.deploy(&camera, &module.sha256).await;
        device.settle().await;
        let [(id, url, sha256)] = &device.device.downloads()[..] else { panic!("{dialect:?}") };
        let bytes = stage.fetch(url).await;
        assert_eq!((bytes.as_slice(), BlobId::of(&bytes).as_str()), (MODULE, sha256.as_str()));
        device.device.downloaded(&id.clone(), &sha256.clone());
        device.settle().await;
        let told: Camera = stage.get(&camera, "").await.is(200);
        assert!(told.in_sync, "{told:?}");

        let settings = json!({"custom_settings": {"ai_models": {"detection": {"parameters":
            {"input_width": 300, "input_height": 200}}}}});
        let kept: SettingKept = stage.put(&camera, "/settings/door/edge_app", json!({"value": settings})).await.is(200);
        assert!(kept.sent && kept.request.is_none());
        device.settle().await;
        assert_eq!(device.device.settings["door/edge_app"], settings.to_string());

        let found = Found { class: 1, score: 0.5, left: 30, top: 20, right: 150, bottom: 100 };
        let output = Output::Detection(Detection { objects: vec![found], area_count: None });
        let inferences = vec![Inference { time_ms: 1_796_000_523_004, output }];
        let envelope = Envelope { model: "m1".into(), device: "d".into(), image: false, inferences };
        device.device.inferred("door", &envelope, Form::Flat);
        device.device.state("door", "edge_app", r#"{"fine":true}"#);
        device.settle().await;
        let results = stage::next(&mut events, |what| matches!(what, What::Results { .. })).await;
        let What::Results { key, model, results } = &results.what else { panic!() };
        assert_eq!(
            (key.instance.as_str(), model.as_str(), results[0].metadata.time_ms),
            ("door", "m1", 1_796_000_523_004)
        );
        let area = results[0].metadata.objects[0].area;
        assert_eq!((area.left, area.top, area.right, area.bottom), (0.1, 0.1, 0.5, 0.5));
        let twin: Twin = stage.get(&camera, "/twin").await.is(200);
        assert_eq!((twin.reported[0].topic.as_str(), &twin.reported[0].value), ("edge_app", &json!({"fine": true})));
        assert_eq!(twin.desired[0].value, settings);
    }
}

#[tokio::test]
async fn what_was_wanted_while_it_was_away_is_told_when_it_comes() {
    let stage = Stage::new().await;
    let camera = stage.enrol(json!({"name": "door"})).await;
    let module = stage.module().await;
    stage.deploy(&camera, &module.sha256).await;
    let kept: SettingKept =
        stage.put(&camera, "/settings/$system/system_settings", json!({"value": {"led_enabled": false}})).await.is(200);
    assert!(!kept.sent);
    let mut device = stage.connect(&camera, Device::new(Dialect::Evp2)).await;
    assert_eq!(device.device.downloads().len(), 1);
    let setting: Value = serde_json::from_str(&device.device.settings["$system/system_settings"]).unwrap();
    assert_eq!(setting["req_info"]["req_id"].as_str(), kept.request.as_deref());
    // It comes back with what it has, and the hub knows how it spoke.
    let (_, _, sha256) = device.device.downloads()[0].clone();
    device.device.downloaded("m1", &sha256);
    device.settle().await;
    let again = stage.connect(&camera, device.leave().await).await;
    assert_eq!(again.device.downloads(), []);
    let told: Camera = stage.get(&camera, "").await.is(200);
    assert!(told.in_sync && told.connected && told.seen_ms.is_some());
}

#[tokio::test]
async fn a_command_goes_to_the_device_and_its_answer_comes_back() {
    for dialect in [Dialect::Evp2, Dialect::Evp1] {
        let stage = Stage::new().await;
        let (camera, device) = stage.camera(Device::new(dialect)).await;
        let device = device.keep();
        let call = async |method: &str| -> Answer {
            let body = json!({"instance": "door", "method": method, "params": {"a": [1]}});
            stage.post(&camera, "/commands", body).await.is(200)
        };
        assert_eq!(call("echo").await, Answer::Ok { response: json!({"a": [1]}) });
        assert_eq!(call("none").await, Answer::UnknownMethod);
        assert!(matches!(call("fail").await, Answer::Failed { .. }));
        let image = stage.post(&camera, "/image", Value::Null).await;
        assert_eq!((image.status.as_u16(), image.body.as_slice()), (200, [0xff, 0xd8, 0xff, 0xd9].as_slice()));
        assert_eq!(image.header("content-type"), "image/jpeg");
        device.abort();
        // Nobody is there any more to answer.
        stage.gone(&camera).await;
        let body = json!({"instance": "door", "method": "echo"});
        stage.post(&camera, "/commands", body).await.problem(409, "deviceOffline");
    }
}

#[tokio::test]
async fn a_command_that_is_not_answered_ends_with_its_time() {
    let stage = Stage::new().await;
    let (camera, _device) = stage.camera(Device::new(Dialect::Evp2)).await;
    let body = json!({"instance": "door", "method": "echo", "timeout_s": 1});
    let answer: Answer = stage.post(&camera, "/commands", body).await.is(200);
    assert_eq!(answer, Answer::TimedOut);
    stage
        .post(&camera, "/commands", json!({"instance": "a", "method": "b", "timeout_s": 91}))
        .await
        .problem(400, "malformed");
}

#[tokio::test]
async fn a_device_brings_a_file_by_a_link_of_its_own() {
    for dialect in [Dialect::Evp2, Dialect::Evp1] {
        let stage = Stage::new().await;
        let (camera, mut device) = stage.camera(Device::new(dialect)).await;
        let mut events = stage.events();
        device.device.upload("door", "images/20261130010203004.jpg");
        device.settle().await;
        let url = device.device.tokens[0]["URL"].as_str().unwrap().to_owned();
        assert_eq!(stage.bring(&url, b"picture").await, 201);
        stage::next(&mut events, |what| matches!(what, What::Uploaded { bytes: 7, .. })).await;
        let files: CameraFiles = stage.get(&camera, "/files").await.is(200);
        assert_eq!((files.files[0].name.as_str(), files.files[0].bytes), ("door/images/20261130010203004.jpg", 7));
        let file = stage.get(&camera, "/files/door%2Fimages%2F20261130010203004.jpg").await;
        assert_eq!(file.body, b"picture");
        // A link is for one thing, of one device, as it was made.
        assert_eq!(stage.bring(&url.replace("evp/", "evp/x"), b"x").await, 404);
        assert_eq!(stage.here().get(&stage.path(&url)).await.status, 404);
        assert_eq!(stage.bring(&url, &vec![0; (1 << 20) + 1]).await, 413);
        stage.revoke(&camera).await;
        assert_eq!(stage.bring(&url, b"picture").await, 404, "its device was revoked");
    }
}

#[tokio::test]
async fn files_beyond_the_quota_make_room_the_oldest_first() {
    let stage = Stage::new().await;
    let (camera, mut device) = stage.camera(Device::new(Dialect::Evp2)).await;
    for (nth, name) in ["a", "b", "c"].into_iter().enumerate() {
        device.device.upload("door", name);
        device.settle().await;
        let url = device.device.tokens[nth]["URL"].as_str().unwrap().to_owned();
        assert_eq!(stage.bring(&url, &vec![nth as u8; 900 << 10]).await, 201);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let files: CameraFiles = stage.get(&camera, "/files").await.is(200);
    let names: Vec<_> = files.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["door/c", "door/b"]);
    stage.get(&camera, "/files/door%2Fa").await.problem(404, "notFound");
}

#[tokio::test]
async fn a_device_that_is_revoked_goes_at_once_and_stays_away() {
    let stage = Stage::new().await;
    let (camera, device) = stage.camera(Device::new(Dialect::Evp2)).await;
    let device = device.keep();
    let mut events = stage.events();
    stage.revoke(&camera).await;
    let gone = stage::next(&mut events, |what| matches!(what, What::Disconnected(_))).await;
    assert_eq!(gone.what, What::Disconnected("it was revoked".to_owned()));
    tokio::time::timeout(Duration::from_secs(10), device).await.unwrap().unwrap();
    let (code, _) = stage.knock(&camera).await;
    assert_eq!(code, ConnectCode::BadCredentials);
    let told: Camera = stage.get(&camera, "").await.is(200);
    assert_eq!((told.proof, told.connected), (Proof::Revoked, false));
    stage.put(&camera, "/settings/door/x", json!({"value": "y"})).await.problem(403, "forbidden");
    stage.delete(&camera).await.problem(404, "notFound");
}

#[tokio::test]
async fn the_newest_connection_of_a_device_counts() {
    let stage = Stage::new().await;
    let (camera, device) = stage.camera(Device::new(Dialect::Evp2)).await;
    let first = device.keep();
    let second = stage.connect(&camera, Device::new(Dialect::Evp2)).await.keep();
    tokio::time::timeout(Duration::from_secs(10), first).await.unwrap().unwrap();
    let body = json!({"instance": "door", "method": "echo", "params": 1});
    let answer: Answer = stage.post(&camera, "/commands", body).await.is(200);
    assert_eq!(answer, Answer::Ok { response: json!(1) });
    second.abort();
}

#[tokio::test]
async fn what_an_operator_gets_wrong_is_said() {
    let stage = Stage::new().await;
    let camera = stage.enrol(json!({"name": "door"})).await;
    let here = stage.here();
    for (body, says) in [
        (json!({"name": ""}), "1 to 64"),
        (json!({"name": "a\nb"}), "1 to 64"),
        (json!({"name": "a", "certificate": "none"}), "PEM"),
        (json!({"name": "a", "qr": {"host": "a;b", "port": 1}}), "`host`"),
        (json!({"name": "a", "colour": 1}), "unknown field `colour`"),
    ] {
        let problem = here.post("/api/v1/evp/devices", body).await.problem(400, "malformed");
        assert!(problem.detail.contains(says), "{}", problem.detail);
    }
    let sha256 = "00".repeat(32);
    for (body, kind, status, says) in [
        (json!({"modules": {"m": {"sha256": sha256}}}), "notFound", 404, "upload it"),
        (json!({"modules": {"m": {"sha256": "zz"}}}), "malformed", 400, "hex digits"),
        (json!({"modules": {"m": {"sha256": sha256, "url": "http://elsewhere"}}}), "malformed", 400, "no `url`"),
        (json!({"instances": {"i": {"module": "m"}}}), "malformed", 400, "does not have"),
    ] {
        let problem = stage.put(&camera, "/deployment", body).await.problem(status, kind);
        assert!(problem.detail.contains(says), "{}", problem.detail);
    }
    let large = json!({"value": "x".repeat(100 << 10)});
    stage.put(&camera, "/settings/door/x", large).await.problem(429, "limitReached");
    here.get("/api/v1/evp/devices/evp-0000000000000000").await.problem(404, "notFound");
    here.get("/api/v1/evp/devices/none").await.problem(404, "notFound");
    here.post("/api/v1/evp/modules/x", json!({})).await.problem(415, "unsupportedMediaType");
    stage.elsewhere().get("/api/v1/evp/devices").await.problem(401, "signInRequired");
}

#[tokio::test]
async fn only_so_many_devices_are_enrolled_and_a_certificate_once() {
    let stage = Stage::with(MqttConfig { devices: 2, ..stage::config() }).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = rcgen::CertificateParams::new(vec!["camera".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    stage.enrol(json!({"name": "a", "certificate": pem})).await;
    let again = json!({"name": "b", "certificate": pem});
    stage.here().post("/api/v1/evp/devices", again).await.problem(429, "limitReached");
    let second = stage.enrol(json!({"name": "b"})).await;
    stage.here().post("/api/v1/evp/devices", json!({"name": "c"})).await.problem(429, "limitReached");
    stage.revoke(&second).await;
    stage.enrol(json!({"name": "c"})).await;
}
