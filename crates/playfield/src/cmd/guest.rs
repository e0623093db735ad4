//! `playfield guest`: the process of a guest that is native code. It speaks with its worker over standard input.

use std::io::stdin;
use std::os::fd::AsFd;

use anyhow::{Context, anyhow};
use playfield_runtime::{desktop, libretro};

/// Flags of `guest`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What kind of guest.
    kind: Kind,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// A libretro core.
    Libretro,
    /// A Linux program, and the compositor it draws for.
    Desktop,
}

/// Serves the worker until it lets go.
pub fn run(args: &Args) -> anyhow::Result<()> {
    playfield_session::confine().context("this process cannot give up its privileges")?;
    let socket = stdin().as_fd().try_clone_to_owned()?;
    match args.kind {
        Kind::Libretro => libretro::host::run(socket).map_err(|error| anyhow!(error)),
        Kind::Desktop => desktop::host::run(socket).map_err(|error| anyhow!(error)),
    }
}
