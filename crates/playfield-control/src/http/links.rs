//! `/api/v1/link`, for machines with cameras, and `/api/v1/enrolments`, for the operator who lets one in.

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use playfield_core::api::{Enrolment, Problem};
use playfield_core::link::MOST_MESSAGE;

use super::body::json;
use super::caller::{Caller, client};
use super::sign_in::is_secure;
use super::{App, Certificate};
use crate::config::Door;
use crate::failure::{Failure, Kind};
use crate::link;

/// What is read and gathered at a time on one link, in bytes: of thousands most say a hundred a second.
const BUFFER: usize = 8 << 10;

/// Opens the link of a machine with cameras: a WebSocket (RFC 6455) of JSON texts, as `playfield camera run` speaks it. It says who
/// it is in its first words.
#[utoipa::path(get, path = "/api/v1/link", tag = "devices", responses(
    (status = 101, description = "The link is open"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn open(
    State(app): App,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Result<Response, Failure> {
    let (head, _) = request.into_parts();
    let client = client(&app.config, &head);
    let certificate = head.extensions.get::<Certificate>().map(|shown| shown.0);
    let no_upgrade = |error: WebSocketUpgradeRejection| {
        Failure::new(Kind::Malformed, format!("machines open a WebSocket here: {error}"))
    };
    let upgrade = upgrade.map_err(no_upgrade)?.max_message_size(MOST_MESSAGE).max_frame_size(MOST_MESSAGE);
    let upgrade = upgrade.read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    Ok(upgrade.on_upgrade(move |socket| link::serve(app, socket, client, certificate)).into_response())
}

/// A code that lets one machine with a camera in, for a quarter of an hour. It is told once.
#[utoipa::path(post, path = "/api/v1/enrolments", tag = "devices", responses(
    (status = 201, body = Enrolment),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn enrol(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Extension(door): Extension<Door>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.ok_or_else(|| Failure::new(Kind::Malformed, "send the `host` that machines are to come to"))?;
    let scheme = if is_secure(door, &headers) { "https" } else { "http" };
    Ok(json(StatusCode::CREATED, &app.enrol(format!("{scheme}://{host}")).await?))
}
