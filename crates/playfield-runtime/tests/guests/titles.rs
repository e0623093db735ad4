//! Every title in the tree keeps what every guest has to keep.

use std::path::{Path, PathBuf};

use playfield_core::input::log::InputLog;
use playfield_core::manifest::{Kind, Manifest};
use playfield_runtime::conformance::{
    check_guest_changes, check_guest_damage, check_guest_determinism, check_guest_snapshot,
};

use crate::support::*;

/// Something for a title that has no `demo.ndjson`: the pad, the keys and the mouse, each for a while.
const PLAY: &str = r#"{"playfield":1,"seed":5}
{"frame":20,"pad":["start"],"keys":["Enter"]}
{"frame":26,"pad":[],"keys":[]}
{"frame":40,"pad":["a","right"],"lx":0.7,"keys":["ArrowRight","Space"]}
{"frame":60,"pad":["up"],"mouse":{"x":90,"y":70,"buttons":["left"]}}
{"frame":75,"pad":["left","b"],"lx":-1,"mouse":{"buttons":[]}}
{"frame":90,"pad":[],"lx":0}"#;

/// Modules and inputs of the titles whose module is built.
pub fn titles() -> Vec<(PathBuf, Vec<u8>, InputLog)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../titles");
    let mut titles = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(manifest) = std::fs::read_to_string(folder.join("title.toml")) else { continue };
        let manifest = Manifest::parse(&manifest).unwrap();
        // What a core plays is no module.
        if manifest.kind() != Kind::Wasm {
            continue;
        }
        let module = folder.join(manifest.entry);
        let Ok(wasm) = std::fs::read(&module) else { continue };
        let demo = std::fs::read_to_string(folder.join("demo.ndjson"));
        titles.push((module, wasm, log(demo.as_deref().unwrap_or(PLAY))));
    }
    titles.sort_by(|a, b| a.0.cmp(&b.0));
    titles
}

#[test]
fn every_title_is_deterministic_and_goes_on_from_a_snapshot() {
    for (path, wasm, log) in titles() {
        let fail = |broken| panic!("{}: {broken}", path.display());
        check_guest_determinism(&ENGINE, &wasm, &log, 100).unwrap_or_else(fail);
        check_guest_damage(&ENGINE, &wasm, &log, 100).unwrap_or_else(fail);
        check_guest_changes(&ENGINE, &wasm, &log, 100).unwrap_or_else(fail);
        for save_at in [0, 45, 80] {
            check_guest_snapshot(&ENGINE, &wasm, &log, save_at, save_at + 40).unwrap_or_else(fail);
        }
    }
}
