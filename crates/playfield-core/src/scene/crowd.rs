//! Who walks: along the pavements, over the crossing when it is green for them, some stopping on the way.
//!
//! A walk is a few corners with the times at which they are passed, worked out whole from the timetable's entry.

use super::actor::Walker;
use super::dice::Dice;
use super::layout::Layout;
use super::space::v3;
use super::traffic::{ROUND_MS, WALK_MS};

/// How often somebody may set out on each way of each pavement, in milliseconds.
const SLOT_MS: i64 = 4_000;
/// Longest a walk takes, in milliseconds.
const LONGEST_MS: i64 = 200_000;
/// Where somebody of a group walks, relative to the first: along the street and across it.
const BESIDE: [(f32, f32); 3] = [(0.0, 0.0), (0.18, 0.68), (-0.35, -0.62)];

/// A pavement in one direction.
struct Way {
    number: u64,
    near: bool,
    /// 1: to the right; -1: to the left.
    way: f32,
    /// From where to where it can be seen.
    from: f32,
    to: f32,
}

/// The corners of a walk: seconds since setting out, x, y.
#[derive(Clone, Copy)]
struct Walk {
    corners: [(f32, f32, f32); 8],
    count: usize,
}

impl Walk {
    fn new(x: f32, y: f32) -> Walk {
        Walk { corners: [(0.0, x, y); 8], count: 1 }
    }

    fn last(&self) -> (f32, f32, f32) {
        self.corners[self.count - 1]
    }

    fn add(&mut self, corner: (f32, f32, f32)) {
        self.corners[self.count] = corner;
        self.count += 1;
    }

    fn go(&mut self, x: f32, y: f32, speed: f32) {
        let (t, fx, fy) = self.last();
        let (dx, dy) = (x - fx, y - fy);
        self.add((t + (dx * dx + dy * dy).sqrt() / speed, x, y));
    }

    fn wait(&mut self, until: f32) {
        let (t, x, y) = self.last();
        if until > t {
            self.add((until, x, y));
        }
    }

    /// Where one is, and how far one has walked.
    fn at(&self, t: f32) -> (f32, f32, f32) {
        let mut walked = 0.0;
        let corners = &self.corners[..self.count];
        for pair in corners.windows(2) {
            let ((t0, x0, y0), (t1, x1, y1)) = (pair[0], pair[1]);
            let (dx, dy) = (x1 - x0, y1 - y0);
            let length = (dx * dx + dy * dy).sqrt();
            if t < t1 {
                let share = if t1 > t0 { ((t - t0) / (t1 - t0)).max(0.0) } else { 1.0 };
                return (x0 + dx * share, y0 + dy * share, walked + length * share);
            }
            walked += length;
        }
        let (_, x, y) = self.last();
        (x, y, walked)
    }
}

/// All who walk at a time. The density is the probability that somebody sets out within four seconds, on each way.
pub(super) fn walkers(street: &Layout, dice: Dice, often: f32, time_ms: u64) -> Vec<Walker> {
    let mut out = Vec::new();
    let now = time_ms as i64;
    let last = now.div_euclid(SLOT_MS);
    for (number, (near, way)) in [(true, 1.0), (true, -1.0), (false, 1.0), (false, -1.0)].into_iter().enumerate() {
        let (from, to) = seen(street, near);
        let way = Way { number: number as u64, near, way, from, to };
        let d = dice.of(number as u64);
        for slot in last - LONGEST_MS / SLOT_MS..=last {
            let d = d.of(slot as u64);
            if d.chance(0, often) {
                way.group(street, d, slot, now, &mut out);
            }
        }
    }
    out
}

/// From where to where people on a pavement can be seen, as far as they are worth it.
fn seen(street: &Layout, near: bool) -> (f32, f32) {
    let y = if near { -street.walks.0 / 2.0 } else { street.kerb + street.walks.1 / 2.0 };
    let (mut from, mut to) = (f32::MAX, f32::MIN);
    for step in -80..=80 {
        let at = v3(step as f32, y, 0.9);
        let depth = street.camera.depth(at);
        if !(2.0..=70.0).contains(&depth) {
            continue;
        }
        let spot = street.camera.see(at).0;
        if (-0.1..1.9).contains(&spot.x) && (-0.3..1.3).contains(&spot.y) {
            from = from.min(at.x - 2.5);
            to = to.max(at.x + 2.5);
        }
    }
    if from < to { (from, to) } else { (-30.0, 30.0) }
}

impl Way {
    fn group(&self, street: &Layout, dice: Dice, slot: i64, now: i64, out: &mut Vec<Walker>) {
        let set_out = slot * SLOT_MS + dice.between(1, 0.0, SLOT_MS as f32) as i64;
        let since = (now - set_out) as f32 / 1000.0;
        let walk = self.walk(street, dice, set_out);
        if since < 0.0 || since > walk.last().0 {
            return;
        }
        let people = [1, 1, 1, 1, 1, 1, 2, 2, 2, 3][dice.below(2, 10)];
        for (member, beside) in BESIDE.iter().enumerate().take(people) {
            let d = dice.of(100 + member as u64);
            let lag = d.between(0, 0.0, 0.25);
            let (x, y, walked) = walk.at(since - lag);
            let (before, after) = (walk.at(since - lag - 0.35), walk.at(since - lag + 0.35));
            let (dx, dy) = (after.0 - before.0, after.1 - before.1);
            let far = (dx * dx + dy * dy).sqrt();
            let heading = if far > 0.05 { (dx / far, dy / far) } else { self.rest(dice) };
            out.push(Walker {
                id: (self.number + 17) << 44 | ((slot + 4096) as u64) << 3 | member as u64,
                x: x + beside.0,
                y: y + beside.1,
                heading,
                walked,
                pace: (after.2 - before.2) / 0.7,
                child: member == 2,
                dice: d,
            });
        }
    }

    /// Where somebody looks who stands.
    fn rest(&self, dice: Dice) -> (f32, f32) {
        match dice.chance(3, 0.5) {
            true => (0.0, 1.0),
            false => (self.way * 0.8, if self.near { 0.6 } else { -0.6 }),
        }
    }

    /// Where on a pavement somebody walks.
    fn line(&self, street: &Layout, dice: Dice, question: u64, near: bool) -> f32 {
        match near {
            true => -dice.between(question, 1.5, (street.walks.0 - 0.8).max(1.6)),
            false => street.kerb + dice.between(question, 1.9, (street.walks.1 - 0.9).max(2.0)),
        }
    }

    fn walk(&self, street: &Layout, dice: Dice, set_out: i64) -> Walk {
        let (start, end) = if self.way > 0.0 { (self.from, self.to) } else { (self.to, self.from) };
        let speed = dice.between(4, 1.05, 1.65);
        let y = self.line(street, dice, 5, self.near);
        let mut walk = Walk::new(start, y);
        let kind = dice.unit(6);
        if kind < 0.40 && start * self.way < -4.0 && self.from < -3.0 && self.to > 3.0 {
            self.cross(street, dice, set_out, speed, &mut walk);
        } else if kind < 0.58 {
            let x = start + (end - start) * dice.between(7, 0.15, 0.85);
            let aside = if self.near { -street.walks.0 + 0.7 } else { street.front() - 0.8 };
            walk.go(x, aside, speed);
            walk.wait(walk.last().0 + dice.between(8, 4.0, 24.0));
            walk.go(end, y, speed);
        } else {
            walk.go(end, self.line(street, dice, 9, self.near), speed);
        }
        walk
    }

    /// Along the pavement to the crossing, over it when it is time, and on along the other side.
    fn cross(&self, street: &Layout, dice: Dice, set_out: i64, speed: f32, walk: &mut Walk) {
        let x = dice.between(10, -1.8, 1.8);
        let back = dice.between(11, 0.6, 2.0);
        let (here, there) = match self.near {
            true => (-back, street.kerb + back),
            false => (street.kerb + back, -back),
        };
        walk.go(x - self.way * 1.8, walk.last().2, speed);
        walk.go(x, here, speed);
        let at = (set_out + (walk.last().0 * 1000.0) as i64).rem_euclid(ROUND_MS);
        let needs = ((there - here).abs() / speed.max(1.3) * 1000.0) as i64;
        if at < WALK_MS.0 {
            walk.wait(walk.last().0 + (WALK_MS.0 - at) as f32 / 1000.0 + dice.between(12, 0.3, 1.6));
        } else if at + needs > ROUND_MS - 1_000 {
            walk.wait(walk.last().0 + (ROUND_MS + WALK_MS.0 - at) as f32 / 1000.0 + dice.between(12, 0.3, 1.6));
        }
        walk.go(x, there, speed.max(1.3));
        let on = if dice.chance(13, 0.6) { self.way } else { -self.way };
        let end = if on > 0.0 { self.to } else { self.from };
        walk.go(x + on * 2.5, self.line(street, dice, 14, !self.near), speed);
        walk.go(end, self.line(street, dice, 15, !self.near), speed);
    }
}
