//! The conversation with one worker: who waits for which reply, and what its words mean for the ledger.

use std::collections::HashMap;

use playfield_core::api::EndReason;
use playfield_core::bus::{Event, FromWorker, Reply, Request, ToWorker};
use playfield_core::id::SessionId;
use tokio::sync::{mpsc, oneshot};

use super::{Ask, Setting, publish};
use crate::agent::refused;

/// Replies that may be outstanding.
const PENDING_MAX: usize = 1024;
/// Characters of a line we cannot read that go to the log.
const QUOTE_MAX: usize = 200;

struct Pending {
    reply: oneshot::Sender<Reply>,
    /// The session it opens, if it does.
    opens: Option<SessionId>,
}

/// The conversation. Dropped, everybody who waits learns that the worker is gone.
pub(super) struct Link<'a> {
    setting: &'a Setting,
    writer: mpsc::Sender<Vec<u8>>,
    pending: HashMap<u64, Pending>,
    next: u64,
    ready: bool,
}

impl<'a> Link<'a> {
    pub(super) fn new(setting: &'a Setting, writer: mpsc::Sender<Vec<u8>>) -> Self {
        Link { setting, writer, pending: HashMap::new(), next: 1, ready: false }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Passes a question on.
    pub(super) fn ask(&mut self, ask: Ask) {
        let opens = match &ask.request {
            Request::Start { spec, .. } => Some(spec.id.clone()),
            _ => None,
        };
        // Who gave up waiting needs no reply; who was opening a session does, since the session may yet open.
        self.pending.retain(|_, pending| pending.opens.is_some() || !pending.reply.is_closed());
        let sent = self.ready && self.pending.len() < PENDING_MAX;
        match sent.then(|| self.send(&ask.request)).flatten() {
            Some(id) => {
                self.pending.insert(id, Pending { reply: ask.reply, opens });
            }
            None => {
                opens.inspect(|session| self.setting.ledger.lock().refused(session));
                let detail = "the process that would run this is too busy; try again in a moment";
                // Nobody waits for it any more: nothing to do.
                let _ = ask.reply.send(refused(EndReason::LimitReached, detail));
            }
        }
    }

    /// Writes a request; returns its number, or none if the worker does not take any.
    pub(super) fn send(&mut self, request: &Request) -> Option<u64> {
        let id = self.next;
        let mut line = serde_json::to_vec(&ToWorker { id, request: request.clone() }).ok()?;
        line.push(b'\n');
        self.writer.try_send(line).ok()?;
        self.next += 1;
        Some(id)
    }

    /// Takes in a line the worker wrote.
    pub(super) async fn heard(&mut self, line: &[u8]) {
        let worker = self.setting.number;
        match serde_json::from_slice(line) {
            Ok(FromWorker::Ready { udp }) => self.on_ready(udp),
            Ok(FromWorker::Reply { id, reply }) => self.on_reply(id, reply),
            Ok(FromWorker::Event { event }) => self.on_event(event).await,
            Ok(FromWorker::Load { viewers, pictures, bytes_sent, late_ticks, refused, sessions: _ }) => {
                let mut ledger = self.setting.ledger.lock();
                let load = ledger.worker(worker);
                (load.viewers, load.pictures) = (viewers, pictures);
                (load.bytes_sent, load.late_ticks, load.refused) = (bytes_sent, late_ticks, refused);
            }
            Err(error) => {
                let start: String = String::from_utf8_lossy(line).chars().take(QUOTE_MAX).collect();
                tracing::warn!(worker, %error, line = start, "worker wrote a line that is not of its language");
            }
        }
    }

    fn on_ready(&mut self, udp: Vec<std::net::SocketAddr>) {
        tracing::info!(worker = self.setting.number, ?udp, "worker ready");
        self.ready = true;
        {
            let mut ledger = self.setting.ledger.lock();
            let load = ledger.worker(self.setting.number);
            (load.ready, load.udp) = (true, udp);
        }
        self.setting.ledger.tell_changed();
    }

    fn on_reply(&mut self, id: u64, reply: Reply) {
        let Some(pending) = self.pending.remove(&id) else { return };
        let opened = matches!(reply, Reply::Started { .. });
        if let Some(session) = &pending.opens {
            let mut ledger = self.setting.ledger.lock();
            if opened { ledger.started(session) } else { ledger.refused(session) }
        }
        let unheard = pending.reply.send(reply).is_err();
        if let Some(session) = pending.opens.filter(|_| opened && unheard) {
            // It opened after whoever asked had given up.
            self.send(&Request::Stop { session, reason: EndReason::InternalError });
        }
    }

    async fn on_event(&mut self, event: Event) {
        let (Event::State { session, .. }
        | Event::Stored { session, .. }
        | Event::Receipt { session, .. }
        | Event::Camera { session, .. }
        | Event::People { session, .. }
        | Event::Resumed { session }) = &event;
        let worker = self.setting.number;
        let mut over = None;
        {
            let mut ledger = self.setting.ledger.lock();
            if !ledger.may_speak(worker, session) {
                tracing::warn!(worker, %session, "worker spoke of a session it does not hold");
                return;
            }
            if let Event::People { session, roster } = &event {
                ledger.put_people(session, roster);
            }
            if matches!(&event, Event::State { state, .. } if state.is_final()) {
                ledger.ended(session);
                over = Some(session.clone());
            }
        }
        if let Some(session) = over {
            // Its place is free: a session that is adrift may wait for one.
            self.setting.ledger.tell_changed();
            self.setting.checkpoints.remove(&session).await;
        }
        publish(&self.setting.bus, &event).await;
    }
}
