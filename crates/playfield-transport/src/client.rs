//! A viewer in Rust: offers, connects, sends input, receives pictures and sound.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use str0m::change::SdpPendingOffer;

use crate::peer::{Drained, LONG, Lane, Packet, Peer};
use crate::{Event, Outgoing, TransportError};

/// What a client is told.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// Something about the connection.
    Connection(Event),
    /// An encoded picture: H.264, Annex B.
    Video {
        /// The picture.
        data: Vec<u8>,
        /// Its RTP timestamp.
        rtp: u32,
    },
    /// 10 ms of Opus.
    Sound(Vec<u8>),
    /// A lossless datagram.
    Lossless {
        /// The datagram.
        data: Vec<u8>,
        /// It came on the fallback channel, not on the track.
        on_channel: bool,
    },
}

/// A viewer in Rust, for benchmarks and tests.
pub struct Client {
    socket: UdpSocket,
    local: SocketAddr,
    peer: Peer,
    pending: Option<SdpPendingOffer>,
    timeout: Option<Instant>,
    happened: Vec<ClientEvent>,
}

impl Client {
    /// Binds a socket at `ip` and makes an offer.
    pub fn offer(ip: IpAddr) -> Result<(Client, String), TransportError> {
        let socket = UdpSocket::bind(SocketAddr::new(ip, 0))?;
        let local = socket.local_addr()?;
        let (peer, offer, pending) = Peer::offer(Instant::now(), local)?;
        let client = Client { socket, local, peer, pending: Some(pending), timeout: None, happened: Vec::new() };
        Ok((client, offer))
    }

    /// Takes the answer; from now on `poll` does the rest.
    pub fn answer(&mut self, answer: &str) -> Result<(), TransportError> {
        let pending = self.pending.take().ok_or_else(|| TransportError::Answer("there was one before".to_owned()))?;
        self.peer.take_answer(pending, answer)?;
        self.drain();
        Ok(())
    }

    /// Sends a message on the `input` channel.
    pub fn send_input(&mut self, bytes: &[u8]) -> bool {
        self.send(&Outgoing::Input(bytes.into()))
    }

    /// Sends a message on the `control` channel.
    pub fn send_control(&mut self, text: &str) -> bool {
        self.send(&Outgoing::Control(text.to_owned()))
    }

    fn send(&mut self, outgoing: &Outgoing) -> bool {
        let sent = self.peer.send(Instant::now(), outgoing);
        self.drain();
        sent
    }

    /// Says goodbye.
    pub fn close(mut self) {
        self.peer.close();
        self.drain();
    }

    /// Waits at most so long for something to happen, and moves it to the end of `into`.
    pub fn poll(&mut self, most: Duration, into: &mut Vec<ClientEvent>) -> Result<(), TransportError> {
        if self.happened.is_empty() {
            self.wait(most)?;
        }
        into.append(&mut self.happened);
        Ok(())
    }

    fn wait(&mut self, most: Duration) -> Result<(), TransportError> {
        let due = self.timeout.map_or(LONG, |at| at.saturating_duration_since(Instant::now()));
        let wait = most.min(due).max(Duration::from_micros(1));
        self.socket.set_read_timeout(Some(wait))?;
        let mut buffer = [0; 2_048];
        if let Ok((len, source)) = self.socket.recv_from(&mut buffer) {
            self.peer.receive(Instant::now(), &Packet { source, destination: self.local, bytes: &buffer[..len] });
            self.drain();
        }
        if self.timeout.is_some_and(|at| at <= Instant::now()) {
            self.peer.timeout(Instant::now());
            self.drain();
        }
        Ok(())
    }

    fn drain(&mut self) {
        let Client { socket, happened, peer, .. } = self;
        self.timeout = peer.drain(|drained| match drained {
            Drained::Transmit { to, packet, .. } => drop(socket.send_to(&packet, to)),
            Drained::Event(event) => happened.push(ClientEvent::Connection(event)),
            Drained::Media { lane: Lane::Video, data, rtp } => happened.push(ClientEvent::Video { data, rtp }),
            Drained::Media { lane: Lane::Sound, data, .. } => happened.push(ClientEvent::Sound(data)),
            Drained::Media { lane: Lane::Lossless, data, .. } => {
                happened.push(ClientEvent::Lossless { data, on_channel: false });
            }
            Drained::Media { lane: Lane::LosslessChannel, data, .. } => {
                happened.push(ClientEvent::Lossless { data, on_channel: true });
            }
        });
    }
}
