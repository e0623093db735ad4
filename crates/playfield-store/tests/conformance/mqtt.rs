//! The suite for cameras that speak MQTT; `db` runs it.

use playfield_core::evp::{Deployment, Dialect, Key, Reconcile, Status};
use playfield_core::id::EvpId;
use playfield_core::smartcamera::{Kind, Size};
use playfield_store::blob::BlobId;
use playfield_store::db::{Db, EvpDevice, EvpModule, EvpProof, EvpState, EvpUpload};
use serde_json::json;

fn id(n: u8) -> EvpId {
    EvpId::from_entropy([n; 16])
}

fn device(n: u8) -> EvpDevice {
    EvpDevice {
        id: id(n),
        name: format!("camera {n}"),
        has_password: true,
        certificate: None,
        enrolling: false,
        results: Some((Some(Kind::Pose), Size { width: 3, height: 4 })),
        dialect: None,
        info: None,
        deployment: None,
        status: None,
        created_ms: 1,
        seen_ms: None,
        revoked: false,
    }
}

fn by_password(n: u8) -> EvpProof {
    EvpProof { password: Some([n; 32]), ..EvpProof::default() }
}

async fn add(db: &Db, n: u8, proof: EvpProof) -> bool {
    db.insert_evp(device(n), proof, 3).await.unwrap()
}

pub async fn a_camera_is_found_by_what_it_proves(db: Db) {
    assert!(add(&db, 1, by_password(1)).await && add(&db, 2, by_password(2)).await);
    let found = async |n, password| db.evp_by_password(id(n), [password; 32]).await.unwrap();
    assert_eq!(found(1, 1).await, Some(device(1)));
    assert_eq!((found(1, 2).await, found(3, 3).await), (None, None));
    let certificate = EvpProof { certificate: Some([7; 32]), ..EvpProof::default() };
    assert!(add(&db, 3, certificate).await);
    assert_eq!(db.evp_by_certificate([7; 32]).await.unwrap().unwrap().id, id(3));
    assert_eq!(db.evp_by_certificate([8; 32]).await.unwrap(), None);
    assert!(!add(&db, 4, by_password(4)).await, "three are as many as may be");
    assert!(!add(&db, 3, certificate).await);
    let names: Vec<_> = db.evp_devices().await.unwrap().into_iter().map(|device| device.name).collect();
    assert_eq!(names, ["camera 1", "camera 2", "camera 3"]);
}

pub async fn a_camera_that_was_revoked_is_known_and_proves_nothing(db: Db) {
    let proof = EvpProof { password: Some([1; 32]), certificate: Some([7; 32]), token: Some([9; 32]) };
    assert!(add(&db, 1, proof).await);
    assert!(db.revoke_evp(id(1), 5).await.unwrap());
    assert!(!db.revoke_evp(id(1), 6).await.unwrap() && !db.revoke_evp(id(2), 6).await.unwrap());
    assert_eq!(db.evp_by_password(id(1), [1; 32]).await.unwrap(), None);
    assert_eq!(db.evp_by_certificate([7; 32]).await.unwrap(), None);
    assert_eq!(db.enrol_evp([9; 32], [8; 32]).await.unwrap(), None);
    assert!(db.evp_device(id(1)).await.unwrap().unwrap().revoked);
    assert!(
        add(&db, 2, EvpProof { certificate: Some([7; 32]), ..EvpProof::default() }).await,
        "it may be enrolled anew"
    );
}

pub async fn a_secret_makes_a_certificate_known_once(db: Db) {
    assert!(add(&db, 1, EvpProof { token: Some([9; 32]), ..EvpProof::default() }).await);
    assert!(add(&db, 2, EvpProof { certificate: Some([7; 32]), ..EvpProof::default() }).await);
    assert!(db.evp_device(id(1)).await.unwrap().unwrap().enrolling);
    assert_eq!(db.enrol_evp([9; 32], [7; 32]).await.unwrap(), None, "it is another camera's");
    let enrolled = db.enrol_evp([9; 32], [8; 32]).await.unwrap().unwrap();
    assert_eq!((enrolled.id, enrolled.certificate, enrolled.enrolling), (id(1), Some([8; 32]), false));
    assert_eq!(db.enrol_evp([9; 32], [6; 32]).await.unwrap(), None, "the secret is used up");
}

pub async fn both_halves_of_a_twin_are_kept(db: Db) {
    add(&db, 1, by_password(1)).await;
    let (deployment, key) = (Deployment::none("d"), |topic: &str| Key::new("a", topic).unwrap());
    db.set_evp_deployment(id(1), deployment.clone()).await.unwrap();
    for (topic, value) in [("x", Some("1")), ("y", Some("2")), ("x", Some("3")), ("y", None)] {
        db.put_evp_setting(id(1), key(topic), value.map(str::to_owned)).await.unwrap();
    }
    let desired = db.evp_desired(id(1)).await.unwrap();
    assert_eq!(desired.deployment, Some(deployment));
    assert_eq!(desired.settings.into_iter().collect::<Vec<_>>(), [(key("x"), "3".to_owned())]);
    let status = Status { deployment: "d".to_owned(), reconcile: Reconcile::Ok, ..Status::default() };
    db.set_evp_status(id(1), status.clone()).await.unwrap();
    db.set_evp_info(id(1), Dialect::Evp1, json!({"os": "NuttX"})).await.unwrap();
    db.see_evp(id(1), 77).await.unwrap();
    let known = db.evp_device(id(1)).await.unwrap().unwrap();
    assert_eq!((known.status, known.dialect, known.seen_ms), (Some(status), Some(Dialect::Evp1), Some(77)));
    assert_eq!(known.info.unwrap()["os"], "NuttX");
}

pub async fn states_of_a_camera_have_an_end(db: Db) {
    add(&db, 1, by_password(1)).await;
    let state = |topic: &str, value: &[u8]| EvpState {
        key: Key::new("a", topic).unwrap(),
        value: value.to_vec(),
        reported_ms: 5,
    };
    let put = async |topic: &str, value: &[u8]| db.put_evp_states(id(1), vec![state(topic, value)]).await.unwrap();
    assert!(put("t00", b"old").await && put("t00", b"new").await);
    assert!(!put("large", &[0; 65_537]).await);
    for n in 1..64 {
        assert!(put(&format!("t{n:02}"), b"x").await);
    }
    assert!(!put("one more", b"x").await && put("t00", b"newest").await);
    let states = db.evp_states(id(1)).await.unwrap();
    assert_eq!((states.len(), &states[0]), (64, &state("t00", b"newest")));
}

pub async fn the_oldest_files_of_a_camera_make_room(db: Db) {
    add(&db, 1, by_password(1)).await;
    add(&db, 2, by_password(2)).await;
    let put = async |n: u8, name: &str, content: &[u8], bytes: u64, uploaded_ms: u64| {
        let upload = EvpUpload { name: name.to_owned(), blob: BlobId::of(content), bytes, uploaded_ms };
        db.put_evp_upload(id(n), upload, 100).await.unwrap()
    };
    assert_eq!(put(1, "a", b"1", 40, 1).await, []);
    assert_eq!(put(2, "a", b"1", 40, 1).await, []);
    assert_eq!(put(1, "b", b"2", 40, 2).await, []);
    assert_eq!(put(1, "c", b"3", 40, 3).await, [], "the bytes of the oldest are another camera's too");
    let names = async |n| -> Vec<String> {
        db.evp_uploads(id(n), 9).await.unwrap().into_iter().map(|upload| upload.name).collect()
    };
    assert_eq!((names(1).await, names(2).await), (vec!["c".to_owned(), "b".to_owned()], vec!["a".to_owned()]));
    assert_eq!(put(1, "b", b"4", 50, 4).await, [BlobId::of(b"2")], "it is replaced");
    let mut loose = put(1, "d", b"5", 100, 5).await;
    loose.sort();
    let mut expect = [BlobId::of(b"3"), BlobId::of(b"4")];
    expect.sort();
    assert_eq!(loose, expect);
    assert_eq!(db.evp_upload(id(1), "d".to_owned()).await.unwrap().unwrap().bytes, 100);
    assert_eq!(db.evp_upload(id(1), "b".to_owned()).await.unwrap(), None);
}

pub async fn modules_are_known_by_their_bytes(db: Db) {
    let module =
        |name: &str, created_ms| EvpModule { blob: BlobId::of(b"m"), name: name.to_owned(), bytes: 1, created_ms };
    db.put_evp_module(module("one", 1)).await.unwrap();
    db.put_evp_module(module("two", 2)).await.unwrap();
    assert_eq!(db.evp_modules().await.unwrap(), [module("two", 2)]);
}
