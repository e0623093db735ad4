//! Where in the tune we are, to the sample: steps, swing, and scenes in a chain.

use crate::song::{BEAR, BIRD, NOTHING, OWLS, RESIDENTS, ROWS, STEPS, Scene, Song};

pub struct Clock {
    pub playing: bool,
    pub scene: usize,
    pub chained: bool,
    /// Place in the chain.
    pub link: usize,
    /// The step that sounds now.
    pub step: usize,
    left: u32,
    long: u32,
    /// Before the first step.
    fresh: bool,
    /// A note that was just played by hand and recorded: the clock leaves it out once.
    pub skip: Option<(usize, usize, usize)>,
}

impl Clock {
    pub const NEW: Clock =
        Clock { playing: false, scene: 0, chained: false, link: 0, step: 0, left: 0, long: 1, fresh: true, skip: None };

    pub fn start(&mut self, song: &Song) {
        (self.playing, self.step, self.left, self.fresh) = (true, 0, 0, true);
        if self.chained {
            self.link = song.next_in_chain(song.chain.len() - 1).unwrap_or(0);
            self.follow_chain(song);
        }
    }

    pub fn stop(&mut self) {
        (self.playing, self.skip) = (false, None);
    }

    /// Samples until something happens.
    pub fn left(&self) -> usize {
        if self.playing { self.left as usize } else { usize::MAX }
    }

    pub fn pass(&mut self, samples: usize) {
        self.left = self.left.saturating_sub(samples as u32);
    }

    /// The next step begins.
    pub fn advance(&mut self, song: &Song) {
        if !self.fresh {
            self.step = (self.step + 1) % STEPS;
            if self.step == 0 && self.chained {
                self.link = song.next_in_chain(self.link).unwrap_or(0);
                self.follow_chain(song);
            }
        }
        self.fresh = false;
        self.long = step_samples(song, self.step);
        self.left = self.long;
    }

    fn follow_chain(&mut self, song: &Song) {
        if song.chain[self.link] != NOTHING {
            self.scene = usize::from(song.chain[self.link]);
        }
    }

    /// How far through the scene, 0 to 1.
    pub fn through(&self) -> f32 {
        if self.fresh {
            return 0.0;
        }
        (self.step as f32 + 1.0 - self.left as f32 / self.long as f32) / STEPS as f32
    }

    /// The step nearest to now, and whether it is still to come.
    pub fn nearest(&self) -> (usize, bool) {
        if self.left * 2 > self.long { (self.step, false) } else { ((self.step + 1) % STEPS, true) }
    }
}

/// A step is a quarter of a beat; swing moves every second one back.
pub fn step_samples(song: &Song, step: usize) -> u32 {
    let plain = 48_000 * 15 / u32::from(song.tempo).max(1);
    let late = plain * u32::from(song.swing) / 16;
    if step.is_multiple_of(2) { plain + late } else { plain - late }
}

/// Where a note of a step lasts to, in steps; `None` if it only goes on from the step before.
pub fn steps_long(scene: &Scene, who: usize, step: usize, row: usize) -> Option<u32> {
    let empty = |at: usize| scene.notes[who][at % STEPS] == 0;
    match who {
        BIRD if step > 0 && scene.has(who, step - 1, row) => None,
        BIRD => Some((step..STEPS).take_while(|&at| scene.has(who, at, row)).count() as u32),
        BEAR => Some(if empty(step + 1) { 2 } else { 1 }),
        OWLS => Some((1..STEPS).take_while(|more| empty(step + more)).count() as u32 + 1),
        _ => Some(1),
    }
}

/// Calls `sing` for each note of a step: who, which row, how many steps long.
pub fn notes_of(scene: &Scene, step: usize, mut sing: impl FnMut(usize, usize, u32)) {
    for who in 0..RESIDENTS {
        for row in (0..ROWS).filter(|&row| scene.has(who, step, row)) {
            if let Some(long) = steps_long(scene, who, step, row) {
                sing(who, row, long);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swing_keeps_the_beat() {
        let song = Song { tempo: 120, swing: 5, ..Song::EMPTY };
        assert_eq!(step_samples(&song, 0) + step_samples(&song, 1), 12_000);
        assert!(step_samples(&song, 0) > step_samples(&song, 1));
    }

    #[test]
    fn a_bird_holds_its_tone_across_neighbours() {
        let mut scene = Scene::EMPTY;
        (4..7).for_each(|step| scene.set(BIRD, step, 2, true));
        assert_eq!(steps_long(&scene, BIRD, 4, 2), Some(3));
        assert_eq!(steps_long(&scene, BIRD, 5, 2), None);
    }

    #[test]
    fn owls_hold_a_chord_until_the_next_even_around_the_end() {
        let mut scene = Scene::EMPTY;
        scene.set(OWLS, 2, 0, true);
        scene.set(OWLS, 10, 1, true);
        assert_eq!(steps_long(&scene, OWLS, 10, 1), Some(8));
        scene.set(OWLS, 2, 0, false);
        assert_eq!(steps_long(&scene, OWLS, 10, 1), Some(16));
    }

    #[test]
    fn the_chain_goes_around_and_leaves_gaps_out() {
        let mut song = Song::EMPTY;
        song.chain = [2, NOTHING, 1, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING];
        let mut clock = Clock { chained: true, ..Clock::NEW };
        clock.start(&song);
        let mut seen = [0; 4];
        for scene in &mut seen {
            (0..STEPS).for_each(|_| clock.advance(&song));
            *scene = clock.scene;
        }
        assert_eq!(seen, [2, 1, 2, 1]);
    }
}
