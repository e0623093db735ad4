//! Viewers in Rust, any number of them on one thread: what [`Client`](crate::Client) is one of.

use std::collections::{BTreeSet, VecDeque};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use str0m::change::SdpPendingOffer;

use playfield_core::codec::Codec;

use crate::peer::{Drained, LONG, Lane, Packet, Peer};
use crate::{ClientEvent, Outgoing, TransportError};

/// Packets taken from one socket before the others get their turn.
const BATCH: usize = 32;
/// Largest UDP payload taken.
const MAX_PACKET: usize = 2_048;

/// One of them, by its place.
pub type Member = usize;

/// How somebody makes an offer.
type Offer = fn(Instant, SocketAddr) -> Result<(Peer, String, SdpPendingOffer), TransportError>;

struct Viewer {
    socket: UdpSocket,
    local: SocketAddr,
    peer: Peer,
    pending: Option<SdpPendingOffer>,
    timeout: Option<Instant>,
    readable: bool,
}

/// Viewers that share a thread, each with a socket of its own, as browsers have.
pub struct Crowd {
    poll: Poll,
    events: Events,
    viewers: Vec<Viewer>,
    timeouts: BTreeSet<(Instant, Member)>,
    /// Members whose sockets may hold packets.
    readable: VecDeque<Member>,
    happened: VecDeque<(Member, ClientEvent)>,
    buffer: Vec<u8>,
    packets: Packets,
}

/// UDP packets of all members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packets {
    /// That went out.
    pub sent: u64,
    /// That came.
    pub received: u64,
}

impl Crowd {
    /// Nobody yet.
    pub fn new() -> Result<Crowd, TransportError> {
        Ok(Crowd {
            poll: Poll::new()?,
            events: Events::with_capacity(256),
            viewers: Vec::new(),
            timeouts: BTreeSet::new(),
            readable: VecDeque::new(),
            happened: VecDeque::new(),
            buffer: vec![0; MAX_PACKET],
            packets: Packets::default(),
        })
    }

    /// One more: binds a socket at `ip` and makes an offer.
    pub fn join(&mut self, ip: IpAddr) -> Result<(Member, String), TransportError> {
        self.join_with(ip, Peer::offer)
    }

    /// One more that brings pictures.
    pub fn join_with_video(&mut self, ip: IpAddr) -> Result<(Member, String), TransportError> {
        self.join_with(ip, Peer::offer_video)
    }

    fn join_with(&mut self, ip: IpAddr, offer: Offer) -> Result<(Member, String), TransportError> {
        let mut socket = UdpSocket::bind(SocketAddr::new(ip, 0))?;
        let local = socket.local_addr()?;
        let member = self.viewers.len();
        self.poll.registry().register(&mut socket, Token(member), Interest::READABLE)?;
        let (peer, offer, pending) = offer(Instant::now(), local)?;
        self.viewers.push(Viewer { socket, local, peer, pending: Some(pending), timeout: None, readable: false });
        Ok((member, offer))
    }

    /// Takes the answer to an offer; from now on `poll` does the rest.
    pub fn answer(&mut self, member: Member, answer: &str) -> Result<(), TransportError> {
        let viewer = &mut self.viewers[member];
        let pending = viewer.pending.take();
        let pending = pending.ok_or_else(|| TransportError::Answer("there was one before".to_owned()))?;
        viewer.peer.take_answer(pending, answer)?;
        self.drain(member);
        Ok(())
    }

    /// Sends a message on the `input` channel; false if it cannot be sent now.
    pub fn send_input(&mut self, member: Member, bytes: &[u8]) -> bool {
        self.send(member, &Outgoing::Input(bytes.into()))
    }

    /// Bytes of the `input` channel that the other side has not acknowledged.
    pub fn input_waiting(&mut self, member: Member) -> usize {
        self.viewers[member].peer.input_waiting()
    }

    /// Sends the same kind of message on the lossless track; false if there is none.
    pub fn send_input_track(&mut self, member: Member, bytes: &[u8]) -> bool {
        self.send(member, &Outgoing::Lossless(bytes.into()))
    }

    /// Sends a packet of a microphone, whose first sample has this place at 48 kHz. Where the node takes none it goes nowhere.
    pub fn send_sound(&mut self, member: Member, opus: &[u8], position: u64) -> bool {
        self.send(member, &Outgoing::Sound { data: opus.into(), position, talkspurt: false })
    }

    /// Sends a coded picture, H.264 in Annex B form, taken then (at 90 kHz); false if it cannot be sent now.
    pub fn send_video(&mut self, member: Member, unit: &[u8], rtp: u32) -> bool {
        self.send(member, &Outgoing::Video { data: unit.into(), codec: Codec::H264, rtp })
    }

    /// Sends a message on the `control` channel; false if it cannot be sent now.
    pub fn send_control(&mut self, member: Member, text: &str) -> bool {
        self.send(member, &Outgoing::Control(text.to_owned()))
    }

    fn send(&mut self, member: Member, outgoing: &Outgoing) -> bool {
        let (now, peer) = (Instant::now(), &mut self.viewers[member].peer);
        let sent = peer.send(now, outgoing);
        if matches!(outgoing, Outgoing::Lossless(_) | Outgoing::Sound { .. } | Outgoing::Video { .. }) {
            // What was written becomes packets when the peer is told the time.
            peer.timeout(now);
        }
        self.drain(member);
        sent
    }

    /// Says goodbye for one of them.
    pub fn close(&mut self, member: Member) {
        self.viewers[member].peer.close();
        self.drain(member);
    }

    /// Waits at most so long, or until something happened; then hands out one thing after another.
    pub fn poll(&mut self, most: Duration) -> Result<(), TransportError> {
        let idle = self.happened.is_empty() && self.readable.is_empty();
        let due = self.timeouts.first().map_or(LONG, |(at, _)| at.saturating_duration_since(Instant::now()));
        match self.poll.poll(&mut self.events, Some(if idle { most.min(due) } else { Duration::ZERO })) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => other?,
        }
        for event in &self.events {
            let Token(member) = event.token();
            if !std::mem::replace(&mut self.viewers[member].readable, true) {
                self.readable.push_back(member);
            }
        }
        for _ in 0..self.readable.len() {
            self.receive();
        }
        self.fire_timeouts();
        Ok(())
    }

    /// What happened, in order.
    pub fn next_event(&mut self) -> Option<(Member, ClientEvent)> {
        self.happened.pop_front()
    }

    /// Packets so far, whatever they carried.
    pub fn packets(&self) -> Packets {
        self.packets
    }

    /// Takes what one socket holds.
    fn receive(&mut self) {
        let Some(member) = self.readable.pop_front() else { return };
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..BATCH {
            let viewer = &mut self.viewers[member];
            match viewer.socket.recv_from(&mut buffer) {
                Ok((len, source)) => {
                    self.packets.received += 1;
                    let packet = Packet { source, destination: viewer.local, bytes: &buffer[..len] };
                    viewer.peer.receive(Instant::now(), &packet);
                    self.drain(member);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    viewer.readable = false;
                    break;
                }
                // An earlier packet of ours was refused by its receiver; the timeouts will tell.
                Err(_) => {}
            }
        }
        self.buffer = buffer;
        if self.viewers[member].readable {
            self.readable.push_back(member);
        }
    }

    fn fire_timeouts(&mut self) {
        let now = Instant::now();
        while let Some(&(at, member)) = self.timeouts.first().filter(|(at, _)| *at <= now) {
            self.timeouts.remove(&(at, member));
            let viewer = &mut self.viewers[member];
            viewer.timeout = None;
            viewer.peer.timeout(now);
            self.drain(member);
        }
    }

    fn drain(&mut self, member: Member) {
        let Crowd { viewers, happened, timeouts, packets, .. } = self;
        let Viewer { socket, peer, timeout, .. } = &mut viewers[member];
        let next = peer.drain(|drained| match drained {
            Drained::Transmit { to, packet, .. } => packets.sent += u64::from(socket.send_to(&packet, to).is_ok()),
            Drained::Event(event) => happened.push_back((member, ClientEvent::Connection(event))),
            Drained::Media { lane, data, rtp, .. } => happened.push_back((member, media(lane, data, rtp))),
        });
        if *timeout != next {
            timeout.map(|at| timeouts.remove(&(at, member)));
            next.map(|at| timeouts.insert((at, member)));
            *timeout = next;
        }
    }
}

fn media(lane: Lane, data: Vec<u8>, rtp: u32) -> ClientEvent {
    match lane {
        Lane::Video => ClientEvent::Video { data, rtp },
        Lane::Sound => ClientEvent::Sound(data),
        Lane::Lossless => ClientEvent::Lossless { data, on_channel: false },
        Lane::LosslessChannel => ClientEvent::Lossless { data, on_channel: true },
    }
}
