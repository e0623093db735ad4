//! The IP sockets that carry media and input.
//!
//! A [`Hub`] owns a worker's UDP sockets and all its connections. It is driven by one thread: `accept` an offer, `send`
//! to a connection, `poll` for what happened. The WebRTC library is sans-IO and hidden in `peer`, since such libraries
//! change often; nothing of it shows here.
//!
//! ```text
//!   offer --accept--> answer                        Hub
//!   UDP --> by source address, else by ICE name --> Peer (ICE-lite, DTLS, SRTP, SCTP) --> Event
//!   send(Outgoing) -----------------------------------> Peer ---------------------------> UDP
//! ```
//!
//! [`Client`] is the other end in Rust, for benchmarks and tests: the same peer as the one who offers. A [`Crowd`] is
//! many of them. A [`relay::Relay`] between the two is a bad network.
//!
//! [`rtsp`] is the way of cameras on the network into a worker. Whoever brings a camera its pictures from a browser is a `Peer` too,
//! whose packets `ingest` puts together.
#![forbid(unsafe_code)]

mod client;
mod crowd;
mod dtls;
mod hub;
mod ingest;
mod nominate;
mod peer;
pub mod relay;
pub mod rtsp;

pub use client::{Client, ClientEvent};
pub use crowd::{Crowd, Member, Packets};
pub use hub::{Config, ConnectionId, Hub, Waker};

use std::net::SocketAddr;
use std::sync::Arc;

use playfield_core::codec::Codec;

/// Largest SDP offer that is looked at, in bytes.
pub const MAX_OFFER: usize = 64 * 1024;

/// What goes wrong with sockets and offers.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// A socket cannot be bound.
    #[error("cannot listen on UDP {addr}: {source}; choose other ports with --udp-ports")]
    Bind {
        /// The address wanted.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system refused something it always grants.
    #[error("network: {0}")]
    Io(#[from] std::io::Error),
    /// The offer is not one that can be answered.
    #[error("the offer cannot be answered: {0}")]
    Offer(String),
    /// The answer does not fit the offer.
    #[error("the answer cannot be used: {0}")]
    Answer(String),
}

/// What a connection is to have beside the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// It measures what its path carries ([`Event::Estimate`]), which video needs and costs padding packets.
    pub estimates: bool,
    /// The viewer may send sound.
    pub microphone: bool,
    /// It is no viewer, but brings pictures ([`Event::Unit`]), and nothing else.
    pub ingest: bool,
}

/// What a viewer's offer has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// H.264 video.
    pub video: bool,
    /// AV1 video.
    pub av1: bool,
    /// Lossless datagrams on a track of their own; without it they go by a data channel.
    pub track: bool,
}

/// Something to be sent to one viewer.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// An encoded picture.
    Video {
        /// H.264: an access unit, Annex B. AV1: a temporal unit, its OBUs with their sizes.
        data: Arc<[u8]>,
        /// Which of them.
        codec: Codec,
        /// Presentation time at 90 kHz: the RTP timestamp.
        rtp: u32,
    },
    /// 10 ms of sound.
    Sound {
        /// Opus.
        data: Arc<[u8]>,
        /// Position of its first sample at 48 kHz.
        position: u64,
        /// The first after silence.
        talkspurt: bool,
    },
    /// A lossless datagram.
    Lossless(Arc<[u8]>),
    /// A lossless datagram, for a viewer without an encoded transform.
    LosslessChannel(Arc<[u8]>),
    /// A message on the `input` channel.
    Input(Arc<[u8]>),
    /// A message on the `control` channel.
    Control(String),
    /// A message on the `control` channel that is left out when others wait there.
    Stats(String),
    /// What the pictures could use, in bits a second: where the path may carry less, it is tried.
    Desired(u64),
    /// The next picture of one who brings them has to stand alone; until it does, none is handed on.
    Keyframe,
}

/// What happened to a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Media can be sent.
    Connected(Ways),
    /// The `control` channel is open.
    ControlOpen,
    /// A message on the `input` channel.
    Input(Vec<u8>),
    /// A message like those on the `input` channel that came on the lossless track.
    InputTrack(Vec<u8>),
    /// A message on the `control` channel.
    Control(String),
    /// A packet of the viewer's microphone, as it came: perhaps late, perhaps none that can be decoded.
    Sound {
        /// Opus.
        data: Vec<u8>,
        /// RTP's sequence number, extended.
        number: u64,
        /// RTP's timestamp, at 48 kHz.
        time: u32,
    },
    /// A coded picture of one who brings them: H.264, an access unit in Annex B form. Each refers to none but those before it.
    Unit {
        /// Whether a decoder can begin with it.
        key: bool,
        /// The picture.
        data: Vec<u8>,
    },
    /// The viewer needs a picture that stands alone.
    KeyframeWanted,
    /// What the path carries, in bits a second.
    Estimate(u64),
    /// It is over: closed by the viewer, or not heard of for too long. The last event.
    Closed,
}
