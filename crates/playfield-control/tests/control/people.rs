//! Who is in a session: seen, changed and removed through the API.

use playfield_core::api::{
    ChangeViewer, CreatedSession, Invitation, Joined, LinkQuality, Participant, Participants, Role,
};
use playfield_core::bus::{Event, Reply, Request};
use playfield_core::id::ViewerId;
use playfield_core::people::{Person, Roster};
use playfield_core::permission::Permissions;
use serde_json::{Value, json};

use crate::events::tell;
use crate::world::{Client, World};

/// A session with its host and a spectator who came by a link.
struct Party {
    world: World,
    created: CreatedSession,
    joined: Joined,
    link: Client,
    host: Client,
    guest: Client,
    path: String,
}

async fn party() -> Party {
    let world = World::new().await;
    let created = world.create().await;
    let path = format!("/api/v1/sessions/{}", created.session.id);
    let host = world.here().bearer(created.viewer.token.reveal());
    let link: Value = host.post(&format!("{path}/invites"), json!({"role": "spectator"})).await.is(201);
    let link = world.elsewhere(true).bearer(link["token"].as_str().unwrap());
    let joined: Joined = link.post("/api/v1/invite/viewers", Value::Null).await.is(201);
    let guest = world.elsewhere(true).bearer(joined.viewer.token.reveal());
    Party { world, created, joined, link, host, guest, path }
}

impl Party {
    fn viewer(&self, id: &ViewerId) -> String {
        format!("{}/viewers/{id}", self.path)
    }

    fn guests_path(&self) -> String {
        self.viewer(&self.joined.viewer.id)
    }

    /// The worker says who is in now, in answer to a change.
    fn worker_says(&self, revision: u64, people: Vec<Person>) {
        let roster = Roster { revision, people, removed: Vec::new() };
        self.world.node.answers(move |request| {
            matches!(request, Request::Change { .. } | Request::Remove { .. })
                .then(|| Reply::Changed { roster: roster.clone() })
        });
    }
}

#[tokio::test]
async fn the_host_changes_people_and_nobody_else_does() {
    let party = party().await;
    let wanted = json!({"role": "player", "slot": 1, "may": ["play"]});
    assert_eq!(party.host.patch(&party.guests_path(), wanted.clone()).await.status, 204);
    let Some(Request::Change { session, viewer, change }) = party.world.node.asked().pop() else { panic!("not asked") };
    assert_eq!((session, viewer), (party.created.session.id.clone(), party.joined.viewer.id.clone()));
    let may = change.may.map(Permissions::bits);
    assert_eq!((change.role, change.slot, may, change.name), (Some(Role::Player), Some(1), Some(1), None));
    assert_eq!(party.world.here().patch(&party.guests_path(), wanted.clone()).await.status, 204, "the operator may");

    let asked = party.world.node.asked().len();
    party.guest.patch(&party.guests_path(), wanted.clone()).await.problem(403, "forbidden");
    party.guest.patch(&party.viewer(&party.created.viewer.id), json!({"name": "x"})).await.problem(403, "forbidden");
    party.guest.patch(&party.guests_path(), json!({"name": "x", "role": "host"})).await.problem(403, "forbidden");
    party.world.elsewhere(true).patch(&party.guests_path(), wanted.clone()).await.problem(401, "signInRequired");
    let other = party.world.create().await;
    let stranger = party.world.here().bearer(other.viewer.token.reveal());
    stranger.patch(&party.guests_path(), wanted).await.problem(403, "forbidden");
    party.host.patch(&party.guests_path(), json!({"role": "king"})).await.problem(400, "malformed");
    party.host.patch(&party.guests_path(), json!({"rank": 1})).await.problem(400, "malformed");
    party
        .host
        .patch(&party.viewer(&party.joined.viewer.id).replace("vwr", "xyz"), json!({}))
        .await
        .problem(404, "notFound");
    assert_eq!(party.world.node.asked().len(), asked + 1, "of all these only a new session");

    assert_eq!(party.guest.patch(&party.guests_path(), json!({"name": "Ada"})).await.status, 204);
    let Some(Request::Change { change, .. }) = party.world.node.asked().pop() else { panic!("not asked") };
    assert_eq!(change, ChangeViewer { name: Some("Ada".to_owned()), ..ChangeViewer::default() });
}

#[tokio::test]
async fn what_the_worker_does_not_do_is_said() {
    let party = party().await;
    for (unknown, status, kind) in [(true, 404, "notFound"), (false, 400, "malformed")] {
        party.world.node.answers(move |request| {
            let detail = "that makes no sense".to_owned();
            matches!(request, Request::Change { .. }).then_some(Reply::NotChanged { detail, unknown })
        });
        let problem = party.host.patch(&party.guests_path(), json!({"role": "host"})).await.problem(status, kind);
        assert_eq!(problem.detail, "that makes no sense");
    }
}

#[tokio::test]
async fn roles_are_those_that_the_worker_says() {
    let party = party().await;
    let person = |viewer: &ViewerId, role| Person::new(viewer.clone(), role, None);
    let (host, guest) = (&party.created.viewer.id.clone(), &party.joined.viewer.id.clone());
    party.worker_says(7, vec![person(host, Role::Player), person(guest, Role::Host)]);
    let invites = format!("{}/invites", party.path);
    party.guest.get(&invites).await.problem(403, "forbidden");
    assert_eq!(party.host.patch(&party.guests_path(), json!({"role": "host"})).await.status, 204);
    assert_eq!(party.guest.get(&invites).await.status, 200);
    party.host.get(&invites).await.problem(403, "forbidden");
    // What a worker says by itself counts too, unless something newer is known.
    let people = vec![person(host, Role::Host), person(guest, Role::Spectator)];
    let Party { mut world, created, .. } = party;
    for (revision, status) in [(6, 403), (8, 200)] {
        let roster = Roster { revision, people: people.clone(), removed: Vec::new() };
        world = tell(world, vec![Event::People { session: created.session.id.clone(), roster }]).await;
        let host = world.here().bearer(created.viewer.token.reveal());
        assert_eq!(host.get(&invites).await.status, status);
    }
}

#[tokio::test]
async fn whoever_was_removed_is_out_and_so_is_the_link() {
    let party = party().await;
    party.guest.delete(&party.viewer(&party.created.viewer.id)).await.problem(403, "forbidden");
    assert_eq!(party.host.delete(&party.guests_path()).await.status, 204);
    let removed = Request::Remove { session: party.created.session.id.clone(), viewer: party.joined.viewer.id.clone() };
    assert_eq!(party.world.node.asked().pop(), Some(removed));
    for reply in [
        party.guest.get(&party.path).await,
        party.guest.post(&format!("{}/connections", party.path), json!({"offer": "v=0"})).await,
        party.guest.delete(&party.guests_path()).await,
    ] {
        let problem = reply.problem(410, "removed");
        assert_eq!(problem.detail, "The host removed you from the session.");
    }
    party.link.post("/api/v1/invite/viewers", Value::Null).await.problem(410, "inviteRevoked");
    assert_eq!(party.host.delete(&party.guests_path()).await.status, 204, "once more changes nothing");
    party.host.delete(&party.viewer(&ViewerId::from_entropy([31; 16]))).await.problem(404, "notFound");
}

#[tokio::test]
async fn a_link_that_somebody_left_by_is_good_still() {
    let party = party().await;
    assert_eq!(party.guest.delete(&party.guests_path()).await.status, 204);
    party.link.get("/api/v1/invite").await.is::<Invitation>(200);
}

#[tokio::test]
async fn everybody_sees_who_is_in_and_the_host_more() {
    let party = party().await;
    let someone = Participant {
        id: party.joined.viewer.id.clone(),
        name: "Guest 2".to_owned(),
        role: Role::Spectator,
        seats: Vec::new(),
        away: false,
        may: Some(Permissions::NONE),
        link: Some(LinkQuality::Good),
        expires_ms: Some(5),
    };
    let answer = someone.clone();
    party.world.node.answers(move |request| {
        matches!(request, Request::People { .. }).then(|| Reply::People { people: vec![answer.clone()] })
    });
    let path = format!("{}/people", party.path);
    for client in [&party.host, &party.world.here()] {
        assert_eq!(client.get(&path).await.is::<Participants>(200).people, std::slice::from_ref(&someone));
    }
    let short = Participant { may: None, link: None, expires_ms: None, ..someone };
    assert_eq!(party.guest.get(&path).await.is::<Participants>(200).people, [short]);
    let other = party.world.create().await;
    party.world.here().bearer(other.viewer.token.reveal()).get(&path).await.problem(403, "forbidden");
}
