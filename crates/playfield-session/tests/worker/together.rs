//! Several people in one session: who plays from which seat, and who only watches.

use super::*;

pub const HOST: u8 = 2;
pub const GUEST: u8 = 3;
pub const SPECTATOR: u8 = 4;

pub fn who(n: u8) -> ViewerId {
    ViewerId::from_entropy([n; 16])
}

impl Node {
    pub fn try_join(&mut self, viewer: u8, role: Role, slot: Option<u8>) -> Result<Viewer, (EndReason, String)> {
        self.try_come(Person { number: viewer.into(), ..Person::new(who(viewer), role, slot) })
    }

    pub fn try_come(&mut self, person: Person) -> Result<Viewer, (EndReason, String)> {
        let (client, offer) = Client::offer([127, 0, 0, 1].into()).unwrap();
        let attach = Box::new(Attach { person, video: VideoMode::Auto, offer });
        match self.ask(Request::Attach { session: session(), attach }) {
            Reply::Attached { answer } => Ok(Viewer::new(client, &answer)),
            Reply::Refused { reason, detail } => Err((reason, detail)),
            other => panic!("neither let in nor refused: {other:?}"),
        }
    }

    pub fn join_as(&mut self, viewer: u8, role: Role, slot: Option<u8>) -> Viewer {
        self.try_join(viewer, role, slot).unwrap()
    }

    fn leave(&mut self, viewer: u8) {
        assert_eq!(self.ask(Request::Leave { session: session(), viewer: who(viewer) }), Reply::Done);
    }

    fn taken(&mut self) -> Vec<u8> {
        match self.ask(Request::Seats { session: session() }) {
            Reply::Seats { taken } => taken,
            other => panic!("no seats: {other:?}"),
        }
    }
}

/// Lets all of them play until something is so.
pub fn until<const N: usize>(what: &str, mut all: [&mut Viewer; N], done: impl Fn(&[&mut Viewer; N]) -> bool) {
    let begun = Instant::now();
    while !done(&all) {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        all.iter_mut().for_each(|viewer| viewer.pump(Duration::from_millis(3)));
    }
}

impl Viewer {
    fn asks_for_seats(&mut self, count: u8) {
        assert!(self.client.send_control(&format!(r#"{{"type":"seats","count":{count}}}"#)));
    }

    fn last_seats(&self) -> Option<&[u8]> {
        let seats = |message: &'_ ToViewer| matches!(message, ToViewer::Seats { .. });
        match self.told.iter().rfind(|message| seats(message))? {
            ToViewer::Seats { seats } => Some(seats),
            _ => None,
        }
    }

    pub fn people(&self) -> Option<(&[u8], &[u8], u16)> {
        let people = |message: &&ToViewer| matches!(message, ToViewer::People { .. });
        match self.told.iter().rfind(people)? {
            ToViewer::People { seats, away, watching, .. } => Some((seats, away, *watching)),
            _ => None,
        }
    }

    fn tick(&self) -> u32 {
        self.shown().map_or(0, |(tick, _)| tick)
    }

    /// The tick it shows, and all of its pixels.
    fn exactly(&self) -> Option<(u32, Vec<u8>)> {
        let shown = self.decoder.shown()?;
        let mut rgba = Vec::new();
        shown.rows.to_rgba(&mut rgba);
        Some((shown.tick, rgba))
    }
}

/// A session with its host, in a worker of its own.
pub fn hosted() -> (Node, Viewer) {
    hosted_of("fine")
}

/// The same, of another title.
pub fn hosted_of(title: &str) -> (Node, Viewer) {
    let mut node = Node::new(4);
    let mut host = node.start(title, SessionTimes::default());
    host.until("the first picture", |viewer| viewer.open && viewer.shown().is_some());
    (node, host)
}

#[test]
fn each_plays_from_its_own_seat_and_a_spectator_from_none() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    // Whatever seat is said of a spectator: the role counts.
    let mut spectator = node.join_as(SPECTATOR, Role::Spectator, Some(1));
    until("everybody", [&mut host, &mut guest, &mut spectator], |[host, guest, spectator]| {
        host.people() == Some((&[0, 1], &[], 1)) && guest.open && spectator.open && spectator.shown().is_some()
    });
    let slot = |viewer: &Viewer| match viewer.told.first() {
        Some(ToViewer::Hello { slot, seats, .. }) => (*slot, *seats),
        other => panic!("no hello first: {other:?}"),
    };
    assert_eq!([&host, &guest, &spectator].map(slot), [(Some(0), Some(2)), (Some(1), Some(2)), (None, None)]);

    (spectator.held, spectator.presses, spectator.second) = (true, 1, Some(true));
    spectator.asks_for_seats(2);
    let (from, mut seen) = (spectator.tick(), Vec::new());
    let begun = Instant::now();
    while spectator.tick() < from + 40 {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for forty ticks");
        [&mut host, &mut guest, &mut spectator].into_iter().for_each(|viewer| viewer.pump(Duration::from_millis(3)));
        let all = [&host, &guest, &spectator].map(Viewer::exactly);
        assert_eq!((host.shown().unwrap().1, host.second()), (false, Some((true, false))), "nobody plays");
        seen.extend(all.into_iter().flatten());
    }
    // Whoever saw a tick saw the same of it.
    seen.sort();
    seen.dedup();
    assert!(seen.windows(2).all(|pair| pair[0].0 != pair[1].0));

    (guest.held, guest.presses) = (true, 1);
    until("the guest's press, in its seat", [&mut host, &mut guest, &mut spectator], |all| {
        all.iter().all(|viewer| viewer.second() == Some((true, true)) && viewer.shown().is_some_and(|(_, held)| !held))
    });
    (host.held, host.presses) = (true, 1);
    until("the host's press, in its own", [&mut host, &mut guest, &mut spectator], |all| {
        all.iter().all(|viewer| viewer.shown().is_some_and(|(_, held)| held))
    });
    assert_eq!(spectator.last_seats(), None);
    node.join();
}

#[test]
fn a_pad_shakes_for_who_plays_from_its_seat_alone() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    let mut spectator = node.join_as(SPECTATOR, Role::Spectator, None);
    let shakes = |viewer: &Viewer| {
        let strengths = viewer.told.iter().filter_map(|message| match message {
            ToViewer::Rumble { place, strong, weak: 0, ms: 50 } => Some((*place, *strong)),
            _ => None,
        });
        let mut strengths: Vec<_> = strengths.collect();
        strengths.sort();
        strengths.dedup();
        strengths
    };
    until("both pads", [&mut host, &mut guest, &mut spectator], |[host, guest, spectator]| {
        !shakes(host).is_empty() && !shakes(guest).is_empty() && spectator.tick() > 20
    });
    assert_eq!((shakes(&host), shakes(&guest), shakes(&spectator)), (vec![(0, 100)], vec![(0, 101)], vec![]));
    node.leave(GUEST);
    host.asks_for_seats(2);
    host.until("the second pad of the host", |host| shakes(host) == [(0, 100), (1, 101)]);
    node.join();
}

#[test]
fn a_seat_is_first_come_first_served() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    guest.until("a picture", |viewer| viewer.shown().is_some());
    assert_eq!(node.taken(), [0, 1]);
    host.second = Some(true);
    host.asks_for_seats(2);
    until("the answer", [&mut host, &mut guest], |[host, _]| host.last_seats() == Some(&[0]));
    let from = host.tick();
    until("some play", [&mut host, &mut guest], |[host, _]| {
        assert_eq!(host.second(), Some((true, false)), "the second gamepad plays from nowhere");
        host.tick() > from + 20
    });
    let taken = (EndReason::SeatTaken, "Somebody else plays as player 2 now.".to_owned());
    assert_eq!(node.try_join(5, Role::Player, Some(1)).err(), Some(taken.clone()));

    node.leave(GUEST);
    guest.until("the end of its connection", |viewer| viewer.closed);
    host.asks_for_seats(2);
    host.until("the seat", |viewer| viewer.last_seats() == Some(&[0, 1]) && viewer.second() == Some((true, true)));
    assert_eq!(node.try_join(GUEST, Role::Player, Some(1)).err(), Some(taken), "now it is the other way round");
    host.asks_for_seats(1);
    host.until("its return", |viewer| viewer.last_seats() == Some(&[0]));
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    guest.until("a picture", |viewer| viewer.second() == Some((true, false)));
    node.join();
}

#[test]
fn a_player_who_is_away_finds_its_seat_again() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    until("the guest", [&mut host, &mut guest], |[host, _]| host.second() == Some((true, false)));
    guest.client.close();
    host.until("its absence", |host| {
        host.people() == Some((&[0, 1], &[1], 0)) && host.second() == Some((false, false))
    });
    host.asks_for_seats(2);
    host.until("the answer", |host| host.last_seats() == Some(&[0]));
    assert!(node.try_join(5, Role::Player, Some(1)).is_err());
    let mut back = node.join_as(GUEST, Role::Player, Some(1));
    until("the guest again", [&mut host, &mut back], |[host, _]| {
        host.people() == Some((&[0, 1], &[], 0)) && host.second() == Some((true, false))
    });
    node.join();
}

#[test]
fn the_session_goes_on_while_somebody_plays_and_ends_with_the_last() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    let mut spectator = node.join_as(SPECTATOR, Role::Spectator, None);
    until("all", [&mut host, &mut guest, &mut spectator], |[host, ..]| host.people() == Some((&[0, 1], &[], 1)));
    node.leave(HOST);
    host.until("the end of its connection", |host| host.closed);
    let from = guest.tick();
    until("the game to go on", [&mut guest, &mut spectator], |[guest, _]| {
        guest.tick() > from + 20 && guest.people() == Some((&[1], &[], 1))
    });
    node.leave(SPECTATOR);
    guest.until("the spectator to be gone", |guest| guest.people() == Some((&[1], &[], 0)));
    node.leave(GUEST);
    let (reason, detail) = node.until_state(SessionState::Terminated);
    assert_eq!((reason, detail.as_deref()), (Some(EndReason::ApiTerminated), Some("Everybody who played has left.")));
    node.join();
}

#[test]
fn while_nobody_plays_spectators_see_the_picture_stand_still() {
    let (mut node, mut host) = hosted();
    let mut spectator = node.join_as(SPECTATOR, Role::Spectator, None);
    until("both", [&mut host, &mut spectator], |[host, spectator]| {
        host.people() == Some((&[0], &[], 1)) && spectator.shown().is_some()
    });
    host.client.close();
    node.until_state(SessionState::PendingReconnection);
    let resting = |message: &ToViewer| *message == ToViewer::State { state: SessionState::PendingReconnection };
    spectator.until("the news", |spectator| {
        spectator.told.iter().any(resting) && spectator.people() == Some((&[0], &[0], 1))
    });
    let mut late = node.join_as(5, Role::Spectator, None);
    until("the same picture for both", [&mut spectator, &mut late], |[spectator, late]| {
        late.exactly().is_some() && late.exactly() == spectator.exactly()
    });
    let still = late.tick();
    let mut back = node.attach_again();
    until("the game to go on", [&mut spectator, &mut late, &mut back], |all| {
        all.iter().all(|viewer| viewer.tick() > still + 5)
    });
    node.join();
}

#[test]
fn nobody_who_only_watches_keeps_a_session_alive() {
    let mut node = Node::new(4);
    let mut host = node.start("fine", SessionTimes { grace_ms: 300, ..SessionTimes::default() });
    let mut spectator = node.join_as(SPECTATOR, Role::Spectator, None);
    until("both", [&mut host, &mut spectator], |[host, _]| host.people() == Some((&[0], &[], 1)));
    host.client.close();
    spectator.until("the end", |spectator| spectator.end().is_some());
    assert_eq!(spectator.end().unwrap().0, EndReason::ReconnectionTimeout);
    node.join();
}

#[test]
fn there_are_as_many_spectators_as_may_be() {
    let (mut node, _host) = hosted();
    let [mut a, mut b] = [SPECTATOR, 5].map(|viewer| node.join_as(viewer, Role::Spectator, None));
    until("both", [&mut a, &mut b], |[a, b]| a.shown().is_some() && b.shown().is_some());
    let refused = node.try_join(6, Role::Spectator, None).err();
    let detail = "2 people watch this session, as many as may.".to_owned();
    assert_eq!(refused, Some((EndReason::LimitReached, detail)));
    let mut again = node.join_as(SPECTATOR, Role::Spectator, None);
    again.until("a picture, for who was in before", |again| again.shown().is_some());
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    guest.until("a picture, for who plays", |guest| guest.shown().is_some());
    node.join();
}

#[test]
fn a_session_that_goes_on_elsewhere_knows_whose_its_seats_are() {
    let mut node = Node::with_checkpoints(4, &folder("resume-seats"));
    let mut spec = spec(session(), "saves", SessionTimes::default());
    spec.resume = true;
    spec.people.people =
        vec![Person::new(who(HOST), Role::Host, Some(0)), Person::new(who(GUEST), Role::Player, Some(1))];
    assert_eq!(node.ask(Request::Start { spec, attach: None }), Reply::Started { answer: None });
    let mut host = node.attach_again();
    host.until("a picture", |host| host.open && host.shown().is_some());
    host.asks_for_seats(2);
    host.until("the answer", |host| host.last_seats() == Some(&[0]));
    assert_eq!(node.try_join(5, Role::Player, Some(1)).err().map(|(reason, _)| reason), Some(EndReason::SeatTaken));
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    let mut spectator = node.join_as(SPECTATOR, Role::Spectator, None);
    until("all of them again", [&mut host, &mut guest, &mut spectator], |all| {
        all.iter().all(|viewer| viewer.people() == Some((&[0, 1], &[], 1)) && viewer.shown().is_some())
    });
    node.join();
}
