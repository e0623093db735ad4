//! The sound server of Linux programs, which hears bytes of whatever runs in a session.

use std::time::Duration;

use playfield_runtime::desktop::sound::{BLOCK, Engine, Now};

use crate::{Bytes, packets};

/// Steps in one input, so that it takes no time.
const STEPS: usize = 64;
/// What a client may have to read, in bytes.
const UNREAD: usize = 2 * 1024 * 1024;

/// Clients, their bytes and the time: each message begins with what it is, and whose.
///
/// | low bits | the rest |
/// |---|---|
/// | 0 | bytes as they come |
/// | 1, 2 | the payload of a command |
/// | 3 | sound: its channel, from where it counts, its place in frames, and bytes of it |
/// | 4 | milliseconds that pass |
/// | 5 | the client reads what there is for it |
/// | 6 | it goes |
/// | 7 | it comes |
pub fn sound(data: &[u8]) {
    let mut room = Room::default();
    for message in packets(data).take(STEPS) {
        let Some((head, rest)) = message.split_first() else { continue };
        room.step(head & 7, usize::from(head >> 4) & 3, rest);
        room.check();
    }
    for id in room.clients.into_iter().flatten() {
        room.engine.disconnect(id);
    }
    assert_eq!(room.engine.due(), None, "nobody is there, and it wakes up");
}

#[derive(Default)]
struct Room {
    engine: Engine,
    now: Now,
    clients: [Option<u32>; 4],
    /// The frame after the last block.
    next: u64,
}

impl Room {
    fn step(&mut self, kind: u8, who: usize, rest: &[u8]) {
        match kind {
            0 => self.hear(who, rest),
            1 | 2 => self.hear(who, &packet(u32::MAX, 0, 0, rest)),
            3 => {
                let mut rest = Bytes(rest);
                let (channel, from, place) = (rest.u8(), rest.u8(), rest.u16().cast_signed());
                self.hear(who, &packet(channel.into(), i64::from(place) * 4, (from & 3).into(), rest.0));
            }
            4 => self.pass(Bytes(rest).u8()),
            5 => self.read(who),
            6 => {
                if let Some(id) = self.clients[who].take() {
                    self.engine.disconnect(id);
                }
            }
            _ => {
                if self.clients[who].is_none_or(|id| !self.engine.alive(id)) {
                    self.clients[who] = self.engine.connect();
                }
            }
        }
    }

    fn hear(&mut self, who: usize, bytes: &[u8]) {
        if let Some(id) = self.clients[who] {
            self.engine.receive(id, bytes, self.now);
        }
    }

    fn pass(&mut self, ms: u8) {
        let passed = Duration::from_millis(ms.into());
        self.now = Now { clock: self.now.clock + passed, unix: self.now.unix + passed };
        // 255 ms are skipped, or made up for.
        for _ in 0..52 {
            if self.engine.due().is_none_or(|due| due > self.now.clock) {
                return;
            }
            let heard = [0.25; 2 * BLOCK];
            if let Some(block) = self.engine.mix(&heard, self.now) {
                assert!(block.at >= self.next, "blocks overlap");
                self.next = block.at + BLOCK as u64;
            }
        }
        panic!("blocks are due without end");
    }

    /// What there is for a client is whole packets.
    fn read(&mut self, who: usize) {
        let Some(id) = self.clients[who] else { return };
        let mut rest = self.engine.unsent(id);
        let all = rest.len();
        while let Some((head, next)) = rest.split_first_chunk::<4>() {
            rest = &next[16 + u32::from_be_bytes(*head) as usize..];
        }
        assert!(rest.is_empty(), "a packet is cut short");
        self.engine.sent(id, all);
    }

    fn check(&self) {
        for id in self.clients.iter().flatten() {
            assert!(self.engine.unsent(*id).len() <= UNREAD, "a client that does not read is kept");
        }
    }
}

fn packet(channel: u32, offset: i64, flags: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = (payload.len() as u32).to_be_bytes().to_vec();
    packet.extend(channel.to_be_bytes());
    packet.extend(offset.to_be_bytes());
    packet.extend(flags.to_be_bytes());
    packet.extend(payload);
    packet
}
