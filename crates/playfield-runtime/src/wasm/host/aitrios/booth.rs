//! Where an AITRIOS app and its camera meet: the newest picture, what the app's threads wait for, and what it said.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use playfield_core::app::{Budget, Refusal};
use playfield_core::time::Time;
use playfield_core::upload::Upload;
use serde_json::Value;

use super::sensor::Still;
use crate::GuestError;

/// Most lines of its log that wait to be taken; further ones are left out.
const MOST_LINES: usize = 100;
/// Most threads of an app, its first one among them.
pub const MOST_THREADS: usize = 16;
/// A wait for no time takes so long all the same: an app that asks again and again leaves the processor to others.
const LEAST: Duration = Duration::from_millis(1);
/// How long an app is waited for that waits to be told of an upload: what it says next may still be about the same picture.
const MOMENT: Duration = Duration::from_millis(50);
/// Longest single wait; one for ever is many of them.
const MOST: Duration = Duration::from_secs(3600);

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// The next picture.
    Picture,
    /// Time to pass.
    Time,
    /// Time to pass, or something to tell.
    News,
}

/// Why a wait is over.
#[derive(Debug)]
pub enum Woken {
    Picture(Box<Still>),
    News,
    Late,
    /// The app is to end.
    Stopping,
    /// It has ended, and this thread with it.
    Over,
}

/// What they share.
#[derive(Debug)]
pub struct Booth {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    now: Time,
    still: Option<Box<Still>>,
    /// Threads there are, and how many of them wait for a picture, or for a while.
    threads: usize,
    for_picture: usize,
    for_time: usize,
    /// Those of the latter that wait for news, too.
    for_news: usize,
    /// One of them waited, be it for a moment.
    waited: bool,
    stopping: bool,
    /// A model is at work for a thread, and has until then.
    model_until: Option<Instant>,
    ended: Option<Result<(), GuestError>>,
    memory_refused: bool,
    budget: Budget,
    said: Said,
    /// Bytes of uploads that there is room for, on top of what is promised; none: nobody was let have them.
    room: Option<u64>,
    /// Bytes of uploads that are promised room, or wait to be taken.
    promised: u64,
    /// Uploads that were handed over and not said to be kept or not, and when the last one was.
    on_their_way: usize,
    uploaded: Option<Instant>,
    /// Of those that were handed over, in their order: whether they are kept.
    settled: VecDeque<bool>,
    /// There may be something to tell that no thread looked for yet.
    news: bool,
    /// Why it was refused so far, each once.
    refusals: Vec<Refusal>,
    lines: Vec<String>,
}

impl State {
    /// Whether nothing more is to be expected of the picture: it was taken, and a thread is back for the next one; or all of them
    /// wait, and none for a picture. Of threads that wait for each other nobody knows.
    fn rests(&self) -> bool {
        let back = self.for_picture > 0 && self.still.is_none();
        let about_to_work = self.news && self.for_news > 0;
        let idle = self.for_picture == 0 && self.for_time >= self.threads && !about_to_work;
        self.ended.is_some() || back || idle
    }
}

/// What it said since that was taken.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub emitted: Vec<Value>,
    pub bytes: u64,
    pub refused: u64,
    pub uploads: Vec<Upload>,
}

/// Whether there is room for an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Promised,
    /// Not before others are gone.
    Full,
    /// Nobody was let have it.
    Denied,
}

impl Booth {
    /// One for an app with its first thread.
    pub fn new(budget: Budget) -> Booth {
        let state = State {
            now: Time::ZERO,
            still: None,
            threads: 1,
            for_picture: 0,
            for_time: 0,
            for_news: 0,
            waited: false,
            stopping: false,
            model_until: None,
            ended: None,
            memory_refused: false,
            budget,
            said: Said::default(),
            room: None,
            promised: 0,
            on_their_way: 0,
            uploaded: None,
            settled: VecDeque::new(),
            news: false,
            refusals: Vec::new(),
            lines: Vec::new(),
        };
        Booth { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The camera: shows a picture in place of one that was not taken, and lets the app work until it waits again.
    pub fn show(&self, still: Still, patience: Duration) {
        let mut state = self.state();
        let promised = state.promised;
        state.now = still.now();
        state.room = still.uploads.room.map(|room| room.saturating_sub(promised));
        state.on_their_way = state.on_their_way.saturating_sub(still.uploads.settled.len());
        state.settled.extend(&still.uploads.settled);
        state.news |= !still.uploads.settled.is_empty();
        state.still = Some(Box::new(still));
        self.changed.notify_all();
        let began = Instant::now();
        while !state.rests() {
            // What becomes of an upload is known with a later picture, and it may wait for that before it goes on.
            let soon = state.uploaded.filter(|_| state.on_their_way > 0).map(|at| at.max(began) + MOMENT);
            let until = soon.into_iter().chain([began + patience]).min().unwrap_or(began);
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The camera: lets the app work until a thread of it waits for the first time.
    pub fn begin(&self, patience: Duration) {
        self.until(self.state(), patience, |state| state.ended.is_some() || state.waited);
    }

    /// The camera: waits until the app's threads are gone. False: they are not.
    pub fn wait_for_end(&self, patience: Duration) -> bool {
        self.until(self.state(), patience, |state| state.threads == 0)
    }

    fn until(&self, state: MutexGuard<'_, State>, patience: Duration, done: impl Fn(&State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(state, patience, |state| !done(state));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The camera: the app is to end.
    pub fn stop(&self) {
        self.state().stopping = true;
        self.changed.notify_all();
    }

    /// A thread: a model works for it, and may take so long; none: no longer.
    pub fn model(&self, may_take: Option<Duration>) {
        self.state().model_until = may_take.map(|time| Instant::now() + time);
    }

    /// The camera: whether a model is at work. Nothing can interrupt it.
    pub fn model_works(&self) -> bool {
        self.state().model_until.is_some()
    }

    /// The camera: whether a model has been at work for longer than it may.
    pub fn model_hangs(&self) -> bool {
        self.state().model_until.is_some_and(|until| Instant::now() > until)
    }

    /// The camera: it had its time to end, and is ended.
    pub fn close(&self, how: GuestError) {
        self.state().ended.get_or_insert(Err(how));
        self.changed.notify_all();
    }

    /// The camera: what it said, and its log.
    pub fn take_said(&self) -> Said {
        let mut state = self.state();
        let said = std::mem::take(&mut state.said);
        state.promised -= said.uploads.iter().map(|file| file.bytes.len() as u64).sum::<u64>();
        said
    }

    pub fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.state().lines)
    }

    pub fn budget(&self) -> Budget {
        self.state().budget
    }

    /// How it ended, if it did.
    pub fn ended(&self) -> Option<Result<(), GuestError>> {
        self.state().ended.clone()
    }

    /// The camera: whether it was refused memory.
    pub fn memory_refused(&self) -> bool {
        self.state().memory_refused
    }

    /// A thread: it is over, and so is the app, as the first of them says that tells how.
    pub fn end(&self, how: Option<Result<(), GuestError>>, memory_refused: bool) {
        let mut state = self.state();
        state.threads = state.threads.saturating_sub(1);
        if let (Some(how), None) = (how, &state.ended) {
            (state.ended, state.memory_refused) = (Some(how), memory_refused);
        }
        self.changed.notify_all();
    }

    /// A thread: one more is to begin. False: there are too many, or it is over.
    pub fn join(&self) -> bool {
        let mut state = self.state();
        let may = state.threads < MOST_THREADS && state.ended.is_none();
        state.threads += usize::from(may);
        may
    }

    pub fn stopping(&self) -> bool {
        self.state().stopping
    }

    /// A thread: waits so long; less than nothing is for ever. One that was told to end waits for a moment, and is told so again: it
    /// would else use up its time where another thread is still about to end the app.
    pub fn wait(&self, what: For, millis: i64, told_to_end: bool) -> Woken {
        let time = match u64::try_from(millis) {
            _ if told_to_end => LEAST,
            Ok(millis) => Duration::from_millis(millis).clamp(LEAST, MOST),
            Err(_) => MOST,
        };
        let until = Instant::now() + time;
        let mut state = self.state();
        // A moment is not taken for rest: what it does next may still be about the picture that it has.
        let counts = [
            usize::from(what == For::Picture),
            usize::from(what != For::Picture && time > LEAST),
            usize::from(what == For::News),
        ];
        state.for_picture += counts[0];
        state.for_time += counts[1];
        state.for_news += counts[2];
        state.waited = true;
        self.changed.notify_all();
        let woken = loop {
            let now = Instant::now();
            if state.ended.is_some() {
                break Woken::Over;
            }
            if state.stopping && (!told_to_end || now >= until) {
                break Woken::Stopping;
            }
            if what == For::News && !state.stopping && std::mem::take(&mut state.news) {
                break Woken::News;
            }
            if let Some(still) = state.still.take_if(|_| what == For::Picture && !told_to_end) {
                break Woken::Picture(still);
            }
            if now >= until {
                break Woken::Late;
            }
            state = self.changed.wait_timeout(state, until - now).unwrap_or_else(PoisonError::into_inner).0;
        };
        state.for_picture -= counts[0];
        state.for_time -= counts[1];
        state.for_news -= counts[2];
        woken
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

    /// A thread: there is something to tell, by whichever thread looks for that.
    pub fn news(&self) {
        self.state().news = true;
        self.changed.notify_all();
    }

    /// The app: it is about to upload so many bytes.
    pub fn promise(&self, bytes: u64) -> Room {
        let mut state = self.state();
        let Some(room) = state.room else { return Room::Denied };
        let Some(rest) = room.checked_sub(bytes) else { return Room::Full };
        (state.room, state.promised) = (Some(rest), state.promised + bytes);
        Room::Promised
    }

    /// The app: so many bytes do not come.
    pub fn forgo(&self, bytes: u64) {
        let mut state = self.state();
        state.room = state.room.map(|room| room + bytes);
        state.promised -= bytes;
    }

    /// The app: it uploads what it was promised room for.
    pub fn upload(&self, file: Upload) {
        let mut state = self.state();
        (state.on_their_way, state.uploaded) = (state.on_their_way + 1, Some(Instant::now()));
        state.said.uploads.push(file);
        self.changed.notify_all();
    }

    /// The app: what became of the next one of its uploads.
    pub fn settled(&self) -> Option<bool> {
        self.state().settled.pop_front()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_rests_when_nothing_more_is_to_be_expected_of_a_picture() {
        let check = |picture: bool, threads: usize, for_picture: usize, for_time: usize, rests: bool| {
            let booth = Booth::new(Budget::new(512));
            let mut state = booth.state();
            (state.threads, state.for_picture, state.for_time) = (threads, for_picture, for_time);
            state.still = picture.then(Box::default);
            assert_eq!(state.rests(), rests, "{picture} {threads} {for_picture} {for_time}");
        };
        // One thread: at work, back for the next picture, about to take this one, waiting for something else.
        check(true, 1, 0, 0, false);
        check(false, 1, 1, 0, true);
        check(true, 1, 1, 0, false);
        check(true, 1, 0, 1, true);
        // One that looks at events, and one that looks at pictures.
        check(false, 2, 0, 1, false);
        check(false, 2, 1, 0, true);
        check(true, 2, 0, 2, true);
        check(true, 2, 1, 1, false);
    }

    #[test]
    fn there_are_so_many_threads_and_no_more() {
        let booth = Booth::new(Budget::new(512));
        let joined = (0..100).filter(|_| booth.join()).count();
        assert_eq!(joined + 1, MOST_THREADS);
        booth.end(None, false);
        assert!(booth.join() && !booth.join());
        booth.end(Some(Ok(())), false);
        assert!(!booth.join(), "it is over");
        assert!(matches!(booth.wait(For::Time, 0, false), Woken::Over));
    }
}
