//! Cameras: what is known of them, what they told, and what operators do with them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Session, Viewer};
use crate::app::AppStatus;
use crate::camera::{Desired, Health};
use crate::id::{CameraLinkId, DeviceId, GrantId, Token};
use crate::link::Machine;
use crate::rollout::Channel;

/// `GET /api/v1/devices`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Devices {
    /// The oldest first.
    pub devices: Vec<Device>,
}

/// A camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// Its id.
    #[schema(value_type = String)]
    pub id: DeviceId,
    /// What people call it.
    pub name: String,
    /// How it is.
    pub state: DeviceState,
    /// Why it is so, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How often what it is to do was changed, from 1.
    pub version: u32,
    /// The version that it works by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<u32>,
    /// When it was enrolled: Unix time in milliseconds.
    pub created_ms: u64,
    /// When it was last heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_ms: Option<u64>,
    /// What to add to the time of its clock to have the control plane's, in milliseconds; none: it was not measured yet. It holds
    /// the way of the quickest message of the last minutes too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// How it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// How its edge app does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppStatus>,
    /// The machine it is at, where that came by a link and is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
    /// Why it is not what it is to be, though it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What people sort it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What it is to do.
    pub desired: Desired,
}

/// How a camera is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeviceState {
    /// It is about to work.
    Starting,
    /// It works.
    Online,
    /// It does not work, and is tried again.
    Broken,
    /// Its machine is not connected just now. It works on by itself, and tells afterwards.
    Offline,
}

/// `PATCH /api/v1/devices/{id}`: what is not said stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeDevice {
    /// What people are to call it, 1 to 80 characters.
    pub name: Option<String>,
    /// What it is to do.
    pub desired: Option<Desired>,
    /// What it is to be sorted by: at most 16 words of 1 to 40 characters, in place of those before.
    pub tags: Option<Vec<String>>,
    /// The version that `desired` was made from: if somebody else changed it meanwhile, nothing is changed.
    pub version: Option<u32>,
}

/// `POST /api/v1/devices`: a camera of a machine that is there already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDevice {
    /// What people are to call it, 1 to 80 characters.
    pub name: String,
    /// What it is to do.
    pub desired: Desired,
    /// A camera whose machine it is to be at; none: the server's own.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub beside: Option<DeviceId>,
    /// What it is to be sorted by.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// `POST /api/v1/devices/bulk`: the same done with many cameras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeDevices {
    /// With these; none: with those that have the tag.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub ids: Vec<DeviceId>,
    /// With those that have this tag.
    #[serde(default)]
    pub tag: Option<String>,
    /// What.
    #[serde(rename = "do")]
    pub what: BulkAction,
}

/// What is done with many cameras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum BulkAction {
    /// What they are to do is changed in these keys, and stays in all others: a merge patch (RFC 7396) of `desired`.
    Change {
        /// The keys.
        #[schema(value_type = Object)]
        desired: serde_json::Value,
    },
    /// Their tags are changed.
    Tag {
        /// Those they get.
        #[serde(default)]
        add: Vec<String>,
        /// Those they lose.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// They are turned away.
    Revoke,
}

/// Answer to `POST /api/v1/devices/bulk`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangedDevices {
    /// Each camera, in the order of the request, or the oldest first.
    pub devices: Vec<ChangedDevice>,
}

/// How it went with one camera of many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangedDevice {
    /// The camera.
    #[schema(value_type = String)]
    pub id: DeviceId,
    /// Why not, in a sentence; none: it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// `GET /api/v1/channels`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Channels {
    /// In the order in which they were made.
    pub channels: Vec<Channel>,
}

/// `PUT /api/v1/channels/{kind}/{name}/{channel}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveChannel {
    /// The release that it is to point to: the name of a model or an app.
    pub release: String,
    /// Parts of the cameras that follow it, in percent, rising, the last of them 100; 100 alone if it is not said. A channel that is
    /// new points there at once.
    #[serde(default)]
    pub steps: Option<Vec<u8>>,
    /// How long all cameras of a part have to be well before the next one's turn, in seconds; 600.
    #[serde(default)]
    pub hold_s: Option<u32>,
}

/// Answer to `POST /api/v1/enrolments`: a code for one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Enrolment {
    /// The code.
    #[schema(value_type = String)]
    pub code: Token,
    /// What `playfield camera join` is given: where, the code, and the key to believe, if the server's certificate is one of its own.
    pub address: String,
    /// Until when it is good: Unix time in milliseconds.
    pub expires_ms: u64,
}

/// `POST /api/v1/devices/{id}/grants`: to see what a camera sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateGrant {
    /// Why: 3 to 200 characters. It stays on record.
    pub reason: String,
    /// For how long, 1 to 60.
    pub minutes: u32,
}

/// Leave to see what a camera sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// Its id.
    #[schema(value_type = String)]
    pub id: GrantId,
    /// Why.
    pub reason: String,
    /// The address that asked.
    pub client: String,
    /// From when: Unix time in milliseconds.
    pub created_ms: u64,
    /// Until when.
    pub expires_ms: u64,
    /// When it was taken back before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
}

/// `GET /api/v1/devices/{id}/grants`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grants {
    /// The newest first.
    pub grants: Vec<Grant>,
}

/// Answer to `POST /api/v1/devices/{id}/grants`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Granted {
    /// The grant.
    pub grant: Grant,
    /// The session the camera runs in.
    pub session: Session,
    /// Who the caller is in it. It connects like any viewer, until the grant expires.
    pub viewer: Viewer,
}

/// `POST /api/v1/devices/{id}/datasets`: to keep pictures of a camera, with what is found in them, or what its app uploads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDataset {
    /// Why: 3 to 200 characters. It stays on record.
    pub reason: String,
    /// For how long, 1 to 10080 (a week).
    pub minutes: u32,
    /// A picture each so many milliseconds, 200 to 3600000; 0: none.
    #[serde(default = "every_second")]
    pub every_ms: u32,
    /// Whether files are kept that its app uploads. Only an AITRIOS app does.
    #[serde(default)]
    pub uploads: bool,
}

fn every_second() -> u32 {
    1_000
}

/// Pictures of a camera that are kept, and files that its app uploads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dataset {
    /// By what leave. Its id is the dataset's; taken back, nothing is added.
    pub grant: Grant,
    /// A picture is taken each so many milliseconds; 0: none is.
    pub every_ms: u32,
    /// Pictures so far.
    pub pictures: u32,
    /// Files that its app uploads are kept.
    pub uploads: bool,
    /// Those so far.
    pub files: u32,
    /// Bytes of both.
    pub bytes: u64,
    /// More is being added.
    pub open: bool,
}

/// `GET /api/v1/devices/{id}/datasets`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Datasets {
    /// The newest first.
    pub datasets: Vec<Dataset>,
}

/// `POST /api/v1/devices/{id}/links`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCameraLink {
    /// How long it is good, in seconds: 300 to 31536000, or 0: until it is taken back. A day, if nothing is said.
    #[serde(default)]
    pub expires_s: Option<u32>,
}

/// A link by which a browser is a camera, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CameraLink {
    /// Its id.
    #[schema(value_type = String)]
    pub id: CameraLinkId,
    /// The address that asked for it.
    pub client: String,
    /// When it was made: Unix time in milliseconds.
    pub created_ms: u64,
    /// When it is over; none: once it is taken back.
    pub expires_ms: Option<u64>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
    /// When somebody came by it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_ms: Option<u64>,
    /// The address that they came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<String>,
}

/// `GET /api/v1/devices/{id}/links`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CameraLinks {
    /// The newest first, also those that are over.
    pub links: Vec<CameraLink>,
}

/// Answer to `POST /api/v1/devices/{id}/links`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CreatedCameraLink {
    /// The link.
    pub link: CameraLink,
    /// Its secret, told once: the bearer token of WHIP.
    #[schema(value_type = String)]
    pub token: Token,
    /// Path and fragment of the page that it opens.
    pub path: String,
}

/// `GET /api/v1/whip`: what a link is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CameraInvitation {
    /// What the camera is called.
    pub name: String,
    /// Pictures a second that it looks at.
    pub hz: u16,
    /// When the link is over; none: once it is taken back.
    pub expires_ms: Option<u64>,
    /// Its pictures can be taken just now.
    pub ready: bool,
    /// Somebody has leave to see the picture until then, with their reason; none: nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenUntil>,
}

/// That somebody may see what a camera sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeenUntil {
    /// Until when: Unix time in milliseconds.
    pub expires_ms: u64,
    /// Why, as they said.
    pub reason: String,
}

/// `GET /api/v1/devices/{id}/events`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceEvents {
    /// The newest first.
    pub events: Vec<DeviceEvent>,
}

/// Something that a camera told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceEvent {
    /// Its place among those of its camera, from 1.
    pub seq: u64,
    /// When the control plane took it down, by its own clock: Unix time in milliseconds.
    pub received_ms: u64,
    /// What to add to `time_ms`, which is by the camera's clock, to have the control plane's; none: it was not known. It holds the
    /// way of the quickest message of the last minutes too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// What happened.
    #[serde(flatten)]
    pub event: crate::analytics::Event,
}

/// An event, as streams of all cameras tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToldEvent {
    /// Its place among those of all cameras, from 1: what a stream that was cut goes on after.
    pub number: u64,
    /// The camera.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// What it told.
    #[serde(flatten)]
    pub told: DeviceEvent,
}

/// `GET /api/v1/devices/{id}/counts`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceCounts {
    /// The first minute: Unix time in minutes.
    pub from: u64,
    /// The minute of now.
    pub to: u64,
    /// The oldest first; a minute in which nothing was counted is left out.
    pub counts: Vec<MinuteCount>,
}

/// How often something was counted in a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MinuteCount {
    /// What: `cross/LINE/in`, `enter/ZONE`.
    pub what: String,
    /// Unix time in minutes.
    pub minute: u64,
    /// How often.
    pub count: u64,
}
