//! What requests bring, and JSON out.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, Kind};
use crate::http::BODY_MAX;
use crate::secret::hash;

/// How long a body may take to arrive.
const ARRIVE: Duration = Duration::from_secs(15);

/// A JSON body, and the hash of its bytes.
pub(super) struct Json<T> {
    pub value: T,
    pub hash: [u8; 32],
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Json<T>, Failure> {
        is_json(request.headers())?;
        let bytes = bytes(request, state).await?;
        let value = serde_json::from_slice(&bytes).map_err(malformed)?;
        Ok(Json { value, hash: hash(&bytes) })
    }
}

/// A body that is text.
pub(super) async fn text<S: Send + Sync>(request: Request, state: &S) -> Result<String, Failure> {
    let bytes = bytes(request, state).await?;
    String::from_utf8(bytes.into()).map_err(|_| Failure::new(Kind::Malformed, "the body is not UTF-8"))
}

/// A body of bytes that may be so large.
pub(super) fn whole(body: Result<Bytes, BytesRejection>, most_mb: u32) -> Result<Bytes, Failure> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::new(Kind::TooLarge, format!("it may be at most {most_mb} MiB")),
        _ => Failure::new(Kind::Malformed, "the connection ended before the body did"),
    })
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Failure> {
    let bytes = tokio::time::timeout(ARRIVE, Bytes::from_request(request, state));
    let slow = |_| Failure::new(Kind::TooSlow, "the body did not arrive within 15 s; try again");
    bytes.await.map_err(slow)?.map_err(|rejection| unread(rejection.status()))
}

/// A JSON body that may be left out, or be `null`, and the hash of its bytes.
pub(super) struct MaybeJson<T> {
    pub value: T,
    pub hash: [u8; 32],
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MaybeJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<MaybeJson<T>, Failure> {
        if request.headers().get(CONTENT_TYPE).is_none() {
            return Ok(MaybeJson { value: T::default(), hash: hash(&[]) });
        }
        let Json { value, hash } = Json::<Option<T>>::from_request(request, state).await?;
        Ok(MaybeJson { value: value.unwrap_or_default(), hash })
    }
}

/// What stands in an address.
pub(super) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Failure> {
        let unread =
            |_| Failure::new(Kind::Malformed, "the address does not read: after each `%` come two digits of UTF-8");
        let axum::extract::Path(value) = axum::extract::Path::from_request_parts(parts, state).await.map_err(unread)?;
        Ok(Path(value))
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Failure> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "send the body as JSON, with the header `content-type: application/json`";
    Err(Failure::new(Kind::UnsupportedMediaType, detail))
}

fn unread(status: StatusCode) -> Failure {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Failure::new(Kind::TooLarge, format!("the body may be at most {} KiB", BODY_MAX / 1024));
    }
    Failure::new(Kind::Malformed, "the connection ended before the body did")
}

/// serde_json says where: line and column. What it quotes of the body is the caller's own.
fn malformed(error: serde_json::Error) -> Failure {
    Failure::new(Kind::Malformed, format!("the body does not parse: {error}"))
}

/// A JSON answer that tells what was made, and where it is.
pub(super) fn created<T: Serialize>(value: &T, location: &str) -> Result<Response, Failure> {
    let mut response = json(StatusCode::CREATED, value);
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(location).map_err(Failure::internal)?);
    Ok(response)
}

/// A JSON answer that nobody keeps.
pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], bytes).into_response(),
        Err(error) => Failure::internal(error).into_response(),
    }
}
