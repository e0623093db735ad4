//! Where a camera is found on the network: an RTSP URL (RFC 2326, 3.2), which may have a password in it.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest URL, in bytes.
pub const LONGEST_URL: usize = 1_024;
/// What stands for a password where it is told.
const HIDDEN: &str = "***";
/// RTSP's own port.
const PORT: u16 = 554;

/// An `rtsp://` URL. `Debug` and `Display` never show its password; [`CameraUrl::reveal`] does.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct CameraUrl(String);

/// What a [`CameraUrl`] says.
#[derive(Clone, PartialEq, Eq)]
pub struct UrlParts {
    /// User name and password.
    pub login: Option<(String, String)>,
    /// A name or an address; one of IPv6 without its brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The URL as it is asked for: without user name and password.
    pub asked: String,
}

impl CameraUrl {
    /// The URL with its password: for whoever connects, and for keeping it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The URL as it may be told: with `***` for its password.
    pub fn told(&self) -> CameraUrl {
        let Some((before, after)) = self.password() else { return self.clone() };
        CameraUrl(format!("{}{HIDDEN}{}", &self.0[..before], &self.0[after..]))
    }

    /// The URL, with the password of `old` if it was sent back as it was told. Another user or another host gets no old password.
    pub fn keep_password(self, old: &CameraUrl) -> CameraUrl {
        let hidden = self.password().is_some_and(|(from, to)| &self.0[from..to] == HIDDEN);
        let known = old.password();
        let (Some((from, to)), Some((old_from, old_to))) = (self.password().filter(|_| hidden), known) else {
            return self;
        };
        let same_door = match (self.parts(), old.parts()) {
            (Ok(new), Ok(old)) => {
                let user = |parts: &UrlParts| parts.login.as_ref().map(|(user, _)| user.clone());
                user(&new) == user(&old) && (&new.host, new.port) == (&old.host, old.port)
            }
            _ => false,
        };
        if !same_door {
            return self;
        }
        CameraUrl(format!("{}{}{}", &self.0[..from], &old.0[old_from..old_to], &self.0[to..]))
    }

    /// Whether it still has `***` where a password belongs.
    pub fn is_hidden(&self) -> bool {
        self.password().is_some_and(|(from, to)| &self.0[from..to] == HIDDEN)
    }

    /// Reads it. A sentence says what is wrong and what would be right.
    pub fn parts(&self) -> Result<UrlParts, String> {
        let example = "such as rtsp://user:password@192.0.2.7:554/stream";
        if self.0.len() > LONGEST_URL || !self.0.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("must be at most {LONGEST_URL} visible ASCII characters, {example}"));
        }
        let (scheme, rest) = self.0.split_once("://").ok_or_else(|| format!("must be a URL, {example}"))?;
        if !scheme.eq_ignore_ascii_case("rtsp") {
            return Err(format!("must begin with rtsp://, {example}"));
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => {
                rest.split_once(']').ok_or_else(|| format!("has a `[` without a `]`; it must be {example}"))?
            }
            None => place.split_at(place.find(':').unwrap_or(place.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port > 0),
            None => port.is_empty().then_some(PORT),
        };
        let port = port.ok_or_else(|| format!("has a port that is none; it must be {example}"))?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:%".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_name) {
            return Err(format!("has no host; it must be {example}"));
        }
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            (decoded(user), decoded(password))
        });
        let asked = format!("rtsp://{place}{path}");
        Ok(UrlParts { login, host: host.to_owned(), port, asked })
    }

    /// From where to where the password is.
    fn password(&self) -> Option<(usize, usize)> {
        let from = self.0.find("://")? + 3;
        let rest = &self.0[from..];
        let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
        // Whoever writes an `@` into a password must not see the rest of it told.
        let at = authority.rfind('@')?;
        let colon = rest[..at].find(':')?;
        Some((from + colon + 1, from + at))
    }
}

impl From<String> for CameraUrl {
    fn from(text: String) -> CameraUrl {
        CameraUrl(text)
    }
}

impl fmt::Display for CameraUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told().0)
    }
}

impl fmt::Debug for CameraUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CameraUrl({self})")
    }
}

impl fmt::Debug for UrlParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UrlParts({})", self.asked)
    }
}

/// Percent-encoding undone (RFC 3986, 2.1); what is none stays.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> CameraUrl {
        CameraUrl::from(text.to_owned())
    }

    #[test]
    fn parts_are_read() {
        let check = |text: &str, login: Option<(&str, &str)>, host: &str, port: u16, asked: &str| {
            let parts = url(text).parts().unwrap();
            let login = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
            assert_eq!((parts.login, &parts.host[..], parts.port, &parts.asked[..]), (login, host, port, asked));
        };
        check("rtsp://cam/live", None, "cam", 554, "rtsp://cam/live");
        check("RTSP://cam:8554", None, "cam", 8554, "rtsp://cam:8554");
        check("rtsp://me:a%40b@10.0.0.2/1?x=2", Some(("me", "a@b")), "10.0.0.2", 554, "rtsp://10.0.0.2/1?x=2");
        check("rtsp://me@[fe80::1]:99/", Some(("me", "")), "fe80::1", 99, "rtsp://[fe80::1]:99/");
    }

    #[test]
    fn what_is_none_is_refused_in_a_sentence() {
        let check = |text: &str, expect: &str| {
            let said = url(text).parts().unwrap_err();
            assert!(said.contains(expect), "{said}");
        };
        check("camera", "must be a URL");
        check("rtsps://cam/", "must begin with rtsp://");
        check("http://cam/", "must begin with rtsp://");
        check("rtsp:///live", "no host");
        check("rtsp://cam:0/", "port");
        check("rtsp://cam:x/", "port");
        check("rtsp://cam\r\nX: y/", "visible ASCII");
        check(&format!("rtsp://cam/{}", "a".repeat(LONGEST_URL)), "at most");
    }

    #[test]
    fn a_password_is_never_told() {
        let check = |text: &str, told: &str| {
            assert_eq!(url(text).to_string(), told);
            assert_eq!(format!("{:?}", url(text)), format!("CameraUrl({told})"));
        };
        check("rtsp://me:secret@cam/live", "rtsp://me:***@cam/live");
        check("rtsp://me:se:cr@t@cam/live", "rtsp://me:***@cam/live");
        check("rtsp://me@cam/live", "rtsp://me@cam/live");
        check("rtsp://cam/live?a:b@c", "rtsp://cam/live?a:b@c");
        check("rtsp://cam:99/live", "rtsp://cam:99/live");
        assert!(!format!("{:?}", url("rtsp://me:secret@cam/").parts().unwrap()).contains("secret"));
    }

    #[test]
    fn a_hidden_password_that_comes_back_is_the_one_that_was_kept_for_the_same_door() {
        let check = |new: &str, kept: &str| {
            assert_eq!(url(new).keep_password(&url("rtsp://me:secret@cam/one")).reveal(), kept);
        };
        check("rtsp://me:***@cam/one", "rtsp://me:secret@cam/one");
        check("rtsp://me:***@cam/two", "rtsp://me:secret@cam/two");
        check("rtsp://me:other@cam/one", "rtsp://me:other@cam/one");
        check("rtsp://me:***@elsewhere/one", "rtsp://me:***@elsewhere/one");
        check("rtsp://you:***@cam/one", "rtsp://you:***@cam/one");
        check("rtsp://me:***@cam:99/one", "rtsp://me:***@cam:99/one");
        assert!(url("rtsp://you:***@cam/one").is_hidden());
    }
}
