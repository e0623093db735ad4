//! The devices, and the descriptors that programs have of them. No wait happens in here: every socket is asked without.

use std::os::fd::OwnedFd;

use playfield_core::input::{MAX_PLAYERS, Pad, Rumble};
use rustix::event::epoll;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::evdev::{self, EV_FF, EV_SYN, Event, Held, Request, SYN_DROPPED, SYN_REPORT};
use super::rumble::{EFFECT_SIZE, Motors, Refused};
use super::{Kind, ffi, joystick};

/// Most descriptors at once.
const MOST: usize = 64;
/// What waits in a socket for a program to read it, in bytes. The kernel counts its own share in, so that this is some
/// hundred events; a device of the kernel keeps 64.
const WAITING: usize = 32 * 1024;
/// Most bytes taken from one descriptor in one turn.
const TURN: usize = 64 * Event::SIZE;
/// Descriptors are known to the epoll by numbers from here.
pub(super) const FIRST: u64 = 1 << 32;

#[derive(Debug)]
pub(super) struct State {
    devices: [Device; MAX_PLAYERS],
    handles: Vec<Handle>,
    next: u64,
    /// Who waits for the sockets.
    epoll: OwnedFd,
    /// Events on their way; kept for its memory.
    bytes: Vec<u8>,
}

#[derive(Debug, Default)]
struct Device {
    plugged: bool,
    held: Held,
    motors: Motors,
    /// The descriptor that has it to itself.
    grabbed: Option<u64>,
}

/// One open descriptor, or several that were made of it.
#[derive(Debug)]
struct Handle {
    id: u64,
    player: usize,
    kind: Kind,
    socket: OwnedFd,
    /// Of the program's end.
    inode: u64,
    /// Which clock its events carry.
    clock: i32,
    /// The program did not read, and events were left out.
    dropped: bool,
    /// The device it was opened for is no more.
    gone: bool,
    /// The beginning of an event that the program did not write in one piece.
    partial: Vec<u8>,
}

impl State {
    pub(super) fn new(epoll: OwnedFd) -> State {
        State { devices: Default::default(), handles: Vec::new(), next: FIRST, epoll, bytes: Vec::new() }
    }

    /// Whether a player has a pad.
    pub(super) fn is_plugged(&self, player: usize) -> bool {
        self.devices.get(player).is_some_and(|device| device.plugged)
    }

    pub(super) fn plug(&mut self, player: usize) {
        self.devices[player] = Device { plugged: true, ..Device::default() };
    }

    /// Programs read to the end. What they write meanwhile is still taken, or they would die of it (`SIGPIPE`).
    pub(super) fn unplug(&mut self, player: usize) {
        self.devices[player] = Device::default();
        for handle in self.handles.iter_mut().filter(|handle| handle.player == player && !handle.gone) {
            handle.gone = true;
            let _ = rustix::net::shutdown(&handle.socket, rustix::net::Shutdown::Write);
        }
    }

    /// Tells programs what changed.
    pub(super) fn update(&mut self, player: usize, pad: &Pad) {
        let device = &mut self.devices[player];
        let (before, now) = (device.held, Held::of(pad));
        if before == now {
            return;
        }
        device.held = now;
        let grabbed = device.grabbed;
        for handle in self.handles.iter_mut().filter(|handle| handle.player == player && !handle.gone) {
            if grabbed.is_some_and(|id| id != handle.id) {
                continue;
            }
            self.bytes.clear();
            let time_us = ffi::clock_us(handle.clock);
            for change in before.changes(now) {
                match handle.kind {
                    Kind::Event => change.event().write(time_us, &mut self.bytes),
                    Kind::Joystick => joystick::changed(change, time_us / 1_000, &mut self.bytes),
                }
            }
            if handle.kind == Kind::Event {
                Event { kind: EV_SYN, code: SYN_REPORT, value: 0 }.write(time_us, &mut self.bytes);
            }
            if !handle.dropped {
                handle.send(&self.bytes, &self.epoll);
            }
        }
    }

    /// A program opens a device: its end, by which it is known from now on.
    pub(super) fn open(&mut self, player: usize, kind: Kind, nonblocking: bool) -> Result<(u64, OwnedFd), Errno> {
        if !self.is_plugged(player) {
            return Err(Errno::NODEV);
        }
        if self.handles.len() >= MOST {
            return Err(Errno::MFILE);
        }
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        rustix::io::ioctl_fionbio(&theirs, nonblocking)?;
        rustix::net::sockopt::set_socket_send_buffer_size(&ours, WAITING)?;
        let inode = rustix::fs::fstat(&theirs)?.st_ino;
        let id = self.next;
        self.next += 1;
        epoll::add(&self.epoll, &ours, epoll::EventData::new_u64(id), epoll::EventFlags::IN)?;
        let (clock, partial) =
            if kind == Kind::Event { (libc::CLOCK_REALTIME, 24) } else { (libc::CLOCK_MONOTONIC, 0) };
        let partial = Vec::with_capacity(partial);
        let mut handle = Handle { id, player, kind, socket: ours, inode, clock, dropped: false, gone: false, partial };
        if kind == Kind::Joystick {
            handle.send_all(&self.devices[player], &mut self.bytes, &self.epoll);
        }
        self.handles.push(handle);
        Ok((id, theirs))
    }

    /// The descriptor is closed, or was never received.
    pub(super) fn close(&mut self, id: u64) {
        let Some(at) = self.handles.iter().position(|handle| handle.id == id) else { return };
        let handle = self.handles.swap_remove(at);
        let _ = epoll::delete(&self.epoll, &handle.socket);
        let device = &mut self.devices[handle.player];
        device.motors.forget(id);
        device.grabbed = device.grabbed.filter(|grabber| *grabber != id);
    }

    /// Something can be read from the socket of a descriptor, or written to it again.
    pub(super) fn ready(&mut self, id: u64, flags: epoll::EventFlags, now_ms: u64) {
        if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
            self.take_in(id, now_ms);
        }
        let Some(handle) = self.handles.iter_mut().find(|handle| handle.id == id) else { return };
        if flags.contains(epoll::EventFlags::OUT) && handle.dropped {
            handle.watch(false, &self.epoll);
            if !handle.gone {
                handle.send_all(&self.devices[handle.player], &mut self.bytes, &self.epoll);
            }
        }
    }

    /// Takes what a program wrote.
    fn take_in(&mut self, id: u64, now_ms: u64) {
        let mut buffer = [0; TURN];
        let Some(handle) = self.handles.iter_mut().find(|handle| handle.id == id) else { return };
        let len = match rustix::net::recv(&handle.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((len, _)) if len > 0 => len,
            Err(Errno::AGAIN | Errno::INTR) => return,
            Ok(_) | Err(_) => return self.close(id),
        };
        if handle.kind == Kind::Joystick || handle.gone {
            return;
        }
        let motors = &mut self.devices[handle.player].motors;
        for byte in &buffer[..len] {
            handle.partial.push(*byte);
            if let Ok(whole) = <&[u8; Event::SIZE]>::try_from(handle.partial.as_slice()) {
                let event = Event::read(whole);
                handle.partial.clear();
                if event.kind == EV_FF {
                    motors.event(event, now_ms);
                }
            }
        }
    }

    /// The descriptor whose other end has this number.
    pub(super) fn by_inode(&self, inode: u64) -> Option<u64> {
        self.handles.iter().find(|handle| handle.inode == inode).map(|handle| handle.id)
    }

    /// What a request is answered with. `input`: what its argument points to, if it is of a kind that has such.
    pub(super) fn control(
        &mut self,
        id: u64,
        request: Request,
        argument: u64,
        input: Option<&[u8]>,
        now_ms: u64,
    ) -> Result<Reply, Errno> {
        // What was written before the request comes before it.
        self.take_in(id, now_ms);
        let handle = self.handles.iter_mut().find(|handle| handle.id == id).ok_or(Errno::NODEV)?;
        if handle.gone {
            return Err(Errno::NODEV);
        }
        let device = &mut self.devices[handle.player];
        if handle.kind == Kind::Joystick {
            let bytes = joystick::answer(request).ok_or(Errno::INVAL)?;
            // Of what has a length of its own, the answer is how much there is.
            let value = if request.number == 0x13 { bytes.len() as i64 } else { 0 };
            return Ok(Reply { value, bytes, at: 0 });
        }
        match (request.asks, request.number, input) {
            // EVIOCSFF: the effect's place is told in the effect.
            (false, 0x80, Some(input)) => {
                let effect = input.try_into().map_err(|_| Errno::INVAL)?;
                let place = device.motors.upload(effect, id, now_ms)?;
                Ok(Reply { value: 0, bytes: place.to_ne_bytes().to_vec(), at: 2 })
            }
            // EVIOCRMFF, EVIOCGRAB: the argument is a number.
            (false, 0x81, _) => {
                let place = u16::try_from(argument as u32).unwrap_or(u16::MAX);
                Ok(device.motors.erase(place, id)?.into())
            }
            (false, 0x90, _) => Ok(device.grab(id, argument != 0)?.into()),
            // EVIOCSCLOCKID
            (false, 0xa0, Some(input)) => {
                let clock = input.try_into().map(i32::from_ne_bytes).map_err(|_| Errno::INVAL)?;
                Ok(handle.set_clock(clock)?.into())
            }
            _ => {
                // EVIOCGUNIQ: it has no number of its own, which libevdev wants to hear in this way.
                let none = if request.number == 0x08 { Errno::NOENT } else { Errno::INVAL };
                let bytes = evdev::answer(request, &device.held, handle.player).ok_or(none)?;
                let has_length = matches!(request.number, 0x06..=0x3f);
                Ok(Reply { value: if has_length { bytes.len() as i64 } else { 0 }, bytes, at: 0 })
            }
        }
    }

    pub(super) fn take_rumble(&mut self, player: usize, now_ms: u64) -> Option<Rumble> {
        self.devices.get_mut(player)?.motors.take(now_ms)
    }
}

/// What a request comes to: its result, and bytes that go to its argument, or so many bytes behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) value: i64,
    pub(super) bytes: Vec<u8>,
    pub(super) at: u64,
}

impl From<()> for Reply {
    fn from((): ()) -> Self {
        Reply { value: 0, bytes: Vec::new(), at: 0 }
    }
}

impl From<Refused> for Errno {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid => Errno::INVAL,
            Refused::Full => Errno::NOSPC,
            Refused::NotYours => Errno::ACCESS,
        }
    }
}

/// How many bytes a request's argument points to that have to be read for it.
pub(super) fn input_size(request: Request) -> usize {
    match (request.asks, request.letter, request.number) {
        (false, b'E', 0x80) => EFFECT_SIZE,
        (false, b'E', 0xa0) => 4,
        _ => 0,
    }
}

impl Device {
    fn grab(&mut self, id: u64, wanted: bool) -> Result<(), Errno> {
        match (self.grabbed, wanted) {
            (None, true) => self.grabbed = Some(id),
            (Some(grabber), false) if grabber == id => self.grabbed = None,
            (_, true) => return Err(Errno::BUSY),
            (_, false) => return Err(Errno::INVAL),
        }
        Ok(())
    }
}

impl Handle {
    /// Sends events; where there is no room for them they are left out, until there is.
    fn send(&mut self, bytes: &[u8], epoll: &OwnedFd) {
        // As much as this goes in one piece or not at all.
        match rustix::net::send(&self.socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(_) => {}
            Err(Errno::AGAIN) => self.watch(true, epoll),
            // The program shut its end: it will not hear of this device again.
            Err(_) => self.gone = true,
        }
    }

    /// Whether events are being left out, so that it matters when there is room again.
    fn watch(&mut self, dropped: bool, epoll: &OwnedFd) {
        self.dropped = dropped;
        let room = if dropped { epoll::EventFlags::OUT } else { epoll::EventFlags::empty() };
        let data = epoll::EventData::new_u64(self.id);
        let _ = epoll::modify(epoll, &self.socket, data, epoll::EventFlags::IN | room);
    }

    /// An event device says that something was lost, and the program asks what is held; a joystick says all.
    fn send_all(&mut self, device: &Device, bytes: &mut Vec<u8>, epoll: &OwnedFd) {
        bytes.clear();
        let time_us = ffi::clock_us(self.clock);
        match self.kind {
            Kind::Event => [SYN_DROPPED, SYN_REPORT].into_iter().for_each(|code| {
                Event { kind: EV_SYN, code, value: 0 }.write(time_us, bytes);
            }),
            Kind::Joystick => joystick::all(&device.held, time_us / 1_000, bytes),
        }
        self.send(bytes, epoll);
    }

    fn set_clock(&mut self, clock: i32) -> Result<(), Errno> {
        if ![libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC, libc::CLOCK_BOOTTIME].contains(&clock) {
            return Err(Errno::INVAL);
        }
        self.clock = clock;
        Ok(())
    }
}
