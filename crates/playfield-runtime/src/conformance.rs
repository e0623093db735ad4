//! What every guest has to keep. Run these on every title: `check_guest_snapshot(&engine, &module, &log, 120, 240)`.

use playfield_core::frame::{Damage, Picture};
use playfield_core::input::log::{Cursor, InputLog};
use playfield_core::manifest::Limits;

use crate::replay::PictureHasher;
use crate::wasm::{Engine, Module, WasmGuest};
use crate::{Changes, Guest, GuestConfig, GuestError, Snapshot};

/// What a guest did wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It failed.
    #[error("{0}")]
    Guest(#[from] GuestError),
    /// Two runs that should be equal were not.
    #[error("frame {frame}: {what} differ between {between}")]
    Differs {
        /// The first frame at which they differed.
        frame: u64,
        /// Pictures or sound.
        what: &'static str,
        /// Which two runs.
        between: &'static str,
    },
    /// A picture differed from the one before outside what the guest said may differ.
    #[error("frame {0}: the picture changed outside its damage")]
    Damage(u64),
}

/// The configuration of a session with the default limits of a manifest, for this log.
pub fn config_for(log: &InputLog) -> GuestConfig {
    let limits = Limits::default();
    GuestConfig {
        seed: log.seed,
        start_unix_ms: log.start_unix_ms,
        memory_limit: u64::from(limits.memory_mb) << 20,
        storage_limit: u64::from(limits.storage_kb) << 10,
        ..GuestConfig::default()
    }
}

/// What a frame looked and sounded like.
type Made = (String, Vec<i16>);

fn run(guest: &mut WasmGuest, inputs: &mut Cursor<'_>, until: u64) -> Result<Vec<Made>, Broken> {
    let mut hasher = PictureHasher::default();
    let mut made = Vec::new();
    for frame in guest.tick_count() + 1..=until {
        guest.tick(inputs.at(frame))?;
        made.push((hasher.hash(guest.picture(), Damage::All).to_owned(), guest.audio().to_vec()));
    }
    Ok(made)
}

fn same(first: u64, a: &[Made], b: &[Made], between: &'static str) -> Result<(), Broken> {
    for (frame, (a, b)) in (first..).zip(a.iter().zip(b)) {
        if a.0 != b.0 {
            return Err(Broken::Differs { frame, what: "pictures", between });
        }
        if a.1 != b.1 {
            return Err(Broken::Differs { frame, what: "sound", between });
        }
    }
    Ok(())
}

/// Runs a module twice over `frames` frames: pictures and sound must be equal.
pub fn check_guest_determinism(engine: &Engine, module: &[u8], log: &InputLog, frames: u64) -> Result<(), Broken> {
    let module = engine.load_wasm(module)?;
    let one = run(&mut module.open(config_for(log))?, &mut log.cursor(), frames)?;
    let two = run(&mut module.open(config_for(log))?, &mut log.cursor(), frames)?;
    same(1, &one, &two, "two runs")
}

/// Replays to `save_at`, snapshots, goes on to `until`; restores, goes on again; and once more in a guest that has just been
/// opened. All must be equal, and equal to a run that was never saved.
pub fn check_guest_snapshot(
    engine: &Engine,
    module: &[u8],
    log: &InputLog,
    save_at: u64,
    until: u64,
) -> Result<(), Broken> {
    let module = engine.load_wasm(module)?;
    let mut inputs = log.cursor();
    let mut guest = module.open(config_for(log))?;
    run(&mut guest, &mut inputs, save_at)?;
    let mut saved = Snapshot::default();
    guest.snapshot(&mut saved)?;
    let on = run(&mut guest, &mut inputs, until)?;
    let untouched = untouched(&module, log, save_at, until)?;
    same(save_at + 1, &untouched, &on, "a run that was saved and one that was not")?;

    guest.restore(&saved)?;
    check_saves_alike(&mut guest, &saved)?;
    let again = run(&mut guest, &mut inputs, until)?;
    same(save_at + 1, &on, &again, "before and after going back")?;

    let mut other = module.open(GuestConfig { seed: !log.seed, ..config_for(log) })?;
    other.restore(&saved)?;
    check_saves_alike(&mut other, &saved)?;
    let elsewhere = run(&mut other, &mut inputs, until)?;
    same(save_at + 1, &on, &elsewhere, "a guest and a new one with its state")
}

/// Saves by changes after every seventh tick up to `until`: each time they must add up to the state, and a guest that goes on
/// from the last of them goes on as a run does that was never saved.
pub fn check_guest_changes(engine: &Engine, module: &[u8], log: &InputLog, until: u64) -> Result<(), Broken> {
    let module = engine.load_wasm(module)?;
    let mut inputs = log.cursor();
    let mut guest = module.open(config_for(log))?;
    let (mut changes, mut state, mut whole) = (Changes::default(), Snapshot::default(), Snapshot::default());
    let mut made = Vec::new();
    while guest.tick_count() < until {
        let frame = guest.tick_count() + 7;
        made.extend(run(&mut guest, &mut inputs, frame)?);
        guest.save_changes(&mut changes)?;
        changes.apply(&mut state);
        guest.snapshot(&mut whole)?;
        if changes.done && state != whole {
            return Err(Broken::Differs { frame, what: "states", between: "a snapshot and its changes" });
        }
    }
    // What was last made whole may lie some ticks back.
    let mut other = module.open(GuestConfig { seed: !log.seed, ..config_for(log) })?;
    other.restore(&state)?;
    let from = other.tick_count();
    let again = run(&mut other, &mut log.cursor(), guest.tick_count())?;
    same(from + 1, &made[from as usize..], &again, "a guest and a new one with its changes")?;
    same(
        1,
        &untouched(&module, log, 0, guest.tick_count())?,
        &made,
        "a run that was saved by changes and one that was not",
    )
}

fn untouched(module: &Module, log: &InputLog, save_at: u64, until: u64) -> Result<Vec<Made>, Broken> {
    let mut guest = module.open(config_for(log))?;
    let mut inputs = log.cursor();
    run(&mut guest, &mut inputs, save_at)?;
    run(&mut guest, &mut inputs, until)
}

/// A guest that was just restored saves the very same bytes.
fn check_saves_alike(guest: &mut WasmGuest, saved: &Snapshot) -> Result<(), Broken> {
    let mut again = Snapshot::default();
    guest.snapshot(&mut again)?;
    if again == *saved {
        return Ok(());
    }
    Err(Broken::Differs { frame: saved.tick, what: "states", between: "a snapshot and one taken after restoring it" })
}

/// Checks that no picture changes outside the damage its tick reported.
pub fn check_guest_damage(engine: &Engine, module: &[u8], log: &InputLog, frames: u64) -> Result<(), Broken> {
    let mut guest = engine.load_wasm(module)?.open(config_for(log))?;
    let mut inputs = log.cursor();
    let mut before = guest.picture().clone();
    for frame in 1..=frames {
        let tick = guest.tick(inputs.at(frame))?;
        if !covers(tick.damage, &before, guest.picture()) {
            return Err(Broken::Damage(frame));
        }
        before.clone_from(guest.picture());
    }
    Ok(())
}

fn covers(damage: Damage, before: &Picture, after: &Picture) -> bool {
    let area = match damage {
        Damage::All => return true,
        Damage::None => return before == after,
        Damage::Area(area) => area,
    };
    let shape = |picture: &Picture| (picture.width, picture.height, picture.format, picture.palette.clone());
    let bytes = after.format.bytes_per_pixel();
    let (left, right) = (usize::from(area.x) * bytes, usize::from(area.x + area.width) * bytes);
    let inside = |y: usize| (usize::from(area.y)..usize::from(area.y + area.height)).contains(&y);
    let rows = before.pixels.chunks(before.stride()).zip(after.pixels.chunks(after.stride()));
    let mut rows = rows.enumerate();
    shape(before) == shape(after)
        && rows.all(|(y, (a, b))| if inside(y) { a[..left] == b[..left] && a[right..] == b[right..] } else { a == b })
}
