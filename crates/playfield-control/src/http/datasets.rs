//! `/api/v1/devices/{id}/datasets`: pictures that are kept, with what was found in them, and what an app uploads. For the operator.

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use playfield_core::api::{CreateDataset, Dataset, Datasets, Problem};
use playfield_core::id::GrantId;

use super::App;
use super::body::{Json, Path, created, json};
use super::caller::Caller;
use super::devices::device;
use crate::failure::{Failure, Kind};

/// Keeps pictures of a camera for a while, each with what the camera found in it, and with `uploads` what its app uploads. That
/// stays on record among its grants, with the reason; `DELETE` of the grant ends it, and keeps what came. What an app uploads goes
/// into one dataset at a time: another one is refused as `inUse`.
#[utoipa::path(post, path = "/api/v1/devices/{id}/datasets", tag = "devices", params(("id" = String, Path)),
    request_body = CreateDataset, responses(
        (status = 201, body = Dataset),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn create(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json { value, .. }: Json<CreateDataset>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let id = device(&id)?;
    let dataset = app.create_dataset(&id, value, caller.client).await?;
    created(&dataset, &format!("/api/v1/devices/{id}/datasets/{}", dataset.grant.id))
}

/// Pictures of a camera that are kept: the newest hundred datasets, the newest first.
#[utoipa::path(get, path = "/api/v1/devices/{id}/datasets", tag = "devices", params(("id" = String, Path)),
    responses(
        (status = 200, body = Datasets),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.datasets(&device(&id)?).await?))
}

/// A dataset as COCO has it: a ZIP archive with `annotations.json`, and the pictures under `images/`. What the model found is a
/// beginning for whoever corrects it: each annotation has the model's `score`. What the camera's app uploaded lies under `uploads/`,
/// by the app's names, each behind its number.
#[utoipa::path(get, path = "/api/v1/devices/{id}/datasets/{dataset}", tag = "devices",
    params(("id" = String, Path), ("dataset" = String, Path)), responses(
        (status = 200, description = "The archive", content_type = "application/zip"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn one(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, dataset)): Path<(String, String)>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let archive = app.dataset(&device(&id)?, named(&dataset)?).await?;
    let disposition = format!("attachment; filename=\"{}\"", archive.name());
    let headers = [(header::CONTENT_TYPE, "application/zip".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, archive.body(app)).into_response())
}

/// Forgets a dataset: its pictures, what was found in them, and its files. If more was still being added, that ends.
#[utoipa::path(delete, path = "/api/v1/devices/{id}/datasets/{dataset}", tag = "devices",
    params(("id" = String, Path), ("dataset" = String, Path)), responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, dataset)): Path<(String, String)>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    app.remove_dataset(&device(&id)?, named(&dataset)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn named(text: &str) -> Result<GrantId, Failure> {
    text.parse().map_err(|_| Failure::new(Kind::NotFound, "there is no such dataset of this camera"))
}
