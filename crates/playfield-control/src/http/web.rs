//! What is not the API is the web.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::IF_NONE_MATCH;
use axum::response::{IntoResponse, Response};

use super::App;
use crate::failure::{Failure, Kind};

pub(super) async fn serve(State(app): App, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Failure::new(Kind::MethodNotAllowed, "pages are for reading; the API is under /api/v1").into_response();
    }
    app.web.answer(request.uri().path(), request.headers().get(IF_NONE_MATCH))
}
