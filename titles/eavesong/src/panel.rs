//! The pages of the menu, over the town: the tune, the mix, the chain, and what is kept.

use playfield_sdk::canvas::{Canvas32, mix};

use crate::bars::{ACCENT, INK, Look, PANEL, PAPER, SLATE, focus, ground, label};
use crate::buttons::{Act, Button, Buttons, TABS, Tab};
use crate::faces::COLOURS;
use crate::letters::Size;
use crate::moods::{self, KEYS, MOODS};
use crate::paint::rounded;
use crate::song::{CHAIN, LOUDEST, NOTHING, RESIDENTS};
use crate::starters::STARTERS;
use crate::studio::NAMES;
use crate::words::Words;

const LETTERS: [&str; 4] = ["A", "B", "C", "D"];
const ECHOES: [&str; 5] = ["OFF", "NEAR", "SOME", "FAR", "DEEP"];

pub fn paint(canvas: &mut Canvas32, all: &Buttons, look: &Look) {
    let Some(tab) = look.town.tab else { return };
    rounded(canvas, PANEL, 10, INK, 232);
    for button in all.iter() {
        paint_button(canvas, button, look, tab);
    }
    match tab {
        Tab::Song => song_values(canvas, look),
        Tab::Mix => {
            (0..RESIDENTS).for_each(|who| say(canvas, look, 12, 81 + 26 * who as i32, NAMES[who], COLOURS[who]))
        }
        Tab::Chain => chain_values(canvas, look),
        Tab::Keep => {}
    }
}

fn say(canvas: &mut Canvas32, look: &Look, x: i32, y: i32, text: &str, colour: u32) {
    look.letters.text(canvas, x, y, text, Size::Small, colour, 256);
}

fn centred(canvas: &mut Canvas32, look: &Look, x: i32, y: i32, text: &str) {
    look.letters.centred(canvas, x, y, text, Size::Small, PAPER, 256);
}

fn paint_button(canvas: &mut Canvas32, button: &Button, look: &Look, tab: Tab) {
    let town = look.town;
    let plain = |canvas: &mut Canvas32, text: &str, on: bool| {
        let ink = ground(canvas, button, look, on);
        label(canvas, button, look, text, ink);
    };
    let arrow = |by: i32| if by < 0 { "<" } else { ">" };
    let sign = |by: i32| if by < 0 { "-" } else { "+" };
    match button.act {
        Act::Tab(at) => plain(canvas, TABS[at as usize].1, at == tab),
        Act::Tempo(by) | Act::Swing(by) | Act::Echo(by) => plain(canvas, sign(by), false),
        Act::Mood(by) | Act::Key(by) => plain(canvas, arrow(by), false),
        Act::Hints => plain(canvas, if town.hints.shown { "SHOWN" } else { "HIDDEN" }, false),
        Act::Volume(who) => volume(canvas, button, look, who),
        Act::Sleep(who) => plain(canvas, "SLEEP", town.song.parts[who].asleep),
        Act::Solo(who) => plain(canvas, "SOLO", town.solo == Some(who)),
        Act::Sound(who) => plain(canvas, town.sound_name(who), false),
        Act::Link(link) => chain_link(canvas, button, look, link),
        Act::Copy => plain(canvas, "COPY", false),
        Act::Paste => plain(canvas, "PASTE", false),
        Act::Shift(by) => plain(canvas, if by < 0 { "< MOVE" } else { "MOVE >" }, false),
        Act::Saving(saving) => plain(canvas, if saving { "SAVE" } else { "LOAD" }, town.saving == saving),
        Act::New => plain(canvas, "NEW", false),
        Act::Slot(slot) => slot_button(canvas, button, look, slot),
        Act::Starter(index) => plain(canvas, STARTERS[index].name, false),
        _ => {}
    }
}

fn volume(canvas: &mut Canvas32, button: &Button, look: &Look, who: usize) {
    let part = &look.town.song.parts[who];
    rounded(canvas, (button.x, button.y + 4, button.w, button.h - 8), 7, SLATE, 256);
    let long = 16 + (button.w - 16) * i32::from(part.volume) / i32::from(LOUDEST);
    let pulse = u32::from(look.town.pulses[who]) / 3;
    rounded(canvas, (button.x, button.y + 4, long, button.h - 8), 7, mix(COLOURS[who], 0xffffff, pulse), 256);
    focus(canvas, button, look);
}

fn chain_link(canvas: &mut Canvas32, button: &Button, look: &Look, link: usize) {
    let town = look.town;
    let scene = town.song.chain[link % CHAIN];
    let here = town.clock.chained && town.clock.playing && town.clock.link == link;
    let ink = ground(canvas, button, look, here);
    label(canvas, button, look, if scene == NOTHING { "-" } else { LETTERS[usize::from(scene) % 4] }, ink);
}

fn slot_button(canvas: &mut Canvas32, button: &Button, look: &Look, slot: usize) {
    let text = Words::new("").number(slot as u32 + 1);
    let text = match look.town.keep.slots[slot] {
        Some(song) => text.and(" ").and(moods::of(&song).name),
        None => text.and(" EMPTY"),
    };
    let ink = ground(canvas, button, look, false);
    let ink = if look.town.saving && ink == PAPER { ACCENT } else { ink };
    label(canvas, button, look, text.as_str(), ink);
}

fn song_values(canvas: &mut Canvas32, look: &Look) {
    let song = &look.town.song;
    let names = [
        (16, 86, "TEMPO"),
        (252, 86, "SWING"),
        (16, 118, "MOOD"),
        (16, 150, "KEY"),
        (252, 150, "ECHO"),
        (16, 181, "HINTS"),
    ];
    for (x, y, name) in names {
        say(canvas, look, x, y, name, ACCENT);
    }
    centred(canvas, look, 164, 86, Words::new("").number(song.tempo.into()).as_str());
    centred(canvas, look, 400, 86, Words::new("").number(song.swing.into()).as_str());
    centred(canvas, look, 198, 118, MOODS[usize::from(song.mood)].name);
    centred(canvas, look, 164, 150, KEYS[usize::from(song.key)]);
    centred(canvas, look, 400, 150, ECHOES[usize::from(song.echo)]);
}

fn chain_values(canvas: &mut Canvas32, look: &Look) {
    let town = look.town;
    say(canvas, look, 16, 77, "TAP A PLACE TO CHANGE ITS SCENE", ACCENT);
    let text = Words::new("SCENE ").and(LETTERS[town.clock.scene % 4]).and(", ").and(NAMES[town.who]);
    say(canvas, look, 16, 144, text.as_str(), ACCENT);
}
