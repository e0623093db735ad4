//! What a picture costs in a model, stage by stage, on one thread:
//! `cargo run --release -p playfield-runtime --features model --example models -- MODEL.toml... [--library libonnxruntime.so]`
//!
//! Pictures are noise of 1280 by 720 pixels. With a library, ONNX Runtime is measured in turns with rten. `models/bench.py` makes
//! models of the size of real ones.

use std::path::Path;

use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::model::Manifest;
use playfield_core::motion::{Config, Motion};
use playfield_core::time::Time;
use playfield_runtime::model::{Engine, Model};

/// Pictures that are looked at in each turn, and turns.
const RUNS: usize = 40;
const TURNS: usize = 3;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    let mut engines = vec![Engine::default()];
    if let Some(at) = arguments.iter().position(|argument| argument == "--library") {
        let library = arguments.drain(at..).nth(1).ok_or("--library needs a path")?.into();
        engines.push(Engine::OnnxRuntime { library, threads: 1 });
    }
    println!(
        "medians of {RUNS} pictures, ms: prepare, infer, decode, together; 19 of 20 within; of the processor, the mean"
    );
    motion();
    for manifest in &arguments {
        measure(Path::new(manifest), &engines)?;
    }
    Ok(())
}

fn measure(path: &Path, engines: &[Engine]) -> Result<(), Failure> {
    let manifest = Manifest::parse(&std::fs::read_to_string(path)?)?;
    let bytes = std::fs::read(path.with_file_name(&manifest.file))?;
    let picture = [noise(1280, 720)];
    let mut models = Vec::new();
    for engine in engines {
        let began = std::time::Instant::now();
        models.push((engine.name(), Model::load(bytes.clone(), &manifest, engine)?));
        println!("{:<12} {:<14} loaded and tried in {:.0} ms", manifest.name, engine.name(), ms(began.elapsed()));
    }
    for _ in 0..TURNS {
        for (name, model) in &mut models {
            let before = processor();
            let cost = model.measure(&picture, 0, RUNS)?;
            let processor = (processor() - before) / RUNS as f64;
            let stages = cost.median;
            let [prepare, infer, decode] = [stages.prepare, stages.infer, stages.decode].map(ms);
            let (total, p95) = (ms(cost.total), ms(cost.p95));
            println!(
                "{:<12} {name:<14} {prepare:7.2} {infer:7.2} {decode:7.2} {total:7.2} {p95:7.2} {processor:7.2}",
                manifest.name
            );
        }
    }
    Ok(())
}

fn motion() {
    for (width, height) in [(640, 360), (1920, 1080)] {
        let (picture, mut motion, mut times) = (noise(width, height), Motion::new(Config::default()), Vec::new());
        for nth in 0..200 {
            let began = std::time::Instant::now();
            motion.look(Time::from_millis(nth * 100), &picture);
            times.push(began.elapsed());
        }
        times.sort_unstable();
        println!("motion       {width}x{height} {:.3} ms, 19 of 20 within {:.3}", ms(times[100]), ms(times[190]));
    }
}

fn noise(width: u16, height: u16) -> Picture {
    let mut picture = Picture::black(width, height, PixelFormat::Rgba8);
    let mut seed = 1u32;
    for byte in &mut picture.pixels {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (seed >> 24) as u8;
    }
    picture
}

/// Processor time of this process so far, in milliseconds: what else runs hardly matters to it.
fn processor() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn ms(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
