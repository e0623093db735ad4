//! `/api/v1/channels`: which releases of models and apps cameras follow. For the operator.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use playfield_core::api::{Channels, MoveChannel, Problem};
use playfield_core::rollout::{Channel, Kind};

use super::App;
use super::body::{Json, Path, json};
use super::caller::Caller;
use crate::failure::{Failure, Kind as Why};

/// All channels, and where they are on their way to.
#[utoipa::path(get, path = "/api/v1/channels", tag = "channels", responses((status = 200, body = Channels)))]
pub(super) async fn list(State(app): App, Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.channels()))
}

/// Makes a channel, or moves it to another release: a part of the cameras that follow it at a time, each part once the one before
/// was well for a while. If one of them is not well, all go back.
#[utoipa::path(put, path = "/api/v1/channels/{kind}/{name}/{channel}", tag = "channels",
    params(
        ("kind" = String, Path, description = "`model` or `app`"),
        ("name" = String, Path, description = "The family: what is before the `@`"),
        ("channel" = String, Path, description = "What is behind the `@`"),
    ),
    request_body = MoveChannel, responses(
        (status = 200, body = Channel),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn put(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((kind, name, channel)): Path<(String, String, String)>,
    Json { value, .. }: Json<MoveChannel>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.move_channel(kind_of(&kind)?, (&name, &channel), value).await?))
}

/// Calls a rollout off: all go back to the release that the channel points to.
#[utoipa::path(delete, path = "/api/v1/channels/{kind}/{name}/{channel}/rollout", tag = "channels",
    params(("kind" = String, Path), ("name" = String, Path), ("channel" = String, Path)), responses(
        (status = 200, body = Channel),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn call_off(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((kind, name, channel)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.call_off(kind_of(&kind)?, &name, &channel).await?))
}

/// What stands in an address for a kind.
pub(super) fn kind_of(text: &str) -> Result<Kind, Failure> {
    match text {
        "model" => Ok(Kind::Model),
        "app" => Ok(Kind::App),
        _ => Err(Failure::new(Why::NotFound, "there are the kinds `model` and `app`")),
    }
}
