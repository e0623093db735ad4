//! The people of a session and their connections: who is let in, and that each connection holds the seats and may do what its
//! viewer may.

use playfield_core::api::{ChangeViewer, EndReason, LinkQuality, Participant, Role};
use playfield_core::bus::Attach;
use playfield_core::id::ViewerId;
use playfield_core::people::{NotChanged, NotIn};
use playfield_core::permission::{Permission, Permissions};
use playfield_core::seats::{SeatSet, seats_of};
use playfield_core::session::Event;
use playfield_core::signal::ToViewer;
use playfield_core::time::Time;
use playfield_transport::ConnectionId;

use super::{Attached, Crowd, Session};
use crate::inbox::Command;

/// Why a viewer is not let in, or is out.
pub(crate) type Out = (EndReason, String);

/// That, in a word and in a sentence.
pub(crate) fn out(why: NotIn) -> Out {
    let reason = match why {
        NotIn::Removed => EndReason::Kicked,
        NotIn::Expired => EndReason::InviteExpired,
        NotIn::Taken(_) | NotIn::NoSeat => EndReason::SeatTaken,
        NotIn::Watched(_) | NotIn::Full => EndReason::LimitReached,
    };
    (reason, why.to_string())
}

impl Session {
    /// Why this viewer may not come in, if it may not. Who comes back is let in before others.
    pub(crate) fn refuses(&self, now: Time, attach: &Attach) -> Option<Out> {
        self.people.may_come(now, &attach.person).err().map(out)
    }

    /// Whether this is a connection of somebody who has no seat.
    pub(crate) fn watches(&self, connection: ConnectionId) -> bool {
        self.viewers.get(&connection).is_some_and(|attached| attached.slot.is_none())
    }

    /// A viewer leaves for good: its connections, to be let go of. The session ends with the last one that had a seat.
    pub(crate) fn leave(&mut self, now: Time, viewer: &ViewerId) -> Vec<ConnectionId> {
        if self.people.leave(now, viewer) && self.people.taken(now) == 0 {
            self.end(now, EndReason::ApiTerminated, Some("Everybody who played has left.".to_owned()));
        }
        self.reconcile(now);
        self.connections(viewer)
    }

    /// The host removes a viewer: its connections, to be put out. None: nobody of that id is in, or it is the host.
    pub(crate) fn remove(&mut self, now: Time, viewer: &ViewerId) -> Option<Vec<ConnectionId>> {
        let removed = self.people.remove(now, viewer);
        self.reconcile(now);
        removed.then(|| self.connections(viewer))
    }

    /// The host changes what a viewer is.
    pub(crate) fn change(&mut self, now: Time, viewer: &ViewerId, change: &ChangeViewer) -> Result<(), NotChanged> {
        self.people.change(now, viewer, change)?;
        self.reconcile(now);
        Ok(())
    }

    /// Connections of viewers whose time is over, to be put out.
    pub(crate) fn overstayed(&mut self, now: Time) -> Vec<ConnectionId> {
        let over = self.people.handle_timeout(now);
        self.reconcile(now);
        over.iter().flat_map(|viewer| self.connections(viewer)).collect()
    }

    /// When something of it is due by itself.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        let ingests = self.ingests.next_timeout();
        [self.life.next_timeout(), self.people.next_timeout(), ingests].into_iter().flatten().min()
    }

    fn connections(&self, viewer: &ViewerId) -> Vec<ConnectionId> {
        let own = self.viewers.iter().filter(|(_, attached)| attached.viewer == *viewer);
        own.map(|(connection, _)| *connection).collect()
    }

    /// Brings every connection in line with what its viewer is now: what is held in a seat that changes hands is released, and
    /// what each may do holds for the next message that is heard.
    fn reconcile(&mut self, now: Time) {
        let (players, was_played) = (self.people.players(), self.played());
        let mut changed = Vec::new();
        for (connection, attached) in &mut self.viewers {
            let (before, standing) = (attached.standing(), self.people.standing(now, &attached.viewer));
            let after = standing.map_or(NOTHING, |standing| Holds {
                role: standing.role,
                slot: standing.slot,
                // A connection that is not up yet begins with one seat.
                further: if attached.connected { standing.further } else { 0 },
                may: standing.may,
            });
            let expires = standing.and_then(|standing| standing.expires_ms);
            attached.expires = expires.map(|expires| self.people.time_of(expires));
            if before == after {
                continue;
            }
            attached.hold(after);
            changed.push((*connection, before, after));
            if standing.is_none() {
                // It is told its end.
                continue;
            }
            self.to_tell.push((*connection, attached.you(players)));
            let choose = |holds: Holds| holds.may.has(Permission::Settings);
            if choose(before) != choose(after) {
                let settings = if choose(after) { self.settings.clone() } else { Vec::new() };
                self.to_tell.push((*connection, ToViewer::Settings { settings }));
            }
        }
        for (connection, _, _) in &changed {
            let desk = self.viewers.get(connection).map(|attached| self.desk_now(attached)).unwrap_or_default();
            let told = desk.into_iter().chain(self.microphone_news(*connection));
            self.to_tell.extend(told.map(|message| (*connection, message)));
        }
        self.check_microphone();
        let played = self.played();
        let mut inbox = self.inbox.open();
        for (connection, before, after) in &changed {
            let moved = before.seats() ^ after.seats();
            // Whoever had it lets go of all it held there; whoever has it now begins with nothing held.
            for seat in seats_of(moved & (was_played | played)) {
                inbox.seats[usize::from(seat)].set_connected(now, played & (1 << seat) != 0);
            }
            inbox.push(Command::Seat { connection: *connection, slot: after.slot });
        }
        drop(inbox);
        for (connection, before, after) in changed {
            let connected = self.viewers.get(&connection).is_some_and(|attached| attached.connected);
            match (before.slot, after.slot) {
                (None, Some(_)) if connected => self.life.handle(now, Event::Attached),
                (Some(_), None) if connected => self.life.handle(now, Event::Detached),
                _ => {}
            }
        }
    }

    /// Seats that are not free.
    pub(crate) fn taken(&self, now: Time) -> Vec<u8> {
        seats_of(self.people.taken(now)).collect()
    }

    /// Seats that somebody plays from who is there.
    pub(super) fn played(&self) -> SeatSet {
        let there = self.viewers.values().filter(|attached| attached.connected);
        there.flat_map(Attached::seats).fold(0, |set, seat| set | 1 << seat)
    }

    /// Gives a viewer so many seats, as far as they are free; returns all it has then.
    pub(super) fn seat(&mut self, now: Time, connection: ConnectionId, count: u8) -> Option<ToViewer> {
        let attached = self.viewers.get(&connection).filter(|attached| attached.connected)?;
        let (first, before) = (attached.slot?, attached.standing().further);
        let after = self.people.want(now, &attached.viewer, count);
        let mut inbox = self.inbox.open();
        for seat in seats_of(before ^ after) {
            inbox.seats[usize::from(seat)].set_connected(now, after & (1 << seat) != 0);
        }
        drop(inbox);
        let more: Vec<u8> = seats_of(after).collect();
        let seats = std::iter::once(first).chain(more.iter().copied()).collect();
        self.viewers.get_mut(&connection)?.more = more;
        Some(ToViewer::Seats { seats })
    }

    /// Who is there now, for each connection, if viewers were told otherwise.
    pub(crate) fn news_of_people(&mut self, now: Time) -> Vec<(ConnectionId, ToViewer)> {
        let crowd = self.crowd(now);
        if crowd == self.told {
            return Vec::new();
        }
        let viewers = self.viewers.iter();
        let news = viewers.map(|(connection, attached)| (*connection, crowd.message(attached.role))).collect();
        self.told = crowd;
        news
    }

    pub(super) fn crowd(&self, now: Time) -> Crowd {
        let (seats, list) = (self.people.taken(now), self.participants(now));
        let there = self.viewers.values().filter(|attached| attached.connected && attached.slot.is_none());
        Crowd { seats, away: seats & !self.played(), watching: there.count() as u16, list }
    }

    /// Who is in, as the host is told.
    pub(crate) fn participants(&self, now: Time) -> Vec<Participant> {
        let people = self.people.list();
        people
            .filter_map(|(person, _)| {
                let standing = self.people.standing(now, &person.viewer)?;
                let own = |attached: &&Attached| attached.connected && attached.viewer == person.viewer;
                let connection = self.viewers.values().find(own);
                let clock = connection.and_then(|attached| attached.clock);
                Some(Participant {
                    id: person.viewer.clone(),
                    name: person.called(),
                    role: person.role,
                    seats: standing.seats().collect(),
                    away: connection.is_none(),
                    may: Some(standing.may),
                    // The error of a clock is half the best round trip.
                    link: clock.map(|clock| LinkQuality::of_round_trip(2 * u64::from(clock.error_us))),
                    expires_ms: person.expires_ms,
                })
            })
            .collect()
    }
}

impl Crowd {
    /// As somebody of that role is told.
    pub(super) fn message(&self, role: Role) -> ToViewer {
        let short = |person: &Participant| Participant { may: None, link: None, expires_ms: None, ..person.clone() };
        let told = |person: &Participant| if role == Role::Host { person.clone() } else { short(person) };
        let (seats, away) = (seats_of(self.seats).collect(), seats_of(self.away).collect());
        ToViewer::People { seats, away, watching: self.watching, list: self.list.iter().map(told).collect() }
    }
}

/// What a connection holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holds {
    role: Role,
    slot: Option<u8>,
    further: SeatSet,
    may: Permissions,
}

/// What somebody holds who is out.
const NOTHING: Holds = Holds { role: Role::Spectator, slot: None, further: 0, may: Permissions::NONE };

impl Holds {
    fn seats(self) -> SeatSet {
        self.further | self.slot.map_or(0, |slot| 1 << slot)
    }
}

impl Attached {
    fn standing(&self) -> Holds {
        let further = self.more.iter().fold(0, |set: SeatSet, seat| set | 1 << seat);
        Holds { role: self.role, slot: self.slot, further, may: self.may }
    }

    fn hold(&mut self, holds: Holds) {
        (self.role, self.slot, self.may) = (holds.role, holds.slot, holds.may);
        self.more.clear();
        self.more.extend(seats_of(holds.further));
    }

    /// All seats it plays from, the first one first.
    pub(super) fn seats(&self) -> impl Iterator<Item = u8> + '_ {
        self.slot.into_iter().chain(self.more.iter().copied())
    }

    /// What it may do now.
    pub(super) fn may_at(&self, now: Time) -> Permissions {
        if self.expires.is_some_and(|expires| expires <= now) { Permissions::NONE } else { self.may }
    }

    /// What of the state of its seats it may send now: without a seat there is none.
    pub(super) fn may_send(&self, now: Time) -> Permissions {
        if self.slot.is_some() { self.may_at(now) } else { Permissions::NONE }
    }

    /// What the viewer is told of itself.
    pub(super) fn you(&self, players: u8) -> ToViewer {
        ToViewer::You { role: self.role, slots: self.seats().collect(), players, may: self.may }
    }
}
