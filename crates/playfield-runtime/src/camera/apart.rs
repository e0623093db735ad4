//! An app in a process of its own, next to its camera's: what it needs of the camera goes there, what it says comes back.
//!
//! AITRIOS apps are opened so. They have threads that wait for each other where nobody can end them, and the whole of such an app is
//! ended with its process.
//!
//! ```text
//!   worker             Keeper: starts it, watches its memory, ends it
//!                        |  one end of a Link to each
//!   camera's process   Apart --begin, picture--> host: AitriosApp     app's process, behind the same fence
//!                            <--values, files, lines---
//! ```
//!
//! Pictures and what is said go between the two alone. The camera does not trust the app's process more than the app: what it says is
//! held against the schema and the budget once more here, and one that breaks them ends.

pub mod host;
mod keeper;
mod words;

use std::time::Duration;

use playfield_core::app::{Budget, Schema};
use playfield_core::time::Time;
use playfield_core::upload::{MOST_UPLOAD, MOST_UPLOADS, Upload, upload_name};

pub(super) use self::keeper::Keeper;
use self::words::{Begin, Bytes, End, FromApp, MOST_STILL, PIECE, ToApp};
use crate::GuestError;
use crate::process::{Link, LinkError};
use crate::wasm::{AppRules, AppTick, Still, View};

pub use self::words::Opening;

/// How long its process may take for an answer, on top of what the app itself may take: others use the processor too.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most that comes of one picture; what is more is not listened to.
const MOST_ANSWERS: usize = 20_000;

/// An app's process, as its camera has it.
pub(super) struct Apart {
    link: Link,
    schema: Schema,
    labels: Vec<String>,
    budget: Budget,
    now: Time,
    patience: Duration,
    raw_image: bool,
    said: AppTick,
    lines: Vec<String>,
    memory_refused: bool,
}

impl Apart {
    /// Begins an app in a process that waits for it.
    pub(super) fn open(link: Link, rules: AppRules, output: String) -> Result<Apart, GuestError> {
        let AppRules { schema, budget, labels, config, memory_limit, tick, start_unix_ms, model, hz, raw_image } =
            rules;
        let begin = Begin {
            output,
            budget,
            labels: labels.clone(),
            config,
            memory_limit,
            tick_us: tick.as_micros() as u64,
            start_unix_ms,
            model,
            hz,
            raw_image,
        };
        let mut apart = Apart {
            link,
            schema,
            labels,
            budget,
            now: Time::ZERO,
            patience: PATIENCE + tick,
            raw_image,
            said: AppTick::default(),
            lines: Vec::new(),
            memory_refused: false,
        };
        apart.link.patient(PATIENCE).map_err(|error| lost(&error.into()))?;
        apart.link.send(&ToApp::Begin(Box::new(begin))).map_err(|error| lost(&error))?;
        apart.hear()?;
        Ok(apart)
    }

    /// Shows it a picture, and waits until it is done with it, or is busy for too long. After an error it is spent.
    pub(super) fn see(&mut self, view: View) -> Result<AppTick, GuestError> {
        let mut still = Still::of(view, self.raw_image);
        self.now = still.now();
        let taken = |image: &mut Option<Vec<u8>>| image.as_mut().map(std::mem::take).unwrap_or_default();
        let tensors = std::mem::take(&mut still.tensors.bytes);
        let parts = [tensors, taken(&mut still.image), taken(&mut still.raw_image)];
        if parts.iter().map(Vec::len).sum::<usize>() > MOST_STILL {
            return Err(GuestError::Trap(
                "a picture, with what its camera's model makes of it, is too much for it".to_owned(),
            ));
        }
        let lengths = [0, 1, 2].map(|nth: usize| parts[nth].len() as u32);
        let head = ToApp::Picture(Box::new(still), lengths);
        self.link.send(&head).map_err(|error| lost(&error))?;
        for piece in parts.iter().flat_map(|part| part.chunks(PIECE)) {
            self.link.send(&ToApp::Bytes(Bytes(piece.to_vec()))).map_err(|error| lost(&error))?;
        }
        self.hear()?;
        Ok(self.said())
    }

    /// What it said since it was asked last, and whether it is done.
    pub(super) fn said(&mut self) -> AppTick {
        let exited = self.said.exited;
        std::mem::replace(&mut self.said, AppTick { exited, ..AppTick::default() })
    }

    /// What it may still send: for the one that is started in its place.
    pub(super) fn budget(&self) -> Budget {
        self.budget
    }

    /// Whether it was refused memory.
    pub(super) fn was_refused_memory(&self) -> bool {
        self.memory_refused
    }

    /// Lines of its log since the last call.
    pub(super) fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// Everything up to its answer.
    fn hear(&mut self) -> Result<(), GuestError> {
        for _ in 0..MOST_ANSWERS {
            match self.link.receive(Some(self.patience)).map_err(|error| lost(&error))? {
                FromApp::Value(json) => self.let_out(&json)?,
                FromApp::Upload(name, length) => self.take_upload(&name, length)?,
                FromApp::Line(line) => self.lines.push(line),
                FromApp::Refused(times) => self.said.refused = self.said.refused.saturating_add(times),
                FromApp::Seen => return Ok(()),
                FromApp::Ended(End::Exited) => {
                    self.said.exited = true;
                    return Ok(());
                }
                FromApp::Bytes(_) => return Err(lost(&LinkError::Garbage)),
                FromApp::Ended(end) => {
                    self.memory_refused = matches!(end, End::Memory(_));
                    return Err(end.into());
                }
            }
        }
        Err(GuestError::Trap("its process does not stop to speak".to_owned()))
    }

    /// Takes a file that it uploads. Whether it may is for its camera to say, which lets go of it else: leave may have ended since it
    /// was told of it.
    fn take_upload(&mut self, name: &str, length: u32) -> Result<(), GuestError> {
        let (uploads, length) = (&mut self.said.uploads, length as usize);
        let all = length + uploads.iter().map(|file| file.bytes.len()).sum::<usize>();
        if uploads.len() == MOST_UPLOADS || all > MOST_UPLOAD {
            return Err(GuestError::Trap("its process uploads more than it may".to_owned()));
        }
        let mut bytes = Vec::new();
        while bytes.len() < length {
            match self.link.receive(Some(self.patience)).map_err(|error| lost(&error))? {
                FromApp::Bytes(Bytes(piece)) if piece.len() == PIECE.min(length - bytes.len()) => {
                    bytes.extend_from_slice(&piece);
                }
                _ => return Err(lost(&LinkError::Garbage)),
            }
        }
        uploads.push(Upload { name: upload_name(name), bytes });
        Ok(())
    }

    /// Holds what it says against what it may say.
    fn let_out(&mut self, json: &str) -> Result<(), GuestError> {
        let broken = |error| GuestError::Trap(format!("its process says what it may not say: {error}"));
        let value = self.schema.check(json.as_bytes(), &self.labels).map_err(broken)?;
        let length = value.to_string().len();
        if self.budget.take(self.now, length) {
            self.said.bytes += length as u64;
            self.said.emitted.push(value);
        } else {
            self.said.refused = self.said.refused.saturating_add(1);
        }
        Ok(())
    }
}

/// Why nothing comes of it any more.
fn lost(error: &LinkError) -> GuestError {
    match error {
        LinkError::Late => GuestError::Hung("an answer"),
        LinkError::Closed => GuestError::Trap("its process ended".to_owned()),
        error => GuestError::Trap(format!("its process cannot be spoken to: {error}")),
    }
}

#[cfg(test)]
mod tests;
