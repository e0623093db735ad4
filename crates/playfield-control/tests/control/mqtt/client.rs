//! A client of MQTT 3.1.1, as small as can be: over the product's own codec, which `others` checks against other people's.

use playfield_control::mqtt::codec::{Packet, Publish, Qos, read, write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub struct Line {
    stream: Box<dyn Stream>,
    bytes: Vec<u8>,
}

impl Line {
    pub fn new(stream: impl Stream + 'static) -> Line {
        Line { stream: Box::new(stream), bytes: Vec::new() }
    }

    pub async fn send(&mut self, packet: &Packet) {
        let mut bytes = Vec::new();
        write(packet, &mut bytes);
        self.raw(&bytes).await;
    }

    /// Who hung up does not hear it.
    pub async fn raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    pub async fn publish(&mut self, topic: &str, payload: &str, qos: Qos, id: u16) {
        let (topic, payload) = (topic.to_owned(), payload.as_bytes().to_vec());
        self.send(&Packet::Publish(Publish { topic, payload, qos, id, ..Publish::default() })).await;
    }

    /// The next packet; none: the server hung up.
    pub async fn next(&mut self) -> Option<Packet> {
        loop {
            if let Some((packet, used)) = read(&self.bytes, 1 << 20).unwrap() {
                self.bytes.drain(..used);
                return Some(packet);
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece).await {
                Ok(0) | Err(_) => return None,
                Ok(n) => self.bytes.extend_from_slice(&piece[..n]),
            }
        }
    }
}
