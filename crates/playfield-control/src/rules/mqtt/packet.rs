//! Packets of MQTT 3.1.1, as a client that only publishes needs them.

/// Longest packet that a broker may send us, in bytes: all that concern us have four.
const MOST: usize = 64 * 1024;

/// What a broker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Whether we may come in (3.2.2.3).
    Connected(u8),
    /// It has the message of this number.
    Has(u16),
    /// It is there.
    Here,
    /// Something that does not concern who only publishes.
    Other,
}

/// Who we are.
pub(super) struct Hello<'a> {
    pub client_id: &'a str,
    pub user: Option<&'a str>,
    pub password: Option<&'a str>,
    /// What the broker says for us once we are gone: topic and message, kept for those who come later.
    pub will: (&'a str, &'a str),
    pub keep_alive_s: u16,
}

/// CONNECT (3.1), with a clean session: what is not acknowledged is kept by us.
pub(super) fn connect(hello: &Hello<'_>) -> Vec<u8> {
    let mut flags = 0b0010_1110; // the will is kept, at least once; a clean session
    flags |= if hello.user.is_some() { 0x80 } else { 0 };
    flags |= if hello.password.is_some() { 0x40 } else { 0 };
    let mut body = Vec::new();
    string(&mut body, "MQTT");
    body.extend([4, flags]);
    body.extend(hello.keep_alive_s.to_be_bytes());
    string(&mut body, hello.client_id);
    string(&mut body, hello.will.0);
    string(&mut body, hello.will.1);
    hello.user.into_iter().chain(hello.password).for_each(|text| string(&mut body, text));
    packet(0x10, &body)
}

/// PUBLISH (3.3): at least once under this number; none: at most once.
pub(super) fn publish(topic: &str, message: &[u8], retain: bool, number: Option<u16>) -> Vec<u8> {
    let mut body = Vec::with_capacity(topic.len() + message.len() + 4);
    string(&mut body, topic);
    body.extend(number.into_iter().flat_map(u16::to_be_bytes));
    body.extend(message);
    packet(0x30 | u8::from(number.is_some()) << 1 | u8::from(retain), &body)
}

/// PINGREQ (3.12).
pub(super) const PING: [u8; 2] = [0xc0, 0];

/// The first packet of what came, and its length; `Ok(None)`: it is not there in full.
pub fn read(bytes: &[u8]) -> Result<Option<(Said, usize)>, String> {
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    let mut length = 0;
    for (at, &byte) in rest.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            if length > MOST {
                return Err(format!("the broker sent a packet of {length} bytes"));
            }
            let whole = 2 + at + length;
            let Some(body) = bytes.get(2 + at..whole) else { return Ok(None) };
            return Ok(Some((said(first, body)?, whole)));
        }
    }
    if rest.len() >= 4 { Err("the broker sent a length that has no end".to_owned()) } else { Ok(None) }
}

fn said(first: u8, body: &[u8]) -> Result<Said, String> {
    match (first >> 4, body) {
        (2, [_, code]) => Ok(Said::Connected(*code)),
        (4, [high, low]) => Ok(Said::Has(u16::from_be_bytes([*high, *low]))),
        (13, []) => Ok(Said::Here),
        (2 | 4 | 13, _) => Err("the broker sent a packet that is too long or too short".to_owned()),
        _ => Ok(Said::Other),
    }
}

/// What a refusal means (3.2.2.3).
pub(super) fn refusal(code: u8) -> &'static str {
    match code {
        1 => "the broker does not speak MQTT 3.1.1",
        2 => "the broker refuses the `client_id`",
        3 => "the broker is not ready",
        4 | 5 => "the broker refuses `user` and `password`",
        _ => "the broker refuses us",
    }
}

/// Longer text than a length can say is cut; none that was checked is.
fn string(body: &mut Vec<u8>, text: &str) {
    let bytes = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    body.extend((bytes.len() as u16).to_be_bytes());
    body.extend(bytes);
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let more = if length > 0x7f { 0x80 } else { 0 };
        bytes.push((length & 0x7f) as u8 | more);
        length >>= 7;
        if length == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_those_of_the_standard() {
        let hello =
            Hello { client_id: "c", user: Some("u"), password: Some("p"), will: ("t", "off"), keep_alive_s: 60 };
        let expect = b"\x10\x1d\x00\x04MQTT\x04\xee\x00\x3c\x00\x01c\x00\x01t\x00\x03off\x00\x01u\x00\x01p";
        assert_eq!(
            connect(&hello),
            &expect[..1].iter().chain(&[expect.len() as u8 - 2]).chain(&expect[2..]).copied().collect::<Vec<_>>()[..]
        );
        assert_eq!(publish("a/b", b"hi", false, Some(10)), b"\x32\x09\x00\x03a/b\x00\x0ahi");
        assert_eq!(publish("a/b", b"", true, None), b"\x31\x05\x00\x03a/b");
        let long = publish("t", &[7; 200], false, None);
        assert_eq!((long.len(), &long[..3]), (206, &[0x30, 0xcb, 0x01][..]));
    }

    #[test]
    fn what_a_broker_says_is_read_in_any_pieces() {
        let all = [&b"\x20\x02\x00\x05"[..], b"\x40\x02\x01\x02", b"\xd0\x00", b"\x90\x03\x00\x01\x00"].concat();
        let mut read_so_far = Vec::new();
        let mut pending: &[u8] = &all;
        while let Ok(Some((what, length))) = read(pending) {
            (0..length).for_each(|cut| assert_eq!(read(&pending[..cut]), Ok(None), "{cut} of {length}"));
            read_so_far.push(what);
            pending = &pending[length..];
        }
        assert_eq!(read_so_far, [Said::Connected(5), Said::Has(0x102), Said::Here, Said::Other]);
    }

    #[test]
    fn nonsense_is_refused_before_it_is_waited_for() {
        for bytes in [&b"\x20\xff\xff\xff\xff"[..], b"\x30\xff\xff\x7f", b"\x20\x01\x00", b"\xd0\x01\x00"] {
            assert!(read(bytes).is_err(), "{bytes:x?}");
        }
    }
}
