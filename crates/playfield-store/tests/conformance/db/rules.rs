//! The suite for databases: rules, and what they do.

use playfield_core::api::DeliveryState;
use playfield_core::id::{DeliveryId, RuleId};
use playfield_store::db::{Db, DbError, DeliveryRow, Fired, FiringRow, NewDelivery, RuleRow};

use super::device;

fn rule(number: u8) -> RuleRow {
    let id = RuleId::from_entropy([number; 16]);
    let at = 1_000 + u64::from(number);
    RuleRow { id, rule: "{}".to_owned(), version: 1, created_ms: at, changed_ms: at }
}

pub async fn a_rule_is_changed_by_who_knows_its_version(db: Db) {
    let (one, two) = (rule(1), rule(2));
    assert!(db.insert_rule(two.clone(), 2).await.unwrap());
    assert!(db.insert_rule(one.clone(), 2).await.unwrap());
    assert!(!db.insert_rule(rule(3), 2).await.unwrap(), "there are as many as there may be");
    assert_eq!(db.rules().await.unwrap(), [one.clone(), two.clone()], "the oldest first");
    assert!(db.set_rule(one.id.clone(), 1, "[1]".to_owned(), 5_000).await.unwrap());
    assert!(!db.set_rule(one.id.clone(), 1, "[2]".to_owned(), 6_000).await.unwrap(), "somebody was faster");
    let changed = RuleRow { rule: "[1]".to_owned(), version: 2, changed_ms: 5_000, ..one.clone() };
    assert_eq!(db.rule(one.id.clone()).await.unwrap(), Some(changed));
    assert!(db.remove_rule(one.id.clone(), String::new(), 1).await.unwrap());
    assert!(!db.remove_rule(one.id.clone(), String::new(), 1).await.unwrap());
    assert_eq!((db.rule(one.id).await.unwrap(), db.rules().await.unwrap()), (None, vec![two]));
}

fn delivery(number: u8, destination: &str) -> NewDelivery {
    NewDelivery {
        id: DeliveryId::from_entropy([number; 16]),
        rule: rule(1).id,
        device: Some(device(1).id),
        action: "{}".to_owned(),
        destination: destination.to_owned(),
        body: format!("body {number}"),
        created_ms: u64::from(number),
        due_ms: u64::from(number),
        ended: None,
    }
}

async fn fire(db: &Db, read: Option<u64>, deliveries: Vec<NewDelivery>, most: u32) -> Result<usize, DbError> {
    db.fire(Fired { read, deliveries, ..Fired::default() }, most, "too many".to_owned(), 5).await
}

/// The numbers of deliveries, as [`delivery`] gave them.
fn bodies(rows: &[DeliveryRow]) -> Vec<u8> {
    rows.iter().map(|row| row.body.trim_start_matches("body ").parse().unwrap()).collect()
}

pub async fn what_rules_do_is_written_down_with_how_far_they_read(db: Db) {
    assert_eq!(db.rules_read().await.unwrap(), None);
    let done = Some((DeliveryState::Done, "at once".to_owned()));
    let both = vec![delivery(1, "a"), NewDelivery { ended: done, device: None, ..delivery(2, "b") }];
    assert_eq!(fire(&db, Some(7), both, 10).await.unwrap(), 0);
    assert_eq!(db.rules_read().await.unwrap(), Some(7));
    let twice = fire(&db, Some(9), vec![delivery(3, "a"), delivery(1, "a")], 10).await;
    assert!(twice.is_err(), "there is one of that id");
    assert_eq!(db.rules_read().await.unwrap(), Some(7), "all of it or nothing");

    let all = db.deliveries(None, None, 9).await.unwrap();
    assert_eq!(bodies(&all), [2, 1], "the newest first");
    let row = &all[0];
    assert_eq!((row.state, row.detail.as_deref(), row.next_ms), (DeliveryState::Done, Some("at once"), None));
    assert_eq!((row.ended_ms, row.device.as_ref()), (Some(2), None));
    assert_eq!(bodies(&db.deliveries(Some(rule(1).id), Some(2), 9).await.unwrap()), [1]);
    assert_eq!(db.deliveries(Some(rule(2).id), None, 9).await.unwrap(), []);

    let id = delivery(1, "a").id;
    assert_eq!(bodies(&db.due(1, 9).await.unwrap()), [1]);
    db.tried(id.clone(), DeliveryState::Waiting, "no answer".to_owned(), Some(50), 10).await.unwrap();
    assert_eq!((db.due(49, 9).await.unwrap(), db.next_due(10).await.unwrap()), (vec![], Some(50)));
    assert_eq!(db.due(50, 9).await.unwrap()[0].tries, 1);
    db.tried(id.clone(), DeliveryState::Done, "204".to_owned(), None, 60).await.unwrap();
    db.tried(id.clone(), DeliveryState::GivenUp, "late".to_owned(), None, 70).await.unwrap();
    let row = db.delivery(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.tries, row.ended_ms), (DeliveryState::Done, 2, Some(60)), "an end is the end");
    assert_eq!((db.due(99, 9).await.unwrap(), db.next_due(0).await.unwrap()), (vec![], None));
}

pub async fn of_one_destination_two_are_due_at_once(db: Db) {
    let all = [(1, "a"), (2, "a"), (3, "a"), (4, "b")].map(|(number, destination)| delivery(number, destination));
    fire(&db, None, all.to_vec(), 10).await.unwrap();
    assert_eq!(db.rules_read().await.unwrap(), None, "a test reads no events");
    assert_eq!(bodies(&db.due(9, 9).await.unwrap()), [1, 2, 4]);
    assert_eq!(bodies(&db.due(9, 1).await.unwrap()), [1]);
    assert_eq!(bodies(&db.due(1, 9).await.unwrap()), [1], "the others are not due yet");
    db.tried(delivery(1, "a").id, DeliveryState::Waiting, String::new(), Some(99), 9).await.unwrap();
    assert_eq!(bodies(&db.due(9, 9).await.unwrap()), [2, 3, 4]);
}

pub async fn of_too_many_that_wait_the_oldest_are_given_up(db: Db) {
    let some = |from, to| (from..to).map(|number| delivery(number, "a")).collect();
    assert_eq!(fire(&db, Some(1), some(1, 4), 3).await.unwrap(), 0);
    assert_eq!(fire(&db, Some(2), some(4, 6), 3).await.unwrap(), 2);
    let oldest = db.delivery(delivery(2, "a").id).await.unwrap().unwrap();
    assert_eq!((oldest.state, oldest.detail.as_deref()), (DeliveryState::GivenUp, Some("too many")));
    assert_eq!(bodies(&db.due(9, 9).await.unwrap()), [3, 4]);
}

pub async fn what_is_over_is_forgotten_and_what_waits_is_not(db: Db) {
    let all = (1..7).map(|number| delivery(number, "a")).collect();
    fire(&db, None, all, 10).await.unwrap();
    for (number, ended_ms) in [(2, 100), (3, 200), (5, 300), (6, 300)] {
        let id = delivery(number, "a").id;
        db.tried(id, DeliveryState::Done, String::new(), None, ended_ms).await.unwrap();
    }
    assert_eq!(db.forget_deliveries(150, 9).await.unwrap(), 1, "one is old");
    assert_eq!(db.forget_deliveries(0, 2).await.unwrap(), 1, "one is one too many");
    assert_eq!(bodies(&db.deliveries(None, None, 9).await.unwrap()), [6, 5, 4, 1]);
}

pub async fn a_rule_that_is_removed_does_nothing_more(db: Db) {
    db.insert_rule(rule(1), 9).await.unwrap();
    let other = NewDelivery { rule: rule(2).id, ..delivery(2, "a") };
    fire(&db, None, vec![delivery(1, "a"), other], 10).await.unwrap();
    db.remove_rule(rule(1).id, "the rule was removed".to_owned(), 30).await.unwrap();
    assert_eq!(bodies(&db.due(9, 9).await.unwrap()), [2]);
    let row = db.delivery(delivery(1, "a").id).await.unwrap().unwrap();
    assert_eq!((row.state, row.detail.as_deref()), (DeliveryState::GivenUp, Some("the rule was removed")));
}

pub async fn when_a_rule_fired_last_is_known_for_each_camera(db: Db) {
    db.insert_rule(rule(1), 9).await.unwrap();
    db.insert_rule(rule(2), 9).await.unwrap();
    let firing =
        |of, before, number| FiringRow { rule: rule(of).id, device: device(before).id, number, at_ms: 1_000 + number };
    let fire = async |firings| {
        let fired = Fired { read: Some(9), firings, deliveries: Vec::new() };
        db.fire(fired, 9, String::new(), 0).await.unwrap();
    };
    fire(vec![firing(1, 1, 4), firing(2, 1, 4), firing(3, 1, 5)]).await;
    fire(vec![firing(1, 2, 7), firing(1, 1, 8)]).await;
    assert_eq!(db.firings().await.unwrap(), [firing(2, 1, 4), firing(1, 2, 7), firing(1, 1, 8)]);
    db.remove_rule(rule(1).id, String::new(), 0).await.unwrap();
    assert_eq!(db.firings().await.unwrap(), [firing(2, 1, 4)], "they go with their rule");
}
