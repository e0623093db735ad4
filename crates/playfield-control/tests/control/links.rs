//! Links of machines with cameras, over real sockets: who may open one, what comes over it, and how it ends.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use playfield_control::Config;
use playfield_core::analytics::{Direction, Event as Happened, What};
use playfield_core::api::{Channels, Device, DeviceEvents, DeviceState, Devices, EndReason, Enrolment};
use playfield_core::bus::{Reply, Request};
use playfield_core::camera::{Health, Report, Seen};
use playfield_core::id::{DeviceId, NodeId, SessionId, Token, ViewerId};
use playfield_core::link::{CameraState, FromDevice, Machine, ToDevice, Told};
use playfield_core::metadata::Metadata;
use playfield_core::rollout::Channel;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Client, Folder, World};

/// A server on a port.
struct Place {
    world_folder: Folder,
    bus: playfield_store::bus::Bus,
    here: Client,
    address: SocketAddr,
    running: JoinHandle<()>,
}

impl Place {
    async fn new() -> Place {
        let folder = Folder::new();
        std::fs::create_dir_all(folder.path("models/small")).unwrap();
        let manifest = include_str!("../../../../models/street/model.toml");
        std::fs::write(folder.path("models/small/model.toml"), manifest).unwrap();
        std::fs::write(folder.path("models/small/street.onnx"), [7_u8; 200_000]).unwrap();
        let config = Config {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            ops_listen: None,
            models: vec![folder.path("models")],
            demo_camera: false,
            ..Config::default()
        };
        let World { folder, bus, control, .. } = World::on(folder, config).await;
        let here = Client::new(control.router(playfield_control::Door::Local), "localhost:8080");
        let serving = control.bind().await.unwrap();
        let address = serving.addresses()[0];
        let running = tokio::spawn(async move {
            serving.run(std::future::pending()).await.unwrap();
        });
        Place { world_folder: folder, bus, here, address, running }
    }

    async fn code(&self) -> Token {
        self.here.post("/api/v1/enrolments", json!({})).await.is::<Enrolment>(201).code
    }

    async fn open(&self) -> Wire {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let url = format!("ws://localhost:{}/api/v1/link", self.address.port());
        Wire(tokio_tungstenite::client_async(url, stream).await.unwrap().0)
    }

    async fn join(&self, name: &str) -> (NodeId, Token) {
        let mut wire = self.open().await;
        wire.say(join(Some(self.code().await), name)).await;
        match wire.hear().await {
            ToDevice::Joined { node, token } => (node, token),
            other => panic!("{other:?}"),
        }
    }

    /// A link with this journal: what is stored of it, and its camera.
    async fn link(&self, token: &Token, journal: &str) -> (Wire, u64, DeviceId) {
        let mut wire = self.open().await;
        wire.say(hello(token, journal)).await;
        let ToDevice::Welcome { stored } = wire.hear().await else { panic!("no welcome") };
        let ToDevice::Twin { cameras } = wire.hear().await else { panic!("no twin") };
        (wire, stored, cameras[0].device.clone())
    }

    async fn device(&self, id: &DeviceId) -> Device {
        self.here.get(&format!("/api/v1/devices/{id}")).await.is(200)
    }

    async fn events(&self, id: &DeviceId) -> Vec<u64> {
        let events: DeviceEvents = self.here.get(&format!("/api/v1/devices/{id}/events?most=1000")).await.is(200);
        events.events.into_iter().rev().map(|event| event.event.time_ms).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.abort();
        let _ = self.world_folder.root();
    }
}

struct Wire(WebSocketStream<TcpStream>);

impl Wire {
    async fn say(&mut self, word: FromDevice) {
        self.text(&serde_json::to_string(&word).unwrap()).await;
    }

    async fn text(&mut self, text: &str) {
        self.0.send(Message::Text(text.into())).await.unwrap();
    }

    /// The next word, questions for the time left out.
    async fn hear(&mut self) -> ToDevice {
        loop {
            match self.next().await.expect("a word") {
                ToDevice::Time { asked_us } => {
                    self.say(FromDevice::Time { asked_us, device_us: asked_us + 5_000_000 }).await
                }
                word => return word,
            }
        }
    }

    /// The next word; none: the link is closed. The limit only ends a test that would hang.
    async fn next(&mut self) -> Option<ToDevice> {
        loop {
            match tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("anything") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    async fn is_closed(&mut self) {
        while self.next().await.is_some() {}
    }
}

fn join(code: Option<Token>, name: &str) -> FromDevice {
    FromDevice::Join { code, name: name.to_owned(), desired: None }
}

fn hello(token: &Token, journal: &str) -> FromDevice {
    FromDevice::Hello { token: token.clone(), journal: journal.to_owned(), machine: Machine::default() }
}

/// Something that happened at this time, as the so manieth thing.
fn told(seq: u64, device: &DeviceId) -> Told {
    let what = What::Cross { line: "road".to_owned(), direction: Direction::In };
    let event = Happened { time_ms: 1_000 * seq, what, thing: None, counts: Vec::new() };
    let seen = Seen { metadata: Metadata { time_ms: 1_000 * seq, ..Metadata::default() }, events: vec![event] };
    Told { seq, device: device.clone(), report: Box::new(Report::Seen(seen)) }
}

async fn stored(wire: &mut Wire, seq: u64) {
    loop {
        match wire.hear().await {
            ToDevice::Stored { seq: now } if now == seq => return,
            ToDevice::Stored { seq: now } => assert!(now < seq),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_code_lets_one_machine_in_and_a_guess_is_slowed_down() {
    let place = Place::new().await;
    let code = place.code().await;
    let refused = async |code: Option<Token>| {
        let mut wire = place.open().await;
        wire.say(join(code, "Door")).await;
        let ToDevice::Refused { detail, .. } = wire.hear().await else { panic!("let in") };
        wire.is_closed().await;
        detail
    };
    assert!(refused(Some(Token::from("AAAA-BBBB-CCCC".to_owned()))).await.contains("not known"));
    assert!(refused(None).await.contains("with a code"));
    let mut wire = place.open().await;
    wire.say(join(Some(Token::from(code.reveal().to_lowercase())), "Door")).await;
    let ToDevice::Joined { token, .. } = wire.hear().await else { panic!("not let in") };
    wire.say(hello(&token, "j")).await;
    assert!(matches!(wire.hear().await, ToDevice::Welcome { stored: 0 }), "it may go on by the same link");
    assert!(refused(Some(code)).await.contains("joined with this code before"));
    let devices: Devices = place.here.get("/api/v1/devices").await.is(200);
    assert_eq!(devices.devices.len(), 1);
    let mut last = String::new();
    for _ in 0..10 {
        last = refused(Some(Token::from("AAAA-BBBB-CCCC".to_owned()))).await;
    }
    assert!(last.contains("too many wrong tokens"), "{last}");
    assert!(refused(Some(place.code().await)).await.contains("too many"), "not even the right one is looked at");
}

#[tokio::test]
async fn what_a_machine_tells_is_stored_once_in_order_and_acknowledged() {
    let place = Place::new().await;
    let (_, token) = place.join("Yard").await;
    let (mut wire, known, device) = place.link(&token, "j").await;
    assert_eq!(known, 0);
    assert_eq!(place.device(&device).await.state, DeviceState::Offline, "it did not say yet how it is");
    let session = SessionId::from_entropy([9; 16]);
    let state = CameraState {
        device: device.clone(),
        state: DeviceState::Online,
        version: 1,
        session: Some(session),
        detail: None,
        refused: None,
    };
    wire.say(FromDevice::State(state.clone())).await;
    wire.say(FromDevice::Told { events: (1..=3).map(|seq| told(seq, &device)).collect() }).await;
    stored(&mut wire, 3).await;
    // The acknowledgement was lost, and two come again with one that is new.
    drop(wire);
    let (mut wire, known, _) = place.link(&token, "j").await;
    assert_eq!(known, 3);
    wire.say(FromDevice::Told { events: (2..=4).map(|seq| told(seq, &device)).collect() }).await;
    stored(&mut wire, 4).await;
    assert_eq!(place.events(&device).await, [1_000, 2_000, 3_000, 4_000]);

    // What it says of a camera that is not its own is acknowledged, so that it need not say it again, and not believed.
    let (_, other) = place.join("Other").await;
    let (_wire, _, foreign) = place.link(&other, "k").await;
    let health = Report::Health(Health { fps: 3.0, ..Health::default() });
    wire.say(FromDevice::Now { device: foreign.clone(), report: Box::new(health.clone()) }).await;
    wire.say(FromDevice::State(CameraState { device: foreign.clone(), ..state })).await;
    wire.say(FromDevice::Told { events: vec![told(5, &foreign)] }).await;
    stored(&mut wire, 5).await;
    assert_eq!(place.events(&foreign).await, [0; 0]);
    let unheard = place.device(&foreign).await;
    assert_eq!((unheard.health, unheard.state), (None, DeviceState::Offline));

    // Its clock is five seconds ahead, and its events say so.
    wire.say(FromDevice::Now { device: device.clone(), report: Box::new(health) }).await;
    wire.say(FromDevice::Told { events: vec![told(6, &device)] }).await;
    stored(&mut wire, 6).await;
    let yard = place.device(&device).await;
    assert!((-5_050..=-4_950).contains(&yard.offset_ms.unwrap()), "{:?}", yard.offset_ms);
    assert_eq!(yard.health.unwrap().fps, 3.0);
    let events: DeviceEvents = place.here.get(&format!("/api/v1/devices/{device}/events?most=1")).await.is(200);
    assert_eq!(events.events[0].offset_ms, yard.offset_ms);
    drop(wire);
    let mut offline = false;
    for _ in 0..500 {
        offline |= place.device(&device).await.state == DeviceState::Offline;
        tokio::time::sleep(Duration::from_millis(5)).await;
        if offline {
            break;
        }
    }
    assert!(offline, "a machine that is gone is not shown at work");
}

#[tokio::test]
async fn a_twin_brings_its_files_and_a_question_comes_to_who_runs_the_camera() {
    let place = Place::new().await;
    let (node, token) = place.join("Yard").await;
    let (mut wire, _, device) = place.link(&token, "j").await;
    let before = place.device(&device).await;
    let mut desired = serde_json::to_value(&before.desired).unwrap();
    desired["model"] = json!("small");
    let change = json!({"version": before.version, "desired": desired});
    let changed: Device = place.here.patch(&format!("/api/v1/devices/{device}"), change).await.is(200);
    assert_eq!(changed.version, 2);
    let ToDevice::Twin { cameras } = wire.hear().await else { panic!("no twin") };
    assert_eq!(cameras[0].version, 2);
    let files = &cameras[0].model.as_ref().unwrap().files;
    assert_eq!(files.iter().map(|file| file.bytes).max(), Some(200_000));
    let weights = files.iter().find(|file| file.bytes == 200_000).unwrap();
    let mut bytes = 0;
    while bytes < weights.bytes {
        wire.say(FromDevice::Want { file: weights.hash.clone(), from: bytes }).await;
        let ToDevice::Piece { data: Some(data), from, .. } = wire.hear().await else { panic!("no piece") };
        assert_eq!(from, bytes);
        use base64::Engine;
        let piece = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        assert!(!piece.is_empty() && piece.iter().all(|byte| *byte == 7));
        bytes += piece.len() as u64;
    }
    let other = playfield_core::link::FileHash::new([1; 32]);
    wire.say(FromDevice::Want { file: other, from: 0 }).await;
    let ToDevice::Piece { data: None, .. } = wire.hear().await else { panic!("a file that no twin names") };

    let session = SessionId::from_entropy([9; 16]);
    let leave = Request::Leave { session: session.clone(), viewer: ViewerId::from_entropy([3; 16]) };
    let (bus, asked) = (place.bus.clone(), leave.clone());
    let to = node.clone();
    let answer = tokio::spawn(async move { bus.ask(&to, &asked, Duration::from_secs(20)).await });
    let ToDevice::Ask { id, request } = wire.hear().await else { panic!("no question") };
    assert_eq!(*request, leave);
    wire.say(FromDevice::Reply { id, reply: Reply::Done }).await;
    assert_eq!(answer.await.unwrap(), Ok(Reply::Done));
    // What would open a guest or touch a file does not get so far.
    let save = Request::SaveState { session: session.clone(), viewer: None, to: "/etc/passwd".into(), most: 1 };
    let reply = place.bus.ask(&node, &save, Duration::from_secs(20)).await.unwrap();
    assert!(matches!(reply, Reply::Refused { reason: EndReason::InternalError, .. }), "{reply:?}");
}

#[tokio::test]
async fn who_is_turned_away_goes_at_once_and_a_second_link_ends_the_first() {
    let place = Place::new().await;
    let (_, token) = place.join("Yard").await;
    let (mut first, _, device) = place.link(&token, "j").await;
    let (mut second, _, _) = place.link(&token, "j").await;
    first.is_closed().await;
    place.here.delete(&format!("/api/v1/devices/{device}")).await;
    let mut last = None;
    while let Some(word) = second.next().await {
        last = Some(word);
    }
    assert!(matches!(last, Some(ToDevice::Refused { forever: true, .. })), "{last:?}");
    let mut third = place.open().await;
    third.say(hello(&token, "j")).await;
    assert!(matches!(third.hear().await, ToDevice::Refused { forever: true, .. }));
    place.here.get(&format!("/api/v1/devices/{device}")).await.problem(404, "notFound");
    place.here.delete(&format!("/api/v1/devices/{device}")).await.problem(404, "notFound");
}

#[tokio::test]
async fn nonsense_ends_a_link_and_nothing_else() {
    let place = Place::new().await;
    let (_, token) = place.join("Yard").await;
    for words in ["", "{}", "[1]", "{\"says\":\"hello\"}", "\u{0}", &"x".repeat(300_000)] {
        let mut wire = place.open().await;
        wire.text(words).await;
        wire.is_closed().await;
        let (mut known, _, _) = place.link(&token, "j").await;
        let _ = known.0.send(Message::Text(words.into())).await;
        known.is_closed().await;
    }
    let mut wire = place.open().await;
    wire.0.send(Message::Binary(vec![1, 2, 3].into())).await.unwrap();
    wire.is_closed().await;
    let (mut known, _, device) = place.link(&token, "j").await;
    known.say(FromDevice::Told { events: (1..=65).map(|seq| told(seq, &device)).collect() }).await;
    known.is_closed().await;
    let (mut known, stored_now, _) = place.link(&token, "j").await;
    assert_eq!(stored_now, 0);
    known.say(FromDevice::Told { events: vec![told(1, &device)] }).await;
    stored(&mut known, 1).await;
}

#[tokio::test]
async fn many_cameras_are_sorted_changed_and_turned_away_at_once() {
    let place = Place::new().await;
    let create = async |name: &str| -> Device {
        let desired = json!({"source": {"kind": "scene"}});
        let body = json!({"name": name, "desired": desired, "tags": ["Yard", " yard "]});
        place.here.post("/api/v1/devices", body).await.is(201)
    };
    let (one, two) = (create("one").await, create("two").await);
    assert_eq!(one.tags, ["yard"]);
    let bulk = async |body: serde_json::Value| -> Vec<Option<String>> {
        let done: playfield_core::api::ChangedDevices = place.here.post("/api/v1/devices/bulk", body).await.is(200);
        done.devices.into_iter().map(|device| device.detail).collect()
    };
    let tag = json!({"tag": "yard", "do": {"kind": "tag", "add": ["night"], "remove": ["yard"]}});
    assert_eq!(bulk(tag).await, [None, None]);
    assert_eq!(place.device(&one.id).await.tags, ["night"]);
    let slower = json!({"ids": [one.id, two.id], "do": {"kind": "change", "desired": {"hz": 3}}});
    assert_eq!(bulk(slower).await, [None, None]);
    let changed = place.device(&two.id).await;
    assert_eq!((changed.desired.hz, changed.version), (3, 2));
    let wrong =
        json!({"ids": [one.id, DeviceId::from_entropy([1; 16])], "do": {"kind": "change", "desired": {"hz": 99}}});
    let answers = bulk(wrong).await;
    assert!(answers[0].as_ref().unwrap().contains("`hz` must be 1 to 60"), "{answers:?}");
    assert!(answers[1].as_ref().unwrap().contains("there is no camera"), "{answers:?}");
    assert_eq!(bulk(json!({"tag": "night", "do": {"kind": "revoke"}})).await, [None, None]);
    assert_eq!(place.here.get("/api/v1/devices").await.is::<Devices>(200).devices.len(), 0);
    let both = json!({"do": {"kind": "revoke"}});
    place.here.post("/api/v1/devices/bulk", both).await.problem(400, "malformed");
}

#[tokio::test]
async fn a_channel_is_moved_for_those_who_follow_it_and_called_off() {
    let place = Place::new().await;
    let model = |name: &str, weights: &str| {
        let folder = place.world_folder.path("models").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let manifest = include_str!("../../../../models/street/model.toml");
        std::fs::write(folder.join("model.toml"), manifest).unwrap();
        std::fs::write(folder.join("street.onnx"), weights).unwrap();
    };
    model("street-1", "one");
    model("street-2", "two");
    model("street-3", "half");
    let at = "/api/v1/channels/model/street/stable";
    let put = |path: &'static str, body: serde_json::Value| {
        let here = place.here.with("content-type", "application/json");
        async move { here.send("PUT", path, axum::body::Body::from(body.to_string())).await }
    };
    let (_, token) = place.join("Yard").await;
    let (mut wire, _, device) = place.link(&token, "j").await;
    let follow = async |version: u32| {
        let desired = json!({"source": {"kind": "scene"}, "model": "street@stable"});
        place.here.patch(&format!("/api/v1/devices/{device}"), json!({"version": version, "desired": desired})).await
    };
    let problem = follow(1).await.problem(404, "notFound");
    assert!(problem.detail.contains("no channel `stable` of `street`"), "{}", problem.detail);
    put(at, json!({"release": "nothing"})).await.problem(404, "notFound");
    let refused = put(at, json!({"release": "street-3"})).await.problem(400, "malformed");
    assert!(refused.detail.contains("the rest of it is missing"), "{}", refused.detail);
    put("/api/v1/channels/model/a%20b/stable", json!({"release": "street-1"})).await.problem(400, "malformed");
    put("/api/v1/channels/core/street/stable", json!({"release": "street-1"})).await.problem(404, "notFound");
    let made: Channel = put(at, json!({"release": "street-1"})).await.is(200);
    assert_eq!((made.release.as_str(), made.rollout), ("street-1", None));

    follow(1).await.is::<Device>(200);
    let files = |word: ToDevice| {
        let ToDevice::Twin { cameras } = word else { panic!("no twin") };
        (cameras[0].version, cameras[0].model.clone().unwrap())
    };
    let (version, first) = files(wire.hear().await);
    assert_eq!(version, 2);
    put(at, json!({"release": "street-2", "steps": [50]})).await.problem(400, "malformed");
    let moved: Channel = put(at, json!({"release": "street-2", "steps": [100], "hold_s": 1000})).await.is(200);
    assert_eq!(moved.rollout.unwrap().to, "street-2");
    let (version, second) = files(wire.hear().await);
    assert_eq!(version, 3);
    assert_ne!(first, second);
    let problem = put(at, json!({"release": "street-1"})).await.problem(409, "inProgress");
    assert!(problem.detail.contains("on its way to `street-2`"), "{}", problem.detail);

    let off: Channel = place.here.delete(&format!("{at}/rollout")).await.is(200);
    assert_eq!(off.last.unwrap().back.as_deref(), Some("it was called off"));
    let (version, again) = files(wire.hear().await);
    assert_eq!((version, again), (4, first));
    place.here.delete(&format!("{at}/rollout")).await.problem(404, "notFound");
    let all: Channels = place.here.get("/api/v1/channels").await.is(200);
    assert_eq!((all.channels.len(), all.channels[0].release.as_str()), (1, "street-1"));
}

#[tokio::test]
async fn events_come_over_a_websocket_too_and_to_no_page_of_another_site() {
    let place = Place::new().await;
    let (_, token) = place.join("Yard").await;
    let (mut wire, _, device) = place.link(&token, "j").await;
    wire.say(FromDevice::Told { events: (1..=3).map(|seq| told(seq, &device)).collect() }).await;
    stored(&mut wire, 3).await;
    let open = async |origin: Option<&str>| {
        use tokio_tungstenite::tungstenite::client::IntoClientRequest;
        let url = format!("ws://localhost:{}/api/v1/events/socket?after=1", place.address.port());
        let mut request = url.into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let stream = TcpStream::connect(place.address).await.unwrap();
        tokio_tungstenite::client_async(request, stream).await.map(|(socket, _)| socket)
    };
    assert!(open(Some("http://evil.example")).await.is_err());
    let own = format!("http://localhost:{}", place.address.port());
    let mut socket = open(Some(&own)).await.unwrap();
    let mut times = Vec::new();
    while times.len() < 3 {
        if times.len() == 2 {
            wire.say(FromDevice::Told { events: vec![told(4, &device)] }).await;
        }
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("an event");
        if let Message::Text(text) = message.unwrap().unwrap() {
            let event: serde_json::Value = serde_json::from_str(&text).unwrap();
            times.push(event["time_ms"].as_u64().unwrap());
        }
    }
    assert_eq!(times, [2_000, 3_000, 4_000]);
    place.here.get("/api/v1/events/socket").await.problem(400, "malformed");
}

/// A certificate for a machine, by an authority of our own: that of the authority, then chain and key of the machine.
fn certified() -> (String, rcgen::Certificate, rcgen::KeyPair) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut machine = rcgen::CertificateParams::new(vec!["door.example".to_owned()]).unwrap();
    machine.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    (certificate.pem(), machine.signed_by(&key, &issuer).unwrap(), key)
}

#[tokio::test]
async fn a_machine_with_a_certificate_that_is_believed_joins_without_a_code() {
    let (authority, certificate, key) = certified();
    let (_, foreign, foreign_key) = certified();
    let folder = Folder::new();
    std::fs::write(folder.path("machines.pem"), authority).unwrap();
    let config = Config {
        listen: vec!["0.0.0.0:0".parse().unwrap()],
        ops_listen: None,
        machine_ca: Some(folder.path("machines.pem")),
        demo_camera: false,
        ..Config::default()
    };
    let World { folder, control, .. } = World::on(folder, config).await;
    let serving = control.bind().await.unwrap();
    let port = serving.addresses()[0].port();
    let running = tokio::spawn(serving.run(std::future::pending()));
    let mut roots = rustls::RootCertStore::empty();
    let own = std::fs::read(folder.path("data/tls/cert.pem")).unwrap();
    roots.add(CertificateDer::from_pem_slice(&own).unwrap()).unwrap();
    let open = async |shown: Option<(&rcgen::Certificate, &rcgen::KeyPair)>, alpn: &[u8]| {
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots.clone());
        let mut client = match shown {
            Some((certificate, key)) => {
                let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
                builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        client.alpn_protocols = vec![alpn.to_vec()];
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(client));
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
        let url = format!("wss://localhost:{port}/api/v1/link");
        let socket = tokio_tungstenite::client_async(url, stream).await.map_err(|error| error.to_string())?;
        Ok::<_, String>(socket.0)
    };
    let joined = async |mut socket: WebSocketStream<_>| {
        let text = serde_json::to_string(&join(None, "Door")).unwrap();
        socket.send(Message::Text(text.into())).await.unwrap();
        let Some(Ok(Message::Text(text))) = socket.next().await else { panic!("no answer") };
        serde_json::from_str::<ToDevice>(&text).unwrap()
    };
    let link = playfield_core::link::ALPN;
    let ToDevice::Joined { node, .. } = joined(open(Some((&certificate, &key)), link).await.unwrap()).await else {
        panic!("not let in")
    };
    let ToDevice::Joined { node: again, .. } = joined(open(Some((&certificate, &key)), link).await.unwrap()).await
    else {
        panic!("not let in again")
    };
    assert_eq!(node, again, "the same certificate is the same machine");
    assert!(open(Some((&foreign, &foreign_key)), link).await.is_err(), "somebody else's certificate");
    for (shown, alpn) in [(None, link), (Some((&certificate, &key)), &b"http/1.1"[..])] {
        // A browser is not asked for one, and who shows none has none.
        let answer = joined(open(shown, alpn).await.unwrap()).await;
        assert!(matches!(&answer, ToDevice::Refused { detail, .. } if detail.contains("code")), "{answer:?}");
    }
    running.abort();
}
