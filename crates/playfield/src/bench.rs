//! What benchmarks have in common: figures, targets, and how they are printed.

pub mod camera;
pub mod delta;
pub mod density;
pub mod latency;
pub mod machines;
mod player;
mod processes;
pub mod programs;
pub mod snapshots;
pub mod starts;
mod worker;

use std::fmt;

use serde::Serialize;

/// What a benchmark found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Which benchmark.
    pub bench: &'static str,
    /// What it ran on.
    pub machine: String,
    /// What it measured.
    pub figures: Vec<Figure>,
}

/// One figure.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it should be; none: only stated.
    pub target: Option<f64>,
    /// Which way is better.
    pub better: Better,
    /// Whether the target is met; figures without one always are.
    pub ok: bool,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Less is more.
    Lower,
    /// More is more.
    Higher,
}

impl Figure {
    /// A time in milliseconds, better lower.
    pub fn ms(name: String, value: f64, target: Option<f64>) -> Figure {
        Figure::new(name, value, "ms", target, Better::Lower)
    }

    /// Any figure.
    pub fn new(name: String, value: f64, unit: &'static str, target: Option<f64>, better: Better) -> Figure {
        let value = (value * 1_000.0).round() / 1_000.0;
        let ok = target.is_none_or(|target| match better {
            Better::Lower => value <= target,
            Better::Higher => value >= target,
        });
        Figure { name, value, unit, target, better, ok }
    }
}

impl Report {
    /// A report on this machine.
    pub fn new(bench: &'static str) -> Report {
        Report { bench, machine: machine(), figures: Vec::new() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}", self.bench, self.machine)?;
        let width = self.figures.iter().map(|figure| figure.name.len()).max().unwrap_or(0);
        for figure in &self.figures {
            write!(f, "  {:width$}  {:>10.3} {}", figure.name, figure.value, figure.unit)?;
            match figure.target {
                Some(target) => writeln!(f, "   target {target} {}", if figure.ok { "met" } else { "MISSED" })?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("?");
    format!("{}, {cores} cores, load {load}", model.map_or("unknown processor", |(_, name)| name))
}
