//! The same paths in real time: a worker process, a relay that does to packets what the path does, and a viewer.
//!
//! The viewer presses nothing, so each picture it shows must be the one that the module makes of that tick anywhere.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use playfield_core::api::VideoMode;
use playfield_core::input::TickInput;
use playfield_core::receipt::Histogram;
use playfield_core::time::Time;
use playfield_runtime::wasm::{Engine, WasmGuest};
use playfield_runtime::{Guest, GuestConfig};
use playfield_transport::relay::Relay;

use super::{HZ, SETTLED, TITLES, Title, Way, ways};
use crate::bench::player::Player;
use crate::bench::worker::Worker;
use crate::bench::{Better, Figure, Report};

/// Plays each title for so many ticks over each path.
pub fn run(ticks: u64) -> anyhow::Result<Report> {
    let mut report = Report::new("delta over sockets");
    for title in &TITLES {
        for (seed, way) in (1..).zip(ways()) {
            play(title, &way, seed, ticks, &mut report.figures)?;
        }
    }
    Ok(report)
}

fn play(title: &Title, way: &Way, seed: u64, ticks: u64, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let mut worker = Worker::start(1)?;
    let port = worker.udp.first().context("a worker listens")?.port();
    let relay = Relay::start(port..=port, way.path, seed)?;
    let module = worker.prepare(title.module)?;
    let (mut player, offer) = Player::new()?;
    let judge = Rc::new(RefCell::new(Judge::new(title)?));
    let watch = Rc::clone(&judge);
    player.watch = Some(Box::new(move |tick, rgba| watch.borrow_mut().see(tick, rgba)));
    let (session, answer) = worker.open(&module, VideoMode::Lossless, offer)?;
    player.connect(&relay.reroute(&answer))?;
    player.play_for(Duration::from_micros(ticks * 1_000_000 / HZ))?;
    let receipt = worker.receipt(session)?;

    let judge = judge.borrow();
    if let Some(error) = &judge.error {
        bail!("the judge of pictures failed: {error}");
    }
    let name = |what: &str| format!("{}, {}: {what}", title.name, way.name);
    let ms = |us: u64| us as f64 / 1e3;
    figures.push(Figure::new(name("pictures not exact"), judge.inexact as f64, "", Some(0.0), Better::Lower));
    if let Some(network) = receipt.stages.iter().find(|stage| stage.name == "network") {
        figures.push(Figure::ms(name("last packet out to shown, p95"), network.p95_ms, way.age_ms));
    }
    figures.push(Figure::ms(name("between pictures after two seconds, p99"), ms(judge.wait.percentile(99)), None));
    figures.push(Figure::ms(name("between pictures after two seconds, longest"), ms(judge.wait.max()), None));
    figures.push(Figure::new(name("pictures shown"), player.pictures as f64, "", None, Better::Higher));
    Ok(())
}

/// Makes the same pictures, and compares.
struct Judge {
    guest: WasmGuest,
    begun: Instant,
    seen: Option<Instant>,
    wait: Histogram,
    inexact: u64,
    error: Option<String>,
}

impl Judge {
    fn new(title: &Title) -> anyhow::Result<Judge> {
        let module = Engine::new()?.load_wasm(title.module)?;
        let guest = module.open(GuestConfig { memory_limit: 64 << 20, ..GuestConfig::default() })?;
        let begun = Instant::now();
        Ok(Judge { guest, begun, seen: None, wait: Histogram::default(), inexact: 0, error: None })
    }

    fn see(&mut self, tick: u32, rgba: &[u8]) {
        let now = Instant::now();
        let before =
            self.seen.replace(now).filter(|before| before.duration_since(self.begun) > SETTLED.since(Time::ZERO));
        if let Some(before) = before {
            self.wait.add(now.duration_since(before).as_micros() as u64);
        }
        while self.guest.tick_count() < u64::from(tick) {
            if let Err(error) = self.guest.tick(&TickInput::default()) {
                self.error = Some(error.to_string());
                return;
            }
        }
        let mut meant = Vec::new();
        self.guest.picture().to_rgba(&mut meant);
        self.inexact += u64::from(meant != rgba);
    }
}
