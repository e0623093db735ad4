//! `playfield bench camera`: a drawn street, of which everything is known, is watched.
//!
//! What is found, followed and counted is timed picture by picture, and what was counted is held against what really crossed.
//! The streets are other ones than those that the model has learned from.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, anyhow};
use playfield_core::analytics::{Analytics, Config, LineConfig};
use playfield_core::camera::{Camera, Desired, Report as Said, Source};
use playfield_core::frame::{Damage, Picture, PixelFormat};
use playfield_core::metadata::{Metadata, Object, Point, Rect};
use playfield_core::rate::VideoRate;
use playfield_core::scene::{Class, Scene, SceneConfig};
use playfield_core::sim::Walkers;
use playfield_core::time::Time;
use playfield_core::track::{self, Tracker};
use playfield_media::convert::{Converter, I420};
use playfield_media::encode::{FrameBudget, Library, VideoEncoder, Want};
use playfield_runtime::camera::Pipeline;

use super::{Better, Figure, Report};

/// Pictures a second of the watched street.
const HZ: u64 = 15;
/// Pictures that times are taken of.
const TIMED: u64 = 600;
/// What is watched is drawn in this size; what it is compared with, as video, in the other.
const WATCHED: (u16, u16) = (640, 360);
const FILMED: (u16, u16) = (1280, 720);
/// Seconds of video.
const FILM_S: u64 = 20;
/// Streets of the demonstration's shape with other people on them, from this seed on. Thresholds were chosen on those from 900,000 on.
const HELD_OUT: u64 = 950_000;

/// Runs it: `minutes` of each of so many `streets`.
pub fn run(model: &Path, minutes: u64, streets: u64) -> anyhow::Result<Report> {
    let mut report = Report::new("camera");
    times(model, &mut report)?;
    following(&mut report)?;
    let mut all = Counted::default();
    for street in 0..streets {
        all.add(&count(model, HELD_OUT + street, minutes)?);
    }
    let name = |what: &str| format!("{what}, {streets} x {minutes} min");
    report.figures.push(Figure::new(name("crossed in truth"), all.truth as f64, "", None, Better::Higher));
    report.figures.push(Figure::new(name("counted"), all.counted as f64, "", None, Better::Higher));
    // What is missed here and made up there takes itself off in the one, and adds up in the other.
    let share = |wrong: u64| wrong as f64 / all.truth.max(1) as f64 * 100.0;
    let off = share(all.truth.abs_diff(all.counted));
    report.figures.push(Figure::new(name("off, in all"), off, "%", Some(1.0), Better::Lower));
    let off = share(all.wrong);
    report.figures.push(Figure::new(name("off, each street and way by itself"), off, "%", None, Better::Lower));
    for (class, [truth, counted]) in Class::LABELS.iter().zip(all.by_class) {
        let figure = |what: &str, value: u64| {
            Figure::new(format!("  of them {class}, {what}"), value as f64, "", None, Better::Higher)
        };
        report.figures.extend([figure("in truth", truth), figure("counted", counted)]);
    }
    let a_second = all.bytes as f64 / (minutes * 60 * streets) as f64;
    report.figures.push(Figure::new(
        "leaves the camera, nobody looking".to_owned(),
        a_second,
        "B/s",
        None,
        Better::Lower,
    ));
    let film = film()?;
    report.figures.push(Figure::new("the same as 720p H.264".to_owned(), film, "B/s", None, Better::Lower));
    report.figures.push(Figure::new("times fewer bytes".to_owned(), film / a_second, "", Some(100.0), Better::Higher));
    Ok(report)
}

/// Half of the picture each way, around the line that is counted at: as the demonstration's camera has it.
fn closer(scene: &Scene) -> Rect {
    let [from, to] = scene.line();
    let within = |middle: f32| middle.clamp(0.25, 0.75);
    let middle = Point { x: within((from.x + to.x) / 2.0), y: within((from.y + to.y) / 2.0) };
    Rect::around(middle, 0.5, 0.5)
}

fn camera(model: &Path, scene: &Scene, regions: Vec<Rect>) -> Camera {
    let [from, to] = scene.line();
    let line =
        LineConfig { name: "road".to_owned(), from: [from.x, from.y], to: [to.x, to.y], ..LineConfig::default() };
    Camera {
        shadow: None,
        desired: Desired {
            shadow: None,
            source: Source::Scene { seed: None },
            hz: HZ as u16,
            model: Some("street".to_owned()),
            watch: Config { lines: vec![line], ..Config::default() },
            masks: Vec::new(),
            regions,
            app: None,
            app_config: Default::default(),
            app_pixels: false,
        },
        model: Some(model.to_owned()),
        files: None,
        app: None,
        onnxruntime: None,
    }
}

fn open(camera: &Camera) -> anyhow::Result<Pipeline> {
    Pipeline::open(camera).map_err(|why| anyhow!(why)).context("the camera does not begin")
}

/// From a picture to what is said of it.
fn times(model: &Path, report: &mut Report) -> anyhow::Result<()> {
    let mut scene = Scene::street();
    let mut pipeline = open(&camera(model, &scene, Vec::new()))?;
    let (width, height) = WATCHED;
    let mut picture = Picture::black(width, height, PixelFormat::Rgba8);
    let (mut drawn, mut understood) = (Vec::new(), Vec::new());
    for frame in 0..TIMED {
        let began = Instant::now();
        scene.draw(frame * 1_000 / HZ, &mut picture.pixels, width, height);
        let ready = Instant::now();
        pipeline.see(frame + 1, frame * 1_000 / HZ, &picture).map_err(|why| anyhow!(why))?;
        drawn.push((ready - began).as_secs_f64() * 1_000.0);
        understood.push(ready.elapsed().as_secs_f64() * 1_000.0);
    }
    let total: f64 = understood.iter().sum();
    let inference = f64::from(pipeline.stages().inference_us) / 1_000.0;
    report.figures.push(Figure::ms("drawing a picture, p50".to_owned(), share(&mut drawn, 0.5), None));
    report.figures.push(Figure::ms("picture to metadata, p50".to_owned(), share(&mut understood, 0.5), None));
    report.figures.push(Figure::ms("picture to metadata, p95".to_owned(), share(&mut understood, 0.95), Some(25.0)));
    report.figures.push(Figure::ms("  of it the model, p50".to_owned(), inference, None));
    let a_second = TIMED as f64 * 1_000.0 / total;
    report.figures.push(Figure::new(
        "pictures a second, one core".to_owned(),
        a_second,
        "/s",
        Some(60.0),
        Better::Higher,
    ));
    Ok(())
}

/// Following and counting a hundred things.
fn following(report: &mut Report) -> anyhow::Result<()> {
    let mut walkers = Walkers::new(1, 100);
    let mut tracker = Tracker::new(track::Config::default());
    let line = |n: u8| LineConfig {
        name: format!("line {n}"),
        from: [0.1, 0.1 * f32::from(n)],
        to: [0.9, 0.1 * f32::from(n)],
        ..LineConfig::default()
    };
    let mut analytics = Analytics::new(&Config { lines: (1..9).map(line).collect(), ..Config::default() })?;
    let (mut took, mut events) = (Vec::new(), Vec::new());
    for n in 0..2_000 {
        let mut picture = walkers.next(n * 40, 40);
        let began = Instant::now();
        tracker.update(Time::from_millis(picture.time_ms), &mut picture.objects);
        analytics.update(&picture, &mut events);
        took.push(began.elapsed().as_secs_f64() * 1_000.0);
        events.clear();
    }
    report.figures.push(Figure::ms(
        "following and counting 100 things, p50".to_owned(),
        share(&mut took, 0.5),
        Some(0.5),
    ));
    report.figures.push(Figure::ms("following and counting 100 things, p95".to_owned(), share(&mut took, 0.95), None));
    Ok(())
}

/// What crossed a line, and what was counted.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    truth: u64,
    counted: u64,
    /// What is off on each street and way, added up.
    wrong: u64,
    /// The first two, for each class.
    by_class: [[u64; 2]; Class::LABELS.len()],
    /// Bytes that would have left the camera.
    bytes: u64,
}

impl Counted {
    fn add(&mut self, other: &Counted) {
        self.truth += other.truth;
        self.counted += other.counted;
        self.wrong += other.wrong;
        self.bytes += other.bytes;
        for (own, others) in self.by_class.iter_mut().zip(other.by_class) {
            *own = [own[0] + others[0], own[1] + others[1]];
        }
    }
}

/// Watches a street that nobody has seen before, and counts who crosses its line.
fn count(model: &Path, seed: u64, minutes: u64) -> anyhow::Result<Counted> {
    let mut scene = Scene::on_street(seed, SceneConfig::default());
    let camera = camera(model, &scene, vec![closer(&scene)]);
    let mut pipeline = open(&camera)?;
    let mut truth = Analytics::new(&camera.desired.watch)?;
    let (width, height) = WATCHED;
    let mut picture = Picture::black(width, height, PixelFormat::Rgba8);
    let (mut events, mut bytes, mut said) = (Vec::new(), 0, pipeline.counts());
    for frame in 0..minutes * 60 * HZ {
        let time_ms = frame * 1_000 / HZ;
        scene.draw(time_ms, &mut picture.pixels, width, height);
        let mut seen = pipeline.see(frame + 1, time_ms, &picture).map_err(|why| anyhow!(why))?;
        seen.metadata = Metadata { frame, time_ms, ..Metadata::default() };
        bytes += if seen.events.is_empty() { 0 } else { length(&Said::Seen(seen))? };
        if frame.is_multiple_of(HZ) && pipeline.counts() != said {
            said = pipeline.counts();
            bytes += length(&Said::Counts(Box::new(said.clone())))?;
        }
        let objects = scene.truth(time_ms).into_iter().map(|one| Object {
            class: one.class as u16,
            score: 1.0,
            area: one.area,
            track: Some(one.id),
            ..Object::default()
        });
        let metadata = Metadata { frame: frame + 1, time_ms, objects: objects.collect(), ..Metadata::default() };
        truth.update(&metadata, &mut events);
        events.clear();
    }
    let (found, real) = (pipeline.counts(), truth.counts());
    let ways = found.lines.iter().zip(&real.lines).flat_map(|(a, b)| [(&a.came, &b.came), (&a.left, &b.left)]);
    let mut counted = Counted { bytes, ..Counted::default() };
    for (found, real) in ways {
        counted.counted += found.total();
        counted.truth += real.total();
        counted.wrong += found.total().abs_diff(real.total());
        for (class, of_class) in (0..).zip(&mut counted.by_class) {
            *of_class = [of_class[0] + real.of(class), of_class[1] + found.of(class)];
        }
    }
    Ok(counted)
}

fn length(said: &Said) -> anyhow::Result<u64> {
    Ok(serde_json::to_string(said)?.len() as u64)
}

/// Bytes a second of the street as video.
fn film() -> anyhow::Result<f64> {
    let mut scene = Scene::street();
    let (width, height) = FILMED;
    let mut picture = Picture::black(width, height, PixelFormat::Rgba8);
    let (mut rate, mut encoder) = (VideoRate::new(width, height, HZ as u16), VideoEncoder::new(Library::OpenH264));
    let (mut converter, mut i420, mut unit) = (Converter::new(), I420::default(), Vec::new());
    let mut bytes = 0;
    for frame in 0..FILM_S * HZ {
        scene.draw(frame * 1_000 / HZ, &mut picture.pixels, width, height);
        let Some(budget) = rate.next_budget(Time::from_micros(frame * 1_000_000 / HZ)) else { continue };
        let budget = FrameBudget { target_bytes: budget.target as usize, max_bytes: budget.max as usize };
        converter.to_i420(&picture, Damage::All, &mut i420);
        unit.clear();
        let want = if frame == 0 { Want::Key } else { Want::News };
        encoder.encode(&i420, Damage::All, budget, want, &mut unit).map_err(|error| anyhow!(error))?;
        rate.on_encoded(unit.len());
        bytes += unit.len();
    }
    Ok(bytes as f64 / FILM_S as f64)
}

/// The value below which this share of all lies.
fn share(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[((values.len() as f64 * share) as usize).min(values.len() - 1)]
}
