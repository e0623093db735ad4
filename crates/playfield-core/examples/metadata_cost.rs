//! What following and counting costs, in ms a picture, by how many things there are:
//! `cargo run --release -p playfield-core --example metadata_cost`

use std::time::Instant;

use playfield_core::analytics::{Analytics, Config, LineConfig, ZoneConfig};
use playfield_core::metadata::{Object, Rect};
use playfield_core::sim::{Random, Walkers};
use playfield_core::time::Time;
use playfield_core::track::{self, Tracker};

const PICTURES: usize = 2_000;

fn config() -> Config {
    let zone = |n: u8| {
        let (x, y) = (0.18 * f32::from(n % 5), 0.4 * f32::from(n / 5));
        let points = vec![[x, y + 0.1], [x + 0.1, y], [x + 0.2, y + 0.1], [x + 0.2, y + 0.4], [x, y + 0.4]];
        ZoneConfig { name: format!("zone {n}"), points, ..ZoneConfig::default() }
    };
    let line = |n: u8| LineConfig {
        name: format!("line {n}"),
        from: [0.1, 0.1 * f32::from(n)],
        to: [0.9, 0.1 * f32::from(n)],
        ..LineConfig::default()
    };
    Config { zones: (0..10).map(zone).collect(), lines: (1..9).map(line).collect(), ..Config::default() }
}

fn main() {
    println!("things  track p50 p99  count p50 p99 (10 zones, 8 lines)  ms a picture");
    for many in [10, 50, 100, 200] {
        let mut walkers = Walkers::new(1, many);
        let mut tracker = Tracker::new(track::Config::default());
        let Ok(mut analytics) = Analytics::new(&config()) else { return };
        let (mut followed, mut counted, mut events) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..PICTURES as u64 {
            let mut picture = walkers.next(n * 40, 40);
            let begin = Instant::now();
            tracker.update(Time::from_millis(picture.time_ms), &mut picture.objects);
            let between = Instant::now();
            analytics.update(&picture, &mut events);
            followed.push(between - begin);
            counted.push(between.elapsed());
        }
        let ms = |times: &mut Vec<std::time::Duration>, share: f64| {
            times.sort_unstable();
            times[(times.len() as f64 * share) as usize].as_secs_f64() * 1_000.0
        };
        let [a, b] = [0.5, 0.99].map(|share| ms(&mut followed, share));
        let [c, d] = [0.5, 0.99].map(|share| ms(&mut counted, share));
        println!("{many:6}  {a:9.4} {b:.4}  {c:9.4} {d:.4}  events {}", events.len());
    }
    println!("worst: {:.1} ms a picture of 10000 boxes in one place", worst());
}

/// What a picture costs whose boxes all overlap, in ms: the most of twenty.
fn worst() -> f64 {
    let mut random = Random::new(1);
    let mut tracker = Tracker::new(track::Config::default());
    let cost = |n: u64| {
        let mut objects: Vec<Object> = (0..10_000)
            .map(|_| {
                let mut part = || random.below(1_000) as f32 / 10_000.0;
                let area = Rect { left: part(), top: part(), right: 0.5 + part(), bottom: 0.5 + part() };
                Object { score: 0.9 + part(), area, ..Object::default() }
            })
            .collect();
        let begin = Instant::now();
        tracker.update(Time::from_millis(n * 40), &mut objects);
        begin.elapsed().as_secs_f64() * 1_000.0
    };
    (0..20).map(cost).fold(0.0, f64::max)
}
