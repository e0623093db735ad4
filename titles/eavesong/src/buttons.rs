//! Everything that can be pressed: what it does and where it is. The same list is touched, steered by a pad, and drawn.

use crate::song::{CHAIN, RESIDENTS, SCENES};

/// The windows of the town.
pub const LEFT: i32 = 16;
pub const TOP: i32 = 54;
pub const CELL_W: i32 = 28;
pub const CELL_H: i32 = 19;
pub const STREET: i32 = TOP + 8 * CELL_H;

/// How many tunes can be kept.
pub const SLOTS: usize = 6;
pub const STARTERS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Song,
    Mix,
    Chain,
    Keep,
}

pub const TABS: [(Tab, &str); 4] = [(Tab::Song, "SONG"), (Tab::Mix, "MIX"), (Tab::Chain, "CHAIN"), (Tab::Keep, "KEEP")];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Play,
    Scene(usize),
    Chained,
    Mode,
    Dice,
    Clear,
    Undo,
    Menu,
    Resident(usize),
    Tab(Tab),
    Tempo(i32),
    Swing(i32),
    Mood(i32),
    Key(i32),
    Echo(i32),
    Hints,
    Volume(usize),
    Sleep(usize),
    Solo(usize),
    Sound(usize),
    Link(usize),
    Copy,
    Paste,
    Shift(i32),
    Saving(bool),
    New,
    Slot(usize),
    Starter(usize),
}

#[derive(Clone, Copy)]
pub struct Button {
    pub x: i32,
    pub y: i32,
    pub w: i32,
    pub h: i32,
    pub act: Act,
}

impl Button {
    pub fn holds(&self, x: i32, y: i32) -> bool {
        x >= self.x && y >= self.y && x < self.x + self.w && y < self.y + self.h
    }

    pub fn middle(&self) -> (i32, i32) {
        (self.x + self.w / 2, self.y + self.h / 2)
    }
}

/// A list of buttons without a heap.
pub struct Buttons {
    list: [Button; 48],
    count: usize,
}

impl Buttons {
    fn add(&mut self, x: i32, y: i32, w: i32, h: i32, act: Act) {
        if self.count < self.list.len() {
            self.list[self.count] = Button { x, y, w, h, act };
            self.count += 1;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Button> {
        self.list[..self.count].iter()
    }

    pub fn at(&self, x: i32, y: i32) -> Option<&Button> {
        self.iter().find(|button| button.holds(x, y))
    }

    pub fn of(&self, act: Act) -> Option<&Button> {
        self.iter().find(|button| button.act == act)
    }

    /// The nearest button that lies in a direction from a place.
    pub fn towards(&self, from: (i32, i32), step: (i32, i32)) -> Option<&Button> {
        let far = |button: &Button| {
            let (x, y) = button.middle();
            let (dx, dy) = (x - from.0, y - from.1);
            let (along, across) = (dx * step.0 + dy * step.1, (dx * step.1).abs() + (dy * step.0).abs());
            (along > 4 && across <= along * 3).then_some(along + 2 * across)
        };
        self.iter()
            .filter_map(|button| far(button).map(|far| (far, button)))
            .min_by_key(|(far, _)| *far)
            .map(|(_, b)| b)
    }
}

/// All buttons there are while this page of the menu is open, or none of them.
pub fn layout(tab: Option<Tab>) -> Buttons {
    let mut all = Buttons { list: [Button { x: 0, y: 0, w: 0, h: 0, act: Act::Play }; 48], count: 0 };
    bars(&mut all);
    if let Some(tab) = tab {
        for (i, (tab, _)) in TABS.iter().enumerate() {
            all.add(12 + 115 * i as i32, 44, 111, 28, Act::Tab(*tab));
        }
        match tab {
            Tab::Song => song_page(&mut all),
            Tab::Mix => mix_page(&mut all),
            Tab::Chain => chain_page(&mut all),
            Tab::Keep => keep_page(&mut all),
        }
    }
    all
}

fn bars(all: &mut Buttons) {
    all.add(4, 2, 44, 32, Act::Play);
    for scene in 0..SCENES {
        all.add(54 + 35 * scene as i32, 2, 33, 32, Act::Scene(scene));
    }
    all.add(194, 2, 40, 32, Act::Chained);
    all.add(242, 2, 66, 32, Act::Mode);
    all.add(314, 2, 38, 32, Act::Dice);
    all.add(354, 2, 38, 32, Act::Clear);
    all.add(394, 2, 38, 32, Act::Undo);
    all.add(436, 2, 40, 32, Act::Menu);
    for who in 0..RESIDENTS {
        all.add(2 + 96 * who as i32, 226, 92, 44, Act::Resident(who));
    }
}

/// Two buttons around a value.
fn pair(all: &mut Buttons, x: i32, y: i32, w: i32, act: impl Fn(i32) -> Act) {
    all.add(x, y, 36, 30, act(-1));
    all.add(x + w - 36, y, 36, 30, act(1));
}

fn song_page(all: &mut Buttons) {
    pair(all, 96, 78, 136, Act::Tempo);
    pair(all, 332, 78, 136, Act::Swing);
    pair(all, 96, 110, 204, Act::Mood);
    pair(all, 332, 142, 136, Act::Echo);
    pair(all, 96, 142, 136, Act::Key);
    all.add(96, 174, 204, 28, Act::Hints);
}

fn mix_page(all: &mut Buttons) {
    for who in 0..RESIDENTS {
        let y = 76 + 26 * who as i32;
        all.add(76, y, 128, 24, Act::Volume(who));
        all.add(212, y, 66, 24, Act::Sleep(who));
        all.add(282, y, 58, 24, Act::Solo(who));
        all.add(344, y, 124, 24, Act::Sound(who));
    }
}

fn chain_page(all: &mut Buttons) {
    for link in 0..CHAIN {
        all.add(12 + 57 * link as i32, 94, 54, 40, Act::Link(link));
    }
    all.add(12, 164, 112, 36, Act::Copy);
    all.add(127, 164, 112, 36, Act::Paste);
    all.add(242, 164, 112, 36, Act::Shift(-1));
    all.add(357, 164, 111, 36, Act::Shift(1));
}

fn keep_page(all: &mut Buttons) {
    all.add(12, 78, 84, 38, Act::Saving(false));
    all.add(12, 120, 84, 38, Act::Saving(true));
    all.add(12, 162, 84, 38, Act::New);
    for slot in 0..SLOTS {
        let (x, y) = (102 + 123 * (slot as i32 % 3), 78 + 42 * (slot as i32 / 3));
        all.add(x, y, 120, 38, Act::Slot(slot));
    }
    for starter in 0..STARTERS {
        all.add(102 + 123 * starter as i32, 162, 120, 38, Act::Starter(starter));
    }
}

/// The window at a place, if there is one: step and row, the lowest row 0.
pub fn window_at(x: i32, y: i32) -> Option<(usize, usize)> {
    let inside = (LEFT - 8..LEFT + 16 * CELL_W + 8).contains(&x) && (TOP..STREET).contains(&y);
    let step = ((x - LEFT).max(0) / CELL_W).min(15) as usize;
    inside.then(|| (step, 7 - ((y - TOP) / CELL_H) as usize))
}

/// The middle of a window.
pub fn window_middle(step: usize, row: usize) -> (i32, i32) {
    (LEFT + CELL_W * step as i32 + CELL_W / 2, TOP + CELL_H * (7 - row as i32) + CELL_H / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_where_its_middle_is() {
        for (step, row) in [(0, 0), (15, 7), (7, 3)] {
            let (x, y) = window_middle(step, row);
            assert_eq!(window_at(x, y), Some((step, row)));
        }
        assert_eq!(window_at(240, 20), None);
    }

    #[test]
    fn no_two_buttons_lie_on_each_other_and_all_are_on_the_picture() {
        for tab in [None, Some(Tab::Song), Some(Tab::Mix), Some(Tab::Chain), Some(Tab::Keep)] {
            let all = layout(tab);
            for (i, a) in all.iter().enumerate() {
                assert!(a.x >= 0 && a.y >= 0 && a.x + a.w <= 480 && a.y + a.h <= 270, "button {i}");
                for b in all.iter().skip(i + 1) {
                    let apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
                    assert!(apart, "button {i} at {} {} and {} {}", a.x, a.y, b.x, b.y);
                }
            }
        }
    }
}
