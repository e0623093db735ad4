//! `playfield bench`: measures, and prints a table or JSON.

use clap::Subcommand;

use std::io::{ErrorKind, Write, stdout};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use playfield_core::api::VideoMode;

use crate::bench::{Report, camera, delta, density, latency, machines, programs, snapshots, starts};

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// From input to picture: plays `probe` through a worker process with a viewer written in Rust.
    Latency(LatencyArgs),
    /// A camera: from a picture to what is said of it, whether it counts right, and what leaves it.
    Camera(CameraArgs),
    /// Exact pictures on bad networks: their age, the longest wait, and what they take.
    Delta(DeltaArgs),
    /// How many sessions this machine carries: all of them played, by viewers in a process of their own.
    Density(DensityArgs),
    /// How many machines with cameras one control plane holds, each telling something every second.
    Machines(MachinesArgs),
    /// Linux programs: from the commit of a picture to its last packet, and the processor time of each part.
    Programs(ProgramsArgs),
    /// Saving a guest and going back, by the size of its memory and by how much of it was touched.
    Snapshots(TimesArgs),
    /// From a loaded module to its first tick, cold and from a warm start, and the memory of a further session.
    Starts(TimesArgs),
}

/// Flags of `bench snapshots` and `bench starts`.
#[derive(Debug, clap::Args)]
pub struct TimesArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// How often each case is measured.
    #[arg(long, default_value_t = 31)]
    times: u32,
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

/// Flags of `bench camera`.
#[derive(Debug, clap::Args)]
pub struct CameraArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The folder of the model.
    #[arg(long, value_name = "FOLDER", default_value = "models/street")]
    model: PathBuf,
    /// Streets that are watched, with other people on each.
    #[arg(long, default_value_t = 4)]
    streets: u64,
    /// Minutes of each street's time.
    #[arg(long, default_value_t = 15)]
    minutes: u64,
}

/// Flags of `bench machines`.
#[derive(Debug, clap::Args)]
pub struct MachinesArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Machines in all, one number after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    machines: Vec<usize>,
    /// Seconds to measure each number of them for.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Be the machines (the benchmark starts this).
    #[arg(long, hide = true, value_name = "URL")]
    be_machines: Option<String>,
}

/// Flags of `bench delta`.
#[derive(Debug, clap::Args)]
pub struct DeltaArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Pictures of each title, over each path.
    #[arg(long, default_value_t = 1800)]
    pictures: u64,
    /// In real time instead: from a worker process through a relay that loses, delays and reorders, to a viewer.
    #[arg(long)]
    relay: bool,
}

/// Flags of `bench programs`.
#[derive(Debug, clap::Args)]
pub struct ProgramsArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Width and height of the screen.
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1280x720", value_parser = size)]
    size: [u16; 2],
    /// Seconds to measure each program for.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// A program that is installed here, and its arguments, after `--`; without one, those that are known.
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<String>,
}

fn size(text: &str) -> Result<[u16; 2], String> {
    let parts = text.split_once('x').and_then(|(width, height)| Some([width.parse().ok()?, height.parse().ok()?]));
    parts.ok_or_else(|| "write it as 1280x720".to_owned())
}

/// Flags of `bench density`.
#[derive(Debug, clap::Args)]
pub struct DensityArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Sessions in all, one number after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 250, 500])]
    sessions: Vec<usize>,
    /// Seconds to measure each number of sessions for.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Send H.264 instead of exact pictures.
    #[arg(long)]
    h264: bool,
    /// Worker processes; one for each core if not said.
    #[arg(long)]
    workers: Option<usize>,
    /// Play this module instead; with `--core`, this content.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Let this libretro core play it.
    #[arg(long, value_name = "FILE", requires = "module")]
    core: Option<PathBuf>,
    /// Let the core run so many pictures ahead.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=4))]
    run_ahead: u8,
    /// Let one session of this module run in each worker beside those that are measured.
    #[arg(long, value_name = "FILE")]
    neighbour: Option<PathBuf>,
}

impl DensityArgs {
    fn case(&self) -> anyhow::Result<density::Case> {
        let read = |path: &PathBuf| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let own = || Ok(include_bytes!("../../../../titles/gloamling/gloamling.wasm").to_vec());
        Ok(density::Case {
            name: if self.h264 { "H.264" } else { "lossless" },
            title: match (&self.core, &self.module) {
                (Some(core), Some(content)) => {
                    let (core, content, run_ahead) = (core.clone(), content.clone(), self.run_ahead);
                    density::Title::Content { core, content, run_ahead }
                }
                (_, module) => density::Title::Module(module.as_ref().map_or_else(own, read)?),
            },
            video: if self.h264 { VideoMode::H264 } else { VideoMode::Lossless },
            sessions: self.sessions.clone(),
            time: Duration::from_secs(self.seconds),
            workers: self.workers.unwrap_or(cores).max(1),
            neighbour: self.neighbour.as_ref().map(read).transpose()?,
        })
    }
}

/// Measures and prints.
pub fn run(bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Latency(args) => print(&latency::run(args.presses)?, args.json),
        Bench::Camera(args) => print(&camera::run(&args.model, args.minutes, args.streets)?, args.json),
        Bench::Delta(args) if args.relay => print(&delta::run_over_sockets(args.pictures)?, args.json),
        Bench::Delta(args) => print(&delta::run(args.pictures)?, args.json),
        Bench::Machines(MachinesArgs { be_machines: Some(url), seconds, .. }) => machines::be_machines(url, *seconds),
        Bench::Machines(args) => print(&machines::run(&args.machines, args.seconds)?, args.json),
        Bench::Snapshots(args) => print(&snapshots::run(args.times)?, args.json),
        Bench::Starts(args) => print(&starts::run(args.times)?, args.json),
        Bench::Programs(args) => {
            let (command, time) = (args.program.clone(), Duration::from_secs(args.seconds));
            print(&programs::run(&programs::Case { command, size: args.size, time })?, args.json)
        }
        Bench::Density(args) => print(&density::run(&args.case()?)?, args.json),
    }
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    let text = if json { format!("{}\n", serde_json::to_string_pretty(report)?) } else { report.to_string() };
    match stdout().write_all(text.as_bytes()) {
        // Who reads only the first lines has what they wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot print"),
    }
}
