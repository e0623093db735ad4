//! What cameras tell, as streams: all of it as it comes, and that of one camera from any point on. For the operator.
//!
//! Both read the database, in its order, and are woken when something was written: so none is left out and none comes twice,
//! however slow the reader, and a stream that was cut goes on where it was.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, StreamExt, unfold};
use playfield_core::api::{Problem, ToldEvent};
use playfield_core::onvif;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::body::Path;
use super::caller::Caller;
use super::devices::device;
use super::guard::from_other_site;
use crate::app::Shared;
use crate::cameras::told;
use crate::failure::{Failure, Kind};

/// How often a quiet stream says that it is still there.
const STILL_HERE: Duration = Duration::from_secs(15);
/// Events that are read at a time.
const PAGE: u32 = 256;
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where a stream begins, and how it writes.
#[derive(Debug, Default, Deserialize)]
pub(super) struct From {
    after: Option<u64>,
    #[serde(default)]
    format: Format,
}

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// As this API does.
    #[default]
    Json,
    /// As ONVIF Profile M does.
    Onvif,
}

type Asked = Result<Query<From>, axum::extract::rejection::QueryRejection>;

fn asked(from: Asked) -> Result<From, Failure> {
    let wrong = |_| Failure::new(Kind::Malformed, "`after` is a whole number, `format` is `json` or `onvif`");
    from.map(|Query(from)| from).map_err(wrong)
}

/// What one camera told, the oldest first: a line of JSON for each event, up to now. It goes on after the `seq` of the last one
/// that came, as `after`.
#[utoipa::path(get, path = "/api/v1/devices/{id}/events.ndjson", tag = "devices",
    params(
        ("id" = String, Path),
        ("after" = Option<u64>, Query, description = "Only those after this `seq`; 0"),
    ),
    responses(
        (status = 200, description = "A `ToldEvent` on each line", content_type = "application/x-ndjson"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn export(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    from: Asked,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let (id, from) = (device(&id)?, asked(from)?);
    app.device(&id).await?;
    let pages = unfold((app, Some(from.after.unwrap_or(0))), move |(app, after)| {
        let id = id.clone();
        async move {
            let rows = app.db.device_events_after(id, after?, PAGE).await;
            let page = rows.map_err(Failure::from).and_then(|rows| {
                let next = rows.last().filter(|_| rows.len() == PAGE as usize).map(|row| row.seq);
                let mut lines = Vec::new();
                for row in rows {
                    serde_json::to_writer(&mut lines, &told(row)?).map_err(Failure::internal)?;
                    lines.push(b'\n');
                }
                Ok((lines, next))
            });
            // A page that cannot be read cuts the answer: whoever reads it sees that it has no end.
            Some(match page {
                Ok((lines, next)) => (Ok(Bytes::from(lines)), (app, next)),
                Err(failure) => (Err(std::io::Error::other(failure.detail)), (app, None)),
            })
        }
    });
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
    Ok((StatusCode::OK, headers, Body::from_stream(pages)).into_response())
}

/// What all cameras tell, as they do: server-sent events (HTML standard, 9.2), each with its `number` as id. A stream that was
/// cut goes on after the header `Last-Event-ID`, or `after`, without a gap and without one that comes twice; without either it
/// begins now. With `format=onvif` events are as ONVIF Profile M writes them, with their topic.
#[utoipa::path(get, path = "/api/v1/events/live", tag = "devices",
    params(
        ("after" = Option<u64>, Query, description = "From the one after this number on; now"),
        ("format" = Option<String>, Query, description = "`json` or `onvif`"),
        ("last-event-id" = Option<u64>, Header, description = "In place of `after`, as browsers send it"),
    ),
    responses(
        (status = 200, description = "`text/event-stream` of `ToldEvent`, without an end", content_type = "text/event-stream"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn live(
    State(app): App,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    from: Asked,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let from = asked(from)?;
    let wrong = || Failure::new(Kind::Malformed, "`Last-Event-ID` is the number of an event");
    let last = headers.get(LAST_EVENT_ID).map(|last| last.to_str().ok().and_then(|last| last.parse::<u64>().ok()));
    let last = last.map(|last| last.ok_or_else(wrong)).transpose()?;
    let after = match last.or(from.after) {
        Some(after) => after,
        None => app.db.newest_event().await?,
    };
    let events = follow(app.clone(), after).map(move |told| written(&app, &told, from.format));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(STILL_HERE)).into_response())
}

/// The same over a WebSocket (RFC 6455), for those who have no server-sent events: each event is a text of JSON, and whoever comes
/// again goes on after the `number` of the last one.
#[utoipa::path(get, path = "/api/v1/events/socket", tag = "devices",
    params(
        ("after" = Option<u64>, Query, description = "From the one after this number on; now"),
        ("format" = Option<String>, Query, description = "`json` or `onvif`"),
    ),
    responses(
        (status = 101, description = "Texts of `ToldEvent`, without an end"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn socket(
    State(app): App,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    from: Asked,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    // Browsers let any page open one, with our cookies.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    if from_other_site(&headers, host) {
        return Err(Failure::new(
            Kind::CrossSite,
            "a page of another site sent this request; only pages of this server may",
        ));
    }
    let from = asked(from)?;
    let after = match from.after {
        Some(after) => after,
        None => app.db.newest_event().await?,
    };
    let no_upgrade = |error: WebSocketUpgradeRejection| {
        Failure::new(Kind::Malformed, format!("open a WebSocket here, or read /api/v1/events/live: {error}"))
    };
    // Nothing is read from it but that it is there.
    let upgrade = upgrade.map_err(no_upgrade)?.max_message_size(1024);
    Ok(upgrade.on_upgrade(move |socket| speak(app, socket, after, from.format)).into_response())
}

async fn speak(app: Shared, mut socket: WebSocket, after: u64, format: Format) {
    let mut events = std::pin::pin!(follow(app.clone(), after));
    let mut still_here = tokio::time::interval(STILL_HERE);
    loop {
        let message = tokio::select! {
            told = events.next() => match told {
                Some(told) => Message::Text(text(&app, &told, format).into()),
                None => return,
            },
            said = socket.recv() => match said {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            _ = still_here.tick() => Message::Ping(Bytes::new()),
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// All events after a number, for as long as the control plane serves. It ends where the database does not answer: whoever
/// reads comes again.
fn follow(app: Shared, after: u64) -> impl Stream<Item = ToldEvent> {
    let (news, stopping) = (app.cameras.told(), app.stopping.subscribe());
    let state = (app, after, VecDeque::new(), news, stopping);
    unfold(state, |(app, mut after, mut page, mut news, mut stopping)| async move {
        loop {
            if let Some(told) = page.pop_front() {
                return Some((told, (app, after, page, news, stopping)));
            }
            news.mark_unchanged();
            let rows = app.db.events_after(after, PAGE).await.ok()?;
            if let Some(last) = rows.last() {
                after = last.number;
                page.extend(rows.into_iter().filter_map(|row| told(row).ok()));
                continue;
            }
            tokio::select! {
                changed = news.changed() => changed.ok()?,
                _ = stopping.wait_for(|stop| *stop) => return None,
            }
        }
    })
}

fn written(app: &Shared, told: &ToldEvent, format: Format) -> Result<Event, Infallible> {
    let kind = match format {
        Format::Json => "event",
        Format::Onvif => "onvif-ej",
    };
    Ok(Event::default().id(told.number.to_string()).event(kind).data(text(app, told, format)))
}

fn text(app: &Shared, told: &ToldEvent, format: Format) -> String {
    match format {
        Format::Json => serde_json::to_string(told).unwrap_or_default(),
        Format::Onvif => {
            let model = app.cameras.model(&told.device);
            let onvif::Message { topic, body } = onvif::event(&told.told.event, &model.labels);
            let topic = format!("{}/{topic}", told.device);
            json!({"topic": topic, "body": body}).to_string()
        }
    }
}
