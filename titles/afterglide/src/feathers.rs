//! Feathers: small aims, three open at a time, each for something done in one flight. What is won stays.

use crate::flight::{Flight, Happening};

/// What was done in this flight, as far as feathers ask for it.
#[derive(Clone, Copy)]
pub struct Tally {
    swoops: u32,
    best_row: u32,
    glows: u32,
    flares: u32,
    blues: u32,
    /// Where the last thud was, in metres, and the longest way without one.
    thud_at: u32,
    smooth: u32,
}

impl Tally {
    pub const NEW: Tally = Tally { swoops: 0, best_row: 0, glows: 0, flares: 0, blues: 0, thud_at: 0, smooth: 0 };

    pub fn note(&mut self, what: Happening, flight: &Flight) {
        match what {
            Happening::Swoop(row) => {
                self.swoops += 1;
                self.best_row = self.best_row.max(row);
                self.glows += u32::from(row.is_multiple_of(3));
            }
            Happening::Flare => self.flares += 1,
            Happening::Ember { big, .. } => self.blues += u32::from(big),
            Happening::Thud => self.thud_at = flight.metres(),
            _ => {}
        }
    }

    pub fn tick(&mut self, flight: &Flight) {
        self.smooth = self.smooth.max(flight.metres().saturating_sub(self.thud_at));
    }
}

enum Aim {
    Metres(u32),
    Smooth(u32),
    Embers(u32),
    Blues(u32),
    Swoops(u32),
    Row(u32),
    Glows(u32),
    Flares(u32),
    Score(u32),
    Realm(u32),
}

impl Aim {
    fn met(&self, tally: &Tally, flight: &Flight) -> bool {
        match *self {
            Aim::Metres(n) => flight.metres() >= n,
            Aim::Smooth(n) => tally.smooth >= n,
            Aim::Embers(n) => flight.embers >= n,
            Aim::Blues(n) => tally.blues >= n,
            Aim::Swoops(n) => tally.swoops >= n,
            Aim::Row(n) => tally.best_row >= n,
            Aim::Glows(n) => tally.glows >= n,
            Aim::Flares(n) => tally.flares >= n,
            Aim::Score(n) => flight.score >= n,
            Aim::Realm(n) => flight.realm >= n,
        }
    }
}

/// From the first minute of the first flight to what takes a good pilot a good flight.
const FEATHERS: [(&str, Aim); 18] = [
    ("FLY 1000 METRES", Aim::Metres(1_000)),
    ("GATHER 40 EMBERS", Aim::Embers(40)),
    ("SWOOP THREE TIMES", Aim::Swoops(3)),
    ("SEE THE AMBER STEPPE", Aim::Realm(2)),
    ("FLARE THREE TIMES", Aim::Flares(3)),
    ("GLOW", Aim::Glows(1)),
    ("SEE THE NORTHERN NIGHT", Aim::Realm(4)),
    ("GATHER 10 BLUE EMBERS", Aim::Blues(10)),
    ("500 METRES WITHOUT A THUD", Aim::Smooth(500)),
    ("SEE ANOTHER DAWN", Aim::Realm(5)),
    ("FIVE SWOOPS IN A ROW", Aim::Row(5)),
    ("SCORE 8000", Aim::Score(8_000)),
    ("GLOW THREE TIMES", Aim::Glows(3)),
    ("GATHER 400 EMBERS", Aim::Embers(400)),
    ("FLY 10000 METRES", Aim::Metres(10_000)),
    ("EIGHT SWOOPS IN A ROW", Aim::Row(8)),
    ("1000 METRES WITHOUT A THUD", Aim::Smooth(1_000)),
    ("SCORE 25000", Aim::Score(25_000)),
];
pub const ALL: u32 = FEATHERS.len() as u32;
pub const OPEN: usize = 3;

/// Which are won, a bit for each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Feathers(pub u32);

impl Feathers {
    pub fn count(self) -> u32 {
        (self.0 & ((1 << ALL) - 1)).count_ones()
    }

    /// The first few that are not won, in order.
    pub fn open(self) -> impl Iterator<Item = usize> {
        (0..FEATHERS.len()).filter(move |n| self.0 >> n & 1 == 0).take(OPEN)
    }

    pub fn text(n: usize) -> &'static str {
        FEATHERS[n].0
    }

    /// Wins one that is met, if there is one.
    pub fn win(&mut self, tally: &Tally, flight: &Flight) -> Option<&'static str> {
        let won = self.open().find(|&n| FEATHERS[n].1.met(tally, flight))?;
        self.0 |= 1 << won;
        Some(Feathers::text(won))
    }
}
