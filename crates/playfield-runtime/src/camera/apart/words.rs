//! What a worker, a camera and the process of its app say to each other.

use std::fmt;
use std::path::PathBuf;

use playfield_core::app::Budget;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::GuestError;
use crate::confine::Rules;
use crate::wasm::Still;

/// Most bytes of a picture and of what a model made of it.
pub(super) const MOST_STILL: usize = 32 << 20;
/// Bytes that go in one message.
pub(super) const PIECE: usize = 64 << 10;

/// What the worker says, once. The socket to the camera comes with it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToApart {
    /// Begin.
    Open(Box<Opening>),
}

/// What an app's process is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// The compiled module.
    pub module: PathBuf,
    /// The folder of the camera's model, which the app may run.
    pub model: Option<PathBuf>,
    /// The folder of files that it brought along.
    pub files: Option<PathBuf>,
    /// What its process may see and use; its memory without that of the app itself, which comes on top.
    pub rules: Rules,
}

/// What the camera says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToApp {
    /// Start the app.
    Begin(Box<Begin>),
    /// A picture, and how many bytes of its tensors, of its pixels, and of those in its own size follow.
    Picture(Box<Still>, [u32; 3]),
    /// Some of them.
    Bytes(Bytes),
}

/// What the app is started with; see [`AppRules`](crate::wasm::AppRules).
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Begin {
    /// What it may say, as JSON of [`Output`](playfield_core::app::Output).
    pub output: String,
    pub budget: Budget,
    pub labels: Vec<String>,
    pub config: String,
    pub memory_limit: u64,
    pub tick_us: u64,
    pub start_unix_ms: u64,
    pub model: String,
    pub hz: u16,
    pub raw_image: bool,
}

/// What the app's process says. Every picture, and the beginning, is answered with any number of values, files and lines, and then with
/// [`FromApp::Seen`] or [`FromApp::Ended`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum FromApp {
    /// Something that the app said, as JSON.
    Value(String),
    /// So many more things that it said were refused.
    Refused(u64),
    /// A file that it uploads: its name, and how many bytes of it follow.
    Upload(String, u32),
    /// Some of them.
    Bytes(Bytes),
    /// A line of its log.
    Line(String),
    /// That is all for now.
    Seen,
    /// It has ended, and this process ends.
    Ended(End),
}

/// How an app ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum End {
    /// By itself, and well.
    Exited,
    /// It cannot be run here, and why.
    Refused(String),
    /// It was refused memory: of so many MiB.
    Memory(u64),
    /// It did not wait in time.
    Hung,
    /// By a fault.
    Trap(String),
}

impl End {
    /// By this error, after it was refused memory or not.
    pub(super) fn of(error: GuestError, memory: bool, limit_mb: u64) -> End {
        match error {
            _ if memory => End::Memory(limit_mb),
            GuestError::OutOfMemory { limit_mb } => End::Memory(limit_mb),
            GuestError::BadModule(why) => End::Refused(why),
            GuestError::Hung(_) => End::Hung,
            GuestError::Trap(why) => End::Trap(why),
            other => End::Trap(other.to_string()),
        }
    }
}

impl From<End> for GuestError {
    fn from(end: End) -> GuestError {
        match end {
            End::Exited => GuestError::Trap("it ended by itself".to_owned()),
            End::Refused(why) => GuestError::BadModule(why),
            End::Memory(limit_mb) => GuestError::OutOfMemory { limit_mb },
            End::Hung => GuestError::Hung("its work between two waits"),
            End::Trap(why) => GuestError::Trap(why),
        }
    }
}

/// Bytes that are written down as they are, and not one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Bytes;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bytes, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes(bytes))
            }
        }

        from.deserialize_bytes(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let check = |message: ToApp| {
            let bytes = postcard::to_stdvec(&message).unwrap();
            let (read, rest) = postcard::take_from_bytes::<ToApp>(&bytes).unwrap();
            assert_eq!((format!("{read:?}"), rest.len()), (format!("{message:?}"), 0));
        };
        check(ToApp::Bytes(Bytes(vec![1, 2, 255])));
        check(ToApp::Picture(Box::new(Still { image: Some(Vec::new()), ..Still::default() }), [3, 4, 5]));
    }

    #[test]
    fn an_end_is_told_apart() {
        let check = |error: GuestError, memory: bool, expect: End| {
            let end = End::of(error, memory, 8);
            assert_eq!(end, expect);
            assert_eq!(End::of(end.clone().into(), false, 8), end);
        };
        check(GuestError::Trap("x".to_owned()), false, End::Trap("x".to_owned()));
        check(GuestError::Trap("x".to_owned()), true, End::Memory(8));
        check(GuestError::OutOfMemory { limit_mb: 3 }, false, End::Memory(3));
        check(GuestError::Hung("starting"), false, End::Hung);
        check(GuestError::BadModule("y".to_owned()), false, End::Refused("y".to_owned()));
    }
}
