//! The shapes of `/api/v1`: what the web, the command line and other people's programs exchange with the control plane.
//!
//! The OpenAPI document is generated from these types.

mod devices;
mod releases;
mod rules;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::frame::Shape;
use crate::id::{InviteId, SessionId, Token, ViewerId};
use crate::manifest::{InputKind, Players, yes};
use crate::permission::Permissions;
pub use devices::*;
pub use releases::{Release, Releases};
pub use rules::{ChangeRule, Deliveries, Delivery, DeliveryState, KnownRule, KnownRules};

/// A catalogue entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Title {
    /// Its address: `/play/ID`.
    pub id: String,
    /// The name players read.
    pub name: String,
    /// Version of the release that would be played now.
    pub version: String,
    /// One or two sentences.
    pub summary: String,
    /// Who made it.
    pub authors: Vec<String>,
    /// SPDX expression of its licence.
    pub licence: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whether the shelf shows it; what is no game is found by searching.
    #[serde(default = "crate::manifest::yes")]
    pub listed: bool,
    /// How many can play.
    pub players: Players,
    /// The ways of playing it understands.
    pub input: Vec<InputKind>,
    /// What it can do that not every title can.
    pub badges: Vec<Badge>,
    /// The pictures it begins with, if that is known.
    pub picture: Option<Shape>,
    /// Address of its cover, a PNG.
    pub cover: String,
    /// Why it cannot be played, if it cannot.
    pub problem: Option<String>,
}

/// What a title can do that not every title can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Badge {
    /// The same inputs always make the same pictures.
    Deterministic,
    /// Its state can be saved and restored exactly.
    Snapshots,
    /// Its pictures are sent exactly, without a video codec.
    Lossless,
}

/// `GET /api/v1/titles`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Titles {
    /// By name.
    pub titles: Vec<Title>,
}

/// How the picture reaches a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum VideoMode {
    /// The node chooses by the picture's size and format.
    Auto,
    /// Exact pixels, as deltas against acknowledged pictures.
    Lossless,
    /// H.264.
    H264,
}

/// `POST /api/v1/sessions`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The title to play.
    pub title: String,
    /// An SDP offer: given, the answer comes with the session and saves a round trip.
    #[serde(default)]
    pub offer: Option<String>,
    /// Whose saves to use: a secret the browser made up and keeps. Without it the session saves nothing.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub profile: Option<Token>,
    /// How to send the picture; may be changed while playing.
    #[serde(default)]
    pub video: Option<VideoMode>,
}

/// What a session is doing. Vocabulary of GameLift Streams' StreamSession, in our spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SessionState {
    /// A worker is opening the guest.
    Activating,
    /// The guest is ready and waits for its first viewer.
    Active,
    /// At least one viewer that plays is attached; the guest runs.
    Connected,
    /// Nobody who plays is attached; the guest is paused and kept for the grace time.
    PendingReconnection,
    /// It is being ended.
    Terminating,
    /// It has ended; see the reason.
    Terminated,
    /// It never started or ended by a fault; see the reason.
    Error,
}

impl SessionState {
    /// Whether nothing will happen to the session any more.
    pub const fn is_final(self) -> bool {
        matches!(self, SessionState::Terminated | SessionState::Error)
    }
}

impl fmt::Display for SessionState {
    /// The word of the API.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum EndReason {
    /// The guest said it is done.
    ApplicationExit,
    /// Somebody ended it through the API.
    ApiTerminated,
    /// Nobody came within the connection time.
    ConnectionTimeout,
    /// Nobody came back within the grace time.
    ReconnectionTimeout,
    /// Nobody touched anything for the idle time.
    IdleTimeout,
    /// It reached the longest time a session may last.
    MaxSessionLengthTimeout,
    /// No node had room.
    PlacementTimeout,
    /// The offer could not be answered.
    InvalidSignalRequest,
    /// The guest ran into a trap: a bug in it.
    GuestTrap,
    /// The guest did not finish a picture in time.
    GuestHung,
    /// The guest asked for more memory than it may have.
    OutOfMemory,
    /// The module cannot be run here.
    BadModule,
    /// Not the session's end, but this viewer's: the host removed it.
    Kicked,
    /// Not the session's end, but this viewer's: the time it was invited for is over.
    InviteExpired,
    /// A limit of the node or the address was reached.
    LimitReached,
    /// Not the session's end, but this viewer's: somebody else plays from its seat.
    SeatTaken,
    /// The node is being stopped.
    NodeStopping,
    /// A fault of ours.
    InternalError,
}

impl fmt::Display for EndReason {
    /// The word of the API.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// `GET /api/v1/sessions/{id}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Its public id.
    #[schema(value_type = String)]
    pub id: SessionId,
    /// The title it plays.
    pub title: String,
    /// What it is doing.
    pub state: SessionState,
    /// Why it ended, once it has.
    pub reason: Option<EndReason>,
    /// The reason as a sentence for a person.
    pub detail: Option<String>,
    /// How often its worker was lost and it went on in another. A viewer that hears nothing and sees this grow connects again.
    pub resumes: u32,
    /// Unix time, in milliseconds.
    pub created_ms: u64,
    /// Unix time, in milliseconds.
    pub ended_ms: Option<u64>,
    /// Address of its receipt, while there is one.
    #[serde(default)]
    pub receipt: Option<String>,
}

/// Who a viewer is to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Whose the session is, one at a time: may everything, invites, changes and removes others, and may end it. First it is who
    /// created the session.
    Host,
    /// Plays.
    Player,
    /// Watches.
    Spectator,
}

/// A viewer, as told to that viewer alone. What it may do may change: `you` on its `control` channel says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Viewer {
    /// Its public id.
    #[schema(value_type = String)]
    pub id: ViewerId,
    /// Proves that a request comes from this viewer. Kept for the tab.
    #[schema(value_type = String)]
    pub token: Token,
    /// What it may do.
    pub role: Role,
    /// The player seat it holds, from 0.
    pub slot: Option<u8>,
}

/// Somebody in a session, as others are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Participant {
    /// The viewer's public id.
    #[schema(value_type = String)]
    pub id: ViewerId,
    /// What they are called: the name they chose, `Host`, or `Guest N`. At most 24 characters, one line; foreign text.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// Seats they play from, from 0, their own one first; further ones are of people who play at the same viewer.
    pub seats: Vec<u8>,
    /// Their connection is gone; their place is kept for the grace time.
    pub away: bool,
    /// What they may do; told to the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may: Option<Permissions>,
    /// How good their connection is; told to the host, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkQuality>,
    /// They are out from then on: Unix time, in milliseconds; told to the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<u64>,
}

/// How good a viewer's connection is, by its best round trip of the last seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkQuality {
    /// Below 80 ms.
    Good,
    /// Below 180 ms.
    Fair,
    /// More.
    Poor,
}

impl LinkQuality {
    /// Of a round trip, in microseconds.
    pub const fn of_round_trip(us: u64) -> LinkQuality {
        match us {
            ..80_000 => LinkQuality::Good,
            80_000..180_000 => LinkQuality::Fair,
            _ => LinkQuality::Poor,
        }
    }
}

/// `GET /api/v1/sessions/{id}/people`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Participants {
    /// Who is in, in the order they came.
    pub people: Vec<Participant>,
}

/// `PATCH /api/v1/sessions/{id}/viewers/{viewer}`: what is not said stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeViewer {
    /// What they are to be. `host` hands the session over. A host made `player` or `spectator` takes or gives up a seat and
    /// stays host.
    pub role: Option<Role>,
    /// The seat they are to play from, from 0. Somebody who has it gets theirs in exchange, or watches. A player where none is
    /// said gets one that is free.
    pub slot: Option<u8>,
    /// What a player may do, in place of what players usually may.
    pub may: Option<Permissions>,
    /// What they are to be called, at most 24 characters; an empty name takes it away. The only thing that anybody may change
    /// of themselves.
    pub name: Option<String>,
}

/// Answer to `POST /api/v1/sessions`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CreatedSession {
    /// The session.
    pub session: Session,
    /// Who the caller is in it.
    pub viewer: Viewer,
    /// The SDP answer, if an offer was given.
    pub answer: Option<String>,
    /// The ways of playing the title understands, so that the viewer need not wait for `hello` to be heard.
    #[serde(default)]
    pub input: Vec<InputKind>,
    /// Whether keys press the pad's buttons too.
    #[serde(default = "yes")]
    pub keys_as_pad: bool,
}

/// `POST /api/v1/sessions/{id}/connections`, with `Authorization: Bearer TOKEN`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// An SDP offer.
    pub offer: String,
    /// How to send the picture.
    #[serde(default)]
    pub video: Option<VideoMode>,
}

/// Answer to `POST /api/v1/sessions/{id}/connections`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Connected {
    /// The SDP answer.
    pub answer: String,
    /// How often the session went on in another worker so far; see [`Session::resumes`].
    pub resumes: u32,
    /// The ways of playing the title understands; none are told if it has left the catalogue: `hello` has them.
    #[serde(default)]
    pub input: Vec<InputKind>,
    /// Whether keys press the pad's buttons too.
    #[serde(default = "yes")]
    pub keys_as_pad: bool,
}

/// Where the time of pictures went, in a few figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Pictures measured until they were presented.
    pub pictures: u64,
    /// Milliseconds spent, by stage, in the order a picture passes them, then `total`.
    pub stages: Vec<Stage>,
    /// From the moment a picture takes its input to its last packet handed to the network: all that the node does.
    #[serde(default)]
    pub node: Option<Stage>,
    /// How far the viewer's clock may be off ours, in milliseconds (half the best round trip).
    pub clock_error_ms: Option<f64>,
    /// What dominates, in one sentence.
    pub verdict: String,
}

/// `POST /api/v1/sessions/{id}/invites`: a link that lets others into a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvite {
    /// What those who come by it may do: `player` or `spectator`.
    pub role: Role,
    /// The seat a player gets, from 0; where none is said, any that is free. A spectator has none.
    #[serde(default)]
    pub slot: Option<u8>,
    /// What a player may do, in place of what players usually may.
    #[serde(default)]
    pub may: Option<Permissions>,
    /// How long it lets people in, in seconds: 60 to 86400, or 0 for as long as the session. One hour where nothing is said.
    #[serde(default)]
    pub expires_s: Option<u32>,
    /// How many people it lets in: 1 to 1000. Any number where nothing is said.
    #[serde(default)]
    pub uses: Option<u32>,
    /// How long each of them may stay, in seconds: 60 to 86400. As long as the session where nothing is said.
    #[serde(default)]
    pub stay_s: Option<u32>,
}

/// A link into a session, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invite {
    /// Its public id.
    #[schema(value_type = String)]
    pub id: InviteId,
    /// What those who come by it may do.
    pub role: Role,
    /// The seat a player gets, from 0; none: any that is free.
    pub slot: Option<u8>,
    /// What a player may do; none: what players usually may.
    #[serde(default)]
    pub may: Option<Permissions>,
    /// From then on it lets nobody in any more: Unix time, in milliseconds. None: as long as the session.
    pub expires_ms: Option<u64>,
    /// How many people it lets in; none: any number.
    #[serde(default)]
    pub uses: Option<u32>,
    /// How many came by it.
    #[serde(default)]
    pub used: u32,
    /// How long each of them may stay, in seconds; none: as long as the session.
    #[serde(default)]
    pub stay_s: Option<u32>,
}

/// `GET /api/v1/sessions/{id}/invites`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invites {
    /// Those that let people in now, the newest first.
    pub invites: Vec<Invite>,
}

/// Answer to `POST /api/v1/sessions/{id}/invites`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CreatedInvite {
    /// The link.
    pub invite: Invite,
    /// Its secret; nothing shows it again.
    #[schema(value_type = String)]
    pub token: Token,
    /// Where it leads, on this server: `/join#TOKEN`. What follows the `#` never leaves the browser by itself.
    pub path: String,
}

/// `GET /api/v1/invite`, with `Authorization: Bearer TOKEN` of a link: what it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// The link.
    pub invite: Invite,
    /// The session.
    #[schema(value_type = String)]
    pub session: SessionId,
    /// The title's id.
    pub title: String,
    /// The name players read.
    pub name: String,
    /// Somebody plays from its seat now, or from every seat there is, so that it lets nobody in.
    pub taken: bool,
}

/// `POST /api/v1/invite/viewers`, with `Authorization: Bearer TOKEN` of a link. May be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Join {
    /// What to be called, at most 24 characters; `Guest N` where nothing is said.
    pub name: Option<String>,
}

/// Answer to `POST /api/v1/invite/viewers`, with `Authorization: Bearer TOKEN` of a link: the caller is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Joined {
    /// The session.
    pub session: Session,
    /// Who the caller is in it. It connects like any viewer.
    pub viewer: Viewer,
}

/// One stage of a [`Receipt`]. A figure is at most 3.1 % off, `max_ms` is exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// `uplink`, `wait`, `guest`, `convert`, `encode`, `send`, `network`, `decode`, `present`, or `total`.
    pub name: String,
    /// Median, in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, in milliseconds.
    pub p95_ms: f64,
    /// 99th percentile, in milliseconds.
    pub p99_ms: f64,
    /// Longest, in milliseconds.
    pub max_ms: f64,
}

/// A [`Receipt`] and all it was read from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// The figures.
    #[serde(flatten)]
    pub receipt: Receipt,
    /// Counts by name: `pictures_sent`, `pictures_shown`, `pictures_not_shown` (lost, skipped by the browser, or never
    /// reported), `pictures_implausible` (the report cannot be), `bytes_sent`, `inputs` (messages, each newer than all before),
    /// `inputs_on_track` (of these, on the lossless track), `inputs_refused` (messages with something the viewer may not send), `input_silence_us` (the longest wait for one); of a session `ticks`, `pictures_made` (ticks
    /// that changed the picture) and `ticks_late` too.
    pub counts: BTreeMap<String, u64>,
    /// Of each stage; of `total` (pictures that are the first to show an input, from its sending to the present); of `picture` (all pictures,
    /// from the beginning of the tick); of `node`.
    pub histograms: Vec<StageHistogram>,
    /// Pictures that were not the first to show an input: they are in `guest` to `present` and in `picture`, not in `uplink`, `wait` and `total`.
    pub without_input: WithoutInput,
}

/// How long a stage took, in microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageHistogram {
    /// As in [`Stage`], or `picture` or `node`.
    pub name: String,
    /// How many pictures.
    pub count: u64,
    /// All of them together.
    pub sum_us: u64,
    /// Shortest.
    pub min_us: u64,
    /// Longest.
    pub max_us: u64,
    /// Those that hold something, shortest first: from this many microseconds, below this many, how many pictures.
    #[schema(value_type = Vec<Vec<u64>>)]
    pub buckets: Vec<[u64; 3]>,
}

/// Pictures that were not the first to show an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WithoutInput {
    /// How many.
    pub pictures: u64,
    /// What they took, from the beginning of the tick to the present. The sums of all nine stages are the sum of `total` and
    /// this, exactly.
    pub sum_us: u64,
}

/// A viewer's part of a [`SessionReceipt`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ViewerAccount {
    /// Its public id; none: all that there was no room for.
    #[schema(value_type = Option<String>)]
    pub viewer: Option<ViewerId>,
    /// The player seat it held last.
    pub slot: Option<u8>,
    /// Its pictures.
    #[serde(flatten)]
    pub account: Account,
}

/// `GET /api/v1/sessions/{id}/receipt`: where the time of a session's pictures went, for all viewers together and for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionReceipt {
    /// The session.
    #[schema(value_type = String)]
    pub session: SessionId,
    /// The title it played.
    pub title: String,
    /// Unix time, in milliseconds.
    pub created_ms: u64,
    /// Unix time, in milliseconds; none while it runs.
    pub ended_ms: Option<u64>,
    /// Nothing is missing: the session has ended, and each process it ran in said its last word. Otherwise it is what was known
    /// at some moment, at most half a minute before the end.
    pub complete: bool,
    /// The processes it ran in that said anything: one, and one for each time it went on in another.
    pub parts: u32,
    /// All viewers together.
    #[serde(flatten)]
    pub account: Account,
    /// Each viewer.
    pub viewers: Vec<ViewerAccount>,
}

/// Slots for saved states that a profile has for each title: 0 is for saving and loading by a key, the others are chosen.
pub const STATE_SLOTS: u8 = 6;

/// `GET /api/v1/sessions/{id}/states`: the states that were saved of the session's title, for its profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SavedStates {
    /// Why no state can be saved or loaded here, in a sentence for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cannot: Option<String>,
    /// Slots there are, counted from 0.
    pub slots: u8,
    /// Those with something in them, by slot.
    pub states: Vec<SavedState>,
}

/// A saved state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SavedState {
    /// Its slot.
    pub slot: u8,
    /// When it was saved: Unix time, in milliseconds.
    pub saved_ms: u64,
    /// The tick after which it was taken.
    pub tick: u64,
    /// How long had been played by then, in milliseconds of the title's own time.
    pub played_ms: u64,
    /// What is kept of it, in bytes.
    pub bytes: u64,
    /// The picture of that moment: a PNG, as Base64. At most 192 by 144 pixels.
    pub picture: String,
    /// Why it cannot be loaded, in a sentence for a person: the title or its core is another one by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<String>,
}

/// An error, as `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI reference that names the kind of problem: `/docs/problems#KIND`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind, for a person.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What was wrong this time and what to do.
    pub detail: String,
    /// The session's end reason, where one says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndReason>,
}
