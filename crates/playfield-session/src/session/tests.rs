//! What a viewer that says untrue things can do to a session: nothing to others.

use playfield_core::api::ChangeViewer;
use playfield_core::bus::SessionTimes;
use playfield_core::desk::Cursor;
use playfield_core::input::wire::{Ack, FrameReport, PadReport, Writer};
use playfield_core::input::{Pad, PlayerInput};
use playfield_runtime::{Fed, Feed, GuestEvent};
use playfield_transport::{Client, Config, Hub, Wants};
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
            let (connection, _) = hub.accept(&offer, Wants::default()).unwrap();
            let viewer = ViewerId::from_entropy([n; 16]);
            let attach = Attach { person: Person::new(viewer, role, slot), video: VideoMode::Auto, offer };
            session.expect(Time::ZERO, connection, &attach);
            session.attach(Time::ZERO, connection, Ways { video: true, av1: false, track: true });
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

#[test]
fn whoever_runs_the_server_may_hold_something_in_any_seat_while_somebody_plays() {
    let mut world = World::new();
    let hold = |player| Hold { by: "rule".to_owned(), player, pad: Pad { buttons: 1, ..Pad::default() }, ms: 50 };
    let now = Time::from_millis(5);
    assert_eq!(world.session.hold(now, &hold(2)).unwrap_err(), "there is no seat 3 in it: it has 2 seats");
    world.session.hold(now, &hold(1)).unwrap();
    assert_eq!(world.held(now), [false, true], "nobody sits there, and nobody else is touched");
    assert_eq!(world.session.people.taken(now), 1, "who comes may have the seat");
    let host = world.host;
    world.session.detach(now, host);
    assert_eq!(world.session.hold(now, &hold(0)).unwrap_err(), "nobody plays in it just now, so it rests");
}

/// Presses a button of the first pad.
fn press(writer: &mut Writer) {
    let pad = Pad { buttons: 1, ..Pad::default() };
    writer.pad(&PadReport { index: 0, pad, presses: [1; 16] });
}

impl World {
    /// A host in the first seat and a player in the second.
    fn with_player(expires_ms: Option<u64>) -> World {
        let mut world = World::new();
        let viewer = world.session.viewers[&world.spectator].viewer.clone();
        world.session.leave(Time::ZERO, &viewer);
        let viewers = world.session.viewers.remove(&world.spectator);
        drop(viewers);
        let person = Person { expires_ms, ..Person::new(viewer, Role::Player, Some(1)) };
        let attach = Attach { person, video: VideoMode::Auto, offer: String::new() };
        world.session.expect(Time::ZERO, world.spectator, &attach);
        world.session.attach(Time::ZERO, world.spectator, Ways { video: true, av1: false, track: true });
        world
    }

    /// What both seats hold now.
    fn held(&mut self, now: Time) -> [bool; 2] {
        let mut inbox = self.session.inbox.open();
        [0, 1].map(|seat| {
            let mut player = PlayerInput::default();
            inbox.seats[seat].latch(now, 16, 16, &mut player);
            player.pad.buttons != 0
        })
    }

    fn says(&mut self, from: ConnectionId, seq: u32, now: Time) {
        let mut message = Vec::new();
        press(&mut Writer::new(&mut message, seq, 1, None));
        self.session.hear_input(now, from, &message, false);
    }
}

#[test]
fn what_comes_after_a_change_is_measured_by_it() {
    let ms = Time::from_millis;
    let mut world = World::with_player(None);
    let guest = world.spectator;
    let viewer = world.session.viewers[&guest].viewer.clone();
    let slot = |slot| ChangeViewer { slot: Some(slot), ..ChangeViewer::default() };
    let watches = ChangeViewer { role: Some(Role::Spectator), ..ChangeViewer::default() };
    world.says(guest, 1, ms(1));
    assert_eq!((world.held(ms(1)), world.session.refused), ([false, true], 0));
    // At the same moment, but later.
    world.session.change(ms(2), &viewer, &watches).unwrap();
    world.says(guest, 2, ms(2));
    assert_eq!((world.held(ms(2)), world.session.refused), ([false, false], 1));
    world.session.change(ms(3), &viewer, &slot(0)).unwrap();
    world.says(guest, 3, ms(3));
    world.says(world.host, 1, ms(3));
    assert_eq!((world.held(ms(3)), world.session.refused), ([true, false], 2), "the host's seat is the guest's");
    world.session.remove(ms(4), &viewer).unwrap();
    world.says(guest, 4, ms(4));
    assert_eq!((world.held(ms(4)), world.session.refused), ([false, false], 3));
}

#[test]
fn a_player_may_what_it_was_given() {
    let ms = Time::from_millis;
    let mut world = World::with_player(None);
    let guest = world.spectator;
    let viewer = world.session.viewers[&guest].viewer.clone();
    let may = |may| ChangeViewer { may: Some(may), ..ChangeViewer::default() };
    let choose = r#"{"type":"choose","key":"k","value":"v"}"#;
    let text = r#"{"type":"text","text":"x"}"#;
    let mut check = |permissions: Permissions, heard: [bool; 3]| {
        world.session.change(ms(1), &viewer, &may(permissions)).unwrap();
        world.commands();
        world.says(guest, 1, ms(1));
        let pressed = world.held(ms(1))[1];
        world.session.hear_control(ms(1), guest, choose);
        let chosen = world.commands().iter().any(|command| matches!(command, Command::Choose { .. }));
        world.session.hear_control(ms(1), guest, text);
        let mut player = PlayerInput::default();
        world.session.inbox.open().seats[1].latch(ms(1), 16, 16, &mut player);
        assert_eq!([pressed, chosen, player.text == "x"], heard, "{permissions:?}");
        // A seat begins anew, so that the next case does.
        let slot = |slot| ChangeViewer { slot: Some(slot), ..ChangeViewer::default() };
        world.session.change(ms(1), &viewer, &slot(0)).unwrap();
        world.session.change(ms(1), &viewer, &slot(1)).unwrap();
    };
    check(Permissions::SEAT, [true, false, true]);
    check(Permissions::NONE, [false, false, false]);
    check(Permissions::NONE.with(Permission::Play), [true, false, false]);
    check(Permissions::NONE.with(Permission::Settings), [false, true, false]);
    check(Permissions::NONE.with(Permission::Keyboard), [false, false, true]);
    check(Permissions::ALL, [true, true, true]);
}

#[test]
fn nothing_counts_from_the_moment_a_time_is_over() {
    let ms = Time::from_millis;
    let mut world = World::with_player(Some(100));
    let guest = world.spectator;
    world.says(guest, 1, ms(99));
    assert_eq!((world.held(ms(99)), world.session.refused), ([false, true], 0));
    // Nobody looked at the time yet.
    world.says(guest, 2, ms(100));
    assert_eq!(world.session.refused, 1);
    assert_eq!(world.session.next_timeout(), Some(ms(100)));
    assert_eq!(world.session.overstayed(ms(100)), [guest]);
    assert_eq!(world.held(ms(100)), [false, false]);
}

/// What a connection is told of what a program says.
fn told(world: &mut World, of: ConnectionId, event: GuestEvent) -> Vec<ToViewer> {
    let all = world.session.hear_desk(event);
    all.into_iter().filter(|(connection, _)| *connection == of).map(|(_, message)| message).collect()
}

#[test]
fn a_programs_pointer_and_clipboard_are_for_those_who_may_have_them() {
    let mut world = World::new();
    let (now, host, guest) = (Time::from_millis(1), world.host, world.spectator);
    for connection in [host, guest] {
        world.session.greet(now, connection);
    }
    let cursor = || GuestEvent::Cursor(Cursor::named("text"));
    assert_eq!(told(&mut world, host, cursor()), [ToViewer::Cursor { cursor: Cursor::named("text") }]);
    assert!(told(&mut world, guest, cursor()).is_empty());
    assert!(told(&mut world, guest, GuestEvent::Lock(true)).is_empty());
    let (who, messages) = world.session.copied("secret");
    assert_eq!((who, messages), (vec![host], vec![ToViewer::Clipboard { text: "secret".to_owned(), more: false }]));
    assert!(world.session.copied(&"\u{1}".repeat(1 << 20)).1.is_empty(), "JSON would make too much of it");

    world.commands();
    let paste = r#"{"type":"clipboard","text":"mine"}"#;
    assert_eq!(world.session.hear_control(now, guest, paste), None);
    assert_eq!(world.session.hear_control(now, guest, r#"{"type":"resize","width":640,"height":480}"#), None);
    assert!(world.commands().is_empty());
    assert_eq!(world.session.refused, 2);
    assert_eq!(world.session.hear_control(now, host, r#"{"type":"clipboard","text":"a ","more":true}"#), None);
    assert_eq!(world.session.hear_control(now, host, paste), Some(ToViewer::Pasted));
    assert_eq!(world.commands(), [Command::Paste { connection: host, text: "a mine".to_owned() }]);
    (0..50).for_each(|_| {
        world.session.hear_control(now, host, r#"{"type":"resize","width":640,"height":480}"#);
    });
    assert_eq!(world.commands().len(), 9, "more than that at once is left out");

    // Who plays and may it from now on is told how things are.
    let viewer = world.session.viewers[&guest].viewer.clone();
    let may = Permissions::SEAT.with(Permission::Clipboard);
    let seat = ChangeViewer { role: Some(Role::Player), may: Some(may), ..ChangeViewer::default() };
    world.session.change(now, &viewer, &seat).unwrap();
    let news = std::mem::take(&mut world.session.to_tell);
    let news: Vec<_> = news.into_iter().filter(|(connection, _)| *connection == guest).map(|(_, told)| told).collect();
    assert!(news.contains(&ToViewer::Cursor { cursor: Cursor::named("text") }), "{news:?}");
    assert!(news.contains(&ToViewer::Lock { wanted: true }), "{news:?}");
    assert_eq!(world.session.hear_control(now, guest, paste), Some(ToViewer::Pasted));
    assert_eq!(world.session.copied("secret").0.len(), 2);
}

#[test]
fn the_last_lines_of_a_program_are_for_the_host_alone() {
    let mut world = World::new();
    let (host, spectator) = (world.host, world.spectator);
    world.session.hear_desk(GuestEvent::LastWords("no such level".to_owned()));
    let said = |connection| match world.session.farewell(connection, EndReason::GuestTrap, "It crashed.") {
        ToViewer::End { said, .. } => said,
        other => panic!("{other:?}"),
    };
    assert_eq!(said(host).as_deref(), Some("no such level"));
    assert_eq!(said(spectator), None);
}

/// A program that hears a microphone, with its host, a player and what its guest gets.
fn with_microphone() -> (World, Fed) {
    let mut world = World::with_player(None);
    let program = playfield_core::manifest::Program {
        microphone: true,
        ..playfield_core::manifest::Program::new(vec!["recorder".to_owned()])
    };
    world.session.microphone = microphone::Microphone::of(&playfield_core::manifest::Kind::Program { program });
    let (feed, theirs) = Feed::pair().unwrap();
    world.session.set_feed(Some(feed));
    for connection in [world.host, world.spectator] {
        world.session.greet(Time::from_millis(1), connection);
    }
    (world, Fed::new(theirs))
}

impl World {
    fn turns(&mut self, from: ConnectionId, on: bool, now: Time) -> Option<ToViewer> {
        self.session.hear_control(now, from, &format!(r#"{{"type":"microphone","on":{on}}}"#))
    }

    /// What each of two connections was told of the microphone last: whether it is theirs, and whose it is.
    fn told_of_microphone(&mut self) -> [Option<(bool, Option<String>)>; 2] {
        let told = std::mem::take(&mut self.session.to_tell);
        [self.host, self.spectator].map(|connection| {
            told.iter().rev().find_map(|(to, message)| match message {
                ToViewer::Microphone { yours, whose, .. } if *to == connection => Some((*yours, whose.clone())),
                _ => None,
            })
        })
    }

    /// Whose packets the guest gets at that moment.
    fn heard(&mut self, fed: &mut Fed, now: Time) -> Vec<u8> {
        for (name, from) in [(1, self.host), (2, self.spectator)] {
            self.session.hear_sound(now, from, 5, 7, &[name]);
        }
        std::iter::from_fn(|| fed.receive().map(|packet| packet.data[0])).collect()
    }
}

#[test]
fn one_persons_microphone_is_heard_and_only_while_something_records() {
    let ms = Time::from_millis;
    let (mut world, mut fed) = with_microphone();
    let (host, guest) = (world.host, world.spectator);
    let viewer = world.session.viewers[&guest].viewer.clone();
    let speaks = Permissions::SEAT.with(Permission::Microphone);
    let may = |may| ChangeViewer { may: Some(may), ..ChangeViewer::default() };
    let (yours, other) = (|| Some((true, None)), |name: &str| Some((false, Some(name.to_owned()))));

    assert_eq!(world.turns(host, true, ms(2)), None);
    assert_eq!(world.told_of_microphone(), [yours(), None], "who may not use it is told nothing of it");
    assert_eq!(world.heard(&mut fed, ms(2)), [0; 0], "nothing records");
    world.session.records(true);
    assert_eq!(world.told_of_microphone(), [yours(), None]);
    let refused = world.session.refused;
    assert_eq!(world.heard(&mut fed, ms(3)), [1]);
    assert_eq!(world.turns(guest, true, ms(3)), None);
    assert_eq!(world.session.refused, refused + 2, "a packet and a message of somebody who may not");
    assert_eq!(world.heard(&mut fed, ms(3)), [1]);

    // Who may from now on is told how it stands, and takes it from nobody but players.
    world.session.change(ms(4), &viewer, &may(speaks)).unwrap();
    assert_eq!(world.told_of_microphone(), [None, other("Host")]);
    let held = ToViewer::Microphone { records: true, yours: false, whose: Some("Host".to_owned()) };
    assert_eq!(world.turns(guest, true, ms(4)), Some(held));
    assert_eq!(world.heard(&mut fed, ms(4)), [1]);
    world.turns(host, false, ms(5));
    assert_eq!(world.told_of_microphone(), [Some((false, None)), Some((false, None))]);
    world.turns(guest, true, ms(5));
    assert_eq!(world.told_of_microphone(), [other("Guest 1"), yours()]);
    assert_eq!(world.heard(&mut fed, ms(5)), [2]);
    world.turns(host, true, ms(6));
    assert_eq!(world.told_of_microphone(), [yours(), other("Host")]);
    assert_eq!(world.heard(&mut fed, ms(6)), [1]);

    // What was given is taken back, or its holder goes.
    world.turns(host, false, ms(7));
    world.turns(guest, true, ms(7));
    assert_eq!(world.heard(&mut fed, ms(7)), [2]);
    world.session.change(ms(8), &viewer, &may(Permissions::SEAT)).unwrap();
    assert_eq!(world.heard(&mut fed, ms(8)), [0; 0]);
    world.session.change(ms(9), &viewer, &may(speaks)).unwrap();
    assert_eq!(world.heard(&mut fed, ms(9)), [0; 0], "it is not on again by itself");
    world.turns(guest, true, ms(9));
    world.told_of_microphone();
    world.session.detach(ms(10), guest);
    assert_eq!(world.told_of_microphone(), [Some((false, None)), None]);
    world.turns(host, true, ms(11));
    world.session.records(false);
    assert_eq!(world.heard(&mut fed, ms(11)), [0; 0]);
}

#[test]
fn a_flood_of_sound_reaches_no_guest() {
    let ms = Time::from_millis;
    let (mut world, mut fed) = with_microphone();
    let host = world.host;
    world.session.records(true);
    world.turns(host, true, ms(1));
    let mut heard = 0;
    for n in 0..100_000 {
        world.session.hear_sound(Time::from_micros(1_000 + n * 10), host, n, 0, &[0xf8; 100]);
        heard += std::iter::from_fn(|| fed.receive().map(drop)).count();
    }
    assert!((100..=200).contains(&heard), "{heard} packets in a second");
    world.session.hear_sound(ms(9_000), host, 1, 0, &[0xf8; 1_276]);
    assert!(fed.receive().is_none(), "a packet that no browser makes");
}
