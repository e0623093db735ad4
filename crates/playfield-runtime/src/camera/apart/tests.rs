//! An app's process, but for the fence: the app with threads, and processes that lie; then the app that it is to its camera.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread::JoinHandle;

use playfield_core::app::{AppState, Manifest};
use playfield_core::camera::Seen;
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::metadata::{Metadata, Object, Rect};

use super::*;
use crate::camera::app::{App, AppSetting, Made, ToDesk, Wants, code};
use crate::wasm::{Engine, UploadTerms, compile};

const THREADS: &[u8] = include_bytes!("../../../tests/guests/aitrios/threads.wasm");

/// The app with threads, compiled.
static MODULE: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("playfield-apart-{}.module", std::process::id()));
    let compiled = compile::compile(&Engine::new().unwrap(), THREADS).unwrap();
    std::fs::write(&path, compiled.bytes()).unwrap();
    path
});

fn module() -> &'static Path {
    &MODULE
}

fn manifest(more: &str) -> Manifest {
    Manifest::parse(&format!("id = 'threads'\nname = 'Threads'\nentry = 'threads.wasm'\n{more}")).unwrap()
}

fn rules(manifest: &Manifest) -> AppRules {
    AppRules {
        schema: manifest.schema().unwrap(),
        budget: Budget::new(manifest.output.bytes_per_minute),
        labels: Vec::new(),
        config: r#"{"edge_app": {"common_settings": {"process_state":2}}}"#.to_owned(),
        memory_limit: manifest.limits.memory(),
        tick: manifest.limits.tick(),
        start_unix_ms: 1_700_000_000_000,
        model: "street".to_owned(),
        hz: 15,
        raw_image: manifest.raw_image,
    }
}

/// A process of an app, but for the fence, and for being one.
fn process() -> (Link, JoinHandle<()>) {
    let (ours, theirs) = Link::pair().unwrap();
    let serve = move || {
        // Whoever let go of it knows.
        let _ = host::serve(&mut Link::new(theirs), module(), host::Brings::default(), |_, _| None);
    };
    (ours, std::thread::spawn(serve))
}

/// One that answers like this.
fn says(answers: Vec<FromApp>) -> Link {
    let (ours, theirs) = Link::pair().unwrap();
    let mut theirs = Link::new(theirs);
    answers.iter().for_each(|answer| theirs.send(answer).unwrap());
    std::thread::spawn(move || while theirs.receive::<ToApp>(None).is_ok() {});
    ours
}

fn open(link: Link, manifest: &Manifest) -> Result<Apart, GuestError> {
    Apart::open(link, rules(manifest), serde_json::to_string(&manifest.output).unwrap())
}

fn view(ms: u64) -> View {
    let area = Rect { left: 0.5, top: 0.25, right: 0.625, bottom: 0.75 };
    let objects = vec![Object { class: 3, score: 0.75, area, ..Object::default() }];
    let metadata = Metadata { frame: ms, time_ms: ms, objects, ..Metadata::default() };
    let mut picture = Picture::black(640, 360, PixelFormat::Rgba8);
    picture.pixels.fill(7);
    let seen = Seen { metadata, events: Vec::new() };
    View { now: Time::from_millis(ms), seen, size: [640, 360], picture: Some(picture), ..View::default() }
}

#[test]
fn an_app_in_a_process_of_its_own_says_what_it_says_elsewhere() {
    let (link, process) = process();
    let mut app = open(link, &manifest("[limits]\ntick_ms = 1000")).unwrap();
    for nth in 0..3 {
        let tick = app.see(view(nth * 100)).unwrap();
        let said: Vec<_> = tick.emitted.iter().map(ToString::to_string).collect();
        assert_eq!(said, [r#"{"bottom":75,"class":3,"left":50,"right":62,"score":0.75,"top":25}"#]);
        assert_eq!((tick.bytes, tick.refused, tick.exited), (said[0].len() as u64, 0, false));
    }
    let mut lines = app.take_log();
    lines.sort_unstable();
    assert_eq!(lines, ["running", "the threads are at work"]);
    // It is let go of, and ends.
    drop(app);
    process.join().unwrap();
}

#[test]
fn a_process_says_no_more_than_its_app_could() {
    let class = "[output]\nbytes_per_minute = 512\n[output.fields]\nclass = { kind = 'integer', min = 0, max = 9 }";
    let value = |json: &str| FromApp::Value(json.to_owned());
    let check = |answers: Vec<FromApp>, expect: &str| {
        let all = std::iter::once(FromApp::Seen).chain(answers).collect();
        let error = open(says(all), &manifest(class)).unwrap().see(view(0)).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(vec![value("{\"secret\":1}")], "says what it may not say: a field is not declared");
    check(vec![value("{\"class\":10}")], "says what it may not say");
    check(vec![FromApp::Ended(End::Trap("it fell".to_owned()))], "it fell");
    check(vec![FromApp::Ended(End::Memory(8))], "8 MiB of memory");
    // There are 128 bytes at once: one object, with what goes around it.
    let flood = (0..9).map(|_| value("{\"class\":1}")).chain([FromApp::Refused(2), FromApp::Seen]);
    let all = std::iter::once(FromApp::Seen).chain(flood).collect();
    let tick = open(says(all), &manifest(class)).unwrap().see(view(0)).unwrap();
    assert_eq!((tick.emitted.len(), tick.refused), (1, 10));
}

fn view_with(ms: u64, room: Option<u64>, settled: &[bool]) -> View {
    View { uploads: UploadTerms { room, settled: settled.to_vec() }, ..view(ms) }
}

#[test]
fn a_process_uploads_no_more_at_a_time_than_its_app_could() {
    let upload = |length: u32| FromApp::Upload("../a/b.txt".to_owned(), length);
    let bytes = |length: usize| FromApp::Bytes(Bytes(vec![7; length]));
    let see = |answers: Vec<FromApp>, room: Option<u64>| {
        let all = std::iter::once(FromApp::Seen).chain(answers).collect();
        let seen = open(says(all), &manifest("")).unwrap().see(view_with(0, room, &[]));
        seen.map(|tick| tick.uploads).map_err(|error| error.to_string())
    };
    let whole = vec![upload(5), bytes(5), upload(0), FromApp::Seen];
    let file = |length: usize| Upload { name: "b.txt".to_owned(), bytes: vec![7; length] };
    for room in [Some(5), None] {
        assert_eq!(see(whole.clone(), room), Ok(vec![file(5), file(0)]), "its camera says what becomes of it");
    }
    let many = |count: usize| [vec![upload(0); count], vec![FromApp::Seen]].concat();
    assert_eq!(see(many(MOST_UPLOADS), None).map(|files| files.len()), Ok(MOST_UPLOADS));
    for more in
        [many(MOST_UPLOADS + 1), vec![upload(5), bytes(5), upload(MOST_UPLOAD as u32 - 4)], vec![upload(u32::MAX)]]
    {
        assert!(see(more, None).unwrap_err().contains("uploads more than it may"));
    }
    for garbage in [
        vec![bytes(3)],
        vec![upload(3), bytes(4)],
        vec![upload(3), bytes(2)],
        vec![upload(3), bytes(0)],
        vec![upload(3), FromApp::Seen],
    ] {
        assert!(see(garbage, None).unwrap_err().contains("makes no sense"));
    }
}

/// A process that uploads a file with each picture, says which of its files it was told of, and ends in the middle of the third.
fn uploads() -> Link {
    let (ours, theirs) = Link::pair().unwrap();
    std::thread::spawn(move || {
        let (mut theirs, mut pictures) = (Link::new(theirs), 0);
        while let Ok(said) = theirs.receive::<ToApp>(None) {
            match said {
                ToApp::Begin(_) => {}
                ToApp::Bytes(_) if pictures == 3 => return,
                ToApp::Bytes(_) => continue,
                ToApp::Picture(still, _) => {
                    theirs.send(&FromApp::Line(format!("{:?}", still.uploads.settled))).unwrap();
                    theirs.send(&FromApp::Upload("a".to_owned(), 0)).unwrap();
                    pictures += 1;
                    if pictures == 3 {
                        continue;
                    }
                }
            }
            theirs.send(&FromApp::Seen).unwrap();
        }
    });
    ours
}

#[test]
fn an_app_that_is_started_again_is_told_of_its_own_files_alone() {
    let mut app = apart();
    app.see(view(0));
    app.hear(ToDesk::Process(uploads().into_socket()), &mut Made::default());
    let mut see = |ms: u64, settled: &[bool]| {
        let made = app.see(view_with(ms, Some(9), settled));
        if made.wants.is_some() {
            app.hear(ToDesk::Process(uploads().into_socket()), &mut Made::default());
        }
        (made.uploads.len(), made.lines.first().map(|line| line.trim_start_matches("threads: ").to_owned()))
    };
    let told = |settled: &str| Some(settled.to_owned());
    assert_eq!(see(1, &[]), (1, told("[]")));
    assert_eq!(see(2, &[true]), (1, told("[true]")));
    assert_eq!(see(3, &[]), (1, told("[]")), "it fails, and what it uploaded before is there");
    // Two of its files are on their way. The next process is not told of them, be it with its first picture or later.
    assert_eq!(see(2_000, &[true]), (1, told("[]")), "it is started again");
    assert_eq!(see(2_001, &[false, true]), (1, told("[true]")));
    assert_eq!(see(2_002, &[false]), (1, told("[false]")));
}

#[test]
fn a_process_that_is_gone_is_told() {
    let (link, theirs) = Link::pair().unwrap();
    drop(theirs);
    let error = open(link, &manifest("")).err().unwrap().to_string();
    assert!(error.contains("its process ended"), "{error}");
    let error = open(says(vec![FromApp::Ended(End::Refused("no fence".to_owned()))]), &manifest("")).err().unwrap();
    assert_eq!(error, GuestError::BadModule("no fence".to_owned()));
}

fn apart() -> App {
    let config = r#"{"edge_app": {"common_settings": {"process_state":2}}}"#.to_owned();
    let manifest = manifest("[limits]\ntick_ms = 1000");
    let (labels, model) = (Vec::new(), "street".to_owned());
    let setting = AppSetting { manifest, labels, model, config, pixels: false, hz: 15 };
    App::with(code(module()).unwrap(), setting).unwrap()
}

/// A process that ends in the middle of the second picture.
fn ends() -> Link {
    let (ours, theirs) = Link::pair().unwrap();
    std::thread::spawn(move || {
        let (mut theirs, mut pictures) = (Link::new(theirs), 0);
        while let Ok(said) = theirs.receive::<ToApp>(None) {
            pictures += u32::from(matches!(said, ToApp::Picture(..)));
            if pictures == 2 {
                return;
            }
            if !matches!(said, ToApp::Bytes(_)) {
                theirs.send(&FromApp::Seen).unwrap();
            }
        }
    });
    ours
}

#[test]
fn one_with_a_process_of_its_own_asks_for_it_once_and_again_when_it_is_lost() {
    let mut app = apart();
    assert_eq!(app.see(view(0)).wants, Some(Wants::Process(8)));
    assert_eq!((app.see(view(1)).wants, app.status.state), (None, AppState::Starting));
    let mut made = Made::default();
    app.hear(ToDesk::NoProcess("there is no room".to_owned()), &mut made);
    assert_eq!(made.lines, ["threads: its process cannot be started: there is no room"]);
    assert_eq!(app.see(view(2)).wants, Some(Wants::Process(8)));
    app.hear(ToDesk::Process(ends().into_socket()), &mut Made::default());
    assert_eq!((app.see(view(3)).wants, app.status.state), (None, AppState::Running));
    assert_eq!(app.status.dialect, "aitrios");

    // Its process is gone: it waits, and asks for another one when its time has come.
    let made = app.see(view(4));
    assert_eq!((made.wants, app.status.state), (Some(Wants::End), AppState::Waiting));
    assert_eq!(app.status.detail.as_deref(), Some("it crashed"));
    let mut made = Made::default();
    app.hear(ToDesk::Ended(true, Some("was killed".to_owned())), &mut made);
    assert_eq!(made.lines, ["threads: its process was killed"]);
    assert_eq!(app.status.detail.as_deref(), Some("its process took more memory than it may"));
    assert_eq!(app.see(view(5)).wants, None, "it waits");
    assert_eq!(app.see(view(2_000)).wants, Some(Wants::Process(8)));
    let (link, process) = process();
    app.hear(ToDesk::Process(link.into_socket()), &mut Made::default());
    app.see(view(2_001));
    assert_eq!((app.status.state, app.status.restarts, app.status.bytes > 0), (AppState::Running, 1, true));
    drop(app);
    process.join().unwrap();
}
