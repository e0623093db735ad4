//! Draws scenes into files: pictures as raw RGB, one after the other, and a line of truth for each.
//!
//! ```text
//! cargo run --release -p playfield-core --example scene -- seeds=street frames=1 size=1280x720 rgb=street.rgb truth=street.jsonl
//! cargo run --release -p playfield-core --example scene -- seeds=0..500 frames=8 step=5300 size=320x180 rgb=train.rgb truth=train.jsonl
//! ```
//! `seeds` is `street` or a range, of random streets or, with `on=street`, of others on the street of the demonstration; `from` and
//! `step` are milliseconds; density, noise and first moment follow from the seed. A file named `-` is standard output; one that is
//! not named is not written.

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::Instant;

use playfield_core::scene::{Scene, SceneConfig, Truth};
use playfield_core::sim::Random;
use serde::Serialize;

/// What is asked for.
struct Args {
    seeds: Option<std::ops::Range<u64>>,
    /// All on the street of the demonstration.
    on_street: bool,
    frames: u64,
    from: u64,
    step: u64,
    size: (u16, u16),
    rgb: Option<Box<dyn Write>>,
    truth: Option<Box<dyn Write>>,
}

/// A line of truth.
#[derive(Serialize)]
struct Line {
    /// None: the street of the demonstration.
    seed: Option<u64>,
    time_ms: u64,
    objects: Vec<Truth>,
}

fn open(path: &str) -> io::Result<Box<dyn Write>> {
    Ok(if path == "-" { Box::new(io::stdout().lock()) } else { Box::new(BufWriter::new(File::create(path)?)) })
}

fn parse(words: impl Iterator<Item = String>) -> Result<Args, Box<dyn std::error::Error>> {
    let (size, rgb, truth) = ((640, 360), None, None);
    let mut args = Args { seeds: None, on_street: false, frames: 1, from: 0, step: 1000, size, rgb, truth };
    for word in words {
        let (key, value) = word.split_once('=').ok_or("arguments look like key=value")?;
        match key {
            "seeds" if value == "street" => args.seeds = None,
            "seeds" => {
                let (from, to) = value.split_once("..").ok_or("seeds=FROM..TO, or seeds=street")?;
                args.seeds = Some(from.parse()?..to.parse()?);
            }
            "on" if value == "street" => args.on_street = true,
            "on" => return Err("on=street, or nothing".into()),
            "frames" => args.frames = value.parse()?,
            "from" => args.from = value.parse()?,
            "step" => args.step = value.parse()?,
            "size" => {
                let (width, height) = value.split_once('x').ok_or("size=WIDTHxHEIGHT")?;
                args.size = (width.parse()?, height.parse()?);
            }
            "rgb" => args.rgb = Some(open(value)?),
            "truth" => args.truth = Some(open(value)?),
            other => return Err(format!("no argument is called {other}").into()),
        }
    }
    Ok(args)
}

/// A scene for training: as busy, noisy and late in the day as its seed says.
fn random(seed: u64, on_street: bool) -> (Scene, u64) {
    let mut random = Random::new(seed);
    let mut share = |low: f32, high: f32| low + (high - low) * random.below(1000) as f32 / 1000.0;
    let config = SceneConfig {
        people: share(0.4, 2.4),
        vehicles: share(0.3, 2.2),
        bicycles: share(0.4, 3.0),
        noise: share(0.0, 3.0),
    };
    let scene = if on_street { Scene::on_street(seed, config) } else { Scene::new(seed, config) };
    (scene, random.below(3_600_000))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = parse(env::args().skip(1))?;
    let scenes: Vec<Option<u64>> = args.seeds.clone().map_or(vec![None], |seeds| seeds.map(Some).collect());
    let (width, height) = args.size;
    let mut rgba = vec![0; usize::from(width) * usize::from(height) * 4];
    let (mut drawing, mut knowing, mut count) = (0.0, 0.0, 0_u32);
    for seed in scenes {
        let (mut scene, first) = seed.map_or_else(|| (Scene::street(), 0), |seed| random(seed, args.on_street));
        for frame in 0..args.frames {
            let time_ms = args.from + first + frame * args.step;
            let start = Instant::now();
            let objects = scene.truth(time_ms);
            knowing += start.elapsed().as_secs_f64();
            if let Some(file) = &mut args.truth {
                writeln!(file, "{}", serde_json::to_string(&Line { seed, time_ms, objects })?)?;
            }
            if let Some(file) = &mut args.rgb {
                let start = Instant::now();
                scene.draw(time_ms, &mut rgba, width, height);
                drawing += start.elapsed().as_secs_f64();
                let rgb: Vec<u8> = rgba.as_chunks::<4>().0.iter().flat_map(|p| [p[0], p[1], p[2]]).collect();
                file.write_all(&rgb)?;
            }
            count += 1;
        }
    }
    let each = |seconds: f64| seconds * 1000.0 / f64::from(count.max(1));
    eprintln!("{count} pictures: {:.2} ms each to draw, {:.3} ms for the truth", each(drawing), each(knowing));
    Ok(())
}
