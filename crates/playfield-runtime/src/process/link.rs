//! Messages between a worker and a guest process, over a socket pair that keeps their bounds.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest message, in bytes. What is longer goes through shared memory.
const LONGEST: usize = 128 * 1024;

/// Why a message did not come or go.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The other process is gone, or let go of its end.
    #[error("the other process is gone")]
    Closed,
    /// It did not come in time.
    #[error("no message came in time")]
    Late,
    /// It is none of ours.
    #[error("the message makes no sense")]
    Garbage,
    /// It is too long to be sent.
    #[error("a message of {0} bytes is too long")]
    TooLong(usize),
    /// The socket.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// One end.
#[derive(Debug)]
pub struct Link {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Link {
    /// One end, and the other for the other process.
    pub fn pair() -> io::Result<(Link, OwnedFd)> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Link::new(ours), theirs))
    }

    /// The end that this process was given.
    pub fn new(socket: OwnedFd) -> Link {
        Link { socket, buffer: vec![0; LONGEST] }
    }

    /// The number of its descriptor, to be kept where others are closed.
    pub fn fd(&self) -> i32 {
        self.socket.as_raw_fd()
    }

    /// Its socket, for whoever waits for it to be readable.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The socket alone, to be handed on.
    pub(crate) fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// From now on a message that the other end makes no room for in time is [`LinkError::Late`].
    pub(crate) fn patient(&self, patience: Duration) -> io::Result<()> {
        Ok(set_socket_timeout(&self.socket, Timeout::Send, Some(patience))?)
    }

    /// Sends a message.
    pub fn send<T: Serialize>(&mut self, message: &T) -> Result<(), LinkError> {
        self.send_with(message, None)
    }

    /// Sends a message, and a descriptor with it.
    pub fn send_with<T: Serialize>(&mut self, message: &T, file: Option<BorrowedFd<'_>>) -> Result<(), LinkError> {
        let bytes = postcard::to_slice(message, &mut self.buffer).map_err(|_| LinkError::TooLong(LONGEST))?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut more = SendAncillaryBuffer::new(&mut space);
        let files = [file.unwrap_or(self.socket.as_fd())];
        if file.is_some() && !more.push(SendAncillaryMessage::ScmRights(&files)) {
            return Err(LinkError::TooLong(bytes.len()));
        }
        match sendmsg(&self.socket, &[IoSlice::new(bytes)], &mut more, SendFlags::NOSIGNAL) {
            Ok(_) => Ok(()),
            Err(Errno::PIPE | Errno::CONNRESET) => Err(LinkError::Closed),
            Err(Errno::AGAIN) => Err(LinkError::Late),
            Err(error) => Err(LinkError::Io(error.into())),
        }
    }

    /// Waits for a message, for as long as `patience` if that is said.
    pub fn receive<T: DeserializeOwned>(&mut self, patience: Option<Duration>) -> Result<T, LinkError> {
        Ok(self.receive_with(patience)?.0)
    }

    /// Waits for a message, and takes the descriptor that came with it.
    pub fn receive_with<T: DeserializeOwned>(
        &mut self,
        patience: Option<Duration>,
    ) -> Result<(T, Option<OwnedFd>), LinkError> {
        self.wait(patience)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut more = RecvAncillaryBuffer::new(&mut space);
        let mut slices = [IoSliceMut::new(&mut self.buffer)];
        let mut come = || recvmsg(&self.socket, &mut slices, &mut more, RecvFlags::CMSG_CLOEXEC);
        // An end that left something unread resets the other, which is told before what was said last; once.
        let came = match come().or_else(|error| if error == Errno::CONNRESET { come() } else { Err(error) }) {
            Ok(came) => came,
            Err(Errno::CONNRESET) => return Err(LinkError::Closed),
            Err(error) => return Err(LinkError::Io(error.into())),
        };
        if came.bytes == 0 {
            return Err(LinkError::Closed);
        }
        if came.flags.contains(ReturnFlags::TRUNC) {
            return Err(LinkError::Garbage);
        }
        let file = more.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        match postcard::take_from_bytes(&self.buffer[..came.bytes]) {
            Ok((message, [])) => Ok((message, file)),
            _ => Err(LinkError::Garbage),
        }
    }

    fn wait(&self, patience: Option<Duration>) -> Result<(), LinkError> {
        let until = patience.map(|patience| Instant::now() + patience);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let left = left.map(|left| left.try_into().map_err(io::Error::other)).transpose()?;
            match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], left.as_ref()) {
                Ok(0) => return Err(LinkError::Late),
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(LinkError::Io(error.into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_and_a_descriptor_arrive() {
        let (mut ours, theirs) = Link::pair().unwrap();
        let mut theirs = Link::new(theirs);
        let file = rustix::fs::memfd_create("test", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        ours.send_with(&("hello", 7u8), Some(file.as_fd())).unwrap();
        let (message, came): ((String, u8), _) = theirs.receive_with(Some(Duration::from_secs(20))).unwrap();
        assert_eq!(message, ("hello".to_owned(), 7));
        assert!(came.is_some());
    }

    #[test]
    fn what_was_said_last_is_heard_though_something_was_left_unread() {
        let (mut ours, theirs) = Link::pair().unwrap();
        let mut theirs = Link::new(theirs);
        ours.send(&1u8).unwrap();
        theirs.send(&7u8).unwrap();
        theirs.send(&8u8).unwrap();
        drop(theirs);
        assert_eq!([(); 2].map(|()| ours.receive::<u8>(None).unwrap()), [7, 8]);
        assert!(matches!(ours.receive::<u8>(None), Err(LinkError::Closed)));
    }

    #[test]
    fn what_cannot_be_is_told_apart() {
        let (mut ours, theirs) = Link::pair().unwrap();
        let mut theirs = Link::new(theirs);
        assert!(matches!(ours.receive::<u8>(Some(Duration::ZERO)), Err(LinkError::Late)));
        theirs.send(&[1u8; 3]).unwrap();
        assert!(matches!(ours.receive::<String>(None), Err(LinkError::Garbage)), "something follows");
        theirs.send(&9u8).unwrap();
        assert!(matches!(ours.receive::<bool>(None), Err(LinkError::Garbage)));
        let long = vec![0u8; LONGEST];
        assert!(matches!(theirs.send(&long), Err(LinkError::TooLong(_))));
        drop(theirs);
        assert!(matches!(ours.receive::<u8>(None), Err(LinkError::Closed)));
        assert!(matches!(ours.send(&1u8), Err(LinkError::Closed)));
    }
}
