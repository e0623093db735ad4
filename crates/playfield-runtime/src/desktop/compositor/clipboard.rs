//! The clipboard: text between programs of Wayland, programs of X11 and the viewers.
//!
//! ```text
//!   a program copies --pipe--> at most 1 MiB, for a while --> shared memory --Copied--> worker
//!                                                                           <--CopyTaken--
//!   worker --Paste--> kept here, offered to all programs --pipe--> whichever pastes
//! ```
//!
//! What a viewer pastes is the selection (what the middle button pastes) as well. What is only selected in a program goes to
//! other programs, and to no viewer: that happens all the time, and would write over what they had copied themselves.
//!
//! A program at the other end of a pipe may never read, never write or never stop: pipes do not block, and are closed after
//! a while.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use playfield_core::desk::MAX_CLIPBOARD;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use smithay::input::Seat;
use smithay::reexports::calloop::generic::Generic;
use smithay::reexports::calloop::timer::{TimeoutAction, Timer};
use smithay::reexports::calloop::{Interest, Mode, PostAction, RegistrationToken};
use smithay::wayland::selection::data_device::{
    SelectionRequestError, clear_data_device_selection, current_data_device_selection_userdata,
    request_data_device_client_selection, set_data_device_selection,
};
use smithay::wayland::selection::primary_selection::{
    clear_primary_selection, current_primary_selection_userdata, request_primary_client_selection,
    set_primary_selection,
};
use smithay::wayland::selection::{SelectionHandler, SelectionSource, SelectionTarget};

use super::super::words::{COPIED, FromProgram, PASTED};
use super::Compositor;
use super::pane::Pane;

/// What programs call plain text, the best of it first.
const TEXT: [&str; 5] = ["text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "TEXT", "STRING"];
/// How long a pipe stays open.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pipes that are open at a time.
const MOST_PIPES: usize = 32;
/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// Whose a selection is that the compositor offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// What a viewer pasted.
    Viewer,
    /// A program of X11.
    X11,
}

/// What is known of the clipboard.
#[derive(Default)]
pub(super) struct Clipboard {
    /// What a viewer pasted last.
    pasted: Rc<[u8]>,
    /// The worker has not taken what was copied before.
    on_the_way: bool,
    /// What it gets next.
    next: Option<Vec<u8>>,
    /// Counts what was copied: only the newest goes on.
    copies: u64,
    /// Pipes that are open, by number.
    pipes: Vec<(u64, RegistrationToken)>,
    numbers: u64,
}

impl Compositor {
    /// A viewer pastes so many bytes: they are the clipboard now.
    pub(in super::super) fn paste(&mut self, bytes: u32) {
        let mut text = vec![0; (bytes as usize).min(MAX_CLIPBOARD)];
        if self.shared.read(PASTED, &mut text) {
            self.clipboard.pasted = text.into();
            // What was being copied before this is older.
            self.clipboard.copies += 1;
            let types = || TEXT.map(str::to_owned).to_vec();
            set_data_device_selection(&self.display, &self.seat, types(), Owner::Viewer);
            set_primary_selection(&self.display, &self.seat, types(), Owner::Viewer);
            self.tell_x11(SelectionTarget::Clipboard, Some(types()));
            self.tell_x11(SelectionTarget::Primary, Some(types()));
        }
        self.report(FromProgram::PasteTaken);
    }

    /// The worker has what was copied.
    pub(in super::super) fn copy_taken(&mut self) {
        self.clipboard.on_the_way = false;
        if let Some(next) = self.clipboard.next.take() {
            self.copied(next);
        }
    }

    fn copied(&mut self, text: Vec<u8>) {
        if self.clipboard.on_the_way {
            self.clipboard.next = Some(text);
        } else if self.shared.write(COPIED, &text) {
            self.clipboard.on_the_way = true;
            self.report(FromProgram::Copied(text.len() as u32));
        }
    }

    /// Tells the X server that somebody else owns a selection now.
    fn tell_x11(&mut self, which: SelectionTarget, types: Option<Vec<String>>) {
        let Some(manager) = &mut self.x11.manager else { return };
        if let Err(error) = manager.new_selection(which, types) {
            tracing::debug!(%error, "the X server is not told of a selection");
        }
        // Smithay leaves that in its buffer. What a window is told goes out at once, and takes it along.
        if let Some(window) = self.space.elements().find_map(Pane::x11) {
            // A window that is gone meanwhile takes nothing along.
            let _ = window.configure(None);
        }
    }

    /// An X server that has started is told what there is.
    pub(super) fn tell_x11_all(&mut self) {
        let types = || Some(TEXT.map(str::to_owned).to_vec());
        if current_data_device_selection_userdata(&self.seat).is_some_and(|owner| *owner == Owner::Viewer) {
            self.tell_x11(SelectionTarget::Clipboard, types());
        }
        if current_primary_selection_userdata(&self.seat).is_some_and(|owner| *owner == Owner::Viewer) {
            self.tell_x11(SelectionTarget::Primary, types());
        }
    }

    /// A program of X11 has copied or selected something.
    pub(super) fn x11_owns(&mut self, which: SelectionTarget, types: Vec<String>) {
        let text = best_of(&types);
        match which {
            SelectionTarget::Clipboard => set_data_device_selection(&self.display, &self.seat, types, Owner::X11),
            SelectionTarget::Primary => set_primary_selection(&self.display, &self.seat, types, Owner::X11),
        }
        if let (SelectionTarget::Clipboard, Some(text)) = (which, text)
            && let Some(write) = self.listen_to_copy()
        {
            self.ask_x11(which, text, write);
        }
    }

    /// It has it no more.
    pub(super) fn x11_disowns(&mut self, which: SelectionTarget) {
        let of_x11 = |owner: Option<std::cell::Ref<'_, Owner>>| owner.is_some_and(|owner| *owner == Owner::X11);
        match which {
            SelectionTarget::Clipboard if of_x11(current_data_device_selection_userdata(&self.seat)) => {
                clear_data_device_selection(&self.display, &self.seat);
            }
            SelectionTarget::Primary if of_x11(current_primary_selection_userdata(&self.seat)) => {
                clear_primary_selection(&self.display, &self.seat);
            }
            _ => {}
        }
    }

    fn ask_x11(&mut self, which: SelectionTarget, kind: String, into: OwnedFd) {
        let handle = self.handle.clone();
        let Some(manager) = &mut self.x11.manager else { return };
        if let Err(error) = manager.send_selection(which, kind, into, handle) {
            tracing::debug!(%error, "a program of X11 does not give what it copied");
        }
    }

    /// A program of X11 pastes.
    pub(super) fn x11_pastes(&mut self, which: SelectionTarget, kind: String, into: OwnedFd) {
        // A descriptor that was passed on is gone, so the owner is looked up before.
        let ours = match which {
            SelectionTarget::Clipboard => current_data_device_selection_userdata(&self.seat).map(|owner| *owner),
            SelectionTarget::Primary => current_primary_selection_userdata(&self.seat).map(|owner| *owner),
        };
        match ours {
            Some(Owner::Viewer) => self.give(into),
            Some(Owner::X11) => {}
            None => {
                let asked = match which {
                    SelectionTarget::Clipboard => request_data_device_client_selection(&self.seat, kind, into),
                    SelectionTarget::Primary => request_primary_client_selection(&self.seat, kind, into)
                        .map_err(|_| SelectionRequestError::NoSelection),
                };
                if let Err(error) = asked {
                    tracing::debug!(%error, "nothing to paste");
                }
            }
        }
    }

    /// A program of Wayland has copied: what it is, is asked for once the selection is its own.
    fn read_copy(&mut self, kind: String) {
        let Some(write) = self.listen_to_copy() else { return };
        if let Err(error) = request_data_device_client_selection(&self.seat, kind, write) {
            tracing::debug!(%error, "nothing was copied");
        }
    }

    /// A pipe whose reading end takes in what was copied.
    fn listen_to_copy(&mut self) -> Option<OwnedFd> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC).ok()?;
        self.clipboard.copies += 1;
        let (copy, mut text) = (self.clipboard.copies, Vec::new());
        let mut chunk = vec![0; CHUNK];
        self.pipe(read, Interest::READ, move |compositor, pipe| {
            match rustix::io::read(pipe, &mut chunk) {
                Ok(0) => {
                    if compositor.clipboard.copies == copy {
                        compositor.copied(std::mem::take(&mut text));
                    }
                    return true;
                }
                Ok(len) => text.extend_from_slice(&chunk[..len]),
                Err(Errno::AGAIN | Errno::INTR) => return false,
                Err(_) => return true,
            }
            if text.len() > MAX_CLIPBOARD {
                let why = "What was copied is longer than 1 MiB, and stays in the program.";
                compositor.report(FromProgram::Message(why.to_owned()));
                return true;
            }
            false
        });
        Some(write)
    }

    /// Writes what a viewer pasted into a program's pipe.
    fn give(&mut self, into: OwnedFd) {
        let (text, mut written) = (Rc::clone(&self.clipboard.pasted), 0);
        self.pipe(into, Interest::WRITE, move |_, pipe| match rustix::io::write(pipe, &text[written..]) {
            Ok(len) => {
                written += len;
                written == text.len()
            }
            Err(Errno::AGAIN | Errno::INTR) => false,
            Err(_) => true,
        });
    }

    /// Serves a pipe whenever it is ready, until `step` is done with it or its time is over.
    fn pipe(
        &mut self,
        end: OwnedFd,
        interest: Interest,
        mut step: impl FnMut(&mut Compositor, &OwnedFd) -> bool + 'static,
    ) {
        if self.clipboard.pipes.len() >= MOST_PIPES {
            return;
        }
        let blocking = fcntl_getfl(&end).and_then(|flags| fcntl_setfl(&end, flags | OFlags::NONBLOCK));
        if blocking.is_err() {
            return;
        }
        self.clipboard.numbers += 1;
        let number = self.clipboard.numbers;
        let source = Generic::new(end, interest, Mode::Level);
        let served = self.handle.insert_source(source, move |_, end, compositor| {
            if !step(compositor, end) {
                return Ok(PostAction::Continue);
            }
            compositor.clipboard.pipes.retain(|(other, _)| *other != number);
            Ok(PostAction::Remove)
        });
        let Ok(token) = served else { return };
        self.clipboard.pipes.push((number, token));
        let over = self.handle.insert_source(Timer::from_duration(PATIENCE), move |_, (), compositor| {
            let late = compositor.clipboard.pipes.iter().position(|(other, _)| *other == number);
            if let Some(late) = late {
                let (_, token) = compositor.clipboard.pipes.swap_remove(late);
                compositor.handle.remove(token);
            }
            TimeoutAction::Drop
        });
        if over.is_err() {
            self.handle.remove(token);
        }
    }
}

/// What of it is text.
fn best_of(types: &[String]) -> Option<String> {
    TEXT.iter().find(|text| types.iter().any(|kind| kind == *text)).map(|text| (*text).to_owned())
}

impl SelectionHandler for Compositor {
    type SelectionUserData = Owner;

    fn new_selection(&mut self, which: SelectionTarget, source: Option<SelectionSource>, _seat: Seat<Self>) {
        let types = source.map(|source| source.mime_types());
        let text = types.as_deref().and_then(best_of).filter(|_| which == SelectionTarget::Clipboard);
        self.tell_x11(which, types);
        if let Some(text) = text {
            self.handle.insert_idle(move |compositor| compositor.read_copy(text));
        }
    }

    fn send_selection(
        &mut self,
        which: SelectionTarget,
        kind: String,
        into: OwnedFd,
        _seat: Seat<Self>,
        owner: &Owner,
    ) {
        match owner {
            Owner::Viewer => self.give(into),
            Owner::X11 => self.ask_x11(which, kind, into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_text_is_taken() {
        let best = |types: &[&str]| best_of(&types.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>());
        assert_eq!(best(&["image/png", "STRING", "UTF8_STRING"]).as_deref(), Some("UTF8_STRING"));
        assert_eq!(best(&["image/png"]), None);
    }
}
