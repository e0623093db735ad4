//! A street that does not exist, for a camera that does not exist: drawn, and its truth known.
//!
//! People, cars, trucks and bicycles move along a street that a camera sees from above, at an angle. Everything follows from a
//! seed and the time: picture N is the same whatever was drawn before it, on every machine. So a detector can be trained and
//! measured without a picture of anybody, and an app that counts can be held against what really crossed.
//!
//! ```text
//!   seed -> layout   what stands: lanes, houses, trees, lamps, the camera
//!        -> traffic, crowd   who moves, at any time asked for -> actor -> figure   bodies as flat faces in the picture
//!                                                                   |-> paint   over a backdrop cast once, under the light of the time
//!                                                                   '-> sight   how much of each can be seen: the truth
//! ```

mod actor;
mod backdrop;
mod crowd;
mod dice;
mod figure;
mod fill;
mod layout;
mod light;
mod paint;
mod person;
mod sight;
mod solids;
mod space;
mod surface;
mod traffic;
mod vehicle;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::actor::Actor;
use self::backdrop::Backdrop;
use self::dice::Dice;
use self::figure::Figure;
use self::layout::Layout;
use self::paint::{Painter, Placed};
use self::sight::Screens;
use self::space::{V3, v3};
use crate::metadata::{Point, Rect};

/// What moves on the street. The number is the class in the truth and in the model trained on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u16)]
pub enum Class {
    /// Somebody on foot.
    Person = 0,
    /// A car.
    Car = 1,
    /// A truck or a van.
    Truck = 2,
    /// A bicycle and who rides it, together.
    Bicycle = 3,
}

impl Class {
    /// Names of the classes, by number.
    pub const LABELS: [&'static str; 4] = ["person", "car", "truck", "bicycle"];
}

/// How much goes on, and how well the camera sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SceneConfig {
    /// People, as a multiple of what is usual; up to about 4, as somebody sets out at most every four seconds on each way.
    pub people: f32,
    /// Cars and trucks, as a multiple of what is usual; 0 also empties the row of parked cars.
    pub vehicles: f32,
    /// Bicycles, as a multiple of what is usual.
    pub bicycles: f32,
    /// Noise of the sensor, as a multiple of what is usual.
    pub noise: f32,
}

impl Default for SceneConfig {
    fn default() -> SceneConfig {
        SceneConfig { people: 1.0, vehicles: 1.0, bicycles: 1.0, noise: 1.0 }
    }
}

/// Something that is on the street, and where the picture shows it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// The same for as long as it is on the street; below 2^53.
    pub id: u64,
    /// What it is.
    pub class: Class,
    /// Around all of it, hidden parts too, as far as it lies in the picture.
    #[serde(rename = "box")]
    pub area: Rect,
    /// The share of it that can be seen, 0 to 1: not past the edge, and not behind something nearer.
    pub visible: f32,
    /// Where the middle of it touches the ground; may lie outside the picture.
    pub ground: Point,
}

/// Probabilities that somebody sets out in a slot of the timetables, where all is as usual.
const USUAL: (f32, f32, f32) = (0.30, 0.20, 0.28);
/// Nothing nearer to the camera than this is drawn, in metres.
const NEAREST: f32 = 2.5;
/// When everybody comes again, in milliseconds: after 557 years.
const ERA_MS: u64 = 1 << 44;
/// Strength of the usual noise, in steps of 256; it doubles in the evening.
const GRAIN: f32 = 2.2;

/// A street, a camera, and all who pass.
#[derive(Clone, Debug)]
pub struct Scene {
    dice: Dice,
    config: SceneConfig,
    layout: Layout,
    screens: Screens,
    painter: Option<Painter>,
}

/// Somebody, with the figure the camera sees and how far away it is.
struct Present {
    actor: Actor,
    figure: Figure,
    depth: f32,
}

impl Scene {
    /// A street of its own for each seed: layout, camera, colours and light differ.
    pub fn new(seed: u64, config: SceneConfig) -> Scene {
        Scene::with(seed, config, Layout::random(seed))
    }

    /// The street of the demonstration.
    pub fn street() -> Scene {
        Scene::on_street(7, SceneConfig::default())
    }

    /// The street of the demonstration, with others on it.
    pub fn on_street(seed: u64, config: SceneConfig) -> Scene {
        Scene::with(seed, config, Layout::street())
    }

    fn with(seed: u64, config: SceneConfig, layout: Layout) -> Scene {
        let screens = Screens::new(&layout);
        Scene { dice: Dice::new(seed), config, layout, screens, painter: None }
    }

    /// A line on the ground across all lanes, a little before the crossing, in fractions of the picture: for counting vehicles.
    pub fn line(&self) -> [Point; 2] {
        let x = self.layout.crossing + 3.5;
        [0.0, self.layout.kerb].map(|y| self.layout.camera.see(v3(x, y, 0.0)).0.point())
    }

    /// Who is on the street in the picture at this time, the farthest first.
    pub fn truth(&self, time_ms: u64) -> Vec<Truth> {
        let present = self.present(time_ms, false);
        let figures: Vec<&Figure> = present.iter().map(|one| &one.figure).collect();
        let truth = |(i, one): (usize, &Present)| {
            let (low, high) = (one.figure.bounds.low.point(), one.figure.bounds.high.point());
            let area = Rect { left: low.x, top: low.y, right: high.x, bottom: high.y }.clipped();
            let at = one.actor.ground();
            let ground = self.layout.camera.see(at).0.point();
            let visible = sight::share(&self.layout.camera, &self.screens, &one.figure, at.y, &figures[i + 1..]);
            Truth { id: one.actor.id(), class: one.actor.class(), area, visible, ground }
        };
        present.iter().enumerate().map(truth).filter(|truth| truth.area.area() > 0.0).collect()
    }

    /// Draws the picture of this time: `out` takes `width * height` opaque RGBA pixels, rows from the top.
    ///
    /// Pictures are meant to be 16:9; others are stretched. The first one of a size takes tens of milliseconds more, for all that
    /// stands still. Panics if `out` has another length, or a side is 0.
    pub fn draw(&mut self, time_ms: u64, out: &mut [u8], width: u16, height: u16) {
        let size = (usize::from(width), usize::from(height));
        assert!(
            size.0 > 0 && size.1 > 0 && out.len() == size.0 * size.1 * 4,
            "a picture of {width}x{height} RGBA pixels"
        );
        let mut painter = match self.painter.take() {
            Some(painter) if painter.backdrop.size == size => painter,
            _ => Painter::new(Backdrop::draw(&self.layout, size)),
        };
        let present = self.present(time_ms, true);
        let light = light::at(time_ms, self.layout.dawn, self.dice.of(3));
        let placed: Vec<Placed<'_>> = present.iter().map(|one| self.place(one)).collect();
        let strength = GRAIN * self.config.noise * (1.0 + light.lamps);
        painter.draw(&light, &placed, (strength, self.dice.of(4).of(time_ms)), out);
        self.painter = Some(painter);
    }

    fn place<'a>(&self, one: &'a Present) -> Placed<'a> {
        let at = one.actor.ground();
        let shade = self.shade(at + v3(0.0, 0.0, 0.8));
        let lamp = backdrop::lamps_at(&self.layout, at + v3(0.0, 0.0, 1.0));
        Placed { figure: &one.figure, depth: one.depth, across: at.y, shade, lamp }
    }

    /// How much of the sun reaches somebody: trees take most of it.
    fn shade(&self, at: V3) -> f32 {
        let hidden = |tree: &layout::Tree| {
            let to = tree.at + v3(0.0, 0.0, tree.height - tree.spread) - at;
            let along = to.dot(self.layout.sun);
            let off = (to.dot(to) - along * along).max(0.0).sqrt();
            if along > 0.0 { dice::ease(1.6 - off / tree.spread * 1.3) } else { 0.0 }
        };
        1.0 - 0.75 * self.layout.trees.iter().map(hidden).fold(0.0, f32::max)
    }

    /// All whom the picture may show, the farthest first.
    fn present(&self, time_ms: u64, casts: bool) -> Vec<Present> {
        let camera = &self.layout.camera;
        let mut present = Vec::new();
        for actor in self.actors(time_ms) {
            let depth = camera.depth(actor.ground());
            if depth > NEAREST + actor.reach() {
                let (spot, scale) = camera.see(actor.ground());
                let far = (actor.reach() + 2.5) * scale;
                let meets = spot.x > -far && spot.x < space::ASPECT + far && spot.y > -far && spot.y < 1.0 + far;
                if meets {
                    present.push(Present { figure: actor.figure(camera, self.layout.sun, casts), actor, depth });
                }
            }
        }
        in_order(present, camera.eye)
    }

    fn actors(&self, time_ms: u64) -> impl Iterator<Item = Actor> {
        let time_ms = time_ms % ERA_MS;
        let SceneConfig { people, vehicles, bicycles, .. } = self.config;
        let often = (vehicles * USUAL.0, bicycles * USUAL.1);
        let rides = traffic::rides(&self.layout, self.dice.of(1), often, time_ms);
        let walkers = crowd::walkers(&self.layout, self.dice.of(2), people * USUAL.2, time_ms);
        rides.into_iter().map(Actor::Ride).chain(walkers.into_iter().map(Actor::Walker))
    }
}

/// The order in which bodies are drawn so that the nearer cover the farther: by distance, but never one before what it hides.
fn in_order(mut present: Vec<Present>, eye: V3) -> Vec<Present> {
    present.sort_by(|a, b| b.depth.total_cmp(&a.depth).then(a.actor.id().cmp(&b.actor.id())));
    let mut ordered: Vec<Present> = Vec::with_capacity(present.len());
    while !present.is_empty() {
        let free = |one: &Present| {
            let hides =
                |other: &Present| one.figure.bounds.meets(&other.figure.bounds) && one.actor.hides(&other.actor, eye);
            !present.iter().any(|other| other.actor.id() != one.actor.id() && hides(other))
        };
        let next = present.iter().position(free).unwrap_or(0);
        ordered.push(present.remove(next));
    }
    ordered
}
