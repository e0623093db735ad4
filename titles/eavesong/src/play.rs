//! From hands to the town: strokes over windows, buttons, the cursor, and notes played by hand.
//!
//! A finger belongs to what it came down on until it lifts: a window that it places or takes away, one that it plays, a
//! button, or a slider.

use crate::band::{Band, Gate};
use crate::buttons::{self, Act, Button, Buttons};
use crate::hands::{FINGERS, Finger, Hands, Wish};
use crate::song::{FROG, LOUDEST, RESIDENTS, ROWS, SCENES, STEPS};
use crate::studio::{Mode, Studio};
use crate::voice::HELD;

/// Holders of notes: piano keys come first, then fingers, then the pad.
const FIRST_FINGER: u8 = 16;
const CURSOR: u8 = 40;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grip {
    Place,
    Wipe,
    Play,
    Slide(usize),
    Nothing,
}

#[derive(Clone, Copy)]
struct Track {
    id: u16,
    grip: Grip,
    x: i32,
    y: i32,
    cell: Option<(usize, usize)>,
}

/// Where pad and arrow keys are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Window,
    Button(Act),
}

pub struct Play {
    tracks: [Option<Track>; FINGERS],
    pub cursor: (usize, usize),
    pub focus: Focus,
    /// Whether the cursor is in use: fingers need none.
    pub steered: bool,
    menu_open: bool,
    /// What the held press of the cursor does to the windows it passes.
    brush: Option<bool>,
    /// The act that was pressed just now, and for how long it looks so.
    pub lit: Option<(Act, u32)>,
}

impl Play {
    pub const NEW: Play = Play {
        tracks: [None; FINGERS],
        cursor: (0, 3),
        focus: Focus::Window,
        steered: false,
        menu_open: false,
        brush: None,
        lit: None,
    };

    /// Everything that hands do in this tick.
    pub fn tick(&mut self, hands: &Hands, town: &mut Studio, band: &mut Band) {
        self.lit = self.lit.and_then(|(act, left)| left.checked_sub(1).map(|left| (act, left)));
        for wish in hands.wishes.iter().flatten() {
            self.wish(*wish, town, band);
        }
        let all = buttons::layout(town.tab);
        let mut holders = u64::from(hands.piano) | self.fingers(hands, &all, town, band);
        self.piano(hands.piano_pressed, town, band);
        self.steer(hands, &buttons::layout(town.tab), town, band);
        holders |= u64::from(hands.press_held) << CURSOR;
        band.keep_held(holders);
    }

    fn press(&mut self, act: Act, town: &mut Studio, band: &mut Band) {
        self.lit = Some((act, 8));
        town.act(act, band);
    }

    fn wish(&mut self, wish: Wish, town: &mut Studio, band: &mut Band) {
        let around = |at: usize, by: i32, count: usize| (at as i32 + by).rem_euclid(count as i32) as usize;
        let act = match wish {
            Wish::Play => Act::Play,
            Wish::Menu => Act::Menu,
            Wish::Mode => Act::Mode,
            Wish::Undo => Act::Undo,
            Wish::Dice => Act::Dice,
            Wish::Chain => Act::Chained,
            Wish::Tempo(by) => Act::Tempo(by),
            Wish::Resident(by) => Act::Resident(around(town.who, by, RESIDENTS)),
            Wish::PickResident(who) => Act::Resident(who),
            Wish::Scene(by) => Act::Scene(around(town.clock.scene, by, SCENES)),
            Wish::PickScene(scene) => Act::Scene(scene),
            Wish::Sleep => Act::Sleep(town.who),
        };
        self.press(act, town, band);
    }

    /// Gives the holders of the notes that fingers hold.
    fn fingers(&mut self, hands: &Hands, all: &Buttons, town: &mut Studio, band: &mut Band) -> u64 {
        let down = |id: u16| hands.fingers.iter().flatten().any(|finger| finger.id == id);
        for track in &mut self.tracks {
            *track = track.filter(|track| down(track.id));
        }
        let mut holders = 0;
        for finger in hands.fingers.iter().flatten() {
            self.steered = false;
            if let Some(place) = self.place_of(finger) {
                let holder = FIRST_FINGER + place as u8;
                self.follow(place, finger, holder, all, town, band);
                holders |= 1 << holder;
            }
        }
        holders
    }

    /// Where a finger is kept; one that came down anew is kept anew.
    fn place_of(&mut self, finger: &Finger) -> Option<usize> {
        let known = self.tracks.iter().position(|track| track.is_some_and(|track| track.id == finger.id));
        if let Some(place) = known.filter(|_| finger.began) {
            self.tracks[place] = None;
        }
        known.or_else(|| self.tracks.iter().position(Option::is_none))
    }

    fn follow(&mut self, place: usize, finger: &Finger, holder: u8, all: &Buttons, town: &mut Studio, band: &mut Band) {
        let Some(mut track) = self.tracks[place] else {
            let grip = self.take(finger, holder, all, town, band);
            let cell = buttons::window_at(finger.x, finger.y).filter(|_| grip != Grip::Nothing);
            self.tracks[place] = Some(Track { id: finger.id, grip, x: finger.x, y: finger.y, cell });
            return;
        };
        // A quick finger passes windows between two ticks: go the way in small steps.
        let (dx, dy) = (finger.x - track.x, finger.y - track.y);
        let parts = (dx.abs().max(dy.abs()) / 8).clamp(1, 64);
        for part in 1..=parts {
            let (x, y) = (track.x + dx * part / parts, track.y + dy * part / parts);
            let cell = buttons::window_at(x, y);
            if cell != track.cell {
                track.cell = cell.or(track.cell);
                if let Some(cell) = cell {
                    cross(track.grip, cell, holder, town, band);
                }
            }
        }
        if let Grip::Slide(who) = track.grip {
            slide(who, finger.x, all, town);
        }
        (track.x, track.y) = (finger.x, finger.y);
        self.tracks[place] = Some(track);
    }

    /// What a finger that comes down takes hold of.
    fn take(&mut self, finger: &Finger, holder: u8, all: &Buttons, town: &mut Studio, band: &mut Band) -> Grip {
        // Down since before the town was open, or since another button: it does nothing.
        if !finger.began {
            return Grip::Nothing;
        }
        if let Some(button) = all.at(finger.x, finger.y) {
            if let Act::Volume(who) = button.act {
                town.remember();
                slide(who, finger.x, all, town);
                return Grip::Slide(who);
            }
            self.press(button.act, town, band);
            return Grip::Nothing;
        }
        let Some((step, row)) = buttons::window_at(finger.x, finger.y).filter(|_| town.tab.is_none()) else {
            return Grip::Nothing;
        };
        let grip = grip_for(finger.wipe, step, row, town);
        if grip != Grip::Play {
            town.remember();
        }
        cross(grip, (step, row), holder, town, band);
        grip
    }

    fn piano(&mut self, pressed: u16, town: &mut Studio, band: &mut Band) {
        for key in (0..16).filter(|key| pressed >> key & 1 != 0) {
            let who = if key < 8 { town.who } else { FROG };
            by_hand(who, None, key % 8, key as u8, town, band);
        }
    }

    fn steer(&mut self, hands: &Hands, all: &Buttons, town: &mut Studio, band: &mut Band) {
        if hands.step != (0, 0) || hands.press || hands.wipe {
            self.steered = true;
        }
        self.mend_focus(all, town);
        if hands.step != (0, 0) {
            self.move_focus(hands.step, all, town);
        }
        match self.focus {
            Focus::Button(act) => {
                if hands.press {
                    self.press(act, town, band);
                } else if hands.wipe && town.tab.is_some() {
                    self.press(Act::Menu, town, band);
                } else if hands.wipe {
                    self.focus = Focus::Window;
                }
            }
            Focus::Window => self.brush(hands, town, band),
        }
    }

    /// A button that is gone cannot keep the focus, and a menu that opens takes it.
    fn mend_focus(&mut self, all: &Buttons, town: &Studio) {
        let gone = match self.focus {
            Focus::Button(act) => all.of(act).is_none(),
            Focus::Window => false,
        };
        let opened = town.tab.is_some() && !self.menu_open;
        self.menu_open = town.tab.is_some();
        if gone || opened {
            self.focus = town.tab.map_or(Focus::Window, |tab| Focus::Button(Act::Tab(tab)));
        }
    }

    fn move_focus(&mut self, step: (i32, i32), all: &Buttons, town: &Studio) {
        let (at, row) = self.cursor;
        let from = match self.focus {
            Focus::Window => {
                let (to, up) = (at as i32 + step.0, row as i32 - step.1);
                if (0..ROWS as i32).contains(&up) {
                    self.cursor = (to.rem_euclid(STEPS as i32) as usize, up as usize);
                    return;
                }
                buttons::window_middle(at, row)
            }
            Focus::Button(act) => all.of(act).map_or((0, 0), Button::middle),
        };
        let across = matches!(self.focus, Focus::Button(_)) && step.1 != 0 && town.tab.is_none();
        if across && (from.1 < buttons::TOP) == (step.1 > 0) {
            self.focus = Focus::Window;
            let step = ((from.0 - buttons::LEFT).max(0) / buttons::CELL_W).min(15);
            self.cursor = (step as usize, if from.1 < buttons::TOP { ROWS - 1 } else { 0 });
        } else if let Some(button) = all.towards(from, step) {
            self.focus = Focus::Button(button.act);
        }
    }

    /// The cursor places, takes away or plays; held and moved it goes on with that.
    fn brush(&mut self, hands: &Hands, town: &mut Studio, band: &mut Band) {
        let (step, row) = self.cursor;
        let held = hands.press_held || hands.wipe_held;
        if hands.press || hands.wipe {
            let grip = grip_for(hands.wipe, step, row, town);
            self.brush = (grip != Grip::Play).then_some(grip == Grip::Place);
            if grip != Grip::Play {
                town.remember();
            }
            cross(grip, (step, row), CURSOR, town, band);
        } else if held && hands.step != (0, 0) {
            let grip = self.brush.map_or(Grip::Play, |on| if on { Grip::Place } else { Grip::Wipe });
            cross(grip, (step, row), CURSOR, town, band);
        } else if !held {
            self.brush = None;
        }
    }
}

fn grip_for(wipe: bool, step: usize, row: usize, town: &Studio) -> Grip {
    match town.mode {
        _ if wipe => Grip::Wipe,
        Mode::Sing | Mode::Record => Grip::Play,
        Mode::Draw if town.scene().has(town.who, step, row) => Grip::Wipe,
        Mode::Draw => Grip::Place,
    }
}

/// A finger or the cursor reaches a window.
fn cross(grip: Grip, (step, row): (usize, usize), holder: u8, town: &mut Studio, band: &mut Band) {
    let who = town.who;
    match grip {
        Grip::Place => {
            if !town.scene().has(who, step, row) {
                town.place(who, step, row);
                town.preview(band, step, row);
            }
            if let Some(name) = town.row_name(row) {
                town.say(name);
            }
        }
        Grip::Wipe => town.scene_mut().set(who, step, row, false),
        Grip::Play => by_hand(who, Some(step), row, holder, town, band),
        Grip::Slide(_) | Grip::Nothing => {}
    }
}

/// A note played by hand sounds at once; recorded, it is also kept at the nearest step.
fn by_hand(who: usize, window: Option<usize>, row: usize, holder: u8, town: &mut Studio, band: &mut Band) {
    let (nearest, coming) = town.clock.nearest();
    if town.mode == Mode::Record && town.clock.playing {
        town.remember();
        town.place(who, nearest, row);
        if coming {
            town.clock.skip = Some((who, nearest, row));
        }
    }
    let step = window.unwrap_or(if town.clock.playing { nearest } else { 2 * row });
    town.hints.played += 1;
    // A finger holds one note at a time: the one before it ends.
    band.keep_held(!(1 << holder));
    town.sing(band, who, step, row, 0.95, Gate { samples: HELD, holder });
}

fn slide(who: usize, x: i32, all: &Buttons, town: &mut Studio) {
    if let Some(button) = all.of(Act::Volume(who)) {
        let steps = i32::from(LOUDEST);
        let part = (x - button.x - 6).clamp(0, button.w - 12) * 2 * steps / (button.w - 12);
        town.song.parts[who].volume = ((part + 1) / 2).clamp(0, steps) as u8;
    }
}
