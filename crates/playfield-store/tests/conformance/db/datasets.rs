//! Pictures of cameras, and files that their apps upload, that are kept.

use playfield_core::id::{GrantId, ViewerId};
use playfield_store::blob::BlobId;
use playfield_store::db::{Db, GrantRow, PutKept, SampleRow, UploadRow};

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
async fn put(db: &Db, dataset: &GrantRow, bytes: &[u8], now_ms: u64, bounds: (u32, u64)) -> PutKept {
    db.loosen(BlobId::of(bytes)).await.unwrap();
    db.put_sample(dataset.id.clone(), sample(bytes), now_ms, bounds).await.unwrap()
}

pub async fn pictures_are_kept_while_leave_is_given_and_room_is_left(db: Db) {
    db.insert_device(device(1)).await.unwrap();
    let (first, second) = (leave(1, 1_000), leave(2, 2_000));
    db.insert_dataset(first.clone(), 500, false).await.unwrap();
    db.insert_dataset(second.clone(), 1_000, false).await.unwrap();
    assert_eq!(put(&db, &first, b"one", 1_010, (3, 10)).await, PutKept::Stored);
    assert_eq!(put(&db, &first, b"other", 1_020, (3, 10)).await, PutKept::Stored);
    assert_eq!(put(&db, &first, b"more", 1_030, (3, 10)).await, PutKept::Full, "12 bytes in all");
    assert_eq!(put(&db, &second, b"two", 2_010, (3, 10)).await, PutKept::Full, "those of others count");
    assert_eq!(put(&db, &first, b"more", 1_030, (2, 100)).await, PutKept::Full, "a third picture");
    assert_eq!(put(&db, &first, b"late", 1_100, (9, 100)).await, PutKept::Over, "its time is over");
    db.end_grant(device(1).id, second.id.clone(), 2_020).await.unwrap();
    assert_eq!(put(&db, &second, b"two", 2_030, (9, 100)).await, PutKept::Over, "it was taken back");
    assert_eq!(put(&db, &leave(3, 2_000), b"two", 2_030, (9, 100)).await, PutKept::Over, "it was never given");

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
        db.insert_dataset(dataset.clone(), 500, false).await.unwrap();
        assert_eq!(put(&db, dataset, b"both", 1_010, (9, 100)).await, PutKept::Stored);
    }
    assert_eq!(put(&db, &first, b"own", 1_010, (9, 100)).await, PutKept::Stored);
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

fn file(number: u32, name: &str, bytes: &[u8]) -> UploadRow {
    let (name, origin) = (name.to_owned(), format!("session {number}"));
    UploadRow { seq: 0, name, origin, blob: BlobId::of(bytes), bytes: bytes.len() as u64 }
}

pub async fn files_that_an_app_uploads_are_kept_in_one_dataset_at_a_time(db: Db) {
    db.insert_device(device(1)).await.unwrap();
    let (first, second, third) = (leave(1, 1_000), leave(2, 1_010), leave(3, 1_100));
    assert!(db.insert_dataset(first.clone(), 0, true).await.unwrap());
    assert!(!db.insert_dataset(second.clone(), 0, true).await.unwrap(), "the first one has them");
    assert_eq!(db.grants(device(1).id, 9).await.unwrap().len(), 1, "nothing is on record of what was refused");
    assert!(db.insert_dataset(second.clone(), 500, false).await.unwrap(), "pictures are another matter");
    assert!(db.insert_dataset(third.clone(), 0, true).await.unwrap(), "by then the first one is over");

    let put = async |dataset: &GrantRow, row: UploadRow, now_ms, bounds| {
        db.loosen(row.blob.clone()).await.unwrap();
        db.put_upload(dataset.id.clone(), row, now_ms, bounds).await.unwrap()
    };
    let wide = (9, 100, 100);
    assert_eq!(put(&first, file(1, "a.txt", b"one"), 1_010, (3, 10, 100)).await, PutKept::Stored);
    assert_eq!(put(&first, file(1, "a.txt", b"one"), 1_020, (3, 10, 100)).await, PutKept::Stored);
    assert_eq!(put(&first, file(2, "a.txt", b"one"), 1_030, (3, 10, 100)).await, PutKept::Stored);
    assert_eq!(put(&first, file(3, "b.txt", b"other"), 1_030, (3, 10, 100)).await, PutKept::Full, "11 bytes in it");
    assert_eq!(put(&third, file(3, "b.txt", b"other"), 1_110, (3, 10, 10)).await, PutKept::Full, "11 bytes in all");
    assert_eq!(put(&first, file(3, "b.txt", b""), 1_030, (2, 10, 100)).await, PutKept::Full, "a third file");
    assert_eq!(put(&first, file(3, "b.txt", b""), 1_030, wide).await, PutKept::Stored, "one may be empty");
    assert_eq!(put(&first, file(4, "c.txt", b"late"), 1_100, wide).await, PutKept::Over, "its time is over");
    assert_eq!(put(&second, file(4, "c.txt", b"late"), 1_020, wide).await, PutKept::Over, "it has pictures alone");
    let picture = async |dataset: &GrantRow, now_ms| {
        db.put_sample(dataset.id.clone(), sample(b"picture"), now_ms, (9, 7)).await.unwrap()
    };
    assert_eq!(picture(&first, 1_030).await, PutKept::Over, "it has files alone");
    assert_eq!(picture(&second, 1_030).await, PutKept::Stored, "files take no room from pictures");

    let uploads = db.uploads(first.id.clone()).await.unwrap();
    let rows = [(1, "a.txt", &b"one"[..]), (2, "a.txt", b"one"), (3, "b.txt", b"")];
    let seqs =
        rows.iter().map(|(number, name, bytes)| UploadRow { seq: u64::from(*number), ..file(*number, name, bytes) });
    assert_eq!(uploads, seqs.collect::<Vec<_>>(), "what comes twice is there once");
    let row = db.dataset(device(1).id, first.id.clone()).await.unwrap().unwrap();
    assert_eq!((row.every_ms, row.pictures, row.uploads, row.files, row.bytes), (0, 0, true, 3, 6));

    let loose = async |bytes: &[u8]| db.is_loose(BlobId::of(bytes)).await.unwrap();
    assert_eq!((loose(b"one").await, loose(b"late").await, loose(b"unknown").await), (false, true, false));
    assert_eq!(db.loose_blobs().await.unwrap().len(), 2, "`other` and `late`");
    let freed = db.remove_dataset(device(1).id, first.id.clone(), 1_200).await.unwrap().unwrap();
    assert_eq!((freed.len(), db.uploads(first.id).await.unwrap()), (2, Vec::new()));
    assert!(loose(b"one").await);
}

pub async fn what_is_full_of_files_takes_no_more_and_its_pictures_go_on(db: Db) {
    db.insert_device(device(1)).await.unwrap();
    let (both, files) = (leave(1, 1_000), leave(2, 1_100));
    assert!(db.insert_dataset(both.clone(), 500, true).await.unwrap());
    assert!(db.insert_dataset(files.clone(), 0, true).await.unwrap());
    let takes = async |dataset: &GrantRow, now_ms| db.takes_uploads(dataset.id.clone(), now_ms).await.unwrap();
    assert_eq!((takes(&both, 1_050).await, takes(&both, 1_100).await), (true, false));
    db.end_uploads(both.id.clone(), 1_060).await.unwrap();
    assert!(!takes(&both, 1_070).await);
    assert_eq!(put(&db, &both, b"one", 1_070, (9, 100)).await, PutKept::Stored);
    assert!(takes(&files, 1_150).await);
    db.end_uploads(files.id.clone(), 1_160).await.unwrap();
    assert!(!takes(&files, 1_170).await);
    let ended = async |id| db.dataset(device(1).id, id).await.unwrap().unwrap().grant.ended_ms;
    let ended = [ended(both.id).await, ended(files.id).await];
    assert_eq!(ended, [None, Some(1_160)], "there is nothing else that it would be for");
}
