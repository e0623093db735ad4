//! `/api/v1/sessions/{id}/states`: saved states of the session's title.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use playfield_core::api::{Problem, STATE_SLOTS, SavedState, SavedStates};

use super::App;
use super::body::{Path, json};
use super::caller::Caller;
use super::sessions::session_id;
use crate::failure::{Failure, Kind};
use crate::states::Asker;

/// The states that were saved of the session's title, for its profile; or why there can be none. For those who have the
/// permission `states`, and the operator.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/states", tag = "states", params(("id" = String, Path)),
    security((), ("viewer" = [])), responses(
        (status = 200, body = SavedStates),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    Ok(json(StatusCode::OK, &app.states(&asker(&caller, &id)?).await?))
}

/// Saves the state of now in a slot, in place of what is there. When this is answered it is durable.
#[utoipa::path(put, path = "/api/v1/sessions/{id}/states/{slot}", tag = "states",
    params(("id" = String, Path), ("slot" = u8, Path, minimum = 0, maximum = 5)), security((), ("viewer" = [])),
    responses(
        (status = 200, body = SavedState),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn save(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, slot)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (asker, slot) = (asker(&caller, &id)?, self::slot(&slot)?);
    // In a task of its own: a caller who hangs up leaves no bytes that nobody knows of.
    let work = tokio::spawn(async move { app.save_state(&asker, slot).await });
    Ok(json(StatusCode::OK, &work.await.map_err(Failure::internal)??))
}

/// Brings the session back to the state in a slot. Everybody in it sees that; what is held down stays held.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/states/{slot}/load", tag = "states",
    params(("id" = String, Path), ("slot" = u8, Path, minimum = 0, maximum = 5)), security((), ("viewer" = [])),
    responses(
        (status = 204, description = "The next picture follows that state"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn load(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, slot)): Path<(String, String)>,
) -> Result<Response, Failure> {
    app.load_state(&asker(&caller, &id)?, self::slot(&slot)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Deletes the state in a slot.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}/states/{slot}", tag = "states",
    params(("id" = String, Path), ("slot" = u8, Path, minimum = 0, maximum = 5)), security((), ("viewer" = [])),
    responses(
        (status = 204, description = "The slot is empty"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, slot)): Path<(String, String)>,
) -> Result<Response, Failure> {
    app.remove_state(&asker(&caller, &id)?, self::slot(&slot)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn asker(caller: &Caller, id: &str) -> Result<Asker, Failure> {
    let session = session_id(id)?;
    caller.may_see(&session)?;
    Ok(Asker { session, viewer: caller.viewer_id().cloned() })
}

fn slot(text: &str) -> Result<u8, Failure> {
    let slot = text.parse().ok().filter(|slot| *slot < STATE_SLOTS);
    let none = || Failure::new(Kind::NotFound, format!("Slots for states are 0 to {}.", STATE_SLOTS - 1));
    slot.ok_or_else(none)
}
