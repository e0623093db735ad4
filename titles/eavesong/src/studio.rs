//! The town as it is being played: the tune, the clock, who is at hand, and what each button does. No pictures here.

use playfield_sdk::math::Rng;
use playfield_sdk::timeline;

use crate::band::{Band, Gate};
use crate::buttons::{Act, Tab};
use crate::clock::{self, Clock};
use crate::hints::Hints;
use crate::keep::Keep;
use crate::moods::{self, MOODS};
use crate::song::{
    self, BIRD, CHAIN, ECHOES, FROG, LOUDEST, NOTHING, OWLS, RESIDENTS, ROWS, SCENES, STEPS, Scene, Song,
};
use crate::starters::{self, STARTERS};
use crate::{dice, drums, patches};

const UNDOS: usize = 24;
pub const NAMES: [&str; RESIDENTS] = ["FROGS", "BEAR", "MICE", "BIRD", "OWLS"];
pub const CHORDS: [&str; ROWS] =
    ["CHORD 1", "CHORD 2", "CHORD 3", "CHORD 4", "CHORD 5", "CHORD 6", "CHORD 7", "CHORD 8"];

/// What a touch on a window does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Draw,
    Sing,
    Record,
}

/// A line of words that goes away again.
#[derive(Clone, Copy)]
pub struct Toast {
    pub text: &'static str,
    pub left: u32,
}

/// How brightly each window shines from what it sang, 0 to 255.
pub type Flashes = [[[u8; ROWS]; STEPS]; RESIDENTS];

pub struct Studio {
    pub song: Song,
    pub clock: Clock,
    pub who: usize,
    pub mode: Mode,
    pub tab: Option<Tab>,
    pub saving: bool,
    pub solo: Option<usize>,
    pub toast: Toast,
    pub hints: Hints,
    pub keep: Keep,
    pub random: Rng,
    pub flashes: Flashes,
    /// How loud each resident was just now, 0 to 255.
    pub pulses: [u8; RESIDENTS],
    /// Windows that began to sing with this tick, for sparks.
    pub sung: [Option<(usize, usize, usize)>; 16],
    clipboard: Option<Scene>,
    history: [Song; UNDOS],
    undos: usize,
}

impl Studio {
    pub const NEW: Studio = Studio {
        song: Song::EMPTY,
        clock: Clock::NEW,
        who: FROG,
        mode: Mode::Draw,
        tab: None,
        saving: false,
        solo: None,
        toast: Toast { text: "", left: 0 },
        hints: Hints::NEW,
        keep: Keep::NEW,
        random: Rng::new(1),
        flashes: [[[0; ROWS]; STEPS]; RESIDENTS],
        pulses: [0; RESIDENTS],
        sung: [None; 16],
        clipboard: None,
        history: [Song::EMPTY; UNDOS],
        undos: 0,
    };

    pub fn scene(&self) -> &Scene {
        &self.song.scenes[self.clock.scene]
    }

    pub fn scene_mut(&mut self) -> &mut Scene {
        &mut self.song.scenes[self.clock.scene]
    }

    pub fn awake(&self, who: usize) -> bool {
        self.solo.map_or(!self.song.parts[who].asleep, |solo| solo == who)
    }

    pub fn say(&mut self, text: &'static str) {
        self.toast = Toast { text, left: 100 };
    }

    /// Remembers the tune as it is before a change.
    pub fn remember(&mut self) {
        if self.undos > 0 && self.history[self.undos - 1] == self.song {
            return;
        }
        if self.undos == UNDOS {
            self.history.rotate_left(1);
            self.undos -= 1;
        }
        self.history[self.undos] = self.song;
        self.undos += 1;
    }

    fn undo(&mut self) {
        while self.undos > 0 {
            self.undos -= 1;
            if self.history[self.undos] != self.song {
                self.song = self.history[self.undos];
                return self.say("TAKEN BACK");
            }
        }
        self.say("NOTHING TO TAKE BACK");
    }

    /// What a row of the resident at hand is called, where it has a name.
    pub fn row_name(&self, row: usize) -> Option<&'static str> {
        match self.who {
            FROG => Some(drums::NAMES[row]),
            OWLS => Some(CHORDS[row]),
            _ => None,
        }
    }

    pub fn sound_name(&self, who: usize) -> &'static str {
        let sound = self.song.parts[who].sound;
        if who == FROG { drums::KITS[usize::from(sound)] } else { patches::patch(who, sound).name }
    }

    /// Sings a window at once, and lets it shine.
    pub fn sing(&mut self, band: &mut Band, who: usize, step: usize, row: usize, loud: f32, gate: Gate) {
        band.sing(&self.song, who, row, loud, gate);
        self.shine(who, step, row);
    }

    fn shine(&mut self, who: usize, step: usize, row: usize) {
        self.flashes[who][step][row] = 255;
        self.pulses[who] = 255;
        if let Some(free) = self.sung.iter_mut().find(|sung| sung.is_none()) {
            *free = Some((who, step, row));
        }
    }

    /// Places a note by hand.
    pub fn place(&mut self, who: usize, step: usize, row: usize) {
        self.scene_mut().set(who, step, row, true);
        self.hints.placed[who] += 1;
        self.hints.elsewhere += u32::from(self.clock.scene > 0);
    }

    /// A note heard while it is drawn: as long as it will be, about.
    pub fn preview(&mut self, band: &mut Band, step: usize, row: usize) {
        let steps = if self.who == OWLS { 4 } else { 1 };
        let samples = steps * clock::step_samples(&self.song, 0);
        self.sing(band, self.who, step, row, 0.85, Gate { samples, holder: 0 });
    }

    /// Makes the sound of `frames`, and plays the steps that fall into them.
    pub fn play(&mut self, band: &mut Band, frames: usize) {
        let mut done = 0;
        while done < frames {
            if self.clock.left() == 0 {
                self.clock.advance(&self.song);
                self.play_step(band);
            }
            let part = (frames - done).min(self.clock.left());
            band.render(done, part);
            self.clock.pass(part);
            done += part;
        }
    }

    fn play_step(&mut self, band: &mut Band) {
        let (scene, step) = (*self.scene(), self.clock.step);
        let skip = self.clock.skip.take_if(|skip| skip.1 == step);
        let long = clock::step_samples(&self.song, 0);
        let accent = if step.is_multiple_of(4) {
            1.0
        } else if step.is_multiple_of(2) {
            0.88
        } else {
            0.78
        };
        clock::notes_of(&scene, step, |who, row, steps| {
            if self.awake(who) && skip != Some((who, step, row)) {
                let samples = steps * long - long / 10;
                self.sing(band, who, step, row, accent, Gate { samples, holder: 0 });
            }
        });
        self.shine_on(&scene, step);
    }

    /// A long tone of the bird shines in every window it goes through.
    fn shine_on(&mut self, scene: &Scene, step: usize) {
        let awake = self.awake(BIRD);
        for row in (0..ROWS).filter(|&row| awake && scene.has(BIRD, step, row)) {
            let flash = &mut self.flashes[BIRD][step][row];
            *flash = (*flash).max(150);
        }
    }

    /// What shines fades.
    pub fn fade(&mut self) {
        self.sung = [None; 16];
        for flash in self.flashes.iter_mut().flatten().flatten() {
            *flash = flash.saturating_sub(1 + *flash / 12);
        }
        for pulse in &mut self.pulses {
            *pulse = pulse.saturating_sub(1 + *pulse / 10);
        }
        self.toast.left = self.toast.left.saturating_sub(1);
    }

    pub fn load(&mut self, song: Song) {
        self.remember();
        self.song = song;
        self.solo = None;
        (self.clock.scene, self.clock.link) = (0, 0);
    }

    pub fn act(&mut self, act: Act, band: &mut Band) {
        match act {
            Act::Play => self.toggle_play(band),
            Act::Scene(scene) => self.go_to(scene),
            Act::Chained => self.toggle_chain(),
            Act::Mode => self.next_mode(),
            Act::Undo => self.undo(),
            Act::Menu => self.tab = if self.tab.is_some() { None } else { Some(Tab::Song) },
            Act::Tab(tab) => self.tab = Some(tab),
            Act::Resident(who) => self.pick(who),
            Act::Saving(saving) => self.saving = saving,
            Act::Copy => {
                self.clipboard = Some(*self.scene());
                self.say("SCENE COPIED");
            }
            Act::Slot(slot) => self.slot(slot),
            Act::Hints => self.hints.shown = !self.hints.shown,
            _ => {
                self.remember();
                self.change(act);
            }
        }
    }

    /// The acts that change the tune.
    fn change(&mut self, act: Act) {
        let song = &mut self.song;
        let around = |value: u8, by: i32, count: i32| (i32::from(value) + by).rem_euclid(count) as u8;
        match act {
            Act::Tempo(by) => {
                song.tempo = (i32::from(song.tempo) + 4 * by).clamp(song::SLOWEST.into(), song::FASTEST.into()) as u8;
            }
            Act::Swing(by) => song.swing = (i32::from(song.swing) + by).clamp(0, song::MOST_SWING.into()) as u8,
            Act::Mood(by) => {
                song.mood = around(song.mood, by, MOODS.len() as i32);
                self.hints.mood_changed = true;
            }
            Act::Key(by) => song.key = around(song.key, by, moods::KEYS.len() as i32),
            Act::Echo(by) => song.echo = (i32::from(song.echo) + by).clamp(0, i32::from(ECHOES) - 1) as u8,
            Act::Volume(who) => song.parts[who].volume = around(song.parts[who].volume, 1, i32::from(LOUDEST) + 1),
            Act::Sleep(who) => self.sleep(who),
            Act::Sound(who) => song.parts[who].sound = around(song.parts[who].sound, 1, song::SOUNDS.into()),
            Act::Solo(who) => self.solo = if self.solo == Some(who) { None } else { Some(who) },
            Act::Link(link) => self.turn_link(link),
            Act::Dice => self.throw(),
            Act::Clear => self.clear(),
            Act::Paste => self.paste(),
            Act::Shift(by) => {
                let who = self.who;
                self.scene_mut().shift(who, by > 0);
            }
            Act::New => {
                self.load(Song::fresh());
                self.say("A NEW TUNE");
            }
            Act::Starter(index) => {
                self.load(starters::song(index));
                self.clock.chained = true;
                self.say(STARTERS[index].name);
            }
            _ => {}
        }
    }

    fn toggle_play(&mut self, band: &mut Band) {
        if self.clock.playing {
            self.clock.stop();
            band.hush();
        } else {
            self.clock.start(&self.song);
        }
    }

    pub fn go_to(&mut self, scene: usize) {
        self.clock.scene = scene % SCENES;
        self.clock.chained = false;
    }

    fn toggle_chain(&mut self) {
        self.clock.chained = !self.clock.chained;
        if self.clock.chained {
            self.hints.linked = true;
            let here = self.song.chain.iter().position(|&scene| usize::from(scene) == self.clock.scene);
            self.clock.link = here.unwrap_or(0);
            self.say("SCENES FOLLOW THE CHAIN");
        } else {
            self.say("ONE SCENE, AGAIN AND AGAIN");
        }
    }

    fn next_mode(&mut self) {
        let (mode, says) = match self.mode {
            Mode::Draw => (Mode::Sing, "TOUCH WINDOWS TO PLAY ALONG"),
            Mode::Sing => (Mode::Record, "WHAT YOU PLAY IS KEPT"),
            Mode::Record => (Mode::Draw, "TOUCH WINDOWS TO PLACE NOTES"),
        };
        self.mode = mode;
        self.say(says);
    }

    /// Picks a resident; one that is at hand already falls asleep or wakes.
    fn pick(&mut self, who: usize) {
        if self.who != who {
            self.who = who;
            return self.say(NAMES[who]);
        }
        self.remember();
        self.sleep(who);
    }

    fn sleep(&mut self, who: usize) {
        let asleep = !self.song.parts[who].asleep;
        self.song.parts[who].asleep = asleep;
        self.hints.slept |= asleep;
        self.say(if asleep { "ASLEEP" } else { "AWAKE" });
    }

    /// A, B, C, D, nothing, and A again.
    fn turn_link(&mut self, link: usize) {
        let old = self.song.chain[link % CHAIN];
        let last = SCENES as u8 - 1;
        self.song.chain[link % CHAIN] = match old {
            NOTHING => 0,
            scene if scene >= last => NOTHING,
            scene => scene + 1,
        };
        if self.song.chain == [NOTHING; CHAIN] {
            self.song.chain[0] = 0;
        }
    }

    fn throw(&mut self) {
        let (scene, who) = (self.clock.scene, self.who);
        dice::throw(&mut self.random, &mut self.song.scenes[scene], who);
        self.hints.diced = true;
        self.say("A NEW LINE");
    }

    fn clear(&mut self) {
        let who = self.who;
        self.scene_mut().notes[who] = [0; STEPS];
        self.say("ALL WINDOWS CLOSED");
    }

    fn paste(&mut self) {
        match self.clipboard {
            Some(scene) => {
                *self.scene_mut() = scene;
                self.say("SCENE PASTED");
            }
            None => self.say("COPY A SCENE FIRST"),
        }
    }

    fn slot(&mut self, slot: usize) {
        if self.saving {
            self.keep.save(slot, &self.song);
            self.hints.saved = true;
            self.saving = false;
            self.say("KEPT");
            timeline::event("saved", slot as i64 + 1);
        } else if let Some(song) = self.keep.slots[slot] {
            self.load(song);
            self.say("HERE IT IS");
        } else {
            self.say("NOTHING KEPT THERE YET");
        }
    }
}
