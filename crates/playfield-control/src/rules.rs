//! Rules at work: what cameras tell is read in its order, and what follows is written down, done, and recorded.
//!
//! ```text
//!   events in the database --read in order--> core::rule::Rules --Firing--> deliveries in the database, with how far was read
//!                                                      '--input--> whoever takes inputs          |
//!                               webhook, mail, MQTT <-- deliver: tried, tried again, given up <--'
//! ```
//!
//! Reading and firing are one transaction: a process that is killed forgets no action and takes none up twice; what it was just
//! doing is done again under the same id. An input is no use later, so it is handed over at once or not at all.

mod address;
pub mod config;
mod connect;
mod deliver;
mod follow;
mod keep;
mod mail;
mod mqtt;
mod sign;
mod webhook;

use playfield_core::id::{DeliveryId, RuleId};
use playfield_core::rule::InputAction;
use tokio::sync::{Mutex, mpsc, watch};

use crate::app::Shared;
use config::Config;
use connect::Connector;

pub(crate) use mqtt::home::Camera as CameraNow;

/// Inputs that may wait for whoever takes them.
const INPUTS: usize = 64;

/// A rule touches a pad.
#[derive(Clone, Debug, PartialEq)]
pub struct InputFiring {
    /// Its id in the record of what rules did.
    pub id: DeliveryId,
    /// The rule.
    pub rule: RuleId,
    /// What is to be held, where, and for how long.
    pub input: InputAction,
}

/// What all of this shares.
pub(crate) struct Service {
    /// Counts changes of rules.
    changed: watch::Sender<u64>,
    /// Counts deliveries that were added.
    added: watch::Sender<u64>,
    inputs: mpsc::Sender<InputFiring>,
    connector: Connector,
    mqtt: mqtt::Link,
    /// What the connection to the broker is run with.
    line: Mutex<mqtt::Line>,
}

impl Service {
    pub(crate) fn new(config: &Config) -> (Service, mpsc::Receiver<InputFiring>) {
        let (inputs, taken) = mpsc::channel(INPUTS);
        let (link, line) = mqtt::link();
        let service = Service {
            changed: watch::Sender::new(0),
            added: watch::Sender::new(0),
            inputs,
            connector: Connector::new(config.trust.clone()),
            mqtt: link,
            line: Mutex::new(line),
        };
        (service, taken)
    }
}

/// Does all of it; never ends.
pub(crate) async fn run(app: &Shared) {
    let mut line = app.rules.line.lock().await;
    tokio::join!(
        follow::follow(app),
        deliver::deliver(app),
        mqtt::run(&app.config.rules.mqtt, &app.rules.connector, &mut line),
        mqtt::publish::publish(app),
    );
}
