//! How a camera is told who asks: Basic (RFC 7617) and Digest (RFC 2617, RFC 7616), as RFC 2326 takes them from HTTP.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::md5;

/// What a camera asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Digest { realm: String, nonce: String, opaque: Option<String>, algorithm: Algorithm, qop: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
}

impl Challenge {
    /// The best of what the values of `WWW-Authenticate` offer.
    pub fn best<'a>(values: impl Iterator<Item = &'a str>) -> Option<Challenge> {
        let rank = |challenge: &Challenge| match challenge {
            Challenge::Basic => 0,
            Challenge::Digest { algorithm: Algorithm::Md5, .. } => 1,
            Challenge::Digest { algorithm: Algorithm::Sha256, .. } => 2,
        };
        values.filter_map(Challenge::read).max_by_key(rank)
    }

    fn read(value: &str) -> Option<Challenge> {
        let (scheme, rest) = value.trim().split_once([' ', '\t']).unwrap_or((value.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Challenge::Basic);
        }
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let (mut realm, mut nonce, mut opaque, mut algorithm, mut qop) = (None, None, None, Algorithm::Md5, false);
        for (name, value) in parameters(rest) {
            match &name.to_ascii_lowercase()[..] {
                "realm" => realm = Some(value),
                "nonce" => nonce = Some(value),
                "opaque" => opaque = Some(value),
                "qop" => qop = value.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")),
                "algorithm" if value.eq_ignore_ascii_case("md5") => {}
                "algorithm" if value.eq_ignore_ascii_case("sha-256") => algorithm = Algorithm::Sha256,
                "algorithm" => return None,
                _ => {}
            }
        }
        Some(Challenge::Digest { realm: realm?, nonce: nonce?, opaque, algorithm, qop })
    }

    /// The value of `Authorization` for a request. `count` counts the requests with this challenge, from one.
    pub fn answer(&self, (user, password): &(String, String), method: &str, uri: &str, count: u32, own: u64) -> String {
        let Challenge::Digest { realm, nonce, opaque, algorithm, qop } = self else {
            return format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        };
        let hash = |text: String| match algorithm {
            Algorithm::Md5 => md5::hex(text.as_bytes()),
            Algorithm::Sha256 => Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let (who, what) = (hash(format!("{user}:{realm}:{password}")), hash(format!("{method}:{uri}")));
        let (count, own) = (format!("{count:08x}"), format!("{own:016x}"));
        let response = match qop {
            true => hash(format!("{who}:{nonce}:{count}:{own}:auth:{what}")),
            false => hash(format!("{who}:{nonce}:{what}")),
        };
        let user = quoted(user);
        let mut value = format!(
            r#"Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}""#
        );
        if *algorithm == Algorithm::Sha256 {
            value.push_str(", algorithm=SHA-256");
        }
        if let Some(opaque) = opaque {
            // Writing to a string does not fail.
            let _ = write!(value, r#", opaque="{opaque}""#);
        }
        if *qop {
            let _ = write!(value, r#", qop=auth, nc={count}, cnonce="{own}""#);
        }
        value
    }
}

fn quoted(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .flat_map(|c| (c == '"' || c == '\\').then_some('\\').into_iter().chain([c]))
        .collect()
}

/// `name=value` and `name="value"`, with commas between them. Quoted values are kept as they are written, since they go back so.
fn parameters(mut rest: &str) -> impl Iterator<Item = (&str, String)> {
    std::iter::from_fn(move || {
        let (name, after) = rest.trim_start_matches([' ', '\t', ',']).split_once('=')?;
        let after = after.trim_start();
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut escaped = false;
                let end = quoted.find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                })?;
                (&quoted[..end], &quoted[end + 1..])
            }
            // It goes back between quotation marks, and must not end them.
            None => match after.split_at(after.find(',').unwrap_or(after.len())) {
                (value, _) if value.contains(['"', '\\']) => return None,
                split => split,
            },
        };
        rest = left;
        Some((name.trim(), value.trim().to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> (String, String) {
        ("Mufasa".to_owned(), "Circle Of Life".to_owned())
    }

    #[test]
    fn the_examples_of_the_standards() {
        let challenge = |value: &str| Challenge::best([value].into_iter()).unwrap();
        let basic = challenge("Basic realm=\"cam\"").answer(
            &("Aladdin".to_owned(), "open sesame".to_owned()),
            "DESCRIBE",
            "rtsp://cam/",
            1,
            7,
        );
        assert_eq!(basic, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        // RFC 2069's example as its errata have it: without `qop`.
        let old = challenge(
            r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#,
        );
        let said = old.answer(&("Mufasa".to_owned(), "CircleOfLife".to_owned()), "GET", "/dir/index.html", 1, 7);
        assert!(said.contains(r#"response="1949323746fe6a43ef61f9606e7febea""#), "{said}");
        assert!(said.contains(r#"opaque="5ccc069c403ebaf9f0171e9517f40e41""#), "{said}");
    }

    #[test]
    fn what_would_end_its_quotation_marks_is_no_challenge() {
        let challenge = |value: &str| Challenge::best([value].into_iter());
        assert!(challenge(r#"Digest realm=cam, nonce=c0ffee"#).is_some());
        assert_eq!(challenge(r#"Digest realm=cam, nonce=c0ffee""#), None);
        assert_eq!(challenge(r#"Digest realm=cam\, nonce=c0ffee"#), None);
    }

    #[test]
    fn the_best_of_what_is_offered_is_taken() {
        let values = [
            r#"Basic realm="cam""#,
            r#"Digest realm="cam", nonce="a", algorithm=MD5"#,
            r#"Digest realm="ca, \"m", nonce="b", algorithm=SHA-256, qop="auth,auth-int""#,
            r#"Digest realm="cam", nonce="c", algorithm=SHA-512-256"#,
            "Bearer",
        ];
        let best = Challenge::best(values.into_iter()).unwrap();
        let realm = r#"ca, \"m"#.to_owned();
        let expect =
            Challenge::Digest { realm, nonce: "b".to_owned(), opaque: None, algorithm: Algorithm::Sha256, qop: true };
        assert_eq!(best, expect);
        let said = best.answer(&login(), "PLAY", "rtsp://cam/", 2, 7);
        assert!(said.contains(r#"nc=00000002, cnonce="0000000000000007""#), "{said}");
        assert_eq!(Challenge::best([r#"Digest realm="cam"#, "Digest", ""].into_iter()), None);
    }
}
