//! `/api/v1/releases`: models and apps that cameras and channels may name. For the operator.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use playfield_core::api::{Problem, Release, Releases};

use super::App;
use super::body::{Path, created, json, whole};
use super::caller::Caller;
use super::channels::kind_of;
use crate::cameras::MOST_RELEASE_MB;
use crate::failure::{Failure, Kind};

/// What browsers call a ZIP archive; and what those who do not know it do.
const ARCHIVES: [&str; 3] = ["application/zip", "application/x-zip-compressed", "application/octet-stream"];

/// All models and apps.
#[utoipa::path(get, path = "/api/v1/releases", tag = "channels", responses((status = 200, body = Releases)))]
pub(super) async fn list(State(app): App, Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &Releases { releases: app.releases().await? }))
}

/// Takes a model or an app in: a ZIP archive of its folder, as it would lie on the server, or an AITRIOS package. What cannot be used
/// is refused with the reason. One of the same name stays as it is: the same again is answered with it, another is refused.
#[utoipa::path(put, path = "/api/v1/releases/{kind}/{name}", tag = "channels",
    params(
        ("kind" = String, Path, description = "`model` or `app`"),
        ("name" = String, Path, description = "What cameras and channels call it: letters, digits, `-` and `_`"),
    ),
    request_body(content = Vec<u8>, content_type = "application/zip"), responses(
        (status = 200, description = "It was here before", body = Release),
        (status = 201, description = "It was taken in", body = Release),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn put(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((kind, name)): Path<(String, String)>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Failure> {
    // Before anything of the body is kept.
    caller.signed_in()?;
    let kind = kind_of(&kind)?;
    if headers.get(CONTENT_TYPE).is_none_or(|given| !ARCHIVES.iter().any(|archive| given == archive)) {
        let detail = "send a ZIP archive, with the header `content-type: application/zip`";
        return Err(Failure::new(Kind::UnsupportedMediaType, detail));
    }
    let archive = whole(Bytes::from_request(request, &app).await, MOST_RELEASE_MB)?;
    // In a task of its own: whoever hangs up leaves nothing half unpacked.
    let work = tokio::spawn(async move { app.put_release(kind, &name, archive.into()).await });
    let (release, new) = work.await.map_err(Failure::internal)??;
    if new { created(&release, "/api/v1/releases") } else { Ok(json(StatusCode::OK, &release)) }
}

/// Forgets a model or an app that came over the API, and that no camera and no channel has.
#[utoipa::path(delete, path = "/api/v1/releases/{kind}/{name}", tag = "channels",
    params(("kind" = String, Path), ("name" = String, Path)), responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((kind, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    app.remove_release(kind_of(&kind)?, &name).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
