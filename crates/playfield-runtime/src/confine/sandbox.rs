//! Processes, users and what only the kernel's own interface offers: the confinement's one room for `unsafe`.

use std::ffi::CString;
use std::fs;
use std::io;
use std::mem::size_of;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketType};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus, getppid, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit, setsid, wait, waitpid,
};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, Gid, Uid, UnshareFlags, remove_capability_from_bounding_set,
    set_capabilities, set_capabilities_secure_bits, set_no_new_privs, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid, unshare_unsafe,
};

use super::groups::Group;
use super::{ConfineError, Rules, User};

/// How something of the machine is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    ReadOnly,
    Writable,
    Device,
}

/// Linux 5.14 counts processes of a user for each user namespace apart (`user_namespaces`(7), `getrlimit`(2)).
const COUNTED_APART: (u32, u32) = (5, 14);

/// Being root means nothing, changing users gives nothing, and neither can be changed back.
const LOCKED: CapabilitiesSecureBits = CapabilitiesSecureBits::NO_ROOT
    .union(CapabilitiesSecureBits::NO_ROOT_LOCKED)
    .union(CapabilitiesSecureBits::NO_SETUID_FIXUP)
    .union(CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED)
    .union(CapabilitiesSecureBits::KEEP_CAPS_LOCKED)
    .union(CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE)
    .union(CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED);

/// Closes all descriptors but 0, 1, 2 and those named.
pub(super) fn close_descriptors(keep: &[i32]) -> Result<(), ConfineError> {
    let mut keep: Vec<u32> = keep.iter().filter_map(|fd| u32::try_from(*fd).ok()).filter(|fd| *fd > 2).collect();
    keep.sort_unstable();
    let mut first = 3;
    for fd in keep.into_iter().chain([u32::MAX]) {
        if first < fd {
            close_range(first, fd - 1)?;
        }
        first = fd.saturating_add(1);
    }
    Ok(())
}

fn close_range(first: u32, last: u32) -> Result<(), ConfineError> {
    // SAFETY: the call touches no memory. `confine` tells its caller that it owns no other descriptor than those it names,
    // so none is closed that an object of this process will use again.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if done == 0 { Ok(()) } else { Err(ConfineError::step("to close inherited files")(io::Error::last_os_error())) }
}

/// Goes into namespaces of its own and forks twice. Returns in the guest's process alone.
pub(super) fn detach(user: &User, rules: &Rules, group: Option<Group>) -> Result<(), ConfineError> {
    let step = ConfineError::step::<rustix::io::Errno>;
    let worker = getppid();
    die_with_parent()?;
    if getppid() != worker {
        exit(1);
    }
    limit_to(Resource::Core, 0)?;
    // A working folder outside the root to be would hold the machine's files open in a process that the guest can name.
    rustix::process::chdir("/").map_err(step("to leave its folder"))?;
    enter_namespaces(user, rules.network)?;
    // Opened now: while the guest puts its root together, there is none to open it from.
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .map_err(step("to open /dev/null"))?;
    let silent = Silence { null, kept: &rules.keep };
    let (go, start) = pipe_with(PipeFlags::CLOEXEC).map_err(step("to make a pipe"))?;
    let (ended, end) = pipe_with(PipeFlags::CLOEXEC).map_err(step("to make a pipe"))?;
    match fork()? {
        Some(init) => {
            drop((go, end));
            outer(user, &silent, init, (start, &ended), group)
        }
        None => {
            drop((start, ended, group));
            inner(user, silent, &go, end)
        }
    }
}

/// The process that was started: waits outside and ends as the guest did.
fn outer(user: &User, silent: &Silence, init: Pid, (start, ended): (OwnedFd, &OwnedFd), group: Option<Group>) -> ! {
    let ready = silent
        .keep()
        .and_then(|()| group.as_ref().map_or(Ok(()), |group| group.adopt(init)))
        // The signal at its death is sent in its name: only the same user's, or a privileged one's, reaches init.
        .and_then(|()| give_up(user))
        .and_then(|()| die_with_parent());
    // Without the byte, init ends before it has made a guest.
    if ready.is_ok() {
        let _ = rustix::io::write(&start, &[1]);
    }
    drop(start);
    let mut end = [0; End::BYTES];
    let told = rustix::io::read(ended, &mut end).is_ok_and(|read| read == end.len());
    let of_init = loop {
        match waitpid(Some(init), WaitOptions::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other.ok().flatten(),
        }
    };
    if let Some(group) = group {
        group.remove();
    }
    if told {
        end_like(End::read(end))
    }
    // Init was killed from outside, and the guest with it; or it could not begin.
    of_init.map_or_else(|| exit(1), |(_, status)| end_like(End::of(status)))
}

/// The first process inside. Returns in the second, the guest's.
fn inner(user: &User, silent: Silence, go: &OwnedFd, end: OwnedFd) -> Result<(), ConfineError> {
    die_with_parent()?;
    // If the outer process ended before this one was bound to it, the pipe is at its end.
    if !rustix::io::read(go, &mut [0]).is_ok_and(|read| read == 1) {
        exit(1);
    }
    match fork()? {
        Some(guest) => {
            let ready =
                silent.keep().and_then(|()| give_up(user)).and_then(|()| hide()).and_then(|()| die_with_parent());
            if ready.is_err() {
                exit(1);
            }
            reap(guest, &end)
        }
        None => {
            drop((end, silent));
            setsid().map_err(ConfineError::step("to begin a session of processes"))?;
            rustix::system::sethostname(b"playfield").map_err(ConfineError::step("to set the host name"))?;
            loopback()
        }
    }
}

/// Waits for whatever ends inside, until the guest does. What it leaves behind ends with this process.
fn reap(guest: Pid, end: &OwnedFd) -> ! {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == guest => {
                let _ = rustix::io::write(end, &End::of(status).write());
                exit(0)
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => exit(1),
        }
    }
}

fn fork() -> Result<Option<Pid>, ConfineError> {
    // SAFETY: this process has one thread (`one_thread`), so no lock is held by a thread that the child lacks.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(ConfineError::step("to start a process")(io::Error::last_os_error()));
    }
    Ok(Pid::from_raw(pid))
}

fn exit(code: i32) -> ! {
    // SAFETY: ends the process at once. Nothing that runs at exit belongs to it: it is a fork.
    unsafe { libc::_exit(code) }
}

/// How a process ended, as it goes through a pipe.
#[derive(Clone, Copy)]
enum End {
    Code(u8),
    Signal(u8),
}

impl End {
    const BYTES: usize = 2;

    fn of(status: WaitStatus) -> End {
        let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
        status
            .exit_status()
            .map_or_else(|| End::Signal(byte(status.terminating_signal().unwrap_or(9))), |code| End::Code(byte(code)))
    }

    fn write(self) -> [u8; End::BYTES] {
        match self {
            End::Code(code) => [0, code],
            End::Signal(signal) => [1, signal],
        }
    }

    fn read(bytes: [u8; End::BYTES]) -> End {
        match bytes {
            [0, code] => End::Code(code),
            [_, signal] => End::Signal(signal),
        }
    }
}

/// Ends with the same code, or by the same signal.
fn end_like(end: End) -> ! {
    let signal = match end {
        End::Code(code) => exit(i32::from(code)),
        End::Signal(signal) => i32::from(signal),
    };
    // SAFETY: one thread; the default action is set for a signal by its number, and the set of signals is a local value that
    // `sigemptyset` writes before it is read.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        libc::kill(libc::getpid(), signal);
    }
    exit(128 + signal)
}

/// What the two processes around a guest put in place of what is open: the socket and the log belong to the guest, and
/// their other ends see its end.
struct Silence<'a> {
    null: OwnedFd,
    kept: &'a [i32],
}

impl Silence<'_> {
    fn keep(&self) -> Result<(), ConfineError> {
        let step = ConfineError::step::<rustix::io::Errno>;
        rustix::stdio::dup2_stdin(&self.null).map_err(step("to let go of its input"))?;
        rustix::stdio::dup2_stdout(&self.null).map_err(step("to let go of its output"))?;
        rustix::stdio::dup2_stderr(&self.null).map_err(step("to let go of its log"))?;
        let kept = self.kept.iter().filter_map(|fd| u32::try_from(*fd).ok());
        kept.filter(|fd| *fd > 2).try_for_each(|fd| close_range(fd, fd))
    }
}

fn die_with_parent() -> Result<(), ConfineError> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(ConfineError::step("to end with its parent"))
}

/// No other process may look into this one, nor at what it has open.
fn hide() -> Result<(), ConfineError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(ConfineError::step("to hide"))
}

fn enter_namespaces(user: &User, network: bool) -> Result<(), ConfineError> {
    let mut flags = UnshareFlags::NEWUSER
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    if !network {
        flags |= UnshareFlags::NEWNET;
    }
    let helper = if user.from_root { Some(mapper(user)?) } else { None };
    let (outer_uid, outer_gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    // SAFETY: one thread, and the table of descriptors is not among what is unshared.
    unsafe { unshare_unsafe(flags) }.map_err(no_namespaces)?;
    let mapped = match helper {
        Some((helper, go)) => {
            let told = rustix::io::write(&go, &[1]);
            let status = waitpid(Some(helper), WaitOptions::empty());
            let done = told.is_ok() && matches!(&status, Ok(Some((_, status))) if status.exit_status() == Some(0));
            done.then_some(()).ok_or_else(|| io::Error::other("the map of users was refused"))
        }
        None => fs::write("/proc/self/setgroups", "deny")
            .and_then(|()| fs::write("/proc/self/uid_map", format!("{} {outer_uid} 1", user.uid)))
            .and_then(|()| fs::write("/proc/self/gid_map", format!("{} {outer_gid} 1", user.gid))),
    };
    mapped.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => no_namespaces(rustix::io::Errno::PERM),
        _ => ConfineError::step("to map its user")(error),
    })
}

/// Root maps two users: itself, who puts the root together, and the guest's. Only a process outside the new namespace may.
fn mapper(user: &User) -> Result<(Pid, OwnedFd), ConfineError> {
    let (wait, go) = pipe_with(PipeFlags::CLOEXEC).map_err(ConfineError::step("to make a pipe"))?;
    let outer = rustix::process::getpid();
    match fork()? {
        Some(helper) => Ok((helper, go)),
        None => {
            drop(go);
            let told = rustix::io::read(&wait, &mut [0]).is_ok_and(|read| read == 1);
            let folder = format!("/proc/{}", outer.as_raw_pid());
            let write = |name, id| fs::write(format!("{folder}/{name}"), format!("0 0 1\n{id} {id} 1\n"));
            let done = told && write("uid_map", user.uid).and_then(|()| write("gid_map", user.gid)).is_ok();
            exit(i32::from(!done))
        }
    }
}

/// Why there are no namespaces, by the switch that is off.
fn no_namespaces(error: rustix::io::Errno) -> ConfineError {
    let says = |path: &str, value: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == value);
    let why = if says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
        "AppArmor keeps user namespaces from programs without a profile (kernel.apparmor_restrict_unprivileged_userns); \
         give Playfield a profile that allows `userns`"
    } else if says("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        "user namespaces are for root alone here; set kernel.unprivileged_userns_clone to 1"
    } else if says("/proc/sys/user/max_user_namespaces", "0") {
        "user namespaces are switched off here; set user.max_user_namespaces to a few thousand"
    } else {
        "user namespaces are refused here, by a container's own filter or by a kernel that has none"
    };
    ConfineError::Missing(format!("{why} ({error})"))
}

/// The loopback of a new network namespace is down.
fn loopback() -> Result<(), ConfineError> {
    let step = "to bring up the loopback";
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None).map_err(ConfineError::step(step))?;
    // SAFETY: all bytes zero is a value of this plain C structure.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed();
    }
    let fd = std::os::fd::AsRawFd::as_raw_fd(&socket);
    // SAFETY: both calls read and write the request alone, which outlives them; the union's flags are what the first one
    // wrote (netdevice(7)).
    let done = unsafe {
        libc::ioctl(fd, libc::SIOCGIFFLAGS, &raw mut request) == 0 && {
            let flags = request.ifr_ifru.ifru_flags;
            let up = libc::IFF_UP as libc::c_short;
            request.ifr_ifru.ifru_flags = flags | up;
            flags & up != 0 || libc::ioctl(fd, libc::SIOCSIFFLAGS, &raw mut request) == 0
        }
    };
    if done { Ok(()) } else { Err(ConfineError::step(step)(io::Error::last_os_error())) }
}

/// `struct mount_attr` (`mount_setattr`(2)).
#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    userns_fd: u64,
}

/// Sets how a mount and all below it may be used.
pub(super) fn set_mount(path: &Path, how: Shown) -> io::Result<()> {
    set_attributes(path, how, libc::AT_RECURSIVE)
}

/// Sets how one mount may be used.
pub(super) fn set_mount_alone(path: &Path, how: Shown) -> io::Result<()> {
    set_attributes(path, how, 0)
}

fn set_attributes(path: &Path, how: Shown, recursive: i32) -> io::Result<()> {
    let set = match how {
        Shown::ReadOnly => libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_RDONLY,
        Shown::Writable => libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV,
        Shown::Device => libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC,
    };
    let attr = MountAttr { set, clear: 0, propagation: 0, userns_fd: 0 };
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path ends with a zero byte, the structure has the size that is told, and both outlive the call, which only
    // reads them.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            recursive,
            &raw const attr,
            size_of::<MountAttr>(),
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn limit_to(resource: Resource, most: u64) -> Result<(), ConfineError> {
    let held = rustix::process::getrlimit(resource).maximum;
    let most = Some(held.map_or(most, |held| held.min(most)));
    setrlimit(resource, Rlimit { current: most, maximum: most }).map_err(ConfineError::step("to set a limit"))
}

/// Limits of this process and those it starts. The inner error: processes cannot be counted for this session alone.
pub(super) fn limit(rules: &Rules) -> Result<Result<(), String>, ConfineError> {
    limit_to(Resource::Data, rules.memory_limit)?;
    limit_to(Resource::Nofile, rules.open_files)?;
    limit_to(Resource::Fsize, rules.file_size)?;
    limit_to(Resource::Memlock, 1 << 20)?;
    limit_to(Resource::Msgqueue, 1 << 16)?;
    // Where the machine runs out of memory all the same, guests go first. Without a /proc there is nothing to write to.
    let _ = fs::write("/proc/self/oom_score_adj", "500");
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    if release_of(&release).is_none_or(|release| release < COUNTED_APART) {
        return Ok(Err(
            "processes: kernels before 5.14 count them for all sessions together, so there is no limit".to_owned()
        ));
    }
    // The outer process and init count too.
    limit_to(Resource::Nproc, u64::from(rules.processes) + 2)?;
    Ok(Ok(()))
}

fn release_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(['.', '-']).map_while(|part| part.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

/// Takes the guest's user and gives up every privilege.
pub(super) fn become_guest(user: &User) -> Result<(), ConfineError> {
    give_up(user)?;
    // A change of user makes a process's own files in /proc root's; they are the guest's again.
    set_dumpable_behavior(DumpableBehavior::Dumpable).map_err(ConfineError::step("to show itself its own files"))
}

/// No capabilities, none to be had, and the way there locked: `capabilities`(7). A user is taken in between, while that is
/// still allowed.
fn give_up(user: &User) -> Result<(), ConfineError> {
    let step = ConfineError::step::<rustix::io::Errno>;
    set_no_new_privs(true).map_err(step("to give up new privileges"))?;
    for number in 0..64 {
        let one = CapabilitySet::from_bits_retain(1 << number);
        match remove_capability_from_bounding_set(one) {
            // The kernel knows fewer.
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(step("to give up capabilities")(error)),
        }
    }
    set_capabilities_secure_bits(LOCKED).map_err(step("to lock its privileges"))?;
    if user.from_root {
        let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
        set_thread_groups(&[]).map_err(step("to leave its groups"))?;
        set_thread_res_gid(gid, gid, gid).map_err(step("to take the guest's group"))?;
        set_thread_res_uid(uid, uid, uid).map_err(step("to take the guest's user"))?;
    }
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(step("to give up capabilities"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_told_by_its_release() {
        let check = |text: &str, expect| assert_eq!(release_of(text), expect, "{text}");
        check("6.18.44-generic", Some((6, 18)));
        check("5.14.0", Some((5, 14)));
        check("5.4", Some((5, 4)));
        check("next", None);
        assert!((5, 4) < COUNTED_APART && (6, 1) > COUNTED_APART);
    }
}
