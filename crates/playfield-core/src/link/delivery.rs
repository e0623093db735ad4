//! Events that are delivered once each, in order: what a device is to send, and what is new of what came.

use std::ops::RangeInclusive;

/// Events under way that are not known to be stored.
const UNDER_WAY: u64 = 512;

/// The device's half: what it is to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The last event that is known to be in the database.
    stored: u64,
    /// The last one that was sent over this connection.
    sent: u64,
}

impl Window {
    /// On a new connection, of which the other side has all up to `stored`. What was under way on the one before is sent again.
    pub fn new(stored: u64) -> Window {
        Window { stored, sent: stored }
    }

    /// The numbers of what is to be sent now, at most `most` of them, where `newest` is the last one in the journal; none: nothing, or
    /// enough is under way.
    pub fn next(&self, newest: u64, most: u64) -> Option<RangeInclusive<u64>> {
        let last = newest.min(self.stored.saturating_add(UNDER_WAY)).min(self.sent.saturating_add(most));
        (last > self.sent).then(|| self.sent + 1..=last)
    }

    /// All up to this one are sent.
    pub fn sent(&mut self, last: u64) {
        self.sent = self.sent.max(last);
    }

    /// All up to this one are in the database: the journal need keep them no longer. Numbers that were never sent are not believed.
    pub fn stored(&mut self, seq: u64) -> u64 {
        self.stored = self.stored.max(seq.min(self.sent));
        self.stored
    }
}

/// The control plane's half: how far it is in a device's journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The journal.
    pub journal: String,
    /// The last event of it that is in the database.
    pub stored: u64,
    /// Events that never came: the journal was full, and dropped its oldest.
    pub lost: u64,
}

/// What became of an event that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is to be stored.
    New,
    /// It is in the database: it came by a connection before this one.
    Known,
}

impl Position {
    /// A device that came with this journal.
    pub fn open(self, journal: &str) -> Position {
        if self.journal == journal {
            return self;
        }
        Position { journal: journal.to_owned(), stored: 0, lost: self.lost }
    }

    /// An event with this number came.
    pub fn take(&mut self, seq: u64) -> Taken {
        if seq <= self.stored {
            return Taken::Known;
        }
        self.lost += seq - self.stored - 1;
        self.stored = seq;
        Taken::New
    }
}
