//! The people of a session on virtual time: each case is a list of steps.

use super::*;
use crate::permission::Permission;

/// Unix time of the origin, in milliseconds.
const ORIGIN_MS: u64 = 1_000_000;
/// A place is kept so long, in seconds.
const HOLD: u64 = 10;

/// What happens, to people by their number: 1 came first, as host.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody comes with this role and seat; why not, if not.
    Come(u8, Role, Option<u8>, Option<NotIn>),
    /// Somebody comes who may stay for so many seconds.
    ComeFor(u8, u64),
    Away(u8),
    /// Somebody leaves; whether they had a seat.
    Leave(u8, bool),
    /// Somebody is removed; whether there was anybody to remove.
    Remove(u8, bool),
    /// What they are is changed; why not, if not.
    Change(u8, ChangeViewer, Option<NotChanged>),
    /// So many people play at one viewer; the further seats it has then.
    Want(u8, u8, &'static [u8]),
    /// So many seconds pass; whose time is over then.
    Wait(u64, &'static [u8]),
    /// What somebody is now, and their seats.
    Is(u8, Role, &'static [u8]),
    /// They may do this, and nothing else.
    May(u8, Permissions),
    /// Nobody knows them.
    Unknown(u8),
    /// Everything goes on in another process.
    Move,
}
use Role::{Host, Player, Spectator};
use Step::*;

fn viewer(n: u8) -> ViewerId {
    ViewerId::from_entropy([n; 16])
}

fn role(role: Role) -> ChangeViewer {
    ChangeViewer { role: Some(role), ..ChangeViewer::default() }
}

fn slot(slot: u8) -> ChangeViewer {
    ChangeViewer { slot: Some(slot), ..ChangeViewer::default() }
}

fn may(all: &[Permission]) -> ChangeViewer {
    ChangeViewer { may: Some(all.iter().copied().collect()), ..ChangeViewer::default() }
}

fn terms(players: u8, one_desk: bool) -> Terms {
    Terms { players, hold: Duration::from_secs(HOLD), spectators: 2, one_desk, origin_ms: ORIGIN_MS }
}

fn check_on(terms: Terms, steps: &[&[Step]]) {
    let mut people = People::new(Time::ZERO, terms, &Roster::default());
    let mut now = Time::ZERO;
    for (at, step) in steps.concat().into_iter().enumerate() {
        let said = format!("step {at}: {step:?}");
        match step {
            Come(who, role, slot, expect) => {
                let person = Person { number: who.into(), ..Person::new(viewer(who), role, slot) };
                assert_eq!(people.may_come(now, &person).err(), expect, "{said}");
                assert_eq!(people.come(now, &person).err(), expect, "{said}");
            }
            ComeFor(who, seconds) => {
                let expires_ms = Some(people.unix_ms(now) + seconds * 1000);
                let person = Person { expires_ms, ..Person::new(viewer(who), Player, None) };
                assert_eq!(people.come(now, &person), Ok(()), "{said}");
            }
            Away(who) => people.away(now, &viewer(who)),
            Leave(who, had) => assert_eq!(people.leave(now, &viewer(who)), had, "{said}"),
            Remove(who, was) => assert_eq!(people.remove(now, &viewer(who)), was, "{said}"),
            Change(who, change, expect) => {
                assert_eq!(people.change(now, &viewer(who), &change).err(), expect, "{said}");
            }
            Want(who, count, expect) => {
                let further = people.want(now, &viewer(who), count);
                assert_eq!(seats_of(further).collect::<Vec<_>>(), expect, "{said}");
            }
            Wait(seconds, expect) => {
                let end = now + Duration::from_secs(seconds);
                let mut out = Vec::new();
                while let Some(due) = people.next_timeout().filter(|due| *due <= end) {
                    out.extend(people.handle_timeout(due));
                }
                now = end;
                assert_eq!(out, expect.iter().copied().map(viewer).collect::<Vec<_>>(), "{said}");
            }
            Is(who, role, expect) => {
                let standing = people.standing(now, &viewer(who)).unwrap_or_else(|| panic!("{said}"));
                assert_eq!((standing.role, standing.seats().collect::<Vec<_>>()), (role, expect.to_vec()), "{said}");
            }
            May(who, may) => assert_eq!(people.standing(now, &viewer(who)).map(|is| is.may), Some(may), "{said}"),
            Unknown(who) => assert_eq!(people.standing(now, &viewer(who)), None, "{said}"),
            Move => {
                let roster = serde_json::to_string(&people.roster()).unwrap();
                people = People::new(now, terms, &serde_json::from_str(&roster).unwrap());
            }
        }
        let hosts = people.list().filter(|(person, _)| person.role == Host).count();
        assert!(hosts <= 1, "{said}: {hosts} hosts");
        let mut seats: Vec<u8> =
            people.known.iter().filter_map(|known| people.seats.own(now, &known.person.viewer)).collect();
        let all = seats.len();
        seats.dedup();
        assert_eq!(seats.len(), all, "{said}: a seat twice");
    }
}

/// Two can play, and each seat has its own keys and pointer.
fn check(steps: &[&[Step]]) {
    check_on(terms(2, false), steps);
}

const HOSTED: &[Step] = &[Come(1, Host, Some(0), None)];
const TWO: &[Step] = &[Come(1, Host, Some(0), None), Come(2, Player, Some(1), None)];
const WATCHED: &[Step] =
    &[Come(1, Host, Some(0), None), Come(2, Player, Some(1), None), Come(3, Spectator, None, None)];

#[test]
fn a_link_brings_somebody_in_as_it_says() {
    check(&[TWO, &[Is(1, Host, &[0]), Is(2, Player, &[1]), Come(3, Player, Some(1), Some(NotIn::Taken(1)))]]);
    check(&[HOSTED, &[Come(2, Player, None, None), Is(2, Player, &[1]), Come(3, Player, None, Some(NotIn::NoSeat))]]);
    check(&[HOSTED, &[Come(2, Spectator, Some(1), None), Is(2, Spectator, &[]), May(2, Permissions::NONE)]]);
    check(&[HOSTED, &[Come(2, Host, Some(1), None), Is(2, Player, &[1])]]);
    check(&[HOSTED, &[Come(2, Player, Some(9), None), Is(2, Player, &[1])]]);
    let full = Some(NotIn::Watched(2));
    check(&[
        WATCHED,
        &[Come(4, Spectator, None, None), Come(5, Spectator, None, full), Come(3, Spectator, None, None)],
    ]);
}

#[test]
fn each_may_what_their_role_says() {
    let play = Permissions::NONE.with(Permission::Play);
    check(&[WATCHED, &[May(1, Permissions::ALL), May(2, Permissions::SEAT), May(3, Permissions::NONE)]]);
    check_on(terms(2, true), &[WATCHED, &[May(1, Permissions::ALL), May(2, play), May(3, Permissions::NONE)]]);
    let some = [Permission::Play, Permission::Settings];
    let set = some.into_iter().collect();
    check(&[WATCHED, &[Change(2, may(&some), None), May(2, set), Change(2, slot(0), None), May(2, set)]]);
    check(&[WATCHED, &[Change(2, may(&some), None), Change(2, role(Spectator), None), May(2, Permissions::NONE)]]);
    check(&[WATCHED, &[Change(2, may(&some), None), Move, Come(2, Spectator, None, None), May(2, set)]]);
    for who in [1, 3] {
        check(&[WATCHED, &[Change(who, may(&some), Some(NotChanged::May))]]);
    }
}

#[test]
fn a_seat_is_handed_over_and_taken_back() {
    check(&[
        WATCHED,
        &[Change(2, role(Spectator), None), Is(2, Spectator, &[]), Change(3, role(Player), None), Is(3, Player, &[1])],
    ]);
    check(&[WATCHED, &[Change(3, slot(1), None), Is(3, Player, &[1]), Is(2, Spectator, &[])]]);
    check(&[WATCHED, &[Change(2, slot(0), None), Is(2, Player, &[0]), Is(1, Host, &[1])]]);
    check(&[WATCHED, &[Change(3, slot(0), None), Is(3, Player, &[0]), Is(1, Host, &[]), May(1, Permissions::ALL)]]);
    check(&[
        WATCHED,
        &[Change(1, role(Spectator), None), Is(1, Host, &[]), Change(1, role(Player), None), Is(1, Host, &[0])],
    ]);
    check(&[WATCHED, &[Change(1, slot(0), None), Is(1, Host, &[0]), Is(2, Player, &[1])]]);
    check(&[
        HOSTED,
        &[
            Want(1, 2, &[1]),
            Come(2, Spectator, None, None),
            Change(2, slot(1), None),
            Is(2, Player, &[1]),
            Is(1, Host, &[0]),
        ],
    ]);
    check(&[HOSTED, &[Want(1, 2, &[1]), Change(1, slot(1), None), Is(1, Host, &[1])]]);
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let is = [Is(1, Host, &[0]), Is(2, Player, &[1]), Is(3, Spectator, &[])];
    let both = ChangeViewer { role: Some(Spectator), slot: Some(1), ..ChangeViewer::default() };
    for (who, change, why) in [
        (9, role(Player), NotChanged::Unknown),
        (3, slot(2), NotChanged::Seat(2)),
        (3, role(Player), NotChanged::NoSeat),
        (2, both, NotChanged::SpectatorSeat),
    ] {
        check(&[WATCHED, &[Change(who, change, Some(why))], &is]);
    }
}

#[test]
fn there_is_one_host() {
    check(&[
        WATCHED,
        &[Change(2, role(Host), None), Is(2, Host, &[1]), Is(1, Player, &[0]), May(1, Permissions::SEAT)],
    ]);
    check(&[WATCHED, &[Change(3, role(Host), None), Is(3, Host, &[]), Is(1, Player, &[0])]]);
    check(&[WATCHED, &[Change(1, role(Spectator), None), Change(2, role(Host), None), Is(1, Spectator, &[])]]);
    check(&[WATCHED, &[Change(1, role(Host), None), Is(1, Host, &[0])]]);
    check(&[WATCHED, &[Leave(1, true), Is(2, Host, &[1]), Come(1, Host, Some(0), None), Is(1, Player, &[0])]]);
    let three = [Come(1, Host, Some(0), None), Come(3, Player, Some(1), None), Come(2, Player, Some(2), None)];
    check_on(terms(4, false), &[&three, &[Leave(1, true), Is(2, Host, &[2]), Is(3, Player, &[1])]]);
    check_on(terms(4, false), &[&three, &[Away(2), Leave(1, true), Is(3, Host, &[1]), Is(2, Player, &[2])]]);
    check(&[HOSTED, &[Come(2, Spectator, None, None), Leave(1, true), Is(2, Spectator, &[])]]);
}

#[test]
fn whoever_was_removed_does_not_come_back() {
    let out = Some(NotIn::Removed);
    check(&[WATCHED, &[Remove(2, true), Unknown(2), Come(2, Player, Some(1), out), Come(4, Player, Some(1), None)]]);
    check(&[WATCHED, &[Remove(3, true), Come(3, Spectator, None, out), Move, Come(3, Spectator, None, out)]]);
    check(&[WATCHED, &[Remove(9, false), Come(9, Spectator, None, out), Remove(9, false)]]);
    check(&[WATCHED, &[Remove(1, false), Is(1, Host, &[0])]]);
    check(&[WATCHED, &[Away(2), Remove(2, true), Come(2, Player, Some(1), out)]]);
}

#[test]
fn whose_time_is_over_is_out() {
    let late = Some(NotIn::Expired);
    let guest = [Come(1, Host, Some(0), None), ComeFor(2, 60), Is(2, Player, &[1])];
    check(&[&guest, &[Wait(59, &[]), Is(2, Player, &[1]), Wait(1, &[2]), Unknown(2), Come(3, Player, None, None)]]);
    check(&[&guest, &[Away(2), Wait(5, &[]), Move, Come(2, Player, None, None), Wait(55, &[2])]]);
    check(&[&guest, &[Change(2, role(Host), None), Wait(600, &[]), Is(2, Host, &[1])]]);
    check(&[&guest, &[Leave(1, true), Wait(600, &[]), Is(2, Host, &[1])]]);
    let mut people = People::new(Time::ZERO, terms(2, false), &Roster::default());
    let person = Person { expires_ms: Some(ORIGIN_MS + 5), ..Person::new(viewer(2), Player, None) };
    assert_eq!(people.come(Time::from_millis(5), &person).err(), late);
    assert_eq!(people.come(Time::from_millis(4), &person), Ok(()));
}

#[test]
fn whoever_is_away_is_kept_for_a_while() {
    check(&[
        WATCHED,
        &[Away(2), Wait(9, &[]), Come(4, Player, Some(1), Some(NotIn::Taken(1))), Come(2, Player, None, None)],
    ]);
    check(&[
        WATCHED,
        &[
            Away(2),
            Wait(10, &[]),
            Unknown(2),
            Come(4, Player, Some(1), None),
            Come(2, Player, Some(1), Some(NotIn::Taken(1))),
        ],
    ]);
    check(&[
        WATCHED,
        &[Change(3, slot(1), None), Away(3), Wait(5, &[]), Come(3, Spectator, None, None), Is(3, Player, &[1])],
    ]);
    check(&[WATCHED, &[Away(1), Wait(60, &[]), Is(1, Host, &[]), Come(1, Host, Some(0), None), Is(1, Host, &[0])]]);
    check(&[
        HOSTED,
        &[
            Come(2, Spectator, None, None),
            Away(2),
            Change(2, slot(1), None),
            Wait(10, &[]),
            Come(3, Player, Some(1), None),
        ],
    ]);
    check(&[
        TWO,
        &[Away(1), Change(2, slot(0), None), Is(1, Host, &[1]), Wait(10, &[]), Come(3, Player, Some(1), None)],
    ]);
}

#[test]
fn people_go_on_in_another_process() {
    check(&[WATCHED, &[Change(3, slot(1), None), Move, Is(1, Host, &[0]), Is(3, Player, &[1]), Is(2, Spectator, &[])]]);
    check(&[
        WATCHED,
        &[Change(2, role(Host), None), Move, Come(1, Host, Some(0), None), Is(1, Player, &[0]), Is(2, Host, &[1])],
    ]);
    check(&[WATCHED, &[Move, Wait(10, &[]), Unknown(2), Come(2, Player, Some(1), None), Is(2, Player, &[1])]]);
}

#[test]
fn people_are_told_of_once() {
    let mut people = People::new(Time::ZERO, terms(2, false), &Roster::default());
    assert_eq!(people.news(), None);
    people.come(Time::ZERO, &Person::new(viewer(1), Host, Some(0))).unwrap();
    let first = people.news().unwrap();
    assert_eq!((first.people.len(), people.news()), (1, None));
    people.away(Time::ZERO, &viewer(1));
    people.come(Time::ZERO, &Person::new(viewer(1), Host, Some(0))).unwrap();
    assert_eq!(people.news(), None, "who comes and goes changes nothing");
    people.change(Time::ZERO, &viewer(1), &ChangeViewer { name: Some(" Ada ".into()), ..Default::default() }).unwrap();
    let named = people.news().unwrap();
    assert_eq!((named.people[0].called(), named.revision > first.revision), ("Ada".to_owned(), true));
    let nameless = ChangeViewer { name: Some(String::new()), ..Default::default() };
    assert_eq!(people.change(Time::from_millis(999), &viewer(1), &nameless), Err(NotChanged::TooSoon));
    people.change(Time::from_millis(1000), &viewer(1), &nameless).unwrap();
    assert_eq!(people.news().unwrap().people[0].called(), "Host");
    assert_eq!(Person { number: 2, ..Person::new(viewer(2), Player, None) }.called(), "Guest 2");
}

#[test]
fn so_many_are_known_and_no_more() {
    let mut people = People::new(Time::ZERO, Terms { spectators: 1000, ..terms(4, false) }, &Roster::default());
    let person = |n: usize| {
        Person::new(ViewerId::from_entropy(std::array::from_fn(|at| (n >> (5 * at.min(3))) as u8)), Spectator, None)
    };
    (0..MOST).for_each(|n| people.come(Time::ZERO, &person(n)).unwrap());
    assert_eq!(people.come(Time::ZERO, &person(MOST)), Err(NotIn::Full));
    people.away(Time::ZERO, &person(3).viewer);
    assert_eq!(people.come(Time::ZERO, &person(MOST)), Ok(()), "who is away makes room");
    assert_eq!(people.list().count(), MOST);
    for n in 0..1000 {
        people.remove(Time::ZERO, &person(n).viewer);
    }
    assert!(people.roster().removed.len() <= REMOVED_KEPT);
}
