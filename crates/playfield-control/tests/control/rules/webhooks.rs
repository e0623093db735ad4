//! Webhooks: what is sent, that it is signed, tried again, and sent once more rather than never.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use playfield_control::Config;
use playfield_core::api::DeliveryState;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use super::rule;
use super::running::{Running, enter, until};

/// A server that answers with these, one after the other, the last one for ever, and keeps what came. 0: no answer at all.
struct Hook {
    address: SocketAddr,
    came: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Hook {
    async fn new(answers: &[u16]) -> Hook {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let came = Arc::new(Mutex::new(Vec::new()));
        let (answers, kept) = (answers.to_vec(), came.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answers, kept) = (answers.clone(), kept.clone());
                let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
                    let (answers, kept) = (answers.clone(), kept.clone());
                    async move {
                        let (head, body) = request.into_parts();
                        let body = to_bytes(Body::new(body), 1 << 20).await.unwrap();
                        let count = {
                            let mut kept = kept.lock().unwrap();
                            kept.push((head.headers, String::from_utf8(body.to_vec()).unwrap()));
                            kept.len()
                        };
                        let status = answers[(count - 1).min(answers.len() - 1)];
                        if status == 0 {
                            std::future::pending::<()>().await;
                        }
                        let response = Response::builder().status(status).header("location", "http://elsewhere/");
                        Ok::<_, Infallible>(response.body(Body::from("thanks")).unwrap())
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Hook { address, came }
    }

    fn action(&self) -> Value {
        json!({"do": "webhook", "url": format!("http://{}/hook?a=b", self.address)})
    }

    fn came(&self) -> Vec<(HeaderMap, String)> {
        self.came.lock().unwrap().clone()
    }
}

fn config() -> Config {
    let mut config = Config::default();
    (config.rules.private_webhooks, config.rules.first_wait_ms, config.rules.tries) = (true, 10, 4);
    config
}

/// HMAC-SHA-256, once more, so that the signature is checked by something else than what made it.
fn hmac(key: &[u8; 32], message: &str) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::digest([&pad(0x36)[..], message.as_bytes()].concat());
    Sha256::digest([&pad(0x5c)[..], &inner].concat()).into()
}

#[tokio::test]
async fn a_webhook_is_signed_and_says_what_happened() {
    let hook = Hook::new(&[204]).await;
    let running = Running::new(config()).await;
    let made = running.rule(rule(hook.action())).await;
    running.tell(vec![enter(86_400_000)]).await;
    until(async || hook.came().len() == 1).await;
    let (headers, body) = hook.came().remove(0);
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/cloudevents+json");
    let key = BASE64_STANDARD.decode(made.secret.trim_start_matches("whsec_")).unwrap().try_into().unwrap();
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    assert_eq!(header("webhook-signature"), format!("v1,{}", BASE64_STANDARD.encode(hmac(&key, &signed))));

    let event: Value = serde_json::from_str(&body).unwrap();
    let known = running.deliveries(|all| all[0].ended_ms.is_some()).await.remove(0);
    assert_eq!(
        (known.state, known.detail.as_deref(), known.tries),
        (DeliveryState::Done, Some("answered 204 No Content"), 1)
    );
    assert_eq!(event["id"], json!(known.id));
    assert_eq!(header("webhook-id"), known.id.to_string());
    for (pointer, expect) in [
        ("/specversion", json!("1.0")),
        ("/type", json!("playfield.rule.fired")),
        ("/source", json!(format!("/api/v1/devices/{}", running.device))),
        ("/time", json!("1970-01-02T00:00:00.000Z")),
        ("/data/rule", json!({"id": made.id, "name": "gate"})),
        ("/data/device/name", json!("Street")),
        ("/data/class", json!("person")),
        ("/data/event/zone", json!("gate")),
    ] {
        assert_eq!(event.pointer(pointer), Some(&expect), "{pointer} of {event}");
    }
    let offset = event["data"]["offset_ms"].as_i64().unwrap();
    assert!((500..30_000).contains(&offset), "the camera's clock is half a second behind: {offset}");
    running.stop().await;
}

#[tokio::test]
async fn what_fails_is_tried_again_under_the_same_id() {
    let hook = Hook::new(&[500, 307, 200]).await;
    let running = Running::new(config()).await;
    running.rule(rule(hook.action())).await;
    running.tell(vec![enter(1)]).await;
    let known = running.deliveries(|all| all.iter().any(|it| it.ended_ms.is_some())).await;
    assert_eq!((known[0].state, known[0].tries), (DeliveryState::Done, 3));
    let came = hook.came();
    assert_eq!(came.len(), 3);
    assert!(came.iter().all(|(headers, body)| headers["webhook-id"] == came[0].0["webhook-id"] && *body == came[0].1));
    running.stop().await;
}

#[tokio::test]
async fn what_never_works_is_given_up_with_a_sentence() {
    for (answers, tries, says) in [
        (&[503][..], 4, "given up after 4 tries: answered 503 Service Unavailable"),
        (&[410][..], 1, "answered 410 Gone: it wants no more of these"),
        (&[301][..], 4, "given up after 4 tries: answered 301 Moved Permanently, which is not followed"),
    ] {
        let hook = Hook::new(answers).await;
        let running = Running::new(config()).await;
        running.rule(rule(hook.action())).await;
        running.tell(vec![enter(1)]).await;
        let known = running.deliveries(|all| all.iter().any(|it| it.ended_ms.is_some())).await.remove(0);
        assert_eq!((known.state, known.tries), (DeliveryState::GivenUp, tries));
        assert!(known.detail.unwrap().starts_with(says));
        running.stop().await;
    }
}

#[tokio::test]
async fn a_process_that_is_killed_forgets_nothing() {
    let hook = Hook::new(&[0, 200]).await;
    let running = Running::new(config()).await;
    running.rule(rule(hook.action())).await;
    running.tell(vec![enter(1)]).await;
    until(async || hook.came().len() == 1).await;
    // It was sent, and nobody knows whether it came: after the start it is sent again.
    let running = running.restart(config()).await;
    let known = running.deliveries(|all| all.iter().any(|it| it.ended_ms.is_some())).await;
    assert_eq!((known.len(), known[0].state), (1, DeliveryState::Done), "the event fired once");
    let came = hook.came();
    assert_eq!(came.len(), 2);
    assert_eq!(came[0].0["webhook-id"], came[1].0["webhook-id"]);
    running.stop().await;
}

#[tokio::test]
async fn a_webhook_goes_to_no_private_address_unless_it_may() {
    let hook = Hook::new(&[200]).await;
    let mut config = config();
    (config.rules.private_webhooks, config.rules.tries) = (false, 1);
    let running = Running::new(config).await;
    running.rule(rule(hook.action())).await;
    let named = json!({"do": "webhook", "url": format!("http://localhost:{}/", hook.address.port())});
    running.rule(rule(named)).await;
    running.tell(vec![enter(1)]).await;
    let known = running.deliveries(|all| all.iter().filter(|it| it.ended_ms.is_some()).count() == 2).await;
    for delivery in known {
        let detail = delivery.detail.unwrap();
        assert!(detail.contains("which is no public address"), "{detail}");
    }
    assert_eq!(hook.came().len(), 0);
    running.stop().await;
}

#[tokio::test]
async fn what_is_tried_out_says_that_it_is_a_test() {
    let hook = Hook::new(&[200]).await;
    let running = Running::new(config()).await;
    let made = running.rule(rule(hook.action())).await;
    running.client.post(&format!("/api/v1/rules/{}/test", made.id), json!({})).await.is::<Value>(202);
    until(async || hook.came().len() == 1).await;
    let event: Value = serde_json::from_str(&hook.came()[0].1).unwrap();
    assert_eq!((&event["type"], &event["data"]["test"]), (&json!("playfield.rule.test"), &json!(true)));
    running.stop().await;
}
