//! JSON and TOML: what is read can be written, and then reads the same.

use std::fmt::Debug;
use std::io::{Seek, Write};

use playfield_core::api::{
    Connect, CreateInvite, CreateSession, CreatedInvite, CreatedSession, Invitation, Invites, Joined, Session, Titles,
};
use playfield_core::app;
use playfield_core::bus::{CompileAnswer, FromWorker, SessionSpec, ToWorker, WorkerConfig};
use playfield_core::id::{InviteId, SessionId, ViewerId};
use playfield_core::manifest::Manifest;
use playfield_core::signal::{FromViewer, ToViewer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::Config;

/// The bodies of requests, and the ids in their paths. The answers too: programs read them.
pub fn api(data: &[u8]) {
    again::<CreateSession>(data);
    again::<Connect>(data);
    again::<Titles>(data);
    again::<Session>(data);
    again::<CreatedSession>(data);
    again::<CreateInvite>(data);
    again::<CreatedInvite>(data);
    again::<Invites>(data);
    again::<Invitation>(data);
    again::<Joined>(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(id) = text.parse::<SessionId>() {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(id) = text.parse::<InviteId>() {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(id) = text.parse::<ViewerId>() {
        assert_eq!(id.as_str(), text);
    }
}

/// The messages of the `control` channel.
pub fn signal(data: &[u8]) {
    again::<FromViewer>(data);
    again::<ToViewer>(data);
}

/// The lines between a node and its workers, and what the compiler says.
pub fn bus(data: &[u8]) {
    again::<FromWorker>(data);
    again::<ToWorker>(data);
    again::<WorkerConfig>(data);
    again::<SessionSpec>(data);
    again::<CompileAnswer>(data);
}

/// `title.toml`. What is assumed of a module with such a name must be one too. The same of `app.toml`, and of what AITRIOS has in its
/// place.
pub fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for file in ["app.toml", "manifest.json", text] {
        let Ok(package) = app::Package::look(&[file.to_owned()], |_| Ok(text.to_owned())) else { continue };
        let again = toml::to_string(&package.manifest).expect("a manifest is written");
        assert_eq!(app::Manifest::parse(&again).expect("what was written is read"), package.manifest);
    }
    if let Ok(manifest) = Manifest::parse(text) {
        assert_eq!(manifest_again(&manifest), manifest);
    }
    // As the catalogue has it: a file's name without its end, so without a path.
    if !text.is_empty() && text.len() < 256 && !text.contains(['/', '\\', '\0']) {
        let manifest = Manifest::for_module(text, Vec::new(), 4);
        assert_eq!(manifest_again(&manifest), manifest);
    }
}

fn manifest_again(manifest: &Manifest) -> Manifest {
    let text = toml::to_string(manifest).expect("a manifest is written");
    Manifest::parse(&text).expect("what was written is read")
}

/// `playfield.toml`.
pub fn config(data: &[u8]) {
    // It is read from a file.
    let Ok(mut file) = tempfile() else { return };
    file.0.write_all(data).and_then(|()| file.0.rewind()).expect("a small file is written");
    let config = match Config::load(Some(&file.1)) {
        Ok(config) => config,
        Err(error) => return assert!(!format!("{error:#}").is_empty()),
    };
    // What does not make sense is said, not refused.
    drop(config.control.check());
    for &address in &config.control.listen {
        config.control.door(address);
    }
    let workers = config.node.worker_count(4).unwrap_or(1);
    assert!(u32::from(workers) <= config.node.udp_ports.count());
    config.node.udp_of(workers.saturating_sub(1));
    let text = toml::to_string(&config).expect("a configuration is written");
    let mut reread: Config = toml::from_str(&text).expect("what was written is read");
    // A secret is not written.
    reread.control.sign_in_token.clone_from(&config.control.sign_in_token);
    assert_eq!(reread, config);
}

struct Json<T>(T);

/// Whether it is like the other, but for fractions: JSON rounds them.
impl<T: Debug> PartialEq for Json<T> {
    fn eq(&self, other: &Self) -> bool {
        let whole = |text: String| text.contains("_ms: ") && text.contains('.');
        let (a, b) = (format!("{:?}", self.0), format!("{:?}", other.0));
        a == b || (whole(a) && whole(b))
    }
}

impl<T: Debug> Debug for Json<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn again<T: Serialize + DeserializeOwned + Debug>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let text = serde_json::to_string(&value).expect("what was read is written");
    assert!(!text.contains('\n'), "one line");
    let reread = serde_json::from_str::<T>(&text).expect("what was written is read");
    assert_eq!(Json(reread), Json(value));
}

/// A file of this process, for one thread of it.
fn tempfile() -> std::io::Result<(std::fs::File, std::path::PathBuf)> {
    let thread = format!("{:?}", std::thread::current().id());
    let name = format!("playfield-fuzz-{}-{}.toml", std::process::id(), thread.trim_matches(|c: char| !c.is_numeric()));
    let path = std::env::temp_dir().join(name);
    Ok((std::fs::File::create(&path)?, path))
}
