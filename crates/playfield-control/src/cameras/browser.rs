//! Cameras of browsers: links that make one of a phone or a computer, and the offers of those who come by them (WHIP, RFC 9725).
//!
//! A link is a secret, of which a hash is kept; it is for one camera, says nothing of who has it, and lets nobody see or change
//! anything: whoever has it may be that camera. It stays on record once it is over.

use std::time::Duration;

use playfield_core::api::{
    CameraInvitation, CameraLink, CameraLinks, CreateCameraLink, CreatedCameraLink, EndReason, SeenUntil,
};
use playfield_core::bus::{Ingest, Reply, Request};
use playfield_core::camera::{Desired, Source};
use playfield_core::id::{CameraLinkId, DeviceId, IngestId, Token};
use playfield_store::db::{CameraLinkRow, DeviceRow};

use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::invites::malformed;
use crate::secret::{hash, random};
use crate::sessions::unexpected;

/// How long a link is good where nothing is said, in seconds.
const EXPIRES_S: u32 = 86_400;
/// The shortest and the longest it may be.
const EXPIRES_RANGE_S: std::ops::RangeInclusive<u32> = 300..=31_536_000;
/// Links of a camera that are good at a time, and links that are listed.
const MOST: u32 = 32;
const LISTED: u32 = 100;
/// How long a node may take over an offer.
const ANSWER: Duration = Duration::from_secs(15);

/// What a link leads to.
struct Led {
    link: CameraLinkRow,
    device: DeviceRow,
    desired: Desired,
}

impl App {
    /// Makes a link by which a browser is a camera.
    pub(crate) async fn create_camera_link(
        &self,
        id: &DeviceId,
        wanted: CreateCameraLink,
        client: String,
    ) -> Result<CreatedCameraLink, Failure> {
        let expires_s = wanted.expires_s.unwrap_or(EXPIRES_S);
        if expires_s != 0 && !EXPIRES_RANGE_S.contains(&expires_s) {
            return Err(malformed("`expires_s` must be 300 to 31536000 seconds, or 0 for until it is taken back"));
        }
        if !matches!(self.device(id).await?.desired.source, Source::Browser {}) {
            return Err(elsewhere());
        }
        let (token, created_ms) = (Token::from_entropy(random()?), now_ms());
        let link = CameraLinkRow {
            id: CameraLinkId::from_entropy(random()?),
            device: id.clone(),
            client,
            created_ms,
            expires_ms: (expires_s != 0).then(|| created_ms + u64::from(expires_s) * 1000),
            ended_ms: None,
            used: None,
        };
        if !self.db.insert_camera_link(link.clone(), hash(token.reveal().as_bytes()), MOST).await? {
            let detail = format!("this camera has {MOST} links, as many as it may; take one back");
            return Err(Failure::new(Kind::LimitReached, detail));
        }
        tracing::info!(device = %id, link = %link.id, "a link makes a browser a camera");
        let path = format!("/camera#{}", token.reveal());
        Ok(CreatedCameraLink { link: told(link), token, path })
    }

    /// The links of a camera, also those that are over.
    pub(crate) async fn camera_links(&self, id: &DeviceId) -> Result<CameraLinks, Failure> {
        self.device(id).await?;
        let links = self.db.camera_links(id.clone(), LISTED).await?;
        Ok(CameraLinks { links: links.into_iter().map(told).collect() })
    }

    /// Takes a link back: who came by it is the camera no longer.
    pub(crate) async fn end_camera_link(&self, id: &DeviceId, link: CameraLinkId) -> Result<(), Failure> {
        let none = || Failure::new(Kind::NotFound, "this camera has no such link, or it is over");
        let device = self.db.device(id.clone()).await?.ok_or_else(none)?;
        if !self.db.end_camera_link(id.clone(), link.clone(), now_ms()).await? {
            return Err(none());
        }
        tracing::info!(device = %id, %link, "a link makes no browser a camera any more");
        let why = "The link was taken back by whoever looks after this camera.";
        self.put_out_ingest(&device, link, None, why).await;
        Ok(())
    }

    /// What a link is for.
    pub(crate) async fn camera_invitation(&self, secret: &str) -> Result<CameraInvitation, Failure> {
        let Led { link, device, desired } = self.led_by(secret).await?;
        let now = now_ms();
        let grants = self.db.grants(device.id.clone(), LISTED).await?.into_iter();
        let open = grants.filter(|grant| grant.ended_ms.is_none() && grant.expires_ms > now);
        let seen = open.max_by_key(|grant| grant.expires_ms);
        Ok(CameraInvitation {
            ready: self.cameras.session_of(&device.id).is_some(),
            name: device.name,
            hz: desired.hz,
            expires_ms: link.expires_ms,
            seen: seen.map(|grant| SeenUntil { expires_ms: grant.expires_ms, reason: grant.reason }),
        })
    }

    /// Answers the offer of somebody who came by a link, and is the camera from then on.
    pub(crate) async fn ingest(
        &self,
        secret: &str,
        offer: String,
        client: String,
    ) -> Result<(IngestId, String), Failure> {
        let Led { link, device, .. } = self.led_by(secret).await?;
        let off =
            || Failure::new(Kind::NoNode, "this camera is not at work just now; try again in a moment").retry_after(2);
        let session = self.cameras.session_of(&device.id).ok_or_else(off)?;
        let id = IngestId::from_entropy(random()?);
        // On record before anything comes.
        self.db.use_camera_link(link.id.clone(), client, now_ms()).await?;
        tracing::info!(device = %device.id, link = %link.id, ingest = %id, "a browser wants to be a camera");
        let ingest = Ingest { id: id.clone(), link: link.id, expires_ms: link.expires_ms, offer };
        match self.ask(&device.node, &Request::Ingest { session, ingest: Box::new(ingest) }, ANSWER).await? {
            Reply::Attached { answer } => Ok((id, answer)),
            other => Err(unexpected(&other)),
        }
    }

    /// Somebody who came by a link says goodbye.
    pub(crate) async fn leave_ingest(&self, secret: &str, id: IngestId) -> Result<(), Failure> {
        let Led { link, device, .. } = self.led_by(secret).await?;
        self.put_out_ingest(&device, link.id, Some(id), "It was ended from this browser.").await;
        Ok(())
    }

    async fn put_out_ingest(&self, device: &DeviceRow, link: CameraLinkId, ingest: Option<IngestId>, why: &str) {
        let Some(session) = self.cameras.session_of(&device.id) else { return };
        let request = Request::EndIngest { session, link, ingest, detail: why.to_owned() };
        // Who is not there cannot be put out; who comes later is not let in.
        let _ = self.ask(&device.node, &request, ANSWER).await;
    }

    /// Where a secret leads, if its link is good.
    async fn led_by(&self, secret: &str) -> Result<Led, Failure> {
        let unknown = || {
            let detail = "this link is not valid; it may have been copied in part. Ask for another one";
            Failure::new(Kind::NotFound, detail)
        };
        // Looked up by its hash: how long that takes says nothing of the secret.
        let link = self.db.camera_link_by_token(hash(secret.as_bytes())).await?.ok_or_else(unknown)?;
        let device = self.db.device(link.device.clone()).await?.ok_or_else(unknown)?;
        if link.ended_ms.is_some() || device.revoked_ms.is_some() {
            let detail = "the link was taken back; ask whoever gave it to you for another one";
            return Err(Failure::new(Kind::InviteRevoked, detail).because(EndReason::Kicked));
        }
        if link.expires_ms.is_some_and(|expires| now_ms() >= expires) {
            let detail = "the link was good for a while only; ask whoever gave it to you for another one";
            return Err(Failure::new(Kind::InviteExpired, detail).because(EndReason::InviteExpired));
        }
        let desired: Desired = serde_json::from_str(&device.desired).map_err(Failure::internal)?;
        if !matches!(desired.source, Source::Browser {}) {
            return Err(elsewhere());
        }
        Ok(Led { link, device, desired })
    }
}

fn elsewhere() -> Failure {
    let detail = "this camera takes its pictures from elsewhere; change its `source` to {\"kind\": \"browser\"} first";
    Failure::new(Kind::Refused, detail)
}

fn told(link: CameraLinkRow) -> CameraLink {
    let CameraLinkRow { id, client, created_ms, expires_ms, ended_ms, used, .. } = link;
    let (used_ms, used_by) = used.unzip();
    CameraLink { id, client, created_ms, expires_ms, ended_ms, used_ms, used_by }
}
