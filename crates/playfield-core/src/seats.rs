//! Who plays from which seat of a session: first come, first served, and no seat twice.
//!
//! ```text
//!            take, want                 away                    hold is over
//!   free ---------------> held ---------------------> kept -----------------> free
//!     ^                    | leave                     |  ^ take, by its holder
//!     +--------------------+---------------------------+
//! ```
//!
//! A viewer comes with one seat, or none. People who play at the same viewer with further gamepads get further seats, as
//! far as there are any. A viewer whose connection is lost finds its own seat again for a while; further ones are free
//! at once.

use std::time::Duration;

use crate::id::ViewerId;
use crate::input::MAX_PLAYERS;
use crate::time::Time;

/// Seats by their bit: bit N is seat N.
pub type SeatSet = u8;

#[derive(Clone, Debug)]
struct Holder {
    viewer: ViewerId,
    /// For a further person at the viewer.
    further: bool,
    /// Kept until then for a viewer that is away; none: it is there.
    until: Option<Time>,
}

/// The seats of one session.
#[derive(Debug)]
pub struct Seats {
    players: u8,
    hold: Duration,
    holders: [Option<Holder>; MAX_PLAYERS],
}

impl Seats {
    /// Seats for so many players, each kept for `hold` while its viewer is away.
    pub fn new(players: u8, hold: Duration) -> Seats {
        Seats { players: players.clamp(1, MAX_PLAYERS as u8), hold, holders: Default::default() }
    }

    /// How many there are.
    pub fn players(&self) -> u8 {
        self.players
    }

    /// Whether the viewer may have this seat: nobody else has it, or it is kept for nobody else.
    pub fn may_take(&self, now: Time, viewer: &ViewerId, seat: u8) -> bool {
        seat < self.players && self.holder(now, seat).is_none_or(|holder| holder.viewer == *viewer)
    }

    /// The viewer plays from this seat from now on. False: it may not.
    pub fn take(&mut self, now: Time, viewer: &ViewerId, seat: u8) -> bool {
        let may = self.may_take(now, viewer, seat);
        if may {
            self.holders[usize::from(seat)] = Some(Holder { viewer: viewer.clone(), further: false, until: None });
        }
        may
    }

    /// Gives the viewer this seat, whoever has it, in place of its own one. Who had it, and whether as a further one.
    pub fn give(&mut self, now: Time, viewer: &ViewerId, seat: u8) -> Option<(ViewerId, bool)> {
        let before = self.holder(now, seat).filter(|holder| holder.viewer != *viewer || holder.further);
        let before = before.map(|holder| (holder.viewer.clone(), holder.further));
        for own in &mut self.holders {
            own.take_if(|holder| holder.viewer == *viewer && !holder.further);
        }
        if let Some(place) = self.holders.get_mut(usize::from(seat)).filter(|_| seat < self.players) {
            *place = Some(Holder { viewer: viewer.clone(), further: false, until: None });
        }
        before
    }

    /// The viewer's own seat.
    pub fn own(&self, now: Time, viewer: &ViewerId) -> Option<u8> {
        let own = |seat: &u8| self.holder(now, *seat).is_some_and(|holder| holder.viewer == *viewer && !holder.further);
        (0..self.players).find(own)
    }

    /// The seats of the further people who play at the viewer.
    pub fn further(&self, viewer: &ViewerId) -> SeatSet {
        let further = |holder: &Holder| holder.viewer == *viewer && holder.further;
        let of =
            |set, seat: u8| set | SeatSet::from(self.holders[usize::from(seat)].as_ref().is_some_and(further)) << seat;
        (0..self.players).fold(0, of)
    }

    /// The first seat that nobody has.
    pub fn free(&self, now: Time) -> Option<u8> {
        (0..self.players).find(|seat| self.holder(now, *seat).is_none())
    }

    /// So many people play at the viewer, the first one included: it gets seats for the others as far as some are free, and
    /// gives back what it does not need. Those it has then.
    pub fn want(&mut self, now: Time, viewer: &ViewerId, count: u8) -> SeatSet {
        let own = |holder: &Holder| holder.viewer == *viewer && !holder.further;
        if !self.holders.iter().flatten().any(own) {
            return 0;
        }
        let mut wanted = count.saturating_sub(1);
        let mut further = 0;
        for seat in 0..self.players {
            let mine = self.holder(now, seat).map(|holder| holder.viewer == *viewer && holder.further);
            if mine == Some(false) {
                continue;
            }
            let kept = wanted > 0;
            wanted = wanted.saturating_sub(1);
            further |= SeatSet::from(kept) << seat;
            self.holders[usize::from(seat)] =
                kept.then(|| Holder { viewer: viewer.clone(), further: true, until: None });
        }
        further
    }

    /// The viewer's connection is gone: its own seat is kept for it, its further ones are not.
    pub fn away(&mut self, now: Time, viewer: &ViewerId) {
        let until = now + self.hold;
        for holder in &mut self.holders {
            match holder {
                Some(Holder { viewer: who, further: true, .. }) if who == viewer => *holder = None,
                Some(Holder { viewer: who, until: kept, .. }) if who == viewer => {
                    kept.get_or_insert(until);
                }
                _ => {}
            }
        }
    }

    /// The viewer leaves for good. Whether it had a seat.
    pub fn leave(&mut self, viewer: &ViewerId) -> bool {
        let mut had = false;
        for holder in &mut self.holders {
            had |= holder.take_if(|holder| holder.viewer == *viewer).is_some();
        }
        had
    }

    /// Those that are not free.
    pub fn taken(&self, now: Time) -> SeatSet {
        (0..self.players).fold(0, |set, seat| set | SeatSet::from(self.holder(now, seat).is_some()) << seat)
    }

    fn holder(&self, now: Time, seat: u8) -> Option<&Holder> {
        let holder = self.holders.get(usize::from(seat))?.as_ref();
        holder.filter(|holder| holder.until.is_none_or(|until| now < until))
    }
}

/// The seats of a set, in order.
pub fn seats_of(set: SeatSet) -> impl Iterator<Item = u8> {
    (0..MAX_PLAYERS as u8).filter(move |seat| set & (1 << seat) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens, to a viewer by its number.
    #[derive(Clone, Copy)]
    enum Step {
        /// It comes for a seat; whether it may have it.
        Take(u8, u8, bool),
        /// So many people play at it; the further seats it has then.
        Want(u8, u8, &'static [u8]),
        Away(u8),
        /// It is given a seat; who had it.
        Give(u8, u8, Option<u8>),
        /// Its own seat, and its further ones.
        Has(u8, Option<u8>, &'static [u8]),
        /// It leaves; whether it had a seat.
        Leave(u8, bool),
        /// So many seconds pass.
        Wait(u64),
        /// Seats that are not free now.
        Taken(&'static [u8]),
    }
    use Step::*;

    /// Plays the steps on virtual time, with seats kept for ten seconds.
    fn check(players: u8, steps: &[Step]) {
        let mut seats = Seats::new(players, Duration::from_secs(10));
        let mut now = Time::ZERO;
        let viewer = |n| ViewerId::from_entropy([n; 16]);
        for (at, step) in steps.iter().enumerate() {
            match *step {
                Take(who, seat, expect) => {
                    assert_eq!(seats.may_take(now, &viewer(who), seat), expect, "step {at}");
                    assert_eq!(seats.take(now, &viewer(who), seat), expect, "step {at}");
                }
                Want(who, count, expect) => {
                    let further = seats.want(now, &viewer(who), count);
                    assert_eq!(seats_of(further).collect::<Vec<_>>(), expect, "step {at}");
                }
                Give(who, seat, expect) => {
                    let before = seats.give(now, &viewer(who), seat).map(|(before, _)| before);
                    assert_eq!(before, expect.map(viewer), "step {at}");
                }
                Has(who, own, further) => {
                    assert_eq!(seats.own(now, &viewer(who)), own, "step {at}");
                    assert_eq!(seats_of(seats.further(&viewer(who))).collect::<Vec<_>>(), further, "step {at}");
                }
                Away(who) => seats.away(now, &viewer(who)),
                Leave(who, expect) => assert_eq!(seats.leave(&viewer(who)), expect, "step {at}"),
                Wait(seconds) => now = now + Duration::from_secs(seconds),
                Taken(expect) => assert_eq!(seats_of(seats.taken(now)).collect::<Vec<_>>(), expect, "step {at}"),
            }
        }
    }

    #[test]
    fn a_seat_is_for_one_viewer() {
        check(2, &[Take(1, 0, true), Take(2, 1, true), Take(3, 1, false), Take(2, 1, true), Taken(&[0, 1])]);
        check(2, &[Take(1, 2, false), Take(1, 4, false), Take(1, 255, false), Taken(&[])]);
    }

    #[test]
    fn a_further_gamepad_takes_no_seat_that_somebody_holds() {
        check(2, &[Take(1, 0, true), Take(2, 1, true), Want(1, 2, &[]), Leave(2, true), Want(1, 2, &[1])]);
        check(4, &[Take(1, 0, true), Take(2, 2, true), Want(1, 4, &[1, 3]), Taken(&[0, 1, 2, 3])]);
    }

    #[test]
    fn somebody_who_comes_later_gets_no_seat_of_a_further_gamepad() {
        check(2, &[Take(1, 0, true), Want(1, 2, &[1]), Take(2, 1, false), Want(1, 1, &[]), Take(2, 1, true)]);
    }

    #[test]
    fn seats_asked_for_again_stay_where_they_were() {
        check(
            4,
            &[Take(1, 1, true), Want(1, 3, &[0, 2]), Want(1, 3, &[0, 2]), Want(1, 2, &[0]), Want(1, 255, &[0, 2, 3])],
        );
        check(4, &[Take(1, 0, true), Want(1, 2, &[1]), Want(1, 0, &[]), Taken(&[0])]);
    }

    #[test]
    fn who_only_watches_gets_none() {
        check(4, &[Want(1, 4, &[]), Taken(&[]), Leave(1, false)]);
    }

    #[test]
    fn a_seat_is_kept_for_who_is_away_and_then_free() {
        let away = [Take(1, 0, true), Take(2, 1, true), Away(2), Wait(9)];
        check(
            2,
            &[&away[..], &[Take(3, 1, false), Want(1, 2, &[]), Take(2, 1, true), Wait(60), Taken(&[0, 1])]].concat(),
        );
        check(2, &[&away[..], &[Wait(1), Taken(&[0]), Take(3, 1, true), Take(2, 1, false)]].concat());
        check(2, &[&away[..], &[Wait(1), Want(1, 2, &[1]), Take(2, 1, false)]].concat());
        check(2, &[&away[..], &[Away(2), Wait(1), Taken(&[0])]].concat());
    }

    #[test]
    fn further_seats_go_with_the_connection() {
        check(2, &[Take(1, 0, true), Want(1, 2, &[1]), Away(1), Taken(&[0]), Take(2, 1, true)]);
    }

    #[test]
    fn a_seat_that_is_given_is_taken_from_whoever_had_it() {
        let two = [Take(1, 0, true), Take(2, 1, true)];
        check(2, &[&two[..], &[Give(3, 1, Some(2)), Has(3, Some(1), &[]), Has(2, None, &[])]].concat());
        check(2, &[&two[..], &[Give(2, 0, Some(1)), Has(2, Some(0), &[]), Taken(&[0])]].concat());
        check(2, &[Take(1, 0, true), Want(1, 2, &[1]), Give(2, 1, Some(1)), Has(1, Some(0), &[])]);
        check(2, &[Take(1, 0, true), Want(1, 2, &[1]), Give(1, 1, Some(1)), Has(1, Some(1), &[]), Taken(&[1])]);
        check(2, &[Take(1, 0, true), Give(1, 0, None), Has(1, Some(0), &[]), Give(1, 9, None), Has(1, None, &[])]);
        check(2, &[Take(1, 0, true), Away(1), Give(2, 0, Some(1)), Take(1, 0, false)]);
    }

    #[test]
    fn who_leaves_gives_all_back() {
        check(4, &[Take(1, 0, true), Want(1, 3, &[1, 2]), Leave(1, true), Taken(&[]), Leave(1, false)]);
    }
}
