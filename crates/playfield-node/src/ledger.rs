//! Who holds which session: the node's only shared state, and the rule that picks a worker.
//!
//! A plain book without waits or clocks. A session is written in before its worker hears of it, so that no two
//! starts take the same room, and it stays a while after its end, because its last words come then.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use playfield_core::bus::SessionSpec;
use playfield_core::id::SessionId;
use playfield_core::people::Roster;

/// Ended sessions whose last events are still let through.
const ENDED_KEPT: usize = 1024;
/// A session under which this many workers crashed is the likely cause, and goes on nowhere.
const MOST_STRIKES: u8 = 2;

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
    /// Messages of viewers with something they may not send, since it started.
    pub refused: u64,
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

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its worker was asked to open it.
    Opening,
    /// It runs.
    Open,
    /// Its worker was lost; it waits for another.
    Adrift,
    /// Another worker was asked to let it go on.
    Reopening,
    /// It is over.
    Ended,
}

#[derive(Debug)]
struct Home {
    worker: u16,
    stage: Stage,
    /// How to let it go on elsewhere; none: it cannot be saved.
    again: Option<Arc<SessionSpec>>,
    /// Workers that crashed under it.
    strikes: u8,
    /// Who is in it and what they may do: that holds when it goes on elsewhere.
    people: Roster,
}

/// How a worker was lost, as far as its sessions are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// From outside: killed, or by a machine that ran out of memory.
    Killed,
    /// By itself, perhaps because of one of its sessions.
    Crashed,
    /// It was asked to end.
    Drained,
}

/// What a lost worker leaves behind.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Left {
    /// Sessions that can go on in another worker.
    pub adrift: Vec<SessionId>,
    /// Sessions that are over.
    pub over: Vec<SessionId>,
}

/// Where a session is to be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In this worker.
    Worker(u16),
    /// On its way to another worker.
    Moving,
    /// Not here.
    Nowhere,
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
        let worker = self.freest()?;
        self.worker(worker).sessions += 1;
        self.homes.insert(
            session.clone(),
            Home { worker, stage: Stage::Opening, again: None, strikes: 0, people: Roster::default() },
        );
        Ok(worker)
    }

    /// Gives a session that is adrift to another worker, in the same way.
    pub(crate) fn place_again(&mut self, session: &SessionId) -> Result<(u16, Arc<SessionSpec>), NoPlace> {
        let adrift = self.homes.get(session).filter(|home| home.stage == Stage::Adrift);
        let spec = adrift.and_then(|home| home.again.clone()).ok_or(NoPlace::Known)?;
        let worker = self.freest()?;
        self.worker(worker).sessions += 1;
        if let Some(home) = self.homes.get_mut(session) {
            (home.worker, home.stage) = (worker, Stage::Reopening);
        }
        Ok((worker, spec))
    }

    fn freest(&self) -> Result<u16, NoPlace> {
        let mut ready = self.workers.iter().filter(|worker| worker.ready).peekable();
        if ready.peek().is_none() {
            return Err(NoPlace::NotReady);
        }
        let free = ready.filter(|worker| worker.sessions < self.max_sessions);
        let freest = free.min_by_key(|worker| (worker.sessions, worker.viewers));
        freest.map(|worker| worker.worker).ok_or(NoPlace::Full)
    }

    /// How the session can go on if its worker is lost.
    pub(crate) fn keep(&mut self, session: &SessionId, spec: Arc<SessionSpec>) {
        if let Some(home) = self.homes.get_mut(session) {
            home.again = Some(spec);
        }
    }

    /// The people of a session are others now, or others than they were.
    pub(crate) fn put_people(&mut self, session: &SessionId, people: &Roster) {
        let older = |home: &&mut Home| home.people.revision < people.revision;
        if let Some(home) = self.homes.get_mut(session).filter(older) {
            home.people = people.clone();
        }
    }

    /// The people of a session, as its worker told last.
    pub(crate) fn people(&self, session: &SessionId) -> Roster {
        self.homes.get(session).map(|home| home.people.clone()).unwrap_or_default()
    }

    /// Whether `place` would find room now.
    pub(crate) fn room_for(&self, session: &SessionId) -> Result<(), NoPlace> {
        if self.homes.contains_key(session) {
            return Err(NoPlace::Known);
        }
        self.freest().map(drop)
    }

    /// Where a session is that has not ended.
    pub(crate) fn home(&self, session: &SessionId) -> Place {
        match self.homes.get(session) {
            None | Some(Home { stage: Stage::Ended, .. }) => Place::Nowhere,
            Some(Home { stage: Stage::Adrift | Stage::Reopening, .. }) => Place::Moving,
            Some(home) => Place::Worker(home.worker),
        }
    }

    /// Whether `worker` may speak of this session: it holds it, or held it until a moment ago.
    pub(crate) fn may_speak(&self, worker: u16, session: &SessionId) -> bool {
        self.homes.get(session).is_some_and(|home| home.worker == worker && home.stage != Stage::Adrift)
    }

    /// The worker opened the session.
    pub(crate) fn started(&mut self, session: &SessionId) {
        if let Some(home) = self.homes.get_mut(session).filter(|home| home.stage != Stage::Ended) {
            home.stage = Stage::Open;
        }
    }

    /// The worker did not open the session: it was never here, or is adrift again.
    pub(crate) fn refused(&mut self, session: &SessionId) {
        let Some(home) = self.homes.get_mut(session) else { return };
        let worker = home.worker;
        match home.stage {
            Stage::Reopening => home.stage = Stage::Adrift,
            Stage::Ended => {
                self.homes.remove(session);
                return self.ended.retain(|ended| ended != session);
            }
            Stage::Adrift => return,
            Stage::Opening | Stage::Open => {
                self.homes.remove(session);
            }
        }
        self.leave(worker);
    }

    /// The worker that was to let the session go on is gone, though its end may not be known yet: it is adrift again.
    pub(crate) fn let_down(&mut self, session: &SessionId, worker: u16) {
        let reopening = |home: &&mut Home| home.stage == Stage::Reopening && home.worker == worker;
        if let Some(home) = self.homes.get_mut(session).filter(reopening) {
            home.stage = Stage::Adrift;
            self.leave(worker);
        }
    }

    /// The session is over. False if it was not here, or over before.
    pub(crate) fn ended(&mut self, session: &SessionId) -> bool {
        let Some(home) = self.homes.get_mut(session).filter(|home| home.stage != Stage::Ended) else { return false };
        let (worker, stage) = (home.worker, std::mem::replace(&mut home.stage, Stage::Ended));
        home.again = None;
        if stage != Stage::Adrift {
            self.leave(worker);
        }
        self.ended.push_back(session.clone());
        if self.ended.len() > ENDED_KEPT {
            let forgotten = self.ended.pop_front();
            forgotten.map(|session| self.homes.remove(&session));
        }
        true
    }

    /// The worker is gone, and its sessions with it, but for those that can go on elsewhere.
    pub(crate) fn lost(&mut self, worker: u16, fate: Fate) -> Left {
        let (mut left, mut never_open) = (Left::default(), Vec::new());
        for (session, home) in self.homes.iter_mut().filter(|(_, home)| home.worker == worker) {
            let goes_on = home.again.is_some() && fate != Fate::Drained && home.strikes < MOST_STRIKES;
            match home.stage {
                Stage::Ended | Stage::Adrift => {}
                Stage::Opening => never_open.push(session.clone()),
                // Whoever placed it hears that the worker is gone, and places it again.
                Stage::Reopening => home.stage = Stage::Adrift,
                Stage::Open if goes_on => {
                    home.strikes += u8::from(fate == Fate::Crashed);
                    home.stage = Stage::Adrift;
                    left.adrift.push(session.clone());
                }
                Stage::Open => left.over.push(session.clone()),
            }
        }
        never_open.iter().for_each(|session| self.refused(session));
        left.over.retain(|session| self.ended(session));
        left.over.sort();
        left.adrift.sort();
        let load = self.worker(worker);
        *load = WorkerLoad { worker, restarts: load.restarts + 1, ..WorkerLoad::default() };
        left
    }

    fn leave(&mut self, worker: u16) {
        let load = self.worker(worker);
        load.sessions = load.sessions.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use playfield_core::api::Role;
    use playfield_core::id::ViewerId;
    use playfield_core::people::Person;

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
        let left = Left { over: vec![session(0)], ..Left::default() };
        assert_eq!(ledger.lost(0, Fate::Killed), left, "session 2 was never opened: its start is refused instead");
        let load = ledger.worker(0).clone();
        assert_eq!((load.sessions, load.ready, load.restarts), (0, false, 1));
        assert_eq!(ledger.home(&session(0)), Place::Nowhere);
        assert_eq!(ledger.home(&session(1)), Place::Worker(1));
        assert_eq!(ledger.place(&session(2)), Ok(1), "it may be started again");
    }

    /// A ledger in which session 0 runs in worker 0 and can be saved.
    fn saved() -> Ledger {
        let mut ledger = ready(2, 1);
        assert_eq!(ledger.place(&session(0)), Ok(0));
        ledger.keep(&session(0), Arc::new(spec()));
        ledger.started(&session(0));
        ledger
    }

    fn spec() -> SessionSpec {
        let text = format!(
            r#"{{"id":"{}","title":"t","module":"m","limits":{{}},"seed":1,"start_unix_ms":0,"times":{{}}}}"#,
            session(0)
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_session_that_can_be_saved_goes_on_in_another_worker() {
        let mut ledger = saved();
        assert_eq!(ledger.lost(0, Fate::Killed), Left { adrift: vec![session(0)], ..Left::default() });
        assert_eq!(ledger.home(&session(0)), Place::Moving);
        assert!(!ledger.may_speak(0, &session(0)), "the lost worker's last words came before");
        assert_eq!(ledger.room_for(&session(0)), Err(NoPlace::Known));
        assert_eq!(ledger.place_again(&session(0)).map(|(worker, _)| worker), Ok(1));
        assert_eq!(ledger.place_again(&session(0)).map(|(worker, _)| worker), Err(NoPlace::Known), "once is enough");
        assert_eq!((ledger.home(&session(0)), ledger.worker(1).sessions), (Place::Moving, 1));
        ledger.started(&session(0));
        assert_eq!(ledger.home(&session(0)), Place::Worker(1));
    }

    #[test]
    fn it_stays_adrift_until_a_worker_takes_it() {
        let mut ledger = saved();
        ledger.lost(0, Fate::Killed);
        ledger.worker(1).ready = false;
        assert_eq!(ledger.place_again(&session(0)).map(|_| ()), Err(NoPlace::NotReady));
        ledger.worker(1).ready = true;
        assert_eq!(ledger.place(&session(5)), Ok(1));
        assert_eq!(ledger.place_again(&session(0)).map(|_| ()), Err(NoPlace::Full));
        assert!(ledger.ended(&session(5)));
        assert!(ledger.place_again(&session(0)).is_ok());
        assert_eq!(ledger.lost(1, Fate::Killed), Left::default(), "it is placed again by who placed it");
        ledger.worker(0).ready = true;
        assert!(ledger.place_again(&session(0)).is_ok());
        ledger.refused(&session(0));
        assert_eq!((ledger.home(&session(0)), ledger.worker(0).sessions), (Place::Moving, 0));
        assert!(ledger.ended(&session(0)), "given up");
        assert_eq!(ledger.worker(0).sessions, 0);
    }

    #[test]
    fn a_worker_that_is_gone_before_its_end_is_known_lets_it_go() {
        let mut ledger = saved();
        ledger.lost(0, Fate::Killed);
        let sessions = ledger.worker(1).sessions;
        assert_eq!(ledger.place_again(&session(0)).map(|(worker, _)| worker), Ok(1));
        ledger.let_down(&session(0), 0);
        assert_eq!(ledger.place_again(&session(0)).map(|_| ()), Err(NoPlace::Known), "it was not at that one");
        ledger.let_down(&session(0), 1);
        assert_eq!((ledger.home(&session(0)), ledger.worker(1).sessions), (Place::Moving, sessions));
        ledger.lost(1, Fate::Killed);
        ledger.worker(0).ready = true;
        assert_eq!(ledger.place_again(&session(0)).map(|(worker, _)| worker), Ok(0));
    }

    #[test]
    fn its_people_are_known_wherever_it_goes() {
        let mut ledger = saved();
        let person = |n| Person::new(ViewerId::from_entropy([n; 16]), Role::Player, Some(n));
        let roster = |revision, people: &[u8]| Roster {
            revision,
            people: people.iter().copied().map(person).collect(),
            removed: vec![ViewerId::from_entropy([9; 16])],
        };
        ledger.put_people(&session(0), &roster(1, &[0]));
        ledger.put_people(&session(0), &roster(3, &[0, 2]));
        ledger.put_people(&session(0), &roster(2, &[0, 1]));
        ledger.lost(0, Fate::Killed);
        assert!(ledger.place_again(&session(0)).is_ok());
        assert_eq!(ledger.people(&session(0)), roster(3, &[0, 2]));
        assert_eq!(ledger.people(&session(9)), Roster::default());
    }

    #[test]
    fn a_session_under_which_workers_crash_goes_on_nowhere() {
        let mut ledger = saved();
        let mut lose = |fate| {
            ledger.worker(0).ready = true;
            let left = ledger.lost(ledger.homes[&session(0)].worker, fate);
            ledger.worker(0).ready = true;
            if ledger.place_again(&session(0)).is_ok() {
                ledger.started(&session(0));
            }
            left.over.is_empty()
        };
        (0..50).for_each(|_| assert!(lose(Fate::Killed)));
        assert!(lose(Fate::Crashed) && lose(Fate::Crashed) && !lose(Fate::Crashed));
        assert_eq!(saved().lost(0, Fate::Drained).over, [session(0)]);
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
