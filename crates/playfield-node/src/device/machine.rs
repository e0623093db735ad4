//! What a machine is, and how it does.

use std::path::Path;

use playfield_core::link::Machine;

/// The processor's architecture.
const ARCH: &str = if cfg!(target_arch = "x86_64") {
    "x86_64"
} else if cfg!(target_arch = "aarch64") {
    "aarch64"
} else {
    "another processor"
};
/// Where Linux shows temperatures, in thousandths of a degree Celsius.
const THERMAL: &str = "/sys/class/thermal";

/// This machine, whose data is in that folder.
pub fn machine(folder: &Path) -> Machine {
    Machine {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        arch: ARCH.to_owned(),
        celsius: hottest(Path::new(THERMAL)),
        free_bytes: free(folder),
        waiting: 0,
        dropped: 0,
    }
}

fn hottest(zones: &Path) -> Option<f32> {
    let zones = std::fs::read_dir(zones).ok()?.filter_map(Result::ok);
    let read = |zone: std::fs::DirEntry| std::fs::read_to_string(zone.path().join("temp")).ok();
    let degrees =
        zones.filter_map(read).filter_map(|text| text.trim().parse::<f32>().ok()).map(|milli| milli / 1_000.0);
    // Zones without a sensor say 0, or what no machine survives.
    degrees.filter(|celsius| (1.0..150.0).contains(celsius)).reduce(f32::max)
}

/// Bytes that may be written there.
pub(super) fn free(folder: &Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(folder).ok()?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}
