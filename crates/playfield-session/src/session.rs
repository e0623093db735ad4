//! A session on the network thread: its life, its viewers and their seats, its receipt.
//!
//! What a viewer may do is kept to here, for each message: it plays from the seats it holds and from no others, and what it has
//! no permission for goes nowhere. Who holds what is decided in [`people`], on the same thread that hears input: what comes
//! after a change is measured by it.

mod desk;
pub(crate) mod ingest;
mod microphone;
pub(crate) mod people;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use playfield_core::api::{EndReason, Participant, Role, SessionState, VideoMode};
use playfield_core::bus::{Attach, SessionSpec};
use playfield_core::frame::Shape;
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::input::Rumble;
use playfield_core::input::hold::Hold;
use playfield_core::input::wire::{self, ClockEstimate, ClockReply, Message, Section};
use playfield_core::manifest::InputKind;
use playfield_core::people::{People, Person, Terms};
use playfield_core::permission::{Permission, Permissions};
use playfield_core::phase::Phase;
use playfield_core::receipt::{Input, Ledger, MOST_VIEWERS, Part, Seen, Stamps};
use playfield_core::seats::SeatSet;
use playfield_core::session::{Action, Event, Lifecycle};
use playfield_core::setting::Setting;
use playfield_core::signal::{FromViewer, MAX_CHOICE, MAX_TEXT, ToViewer};
use playfield_core::time::Time;
use playfield_transport::{ConnectionId, Wants, Ways};

use crate::inbox::{Command, Inbox, InputStamp};
use crate::pool::JobId;
use crate::worker::states::Keeping;

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
    role: Role,
    pub(crate) slot: Option<u8>,
    /// Seats of the further players at this viewer.
    more: Vec<u8>,
    may: Permissions,
    /// Nothing it sends counts from then on.
    expires: Option<Time>,
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
    hands: desk::Hands,
}

/// A session on the network thread.
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) life: Lifecycle,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) job: JobId,
    /// Its guest keeps its own time.
    pub(crate) runs_free: bool,
    /// The last message had something for it: one that only repeats has nothing.
    pub(crate) stirred: bool,
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
    pub(crate) people: People,
    /// Who is there, as viewers were told last.
    told: Crowd,
    /// What viewers are to be told of themselves.
    pub(crate) to_tell: Vec<(ConnectionId, ToViewer)>,
    /// Messages with something that their viewers may not send.
    pub(crate) refused: u64,
    input: Vec<InputKind>,
    keys_as_pad: bool,
    picture: Option<Shape>,
    /// What the title lets people choose who may.
    settings: Vec<Setting>,
    /// It is a program's.
    program: bool,
    desk: desk::Desk,
    microphone: microphone::Microphone,
    ingests: ingest::Ingests,
    pub(crate) keeping: Keeping,
    /// The requests that wait: for a picture, and for what a camera's app uploads.
    pub(crate) sampled: Option<u64>,
    pub(crate) uploaded: Option<u64>,
}

/// Who is there, as viewers were told last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Crowd {
    seats: SeatSet,
    away: SeatSet,
    watching: u16,
    /// As the host is told.
    list: Vec<Participant>,
}

impl Session {
    pub(crate) fn new(now: Time, began_ms: u64, spec: &SessionSpec, inbox: Arc<Inbox>, job: JobId) -> Session {
        let terms = Terms {
            players: spec.players,
            hold: Duration::from_millis(spec.times.grace_ms),
            spectators: spec.spectators,
            one_desk: spec.kind.has_one_desk(),
            origin_ms: began_ms.saturating_sub(now.as_micros() / 1000),
        };
        Session {
            id: spec.id.clone(),
            life: Lifecycle::new(now, spec.times),
            inbox,
            job,
            runs_free: spec.kind.runs_free(),
            stirred: false,
            tick_hz: None,
            gone: false,
            began_ms,
            report_at: now + FIRST_REPORT,
            seen: Vec::new(),
            viewers: HashMap::new(),
            waiting: Vec::new(),
            people: People::new(now, terms, &spec.people),
            told: Crowd::default(),
            to_tell: Vec::new(),
            refused: 0,
            input: spec.input.clone(),
            keys_as_pad: spec.keys_as_pad,
            picture: spec.picture,
            settings: Vec::new(),
            program: spec.kind.has_one_desk(),
            desk: desk::Desk::default(),
            microphone: microphone::Microphone::of(&spec.kind),
            ingests: ingest::Ingests::of(&spec.kind),
            keeping: Keeping::of(spec),
            sampled: None,
            uploaded: None,
        }
    }

    /// The title lets people choose something: who is to be told.
    pub(crate) fn set_settings(&mut self, settings: Vec<Setting>) -> Vec<(ConnectionId, ToViewer)> {
        self.settings = settings;
        let chooses = |attached: &Attached| attached.control_open && attached.may.has(Permission::Settings);
        let choose = self.viewers.iter().filter(|(_, attached)| chooses(attached));
        choose.map(|(connection, _)| (*connection, ToViewer::Settings { settings: self.settings.clone() })).collect()
    }

    /// Everybody who plays.
    pub(crate) fn players(&self) -> Vec<ConnectionId> {
        let players = self.viewers.iter().filter(|(_, attached)| attached.control_open && attached.slot.is_some());
        players.map(|(connection, _)| *connection).collect()
    }

    /// Whether a viewer that wants its picture so will most likely get video.
    fn foresees_video(&self, wanted: VideoMode) -> bool {
        match wanted {
            VideoMode::H264 => true,
            VideoMode::Lossless => false,
            VideoMode::Auto => !self.picture.is_some_and(Shape::suits_lossless),
        }
    }

    /// What a connection of a viewer that wants its picture so is to have.
    pub(crate) fn wants(&self, video: VideoMode) -> Wants {
        Wants { estimates: self.foresees_video(video), microphone: self.microphone.there, ingest: false }
    }

    /// A viewer's offer was answered; returns an earlier connection of it that never came up and is given up now. One
    /// that works goes on until this one is up.
    pub(crate) fn expect(&mut self, now: Time, connection: ConnectionId, attach: &Attach) -> Option<ConnectionId> {
        let Person { viewer, .. } = &attach.person;
        let same = |attached: &Attached| attached.viewer == *viewer && !attached.connected;
        let earlier = self.viewers.iter().find(|(_, attached)| same(attached)).map(|(id, _)| *id);
        if let Err(error) = self.people.come(now, &attach.person) {
            // Asked for just before; without a standing it may nothing.
            tracing::warn!(%error, "a viewer was let in that may not come");
        }
        let standing = self.people.standing(now, viewer);
        let slot = standing.and_then(|standing| standing.slot);
        let seen = self.seen(viewer, slot);
        let attached = Attached {
            viewer: viewer.clone(),
            role: standing.map_or(Role::Spectator, |standing| standing.role),
            slot,
            more: Vec::new(),
            may: standing.map_or(Permissions::NONE, |standing| standing.may),
            expires: standing.and_then(|standing| standing.expires_ms).map(|expires| self.people.time_of(expires)),
            connected: false,
            video: attach.video,
            estimates: self.foresees_video(attach.video),
            ways: Ways { video: true, av1: false, track: true },
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
            hands: desk::Hands::default(),
        };
        self.viewers.insert(connection, attached);
        earlier
    }

    /// Where the pictures of a viewer are counted.
    fn seen(&mut self, viewer: &ViewerId, slot: Option<u8>) -> usize {
        let named = (self.seen.len() < MOST_VIEWERS).then(|| viewer.clone());
        let known = |seen: &Seen| seen.viewer.as_ref() == Some(viewer) || (named.is_none() && seen.viewer.is_none());
        self.seen.iter().position(known).unwrap_or_else(|| {
            self.seen.push(Seen { viewer: named, slot, ..Seen::default() });
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
        let before = self.viewers.iter().find(|(id, other)| same(**id, other)).map(|(id, other)| (*id, other.slot));
        let replaced = before.map(|(id, _)| id);
        if let Some(replaced) = replaced {
            // A new connection begins with one seat.
            self.seat(now, replaced, 1);
        }
        let mut inbox = self.inbox.open();
        if let Some(slot) = slot {
            let seat = &mut inbox.seats[usize::from(slot)];
            if before.is_some_and(|(_, before)| before == Some(slot)) {
                seat.set_replaced()
            } else {
                seat.set_connected(now, true)
            }
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
            self.people.away(now, &attached.viewer);
        }
        self.check_microphone();
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

    /// Viewers that are connected.
    pub(crate) fn present(&self) -> u32 {
        self.viewers.values().filter(|attached| attached.connected).count() as u32
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
        let late = self.viewers.iter().filter(|(_, attached)| late(attached)).map(|(id, _)| *id);
        late.chain(self.overdue_ingest(now)).collect()
    }

    /// Takes an input message that came on the `input` channel, or on the lossless track. Returns the clock reply that is due.
    pub(crate) fn hear_input(
        &mut self,
        now: Time,
        connection: ConnectionId,
        bytes: &[u8],
        on_track: bool,
    ) -> Option<Arc<[u8]>> {
        self.stirred = false;
        let attached = self.viewers.get_mut(&connection)?;
        let mut message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(%error, "input message dropped");
                return None;
            }
        };
        attached.clock = message.clock.or(attached.clock);
        let mut refused = message.keep(attached.may_send(now));
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
                    self.stirred = true;
                }
            }
        }
        for section in message.sections() {
            match section {
                Section::Acks(body) => {
                    for ack in wire::acks(body) {
                        inbox.push(Command::Ack { connection, ack, at: now });
                        self.stirred = true;
                    }
                }
                Section::MorePads(body) => {
                    self.stirred = true;
                    for report in wire::pads(body) {
                        let nth = usize::from(report.index).wrapping_sub(1);
                        match attached.more.get(nth) {
                            Some(seat) => drop(inbox.seats[usize::from(*seat)].handle_pad(now, message.seq, &report)),
                            None => refused = true,
                        }
                    }
                }
                // The first pad is of the viewer's own seat, and of no other.
                Section::Pad(report) => refused |= report.index != 0,
                _ => {}
            }
        }
        drop(inbox);
        if refused {
            self.seen[attached.seen].tally.refused();
            self.refused += 1;
        }
        for section in message.sections() {
            let Section::Frames(body) = section else { continue };
            // The pictures come in step with the display of the first player.
            let in_step = self.tick_hz.filter(|_| attached.slot == Some(0));
            let mut shown = None;
            for report in wire::frames(body) {
                // Of a picture that was not sent, or was reported before, a viewer can say what it likes.
                let Some(measured) = attached.recent[1].shown(&report, attached.clock) else { continue };
                self.seen[attached.seen].tally.measured(&measured);
                shown = report.rtp.then_some(report.id).or(shown);
                let wait = report.present_us.saturating_sub(report.decode_us);
                let slots = in_step.and_then(|tick_hz| attached.phase.waited(tick_hz, wait));
                slots.into_iter().for_each(|slots| self.inbox.push(Command::Delay(slots)));
            }
            shown.into_iter().for_each(|rtp| self.inbox.push(Command::Shown { connection, rtp }));
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
        let may = attached.may_send(now);
        match message {
            FromViewer::Text { text } if text.len() <= MAX_TEXT => match attached.slot {
                Some(slot) if may.has(Permission::Keyboard) => {
                    self.inbox.open().seats[usize::from(slot)].handle_text(now, &text);
                    self.life.handle(now, Event::Activity);
                }
                _ => self.refuse(connection),
            },
            FromViewer::Text { .. } => tracing::debug!("typed text dropped: too long"),
            FromViewer::Video { mode, carrier } => self.inbox.push(Command::Video { connection, mode, carrier }),
            FromViewer::Choose { key, value } if key.len().max(value.len()) <= MAX_CHOICE => {
                if attached.may_at(now).has(Permission::Settings) {
                    self.inbox.push(Command::Choose { connection, key, value });
                } else {
                    self.refuse(connection);
                }
            }
            FromViewer::Choose { .. } => tracing::debug!("a choice dropped: too long"),
            FromViewer::Visible { visible } => self.inbox.push(Command::Visible { connection, visible }),
            FromViewer::Seats { count } if may.has(Permission::Play) => return self.seat(now, connection, count),
            FromViewer::Seats { .. } => self.refuse(connection),
            FromViewer::Resize { width, height } => self.resize(now, connection, width, height),
            FromViewer::Microphone { on } => return self.switch_microphone(now, connection, on),
            FromViewer::Clipboard { text, more } => return self.paste(now, connection, &text, more),
        }
        None
    }

    /// A message held something that its viewer may not send.
    fn refuse(&mut self, connection: ConnectionId) {
        self.refused += 1;
        if let Some(attached) = self.viewers.get(&connection) {
            self.seen[attached.seen].tally.refused();
        }
    }

    /// Whoever runs the server holds something in a seat, be it free or not. It is no activity: a session that only they play ends
    /// when its time is over. A sentence says why it cannot be.
    pub(crate) fn hold(&mut self, now: Time, hold: &Hold) -> Result<(), String> {
        let players = self.people.players();
        if hold.player >= players {
            let seats = if players == 1 { "one seat".to_owned() } else { format!("{players} seats") };
            return Err(format!("there is no seat {} in it: it has {seats}", u32::from(hold.player) + 1));
        }
        if self.life.state() != SessionState::Connected {
            return Err("nobody plays in it just now, so it rests".to_owned());
        }
        self.inbox.open().seats[usize::from(hold.player)].hold(now, hold);
        Ok(())
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
        let players = self.people.players();
        let (crowd, program, microphone) = (self.crowd(now), self.program, self.microphone.there);
        let speaks = self.microphone_now(connection);
        let desk = self.viewers.get(&connection).map(|attached| self.desk_now(attached)).unwrap_or_default();
        let Some(attached) = self.viewers.get_mut(&connection) else { return Vec::new() };
        attached.control_open = true;
        let h264 = attached.ways.video.then_some(VideoMode::H264);
        let videos = [VideoMode::Auto, VideoMode::Lossless].into_iter().chain(h264).collect();
        let Attached { slot, video, estimates, .. } = *attached;
        let seats = slot.map(|_| players).filter(|players| *players > 1);
        let hello =
            ToViewer::Hello { slot, seats, tick_hz, video, videos, input, keys_as_pad, estimates, program, microphone };
        let settings = (attached.may.has(Permission::Settings) && !self.settings.is_empty())
            .then(|| ToViewer::Settings { settings: self.settings.clone() });
        let (you, people) = (attached.you(players), crowd.message(attached.role));
        let first = [hello, you, people].into_iter().chain(settings).chain(desk).chain(speaks);
        first.chain(attached.pending.drain(..)).collect()
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
        let seen = &self.seen;
        viewers
            .map(|(connection, attached)| (*connection, attached.stats(now, seen[attached.seen].tally.refusals())))
            .collect()
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

impl Attached {
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

    fn stats(&mut self, now: Time, refused: u64) -> ToViewer {
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
        ToViewer::Stats { receipt: Box::new(shown.receipt()), bitrate_bps, refused }
    }
}

#[cfg(test)]
mod tests;
