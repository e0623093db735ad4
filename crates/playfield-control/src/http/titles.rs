//! `/api/v1/titles`

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use playfield_core::api::{Problem, Title, Titles};

use super::App;
use super::body::{Path, json};
use crate::failure::{Failure, Kind};
use crate::sessions::clip;

/// All titles, by name. One that cannot be played is there too, with its problem.
#[utoipa::path(get, path = "/api/v1/titles", tag = "titles", responses((status = 200, body = Titles)))]
pub(super) async fn list(State(app): App) -> Response {
    json(StatusCode::OK, &Titles { titles: app.catalogue.titles() })
}

/// One title.
#[utoipa::path(get, path = "/api/v1/titles/{id}", tag = "titles", params(("id" = String, Path)), responses(
    (status = 200, body = Title),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(State(app): App, Path(id): Path<String>) -> Result<Response, Failure> {
    let entry = app.catalogue.get(&id).ok_or_else(|| no_title(&id))?;
    Ok(json(StatusCode::OK, &entry.title()))
}

/// A title's cover.
#[utoipa::path(get, path = "/api/v1/titles/{id}/cover", tag = "titles",
    params(("id" = String, Path), ("v" = Option<String>, Query, description = "Names the picture, which may then be kept for ever")),
    responses(
        (status = 200, content_type = "image/png", body = Vec<u8>),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such title, or it has no picture yet"),
    ))]
pub(super) async fn cover(
    State(app): App,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let entry = app.catalogue.get(&id).ok_or_else(|| no_title(&id))?;
    let none = || Failure::new(Kind::NotFound, format!("`{}` has no cover yet", clip(&id)));
    let cover = entry.cover.as_ref().ok_or_else(none)?;
    let tag = format!("\"{}\"", cover.tag);
    let named = query.as_deref().and_then(|query| query.strip_prefix("v=")) == Some(&cover.tag);
    let keep = if named { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let tag = HeaderValue::from_str(&tag).map_err(Failure::internal)?;
    let common = [(ETAG, tag), (CACHE_CONTROL, HeaderValue::from_static(keep))];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let bytes = tokio::fs::read(&cover.path).await.map_err(Failure::internal)?;
    Ok((common, [(CONTENT_TYPE, "image/png")], bytes).into_response())
}

fn no_title(id: &str) -> Failure {
    Failure::new(Kind::NotFound, format!("there is no title `{}`", clip(id)))
}
