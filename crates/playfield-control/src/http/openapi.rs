//! The OpenAPI document, generated from the handlers and the shapes they speak.

use std::sync::LazyLock;

use axum::response::Response;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::body::json;
use super::{
    channels, datasets, devices, events, evp, invites, links, people, releases, rules, sessions, sign_in, states,
    titles, whip,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Playfield",
        description = "Titles and sessions. Errors are application/problem+json; addresses other than loopback ask for the sign-in."
    ),
    paths(
        titles::list,
        titles::one,
        titles::cover,
        sessions::create,
        sessions::list,
        sessions::one,
        sessions::end,
        sessions::connect,
        sessions::receipt,
        devices::list,
        devices::one,
        channels::list,
        channels::put,
        channels::call_off,
        releases::list,
        releases::put,
        releases::remove,
        devices::create,
        devices::change,
        devices::revoke,
        devices::bulk,
        links::open,
        links::enrol,
        devices::live,
        devices::events,
        devices::counts,
        datasets::create,
        datasets::list,
        datasets::one,
        datasets::remove,
        devices::grant,
        devices::grants,
        devices::end_grant,
        whip::create,
        whip::list,
        whip::remove,
        whip::look,
        whip::begin,
        whip::end,
        events::export,
        events::live,
        events::socket,
        rules::list,
        rules::create,
        rules::one,
        rules::change,
        rules::remove,
        rules::test,
        rules::deliveries,
        people::list,
        people::change,
        people::remove,
        states::list,
        states::save,
        states::load,
        states::remove,
        invites::create,
        invites::list,
        invites::remove,
        invites::look,
        invites::cover,
        invites::join,
        evp::list,
        evp::enrol,
        evp::one,
        evp::revoke,
        evp::deploy,
        evp::twin,
        evp::set,
        evp::unset,
        evp::call,
        evp::image,
        evp::files,
        evp::file,
        evp::modules,
        evp::put_module,
        sign_in::sign_in,
        sign_in::sign_out,
        serve
    ),
    components(schemas(playfield_core::api::ToldEvent)),
    modifiers(&Tokens)
)]
struct Document;

/// The tokens of viewers and links, as ways to prove who asks.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = |what| HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what)).build();
        let components = document.components.get_or_insert_default();
        for (name, what) in [
            ("viewer", "the viewer's token"),
            ("invite", "the link's secret"),
            ("whip", "the secret of a camera's link"),
        ] {
            components.add_security_scheme(name, SecurityScheme::Http(bearer(what)));
        }
    }
}

/// The OpenAPI document of `/api/v1`.
pub fn openapi() -> &'static utoipa::openapi::OpenApi {
    static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(Document::openapi);
    &DOCUMENT
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "about", responses((status = 200, content_type = "application/json")))]
pub(super) async fn serve() -> Response {
    json(axum::http::StatusCode::OK, openapi())
}
