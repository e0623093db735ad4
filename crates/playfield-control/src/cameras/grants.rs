//! Leave to see what a camera sees: asked for with a reason, on record for good, and over by itself.
//!
//! Whoever has it attaches to the camera's session as a spectator whose time ends with the grant; the worker holds to that. Only
//! while such a viewer is attached does a picture leave the camera's process at all.

use playfield_core::api::{CreateGrant, Grant, Granted, Grants, Role, Viewer};
use playfield_core::bus::Request;
use playfield_core::id::{DeviceId, GrantId, Token, ViewerId};
use playfield_core::people::Person;
use playfield_core::permission::Permissions;
use playfield_store::db::{Entry, GrantRow, Guests, ViewerRow};

use super::START;
use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::secret::{hash, random};
use crate::sessions::shown;

/// Longest grant.
const MOST_MINUTES: u32 = 60;
/// Grants that are listed.
const LISTED: u32 = 100;
/// Most viewers of one camera's session on record: each grant makes one.
const VIEWERS: Guests = Guests { of_session: 10_000, of_client: 10_000 };

impl App {
    /// Lets the caller see what a camera sees, for a while.
    pub(crate) async fn grant(&self, id: &DeviceId, wanted: CreateGrant, client: String) -> Result<Granted, Failure> {
        let reason = check_reason(&wanted.reason)?;
        if !(1..=MOST_MINUTES).contains(&wanted.minutes) {
            return Err(Failure::new(Kind::Malformed, format!("`minutes` must be 1 to {MOST_MINUTES}")));
        }
        self.device(id).await?;
        let off = || Failure::new(Kind::NoNode, "this camera is not at work just now; try again in a moment");
        let session = self.cameras.session_of(id).ok_or_else(off)?;
        let row = self.open_row(&session).await?;
        let now = now_ms();
        let expires_ms = now + u64::from(wanted.minutes) * 60_000;
        let viewer = ViewerId::from_entropy(random()?);
        let token = Token::from_entropy(random()?);
        let grant = GrantRow {
            id: GrantId::from_entropy(random()?),
            device: id.clone(),
            reason: reason.to_owned(),
            client: client.clone(),
            viewer: viewer.clone(),
            created_ms: now,
            expires_ms,
            ended_ms: None,
        };
        // On record before anything can be seen.
        self.db.insert_grant(grant.clone()).await?;
        tracing::info!(device = %id, grant = %grant.id, reason, minutes = wanted.minutes, "a camera's pictures may be seen");
        let person = Person {
            may: Some(Permissions::NONE),
            expires_ms: Some(expires_ms),
            ..Person::new(viewer.clone(), Role::Spectator, None)
        };
        let guest = ViewerRow::new(session, person);
        let entry = self.db.insert_viewer(guest, hash(token.reveal().as_bytes()), client, now, VIEWERS).await?;
        if !matches!(entry, Entry::In(_)) {
            return Err(Failure::new(Kind::LimitReached, "too many looked at this camera since it started"));
        }
        let viewer = Viewer { id: viewer, token, role: Role::Spectator, slot: None };
        Ok(Granted { grant: shown_grant(grant), session: shown(row), viewer })
    }

    /// Who might see what a camera sees, and when.
    pub(crate) async fn grants(&self, id: &DeviceId) -> Result<Grants, Failure> {
        self.device(id).await?;
        let grants = self.db.grants(id.clone(), LISTED).await?;
        Ok(Grants { grants: grants.into_iter().map(shown_grant).collect() })
    }

    /// Takes a grant back: whoever looks by it is put out at once.
    pub(crate) async fn end_grant(&self, id: &DeviceId, grant: GrantId) -> Result<(), Failure> {
        let device = self.db.device(id.clone()).await?;
        let none = || Failure::new(Kind::NotFound, "there is no such grant, or it is over");
        let device = device.ok_or_else(none)?;
        let ended = self.db.end_grant(id.clone(), grant, now_ms()).await?.ok_or_else(none)?;
        tracing::info!(device = %id, grant = %ended.id, "a camera's pictures may be seen no longer");
        if let Some(session) = self.cameras.session_of(id) {
            let remove = Request::Remove { session, viewer: ended.viewer.clone() };
            // Who is not there cannot be put out; who comes later finds no token.
            let _ = self.ask(&device.node, &remove, START).await;
        }
        Ok(self.db.remove_viewer(ended.viewer).await?)
    }
}

/// A reason, as it is kept.
pub(super) fn check_reason(reason: &str) -> Result<&str, Failure> {
    let reason = reason.trim();
    let length = reason.chars().count();
    if !(3..=200).contains(&length) || reason.chars().any(char::is_control) {
        return Err(Failure::new(Kind::Malformed, "`reason` must be 3 to 200 characters that say why"));
    }
    Ok(reason)
}

pub(super) fn shown_grant(row: GrantRow) -> Grant {
    let GrantRow { id, reason, client, created_ms, expires_ms, ended_ms, .. } = row;
    Grant { id, reason, client, created_ms, expires_ms, ended_ms }
}
