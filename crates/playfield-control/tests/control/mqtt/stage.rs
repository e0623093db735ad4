//! A control plane that serves, and cameras that are connected to it.

use std::net::SocketAddr;
use std::time::Duration;

use playfield_control::mqtt::Mqtt;
use playfield_core::id::Token;
use playfield_store::bus::Bus;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::node::Node;
use crate::world::{Folder, Reply};

/// A device that is connected.
pub struct Connected {
    pub line: Line,
    pub device: Device,
}

pub struct Stage {
    world: Parts,
    mqtt: Arc<Mqtt>,
    here: Client,
    elsewhere: Client,
    pub address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

/// What has to stay as long as the control plane does.
struct Parts {
    folder: Folder,
    _bus: Bus,
    _node: Node,
}

pub fn config() -> MqttConfig {
    MqttConfig {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        url: Some("http://localhost:8080".to_owned()),
        upload_mb: 1,
        uploads_mb: 2,
        ..MqttConfig::default()
    }
}

impl Stage {
    pub async fn new() -> Stage {
        Stage::with(config()).await
    }

    pub async fn with(mqtt: MqttConfig) -> Stage {
        let config = Config {
            mqtt,
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            ops_listen: None,
            insecure_http: true,
            sign_in_token: Some(Token::from("correct horse battery".to_owned())),
            ..Config::default()
        };
        let World { folder, bus, db, node, control } = World::with(config).await;
        drop(db);
        let here = Client::new(control.router(Door::Local), "localhost:8080");
        let elsewhere = Client::new(control.router(Door::Public { tls: true }), "localhost:8080");
        let mqtt = control.mqtt().clone();
        let serving = control.bind().await.unwrap();
        let address = serving.mqtt_addresses()[0];
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(serving.run(async {
            let _ = stopped.await;
        }));
        let world = Parts { folder, _bus: bus, _node: node };
        Stage { world, mqtt, here, elsewhere, address, _stop: stop }
    }

    /// Whoever runs the server.
    pub fn here(&self) -> Client {
        self.here.clone()
    }

    /// Whoever is not signed in: a camera, for one.
    pub fn elsewhere(&self) -> Client {
        self.elsewhere.clone()
    }

    /// A file of the control plane.
    pub fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.world.folder.path(name)).unwrap()
    }

    pub fn events(&self) -> broadcast::Receiver<Arc<DeviceEvent>> {
        self.mqtt.events()
    }

    pub async fn enrol(&self, body: Value) -> EnrolledCamera {
        self.here().post("/api/v1/evp/devices", body).await.is(201)
    }

    /// An enrolled camera, and the device that it is, connected.
    pub async fn camera(&self, device: Device) -> (EnrolledCamera, Connected) {
        let camera = self.enrol(json!({"name": "door"})).await;
        let device = self.connect(&camera, device).await;
        (camera, device)
    }

    /// The answer to a camera that wants in.
    pub async fn knock(&self, camera: &EnrolledCamera) -> (ConnectCode, Line) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let password = camera.password.as_ref().map(|password| password.reveal().as_bytes().to_vec());
        knock(Line::new(stream), Some(camera.user.clone()), password).await
    }

    pub async fn connect(&self, camera: &EnrolledCamera, device: Device) -> Connected {
        let (code, line) = self.knock(camera).await;
        assert_eq!(code, ConnectCode::Accepted);
        Connected::new(line, device).await
    }

    pub async fn module(&self) -> CameraModule {
        let client = self.here().with("content-type", "application/octet-stream");
        client.send("POST", "/api/v1/evp/modules/app", MODULE.to_vec().into()).await.is(201)
    }

    pub async fn deploy(&self, camera: &EnrolledCamera, sha256: &str) {
        let body = json!({"instances": {"door": {"module": "m1"}}, "modules": {"m1": {"sha256": sha256}}});
        let told: Value = self.put(camera, "/deployment", body).await.is(200);
        assert!(told["id"].as_str().is_some_and(|id| id.len() == 36) && told["modules"]["m1"].get("url").is_none());
    }

    fn address_of(camera: &EnrolledCamera, path: &str) -> String {
        format!("/api/v1/evp/devices/{}{path}", camera.camera.id)
    }

    pub async fn get(&self, camera: &EnrolledCamera, path: &str) -> Reply {
        self.here().get(&Stage::address_of(camera, path)).await
    }

    pub async fn post(&self, camera: &EnrolledCamera, path: &str, body: Value) -> Reply {
        self.here().post(&Stage::address_of(camera, path), body).await
    }

    pub async fn put(&self, camera: &EnrolledCamera, path: &str, body: Value) -> Reply {
        let client = self.here().with("content-type", "application/json");
        client.send("PUT", &Stage::address_of(camera, path), body.to_string().into()).await
    }

    pub async fn delete(&self, camera: &EnrolledCamera) -> Reply {
        self.here().delete(&Stage::address_of(camera, "")).await
    }

    pub async fn revoke(&self, camera: &EnrolledCamera) {
        assert_eq!(self.delete(camera).await.status, 204);
    }

    /// The path of a link, at the door that answers to it.
    pub fn path(&self, url: &str) -> String {
        url.strip_prefix("http://localhost:8080").unwrap().to_owned()
    }

    pub async fn fetch(&self, url: &str) -> Vec<u8> {
        let reply = self.elsewhere.get(&self.path(url)).await;
        assert_eq!(reply.status, 200);
        reply.body
    }

    pub async fn bring(&self, url: &str, bytes: &[u8]) -> u16 {
        self.elsewhere.send("PUT", &self.path(url), bytes.to_vec().into()).await.status.as_u16()
    }

    /// Waits until a camera is not connected any more.
    pub async fn gone(&self, camera: &EnrolledCamera) {
        while self.mqtt.is_online(&camera.camera.id) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

pub async fn knock(mut line: Line, user: Option<String>, password: Option<Vec<u8>>) -> (ConnectCode, Line) {
    let connect = Connect { client: "camera".into(), clean: true, keep_alive_s: 400, user, password, will: None };
    line.send(&Packet::Connect(connect)).await;
    let Some(Packet::ConnAck(code)) = line.next().await else { panic!("no answer") };
    (code, line)
}

impl Connected {
    pub async fn new(mut line: Line, mut device: Device) -> Connected {
        for (id, filter) in (1..).zip(Device::FILTERS) {
            line.send(&Packet::Subscribe { id, filters: vec![(filter.to_owned(), Qos::AtMostOnce)] }).await;
            let granted = Packet::SubAck { id, granted: vec![Some(Qos::AtMostOnce)] };
            assert_eq!(line.next().await, Some(granted));
        }
        device.connected();
        let mut connected = Connected { line, device };
        connected.settle().await;
        connected
    }

    /// Sends what the device has to say and hears what comes, until both sides have nothing more: an order that was given to
    /// the hub before is told before the ping is answered.
    pub async fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 2 {
            quiet += 1;
            while let Some((topic, payload)) = self.device.poll() {
                self.line.publish(&topic, &payload, Qos::AtMostOnce, 0).await;
                quiet = 0;
            }
            self.line.send(&Packet::PingReq).await;
            loop {
                match self.line.next().await {
                    Some(Packet::PingResp) => break,
                    Some(Packet::Publish(message)) => {
                        quiet = 0;
                        self.hear(&message);
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    fn hear(&mut self, message: &Publish) {
        self.device.handle(&message.topic, std::str::from_utf8(&message.payload).unwrap());
    }

    /// Takes its leave.
    pub async fn leave(mut self) -> Device {
        self.line.send(&Packet::Disconnect).await;
        assert_eq!(self.line.next().await, None);
        self.device
    }

    /// Goes on by itself, until the server hangs up.
    pub fn keep(mut self) -> JoinHandle<()> {
        tokio::spawn(async move {
            while let Some(packet) = self.line.next().await {
                if let Packet::Publish(message) = packet {
                    self.hear(&message);
                }
                while let Some((topic, payload)) = self.device.poll() {
                    self.line.publish(&topic, &payload, Qos::AtMostOnce, 0).await;
                }
            }
        })
    }
}

/// The next event of a kind.
pub async fn next(events: &mut broadcast::Receiver<Arc<DeviceEvent>>, wanted: fn(&What) -> bool) -> Arc<DeviceEvent> {
    let find = async {
        loop {
            let event = events.recv().await.unwrap();
            if wanted(&event.what) {
                return event;
            }
        }
    };
    // The limit only ends a test that would hang.
    tokio::time::timeout(Duration::from_secs(20), find).await.unwrap()
}
