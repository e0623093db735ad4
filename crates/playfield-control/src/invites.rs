//! Links into sessions: made by the host, looked at and used by whoever has one, taken back.
//!
//! A link is a secret, of which a hash is kept. It says what those who come by it are and may do, how many may come, and how long
//! it is good; each of them becomes a viewer with a token of its own. Who plays from which seat the worker decides when they connect: what is looked up here is only so that
//! people are told before.

use std::time::Duration;

use playfield_core::api::{CreateInvite, CreatedInvite, Invitation, Invite, Join, Joined, Role, Viewer};
use playfield_core::bus::{Reply, Request};
use playfield_core::id::{InviteId, SessionId, Token, ViewerId};
use playfield_core::people::{Person, name};
use playfield_store::db::{Entry, Guests, Hash, InviteRow, SessionRow, ViewerRow};

use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::secret::{derive, hash, random};
use crate::sessions::{ended, shown, unexpected};

/// How long a link is good where nothing is said, in seconds.
const EXPIRES_S: u32 = 3600;
/// The shortest and the longest it may be.
const EXPIRES_RANGE_S: std::ops::RangeInclusive<u32> = 60..=86_400;
/// How many people one may let in, where that is counted.
const USES: std::ops::RangeInclusive<u32> = 1..=1000;
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
        if expires_s != 0 && !EXPIRES_RANGE_S.contains(&expires_s) {
            return Err(malformed("`expires_s` must be 60 to 86400 seconds, or 0 for as long as the session"));
        }
        if wanted.stay_s.is_some_and(|stay_s| !EXPIRES_RANGE_S.contains(&stay_s)) {
            return Err(malformed("`stay_s` must be 60 to 86400 seconds"));
        }
        if wanted.uses.is_some_and(|uses| !USES.contains(&uses)) {
            return Err(malformed("`uses` must be 1 to 1000"));
        }
        match (wanted.role, wanted.slot) {
            (Role::Spectator, _) if wanted.may.is_some() => {
                return Err(malformed("a `spectator` may do nothing, so there is no `may`"));
            }
            (Role::Player, slot) => self.check_seat(&row, slot).await?,
            (Role::Spectator, None) => {}
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
            may: wanted.may,
            created_ms,
            expires_ms: (expires_s != 0).then(|| created_ms + u64::from(expires_s) * 1000),
            uses: wanted.uses,
            used: 0,
            stay_s: wanted.stay_s,
            revoked: false,
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
        self.db.revoke_invite(session.clone(), id, now_ms()).await?.then_some(()).ok_or_else(none)
    }

    /// The link that a secret is of, if it is good: its session has not ended, nor its time.
    pub(crate) async fn invite(&self, secret: &str) -> Result<(InviteRow, SessionRow), Failure> {
        let unknown = || {
            let detail = "this link is not valid; it may have been copied in part. Ask for another one";
            Failure::new(Kind::NotFound, detail)
        };
        let over = |kind, why: &str| Failure::new(kind, format!("{why}; ask whoever invited you for another one"));
        let invite = self.db.invite_by_token(hash(secret.as_bytes())).await?.ok_or_else(unknown)?;
        let row = self.open_row(&invite.session).await?;
        if invite.revoked {
            return Err(over(Kind::InviteRevoked, "it was taken back"));
        }
        if invite.expires_ms.is_some_and(|expires| now_ms() >= expires) {
            return Err(over(Kind::InviteExpired, "it was good for a while only"));
        }
        if let Some(uses) = invite.uses.filter(|uses| invite.used >= *uses) {
            return Err(used_up(uses));
        }
        Ok((invite, row))
    }

    /// What a link leads to.
    pub(crate) async fn invitation(&self, secret: &str) -> Result<Invitation, Failure> {
        let (invite, row) = self.invite(secret).await?;
        let name =
            self.catalogue.get(&row.title).map_or_else(|| row.title.clone(), |entry| entry.manifest.name.clone());
        let taken = match (invite.role, invite.slot) {
            (Role::Spectator, _) => false,
            (_, Some(slot)) => self.seats(&row).await?.contains(&slot),
            (_, None) => self.seats(&row).await?.len() >= usize::from(self.players(&row)),
        };
        Ok(Invitation { session: row.id, title: row.title, name, taken, invite: told(invite) })
    }

    /// Lets somebody in who has a link.
    pub(crate) async fn join(
        &self,
        secret: &str,
        wanted: Join,
        client: String,
        key: Option<Hash>,
    ) -> Result<Joined, Failure> {
        let (invite, row) = self.invite(secret).await?;
        if invite.role == Role::Player {
            self.check_seat(&row, invite.slot).await?;
        }
        let InviteRow { id, role, slot, may, uses, stay_s, .. } = invite;
        let viewer = ViewerId::from_entropy(random()?);
        let token = self.token(key, viewer.as_str())?;
        let expires_ms = stay_s.map(|stay_s| now_ms() + u64::from(stay_s) * 1000);
        let name = wanted.name.as_deref().and_then(name::clean);
        let person = Person { may, name, expires_ms, ..Person::new(viewer.clone(), role, slot) };
        let guest = ViewerRow { invite: Some(id), ..ViewerRow::new(row.id.clone(), person) };
        let token_hash = hash(token.reveal().as_bytes());
        match self.db.insert_viewer(guest, token_hash, client, now_ms(), MOST_VIEWERS).await? {
            Entry::In(_) => Ok(Joined { session: shown(row), viewer: Viewer { id: viewer, token, role, slot } }),
            Entry::UsedUp => Err(used_up(uses.unwrap_or_default())),
            Entry::Full => {
                let detail = format!("{} people came to this session, as many as may", MOST_VIEWERS.of_session);
                Err(Failure::new(Kind::LimitReached, detail))
            }
        }
    }

    /// A session that goes on.
    pub(crate) async fn open_row(&self, session: &SessionId) -> Result<SessionRow, Failure> {
        let row = self.row(session).await?;
        if row.state.is_final() { Err(ended(&row)) } else { Ok(row) }
    }

    /// How many can play the title of a session.
    fn players(&self, row: &SessionRow) -> u8 {
        self.catalogue.get(&row.title).map_or(1, |entry| entry.manifest.players.max)
    }

    /// Whether somebody may come for a seat, or for any.
    async fn check_seat(&self, row: &SessionRow, slot: Option<u8>) -> Result<(), Failure> {
        let players = self.players(row);
        if slot.is_some_and(|slot| slot >= players) {
            let detail = format!("`slot` must be 0 to {}: so many can play this title", players - 1);
            return Err(malformed(&detail));
        }
        let taken = self.seats(row).await?;
        let detail = match slot {
            Some(slot) if taken.contains(&slot) => format!("somebody plays as player {} already", slot + 1),
            None if taken.len() >= usize::from(players) => "somebody plays from every seat already".to_owned(),
            _ => return Ok(()),
        };
        Err(Failure::new(Kind::SeatTaken, detail))
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

fn told(InviteRow { id, role, slot, may, expires_ms, uses, used, stay_s, .. }: InviteRow) -> Invite {
    Invite { id, role, slot, may, expires_ms, uses, used, stay_s }
}

fn used_up(uses: u32) -> Failure {
    let people = if uses == 1 { "one person".to_owned() } else { format!("{uses} people") };
    let detail = format!("it was good for {people}, and was used; ask whoever invited you for another one");
    Failure::new(Kind::InviteUsed, detail)
}

pub(crate) fn malformed(detail: &str) -> Failure {
    Failure::new(Kind::Malformed, detail)
}
