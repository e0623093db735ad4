//! Who is let in at which door.

use std::time::Duration;

use playfield_control::{Config, Control};
use playfield_core::api::{CreatedSession, Session};
use playfield_core::id::Token;
use serde_json::json;

use crate::world::{Client, Folder, Reply, World};

const SECRET: &str = "correct horse battery";

fn public() -> Config {
    let sign_in_token = Some(Token::from(SECRET.to_owned()));
    Config { listen: vec!["0.0.0.0:8443".parse().unwrap()], sign_in_token, ..Config::default() }
}

async fn sign_in(client: &Client, token: &str) -> Reply {
    client.post("/api/v1/sign-in", json!({ "token": token })).await
}

/// The client, signed in.
async fn signed_in(client: &Client) -> Client {
    let reply = sign_in(client, SECRET).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    client.with("cookie", reply.header("set-cookie").split(';').next().unwrap())
}

#[tokio::test]
async fn at_loopback_only_names_of_this_machine_are_answered() {
    let world = World::new().await;
    for (host, status) in [
        ("localhost:8080", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("evil.example", 421),
        ("localhost.evil.example:8080", 421),
        ("", 421),
    ] {
        let reply = world.here().with("host", host).get("/api/v1/titles").await;
        assert_eq!(reply.status.as_u16(), status, "{host}");
    }
    world.here().with("host", "evil.example").get("/").await.problem(421, "misdirected");
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let world = World::new().await;
    let wanted = || json!({"title": "pong"});
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://localhost:3000"),
        ("origin", "null"),
    ] {
        let page = world.here().with(name, value);
        page.post("/api/v1/sessions", wanted()).await.problem(403, "crossSite");
        page.delete("/api/v1/sessions/ses-0000000000000000").await.problem(403, "crossSite");
        assert_eq!(page.get("/api/v1/titles").await.status, 200, "reading is no change");
    }
    let own = world.here().with("sec-fetch-site", "same-origin").with("origin", "http://localhost:8080");
    own.post("/api/v1/sessions", wanted()).await.is::<CreatedSession>(201);
}

#[tokio::test]
async fn elsewhere_one_signs_in_first() {
    let world = World::with(public()).await;
    let client = world.elsewhere(true);
    for path in ["/api/v1/titles", "/api/v1/sessions", "/api/v1/titles/pong/cover"] {
        let reply = client.get(path).await;
        reply.problem(401, "signInRequired");
        assert!(!reply.header("www-authenticate").is_empty());
    }
    client.post("/api/v1/sessions", json!({"title": "pong"})).await.problem(401, "signInRequired");
    assert_ne!(client.get("/sign-in").await.status, 401, "the page to sign in on");
    assert_eq!(client.get("/api/v1/openapi.json").await.status, 200);
    sign_in(&client, "wrong").await.problem(401, "badToken");
    client.with("cookie", "playfield_sign_in=made-up").get("/api/v1/titles").await.problem(401, "signInRequired");
    let client = signed_in(&client).await;
    assert_eq!(client.get("/api/v1/titles").await.status, 200);
    client.post("/api/v1/sessions", json!({"title": "pong"})).await.is::<CreatedSession>(201);
    client.delete("/api/v1/sign-in").await;
    client.get("/api/v1/titles").await.problem(401, "signInRequired");
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let world = World::with(public()).await;
    let cookie = |reply: Reply| reply.header("set-cookie").to_owned();
    let tls = cookie(sign_in(&world.elsewhere(true), SECRET).await);
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Secure"] {
        assert!(tls.contains(part), "{tls}");
    }
    let plain = world.elsewhere(false);
    assert!(!cookie(sign_in(&plain, SECRET).await).contains("Secure"));
    assert!(cookie(sign_in(&plain.with("x-forwarded-proto", "https"), SECRET).await).contains("Secure"));
}

#[tokio::test]
async fn programs_sign_in_with_the_token_itself_and_viewers_with_theirs() {
    let world = World::with(public()).await;
    let client = world.elsewhere(true);
    let program = client.bearer(SECRET);
    let created: CreatedSession = program.post("/api/v1/sessions", json!({"title": "pong"})).await.is(201);
    let viewer = client.bearer(created.viewer.token.reveal());
    viewer.get(&format!("/api/v1/sessions/{}", created.session.id)).await.is::<Session>(200);
    viewer.post("/api/v1/sessions", json!({"title": "pong"})).await.problem(401, "signInRequired");
    viewer.get("/api/v1/sessions").await.problem(401, "signInRequired");
}

#[tokio::test]
async fn wrong_tokens_are_rationed_by_address() {
    let world = World::with(public()).await;
    let client = world.elsewhere(true);
    for _ in 0..8 {
        sign_in(&client, "wrong").await.problem(401, "badToken");
    }
    let refused = sign_in(&client, SECRET).await;
    refused.problem(429, "tooManyTries");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    signed_in(&client.from("198.51.100.1")).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(16)).await;
    tokio::time::resume();
    signed_in(&client).await;
}

#[tokio::test]
async fn a_made_token_is_shown_once_and_stays_good() {
    let folder = Folder::new();
    let config = || Config { sign_in_token: None, ..public() };
    let world = World::on(folder, config()).await;
    let token = world.control.new_sign_in_token().unwrap().reveal().to_owned();
    assert_eq!(token.len(), 32);
    let again: Control = World::control(&world.folder, &world.bus, &world.db, config()).await;
    assert!(again.new_sign_in_token().is_none());
    let world = World { control: again, ..world };
    assert_eq!(sign_in(&world.elsewhere(true), &token).await.status, 204);
}

#[tokio::test]
async fn another_token_signs_everybody_out() {
    let world = World::with(public()).await;
    let cookie = signed_in(&world.elsewhere(true)).await;
    let sign_in_token = Some(Token::from("another secret, as long".to_owned()));
    let control = World::control(&world.folder, &world.bus, &world.db, Config { sign_in_token, ..public() }).await;
    let world = World { control, ..world };
    cookie.get("/api/v1/titles").await.problem(401, "signInRequired");
    sign_in(&world.elsewhere(true), SECRET).await.problem(401, "badToken");
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_is_named() {
    let short = Some(Token::from("short".to_owned()));
    for (config, says) in [
        (Config { listen: vec![], ..Config::default() }, "`listen`"),
        (Config { tls_cert: Some("cert.pem".into()), ..Config::default() }, "`tls_cert` and `tls_key` belong together"),
        (Config { sign_in_token: short, ..Config::default() }, "`sign_in_token` must be at least 16"),
    ] {
        assert!(config.check().unwrap_err().to_string().contains(says));
    }
    let unknown = serde_json::from_value::<Config>(json!({"lisen": []})).unwrap_err().to_string();
    assert!(unknown.contains("unknown field `lisen`"), "{unknown}");
}

#[test]
fn doors_follow_from_the_address() {
    use playfield_control::Door::{Local, Public};
    for (address, insecure_http, door) in [
        ("127.0.0.1:1", false, Local),
        ("[::1]:1", false, Local),
        ("[::ffff:127.0.0.1]:1", false, Local),
        ("0.0.0.0:1", false, Public { tls: true }),
        ("192.168.1.5:1", false, Public { tls: true }),
        ("[::]:1", true, Public { tls: false }),
        ("127.0.0.1:1", true, Public { tls: false }),
    ] {
        let config = Config { insecure_http, ..Config::default() };
        assert_eq!(config.door(address.parse().unwrap()), door, "{address} {insecure_http}");
    }
}

#[tokio::test]
async fn the_sign_in_token_cannot_be_guessed_in_place_of_a_cookie_either() {
    let world = World::with(public()).await;
    let created = world.create().await;
    let (elsewhere, path) = (world.elsewhere(true), format!("/api/v1/sessions/{}", created.session.id));
    let tries = async |token: &str| elsewhere.bearer(token).get("/api/v1/titles").await;
    for _ in 0..20 {
        assert_eq!(tries(SECRET).await.status, 200, "the right one costs nothing");
        tries(Token::from_entropy([9; 32]).reveal()).await.problem(401, "badToken");
    }
    for _ in 0..8 {
        tries("correct horse").await.problem(401, "badToken");
    }
    tries("correct horse").await.problem(429, "tooManyTries");
    tries(SECRET).await.problem(429, "tooManyTries");
    sign_in(&elsewhere, SECRET).await.problem(429, "tooManyTries");
    let viewer = elsewhere.bearer(created.viewer.token.reveal());
    assert_eq!(viewer.get(&path).await.status, 200, "who plays is not held up");
    assert_eq!(elsewhere.from("198.51.100.4").bearer(SECRET).get("/api/v1/titles").await.status, 200);
}
