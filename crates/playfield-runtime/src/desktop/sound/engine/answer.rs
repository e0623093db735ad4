//! What is written for a client to read.

use pulseaudio::protocol::{self as pulse, Command, CommandReply, ProtocolError, PulseError};

use super::{Engine, MOST_UNSENT, NO_ANSWER};

impl Engine {
    /// Writes for a client. One that leaves too much unread is let go of.
    fn put(&mut self, id: u32, write: impl FnOnce(&mut Vec<u8>, u16) -> Result<(), ProtocolError>) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let version = client.version.unwrap_or(pulse::MIN_VERSION);
        if let Err(error) = write(&mut client.out.bytes, version) {
            tracing::warn!(%error, "an answer to a program that makes sound cannot be written");
            client.lost = true;
        }
        if client.out.waiting().len() > MOST_UNSENT {
            tracing::debug!("a program does not read what its sound server says");
            client.lost = true;
        }
    }

    pub(super) fn reply<R: CommandReply>(&mut self, id: u32, seq: u32, reply: &R) {
        self.put(id, |out, version| pulse::write_reply_message(out, seq, reply, version));
    }

    pub(super) fn ack(&mut self, id: u32, seq: u32) {
        self.put(id, |out, _| pulse::write_ack_message(out, seq));
    }

    pub(super) fn refuse(&mut self, id: u32, seq: u32, why: PulseError) {
        self.put(id, |out, _| pulse::write_error(out, seq, &why));
    }

    pub(super) fn send(&mut self, id: u32, command: &Command) {
        self.put(id, |out, version| pulse::write_command_message(out, NO_ANSWER, command, version));
    }
}
