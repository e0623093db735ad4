//! Whether programs answer people who use them: whoever does something has the program asked, which has a while to say so.

use std::thread;
use std::time::{Duration, Instant};

use smithay::reexports::calloop::channel::{Event, channel};
use smithay::reexports::calloop::timer::{TimeoutAction, Timer};
use smithay::utils::SERIAL_COUNTER;
use smithay::wayland::shell::xdg::ShellClient;

use super::super::words::FromProgram;
use super::Compositor;
use super::pane::Pane;
use super::x11::ping;

/// How long a program has for its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// It is not asked more often than this.
const PERIOD: Duration = Duration::from_secs(1);

/// Who was asked.
enum Asked {
    /// A program of Wayland.
    Wayland(ShellClient),
    /// A window of X11: a thread waits for its answer.
    X11,
}

/// What was asked of whom.
#[derive(Default)]
pub(super) struct Answers {
    /// Who was asked and has not answered.
    asked: Option<Asked>,
    /// When somebody was asked last.
    at: Option<Instant>,
    /// Somebody is asked once the period is over.
    soon: bool,
    /// Something was done since the question that is open: it may be what the program does not come back from.
    again: bool,
    /// It was told that there is no answer.
    silent: bool,
}

impl Compositor {
    /// Somebody does something with the window in front: its program is asked whether it is still there.
    pub(super) fn ask(&mut self) {
        self.answers.again = self.answers.asked.is_some();
        if self.answers.again || self.answers.soon {
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
        let may_answer = |window: &&Pane| window.x11().is_none_or(|window| !window.is_override_redirect());
        let Some(window) = self.space.elements().rev().find(may_answer).cloned() else { return };
        let now = Instant::now();
        self.answers.at = Some(now);
        self.answers.asked = self.put_question(&window, now);
        if self.answers.asked.is_none() {
            return;
        }
        let timer = Timer::from_duration(PATIENCE);
        let armed = self.handle.insert_source(timer, move |_, (), compositor| {
            compositor.no_answer(now);
            TimeoutAction::Drop
        });
        if armed.is_err() {
            self.answers.asked = None;
        }
    }

    fn put_question(&self, window: &Pane, now: Instant) -> Option<Asked> {
        if let Some(window) = window.x11() {
            return self.ping_x11(window.window_id(), now);
        }
        let client = window.toplevel()?.client();
        client.send_ping(SERIAL_COUNTER.next_serial()).ok()?;
        Some(Asked::Wayland(client))
    }

    /// Has a window of X11 asked by a thread: an X server is waited for, and this program has others to serve.
    fn ping_x11(&self, window: u32, now: Instant) -> Option<Asked> {
        let (over, waits) = channel::<()>();
        let heard = self.handle.insert_source(waits, move |event, (), compositor| {
            if matches!(event, Event::Closed) && compositor.answers.at == Some(now) {
                compositor.heard();
            }
        });
        heard.ok()?;
        let asks = move || {
            // Whoever cannot be asked is not missed: it is gone, or it has never said that it answers.
            let _ = ping::ask(window);
            drop(over);
        };
        thread::Builder::new().name("x11 ping".to_owned()).spawn(asks).ok()?;
        Some(Asked::X11)
    }

    fn no_answer(&mut self, asked_at: Instant) {
        if self.answers.at == Some(asked_at) && self.answers.asked.is_some() {
            self.answers.silent = true;
            self.report(FromProgram::Answers(false));
        }
    }

    /// A program of Wayland has answered.
    pub(super) fn answered(&mut self, client: &ShellClient) {
        if matches!(&self.answers.asked, Some(Asked::Wayland(asked)) if asked == client) {
            self.heard();
        }
    }

    /// Who is gone needs not answer.
    pub(super) fn forget_the_gone(&mut self) {
        if matches!(&self.answers.asked, Some(Asked::Wayland(client)) if !client.alive()) {
            self.heard();
        }
    }

    fn heard(&mut self) {
        self.answers.asked = None;
        if std::mem::take(&mut self.answers.silent) {
            self.report(FromProgram::Answers(true));
        }
        if std::mem::take(&mut self.answers.again) {
            self.ask();
        }
    }
}
