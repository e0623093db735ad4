//! What somebody without a connection holds in a seat for a while: a rule that presses a button, or moves a stick by where a person is.
//!
//! It joins what the seat's player does, and takes nothing away: buttons of both are held, and of an axis the one counts that is
//! further out. In a seat that nobody has it sits down, and stays for [`STAYS`] after it did something, so that a title does not see
//! a player come and go with each press. What is held ends by itself: nothing can stick.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Pad, PlayerInput};
use crate::time::Time;

/// How long a seat that nobody has stays taken after something was held in it.
pub const STAYS: Duration = Duration::from_secs(10);
/// Longest time something is held without being told again, in milliseconds.
pub const MOST_HOLD_MS: u32 = 10_000;
/// Holds of a seat at once; of more the one that ends first goes.
const MOST: usize = 16;

/// Something to be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who holds it: by the same name it takes the place of what was held before.
    pub by: String,
    /// The seat, from 0.
    pub player: u8,
    /// What is held.
    pub pad: Pad,
    /// For how long, at most [`MOST_HOLD_MS`].
    pub ms: u32,
}

/// What is held in one seat.
#[derive(Debug, Default)]
pub(super) struct Holds {
    holds: Vec<Held>,
    stays_until: Time,
}

#[derive(Debug)]
struct Held {
    by: String,
    pad: Pad,
    until: Time,
    /// The guest saw it: what is shorter than a tick is held for one.
    shown: bool,
}

impl Holds {
    pub(super) fn hold(&mut self, now: Time, hold: &Hold) {
        let until = now + Duration::from_millis(hold.ms.min(MOST_HOLD_MS).into());
        self.stays_until = self.stays_until.max(until + STAYS);
        self.holds.retain(|held| held.by != hold.by);
        if self.holds.len() >= MOST {
            let first = (0..self.holds.len()).min_by_key(|at| self.holds[*at].until);
            first.into_iter().for_each(|at| drop(self.holds.remove(at)));
        }
        self.holds.push(Held { by: hold.by.clone(), pad: hold.pad, until, shown: false });
    }

    /// Adds it to what the seat's player does in the tick that begins now.
    pub(super) fn join(&mut self, now: Time, player: &mut PlayerInput) {
        self.holds.retain(|held| held.until > now || !held.shown);
        for held in &mut self.holds {
            held.shown = true;
            add(&mut player.pad, held.pad);
        }
        player.connected |= self.stays_until > now;
    }
}

fn add(pad: &mut Pad, held: Pad) {
    let further = |axis: &mut i16, held: i16| {
        if held.unsigned_abs() > axis.unsigned_abs() {
            *axis = held;
        }
    };
    pad.buttons |= held.buttons;
    further(&mut pad.lx, held.lx);
    further(&mut pad.ly, held.ly);
    further(&mut pad.rx, held.rx);
    further(&mut pad.ry, held.ry);
    (pad.l2, pad.r2) = (pad.l2.max(held.l2), pad.r2.max(held.r2));
}
