//! The outbox is worked off: what rules are to do is done, tried again, or given up with a sentence.
//!
//! What is done and not yet written down when a process is killed is done again after it starts: under the same id, by which
//! whoever receives it knows it.

use std::collections::HashMap;
use std::time::Duration;

use playfield_core::api::DeliveryState;
use playfield_core::id::DeliveryId;
use playfield_core::rule::Action;
use playfield_store::db::DeliveryRow;
use tokio::task::{Id, JoinSet};

use super::webhook::Post;
use super::{mail, sign, webhook};
use crate::app::Shared;
use crate::clock::now_ms;

/// Actions that are worked on at once.
const AT_WORK: usize = 8;
/// The longest that it is not looked whether something is due.
const LOOK: Duration = Duration::from_secs(60);
/// How long to wait while the database does not answer.
const TROUBLE: Duration = Duration::from_secs(1);
/// The longest wait before something is tried again.
const MOST_WAIT_MS: u64 = 6 * 3_600_000;

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done.
    Done(String),
    /// It was not done, and may be if it is tried again.
    Again(String),
    /// It will never be done.
    Never(String),
}

/// Works it off; never ends.
pub(crate) async fn deliver(app: &Shared) {
    let mut added = app.rules.added.subscribe();
    let mut at_work = JoinSet::new();
    let mut ids = HashMap::new();
    loop {
        added.mark_unchanged();
        let wait = match begin(app, &mut at_work, &mut ids).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "what rules are to do could not be looked up");
                TROUBLE
            }
        };
        tokio::select! {
            Some(ended) = at_work.join_next_with_id() => {
                ids.remove(&ended.map_or_else(|error| error.id(), |(task, ())| task));
            }
            _ = added.changed(), if at_work.len() < AT_WORK => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Begins what is due, as far as there are hands. Returns how long nothing further is.
async fn begin(
    app: &Shared,
    at_work: &mut JoinSet<()>,
    ids: &mut HashMap<Id, DeliveryId>,
) -> Result<Duration, playfield_store::db::DbError> {
    let now = now_ms();
    if at_work.len() >= AT_WORK {
        return Ok(LOOK);
    }
    for row in app.db.due(now, (AT_WORK * 4) as u32).await? {
        if at_work.len() < AT_WORK && !ids.values().any(|id| *id == row.id) {
            let (app, id) = (app.clone(), row.id.clone());
            let task = at_work.spawn(async move { work(&app, row).await });
            ids.insert(task.id(), id);
        }
    }
    let next = app.db.next_due(now).await?.map(|next| Duration::from_millis(next.saturating_sub(now).max(1)));
    Ok(next.unwrap_or(LOOK).min(LOOK))
}

async fn work(app: &Shared, row: DeliveryRow) {
    let outcome = attempt(app, &row).await;
    let now = now_ms();
    let config = &app.config.rules;
    let (state, detail, next) = judge(outcome, row.tries + 1, config.tries, config.first_wait_ms, now);
    match state {
        DeliveryState::Done => {}
        DeliveryState::Waiting => tracing::info!(id = %row.id, rule = %row.rule, detail, "an action is tried again"),
        DeliveryState::GivenUp => tracing::warn!(id = %row.id, rule = %row.rule, detail, "an action was given up"),
    }
    if let Err(error) = app.db.tried(row.id.clone(), state, detail, next, now).await {
        tracing::error!(%error, id = %row.id, "what became of an action could not be written down");
        tokio::time::sleep(TROUBLE).await;
    }
}

/// What is written down of a try, and when it is tried again.
fn judge(
    outcome: Outcome,
    tries: u32,
    most: u32,
    first_wait_ms: u64,
    now_ms: u64,
) -> (DeliveryState, String, Option<u64>) {
    match outcome {
        Outcome::Done(detail) => (DeliveryState::Done, detail, None),
        Outcome::Never(detail) => (DeliveryState::GivenUp, detail, None),
        Outcome::Again(detail) if tries >= most => {
            (DeliveryState::GivenUp, format!("given up after {tries} tries: {detail}"), None)
        }
        Outcome::Again(detail) => {
            let wait = first_wait_ms.saturating_mul(4_u64.saturating_pow(tries - 1)).min(MOST_WAIT_MS);
            (DeliveryState::Waiting, detail, Some(now_ms.saturating_add(wait)))
        }
    }
}

async fn attempt(app: &Shared, row: &DeliveryRow) -> Outcome {
    let action: Action = match serde_json::from_str(&row.action) {
        Ok(action) => action,
        Err(error) => return Outcome::Never(format!("the database holds no action: {error}")),
    };
    let service = &app.rules;
    match action {
        Action::Webhook { url } => {
            let post = Post {
                url: &url,
                id: row.id.as_str(),
                seconds: now_ms() / 1_000,
                key: &sign::key(&app.secret, &row.rule),
                body: &row.body,
                public: !app.config.rules.private_webhooks,
            };
            webhook::post(&service.connector, post).await
        }
        Action::Mqtt { topic, retain } => {
            let topic = topic.unwrap_or_else(|| format!("{}/rules/{}", app.config.rules.mqtt.prefix, row.rule));
            match service.mqtt.publish(topic, row.body.clone().into_bytes(), retain).await {
                Ok(()) => Outcome::Done("the broker has it".to_owned()),
                Err(problem) => Outcome::Again(problem),
            }
        }
        Action::Mail { to, subject } => {
            let mail = mail::Mail { id: row.id.as_str(), to: &to, subject: subject.as_deref(), body: &row.body };
            mail::send(&app.config.rules.mail, &service.connector, mail, now_ms()).await
        }
        Action::Input(_) | Action::Steer(_) => {
            Outcome::Never("it could not be done at once, and later it is no use".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let again = |tries| judge(Outcome::Again("no".to_owned()), tries, 8, 5_000, 1_000);
        let waits: Vec<_> = (1..8).map(|tries| again(tries).2.map(|next| (next - 1_000) / 1_000)).collect();
        assert_eq!(waits, [5, 20, 80, 320, 1_280, 5_120, 20_480].map(Some));
        assert_eq!(again(8), (DeliveryState::GivenUp, "given up after 8 tries: no".to_owned(), None));
        let late = judge(Outcome::Again(String::new()), u32::MAX - 1, u32::MAX, 5_000, 0).2;
        assert_eq!(late, Some(MOST_WAIT_MS));
        assert_eq!(judge(Outcome::Never("410".to_owned()), 1, 8, 1, 1).0, DeliveryState::GivenUp);
        assert_eq!(judge(Outcome::Done("204".to_owned()), 8, 8, 1, 1).0, DeliveryState::Done);
    }
}
