//! A control plane on a folder of its own, and ways to speak to it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use playfield_control::http::Peer;
use playfield_control::{Config, Control, Door, Parts};
use playfield_core::api::{CreatedSession, Problem};
use playfield_core::id::NodeId;
use playfield_store::blob::Blobs;
use playfield_store::bus::Bus;
use playfield_store::db::Db;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::node::Node;

pub struct World {
    pub folder: Folder,
    pub bus: Bus,
    pub db: Db,
    pub node: Node,
    pub control: Control,
}

pub struct Folder(PathBuf);

pub fn node_id() -> NodeId {
    NodeId::from_entropy([1; 16])
}

impl World {
    /// With one title, `pong`.
    pub async fn new() -> World {
        World::with(Config::default()).await
    }

    pub async fn with(config: Config) -> World {
        let folder = Folder::new();
        folder.title("pong", "id = 'pong'\nname = 'Pong'\nentry = 'pong.wasm'", b"module");
        World::on(folder, config).await
    }

    pub async fn on(folder: Folder, config: Config) -> World {
        let bus = Bus::local();
        let node = Node::start(&bus, &node_id());
        let db = Db::open(&folder.path("data/playfield.db")).await.unwrap();
        let control = World::control(&folder, &bus, &db, config).await;
        control.catalogue().scan().await;
        World { folder, bus, db, node, control }
    }

    pub async fn control(folder: &Folder, bus: &Bus, db: &Db, config: Config) -> Control {
        let config = Config { titles: vec![folder.path("titles")], ..config };
        World::control_of(folder, bus, db, config).await
    }

    /// With the titles that the configuration names.
    pub async fn control_of(folder: &Folder, bus: &Bus, db: &Db, config: Config) -> Control {
        let parts = Parts {
            config,
            db: db.clone(),
            blobs: Blobs::files(&folder.path("data/blobs")).await.unwrap(),
            bus: bus.clone(),
            data_dir: folder.path("data"),
            nodes: vec![node_id()],
            metrics: Some(playfield_control::metrics::Metrics::install().unwrap()),
        };
        Control::new(parts).await.unwrap()
    }

    /// A browser on this machine.
    pub fn here(&self) -> Client {
        Client::new(self.control.router(Door::Local), "localhost:8080")
    }

    /// A browser elsewhere.
    pub fn elsewhere(&self, tls: bool) -> Client {
        Client::new(self.control.router(Door::Public { tls }), "play.example")
    }

    pub async fn create(&self) -> CreatedSession {
        self.here().post("/api/v1/sessions", json!({"title": "pong"})).await.is(201)
    }
}

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("playfield-control-{}-{number}", std::process::id()));
        std::fs::create_dir_all(path.join("titles")).unwrap();
        Folder(path)
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.0.join(inside)
    }

    /// Writes a file under the titles folder, with a time that no earlier write had.
    pub fn write(&self, inside: &str, bytes: &[u8]) -> PathBuf {
        static CLOCK: AtomicU32 = AtomicU32::new(0);
        let path = self.0.join("titles").join(inside);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let seconds = 1_700_000_000 + u64::from(CLOCK.fetch_add(1, Ordering::Relaxed));
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        path
    }

    pub fn title(&self, folder: &str, manifest: &str, module: &[u8]) {
        self.write(&format!("{folder}/title.toml"), manifest.as_bytes());
        self.write(&format!("{folder}/{folder}.wasm"), module);
    }

    pub fn root(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A write that was under way when its task was dropped may put something back once.
        while self.0.exists() && std::fs::remove_dir_all(&self.0).is_err() {
            std::thread::yield_now();
        }
    }
}

/// Sends requests to a router, with the headers that it was given.
#[derive(Clone)]
pub struct Client {
    router: Router,
    peer: IpAddr,
    headers: Vec<(String, String)>,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(router: Router, host: &str) -> Client {
        let peer = IpAddr::from([192, 0, 2, 7]);
        Client { router, peer, headers: vec![("host".to_owned(), host.to_owned())] }
    }

    pub fn from(&self, peer: &str) -> Client {
        Client { peer: peer.parse().unwrap(), ..self.clone() }
    }

    /// With a header; of that name it is the only one.
    pub fn with(&self, name: &str, value: &str) -> Client {
        let mut headers = self.headers.clone();
        headers.retain(|(known, _)| known != name);
        headers.push((name.to_owned(), value.to_owned()));
        Client { headers, ..self.clone() }
    }

    pub fn bearer(&self, token: &str) -> Client {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.with("content-type", "application/json").send("POST", path, Body::from(body.to_string())).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.with("content-type", "application/json").send("PATCH", path, Body::from(body.to_string())).await
    }

    /// The answer to a request that brings its own headers, with a body that may have no end.
    pub async fn answer(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(&self, method: &str, path: &str, body: Body) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.extension(Peer(self.peer)).body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: head.status, headers: head.headers, body }
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, of an answer with this status.
    #[track_caller]
    pub fn is<T: DeserializeOwned>(&self, status: u16) -> T {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The problem, of this status and kind.
    #[track_caller]
    pub fn problem(&self, status: u16, kind: &str) -> Problem {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.text());
        let problem: Problem = self.is(status);
        assert_eq!((problem.kind.as_str(), problem.status), (format!("/docs/problems#{kind}").as_str(), status));
        problem
    }
}
