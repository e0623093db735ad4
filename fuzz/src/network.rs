//! What reaches the transport from outside: an offer, and packets from anybody.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use playfield_transport::{Client, Config, Hub, MAX_OFFER, Wants};

use crate::{Bytes, packets};

/// Most that an answer may be longer than its offer, in times and in bytes: each section gets its own lines.
const ANSWER: (usize, usize) = (20, 16 * 1024);

thread_local! {
    static DEAF: RefCell<Hub> = RefCell::new(Hub::bind(&Config::default()).expect("a hub without sockets"));
    static LOOP: RefCell<Loop> = RefCell::new(Loop::new());
}

/// An SDP offer.
pub fn sdp(data: &[u8]) {
    let Ok(offer) = std::str::from_utf8(data) else { return };
    DEAF.with_borrow_mut(|hub| {
        let accepted = hub.accept(
            offer,
            Wants {
                estimates: offer.len().is_multiple_of(2),
                microphone: offer.len().is_multiple_of(3),
                ingest: offer.len().is_multiple_of(5),
            },
        );
        assert!(accepted.is_err() || offer.len() <= MAX_OFFER);
        if let Ok((connection, answer)) = accepted {
            assert!(answer.starts_with("v=0\r\n") && answer.len() < offer.len() * ANSWER.0 + ANSWER.1);
            hub.close(connection);
        }
        while hub.next_event().is_some() {}
    });
}

/// A hub that waits for one viewer, and a socket that sends to it.
struct Loop {
    hub: Hub,
    socket: UdpSocket,
    offer: String,
}

impl Loop {
    fn new() -> Loop {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let hub = Hub::bind(&Config { udp: vec![local], public_ips: Vec::new() }).expect("a loopback socket");
        let socket = UdpSocket::bind(local).expect("a loopback socket");
        socket.connect(hub.local_addrs()[0]).expect("a loopback address");
        socket.set_nonblocking(true).expect("a socket can");
        let (_, offer) = Client::offer(Ipv4Addr::LOCALHOST.into()).expect("an offer");
        Loop { hub, socket, offer }
    }

    fn hears(&self) -> bool {
        self.socket.recv(&mut [0; 2_048]).is_ok()
    }
}

/// Packets from an address nobody knows: the first byte of each says what it is to be.
///
/// 0: as it is. Else a STUN message around it, with the names of the connection; of 2 and 3, also with its password: what the
/// viewer itself could send.
pub fn packet(data: &[u8]) {
    LOOP.with_borrow_mut(|world| {
        let (connection, answer) = world
            .hub
            .accept(&world.offer, Wants { microphone: true, ..Wants::default() })
            .expect("an offer of our own");
        let line = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let (ours, password) = (line("a=ice-ufrag:"), line("a=ice-pwd:"));
        let theirs = world.offer.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap_or_default();
        let mut may_answer = false;
        for bytes in packets(data).take(64) {
            let Some((&kind, rest)) = bytes.split_first() else { continue };
            let name = format!("{ours}:{theirs}");
            let packet = match kind & 3 {
                0 => rest.to_vec(),
                1 => stun(rest, &name, "not the password"),
                _ => stun(rest, &name, password),
            };
            may_answer |= kind & 2 != 0;
            // One that is too large for the path is none.
            drop(world.socket.send(&packet));
            world.hub.poll(Duration::ZERO).expect("a hub polls");
            while world.hub.next_event().is_some() {}
        }
        assert!(may_answer || !world.hears(), "a stranger got an answer");
        while world.hears() {}
        world.hub.close(connection);
        while world.hub.next_event().is_some() {}
    });
}

/// A STUN message (RFC 8489) with these attributes, signed with this password.
fn stun(data: &[u8], name: &str, password: &str) -> Vec<u8> {
    let mut data = Bytes(data);
    let (flags, mut message) = (data.u8(), Vec::new());
    let kind: u16 = if flags & 1 == 0 { 0x0001 } else { data.u16() & 0x3fff };
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&[0, 0, 0x21, 0x12, 0xa4, 0x42]);
    message.extend_from_slice(&data.array::<12>());
    if flags & 2 == 0 {
        attribute(&mut message, 0x0006, name.as_bytes());
    }
    if flags & 4 == 0 {
        attribute(&mut message, 0x0024, &[0x6e, 0x7f, 0x1e, 0xff]);
    }
    if flags & 8 == 0 {
        attribute(&mut message, 0x802a, &[1; 8]);
    }
    // The rest is attributes as they come.
    message.extend_from_slice(data.take(1_000));
    if flags & 16 == 0 {
        message.resize(message.len().next_multiple_of(4), 0);
    }
    set_length(&mut message, 24);
    let hmac = str0m::crypto::from_feature_flags().sha1_hmac_provider;
    let signature = hmac.sha1_hmac(password.as_bytes(), &[&message]);
    attribute(&mut message, 0x0008, &signature);
    if flags & 32 == 0 {
        set_length(&mut message, 8);
        let sum = crc32(&message) ^ 0x5354_554e;
        attribute(&mut message, 0x8028, &sum.to_be_bytes());
    }
    message
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&(value.len() as u16).to_be_bytes());
    message.extend_from_slice(value);
    message.resize(message.len().next_multiple_of(4), 0);
    set_length(message, 0);
}

/// The length of the message once so many bytes more are there.
fn set_length(message: &mut [u8], more: usize) {
    let length = (message.len() - 20 + more) as u16;
    message[2..4].copy_from_slice(&length.to_be_bytes());
}

/// CRC-32 as in Ethernet.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
