//! The camera: follows the bird, and steps back when it flies high.

use crate::course::Course;
use crate::flight::Flight;

/// Where the bird is on the picture, from the left.
pub const BIRD_X: f32 = 176.0;
const MIDDLE_Y: f32 = 200.0;

pub struct View {
    /// The place of the world that is at (BIRD_X, MIDDLE_Y).
    pub x: f32,
    pub y: f32,
    pub zoom: f32,
    pub shake: f32,
}

impl View {
    pub const NEW: View = View { x: 0.0, y: 0.0, zoom: 1.0, shake: 0.0 };

    pub fn follow(&mut self, flight: &Flight, course: &Course) {
        let ground = course.height(flight.x + 120.0).max(course.height(flight.x));
        let above = (ground - flight.y).max(0.0);
        let zoom = (330.0 / (300.0 + above * 0.9)).clamp(0.36, 1.0);
        self.zoom += (zoom - self.zoom) * 0.05;
        let y = flight.y + above * 0.42;
        self.y += (y - self.y) * 0.11;
        self.x = flight.x + flight.vx * 2.0;
        self.shake *= 0.86;
    }

    pub fn snap(&mut self, flight: &Flight) {
        *self = View { x: flight.x, y: flight.y + 60.0, zoom: 0.9, shake: 0.0 };
    }

    /// A place of the world on the picture.
    pub fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (BIRD_X + (x - self.x) * self.zoom, MIDDLE_Y + (y - self.y) * self.zoom)
    }

    /// The place of the world under a column of the picture.
    pub fn world_x(&self, column: f32) -> f32 {
        self.x + (column - BIRD_X) / self.zoom
    }
}
