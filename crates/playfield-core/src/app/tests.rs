//! What must hold of every app: what is declared leaves, and nothing else does.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::time::Time;

const APP: &str = "
id = 'counter'
name = 'Counter'
entry = 'counter.wasm'

[output]
bytes_per_minute = 4096

[output.fields]
count = { kind = 'integer', min = 0, max = 1000 }
speed = { kind = 'number', min = -1, max = 1.5, step = 0.05 }
free = { kind = 'boolean' }
way = { kind = 'choice', of = ['in', 'out'] }
what = { kind = 'label' }
";

fn schema() -> Schema {
    Manifest::parse(APP).unwrap().schema().unwrap()
}

fn labels() -> Vec<String> {
    ["person", "car"].map(str::to_owned).to_vec()
}

fn leaves(said: &str) -> Result<String, Refusal> {
    schema().check(said.as_bytes(), &labels()).map(|value| value.to_string())
}

#[test]
fn what_is_declared_leaves_in_one_form() {
    let check = |said: &str, expect: &str| assert_eq!(leaves(said).as_deref(), Ok(expect), "{said}");
    check(r#"{"count":7,"free":true}"#, r#"{"count":7,"free":true}"#);
    check(r#" { "free" :true , "count":7.0 } "#, r#"{"count":7,"free":true}"#);
    check(r#"{"count":1,"count":7}"#, r#"{"count":7}"#);
    check(r#"{"way":"in","what":"car"}"#, r#"{"way":"in","what":"car"}"#);
    check("{}", "{}");
    check(r#"{"speed":0.05}"#, r#"{"speed":0.05}"#);
    check(r#"{"speed":1}"#, r#"{"speed":1.0}"#);
    check(r#"{"speed":-1.0}"#, r#"{"speed":-1.0}"#);
    check(r#"{"speed":1.5}"#, r#"{"speed":1.5}"#);
}

#[test]
fn digits_beyond_the_step_do_not_leave() {
    let mut seen = BTreeSet::new();
    for nth in 0..20_000 {
        let number = -1.0 + 2.5 * f64::from(nth) / 20_000.0;
        seen.insert(leaves(&format!("{{\"speed\":{number:.17}}}")).unwrap());
    }
    // -1.00, -0.95, ... 1.50
    assert_eq!(seen.len(), 51);
    assert!(seen.iter().all(|text| text.len() <= r#"{"speed":-0.95}"#.len()), "{seen:?}");
}

#[test]
fn what_is_not_declared_is_refused_by_a_code() {
    let check = |said: &str, expect: Refusal| assert_eq!(leaves(said), Err(expect), "{said}");
    for said in ["", "7", "[1]", "\"text\"", "null", "{", r#"{"count":7}{}"#, r#"{"count":NaN}"#, "\u{0}"] {
        check(said, Refusal::NoObject);
    }
    check(&format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000)), Refusal::NoObject);
    check(r#"{"count":7,"text":"hello"}"#, Refusal::Undeclared);
    check(r#"{"Count":7}"#, Refusal::Undeclared);
    check(r#"{"count ":7}"#, Refusal::Undeclared);
    for said in [
        r#"{"count":-1}"#,
        r#"{"count":1001}"#,
        r#"{"count":1.5}"#,
        r#"{"count":1e300}"#,
        r#"{"count":18446744073709551615}"#,
        r#"{"count":"7"}"#,
        r#"{"count":null}"#,
        r#"{"count":{"a":1}}"#,
        r#"{"speed":1.51}"#,
        r#"{"speed":-1.0001}"#,
        r#"{"speed":"fast"}"#,
        r#"{"free":1}"#,
        r#"{"way":"sideways"}"#,
        r#"{"way":"in "}"#,
        r#"{"what":"truck"}"#,
        r#"{"what":1}"#,
    ] {
        check(said, Refusal::Value);
    }
    check(&format!("{{\"count\":7{}}}", " ".repeat(MOST_OBJECT)), Refusal::TooLong);
    let codes: BTreeSet<i32> =
        [Refusal::NoObject, Refusal::Undeclared, Refusal::Value, Refusal::Budget, Refusal::TooLong]
            .map(Refusal::code)
            .into();
    assert_eq!(codes, (-5..=-1).collect());
}

#[test]
fn an_object_is_one_of_as_many_as_its_bits_say() {
    // Each field, or none of it: 1,001 counts, 51 speeds, two answers, two ways, two labels.
    let expect = (1_002f64 * 52.0 * 3.0 * 3.0 * 3.0).log2();
    assert!((schema().bits(2) - expect).abs() < 1e-9);
    let toml = APP.replace("max = 1000", "max = 2").replace("step = 0.05", "step = 1.25");
    let small = Manifest::parse(&toml).unwrap().schema().unwrap();
    let or_none =
        |values: &[&str]| [&["" as &str], values].concat().iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let mut seen = BTreeSet::new();
    for count in or_none(&["\"count\":0", "\"count\":1", "\"count\":2.0"]) {
        for speed in or_none(&["\"speed\":-1", "\"speed\":-0.9", "\"speed\":0.3", "\"speed\":1.5", "\"speed\":1.4999"])
        {
            for free in or_none(&["\"free\":true", "\"free\":false"]) {
                let fields = [&count, &speed, &free].map(String::as_str);
                let fields: Vec<_> = fields.into_iter().filter(|field| !field.is_empty()).collect();
                let said = format!("{{{}}}", fields.join(","));
                seen.insert(small.check(said.as_bytes(), &[]).unwrap().to_string());
            }
        }
    }
    assert_eq!(seen.len(), 4 * 4 * 3);
    assert!((seen.len() as f64).log2() <= small.bits(0));
}

#[test]
fn no_minute_sees_more_than_its_bytes() {
    let mut budget = Budget::new(6_000);
    let mut sent: Vec<(u64, usize)> = Vec::new();
    let mut dice = 7u64;
    // Five minutes, an attempt each 20 ms, of sizes that come as they come.
    for ms in (0..300_000).step_by(20) {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let bytes = (dice >> 56) as usize;
        if budget.take(Time::from_millis(ms), bytes) {
            sent.push((ms, bytes + ENVELOPE as usize));
        }
    }
    let minutes = sent.iter().map(|(begin, _)| {
        sent.iter().filter(|(ms, _)| (*begin..begin + 60_000).contains(ms)).map(|(_, bytes)| bytes).sum::<usize>()
    });
    let most = minutes.max().unwrap();
    assert!((4_500..=6_000).contains(&most), "{most}");
}

#[test]
fn a_clock_that_is_set_back_gives_no_bytes() {
    let mut budget = Budget::new(4_096);
    let minute = Time::from_millis(60_000);
    let all = |budget: &mut Budget, now| (0..1_000).filter(|_| budget.take(now, 0)).count();
    assert_eq!(all(&mut budget, minute), 16);
    assert_eq!(all(&mut budget, Time::ZERO), 0);
    assert_eq!(all(&mut budget, minute), 0);
    assert_eq!(all(&mut budget, Time::from_millis(u64::MAX / 2_000)), 16, "never more than a quarter at once");
}

#[test]
fn an_app_that_ends_again_and_again_is_started_ever_less_often() {
    let mut restarts = Restarts::default();
    let mut now = Time::ZERO;
    let mut waits = Vec::new();
    for _ in 0..9 {
        assert!(restarts.may_start(now));
        restarts.started(now);
        restarts.ended(now);
        let wait = (0..).find(|s| restarts.may_start(now + Duration::from_secs(*s))).unwrap();
        waits.push(wait);
        now = now + Duration::from_secs(wait);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    restarts.started(now);
    now = now + Duration::from_secs(120);
    restarts.ended(now);
    assert!(restarts.may_start(now + Duration::from_secs(1)), "it had run well for two minutes");
    assert_eq!(restarts.count(), 10);
}

#[test]
fn a_wrong_manifest_is_named_by_its_key() {
    let check = |from: &str, to: &str, expect: &str| {
        assert!(APP.contains(from), "{from}");
        let error = Manifest::parse(&APP.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}\n  not: {expect}");
    };
    check("id = 'counter'", "id = 'Counter'", "`id` must be");
    check("'counter.wasm'", "'../counter.wasm'", "`entry` must be");
    check("4096", "100", "`output.bytes_per_minute` must be");
    check("name = 'Counter'", "name = 'Counter'\nlimits = { memory_mb = 65 }", "`limits.memory_mb` must be");
    check("name = 'Counter'", "name = 'Counter'\nlimits = { tick_ms = 0 }", "`limits.tick_ms` must be");
    check("name = 'Counter'", "name = 'Counter'\ncolour = 'red'", "unknown field `colour`");
    check("count =", "'Count it' =", "`output.fields.Count it` must be named by");
    check("max = 1000", "max = -1", "`output.fields.count` needs min < max");
    check("max = 1000", "max = 9000000000", "`output.fields.count` needs min < max");
    check("step = 0.05", "step = 0", "`output.fields.speed` needs min < max");
    check("step = 0.05", "step = 0.00000005", "a step of at most 6 decimals");
    check("max = 1.5", "max = inf", "`output.fields.speed` needs");
    check("max = 1.5", "max = nan", "`output.fields.speed` needs");
    check("['in', 'out']", "['in', 'in']", "`output.fields.way` needs 1 to 64 words, none twice");
    check("['in', 'out']", "['In']", "`output.fields.way` needs");
    check("'label' }", "'text' }", "unknown variant `text`");
    check("'label' }", "'label', most = 5 }", "unknown field `most`");
    let none = &APP[..APP.find("count =").unwrap()];
    assert!(Manifest::parse(none).unwrap_err().to_string().contains("must declare 1 to 32 fields"));
}

#[test]
fn a_minute_is_bounded_in_bits() {
    let manifest = Manifest::parse(APP).unwrap();
    assert_eq!(manifest.objects_per_minute(), 62);
    let bits = manifest.bits_per_minute(2, 900).unwrap();
    // 62 objects of 20.4 bits, each of one of 900 pictures (9.8 bits) and at most two pictures late (1.8 bits), and how many there
    // were (6 bits): 250 bytes.
    assert!((1_980.0..2_010.0).contains(&bits), "{bits}");
}

#[test]
fn numbers_an_app_has_a_hand_in_are_told_roughly() {
    let told: BTreeSet<u32> = (0..100_000).map(coarse).collect();
    assert_eq!(told, BTreeSet::from([0, 1, 10, 100, 1_000]));
}

#[test]
fn groups_tell_titles_from_apps() {
    let groups = |names: &[&str]| names.iter().map(|name| format!("playfield:{name}@1")).collect::<Vec<_>>();
    assert!(refuse_title(&groups(&["host", "video"])).is_none());
    assert!(refuse_title(&groups(&["video", "infer"])).unwrap().contains("`playfield:infer@1`"));
    assert!(refuse_app(&groups(&["host", "log", "camera", "infer"])).is_none());
    for other in ["video", "audio", "input", "storage", "timeline"] {
        let why = refuse_app(&groups(&["camera", other])).unwrap();
        assert!(why.contains(&format!("`playfield:{other}@1`")), "{why}");
    }
    assert!(is_app(&groups(&["camera"])) && !is_app(&groups(&["host"])));
}
