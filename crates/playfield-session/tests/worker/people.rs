//! What viewers may do, over real connections: whatever they send, the worker passes on what they may send and nothing else.

use playfield_core::api::ChangeViewer;
use playfield_core::input::wire::{KeyReport, PointerReport, TouchReport};
use playfield_core::people::Roster;

use super::together::{GUEST, HOST, SPECTATOR, hosted, until, who};
use super::*;

impl Node {
    fn change(&mut self, viewer: u8, change: ChangeViewer) -> Roster {
        match self.ask(Request::Change { session: session(), viewer: who(viewer), change }) {
            Reply::Changed { roster } => roster,
            other => panic!("not changed: {other:?}"),
        }
    }

    fn refused(&mut self, viewer: u8) -> u64 {
        match self.ask(Request::Receipt { session: session() }) {
            Reply::Receipt { receipt } => {
                let of = receipt.viewers.iter().find(|seen| seen.viewer == Some(who(viewer)));
                of.map_or(0, |seen| seen.tally.refusals())
            }
            other => panic!("no receipt: {other:?}"),
        }
    }
}

impl Viewer {
    /// Sends what a made-up browser would.
    fn forge(&mut self, write: impl Fn(&mut Writer)) {
        self.seq += 1;
        let mut message = Vec::new();
        write(&mut Writer::new(&mut message, self.seq, u64::from(self.seq), None));
        self.client.send_input(&message);
    }

    fn last_you(&self) -> Option<(Role, &[u8])> {
        self.told.iter().rev().find_map(|message| match message {
            ToViewer::You { role, slots, .. } => Some((*role, slots.as_slice())),
            _ => None,
        })
    }

    fn last_refused(&self) -> u64 {
        let refused = self.told.iter().rev().find_map(|message| match message {
            ToViewer::Stats { refused, .. } => Some(*refused),
            _ => None,
        });
        refused.unwrap_or(0)
    }
}

fn role(role: Role) -> ChangeViewer {
    ChangeViewer { role: Some(role), ..ChangeViewer::default() }
}

fn slot(slot: u8) -> ChangeViewer {
    ChangeViewer { slot: Some(slot), ..ChangeViewer::default() }
}

/// A pad whose `a` is held, as one that says it is the player's `index`th.
fn pressed(index: u8) -> PadReport {
    PadReport { index, pad: Pad { buttons: 1, ..Pad::default() }, presses: [7; 16] }
}

/// What the two seats hold: whether the first one's button is, whether somebody has the second and holds its button.
fn seats(viewer: &Viewer) -> Option<(bool, (bool, bool))> {
    Some((viewer.shown()?.1, viewer.second()?))
}

#[test]
fn nothing_of_a_spectator_reaches_the_title() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    let mut spectator = node.join_as(SPECTATOR, Role::Spectator, Some(1));
    until("all", [&mut host, &mut guest, &mut spectator], |[host, guest, spectator]| {
        seats(host) == Some((false, (true, false))) && guest.open && spectator.open && spectator.shown().is_some()
    });
    let from = host.shown().unwrap().0;
    until("forty ticks of forging", [&mut host, &mut guest, &mut spectator], |[host, ..]| {
        assert_eq!(seats(host), Some((false, (true, false))));
        host.shown().unwrap().0 > from + 40
    });
    for text in
        [r#"{"type":"text","text":"x"}"#, r#"{"type":"seats","count":2}"#, r#"{"type":"choose","key":"k","value":"v"}"#]
    {
        let before = node.refused(SPECTATOR);
        assert!(spectator.client.send_control(text));
        spectator.forge(|writer| {
            writer.pad(&pressed(0));
            writer.keys(&[KeyReport { usage: 4, held: true, presses: 1 }]);
            writer.pointer(&PointerReport { buttons: 1, ..PointerReport::default() });
            writer.touches(&[TouchReport { id: 1, down: true, x: 1, y: 1 }]);
            writer.more_pads(&[pressed(1), pressed(2), pressed(3)]);
        });
        let begun = Instant::now();
        while node.refused(SPECTATOR) < before + 2 {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for it to be counted");
            spectator.pump(Duration::from_millis(3));
        }
    }
    until("the count", [&mut host, &mut guest, &mut spectator], |[host, _, spectator]| {
        assert_eq!(seats(host), Some((false, (true, false))));
        spectator.last_refused() > 0
    });
    assert_eq!((node.refused(HOST), node.refused(GUEST)), (0, 0), "nothing of theirs was left out");
    node.join();
}

#[test]
fn no_number_of_a_pad_leads_to_another_seat() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    until("both", [&mut host, &mut guest], |[host, guest]| seats(host) == Some((false, (true, false))) && guest.open);
    let before = node.refused(GUEST);
    for index in [1, 2, 3, 255] {
        for _ in 0..10 {
            guest.forge(|writer| writer.pad(&pressed(index)));
            guest.forge(|writer| writer.more_pads(&[pressed(index), pressed(0), pressed(index.wrapping_add(1))]));
            host.pump(Duration::from_millis(2));
            assert!(!host.shown().unwrap().1, "the host's seat is the host's");
        }
    }
    let begun = Instant::now();
    while node.refused(GUEST) == before {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for it to be counted");
        guest.pump(Duration::from_millis(3));
    }
    assert_eq!(node.refused(HOST), 0);
    node.join();
}

#[test]
fn what_is_held_in_a_seat_that_is_taken_back_is_released() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    (guest.held, guest.presses) = (true, 1);
    until("the guest's press", [&mut host, &mut guest], |[host, _]| seats(host) == Some((false, (true, true))));
    let roster = node.change(GUEST, role(Role::Spectator));
    assert_eq!(roster.people[1].role, Role::Spectator);
    until("the release", [&mut host, &mut guest], |[host, guest]| {
        seats(host) == Some((false, (false, false))) && guest.last_you() == Some((Role::Spectator, &[]))
    });
    let from = host.shown().unwrap().0;
    until("some play", [&mut host, &mut guest], |[host, _]| {
        assert_eq!(seats(host), Some((false, (false, false))), "it still sends, and nothing comes of it");
        host.shown().unwrap().0 > from + 30
    });
    assert!(node.refused(GUEST) > 0);

    node.change(GUEST, role(Role::Player));
    until("the seat", [&mut host, &mut guest], |[host, guest]| {
        seats(host) == Some((false, (true, true))) && guest.last_you() == Some((Role::Player, &[1]))
    });
    node.change(GUEST, slot(0));
    until("an exchange of seats", [&mut host, &mut guest], |[host, guest]| {
        seats(host) == Some((true, (true, false)))
            && guest.last_you() == Some((Role::Player, &[0]))
            && host.last_you() == Some((Role::Host, &[1]))
    });
    node.join();
}

#[test]
fn whoever_is_removed_is_told_and_let_in_no_more() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    (guest.held, guest.presses) = (true, 1);
    until("the guest's press", [&mut host, &mut guest], |[host, _]| seats(host) == Some((false, (true, true))));
    let removed = Request::Remove { session: session(), viewer: who(GUEST) };
    assert!(matches!(node.ask(removed.clone()), Reply::Changed { .. }));
    until("the end, for the guest", [&mut host, &mut guest], |[host, guest]| {
        guest.end().is_some() && guest.closed && seats(host) == Some((false, (false, false)))
    });
    let sentence = "The host removed you from the session.";
    assert_eq!(guest.end(), Some((EndReason::Kicked, sentence)));
    let refused = node.try_join(GUEST, Role::Player, Some(1)).err();
    assert_eq!(refused, Some((EndReason::Kicked, sentence.to_owned())));
    assert!(matches!(node.ask(removed), Reply::Changed { .. }), "once more changes nothing");
    let host_out = node.ask(Request::Remove { session: session(), viewer: who(HOST) });
    assert!(matches!(host_out, Reply::NotChanged { unknown: false, .. }), "{host_out:?}");
    host.until("play to go on", |host| host.people() == Some((&[0], &[], 0)));
    node.join();
}

#[test]
fn whose_time_is_over_is_told_and_out() {
    let (mut node, mut host) = hosted();
    let expires_ms =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64 + 1_500;
    let person = Person { expires_ms: Some(expires_ms), ..Person::new(who(GUEST), Role::Player, None) };
    let mut guest = node.try_come(person.clone()).unwrap();
    (guest.held, guest.presses) = (true, 1);
    until("the end, for the guest", [&mut host, &mut guest], |[host, guest]| {
        guest.end().is_some() && guest.closed && seats(host) == Some((false, (false, false)))
    });
    let sentence = "The time you were invited for is over.";
    assert_eq!(guest.end(), Some((EndReason::InviteExpired, sentence)));
    assert_eq!(node.try_come(person).err(), Some((EndReason::InviteExpired, sentence.to_owned())));
    node.join();
}

#[test]
fn people_and_what_they_may_go_on_in_another_worker() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Spectator, None);
    until("both", [&mut host, &mut guest], |[host, guest]| host.people() == Some((&[0], &[], 1)) && guest.open);
    node.change(GUEST, slot(1));
    let roster = node.change(GUEST, role(Role::Host));
    let told = node
        .until("the node is told", |event| matches!(event, BusEvent::People { roster: told, .. } if *told == roster));
    node.join();

    let BusEvent::People { roster, .. } = told else { panic!("only people were asked for") };
    let mut node = Node::with_checkpoints(4, &folder("resume-people"));
    let mut spec = spec(session(), "saves", SessionTimes::default());
    (spec.resume, spec.people) = (true, roster);
    assert_eq!(node.ask(Request::Start { spec, attach: None }), Reply::Started { answer: None });
    // What is said of them when they come back is older.
    let mut guest = node.join_as(GUEST, Role::Spectator, None);
    let mut host = node.join_as(HOST, Role::Host, Some(0));
    until("both again", [&mut host, &mut guest], |[host, guest]| {
        guest.last_you() == Some((Role::Host, &[1])) && host.last_you() == Some((Role::Player, &[0]))
    });
    node.join();
}

#[test]
fn everybody_is_told_who_is_there_and_the_host_what_they_may() {
    let (mut node, mut host) = hosted();
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    let list = |viewer: &Viewer| {
        viewer.told.iter().rev().find_map(|message| match message {
            ToViewer::People { list, .. } => Some(list.clone()),
            _ => None,
        })
    };
    node.change(GUEST, ChangeViewer { name: Some("Ada".to_owned()), ..ChangeViewer::default() });
    let named =
        |viewer: &Viewer| list(viewer).is_some_and(|list| list.len() == 2 && list[1].name == "Ada" && !list[1].away);
    until("her name", [&mut host, &mut guest], |all| all.iter().all(|viewer| named(viewer)));
    let (to_host, to_guest) = (list(&host).unwrap(), list(&guest).unwrap());
    assert_eq!((to_host[1].seats.as_slice(), to_host[1].may.is_some()), (&[1][..], true));
    assert_eq!((to_guest[0].name.as_str(), to_guest[0].may, to_guest[1].may), ("Host", None, None));
    match node.ask(Request::People { session: session() }) {
        Reply::People { people } => assert_eq!(people.len(), 2),
        other => panic!("nobody: {other:?}"),
    }
    node.join();
}
