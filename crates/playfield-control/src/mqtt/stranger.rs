//! A client whose certificate nobody knows: it may come with the secret it was given to enrol itself, once, and nothing else.

use std::time::Duration;

use playfield_core::evp::topic::{Filters, Topic};
use playfield_store::db::{EvpDevice, Hash};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::Mqtt;
use super::codec::{Packet, Publish, Qos};
use super::connection::{End, Line};
use crate::secret::hash;

/// How long it may take.
const TIME: Duration = Duration::from_secs(60);
/// Packets it may need.
const PACKETS: usize = 32;

/// Waits for the secret. From then on the certificate is that of the device which the secret was given to.
pub(super) async fn enrol<S: AsyncRead + AsyncWrite + Unpin>(
    mqtt: &Mqtt,
    line: &mut Line<S>,
    certificate: Hash,
) -> Result<(EvpDevice, Filters), End> {
    let (deadline, mut filters) = (Instant::now() + TIME, Filters::default());
    for _ in 0..PACKETS {
        let Some(packet) = line.packet_before(deadline).await else { break };
        match packet? {
            Packet::Subscribe { id, filters: wanted } => {
                let granted = wanted.into_iter().map(|(filter, _)| filters.add(&filter).then_some(Qos::AtMostOnce));
                line.tell(&Packet::SubAck { id, granted: granted.collect() })?;
            }
            Packet::PingReq => line.tell(&Packet::PingResp)?,
            Packet::Publish(message) => {
                if let Some(token) = token(&message) {
                    return Ok((known(mqtt, token, certificate).await?, filters));
                }
                if message.qos == Qos::AtLeastOnce {
                    line.tell(&Packet::PubAck(message.id))?;
                }
            }
            _ => break,
        }
    }
    Err(End("its certificate is nobody's, and it does not enrol".to_owned()))
}

/// The secret in a message, if there is one. It is never answered whether it was right, but by the connection.
fn token(message: &Publish) -> Option<String> {
    let telemetry = Topic::parse(&message.topic) == Some(Topic::Telemetry);
    let value: Value = serde_json::from_slice(&message.payload).ok().filter(|_| telemetry)?;
    value.get("$system/auto_enrollment")?.get("token")?.as_str().map(str::to_owned)
}

async fn known(mqtt: &Mqtt, token: String, certificate: Hash) -> Result<EvpDevice, End> {
    match mqtt.db.enrol_evp(hash(token.as_bytes()), certificate).await {
        Ok(Some(device)) => {
            tracing::info!(device = %device.id, "a device has enrolled itself");
            Ok(device)
        }
        Ok(None) => Err(End("the secret it enrols with is nobody's".to_owned())),
        Err(error) => {
            tracing::error!(%error, "a device could not be enrolled");
            Err(End("it could not be enrolled".to_owned()))
        }
    }
}
