//! Links into sessions: who may make them, what they let in, and when no more.

use playfield_core::api::{
    CreatedInvite, CreatedSession, Invitation, Invite, Invites, Joined, Role, Session, SessionState, VideoMode,
};
use playfield_core::bus::{Reply, Request};
use playfield_core::people::Person;
use playfield_core::permission::{Permission, Permissions};
use playfield_store::db::InviteRow;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::node::PNG;
use crate::world::{Client, Folder, World};

/// With `duel`, which two can play.
async fn world() -> World {
    let folder = Folder::new();
    let manifest =
        "id = 'duel'\nname = 'A Duel'\nentry = 'duel.wasm'\ncover = 'cover.png'\nplayers = { min = 1, max = 2 }";
    folder.title("duel", manifest, b"module");
    folder.write("duel/cover.png", PNG);
    World::on(folder, playfield_control::Config::default()).await
}

/// A session of `duel`, and a client that is its host.
async fn hosted(world: &World) -> (CreatedSession, Client) {
    let created: CreatedSession = world.here().post("/api/v1/sessions", json!({"title": "duel"})).await.is(201);
    let host = world.here().bearer(created.viewer.token.reveal());
    (created, host)
}

fn invites(session: &Session) -> String {
    format!("/api/v1/sessions/{}/invites", session.id)
}

async fn invite(host: &Client, session: &Session, wanted: Value) -> CreatedInvite {
    host.post(&invites(session), wanted).await.is(201)
}

/// Somebody elsewhere who is not signed in, with a link.
fn guest(world: &World, link: &CreatedInvite) -> Client {
    world.elsewhere(true).bearer(link.token.reveal())
}

#[tokio::test]
async fn whoever_has_a_link_plays_from_its_seat() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let reply = host.post(&invites(&created.session), json!({"role": "player", "slot": 1})).await;
    let link: CreatedInvite = reply.is(201);
    assert_eq!(reply.header("location"), format!("{}/{}", invites(&created.session), link.invite.id));
    assert_eq!(link.path, format!("/join#{}", link.token.reveal()));
    let left_s = (link.invite.expires_ms.unwrap() - created.session.created_ms) / 1000;
    assert!((3600..3660).contains(&left_s), "an hour where nothing is said: {left_s} s");

    let guest = guest(&world, &link);
    let shown: Invitation = guest.get("/api/v1/invite").await.is(200);
    assert_eq!((shown.name.as_str(), shown.title.as_str(), shown.taken), ("A Duel", "duel", false));
    assert_eq!((shown.session, shown.invite), (created.session.id.clone(), link.invite.clone()));
    let joined: Joined = guest.post("/api/v1/invite/viewers", Value::Null).await.is(201);
    assert_eq!((joined.viewer.role, joined.viewer.slot), (Role::Player, Some(1)));
    assert_ne!(joined.viewer.id, created.viewer.id);

    let path = format!("/api/v1/sessions/{}", created.session.id);
    let viewer = world.elsewhere(true).bearer(joined.viewer.token.reveal());
    viewer.post(&format!("{path}/connections"), json!({"offer": "v=0", "video": "lossless"})).await.is::<Value>(200);
    let Some(Request::Attach { attach, .. }) = world.node.asked().pop() else { panic!("the node was not asked") };
    let expect = (joined.viewer.id.clone(), Role::Player, Some(1), VideoMode::Lossless);
    assert_eq!((attach.person.viewer, attach.person.role, attach.person.slot, attach.video), expect);
    assert_eq!(viewer.get(&path).await.is::<Session>(200).id, created.session.id);
    viewer.delete(&path).await.problem(403, "forbidden");
    viewer.post(&invites(&created.session), json!({"role": "spectator"})).await.problem(403, "forbidden");
    viewer.get(&invites(&created.session)).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_link_to_watch_lets_in_any_number_and_a_seat_one() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let watch = invite(&host, &created.session, json!({"role": "spectator"})).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let joined: Joined = guest(&world, &watch).post("/api/v1/invite/viewers", Value::Null).await.is(201);
        assert_eq!((joined.viewer.role, joined.viewer.slot), (Role::Spectator, None));
        assert!(!seen.contains(&joined.viewer.id));
        seen.push(joined.viewer.id);
    }
    let play = invite(&host, &created.session, json!({"role": "player", "slot": 1})).await;
    world.node.answers(|request| matches!(request, Request::Seats { .. }).then(|| Reply::Seats { taken: vec![0, 1] }));
    assert!(guest(&world, &play).get("/api/v1/invite").await.is::<Invitation>(200).taken);
    let problem = guest(&world, &play).post("/api/v1/invite/viewers", Value::Null).await.problem(409, "seatTaken");
    assert_eq!(problem.detail, "somebody plays as player 2 already");
    guest(&world, &watch).post("/api/v1/invite/viewers", Value::Null).await.is::<Joined>(201);
}

#[tokio::test]
async fn what_is_no_link_or_none_any_more_says_so() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let elsewhere = world.elsewhere(true);
    for (method, path) in
        [("GET", "/api/v1/invite"), ("GET", "/api/v1/invite/cover"), ("POST", "/api/v1/invite/viewers")]
    {
        let send = async |client: Client| client.send(method, path, axum::body::Body::empty()).await;
        send(elsewhere.clone()).await.problem(401, "badToken");
        send(elsewhere.bearer("wrong")).await.problem(404, "notFound");
        send(elsewhere.bearer(created.viewer.token.reveal())).await.problem(404, "notFound");

        let link = invite(&host, &created.session, json!({"role": "spectator"})).await;
        let token = link.token.reveal();
        host.delete(&format!("{}/{}", invites(&created.session), link.invite.id)).await;
        let problem = send(elsewhere.bearer(token)).await.problem(410, "inviteRevoked");
        assert!(problem.detail.contains("taken back"), "{}", problem.detail);

        let late = InviteRow {
            id: playfield_core::id::InviteId::from_entropy(entropy(path)),
            session: created.session.id.clone(),
            role: Role::Spectator,
            slot: None,
            may: None,
            created_ms: 1,
            expires_ms: Some(2),
            uses: None,
            used: 0,
            stay_s: None,
            revoked: false,
        };
        assert!(world.db.insert_invite(late, Sha256::digest(path).into(), 9).await.unwrap());
        let problem = send(elsewhere.bearer(path)).await.problem(410, "inviteExpired");
        assert!(problem.detail.contains("ask whoever invited you"), "{}", problem.detail);
    }
    let link = invite(&host, &created.session, json!({"role": "spectator"})).await;
    world.db.set_session_state(created.session.id.clone(), SessionState::Terminated, None, None, 1).await.unwrap();
    guest(&world, &link).get("/api/v1/invite").await.problem(409, "sessionEnded");
    guest(&world, &link).post("/api/v1/invite/viewers", Value::Null).await.problem(409, "sessionEnded");
    host.post(&invites(&created.session), json!({"role": "spectator"})).await.problem(409, "sessionEnded");
    assert_eq!(host.get(&invites(&created.session)).await.is::<Invites>(200).invites, []);
}

fn entropy(text: &str) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(text).into();
    std::array::from_fn(|at| hash[at])
}

#[tokio::test]
async fn a_link_that_makes_no_sense_is_not_made() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    for (wanted, status, kind, says) in [
        (json!({"role": "host"}), 400, "malformed", "`player` or `spectator`"),
        (json!({"role": "spectator", "may": ["play"]}), 400, "malformed", "a `spectator` may do nothing"),
        (json!({"role": "player", "may": ["fly"]}), 400, "malformed", "unknown variant `fly`"),
        (json!({"role": "spectator", "uses": 0}), 400, "malformed", "1 to 1000"),
        (json!({"role": "spectator", "stay_s": 5}), 400, "malformed", "60 to 86400"),
        (json!({"role": "player", "slot": 2}), 400, "malformed", "`slot` must be 0 to 1"),
        (json!({"role": "player", "slot": 0}), 409, "seatTaken", "player 1 already"),
        (json!({"role": "spectator", "slot": 1}), 400, "malformed", "has no `slot`"),
        (json!({"role": "spectator", "expires_s": 59}), 400, "malformed", "60 to 86400"),
        (json!({"role": "spectator", "expires_s": 86401}), 400, "malformed", "60 to 86400"),
        (json!({"role": "king"}), 400, "malformed", "unknown variant `king`"),
        (json!({"role": "spectator", "colour": 1}), 400, "malformed", "unknown field `colour`"),
    ] {
        let problem = host.post(&invites(&created.session), wanted).await.problem(status, kind);
        assert!(problem.detail.contains(says), "{}", problem.detail);
    }
    for _ in 0..32 {
        invite(&host, &created.session, json!({"role": "spectator"})).await;
    }
    let problem =
        host.post(&invites(&created.session), json!({"role": "spectator"})).await.problem(429, "limitReached");
    assert!(problem.detail.contains("32 links"), "{}", problem.detail);
}

#[tokio::test]
async fn links_are_listed_without_their_secrets_and_taken_back() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let link = invite(&host, &created.session, json!({"role": "spectator", "expires_s": 60})).await;
    let listed = host.get(&invites(&created.session)).await;
    assert_eq!(listed.is::<Invites>(200).invites, std::slice::from_ref(&link.invite));
    assert!(!listed.text().contains(link.token.reveal()));
    let path = format!("{}/{}", invites(&created.session), link.invite.id);
    let (other, stranger) = hosted(&world).await;
    stranger.delete(&path).await.problem(403, "forbidden");
    stranger.delete(&format!("{}/{}", invites(&other.session), link.invite.id)).await.problem(404, "notFound");
    assert_eq!(host.delete(&path).await.status, 204);
    host.delete(&path).await.problem(404, "notFound");
    assert_eq!(world.here().get(&invites(&created.session)).await.is::<Invites>(200).invites, []);
    for file in std::fs::read_dir(world.folder.path("data")).unwrap().flatten().filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(
            !bytes.windows(link.token.reveal().len()).any(|part| part == link.token.reveal().as_bytes()),
            "{file:?}"
        );
    }
}

#[tokio::test]
async fn a_link_is_made_and_used_once_for_each_key() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let (other, other_host) = hosted(&world).await;
    let wanted = json!({"role": "spectator"});
    let once = host.with("idempotency-key", "k");
    let link = invite(&once, &created.session, wanted.clone()).await;
    assert_eq!(invite(&once, &created.session, wanted.clone()).await, link, "the same answer, secret and all");
    once.post(&invites(&created.session), json!({"role": "player", "slot": 1})).await.problem(409, "keyReused");
    let elsewhere = other_host.with("idempotency-key", "k");
    elsewhere.post(&invites(&other.session), wanted).await.problem(409, "keyReused");
    assert_eq!(
        host.get(&invites(&created.session)).await.is::<Invites>(200).invites,
        std::slice::from_ref(&link.invite)
    );

    let guest = guest(&world, &link).with("idempotency-key", "g");
    let joined: Joined = guest.post("/api/v1/invite/viewers", Value::Null).await.is(201);
    assert_eq!(guest.post("/api/v1/invite/viewers", Value::Null).await.is::<Joined>(201), joined);
    let path = format!("/api/v1/sessions/{}", created.session.id);
    world.elsewhere(true).bearer(joined.viewer.token.reveal()).get(&path).await.is::<Session>(200);
    let another: Joined = guest.with("idempotency-key", "h").post("/api/v1/invite/viewers", Value::Null).await.is(201);
    assert_ne!(another.viewer.id, joined.viewer.id);
}

#[tokio::test]
async fn a_guest_sees_the_cover_without_a_sign_in() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let link = invite(&host, &created.session, json!({"role": "spectator"})).await;
    let reply = guest(&world, &link).get("/api/v1/invite/cover").await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "image/png"));
    guest(&world, &link).get("/api/v1/titles").await.problem(401, "badToken");
}

#[tokio::test]
async fn a_viewer_leaves_for_good_and_only_itself() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let link = invite(&host, &created.session, json!({"role": "spectator"})).await;
    let joined: Joined = guest(&world, &link).post("/api/v1/invite/viewers", Value::Null).await.is(201);
    let viewers = format!("/api/v1/sessions/{}/viewers", created.session.id);
    let viewer = world.here().bearer(joined.viewer.token.reveal());
    viewer.delete(&format!("{viewers}/{}", created.viewer.id)).await.problem(403, "forbidden");
    let own = format!("{viewers}/{}", joined.viewer.id);
    assert_eq!(viewer.delete(&own).await.status, 204);
    let leave = Request::Leave { session: created.session.id.clone(), viewer: joined.viewer.id };
    assert_eq!(world.node.asked().pop(), Some(leave));
    viewer.delete(&own).await.problem(401, "badToken");
    assert_eq!(host.delete(&format!("{viewers}/{}", created.viewer.id)).await.status, 204);
}

#[tokio::test]
async fn one_address_cannot_fill_a_session_with_guests() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let link = invite(&host, &created.session, json!({"role": "spectator"})).await;
    let join = async |from: &str| guest(&world, &link).from(from).post("/api/v1/invite/viewers", Value::Null).await;
    let friend: Joined = join("198.51.100.1").await.is(201);
    let mut crowd: Vec<Joined> = Vec::new();
    for _ in 0..40 {
        crowd.push(join("203.0.113.9").await.is(201));
    }
    let path = format!("/api/v1/sessions/{}", created.session.id);
    let status = async |viewer: &Joined| {
        let client = world.elsewhere(true).bearer(viewer.viewer.token.reveal());
        client.get(&path).await.status.as_u16()
    };
    assert_eq!((status(&crowd[7]).await, status(&crowd[8]).await, status(&crowd[39]).await), (401, 200, 200));
    assert_eq!((status(&friend).await, host.get(&path).await.status.as_u16()), (200, 200));
}

#[tokio::test]
async fn who_hangs_up_while_joining_finds_the_answer_when_coming_again() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let link = invite(&host, &created.session, json!({"role": "player", "slot": 1})).await;
    let guest = guest(&world, &link).with("idempotency-key", "once");
    let asked = world.node.asked().len();
    let under_way = async {
        while world.node.asked().len() == asked {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = under_way => {}
        _ = guest.post("/api/v1/invite/viewers", Value::Null) => panic!("it was to be cut short"),
    }
    for _ in 0..100_000 {
        let reply = guest.post("/api/v1/invite/viewers", Value::Null).await;
        if reply.status != 409 {
            return drop(reply.is::<Joined>(201));
        }
    }
    panic!("the key is taken for good");
}

#[tokio::test]
async fn a_link_for_any_seat_is_good_for_so_many() {
    let world = world().await;
    let (created, host) = hosted(&world).await;
    let wanted = json!({"role": "player", "uses": 1, "expires_s": 0, "stay_s": 600, "may": ["play"]});
    let link = invite(&host, &created.session, wanted).await;
    let Invite { slot, expires_ms, uses, used, stay_s, may, .. } = link.invite.clone();
    let play = Permissions::NONE.with(Permission::Play);
    assert_eq!((slot, expires_ms, uses, used, stay_s, may), (None, None, Some(1), 0, Some(600), Some(play)));
    assert!(!guest(&world, &link).get("/api/v1/invite").await.is::<Invitation>(200).taken);

    let name = json!({"name": " Ada\u{202e} <b> "});
    let joined: Joined = guest(&world, &link).post("/api/v1/invite/viewers", name).await.is(201);
    assert_eq!((joined.viewer.role, joined.viewer.slot), (Role::Player, None));
    let viewer = world.elsewhere(true).bearer(joined.viewer.token.reveal());
    let path = format!("/api/v1/sessions/{}/connections", created.session.id);
    viewer.post(&path, json!({"offer": "v=0"})).await.is::<Value>(200);
    let Some(Request::Attach { attach, .. }) = world.node.asked().pop() else { panic!("the node was not asked") };
    let Person { name, number, may, expires_ms, .. } = attach.person;
    assert_eq!((name.as_deref(), number, may), (Some("Ada <b>"), 2, Some(play)));
    let stays_s = (expires_ms.unwrap() - created.session.created_ms) / 1000;
    assert!((600..660).contains(&stays_s), "{stays_s}");

    for reply in [
        guest(&world, &link).get("/api/v1/invite").await,
        guest(&world, &link).post("/api/v1/invite/viewers", Value::Null).await,
    ] {
        let problem = reply.problem(410, "inviteUsed");
        assert!(problem.detail.starts_with("it was good for one person, and was used"), "{}", problem.detail);
    }
    assert_eq!(host.get(&invites(&created.session)).await.is::<Invites>(200).invites, []);

    let full = invite(&host, &created.session, json!({"role": "player"})).await;
    world.node.answers(|request| matches!(request, Request::Seats { .. }).then(|| Reply::Seats { taken: vec![0, 1] }));
    assert!(guest(&world, &full).get("/api/v1/invite").await.is::<Invitation>(200).taken);
    guest(&world, &full).post("/api/v1/invite/viewers", Value::Null).await.problem(409, "seatTaken");
}
