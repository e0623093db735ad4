//! Cameras are kept at work, heard, changed and looked at; and nobody sees a picture without leave.

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use playfield_control::Config;
use playfield_core::analytics::{Counts, Direction, Event as Happened, LineCounts, What};
use playfield_core::api::{
    CameraInvitation, CameraLinks, Connected, CreatedCameraLink, Dataset, Datasets, Device, DeviceCounts, DeviceEvents,
    DeviceState, Devices, EndReason, Granted, Grants, Role, SessionState,
};
use playfield_core::bus::{Event, Reply as Said, Request, SessionSpec};
use playfield_core::camera::{Report, Seen, Source};
use playfield_core::id::{DeviceId, IngestId};
use playfield_core::manifest::Kind;
use playfield_core::metadata::Metadata;
use playfield_core::upload::PIECE;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::world::{Client, Folder, World};

/// A server with the camera that newcomers are shown, at work.
pub struct Street {
    pub world: World,
    pub here: Client,
    /// Somebody who is not signed in.
    pub stranger: Client,
    id: DeviceId,
    work: JoinHandle<()>,
}

impl Street {
    pub async fn new() -> Street {
        let folder = Folder::new();
        std::fs::create_dir_all(folder.path("models/street")).unwrap();
        std::fs::write(folder.path("models/street/model.toml"), include_str!("../../../../models/street/model.toml"))
            .unwrap();
        std::fs::write(folder.path("models/street/street.onnx"), "weights").unwrap();
        std::fs::create_dir_all(folder.path("apps/people-counter")).unwrap();
        std::fs::write(folder.path("apps/people-counter/app.toml"), "").unwrap();
        let (models, apps) = (vec![folder.path("models")], vec![folder.path("apps")]);
        let config = Config { models, apps, titles: Vec::new(), ..Config::default() };
        Street::on(folder, config).await
    }

    async fn on(folder: Folder, config: Config) -> Street {
        let mut world = World::on(folder, Config::default()).await;
        world.control = World::control_of(&world.folder, &world.bus, &world.db, config.clone()).await;
        let (here, stranger) = (world.here(), world.elsewhere(true));
        let spare = World::control(&world.folder, &world.bus, &world.db, Config::default()).await;
        let background = std::mem::replace(&mut world.control, spare).background();
        let work = tokio::spawn(background.run(std::future::pending()));
        let devices = until("the camera", async || {
            let devices = here.get("/api/v1/devices").await.is::<Devices>(200).devices;
            devices.into_iter().next()
        });
        let id = devices.await.id;
        Street { world, here, stranger, id, work }
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/devices/{}{rest}", self.id)
    }

    pub async fn device(&self) -> Device {
        self.here.get(&self.path("")).await.is(200)
    }

    /// What its node was asked to start for the so manieth time, once it was.
    pub async fn started(&self, times: usize) -> SessionSpec {
        let start = |request| match request {
            Request::Start { spec, .. } => Some(*spec),
            _ => None,
        };
        until("a start", async || self.world.node.asked().into_iter().filter_map(start).nth(times - 1)).await
    }

    async fn says(&self, spec: &SessionSpec, state: SessionState, detail: Option<&str>) {
        let reason = state.is_final().then_some(EndReason::GuestTrap);
        let detail = detail.map(str::to_owned);
        self.world.bus.tell(&Event::State { session: spec.id.clone(), state, reason, detail }).await.unwrap();
    }

    async fn reports(&self, spec: &SessionSpec, report: Report) {
        self.world.bus.tell(&Event::Camera { session: spec.id.clone(), report: Box::new(report) }).await.unwrap();
    }

    async fn is(&self, state: DeviceState) -> Device {
        until("its state", async || Some(self.device().await).filter(|device| device.state == state)).await
    }

    /// At work: what it was started as.
    pub async fn at_work(&self) -> SessionSpec {
        let spec = self.started(1).await;
        self.says(&spec, SessionState::Active, None).await;
        self.is(DeviceState::Online).await;
        spec
    }
}

impl Drop for Street {
    fn drop(&mut self) {
        self.work.abort();
    }
}

async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..2_000 {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain for {what}");
}

fn crossed(time_ms: u64, direction: Direction) -> Happened {
    Happened { time_ms, what: What::Cross { line: "road".to_owned(), direction }, thing: None, counts: Vec::new() }
}

#[tokio::test]
async fn a_newcomer_finds_a_camera_at_work_and_what_it_tells_is_kept_and_counted() {
    let street = Street::new().await;
    let spec = street.at_work().await;
    let Kind::Camera { camera } = &spec.kind else { panic!("{:?}", spec.kind) };
    assert_eq!(camera.desired.source, Source::Scene { seed: None });
    let model = camera.model.as_ref().unwrap();
    assert!(model.starts_with(street.world.folder.path("data/models")), "{model:?}: what it has is its own");
    assert_eq!(std::fs::read(model.join("street.onnx")).unwrap(), b"weights");

    let events =
        vec![crossed(120_000, Direction::In), crossed(130_000, Direction::In), crossed(200_000, Direction::Out)];
    let metadata = Metadata { frame: 1, time_ms: 1, ..Metadata::default() };
    street.reports(&spec, Report::Seen(Seen { metadata, events: events.clone() })).await;
    let counts =
        Counts { lines: vec![LineCounts { name: "road".to_owned(), ..LineCounts::default() }], ..Counts::default() };
    street.reports(&spec, Report::Counts(Box::new(counts))).await;
    let told = until("the events", async || {
        let page: DeviceEvents = street.here.get(&street.path("/events")).await.is(200);
        (page.events.len() == 3).then_some(page.events)
    });
    let told = told.await;
    assert_eq!(told.iter().map(|event| event.seq).collect::<Vec<_>>(), [3, 2, 1], "the newest first");
    assert_eq!(told.into_iter().rev().map(|event| event.event).collect::<Vec<_>>(), events);
    let older: DeviceEvents = street.here.get(&street.path("/events?before=3&most=1")).await.is(200);
    assert_eq!(older.events[0].seq, 2);
    street.here.get(&street.path("/events?most=many")).await.problem(400, "malformed");
    let counts: DeviceCounts = street.here.get(&street.path("/counts?minutes=1")).await.is(200);
    assert_eq!((counts.counts.len(), counts.to - counts.from), (0, 0), "that was in 1970");
    assert!(street.device().await.heard_ms.is_some());
}

#[tokio::test]
async fn a_camera_that_ends_is_started_again_and_one_that_is_changed_begins_anew() {
    let street = Street::new().await;
    let spec = street.at_work().await;
    street.says(&spec, SessionState::Error, Some("The lens fell off.")).await;
    let broken = street.is(DeviceState::Broken).await;
    assert_eq!(broken.detail.as_deref(), Some("The lens fell off."));
    let again = street.started(2).await;
    assert_ne!(again.id, spec.id);
    street.says(&again, SessionState::Active, None).await;
    let device = street.is(DeviceState::Online).await;
    assert_eq!((device.version, device.running), (1, Some(1)));

    let mut desired = serde_json::to_value(&device.desired).unwrap();
    desired["hz"] = json!(0);
    let refused = street.here.patch(&street.path(""), json!({"desired": desired})).await;
    assert!(refused.problem(400, "malformed").detail.contains("hz"));
    desired["hz"] = json!(5);
    desired["model"] = json!("nowhere");
    street.here.patch(&street.path(""), json!({"desired": desired})).await.problem(404, "notFound");
    desired["model"] = json!("../street");
    street.here.patch(&street.path(""), json!({"desired": desired})).await.problem(404, "notFound");
    desired["model"] = json!(null);
    let refused = street.here.patch(&street.path(""), json!({"desired": desired})).await;
    assert!(refused.problem(400, "malformed").detail.contains("person"), "movement knows nobody");
    desired["watch"] = json!({"line": [{"name": "door", "from": [0.1, 0.1], "to": [0.9, 0.9]}]});
    let stale = json!({"desired": desired, "version": 7});
    street.here.patch(&street.path(""), stale).await.problem(409, "changed");
    let changed: Device =
        street.here.patch(&street.path(""), json!({"desired": desired, "version": 1, "name": " Door "})).await.is(200);
    assert_eq!((changed.version, changed.name.as_str()), (2, "Door"));
    let third = street.started(3).await;
    let Kind::Camera { camera } = &third.kind else { panic!("{:?}", third.kind) };
    assert_eq!((camera.desired.hz, camera.model.as_ref()), (5, None));
    let stopped = |request: &Request| matches!(request, Request::Stop { session, .. } if *session == again.id);
    assert!(street.world.node.asked().iter().any(stopped), "the one before is not needed any more");
}

#[tokio::test]
async fn a_model_is_tried_before_a_camera_gets_it_and_does_not_change_under_it() {
    let street = Street::new().await;
    let had = |spec: &SessionSpec| {
        let Kind::Camera { camera } = &spec.kind else { panic!("{:?}", spec.kind) };
        camera.model.clone().unwrap()
    };
    let first = had(&street.at_work().await);
    let file = street.world.folder.path("models/street/street.onnx");
    let put = |text: &str| {
        static SECONDS: AtomicU64 = AtomicU64::new(0);
        std::fs::write(&file, text).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(SECONDS.fetch_add(1, Ordering::Relaxed));
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    };
    let change = async |hz: u16| {
        let device = street.device().await;
        let mut desired = serde_json::to_value(&device.desired).unwrap();
        desired["hz"] = json!(hz);
        street.here.patch(&street.path(""), json!({"desired": desired})).await
    };
    let tried = || street.world.node.asked().into_iter().filter(|ask| matches!(ask, Request::TryModel { .. })).count();
    change(5).await.is::<Device>(200);
    let second = had(&street.started(2).await);
    assert_eq!((&second, tried()), (&first, 1));

    put("half of");
    let refused = change(6).await.problem(400, "malformed");
    assert_eq!(refused.detail, "the model `street` cannot be used: the rest of it is missing");
    assert_eq!(std::fs::read(first.join("street.onnx")).unwrap(), b"weights", "what is at work has what it had");
    change(7).await.problem(400, "malformed");
    assert_eq!(tried(), 2, "once is enough to know");

    put("other weights");
    change(8).await.is::<Device>(200);
    let third = had(&street.started(3).await);
    assert_ne!(third, first);
    assert_eq!(std::fs::read(third.join("street.onnx")).unwrap(), b"other weights");
    put("weights");
    change(9).await.is::<Device>(200);
    assert_eq!((had(&street.started(4).await), tried()), (first, 3), "it was here before");
}

#[tokio::test]
async fn a_camera_whose_node_refuses_it_says_why_and_is_tried_again() {
    let folder = Folder::new();
    let config = Config { models: vec![folder.path("models")], titles: Vec::new(), ..Config::default() };
    let street = Street::on(folder, config).await;
    let spec = street.started(1).await;
    let Kind::Camera { camera } = &spec.kind else { panic!("{:?}", spec.kind) };
    assert_eq!((&camera.model, &camera.desired.model), (&None, &None), "without a model what moves is found");
    let detail = "This module cannot be run: the model is broken.".to_owned();
    street.world.node.answers(move |request| match request {
        Request::Start { .. } => Some(Said::Refused { reason: EndReason::BadModule, detail: detail.clone() }),
        _ => None,
    });
    street.says(&spec, SessionState::Error, Some("It ended.")).await;
    let said =
        until("what the node says", async || street.device().await.detail.filter(|said| said.contains("is broken")));
    said.await;
}

#[tokio::test]
async fn pictures_are_seen_with_leave_alone_which_ends_and_stays_on_record() {
    let street = Street::new().await;
    street.here.post(&street.path("/grants"), json!({"reason": "a parcel", "minutes": 5})).await.problem(503, "noNode");
    let spec = street.at_work().await;
    for wrong in [
        json!({"reason": "  ", "minutes": 5}),
        json!({"reason": "why", "minutes": 0}),
        json!({"reason": "why", "minutes": 61}),
    ] {
        street.here.post(&street.path("/grants"), wrong).await.problem(400, "malformed");
    }
    let wanted = json!({"reason": "a parcel is missing", "minutes": 5});
    let granted: Granted = street.here.post(&street.path("/grants"), wanted).await.is(201);
    assert_eq!((granted.session.id.clone(), granted.viewer.role), (spec.id.clone(), Role::Spectator));
    assert_eq!(granted.grant.expires_ms - granted.grant.created_ms, 300_000);
    let connect = async |client: &Client| {
        client.post(&format!("/api/v1/sessions/{}/connections", spec.id), json!({"offer": "v=0"})).await
    };
    let viewer = street.here.bearer(granted.viewer.token.reveal());
    connect(&viewer).await.is::<Connected>(200);
    let attached = street.world.node.asked().into_iter().rev().find_map(|request| match request {
        Request::Attach { attach, .. } => Some(attach.person),
        _ => None,
    });
    let person = attached.unwrap();
    assert_eq!((person.role, person.expires_ms), (Role::Spectator, Some(granted.grant.expires_ms)));
    connect(&street.here).await.problem(401, "badToken");

    let grant = format!("/grants/{}", granted.grant.id);
    assert_eq!(street.here.delete(&street.path(&grant)).await.status, 204);
    street.here.delete(&street.path(&grant)).await.problem(404, "notFound");
    let removed = |request: &Request| matches!(request, Request::Remove { viewer, .. } if *viewer == granted.viewer.id);
    assert!(street.world.node.asked().iter().any(removed), "whoever looks is put out");
    assert!(connect(&viewer).await.status.is_client_error());
    let record: Grants = street.here.get(&street.path("/grants")).await.is(200);
    assert_eq!((record.grants[0].reason.as_str(), record.grants[0].ended_ms.is_some()), ("a parcel is missing", true));
    // A viewer of one session looks after no cameras.
    viewer.get(&street.path("/grants")).await.problem(401, "badToken");
}

#[tokio::test]
async fn pictures_are_kept_with_leave_and_come_as_coco() {
    let street = Street::new().await;
    for (wrong, says) in [
        (json!({"reason": " ", "minutes": 5}), "`reason`"),
        (json!({"reason": "training", "minutes": 10_081}), "`minutes`"),
        (json!({"reason": "training", "minutes": 5, "every_ms": 100}), "`every_ms`"),
        (json!({"reason": "training", "minutes": 5, "every_ms": 0}), "nothing would be kept"),
    ] {
        let problem = street.here.post(&street.path("/datasets"), wrong).await.problem(400, "malformed");
        assert!(problem.detail.contains(says), "{problem:?}");
    }
    let spec = street.at_work().await;
    let asked =
        || street.world.node.asked().into_iter().filter(|asked| matches!(asked, Request::Sample { .. })).count();
    assert_eq!(asked(), 0, "nobody had leave");
    let wanted = json!({"reason": "bicycles are missed", "minutes": 5, "every_ms": 200});
    let made: Dataset = street.here.post(&street.path("/datasets"), wanted).await.is(201);
    assert!(made.open && made.pictures == 0, "{made:?}");
    let here = format!("/datasets/{}", made.grant.id);
    until("two pictures", async || {
        let datasets = street.here.get(&street.path("/datasets")).await.is::<Datasets>(200).datasets;
        (datasets[0].pictures >= 2).then_some(())
    })
    .await;
    let of = |request: &Request| matches!(request, Request::Sample { session } if *session == spec.id);
    assert!(street.world.node.asked().iter().any(of), "the camera's session is asked");
    let grants: Grants = street.here.get(&street.path("/grants")).await.is(200);
    assert_eq!((grants.grants.len(), grants.grants[0].reason.as_str()), (1, "bicycles are missed"));

    // Taken back, no more pictures come; those that came are there.
    assert_eq!(street.here.delete(&street.path(&format!("/grants/{}", made.grant.id))).await.status, 204);
    let over: Dataset = street.here.get(&street.path("/datasets")).await.is::<Datasets>(200).datasets.remove(0);
    assert!(!over.open);
    let archive = street.here.get(&street.path(&here)).await;
    assert_eq!((archive.status.as_u16(), archive.header("content-type")), (200, "application/zip"));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(archive.body.clone())).unwrap();
    assert_eq!(zip.len() as u32, 1 + over.pictures);
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    assert_eq!(read("images/000002.jpg"), b"\xff\xd8 a picture");
    let coco: serde_json::Value = serde_json::from_slice(&read("annotations.json")).unwrap();
    assert_eq!(coco["info"]["description"], "Street: bicycles are missed");
    assert_eq!(coco["categories"][0]["name"], "person");
    assert_eq!(coco["images"][1]["file_name"], "images/000002.jpg");
    assert_eq!(coco["annotations"][1]["bbox"], json!([160.0, 180.0, 160.0, 180.0]));

    assert_eq!(street.here.delete(&street.path(&here)).await.status, 204);
    street.here.get(&street.path(&here)).await.problem(404, "notFound");
    street.here.delete(&street.path(&here)).await.problem(404, "notFound");
    let grants: Grants = street.here.get(&street.path("/grants")).await.is(200);
    assert_eq!(grants.grants.len(), 1, "that there was leave stays on record");
}

#[tokio::test]
async fn what_an_app_uploads_is_kept_with_leave_in_one_dataset_at_a_time() {
    let street = Street::new().await;
    let spec = street.at_work().await;
    let asked = || {
        let asked = street.world.node.asked().into_iter();
        asked.filter_map(|asked| match asked {
            Request::Upload { session, ask } if session == spec.id => Some((ask.file, ask.at as usize, ask.last)),
            _ => None,
        })
    };
    let wanted = json!({"reason": "what is blurred", "minutes": 5, "every_ms": 0, "uploads": true});
    let made: Dataset = street.here.post(&street.path("/datasets"), wanted.clone()).await.is(201);
    assert!(made.open && made.uploads && made.every_ms == 0 && made.files == 0, "{made:?}");
    let problem = street.here.post(&street.path("/datasets"), wanted.clone()).await.problem(409, "inUse");
    assert!(problem.detail.contains("stop that one first"), "{problem:?}");
    let told = async || street.here.get(&street.path("/datasets")).await.is::<Datasets>(200).datasets.remove(0);
    until("two files", async || (told().await.files == 2).then_some(())).await;
    until("a question for the third", async || asked().any(|ask| ask == (72, 0, false)).then_some(())).await;
    let asks = [(0, 0, false), (70, PIECE, false), (71, 0, false), (72, 0, false)];
    assert_eq!(asked().take(4).collect::<Vec<_>>(), asks);
    assert!(!street.world.node.asked().iter().any(|asked| matches!(asked, Request::Sample { .. })), "no picture");

    assert_eq!(street.here.delete(&street.path(&format!("/grants/{}", made.grant.id))).await.status, 204);
    let over = told().await;
    assert_eq!((over.open, over.files, over.pictures, over.bytes as usize), (false, 2, 0, PIECE + 6));
    until("the camera to be told", async || (asked().next_back() == Some((72, 0, true))).then_some(())).await;
    let archive = street.here.get(&street.path(&format!("/datasets/{}", made.grant.id))).await;
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(archive.body.clone())).unwrap();
    let names: Vec<_> = zip.file_names().map(str::to_owned).collect();
    assert_eq!(names, ["annotations.json", "uploads/000001-20260102.jpg", "uploads/000002-20260102.txt"]);
    let mut bytes = Vec::new();
    zip.by_name(&names[1]).unwrap().read_to_end(&mut bytes).unwrap();
    assert!(bytes.starts_with(b"\xff\xd8") && bytes.len() == PIECE + 2);
    let grants: Grants = street.here.get(&street.path("/grants")).await.is(200);
    assert_eq!((grants.grants.len(), grants.grants[0].reason.as_str()), (1, "what is blurred"));
    let again: Dataset = street.here.post(&street.path("/datasets"), wanted).await.is(201);
    assert!(again.open, "the other one is over");
    assert_eq!(street.here.delete(&street.path(&format!("/datasets/{}", made.grant.id))).await.status, 204);
}

#[tokio::test]
async fn a_link_makes_a_browser_the_camera_until_it_is_taken_back_and_stays_on_record() {
    let street = Street::new().await;
    street.at_work().await;
    let links = street.path("/links");
    let problem = street.here.post(&links, json!({})).await.problem(422, "refused");
    assert!(problem.detail.contains("`source`"), "a drawn street is no browser's: {}", problem.detail);
    let desired = json!({"source": {"kind": "browser"}, "hz": 5});
    street.here.patch(&street.path(""), json!({"desired": desired})).await.is::<Device>(200);
    let spec = street.started(2).await;
    for wrong in [json!({"expires_s": 299}), json!({"expires_s": 31_536_001}), json!({"for": 3})] {
        street.here.post(&links, wrong).await.problem(400, "malformed");
    }
    let made: CreatedCameraLink = street.here.post(&links, json!({})).await.is(201);
    assert_eq!(made.link.expires_ms, Some(made.link.created_ms + 86_400_000));
    assert_eq!(made.path, format!("/camera#{}", made.token.reveal()));
    let kept: CreatedCameraLink = street.here.post(&links, json!({"expires_s": 0})).await.is(201);
    assert_eq!(kept.link.expires_ms, None);

    // Whoever has it need not be signed in, and learns what it is for, and no more.
    let stranger = &street.stranger;
    let phone = stranger.bearer(made.token.reveal());
    let sdp = |client: &Client| client.with("content-type", "application/sdp");
    let told: CameraInvitation = phone.get("/api/v1/whip").await.is(200);
    assert_eq!((told.hz, told.ready, told.seen), (5, false, None));
    phone.get(&street.path("")).await.problem(401, "badToken");
    let send = async |client: &Client| client.send("POST", "/api/v1/whip", "v=0".into()).await;
    send(&sdp(&phone)).await.problem(503, "noNode");
    street.says(&spec, SessionState::Active, None).await;
    street.is(DeviceState::Online).await;
    send(&phone).await.problem(415, "unsupportedMediaType");
    send(&sdp(stranger)).await.problem(401, "badToken");
    for wrong in ["", "nobody's", &made.token.reveal()[1..]] {
        send(&sdp(&stranger.bearer(wrong))).await.problem(404, "notFound");
    }

    let answer = send(&sdp(&phone)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (201, "application/sdp"));
    assert_eq!(answer.text(), "answer to v=0");
    let place = answer.header("location").to_owned();
    let asked = street.world.node.asked().into_iter().rev().find_map(|request| match request {
        Request::Ingest { session, ingest } => Some((session, *ingest)),
        _ => None,
    });
    let (session, ingest) = asked.unwrap();
    assert_eq!((session, &ingest.link, ingest.expires_ms), (spec.id.clone(), &made.link.id, made.link.expires_ms));
    assert_eq!(place, format!("/api/v1/whip/{}", ingest.id));
    let granted: Granted =
        street.here.post(&street.path("/grants"), json!({"reason": "a parcel is missing", "minutes": 5})).await.is(201);
    let told: CameraInvitation = phone.get("/api/v1/whip").await.is(200);
    let seen = told.seen.unwrap();
    assert_eq!((seen.expires_ms, &*seen.reason), (granted.grant.expires_ms, "a parcel is missing"));

    let ended = |id: Option<&IngestId>| {
        let is = |request: &Request| matches!(request, Request::EndIngest { link, ingest: of, .. } if *link == made.link.id && of.as_ref() == id);
        street.world.node.asked().iter().filter(|request| is(request)).count()
    };
    phone.delete("/api/v1/whip/nonsense").await.problem(404, "notFound");
    stranger.delete(&place).await.problem(401, "badToken");
    assert_eq!(phone.delete(&place).await.status, 200);
    assert_eq!((ended(Some(&ingest.id)), ended(None)), (1, 0));
    let one = format!("{links}/{}", made.link.id);
    assert_eq!(street.here.delete(&one).await.status, 204);
    street.here.delete(&one).await.problem(404, "notFound");
    assert_eq!(ended(None), 1, "whoever is the camera by it is put out");
    phone.get("/api/v1/whip").await.problem(410, "inviteRevoked");
    send(&sdp(&phone)).await.problem(410, "inviteRevoked");

    let record: CameraLinks = street.here.get(&links).await.is(200);
    let record: Vec<_> =
        record.links.into_iter().map(|link| (link.id, link.used_by.is_some(), link.ended_ms.is_some())).collect();
    assert_eq!(record.len(), 2);
    assert!(record.contains(&(made.link.id.clone(), true, true)) && record.contains(&(kept.link.id, false, false)));
    phone.get(&links).await.problem(401, "badToken");

    // Turned away, or with another source, it is nobody's.
    let other = stranger.bearer(kept.token.reveal());
    street.here.patch(&street.path(""), json!({"desired": {"source": {"kind": "scene"}}})).await.is::<Device>(200);
    other.get("/api/v1/whip").await.problem(422, "refused");
    assert_eq!(street.here.delete(&street.path("")).await.status, 204);
    other.get("/api/v1/whip").await.problem(410, "inviteRevoked");
}
