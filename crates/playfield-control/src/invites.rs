//! Links into sessions: made by the host, looked at and used by whoever has one, taken back.
//!
//! A link is a secret, of which a hash is kept. It says what those who come by it may do; each of them becomes a viewer with
//! a token of its own. Who plays from which seat the worker decides when they connect: what is looked up here is only so that
//! people are told before.

use std::time::Duration;

use playfield_core::api::{CreateInvite, CreatedInvite, Invitation, Invite, Joined, Role, Viewer};
use playfield_core::bus::{Reply, Request};
use playfield_core::id::{InviteId, SessionId, Token, ViewerId};
use playfield_store::db::{Guests, Hash, InviteRow, SessionRow, ViewerRow};

use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::secret::{derive, hash, random};
use crate::sessions::{ended, shown, unexpected};

/// How long a link is good where nothing is said, in seconds.
const EXPIRES_S: u32 = 3600;
/// The shortest and the longest it may be.
const EXPIRES_RANGE_S: std::ops::RangeInclusive<u32> = 60..=86_400;
/// Links of a session that are good at a time.
const MOST: u32 = 32;
/// Viewers of a session that are known, and of them those who came from one address: there the newest.
const MOST_VIEWERS: Guests = Guests { of_session: 1024, of_client: 32 };
const SEATS: Duration = Duration::from_secs(5);

impl App {
    /// Makes a link.
    pub(crate) async fn create_invite(
        &self,
        session: &SessionId,
        wanted: CreateInvite,
        key: Option<Hash>,
    ) -> Result<CreatedInvite, Failure> {
        let row = self.open_row(session).await?;
        let expires_s = wanted.expires_s.unwrap_or(EXPIRES_S);
        if !EXPIRES_RANGE_S.contains(&expires_s) {
            return Err(malformed("`expires_s` must be 60 to 86400 seconds"));
        }
        match (wanted.role, wanted.slot) {
            (Role::Player, Some(slot)) => self.check_seat(&row, slot).await?,
            (Role::Spectator, None) => {}
            (Role::Player, None) => return Err(malformed("a `player` needs a `slot`, the seat it plays from, from 0")),
            (Role::Spectator, Some(_)) => return Err(malformed("a `spectator` has no `slot`")),
            (Role::Host, _) => return Err(malformed("`role` must be `player` or `spectator`; a session has one host")),
        }
        let id = InviteId::from_entropy(random()?);
        let token = self.token(key, id.as_str())?;
        let created_ms = now_ms();
        let invite = InviteRow {
            id,
            session: session.clone(),
            role: wanted.role,
            slot: wanted.slot,
            created_ms,
            expires_ms: created_ms + u64::from(expires_s) * 1000,
        };
        if !self.db.insert_invite(invite.clone(), hash(token.reveal().as_bytes()), MOST).await? {
            let detail = format!("this session has {MOST} links, as many as it may; take one back");
            return Err(Failure::new(Kind::LimitReached, detail));
        }
        let path = join_path(&token);
        Ok(CreatedInvite { invite: told(invite), token, path })
    }

    /// The links that let people in now.
    pub(crate) async fn list_invites(&self, session: &SessionId) -> Result<Vec<Invite>, Failure> {
        let row = self.row(session).await?;
        if row.state.is_final() {
            return Ok(Vec::new());
        }
        Ok(self.db.invites(session.clone(), now_ms()).await?.into_iter().map(told).collect())
    }

    /// Takes a link back. Who came in by it stays.
    pub(crate) async fn remove_invite(&self, session: &SessionId, id: InviteId) -> Result<(), Failure> {
        let none = || Failure::new(Kind::NotFound, "this session has no such link; it may have been taken back before");
        self.db.remove_invite(session.clone(), id).await?.then_some(()).ok_or_else(none)
    }

    /// The link that a secret is of, if it is good: its session has not ended, nor its time.
    pub(crate) async fn invite(&self, secret: &str) -> Result<(InviteRow, SessionRow), Failure> {
        let unknown = || {
            let detail = "this link is not valid; it may have been taken back, or copied in part. Ask for another one";
            Failure::new(Kind::NotFound, detail)
        };
        let invite = self.db.invite_by_token(hash(secret.as_bytes())).await?.ok_or_else(unknown)?;
        let row = self.open_row(&invite.session).await?;
        if now_ms() >= invite.expires_ms {
            return Err(Failure::new(
                Kind::InviteExpired,
                "it was good for a while only; ask whoever invited you for another one",
            ));
        }
        Ok((invite, row))
    }

    /// What a link leads to.
    pub(crate) async fn invitation(&self, secret: &str) -> Result<Invitation, Failure> {
        let (invite, row) = self.invite(secret).await?;
        let name =
            self.catalogue.get(&row.title).map_or_else(|| row.title.clone(), |entry| entry.manifest.name.clone());
        let taken = match invite.slot {
            Some(slot) => self.seats(&row).await?.contains(&slot),
            None => false,
        };
        Ok(Invitation { session: row.id, title: row.title, name, taken, invite: told(invite) })
    }

    /// Lets somebody in who has a link.
    pub(crate) async fn join(&self, secret: &str, client: String, key: Option<Hash>) -> Result<Joined, Failure> {
        let (invite, row) = self.invite(secret).await?;
        if let Some(slot) = invite.slot {
            self.check_seat(&row, slot).await?;
        }
        let InviteRow { role, slot, .. } = invite;
        let viewer = ViewerRow { id: ViewerId::from_entropy(random()?), session: row.id.clone(), role, slot };
        let token = self.token(key, viewer.id.as_str())?;
        let token_hash = hash(token.reveal().as_bytes());
        if !self.db.insert_viewer(viewer.clone(), token_hash, client, now_ms(), MOST_VIEWERS).await? {
            let detail = format!("{} people came to this session, as many as may", MOST_VIEWERS.of_session);
            return Err(Failure::new(Kind::LimitReached, detail));
        }
        Ok(Joined { session: shown(row), viewer: Viewer { id: viewer.id, token, role, slot } })
    }

    /// A session that goes on.
    async fn open_row(&self, session: &SessionId) -> Result<SessionRow, Failure> {
        let row = self.row(session).await?;
        if row.state.is_final() { Err(ended(&row)) } else { Ok(row) }
    }

    /// Whether somebody may come for a seat.
    async fn check_seat(&self, row: &SessionRow, slot: u8) -> Result<(), Failure> {
        let players = self.catalogue.get(&row.title).map_or(1, |entry| entry.manifest.players.max);
        if slot >= players {
            let detail = format!("`slot` must be 0 to {}: so many can play this title", players - 1);
            return Err(malformed(&detail));
        }
        if self.seats(row).await?.contains(&slot) {
            let detail = format!("somebody plays as player {} already", slot + 1);
            return Err(Failure::new(Kind::SeatTaken, detail));
        }
        Ok(())
    }

    /// Seats of a session that are not free.
    async fn seats(&self, row: &SessionRow) -> Result<Vec<u8>, Failure> {
        match self.ask(&row.node, &Request::Seats { session: row.id.clone() }, SEATS).await? {
            Reply::Seats { taken } => Ok(taken),
            other => Err(unexpected(&other)),
        }
    }

    fn token(&self, key: Option<Hash>, id: &str) -> Result<Token, Failure> {
        Ok(match key {
            Some(key) => derive(&self.secret, &key, id),
            None => Token::from_entropy(random()?),
        })
    }
}

/// The address of the page that a link opens. The secret is behind a `#`, which browsers send to nobody.
pub(crate) fn join_path(token: &Token) -> String {
    format!("/join#{}", token.reveal())
}

fn told(InviteRow { id, role, slot, expires_ms, .. }: InviteRow) -> Invite {
    Invite { id, role, slot, expires_ms }
}

fn malformed(detail: &str) -> Failure {
    Failure::new(Kind::Malformed, detail)
}
