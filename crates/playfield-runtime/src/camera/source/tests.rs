//! Sources, with codecs of tests.

use std::path::PathBuf;

use playfield_core::camera::{Coding, Desired};
use playfield_core::frame::PixelFormat;

use super::*;
use crate::camera::decode::fake::CODECS;
use crate::camera::intake::Intake;

struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Files {
        let path = std::env::temp_dir().join(format!("playfield-sources-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Files(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }

    fn source(&self, json: &str) -> Result<Box<dyn Source>, String> {
        let desired = format!(r#"{{"source": {json}, "hz": 60}}"#);
        let desired: Desired = serde_json::from_str(&desired).unwrap();
        let files = desired.source.path().map(|path| self.0.join(path));
        open(&Camera { desired, model: None, shadow: None, files, app: None, onnxruntime: None }, None, CODECS)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The next picture's number and grey, whenever it comes.
fn next(source: &mut Box<dyn Source>) -> Result<(u64, u8), NoPicture> {
    let mut picture = Picture::black(1, 1, PixelFormat::Rgba8);
    for _ in 0..1_000 {
        std::thread::sleep(source.due().saturating_duration_since(Instant::now()));
        match source.take(&mut picture) {
            Err(NoPicture::Yet) => std::thread::sleep(Duration::from_millis(2)),
            other => return other.map(|number| (number, picture.pixels[0])),
        }
    }
    panic!("no picture comes")
}

#[test]
fn pictures_of_a_folder_come_in_the_order_of_their_names_and_begin_anew() {
    let files = Files::new("loop");
    files.write("b.jpg", &[2, 2, 20]);
    files.write("a.PNG", &[2, 2, 10]);
    files.write("notes.txt", b"no picture");
    let mut source = files.source(r#"{"kind": "folder", "path": ""}"#).unwrap();
    let seen: Vec<_> = (0..3).map(|_| next(&mut source).unwrap()).collect();
    assert_eq!(seen, [(1, 10), (2, 20), (3, 10)]);
    files.write("c.jpeg", &[2, 2, 30]);
    let seen: Vec<_> = (0..4).map(|_| next(&mut source).unwrap().1).collect();
    assert_eq!(seen, [20, 10, 20, 30], "what came later is seen in the next round");
}

#[test]
fn a_folder_that_is_seen_once_says_when_it_is_over_and_a_bad_picture_is_passed_by() {
    let files = Files::new("once");
    files.write("a.jpg", &[2, 2, 10]);
    files.write("b.jpg", b"rubbish");
    files.write("c.jpg", &[2, 2, 30]);
    let mut source = files.source(r#"{"kind": "folder", "path": "", "once": true}"#).unwrap();
    assert_eq!(next(&mut source), Ok((1, 10)));
    assert_eq!(next(&mut source), Err(NoPicture::Bad("`b.jpg` is not to be seen: it is damaged".to_owned())));
    assert_eq!(next(&mut source), Ok((2, 30)));
    assert_eq!(next(&mut source), Err(NoPicture::Over("all pictures of its folder were seen".to_owned())));
}

#[test]
fn a_folder_without_pictures_is_no_source() {
    let files = Files::new("empty");
    files.write("notes.txt", b"no picture");
    let said = files.source(r#"{"kind": "folder", "path": ""}"#).err().unwrap_or_default();
    assert!(said.contains("has no pictures"), "{said}");
    let said = files.source(r#"{"kind": "folder", "path": "gone"}"#).err().unwrap_or_default();
    assert!(said.contains("`gone` cannot be read"), "{said}");
}

#[test]
fn a_film_plays_at_its_own_speed() {
    let files = Files::new("film");
    files.write("film", &[2, 2, 10, 2, 2, 20, 2, 2, 30]);
    let began = Instant::now();
    let mut source = files.source(r#"{"kind": "file", "path": "film", "once": true}"#).unwrap();
    let seen: Vec<_> = (0..3).map(|_| next(&mut source).unwrap()).collect();
    assert_eq!(seen, [(1, 10), (2, 20), (3, 30)]);
    assert!(began.elapsed() >= Duration::from_millis(200), "it took {:?}", began.elapsed());
    assert_eq!(next(&mut source), Err(NoPicture::Over("`film`: it was played to its end".to_owned())));
    source.reopen().unwrap();
    assert_eq!(next(&mut source), Ok((4, 10)));
    let mut again = files.source(r#"{"kind": "file", "path": "film"}"#).unwrap();
    let seen: Vec<_> = (0..4).map(|_| next(&mut again).unwrap().1).collect();
    assert_eq!(seen, [10, 20, 30, 10]);
}

#[test]
fn a_tape_waits_for_who_is_behind_and_passes_over_what_nobody_would_wait_for() {
    let mut tape = Tape::start();
    assert!(tape.has_come(Duration::ZERO));
    assert!(!tape.has_come(Duration::from_secs(3)));
    assert!(tape.due(Duration::from_secs(3)) > Instant::now() + Duration::from_secs(2));
    let never = Duration::from_millis(u64::MAX);
    assert!(!tape.has_come(never));
    let wait = tape.due(never).saturating_duration_since(Instant::now());
    assert!(wait <= MOST_BETWEEN && wait > Duration::from_secs(4), "{wait:?}");
    let late = never + Duration::from_secs(2);
    tape.base = late;
    assert!(tape.has_come(never), "it is shown, though late");
    assert!(tape.base == never, "and the rest waits with it");
}

#[test]
fn what_a_worker_hands_in_is_decoded_and_the_newest_is_seen() {
    let (mut intake, theirs) = Intake::pair().unwrap();
    let desired = r#"{"source": {"kind": "rtsp", "url": "rtsp://cam/"}, "hz": 60}"#;
    let desired: Desired = serde_json::from_str(desired).unwrap();
    let camera = Camera { desired, model: None, shadow: None, files: None, app: None, onnxruntime: None };
    let mut source = open(&camera, Some(Fed::new(theirs)), CODECS).unwrap();
    assert_eq!(source.take(&mut Picture::black(1, 1, PixelFormat::Rgba8)), Err(NoPicture::Yet));
    assert!(intake.unit(Coding::Jpeg, true, &[2, 2, 10]));
    assert_eq!(next(&mut source), Ok((1, 10)));
    intake.trouble("it does not answer");
    assert_eq!(next(&mut source), Err(NoPicture::Bad("it does not answer".to_owned())));
    source.reopen().unwrap();
    assert_eq!(intake.again(), Some(true));
    assert!(intake.unit(Coding::Jpeg, true, &[2, 2, 20]));
    assert_eq!(next(&mut source), Ok((2, 20)));
    let alone = open(&camera, None, CODECS).err().unwrap_or_default();
    assert!(alone.contains("from the network"), "{alone}");
}
