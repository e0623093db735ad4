//! What waits to be sent to one device, with an end.

use super::codec::{Packet, Publish, Qos, write};

/// Bytes that may wait. A device that does not take them is gone, or means no good.
const MOST: usize = 512 * 1024;
/// Messages that may wait to be acknowledged.
const MOST_OPEN: usize = 64;

/// Bytes to send, and messages of QoS 1 that were not acknowledged yet.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    open: Vec<u16>,
    last: u16,
}

/// It takes less than is sent to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Outbox {
    /// What is to be sent next.
    pub fn next(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// So much of it was.
    pub fn sent(&mut self, n: usize) {
        self.sent += n;
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.sent = 0;
        } else if self.sent > MOST / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }

    pub fn put(&mut self, packet: &Packet) -> Result<(), Full> {
        write(packet, &mut self.bytes);
        if self.next().len() > MOST { Err(Full) } else { Ok(()) }
    }

    /// A message. There is no session to send it in again later, so what is not acknowledged is only counted.
    pub fn publish(&mut self, topic: String, payload: String, qos: Qos) -> Result<(), Full> {
        let qos = qos.min(Qos::AtLeastOnce);
        let mut id = 0;
        if qos == Qos::AtLeastOnce {
            if self.open.len() >= MOST_OPEN {
                return Err(Full);
            }
            id = self.number();
            self.open.push(id);
        }
        self.put(&Packet::Publish(Publish { topic, payload: payload.into_bytes(), qos, id, ..Publish::default() }))
    }

    /// A message was acknowledged. False: there was none of this number.
    pub fn acknowledged(&mut self, id: u16) -> bool {
        let found = self.open.iter().position(|open| *open == id);
        found.map(|at| self.open.swap_remove(at)).is_some()
    }

    /// A number that no open message has.
    fn number(&mut self) -> u16 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if !self.open.contains(&self.last) {
                return self.last;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_nothing_or_acknowledges_nothing_is_given_up() {
        let mut outbox = Outbox::default();
        let mut put = |qos| outbox.publish("t".into(), "x".repeat(10_000), qos);
        assert!((0..52).all(|_| put(Qos::AtMostOnce).is_ok()));
        assert_eq!(put(Qos::AtMostOnce), Err(Full));
        let mut outbox = Outbox::default();
        let mut put = || outbox.publish("t".into(), String::new(), Qos::ExactlyOnce);
        assert!((0..MOST_OPEN).all(|_| put().is_ok()));
        assert_eq!(put(), Err(Full));
        assert!(outbox.acknowledged(3) && !outbox.acknowledged(3));
        assert!(outbox.publish("t".into(), String::new(), Qos::AtLeastOnce).is_ok());
    }

    #[test]
    fn what_was_sent_is_forgotten() {
        let mut outbox = Outbox::default();
        for _ in 0..1000 {
            outbox.publish("t".into(), "x".repeat(10_000), Qos::AtMostOnce).unwrap_or_else(|Full| panic!());
            let n = outbox.next().len() - 1;
            outbox.sent(n);
            assert!(outbox.bytes.len() < 2 * MOST);
            outbox.sent(1);
        }
        assert!(outbox.next().is_empty());
    }
}
