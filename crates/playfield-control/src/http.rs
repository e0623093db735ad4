//! The HTTP side: doors, the API, the web.
//!
//! ```text
//!   peer -> guard: right host, no other site's page -> count -> route
//!     /api/v1/sign-in, /openapi.json          anybody
//!     /api/v1/invite                          whoever has a link
//!     /api/v1/whip                            whoever has a link that makes a browser a camera
//!     /api/v1/link                            a machine with cameras, which says who it is
//!     /api/v1/...                             caller: signed in, or a viewer with its token
//!     /evp/LINK                               a camera, with a link that it was given
//!     the rest                                the embedded web
//! ```

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Extension, Router};

use crate::app::Shared;
use crate::cameras::MOST_RELEASE_MB;
use crate::config::Door;
use crate::failure::{Failure, Kind};
use playfield_store::db::Hash;

mod body;
mod caller;
mod channels;
mod count;
mod datasets;
mod devices;
mod events;
mod evp;
pub(crate) mod guard;
mod idempotency;
mod invites;
mod links;
mod openapi;
mod people;
mod problem;
mod releases;
mod rules;
mod sessions;
mod sign_in;
mod states;
mod titles;
mod web;
mod whip;

pub(crate) use count::count;
pub use openapi::openapi;

/// Longest request body, in bytes: an SDP offer is a few thousand.
pub(crate) const BODY_MAX: usize = 256 * 1024;
/// The longest that a request may take: longer than any node is waited for.
const REQUEST: Duration = Duration::from_secs(100);
/// The same of one that sends a model or an app, over whatever line, and then has it tried.
const SENDING: Duration = Duration::from_secs(1_800);

/// Whom a request comes from: the address at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// A certificate that the other end of the connection showed, and that is believed: its hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate(pub Hash);

/// All of it, as it is behind a kind of door.
pub(crate) fn router(app: Shared, door: Door) -> Router {
    Router::new()
        .nest("/api/v1", api(app.clone()))
        .route("/evp/{link}", get(evp::get_link).put(evp::put_link).layer(mebibytes(app.config.mqtt.upload_mb)))
        .fallback(web::serve)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn(in_time))
        .layer(from_fn(guard::no_other_site))
        .layer(from_fn(guard::right_host))
        .layer(from_fn(guard::headers))
        .layer(from_fn(count))
        .layer(Extension(door))
        .with_state(app)
}

fn mebibytes(most: u32) -> DefaultBodyLimit {
    DefaultBodyLimit::max(usize::try_from(most).unwrap_or(usize::MAX).saturating_mul(1 << 20))
}

/// What operators do with cameras that speak MQTT.
fn cameras(app: &Shared) -> Router<Shared> {
    Router::new()
        .route("/evp/devices", get(evp::list).post(evp::enrol))
        .route("/evp/devices/{id}", get(evp::one).delete(evp::revoke))
        .route("/evp/devices/{id}/deployment", put(evp::deploy))
        .route("/evp/devices/{id}/twin", get(evp::twin))
        .route("/evp/devices/{id}/settings/{instance}/{topic}", put(evp::set).delete(evp::unset))
        .route("/evp/devices/{id}/commands", post(evp::call))
        .route("/evp/devices/{id}/image", post(evp::image))
        .route("/evp/devices/{id}/files", get(evp::files))
        .route("/evp/devices/{id}/files/{name}", get(evp::file))
        .route("/evp/modules", get(evp::modules))
        .route("/evp/modules/{name}", post(evp::put_module).layer(mebibytes(app.config.mqtt.module_mb)))
}

fn api(app: Shared) -> Router<Shared> {
    let closed = Router::new()
        .route("/titles", get(titles::list))
        .route("/titles/{id}", get(titles::one))
        .route("/titles/{id}/cover", get(titles::cover))
        .route("/channels", get(channels::list))
        .route("/channels/{kind}/{name}/{channel}", put(channels::put))
        .route("/channels/{kind}/{name}/{channel}/rollout", delete(channels::call_off))
        .route("/releases", get(releases::list))
        .route("/releases/{kind}/{name}", put(releases::put).delete(releases::remove).layer(mebibytes(MOST_RELEASE_MB)))
        .route("/enrolments", post(links::enrol))
        .route("/devices", get(devices::list).post(devices::create))
        .route("/devices/bulk", post(devices::bulk))
        .route("/devices/{id}", get(devices::one).patch(devices::change).delete(devices::revoke))
        .route("/devices/{id}/live", get(devices::live))
        .route("/devices/{id}/events", get(devices::events))
        .route("/devices/{id}/events.ndjson", get(events::export))
        .route("/devices/{id}/counts", get(devices::counts))
        .route("/devices/{id}/datasets", get(datasets::list).post(datasets::create))
        .route("/devices/{id}/datasets/{dataset}", get(datasets::one).delete(datasets::remove))
        .route("/devices/{id}/grants", get(devices::grants).post(devices::grant))
        .route("/devices/{id}/grants/{grant}", delete(devices::end_grant))
        .route("/devices/{id}/links", get(whip::list).post(whip::create))
        .route("/devices/{id}/links/{link}", delete(whip::remove))
        .route("/events/live", get(events::live))
        .route("/events/socket", get(events::socket))
        .route("/rules", get(rules::list).post(rules::create))
        .route("/rules/{id}", get(rules::one).put(rules::change).delete(rules::remove))
        .route("/rules/{id}/test", post(rules::test))
        .route("/deliveries", get(rules::deliveries))
        .route("/sessions", get(sessions::list).post(sessions::create))
        .route("/sessions/{id}", get(sessions::one).delete(sessions::end))
        .route("/sessions/{id}/invites", get(invites::list).post(invites::create))
        .route("/sessions/{id}/invites/{invite}", delete(invites::remove))
        .route("/sessions/{id}/people", get(people::list))
        .route("/sessions/{id}/viewers/{viewer}", delete(people::remove).patch(people::change))
        .route("/sessions/{id}/connections", post(sessions::connect))
        .route("/sessions/{id}/receipt", get(sessions::receipt))
        .route("/sessions/{id}/states", get(states::list))
        .route("/sessions/{id}/states/{slot}", put(states::save).delete(states::remove))
        .route("/sessions/{id}/states/{slot}/load", post(states::load))
        .merge(cameras(&app))
        .route_layer(from_fn_with_state(app, caller::known));
    Router::new()
        .route("/sign-in", post(sign_in::sign_in).delete(sign_in::sign_out))
        .route("/openapi.json", get(openapi::serve))
        .route("/link", get(links::open))
        .route("/invite", get(invites::look))
        .route("/invite/cover", get(invites::cover))
        .route("/invite/viewers", post(invites::join))
        .route("/whip", get(whip::look).post(whip::begin))
        .route("/whip/{id}", delete(whip::end))
        .merge(closed)
        .fallback(async || Failure::new(Kind::NotFound, "the API has no such address; see /api/v1/openapi.json"))
        .method_not_allowed_fallback(async || {
            Failure::new(Kind::MethodNotAllowed, "this address does not take this method; see /api/v1/openapi.json")
        })
}

async fn in_time(request: Request, next: Next) -> Response {
    let sends = request.method() == Method::PUT && request.uri().path().starts_with("/api/v1/releases/");
    tokio::time::timeout(if sends { SENDING } else { REQUEST }, next.run(request))
        .await
        .unwrap_or_else(|_| Failure::new(Kind::NodeTimeout, "the request took too long; try again").into_response())
}

type App = State<Shared>;
