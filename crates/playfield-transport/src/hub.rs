//! A worker's sockets and connections.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};

use crate::peer::{Drained, LONG, Lane, Packet, Peer};
use crate::{Event, MAX_OFFER, Outgoing, TransportError, Wants};

const WAKE: Token = Token(usize::MAX);
/// Largest UDP payload we take; WebRTC keeps below 1,500.
const MAX_PACKET: usize = 2_048;
/// Packets taken from a socket before timers and sending get their turn again.
const BATCH: usize = 256;
/// Addresses one viewer may send from: networks change, but not without end.
const MOST_SOURCES: usize = 16;
/// Frames a peer may be given before it is drained.
const SEND_CHUNK: usize = 16;
/// Room in the system's socket buffers, in bytes: a burst of pictures of a thousand sessions.
const SOCKET_BUFFER: usize = 4 * 1024 * 1024;

/// Where to listen.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Addresses to bind; port 0 takes any.
    pub udp: Vec<SocketAddr>,
    /// Addresses to be reached at instead, where a router translates.
    pub public_ips: Vec<IpAddr>,
}

/// A connection of a [`Hub`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

/// Wakes a [`Hub`] that sleeps in `poll`, from any thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Bell>);

#[derive(Debug)]
struct Bell {
    waker: mio::Waker,
    /// It was rung, and nobody came yet.
    rung: AtomicBool,
}

impl Waker {
    /// Makes `poll` return soon. What was done before is seen by whoever comes.
    pub fn wake(&self) {
        // One system call, however many have something to say.
        if self.0.rung.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = self.0.waker.wake() {
            tracing::error!(%error, "cannot wake the network thread");
        }
    }

    fn answer(&self) {
        // Read as well, so that what ringers did before is seen.
        self.0.rung.swap(false, Ordering::AcqRel);
    }
}

struct Listener {
    socket: UdpSocket,
    bound: SocketAddr,
    /// Addresses advertised for it; the first is the one packets are said to have come to.
    advertised: Vec<SocketAddr>,
    /// What others send is not looked at: it is there for browsers on this machine, see [`own_address`].
    own_only: bool,
    readable: bool,
}

struct Connection {
    peer: Peer,
    timeout: Option<Instant>,
    sources: Vec<SocketAddr>,
}

impl Listener {
    fn new(socket: UdpSocket, public_ips: &[IpAddr], own_only: bool) -> std::io::Result<Listener> {
        let bound = socket.local_addr()?;
        Ok(Listener { socket, bound, advertised: advertise(bound, public_ips), own_only, readable: true })
    }
}

/// A worker's sockets and connections.
pub struct Hub {
    poll: Poll,
    waker: Waker,
    events: Events,
    listeners: Vec<Listener>,
    connections: HashMap<ConnectionId, Connection>,
    by_source: HashMap<SocketAddr, ConnectionId>,
    timeouts: BTreeSet<(Instant, ConnectionId)>,
    happened: VecDeque<(ConnectionId, Event)>,
    next_id: u64,
    bytes_sent: u64,
    buffer: Vec<u8>,
}

impl Hub {
    /// Binds the sockets.
    pub fn bind(config: &Config) -> Result<Hub, TransportError> {
        let poll = Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WAKE)?;
        let waker = Waker(Arc::new(Bell { waker, rung: AtomicBool::new(false) }));
        let mut listeners = Vec::new();
        for addr in &config.udp {
            let socket = open(*addr).map_err(|source| TransportError::Bind { addr: *addr, source })?;
            listeners.push(Listener::new(socket, &config.public_ips, false)?);
        }
        // Last, so that it is the last to be tried. Without it Chromium plays all the same.
        let bound = listeners.first().map(|listener| listener.bound);
        let own = bound.and_then(|bound| own_address(config, bound.port()));
        match own.map(|addr| (addr, open(addr))) {
            Some((_, Ok(socket))) => listeners.push(Listener::new(socket, &[], true)?),
            Some((addr, Err(error))) => tracing::warn!(%addr, %error, "Firefox on this machine cannot be reached"),
            None => {}
        }
        for (index, listener) in listeners.iter_mut().enumerate() {
            poll.registry().register(&mut listener.socket, Token(index), Interest::READABLE)?;
        }
        Ok(Hub {
            poll,
            waker,
            events: Events::with_capacity(64),
            listeners,
            connections: HashMap::new(),
            by_source: HashMap::new(),
            timeouts: BTreeSet::new(),
            happened: VecDeque::new(),
            next_id: 0,
            bytes_sent: 0,
            buffer: vec![0; MAX_PACKET],
        })
    }

    /// Where it listens.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|listener| listener.bound).collect()
    }

    /// A way to end `poll` from another thread.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Bytes handed to sockets so far.
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent
    }

    /// Answers a viewer's offer.
    pub fn accept(&mut self, offer: &str, wants: Wants) -> Result<(ConnectionId, String), TransportError> {
        if offer.len() > MAX_OFFER {
            return Err(TransportError::Offer(format!("it is longer than {MAX_OFFER} bytes")));
        }
        let local = self.listeners.iter().flat_map(|listener| listener.advertised.iter().copied());
        let (peer, answer) = Peer::answer(Instant::now(), offer, local, wants)?;
        self.next_id += 1;
        let id = ConnectionId(self.next_id);
        self.connections.insert(id, Connection { peer, timeout: None, sources: Vec::new() });
        self.drain(id);
        Ok((id, answer))
    }

    /// Sends something; false if it could not be sent or would have to wait.
    pub fn send(&mut self, id: ConnectionId, outgoing: &Outgoing) -> bool {
        self.send_all(id, std::slice::from_ref(outgoing))
    }

    /// Sends things in order, and has handed their packets to the socket when it returns, unless the pacer holds them.
    pub fn send_all(&mut self, id: ConnectionId, outgoing: &[Outgoing]) -> bool {
        let mut all_sent = true;
        for part in outgoing.chunks(SEND_CHUNK) {
            let now = Instant::now();
            let Some(connection) = self.connections.get_mut(&id) else { return false };
            for outgoing in part {
                all_sent &= connection.peer.send(now, outgoing);
            }
            // What was written becomes packets when the peer is told the time.
            connection.peer.timeout(now);
            self.drain(id);
        }
        all_sent
    }

    /// Ends a connection.
    pub fn close(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.peer.close();
            self.drain(id);
            self.forget(id);
        }
    }

    /// Waits at most so long, or until something happened; then hands out one thing after another.
    pub fn poll(&mut self, most: Duration) -> Result<(), TransportError> {
        let pending = !self.happened.is_empty() || self.listeners.iter().any(|listener| listener.readable);
        let next = self.timeouts.first().map_or(LONG, |(at, _)| at.saturating_duration_since(Instant::now()));
        let wait = if pending { Duration::ZERO } else { most.min(next) };
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => other?,
        }
        // Before anything is looked at: who rings from now on has news.
        self.waker.answer();
        for event in &self.events {
            if let Some(listener) = self.listeners.get_mut(event.token().0) {
                listener.readable = true;
            }
        }
        (0..self.listeners.len()).for_each(|index| self.receive(index));
        self.fire_timeouts();
        Ok(())
    }

    /// What happened, in order.
    pub fn next_event(&mut self) -> Option<(ConnectionId, Event)> {
        self.happened.pop_front()
    }

    fn receive(&mut self, index: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..BATCH {
            let listener = &mut self.listeners[index];
            if !listener.readable {
                break;
            }
            match listener.socket.recv_from(&mut buffer) {
                Ok((_, source)) if listener.own_only && source.ip() != listener.bound.ip() => {}
                Ok((len, source)) => {
                    let destination = listener.advertised[0];
                    self.deliver(&Packet { source, destination, bytes: &buffer[..len] });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => listener.readable = false,
                // An earlier packet of ours was refused by its receiver; the timeouts will tell.
                Err(_) => {}
            }
        }
        self.buffer = buffer;
    }

    fn deliver(&mut self, packet: &Packet) {
        let now = Instant::now();
        let known = self.by_source.get(&packet.source).copied();
        let accepts = |id: &ConnectionId| self.connections.get(id).is_some_and(|c| c.peer.accepts(now, packet));
        let Some(id) = known.filter(accepts).or_else(|| self.connections.keys().copied().find(accepts)) else { return };
        if known != Some(id) {
            if self.connections.get(&id).is_some_and(|connection| connection.sources.len() >= MOST_SOURCES) {
                return;
            }
            self.by_source.insert(packet.source, id);
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.sources.push(packet.source);
            }
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.peer.receive(now, packet);
        }
        self.drain(id);
    }

    fn fire_timeouts(&mut self) {
        let now = Instant::now();
        while let Some(&(at, id)) = self.timeouts.first() {
            if at > now {
                break;
            }
            self.timeouts.pop_first();
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.timeout = None;
                connection.peer.timeout(now);
                self.drain(id);
            }
        }
    }

    fn drain(&mut self, id: ConnectionId) {
        let Hub { connections, listeners, happened, bytes_sent, timeouts, .. } = self;
        let Some(connection) = connections.get_mut(&id) else { return };
        let mut closed = false;
        let timeout = connection.peer.drain(|drained| match drained {
            Drained::Transmit { to, from, packet } => {
                if let Some(listener) = listeners.iter().find(|listener| listener.advertised.contains(&from)) {
                    // A full socket buffer is a lost packet, which the protocols above expect.
                    *bytes_sent += listener.socket.send_to(&packet, to).unwrap_or(0) as u64;
                }
            }
            Drained::Event(event) => {
                closed |= event == Event::Closed;
                happened.push_back((id, event));
            }
            Drained::Media { lane: Lane::Lossless, data, .. } => happened.push_back((id, Event::InputTrack(data))),
            Drained::Media { lane: Lane::Sound, data, rtp: time, number } => {
                happened.push_back((id, Event::Sound { data, number, time }));
            }
            // Viewers send no other media.
            Drained::Media { .. } => {}
        });
        if connection.timeout != timeout {
            connection.timeout.map(|at| timeouts.remove(&(at, id)));
            timeout.map(|at| timeouts.insert((at, id)));
            connection.timeout = timeout;
        }
        if closed {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.remove(&id) {
            connection.timeout.map(|at| self.timeouts.remove(&(at, id)));
            for source in connection.sources {
                if self.by_source.get(&source) == Some(&id) {
                    self.by_source.remove(&source);
                }
            }
        }
    }
}

fn open(addr: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // The system caps these silently; what it gives is what there is.
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}

/// Where to listen besides, when all addresses are loopback ones: Firefox has no candidates on loopback, and pairs none of its others with
/// a loopback one, so on this machine it reaches us at an address of the network only. From there the machine itself is heard, nobody else.
fn own_address(config: &Config, port: u16) -> Option<SocketAddr> {
    if !config.public_ips.is_empty() || !config.udp.iter().all(|addr| addr.ip().is_loopback()) {
        return None;
    }
    let families = [IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::UNSPECIFIED)];
    let ip = families.into_iter().find_map(outward_ip).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())?;
    Some(SocketAddr::new(ip, port))
}

/// The addresses viewers are told for a bound socket.
fn advertise(bound: SocketAddr, public_ips: &[IpAddr]) -> Vec<SocketAddr> {
    let same_family = |ip: &&IpAddr| ip.is_ipv4() == bound.is_ipv4();
    let public: Vec<_> = public_ips.iter().filter(same_family).map(|ip| SocketAddr::new(*ip, bound.port())).collect();
    if !public.is_empty() {
        return public;
    }
    let ip = if bound.ip().is_unspecified() { outward_ip(bound.ip()).unwrap_or(bound.ip()) } else { bound.ip() };
    vec![SocketAddr::new(ip, bound.port())]
}

/// The address the system would use to reach the world. Connecting a UDP socket sends nothing.
fn outward_ip(like: IpAddr) -> Option<IpAddr> {
    // Documentation addresses of RFC 5737 and RFC 3849: never real hosts.
    let far: IpAddr = if like.is_ipv4() {
        Ipv4Addr::new(192, 0, 2, 1).into()
    } else {
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()
    };
    let socket = std::net::UdpSocket::bind(SocketAddr::new(like, 0)).ok()?;
    socket.connect(SocketAddr::new(far, 9)).ok()?;
    socket.local_addr().ok().map(|addr| addr.ip())
}
