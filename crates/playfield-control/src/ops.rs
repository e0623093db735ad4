//! The operations port: is it alive, is it ready, how busy is it.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use playfield_core::bus::node_subject;
use serde::Serialize;

use crate::app::{App, Shared};
use crate::failure::{Failure, Kind};
use crate::http::guard;

/// How long the database may take to write before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    problems: Vec<String>,
}

pub(crate) fn router(app: Shared) -> Router {
    Router::new()
        .route("/healthz", get(async || ([(CACHE_CONTROL, "no-store")], "ok\n")))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(async || Failure::new(Kind::NotFound, "here are /healthz, /readyz and /metrics"))
        .layer(from_fn(guard::headers))
        .with_state(app)
}

/// 200 if sessions can be started, else 503 and why not.
async fn ready(State(app): State<Shared>) -> Response {
    let problems = problems(&app).await;
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_vec(&Readiness { ready: problems.is_empty(), problems }).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
}

async fn problems(app: &App) -> Vec<String> {
    let mut problems = Vec::new();
    match tokio::time::timeout(PATIENCE, app.db.check_writable()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => problems.push(format!("the database cannot be written: {error}")),
        Err(_) => problems.push("the database does not answer".to_owned()),
    }
    if !app.nodes.iter().any(|node| app.bus.is_served(&node_subject(node))) {
        problems.push("no node is registered".to_owned());
    }
    problems
}

async fn metrics(State(app): State<Shared>) -> Response {
    match app.db.open_sessions().await {
        Ok(by_state) => crate::metrics::open_sessions(&by_state),
        Err(error) => tracing::error!(%error, "open sessions could not be counted"),
    }
    let text = app.metrics.as_ref().map(crate::metrics::Metrics::render).unwrap_or_default();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")], text).into_response()
}
