//! A session on the network thread: its life, its viewers and their seats, its receipt.
//!
//! What a viewer may do is decided here, for each message: it plays from the seats it holds and from no others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use playfield_core::api::{EndReason, Role, VideoMode};
use playfield_core::bus::{Attach, Seat, SessionSpec};
use playfield_core::frame::Shape;
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::input::Rumble;
use playfield_core::input::wire::{self, ClockEstimate, ClockReply, Message, Section};
use playfield_core::manifest::InputKind;
use playfield_core::phase::Phase;
use playfield_core::receipt::{Input, Ledger, MOST_VIEWERS, Part, Seen, Stamps};
use playfield_core::seats::{SeatSet, Seats, seats_of};
use playfield_core::session::{Action, Event, Lifecycle};
use playfield_core::setting::Setting;
use playfield_core::signal::{FromViewer, MAX_CHOICE, MAX_TEXT, ToViewer};
use playfield_core::time::Time;
use playfield_transport::{ConnectionId, Ways};

use crate::inbox::{Command, Inbox, InputStamp};
use crate::pool::JobId;

/// Clock replies sent at once, before they are spread out.
const FIRST_REPLIES: u32 = 8;
const REPLY_PERIOD: Duration = Duration::from_millis(250);
/// How long the recent figures shown to a viewer reach back, at most.
const RECENT: Duration = Duration::from_secs(2);
/// When the node is first told what is known of a session's pictures; then each time the session is twice as old, and at least
/// this often: so much is lost with the process.
const FIRST_REPORT: Duration = Duration::from_secs(2);
const REPORT_PERIOD: Duration = Duration::from_secs(30);
/// Messages kept for a viewer whose `control` channel is not open yet.
const MOST_PENDING: usize = 16;
/// A connection that is not up by then is given up.
const CONNECT_TIME: Duration = Duration::from_secs(15);

/// A viewer's connection.
pub(crate) struct Attached {
    pub(crate) viewer: ViewerId,
    pub(crate) slot: Option<u8>,
    /// Seats of the further players at this viewer.
    more: Vec<u8>,
    pub(crate) connected: bool,
    video: VideoMode,
    estimates: bool,
    /// What it can take; all of it until it is connected and says otherwise.
    ways: Ways,
    since: Time,
    control_open: bool,
    pending: Vec<ToViewer>,
    clock: Option<ClockEstimate>,
    replies: u32,
    replied: Time,
    recent: Box<[Ledger; 2]>,
    phase: Phase,
    /// Its place in what the session has seen.
    seen: usize,
    recent_since: Time,
    bytes: u64,
    bytes_since: Time,
}

/// A session on the network thread.
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) life: Lifecycle,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) job: JobId,
    /// Its guest keeps its own time.
    pub(crate) runs_free: bool,
    pub(crate) tick_hz: Option<u16>,
    /// Its guest was let go of.
    pub(crate) gone: bool,
    /// When it began here: Unix time in milliseconds.
    began_ms: u64,
    /// When the node is told the next time what is known of its pictures.
    pub(crate) report_at: Time,
    /// Each viewer's pictures, over all its connections.
    seen: Vec<Seen>,
    pub(crate) viewers: HashMap<ConnectionId, Attached>,
    /// Requests that wait for the guest to be open, each with the answer it will get.
    pub(crate) waiting: Vec<(u64, Option<String>)>,
    seats: Seats,
    /// Most viewers without a seat.
    spectators: u16,
    told: People,
    input: Vec<InputKind>,
    keys_as_pad: bool,
    picture: Option<Shape>,
    /// What the title lets its first player choose.
    settings: Vec<Setting>,
}

/// Who is there, as viewers were told last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct People {
    seats: SeatSet,
    away: SeatSet,
    watching: u16,
}

/// Why a viewer is not let in.
pub(crate) type NotIn = (EndReason, String);

impl Session {
    pub(crate) fn new(now: Time, began_ms: u64, spec: &SessionSpec, inbox: Arc<Inbox>, job: JobId) -> Session {
        let mut seats = Seats::new(spec.players, Duration::from_millis(spec.times.grace_ms));
        for Seat { viewer, slot } in &spec.seats {
            seats.take(now, viewer, *slot);
            seats.away(now, viewer);
        }
        Session {
            id: spec.id.clone(),
            life: Lifecycle::new(now, spec.times),
            inbox,
            job,
            runs_free: spec.kind.runs_free(),
            tick_hz: None,
            gone: false,
            began_ms,
            report_at: now + FIRST_REPORT,
            seen: Vec::new(),
            viewers: HashMap::new(),
            waiting: Vec::new(),
            seats,
            spectators: spec.spectators,
            told: People::default(),
            input: spec.input.clone(),
            keys_as_pad: spec.keys_as_pad,
            picture: spec.picture,
            settings: Vec::new(),
        }
    }

    /// The title lets its first player choose something: who is to be told.
    pub(crate) fn set_settings(&mut self, settings: Vec<Setting>) -> Vec<(ConnectionId, ToViewer)> {
        self.settings = settings;
        let first = self.viewers.iter().filter(|(_, attached)| attached.control_open && attached.slot == Some(0));
        first.map(|(connection, _)| (*connection, ToViewer::Settings { settings: self.settings.clone() })).collect()
    }

    /// Everybody who plays.
    pub(crate) fn players(&self) -> Vec<ConnectionId> {
        let players = self.viewers.iter().filter(|(_, attached)| attached.control_open && attached.slot.is_some());
        players.map(|(connection, _)| *connection).collect()
    }

    /// Whether a viewer that wants its picture so will most likely get video.
    pub(crate) fn foresees_video(&self, wanted: VideoMode) -> bool {
        match wanted {
            VideoMode::H264 => true,
            VideoMode::Lossless => false,
            VideoMode::Auto => !self.picture.is_some_and(Shape::suits_lossless),
        }
    }

    /// Why this viewer may not come in, if it may not. Who comes back is let in before others.
    pub(crate) fn refuses(&self, now: Time, attach: &Attach) -> Option<NotIn> {
        match self.slot_of(attach) {
            Some(slot) if !self.seats.may_take(now, &attach.viewer, slot) => {
                Some((EndReason::SeatTaken, format!("Somebody else plays as player {} now.", slot + 1)))
            }
            None if self.watching(Some(&attach.viewer)) >= self.spectators => {
                let detail = format!("{} people watch this session, as many as may.", self.spectators);
                Some((EndReason::LimitReached, detail))
            }
            _ => None,
        }
    }

    /// The seat a viewer plays from; a spectator has none, whatever else is said of it.
    fn slot_of(&self, attach: &Attach) -> Option<u8> {
        attach.slot.filter(|slot| attach.role != Role::Spectator && *slot < self.seats.players())
    }

    /// Whether this is a spectator's connection.
    pub(crate) fn watches(&self, connection: ConnectionId) -> bool {
        self.viewers.get(&connection).is_some_and(|attached| attached.slot.is_none())
    }

    /// Connections of spectators, but for those of one viewer.
    fn watching(&self, but: Option<&ViewerId>) -> u16 {
        let watches = |other: &&Attached| other.slot.is_none() && Some(&other.viewer) != but;
        self.viewers.values().filter(watches).count() as u16
    }

    /// A viewer's offer was answered; returns an earlier connection of it that never came up and is given up now. One
    /// that works goes on until this one is up.
    pub(crate) fn expect(&mut self, now: Time, connection: ConnectionId, attach: &Attach) -> Option<ConnectionId> {
        let same = |attached: &Attached| attached.viewer == attach.viewer && !attached.connected;
        let earlier = self.viewers.iter().find(|(_, attached)| same(attached)).map(|(id, _)| *id);
        let seen = self.seen(attach);
        let slot = self.slot_of(attach).filter(|slot| self.seats.take(now, &attach.viewer, *slot));
        let attached = Attached {
            viewer: attach.viewer.clone(),
            slot,
            more: Vec::new(),
            connected: false,
            video: attach.video,
            estimates: self.foresees_video(attach.video),
            ways: Ways { video: true, track: true },
            since: now,
            control_open: false,
            pending: Vec::new(),
            clock: None,
            replies: 0,
            replied: Time::ZERO,
            recent: Box::default(),
            phase: Phase::default(),
            seen,
            recent_since: now,
            bytes: 0,
            bytes_since: now,
        };
        self.viewers.insert(connection, attached);
        earlier
    }

    /// Where the pictures of a viewer are counted.
    fn seen(&mut self, attach: &Attach) -> usize {
        let viewer = (self.seen.len() < MOST_VIEWERS).then(|| attach.viewer.clone());
        let known =
            |seen: &Seen| seen.viewer.as_ref() == Some(&attach.viewer) || (viewer.is_none() && seen.viewer.is_none());
        self.seen.iter().position(known).unwrap_or_else(|| {
            self.seen.push(Seen { viewer, slot: attach.slot, ..Seen::default() });
            self.seen.len() - 1
        })
    }

    /// The viewer's connection is up. Returns the one it replaces.
    pub(crate) fn attach(&mut self, now: Time, connection: ConnectionId, ways: Ways) -> Option<ConnectionId> {
        let attached = self.viewers.get_mut(&connection)?;
        if std::mem::replace(&mut attached.connected, true) {
            return None;
        }
        attached.ways = ways;
        let (viewer, slot, video) = (attached.viewer.clone(), attached.slot, attached.video);
        let same = |id: ConnectionId, other: &Attached| id != connection && other.connected && other.viewer == viewer;
        let replaced = self.viewers.iter().find(|(id, other)| same(**id, other)).map(|(id, _)| *id);
        if let Some(replaced) = replaced {
            // A new connection begins with one seat.
            self.seat(now, replaced, 1);
        }
        let mut inbox = self.inbox.open();
        if let Some(slot) = slot {
            inbox.seats[usize::from(slot)].set_connected(now, true);
        }
        inbox.push(Command::Attach { viewer, connection, slot, video, ways });
        drop(inbox);
        if slot.is_some() {
            self.life.handle(now, Event::Attached);
        }
        replaced
    }

    /// The viewer's connection is gone.
    pub(crate) fn detach(&mut self, now: Time, connection: ConnectionId) {
        let Some(attached) = self.viewers.remove(&connection) else { return };
        if !self.viewers.values().any(|other| other.viewer == attached.viewer) {
            self.seats.away(now, &attached.viewer);
        }
        if !attached.connected {
            return;
        }
        let played = self.played();
        let mut inbox = self.inbox.open();
        for seat in attached.seats().filter(|seat| played & (1 << seat) == 0) {
            inbox.seats[usize::from(seat)].set_connected(now, false);
        }
        inbox.push(Command::Detach { connection });
        drop(inbox);
        if attached.slot.is_some() {
            self.life.handle(now, Event::Detached);
        }
    }

    /// A viewer leaves for good: its connections, to be let go of. The session ends with the last one that had a seat.
    pub(crate) fn leave(&mut self, now: Time, viewer: &ViewerId) -> Vec<ConnectionId> {
        if self.seats.leave(viewer) && self.seats.taken(now) == 0 {
            self.end(now, EndReason::ApiTerminated, Some("Everybody who played has left.".to_owned()));
        }
        let own = self.viewers.iter().filter(|(_, attached)| attached.viewer == *viewer);
        own.map(|(connection, _)| *connection).collect()
    }

    /// Seats that are not free.
    pub(crate) fn taken(&self, now: Time) -> Vec<u8> {
        seats_of(self.seats.taken(now)).collect()
    }

    /// Seats that somebody plays from who is there.
    fn played(&self) -> SeatSet {
        let there = self.viewers.values().filter(|attached| attached.connected);
        there.flat_map(Attached::seats).fold(0, |set, seat| set | 1 << seat)
    }

    /// Viewers that are connected.
    pub(crate) fn present(&self) -> u32 {
        self.viewers.values().filter(|attached| attached.connected).count() as u32
    }

    /// Who is there now, if viewers were told otherwise.
    pub(crate) fn news_of_people(&mut self, now: Time) -> Option<ToViewer> {
        let people = self.people(now);
        (std::mem::replace(&mut self.told, people) != people).then(|| people.message())
    }

    fn people(&self, now: Time) -> People {
        let seats = self.seats.taken(now);
        let there = self.viewers.values().filter(|attached| attached.connected && attached.slot.is_none());
        People { seats, away: seats & !self.played(), watching: there.count() as u16 }
    }

    /// Gives a viewer so many seats, as far as they are free; returns all it has then.
    fn seat(&mut self, now: Time, connection: ConnectionId, count: u8) -> Option<ToViewer> {
        let attached = self.viewers.get(&connection).filter(|attached| attached.connected)?;
        let (first, before) = (attached.slot?, attached.more.iter().fold(0, |set: SeatSet, seat| set | 1 << seat));
        let after = self.seats.want(now, &attached.viewer, count);
        let mut inbox = self.inbox.open();
        for seat in seats_of(before ^ after) {
            inbox.seats[usize::from(seat)].set_connected(now, after & (1 << seat) != 0);
        }
        let more: Vec<u8> = seats_of(after).collect();
        drop(inbox);
        let seats = std::iter::once(first).chain(more.iter().copied()).collect();
        self.viewers.get_mut(&connection)?.more = more;
        Some(ToViewer::Seats { seats })
    }

    /// The shaking of a pad, for the viewer that plays from its seat, and for no other.
    pub(crate) fn rumble(&self, player: u8, rumble: Rumble) -> Option<(ConnectionId, ToViewer)> {
        let playing = self.viewers.iter().filter(|(_, attached)| attached.connected && attached.control_open);
        let place = |attached: &Attached| attached.seats().position(|seat| seat == player);
        let (connection, place) = playing.filter_map(|(id, attached)| Some((*id, place(attached)?))).next()?;
        let Rumble { strong, weak, ms } = rumble;
        Some((connection, ToViewer::Rumble { place: place as u8, strong, weak, ms }))
    }

    /// Connections that did not come up in time.
    pub(crate) fn overdue(&self, now: Time) -> Vec<ConnectionId> {
        let late = |attached: &Attached| !attached.connected && now.since(attached.since) > CONNECT_TIME;
        self.viewers.iter().filter(|(_, attached)| late(attached)).map(|(id, _)| *id).collect()
    }

    /// Takes an input message that came on the `input` channel, or on the lossless track. Returns the clock reply that is due.
    pub(crate) fn hear_input(
        &mut self,
        now: Time,
        connection: ConnectionId,
        bytes: &[u8],
        on_track: bool,
    ) -> Option<Arc<[u8]>> {
        let attached = self.viewers.get_mut(&connection)?;
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(%error, "input message dropped");
                return None;
            }
        };
        attached.clock = message.clock.or(attached.clock);
        let mut inbox = self.inbox.open();
        if let Some(slot) = attached.slot {
            let seat = &mut inbox.seats[usize::from(slot)];
            let silence = now.since(seat.heard_at());
            if seat.handle(now, &message) {
                self.seen[attached.seen].tally.heard(silence, on_track);
                // A message that only repeats, or acknowledges, is nothing that a picture could show.
                if seat.active_at() == now {
                    let input = Input { sent_us: message.sent_us, came: now };
                    inbox.stamps[usize::from(slot)].get_or_insert(InputStamp { connection, input });
                    self.life.handle(now, Event::Activity);
                }
            }
        }
        for section in message.sections() {
            match section {
                Section::Acks(body) => {
                    wire::acks(body).for_each(|ack| inbox.push(Command::Ack { connection, ack, at: now }));
                }
                Section::MorePads(body) => {
                    for report in wire::pads(body) {
                        let nth = usize::from(report.index).wrapping_sub(1);
                        if let Some(seat) = attached.more.get(nth) {
                            inbox.seats[usize::from(*seat)].handle_pad(now, message.seq, &report);
                        }
                    }
                }
                _ => {}
            }
        }
        drop(inbox);
        for section in message.sections() {
            let Section::Frames(body) = section else { continue };
            // The pictures come in step with the display of the first player.
            let in_step = self.tick_hz.filter(|_| attached.slot == Some(0));
            for report in wire::frames(body) {
                // Of a picture that was not sent, or was reported before, a viewer can say what it likes.
                let Some(measured) = attached.recent[1].shown(&report, attached.clock) else { continue };
                self.seen[attached.seen].tally.measured(&measured);
                let wait = report.present_us.saturating_sub(report.decode_us);
                let slots = in_step.and_then(|tick_hz| attached.phase.waited(tick_hz, wait));
                slots.into_iter().for_each(|slots| self.inbox.push(Command::Delay(slots)));
            }
        }
        attached.clock_reply(now, &message)
    }

    /// Takes a message of the `control` channel. Returns what is to be answered.
    pub(crate) fn hear_control(&mut self, now: Time, connection: ConnectionId, text: &str) -> Option<ToViewer> {
        let attached = self.viewers.get(&connection)?;
        let message = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(%error, "control message dropped");
                return None;
            }
        };
        match message {
            FromViewer::Text { text } if text.len() <= MAX_TEXT => {
                if let Some(slot) = attached.slot {
                    self.inbox.open().seats[usize::from(slot)].handle_text(now, &text);
                    self.life.handle(now, Event::Activity);
                }
            }
            FromViewer::Text { .. } => tracing::debug!("typed text dropped: too long"),
            FromViewer::Video { mode, carrier } => self.inbox.push(Command::Video { connection, mode, carrier }),
            FromViewer::Choose { key, value } if key.len().max(value.len()) <= MAX_CHOICE => {
                if attached.slot == Some(0) {
                    self.inbox.push(Command::Choose { connection, key, value });
                }
            }
            FromViewer::Choose { .. } => tracing::debug!("a choice dropped: too long"),
            FromViewer::Visible { visible } => self.inbox.push(Command::Visible { connection, visible }),
            FromViewer::Seats { count } => return self.seat(now, connection, count),
        }
        None
    }

    /// Packets of a picture were handed to the network.
    pub(crate) fn sent(&mut self, connection: ConnectionId, stamps: Stamps, bytes: u64) {
        if let Some(attached) = self.viewers.get_mut(&connection) {
            self.seen[attached.seen].tally.sent(&stamps, bytes);
            attached.recent[1].sent(stamps);
            attached.bytes += bytes;
        }
    }

    /// The messages due to a viewer whose `control` channel just opened.
    pub(crate) fn greet(&mut self, now: Time, connection: ConnectionId) -> Vec<ToViewer> {
        let (tick_hz, input, keys_as_pad) = (self.tick_hz.unwrap_or(0), self.input.clone(), self.keys_as_pad);
        let (players, people) = (self.seats.players(), self.people(now).message());
        let Some(attached) = self.viewers.get_mut(&connection) else { return Vec::new() };
        attached.control_open = true;
        let h264 = attached.ways.video.then_some(VideoMode::H264);
        let videos = [VideoMode::Auto, VideoMode::Lossless].into_iter().chain(h264).collect();
        let Attached { slot, video, estimates, .. } = *attached;
        let seats = slot.map(|_| players).filter(|players| *players > 1);
        let hello = ToViewer::Hello { slot, seats, tick_hz, video, videos, input, keys_as_pad, estimates };
        let settings = (slot == Some(0) && !self.settings.is_empty())
            .then(|| ToViewer::Settings { settings: self.settings.clone() });
        [hello, people].into_iter().chain(settings).chain(attached.pending.drain(..)).collect()
    }

    /// Something to tell a viewer: given back if it can be told now, kept if not.
    pub(crate) fn tell(&mut self, connection: ConnectionId, message: ToViewer) -> Option<ToViewer> {
        let attached = self.viewers.get_mut(&connection)?;
        if attached.control_open {
            return Some(message);
        }
        if attached.pending.len() < MOST_PENDING {
            attached.pending.push(message);
        }
        None
    }

    /// The figures each viewer is shown.
    pub(crate) fn stats(&mut self, now: Time) -> Vec<(ConnectionId, ToViewer)> {
        let viewers = self.viewers.iter_mut().filter(|(_, attached)| attached.connected && attached.control_open);
        viewers.map(|(connection, attached)| (*connection, attached.stats(now))).collect()
    }

    /// What is known of its pictures so far; at its end, all there is.
    pub(crate) fn receipt(&self, complete: bool) -> Part {
        Part { began_ms: self.began_ms, complete, made: self.inbox.counts.made(), viewers: self.seen.clone() }
    }

    /// What the node is told of its pictures, if that is due: the older the session, the less often.
    pub(crate) fn report(&mut self, now: Time) -> Option<Part> {
        if now < self.report_at {
            return None;
        }
        let age = now.since(self.life.began());
        self.report_at = now + age.clamp(FIRST_REPORT, REPORT_PERIOD);
        (!self.seen.is_empty()).then(|| self.receipt(false))
    }

    /// What is to be done next.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        self.life.poll()
    }

    /// Ends it.
    pub(crate) fn end(&mut self, now: Time, reason: EndReason, detail: Option<String>) {
        self.life.handle(now, Event::End { reason, detail });
    }
}

impl People {
    fn message(self) -> ToViewer {
        let (seats, away) = (seats_of(self.seats).collect(), seats_of(self.away).collect());
        ToViewer::People { seats, away, watching: self.watching }
    }
}

impl Attached {
    /// All seats it plays from, the first one first.
    fn seats(&self) -> impl Iterator<Item = u8> + '_ {
        self.slot.into_iter().chain(self.more.iter().copied())
    }

    fn clock_reply(&mut self, now: Time, message: &Message) -> Option<Arc<[u8]>> {
        if self.replies >= FIRST_REPLIES && now.since(self.replied) < REPLY_PERIOD {
            return None;
        }
        self.replies += 1;
        self.replied = now;
        let us = now.as_micros();
        let (seq, viewer_sent_us) = (message.seq, message.sent_us);
        let reply = ClockReply { seq, viewer_sent_us, node_received_us: us, node_sent_us: us };
        Some(reply.to_bytes().as_slice().into())
    }

    fn stats(&mut self, now: Time) -> ToViewer {
        if now.since(self.recent_since) >= RECENT {
            self.recent.swap(0, 1);
            // Pictures still under way are measured in the next period.
            self.recent[1] = self.recent[0].carry_over();
            self.recent_since = now;
        }
        let shown = if self.recent[0].pictures() > 0 { &self.recent[0] } else { &self.recent[1] };
        let us = now.since(self.bytes_since).as_micros().max(1) as u64;
        let bitrate_bps = self.bytes * 8 * 1_000_000 / us;
        (self.bytes, self.bytes_since) = (0, now);
        ToViewer::Stats { receipt: Box::new(shown.receipt()), bitrate_bps }
    }
}

#[cfg(test)]
mod tests;
