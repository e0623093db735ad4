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
#[command(name = "playfield", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: cmd::Command,
}

fn main() -> ExitCode {
    match cmd::run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("playfield: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// What was wrong, where, and what to do. A cause that the text before it tells already is not told twice.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.contains(&cause) {
            line += if line.is_empty() { "" } else { ": " };
            line += &cause;
        }
    }
    line
}
