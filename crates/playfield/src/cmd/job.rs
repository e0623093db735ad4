//! What the jobs of a node have in common: one module in, one file out, in a process that can be limited and lost.

use std::path::PathBuf;

use anyhow::Context;

/// Flags of a job.
#[derive(Debug, clap::Args)]
pub struct JobArgs {
    /// The module.
    #[arg(long)]
    pub module: PathBuf,
    /// The file to write, or the folder for it.
    #[arg(long)]
    pub out: PathBuf,
    /// Memory this process may write to, in MiB.
    #[arg(long)]
    memory_mb: u64,
}

impl JobArgs {
    /// Gives up what the job does not need, before it looks at foreign input.
    pub fn confine(&self) -> anyhow::Result<()> {
        playfield_session::confine().context("this process cannot give up its privileges")?;
        playfield_session::limit_memory(self.memory_mb).context("this process cannot be limited")
    }
}
