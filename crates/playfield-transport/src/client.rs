//! A viewer in Rust: offers, connects, sends input, receives pictures and sound.

use std::net::IpAddr;
use std::time::Duration;

use crate::crowd::{Crowd, Member};
use crate::{Event, TransportError};

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

/// A viewer in Rust, for benchmarks and tests: a crowd of one.
pub struct Client {
    crowd: Crowd,
    me: Member,
}

impl Client {
    /// Binds a socket at `ip` and makes an offer.
    pub fn offer(ip: IpAddr) -> Result<(Client, String), TransportError> {
        let mut crowd = Crowd::new()?;
        let (me, offer) = crowd.join(ip)?;
        Ok((Client { crowd, me }, offer))
    }

    /// The same, of one who brings pictures.
    pub fn offer_video(ip: IpAddr) -> Result<(Client, String), TransportError> {
        let mut crowd = Crowd::new()?;
        let (me, offer) = crowd.join_with_video(ip)?;
        Ok((Client { crowd, me }, offer))
    }

    /// Sends a coded picture, H.264 in Annex B form, taken then (at 90 kHz); false if it cannot be sent now.
    pub fn send_video(&mut self, unit: &[u8], rtp: u32) -> bool {
        self.crowd.send_video(self.me, unit, rtp)
    }

    /// Takes the answer; from now on `poll` does the rest.
    pub fn answer(&mut self, answer: &str) -> Result<(), TransportError> {
        self.crowd.answer(self.me, answer)
    }

    /// Sends a message on the `input` channel; false if it cannot be sent now.
    pub fn send_input(&mut self, bytes: &[u8]) -> bool {
        self.crowd.send_input(self.me, bytes)
    }

    /// Bytes of the `input` channel that the other side has not acknowledged.
    pub fn input_waiting(&mut self) -> usize {
        self.crowd.input_waiting(self.me)
    }

    /// Sends the same kind of message on the lossless track; false if there is none.
    pub fn send_input_track(&mut self, bytes: &[u8]) -> bool {
        self.crowd.send_input_track(self.me, bytes)
    }

    /// Sends a packet of a microphone, whose first sample has this place at 48 kHz. Where the node takes none it goes nowhere.
    pub fn send_sound(&mut self, opus: &[u8], position: u64) -> bool {
        self.crowd.send_sound(self.me, opus, position)
    }

    /// Sends a message on the `control` channel; false if it cannot be sent now.
    pub fn send_control(&mut self, text: &str) -> bool {
        self.crowd.send_control(self.me, text)
    }

    /// Says goodbye.
    pub fn close(mut self) {
        self.crowd.close(self.me);
    }

    /// Waits at most so long for something to happen, and moves it to the end of `into`.
    pub fn poll(&mut self, most: Duration, into: &mut Vec<ClientEvent>) -> Result<(), TransportError> {
        self.crowd.poll(most)?;
        into.extend(std::iter::from_fn(|| Some(self.crowd.next_event()?.1)));
        Ok(())
    }
}
