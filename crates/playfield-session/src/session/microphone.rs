//! The microphone of a program: one person's at a time, of those who may, while a program records.
//!
//! Who turns it on last has it; but nobody takes it from the host. What anybody else sends is left out here, packet by packet, and so is
//! all of it while nothing records: nothing is decoded then, and nothing is kept in either case.

use playfield_core::api::Role;
use playfield_core::manifest::Kind;
use playfield_core::permission::Permission;
use playfield_core::session::Event;
use playfield_core::signal::ToViewer;
use playfield_core::time::Time;
use playfield_core::voice::Allowance;
use playfield_runtime::{Feed, VoicePacket};
use playfield_transport::ConnectionId;

use super::{Attached, Session};

/// What is known of a program's microphone.
#[derive(Debug, Default)]
pub(super) struct Microphone {
    /// The title has one.
    pub(super) there: bool,
    /// The way to the guest.
    feed: Option<Feed>,
    records: bool,
    holder: Option<ConnectionId>,
    /// Counts those who had it: their packets are told apart by that.
    voice: u32,
    allowance: Allowance,
}

impl Microphone {
    /// That of a title.
    pub(super) fn of(kind: &Kind) -> Microphone {
        Microphone { there: kind.has_microphone(), ..Microphone::default() }
    }
}

impl Session {
    /// A packet of somebody's microphone came.
    pub(crate) fn hear_sound(&mut self, now: Time, connection: ConnectionId, number: u64, time: u32, data: &[u8]) {
        let Some(attached) = self.viewers.get(&connection) else { return };
        if !attached.may_send(now).has(Permission::Microphone) {
            return self.refuse(connection);
        }
        let Microphone { feed, records, holder, voice, allowance, .. } = &mut self.microphone;
        if !*records || *holder != Some(connection) || !allowance.take(now) {
            return;
        }
        if let Some(feed) = feed {
            // One that finds no room is lost, as others are in the network.
            feed.send(VoicePacket { voice: *voice, number, time, data });
        }
    }

    /// A viewer turns its microphone on or off. Returns what it is told, where that is news to nobody else.
    pub(super) fn switch_microphone(&mut self, now: Time, connection: ConnectionId, on: bool) -> Option<ToViewer> {
        let attached = self.viewers.get_mut(&connection)?;
        if !self.microphone.there || !attached.may_send(now).has(Permission::Microphone) {
            self.refuse(connection);
            return None;
        }
        let had = self.microphone.holder;
        if on && attached.hands.often.allow(now) {
            let host = attached.role == Role::Host;
            let of_host = |id| self.viewers.get(&id).is_some_and(|other| other.role == Role::Host);
            if had == Some(connection) || had.is_none_or(|id| host || !of_host(id)) {
                self.microphone.holder = Some(connection);
            }
            self.life.handle(now, Event::Activity);
        } else if !on && had == Some(connection) {
            self.microphone.holder = None;
        }
        if self.microphone.holder == had {
            return self.microphone_now(connection);
        }
        self.microphone.voice = self.microphone.voice.wrapping_add(1);
        self.microphone.allowance = Allowance::default();
        self.tell_microphone();
        None
    }

    /// The program records, or does no longer.
    pub(crate) fn records(&mut self, records: bool) {
        self.microphone.records = records;
        self.tell_microphone();
    }

    /// Where its packets go.
    pub(crate) fn set_feed(&mut self, feed: Option<Feed>) {
        self.microphone.feed = feed;
    }

    /// Nobody has the microphone who is gone, or may not have it any more.
    pub(super) fn check_microphone(&mut self) {
        let Some(holder) = self.microphone.holder else { return };
        if !self.viewers.get(&holder).is_some_and(Attached::may_speak) {
            self.microphone.holder = None;
            self.tell_microphone();
        }
    }

    /// The same, for one who can be told now; others are when they can be.
    pub(super) fn microphone_news(&self, connection: ConnectionId) -> Option<ToViewer> {
        let open = self.viewers.get(&connection).is_some_and(|attached| attached.control_open);
        self.microphone_now(connection).filter(|_| open)
    }

    /// What a viewer is told of it; none: it may not use it.
    pub(super) fn microphone_now(&self, connection: ConnectionId) -> Option<ToViewer> {
        let Microphone { there, records, holder, .. } = self.microphone;
        let may = there && self.viewers.get(&connection).is_some_and(Attached::may_speak);
        may.then(|| {
            let yours = holder == Some(connection);
            let whose = holder.and_then(|id| self.name_of_other(connection, id));
            ToViewer::Microphone { records, yours, whose }
        })
    }

    /// The name of another viewer: who comes back over a new connection is not another.
    fn name_of_other(&self, than: ConnectionId, connection: ConnectionId) -> Option<String> {
        let own = self.viewers.get(&than).map(|attached| &attached.viewer);
        let viewer = Some(&self.viewers.get(&connection)?.viewer).filter(|viewer| own != Some(viewer))?;
        self.people.list().find(|(person, _)| person.viewer == *viewer).map(|(person, _)| person.called())
    }

    fn tell_microphone(&mut self) {
        let told: Vec<_> = self.viewers.keys().filter_map(|id| Some((*id, self.microphone_news(*id)?))).collect();
        self.to_tell.extend(told);
    }
}

impl Attached {
    /// Whether it may turn its microphone on, as long as its time is not over.
    fn may_speak(&self) -> bool {
        self.slot.is_some() && self.may.has(Permission::Microphone)
    }
}
