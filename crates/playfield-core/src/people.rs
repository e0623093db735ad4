//! The people of one session: who is host, who plays from which seat, who watches, and what each may do.
//!
//! ```text
//!             come                away                 the time it is kept is over
//!   (a link) ------> here <---------------> away -------------------------------> forgotten
//!                     |    come, by itself   |                                    (the host never is)
//!                     | remove, leave, or its time is over
//!                     v
//!                    out: whoever was removed does not come back
//! ```
//!
//! There is one host. Only a host changes others: who asks is checked where requests come in; here is decided what then
//! holds. Whoever leaves as host is followed by the player who has been there longest.
//!
//! Drive it so: tell it what happened, then bring every connection in line with [`People::standing`], then pass
//! [`People::news`] on, so that the people of a session outlive the process it runs in.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::{ChangeViewer, Role};
use crate::id::ViewerId;
use crate::permission::Permissions;
use crate::seats::{SeatSet, Seats, seats_of};
use crate::time::Time;

pub mod name;

/// People of a session who are known at a time, those who are away included.
pub const MOST: usize = 64;
/// Names are told to everybody, so nobody changes theirs more often than this.
const RENAME: Duration = Duration::from_secs(1);
/// Of those who were removed, so many are remembered. Their tokens are void as well, so what is forgotten is only what was
/// under way at that moment.
const REMOVED_KEPT: usize = 64;

/// Somebody in a session: what outlives connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub viewer: ViewerId,
    /// What they are.
    pub role: Role,
    /// Their own seat, from 0; a player without one gets any that is free.
    pub slot: Option<u8>,
    /// What a player may do; none: what players usually may.
    #[serde(default)]
    pub may: Option<Permissions>,
    /// The name they chose.
    #[serde(default)]
    pub name: Option<String>,
    /// Counts who came to the session, from 1.
    #[serde(default)]
    pub number: u32,
    /// They are out from then on: Unix time, in milliseconds.
    #[serde(default)]
    pub expires_ms: Option<u64>,
}

impl Person {
    /// Somebody who may what the role says.
    pub fn new(viewer: ViewerId, role: Role, slot: Option<u8>) -> Person {
        Person { viewer, role, slot, may: None, name: None, number: 1, expires_ms: None }
    }

    /// What others call them.
    pub fn called(&self) -> String {
        let nameless = || if self.role == Role::Host { "Host".to_owned() } else { format!("Guest {}", self.number) };
        self.name.clone().unwrap_or_else(nameless)
    }
}

/// The people of a session, to be kept elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Counts the changes; a lower one is older.
    pub revision: u64,
    /// Those who are in.
    pub people: Vec<Person>,
    /// Those who were removed last.
    pub removed: Vec<ViewerId>,
}

/// What holds for somebody now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What they are.
    pub role: Role,
    /// Their own seat.
    pub slot: Option<u8>,
    /// Seats of further people who play at the same viewer.
    pub further: SeatSet,
    /// What they may do.
    pub may: Permissions,
    /// They are out from then on: Unix time, in milliseconds.
    pub expires_ms: Option<u64>,
}

impl Standing {
    /// All seats, their own one first.
    pub fn seats(self) -> impl Iterator<Item = u8> {
        self.slot.into_iter().chain(seats_of(self.further))
    }
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotIn {
    /// The host removed them.
    #[error("The host removed you from the session.")]
    Removed,
    /// Their time is over.
    #[error("The time you were invited for is over.")]
    Expired,
    /// Somebody else has the seat.
    #[error("Somebody else plays as player {} now.", .0 + 1)]
    Taken(u8),
    /// Nobody else can play.
    #[error("Every seat is taken.")]
    NoSeat,
    /// As many watch as may.
    #[error("{0} people watch this session, as many as may.")]
    Watched(u16),
    /// As many are known as may be.
    #[error("{MOST} people are in this session, as many as may be.")]
    Full,
}

/// Why something about somebody was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// Nobody of that id is in.
    #[error("nobody of that id is in the session now")]
    Unknown,
    /// The title has no such seat.
    #[error("`slot` must be 0 to {}: so many can play this title", .0 - 1)]
    Seat(u8),
    /// Nobody else can play.
    #[error("every seat is taken; say whose seat it shall be with `slot`")]
    NoSeat,
    /// A seat for somebody who watches.
    #[error("a `spectator` has no `slot`")]
    SpectatorSeat,
    /// It was changed just before.
    #[error("a name can be changed once a second; try again")]
    TooSoon,
    /// There is nothing to choose.
    #[error("`may` is for players: a host may everything, a spectator nothing")]
    May,
}

#[derive(Debug)]
struct Known {
    person: Person,
    /// Kept until then while they are away; none: they are here.
    until: Option<Time>,
    /// When they were last called something else.
    renamed: Option<Time>,
}

/// The people of one session.
#[derive(Debug)]
pub struct People {
    seats: Seats,
    hold: Duration,
    spectators: u16,
    /// One keyboard and one pointer for all, as programs have it: players do not have them unless the host says so.
    one_desk: bool,
    /// Unix time of the driver's origin, in milliseconds.
    origin_ms: u64,
    known: Vec<Known>,
    removed: VecDeque<ViewerId>,
    revision: u64,
    told: u64,
}

/// What a session's people are decided by.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Seats there are.
    pub players: u8,
    /// How long the place of somebody who is away is kept.
    pub hold: Duration,
    /// Most people without a seat.
    pub spectators: u16,
    /// There is one keyboard and one pointer for all.
    pub one_desk: bool,
    /// Unix time of the driver's origin, in milliseconds.
    pub origin_ms: u64,
}

impl People {
    /// A session's people: nobody, or those of another process, who are all away.
    pub fn new(now: Time, terms: Terms, roster: &Roster) -> People {
        let Terms { players, hold, spectators, one_desk, origin_ms } = terms;
        let mut people = People {
            seats: Seats::new(players, hold),
            hold,
            spectators,
            one_desk,
            origin_ms,
            known: Vec::new(),
            removed: roster.removed.iter().take(REMOVED_KEPT).cloned().collect(),
            revision: roster.revision,
            told: roster.revision,
        };
        for person in roster.people.iter().take(MOST) {
            if let Some(slot) = person.slot.filter(|_| person.role != Role::Spectator) {
                people.seats.take(now, &person.viewer, slot);
                people.seats.away(now, &person.viewer);
            }
            people.known.push(Known { person: person.clone(), until: Some(now + hold), renamed: None });
        }
        people
    }

    /// Seats there are.
    pub fn players(&self) -> u8 {
        self.seats.players()
    }

    /// Seats that are not free.
    pub fn taken(&self, now: Time) -> SeatSet {
        self.seats.taken(now)
    }

    /// What holds for somebody, if they are in.
    pub fn standing(&self, now: Time, viewer: &ViewerId) -> Option<Standing> {
        let Known { person, .. } = self.find(viewer)?;
        Some(Standing {
            role: person.role,
            slot: self.seats.own(now, viewer),
            further: self.seats.further(viewer),
            may: self.may(person),
            expires_ms: person.expires_ms,
        })
    }

    /// What somebody may do.
    fn may(&self, person: &Person) -> Permissions {
        match person.role {
            Role::Host => Permissions::ALL,
            Role::Player => person.may.unwrap_or(self.usual()),
            Role::Spectator => Permissions::NONE,
        }
    }

    /// What players may where nothing else was said.
    fn usual(&self) -> Permissions {
        let play = Permissions::NONE.with(crate::permission::Permission::Play);
        if self.one_desk { play } else { Permissions::SEAT }
    }

    /// Those who are in, and whether they are here, in the order they came.
    pub fn list(&self) -> impl Iterator<Item = (&Person, bool)> {
        self.known.iter().map(|known| (&known.person, known.until.is_none()))
    }

    /// Somebody came, for the first time or again: as what they are known for here, else as `person` says. Nothing changes where
    /// they are not let in.
    pub fn come(&mut self, now: Time, person: &Person) -> Result<(), NotIn> {
        self.may_come(now, person)?;
        let at = match self.position(&person.viewer) {
            Some(at) => at,
            None => self.enter(person),
        };
        self.known[at].until = None;
        let Person { viewer, role, slot, .. } = self.known[at].person.clone();
        let slot = slot.or_else(|| self.seats.free(now).filter(|_| role == Role::Player));
        if let Some(slot) = slot {
            self.seats.take(now, &viewer, slot);
        }
        if self.known[at].person.slot != slot {
            self.known[at].person.slot = slot;
            self.revision += 1;
        }
        Ok(())
    }

    /// Whether somebody would be let in.
    pub fn may_come(&self, now: Time, person: &Person) -> Result<(), NotIn> {
        let viewer = &person.viewer;
        if self.removed.contains(viewer) {
            return Err(NotIn::Removed);
        }
        let known = self.find(viewer).map_or(person, |known| &known.person);
        if known.expires_ms.is_some_and(|expires| expires <= self.unix_ms(now)) {
            return Err(NotIn::Expired);
        }
        match (known.role, self.seat_of(known)) {
            (Role::Spectator, _) if self.watching(viewer) >= usize::from(self.spectators) => {
                return Err(NotIn::Watched(self.spectators));
            }
            (Role::Player | Role::Host, Some(slot)) if !self.seats.may_take(now, viewer, slot) => {
                return Err(NotIn::Taken(slot));
            }
            (Role::Player, None) if self.seats.free(now).is_none() => return Err(NotIn::NoSeat),
            _ => {}
        }
        let room = self.known.len() < MOST || self.known.iter().any(Known::may_be_forgotten);
        if self.find(viewer).is_some() || room { Ok(()) } else { Err(NotIn::Full) }
    }

    /// The seat somebody comes for: a spectator has none, whatever else is said.
    fn seat_of(&self, person: &Person) -> Option<u8> {
        person.slot.filter(|slot| person.role != Role::Spectator && *slot < self.seats.players())
    }

    /// Spectators who are here, but for one.
    fn watching(&self, but: &ViewerId) -> usize {
        let watches = |known: &&Known| known.person.role == Role::Spectator && known.until.is_none();
        self.known.iter().filter(watches).filter(|known| known.person.viewer != *but).count()
    }

    fn enter(&mut self, person: &Person) -> usize {
        if self.known.len() >= MOST {
            let forgotten = self.known.iter().position(Known::may_be_forgotten);
            forgotten.map(|at| self.known.remove(at));
        }
        let mut person = person.clone();
        // One host is enough, whatever is said of somebody who comes.
        if person.role == Role::Host && self.host().is_some() {
            person.role = Role::Player;
        }
        person.slot = self.seat_of(&person);
        self.known.push(Known { person, until: None, renamed: None });
        self.revision += 1;
        self.known.len() - 1
    }

    /// Somebody's last connection is gone: their place is kept for a while.
    pub fn away(&mut self, now: Time, viewer: &ViewerId) {
        let until = now + self.hold;
        if let Some(at) = self.position(viewer) {
            self.known[at].until.get_or_insert(until);
            self.seats.away(now, viewer);
        }
    }

    /// Somebody leaves for good. Whether they had a seat.
    pub fn leave(&mut self, now: Time, viewer: &ViewerId) -> bool {
        let had_seat = self.seats.leave(viewer);
        if let Some(at) = self.position(viewer) {
            let was = self.known.remove(at);
            self.revision += 1;
            if was.person.role == Role::Host {
                self.follow(now);
            }
        }
        had_seat
    }

    /// The host left: the player who came first is host now, one who is here before one who is not.
    fn follow(&mut self, now: Time) {
        let plays = |known: &&mut Known| self.seats.own(now, &known.person.viewer).is_some();
        let next = self.known.iter_mut().filter(plays).min_by_key(|known| (known.until.is_some(), known.person.number));
        if let Some(known) = next {
            (known.person.role, known.person.may, known.person.expires_ms) = (Role::Host, None, None);
        }
    }

    /// The host removes somebody, who does not come back. False: there is nobody to remove, or it is the host.
    pub fn remove(&mut self, now: Time, viewer: &ViewerId) -> bool {
        if self.host() == Some(viewer) {
            return false;
        }
        let known = self.position(viewer).is_some();
        self.leave(now, viewer);
        if !self.removed.contains(viewer) {
            self.removed.truncate(REMOVED_KEPT - 1);
            self.removed.push_front(viewer.clone());
            self.revision += 1;
        }
        known
    }

    /// So many people play at a viewer; see [`Seats::want`].
    pub fn want(&mut self, now: Time, viewer: &ViewerId, count: u8) -> SeatSet {
        self.seats.want(now, viewer, count)
    }

    /// The host changes what somebody is.
    pub fn change(&mut self, now: Time, viewer: &ViewerId, change: &ChangeViewer) -> Result<(), NotChanged> {
        let at = self.position(viewer).ok_or(NotChanged::Unknown)?;
        let role = self.check(now, at, change)?;
        let Known { person, renamed, .. } = &mut self.known[at];
        if let Some(name) = &change.name {
            (person.name, *renamed) = (name::clean(name), Some(now));
        }
        if role != person.role || change.may.is_some() {
            person.may = change.may;
        }
        if role == Role::Host && person.role != Role::Host {
            self.hand_over(now, at);
        } else if person.role != Role::Host {
            person.role = role;
        }
        let playing = change.role == Some(Role::Player) || change.slot.is_some();
        let own = self.seats.own(now, viewer);
        match change.slot.or(own).or_else(|| self.seats.free(now)).filter(|_| playing) {
            Some(slot) => self.seat(now, at, slot),
            None if change.role == Some(Role::Spectator) => self.unseat(at),
            None => {}
        }
        self.revision += 1;
        Ok(())
    }

    /// Whether the change makes sense; the role somebody has after it.
    fn check(&self, now: Time, at: usize, change: &ChangeViewer) -> Result<Role, NotChanged> {
        let Person { role: before, viewer, .. } = &self.known[at].person;
        let renamed = self.known[at].renamed.filter(|_| change.name.is_some());
        if renamed.is_some_and(|renamed| now.since(renamed) < RENAME) {
            return Err(NotChanged::TooSoon);
        }
        let seated = change.slot.filter(|_| *before == Role::Spectator).map(|_| Role::Player);
        let role = change.role.or(seated).unwrap_or(*before);
        if change.slot.is_some_and(|slot| slot >= self.players()) {
            return Err(NotChanged::Seat(self.players()));
        }
        if role == Role::Spectator && change.slot.is_some() {
            return Err(NotChanged::SpectatorSeat);
        }
        // A host who plays or watches is host still, and so is not asked what they may.
        let stays_host = *before == Role::Host;
        if change.may.is_some() && (role != Role::Player || stays_host) {
            return Err(NotChanged::May);
        }
        let needs_seat = change.role == Some(Role::Player) && change.slot.is_none();
        if needs_seat && self.seats.own(now, viewer).is_none() && self.seats.free(now).is_none() {
            return Err(NotChanged::NoSeat);
        }
        Ok(role)
    }

    /// Somebody is host from now on; who was it plays or watches, as they do.
    fn hand_over(&mut self, now: Time, to: usize) {
        let before = self.known.iter_mut().find(|known| known.person.role == Role::Host);
        if let Some(Known { person, .. }) = before {
            let plays = self.seats.own(now, &person.viewer).is_some();
            person.role = if plays { Role::Player } else { Role::Spectator };
        }
        let person = &mut self.known[to].person;
        (person.role, person.may, person.expires_ms) = (Role::Host, None, None);
    }

    /// Gives somebody a seat. Who had it gets theirs in exchange, and watches if there is none.
    fn seat(&mut self, now: Time, at: usize, slot: u8) {
        let viewer = self.known[at].person.viewer.clone();
        let own = self.seats.own(now, &viewer);
        let before = self.seats.give(now, &viewer, slot);
        self.known[at].person.slot = Some(slot);
        if self.known[at].until.is_some() {
            self.seats.away(now, &viewer);
        }
        let Some((other, false)) = before.filter(|(other, _)| *other != viewer) else { return };
        let Some(other_at) = self.position(&other) else { return };
        match own.filter(|own| *own != slot) {
            Some(own) => {
                self.seats.give(now, &other, own);
                self.known[other_at].person.slot = Some(own);
                if self.known[other_at].until.is_some() {
                    self.seats.away(now, &other);
                }
            }
            None => self.unseat(other_at),
        }
    }

    /// Takes somebody's seats. A host stays host.
    fn unseat(&mut self, at: usize) {
        let person = &mut self.known[at].person;
        self.seats.leave(&person.viewer);
        person.slot = None;
        if person.role != Role::Host {
            (person.role, person.may) = (Role::Spectator, None);
        }
    }

    /// When to say [`People::handle_timeout`].
    pub fn next_timeout(&self) -> Option<Time> {
        let forget = |known: &Known| known.until.filter(|_| known.may_be_forgotten());
        let over = |known: &Known| known.person.expires_ms.map(|expires| self.time_of(expires));
        self.known.iter().flat_map(|known| [forget(known), over(known)]).flatten().min()
    }

    /// Time passed. Those whose time is over, and who are out now.
    pub fn handle_timeout(&mut self, now: Time) -> Vec<ViewerId> {
        let unix_ms = self.unix_ms(now);
        let over = |known: &&Known| known.person.expires_ms.is_some_and(|expires| expires <= unix_ms);
        let out: Vec<_> = self.known.iter().filter(over).map(|known| known.person.viewer.clone()).collect();
        for viewer in &out {
            self.leave(now, viewer);
        }
        // They are found again by who keeps the roster, so nothing changes for them.
        self.known.retain(|known| !(known.may_be_forgotten() && known.until.is_some_and(|until| until <= now)));
        out
    }

    /// The people as they are now, if somebody was told otherwise.
    pub fn news(&mut self) -> Option<Roster> {
        (std::mem::replace(&mut self.told, self.revision) != self.revision).then(|| self.roster())
    }

    /// The people as they are now.
    pub fn roster(&self) -> Roster {
        Roster {
            revision: self.revision,
            people: self.known.iter().map(|known| known.person.clone()).collect(),
            removed: self.removed.iter().cloned().collect(),
        }
    }

    /// Who is host.
    pub fn host(&self) -> Option<&ViewerId> {
        let host = self.known.iter().find(|known| known.person.role == Role::Host)?;
        Some(&host.person.viewer)
    }

    fn find(&self, viewer: &ViewerId) -> Option<&Known> {
        self.known.iter().find(|known| known.person.viewer == *viewer)
    }

    fn position(&self, viewer: &ViewerId) -> Option<usize> {
        self.known.iter().position(|known| known.person.viewer == *viewer)
    }

    /// Unix time of a moment, in milliseconds.
    pub fn unix_ms(&self, at: Time) -> u64 {
        self.origin_ms.saturating_add(at.as_micros() / 1000)
    }

    /// The moment of a Unix time in milliseconds.
    pub fn time_of(&self, unix_ms: u64) -> Time {
        Time::from_micros(unix_ms.saturating_sub(self.origin_ms).saturating_mul(1000))
    }
}

impl Known {
    fn may_be_forgotten(&self) -> bool {
        self.until.is_some() && self.person.role != Role::Host
    }
}

#[cfg(test)]
mod tests;
