//! `playfield:log@1` and `playfield:timeline@1`: what a guest says.

use super::memory::{bytes, name};
use super::{HostTrap, trap};
use crate::wasm::snapshot::{Reader, Writer, damaged};
use crate::{GuestError, GuestEvent, LogLevel, PlayMode};

/// Longest line of a log, in bytes.
const MAX_LINE: usize = 4_096;
/// Most lines, and most marks, in a second of the guest's time.
const MAX_A_SECOND: u32 = 100;
/// Most events that wait to be taken; further ones are left out.
const MAX_WAITING: usize = 10_000;

/// How many of a kind a second has seen.
#[derive(Clone, Copy, Default)]
struct Budget {
    second: u64,
    used: u32,
}

impl Budget {
    fn spend(&mut self, second: u64) -> bool {
        if self.second != second {
            *self = Budget { second, used: 0 };
        }
        self.used = self.used.saturating_add(1);
        self.used <= MAX_A_SECOND
    }
}

/// What a guest said and nobody has taken yet.
#[derive(Default)]
pub struct Talk {
    waiting: Vec<GuestEvent>,
    lines: Budget,
    marks: Budget,
    mode: u8,
    told_mode: u8,
}

impl Talk {
    pub fn write(&mut self, mem: &[u8], second: u64, level: i32, ptr: i32, len: i32) -> Result<(), HostTrap> {
        let level = match level {
            0 => LogLevel::Error,
            1 => LogLevel::Warn,
            2 => LogLevel::Info,
            3 => LogLevel::Debug,
            _ => return trap(format!("log.write: level {level}; it is 0 to 3")),
        };
        let line = bytes(mem, ptr, len)?;
        if self.lines.spend(second) {
            let cut = &line[..line.len().min(MAX_LINE)];
            self.say(GuestEvent::Log { level, line: String::from_utf8_lossy(whole(cut)).into_owned() });
        }
        Ok(())
    }

    /// A line of the console's own.
    pub fn trace(&mut self, second: u64, mut line: String) {
        if self.lines.spend(second) {
            line.truncate(line.floor_char_boundary(MAX_LINE));
            self.say(GuestEvent::Log { level: LogLevel::Info, line });
        }
    }

    pub fn event(&mut self, mem: &[u8], second: u64, at: (i32, i32), value: i64) -> Result<(), HostTrap> {
        let name = name(mem, at.0, at.1, "timeline.event: a name")?;
        if self.marks.spend(second) {
            self.say(GuestEvent::Timeline { name: name.to_owned(), value });
        }
        Ok(())
    }

    pub fn mode(&mut self, mode: i32) -> Result<(), HostTrap> {
        match mode {
            0..=3 => self.mode = mode as u8,
            _ => return trap(format!("timeline.mode: {mode}; it is 0 to 3")),
        }
        Ok(())
    }

    fn say(&mut self, event: GuestEvent) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push(event);
        }
    }

    /// What waits to be taken.
    pub fn said(&self) -> &[GuestEvent] {
        &self.waiting
    }

    /// As if the guest had said it.
    pub fn say_again(&mut self, said: &[GuestEvent]) {
        said.iter().for_each(|event| self.say(event.clone()));
    }

    pub fn take_events(&mut self, into: &mut Vec<GuestEvent>) {
        into.append(&mut self.waiting);
        if self.mode != self.told_mode {
            self.told_mode = self.mode;
            into.push(GuestEvent::Mode(match self.mode {
                0 => PlayMode::Playing,
                1 => PlayMode::Menu,
                2 => PlayMode::Loading,
                _ => PlayMode::Over,
            }));
        }
    }

    pub fn save(&self, to: &mut Writer<'_>) {
        for budget in [self.lines, self.marks] {
            to.u64(budget.second);
            to.u32(budget.used);
        }
        to.u8(self.mode);
    }

    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), GuestError> {
        for budget in [&mut self.lines, &mut self.marks] {
            *budget = Budget { second: from.u64()?, used: from.u32()? };
        }
        self.mode = from.u8()?;
        if self.mode <= 3 { Ok(()) } else { Err(damaged()) }
    }
}

/// Without the beginning of a character at the end, where a line was cut.
fn whole(line: &[u8]) -> &[u8] {
    match std::str::from_utf8(line) {
        Err(error) if error.error_len().is_none() => &line[..error.valid_up_to()],
        _ => line,
    }
}
