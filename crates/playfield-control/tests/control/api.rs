//! What every address has in common: errors, limits of size, the document.

use axum::body::Body;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn every_error_is_a_problem_that_says_what_to_do() {
    let world = World::new().await;
    let here = world.here();
    let json = here.with("content-type", "application/json");
    let long = format!(r#"{{"title":"{}"}}"#, "x".repeat(300 * 1024));
    for (client, method, path, body, status, kind, says) in [
        (&here, "GET", "/api/v1/nowhere", "", 404, "notFound", "openapi.json"),
        (&here, "GET", "/nowhere", "", 404, "notFound", "catalogue"),
        (&here, "GET", "/api/v1/titles/none", "", 404, "notFound", "`none`"),
        (&here, "GET", "/api/v1/sessions/none", "", 404, "notFound", "`none`"),
        (&here, "PUT", "/api/v1/titles", "", 405, "methodNotAllowed", "method"),
        (&here, "POST", "/api/v1/sessions/none/receipt", "", 405, "methodNotAllowed", "method"),
        (&here, "DELETE", "/play/pong", "", 405, "methodNotAllowed", "/api/v1"),
        (&here, "POST", "/api/v1/sessions", "{}", 415, "unsupportedMediaType", "application/json"),
        (&json, "POST", "/api/v1/sessions", &long, 413, "tooLarge", "256 KiB"),
        (&json, "POST", "/api/v1/sessions", "{\n \"title\": }", 400, "malformed", "line 2 column 11"),
        (&json, "POST", "/api/v1/sessions", "{}", 400, "malformed", "missing field `title`"),
        (
            &json,
            "POST",
            "/api/v1/sessions",
            r#"{"title":"pong","colour":1}"#,
            400,
            "malformed",
            "unknown field `colour`",
        ),
        (&json, "POST", "/api/v1/sessions", r#"{"title":"none"}"#, 404, "notFound", "`none`"),
        (&json, "POST", "/api/v1/sessions", r#"{"title":"pong","profile":"short"}"#, 400, "malformed", "16 to 128"),
    ] {
        let reply = client.send(method, path, Body::from(body.to_owned())).await;
        let problem = reply.problem(status, kind);
        assert!(problem.detail.contains(says), "{method} {path}: {}", problem.detail);
    }
}

#[tokio::test]
async fn a_method_that_is_not_allowed_is_answered_with_those_that_are() {
    let reply = World::new().await.here().send("PATCH", "/api/v1/sessions", Body::empty()).await;
    assert_eq!(reply.header("allow"), "GET,HEAD,POST");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let world = World::new().await;
    let (held, body) = never();
    let reply = world.here().with("content-type", "application/json").send("POST", "/api/v1/sessions", body).await;
    reply.problem(408, "tooSlow");
    drop(held);
}

/// A body that never has anything to say, as long as the other half is held.
fn never() -> (tokio::sync::mpsc::Sender<()>, Body) {
    struct Silent(tokio::sync::mpsc::Receiver<()>);
    impl hyper::body::Body for Silent {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
            self.0.poll_recv(context).map(|_| None)
        }
    }
    let (held, silent) = tokio::sync::mpsc::channel(1);
    (held, Body::new(Silent(silent)))
}

#[tokio::test]
async fn the_document_knows_every_address() {
    let world = World::new().await;
    let document: Value = world.here().get("/api/v1/openapi.json").await.is(200);
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "/api/v1/channels",
            "/api/v1/channels/{kind}/{name}/{channel}",
            "/api/v1/channels/{kind}/{name}/{channel}/rollout",
            "/api/v1/deliveries",
            "/api/v1/devices",
            "/api/v1/devices/bulk",
            "/api/v1/devices/{id}",
            "/api/v1/devices/{id}/counts",
            "/api/v1/devices/{id}/datasets",
            "/api/v1/devices/{id}/datasets/{dataset}",
            "/api/v1/devices/{id}/events",
            "/api/v1/devices/{id}/events.ndjson",
            "/api/v1/devices/{id}/grants",
            "/api/v1/devices/{id}/grants/{grant}",
            "/api/v1/devices/{id}/links",
            "/api/v1/devices/{id}/links/{link}",
            "/api/v1/devices/{id}/live",
            "/api/v1/enrolments",
            "/api/v1/events/live",
            "/api/v1/events/socket",
            "/api/v1/evp/devices",
            "/api/v1/evp/devices/{id}",
            "/api/v1/evp/devices/{id}/commands",
            "/api/v1/evp/devices/{id}/deployment",
            "/api/v1/evp/devices/{id}/files",
            "/api/v1/evp/devices/{id}/files/{name}",
            "/api/v1/evp/devices/{id}/image",
            "/api/v1/evp/devices/{id}/settings/{instance}/{topic}",
            "/api/v1/evp/devices/{id}/twin",
            "/api/v1/evp/modules",
            "/api/v1/evp/modules/{name}",
            "/api/v1/invite",
            "/api/v1/invite/cover",
            "/api/v1/invite/viewers",
            "/api/v1/link",
            "/api/v1/openapi.json",
            "/api/v1/releases",
            "/api/v1/releases/{kind}/{name}",
            "/api/v1/rules",
            "/api/v1/rules/{id}",
            "/api/v1/rules/{id}/test",
            "/api/v1/sessions",
            "/api/v1/sessions/{id}",
            "/api/v1/sessions/{id}/connections",
            "/api/v1/sessions/{id}/invites",
            "/api/v1/sessions/{id}/invites/{invite}",
            "/api/v1/sessions/{id}/people",
            "/api/v1/sessions/{id}/receipt",
            "/api/v1/sessions/{id}/states",
            "/api/v1/sessions/{id}/states/{slot}",
            "/api/v1/sessions/{id}/states/{slot}/load",
            "/api/v1/sessions/{id}/viewers/{viewer}",
            "/api/v1/sign-in",
            "/api/v1/titles",
            "/api/v1/titles/{id}",
            "/api/v1/titles/{id}/cover",
            "/api/v1/whip",
            "/api/v1/whip/{id}",
        ]
    );
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for shape in
        ["Title", "CreateSession", "CreatedSession", "Session", "EndReason", "SessionReceipt", "Problem", "SignIn"]
    {
        assert!(schemas.contains_key(shape), "{shape}");
    }
}

#[tokio::test]
async fn every_answer_tells_the_browser_to_be_careful() {
    let world = World::new().await;
    for path in ["/", "/api/v1/titles", "/api/v1/nowhere"] {
        let reply = world.here().get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("content-security-policy").contains("default-src 'none'"), "{path}");
    }
    assert_eq!(
        world.here().get("/api/v1/titles").await.header("access-control-allow-origin"),
        "",
        "no CORS on the API"
    );
}

#[tokio::test]
async fn titles_are_listed_by_name_with_what_they_can_do() {
    let world = World::new().await;
    world.folder.title("abc", "id = 'abc'\nname = 'aBC'\nentry = 'abc.wasm'", b"other");
    world.control.catalogue().scan().await;
    world.control.catalogue().scan().await;
    let listed: Value = world.here().get("/api/v1/titles").await.is(200);
    let names: Vec<_> = listed["titles"].as_array().unwrap().iter().map(|title| &title["name"]).collect();
    assert_eq!(names, ["aBC", "Pong"]);
    let pong: Value = world.here().get("/api/v1/titles/pong").await.is(200);
    assert_eq!(pong["badges"], json!(["deterministic", "snapshots", "lossless"]));
    assert_eq!(pong["picture"], json!({"width": 160, "height": 160, "format": "indexed8"}));
    assert_eq!((&pong["problem"], &pong["players"]), (&Value::Null, &json!({"min": 1, "max": 1})));
}

#[tokio::test]
async fn an_address_that_does_not_read_is_a_problem_too() {
    let here = World::new().await.here();
    for path in ["titles/%ff", "titles/%ff/cover", "sessions/%c0%80", "sessions/%ff/invites", "sessions/%ff/receipt"] {
        here.get(&format!("/api/v1/{path}")).await.problem(400, "malformed");
    }
    for path in ["invites/%ff", "viewers/%ff"] {
        here.delete(&format!("/api/v1/sessions/ses-0000000000000000/{path}")).await.problem(400, "malformed");
    }
}
