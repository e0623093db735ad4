//! The five moods: five notes that always fit, eight chords that fit those, and the colours of the night.

use crate::song::{BEAR, MICE, Song};

pub struct Mood {
    pub name: &'static str,
    scale: [i32; 5],
    chords: [[i32; 4]; 8],
    /// The sky from the top down.
    pub sky: [u32; 4],
    pub hill: u32,
    /// House fronts of every other beat.
    pub walls: [u32; 2],
    pub roof: u32,
    pub glass: u32,
    pub water: u32,
    pub moon: u32,
}

pub static MOODS: [Mood; 5] = [
    Mood {
        name: "DUSK",
        scale: [0, 2, 4, 7, 9],
        chords: [
            [0, 7, 14, 16],
            [-3, 7, 12, 16],
            [5, 9, 12, 16],
            [-5, 7, 12, 14],
            [2, 9, 12, 17],
            [4, 7, 12, 19],
            [5, 9, 14, 19],
            [0, 9, 14, 19],
        ],
        sky: [0x241a4e, 0x5c2f74, 0xb8507a, 0xf2a078],
        hill: 0x4a2560,
        walls: [0x4a2d52, 0x3b2a5a],
        roof: 0x2a1a3e,
        glass: 0x1d1436,
        water: 0x3a2558,
        moon: 0xffe9c8,
    },
    Mood {
        name: "MIDNIGHT",
        scale: [0, 3, 5, 7, 10],
        chords: [
            [0, 7, 14, 15],
            [-4, 7, 12, 15],
            [3, 10, 14, 19],
            [-2, 10, 14, 17],
            [5, 12, 15, 20],
            [-5, 7, 12, 17],
            [-4, 7, 14, 15],
            [0, 10, 15, 19],
        ],
        sky: [0x060a22, 0x0c1640, 0x17295e, 0x2b4a86],
        hill: 0x0f1d44,
        walls: [0x26345e, 0x1e2a52],
        roof: 0x131c3c,
        glass: 0x0b1230,
        water: 0x10204a,
        moon: 0xe6f0ff,
    },
    Mood {
        name: "HARBOUR",
        scale: [0, 2, 3, 7, 9],
        chords: [
            [0, 7, 10, 15],
            [5, 9, 15, 19],
            [3, 10, 14, 19],
            [-2, 10, 14, 17],
            [2, 9, 12, 17],
            [-5, 7, 10, 14],
            [0, 9, 14, 15],
            [5, 12, 14, 21],
        ],
        sky: [0x06222e, 0x0b3c46, 0x1a6260, 0x5aa58a],
        hill: 0x0c3840,
        walls: [0x1f4650, 0x1a3a4a],
        roof: 0x0e2630,
        glass: 0x08202a,
        water: 0x0e3a44,
        moon: 0xf0ffe6,
    },
    Mood {
        name: "LANTERN",
        scale: [0, 2, 3, 7, 8],
        chords: [
            [0, 7, 12, 15],
            [-4, 7, 12, 15],
            [-5, 7, 12, 14],
            [5, 8, 12, 15],
            [3, 7, 14, 19],
            [-4, 8, 14, 15],
            [0, 7, 14, 19],
            [5, 12, 14, 20],
        ],
        sky: [0x1c0a1e, 0x3c1030, 0x7a2038, 0xd06040],
        hill: 0x3a1230,
        walls: [0x46222e, 0x3a1e38],
        roof: 0x24101e,
        glass: 0x1e0c20,
        water: 0x3a1630,
        moon: 0xffe0b0,
    },
    Mood {
        name: "DAWN",
        scale: [0, 2, 4, 7, 11],
        chords: [
            [0, 7, 11, 16],
            [2, 9, 14, 18],
            [-3, 7, 12, 16],
            [-5, 7, 11, 14],
            [4, 11, 14, 19],
            [-1, 6, 14, 18],
            [0, 7, 14, 19],
            [2, 7, 14, 21],
        ],
        sky: [0x3a4a8e, 0x7878b8, 0xd8a0b8, 0xffd8b0],
        hill: 0x6a6090,
        walls: [0x60547e, 0x544e80],
        roof: 0x40385e,
        glass: 0x2c2850,
        water: 0x5a5a92,
        moon: 0xfffbe8,
    },
];

pub const KEYS: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

pub fn of(song: &Song) -> &'static Mood {
    &MOODS[usize::from(song.mood).min(MOODS.len() - 1)]
}

/// MIDI note of the song's key, near the C below the middle one.
fn home(song: &Song) -> i32 {
    let key = i32::from(song.key);
    if key > 6 { 36 + key } else { 48 + key }
}

/// MIDI note of a resident's row.
pub fn note(song: &Song, who: usize, row: usize) -> i32 {
    let octave = match who {
        BEAR => -12,
        MICE => 24,
        _ => 12,
    };
    home(song) + octave + of(song).scale[row % 5] + 12 * (row / 5) as i32
}

pub fn chord(song: &Song, row: usize) -> [i32; 4] {
    of(song).chords[row % 8].map(|note| home(song) + note)
}
