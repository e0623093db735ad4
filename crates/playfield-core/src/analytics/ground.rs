//! From the picture to the ground: a homography through four points (Hartley and Zisserman, Multiple View Geometry, 4.1).

use super::config::GroundConfig;
use crate::metadata::Point;

/// Maps places of the picture to metres on the ground.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    map: [f64; 8],
    /// The middle of the four points: places are told from there, since it is surely on the ground, and the picture's corner may
    /// be in the sky.
    middle: [f64; 2],
}

/// Corners of the picture, from the upper left around it.
const CORNERS: [[f32; 2]; 4] = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
/// What is smaller than that makes no map: four points nearly on one line.
const LEAST: f64 = 1e-9;

impl Ground {
    /// The map through the points of the settings, or what is wrong with them.
    pub fn new(config: &GroundConfig) -> Result<Ground, &'static str> {
        let points: [[f32; 2]; 4] = match config.points.len() {
            0 => CORNERS,
            _ => config.points[..].try_into().map_err(|_| "it needs four points, or none for the whole picture")?,
        };
        let metres: [[f32; 2]; 4] = match (config.size_m, config.metres.len()) {
            (Some([width, length]), 0) => [[0.0, 0.0], [width, 0.0], [width, length], [0.0, length]],
            (None, 4) => [config.metres[0], config.metres[1], config.metres[2], config.metres[3]],
            _ => return Err("it needs either `size_m`, or four places in `metres`"),
        };
        let all = points.iter().chain(&metres).flatten();
        if all.clone().any(|value| !value.is_finite() || value.abs() > 1e6) {
            return Err("a place of it is no number, or far away");
        }
        let flat = "three of its four points lie on one line, or the four are not in order around it";
        if !in_order(&points) || !in_order(&metres) {
            return Err(flat);
        }
        let middle = [0, 1].map(|axis| points.iter().map(|point| f64::from(point[axis])).sum::<f64>() / 4.0);
        let map = solve(&points.map(|[x, y]| [f64::from(x) - middle[0], f64::from(y) - middle[1]]), &metres);
        Ok(Ground { map: map.ok_or(flat)?, middle })
    }

    /// Where on the ground, in metres, a place of the picture is; nowhere at or above the horizon.
    pub fn metres(&self, at: Point) -> Option<(f64, f64)> {
        let (x, y) = (f64::from(at.x) - self.middle[0], f64::from(at.y) - self.middle[1]);
        let [a, b, c, d, e, f, g, h] = self.map;
        let depth = g * x + h * y + 1.0;
        let place = ((a * x + b * y + c) / depth, (d * x + e * y + f) / depth);
        (depth > 1e-3 && place.0.is_finite() && place.1.is_finite()).then_some(place)
    }
}

/// Whether four points go around a convex area.
fn in_order(points: &[[f32; 2]; 4]) -> bool {
    let turn = |at: usize| {
        let [one, two, three] = [0, 1, 2].map(|more| points[(at + more) % 4].map(f64::from));
        (two[0] - one[0]) * (three[1] - two[1]) - (two[1] - one[1]) * (three[0] - two[0])
    };
    let turns = [0, 1, 2, 3].map(turn);
    turns.iter().all(|turn| *turn > LEAST) || turns.iter().all(|turn| *turn < -LEAST)
}

/// Eight equations, by elimination with the largest pivot.
fn solve(points: &[[f64; 2]; 4], metres: &[[f32; 2]; 4]) -> Option<[f64; 8]> {
    let mut rows = [[0.0; 9]; 8];
    for (n, ([x, y], [u, v])) in points.iter().zip(metres).enumerate() {
        let (x, y, u, v) = (*x, *y, f64::from(*u), f64::from(*v));
        rows[n * 2] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
        rows[n * 2 + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v];
    }
    for at in 0..8 {
        let pivot = (at..8).max_by(|one, other| rows[*one][at].abs().total_cmp(&rows[*other][at].abs()))?;
        rows.swap(at, pivot);
        let pivot = rows[at];
        if pivot[at].abs() < LEAST {
            return None;
        }
        for (_, row) in rows.iter_mut().enumerate().filter(|(n, _)| *n != at) {
            let share = row[at] / pivot[at];
            row.iter_mut().zip(pivot).for_each(|(value, of_pivot)| *value -= share * of_pivot);
        }
    }
    Some(std::array::from_fn(|at| rows[at][8] / rows[at][at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(ground: &Ground, x: f32, y: f32, expect: (f64, f64)) {
        let (u, v) = ground.metres(Point { x, y }).unwrap();
        assert!((u - expect.0).abs() < 1e-3 && (v - expect.1).abs() < 1e-3, "{x} {y}: {u} {v}");
    }

    #[test]
    fn a_camera_that_looks_down_needs_the_size_of_its_picture() {
        let ground = Ground::new(&GroundConfig { size_m: Some([16.0, 9.0]), ..GroundConfig::default() }).unwrap();
        close(&ground, 0.5, 1.0, (8.0, 9.0));
        close(&ground, 0.25, 0.1, (4.0, 0.9));
    }

    #[test]
    fn four_points_of_a_road_tell_what_is_far_from_what_is_near() {
        // A road of 10 m width and 100 m length that narrows to the horizon at y = 0.2.
        let points = vec![[0.4, 0.3], [0.6, 0.3], [0.9, 0.9], [0.1, 0.9]];
        let ground = Ground::new(&GroundConfig { points, size_m: Some([10.0, 100.0]), ..Default::default() }).unwrap();
        close(&ground, 0.4, 0.3, (0.0, 0.0));
        close(&ground, 0.9, 0.9, (10.0, 100.0));
        let along = |y: f32| ground.metres(Point { x: 0.5, y }).unwrap().1;
        assert!(along(0.4) - along(0.3) > 5.0 * (along(0.9) - along(0.8)), "far away a step is longer");
        assert_eq!(ground.metres(Point { x: 0.5, y: 0.05 }), None, "the sky is no ground");
    }

    #[test]
    fn points_that_make_no_map_are_refused() {
        let check = |points: Vec<[f32; 2]>, size_m, metres: Vec<[f32; 2]>, expect: &str| {
            let error = Ground::new(&GroundConfig { points, size_m, metres }).unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        let size = Some([1.0, 1.0]);
        check(vec![[0.0, 0.0]], size, Vec::new(), "four points");
        check(Vec::new(), None, Vec::new(), "either");
        check(Vec::new(), size, CORNERS.to_vec(), "either");
        check(vec![[0.0, 0.0], [0.5, 0.5], [1.0, 1.0], [0.0, 1.0]], size, Vec::new(), "one line");
        check(vec![[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]], size, Vec::new(), "order");
        check(Vec::new(), Some([f32::NAN, 1.0]), Vec::new(), "no number");
        check(Vec::new(), Some([0.0, 5.0]), Vec::new(), "one line");
    }
}
