//! One link, from its first word to its last.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use playfield_core::bus::{Reply, Request, node_subject};
use playfield_core::camera::Desired;
use playfield_core::clock::Clock;
use playfield_core::id::{DeviceId, NodeId};
use playfield_core::input::wire::ClockReply;
use playfield_core::link::{
    FileHash, FromDevice, MOST_MESSAGE, MOST_TOLD, Machine, Package, Position, SILENCE_MS, Taken, ToDevice, Told, Twin,
    may_be_asked,
};
use playfield_store::bus::{Responder, Service};
use playfield_store::db::{DeviceRow, Hash, NodeTold};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::files::{Laid, piece};
use super::writer::Written;
use super::{Open, enrol};
use crate::app::{App, Shared};
use crate::clock::{now_ms, now_us};
use crate::failure::{Failure, Kind};
use crate::pace::Pace;
use crate::secret::hash;
use crate::serve::told_to_stop;

/// How long the first words may take.
const FIRST: Duration = Duration::from_secs(10);
/// How long a message may take to leave: who reads slower is gone.
const SEND: Duration = Duration::from_secs(10);
/// How often a device's clock is asked; its answer says too that it is there.
const TIME: Duration = Duration::from_secs(10);
/// How often it is looked whether anybody still looks at a camera.
const LOOK: Duration = Duration::from_secs(1);
/// How long the link that this one replaces may take to let go.
const LET_GO: Duration = Duration::from_secs(5);
/// How much one machine may say a second, on average: more has to wait on its side, where there is a disk for it.
const WORDS_PER_S: u32 = 400;
const BYTES_PER_S: u32 = 1 << 20;
/// Questions that wait for a device's answer.
const ASKS: usize = 64;

/// Why a link ends.
enum End {
    /// It closed, or broke; it comes again.
    Gone(String),
    /// It is told so.
    Refused { detail: String, forever: bool },
}

impl From<Failure> for End {
    fn from(failure: Failure) -> End {
        End::Refused { detail: failure.detail, forever: false }
    }
}

fn gone(why: impl ToString) -> End {
    End::Gone(why.to_string())
}

/// Speaks with a device until the link ends.
pub(crate) async fn serve(app: Shared, mut socket: WebSocket, client: String, certificate: Option<Hash>) {
    let stranger = match app.links.strangers.acquire().await {
        Ok(place) => first_words(&app, &mut socket, &client, certificate).await.inspect(|_| drop(place)),
        Err(closed) => Err(gone(closed)),
    };
    let ended = match stranger {
        Ok(who) => Link::run(&app, &mut socket, who).await,
        Err(end) => end,
    };
    match ended {
        End::Gone(why) => tracing::debug!(why, "a link ended"),
        End::Refused { detail, forever } => {
            tracing::info!(detail, "a link was refused");
            // It may be gone already.
            let _ = send(&mut socket, &ToDevice::Refused { detail, forever }).await;
            let _ = tokio::time::timeout(SEND, socket.send(Message::Close(None))).await;
        }
    }
}

/// A machine that said who it is.
struct Who {
    node: NodeId,
    position: Position,
    machine: Machine,
}

/// Who is it? One that joins says that first.
async fn first_words(app: &App, socket: &mut WebSocket, client: &str, certificate: Option<Hash>) -> Result<Who, End> {
    let (mut word, _) = receive(socket, FIRST).await?;
    if let FromDevice::Join { code, name, desired } = word {
        let desired: Option<Desired> = desired.map(|desired| *desired);
        let enrol::Joined { node, token } = match (code, certificate) {
            (Some(code), _) => app.join_machine(&code, &name, desired, client).await?,
            (None, Some(certificate)) => app.join_by_certificate(certificate, &name, desired).await?,
            (None, None) => {
                let detail =
                    "a machine joins with a code that the console gives, or with a certificate that is believed";
                return Err(Failure::new(Kind::BadToken, detail).into());
            }
        };
        send(socket, &ToDevice::Joined { node, token }).await?;
        (word, _) = receive(socket, FIRST).await?;
    }
    let FromDevice::Hello { token, journal, machine } = word else {
        return Err(gone("its first word says not who it is"));
    };
    let row = app.db.node_by_token(hash(token.reveal().as_bytes())).await.map_err(gone)?;
    let refused = |detail: &str| End::Refused { detail: detail.to_owned(), forever: true };
    let row =
        row.ok_or_else(|| refused("this server does not know this machine; let it join again, with a new code"))?;
    if row.revoked_ms.is_some() {
        return Err(refused("this machine was turned away; let it join again, with a new code, if it is to come back"));
    }
    if journal.is_empty() || journal.len() > 64 {
        return Err(gone("its journal has no name"));
    }
    let position = app.db.open_journal(row.id.clone(), journal).await.map_err(gone)?;
    Ok(Who { node: row.id, position, machine })
}

/// A link of a known machine.
struct Link<'a> {
    app: &'a App,
    node: NodeId,
    open: Arc<Open>,
    position: Position,
    stored: Arc<watch::Sender<u64>>,
    clock: Clock,
    heard: Instant,
    words: Pace,
    bytes: Pace,
    asks: HashMap<u64, Responder>,
    asked: u64,
    /// The twin as it was sent, and what its files are.
    twin: Vec<Twin>,
    files: HashMap<FileHash, PathBuf>,
    /// Cameras that were told to say what is in each picture.
    live: Vec<DeviceId>,
    machine_written: Option<Instant>,
}

impl Link<'_> {
    async fn run(app: &App, socket: &mut WebSocket, who: Who) -> End {
        let Who { node, position, machine } = who;
        let open = app.links.opened(&node);
        let mut link = Link {
            app,
            node: node.clone(),
            open: open.clone(),
            stored: Arc::new(watch::Sender::new(position.stored)),
            position,
            clock: Clock::default(),
            heard: Instant::now(),
            words: Pace::new(WORDS_PER_S, Instant::now()),
            bytes: Pace::new(BYTES_PER_S, Instant::now()),
            asks: HashMap::new(),
            asked: 0,
            twin: Vec::new(),
            files: HashMap::new(),
            live: Vec::new(),
            machine_written: None,
        };
        let end = match link.speak(socket, machine).await {
            Ok(()) => gone("the server stops"),
            Err(end) => end,
        };
        if app.links.ended(&node, &open) {
            let cameras = link.twin.iter().map(|twin| &twin.device);
            cameras.for_each(|device| app.cameras.is_offline(device, "its machine is not connected"));
        }
        end
    }

    async fn speak(&mut self, socket: &mut WebSocket, machine: Machine) -> Result<(), End> {
        let mut service = self.service().await?;
        send(socket, &ToDevice::Welcome { stored: self.position.stored }).await?;
        self.machine_is(machine).await?;
        self.send_twin(socket, true).await?;
        let mut stored = self.stored.subscribe();
        let mut looked = self.app.cameras.looked();
        let mut stopping = self.app.stopping.subscribe();
        let (open, mut time, mut look) = (self.open.clone(), interval(TIME), interval(LOOK));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                word = receive(socket, Duration::MAX) => {
                    let (word, bytes) = word?;
                    self.take(socket, word).await?;
                    let now = Instant::now();
                    let owed = self.words.take(now, 1).max(self.bytes.take(now, bytes));
                    if !owed.is_zero() {
                        tokio::time::sleep(owed.min(SEND)).await;
                    }
                }
                asked = service.next(), if self.asks.len() < ASKS => match asked {
                    Some((bytes, responder)) => self.ask(socket, &service, &bytes, responder).await?,
                    None => return Ok(()),
                },
                changed = stored.changed() => if changed.is_ok() {
                    let seq = *stored.borrow_and_update();
                    send(socket, &ToDevice::Stored { seq }).await?;
                },
                () = open.poked.notified() => self.send_twin(socket, false).await?,
                Ok(()) = looked.changed() => self.send_live(socket).await?,
                _ = look.tick(), if !self.live.is_empty() => self.send_live(socket).await?,
                _ = time.tick() => {
                    if self.heard.elapsed() > Duration::from_millis(SILENCE_MS) {
                        return Err(gone("it said nothing for too long"));
                    }
                    send(socket, &ToDevice::Time { asked_us: now_us() }).await?;
                }
                () = open.closed.notified() => return self.look_again().await,
                () = told_to_stop(&mut stopping) => return Ok(()),
            }
        }
    }

    /// Takes the questions to this node. The link that this one replaces is just letting go of them.
    async fn service(&self) -> Result<Service, End> {
        let began = Instant::now();
        loop {
            match self.app.bus.serve(&node_subject(&self.node)) {
                Ok(service) => return Ok(service),
                Err(error) if began.elapsed() > LET_GO => return Err(gone(error)),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// The link was closed from our side.
    async fn look_again(&self) -> Result<(), End> {
        let row = self.app.db.node(self.node.clone()).await.map_err(gone)?;
        match row {
            Some(row) if row.revoked_ms.is_none() => Err(gone("another link took its place")),
            _ => Err(End::Refused { detail: "this machine was turned away".to_owned(), forever: true }),
        }
    }

    async fn take(&mut self, socket: &mut WebSocket, word: FromDevice) -> Result<(), End> {
        self.heard = Instant::now();
        match word {
            FromDevice::Told { events } => return self.told(events).await,
            FromDevice::Now { device, report } => {
                if self.has(&device) {
                    self.app.device_said(&device, *report, now_ms()).await.map_err(gone)?;
                }
            }
            FromDevice::State(state) => {
                if self.has(&state.device) {
                    self.app.device_is(&self.node, state).await.map_err(gone)?;
                }
            }
            FromDevice::Machine(machine) => return self.machine_is(machine).await,
            FromDevice::Want { file, from } => {
                let data = match self.files.get(&file) {
                    Some(path) => piece(path.clone(), from).await,
                    None => None,
                };
                return send(socket, &ToDevice::Piece { file, from, data }).await;
            }
            FromDevice::Reply { id, reply } => {
                if let Some(responder) = self.asks.remove(&id) {
                    responder.reply(&reply).map_err(gone)?;
                }
            }
            FromDevice::Time { asked_us, device_us } => {
                let reply = ClockReply {
                    seq: 0,
                    viewer_sent_us: asked_us,
                    node_received_us: device_us,
                    node_sent_us: device_us,
                };
                self.clock.handle(&reply, now_us());
                for twin in &self.twin {
                    self.app.cameras.clock_is(&twin.device, self.offset_ms());
                }
            }
            FromDevice::Join { .. } | FromDevice::Hello { .. } => return Err(gone("it said twice who it is")),
        }
        Ok(())
    }

    /// What to add to the device's clock to have ours.
    fn offset_ms(&self) -> Option<i64> {
        Some(-self.clock.estimate()?.offset_us.div_euclid(1_000))
    }

    fn has(&self, device: &DeviceId) -> bool {
        self.twin.iter().any(|twin| twin.device == *device)
    }

    async fn told(&mut self, events: Vec<Told>) -> Result<(), End> {
        if events.len() > MOST_TOLD {
            return Err(gone("it told more at once than it may"));
        }
        let received_ms = now_ms();
        for Told { seq, device, report } in events {
            // One that came by the link before is not passed on twice; the database looks again.
            if self.position.take(seq) == Taken::Known {
                continue;
            }
            let known = self.has(&device);
            let events = match known {
                true => self.app.cameras.happened(&device, &report, received_ms, self.offset_ms()),
                false => Vec::new(),
            };
            let told = NodeTold {
                node: self.node.clone(),
                journal: self.position.journal.clone(),
                seq,
                device: device.clone(),
                events,
            };
            let written = Written { told, stored: self.stored.clone() };
            self.app.links.written.send(written).await.map_err(gone)?;
            if known {
                self.app.pass_on(&device, *report, received_ms);
            }
        }
        Ok(())
    }

    async fn machine_is(&mut self, machine: Machine) -> Result<(), End> {
        *self.open.machine.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = machine.clone();
        if self.machine_written.is_some_and(|at| at.elapsed() < Duration::from_secs(60)) {
            return Ok(());
        }
        self.machine_written = Some(Instant::now());
        let json = serde_json::to_string(&machine).map_err(gone)?;
        self.app.db.set_machine(self.node.clone(), json, now_ms()).await.map_err(gone)
    }

    async fn ask(
        &mut self,
        socket: &mut WebSocket,
        service: &Service,
        bytes: &[u8],
        responder: Responder,
    ) -> Result<(), End> {
        let request: Request = service.read(bytes).map_err(gone)?;
        if !may_be_asked(&request) {
            let detail = "this is not asked of a machine that has cameras alone".to_owned();
            let reason = playfield_core::api::EndReason::InternalError;
            return responder.reply(&Reply::Refused { reason, detail }).map_err(gone);
        }
        self.asked += 1;
        self.asks.insert(self.asked, responder);
        send(socket, &ToDevice::Ask { id: self.asked, request: Box::new(request) }).await
    }

    /// Sends what the cameras are to do, if it is another thing than was sent.
    async fn send_twin(&mut self, socket: &mut WebSocket, first: bool) -> Result<(), End> {
        let rows = self.app.db.devices_of(self.node.clone()).await.map_err(gone)?;
        let (mut cameras, mut files) = (Vec::with_capacity(rows.len()), HashMap::new());
        for row in rows.into_iter().filter(|row| row.revoked_ms.is_none()) {
            let id = row.id.clone();
            self.app.cameras.is_elsewhere(id.clone());
            match self.twin_of(row).await {
                Ok((twin, paths)) => {
                    cameras.push(twin);
                    files.extend(paths);
                }
                // It stays with what it has.
                Err(failure) => {
                    self.app.cameras.is_troubled(&id, &failure.detail);
                    cameras.extend(self.twin.iter().find(|twin| twin.device == id).cloned());
                }
            }
        }
        if !first && cameras == self.twin {
            return Ok(());
        }
        send(socket, &ToDevice::Twin { cameras: cameras.clone() }).await?;
        (self.twin, self.files) = (cameras, files);
        Ok(())
    }

    async fn twin_of(&self, row: DeviceRow) -> Result<(Twin, Vec<(FileHash, PathBuf)>), Failure> {
        let desired: Desired = serde_json::from_str(&row.desired).map_err(Failure::internal)?;
        let files = &self.app.links.files;
        let mut paths = Vec::new();
        let model = self.package_of(desired.model.as_deref(), desired.runs_model(), &row.id, &mut paths).await?;
        let shadow = self.package_of(desired.shadow.as_deref(), true, &row.id, &mut paths).await?;
        let mut keep = |laid: Laid| {
            paths.extend(laid.paths);
            laid.package
        };
        // One that is not here does not keep the camera from working.
        let app = match self.app.app_folder_of(&desired, Some(&row.id)) {
            Ok(Some(folder)) => Some(keep(files.app(folder).await?)),
            Ok(None) => None,
            Err(failure) => {
                self.app.cameras.is_troubled(&row.id, &failure.detail);
                None
            }
        };
        let DeviceRow { id, name, version, .. } = row;
        Ok((Twin { device: id, name, version, desired, model, shadow, app }, paths))
    }

    /// The files of a model for a camera. Of one that runs there it is known that it fits, if anybody could try it.
    async fn package_of(
        &self,
        name: Option<&str>,
        runs: bool,
        device: &DeviceId,
        paths: &mut Vec<(FileHash, PathBuf)>,
    ) -> Result<Option<Package>, Failure> {
        let (Some(kept), Some(name)) = (self.app.model_of(name, Some(device)).await?, name) else { return Ok(None) };
        if runs
            && let Err(unfit) = self.app.try_model(name, &kept).await
            && unfit.kind == Kind::Malformed
        {
            return Err(unfit);
        }
        paths.extend(kept.paths());
        Ok(Some(kept.package.clone()))
    }

    /// Tells cameras that somebody looks, or nobody any more.
    async fn send_live(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let all = self.twin.iter().map(|twin| &twin.device);
        let now: Vec<_> = all.filter(|device| self.app.cameras.is_looked_at(device)).cloned().collect();
        let was = std::mem::replace(&mut self.live, now);
        let began = self.live.iter().filter(|device| !was.contains(device)).map(|device| (device, true));
        let ended = was.iter().filter(|device| !self.live.contains(device)).map(|device| (device, false));
        let changes: Vec<_> = began.chain(ended).map(|(device, live)| (device.clone(), live)).collect();
        for (device, live) in changes {
            send(socket, &ToDevice::Live { device, live }).await?;
        }
        Ok(())
    }
}

async fn send(socket: &mut WebSocket, word: &ToDevice) -> Result<(), End> {
    let text = serde_json::to_string(word).map_err(gone)?;
    if text.len() > MOST_MESSAGE {
        return Err(gone("a message is longer than it may be"));
    }
    let late = |_| gone("it does not read what it is told");
    tokio::time::timeout(SEND, socket.send(Message::Text(text.into()))).await.map_err(late)?.map_err(gone)
}

/// The next word, within this time, and how long it is.
async fn receive(socket: &mut WebSocket, limit: Duration) -> Result<(FromDevice, usize), End> {
    let next = async {
        loop {
            match socket.recv().await {
                Some(Ok(Message::Text(text))) => {
                    return Ok((serde_json::from_str(&text).map_err(gone)?, text.len()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => return Err(gone("it sent bytes where text is spoken")),
                Some(Ok(Message::Close(_))) | None => return Err(gone("it closed")),
                Some(Err(error)) => return Err(gone(error)),
            }
        }
    };
    tokio::time::timeout(limit, next).await.map_err(|_| gone("its first word took too long"))?
}
