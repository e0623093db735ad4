//! The colours of the realms, and how one becomes the next.

use playfield_sdk::canvas::mix;

use crate::course::REALM;

/// All colours of a picture, `0xRRGGBB`.
#[derive(Clone, Copy)]
pub struct Palette {
    /// From the top of the sky to the horizon.
    pub sky: [u32; 4],
    pub sun: u32,
    /// Mountains far away, and close.
    pub far: u32,
    pub near: u32,
    /// The ground from its skin down.
    pub ground: [u32; 3],
    pub rim: u32,
    /// How many stars can be seen, 0 to 256, and how much of the northern lights.
    pub stars: u32,
    pub aurora: u32,
}

pub const NAMES: [&str; 5] = ["CORAL DAWN", "AZURE NOON", "AMBER STEPPE", "VIOLET DUSK", "NORTHERN NIGHT"];

const REALMS: [Palette; 5] = [
    Palette {
        sky: [0x33407f, 0x8a5c95, 0xe88a88, 0xffd2a0],
        sun: 0xfff0c4,
        far: 0xc07f95,
        near: 0x54386a,
        ground: [0xe8806a, 0x9c4a68, 0x341f48],
        rim: 0xffe2a8,
        stars: 30,
        aurora: 0,
    },
    Palette {
        sky: [0x1a62b8, 0x3f98dc, 0x8accee, 0xe4f6ee],
        sun: 0xfffbe6,
        far: 0x8fc3dc,
        near: 0x2d7c8e,
        ground: [0x86d060, 0x2f8c66, 0x143f4c],
        rim: 0xf0ffb4,
        stars: 0,
        aurora: 0,
    },
    Palette {
        sky: [0x4a4f9c, 0xb0709c, 0xf6a860, 0xffe698],
        sun: 0xfff6c8,
        far: 0xd49a68,
        near: 0x74423c,
        ground: [0xf0ac44, 0xb05a34, 0x45201f],
        rim: 0xfff4b4,
        stars: 0,
        aurora: 0,
    },
    Palette {
        sky: [0x0e0c30, 0x3a2068, 0x9a3c86, 0xff8a80],
        sun: 0xffc09a,
        far: 0x6a3f8e,
        near: 0x28184c,
        ground: [0x9a58cc, 0x4c2a86, 0x170f33],
        rim: 0xffb0e0,
        stars: 170,
        aurora: 30,
    },
    Palette {
        sky: [0x02060f, 0x07203a, 0x0f4a5e, 0x2f9a86],
        sun: 0xd4ecff,
        far: 0x17506a,
        near: 0x08203a,
        ground: [0x28bc94, 0x12606a, 0x06202e],
        rim: 0xb4ffe4,
        stars: 256,
        aurora: 256,
    },
];

/// The colours at a place of the world.
pub fn at(x: f32) -> Palette {
    let along = (x.max(0.0) / REALM) as usize;
    let into = x.max(0.0) - along as f32 * REALM;
    let share = ((into - (REALM - 1_100.0)) / 1_100.0).clamp(0.0, 1.0);
    blend(&REALMS[along % REALMS.len()], &REALMS[(along + 1) % REALMS.len()], (share * 256.0) as u32)
}

fn blend(a: &Palette, b: &Palette, share: u32) -> Palette {
    let number = |a: u32, b: u32| (a * (256 - share) + b * share) / 256;
    let mut sky = a.sky;
    sky.iter_mut().zip(b.sky).for_each(|(colour, other)| *colour = mix(*colour, other, share));
    let mut ground = a.ground;
    ground.iter_mut().zip(b.ground).for_each(|(colour, other)| *colour = mix(*colour, other, share));
    Palette {
        sky,
        sun: mix(a.sun, b.sun, share),
        far: mix(a.far, b.far, share),
        near: mix(a.near, b.near, share),
        ground,
        rim: mix(a.rim, b.rim, share),
        stars: number(a.stars, b.stars),
        aurora: number(a.aurora, b.aurora),
    }
}
