//! Shapes of `/api/v1/evp`: what operators exchange with the control plane about cameras that speak MQTT.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Deployment, Dialect, Status};
use crate::id::{EvpId, Token};
use crate::smartcamera::{Kind, Size};

/// `POST /api/v1/evp/devices`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolCamera {
    /// What people call it, 1 to 64 characters.
    pub name: String,
    /// Its certificate, in PEM form. Without one, and without `qr`, it gets a user and a password.
    #[serde(default)]
    pub certificate: Option<String>,
    /// It enrols itself: it looks at a code, and comes with a certificate that is not known yet.
    #[serde(default)]
    pub qr: Option<QrWanted>,
    /// What its models make, where the settings of its apps do not say it.
    #[serde(default)]
    pub results: Option<Results>,
}

/// What a camera that looks at a code is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QrWanted {
    /// Name or address of this server, as the camera reaches it.
    pub host: String,
    /// The port that cameras connect to.
    pub port: u16,
    /// The wireless network it should join.
    #[serde(default)]
    pub ssid: Option<String>,
    /// The password of that.
    #[serde(default)]
    pub password: Option<String>,
    /// A server of time.
    #[serde(default)]
    pub ntp: Option<String>,
}

/// What the models of a camera make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// The kind; none: told from the shape of each message.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// The size of the model's input, in which places are counted.
    pub size: Size,
}

/// A camera that was enrolled, and what only its owner is told, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnrolledCamera {
    /// The camera.
    pub camera: Camera,
    /// The user name it connects with.
    pub user: String,
    /// The password it connects with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub password: Option<Token>,
    /// Text of the code that it looks at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
}

/// How a camera proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// By a password.
    Password,
    /// By a certificate.
    Certificate,
    /// It has not come yet with the secret from its code.
    Enrolling,
    /// It cannot any more.
    Revoked,
}

/// A camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Camera {
    /// Its id, and its user name.
    #[schema(value_type = String)]
    pub id: EvpId,
    /// What people call it.
    pub name: String,
    /// How it proves who it is.
    pub proof: Proof,
    /// Whether it is connected now.
    pub connected: bool,
    /// How it speaks, since it was here.
    pub dialect: Option<Dialect>,
    /// What it says of itself: system, agent, version.
    #[schema(value_type = Option<Object>)]
    pub info: Option<Value>,
    /// What should run on it.
    pub deployment: Option<Deployment>,
    /// How it is with what it was told last.
    pub status: Option<Status>,
    /// Whether it reports to run what it should; true where nothing is wanted.
    pub in_sync: bool,
    /// What its models make, where that was said.
    pub results: Option<Results>,
    /// When it was enrolled: Unix time in milliseconds.
    pub created_ms: u64,
    /// When it was heard of last, to the minute.
    pub seen_ms: Option<u64>,
}

/// `GET /api/v1/evp/devices`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cameras {
    /// By name.
    pub cameras: Vec<Camera>,
}

/// `PUT /api/v1/evp/devices/{id}/settings/{instance}/{topic}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutSetting {
    /// Text goes as it is; anything else as JSON. Objects for `$system` get a number, which the answer tells.
    #[schema(value_type = Object)]
    pub value: Value,
}

/// What became of a setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SettingKept {
    /// Whether the camera is connected, and so was told at once.
    pub sent: bool,
    /// The number that the camera's answer, a state of the same topic, will name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// A setting, or a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Named {
    /// The instance; `$system` is the camera itself.
    pub instance: String,
    /// The topic.
    pub topic: String,
    /// Its value: JSON where it is that, else text.
    #[schema(value_type = Object)]
    pub value: Value,
    /// When it was reported: Unix time in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_ms: Option<u64>,
}

/// Both halves of a twin, by instance and topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Twin {
    /// Settings that are wanted.
    pub desired: Vec<Named>,
    /// States that were reported.
    pub reported: Vec<Named>,
}

/// `POST /api/v1/evp/devices/{id}/commands`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallMethod {
    /// The instance; `$system` is the camera itself.
    pub instance: String,
    /// Its method.
    pub method: String,
    /// What the method gets.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub params: Value,
    /// How long to wait for an answer, 1 to 90 seconds; 30 where it is not said.
    #[serde(default)]
    pub timeout_s: Option<u32>,
}

/// Code for cameras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CameraModule {
    /// SHA-256 of its bytes, in hex: what deployments name it by.
    pub sha256: String,
    /// What people call it.
    pub name: String,
    /// How many bytes.
    pub bytes: u64,
    /// When it came: Unix time in milliseconds.
    pub created_ms: u64,
}

/// `GET /api/v1/evp/modules`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CameraModules {
    /// The newest first.
    pub modules: Vec<CameraModule>,
}

/// A file that a camera brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CameraFile {
    /// Its name: instance, and what the instance calls it.
    pub name: String,
    /// How many bytes.
    pub bytes: u64,
    /// When it came: Unix time in milliseconds.
    pub uploaded_ms: u64,
}

/// `GET /api/v1/evp/devices/{id}/files`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CameraFiles {
    /// The newest first, at most 1,000.
    pub files: Vec<CameraFile>,
}
