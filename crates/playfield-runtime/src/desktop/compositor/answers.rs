//! Whether programs answer people who use them: whoever does something has the program asked, which has a while to say so.

use std::time::{Duration, Instant};

use smithay::reexports::calloop::timer::{TimeoutAction, Timer};
use smithay::utils::SERIAL_COUNTER;
use smithay::wayland::shell::xdg::ShellClient;

use super::super::words::FromProgram;
use super::Compositor;
use super::pane::Pane;

/// How long a program has for its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// It is not asked more often than this.
const PERIOD: Duration = Duration::from_secs(1);

/// What was asked of whom.
#[derive(Default)]
pub(super) struct Answers {
    /// Who was asked and has not answered.
    asked: Option<ShellClient>,
    /// When somebody was asked last.
    at: Option<Instant>,
    /// Somebody is asked once the period is over.
    soon: bool,
    /// It was told that there is no answer.
    silent: bool,
}

impl Compositor {
    /// Somebody does something with the window in front: its program is asked whether it is still there.
    pub(super) fn ask(&mut self) {
        if self.answers.asked.is_some() || self.answers.soon {
            return;
        }
        let since = self.answers.at.map(|at| at.elapsed()).filter(|since| *since < PERIOD);
        if let Some(since) = since {
            // What was done last counts too.
            let timer = Timer::from_duration(PERIOD - since);
            let armed = self.handle.insert_source(timer, |_, (), compositor| {
                compositor.answers.soon = false;
                compositor.ask();
                TimeoutAction::Drop
            });
            self.answers.soon = armed.is_ok();
            return;
        }
        let window = self.space.elements().next_back();
        let Some(client) = window.and_then(Pane::toplevel).map(|toplevel| toplevel.client()) else { return };
        let now = Instant::now();
        self.answers.at = Some(now);
        if client.send_ping(SERIAL_COUNTER.next_serial()).is_err() {
            return;
        }
        self.answers.asked = Some(client);
        let timer = Timer::from_duration(PATIENCE);
        let armed = self.handle.insert_source(timer, move |_, (), compositor| {
            compositor.no_answer(now);
            TimeoutAction::Drop
        });
        if armed.is_err() {
            self.answers.asked = None;
        }
    }

    fn no_answer(&mut self, asked_at: Instant) {
        if self.answers.at == Some(asked_at) && self.answers.asked.is_some() {
            self.answers.silent = true;
            self.report(FromProgram::Answers(false));
        }
    }

    /// A program has answered.
    pub(super) fn answered(&mut self, client: &ShellClient) {
        if self.answers.asked.as_ref() == Some(client) {
            self.answers.asked = None;
            self.heard_again();
        }
    }

    /// Who is gone needs not answer.
    pub(super) fn forget_the_gone(&mut self) {
        if self.answers.asked.as_ref().is_some_and(|client| !client.alive()) {
            self.answers.asked = None;
            self.heard_again();
        }
    }

    fn heard_again(&mut self) {
        if std::mem::take(&mut self.answers.silent) {
            self.report(FromProgram::Answers(true));
        }
    }
}
