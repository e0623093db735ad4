//! A recording of a model that ran on a sensor: its tensors, and its pictures where they were kept.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use playfield_core::camera::Coding;
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::recording::{Head, MOST_LINE, Output, Recorded};

use super::{Inferred, NoPicture, Source, Tape, called};
use crate::camera::decode::{Codecs, Decode};

/// A recording that is played at its own speed.
pub(super) struct Replay {
    path: PathBuf,
    once: bool,
    lines: BufReader<File>,
    jpeg: Box<dyn Decode>,
    size: [u16; 2],
    tape: Tape,
    /// What comes next; none: nothing does.
    next: Option<Recorded>,
    /// Why there is none next, if it is not the end.
    broken: Option<String>,
    shown: Vec<Output>,
    count: u64,
}

impl Replay {
    pub fn open(path: &Path, once: bool, codecs: Codecs) -> Result<Replay, String> {
        let bad = |why: &dyn std::fmt::Display| format!("`{}`: {why}", called(path));
        let file = File::open(path).map_err(|error| bad(&error))?;
        let mut replay = Replay {
            path: path.to_owned(),
            once,
            lines: BufReader::new(file),
            jpeg: (codecs.decoder)(Coding::Jpeg)?,
            size: [0; 2],
            tape: Tape::start(),
            next: None,
            broken: None,
            shown: Vec::new(),
            count: 0,
        };
        replay.rewind()?;
        Ok(replay)
    }

    fn bad(&self, why: &dyn std::fmt::Display) -> String {
        format!("`{}`: {why}", called(&self.path))
    }

    fn rewind(&mut self) -> Result<(), String> {
        self.lines.rewind().map_err(|error| self.bad(&error))?;
        let head = self.line()?.unwrap_or_default();
        self.size = Head::read(&head).map_err(|why| self.bad(&why))?.size;
        self.tape = Tape::start();
        self.read_next();
        match (&self.next, self.broken.take()) {
            (Some(_), _) => Ok(()),
            (None, Some(why)) => Err(why),
            (None, None) => Err(self.bad(&"it has no pictures")),
        }
    }

    fn read_next(&mut self) {
        let read = self.line().and_then(|line| match line {
            Some(line) => Recorded::read(&line).map(Some).map_err(|why| self.bad(&why)),
            None => Ok(None),
        });
        (self.next, self.broken) = match read {
            Ok(next) => (next, None),
            Err(why) => (None, Some(why)),
        };
    }

    fn line(&mut self) -> Result<Option<String>, String> {
        let mut line = Vec::new();
        let read = (&mut self.lines).take(MOST_LINE as u64).read_until(b'\n', &mut line);
        read.map_err(|error| self.bad(&error))?;
        if line.len() == MOST_LINE {
            return Err(self.bad(&"a line is longer than 8 MiB"));
        }
        let text = String::from_utf8(line).map_err(|_| self.bad(&"it is not UTF-8"))?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }
}

impl Source for Replay {
    fn due(&self) -> Instant {
        let at = self.next.as_ref().map_or(Duration::ZERO, |next| Duration::from_millis(next.at_ms));
        self.tape.due(at)
    }

    fn take(&mut self, into: &mut Picture) -> Result<u64, NoPicture> {
        if let Some(why) = self.broken.take() {
            return Err(NoPicture::Bad(why));
        }
        let Some(next) = self.next.take() else {
            if self.once {
                return Err(NoPicture::Over(self.bad(&"it was played to its end")));
            }
            self.rewind().map_err(NoPicture::Bad)?;
            return Err(NoPicture::Yet);
        };
        if !self.tape.has_come(Duration::from_millis(next.at_ms)) {
            self.next = Some(next);
            return Err(NoPicture::Yet);
        }
        self.shown = next.outputs;
        self.read_next();
        let [width, height] = self.size;
        let decoded = next.jpeg.map(|jpeg| self.jpeg.decode(&jpeg, into)).transpose();
        let decoded = decoded.map_err(|why| NoPicture::Bad(self.bad(&why)))?;
        if decoded != Some(true) {
            *into = Picture::black(width, height, PixelFormat::Rgba8);
        }
        self.count += 1;
        Ok(self.count)
    }

    fn reopen(&mut self) -> Result<(), String> {
        let file = File::open(&self.path).map_err(|error| self.bad(&error))?;
        self.lines = BufReader::new(file);
        self.rewind()
    }

    fn inferred(&self) -> Option<Inferred<'_>> {
        Some(Inferred { outputs: &self.shown, size: self.size })
    }
}
