//! Saved states through the API: whose they are, what they fit, and what is left of them whatever happens.

use std::path::{Path, PathBuf};

use axum::body::Body;
use playfield_control::Config;
use playfield_control::config::Limits;
use playfield_core::api::{SavedState, SavedStates};
use playfield_core::bus::{Reply as Said, Request, StateRefusal};
use playfield_store::blob::{BlobId, Blobs};
use serde_json::json;

use crate::node::saved;
use crate::world::{Client, Folder, Reply, World};

const ME: &str = "a profile that a browser made up";

/// The host of a session with a profile.
struct Host {
    client: Client,
    path: String,
}

impl Host {
    async fn of(world: &World, title: &str, profile: &str) -> Host {
        let wanted = json!({"title": title, "profile": profile});
        let created: playfield_core::api::CreatedSession = world.here().post("/api/v1/sessions", wanted).await.is(201);
        let path = format!("/api/v1/sessions/{}/states", created.session.id);
        Host { client: world.here().bearer(created.viewer.token.reveal()), path }
    }

    async fn list(&self) -> SavedStates {
        self.client.get(&self.path).await.is(200)
    }

    async fn put(&self, slot: &str) -> Reply {
        self.client.send("PUT", &format!("{}/{slot}", self.path), Body::empty()).await
    }

    async fn load(&self, slot: u8) -> Reply {
        self.client.send("POST", &format!("{}/{slot}/load", self.path), Body::empty()).await
    }

    async fn delete(&self, slot: u8) -> Reply {
        self.client.delete(&format!("{}/{slot}", self.path)).await
    }
}

/// The bytes of states.
fn blobs(folder: &Folder) -> Vec<PathBuf> {
    let files = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let passing = |shelf: &PathBuf| shelf.ends_with("partial") || shelf.ends_with("saving");
    let shelves = files(&folder.path("data/states")).into_iter().filter(|shelf| !passing(shelf));
    shelves.flat_map(|shelf| files(&shelf)).collect()
}

#[tokio::test]
async fn a_state_is_saved_listed_loaded_replaced_and_deleted() {
    let world = World::new().await;
    let host = Host::of(&world, "pong", ME).await;
    let empty = host.list().await;
    assert_eq!((empty.cannot, empty.slots, empty.states.len()), (None, 6, 0));
    host.load(1).await.problem(404, "notFound");
    host.delete(1).await.problem(404, "notFound");

    let state: SavedState = host.put("1").await.is(200);
    assert_eq!((state.slot, state.tick, state.played_ms, state.bytes), (1, 90, 1_500, 7));
    assert!(state.saved_ms > 0 && !state.picture.is_empty() && state.unfit.is_none());
    assert_eq!(host.list().await.states, [state]);
    assert_eq!(host.load(1).await.status, 204);
    let asked = world.node.asked();
    let Some(Request::LoadState { from, viewer: Some(_), .. }) = asked.last() else { panic!("{asked:?}") };
    assert_eq!(std::fs::read(from).unwrap(), b"a state");

    world.node.answers(|request| match request {
        Request::SaveState { to, .. } => Some(saved(to, b"another state")),
        _ => None,
    });
    let state: SavedState = host.put("1").await.is(200);
    assert_eq!(host.list().await.states, [state]);
    assert_eq!(blobs(&world.folder).len(), 1, "what was replaced is gone");
    assert_eq!(host.delete(1).await.status, 204);
    assert_eq!((host.list().await.states.len(), blobs(&world.folder).len()), (0, 0));
    let left = std::fs::read_dir(world.folder.path("data/states/saving")).unwrap().count();
    assert_eq!(left, 0, "what workers wrote is gone");
}

#[tokio::test]
async fn states_belong_to_a_profile_and_a_title() {
    let world = World::new().await;
    world.folder.title("chess", "id = 'chess'\nname = 'Chess'\nentry = 'chess.wasm'", b"module of chess");
    world.control.catalogue().scan().await;
    world.control.catalogue().scan().await;
    let host = Host::of(&world, "pong", ME).await;
    host.put("0").await.is::<SavedState>(200);
    assert_eq!(Host::of(&world, "pong", ME).await.list().await.states.len(), 1, "in another session too");
    let other = Host::of(&world, "pong", "another profile of a browser").await;
    assert_eq!(other.list().await.states.len(), 0);
    other.load(0).await.problem(404, "notFound");
    assert_eq!(Host::of(&world, "chess", ME).await.list().await.states.len(), 0);
    // A token is for its own session.
    other.client.get(&host.path).await.problem(403, "forbidden");
}

#[tokio::test]
async fn only_slots_that_there_are_can_be_meant() {
    let world = World::new().await;
    let host = Host::of(&world, "pong", ME).await;
    for slot in ["6", "255", "256", "-1", "x", "1.0", "%00", "99999999999999999999"] {
        host.put(slot).await.problem(404, "notFound");
    }
    host.put("5").await.is::<SavedState>(200);
}

#[tokio::test]
async fn what_the_worker_refuses_is_said_in_its_words() {
    let world = World::new().await;
    let host = Host::of(&world, "pong", ME).await;
    host.put("1").await.is::<SavedState>(200);
    for (why, status, kind) in [
        (StateRefusal::Forbidden, 403, "forbidden"),
        (StateRefusal::Impossible, 422, "refused"),
        (StateRefusal::TooLarge, 413, "tooLarge"),
        (StateRefusal::Busy, 409, "inProgress"),
    ] {
        world.node.answers(move |request| {
            let refused = Said::StateRefused { why, detail: "In its words.".to_owned() };
            matches!(request, Request::SaveState { .. } | Request::LoadState { .. }).then_some(refused)
        });
        assert_eq!(host.put("1").await.problem(status, kind).detail, "In its words.");
        assert_eq!(host.load(1).await.problem(status, kind).detail, "In its words.");
    }
    // Whoever may not, learns nothing of what there is either.
    world.node.answers(|request| {
        let refused = Said::StateRefused { why: StateRefusal::Forbidden, detail: "No.".to_owned() };
        matches!(request, Request::States { .. }).then_some(refused)
    });
    host.client.get(&host.path).await.problem(403, "forbidden");
    host.load(3).await.problem(403, "forbidden");
    host.delete(1).await.problem(403, "forbidden");
    world.node.answers(|_| None);
    assert_eq!(host.list().await.states.len(), 1);
}

#[tokio::test]
async fn a_guest_that_cannot_be_saved_says_so_and_so_does_a_session_without_a_profile() {
    let world = World::new().await;
    let host = Host::of(&world, "pong", ME).await;
    world.node.answers(|request| {
        let cannot = Some("It is a program.".to_owned());
        matches!(request, Request::States { .. }).then_some(Said::States { maker: String::new(), cannot })
    });
    assert_eq!(host.list().await.cannot.as_deref(), Some("It is a program."));
    assert_eq!(host.put("1").await.problem(422, "refused").detail, "It is a program.");
    world.node.answers(|_| None);
    let created = world.create().await;
    let client = world.here().bearer(created.viewer.token.reveal());
    let nobody = Host { client, path: format!("/api/v1/sessions/{}/states", created.session.id) };
    assert!(nobody.list().await.cannot.unwrap().contains("no profile"));
    nobody.put("1").await.problem(422, "refused");
    nobody.load(1).await.problem(422, "refused");
}

#[tokio::test]
async fn a_state_of_another_version_or_another_core_is_shown_and_not_loaded() {
    let world = World::new().await;
    let host = Host::of(&world, "pong", ME).await;
    host.put("2").await.is::<SavedState>(200);
    world.node.answers(|request| {
        let states = Said::States { maker: "core of today".to_owned(), cannot: None };
        matches!(request, Request::States { .. }).then_some(states)
    });
    let states = host.list().await.states;
    assert!(states[0].unfit.as_ref().unwrap().contains("the core"), "{states:?}");
    assert!(host.load(2).await.problem(409, "stateUnfit").detail.contains("the core"));

    world.node.answers(|_| None);
    world.folder.write("pong/pong.wasm", b"module, revised");
    world.control.catalogue().scan().await;
    world.control.catalogue().scan().await;
    let again = Host::of(&world, "pong", ME).await;
    assert!(again.list().await.states[0].unfit.as_ref().unwrap().contains("this title"));
    assert!(again.load(2).await.problem(409, "stateUnfit").detail.contains("another version of this title"));
    assert!(host.list().await.states[0].unfit.is_none(), "a session that goes on plays what it began with");
    assert!(!world.node.asked().iter().any(|request| matches!(request, Request::LoadState { .. })));
}

#[tokio::test]
async fn a_damaged_state_is_refused_before_any_worker_sees_it() {
    let world = World::new().await;
    let host = Host::of(&world, "pong", ME).await;
    host.put("1").await.is::<SavedState>(200);
    let blob = &blobs(&world.folder)[0];
    for damage in [Some(b"a stat\xe4".as_slice()), Some(b""), None] {
        match damage {
            Some(bytes) => std::fs::write(blob, bytes).unwrap(),
            None => std::fs::remove_file(blob).unwrap(),
        }
        assert!(host.load(1).await.problem(409, "stateUnfit").detail.contains("damaged"));
    }
    assert!(!world.node.asked().iter().any(|request| matches!(request, Request::LoadState { .. })));
    assert_eq!(host.delete(1).await.status, 204, "its slot can be emptied all the same");
}

#[tokio::test]
async fn together_they_take_no_more_than_they_may() {
    let limits = Limits { states_mb: 1, ..Limits::default() };
    let world = World::with(Config { limits, ..Config::default() }).await;
    let host = Host::of(&world, "pong", ME).await;
    world.node.answers(|request| match request {
        Request::SaveState { to, .. } => Some(saved(to, &[7; 600 << 10])),
        _ => None,
    });
    host.put("1").await.is::<SavedState>(200);
    host.put("2").await.problem(429, "limitReached");
    assert_eq!((host.list().await.states.len(), blobs(&world.folder).len()), (1, 1));
}

#[tokio::test]
async fn of_what_a_worker_writes_no_more_is_taken_than_it_may_and_no_link_is_followed() {
    let limits = Limits { state_mb: 1, ..Limits::default() };
    let world = World::with(Config { limits, ..Config::default() }).await;
    let host = Host::of(&world, "pong", ME).await;
    world.node.answers(|request| match request {
        Request::SaveState { to, most, .. } => Some(saved(to, &vec![7; *most as usize + 1])),
        _ => None,
    });
    host.put("1").await.problem(500, "internal");
    let secret = world.folder.path("data/playfield.db");
    world.node.answers(move |request| match request {
        Request::SaveState { to, .. } => {
            let reply = saved(to, b"");
            std::fs::remove_file(to).unwrap();
            std::os::unix::fs::symlink(&secret, to).unwrap();
            Some(reply)
        }
        _ => None,
    });
    host.put("1").await.problem(500, "internal");
    assert_eq!(host.list().await.states.len(), 0);
}

#[tokio::test]
async fn a_crash_in_the_middle_leaves_the_old_state_and_nothing_else() {
    let world = World::new().await;
    let host = Host::of(&world, "pong", ME).await;
    host.put("1").await.is::<SavedState>(200);
    // As far as a process got that was killed between the bytes and the row.
    let store = Blobs::files(&world.folder.path("data/states")).await.unwrap();
    world.db.loosen(BlobId::of(b"half")).await.unwrap();
    store.put(b"half".to_vec()).await.unwrap();
    world.db.loosen(BlobId::of(b"never written")).await.unwrap();
    std::fs::write(world.folder.path("data/states/saving/9"), b"left").unwrap();
    assert_eq!(blobs(&world.folder).len(), 2);

    let World { folder, db, bus, node, .. } = world;
    let control = World::control(&folder, &bus, &db, Config::default()).await;
    control.catalogue().scan().await;
    let world = World { folder, db, bus, node, control };
    let again = Host::of(&world, "pong", ME).await;
    assert_eq!(again.list().await.states.len(), 1);
    assert_eq!(again.load(1).await.status, 204);
    assert_eq!(blobs(&world.folder).len(), 1);
    assert!(world.db.loose_blobs().await.unwrap().is_empty());
    assert!(!world.folder.path("data/states/saving/9").exists());
}
