//! `/api/v1/sessions`

use axum::Extension;
use axum::extract::State;
use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use playfield_core::api::{Connect, Connected, CreateSession, CreatedSession, Problem, Session, SessionReceipt};
use playfield_core::id::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::body::{Json, Path, created, json};
use super::caller::Caller;
use super::idempotency::{self, Once};
use crate::failure::{Failure, Kind};
use crate::sessions::{Asked, clip};

/// `GET /api/v1/sessions`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Sessions {
    /// The newest hundred, newest first.
    pub sessions: Vec<Session>,
}

/// Starts a session of a title; the caller becomes its host. With an offer, the answer comes at once.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sessions", request_body = CreateSession,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]*$", description = "1 to 128 visible ASCII characters. The same request with the same key, within a day, gets the same answer.")),
    responses(
        (status = 201, body = CreatedSession),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn create(
    State(app): App,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Json { value: wanted, hash }: Json<CreateSession>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let key = idempotency::key(&headers)?;
    let once = Once { caller: caller.client.clone(), key, request: hash };
    let asked = Asked { wanted, client: caller.client, key };
    // In a task of its own: a caller who hangs up leaves no session half started.
    let work = tokio::spawn(async move { once.answer(&app, app.create_session(asked)).await });
    let made = work.await.map_err(Failure::internal)??;
    created(&made, &format!("/api/v1/sessions/{}", made.session.id))
}

/// The newest sessions; for the operator.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", responses((status = 200, body = Sessions)))]
pub(super) async fn list(State(app): App, Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    caller.signed_in()?;
    let sessions = app.list_sessions().await?;
    Ok(json(StatusCode::OK, &Sessions { sessions }))
}

/// A session; for its viewers and the operator.
#[utoipa::path(get, path = "/api/v1/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    security((), ("viewer" = [])), responses(
        (status = 200, body = Session),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn one(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = session_id(&id)?;
    caller.may_see(&id)?;
    Ok(json(StatusCode::OK, &app.find(&id).await?))
}

/// Ends a session; for its host and the operator. It may be `terminating` for a moment yet.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    security((), ("viewer" = [])), responses(
        (status = 200, body = Session),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn end(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = session_id(&id)?;
    caller.may_end(&id)?;
    Ok(json(StatusCode::OK, &app.end_session(&id).await?))
}

/// Answers an offer of a viewer: a first one, or a new one after a reload or a lost network.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/connections", tag = "sessions", request_body = Connect,
    params(("id" = String, Path)), security(("viewer" = [])), responses(
        (status = 200, body = Connected),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn connect(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json { value: wanted, .. }: Json<Connect>,
) -> Result<Response, Failure> {
    let viewer = caller.viewer_of(&session_id(&id)?)?;
    Ok(json(StatusCode::OK, &app.connect(viewer, wanted).await?))
}

/// Where the time of a session's pictures went, as figures and histograms, also after its end; for its viewers and the operator.
/// Browsers save it as a file.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/receipt", tag = "sessions", params(("id" = String, Path)),
    security((), ("viewer" = [])), responses(
        (status = 200, body = SessionReceipt),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn receipt(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = session_id(&id)?;
    caller.may_see(&id)?;
    let mut response = json(StatusCode::OK, &app.receipt(&id).await?);
    let name = format!("attachment; filename=\"receipt-{id}.json\"");
    response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(Failure::internal)?);
    Ok(response)
}

pub(super) fn session_id(text: &str) -> Result<SessionId, Failure> {
    text.parse().map_err(|_| Failure::new(Kind::NotFound, format!("there is no session `{}`", clip(text))))
}
