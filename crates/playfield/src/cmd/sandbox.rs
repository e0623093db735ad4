//! `playfield sandbox`: which layers of the fence around native guests this machine has, and how players' pads get behind it;
//! found by going there.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use playfield_core::bus::Missing;
use playfield_runtime::confine::{Report, Rules, confine};
use playfield_runtime::desktop::pads::{self, Way};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

/// Long enough for a machine under load; it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Flags of `sandbox`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One JSON object, for machines.
    #[arg(long)]
    pub json: bool,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    #[serde(flatten)]
    fence: Report,
    gamepads: Way,
}

/// Confines this process, says what it is confined by, and ends.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let fence = confine(&Rules { gamepads: true, ..Rules::default() })?;
    let found = Found { fence, gamepads: pads::way() };
    if args.json {
        println!("{}", serde_json::to_string(&found)?);
    } else {
        let Found { fence, gamepads } = found;
        println!("{fence}{:8} {}", if gamepads.devices { "in force" } else { "missing" }, gamepads.says);
    }
    Ok(())
}

/// Says in the log, once at start, what stands between native guests and this machine: `program` tries it, in a process of its own.
pub async fn log(program: &Path, missing: Missing) {
    let refused = "so guests that are native code are refused (node.sandbox = \"strict\")";
    let found = match ask(program).await {
        Ok(found) => found,
        Err(error) => return tracing::warn!("{error:#}; titles as WebAssembly need no such fence"),
    };
    if found.fence.missing().next().is_none() {
        tracing::info!("native guests: every layer of the fence is in force");
    }
    for layer in found.fence.missing() {
        match missing {
            Missing::Degrade => tracing::warn!("native guests: {}", layer.says),
            Missing::Refuse => tracing::warn!("native guests: {}, {refused}", layer.says),
        }
    }
    match found.gamepads {
        Way { devices: true, says } => tracing::info!("native guests: {says}"),
        Way { says, .. } => tracing::warn!("native guests: {says}"),
    }
}

async fn ask(program: &Path) -> anyhow::Result<Found> {
    let mut child = Command::new(program);
    child.args(["sandbox", "--json"]).stdin(Stdio::null()).kill_on_drop(true);
    let answer = tokio::time::timeout(PATIENCE, child.output()).await;
    let output = answer.context("whether native guests can be fenced off here did not become known in time")??;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}", said.trim().trim_start_matches("playfield: "));
    }
    serde_json::from_slice(&output.stdout).context("the program did not say what native guests are fenced off by")
}
