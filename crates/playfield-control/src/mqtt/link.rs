//! Links for devices: what they may get or bring, until when. A link says all of that itself, and a seal that only we can make
//! keeps it from being changed or guessed; so none is written down, and one of a device that was revoked is refused by that.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use playfield_core::id::EvpId;

use super::Mqtt;
use crate::secret::{derive, hash, same};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// To get a module.
    Get,
    /// To bring a file.
    Put,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub verb: Verb,
    pub device: EvpId,
    /// Unix time in milliseconds.
    pub expires_ms: u64,
    /// The module's SHA-256, or the file's name.
    pub name: String,
}

/// Longest link that is looked at.
const MOST: usize = 2048;

impl Mqtt {
    /// The address of a link.
    pub(crate) fn address(&self, link: &Link) -> String {
        let verb = if link.verb == Verb::Get { "get" } else { "put" };
        let text = format!("{verb}\n{}\n{}\n{}", link.device, link.expires_ms, link.name);
        format!("{}/evp/{}.{}", self.url(), URL_SAFE_NO_PAD.encode(&text), self.seal(&text))
    }

    /// Reads the last part of an address. None: it is not ours, or its time is over.
    pub(crate) fn link(&self, path: &str, now_ms: u64) -> Option<Link> {
        let (text, seal) = path.split_once('.').filter(|_| path.len() <= MOST)?;
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        if !same(&hash(self.seal(&text).as_bytes()), &hash(seal.as_bytes())) {
            return None;
        }
        let mut parts = text.splitn(4, '\n');
        let verb = if parts.next()? == "get" { Verb::Get } else { Verb::Put };
        let (device, expires_ms) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let link = Link { verb, device, expires_ms, name: parts.next()?.to_owned() };
        (now_ms < expires_ms).then_some(link)
    }

    fn seal(&self, text: &str) -> String {
        derive(&self.secret, &hash(b"evp link"), text).reveal().to_owned()
    }
}
