//! What the process of a Linux program is told.

use std::path::PathBuf;

use playfield_core::bus::Missing;
use playfield_core::manifest::{Pads, Program};
use playfield_runtime::GuestConfig;
use playfield_runtime::confine::{Rules, render_nodes};
use playfield_runtime::desktop::{Command, Opening, Size};

/// Most bytes in `/tmp` and where programs share pictures with the compositor.
const SCRATCH: u64 = 1 << 30;
/// Most processes and threads: a browser has hundreds.
const PROCESSES: u32 = 1024;
/// Most descriptors that one process has open.
const OPEN_FILES: u64 = 8192;

/// What to start, and behind which fence.
pub fn opening(program: &Program, home: Option<PathBuf>, config: &GuestConfig, missing: Missing) -> Opening {
    let [width, height] = program.size;
    let cards = render_nodes();
    let card = cards.first().cloned();
    Opening {
        command: Command {
            line: program.command.clone(),
            environment: program.environment.clone(),
            folder: program.folder.as_ref().map(PathBuf::from),
            size: Size { width, height },
            resize: program.resize,
            hz: program.max_fps,
            keyboard: program
                .layout()
                .map(|(layout, variant)| (layout.to_owned(), variant.to_owned()))
                .unwrap_or_default(),
            microphone: program.microphone,
            pads_are_keys: program.pads == Pads::Keys,
            pad_keys: program.pad_keys.clone(),
        },
        rules: Rules {
            read: program.read.iter().map(PathBuf::from).collect(),
            home,
            network: program.network,
            devices: cards,
            memory_limit: config.memory_limit,
            scratch: SCRATCH,
            gamepads: true,
            memfd: true,
            processes: PROCESSES,
            open_files: OPEN_FILES,
            missing,
            ..Rules::default()
        },
        card,
    }
}
