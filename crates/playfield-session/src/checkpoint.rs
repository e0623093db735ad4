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
//! A process can be killed between any two calls, and a machine that fails takes the sessions with it anyway: so nothing
//! is flushed to the disk, and the order of the calls is all that counts. A file is
//!
//! ```text
//!   0   MAGIC, or zeros while the state is being written
//!   8   number of the checkpoint, u64
//!   16  tick, u64
//!   24  length of the state, u64
//!   32  state
//! ```
//! Its head is taken away before the state is written and put back after, while the other file stays whole.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use playfield_core::id::SessionId;
use playfield_core::time::Time;
use playfield_runtime::{Guest, GuestError, GuestEvent, Snapshot};

use crate::Clock;
use crate::outbox::{FromStage, Outbox};

const MAGIC: &[u8; 8] = b"PFCHECK1";
const HEAD: usize = 32;
/// Largest state that is read back.
const MAX_STATE: u64 = 4 << 30;
/// Checkpoints that may wait to be written.
const QUEUE: usize = 64;
/// The most play that is lost is this and the time to write, of a guest that is not large.
const PERIOD: Duration = Duration::from_millis(750);
/// The least time between two checkpoints, however often a guest stores something.
const LEAST: Duration = Duration::from_millis(100);
/// How long the end of a guest waits for the checkpoint that is on its way.
const LAST_WRITE: Duration = Duration::from_secs(2);
/// Taking checkpoints costs a guest thread at most one part in this many.
const SHARE: u32 = 50;
/// Most bytes a microsecond that the checkpoints of one session write: those of a large guest come less often.
const BYTES_PER_US: u64 = 16;

/// The files of one session.
#[derive(Clone, Debug)]
struct Slots {
    folder: PathBuf,
    session: SessionId,
}

impl Slots {
    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{}.{}", self.session, number % 2))
    }

    /// Writes checkpoint `number`, over the one before the last.
    fn write(&self, number: u64, state: &Snapshot) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(self.path(number))?;
        file.write_all(&[0; HEAD])?;
        file.write_all(&state.bytes)?;
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(MAGIC);
        head[8..16].copy_from_slice(&number.to_le_bytes());
        head[16..24].copy_from_slice(&state.tick.to_le_bytes());
        head[24..].copy_from_slice(&(state.bytes.len() as u64).to_le_bytes());
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&head)
    }

    /// The newest checkpoint that is whole, and its number.
    fn newest(&self) -> Option<(u64, Snapshot)> {
        let read = |slot| read(&self.path(slot)).ok().flatten();
        [read(0), read(1)].into_iter().flatten().max_by_key(|(number, _)| *number)
    }
}

fn read(path: &Path) -> io::Result<Option<(u64, Snapshot)>> {
    let mut file = File::open(path)?;
    let mut head = [0; HEAD];
    file.read_exact(&mut head)?;
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|n| head[at + n]));
    let length = number(24);
    if &head[..8] != MAGIC || length > MAX_STATE || file.metadata()?.len() < HEAD as u64 + length {
        return Ok(None);
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes)?;
    Ok(Some((number(8), Snapshot { tick: number(16), bytes })))
}

/// What a guest stored, by key; the newest value counts.
type Stored = BTreeMap<String, Option<Vec<u8>>>;

/// One checkpoint on its way to its file.
struct Job {
    slots: Slots,
    number: u64,
    state: Snapshot,
    stored: Stored,
    /// Where the state's memory goes back to.
    back: SyncSender<Snapshot>,
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
        Keeper::new(Slots { folder: self.folder.clone(), session }, self.queue.clone())
    }
}

fn write_all(jobs: &Receiver<Job>, outbox: &Outbox) {
    for Job { slots, number, state, stored, back } in jobs {
        if let Err(error) = slots.write(number, &state) {
            tracing::warn!(session = %slots.session, %error, "a checkpoint could not be written");
        }
        tell(outbox, &slots.session, stored);
        // The guest may be gone, and its memory with it.
        let _ = back.try_send(state);
    }
}

fn tell(outbox: &Outbox, session: &SessionId, stored: Stored) {
    for (key, value) in stored {
        outbox.send(FromStage::Said { session: session.clone(), event: GuestEvent::Stored { key, value } });
    }
}

/// Takes the checkpoints of one guest.
pub(crate) struct Keeper {
    slots: Slots,
    queue: SyncSender<Job>,
    number: u64,
    /// The memory of the state, when no checkpoint is on its way.
    spare: Option<Snapshot>,
    returned: Receiver<Snapshot>,
    back: SyncSender<Snapshot>,
    stored: Stored,
    /// The tick of the newest checkpoint.
    tick: Option<u64>,
    next: Time,
    earliest: Time,
    impossible: bool,
}

impl Keeper {
    fn new(slots: Slots, queue: SyncSender<Job>) -> Keeper {
        let (back, returned) = sync_channel(1);
        Keeper {
            slots,
            queue,
            number: 0,
            spare: Some(Snapshot::default()),
            returned,
            back,
            stored: Stored::new(),
            tick: None,
            next: Time::ZERO,
            earliest: Time::ZERO,
            impossible: false,
        }
    }

    /// Brings a fresh guest to where the lost worker's was. Without a checkpoint it begins again: there is none within the
    /// first moments of a session.
    pub(crate) fn resume(&mut self, guest: &mut dyn Guest) -> Result<(), GuestError> {
        let Some((number, state)) = self.slots.newest() else { return Ok(()) };
        guest.restore(&state)?;
        (self.number, self.tick) = (number, Some(state.tick));
        Ok(())
    }

    /// The guest stored something: it is told once a checkpoint knows of it.
    pub(crate) fn stored(&mut self, key: String, value: Option<Vec<u8>>) {
        self.stored.insert(key, value);
    }

    /// After a tick: takes a checkpoint if one is due.
    pub(crate) fn ticked(&mut self, guest: &mut dyn Guest, clock: Clock, outbox: &Outbox) {
        let now = clock.now();
        let due = now >= self.next || (!self.stored.is_empty() && now >= self.earliest);
        if due {
            self.take(guest, clock, outbox);
        }
    }

    /// The guest rests from now on.
    pub(crate) fn rests(&mut self, guest: &mut dyn Guest, clock: Clock, outbox: &Outbox) {
        if !self.stored.is_empty() || self.tick != Some(guest.tick_count()) {
            self.take(guest, clock, outbox);
        }
    }

    /// The guest is gone, and there is nothing to go on with: what it stored is told before this returns.
    pub(crate) fn ended(&mut self, outbox: &Outbox) {
        if self.spare.is_none() {
            // Told by the writer, who gives the memory back after that. It never waits for anybody but the network thread.
            self.spare = self.returned.recv_timeout(LAST_WRITE).ok();
        }
        self.tell(outbox);
    }

    fn tell(&mut self, outbox: &Outbox) {
        tell(outbox, &self.slots.session, std::mem::take(&mut self.stored));
    }

    fn take(&mut self, guest: &mut dyn Guest, clock: Clock, outbox: &Outbox) {
        if self.impossible {
            return self.tell(outbox);
        }
        // While one is on its way the next waits; so there is one state to a session, and the files keep their order.
        let Some(mut state) = self.spare.take().or_else(|| self.returned.try_recv().ok()) else { return };
        let began = clock.now();
        if let Err(error) = guest.snapshot(&mut state) {
            tracing::debug!(session = %self.slots.session, %error, "no checkpoints of this guest");
            (self.impossible, self.spare) = (true, Some(state));
            return self.tell(outbox);
        }
        let now = clock.now();
        let written = Duration::from_micros(state.bytes.len() as u64 / BYTES_PER_US);
        let rest = (now.since(began) * SHARE).max(written);
        (self.next, self.earliest) = (now + PERIOD.max(rest), now + LEAST.max(rest));
        let (tick, number) = (state.tick, self.number + 1);
        let stored = std::mem::take(&mut self.stored);
        let job = Job { slots: self.slots.clone(), number, state, stored, back: self.back.clone() };
        match self.queue.try_send(job) {
            Ok(()) => (self.number, self.tick) = (number, Some(tick)),
            // The writer is behind: this one is left out, and the next tick tries again.
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => {
                (self.stored, self.spare, self.next) = (job.stored, Some(job.state), now);
            }
        }
    }
}
