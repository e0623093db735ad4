//! What is not the API is the web.

use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, IF_NONE_MATCH};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::App;
use crate::failure::{Failure, Kind};

pub(super) async fn serve(State(app): App, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Failure::new(Kind::MethodNotAllowed, "pages are for reading; the API is under /api/v1").into_response();
    }
    let response = app.web.answer(request.uri().path(), request.headers().get(IF_NONE_MATCH));
    let accepts = request.headers().get(ACCEPT).and_then(|accepts| accepts.to_str().ok()).unwrap_or_default();
    // Who follows a link that leads nowhere is a person.
    if response.status() == StatusCode::NOT_FOUND && accepts.contains("text/html") { app.web.lost() } else { response }
}
