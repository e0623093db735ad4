//! What changed in a guest's state since it was saved before, as pieces of its [`Snapshot`].
//!
//! Checkpoints are made of these: a guest with much memory that touches little of it saves little.

use crate::Snapshot;

/// State is compared in pieces of so many bytes, counted from [`MEMORY_AT`] on.
pub const UNIT: usize = 512;
/// Where a guest's memory begins in its [`Snapshot`]; before it comes what the state is of.
pub const MEMORY_AT: usize = 48;
/// One call of [`crate::Guest::save_changes`] copies about this much at most, in bytes: some 100 us.
pub const ROUND: usize = 1 << 20;

/// Pieces with less than this between them are one, in bytes: writing what is between costs less than another call.
const GAP: usize = 4 << 10;

/// How a guest knows what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// The kernel notes the pages of memory that are written to. Costs by what is touched.
    Pages,
    /// Everything is compared with a copy. Costs by what there is, and the copy.
    Compare,
}

impl Tracking {
    /// Its name in logs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Tracking::Pages => "pages",
            Tracking::Compare => "compare",
        }
    }
}

/// A part of a state.
///
/// It begins at 0 or a whole number of units after [`MEMORY_AT`], and ends so too, or with the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its first byte.
    pub at: u64,
    /// How many there are.
    pub length: u64,
}

/// Pieces of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The tick after which they were taken.
    pub tick: u64,
    /// With these the state of `tick` is whole. Before, there are more to come, after later ticks.
    pub done: bool,
    /// Bytes of the whole state; counts once `done`.
    pub length: u64,
    runs: Vec<Run>,
    bytes: Vec<u8>,
}

impl Changes {
    /// Forgets the pieces and keeps their room.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.bytes.clear();
        (self.tick, self.done, self.length) = (0, false, 0);
    }

    /// Gives back room that these changes did not need: after a first save of everything.
    pub fn shrink(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(ROUND / 16);
        self.runs.clear();
        self.runs.shrink_to(ROUND / UNIT / 16);
    }

    /// Bytes of all pieces.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The pieces, and where they belong. Later ones go over earlier ones.
    pub fn pieces(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut rest = self.bytes.as_slice();
        self.runs.iter().map_while(move |run| {
            let (piece, others) = rest.split_at_checked(run.length as usize)?;
            rest = others;
            Some((run.at, piece))
        })
    }

    /// Adds a piece; it begins and ends as a [`Run`] does.
    pub fn push(&mut self, at: usize, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        self.run(at, piece.len());
    }

    fn run(&mut self, at: usize, length: usize) {
        let (at, length) = (at as u64, length as u64);
        match self.runs.last_mut() {
            Some(last) if last.at + last.length == at => last.length += length,
            _ if length == 0 => {}
            _ => self.runs.push(Run { at, length }),
        }
    }

    /// Adds the units of `new` that differ from `old`, which becomes it; `at` is where both begin. `new` is not shorter.
    pub(crate) fn compare(&mut self, at: usize, old: &mut Vec<u8>, new: &[u8]) {
        let mut last = None;
        for start in (0..old.len()).step_by(UNIT) {
            let end = (start + UNIT).min(old.len());
            if old[start..end] != new[start..end] {
                old[start..end].copy_from_slice(&new[start..end]);
                let begin = joined(&mut last, start, end);
                self.push(at + begin, &new[begin..end]);
            }
        }
        if let Some(more) = new.get(old.len()..) {
            self.push(at + old.len(), more);
            old.extend_from_slice(more);
        }
    }

    /// The room of the pieces: something written to its end is not a piece until [`Changes::keep`] says so.
    pub(crate) fn room(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Makes pieces of what was written to the room from `from` on, as far as it differs from `old`, which it becomes. It
    /// belongs to the state's end, at `at`.
    pub(crate) fn keep(&mut self, from: usize, at: usize, old: &mut Vec<u8>) {
        let (length, known) = (self.bytes.len() - from, old.len());
        old.resize(length, 0);
        let (mut kept, mut last) = (from, None);
        for start in (0..length).step_by(UNIT) {
            let end = (start + UNIT).min(length);
            let new = &self.bytes[from + start..from + end];
            if end <= known && old[start..end] == *new {
                continue;
            }
            old[start..end].copy_from_slice(new);
            let begin = joined(&mut last, start, end);
            self.bytes.copy_within(from + begin..from + end, kept);
            kept += end - begin;
            self.run(at + begin, end - begin);
        }
        self.bytes.truncate(kept);
        self.finish(at + length);
    }

    /// The state is whole with these, and so many bytes long.
    pub fn finish(&mut self, length: usize) {
        (self.done, self.length) = (true, length as u64);
    }

    /// All of a state.
    pub(crate) fn whole(&mut self, state: Snapshot) {
        self.clear();
        self.tick = state.tick;
        self.bytes = state.bytes;
        self.run(0, self.bytes.len());
        self.finish(self.bytes.len());
    }

    /// Puts the pieces into the state they are changes of.
    pub fn apply(&self, to: &mut Snapshot) {
        for (at, piece) in self.pieces() {
            let (at, end) = (at as usize, at as usize + piece.len());
            if to.bytes.len() < end {
                to.bytes.resize(end, 0);
            }
            to.bytes[at..end].copy_from_slice(piece);
        }
        if self.done {
            to.bytes.resize(self.length as usize, 0);
            to.tick = self.tick;
        }
    }
}

/// Where a piece begins that goes from `start` to `end`: where the last one ended, if that is near.
fn joined(last: &mut Option<usize>, start: usize, end: usize) -> usize {
    last.replace(end).filter(|last| start - last <= GAP).unwrap_or(start)
}
