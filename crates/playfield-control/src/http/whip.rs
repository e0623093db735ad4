//! `/api/v1/devices/{id}/links`, for the operator, and `/api/v1/whip`, for whoever has a link that makes their browser a camera: WHIP
//! (RFC 9725), which other programs that send video speak too.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use playfield_core::api::{CameraInvitation, CameraLinks, CreateCameraLink, CreatedCameraLink, Problem};

use super::App;
use super::body::{MaybeJson, Path, created, json, text};
use super::caller::{Caller, client};
use super::devices::device;
use super::invites::secret;
use crate::failure::{Failure, Kind};

/// What offers and answers are sent as.
const SDP: &str = "application/sdp";

/// Makes a link by which a browser is this camera, whose `source` is `browser`. It is told once. The body may be left out.
#[utoipa::path(post, path = "/api/v1/devices/{id}/links", tag = "devices", params(("id" = String, Path)),
    request_body = Option<CreateCameraLink>, responses(
        (status = 201, body = CreatedCameraLink),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn create(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    MaybeJson { value, .. }: MaybeJson<CreateCameraLink>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let id = device(&id)?;
    let made = app.create_camera_link(&id, value, caller.client).await?;
    created(&made, &format!("/api/v1/devices/{id}/links/{}", made.link.id))
}

/// The links of a camera, without their secrets: the newest hundred, also those that are over, the newest first.
#[utoipa::path(get, path = "/api/v1/devices/{id}/links", tag = "devices", params(("id" = String, Path)), responses(
    (status = 200, body = CameraLinks),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.camera_links(&device(&id)?).await?))
}

/// Takes a link back: whoever came by it is the camera no longer, at once.
#[utoipa::path(delete, path = "/api/v1/devices/{id}/links/{link}", tag = "devices",
    params(("id" = String, Path), ("link" = String, Path)), responses(
        (status = 204, description = "It is taken back"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, link)): Path<(String, String)>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let none = |_| Failure::new(Kind::NotFound, "this camera has no such link");
    app.end_camera_link(&device(&id)?, link.parse().map_err(none)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a link is for, and whether somebody may see the picture just now. The secret of the link is the bearer token; nobody need be
/// signed in.
#[utoipa::path(get, path = "/api/v1/whip", tag = "devices", security(("whip" = [])), responses(
    (status = 200, body = CameraInvitation),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn look(State(app): App, headers: HeaderMap) -> Result<Response, Failure> {
    Ok(json(StatusCode::OK, &app.camera_invitation(secret(&headers)?).await?))
}

/// Answers the offer of whoever wants to send the camera its pictures: WHIP (RFC 9725), with H.264 (constrained baseline,
/// packetization-mode 1), and all candidates in the answer; the server is ICE-lite. Sound is not taken. Whoever sent before is put
/// out. The secret of the link is the bearer token.
#[utoipa::path(post, path = "/api/v1/whip", tag = "devices", security(("whip" = [])),
    request_body(content = String, content_type = "application/sdp"), responses(
        (status = 201, body = String, content_type = "application/sdp", description = "The answer; `Location` is what to `DELETE` at the end"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Not a link"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "The link has expired, or was taken back"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn begin(State(app): App, request: Request) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    let secret = secret(&head.headers)?.to_owned();
    let client = client(&app.config, &head);
    if !is_sdp(&head.headers) {
        let detail = "send the offer as SDP, with the header `content-type: application/sdp`";
        return Err(Failure::new(Kind::UnsupportedMediaType, detail));
    }
    let offer = text(Request::from_parts(head, body), &app).await?;
    let (id, answer) = app.ingest(&secret, offer, client).await?;
    let location = HeaderValue::from_str(&format!("/api/v1/whip/{id}")).map_err(Failure::internal)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(SDP)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (LOCATION, location),
    ];
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

/// Ends what was begun: the camera has no pictures any more. The secret of the link is the bearer token.
#[utoipa::path(delete, path = "/api/v1/whip/{id}", tag = "devices", params(("id" = String, Path)),
    security(("whip" = [])), responses(
        (status = 200, description = "It is over"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn end(State(app): App, headers: HeaderMap, Path(id): Path<String>) -> Result<Response, Failure> {
    let none = |_| Failure::new(Kind::NotFound, "there is no such connection");
    app.leave_ingest(secret(&headers)?, id.parse().map_err(none)?).await?;
    Ok(StatusCode::OK.into_response())
}

fn is_sdp(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    given.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(SDP)
}
