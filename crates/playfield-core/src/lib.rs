//! The words of the product and every decision it takes.
//!
//! A decision is a machine that owns no socket, clock, file or thread: it is told what happened and when
//! (`handle(now, event)`), and asked what to do (`poll`, `next_timeout`). Drivers in the rooms above own the world
//! and feed it. So every rule here is tested on virtual time, in milliseconds, with the network made of numbers.
//!
//! ```text
//!   words       id  time  frame  input  permission  codec  manifest  metadata  model  smartcamera  camera  recording  dataset  upload  app  onvif  api  bus  signal  desk
//!   wire        input::wire  delta::wire          (formats the browser speaks too: docs/reference/wire.md)
//!   decisions   keyframe  follow  input::merge  input::uplink  delta::sender  session  people  seats  pace  phase  rate  clock  receipt
//!               voice  motion  track  analytics  mask  evp  rule  watchdog
//!   proof       input::log  sim  scene
//! ```
#![forbid(unsafe_code)]

pub mod analytics;
pub mod api;
pub mod app;
pub mod bus;
pub mod camera;
pub mod clock;
pub mod codec;
pub mod dataset;
pub mod delta;
pub mod desk;
pub mod evp;
pub mod follow;
pub mod frame;
pub mod id;
pub mod input;
pub mod keyframe;
pub mod link;
pub mod manifest;
pub mod mask;
pub mod metadata;
pub mod model;
pub mod motion;
pub mod onvif;
pub mod pace;
pub mod people;
pub mod permission;
pub mod phase;
pub mod quality;
pub mod rate;
pub mod receipt;
pub mod recording;
pub mod rollout;
pub mod rule;
pub mod scene;
pub mod seats;
pub mod session;
pub mod setting;
pub mod signal;
pub mod sim;
pub mod smartcamera;
pub mod still;
pub mod time;
pub mod track;
pub mod upload;
pub mod voice;
pub mod watchdog;
