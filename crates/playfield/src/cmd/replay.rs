//! `playfield replay`: a module, a log of inputs, and nothing else.

use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use playfield_core::frame::Picture;
use playfield_core::input::log::InputLog;
use playfield_runtime::replay::{self, ReplayError, Sink, Wav, write_png};
use playfield_runtime::wasm::Engine;
use playfield_runtime::{Guest, GuestConfig, GuestEvent};

use super::module::Module;

/// Flags of `replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The module: a `.wasm` file, or a folder with a `title.toml`.
    module: PathBuf,
    /// Input log, NDJSON; without one nobody touches anything.
    #[arg(long, value_name = "FILE")]
    inputs: Option<PathBuf>,
    /// Frames to make.
    #[arg(long, default_value_t = 600)]
    frames: u64,
    /// Print `frame sha256` for each frame: of its picture as RGBA8, row by row.
    #[arg(long)]
    hashes: bool,
    /// Write the picture of this frame.
    #[arg(long, value_name = "FRAME")]
    png: Option<u64>,
    /// Where `--png` writes.
    #[arg(long, value_name = "FILE", default_value = "frame.png")]
    out: PathBuf,
    /// Write the sound.
    #[arg(long, value_name = "FILE")]
    wav: Option<PathBuf>,
    /// Print what the guest logs to standard error.
    #[arg(long)]
    log: bool,
}

/// Replays to the end.
pub fn run(args: &Args) -> anyhow::Result<()> {
    ensure!(args.png.is_none_or(|frame| (1..=args.frames).contains(&frame)), "--png must be 1 to --frames");
    let log = match &args.inputs {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            InputLog::parse(&text).with_context(|| format!("{}", path.display()))?
        }
        None => InputLog::parse("")?,
    };
    let mut guest = open(&Module::find(&args.module)?, &log)?;
    let mut output = Output::new(args)?;
    let made = replay::replay(guest.as_mut(), &log, args.frames, &mut output);
    output.finish()?;
    let made = made?;
    ensure!(made == args.frames, "the title said it is done after {made} frames");
    Ok(())
}

/// Opens a module the way a worker does, but with nothing stored.
pub fn open(module: &Module, log: &InputLog) -> anyhow::Result<Box<dyn Guest>> {
    let Module { path, limits } = module;
    let module = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let config = GuestConfig {
        seed: log.seed,
        start_unix_ms: log.start_unix_ms,
        memory_limit: u64::from(limits.memory_mb) << 20,
        storage_limit: u64::from(limits.storage_kb) << 10,
        ..GuestConfig::default()
    };
    Ok(Box::new(Engine::new()?.load_wasm(&module)?.open(config)?))
}

struct Output<'a> {
    args: &'a Args,
    hashes: BufWriter<std::io::StdoutLock<'static>>,
    wav: Option<Wav<BufWriter<File>>>,
}

impl Output<'_> {
    fn new(args: &Args) -> anyhow::Result<Output<'_>> {
        let create = |path: &PathBuf| -> anyhow::Result<_> {
            let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(Wav::new(BufWriter::new(file))?)
        };
        let wav = args.wav.as_ref().map(create).transpose()?;
        Ok(Output { args, hashes: BufWriter::new(stdout().lock()), wav })
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.hashes.flush()?;
        if let Some(wav) = self.wav {
            wav.finish()?;
        }
        Ok(())
    }
}

impl Sink for Output<'_> {
    fn wants_hashes(&self) -> bool {
        self.args.hashes
    }

    fn hash(&mut self, frame: u64, sha256: &str) -> Result<(), ReplayError> {
        writeln!(self.hashes, "{frame} {sha256}")?;
        Ok(())
    }

    fn frame(&mut self, frame: u64, picture: &Picture, sound: &[i16], frames: u32) -> Result<(), ReplayError> {
        if self.args.png == Some(frame) {
            write_png(picture, BufWriter::new(File::create(&self.args.out)?))?;
        }
        if let Some(wav) = &mut self.wav {
            wav.push(sound, frames)?;
        }
        Ok(())
    }

    fn event(&mut self, frame: u64, event: GuestEvent) -> Result<(), ReplayError> {
        if let (true, GuestEvent::Log { level, line }) = (self.args.log, event) {
            eprintln!("{frame} {level:?}: {line}");
        }
        Ok(())
    }
}
