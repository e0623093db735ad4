//! What players' hands do, from whatever device: fingers (the mouse is one), a pad, a keyboard.

use playfield_sdk::input::{Button, key};
use playfield_sdk::{Keys, Pad, Pointer, Touches};

/// Ten fingers and a mouse.
pub const FINGERS: usize = 11;
const MOUSE: u16 = 1_000;
const MOUSE_WIPE: u16 = 1_001;
/// Ticks until a held direction repeats, and from then on.
const FIRST_REPEAT: u32 = 15;
const REPEAT: u32 = 5;

#[derive(Clone, Copy)]
pub struct Finger {
    pub id: u16,
    pub x: i32,
    pub y: i32,
    pub began: bool,
    /// The right button takes notes away.
    pub wipe: bool,
}

/// What pads and keys ask for that is no note.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Play,
    Menu,
    Mode,
    Undo,
    Dice,
    Chain,
    Resident(i32),
    Scene(i32),
    PickResident(usize),
    PickScene(usize),
    Tempo(i32),
    Sleep,
}

pub struct Hands {
    pub fingers: [Option<Finger>; FINGERS],
    pub wishes: [Option<Wish>; 8],
    /// One step of the cursor.
    pub step: (i32, i32),
    pub press: bool,
    pub press_held: bool,
    pub wipe: bool,
    pub wipe_held: bool,
    /// Rows of the resident at hand, then of the frogs: held, and gone down with this tick.
    pub piano: u16,
    pub piano_pressed: u16,
    pub anything: bool,
}

/// What has to be known from the tick before.
pub struct Repeat {
    direction: (i32, i32),
    ticks: u32,
}

const PIANO: [u8; 16] = [4, 22, 7, 9, 10, 11, 13, 14, 20, 26, 8, 21, 23, 28, 24, 12];
const BACKSPACE: u8 = 42;
const TAB: u8 = 43;

impl Repeat {
    pub const NEW: Repeat = Repeat { direction: (0, 0), ticks: 0 };

    fn step(&mut self, direction: (i32, i32)) -> (i32, i32) {
        if direction != self.direction {
            (self.direction, self.ticks) = (direction, 0);
            return direction;
        }
        self.ticks += 1;
        let due = self.ticks >= FIRST_REPEAT && (self.ticks - FIRST_REPEAT).is_multiple_of(REPEAT);
        if due { direction } else { (0, 0) }
    }
}

fn fingers() -> [Option<Finger>; FINGERS] {
    let mut fingers = [None; FINGERS];
    for (to, touch) in fingers.iter_mut().zip(Touches::of(0).iter()) {
        let (x, y) = (i32::from(touch.x), i32::from(touch.y));
        *to = Some(Finger { id: u16::from(touch.id), x, y, began: touch.began, wipe: false });
    }
    let mouse = Pointer::of(0);
    if mouse.held & 3 != 0 {
        let wipe = mouse.held & 1 == 0;
        let (id, button) = if wipe { (MOUSE_WIPE, 2) } else { (MOUSE, 1) };
        let (x, y) = (i32::from(mouse.x), i32::from(mouse.y));
        fingers[FINGERS - 1] = Some(Finger { id, x, y, began: mouse.pressed & button != 0, wipe });
    }
    fingers
}

fn pad_wishes(pad: &Pad, mut wish: impl FnMut(Wish)) {
    let table = [
        (Button::Start, Wish::Play),
        (Button::Select, Wish::Menu),
        (Button::Y, Wish::Mode),
        (Button::L3, Wish::Undo),
        (Button::R3, Wish::Dice),
        (Button::L1, Wish::Resident(-1)),
        (Button::R1, Wish::Resident(1)),
        (Button::L2, Wish::Scene(-1)),
        (Button::R2, Wish::Scene(1)),
    ];
    table.iter().filter(|(button, _)| pad.pressed(*button)).for_each(|&(_, asked)| wish(asked));
}

fn key_wishes(keys: &Keys, mut wish: impl FnMut(Wish)) {
    let table = [
        (key::SPACE, Wish::Play),
        (key::ESCAPE, Wish::Menu),
        (TAB, Wish::Resident(1)),
        (16, Wish::Mode),
        (17, Wish::Dice),
        (18, Wish::Chain),
        (key::P, Wish::Sleep),
        (54, Wish::Tempo(-1)),
        (55, Wish::Tempo(1)),
        (5, Wish::Undo),
    ];
    table.iter().filter(|(usage, _)| keys.pressed(*usage)).for_each(|&(_, asked)| wish(asked));
    for who in (0..5u8).filter(|who| keys.pressed(30 + who)) {
        wish(Wish::PickResident(usize::from(who)));
    }
    for (scene, _) in [key::Z, key::X, 6, 25].iter().enumerate().filter(|(_, usage)| keys.pressed(**usage)) {
        wish(Wish::PickScene(scene));
    }
}

/// A direction of the pad, or else of the arrow keys.
fn direction(pad: &Pad, keys: &Keys) -> (i32, i32) {
    let (x, y) = pad.direction();
    let axis = |less, more| i32::from(keys.held(more)) - i32::from(keys.held(less));
    (if x != 0 { x } else { axis(key::LEFT, key::RIGHT) }, if y != 0 { y } else { axis(key::UP, key::DOWN) })
}

pub fn read(repeat: &mut Repeat) -> Hands {
    let (pad, keys) = (Pad::of(0), Keys::of(0));
    let mut wishes = [None; 8];
    let mut count = 0;
    let mut wish = |asked| {
        if count < 8 {
            wishes[count] = Some(asked);
            count += 1;
        }
    };
    pad_wishes(&pad, &mut wish);
    key_wishes(&keys, &mut wish);
    let bits = |down: &dyn Fn(u8) -> bool| {
        PIANO.iter().enumerate().fold(0u16, |bits, (i, &usage)| bits | u16::from(down(usage)) << i)
    };
    let fingers = fingers();
    let touched = fingers.iter().flatten().any(|finger| finger.began);
    let piano_pressed = bits(&|usage| keys.pressed(usage));
    let press = pad.pressed(Button::A) || keys.pressed(key::ENTER);
    Hands {
        step: repeat.step(direction(&pad, &keys)),
        press,
        press_held: pad.held(Button::A) || keys.held(key::ENTER),
        wipe: pad.pressed(Button::B) || keys.pressed(BACKSPACE),
        wipe_held: pad.held(Button::B) || keys.held(BACKSPACE),
        piano: bits(&|usage| keys.held(usage)),
        piano_pressed,
        anything: touched || press || piano_pressed != 0 || count > 0 || pad.pressed(Button::B),
        fingers,
        wishes,
    }
}
