//! The node against a program that stands in for `playfield`: `tests/fake.sh`, which does what a session's title or a
//! module's file name tells it to.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use playfield_core::api::{EndReason, SessionState};
use playfield_core::bus::{Attach, CAMERA_MEMORY_MB, EVENTS, Event, Reply, Request, SessionSpec, SessionTimes};
use playfield_core::camera::Camera;
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::manifest::{Kind, Limits};
use playfield_core::people::Person;
use playfield_node::{Config, JobLimits, Node, NodeError, Times};
use playfield_store::bus::{Bus, Subscription};

/// Long enough for anything here on a busy machine; nothing waits for it unless it fails.
const PATIENCE: Duration = Duration::from_secs(60);

struct House {
    node: Node,
    bus: Bus,
    events: Subscription,
    data: PathBuf,
}

fn fake() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake.sh")
}

/// A fresh folder for the test of this name.
fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("node-{test}"));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn config(data: &Path) -> Config {
    let times = Times {
        silence: PATIENCE,
        ready: PATIENCE,
        start: PATIENCE,
        restart_first: Duration::from_millis(10),
        ..Times::default()
    };
    let compile = JobLimits { memory_mb: 64, seconds: 30 };
    Config { workers: 2, max_sessions: 4, data_dir: data.to_owned(), compile, times, ..Config::default() }
}

async fn open(test: &str, change: impl FnOnce(&mut Config)) -> House {
    let data = folder(test);
    let mut config = config(&data);
    change(&mut config);
    let bus = Bus::local();
    let events = bus.subscribe(EVENTS);
    let node = Node::start(config, bus.clone(), fake()).await.unwrap();
    House { node, bus, events, data }
}

fn session(n: u8) -> SessionId {
    SessionId::from_entropy([n; 16])
}

impl House {
    async fn ask(&self, request: Request) -> Reply {
        self.bus.ask(self.node.id(), &request, PATIENCE).await.unwrap()
    }

    fn module(&self, name: &str) -> PathBuf {
        let path = self.data.join(name);
        if !path.exists() {
            std::fs::write(&path, name).unwrap();
        }
        path
    }

    fn start_request(&self, n: u8, title: &str, module: &str) -> Request {
        let spec = SessionSpec {
            id: session(n),
            title: title.to_owned(),
            module: self.module(module),
            kind: Default::default(),
            compiled: None,
            home: None,
            core: None,
            folder: None,
            limits: Limits::default(),
            keys_as_pad: true,
            picture: None,
            seed: 1,
            start_unix_ms: 0,
            storage: Default::default(),
            input: Vec::new(),
            players: 1,
            times: SessionTimes::default(),
            resume: false,
            people: Default::default(),
            spectators: 16,
        };
        Request::Start { spec: Box::new(spec), attach: None }
    }

    async fn start(&self, n: u8, title: &str) -> Reply {
        self.ask(self.start_request(n, title, "good.wasm")).await
    }

    async fn refused(&self, request: Request) -> (EndReason, String) {
        match self.ask(request).await {
            Reply::Refused { reason, detail } => (reason, detail),
            other => panic!("not refused: {other:?}"),
        }
    }

    async fn event(&mut self) -> Event {
        let bytes = tokio::time::timeout(PATIENCE, self.events.next()).await.unwrap().unwrap();
        self.events.read(&bytes).unwrap()
    }

    /// The next change of state, in short.
    async fn state(&mut self) -> (SessionId, SessionState, Option<EndReason>) {
        match self.event().await {
            Event::State { session, state, reason, .. } => (session, state, reason),
            other => panic!("not a state: {other:?}"),
        }
    }

    fn compiles(&self) -> usize {
        std::fs::read_to_string(self.data.join("compiled/log")).unwrap_or_default().lines().count()
    }

    fn sessions(&self) -> Vec<u32> {
        self.node.loads().iter().map(|load| load.sessions).collect()
    }

    /// Waits until the workers look as wanted.
    async fn until(&self, wanted: impl Fn(&[playfield_node::WorkerLoad]) -> bool) {
        let look = async {
            while !wanted(&self.node.loads()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the workers never looked as wanted");
    }
}

fn started(reply: &Reply) -> bool {
    matches!(reply, Reply::Started { .. })
}

#[tokio::test]
async fn a_session_opens_with_its_compiled_module_and_ends_on_request() {
    let mut house = open("opens", |_| {}).await;
    let answer = house.data.join("compiled/good.wasm.compiled").display().to_string();
    assert_eq!(house.start(1, "plain").await, Reply::Started { answer: Some(answer) });
    assert_eq!(house.state().await, (session(1), SessionState::Active, None));

    let attach = Attach {
        person: Person::new(ViewerId::from_entropy([1; 16]), playfield_core::api::Role::Host, Some(0)),
        video: playfield_core::api::VideoMode::Auto,
        offer: "v=0\r\n".to_owned(),
    };
    let reply = house.ask(Request::Attach { session: session(1), attach: Box::new(attach) }).await;
    assert_eq!(reply, Reply::Attached { answer: "hello again".to_owned() });

    let stop = Request::Stop { session: session(1), reason: EndReason::Kicked };
    assert_eq!(house.ask(stop.clone()).await, Reply::Done);
    assert_eq!(house.state().await, (session(1), SessionState::Terminated, Some(EndReason::Kicked)));
    assert_eq!(house.sessions(), [0, 0]);
    assert!(house.refused(stop).await.1.contains("does not run here"));
}

#[tokio::test]
async fn a_full_node_says_so_and_no_start_is_done_twice() {
    let house = open("full", |config| config.max_sessions = 1).await;
    assert!(started(&house.start(1, "plain").await));
    assert!(house.refused(house.start_request(1, "plain", "good.wasm")).await.1.contains("before"));
    assert!(started(&house.start(2, "plain").await));
    assert_eq!(house.sessions(), [1, 1]);
    let (reason, detail) = house.refused(house.start_request(3, "plain", "good.wasm")).await;
    assert_eq!(reason, EndReason::LimitReached);
    assert!(detail.contains("2 sessions"), "{detail}");
}

#[tokio::test]
async fn what_the_worker_refuses_takes_no_room() {
    let house = open("refuses", |_| {}).await;
    let (reason, detail) = house.refused(house.start_request(1, "refuse", "good.wasm")).await;
    assert_eq!((reason, detail.as_str()), (EndReason::BadModule, "not today"));
    assert_eq!(house.sessions(), [0, 0]);
}

#[tokio::test]
async fn a_module_is_compiled_once_for_all_who_ask() {
    let house = open("once", |_| {}).await;
    let inspect = || house.ask(Request::Inspect { module: house.module("good.wasm"), guest: Kind::Wasm });
    let (a, b, c) = tokio::join!(inspect(), inspect(), house.start(1, "plain"));
    assert!(matches!(&a, Reply::Inspected { module } if module.dialect == "wasm4"), "{a:?}");
    assert_eq!(a, b);
    assert!(started(&c));
    assert_eq!(house.compiles(), 1);

    std::fs::write(house.module("good.wasm"), "another build").unwrap();
    inspect().await;
    assert_eq!(house.compiles(), 2, "a changed file is another module");
    std::fs::remove_file(house.data.join("compiled/good.wasm.compiled")).unwrap();
    inspect().await;
    assert_eq!(house.compiles(), 3, "an emptied cache is filled again");
}

#[tokio::test]
async fn a_module_that_cannot_run_is_refused_in_a_sentence() {
    let house = open("bad", |config| config.compile.seconds = 1).await;
    let refused = async |module: &str| house.refused(house.start_request(1, "plain", module)).await;
    let check = |(reason, detail): (EndReason, String), expect: &str| {
        assert_eq!(reason, EndReason::BadModule);
        assert!(detail.contains(expect), "{detail}");
    };
    check(refused("bad.wasm").await, "group telepathy");
    check(refused("slow.wasm").await, "longer than 1 second");
    let missing = Request::Inspect { module: house.data.join("none.wasm"), guest: Kind::Wasm };
    check(house.refused(missing).await, "cannot be read");
    assert_eq!(house.sessions(), [0, 0]);
}

#[tokio::test]
async fn a_model_is_tried_by_a_process_of_its_own() {
    let house = open("model", |_| {}).await;
    let model = |name: &str| Request::TryModel { folder: house.data.join(name) };
    assert_eq!(house.ask(model("good")).await, Reply::Done);
    let expected = (EndReason::BadModule, "an operator is not known".to_owned());
    assert_eq!(house.refused(model("bad")).await, expected);
    let expected = (EndReason::BadModule, format!("more than {CAMERA_MEMORY_MB}"));
    assert_eq!(house.refused(model("large")).await, expected, "it is tried with what a camera has");
    let (reason, detail) = house.refused(model("lost")).await;
    assert_eq!(reason, EndReason::InternalError, "that says nothing of the model");
    assert!(detail.contains("out of memory"), "{detail}");
}

#[tokio::test]
async fn an_edge_app_is_no_title() {
    let house = open("no-title", |_| {}).await;
    let (reason, detail) = house.refused(house.start_request(1, "plain", "app.wasm")).await;
    assert_eq!(reason, EndReason::BadModule);
    assert!(detail.contains("`playfield:camera@1`") && detail.contains("edge app"), "{detail}");
}

#[tokio::test]
async fn the_app_of_a_camera_is_compiled_and_a_bad_one_does_not_keep_it_from_working() {
    let house = open("apps", |_| {}).await;
    let start = async |n: u8, entry: &str, manifest: bool| {
        let folder = house.data.join(format!("app-{n}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(entry), entry).unwrap();
        let output = "output = { bytes_per_minute = 1024, fields = { free = { kind = 'boolean' } } }";
        if manifest {
            std::fs::write(folder.join("app.toml"), format!("id = 'a'\nname = 'A'\nentry = '{entry}'\n{output}"))
                .unwrap();
        }
        let app = playfield_core::camera::App { folder, module: None };
        let desired = serde_json::from_str(r#"{"source":{"kind":"scene"}}"#).unwrap();
        let camera =
            Box::new(Camera { desired, model: None, shadow: None, files: None, app: Some(app), onnxruntime: None });
        let Request::Start { mut spec, .. } = house.start_request(n, "app", "good.wasm") else { unreachable!() };
        spec.kind = Kind::Camera { camera };
        match house.ask(Request::Start { spec, attach: None }).await {
            Reply::Started { answer } => answer.unwrap(),
            other => panic!("it was not started: {other:?}"),
        }
    };
    assert!(start(1, "app.wasm", true).await.ends_with("compiled/app.wasm.compiled"));
    assert!(start(2, "game.wasm", true).await.contains("video@1`, which an edge app does not get"));
    assert!(start(3, "bad.wasm", true).await.contains("group telepathy"));
    assert!(start(4, "app.txt", false).await.contains("nor a module"));
    assert!(start(5, "good.wasm", true).await.contains("it is no edge app"));
    // The same before there is a camera that could have it.
    let tried = |n: u8| Request::TryApp { folder: house.data.join(format!("app-{n}")) };
    assert_eq!(house.ask(tried(1)).await, Reply::Done);
    for (n, why) in
        [(2, "which an edge app does not get"), (3, "group telepathy"), (4, "nor a module"), (5, "no edge app")]
    {
        let (reason, detail) = house.refused(tried(n)).await;
        assert!(reason == EndReason::BadModule && detail.contains(why), "{reason:?} {detail}");
    }
}

#[tokio::test]
async fn a_stop_reaches_a_session_that_is_still_being_prepared() {
    let house = open("early-stop", |_| {}).await;
    let stop = async {
        // The compile has begun once it is in the stand-in's log.
        while house.compiles() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        house.ask(Request::Stop { session: session(1), reason: EndReason::ApiTerminated }).await
    };
    let start = house.refused(house.start_request(1, "plain", "slow.wasm"));
    let ((reason, detail), stopped) = tokio::join!(start, stop);
    assert_eq!((reason, stopped), (EndReason::ApiTerminated, Reply::Done));
    assert!(detail.contains("before it began"), "{detail}");
}

#[tokio::test]
async fn a_cover_is_made_or_it_is_said_why_not() {
    let house = open("cover", |_| {}).await;
    let to = house.data.join("cover.png");
    let cover = |module: &str| Request::Cover { module: house.module(module), guest: Kind::Wasm, to: to.clone() };
    assert_eq!(house.ask(cover("good.wasm")).await, Reply::Done);
    assert!(to.exists());
    assert!(house.refused(cover("bad.wasm")).await.1.contains("no picture"));
}

#[tokio::test]
async fn a_crash_costs_the_sessions_of_that_worker_only() {
    let mut house = open("crash", |_| {}).await;
    for n in 1..=2 {
        assert!(started(&house.ask(house.start_request(n, "plain", "loose.wasm")).await));
        house.event().await;
    }
    // Worker 0 holds session 1, worker 1 session 2; the next goes to worker 0.
    let (reason, detail) = house.refused(house.start_request(3, "crash", "good.wasm")).await;
    assert_eq!(reason, EndReason::InternalError);
    assert!(detail.contains("stopped unexpectedly"), "{detail}");
    assert_eq!(house.state().await, (session(1), SessionState::Error, Some(EndReason::InternalError)));

    house.until(|loads| loads[0].ready && loads[0].restarts == 1).await;
    assert_eq!(house.sessions(), [0, 1]);
    assert_eq!(house.node.loads()[1].restarts, 0);
    assert!(started(&house.start(3, "plain").await), "and it takes sessions again");
    assert_eq!(house.sessions(), [1, 1]);
}

impl House {
    /// Kills the process of a worker.
    fn kill(&self, worker: usize) {
        let pid = self.node.loads()[worker].pid.unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    }
}

#[tokio::test]
async fn a_session_of_a_killed_worker_goes_on_in_another() {
    let mut house = open("resume", |config| config.times.restart_first = PATIENCE).await;
    for n in 1..=2 {
        assert!(started(&house.start(n, "plain").await));
        house.event().await;
    }
    std::fs::write(house.data.join(format!("checkpoints/{}.0", session(1))), "state").unwrap();
    house.kill(0);
    let (mut resumed, mut active) = (false, false);
    while !(resumed && active) {
        match house.event().await {
            Event::Resumed { session: id } if id == session(1) => resumed = true,
            Event::State { session: id, state: SessionState::Active, .. } if id == session(1) => active = true,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(house.sessions(), [0, 2]);
    // Whoever asks for it meanwhile waits, and it is found where it is now.
    let stop = Request::Stop { session: session(1), reason: EndReason::ApiTerminated };
    assert_eq!(house.ask(stop).await, Reply::Done);
    assert_eq!(house.state().await, (session(1), SessionState::Terminated, Some(EndReason::ApiTerminated)));
    assert!(!house.data.join(format!("checkpoints/{}.0", session(1))).exists(), "of no use any more");
}

#[tokio::test]
async fn with_one_worker_it_goes_on_once_that_is_back() {
    let mut house = open("resume-alone", |config| config.workers = 1).await;
    assert!(started(&house.start(1, "plain").await));
    house.event().await;
    for _ in 0..3 {
        house.kill(0);
        while !matches!(house.event().await, Event::Resumed { .. }) {}
    }
    assert_eq!(house.sessions(), [1]);
}

#[tokio::test]
async fn a_session_that_no_worker_lets_go_on_ends() {
    let mut house = open("resume-not", |_| {}).await;
    assert!(started(&house.start(1, "once").await));
    house.kill(0);
    assert_eq!(house.state().await, (session(1), SessionState::Error, Some(EndReason::InternalError)));
    house.until(|loads| loads.iter().all(|load| load.sessions == 0 && load.ready)).await;
}

#[tokio::test]
async fn a_start_waits_for_a_worker_that_is_coming_back() {
    let house = open("back", |config| config.workers = 1).await;
    house.refused(house.start_request(1, "crash", "good.wasm")).await;
    assert!(started(&house.start(2, "plain").await));
}

#[tokio::test]
async fn a_worker_that_falls_silent_is_replaced() {
    let house = open("silent", |config| config.times.silence = Duration::from_millis(300)).await;
    let (reason, _) = house.refused(house.start_request(1, "silent", "good.wasm")).await;
    assert_eq!(reason, EndReason::InternalError);
    house.until(|loads| loads.iter().all(|load| load.restarts > 0)).await;
}

#[tokio::test]
async fn a_request_without_answer_ends_and_the_worker_lives_on() {
    let house = open("mute", |config| config.times.start = Duration::from_millis(200)).await;
    let (_, detail) = house.refused(house.start_request(1, "mute", "good.wasm")).await;
    assert!(detail.contains("did not answer in time"), "{detail}");
    assert_eq!(house.node.loads()[0].restarts, 0);
}

#[tokio::test]
async fn garbage_is_passed_over_and_an_endless_line_is_not() {
    let house = open("garbage", |config| config.workers = 1).await;
    assert_eq!(house.start(1, "garbage").await, Reply::Started { answer: Some("after garbage".to_owned()) });
    assert_eq!(house.node.loads()[0].restarts, 0);
    house.refused(house.start_request(2, "long", "good.wasm")).await;
    house.until(|loads| loads[0].restarts == 1).await;
}

#[tokio::test]
async fn a_worker_cannot_speak_of_sessions_it_does_not_hold() {
    let mut house = open("foreign", |config| config.workers = 1).await;
    assert!(started(&house.start(1, "foreign").await));
    assert!(started(&house.start(2, "plain").await));
    assert_eq!(house.state().await.0, session(2), "nothing was heard of the other session");
}

#[tokio::test]
async fn a_stop_ends_the_sessions_and_then_the_workers() {
    let mut house = open("stop", |_| {}).await;
    assert!(started(&house.start(1, "plain").await));
    house.event().await;
    let id = house.node.id().clone();
    house.node.stop().await;
    let bytes = house.events.next().await.unwrap();
    let event: Event = house.events.read(&bytes).unwrap();
    assert!(matches!(event, Event::State { reason: Some(EndReason::NodeStopping), .. }), "{event:?}");
    assert!(house.bus.ask(&id, &Request::Drain, PATIENCE).await.is_err(), "nobody serves it now");
}

#[tokio::test]
async fn a_worker_that_does_not_drain_is_killed_and_its_sessions_end() {
    // The fake does not drain with 7 sessions at most.
    let mut house = open("stubborn", |config| {
        config.max_sessions = 7;
        config.times.drain = Duration::from_millis(100);
    })
    .await;
    assert!(started(&house.start(1, "plain").await));
    house.event().await;
    assert_eq!(house.ask(Request::Drain).await, Reply::Done);
    assert_eq!(house.state().await, (session(1), SessionState::Terminated, Some(EndReason::NodeStopping)));
    let (reason, _) = house.refused(house.start_request(2, "plain", "good.wasm")).await;
    assert_eq!(reason, EndReason::NodeStopping);
}

#[tokio::test]
async fn a_node_that_cannot_run_says_why_in_a_line() {
    async fn check(test: &str, change: impl FnOnce(&mut Config), program: PathBuf, expect: &str) {
        let mut config = config(&folder(test));
        change(&mut config);
        let error: NodeError = Node::start(config, Bus::local(), program).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains(expect) && !error.contains('\n'), "{error}");
    }
    let low_port = |config: &mut Config| {
        (config.workers, config.udp_ports) = (1, "1-1".parse().unwrap());
        config.bind.truncate(1);
    };
    check("udp", low_port, fake(), "worker 0 exited (exit status: 1): cannot bind 127.0.0.1:1").await;
    check("program", |_| {}, "/nowhere/playfield".into(), "/nowhere/playfield").await;
    check("ports", |config| config.workers = 99, fake(), "99 workers need a UDP port each").await;
    check("data", |config| config.data_dir = "/proc/playfield".into(), fake(), "cannot write to /proc/playfield").await;
}

#[tokio::test]
async fn a_node_keeps_its_id() {
    let data = folder("id");
    let first = Node::start(config(&data), Bus::local(), fake()).await.unwrap();
    let id = first.id().clone();
    first.stop().await;
    let second = Node::start(config(&data), Bus::local(), fake()).await.unwrap();
    assert_eq!(*second.id(), id);
}
