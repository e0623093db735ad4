//! The network thread: drives sockets, sessions and the pipe to the node.

mod ingest;
mod samples;
pub(crate) mod states;

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use playfield_core::api::{ChangeViewer, EndReason};
use playfield_core::bus::{self, Attach, FromWorker, Missing, Reply, Request, SessionSpec, ToWorker};
use playfield_core::codec::H264Library;
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::input::hold::Hold;
use playfield_core::people::{NotChanged, NotIn};
use playfield_core::session::{Action, Event as LifeEvent};
use playfield_core::signal::ToViewer;
use playfield_core::time::Time;
use playfield_runtime::{Feed, Guest, GuestError, GuestEvent, LogLevel};
use playfield_transport::{Config, ConnectionId, Event, Hub, Outgoing};

use crate::checkpoint::Writer;
use crate::inbox::{Command, Inbox};
use crate::outbox::{FromStage, Outbox};
use crate::pool::Pool;
use crate::session::Session;
use crate::session::people::{self, Out};
use crate::stage::Stage;
use crate::states::Shelf;
use crate::stdio::{self, Reports};
use crate::{Clock, WorkerError};

/// How long a worker without sessions sleeps at most.
const IDLE: Duration = Duration::from_secs(60);
/// How often viewers get figures.
const STATS_PERIOD: Duration = Duration::from_millis(500);
/// How often the node is told the load.
const LOAD_PERIOD: Duration = Duration::from_secs(1);
/// How long a connection stays up after its session's end, so that the viewer is told why.
const FAREWELL: Duration = Duration::from_millis(1_000);
/// How long a drained worker waits for guests that are in the middle of something.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// Messages of guest threads handled before sockets get their turn again.
const OUTBOX_BATCH: usize = 512;

/// A connection whose session has ended.
struct Farewell {
    connection: ConnectionId,
    /// What its viewer is told; again if its `control` channel only opens now.
    end: ToViewer,
    until: Time,
    /// It is not the session's end, but this viewer's: what it still sends is counted.
    put_out: bool,
}

/// Opens a guest; runs on a guest thread. It is told what to do where the machine lacks a layer of the fence around native guests.
pub type OpenGuest = Arc<dyn Fn(&SessionSpec, Missing) -> Result<Box<dyn Guest>, GuestError> + Send + Sync>;

/// A worker: hosts sessions until its node says stop or goes away.
pub struct Worker {
    clock: Clock,
    hub: Hub,
    /// Dropped before the pool: a guest thread that waits for room in the queue is let go.
    from_stages: Receiver<FromStage>,
    pool: Pool,
    checkpoints: Writer,
    shelf: Shelf,
    /// Guests not let go of yet.
    stages: u32,
    /// What guests stored and the node was not told yet; the newest of each key counts.
    stored: BTreeMap<(SessionId, String), Option<Vec<u8>>>,
    /// Ends of sessions whose guests were not let go of yet.
    ending: HashMap<SessionId, bus::Event>,
    /// Ends to tell once everything that was stored is told.
    ends: Vec<bus::Event>,
    drained_at: Option<Time>,
    open: OpenGuest,
    outbox: Outbox,
    requests: Receiver<ToWorker>,
    reports: Reports,
    max_sessions: u32,
    missing: Missing,
    h264: H264Library,
    sessions: HashMap<SessionId, Session>,
    /// Sessions whose lives may want something done.
    moved: Vec<SessionId>,
    /// No session's time runs out before.
    lives_at: Time,
    by_connection: HashMap<ConnectionId, SessionId>,
    farewells: Vec<Farewell>,
    stats_at: Time,
    load_at: Time,
    pictures: u64,
    late_ticks: u64,
    /// Messages with something that their viewers may not send, but for those of sessions that are here.
    refused: u64,
}

impl Worker {
    /// Reads its configuration from the node's first line, binds its sockets and says that it is ready.
    pub fn start(
        mut input: impl BufRead + Send + 'static,
        output: impl Write + Send + 'static,
        guest_threads: usize,
        open: OpenGuest,
    ) -> Result<Worker, WorkerError> {
        let hello = stdio::read_hello(&mut input)?;
        let hub = Hub::bind(&Config { udp: hello.udp, public_ips: hello.public_ips })?;
        let clock = Clock::start();
        let (outbox, from_stages) = Outbox::new(hub.waker());
        let requests = stdio::requests(input, hub.waker())?;
        let reports = stdio::reports(output)?;
        reports.send(FromWorker::Ready { udp: hub.local_addrs() });
        Ok(Worker {
            clock,
            pool: Pool::start(guest_threads, clock)?,
            checkpoints: Writer::start(hello.checkpoints, outbox.clone())?,
            shelf: Shelf::start(outbox.clone())?,
            from_stages,
            stages: 0,
            stored: BTreeMap::new(),
            ending: HashMap::new(),
            ends: Vec::new(),
            drained_at: None,
            hub,
            open,
            outbox,
            requests,
            reports,
            max_sessions: hello.max_sessions,
            missing: hello.sandbox,
            h264: hello.h264,
            sessions: HashMap::new(),
            moved: Vec::new(),
            lives_at: Time::ZERO,
            by_connection: HashMap::new(),
            farewells: Vec::new(),
            stats_at: Time::ZERO,
            load_at: Time::ZERO,
            pictures: 0,
            late_ticks: 0,
            refused: 0,
        })
    }

    /// Hosts sessions until told to drain, or until the node is gone.
    pub fn run(mut self) -> Result<(), WorkerError> {
        loop {
            self.hub.poll(self.patience())?;
            self.hear_stages();
            self.hear_viewers();
            if !self.hear_node() {
                self.drain();
            }
            self.keep_time();
            self.act();
            self.tell_stored();
            if self.is_done() {
                return Ok(());
            }
        }
    }

    /// Drained: players were told, and guests let go of after saying what they had to say.
    fn is_done(&self) -> bool {
        let Some(since) = self.drained_at else { return false };
        let late = self.clock.now().since(since) > LAST_WORDS;
        self.sessions.is_empty()
            && self.farewells.is_empty()
            && (late || (self.stages == 0 && self.stored.is_empty() && self.ends.is_empty()))
    }

    fn tell_stored(&mut self) {
        while let Some(((session, key), value)) = self.stored.pop_first() {
            let event = bus::Event::Stored { session, key, value };
            if let Some(FromWorker::Event { event: bus::Event::Stored { session, key, value } }) =
                self.reports.offer(FromWorker::Event { event })
            {
                // The pipe is full; a newer value may replace this one meanwhile.
                self.stored.insert((session, key), value);
                return;
            }
        }
        for event in self.ends.drain(..) {
            self.reports.send(FromWorker::Event { event });
        }
    }

    fn patience(&self) -> Duration {
        let farewell = self.farewells.iter().map(|farewell| farewell.until).min();
        let next = [self.stats_at, self.load_at, self.lives_at].into_iter().chain(farewell).min();
        self.clock.until(next.unwrap_or(self.load_at))
    }

    fn hear_stages(&mut self) {
        for _ in 0..OUTBOX_BATCH {
            match self.from_stages.try_recv() {
                Ok(message) => self.hear_stage(message),
                Err(_) => return,
            }
        }
        // More may wait: come back without sleeping.
        self.hub.waker().wake();
    }

    fn hear_stage(&mut self, message: FromStage) {
        match message {
            FromStage::Opened { session, tick_hz, feed, intake, cannot_save } => {
                self.take_pictures(&session, intake);
                self.opened(&session, tick_hz, feed, cannot_save);
            }
            FromStage::Paced { session, tick_hz } => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.tick_hz = Some(tick_hz);
                }
            }
            FromStage::Ended { session, reason, detail } => self.end(&session, reason, detail),
            FromStage::Picture { connection, packets, mut stamps } => {
                let before = self.hub.bytes_sent();
                self.hub.send_all(connection, &packets);
                stamps.sent = self.clock.now();
                self.pictures += 1;
                let session = self.by_connection.get(&connection);
                if let Some(session) = session.and_then(|id| self.sessions.get_mut(id)) {
                    session.sent(connection, stamps, self.hub.bytes_sent() - before);
                }
            }
            FromStage::Rest { connection, packets } => {
                self.hub.send_all(connection, &packets);
            }
            FromStage::Sound { connections, packet } => {
                for connection in connections {
                    self.hub.send(connection, &packet);
                }
            }
            FromStage::Tell { connection, message } => self.tell(connection, message),
            FromStage::Hint { connection, hint } => {
                self.hub.send(connection, &hint);
            }
            FromStage::Rumble { session, player, rumble } => {
                let session = self.sessions.get(&session);
                if let Some((connection, message)) = session.and_then(|session| session.rumble(player, rumble)) {
                    self.say(connection, &message);
                }
            }
            FromStage::Said { session, event } => self.guest_said(session, event),
            FromStage::StateRead { session, state } => self.state_read(&session, state),
            FromStage::StateDone { session, reply } => self.state_done(&session, reply),
            FromStage::Sampled { session, reply } => self.sampled(&session, reply),
            FromStage::Uploaded { session, reply } => self.uploaded(&session, reply),
            FromStage::Gone { session } => self.gone(session),
            FromStage::Late => self.late_ticks += 1,
        }
    }

    fn opened(&mut self, id: &SessionId, tick_hz: u16, feed: Option<Feed>, cannot_save: Option<String>) {
        let now = self.clock.now();
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.keeping.cannot = Some(cannot_save);
        session.tick_hz = Some(tick_hz);
        session.set_feed(feed);
        session.life.handle(now, LifeEvent::Ready);
        self.moved.push(id.clone());
        for (request, answer) in session.waiting.drain(..) {
            let reply = Reply::Started { answer };
            self.reports.send(FromWorker::Reply { id: request, reply });
        }
    }

    /// The guest of a session was let go of, and has said all it had to say.
    fn gone(&mut self, id: SessionId) {
        self.stages -= 1;
        match self.sessions.get_mut(&id) {
            Some(session) => session.gone = true,
            None => self.ends.extend(self.ending.remove(&id)),
        }
    }

    fn guest_said(&mut self, session: SessionId, event: GuestEvent) {
        match event {
            GuestEvent::Stored { key, value } => {
                self.stored.insert((session, key), value);
            }
            GuestEvent::Log { level: LogLevel::Error | LogLevel::Warn, line } => {
                tracing::warn!(%session, "guest: {line}");
            }
            GuestEvent::Log { line, .. } => tracing::info!(%session, "guest: {line}"),
            GuestEvent::Timeline { name, value } => tracing::debug!(%session, name, value, "guest timeline"),
            // Its stage sends it by itself.
            GuestEvent::Rumble { .. } | GuestEvent::Sample(_) | GuestEvent::Upload(_) => {}
            GuestEvent::Message(text) => {
                tracing::debug!(%session, "guest says to its player: {text}");
                let players = self.sessions.get(&session).map(Session::players).unwrap_or_default();
                players.into_iter().for_each(|player| self.say(player, &ToViewer::Notice { text: text.clone() }));
            }
            GuestEvent::Settings(settings) => {
                let told = self.sessions.get_mut(&session).map(|session| session.set_settings(settings));
                told.into_iter().flatten().for_each(|(viewer, message)| self.say(viewer, &message));
            }
            GuestEvent::Mode(mode) => tracing::debug!(%session, ?mode, "guest mode"),
            GuestEvent::Records(records) => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.records(records);
                }
                self.tell_all(&session);
            }
            GuestEvent::Copied(text) => self.copied(&session, &text),
            GuestEvent::Camera(report) => {
                // Where the node is behind, what was seen meanwhile is left out, and not the node held up.
                drop(self.reports.offer(FromWorker::Event { event: bus::Event::Camera { session, report } }));
            }
            GuestEvent::Cursor(_) | GuestEvent::Lock(_) | GuestEvent::Answers(_) | GuestEvent::LastWords(_) => {
                let told = self.sessions.get_mut(&session).map(|session| session.hear_desk(event));
                told.into_iter().flatten().for_each(|(viewer, message)| self.say(viewer, &message));
            }
        }
    }

    /// What was copied goes to those who may have it, whole or not at all: what a program copies again and again must not
    /// fill the way of all other messages.
    fn copied(&mut self, session: &SessionId, text: &str) {
        let Some(session) = self.sessions.get(session) else { return };
        let (those, messages) = session.copied(text);
        let written: Vec<String> = messages.iter().filter_map(|message| serde_json::to_string(message).ok()).collect();
        for viewer in those {
            let mut pieces = written.iter().cloned();
            let begun = pieces.next().is_some_and(|first| self.hub.send(viewer, &Outgoing::Stats(first)));
            if begun {
                pieces.for_each(|piece| {
                    self.hub.send(viewer, &Outgoing::Control(piece));
                });
            } else {
                let text = "What was copied did not reach your device: it is too much for its connection.".to_owned();
                self.say(viewer, &ToViewer::Notice { text });
            }
        }
    }

    fn tell(&mut self, connection: ConnectionId, message: ToViewer) {
        let Some(session) = self.by_connection.get(&connection).and_then(|id| self.sessions.get_mut(id)) else {
            return;
        };
        if let Some(message) = session.tell(connection, message) {
            self.say(connection, &message);
        }
    }

    /// Tells viewers of a session what is kept to be told.
    fn tell_all(&mut self, id: &SessionId) {
        let told = self.sessions.get_mut(id).map(|session| std::mem::take(&mut session.to_tell));
        told.into_iter().flatten().for_each(|(connection, message)| self.tell(connection, message));
    }

    fn say(&mut self, connection: ConnectionId, message: &ToViewer) {
        match serde_json::to_string(message) {
            Ok(text) => {
                self.hub.send(connection, &Outgoing::Control(text));
            }
            Err(error) => tracing::error!(%error, "a message to a viewer cannot be written"),
        }
    }

    fn hear_viewers(&mut self) {
        while let Some((connection, event)) = self.hub.next_event() {
            if event == Event::ControlOpen {
                self.say_farewell(connection);
            }
            self.hear_viewer(connection, event);
        }
    }

    fn say_farewell(&mut self, connection: ConnectionId) {
        let farewell = self.farewells.iter().find(|farewell| farewell.connection == connection);
        if let Some(end) = farewell.map(|farewell| farewell.end.clone()) {
            self.say(connection, &end);
        }
    }

    fn hear_viewer(&mut self, connection: ConnectionId, event: Event) {
        let now = self.clock.now();
        let Some(id) = self.by_connection.get(&connection) else { return self.hear_nobody(connection, &event) };
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.is_ingest(connection) {
            let id = id.clone();
            return self.hear_ingest(&id, connection, event);
        }
        match event {
            Event::Connected(ways) => {
                let (id, replaced) = (id.clone(), session.attach(now, connection, ways));
                self.moved.push(id.clone());
                if session.watches(connection) {
                    // A guest that rests shows itself; one that runs is not disturbed by it.
                    self.pool.wake(session.job);
                }
                if let Some(replaced) = replaced {
                    self.let_go(&id, replaced);
                }
            }
            Event::ControlOpen => {
                let greeting = session.greet(now, connection);
                greeting.iter().for_each(|message| self.say(connection, message));
            }
            Event::Input(ref bytes) | Event::InputTrack(ref bytes) => {
                let on_track = matches!(event, Event::InputTrack(_));
                let reply = session.hear_input(now, connection, bytes, on_track);
                if session.runs_free && session.stirred {
                    // It waits for no tick of its own.
                    self.pool.wake(session.job);
                }
                if let Some(reply) = reply {
                    self.answer_input(connection, reply, on_track);
                }
            }
            Event::Control(text) => {
                let answer = session.hear_control(now, connection, &text);
                if session.runs_free {
                    self.pool.wake(session.job);
                }
                let id = id.clone();
                if let Some(answer) = answer {
                    self.tell(connection, answer);
                }
                self.tell_all(&id);
            }
            Event::Sound { data, number, time } => session.hear_sound(now, connection, number, time, &data),
            // Viewers bring no pictures.
            Event::Unit { .. } => {}
            Event::KeyframeWanted => session.inbox.push(Command::Keyframe { connection }),
            Event::Estimate(bps) => session.inbox.push(Command::Estimate { connection, bps }),
            Event::Closed => {
                session.detach(now, connection);
                let id = self.by_connection.remove(&connection);
                id.iter().for_each(|id| self.tell_all(id));
                self.moved.extend(id);
            }
        }
    }

    fn answer_input(&mut self, connection: ConnectionId, reply: Arc<[u8]>, on_track: bool) {
        let said = self.hub.send(connection, &Outgoing::Input(Arc::clone(&reply)));
        // What came by the track came before the channel was open, which may take seconds.
        if !said && on_track {
            self.hub.send(connection, &Outgoing::Lossless(reply));
        }
    }

    /// What comes of somebody who was put out goes nowhere.
    fn hear_nobody(&mut self, connection: ConnectionId, event: &Event) {
        let sends = matches!(event, Event::Input(_) | Event::InputTrack(_) | Event::Control(_) | Event::Sound { .. });
        let out = |farewell: &Farewell| farewell.connection == connection && farewell.put_out;
        self.refused += u64::from(sends && self.farewells.iter().any(out));
    }

    /// Takes what the node asks; false once the node is gone.
    fn hear_node(&mut self) -> bool {
        loop {
            match self.requests.try_recv() {
                Ok(ToWorker { id, request }) => {
                    self.hear_request(id, request);
                    // A session that was refused makes room for the next, whose request may be here already.
                    self.act();
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn hear_request(&mut self, id: u64, request: Request) {
        let reply = match request {
            Request::Start { spec, attach } => self.start_session(id, *spec, attach.map(|attach| *attach)),
            Request::Attach { session, attach } => Some(self.attach(&session, &attach)),
            Request::Leave { session, viewer } => Some(self.leave(&session, &viewer)),
            Request::Remove { session, viewer } => Some(self.remove(&session, &viewer)),
            Request::Change { session, viewer, change } => Some(self.change(&session, &viewer, &change)),
            Request::People { session } => Some(self.people(&session)),
            Request::Seats { session } => Some(self.seats(&session)),
            Request::Live { session, live } => Some(self.set_live(&session, live)),
            Request::Sample { session } => self.sample(id, &session),
            Request::Upload { session, ask } => self.upload(id, &session, ask),
            Request::Input { session, hold } => Some(self.input(&session, &hold)),
            Request::Ingest { session, ingest } => Some(self.ingest(&session, &ingest)),
            Request::EndIngest { session, link, ingest, detail } => {
                Some(self.end_ingest(&session, (&link, ingest.as_ref()), &detail))
            }
            Request::States { session, viewer } => Some(self.states(&session, viewer.as_ref())),
            Request::SaveState { session, viewer, to, most } => {
                self.save_state(id, &session, viewer.as_ref(), (to, most))
            }
            Request::LoadState { session, viewer, from } => self.load_state(id, &session, viewer.as_ref(), from),
            Request::Stop { session, reason } => Some(self.stop(&session, reason)),
            Request::Receipt { session } => Some(self.receipt(&session)),
            Request::Drain => {
                self.drain();
                Some(Reply::Done)
            }
            Request::Cover { .. } | Request::Inspect { .. } | Request::TryModel { .. } | Request::TryApp { .. } => {
                Some(refused(EndReason::InternalError, "a worker only hosts sessions; ask the node"))
            }
        };
        if let Some(reply) = reply {
            self.reports.send(FromWorker::Reply { id, reply });
        }
    }

    /// Opens a guest on its thread. The reply waits for it, unless the session is refused.
    fn start_session(&mut self, request: u64, spec: SessionSpec, attach: Option<Attach>) -> Option<Reply> {
        if self.drained_at.is_some() {
            return Some(refused(EndReason::NodeStopping, EndReason::NodeStopping.sentence()));
        }
        if self.sessions.len() >= self.max_sessions as usize {
            return Some(refused(EndReason::LimitReached, "this worker has all the sessions it may have"));
        }
        if self.sessions.contains_key(&spec.id) {
            return Some(refused(EndReason::InternalError, "there is a session of this id already"));
        }
        let inbox = Arc::new(Inbox::default());
        let (open, missing, outbox) = (Arc::clone(&self.open), self.missing, self.outbox.clone());
        let open = Box::new(move |spec: &SessionSpec| open(spec, missing));
        let kept = (self.checkpoints.keeper(spec.id.clone()), self.shelf.clone());
        let stage = Stage::new(spec.clone(), open, Arc::clone(&inbox), outbox, kept, self.clock, self.h264);
        self.stages += 1;
        let job = self.pool.spawn(Box::new(stage));
        let session = Session::new(self.clock.now(), unix_ms(), &spec, inbox, job);
        self.sessions.insert(spec.id.clone(), session);
        self.moved.push(spec.id.clone());
        let answer = match attach.map(|attach| self.answer(&spec.id, &attach)).transpose() {
            Ok(answer) => answer,
            Err((reason, detail)) => {
                self.end(&spec.id, reason, Some(detail.clone()));
                return Some(refused(reason, &detail));
            }
        };
        if let Some(session) = self.sessions.get_mut(&spec.id) {
            session.waiting.push((request, answer));
        }
        None
    }

    fn attach(&mut self, session: &SessionId, attach: &Attach) -> Reply {
        if !self.sessions.contains_key(session) {
            return gone();
        }
        match self.answer(session, attach) {
            Ok(answer) => Reply::Attached { answer },
            Err((reason, detail)) => refused(reason, &detail),
        }
    }

    fn answer(&mut self, id: &SessionId, attach: &Attach) -> Result<String, Out> {
        let now = self.clock.now();
        if let Some(not_in) = self.sessions.get(id).and_then(|session| session.refuses(now, attach)) {
            return Err(not_in);
        }
        let wants = self.sessions.get(id).map(|session| session.wants(attach.video)).unwrap_or_default();
        let accepted = self.hub.accept(&attach.offer, wants);
        let (connection, answer) = accepted.map_err(|error| (EndReason::InvalidSignalRequest, error.to_string()))?;
        self.by_connection.insert(connection, id.clone());
        let session = self.sessions.get_mut(id);
        let earlier = session.and_then(|session| session.expect(now, connection, attach));
        if let Some(earlier) = earlier {
            self.let_go(id, earlier);
        }
        self.settle(id);
        Ok(answer)
    }

    fn let_go(&mut self, id: &SessionId, connection: ConnectionId) {
        let now = self.clock.now();
        self.by_connection.remove(&connection);
        if let Some(session) = self.sessions.get_mut(id) {
            session.detach(now, connection);
            session.end_ingest(connection);
            self.moved.push(id.clone());
        }
        self.hub.close(connection);
        self.tell_all(id);
    }

    fn leave(&mut self, id: &SessionId, viewer: &ViewerId) -> Reply {
        let now = self.clock.now();
        let Some(session) = self.sessions.get_mut(id) else { return gone() };
        let connections = session.leave(now, viewer);
        self.moved.push(id.clone());
        connections.into_iter().for_each(|connection| self.let_go(id, connection));
        self.settle(id);
        Reply::Done
    }

    fn remove(&mut self, id: &SessionId, viewer: &ViewerId) -> Reply {
        let now = self.clock.now();
        let Some(session) = self.sessions.get_mut(id) else { return gone() };
        if session.people.host() == Some(viewer) {
            let detail = "the host cannot be removed; make somebody else host first".to_owned();
            return Reply::NotChanged { detail, unknown: false };
        }
        let connections = session.remove(now, viewer).unwrap_or_default();
        self.put_out(id, connections, people::out(NotIn::Removed));
        self.changed(id)
    }

    fn change(&mut self, id: &SessionId, viewer: &ViewerId, change: &ChangeViewer) -> Reply {
        let now = self.clock.now();
        let Some(session) = self.sessions.get_mut(id) else { return gone() };
        if let Err(error) = session.change(now, viewer, change) {
            if error == NotChanged::TooSoon {
                return refused(EndReason::LimitReached, &error.to_string());
            }
            return Reply::NotChanged { detail: error.to_string(), unknown: error == NotChanged::Unknown };
        }
        self.changed(id)
    }

    fn changed(&mut self, id: &SessionId) -> Reply {
        self.settle(id);
        match self.sessions.get(id) {
            Some(session) => Reply::Changed { roster: session.people.roster() },
            None => gone(),
        }
    }

    fn input(&mut self, id: &SessionId, hold: &Hold) -> Reply {
        let now = self.clock.now();
        let Some(session) = self.sessions.get_mut(id) else { return gone() };
        if let Err(why) = session.hold(now, hold) {
            return refused(EndReason::InvalidSignalRequest, &why);
        }
        if session.runs_free {
            // What is held waits for no tick.
            self.pool.wake(session.job);
        }
        Reply::Done
    }

    fn people(&self, id: &SessionId) -> Reply {
        match self.sessions.get(id) {
            Some(session) => Reply::People { people: session.participants(self.clock.now()) },
            None => gone(),
        }
    }

    /// Tells the node and the viewers what is new about the people of a session. The node hears it before any reply: what it was
    /// told goes on in another worker.
    fn settle(&mut self, id: &SessionId) {
        let now = self.clock.now();
        let Some(session) = self.sessions.get_mut(id) else { return };
        self.moved.push(id.clone());
        if let Some(roster) = session.people.news() {
            self.reports.send(FromWorker::Event { event: bus::Event::People { session: id.clone(), roster } });
        }
        if session.runs_free {
            // What is let go of in a seat that changed hands waits for no tick.
            self.pool.wake(session.job);
        }
        let mut news = std::mem::take(&mut session.to_tell);
        news.extend(session.news_of_people(now));
        news.into_iter().for_each(|(connection, message)| self.tell(connection, message));
    }

    /// Ends connections whose viewers are out, once they were told why.
    fn put_out(&mut self, id: &SessionId, connections: Vec<ConnectionId>, (reason, detail): Out) {
        let now = self.clock.now();
        let end = ToViewer::End { reason, detail, said: None };
        for connection in connections {
            self.say(connection, &end);
            self.by_connection.remove(&connection);
            if let Some(session) = self.sessions.get_mut(id) {
                session.detach(now, connection);
                session.end_ingest(connection);
            }
            self.farewells.push(Farewell { connection, end: end.clone(), until: now + FAREWELL, put_out: true });
        }
        self.moved.push(id.clone());
    }

    fn set_live(&mut self, id: &SessionId, live: bool) -> Reply {
        let Some(session) = self.sessions.get(id) else { return gone() };
        session.inbox.push(Command::Live(live));
        self.pool.wake(session.job);
        Reply::Done
    }

    fn seats(&self, id: &SessionId) -> Reply {
        match self.sessions.get(id) {
            Some(session) => Reply::Seats { taken: session.taken(self.clock.now()) },
            None => gone(),
        }
    }

    fn stop(&mut self, session: &SessionId, reason: EndReason) -> Reply {
        self.end(session, reason, None);
        Reply::Done
    }

    fn receipt(&self, session: &SessionId) -> Reply {
        match self.sessions.get(session) {
            Some(session) => Reply::Receipt { receipt: Box::new(session.receipt(false)) },
            None => gone(),
        }
    }

    fn drain(&mut self) {
        if self.drained_at.is_none() {
            self.drained_at = Some(self.clock.now());
            let ids: Vec<_> = self.sessions.keys().cloned().collect();
            ids.iter().for_each(|id| self.end(id, EndReason::NodeStopping, None));
        }
    }

    fn end(&mut self, id: &SessionId, reason: EndReason, detail: Option<String>) {
        let now = self.clock.now();
        if let Some(session) = self.sessions.get_mut(id) {
            session.end(now, reason, detail);
            self.moved.push(id.clone());
        }
    }

    fn keep_time(&mut self) {
        let now = self.clock.now();
        if now >= self.lives_at {
            self.end_overdue_lives(now);
        }
        if now >= self.stats_at {
            self.stats_at = now + STATS_PERIOD;
            self.send_stats(now);
        }
        if now >= self.load_at {
            self.load_at = now + LOAD_PERIOD;
            self.send_load();
        }
        let due: Vec<_> = self.farewells.extract_if(.., |farewell| farewell.until <= now).collect();
        due.into_iter().for_each(|farewell| self.hub.close(farewell.connection));
    }

    fn end_overdue_lives(&mut self, now: Time) {
        let mut out = Vec::new();
        for session in self.sessions.values_mut() {
            if session.people.next_timeout().is_some_and(|at| at <= now) {
                out.push((session.id.clone(), session.overstayed(now)));
            }
            if session.life.next_timeout().is_some_and(|at| at <= now) {
                session.life.handle(now, LifeEvent::Timeout);
                self.moved.push(session.id.clone());
            }
        }
        for (id, connections) in out {
            self.put_out(&id, connections, people::out(NotIn::Expired));
            self.settle(&id);
        }
        self.end_overstayed_ingests(now);
        // What is done meanwhile puts ends off, or shows in `act`.
        let next = self.sessions.values().filter_map(Session::next_timeout).min();
        self.lives_at = next.unwrap_or(now + IDLE);
    }

    fn send_stats(&mut self, now: Time) {
        let stats: Vec<_> = self.sessions.values_mut().flat_map(|session| session.stats(now)).collect();
        for (connection, message) in &stats {
            if let Ok(text) = serde_json::to_string(message) {
                self.hub.send(*connection, &Outgoing::Stats(text));
            }
        }
        let news: Vec<_> = self.sessions.values_mut().flat_map(|session| session.news_of_people(now)).collect();
        news.into_iter().for_each(|(connection, message)| self.tell(connection, message));
        let overdue: Vec<_> =
            self.sessions.values().map(|session| (session.id.clone(), session.overdue(now))).collect();
        for session in self.sessions.values_mut() {
            let Some(receipt) = session.report(now).map(Box::new) else { continue };
            // One that finds the pipe full is as good later.
            drop(
                self.reports
                    .offer(FromWorker::Event { event: bus::Event::Receipt { session: session.id.clone(), receipt } }),
            );
        }
        for (id, connections) in overdue {
            connections.into_iter().for_each(|connection| self.let_go(&id, connection));
        }
    }

    fn send_load(&mut self) {
        let viewers = self.sessions.values().map(Session::present).sum();
        let load = FromWorker::Load {
            sessions: self.sessions.len() as u32,
            viewers,
            pictures: self.pictures,
            bytes_sent: self.hub.bytes_sent(),
            late_ticks: self.late_ticks,
            refused: self.refused + self.sessions.values().map(|session| session.refused).sum::<u64>(),
        };
        // A load that finds the pipe full is worthless.
        drop(self.reports.offer(load));
    }

    /// Does what the sessions' lives want done.
    fn act(&mut self) {
        while let Some(id) = self.moved.pop() {
            while let Some(action) = self.sessions.get_mut(&id).and_then(Session::next_action) {
                self.act_on(&id, action);
            }
            let timeout = self.sessions.get(&id).and_then(Session::next_timeout);
            self.lives_at = timeout.map_or(self.lives_at, |at| self.lives_at.min(at));
        }
    }

    fn act_on(&mut self, id: &SessionId, action: Action) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        match action {
            Action::Run | Action::Pause => {
                session.inbox.push(Command::Run(action == Action::Run));
                self.pool.wake(session.job);
            }
            Action::State(state) => {
                let viewers: Vec<_> = session.viewers.keys().copied().collect();
                viewers.into_iter().for_each(|viewer| self.tell(viewer, ToViewer::State { state }));
                let event = bus::Event::State { session: id.clone(), state, reason: None, detail: None };
                self.reports.send(FromWorker::Event { event });
            }
            Action::Close { state, reason, detail } => {
                let state = bus::Event::State {
                    session: id.clone(),
                    state,
                    reason: Some(reason),
                    detail: Some(detail.clone()),
                };
                self.close(id, reason, &detail, state);
            }
        }
    }

    fn close(&mut self, id: &SessionId, reason: EndReason, detail: &str, state: bus::Event) {
        let Some(mut session) = self.sessions.remove(id) else { return };
        self.refused += session.refused;
        if let Some((request, reply)) = session.left_asked() {
            self.reports.send(FromWorker::Reply { id: request, reply });
        }
        for request in [session.sampled.take(), session.uploaded.take()].into_iter().flatten() {
            self.reports.send(FromWorker::Reply { id: request, reply: refused(reason, detail) });
        }
        session.inbox.push(Command::Close);
        self.pool.wake(session.job);
        for (request, _) in &session.waiting {
            self.reports.send(FromWorker::Reply { id: *request, reply: refused(reason, detail) });
        }
        let until = self.clock.now() + FAREWELL;
        for connection in session.viewers.keys().copied().chain(session.ingests()) {
            let end = session.farewell(connection, reason, detail);
            self.say(connection, &end);
            self.by_connection.remove(&connection);
            self.farewells.push(Farewell { connection, end, until, put_out: false });
        }
        let receipt = Box::new(session.receipt(true));
        self.reports.send(FromWorker::Event { event: bus::Event::Receipt { session: id.clone(), receipt } });
        if session.gone {
            self.ends.push(state);
        } else {
            self.ending.insert(id.clone(), state);
        }
    }
}

/// The time of day, for people; nothing is measured by it.
fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn gone() -> Reply {
    refused(EndReason::InternalError, "there is no such session here any more")
}

fn refused(reason: EndReason, detail: &str) -> Reply {
    Reply::Refused { reason, detail: detail.to_owned() }
}
