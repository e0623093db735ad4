//! `/api/v1/sessions/{id}/people` and `/viewers`: who is in a session, and what they may do.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use playfield_core::api::{ChangeViewer, Participants, Problem};
use playfield_core::id::ViewerId;

use super::App;
use super::body::{Json, Path, json};
use super::caller::Caller;
use super::sessions::session_id;
use crate::failure::{Failure, Kind};

/// Who is in a session; for its viewers and the operator. Others than the host and the operator see names, roles and seats only.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/people", tag = "people", params(("id" = String, Path)),
    security((), ("viewer" = [])), responses(
        (status = 200, body = Participants),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = session_id(&id)?;
    caller.may_see(&id)?;
    let mut people = app.people(&id).await?;
    if caller.may_end(&id).is_err() {
        people.iter_mut().for_each(|person| (person.may, person.link, person.expires_ms) = (None, None, None));
    }
    Ok(json(StatusCode::OK, &Participants { people }))
}

/// Changes what somebody is: makes them host, player or spectator, gives them a seat or takes it back, and says what they may do. It
/// holds for the next thing they press. For the host and the operator; anybody may change their own name.
#[utoipa::path(patch, path = "/api/v1/sessions/{id}/viewers/{viewer}", tag = "people", request_body = ChangeViewer,
    params(("id" = String, Path), ("viewer" = String, Path)), security((), ("viewer" = [])), responses(
        (status = 204, description = "It is so"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn change(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, viewer)): Path<(String, String)>,
    Json { value: change, .. }: Json<ChangeViewer>,
) -> Result<Response, Failure> {
    let (id, viewer) = (session_id(&id)?, viewer_id(&viewer)?);
    let only_name = ChangeViewer { name: change.name.clone(), ..ChangeViewer::default() };
    if caller.is(&viewer) && change == only_name {
        caller.viewer_of(&id)?;
    } else {
        caller.may_end(&id)?;
    }
    app.change_viewer(&id, &viewer, change).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A viewer leaves for good, and its seat is free: the session ends with the last viewer that has a seat. Or, asked by the host or
/// the operator, it is removed: its connection is closed, its token is good no more, and the link it came by is taken back.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}/viewers/{viewer}", tag = "people",
    params(("id" = String, Path), ("viewer" = String, Path)), security((), ("viewer" = [])), responses(
        (status = 204, description = "It is out; its token is good no more"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, viewer)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (id, viewer) = (session_id(&id)?, viewer_id(&viewer)?);
    if caller.is(&viewer) {
        app.leave(caller.viewer_of(&id)?).await?;
    } else {
        caller.may_end(&id)?;
        app.remove_viewer(&id, &viewer).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn viewer_id(text: &str) -> Result<ViewerId, Failure> {
    text.parse().map_err(|_| Failure::new(Kind::NotFound, "nobody of that id is in this session"))
}
