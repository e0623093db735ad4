//! What must hold of every street.

use super::*;

const WIDTH: u16 = 320;
const HEIGHT: u16 = 180;

fn drawn(scene: &mut Scene, time_ms: u64) -> Vec<u8> {
    let mut out = vec![0; usize::from(WIDTH) * usize::from(HEIGHT) * 4];
    scene.draw(time_ms, &mut out, WIDTH, HEIGHT);
    out
}

fn quiet() -> SceneConfig {
    SceneConfig { noise: 0.0, ..SceneConfig::default() }
}

/// FNV-1a: enough to see that two pictures differ.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// On every machine: no step of the way to a pixel depends on a library's idea of a sine.
#[test]
fn the_same_seed_and_time_give_the_same_picture_everywhere() {
    let check = |mut scene: Scene, time_ms: u64, expect: u64| {
        let got = digest(&drawn(&mut scene, time_ms));
        assert_eq!(got, expect, "the picture of {time_ms} ms changed: {got:#018x}");
    };
    check(Scene::street(), 60_000, STREET_BY_DAY);
    check(Scene::street(), 1_100_000, STREET_IN_THE_EVENING);
    check(Scene::new(5, SceneConfig::default()), 1_700_000_000_000, ANOTHER_STREET);
}

const STREET_BY_DAY: u64 = 0xe048_109c_cadf_6251;
const STREET_IN_THE_EVENING: u64 = 0xaf1a_d9f4_7b50_eb63;
const ANOTHER_STREET: u64 = 0xc9a1_508f_c701_c417;

#[test]
fn a_picture_is_the_same_whatever_was_drawn_before() {
    let times = [5_000, 90_000, 90_040, 600_000];
    let mut one = Scene::new(3, SceneConfig::default());
    let forward: Vec<u64> = times.iter().map(|&time| digest(&drawn(&mut one, time))).collect();
    let mut other = Scene::new(3, SceneConfig::default());
    for (i, &time) in times.iter().enumerate().rev() {
        assert_eq!(digest(&drawn(&mut other, time)), forward[i], "at {time} ms");
    }
    let truths: Vec<_> = times.iter().map(|&time| one.truth(time)).collect();
    assert!(times.iter().zip(&truths).rev().all(|(&time, truth)| &other.truth(time) == truth));
}

#[test]
fn any_time_has_a_picture_and_a_truth() {
    let mut scene = Scene::street();
    for time_ms in [0, 1, 1_800_000_000_000, (1 << 44) - 1, 1 << 44, u64::MAX] {
        drawn(&mut scene, time_ms);
        assert!(!scene.truth(time_ms).is_empty(), "somebody is there at {time_ms} ms");
    }
}

#[test]
fn a_picture_takes_any_size_and_another_one_after_it() {
    let mut scene = Scene::street();
    for (width, height) in [(64, 36), (33, 17), (1, 1), (64, 36)] {
        let mut out = vec![0; usize::from(width) * usize::from(height) * 4];
        scene.draw(1_000, &mut out, width, height);
        assert!(out.chunks(4).all(|pixel| pixel[3] == 255), "{width}x{height} is opaque");
    }
}

/// Everybody is drawn alone, over the empty street; what changes must lie in the box of the truth, and fill it.
#[test]
fn the_box_of_the_truth_holds_the_pixels_of_its_object() {
    let mut seen = [0; 4];
    for seed in 0..6 {
        let mut scene = Scene::new(seed, quiet());
        let time_ms = 100_000 + seed * 7_000;
        drawn(&mut scene, time_ms);
        let light = light::at(time_ms, scene.layout.dawn, scene.dice.of(3));
        let mut painter = scene.painter.take().unwrap();
        // Nothing that stands hides anybody here.
        painter.backdrop.across.fill(f32::MAX);
        let mut picture = |placed: &[Placed<'_>]| {
            let mut out = vec![0; usize::from(WIDTH) * usize::from(HEIGHT) * 4];
            painter.draw(&light, placed, (0.0, scene.dice), &mut out);
            out
        };
        let empty = picture(&[]);
        for one in scene.present(time_ms, false) {
            let truth = scene.truth(time_ms).into_iter().find(|truth| truth.id == one.actor.id());
            let alone = picture(&[scene.place(&one)]);
            let Some(truth) = truth else {
                assert_eq!(alone, empty, "what is drawn has a truth");
                continue;
            };
            let Some(extent) = changed(&empty, &alone) else { continue };
            check_box(&truth, extent);
            seen[truth.class as usize] += 1;
        }
    }
    assert!(seen.iter().all(|&count| count > 5), "every class was tried: {seen:?}");
}

/// The smallest box around the pixels that differ: left, top, right, bottom.
fn changed(a: &[u8], b: &[u8]) -> Option<[f32; 4]> {
    let width = usize::from(WIDTH);
    let mut out: Option<[f32; 4]> = None;
    for (i, _) in a.chunks(4).zip(b.chunks(4)).enumerate().filter(|(_, (a, b))| a != b) {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        let old = out.unwrap_or([x, y, x + 1.0, y + 1.0]);
        out = Some([old[0].min(x), old[1].min(y), old[2].max(x + 1.0), old[3].max(y + 1.0)]);
    }
    out
}

fn check_box(truth: &Truth, drawn: [f32; 4]) {
    let (w, h) = (f32::from(WIDTH), f32::from(HEIGHT));
    let told = [truth.area.left * w, truth.area.top * h, truth.area.right * w, truth.area.bottom * h];
    let holds =
        drawn[0] > told[0] - 1.5 && drawn[1] > told[1] - 1.5 && drawn[2] < told[2] + 1.5 && drawn[3] < told[3] + 1.5;
    assert!(holds, "{truth:?} says {told:?}, drawn in {drawn:?}");
    let whole = told[0] > 0.0 && told[1] > 0.0 && told[2] < w && told[3] < h;
    let fills = !whole || (0..4).all(|side| (drawn[side] - told[side]).abs() < 3.0);
    assert!(fills, "{truth:?} says {told:?}, but only {drawn:?} is drawn");
}

/// No jumps: at the most 14 m a second, which is a car's speed and some, measured on the ground.
#[test]
fn whoever_moves_moves_continuously() {
    for seed in [7, 11] {
        let scene = Scene::on_street(seed, quiet());
        let mut before: Vec<(u64, V3)> = Vec::new();
        for step in 0..1_500 {
            let now: Vec<(u64, V3)> = scene.actors(step * 100).map(|actor| (actor.id(), actor.ground())).collect();
            for (id, at) in &now {
                if let Some((_, old)) = before.iter().find(|(old, _)| old == id) {
                    let moved = (*at - *old).length();
                    assert!(moved < 1.4, "{id} moved {moved} m in 100 ms at {} ms, from {old:?} to {at:?}", step * 100);
                }
            }
            before = now;
        }
    }
}

#[test]
fn an_id_belongs_to_one_object_and_one_class() {
    let scene = Scene::on_street(2, SceneConfig { people: 3.0, vehicles: 3.0, bicycles: 3.0, noise: 0.0 });
    let mut classes = std::collections::BTreeMap::new();
    for step in 0..300 {
        let truths = scene.truth(step * 1_000);
        for (i, truth) in truths.iter().enumerate() {
            assert!(truth.id < 1 << 53);
            assert!(truths[..i].iter().all(|other| other.id != truth.id), "{} twice at {step} s", truth.id);
            assert_eq!(*classes.entry(truth.id).or_insert(truth.class), truth.class);
        }
    }
    assert!(classes.len() > 200, "a busy street: {}", classes.len());
}

/// Vehicles of a lane never overlap, and none is on the crossing while people may walk there.
#[test]
fn vehicles_keep_their_distance_and_stop_at_the_signal() {
    let layout = Layout::street();
    for seed in 0..8 {
        for step in 0..600_i64 {
            let time_ms = step * 250;
            let rides = traffic::rides(&layout, Dice::new(seed), (0.9, 0.9), time_ms as u64);
            let moving: Vec<_> = rides.iter().filter(|ride| ride.id < 31 << 44).collect();
            for (i, a) in moving.iter().enumerate() {
                for b in moving[..i].iter().filter(|b| b.id >> 44 == a.id >> 44) {
                    let gap = (a.x - b.x).abs() - (a.kind.length() + b.kind.length()) / 2.0;
                    assert!(gap > 0.3, "seed {seed}, {time_ms} ms: {gap} m between {a:?} and {b:?}");
                }
                let walk =
                    (traffic::WALK_MS.0 + 1_500..traffic::ROUND_MS - 1_000).contains(&(time_ms % traffic::ROUND_MS));
                let on = a.x.abs() < layout.crossing;
                assert!(!(walk && on), "seed {seed}, {time_ms} ms: {a:?} is on the crossing");
            }
        }
    }
}

/// Whoever crosses the road in the truth does so in the boxes: the ground point leaves one pavement and reaches the other.
#[test]
fn a_person_who_crosses_is_seen_to_cross() {
    let scene = Scene::on_street(4, SceneConfig { people: 2.0, ..quiet() });
    let kerb = scene.layout.kerb;
    let mut sides = std::collections::BTreeMap::new();
    let mut crossed = 0;
    for step in 0..1_200 {
        let time_ms = step * 250;
        let truths = scene.truth(time_ms);
        for actor in scene.actors(time_ms).filter(|actor| actor.class() == Class::Person) {
            let y = actor.ground().y;
            let Some(truth) = truths.iter().find(|truth| truth.id == actor.id()) else { continue };
            let on_road = y > 0.0 && y < kerb;
            assert!(
                !on_road || actor.ground().x.abs() < scene.layout.crossing + 1.6,
                "people use the crossing: {actor:?}"
            );
            let feet = truth.area.bottom - truth.ground.y;
            let cut = truth.area.bottom > 0.999 || truth.area.left < 0.001 || truth.area.right > 0.999;
            assert!(cut || feet.abs() < 0.05, "the box stands on its ground point: {truth:?}");
            if !on_road {
                let side = y > kerb / 2.0;
                crossed += usize::from(sides.insert(truth.id, side).is_some_and(|before| before != side));
            }
        }
    }
    assert!(crossed > 10, "only {crossed} crossed in five minutes");
}

/// The share of an object's pixels that a picture with everybody in it still shows.
#[test]
fn as_much_is_visible_as_the_truth_says() {
    let (mut off, mut count, mut hidden) = (0.0, 0.0, 0);
    for seed in 0..4 {
        let mut scene = Scene::new(seed, SceneConfig { people: 1.5, vehicles: 1.5, ..quiet() });
        let time_ms = 200_000 + seed * 11_000;
        drawn(&mut scene, time_ms);
        let light = light::at(time_ms, scene.layout.dawn, scene.dice.of(3));
        let mut painter = scene.painter.take().unwrap();
        let mut open = painter.clone();
        open.backdrop.across.fill(f32::MAX);
        let picture = |painter: &mut Painter, placed: &[Placed<'_>]| {
            let mut out = vec![0; usize::from(WIDTH) * usize::from(HEIGHT) * 4];
            painter.draw(&light, placed, (0.0, scene.dice), &mut out);
            out
        };
        let (present, truths) = (scene.present(time_ms, false), scene.truth(time_ms));
        let all: Vec<Placed<'_>> = present.iter().map(|one| scene.place(one)).collect();
        let (full, empty) = (picture(&mut painter, &all), picture(&mut open, &[]));
        for (i, one) in present.iter().enumerate() {
            let Some(truth) = truths.iter().find(|truth| truth.id == one.actor.id()) else { continue };
            let inside =
                truth.area.left > 0.0 && truth.area.top > 0.0 && truth.area.right < 1.0 && truth.area.bottom < 1.0;
            let without: Vec<Placed<'_>> =
                (0..present.len()).filter(|&k| k != i).map(|k| scene.place(&present[k])).collect();
            let shown = count_changed(&full, &picture(&mut painter, &without));
            let whole = count_changed(&empty, &picture(&mut open, &[scene.place(one)]));
            if inside && whole > 60.0 {
                off += (shown / whole - truth.visible).abs();
                count += 1.0;
                hidden += i32::from(truth.visible < 0.3);
            }
        }
    }
    assert!(count > 50.0 && hidden > 5, "{count} objects, {hidden} of them hidden");
    assert!(off / count < 0.08, "off by {} on average", off / count);
}

fn count_changed(a: &[u8], b: &[u8]) -> f32 {
    a.chunks(4).zip(b.chunks(4)).filter(|(a, b)| a != b).count() as f32
}

#[test]
fn an_empty_street_is_empty() {
    let scene = Scene::on_street(1, SceneConfig { people: 0.0, vehicles: 0.0, bicycles: 0.0, noise: 1.0 });
    assert!((0..200).all(|step| scene.truth(step * 1_000).is_empty()));
}

#[test]
fn the_counting_line_lies_across_the_road() {
    for scene in [Scene::street(), Scene::on_street(9, quiet())] {
        let [a, b] = scene.line();
        assert!([a.x, a.y, b.x, b.y].iter().all(|v| (0.0..=1.0).contains(v)), "{a:?} to {b:?} is in the picture");
    }
}
