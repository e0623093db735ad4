//! `playfield bench latency`: from input to picture.

use std::time::Instant;

use playfield_core::api::{Receipt, VideoMode};
use playfield_core::receipt::Histogram;
use playfield_core::sim::Random;

use super::player::Player;
use super::worker::Worker;
use super::{Figure, Report};

struct Case {
    name: &'static str,
    module: &'static [u8],
    video: VideoMode,
    /// Of the node's part, 95th percentile, in milliseconds.
    target_ms: f64,
}

const CASES: [Case; 2] = [
    Case {
        name: "160x160 lossless",
        module: include_bytes!("../../../../titles/probe/probe.wasm"),
        video: VideoMode::Lossless,
        target_ms: 2.0,
    },
    Case {
        name: "640x360 H.264",
        module: include_bytes!("../../../../titles/probe-hd/probe-hd.wasm"),
        video: VideoMode::H264,
        target_ms: 4.0,
    },
];

/// Measures all cases, each in a worker process of its own.
pub fn run(presses: u32) -> anyhow::Result<Report> {
    let mut report = Report::new("latency");
    for case in &CASES {
        measure(case, presses, &mut report.figures)?;
    }
    Ok(report)
}

fn measure(case: &Case, presses: u32, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let mut worker = Worker::start(1)?;
    let (mut player, offer) = Player::new()?;
    let asked = Instant::now();
    let module = worker.prepare(case.module)?;
    let (session, answer) = worker.open(&module, case.video, offer)?;
    let answered = Instant::now();
    player.connect(&answer)?;
    let first = answered.elapsed();
    let mut random = Random::new(1);
    let mut seen = Histogram::default();
    for _ in 0..presses {
        player.rest(random.next_u64())?;
        seen.add(player.press()?.as_micros() as u64);
    }
    let receipt = worker.receipt(session)?;
    let name = |what: &str| format!("{}: {what}", case.name);
    let ms = |us: u64| us as f64 / 1_000.0;
    figures.push(Figure::ms(name("open the guest, compiling included"), (answered - asked).as_secs_f64() * 1e3, None));
    figures.push(Figure::ms(name("answer to first picture"), first.as_secs_f64() * 1e3, None));
    for percent in [50, 95] {
        figures.push(Figure::ms(
            name(&format!("press to decoded picture, p{percent}")),
            ms(seen.percentile(percent)),
            None,
        ));
    }
    figures.extend(stages(case, &receipt));
    Ok(())
}

fn stages(case: &Case, receipt: &Receipt) -> Vec<Figure> {
    let named = |name: &str, value, target| Figure::ms(format!("{}: {name}", case.name), value, target);
    let mut figures = Vec::new();
    for stage in &receipt.stages {
        figures.push(named(&format!("{}, p50", stage.name), stage.p50_ms, None));
        figures.push(named(&format!("{}, p95", stage.name), stage.p95_ms, None));
    }
    if let Some(node) = &receipt.node {
        figures.push(named("input to last packet without the wait for the tick, p50", node.p50_ms, None));
        let p95 = named("input to last packet without the wait for the tick, p95", node.p95_ms, Some(case.target_ms));
        figures.push(p95);
    }
    figures
}
