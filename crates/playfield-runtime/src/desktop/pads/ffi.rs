//! The kernel's side of it: a filter that passes some system calls on to this process, and the answers
//! (`seccomp`(2), `seccomp_unotify`(2)). Numbers of pseudo terminals, and clocks.

use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use libc::{c_long, c_ulong, sock_filter};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// `AUDIT_ARCH_*` (`linux/audit.h`): 64 bits, little-endian, and the machine.
#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xc000_0000 | libc::EM_X86_64 as u32;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xc000_0000 | libc::EM_AARCH64 as u32;

/// `open`, which newer architectures lack.
#[cfg(target_arch = "x86_64")]
pub(super) const OPEN: c_long = libc::SYS_open;
#[cfg(target_arch = "aarch64")]
pub(super) const OPEN: c_long = -1;

/// Opens with one of these are never of a device.
const NO_DEVICE: u32 = (libc::O_DIRECTORY | libc::O_CREAT | libc::O_PATH) as u32;

/// Where parts of a call are in `struct seccomp_data`: its number, the architecture, the lower half of an argument.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(number: u32) -> u32 {
    16 + 8 * number
}

const fn step(code: u32, yes: u8, no: u8, value: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: yes, jf: no, k: value }
}
const fn load(at: u32) -> sock_filter {
    step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, at)
}
const fn equal(value: u32, yes: u8, no: u8) -> sock_filter {
    step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, yes, no, value)
}

/// `NETLINK_KOBJECT_UEVENT`: what the kernel and udev say of devices.
const DEVICES: u32 = 15;

/// Asks for `open`, `openat` and `openat2`, unless their flags say that it is no device; for `ioctl` of an input device
/// or a joystick, by the letter in the request's number; for a socket that hears of devices. All else goes on at once.
static FILTER: [sock_filter; 22] = [
    load(ARCHITECTURE),
    equal(ARCH, 0, 18),
    load(NUMBER),
    equal(libc::SYS_ioctl as u32, 12, 0),
    equal(libc::SYS_openat as u32, 3, 0),
    equal(libc::SYS_socket as u32, 6, 0),
    equal(libc::SYS_openat2 as u32, 14, 0),
    equal(OPEN as u32, 2, 12),
    // 8: openat(folder, path, flags)
    load(argument(2)),
    step(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, 10, 11, NO_DEVICE),
    // 10: open(path, flags)
    load(argument(1)),
    step(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, 8, 9, NO_DEVICE),
    // 12: socket(family, type, protocol)
    load(argument(0)),
    equal(libc::AF_NETLINK as u32, 0, 6),
    load(argument(2)),
    equal(DEVICES, 5, 4),
    // 16: ioctl(fd, request)
    load(argument(1)),
    step(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0, 0, 0xff00),
    equal((b'E' as u32) << 8, 2, 0),
    equal((b'j' as u32) << 8, 1, 0),
    // 20: go on; 21: ask
    step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
];

/// The program that `command` starts is filtered, and whatever it starts; its listener comes out of the other end of `door`.
pub(super) fn arm(command: &mut Command, door: OwnedFd) {
    // SAFETY: between fork and exec `install` makes system calls alone: it takes no lock and no memory.
    unsafe { command.pre_exec(move || install(door.as_fd())) };
}

/// Filters this process for good, and sends the listener.
fn install(door: BorrowedFd<'_>) -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    let program = libc::sock_fprog { len: FILTER.len() as u16, filter: (&raw const FILTER).cast_mut().cast() };
    let attach = |flags: c_ulong| {
        // SAFETY: the program outlives the call, which copies it.
        let fd = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(fd) }
    };
    // Linux 5.19: a call that is being answered is not interrupted by a signal that the program handles.
    let listener = attach(libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
        .or_else(|_| attach(libc::SECCOMP_FILTER_FLAG_NEW_LISTENER))?;
    // SAFETY: the kernel made this descriptor for this call; nobody else has it.
    let listener = unsafe { OwnedFd::from_raw_fd(listener as i32) };
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut more = SendAncillaryBuffer::new(&mut space);
    let files = [listener.as_fd()];
    if !more.push(SendAncillaryMessage::ScmRights(&files)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(door, &[IoSlice::new(&[1])], &mut more, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Whether this kernel passes system calls on, in the form that is known here.
pub(super) fn is_offered() -> bool {
    let mut sizes = libc::seccomp_notif_sizes { seccomp_notif: 0, seccomp_notif_resp: 0, seccomp_data: 0 };
    // SAFETY: the call writes the three numbers, which outlive it.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_NOTIF_SIZES, 0, &raw mut sizes) };
    done == 0
        && usize::from(sizes.seccomp_notif) == size_of::<libc::seccomp_notif>()
        && usize::from(sizes.seccomp_notif_resp) == size_of::<libc::seccomp_notif_resp>()
}

/// What becomes of a call that was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The kernel does it, as if nothing had been asked.
    GoOn,
    /// It is done, with this result.
    Done(i64),
    /// It failed.
    Failed(i32),
}

/// A system call that waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    id: u64,
    /// The thread that made it.
    pub(super) thread: u32,
    pub(super) number: c_long,
    pub(super) arguments: [u64; 6],
}

/// Where calls come from: one for each program that was started.
#[derive(Debug)]
pub(super) struct Listener(OwnedFd);

impl Listener {
    pub(super) fn new(fd: OwnedFd) -> Listener {
        /// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`
        const SYNC_WAKE_UP: c_ulong = 1;
        // SAFETY: the request takes a number. Linux 6.6: the program runs on at once after its answer; before, it fails.
        unsafe { libc::ioctl(fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
        Listener(fd)
    }

    /// The next call; `None`: whoever made it is gone.
    pub(super) fn receive(&self) -> Option<Call> {
        // SAFETY: all bytes zero is a value of this plain C structure, and the kernel wants them so.
        let mut got: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        // SAFETY: the request writes one such structure, whose size is part of its number.
        let done = unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut got) };
        let (number, arguments) = (got.data.nr.into(), got.data.args);
        (done == 0).then_some(Call { id: got.id, thread: got.pid, number, arguments })
    }

    /// Whether the call still waits: so what was opened by its thread's number meanwhile is that thread's.
    pub(super) fn waits(&self, call: &Call) -> bool {
        // SAFETY: the request reads one number, which outlives it.
        unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const call.id) == 0 }
    }

    pub(super) fn answer(&self, call: &Call, answer: Answer) {
        let (val, error, flags) = match answer {
            Answer::GoOn => (0, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            Answer::Done(value) => (value, 0, 0),
            Answer::Failed(error) => (0, -error, 0),
        };
        let mut response = libc::seccomp_notif_resp { id: call.id, val, error, flags };
        // SAFETY: the request reads one such structure. Where it fails, nobody waits any more.
        unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut response) };
    }

    /// Answers with a descriptor for `file`. An error: the caller is gone, or has no place for it.
    pub(super) fn give(&self, call: &Call, file: BorrowedFd<'_>, close_on_exec: bool) -> io::Result<()> {
        let newfd_flags = if close_on_exec { libc::O_CLOEXEC as u32 } else { 0 };
        let srcfd = file.as_raw_fd().cast_unsigned();
        let add = |flags: c_ulong| {
            let add = libc::seccomp_notif_addfd { id: call.id, flags: flags as u32, srcfd, newfd: 0, newfd_flags };
            // SAFETY: the request reads one such structure, whose size is part of its number.
            let fd = unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const add) };
            if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(fd) }
        };
        match add(libc::SECCOMP_ADDFD_FLAG_SEND) {
            // Before Linux 5.14 in two steps.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                self.answer(call, Answer::Done(add(0)?.into()));
                Ok(())
            }
            done => done.map(drop),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A clock by its number (`clock_gettime`(2)), in microseconds.
pub(super) fn clock_us(clock: i32) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one such structure, which outlives it; for a number that is no clock it leaves it as it is.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_nsec.unsigned_abs() / 1_000
}

/// The number of the terminal that belongs to an open `/dev/ptmx`.
pub(super) fn terminal(master: &File) -> io::Result<u32> {
    let mut number: libc::c_uint = 0;
    // SAFETY: the request writes one number, which outlives it (`ioctl_tty`(2)).
    let done = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTN, &raw mut number) };
    if done == 0 { Ok(number) } else { Err(io::Error::last_os_error()) }
}

/// What a trial came to, in order: how far it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    Worked,
    NoFilter,
    NoDevice,
    NoAnswer,
}

/// A process that does what a program does with a pad: it opens `path` and asks for the interface's version.
pub(super) fn try_out(door: BorrowedFd<'_>, path: &std::ffi::CStr) -> io::Result<Trial> {
    // SAFETY: the child makes system calls alone, as between fork and exec, and ends without running anything else.
    let child = unsafe { libc::fork() };
    if child < 0 {
        return Err(io::Error::last_os_error());
    }
    if child == 0 {
        let far = trial(door, path);
        // SAFETY: ends this process at once.
        unsafe { libc::_exit(far) }
    }
    let pid = rustix::process::Pid::from_raw(child).ok_or(io::ErrorKind::InvalidData)?;
    let code = loop {
        match rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            ended => break ended?.and_then(|(_, status)| status.exit_status()),
        }
    };
    Ok(match code {
        Some(0) => Trial::Worked,
        Some(2) => Trial::NoDevice,
        Some(3) => Trial::NoAnswer,
        _ => Trial::NoFilter,
    })
}

fn trial(door: BorrowedFd<'_>, path: &std::ffi::CStr) -> i32 {
    /// `EVIOCGVERSION`
    const VERSION: c_ulong = 0x8004_4501;
    if install(door).is_err() {
        return 1;
    }
    // SAFETY: the path ends with a zero byte and outlives the call.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOCTTY) };
    if fd < 0 {
        return 2;
    }
    let mut version = 0_i32;
    // SAFETY: the request writes one number, which outlives it.
    let told = unsafe { libc::ioctl(fd, VERSION, &raw mut version) };
    if told == 0 && version != 0 { 0 } else { 3 }
}
