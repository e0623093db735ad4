//! A session goes on in another worker, from the checkpoint of the one that was lost.

use super::*;

/// Where a session that saves stands in this folder; made by a worker that is gone.
struct Left {
    folder: PathBuf,
    /// The last tick that was seen of it.
    seen: u32,
    /// The last tick it stored, as the node was told.
    stored: u64,
}

/// Plays a session in a worker until it stored something late, and lets the worker go. The files are those of a worker that
/// was killed: nothing but the node removes them.
fn left(test: &str) -> Left {
    left_by(test, "saves")
}

fn left_by(test: &str, title: &str) -> Left {
    let folder = folder(test);
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let mut node = Node::with_checkpoints(4, &folder);
    let mut viewer = node.start(title, SessionTimes::default());
    viewer.until("some play", |viewer| viewer.shown().is_some_and(|(tick, _)| tick > 70));
    let stored = stored(&mut node, 50);
    let (seen, _) = viewer.shown().unwrap();
    node.join();
    Left { folder, seen, stored }
}

/// The first tick from `from` on that the guest stored, as the node is told.
fn stored(node: &mut Node, from: u64) -> u64 {
    let tick = |event: &BusEvent| match event {
        BusEvent::Stored { value: Some(value), .. } => Some(u64::from_le_bytes(value.as_slice().try_into().unwrap())),
        _ => None,
    };
    let event = node.until("what it stored", |event| tick(event).is_some_and(|tick| tick >= from));
    tick(&event).unwrap()
}

/// The first tick that a viewer sees of the session in a new worker.
fn first_tick(folder: &Path) -> u32 {
    let mut node = Node::with_checkpoints(4, folder);
    let mut spec = spec(session(), "saves", SessionTimes::default());
    spec.resume = true;
    assert_eq!(node.ask(Request::Start { spec, attach: None }), Reply::Started { answer: None });
    let mut viewer = node.attach_again();
    viewer.until("the first picture", |viewer| viewer.shown().is_some());
    let (tick, _) = viewer.shown().unwrap();
    node.join();
    tick
}

fn slots(folder: &Path) -> [PathBuf; 2] {
    [0, 1].map(|slot| folder.join(format!("{}.{slot}", session())))
}

/// The number of the checkpoint in a file.
fn number(slot: &Path) -> u64 {
    let bytes = std::fs::read(slot).unwrap();
    assert_eq!(&bytes[..8], b"PFCHECK2");
    u64::from_le_bytes(bytes[8..16].try_into().unwrap())
}

#[test]
fn it_goes_on_where_it_was_and_knows_what_it_stored() {
    let left = left("resume");
    let tick = first_tick(&left.folder);
    assert!(u64::from(tick) > left.stored, "{tick}, but {} was stored", left.stored);
    assert!(tick + 60 > left.seen, "a second of play at most is lost: {tick}, seen {}", left.seen);
}

#[test]
fn a_checkpoint_that_was_being_written_does_not_count() {
    let left = left("resume-half");
    let [a, b] = slots(&left.folder);
    let (older, newer) = if number(&a) < number(&b) { (a, b) } else { (b, a) };
    // Killed after its head was taken away.
    let mut bytes = std::fs::read(&newer).unwrap();
    bytes[..32].fill(0);
    std::fs::write(&newer, bytes).unwrap();
    let at = u64::from_le_bytes(std::fs::read(&older).unwrap()[16..24].try_into().unwrap());
    assert!(u64::from(first_tick(&left.folder)) > at);
}

#[test]
fn without_any_whole_checkpoint_it_begins_again() {
    let left = left("resume-none");
    for slot in slots(&left.folder) {
        let length = std::fs::metadata(&slot).unwrap().len();
        std::fs::OpenOptions::new().write(true).open(&slot).unwrap().set_len(length - 1).unwrap();
    }
    assert!(first_tick(&left.folder) < left.seen);
}

#[test]
fn a_state_that_comes_in_parts_is_whole_with_the_last_of_them() {
    let left = left_by("resume-parts", "saves in parts");
    let tick = first_tick(&left.folder);
    assert!(u64::from(tick) > left.stored, "{tick}, but {} was stored", left.stored);
    assert!(tick + 60 > left.seen, "a second of play at most is lost: {tick}, seen {}", left.seen);
}
