//! Sessions: let in, started on a node, attached to, ended.
//!
//! The row is written before the node is asked, so that nothing runs that is not known; what then happens to the session
//! the node says (`events`). Only where the node cannot say it (it never took the session) is an end written here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use playfield_core::api::{
    Connect, Connected, CreateSession, CreatedSession, EndReason, Role, Session, SessionReceipt, SessionState,
    VideoMode, Viewer,
};
use playfield_core::bus::{Attach, Reply, Request, SessionSpec};
use playfield_core::id::{NodeId, SessionId, Token, ViewerId};
use playfield_core::people::{Person, Roster};
use playfield_core::receipt;
use playfield_store::bus::BusError;
use playfield_store::db::{Admission, Caps, NewSession, SessionRow, ViewerRow};
use tokio::time::Instant;

use crate::app::App;
use crate::catalogue::{Entry, Module};
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::secret::{derive, hash, random};

/// A node may have to compile the module first, behind others.
const START: Duration = Duration::from_secs(75);
const ATTACH: Duration = Duration::from_secs(15);
const STOP: Duration = Duration::from_secs(10);
const RECEIPT: Duration = Duration::from_secs(3);
/// Longest profile, in characters.
const PROFILE_MAX: usize = 128;

/// A request for a session, and how it came.
pub(crate) struct Asked {
    /// What is wanted.
    pub wanted: CreateSession,
    /// The client address it counts against.
    pub client: String,
    /// The hash of its idempotency key; see [`derive`].
    pub key: Option<[u8; 32]>,
}

impl App {
    /// Starts a session and makes the one who asked its host.
    pub(crate) async fn create_session(&self, asked: Asked) -> Result<CreatedSession, Failure> {
        let entry = self.playable(&asked.wanted.title)?;
        let module = entry.module.clone().ok_or_else(|| Failure::internal("a title without a module is playable"))?;
        let node = self.choose_node()?;
        // All that can fail comes before the row: what was admitted is started, or marked as failed.
        let storage = self.storage(&asked.wanted, &entry).await?;
        let home = asked.wanted.profile.as_ref().map(profile_hash).transpose()?.map(|hash| hex(&hash));
        let seed = u64::from_le_bytes(random()?);
        let viewer = self.admit(&asked, &entry, &module, node).await?;
        let spec = Box::new(SessionSpec {
            id: viewer.row.session.clone(),
            title: entry.manifest.id.clone(),
            module: module.path,
            kind: entry.manifest.kind(),
            compiled: None,
            home,
            core: None,
            folder: None,
            limits: entry.manifest.limits,
            input: entry.manifest.input.clone(),
            players: entry.manifest.players.max,
            keys_as_pad: entry.manifest.keys_as_pad,
            picture: entry.facts.as_ref().and_then(|facts| facts.picture),
            seed,
            start_unix_ms: now_ms(),
            storage,
            times: self.config.times,
            resume: false,
            people: Roster::default(),
            spectators: self.config.limits.spectators_per_session,
        });
        let attach = asked.wanted.offer.map(|offer| attach(&viewer.row, offer, asked.wanted.video));
        let answer = self.start(node, spec, attach).await?;
        let session = self.find(&viewer.row.session).await?;
        let Person { viewer: id, role, slot, .. } = viewer.row.person;
        let viewer = Viewer { id, token: viewer.token, role, slot };
        let (input, keys_as_pad) = (entry.manifest.input.clone(), entry.manifest.keys_as_pad);
        Ok(CreatedSession { session, viewer, answer, input, keys_as_pad })
    }

    /// Lets a viewer in, or back in.
    pub(crate) async fn connect(&self, viewer: &ViewerRow, wanted: Connect) -> Result<Connected, Failure> {
        let row = self.row(&viewer.session).await?;
        if row.state.is_final() {
            return Err(ended(&row));
        }
        let attach = Box::new(attach(viewer, wanted.offer, wanted.video));
        let request = Request::Attach { session: row.id.clone(), attach };
        match self.ask(&row.node, &request, ATTACH).await? {
            Reply::Attached { answer } => {
                let entry = self.catalogue.get(&row.title);
                let keys_as_pad = entry.as_ref().is_none_or(|entry| entry.manifest.keys_as_pad);
                let input = entry.map_or_else(Vec::new, |entry| entry.manifest.input.clone());
                Ok(Connected { answer, resumes: row.resumes, input, keys_as_pad })
            }
            other => Err(unexpected(&other)),
        }
    }

    /// A viewer leaves for good; with the last one that has a seat, the session ends.
    pub(crate) async fn leave(&self, viewer: &ViewerRow) -> Result<(), Failure> {
        let row = self.row(&viewer.session).await?;
        if !row.state.is_final() {
            let leave = Request::Leave { session: row.id.clone(), viewer: viewer.person.viewer.clone() };
            let left = self.ask(&row.node, &leave, STOP).await;
            if left.is_err() && viewer.person.role == Role::Host {
                self.end_session(&row.id).await?;
            }
        }
        Ok(self.db.remove_viewer(viewer.person.viewer.clone()).await?)
    }

    /// Ends a session. One that has ended stays as it is.
    pub(crate) async fn end_session(&self, id: &SessionId) -> Result<Session, Failure> {
        let row = self.row(id).await?;
        if !row.state.is_final() {
            let stop = Request::Stop { session: id.clone(), reason: EndReason::ApiTerminated };
            match self.ask(&row.node, &stop, STOP).await {
                Ok(_) => self.set(id, SessionState::Terminating, None, None).await?,
                // The node does not have it: nobody else will write its end.
                Err(_) => self.set(id, SessionState::Terminated, Some(EndReason::ApiTerminated), None).await?,
            }
        }
        self.find(id).await
    }

    /// Where the time went: what its workers left, and of a running session what its worker knows now.
    pub(crate) async fn receipt(&self, id: &SessionId) -> Result<SessionReceipt, Failure> {
        let row = self.row(id).await?;
        let mut parts = self.db.receipt(id.clone()).await?;
        if !row.state.is_final() {
            let request = Request::Receipt { session: id.clone() };
            if let Ok(Reply::Receipt { receipt }) = self.ask(&row.node, &request, RECEIPT).await
                && receipt.is_sound()
            {
                parts.retain(|part| part.began_ms != receipt.began_ms);
                parts.push(*receipt);
            }
        }
        if parts.is_empty() {
            let none = "this session left no receipt, or it was too old to be kept";
            return Err(Failure::new(Kind::NotFound, none));
        }
        let whole = row.state.is_final() && parts.len() as u64 == u64::from(row.resumes) + 1;
        let (account, viewers) = receipt::account(&parts);
        Ok(SessionReceipt {
            session: row.id,
            title: row.title,
            created_ms: row.created_ms,
            ended_ms: row.ended_ms,
            complete: whole && parts.iter().all(|part| part.complete),
            parts: parts.len() as u32,
            account,
            viewers,
        })
    }

    /// A session, as the world sees it.
    pub(crate) async fn find(&self, id: &SessionId) -> Result<Session, Failure> {
        self.row(id).await.map(shown)
    }

    /// The newest sessions.
    pub(crate) async fn list_sessions(&self) -> Result<Vec<Session>, Failure> {
        Ok(self.db.recent_sessions(100).await?.into_iter().map(shown).collect())
    }

    pub(crate) async fn row(&self, id: &SessionId) -> Result<SessionRow, Failure> {
        let none = || Failure::new(Kind::NotFound, format!("there is no session `{id}`; start the title again"));
        self.db.session(id.clone()).await?.ok_or_else(none)
    }

    fn playable(&self, title: &str) -> Result<Arc<Entry>, Failure> {
        let none = || Failure::new(Kind::NotFound, format!("there is no title `{}`", clip(title)));
        let entry = self.catalogue.get(title).ok_or_else(none)?;
        match &entry.problem {
            Some(problem) => Err(Failure::new(Kind::TitleBroken, problem.clone()).because(EndReason::BadModule)),
            None => Ok(entry),
        }
    }

    /// One node now; where there are more, placement decides here.
    fn choose_node(&self) -> Result<&NodeId, Failure> {
        self.nodes.first().ok_or_else(no_node)
    }

    async fn admit(&self, asked: &Asked, entry: &Entry, module: &Module, node: &NodeId) -> Result<Host, Failure> {
        let profile = asked.wanted.profile.as_ref().map(profile_hash).transpose()?;
        let id = SessionId::from_entropy(random()?);
        let token = match &asked.key {
            Some(key) => derive(&self.secret, key, id.as_str()),
            None => Token::from_entropy(random()?),
        };
        let host = Person::new(ViewerId::from_entropy(random()?), Role::Host, Some(0));
        let row = ViewerRow::new(id.clone(), host);
        let session = NewSession {
            id,
            title: entry.manifest.id.clone(),
            module: module.id.to_string(),
            node: node.clone(),
            client: asked.client.clone(),
            profile,
            storage_bytes: u64::from(entry.manifest.limits.storage_kb) * 1024,
            created_ms: now_ms(),
        };
        let limits = self.config.limits;
        let caps = Caps { per_client: limits.sessions_per_address, per_node: limits.sessions_per_node };
        let admission = self.db.insert_session(session, row.clone(), hash(token.reveal().as_bytes()), caps).await?;
        match admission {
            Admission::Admitted => Ok(Host { row, token }),
            Admission::ClientFull => Err(full(format!(
                "your address has {} sessions open, as many as it may; end one, or wait until it ends by itself",
                caps.per_client
            ))),
            Admission::NodeFull => {
                Err(full(format!("{} sessions run, as many as this server takes; try again in a while", caps.per_node)))
            }
        }
    }

    async fn storage(&self, wanted: &CreateSession, entry: &Entry) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
        match &wanted.profile {
            Some(profile) => Ok(self.db.storage(profile_hash(profile)?, entry.manifest.id.clone()).await?),
            None => Ok(BTreeMap::new()),
        }
    }

    async fn start(
        &self,
        node: &NodeId,
        spec: Box<SessionSpec>,
        attach: Option<Attach>,
    ) -> Result<Option<String>, Failure> {
        let id = spec.id.clone();
        let since = Instant::now();
        let request = Request::Start { spec, attach: attach.map(Box::new) };
        let failure = match self.ask(node, &request, START).await {
            Ok(Reply::Started { answer }) => {
                crate::metrics::session_started(since.elapsed());
                return Ok(answer);
            }
            Ok(other) => unexpected(&other),
            Err(failure) => failure,
        };
        // It may start yet, if the answer was only late; then it must not run on unknown.
        if failure.kind == Kind::NodeTimeout {
            let stop = Request::Stop { session: id.clone(), reason: EndReason::PlacementTimeout };
            let _ = self.ask(node, &stop, STOP).await;
        }
        let reason = failure.reason.unwrap_or(EndReason::InternalError);
        self.set(&id, SessionState::Error, Some(reason), Some(failure.detail.clone())).await?;
        Err(failure)
    }

    pub(crate) async fn set(
        &self,
        id: &SessionId,
        state: SessionState,
        reason: Option<EndReason>,
        detail: Option<String>,
    ) -> Result<(), Failure> {
        let changed = self.db.set_session_state(id.clone(), state, reason, detail, now_ms()).await?;
        if changed && state.is_final() {
            crate::metrics::session_ended(reason);
        }
        Ok(())
    }

    /// Asks a node; what it refuses is a failure.
    pub(crate) async fn ask(&self, node: &NodeId, request: &Request, timeout: Duration) -> Result<Reply, Failure> {
        match self.bus.ask(node, request, timeout).await {
            Ok(Reply::Refused { reason, detail }) => Err(Failure::refused(reason, detail)),
            Ok(reply) => Ok(reply),
            Err(BusError::Nobody(_) | BusError::Dropped(_)) => Err(no_node()),
            Err(BusError::Timeout { after_ms, .. }) => {
                let detail = format!("the node did not answer within {} s; try again", after_ms / 1000);
                Err(Failure::new(Kind::NodeTimeout, detail).because(EndReason::PlacementTimeout))
            }
            Err(error) => Err(Failure::internal(error)),
        }
    }
}

/// The viewer who asked for the session.
struct Host {
    row: ViewerRow,
    token: Token,
}

fn attach(viewer: &ViewerRow, offer: String, video: Option<VideoMode>) -> Attach {
    Attach { person: viewer.person.clone(), video: video.unwrap_or(VideoMode::Auto), offer }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn profile_hash(profile: &Token) -> Result<[u8; 32], Failure> {
    let secret = profile.reveal();
    // A shorter one could be guessed, and with it somebody's saves.
    if !(16..=PROFILE_MAX).contains(&secret.len()) {
        return Err(Failure::new(Kind::Malformed, "`profile` must be 16 to 128 characters, made up at random"));
    }
    Ok(hash(secret.as_bytes()))
}

pub(crate) fn shown(row: SessionRow) -> Session {
    let SessionRow { id, title, state, reason, detail, resumes, has_receipt, created_ms, ended_ms, .. } = row;
    let receipt = (has_receipt || !state.is_final()).then(|| format!("/api/v1/sessions/{id}/receipt"));
    Session { id, title, state, reason, detail, resumes, created_ms, ended_ms, receipt }
}

pub(crate) fn ended(row: &SessionRow) -> Failure {
    let detail = row.detail.clone().unwrap_or_else(|| "start the title again".to_owned());
    Failure { reason: row.reason, ..Failure::new(Kind::SessionEnded, detail) }
}

fn full(detail: String) -> Failure {
    Failure::new(Kind::LimitReached, detail).because(EndReason::LimitReached).retry_after(30)
}

fn no_node() -> Failure {
    Failure::new(Kind::NoNode, "no node is there to run it; try again in a moment")
        .because(EndReason::PlacementTimeout)
        .retry_after(2)
}

pub(crate) fn unexpected(reply: &Reply) -> Failure {
    // The reply may hold an answer; its kind is enough to know.
    let kind = serde_json::to_value(reply).ok().and_then(|value| value["reply"].as_str().map(str::to_owned));
    Failure::internal(format!("the node answered with {kind:?}, which does not fit the request"))
}

/// Enough of what somebody sent to recognise it by.
pub(crate) fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}
