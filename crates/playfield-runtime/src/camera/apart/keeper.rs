//! The worker's side of an app's process: starts it, watches it, ends it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::words::{Opening, ToApart};
use crate::confine::resident;
use crate::process::{End, Link, Process};

/// Most memory of an app, in MiB: what its manifest may ask for.
const MOST_MEMORY_MB: u32 = 64;
/// The next one is not started sooner than so long after the one before, whoever asks.
const APART: Duration = Duration::from_millis(500);
/// How long an app has from the time that its camera lets go of it: what `limits.tick_ms` gives it, and some.
const ENDS: Duration = Duration::from_millis(1_700);
/// How long one that its camera takes for ended may take to be gone.
const GONE: Duration = Duration::from_millis(500);

/// The process of a camera's app.
#[derive(Debug)]
pub(crate) struct Keeper {
    program: PathBuf,
    opening: Option<Opening>,
    process: Option<Process>,
    started: Option<Instant>,
    memory_limit: u64,
    /// It was ended for the memory that it took.
    took_too_much: bool,
}

impl Keeper {
    /// For an app of this kind; none: the camera has no such app.
    pub(crate) fn new(program: &Path, opening: Option<Opening>) -> Keeper {
        Keeper {
            program: program.to_owned(),
            opening,
            process: None,
            started: None,
            memory_limit: 0,
            took_too_much: false,
        }
    }

    /// Starts one, and ends the one before: the camera's end of the socket between both.
    pub(crate) fn start(&mut self, memory_mb: u32) -> io::Result<OwnedFd> {
        let Some(opening) = &self.opening else { return Err(io::Error::other("its camera has no such app")) };
        if self.started.is_some_and(|at| at.elapsed() < APART) {
            return Err(io::Error::other("the one before was started a moment ago"));
        }
        (self.process, self.started, self.took_too_much) = (None, Some(Instant::now()), false);
        let mut opening = opening.clone();
        opening.rules.memory_limit += u64::from(memory_mb.min(MOST_MEMORY_MB)) << 20;
        self.memory_limit = opening.rules.memory_limit;
        let mut process = Process::start(&self.program, "app")?;
        let (ours, theirs) = Link::pair()?;
        let sent = process.link().send_with(&ToApart::Open(Box::new(opening)), Some(theirs.as_fd()));
        sent.map_err(io::Error::other)?;
        self.process = Some(process);
        Ok(ours.into_socket())
    }

    /// Lines that its process wrote, and whether it takes too much memory.
    pub(crate) fn watch(&mut self, look: bool, line: impl FnMut(&str)) {
        let Some(process) = &mut self.process else { return };
        process.lines(line);
        if look && resident(process.id()).is_some_and(|bytes| bytes > self.memory_limit) {
            (self.process, self.took_too_much) = (None, true);
        }
    }

    /// How the last one ended, whom its camera does not hear any more: whether it was for memory, and in words, unless it was well.
    pub(crate) fn ended(&mut self) -> (bool, Option<String>) {
        if self.took_too_much {
            return (true, Some(format!("was ended: it took more than {} MiB", self.memory_limit >> 20)));
        }
        let Some(mut process) = self.process.take() else { return (false, Some("is gone".to_owned())) };
        let words = match process.end(GONE) {
            Some(End::Exit(0)) => return (false, None),
            Some(end) => end.words(),
            None => "did not end and was killed".to_owned(),
        };
        let said = process.last_words();
        (false, Some(if said.is_empty() { words } else { format!("{words}; it last said: {said}") }))
    }
}

impl Drop for Keeper {
    /// Its camera is gone, so it was told to end.
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            process.end(ENDS);
        }
    }
}
