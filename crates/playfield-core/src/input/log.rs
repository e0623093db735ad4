//! Input logs: a run, written down as what changed and when. A person can write one.
//!
//! NDJSON: one JSON object a line, empty lines allowed. The first line may say what the run was opened with; each other
//! line is a change of one player (0 if not said) at the frame, the number of the picture that first shows it:
//!
//! ```text
//!   {"playfield":1,"seed":7}
//!   {"frame":30,"pad":["a","left"]}
//!   {"frame":31,"pad":["a"],"lx":-0.5}
//!   {"frame":31,"player":1,"mouse":{"x":80,"y":80,"buttons":["left"]}}
//!   {"frame":40,"keys":["KeyW"]}
//!   {"frame":41,"text":"hi","touch":[{"id":0,"x":10,"y":20}]}
//! ```
//!
//! | part | |
//! |---|---|
//! | `pad` | buttons held, by [`PadButton::name`] |
//! | `lx ly rx ry` | sticks, -1 to 1 |
//! | `l2 r2` | how far the triggers are pulled, 0 to 1 |
//! | `keys` | keys held, by `KeyboardEvent.code` |
//! | `mouse` | `x y` in pixels of the picture, `buttons` held; `dx dy` and `wheel wheelX` (120 a notch) |
//! | `touch` | all fingers on the picture |
//! | `text` | typed text |
//! | `connected` | false: the player is gone from this frame on |
//!
//! A part that is given replaces that part, one that is not given stays; each entry of `mouse` is a part. `dx dy wheel
//! wheelX text` are for their frame only. Player 0 is there from the start, another from the first line that names it.
//! Frames never go backwards; of two lines with the same frame, player and part the later one counts.
//!
//! [`PadButton::name`]: super::PadButton::name

mod line;
mod record;

use super::TickInput;
use line::{Header, Line};

pub use record::Recorder;

/// Largest log, in bytes.
pub const MAX_LOG: usize = 256 << 20;

/// A log that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input log, line {line}: {problem}")]
pub struct LogError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// A run's inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputLog {
    /// Seeds what the guest gets as random.
    pub seed: u64,
    /// When the guest believes it started: Unix time in milliseconds.
    pub start_unix_ms: u64,
    lines: Vec<Line>,
}

impl InputLog {
    /// Reads a log.
    pub fn parse(text: &str) -> Result<InputLog, LogError> {
        if text.len() > MAX_LOG {
            return Err(LogError { line: 1, problem: format!("the log is over {} MiB", MAX_LOG >> 20) });
        }
        let mut log = InputLog::default();
        let mut first = true;
        for (number, text) in (1..).zip(text.lines()) {
            if text.trim().is_empty() {
                continue;
            }
            let fail = |problem| LogError { line: number, problem };
            if std::mem::take(&mut first)
                && let Some(header) = Header::read(text).map_err(fail)?
            {
                (log.seed, log.start_unix_ms) = (header.seed, header.start_unix_ms);
                continue;
            }
            let line = Line::read(text).map_err(fail)?;
            if let Some(last) = log.lines.last().map(|last| last.frame).filter(|last| *last > line.frame) {
                let problem = format!("frame {} comes after frame {last}; sort the lines by frame", line.frame);
                return Err(fail(problem));
            }
            log.lines.push(line);
        }
        Ok(log)
    }

    /// The frame of the last change; 0 if there is none.
    pub fn last_frame(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.frame)
    }

    /// Walks through the log from its first frame.
    pub fn cursor(&self) -> Cursor<'_> {
        let mut state = TickInput::default();
        state.players[0].connected = true;
        Cursor { log: self, next: 0, frame: 0, state }
    }
}

/// A place in a log, and the inputs there.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    log: &'a InputLog,
    next: usize,
    frame: u64,
    state: TickInput,
}

impl Cursor<'_> {
    /// What the guest sees when it makes picture `frame`. Going back starts over from the first line.
    pub fn at(&mut self, frame: u64) -> &TickInput {
        if frame == self.frame {
            return &self.state;
        }
        if frame < self.frame {
            *self = self.log.cursor();
        }
        self.frame = frame;
        self.end_frame();
        while let Some(line) = self.log.lines.get(self.next).filter(|line| line.frame <= frame) {
            let player = &mut self.state.players[line.seat()];
            line.apply(player, line.frame == frame);
            self.next += 1;
        }
        &self.state
    }

    /// Drops what is for one frame only.
    fn end_frame(&mut self) {
        for player in &mut self.state.players {
            player.text.clear();
            let pointer = &mut player.pointer;
            (pointer.dx, pointer.dy, pointer.wheel_x, pointer.wheel_y) = (0, 0, 0, 0);
        }
    }
}

#[cfg(test)]
mod tests;
