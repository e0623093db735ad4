//! The way of a player's microphone into a guest's process: packets as they came, past the guest's own thread.
//!
//! What viewers send is decoded behind the guest's fence, where it is heard and nowhere else. The worker passes the packets on without a
//! look at them, by a socket of their own: they wait neither for a picture to be coded nor for one to be drawn.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use playfield_core::voice::MAX_PACKET;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};

/// Bytes before what a packet carries: whose voice it is of, its number and its time, little-endian.
const HEAD: usize = 16;

/// A packet of a voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoicePacket<'a> {
    /// Counts the voices: one that is another begins anew.
    pub voice: u32,
    /// RTP's sequence number, extended.
    pub number: u64,
    /// RTP's timestamp, at 48 kHz.
    pub time: u32,
    /// Opus.
    pub data: &'a [u8],
}

/// The worker's end.
#[derive(Debug)]
pub struct Feed(OwnedFd);

/// The guest's end.
#[derive(Debug)]
pub struct Fed {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Feed {
    /// Both ends; the second one goes to the guest's process.
    pub fn pair() -> io::Result<(Feed, OwnedFd)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((Feed(ours), theirs))
    }

    /// Passes a packet on; false where it could not be. One that would have to wait is as good as lost.
    pub fn send(&self, packet: VoicePacket<'_>) -> bool {
        if packet.data.len() > MAX_PACKET {
            return false;
        }
        let mut bytes = [0; HEAD + MAX_PACKET];
        bytes[..4].copy_from_slice(&packet.voice.to_le_bytes());
        bytes[4..12].copy_from_slice(&packet.number.to_le_bytes());
        bytes[12..HEAD].copy_from_slice(&packet.time.to_le_bytes());
        let end = HEAD + packet.data.len();
        bytes[HEAD..end].copy_from_slice(packet.data);
        send(&self.0, &bytes[..end], SendFlags::NOSIGNAL).is_ok()
    }
}

impl Fed {
    /// The end that the process was given.
    pub fn new(socket: OwnedFd) -> Fed {
        Fed { socket, buffer: vec![0; HEAD + MAX_PACKET] }
    }

    /// The next packet, if one is there.
    pub fn receive(&mut self) -> Option<VoicePacket<'_>> {
        let came = loop {
            match recv(&self.socket, &mut self.buffer[..], RecvFlags::DONTWAIT) {
                Err(Errno::INTR) => {}
                Ok((_, came)) if came >= HEAD => break came,
                // The worker is gone, which is noticed elsewhere, or nothing is there.
                Ok(_) | Err(_) => return None,
            }
        };
        let (head, data) = self.buffer[..came.min(self.buffer.len())].split_first_chunk::<HEAD>()?;
        let [a, b, c, d] = *head.as_chunks::<4>().0 else { return None };
        let (low, high) = (u32::from_le_bytes(b), u32::from_le_bytes(c));
        let number = u64::from(low) | u64::from(high) << 32;
        Some(VoicePacket { voice: u32::from_le_bytes(a), number, time: u32::from_le_bytes(d), data })
    }
}

impl AsFd for Fed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_arrive_as_they_were_and_never_wait() {
        let (feed, theirs) = Feed::pair().unwrap();
        let mut fed = Fed::new(theirs);
        assert_eq!(fed.receive(), None);
        let packet = VoicePacket { voice: 7, number: 0x1_0000_0002, time: 0xffff_fffe, data: &[1, 2, 3] };
        assert!(feed.send(packet));
        assert_eq!(fed.receive(), Some(packet));
        let long = [0; MAX_PACKET + 1];
        assert!(feed.send(VoicePacket { data: &long[1..], ..packet }));
        assert_eq!(fed.receive().map(|packet| packet.data.len()), Some(MAX_PACKET));
        assert!(!feed.send(VoicePacket { data: &long, ..packet }));
        let sent = (0..1_000_000).take_while(|_| feed.send(packet)).count();
        assert!((1..100_000).contains(&sent), "{sent} packets wait for somebody who does not read");
        drop(feed);
        assert_eq!(std::iter::from_fn(|| fed.receive().map(|_| ())).count(), sent);
    }
}
