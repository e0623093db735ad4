//! How much of each body can be seen: past the picture's edge, behind what stands, behind each other.

use super::figure::{Bounds, Figure};
use super::layout::Layout;
use super::solids::{Ray, Solid, Stuff, solids};
use super::space::{ASPECT, Camera, Spot};

/// Places tried across a body and down it.
const GRID: (usize, usize) = (6, 9);

/// What stands where it may hide somebody: solids, with where they are seen and how near they come across the street.
#[derive(Clone, Debug)]
pub(super) struct Screens(Vec<(Solid, Bounds, f32)>);

impl Screens {
    /// Those of a street; houses stand behind everybody.
    pub(super) fn new(street: &Layout) -> Screens {
        let all = solids(street).into_iter().filter(|solid| !matches!(solid.stuff, Stuff::House(_)));
        Screens(all.filter_map(|solid| screen(&street.camera, solid)).collect())
    }

    /// Whether something hides the spot from somebody so far across the street.
    fn hide(&self, camera: &Camera, at: Spot, across: f32) -> bool {
        let along = camera.ray(at);
        let ray = Ray::new(camera.eye, along);
        let hides = |solid: &Solid| solid.meet(&ray).is_some_and(|hit| camera.eye.y + along.y * hit.0 < across);
        self.0.iter().any(|(solid, bounds, nearest)| *nearest < across && contains(bounds, at) && hides(solid))
    }

    fn may_hide(&self, body: &Bounds, across: f32) -> bool {
        self.0.iter().any(|(_, bounds, nearest)| *nearest < across && bounds.meets(body))
    }
}

fn screen(camera: &Camera, solid: Solid) -> Option<(Solid, Bounds, f32)> {
    let corners = solid.corners();
    if corners.iter().any(|corner| camera.depth(*corner) < 0.5) {
        return None;
    }
    let nearest = corners.iter().map(|corner| corner.y).fold(f32::MAX, f32::min);
    Some((solid, Bounds::of(corners.iter().map(|corner| camera.see(*corner).0)), nearest))
}

fn contains(bounds: &Bounds, at: Spot) -> bool {
    at.x > bounds.low.x && at.x < bounds.high.x && at.y > bounds.low.y && at.y < bounds.high.y
}

fn in_picture(at: Spot) -> bool {
    (0.0..=ASPECT).contains(&at.x) && (0.0..=1.0).contains(&at.y)
}

/// The share of a body that can be seen, 0 to 1. `nearer` are the bodies in front of it.
pub(super) fn share(camera: &Camera, screens: &Screens, body: &Figure, across: f32, nearer: &[&Figure]) -> f32 {
    let bounds = &body.bounds;
    let before: Vec<&&Figure> = nearer.iter().filter(|other| other.bounds.meets(bounds)).collect();
    if before.is_empty() && in_picture(bounds.low) && in_picture(bounds.high) && !screens.may_hide(bounds, across) {
        return 1.0;
    }
    let (mut own, mut seen) = (0, 0);
    for row in 0..GRID.1 {
        for column in 0..GRID.0 {
            let at = Spot {
                x: bounds.low.x + (bounds.high.x - bounds.low.x) * (column as f32 + 0.5) / GRID.0 as f32,
                y: bounds.low.y + (bounds.high.y - bounds.low.y) * (row as f32 + 0.5) / GRID.1 as f32,
            };
            if body.covers(at) {
                own += 1;
                let hidden = !in_picture(at)
                    || before.iter().any(|other| contains(&other.bounds, at) && other.covers(at))
                    || screens.hide(camera, at, across);
                seen += i32::from(!hidden);
            }
        }
    }
    if own == 0 { 0.0 } else { seen as f32 / own as f32 }
}
