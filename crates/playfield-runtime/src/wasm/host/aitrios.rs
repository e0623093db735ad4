//! The device that an AITRIOS app believes to be on: its agent (`evp`, `blobs`), its sensor (`sensor`), its system (`wasi`, `files`,
//! `esf`).
//!
//! ```text
//!   camera --Still--> Booth <--waits-- a thread of the app's: _start ... get_frame ... sendTelemetry ... processEvent
//!          <--said-- (mailbox)             '--outlet: Schema, Budget--^
//! ```
//!
//! The app's calls wait in the [`Booth`], which is all that its threads and its camera's share. Whatever it is told or says goes
//! through here; bad pointers and made-up handles are answered with their errors, and end nobody. What all of its threads see of the
//! device is [`Aitrios`], behind a lock that nobody holds while they wait or run code of the app; what each has for itself is
//! [`Device`].

pub mod blobs;
pub mod booth;
pub mod esf;
pub mod evp;
pub mod files;
pub mod memory;
pub mod nn;
pub mod outlet;
pub mod pace;
pub mod sensor;
pub mod tensor;
pub mod wasi;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use wasmtime::SharedMemory;

use self::blobs::Blobs;
use self::booth::Booth;
use self::esf::{Esf, Jpeg};
use self::evp::Evp;
use self::files::Files;
use self::nn::{Models, Nn};
use self::outlet::Outlet;
use self::pace::Pace;
use self::sensor::{Cause, Sensor};
use self::wasi::System;

pub use self::memory::{Fault, Mem, word};

/// What the program lends an app.
#[derive(Clone, Default)]
pub struct Lent {
    /// Those that it may run.
    pub models: Models,
    /// Makes pictures JPEGs; none: nobody does.
    pub jpeg: Option<Jpeg>,
    /// The folder of files that it brought along; none: it brought none.
    pub files: Option<PathBuf>,
}

/// Everything of an AITRIOS app that lies outside its instances.
#[derive(Debug)]
pub struct Aitrios {
    pub evp: Evp,
    pub blobs: Blobs,
    pub sensor: Sensor,
    pub outlet: Outlet,
    pub system: System,
    pub files: Files,
    /// The folder of files that it brought along.
    pub brought: Option<PathBuf>,
    pub esf: Esf,
}

/// The device, as one thread of the app's has it.
pub struct Device {
    pub booth: Arc<Booth>,
    pub app: Arc<Mutex<Aitrios>>,
    /// The camera's model, behind a lock of its own: it takes its time.
    pub nn: Arc<Mutex<Nn>>,
    /// The memory that it shares with others; none: it is the only one, and its instance has one.
    pub shared: Option<SharedMemory>,
    /// How long it has worked.
    pub pace: Pace,
    /// It was told to end, and has its time once more.
    pub told_to_end: bool,
    /// Why its last call of the sensor failed.
    pub last: Cause,
    /// Who starts further ones.
    pub crew: Option<Arc<dyn Crew>>,
}

/// The threads of an app.
pub trait Crew: Send + Sync {
    /// Starts one more, which is given this: its number, or a code below zero.
    fn start(self: Arc<Self>, with: i32) -> i32;
}

/// How an app ended by itself: with this code.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it ended with code {0}")]
pub struct Exit(pub i32);
