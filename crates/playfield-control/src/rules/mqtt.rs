//! The MQTT broker of the settings: a client that only publishes, at least once, and comes back when the way is cut.
//!
//! ```text
//!   publish --bounded--> run: connect -> write, PUBACK -> done
//!                             |-- cut: those under way fail, and whoever sent them tries again
//! ```
//!
//! Nothing is queued for a broker that is away: actions wait in the database, and how cameras are is told anew.

pub(super) mod home;
pub mod packet;
pub(super) mod publish;

use std::collections::HashMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use super::config::MqttConfig;
use super::connect::{Connector, Way};
use packet::{Hello, PING, Said};

/// Messages that may wait to be written.
const QUEUE: usize = 64;
/// Messages that may be without an acknowledgement.
const UNDER_WAY: usize = 32;
/// How often we say that we are there; a broker that says nothing for three times as long is gone.
const ALIVE: Duration = Duration::from_secs(20);
/// How long an answer to our first packet may take.
const HELLO: Duration = Duration::from_secs(10);
/// How long to wait before connecting again: twice as long each time, up to the most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const MOST_WAIT: Duration = Duration::from_secs(60);

/// What is said of a broker that is not there.
const AWAY: &str = "the broker is not connected";

/// A message to be published.
struct Order {
    topic: String,
    message: Vec<u8>,
    retain: bool,
    /// Told once the broker has it; none: at most once.
    done: Option<oneshot::Sender<Result<(), String>>>,
}

/// Publishes; cheap to clone.
#[derive(Clone)]
pub(super) struct Link {
    orders: mpsc::Sender<Order>,
    /// The so manieth connection stands; 0: none does.
    up: watch::Receiver<u64>,
}

/// What is to be run for a [`Link`] to work.
pub(super) struct Line {
    orders: mpsc::Receiver<Order>,
    up: watch::Sender<u64>,
}

/// Both ends.
pub(super) fn link() -> (Link, Line) {
    let (sender, orders) = mpsc::channel(QUEUE);
    let (up, watched) = watch::channel(0);
    (Link { orders: sender, up: watched }, Line { orders, up })
}

impl Link {
    /// Publishes a message, and waits until the broker has it. What went wrong is a sentence.
    pub(super) async fn publish(&self, topic: String, message: Vec<u8>, retain: bool) -> Result<(), String> {
        let (done, told) = oneshot::channel();
        let order = Order { topic, message, retain, done: Some(done) };
        let away = || AWAY.to_owned();
        self.orders.send(order).await.map_err(|_| away())?;
        told.await.map_err(|_| "the way to the broker was cut".to_owned())?
    }

    /// Publishes a message that may be lost: a newer one comes soon.
    fn mention(&self, topic: String, message: Vec<u8>) {
        // One for which there is no room is one that may be lost.
        let _ = self.orders.try_send(Order { topic, message, retain: false, done: None });
    }
}

/// Keeps the connection; never ends. Without a broker in the settings all messages fail, with a sentence that says so.
pub(super) async fn run(config: &MqttConfig, connector: &Connector, line: &mut Line) {
    let Some(host) = config.host.as_deref() else {
        return refuse(line, "no broker is set: `host` under [control.rules.mqtt]", None).await;
    };
    let (mut wait, mut connections) = (FIRST_WAIT, 0);
    loop {
        let problem = match come_in(config, host, connector).await {
            Ok(way) => {
                connections += 1;
                wait = FIRST_WAIT;
                line.up.send_replace(connections);
                tracing::info!(host, "the broker is connected");
                converse(way, &mut line.orders).await
            }
            Err(problem) => problem,
        };
        line.up.send_replace(0);
        tracing::warn!(host, problem, "the broker is away");
        refuse(line, AWAY, Some(wait)).await;
        wait = (wait * 2).min(MOST_WAIT);
    }
}

/// Refuses all messages for a while, or for ever.
async fn refuse(line: &mut Line, why: &str, wait: Option<Duration>) {
    let refusing = async {
        while let Some(order) = line.orders.recv().await {
            if let Some(done) = order.done {
                // Whoever does not wait for it does not need it.
                let _ = done.send(Err(why.to_owned()));
            }
        }
        std::future::pending::<()>().await;
    };
    match wait {
        // That the time is over is what it is for.
        Some(wait) => drop(timeout(wait, refusing).await),
        None => refusing.await,
    }
}

/// The topic that says whether we are there.
pub(super) fn status_topic(config: &MqttConfig) -> String {
    format!("{}/status", config.prefix)
}

async fn come_in(config: &MqttConfig, host: &str, connector: &Connector) -> Result<Conversation, String> {
    let way = connector.connect(host, config.port, config.tls, false).await?;
    let mut talk = Conversation { way, pending: Vec::new() };
    let hello = Hello {
        client_id: &config.client_id,
        user: config.user.as_deref(),
        password: config.password.as_ref().map(|password| password.reveal()),
        will: (&status_topic(config), "offline"),
        keep_alive_s: (ALIVE * 2).as_secs() as u16,
    };
    let answer = async {
        talk.write(&packet::connect(&hello)).await?;
        talk.next().await
    };
    match timeout(HELLO, answer).await {
        Ok(Ok(Said::Connected(0))) => Ok(talk),
        Ok(Ok(Said::Connected(code))) => Err(packet::refusal(code).to_owned()),
        Ok(Ok(_)) => Err("this is no broker: it did not answer as one".to_owned()),
        Ok(Err(problem)) => Err(problem),
        Err(_) => Err(format!("the broker did not answer within {} s", HELLO.as_secs())),
    }
}

/// A connection, and what came over it and was not read yet.
struct Conversation {
    way: Way,
    pending: Vec<u8>,
}

impl Conversation {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let broken = |error: std::io::Error| format!("the way to the broker was cut: {error}");
        self.way.write_all(bytes).await.map_err(broken)?;
        self.way.flush().await.map_err(broken)
    }

    /// The next packet. What was read of one stays, if this is dropped.
    async fn next(&mut self) -> Result<Said, String> {
        loop {
            if let Some((said, length)) = packet::read(&self.pending)? {
                self.pending.drain(..length);
                return Ok(said);
            }
            let mut bytes = [0; 4096];
            match self.way.read(&mut bytes).await {
                Ok(0) => return Err("the broker closed the connection".to_owned()),
                Ok(length) => self.pending.extend(&bytes[..length]),
                Err(error) => return Err(format!("the way to the broker was cut: {error}")),
            }
        }
    }
}

/// Publishes until the way is cut, and says why it is.
async fn converse(mut talk: Conversation, orders: &mut mpsc::Receiver<Order>) -> String {
    let mut under_way: HashMap<u16, oneshot::Sender<Result<(), String>>> = HashMap::new();
    let mut number: u16 = 0;
    let mut alive = tokio::time::interval_at(Instant::now() + ALIVE, ALIVE);
    let mut heard = Instant::now();
    loop {
        let written = tokio::select! {
            said = talk.next() => match said {
                Ok(said) => {
                    heard = Instant::now();
                    if let Said::Has(number) = said
                        && let Some(done) = under_way.remove(&number)
                    {
                        // Whoever does not wait for it does not need it.
                        let _ = done.send(Ok(()));
                    }
                    Ok(())
                }
                Err(problem) => Err(problem),
            },
            Some(order) = orders.recv(), if under_way.len() < UNDER_WAY => {
                let Order { topic, message, retain, done } = order;
                let named = done.map(|done| {
                    number = free(number, &under_way);
                    under_way.insert(number, done);
                    number
                });
                talk.write(&packet::publish(&topic, &message, retain, named)).await
            },
            _ = alive.tick() => match heard.elapsed() > ALIVE * 3 {
                true => Err("the broker says nothing".to_owned()),
                false => talk.write(&PING).await,
            },
        };
        if let Err(problem) = written {
            return problem;
        }
    }
}

/// The next number that no message under way has; there is none of 0.
fn free<T>(mut number: u16, taken: &HashMap<u16, T>) -> u16 {
    loop {
        number = number.wrapping_add(1).max(1);
        if !taken.contains_key(&number) {
            return number;
        }
    }
}
