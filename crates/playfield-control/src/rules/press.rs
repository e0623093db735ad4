//! Inputs of rules: brought at once to the sessions that are played, or given up. A press that comes late is another press.

use std::time::Duration;

use playfield_core::api::{DeliveryState, SessionState};
use playfield_core::bus::Request;
use playfield_core::id::{DeliveryId, NodeId, SessionId};
use playfield_core::input::hold::Hold;
use playfield_core::rule::{Action, Subject};
use playfield_store::db::SessionRow;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::app::{App, Shared};
use crate::clock::now_ms;
use crate::failure::Failure;

/// Inputs that may wait.
const WAITING: usize = 64;
/// Inputs that are brought at once.
const AT_ONCE: usize = 8;
/// How long a node may take to answer.
const ANSWER: Duration = Duration::from_secs(2);
/// Whoever looks after deliveries takes one up by then that nobody ended: the process that was to do it is gone.
pub(super) const LATE_MS: u64 = 10_000;
/// For how long a trial holds what otherwise lasts, in milliseconds.
const TRIAL_MS: u32 = 700;

/// Something to be held in sessions, and what says so.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Press {
    id: DeliveryId,
    subject: Subject,
    hold: Hold,
}

impl Press {
    /// What this action holds when its rule fires; none: it touches no pad.
    pub(super) fn of(id: &DeliveryId, action: &Action) -> Option<Press> {
        let (subject, player, pad, ms) = match action {
            Action::Input(input) => (input.subject()?, input.player, input.pad()?, input.hold_ms),
            // Only a trial fires it.
            Action::Steer(steer) => (steer.subject()?, steer.player, steer.pad(1.0)?, TRIAL_MS),
            Action::Webhook { .. } | Action::Mqtt { .. } | Action::Mail { .. } => return None,
        };
        Some(Press { id: id.clone(), subject, hold: Hold { by: id.to_string(), player, pad, ms } })
    }
}

/// Both ends of the way to [`press`].
pub(super) fn way() -> (mpsc::Sender<Press>, mpsc::Receiver<Press>) {
    mpsc::channel(WAITING)
}

/// Brings what was written down just now.
pub(super) async fn hand_over(app: &App, presses: Vec<Press>) {
    for press in presses {
        if let Err(error) = app.rules.presses.try_send(press) {
            let press = error.into_inner();
            ended(app, press.id, DeliveryState::GivenUp, "too many inputs came at once".to_owned()).await;
        }
    }
}

/// Brings inputs to where they go; never ends.
pub(super) async fn press(app: &Shared, presses: &mut mpsc::Receiver<Press>) {
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = under_way.join_next() => {}
            Some(press) = presses.recv(), if under_way.len() < AT_ONCE => {
                let app = app.clone();
                under_way.spawn(async move {
                    let (state, detail) = match bring(&app, &press).await {
                        Ok(detail) => (DeliveryState::Done, detail),
                        Err(failure) => (DeliveryState::GivenUp, failure),
                    };
                    ended(&app, press.id, state, detail).await;
                });
            }
        }
    }
}

async fn ended(app: &App, id: DeliveryId, state: DeliveryState, detail: String) {
    if let Err(error) = app.db.tried(id.clone(), state, detail, None, now_ms()).await {
        tracing::error!(%error, %id, "what became of an input could not be written down");
    }
}

/// Holds it in all sessions that it is for. Where it was done, or why it was not.
async fn bring(app: &App, press: &Press) -> Result<String, String> {
    let rows = played(app, &press.subject).await.map_err(|failure| failure.detail)?;
    let (mut reached, mut problem) = (0, None);
    for row in &rows {
        match hold(app, &row.node, &row.id, &press.hold).await {
            Ok(()) => reached += 1,
            Err(why) => problem = Some(why),
        }
    }
    match (reached, problem) {
        (0, Some(problem)) => Err(problem),
        (0, None) => Err(nobody(app, &press.subject)),
        (1, _) => Ok("held in the session that is played".to_owned()),
        (reached, _) => Ok(format!("held in {reached} sessions that are played")),
    }
}

/// Asks the node of a session to hold something in it.
pub(super) async fn hold(app: &App, node: &NodeId, session: &SessionId, hold: &Hold) -> Result<(), String> {
    let request = Request::Input { session: session.clone(), hold: hold.clone() };
    app.ask(node, &request, ANSWER).await.map(drop).map_err(|failure| failure.detail)
}

/// Sessions of a subject in which somebody plays.
pub(super) async fn played(app: &App, subject: &Subject) -> Result<Vec<SessionRow>, Failure> {
    let rows = match subject {
        Subject::Title(title) => app.db.played_sessions(title.clone()).await?,
        Subject::Session(id) => app.db.session(id.clone()).await?.into_iter().collect(),
    };
    Ok(rows.into_iter().filter(|row| row.state == SessionState::Connected).collect())
}

fn nobody(app: &App, subject: &Subject) -> String {
    match subject {
        Subject::Title(title) => match app.catalogue.get(title) {
            Some(entry) => format!("nobody plays {} just now", entry.manifest.name),
            None => format!("there is no title `{title}`"),
        },
        Subject::Session(_) => "nobody plays in that session, or it is over".to_owned(),
    }
}
