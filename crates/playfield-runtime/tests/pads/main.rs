//! Gamepads of Linux programs: a real program, behind the fence, that looks for devices, opens, asks, reads and plays.
//!
//! This program is both sides: it starts itself as the guest's process, as `playfield guest` is one, and so has a `main` of its
//! own, because a process confines itself before it has threads. Started as root, it does all of it as root and as a user without
//! privilege.
//!
//! ```sh
//! cargo test --release --workspace --test pads -- --cost                             # what it costs
//! cargo test --release --workspace --test pads -- --with 'evtest /dev/input/event0'  # what another program makes of it
//! ```
#![allow(clippy::unwrap_used, reason = "in a test every failure is a panic")]

mod guest;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Somebody who is nobody on any machine.
const NOBODY: u32 = 65_534;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["--guest", programs, what] => guest::run(Path::new(programs), what),
        ["--with", command] => Stage::new().run(command, None),
        // What `cargo test` asks of any test program.
        ["--list", ..] => println!("pads: test"),
        ["--cost", ..] => Stage::new().run("cost", None),
        _ => {
            let stage = Stage::new();
            stage.run("all", None);
            stage.run("without", None);
            if rustix::process::geteuid().is_root() {
                stage.run("all", Some(NOBODY));
            }
        }
    }
}

/// A folder with the program, and with this one for those who may not look where it was built.
struct Stage(PathBuf);

impl Stage {
    fn new() -> Stage {
        let folder = std::env::temp_dir().join(format!("playfield-pads-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(std::env::current_exe().unwrap(), folder.join("test")).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pads/program.c");
        // Twice: nothing of this may hang on the libraries of a program.
        for (name, more) in [("dynamic", None), ("static", Some("-static"))] {
            let mut compiler = Command::new("cc");
            compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-result", "-pthread", "-o"]);
            let status = compiler.arg(folder.join(name)).args(more).arg(&source).status();
            assert!(status.expect("there is a C compiler").success());
        }
        Stage(folder)
    }

    fn run(&self, what: &str, user: Option<u32>) {
        let name = user.map_or_else(|| "the user who runs this".to_owned(), |user| format!("user {user}"));
        println!("\nAs {name}:");
        let mut command = Command::new(self.0.join("test"));
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        let status = command.arg("--guest").arg(&self.0).arg(what).current_dir("/").status().unwrap();
        assert!(status.success(), "see above: {status}");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
