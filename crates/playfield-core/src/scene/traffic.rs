//! Who rides: cars, trucks and bicycles, at any time asked for.
//!
//! Vehicles enter a lane by a hashed timetable. One alone either passes the crossing's signal or stops at it; one behind another
//! keeps to the simplest law of following (Newell, 2002): it is where its leader was a little earlier, a little further back,
//! unless it is free to be nearer. As that is a minimum of known curves, no moment depends on having seen the one before.

use super::actor::{Kind, Ride};
use super::dice::Dice;
use super::layout::{Lane, Layout};

/// A round of the crossing's signal, in milliseconds. It begins as vehicles may go.
pub(super) const ROUND_MS: i64 = 46_000;
/// From when on vehicles stop, in milliseconds of a round.
const STOP_MS: i64 = 28_000;
/// When people may step on the road, in milliseconds of a round.
pub(super) const WALK_MS: (i64, i64) = (31_000, 40_000);

/// Length of a place in the row of parked cars, in metres.
pub(super) const BAY: f32 = 5.8;
/// How often somebody may enter a lane, in milliseconds.
const SLOT_MS: i64 = 4_000;
/// A follower does what its leader did so many seconds before.
const REACTION_S: f32 = 1.1;
/// How hard vehicles brake and how they set off, in metres per square second.
const BRAKE: f32 = 2.4;
const ACCELERATE: f32 = 1.7;

/// How one lane moves.
struct Stream {
    lane: Lane,
    /// Number of the lane among all.
    number: u64,
    /// Metres from where vehicles enter to the crossing's middle.
    reach: f32,
    /// Metres a second.
    speed: f32,
    /// How many may enter, as a probability for each slot.
    often: f32,
    bicycles: bool,
}

/// Somebody on a lane, as far as it depends on nobody else.
struct Entry {
    slot: i64,
    kind: Kind,
    dice: Dice,
    /// Seconds since it entered, at the time asked for.
    since: f32,
    /// When it stands at the line and when it may go, in seconds after entering.
    stop: Option<(f32, f32)>,
    /// Where its middle stands at the line, in metres from entering.
    line: f32,
}

/// All who ride at a time. The densities are probabilities that somebody enters a lane within four seconds.
pub(super) fn rides(street: &Layout, dice: Dice, (vehicles, bicycles): (f32, f32), time_ms: u64) -> Vec<Ride> {
    let mut rides = parked(street, dice.of(99), vehicles > 0.0);
    let lanes = street.lanes.iter().map(|lane| (lane, false)).chain(street.bikes.iter().map(|lane| (lane, true)));
    for (number, (lane, bicycles_only)) in lanes.enumerate() {
        let d = dice.of(number as u64);
        let (reach, speed, often) = match bicycles_only {
            true => (70.0, d.between(0, 4.0, 5.2), bicycles),
            false => (110.0, d.between(0, 8.0, 10.0), vehicles),
        };
        let stream = Stream { lane: *lane, number: number as u64, reach, speed, often, bicycles: bicycles_only };
        stream.rides(street, d, time_ms as i64, &mut rides);
    }
    rides
}

impl Stream {
    fn rides(&self, street: &Layout, dice: Dice, now: i64, out: &mut Vec<Ride>) {
        let slots = ((2.0 * self.reach / self.speed) as i64 * 1000 + ROUND_MS) / SLOT_MS + 2;
        let last = now.div_euclid(SLOT_MS) + 1;
        let entries: Vec<Entry> =
            (last - slots..=last).filter_map(|slot| self.entry(street, dice.of(slot as u64), slot, now)).collect();
        for (i, entry) in entries.iter().enumerate() {
            let moments: [f32; 5] = std::array::from_fn(|k| self.place(&entries[..=i], (k as f32 - 2.0) * 0.3));
            let along = moments.iter().sum::<f32>() / 5.0;
            if along > 0.0 && along < 2.0 * self.reach {
                out.push(self.ride(entry, along, moments));
            }
        }
    }

    fn entry(&self, street: &Layout, dice: Dice, slot: i64, now: i64) -> Option<Entry> {
        if !dice.chance(0, self.often) {
            return None;
        }
        let kind = if self.bicycles { Kind::Bicycle } else { vehicle(dice) };
        let entered = slot * SLOT_MS + dice.between(1, 0.0, 1_300.0) as i64;
        let line = self.reach - street.crossing - 2.2 - kind.length() / 2.0;
        let arrives = line / self.speed;
        let at = (entered + (arrives * 1000.0) as i64).rem_euclid(ROUND_MS);
        let stop = (at >= STOP_MS).then(|| {
            let stands = arrives + self.speed / (2.0 * BRAKE);
            let go = arrives + (ROUND_MS - at) as f32 / 1000.0 + 0.8;
            (stands, go.max(stands))
        });
        Some(Entry { slot, kind, dice, since: (now - entered) as f32 / 1000.0, stop, line })
    }

    /// How far the last of these is, `shift` seconds from now, none passing those before it.
    fn place(&self, entries: &[Entry], shift: f32) -> f32 {
        let Some((own, leaders)) = entries.split_last() else { return 0.0 };
        let mut place = self.alone(own, own.since + shift);
        let (mut back, mut late) = (0.0, 0.0);
        let mut behind = own;
        for leader in leaders.iter().rev().take(12) {
            back += (leader.kind.length() + behind.kind.length()) / 2.0 + if self.bicycles { 0.8 } else { 1.9 };
            late += REACTION_S;
            place = place.min(self.alone(leader, leader.since + shift - late) - back);
            behind = leader;
        }
        place
    }

    /// How far one would be that has nobody before it, so many seconds after entering.
    fn alone(&self, entry: &Entry, t: f32) -> f32 {
        let v = self.speed;
        let Some((stands, go)) = entry.stop else { return v * t };
        let brakes = stands - v / BRAKE;
        if t < brakes {
            v * t
        } else if t < stands {
            let left = stands - t;
            entry.line - BRAKE * left * left / 2.0
        } else if t < go {
            entry.line
        } else {
            let gone = t - go;
            let full = v / ACCELERATE;
            entry.line + if gone < full { ACCELERATE * gone * gone / 2.0 } else { v * (gone - full / 2.0) }
        }
    }

    fn ride(&self, entry: &Entry, along: f32, moments: [f32; 5]) -> Ride {
        let (before, after) = (moments[1] - moments[0], moments[4] - moments[3]);
        Ride {
            id: (self.number + 1) << 44 | ((entry.slot + 4096) as u64) << 3,
            kind: entry.kind,
            x: self.lane.way * (along - self.reach),
            y: self.lane.y + entry.dice.between(2, -0.18, 0.18),
            way: self.lane.way,
            along,
            brakes: before - after > 0.03 || after < 0.05,
            dice: entry.dice.of(7),
        }
    }
}

fn vehicle(dice: Dice) -> Kind {
    match dice.unit(3) {
        u if u < 0.14 => Kind::Truck,
        u if u < 0.24 => Kind::Van,
        u if u < 0.50 => Kind::Hatchback,
        u if u < 0.68 => Kind::Estate,
        _ => Kind::Sedan,
    }
}

/// Cars that stand in the row along the far kerb, with everything else empty on a street without vehicles.
fn parked(street: &Layout, dice: Dice, any: bool) -> Vec<Ride> {
    let Some(y) = street.parking.filter(|_| any) else { return Vec::new() };
    let mut rides = Vec::new();
    for bay in -8..14_i64 {
        let x = (bay as f32 + 0.5) * BAY;
        let d = dice.of(bay as u64);
        if d.chance(0, 0.72) && !street.keeps_clear(x) && !street.keeps_clear(x - 1.0) {
            let kind =
                d.pick(1, &[Kind::Hatchback, Kind::Hatchback, Kind::Sedan, Kind::Sedan, Kind::Estate, Kind::Van]);
            let (x, y) = (x + d.between(2, -0.25, 0.25), y + d.between(3, -0.1, 0.1));
            let id = 31 << 44 | ((bay + 4096) as u64) << 3;
            rides.push(Ride { id, kind, x, y, way: -1.0, along: 0.0, brakes: false, dice: d.of(7) });
        }
    }
    rides
}
