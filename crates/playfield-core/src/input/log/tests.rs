use super::*;
use crate::input::{Key, PadButton, PlayerInput, Pointer, Touch};

fn at(log: &str, frame: u64) -> PlayerInput {
    InputLog::parse(log).unwrap().cursor().at(frame).players[0].clone()
}

#[test]
fn parts_stay_until_they_are_given_again() {
    let log = r#"{"playfield":1,"seed":7}
{"frame":30,"player":0,"pad":["a","left"]}

{"frame":31,"pad":["a"],"lx":-0.5}
{"frame":31,"mouse":{"x":80,"y":70,"dx":3,"wheel":120,"buttons":["left"]}}
{"frame":40,"keys":["KeyW"],"touch":[{"id":3,"x":1,"y":2}]}
{"frame":41,"text":"hi","mouse":{"x":81}}
{"frame":50,"pad":[],"keys":[],"touch":[]}
"#;
    assert_eq!(InputLog::parse(log).unwrap().seed, 7);
    assert_eq!(at(log, 29), PlayerInput { connected: true, ..PlayerInput::default() });
    assert_eq!(at(log, 30).pad.buttons, PadButton::A.bit() | PadButton::Left.bit());
    let third = at(log, 31);
    assert_eq!((third.pad.buttons, third.pad.lx), (PadButton::A.bit(), -16_384));
    assert_eq!(third.pointer, Pointer { x: 80, y: 70, dx: 3, wheel_y: 120, buttons: 1, ..Pointer::default() });
    let later = at(log, 41);
    assert_eq!(later.pointer, Pointer { x: 81, y: 70, buttons: 1, ..Pointer::default() });
    assert!(later.keys.contains(Key(0x1a)));
    assert_eq!((later.text.as_str(), later.touches.as_slice()), ("hi", &[Touch { id: 3, x: 1, y: 2 }][..]));
    assert_eq!(at(log, 42).text, "");
    let end = at(log, 60);
    assert_eq!((end.pad.buttons, end.pad.lx, end.touches.as_slice().len()), (0, -16_384, 0));
}

#[test]
fn a_cursor_gives_the_same_forwards_backwards_and_skipping() {
    let log = InputLog::parse(
        "{\"frame\":2,\"text\":\"x\",\"mouse\":{\"dx\":5}}\n{\"frame\":4,\"pad\":[\"b\"]}\n{\"frame\":6,\"pad\":[]}",
    )
    .unwrap();
    let mut cursor = log.cursor();
    for frame in [1, 2, 2, 3, 5, 9, 2, 1, 4] {
        assert_eq!(*cursor.at(frame), *log.cursor().at(frame), "{frame}");
    }
    assert_eq!(log.last_frame(), 6);
}

#[test]
fn players_are_there_from_the_first_line_that_names_them() {
    let log = InputLog::parse("{\"frame\":3,\"player\":2}\n{\"frame\":5,\"player\":2,\"connected\":false}").unwrap();
    let mut cursor = log.cursor();
    let mut there = |frame| cursor.at(frame).players.clone().map(|player| player.connected);
    assert_eq!(there(2), [true, false, false, false]);
    assert_eq!(there(3), [true, false, true, false]);
    assert_eq!(there(5), [true, false, false, false]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let cases = [
        ("{\"frame\":0}", 1, "the first picture is 1"),
        ("{\"frame\":2}\n\n{\"frame\":1}", 3, "frame 1 comes after frame 2"),
        ("{\"frame\":1,\"pda\":[]}", 1, "unknown field `pda`"),
        ("{\"frame\":1,\"mouse\":{\"z\":1}}", 1, "unknown field `z`"),
        ("{\"frame\":1,\"pad\":[\"A\"]}", 1, "no pad button `A`; there are a b x y"),
        ("{\"frame\":1,\"keys\":[\"w\"]}", 1, "no key `w`"),
        ("{\"frame\":1,\"mouse\":{\"buttons\":[\"Left\"]}}", 1, "there are left right middle"),
        ("{\"frame\":1,\"player\":4}", 1, "they are 0 to 3"),
        ("{\"frame\":1,\"lx\":1.5}", 1, "`lx` is 1.5; it is -1 to 1"),
        ("{\"frame\":1,\"l2\":-0.1}", 1, "it is 0 to 1"),
        ("{\"frame\":1,\"mouse\":{\"x\":40000}}", 1, "invalid value"),
        ("{\"pad\":[]}", 1, "missing field `frame`"),
        ("{\"frame\":1}\n{\"playfield\":1}", 2, "unknown field `playfield`"),
        ("{\"playfield\":2}", 1, "version 2"),
        ("{\"playfield\":1,\"sed\":1}", 1, "unknown field `sed`"),
        ("{\"frame\":1", 1, "EOF"),
        ("frame 1", 1, "expected"),
        ("[1]", 1, "expected a JSON object"),
    ];
    for (log, line, problem) in cases {
        let error = InputLog::parse(log).unwrap_err();
        assert_eq!(error.line, line, "{log}");
        assert!(error.problem.contains(problem), "{log}: {error}");
    }
    let deep = format!("{{\"frame\":1,\"pad\":{}", "[".repeat(100_000));
    InputLog::parse(&deep).unwrap_err();
}

/// A small generator, so that the test needs no crate.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn axis(&mut self) -> i16 {
        (self.roll(65_535) as i32 - 32_767) as i16
    }

    fn change(&mut self, player: &mut PlayerInput) {
        let pointer = &mut player.pointer;
        (pointer.dx, pointer.dy, pointer.wheel_x, pointer.wheel_y) = (0, 0, 0, 0);
        player.text.clear();
        match self.roll(12) {
            0 => player.connected = !player.connected,
            1 => player.pad.buttons = self.roll(65_536) as u16,
            2 => (player.pad.lx, player.pad.ry) = (self.axis(), self.axis()),
            3 => (player.pad.ly, player.pad.rx) = (-32_767, 32_767),
            4 => (player.pad.l2, player.pad.r2) = (self.roll(256) as u8, self.roll(256) as u8),
            5 => player.keys.set(Key(4 + self.roll(26) as u8), self.roll(2) == 0),
            6 => (pointer.x, pointer.y, pointer.buttons) = (self.axis(), self.axis(), self.roll(32) as u8),
            7 => (pointer.dx, pointer.wheel_y) = (self.axis(), 120),
            8 => player.touches.push(Touch { id: self.roll(256) as u8, x: self.axis(), y: self.axis() }),
            9 => player.touches = Default::default(),
            10 => player.text.push_str("ä\"\n"),
            _ => {}
        }
    }
}

#[test]
fn what_is_recorded_reads_back_the_same() {
    let mut dice = Dice(1);
    let (mut input, mut inputs, mut text) = (TickInput::default(), Vec::new(), String::new());
    let mut recorder = Recorder::new(u64::MAX, 1_700_000_000_000, &mut text);
    for frame in 1..=2_000 {
        input.players.iter_mut().for_each(|player| dice.change(player));
        recorder.record(frame, &input, &mut text);
        inputs.push(input.clone());
    }
    let log = InputLog::parse(&text).unwrap();
    assert_eq!((log.seed, log.start_unix_ms), (u64::MAX, 1_700_000_000_000));
    let mut cursor = log.cursor();
    for (frame, input) in (1..).zip(&inputs) {
        assert_eq!(cursor.at(frame), input, "frame {frame}");
    }
}

#[test]
fn every_position_of_a_stick_survives() {
    let mut text = String::new();
    let mut recorder = Recorder::new(0, 0, &mut text);
    let mut input = TickInput::default();
    input.players[0].connected = true;
    for (frame, lx) in (1..).zip(-32_767..=32_767) {
        input.players[0].pad.lx = lx;
        recorder.record(frame, &input, &mut text);
    }
    let log = InputLog::parse(&text).unwrap();
    let mut cursor = log.cursor();
    assert!((1..).zip(-32_767..=32_767).all(|(frame, lx)| cursor.at(frame).players[0].pad.lx == lx));
}

#[test]
fn nothing_new_needs_no_line() {
    let mut text = String::new();
    let mut recorder = Recorder::new(0, 0, &mut text);
    let mut input = TickInput::default();
    input.players[0].connected = true;
    recorder.record(1, &input, &mut text);
    input.players[0].pointer.dx = 4;
    recorder.record(2, &input, &mut text);
    input.players[0].pointer.dx = 0;
    recorder.record(3, &input, &mut text);
    assert_eq!(text, "{\"playfield\":1,\"seed\":0}\n{\"frame\":2,\"mouse\":{\"dx\":4}}\n");
}
