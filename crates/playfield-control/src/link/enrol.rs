//! Machines that come for the first time, with a code that an operator got.

use playfield_core::api::Enrolment;
use playfield_core::camera::{Desired, Source};
use playfield_core::id::{DeviceId, NodeId, Token};
use playfield_core::link::Invitation;
use playfield_store::db::{DeviceRow, Hash, NodeRow, Redeemed};
use tokio::sync::OwnedRwLockReadGuard;

use crate::app::App;
use crate::cameras::name;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::secret::{hash, random};

/// How long a code lets somebody in.
const LIFE_MS: u64 = 15 * 60_000;
/// Letters of a code: no look-alikes. 32 of them, so that a byte's lowest five bits are one.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// How many: 60 bits, each for a quarter of an hour, and wrong tries are rationed.
const LENGTH: usize = 12;

/// A machine that is new, and its first camera.
struct Fresh {
    node: NodeRow,
    token: Token,
    device: DeviceRow,
    /// What its camera needs stays until it is written down.
    named: OwnedRwLockReadGuard<()>,
}

/// Who joined.
pub(super) struct Joined {
    pub node: NodeId,
    pub token: Token,
}

impl App {
    /// A code for one machine. `server` is how devices reach this server.
    pub(crate) async fn enrol(&self, server: String) -> Result<Enrolment, Failure> {
        let entropy: [u8; LENGTH] = random()?;
        let letters: Vec<u8> = entropy.iter().map(|byte| LETTERS[usize::from(byte & 31)]).collect();
        let groups: Vec<_> = letters.chunks(4).map(String::from_utf8_lossy).collect();
        let code = Token::from(groups.join("-"));
        let now = now_ms();
        self.db.insert_enrolment(hash(code.reveal().as_bytes()), now, now + LIFE_MS).await?;
        let key = server.starts_with("https://").then(|| self.links.key.get().cloned()).flatten();
        let address = Invitation { server, code: code.clone(), key }.reveal();
        Ok(Enrolment { code, address, expires_ms: now + LIFE_MS })
    }

    /// Lets a machine in. Whoever guesses codes is slowed down like who guesses the sign-in.
    pub(super) async fn join_machine(
        &self,
        code: &Token,
        wanted: &str,
        desired: Option<Desired>,
        client: &str,
    ) -> Result<Joined, Failure> {
        let Fresh { node: row, token, device, named: _named } = self.fresh(wanted, desired).await?;
        let (node, camera) = (row.id.clone(), device.id.clone());
        self.access.try_code(client)?;
        let code = hash(code.reveal().trim().to_ascii_uppercase().as_bytes());
        let wrong = |detail: &str| Err(Failure::new(Kind::BadToken, detail.to_owned()));
        match self.db.redeem(Some(code), row, hash(token.reveal().as_bytes()), device).await? {
            Redeemed::In => {
                self.access.right_code(client);
                self.cameras.is_elsewhere(camera);
                tracing::info!(%node, name = wanted, "a machine with a camera joined");
                Ok(Joined { node, token })
            }
            Redeemed::Used => wrong("a machine joined with this code before; get another one, each is for one machine"),
            Redeemed::Unknown => wrong("this code is not known, or its quarter of an hour is over; get another one"),
        }
    }

    /// Lets a machine in by its certificate, whose chain was looked at. One that was here before is the same machine, with another
    /// token; one that was turned away stays so.
    pub(super) async fn join_by_certificate(
        &self,
        certificate: Hash,
        wanted: &str,
        desired: Option<Desired>,
    ) -> Result<Joined, Failure> {
        let Fresh { node: row, token, device, named: _named } = self.fresh(wanted, desired).await?;
        let (fresh, camera, known) = (row.id.clone(), device.id.clone(), hash(token.reveal().as_bytes()));
        let node = self.db.join_by_certificate(certificate, row, known, device).await?;
        let away = || Failure::new(Kind::Forbidden, "a machine with this certificate was turned away");
        let node = node.ok_or_else(away)?;
        if node == fresh {
            self.cameras.is_elsewhere(camera);
        }
        tracing::info!(%node, name = wanted, "a machine with a camera joined by its certificate");
        Ok(Joined { node, token })
    }

    async fn fresh(&self, wanted: &str, desired: Option<Desired>) -> Result<Fresh, Failure> {
        let name = name(wanted)?;
        let desired = desired.unwrap_or_else(|| Desired::new(Source::Scene { seed: None }));
        let named = self.check_desired(&desired, None, false).await?;
        let (node, token, now) = (NodeId::from_entropy(random()?), Token::from_entropy(random()?), now_ms());
        let row = NodeRow {
            id: node.clone(),
            name: name.clone(),
            created_ms: now,
            revoked_ms: None,
            seen_ms: None,
            machine: None,
        };
        let device = DeviceRow {
            id: DeviceId::from_entropy(random()?),
            name,
            node,
            desired: serde_json::to_string(&desired).map_err(Failure::internal)?,
            version: 1,
            created_ms: now,
            revoked_ms: None,
            tags: Vec::new(),
        };
        Ok(Fresh { node: row, token, device, named })
    }
}
