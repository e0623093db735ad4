//! What cameras tell, as streams: no gap, and nothing twice.

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use playfield_control::Config;
use playfield_control::http::Peer;
use playfield_core::api::ToldEvent;
use playfield_core::camera::{Report, Seen};
use playfield_core::metadata::Metadata;
use serde_json::{Value, json};

use super::running::{Running, enter, happened, until};

/// A stream of server-sent events.
struct Sse {
    body: BodyDataStream,
    pending: String,
}

impl Sse {
    async fn open(running: &Running, path: &str, last: Option<u64>) -> Sse {
        let mut request = Request::get(path).header("host", "localhost:8080").extension(Peer([127, 0, 0, 1].into()));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = running.client.answer(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Sse { body: response.into_body().into_data_stream(), pending: String::new() }
    }

    /// The name, id and data of the next event.
    async fn next(&mut self) -> (String, String, Value) {
        loop {
            if let Some((event, rest)) = self.pending.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                    line.unwrap_or_default().trim().to_owned()
                };
                let all = (field("event"), field("id"), field("data"));
                self.pending = rest.to_owned();
                if !all.2.is_empty() {
                    return (all.0, all.1, serde_json::from_str(&all.2).unwrap());
                }
                continue;
            }
            let wait = tokio::time::timeout(std::time::Duration::from_secs(30), self.body.next());
            let bytes = wait.await.expect("nothing came").expect("it ended").unwrap();
            self.pending.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

#[tokio::test]
async fn what_a_camera_told_is_exported_line_by_line_from_any_point_on() {
    let running = Running::new(Config::default()).await;
    for page in 0..3 {
        running.tell((0..300).map(|at| enter(page * 300 + at)).collect()).await;
    }
    until(async || running.events().await.first().is_some_and(|it| it.seq == 900)).await;
    let path = format!("/api/v1/devices/{}/events.ndjson", running.device);
    let lines = async |path: &str| {
        let reply = running.client.get(path).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/x-ndjson"));
        let read = |line: &str| serde_json::from_str::<ToldEvent>(line).unwrap();
        reply.text().lines().map(read).collect::<Vec<_>>()
    };
    let all = lines(&path).await;
    assert_eq!(all.iter().map(|it| it.told.seq).collect::<Vec<_>>(), (1..=900).collect::<Vec<_>>());
    assert!(all.iter().all(|it| it.device == running.device && it.told.received_ms > 1_700_000_000_000));
    assert!(all.iter().all(|it| it.told.offset_ms.is_some()), "the camera's clock was measured");
    assert_eq!(lines(&format!("{path}?after=898")).await, all[898..]);
    assert_eq!(lines(&format!("{path}?after=900")).await, []);
    let beyond = u64::MAX;
    assert_eq!(lines(&format!("{path}?after={beyond}")).await, []);
    running.client.get(&format!("{path}?after=x")).await.problem(400, "malformed");
    running.client.get("/api/v1/devices/dev-0000000000000000/events.ndjson").await.problem(404, "notFound");
    running.stop().await;
}

#[tokio::test]
async fn a_live_stream_that_was_cut_goes_on_without_a_gap() {
    let running = Running::new(Config::default()).await;
    let mut live = Sse::open(&running, "/api/v1/events/live", None).await;
    running.tell(vec![enter(1), enter(2)]).await;
    let (name, id, told) = live.next().await;
    assert_eq!((name.as_str(), id.as_str(), &told["seq"], &told["event"]), ("event", "1", &json!(1), &json!("enter")));
    drop(live);
    running.tell((3..600).map(enter).collect()).await;
    let mut live = Sse::open(&running, "/api/v1/events/live?after=500", Some(1)).await;
    let mut numbers = Vec::new();
    while numbers.last() != Some(&599_u64) {
        numbers.push(live.next().await.1.parse().unwrap());
    }
    assert_eq!(numbers, (2..600).collect::<Vec<_>>(), "as the header says, rather than the address");
    running.tell(vec![enter(600)]).await;
    assert_eq!(live.next().await.1, "600");
    let mut from = Sse::open(&running, "/api/v1/events/live?after=599", None).await;
    assert_eq!(from.next().await.1, "600");
    let bad = running.client.with("last-event-id", "x").get("/api/v1/events/live").await;
    bad.problem(400, "malformed");
    running.client.get("/api/v1/events/live?format=xml").await.problem(400, "malformed");
    running.stop().await;
}

#[tokio::test]
async fn streams_speak_onvif_where_they_are_asked_to() {
    let running = Running::new(Config::default()).await;
    let mut all = Sse::open(&running, "/api/v1/events/live?format=onvif", None).await;
    let mut one = Sse::open(&running, &format!("/api/v1/devices/{}/live?format=onvif", running.device), None).await;
    let cross = happened(json!({"time_ms": 0, "event": "cross", "line": "road", "direction": "out"}));
    running.says(Report::Seen(Seen { metadata: Metadata::default(), events: vec![cross] })).await;
    let topic = format!("{}/onvif-ej/RuleEngine/LineDetector/Crossed/&1/road", running.device);
    let body = json!({
        "UtcTime": "1970-01-01T00:00:00.000Z",
        "Source": {"VideoSource": "1", "Rule": "road"},
        "Data": {"Direction": "out"},
    });
    let expect = json!({"topic": topic, "body": body});
    assert_eq!(all.next().await, ("onvif-ej".to_owned(), "1".to_owned(), expect.clone()));
    let (name, _, picture) = one.next().await;
    assert_eq!(name, "onvif-mj");
    assert_eq!(picture["topic"], format!("{}/onvif-mj/VideoAnalytics/1/street", running.device));
    assert_eq!(picture["body"]["Frame"][0]["@UtcTime"], "1970-01-01T00:00:00.000Z");
    assert_eq!(one.next().await, ("onvif-ej".to_owned(), String::new(), expect));
    running.stop().await;
}

#[tokio::test]
async fn a_camera_says_by_how_much_its_clock_is_off() {
    let running = Running::new(Config::default()).await;
    running.tell(vec![enter(1)]).await;
    let path = format!("/api/v1/devices/{}", running.device);
    until(async || running.client.get(&path).await.is::<Value>(200)["offset_ms"].is_number()).await;
    let offset = running.client.get(&path).await.is::<Value>(200)["offset_ms"].as_i64().unwrap();
    assert!((500..30_000).contains(&offset), "half a second, and the way: {offset}");
    running.stop().await;
}
