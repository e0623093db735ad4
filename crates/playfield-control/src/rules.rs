//! Rules at work: what cameras tell is read in its order, and what follows is written down, done, and recorded.
//!
//! ```text
//!   events in the database --read in order--> core::rule::Rules --Firing--> deliveries in the database, with how far was read
//!                                                      '--input--> sessions that are played       |
//!                               webhook, mail, MQTT <-- deliver: tried, tried again, given up <--'
//! ```
//!
//! Reading and firing are one transaction: a process that is killed forgets no action and takes none up twice; what it was just
//! doing is done again under the same id. An input is no use later, so it is brought at once or not at all. Rules on what is
//! present fire nothing: they steer for as long as it is so.

mod address;
pub mod config;
mod connect;
mod deliver;
mod demo;
mod follow;
mod keep;
pub mod mail;
pub mod mqtt;
mod press;
mod sign;
mod steer;
mod webhook;

use std::sync::Once;

use tokio::sync::{Mutex, mpsc, watch};

use crate::app::Shared;
use config::Config;
use connect::Connector;

pub(crate) use mqtt::home::Camera as CameraNow;

/// What all of this shares.
pub(crate) struct Service {
    /// Counts changes of rules.
    changed: watch::Sender<u64>,
    /// Counts deliveries that were added.
    added: watch::Sender<u64>,
    presses: mpsc::Sender<press::Press>,
    pressed: Mutex<mpsc::Receiver<press::Press>>,
    /// The rule for newcomers was made, or never will be.
    demo: Once,
    connector: Connector,
    mqtt: mqtt::Link,
    /// What the connection to the broker is run with.
    line: Mutex<mqtt::Line>,
}

impl Service {
    pub(crate) fn new(config: &Config) -> Service {
        let (presses, pressed) = press::way();
        let (link, line) = mqtt::link();
        Service {
            changed: watch::Sender::new(0),
            added: watch::Sender::new(0),
            presses,
            pressed: Mutex::new(pressed),
            demo: Once::new(),
            connector: Connector::new(config.trust.clone()),
            mqtt: link,
            line: Mutex::new(line),
        }
    }
}

/// Does all of it; never ends.
pub(crate) async fn run(app: &Shared) {
    let mut line = app.rules.line.lock().await;
    let mut pressed = app.rules.pressed.lock().await;
    tokio::join!(
        follow::follow(app),
        deliver::deliver(app),
        mqtt::run(&app.config.rules.mqtt, &app.rules.connector, &mut line),
        mqtt::publish::publish(app),
        press::press(app, &mut pressed),
        steer::steer(app),
    );
}
