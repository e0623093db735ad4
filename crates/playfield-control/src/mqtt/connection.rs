//! One connection: let in by what it proves, then messages both ways until one side has enough.

use std::sync::Arc;
use std::time::Duration;

use playfield_core::evp::MOST_MESSAGE;
use playfield_core::evp::topic::Filters;
use playfield_store::db::{EvpDevice, Hash};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::codec::{self, Connect, ConnectCode, Malformed, Packet, Publish, Qos};
use super::device::Device;
use super::outbox::{Full, Outbox};
use super::{Mqtt, Place, stranger};
use crate::pace::Pace;
use crate::secret::hash;

/// How long a client may take to say who it is.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of that.
const MOST_CONNECT: usize = 8 * 1024;
/// A packet: a device's largest message, and its topic.
const MOST_PACKET: usize = MOST_MESSAGE + 512;
/// How long nothing of what is sent may be taken.
const STALL: Duration = Duration::from_secs(30);
/// Who promises no sign of life is given this long.
const SILENT: Duration = Duration::from_secs(1200);
/// Events that count as one more message.
const EVENTS: usize = 16;
/// Bytes that are read at once.
const READ: usize = 4 * 1024;

/// Why a connection ends.
pub(super) struct End(pub String);

impl From<Full> for End {
    fn from(Full: Full) -> End {
        End("it takes less than is sent to it".to_owned())
    }
}

impl From<Malformed> for End {
    fn from(malformed: Malformed) -> End {
        End(malformed.to_string())
    }
}

fn end<T>(why: &str) -> Result<T, End> {
    Err(End(why.to_owned()))
}

/// Serves a connection until its end. `certificate` is the hash of what it proved to have the key of.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mqtt: &Arc<Mqtt>,
    stream: S,
    certificate: Option<Hash>,
    stopping: watch::Receiver<bool>,
) {
    let mut line = Line::new(stream);
    match admit(mqtt, &mut line, certificate).await {
        Ok(guest) => attend(mqtt, &mut line, guest, stopping).await,
        Err(End(why)) => tracing::debug!(%why, "somebody was not let in"),
    }
    // What is refused is still told, if it is heard.
    let _ = timeout(Duration::from_secs(2), line.close()).await;
}

/// Who was let in.
struct Guest {
    device: EvpDevice,
    filters: Filters,
    keep_alive_s: u16,
}

/// Lets a client in, if it proves to be a device of ours.
async fn admit<S: AsyncRead + AsyncWrite + Unpin>(
    mqtt: &Mqtt,
    line: &mut Line<S>,
    certificate: Option<Hash>,
) -> Result<Guest, End> {
    let first = timeout(CONNECT, line.packet(MOST_CONNECT)).await;
    let connect = match first.map_err(|_| End("it says nothing".to_owned()))? {
        Ok(Packet::Connect(connect)) => connect,
        Ok(_) => return end("it does not say first who it is"),
        Err(refused) => return Err(refused),
    };
    if connect.client.is_empty() && !connect.clean {
        line.tell(&Packet::ConnAck(ConnectCode::Identifier))?;
        return end("it has no id to be found again by");
    }
    let keep_alive_s = connect.keep_alive_s;
    match (find(mqtt, &connect, certificate).await, certificate) {
        (Ok(Some(device)), _) => {
            line.tell(&Packet::ConnAck(ConnectCode::Accepted))?;
            Ok(Guest { device, filters: Filters::default(), keep_alive_s })
        }
        (Ok(None), Some(certificate)) if connect.user.is_none() => {
            line.tell(&Packet::ConnAck(ConnectCode::Accepted))?;
            let (device, filters) = stranger::enrol(mqtt, line, certificate).await?;
            Ok(Guest { device, filters, keep_alive_s })
        }
        (Ok(None), _) => {
            let code = if connect.user.is_some() { ConnectCode::BadCredentials } else { ConnectCode::NotAuthorised };
            line.tell(&Packet::ConnAck(code))?;
            end("it is no device of ours")
        }
        (Err(error), _) => {
            tracing::error!(%error, "a device could not be looked up");
            line.tell(&Packet::ConnAck(ConnectCode::Unavailable))?;
            end("it could not be looked up")
        }
    }
}

/// The device that a client is: by its certificate, or by user and password.
async fn find(
    mqtt: &Mqtt,
    connect: &Connect,
    certificate: Option<Hash>,
) -> Result<Option<EvpDevice>, playfield_store::db::DbError> {
    if let Some(certificate) = certificate {
        let device = mqtt.db.evp_by_certificate(certificate).await?;
        if device.is_some() {
            return Ok(device.filter(|device| !device.revoked));
        }
    }
    let (Some(user), Some(password)) = (&connect.user, &connect.password) else { return Ok(None) };
    let Ok(id) = user.parse() else { return Ok(None) };
    // Looked up by its hash: how long that takes says nothing of the password.
    Ok(mqtt.db.evp_by_password(id, hash(password)).await?.filter(|device| !device.revoked))
}

/// A device is here.
async fn attend<S: AsyncRead + AsyncWrite + Unpin>(
    mqtt: &Arc<Mqtt>,
    line: &mut Line<S>,
    guest: Guest,
    mut stopping: watch::Receiver<bool>,
) {
    let id = guest.device.id.clone();
    let mut place = mqtt.come(&id);
    let ended = match Device::new(mqtt, guest.device, guest.filters).await {
        Ok(mut device) => {
            let ended = tokio::select! {
                ended = converse(mqtt, line, &mut device, &mut place, guest.keep_alive_s) => ended,
                _ = stopping.wait_for(|stop| *stop) => End("the server stops".to_owned()),
            };
            device.close().await;
            ended
        }
        Err(ended) => ended,
    };
    mqtt.go(&id, &place);
    tracing::info!(device = %id, why = %ended.0, "a device is gone");
    mqtt.tell(&id, super::What::Disconnected(ended.0));
}

/// Messages both ways, until it ends.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mqtt: &Mqtt,
    line: &mut Line<S>,
    device: &mut Device,
    place: &mut Place,
    keep_alive_s: u16,
) -> End {
    let silent = if keep_alive_s == 0 { SILENT } else { Duration::from_millis(1500 * u64::from(keep_alive_s)) };
    let start = Instant::now();
    let mut messages = Pace::new(mqtt.config.messages_per_s, start);
    let mut bytes = Pace::new(mqtt.config.kb_per_s.saturating_mul(1024), start);
    let (mut heard, mut listen_at, mut taken) = (start, start, start);
    loop {
        // What has come whole, as fast as the device may speak.
        while Instant::now() >= listen_at {
            let before = line.inbox.len();
            let packet = match line.next(MOST_PACKET) {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(broken) => return broken.into(),
            };
            let now = Instant::now();
            heard = now;
            listen_at = now + messages.take(now, 1).max(bytes.take(now, before - line.inbox.len()));
            if let Err(ended) = handle(line, device, packet).await {
                return ended;
            }
        }
        if let Err(full) = device.drain(&mut line.outbox).await {
            return full.into();
        }
        let now = Instant::now();
        // One message can be many events, and others have to hear them all.
        listen_at = listen_at.max(now + messages.take(now, device.told() / EVENTS));
        if line.outbox.next().is_empty() {
            taken = now;
        }
        // Of who has to wait, silence is not held against it.
        let heard_by = heard.max(listen_at) + silent;
        let paced = (listen_at > now).then_some(listen_at);
        let deadline = [Some(heard_by), Some(taken + STALL), paced, device.next_timeout()];
        let deadline = deadline.into_iter().flatten().min().unwrap_or(heard_by);
        let Line { reader, writer, inbox, outbox, unflushed, .. } = line;
        let (sending, mut piece) = (!outbox.next().is_empty(), [0; READ]);
        tokio::select! {
            // What is decided here comes before what the device says next.
            biased;
            () = sleep_until(deadline) => {
                let now = Instant::now();
                if now >= heard_by {
                    return End("it was silent for longer than it said".to_owned());
                }
                if now >= taken + STALL {
                    return End("it takes nothing of what is sent to it".to_owned());
                }
                device.handle_timeout();
            }
            _ = place.end.changed() => {
                let why = place.end.borrow().unwrap_or("somebody else has its place");
                return End(why.to_owned());
            }
            Some(order) = place.orders.recv() => device.order(order),
            pushed = push(writer, outbox.next()), if sending || *unflushed => match pushed {
                Ok(None) => *unflushed = false,
                Ok(Some(n)) => {
                    outbox.sent(n);
                    *unflushed = true;
                    taken = Instant::now();
                }
                Err(error) => return End(error.to_string()),
            },
            read = reader.read(&mut piece), if paced.is_none() && inbox.len() < MOST_PACKET + READ => match read {
                Ok(0) => return End("it closed the connection".to_owned()),
                Ok(n) => inbox.extend_from_slice(&piece[..n]),
                Err(error) => return End(error.to_string()),
            },
        }
    }
}

/// Sends some of the bytes, and says how many; without any, what was sent is made to leave.
async fn push<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> std::io::Result<Option<usize>> {
    if bytes.is_empty() {
        return writer.flush().await.map(|()| None);
    }
    match writer.write(bytes).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        n => Ok(Some(n)),
    }
}

/// What a device does.
async fn handle<S: AsyncRead + AsyncWrite + Unpin>(
    line: &mut Line<S>,
    device: &mut Device,
    packet: Packet,
) -> Result<(), End> {
    match packet {
        Packet::Publish(Publish { qos: Qos::ExactlyOnce, .. }) => return end("QoS 2 is not spoken here"),
        Packet::Publish(message) => {
            device.publish(&message.topic, &message.payload);
            // What it did is kept before it is acknowledged.
            device.drain(&mut line.outbox).await?;
            if message.qos == Qos::AtLeastOnce {
                line.tell(&Packet::PubAck(message.id))?;
            }
        }
        Packet::PubAck(id) => {
            if !line.outbox.acknowledged(id) {
                return end("it acknowledges what was not sent");
            }
        }
        Packet::Subscribe { id, filters } => {
            let granted = filters.into_iter().map(|(filter, qos)| device.subscribe(&filter, qos)).collect();
            line.tell(&Packet::SubAck { id, granted })?;
        }
        Packet::Unsubscribe { id, filters } => {
            filters.iter().for_each(|filter| device.unsubscribe(filter));
            line.tell(&Packet::UnsubAck(id))?;
        }
        Packet::PingReq => line.tell(&Packet::PingResp)?,
        Packet::Disconnect => return end("it took its leave"),
        Packet::Connect(_) => return end("it says twice who it is"),
        Packet::ConnAck(_) | Packet::SubAck { .. } | Packet::UnsubAck(_) | Packet::PingResp => {
            return end("it speaks as if it were the server");
        }
    }
    Ok(())
}

/// The bytes of a connection.
pub(super) struct Line<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    inbox: Vec<u8>,
    outbox: Outbox,
    unflushed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    fn new(stream: S) -> Line<S> {
        let (reader, writer) = tokio::io::split(stream);
        Line { reader, writer, inbox: Vec::new(), outbox: Outbox::default(), unflushed: false }
    }

    /// The next packet, if it has come whole.
    fn next(&mut self, most: usize) -> Result<Option<Packet>, Malformed> {
        let Some((packet, used)) = codec::read(&self.inbox, most)? else { return Ok(None) };
        self.inbox.drain(..used);
        Ok(Some(packet))
    }

    /// The next packet. What waits to be sent is sent meanwhile.
    async fn packet(&mut self, most: usize) -> Result<Packet, End> {
        loop {
            match self.next(most) {
                Ok(Some(packet)) => return Ok(packet),
                Ok(None) => {}
                Err(malformed) => {
                    // Of other versions and of this one the answer begins alike.
                    if matches!(malformed, Malformed::Version(_)) {
                        self.tell(&Packet::ConnAck(ConnectCode::Version))?;
                    }
                    return Err(malformed.into());
                }
            }
            self.send().await?;
            let mut piece = [0; 1024];
            match self.reader.read(&mut piece).await {
                Ok(0) => return end("it closed the connection"),
                Ok(n) => self.inbox.extend_from_slice(&piece[..n]),
                Err(error) => return Err(End(error.to_string())),
            }
        }
    }

    /// The next packet before a moment; none: it did not come.
    pub async fn packet_before(&mut self, deadline: Instant) -> Option<Result<Packet, End>> {
        timeout_at(deadline, self.packet(MOST_CONNECT)).await.ok()
    }

    /// Something is to be sent.
    pub fn tell(&mut self, packet: &Packet) -> Result<(), Full> {
        self.outbox.put(packet)
    }

    async fn send(&mut self) -> Result<(), End> {
        let sent = async {
            while let Some(n) = push(&mut self.writer, self.outbox.next()).await? {
                self.outbox.sent(n);
            }
            Ok::<_, std::io::Error>(())
        };
        sent.await.map_err(|error| End(error.to_string()))
    }

    async fn close(&mut self) {
        if self.send().await.is_ok() {
            // The other side may be gone already.
            let _ = self.writer.shutdown().await;
        }
    }
}
