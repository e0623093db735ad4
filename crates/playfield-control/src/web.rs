//! The web side, embedded: built by `cargo xtask web` into `web/dist`, served from memory.

use std::collections::BTreeMap;

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, include_dir};
use playfield_store::blob::BlobId;

use crate::failure::{Failure, Kind};

static DIST: Dir<'static> = include_dir!("$OUT_DIR/web");

/// What pages of ours may do: run our scripts, speak to us, show what they made themselves.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
    media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

/// Keeps a page of ours apart from others' (HTML standard, cross-origin isolation), so that browsers give it an exact clock: Firefox and
/// Safari round it to a whole millisecond elsewhere.
const ISOLATED: [(&str, &str); 2] =
    [("cross-origin-opener-policy", "same-origin"), ("cross-origin-embedder-policy", "require-corp")];

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Playfield</title>\
    <body><h1>The web is not built</h1><p>This server was built without its pages. In the source tree, run \
    <code>cargo xtask web</code>, then build again. The API is there all the same: \
    <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a></p></body></html>";

/// The files, by path.
pub(crate) struct Web {
    files: BTreeMap<&'static str, File>,
}

struct File {
    bytes: &'static [u8],
    kind: &'static str,
    tag: HeaderValue,
    /// Its name changes when it does.
    hashed: bool,
}

impl Web {
    pub(crate) fn embedded() -> Web {
        Web::of(&DIST)
    }

    fn of(folder: &'static Dir<'static>) -> Web {
        let mut files = BTreeMap::new();
        collect(folder, &mut files);
        Web { files }
    }

    /// What stands at a path. Pages that the catalogue makes itself all come from `index.html`.
    pub(crate) fn answer(&self, path: &str, known: Option<&HeaderValue>) -> Response {
        let name = path.trim_start_matches('/');
        let page = matches!(name, "" | "sign-in" | "join" | "test" | "camera" | "cameras")
            || ["play/", "cameras/"].iter().any(|below| name.starts_with(below));
        match self.files.get(if page { "index.html" } else { name }) {
            Some(file) => file.answer(known),
            None if page => not_built(),
            None => Failure::new(Kind::NotFound, "there is no such page; the catalogue is at /").into_response(),
        }
    }

    /// The page for an address where nothing is.
    pub(crate) fn lost(&self) -> Response {
        let mut response = self.answer("/", None);
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        response.headers_mut().remove(ETAG);
        response
    }
}

impl File {
    fn of(path: &'static str, bytes: &'static [u8]) -> File {
        let tag = format!("\"{}\"", &BlobId::of(bytes).as_str()[..16]);
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
        File { bytes, kind: kind(path), tag, hashed: path.starts_with("assets/") }
    }

    fn answer(&self, known: Option<&HeaderValue>) -> Response {
        let keep = if self.hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut response = if known == Some(&self.tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(CONTENT_TYPE, self.kind)], self.bytes).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, self.tag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        // Pages elsewhere may embed the player; there is nothing secret in our files.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers
            .insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
        if self.kind.starts_with("text/html") {
            for (name, value) in ISOLATED {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
        }
        response
    }
}

fn collect(folder: &'static Dir<'static>, files: &mut BTreeMap<&'static str, File>) {
    for file in folder.files() {
        if let Some(path) = file.path().to_str() {
            files.insert(path, File::of(path, file.contents()));
        }
    }
    for inner in folder.dirs() {
        collect(inner, files);
    }
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn not_built() -> Response {
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, NOT_BUILT).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    static BUILT: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/tests/dist");
    static EMPTY: Dir<'static> = Dir::new("", &[]);

    fn header(response: &Response, name: HeaderName) -> &str {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    #[test]
    fn every_file_has_its_type_and_its_time_to_be_kept() {
        let web = Web::of(&BUILT);
        for (path, status, kind, keep) in [
            ("/", 200, "text/html; charset=utf-8", "no-cache"),
            ("/play/pong", 200, "text/html; charset=utf-8", "no-cache"),
            ("/cameras", 200, "text/html; charset=utf-8", "no-cache"),
            ("/cameras/rules", 200, "text/html; charset=utf-8", "no-cache"),
            ("/sign-in", 200, "text/html; charset=utf-8", "no-cache"),
            ("/join", 200, "text/html; charset=utf-8", "no-cache"),
            ("/player.js", 200, "text/javascript; charset=utf-8", "no-cache"),
            ("/assets/index-abc123.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
            ("/favicon.svg", 200, "image/svg+xml", "no-cache"),
            ("/nowhere", 404, "application/problem+json", "no-store"),
            ("/../Cargo.toml", 404, "application/problem+json", "no-store"),
        ] {
            let response = web.answer(path, None);
            let shown = (response.status().as_u16(), header(&response, CONTENT_TYPE), header(&response, CACHE_CONTROL));
            assert_eq!(shown, (status, kind, keep), "{path}");
        }
    }

    #[test]
    fn where_nothing_is_there_is_a_page_for_people() {
        let response = Web::of(&BUILT).lost();
        assert_eq!((response.status().as_u16(), header(&response, CONTENT_TYPE)), (404, "text/html; charset=utf-8"));
        assert!(!response.headers().contains_key(ETAG), "it is not the catalogue");
        assert_eq!(Web::of(&EMPTY).lost().status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn a_file_the_browser_has_is_not_sent_again() {
        let web = Web::of(&BUILT);
        let tag = web.answer("/player.js", None).headers()[ETAG].clone();
        assert_eq!(web.answer("/player.js", Some(&tag)).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(web.answer("/", Some(&tag)).status(), StatusCode::OK);
    }

    #[test]
    fn a_page_may_use_workers_of_its_own_and_the_player_may_be_embedded() {
        let response = Web::of(&BUILT).answer("/player.js", None);
        for part in ["worker-src 'self' blob:", "media-src 'self' blob:", "connect-src 'self'", "script-src 'self';"] {
            assert!(header(&response, CONTENT_SECURITY_POLICY).contains(part), "{part}");
        }
        assert_eq!(header(&response, ACCESS_CONTROL_ALLOW_ORIGIN), "*");
    }

    #[test]
    fn pages_are_isolated_and_what_they_embed_is_not_refused() {
        let web = Web::of(&BUILT);
        for (name, value) in ISOLATED {
            assert_eq!(header(&web.answer("/play/pong", None), HeaderName::from_static(name)), value);
            assert!(!web.answer("/player.js", None).headers().contains_key(name), "{name}");
        }
    }

    #[test]
    fn without_a_built_web_a_page_says_how_to_build_it() {
        let response = Web::of(&EMPTY).answer("/", None);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(NOT_BUILT.contains("cargo xtask web"));
        assert_eq!(Web::of(&EMPTY).answer("/player.js", None).status(), StatusCode::NOT_FOUND);
    }
}
