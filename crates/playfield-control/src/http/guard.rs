//! What is checked before anything else, and the headers that every answer carries.

use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

use crate::config::Door;
use crate::failure::{Failure, Kind};

const CROSS_ORIGIN_RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// At a local door: only a name of this machine may stand in the address bar. Else a page of the network could point a name
/// of its own at loopback and speak to us as if it were ours (DNS rebinding).
pub(crate) async fn right_host(request: Request, next: Next) -> Response {
    let local = request.extensions().get::<Door>() == Some(&Door::Local);
    if local && !host(&request).is_some_and(|host| is_this_machine(host.host())) {
        let detail = "this address answers to localhost only; open http://localhost or pass another --listen address";
        return Failure::new(Kind::Misdirected, detail).into_response();
    }
    next.run(request).await
}

/// What changes something may come from our own pages, or from no page at all.
pub(crate) async fn no_other_site(request: Request, next: Next) -> Response {
    if !request.method().is_safe() && from_other_site(request.headers(), host(&request)) {
        let detail = "a page of another site sent this request; only pages of this server may";
        return Failure::new(Kind::CrossSite, detail).into_response();
    }
    next.run(request).await
}

/// Browsers say where a request comes from, old ones by `Origin` alone; programs say nothing.
pub(super) fn from_other_site(headers: &HeaderMap, host: Option<Authority>) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let Some((scheme, authority)) = origin.as_ref().and_then(|o| Some((o.scheme_str()?, o.authority()?))) else {
        return true;
    };
    // A proxy in front may speak another scheme than we do; the port that the scheme implies is the same as none.
    let default = if scheme == "https" { 443 } else { 80 };
    let bare = |authority: &Authority| (authority.host().to_ascii_lowercase(), authority.port_u16().unwrap_or(default));
    host.is_none_or(|host| bare(&host) != bare(authority))
}

fn host(request: &Request) -> Option<Authority> {
    match request.headers().get(HOST) {
        Some(host) => host.to_str().ok()?.parse().ok(),
        None => request.uri().authority().cloned(),
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Headers that hold for all answers; a handler that set its own keeps it.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let defaults = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (CROSS_ORIGIN_RESOURCE, "same-origin"),
    ];
    for (name, value) in defaults {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_this_machine() {
        for (host, expect) in [
            ("localhost", true),
            ("LOCALHOST", true),
            ("playfield.localhost", true),
            ("127.0.0.1", true),
            ("127.8.8.8", true),
            ("[::1]", true),
            ("[::ffff:127.0.0.1]", true),
            ("localhost.example.com", false),
            ("notlocalhost", false),
            ("192.168.1.1", false),
            ("[fe80::1]", false),
            ("", false),
        ] {
            assert_eq!(is_this_machine(host), expect, "{host}");
        }
    }

    #[test]
    fn another_sites_page_is_told_by_what_browsers_say() {
        let check = |site: Option<&'static str>, origin: Option<&'static str>, other: bool| {
            let mut headers = HeaderMap::new();
            let pairs = [(SEC_FETCH_SITE, site), (ORIGIN, origin)];
            for (name, value) in pairs.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                headers.insert(name, HeaderValue::from_static(value));
            }
            let host = Some(Authority::from_static("play.example:8080"));
            assert_eq!(from_other_site(&headers, host), other, "{site:?} {origin:?}");
        };
        check(None, None, false);
        check(Some("same-origin"), None, false);
        check(Some("none"), None, false);
        check(Some("same-site"), None, true);
        check(Some("cross-site"), Some("http://play.example:8080"), true);
        check(None, Some("http://play.example:8080"), false);
        check(None, Some("https://PLAY.example:8080"), false);
        check(None, Some("http://play.example"), true);
        check(None, Some("http://evil.example:8080"), true);
        check(None, Some("null"), true);
    }
}
