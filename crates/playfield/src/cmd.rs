//! The subcommands, one file each.

mod app;
mod bench;
mod camera;
mod codecs;
mod compile;
mod core;
mod cover;
mod device;
mod guest;
mod job;
mod look;
mod module;
mod program;
mod replay;
mod run;
mod sandbox;
mod try_model;
mod up;
mod worker;

use clap::Subcommand;

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the catalogue and host sessions: the control plane and a node in one.
    Up(up::Args),
    /// Serve one module at once: a WASM-4 cartridge or a Playfield title.
    Run(run::Args),
    /// Play a module without network or clock, from a log of inputs, as fast as possible.
    Replay(replay::Args),
    /// Measure: each benchmark prints a table, or JSON.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Have cameras on this machine that a control plane elsewhere looks after.
    #[command(subcommand)]
    Camera(device::Camera),
    /// Check an edge app of cameras, and say how much can leave through it.
    App(app::Args),
    /// Say what this machine has to fence off native guests.
    Sandbox(sandbox::Args),
    /// Host sessions for a node (a node starts this).
    #[command(hide = true)]
    Worker,
    /// Compile a module for this machine (a node starts this).
    #[command(hide = true)]
    Compile(job::JobArgs),
    /// Draw a cover for a module (a node starts this).
    #[command(hide = true)]
    Cover(cover::Args),
    /// Try the start of a core and its content (a node starts this).
    #[command(hide = true)]
    Look(look::Args),
    /// Try whether a camera can use a model (a node starts this).
    #[command(hide = true)]
    TryModel(try_model::Args),
    /// Be the process of a guest that is native code (a worker starts this).
    #[command(hide = true)]
    Guest(guest::Args),
}

/// Runs a subcommand to its end.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up(args) => up::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Bench(bench) => bench::run(&bench),
        Command::Camera(camera) => device::run(&camera),
        Command::App(args) => app::run(&args),
        Command::Sandbox(args) => sandbox::run(&args),
        Command::Worker => worker::run(),
        Command::Compile(args) => compile::run(&args),
        Command::Cover(args) => cover::run(&args),
        Command::Look(args) => look::run(&args),
        Command::TryModel(args) => try_model::run(&args),
        Command::Guest(args) => guest::run(&args),
    }
}
