//! What fuzzing found worth keeping, with the same checks: on every toolchain, in seconds.
//!
//! `corpus/TARGET` holds `seed-*` (see `examples/seeds.rs`), `crash-*` (each once broke something) and what reaches further,
//! named by its hash.

// In a test every failure is a panic.
#![allow(clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use playfield_fuzz::{TARGETS, Target};
use playfield_runtime::wasm::STACK;

/// Largest input in the tree, in bytes.
const MOST: u64 = 32 * 1024;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Files of a folder, sorted, so that every run is the same.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(name: &'static str) {
    let target = *TARGETS.iter().find(|target| target.name == name).unwrap();
    // Guests run on the caller's stack.
    let thread = std::thread::Builder::new().stack_size(2 * STACK).spawn(move || replay_all(target)).unwrap();
    thread.join().unwrap_or_else(|panic| resume_unwind(panic));
}

fn replay_all(target: Target) {
    for file in files(&folder("corpus").join(target.name)) {
        let bytes = std::fs::read(&file).unwrap();
        let checked = catch_unwind(AssertUnwindSafe(|| (target.check)(&bytes)));
        assert!(checked.is_ok(), "{} breaks {}; what broke is said above", file.display(), target.name);
    }
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_target_is_replayed_and_has_a_program() {
            let replayed = [$(stringify!($name)),*];
            let manifest = std::fs::read_to_string(folder("targets/Cargo.toml")).unwrap();
            for target in TARGETS {
                assert!(replayed.contains(&target.name), "{} is not replayed", target.name);
                assert!(manifest.contains(&format!("path = \"{}.rs\"", target.name)), "{} has no program", target.name);
            }
            assert_eq!(files(&folder("corpus")).len(), TARGETS.len());
        }
    };
}

replays! {
    wire acks signal sdp packet voice api
    delta pictures
    cartridge guest calls console restore
    sound
    rules
    mqtt evp smartcamera
    film still rtsp
    link
    bus
    config manifest log
    model
}

#[test]
fn the_browser_is_compared_with_what_the_decoder_does_now() {
    let written = std::fs::read_to_string(folder("stories.txt")).unwrap();
    let how = "write it anew: cargo run --release -p playfield-fuzz --example stories";
    assert!(playfield_fuzz::stories().unwrap() == written, "fuzz/stories.txt is old; {how}");
}

#[test]
fn inputs_are_small() {
    for file in TARGETS.iter().flat_map(|target| files(&folder("corpus").join(target.name))) {
        let size = file.metadata().unwrap().len();
        assert!(size <= MOST, "{} has {size} bytes", file.display());
    }
}
