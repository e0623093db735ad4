//! Logs: for people by default, as JSON for machines.

use std::io::IsTerminal;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// The WebRTC library warns of what every browser does.
const DEFAULT: &str = "info,str0m=error";

/// Settings of logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Least level, and exceptions by target: `info,playfield_control=debug`.
    pub filter: String,
    /// One JSON object a line.
    pub json: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { filter: DEFAULT.to_owned(), json: false }
    }
}

/// Sends logs to standard error from now on.
pub fn install(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter).context("`log.filter` is not a filter such as `info`")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.json {
        builder.json().init();
    } else {
        builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).init();
    }
    Ok(())
}

/// Logs of a process whose standard error a node reads: level first, no time of its own.
pub fn install_for_node() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(DEFAULT))
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false)
        .without_time()
        .init();
}
