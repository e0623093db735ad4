//! `playfield look`: tries the start of a core and its content, in a process of its own that can be limited and lost.

use playfield_core::api::EndReason;
use playfield_core::bus::{CompileAnswer, ModuleFacts, Refusal};
use playfield_core::input::TickInput;
use playfield_runtime::Guest;

use super::core::CoreArgs;
use super::job::JobArgs;

/// Pictures looked at: a console shows nothing in its first ones.
const LOOK: u32 = 30;

/// Flags of `look`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    job: JobArgs,
    #[command(flatten)]
    core: CoreArgs,
}

/// Says on standard output what it saw.
pub fn run(args: &Args) -> anyhow::Result<()> {
    args.job.confine()?;
    let answer = match facts(args) {
        Ok(facts) => CompileAnswer::Compiled { compiled: args.job.module.clone(), facts },
        Err(error) => {
            CompileAnswer::Refused { refused: Refusal { reason: EndReason::BadModule, detail: format!("{error:#}") } }
        }
    };
    println!("{}", serde_json::to_string(&answer)?);
    Ok(())
}

fn facts(args: &Args) -> anyhow::Result<ModuleFacts> {
    let guest = args.core.open(&super::core::look_config())?;
    let mut guest = guest.ok_or_else(|| anyhow::anyhow!("no core is named"))?;
    for _ in 0..LOOK {
        guest.tick(&TickInput::default())?;
    }
    Ok(ModuleFacts {
        dialect: "libretro".to_owned(),
        snapshots: guest.snapshots().is_ok(),
        deterministic: false,
        groups: Vec::new(),
        picture: Some(guest.picture().shape()),
    })
}
