//! The bars above and below the town: what each button looks like, and the lanterns of the residents.

use playfield_sdk::canvas::{Canvas32, mix};
use playfield_sdk::math::sin;

use crate::buttons::{Act, Button, Buttons};
use crate::faces::{self, COLOURS};
use crate::icons::{self, Icon};
use crate::letters::{Letters, Size};
use crate::moods;
use crate::paint::{dim, rounded};
use crate::song::Scene;
use crate::studio::{Mode, NAMES, Studio};

pub const INK: u32 = 0x120e22;
pub const PAPER: u32 = 0xfff4e0;
pub const ACCENT: u32 = 0xffd27a;
/// Ground of what can be pressed on the panel.
pub const SLATE: u32 = 0x3d3560;
/// Where the panel is.
pub const PANEL: (i32, i32, i32, i32) = (4, 38, 472, 170);
const SCENES: [&str; 4] = ["A", "B", "C", "D"];

/// What buttons look like depends on this much.
pub struct Look<'a> {
    pub town: &'a Studio,
    pub letters: &'a Letters,
    pub age: u32,
    /// The button that was pressed just now.
    pub lit: Option<Act>,
    /// The button that a pad or the arrow keys are on.
    pub focus: Option<Act>,
}

/// A plain button: its ground and its edge.
pub fn ground(canvas: &mut Canvas32, button: &Button, look: &Look, on: bool) -> u32 {
    let lit = look.lit == Some(button.act);
    let in_panel = look.town.tab.is_some() && button.y > PANEL.1 && button.y < PANEL.1 + PANEL.3;
    let (fill, share) = match (on || lit, in_panel) {
        (true, _) => (ACCENT, 256),
        (false, true) => (SLATE, 256),
        (false, false) => (mix(moods::of(&look.town.song).roof, INK, 90), 256),
    };
    rounded(canvas, (button.x, button.y, button.w, button.h), 7, fill, share);
    focus(canvas, button, look);
    if on || lit { INK } else { PAPER }
}

pub fn focus(canvas: &mut Canvas32, button: &Button, look: &Look) {
    if look.focus == Some(button.act) {
        let colour = if (look.age / 10).is_multiple_of(2) { 0xffffff } else { ACCENT };
        for grow in 0..2 {
            canvas.frame(button.x - grow, button.y - grow, button.w + 2 * grow, button.h + 2 * grow, colour);
        }
    }
}

pub fn label(canvas: &mut Canvas32, button: &Button, look: &Look, text: &str, colour: u32) {
    let (x, y) = button.middle();
    let left = x - Letters::width(text, Size::Small) / 2;
    let plain = colour == INK;
    if plain {
        look.letters.plain(canvas, left, y - 7, text, Size::Small, colour, 256);
    } else {
        look.letters.text(canvas, left, y - 7, text, Size::Small, colour, 256);
    }
}

pub fn paint(canvas: &mut Canvas32, all: &Buttons, look: &Look) {
    let town = look.town;
    let play = if town.clock.playing { Icon::Pause } else { Icon::Play };
    for button in all.iter() {
        match button.act {
            Act::Play => sign(canvas, button, look, play, false),
            Act::Scene(scene) => scene_button(canvas, button, look, scene),
            Act::Chained => sign(canvas, button, look, Icon::Knot, town.clock.chained),
            Act::Mode => mode(canvas, button, look),
            Act::Dice => sign(canvas, button, look, Icon::Dice, false),
            Act::Clear => sign(canvas, button, look, Icon::Shut, false),
            Act::Undo => sign(canvas, button, look, Icon::Undo, false),
            Act::Menu => sign(canvas, button, look, Icon::Menu, town.tab.is_some()),
            Act::Resident(who) => lantern(canvas, button, look, who),
            _ => {}
        }
    }
}

fn sign(canvas: &mut Canvas32, button: &Button, look: &Look, icon: Icon, on: bool) {
    let ink = ground(canvas, button, look, on);
    icons::paint(canvas, icon, button.middle(), ink);
}

fn scene_button(canvas: &mut Canvas32, button: &Button, look: &Look, scene: usize) {
    let town = look.town;
    let ink = ground(canvas, button, look, town.clock.scene == scene);
    let empty = town.song.scenes[scene] == Scene::EMPTY;
    let ink = if empty && ink == PAPER { 0x8a84a0 } else { ink };
    label(canvas, button, look, SCENES[scene], ink);
}

fn mode(canvas: &mut Canvas32, button: &Button, look: &Look) {
    let (text, on) = match look.town.mode {
        Mode::Draw => ("DRAW", false),
        Mode::Sing => ("SING", true),
        Mode::Record => ("REC", true),
    };
    let ink = ground(canvas, button, look, on);
    if look.town.mode == Mode::Record {
        let blink = if (look.age / 20).is_multiple_of(2) { 0xe03038 } else { 0x902030 };
        rounded(canvas, (button.x, button.y, button.w, button.h), 7, 0x2a1018, 256);
        rounded(canvas, (button.x + 5, button.y + 12, 9, 9), 4, blink, 256);
        look.letters.text(canvas, button.x + 19, button.y + 9, "REC", Size::Small, PAPER, 256);
        return focus(canvas, button, look);
    }
    label(canvas, button, look, text, ink);
}

/// A paper lantern on the water; it bobs, and glows with what its owner sings.
fn lantern(canvas: &mut Canvas32, button: &Button, look: &Look, who: usize) {
    let town = look.town;
    let (chosen, awake) = (town.who == who, town.awake(who));
    let bob = sin(look.age as f32 / 140.0 + who as f32 * 0.23) * 1.5;
    let pulse = u32::from(town.pulses[who]);
    let (x, y) = (button.x + 23, button.y + 21 + bob as i32 - (pulse / 90) as i32);
    let colour = if awake { COLOURS[who] } else { mix(0x4a4660, COLOURS[who], 60) };
    if chosen {
        rounded(canvas, (button.x, button.y + 1, button.w, button.h - 3), 14, INK, 256);
        canvas.glow(x, y, 27, colour, 170);
    }
    if pulse > 20 {
        canvas.glow(x, y, 22 + pulse as i32 / 30, colour, pulse / 2);
    }
    rounded(canvas, (x - 20, y - 20, 41, 41), 20, if chosen { PAPER } else { dim(colour, 90) }, 256);
    rounded(canvas, (x - 18, y - 18, 37, 37), 18, mix(colour, 0xffffff, pulse / 3), 256);
    faces::paint_large(canvas, who, (x, y), mix(INK, colour, 30), if awake { 0xffffff } else { colour });
    let text = if awake { NAMES[who] } else { "ZZZ" };
    let ink = if chosen { PAPER } else { mix(colour, PAPER, 90) };
    let small = &text[..text.len().min(4)];
    look.letters.text(canvas, button.x + 45, button.y + 15, small, Size::Small, ink, 256);
    focus(canvas, button, look);
}
