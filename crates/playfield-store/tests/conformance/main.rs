//! One suite for each family, run against every engine of it.
#![allow(clippy::unwrap_used)]

mod blob;
mod bus;
mod db;
mod folder;
mod journal;
mod links;
mod mqtt;
