//! What nodes say is written down in order, and outlives the process.

use std::collections::BTreeMap;

use playfield_control::Config;
use playfield_core::api::{CreatedSession, EndReason, Session, SessionReceipt, SessionState};
use playfield_core::bus::Event;
use playfield_core::id::SessionId;
use playfield_core::receipt::{MOST_VIEWERS, Part, Seen};
use serde_json::json;

use crate::node::part;
use crate::world::World;

const PROFILE: &str = "a profile that a browser made up";

fn state(session: &SessionId, state: SessionState, reason: Option<EndReason>) -> Event {
    Event::State { session: session.clone(), state, reason, detail: reason.map(|_| "so and so".to_owned()) }
}

fn stored(session: &SessionId, key: &str, value: Option<&[u8]>) -> Event {
    Event::Stored { session: session.clone(), key: key.to_owned(), value: value.map(<[u8]>::to_vec) }
}

/// Tells the control plane all of it, and has it written down.
pub async fn tell(world: World, events: Vec<Event>) -> World {
    let World { folder, bus, db, node, control } = world;
    for event in &events {
        bus.tell(event).await.unwrap();
    }
    bus.publish(playfield_core::bus::EVENTS, b"nonsense").await;
    control.background().run(async {}).await;
    let control = World::control(&folder, &bus, &db, Config::default()).await;
    control.catalogue().scan().await;
    World { folder, bus, db, node, control }
}

async fn start(world: &World, profile: Option<&str>) -> SessionId {
    let wanted = json!({"title": "pong", "profile": profile});
    world.here().post("/api/v1/sessions", wanted).await.is::<CreatedSession>(201).session.id
}

#[tokio::test]
async fn a_session_is_in_the_state_its_node_says() {
    let world = World::new().await;
    let id = start(&world, None).await;
    let resumed = Event::Resumed { session: id.clone() };
    let crowd = Part { viewers: vec![Seen::default(); MOST_VIEWERS + 2], ..part(2, 1, true) };
    let events = vec![
        state(&id, SessionState::Connected, None),
        resumed.clone(),
        resumed.clone(),
        Event::Receipt { session: id.clone(), receipt: Box::new(part(1, 3, true)) },
        Event::Receipt { session: id.clone(), receipt: Box::new(crowd) },
        state(&id, SessionState::Error, Some(EndReason::GuestTrap)),
        state(&id, SessionState::Connected, None),
        resumed,
    ];
    let world = tell(world, events).await;
    let path = format!("/api/v1/sessions/{id}");
    let session: Session = world.here().get(&path).await.is(200);
    assert_eq!((session.state, session.reason), (SessionState::Error, Some(EndReason::GuestTrap)), "an end is the end");
    assert_eq!(session.detail.as_deref(), Some("so and so"));
    assert!(session.ended_ms.unwrap() >= session.created_ms);
    assert_eq!(session.resumes, 2);
    let receipt: SessionReceipt = world.here().get(&format!("{path}/receipt")).await.is(200);
    assert_eq!(receipt.account.counts["ticks"], 3);
    assert_eq!((receipt.parts, receipt.complete), (1, false), "it went on twice, and of that nothing is known");
}

#[tokio::test]
async fn what_a_guest_stored_is_there_the_next_time() {
    let world = World::new().await;
    let id = start(&world, Some(PROFILE)).await;
    let events = vec![
        stored(&id, "best", Some(b"7")),
        stored(&id, "best", Some(b"9")),
        stored(&id, "old", Some(b"x")),
        stored(&id, "old", None),
    ];
    let world = tell(world, events).await;
    start(&world, Some(PROFILE)).await;
    assert_eq!(world.node.started().storage, BTreeMap::from([("best".to_owned(), b"9".to_vec())]));
    start(&world, Some("another profile of a browser")).await;
    assert!(world.node.started().storage.is_empty());
    start(&world, None).await;
    assert!(world.node.started().storage.is_empty());
}

#[tokio::test]
async fn a_session_without_a_profile_stores_nothing() {
    let world = World::new().await;
    let id = start(&world, None).await;
    let world = tell(world, vec![stored(&id, "best", Some(b"7"))]).await;
    start(&world, Some(PROFILE)).await;
    assert!(world.node.started().storage.is_empty());
}

#[tokio::test]
async fn storage_beyond_the_titles_quota_is_left_out() {
    let world = World::new().await;
    world.folder.title(
        "pong",
        "id = 'pong'\nname = 'Pong'\nentry = 'pong.wasm'\nlimits = { storage_kb = 1 }",
        b"module",
    );
    world.control.catalogue().scan().await;
    world.control.catalogue().scan().await;
    let id = start(&world, Some(PROFILE)).await;
    let world = tell(world, vec![stored(&id, "big", Some(&[0; 1024])), stored(&id, "fits", Some(&[0; 1000]))]).await;
    start(&world, Some(PROFILE)).await;
    assert_eq!(world.node.started().storage.keys().collect::<Vec<_>>(), ["fits"]);
}

#[tokio::test]
async fn a_session_left_open_by_an_earlier_run_is_ended_with_a_sentence() {
    let world = World::new().await;
    let id = start(&world, None).await;
    let world = tell(world, vec![]).await;
    let session: Session = world.here().get(&format!("/api/v1/sessions/{id}")).await.is(200);
    assert_eq!((session.state, session.reason), (SessionState::Terminated, Some(EndReason::InternalError)));
    assert!(session.detail.unwrap().contains("Start the title again."));
}
