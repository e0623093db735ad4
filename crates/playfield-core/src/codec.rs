//! What codes video, as far as anybody has a choice.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What video is coded as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// ITU-T H.264: every browser with video decodes it, many by hardware.
    #[default]
    H264,
    /// AV1: for text and windows, where the node was built with it and the viewer decodes it; others get H.264.
    Av1,
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Codec::H264 => "h264",
            Codec::Av1 => "av1",
        })
    }
}

/// A library that codes H.264.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum H264Library {
    /// Cisco's, under a BSD licence; every build has it.
    #[default]
    OpenH264,
    /// VideoLAN's, under the GPL; a build has it if its maker asked for it.
    X264,
}

impl fmt::Display for H264Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            H264Library::OpenH264 => "openh264",
            H264Library::X264 => "x264",
        })
    }
}
