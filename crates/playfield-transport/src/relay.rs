//! A bad network in user space, for tests and benchmarks: UDP between viewers and workers, each direction over a [`Link`] driven in real time.
//!
//! ```text
//!   client --> front socket ---- up: Link ----> a socket for this client --> worker
//!          <-- (one a worker) <-- down: Link ---
//! ```
//!
//! Sockets are read by a thread each; one thread owns both links and sends what has arrived.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use playfield_core::sim::{Link, Path};
use playfield_core::time::Time;

/// How often a reader looks whether it should stop.
const GLANCE: Duration = Duration::from_millis(100);
/// Packets between readers and links; a real network drops as well when it is full.
const QUEUE: usize = 4096;
/// First byte of a DTLS 1.2 record of application data.
const APPLICATION_DATA: u8 = 23;

/// A running relay. Dropping it stops it.
pub struct Relay {
    at: Ipv4Addr,
    ports: Vec<(u16, u16)>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    lose_channels: AtomicBool,
    /// What the path is to be instead, once that is looked at.
    path: Mutex<Option<Path>>,
    entered: AtomicU64,
    left: AtomicU64,
}

/// A client as one worker's front socket sees it.
type Client = (u16, SocketAddr);

#[derive(Clone)]
struct Parcel {
    client: Client,
    bytes: Vec<u8>,
}

enum Arrival {
    FromClient(Parcel),
    FromWorker(Parcel),
}

impl Relay {
    /// A way to each of the workers' ports on loopback, the same there and back.
    pub fn start(workers: RangeInclusive<u16>, path: Path, seed: u64) -> std::io::Result<Relay> {
        Relay::start_at(Ipv4Addr::LOCALHOST, workers, path, seed)
    }

    /// The same at another address of this machine, where clients come and the workers listen too: each side must find the other on the same
    /// network, since Firefox takes no answer that says it was seen to come from loopback.
    pub fn start_at(at: Ipv4Addr, workers: RangeInclusive<u16>, path: Path, seed: u64) -> std::io::Result<Relay> {
        let shared = Arc::new(Shared::default());
        let (sender, arrivals) = sync_channel(QUEUE);
        let mut fronts = HashMap::new();
        let mut ports = Vec::new();
        for worker in workers {
            let front = UdpSocket::bind((at, 0))?;
            ports.push((worker, front.local_addr()?.port()));
            let reader = Reader { socket: front.try_clone()?, sender: sender.clone(), shared: shared.clone() };
            reader.run(move |from, bytes| Arrival::FromClient(Parcel { client: (worker, from), bytes }))?;
            fronts.insert(worker, front);
        }
        let (up, down) = (Link::new(path, seed), Link::new(path, !seed));
        let carrier = Carrier {
            begun: Instant::now(),
            at,
            up,
            down,
            fronts,
            backs: HashMap::new(),
            sender,
            shared: shared.clone(),
        };
        thread::Builder::new().name("relay".to_owned()).spawn(move || carrier.run(&arrivals))?;
        Ok(Relay { at, ports, shared })
    }

    /// An answer with each worker's port replaced by the one that leads to it through here, and without candidates that
    /// would lead past.
    pub fn reroute(&self, answer: &str) -> String {
        let at = self.at.to_string();
        let lines = answer.split_inclusive('\n').filter_map(|line| {
            let Some(candidate) = line.strip_prefix("a=candidate:") else { return Some(line.to_owned()) };
            let fields: Vec<_> = candidate.split(' ').collect();
            // RFC 8839, 5.1: foundation, component, transport, priority, address, port.
            let (address, port) = (fields.get(4)?, fields.get(5)?.parse::<u16>().ok()?);
            let (_, here) = self.ports.iter().find(|(worker, _)| *worker == port && *address == at)?;
            let mut fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            fields[5] = here.to_string();
            Some(format!("a=candidate:{}", fields.join(" ")))
        });
        lines.collect()
    }

    /// Where clients come.
    pub fn address(&self) -> Ipv4Addr {
        self.at
    }

    /// Each worker's port and the one that leads to it through here.
    pub fn ports(&self) -> impl Iterator<Item = (u16, u16)> {
        self.ports.iter().copied()
    }

    /// From now on nothing of the data channels comes through, or all that the path lets through does: application data of DTLS 1.2
    /// (RFC 6347, 4.1), which in WebRTC is theirs alone.
    pub fn lose_channels(&self, lose: bool) {
        self.shared.lose_channels.store(lose, Ordering::Relaxed);
    }

    /// The path is another one from now on, there and back.
    pub fn set_path(&self, path: Path) {
        *self.shared.path.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
    }

    /// Packets that came in, and that went on.
    pub fn counts(&self) -> (u64, u64) {
        (self.shared.entered.load(Ordering::Relaxed), self.shared.left.load(Ordering::Relaxed))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

struct Reader {
    socket: UdpSocket,
    sender: SyncSender<Arrival>,
    shared: Arc<Shared>,
}

impl Reader {
    fn run(self, wrap: impl Fn(SocketAddr, Vec<u8>) -> Arrival + Send + 'static) -> std::io::Result<()> {
        self.socket.set_read_timeout(Some(GLANCE))?;
        thread::Builder::new().name("relay-in".to_owned()).spawn(move || {
            let mut buffer = [0; 65_536];
            while !self.shared.stop.load(Ordering::Relaxed) {
                // Errors are timeouts, or the far side being gone, which a network does not mind.
                let Ok((length, from)) = self.socket.recv_from(&mut buffer) else { continue };
                drop(self.sender.try_send(wrap(from, buffer[..length].to_vec())));
            }
        })?;
        Ok(())
    }
}

struct Carrier {
    begun: Instant,
    at: Ipv4Addr,
    up: Link<Parcel>,
    down: Link<Parcel>,
    /// Towards clients, by worker.
    fronts: HashMap<u16, UdpSocket>,
    /// Towards workers, by client.
    backs: HashMap<Client, UdpSocket>,
    sender: SyncSender<Arrival>,
    shared: Arc<Shared>,
}

impl Carrier {
    fn run(mut self, arrivals: &Receiver<Arrival>) {
        while !self.shared.stop.load(Ordering::Relaxed) {
            match arrivals.recv_timeout(self.pause()) {
                Ok(arrival) => self.take(arrival),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.deliver();
        }
    }

    fn now(&self) -> Time {
        Time::from_micros(self.begun.elapsed().as_micros() as u64)
    }

    fn pause(&self) -> Duration {
        let next = [self.up.next_arrival(), self.down.next_arrival()].into_iter().flatten().min();
        next.map_or(GLANCE, |next| next.since(self.now()).min(GLANCE))
    }

    fn take(&mut self, arrival: Arrival) {
        self.shared.entered.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        if let Some(path) = self.shared.path.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.up.set_path(path);
            self.down.set_path(path);
        }
        let (Arrival::FromClient(parcel) | Arrival::FromWorker(parcel)) = &arrival;
        if parcel.bytes.first() == Some(&APPLICATION_DATA) && self.shared.lose_channels.load(Ordering::Relaxed) {
            return;
        }
        match arrival {
            Arrival::FromClient(parcel) => self.up.send(now, parcel.bytes.len(), parcel),
            Arrival::FromWorker(parcel) => self.down.send(now, parcel.bytes.len(), parcel),
        }
    }

    fn deliver(&mut self) {
        let now = self.now();
        while let Some(parcel) = self.up.poll(now) {
            let sent = self.back(parcel.client).is_ok_and(|back| back.send(&parcel.bytes).is_ok());
            self.shared.left.fetch_add(u64::from(sent), Ordering::Relaxed);
        }
        while let Some(Parcel { client: (worker, to), bytes }) = self.down.poll(now) {
            let sent = self.fronts[&worker].send_to(&bytes, to).is_ok();
            self.shared.left.fetch_add(u64::from(sent), Ordering::Relaxed);
        }
    }

    /// The socket that stands for a client at its worker.
    fn back(&mut self, client: Client) -> std::io::Result<&UdpSocket> {
        let Carrier { at, backs, sender, shared, .. } = self;
        match backs.entry(client) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let socket = UdpSocket::bind((*at, 0))?;
                socket.connect((*at, client.0))?;
                let reader = Reader { socket: socket.try_clone()?, sender: sender.clone(), shared: shared.clone() };
                reader.run(move |_, bytes| Arrival::FromWorker(Parcel { client, bytes }))?;
                Ok(new.insert(socket))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks again and again until there is an answer.
    fn wait<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// A worker that says everything back, and a relay to it.
    fn echo(path: Path) -> (UdpSocket, Relay) {
        let worker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = worker.local_addr().unwrap().port();
        worker.set_nonblocking(true).unwrap();
        (worker, Relay::start(port..=port, path, 1).unwrap())
    }

    fn say_back(worker: &UdpSocket) {
        let mut buffer = [0; 64];
        while let Ok((length, from)) = worker.recv_from(&mut buffer) {
            worker.send_to(&buffer[..length], from).unwrap();
        }
    }

    fn client(relay: &Relay) -> UdpSocket {
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        client.connect((Ipv4Addr::LOCALHOST, relay.ports().next().unwrap().1)).unwrap();
        client.set_nonblocking(true).unwrap();
        client
    }

    #[test]
    fn the_relay_gives_each_client_its_own_answers() {
        let (worker, relay) = echo(Path { delay: Duration::from_millis(5), ..Path::default() });
        let clients = [client(&relay), client(&relay)];
        clients.iter().zip(*b"ab").for_each(|(client, byte)| assert_eq!(client.send(&[byte]).unwrap(), 1));
        for (client, byte) in clients.iter().zip(*b"ab") {
            let mut buffer = [0; 64];
            let length = wait("an answer", || {
                say_back(&worker);
                client.recv(&mut buffer).ok()
            });
            assert_eq!(&buffer[..length], [byte]);
        }
    }

    #[test]
    fn the_relay_loses_what_its_path_loses() {
        let (worker, relay) = echo(Path { loss_per_mille: 500, ..Path::default() });
        let client = client(&relay);
        for _ in 0..200 {
            client.send(b"x").unwrap();
        }
        let (entered, left) = wait("all packets to come by", || {
            say_back(&worker);
            Some(relay.counts()).filter(|(entered, _)| *entered >= 250)
        });
        assert!(left < entered * 2 / 3, "{left} of {entered}");
    }

    #[test]
    fn an_answer_leads_through_it_and_not_past_it() {
        let (worker, relay) = echo(Path::default());
        let (there, here) = (worker.local_addr().unwrap().port(), relay.ports().next().unwrap().1);
        let answer = format!(
            "v=0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 {there} typ host\r\n\
             a=candidate:2 1 udp 2130706431 ::1 {there} typ host\r\na=candidate:nonsense\r\na=end-of-candidates\r\n"
        );
        let rerouted =
            format!("v=0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 {here} typ host\r\na=end-of-candidates\r\n");
        assert_eq!(relay.reroute(&answer), rerouted);
    }
}
