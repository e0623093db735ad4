//! `/api/v1/devices`: cameras, what they tell, and what was counted. For the operator.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use playfield_core::api::{
    ChangeDevice, ChangeDevices, ChangedDevices, CreateDevice, CreateGrant, Device, DeviceCounts, DeviceEvents,
    Devices, Granted, Grants, Problem,
};
use playfield_core::id::DeviceId;
use playfield_core::onvif::{self, Message};
use serde::Deserialize;
use serde_json::json as object;
use tokio::sync::broadcast::error::RecvError;

use super::App;
use super::body::{Json, Path, created, json};
use super::caller::Caller;
use super::events::Format;
use crate::cameras::{Model, Told};
use crate::failure::{Failure, Kind};

/// How often a quiet stream says that it is still there.
const STILL_HERE: Duration = Duration::from_secs(15);
/// Events on a page, unless fewer are asked for.
const PAGE: u32 = 100;

/// All cameras, the oldest first.
#[utoipa::path(get, path = "/api/v1/devices", tag = "devices", responses((status = 200, body = Devices)))]
pub(super) async fn list(State(app): App, Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &Devices { devices: app.devices().await? }))
}

/// A camera.
#[utoipa::path(get, path = "/api/v1/devices/{id}", tag = "devices", params(("id" = String, Path)),
    responses(
        (status = 200, body = Device),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn one(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.device(&device(&id)?).await?))
}

/// Changes a camera's name, or what it is to do. It begins anew with that; what it counted stays on record.
#[utoipa::path(patch, path = "/api/v1/devices/{id}", tag = "devices", params(("id" = String, Path)),
    request_body = ChangeDevice, responses(
        (status = 200, body = Device),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn change(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json { value, .. }: Json<ChangeDevice>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.change_device(&device(&id)?, value).await?))
}

/// Adds a camera to a machine that is there: the server's own, or that of another camera.
#[utoipa::path(post, path = "/api/v1/devices", tag = "devices", request_body = CreateDevice, responses(
    (status = 201, body = Device),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn create(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Json { value, .. }: Json<CreateDevice>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let device = app.create_device(value).await?;
    created(&device, &format!("/api/v1/devices/{}", device.id))
}

/// Turns a camera away: it ends at once, and does not come back. With the last camera of a machine the machine is turned away. What
/// it told stays on record.
#[utoipa::path(delete, path = "/api/v1/devices/{id}", tag = "devices", params(("id" = String, Path)), responses(
    (status = 204, description = "It is turned away"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    app.revoke_device(&device(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Does the same with many cameras. Each is done by itself; the answer says how it went with which.
#[utoipa::path(post, path = "/api/v1/devices/bulk", tag = "devices", request_body = ChangeDevices, responses(
    (status = 200, body = ChangedDevices),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn bulk(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Json { value, .. }: Json<ChangeDevices>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.change_devices(value).await?))
}

/// What a camera understands, as it does: server-sent events (HTML standard, 9.2). `state`, `health`, `counts` and `app` say how
/// things are, at first and each time they change; `seen` is what is in one picture, `emitted` what the edge app said of one. Whoever is slow misses pictures. With
/// `format=onvif` each picture is an `onvif-mj`, and each event in it an `onvif-ej`, as ONVIF Profile M writes them; the rest is
/// left out.
#[utoipa::path(get, path = "/api/v1/devices/{id}/live", tag = "devices",
    params(("id" = String, Path), ("format" = Option<String>, Query, description = "`json` or `onvif`")),
    responses(
        (status = 200, description = "`text/event-stream`, without an end", content_type = "text/event-stream"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn live(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    how: Result<Query<How>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let Query(How { format }) = how.map_err(|_| Failure::new(Kind::Malformed, "`format` is `json` or `onvif`"))?;
    let id = device(&id)?;
    app.device(&id).await?;
    let none = || Failure::new(Kind::NotFound, "this camera was not started yet; try again in a moment");
    let (known, news) = app.cameras.look(&id).ok_or_else(none)?;
    let first = futures_util::stream::iter(known.into_iter().map(Arc::new).collect::<Vec<_>>());
    let stopping = app.stopping.subscribe();
    let rest = futures_util::stream::unfold((news, stopping), |(mut news, mut stopping)| async move {
        loop {
            let next = tokio::select! {
                next = news.recv() => next,
                _ = stopping.wait_for(|stop| *stop) => return None,
            };
            match next {
                Ok(told) => return Some((told, (news, stopping))),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    let write = move |told: Arc<Told>| {
        let events = match format {
            Format::Json => vec![event(&told)],
            Format::Onvif => as_onvif(&told, &id, &app.cameras.model(&id)),
        };
        futures_util::stream::iter(events)
    };
    let events = futures_util::StreamExt::flat_map(futures_util::StreamExt::chain(first, rest), write);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(STILL_HERE)).into_response())
}

fn event(told: &Told) -> Result<Event, Infallible> {
    Ok(Event::default().event(told.name()).data(serde_json::to_string(told).unwrap_or_default()))
}

/// Lets the caller see what a camera sees, for a while. It stays on record, with the reason.
#[utoipa::path(post, path = "/api/v1/devices/{id}/grants", tag = "devices", params(("id" = String, Path)),
    request_body = CreateGrant, responses(
        (status = 201, body = Granted),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn grant(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json { value, .. }: Json<CreateGrant>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let id = device(&id)?;
    let granted = app.grant(&id, value, caller.client).await?;
    created(&granted, &format!("/api/v1/devices/{id}/grants/{}", granted.grant.id))
}

/// Who might see what a camera sees, and why: the newest hundred grants, the newest first.
#[utoipa::path(get, path = "/api/v1/devices/{id}/grants", tag = "devices", params(("id" = String, Path)),
    responses(
        (status = 200, body = Grants),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn grants(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.grants(&device(&id)?).await?))
}

/// Takes a grant back: whoever looks by it sees nothing any more.
#[utoipa::path(delete, path = "/api/v1/devices/{id}/grants/{grant}", tag = "devices",
    params(("id" = String, Path), ("grant" = String, Path)), responses(
        (status = 204, description = "It is over"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn end_grant(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, grant)): Path<(String, String)>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let none = |_| Failure::new(Kind::NotFound, "there is no such grant, or it is over");
    app.end_grant(&device(&id)?, grant.parse().map_err(none)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A picture and its events, each with its topic.
fn as_onvif(told: &Told, id: &DeviceId, model: &Model) -> Vec<Result<Event, Infallible>> {
    let Told::Seen(seen) = told else { return Vec::new() };
    let written = |kind: &str, Message { topic, body }: Message| {
        let data = object!({"topic": format!("{id}/{topic}"), "body": body});
        Ok(Event::default().event(kind).data(data.to_string()))
    };
    let picture = written("onvif-mj", onvif::frame(&seen.metadata, &model.name, &model.labels));
    let events = seen.events.iter().map(|event| written("onvif-ej", onvif::event(event, &model.labels)));
    std::iter::once(picture).chain(events).collect()
}

/// How a stream is written.
#[derive(Debug, Deserialize)]
pub(super) struct How {
    #[serde(default)]
    format: Format,
}

/// A page of events.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    before: Option<u64>,
    most: Option<u32>,
}

/// What a camera told, the newest first.
#[utoipa::path(get, path = "/api/v1/devices/{id}/events", tag = "devices",
    params(
        ("id" = String, Path),
        ("before" = Option<u64>, Query, description = "Only those before this number"),
        ("most" = Option<u32>, Query, description = "At most so many, 1 to 1000; 100"),
    ),
    responses(
        (status = 200, body = DeviceEvents),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn events(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let Query(page) = page.map_err(|_| Failure::new(Kind::Malformed, "`before` and `most` are whole numbers"))?;
    let events = app.device_events(&device(&id)?, page.before, page.most.unwrap_or(PAGE).clamp(1, 1000)).await?;
    Ok(json(StatusCode::OK, &events))
}

/// How far back counts reach.
#[derive(Debug, Deserialize)]
pub(super) struct Since {
    minutes: Option<u32>,
}

/// What was counted in each minute, the oldest first.
#[utoipa::path(get, path = "/api/v1/devices/{id}/counts", tag = "devices",
    params(
        ("id" = String, Path),
        ("minutes" = Option<u32>, Query, description = "How far back, 1 to 10080 (a week); 60"),
    ),
    responses(
        (status = 200, body = DeviceCounts),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn counts(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    since: Result<Query<Since>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let Query(since) = since.map_err(|_| Failure::new(Kind::Malformed, "`minutes` is a whole number"))?;
    let minutes = since.minutes.unwrap_or(60).clamp(1, 7 * 24 * 60);
    Ok(json(StatusCode::OK, &app.device_counts(&device(&id)?, minutes).await?))
}

pub(super) fn device(text: &str) -> Result<DeviceId, Failure> {
    text.parse()
        .map_err(|_| Failure::new(Kind::NotFound, format!("there is no camera `{}`", crate::sessions::clip(text))))
}
