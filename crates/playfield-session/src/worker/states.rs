//! Saved states, as the node asks for them: who may, one at a time, and what becomes of it.
//!
//! ```text
//!   request --> may the viewer? can the guest? --> stage or shelf --> StateDone --> reply
//!                        \--> StateRefused            session over --> StateRefused
//! ```

use std::path::PathBuf;
use std::time::Duration;

use playfield_core::bus::{FromWorker, Reply, SessionSpec, StateRefusal};
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::permission::Permission;
use playfield_core::session::Event as LifeEvent;
use playfield_core::signal::ToViewer;
use playfield_core::time::Time;
use playfield_runtime::Snapshot;

use super::{Worker, gone, unix_ms};
use crate::inbox::{Command, SaveTo};
use crate::session::Session;
use crate::states::{Job, Refused};

/// The least time between two on average: each of them holds a guest up for a moment, and its neighbours with it.
const LEAST: Duration = Duration::from_millis(200);
/// How many may come at once: a player saves, loads and saves again faster than that.
const AT_ONCE: u32 = 5;

/// What a session has to do with its states.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    /// Why the guest cannot be saved, in a sentence; outer none: it is not open yet.
    pub(crate) cannot: Option<Option<String>>,
    /// What its states are for besides the module.
    maker: String,
    /// The request that is being worked on.
    asked: Option<Asked>,
    pace: Pace,
}

/// When the next may come: one after each [`LEAST`], of which [`AT_ONCE`] may be used early.
#[derive(Debug, Default)]
struct Pace {
    /// When the next would come if all had come at their time.
    due: Time,
}

impl Pace {
    /// Whether one may come now.
    fn may(&self, now: Time) -> bool {
        now + LEAST * (AT_ONCE - 1) >= self.due
    }

    fn came(&mut self, now: Time) {
        self.due = self.due.max(now) + LEAST;
    }
}

impl Keeping {
    pub(crate) fn of(spec: &SessionSpec) -> Keeping {
        let maker = spec.core.as_ref().map(|core| core.hash.clone()).unwrap_or_default();
        Keeping { maker, ..Keeping::default() }
    }
}

#[derive(Debug)]
struct Asked {
    request: u64,
    /// Who loads a state, where one does: the others are told.
    loads: Option<Option<ViewerId>>,
}

impl Worker {
    pub(super) fn states(&self, id: &SessionId, viewer: Option<&ViewerId>) -> Reply {
        let Some(session) = self.sessions.get(id) else { return gone() };
        match session.may_keep(self.clock.now(), viewer) {
            Ok(()) => Reply::States { maker: session.keeping.maker.clone(), cannot: session.cannot_keep() },
            Err(refused) => refused.into(),
        }
    }

    /// Asks the guest thread for the state of now.
    pub(super) fn save_state(
        &mut self,
        request: u64,
        id: &SessionId,
        viewer: Option<&ViewerId>,
        (path, most): (PathBuf, u64),
    ) -> Option<Reply> {
        let now = self.clock.now();
        let Some(session) = self.sessions.get_mut(id) else { return Some(gone()) };
        if let Err(refused) = session.begin(now, viewer, Asked { request, loads: None }) {
            return Some(refused.into());
        }
        let name = format!("{id} {} {request}", unix_ms());
        let maker = session.keeping.maker.clone();
        session.inbox.push(Command::Save(SaveTo { path, most, maker, name }));
        self.pool.wake(session.job);
        None
    }

    /// Has a state read, for the guest to go back to.
    pub(super) fn load_state(
        &mut self,
        request: u64,
        id: &SessionId,
        viewer: Option<&ViewerId>,
        from: PathBuf,
    ) -> Option<Reply> {
        let now = self.clock.now();
        let Some(session) = self.sessions.get_mut(id) else { return Some(gone()) };
        let asked = Asked { request, loads: Some(viewer.cloned()) };
        let begun = session.begin(now, viewer, asked);
        let begun = begun.and_then(|()| self.shelf.take(Job::Read { session: id.clone(), from }));
        begun.err().map(|refused| {
            if refused.why == StateRefusal::Busy {
                session.keeping.asked.take_if(|asked| asked.request == request);
            }
            refused.into()
        })
    }

    /// A state was read: the guest goes back to it before its next picture.
    pub(super) fn state_read(&mut self, id: &SessionId, state: Box<Snapshot>) {
        let Some(session) = self.sessions.get(id) else { return };
        session.inbox.push(Command::Load(state));
        self.pool.wake(session.job);
    }

    /// It is done, or not: whoever asked is told, and of a state that was loaded everybody.
    pub(super) fn state_done(&mut self, id: &SessionId, reply: Reply) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let Some(Asked { request, loads }) = session.keeping.asked.take() else { return };
        let loader = loads.filter(|_| reply == Reply::Done);
        self.reports.send(FromWorker::Reply { id: request, reply });
        let Some(loader) = loader else { return };
        let Some(session) = self.sessions.get(id) else { return };
        for (connection, message) in session.tell_loaded(loader.as_ref()) {
            self.tell(connection, message);
        }
    }
}

impl Session {
    /// Whether a viewer may keep states; none: whoever runs the server may.
    fn may_keep(&self, now: Time, viewer: Option<&ViewerId>) -> Result<(), Refused> {
        let may =
            |viewer| self.people.standing(now, viewer).is_some_and(|standing| standing.may.has(Permission::States));
        if viewer.is_none_or(may) {
            return Ok(());
        }
        let detail = "Only the host, and whom the host lets, may save and load states here.";
        Err(Refused::new(StateRefusal::Forbidden, detail))
    }

    fn cannot_keep(&self) -> Option<String> {
        let starting = || Some("The title is still starting; try again in a moment.".to_owned());
        self.keeping.cannot.clone().unwrap_or_else(starting)
    }

    fn begin(&mut self, now: Time, viewer: Option<&ViewerId>, asked: Asked) -> Result<(), Refused> {
        self.may_keep(now, viewer)?;
        if let Some(cannot) = self.cannot_keep() {
            return Err(Refused::new(StateRefusal::Impossible, cannot));
        }
        if self.keeping.asked.is_some() || !self.keeping.pace.may(now) {
            return Err(Refused::busy());
        }
        self.keeping.asked = Some(asked);
        self.keeping.pace.came(now);
        self.life.handle(now, LifeEvent::Activity);
        Ok(())
    }

    /// It is over: the request that is left without an answer.
    pub(super) fn left_asked(&mut self) -> Option<(u64, Reply)> {
        let asked = self.keeping.asked.take()?;
        let over = Refused::new(StateRefusal::Impossible, "The session ended before that was done.");
        Some((asked.request, over.into()))
    }

    /// What those are told who did not load a state themselves.
    fn tell_loaded(&self, loader: Option<&ViewerId>) -> Vec<(playfield_transport::ConnectionId, ToViewer)> {
        let named = self.people.list().find(|(person, _)| Some(&person.viewer) == loader);
        let who = named.map_or_else(|| "The server".to_owned(), |(person, _)| person.called());
        let text = format!("{who} loaded a saved state.");
        let others = self.viewers.iter().filter(|(_, attached)| Some(&attached.viewer) != loader);
        others.map(|(connection, _)| (*connection, ToViewer::Notice { text: text.clone() })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_may_come_at_once_and_then_one_at_a_time() {
        let mut pace = Pace::default();
        let mut taken = |at| {
            let now = Time::from_millis(at);
            let may = pace.may(now);
            if may {
                pace.came(now);
            }
            may
        };
        let times = [1_000, 1_010, 1_050, 1_060, 1_196, 1_199, 1_200, 1_201, 1_399, 1_401];
        let may = times.map(&mut taken);
        assert_eq!(may, [true, true, true, true, true, false, true, false, false, true]);
        assert!((0..5).map(|n| 60_000 + n).all(&mut taken), "whoever waited has them all again");
        assert!(!taken(60_005));
    }
}
