//! `/api/v1/rules` and `/api/v1/deliveries`: what is done about what cameras tell, and what came of it. For the operator.

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use playfield_core::api::{ChangeRule, Deliveries, KnownRule, KnownRules, Problem};
use playfield_core::id::RuleId;
use playfield_core::rule::Rule;
use serde::Deserialize;

use super::App;
use super::body::{Json, Path, created, json};
use super::caller::Caller;
use crate::failure::{Failure, Kind};

/// Actions on a page, unless fewer are asked for.
const PAGE: u32 = 100;

/// All rules, the oldest first.
#[utoipa::path(get, path = "/api/v1/rules", tag = "rules", responses((status = 200, body = KnownRules)))]
pub(super) async fn list(State(app): App, Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.rules().await?))
}

/// Makes a rule. It is asked of what is told from now on.
#[utoipa::path(post, path = "/api/v1/rules", tag = "rules", request_body = Rule,
    responses(
        (status = 201, body = KnownRule),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn create(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Json { value, .. }: Json<Rule>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let rule = app.make_rule(value).await?;
    created(&rule, &format!("/api/v1/rules/{}", rule.id))
}

/// A rule.
#[utoipa::path(get, path = "/api/v1/rules/{id}", tag = "rules", params(("id" = String, Path)),
    responses(
        (status = 200, body = KnownRule),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn one(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.rule(&rule(&id)?).await?))
}

/// Changes a rule: it begins anew, as if it had just been made.
#[utoipa::path(put, path = "/api/v1/rules/{id}", tag = "rules", params(("id" = String, Path)),
    request_body = ChangeRule, responses(
        (status = 200, body = KnownRule),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn change(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json { value, .. }: Json<ChangeRule>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.change_rule(&rule(&id)?, value).await?))
}

/// Removes a rule. What it was still to do is given up; the record of what it did stays.
#[utoipa::path(delete, path = "/api/v1/rules/{id}", tag = "rules", params(("id" = String, Path)),
    responses(
        (status = 204),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    app.remove_rule(&rule(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Does what a rule does, as if it fired: all of it is marked as a test. What becomes of it is under `deliveries`.
#[utoipa::path(post, path = "/api/v1/rules/{id}/test", tag = "rules", params(("id" = String, Path)),
    responses(
        (status = 202, body = Deliveries),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn test(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::ACCEPTED, &app.try_rule(&rule(&id)?).await?))
}

/// A page of actions.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    rule: Option<String>,
    before: Option<u64>,
    most: Option<u32>,
}

/// What rules did and are to do, the newest first.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "rules",
    params(
        ("rule" = Option<String>, Query, description = "Only those of this rule, be it there or removed"),
        ("before" = Option<u64>, Query, description = "Only those before this number"),
        ("most" = Option<u32>, Query, description = "At most so many, 1 to 1000; 100"),
    ),
    responses(
        (status = 200, body = Deliveries),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn deliveries(
    State(app): App,
    Extension(caller): Extension<Caller>,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let Query(page) = page.map_err(|_| Failure::new(Kind::Malformed, "`before` and `most` are whole numbers"))?;
    let of = page.rule.as_deref().map(rule).transpose()?;
    let most = page.most.unwrap_or(PAGE).clamp(1, 1000);
    Ok(json(StatusCode::OK, &app.deliveries(of, page.before, most).await?))
}

fn rule(text: &str) -> Result<RuleId, Failure> {
    text.parse()
        .map_err(|_| Failure::new(Kind::NotFound, format!("there is no rule `{}`", crate::sessions::clip(text))))
}
