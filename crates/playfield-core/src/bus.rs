//! What the control plane, a node and its workers say to each other.
//!
//! Control speaks to a node over the bus; a node speaks to its workers over their standard input and output, one JSON
//! object a line. A request passes through unchanged, so both walks use the same words.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::api::{ChangeViewer, EndReason, Participant, SessionState, VideoMode};
use crate::camera::{Camera, Report};
use crate::codec::H264Library;
use crate::dataset::Sample;
use crate::frame::Shape;
use crate::id::{CameraLinkId, IngestId, SessionId, ViewerId};
use crate::input::hold::Hold;
use crate::manifest::{InputKind, Kind, Limits};
use crate::people::{Person, Roster};
use crate::receipt::Part;
use crate::upload::{Ask, Piece};

/// Bus subject on which node `id` takes [`Request`]s.
pub fn node_subject(id: &crate::id::NodeId) -> String {
    format!("node.{id}.request")
}

/// Bus subject on which every node publishes [`Event`]s.
pub const EVENTS: &str = "session.event";

/// What a worker is to open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionSpec {
    /// The session.
    pub id: SessionId,
    /// The title, for logs.
    pub title: String,
    /// The module as it came, or the content.
    pub module: PathBuf,
    /// What kind of guest it is.
    #[serde(default)]
    pub kind: Kind,
    /// The compiled module; the node fills it in.
    #[serde(default)]
    pub compiled: Option<PathBuf>,
    /// Whose files the guest may keep on the node, where it is a program of its own: nobody else's guests see them. None: what
    /// it keeps ends with the session.
    #[serde(default)]
    pub home: Option<String>,
    /// Where a core and its files lie; the node fills it in.
    #[serde(default)]
    pub core: Option<CoreFiles>,
    /// The folder where a program of its own may write; the node fills it in.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// What the guest may take.
    pub limits: Limits,
    /// The ways of playing the title understands; the viewer is told.
    #[serde(default)]
    pub input: Vec<InputKind>,
    /// Most players of the title.
    #[serde(default = "one")]
    pub players: u8,
    /// Whether keys press the pad's buttons too; the viewer is told.
    #[serde(default = "crate::manifest::yes")]
    pub keys_as_pad: bool,
    /// The pictures it begins with, if that is known.
    #[serde(default)]
    pub picture: Option<Shape>,
    /// Seeds what the guest gets as random.
    pub seed: u64,
    /// The guest's idea of when it started: Unix time in milliseconds.
    pub start_unix_ms: u64,
    /// What the guest stored before.
    #[serde(default, with = "base64_map")]
    pub storage: BTreeMap<String, Vec<u8>>,
    /// How long things may take.
    pub times: SessionTimes,
    /// It ran before, in a worker that was lost: it goes on from the checkpoint that one left, if there is any.
    #[serde(default)]
    pub resume: bool,
    /// Who was in it before.
    #[serde(default)]
    pub people: Roster,
    /// Most viewers without a seat.
    #[serde(default = "sixteen")]
    pub spectators: u16,
}

/// Most memory of a camera's process, in MiB.
pub const CAMERA_MEMORY_MB: u32 = 512;
/// A camera has no end: a hundred years.
const FOREVER_MS: u64 = 100 * 366 * 24 * 3_600_000;

impl SessionSpec {
    /// Of a camera: a guest that nobody plays, and that does not end by itself.
    pub fn camera(id: SessionId, name: &str, camera: Camera, start_unix_ms: u64, spectators: u16) -> SessionSpec {
        SessionSpec {
            id,
            title: name.to_owned(),
            module: PathBuf::new(),
            kind: Kind::Camera { camera: Box::new(camera) },
            compiled: None,
            home: None,
            core: None,
            folder: None,
            limits: Limits { memory_mb: CAMERA_MEMORY_MB, storage_kb: 0 },
            input: Vec::new(),
            players: 1,
            keys_as_pad: false,
            picture: None,
            seed: 0,
            start_unix_ms,
            storage: BTreeMap::new(),
            times: SessionTimes {
                connection_ms: FOREVER_MS,
                grace_ms: FOREVER_MS,
                idle_ms: FOREVER_MS,
                total_ms: FOREVER_MS,
            },
            resume: false,
            people: Roster::default(),
            spectators,
        }
    }
}

/// Where a libretro core and its files lie on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreFiles {
    /// The core, a shared library.
    pub core: PathBuf,
    /// Its content, under its own name.
    pub content: PathBuf,
    /// Where firmware lies.
    pub system: PathBuf,
    /// Where it may keep files.
    pub home: PathBuf,
    /// SHA-256 of the core, in hex: its states are for it alone.
    #[serde(default)]
    pub hash: String,
}

fn sixteen() -> u16 {
    16
}

fn one() -> u8 {
    1
}

/// How long a session may do nothing, or last, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionTimes {
    /// From ready to the first viewer.
    pub connection_ms: u64,
    /// With nobody attached who plays.
    pub grace_ms: u64,
    /// With players attached but no input.
    pub idle_ms: u64,
    /// In all.
    pub total_ms: u64,
}

impl Default for SessionTimes {
    fn default() -> Self {
        SessionTimes { connection_ms: 120_000, grace_ms: 120_000, idle_ms: 30 * 60_000, total_ms: 12 * 3_600_000 }
    }
}

/// A viewer who wants to attach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attach {
    /// Who, and what they are unless the session knows better.
    pub person: Person,
    /// How it wants its picture.
    pub video: VideoMode,
    /// Its SDP offer.
    pub offer: String,
}

/// Somebody who wants to bring a camera its pictures: the ingest of WHIP (RFC 9725).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ingest {
    /// Names this connection.
    pub id: IngestId,
    /// The link it comes by.
    pub link: CameraLinkId,
    /// When that ends: Unix time in milliseconds.
    #[serde(default)]
    pub expires_ms: Option<u64>,
    /// Its SDP offer.
    pub offer: String,
}

/// What is asked of a node, and by a node of a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "camelCase")]
pub enum Request {
    /// Open a guest; with a viewer, answer its offer at once.
    Start {
        /// What to open.
        spec: Box<SessionSpec>,
        /// The viewer that asked for it.
        attach: Option<Box<Attach>>,
    },
    /// Let a viewer in, or back in.
    Attach {
        /// The session it belongs to.
        session: SessionId,
        /// Who, and how.
        attach: Box<Attach>,
    },
    /// A viewer leaves for good. With the last one that has a seat, the session ends.
    Leave {
        /// Which session.
        session: SessionId,
        /// Who.
        viewer: ViewerId,
    },
    /// The host removes a viewer: its connection is closed, and it does not come back.
    Remove {
        /// Which session.
        session: SessionId,
        /// Who.
        viewer: ViewerId,
    },
    /// The host changes what a viewer is. Input that comes after is measured by it.
    Change {
        /// Which session.
        session: SessionId,
        /// Who.
        viewer: ViewerId,
        /// What is to be.
        change: ChangeViewer,
    },
    /// Who is in?
    People {
        /// Which session.
        session: SessionId,
    },
    /// Which seats are taken?
    Seats {
        /// Of which session.
        session: SessionId,
    },
    /// End a session.
    Stop {
        /// Which.
        session: SessionId,
        /// Why.
        reason: EndReason,
    },
    /// Where did the time go?
    Receipt {
        /// Which.
        session: SessionId,
    },
    /// Is a camera to say what is in each picture?
    Live {
        /// The session it runs in.
        session: SessionId,
        /// Whether somebody looks.
        live: bool,
    },
    /// The next picture of a camera, and what is found in it: somebody was let have it.
    Sample {
        /// The session it runs in.
        session: SessionId,
    },
    /// A piece of what a camera's app uploads: somebody was let have it. Answered when there is one, or after a while.
    Upload {
        /// The session it runs in.
        session: SessionId,
        /// Which; what is before it is kept.
        ask: Ask,
    },
    /// Somebody brings a camera its pictures, in place of whoever does so now. Answered with [`Reply::Attached`].
    Ingest {
        /// The session it runs in.
        session: SessionId,
        /// Who, and how.
        ingest: Box<Ingest>,
    },
    /// Who came by this link brings a camera no pictures any more.
    EndIngest {
        /// The session it runs in.
        session: SessionId,
        /// The link.
        link: CameraLinkId,
        /// Which of its connections; none: any.
        #[serde(default)]
        ingest: Option<IngestId>,
        /// Why, in a sentence for whoever sends.
        detail: String,
    },
    /// Whoever runs the server holds something in a seat for a while. Refused where nobody plays: the guest rests.
    Input {
        /// Which session.
        session: SessionId,
        /// What, in which seat, and for how long.
        hold: Hold,
    },
    /// May this viewer keep states, and can the guest be saved?
    States {
        /// Which session.
        session: SessionId,
        /// Who; none: whoever runs the server.
        #[serde(default)]
        viewer: Option<ViewerId>,
    },
    /// Write the state of now to a file.
    SaveState {
        /// Which session.
        session: SessionId,
        /// Who asks; none: whoever runs the server.
        #[serde(default)]
        viewer: Option<ViewerId>,
        /// Where.
        to: PathBuf,
        /// Most bytes of the file.
        most: u64,
    },
    /// Go back to the state in a file.
    LoadState {
        /// Which session.
        session: SessionId,
        /// Who asks; none: whoever runs the server.
        #[serde(default)]
        viewer: Option<ViewerId>,
        /// Where it is.
        from: PathBuf,
    },
    /// A picture of the module after a while, as PNG, for the catalogue.
    Cover {
        /// The module, or the content.
        module: PathBuf,
        /// What kind of guest it is.
        #[serde(default)]
        guest: Kind,
        /// Where to write the PNG.
        to: PathBuf,
    },
    /// What does the module ask for, and can it run here?
    Inspect {
        /// The module, or the content.
        module: PathBuf,
        /// What kind of guest it is.
        #[serde(default)]
        guest: Kind,
    },
    /// Can a camera use this model? It is loaded, and shown a picture.
    TryModel {
        /// Its folder.
        folder: PathBuf,
    },
    /// Can a camera run this app? It is compiled.
    TryApp {
        /// Its folder.
        folder: PathBuf,
    },
    /// End every session with `nodeStopping`, then exit.
    Drain,
}

/// How a request went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "camelCase")]
pub enum Reply {
    /// Done, nothing to add.
    Done,
    /// The session runs; the answer to the offer, if one was given.
    Started {
        /// SDP.
        answer: Option<String>,
    },
    /// The answer to the offer.
    Attached {
        /// SDP.
        answer: String,
    },
    /// Where the time went.
    Receipt {
        /// What the worker knows so far.
        receipt: Box<Part>,
    },
    /// Seats that are not free.
    Seats {
        /// From 0.
        taken: Vec<u8>,
    },
    /// Who is in.
    People {
        /// As the host is told.
        people: Vec<Participant>,
    },
    /// Somebody was changed, or removed.
    Changed {
        /// All who are in now.
        roster: Roster,
    },
    /// What was asked of somebody makes no sense.
    NotChanged {
        /// In a sentence for a person: what was wrong and what to do.
        detail: String,
        /// Nobody of that id is in.
        unknown: bool,
    },
    /// What a module is.
    Inspected {
        /// The facts.
        module: ModuleFacts,
    },
    /// The viewer may keep states.
    States {
        /// What the states are for besides the module: the hash of a core, else empty.
        maker: String,
        /// Why the guest cannot be saved, in a sentence for a person.
        cannot: Option<String>,
    },
    /// A state was written down.
    StateSaved {
        /// What it is.
        state: Box<StateFacts>,
    },
    /// A state could not be saved, or not be gone back to; the session goes on as it was.
    StateRefused {
        /// In a word.
        why: StateRefusal,
        /// In a sentence for a person.
        detail: String,
    },
    /// A picture, and what was found in it.
    Sampled {
        /// Both.
        sample: Box<Sample>,
    },
    /// A piece of what an app uploads.
    Uploaded {
        /// None: it uploads nothing just now.
        piece: Option<Box<Piece>>,
    },
    /// It could not be done.
    Refused {
        /// In a word.
        reason: EndReason,
        /// In a sentence for a person: what was wrong and what to do.
        detail: String,
    },
}

/// What is known of a saved state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFacts {
    /// The tick after which it was taken.
    pub tick: u64,
    /// Ticks a second at that moment.
    pub tick_hz: u16,
    /// What it is for besides the module: the hash of a core, else empty.
    pub maker: String,
    /// The picture of that moment, made small: a PNG of at most [`MAX_STATE_PICTURE`] bytes.
    #[serde(with = "base64_bytes")]
    pub picture: Vec<u8>,
}

/// Largest picture of a saved state, in bytes.
pub const MAX_STATE_PICTURE: usize = 96 << 10;

/// Why a state was not saved, or not gone back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StateRefusal {
    /// The viewer may not.
    Forbidden,
    /// The guest cannot be saved, or this is no state of it.
    Impossible,
    /// It would be larger than it may be.
    TooLarge,
    /// One at a time, and not too often.
    Busy,
}

/// What can be said of a module without playing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleFacts {
    /// `playfield`, `wasm4`, `libretro` or `program`.
    pub dialect: String,
    /// Its state can be captured exactly.
    pub snapshots: bool,
    /// The same inputs make the same pictures on any machine.
    #[serde(default = "crate::manifest::yes")]
    pub deterministic: bool,
    /// Capability groups it imports.
    pub groups: Vec<String>,
    /// The pictures it begins with; none: it makes none by itself.
    #[serde(default)]
    pub picture: Option<Shape>,
}

/// What happened to a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum Event {
    /// It is in another state now.
    State {
        /// Which.
        session: SessionId,
        /// The state.
        state: SessionState,
        /// Why it ended, once it has.
        reason: Option<EndReason>,
        /// In a sentence for a person.
        detail: Option<String>,
    },
    /// The worker it ran in was lost; it goes on in another from its last checkpoint.
    Resumed {
        /// Which.
        session: SessionId,
    },
    /// The guest stored something; to be kept before it is acknowledged.
    Stored {
        /// Which.
        session: SessionId,
        /// The key.
        key: String,
        /// The bytes; none: removed.
        #[serde(default, with = "base64_option")]
        value: Option<Vec<u8>>,
    },
    /// Somebody came for the first time, left, or is something else now.
    People {
        /// Which.
        session: SessionId,
        /// All who are in now.
        roster: Roster,
    },
    /// What its worker knows of its pictures: now and then, and at the end.
    Receipt {
        /// Which.
        session: SessionId,
        /// Replaces what this worker said before.
        receipt: Box<Part>,
    },
    /// A camera said something.
    Camera {
        /// The session it runs in.
        session: SessionId,
        /// What.
        report: Box<Report>,
    },
}

/// What to do where a machine lacks a layer of the fence around native guests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// `strict`: refuse native guests unless every layer is there.
    #[serde(rename = "strict")]
    Refuse,
    /// `degrade`: go on without Landlock, control groups, a `/proc` and a count of processes. Never without namespaces and seccomp.
    #[default]
    Degrade,
}

/// The first line a node writes to a new worker: what it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerConfig {
    /// Addresses to bind its media socket to, each with the worker's own port.
    pub udp: Vec<SocketAddr>,
    /// Addresses to advertise instead of the bound ones, where the node is behind a NAT; none: the bound ones.
    pub public_ips: Vec<IpAddr>,
    /// Most sessions it may hold at once.
    pub max_sessions: u32,
    /// The folder that checkpoints go to; all workers of a node share it, so that one can go on where another was lost.
    pub checkpoints: PathBuf,
    /// What to do where the machine lacks a layer of the fence around native guests.
    #[serde(default)]
    pub sandbox: Missing,
    /// What codes H.264.
    #[serde(default)]
    pub h264: H264Library,
}

/// The one line that `playfield compile` writes to its standard output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CompileAnswer {
    /// The module can run.
    Compiled {
        /// Where the compiled module is.
        compiled: PathBuf,
        /// What the module is.
        facts: ModuleFacts,
    },
    /// It cannot.
    Refused {
        /// Why not.
        refused: Refusal,
    },
}

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// In a word.
    pub reason: EndReason,
    /// In a sentence for a person: what was wrong and what to do.
    pub detail: String,
}

/// A line a node writes to a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToWorker {
    /// Pairs the reply with it.
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
}

/// A line a worker writes to its node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "camelCase")]
pub enum FromWorker {
    /// It listens and can take sessions.
    Ready {
        /// Where its media socket is bound.
        udp: Vec<SocketAddr>,
    },
    /// How request `id` went.
    Reply {
        /// The request.
        id: u64,
        /// How it went.
        #[serde(flatten)]
        reply: Reply,
    },
    /// Something happened.
    Event {
        /// What.
        #[serde(flatten)]
        event: Event,
    },
    /// How busy it is, once a second.
    Load {
        /// Sessions open.
        sessions: u32,
        /// Viewers attached.
        viewers: u32,
        /// Pictures sent since it started.
        pictures: u64,
        /// Bytes sent since it started.
        bytes_sent: u64,
        /// Ticks that began later than one tick period since it started.
        late_ticks: u64,
        /// Messages of viewers with something they may not send since it started.
        #[serde(default)]
        refused: u64,
    },
}

/// Stored bytes as Base64 (RFC 4648): as a list of numbers they would take three times the room of a line.
mod base64_option {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(value: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| STANDARD.decode(text).map_err(de::Error::custom)).transpose()
    }
}

/// The same where there always are some.
pub(crate) mod base64_bytes {
    use serde::{Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        super::base64_option::serialize(&Some(bytes.to_vec()), to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        super::base64_option::deserialize(from)?.ok_or_else(|| de::Error::custom("no bytes"))
    }
}

/// The same for all values of a map.
mod base64_map {
    use std::collections::BTreeMap;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<String, Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(map.iter().map(|(key, bytes)| (key, STANDARD.encode(bytes))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Vec<u8>>, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(from)?;
        let decode = |(key, text): (String, String)| Ok((key, STANDARD.decode(text).map_err(de::Error::custom)?));
        texts.into_iter().map(decode).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_bytes_travel_as_base64_and_come_back() {
        let session = SessionId::from_entropy([1; 16]);
        for value in [None, Some(vec![]), Some(vec![0, 255, 7])] {
            let event = FromWorker::Event { event: Event::Stored { session: session.clone(), key: "k".into(), value } };
            let line = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<FromWorker>(&line).unwrap(), event, "{line}");
        }
    }

    #[test]
    fn the_largest_storage_a_title_may_have_fits_a_line() {
        let bytes = u64::from(crate::manifest::MOST_STORAGE_KB) * 1024;
        assert!(bytes.div_ceil(3) * 4 + 64 * 1024 < 16 * 1024 * 1024);
    }
}
