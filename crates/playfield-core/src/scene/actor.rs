//! Those who move: what each is, where, and how it shows itself to a camera.

use super::Class;
use super::dice::Dice;
use super::figure::Figure;
use super::person;
use super::space::{Camera, V3, v3};
use super::vehicle;

/// What rides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sedan,
    Hatchback,
    Estate,
    Van,
    Truck,
    Bicycle,
}

impl Kind {
    /// In metres.
    pub(super) fn length(self) -> f32 {
        match self {
            Kind::Sedan => 4.6,
            Kind::Hatchback => 3.9,
            Kind::Estate => 4.7,
            Kind::Van => 5.6,
            Kind::Truck => 8.2,
            Kind::Bicycle => 1.8,
        }
    }

    fn class(self) -> Class {
        match self {
            Kind::Sedan | Kind::Hatchback | Kind::Estate => Class::Car,
            Kind::Van | Kind::Truck => Class::Truck,
            Kind::Bicycle => Class::Bicycle,
        }
    }
}

/// Somebody on wheels, at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ride {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) x: f32,
    pub(super) y: f32,
    /// 1: to the right; -1: to the left.
    pub(super) way: f32,
    /// Metres ridden: pedals turn by it.
    pub(super) along: f32,
    pub(super) brakes: bool,
    /// How it looks.
    pub(super) dice: Dice,
}

/// Somebody on foot, at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walker {
    pub(super) id: u64,
    pub(super) x: f32,
    pub(super) y: f32,
    /// Which way the body faces, one metre long.
    pub(super) heading: (f32, f32),
    /// Metres walked: legs swing by it.
    pub(super) walked: f32,
    /// Metres a second.
    pub(super) pace: f32,
    pub(super) child: bool,
    /// How it looks.
    pub(super) dice: Dice,
}

/// Somebody.
#[derive(Clone, Copy, Debug)]
pub(super) enum Actor {
    Ride(Ride),
    Walker(Walker),
}

impl Actor {
    pub(super) fn id(&self) -> u64 {
        match self {
            Actor::Ride(ride) => ride.id,
            Actor::Walker(walker) => walker.id,
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Actor::Ride(ride) => ride.kind.class(),
            Actor::Walker(_) => Class::Person,
        }
    }

    /// Where it touches the ground, in the middle.
    pub(super) fn ground(&self) -> V3 {
        match self {
            Actor::Ride(ride) => v3(ride.x, ride.y, 0.0),
            Actor::Walker(walker) => v3(walker.x, walker.y, 0.0),
        }
    }

    /// The ground it stands on, without what hangs over: from where to where along the street, and across it.
    fn footprint(&self) -> [(f32, f32); 2] {
        let at = self.ground();
        let (along, across) = match self {
            Actor::Ride(ride) if ride.kind == Kind::Bicycle => (ride.kind.length() / 2.0, 0.25),
            Actor::Ride(ride) => (ride.kind.length() / 2.0, 0.85),
            Actor::Walker(_) => (0.2, 0.2),
        };
        [(at.x - along, at.x + along), (at.y - across, at.y + across)]
    }

    /// Whether it stands between the camera and another one: some upright plane parts the two, and it is on the camera's side.
    pub(super) fn hides(&self, other: &Actor, eye: V3) -> bool {
        let [(l, r), (near, far)] = self.footprint();
        let [(other_l, other_r), (other_near, other_far)] = other.footprint();
        if far <= other_near || other_far <= near {
            return far <= other_near;
        }
        (r <= other_l && eye.x < other_l) || (other_r <= l && eye.x > other_r)
    }

    /// How far it reaches from its middle, at most, in metres.
    pub(super) fn reach(&self) -> f32 {
        match self {
            Actor::Ride(ride) => ride.kind.length() / 2.0 + 1.0,
            Actor::Walker(_) => 1.0,
        }
    }

    /// As a camera sees it, with its shadows if it `casts` them.
    pub(super) fn figure(&self, camera: &Camera, sun: V3, casts: bool) -> Figure {
        let mut figure = Figure::new(camera, sun, casts);
        match self {
            Actor::Ride(ride) if ride.kind == Kind::Bicycle => person::rider(&mut figure, ride),
            Actor::Ride(ride) => vehicle::body(&mut figure, ride),
            Actor::Walker(walker) => person::walker(&mut figure, walker),
        }
        figure
    }
}
