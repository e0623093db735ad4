//! Space, in metres, and the camera that looks at it.
//!
//! x runs along the street to the right, y across it away from the camera, z up. A camera looks from a place at a place,
//! so nothing here needs an angle: sums, products and square roots alone, which are the same on every machine.

use std::ops::{Add, Mul, Sub};

use crate::metadata::Point;

/// Width of a picture over its height.
pub(super) const ASPECT: f32 = 16.0 / 9.0;

/// A place or a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct V3 {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) z: f32,
}

/// A place.
pub(super) const fn v3(x: f32, y: f32, z: f32) -> V3 {
    V3 { x, y, z }
}

impl V3 {
    pub(super) fn dot(self, other: V3) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(super) fn cross(self, o: V3) -> V3 {
        v3(self.y * o.z - self.z * o.y, self.z * o.x - self.x * o.z, self.x * o.y - self.y * o.x)
    }

    pub(super) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The same direction, one metre long; nothing stays nothing.
    pub(super) fn unit(self) -> V3 {
        let length = self.length();
        if length > 0.0 { self * (1.0 / length) } else { self }
    }
}

impl Add for V3 {
    type Output = V3;
    fn add(self, o: V3) -> V3 {
        v3(self.x + o.x, self.y + o.y, self.z + o.z)
    }
}

impl Sub for V3 {
    type Output = V3;
    fn sub(self, o: V3) -> V3 {
        v3(self.x - o.x, self.y - o.y, self.z - o.z)
    }
}

impl Mul<f32> for V3 {
    type Output = V3;
    fn mul(self, by: f32) -> V3 {
        v3(self.x * by, self.y * by, self.z * by)
    }
}

/// A place in the picture: heights of the picture from its upper left corner. It is [`ASPECT`] wide and 1 high.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spot {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Spot {
    /// As fractions of the picture.
    pub(super) fn point(self) -> Point {
        Point { x: self.x / ASPECT, y: self.y }
    }
}

/// A pinhole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Camera {
    /// Where it hangs.
    pub(super) eye: V3,
    right: V3,
    up: V3,
    forward: V3,
    /// Distance of the picture, in heights of it: 1.0 sees 53 degrees from top to bottom, 1.6 sees 35.
    focal: f32,
}

impl Camera {
    /// Looks from `eye` at `target`, level.
    pub(super) fn new(eye: V3, target: V3, focal: f32) -> Camera {
        let forward = (target - eye).unit();
        let right = forward.cross(v3(0.0, 0.0, 1.0)).unit();
        Camera { eye, right, up: right.cross(forward), forward, focal }
    }

    /// How far in front of the camera a place lies.
    pub(super) fn depth(&self, at: V3) -> f32 {
        (at - self.eye).dot(self.forward)
    }

    /// Where a place is seen, and how large a metre is there. The place must lie in front.
    pub(super) fn see(&self, at: V3) -> (Spot, f32) {
        let from = at - self.eye;
        let scale = self.focal / from.dot(self.forward).max(0.1);
        let x = ASPECT / 2.0 + from.dot(self.right) * scale;
        (Spot { x, y: 0.5 - from.dot(self.up) * scale }, scale)
    }

    /// The direction in which a spot of the picture is seen; its depth grows by 1 a unit.
    pub(super) fn ray(&self, spot: Spot) -> V3 {
        let (x, y) = ((spot.x - ASPECT / 2.0) / self.focal, (0.5 - spot.y) / self.focal);
        self.forward + self.right * x + self.up * y
    }
}
