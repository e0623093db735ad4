//! `playfield cover`: plays a module unattended for a while and draws what it shows.

use anyhow::Context;
use playfield_core::api::EndReason;
use playfield_core::bus::{CompileAnswer, Refusal};
use playfield_core::frame::Picture;
use playfield_core::input::log::InputLog;
use playfield_core::manifest::Limits;
use playfield_runtime::Guest;
use playfield_runtime::replay::{self, ReplayError, Sink, write_png};

use super::core::CoreArgs;
use super::job::JobArgs;
use super::module::Module;

/// Frames to play: past most title screens' first animation.
const FRAMES: u64 = 240;

/// Flags of `cover`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    job: JobArgs,
    #[command(flatten)]
    core: CoreArgs,
}

/// Draws the cover, or says on standard output why there is none.
pub fn run(args: &Args) -> anyhow::Result<()> {
    args.job.confine()?;
    let mut richest = Richest::default();
    if let Err(error) = draw(args, &mut richest) {
        let refused = Refusal { reason: EndReason::BadModule, detail: format!("{error:#}") };
        println!("{}", serde_json::to_string(&CompileAnswer::Refused { refused })?);
    }
    Ok(())
}

fn draw(args: &Args, richest: &mut Richest) -> anyhow::Result<()> {
    let log = InputLog::parse("")?;
    let mut guest: Box<dyn Guest> = match args.core.open(&super::core::look_config())? {
        Some(guest) => Box::new(guest),
        None => super::replay::open(&Module { path: args.job.module.clone(), limits: Limits::default() }, &log)?,
    };
    let played = replay::replay(guest.as_mut(), &log, FRAMES, richest);
    let picture = richest.picture.as_ref();
    // A title that fails later still has the pictures before.
    let Some(picture) = picture else { return Ok(played.map(drop)?) };
    let file =
        std::fs::File::create(&args.job.out).with_context(|| format!("cannot write {}", args.job.out.display()))?;
    Ok(write_png(picture, std::io::BufWriter::new(file))?)
}

/// Keeps the latest of the pictures with the most going on, told by how often neighbouring pixels differ.
#[derive(Default)]
struct Richest {
    picture: Option<Picture>,
    edges: usize,
}

impl Sink for Richest {
    fn frame(&mut self, frame: u64, picture: &Picture, _sound: &[i16], _frames: u32) -> Result<(), ReplayError> {
        if frame.is_multiple_of(30) || frame == 1 {
            let size = picture.format.bytes_per_pixel();
            let pixels = picture.pixels.chunks_exact(size);
            let edges = pixels.clone().zip(pixels.skip(1)).filter(|(a, b)| a != b).count();
            if edges >= self.edges {
                (self.picture, self.edges) = (Some(picture.clone()), edges);
            }
        }
        Ok(())
    }
}
