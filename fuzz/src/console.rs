//! The WASM-4 console, whose calls a cartridge makes with any numbers: it must come back soon, and touch nothing but its memory.

use playfield_core::input::TickInput;
use playfield_runtime::wasm::wasm4::{Wasm4, loose};

use crate::Bytes;

/// Calls in one input, so that it takes no time.
const CALLS: usize = 64;
/// Longest line of a trace, in bytes.
const TRACE: usize = 4_096;

/// Calls of the console, one after the other: which, its arguments of 32 bits; now and then a picture is made.
pub fn console(data: &[u8]) {
    let mut data = Bytes(data);
    let (mut console, mut memory) = (Wasm4::new(), Wasm4::fresh_memory());
    let (mut picture, mut sound, mut input) = (Wasm4::blank_picture(), Vec::new(), TickInput::default());
    // Half of all draw colours are transparent, and then nothing is walked.
    memory[0x14..0x16].copy_from_slice(&[0x21, 0x43]);
    for _ in 0..CALLS {
        if data.is_empty() {
            break;
        }
        if !call(&mut console, &mut memory, &mut data) {
            input.players[0].pad.buttons = data.u16();
            input.players[0].pointer.x = data.u16().cast_signed();
            console.before_update(&mut memory, &input);
            console.after_update(&memory, &mut picture);
            sound.clear();
            console.sound(&mut sound);
            assert!(sound.is_empty() || sound.len() == 1_600);
        }
        assert!(memory.len() == 1 << 16 && console.disk().len() <= 1_024);
    }
    let (mut saved, mut again, mut other) = (Vec::new(), Vec::new(), Wasm4::new());
    console.save(&mut saved);
    other.restore(&saved).expect("what was saved is restored");
    other.save(&mut again);
    assert_eq!(again, saved);
}

/// Makes a call. False: it is to make a picture.
fn call(console: &mut Wasm4, memory: &mut [u8], data: &mut Bytes) -> bool {
    let which = data.u8() % 24;
    if which >= 18 {
        return false;
    }
    if which == 17 {
        let name = ["blit", "blitSub", "line", "hline", "vline", "oval", "rect", "text", "textUtf8", "textUtf16"];
        let name = name[usize::from(data.u8() % 10)];
        let numbers = std::array::from_fn(|_| number(data));
        drop(loose::draw(memory, name, &numbers));
        return true;
    }
    // An error ends the cartridge; here the next call may find another.
    drop(if which < 10 { draw(console, memory, data, which) } else { other(console, memory, data, which) });
    true
}

fn draw(console: &mut Wasm4, memory: &mut [u8], data: &mut Bytes, which: u8) -> Result<(), String> {
    let [a, b, c, d, e, f, g, h, k] = std::array::from_fn(|_| data.u32());
    let i = u32::cast_signed;
    match which {
        0 => console.blit(memory, a, i(b), i(c), d, e, f)?,
        1 => console.blit_sub(memory, a, i(b), i(c), d, e, f, g, h, k)?,
        2 => console.line(memory, i(a), i(b), i(c), i(d)),
        3 => console.hline(memory, i(a), i(b), c),
        4 => console.vline(memory, i(a), i(b), c),
        5 => console.oval(memory, i(a), i(b), c, d),
        6 => console.rect(memory, i(a), i(b), c, d),
        7 => console.text(memory, a, i(b), i(c))?,
        8 => console.text_utf8(memory, a, b, i(c), i(d))?,
        _ => console.text_utf16(memory, a, b, i(c), i(d))?,
    }
    Ok(())
}

fn other(console: &mut Wasm4, memory: &mut [u8], data: &mut Bytes, which: u8) -> Result<(), String> {
    let [a, b, c, d] = std::array::from_fn(|_| data.u32());
    let line = match which {
        10 => {
            console.tone(a, b, c, d);
            return Ok(());
        }
        11 => return console.diskr(memory, a, b).map(drop),
        12 => return console.diskw(memory, a, b).map(drop),
        13 => {
            let at = a as usize % memory.len();
            memory[at..].iter_mut().zip(data.take(b as usize % 256)).for_each(|(to, from)| *to = *from);
            return Ok(());
        }
        14 => console.trace(memory, a)?,
        15 => console.trace_utf16(memory, a, b)?,
        _ => console.tracef(memory, a, b)?,
    };
    assert!(line.len() <= TRACE);
    Ok(())
}

/// A number as scripts have it: whole, with a fraction, missing, or anything.
fn number(data: &mut Bytes) -> f64 {
    match data.u8() % 4 {
        0 => f64::from(data.u32().cast_signed()),
        1 => f64::from(data.u16()) / 16.0 - 1_000.0,
        2 => f64::from_bits(data.u64()),
        _ => f64::NAN,
    }
}
