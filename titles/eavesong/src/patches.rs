//! The sounds of the residents that sing notes: three each. Numbers only; `voice` makes them heard.

use crate::song::{BEAR, BIRD, MICE};
use crate::tables::Wave;

pub struct Patch {
    pub name: &'static str,
    pub wave: Wave,
    pub second: Wave,
    /// Pitch of the second wave, as a factor.
    pub detune: f32,
    /// Loudness of the second wave, 0 to 1.
    pub blend: f32,
    /// Bends the phase of the first: pitch as a factor, depth in turns, time until it has faded.
    pub bend: (f32, f32, f32),
    pub attack_ms: f32,
    pub decay_ms: f32,
    pub sustain: f32,
    pub release_ms: f32,
    /// Low pass: Hz, Hz more at the start, and the time until those are gone.
    pub filter: (f32, f32, f32),
    /// Sharpness of the low pass: 2 none, 0.3 much.
    pub damping: f32,
    /// Depth of the vibrato, as a part of the pitch.
    pub vibrato: f32,
    pub breath: f32,
    /// Time to slide from the note before.
    pub glide_ms: f32,
    pub level: f32,
    pub echo: f32,
    pub room: f32,
}

const PLAIN: Patch = Patch {
    name: "",
    wave: Wave::Sine,
    second: Wave::Sine,
    detune: 1.0,
    blend: 0.0,
    bend: (1.0, 0.0, 100.0),
    attack_ms: 3.0,
    decay_ms: 300.0,
    sustain: 0.0,
    release_ms: 90.0,
    filter: (10_000.0, 0.0, 100.0),
    damping: 1.6,
    vibrato: 0.0,
    breath: 0.0,
    glide_ms: 0.0,
    level: 0.3,
    echo: 0.2,
    room: 0.2,
};

static BASSES: [Patch; 3] = [
    Patch {
        name: "UPRIGHT",
        wave: Wave::Saw,
        second: Wave::Sine,
        blend: 1.0,
        attack_ms: 4.0,
        decay_ms: 420.0,
        sustain: 0.12,
        release_ms: 110.0,
        filter: (330.0, 2_200.0, 60.0),
        damping: 1.3,
        level: 0.36,
        echo: 0.0,
        room: 0.06,
        ..PLAIN
    },
    Patch {
        name: "ROUND",
        wave: Wave::Sine,
        second: Wave::Flute,
        detune: 1.001,
        blend: 0.7,
        bend: (1.0, 0.16, 220.0),
        attack_ms: 6.0,
        decay_ms: 500.0,
        sustain: 0.55,
        release_ms: 90.0,
        filter: (700.0, 500.0, 150.0),
        glide_ms: 25.0,
        level: 0.36,
        echo: 0.0,
        room: 0.05,
        ..PLAIN
    },
    Patch {
        name: "GROWL",
        wave: Wave::Saw,
        second: Wave::Hollow,
        detune: 1.004,
        blend: 0.8,
        attack_ms: 4.0,
        decay_ms: 380.0,
        sustain: 0.4,
        release_ms: 70.0,
        filter: (170.0, 1_700.0, 110.0),
        damping: 0.55,
        glide_ms: 30.0,
        level: 0.30,
        echo: 0.03,
        room: 0.05,
        ..PLAIN
    },
];

static PLUCKS: [Patch; 3] = [
    Patch {
        name: "KALIMBA",
        bend: (6.27, 0.16, 34.0),
        second: Wave::Flute,
        detune: 2.003,
        blend: 0.16,
        attack_ms: 1.5,
        decay_ms: 260.0,
        release_ms: 300.0,
        level: 0.30,
        echo: 0.36,
        room: 0.25,
        ..PLAIN
    },
    Patch {
        name: "BELLS",
        bend: (3.502, 0.22, 420.0),
        second: Wave::Sine,
        detune: 2.76,
        blend: 0.12,
        attack_ms: 1.5,
        decay_ms: 620.0,
        release_ms: 600.0,
        level: 0.22,
        echo: 0.4,
        room: 0.4,
        ..PLAIN
    },
    Patch {
        name: "HARP",
        wave: Wave::Saw,
        second: Wave::Hollow,
        detune: 1.002,
        blend: 0.6,
        attack_ms: 2.0,
        decay_ms: 420.0,
        release_ms: 350.0,
        filter: (650.0, 4_200.0, 90.0),
        level: 0.26,
        echo: 0.3,
        room: 0.32,
        ..PLAIN
    },
];

static LEADS: [Patch; 3] = [
    Patch {
        name: "WHISTLE",
        wave: Wave::Flute,
        second: Wave::Sine,
        detune: 1.003,
        blend: 0.5,
        attack_ms: 26.0,
        decay_ms: 300.0,
        sustain: 0.75,
        release_ms: 150.0,
        vibrato: 0.006,
        breath: 0.07,
        glide_ms: 22.0,
        level: 0.24,
        echo: 0.34,
        room: 0.35,
        ..PLAIN
    },
    Patch {
        name: "REED",
        wave: Wave::Hollow,
        second: Wave::Hollow,
        detune: 1.005,
        blend: 0.6,
        attack_ms: 14.0,
        decay_ms: 350.0,
        sustain: 0.65,
        release_ms: 110.0,
        filter: (1_500.0, 1_600.0, 160.0),
        vibrato: 0.005,
        breath: 0.02,
        glide_ms: 15.0,
        level: 0.2,
        echo: 0.3,
        room: 0.3,
        ..PLAIN
    },
    Patch {
        name: "FIDDLE",
        wave: Wave::Saw,
        second: Wave::Saw,
        detune: 1.007,
        blend: 0.9,
        attack_ms: 60.0,
        decay_ms: 500.0,
        sustain: 0.8,
        release_ms: 220.0,
        filter: (2_600.0, 900.0, 200.0),
        vibrato: 0.005,
        glide_ms: 35.0,
        level: 0.19,
        echo: 0.3,
        room: 0.45,
        ..PLAIN
    },
];

static PADS: [Patch; 3] = [
    Patch {
        name: "CHOIR",
        wave: Wave::Choir,
        second: Wave::Choir,
        detune: 1.006,
        blend: 1.0,
        attack_ms: 180.0,
        decay_ms: 900.0,
        sustain: 0.8,
        release_ms: 650.0,
        filter: (3_600.0, 600.0, 900.0),
        vibrato: 0.003,
        level: 0.105,
        echo: 0.1,
        room: 0.55,
        ..PLAIN
    },
    Patch {
        name: "EMBERS",
        wave: Wave::Saw,
        second: Wave::Saw,
        detune: 1.009,
        blend: 1.0,
        attack_ms: 90.0,
        decay_ms: 1_200.0,
        sustain: 0.65,
        release_ms: 550.0,
        filter: (620.0, 1_500.0, 700.0),
        damping: 1.2,
        level: 0.125,
        echo: 0.1,
        room: 0.45,
        ..PLAIN
    },
    Patch {
        name: "GLASS",
        wave: Wave::Glass,
        second: Wave::Sine,
        detune: 2.004,
        blend: 0.4,
        bend: (1.003, 0.12, 2_500.0),
        attack_ms: 40.0,
        decay_ms: 1_600.0,
        sustain: 0.45,
        release_ms: 900.0,
        level: 0.1,
        echo: 0.2,
        room: 0.6,
        ..PLAIN
    },
];

pub fn patch(who: usize, sound: u8) -> &'static Patch {
    let sounds = match who {
        BEAR => &BASSES,
        MICE => &PLUCKS,
        BIRD => &LEADS,
        _ => &PADS,
    };
    &sounds[usize::from(sound).min(sounds.len() - 1)]
}
