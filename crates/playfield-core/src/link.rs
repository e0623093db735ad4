//! The link of a device: what a machine with cameras and the control plane say to each other, over one connection that the device
//! opened.
//!
//! ```text
//!   device                                              control plane
//!     Join{code} ------------------------------------->  once: who comes with a code gets a token
//!     Hello{token, journal} --------------------------->
//!     <------------------------- Welcome{stored}, Twin   what its cameras are to do
//!     Want{file} -------------------------------------->
//!     <------------------------------------------ Piece   models and apps, by hash
//!     State, Now -------------------------------------->  how they are just now: said once, and forgotten
//!     Told{1..n} -------------------------------------->  what happened: on the device's disk before, and kept there until
//!     <--------------------------------------- Stored{n}  ... it is in the database
//! ```
//!
//! Messages are JSON in text frames of a WebSocket (RFC 6455), at [`PATH`]. A link that was cut is opened anew; what was told
//! meanwhile waits in the device's journal ([`Window`] says what is to be sent, [`Position`] what is new of what came), so that
//! nothing is lost or counted twice, and each device's events keep their order.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::api::DeviceState;
use crate::bus::{Reply, Request};
use crate::camera::{Desired, Report};
use crate::id::{DeviceId, NodeId, SessionId, Token};

mod delivery;
mod package;
#[cfg(test)]
mod tests;

pub use delivery::{Position, Taken, Window};
pub use package::{FileHash, MOST_BYTES, MOST_FILES, Package, PackageError, PackageFile};

/// Where links are opened.
pub const PATH: &str = "/api/v1/link";
/// What a machine that has a certificate asks for in its TLS handshake (ALPN, RFC 7301), so that browsers are not asked for one.
pub const ALPN: &[u8] = b"playfield-link";
/// Longest message, in bytes: an answer to an offer, a table of where things were, a piece of a file.
pub const MOST_MESSAGE: usize = 256 << 10;
/// Longest piece of a file, in bytes; as Base64 it fits a message.
pub const PIECE: usize = 96 << 10;
/// Most events in one message.
pub const MOST_TOLD: usize = 64;
/// Most cameras of one machine.
pub const MOST_CAMERAS: usize = 64;
/// A side that said nothing for so long is gone, in milliseconds; the control plane asks the time more often than that.
pub const SILENCE_MS: u64 = 30_000;

/// What a device says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "camelCase")]
pub enum FromDevice {
    /// The first word of one that was given a code, or has a certificate that is believed.
    Join {
        /// The code; none: by the certificate of its connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<Token>,
        /// What it wants to be called.
        name: String,
        /// What its first camera is to do, unless the control plane knows better.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        desired: Option<Box<Desired>>,
    },
    /// The first word of one that joined before.
    Hello {
        /// Proves who it is.
        token: Token,
        /// Which journal its events are numbered in: another one begins at 1 again.
        journal: String,
        /// What it is.
        machine: Machine,
    },
    /// What happened, in order.
    Told {
        /// At most [`MOST_TOLD`].
        events: Vec<Told>,
    },
    /// How a camera does just now.
    Now {
        /// Which.
        device: DeviceId,
        /// What it says.
        report: Box<Report>,
    },
    /// A camera is in another state.
    State(CameraState),
    /// How the machine does.
    Machine(Machine),
    /// A piece of a file is wanted.
    Want {
        /// The file.
        file: FileHash,
        /// From this byte on.
        from: u64,
    },
    /// The answer to a question.
    Reply {
        /// Which.
        id: u64,
        /// The answer.
        reply: Reply,
    },
    /// The answer to [`ToDevice::Time`].
    Time {
        /// As it was asked.
        asked_us: u64,
        /// The device's clock: Unix time in microseconds.
        device_us: u64,
    },
}

/// What the control plane says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "camelCase")]
pub enum ToDevice {
    /// It joined. Its next words are a [`FromDevice::Hello`].
    Joined {
        /// The name of the machine from now on.
        node: NodeId,
        /// Proves that.
        token: Token,
    },
    /// It may stay.
    Welcome {
        /// Of its journal, the last event that is in the database.
        stored: u64,
    },
    /// It may not.
    Refused {
        /// Why, in a sentence.
        detail: String,
        /// It need not come again.
        forever: bool,
    },
    /// What its cameras are to do: all of them; one that is not among them is to end.
    Twin {
        /// At most [`MOST_CAMERAS`].
        cameras: Vec<Twin>,
    },
    /// Is a camera to say what is in each picture?
    Live {
        /// Which.
        device: DeviceId,
        /// Whether somebody looks.
        live: bool,
    },
    /// All events up to this one are in the database.
    Stored {
        /// Its number.
        seq: u64,
    },
    /// A piece of a file that was wanted.
    Piece {
        /// The file.
        file: FileHash,
        /// Its first byte.
        from: u64,
        /// The bytes, as Base64; none: the file is not there any more.
        data: Option<String>,
    },
    /// A question to the machine's node.
    Ask {
        /// Pairs the reply with it.
        id: u64,
        /// What is asked.
        request: Box<Request>,
    },
    /// What does your clock say?
    Time {
        /// When it was asked, by the clock of who asks, in microseconds.
        asked_us: u64,
    },
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Its place in the journal, from 1.
    pub seq: u64,
    /// The camera.
    pub device: DeviceId,
    /// What it said.
    pub report: Box<Report>,
}

/// What a machine is, and how it does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Machine {
    /// The version of its `playfield`.
    pub version: String,
    /// Its processor's architecture, as Rust names it.
    pub arch: String,
    /// Degrees Celsius of the hottest part, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub celsius: Option<f32>,
    /// Bytes that are free for its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// Events that wait in its journal, and events that were dropped from it since it was made, because it was full.
    #[serde(default)]
    pub waiting: u64,
    /// The second of them.
    #[serde(default)]
    pub dropped: u64,
}

/// What a camera of a device is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    /// The camera.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// The version of what it is to do.
    pub version: u32,
    /// That itself.
    pub desired: Desired,
    /// The files of its model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Package>,
    /// The files of the model beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Package>,
    /// The files of its app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<Package>,
}

impl Twin {
    /// All packages that it needs.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        [&self.model, &self.shadow, &self.app].into_iter().flatten()
    }
}

/// How a camera of a device is: the reported half of its twin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CameraState {
    /// The camera.
    pub device: DeviceId,
    /// How it is.
    pub state: DeviceState,
    /// The version that it works by.
    pub version: u32,
    /// The session it is at work in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Why it is so, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// A version that was asked for and could not be had; the camera stays with the one it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<u32>,
}

/// Whether a report is of something that happened: that is kept until it is stored. The rest is how things are, and is said anew.
pub fn is_told(report: &Report) -> bool {
    match report {
        Report::Seen(seen) => !seen.events.is_empty(),
        Report::Emitted(_) => true,
        Report::Counts(_) | Report::Health(_) | Report::Heat(_) | Report::App(_) => false,
    }
}

/// Of a request: whether a control plane may ask it of a device's node. Those that open guests or name files may not pass.
pub fn may_be_asked(request: &Request) -> bool {
    matches!(
        request,
        Request::Attach { .. }
            | Request::Leave { .. }
            | Request::Remove { .. }
            | Request::Change { .. }
            | Request::People { .. }
            | Request::Seats { .. }
            | Request::Receipt { .. }
            | Request::Sample { .. }
            | Request::Upload { .. }
            | Request::Ingest { .. }
            | Request::EndIngest { .. }
    )
}

/// Where a device joins, and by what: an address that a person copies or a camera reads as a QR code.
///
/// `https://HOST:PORT/cameras/join#CODE`, or with the SHA-256 of the server's public key behind a dot, where its certificate
/// is a self-signed one: then the device believes who has that key, and nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// `https://HOST:PORT` or `http://HOST:PORT`.
    pub server: String,
    /// The code.
    pub code: Token,
    /// SHA-256 of the public key (`SubjectPublicKeyInfo`, RFC 5280) that is believed.
    pub key: Option<FileHash>,
}

impl Invitation {
    /// Reads an address. What is wrong with it is a sentence.
    pub fn parse(address: &str) -> Result<Invitation, String> {
        let example = "it looks like https://HOST:PORT/cameras/join#CODE";
        let wrong = |what: &str| format!("this is no address to join at: {what}; {example}");
        let (place, code) = address.trim().split_once('#').ok_or_else(|| wrong("it has no `#`"))?;
        let (scheme, rest) = place.split_once("://").ok_or_else(|| wrong("it does not begin with https://"))?;
        if !matches!(scheme, "https" | "http") {
            return Err(wrong("it does not begin with https://"));
        }
        let host = rest.split('/').next().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it has no host"))?;
        let (code, key) = match code.split_once('.') {
            Some((code, hash)) => {
                let hash = hash.parse().map_err(|_| wrong("what follows the dot is no SHA-256"))?;
                (code, Some(hash))
            }
            None => (code, None),
        };
        if code.is_empty() || code.len() > 128 || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("it has no code"));
        }
        Ok(Invitation { server: format!("{scheme}://{host}"), code: Token::from(code.to_owned()), key })
    }

    /// The address, with its code.
    pub fn reveal(&self) -> String {
        let hash = self.key.as_ref().map(|hash| format!(".{hash}")).unwrap_or_default();
        format!("{}/cameras/join#{}{hash}", self.server, self.code.reveal())
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/cameras/join", self.server)
    }
}
