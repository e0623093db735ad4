use playfield_core::analytics::{Analytics, Config, LineConfig, What};
use playfield_core::camera::region;
use playfield_core::metadata::{Metadata, Object, Rect};
use playfield_core::scene::{Scene, SceneConfig};
use playfield_core::time::Time;
use playfield_core::track::{self, Tracker};
use serde::Deserialize;
use std::io::BufRead;
#[derive(Deserialize)]
struct Looks {
    whole: Vec<Object>,
    closer: Vec<Vec<Object>>,
    region: Vec<Rect>,
}
#[derive(Deserialize)]
struct Dump {
    seed: u64,
    frame: u64,
    crossed: Vec<playfield_core::analytics::Event>,
    truth: Vec<Object>,
}
fn iou_inside(a: &Rect, b: &Rect) -> f32 {
    a.overlap(b).area() / a.area().min(b.area()).max(1e-9)
}
fn suppress(objects: &mut Vec<Object>, iou: f32, inside: f32, agnostic: bool) {
    objects.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Object> = Vec::new();
    for o in objects.drain(..) {
        if !kept.iter().any(|k| {
            (agnostic || k.class == o.class)
                && (k.area.iou(&o.area) > iou || iou_inside(&k.area, &o.area) > inside && k.area.iou(&o.area) > 0.3)
        }) {
            kept.push(o);
        }
    }
    *objects = kept;
}
fn main() {
    let rows: Vec<(Looks, Dump)> = std::io::BufReader::new(std::fs::File::open("/tmp/looks.jsonl").unwrap())
        .lines()
        .zip(std::io::BufReader::new(std::fs::File::open("/tmp/dump.jsonl").unwrap()).lines())
        .map(|(a, b)| (serde_json::from_str(&a.unwrap()).unwrap(), serde_json::from_str(&b.unwrap()).unwrap()))
        .collect();
    let mut base = track::Config { sure: 0.35, begin: 0.4, ..track::Config::default() };
    let go = |label: &str, config: &track::Config, join: &dyn Fn(&Looks) -> Vec<Object>| {
        let mut at = 0;
        let (mut total, mut truth_n, mut missed, mut made, mut net, mut byc) = (0, 0, 0, 0, 0u64, [[0i32; 2]; 4]);
        while at < rows.len() {
            let seed = rows[at].1.seed;
            let scene = Scene::on_street(seed, SceneConfig::default());
            let [from, to] = scene.line();
            let line = LineConfig {
                name: "road".to_owned(),
                from: [from.x, from.y],
                to: [to.x, to.y],
                ..LineConfig::default()
            };
            let mut analytics = Analytics::new(&Config { lines: vec![line], ..Config::default() }).unwrap();
            let mut tracker = Tracker::new(config.clone());
            let (mut found, mut truth) = (Vec::new(), Vec::new());
            let mut events = Vec::new();
            while at < rows.len() && rows[at].1.seed == seed {
                let (looks, dump) = &rows[at];
                let mut objects = join(looks);
                let time_ms = dump.frame * 1000 / 15;
                tracker.update(Time::from_millis(time_ms), &mut objects);
                analytics
                    .update(&Metadata { frame: dump.frame + 1, time_ms, objects, ..Metadata::default() }, &mut events);
                let cross = |e: &playfield_core::analytics::Event| {
                    if let What::Cross { direction, .. } = &e.what {
                        Some((e.time_ms, *direction, e.thing.as_ref().map_or(9, |t| t.class)))
                    } else {
                        None
                    }
                };
                found.extend(events.drain(..).filter_map(|e| cross(&e)));
                truth.extend(dump.crossed.iter().filter_map(cross));
                at += 1;
            }
            for d in [playfield_core::analytics::Direction::In, playfield_core::analytics::Direction::Out] {
                let n = |v: &Vec<(u64, playfield_core::analytics::Direction, u16)>| {
                    v.iter().filter(|x| x.1 == d).count() as u64
                };
                net += n(&found).abs_diff(n(&truth));
            }
            for t in &truth {
                byc[t.2 as usize][0] += 1;
            }
            for t in &found {
                byc[t.2 as usize][1] += 1;
            }
            truth_n += truth.len();
            total += found.len();
            let mut used = vec![false; found.len()];
            for t in &truth {
                let best = found
                    .iter()
                    .enumerate()
                    .filter(|(j, f)| !used[*j] && f.1 == t.1 && f.0.abs_diff(t.0) < 1500)
                    .min_by_key(|(_, f)| f.0.abs_diff(t.0));
                match best {
                    Some((j, _)) => used[j] = true,
                    None => missed += 1,
                }
            }
            made += used.iter().filter(|u| !**u).count();
        }
        println!(
            "{label:40} truth {truth_n} counted {total} missed {missed} made up {made} net {net} = {:.1}%  {byc:?}",
            net as f64 * 100.0 / truth_n as f64
        );
    };
    let usual = |l: &Looks| {
        let mut o = l.whole.clone();
        for (r, c) in l.region.iter().zip(&l.closer) {
            region::join(&mut o, r, c);
        }
        o
    };
    go("usual", &base, &usual);

    let sup = |l: &Looks| {
        let mut o = usual(l);
        suppress(&mut o, 0.5, 0.9, true);
        o
    };
    for overlap in [0.03, 0.06, 0.1] {
        for new in [0.05, 0.1, 0.2, 0.3] {
            for (sure, begin) in [(0.35, 0.4), (0.28, 0.4), (0.4, 0.5)] {
                base.overlap = overlap;
                base.overlap_new = new;
                base.sure = sure;
                base.begin = begin;
                go(&format!("overlap {overlap} {new} sure {sure}"), &base, &usual);
                go(&format!("overlap {overlap} {new} sure {sure} sup"), &base, &sup);
            }
        }
    }
}
