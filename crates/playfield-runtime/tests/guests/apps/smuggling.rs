//! An app that may see pixels and wants to take them out. It tries everything that it controls; what leaves is counted in bits, and
//! is no more than its manifest lets it be, whatever it saw.

use std::collections::BTreeSet;

use playfield_core::app::{AppState, AppStatus, ENVELOPE, coarse};

use super::*;

const SECOND_PICTURES: u64 = 15;
const MINUTE: u64 = 60 * SECOND_PICTURES;

/// What the thief declares: it would like these to be wider than they are.
const THIEF: &str = "
level = { kind = 'number', min = 0, max = 1, step = 0.25 }
count = { kind = 'integer', min = 0, max = 9 }
free = { kind = 'boolean' }
way = { kind = 'choice', of = ['in', 'out'] }
class = { kind = 'label' }";

fn declared() -> Manifest {
    let mut manifest = manifest(THIEF, "pixels = true");
    manifest.output.bytes_per_minute = 8_192;
    manifest
}

/// A text at a place of the app's memory.
struct Texts {
    data: String,
    next: usize,
}

impl Texts {
    fn put(&mut self, text: &str) -> (usize, usize) {
        let at = self.next;
        self.next += text.len() + 8;
        self.data.push_str(&format!("(data (i32.const {at}) \"{}\")\n", text.replace('"', "\\\"")));
        (at, text.len())
    }
}

/// Takes a small picture to 65536, and then does `body` with the texts it says. `$bits` is the picture's next four bytes.
fn thief(texts: Texts, body: &str) -> Vec<u8> {
    app(&format!(
        "{}
        (global $at (mut i32) (i32.const 0))
        (func $bits (result i32)
          (global.set $at (i32.rem_u (i32.add (global.get $at) (i32.const 4)) (i32.const 9216)))
          (i32.load (i32.add (i32.const 65536) (global.get $at))))
        ;; Nine digits of the picture.
        (func $poke (param $to i32) (drop (call $digits
          (i64.add (i64.const 100000000) (i64.rem_u (i64.extend_i32_u (call $bits)) (i64.const 800000000))) (i32.add (local.get $to) (i32.const 9)))))
        (func $try (param $at i32) (param $len i32) (drop (call $emit (local.get $at) (local.get $len))))
        (func $body {body})
        (func (export \"pf_tick\")
          (if (call $pixels (i32.const 65536) (i32.const 64) (i32.const 36)) (then unreachable))
          (call $body))",
        texts.data
    ))
}

/// Everything that leaves in two minutes of pictures that this secret makes.
fn leaves(wasm: &[u8], secret: u64) -> Vec<Report> {
    let mut app = beside(wasm, declared(), true);
    let mut reports = Vec::new();
    for nth in 0..2 * MINUTE {
        let mut dice = secret.wrapping_add(nth);
        let mut next = move || {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            dice as u8
        };
        let bytes: Vec<u8> = (0..64 * 36 * 4).map(|_| next()).collect();
        reports.extend(app.see(view_of(nth * 1_000 / SECOND_PICTURES, |at| bytes[at])).reports);
    }
    reports
}

/// Counts what left: each object must be one of those that were declared, in its one form; what is told of the app itself must be one
/// of a few things. Returns the bits of the fuller minute.
fn count_bits(reports: &[Report]) -> f64 {
    let manifest = declared();
    let schema = manifest.schema().unwrap();
    let mut objects = [0u32; 2];
    let mut bytes = [0usize; 2];
    let mut states: Vec<&AppStatus> = Vec::new();
    for report in reports {
        match report {
            Report::Emitted(emitted) => {
                let text = emitted.value.to_string();
                assert_eq!(schema.check(text.as_bytes(), &labels()).unwrap().to_string(), text, "it has one form");
                let minute = ((emitted.time_ms - 1_000_000) / 60_000) as usize;
                objects[minute] += 1;
                bytes[minute] += text.len() + ENVELOPE as usize;
                assert_eq!(emitted.app, "test");
            }
            Report::App(status) => states.push(status),
            other => panic!("an app said {other:?}"),
        }
    }
    let budget = manifest.output.bytes_per_minute as usize;
    assert!(bytes.iter().all(|bytes| *bytes <= budget), "{bytes:?}");
    // Of the app itself: bytes are those of what left; the rest is one of so few that they are named here.
    let sentences = [None, Some("it crashed"), Some("a picture took it longer than its 100 ms")];
    let told: BTreeSet<u32> = (0..9_999).map(coarse).collect();
    for status in &states {
        assert!(sentences.contains(&status.detail.as_deref()), "{status:?}");
        assert!(told.contains(&status.refused) && status.bytes as usize <= 2 * budget, "{status:?}");
        assert!([AppState::Running, AppState::Waiting].contains(&status.state), "{status:?}");
    }
    let ends = states.last().map_or(0, |status| status.restarts);
    assert!(ends <= 8, "at most six ends in the first minute, one in each further one: {ends}");
    let pictures = f64::from(MINUTE as u32).log2();
    let most = f64::from(objects[0].max(objects[1]));
    let said = most * (schema.bits(2) + pictures) + (most + 1.0).log2();
    // An end: at which picture, and by which of two faults. A step of the refusals: at which picture.
    said + f64::from(ends) * (pictures + 1.0) + 4.0 * pictures
}

/// What the thief can take, in bits, for any picture: as much for one as for another.
fn check(name: &str, wasm: &[u8]) -> f64 {
    let manifest = declared();
    let bound = manifest.bits_per_minute(2, MINUTE as u32).unwrap() + 8.0 * 11.0 + 4.0 * 10.0;
    let counted = [1, 0xdead_beef, u64::MAX / 3].map(|secret| count_bits(&leaves(wasm, secret)));
    let most = counted.into_iter().fold(0.0, f64::max);
    assert!(most <= bound, "{name}: {most} bits in a minute, {bound} at most");
    most
}

/// In one minute the camera took 900 pictures of this many bytes.
const PICTURE_BITS: f64 = (640 * 360 * 3 * 8) as f64;

fn texts() -> Texts {
    Texts { data: String::new(), next: 2_048 }
}

#[test]
fn digits_beyond_the_step_carry_nothing() {
    let mut texts = texts();
    let (at, len) = texts.put("{\"level\":0.5012345678,\"count\":7.000}");
    let body = format!("(call $poke (i32.const {})) (call $try (i32.const {at}) (i32.const {len}))", at + 12);
    let wasm = thief(texts, &body);
    check("digits", &wasm);
    let seen: BTreeSet<String> = leaves(&wasm, 5).iter().filter_map(value).collect();
    assert_eq!(seen, BTreeSet::from(["{\"count\":7,\"level\":0.5}".to_owned()]), "all its digits came to one object");
}

fn value(report: &Report) -> Option<String> {
    match report {
        Report::Emitted(emitted) => Some(emitted.value.to_string()),
        _ => None,
    }
}

#[test]
fn the_order_of_fields_spaces_and_repeated_keys_carry_nothing() {
    let mut texts = texts();
    let said = [
        "{\"free\":true,\"count\":3}",
        "{\"count\":3,\"free\":true}",
        "{ \"count\" : 3 , \"free\" : true }",
        "{\"count\":8,\"free\":true,\"count\":3}",
        "{\"count\":3e0,\"free\":true}",
        "{\"\\u0063ount\":3,\"free\":true}",
    ];
    // Backslashes are the module text's own, too.
    let places: Vec<_> = said.map(|text| (texts.put(&text.replace('\\', "\\\\")).0, text.len())).to_vec();
    let tries: String = places
        .iter()
        .enumerate()
        .map(|(nth, (at, len))| {
            format!(
                "(if (i32.eq (i32.rem_u (call $bits) (i32.const 6)) (i32.const {nth})) (then (call $try (i32.const {at}) (i32.const {len}))))"
            )
        })
        .collect();
    let wasm = thief(texts, &tries);
    check("forms", &wasm);
    let seen: BTreeSet<String> = leaves(&wasm, 5).iter().filter_map(value).collect();
    assert_eq!(seen, BTreeSet::from(["{\"count\":3,\"free\":true}".to_owned()]));
}

#[test]
fn fields_and_words_of_its_own_do_not_leave() {
    let mut texts = texts();
    let said = [
        "{\"pixels\":\"123456789\"}",
        "{\"count\":3,\"note\":123456789}",
        "{\"way\":\"123456789\"}",
        "{\"class\":\"123456789\"}",
        "{\"count\":123456789}",
        "{\"123456789\":1}",
        "{\"free\":\"123456789\"}",
        "{\"count\":{\"a\":123456789}}",
        "{\"level\":[0.123456789]}",
        "[123456789]",
    ];
    let mut body = String::new();
    for text in said {
        let (at, len) = texts.put(text);
        let digits = at + text.find("123456789").unwrap();
        body += &format!("(call $poke (i32.const {digits})) (call $try (i32.const {at}) (i32.const {len}))\n");
    }
    // The picture itself, too.
    body += "(call $try (i32.const 65536) (i32.const 4096))";
    let wasm = thief(texts, &body);
    check("words", &wasm);
    assert_eq!(leaves(&wasm, 5).iter().filter_map(value).count(), 0, "nothing of it left");
}

#[test]
fn how_often_and_when_it_speaks_stays_within_the_budget() {
    let mut texts = texts();
    let (at, _) = texts.put("{}");
    let body = format!(
        "(local $n i32) (local.set $n (i32.rem_u (call $bits) (i32.const 40)))
         (loop $on (call $try (i32.const {at}) (i32.const 2))
           (br_if $on (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))"
    );
    let bits = check("counts", &thief(texts, &body));
    assert!(bits / 8.0 < 400.0 && bits < PICTURE_BITS / 1_000.0, "{bits}");
}

#[test]
fn lines_of_its_log_stay_on_the_device() {
    let body = "(call $note (i32.const 65536) (i32.const 4096))";
    let wasm = thief(texts(), body);
    check("lines", &wasm);
    let reports = leaves(&wasm, 5);
    assert!(
        reports.iter().all(|report| matches!(report, Report::App(status) if status.state == AppState::Running)),
        "{reports:?}"
    );
}

#[test]
fn faults_say_next_to_nothing() {
    // Which fault, when, and with which number in its sentence.
    let body = "(if (i32.eqz (i32.rem_u (call $bits) (i32.const 3))) (then (call $log (call $bits) (i32.const 0) (i32.const 0))))
        (if (i32.eqz (i32.rem_u (call $bits) (i32.const 3))) (then (drop (call $emit (call $bits) (call $bits)))))
        (if (i32.eqz (i32.rem_u (call $bits) (i32.const 3))) (then unreachable))";
    let bits = check("faults", &thief(texts(), body));
    assert!(bits < 150.0, "{bits}");
}

#[test]
fn all_of_it_at_once_is_a_thousandth_of_a_picture() {
    let mut texts = texts();
    let mut body = String::new();
    for text in [
        "{\"count\":5,\"level\":0.123456789}",
        "{\"free\":true,\"note\":123456789}",
        "{\"way\":\"in\",\"count\":123456789}",
    ] {
        let (at, len) = texts.put(text);
        let digits = at + text.find("123456789").unwrap();
        body += &format!("(call $poke (i32.const {digits})) (call $try (i32.const {at}) (i32.const {len}))\n");
    }
    let (at, len) = texts.put("{\"count\":0,\"level\":0.00,\"free\":false,\"way\":\"in\",\"class\":\"car\"}");
    // Honest values that tell all they can: a digit, and a quarter.
    body += &format!(
        "(i32.store8 (i32.const {}) (i32.add (i32.const 48) (i32.rem_u (call $bits) (i32.const 10))))
         (i32.store8 (i32.const {}) (i32.add (i32.const 48) (i32.rem_u (call $bits) (i32.const 10))))
         (call $try (i32.const {at}) (i32.const {len}))
         (call $note (i32.const 65536) (i32.const 4096))
         (if (i32.eqz (i32.rem_u (call $bits) (i32.const 400))) (then unreachable))",
        at + 9,
        at + 21
    );
    let bits = check("all", &thief(texts, &body));
    assert!(bits < PICTURE_BITS / 1_000.0, "{bits} bits in a minute");
}
