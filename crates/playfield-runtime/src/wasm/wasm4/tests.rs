//! The console as a whole: registers, pictures, sound, disk, saved state, hostile numbers.

use playfield_core::frame::{Damage, Rect};
use playfield_core::input::{PadButton, TickInput};

use super::*;

fn console() -> (Wasm4, Vec<u8>) {
    let console = Wasm4::new();
    let mut mem = vec![0; 0x1_0000];
    Wasm4::init_memory(&mut mem);
    (console, mem)
}

fn set_colors(mem: &mut [u8], colors: u16) {
    mem[DRAW_COLORS..DRAW_COLORS + 2].copy_from_slice(&colors.to_le_bytes());
}

mod picture {
    use super::*;

    #[test]
    fn damage_is_what_differs() {
        let (mut console, mut mem) = console();
        let mut picture = Wasm4::blank_picture();
        assert_eq!(console.after_update(&mem, &mut picture), Damage::All);
        assert_eq!(
            picture.palette[..5],
            [[0xe0, 0xf8, 0xcf], [0x86, 0xc0, 0x6c], [0x30, 0x68, 0x50], [7, 0x18, 0x21], [0; 3]]
        );
        assert_eq!(console.after_update(&mem, &mut picture), Damage::None);

        console.rect(&mut mem, 9, 20, 6, 3);
        let damage = console.after_update(&mem, &mut picture);
        assert_eq!(damage, Damage::Area(Rect { x: 8, y: 20, width: 8, height: 3 }));
        assert_eq!(picture.pixels[160 * 20 + 8..160 * 20 + 16], [0, 2, 2, 2, 2, 2, 2, 0]);
        assert_eq!(picture.pixels.iter().filter(|&&pixel| pixel == 2).count(), 18);

        mem[PALETTE + 4] = 1;
        assert_eq!(console.after_update(&mem, &mut picture), Damage::All);
        assert_eq!(picture.palette[1], [0x86, 0xc0, 1]);
        assert_eq!(console.after_update(&mem, &mut picture), Damage::None);
    }

    #[test]
    fn damage_loses_nothing_over_random_pictures() {
        let (mut console, mut mem) = console();
        let mut kept = Wasm4::blank_picture();
        let mut seed = 1u32;
        for _ in 0..200 {
            for _ in 0..3 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let [at, size, color, _] = seed.to_be_bytes();
                set_colors(&mut mem, u16::from(color));
                console.rect(&mut mem, at.into(), i32::from(size) - 20, (size % 40).into(), (at % 9).into());
            }
            let mut picture = kept.clone();
            let damage = console.after_update(&mem, &mut picture);
            let whole = {
                let mut fresh = Wasm4::blank_picture();
                Wasm4::new().after_update(&mem, &mut fresh);
                fresh
            };
            assert!(picture == whole);
            let area = match damage {
                Damage::All => Rect { x: 0, y: 0, width: 160, height: 160 },
                Damage::Area(area) => area,
                Damage::None => Rect { x: 0, y: 0, width: 0, height: 0 },
            };
            for (at, (old, new)) in kept.pixels.iter().zip(&picture.pixels).enumerate() {
                let (x, y) = ((at % 160) as u16, (at / 160) as u16);
                let inside = (area.x..area.x + area.width).contains(&x) && (area.y..area.y + area.height).contains(&y);
                assert!(old == new || inside);
            }
            kept = picture;
        }
    }

    #[test]
    fn the_screen_is_cleared_before_an_update_unless_it_is_to_be_kept() {
        let (mut console, mut mem) = console();
        let input = TickInput::default();
        for (flags, expect) in [(0, 0), (PRESERVE_FRAMEBUFFER, 0xff), (2, 0), (3, 0xff)] {
            mem[FRAMEBUFFER..FRAMEBUFFER + SCREEN_BYTES + 1].fill(0xff);
            mem[SYSTEM_FLAGS] = flags;
            console.before_update(&mut mem, &input);
            assert_eq!([mem[FRAMEBUFFER], mem[FRAMEBUFFER + SCREEN_BYTES - 1]], [expect; 2], "flags {flags}");
            assert_eq!([mem[FRAMEBUFFER - 1], mem[FRAMEBUFFER + SCREEN_BYTES]], [0, 0xff]);
        }
    }
}

mod sound {
    use super::*;

    const PULSE: u32 = 0;
    const TRIANGLE: u32 = 2;
    const NOISE: u32 = 3;

    /// Left and right of `ticks` ticks after one tone.
    fn play(frequency: u32, duration: u32, volume: u32, flags: u32, ticks: usize) -> (Vec<i16>, Vec<i16>) {
        let mut console = Wasm4::new();
        console.tone(frequency, duration, volume, flags);
        listen(&mut console, ticks)
    }

    fn listen(console: &mut Wasm4, ticks: usize) -> (Vec<i16>, Vec<i16>) {
        let (mut left, mut right, mut tick) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ticks {
            console.sound(&mut tick);
            assert!(tick.is_empty() || tick.len() == 1600);
            tick.resize(1600, 0);
            left.extend(tick.iter().step_by(2));
            right.extend(tick.iter().skip(1).step_by(2));
        }
        (left, right)
    }

    /// Cycles in a second, by counting where the wave goes from below to above zero.
    fn pitch(samples: &[i16]) -> f64 {
        let rises: Vec<usize> = (1..samples.len()).filter(|&at| samples[at - 1] < 0 && samples[at] >= 0).collect();
        (rises.len() - 1) as f64 * 48_000.0 / (rises[rises.len() - 1] - rises[0]) as f64
    }

    fn loudest(samples: &[i16]) -> i16 {
        samples.iter().map(|sample| sample.saturating_abs()).max().unwrap_or(0)
    }

    #[test]
    fn the_pitch_is_what_was_asked_for() {
        for (frequency, flags, hz) in [
            (440, PULSE, 440.0),
            (1000, PULSE | 2 << 2, 1000.0),
            (55, 1, 55.0),
            (262, TRIANGLE, 262.0),
            (5000, TRIANGLE, 5000.0),
            (69, PULSE | 64, 440.0),
            (60, TRIANGLE | 64, 261.6256),
            (69 | 128 << 8, PULSE | 64, 440.0 * 2f64.powf(0.5 / 12.0)),
            (127, PULSE | 2 << 2 | 64, 12_543.854),
            (24 | 255 << 8, PULSE | 64, 440.0 * 2f64.powf((24.0 - 69.0 + 255.0 / 256.0) / 12.0)),
        ] {
            let (left, _) = play(frequency, 60, 100, flags, 60);
            let heard = pitch(&left);
            assert!((heard / hz - 1.0).abs() < 0.001, "{frequency:#x} {flags}: {heard} Hz instead of {hz}");
        }
    }

    #[test]
    fn a_slide_goes_from_one_pitch_to_the_other() {
        let (left, _) = play(200 | 1000 << 16, 60, 100, TRIANGLE, 60);
        for tick in [0, 20, 40, 57] {
            let middle = (tick + 1) as f64 * 800.0;
            let hz = 200.0 + 800.0 * middle / 48_000.0;
            let heard = pitch(&left[tick * 800..][..1600]);
            assert!((heard / hz - 1.0).abs() < 0.05, "tick {tick}: {heard} Hz instead of {hz}");
        }
    }

    #[test]
    fn the_envelope_rises_falls_holds_and_fades() {
        let (attack, decay, sustain, release) = (10, 20, 30, 40);
        let duration = sustain | release << 8 | decay << 16 | attack << 24;
        let (left, _) = play(480, duration, 50 | 100 << 8, PULSE | 2 << 2, 110);
        let full = 32_767.0 * 0.15;
        for (tick, share) in [
            (0, 0.1),
            (4, 0.5),
            (9, 1.0),
            (10, 1.0),
            (20, 0.75),
            (29, 0.525),
            (30, 0.5),
            (59, 0.5),
            (60, 0.5),
            (80, 0.25),
        ] {
            let heard = f64::from(loudest(&left[tick * 800..][..800]));
            assert!((heard / full - share).abs() < 0.01, "tick {tick}: {} instead of {share}", heard / full);
        }
        assert!(loudest(&left[99 * 800..][..800]) > 0, "the release ends too early");
        assert_eq!(loudest(&left[100 * 800..]), 0, "the release ends too late");
    }

    #[test]
    fn lengths_are_exact() {
        for (duration, flags, frames) in [
            (1, PULSE, 800),
            (7, PULSE, 5600),
            (0, PULSE, 0),
            (0, NOISE, 0),
            (5, NOISE, 4000),
            // Against a click the triangle goes on for a millisecond.
            (0, TRIANGLE, 48),
            (3, TRIANGLE, 2448),
        ] {
            let (left, right) = play(100, duration, 100, flags | 2 << 2, 10);
            let last = left.iter().rposition(|&sample| sample != 0).map_or(0, |at| at + 1);
            assert_eq!((last, left == right), (frames, true), "duration {duration}, flags {flags}");
        }
    }

    #[test]
    fn channels_are_as_loud_as_they_should_be() {
        for (volume, flags, share) in [
            (100, PULSE, 0.15),
            (50, PULSE, 0.075),
            (255, 1, 0.15),
            (100, TRIANGLE, 0.25),
            (10, TRIANGLE, 0.025),
            (100, NOISE, 0.15),
            (0, PULSE, 0.0),
        ] {
            let heard = f64::from(loudest(&play(200, 4, volume, flags, 4).0)) / 32_767.0;
            assert!((heard - share).abs() < 0.001, "volume {volume}, flags {flags}: {heard} instead of {share}");
        }
    }

    #[test]
    fn a_pulse_is_up_for_its_share_of_the_cycle() {
        for (mode, share) in [(0, 0.125), (1, 0.25), (2, 0.5), (3, 0.25)] {
            let (left, _) = play(100, 60, 100, PULSE | mode << 2, 60);
            let up = left.iter().filter(|&&sample| sample > 0).count() as f64 / left.len() as f64;
            assert!((up - share).abs() < 0.01, "mode {mode}: up for {up}");
        }
    }

    #[test]
    fn tones_are_panned() {
        for (pan, sides) in [(0, (true, true)), (1, (true, false)), (2, (false, true)), (3, (true, true))] {
            for channel in [PULSE, 1, TRIANGLE, NOISE] {
                let (left, right) = play(300, 2, 80, channel | pan << 4, 2);
                assert_eq!((loudest(&left) > 0, loudest(&right) > 0), sides, "channel {channel}, pan {pan}");
            }
        }
    }

    #[test]
    fn noise_has_no_pitch_and_gets_brighter_with_frequency() {
        let flips = |frequency| {
            let (left, _) = play(frequency, 60, 100, NOISE, 60);
            (1..left.len()).filter(|&at| left[at - 1] != left[at]).count() as f64
        };
        // Frequency squared / 10^6 draws in a 44,100th of a second; every other draw flips.
        for (frequency, draws) in [(100, 441.0), (500, 11_025.0), (900, 35_721.0)] {
            let heard = flips(frequency);
            assert!((heard / (draws / 2.0) - 1.0).abs() < 0.15, "{frequency}: {heard} flips");
        }
    }

    #[test]
    fn silence_is_empty() {
        let mut console = Wasm4::new();
        let mut out = vec![1; 7];
        console.sound(&mut out);
        assert!(out.is_empty());
        console.tone(440, 1, 0, PULSE);
        console.sound(&mut out);
        assert!(out.is_empty(), "a tone of volume 0");
        console.tone(440, 1, 1, PULSE);
        console.sound(&mut out);
        assert_eq!(out.len(), 1600);
        console.sound(&mut out);
        assert!(out.is_empty(), "after its end");
    }

    #[test]
    fn channels_add_up_without_clipping() {
        let tone = |channel: u32| (300 + 50 * channel, 10, 100, channel | 2 << 2);
        let mut together = Wasm4::new();
        let mut sum = vec![0; 8000];
        for (frequency, duration, volume, flags) in (0..4).map(tone) {
            together.tone(frequency, duration, volume, flags);
            let alone = play(frequency, duration, volume, flags, 10).0;
            sum.iter_mut().zip(alone).for_each(|(sum, sample)| *sum += i32::from(sample));
        }
        let (left, _) = listen(&mut together, 10);
        assert!(left.iter().map(|&sample| i32::from(sample)).eq(sum));
        assert!(loudest(&left) > 18_000);
    }

    #[test]
    fn a_tone_that_follows_at_once_goes_on_with_its_wave() {
        let mut console = Wasm4::new();
        let mut whole = Wasm4::new();
        whole.tone(333, 20, 100, TRIANGLE);
        let expect = listen(&mut whole, 20);
        console.tone(333, 10, 100, TRIANGLE);
        let mut heard = listen(&mut console, 10);
        console.tone(333, 10, 100, TRIANGLE);
        let rest = listen(&mut console, 10);
        heard.0.extend(rest.0);
        heard.1.extend(rest.1);
        assert!(heard == expect);
    }

    #[test]
    fn any_tone_can_be_played() {
        let extremes = [0, 1, 0xff, 0xffff, 0xffff_0000, 0x7fff_ffff, u32::MAX];
        let mut console = Wasm4::new();
        let mut out = Vec::new();
        for frequency in extremes {
            for duration in extremes {
                for flags in [0, 1, 2, 3, 64, 67, u32::MAX, u32::MAX - 1, u32::MAX - 3] {
                    console.tone(frequency, duration, u32::MAX, flags);
                    console.sound(&mut out);
                }
            }
        }
    }
}

mod state {
    use super::*;

    #[test]
    fn a_restored_console_goes_on_as_the_saved_one() {
        let (mut console, mut mem) = console();
        let mut input = TickInput::default();
        input.players[0].pad.buttons = PadButton::A.bit();
        (input.players[0].pointer.x, input.players[0].pointer.y) = (7, 9);
        console.before_update(&mut mem, &input);
        console.set_disk(b"score 12");
        for channel in 0..4 {
            console.tone((300 + channel) | (500 << 16), 0x0a0a_0a0a, 70 | (90 << 8), channel | (1 << 2));
        }
        let mut out = Vec::new();
        (0..5).for_each(|_| console.sound(&mut out));
        let mut saved = Vec::new();
        console.save(&mut saved);

        let mut other = Wasm4::new();
        other.tone(1, 2, 3, 3);
        other.restore(&saved).unwrap();
        assert_eq!(other.disk(), b"score 12");
        let mut again = Vec::new();
        other.save(&mut again);
        assert_eq!(again, saved);
        let mut other_out = Vec::new();
        for tick in 0..45 {
            console.sound(&mut out);
            other.sound(&mut other_out);
            assert!(out == other_out, "tick {tick}");
            assert_eq!(out.is_empty(), tick >= 35, "tick {tick}");
        }
        assert_eq!(other.after_update(&mem, &mut Wasm4::blank_picture()), Damage::All);
    }

    #[test]
    fn damaged_states_are_refused_and_change_nothing() {
        let (console, _) = console();
        let mut saved = Vec::new();
        console.save(&mut saved);
        let refused = |bytes: &[u8]| {
            let mut console = console.clone();
            assert!(console.restore(bytes).is_err());
            let mut after = Vec::new();
            console.save(&mut after);
            assert_eq!(after, saved);
        };
        (0..saved.len()).for_each(|len| refused(&saved[..len]));
        refused(&[&saved[..], &[0]].concat());
        refused(&[&[9], &saved[1..]].concat());
        // Whatever the bytes, nothing panics.
        let mut seed = 7u64;
        for _ in 0..2000 {
            let mut bytes = saved.clone();
            for _ in 0..4 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (seed >> 33) as usize % bytes.len();
                bytes[at] = (seed >> 24) as u8;
            }
            let mut console = console.clone();
            if console.restore(&bytes).is_ok() {
                let mut out = Vec::new();
                (0..3).for_each(|_| console.sound(&mut out));
            }
        }
    }

    #[test]
    fn the_disk_keeps_what_was_written_last() {
        let (mut console, mut mem) = console();
        mem[0x4000..0x4003].copy_from_slice(b"abc");
        assert_eq!(console.diskr(&mut mem, 0x5000, 10), Ok(0));
        assert_eq!(console.diskw(&mem, 0x4000, 3), Ok(3));
        assert_eq!(console.diskr(&mut mem, 0x5000, 2), Ok(2));
        assert_eq!(mem[0x5000..0x5003], *b"ab\0");
        assert_eq!(console.diskr(&mut mem, 0xfffd, 1024), Ok(3));
        assert!(console.diskr(&mut mem, 0xfffe, 1024).is_err());
        assert!(console.diskr(&mut mem, 0x5000, u32::MAX).is_err());
        assert!(console.diskw(&mem, 0xfffe, 3).is_err());
        assert_eq!(console.disk(), b"abc");
        assert_eq!(console.diskw(&mem, 0x4000, 5000), Ok(1024));
        assert_eq!(console.disk().len(), 1024);
        console.set_disk(&[1; 3000]);
        assert_eq!(console.disk().len(), 1024);
    }
}

#[test]
fn hostile_numbers_never_panic() {
    let edges = [0, 1, 159, 160, 0xffff, 0x1_0000, 0x1_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_ff00, 0xffff_ffff];
    let (mut console, mut mem) = console();
    for a in edges {
        for b in edges {
            for c in edges {
                let [x, y] = [a, b].map(u32::cast_signed);
                console.line(&mut mem, x, y, c.cast_signed(), x);
                console.hline(&mut mem, x, y, c);
                console.vline(&mut mem, x, y, c);
                for d in edges {
                    console.rect(&mut mem, x, y, c, d);
                    let flags = a ^ b ^ c ^ d;
                    let _ = console.blit(&mut mem, d, x, y, c, d, flags);
                    let _ = console.blit_sub(&mut mem, 0x2000, x, y, c, d, c, d, a, flags);
                }
                console.oval(&mut mem, x, y, a & 0x1_ffff, c);
                let _ = console.text_utf8(&mut mem, a, b, x, c.cast_signed());
                let _ = console.text_utf16(&mut mem, a, b, x, c.cast_signed());
                let _ = console.tracef(&mem, a, b);
                let _ = console.trace_utf8(&mem, a, b);
                let _ = console.trace_utf16(&mem, a, b);
            }
            let _ = console.text(&mut mem, a, b.cast_signed(), 0);
        }
    }
}

#[test]
fn a_memory_too_small_draws_nothing() {
    let mut console = Wasm4::new();
    for len in [0, 3, 0x15, 0x1d, 0xa0, 0x100] {
        let mut mem = vec![0; len];
        Wasm4::init_memory(&mut mem);
        console.before_update(&mut mem, &TickInput::default());
        console.rect(&mut mem, 0, 0, 10, 10);
        let _ = console.blit(&mut mem, 0, 0, 0, 8, 8, 0);
        let _ = console.text(&mut mem, 0, 0, 0);
        assert_eq!(console.after_update(&mem, &mut Wasm4::blank_picture()), Damage::None);
    }
}

/// Whole numbers are drawn alike by `shapes` and `blit` and by the calls of loosely typed imports.
#[test]
fn loose_calls_with_whole_numbers_draw_the_same() {
    let mut seed = 3u64;
    let mut roll = move |from: i32, to: i32| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from + ((seed >> 33) % (to - from) as u64) as i32
    };
    let (mut console, mut mem) = console();
    for byte in &mut mem[0x2000..0x3000] {
        *byte = roll(0, 256) as u8;
    }
    let mut twin = mem.clone();
    for round in 0..20_000 {
        let colors = roll(0, 0x1_0000) as u16;
        set_colors(&mut mem, colors);
        set_colors(&mut twin, colors);
        let mut a = [0; 9];
        a.iter_mut().for_each(|number| *number = roll(-30, 190));
        let name =
            ["rect", "oval", "line", "hline", "vline", "blit", "blitSub", "text", "textUtf8", "textUtf16"][round % 10];
        if round % 10 >= 5 {
            a[0] = 0x2000 + 2 * roll(0, 0x700);
        }
        if round % 10 >= 8 {
            a[1] = a[1].abs();
        }
        let [p, x, y, w, h, ..] = a;
        let u = a.map(i32::cast_unsigned);
        match name {
            "rect" => console.rect(&mut mem, p, x, u[2], u[3]),
            "oval" => console.oval(&mut mem, p, x, u[2], u[3]),
            "line" => console.line(&mut mem, p, x, y, w),
            "hline" => console.hline(&mut mem, p, x, u[2]),
            "vline" => console.vline(&mut mem, p, x, u[2]),
            "blit" => console.blit(&mut mem, u[0], x, y, u[3], u[4], u[5]).unwrap(),
            "blitSub" => console.blit_sub(&mut mem, u[0], x, y, u[3], u[4], u[5], u[6], u[7], u[8]).unwrap(),
            "text" => console.text(&mut mem, u[0], x, y).unwrap(),
            "textUtf8" => console.text_utf8(&mut mem, u[0], u[1], y, w).unwrap(),
            _ => console.text_utf16(&mut mem, u[0], u[1], y, w).unwrap(),
        }
        assert_eq!(loose::draw(&mut twin, name, &a.map(f64::from)), Ok(true));
        assert!(mem == twin, "{name} {a:?}, colours {colors:#x}; {h}");
    }
}

#[test]
fn loose_calls_end_whatever_the_numbers() {
    let edges = [f64::NAN, f64::INFINITY, -1e300, 1e300, -0.5, 0.1, 160.5, 2_147_483_647.0, 4_294_967_295.9];
    let (_, mut mem) = console();
    set_colors(&mut mem, 0x4321);
    for name in ["rect", "oval", "line", "hline", "vline", "blit", "blitSub", "text", "textUtf8", "textUtf16"] {
        for (nth, a) in edges.into_iter().enumerate() {
            for b in edges {
                for c in [9.5, b] {
                    let _ = loose::draw(&mut mem, name, &[c, a, b, c, a, b, c, edges[8 - nth], 15.0]);
                    let _ = loose::draw(&mut mem, name, &[8192.5, a, b, a, b, c, c, b, a]);
                }
            }
        }
    }
    // Its ends are half a pixel apart: the walk never meets the second.
    assert!(loose::draw(&mut mem, "line", &[0.0, 0.0, 9.5, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0]).is_err());
    assert_eq!(loose::draw(&mut mem, "tone", &[0.0; 9]), Ok(false));
}
