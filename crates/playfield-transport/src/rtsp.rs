//! Cameras on the network: an RTSP 1.0 client (RFC 2326) that takes H.264, H.265 and Motion JPEG over the RTSP connection itself
//! (10.12), which passes firewalls and loses nothing.
//!
//! [`Client`] is the machine, told bytes and times; [`run`] is the loop of a thread around it, with the socket. Crates that speak RTSP
//! bring an executor, or the whole of GStreamer, and none is told the time.
//!
//! ```text
//!            .------------------ Gone, or no answer: a pause, twice as long each time --------------.
//!            v                                                                                      |
//!   Pausing -> Connecting -> OPTIONS -> DESCRIBE (401: with a login) -> SETUP -> PLAY -> playing ---'
//!                                                                                          | OPTIONS or GET_PARAMETER
//!   bytes -> message -> RTP -> payload -> Unit: a coded picture                            '  in time
//! ```
//!
//! Whatever a camera says is foreign: lines, heads, bodies and pictures have limits, and what goes beyond ends the connection.

mod auth;
mod client;
mod drive;
mod md5;
mod message;
mod payload;
mod rtp;
mod sdp;

pub use client::{Client, Input, Output};
pub use drive::{Sink, Wanted, run};
pub use payload::{Depacketizer, MOST_UNIT};
pub use rtp::Packet;
pub use sdp::Media;

use playfield_core::camera::Coding;

/// Why a camera is not to be seen. Each is a sentence for whoever looks after it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtspError {
    /// It is no RTSP that is spoken there.
    #[error("it does not speak RTSP as it should: {0}")]
    Garbage(&'static str),
    /// It says no.
    #[error("it answers {0} with {1}")]
    Refused(&'static str, String),
    /// It wants another user name or password.
    #[error("it does not accept the user name and password")]
    Login,
    /// It wants a user name and password.
    #[error("it wants a user name and a password: put them into the URL")]
    NoLogin,
    /// It has no video that is known.
    #[error("it has no video that is known here: {0}; H.264 and Motion JPEG are")]
    NoVideo(String),
    /// It does not answer.
    #[error("it does not answer")]
    Silent,
    /// It closed the connection, or the connection broke.
    #[error("{0}")]
    Gone(String),
}

/// A coded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// How it is coded.
    pub coding: Coding,
    /// Whether a decoder can begin with it.
    pub key: bool,
    /// A JPEG, or an access unit in Annex B form.
    pub data: Vec<u8>,
}

#[cfg(test)]
mod tests;
