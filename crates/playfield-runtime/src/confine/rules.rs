//! What a guest may have.

use std::path::{Component, Path, PathBuf};

use playfield_core::bus::Missing;
use serde::{Deserialize, Serialize};

use super::ConfineError;

/// Where a guest finds its home.
pub const HOME: &str = "/home/player";

/// Where a guest looks for gamepads.
pub const INPUT: &str = "/dev/input";
/// Where it reads about them.
pub(super) const ABOUT_INPUT: [&str; 2] = ["/sys/class/input", "/run/udev/data"];

/// What a native guest may see and use. Everything that is not named here, it cannot.
///
/// The system's own programs, libraries and fonts are always there, read-only; so are an empty `/tmp` and a `/proc` with the guest's
/// own processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Files and folders of this machine that are shown, read-only, at the same place: a core, a title's files.
    pub read: Vec<PathBuf>,
    /// Files and folders of this machine that it may change; also sockets it may connect to.
    pub write: Vec<Bind>,
    /// The folder of this machine that is its `/home/player` and outlives it; without one, the home is empty and forgotten.
    pub home: Option<PathBuf>,
    /// It shares this machine's network: it reaches whatever this machine reaches, its loopback included. Otherwise it has a
    /// loopback of its own and nothing else.
    pub network: bool,
    /// Device files, or folders of them: `/dev/dri`.
    pub devices: Vec<PathBuf>,
    /// It may make memory that it hands to others by a descriptor (`memfd_create`(2)) even where no control group counts that:
    /// programs share pictures so. Whoever watches it has to count.
    pub memfd: bool,
    /// It has a `/dev/input`, `/sys/class/input` and `/run/udev/data` of its own, empty at first, which the guest's process fills
    /// (`desktop::pads`).
    pub gamepads: bool,
    /// Descriptors that stay open besides 0, 1 and 2.
    pub keep: Vec<i32>,
    /// Most memory, in bytes: of each process its private memory, and of all together where a control group counts it.
    pub memory_limit: u64,
    /// Most bytes in `/tmp`, `/dev/shm`, `/run/user` and a forgotten home together. They are memory, on top of `memory_limit`.
    pub scratch: u64,
    /// Most processes and threads.
    pub processes: u32,
    /// Most open descriptors of one process.
    pub open_files: u64,
    /// Most bytes of one file.
    pub file_size: u64,
    /// What to do where this machine lacks a layer.
    pub missing: Missing,
}

/// Something of this machine, shown at another place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bind {
    /// Where it is.
    pub host: PathBuf,
    /// Where the guest sees it.
    pub inside: PathBuf,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            read: Vec::new(),
            write: Vec::new(),
            home: None,
            network: false,
            devices: Vec::new(),
            memfd: false,
            gamepads: false,
            keep: Vec::new(),
            memory_limit: 1 << 30,
            scratch: 256 << 20,
            processes: 64,
            open_files: 1024,
            file_size: 1 << 30,
            missing: Missing::Degrade,
        }
    }
}

impl Rules {
    /// Whether they can be kept, before anything is touched.
    pub fn check(&self) -> Result<(), ConfineError> {
        let refuse = |what: String| Err(ConfineError::Rules(what));
        let hosts = self.read.iter().chain(self.write.iter().map(|bind| &bind.host)).chain(&self.home);
        let insides = self.write.iter().map(|bind| &bind.inside);
        if let Some(path) = hosts.chain(&self.devices).chain(insides.clone()).find(|path| !is_plain(path)) {
            return refuse(format!("{} is not an absolute path without `..`", path.display()));
        }
        if let Some(path) = self.devices.iter().find(|path| !path.starts_with("/dev")) {
            return refuse(format!("{} is not a device", path.display()));
        }
        let own = [Path::new(HOME), Path::new("/tmp"), Path::new("/dev/shm"), Path::new("/proc"), Path::new(INPUT)];
        let covers = |path: &&PathBuf| path.starts_with(HOME) || own.iter().any(|own| own.starts_with(path));
        if let Some(path) = self.read.iter().chain(&self.devices).find(covers) {
            return refuse(format!("{} lies where the guest has a folder of its own", path.display()));
        }
        // A guest leaves links in what it may write; nothing is ever shown at a place that leads through them.
        let mut taken = own.to_vec();
        for inside in insides {
            let clash = |other: &&Path| inside.starts_with(other) || other.starts_with(inside);
            if let Some(other) = taken.iter().copied().find(clash) {
                return refuse(format!("{} and {} lie in one another", inside.display(), other.display()));
            }
            taken.push(inside);
        }
        let least = [self.memory_limit >> 24, self.scratch >> 20, u64::from(self.processes), self.open_files >> 4];
        if least.contains(&0) {
            return refuse("a guest needs 16 MiB of memory, 1 MiB of scratch, a process and 16 descriptors".to_owned());
        }
        Ok(())
    }
}

fn is_plain(path: &Path) -> bool {
    let mut parts = path.components();
    parts.next() == Some(Component::RootDir) && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_cannot_be_kept_are_refused_before_anything_is_touched() {
        let check = |change: fn(&mut Rules), expect: Option<&str>| {
            let mut rules = Rules::default();
            change(&mut rules);
            let said = rules.check().err().map(|error| error.to_string());
            let fits = |expect: &str| said.as_ref().is_some_and(|said| said.contains(expect));
            assert!(expect.map_or(said.is_none(), fits), "{said:?} for {expect:?}");
        };
        check(|_| (), None);
        check(|rules| rules.read = vec!["games/core.so".into()], Some("games/core.so is not an absolute path"));
        check(|rules| rules.read = vec!["/games/../etc".into()], Some("without `..`"));
        check(|rules| rules.home = Some("data".into()), Some("data is not an absolute path"));
        check(|rules| rules.devices = vec!["/etc/shadow".into()], Some("/etc/shadow is not a device"));
        check(|rules| rules.devices = vec!["/dev/dri".into()], None);
        check(|rules| rules.devices = vec!["/dev/input".into()], Some("/dev/input lies where"));
        check(|rules| rules.devices = vec!["/dev".into()], Some("/dev lies where the guest has a folder of its own"));
        check(|rules| rules.read = vec!["/".into()], Some("/ lies where"));
        check(|rules| rules.read = vec!["/home".into()], Some("/home lies where"));
        check(|rules| rules.read = vec!["/home/player/cores".into()], Some("cores lies where"));
        check(|rules| rules.read = vec!["/tmp/core.so".into(), "/usr/lib".into()], None);
        check(|rules| rules.memory_limit = 0, Some("16 MiB"));
        check(|rules| rules.processes = 0, Some("a process"));
    }

    #[test]
    fn nothing_is_shown_below_what_a_guest_may_write() {
        let check = |insides: &[&str], refused: bool| {
            let write = insides.iter().map(|inside| Bind { host: "/srv".into(), inside: inside.into() }).collect();
            assert_eq!(Rules { write, ..Rules::default() }.check().is_err(), refused, "{insides:?}");
        };
        check(&["/run/wayland"], false);
        check(&["/run/a", "/run/b"], false);
        check(&["/home/player/saves"], true);
        check(&["/home"], true);
        check(&["/tmp/x"], true);
        check(&["/"], true);
        check(&["/run/a", "/run/a/b"], true);
        check(&["/run/../etc"], true);
    }

    #[test]
    fn rules_travel_as_json_and_unknown_words_are_refused() {
        let rules = Rules { home: Some("/srv/home".into()), missing: Missing::Refuse, ..Rules::default() };
        let text = serde_json::to_string(&rules).unwrap();
        assert!(text.contains(r#""missing":"strict""#), "{text}");
        assert_eq!(serde_json::from_str::<Rules>(&text).unwrap(), rules);
        assert!(serde_json::from_str::<Rules>(r#"{"nettwork":true}"#).is_err());
    }
}
