//! The link: opened, held, and opened again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use playfield_core::bus::{Reply, Request};
use playfield_core::camera::Desired;
use playfield_core::id::{DeviceId, NodeId, Token};
use playfield_core::link::{
    CameraState, FileHash, FromDevice, MOST_TOLD, SILENCE_MS, ToDevice, Told, Window, may_be_asked,
};
use playfield_store::bus::Bus;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval};

use super::connect::{Connection, LinkError, Server, gone};
use super::{FIRST_PAUSE, MOST_PAUSE, Wanted, Ways, Word};

/// How long the first answer may take.
const FIRST: Duration = Duration::from_secs(15);
/// How often it is said how the machine does.
const MACHINE: Duration = Duration::from_secs(15);
/// How long this machine's node may take for an answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Answers that wait to be sent.
const ANSWERS: usize = 64;
/// Bytes of one message of events: with what is around them it fits.
const TOLD_BYTES: usize = 128 << 10;

/// Joins, and says goodbye.
pub(super) async fn join(
    server: &Server,
    code: Option<Token>,
    name: String,
    desired: Option<Desired>,
) -> Result<(NodeId, Token), LinkError> {
    let mut connection = Connection::open(server).await?;
    connection.send(&FromDevice::Join { code, name, desired: desired.map(Box::new) }).await?;
    match tokio::time::timeout(FIRST, connection.receive()).await.map_err(|_| gone("no answer"))?? {
        ToDevice::Joined { node, token } => Ok((node, token)),
        ToDevice::Refused { detail, forever } => Err(LinkError::Refused { detail, forever }),
        _ => Err(gone("the control plane speaks another language: are both of one version?")),
    }
}

/// All that a link needs.
pub(super) struct Link {
    pub server: Server,
    pub token: Token,
    pub bus: Bus,
    pub node: NodeId,
    pub ways: Arc<Ways>,
    pub folder: PathBuf,
}

impl Link {
    /// Holds a link for as long as the control plane wants one; returns why it does not.
    pub(super) async fn hold(self, mut said: mpsc::Receiver<FromDevice>, mut wanted: mpsc::Receiver<Wanted>) -> String {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            let ended = self.once(&mut said, &mut wanted).await;
            // Nobody looks while nobody is there, and what is wanted is not to be had.
            let _ = self.ways.words.send(Word::Alone).await;
            while wanted.try_recv().is_ok() {}
            match ended {
                LinkError::Refused { detail, forever: true } => return detail,
                error => tracing::warn!(%error, "not connected to the control plane; trying again"),
            }
            if began.elapsed() > MOST_PAUSE {
                pause = FIRST_PAUSE;
            }
            // So that a thousand machines do not come back at once.
            let part = self.node.as_str().bytes().map(u32::from).sum::<u32>() % 32;
            tokio::time::sleep(pause + pause * part / 64).await;
            pause = (pause * 2).min(MOST_PAUSE);
        }
    }

    async fn once(&self, said: &mut mpsc::Receiver<FromDevice>, wanted: &mut mpsc::Receiver<Wanted>) -> LinkError {
        let opened = async {
            let mut connection = Connection::open(&self.server).await?;
            let machine = self.ways.machine(&self.folder).await;
            let journal = self.ways.journal.id().to_owned();
            connection.send(&FromDevice::Hello { token: self.token.clone(), journal, machine }).await?;
            let first = tokio::time::timeout(FIRST, connection.receive()).await.map_err(|_| gone("no answer"))?;
            match first? {
                ToDevice::Welcome { stored } => Ok((connection, stored)),
                ToDevice::Refused { detail, forever } => Err(LinkError::Refused { detail, forever }),
                _ => Err(gone("the control plane speaks another language: are both of one version?")),
            }
        };
        match opened.await {
            Ok((connection, stored)) => {
                tracing::info!(server = self.server.address, "connected to the control plane");
                let (answers, answered) = mpsc::channel(ANSWERS);
                let open = Open {
                    link: self,
                    connection,
                    window: Window::new(stored),
                    answers,
                    asked: HashMap::new(),
                    states: HashMap::new(),
                    heard: Instant::now(),
                };
                match open.speak(stored, answered, said, wanted).await {
                    Ok(()) => gone("the machine stops"),
                    Err(error) => error,
                }
            }
            Err(error) => error,
        }
    }
}

/// A link that is open.
struct Open<'a> {
    link: &'a Link,
    connection: Connection,
    window: Window,
    answers: mpsc::Sender<FromDevice>,
    /// Pieces of files that are on their way.
    asked: HashMap<(FileHash, u64), Wanted>,
    /// States as they were said.
    states: HashMap<DeviceId, CameraState>,
    heard: Instant,
}

impl Open<'_> {
    async fn speak(
        mut self,
        stored: u64,
        mut answered: mpsc::Receiver<FromDevice>,
        said: &mut mpsc::Receiver<FromDevice>,
        wanted: &mut mpsc::Receiver<Wanted>,
    ) -> Result<(), LinkError> {
        let ways = self.link.ways.clone();
        ways.journal.forget(stored).await.map_err(gone)?;
        let mut newest = ways.newest.subscribe();
        let mut states = ways.states.subscribe();
        states.mark_changed();
        // What was said while nobody heard is old.
        while said.try_recv().is_ok() {}
        let mut machine = interval(MACHINE);
        machine.reset();
        loop {
            self.tell(&mut newest).await?;
            tokio::select! {
                word = self.connection.receive() => self.take(word?).await?,
                changed = newest.changed() => changed.map_err(gone)?,
                changed = states.changed() => {
                    changed.map_err(gone)?;
                    let now = states.borrow_and_update().clone();
                    self.say_states(now).await?;
                }
                Some(word) = said.recv() => self.connection.send(&word).await?,
                Some(want) = wanted.recv() => {
                    let word = FromDevice::Want { file: want.file.clone(), from: want.from };
                    self.asked.insert((want.file.clone(), want.from), want);
                    self.connection.send(&word).await?;
                }
                Some(answer) = answered.recv() => self.connection.send(&answer).await?,
                _ = machine.tick() => {
                    if self.heard.elapsed() > Duration::from_millis(SILENCE_MS) {
                        return Err(gone("the control plane said nothing for too long"));
                    }
                    let machine = ways.machine(&self.link.folder).await;
                    self.connection.send(&FromDevice::Machine(machine)).await?;
                }
            }
        }
    }

    /// Sends what the journal has and the window lets through.
    async fn tell(&mut self, newest: &mut watch::Receiver<u64>) -> Result<(), LinkError> {
        let newest = *newest.borrow_and_update();
        while let Some(range) = self.window.next(newest, MOST_TOLD as u64) {
            let rows = self.link.ways.journal.read(range.start() - 1, *range.end()).await.map_err(gone)?;
            let (mut events, mut bytes, mut last) = (Vec::new(), 0, *range.end());
            for (seq, event) in rows {
                if bytes + event.len() > TOLD_BYTES && !events.is_empty() {
                    last = seq - 1;
                    break;
                }
                bytes += event.len();
                let Ok((device, report)) = serde_json::from_str(&event) else {
                    tracing::error!(seq, "the journal holds something that this version does not know");
                    continue;
                };
                events.push(Told { seq, device, report });
            }
            self.window.sent(last);
            if !events.is_empty() {
                self.connection.send(&FromDevice::Told { events }).await?;
            }
        }
        Ok(())
    }

    async fn say_states(&mut self, now: Vec<CameraState>) -> Result<(), LinkError> {
        self.states.retain(|device, _| now.iter().any(|state| state.device == *device));
        for state in now {
            if self.states.get(&state.device) != Some(&state) {
                self.connection.send(&FromDevice::State(state.clone())).await?;
                self.states.insert(state.device.clone(), state);
            }
        }
        Ok(())
    }

    async fn take(&mut self, word: ToDevice) -> Result<(), LinkError> {
        self.heard = Instant::now();
        match word {
            ToDevice::Stored { seq } => {
                let stored = self.window.stored(seq);
                self.link.ways.journal.forget(stored).await.map_err(gone)
            }
            ToDevice::Twin { cameras } => {
                self.link.ways.twin.send_replace(Some(cameras));
                // A camera that is new to the other side is not known there by what was said of it before.
                self.states.clear();
                let now = self.link.ways.states.borrow().clone();
                self.say_states(now).await
            }
            ToDevice::Live { device, live } => {
                self.link.ways.words.send(Word::Live { device, live }).await.map_err(gone)
            }
            ToDevice::Piece { file, from, data } => {
                if let Some(Wanted { piece, .. }) = self.asked.remove(&(file, from)) {
                    // Who wanted it may have given up.
                    let _ = piece.send(data);
                }
                Ok(())
            }
            ToDevice::Ask { id, request } => {
                self.ask(id, *request);
                Ok(())
            }
            ToDevice::Time { asked_us } => {
                let device_us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_micros() as u64);
                self.connection.send(&FromDevice::Time { asked_us, device_us }).await
            }
            ToDevice::Refused { detail, forever } => Err(LinkError::Refused { detail, forever }),
            ToDevice::Joined { .. } | ToDevice::Welcome { .. } => Err(gone("the control plane repeats itself")),
        }
    }

    /// A question is answered when this machine's node has an answer; meanwhile the link goes on.
    fn ask(&self, id: u64, request: Request) {
        let (bus, node, answers) = (self.link.bus.clone(), self.link.node.clone(), self.answers.clone());
        tokio::spawn(async move {
            let answer = match may_be_asked(&request) {
                true => bus.ask(&node, &request, ANSWER).await.map_err(|error| error.to_string()),
                false => Err("this is not asked of a machine that has cameras alone".to_owned()),
            };
            let reason = playfield_core::api::EndReason::InternalError;
            let reply = answer.unwrap_or_else(|detail| Reply::Refused { reason, detail });
            // The link may be gone.
            let _ = answers.send(FromDevice::Reply { id, reply }).await;
        });
    }
}
