//! `/api/v1/sessions/{id}/invites`, for the host, and `/api/v1/invite`, for whoever has a link.

use axum::Extension;
use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use playfield_core::api::{CreateInvite, CreatedInvite, Invitation, Invites, Join, Joined, Problem};

use super::App;
use super::body::{Json, MaybeJson, Path, created, json};
use super::caller::{Caller, bearer, client};
use super::idempotency::{self, Once};
use super::sessions::session_id;
use super::titles;
use crate::failure::{Failure, Kind};
use crate::secret::hash;

/// Makes a link that lets others into a session, as players or spectators. For its host and the operator.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/invites", tag = "invites", request_body = CreateInvite,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]*$", description = "As for sessions")),
    security((), ("viewer" = [])), responses(
        (status = 201, body = CreatedInvite),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn create(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json { value: wanted, hash: body }: Json<CreateInvite>,
) -> Result<Response, Failure> {
    let id = session_id(&id)?;
    caller.may_end(&id)?;
    let key = idempotency::key(&headers)?;
    let request = hash(&[b"invite", id.as_str().as_bytes(), &body].concat());
    let once = Once { caller: caller.client, key, request };
    let session = id.clone();
    let work = tokio::spawn(async move { once.answer(&app, app.create_invite(&session, wanted, key)).await });
    let made = work.await.map_err(Failure::internal)??;
    created(&made, &format!("/api/v1/sessions/{id}/invites/{}", made.invite.id))
}

/// The links of a session that let people in now, without their secrets. For its host and the operator.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/invites", tag = "invites", params(("id" = String, Path)),
    security((), ("viewer" = [])), responses(
        (status = 200, body = Invites),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = session_id(&id)?;
    caller.may_end(&id)?;
    Ok(json(StatusCode::OK, &Invites { invites: app.list_invites(&id).await? }))
}

/// Takes a link back: nobody comes in by it any more. Who came in stays. For the host and the operator.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}/invites/{invite}", tag = "invites",
    params(("id" = String, Path), ("invite" = String, Path)), security((), ("viewer" = [])), responses(
        (status = 204, description = "It is taken back"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, invite)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let id = session_id(&id)?;
    caller.may_end(&id)?;
    let none = |_| Failure::new(Kind::NotFound, "this session has no such link");
    app.remove_invite(&id, invite.parse().map_err(none)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a link leads to. The secret of the link is the bearer token; nobody need be signed in.
#[utoipa::path(get, path = "/api/v1/invite", tag = "invites", security(("invite" = [])), responses(
    (status = 200, body = Invitation),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "No secret came along"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "Not a link"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "The session has ended"),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "The link has expired, was used up, or was taken back"),
))]
pub(super) async fn look(State(app): App, headers: HeaderMap) -> Result<Response, Failure> {
    Ok(json(StatusCode::OK, &app.invitation(secret(&headers)?).await?))
}

/// The cover of the title that a link leads to.
#[utoipa::path(get, path = "/api/v1/invite/cover", tag = "invites", security(("invite" = [])), responses(
    (status = 200, content_type = "image/png", body = Vec<u8>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn cover(State(app): App, headers: HeaderMap) -> Result<Response, Failure> {
    let (_, row) = app.invite(secret(&headers)?).await?;
    titles::cover(State(app), Path(row.title), RawQuery(None), headers).await
}

/// Uses a link: the caller becomes a viewer of the session, and then connects like any other. The body may be left out.
#[utoipa::path(post, path = "/api/v1/invite/viewers", tag = "invites", request_body = Option<Join>,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]*$", description = "As for sessions")),
    security(("invite" = [])), responses(
        (status = 201, body = Joined),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The session has ended, or somebody plays from the seat"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "The link has expired, was used up, or was taken back"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn join(State(app): App, request: Request) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    let secret = secret(&head.headers)?.to_owned();
    let key = idempotency::key(&head.headers)?;
    let client = client(&app.config, &head);
    let body = MaybeJson::<Join>::from_request(Request::from_parts(head, body), &app).await?;
    let request = hash(&[b"join", secret.as_bytes(), &body.hash[..]].concat());
    let once = Once { caller: client.clone(), key, request };
    let work = tokio::spawn(async move { once.answer(&app, app.join(&secret, body.value, client, key)).await });
    Ok(json(StatusCode::CREATED, &work.await.map_err(Failure::internal)??))
}

pub(super) fn secret(headers: &HeaderMap) -> Result<&str, Failure> {
    let missing = || Failure::new(Kind::BadToken, "send the link's secret: `authorization: Bearer TOKEN`");
    bearer(headers)?.ok_or_else(missing)
}
