//! A session's states on its guest thread: taken, and gone back to, between ticks.

use playfield_core::bus::{Reply, StateRefusal};
use playfield_core::id::SessionId;
use playfield_runtime::{Guest, GuestError, Snapshot};

use super::{Hosted, Stage, sentence};
use crate::inbox::SaveTo;
use crate::outbox::FromStage;
use crate::states::{Job, Refused, Taken};

impl Stage {
    /// Takes the state of now. Between ticks, so nothing is under way in it.
    pub(super) fn save(&mut self, to: SaveTo) {
        let taken = match &mut self.guest {
            Hosted::Open(guest) => take(&self.session, guest.as_mut(), to),
            _ => Err(Refused::busy()),
        };
        let sent = taken.and_then(|taken| self.shelf.take(Job::Write(Box::new(taken))));
        if let Err(refused) = sent {
            self.answer(refused.into());
        }
    }

    /// Goes back to a state. What a guest does not take up changes nothing; if it is not what it was after that either, it ends.
    pub(super) fn load(&mut self, state: &Snapshot) {
        let Hosted::Open(mut guest) = std::mem::replace(&mut self.guest, Hosted::Gone) else {
            return self.answer(Refused::busy().into());
        };
        let shown = guest.tick_count().wrapping_add(self.shift);
        match go_back(guest.as_mut(), state) {
            Ok(()) => {
                self.shift = shown.wrapping_add(1).wrapping_sub(guest.tick_count());
                self.went_back = true;
                self.keeper.went_back();
                self.rumbles.still(&self.session, &self.outbox);
                tracing::info!(session = %self.session, tick = state.tick, "a saved state was loaded");
                self.answer(Reply::Done);
            }
            Err(Fallen::Back(error)) => {
                self.answer(Refused::new(StateRefusal::Impossible, unfit(&error)).into());
            }
            Err(Fallen::Down(error)) => {
                self.answer(Refused::new(StateRefusal::Impossible, unfit(&error)).into());
                return self.end(&error);
            }
        }
        self.guest = Hosted::Open(guest);
    }

    fn answer(&self, reply: Reply) {
        self.outbox.send(FromStage::StateDone { session: self.session.clone(), reply });
    }
}

fn take(session: &SessionId, guest: &mut dyn Guest, to: SaveTo) -> Result<Taken, Refused> {
    let mut state = Snapshot::default();
    guest.snapshot(&mut state).map_err(|error| Refused::new(StateRefusal::Impossible, sentence(&error.to_string())))?;
    let SaveTo { path, most, maker, name } = to;
    let (session, picture, tick_hz) = (session.clone(), guest.picture().clone(), guest.tick_hz());
    Ok(Taken { session, state, tick_hz, picture, maker, to: path, most, name })
}

/// Why a guest did not go back.
enum Fallen {
    /// It is what it was before.
    Back(GuestError),
    /// It cannot go on.
    Down(GuestError),
}

/// Goes back to a state, or is what it was before.
fn go_back(guest: &mut dyn Guest, state: &Snapshot) -> Result<(), Fallen> {
    let mut before = Snapshot::default();
    guest.snapshot(&mut before).map_err(Fallen::Back)?;
    let Err(error) = guest.restore(state) else { return Ok(()) };
    match guest.restore(&before) {
        Ok(()) => Err(Fallen::Back(error)),
        Err(_) => Err(Fallen::Down(error)),
    }
}

fn unfit(error: &GuestError) -> String {
    let why = match error {
        GuestError::NoSnapshot(why) => why.clone(),
        error => error.to_string(),
    };
    format!("This saved state cannot be loaded: {}.", why.trim_end_matches('.'))
}
