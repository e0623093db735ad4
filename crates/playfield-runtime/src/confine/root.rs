//! A guest's root: a folder in memory with what programs need, most of it this machine's own files shown read-only.
//!
//! Two turns, so that anything may be shown, whatever lies below `/tmp`: first a folder in memory becomes the root, with the
//! machine below `/old`; the guest's root is put together below `/new`; then `/new` becomes the root and the rest is gone.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change, unmount,
};
use rustix::process::pivot_root;

use super::rules::ABOUT_INPUT;
use super::sandbox::{self, Shown};
use super::{ConfineError, HOME, INPUT, Rules, User};

/// Device files that every program may expect.
pub(super) const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Folders of programs and libraries. Where `/lib` and others are links into `/usr`, so they are inside.
const SYSTEM: [&str; 9] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"];

/// What of `/etc` programs read: where libraries and fonts are, the time zone, drivers. Nothing of people and services.
const SETTINGS: [&str; 18] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/mime.types",
    "/etc/xdg",
    "/etc/gtk-3.0",
    "/etc/gtk-4.0",
    "/etc/glvnd",
    "/etc/vulkan",
    "/etc/OpenCL",
    "/etc/drirc",
    "/etc/alsa",
    "/etc/os-release",
    "/var/cache/fontconfig",
];

/// What only a guest with network needs.
const NETWORK: [&str; 5] =
    ["/etc/resolv.conf", "/etc/ssl/certs", "/etc/ca-certificates", "/etc/pki/tls/certs", "/etc/services"];

/// What programs ask about the devices they were given.
const HARDWARE: [&str; 3] = ["/sys/dev/char", "/sys/devices", "/sys/class/drm"];

/// Parts of `/proc` that speak of the machine, not of the guest.
const HIDDEN: [&str; 6] =
    ["/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/sysrq-trigger", "/proc/kallsyms"];
const FROZEN: [&str; 4] = ["/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs"];

/// What is shown, with the links in its paths followed while the machine's own root is there to follow them in.
pub(super) struct Sources {
    /// Host, inside, how: the system's, then what the rules add.
    system: Vec<(PathBuf, PathBuf, Shown)>,
    shown: Vec<(PathBuf, PathBuf, Shown)>,
    links: Vec<(PathBuf, PathBuf)>,
}

impl Sources {
    pub(super) fn look_up(rules: &Rules) -> Result<Sources, ConfineError> {
        let mut sources = Sources { system: Vec::new(), shown: Vec::new(), links: Vec::new() };
        for path in SYSTEM.map(Path::new) {
            match fs::read_link(path) {
                Ok(to) => sources.links.push((path.to_owned(), to)),
                Err(_) => sources.if_there(path),
            }
        }
        let network: &[&str] = if rules.network { &NETWORK } else { &[] };
        let hardware: &[&str] = if rules.devices.is_empty() { &[] } else { &HARDWARE };
        SETTINGS.iter().chain(network).chain(hardware).for_each(|path| sources.if_there(Path::new(path)));
        for path in &rules.read {
            sources.show(path, path, Shown::ReadOnly)?;
        }
        for path in &rules.devices {
            sources.show(path, path, Shown::Device)?;
        }
        for bind in &rules.write {
            sources.show(&bind.host, &bind.inside, Shown::Writable)?;
        }
        if let Some(home) = &rules.home {
            sources.show(home, Path::new(HOME), Shown::Writable)?;
        }
        Ok(sources)
    }

    fn if_there(&mut self, path: &Path) {
        if let Ok(host) = fs::canonicalize(path) {
            self.system.push((host, path.to_owned(), Shown::ReadOnly));
        }
    }

    fn show(&mut self, host: &Path, inside: &Path, how: Shown) -> Result<(), ConfineError> {
        let found = fs::canonicalize(host).map_err(|source| ConfineError::Path { path: host.to_owned(), source })?;
        self.shown.push((found, inside.to_owned(), how));
        Ok(())
    }
}

/// Puts the root together and goes there. The inner error: `/proc` is missing, and why.
pub(super) fn build(sources: &Sources, rules: &Rules, user: &User) -> Result<Result<(), String>, ConfineError> {
    let step = ConfineError::step::<rustix::io::Errno>;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(step("to keep its mounts apart"))?;
    memory("/tmp", "mode=755,size=1m").map_err(ConfineError::step("to make a folder in memory"))?;
    for folder in ["/tmp/old", "/tmp/new", "/tmp/scratch"] {
        fs::create_dir(folder).map_err(ConfineError::step("to make a folder in memory"))?;
    }
    pivot_root("/tmp", "/tmp/old").map_err(step("to leave the machine's root"))?;
    rustix::process::chdir("/").map_err(step("to leave the machine's root"))?;
    memory("/new", "mode=755,size=4m,nr_inodes=4096").map_err(ConfineError::step("to make the guest's root"))?;
    let show_all = |list: &[(PathBuf, PathBuf, Shown)]| {
        list.iter().try_for_each(|(host, inside, how)| {
            show(host, inside, *how).map_err(|source| match source.raw_os_error() {
                Some(libc::ENOSYS) => {
                    ConfineError::Missing("mounts cannot be closed with all below them before Linux 5.12".into())
                }
                _ => ConfineError::Path { path: inside.clone(), source },
            })
        })
    };
    show_all(&sources.system)?;
    for (path, to) in &sources.links {
        symlink(to, at(path)).map_err(ConfineError::step("to make the guest's root"))?;
    }
    settings(rules, user).map_err(ConfineError::step("to write the guest's /etc"))?;
    scratch(rules, user).map_err(ConfineError::step("to make the guest's /tmp"))?;
    devices().map_err(ConfineError::step("to make the guest's /dev"))?;
    // After its folders in memory, or they would cover it: a core may lie below the machine's /tmp.
    show_all(&sources.shown)?;
    let proc = proc().map_err(ConfineError::step("to make the guest's /proc"))?;
    enter().map_err(ConfineError::step("to enter the guest's root"))?;
    Ok(proc)
}

/// Where a path of the guest is while its root is put together.
fn at(inside: &Path) -> PathBuf {
    Path::new("/new").join(inside.strip_prefix("/").unwrap_or(inside))
}

/// Where a path of the machine is meanwhile.
fn from(host: &Path) -> PathBuf {
    Path::new("/old").join(host.strip_prefix("/").unwrap_or(host))
}

fn memory(path: &str, options: &str) -> io::Result<()> {
    let options = std::ffi::CString::new(options)?;
    Ok(mount("tmpfs", path, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, Some(options.as_c_str()))?)
}

fn show(host: &Path, inside: &Path, how: Shown) -> io::Result<()> {
    let (source, target) = (from(host), at(inside));
    if !target.exists() {
        if fs::metadata(&source)?.is_dir() {
            fs::create_dir_all(&target)?;
        } else {
            fs::create_dir_all(target.parent().unwrap_or(&target))?;
            fs::write(&target, b"")?;
        }
    }
    bind(&source, &target, how)
}

fn bind(source: &Path, target: &Path, how: Shown) -> io::Result<()> {
    mount_bind_recursive(source, target)?;
    sandbox::set_mount(target, how)
}

/// The one user, and how names are looked up.
fn settings(rules: &Rules, user: &User) -> io::Result<()> {
    let (uid, gid) = (user.uid, user.gid);
    let etc = at(Path::new("/etc"));
    fs::create_dir_all(&etc)?;
    let mut id = [0; 16];
    random(&mut id)?;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    for (name, text) in [
        ("passwd", format!("player:x:{uid}:{gid}:player:{HOME}:/bin/sh\n")),
        ("group", format!("player:x:{gid}:\n")),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n".to_owned()),
        ("hosts", "127.0.0.1 localhost playfield\n::1 localhost\n".to_owned()),
        ("hostname", "playfield\n".to_owned()),
        ("machine-id", format!("{id}\n")),
    ] {
        fs::write(etc.join(name), text)?;
    }
    if rules.gamepads {
        // Who finds this does not wait for udev, which is not there, but looks for devices itself: SDL does.
        fs::create_dir_all("/new/run/host")?;
        fs::write("/new/run/host/container-manager", "playfield\n")?;
    }
    Ok(())
}

fn random(bytes: &mut [u8]) -> io::Result<()> {
    io::Read::read_exact(&mut fs::File::open("/old/dev/urandom")?, bytes)
}

/// One folder in memory, with one limit, behind all the places where programs leave what need not last.
fn scratch(rules: &Rules, user: &User) -> io::Result<()> {
    memory("/scratch", &format!("mode=755,size={},nr_inodes=65536", rules.scratch))?;
    let runtime = user.runtime_dir();
    let home = rules.home.is_none().then_some((HOME, 0o700));
    let input = [INPUT].into_iter().chain(ABOUT_INPUT).filter(|_| rules.gamepads).map(|path| (path, 0o755));
    let places = [("/tmp", 0o1777), ("/dev/shm", 0o1777), (runtime.as_str(), 0o700)];
    // The devices' own folder comes first, or it would cover what is put into it.
    fs::create_dir_all("/new/dev")?;
    memory("/new/dev", "mode=755,size=64k,nr_inodes=1024")?;
    for (number, (inside, mode)) in places.into_iter().chain(home).chain(input).enumerate() {
        let (source, target) = (PathBuf::from(format!("/scratch/{number}")), at(Path::new(inside)));
        fs::create_dir(&source)?;
        fs::set_permissions(&source, Permissions::from_mode(mode))?;
        chown(&source, Some(user.uid), Some(user.gid))?;
        fs::create_dir_all(&target)?;
        bind(&source, &target, Shown::Writable)?;
    }
    fs::create_dir_all("/new/var")?;
    symlink("../tmp", "/new/var/tmp")?;
    symlink("../run", "/new/var/run")
}

fn devices() -> io::Result<()> {
    for name in DEVICES {
        let (source, target) = (PathBuf::from(format!("/old/dev/{name}")), PathBuf::from(format!("/new/dev/{name}")));
        fs::write(&target, b"")?;
        bind(&source, &target, Shown::Device)?;
    }
    for (name, to) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        symlink(to, format!("/new/dev/{name}"))?;
    }
    fs::create_dir("/new/dev/pts")?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount("devpts", "/new/dev/pts", "devpts", flags, Some(c"newinstance,ptmxmode=0666,mode=0620"))?;
    Ok(())
}

/// Where this machine's own `/proc` is partly covered, as in many containers, the kernel gives no other one.
fn proc() -> io::Result<Result<(), String>> {
    fs::create_dir("/new/proc")?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    if mount("proc", "/new/proc", "proc", flags, None).is_err() {
        memory("/new/proc", "mode=555,size=4k")?;
        return Ok(Err(
            "/proc: this machine's own is partly covered, as in a container, so the guest's is empty".to_owned()
        ));
    }
    for path in FROZEN.map(|path| at(Path::new(path))).iter().filter(|path| path.exists()) {
        bind(path, path, Shown::ReadOnly)?;
    }
    for path in HIDDEN.map(|path| at(Path::new(path))).iter().filter(|path| path.exists()) {
        bind(Path::new("/old/dev/null"), path, Shown::ReadOnly)?;
    }
    Ok(Ok(()))
}

/// The second turn: nothing of the machine is left but what was shown.
fn enter() -> io::Result<()> {
    sandbox::set_mount_alone(Path::new("/new/dev"), Shown::ReadOnly)?;
    sandbox::set_mount_alone(Path::new("/new"), Shown::ReadOnly)?;
    rustix::process::chdir("/new")?;
    // The old root lies over the new one for a moment, and is then taken off with all below it: pivot_root(2).
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")?;
    let home = rustix::process::chdir(HOME);
    Ok(home?)
}
