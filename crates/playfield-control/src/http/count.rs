//! Every request is counted, by route rather than by address: ids would make a figure for each session.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

/// Counts a request and notes it in the log; never its headers, query or body.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let since = tokio::time::Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    tracing::debug!(%method, route, status, ms = since.elapsed().as_millis() as u64, "request");
    crate::metrics::http_request(known(&method), route, status);
    response
}

/// A method that nobody defined is one figure, whatever it says.
fn known(method: &axum::http::Method) -> String {
    let known = ["GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"];
    known.into_iter().find(|known| method == known).unwrap_or("other").to_owned()
}
