//! The people of a session: seen, changed, removed.
//!
//! What holds is decided by the worker that runs the session, next to the input it decides about; what it says is written down
//! here, so that tokens and roles mean the same to the API.

use std::time::Duration;

use playfield_core::api::{ChangeViewer, Participant};
use playfield_core::bus::{Reply, Request};
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::people::Roster;

use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::sessions::unexpected;

const ANSWER: Duration = Duration::from_secs(10);

impl App {
    /// Who is in a session.
    pub(crate) async fn people(&self, session: &SessionId) -> Result<Vec<Participant>, Failure> {
        let row = self.open_row(session).await?;
        match self.ask(&row.node, &Request::People { session: session.clone() }, ANSWER).await? {
            Reply::People { people } => Ok(people),
            other => Err(unexpected(&other)),
        }
    }

    /// Changes what somebody is.
    pub(crate) async fn change_viewer(
        &self,
        session: &SessionId,
        viewer: &ViewerId,
        change: ChangeViewer,
    ) -> Result<(), Failure> {
        let (session, viewer) = (session.clone(), viewer.clone());
        let roster = self.govern(&session, Request::Change { session: session.clone(), viewer, change }).await?;
        Ok(self.db.put_roster(session, roster).await?)
    }

    /// Removes somebody. The worker first: until the token is void it refuses whoever was removed by itself.
    pub(crate) async fn remove_viewer(&self, session: &SessionId, viewer: &ViewerId) -> Result<(), Failure> {
        let request = Request::Remove { session: session.clone(), viewer: viewer.clone() };
        let roster = self.govern(session, request).await?;
        let known = self.db.dismiss_viewer(session.clone(), viewer.clone(), now_ms()).await?;
        self.db.put_roster(session.clone(), roster).await?;
        known.then_some(()).ok_or_else(|| Failure::new(Kind::NotFound, "nobody of that id is in this session"))
    }

    async fn govern(&self, session: &SessionId, request: Request) -> Result<Roster, Failure> {
        let row = self.open_row(session).await?;
        match self.ask(&row.node, &request, ANSWER).await? {
            Reply::Changed { roster } => Ok(roster),
            Reply::NotChanged { detail, unknown } => {
                let kind = if unknown { Kind::NotFound } else { Kind::Malformed };
                Err(Failure::new(kind, detail))
            }
            other => Err(unexpected(&other)),
        }
    }
}
