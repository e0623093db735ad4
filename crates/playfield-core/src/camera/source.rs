//! Where a camera's pictures come from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::url::CameraUrl;

/// Longest path, in bytes.
pub const LONGEST_PATH: usize = 1_024;

/// Where pictures come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum Source {
    /// A street that is drawn, with people and vehicles in it.
    Scene {
        /// Another seed is another street; none: the one that is shown to newcomers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// The pictures of a folder (`.jpg`, `.jpeg`, `.png`), in the order of their names, `hz` of them a second.
    Folder {
        /// The folder: below one that the server's `camera_files` names, or the name of one there.
        path: String,
        /// After the last picture it is over; otherwise it begins anew, with what the folder has then.
        #[serde(default)]
        once: bool,
    },
    /// A video file: Motion JPEG or H.264, in AVI or MP4, or bare (`.mjpeg`, `.h264`). It plays at its own speed, and `hz` of its
    /// pictures a second are looked at; what is bare has no speed, and gives `hz` pictures a second.
    File {
        /// The file: below a folder that the server's `camera_files` names, or the name of one there.
        path: String,
        /// After the last picture it is over; otherwise it begins anew.
        #[serde(default)]
        once: bool,
    },
    /// A camera on the network, by RTSP (RFC 2326): H.264 or Motion JPEG, over the RTSP connection itself.
    Rtsp {
        /// Where it is: `rtsp://user:password@host:port/path`. The password is kept, and told as `***`.
        url: CameraUrl,
    },
    /// A recording of the model that ran on a sensor (`core::recording`), at its own speed: its tensors are read by the camera's
    /// `model`, which runs nowhere else.
    Tensors {
        /// The recording: below a folder that the server's `camera_files` names, or the name of one there.
        path: String,
        /// After the last picture it is over; otherwise it begins anew.
        #[serde(default)]
        once: bool,
    },
    /// A camera of this machine, by Video4Linux: Motion JPEG or YUYV.
    V4l2 {
        /// Its device, which the server's `camera_files` must name: `/dev/video0`.
        device: String,
    },
    /// The camera of a browser, or whatever else sends by WHIP (RFC 9725), with a link to this camera: H.264, as it comes.
    Browser {},
}

/// How a picture is coded that a source hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Coding {
    /// ITU-T T.81.
    Jpeg,
    /// PNG.
    Png,
    /// ITU-T H.264, access units in Annex B form.
    H264,
    /// ITU-T H.265, access units in Annex B form.
    H265,
}

impl Coding {
    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Coding::Jpeg => "JPEG",
            Coding::Png => "PNG",
            Coding::H264 => "H.264",
            Coding::H265 => "H.265",
        }
    }
}

impl Source {
    /// Checks what no type does. A sentence says what is wrong and what would be right.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Source::Scene { .. } | Source::Browser {} => Ok(()),
            Source::Folder { path, .. } | Source::File { path, .. } | Source::Tensors { path, .. } => check_path(path),
            Source::V4l2 { device } => {
                let number = device.strip_prefix("/dev/video").filter(|number| (1..=3).contains(&number.len()));
                let is_one = number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
                is_one.then_some(()).ok_or_else(|| "`source.device` must be a device such as /dev/video0".to_owned())
            }
            Source::Rtsp { url } if url.is_hidden() => {
                Err("`source.url` has `***` for its password: say it, since the user or the place is another"
                    .to_owned())
            }
            Source::Rtsp { url } => url.parts().map(drop).map_err(|problem| format!("`source.url` {problem}")),
        }
    }

    /// The file or folder that it reads, as whoever set it up names it.
    pub fn path(&self) -> Option<&str> {
        match self {
            Source::Scene { .. } | Source::Rtsp { .. } | Source::Browser {} => None,
            Source::Folder { path, .. } | Source::File { path, .. } | Source::Tensors { path, .. } => Some(path),
            Source::V4l2 { device } => Some(device),
        }
    }
}

impl Source {
    /// Whether its pictures are handed in from the network, coded: its process has none.
    pub const fn is_fed(&self) -> bool {
        matches!(self, Source::Rtsp { .. } | Source::Browser {})
    }

    /// The source as it may be told: without a password.
    pub fn told(&self) -> Source {
        match self {
            Source::Rtsp { url } => Source::Rtsp { url: url.told() },
            other => other.clone(),
        }
    }

    /// The source, with what [`Source::told`] hid of `old` if that came back.
    pub fn keep_secrets(self, old: &Source) -> Source {
        match (self, old) {
            (Source::Rtsp { url }, Source::Rtsp { url: old }) => Source::Rtsp { url: url.keep_password(old) },
            (other, _) => other,
        }
    }
}

fn check_path(path: &str) -> Result<(), String> {
    if path.is_empty() || path.len() > LONGEST_PATH || path.chars().any(char::is_control) {
        return Err(format!("`source.path` must be a path of 1 to {LONGEST_PATH} bytes"));
    }
    if path.split('/').any(|part| part == "..") {
        return Err("`source.path` must not have `..` in it".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_cannot_be_is_refused_in_a_sentence() {
        let check = |json: &str, expect: Option<&str>| {
            let said = match serde_json::from_str::<Source>(json) {
                Ok(source) => source.check().err(),
                Err(error) => Some(error.to_string()),
            };
            let fits = |expect: &str| said.as_ref().is_some_and(|said| said.contains(expect));
            assert!(expect.map_or(said.is_none(), fits), "{said:?} for {json}");
        };
        check(r#"{"kind": "scene"}"#, None);
        check(r#"{"kind": "folder", "path": "/srv/pictures"}"#, None);
        check(r#"{"kind": "file", "path": "yard.mp4", "once": true}"#, None);
        check(r#"{"kind": "folder", "path": ""}"#, Some("`source.path`"));
        check(r#"{"kind": "file", "path": "/srv/../etc/passwd"}"#, Some("`..`"));
        check(r#"{"kind": "file"}"#, Some("path"));
        check(r#"{"kind": "folder", "path": "a", "loop": true}"#, Some("loop"));
        check(r#"{"kind": "rtsp", "url": "rtsp://me:secret@cam/1"}"#, None);
        check(r#"{"kind": "rtsp", "url": "rtsp://me:***@cam/1"}"#, Some("`source.url` has `***`"));
        check(r#"{"kind": "rtsp", "url": "http://cam/1"}"#, Some("`source.url` must begin with rtsp://"));
        check(r#"{"kind": "tensors", "path": "yard.jsonl"}"#, None);
        check(r#"{"kind": "v4l2", "device": "/dev/video0"}"#, None);
        check(r#"{"kind": "v4l2", "device": "/dev/sda"}"#, Some("`source.device`"));
        check(r#"{"kind": "v4l2", "device": "/dev/video../sda"}"#, Some("`source.device`"));
        check(r#"{"kind": "browser"}"#, None);
        check(r#"{"kind": "browser", "url": "https://cam"}"#, Some("url"));
        check(r#"{"kind": "telepathy"}"#, Some("telepathy"));
    }
}
