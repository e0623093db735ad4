//! A hub and a client on loopback sockets: the whole stack, ICE to data channels.

// In a test every failure is a panic.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use playfield_transport::{
    Client, ClientEvent, Config, ConnectionId, Event, Hub, Outgoing, TransportError, Wants, Ways,
};

/// Long enough for a loaded machine; nothing waits for it when all goes well.
const PATIENCE: Duration = Duration::from_secs(20);

const MEASURED: Wants = Wants { estimates: true, microphone: false, ingest: false };

struct Rig {
    hub: Hub,
    client: Client,
    connection: ConnectionId,
    from_viewer: Vec<Event>,
    from_node: Vec<ClientEvent>,
}

impl Rig {
    fn new(ip: IpAddr) -> Rig {
        Rig::of(Hub::bind(&Config { udp: vec![SocketAddr::new(ip, 0)], public_ips: Vec::new() }).unwrap(), ip, ip)
    }

    /// A client at `from` that knows of the hub's address `to` alone.
    fn of(mut hub: Hub, from: IpAddr, to: IpAddr) -> Rig {
        let (mut client, offer) = Client::offer(from).unwrap();
        let (connection, answer) = hub.accept(&offer, MEASURED).unwrap();
        assert!(answer.contains("a=ice-lite"), "{answer}");
        let other = |line: &&str| line.starts_with("a=candidate:") && !line.contains(&format!(" {to} "));
        let known: Vec<_> = answer.split("\r\n").filter(|line| !other(line)).collect();
        client.answer(&known.join("\r\n")).unwrap();
        Rig { hub, client, connection, from_viewer: Vec::new(), from_node: Vec::new() }
    }

    fn until(&mut self, what: &str, done: impl Fn(&Rig) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
            self.hub.poll(Duration::from_millis(1)).unwrap();
            while let Some((id, event)) = self.hub.next_event() {
                assert_eq!(id, self.connection);
                self.from_viewer.push(event);
            }
            self.client.poll(Duration::from_millis(1), &mut self.from_node).unwrap();
        }
    }

    fn connect(&mut self) {
        self.until("the channels", |rig| {
            rig.from_viewer.contains(&Event::Connected(Ways { video: true, av1: true, track: true }))
                && rig.from_viewer.contains(&Event::ControlOpen)
        });
    }
}

fn trip(ip: IpAddr) {
    let mut rig = Rig::new(ip);
    rig.connect();
    rig.until("the input channel", |rig| {
        let opened = |event: &ClientEvent| matches!(event, ClientEvent::Connection(Event::ControlOpen));
        rig.from_node.iter().any(opened)
    });
    assert!(rig.client.send_input(b"held"));
    assert!(rig.client.send_input_track(b"held too"));
    assert!(rig.client.send_control("{}"));
    rig.until("input", |rig| {
        rig.from_viewer.contains(&Event::Input(b"held".to_vec()))
            && rig.from_viewer.contains(&Event::InputTrack(b"held too".to_vec()))
            && rig.from_viewer.contains(&Event::Control("{}".into()))
    });

    assert!(rig.hub.send(rig.connection, &Outgoing::Lossless([0xd1; 1_060].as_slice().into())));
    assert!(rig.hub.send(rig.connection, &Outgoing::Lossless([7; 60].as_slice().into())));
    rig.until("lossless datagrams, one packet each", |rig| {
        let lens = rig.from_node.iter().filter_map(|event| match event {
            ClientEvent::Lossless { data, .. } => Some(data.len()),
            _ => None,
        });
        lens.eq([1_060, 60])
    });

    let opus = [0xf8, 0xff, 0xfe];
    rig.hub.send(rig.connection, &Outgoing::Sound { data: opus.as_slice().into(), position: 480, talkspurt: true });
    rig.until("sound", |rig| rig.from_node.iter().any(|event| matches!(event, ClientEvent::Sound(_))));

    // A key picture as the depayloader wants it: parameter sets and a slice.
    let idr = [&[0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f][..], &[0, 0, 0, 1, 0x68, 1], &[0, 0, 0, 1, 0x65, 9, 9]].concat();
    rig.hub.send(
        rig.connection,
        &Outgoing::Video { data: idr.into(), codec: playfield_core::codec::Codec::H264, rtp: 90_000 },
    );
    rig.until("a picture with its own timestamp", |rig| {
        rig.from_node.iter().any(|event| matches!(event, ClientEvent::Video { rtp: 90_000, .. }))
    });

    let Rig { mut hub, client, .. } = rig;
    client.close();
    let begun = Instant::now();
    while !std::iter::from_fn(|| hub.next_event()).any(|(_, event)| event == Event::Closed) {
        assert!(begun.elapsed() < PATIENCE, "the hub did not notice that the viewer left");
        hub.poll(Duration::from_millis(10)).unwrap();
    }
}

#[test]
fn pictures_sound_and_input_travel_over_ipv4() {
    trip(Ipv4Addr::LOCALHOST.into());
}

#[test]
fn pictures_sound_and_input_travel_over_ipv6() {
    trip(Ipv6Addr::LOCALHOST.into());
}

#[test]
fn a_bad_offer_is_refused_with_a_reason() {
    let mut hub = Hub::bind(&Config { udp: vec!["127.0.0.1:0".parse().unwrap()], public_ips: Vec::new() }).unwrap();
    let (_, whole) = Client::offer(Ipv4Addr::LOCALHOST.into()).unwrap();
    let (without_channels, _) = whole.split_once("m=application").unwrap();
    for offer in ["", "v=0", "hello\r\n", &"x".repeat(70_000), without_channels] {
        let error = hub.accept(offer, MEASURED).unwrap_err();
        assert!(matches!(error, TransportError::Offer(_)), "{error}");
    }
}

#[test]
fn packets_from_strangers_change_nothing() {
    let mut rig = Rig::new(Ipv4Addr::LOCALHOST.into());
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let hub_addr = rig.hub.local_addrs()[0];
    for len in [0, 1, 20, 500, 1_400] {
        for first in [0u8, 1, 20, 63, 128, 200, 255] {
            let mut packet = vec![first; len];
            packet.iter_mut().enumerate().for_each(|(index, byte)| *byte = byte.wrapping_add(index as u8));
            stranger.send_to(&packet, hub_addr).unwrap();
        }
    }
    rig.connect();
}

/// A hub on loopback, and the address of the network that it is reached at besides; none: there is no network here.
fn on_loopback() -> (Hub, Option<IpAddr>) {
    let hub = Hub::bind(&Config { udp: vec!["127.0.0.1:0".parse().unwrap()], public_ips: Vec::new() }).unwrap();
    let own = hub.local_addrs().iter().map(SocketAddr::ip).find(|ip| !ip.is_loopback());
    (hub, own)
}

#[test]
fn a_browser_without_loopback_candidates_comes_by_an_address_of_the_network() {
    let (hub, own) = on_loopback();
    let Some(own) = own else { return };
    Rig::of(hub, own, own).connect();
}

#[test]
fn at_that_address_others_are_not_heard() {
    let (hub, own) = on_loopback();
    let Some(own) = own.filter(IpAddr::is_ipv4) else { return };
    let mut rig = Rig::of(hub, Ipv4Addr::LOCALHOST.into(), own);
    // Where packets are heard, a hundred rounds are many more than a connection takes.
    for _ in 0..100 {
        rig.hub.poll(Duration::from_millis(1)).unwrap();
        rig.client.poll(Duration::from_millis(1), &mut rig.from_node).unwrap();
    }
    assert!(rig.from_node.is_empty() && rig.hub.next_event().is_none(), "{:?}", rig.from_node);
}

#[test]
fn a_port_in_use_is_said() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _holder = Hub::bind(&Config { udp: vec![taken], public_ips: Vec::new() }).ok();
    let again = Hub::bind(&Config { udp: vec![taken], public_ips: Vec::new() });
    let text = again.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("cannot listen on UDP") && text.contains("--udp-ports"), "{text}");
}
