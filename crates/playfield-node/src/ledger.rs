//! Who holds which session: the node's only shared state, and the rule that picks a worker.
//!
//! A plain book without waits or clocks. A session is written in before its worker hears of it, so that no two
//! starts take the same room, and it stays a while after its end, because its last words come then.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use playfield_core::id::SessionId;

/// Ended sessions whose last events are still let through.
const ENDED_KEPT: usize = 1024;

/// What a worker last said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerLoad {
    /// The worker, from 0.
    pub worker: u16,
    /// Takes sessions now.
    pub ready: bool,
    /// Its process, while there is one.
    pub pid: Option<u32>,
    /// Where its media socket is bound.
    pub udp: Vec<SocketAddr>,
    /// Sessions given to it and not ended.
    pub sessions: u32,
    /// Viewers attached.
    pub viewers: u32,
    /// Pictures sent since it started.
    pub pictures: u64,
    /// Bytes sent since it started.
    pub bytes_sent: u64,
    /// Ticks that began later than one tick period, since it started.
    pub late_ticks: u64,
    /// How often it was lost and started again.
    pub restarts: u32,
}

/// Why no worker takes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The session is here already.
    Known,
    /// Every ready worker is full.
    Full,
    /// No worker is ready at all.
    NotReady,
}

#[derive(Debug)]
struct Home {
    worker: u16,
    started: bool,
    ended: bool,
}

/// The book.
#[derive(Debug)]
pub(crate) struct Ledger {
    max_sessions: u32,
    workers: Vec<WorkerLoad>,
    homes: HashMap<SessionId, Home>,
    ended: VecDeque<SessionId>,
}

impl Ledger {
    pub(crate) fn new(workers: u16, max_sessions: u32) -> Self {
        let workers = (0..workers).map(|worker| WorkerLoad { worker, ..WorkerLoad::default() }).collect();
        Ledger { max_sessions, workers, homes: HashMap::new(), ended: VecDeque::new() }
    }

    /// What every worker last said.
    pub(crate) fn loads(&self) -> Vec<WorkerLoad> {
        self.workers.clone()
    }

    /// Most sessions the node may hold.
    pub(crate) fn capacity(&self) -> u64 {
        u64::from(self.max_sessions) * self.workers.len() as u64
    }

    /// What `worker` last said, to be changed.
    pub(crate) fn worker(&mut self, worker: u16) -> &mut WorkerLoad {
        &mut self.workers[usize::from(worker)]
    }

    /// Gives the session to the ready worker with the fewest sessions, then the fewest viewers.
    pub(crate) fn place(&mut self, session: &SessionId) -> Result<u16, NoPlace> {
        self.room_for(session)?;
        let most = self.max_sessions;
        let free = self.workers.iter_mut().filter(|worker| worker.ready && worker.sessions < most);
        let chosen = free.min_by_key(|worker| (worker.sessions, worker.viewers)).ok_or(NoPlace::Full)?;
        chosen.sessions += 1;
        let home = Home { worker: chosen.worker, started: false, ended: false };
        self.homes.insert(session.clone(), home);
        Ok(chosen.worker)
    }

    /// Whether `place` would find room now.
    pub(crate) fn room_for(&self, session: &SessionId) -> Result<(), NoPlace> {
        if self.homes.contains_key(session) {
            return Err(NoPlace::Known);
        }
        let mut ready = self.workers.iter().filter(|worker| worker.ready).peekable();
        if ready.peek().is_none() {
            return Err(NoPlace::NotReady);
        }
        if ready.any(|worker| worker.sessions < self.max_sessions) { Ok(()) } else { Err(NoPlace::Full) }
    }

    /// The worker that holds a session which has not ended.
    pub(crate) fn home(&self, session: &SessionId) -> Option<u16> {
        self.homes.get(session).filter(|home| !home.ended).map(|home| home.worker)
    }

    /// Whether `worker` may speak of this session: it holds it, or held it until a moment ago.
    pub(crate) fn may_speak(&self, worker: u16, session: &SessionId) -> bool {
        self.homes.get(session).is_some_and(|home| home.worker == worker)
    }

    /// The worker opened the session.
    pub(crate) fn started(&mut self, session: &SessionId) {
        if let Some(home) = self.homes.get_mut(session) {
            home.started = true;
        }
    }

    /// The worker did not open the session: it was never here.
    pub(crate) fn refused(&mut self, session: &SessionId) {
        let Some(home) = self.homes.remove(session) else { return };
        if home.ended {
            self.ended.retain(|ended| ended != session);
        } else {
            self.leave(home.worker);
        }
    }

    /// The session is over. False if it was not here, or over before.
    pub(crate) fn ended(&mut self, session: &SessionId) -> bool {
        let Some(home) = self.homes.get_mut(session).filter(|home| !home.ended) else { return false };
        home.ended = true;
        let worker = home.worker;
        self.leave(worker);
        self.ended.push_back(session.clone());
        if self.ended.len() > ENDED_KEPT {
            let forgotten = self.ended.pop_front();
            forgotten.map(|session| self.homes.remove(&session));
        }
        true
    }

    /// The worker is gone, and its sessions with it. Returns those that had been opened.
    pub(crate) fn lost(&mut self, worker: u16) -> Vec<SessionId> {
        let (mut open, mut never_open) = (Vec::new(), Vec::new());
        for (session, home) in self.homes.iter().filter(|(_, home)| home.worker == worker && !home.ended) {
            let list = if home.started { &mut open } else { &mut never_open };
            list.push(session.clone());
        }
        never_open.iter().for_each(|session| self.refused(session));
        open.retain(|session| self.ended(session));
        open.sort();
        let load = self.worker(worker);
        *load = WorkerLoad { worker, restarts: load.restarts + 1, ..WorkerLoad::default() };
        open
    }

    fn leave(&mut self, worker: u16) {
        let load = self.worker(worker);
        load.sessions = load.sessions.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(n: u8) -> SessionId {
        SessionId::from_entropy([n; 16])
    }

    fn ready(workers: u16, max_sessions: u32) -> Ledger {
        let mut ledger = Ledger::new(workers, max_sessions);
        (0..workers).for_each(|worker| ledger.worker(worker).ready = true);
        ledger
    }

    #[test]
    fn sessions_spread_and_then_the_node_is_full() {
        let mut ledger = ready(2, 2);
        let places: Vec<_> = (0..5).map(|n| ledger.place(&session(n))).collect();
        assert_eq!(places, [Ok(0), Ok(1), Ok(0), Ok(1), Err(NoPlace::Full)]);
        assert!(ledger.ended(&session(1)));
        assert_eq!(ledger.place(&session(9)), Ok(1), "an end makes room");
    }

    #[test]
    fn of_equally_full_workers_the_one_with_fewer_viewers_is_chosen() {
        let mut ledger = ready(2, 2);
        ledger.worker(0).viewers = 1;
        assert_eq!(ledger.place(&session(1)), Ok(1));
    }

    #[test]
    fn a_session_is_placed_once() {
        let mut ledger = ready(1, 2);
        assert_eq!(ledger.place(&session(1)), Ok(0));
        assert_eq!(ledger.place(&session(1)), Err(NoPlace::Known));
        ledger.refused(&session(1));
        assert_eq!(ledger.worker(0).sessions, 0);
        assert_eq!(ledger.place(&session(1)), Ok(0), "refused means it was never here");
    }

    #[test]
    fn without_a_ready_worker_there_is_no_place() {
        let mut ledger = Ledger::new(2, 2);
        assert_eq!(ledger.place(&session(1)), Err(NoPlace::NotReady));
    }

    #[test]
    fn a_lost_worker_takes_its_own_sessions_along_and_no_others() {
        let mut ledger = ready(2, 4);
        (0..4).for_each(|n| assert!(ledger.place(&session(n)).is_ok()));
        ledger.started(&session(0));
        ledger.started(&session(1));
        assert_eq!(ledger.lost(0), [session(0)], "session 2 was never opened: its start is refused instead");
        let load = ledger.worker(0).clone();
        assert_eq!((load.sessions, load.ready, load.restarts), (0, false, 1));
        assert_eq!(ledger.home(&session(0)), None);
        assert_eq!(ledger.home(&session(1)), Some(1));
        assert_eq!(ledger.place(&session(2)), Ok(1), "it may be started again");
    }

    #[test]
    fn a_worker_speaks_of_its_own_sessions_only() {
        let mut ledger = ready(2, 4);
        assert_eq!(ledger.place(&session(0)), Ok(0));
        assert!(ledger.may_speak(0, &session(0)));
        assert!(!ledger.may_speak(1, &session(0)));
        assert!(!ledger.may_speak(0, &session(7)));
        assert!(ledger.ended(&session(0)));
        assert!(!ledger.ended(&session(0)), "it ends once");
        assert!(ledger.may_speak(0, &session(0)), "its receipt comes after its end");
    }

    #[test]
    fn ended_sessions_are_forgotten_in_the_end() {
        let mut ledger = ready(1, 1);
        for n in 0..ENDED_KEPT + 10 {
            let mut entropy = [0; 16];
            entropy[0] = (n & 31) as u8;
            entropy[1] = (n >> 5 & 31) as u8;
            entropy[2] = (n >> 10) as u8;
            let id = SessionId::from_entropy(entropy);
            assert_eq!(ledger.place(&id), Ok(0));
            assert!(ledger.ended(&id));
        }
        assert_eq!(ledger.homes.len(), ENDED_KEPT);
    }
}
