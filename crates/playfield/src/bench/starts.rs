//! `playfield bench starts`: from a loaded module to its first tick, cold and warm, and the memory of a further session.

use std::time::{Duration, Instant};

use anyhow::Context;
use playfield_core::input::TickInput;
use playfield_runtime::wasm::{Engine, Module, Options, WasmGuest};
use playfield_runtime::{Guest, GuestConfig};

use super::processes::memory_of;
use super::{Better, Figure, Report};

/// The titles of the tree, and one whose start takes long: `slow.wat`.
const TITLES: [(&str, &[u8]); 8] = [
    ("probe", include_bytes!("../../../../titles/probe/probe.wasm")),
    ("probe-hd", include_bytes!("../../../../titles/probe-hd/probe-hd.wasm")),
    ("gloamling", include_bytes!("../../../../titles/gloamling/gloamling.wasm")),
    ("afterglide", include_bytes!("../../../../titles/afterglide/afterglide.wasm")),
    ("eavesong", include_bytes!("../../../../titles/eavesong/eavesong.wasm")),
    ("ramshackle", include_bytes!("../../../../titles/ramshackle/ramshackle.wasm")),
    ("ripplewick", include_bytes!("../../../../titles/ripplewick/ripplewick.wasm")),
    ("slow start", include_bytes!("slow.wasm")),
];
/// Sessions that are open at once to see what each takes.
const SESSIONS: u32 = 16;

/// Opens each title so often; times are medians.
pub fn run(times: u32) -> anyhow::Result<Report> {
    let mut report = Report::new("starts");
    let cold = Engine::with(Options { warm_after: Duration::MAX, ..Options::default() })?;
    let warm = Engine::with(Options { warm_after: Duration::ZERO, ..Options::default() })?;
    for (title, wasm) in TITLES {
        measure(title, "cold", &cold.load_wasm(wasm)?, times, &mut report)?;
        measure(title, "warm", &warm.load_wasm(wasm)?, times, &mut report)?;
    }
    Ok(report)
}

fn measure(title: &str, way: &str, module: &Module, times: u32, report: &mut Report) -> anyhow::Result<()> {
    // The first one may run the start for all that follow.
    let first = first_tick(module)?.0;
    let mut took = Vec::new();
    for _ in 0..times.max(1) {
        let began = Instant::now();
        let guest = first_tick(module)?;
        took.push(began.elapsed());
        drop(guest);
    }
    took.sort_unstable();
    let (_guest, is_warm) = first_tick(module)?;
    let name = match (way, is_warm) {
        ("warm", false) => format!("{title}, cold again (its start depends on its session)"),
        _ => format!("{title}, {way}"),
    };
    drop(first);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    report.figures.push(Figure::ms(format!("{name}: open to first tick"), ms(took[took.len() / 2]), None));
    let before = memory_of(std::process::id())?;
    let guests = (0..SESSIONS).map(|_| first_tick(module)).collect::<Result<Vec<_>, _>>()?;
    let each = memory_of(std::process::id())?.saturating_sub(before) as f64 / f64::from(SESSIONS);
    drop(guests);
    report.figures.push(Figure::new(
        format!("{name}: memory of a further session"),
        each / 1024.0,
        "KiB",
        None,
        Better::Lower,
    ));
    Ok(())
}

/// A guest after its first tick, and whether it started warm.
fn first_tick(module: &Module) -> anyhow::Result<(WasmGuest, bool)> {
    let config = GuestConfig { memory_limit: 64 << 20, storage_limit: 1 << 20, ..GuestConfig::default() };
    let mut guest = module.open(config).context("a title does not open")?;
    guest.tick(&TickInput::default())?;
    let is_warm = guest.is_warm();
    Ok((guest, is_warm))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_modules_are_made_of_their_texts() {
        for (text, wasm, file) in [
            (include_str!("slow.wat"), include_bytes!("slow.wasm").as_slice(), "slow.wasm"),
            (include_str!("pages.wat"), include_bytes!("pages.wasm").as_slice(), "pages.wasm"),
        ] {
            let made = wat::parse_str(text).unwrap();
            if std::env::var_os("PLAYFIELD_UPDATE").is_some() {
                let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench");
                std::fs::write(folder.join(file), &made).unwrap();
            }
            assert!(made == wasm, "{file} is not what its text says; PLAYFIELD_UPDATE=1 writes it anew");
        }
    }
}
