//! Sides, crossings and areas. All lengths are in heights of the picture, so that a step is as long across as down.

use crate::metadata::{Point, Rect};

/// The point that is so many heights of the picture from its upper left corner.
pub fn in_heights(at: Point, aspect: f32) -> Point {
    Point { x: at.x * aspect, y: at.y }
}

fn minus(one: Point, other: Point) -> Point {
    Point { x: one.x - other.x, y: one.y - other.y }
}

fn cross(one: Point, other: Point) -> f32 {
    one.x * other.y - one.y * other.x
}

/// How far two points are apart.
pub fn distance(one: Point, other: Point) -> f32 {
    let way = minus(other, one);
    way.x.hypot(way.y)
}

/// The point at that share of the way.
pub fn between(from: Point, to: Point, share: f32) -> Point {
    Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}

/// A line from here to there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Where it begins.
    pub from: Point,
    /// Where it ends.
    pub to: Point,
}

impl Segment {
    /// How long it is.
    pub fn length(&self) -> f32 {
        distance(self.from, self.to)
    }

    /// How far a point is from the endless line, more than 0 on the left hand of one who walks it, as the picture shows it.
    pub fn side(&self, at: Point) -> f32 {
        -cross(minus(self.to, self.from), minus(at, self.from)) / self.length().max(f32::MIN_POSITIVE)
    }

    /// How far a point is from it.
    pub fn distance(&self, at: Point) -> f32 {
        let (along, way) = (minus(self.to, self.from), minus(at, self.from));
        let square = along.x * along.x + along.y * along.y;
        let share = if square > 0.0 { ((way.x * along.x + way.y * along.y) / square).clamp(0.0, 1.0) } else { 0.0 };
        distance(at, between(self.from, self.to, share))
    }

    /// Where two meet, as shares of the first and of the second; that they meet is for whoever asks to say.
    pub fn meets(&self, other: &Segment) -> Option<(f32, f32)> {
        let (one, two) = (minus(self.to, self.from), minus(other.to, other.from));
        let across = cross(one, two);
        let way = minus(other.from, self.from);
        let shares = (cross(way, two) / across, cross(way, one) / across);
        (across != 0.0 && shares.0.is_finite() && shares.1.is_finite()).then_some(shares)
    }

    /// Whether two have a point in common.
    pub fn touches(&self, other: &Segment) -> bool {
        let within = |share: f32| (0.0..=1.0).contains(&share);
        match self.meets(other) {
            Some((one, two)) => within(one) && within(two),
            None => {
                [other.from, other.to].iter().any(|at| self.distance(*at) == 0.0) || other.distance(self.from) == 0.0
            }
        }
    }
}

/// An area with at least three corners.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    corners: Vec<Point>,
    bounds: Rect,
}

impl Polygon {
    /// The area of these corners.
    pub fn new(corners: Vec<Point>) -> Polygon {
        let least = |of: fn(&Point) -> f32| corners.iter().map(of).fold(f32::INFINITY, f32::min);
        let most = |of: fn(&Point) -> f32| corners.iter().map(of).fold(f32::NEG_INFINITY, f32::max);
        let bounds = Rect { left: least(|p| p.x), top: least(|p| p.y), right: most(|p| p.x), bottom: most(|p| p.y) };
        Polygon { corners, bounds }
    }

    /// Its edges, the last one back to the first corner.
    pub fn edges(&self) -> impl Iterator<Item = Segment> {
        let next = self.corners.iter().cycle().skip(1);
        self.corners.iter().zip(next).map(|(from, to)| Segment { from: *from, to: *to })
    }

    /// How large it is.
    pub fn size(&self) -> f32 {
        self.edges().map(|edge| cross(edge.from, edge.to)).sum::<f32>().abs() / 2.0
    }

    /// Whether a point is in it. Its border belongs to it, so that an area along the picture's edge has what stands there.
    pub fn contains(&self, at: Point) -> bool {
        let Rect { left, top, right, bottom } = self.bounds;
        if at.x < left || at.x > right || at.y < top || at.y > bottom {
            return false;
        }
        let mut inside = false;
        for Segment { from, to } in self.edges() {
            let beside = (from.y > at.y) != (to.y > at.y);
            if beside && at.x < (to.x - from.x) * (at.y - from.y) / (to.y - from.y) + from.x {
                inside = !inside;
            }
        }
        inside || self.edges().any(|edge| edge.distance(at) < 1e-6)
    }

    /// How far a point is from its border.
    pub fn distance(&self, at: Point) -> f32 {
        self.edges().map(|edge| edge.distance(at)).fold(f32::INFINITY, f32::min)
    }

    /// Where a way that begins and ends outside comes in first and goes out last, as shares of it.
    pub fn passed(&self, way: &Segment) -> Option<(f32, f32)> {
        let Rect { left, top, right, bottom } = self.bounds;
        let beside = |one: f32, other: f32, least: f32, most: f32| one.max(other) < least || one.min(other) > most;
        if beside(way.from.x, way.to.x, left, right) || beside(way.from.y, way.to.y, top, bottom) {
            return None;
        }
        let within = |share: f32| (0.0..=1.0).contains(&share);
        let met = self.edges().filter_map(|edge| way.meets(&edge)).filter(|(one, two)| within(*one) && within(*two));
        let shares = met
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), (share, _)| (least.min(share), most.max(share)));
        (shares.1 > shares.0).then_some(shares)
    }

    /// Two edges that meet elsewhere than in the corner they share, by their numbers from 1.
    pub fn crosses_itself(&self) -> Option<(usize, usize)> {
        let edges: Vec<Segment> = self.edges().collect();
        let far = |one: usize, other: usize| other - one > 1 && !(one == 0 && other == edges.len() - 1);
        for one in 0..edges.len() {
            for other in one + 1..edges.len() {
                if far(one, other) && edges[one].touches(&edges[other]) {
                    return Some((one + 1, other + 1));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    fn segment(from: (f32, f32), to: (f32, f32)) -> Segment {
        Segment { from: p(from.0, from.1), to: p(to.0, to.1) }
    }

    fn polygon(corners: &[(f32, f32)]) -> Polygon {
        Polygon::new(corners.iter().map(|(x, y)| p(*x, *y)).collect())
    }

    #[test]
    fn the_left_hand_of_one_who_walks_to_the_right_is_up() {
        let line = segment((0.0, 0.5), (1.0, 0.5));
        assert_eq!(line.side(p(0.3, 0.2)), 0.3);
        assert_eq!(line.side(p(9.0, 0.75)), -0.25, "beyond its end too");
        assert_eq!(line.distance(p(4.0, 4.5)), 5.0);
    }

    #[test]
    fn an_area_has_what_is_within_it_and_on_its_border() {
        // An L.
        let area = polygon(&[(0.0, 0.0), (0.4, 0.0), (0.4, 0.6), (1.0, 0.6), (1.0, 1.0), (0.0, 1.0)]);
        let check = |x, y, expect| assert_eq!(area.contains(p(x, y)), expect, "{x} {y}");
        check(0.2, 0.3, true);
        check(0.7, 0.3, false);
        check(0.7, 0.8, true);
        check(1.0, 1.0, true);
        check(0.5, 1.0, true);
        check(0.4, 0.2, true);
        check(1.1, 0.8, false);
        assert!((area.size() - 0.64).abs() < 1e-6);
        assert!((area.distance(p(0.7, 0.3)) - 0.3).abs() < 1e-6);
    }

    #[test]
    fn a_way_through_an_area_is_found() {
        let area = polygon(&[(0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0)]);
        let (from, to) = area.passed(&segment((0.0, 0.5), (1.0, 0.5))).unwrap();
        assert!((from - 0.4).abs() < 1e-6 && (to - 0.6).abs() < 1e-6);
        assert_eq!(area.passed(&segment((0.0, 0.5), (0.3, 0.5))), None);
        assert_eq!(area.passed(&segment((0.0, 1.5), (1.0, 1.2))), None);
    }

    #[test]
    fn an_area_that_crosses_itself_is_found() {
        let check = |corners: &[(f32, f32)], expect| assert_eq!(polygon(corners).crosses_itself(), expect);
        check(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)], None);
        check(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)], Some((1, 3)));
        check(&[(0.0, 0.0), (1.0, 0.0), (0.5, 1.0)], None);
        check(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.0), (0.0, 1.0)], Some((1, 3)));
    }
}
