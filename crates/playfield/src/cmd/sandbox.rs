//! `playfield sandbox`: which layers of the fence around native guests this machine has, found by going behind it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use playfield_core::bus::Missing;
use playfield_runtime::confine::{Report, Rules, confine};
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

/// Confines this process, says what it is confined by, and ends.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let report = confine(&Rules::default())?;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// Says in the log, once at start, what stands between native guests and this machine: `program` tries it, in a process of its own.
pub async fn log(program: &Path, missing: Missing) {
    let refused = "so guests that are native code are refused (node.sandbox = \"strict\")";
    match ask(program).await {
        Err(error) => tracing::warn!("{error:#}; titles as WebAssembly need no such fence"),
        Ok(report) if report.missing().next().is_none() => {
            tracing::info!("native guests: every layer of the fence is in force");
        }
        Ok(report) => {
            for layer in report.missing() {
                match missing {
                    Missing::Degrade => tracing::warn!("native guests: {}", layer.says),
                    Missing::Refuse => tracing::warn!("native guests: {}, {refused}", layer.says),
                }
            }
        }
    }
}

async fn ask(program: &Path) -> anyhow::Result<Report> {
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
