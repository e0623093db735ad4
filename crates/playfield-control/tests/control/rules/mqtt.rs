//! Messages to a broker: what rules say, what cameras tell, and how Home Assistant finds them.

use std::path::Path;
use std::process::Stdio;

use playfield_control::Config;
use playfield_core::api::{DeliveryState, SessionState, ToldEvent};
use playfield_core::camera::{Report, Seen};
use playfield_core::metadata::{Metadata, Object, Rect};
use serde_json::{Value, json};

use super::broker::Broker;
use tokio::process::{Child, Command};

use super::rule;
use super::running::{Running, enter, until};

fn config(broker: &Broker) -> Config {
    let mut config = Config::default();
    config.rules.first_wait_ms = 20;
    config.rules.mqtt.host = Some(broker.address.ip().to_string());
    config.rules.mqtt.port = broker.address.port();
    config.rules.mqtt.user = Some("me".to_owned());
    config
}

#[tokio::test]
async fn what_rules_say_and_cameras_tell_is_published() {
    let broker = Broker::new().await;
    let running = Running::new(config(&broker)).await;
    let named = running.rule(rule(json!({"do": "mqtt", "topic": "house/gate", "retain": true}))).await;
    let plain = running.rule(rule(json!({"do": "mqtt"}))).await;
    until(async || broker.kept("playfield/status").is_some()).await;
    running.tell(vec![enter(1)]).await;
    let known = running.deliveries(|all| all.len() == 2 && all.iter().all(|it| it.ended_ms.is_some())).await;
    assert!(known.iter().all(|it| it.state == DeliveryState::Done), "{known:?}");
    let came = broker.came();
    let gate = came.iter().find(|it| it.topic == "house/gate").unwrap();
    assert!(gate.retain && gate.at_least_once);
    let event: Value = serde_json::from_str(&gate.message).unwrap();
    assert_eq!(event["data"]["rule"]["id"], json!(named.id));
    let own = format!("playfield/rules/{}", plain.id);
    assert!(came.iter().any(|it| it.topic == own && !it.retain));

    let topic = format!("playfield/{}/event", running.device);
    until(async || broker.came().iter().any(|it| it.topic == topic)).await;
    let told = broker.came().into_iter().find(|it| it.topic == topic).unwrap();
    let told: ToldEvent = serde_json::from_str(&told.message).unwrap();
    assert_eq!((told.device, told.told.seq, told.told.event), (running.device.clone(), 1, enter(1)));
    let hello = broker.hellos().remove(0);
    let will = b"\x00\x10playfield/status\x00\x07offline\x00\x02me";
    assert!(hello.ends_with(will), "once we are gone the broker says so: {hello:?}");
    assert_eq!(hello[7] & 0x26, 0x26, "and keeps that");
    running.stop().await;
}

#[tokio::test]
async fn home_assistant_finds_a_camera_and_its_zones() {
    let broker = Broker::new().await;
    let running = Running::new(config(&broker)).await;
    let own = format!("playfield/{}", running.device);
    let occupancy = format!("homeassistant/binary_sensor/{}/zone_crossing_occupancy/config", running.device);
    let line = format!("homeassistant/sensor/{}/line_road_in/config", running.device);
    until(async || broker.kept(&occupancy).is_some() && broker.kept(&line).is_some()).await;
    until(async || broker.kept(&format!("{own}/status")).as_deref() == Some("online")).await;
    let counts = json!({"zones": [{"name": "crossing", "now": [{"class": 0, "count": 2}], "in": [], "out": [], "stayed_ms": 0}]});
    running.says(Report::Counts(Box::new(serde_json::from_value(counts).unwrap()))).await;
    until(async || broker.kept(&format!("{own}/state")).is_some()).await;
    let state: Value = serde_json::from_str(&broker.kept(&format!("{own}/state")).unwrap()).unwrap();
    assert_eq!(state["zone_crossing"], json!({"now": 2, "in": 0, "out": 0}));

    running.is(SessionState::Error).await;
    until(async || broker.kept(&format!("{own}/status")).as_deref() == Some("offline")).await;

    // A zone that is no longer there is cleared, though another process told of it.
    let running = running.restart(config(&broker)).await;
    let path = format!("/api/v1/devices/{}", running.device);
    let mut desired = running.client.get(&path).await.is::<Value>(200)["desired"].clone();
    desired["watch"]["zone"] = json!([]);
    running.client.patch(&path, json!({"desired": desired})).await.is::<Value>(200);
    until(async || broker.kept(&occupancy).is_none()).await;
    assert!(broker.kept(&line).is_some());
    running.stop().await;
}

#[tokio::test]
async fn a_broker_that_goes_away_is_come_back_to_and_nothing_is_lost() {
    let broker = Broker::new().await;
    let mut config = config(&broker);
    config.rules.tries = 20;
    let running = Running::new(config).await;
    running.rule(rule(json!({"do": "mqtt", "topic": "gate"}))).await;
    until(async || broker.kept("playfield/status").is_some()).await;
    broker.cut();
    running.tell(vec![enter(1)]).await;
    let known = running.deliveries(|all| all.iter().any(|it| it.ended_ms.is_some())).await;
    assert_eq!(known[0].state, DeliveryState::Done, "{known:?}");
    assert_eq!(broker.hellos().len(), 2);
    let topic = format!("playfield/{}/event", running.device);
    until(async || broker.came().iter().any(|it| it.topic == topic)).await;
    running.stop().await;
}

#[tokio::test]
async fn pictures_and_events_are_published_as_onvif_writes_them() {
    let broker = Broker::new().await;
    let mut config = config(&broker);
    config.rules.mqtt.onvif = true;
    let running = Running::new(config).await;
    until(async || broker.kept("playfield/status").is_some()).await;
    let area = Rect { left: 0.0, top: 0.0, right: 1.0, bottom: 0.5 };
    let object = Object { area, score: 0.5, track: Some(3), ..Object::default() };
    let metadata = Metadata { time_ms: 1, objects: vec![object], ..Metadata::default() };
    let prefix = format!("playfield/{}", running.device);
    let picture = format!("{prefix}/onvif-mj/VideoAnalytics/1/street");
    let event = format!("{prefix}/onvif-ej/RuleEngine/FieldDetector/ObjectsInside/&1/gate");
    running.says(Report::Seen(Seen { metadata, events: vec![enter(1)] })).await;
    let find = |topic: &str| broker.came().into_iter().find(|it| it.topic == topic);
    until(async || find(&picture).is_some() && find(&event).is_some()).await;
    let frame: Value = serde_json::from_str(&find(&picture).unwrap().message).unwrap();
    let bounds = json!({"@left": -1.0, "@top": 1.0, "@right": 1.0, "@bottom": 0.0});
    assert_eq!(frame["Frame"][0]["Object"][0]["Appearance"]["Shape"]["BoundingBox"], bounds);
    assert_eq!(frame["Frame"][0]["Object"][0]["Appearance"]["Class"]["Type"][0]["#text"], "Human");
    let event: Value = serde_json::from_str(&find(&event).unwrap().message).unwrap();
    assert_eq!(event["Data"], json!({"IsInside": true, "ObjectId": 7, "ClassTypes": "Human"}));
    running.stop().await;
}

/// Where Debian has the broker.
const MOSQUITTO: &str = "/usr/sbin/mosquitto";

/// Mosquitto on a port that was free a moment ago.
async fn mosquitto(folder: &Path) -> (Child, u16) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = folder.join("mosquitto.conf");
    std::fs::write(&settings, format!("listener {port} 127.0.0.1\nallow_anonymous true\n")).unwrap();
    let mut command = Command::new(MOSQUITTO);
    command.arg("-c").arg(settings).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let child = command.spawn().unwrap();
    until(async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
    (child, port)
}

/// What Mosquitto keeps, topics and messages.
async fn kept(port: u16) -> String {
    let port = port.to_string();
    let arguments = ["-h", "127.0.0.1", "-p", &port, "-t", "#", "-v", "--retained-only", "-W", "1"];
    let output = Command::new("mosquitto_sub").args(arguments).output().await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn mosquitto_takes_and_keeps_what_is_published() {
    if !Path::new(MOSQUITTO).exists() {
        println!("skipped: there is no {MOSQUITTO}");
        return;
    }
    let folder = crate::world::Folder::new();
    let (_broker, port) = mosquitto(folder.root()).await;
    let mut config = Config::default();
    config.rules.mqtt.host = Some("127.0.0.1".to_owned());
    config.rules.mqtt.port = port;
    config.rules.first_wait_ms = 20;
    let running = Running::new(config).await;
    let topic = json!({"do": "mqtt", "topic": "house/gate", "retain": true});
    running.rule(rule(topic)).await;
    running.tell(vec![enter(1)]).await;
    let known = running.deliveries(|all| all.iter().any(|it| it.ended_ms.is_some())).await;
    assert_eq!((known[0].state, known[0].detail.as_deref()), (DeliveryState::Done, Some("the broker has it")));
    let online = format!("playfield/{}/status online", running.device);
    until(async || kept(port).await.contains(&online)).await;
    let all = kept(port).await;
    let occupancy = format!("homeassistant/binary_sensor/{}/zone_crossing_occupancy/config", running.device);
    for expect in ["playfield/status online", "house/gate {", &occupancy] {
        assert!(all.contains(expect), "{expect} in {all}");
    }
    let _world = running.kill().await;
    until(async || kept(port).await.contains("playfield/status offline")).await;
}
