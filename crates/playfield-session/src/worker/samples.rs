//! Pictures of a camera that are handed out one by one, with what was found in them.

use playfield_core::api::EndReason;
use playfield_core::bus::{FromWorker, Reply};
use playfield_core::id::SessionId;

use super::{Worker, gone, refused};
use crate::inbox::Command;

impl Worker {
    /// Asks for the next picture; one at a time, and the newer question counts.
    pub(super) fn sample(&mut self, request: u64, id: &SessionId) -> Option<Reply> {
        let Some(session) = self.sessions.get_mut(id) else { return Some(gone()) };
        let earlier = session.sampled.replace(request);
        session.inbox.push(Command::Sample);
        self.pool.wake(session.job);
        if let Some(id) = earlier {
            let reply = refused(EndReason::LimitReached, "it was asked for another picture before it had one");
            self.reports.send(FromWorker::Reply { id, reply });
        }
        None
    }

    /// It is there, or not to be had.
    pub(super) fn sampled(&mut self, id: &SessionId, reply: Reply) {
        let request = self.sessions.get_mut(id).and_then(|session| session.sampled.take());
        if let Some(id) = request {
            self.reports.send(FromWorker::Reply { id, reply });
        }
    }
}
