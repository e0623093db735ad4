//! The control plane: who may play what, and where it runs.
//!
//! ```text
//!   browser --HTTP--> http ---> sessions ---bus: Request---> a node
//!                      |            |
//!                      |          store <--- events <---bus: Event--- every node
//!                      +--> web (embedded)      catalogue <--- titles folders
//!   camera --MQTT--> mqtt ---> store            evp ---orders---> mqtt
//!   machine with cameras --WebSocket--> link ---> store
//!                                        rules <--- events of cameras; --> webhooks, mail, MQTT, inputs
//! ```
//!
//! A request goes through the door (`http::door`: is it meant for us, may its sender ask), to a handler, to the session
//! service; the node's reply goes back the same way, and from then on the browser speaks to the node's worker alone.
//! Nothing that matters is only in memory: a control plane that is restarted knows all it knew, except who guessed
//! wrongly at the sign-in. Nothing here runs a guest or touches media.
#![forbid(unsafe_code)]

mod access;
mod app;
mod cameras;
mod catalogue;
mod channels;
mod clock;
pub mod config;
pub mod control;
mod events;
mod evp;
pub mod failure;
pub mod http;
mod invites;
mod link;
pub mod metrics;
pub mod mqtt;
mod ops;
mod pace;
mod people;
mod reach;
pub mod rules;
mod secret;
pub mod serve;
mod sessions;
mod states;
mod tls;
mod web;

pub use access::AccessError;
pub use config::{Config, ConfigError, Door};
pub use control::{Background, Control, ControlError, Parts};
pub use secret::NoRandomness;
pub use serve::{ServeError, Serving};
pub use states::ShelfError;
pub use tls::TlsError;
