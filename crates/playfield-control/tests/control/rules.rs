//! Rules on what cameras tell: from an event on the bus to what is received, over real sockets on this machine.

mod broker;
mod mail;
mod mqtt;
mod running;
mod streams;
mod webhooks;

use playfield_control::Config;
use playfield_core::api::{Deliveries, Delivery, DeliveryState, EndReason, KnownRule, KnownRules};
use playfield_core::bus::{Reply, Request};
use playfield_core::camera::{Report, Seen};
use playfield_core::input::PadButton;
use playfield_core::metadata::{Metadata, Object, Point, Rect};
use serde_json::{Value, json};

use crate::world::World;
use running::{Running, enter, until};

fn rule(action: Value) -> Value {
    json!({"name": "gate", "when": {"event": "enter"}, "cool_down_s": 0, "actions": [action]})
}

#[tokio::test]
async fn a_rule_is_made_looked_at_changed_and_removed() {
    let world = World::new().await;
    let here = world.here();
    let made = here.post("/api/v1/rules", rule(json!({"do": "mqtt"}))).await;
    let location = made.header("location").to_owned();
    let made: KnownRule = made.is(201);
    assert_eq!((location, made.version), (format!("/api/v1/rules/{}", made.id), 1));
    assert!(made.secret.starts_with("whsec_"));
    let path = format!("/api/v1/rules/{}", made.id);
    assert_eq!(here.get(&path).await.is::<KnownRule>(200), made);

    let mut other = rule(json!({"do": "mqtt"}));
    other["name"] = json!("door");
    let put = async |body: &Value| {
        here.with("content-type", "application/json").send("PUT", &path, body.to_string().into()).await
    };
    let changed: KnownRule = put(&json!({"version": 1, "rule": other})).await.is(200);
    assert_eq!((changed.rule.name.as_str(), changed.version), ("door", 2));
    assert_eq!(changed.secret, made.secret);
    put(&json!({"version": 1, "rule": other})).await.problem(409, "changed");
    other["actions"] = json!([]);
    let problem = put(&json!({"rule": other})).await.problem(400, "malformed");
    assert!(problem.detail.contains("`actions`: must be 1 to 8"), "{}", problem.detail);

    assert_eq!(here.get("/api/v1/rules").await.is::<KnownRules>(200).rules, [changed]);
    assert_eq!(here.delete(&path).await.status, 204);
    for gone in [here.get(&path).await, here.delete(&path).await, here.get("/api/v1/rules/nonsense").await] {
        gone.problem(404, "notFound");
    }
}

#[tokio::test]
async fn rules_are_for_who_is_signed_in() {
    let world = World::new().await;
    for path in ["/api/v1/rules", "/api/v1/deliveries", "/api/v1/events/live", "/api/v1/devices/x/events.ndjson"] {
        world.elsewhere(true).get(path).await.problem(401, "signInRequired");
    }
}

fn up() -> Value {
    json!({"do": "input", "title": "pong", "player": 1, "button": "up", "hold_ms": 100})
}

#[tokio::test]
async fn an_input_reaches_the_sessions_that_are_played_or_is_given_up() {
    let running = Running::new(Config::default()).await;
    let made = running.rule(rule(up())).await;
    let ended = |all: &[Delivery]| all.iter().all(|it| it.ended_ms.is_some()) && !all.is_empty();
    running.tell(vec![enter(1)]).await;
    let known = running.deliveries(ended).await;
    assert_eq!((known[0].state, known[0].device.as_ref()), (DeliveryState::GivenUp, Some(&running.device)));
    assert_eq!(known[0].detail.as_deref(), Some("nobody plays Pong just now"));

    let session = running.plays("pong").await;
    running.tell(vec![enter(2)]).await;
    let (whose, hold) = running.held().await.remove(0);
    assert_eq!((whose, hold.player, hold.pad.buttons, hold.ms), (session, 1, PadButton::Up.bit(), 100));
    let known = running.deliveries(|all| all.len() == 2 && ended(all)).await;
    assert_eq!((known[0].state, &known[0].id.to_string()), (DeliveryState::Done, &hold.by));
    assert_eq!(known[0].detail.as_deref(), Some("held in the session that is played"));

    let refuses = |request: &Request| {
        let no = || Reply::Refused { reason: EndReason::InvalidSignalRequest, detail: "there is no seat 2".to_owned() };
        matches!(request, Request::Input { .. }).then(no)
    };
    running.node.answers(refuses);
    let path = format!("/api/v1/rules/{}/test", made.id);
    running.client.post(&path, json!({})).await.is::<Deliveries>(202);
    let known = running.deliveries(|all| all.len() == 3 && ended(all)).await;
    assert_eq!((known[0].state, known[0].device.as_ref()), (DeliveryState::GivenUp, None));
    assert_eq!(known[0].detail.as_deref(), Some("there is no seat 2"));
    running.stop().await;
}

/// Somebody at this place of a picture.
fn person(x: f32) -> Metadata {
    let area = Rect::around(Point { x, y: 0.4 }, 0.1, 0.2);
    Metadata { objects: vec![Object { area, track: Some(3), ..Object::default() }], ..Metadata::default() }
}

#[tokio::test]
async fn who_is_there_steers_while_a_session_is_played_and_a_camera_says_where_things_are_only_then() {
    let running = Running::new(Config::default()).await;
    let steer = json!({"do": "steer", "title": "pong", "player": 1, "axis": "lx"});
    let mut steers = rule(steer);
    steers["when"] = json!({"event": "present", "classes": ["person"]});
    running.rule(steers).await;
    let live = || running.node.asked().iter().filter(|asked| matches!(asked, Request::Live { live: true, .. })).count();
    running.says(Report::Seen(Seen { metadata: person(0.5), events: Vec::new() })).await;
    tokio::time::sleep(std::time::Duration::from_millis(800)).await;
    assert_eq!(live(), 0, "nobody plays");

    let session = running.plays("pong").await;
    until(async || live() == 1).await;
    running.says(Report::Seen(Seen { metadata: person(0.75), events: Vec::new() })).await;
    let (whose, hold) = running.held().await.remove(0);
    assert_eq!((&whose, hold.player, hold.pad.lx), (&session, 1, 16_384));
    let known = running.deliveries(|all| !all.is_empty()).await;
    assert_eq!(
        (known.len(), known[0].state, known[0].device.as_ref()),
        (1, DeliveryState::Done, Some(&running.device))
    );
    running.stop().await;
}

#[tokio::test]
async fn a_rule_that_rests_rests_on_after_a_restart() {
    let running = Running::new(Config::default()).await;
    let mut resting = rule(up());
    resting["cool_down_s"] = json!(600);
    running.rule(resting).await;
    running.tell(vec![enter(1)]).await;
    running.deliveries(|all| all.len() == 1).await;
    let running = running.restart(Config::default()).await;
    running.tell(vec![enter(2)]).await;
    until(async || running.events().await.len() == 2).await;
    // A second rule fires by the next event: when it has, the first one was asked too.
    running.rule(rule(json!({"do": "mqtt"}))).await;
    running.tell(vec![enter(3)]).await;
    let all = running.deliveries(|all| all.len() > 1).await;
    assert_eq!(all.len(), 2, "{all:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_new_rule_is_not_asked_of_what_was() {
    let running = Running::new(Config::default()).await;
    running.tell(vec![enter(1), enter(2)]).await;
    until(async || running.events().await.len() == 2).await;
    running.rule(rule(json!({"do": "mqtt"}))).await;
    running.tell(vec![enter(3)]).await;
    let all = running.deliveries(|all| !all.is_empty()).await;
    assert_eq!(all.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn without_a_server_in_the_settings_mail_and_messages_say_so() {
    let mut config = Config::default();
    config.rules.tries = 1;
    let running = Running::new(config).await;
    let mail = running.rule(rule(json!({"do": "mail", "to": ["a@example.com"]}))).await;
    let mqtt = running.rule(rule(json!({"do": "mqtt"}))).await;
    running.tell(vec![enter(1)]).await;
    let ended = |all: &[playfield_core::api::Delivery]| all.iter().filter(|it| it.ended_ms.is_some()).count() == 2;
    let all = running.deliveries(ended).await;
    let of = |id| all.iter().find(|it| it.rule == id).unwrap().detail.clone().unwrap();
    assert_eq!(of(mail.id), "no mail server is set: `host` under [control.rules.mail]");
    assert_eq!(of(mqtt.id), "given up after 1 tries: no broker is set: `host` under [control.rules.mqtt]");
    running.stop().await;
}
