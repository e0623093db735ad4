//! Identifiers: short random strings that carry the kind of thing they name.
//!
//! An id is public. A [`Token`] is a secret: it prints as dots, and what is stored of it is a hash.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Letters of an id: no vowels, so no words; no look-alikes.
const ALPHABET: &[u8; 32] = b"0123456789bcdfghjkmnpqrstvwxyz_-";

/// An identifier that does not parse.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not an id of the form {prefix}-xxxxxxxxxxxx")]
pub struct BadId {
    text: String,
    prefix: &'static str,
}

fn encode(entropy: &[u8]) -> String {
    entropy.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

macro_rules! id {
    ($name:ident, $prefix:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id made from 16 bytes of randomness.
            pub fn from_entropy(entropy: [u8; 16]) -> Self {
                Self(format!(concat!($prefix, "-{}"), encode(&entropy)))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let rest = text.strip_prefix(concat!($prefix, "-")).unwrap_or("");
                let well_formed = rest.len() == 16 && rest.bytes().all(|b| ALPHABET.contains(&b));
                let bad = || BadId { text: text.chars().take(64).collect(), prefix: $prefix };
                if well_formed { Ok(Self(text.to_owned())) } else { Err(bad()) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(SessionId, "ses", "One guest and its viewers.");
id!(ViewerId, "vwr", "A connected client of one session.");
id!(GrantId, "gra", "Leave to see what a camera sees.");
id!(InviteId, "inv", "A link into a session.");
id!(DeviceId, "dev", "A camera.");
id!(CameraLinkId, "cam", "A link by which a browser is a camera.");
id!(IngestId, "ing", "One connection that brings a camera its pictures.");
id!(RuleId, "rul", "A rule on what cameras tell.");
id!(DeliveryId, "dlv", "Something that a rule did, or is to do.");
id!(NodeId, "nod", "A machine that runs sessions.");
id!(EvpId, "evp", "A camera that speaks the EVP protocol over MQTT.");

/// A secret that proves who somebody is. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// The token made from 32 bytes of randomness.
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(encode(&entropy))
    }

    /// The secret itself; for sending it to its owner and for hashing it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(...)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_text_and_a_wrong_one_is_named() {
        let id = SessionId::from_entropy([7; 16]);
        assert_eq!(id.as_str().parse::<SessionId>(), Ok(id.clone()));
        let error = "vwr-7777777777777777".parse::<SessionId>().unwrap_err();
        assert_eq!(error.to_string(), "`vwr-7777777777777777` is not an id of the form ses-xxxxxxxxxxxx");
        assert!("ses-aaaaaaaaaaaaaaaa".parse::<SessionId>().is_err(), "vowels are not in the alphabet");
    }

    #[test]
    fn a_token_does_not_print_itself() {
        assert_eq!(format!("{:?}", Token::from_entropy([1; 32])), "Token(...)");
    }
}
