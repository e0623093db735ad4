use super::geometry::{Polygon, Segment};
use super::line::{LineState, Step};
use super::zone::{Change, ZoneState};
use super::*;
use crate::metadata::{Object, Point, Rect};
use crate::sim::Random;

fn step(from: f32, to: f32, second: u64) -> Step {
    let at = |y| Point { x: 0.5, y };
    Step { way: Segment { from: at(from), to: at(to) }, from_ms: (second - 1) * 1_000, to_ms: second * 1_000 }
}

/// A letter a picture: `A` above, `B` below, `a` and `b` so near that it may be trembling, `-` exactly on the line.
fn height(letter: char) -> f32 {
    match letter {
        'A' => 0.4,
        'a' => 0.495,
        'b' => 0.505,
        'B' => 0.6,
        _ => 0.5,
    }
}

#[test]
fn a_line_is_crossed_by_what_is_surely_on_one_side_and_then_surely_on_the_other() {
    let line = Segment { from: Point { x: 0.0, y: 0.5 }, to: Point { x: 1.0, y: 0.5 } };
    let check = |way: &str, settle: u8, expect: &str| {
        let (mut state, mut before, mut crossed) = (LineState::default(), None, String::new());
        for (letter, second) in way.chars().zip(1..) {
            let to = height(letter);
            let step = step(before.replace(to).unwrap_or(to), to, second);
            crossed.push(match state.step(&line, &step, 0.01, settle) {
                Some((_, Direction::In)) => 'i',
                Some((_, Direction::Out)) => 'o',
                None => '.',
            });
        }
        assert_eq!(crossed, expect, "{way} {settle}");
    };
    check("BBAA", 2, "...i");
    check("AABB", 2, "...o");
    check("BA", 1, ".i");
    check("AAABAAA", 2, ".......");
    check("AAABBAAA", 2, "....o.i.");
    check("AAABBAAA", 3, "........");
    check("BAAA", 2, "....");
    check("BBA", 2, "...");
    // Near the line nothing is sure, and nothing is forgotten.
    check("BBbababaAA", 2, ".........i");
    check("BBbababbBB", 2, "..........");
    check("BB-AA", 2, "....i");
    check("BB--aAA", 2, "......i");
    check("--AA", 2, "....");
    check("BBaAbA", 2, ".....i");
}

#[test]
fn a_zone_is_entered_and_left_by_what_stays_inside_and_outside() {
    let at = |x, y| Point { x, y };
    // Above 0.5.
    let zone = Polygon::new(vec![at(0.0, 0.0), at(1.0, 0.0), at(1.0, 0.5), at(0.0, 0.5)]);
    let check = |way: &str, settle: u8, expect: &str| {
        let (mut state, mut before, mut told) = (ZoneState::default(), None, String::new());
        for (letter, second) in way.chars().zip(1..) {
            let to = height(letter);
            let step = step(before.replace(to).unwrap_or(to), to, second);
            told.push(match state.step(&zone, &step, 0.01, settle) {
                Some(Change::Enter(_)) => 'e',
                Some(Change::Leave(_)) => 'l',
                Some(Change::Pass(..)) => 'p',
                None => '.',
            });
        }
        assert_eq!(told, expect, "{way} {settle}");
    };
    check("BBAA", 2, "...e");
    check("AABB", 2, ".e.l");
    check("BBABBB", 2, "......");
    check("AAABAAA", 2, ".e.....");
    check("BBaa", 2, "...e");
    check("AAbbaa", 2, ".e....");
    check("AAbbb", 2, ".e..l");
    check("AABA", 1, "e.le");
}

#[test]
fn settings_read_as_a_person_writes_them() {
    let text = "labels = ['person', 'car']\nsettle = 3\n\
        [[zone]]\nname = 'bay'\npoints = [[0.1, 0.5], [0.6, 0.5], [0.6, 1.0]]\nclasses = ['car', 7]\ncrowd = 5\n\
        dwell_s = { car = 3, '*' = 20 }\nabsent_s = 60\n\
        [[line]]\nname = 'door'\nfrom = [0.2, 0.6]\nto = [0.8, 0.6]\nanchor = 'middle'\ndirection = 'in'\n\
        [heat]\nhalf_life_s = 3600\n";
    let config: Config = toml::from_str(text).unwrap();
    assert_eq!(config.zones[0].classes, [ClassName::Name("car".into()), ClassName::Number(7)]);
    assert_eq!((config.lines[0].anchor, config.lines[0].direction), (Anchor::Middle, Directions::In));
    let again: Config = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(again, config);
    let analytics = Analytics::new(&config).unwrap();
    assert_eq!([1, 7, 3].map(|class| analytics.zones[0].dwell_ms(class)), [Some(3_000), Some(20_000), Some(20_000)]);
    assert!(!analytics.zones[0].filter.has(0) && analytics.zones[0].filter.has(7));
}

#[test]
fn settings_that_make_no_sense_are_refused_with_a_sentence() {
    let check = |text: &str, expect: &str| {
        let config: Config = toml::from_str(text).unwrap();
        let error = Analytics::new(&config).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    let zone = |rest: &str| format!("labels = ['person', 'car']\n[[zone]]\nname = 'bay'\n{rest}");
    let square = "points = [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]]\n";
    let line = |from: &str, to: &str| format!("[[line]]\nname = 'door'\nfrom = {from}\nto = {to}\n");
    check(&zone("points = [[0.0, 0.0], [0.5, 0.5]]"), "zone `bay` has 2 points: an area has at least three");
    check(&zone("points = [[0.0, 0.0], [0.5, 0.5], [0.5, 0.0], [0.0, 0.5]]"), "its edges 1 and 3 meet");
    check(&zone("points = [[0.0, 0.0], [0.5, 0.5], [0.7, 0.7]]"), "zone `bay` has no area");
    check(&zone("points = [[0.0, 0.0], [0.5, 1.5], [0.5, 0.0]]"), "the point [0.5, 1.5] is outside");
    check(&zone("points = [[0.0, 0.0], [0.5, nan], [0.5, 0.0]]"), "outside");
    check(&zone(&format!("{square}classes = ['perzon']")), "no class `perzon`; the model knows person, car");
    check(&zone(&format!("{square}dwell_s = {{ bus = 3 }}")), "no class `bus`");
    check(&zone(&format!("{square}dwell_s = -1")), "dwell_s of zone `bay` is -1");
    check(&zone(&format!("{square}speed_mps = 3")), "add `[ground]`");
    check(&zone(&format!("{square}settle = 0")), "settle of zone `bay` is 0");
    check(&zone(&format!("{square}{}", zone(square).split_once('\n').unwrap().1)), "`bay` names two");
    check(&format!("[[zone]]\nname = ' '\n{square}"), "zone 1 has no name");
    check(&line("[0.5, 0.5]", "[0.5, 0.5]"), "line `door` has no length");
    check(&line("[0.5, 0.5]", "[0.5, -0.1]"), "outside");
    check(&line("[0.5, 0.5]", "[0.5, 0.1]").repeat(2), "`door` names two");
    check("settle = 0", "settle is 0");
    check("aspect = inf", "aspect is inf");
    check("[ground]\nsize_m = [0.0, 1.0]", "ground: three of its four points");
    check("[heat]\ncolumns = 0", "heat.columns is 0");
    check(&"[[line]]\nname = 'x'\nfrom = [0.0, 0.0]\nto = [1.0, 1.0]\n".repeat(65), "65 lines: 64 is the most");
    let unknown = toml::from_str::<Config>("zonse = []").unwrap_err().to_string();
    assert!(unknown.contains("unknown field `zonse`"), "{unknown}");
}

/// A picture with one thing each, by number and place.
fn picture(time_ms: u64, things: &[(u64, f32, f32)]) -> Metadata {
    let object = |(track, x, y): &(u64, f32, f32)| {
        let area = Rect::around(Point { x: *x, y: y - 0.05 }, 0.05, 0.1);
        Object { score: 0.9, area, track: Some(*track), ..Object::default() }
    };
    Metadata { frame: time_ms, time_ms, objects: things.iter().map(object).collect(), ..Metadata::default() }
}

fn analytics(text: &str) -> Analytics {
    Analytics::new(&toml::from_str(text).unwrap()).unwrap()
}

/// What happened of crowds and absence, and at which second.
fn told(analytics: &mut Analytics, pictures: impl IntoIterator<Item = Metadata>) -> Vec<(String, u64)> {
    let mut events = Vec::new();
    pictures.into_iter().for_each(|picture| analytics.update(&picture, &mut events));
    let name = |event: &Event| match &event.what {
        What::Crowd { begins, count, .. } => Some((format!("crowd {begins} {count}"), event.time_ms / 1_000)),
        What::Absent { begins, seconds, .. } => Some((format!("absent {begins} {seconds}"), event.time_ms / 1_000)),
        What::Count { place } => Some((format!("count {place}"), event.time_ms / 1_000)),
        _ => None,
    };
    events.iter().filter_map(name).collect()
}

const HALL: &str = "name = 'hall'\npoints = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]\n";

#[test]
fn a_crowd_and_an_empty_room_begin_and_end_once() {
    let mut hall = analytics(&format!("grace_still_s = 0.5\n[[zone]]\n{HALL}crowd = 2\ncrowd_s = 3\nabsent_s = 10\n"));
    let three = [(1, 0.2, 0.5), (2, 0.5, 0.5), (3, 0.8, 0.5)];
    let scene = (0..1_000u64).step_by(2).map(|tenth| {
        let second = tenth / 10;
        let count = match second {
            15..20 => 1,
            // For two seconds only, and then for good.
            20..22 => 2,
            22..30 => 1,
            30..50 => 3,
            _ => 0,
        };
        picture(1_000_000 + tenth * 100, &three[..count])
    });
    let told = told(&mut hall, scene);
    let expect = [
        ("absent true 10", 1_010),
        ("absent false 15.2", 1_015),
        ("crowd true 3", 1_030),
        ("crowd false 0", 1_050),
        ("absent true 10", 1_060),
    ];
    assert_eq!(told, expect.map(|(what, at)| (what.to_owned(), at)));
}

#[test]
fn what_was_hidden_on_its_way_over_a_line_crossed_it_once() {
    let yard = || {
        analytics(
            "[[zone]]\nname = 'yard'\npoints = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]\n
             [[line]]\nname = 'gate'\nfrom = [0.5, 0.0]\nto = [0.5, 1.0]\n",
        )
    };
    // From the left to the right; hidden for so long, in tenths of a second, from just before the line on.
    let watch = |hidden: u64, from: f32| {
        let mut events = Vec::new();
        let mut yard = yard();
        let walk = (0..200).filter(|tenth| !(40..40 + hidden).contains(tenth));
        let at = |tenth: u64| if tenth < 40 { 0.2 + 0.006 * tenth as f32 } else { from + 0.006 * (tenth - 40) as f32 };
        for tenth in 0..200u64 {
            let shown = walk.clone().any(|it| it == tenth);
            let things = [(1, at(tenth).min(0.9), 0.5)];
            yard.update(&picture(1_000_000 + tenth * 100, &things[..usize::from(shown)]), &mut events);
        }
        let crossed = events.iter().filter(|event| matches!(event.what, What::Cross { .. })).count();
        let left = |event: &&Event| matches!(event.what, What::Leave { vanished: true, .. });
        (crossed, events.iter().filter(left).count())
    };
    assert_eq!(watch(0, 0.44), (1, 0), "in sight all the way");
    assert_eq!(watch(15, 0.44), (1, 0), "it counts as being where it was");
    assert_eq!(watch(35, 0.44), (1, 1), "it vanished, and came again");
    assert_eq!(watch(110, 0.44), (0, 1), "nobody waits for so long");
}

#[test]
fn counts_are_told_at_times_although_nothing_happens() {
    let mut hall = analytics(&format!("report_s = 30\n[[zone]]\n{HALL}"));
    let told = told(&mut hall, (0..100).map(|second| picture(second * 1_000, &[])));
    assert_eq!(told, [30, 60, 90].map(|at| ("count hall".to_owned(), at)));
}

#[test]
fn numbers_survive_a_restart_and_other_settings() {
    let text = format!(
        "[[zone]]\n{HALL}[[line]]\nname = 'gate'\nfrom = [0.0, 0.5]\nto = [1.0, 0.5]\n[heat]\ncolumns = 4\nrows = 4\n"
    );
    let up = |analytics: &mut Analytics, from_ms: u64| {
        let mut events = Vec::new();
        for n in 0..=20 {
            let at = [(9, 0.5, 0.8 - n as f32 * 0.03)];
            analytics.update(&picture(from_ms + n * 100, &at), &mut events);
        }
        events
    };
    let mut before = analytics(&text);
    up(&mut before, 1_000);
    let kept = serde_json::to_string(&before.state()).unwrap();
    let state: State = serde_json::from_str(&kept).unwrap();
    let mut after = analytics(&text);
    after.restore(&state);
    assert_eq!(after.counts().lines, before.counts().lines);
    assert_eq!(after.heat(), before.heat());
    let zone = |analytics: &Analytics| {
        let zone = &analytics.counts().zones[0];
        (zone.came.total(), zone.left.total(), zone.now.total())
    };
    assert_eq!((zone(&before), zone(&after)), ((1, 0, 1), (1, 1, 0)));
    up(&mut after, 90_000);
    assert_eq!((after.counts().lines[0].came.total(), zone(&after)), (2, (2, 1, 1)));

    let mut other = analytics("[[line]]\nname = 'door'\nfrom = [0.0, 0.5]\nto = [1.0, 0.5]\n");
    other.restore(&state);
    assert_eq!(other.counts().lines[0].came.total(), 0, "another line has numbers of its own");
    let broken = r#"{"counts":{"lines":[{"name":"gate","in":[{"class":1,"count":18446744073709551615}]}]}}"#;
    (0..2).for_each(|_| after.restore(&serde_json::from_str(broken).unwrap()));
    assert_eq!(after.counts().lines[0].came.total(), u64::MAX);
}

#[test]
fn after_a_restart_of_what_gives_numbers_the_same_number_is_another_thing() {
    let mut gate = analytics("[[line]]\nname = 'gate'\nfrom = [0.0, 0.5]\nto = [1.0, 0.5]\n");
    let mut events = Vec::new();
    (0..10).for_each(|n| gate.update(&picture(n * 100, &[(1, 0.5, 0.7)]), &mut events));
    gate.forget_things(&mut events);
    (10..30).for_each(|n| gate.update(&picture(n * 100, &[(1, 0.5, 0.3)]), &mut events));
    assert_eq!((events.len(), gate.things()), (0, 1));
}

#[test]
fn the_same_picture_twice_and_a_clock_that_is_set_count_nothing_twice() {
    let mut gate = analytics(&format!(
        "[[line]]\nname = 'gate'\nfrom = [0.0, 0.5]\nto = [1.0, 0.5]\n[[zone]]\n{HALL}dwell_s = 60\n"
    ));
    let mut events = Vec::new();
    for n in 0..=20u64 {
        // After ten pictures the device learns what time it is.
        let clock = if n < 10 { 5_000_000_000 } else { 1_000_000 };
        let picture = picture(clock + n * 100, &[(1, 0.5, 0.8 - n as f32 * 0.03)]);
        (0..3).for_each(|_| gate.update(&picture, &mut events));
    }
    let names: Vec<_> = events.iter().map(|event| std::mem::discriminant(&event.what)).collect();
    assert_eq!(names.len(), 2, "{events:?}");
    assert_eq!((gate.counts().lines[0].came.total(), gate.counts().zones[0].came.total()), (1, 1));
}

#[test]
fn whatever_comes_the_state_is_bounded_and_counts_add_up() {
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -0.0, 1e-30, -1.0, 2.0];
    let text = format!(
        "report_s = 1\n[[zone]]\n{HALL}dwell_s = 1\ncrowd = 3\nabsent_s = 1\nspeed_mps = 1\n\
         [[line]]\nname = 'gate'\nfrom = [0.0, 0.5]\nto = [1.0, 0.5]\n[ground]\nsize_m = [10.0, 10.0]\n[heat]\nhalf_life_s = 5\n"
    );
    for seed in 0..8 {
        let mut random = Random::new(seed);
        let mut hall = analytics(&text);
        let (mut time_ms, mut events) = (1_000_000, Vec::new());
        for frame in 0..400 {
            let edge = |random: &mut Random| match random.chance(20) {
                true => odd[random.below(odd.len() as u64) as usize],
                false => random.below(1_000) as f32 / 1_000.0,
            };
            let count = if frame == 200 { 10_000 } else { random.below(30) };
            let numbers = if frame == 200 { u64::MAX } else { 20 };
            let objects = (0..count).map(|_| {
                let (left, top) = (edge(&mut random), edge(&mut random));
                let area = Rect { left, top, right: left + edge(&mut random), bottom: top + edge(&mut random) };
                let track = random.chance(900).then(|| random.below(numbers));
                Object { area, score: edge(&mut random), class: random.next_u64() as u16, track, ..Object::default() }
            });
            let objects = objects.collect();
            time_ms = match random.below(40) {
                0 => random.next_u64(),
                1 => 0,
                2 => time_ms,
                _ => time_ms.saturating_add(random.below(400)),
            };
            hall.update(&Metadata { frame, time_ms, objects, ..Metadata::default() }, &mut events);
            assert!(hall.things() <= MOST_THINGS);
            let zone = &hall.counts().zones[0];
            let (came, left, now) = (zone.came.total(), zone.left.total(), zone.now.total());
            assert_eq!(came - left, now, "who came and did not leave is there");
            assert!(now as usize <= hall.things() && zone.now.iter().count() <= 257);
        }
        assert!(hall.heat().unwrap().seconds.iter().all(|seconds| seconds.is_finite()));
        let speeds = events.iter().filter_map(|event| event.thing.as_ref()?.speed_mps);
        assert!(speeds.into_iter().all(|speed| speed.is_finite()));
        for event in &events {
            serde_json::to_string(event).unwrap();
        }
    }
}
