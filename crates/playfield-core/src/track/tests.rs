use super::*;
use crate::metadata::Point;
use crate::sim::Random;

fn object(x: f32, y: f32, width: f32, height: f32) -> Object {
    Object { class: 1, score: 0.9, area: Rect::around(Point { x, y }, width, height), ..Object::default() }
}

/// A tracker, and the time it is.
struct Watch {
    tracker: Tracker,
    ms: u64,
}

impl Watch {
    fn new(config: Config) -> Watch {
        Watch { tracker: Tracker::new(config), ms: 0 }
    }

    /// The next picture, so much later: the number and class of each thing.
    fn see(&mut self, after_ms: u64, mut objects: Vec<Object>) -> Vec<(Option<u64>, u16)> {
        self.ms += after_ms;
        self.tracker.update(Time::from_millis(self.ms), &mut objects);
        objects.iter().map(|object| (object.track, object.class)).collect()
    }

    fn number(&mut self, after_ms: u64, object: Object) -> Option<u64> {
        self.see(after_ms, vec![object])[0].0
    }
}

#[test]
fn a_thing_gets_a_number_once_it_was_seen_in_enough_pictures_in_a_row() {
    let mut watch = Watch::new(Config { confirm: 3, ..Config::default() });
    let still = || object(0.5, 0.5, 0.1, 0.3);
    let numbers: Vec<_> = (0..4).map(|_| watch.number(33, still())).collect();
    assert_eq!(numbers, [None, None, Some(1), Some(1)]);
    let other = || object(0.2, 0.5, 0.1, 0.3);
    let mut watch = Watch::new(Config { confirm: 3, ..Config::default() });
    for n in 0..20 {
        // One picture in three misses it.
        let seen = watch.see(33, if n % 3 == 0 { Vec::new() } else { vec![other()] });
        assert!(seen.iter().all(|(number, _)| number.is_none()), "{n}");
    }
    let mut at_once = Watch::new(Config { confirm: 1, ..Config::default() });
    assert_eq!(at_once.number(0, still()), Some(1));
}

#[test]
fn a_number_is_never_given_twice() {
    let mut watch = Watch::new(Config::default());
    for expect in 1..5 {
        watch.number(33, object(0.5, 0.5, 0.1, 0.3));
        assert_eq!(watch.number(33, object(0.5, 0.5, 0.1, 0.3)), Some(expect));
        (0..60).for_each(|_| drop(watch.see(33, Vec::new())));
        assert!(watch.tracker.is_empty());
    }
}

#[test]
fn what_is_hidden_for_a_moment_goes_on_where_it_is_expected() {
    let at = |n: u64| object(0.1 + n as f32 * 0.005, 0.5, 0.06, 0.3);
    let check = |hidden: std::ops::Range<u64>, expect| {
        let mut watch = Watch::new(Config::default());
        let mut last = None;
        for n in 0..120 {
            last = watch.see(33, if hidden.contains(&n) { Vec::new() } else { vec![at(n)] }).first().map(|it| it.0);
        }
        assert_eq!(last, Some(Some(expect)), "{hidden:?}");
    };
    check(40..42, 1);
    check(40..65, 1);
    check(40..90, 2);
}

#[test]
fn a_parked_car_that_is_hidden_for_long_is_no_new_car() {
    let mut random = Random::new(3);
    let mut jitter = || (random.below(100) as f32 - 50.0) * 0.00008;
    let mut watch = Watch::new(Config::default());
    let mut seen = Vec::new();
    for n in 0..900 {
        let parked = object(0.5 + jitter(), 0.6 + jitter(), 0.15, 0.2);
        // A lorry stands before it from the fifth second to the twenty-fifth.
        let shown = if (100..500).contains(&n) { Vec::new() } else { vec![parked] };
        seen.extend(watch.see(50, shown).into_iter().filter_map(|(number, _)| number));
    }
    seen.dedup();
    assert_eq!(seen, [1]);
}

/// A bicycle of so many heights goes to the right; a lorry beside it, nearer, hides it for so many pictures. The numbers it has.
fn overtaken(config: Config, hidden: std::ops::Range<u64>, after: impl Fn(Object) -> Object, lorry: bool) -> Vec<u64> {
    let mut watch = Watch::new(config);
    let mut numbers = Vec::new();
    for n in 0..240u64 {
        // It goes faster while nobody sees it, as what comes nearer does.
        let out = n.saturating_sub(hidden.start).min(hidden.end - hidden.start);
        let x = 0.1 + 0.002 * n as f32 + 0.0005 * out as f32;
        let bicycle = object(x, 0.5, 0.03, 0.1);
        let mut seen = Vec::new();
        if !hidden.contains(&n) {
            seen.push(if n < hidden.start { bicycle } else { after(bicycle) });
        }
        if lorry {
            seen.push(Object { class: 2, ..object(x, 0.52, 0.2, 0.2) });
        }
        let of_bicycle = watch.see(33, seen).into_iter().take(usize::from(!hidden.contains(&n)));
        numbers.extend(of_bicycle.filter_map(|(number, _)| number));
    }
    numbers.dedup();
    numbers
}

#[test]
fn what_something_nearer_hides_comes_out_again_as_what_it_was() {
    let same = |bicycle| bicycle;
    let most = Config::default();
    assert_eq!(overtaken(most.clone(), 60..140, same, true).len(), 1, "2.6 s behind a lorry");
    assert_eq!(overtaken(most.clone(), 60..140, same, false).len(), 2, "nothing was before it");
    assert_eq!(overtaken(Config { hidden_ms: 0, ..most.clone() }, 60..140, same, true).len(), 2, "nor is it asked");
    assert_eq!(overtaken(Config { hidden_ms: 1_000, ..most.clone() }, 60..140, same, true).len(), 2, "it was longer");
    let check = |what: &str, after: fn(Object) -> Object| {
        assert_eq!(overtaken(most.clone(), 60..140, after, true).len(), 2, "{what}");
    };
    check("another class", |it| Object { class: 0, ..it });
    check("twice as tall", |it| Object { area: Rect { top: it.area.top - 0.1, ..it.area }, ..it });
    check("elsewhere", |it| Object {
        area: Rect { left: it.area.left - 0.3, right: it.area.right - 0.3, ..it.area },
        ..it
    });
}

#[test]
fn a_source_of_two_pictures_a_second_is_followed() {
    let check = |what: &str, width: f32, height: f32, speed: f32| {
        let mut watch = Watch::new(Config::default());
        let numbers: Vec<_> =
            (0..9).map(|n| watch.number(500, object(0.05 + speed * n as f32, 0.5, width, height))).collect();
        assert_eq!(numbers, [&[None][..], &[Some(1); 8]].concat(), "{what}");
    };
    check("a walker leaves its place from picture to picture", 0.05, 0.25, 0.08);
    check("so does a car", 0.1, 0.12, 0.1);
    check("somebody who strolls", 0.05, 0.25, 0.02);
}

#[test]
fn pictures_that_come_unevenly_lose_nothing() {
    let mut random = Random::new(8);
    let mut watch = Watch::new(Config::default());
    let mut numbers = Vec::new();
    while watch.ms < 6_000 {
        let after = 10 + random.below(230);
        let at = (watch.ms + after) as f32 / 1_000.0;
        let (one, other) = (object(0.1 + 0.12 * at, 0.4, 0.06, 0.3), object(0.9 - 0.12 * at, 0.55, 0.06, 0.3));
        numbers.push(watch.see(after, vec![one, other]).iter().map(|it| it.0).collect::<Vec<_>>());
    }
    numbers.dedup();
    assert_eq!(numbers, [[None, None], [Some(1), Some(2)]]);
}

#[test]
fn an_unsure_box_goes_on_with_a_track_and_never_begins_one() {
    let faint = || Object { score: 0.3, ..object(0.5, 0.5, 0.1, 0.3) };
    let mut watch = Watch::new(Config::default());
    assert!((0..10).all(|_| watch.number(33, faint()).is_none()));
    (0..3).for_each(|_| drop(watch.see(33, vec![object(0.5, 0.5, 0.1, 0.3)])));
    assert!((0..100).all(|_| watch.number(33, faint()) == Some(1)));
    assert!(watch.number(33, Object { score: 0.05, ..faint() }).is_none(), "that is noise");
}

#[test]
fn a_thing_keeps_its_number_and_class_when_the_model_calls_it_otherwise_for_a_moment() {
    let called = |class| Object { class, ..object(0.5, 0.5, 0.2, 0.2) };
    let words = [2, 2, 2, 2, 7, 2, 2, 7, 7, 2];
    let mut together = Watch::new(Config::default());
    for word in words {
        assert_eq!(together.see(33, vec![called(word)])[0].1, if together.ms == 33 { word } else { 2 });
    }
    (0..60).for_each(|_| drop(together.see(33, vec![called(7)])));
    assert_eq!(together.see(33, vec![called(7)]), [(Some(1), 7)], "all say so by now");

    let mut apart = Watch::new(Config { classes: Classes::Apart, ..Config::default() });
    let both = || vec![called(2), called(7)];
    apart.see(33, both());
    assert_eq!(apart.see(33, both()), [(Some(1), 2), (Some(2), 7)], "one place, two things");
}

#[test]
fn more_things_than_may_be_followed_are_the_surest() {
    let mut watch = Watch::new(Config { most: 4, ..Config::default() });
    let many = || (0..10).map(|n| Object { score: 0.99 - n as f32 * 0.01, ..object(0.1 * n as f32, 0.5, 0.05, 0.1) });
    watch.see(33, many().collect());
    let numbers: Vec<_> = watch.see(33, many().collect()).iter().map(|it| it.0).collect();
    assert_eq!(numbers[..5], [Some(1), Some(2), Some(3), Some(4), None]);
    assert_eq!(watch.tracker.len(), 4);
}

#[test]
fn boxes_that_make_no_sense_get_no_number() {
    let area = |left, top, right, bottom| Rect { left, top, right, bottom };
    let cases = [
        area(f32::NAN, 0.0, 0.5, 0.5),
        area(0.0, 0.0, f32::INFINITY, 0.5),
        area(0.0, f32::NEG_INFINITY, 0.5, 0.5),
        area(0.5, 0.5, 0.4, 0.6),
        area(0.5, 0.5, 0.5, 0.5),
        area(7.0, 7.0, 8.0, 8.0),
    ];
    let mut watch = Watch::new(Config { confirm: 1, ..Config::default() });
    for area in cases {
        let objects = vec![Object { area, track: Some(9), score: 1.0, ..Object::default() }];
        assert_eq!(watch.see(33, objects)[0].0, None, "{area:?}");
    }
    let unscored = Object { score: f32::NAN, ..object(0.5, 0.5, 0.1, 0.1) };
    assert_eq!(watch.number(33, unscored), None);
}

#[test]
fn whatever_comes_the_state_is_bounded_and_numbers_are_single() {
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -0.0, 1e-30, -1.0, 2.0];
    for seed in 0..6 {
        let mut random = Random::new(seed);
        let mut tracker = Tracker::new(Config { lost_ms: random.below(5_000) as u32, ..Config::default() });
        let mut now = 1_000_000;
        for picture in 0..60 {
            let edge = |random: &mut Random| match random.chance(50) {
                true => odd[random.below(odd.len() as u64) as usize],
                false => random.below(1_000) as f32 / 1_000.0,
            };
            let count = if picture == 30 { 10_000 } else { random.below(120) };
            let mut objects: Vec<Object> = (0..count)
                .map(|_| {
                    let (x, y) = (edge(&mut random), edge(&mut random));
                    let area = Rect { left: x, top: y, right: x + edge(&mut random), bottom: y + edge(&mut random) };
                    Object { area, score: edge(&mut random), class: random.below(5) as u16, ..Object::default() }
                })
                .collect();
            now = match random.below(20) {
                0 => random.next_u64(),
                1 => 0,
                2 => now,
                _ => now.saturating_add(random.below(400_000)),
            };
            tracker.update(Time::from_micros(now), &mut objects);
            assert!(tracker.len() <= 256);
            let mut numbers: Vec<u64> = objects.iter().filter_map(|object| object.track).collect();
            let given = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), given, "one number for two boxes");
        }
    }
}
