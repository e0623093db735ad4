//! MQTT 3.1.1 packets, read and written: both sides, so that a client can be made of it too.
//!
//! Written here because the server's side of the crates that exist comes with a broker, and a device that is told by its
//! connection wants none. Everything is checked before it is believed: lengths against what has come, UTF-8, the bits that
//! must be zero. Numbers in comments are of the standard (OASIS, 2014).

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// A client says who it is.
    Connect(Connect),
    /// Whether it may.
    ConnAck(ConnectCode),
    /// A message.
    Publish(Publish),
    /// A message of QoS 1 came.
    PubAck(u16),
    /// A client wants messages.
    Subscribe {
        /// To be named in the answer.
        id: u16,
        /// Filters, and the highest QoS for each.
        filters: Vec<(String, Qos)>,
    },
    /// Which it gets.
    SubAck {
        /// Of this packet.
        id: u16,
        /// One for each filter; none: refused.
        granted: Vec<Option<Qos>>,
    },
    /// A client wants no more of them.
    Unsubscribe {
        /// To be named in the answer.
        id: u16,
        /// Filters.
        filters: Vec<String>,
    },
    /// It gets no more of them.
    UnsubAck(u16),
    /// A client is there.
    PingReq,
    /// So is the server.
    PingResp,
    /// A client goes.
    Disconnect,
}

/// What a client says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connect {
    /// Its id; may be empty.
    pub client: String,
    /// Whether it begins anew.
    pub clean: bool,
    /// How long it may be silent, in seconds; 0: for ever.
    pub keep_alive_s: u16,
    /// Who it says it is.
    pub user: Option<String>,
    /// How it proves that.
    pub password: Option<Vec<u8>>,
    /// What should be published once it is gone without a word.
    pub will: Option<Publish>,
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publish {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// How surely.
    pub qos: Qos,
    /// Its number, where it is to be acknowledged; 0 where not.
    pub id: u16,
    /// It may have come before.
    pub again: bool,
    /// It is to be kept for those who come later.
    pub retain: bool,
}

/// How surely a message is delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Qos {
    /// At most once.
    #[default]
    AtMostOnce,
    /// At least once.
    AtLeastOnce,
    /// Exactly once.
    ExactlyOnce,
}

/// The answer to a client that wants in (3.2.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectCode {
    /// It is in.
    Accepted,
    /// It speaks another version.
    Version,
    /// Its id cannot be used.
    Identifier,
    /// Not now.
    Unavailable,
    /// User and password do not go together.
    BadCredentials,
    /// It may not.
    NotAuthorised,
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A client of another version, which is to be told so.
    #[error("it speaks version {0} of the protocol, and this is 3.1.1")]
    Version(u8),
    /// More than is taken.
    #[error("a packet of {0} bytes is more than is taken")]
    TooLarge(usize),
    /// It does not parse.
    #[error("a packet that does not parse: {0}")]
    Broken(&'static str),
}

use Malformed::Broken;

/// Reads the first packet of `bytes`, and says how many bytes it had. None: it is not whole yet. `most` is its largest size.
pub fn read(bytes: &[u8], most: usize) -> Result<Option<(Packet, usize)>, Malformed> {
    let Some((first, rest)) = bytes.split_first() else { return Ok(None) };
    let Some((length, used)) = remaining(rest)? else { return Ok(None) };
    let whole = 1 + used + length;
    if whole > most {
        return Err(Malformed::TooLarge(whole));
    }
    let Some(body) = rest.get(used..used + length) else { return Ok(None) };
    Ok(Some((parse(*first, body)?, whole)))
}

/// The length that follows the first byte (2.2.3), and of how many bytes it is made.
fn remaining(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut length = 0;
    for (nth, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 127) << (7 * nth);
        if byte & 128 == 0 {
            return Ok(Some((length, nth + 1)));
        }
    }
    if bytes.len() < 4 { Ok(None) } else { Err(Broken("its length has more than four bytes")) }
}

fn parse(first: u8, body: &[u8]) -> Result<Packet, Malformed> {
    let (kind, flags) = (first >> 4, first & 15);
    let wanted = match kind {
        3 => flags,
        8 | 10 => 2,
        _ => 0,
    };
    if flags != wanted {
        return Err(Broken("bits that must be zero"));
    }
    let mut body = Body(body);
    let packet = match kind {
        1 => Packet::Connect(connect(&mut body)?),
        2 => connack(&mut body)?,
        3 => Packet::Publish(publish(flags, &mut body)?),
        4 => Packet::PubAck(body.id()?),
        8 => subscribe(&mut body)?,
        9 => suback(&mut body)?,
        10 => unsubscribe(&mut body)?,
        11 => Packet::UnsubAck(body.id()?),
        12 => Packet::PingReq,
        13 => Packet::PingResp,
        14 => Packet::Disconnect,
        5..=7 => return Err(Broken("QoS 2 is not spoken here")),
        _ => return Err(Broken("a kind that is not known")),
    };
    if body.0.is_empty() { Ok(packet) } else { Err(Broken("more than belongs into it")) }
}

/// 3.1
fn connect(body: &mut Body) -> Result<Connect, Malformed> {
    let (name, level) = (body.bytes()?, body.u8()?);
    match (name, level) {
        (b"MQTT", 4) => {}
        (b"MQTT", other) | (b"MQIsdp", other) => return Err(Malformed::Version(other)),
        _ => return Err(Broken("it is not MQTT")),
    }
    let (flags, keep_alive_s) = (body.u8()?, body.u16()?);
    let has = |bit: u8| flags & bit != 0;
    // Without a will it has neither QoS nor is it kept; without a user there is no password.
    if has(1) || (!has(4) && has(0x38)) || (has(0x40) && !has(0x80)) {
        return Err(Broken("flags that do not go together"));
    }
    let client = body.text()?;
    let will = if has(4) {
        let (topic, payload) = (topic(body)?, body.bytes()?.to_vec());
        Some(Publish { topic, payload, qos: qos(flags >> 3 & 3)?, retain: has(0x20), ..Publish::default() })
    } else {
        None
    };
    let user = if has(0x80) { Some(body.text()?) } else { None };
    let password = if has(0x40) { Some(body.bytes()?.to_vec()) } else { None };
    Ok(Connect { client, clean: has(2), keep_alive_s, user, password, will })
}

/// 3.2
fn connack(body: &mut Body) -> Result<Packet, Malformed> {
    let (_session, code) = (body.u8()?, body.u8()?);
    let codes = [
        ConnectCode::Accepted,
        ConnectCode::Version,
        ConnectCode::Identifier,
        ConnectCode::Unavailable,
        ConnectCode::BadCredentials,
        ConnectCode::NotAuthorised,
    ];
    codes.get(usize::from(code)).map(|code| Packet::ConnAck(*code)).ok_or(Broken("an answer that is not known"))
}

/// 3.3
fn publish(flags: u8, body: &mut Body) -> Result<Publish, Malformed> {
    let qos = qos(flags >> 1 & 3)?;
    let again = flags & 8 != 0;
    if qos == Qos::AtMostOnce && again {
        return Err(Broken("flags that do not go together"));
    }
    let topic = topic(body)?;
    let id = if qos == Qos::AtMostOnce { 0 } else { body.id()? };
    let payload = std::mem::take(&mut body.0).to_vec();
    Ok(Publish { topic, payload, qos, id, again, retain: flags & 1 != 0 })
}

/// 3.8
fn subscribe(body: &mut Body) -> Result<Packet, Malformed> {
    let (id, mut filters) = (body.id()?, Vec::new());
    while !body.0.is_empty() || filters.is_empty() {
        filters.push((body.text()?, qos(body.u8()?)?));
    }
    Ok(Packet::Subscribe { id, filters })
}

/// 3.9
fn suback(body: &mut Body) -> Result<Packet, Malformed> {
    let (id, mut granted) = (body.id()?, Vec::new());
    while !body.0.is_empty() {
        let code = body.u8()?;
        granted.push(if code == 0x80 { None } else { Some(qos(code)?) });
    }
    Ok(Packet::SubAck { id, granted })
}

/// 3.10
fn unsubscribe(body: &mut Body) -> Result<Packet, Malformed> {
    let (id, mut filters) = (body.id()?, Vec::new());
    while !body.0.is_empty() || filters.is_empty() {
        filters.push(body.text()?);
    }
    Ok(Packet::Unsubscribe { id, filters })
}

fn qos(number: u8) -> Result<Qos, Malformed> {
    match number {
        0 => Ok(Qos::AtMostOnce),
        1 => Ok(Qos::AtLeastOnce),
        2 => Ok(Qos::ExactlyOnce),
        _ => Err(Broken("a QoS that is not known")),
    }
}

/// A topic of a message: no filter (3.3.2.1).
fn topic(body: &mut Body) -> Result<String, Malformed> {
    let topic = body.text()?;
    if topic.is_empty() || topic.contains(['+', '#']) { Err(Broken("a topic that is none")) } else { Ok(topic) }
}

/// What is left of a packet.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(Broken("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A packet's number, which is not 0 (2.3.1).
    fn id(&mut self) -> Result<u16, Malformed> {
        match self.u16()? {
            0 => Err(Broken("its number is 0")),
            id => Ok(id),
        }
    }

    fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// Text without U+0000 (1.5.3).
    fn text(&mut self) -> Result<String, Malformed> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| Broken("text that is no UTF-8"))?;
        if text.contains('\0') { Err(Broken("text with a zero in it")) } else { Ok(text.to_owned()) }
    }
}

/// Writes a packet behind what is in `out`. Texts and passwords of more than 65,535 bytes are cut.
pub fn write(packet: &Packet, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    let first = match packet {
        Packet::Connect(connect) => {
            write_connect(connect, &mut body);
            0x10
        }
        Packet::ConnAck(code) => {
            body.extend_from_slice(&[0, *code as u8]);
            0x20
        }
        Packet::Publish(message) => {
            put(&mut body, message.topic.as_bytes());
            if message.qos != Qos::AtMostOnce {
                body.extend_from_slice(&message.id.to_be_bytes());
            }
            body.extend_from_slice(&message.payload);
            0x30 | u8::from(message.again) << 3 | (message.qos as u8) << 1 | u8::from(message.retain)
        }
        Packet::PubAck(id) => numbered(*id, &mut body, 0x40),
        Packet::Subscribe { id, filters } => {
            let first = numbered(*id, &mut body, 0x82);
            for (filter, qos) in filters {
                put(&mut body, filter.as_bytes());
                body.push(*qos as u8);
            }
            first
        }
        Packet::SubAck { id, granted } => {
            let first = numbered(*id, &mut body, 0x90);
            body.extend(granted.iter().map(|qos| qos.map_or(0x80, |qos| qos as u8)));
            first
        }
        Packet::Unsubscribe { id, filters } => {
            let first = numbered(*id, &mut body, 0xa2);
            filters.iter().for_each(|filter| put(&mut body, filter.as_bytes()));
            first
        }
        Packet::UnsubAck(id) => numbered(*id, &mut body, 0xb0),
        Packet::PingReq => 0xc0,
        Packet::PingResp => 0xd0,
        Packet::Disconnect => 0xe0,
    };
    out.push(first);
    let mut length = body.len();
    loop {
        let more = length > 127;
        out.push((length & 127) as u8 | u8::from(more) << 7);
        length >>= 7;
        if !more {
            break;
        }
    }
    out.extend_from_slice(&body);
}

fn write_connect(connect: &Connect, body: &mut Vec<u8>) {
    let Connect { client, clean, keep_alive_s, user, password, will } = connect;
    put(body, b"MQTT");
    let will_flags = will.as_ref().map_or(0, |will| 4 | (will.qos as u8) << 3 | u8::from(will.retain) << 5);
    let flags = u8::from(*clean) << 1 | will_flags;
    body.extend_from_slice(&[4, flags | u8::from(user.is_some()) << 7 | u8::from(password.is_some()) << 6]);
    body.extend_from_slice(&keep_alive_s.to_be_bytes());
    put(body, client.as_bytes());
    if let Some(will) = will {
        put(body, will.topic.as_bytes());
        put(body, &will.payload);
    }
    user.iter().for_each(|user| put(body, user.as_bytes()));
    password.iter().for_each(|password| put(body, password));
}

fn numbered(id: u16, body: &mut Vec<u8>, first: u8) -> u8 {
    body.extend_from_slice(&id.to_be_bytes());
    first
}

fn put(body: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(&bytes[..length.into()]);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MOST: usize = 1 << 17;

    fn connect() -> Connect {
        let will =
            Publish { topic: "a".into(), payload: b"gone".to_vec(), qos: Qos::AtLeastOnce, ..Publish::default() };
        Connect {
            client: "camera".into(),
            clean: true,
            keep_alive_s: 400,
            user: Some("evp-1".into()),
            password: Some(vec![0, 255]),
            will: Some(will),
        }
    }

    fn all() -> Vec<Packet> {
        let message =
            Publish { topic: "v1/devices/me/telemetry".into(), payload: b"{}".to_vec(), ..Publish::default() };
        vec![
            Packet::Connect(connect()),
            Packet::Connect(Connect { client: "x".into(), ..Connect::default() }),
            Packet::ConnAck(ConnectCode::NotAuthorised),
            Packet::Publish(message.clone()),
            Packet::Publish(Publish { qos: Qos::AtLeastOnce, id: 7, again: true, retain: true, ..message.clone() }),
            Packet::Publish(Publish { payload: vec![b'x'; 20_000], ..message }),
            Packet::PubAck(9),
            Packet::Subscribe { id: 1, filters: vec![("a/+".into(), Qos::AtMostOnce), ("#".into(), Qos::AtLeastOnce)] },
            Packet::SubAck { id: 1, granted: vec![Some(Qos::AtLeastOnce), None] },
            Packet::Unsubscribe { id: 2, filters: vec!["a".into()] },
            Packet::UnsubAck(2),
            Packet::PingReq,
            Packet::PingResp,
            Packet::Disconnect,
        ]
    }

    #[test]
    fn what_is_written_is_read_and_never_before_it_is_whole() {
        let mut stream = Vec::new();
        for packet in all() {
            let mut bytes = Vec::new();
            write(&packet, &mut bytes);
            for end in (0..bytes.len()).filter(|end| *end < 300 || *end + 10 > bytes.len()) {
                assert_eq!(read(&bytes[..end], MOST), Ok(None), "{packet:?} cut at {end}");
            }
            stream.extend_from_slice(&bytes);
        }
        for packet in all() {
            let (found, used) = read(&stream, MOST).unwrap().unwrap();
            assert_eq!(found, packet);
            stream.drain(..used);
        }
        assert_eq!(read(&stream, MOST), Ok(None));
    }

    #[test]
    fn bytes_are_those_of_the_standard() {
        let check = |packet: Packet, bytes: &[u8]| {
            let mut written = Vec::new();
            write(&packet, &mut written);
            assert_eq!(written, bytes);
        };
        let plain = Connect { client: "ab".into(), clean: true, keep_alive_s: 60, ..Connect::default() };
        check(Packet::Connect(plain), b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab");
        check(Packet::ConnAck(ConnectCode::Version), b"\x20\x02\x00\x01");
        let message = Publish {
            topic: "a/b".into(),
            payload: b"x".to_vec(),
            qos: Qos::AtLeastOnce,
            id: 10,
            ..Publish::default()
        };
        check(Packet::Publish(message), b"\x32\x08\x00\x03a/b\x00\x0ax");
        check(
            Packet::Subscribe { id: 10, filters: vec![("c/d".into(), Qos::AtLeastOnce)] },
            b"\x82\x08\x00\x0a\x00\x03c/d\x01",
        );
    }

    #[test]
    fn what_breaks_the_standard_is_refused_by_its_reason() {
        let check = |bytes: &[u8], says: &str| {
            let error = read(bytes, MOST).unwrap_err().to_string();
            assert!(error.contains(says), "{bytes:x?}: {error}");
        };
        check(b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x3c\x00\x00", "version 5");
        check(b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00", "version 3");
        check(b"\x10\x0c\x00\x04HTTP\x04\x02\x00\x3c\x00\x00", "not MQTT");
        check(b"\x10\x0c\x00\x04MQTT\x04\x03\x00\x3c\x00\x00", "do not go together");
        check(b"\x10\x0c\x00\x04MQTT\x04\x42\x00\x3c\x00\x00", "do not go together");
        check(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x00z", "more than belongs");
        check(b"\x10\x0b\x00\x04MQTT\x04\x02\x00\x3c\x00", "ends too early");
        check(b"\x11\x00", "must be zero");
        check(b"\x80\x00", "must be zero");
        check(b"\x82\x02\x00\x01", "ends too early");
        check(b"\x82\x06\x00\x01\x00\x01a\x03", "QoS");
        check(b"\x82\x06\x00\x00\x00\x01a\x00", "its number is 0");
        check(b"\x30\x03\x00\x01#", "a topic that is none");
        check(b"\x30\x02\x00\x00", "a topic that is none");
        check(b"\x30\x03\x00\x01\x00", "a zero in it");
        check(b"\x30\x03\x00\x01\xff", "no UTF-8");
        check(b"\x36\x05\x00\x01a\x00\x01", "QoS");
        check(b"\x38\x03\x00\x01a", "do not go together");
        check(b"\x50\x02\x00\x01", "QoS 2");
        check(b"\x00\x00", "not known");
        check(b"\xf0\x00", "not known");
        check(b"\x30\xff\xff\xff\xff\x01", "more than four bytes");
        check(b"\x30\xff\xff\xff\x7f", "268435460 bytes is more");
        assert_eq!(read(b"\x30\x80\x01", 100), Err(Malformed::TooLarge(131)), "before any of it has come");
    }
}
