//! A whole worker with real guests, a WebAssembly module and the test core: what was saved goes on exactly as it did, also as
//! viewers see it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use playfield_core::api::{Role, VideoMode};
use playfield_core::bus::{
    Attach, FromWorker, Reply, Request, SessionSpec, SessionTimes, StateRefusal, ToWorker, WorkerConfig,
};
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::input::wire::{Ack, Writer};
use playfield_core::manifest::Limits;
use playfield_core::people::{Person, Roster};
use playfield_media::delta::Decoder;
use playfield_runtime::wasm::Engine;
use playfield_runtime::{Guest, GuestConfig, GuestError};
use playfield_session::{OpenGuest, Worker, WorkerError};
use playfield_transport::{Client, ClientEvent, Event};

use super::console::Console;

/// Long enough for a loaded machine; nothing waits for it when all goes well.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pictures that must be the same both times.
const SAME: usize = 20;

/// Each picture is noise that follows from the one before; its second pixel is the number of the tick.
const NOISE: &str = r#"(module
    (import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))
    (import "playfield:video@1" "present" (func $present (param i32 i32)))
    (import "playfield:host@1" "tick" (func $tick (result i64)))
    (memory (export "memory") 1)
    (global $seed (mut i32) (i32.const 7))
    (func (export "pf_init") (call $mode (i32.const 16) (i32.const 16) (i32.const 2)))
    (func (export "pf_tick") (local $at i32)
      (loop $more
        (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
        (i32.store (local.get $at) (global.get $seed))
        (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 1024))))
      (i32.store (i32.const 4) (i32.wrap_i64 (call $tick)))
      (call $present (i32.const 0) (i32.const 64))))"#;

fn open(spec: &SessionSpec) -> Result<Box<dyn Guest>, GuestError> {
    if spec.title == "core" {
        return Ok(Box::new(Console::open("save=100000").guest));
    }
    let config = GuestConfig { memory_limit: 1 << 20, storage_limit: 1 << 10, ..GuestConfig::default() };
    let engine = Engine::new().map_err(|error| GuestError::BadModule(error.to_string()))?;
    Ok(Box::new(engine.load_wasm(&wat::parse_str(NOISE).unwrap())?.open(config)?))
}

/// The node's end of a worker with one session, and its one viewer.
struct Stage {
    to: Option<PipeWriter>,
    from: BufReader<PipeReader>,
    worker: Option<JoinHandle<Result<(), WorkerError>>>,
    asked: u64,
    client: Client,
    decoder: Decoder,
    seq: u32,
    open: bool,
    colours: bool,
    /// What was seen, by the guest's own tick.
    seen: BTreeMap<u32, Vec<u8>>,
}

impl Stage {
    fn start(title: &str, folder: &Path) -> Stage {
        let (worker_in, to) = std::io::pipe().unwrap();
        let (from, worker_out) = std::io::pipe().unwrap();
        let worker = std::thread::spawn(move || {
            let open: OpenGuest = Arc::new(|spec, _| open(spec));
            Worker::start(BufReader::new(worker_in), worker_out, 2, open)?.run()
        });
        let (client, offer) = Client::offer([127, 0, 0, 1].into()).unwrap();
        let (to, from, worker) = (Some(to), BufReader::new(from), Some(worker));
        let (decoder, seen) = (Decoder::new(), BTreeMap::new());
        let colours = title == "core";
        let mut stage = Stage { to, from, worker, asked: 0, client, decoder, seq: 0, open: false, colours, seen };
        stage.say(&WorkerConfig {
            udp: vec!["127.0.0.1:0".parse().unwrap()],
            public_ips: Vec::new(),
            max_sessions: 1,
            checkpoints: folder.to_owned(),
            sandbox: Default::default(),
            h264: Default::default(),
        });
        assert!(matches!(stage.hear(), FromWorker::Ready { .. }));
        let person = Person::new(ViewerId::from_entropy([2; 16]), Role::Host, Some(0));
        let attach = Box::new(Attach { person, video: VideoMode::Lossless, offer });
        match stage.ask(Request::Start { spec: spec(title), attach: Some(attach) }) {
            Reply::Started { answer: Some(answer) } => stage.client.answer(&answer).unwrap(),
            other => panic!("not started: {other:?}"),
        }
        stage
    }

    fn say(&mut self, line: &impl serde::Serialize) {
        let to = self.to.as_mut().unwrap();
        serde_json::to_writer(&mut *to, line).unwrap();
        to.write_all(b"\n").unwrap();
    }

    fn hear(&mut self) -> FromWorker {
        let mut line = String::new();
        assert!(self.from.read_line(&mut line).unwrap() > 0, "the worker goes on");
        serde_json::from_str(&line).unwrap()
    }

    fn ask(&mut self, request: Request) -> Reply {
        self.asked += 1;
        let id = self.asked;
        self.say(&ToWorker { id, request });
        loop {
            match self.hear() {
                FromWorker::Reply { id: answered, reply } if answered == id => return reply,
                _ => {}
            }
        }
    }

    /// Asks until it is not too soon.
    fn patient(&mut self, request: impl Fn() -> Request) -> Reply {
        loop {
            match self.ask(request()) {
                Reply::StateRefused { why: StateRefusal::Busy, .. } => self.pump(),
                reply => return reply,
            }
        }
    }

    fn pump(&mut self) {
        let mut events = Vec::new();
        self.client.poll(Duration::from_millis(5), &mut events).unwrap();
        for event in events {
            match event {
                ClientEvent::Lossless { data, .. } => {
                    // A datagram too late to be used is no fault.
                    let _ = self.decoder.push(&data);
                    self.look();
                }
                ClientEvent::Connection(Event::ControlOpen) => self.open = true,
                _ => {}
            }
        }
        if self.open {
            self.seq += 1;
            let mut message = Vec::new();
            let mut writer = Writer::new(&mut message, self.seq, u64::from(self.seq), None);
            let acks: Vec<_> =
                self.decoder.acks().map(|ack| Ack { picture: ack.picture, datagrams: ack.datagrams }).collect();
            writer.acks(&acks);
            self.client.send_input(&message);
        }
    }

    fn look(&mut self) {
        let Some(shown) = self.decoder.shown() else { return };
        let mut rgba = Vec::new();
        shown.rows.to_rgba(&mut rgba);
        let [a, b, c] = std::array::from_fn(|at| u32::from(rgba[4 + at]));
        // The test core writes its numbers as colours, the module as little-endian bytes.
        let own = if self.colours { a << 16 | b << 8 | c } else { c << 16 | b << 8 | a };
        self.seen.insert(own, rgba);
    }

    fn until(&mut self, what: &str, done: impl Fn(&Stage) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
            self.pump();
        }
    }
}

fn session() -> SessionId {
    SessionId::from_entropy([1; 16])
}

fn spec(title: &str) -> Box<SessionSpec> {
    Box::new(SessionSpec {
        id: session(),
        title: title.to_owned(),
        module: "none".into(),
        kind: Default::default(),
        compiled: None,
        home: None,
        core: None,
        folder: None,
        limits: Limits::default(),
        input: Vec::new(),
        players: 1,
        keys_as_pad: true,
        picture: None,
        seed: 1,
        start_unix_ms: 0,
        storage: Default::default(),
        times: SessionTimes::default(),
        resume: false,
        people: Roster::default(),
        spectators: 2,
    })
}

fn plays_the_same_again(title: &str) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("states-{title}"));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("state");
    let mut stage = Stage::start(title, &folder);
    stage.until("play", |stage| stage.seen.len() > 5);
    let save = || Request::SaveState { session: session(), viewer: None, to: file.clone(), most: 1 << 20 };
    let Reply::StateSaved { state } = stage.patient(save) else { panic!("not saved") };
    let tick = state.tick as u32;
    let later = move |stage: &Stage| stage.seen.range(tick + 1..).count();
    stage.until("what follows", |stage| later(stage) > 3 * SAME);
    let first = std::mem::take(&mut stage.seen);
    let newest = *first.last_key_value().unwrap().0;

    let load = || Request::LoadState { session: session(), viewer: None, from: file.clone() };
    assert_eq!(stage.patient(load), Reply::Done);
    // What was under way is of before.
    stage.until("the state", |stage| stage.seen.keys().any(|own| *own > tick && *own < newest));
    let common = |stage: &Stage| stage.seen.range(tick + 1..).filter(|(own, _)| first.contains_key(own)).count();
    stage.until("the same again", |stage| common(stage) >= SAME);
    let mut compared = 0;
    for (own, picture) in stage.seen.range(tick + 1..) {
        if let Some(before) = first.get(own) {
            assert!(before == picture, "tick {own} of {title} looks otherwise the second time");
            compared += 1;
        }
    }
    assert!(compared >= SAME);
    stage.to = None;
    let mut rest = String::new();
    while stage.from.read_line(&mut rest).unwrap() > 0 {}
    stage.worker.take().unwrap().join().unwrap().unwrap();
}

#[test]
fn a_module_that_goes_back_shows_the_same_pictures_bit_for_bit() {
    plays_the_same_again("module");
}

#[test]
fn a_core_that_goes_back_shows_the_same_pictures_bit_for_bit() {
    plays_the_same_again("core");
}
