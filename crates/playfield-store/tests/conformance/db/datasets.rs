//! Pictures of cameras that are kept.

use playfield_core::id::{GrantId, ViewerId};
use playfield_store::blob::BlobId;
use playfield_store::db::{Db, GrantRow, PutSample, SampleRow};

use super::device;

fn leave(number: u8, created_ms: u64) -> GrantRow {
    GrantRow {
        id: GrantId::from_entropy([number; 16]),
        device: device(1).id,
        reason: "training".to_owned(),
        client: "127.0.0.1".to_owned(),
        viewer: ViewerId::from_entropy([number; 16]),
        created_ms,
        expires_ms: created_ms + 100,
        ended_ms: None,
    }
}

fn sample(bytes: &[u8]) -> SampleRow {
    SampleRow {
        seq: 0,
        size: [640, 360],
        blob: BlobId::of(bytes),
        bytes: bytes.len() as u64,
        found: r#"{"time_ms":1,"objects":[],"labels":[]}"#.to_owned(),
    }
}

/// Adds a picture as it is done: its blob is loose until the row names it.
async fn put(db: &Db, dataset: &GrantRow, bytes: &[u8], now_ms: u64, bounds: (u32, u64)) -> PutSample {
    db.loosen(BlobId::of(bytes)).await.unwrap();
    db.put_sample(dataset.id.clone(), sample(bytes), now_ms, bounds).await.unwrap()
}

pub async fn pictures_are_kept_while_leave_is_given_and_room_is_left(db: Db) {
    db.insert_device(device(1)).await.unwrap();
    let (first, second) = (leave(1, 1_000), leave(2, 2_000));
    db.insert_dataset(first.clone(), 500).await.unwrap();
    db.insert_dataset(second.clone(), 1_000).await.unwrap();
    assert_eq!(put(&db, &first, b"one", 1_010, (3, 10)).await, PutSample::Stored);
    assert_eq!(put(&db, &first, b"other", 1_020, (3, 10)).await, PutSample::Stored);
    assert_eq!(put(&db, &first, b"more", 1_030, (3, 10)).await, PutSample::Full, "12 bytes in all");
    assert_eq!(put(&db, &second, b"two", 2_010, (3, 10)).await, PutSample::Full, "those of others count");
    assert_eq!(put(&db, &first, b"more", 1_030, (2, 100)).await, PutSample::Full, "a third picture");
    assert_eq!(put(&db, &first, b"late", 1_100, (9, 100)).await, PutSample::Over, "its time is over");
    db.end_grant(device(1).id, second.id.clone(), 2_020).await.unwrap();
    assert_eq!(put(&db, &second, b"two", 2_030, (9, 100)).await, PutSample::Over, "it was taken back");
    assert_eq!(put(&db, &leave(3, 2_000), b"two", 2_030, (9, 100)).await, PutSample::Over, "it was never given");

    let samples = db.samples(first.id.clone()).await.unwrap();
    let expect = [SampleRow { seq: 1, ..sample(b"one") }, SampleRow { seq: 2, ..sample(b"other") }];
    assert_eq!(samples, expect);
    let told = |rows: Vec<playfield_store::db::DatasetRow>| {
        rows.into_iter().map(|row| (row.grant.id, row.every_ms, row.pictures, row.bytes)).collect::<Vec<_>>()
    };
    let all = told(db.datasets(device(1).id, 9).await.unwrap());
    assert_eq!(all, [(second.id.clone(), 1_000, 0, 0), (first.id.clone(), 500, 2, 8)]);
    assert_eq!(told(db.datasets(device(1).id, 1).await.unwrap()), all[..1]);
    assert_eq!(told(db.datasets_open(1_050).await.unwrap()), all[1..], "the other one was taken back");
    assert_eq!(db.datasets_open(1_100).await.unwrap(), []);
    assert_eq!(db.dataset(device(2).id, first.id.clone()).await.unwrap(), None, "another camera's");
    assert_eq!(db.dataset(device(1).id, first.id).await.unwrap().unwrap().pictures, 2);
    assert_eq!(db.grants(device(1).id, 9).await.unwrap().len(), 2, "both are among the grants");
}

pub async fn a_dataset_that_is_removed_lets_go_of_its_pictures_and_leaves_its_grant(db: Db) {
    db.insert_device(device(1)).await.unwrap();
    let (first, second) = (leave(1, 1_000), leave(2, 1_000));
    for dataset in [&first, &second] {
        db.insert_dataset(dataset.clone(), 500).await.unwrap();
        assert_eq!(put(&db, dataset, b"both", 1_010, (9, 100)).await, PutSample::Stored);
    }
    assert_eq!(put(&db, &first, b"own", 1_010, (9, 100)).await, PutSample::Stored);
    assert_eq!(db.loose_blobs().await.unwrap(), [], "rows name them");
    assert_eq!(db.remove_dataset(device(2).id, first.id.clone(), 1_020).await.unwrap(), None, "another camera's");
    let mut freed = db.remove_dataset(device(1).id, first.id.clone(), 1_020).await.unwrap().unwrap();
    let mut both = [BlobId::of(b"both"), BlobId::of(b"own")];
    freed.sort();
    both.sort();
    assert_eq!(freed, both);
    assert_eq!(db.loose_blobs().await.unwrap(), [BlobId::of(b"own")], "the other dataset has the other picture still");
    assert_eq!(db.samples(first.id.clone()).await.unwrap(), []);
    assert_eq!(db.remove_dataset(device(1).id, first.id.clone(), 1_030).await.unwrap(), None);
    let grants = db.grants(device(1).id, 9).await.unwrap();
    let ended = grants.iter().find(|grant| grant.id == first.id).unwrap();
    assert_eq!(ended.ended_ms, Some(1_020), "it stays on record, and is over");
}
