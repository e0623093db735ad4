//! The way of coded pictures into a camera's process: what a worker took from the network, decoded behind the fence.
//!
//! ```text
//!   worker: Intake --messages of at most CHUNK bytes: a unit in pieces, a trouble, or rest--> Fed: camera
//!                  <-------------------- again, if nothing of use comes ---------------
//! ```
//!
//! A camera's process that is slower than its source holds nobody up: what does not go through in time is left out, and so is what
//! refers to it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use playfield_core::camera::Coding;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair, sockopt};

/// Bytes of a message that a unit has for itself, and those before them: what it is.
const CHUNK: usize = 32 * 1024;
const HEAD: usize = 2;
/// Largest unit, in bytes.
pub const MOST_UNIT: usize = 4 << 20;
/// Longest trouble that is told, in bytes.
const MOST_TROUBLE: usize = 500;
/// How long a message may wait for the camera's process.
const PATIENCE: Duration = Duration::from_millis(500);
/// Bytes that wait for it, as far as the system lets them.
const WAITING: usize = 2 << 20;

const FIRST: u8 = 1;
const LAST: u8 = 2;
const TROUBLE: u8 = 4;
const REST: u8 = 8;

/// The worker's end.
#[derive(Debug)]
pub struct Intake {
    socket: OwnedFd,
    /// Something was left out: until a unit stands alone, none is of use.
    lacks: bool,
}

/// The camera's end.
#[derive(Debug)]
pub(super) struct Fed {
    socket: OwnedFd,
    buffer: Vec<u8>,
    unit: Vec<u8>,
    begun: Option<Coding>,
}

/// What comes to a camera.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came<'a> {
    /// A coded picture.
    Unit(Coding, &'a [u8]),
    /// Why none come.
    Trouble(String),
    /// Nobody sends any, and why; whoever comes is there by itself.
    Rest(String),
    /// Nothing yet.
    Nothing,
    /// The worker is gone.
    Gone,
}

impl Intake {
    /// Both ends; the second one goes to the camera's process.
    pub fn pair() -> io::Result<(Intake, OwnedFd)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        // Less is enough, only that more has to wait.
        let _ = sockopt::set_socket_send_buffer_size(&ours, WAITING);
        Ok((Intake { socket: ours, lacks: false }, theirs))
    }

    /// Passes a coded picture on; false where it was left out. `key`: a decoder can begin with it.
    pub fn unit(&mut self, coding: Coding, key: bool, data: &[u8]) -> bool {
        if data.len() > MOST_UNIT || self.lacks && !key {
            return false;
        }
        let mut message = Vec::with_capacity(HEAD + CHUNK.min(data.len()));
        let last = data.len().div_ceil(CHUNK).saturating_sub(1);
        for (at, chunk) in data.chunks(CHUNK).enumerate() {
            message.clear();
            let flags = if at == 0 { FIRST } else { 0 } | if at == last { LAST } else { 0 };
            message.extend_from_slice(&[flags, number(coding)]);
            message.extend_from_slice(chunk);
            if !self.send(&message) {
                self.lacks = true;
                return false;
            }
        }
        self.lacks = false;
        true
    }

    /// Tells why no pictures come.
    pub fn trouble(&mut self, why: &str) {
        self.say(TROUBLE, why);
    }

    /// Tells that nobody sends pictures just now, and why: that is no fault of the source's.
    pub fn rest(&mut self, why: &str) {
        self.say(REST, why);
    }

    fn say(&mut self, what: u8, why: &str) {
        let why = &why[..why.floor_char_boundary(MOST_TROUBLE)];
        let message = [&[what, 0], why.as_bytes()].concat();
        // Whoever does not listen learns it from what does not come.
        let _ = self.send(&message);
    }

    /// Whether the camera wants its source to be opened anew; none: the camera is gone.
    pub fn again(&mut self) -> Option<bool> {
        let (mut again, mut byte) = (false, [0]);
        loop {
            match recv(&self.socket, &mut byte[..], RecvFlags::DONTWAIT) {
                Ok((_, 0)) => return None,
                Ok(_) => again = true,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Some(again),
                Err(_) => return None,
            }
        }
    }

    fn send(&self, message: &[u8]) -> bool {
        loop {
            match send(&self.socket, message, SendFlags::NOSIGNAL) {
                Ok(_) => return true,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if !wait(self.socket.as_fd(), PollFlags::OUT, PATIENCE) {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
    }
}

impl Fed {
    /// The end that the process was given.
    pub fn new(socket: OwnedFd) -> Fed {
        Fed { socket, buffer: vec![0; HEAD + CHUNK], unit: Vec::new(), begun: None }
    }

    /// Another one of the same socket.
    pub fn another(&self) -> io::Result<Fed> {
        Ok(Fed::new(self.socket.try_clone()?))
    }

    /// Asks that the source be opened anew.
    pub fn ask_again(&self) {
        // If the worker is gone or has heard it already, that is as good.
        let _ = send(&self.socket, &[1], SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    }

    /// Waits for what comes next.
    pub fn next(&mut self, patience: Duration) -> Came<'_> {
        loop {
            if !wait(self.socket.as_fd(), PollFlags::IN, patience) {
                return Came::Nothing;
            }
            let came = match recv(&self.socket, &mut self.buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, 0)) => return Came::Gone,
                Ok((_, came)) => came.min(self.buffer.len()),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => return Came::Gone,
            };
            let [flags, coding, data @ ..] = &self.buffer[..came] else { continue };
            if flags & (TROUBLE | REST) != 0 {
                let why = String::from_utf8_lossy(data).into_owned();
                return if flags & REST != 0 { Came::Rest(why) } else { Came::Trouble(why) };
            }
            if flags & FIRST != 0 {
                self.unit.clear();
                self.begun = named(*coding);
            }
            if self.begun.is_none() || self.unit.len() + data.len() > MOST_UNIT {
                self.begun = None;
                continue;
            }
            self.unit.extend_from_slice(data);
            if flags & LAST != 0
                && let Some(coding) = self.begun.take()
            {
                return Came::Unit(coding, &self.unit);
            }
        }
    }
}

/// Whether it is ready before patience ends.
fn wait(socket: BorrowedFd<'_>, flags: PollFlags, patience: Duration) -> bool {
    let Ok(patience) = patience.try_into() else { return false };
    // A signal is as good as the end of patience: whoever waits looks again.
    matches!(poll(&mut [PollFd::from_borrowed_fd(socket, flags)], Some(&patience)), Ok(1..))
}

fn number(coding: Coding) -> u8 {
    match coding {
        Coding::Jpeg => 1,
        Coding::Png => 2,
        Coding::H264 => 3,
        Coding::H265 => 4,
    }
}

fn named(number: u8) -> Option<Coding> {
    [Coding::Jpeg, Coding::Png, Coding::H264, Coding::H265].into_iter().find(|coding| self::number(*coding) == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[test]
    fn units_of_any_size_arrive_as_they_were() {
        let (mut intake, theirs) = Intake::pair().unwrap();
        let mut fed = Fed::new(theirs);
        assert_eq!(fed.next(Duration::ZERO), Came::Nothing);
        let large: Vec<u8> = (0..3 * CHUNK + 5).map(|at| at as u8).collect();
        for data in [&[7][..], &large[..CHUNK], &large] {
            assert!(intake.unit(Coding::H264, true, data));
            assert_eq!(fed.next(SOON), Came::Unit(Coding::H264, data));
        }
        intake.trouble("nobody is there");
        assert_eq!(fed.next(SOON), Came::Trouble("nobody is there".to_owned()));
        intake.rest("nobody wants to be");
        assert_eq!(fed.next(SOON), Came::Rest("nobody wants to be".to_owned()));
        assert_eq!(intake.again(), Some(false));
        fed.ask_again();
        assert_eq!(intake.again(), Some(true));
        drop(intake);
        assert_eq!(fed.next(SOON), Came::Gone);
    }

    #[test]
    fn one_who_does_not_listen_misses_pictures_and_goes_on_with_one_that_stands_alone() {
        let (mut intake, theirs) = Intake::pair().unwrap();
        let mut fed = Fed::new(theirs);
        let data = vec![1; 4 * CHUNK];
        let sent = (0..1_000).take_while(|_| intake.unit(Coding::H264, true, &data)).count();
        assert!(sent < 100, "{sent} pictures wait");
        for _ in 0..sent {
            assert_eq!(fed.next(SOON), Came::Unit(Coding::H264, &data[..]));
        }
        assert!(!intake.unit(Coding::H264, false, &[2]), "it refers to what was left out");
        assert!(intake.unit(Coding::H264, true, &[3]));
        assert!(intake.unit(Coding::H264, false, &[4]));
        assert_eq!(fed.next(SOON), Came::Unit(Coding::H264, &[3]));
        assert_eq!(fed.next(SOON), Came::Unit(Coding::H264, &[4]));
        drop(fed);
        assert_eq!(intake.again(), None);
    }
}
