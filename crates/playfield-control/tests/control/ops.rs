//! The operations port.

use playfield_control::metrics::{Load, worker_load};
use playfield_control::{Config, Control};
use playfield_store::bus::Bus;
use playfield_store::db::Db;
use serde_json::{Value, json};

use crate::world::{Client, Folder, World};

fn ops(control: &Control) -> Client {
    Client::new(control.ops_router(), "127.0.0.1:9464")
}

#[tokio::test]
async fn it_is_alive_and_ready_with_a_node() {
    let world = World::new().await;
    let ops = ops(&world.control);
    assert_eq!(ops.get("/healthz").await.text(), "ok\n");
    assert_eq!(ops.get("/readyz").await.is::<Value>(200), json!({"ready": true, "problems": []}));
    ops.get("/").await.problem(404, "notFound");
}

#[tokio::test]
async fn it_is_not_ready_without_a_node_and_says_so() {
    let folder = Folder::new();
    let db = Db::open(&folder.path("data/playfield.db")).await.unwrap();
    let control = World::control(&folder, &Bus::local(), &db, Config::default()).await;
    let said: Value = ops(&control).get("/readyz").await.is(503);
    assert_eq!(said, json!({"ready": false, "problems": ["no node is registered"]}));
    assert_eq!(ops(&control).get("/healthz").await.status, 200);
}

#[tokio::test]
async fn figures_are_counted_by_route_and_never_by_id() {
    let world = World::new().await;
    let id = world.create().await.session.id;
    world.here().get(&format!("/api/v1/sessions/{id}")).await;
    world.here().get("/api/v1/nowhere").await;
    worker_load(
        "node-1",
        "0",
        Load { sessions: 3, viewers: 4, pictures: 500, bytes_sent: 6000, late_ticks: 7, refused: 8 },
    );
    let text = ops(&world.control).get("/metrics").await.text();
    for line in [
        "playfield_http_requests_total{method=\"GET\",route=\"/api/v1/sessions/{id}\",status=\"200\"}",
        "playfield_http_requests_total{method=\"POST\",route=\"/api/v1/sessions\",status=\"201\"}",
        "playfield_http_requests_total{method=\"GET\",route=\"other\",status=\"404\"}",
        "playfield_sessions{state=\"activating\"}",
        "playfield_session_start_seconds_bucket{le=\"0.2\"}",
        "playfield_worker_sessions{node=\"node-1\",worker=\"0\"} 3",
        "playfield_worker_pictures_total{node=\"node-1\",worker=\"0\"} 500",
        "playfield_worker_refused_inputs_total{node=\"node-1\",worker=\"0\"} 8",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains(id.as_str()) && !text.contains("nowhere"));
}
