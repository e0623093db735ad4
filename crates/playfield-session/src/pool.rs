//! Guest threads: whichever job is due first runs next.
//!
//! A job is never run by two threads at once. A job that takes long holds its own thread only; its neighbours are taken
//! by the others. One idle thread, the leader, waits for the next deadline; the rest wait to be called. A job that waits
//! for another process brings a thread of its own, so that however long that takes, the others have theirs. Threads stay for
//! as long as the pool: a process that one of them started ends with that thread, whoever works with it by then.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use playfield_core::time::Time;

use crate::Clock;

/// Stack of a guest thread, in bytes: guests run on it.
const STACK: usize = 8 << 20;

/// What to do with a job that has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Run it again then.
    At(Time),
    /// Run it when it is woken.
    Park,
    /// Drop it.
    Done,
}

/// Something that runs for a moment, again and again.
pub(crate) trait Job: Send {
    /// Runs once. `now` is when it was taken up.
    fn run(&mut self, now: Time) -> Next;

    /// It is about to be added: whoever has this can wake it.
    fn meet(&mut self, _waker: Waker) {}

    /// Whether it waits for another process while it runs. It says the same all its life.
    fn waits(&self) -> bool {
        false
    }

    /// It panicked, a bug of ours: it is told so, and dropped. Its neighbours go on.
    fn panicked(&mut self) {}
}

/// A job of a [`Pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct JobId(u64);

/// Wakes a job, for as long as there is one.
#[derive(Clone)]
pub(crate) struct Waker {
    pool: Weak<Shared>,
    id: JobId,
}

impl Waker {
    /// Runs the job now, or again as soon as it stops running.
    pub(crate) fn wake(&self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.wake(self.id);
        }
    }
}

struct Slot {
    /// Out while it runs.
    job: Option<Box<dyn Job>>,
    waits: bool,
    due: Option<Time>,
    woken: bool,
}

#[derive(Default)]
struct State {
    slots: HashMap<JobId, Slot>,
    due: BTreeSet<(Time, JobId)>,
    next_id: u64,
    /// Threads there are, and threads that the jobs of now want.
    threads: usize,
    wanted: usize,
    leader: bool,
    stopping: bool,
}

struct Shared {
    state: Mutex<State>,
    /// Where the leader waits, and where the others do.
    led: Condvar,
    called: Condvar,
    clock: Clock,
}

/// A few threads and their jobs.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Pool {
    /// Starts the threads.
    pub(crate) fn start(threads: usize, clock: Clock) -> std::io::Result<Pool> {
        let state = Mutex::new(State { wanted: threads.max(1), ..State::default() });
        let shared = Arc::new(Shared { state, led: Condvar::new(), called: Condvar::new(), clock });
        let pool = Pool { shared, threads: Mutex::default() };
        pool.fill()?;
        Ok(pool)
    }

    /// Starts the threads that are missing.
    fn fill(&self) -> std::io::Result<()> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut state = self.shared.lock();
            if state.threads >= state.wanted {
                return Ok(());
            }
            let shared = Arc::clone(&self.shared);
            let builder = thread::Builder::new().name(format!("guest-{}", state.threads)).stack_size(STACK);
            threads.push(builder.spawn(move || shared.work())?);
            state.threads += 1;
        }
    }

    /// Adds a job that is due at once.
    pub(crate) fn spawn(&self, mut job: Box<dyn Job>) -> JobId {
        let waits = job.waits();
        let mut state = self.shared.lock();
        state.next_id += 1;
        let id = JobId(state.next_id);
        job.meet(Waker { pool: Arc::downgrade(&self.shared), id });
        state.wanted += usize::from(waits);
        state.slots.insert(id, Slot { job: Some(job), waits, due: None, woken: false });
        self.shared.make_due(&mut state, id, Time::ZERO);
        drop(state);
        if let (true, Err(error)) = (waits, self.fill()) {
            tracing::warn!(%error, "a session has no thread of its own; slow ones may hold it up");
        }
        id
    }

    /// Runs a job now, or again as soon as it stops running.
    pub(crate) fn wake(&self, id: JobId) {
        self.shared.wake(id);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.led.notify_all();
        self.shared.called.notify_all();
        for thread in self.threads.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, id: JobId) {
        let mut state = self.lock();
        match state.slots.get_mut(&id) {
            Some(slot) if slot.job.is_none() => slot.woken = true,
            Some(_) => self.make_due(&mut state, id, Time::ZERO),
            None => {}
        }
    }

    fn make_due(&self, state: &mut State, id: JobId, at: Time) {
        if let Some(slot) = state.slots.get_mut(&id) {
            if let Some(before) = slot.due.replace(at) {
                state.due.remove(&(before, id));
            }
            state.due.insert((at, id));
            if state.due.first() == Some(&(at, id)) {
                // Whoever leads must learn of the earlier deadline; without a leader, any becomes it.
                if state.leader { &self.led } else { &self.called }.notify_one();
            }
        }
    }

    fn work(&self) {
        let mut state = self.lock();
        while !state.stopping {
            let now = self.clock.now();
            match state.due.first().copied() {
                Some((at, id)) if at <= now => state = self.run(state, now, id),
                Some((at, _)) if !state.leader => {
                    state.leader = true;
                    let wait = self.led.wait_timeout(state, at.since(now));
                    state = wait.unwrap_or_else(PoisonError::into_inner).0;
                    state.leader = false;
                }
                _ => state = self.called.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn run<'a>(&'a self, mut state: MutexGuard<'a, State>, now: Time, id: JobId) -> MutexGuard<'a, State> {
        state.due.pop_first();
        let taken = state.slots.get_mut(&id).and_then(|slot| {
            slot.due = None;
            slot.job.take()
        });
        let Some(mut job) = taken else { return state };
        if !state.due.is_empty() && !state.leader {
            self.called.notify_one();
        }
        drop(state);
        // What the panic left half done is only touched by `panicked` and by dropping it.
        let next = catch_unwind(AssertUnwindSafe(|| job.run(now))).unwrap_or_else(|_| {
            job.panicked();
            Next::Done
        });
        if next == Next::Done {
            // Outside the lock: letting go of a guest unmaps its memory.
            drop(job);
            let mut state = self.lock();
            if state.slots.remove(&id).is_some_and(|slot| slot.waits) {
                state.wanted -= 1;
            }
            return state;
        }
        let mut state = self.lock();
        let Some(slot) = state.slots.get_mut(&id) else { return state };
        slot.job = Some(job);
        let woken = std::mem::take(&mut slot.woken);
        match next {
            _ if woken => self.make_due(&mut state, id, Time::ZERO),
            Next::At(at) => self.make_due(&mut state, id, at),
            Next::Park | Next::Done => {}
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::time::Duration;

    use super::*;

    struct Count {
        left: u32,
        done: SyncSender<u32>,
    }

    impl Job for Count {
        fn run(&mut self, now: Time) -> Next {
            self.left -= 1;
            self.done.send(self.left).ok();
            if self.left == 0 { Next::Done } else { Next::At(now + Duration::from_millis(1)) }
        }
    }

    fn patient<T>(receiver: &Receiver<T>) -> T {
        receiver.recv_timeout(Duration::from_secs(20)).expect("the job ran")
    }

    #[test]
    fn a_job_runs_until_it_is_done() {
        let pool = Pool::start(2, Clock::start()).unwrap();
        let (done, receiver) = sync_channel(8);
        pool.spawn(Box::new(Count { left: 3, done }));
        assert_eq!([patient(&receiver), patient(&receiver), patient(&receiver)], [2, 1, 0]);
        assert!(receiver.recv_timeout(Duration::from_secs(20)).is_err(), "it is dropped, and so is its sender");
    }

    struct Broken(SyncSender<()>);

    impl Job for Broken {
        fn run(&mut self, _now: Time) -> Next {
            panic!("on purpose");
        }

        fn panicked(&mut self) {
            self.0.send(()).ok();
        }
    }

    #[test]
    fn a_job_that_panics_is_told_and_costs_no_thread() {
        let pool = Pool::start(1, Clock::start()).unwrap();
        let (told, broken) = sync_channel(8);
        let (done, receiver) = sync_channel(8);
        pool.spawn(Box::new(Broken(told)));
        patient(&broken);
        pool.spawn(Box::new(Count { left: 1, done }));
        patient(&receiver);
    }

    struct Parked(SyncSender<()>);

    impl Job for Parked {
        fn run(&mut self, _now: Time) -> Next {
            self.0.send(()).ok();
            Next::Park
        }
    }

    #[test]
    fn a_parked_job_runs_when_it_is_woken() {
        let pool = Pool::start(1, Clock::start()).unwrap();
        let (done, receiver) = sync_channel(8);
        let id = pool.spawn(Box::new(Parked(done)));
        patient(&receiver);
        pool.wake(id);
        patient(&receiver);
    }

    struct Slow(Receiver<()>);

    impl Job for Slow {
        fn run(&mut self, _now: Time) -> Next {
            patient(&self.0);
            Next::Done
        }
    }

    struct Waiting(Receiver<()>);

    impl Job for Waiting {
        fn run(&mut self, _now: Time) -> Next {
            patient(&self.0);
            Next::Done
        }

        fn waits(&self) -> bool {
            true
        }
    }

    #[test]
    fn jobs_that_wait_have_threads_of_their_own_which_stay_for_others() {
        let pool = Pool::start(1, Clock::start()).unwrap();
        for round in 0..2 {
            let mut releases = Vec::new();
            for _ in 0..5 {
                let (release, gate) = sync_channel(8);
                pool.spawn(Box::new(Waiting(gate)));
                releases.push(release);
            }
            let (done, receiver) = sync_channel(8);
            pool.spawn(Box::new(Count { left: 3, done }));
            for _ in 0..3 {
                patient(&receiver);
            }
            assert_eq!(pool.shared.lock().threads, 6, "round {round}");
            releases.iter().for_each(|release| release.send(()).unwrap());
            let began = std::time::Instant::now();
            while pool.shared.lock().wanted > 1 {
                assert!(began.elapsed() < Duration::from_secs(20), "they end");
                thread::yield_now();
            }
        }
    }

    #[test]
    fn a_slow_job_does_not_hold_its_neighbours() {
        let pool = Pool::start(2, Clock::start()).unwrap();
        let (release, gate) = sync_channel(8);
        pool.spawn(Box::new(Slow(gate)));
        let (done, receiver) = sync_channel(8);
        pool.spawn(Box::new(Count { left: 5, done }));
        for _ in 0..5 {
            patient(&receiver);
        }
        release.send(()).unwrap();
    }
}
