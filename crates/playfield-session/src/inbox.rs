//! What the network thread leaves for a session's guest thread.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use playfield_core::api::VideoMode;
use playfield_core::id::ViewerId;
use playfield_core::input::MAX_PLAYERS;
use playfield_core::input::merge::Merge;
use playfield_core::input::wire::Ack;
use playfield_core::receipt::{Input, Made};
use playfield_core::signal::Carrier;
use playfield_core::time::Time;
use playfield_core::upload::Ask;
use playfield_runtime::Snapshot;
use playfield_transport::{ConnectionId, Ways};

/// Commands of one connection that may wait, so that one takes no room from another. Only acknowledgements come often, and
/// losing some costs bytes, nothing else.
const MOST: u32 = 512;

/// Something for the guest thread to do before the next picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    /// A viewer's connection is up: send it pictures.
    Attach { viewer: ViewerId, connection: ConnectionId, slot: Option<u8>, video: VideoMode, ways: Ways },
    /// Its viewer plays from another seat now, or from none.
    Seat { connection: ConnectionId, slot: Option<u8> },
    /// It is gone.
    Detach { connection: ConnectionId },
    /// It has these datagrams.
    Ack { connection: ConnectionId, ack: Ack, at: Time },
    /// It shows the frame of video with that RTP timestamp.
    Shown { connection: ConnectionId, rtp: u32 },
    /// It needs a picture that stands alone.
    Keyframe { connection: ConnectionId },
    /// Its path carries so many bits a second.
    Estimate { connection: ConnectionId, bps: u64 },
    /// It wants its picture another way.
    Video { connection: ConnectionId, mode: VideoMode, carrier: Carrier },
    /// Nobody looks at it, or somebody does again.
    Visible { connection: ConnectionId, visible: bool },
    /// The title is to have another value of a setting.
    Choose { connection: ConnectionId, key: String, value: String },
    /// The screen of a program is to have another size.
    Resize { connection: ConnectionId, width: u16, height: u16 },
    /// A text is to be a program's clipboard.
    Paste { connection: ConnectionId, text: String },
    /// Write the state of now to a file.
    Save(SaveTo),
    /// Go back to a state.
    Load(Box<Snapshot>),
    /// Begin pictures so many slots later.
    Delay(u32),
    /// A camera is to say what is in each picture, or no longer.
    Live(bool),
    /// A camera is to hand over its next picture.
    Sample,
    /// A camera is to hand over what its app uploads, from there on.
    Upload(Ask),
    /// Make pictures, or rest.
    Run(bool),
    /// Let go of the guest.
    Close,
}

/// Where a state goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SaveTo {
    pub(crate) path: PathBuf,
    /// Most bytes of the file.
    pub(crate) most: u64,
    /// What the state is for besides the module.
    pub(crate) maker: String,
    /// Tells it from all others of the session.
    pub(crate) name: String,
}

/// An input message that changed something, for the receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InputStamp {
    /// Whose clock it was sent by.
    pub(crate) connection: ConnectionId,
    pub(crate) input: Input,
}

/// What the guest thread counts, for the receipt. Only it writes; a count that is read a moment late is as good.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) ticks: AtomicU64,
    pub(crate) pictures: AtomicU64,
    pub(crate) late: AtomicU64,
}

impl Counts {
    pub(crate) fn made(&self) -> Made {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Made { ticks: read(&self.ticks), pictures: read(&self.pictures), late: read(&self.late) }
    }
}

/// The contents of an [`Inbox`].
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// By seat.
    pub(crate) seats: [Merge; MAX_PLAYERS],
    /// The first input of each seat since the last tick that changed something.
    pub(crate) stamps: [Option<InputStamp>; MAX_PLAYERS],
    commands: VecDeque<Command>,
    /// How many of them each connection is the cause of.
    waiting: Vec<(ConnectionId, u32)>,
}

impl Contents {
    /// Adds a command. What a viewer says is left out when too much of it waits; what the session's life says never is.
    pub(crate) fn push(&mut self, command: Command) {
        if command.said_by().is_none_or(|connection| self.has_room(connection)) {
            self.commands.push_back(command);
        }
    }

    fn has_room(&mut self, connection: ConnectionId) -> bool {
        let Some((_, waiting)) = self.waiting.iter_mut().find(|(other, _)| *other == connection) else {
            self.waiting.push((connection, 1));
            return true;
        };
        let room = *waiting < MOST;
        *waiting += u32::from(room);
        room
    }

    /// Moves all commands out; `into` must be empty and lends its memory.
    pub(crate) fn take(&mut self, into: &mut VecDeque<Command>) {
        std::mem::swap(&mut self.commands, into);
        self.waiting.clear();
    }
}

impl Command {
    /// The viewer's connection that it was said on.
    fn said_by(&self) -> Option<ConnectionId> {
        match self {
            Command::Ack { connection, .. }
            | Command::Choose { connection, .. }
            | Command::Keyframe { connection }
            | Command::Paste { connection, .. }
            | Command::Shown { connection, .. }
            | Command::Resize { connection, .. }
            | Command::Estimate { connection, .. }
            | Command::Video { connection, .. }
            | Command::Visible { connection, .. } => Some(*connection),
            Command::Attach { .. }
            | Command::Seat { .. }
            | Command::Detach { .. }
            | Command::Save(_)
            | Command::Load(_)
            | Command::Delay(_)
            | Command::Live(_)
            | Command::Sample
            | Command::Upload(_)
            | Command::Run(_)
            | Command::Close => None,
        }
    }
}

/// Shared by the two threads; locked for the length of a copy.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    contents: Mutex<Contents>,
    /// The way back, for what is only ever read.
    pub(crate) counts: Counts,
}

impl Inbox {
    /// Opens it. A guest thread that panicked leaves it usable: every change is complete before the lock is let go.
    pub(crate) fn open(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a command.
    pub(crate) fn push(&self, command: Command) {
        self.open().push(command);
    }
}
