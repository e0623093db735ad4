//! What nodes say happened, written down in the order they said it.
//!
//! One event at a time: a value that a guest stored is durable before the end of its session is known to anybody, and the
//! bus holds the node back while the database is behind.

use std::time::Duration;

use playfield_core::bus::Event;
use playfield_core::id::SessionId;
use playfield_store::bus::Subscription;
use playfield_store::db::{DbError, Put};

use crate::app::App;
use crate::clock::now_ms;

/// How often an event is tried to be written, a second apart: a full disk may be cleared.
const TRIES: u32 = 5;

/// Writes down events as they come, until `stop`. An event that was taken is written before it stops.
pub(crate) async fn follow(app: &App, events: &mut Subscription, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = tokio::select! {
            biased;
            () = &mut stop => return,
            next = events.next() => next,
        };
        let Some(bytes) = next else { return };
        take(app, events, &bytes).await;
    }
}

/// Writes down the events that wait.
pub(crate) async fn catch_up(app: &App, events: &mut Subscription) {
    while let Some(bytes) = events.try_next() {
        take(app, events, &bytes).await;
    }
}

async fn take(app: &App, events: &Subscription, bytes: &[u8]) {
    let event: Event = match events.read(bytes) {
        Ok(event) => event,
        Err(error) => return tracing::error!(%error, "a node said something that is no event"),
    };
    for again in 1..=TRIES {
        match write(app, event.clone()).await {
            Ok(()) => return,
            Err(error) => tracing::error!(%error, again, "an event could not be written down"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn write(app: &App, event: Event) -> Result<(), DbError> {
    match event {
        Event::State { session, state, reason, detail } => {
            let why = reason.map(tracing::field::display);
            tracing::info!(%session, %state, reason = why, "session state");
            app.cameras.session_is(&session, state, detail.as_deref());
            let changed = app.db.set_session_state(session, state, reason, detail, now_ms()).await?;
            if changed && state.is_final() {
                crate::metrics::session_ended(reason);
            }
        }
        Event::Resumed { session } => {
            if app.db.count_resume(session).await? {
                crate::metrics::session_resumed();
            }
        }
        Event::Camera { session, report } => app.hear_camera(&session, *report).await?,
        Event::Stored { session, key, value } => store(app, session, key, value).await?,
        Event::People { session, roster } => app.db.put_roster(session, roster).await?,
        Event::Receipt { session, receipt } => {
            if receipt.is_sound() {
                app.db.put_receipt(session, *receipt).await?;
            } else {
                tracing::warn!(%session, "a receipt of more viewers than are counted was left out");
            }
        }
    }
    Ok(())
}

async fn store(app: &App, session: SessionId, key: String, value: Option<Vec<u8>>) -> Result<(), DbError> {
    let Some(row) = app.db.session(session.clone()).await? else { return Ok(()) };
    // Without a profile the session stores nothing that would stay.
    let Some(profile) = row.profile else { return Ok(()) };
    let Some(value) = value else { return app.db.remove_storage(profile, row.title, key).await };
    let bytes = value.len();
    // The guest's host keeps it within its quota; this holds even if that host was overcome.
    if app.db.put_storage(profile, row.title, key, value, row.storage_bytes).await? == Put::Full {
        tracing::warn!(%session, bytes, "a stored value is beyond the title's quota and was left out");
    }
    Ok(())
}
