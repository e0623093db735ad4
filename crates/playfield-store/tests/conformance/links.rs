//! Machines that come by a link: let in once for each code, heard once for each event.

use playfield_core::id::{DeviceId, NodeId};
use playfield_store::db::{Db, DeviceRow, NewDeviceEvent, NodeRow, NodeTold, Redeemed};

use crate::folder::Folder;

fn node(number: u8) -> NodeRow {
    NodeRow {
        id: NodeId::from_entropy([number; 16]),
        name: "door".to_owned(),
        created_ms: 1_000,
        revoked_ms: None,
        seen_ms: None,
        machine: None,
    }
}

fn device(number: u8) -> DeviceRow {
    DeviceRow {
        id: DeviceId::from_entropy([number; 16]),
        name: "door".to_owned(),
        node: node(number).id,
        desired: "{}".to_owned(),
        version: 1,
        created_ms: 1_000,
        revoked_ms: None,
        tags: Vec::new(),
    }
}

fn told(seq: u64, events: usize) -> NodeTold {
    let event = |nth| NewDeviceEvent {
        time_ms: 1_000 * seq,
        received_ms: 1,
        offset_ms: None,
        counts_as: Some("enter/a".to_owned()),
        event: format!("{seq}.{nth}"),
    };
    NodeTold {
        node: node(1).id,
        journal: "j".to_owned(),
        seq,
        device: device(1).id,
        events: (0..events).map(event).collect(),
    }
}

async fn open(folder: &Folder) -> Db {
    Db::open(&folder.path().join("playfield.db")).await.unwrap()
}

#[tokio::test]
async fn a_code_lets_one_machine_in_while_its_time_is_not_over() {
    let folder = Folder::new();
    let db = open(&folder).await;
    let redeem = |code, number| db.redeem(Some(code), node(number), [number; 32], device(number));
    assert_eq!(redeem([1; 32], 1).await.unwrap(), Redeemed::Unknown);
    db.insert_enrolment([1; 32], 0, 1_000).await.unwrap();
    db.insert_enrolment([2; 32], 0, 1_001).await.unwrap();
    assert_eq!(redeem([1; 32], 1).await.unwrap(), Redeemed::Unknown, "its time is over");
    assert_eq!(redeem([2; 32], 1).await.unwrap(), Redeemed::In);
    assert_eq!(redeem([2; 32], 2).await.unwrap(), Redeemed::Used);
    assert_eq!(db.node_by_token([1; 32]).await.unwrap(), Some(node(1)));
    assert_eq!(db.node_by_token([2; 32]).await.unwrap(), None);
    assert_eq!(db.devices().await.unwrap(), [device(1)], "who was not let in left nothing");
}

#[tokio::test]
async fn who_is_turned_away_goes_with_the_last_of_its_cameras() {
    let folder = Folder::new();
    let db = open(&folder).await;
    db.redeem(None, node(1), [1; 32], device(1)).await.unwrap();
    let second = DeviceRow { node: node(1).id, ..device(2) };
    db.insert_device(second.clone()).await.unwrap();
    assert!(db.revoke_device(device(1).id, 5).await.unwrap());
    assert!(!db.revoke_device(device(1).id, 6).await.unwrap());
    assert_eq!(db.node_by_token([1; 32]).await.unwrap().unwrap().revoked_ms, None);
    assert!(db.revoke_device(second.id, 7).await.unwrap());
    assert_eq!(db.node_by_token([1; 32]).await.unwrap().unwrap().revoked_ms, Some(7));
}

#[tokio::test]
async fn what_comes_again_is_stored_once_and_a_gap_is_counted() {
    let folder = Folder::new();
    let db = open(&folder).await;
    db.redeem(None, node(1), [1; 32], device(1)).await.unwrap();
    let (name, id) = (node(1).id, device(1).id);
    let position = db.open_journal(name.clone(), "j".to_owned()).await.unwrap();
    assert_eq!(position.stored, 0);
    let stored = db.take_told(vec![told(1, 1), told(2, 2), told(2, 2)].into()).await.unwrap();
    assert_eq!(stored[&name], 2);
    db.take_told(vec![told(1, 1), told(2, 2), told(3, 0), told(6, 1)].into()).await.unwrap();
    drop(db);
    let db = open(&folder).await;
    let position = db.open_journal(name.clone(), "j".to_owned()).await.unwrap();
    assert_eq!((position.stored, position.lost), (6, 2));
    let kept: Vec<_> = db.device_events_after(id.clone(), 0, 100).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|row| (row.seq, row.event.as_str())).collect();
    assert_eq!(kept, [(1, "1.0"), (2, "2.0"), (3, "2.1"), (4, "6.0")]);
    assert_eq!(db.device_counts(id, 0).await.unwrap()[0].count, 4);
    let position = db.open_journal(name.clone(), "another".to_owned()).await.unwrap();
    assert_eq!(position.stored, 0);
    let stored = db.take_told(vec![told(7, 1)].into()).await.unwrap();
    assert_eq!(stored[&name], 0, "of a journal that was given up nothing is taken");
}

#[tokio::test]
async fn a_certificate_is_one_machine_until_that_is_turned_away() {
    let folder = Folder::new();
    let db = open(&folder).await;
    let join = |certificate: u8, number: u8| {
        db.join_by_certificate([certificate; 32], node(number), [number; 32], device(number))
    };
    assert_eq!(join(1, 1).await.unwrap(), Some(node(1).id));
    assert_eq!(join(1, 2).await.unwrap(), Some(node(1).id), "the same machine again");
    assert_eq!(db.node_by_token([2; 32]).await.unwrap().unwrap().id, node(1).id, "with another token");
    assert_eq!(db.node_by_token([1; 32]).await.unwrap(), None);
    assert_eq!(join(3, 3).await.unwrap(), Some(node(3).id));
    assert_eq!(db.devices().await.unwrap().len(), 2);
    db.revoke_device(device(1).id, 5).await.unwrap();
    assert_eq!(join(1, 4).await.unwrap(), None);
}
