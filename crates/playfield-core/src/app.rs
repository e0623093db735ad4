//! Edge apps: what a module next to a camera may ask for, and how little of it can leave.
//!
//! An app is a WebAssembly module that is called once for each picture of its camera, and told what was understood of it. What it
//! makes of that it may say, within three walls that its host keeps:
//!
//! ```text
//!   app --emit(JSON)--> Schema: declared fields alone, numbers in declared steps, no text --> Budget: bytes a minute --> leaves
//!                          |                                                                    |
//!                          '---------------------- Refusal: a code for the app -----------------'
//! ```
//!
//! So what an app can send is bounded in bits, whatever it has seen: an object is one of [`Schema::bits`], a minute holds at most
//! [`Manifest::bits_per_minute`]. Order of fields, spaces, repeated keys and digits beyond the step do not leave. That it fails is
//! told too, in a few words of ours, and [`Restarts`] bounds how often.

pub mod aitrios;
mod budget;
mod manifest;
mod package;
mod restarts;
mod schema;
mod status;
#[cfg(test)]
mod tests;

pub use budget::{Budget, ENVELOPE};
pub use manifest::{FILE, Limits, Manifest, ManifestError, Output};
pub use package::{FILES, Package};
pub use restarts::Restarts;
pub use schema::{Field, MOST_OBJECT, Refusal, Schema};
pub use status::{AppState, AppStatus, Emitted, coarse};

/// The picture, its settings, and the one way out.
pub const CAMERA: &str = "playfield:camera@1";
/// What was understood of the picture.
pub const INFER: &str = "playfield:infer@1";

/// All that an app may import. What else titles have would be another way out (sound, pictures, stored values, marked moments), or
/// is nobody's here (players).
const OFFERED: [&str; 4] = ["playfield:host@1", "playfield:log@1", CAMERA, INFER];

/// Whether a module that imports these groups is an edge app.
pub fn is_app(groups: &[String]) -> bool {
    groups.iter().any(|group| group == CAMERA || group == INFER || aitrios::is_group(group))
}

/// Why a module that imports these groups is no title; none: it is one.
pub fn refuse_title(groups: &[String]) -> Option<String> {
    let group = groups.iter().find(|group| *group == CAMERA || *group == INFER || aitrios::is_group(group))?;
    if aitrios::is_group(group) {
        return Some(format!(
            "it asks for `{group}`, which a title does not get: it is an AITRIOS edge app, and runs next to a camera"
        ));
    }
    Some(format!("it asks for `{group}`, which a title does not get: it is an edge app, and runs next to a camera"))
}

/// Why a module that imports these groups is no edge app; none: it is one.
pub fn refuse_app(groups: &[String]) -> Option<String> {
    let group = groups.iter().find(|group| !OFFERED.contains(&group.as_str()) && !aitrios::is_group(group))?;
    let offered = OFFERED.join(", ");
    Some(format!(
        "it asks for `{group}`, which an edge app does not get: what it says leaves by `emit` alone; it gets {offered}"
    ))
}
