//! A square that moves with the pad, the arrow keys or a finger, and hums when it touches the edge.
#![no_std]

use playfield_sdk::input::key;
use playfield_sdk::synth::{Tone, Wave};
use playfield_sdk::{Canvas8, Keys, Pad, Synth, Title, Touches, title, video};

const WIDTH: i32 = 160;
const HEIGHT: i32 = 144;
const SIZE: i32 = 8;
const BUMP: Tone = Tone { wave: Wave::Triangle, note: 50, to_note: 38, volume: 180, ..Tone::PLAIN };

struct MyTitle {
    x: i32,
    y: i32,
    synth: Synth,
    pixels: [u8; (WIDTH * HEIGHT) as usize],
}

impl MyTitle {
    /// Where the player wants to go: -1, 0 or 1 each way.
    fn wish(&self) -> (i32, i32) {
        let keys = Keys::of(0);
        let axis = |less, more| i32::from(keys.held(more)) - i32::from(keys.held(less));
        let (mut dx, mut dy) = Pad::of(0).direction();
        dx += axis(key::LEFT, key::RIGHT);
        dy += axis(key::UP, key::DOWN);
        if let Some(finger) = Touches::of(0).iter().next() {
            dx += (i32::from(finger.x) - self.x).signum();
            dy += (i32::from(finger.y) - self.y).signum();
        }
        (dx.signum(), dy.signum())
    }
}

impl Title for MyTitle {
    const NEW: MyTitle =
        MyTitle { x: 76, y: 68, synth: Synth::new(), pixels: [0; (WIDTH * HEIGHT) as usize] };

    fn init(&mut self) {
        video::mode(WIDTH as u16, HEIGHT as u16, video::Format::Indexed);
        video::palette(0, &[0x10131c, 0xffc857, 0x5a6472]);
    }

    fn tick(&mut self) {
        let (dx, dy) = self.wish();
        let (x, y) = ((self.x + dx).clamp(0, WIDTH - SIZE), (self.y + dy).clamp(0, HEIGHT - SIZE));
        if (x, y) == (self.x, self.y) && (dx, dy) != (0, 0) {
            self.synth.play(&BUMP);
        }
        (self.x, self.y) = (x, y);

        let mut screen = Canvas8::new(&mut self.pixels, WIDTH, HEIGHT);
        screen.clear(0);
        screen.text_centred(WIDTH / 2, 20, "MOVE ME", 2, 1);
        screen.rect(self.x, self.y, SIZE, SIZE, 1);
        video::present_indexed(&self.pixels, WIDTH as usize);
        self.synth.tick();
    }
}

title!(MyTitle);
