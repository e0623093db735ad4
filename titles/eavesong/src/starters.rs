//! Three tunes of our own to begin from, written as text: a character a step, a digit is a row from 1, a dot is nothing.

use crate::song::{BEAR, BIRD, FROG, MICE, NOTHING, OWLS, Part, Scene, Song};

/// A line of a scene: who, and what. Several lines of one resident lie on top of each other.
type Line = (usize, &'static str);

pub struct Starter {
    pub name: &'static str,
    tempo: u8,
    swing: u8,
    mood: u8,
    key: u8,
    echo: u8,
    chain: &'static [u8],
    volumes: [u8; 5],
    sounds: [u8; 5],
    scenes: [&'static [Line]; 4],
}

pub static STARTERS: [Starter; 3] = [
    Starter {
        name: "DUSK WALK",
        tempo: 96,
        swing: 3,
        mood: 0,
        key: 2,
        echo: 3,
        chain: &[0, 1, 0, 2, 0, 1, 3, 2],
        volumes: [6, 6, 6, 6, 6],
        sounds: [0, 0, 0, 0, 0],
        scenes: [
            &[
                (FROG, "1.....1...1....."),
                (FROG, "....2.......2..."),
                (FROG, "4.444.4.4.444.45"),
                (BEAR, "1..1..4.2..2..3."),
                (MICE, "1.3.5.3.6.5.3.2."),
                (BIRD, "..........5533.2"),
                (OWLS, "1.......2......."),
            ],
            &[
                (FROG, "1.....1...1..1.."),
                (FROG, "....2.......2..2"),
                (FROG, "4.444.4.4.4.4.44"),
                (BEAR, "5..5..4.4..4..5."),
                (MICE, "5.3.6.3.5.3.4.2."),
                (BIRD, "666.5.3.4444...."),
                (OWLS, "3.......4......."),
            ],
            &[
                (FROG, "1.....1...1....."),
                (FROG, "....2.......2.2."),
                (FROG, "8.8.8.8.8.8.8.8."),
                (BEAR, "2..2..1.4..4.4.."),
                (MICE, "3.5.7.5.8.7.5.4."),
                (BIRD, "5555..6.777.6.5."),
                (OWLS, "5.......4......."),
            ],
            &[
                (FROG, "1..............."),
                (FROG, "....7..7....7.7."),
                (FROG, "8.8.8.8.8.8.8.8."),
                (BEAR, "1.......2......."),
                (MICE, "6...5...3...5..."),
                (BIRD, "33333333222....."),
                (OWLS, "6.......7......."),
            ],
        ],
    },
    Starter {
        name: "SNOW ROOF",
        tempo: 74,
        swing: 1,
        mood: 1,
        key: 9,
        echo: 4,
        chain: &[0, 1, 2, 3],
        volumes: [4, 5, 6, 6, 7],
        sounds: [2, 1, 1, 2, 0],
        scenes: [
            &[
                (FROG, "1.........1....."),
                (FROG, "8.8.8.8.8.8.8.8."),
                (BEAR, "1.....1.4......."),
                (MICE, "6..4..3..4..1..."),
                (OWLS, "1.......7......."),
            ],
            &[
                (FROG, "1.........1....."),
                (FROG, "....7.......7..."),
                (FROG, "8.8.8.8.8.8.8.8."),
                (BEAR, "2.....2.5......."),
                (MICE, "7..6..4..5..3..."),
                (BIRD, "........4444455."),
                (OWLS, "3.......4......."),
            ],
            &[
                (FROG, "1.....1...1....."),
                (FROG, "....2.......2..."),
                (FROG, "8.888.8.8.888.8."),
                (BEAR, "3.....3.4......."),
                (MICE, "3..5..8..7..5..."),
                (BIRD, "666666..555.44.."),
                (OWLS, "5.......6......."),
            ],
            &[
                (FROG, "1..............."),
                (FROG, "8...8...8...8.8."),
                (BEAR, "4.......1......."),
                (MICE, "4...3...1..2..3."),
                (BIRD, "444433331111...."),
                (OWLS, "2.......1......."),
            ],
        ],
    },
    Starter {
        name: "FROG FAIR",
        tempo: 118,
        swing: 0,
        mood: 2,
        key: 4,
        echo: 2,
        chain: &[0, 0, 1, 2, 3, 1, 2, 3],
        volumes: [7, 6, 5, 5, 5],
        sounds: [1, 2, 2, 1, 1],
        scenes: [
            &[
                (FROG, "1...1...1...1..."),
                (FROG, "..5...5...5...5."),
                (FROG, "......7..7....7."),
                (BEAR, "1..1..1.3..3.2.."),
                (OWLS, "1..............."),
            ],
            &[
                (FROG, "1...1...1...1..."),
                (FROG, "....3.......3..."),
                (FROG, "8.5.8.5.8.5.8.5."),
                (BEAR, "1..1..1.3..3.2.."),
                (MICE, "6.4.3.4.6.4.7.4."),
                (BIRD, "............4455"),
                (OWLS, "1.......2......."),
            ],
            &[
                (FROG, "1...1...1...1..."),
                (FROG, "....3.......3..3"),
                (FROG, "845.845.845.8454"),
                (FROG, "......7..7....7."),
                (BEAR, "1..1..1.5..5.4.."),
                (MICE, "6.4.3.4.5.4.3.2."),
                (BIRD, "666.4.3.4...3.2."),
                (OWLS, "3.......4......."),
            ],
            &[
                (FROG, "1.....1.1.....11"),
                (FROG, "....3.......3..."),
                (FROG, "8.8.8.8.8.8.8.8."),
                (FROG, "...6..6....6..6."),
                (BEAR, "2..2..2.4..4.5.."),
                (MICE, "7.5.2.5.7.8.7.5."),
                (BIRD, "222.3.4.5555444."),
                (OWLS, "5.......6......."),
            ],
        ],
    },
];

fn scene(lines: &[Line]) -> Scene {
    let mut scene = Scene::EMPTY;
    for (who, line) in lines {
        for (step, row) in line.bytes().enumerate().filter(|(_, row)| row.is_ascii_digit()) {
            scene.set(*who, step, usize::from(row - b'1'), true);
        }
    }
    scene
}

pub fn song(index: usize) -> Song {
    let starter = &STARTERS[index % STARTERS.len()];
    let mut song = Song {
        tempo: starter.tempo,
        swing: starter.swing,
        mood: starter.mood,
        key: starter.key,
        echo: starter.echo,
        chain: [NOTHING; 8],
        ..Song::EMPTY
    };
    song.chain[..starter.chain.len()].copy_from_slice(starter.chain);
    song.scenes = starter.scenes.map(scene);
    for (who, part) in song.parts.iter_mut().enumerate() {
        *part = Part { volume: starter.volumes[who], sound: starter.sounds[who], asleep: false };
    }
    song
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_starter_is_sixteen_steps() {
        for line in STARTERS.iter().flat_map(|starter| starter.scenes).flatten() {
            assert_eq!(line.1.len(), 16, "{}", line.1);
        }
    }

    #[test]
    fn every_starter_comes_back_from_storage() {
        for i in 0..STARTERS.len() {
            assert!(Song::from_bytes(&song(i).to_bytes()) == Some(song(i)));
        }
    }
}
