//! Where a box will be: a Kalman filter that expects things to go on as they went.
//!
//! It is the filter of SORT and ByteTrack (Bewley et al. 2016, Zhang et al. 2022): a box is its middle, its width over its height,
//! and its height, each with a speed, and all noise is a share of the height. No noise mixes the four, so each is a filter
//! of its own: the numbers of the filter of eight states, for a tenth of the work. Time is counted in steps of a thirtieth
//! of a second, for which the noise was tuned; a step may be of any length.

use crate::metadata::{Point, Rect};

/// Noise of places and of speeds, as shares of the height.
const PLACE: f64 = 1.0 / 20.0;
const SPEED: f64 = 1.0 / 160.0;
/// Noise of width over height: of its change, of what is measured, of its speed.
const SHAPE: f64 = 1e-2;
const SHAPE_MEASURED: f64 = 1e-1;
const SHAPE_SPEED: f64 = 1e-5;
/// What a predicted box is never smaller or flatter than.
const LEAST_HEIGHT: f64 = 1e-4;
const LEAST_SHAPE: f64 = 1e-2;

/// One of the four, with its speed and what is known of both.
#[derive(Clone, Copy, Debug)]
struct Axis {
    at: f64,
    speed: f64,
    at_variance: f64,
    covariance: f64,
    speed_variance: f64,
}

impl Axis {
    fn new(at: f64, at_noise: f64, speed_noise: f64) -> Axis {
        let (at_variance, speed_variance) = (at_noise.powi(2), speed_noise.powi(2));
        Axis { at, speed: 0.0, at_variance, covariance: 0.0, speed_variance }
    }

    /// So many steps go by. Noise grows as it would in as many single steps.
    fn predict(&mut self, steps: f64, at_noise: f64, speed_noise: f64) {
        let (at, speed) = (at_noise.powi(2), speed_noise.powi(2));
        let more = (steps - 1.0).max(0.0);
        self.at += self.speed * steps;
        self.at_variance += 2.0 * steps * self.covariance + steps * steps * self.speed_variance;
        self.at_variance += at * steps + speed * more * steps * (2.0 * steps - 1.0) / 6.0;
        self.covariance += steps * self.speed_variance + speed * steps * more / 2.0;
        self.speed_variance += speed * steps;
    }

    fn correct(&mut self, measured: f64, noise: f64) {
        let total = self.at_variance + noise.powi(2);
        let (gain, speed_gain) = (self.at_variance / total, self.covariance / total);
        let off = measured - self.at;
        self.at += gain * off;
        self.speed += speed_gain * off;
        self.speed_variance -= speed_gain * self.covariance;
        self.covariance -= gain * self.covariance;
        self.at_variance -= gain * self.at_variance;
    }
}

/// The filter of one box.
#[derive(Clone, Copy, Debug)]
pub struct Kalman {
    x: Axis,
    y: Axis,
    shape: Axis,
    height: Axis,
    aspect: f64,
}

/// Middle, width over height, and height, in heights of the picture.
fn measure(area: &Rect, aspect: f64) -> [f64; 4] {
    let middle = area.middle();
    let height = f64::from(area.height()).max(LEAST_HEIGHT);
    [f64::from(middle.x) * aspect, f64::from(middle.y), f64::from(area.width()) * aspect / height, height]
}

impl Kalman {
    /// The filter of a box that was seen once, in a picture of that width over height.
    pub fn new(area: &Rect, aspect: f32) -> Kalman {
        let aspect = f64::from(aspect);
        let [x, y, shape, height] = measure(area, aspect);
        let axis = |at| Axis::new(at, 2.0 * height * PLACE, 10.0 * height * SPEED);
        let shape = Axis::new(shape, SHAPE, SHAPE_SPEED);
        Kalman { x: axis(x), y: axis(y), shape, height: axis(height), aspect }
    }

    /// So many steps of a thirtieth of a second go by.
    pub fn predict(&mut self, steps: f64) {
        let height = self.height.at;
        for axis in [&mut self.x, &mut self.y, &mut self.height] {
            axis.predict(steps, height * PLACE, height * SPEED);
        }
        self.shape.predict(steps, SHAPE, SHAPE_SPEED);
        self.height.at = self.height.at.max(LEAST_HEIGHT);
        self.shape.at = self.shape.at.max(LEAST_SHAPE);
    }

    /// The box was seen there.
    pub fn correct(&mut self, area: &Rect) {
        let [x, y, shape, height] = measure(area, self.aspect);
        let noise = self.height.at * PLACE;
        self.x.correct(x, noise);
        self.y.correct(y, noise);
        self.height.correct(height, noise);
        self.shape.correct(shape, SHAPE_MEASURED);
    }

    /// What is out of sight keeps its size.
    pub fn keep_size(&mut self) {
        self.height.speed = 0.0;
    }

    /// The box, as fractions of the picture.
    pub fn area(&self) -> Rect {
        let middle = Point { x: (self.x.at / self.aspect) as f32, y: self.y.at as f32 };
        Rect::around(middle, (self.shape.at * self.height.at / self.aspect) as f32, self.height.at as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn a_long_step_is_many_short_ones() {
        let axis = Axis { at: 1.0, speed: 0.5, at_variance: 0.3, covariance: 0.1, speed_variance: 0.2 };
        let (mut long, mut short) = (axis, axis);
        long.predict(5.0, 0.7, 0.4);
        (0..5).for_each(|_| short.predict(1.0, 0.7, 0.4));
        assert!(close(long.at, short.at) && close(long.at_variance, short.at_variance));
        assert!(close(long.covariance, short.covariance) && close(long.speed_variance, short.speed_variance));
    }

    #[test]
    fn what_moves_evenly_is_soon_foreseen() {
        let at = |n: i32| Rect::around(Point { x: 0.1 + 0.01 * n as f32, y: 0.5 }, 0.1, 0.3);
        let mut kalman = Kalman::new(&at(0), 16.0 / 9.0);
        for n in 1..40 {
            kalman.predict(1.0);
            kalman.correct(&at(n));
        }
        kalman.predict(10.0);
        assert!(kalman.area().iou(&at(49)) > 0.97, "{:?}", kalman.area());
    }
}
