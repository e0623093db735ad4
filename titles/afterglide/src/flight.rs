//! The bird: it falls, slides and soars, and the night comes after it.

use playfield_sdk::math::sqrt;

use crate::course::{Course, REALM};

const SOAR: f32 = 0.105;
const DIVE: f32 = 0.42;
const SLOWEST: f32 = 3.2;
const FASTEST: f32 = 14.5;
/// How far the night can fall behind, in pixels of the world.
pub const LONGEST_LEAD: f32 = 1_500.0;
pub const TRAIL: usize = 48;

/// What the player asks for.
#[derive(Clone, Copy, Default)]
pub struct Wish {
    pub dive: bool,
    pub flare: bool,
}

/// What happened in a tick that can be seen and heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    Swoop(u32),
    Thud,
    Ember { row: u32, big: bool },
    Flare,
    Realm(u32),
    Caught,
}

pub struct Flight {
    pub x: f32,
    pub y: f32,
    pub vx: f32,
    pub vy: f32,
    pub on_ground: bool,
    pub diving: bool,
    air_time: u32,
    /// Swoops in a row; three make the glow.
    pub swoops: u32,
    pub glow: u32,
    /// Parts of a flare, four to one; at most three flares.
    pub shards: u32,
    pub flare: u32,
    row: u32,
    row_left: u32,
    pub embers: u32,
    pub score: u32,
    pub night: f32,
    pub realm: u32,
    pub ticks: u32,
    pub trail: [(f32, f32); TRAIL],
}

impl Flight {
    pub const NEW: Flight = Flight {
        x: 0.0,
        y: 0.0,
        vx: 0.0,
        vy: 0.0,
        on_ground: false,
        diving: false,
        air_time: 0,
        swoops: 0,
        glow: 0,
        shards: 0,
        flare: 0,
        row: 0,
        row_left: 0,
        embers: 0,
        score: 0,
        night: 0.0,
        realm: 0,
        ticks: 0,
        trail: [(0.0, 0.0); TRAIL],
    };

    pub fn begin(&mut self, course: &Course) {
        let y = course.height(60.0) - 40.0;
        *self = Flight {
            x: 60.0,
            y,
            vx: 4.0,
            vy: -1.0,
            night: -900.0,
            shards: 4,
            trail: [(60.0, y); TRAIL],
            ..Flight::NEW
        };
    }

    pub fn speed(&self) -> f32 {
        sqrt(self.vx * self.vx + self.vy * self.vy)
    }

    pub fn lead(&self) -> f32 {
        self.x - self.night
    }

    pub fn metres(&self) -> u32 {
        (self.x.max(0.0) / 10.0) as u32
    }

    /// How points count now.
    pub fn times(&self) -> u32 {
        let glow = if self.glow > 0 { 2 } else { 1 };
        glow * (1 + self.swoops.min(8) / 2)
    }

    /// One tick; tells `happen` what there is to see and hear.
    pub fn step(&mut self, wish: Wish, course: &mut Course, mut happen: impl FnMut(Happening)) {
        self.ticks += 1;
        self.diving = wish.dive;
        self.glow = self.glow.saturating_sub(1);
        self.flare = self.flare.saturating_sub(1);
        if wish.flare && self.shards >= 4 && self.flare == 0 {
            self.shards -= 4;
            self.flare = 50;
            self.vx += 5.0;
            self.vy -= 2.6;
            self.night -= 120.0;
            happen(Happening::Flare);
        }
        self.fall(wish.dive);
        course.extend_to(self.x + 2_600.0);
        self.meet_ground(course, &mut happen);
        self.gather(course, &mut happen);
        self.cross_realms(&mut happen);
        self.flee(&mut happen);
        self.trail.copy_within(1.., 0);
        self.trail[TRAIL - 1] = (self.x, self.y);
    }

    fn fall(&mut self, dive: bool) {
        self.vy += if dive { DIVE } else { SOAR };
        if self.flare > 0 {
            self.vx += 0.06;
            self.vy -= 0.1;
        }
        if !self.on_ground && !dive {
            self.vx *= 0.9993;
            self.vy *= 0.996;
        }
        self.vx = self.vx.max(SLOWEST * 0.7);
        let speed = self.speed();
        if speed > FASTEST {
            let back = 1.0 - 0.06 * (speed - FASTEST) / speed;
            self.vx *= back;
            self.vy *= back;
        }
        self.x += self.vx;
        self.y += self.vy;
    }

    fn meet_ground(&mut self, course: &Course, happen: &mut impl FnMut(Happening)) {
        let ground = course.height(self.x) - 7.0;
        if self.y < ground {
            self.on_ground = false;
            self.air_time += 1;
            return;
        }
        let slope = course.slope(self.x);
        let long = sqrt(1.0 + slope * slope);
        let (tx, ty) = (1.0 / long, slope / long);
        let mut along = self.vx * tx + self.vy * ty;
        let into = self.vy * tx - self.vx * ty;
        if self.air_time > 18 {
            let hard = into / self.speed().max(0.1);
            if slope > 0.12 && hard < 0.4 {
                self.swoops += 1;
                along += 1.1 + 0.12 * self.swoops.min(6) as f32;
                self.score += 20 * self.times();
                if self.swoops.is_multiple_of(3) {
                    self.glow = 60 * 8;
                }
                happen(Happening::Swoop(self.swoops));
            } else if hard > 0.55 || slope < -0.25 {
                along *= 0.9;
                if self.swoops > 0 || hard > 0.6 {
                    happen(Happening::Thud);
                }
                self.swoops = 0;
            }
        }
        along = (along * 0.9985).max(SLOWEST);
        (self.vx, self.vy) = (along * tx, along * ty);
        self.y = ground;
        self.on_ground = true;
        self.air_time = 0;
    }

    fn gather(&mut self, course: &mut Course, happen: &mut impl FnMut(Happening)) {
        self.row_left = self.row_left.saturating_sub(1);
        if self.row_left == 0 {
            self.row = 0;
        }
        let reach = if self.glow > 0 { 46.0 } else { 26.0 };
        for ember in course.embers.iter_mut().filter(|ember| ember.there) {
            let (dx, dy) = (ember.x - self.x, ember.y - self.y);
            if dx * dx + dy * dy > reach * reach {
                continue;
            }
            ember.there = false;
            self.embers += 1;
            self.row += 1;
            self.row_left = 90;
            self.score += if ember.big { 50 } else { 10 } * self.times();
            self.shards = (self.shards + if ember.big { 2 } else { self.row.is_multiple_of(4) as u32 }).min(12);
            self.vx += 0.05;
            happen(Happening::Ember { row: self.row, big: ember.big });
        }
    }

    fn cross_realms(&mut self, happen: &mut impl FnMut(Happening)) {
        let realm = (self.x.max(0.0) / REALM) as u32;
        if realm > self.realm {
            self.realm = realm;
            self.night -= 350.0;
            self.score += 250;
            happen(Happening::Realm(realm));
        }
    }

    /// The night speeds up as the run gets long, and never falls too far behind.
    fn flee(&mut self, happen: &mut impl FnMut(Happening)) {
        let pace = 4.7 + (self.ticks as f32 / 60.0 * 0.018).min(5.4);
        self.night = (self.night + pace).max(self.x - LONGEST_LEAD);
        if self.ticks.is_multiple_of(6) {
            self.score += 1;
        }
        if self.night >= self.x {
            happen(Happening::Caught);
        }
    }

    /// What a good player would do: dive where it falls, soar where it rises, and come down where it falls again.
    pub fn autopilot(&self, course: &Course) -> Wish {
        let dive = if self.on_ground { course.slope(self.x + self.vx * 3.0) > 0.04 } else { self.lands_well(course) };
        Wish { dive, flare: self.lead() < 420.0 }
    }

    /// Whether diving from now on would end on a slope that falls about as the bird does.
    fn lands_well(&self, course: &Course) -> bool {
        let (mut x, mut y, mut vy) = (self.x, self.y, self.vy);
        for _ in 0..80 {
            vy += DIVE;
            x += self.vx;
            y += vy;
            if y > course.height(x) - 7.0 {
                return course.slope(x) > 0.22;
            }
        }
        false
    }
}
