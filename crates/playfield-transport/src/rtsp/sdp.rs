//! What a camera offers (SDP, RFC 8866; RFC 2326, C.1).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use playfield_core::camera::Coding;

use super::RtspError;

/// Most parameter sets, and longest of one, in bytes.
const MOST_SETS: usize = 16;
const MOST_SET: usize = 4 * 1024;

/// The video that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// How it is coded.
    pub coding: Coding,
    /// RTP payload type.
    pub kind: u8,
    /// Where it is set up.
    pub control: String,
    /// Parameter sets, in Annex B form.
    pub parameters: Vec<u8>,
}

impl Media {
    /// The first video in a description that can be taken; `base` is what places in it are relative to.
    pub fn choose(sdp: &[u8], base: &str) -> Result<(Media, String), RtspError> {
        let text = String::from_utf8_lossy(sdp);
        let mut sections: Vec<Section<'_>> = vec![Section::default()];
        for line in text.lines() {
            let Some((kind, value)) = line.trim_end().split_once('=') else { continue };
            if kind == "m" {
                sections.push(Section { head: value, ..Section::default() });
            } else if kind == "a"
                && let Some(section) = sections.last_mut()
            {
                section.attributes.push(value);
            }
        }
        let session = sections.remove(0);
        let whole = session.value("control").map_or_else(|| base.to_owned(), |control| joined(base, control));
        let mut others = Vec::new();
        for section in sections.iter().filter(|section| section.head.starts_with("video")) {
            match section.media(base) {
                Ok(media) => return Ok((media, whole)),
                Err(name) => others.push(name),
            }
        }
        others.truncate(4);
        let others = if others.is_empty() { "there is none".to_owned() } else { others.join(", ") };
        Err(RtspError::NoVideo(others))
    }
}

#[derive(Default)]
struct Section<'a> {
    head: &'a str,
    attributes: Vec<&'a str>,
}

impl<'a> Section<'a> {
    fn value(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find_map(|attribute| attribute.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    /// The video of this section, or the name of its codec.
    fn media(&self, base: &str) -> Result<Media, String> {
        let mut last = "an empty list".to_owned();
        for kind in self.head.split_ascii_whitespace().skip(3).take(16) {
            let of_kind = |name: &str| {
                self.attributes.iter().find_map(|attribute| {
                    let value = attribute.strip_prefix(name)?.strip_prefix(':')?.trim_start();
                    value.strip_prefix(kind)?.strip_prefix(' ').map(str::trim)
                })
            };
            let name = of_kind("rtpmap").and_then(|map| map.split('/').next());
            let coding = match (name.map(str::to_ascii_uppercase).as_deref(), kind) {
                (Some("H264"), _) => Coding::H264,
                (Some("H265" | "HEVC"), _) => Coding::H265,
                (Some("JPEG"), _) | (None, "26") => Coding::Jpeg,
                (Some(other), _) => {
                    last = other.chars().filter(|c| c.is_ascii_graphic()).take(30).collect();
                    continue;
                }
                (None, kind) => {
                    last = format!(
                        "payload type {}",
                        kind.chars().filter(char::is_ascii_digit).take(3).collect::<String>()
                    );
                    continue;
                }
            };
            let Ok(number) = kind.parse::<u8>() else { continue };
            let control = self.value("control").map_or_else(|| base.to_owned(), |control| joined(base, control));
            let parameters = of_kind("fmtp").map(parameters).unwrap_or_default();
            return Ok(Media { coding, kind: number & 0x7f, control, parameters });
        }
        Err(last)
    }
}

/// `sprop-parameter-sets` of RFC 6184, 8.1, and `sprop-vps`, `-sps` and `-pps` of RFC 7798, 7.1.
fn parameters(fmtp: &str) -> Vec<u8> {
    let mut found = Vec::new();
    let values = fmtp.split(';').filter_map(|one| one.trim().split_once('='));
    let sets = values
        .filter(|(name, _)| matches!(*name, "sprop-parameter-sets" | "sprop-vps" | "sprop-sps" | "sprop-pps"))
        .flat_map(|(_, value)| value.split(','));
    for set in sets.take(MOST_SETS).filter(|set| set.len() <= MOST_SET) {
        if let Ok(nal) = BASE64_STANDARD.decode(set.trim())
            && !nal.is_empty()
        {
            found.extend_from_slice(&[0, 0, 0, 1]);
            found.extend_from_slice(&nal);
        }
    }
    found
}

/// A place, relative to another one. Cameras want them put together with a slash, whatever RFC 3986 says. One that leads to another
/// machine is asked of this one: what is spoken there is this connection.
fn joined(base: &str, control: &str) -> String {
    let control: String = control.chars().filter(char::is_ascii_graphic).take(1_024).collect();
    if control.is_empty() || control == "*" {
        return base.to_owned();
    }
    if control.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("rtsp://")) {
        return control;
    }
    format!("{}/{}", base.trim_end_matches('/'), control.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn video_is_chosen_out_of_what_real_cameras_say() {
        let sdp = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=Media\r\na=control:*\r\nm=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\n\
            m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0IAHg==,aM4=\r\n\
            a=control:trackID=2\r\n";
        let (media, whole) = Media::choose(sdp, "rtsp://cam/live/").unwrap();
        assert_eq!((media.coding, media.kind, &media.control[..]), (Coding::H264, 96, "rtsp://cam/live/trackID=2"));
        assert_eq!(media.parameters, [0, 0, 0, 1, 0x67, 0x42, 0, 0x1e, 0, 0, 0, 1, 0x68, 0xce]);
        assert_eq!(whole, "rtsp://cam/live/");
        let sdp = b"v=0\nm=video 0 RTP/AVP 26\na=control:rtsp://10.0.0.1/live/track1\n";
        let (media, whole) = Media::choose(sdp, "rtsp://cam/live").unwrap();
        assert_eq!((media.coding, media.kind, &media.control[..]), (Coding::Jpeg, 26, "rtsp://10.0.0.1/live/track1"));
        assert_eq!(whole, "rtsp://cam/live");
    }

    #[test]
    fn what_cannot_be_taken_is_named() {
        let check = |sdp: &str, expect: &str| {
            let said = Media::choose(sdp.as_bytes(), "rtsp://cam/").unwrap_err().to_string();
            assert!(said.contains(expect), "{said}");
        };
        check("", "there is none");
        check("m=audio 0 RTP/AVP 0\n", "there is none");
        check("m=video 0 RTP/AVP 96\na=rtpmap:96 VP9/90000\n", "VP9");
        check("m=video 0 RTP/AVP 97\n", "payload type 97");
    }
}
