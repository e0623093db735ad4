//! Each function of the ABI does what `sdk/ABI.md` says.

use playfield_core::frame::{Damage, PixelFormat, Rect};
use playfield_core::input::{Key, PadButton, Rumble, TickInput, Touch};
use playfield_runtime::{Guest, GuestConfig, GuestError, GuestEvent, LogLevel, PlayMode, Snapshot};

use crate::support::*;

#[test]
fn time_is_counted_in_ticks() {
    let text = "(func (export \"pf_init\")
          (call $tick_rate (i32.const 50)) (call $mode (i32.const 16) (i32.const 1) (i32.const 2))
          (i64.store (i32.const 32) (call $tick)) (i64.store (i32.const 40) (call $time_us)))
        (func (export \"pf_tick\")
          (i64.store (i32.const 0) (call $tick)) (i64.store (i32.const 8) (call $time_us))
          (i64.store (i32.const 16) (call $unix_ms)) (i32.store (i32.const 24) (call $wanted))
          (call $present (i32.const 0) (i32.const 64)))";
    let mut guest = open_with(&title(text), GuestConfig { start_unix_ms: 5_000, ..config() }).unwrap();
    assert_eq!((guest.tick_hz(), guest.tick_count()), (50, 0));
    for (n, us, ms) in [(1, 0, 5_000), (2, 20_000, 5_020), (3, 40_000, 5_040)] {
        tick(&mut guest);
        assert_eq!(words(guest.picture())[..12], [n, 0, us, 0, ms, 0, 960, 0, 0, 0, 0, 0]);
    }
}

#[test]
fn random_comes_from_the_seed() {
    let wasm = showing("(call $random (i32.const 0) (i32.const 64))");
    let run = |seed| {
        let mut guest = open_with(&wasm, GuestConfig { seed, ..config() }).unwrap();
        tick(&mut guest);
        let first = words(guest.picture());
        tick(&mut guest);
        (first, words(guest.picture()))
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert_ne!(run(1).0, run(1).1);
}

#[test]
fn the_last_rumble_of_a_tick_counts_for_each_player() {
    let body = "(local $n i32)
        (if (i64.eq (call $tick) (i64.const 1)) (then
          (loop $more (call $rumble (i32.const 1) (i32.const 255) (i32.const 255) (i32.const 5000))
            (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 9999))))
          (call $rumble (i32.const 3) (i32.const 0) (i32.const 9) (i32.const 5000))
          (call $rumble (i32.const 1) (i32.const 200) (i32.const 7) (i32.const 80))))
        (if (i64.eq (call $tick) (i64.const 3)) (then
          (call $rumble (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))))";
    let mut guest = open(&ticking(body)).unwrap();
    let event = |player, strong, weak, ms| GuestEvent::Rumble { player, rumble: Rumble { strong, weak, ms } };
    for expect in [vec![event(1, 200, 7, 80), event(3, 0, 9, 5000)], vec![], vec![event(1, 0, 0, 0)], vec![]] {
        tick(&mut guest);
        assert_eq!(events(&mut guest), expect);
    }
}

#[test]
fn a_rumble_out_of_range_ends_the_session_with_a_sentence() {
    for (player, strong, weak, ms, says) in [
        (4, 1, 1, 1, "input.rumble: player 4; they are 0 to 3"),
        (-1, 1, 1, 1, "input.rumble: player -1; they are 0 to 3"),
        (0, 256, 1, 1, "input.rumble: strengths 256 and 1; they are 0 to 255"),
        (0, 1, -1, 1, "input.rumble: strengths 1 and -1; they are 0 to 255"),
        (0, 1, 1, 5001, "input.rumble: 5001 ms; it is 0 to 5000"),
        (0, 1, 1, -1, "input.rumble: -1 ms; it is 0 to 5000"),
    ] {
        let numbers = [player, strong, weak, ms].map(|n| format!("(i32.const {n})")).join(" ");
        let error = failure(&format!("(call $rumble {numbers})"));
        assert_eq!(error, GuestError::Trap(says.to_owned()));
    }
}

#[test]
fn a_rumble_that_was_asked_for_is_no_state() {
    let body = "(call $rumble (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 3))";
    let mut guest = open(&ticking(body)).unwrap();
    let (mut asked, mut taken) = (Snapshot::default(), Snapshot::default());
    tick(&mut guest);
    guest.snapshot(&mut asked).unwrap();
    assert_eq!(events(&mut guest).len(), 1);
    guest.snapshot(&mut taken).unwrap();
    assert_eq!(asked, taken);
    tick(&mut guest);
    guest.restore(&asked).unwrap();
    assert_eq!(events(&mut guest), [], "what shook before is over");
}

#[test]
fn exit_ends_with_that_tick() {
    let mut guest = open(&ticking("(if (i64.eq (call $tick) (i64.const 2)) (then (call $exit)))")).unwrap();
    assert!(!tick(&mut guest).exited);
    assert!(tick(&mut guest).exited);
}

#[test]
fn logs_are_cut_and_counted() {
    let body = "(local $n i32)
        (i64.store (i32.const 0) (i64.const 0x6f6c6c6548))
        (call $log (i32.const 1) (i32.const 0) (i32.const 5))
        (call $log (i32.const 3) (i32.const 0) (i32.const 5000))
        (loop $more (call $log (i32.const 0) (i32.const 0) (i32.const 1))
          (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 500))))";
    let mut guest = open(&ticking(body)).unwrap();
    tick(&mut guest);
    let said = events(&mut guest);
    assert_eq!(said.len(), 100);
    assert_eq!(said[0], GuestEvent::Log { level: LogLevel::Warn, line: "Hello".to_owned() });
    assert!(matches!(&said[1], GuestEvent::Log { level: LogLevel::Debug, line } if line.len() == 4_096));
    tick(&mut guest);
    assert_eq!(events(&mut guest), []);
    ticks(&mut guest, 59);
    assert_eq!(events(&mut guest).len(), 100);
}

#[test]
fn every_format_arrives_row_by_row() {
    let cases = [(0, PixelFormat::Indexed8, 1), (1, PixelFormat::Rgb565, 2), (2, PixelFormat::Rgba8, 4)];
    for (number, format, bytes) in cases {
        let text = format!(
            "(data (i32.const 100) \"ABCDEFGHIJKLMNOPQRSTUVWXYZ\")
             (func (export \"pf_tick\") (call $mode (i32.const 2) (i32.const 2) (i32.const {number}))
               (call $present (i32.const 100) (i32.const 9)))"
        );
        let mut guest = open(&title(&text)).unwrap();
        assert_eq!(tick(&mut guest).damage, Damage::All);
        let picture = guest.picture();
        assert_eq!((picture.width, picture.height, picture.format), (2, 2, format));
        let row = 2 * bytes;
        assert_eq!(picture.pixels, [&b"ABCDEFGH"[..row], &b"JKLMNOPQ"[..row]].concat());
        assert_eq!(picture.palette.len(), if number == 0 { 256 } else { 0 });
    }
}

#[test]
fn palettes_are_set_in_part_and_blackened_by_mode() {
    let text = "(data (i32.const 0) \"\\33\\22\\11\\ff\\66\\55\\44\\00\")
        (func (export \"pf_init\") (call $mode (i32.const 4) (i32.const 4) (i32.const 0)))
        (func (export \"pf_tick\")
          (if (i64.le_u (call $tick) (i64.const 2)) (then (call $palette (i32.const 254) (i32.const 2) (i32.const 0))))
          (if (i64.eq (call $tick) (i64.const 4)) (then (call $mode (i32.const 4) (i32.const 4) (i32.const 0)))))";
    let mut guest = open(&title(text)).unwrap();
    let mut next = || (tick(&mut guest).damage, guest.picture().palette[253..].to_vec());
    let set = vec![[0; 3], [0x11, 0x22, 0x33], [0x44, 0x55, 0x66]];
    assert_eq!(next(), (Damage::All, set.clone()));
    assert_eq!(next(), (Damage::None, set.clone()), "the same colours again are no change");
    assert_eq!(next(), (Damage::None, set));
    assert_eq!(next(), (Damage::All, vec![[0; 3]; 3]));
}

/// A title that counts up every pixel of 8x8 and presents what `dirty` says.
fn counting(dirty: &str) -> Vec<u8> {
    title(&format!(
        "(func (export \"pf_init\") (call $mode (i32.const 8) (i32.const 8) (i32.const 0)))
         (func (export \"pf_tick\") (local $n i32)
           (memory.fill (i32.const 0) (i32.wrap_i64 (call $tick)) (i32.const 64))
           {dirty} (call $present (i32.const 0) (i32.const 8)))"
    ))
}

#[test]
fn only_dirty_rectangles_are_taken() {
    let rect = |x, y, width, height| Damage::Area(Rect { x, y, width, height });
    let cases = [
        ("", rect(0, 0, 8, 8), 64),
        ("(call $dirty (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 1))", rect(1, 2, 3, 1), 3),
        ("(call $dirty (i32.const -5) (i32.const 7) (i32.const 6) (i32.const 99))", rect(0, 7, 1, 1), 1),
        ("(call $dirty (i32.const 8) (i32.const 0) (i32.const 1) (i32.const 1))", Damage::None, 0),
        ("(call $dirty (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 1))", Damage::None, 0),
        (
            "(call $dirty (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1))
             (call $dirty (i32.const 7) (i32.const 7) (i32.const 1) (i32.const 1))",
            rect(0, 0, 8, 8),
            2,
        ),
    ];
    for (dirty, damage, taken) in cases {
        let mut guest = open(&counting(dirty)).unwrap();
        tick(&mut guest);
        assert_eq!(tick(&mut guest).damage, damage, "{dirty}");
        assert_eq!(guest.picture().pixels.iter().filter(|pixel| **pixel == 2).count(), taken, "{dirty}");
    }
}

#[test]
fn many_dirty_rectangles_stay_exact() {
    // Every second pixel of every second row, one by one, many times over.
    let body = "(loop $more
        (call $dirty (i32.mul (i32.rem_u (local.get $n) (i32.const 4)) (i32.const 2))
          (i32.mul (i32.rem_u (i32.div_u (local.get $n) (i32.const 4)) (i32.const 4)) (i32.const 2)) (i32.const 1) (i32.const 1))
        (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))";
    let mut guest = open(&counting(body)).unwrap();
    tick(&mut guest);
    for (at, pixel) in guest.picture().pixels.iter().enumerate() {
        assert_eq!(*pixel, u8::from(at % 2 == 0 && (at / 8) % 2 == 0), "{at}");
    }
}

#[test]
fn what_is_not_presented_stays_and_costs_no_damage() {
    let body = "(if (i64.le_u (call $tick) (i64.const 2)) (then (call $present (i32.const 0) (i32.const 64))))";
    let text = format!(
        "(func (export \"pf_init\") (call $mode (i32.const 16) (i32.const 1) (i32.const 2)) (i32.store (i32.const 0) (i32.const 7)))
         (func (export \"pf_tick\") {body})"
    );
    let mut guest = open(&title(&text)).unwrap();
    assert_eq!([1, 2, 3].map(|_| tick(&mut guest).damage), [Damage::All, Damage::None, Damage::None]);
    assert_eq!(words(guest.picture())[0], 7);
}

#[test]
fn sound_is_played_by_the_tick_and_waits() {
    let body = "(memory.fill (i32.const 0) (i32.const 1) (i32.const 40000))
        (if (i64.eq (call $tick) (i64.const 1)) (then
          (i32.store (i32.const 50000) (call $push (i32.const 0) (i32.const 1000)))))
        (if (i64.eq (call $tick) (i64.const 4)) (then
          (i32.store (i32.const 50000) (call $push (i32.const 0) (i32.const 9999)))))";
    let mut guest = open(&ticking(body)).unwrap();
    let mut heard = || {
        tick(&mut guest);
        guest.audio().iter().filter(|sample| **sample == 0x0101).count() / 2
    };
    assert_eq!([heard(), heard(), heard()], [800, 200, 0]);
    let later: Vec<usize> = (0..14).map(|_| heard()).collect();
    assert_eq!(later.iter().sum::<usize>(), 9_600);
    assert_eq!(later[12], 0);
    assert!(guest.audio().is_empty(), "silence is empty");
}

fn with_player(change: impl FnOnce(&mut TickInput)) -> TickInput {
    let mut input = idle();
    change(&mut input);
    input
}

#[test]
fn pads_tell_what_is_held_and_what_is_new() {
    let mut guest =
        open(&showing("(call $pad (i32.const 1) (i32.const 0)) (i32.store (i32.const 16) (call $players))")).unwrap();
    let input = with_player(|input| {
        let player = &mut input.players[1];
        player.connected = true;
        player.pad.buttons = PadButton::A.bit() | PadButton::Right.bit();
        (player.pad.lx, player.pad.ly, player.pad.rx, player.pad.ry) = (-32_767, 1, 2, 32_767);
        (player.pad.l2, player.pad.r2) = (9, 255);
    });
    guest.tick(&input).unwrap();
    let first = guest.picture().pixels.clone();
    assert_eq!(first[..16], [1, 128, 1, 128, 1, 128, 1, 0, 2, 0, 255, 127, 9, 255, 0, 0]);
    assert_eq!(first[16], 0b11);
    guest.tick(&input).unwrap();
    assert_eq!(guest.picture().pixels[..4], [1, 128, 0, 0]);
}

#[test]
fn keys_tell_what_is_held_and_what_is_new() {
    let mut guest = open(&showing("(call $keys (i32.const 0) (i32.const 0))")).unwrap();
    let one = with_player(|input| input.players[0].keys.set(Key(0x1a), true));
    let two = with_player(|input| input.players[0].keys = [Key(0x1a), Key(0xe1)].into_iter().collect());
    let mut bits = |input: &TickInput| {
        guest.tick(input).unwrap();
        let bytes = &guest.picture().pixels;
        (0..512).filter(|bit| bytes[bit / 8] & (1 << (bit % 8)) != 0).collect::<Vec<_>>()
    };
    assert_eq!(bits(&one), [0x1a, 256 + 0x1a]);
    assert_eq!(bits(&two), [0x1a, 0xe1, 256 + 0xe1]);
    assert_eq!(bits(&idle()), Vec::<usize>::new());
}

#[test]
fn pointers_move_turn_and_press() {
    let mut guest = open(&showing("(call $pointer (i32.const 0) (i32.const 0))")).unwrap();
    let input = with_player(|input| {
        let pointer = &mut input.players[0].pointer;
        (pointer.x, pointer.y, pointer.dx, pointer.dy) = (1, -2, 3, -4);
        (pointer.wheel_x, pointer.wheel_y, pointer.buttons) = (120, -120, 5);
    });
    guest.tick(&input).unwrap();
    assert_eq!(guest.picture().pixels[..16], [1, 0, 254, 255, 3, 0, 252, 255, 120, 0, 136, 255, 5, 5, 0, 0]);
    guest.tick(&input).unwrap();
    assert_eq!(guest.picture().pixels[12..14], [5, 0]);
}

#[test]
fn touches_are_new_once() {
    let body = "(i32.store (i32.const 60) (call $touches (i32.const 0) (i32.const 0) (i32.const 2)))";
    let mut guest = open(&showing(body)).unwrap();
    let mut fingers = |ids: &[u8]| {
        let input = with_player(|input| {
            ids.iter().for_each(|id| input.players[0].touches.push(Touch { id: *id, x: 5, y: -1 }))
        });
        guest.tick(&input).unwrap();
        guest.picture().pixels.clone()
    };
    assert_eq!(fingers(&[7])[..8], [7, 1, 5, 0, 255, 255, 0, 0]);
    let second = fingers(&[7, 9, 11]);
    assert_eq!([&second[..2], &second[8..10], &second[16..18]].concat(), [7, 0, 9, 1, 0, 0]);
    assert_eq!(second[60], 3);
    assert_eq!(fingers(&[])[60], 0);
    assert_eq!(fingers(&[7])[1], 1, "it came again");
}

#[test]
fn text_is_cut_but_its_whole_length_told() {
    let mut guest =
        open(&showing("(i32.store (i32.const 60) (call $text (i32.const 0) (i32.const 0) (i32.const 3)))")).unwrap();
    guest.tick(&with_player(|input| input.players[0].text.push_str("hello"))).unwrap();
    assert_eq!((&guest.picture().pixels[..4], guest.picture().pixels[60]), (&b"hel\0"[..], 5));
    tick(&mut guest);
    assert_eq!(guest.picture().pixels[60], 0);
}

#[test]
fn storage_keeps_finds_and_refuses() {
    // Key "k" at 100, value at 200. What each call returns goes to words 0 to 6.
    let body = "(i32.store8 (i32.const 100) (i32.const 107))
        (i32.store (i32.const 0) (call $read (i32.const 100) (i32.const 1) (i32.const 32) (i32.const 4)))
        (i32.store (i32.const 200) (i32.const 0x04030201))
        (i32.store (i32.const 4) (call $store (i32.const 100) (i32.const 1) (i32.const 200) (i32.const 6)))
        (i32.store (i32.const 8) (call $read (i32.const 100) (i32.const 1) (i32.const 32) (i32.const 3)))
        (i32.store (i32.const 12) (call $store (i32.const 100) (i32.const 1) (i32.const 200) (i32.const 10)))
        (i32.store (i32.const 16) (call $remove (i32.const 100) (i32.const 1)))
        (i32.store (i32.const 20) (call $remove (i32.const 100) (i32.const 1)))
        (i32.store (i32.const 24) (call $store (i32.const 100) (i32.const 1) (i32.const 200) (i32.const 9)))";
    let mut guest = open_with(&showing(body), GuestConfig { storage_limit: 10, ..config() }).unwrap();
    tick(&mut guest);
    let no = u32::MAX;
    assert_eq!(words(guest.picture())[..9], [no, 0, 6, no, 0, no, 0, 0, 0x0003_0201]);
    let value = Some(vec![1, 2, 3, 4, 0, 0, 0, 0, 0]);
    assert_eq!(
        events(&mut guest),
        [GuestEvent::Stored { key: "k".to_owned(), value }],
        "told once, with its last value"
    );
}

#[test]
fn storage_starts_with_what_was_stored() {
    let body = "(i32.store8 (i32.const 100) (i32.const 107))
        (i32.store (i32.const 0) (call $read (i32.const 100) (i32.const 1) (i32.const 4) (i32.const 4)))
        (i32.store (i32.const 8) (call $remove (i32.const 100) (i32.const 1)))";
    let storage = [("k".to_owned(), vec![9, 8])].into();
    let mut guest = open_with(&showing(body), GuestConfig { storage, ..config() }).unwrap();
    tick(&mut guest);
    assert_eq!(words(guest.picture())[..3], [2, 0x0809, 0]);
    assert_eq!(events(&mut guest), [GuestEvent::Stored { key: "k".to_owned(), value: None }]);
}

#[test]
fn moments_and_modes_are_told() {
    let body = "(i32.store8 (i32.const 0) (i32.const 103)) (call $event (i32.const 0) (i32.const 1) (i64.const -5))
        (call $playing (i32.const 3)) (call $playing (i32.const 1))";
    let mut guest = open(&ticking(body)).unwrap();
    let goal = GuestEvent::Timeline { name: "g".to_owned(), value: -5 };
    tick(&mut guest);
    assert_eq!(events(&mut guest), [goal.clone(), GuestEvent::Mode(PlayMode::Menu)]);
    tick(&mut guest);
    assert_eq!(events(&mut guest), [goal]);
}

#[test]
fn starts_run_in_order() {
    let text = "(global $at (mut i32) (i32.const 0))
        (func $note (param $what i32)
          (i32.store (global.get $at) (local.get $what)) (global.set $at (i32.add (global.get $at) (i32.const 4))))
        (func $begin (call $note (i32.const 1))) (start $begin)
        (func (export \"_initialize\") (call $note (i32.const 2)))
        (func (export \"pf_init\") (call $note (i32.const 3)) (call $mode (i32.const 16) (i32.const 1) (i32.const 2)))
        (func (export \"pf_tick\") (call $note (i32.const 4)) (call $present (i32.const 0) (i32.const 64)))";
    let mut guest = open(&title(text)).unwrap();
    tick(&mut guest);
    tick(&mut guest);
    assert_eq!(words(guest.picture())[..6], [1, 2, 3, 4, 4, 0]);
}

#[test]
fn nans_are_the_same_on_every_processor() {
    // 0/0 is negative on x86 and positive on ARM, unless NaNs are made canonical.
    let body = "(f32.store (i32.const 0) (f32.div (f32.load (i32.const 200)) (f32.load (i32.const 200))))
        (f64.store (i32.const 8) (f64.sqrt (f64.sub (f64.load (i32.const 200)) (f64.const 1))))
        (v128.store (i32.const 16) (f32x4.div (v128.load (i32.const 200)) (v128.load (i32.const 200))))";
    let mut guest = open(&showing(body)).unwrap();
    tick(&mut guest);
    let quiet = 0x7fc0_0000;
    assert_eq!(words(guest.picture())[..8], [quiet, 0, 0, 0x7ff8_0000, quiet, quiet, quiet, quiet]);
}
