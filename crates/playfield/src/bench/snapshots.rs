//! `playfield bench snapshots`: what it takes to save a guest and to go back, by the size of its memory and by how much of it
//! was touched since.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use playfield_core::input::TickInput;
use playfield_runtime::wasm::{Engine, Module, Options, WasmGuest};
use playfield_runtime::{Changes, Guest, GuestConfig, Snapshot, Tracking};

use super::{Better, Figure, Report};

/// The guest: `pages.wat`.
const MODULE: &[u8] = include_bytes!("pages.wasm");
/// Sizes of memory, in KiB.
const SIZES: [(u32, &str); 4] = [(64, "64 KiB"), (1 << 10, "1 MiB"), (16 << 10, "16 MiB"), (64 << 10, "64 MiB")];
/// Pages of 4 KiB touched between two snapshots, besides all.
const TOUCHED: [u32; 3] = [0, 16, 256];
/// What a small guest's snapshot may take, in microseconds.
const TAKE_TARGET_US: f64 = 20.0;
/// What going back may take for it.
const RESTORE_TARGET_US: f64 = 50.0;

/// Measures each case so often; the figures are medians.
pub fn run(times: u32) -> anyhow::Result<Report> {
    let mut report = Report::new("snapshots");
    let engines = [Engine::new()?, Engine::with(Options { tracking: Tracking::Compare, ..Options::default() })?];
    // Where the kernel does not note writes the two are the same.
    let both = engines[0].tracking() == Tracking::Pages;
    for engine in engines.iter().take(if both { 2 } else { 1 }) {
        let module = engine.load_wasm(MODULE)?;
        for (kib, size) in SIZES {
            measure(engine, &module, kib, size, times, &mut report.figures)?;
        }
    }
    Ok(report)
}

fn measure(
    engine: &Engine,
    module: &Module,
    kib: u32,
    size: &str,
    times: u32,
    figures: &mut Vec<Figure>,
) -> anyhow::Result<()> {
    let mut guest = open(module, kib)?;
    let mut state = Snapshot::default();
    let mut changes = Changes::default();
    let target = |value| (kib == 64).then_some(value);
    if engine.tracking() == Tracking::Pages {
        // These are the same however changes are known.
        let take = median(times, || timed(|| guest.snapshot(&mut state)))?;
        figures.push(us(format!("{size}: take whole"), take, target(TAKE_TARGET_US)));
        let restore = median(times, || timed(|| guest.restore(&state)))?;
        figures.push(us(format!("{size}: restore"), restore, target(RESTORE_TARGET_US)));
    }
    let way = engine.tracking().name();
    let all = kib / 4;
    for touched in TOUCHED.into_iter().filter(|touched| *touched < all).chain([all]) {
        let mut input = TickInput::default();
        input.players[0].pad.lx = touched as i16;
        let mut ticks = Vec::new();
        let mut bytes = 0;
        save(&mut guest, &mut changes)?;
        let take = median(times, || {
            ticks.push(timed(|| guest.tick(&input))?);
            timed(|| save(&mut guest, &mut changes).map(|saved| bytes = saved))
        })?;
        let name = if touched == all { "all".to_owned() } else { touched.to_string() };
        let name = |what: &str| format!("{size}, {name} pages touched, {way}: {what}");
        figures.push(us(name("take changes"), take, target(TAKE_TARGET_US)));
        figures.push(us(name("the tick that touches them"), middle(&mut ticks), None));
        figures.push(Figure::new(name("saved"), bytes as f64 / 1024.0, "KiB", None, Better::Lower));
    }
    Ok(())
}

fn open(module: &Module, kib: u32) -> anyhow::Result<WasmGuest> {
    let storage = BTreeMap::from([("k".to_owned(), kib.to_le_bytes().to_vec())]);
    let config = GuestConfig { memory_limit: 64 << 20, storage_limit: 1 << 20, storage, ..GuestConfig::default() };
    Ok(module.open(config)?)
}

/// Saves in as many rounds as it takes; how many bytes.
fn save(guest: &mut WasmGuest, changes: &mut Changes) -> anyhow::Result<usize> {
    let mut bytes = 0;
    loop {
        guest.save_changes(changes)?;
        bytes += changes.size();
        if changes.done {
            return Ok(bytes);
        }
    }
}

fn us(name: String, time: Duration, target: Option<f64>) -> Figure {
    Figure::new(name, time.as_secs_f64() * 1e6, "us", target, Better::Lower)
}

fn timed<T, E: Into<anyhow::Error>>(work: impl FnOnce() -> Result<T, E>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    work().map_err(Into::into)?;
    Ok(began.elapsed())
}

fn median(times: u32, mut work: impl FnMut() -> anyhow::Result<Duration>) -> anyhow::Result<Duration> {
    let mut all = (0..times.max(1)).map(|_| work()).collect::<Result<Vec<_>, _>>()?;
    Ok(middle(&mut all))
}

fn middle(all: &mut [Duration]) -> Duration {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}
