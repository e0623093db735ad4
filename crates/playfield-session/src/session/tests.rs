//! What a viewer that says untrue things can do to a session: nothing to others.

use playfield_core::bus::SessionTimes;
use playfield_core::input::wire::{Ack, FrameReport, Writer};
use playfield_transport::{Client, Config, Hub};
use serde_json::json;

use super::*;
use crate::Clock;
use crate::pool::{Job, Next, Pool};

struct Idle;

impl Job for Idle {
    fn run(&mut self, _now: Time) -> Next {
        Next::Park
    }
}

/// A session of a host and a spectator who are connected.
struct World {
    session: Session,
    host: ConnectionId,
    spectator: ConnectionId,
    _pool: Pool,
}

impl World {
    fn new() -> World {
        let spec: SessionSpec = serde_json::from_value(json!({
            "id": SessionId::from_entropy([1; 16]), "title": "pong", "module": "pong.wasm",
            "limits": { "memory_mb": 16, "storage_kb": 64 }, "input": ["pad"], "players": 2, "seed": 1,
            "start_unix_ms": 0, "storage": {}, "times": SessionTimes::default(), "spectators": 4,
        }))
        .unwrap();
        let pool = Pool::start(1, Clock::start()).unwrap();
        let job = pool.spawn(Box::new(Idle));
        let mut session = Session::new(Time::ZERO, 0, &spec, Arc::default(), job);
        session.tick_hz = Some(60);
        let mut hub = Hub::bind(&Config::default()).unwrap();
        let mut come = |n: u8, role, slot| {
            let (_, offer) = Client::offer([127, 0, 0, 1].into()).unwrap();
            let (connection, _) = hub.accept(&offer, false).unwrap();
            let viewer = ViewerId::from_entropy([n; 16]);
            let attach = Attach { viewer, role, slot, video: VideoMode::Auto, offer };
            session.expect(Time::ZERO, connection, &attach);
            session.attach(Time::ZERO, connection, Ways { video: true, track: true });
            connection
        };
        let (host, spectator) = (come(1, Role::Host, Some(0)), come(2, Role::Spectator, None));
        World { session, host, spectator, _pool: pool }
    }

    /// The commands that a message leaves for the guest.
    fn hears(&mut self, from: ConnectionId, write: impl FnOnce(&mut Writer)) -> Vec<Command> {
        let mut message = Vec::new();
        write(&mut Writer::new(&mut message, 1, 1, None));
        self.session.hear_input(Time::from_millis(1), from, &message, false);
        self.commands()
    }

    fn commands(&mut self) -> Vec<Command> {
        let mut commands = Default::default();
        self.session.inbox.open().take(&mut commands);
        commands.into()
    }
}

/// It waited 12 ms for its display.
fn report(id: u32) -> FrameReport {
    FrameReport { rtp: false, id, arrival_us: 1, decode_us: 0, present_us: 12_000 }
}

#[test]
fn only_pictures_that_were_sent_move_the_ticks_of_a_session() {
    let moves = |commands: &[Command]| commands.iter().filter(|command| matches!(command, Command::Delay(_))).count();
    let mut world = World::new();
    let (host, mut moved) = (world.host, 0);
    world.commands();
    for _ in 0..500 {
        let made_up: Vec<_> = (0..64).map(report).collect();
        moved += moves(&world.hears(host, |writer| writer.frames(&made_up)));
    }
    assert_eq!(moved, 0, "reports of pictures that never were");
    for tick in 1..=70 {
        world.session.sent(host, Stamps { tick, ..Stamps::default() }, 100);
        moved += moves(&world.hears(host, |writer| writer.frames(&[report(tick); 64])));
    }
    assert_eq!(moved, 1, "each picture counts once, however often it is reported");
}

#[test]
fn a_viewer_that_says_very_much_takes_no_room_from_the_others() {
    let mut world = World::new();
    let (host, spectator) = (world.host, world.spectator);
    world.commands();
    let ack = |picture| Ack { picture, datagrams: 1 };
    let mut inbox = world.session.inbox.open();
    (0..10_000).for_each(|n| inbox.push(Command::Ack { connection: spectator, ack: ack(n), at: Time::ZERO }));
    drop(inbox);
    let commands = world.hears(host, |writer| writer.acks(&[ack(7)]));
    assert!(commands.len() <= 513, "{}", commands.len());
    assert!(
        matches!(commands.last(), Some(Command::Ack { connection, ack, .. }) if (*connection, ack.picture) == (host, 7))
    );
    let commands = world.hears(spectator, |writer| writer.acks(&[ack(8)]));
    assert_eq!(commands.len(), 1, "after a tick it is heard again");
}
