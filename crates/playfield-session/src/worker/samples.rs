//! Pictures of a camera that are handed out one by one, with what was found in them; and what its app uploads, piece by piece.

use playfield_core::api::EndReason;
use playfield_core::bus::{FromWorker, Reply};
use playfield_core::id::SessionId;
use playfield_core::upload::Ask;

use super::{Worker, gone, refused};
use crate::inbox::Command;
use crate::session::Session;

impl Worker {
    /// Asks for the next picture.
    pub(super) fn sample(&mut self, request: u64, id: &SessionId) -> Option<Reply> {
        self.ask_guest(request, id, |session| &mut session.sampled, Command::Sample)
    }

    /// It is there, or not to be had.
    pub(super) fn sampled(&mut self, id: &SessionId, reply: Reply) {
        self.hand_on(id, |session| &mut session.sampled, reply);
    }

    /// Asks for what an app uploads.
    pub(super) fn upload(&mut self, request: u64, id: &SessionId, ask: Ask) -> Option<Reply> {
        self.ask_guest(request, id, |session| &mut session.uploaded, Command::Upload(ask))
    }

    /// There is a piece, or none.
    pub(super) fn uploaded(&mut self, id: &SessionId, reply: Reply) {
        self.hand_on(id, |session| &mut session.uploaded, reply);
    }

    /// Asks the guest; one question of a kind at a time, and the newer one counts.
    fn ask_guest(
        &mut self,
        request: u64,
        id: &SessionId,
        waits: impl Fn(&mut Session) -> &mut Option<u64>,
        command: Command,
    ) -> Option<Reply> {
        let Some(session) = self.sessions.get_mut(id) else { return Some(gone()) };
        let earlier = waits(session).replace(request);
        session.inbox.push(command);
        self.pool.wake(session.job);
        if let Some(id) = earlier {
            let reply = refused(EndReason::LimitReached, "it was asked for another one before it had one");
            self.reports.send(FromWorker::Reply { id, reply });
        }
        None
    }

    fn hand_on(&mut self, id: &SessionId, waits: impl Fn(&mut Session) -> &mut Option<u64>, reply: Reply) {
        let request = self.sessions.get_mut(id).and_then(|session| waits(session).take());
        if let Some(id) = request {
            self.reports.send(FromWorker::Reply { id, reply });
        }
    }
}
