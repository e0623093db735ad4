//! What a machine needs besides Rust: looked for, and installed where that needs no question.

use crate::shell::{Cmd, Failure};

/// Oldest Node.js that builds the browser side.
const NODE: (u32, u32) = (20, 19);

struct Tool {
    /// What shows that it is there.
    sign: Sign,
    /// The Debian package that has it.
    package: &'static str,
    /// What it is for.
    why: &'static str,
}

/// What shows that a tool is there.
enum Sign {
    /// This program runs.
    Program(&'static str),
    /// The libretro core of this name is where Debian puts them.
    Core(&'static str),
    /// This library is where Debian puts them.
    Library(&'static str),
    /// This is there.
    File(&'static str),
}

const BUILD: &[Tool] = &[
    Tool { sign: Sign::Program("g++"), package: "g++", why: "compiles the H.264 encoder and the cryptography" },
    Tool {
        sign: Sign::Program("nasm"),
        package: "nasm",
        why: "assembles the H.264 encoder, which is half as fast without",
    },
];

const PLAY: &[Tool] = &[
    Tool { sign: Sign::Core("gambatte"), package: "libretro-gambatte", why: "plays our title for the Game Boy" },
    Tool { sign: Sign::Core("nestopia"), package: "libretro-nestopia", why: "plays our title for the NES" },
];

const TESTS: &[Tool] = &[
    Tool { sign: Sign::Program("cc65"), package: "cc65", why: "compiles titles for the NES" },
    Tool { sign: Sign::Program("chromium"), package: "chromium", why: "the browser of the end-to-end tests" },
    Tool { sign: Sign::Program("dav1d"), package: "dav1d", why: "decodes AV1 in the encoders' tests" },
    Tool {
        sign: Sign::File("/usr/include/svt-av1/EbSvtAv1Enc.h"),
        package: "libsvtav1enc-dev",
        why: "an encoder that not every build has",
    },
    Tool { sign: Sign::File("/usr/include/x264.h"), package: "libx264-dev", why: "another one" },
    Tool { sign: Sign::Program("curl"), package: "curl", why: "the commands in the book" },
    Tool {
        sign: Sign::Program("firefox-esr"),
        package: "firefox-esr",
        why: "the other browser of the end-to-end tests",
    },
    Tool { sign: Sign::Library("libEGL.so.1"), package: "libegl1", why: "cores that draw with OpenGL" },
    Tool {
        sign: Sign::File("/usr/share/glvnd/egl_vendor.d/50_mesa.json"),
        package: "libegl-mesa0",
        why: "what finds their driver",
    },
    Tool { sign: Sign::Library("dri/swrast_dri.so"), package: "libgl1-mesa-dri", why: "a driver for the processor" },
    Tool {
        sign: Sign::File("/usr/share/X11/xkb/rules/evdev"),
        package: "libxkbcommon0",
        why: "keyboards of Linux programs",
    },
    Tool { sign: Sign::Program("pacat"), package: "pulseaudio-utils", why: "programs that make sound" },
    Tool { sign: Sign::Program("sdcc"), package: "sdcc", why: "compiles titles for the Game Boy" },
    Tool { sign: Sign::File("/usr/bin/xterm"), package: "xterm", why: "a program of X11" },
    Tool { sign: Sign::File("/usr/bin/Xwayland"), package: "xwayland", why: "the server that it draws for" },
    Tool { sign: Sign::Core("gambatte"), package: "libretro-gambatte", why: "plays titles for the Game Boy" },
    Tool { sign: Sign::Core("mgba"), package: "libretro-mgba", why: "plays them too" },
    Tool { sign: Sign::Core("nestopia"), package: "libretro-nestopia", why: "plays titles for the NES" },
];

/// What building needs.
pub fn for_build() -> Result<(), Failure> {
    ensure(BUILD)?;
    node()
}

/// What a few of our titles need besides: without it all others play.
pub fn for_play() {
    if let Err(failure) = ensure(PLAY) {
        eprintln!("note: {failure}");
    }
}

/// What the tests need besides.
pub fn for_tests() -> Result<(), Failure> {
    for component in ["fmt", "clippy"] {
        if !Cmd::new("cargo").args([component, "--version"]).works() {
            return Err(Failure::new("rustfmt or clippy is missing; run: rustup component add rustfmt clippy"));
        }
    }
    ensure(TESTS)
}

fn ensure(tools: &[Tool]) -> Result<(), Failure> {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !tool.sign.shows()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for tool in &missing {
        println!("missing: {} ({})", tool.package, tool.why);
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    install(&packages)
}

impl Sign {
    fn shows(&self) -> bool {
        match self {
            Sign::Program(program) => Cmd::new(program).args(["--version"]).works(),
            Sign::Core(name) => in_a_folder(&format!("libretro/{name}_libretro.so")),
            Sign::Library(name) => in_a_folder(name),
            Sign::File(path) => std::path::Path::new(path).exists(),
        }
    }
}

/// In `/usr/lib/ARCHITECTURE`.
fn in_a_folder(file: &str) -> bool {
    let Ok(folders) = std::fs::read_dir("/usr/lib") else { return false };
    folders.flatten().any(|folder| folder.path().join(file).exists())
}

/// These packages of Debian are installed, whatever they are for.
pub fn packages(packages: &[&str]) -> Result<(), Failure> {
    let installed = |package: &str| {
        let status = Cmd::new("dpkg-query --show --showformat ${db:Status-Status}").args([package]).read();
        status.is_ok_and(|status| status == "installed")
    };
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

fn install(packages: &[&str]) -> Result<(), Failure> {
    let by_hand = format!("sudo apt-get update && sudo apt-get install -y {}", packages.join(" "));
    if !Cmd::new("apt-get --version").works() {
        let names = packages.join(", ");
        return Err(Failure::new(format!("install these with your system's package manager: {names}")));
    }
    let Some(prefix) = root_prefix() else {
        return Err(Failure::new(format!("this needs an administrator; run:\n\n    {by_hand}\n")));
    };
    let apt = |rest: &str| Cmd::new(&format!("{prefix}env DEBIAN_FRONTEND=noninteractive apt-get {rest}"));
    let wanted = format!("install -y --no-install-recommends {}", packages.join(" "));
    println!("installing: {}", packages.join(" "));
    apt("update").run()?;
    apt(&wanted).run().map_err(|failure| Failure::new(format!("{failure}; try by hand:\n\n    {by_hand}\n")))
}

/// What to put before a command to run it as root without a question; none: that is not possible.
pub fn root_prefix() -> Option<&'static str> {
    let root = Cmd::new("id -u").read().is_ok_and(|id| id.trim() == "0");
    if root {
        return Some("");
    }
    Cmd::new("sudo -n true").works().then_some("sudo -n ")
}

fn node() -> Result<(), Failure> {
    let found = Cmd::new("node --version").read().unwrap_or_default();
    let found = found.trim();
    let npm = Cmd::new("npm --version").works();
    if npm && node_will_do(found) {
        return Ok(());
    }
    let found = if found.is_empty() { "none" } else { found };
    let (major, minor) = NODE;
    Err(Failure::new(format!(
        "Node.js {major}.{minor} or newer with npm is needed to build the browser side; found: {found}.\n\
         Debian 12's own is older: take it from https://nodejs.org, or backports, and run this again"
    )))
}

fn node_will_do(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(|number| number.parse::<u32>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= NODE,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_missing() {
        assert!(!Sign::Core("no-such-core").shows());
        assert!(!Sign::Library("libno-such.so.1").shows());
    }

    #[test]
    fn old_node_will_not_do() {
        let check = |version, expect| assert_eq!(node_will_do(version), expect, "{version}");
        check("v20.19.0", true);
        check("v22.1.0", true);
        check("v20.18.3", false);
        check("v18.20.4", false);
        check("", false);
    }
}
