//! Where an AITRIOS app and its camera meet: the newest picture, what the app waits for, and what it said.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use playfield_core::app::{Budget, Refusal};
use playfield_core::time::Time;
use serde_json::Value;

use crate::GuestError;
use crate::wasm::host::camera::View;

/// Most lines of its log that wait to be taken; further ones are left out.
const MOST_LINES: usize = 100;
/// A wait for no time takes so long all the same: an app that asks again and again leaves the processor to others.
const LEAST: Duration = Duration::from_millis(1);
/// Longest single wait; one for ever is many of them.
const MOST: Duration = Duration::from_secs(3600);

/// What an app waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum For {
    /// It does not wait, or only a moment.
    #[default]
    Nothing,
    /// The next picture.
    Picture,
    /// Time to pass.
    Time,
}

/// Why a wait is over.
#[derive(Debug)]
pub enum Woken {
    Picture(Box<View>),
    Late,
    Stopping,
}

/// What the two share.
#[derive(Debug)]
pub struct Booth {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    now: Time,
    view: Option<Box<View>>,
    waits: For,
    stopping: bool,
    ended: Option<Result<(), GuestError>>,
    memory_refused: bool,
    budget: Budget,
    said: Said,
    /// Why it was refused so far, each once.
    refusals: Vec<Refusal>,
    lines: Vec<String>,
}

/// What it said since that was taken.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub emitted: Vec<Value>,
    pub bytes: u64,
    pub refused: u64,
}

impl Booth {
    pub fn new(budget: Budget) -> Booth {
        let state = State {
            now: Time::ZERO,
            view: None,
            waits: For::Nothing,
            stopping: false,
            ended: None,
            memory_refused: false,
            budget,
            said: Said::default(),
            refusals: Vec::new(),
            lines: Vec::new(),
        };
        Booth { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The camera: shows a picture in place of one that was not taken, and lets the app work until it waits again.
    pub fn show(&self, view: View, patience: Duration) {
        let mut state = self.state();
        state.now = view.now;
        state.view = Some(Box::new(view));
        self.changed.notify_all();
        self.until_it_waits(state, patience);
    }

    /// The camera: lets the app work until it waits for the first time.
    pub fn begin(&self, patience: Duration) {
        self.until_it_waits(self.state(), patience);
    }

    fn until_it_waits(&self, state: MutexGuard<'_, State>, patience: Duration) {
        let works = |state: &mut State| match state.waits {
            _ if state.ended.is_some() => false,
            For::Nothing => true,
            For::Picture => state.view.is_some(),
            For::Time => false,
        };
        drop(self.changed.wait_timeout_while(state, patience, works));
    }

    /// The camera: the app is to end.
    pub fn stop(&self) {
        self.state().stopping = true;
        self.changed.notify_all();
    }

    /// The camera: what it said, and its log.
    pub fn take_said(&self) -> Said {
        std::mem::take(&mut self.state().said)
    }

    pub fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.state().lines)
    }

    pub fn budget(&self) -> Budget {
        self.state().budget
    }

    /// The camera: how it ended, if it did, and whether it was refused memory.
    pub fn ended(&self) -> Option<Result<(), GuestError>> {
        self.state().ended.clone()
    }

    pub fn memory_refused(&self) -> bool {
        self.state().memory_refused
    }

    /// The app's thread: it is over.
    pub fn end(&self, how: Result<(), GuestError>, memory_refused: bool) {
        let mut state = self.state();
        (state.ended, state.memory_refused) = (Some(how), memory_refused);
        self.changed.notify_all();
    }

    pub fn stopping(&self) -> bool {
        self.state().stopping
    }

    /// The app: waits so long; less than nothing is for ever.
    pub fn wait(&self, what: For, millis: i64) -> Woken {
        let time = u64::try_from(millis).map_or(MOST, |millis| Duration::from_millis(millis).clamp(LEAST, MOST));
        let until = Instant::now() + time;
        let mut state = self.state();
        // A moment is not taken for rest: what it does next may still be about the picture that it has.
        state.waits = if what == For::Time && time <= LEAST { For::Nothing } else { what };
        self.changed.notify_all();
        loop {
            let woken = match state.view.take_if(|_| what == For::Picture) {
                _ if state.stopping => Woken::Stopping,
                Some(view) => Woken::Picture(view),
                None if Instant::now() >= until => Woken::Late,
                None => {
                    let left = until.saturating_duration_since(Instant::now());
                    state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                    continue;
                }
            };
            state.waits = For::Nothing;
            return woken;
        }
    }

    /// The app: says what its schema allows, all of it or nothing.
    pub fn emit(&self, values: Vec<Value>) -> Result<(), Refusal> {
        let mut state = self.state();
        let (now, mut budget, mut bytes) = (state.now, state.budget, 0);
        for length in values.iter().map(|value| value.to_string().len()) {
            if !budget.take(now, length) {
                return Err(Refusal::Budget);
            }
            bytes += length as u64;
        }
        state.budget = budget;
        state.said.bytes += bytes;
        state.said.emitted.extend(values);
        Ok(())
    }

    /// The app: something that it said was refused. True: so it was not refused before.
    pub fn refuse(&self, refusal: Refusal) -> bool {
        let mut state = self.state();
        state.said.refused = state.said.refused.saturating_add(1);
        let news = !state.refusals.contains(&refusal);
        if news {
            state.refusals.push(refusal);
        }
        news
    }

    /// The app: a line of its log.
    pub fn line(&self, line: String) {
        let mut state = self.state();
        if state.lines.len() < MOST_LINES {
            state.lines.push(line);
        }
    }
}
