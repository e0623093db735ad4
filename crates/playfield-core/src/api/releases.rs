//! `/api/v1/releases`: models and apps that cameras and channels may name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::rollout::Kind;

/// A model, or an edge app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// Which of them.
    pub kind: Kind,
    /// What cameras and channels call it: 1 to 64 letters, digits, `-` and `_`.
    pub name: String,
    /// What it calls itself.
    pub title: String,
    /// Its version.
    pub version: String,
    /// One or two sentences.
    pub summary: String,
    /// What a model finds; of an app, nothing.
    pub labels: Vec<String>,
    /// Bytes of a model's file, or an app's module.
    pub bytes: u64,
    /// It came over the API, and may be removed there. Others lie in folders that the server's operator named.
    pub sent: bool,
    /// Cameras that are to have it now.
    pub cameras: u32,
    /// What is wrong with it, or to be known, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// `GET /api/v1/releases`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Releases {
    /// Models, then apps, by their names.
    pub releases: Vec<Release>,
}
