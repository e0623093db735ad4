//! What rules do, as lists of what happens and what follows.

use serde_json::{Value, json};

use super::*;
use crate::id::{DeviceId, RuleId};

/// Monday, the second of November 2026, 00:00 UTC.
const MONDAY_MS: u64 = 1_793_577_600_000;
const HOUR_MS: u64 = 3_600_000;
const LABELS: [&str; 3] = ["person", "car", "dog"];

fn labels() -> Vec<String> {
    LABELS.map(str::to_owned).to_vec()
}

fn device(number: u8) -> DeviceId {
    DeviceId::from_entropy([number; 16])
}

fn rule(changes: Value) -> Rule {
    let mut all = json!({"name": "r", "cool_down_s": 0, "when": {"event": "enter"}, "actions": [{"do": "mqtt"}]});
    for (key, value) in changes.as_object().unwrap() {
        all[key] = value.clone();
    }
    let rule: Rule = serde_json::from_value(all).unwrap();
    rule.check().unwrap();
    rule
}

fn rules(all: impl IntoIterator<Item = Value>) -> Rules {
    let mut rules = Rules::default();
    let known =
        |(number, changes)| Known { id: RuleId::from_entropy([number as u8; 16]), rule: rule(changes), since_ms: 0 };
    rules.set(all.into_iter().enumerate().map(known).collect());
    rules
}

fn event(what: Value) -> Event {
    let mut all = json!({"time_ms": 1});
    for (key, value) in what.as_object().unwrap() {
        all[key] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn thing(class: u16) -> Value {
    json!({"track": 1, "class": class, "at": {"x": 0.5, "y": 0.5}, "zones": [], "moves": true, "speed_mps": 3.0})
}

fn enter(class: u16) -> Event {
    event(json!({"event": "enter", "zone": "gate", "thing": thing(class)}))
}

#[test]
fn a_rule_asks_what_happened_where_and_by_what() {
    let cross = event(json!({"event": "cross", "line": "door", "direction": "in", "thing": thing(0)}));
    let crowd = event(json!({"event": "crowd", "zone": "gate", "begins": true, "count": 5,
        "counts": [{"class": 0, "in": 9, "out": 6, "now": 3}, {"class": 1, "in": 2, "out": 0, "now": 2}]}));
    let count = event(json!({"event": "count", "place": "door", "counts": [{"class": 0, "in": 9, "out": 6}]}));
    let dwell = event(json!({"event": "dwell", "zone": "gate", "entered_ms": 1, "seconds": 30.0, "thing": thing(0)}));
    let absent = event(json!({"event": "absent", "zone": "gate", "begins": false, "seconds": 90.0}));
    let speed = event(json!({"event": "speed", "zone": "gate", "limit_mps": 2.0, "thing": thing(1)}));
    let route = event(json!({"event": "route", "from": "a", "to": "b", "seconds": 4.0, "thing": thing(1)}));
    let gap = event(json!({"event": "gap", "seconds": 60.0}));
    for (when, event, fires) in [
        (json!({"event": "cross"}), &cross, true),
        (json!({"event": "enter"}), &cross, false),
        (json!({"event": "cross", "place": "door", "direction": "in", "classes": ["person"]}), &cross, true),
        (json!({"event": "cross", "place": "gate"}), &cross, false),
        (json!({"event": "cross", "direction": "out"}), &cross, false),
        (json!({"event": "cross", "classes": ["car", "dog"]}), &cross, false),
        (json!({"event": "cross", "classes": [0]}), &cross, true),
        (json!({"event": "cross", "classes": ["bear"]}), &cross, false),
        (json!({"event": "crowd"}), &crowd, true),
        (json!({"event": "crowd", "begins": false}), &crowd, false),
        (json!({"event": "crowd", "at_least": 5}), &crowd, true),
        (json!({"event": "crowd", "at_least": 5, "classes": ["person"]}), &crowd, false),
        (json!({"event": "crowd", "at_least": 3, "classes": ["person"]}), &crowd, true),
        (json!({"event": "count", "at_least": 15}), &count, true),
        (json!({"event": "count", "at_least": 16}), &count, false),
        (json!({"event": "dwell", "at_least": 30}), &dwell, true),
        (json!({"event": "dwell", "at_least": 31}), &dwell, false),
        (json!({"event": "absent"}), &absent, false),
        (json!({"event": "absent", "begins": false, "at_least": 60}), &absent, true),
        (json!({"event": "absent", "begins": false, "classes": ["person"]}), &absent, false),
        (json!({"event": "speed", "at_least": 2.5, "classes": ["car"]}), &speed, true),
        (json!({"event": "speed", "at_least": 3.5}), &speed, false),
        (json!({"event": "route", "place": "b"}), &route, true),
        (json!({"event": "route", "place": "a"}), &route, false),
        (json!({"event": "gap", "at_least": 60}), &gap, true),
    ] {
        let fired = rules([json!({"when": when})]).handle(5, &device(1), &labels(), event);
        assert_eq!(fired.len() == 1, fires, "{when} and {event:?}");
    }
}

#[test]
fn a_rule_is_for_the_cameras_that_it_names() {
    for (devices, fires) in [(json!(["*"]), true), (json!([device(1)]), true), (json!([device(2)]), false)] {
        let fired = rules([json!({"devices": devices})]).handle(5, &device(1), &labels(), &enter(0));
        assert_eq!(fired.len() == 1, fires, "{devices}");
    }
    let off = rules([json!({"enabled": false})]).handle(5, &device(1), &labels(), &enter(0));
    assert_eq!(off, []);
}

/// Seconds at which people enter before a camera, and those of them at which the rule fires.
fn check_times(changes: Value, enters_s: &[u64], fires_s: &[u64]) {
    let mut rules = rules([changes.clone()]);
    let fired = enters_s.iter().filter(|at| !rules.handle(**at * 1_000, &device(1), &labels(), &enter(0)).is_empty());
    assert_eq!(fired.copied().collect::<Vec<_>>(), fires_s, "{changes}");
}

#[test]
fn a_rule_rests_after_it_fired() {
    check_times(json!({"cool_down_s": 0}), &[0, 0, 1], &[0, 0, 1]);
    check_times(json!({"cool_down_s": 60}), &[0, 1, 59, 60, 61, 200], &[0, 60, 200]);
}

#[test]
fn so_many_within_so_long_fire_once() {
    let three = json!({"when": {"event": "enter", "times": 3, "within_s": 10}});
    check_times(three.clone(), &[0, 5, 10], &[10]);
    check_times(three.clone(), &[0, 5, 11, 12], &[12]);
    check_times(three, &[0, 1, 2, 3, 4, 5], &[2, 5]);
    let rests = json!({"cool_down_s": 10, "when": {"event": "enter", "times": 2, "within_s": 100}});
    check_times(rests, &[0, 1, 2, 10, 11, 12], &[1, 12]);
}

#[test]
fn a_clock_that_was_set_back_does_not_silence_a_rule() {
    check_times(json!({"cool_down_s": 60}), &[1_000, 10, 20, 70], &[1_000, 10, 70]);
}

#[test]
fn each_camera_rests_and_counts_on_its_own() {
    let mut rules = rules([json!({"cool_down_s": 60, "when": {"event": "enter", "times": 2, "within_s": 9}})]);
    let mut fires = |at, number| !rules.handle(at, &device(number), &labels(), &enter(0)).is_empty();
    assert_eq!([fires(0, 1), fires(1, 2), fires(2, 1), fires(3, 2), fires(4, 1)], [false, false, true, true, false]);
}

#[test]
fn hours_are_those_of_the_clock_that_the_rule_names() {
    let weekend = json!(["sat", "sun"]);
    for (hours, at_h, holds) in [
        (json!({}), 0.0, true),
        (json!({"from": "08:00", "to": "17:00"}), 7.99, false),
        (json!({"from": "08:00", "to": "17:00"}), 8.0, true),
        (json!({"from": "08:00", "to": "17:00"}), 16.99, true),
        (json!({"from": "08:00", "to": "17:00"}), 17.0, false),
        (json!({"from": "08:00", "to": "17:00", "utc_offset": "+02:00"}), 6.0, true),
        (json!({"from": "08:00", "to": "17:00", "utc_offset": "-05:30"}), 13.0, false),
        (json!({"from": "08:00", "to": "17:00", "utc_offset": "-05:30"}), 13.5, true),
        (json!({"from": "22:00", "to": "06:00"}), 23.0, true),
        (json!({"from": "22:00", "to": "06:00"}), 5.0, true),
        (json!({"from": "22:00", "to": "06:00"}), 6.0, false),
        (json!({"days": ["mon"], "from": "22:00", "to": "06:00"}), 5.0, false),
        (json!({"days": ["mon"], "from": "22:00", "to": "06:00"}), 24.0 + 5.0, true),
        (json!({"days": ["sun"], "from": "22:00", "to": "06:00"}), 5.0, true),
        (json!({"days": weekend}), 0.0, false),
        (json!({"days": weekend}), 5.0 * 24.0, true),
        (json!({"days": weekend, "utc_offset": "-01:00"}), 0.0, true),
        (json!({"from": "12:00", "to": "12:00"}), 11.0, true),
    ] {
        let schedule: Schedule = serde_json::from_value(hours.clone()).unwrap();
        let at_ms = MONDAY_MS + (at_h * HOUR_MS as f64) as u64;
        assert_eq!(schedule.holds(at_ms), holds, "{hours} at {at_h}");
        assert_eq!(serde_json::from_value::<Schedule>(json!(schedule)).unwrap(), schedule, "{hours} survives");
    }
    assert!(Schedule::default().holds(0) && Schedule::default().holds(u64::MAX), "no time is a panic");
}

#[test]
fn what_was_before_a_rule_does_not_concern_it() {
    let mut rules = Rules::default();
    let id = RuleId::from_entropy([1; 16]);
    rules.set(vec![Known { id, rule: rule(json!({})), since_ms: 100 }]);
    let fired: Vec<_> = [99, 100].map(|at| rules.handle(at, &device(1), &labels(), &enter(0)).len()).into();
    assert_eq!(fired, [0, 1]);
}

#[test]
fn a_rule_that_stays_keeps_what_it_saw_and_a_changed_one_does_not() {
    let known = |cool_down| Known {
        id: RuleId::from_entropy([1; 16]),
        rule: rule(json!({"cool_down_s": cool_down})),
        since_ms: 0,
    };
    let mut rules = Rules::default();
    rules.set(vec![known(60)]);
    let fires = |rules: &mut Rules, at| rules.handle(at, &device(1), &labels(), &enter(0)).len();
    assert_eq!(fires(&mut rules, 0), 1);
    rules.set(vec![known(60)]);
    assert_eq!(fires(&mut rules, 1), 0, "it rests");
    rules.set(vec![known(61)]);
    assert_eq!((fires(&mut rules, 2), rules.memory_ms()), (1, 61_000));
}

#[test]
fn told_again_it_is_where_it_was() {
    let all = || rules([json!({"cool_down_s": 5}), json!({"when": {"event": "enter", "times": 3, "within_s": 20}})]);
    let mut sim = crate::sim::Random::new(7);
    let story: Vec<(u64, u8)> = (0..200).map(|n| (n * 1_000 + sim.below(900), sim.below(3) as u8)).collect();
    let mut one = all();
    let whole: Vec<Vec<Firing>> =
        story.iter().map(|(at, number)| one.handle(*at, &device(*number), &labels(), &enter(0))).collect();
    assert!(whole.iter().any(|fired| fired.len() == 2), "both fire");
    for stopped in [60, 100, 101, 150] {
        // It was stopped there, and is told the last 20 s again, with who fired last.
        let mut two = all();
        let again = stopped - 25;
        for firing in whole[..again].iter().flatten() {
            two.fired(&firing.rule, &firing.device, firing.at_ms);
        }
        for at in again..stopped {
            let (at_ms, number) = story[at];
            two.remember(at_ms, &device(number), &labels(), &enter(0));
            whole[at].iter().for_each(|firing| two.fired(&firing.rule, &firing.device, firing.at_ms));
        }
        for at in stopped..story.len() {
            let fired = two.handle(story[at].0, &device(story[at].1), &labels(), &enter(0));
            assert!(fired == whole[at], "stopped at {stopped}, event {at}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_rule_is_said() {
    let button = json!({"do": "input", "title": "pong", "button": "up", "hold_ms": 100});
    let with = |key: &str, value: Value| {
        let mut action = button.clone();
        action[key] = value;
        json!({"actions": [action]})
    };
    let steers = |action: Value| json!({"when": {"event": "present"}, "actions": [action]});
    for (changes, says) in [
        (json!({"name": " "}), "`name`: must be 1 to 80"),
        (json!({"name": "a\nb"}), "`name`"),
        (json!({"devices": []}), "`devices`: must be 1 to 64"),
        (json!({"devices": ["dev-1"]}), "`dev-1` is no id of a camera"),
        (json!({"cool_down_s": 90_000}), "`cool_down_s`"),
        (json!({"actions": []}), "`actions`: must be 1 to 8"),
        (json!({"when": {"event": "enter", "direction": "in"}}), "only `cross` has one"),
        (json!({"when": {"event": "enter", "begins": false}}), "begin and end"),
        (json!({"when": {"event": "enter", "at_least": 3}}), "say how often with `times`"),
        (json!({"when": {"event": "dwell", "at_least": -1}}), "a number from 0"),
        (json!({"when": {"event": "enter", "times": 2}}), "`when.within_s`: is needed"),
        (json!({"when": {"event": "enter", "times": 0}}), "`when.times`: must be 1 to 1000"),
        (json!({"when": {"event": "enter", "within_s": 0}}), "`when.within_s`: must be 1 to 86400"),
        (json!({"when": {"event": "gap", "place": "door"}}), "whole picture"),
        (json!({"actions": [{"do": "webhook", "url": "ftp://x"}]}), "`actions[0].url`: must begin with https://"),
        (json!({"actions": [{"do": "webhook", "url": "https:///x"}]}), "and a host"),
        (json!({"actions": [{"do": "webhook", "url": "https://a:b@c/x"}]}), "must not carry a name"),
        (json!({"actions": [{"do": "mqtt", "topic": "a/+"}]}), "without `+` and `#`"),
        (json!({"actions": [{"do": "mail", "to": []}]}), "1 to 16 addresses"),
        (json!({"actions": [{"do": "mail", "to": ["a@b, c@d"]}]}), "is no address"),
        (json!({"actions": [{"do": "mail", "to": ["a@b\r\nDATA"]}]}), "is no address"),
        (json!({"actions": [{"do": "mail", "to": ["a@b"], "subject": "x\r\ny"}]}), "on one line"),
        (json!({"actions": [{"do": "steer", "title": "pong", "axis": "lx"}]}), "say `present`"),
        (json!({"when": {"event": "present"}}), "it can only `steer`"),
        (json!({"when": {"event": "present", "times": 2, "within_s": 5}}), "does not happen so often"),
        (json!({"when": {"event": "present", "at_least": 2}}), "no number"),
        (steers(json!({"do": "steer", "title": "pong"})), "say `axis` or `buttons`"),
        (steers(json!({"do": "steer", "axis": "lx"})), "say `title` or `session`"),
        (steers(json!({"do": "steer", "title": "pong", "axis": "lz"})), "no such button or axis"),
        (steers(json!({"do": "steer", "title": "pong", "axis": "lx", "player": 4})), "must be 0 to 3"),
        (with("session", json!("ses-0000000000000000")), "say `title` or `session`"),
        (with("axis", json!("lx")), "say `button` or `axis`"),
        (with("button", json!("fire")), "no such button"),
        (with("player", json!(4)), "must be 0 to 3"),
        (with("hold_ms", json!(0)), "must be 16 to 10000"),
        (with("value", json!(1)), "belongs to `axis`"),
    ] {
        let mut all = json!({"name": "r", "when": {"event": "enter"}, "actions": [{"do": "mqtt"}]});
        for (key, value) in changes.as_object().unwrap() {
            all[key] = value.clone();
        }
        let error = serde_json::from_value::<Rule>(all).unwrap().check().unwrap_err().to_string();
        assert!(error.contains(says), "{changes}: {error}");
    }
    for (text, says) in [
        (
            r#"{"name": "r", "when": {"event": "wave"}, "actions": []}"#,
            "unknown variant `wave`, expected one of `cross`",
        ),
        (r#"{"name": "r", "when": {"event": "gap"}, "then": []}"#, "unknown field `then`"),
        (r#"{"from": "25:00"}"#, "no time of a day"),
    ] {
        let error = match serde_json::from_str::<Rule>(text) {
            Err(error) if text.contains("name") => error.to_string(),
            _ => serde_json::from_str::<Schedule>(text).unwrap_err().to_string(),
        };
        assert!(error.contains(says), "{error}");
    }
    for bad in ["7:00", "24:01", "07:60", "+07:00", "", "07:0é"] {
        assert!(bad.parse::<ClockTime>().is_err(), "{bad}");
    }
    for bad in ["14:00", "+14:01", "é", "+1:00", ""] {
        assert!(bad.parse::<UtcOffset>().is_err(), "{bad}");
    }
}

#[test]
fn an_input_is_a_pad() {
    let input = |what: Value| {
        let mut all = json!({"title": "pong", "hold_ms": 100});
        for (key, value) in what.as_object().unwrap() {
            all[key] = value.clone();
        }
        serde_json::from_value::<InputAction>(all).unwrap()
    };
    assert_eq!(input(json!({"button": "up"})).pad().unwrap().buttons, 1 << 12);
    let stick = input(json!({"axis": "ly", "value": -1.0})).pad().unwrap();
    assert_eq!((stick.ly, stick.lx, stick.buttons), (-32_767, 0, 0));
    assert_eq!(input(json!({})).pad(), None);
    assert_eq!(input(json!({})).subject(), Some(Subject::Title("pong".to_owned())));
}
