//! Answers the system calls that programs' filters pass on: a thread that waits for nothing but its epoll.

use std::fs::{self, File};
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use playfield_core::input::MAX_PLAYERS;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType, recvmsg, socket_with,
};

use super::evdev::Request;
use super::ffi::{self, Answer, Call, Listener};
use super::state::{FIRST, Reply, input_size};
use super::{Kind, Shared};

/// Programs that can be started with pads and run at once.
const PROGRAMS: usize = 32;
/// As much of a path is looked at. No device has a longer one.
const LONGEST: usize = 128;

/// Numbers that the epoll knows things by; below [`FIRST`] those of listeners begin at `LISTENERS`.
const STOP: u64 = 0;
const DOOR: u64 = 1;
const LISTENERS: u64 = 2;

pub(super) struct Supervisor {
    shared: Arc<Shared>,
    epoll: OwnedFd,
    /// Listeners come from here.
    door: OwnedFd,
    /// Readable: it is over.
    _stop: OwnedFd,
    folder: PathBuf,
    listeners: [Option<Listener>; PROGRAMS],
}

impl Supervisor {
    pub(super) fn new(
        shared: Arc<Shared>,
        epoll: OwnedFd,
        door: OwnedFd,
        stop: OwnedFd,
        folder: &Path,
    ) -> io::Result<Supervisor> {
        epoll::add(&epoll, &stop, EventData::new_u64(STOP), EventFlags::IN)?;
        epoll::add(&epoll, &door, EventData::new_u64(DOOR), EventFlags::IN)?;
        let listeners = [const { None }; PROGRAMS];
        Ok(Supervisor { shared, epoll, door, _stop: stop, folder: folder.to_owned(), listeners })
    }

    /// Runs until it is told to stop.
    pub(super) fn run(mut self) {
        let mut room = [MaybeUninit::uninit(); 16];
        loop {
            let came = match epoll::wait(&self.epoll, &mut room, None) {
                Ok((came, _)) => came,
                Err(Errno::INTR) => continue,
                Err(error) => return tracing::error!("pads: {error}; programs cannot open files any more"),
            };
            for event in came {
                let (number, flags) = (event.data.u64(), event.flags);
                match number {
                    STOP => return,
                    DOOR => self.take_listener(),
                    FIRST.. => self.shared.state().ready(number, flags, self.shared.now_ms()),
                    _ => self.serve((number - LISTENERS) as usize, flags),
                }
            }
        }
    }

    /// A program was started.
    fn take_listener(&mut self) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut more = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        if recvmsg(&self.door, &mut [IoSliceMut::new(&mut [0])], &mut more, flags).is_err() {
            return;
        }
        let listener = more.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        let place = self.listeners.iter().position(Option::is_none);
        let (Some(listener), Some(at)) = (listener, place) else {
            return tracing::error!("too many programs with pads run at once; the last one cannot open files");
        };
        let listener = Listener::new(listener);
        let number = EventData::new_u64(LISTENERS + at as u64);
        if epoll::add(&self.epoll, &listener, number, EventFlags::IN).is_ok() {
            self.listeners[at] = Some(listener);
        }
    }

    /// A call waits, or there is nobody left who could make one.
    fn serve(&mut self, at: usize, flags: EventFlags) {
        let Some(Some(listener)) = self.listeners.get(at) else { return };
        if flags.contains(EventFlags::IN) {
            if let Some(call) = listener.receive() {
                self.answer(listener, &call);
            }
        } else if flags.intersects(EventFlags::HUP | EventFlags::ERR) {
            let _ = epoll::delete(&self.epoll, listener);
            self.listeners[at] = None;
        }
    }

    fn answer(&self, listener: &Listener, call: &Call) {
        let [one, two, three, _, _, _] = call.arguments;
        let answer = match call.number {
            libc::SYS_ioctl => self.control(listener, call, one, two, three),
            libc::SYS_socket => return listen_to_nothing(listener, call, two as i32),
            number => match self.wanted(listener, call, number) {
                Some(wanted) => return self.open(listener, call, &wanted),
                None => Answer::GoOn,
            },
        };
        listener.answer(call, answer);
    }

    /// Which pad a call wants to open, if it is one that is there.
    fn wanted(&self, listener: &Listener, call: &Call, number: i64) -> Option<Wanted> {
        let [one, two, three, _, _, _] = call.arguments;
        let (folder, path, flags) = match number {
            ffi::OPEN => (libc::AT_FDCWD, one, two),
            _ => (one as i32, two, three),
        };
        let memory = Memory::open(call.thread, false)?;
        let mut buffer = [0; LONGEST];
        let len = memory.read(path, &mut buffer)?;
        let path = buffer[..len].split(|byte| *byte == 0).next()?;
        let (kind, player) = named(path)?;
        let flags = if number == libc::SYS_openat2 {
            // `struct open_how` begins with them.
            let mut how = [0; 8];
            (memory.read(flags, &mut how)? == how.len()).then_some(u64::from_ne_bytes(how))?
        } else {
            flags
        };
        let is_ours = lies_in(&self.folder, Path::new(std::ffi::OsStr::from_bytes(path)), || {
            let base = match folder {
                libc::AT_FDCWD => format!("/proc/{}/cwd", call.thread),
                fd => format!("/proc/{}/fd/{fd}", call.thread),
            };
            fs::read_link(base).ok()
        });
        let flags = flags as i32;
        let wanted = Wanted {
            kind,
            player,
            nonblocking: flags & libc::O_NONBLOCK != 0,
            close_on_exec: flags & libc::O_CLOEXEC != 0,
        };
        (is_ours && listener.waits(call) && self.shared.state().is_plugged(player)).then_some(wanted)
    }

    fn open(&self, listener: &Listener, call: &Call, wanted: &Wanted) {
        let opened = self.shared.state().open(wanted.player, wanted.kind, wanted.nonblocking);
        let (id, theirs) = match opened {
            Ok(opened) => opened,
            Err(error) => return listener.answer(call, Answer::Failed(error.raw_os_error())),
        };
        // The program is woken to take it, so no lock is held here.
        if !give(listener, call, &theirs, wanted.close_on_exec) {
            self.shared.state().close(id);
        }
    }

    /// A question to a device, if the descriptor is one of ours.
    fn control(&self, listener: &Listener, call: &Call, fd: u64, request: u64, argument: u64) -> Answer {
        let Some(inode) = socket_behind(call.thread, fd as i32) else { return Answer::GoOn };
        let Some(id) = self.shared.state().by_inode(inode) else { return Answer::GoOn };
        match self.reply(listener, call, id, Request::of(request), argument) {
            Ok(value) => Answer::Done(value),
            Err(error) => Answer::Failed(error.raw_os_error()),
        }
    }

    fn reply(&self, listener: &Listener, call: &Call, id: u64, request: Request, to: u64) -> Result<i64, Errno> {
        let memory = Memory::open(call.thread, true).ok_or(Errno::FAULT)?;
        // From here on the memory is that of who asks.
        if !listener.waits(call) {
            return Err(Errno::INTR);
        }
        let mut buffer = [0; 64];
        let input = match input_size(request).min(buffer.len()) {
            0 => None,
            size if memory.read(to, &mut buffer[..size]) == Some(size) => Some(&buffer[..size]),
            _ => return Err(Errno::FAULT),
        };
        let now_ms = self.shared.now_ms();
        let Reply { value, bytes, at } = self.shared.state().control(id, request, to, input, now_ms)?;
        if bytes.is_empty() || memory.write(to.saturating_add(at), &bytes) { Ok(value) } else { Err(Errno::FAULT) }
    }
}

/// A program wants to hear of devices from udev. There is none; but SDL does not start without, so it gets a socket on which
/// nothing is said: it hears of routes, if it should ask for that, which it may anyway.
fn listen_to_nothing(listener: &Listener, call: &Call, kind: i32) {
    let nonblocking = if kind & libc::SOCK_NONBLOCK != 0 { SocketFlags::NONBLOCK } else { SocketFlags::empty() };
    let flags = nonblocking | SocketFlags::CLOEXEC;
    // Protocol 0 is `NETLINK_ROUTE`.
    match socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None) {
        Ok(socket) => drop(give(listener, call, &socket, kind & libc::SOCK_CLOEXEC != 0)),
        Err(error) => listener.answer(call, Answer::Failed(error.raw_os_error())),
    }
}

/// False: the program is gone, or has no place for it.
fn give(listener: &Listener, call: &Call, file: &OwnedFd, close_on_exec: bool) -> bool {
    let given = listener.give(call, file.as_fd(), close_on_exec);
    if let Err(error) = &given {
        listener.answer(call, Answer::Failed(error.raw_os_error().unwrap_or(libc::EIO)));
    }
    given.is_ok()
}

/// What a call wants to open, and how.
struct Wanted {
    kind: Kind,
    player: usize,
    nonblocking: bool,
    close_on_exec: bool,
}

/// Which pad the last part of a path names.
fn named(path: &[u8]) -> Option<(Kind, usize)> {
    let name = path.rsplit(|byte| *byte == b'/').next()?;
    let kind = [Kind::Event, Kind::Joystick].into_iter().find(|kind| name.starts_with(kind.name().as_bytes()))?;
    match name[kind.name().len()..] {
        [digit @ b'0'..=b'9'] => Some((kind, usize::from(digit - b'0'))).filter(|(_, player)| *player < MAX_PLAYERS),
        _ => None,
    }
}

/// Whether a path, as it is written, lies in a folder; one that is not absolute begins at `base`.
fn lies_in(folder: &Path, path: &Path, base: impl FnOnce() -> Option<PathBuf>) -> bool {
    let Some(parent) = path.parent() else { return false };
    if parent == folder {
        return true;
    }
    let whole = if parent.is_absolute() { Some(parent.to_owned()) } else { base().map(|base| base.join(parent)) };
    let mut plain = PathBuf::new();
    for part in whole.iter().flat_map(|whole| whole.components()) {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain == folder
}

/// The number of the socket behind a descriptor of a thread's process.
fn socket_behind(thread: u32, fd: i32) -> Option<u64> {
    let link = fs::read_link(format!("/proc/{thread}/fd/{fd}")).ok()?;
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// The memory of a thread's process, by its number: whose it is must be asked after it was opened ([`Listener::waits`]).
struct Memory(File);

impl Memory {
    fn open(thread: u32, write: bool) -> Option<Memory> {
        File::options().read(true).write(write).open(format!("/proc/{thread}/mem")).ok().map(Memory)
    }

    /// How many bytes there were.
    fn read(&self, at: u64, into: &mut [u8]) -> Option<usize> {
        self.0.read_at(into, at).ok()
    }

    fn write(&self, at: u64, bytes: &[u8]) -> bool {
        self.0.write_all_at(bytes, at).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pad_is_told_by_its_path() {
        let check = |path: &str, base: Option<&str>, expect: Option<(Kind, usize)>| {
            let found = named(path.as_bytes());
            let folder = Path::new("/dev/input");
            let found = found.filter(|_| lies_in(folder, Path::new(path), || base.map(PathBuf::from)));
            assert_eq!(found, expect, "{path} in {base:?}");
        };
        check("/dev/input/event0", None, Some((Kind::Event, 0)));
        check("/dev/input/js3", None, Some((Kind::Joystick, 3)));
        check("/dev//input/./event1", None, Some((Kind::Event, 1)));
        check("/dev/shm/../input/event1", None, Some((Kind::Event, 1)));
        check("event2", Some("/dev/input"), Some((Kind::Event, 2)));
        check("input/js0", Some("/dev"), Some((Kind::Joystick, 0)));
        check("../input/js0", Some("/dev/input"), Some((Kind::Joystick, 0)));
        check("event2", Some("/home/player"), None);
        check("event2", None, None);
        check("/dev/input/event4", None, None);
        check("/dev/input/event00", None, None);
        check("/dev/input/event", None, None);
        check("/dev/input/mouse0", None, None);
        check("/dev/event0", None, None);
        check("/event0", None, None);
        check("", Some("/dev/input"), None);
    }
}
