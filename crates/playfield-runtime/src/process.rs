//! A guest that is native code has a process of its own, which the worker does not trust.
//!
//! The worker starts the same program again as `playfield guest`, with one end of a [`Link`] as its standard input. They
//! speak in small messages; pictures, sound and states lie in memory that both have mapped, and are copied out before
//! they are looked at. Whatever that process does, hang, crash or lie, ends its own session only.
//!
//! ```text
//!   worker                                   guest process
//!   Guest --> Process --Link: inputs of N--> host loop --> native code
//!                 ^  <--Link: N is made----      |
//!                 |                              v
//!                 +------- copies -------- Shared: picture, sound, state
//! ```

#[allow(unsafe_code, reason = "memory that two processes share")]
mod ffi;
mod link;
mod watcher;

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

pub use ffi::Shared;
pub use link::{Link, LinkError};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
pub use watcher::Watcher;

/// Of what a guest process writes, its last bytes are kept, to be shown when it crashes.
const KEPT: usize = 4 * 1024;
/// Of them the last lines.
const LAST_LINES: usize = 5;
/// Bytes taken in at a time, and at most at once: one that floods its log waits.
const CHUNK: usize = 4 * 1024;
const MOST_CHUNKS: usize = 16;

/// A guest process, as the worker sees it. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    link: Link,
    said: Said,
}

/// How a guest process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Exit(i32),
    /// By a signal: a crash, or somebody killed it.
    Signal(i32),
}

impl Process {
    /// Starts `program guest`, without an environment.
    pub fn start(program: &Path, kind: &str) -> io::Result<Process> {
        Process::start_with(program, kind, &[])
    }

    /// The same with an environment.
    pub fn start_with(program: &Path, kind: &str, environment: &[(&str, &str)]) -> io::Result<Process> {
        let (link, theirs) = Link::pair()?;
        // Both streams go into one pipe, so that lines keep their order.
        let (read, write) = io::pipe()?;
        let mut command = Command::new(program);
        command.args(["guest", kind]).env_clear().envs(environment.iter().copied()).stdin(Stdio::from(theirs));
        let child = command.stdout(write.try_clone()?).stderr(write).spawn()?;
        let said = Said::new(OwnedFd::from(read))?;
        Ok(Process { child, link, said })
    }

    /// Where messages go and come.
    pub fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Its process id, for whoever watches what it takes.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whole lines that it wrote since the last call.
    pub fn lines(&mut self, each: impl FnMut(&str)) {
        self.said.lines(each);
    }

    /// Ends it, if it has not ended, and says how; `None`: it had to be killed by us.
    pub fn end(&mut self, patience: Duration) -> Option<End> {
        let began = std::time::Instant::now();
        while began.elapsed() < patience {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(End::of(status));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        // It has ended meanwhile, or is ended by this.
        let _ = self.child.kill();
        let _ = self.child.wait();
        None
    }

    /// The last lines it wrote, for whoever has to find out why it ended.
    pub fn last_words(&mut self) -> String {
        self.said.last_words()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

impl End {
    fn of(status: ExitStatus) -> End {
        match (status.code(), status.signal()) {
            (_, Some(signal)) => End::Signal(signal),
            (code, None) => End::Exit(code.unwrap_or_default()),
        }
    }

    /// As part of a sentence: "crashed (segmentation fault)".
    pub fn words(&self) -> String {
        match self {
            End::Exit(code) => format!("ended by itself (exit code {code})"),
            End::Signal(4) => "crashed (illegal instruction)".to_owned(),
            End::Signal(6) => "gave up (abort)".to_owned(),
            End::Signal(7) => "crashed (bus error)".to_owned(),
            End::Signal(8) => "crashed (arithmetic error)".to_owned(),
            End::Signal(9) => "was killed".to_owned(),
            End::Signal(11) => "crashed (segmentation fault)".to_owned(),
            End::Signal(31) => "was stopped at a forbidden system call".to_owned(),
            End::Signal(signal) => format!("was ended by signal {signal}"),
        }
    }
}

/// What a guest process writes to its standard output and error.
#[derive(Debug)]
struct Said {
    pipe: std::fs::File,
    /// The last bytes, whole lines but for the last.
    tail: Vec<u8>,
    /// Where in `tail` the lines begin that were not given out yet.
    fresh: usize,
}

impl Said {
    fn new(pipe: OwnedFd) -> io::Result<Said> {
        fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?;
        Ok(Said { pipe: pipe.into(), tail: Vec::new(), fresh: 0 })
    }

    fn take_in(&mut self) {
        let mut chunk = [0; CHUNK];
        for _ in 0..MOST_CHUNKS {
            match self.pipe.read(&mut chunk) {
                Ok(0) | Err(_) => break,
                Ok(len) => self.tail.extend_from_slice(&chunk[..len]),
            }
        }
    }

    fn lines(&mut self, mut each: impl FnMut(&str)) {
        self.take_in();
        while let Some(end) = self.tail[self.fresh..].iter().position(|byte| *byte == b'\n') {
            let line = &self.tail[self.fresh..self.fresh + end];
            each(String::from_utf8_lossy(line).trim_end());
            self.fresh += end + 1;
        }
        // A line without an end is given out in pieces.
        if self.tail.len() - self.fresh > KEPT {
            each(&String::from_utf8_lossy(&self.tail[self.fresh..]));
            self.fresh = self.tail.len();
        }
        let old = self.tail.len().saturating_sub(KEPT).min(self.fresh);
        self.tail.drain(..old);
        self.fresh -= old;
    }

    fn last_words(&mut self) -> String {
        self.lines(|_| {});
        let text = String::from_utf8_lossy(&self.tail);
        let text = text.trim_end();
        let from = text.rmatch_indices('\n').nth(LAST_LINES - 1).map_or(0, |(at, _)| at + 1);
        text[from..].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn said() -> (Said, io::PipeWriter) {
        let (read, write) = io::pipe().unwrap();
        (Said::new(OwnedFd::from(read)).unwrap(), write)
    }

    fn lines(said: &mut Said) -> Vec<String> {
        let mut lines = Vec::new();
        said.lines(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_come_whole_and_once() {
        let (mut said, mut write) = said();
        write.write_all(b"one\ntwo\r\nthr").unwrap();
        assert_eq!(lines(&mut said), ["one", "two"]);
        write.write_all(b"ee\n").unwrap();
        assert_eq!(lines(&mut said), ["three"]);
        assert_eq!(lines(&mut said), [""; 0]);
        assert_eq!(said.last_words(), "one\ntwo\r\nthree");
    }

    #[test]
    fn a_flood_is_taken_in_pieces_and_its_end_is_kept() {
        let (mut said, mut write) = said();
        for n in 0..1000 {
            writeln!(write, "line {n}").unwrap();
        }
        assert_eq!(lines(&mut said).len(), 1000);
        assert_eq!(said.last_words().lines().next(), Some("line 995"));
        assert!(said.tail.len() <= KEPT);
        write.write_all(&[b'x'; 10_000]).unwrap();
        assert_eq!(lines(&mut said).concat().len(), 10_000, "it has no end of line");
        assert!(said.tail.len() <= KEPT);
    }
}
