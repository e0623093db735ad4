//! Where the town is heard: an echo across the water that keeps the beat, a room of eight delays, and at the end a
//! gentle limiter, so that nothing ever breaks. Echo and room count in whole numbers, which is quick.

use crate::voice::{Frame, fade};

const LINES: usize = 8;
/// Samples of each delay: no two share a divisor, so no pitch rings.
const LENGTHS: [usize; LINES] = [1_327, 1_637, 1_931, 2_309, 2_677, 3_049, 3_413, 3_847];
const LONGEST: usize = 4_096;
/// How much of the sound is left after each round of the room, of 256.
const ROUND: i32 = 212;
const ECHO: usize = 65_536;
/// Full scale of the whole numbers.
const SCALE: f32 = 262_144.0;

pub struct Room {
    lines: [[i32; LINES]; LONGEST],
    at: usize,
    damp: [i32; LINES],
    echo: [[i32; 2]; ECHO],
    /// Samples between two echoes, in 256ths; it slides to what is asked.
    echo_long: u32,
    echo_ask: u32,
    /// How much of an echo is left in the next, of 256.
    echo_back: i32,
    echo_damp: [i32; 2],
    loud: f32,
    below: [f32; 2],
    /// What voices that were cut off gave out last, fading.
    cut: (f32, f32),
}

impl Room {
    pub const NEW: Room = Room {
        lines: [[0; LINES]; LONGEST],
        at: 0,
        damp: [0; LINES],
        echo: [[0; 2]; ECHO],
        echo_long: 0,
        echo_ask: 0,
        echo_back: 0,
        echo_damp: [0; 2],
        loud: 0.0,
        below: [0.0; 2],
        cut: (0.0, 0.0),
    };

    /// Sets the echo: samples between two, and how much is left of one in the next, of 256.
    pub fn echo(&mut self, samples: u32, back: i32) {
        self.echo_ask = samples.clamp(1_000, ECHO as u32 - 2) * 256;
        self.echo_back = back;
        if self.echo_long == 0 {
            self.echo_long = self.echo_ask;
        }
    }

    pub fn fade_out(&mut self, cut: (f32, f32)) {
        self.cut = (self.cut.0 + cut.0, self.cut.1 + cut.1);
    }

    /// Mixes everything down to left and right, -1 to 1.
    pub fn finish(&mut self, frame: &Frame) -> (f32, f32) {
        let (echo_left, echo_right) = self.echoes((frame[2] * SCALE) as i32);
        let (room_left, room_right) = self.reflections((frame[3] * SCALE) as i32 + (echo_left + echo_right) / 4);
        let left = frame[0] + self.cut.0 + (echo_left + room_left) as f32 * (1.0 / SCALE);
        let right = frame[1] + self.cut.1 + (echo_right + room_right) as f32 * (1.0 / SCALE);
        self.cut = (self.cut.0 * 0.99, self.cut.1 * 0.99);
        self.at = self.at.wrapping_add(1);
        self.limit(left, right)
    }

    /// From left to right and back, each one darker.
    fn echoes(&mut self, send: i32) -> (i32, i32) {
        self.echo_long = self.echo_ask.clamp(self.echo_long - 90, self.echo_long + 90);
        let (whole, part) = ((self.echo_long / 256) as usize, (self.echo_long % 256) as i32);
        let near = self.echo[self.at.wrapping_sub(whole) % ECHO];
        let far = self.echo[self.at.wrapping_sub(whole + 1) % ECHO];
        let heard = [0, 1].map(|side| near[side] + (((far[side] - near[side]) * part) >> 8));
        for (damp, heard) in self.echo_damp.iter_mut().zip(heard) {
            *damp += ((heard - *damp) * 90) >> 8;
        }
        let back = (self.echo_damp[1] * self.echo_back) >> 8;
        self.echo[self.at % ECHO] = [send + back, self.echo_damp[0]];
        let open = if self.echo_back > 0 { 3 } else { 0 };
        (heard[0] * open / 4, heard[1] * open / 4)
    }

    fn reflections(&mut self, send: i32) -> (i32, i32) {
        let mut taps = [0; LINES];
        for (i, tap) in taps.iter_mut().enumerate() {
            *tap = self.lines[self.at.wrapping_sub(LENGTHS[i]) % LONGEST][i];
        }
        let share = taps.iter().sum::<i32>() / 4;
        let send = (send * 90) >> 8;
        let line = &mut self.lines[self.at % LONGEST];
        for i in 0..LINES {
            self.damp[i] += ((taps[i] - share - self.damp[i]) * 140) >> 8;
            line[i] = ((self.damp[i] * ROUND) >> 8) + if i % 2 == 0 { send } else { -send };
        }
        (taps[0] + taps[2] - taps[5] + taps[7], taps[1] + taps[3] - taps[4] + taps[6])
    }

    /// Takes the constant part out, turns down what is loud for long, bends what is left over.
    fn limit(&mut self, left: f32, right: f32) -> (f32, f32) {
        self.below[0] += (left - self.below[0]) * 0.002;
        self.below[1] += (right - self.below[1]) * 0.002;
        let (left, right) = (left - self.below[0], right - self.below[1]);
        let peak = left.abs().max(right.abs());
        let speed = if peak > self.loud { const { fade(2.0) } } else { const { fade(160.0) } };
        self.loud += (peak - self.loud) * speed;
        let gain = 1.25 / (1.0 + (self.loud - 0.38).max(0.0) * 1.3);
        (bend(left * gain), bend(right * gain))
    }
}

/// Straight near zero, never past 1.
fn bend(x: f32) -> f32 {
    let x = (x * 0.8).clamp(-3.0, 3.0);
    let square = x * x;
    x * (27.0 + square) / (27.0 + 9.0 * square) * 0.97
}
