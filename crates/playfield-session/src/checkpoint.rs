//! Checkpoints: the state of a session, written down now and then, so that it goes on where its worker was lost.
//!
//! What a guest stored is told to the node only after a checkpoint that knows of it was written: a session that goes
//! on never knows less than what was acknowledged.
//!
//! ```text
//!   stage --(state, what it stored)--> writer thread --> two files, in turns
//!                                           |
//!                                           +--> outbox: what it stored
//! ```
//!
//! What is sent are changes: what a guest did not touch is not copied, and not written. A state of which much changed comes
//! in pieces, after one tick each. `slots` says how the files stay whole.

mod slots;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use playfield_core::id::SessionId;
use playfield_core::time::Time;
use playfield_runtime::{Changes, Guest, GuestError, GuestEvent};

use self::slots::{Disk, Slots};
use crate::Clock;
use crate::outbox::{FromStage, Outbox};

/// Checkpoints that may wait to be written.
const QUEUE: usize = 64;
/// The most play that is lost is this and the time to write.
const PERIOD: Duration = Duration::from_millis(750);
/// The least time between two checkpoints, however often a guest stores something.
const LEAST: Duration = Duration::from_millis(100);
/// How long the end of a guest waits for the checkpoint that is on its way.
const LAST_WRITE: Duration = Duration::from_secs(2);
/// How long a guest that rests waits for the writer before it looks again.
const PATIENCE: Duration = Duration::from_millis(10);
/// Taking checkpoints costs a guest thread at most one part in this many.
const SHARE: u32 = 50;
/// Most bytes a microsecond that the checkpoints of one session write: those of a guest that changes much come less often.
const BYTES_PER_US: u64 = 16;

/// What a guest stored, by key; the newest value counts.
type Stored = BTreeMap<String, Option<Vec<u8>>>;

/// What goes to the writer and comes back.
#[derive(Debug)]
struct Parcel {
    slots: Slots,
    changes: Changes,
    /// Told once the changes are written, if they make a state whole.
    stored: Stored,
    /// The changes could not be written: the next must be of everything.
    lost: bool,
}

/// A parcel on its way to the files.
struct Job {
    parcel: Parcel,
    back: SyncSender<Parcel>,
}

/// The thread that writes. It ends once this and every keeper are gone; a keeper that ends has seen its last job done.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: SyncSender<Job>,
    folder: PathBuf,
}

impl Writer {
    pub(crate) fn start(folder: PathBuf, outbox: Outbox) -> io::Result<Writer> {
        let (queue, jobs) = sync_channel(QUEUE);
        let work = move || write_all(&jobs, &outbox);
        thread::Builder::new().name("checkpoints".to_owned()).spawn(work)?;
        Ok(Writer { queue, folder })
    }

    /// For the guest of `session`.
    pub(crate) fn keeper(&self, session: SessionId) -> Keeper {
        Keeper::new(Slots::new(self.folder.clone(), session.clone()), session, self.queue.clone())
    }
}

fn write_all(jobs: &Receiver<Job>, outbox: &Outbox) {
    for Job { mut parcel, back } in jobs {
        let session = parcel.slots.session();
        let (mut disk, first) = (Disk::of(&parcel.slots), parcel.slots.is_first());
        if let Err(error) = parcel.slots.write(&parcel.changes, &mut disk) {
            tracing::warn!(%session, %error, "a checkpoint could not be written");
            parcel.lost = true;
        }
        tell(outbox, &session, std::mem::take(&mut parcel.stored));
        if first && parcel.changes.done {
            // It was of everything; those to come are small.
            parcel.changes.shrink();
        }
        // The guest may be gone, and its memory with it.
        let _ = back.try_send(parcel);
    }
}

fn tell(outbox: &Outbox, session: &SessionId, stored: Stored) {
    for (key, value) in stored {
        outbox.send(FromStage::Said { session: session.clone(), event: GuestEvent::Stored { key, value } });
    }
}

/// Takes the checkpoints of one guest.
pub(crate) struct Keeper {
    session: SessionId,
    queue: SyncSender<Job>,
    /// When none is on its way.
    parcel: Option<Parcel>,
    returned: Receiver<Parcel>,
    back: SyncSender<Parcel>,
    /// The writer was behind: this has to go to it before anything else is taken.
    unsent: bool,
    stored: Stored,
    /// The tick of the newest checkpoint.
    tick: Option<u64>,
    /// What the checkpoint that is being taken cost so far.
    cost: Cost,
    next: Time,
    earliest: Time,
    impossible: bool,
}

/// What a checkpoint takes, over all its rounds.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    rounds: u32,
    time: Duration,
    bytes: u64,
}

impl Keeper {
    fn new(slots: Slots, session: SessionId, queue: SyncSender<Job>) -> Keeper {
        let (back, returned) = sync_channel(1);
        let parcel = Parcel { slots, changes: Changes::default(), stored: Stored::new(), lost: false };
        Keeper {
            session,
            queue,
            parcel: Some(parcel),
            returned,
            back,
            unsent: false,
            stored: Stored::new(),
            tick: None,
            cost: Cost::default(),
            next: Time::ZERO,
            earliest: Time::ZERO,
            impossible: false,
        }
    }

    /// Brings a fresh guest to where the lost worker's was. Without a checkpoint it begins again: there is none within the
    /// first moments of a session.
    pub(crate) fn resume(&mut self, guest: &mut dyn Guest) -> Result<(), GuestError> {
        let Some(parcel) = &mut self.parcel else { return Ok(()) };
        let mut disk = Disk::of(&parcel.slots);
        let Some(state) = parcel.slots.resume(&mut disk) else { return Ok(()) };
        guest.restore(&state)?;
        self.tick = Some(state.tick);
        Ok(())
    }

    /// The guest stored something: it is told once a checkpoint knows of it.
    pub(crate) fn stored(&mut self, key: String, value: Option<Vec<u8>>) {
        self.stored.insert(key, value);
    }

    /// After a tick: takes a checkpoint if one is due, or the next part of one.
    pub(crate) fn ticked(&mut self, guest: &mut dyn Guest, clock: Clock, outbox: &Outbox) {
        let now = clock.now();
        let due = now >= self.next || (!self.stored.is_empty() && now >= self.earliest);
        if due || self.cost.rounds > 0 || self.unsent {
            self.take(guest, clock, outbox);
        }
    }

    /// The guest rests from now on: how long until this is to be called again, if what it is now is not on its way yet.
    pub(crate) fn rests(&mut self, guest: &mut dyn Guest, clock: Clock, outbox: &Outbox) -> Option<Duration> {
        if !self.settled(guest) {
            self.take(guest, clock, outbox);
        }
        (!self.settled(guest)).then_some(PATIENCE)
    }

    /// What the guest is now is written, or on its way.
    fn settled(&self, guest: &dyn Guest) -> bool {
        let same = self.tick == Some(guest.tick_count()) && self.cost.rounds == 0 && !self.unsent;
        self.stored.is_empty() && (same || self.impossible)
    }

    /// The guest went back to another state, of which no checkpoint knows: the next is taken as soon as may be.
    pub(crate) fn went_back(&mut self) {
        self.tick = None;
        self.next = self.earliest;
    }

    /// The guest is gone, and there is nothing to go on with: what it stored is told before this returns.
    pub(crate) fn ended(&mut self, outbox: &Outbox) {
        if self.parcel.is_none() {
            // Told by the writer, who gives the parcel back after that. It never waits for anybody but the network thread.
            self.parcel = self.returned.recv_timeout(LAST_WRITE).ok();
        }
        self.tell(outbox);
    }

    fn tell(&mut self, outbox: &Outbox) {
        if let Some(parcel) = &mut self.parcel {
            tell(outbox, &self.session, std::mem::take(&mut parcel.stored));
        }
        tell(outbox, &self.session, std::mem::take(&mut self.stored));
    }

    fn take(&mut self, guest: &mut dyn Guest, clock: Clock, outbox: &Outbox) {
        if self.impossible {
            return self.tell(outbox);
        }
        // While one is on its way the next waits; so there is one state to a session, and the files keep their order.
        let Some(mut parcel) = self.parcel.take().or_else(|| self.returned.try_recv().ok()) else { return };
        if std::mem::take(&mut self.unsent) {
            return self.send(parcel);
        }
        if std::mem::take(&mut parcel.lost) {
            guest.forget_saved();
        }
        let began = clock.now();
        if let Err(error) = guest.save_changes(&mut parcel.changes) {
            tracing::debug!(session = %self.session, %error, "no checkpoints of this guest");
            (self.impossible, self.parcel) = (true, Some(parcel));
            return self.tell(outbox);
        }
        let now = clock.now();
        self.cost.rounds += 1;
        self.cost.time += now.since(began);
        self.cost.bytes += parcel.changes.size() as u64;
        if parcel.changes.done {
            self.taken(now, &mut parcel);
        }
        self.send(parcel);
    }

    /// All of a checkpoint is taken: the next comes later the more this one cost. The first is of everything, which says
    /// nothing about those to come.
    fn taken(&mut self, now: Time, parcel: &mut Parcel) {
        let cost = std::mem::take(&mut self.cost);
        let written = Duration::from_micros(cost.bytes / BYTES_PER_US);
        let rest = if parcel.slots.is_first() { Duration::ZERO } else { (cost.time * SHARE).max(written) };
        (self.next, self.earliest) = (now + PERIOD.max(rest), now + LEAST.max(rest));
        self.tick = Some(parcel.changes.tick);
        parcel.stored = std::mem::take(&mut self.stored);
    }

    fn send(&mut self, parcel: Parcel) {
        match self.queue.try_send(Job { parcel, back: self.back.clone() }) {
            Ok(()) => {}
            // The writer is behind: this goes to it after the next tick.
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => {
                (self.parcel, self.unsent) = (Some(job.parcel), true);
            }
        }
    }
}
