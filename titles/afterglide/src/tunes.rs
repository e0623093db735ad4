//! What is heard: effects, and four songs written as text.

use playfield_sdk::synth::{Song, Tone, Track, Wave};

pub const EMBER: Tone =
    Tone { wave: Wave::Sine, note: 74, to_note: 74, hold_ms: 30, decay_ms: 260, volume: 100, echo: 150, ..Tone::PLAIN };
pub const SHARD: Tone =
    Tone { wave: Wave::Triangle, note: 86, to_note: 98, decay_ms: 420, volume: 150, echo: 190, ..Tone::PLAIN };
pub const SWOOP: Tone = Tone {
    wave: Wave::Sine,
    note: 62,
    to_note: 81,
    attack_ms: 10,
    hold_ms: 90,
    decay_ms: 320,
    volume: 190,
    echo: 150,
    ..Tone::PLAIN
};
pub const THUD: Tone =
    Tone { wave: Wave::Triangle, note: 43, to_note: 26, hold_ms: 20, decay_ms: 160, volume: 220, ..Tone::PLAIN };
pub const FLARE: Tone = Tone {
    wave: Wave::Noise,
    note: 80,
    to_note: 120,
    attack_ms: 40,
    hold_ms: 160,
    decay_ms: 600,
    volume: 150,
    echo: 120,
    ..Tone::PLAIN
};
pub const REALM: Tone = Tone {
    wave: Wave::Triangle,
    note: 62,
    to_note: 62,
    attack_ms: 20,
    hold_ms: 300,
    decay_ms: 1200,
    volume: 150,
    echo: 200,
    ..Tone::PLAIN
};
pub const FEATHER: Tone = Tone {
    wave: Wave::Sine,
    note: 74,
    to_note: 74,
    attack_ms: 6,
    hold_ms: 120,
    decay_ms: 700,
    volume: 80,
    echo: 190,
    ..Tone::PLAIN
};
pub const CAUGHT: Tone = Tone {
    wave: Wave::Saw,
    note: 50,
    to_note: 26,
    attack_ms: 30,
    hold_ms: 400,
    decay_ms: 1500,
    volume: 130,
    echo: 200,
    ..Tone::PLAIN
};
pub const START: Tone =
    Tone { wave: Wave::ThinPulse, note: 74, to_note: 86, decay_ms: 240, volume: 110, echo: 140, ..Tone::PLAIN };
pub const WIND: Tone = Tone {
    wave: Wave::Noise,
    note: 96,
    to_note: 104,
    attack_ms: 180,
    hold_ms: 60,
    decay_ms: 320,
    volume: 26,
    echo: 0,
    ..Tone::PLAIN
};

const BASS: Tone = Tone {
    wave: Wave::Triangle,
    note: 45,
    to_note: 45,
    attack_ms: 4,
    hold_ms: 180,
    decay_ms: 320,
    volume: 170,
    ..Tone::PLAIN
};
const ARP: Tone = Tone {
    wave: Wave::Sine,
    note: 69,
    to_note: 69,
    attack_ms: 3,
    hold_ms: 20,
    decay_ms: 230,
    volume: 44,
    pan: -45,
    echo: 150,
};
const LEAD: Tone = Tone {
    wave: Wave::Triangle,
    note: 69,
    to_note: 69,
    attack_ms: 14,
    hold_ms: 160,
    decay_ms: 760,
    volume: 66,
    pan: 35,
    echo: 190,
};
const KICK: Tone = Tone {
    wave: Wave::Sine,
    note: 45,
    to_note: 8,
    attack_ms: 0,
    hold_ms: 20,
    decay_ms: 140,
    volume: 210,
    ..Tone::PLAIN
};
const SNARE: Tone = Tone {
    wave: Wave::Noise,
    note: 112,
    to_note: 100,
    attack_ms: 0,
    hold_ms: 6,
    decay_ms: 130,
    volume: 46,
    pan: 10,
    echo: 70,
};
const HAT: Tone = Tone {
    wave: Wave::Noise,
    note: 131,
    to_note: 131,
    attack_ms: 0,
    hold_ms: 2,
    decay_ms: 26,
    volume: 22,
    pan: 55,
    ..Tone::PLAIN
};
const PAD: Tone = Tone {
    wave: Wave::Triangle,
    note: 57,
    to_note: 57,
    attack_ms: 300,
    hold_ms: 900,
    decay_ms: 1400,
    volume: 100,
    echo: 120,
    ..Tone::PLAIN
};

pub static TITLE: Song = Song {
    step_ms: 150,
    tracks: &[
        Track {
            tone: PAD,
            notes: "D3..............................\
             B2..............................\
             G2..............................\
             A2..............................",
        },
        Track {
            tone: PAD,
            notes: "A3..............f4..............\
             f3..............D4..............\
             D3..............B3..............\
             E3..............c4..............",
        },
        Track {
            tone: ARP,
            notes: "........f5......A5......D6......\
             ........c6......A5......f5......\
             ........D5......G5......B5......\
             ........A5..............E5......",
        },
    ],
};

pub static FLY: Song = Song {
    step_ms: 124,
    tracks: &[
        Track {
            tone: BASS,
            notes: "D2..........D3..D2......A2......\
             B1..........B2..B1......f2......\
             G1..........G2..G1......D2......\
             A1..........A2..A1......E2......",
        },
        Track {
            tone: ARP,
            notes: "D4f4A4D5f4A4D5f5A4D5f5A5f5D5A4f4\
             B3D4f4B4D4f4B4D5f4B4D5f5D5B4f4D4\
             G3B3D4G4B3D4G4B4D4G4B4D5B4G4D4B3\
             A3c4E4A4c4E4A4c5E4A4c5E5c5A4E4c4",
        },
        Track {
            tone: LEAD,
            notes: "f5..............A5..........f5..\
             E5......D5......................\
             D5..............G5..........f5..\
             E5......................A4..c5..\
             D5..........f5..A5......B5......\
             A5......f5......D5..............\
             B5..........A5..G5......D5......\
             E5......f5......E5..............\
             ................................\
             ................................\
             ................................\
             ................................",
        },
        Track { tone: KICK, notes: "C3..............C3..........C3.." },
        Track { tone: SNARE, notes: "........C6..............C6......" },
        Track { tone: HAT, notes: "C9..C9C9C9..C9..C9..C9C9C9..C9.." },
    ],
};

/// Over the steppe: another key, a beat that leans.
pub static STEPPE: Song = Song {
    step_ms: 116,
    tracks: &[
        Track {
            tone: BASS,
            notes: "E2....E2....E3......E2..B2......\
             E2....E2....E3........B2....E3..\
             C3....C3....C4......C3..G2......\
             D2....D2....D3........A2....D3..\
             A2....A2....A3......A2..E2......\
             E2....E2....E3........B2....E3..\
             C3....C3....C4......C3..G2......\
             D2....D2....D3........A2....D3..",
        },
        Track {
            tone: ARP,
            notes: "E4..B4G4..B4E5..B4..G5E5..B4G4..\
             E4..B4G4..B4E5..B4..G5E5..B4G4..\
             C4..G4E4..G4C5..G4..E5C5..G4E4..\
             D4..A4f4..A4D5..A4..f5D5..A4f4..\
             A4..E5C5..E5A5..E5..C6A5..E5C5..\
             E4..B4G4..B4E5..B4..G5E5..B4G4..\
             C4..G4E4..G4C5..G4..E5C5..G4E4..\
             D4..A4f4..A4D5..A4..f5D5..A4f4..",
        },
        Track {
            tone: LEAD,
            notes: "B4..........E5..........f5......\
             G5..........f5......E5..........\
             E5......D5......C5..............\
             D5..............f5..............\
             A5..........G5......E5..........\
             B4..............G5......f5......\
             E5..........G5..........C6......\
             B5......A5......f5..............\
             E5..............................\
             ................................\
             ................G5......E5......\
             f5..............D5..............\
             E6..............D6......C6......\
             B5..............G5..............\
             C6..........B5......G5..........\
             A5..........f5......D5..........",
        },
        Track { tone: KICK, notes: "C3..........C3......C3.........." },
        Track { tone: SNARE, notes: "........C6..............C6..............C6..............C6....C6" },
        Track { tone: HAT, notes: "C9..C9..C9..C9C9C9..C9..C9..C9.." },
    ],
};

/// From dusk into the night: slower, and half the drums.
pub static DUSK: Song = Song {
    step_ms: 138,
    tracks: &[
        Track {
            tone: BASS,
            notes: "B2..............B3......f2......\
             G2..............G3......D2......\
             D2..............D3......A2......\
             A2..............A3......E2......\
             B2..............B3......f2......\
             E2..............E3......B2......\
             G2..............G3......D2......\
             f2..............f3......c2......",
        },
        Track {
            tone: ARP,
            notes: "B3..D4..f4..B4..D5..B4..f4..D4..\
             G4..B4..D5..G5..B5..G5..D5..B4..\
             D4..f4..A4..D5..f5..D5..A4..f4..\
             A4..c5..E5..A5..c6..A5..E5..c5..\
             B3..D4..f4..B4..D5..B4..f4..D4..\
             E4..G4..B4..E5..G5..E5..B4..G4..\
             G4..B4..D5..G5..B5..G5..D5..B4..\
             f4..a4..c5..f5..a5..f5..c5..a4..",
        },
        Track {
            tone: LEAD,
            notes: "f5..............D5..............\
             B4..............D5..............\
             A5..............f5..............\
             E5..............................\
             f5..........G5..A5..............\
             B5..............G5..............\
             D6..............B5..............\
             c6..............a5..............\
             B5..............................\
             ................D5......G5......\
             f5..............................\
             ................A4......c5......\
             D5..............f5..............\
             E5..............B5..............\
             A5......G5......D5..............\
             c5..............f5..............",
        },
        Track { tone: KICK, notes: "C3..............................C3..................C3.........." },
        Track { tone: SNARE, notes: "................C6.............." },
        Track { tone: HAT, notes: "C9......C9..C9......C9..C9......" },
    ],
};

/// The song that begins where a realm does, if the one before does not go on.
pub fn of_realm(realm: u32) -> Option<&'static Song> {
    match realm % 5 {
        0 => Some(&FLY),
        2 => Some(&STEPPE),
        3 => Some(&DUSK),
        _ => None,
    }
}
