//! States are saved and loaded while people play: who may, what they see of it, and that a session goes on whatever a state is.

use playfield_core::api::ChangeViewer;
use playfield_core::bus::{StateFacts, StateRefusal};
use playfield_core::permission::{Permission, Permissions};

use super::together::{GUEST, HOST, SPECTATOR, hosted_of, until, who};
use super::*;

/// A file of this name for a state.
fn file(name: &str) -> PathBuf {
    folder("states").join(name)
}

impl Node {
    fn states(&mut self, viewer: Option<u8>) -> Reply {
        self.ask(Request::States { session: session(), viewer: viewer.map(who) })
    }

    fn save_as(&mut self, viewer: Option<u8>, to: &Path, most: u64) -> Reply {
        self.patient(|| Request::SaveState { session: session(), viewer: viewer.map(who), to: to.to_owned(), most })
    }

    fn save(&mut self, to: &Path) -> StateFacts {
        match self.save_as(Some(HOST), to, 1 << 20) {
            Reply::StateSaved { state } => *state,
            other => panic!("not saved: {other:?}"),
        }
    }

    fn load(&mut self, from: &Path) -> Reply {
        self.load_as(Some(HOST), from)
    }

    fn load_as(&mut self, viewer: Option<u8>, from: &Path) -> Reply {
        self.patient(|| Request::LoadState { session: session(), viewer: viewer.map(who), from: from.to_owned() })
    }

    /// Asks until it is not too soon.
    fn patient(&mut self, request: impl Fn() -> Request) -> Reply {
        loop {
            let reply = self.ask(request());
            if !matches!(reply, Reply::StateRefused { why: StateRefusal::Busy, .. }) {
                return reply;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn refusal(reply: Reply) -> (StateRefusal, String) {
    match reply {
        Reply::StateRefused { why, detail } => (why, detail),
        other => panic!("not refused: {other:?}"),
    }
}

impl Viewer {
    /// The guest's own tick, as its picture says: it goes back where what the viewer is told does not.
    fn own_tick(&self) -> Option<u64> {
        let row = self.decoder.shown()?.rows.row(1);
        Some(u64::from(row[0]) + (u64::from(row[3]) << 8))
    }

    fn notices(&self) -> Vec<&str> {
        let notice = |message: &'_ ToViewer| matches!(message, ToViewer::Notice { .. });
        let texts = self.told.iter().filter(|message| notice(message)).map(|message| match message {
            ToViewer::Notice { text } => text.as_str(),
            _ => unreachable!("only notices were asked for"),
        });
        texts.collect()
    }
}

#[test]
fn a_session_goes_back_and_for_its_viewers_time_goes_on() {
    let (mut node, mut host) = hosted_of("saves");
    let path = file("back");
    (host.held, host.presses) = (true, 1);
    host.until("the press", |viewer| viewer.shown().is_some_and(|(_, a)| a));
    let state = node.save(&path);
    assert_eq!((state.tick_hz, state.maker.as_str()), (60, ""));
    assert_eq!(&state.picture[1..4], b"PNG");
    let far = state.tick + 60;
    host.until("a second of play", |viewer| viewer.own_tick().is_some_and(|tick| tick > far));
    let (shown, _) = host.shown().unwrap();

    assert_eq!(node.load(&path), Reply::Done);
    host.until("the state", |viewer| viewer.own_tick().is_some_and(|tick| tick < far));
    let (later, held) = host.shown().unwrap();
    assert!(later > shown, "ticks that viewers are told of go on: {later} after {shown}");
    assert!(held, "what is held down is held");
    assert!(host.own_tick().unwrap() > state.tick);
    host.held = false;
    host.until("the release", |viewer| viewer.shown().is_some_and(|(_, a)| !a));
    host.until("play", |viewer| viewer.own_tick().is_some_and(|tick| tick > far));
    assert_eq!(node.load(&path), Reply::Done, "again");
    host.until("the state again", |viewer| viewer.own_tick().is_some_and(|tick| tick < far));
    assert!(host.notices().is_empty(), "who loads it knows");
    node.join();
}

#[test]
fn a_checkpoint_follows_the_state_that_was_loaded() {
    let folder = folder("states-resume");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let mut node = Node::with_checkpoints(4, &folder);
    let mut host = node.start("saves", SessionTimes::default());
    host.until("the first picture", |viewer| viewer.open && viewer.shown().is_some());
    let path = file("resume");
    let state = node.save(&path);
    host.until("two seconds", |viewer| viewer.own_tick().is_some_and(|tick| tick > state.tick + 120));
    assert_eq!(node.load(&path), Reply::Done);
    let back = state.tick + 60;
    host.until("the state", |viewer| viewer.own_tick().is_some_and(|tick| tick < back));
    // A checkpoint that knows of it is told by what was stored after.
    node.events.clear();
    let tick = |event: &BusEvent| match event {
        BusEvent::Stored { value: Some(value), .. } => u64::from_le_bytes(value.as_slice().try_into().unwrap()),
        _ => u64::MAX,
    };
    let stored = node.until("a value stored after", |event| tick(event) < state.tick + 60);
    let (stored, (seen, _)) = (tick(&stored), host.shown().unwrap());
    node.join();

    let mut node = Node::with_checkpoints(4, &folder);
    let mut spec = spec(session(), "saves", SessionTimes::default());
    spec.resume = true;
    assert_eq!(node.ask(Request::Start { spec, attach: None }), Reply::Started { answer: None });
    let mut viewer = node.attach_again();
    viewer.until("the first picture", |viewer| viewer.shown().is_some());
    let own = viewer.own_tick().unwrap();
    assert!(own > stored && own < u64::from(seen), "{own}: it goes on from {stored}, not from {seen}");
    node.join();
}

#[test]
fn only_the_host_and_whom_the_host_lets_may() {
    let (mut node, mut host) = hosted_of("saves");
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    let mut spectator = node.join_as(SPECTATOR, Role::Spectator, None);
    until("everybody", [&mut host, &mut guest, &mut spectator], |[_, guest, spectator]| {
        guest.open && spectator.open && spectator.shown().is_some()
    });
    let path = file("may");
    node.save(&path);
    for viewer in [GUEST, SPECTATOR, 9] {
        for reply in
            [node.states(Some(viewer)), node.save_as(Some(viewer), &path, 1 << 20), node.load_as(Some(viewer), &path)]
        {
            let (why, detail) = refusal(reply);
            assert!(why == StateRefusal::Forbidden && detail.contains("Only the host"), "{viewer}: {detail}");
        }
    }
    assert_eq!(node.states(None), Reply::States { maker: String::new(), cannot: None }, "whoever runs the server may");
    let may = Some(Permissions::SEAT.with(Permission::States));
    let change = ChangeViewer { may, ..ChangeViewer::default() };
    let changed = node.ask(Request::Change { session: session(), viewer: who(GUEST), change });
    assert!(matches!(changed, Reply::Changed { .. }), "{changed:?}");
    assert_eq!(node.states(Some(GUEST)), Reply::States { maker: String::new(), cannot: None });
    assert_eq!(node.load_as(Some(GUEST), &path), Reply::Done);
    until("who did it", [&mut host, &mut guest, &mut spectator], |[host, _, spectator]| {
        [host, spectator].iter().all(|viewer| viewer.notices().iter().any(|text| text.contains("loaded a saved state")))
    });
    assert!(guest.notices().is_empty());
    node.join();
}

#[test]
fn a_guest_that_cannot_be_saved_says_why_and_is_left_alone() {
    let (mut node, mut host) = hosted_of("fine");
    let Reply::States { cannot: Some(cannot), .. } = node.states(Some(HOST)) else { panic!("it cannot be saved") };
    assert_eq!(cannot, "This title's state cannot be saved: it is made up.");
    let path = file("cannot");
    assert_eq!(refusal(node.save_as(Some(HOST), &path, 1 << 20)), (StateRefusal::Impossible, cannot.clone()));
    assert_eq!(refusal(node.load(&path)), (StateRefusal::Impossible, cannot));
    let (tick, _) = host.shown().unwrap();
    host.until("more pictures", |viewer| viewer.shown().is_some_and(|(later, _)| later > tick + 5));
    node.join();
}

#[test]
fn what_is_no_state_changes_nothing() {
    let (mut node, mut host) = hosted_of("saves");
    let (whole, path) = (file("whole"), file("damaged"));
    node.save(&whole);
    let bytes = std::fs::read(&whole).unwrap();
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let cases: [&[u8]; 4] = [b"", b"something else", &bytes[..bytes.len() - 1], &flipped];
    for bytes in cases {
        std::fs::write(&path, bytes).unwrap();
        let (why, detail) = refusal(node.load(&path));
        assert!(why == StateRefusal::Impossible && detail.contains("damaged"), "{detail}");
    }
    assert!(refusal(node.load(Path::new("/nowhere"))).1.contains("damaged"));
    let (why, detail) = refusal(node.save_as(Some(HOST), &path, 10));
    assert!(why == StateRefusal::TooLarge && !path.exists(), "{detail}");
    let (tick, _) = host.shown().unwrap();
    host.until("more pictures", |viewer| viewer.shown().is_some_and(|(later, _)| later > tick + 5));
    node.join();
}

#[test]
fn a_guest_that_takes_no_state_up_is_what_it_was_or_ends_with_the_reason() {
    let (mut node, mut host) = hosted_of("saves and forgets once");
    let path = file("forgets");
    let state = node.save(&path);
    host.until("play", |viewer| viewer.own_tick().is_some_and(|tick| tick > state.tick + 30));
    let (why, detail) = refusal(node.load(&path));
    assert_eq!(why, StateRefusal::Impossible);
    assert_eq!(detail, "This saved state cannot be loaded: it forgot everything.");
    let (tick, own) = (host.shown().unwrap().0, host.own_tick().unwrap());
    host.until("more pictures", |viewer| viewer.shown().is_some_and(|(later, _)| later > tick + 5));
    assert!(host.own_tick().unwrap() > own, "it went on from where it was");
    node.join();

    let (mut node, mut host) = hosted_of("saves and forgets");
    node.save(&path);
    let (why, detail) = refusal(node.load(&path));
    assert!(why == StateRefusal::Impossible && detail.contains("it forgot everything"), "{detail}");
    host.until("the end", |viewer| viewer.end().is_some());
    assert!(host.end().unwrap().1.contains("it forgot everything"), "{:?}", host.end());
    node.join();
}

#[test]
fn one_at_a_time_and_a_session_that_ends_answers() {
    let (mut node, mut host) = hosted_of("saves");
    let path = file("busy");
    let save = || Request::SaveState { session: session(), viewer: None, to: file("busy"), most: 1 << 20 };
    let stop = Request::Stop { session: session(), reason: EndReason::ApiTerminated };
    for (id, request) in [(71, save()), (72, save()), (73, stop)] {
        node.say(&ToWorker { id, request });
    }
    let mut replies = Vec::new();
    while replies.len() < 3 {
        if let Some(FromWorker::Reply { id, reply }) = node.hear() {
            replies.push((id, reply));
        }
    }
    let of = |wanted| &replies.iter().find(|(id, _)| *id == wanted).unwrap().1;
    assert!(matches!(of(72), Reply::StateRefused { why: StateRefusal::Busy, .. }), "{:?}", of(72));
    let first = of(71);
    let answered =
        matches!(first, Reply::StateSaved { .. } | Reply::StateRefused { why: StateRefusal::Impossible, .. });
    assert!(answered, "{first:?}");
    host.until("the end", |viewer| viewer.end().is_some());
    assert!(matches!(node.load(&path), Reply::Refused { .. }), "there is no such session any more");
    node.join();
}
