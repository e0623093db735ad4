//! The suite for buses.

use std::time::Duration;

use playfield_core::api::{EndReason, SessionState};
use playfield_core::bus::{EVENTS, Event, Reply, Request, node_subject};
use playfield_core::id::{NodeId, SessionId};
use playfield_store::bus::{Bus, BusError, QUEUE};

const SOON: Duration = Duration::from_millis(200);

macro_rules! suite {
    ($engine:ident, $make:expr) => {
        mod $engine {
            use super::*;

            #[tokio::test]
            async fn every_subscriber_gets_every_message_in_order() {
                super::every_subscriber_gets_every_message_in_order($make).await;
            }
            #[tokio::test(start_paused = true)]
            async fn a_slow_subscriber_slows_the_publisher_and_loses_nothing() {
                super::a_slow_subscriber_slows_the_publisher_and_loses_nothing($make).await;
            }
            #[tokio::test]
            async fn a_subscriber_that_left_holds_nobody_up() {
                super::a_subscriber_that_left_holds_nobody_up($make).await;
            }
            #[tokio::test]
            async fn a_request_gets_its_own_reply() {
                super::a_request_gets_its_own_reply($make).await;
            }
            #[tokio::test(start_paused = true)]
            async fn a_request_that_fails_says_how() {
                super::a_request_that_fails_says_how($make).await;
            }
            #[tokio::test]
            async fn a_subject_has_one_server_at_a_time() {
                super::a_subject_has_one_server_at_a_time($make).await;
            }
            #[tokio::test]
            async fn the_words_of_core_pass_unchanged() {
                super::the_words_of_core_pass_unchanged($make).await;
            }
        }
    };
}

suite!(local, Bus::local());

async fn every_subscriber_gets_every_message_in_order(bus: Bus) {
    let mut ears = [bus.subscribe("a"), bus.subscribe("a")];
    let mut other = bus.subscribe("b");
    for n in 0..10_u8 {
        bus.publish("a", &[n]).await;
    }
    for ear in &mut ears {
        for n in 0..10_u8 {
            assert_eq!(*ear.next().await.unwrap(), [n]);
        }
    }
    assert!(other.try_next().is_none());
    bus.publish("nobody listens", b"").await;
}

async fn a_slow_subscriber_slows_the_publisher_and_loses_nothing(bus: Bus) {
    let mut ear = bus.subscribe("a");
    let publisher = tokio::spawn({
        let bus = bus.clone();
        async move {
            for n in 0..3 * QUEUE {
                bus.publish("a", &n.to_le_bytes()).await;
            }
        }
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!publisher.is_finished(), "the publisher must wait for room");
    for n in 0..3 * QUEUE {
        assert_eq!(*ear.next().await.unwrap(), n.to_le_bytes());
    }
    publisher.await.unwrap();
}

async fn a_subscriber_that_left_holds_nobody_up(bus: Bus) {
    let gone = bus.subscribe("a");
    let mut ear = bus.subscribe("a");
    drop(gone);
    for n in 0..2 * QUEUE as u8 {
        bus.publish("a", &[n]).await;
        assert_eq!(*ear.next().await.unwrap(), [n]);
    }
}

async fn a_request_gets_its_own_reply(bus: Bus) {
    let mut service = bus.serve("double").unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Some(one) = service.next().await {
            held.push(one);
            if held.len() == 2 {
                for (bytes, responder) in held.drain(..).rev() {
                    responder.respond([bytes.clone(), bytes].concat());
                }
            }
        }
    });
    let (one, two) = tokio::join!(
        bus.request("double", b"x".to_vec(), SOON * 50),
        bus.request("double", b"yy".to_vec(), SOON * 50),
    );
    assert_eq!((one.unwrap(), two.unwrap()), (b"xx".to_vec(), b"yyyy".to_vec()));
}

async fn a_request_that_fails_says_how(bus: Bus) {
    let ask = || bus.request("s", Vec::new(), SOON);
    assert_eq!(ask().await, Err(BusError::Nobody("s".to_owned())));
    let mut service = bus.serve("s").unwrap();
    assert_eq!(ask().await, Err(BusError::Timeout { subject: "s".to_owned(), after_ms: 200 }));
    let late = service.next().await.unwrap().1;
    late.respond(b"nobody waits".to_vec());
    let (answer, ()) = tokio::join!(ask(), async { drop(service.next().await) });
    assert_eq!(answer, Err(BusError::Dropped("s".to_owned())));
}

async fn a_subject_has_one_server_at_a_time(bus: Bus) {
    assert!(!bus.is_served("s"));
    let first = bus.serve("s").unwrap();
    assert_eq!(bus.serve("s").unwrap_err(), BusError::Taken("s".to_owned()));
    assert!(bus.is_served("s"));
    drop(first);
    assert!(!bus.is_served("s"));
    bus.serve("s").unwrap();
}

async fn the_words_of_core_pass_unchanged(bus: Bus) {
    let node = NodeId::from_entropy([1; 16]);
    let session = SessionId::from_entropy([2; 16]);
    let mut service = bus.serve(&node_subject(&node)).unwrap();
    let mut events = bus.subscribe(EVENTS);
    let stop = Request::Stop { session: session.clone(), reason: EndReason::Kicked };
    let expected = stop.clone();
    let node_side = async {
        let (bytes, responder) = service.next().await.unwrap();
        assert_eq!(service.read(&bytes), Ok(expected));
        responder.reply(&Reply::Done).unwrap();
    };
    let (reply, ()) = tokio::join!(bus.ask(&node, &stop, SOON * 50), node_side);
    assert_eq!(reply, Ok(Reply::Done));
    let event = Event::State { session, state: SessionState::Active, reason: None, detail: None };
    bus.tell(&event).await.unwrap();
    let bytes = events.next().await.unwrap();
    assert_eq!(events.read::<Event>(&bytes), Ok(event));
    assert!(matches!(events.read::<Event>(b"{}"), Err(BusError::Malformed { .. })));
}
