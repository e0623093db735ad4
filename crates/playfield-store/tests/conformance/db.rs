//! The suite for databases.

use playfield_core::api::{EndReason, Role, SessionState};
use playfield_core::id::{CameraLinkId, DeviceId, GrantId, InviteId, NodeId, SessionId, ViewerId};
use playfield_core::people::{Person, Roster};
use playfield_core::permission::{Permission, Permissions};
use playfield_core::receipt::{MOST_PARTS, Made, Part};
use playfield_store::blob::BlobId;
use playfield_store::db::{
    Admission, Begun, CameraLinkRow, Caps, Db, DbError, DeviceCount, DeviceEventRow, DeviceRow, Entry, GrantRow,
    Guests, InviteRow, NewDeviceEvent, NewSession, Put, PutState, StateRow, ViewerRow,
};

use crate::folder::Folder;
use crate::mqtt::*;

mod datasets;
mod rules;

use datasets::*;
use rules::*;

macro_rules! suite {
    ($engine:ident, $open:expr, [$($name:ident),* $(,)?]) => {
        mod $engine {
            use super::*;

            $(
                #[tokio::test]
                async fn $name() {
                    let folder = Folder::new();
                    super::$name($open(&folder).await).await;
                }
            )*
            #[tokio::test]
            async fn what_was_written_is_there_after_opening_again() {
                let folder = Folder::new();
                let first = $open(&folder).await;
                first.keep("name", b"value".to_vec()).await.unwrap();
                drop(first);
                assert_eq!($open(&folder).await.kept("name").await.unwrap().unwrap(), b"value");
            }
        }
    };
}

async fn open_sqlite(folder: &Folder) -> Db {
    Db::open(&folder.path().join("data/playfield.db")).await.unwrap()
}

suite!(
    sqlite,
    open_sqlite,
    [
        a_session_is_written_and_read_back,
        a_device_is_changed_by_who_knows_its_version,
        what_a_device_told_is_numbered_counted_and_forgotten,
        what_nobody_looked_at_is_counted_before_it_is_forgotten,
        leave_to_look_ends_once_and_stays_on_record,
        pictures_are_kept_while_leave_is_given_and_room_is_left,
        files_that_an_app_uploads_are_kept_in_one_dataset_at_a_time,
        what_is_full_of_files_takes_no_more_and_its_pictures_go_on,
        a_dataset_that_is_removed_lets_go_of_its_pictures_and_leaves_its_grant,
        links_of_cameras_are_found_by_their_secrets_and_stay_on_record,
        a_rule_is_changed_by_who_knows_its_version,
        what_rules_do_is_written_down_with_how_far_they_read,
        of_one_destination_two_are_due_at_once,
        of_too_many_that_wait_the_oldest_are_given_up,
        what_is_over_is_forgotten_and_what_waits_is_not,
        a_rule_that_is_removed_does_nothing_more,
        when_a_rule_fired_last_is_known_for_each_camera,
        a_session_that_ended_stays_ended,
        the_last_place_is_taken_once,
        a_node_has_a_limit_of_its_own,
        sessions_left_open_are_closed_with_a_sentence,
        the_newest_sessions_come_first,
        a_viewer_is_found_by_its_token_only,
        the_viewer_a_client_came_with_first_makes_room_whatever_the_clock_says,
        a_link_is_found_by_its_secret_until_it_is_taken_back,
        links_go_with_their_session_and_old_ones_make_room,
        a_link_lets_in_as_many_as_it_may,
        who_was_removed_is_known_and_so_is_its_link,
        the_newest_word_of_people_counts,
        storage_belongs_to_a_profile_and_a_title,
        storage_has_a_quota_that_a_smaller_value_makes_room_in,
        a_state_has_a_slot_of_its_profile_and_title,
        states_have_a_quota_together,
        bytes_that_no_row_names_are_known,
        a_request_is_done_once_for_its_caller,
        of_very_many_answers_to_a_caller_the_newest_are_kept,
        a_cookie_is_good_until_it_expires_or_is_removed,
        receipts_go_with_their_session,
        receipts_are_bounded_and_the_newest_are_kept,
        it_says_whether_it_can_write,
        a_camera_is_found_by_what_it_proves,
        a_camera_that_was_revoked_is_known_and_proves_nothing,
        a_secret_makes_a_certificate_known_once,
        both_halves_of_a_twin_are_kept,
        states_of_a_camera_have_an_end,
        the_oldest_files_of_a_camera_make_room,
        modules_are_known_by_their_bytes,
    ]
);

const ROOMY: Caps = Caps { per_client: 100, per_node: 100 };

fn session(n: u8, client: &str) -> NewSession {
    NewSession {
        id: SessionId::from_entropy([n; 16]),
        title: "pong".to_owned(),
        module: "00".repeat(32),
        node: NodeId::from_entropy([0; 16]),
        client: client.to_owned(),
        profile: Some([9; 32]),
        storage_bytes: 1000,
        created_ms: 1000 + u64::from(n),
    }
}

fn host(n: u8) -> ViewerRow {
    ViewerRow::new(id(n), Person::new(ViewerId::from_entropy([n; 16]), Role::Host, Some(0)))
}

/// Somebody who came to the first session as its `number`th viewer.
fn spectator(n: u8, number: u32) -> ViewerRow {
    let person = Person { number, ..Person::new(ViewerId::from_entropy([n; 16]), Role::Spectator, None) };
    ViewerRow::new(id(1), person)
}

async fn add(db: &Db, n: u8, client: &str, caps: Caps) -> Admission {
    db.insert_session(session(n, client), host(n), [n; 32], caps).await.unwrap()
}

fn id(n: u8) -> SessionId {
    SessionId::from_entropy([n; 16])
}

async fn a_session_is_written_and_read_back(db: Db) {
    assert_eq!(add(&db, 1, "a", ROOMY).await, Admission::Admitted);
    let row = db.session(id(1)).await.unwrap().unwrap();
    assert_eq!((row.title.as_str(), row.state, row.created_ms), ("pong", SessionState::Activating, 1001));
    assert_eq!((row.profile, row.storage_bytes, row.ended_ms), (Some([9; 32]), 1000, None));
    assert_eq!(db.session(id(2)).await.unwrap(), None);
}

async fn a_session_that_ended_stays_ended(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    let set = |state, reason| db.set_session_state(id(1), state, reason, Some("why".to_owned()), 5000);
    assert!(set(SessionState::Connected, None).await.unwrap());
    assert!(db.count_resume(id(1)).await.unwrap());
    assert!(set(SessionState::Error, Some(EndReason::GuestTrap)).await.unwrap());
    assert!(!set(SessionState::Connected, None).await.unwrap());
    assert!(!db.count_resume(id(1)).await.unwrap() && !db.count_resume(id(2)).await.unwrap());
    let row = db.session(id(1)).await.unwrap().unwrap();
    assert_eq!((row.state, row.reason, row.ended_ms), (SessionState::Error, Some(EndReason::GuestTrap), Some(5000)));
    assert_eq!(row.resumes, 1);
    assert_eq!(row.detail.as_deref(), Some("why"));
    assert!(!db.set_session_state(id(2), SessionState::Active, None, None, 1).await.unwrap());
}

async fn the_last_place_is_taken_once(db: Db) {
    let caps = Caps { per_client: 3, per_node: 100 };
    let tries: Vec<_> = (0..8)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move { add(&db, n, "a", caps).await })
        })
        .collect();
    let mut admitted = 0;
    for one in tries {
        admitted += u32::from(one.await.unwrap() == Admission::Admitted);
    }
    assert_eq!((admitted, db.open_sessions_of("a".to_owned()).await.unwrap()), (3, 3));
    assert_eq!(add(&db, 9, "a", caps).await, Admission::ClientFull);
    assert_eq!(add(&db, 9, "b", caps).await, Admission::Admitted);
}

async fn a_node_has_a_limit_of_its_own(db: Db) {
    let caps = Caps { per_client: 1, per_node: 2 };
    for (n, client, expect) in
        [(1, "a", Admission::Admitted), (2, "b", Admission::Admitted), (3, "c", Admission::NodeFull)]
    {
        assert_eq!(add(&db, n, client, caps).await, expect);
    }
    db.set_session_state(id(1), SessionState::Terminated, None, None, 1).await.unwrap();
    assert_eq!(add(&db, 3, "c", caps).await, Admission::Admitted, "an end makes room");
    assert_eq!(db.open_sessions().await.unwrap()["activating"], 2);
}

async fn sessions_left_open_are_closed_with_a_sentence(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    add(&db, 2, "a", ROOMY).await;
    db.set_session_state(id(2), SessionState::Terminated, Some(EndReason::IdleTimeout), None, 1).await.unwrap();
    db.begin_request("a".to_owned(), [1; 32], [2; 32], 1).await.unwrap();
    assert_eq!(db.close_orphans("The node stopped.".to_owned(), 7000).await.unwrap(), 1);
    let row = db.session(id(1)).await.unwrap().unwrap();
    assert_eq!((row.state, row.reason), (SessionState::Terminated, Some(EndReason::InternalError)));
    assert_eq!((row.detail.as_deref(), row.ended_ms), (Some("The node stopped."), Some(7000)));
    assert_eq!(db.session(id(2)).await.unwrap().unwrap().reason, Some(EndReason::IdleTimeout));
    assert_eq!(db.begin_request("a".to_owned(), [1; 32], [2; 32], 1).await.unwrap(), Begun::New);
}

async fn the_newest_sessions_come_first(db: Db) {
    for n in [2, 3, 1] {
        add(&db, n, "a", ROOMY).await;
    }
    let ids: Vec<_> = db.recent_sessions(2).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(ids, [id(3), id(2)]);
}

async fn a_viewer_is_found_by_its_token_only(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    assert_eq!(db.viewer_by_token([1; 32]).await.unwrap(), Some(host(1)));
    assert_eq!(db.viewer_by_token([2; 32]).await.unwrap(), None);
    let second = spectator(5, 2);
    let add = async |viewer, token, client: &str, now| {
        let most = Guests { of_session: 2, of_client: 1 };
        db.insert_viewer(viewer, [token; 32], client.to_owned(), now, most).await
    };
    assert_eq!(add(second.clone(), 5, "a", 1).await.unwrap(), Entry::In(2));
    assert_eq!(db.viewer_by_token([5; 32]).await.unwrap(), Some(second.clone()));
    assert!(add(host(7), 7, "a", 1).await.is_err(), "a viewer needs a session");
    let third = spectator(6, 0);
    assert_eq!(add(third.clone(), 6, "b", 2).await.unwrap(), Entry::Full, "two are all it may have");
    let instead = add(third.clone(), 6, "a", 2).await.unwrap();
    assert_eq!(instead, Entry::In(2), "it is in the place of the one its client came with before");
    assert_eq!(db.viewer_by_token([5; 32]).await.unwrap(), None);
    assert_eq!(db.viewer_by_token([1; 32]).await.unwrap(), Some(host(1)), "the host came by no link");
    assert_eq!(add(second.clone(), 5, "a", 3).await.unwrap(), Entry::In(2));
    db.remove_viewer(second.person.viewer).await.unwrap();
    assert_eq!(db.viewer_by_token([5; 32]).await.unwrap(), None);
    assert_eq!(add(third, 6, "b", 4).await.unwrap(), Entry::In(2));
}

async fn the_viewer_a_client_came_with_first_makes_room_whatever_the_clock_says(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    let most = Guests { of_session: 9, of_client: 2 };
    let came = [(9, 50), (7, 50), (8, 50), (5, 20), (6, 20)];
    for (n, now_ms) in came {
        let entry = db.insert_viewer(spectator(n, 0), [n; 32], "b".to_owned(), now_ms, most).await.unwrap();
        assert!(matches!(entry, Entry::In(_)));
    }
    let mut known = Vec::new();
    for (n, _) in came {
        known.push(db.viewer_by_token([n; 32]).await.unwrap().is_some());
    }
    assert_eq!(known, [false, false, false, true, true]);
}

fn invite(n: u8, created_ms: u64, expires_ms: u64) -> InviteRow {
    let session = id(1);
    InviteRow {
        id: InviteId::from_entropy([n; 16]),
        session,
        role: Role::Player,
        slot: Some(1),
        may: None,
        created_ms,
        expires_ms: Some(expires_ms),
        uses: None,
        used: 0,
        stay_s: None,
        revoked: false,
    }
}

async fn a_link_lets_in_as_many_as_it_may(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    let may = Some(Permissions::SEAT.with(Permission::Settings));
    let twice = InviteRow { uses: Some(2), may, stay_s: Some(60), expires_ms: None, ..invite(1, 10, 0) };
    assert!(db.insert_invite(twice.clone(), [1; 32], 9).await.unwrap());
    assert_eq!(db.invite_by_token([1; 32]).await.unwrap(), Some(twice.clone()));
    let most = Guests { of_session: 20, of_client: 20 };
    let tries: Vec<_> = (10..18)
        .map(|n| {
            let (db, invite) = (db.clone(), Some(twice.id.clone()));
            let row = ViewerRow { invite, ..spectator(n, 0) };
            tokio::spawn(async move { db.insert_viewer(row, [n; 32], "b".to_owned(), 1, most).await.unwrap() })
        })
        .collect();
    let mut entries = Vec::new();
    for one in tries {
        entries.push(one.await.unwrap());
    }
    let count = |wanted: fn(&Entry) -> bool| entries.iter().filter(|entry| wanted(entry)).count();
    assert_eq!((count(|e| matches!(e, Entry::In(_))), count(|e| *e == Entry::UsedUp)), (2, 6));
    assert_eq!(db.invite_by_token([1; 32]).await.unwrap().unwrap().used, 2);
    assert_eq!(db.invites(id(1), 20).await.unwrap(), [], "it lets nobody in any more");
}

async fn who_was_removed_is_known_and_so_is_its_link(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    let link = invite(1, 10, 100);
    assert!(db.insert_invite(link.clone(), [1; 32], 9).await.unwrap());
    let row = ViewerRow { invite: Some(link.id), ..spectator(5, 0) };
    let most = Guests { of_session: 20, of_client: 20 };
    db.insert_viewer(row.clone(), [5; 32], "b".to_owned(), 1, most).await.unwrap();
    let viewer = row.person.viewer.clone();
    assert!(!db.dismiss_viewer(id(2), viewer.clone(), 20).await.unwrap(), "it is of another session");
    assert!(!db.invite_by_token([1; 32]).await.unwrap().unwrap().revoked);
    assert!(db.dismiss_viewer(id(1), viewer.clone(), 20).await.unwrap());
    assert!(db.dismiss_viewer(id(1), viewer, 30).await.unwrap(), "once more changes nothing");
    assert!(db.viewer_by_token([5; 32]).await.unwrap().unwrap().removed);
    assert!(db.invite_by_token([1; 32]).await.unwrap().unwrap().revoked);
    let late = ViewerRow { person: spectator(6, 0).person, ..row };
    assert_eq!(db.insert_viewer(late, [6; 32], "b".to_owned(), 2, most).await.unwrap(), Entry::UsedUp);
}

async fn the_newest_word_of_people_counts(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    let most = Guests { of_session: 20, of_client: 20 };
    db.insert_viewer(spectator(5, 0), [5; 32], "b".to_owned(), 1, most).await.unwrap();
    let may = Some(Permissions::NONE.with(Permission::Play));
    let guest = Person { role: Role::Player, slot: Some(1), may, name: Some("Ada".into()), ..spectator(5, 2).person };
    let put = async |revision, people: &[Person]| {
        db.put_roster(id(1), Roster { revision, people: people.to_vec(), removed: vec![] }).await.unwrap();
    };
    let person = async |n: u8| db.viewer_by_token([n; 32]).await.unwrap().unwrap().person;
    put(2, std::slice::from_ref(&guest)).await;
    assert_eq!((person(5).await, person(1).await), (guest.clone(), host(1).person));
    put(1, &[Person { slot: None, ..guest.clone() }]).await;
    assert_eq!(person(5).await, guest, "an older word comes late");
    put(3, &[Person { role: Role::Host, may: None, ..guest.clone() }]).await;
    assert_eq!((person(5).await.role, person(1).await.role), (Role::Host, Role::Player), "there is one host");
}

async fn a_link_is_found_by_its_secret_until_it_is_taken_back(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    add(&db, 2, "a", ROOMY).await;
    let (player, watch) = (invite(1, 10, 100), InviteRow { role: Role::Spectator, slot: None, ..invite(2, 20, 50) });
    assert!(db.insert_invite(player.clone(), [1; 32], 2).await.unwrap());
    assert!(db.insert_invite(watch.clone(), [2; 32], 2).await.unwrap());
    assert!(!db.insert_invite(invite(3, 30, 100), [3; 32], 2).await.unwrap(), "two are good, all it may have");
    assert_eq!(db.invite_by_token([1; 32]).await.unwrap(), Some(player.clone()));
    assert_eq!(db.invite_by_token([3; 32]).await.unwrap(), None);
    assert_eq!(db.invites(id(1), 30).await.unwrap(), [watch.clone(), player.clone()]);
    assert_eq!(db.invites(id(1), 50).await.unwrap(), std::slice::from_ref(&player));
    assert_eq!(db.invite_by_token([2; 32]).await.unwrap(), Some(watch), "who comes too late is told so");
    assert!(db.insert_invite(invite(3, 50, 100), [3; 32], 2).await.unwrap(), "one whose time is over makes room");
    assert!(!db.revoke_invite(id(2), player.id.clone(), 60).await.unwrap(), "it is another session's");
    assert!(db.revoke_invite(id(1), player.id.clone(), 60).await.unwrap());
    assert!(!db.revoke_invite(id(1), player.id.clone(), 61).await.unwrap());
    assert!(db.invite_by_token([1; 32]).await.unwrap().unwrap().revoked, "who comes then is told so");
    assert!(!db.invites(id(1), 60).await.unwrap().iter().any(|row| row.id == player.id));
}

async fn links_go_with_their_session_and_old_ones_make_room(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    for n in 0..100 {
        let row = InviteRow {
            id: InviteId::from_entropy([n % 32, n / 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ..invite(0, n.into(), u64::from(n) + 1)
        };
        assert!(db.insert_invite(row, [n; 32], 1).await.unwrap());
    }
    assert_eq!(db.invite_by_token([10; 32]).await.unwrap(), None);
    assert!(db.invite_by_token([90; 32]).await.unwrap().is_some());
    db.set_session_state(id(1), SessionState::Terminated, None, None, 1).await.unwrap();
    db.forget_sessions(2).await.unwrap();
    assert_eq!(db.invite_by_token([90; 32]).await.unwrap(), None);
}

async fn storage_belongs_to_a_profile_and_a_title(db: Db) {
    let put = |profile: u8, title: &str, key: &str, value: &[u8]| {
        db.put_storage([profile; 32], title.to_owned(), key.to_owned(), value.to_vec(), 100)
    };
    for (profile, title, key, value) in
        [(1, "pong", "a", "1"), (1, "pong", "b", "2"), (1, "race", "a", "3"), (2, "pong", "a", "4")]
    {
        assert_eq!(put(profile, title, key, value.as_bytes()).await.unwrap(), Put::Stored);
    }
    db.remove_storage([1; 32], "pong".to_owned(), "b".to_owned()).await.unwrap();
    let get = async |profile: u8, title: &str| db.storage([profile; 32], title.to_owned()).await.unwrap();
    assert_eq!(get(1, "pong").await, [("a".to_owned(), b"1".to_vec())].into());
    assert_eq!(get(1, "race").await["a"], b"3");
    assert_eq!(get(2, "pong").await["a"], b"4");
    assert!(get(3, "pong").await.is_empty());
}

async fn storage_has_a_quota_that_a_smaller_value_makes_room_in(db: Db) {
    let put = |key: &str, bytes: usize| db.put_storage([1; 32], "pong".to_owned(), key.to_owned(), vec![0; bytes], 10);
    assert_eq!(put("é", 8).await.unwrap(), Put::Stored, "2 bytes of key and 8 of value");
    assert_eq!(put("a", 0).await.unwrap(), Put::Full);
    assert_eq!(put("é", 4).await.unwrap(), Put::Stored, "a value is replaced, not added");
    assert_eq!(put("a", 3).await.unwrap(), Put::Stored);
    assert_eq!(put("a", 4).await.unwrap(), Put::Full);
    assert_eq!(db.storage([1; 32], "pong".to_owned()).await.unwrap()["a"].len(), 3, "a refusal changes nothing");
}

fn state(slot: u8, bytes: &[u8]) -> StateRow {
    StateRow {
        slot,
        module: "module".to_owned(),
        maker: "core".to_owned(),
        blob: BlobId::of(bytes),
        bytes: bytes.len() as u64,
        tick: 1 << 40,
        tick_hz: 60,
        picture: b"png".to_vec(),
        saved_ms: 5,
    }
}

async fn a_state_has_a_slot_of_its_profile_and_title(db: Db) {
    let put = async |profile, title: &str, row| db.put_state([profile; 32], title.to_owned(), row, 100).await.unwrap();
    let of = async |profile, title: &str| db.states([profile; 32], title.to_owned()).await.unwrap();
    assert_eq!(put(1, "pong", state(3, b"a")).await, PutState::Stored { before: None });
    assert_eq!(put(1, "pong", state(0, b"b")).await, PutState::Stored { before: None });
    assert_eq!(put(2, "pong", state(0, b"c")).await, PutState::Stored { before: None });
    assert_eq!(put(1, "chess", state(0, b"d")).await, PutState::Stored { before: None });
    assert_eq!(of(1, "pong").await, [state(0, b"b"), state(3, b"a")]);
    let before = Some(BlobId::of(b"b"));
    assert_eq!(put(1, "pong", state(0, b"e")).await, PutState::Stored { before: before.clone() });
    assert_eq!(of(1, "pong").await, [state(0, b"e"), state(3, b"a")]);
    let remove = async |slot| db.remove_state([1; 32], "pong".to_owned(), slot).await.unwrap();
    assert_eq!(remove(3).await, Some(BlobId::of(b"a")));
    assert_eq!(remove(3).await, None);
    assert_eq!((of(1, "pong").await.len(), of(2, "pong").await.len(), of(1, "chess").await.len()), (1, 1, 1));
}

async fn states_have_a_quota_together(db: Db) {
    let put = async |profile, row| db.put_state([profile; 32], "pong".to_owned(), row, 10).await.unwrap();
    assert_eq!(put(1, state(0, b"123456")).await, PutState::Stored { before: None });
    assert_eq!(put(2, state(0, b"12345")).await, PutState::Full);
    assert_eq!(db.states([2; 32], "pong".to_owned()).await.unwrap(), []);
    assert_eq!(put(1, state(0, b"1234567890")).await, PutState::Stored { before: Some(BlobId::of(b"123456")) });
    assert_eq!(put(1, state(0, b"12345678901")).await, PutState::Full);
    assert_eq!(db.states([1; 32], "pong".to_owned()).await.unwrap(), [state(0, b"1234567890")], "it stays as it was");
}

async fn bytes_that_no_row_names_are_known(db: Db) {
    let loose = async || db.loose_blobs().await.unwrap();
    db.loosen(BlobId::of(b"a")).await.unwrap();
    db.loosen(BlobId::of(b"a")).await.unwrap();
    assert_eq!(loose().await, [BlobId::of(b"a")]);
    db.put_state([1; 32], "pong".to_owned(), state(0, b"a"), 10).await.unwrap();
    assert_eq!(loose().await, []);
    db.put_state([1; 32], "pong".to_owned(), state(0, b"b"), 10).await.unwrap();
    assert_eq!(loose().await, [BlobId::of(b"a")]);
    db.forget_loose(BlobId::of(b"a")).await.unwrap();
    db.remove_state([1; 32], "pong".to_owned(), 0).await.unwrap();
    assert_eq!(loose().await, [BlobId::of(b"b")]);
}

async fn a_request_is_done_once_for_its_caller(db: Db) {
    let begin = |caller: &str, request: u8, now| db.begin_request(caller.to_owned(), [1; 32], [request; 32], now);
    assert_eq!(begin("a", 1, 0).await.unwrap(), Begun::New);
    assert_eq!(begin("a", 1, 1).await.unwrap(), Begun::Working);
    assert_eq!(begin("b", 1, 1).await.unwrap(), Begun::New, "another caller's key is another key");
    db.finish_request("a".to_owned(), [1; 32], b"answer".to_vec()).await.unwrap();
    assert_eq!(begin("a", 1, 2).await.unwrap(), Begun::Answered(b"answer".to_vec()));
    assert_eq!(begin("a", 2, 2).await.unwrap(), Begun::Different);
    let day = 24 * 3_600_000;
    assert_eq!(begin("a", 1, day - 1).await.unwrap(), Begun::Answered(b"answer".to_vec()));
    assert_eq!(begin("a", 1, day).await.unwrap(), Begun::New, "an answer is kept for a day");
    db.forget_request("a".to_owned(), [1; 32]).await.unwrap();
    assert_eq!(begin("a", 2, day).await.unwrap(), Begun::New);
}

async fn of_very_many_answers_to_a_caller_the_newest_are_kept(db: Db) {
    let begin = async |caller: &str, key: u16| {
        let key = std::array::from_fn(|at| key.to_le_bytes().get(at).copied().unwrap_or(0));
        let begun = db.begin_request(caller.to_owned(), key, [0; 32], u64::from(key[0])).await.unwrap();
        if begun == Begun::New {
            db.finish_request(caller.to_owned(), key, b"answer".to_vec()).await.unwrap();
        }
        begun == Begun::New
    };
    assert!(begin("b", 0).await);
    for key in 0..256 {
        assert!(begin("a", key).await);
    }
    assert!(!begin("a", 0).await && !begin("a", 255).await);
    assert!(begin("a", 0x01ff).await);
    assert!(!begin("a", 0x01ff).await && !begin("a", 255).await && !begin("b", 0).await);
    assert!(begin("a", 0).await, "the oldest had to go");
}

async fn a_cookie_is_good_until_it_expires_or_is_removed(db: Db) {
    for n in [1, 2, 3] {
        db.insert_cookie([n; 32], 100).await.unwrap();
    }
    assert!(db.cookie_is_good([1; 32], 99).await.unwrap());
    assert!(!db.cookie_is_good([1; 32], 100).await.unwrap());
    assert!(!db.cookie_is_good([9; 32], 0).await.unwrap());
    db.remove_cookie([1; 32]).await.unwrap();
    assert!(!db.cookie_is_good([1; 32], 0).await.unwrap());
    db.forget_cookies(99).await.unwrap();
    assert!(db.cookie_is_good([2; 32], 0).await.unwrap());
    db.remove_all_cookies().await.unwrap();
    assert!(!db.cookie_is_good([3; 32], 0).await.unwrap());
}

fn part(began_ms: u64, ticks: u64) -> Part {
    Part { began_ms, made: Made { ticks, ..Made::default() }, ..Part::default() }
}

async fn receipts_go_with_their_session(db: Db) {
    add(&db, 1, "a", ROOMY).await;
    assert!(!db.session(id(1)).await.unwrap().unwrap().has_receipt);
    for (began_ms, ticks) in [(20, 1), (10, 2), (20, 3)] {
        assert!(db.put_receipt(id(1), part(began_ms, ticks)).await.unwrap());
    }
    assert!(!db.put_receipt(id(2), part(1, 1)).await.unwrap());
    let kept = db.receipt(id(1)).await.unwrap();
    assert_eq!(kept, [part(10, 2), part(20, 3)], "what a worker says replaces what it said before");
    assert!(db.session(id(1)).await.unwrap().unwrap().has_receipt);
    assert_eq!(db.forget_sessions(9999).await.unwrap(), 0, "an open session is not forgotten");
    db.set_session_state(id(1), SessionState::Terminated, None, None, 50).await.unwrap();
    assert_eq!(db.forget_sessions(51).await.unwrap(), 1);
    assert_eq!(db.receipt(id(1)).await.unwrap(), []);
    assert_eq!(db.viewer_by_token([1; 32]).await.unwrap(), None);
}

async fn receipts_are_bounded_and_the_newest_are_kept(db: Db) {
    for n in 1..=4 {
        add(&db, n, "a", ROOMY).await;
        db.put_receipt(id(n), part(u64::from(n), 1)).await.unwrap();
    }
    for n in [3, 1, 2] {
        db.set_session_state(id(n), SessionState::Terminated, None, None, 100 + u64::from(n)).await.unwrap();
    }
    assert_eq!(db.forget_receipts(1).await.unwrap(), 2);
    let mut left = Vec::new();
    for n in 1..=4 {
        left.extend(db.receipt(id(n)).await.unwrap().iter().map(|part| part.began_ms));
    }
    assert_eq!(left, [3, 4], "the one that ended last, and the open one");
    let many = MOST_PARTS as u64 + 5;
    for began_ms in 0..many {
        db.put_receipt(id(4), part(began_ms, 1)).await.unwrap();
    }
    let parts = db.receipt(id(4)).await.unwrap();
    assert_eq!((parts.len(), parts[0].began_ms), (MOST_PARTS, 5));
}

async fn it_says_whether_it_can_write(db: Db) {
    db.check_writable().await.unwrap();
    db.check_writable().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("file"), b"").unwrap();
    let error = Db::open(&folder.path().join("file/playfield.db")).await.unwrap_err();
    assert!(matches!(error, DbError::Unwritable { .. }), "{error}");
    assert!(error.to_string().contains("choose another data folder"), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_left_alone() {
    let folder = Folder::new();
    let path = folder.path().join("playfield.db");
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    drop(newer);
    let error = Db::open(&path).await.unwrap_err();
    assert!(matches!(error, DbError::Newer { found: 999, .. }), "{error}");
}

#[tokio::test]
async fn a_second_owner_is_refused() {
    let folder = Folder::new();
    let path = folder.path().join("playfield.db");
    let _first = Db::open(&path).await.unwrap();
    let error = Db::open(&path).await.unwrap_err();
    assert!(matches!(error, DbError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = Folder::new();
    let path = folder.path().join("playfield.db");
    std::fs::write(&path, "not a database, but long enough to be looked at as one".repeat(50)).unwrap();
    assert!(matches!(Db::open(&path).await.unwrap_err(), DbError::Sqlite(_)));
}

#[tokio::test]
async fn a_settled_sqlite_file_can_be_copied_alone() {
    let folder = Folder::new();
    let path = folder.path().join("playfield.db");
    let db = Db::open(&path).await.unwrap();
    db.keep("name", b"value".to_vec()).await.unwrap();
    db.settle().await.unwrap();
    let copied = folder.path().join("copy.db");
    std::fs::copy(&path, &copied).unwrap();
    let copy = Db::open(&copied).await.unwrap();
    assert_eq!(copy.kept("name").await.unwrap(), Some(b"value".to_vec()));
}

fn device(number: u8) -> DeviceRow {
    DeviceRow {
        id: DeviceId::from_entropy([number; 16]),
        name: format!("camera {number}"),
        node: NodeId::from_entropy([7; 16]),
        desired: "{}".to_owned(),
        version: 1,
        created_ms: 1_000 + u64::from(number),
        revoked_ms: None,
        tags: Vec::new(),
    }
}

async fn a_device_is_changed_by_who_knows_its_version(db: Db) {
    let (one, two) = (device(1), device(2));
    assert!(db.insert_device(two.clone()).await.unwrap());
    assert!(db.insert_device(one.clone()).await.unwrap());
    assert!(!db.insert_device(one.clone()).await.unwrap(), "there is one of that id");
    assert_eq!(db.devices().await.unwrap(), [one.clone(), two.clone()], "the oldest first");
    assert_eq!(db.set_desired(one.id.clone(), 1, "[1]".to_owned()).await.unwrap(), Some(2));
    assert_eq!(db.set_desired(one.id.clone(), 1, "[2]".to_owned()).await.unwrap(), None, "somebody was faster");
    assert!(db.rename_device(one.id.clone(), "door".to_owned()).await.unwrap());
    let changed = DeviceRow { name: "door".to_owned(), desired: "[1]".to_owned(), version: 2, ..one.clone() };
    assert_eq!(db.device(one.id.clone()).await.unwrap(), Some(changed));
    assert_eq!(db.device(two.id.clone()).await.unwrap(), Some(two.clone()));
    assert!(db.set_model(two.id.clone(), "[2]".to_owned()).await.unwrap());
    assert_eq!(db.models().await.unwrap(), [(two.id, "[2]".to_owned())]);
    let unknown = device(3).id;
    assert_eq!(db.device(unknown.clone()).await.unwrap(), None);
    assert_eq!(db.set_desired(unknown.clone(), 1, String::new()).await.unwrap(), None);
    assert!(!db.rename_device(unknown.clone(), String::new()).await.unwrap());
    assert!(!db.set_model(unknown, String::new()).await.unwrap());
}

async fn what_a_device_told_is_numbered_counted_and_forgotten(db: Db) {
    let id = device(1).id;
    let event = |time_ms, counts_as: Option<&str>, event: &str| NewDeviceEvent {
        time_ms,
        received_ms: time_ms + 7,
        offset_ms: Some(-5),
        counts_as: counts_as.map(str::to_owned),
        event: event.to_owned(),
    };
    let told = vec![event(59_000, Some("in"), "a"), event(60_000, Some("in"), "b"), event(61_000, Some("in"), "c")];
    assert_eq!(db.insert_device_events(id.clone(), told.clone()).await.unwrap(), None, "nobody knows it");
    db.insert_device(device(1)).await.unwrap();
    db.insert_device(device(2)).await.unwrap();
    assert_eq!(db.insert_device_events(id.clone(), told).await.unwrap(), Some(3));
    let more = vec![event(62_000, Some("out"), "d"), event(63_000, None, "e")];
    assert_eq!(db.insert_device_events(id.clone(), more).await.unwrap(), Some(5));
    assert_eq!(db.insert_device_events(device(2).id, vec![event(1, None, "x")]).await.unwrap(), Some(1));
    let page = db.device_events(id.clone(), None, 2).await.unwrap();
    let row = |seq, time_ms, event: &str| DeviceEventRow {
        number: seq,
        device: id.clone(),
        seq,
        time_ms,
        received_ms: time_ms + 7,
        offset_ms: Some(-5),
        event: event.to_owned(),
    };
    assert_eq!(page, [row(5, 63_000, "e"), row(4, 62_000, "d")]);
    assert_eq!(db.device_events(id.clone(), Some(4), 1).await.unwrap(), [row(3, 61_000, "c")]);
    assert_eq!(db.device_events_after(id.clone(), 3, 1).await.unwrap(), [row(4, 62_000, "d")]);
    assert_eq!(db.device_events_after(id.clone(), u64::MAX, 1).await.unwrap(), []);
    let all = db.events_after(3, 9).await.unwrap();
    let names: Vec<_> = all.iter().map(|row| (row.number, row.device == id, row.event.as_str())).collect();
    assert_eq!(
        names,
        [(4, true, "d"), (5, true, "e"), (6, false, "x")],
        "in the order in which they were written down"
    );
    assert_eq!(db.newest_event().await.unwrap(), 6);
    let count = |what: &str, minute, count| DeviceCount { what: what.to_owned(), minute, count };
    let all = [count("in", 0, 1), count("in", 1, 2), count("out", 1, 1)];
    assert_eq!(db.device_counts(id.clone(), 0).await.unwrap(), all);
    assert_eq!(db.device_counts(id.clone(), 1).await.unwrap(), all[1..]);

    assert_eq!(db.forget_device_events(60_007, 3).await.unwrap(), 2, "one that is old, and one of too many");
    let left = db.device_events(id.clone(), None, 9).await.unwrap();
    assert_eq!(left.iter().map(|row| row.seq).collect::<Vec<_>>(), [5, 4, 3]);
    assert_eq!(db.device_counts(id.clone(), 0).await.unwrap(), all[1..]);
    let late = db.device_events(device(2).id, None, 9).await.unwrap();
    assert_eq!(late.len(), 1, "the clock was set back: it is as old as what came before it");
    assert_eq!(db.forget_device_events(100_000, 3).await.unwrap(), 4);
    assert_eq!(db.events_after(0, 9).await.unwrap(), []);
    assert_eq!(db.device_events(id.clone(), None, 9).await.unwrap(), []);
    assert_eq!(
        db.insert_device_events(id.clone(), vec![event(70_000, None, "f")]).await.unwrap(),
        Some(6),
        "numbers go on"
    );
    assert_eq!(db.newest_event().await.unwrap(), 7, "those of all too");
}

async fn what_nobody_looked_at_is_counted_before_it_is_forgotten(db: Db) {
    let id = device(1).id;
    db.insert_device(device(1)).await.unwrap();
    db.insert_device(device(2)).await.unwrap();
    let event = |nth: u64| NewDeviceEvent {
        time_ms: 120_000,
        received_ms: nth,
        offset_ms: None,
        counts_as: Some("in".to_owned()),
        event: nth.to_string(),
    };
    // One of them tells more than others, so that some of it is in its place already.
    for batch in 0..30 {
        db.insert_device_events(device(2).id, vec![event(batch * 100)]).await.unwrap();
        db.insert_device_events(id.clone(), (batch * 100..batch * 100 + 100).map(event).collect()).await.unwrap();
    }
    assert_eq!(db.forget_device_events(2_950, 5_000).await.unwrap(), 2_980);
    let left = db.device_events(id.clone(), None, 1_000).await.unwrap();
    assert_eq!(left.iter().map(|row| row.seq).collect::<Vec<_>>(), (2_951..=3_000).rev().collect::<Vec<_>>());
    assert_eq!(db.device_events(device(2).id, None, 9).await.unwrap(), []);
    let count = |count| [DeviceCount { what: "in".to_owned(), minute: 2, count }];
    assert_eq!(db.device_counts(id.clone(), 0).await.unwrap(), count(3_000));
    assert_eq!(db.device_counts(device(2).id, 0).await.unwrap(), count(30));
    db.forget_device_events(9_999, 5_000).await.unwrap();
    assert_eq!(db.insert_device_events(id, vec![event(0)]).await.unwrap(), Some(3_001));
}

async fn links_of_cameras_are_found_by_their_secrets_and_stay_on_record(db: Db) {
    db.insert_device(device(1)).await.unwrap();
    let link = |number: u8, created_ms, expires_ms| CameraLinkRow {
        id: CameraLinkId::from_entropy([number; 16]),
        device: device(1).id,
        client: "127.0.0.1".to_owned(),
        created_ms,
        expires_ms,
        ended_ms: None,
        used: None,
    };
    let (first, second, third) = (link(1, 1_000, Some(1_100)), link(2, 2_000, None), link(3, 3_000, None));
    let put = async |link: &CameraLinkRow, token| db.insert_camera_link(link.clone(), token, 1).await.unwrap();
    assert!(put(&first, [1; 32]).await);
    assert!(!put(&link(4, 1_050, None), [4; 32]).await, "there are as many as may be");
    assert!(put(&second, [2; 32]).await, "the first one's time is over");
    assert!(!put(&third, [3; 32]).await);
    assert_eq!(db.camera_link_by_token([1; 32]).await.unwrap(), Some(first.clone()), "it is over, and said so");
    assert_eq!(db.camera_link_by_token([3; 32]).await.unwrap(), None);
    db.use_camera_link(second.id.clone(), "192.0.2.7".to_owned(), 2_100).await.unwrap();
    let second = CameraLinkRow { used: Some((2_100, "192.0.2.7".to_owned())), ..second };
    assert_eq!(db.camera_links(device(1).id, 9).await.unwrap(), [second.clone(), first.clone()]);

    let end = async |id: &CameraLinkId, now| db.end_camera_link(device(1).id, id.clone(), now).await.unwrap();
    assert!(!end(&first.id, 2_200).await, "its time was over");
    assert!(!db.end_camera_link(device(2).id, second.id.clone(), 2_200).await.unwrap(), "another camera's");
    assert!(end(&second.id, 2_200).await);
    assert!(!end(&second.id, 2_300).await, "it ended before");
    assert!(put(&third, [3; 32]).await);
    let second = CameraLinkRow { ended_ms: Some(2_200), ..second };
    assert_eq!(db.camera_links(device(1).id, 2).await.unwrap(), [third, second]);
}

async fn leave_to_look_ends_once_and_stays_on_record(db: Db) {
    db.insert_device(device(1)).await.unwrap();
    let grant = |number: u8, created_ms| GrantRow {
        id: GrantId::from_entropy([number; 16]),
        device: device(1).id,
        reason: "a parcel is missing".to_owned(),
        client: "127.0.0.1".to_owned(),
        viewer: ViewerId::from_entropy([number; 16]),
        created_ms,
        expires_ms: created_ms + 100,
        ended_ms: None,
    };
    let (first, second) = (grant(1, 1_000), grant(2, 2_000));
    db.insert_grant(first.clone()).await.unwrap();
    db.insert_grant(second.clone()).await.unwrap();
    let end = async |id: GrantId, now| db.end_grant(device(1).id, id, now).await.unwrap();
    assert_eq!(end(first.id.clone(), 1_100).await, None, "its time was over");
    let ended = GrantRow { ended_ms: Some(2_050), ..second.clone() };
    assert_eq!(end(second.id.clone(), 2_050).await, Some(ended.clone()));
    assert_eq!(end(second.id.clone(), 2_060).await, None, "it ended before");
    assert_eq!(db.end_grant(device(2).id, first.id.clone(), 1_001).await.unwrap(), None, "another camera's");
    assert_eq!(db.grants(device(1).id, 9).await.unwrap(), [ended, first]);
    assert_eq!(db.grants(device(1).id, 1).await.unwrap().len(), 1);
    // A camera's session takes viewers like any other.
    let session = session(9, "camera");
    db.insert_device_session(session.clone()).await.unwrap();
    let row = db.session(session.id.clone()).await.unwrap().unwrap();
    assert_eq!((row.state, row.title), (SessionState::Activating, session.title));
}

#[tokio::test]
async fn the_log_is_moved_into_the_file_while_it_is_written() {
    let folder = Folder::new();
    let db = open_sqlite(&folder).await;
    // Its length, and the number in its head that changes when it begins anew.
    let log = || {
        let mut file = std::fs::File::open(folder.path().join("data/playfield.db-wal")).unwrap();
        let mut head = [0; 16];
        std::io::Read::read_exact(&mut file, &mut head).unwrap();
        (file.metadata().unwrap().len(), head[12..].to_vec())
    };
    db.keep("name", Vec::new()).await.unwrap();
    let ((mut most, first), mut writes) = (log(), 0u32);
    while log().1 == first {
        most = log().0.max(most);
        writes += 1;
        assert!(writes < 20_000, "it has {most} bytes and was never begun anew");
        db.keep("name", writes.to_le_bytes().repeat(16 << 10)).await.unwrap();
    }
    assert!(most > 8 << 20, "moving less would not be worth it: {most}");
    assert_eq!(db.kept("name").await.unwrap().unwrap()[..4], writes.to_le_bytes());
    drop(db);
    let db = open_sqlite(&folder).await;
    assert_eq!(db.kept("name").await.unwrap().unwrap(), writes.to_le_bytes().repeat(16 << 10));
}
