//! `/api/v1/sign-in`: the token of the installation for a cookie that scripts cannot read and other sites cannot send.

use axum::Extension;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use playfield_core::api::Problem;
use playfield_core::id::Token;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::body::Json;
use super::caller::{COOKIE_NAME, client, cookie};
use crate::access::COOKIE_AGE;
use crate::config::Door;
use crate::failure::Failure;
use crate::secret::hash;

/// `POST /api/v1/sign-in`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The sign-in token of this server.
    #[schema(value_type = String)]
    pub token: Token,
}

/// Signs in for 30 days. Needed at addresses other than loopback.
#[utoipa::path(post, path = "/api/v1/sign-in", tag = "sign-in", request_body = SignIn, responses(
    (status = 204, description = "Signed in; the cookie is set"),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "Not the token"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "Too many wrong ones"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn sign_in(
    State(app): App,
    Extension(door): Extension<Door>,
    request: Request,
) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    let client = client(&app.config, &head);
    let secure = is_secure(door, &head.headers);
    let request = Request::from_parts(head, body);
    let Json { value: SignIn { token }, .. } = Json::from_request(request, &()).await?;
    let cookie = app.access.sign_in(&token, &client, &app.db).await?;
    set_cookie(cookie.reveal(), COOKIE_AGE.as_secs(), secure)
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/sign-in", tag = "sign-in", responses((status = 204)))]
pub(super) async fn sign_out(
    State(app): App,
    Extension(door): Extension<Door>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if let Some(cookie) = cookie(&headers) {
        app.db.remove_cookie(hash(cookie.as_bytes())).await?;
    }
    set_cookie("", 0, is_secure(door, &headers))
}

/// Whether the browser speaks TLS, to us or to the proxy in front. Who lies about it harms only their own cookie.
pub(super) fn is_secure(door: Door, headers: &HeaderMap) -> bool {
    door == Door::Public { tls: true } || headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https")
}

fn set_cookie(value: &str, age_s: u64, secure: bool) -> Result<Response, Failure> {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE_NAME}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}");
    let cookie = HeaderValue::from_str(&cookie).map_err(Failure::internal)?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}
