//! The residents' faces, drawn as text: `#` is the face, `o` an eye, `y` a beak or a snout.

use playfield_sdk::canvas::{Canvas32, mix};

use crate::song::RESIDENTS;

/// Light of each resident's window.
pub const COLOURS: [u32; RESIDENTS] = [0x8fe85c, 0xff9a50, 0xffdc5e, 0x5cd4ff, 0xff8cd6];

const SIZE: i32 = 11;

#[rustfmt::skip]
static FACES: [[&str; 11]; RESIDENTS] = [
    [
        "...........",
        ".###...###.",
        "#ooo#.#ooo#",
        "#o.o###o.o#",
        "#ooo###ooo#",
        "###########",
        "###########",
        "#y#######y#",
        "##yyyyyyy##",
        ".#########.",
        "...........",
    ],
    [
        ".##.....##.",
        "####...####",
        "###########",
        ".#########.",
        "###########",
        "##o#####o##",
        "####yyy####",
        "###yy.yy###",
        ".##yyyyy##.",
        "..#######..",
        "...........",
    ],
    [
        ".###...###.",
        "#yyy#.#yyy#",
        "#yyy###yyy#",
        "###########",
        ".#########.",
        ".##o###o##.",
        ".#########.",
        "..###y###..",
        "...##y##...",
        ".....#.....",
        "...........",
    ],
    [
        ".....#.....",
        "....##.....",
        "..######...",
        ".########..",
        ".###o####..",
        "yy########.",
        ".yy#######.",
        "..#########",
        "..#######.#",
        "...#####...",
        "....y.y....",
    ],
    [
        "#.........#",
        "###.....###",
        "###########",
        "#ooo###ooo#",
        "#o.oo#oo.o#",
        "#ooo#y#ooo#",
        "####yyy####",
        "#####y#####",
        ".#########.",
        "..#######..",
        "...#...#...",
    ],
];

/// A face around a middle: a dark shape before a light, or a light one before the dark.
pub fn paint(canvas: &mut Canvas32, who: usize, middle: (i32, i32), scale: i32, face: u32, light: u32) {
    let (left, top) = (middle.0 - SIZE * scale / 2, middle.1 - SIZE * scale / 2);
    for (row, line) in FACES[who].iter().enumerate() {
        for (col, ch) in line.bytes().enumerate() {
            let colour = match ch {
                b'#' => face,
                b'o' => light,
                b'y' => mix(face, light, 120),
                _ => continue,
            };
            canvas.rect(left + col as i32 * scale, top + row as i32 * scale, scale, scale, colour);
        }
    }
}

/// The same in two shades that make a rounder face of large pixels: lit from above.
pub fn paint_large(canvas: &mut Canvas32, who: usize, middle: (i32, i32), face: u32, light: u32) {
    paint(canvas, who, (middle.0, middle.1 + 1), 3, mix(face, 0, 110), mix(light, 0, 90));
    paint(canvas, who, middle, 3, face, light);
}
