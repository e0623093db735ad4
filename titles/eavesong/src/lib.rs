//! Eavesong: the moon passes over a town, and wherever its light falls on a lit window, whoever lives there sings.
//!
//! A tune is a `song`; `clock` says when, `band` says how it sounds, `moods` says which notes fit. `voice` and `drums` make
//! the sound from `patches` and `tables`, four lanes at a time (`quad`), and `room` is around them. `studio` holds the town
//! together, `hands` and `play` are what players do to it, `buttons` where they can; `dice`, `starters` and `hints` help
//! them, `keep` stores. `town`, `night`, `sparks`, `bars` and `panel` paint it, with `paint`, `faces`, `icons`, `letters`
//! and `words`.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod band;
mod bars;
mod buttons;
mod clock;
mod dice;
mod drums;
mod faces;
mod hands;
mod hints;
mod icons;
mod keep;
mod letters;
mod moods;
mod night;
mod paint;
mod panel;
mod patches;
mod play;
mod quad;
mod room;
mod song;
mod sparks;
mod starters;
mod studio;
mod tables;
mod town;
mod voice;
mod words;

use playfield_sdk::canvas::mix;
use playfield_sdk::math::Rng;
use playfield_sdk::{Buffer, Canvas32, Title, audio, host, timeline, title, video};

use band::Band;
use bars::Look;
use buttons::{Act, window_middle};
use hands::Repeat;
use keep::Keep;
use letters::{Letters, Size};
use paint::{HEIGHT, WIDTH};
use play::{Focus, Play};
use song::Song;
use sparks::Sparks;
use studio::Studio;

type Pixels = [u32; WIDTH * HEIGHT];
static PIXELS: Buffer<Pixels> = Buffer::new([0; WIDTH * HEIGHT]);
static BACKDROP: Buffer<Pixels> = Buffer::new([0; WIDTH * HEIGHT]);
static BAND: Buffer<Band> = Buffer::new(Band::NEW);

struct Stage {
    pixels: &'static mut Pixels,
    backdrop: &'static mut Pixels,
    band: &'static mut Band,
}

struct Eavesong {
    stage: Option<Stage>,
    town: Studio,
    play: Play,
    repeat: Repeat,
    sparks: Sparks,
    letters: Letters,
    stars: [(i32, i32, u32); town::STARS],
    /// Mood of the backdrop.
    painted: Option<u8>,
    at_start: bool,
    age: u32,
    /// The tune of the visit before.
    before: Option<Song>,
}

impl Eavesong {
    /// From the start picture into the town: to the tune of last time, or to two chords.
    fn enter(&mut self, band: &mut Band) {
        self.at_start = false;
        self.age = 0;
        band.hush();
        self.town.clock = clock::Clock::NEW;
        self.town.song = self.before.unwrap_or_else(Song::fresh);
        self.town.clock.start(&self.town.song);
        timeline::mode(timeline::Mode::Playing);
        timeline::event("start", i64::from(self.before.is_some()));
    }

    fn step(&mut self, band: &mut Band) {
        self.age = self.age.saturating_add(1);
        let hands = hands::read(&mut self.repeat);
        self.town.fade();
        if !self.at_start {
            self.play.tick(&hands, &mut self.town, band);
            if hints::look(&mut self.town) {
                timeline::event("lamp", i64::from(self.town.hints.lamps.count_ones()));
            }
            self.town.keep.watch(&self.town.song);
        } else if hands.anything {
            self.enter(band);
        }
        let town = &self.town;
        band.follow(&town.song, |who| town.awake(who));
    }

    fn listen(&mut self, band: &mut Band) {
        let frames = audio::wanted().min(audio::MAX_FRAMES);
        self.town.play(band, frames);
        band.push(frames);
        self.sparks.tick(&self.town);
    }

    fn paint(&mut self, pixels: &mut Pixels, backdrop: &mut Pixels) {
        let town = &self.town;
        if self.painted != Some(town.song.mood) {
            town::paint(&mut Canvas32::new(backdrop, WIDTH as i32, HEIGHT as i32), moods::of(&town.song));
            self.painted = Some(town.song.mood);
        }
        pixels.copy_from_slice(backdrop);
        let mut canvas = Canvas32::new(pixels, WIDTH as i32, HEIGHT as i32);
        let canvas = &mut canvas;
        night::stars(canvas, &self.stars, self.age, town.pulses[song::OWLS]);
        night::moon(canvas, town, self.age);
        night::windows(canvas, town, self.at_start);
        night::glows(canvas, town);
        self.sparks.paint(canvas);
        night::water(canvas, town, self.age);
        if self.at_start {
            self.paint_start(canvas);
        } else {
            night::lamps(canvas, town, self.age);
            self.paint_tools(canvas);
        }
    }

    fn paint_tools(&self, canvas: &mut Canvas32) {
        let town = &self.town;
        let focus = match self.play.focus {
            Focus::Button(act) if self.play.steered => Some(act),
            _ => None,
        };
        let lit: Option<Act> = self.play.lit.map(|(act, _)| act);
        let look = Look { town, letters: &self.letters, age: self.age, lit, focus };
        let all = buttons::layout(town.tab);
        if self.play.steered && self.play.focus == Focus::Window {
            self.paint_cursor(canvas);
        }
        bars::paint(canvas, &all, &look);
        panel::paint(canvas, &all, &look);
        self.paint_line(canvas);
    }

    fn paint_cursor(&self, canvas: &mut Canvas32) {
        let (x, y) = window_middle(self.play.cursor.0, self.play.cursor.1);
        let grow = i32::from((self.age / 12).is_multiple_of(2));
        for edge in grow..grow + 2 {
            canvas.frame(x - 12 - edge, y - 8 - edge, 24 + 2 * edge, 17 + 2 * edge, 0xffffff);
        }
    }

    /// The line above the lanterns: what was just done, or else a wish.
    fn paint_line(&self, canvas: &mut Canvas32) {
        let toast = self.town.toast;
        if toast.left > 0 {
            let share = (toast.left * 12).min(256);
            self.letters.centred(canvas, 240, 211, toast.text, Size::Small, bars::ACCENT, share);
        } else if let Some(text) = self.town.hints.text() {
            self.letters.centred(canvas, 240, 211, text, Size::Small, 0xffffff, 230);
        }
    }

    fn paint_start(&self, canvas: &mut Canvas32) {
        for y in 66..150usize {
            let share = (420 - (y as i32 - 108).abs() * 10).clamp(0, 176) as u32;
            for pixel in &mut canvas.pixels[y * WIDTH..(y + 1) * WIDTH] {
                *pixel = mix(*pixel, 0xff34_1420, share) | 0xff00_0000;
            }
        }
        canvas.glow(240, 100, 150, moods::of(&self.town.song).sky[2], 60);
        self.letters.centred(canvas, 240, 78, "EAVESONG", Size::Large, 0xfff4e0, 256);
        self.letters.centred(canvas, 240, 126, "LIGHT A WINDOW, AND IT SINGS", Size::Small, 0xffffff, 256);
        if (self.age / 32).is_multiple_of(2) {
            let text = "TOUCH, CLICK OR PRESS A";
            self.letters.centred(canvas, 240, 234, text, Size::Small, bars::ACCENT, 256);
        }
    }
}

impl Title for Eavesong {
    const NEW: Eavesong = Eavesong {
        stage: None,
        town: Studio::NEW,
        play: Play::NEW,
        repeat: Repeat::NEW,
        sparks: Sparks::NEW,
        letters: Letters::NEW,
        stars: [(0, 0, 0); town::STARS],
        painted: None,
        at_start: true,
        age: 0,
        before: None,
    };

    fn init(&mut self) {
        host::tick_rate(60);
        video::mode(WIDTH as u16, HEIGHT as u16, video::Format::Rgba);
        if let (Some(pixels), Some(backdrop), Some(band)) = (PIXELS.take(), BACKDROP.take(), BAND.take()) {
            band.tune();
            self.stage = Some(Stage { pixels, backdrop, band });
        }
        self.letters.draw_all();
        self.stars = town::stars();
        self.before = self.town.keep.open();
        self.town.hints.lamps = Keep::lamps();
        self.town.song = starters::song(0);
        self.town.clock.chained = true;
        self.town.clock.start(&self.town.song);
        timeline::mode(timeline::Mode::Menu);
    }

    fn tick(&mut self) {
        if host::tick() == 1 {
            // No earlier: a start is the same for everybody, so it is run once.
            self.town.random = Rng::from_host();
        }
        let Some(stage) = self.stage.take() else { return };
        self.step(stage.band);
        self.listen(stage.band);
        self.paint(stage.pixels, stage.backdrop);
        video::present_rgba(stage.pixels, WIDTH);
        self.stage = Some(stage);
    }
}

title!(Eavesong);
