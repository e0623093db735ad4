//! Footfall: a ball between a doorstep and a street. Seat 0 plays at the doorstep; seat 1 is whoever walks by, moved by a rule on
//! what a camera sees, and knows nothing of it. While nobody is out the kerb keeps the ball in.
#![no_std]

mod court;
mod paint;

use court::{Ball, HEIGHT, Hit, ONE, Paddle, WIDTH};
use paint::{Footprint, STEPS};
use playfield_sdk::input::{self, Button};
use playfield_sdk::math::Rng;
use playfield_sdk::synth::{Tone, Wave};
use playfield_sdk::{Canvas8, Pad, Pointer, Synth, Title, Touches, title, video};

/// Points of a match.
const MATCH: u8 = 7;
const TRAIL: usize = 14;
/// So far somebody walks with a step, in pixels.
const STRIDE: i32 = 9;

const OUR_HIT: Tone = Tone { wave: Wave::Triangle, note: 60, to_note: 67, volume: 170, echo: 60, ..Tone::PLAIN };
const THEIR_HIT: Tone = Tone { wave: Wave::Triangle, note: 67, to_note: 72, volume: 170, echo: 60, ..Tone::PLAIN };
const WALL: Tone = Tone { wave: Wave::Sine, note: 52, to_note: 48, hold_ms: 20, volume: 130, ..Tone::PLAIN };
const STEP: Tone =
    Tone { wave: Wave::Noise, note: 40, to_note: 34, hold_ms: 4, decay_ms: 40, volume: 34, ..Tone::PLAIN };
const WON: Tone =
    Tone { wave: Wave::Pulse, note: 72, to_note: 84, decay_ms: 400, volume: 110, echo: 140, ..Tone::PLAIN };
const LOST: Tone =
    Tone { wave: Wave::Pulse, note: 55, to_note: 43, decay_ms: 400, volume: 110, echo: 140, ..Tone::PLAIN };

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Before the first ball.
    Begin,
    /// So many ticks until a ball goes to this seat.
    Serve(u16, usize),
    Play,
    /// This seat has won.
    Over(usize),
}

struct Footfall {
    phase: Phase,
    clock: u32,
    paddles: [Paddle; 2],
    ball: Ball,
    trail: [(i32, i32); TRAIL],
    points: [u8; 2],
    /// Ticks that each paddle still shines.
    flash: [u8; 2],
    prints: [Footprint; STEPS],
    steps: i32,
    rng: Rng,
    synth: Synth,
    pixels: [u8; (WIDTH * HEIGHT) as usize],
}

impl Footfall {
    /// Whether somebody is at the kerb.
    fn out() -> bool {
        input::players() & 2 != 0
    }

    /// Whether somebody wants to begin.
    fn starts() -> bool {
        let pad = Pad::of(0);
        pad.pressed(Button::A)
            || pad.pressed(Button::Start)
            || Pointer::of(0).pressed != 0
            || Touches::of(0).iter().any(|finger| finger.began)
    }

    fn walk(&mut self) {
        self.paddles.iter_mut().for_each(Paddle::step);
        self.prints.iter_mut().for_each(|print| print.age = print.age.saturating_sub(1));
        let steps = self.paddles[1].walked / ONE / STRIDE;
        if steps != self.steps && Footfall::out() {
            let print = Footprint { x: self.paddles[1].x / ONE, left: steps % 2 == 0, age: 180 };
            self.prints[steps as usize % STEPS] = print;
            self.synth.play(&STEP);
        }
        self.steps = steps;
    }

    fn play(&mut self) {
        self.trail.copy_within(0..TRAIL - 1, 1);
        self.trail[0] = (self.ball.x, self.ball.y);
        match self.ball.step(&self.paddles, Footfall::out()) {
            Hit::Nothing => {}
            Hit::Side | Hit::Kerb => self.synth.play(&WALL),
            Hit::Paddle(seat) => {
                self.flash[seat] = 8;
                self.synth.play_at(if seat == 0 { &OUR_HIT } else { &THEIR_HIT }, self.ball.heat() / 32, 255);
                input::rumble(seat as u8, 0, 90, 60);
            }
            Hit::Missed(seat) => self.missed(seat),
        }
    }

    fn missed(&mut self, seat: usize) {
        let winner = 1 - seat;
        self.points[winner] += 1;
        self.synth.play(if winner == 0 { &WON } else { &LOST });
        self.phase = if self.points[winner] >= MATCH { Phase::Over(winner) } else { self.serve(winner) };
    }

    /// A ball goes to this seat soon.
    fn serve(&mut self, to: usize) -> Phase {
        self.ball = Ball::new();
        self.trail = [(self.ball.x, self.ball.y); TRAIL];
        Phase::Serve(50, to)
    }

    fn paint(&mut self) {
        let mut screen = Canvas8::new(&mut self.pixels, WIDTH, HEIGHT);
        paint::street(&mut screen, self.clock);
        let out = Footfall::out();
        if out {
            paint::walker(&mut screen, &self.paddles[1], &self.prints, self.flash[1] > 0);
        } else {
            paint::kerb(&mut screen, self.clock);
        }
        paint::step(&mut screen, &self.paddles[0], self.flash[0] > 0);
        if self.phase == Phase::Play || matches!(self.phase, Phase::Serve(left, _) if left % 10 < 6) {
            paint::ball(&mut screen, &self.ball, &self.trail);
        }
        if self.phase != Phase::Begin {
            paint::score(&mut screen, self.points);
        }
        match self.phase {
            Phase::Begin => {
                paint::say(&mut screen, 72, "FOOTFALL", paint::OURS, 4);
                let who = if out { "SOMEBODY WALKS BY, AND PLAYS" } else { "NOBODY IS OUT: THE KERB PLAYS" };
                paint::say(&mut screen, 112, who, if out { paint::THEIRS } else { paint::QUIET }, 1);
                if self.clock / 30 % 2 == 0 {
                    paint::say(&mut screen, 134, "PRESS A, ENTER OR TAP", paint::WHITE, 1);
                }
            }
            Phase::Over(winner) => {
                let (says, colour) = if winner == 0 { ("YOURS", paint::OURS) } else { ("THE STREET'S", paint::THEIRS) };
                paint::say(&mut screen, 78, says, colour, 3);
                paint::say(&mut screen, 116, "PRESS A, ENTER OR TAP", paint::WHITE, 1);
            }
            Phase::Serve(..) | Phase::Play => {}
        }
        video::present_indexed(&self.pixels, WIDTH as usize);
    }
}

impl Title for Footfall {
    const NEW: Footfall = Footfall {
        phase: Phase::Begin,
        clock: 0,
        paddles: [Paddle::new(0), Paddle::new(1)],
        ball: Ball::new(),
        trail: [(0, 0); TRAIL],
        points: [0, 0],
        flash: [0, 0],
        prints: [const { Footprint { x: 0, left: false, age: 0 } }; STEPS],
        steps: 0,
        rng: Rng::new(1),
        synth: Synth::new(),
        pixels: [0; (WIDTH * HEIGHT) as usize],
    };

    fn init(&mut self) {
        video::mode(WIDTH as u16, HEIGHT as u16, video::Format::Indexed);
        video::palette(0, &paint::PALETTE);
        self.rng = Rng::from_host();
    }

    fn tick(&mut self) {
        self.clock += 1;
        self.flash.iter_mut().for_each(|left| *left = left.saturating_sub(1));
        self.walk();
        self.phase = match self.phase {
            Phase::Begin | Phase::Over(_) if Footfall::starts() => {
                self.points = [0, 0];
                self.serve(0)
            }
            Phase::Serve(0, to) => {
                self.ball.serve(&mut self.rng, to);
                Phase::Play
            }
            Phase::Serve(left, to) => Phase::Serve(left - 1, to),
            Phase::Play => {
                self.play();
                self.phase
            }
            phase => phase,
        };
        self.paint();
        self.synth.tick();
    }
}

title!(Footfall);
