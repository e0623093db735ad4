//! `playfield bench`: measures, and prints a table or JSON.

use clap::Subcommand;

use crate::bench::{Report, latency};

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// From input to picture: plays `probe` through a worker process with a viewer written in Rust.
    Latency(LatencyArgs),
}

/// Flags of `bench latency`.
#[derive(Debug, clap::Args)]
pub struct LatencyArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Presses to measure, of each picture size.
    #[arg(long, default_value_t = 200)]
    presses: u32,
}

/// Measures and prints.
pub fn run(bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Latency(args) => print(&latency::run(args.presses)?, args.json),
    }
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}
