//! A node that only pretends: it answers as told and keeps what it was asked.

use std::sync::{Arc, Mutex};

use playfield_core::api::EndReason;
use playfield_core::bus::{ModuleFacts, Reply, Request, StateFacts, node_subject};
use playfield_core::dataset::{Found, Sample};
use playfield_core::frame::{PixelFormat, Shape};
use playfield_core::id::NodeId;
use playfield_core::metadata::{Object, Rect};
use playfield_core::receipt::{Made, Part};
use playfield_core::upload::{Ask, PIECE, Piece};
use playfield_store::bus::Bus;

/// A tiny but well-formed start of a PNG.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

/// What a worker that began at `began_ms` knows.
pub fn part(began_ms: u64, ticks: u64, complete: bool) -> Part {
    Part { began_ms, complete, made: Made { ticks, ..Made::default() }, viewers: Vec::new() }
}

type Answer = Box<dyn FnMut(&Request) -> Option<Reply> + Send>;
type Ignore = Box<dyn FnMut(&Request) -> bool + Send>;

#[derive(Clone, Default)]
pub struct Node {
    asked: Arc<Mutex<Vec<Request>>>,
    answer: Arc<Mutex<Option<Answer>>>,
    ignore: Arc<Mutex<Option<Ignore>>>,
}

impl Node {
    pub fn start(bus: &Bus, id: &NodeId) -> Node {
        let node = Node::default();
        let mut service = bus.serve(&node_subject(id)).unwrap();
        let this = node.clone();
        tokio::spawn(async move {
            let mut ignored = Vec::new();
            while let Some((bytes, responder)) = service.next().await {
                let request = service.read(&bytes).unwrap();
                this.asked.lock().unwrap().push(request.clone());
                if this.ignore.lock().unwrap().as_mut().is_some_and(|ignore| ignore(&request)) {
                    ignored.push(responder);
                    continue;
                }
                let told = this.answer.lock().unwrap().as_mut().and_then(|answer| answer(&request));
                responder.reply(&told.unwrap_or_else(|| usual(&request))).unwrap();
            }
        });
        node
    }

    /// Answers some requests otherwise than usual.
    pub fn answers(&self, answer: impl FnMut(&Request) -> Option<Reply> + Send + 'static) {
        *self.answer.lock().unwrap() = Some(Box::new(answer));
    }

    /// Never answers some requests.
    pub fn ignores(&self, ignore: impl FnMut(&Request) -> bool + Send + 'static) {
        *self.ignore.lock().unwrap() = Some(Box::new(ignore));
    }

    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    /// The last session it was asked to start.
    pub fn started(&self) -> playfield_core::bus::SessionSpec {
        let spec = |request| match request {
            Request::Start { spec, .. } => Some(*spec),
            _ => None,
        };
        self.asked().into_iter().rev().find_map(spec).expect("no session was started")
    }
}

/// What a module is, it says in its bytes.
fn usual(request: &Request) -> Reply {
    match request {
        Request::Start { attach, .. } => {
            Reply::Started { answer: attach.as_ref().map(|attach| format!("answer to {}", attach.offer)) }
        }
        Request::Attach { attach, .. } => Reply::Attached { answer: format!("answer to {}", attach.offer) },
        Request::Receipt { .. } => Reply::Receipt { receipt: Box::new(part(2, 5, false)) },
        Request::Inspect { module, .. } => inspect(&std::fs::read(module).unwrap()),
        Request::TryModel { folder } => match std::fs::read(folder.join("street.onnx")) {
            Ok(bytes) if !bytes.starts_with(b"half") => Reply::Done,
            _ => Reply::Refused { reason: EndReason::BadModule, detail: "the rest of it is missing".to_owned() },
        },
        Request::TryApp { folder } => {
            let mut files =
                std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
            if files.any(|bytes| bytes.starts_with(b"broken")) {
                Reply::Refused { reason: EndReason::BadModule, detail: "it asks for `fly@1`".to_owned() }
            } else {
                Reply::Done
            }
        }
        Request::Cover { to, .. } => {
            std::fs::write(to, PNG).unwrap();
            Reply::Done
        }
        Request::Ingest { ingest, .. } => Reply::Attached { answer: format!("answer to {}", ingest.offer) },
        Request::Live { .. } | Request::Input { .. } | Request::EndIngest { .. } => Reply::Done,
        Request::Sample { .. } => Reply::Sampled { sample: Box::new(sample()) },
        Request::Upload { ask, .. } => Reply::Uploaded { piece: piece(*ask).map(Box::new) },
        Request::Seats { .. } => Reply::Seats { taken: vec![0] },
        Request::People { .. } => Reply::People { people: Vec::new() },
        Request::Change { .. } | Request::Remove { .. } => Reply::Changed { roster: Default::default() },
        Request::States { .. } => Reply::States { maker: "core".to_owned(), cannot: None },
        Request::SaveState { to, .. } => saved(to, b"a state"),
        Request::LoadState { .. } | Request::Leave { .. } | Request::Stop { .. } | Request::Drain => Reply::Done,
    }
}

/// A picture with a person in it.
fn sample() -> Sample {
    let area = Rect { left: 0.25, top: 0.5, right: 0.5, bottom: 1.0 };
    let objects = vec![Object { class: 0, score: 0.75, area, track: None, keypoints: Vec::new() }];
    let found = Found { time_ms: 1_700_000_000_000, objects, labels: vec!["person".to_owned()] };
    Sample { jpeg: b"\xff\xd8 a picture".to_vec(), size: [640, 360], found }
}

/// Of a camera whose app uploads two files, in two pieces and in one, and then nothing.
fn piece(Ask { file, at, .. }: Ask) -> Option<Piece> {
    let jpeg = [&b"\xff\xd8"[..], &[7; PIECE]].concat();
    let (file, name, bytes) = match file {
        ..=70 => (70, "images/20260102.jpg", &jpeg[..]),
        71 => (71, "20260102.txt", &b"text"[..]),
        _ => return None,
    };
    let piece = bytes[at as usize..].iter().take(PIECE).copied().collect();
    Some(Piece { file, name: name.to_owned(), length: bytes.len() as u32, at, bytes: piece })
}

/// A worker wrote these bytes as a state, after 90 ticks at 60 Hz.
pub fn saved(to: &std::path::Path, bytes: &[u8]) -> Reply {
    std::fs::write(to, bytes).unwrap();
    let state = StateFacts { tick: 90, tick_hz: 60, maker: "core".to_owned(), picture: PNG.to_vec() };
    Reply::StateSaved { state: Box::new(state) }
}

fn inspect(module: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(module);
    if text.contains("broken") {
        let detail = "the module imports `playfield:teleport@1`, which this host does not offer".to_owned();
        return Reply::Refused { reason: EndReason::BadModule, detail };
    }
    let dialect = if text.contains("wasm4") { "wasm4" } else { "playfield" };
    let picture = Some(Shape { width: 160, height: 160, format: PixelFormat::Indexed8 });
    Reply::Inspected {
        module: ModuleFacts {
            dialect: dialect.to_owned(),
            snapshots: true,
            deterministic: true,
            groups: vec![],
            picture,
        },
    }
}
