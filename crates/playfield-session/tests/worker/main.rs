//! A whole worker on pipes and loopback sockets: a node that speaks to it, viewers that connect, and a made-up guest.
//! The real guests go the same way in the end-to-end tests.

// In a test every failure is a panic.
#![allow(clippy::unwrap_used)]

mod ingest;
mod microphone;
mod people;
mod resume;
mod states;
mod together;

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use playfield_core::api::{EndReason, Role, SessionState, VideoMode};
use playfield_core::bus::{
    Attach, Event as BusEvent, FromWorker, Reply, Request, SessionSpec, SessionTimes, ToWorker, WorkerConfig,
};
use playfield_core::frame::{Damage, Picture, PixelFormat};
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::input::wire::{Ack, PadReport, Writer};
use playfield_core::input::{Pad, Rumble, TickInput};
use playfield_core::manifest::Limits;
use playfield_core::people::{Person, Roster};
use playfield_core::signal::ToViewer;
use playfield_media::delta::Decoder;
use playfield_runtime::camera::Intake;
use playfield_runtime::{Changes, Feed, Guest, GuestError, GuestEvent, Snapshot, Tick};
use playfield_session::{OpenGuest, Worker, WorkerError};
use playfield_transport::{Client, ClientEvent, Event};

/// Long enough for a loaded machine; nothing waits for it when all goes well.
const PATIENCE: Duration = Duration::from_secs(30);

/// A guest whose picture is the number of ticks it has made, and whether `a` is held. What it stores is that number too, at
/// its first tick, or every tenth if it can be saved.
struct FakeGuest {
    tick: u64,
    picture: Picture,
    ends: Ends,
    saves: bool,
    /// Its state comes in three parts, after a tick each; the parts that came.
    parts: Option<u8>,
    /// It records the microphone, whose packets come this way.
    records: bool,
    feed: Option<Feed>,
    /// Its pictures are brought to it.
    intake: Option<Intake>,
    /// So many times it takes no state up, and loses what it was.
    forgets: u8,
}

#[derive(Clone, Copy, PartialEq)]
enum Ends {
    Never,
    Trap,
    Exit,
}

impl FakeGuest {
    fn open(spec: &SessionSpec) -> Result<Box<dyn Guest>, GuestError> {
        let ends = match spec.title.as_str() {
            "broken" => return Err(GuestError::BadModule("it asks for the group `teleport`".to_owned())),
            "traps" => Ends::Trap,
            "exits" => Ends::Exit,
            _ => Ends::Never,
        };
        let picture = Picture::black(16, 16, PixelFormat::Indexed8);
        Ok(Box::new(FakeGuest {
            tick: 0,
            picture,
            ends,
            saves: spec.title.starts_with("saves"),
            parts: (spec.title == "saves in parts").then_some(0),
            records: spec.title == "records",
            feed: (spec.title == "records").then(microphone::feed),
            intake: spec.title.starts_with("camera ").then(|| ingest::intake(&spec.title)),
            forgets: match spec.title.as_str() {
                "saves and forgets once" => 1,
                "saves and forgets" => u8::MAX,
                _ => 0,
            },
        }))
    }

    fn state(&self) -> Vec<u8> {
        [0; 48 + 512].into_iter().chain(self.tick.to_le_bytes()).collect()
    }
}

impl Guest for FakeGuest {
    fn tick_hz(&self) -> u16 {
        60
    }

    fn tick(&mut self, input: &TickInput) -> Result<Tick, GuestError> {
        self.tick += 1;
        if self.ends == Ends::Trap && self.tick == 5 {
            return Err(GuestError::Trap("unreachable".to_owned()));
        }
        (self.picture.pixels[0], self.picture.pixels[3]) = (self.tick as u8, (self.tick >> 8) as u8);
        self.picture.pixels[1] = u8::from(input.players[0].pad.buttons & 1 != 0);
        let second = &input.players[1];
        self.picture.pixels[2] = u8::from(second.connected) + 2 * u8::from(second.pad.buttons & 1 != 0);
        Ok(Tick { damage: Damage::All, exited: self.ends == Ends::Exit && self.tick == 5 })
    }

    fn tick_count(&self) -> u64 {
        self.tick
    }

    fn picture(&self) -> &Picture {
        &self.picture
    }

    fn audio(&self) -> &[i16] {
        &[]
    }

    fn take_events(&mut self, into: &mut Vec<GuestEvent>) {
        // Each of them shakes at each tick, the second player harder.
        for player in [0, 1] {
            let rumble = Rumble { strong: 100 + player, weak: 0, ms: 50 };
            into.push(GuestEvent::Rumble { player, rumble });
        }
        if self.tick == 1 && self.records {
            into.push(GuestEvent::Records(true));
        }
        if self.tick == 1 || (self.saves && self.tick.is_multiple_of(10)) {
            into.push(GuestEvent::Stored { key: "best".to_owned(), value: Some(self.tick.to_le_bytes().to_vec()) });
        }
    }

    fn take_intake(&mut self) -> Option<Intake> {
        self.intake.take()
    }

    fn take_feed(&mut self) -> Option<Feed> {
        self.feed.take()
    }

    fn snapshots(&self) -> Result<(), GuestError> {
        if self.saves { Ok(()) } else { Err(GuestError::NoSnapshot("it is made up".to_owned())) }
    }

    fn snapshot(&mut self, into: &mut Snapshot) -> Result<(), GuestError> {
        self.snapshots()?;
        *into = Snapshot { tick: self.tick, bytes: self.state() };
        Ok(())
    }

    fn save_changes(&mut self, into: &mut Changes) -> Result<(), GuestError> {
        self.snapshots()?;
        into.clear();
        into.tick = self.tick;
        // All parts come each time: the last is of the tick it is taken at.
        let part = self.parts.map_or(2, |part| part % 3);
        self.parts = self.parts.map(|part| (part + 1) % 3);
        let state = self.state();
        match (part, self.parts) {
            (0, _) => into.push(0, &state[..48]),
            (1, _) => into.push(48, &state[48..560]),
            (_, Some(_)) => into.push(560, &state[560..]),
            (_, None) => into.push(0, &state),
        }
        if part == 2 {
            into.finish(state.len());
        }
        Ok(())
    }

    fn restore(&mut self, from: &Snapshot) -> Result<(), GuestError> {
        self.snapshots()?;
        assert_eq!(from.bytes.len(), 568);
        assert_eq!(from.bytes[560..], from.tick.to_le_bytes());
        if self.forgets > 0 {
            self.forgets -= 1;
            self.tick = 0;
            return Err(GuestError::NoSnapshot("it forgot everything".to_owned()));
        }
        self.tick = from.tick;
        Ok(())
    }
}

/// The node's end of a worker.
struct Node {
    to: Option<PipeWriter>,
    from: BufReader<PipeReader>,
    worker: Option<JoinHandle<Result<(), WorkerError>>>,
    asked: u64,
    events: Vec<BusEvent>,
}

impl Node {
    fn new(max_sessions: u32) -> Node {
        Node::with_checkpoints(max_sessions, &folder("checkpoints"))
    }

    fn with_checkpoints(max_sessions: u32, checkpoints: &Path) -> Node {
        let (worker_in, to) = std::io::pipe().unwrap();
        let (from, worker_out) = std::io::pipe().unwrap();
        let worker = std::thread::spawn(move || {
            let open: OpenGuest = Arc::new(|spec, _| FakeGuest::open(spec));
            Worker::start(BufReader::new(worker_in), worker_out, 2, open)?.run()
        });
        let mut node =
            Node { to: Some(to), from: BufReader::new(from), worker: Some(worker), asked: 0, events: Vec::new() };
        node.say(&WorkerConfig {
            udp: vec!["127.0.0.1:0".parse().unwrap()],
            public_ips: Vec::new(),
            max_sessions,
            checkpoints: checkpoints.to_owned(),
            sandbox: playfield_core::bus::Missing::default(),
            h264: playfield_core::codec::H264Library::default(),
        });
        assert!(matches!(node.hear(), Some(FromWorker::Ready { .. })));
        node
    }

    fn say(&mut self, line: &impl serde::Serialize) {
        let to = self.to.as_mut().unwrap();
        serde_json::to_writer(&mut *to, line).unwrap();
        to.write_all(b"\n").unwrap();
    }

    fn hear(&mut self) -> Option<FromWorker> {
        let mut line = String::new();
        (self.from.read_line(&mut line).unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    fn ask(&mut self, request: Request) -> Reply {
        self.asked += 1;
        let id = self.asked;
        self.say(&ToWorker { id, request });
        loop {
            match self.hear().expect("the worker answers") {
                FromWorker::Reply { id: answered, reply } if answered == id => return reply,
                FromWorker::Event { event } => self.events.push(event),
                _ => {}
            }
        }
    }

    /// Reads on until an event is there (the worker speaks at least once a second).
    fn until(&mut self, what: &str, wanted: impl Fn(&BusEvent) -> bool) -> BusEvent {
        let begun = Instant::now();
        loop {
            if let Some(at) = self.events.iter().position(&wanted) {
                return self.events.remove(at);
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
            if let FromWorker::Event { event } = self.hear().expect("the worker goes on") {
                self.events.push(event);
            }
        }
    }

    fn until_state(&mut self, wanted: SessionState) -> (Option<EndReason>, Option<String>) {
        match self.until(&format!("{wanted:?}"), |e| matches!(e, BusEvent::State { state, .. } if *state == wanted)) {
            BusEvent::State { reason, detail, .. } => (reason, detail),
            _ => unreachable!("only states were asked for"),
        }
    }

    fn start(&mut self, title: &str, times: SessionTimes) -> Viewer {
        let (client, offer) = Client::offer([127, 0, 0, 1].into()).unwrap();
        let spec = spec(session(), title, times);
        match self.ask(Request::Start { spec, attach: Some(Box::new(attach(offer))) }) {
            Reply::Started { answer: Some(answer) } => Viewer::new(client, &answer),
            other => panic!("not started: {other:?}"),
        }
    }

    fn attach_again(&mut self) -> Viewer {
        let (client, offer) = Client::offer([127, 0, 0, 1].into()).unwrap();
        match self.ask(Request::Attach { session: session(), attach: Box::new(attach(offer)) }) {
            Reply::Attached { answer } => Viewer::new(client, &answer),
            other => panic!("not attached: {other:?}"),
        }
    }

    /// The worker ends by itself and without a fault.
    fn join(mut self) {
        self.to = None;
        while self.hear().is_some() {}
        self.worker.take().unwrap().join().unwrap().unwrap();
    }
}

fn session() -> SessionId {
    SessionId::from_entropy([1; 16])
}

fn spec(id: SessionId, title: &str, times: SessionTimes) -> Box<SessionSpec> {
    Box::new(SessionSpec {
        id,
        title: title.to_owned(),
        module: "none".into(),
        kind: Default::default(),
        compiled: None,
        home: None,
        core: None,
        folder: None,
        limits: Limits::default(),
        input: Vec::new(),
        players: 2,
        keys_as_pad: true,
        picture: None,
        seed: 1,
        start_unix_ms: 0,
        storage: Default::default(),
        times,
        resume: false,
        people: Roster::default(),
        spectators: 2,
    })
}

/// A folder of this name for checkpoints.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn attach(offer: String) -> Attach {
    let viewer = ViewerId::from_entropy([2; 16]);
    Attach { person: Person::new(viewer, Role::Host, Some(0)), video: VideoMode::Auto, offer }
}

/// A viewer that plays with one button.
struct Viewer {
    client: Client,
    decoder: Decoder,
    told: Vec<ToViewer>,
    closed: bool,
    open: bool,
    on_channel: u32,
    seq: u32,
    held: bool,
    presses: u8,
    /// The second player's pad, once there is one; whether it holds the button.
    second: Option<bool>,
}

impl Viewer {
    fn new(mut client: Client, answer: &str) -> Viewer {
        client.answer(answer).unwrap();
        let decoder = Decoder::new();
        Viewer {
            client,
            decoder,
            told: Vec::new(),
            closed: false,
            open: false,
            on_channel: 0,
            seq: 0,
            held: false,
            presses: 0,
            second: None,
        }
    }

    fn until(&mut self, what: &str, done: impl Fn(&Viewer) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
            self.pump(Duration::from_millis(10));
        }
    }

    fn pump(&mut self, patience: Duration) {
        let mut events = Vec::new();
        self.client.poll(patience, &mut events).unwrap();
        events.into_iter().for_each(|event| self.handle(event));
        self.send();
    }

    fn handle(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::Lossless { data, on_channel } => {
                self.on_channel += u32::from(on_channel);
                // A datagram too late to be used is no fault.
                let _ = self.decoder.push(&data);
            }
            ClientEvent::Connection(Event::ControlOpen) => self.open = true,
            ClientEvent::Connection(Event::Control(text)) => self.told.push(serde_json::from_str(&text).unwrap()),
            ClientEvent::Connection(Event::Closed) => self.closed = true,
            _ => {}
        }
    }

    fn send(&mut self) {
        // Whoever was told the end may send all the same.
        if !self.open || self.closed {
            return;
        }
        self.seq += 1;
        let mut message = Vec::new();
        let mut writer = Writer::new(&mut message, self.seq, u64::from(self.seq), None);
        let pad = Pad { buttons: u16::from(self.held), ..Pad::default() };
        let presses = std::array::from_fn(|bit| if bit == 0 { self.presses } else { 0 });
        writer.pad(&PadReport { index: 0, pad, presses });
        let ack = |ack: playfield_media::delta::Ack| Ack { picture: ack.picture, datagrams: ack.datagrams };
        if let Some(held) = self.second {
            let pad = Pad { buttons: u16::from(held), ..Pad::default() };
            writer.more_pads(&[PadReport { index: 1, pad, presses: [u8::from(held); 16] }]);
        }
        writer.acks(&self.decoder.acks().map(ack).collect::<Vec<_>>());
        self.client.send_input(&message);
    }

    /// Tick and button as the newest picture shows them.
    fn shown(&self) -> Option<(u32, bool)> {
        let shown = self.decoder.shown()?;
        let mut rgba = Vec::new();
        shown.rows.to_rgba(&mut rgba);
        assert_eq!(rgba.len(), 16 * 16 * 4);
        // Row 0 is the palette.
        Some((shown.tick, shown.rows.row(1)[1] == 1))
    }

    /// Whether the second player is there, and holds the button, as the newest picture shows it.
    fn second(&self) -> Option<(bool, bool)> {
        let shown = self.decoder.shown()?.rows.row(1)[2];
        Some((shown & 1 != 0, shown & 2 != 0))
    }

    fn end(&self) -> Option<(EndReason, &str)> {
        self.told.iter().find_map(|message| match message {
            ToViewer::End { reason, detail, .. } => Some((*reason, detail.as_str())),
            _ => None,
        })
    }
}

#[test]
fn a_viewer_plays_leaves_and_finds_the_guest_where_it_was() {
    let mut node = Node::new(4);
    let mut viewer = node.start("fine", SessionTimes::default());
    viewer.until("the first picture", |viewer| viewer.shown().is_some());
    viewer.held = true;
    viewer.presses = 1;
    viewer.until("the press", |viewer| viewer.shown().is_some_and(|(_, a)| a));
    assert!(matches!(viewer.told.first(), Some(ToViewer::Hello { tick_hz: 60, slot: Some(0), .. })));
    let told_size =
        |message: &ToViewer| matches!(message, ToViewer::Video { mode: VideoMode::Lossless, width: 16, .. });
    viewer.until("the way and the size of the picture", |viewer| viewer.told.iter().any(told_size));
    let stored = |event: &BusEvent| matches!(event, BusEvent::Stored { key, .. } if key == "best");
    node.until("what the guest stored", stored);
    let (tick, _) = viewer.shown().unwrap();
    viewer.client.close();

    node.until_state(SessionState::PendingReconnection);
    let mut back = node.attach_again();
    back.until("pictures again", |viewer| viewer.shown().is_some());
    let (later, held) = back.shown().unwrap();
    assert!(later > tick && !held, "the guest rested, the button was let go: {tick} then {later}");
    match node.ask(Request::Receipt { session: session() }) {
        Reply::Receipt { receipt } => assert!(receipt.made.ticks > 0 && receipt.tally().receipt().node.is_some()),
        other => panic!("no receipt: {other:?}"),
    }

    assert_eq!(node.ask(Request::Stop { session: session(), reason: EndReason::ApiTerminated }), Reply::Done);
    assert_eq!(node.until_state(SessionState::Terminated).0, Some(EndReason::ApiTerminated));
    back.until("the reason", |viewer| viewer.end().is_some_and(|(reason, _)| reason == EndReason::ApiTerminated));
    node.join();
}

#[test]
fn two_people_play_at_one_viewer() {
    let mut node = Node::new(4);
    let mut viewer = node.start("fine", SessionTimes::default());
    viewer.until("the first picture", |viewer| viewer.second() == Some((false, false)));
    viewer.until("the first message", |viewer| !viewer.told.is_empty());
    assert!(matches!(viewer.told.first(), Some(ToViewer::Hello { seats: Some(2), .. })));
    viewer.second = Some(true);
    // More than the title has players.
    assert!(viewer.client.send_control(r#"{"type":"seats","count":4}"#));
    viewer.until("the second player", |viewer| viewer.second() == Some((true, true)));
    viewer.until("its seats", |viewer| viewer.told.contains(&ToViewer::Seats { seats: vec![0, 1] }));
    viewer.until("the first one's own button", |viewer| viewer.shown().is_some_and(|(_, held)| !held));
    viewer.second = Some(false);
    viewer.until("the release", |viewer| viewer.second() == Some((true, false)));
    assert!(viewer.client.send_control(r#"{"type":"seats","count":1}"#));
    viewer.until("the second player to leave", |viewer| viewer.second() == Some((false, false)));
    viewer.until("its seat", |viewer| viewer.told.contains(&ToViewer::Seats { seats: vec![0] }));

    assert!(viewer.client.send_control(r#"{"type":"seats","count":2}"#));
    viewer.until("the second player again", |viewer| viewer.second() == Some((true, false)));
    viewer.client.close();
    node.until_state(SessionState::PendingReconnection);
    let mut back = node.attach_again();
    back.until("a picture", |viewer| viewer.second() == Some((false, false)));
    node.join();
}

#[test]
fn the_same_viewer_in_two_places_keeps_the_newer_one() {
    let mut node = Node::new(4);
    let mut first = node.start("fine", SessionTimes::default());
    first.until("the first picture", |viewer| viewer.shown().is_some());
    let mut second = node.attach_again();
    second.until("pictures", |viewer| viewer.shown().is_some());
    first.until("the end of the older connection", |viewer| viewer.closed);
    node.join();
}

#[test]
fn every_way_a_guest_ends_is_told_apart() {
    let check = |title: &str, reason: EndReason, detail: &str, state: SessionState| {
        let mut node = Node::new(4);
        let mut viewer = node.start(title, SessionTimes::default());
        viewer.until("the end", |viewer| viewer.end().is_some());
        assert_eq!(viewer.end(), Some((reason, detail)), "{title}");
        assert_eq!(node.until_state(state), (Some(reason), Some(detail.to_owned())), "{title}");
        node.join();
    };
    check("traps", EndReason::GuestTrap, "The title crashed: unreachable.", SessionState::Error);
    check("exits", EndReason::ApplicationExit, "The title is over.", SessionState::Terminated);
}

#[test]
fn what_cannot_be_done_is_refused_with_a_sentence() {
    let refusal = |reply: Reply| match reply {
        Reply::Refused { reason, detail } => (reason, detail),
        other => panic!("not refused: {other:?}"),
    };
    let mut node = Node::new(1);
    let spec = |title: &str, id: u8| spec(SessionId::from_entropy([id; 16]), title, SessionTimes::default());
    let (reason, detail) = refusal(node.ask(Request::Start { spec: spec("broken", 3), attach: None }));
    assert_eq!(reason, EndReason::BadModule);
    assert!(detail.contains("`teleport`"), "{detail}");

    let bad_offer = Some(Box::new(attach("v=0".to_owned())));
    let (reason, _) = refusal(node.ask(Request::Start { spec: spec("fine", 4), attach: bad_offer }));
    assert_eq!(reason, EndReason::InvalidSignalRequest);

    assert_eq!(node.ask(Request::Start { spec: spec("fine", 5), attach: None }), Reply::Started { answer: None });
    let (reason, _) = refusal(node.ask(Request::Start { spec: spec("fine", 6), attach: None }));
    assert_eq!(reason, EndReason::LimitReached);
    node.join();
}

#[test]
fn a_session_nobody_comes_to_ends() {
    let mut node = Node::new(4);
    let times = SessionTimes { connection_ms: 50, ..SessionTimes::default() };
    let spec = spec(session(), "fine", times);
    assert_eq!(node.ask(Request::Start { spec, attach: None }), Reply::Started { answer: None });
    assert_eq!(node.until_state(SessionState::Terminated).0, Some(EndReason::ConnectionTimeout));
    node.join();
}

#[test]
fn a_drained_worker_tells_its_players_and_ends() {
    let mut node = Node::new(4);
    let mut viewer = node.start("fine", SessionTimes::default());
    viewer.until("the first picture", |viewer| viewer.shown().is_some());
    assert_eq!(node.ask(Request::Drain), Reply::Done);
    viewer.until("the reason", |viewer| viewer.end().is_some_and(|(reason, _)| reason == EndReason::NodeStopping));
    assert_eq!(node.until_state(SessionState::Terminated).0, Some(EndReason::NodeStopping));
    node.join();
}

#[test]
fn video_is_sent_where_the_viewer_wants_it() {
    let mut node = Node::new(4);
    let mut viewer = node.start("fine", SessionTimes::default());
    viewer.until("the first picture", |viewer| viewer.shown().is_some());
    viewer.until("the channels", |viewer| viewer.open);
    assert!(viewer.client.send_control(r#"{"type":"video","mode":"h264"}"#));
    let told = |message: &ToViewer| matches!(message, ToViewer::Video { mode: VideoMode::H264, .. });
    viewer.until("video", |viewer| viewer.told.iter().any(told));
    assert!(viewer.client.send_control(r#"{"type":"video","mode":"lossless"}"#));
    let (tick, _) = viewer.shown().unwrap();
    viewer.until("exact pictures again", |viewer| viewer.shown().is_some_and(|(later, _)| later > tick + 5));
    node.join();
}

#[test]
fn exact_pictures_travel_over_the_channel_where_there_is_no_track() {
    let mut node = Node::new(4);
    let mut viewer = node.start("fine", SessionTimes::default());
    viewer.until("the channels", |viewer| viewer.open && viewer.shown().is_some());
    assert!(viewer.client.send_control(r#"{"type":"video","mode":"lossless","carrier":"channel"}"#));
    viewer.until("a datagram on the channel", |viewer| viewer.on_channel > 0);
    let (tick, _) = viewer.shown().unwrap();
    viewer.until("more pictures", |viewer| viewer.shown().is_some_and(|(later, _)| later > tick + 5));
    node.join();
}
