//! What guest threads give the network thread: one bounded queue for all sessions.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use playfield_core::api::EndReason;
use playfield_core::bus::Reply;
use playfield_core::id::SessionId;
use playfield_core::input::Rumble;
use playfield_core::receipt::Stamps;
use playfield_core::signal::ToViewer;
use playfield_runtime::camera::Intake;
use playfield_runtime::{Feed, GuestEvent, Snapshot};
use playfield_transport::{ConnectionId, Outgoing, Waker};

/// Messages that may wait: a few pictures of each of a worker's sessions.
const MOST: usize = 4_096;

/// From a guest thread.
#[derive(Debug)]
pub(crate) enum FromStage {
    /// The guest is open; where it may hear a microphone, its packets go there, and where a camera takes pictures from outside, these;
    /// why it cannot be saved, if it cannot.
    Opened { session: SessionId, tick_hz: u16, feed: Option<Feed>, intake: Option<Intake>, cannot_save: Option<String> },
    /// It makes so many pictures a second from now on.
    Paced { session: SessionId, tick_hz: u16 },
    /// It could not be opened, or ended.
    Ended { session: SessionId, reason: EndReason, detail: Option<String> },
    /// All packets of one picture for one viewer. `stamps.sent` is filled in once they are sent.
    Picture { connection: ConnectionId, packets: Vec<Outgoing>, stamps: Stamps },
    /// More packets of the picture before.
    Rest { connection: ConnectionId, packets: Vec<Outgoing> },
    /// Sound for some viewers.
    Sound { connections: Vec<ConnectionId>, packet: Outgoing },
    /// Something to tell a viewer.
    Tell { connection: ConnectionId, message: ToViewer },
    /// Something to tell the transport.
    Hint { connection: ConnectionId, hint: Outgoing },
    /// A player's pad is to shake.
    Rumble { session: SessionId, player: u8, rumble: Rumble },
    /// What the guest said.
    Said { session: SessionId, event: GuestEvent },
    /// A saved state was read, for the guest to go back to.
    StateRead { session: SessionId, state: Box<Snapshot> },
    /// What became of saving or loading a state.
    StateDone { session: SessionId, reply: Reply },
    /// What became of a picture that was asked for.
    Sampled { session: SessionId, reply: Reply },
    /// What became of what was asked for of an app's uploads.
    Uploaded { session: SessionId, reply: Reply },
    /// A session's guest thread let go of it: nothing more comes of it.
    Gone { session: SessionId },
    /// A tick began later than one period.
    Late,
}

/// The sending end.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    queue: SyncSender<FromStage>,
    waker: Waker,
}

impl Outbox {
    /// A queue whose receiver sleeps on `waker`.
    pub(crate) fn new(waker: Waker) -> (Outbox, Receiver<FromStage>) {
        let (queue, receiver) = sync_channel(MOST);
        (Outbox { queue, waker }, receiver)
    }

    /// Sends what may not be lost; waits if the network thread is far behind.
    pub(crate) fn send(&self, message: FromStage) {
        // The receiver only goes away when the worker ends.
        if self.queue.send(message).is_ok() {
            self.waker.wake();
        }
    }

    /// Sends what is worthless late; false if it was left out.
    pub(crate) fn offer(&self, message: FromStage) -> bool {
        match self.queue.try_send(message) {
            Ok(()) => {
                self.waker.wake();
                true
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}
