//! `playfield guest`: the process of a guest that is native code. It speaks with its worker over standard input.

use std::io::stdin;
use std::os::fd::AsFd;

use anyhow::{Context, anyhow};
use playfield_media::audio::VoiceDecoder;
use playfield_media::encode::still::jpeg_of;
use playfield_runtime::desktop::sound::Decode;
use playfield_runtime::{camera, desktop, libretro};

use super::codecs::CODECS;

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
    /// A camera: from pictures to metadata.
    Camera,
    /// An edge app of AITRIOS, next to its camera.
    App,
}

/// Serves the worker until it lets go.
pub fn run(args: &Args) -> anyhow::Result<()> {
    playfield_session::confine().context("this process cannot give up its privileges")?;
    let socket = stdin().as_fd().try_clone_to_owned()?;
    match args.kind {
        Kind::Libretro => libretro::host::run(socket).map_err(|error| anyhow!(error)),
        Kind::Camera => camera::host::run(socket, CODECS).map_err(|error| anyhow!(error)),
        Kind::App => camera::app_host::run(socket, jpeg_of).map_err(|error| anyhow!(error)),
        Kind::Desktop => desktop::host::run(socket, voice).map_err(|error| anyhow!(error)),
    }
}

/// What makes sound of a player's microphone.
fn voice() -> Result<Box<dyn Decode>, String> {
    let decoder = VoiceDecoder::new().map_err(|error| error.to_string())?;
    Ok(Box::new(Opus(decoder)))
}

struct Opus(VoiceDecoder);

impl Decode for Opus {
    fn decode(&mut self, packet: &[u8], into: &mut Vec<i16>) -> bool {
        self.0.decode(packet, into).is_ok()
    }

    fn conceal(&mut self, into: &mut Vec<i16>) {
        self.0.conceal(into);
    }
}
