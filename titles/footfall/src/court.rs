//! The court: two paddles, a ball between them, and who misses. Places in sixteenths of a pixel, so that a run is the same everywhere.

use playfield_sdk::input::{Pad, Pointer, Touches};
use playfield_sdk::math::Rng;

/// Sixteenths of a pixel.
pub const ONE: i32 = 16;
pub const WIDTH: i32 = 320;
pub const HEIGHT: i32 = 180;
/// The edges that the ball bounces off, and where the paddles' faces are.
pub const LEFT: i32 = 8;
pub const RIGHT: i32 = WIDTH - 8;
pub const KERB: i32 = 50;
pub const STEP: i32 = 164;
pub const BALL: i32 = 3;
/// Who walks by does not chase a ball: they get the wider paddle.
const WIDTHS: [i32; 2] = [48, 62];
const SERVE: i32 = 24;
const FASTEST: i32 = 58;

/// A paddle: seat 0 at the doorstep, seat 1 at the kerb.
#[derive(Clone, Copy)]
pub struct Paddle {
    seat: u8,
    /// Its middle.
    pub x: i32,
    /// How far it went with this tick.
    pub went: i32,
    /// How far it went in all, for legs.
    pub walked: i32,
    /// Where it was told to be.
    target: Option<i32>,
}

impl Paddle {
    pub const fn new(seat: u8) -> Paddle {
        Paddle { seat, x: WIDTH / 2 * ONE, went: 0, walked: 0, target: None }
    }

    pub fn half(&self) -> i32 {
        WIDTHS[usize::from(self.seat)] / 2
    }

    /// Moves as its player says. Left stick and buttons push it, the right stick says where it is to be, as a mouse and a finger do.
    pub fn step(&mut self) {
        let pad = Pad::of(self.seat);
        let before = self.x;
        let push = pad.direction().0;
        if push != 0 {
            self.target = None;
            self.x += push * 4 * ONE;
        }
        let (reach, middle) = ((WIDTH / 2 - LEFT - self.half()) * ONE, WIDTH / 2 * ONE);
        if pad.rx != 0 {
            self.target = Some(middle + i32::from(pad.rx) * reach / 32_767);
        }
        let pointer = Pointer::of(self.seat);
        if pointer.dx != 0 {
            self.target = Some(i32::from(pointer.x) * ONE);
        }
        if let Some(finger) = Touches::of(self.seat).iter().next() {
            self.target = Some(i32::from(finger.x) * ONE);
        }
        if let Some(target) = self.target {
            // Cameras tell places a few times a second, and not quite where somebody is: it glides.
            self.x += ((target - self.x) / 5).clamp(-7 * ONE, 7 * ONE);
        }
        self.x = self.x.clamp(middle - reach, middle + reach);
        self.went = self.x - before;
        self.walked += self.went.abs();
    }
}

/// What happened to the ball with this tick.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    Nothing,
    Side,
    /// A paddle, by its seat.
    Paddle(usize),
    /// The kerb, while nobody is out.
    Kerb,
    /// It passed the paddle of this seat.
    Missed(usize),
}

pub struct Ball {
    pub x: i32,
    pub y: i32,
    vx: i32,
    vy: i32,
}

impl Ball {
    pub const fn new() -> Ball {
        Ball { x: WIDTH / 2 * ONE, y: (KERB + STEP) / 2 * ONE, vx: 0, vy: 0 }
    }

    /// From the middle, towards a seat.
    pub fn serve(&mut self, rng: &mut Rng, seat: usize) {
        *self = Ball::new();
        self.vx = rng.below(33) as i32 - 16;
        self.vy = if seat == 0 { SERVE } else { -SERVE };
    }

    /// How fast it is, 0 to 255.
    pub fn heat(&self) -> i32 {
        ((self.vy.abs() - SERVE).max(0) * 255 / (FASTEST - SERVE)).min(255)
    }

    /// Goes on for a tick. `out`: whether somebody is at the kerb.
    pub fn step(&mut self, paddles: &[Paddle; 2], out: bool) -> Hit {
        self.x += self.vx;
        self.y += self.vy;
        let mut hit = Hit::Nothing;
        let (left, right) = ((LEFT + BALL) * ONE, (RIGHT - BALL) * ONE);
        if self.x < left || self.x > right {
            self.x = self.x.clamp(left, right);
            self.vx = -self.vx;
            hit = Hit::Side;
        }
        let (top, bottom) = ((KERB + BALL) * ONE, (STEP - BALL) * ONE);
        if self.vy < 0 && self.y <= top && self.y > top - 12 * ONE {
            if !out {
                (self.y, self.vy) = (top, -self.vy);
                return Hit::Kerb;
            }
            if self.meets(&paddles[1]) {
                return self.bounce(&paddles[1], top);
            }
        }
        if self.vy > 0 && self.y >= bottom && self.y < bottom + 12 * ONE && self.meets(&paddles[0]) {
            return self.bounce(&paddles[0], bottom);
        }
        match self.y {
            y if y < (KERB - 14) * ONE => Hit::Missed(1),
            y if y > (HEIGHT + 6) * ONE => Hit::Missed(0),
            _ => hit,
        }
    }

    fn meets(&self, paddle: &Paddle) -> bool {
        (self.x - paddle.x).abs() <= (paddle.half() + BALL) * ONE
    }

    /// Off a paddle: the further from its middle, the flatter; and a little of its own way with it.
    fn bounce(&mut self, paddle: &Paddle, y: i32) -> Hit {
        let off = (self.x - paddle.x) * 44 / (paddle.half() * ONE);
        let faster = (self.vy.abs() + 2).min(FASTEST);
        self.vx = (off + paddle.went / 4).clamp(-56, 56);
        (self.y, self.vy) = (y, if self.vy < 0 { faster } else { -faster });
        Hit::Paddle(usize::from(paddle.seat))
    }
}
