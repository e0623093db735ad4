//! The dice: a resident makes its line up. Not any notes: each has rhythms that work and moves the way its kind does.

use playfield_sdk::math::Rng;

use crate::song::{BEAR, BIRD, FROG, MICE, ROWS, STEPS, Scene};

const KICKS: [u16; 6] = [0x0101, 0x0441, 0x1111, 0x0449, 0x4401, 0x0141];
const BACKS: [u16; 4] = [0x1010, 0x1010, 0x9010, 0x5010];
const HATS: [u16; 5] = [0x5555, 0x4444, 0xd5dd, 0xffff, 0xb5b5];
const SPICES: [u16; 6] = [0x4248, 0x0208, 0x8408, 0x4900, 0x2424, 0x8000];
const BASSES: [u16; 6] = [0x2449, 0x0149, 0x4545, 0x0541, 0x2929, 0x1111];
const PLUCKS: [u16; 6] = [0x5555, 0x9249, 0x2549, 0xb5ad, 0x1515, 0x4949];
/// Long tones: where each begins and how long it is.
const PHRASES: [&[(usize, usize)]; 5] = [
    &[(0, 3), (4, 2), (8, 4), (13, 2)],
    &[(0, 6), (8, 3), (12, 2)],
    &[(2, 2), (4, 4), (10, 2), (12, 3)],
    &[(0, 2), (3, 2), (6, 2), (8, 6)],
    &[(4, 3), (8, 1), (10, 1), (12, 4)],
];
const CHORDS: [&[(usize, usize)]; 6] = [
    &[(0, 0), (8, 2)],
    &[(0, 0), (8, 1)],
    &[(0, 2), (8, 3)],
    &[(0, 0), (4, 1), (8, 2), (12, 3)],
    &[(0, 1), (8, 4)],
    &[(0, 0), (6, 3), (8, 2)],
];

fn pick<T: Copy>(random: &mut Rng, from: &[T]) -> T {
    from[random.below(from.len() as u32) as usize]
}

fn steps_of(mask: u16) -> impl Iterator<Item = usize> {
    (0..STEPS).filter(move |step| mask >> step & 1 != 0)
}

pub fn throw(random: &mut Rng, scene: &mut Scene, who: usize) {
    scene.notes[who] = [0; STEPS];
    match who {
        FROG => drums(random, scene),
        BEAR => bass(random, scene),
        MICE => plucks(random, scene),
        BIRD => {
            let mut row = 2 + random.below(4) as i32;
            for &(from, long) in pick(random, &PHRASES) {
                (from..from + long).for_each(|step| scene.set(BIRD, step, row as usize, true));
                row = wander(random, row);
            }
        }
        _ => pick(random, &CHORDS).iter().for_each(|&(step, row)| scene.set(who, step, row, true)),
    }
}

fn drums(random: &mut Rng, scene: &mut Scene) {
    let back = 1 + random.below(2) as usize;
    let spice = 5 + random.below(3) as usize;
    let lines = [
        (0, pick(random, &KICKS)),
        (back, pick(random, &BACKS)),
        (3, pick(random, &HATS)),
        (spice, pick(random, &SPICES)),
    ];
    for (row, mask) in lines {
        steps_of(mask).for_each(|step| scene.set(FROG, step, row, true));
    }
    if random.below(2) == 0 {
        let step = pick(random, &[2, 6, 10, 14]);
        scene.set(FROG, step, 3, false);
        scene.set(FROG, step, 4, true);
    }
}

/// Home on the strong beats, a neighbour or the octave elsewhere.
fn bass(random: &mut Rng, scene: &mut Scene) {
    let homes = [0, pick(random, &[0, 0, 1, 3, 4])];
    for step in steps_of(pick(random, &BASSES)) {
        let home = homes[step / 8];
        let row = if step % 4 == 0 { home } else { pick(random, &[home, home, home + 1, 3, home + 3]) };
        scene.set(BEAR, step, row.min(ROWS - 1), true);
    }
}

/// A figure of eight steps, and the same again with another end.
fn plucks(random: &mut Rng, scene: &mut Scene) {
    let mask = pick(random, &PLUCKS);
    let mut figure = [0i32; 8];
    let mut row = 2 + random.below(4) as i32;
    for to in &mut figure {
        *to = row;
        row = wander(random, row);
    }
    for step in steps_of(mask) {
        let row = if step >= 12 { wander(random, figure[step % 8]) } else { figure[step % 8] };
        scene.set(MICE, step, row as usize, true);
    }
}

/// Mostly to a neighbour, sometimes a leap, never out of the house.
fn wander(random: &mut Rng, row: i32) -> i32 {
    let to = row + pick(random, &[-1, 1, -1, 1, -2, 2, 3, -3]);
    if (0..ROWS as i32).contains(&to) { to } else { 2 * row - to }.clamp(0, ROWS as i32 - 1)
}
