//! Afterglide: a bird of light flies over rolling hills, and the night comes after it.
//!
//! One button: hold to dive down a slope, let go to soar off the next. `course` makes the hills, `flight` moves the bird,
//! `feathers` are what to fly for, `view` is the camera, `sky` and `scene` paint with the colours of `realms`, `hud` and `letters` write, `tunes` is heard.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod course;
mod feathers;
mod flight;
mod hud;
mod letters;
mod paint;
mod realms;
mod scene;
mod sky;
mod tunes;
mod view;

use playfield_sdk::input::{Button, key};
use playfield_sdk::{
    Buffer, Canvas32, Keys, Pad, Pointer, Synth, Title, Touches, host, storage, timeline, title, video,
};

use course::Course;
use feathers::{Feathers, Tally};
use flight::{Flight, Happening, Wish};
use hud::{Banner, Digits};
use letters::{Letters, Size};
use paint::{HEIGHT, WIDTH};
use scene::Motes;
use view::View;

type Pixels = [u32; WIDTH * HEIGHT];
static PIXELS: Buffer<Pixels> = Buffer::new([0; WIDTH * HEIGHT]);
static SYNTH: Buffer<Synth> = Buffer::new(Synth::new());

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    Start,
    Fly,
    Over,
}

struct Afterglide {
    pixels: Option<&'static mut Pixels>,
    synth: Option<&'static mut Synth>,
    letters: Letters,
    scene: Scene,
    /// Ticks in this scene.
    age: u32,
    course: Course,
    flight: Flight,
    view: View,
    motes: Motes,
    banner: Banner,
    best: u32,
    record: bool,
    feathers: Feathers,
    tally: Tally,
    shown: u32,
    /// How far the wings are folded, 0 to 1.
    fold: f32,
    paused: bool,
}

/// What the player does, from whatever device.
struct Asked {
    wish: Wish,
    go: bool,
    pause: bool,
}

fn ask() -> Asked {
    let (pad, keys, pointer) = (Pad::of(0), Keys::of(0), Pointer::of(0));
    let (fingers, began) =
        Touches::of(0).iter().fold((0, 0), |(n, began), touch| (n + 1, began + u32::from(touch.began)));
    let dive_keys = [key::SPACE, key::Z, key::DOWN, key::S];
    let flare_keys = [key::X, key::UP, key::W];
    let dive = pad.held(Button::A)
        || pad.direction().1 > 0
        || dive_keys.iter().any(|&k| keys.held(k))
        || pointer.held & 1 != 0
        || fingers > 0;
    let flare_pad = [Button::B, Button::X, Button::R1, Button::Up].iter().any(|&b| pad.pressed(b));
    let flare = flare_pad
        || flare_keys.iter().any(|&k| keys.pressed(k))
        || pointer.pressed & 2 != 0
        || (began > 0 && fingers > 1);
    let go_keys = [key::SPACE, key::Z, key::ENTER, key::X];
    let go_pad = pad.pressed(Button::A) || pad.pressed(Button::Start);
    let go = go_pad || go_keys.iter().any(|&k| keys.pressed(k)) || pointer.pressed & 1 != 0 || began > 0;
    let pause = pad.pressed(Button::Start) || keys.pressed(key::P) || keys.pressed(key::ESCAPE);
    Asked { wish: Wish { dive, flare }, go, pause }
}

impl Afterglide {
    fn enter(&mut self, scene: Scene) {
        (self.scene, self.age, self.paused) = (scene, 0, false);
    }

    fn play(&mut self, tone: &playfield_sdk::synth::Tone, shift: i32) {
        if let Some(synth) = self.synth.as_mut().filter(|_| self.scene != Scene::Start) {
            synth.play_at(tone, shift, 256);
        }
    }

    fn sing(&mut self, song: Option<&'static playfield_sdk::synth::Song>, volume: i32) {
        if let Some(synth) = self.synth.as_mut() {
            synth.sing(song);
            synth.song_volume = volume;
        }
    }

    fn begin_course(&mut self) {
        self.course.begin();
        self.flight.begin(&self.course);
        self.view.snap(&self.flight);
        self.banner = Banner::NEW;
        self.tally = Tally::NEW;
        self.shown = 0;
    }

    fn show_start(&mut self) {
        self.enter(Scene::Start);
        self.begin_course();
        self.sing(Some(&tunes::TITLE), 150);
        timeline::mode(timeline::Mode::Menu);
    }

    fn start(&mut self) {
        self.enter(Scene::Fly);
        self.begin_course();
        self.play(&tunes::START, 0);
        self.sing(Some(&tunes::FLY), 120);
        self.banner.say(realms::NAMES[0], 0, 0xffe2a8);
        timeline::mode(timeline::Mode::Playing);
        timeline::event("start", 0);
    }

    fn end(&mut self) {
        self.play(&tunes::CAUGHT, 0);
        self.rumble(220, 120, 400);
        self.enter(Scene::Over);
        self.sing(None, 0);
        self.record = self.flight.score > self.best;
        if self.record {
            self.best = self.flight.score;
            storage::write_number("best", self.best);
        }
        timeline::event("score", i64::from(self.flight.score));
        timeline::mode(timeline::Mode::Over);
    }

    fn fly(&mut self, wish: Wish) {
        let mut happened = [None; 16];
        let mut count = 0;
        self.flight.step(wish, &mut self.course, |what| {
            if count < happened.len() {
                happened[count] = Some(what);
                count += 1;
            }
        });
        for what in happened.into_iter().flatten() {
            self.tally.note(what, &self.flight);
            self.react(what);
        }
        self.tally.tick(&self.flight);
        self.win_feather();
        if self.flight.on_ground && self.flight.speed() > 5.0 && self.flight.ticks.is_multiple_of(2) {
            self.motes.burst(
                (self.flight.x - 6.0, self.flight.y + 5.0),
                (self.flight.vx * 0.5, -1.0),
                1,
                0.9,
                0xffc080,
            );
        }
        if self.flight.ticks.is_multiple_of(26) && self.flight.speed() > 7.0 {
            self.play(&tunes::WIND, (self.flight.speed() * 1.5) as i32 - 10);
        }
    }

    /// One at a time, when the words before have been read.
    fn win_feather(&mut self) {
        if self.scene != Scene::Fly || self.banner.left > 40 {
            return;
        }
        if let Some(text) = self.feathers.win(&self.tally, &self.flight) {
            storage::write_number("feathers", self.feathers.0);
            self.banner.say("A FEATHER", 0, 0x9affd0);
            self.banner.note = text;
            self.motes.burst((self.flight.x, self.flight.y), (self.flight.vx, self.flight.vy), 24, 3.0, 0x9affd0);
            for shift in [5, 12, 17] {
                self.play(&tunes::FEATHER, shift);
            }
            timeline::event("feather", i64::from(self.feathers.count()));
        }
    }

    /// Shakes the player's pad; the bird that flies by itself behind the start screen shakes nobody's.
    fn rumble(&self, strong: u8, weak: u8, ms: u16) {
        if self.scene == Scene::Fly {
            playfield_sdk::input::rumble(0, strong, weak, ms);
        }
    }

    fn react(&mut self, what: Happening) {
        let (at, speed) = ((self.flight.x, self.flight.y), (self.flight.vx, self.flight.vy));
        match what {
            Happening::Swoop(row) => {
                self.motes.burst(at, speed, 16, 2.6, 0xffe2a8);
                self.play(&tunes::SWOOP, 2 * (row.min(8) as i32));
                if row % 3 == 0 {
                    self.banner.say("GLOW!", row, 0xfff06a);
                    timeline::event("glow", i64::from(row));
                } else {
                    self.banner.say(if row > 4 { "SUBLIME" } else { "SWOOP" }, row, 0xffe2a8);
                    self.banner.left = 60;
                }
            }
            Happening::Thud => {
                self.view.shake = 5.0;
                self.rumble(150, 60, 120);
                self.motes.burst(at, (0.0, -1.0), 8, 1.6, 0xa07890);
                self.play(&tunes::THUD, 0);
            }
            Happening::Ember { row, big } => {
                const SCALE: [i32; 8] = [0, 2, 4, 7, 9, 12, 14, 16];
                self.motes.burst(at, speed, if big { 14 } else { 5 }, 2.0, if big { 0x8affff } else { 0xffb040 });
                self.play(if big { &tunes::SHARD } else { &tunes::EMBER }, SCALE[(row as usize - 1).min(7)]);
            }
            Happening::Flare => {
                self.view.shake = 7.0;
                self.rumble(60, 200, 180);
                self.motes.burst(at, (0.0, 0.0), 40, 4.5, 0x8affff);
                self.play(&tunes::FLARE, 0);
            }
            Happening::Realm(realm) => {
                self.banner.say(realms::NAMES[realm as usize % realms::NAMES.len()], 0, 0xffffff);
                self.play(&tunes::REALM, 0);
                self.play(&tunes::REALM, 7);
                if let Some(song) = tunes::of_realm(realm).filter(|_| self.scene == Scene::Fly) {
                    self.sing(Some(song), 120);
                }
                timeline::event("realm", i64::from(realm));
            }
            Happening::Caught if self.scene == Scene::Start => self.begin_course(),
            Happening::Caught => self.end(),
        }
    }

    fn step(&mut self, asked: &Asked) {
        self.age += 1;
        match self.scene {
            Scene::Start => {
                let wish = self.flight.autopilot(&self.course);
                self.fly(wish);
                self.banner.left = 0;
                if asked.go && self.age > 20 {
                    self.start();
                }
            }
            Scene::Fly => {
                if asked.pause {
                    self.paused = !self.paused;
                    timeline::mode(if self.paused { timeline::Mode::Menu } else { timeline::Mode::Playing });
                }
                if !self.paused {
                    self.fly(asked.wish);
                }
            }
            Scene::Over => {
                self.flight.night += 2.5;
                if asked.go && self.age > 50 {
                    self.start();
                }
                if self.age > 60 * 30 {
                    self.show_start();
                }
            }
        }
        if self.paused {
            return;
        }
        self.banner.left = self.banner.left.saturating_sub(1);
        let gap = self.flight.score.saturating_sub(self.shown);
        self.shown += gap.div_ceil(8);
        let fold = if self.flight.diving { 1.0 } else { 0.0 };
        self.fold += (fold - self.fold) * 0.22;
        self.motes.step();
        self.view.follow(&self.flight, &self.course);
    }

    fn paint(&self, pixels: &mut Pixels) {
        let colours = realms::at(self.flight.x);
        let ticks = self.flight.ticks;
        let mut canvas = Canvas32::new(pixels, WIDTH as i32, HEIGHT as i32);
        let shaken = View {
            y: self.view.y + self.view.shake * if self.age.is_multiple_of(2) { 1.0 } else { -1.0 },
            ..self.view
        };
        let view = &shaken;
        sky::paint(&mut canvas, view, &colours, ticks);
        scene::trees(&mut canvas, view, &self.course, &colours, ticks);
        scene::hills(&mut canvas, view, &self.course, &colours);
        scene::embers(&mut canvas, view, &self.course, ticks);
        scene::trail(&mut canvas, view, &self.flight, &colours);
        self.motes.paint(&mut canvas, view);
        scene::bird(&mut canvas, view, &self.flight, self.fold);
        scene::night(&mut canvas, view, &self.flight);
        match self.scene {
            Scene::Start => self.paint_start(&mut canvas),
            Scene::Fly => self.paint_flight(&mut canvas),
            Scene::Over => self.paint_over(&mut canvas),
        }
    }

    fn paint_start(&self, canvas: &mut Canvas32) {
        canvas.glow(320, 86, 130, 0xffd890, 90);
        self.letters.centred(canvas, 320, 66, "AFTERGLIDE", Size::Large, 0xfff6e0, 256);
        self.letters.centred(canvas, 320, 116, "HOLD TO DIVE DOWN, LET GO TO SOAR", Size::Small, 0xffffff, 256);
        self.paint_feathers(canvas, 228, 256);
        if (self.age / 32).is_multiple_of(2) {
            self.letters.centred(canvas, 320, 316, "PRESS A, SPACE, CLICK OR TOUCH", Size::Small, 0xffe2a8, 256);
        }
        if self.best > 0 {
            self.letters.centred(
                canvas,
                320,
                336,
                Digits::with(self.best, " BEST").as_str(),
                Size::Small,
                0xffffff,
                180,
            );
        }
    }

    /// What is to be won next, and how many are won.
    fn paint_feathers(&self, canvas: &mut Canvas32, y: i32, share: u32) {
        let count = Digits::of(self.feathers.count(), feathers::ALL, " FEATHERS");
        self.letters.centred(canvas, 320, y, count.as_str(), Size::Small, 0x9affd0, share);
        for (line, n) in self.feathers.open().enumerate() {
            let y = y + 20 + 18 * line as i32;
            self.letters.centred(canvas, 320, y, Feathers::text(n), Size::Small, 0xffffff, share * 7 / 8);
        }
    }

    fn paint_flight(&self, canvas: &mut Canvas32) {
        hud::paint(canvas, &self.letters, &self.flight, self.best, self.shown);
        self.banner.paint(canvas, &self.letters);
        if self.age < 420 {
            let text = if self.age < 240 {
                "HOLD ON THE WAY DOWN, LET GO ON THE WAY UP"
            } else {
                "B, X, RIGHT CLICK OR A SECOND FINGER: FLARE"
            };
            self.letters.centred(canvas, 320, 300, text, Size::Small, 0xffffff, 240);
        }
        if self.paused {
            self.letters.centred(canvas, 320, 150, "PAUSED", Size::Large, 0xffffff, 256);
            self.paint_feathers(canvas, 204, 256);
        }
    }

    fn paint_over(&self, canvas: &mut Canvas32) {
        let share = (self.age * 6).min(256);
        self.letters.centred(canvas, 320, 72, "THE NIGHT HAS YOU", Size::Large, 0xb8a0ff, share);
        self.letters.centred(
            canvas,
            320,
            130,
            Digits::with(self.flight.score, "").as_str(),
            Size::Large,
            0xffffff,
            share,
        );
        let text = Digits::with(self.flight.metres(), " METRES");
        self.letters.centred(canvas, 320, 180, text.as_str(), Size::Small, 0xffe2a8, share);
        self.letters.centred(
            canvas,
            320,
            200,
            Digits::with(self.flight.embers, " EMBERS").as_str(),
            Size::Small,
            0xffb870,
            share,
        );
        if self.record && (self.age / 12).is_multiple_of(2) {
            self.letters.centred(canvas, 320, 220, "A NEW BEST", Size::Small, 0xfff06a, share);
        }
        self.paint_feathers(canvas, 246, share);
        if self.age > 50 && (self.age / 32).is_multiple_of(2) {
            self.letters.centred(canvas, 320, 330, "AGAIN: A, SPACE, CLICK OR TOUCH", Size::Small, 0xffffff, 256);
        }
    }
}

impl Title for Afterglide {
    const NEW: Afterglide = Afterglide {
        pixels: None,
        synth: None,
        letters: Letters::NEW,
        scene: Scene::Start,
        age: 0,
        course: Course::NEW,
        flight: Flight::NEW,
        view: View::NEW,
        motes: Motes::NEW,
        banner: Banner::NEW,
        best: 0,
        record: false,
        feathers: Feathers(0),
        tally: Tally::NEW,
        shown: 0,
        fold: 0.0,
        paused: false,
    };

    fn init(&mut self) {
        host::tick_rate(60);
        video::mode(WIDTH as u16, HEIGHT as u16, video::Format::Rgba);
        (self.pixels, self.synth) = (PIXELS.take(), SYNTH.take());
        self.letters.draw_all();
        self.best = storage::read_number("best").unwrap_or(0);
        self.feathers = Feathers(storage::read_number("feathers").unwrap_or(0));
        self.show_start();
    }

    fn tick(&mut self) {
        self.step(&ask());
        if let Some(pixels) = self.pixels.take() {
            self.paint(pixels);
            video::present_rgba(pixels, WIDTH);
            self.pixels = Some(pixels);
        }
        if let Some(synth) = self.synth.as_mut() {
            synth.tick();
        }
    }
}

title!(Afterglide);
