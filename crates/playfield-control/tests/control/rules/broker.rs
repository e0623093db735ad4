//! An MQTT broker that understands as much as a client that only publishes needs, and keeps what came.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A message that was published.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub topic: String,
    pub message: String,
    pub retain: bool,
    pub at_least_once: bool,
}

pub struct Broker {
    pub address: SocketAddr,
    came: Arc<Mutex<Vec<Published>>>,
    hellos: Arc<Mutex<Vec<Vec<u8>>>>,
    cut: watch::Sender<u32>,
}

impl Broker {
    pub async fn new() -> Broker {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (came, hellos) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let cut = watch::Sender::new(0);
        let (kept, greeted, cuts) = (came.clone(), hellos.clone(), cut.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (kept, greeted, mut cut) = (kept.clone(), greeted.clone(), cuts.subscribe());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = serve(stream, kept, greeted) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Broker { address, came, hellos, cut }
    }

    pub fn came(&self) -> Vec<Published> {
        self.came.lock().unwrap().clone()
    }

    /// What the broker would give those who come now under this topic.
    pub fn kept(&self, topic: &str) -> Option<String> {
        let last = self.came().into_iter().rev().find(|it| it.topic == topic && it.retain)?;
        Some(last.message).filter(|message| !message.is_empty())
    }

    /// The bodies of the first packets.
    pub fn hellos(&self) -> Vec<Vec<u8>> {
        self.hellos.lock().unwrap().clone()
    }

    /// Closes all connections.
    pub fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }
}

async fn serve(
    mut stream: TcpStream,
    came: Arc<Mutex<Vec<Published>>>,
    hellos: Arc<Mutex<Vec<Vec<u8>>>>,
) -> std::io::Result<()> {
    loop {
        let first = stream.read_u8().await?;
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let byte = stream.read_u8().await?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        match first >> 4 {
            1 => {
                hellos.lock().unwrap().push(body);
                stream.write_all(&[0x20, 2, 0, 0]).await?;
            }
            3 => {
                let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
                let at_least_once = first & 2 != 0;
                let number = if at_least_once { &body[2 + topic..4 + topic] } else { &[] };
                came.lock().unwrap().push(Published {
                    topic: String::from_utf8(body[2..2 + topic].to_vec()).unwrap(),
                    message: String::from_utf8(body[2 + topic + number.len()..].to_vec()).unwrap(),
                    retain: first & 1 != 0,
                    at_least_once,
                });
                if at_least_once {
                    stream.write_all(&[0x40, 2, number[0], number[1]]).await?;
                }
            }
            _ => stream.write_all(&[0xd0, 0]).await?,
        }
    }
}
