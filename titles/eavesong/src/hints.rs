//! Twelve small wishes of the town. Each one that comes true lights a lamp on the quay; none of them has to.

use crate::keep::Keep;
use crate::song::{BEAR, BIRD, FROG, MICE, NOTHING, OWLS, RESIDENTS, Song};
use crate::studio::Studio;

pub const WISHES: usize = 12;

/// What is written, and whether it has come true.
type Wish = (&'static str, fn(&Studio) -> bool);

static ALL: [Wish; WISHES] = [
    ("TAP WINDOWS: FROGS WILL DRUM", |town| town.hints.placed[FROG] >= 4),
    ("TAP THE BEAR, PLACE SOME BASS", |town| town.hints.placed[BEAR] >= 3),
    ("THE MICE PLUCK: DRAG ACROSS", |town| town.hints.placed[MICE] >= 4),
    ("OWLS: EVERY ROW IS A CHORD", |town| town.hints.placed[OWLS] >= 2),
    ("BIRD: NEIGHBOURS JOIN TO ONE TONE", |town| town.hints.placed[BIRD] >= 4),
    ("TAP A LANTERN TWICE: IT SLEEPS", |town| town.hints.slept),
    ("THROW THE DICE FOR A NEW LINE", |town| town.hints.diced),
    ("MENU: TRY ANOTHER MOOD", |town| town.hints.mood_changed),
    ("SCENE B WAITS: PLACE NOTES THERE", |town| town.hints.elsewhere >= 3),
    ("THE KNOT PLAYS SCENES IN TURN", |town| town.hints.linked && different(&town.song) > 1),
    ("DRAW TO SING: PLAY BY HAND", |town| town.hints.played >= 8),
    ("MENU, KEEP: SAVE YOUR TUNE", |town| town.hints.saved),
];

/// What the player did; a tune that is only loaded fulfils no wish.
pub struct Hints {
    pub shown: bool,
    /// A bit for each lamp that burns.
    pub lamps: u32,
    /// Ticks since the last one was lit.
    pub since: u32,
    pub diced: bool,
    pub saved: bool,
    pub slept: bool,
    pub linked: bool,
    pub mood_changed: bool,
    /// Notes placed by hand, and how many of them not in scene A.
    pub placed: [u32; RESIDENTS],
    pub elsewhere: u32,
    /// Notes played by hand.
    pub played: u32,
}

fn different(song: &Song) -> u32 {
    let scenes = song.chain.iter().filter(|&&scene| scene != NOTHING);
    scenes.fold(0u32, |seen, &scene| seen | 1 << scene).count_ones()
}

impl Hints {
    pub const NEW: Hints = Hints {
        shown: true,
        lamps: 0,
        since: 1_000,
        diced: false,
        saved: false,
        slept: false,
        linked: false,
        mood_changed: false,
        placed: [0; RESIDENTS],
        elsewhere: 0,
        played: 0,
    };

    /// The wish that waits, if hints are wanted.
    pub fn text(&self) -> Option<&'static str> {
        let open = (0..WISHES).find(|wish| self.lamps >> wish & 1 == 0)?;
        (self.shown && self.since > 110).then_some(ALL[open].0)
    }
}

/// Lights the lamps of wishes that came true; true if one did.
pub fn look(town: &mut Studio) -> bool {
    town.hints.since = town.hints.since.saturating_add(1);
    let due = |wish: &usize| town.hints.lamps >> wish & 1 == 0 && (ALL[*wish].1)(town);
    let Some(wish) = (0..WISHES).find(due).filter(|_| town.hints.since > 30) else { return false };
    town.hints.lamps |= 1 << wish;
    town.hints.since = 0;
    Keep::keep_lamps(town.hints.lamps);
    town.say("A LAMP IS LIT");
    true
}
