//! Those who bring cameras their pictures, on the network thread.

use playfield_core::api::EndReason;
use playfield_core::bus::{Ingest, Reply};
use playfield_core::id::{CameraLinkId, IngestId, SessionId};
use playfield_core::time::Time;
use playfield_runtime::camera::Intake;
use playfield_transport::{ConnectionId, Event, Outgoing, Wants};

use super::{Worker, gone, refused};
use crate::network::Browser;
use crate::session::ingest::{EXPIRED, TAKEN_OVER};

impl Worker {
    /// The process of a camera is there, and what it is given goes in here.
    pub(super) fn take_pictures(&mut self, id: &SessionId, intake: Option<Intake>) {
        let (Some(session), Some(intake)) = (self.sessions.get_mut(id), intake) else { return };
        match Browser::start(intake) {
            Ok(browser) => session.set_browser(Some(browser)),
            Err(error) => {
                let detail = format!("The pictures of its browser cannot be taken: {error}.");
                self.end(id, EndReason::InternalError, Some(detail));
            }
        }
    }

    /// Answers the offer of somebody who brings a camera its pictures.
    pub(super) fn ingest(&mut self, id: &SessionId, ingest: &Ingest) -> Reply {
        let Some(session) = self.sessions.get(id) else { return gone() };
        if !session.takes_pictures() {
            let detail = "this camera takes its pictures from elsewhere; its `source` is not `browser`";
            return refused(EndReason::InvalidSignalRequest, detail);
        }
        let now = self.clock.now();
        let wants = Wants { ingest: true, ..Wants::default() };
        let (connection, answer) = match self.hub.accept(&ingest.offer, wants) {
            Ok(accepted) => accepted,
            Err(error) => return refused(EndReason::InvalidSignalRequest, &error.to_string()),
        };
        self.by_connection.insert(connection, id.clone());
        let session = self.sessions.get_mut(id);
        let earlier = session.and_then(|session| session.expect_ingest(now, connection, ingest));
        if let Some(earlier) = earlier {
            self.let_go(id, earlier);
        }
        self.moved.push(id.clone());
        Reply::Attached { answer }
    }

    /// Who came by a link brings no pictures any more.
    pub(super) fn end_ingest(
        &mut self,
        session: &SessionId,
        (link, id): (&CameraLinkId, Option<&IngestId>),
        detail: &str,
    ) -> Reply {
        let Some(connections) = self.sessions.get(session).map(|session| session.ingests_by(link, id)) else {
            return gone();
        };
        self.put_out(session, connections, (EndReason::Kicked, detail.to_owned()));
        Reply::Done
    }

    /// Something happened to a connection of somebody who brings pictures. What such a one says is not heard.
    pub(super) fn hear_ingest(&mut self, id: &SessionId, connection: ConnectionId, event: Event) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        match event {
            Event::Connected(_) => {
                let before = session.begin_ingest(connection);
                self.put_out(id, before.into_iter().collect(), (EndReason::Kicked, TAKEN_OVER.to_owned()));
            }
            Event::Unit { key, data } => {
                let lacks = session.take_unit(connection, key, data);
                if lacks {
                    self.hub.send(connection, &Outgoing::Keyframe);
                }
            }
            Event::Closed => {
                session.end_ingest(connection);
                self.by_connection.remove(&connection);
                self.moved.push(id.clone());
            }
            _ => {}
        }
    }

    pub(super) fn end_overstayed_ingests(&mut self, now: Time) {
        let over = self.sessions.values().map(|session| (session.id.clone(), session.overstayed_ingests(now)));
        let over: Vec<_> = over.filter(|(_, connections)| !connections.is_empty()).collect();
        for (id, connections) in over {
            self.put_out(&id, connections, (EndReason::InviteExpired, EXPIRED.to_owned()));
        }
    }
}
