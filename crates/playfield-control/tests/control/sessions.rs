//! A session's way through the API.

use playfield_control::Config;
use playfield_control::config::Limits;
use playfield_core::api::{CreatedSession, EndReason, Role, Session, SessionReceipt, SessionState, VideoMode};
use playfield_core::bus::{Reply, Request};
use playfield_core::id::ViewerId;
use playfield_core::manifest::InputKind;
use playfield_core::people::Person;
use playfield_store::db::{Guests, ViewerRow};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::node::part;
use crate::world::World;

#[tokio::test]
async fn a_click_starts_a_session_and_answers_its_offer() {
    let world = World::new().await;
    let wanted = json!({"title": "pong", "offer": "v=0", "profile": "p".repeat(32), "video": "lossless"});
    let reply = world.here().post("/api/v1/sessions", wanted).await;
    let created: CreatedSession = reply.is(201);
    assert_eq!(created.answer.as_deref(), Some("answer to v=0"));
    assert_eq!((created.input, created.keys_as_pad), (vec![InputKind::Pad], true));
    assert_eq!((created.viewer.role, created.viewer.slot), (Role::Host, Some(0)));
    assert_eq!((created.session.title.as_str(), created.session.state), ("pong", SessionState::Activating));
    assert_eq!(reply.header("location"), format!("/api/v1/sessions/{}", created.session.id));
    assert_eq!(reply.header("cache-control"), "no-store");
    let Some(Request::Start { spec, attach: Some(attach) }) = world.node.asked().pop() else {
        panic!("the node was not asked to start")
    };
    assert_eq!((&spec.id, spec.title.as_str(), spec.limits.memory_mb), (&created.session.id, "pong", 64));
    assert_eq!(std::fs::read(&spec.module).unwrap(), b"module");
    assert_eq!((attach.person.viewer, attach.video), (created.viewer.id, VideoMode::Lossless));
}

#[tokio::test]
async fn sessions_differ_in_what_a_guest_takes_for_random() {
    let world = World::new().await;
    world.create().await;
    let first = world.node.started().seed;
    world.create().await;
    assert_ne!(first, world.node.started().seed);
}

#[tokio::test]
async fn a_token_is_stored_as_a_hash_only() {
    let world = World::new().await;
    let token = world.create().await.viewer.token;
    let hash: [u8; 32] = Sha256::digest(token.reveal()).into();
    assert!(world.db.viewer_by_token(hash).await.unwrap().is_some());
    for file in std::fs::read_dir(world.folder.path("data")).unwrap().flatten().filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(!bytes.windows(token.reveal().len()).any(|part| part == token.reveal().as_bytes()), "{file:?}");
    }
}

#[tokio::test]
async fn a_viewer_comes_back_with_its_token() {
    let world = World::new().await;
    let created = world.create().await;
    let path = format!("/api/v1/sessions/{}/connections", created.session.id);
    let viewer = world.here().bearer(created.viewer.token.reveal());
    let connected: Value = viewer.post(&path, json!({"offer": "again"})).await.is(200);
    assert_eq!(connected["answer"], "answer to again");
    assert_eq!((&connected["input"], &connected["keys_as_pad"]), (&json!(["pad"]), &json!(true)));
    let Some(Request::Attach { session, attach }) = world.node.asked().pop() else { panic!("the node was not asked") };
    assert_eq!((session, attach.person.viewer, attach.person.slot), (created.session.id, created.viewer.id, Some(0)));
    world.here().post(&path, json!({"offer": "again"})).await.problem(401, "badToken");
    world.here().bearer("wrong").post(&path, json!({"offer": "again"})).await.problem(401, "badToken");
    world.here().with("authorization", "Basic xyz").post(&path, json!({"offer": "x"})).await.problem(401, "badToken");
}

#[tokio::test]
async fn a_viewer_may_only_touch_its_own_session() {
    let world = World::new().await;
    let (mine, other) = (world.create().await, world.create().await);
    let viewer = world.here().bearer(mine.viewer.token.reveal());
    let path = format!("/api/v1/sessions/{}", other.session.id);
    viewer.get(&path).await.problem(403, "forbidden");
    viewer.get(&format!("{path}/receipt")).await.problem(403, "forbidden");
    viewer.delete(&path).await.problem(403, "forbidden");
    viewer.post(&format!("{path}/connections"), json!({"offer": "x"})).await.problem(403, "forbidden");
    let own: Session = viewer.get(&format!("/api/v1/sessions/{}", mine.session.id)).await.is(200);
    assert_eq!(own.id, mine.session.id);
}

#[tokio::test]
async fn a_spectator_may_look_but_not_end() {
    let world = World::new().await;
    let session = world.create().await.session;
    let id = ViewerId::from_entropy([5; 16]);
    let row = ViewerRow::new(session.id.clone(), Person::new(id, Role::Spectator, None));
    let most = Guests { of_session: 9, of_client: 9 };
    world.db.insert_viewer(row, Sha256::digest("spectator").into(), "c".to_owned(), 1, most).await.unwrap();
    let path = format!("/api/v1/sessions/{}", session.id);
    let spectator = world.here().bearer("spectator");
    spectator.get(&path).await.is::<Session>(200);
    spectator.delete(&path).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_session_is_ended_by_its_host_and_by_the_operator() {
    let world = World::new().await;
    for by_host in [true, false] {
        let created = world.create().await;
        let path = format!("/api/v1/sessions/{}", created.session.id);
        let client = if by_host { world.here().bearer(created.viewer.token.reveal()) } else { world.here() };
        let ended: Session = client.delete(&path).await.is(200);
        assert_eq!(ended.state, SessionState::Terminating);
        let stop = Request::Stop { session: created.session.id, reason: EndReason::ApiTerminated };
        assert_eq!(world.node.asked().pop(), Some(stop));
    }
}

#[tokio::test]
async fn ending_what_the_node_does_not_have_writes_its_end() {
    let world = World::new().await;
    let created = world.create().await;
    world.node.answers(|_| Some(Reply::Refused { reason: EndReason::InternalError, detail: "unknown".to_owned() }));
    let path = format!("/api/v1/sessions/{}", created.session.id);
    let ended: Session = world.here().delete(&path).await.is(200);
    assert_eq!((ended.state, ended.reason), (SessionState::Terminated, Some(EndReason::ApiTerminated)));
    let asked = world.node.asked().len();
    world.here().delete(&path).await.is::<Session>(200);
    assert_eq!(world.node.asked().len(), asked, "an end is the end");
    let viewer = world.here().bearer(created.viewer.token.reveal());
    let gone = viewer.post(&format!("{path}/connections"), json!({"offer": "x"})).await.problem(409, "sessionEnded");
    assert_eq!(gone.reason, Some(EndReason::ApiTerminated));
}

#[tokio::test]
async fn an_address_and_a_node_have_limits_that_say_so() {
    let limits = Limits { sessions_per_address: 2, sessions_per_node: 3, ..Limits::default() };
    let world = World::with(Config { limits, ..Config::default() }).await;
    let wanted = json!({"title": "pong"});
    let other = world.here().from("198.51.100.1");
    for _ in 0..2 {
        world.create().await;
    }
    let refused = world.here().post("/api/v1/sessions", wanted.clone()).await;
    assert!(!refused.header("retry-after").is_empty());
    let problem = refused.problem(429, "limitReached");
    assert_eq!(problem.reason, Some(EndReason::LimitReached));
    assert!(problem.detail.contains("your address has 2 sessions open"), "{}", problem.detail);
    other.post("/api/v1/sessions", wanted.clone()).await.is::<CreatedSession>(201);
    let problem = other.post("/api/v1/sessions", wanted).await.problem(429, "limitReached");
    assert!(problem.detail.contains("3 sessions run"), "{}", problem.detail);
    assert_eq!(world.db.open_sessions_of("192.0.2.7".to_owned()).await.unwrap(), 2);
}

#[tokio::test]
async fn what_a_node_refuses_is_a_problem_and_a_session_that_failed() {
    let world = World::new().await;
    for (reason, status, kind) in [
        (EndReason::LimitReached, 429, "limitReached"),
        (EndReason::PlacementTimeout, 503, "noNode"),
        (EndReason::NodeStopping, 503, "noNode"),
        (EndReason::InvalidSignalRequest, 400, "malformed"),
        (EndReason::GuestTrap, 422, "refused"),
        (EndReason::BadModule, 422, "refused"),
        (EndReason::InternalError, 500, "internal"),
    ] {
        world.node.answers(move |_| Some(Reply::Refused { reason, detail: "so and so".to_owned() }));
        let problem = world.here().post("/api/v1/sessions", json!({"title": "pong"})).await.problem(status, kind);
        assert_eq!((problem.reason, problem.detail.as_str()), (Some(reason), "so and so"));
        let row = world.db.session(world.node.started().id).await.unwrap().unwrap();
        assert_eq!((row.state, row.reason), (SessionState::Error, Some(reason)));
    }
    assert_eq!(world.db.open_sessions_of("192.0.2.7".to_owned()).await.unwrap(), 0, "a failure takes no place");
}

#[tokio::test]
async fn a_node_that_does_not_answer_is_given_up_and_told_to_stop() {
    let world = World::new().await;
    // Only the wait for the node is on virtual time: the database has a thread of its own, and no virtual clock.
    world.node.answers(|request| match request {
        Request::Stop { .. } => {
            tokio::time::resume();
            Some(Reply::Done)
        }
        _ => None,
    });
    world.node.ignores(|request| {
        let start = matches!(request, Request::Start { .. });
        if start {
            tokio::time::pause();
        }
        start
    });
    let problem = world.here().post("/api/v1/sessions", json!({"title": "pong"})).await.problem(504, "nodeTimeout");
    assert_eq!(problem.reason, Some(EndReason::PlacementTimeout));
    let id = world.node.started().id;
    let stop = Request::Stop { session: id.clone(), reason: EndReason::PlacementTimeout };
    assert_eq!(world.node.asked().pop(), Some(stop));
    assert_eq!(world.db.session(id).await.unwrap().unwrap().state, SessionState::Error);
}

#[tokio::test]
async fn a_request_sent_twice_is_done_once() {
    let world = World::new().await;
    let client = world.here().with("idempotency-key", "0b9d8a5e-6f43");
    let wanted = json!({"title": "pong", "offer": "v=0"});
    let first: CreatedSession = client.post("/api/v1/sessions", wanted.clone()).await.is(201);
    let again = client.post("/api/v1/sessions", wanted.clone()).await;
    assert_eq!(again.is::<CreatedSession>(201), first, "the same answer, token and all");
    assert_eq!(again.header("location"), format!("/api/v1/sessions/{}", first.session.id));
    client.post("/api/v1/sessions", json!({"title": "pong"})).await.problem(409, "keyReused");
    let stranger = client.from("198.51.100.1").post("/api/v1/sessions", wanted).await.is::<CreatedSession>(201);
    assert_ne!(stranger.session.id, first.session.id, "another address's key is another key");
    let path = format!("/api/v1/sessions/{}", first.session.id);
    world.here().bearer(first.viewer.token.reveal()).get(&path).await.is::<Session>(200);
    let long = "x".repeat(129);
    for bad in ["two words", "", &long] {
        client
            .with("idempotency-key", bad)
            .post("/api/v1/sessions", json!({"title": "pong"}))
            .await
            .problem(400, "malformed");
    }
}

#[tokio::test]
async fn the_same_request_at_once_starts_one_session() {
    let world = World::new().await;
    let client = world.here().with("idempotency-key", "k");
    let send = || client.post("/api/v1/sessions", json!({"title": "pong"}));
    let replies = tokio::join!(send(), send(), send());
    let created = [replies.0, replies.1, replies.2].iter().filter(|reply| reply.status == 201).count();
    assert!(created >= 1);
    assert_eq!(world.node.asked().iter().filter(|asked| matches!(asked, Request::Start { .. })).count(), 1);
}

#[tokio::test]
async fn a_request_that_failed_may_be_sent_again() {
    let world = World::new().await;
    let client = world.here().with("idempotency-key", "k");
    world.node.answers(|_| Some(Reply::Refused { reason: EndReason::PlacementTimeout, detail: "busy".to_owned() }));
    client.post("/api/v1/sessions", json!({"title": "pong"})).await.problem(503, "noNode");
    world.node.answers(|_| None);
    client.post("/api/v1/sessions", json!({"title": "pong"})).await.is::<CreatedSession>(201);
}

#[tokio::test]
async fn a_receipt_comes_from_the_node_and_later_from_the_records() {
    let world = World::new().await;
    let session = world.create().await.session;
    let path = format!("/api/v1/sessions/{}/receipt", session.id);
    let read = async || {
        let reply = world.here().get(&path).await;
        let name = format!("attachment; filename=\"receipt-{}.json\"", session.id);
        assert_eq!(reply.header("content-disposition"), name);
        let receipt: SessionReceipt = reply.is(200);
        (receipt.account.counts["ticks"], receipt.parts, receipt.complete)
    };
    let put = async |part| assert!(world.db.put_receipt(session.id.clone(), part).await.unwrap());
    assert_eq!(read().await, (5, 1, false), "what the node knows");
    put(part(2, 3, false)).await;
    assert_eq!(read().await, (5, 1, false), "the node knows better what the same worker said earlier");
    put(part(1, 20, false)).await;
    assert_eq!(read().await, (25, 2, false), "what a lost worker said is part of it");
    world.db.count_resume(session.id.clone()).await.unwrap();
    world.db.set_session_state(session.id.clone(), SessionState::Terminated, None, None, 1).await.unwrap();
    put(part(2, 9, true)).await;
    assert_eq!(read().await, (29, 2, false), "and stays a part of which the end is missing");
    put(part(1, 20, true)).await;
    assert_eq!(read().await, (29, 2, true));
    let shown: Session = world.here().get(&format!("/api/v1/sessions/{}", session.id)).await.is(200);
    assert_eq!(shown.receipt.as_deref(), Some(path.as_str()));
}

#[tokio::test]
async fn a_session_that_left_no_receipt_says_so_and_links_to_none() {
    let world = World::new().await;
    let session = world.create().await.session;
    let path = format!("/api/v1/sessions/{}", session.id);
    assert!(session.receipt.is_some());
    world.db.set_session_state(session.id, SessionState::Terminated, None, None, 1).await.unwrap();
    world.here().get(&format!("{path}/receipt")).await.problem(404, "notFound");
    assert_eq!(world.here().get(&path).await.is::<Session>(200).receipt, None);
}

#[tokio::test]
async fn the_operator_sees_the_newest_sessions_and_a_viewer_does_not() {
    let world = World::new().await;
    world.create().await;
    world.create().await;
    let listed: Value = world.here().get("/api/v1/sessions").await.is(200);
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains("192.0.2.7"));
}
