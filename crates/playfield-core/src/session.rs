//! The life of a session: which state it is in, what ends it, when it is paused.
//!
//! ```text
//!                 ready               attach                 last player leaves
//!   Activating ----------> Active -------------> Connected ----------------------> PendingReconnection
//!       |                    |                     |  ^                                  |      |
//!       | failed             | connection time     |  +------------- attach ------------+      | grace time
//!       v                    v                     v  idle or total time, guest's end, stop    v
//!     Error             Terminated             Terminated                                  Terminated
//! ```
//!
//! Who counts is who plays: a viewer that holds a seat. Spectators come and go without a trace here; while nobody plays,
//! they see the picture stand still.
//!
//! Drive it so: `handle` what happened, then `poll` until it says nothing more, then sleep until `next_timeout`.

use std::collections::VecDeque;
use std::time::Duration;

use crate::api::{EndReason, SessionState};
use crate::bus::SessionTimes;
use crate::time::Time;

/// What happens to a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The guest is open.
    Ready,
    /// The connection of a viewer with a seat is up.
    Attached,
    /// The connection of a viewer with a seat is gone.
    Detached,
    /// Somebody did something.
    Activity,
    /// It is to end.
    End {
        /// Why.
        reason: EndReason,
        /// What is known beyond the reason.
        detail: Option<String>,
    },
    /// Time passed.
    Timeout,
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Tell everyone.
    State(SessionState),
    /// Let the guest make pictures.
    Run,
    /// Let it rest.
    Pause,
    /// Tell everyone why, then let go of the guest. The last action.
    Close {
        /// Final state.
        state: SessionState,
        /// In a word.
        reason: EndReason,
        /// In a sentence for a person.
        detail: String,
    },
}

/// The life of one session.
#[derive(Debug)]
pub struct Lifecycle {
    times: SessionTimes,
    state: SessionState,
    began: Time,
    since: Time,
    active: Time,
    players: u32,
    actions: VecDeque<Action>,
}

impl Lifecycle {
    /// A session whose guest is being opened.
    pub fn new(now: Time, times: SessionTimes) -> Lifecycle {
        let state = SessionState::Activating;
        Lifecycle { times, state, began: now, since: now, active: now, players: 0, actions: VecDeque::new() }
    }

    /// When it began.
    pub fn began(&self) -> Time {
        self.began
    }

    /// The state it is in.
    pub fn state(&self) -> SessionState {
        self.state
    }

    /// Takes what happened.
    pub fn handle(&mut self, now: Time, event: Event) {
        if self.state.is_final() {
            return;
        }
        match event {
            Event::Ready if self.state == SessionState::Activating => self.enter(now, SessionState::Active),
            Event::Ready => {}
            Event::Attached => self.attach(now),
            Event::Detached => self.detach(now),
            Event::Activity => self.active = now,
            Event::End { reason, detail } => self.close(reason, detail),
            Event::Timeout => self.check_times(now),
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to say [`Event::Timeout`].
    pub fn next_timeout(&self) -> Option<Time> {
        if self.state.is_final() { None } else { self.limits().into_iter().flatten().map(|(at, _)| at).min() }
    }

    fn limits(&self) -> [Option<(Time, EndReason)>; 2] {
        let after = |since: Time, ms: u64| since + Duration::from_millis(ms);
        let times = &self.times;
        let in_state = match self.state {
            SessionState::Active => Some((after(self.since, times.connection_ms), EndReason::ConnectionTimeout)),
            SessionState::Connected => Some((after(self.active, times.idle_ms), EndReason::IdleTimeout)),
            SessionState::PendingReconnection => {
                Some((after(self.since, times.grace_ms), EndReason::ReconnectionTimeout))
            }
            _ => None,
        };
        [in_state, Some((after(self.began, times.total_ms), EndReason::MaxSessionLengthTimeout))]
    }

    fn check_times(&mut self, now: Time) {
        let due = self.limits().into_iter().flatten().filter(|(at, _)| *at <= now).min_by_key(|(at, _)| *at);
        if let Some((_, reason)) = due {
            self.close(reason, None);
        }
    }

    fn enter(&mut self, now: Time, state: SessionState) {
        self.state = state;
        self.since = now;
        self.actions.push_back(Action::State(state));
    }

    fn attach(&mut self, now: Time) {
        self.players += 1;
        if self.players == 1 {
            self.active = now;
            self.enter(now, SessionState::Connected);
            self.actions.push_back(Action::Run);
        }
    }

    fn detach(&mut self, now: Time) {
        self.players = self.players.saturating_sub(1);
        if self.players == 0 && self.state == SessionState::Connected {
            self.actions.push_back(Action::Pause);
            self.enter(now, SessionState::PendingReconnection);
        }
    }

    fn close(&mut self, reason: EndReason, detail: Option<String>) {
        self.state = if reason.is_fault() { SessionState::Error } else { SessionState::Terminated };
        let detail = detail.unwrap_or_else(|| reason.sentence().to_owned());
        self.actions.push_back(Action::Close { state: self.state, reason, detail });
    }
}

impl EndReason {
    /// Whether something went wrong, rather than came to its end.
    pub const fn is_fault(self) -> bool {
        use EndReason::*;
        matches!(
            self,
            GuestTrap
                | GuestHung
                | OutOfMemory
                | BadModule
                | InternalError
                | InvalidSignalRequest
                | PlacementTimeout
                | LimitReached
                | SeatTaken
                | InviteExpired
        )
    }

    /// What happened, for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            EndReason::ApplicationExit => "The title is over.",
            EndReason::ApiTerminated => "The session was ended.",
            EndReason::ConnectionTimeout => "Nobody connected in time.",
            EndReason::ReconnectionTimeout => "Nobody came back in time, so the session was ended.",
            EndReason::IdleTimeout => "Nobody touched anything for a long while, so the session was ended.",
            EndReason::MaxSessionLengthTimeout => "The session reached the longest time a session may last.",
            EndReason::PlacementTimeout => "No machine has room for another session right now.",
            EndReason::InvalidSignalRequest => "The browser's offer could not be answered.",
            EndReason::GuestTrap => "The title crashed.",
            EndReason::GuestHung => "The title stopped responding.",
            EndReason::OutOfMemory => "The title needed more memory than it may have.",
            EndReason::BadModule => "This module cannot be run here.",
            EndReason::Kicked => "The host removed you from the session.",
            EndReason::SeatTaken => "Somebody else plays from that seat now.",
            EndReason::InviteExpired => "The time you were invited for is over.",
            EndReason::LimitReached => "A limit of this server was reached.",
            EndReason::NodeStopping => "The server is being stopped.",
            EndReason::InternalError => "Something went wrong on the server.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times() -> SessionTimes {
        SessionTimes { connection_ms: 100, grace_ms: 200, idle_ms: 500, total_ms: 2_000 }
    }

    /// Feeds events at times and lists everything the machine wants done.
    fn run(events: &[(u64, Event)]) -> Vec<Action> {
        let mut life = Lifecycle::new(Time::ZERO, times());
        let mut actions = Vec::new();
        for (ms, event) in events {
            while let Some(due) = life.next_timeout().filter(|due| *due <= Time::from_millis(*ms)) {
                life.handle(due, Event::Timeout);
                actions.extend(std::iter::from_fn(|| life.poll()));
            }
            life.handle(Time::from_millis(*ms), event.clone());
            actions.extend(std::iter::from_fn(|| life.poll()));
        }
        actions
    }

    fn closed(actions: &[Action]) -> Option<EndReason> {
        match actions.last() {
            Some(Action::Close { reason, .. }) => Some(*reason),
            _ => None,
        }
    }

    #[test]
    fn a_session_runs_while_somebody_is_there_and_rests_while_nobody_is() {
        let actions = run(&[
            (1, Event::Ready),
            (2, Event::Attached),
            (3, Event::Attached),
            (4, Event::Detached),
            (5, Event::Detached),
            (6, Event::Attached),
        ]);
        let expect = [
            Action::State(SessionState::Active),
            Action::State(SessionState::Connected),
            Action::Run,
            Action::Pause,
            Action::State(SessionState::PendingReconnection),
            Action::State(SessionState::Connected),
            Action::Run,
        ];
        assert_eq!(actions, expect);
    }

    #[test]
    fn every_time_limit_ends_it_with_its_own_reason() {
        let check = |events: &[(u64, Event)], reason| assert_eq!(closed(&run(events)), Some(reason));
        check(&[(0, Event::Ready), (101, Event::Timeout)], EndReason::ConnectionTimeout);
        let leave = [(0, Event::Ready), (1, Event::Attached), (2, Event::Detached), (203, Event::Timeout)];
        check(&leave, EndReason::ReconnectionTimeout);
        check(&[(0, Event::Ready), (1, Event::Attached), (502, Event::Timeout)], EndReason::IdleTimeout);
        let mut busy = vec![(0, Event::Ready), (1, Event::Attached)];
        busy.extend((1..30).map(|n| (n * 100, Event::Activity)));
        check(&busy, EndReason::MaxSessionLengthTimeout);
    }

    #[test]
    fn after_its_end_nothing_happens_any_more() {
        let end = Event::End { reason: EndReason::GuestTrap, detail: Some("unreachable".into()) };
        let actions = run(&[(0, Event::Ready), (1, end), (2, Event::Attached), (9_000, Event::Timeout)]);
        assert_eq!(closed(&actions), Some(EndReason::GuestTrap));
        assert_eq!(actions.len(), 2);
    }

    #[test]
    fn a_fault_is_an_error_and_an_end_is_not() {
        assert!(EndReason::GuestHung.is_fault() && !EndReason::ApplicationExit.is_fault());
    }
}
