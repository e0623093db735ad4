//! The control plane with a node that only pretends: through its routers without sockets, and twice over real ones.
#![allow(clippy::unwrap_used)]

mod api;
mod cameras;
mod catalogue;
mod devices;
mod doors;
mod events;
mod invites;
mod links;
mod mqtt;
mod node;
mod ops;
mod people;
mod releases;
mod rules;
mod sessions;
mod sockets;
mod states;
mod world;
