//! The one binary. Subcommands, configuration, telemetry and wiring; every decision lives in the crates below.
#![forbid(unsafe_code)]

mod bench;
mod cmd;
mod config;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

/// Games and programs, streamed from here to any browser.
#[derive(Debug, Parser)]
#[command(name = "playfield", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: cmd::Command,
}

fn main() -> ExitCode {
    match cmd::run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: what was wrong, where, and what to do.
            eprintln!("playfield: {error:#}");
            ExitCode::FAILURE
        }
    }
}
