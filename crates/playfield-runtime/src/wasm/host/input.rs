//! `playfield:input@1`: the players, as the guest reads them.

use playfield_core::input::{MAX_PLAYERS, MAX_RUMBLE_MS, MAX_TOUCHES, PlayerInput, Rumble, TickInput};

use super::memory::{answer, room};
use super::{HostTrap, trap};
use crate::wasm::snapshot::{Reader, Writer, damaged};
use crate::{GuestError, GuestEvent};

const TOUCH_BYTES: usize = 8;

/// What a player holds: all that the next tick compares itself with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    pad: u16,
    pointer: u8,
    keys: [u8; 32],
    touches: [u8; MAX_TOUCHES],
    touch_count: u8,
}

impl Held {
    fn of(player: &PlayerInput) -> Held {
        let mut held = Held {
            pad: player.pad.buttons,
            pointer: player.pointer.buttons,
            keys: player.keys.to_bytes(),
            ..Held::default()
        };
        for (id, touch) in held.touches.iter_mut().zip(player.touches.as_slice()) {
            *id = touch.id;
            held.touch_count += 1;
        }
        held
    }

    fn has_touch(&self, id: u8) -> bool {
        self.touches[..usize::from(self.touch_count)].contains(&id)
    }
}

/// Inputs of the tick being made, and what was held before it.
#[derive(Default)]
pub struct Input {
    now: TickInput,
    held: [Held; MAX_PLAYERS],
    before: [Held; MAX_PLAYERS],
    /// The last word on each pad since it was asked for. No state of the guest: it hears nothing of it.
    rumbles: [Option<Rumble>; MAX_PLAYERS],
}

impl Input {
    /// Takes the inputs of a new tick; texts reuse their room.
    pub fn begin(&mut self, input: &TickInput) {
        self.before = self.held;
        for (seat, player) in input.players.iter().enumerate() {
            let now = &mut self.now.players[seat];
            now.connected = player.connected;
            now.pad = player.pad;
            now.keys = player.keys;
            now.pointer = player.pointer;
            now.touches = player.touches;
            now.text.clear();
            now.text.push_str(&player.text);
            self.held[seat] = Held::of(player);
        }
    }

    pub fn players(&self) -> i32 {
        (0..MAX_PLAYERS).map(|seat| i32::from(self.now.players[seat].connected) << seat).sum()
    }

    pub fn pad(&self, mem: &mut [u8], player: i32, ptr: i32) -> Result<(), HostTrap> {
        let seat = seat("input.pad", player)?;
        let pad = &self.now.players[seat].pad;
        let out = room(mem, ptr, 16)?;
        put(out, 0, pad.buttons as i16);
        put(out, 2, (pad.buttons & !self.before[seat].pad) as i16);
        for (at, axis) in [(4, pad.lx), (6, pad.ly), (8, pad.rx), (10, pad.ry)] {
            put(out, at, axis.max(-32767));
        }
        out[12..16].copy_from_slice(&[pad.l2, pad.r2, 0, 0]);
        Ok(())
    }

    pub fn keys(&self, mem: &mut [u8], player: i32, ptr: i32) -> Result<(), HostTrap> {
        let seat = seat("input.keys", player)?;
        let (held, pressed) = room(mem, ptr, 64)?.split_at_mut(32);
        held.copy_from_slice(&self.held[seat].keys);
        for (at, pressed) in pressed.iter_mut().enumerate() {
            *pressed = self.held[seat].keys[at] & !self.before[seat].keys[at];
        }
        Ok(())
    }

    pub fn pointer(&self, mem: &mut [u8], player: i32, ptr: i32) -> Result<(), HostTrap> {
        let seat = seat("input.pointer", player)?;
        let pointer = &self.now.players[seat].pointer;
        let out = room(mem, ptr, 16)?;
        let values = [pointer.x, pointer.y, pointer.dx, pointer.dy, pointer.wheel_x, pointer.wheel_y];
        for (nth, value) in values.into_iter().enumerate() {
            put(out, nth * 2, value);
        }
        let pressed = pointer.buttons & !self.before[seat].pointer;
        out[12..16].copy_from_slice(&[pointer.buttons, pressed, 0, 0]);
        Ok(())
    }

    pub fn touches(&self, mem: &mut [u8], player: i32, ptr: i32, max: i32) -> Result<i32, HostTrap> {
        let seat = seat("input.touches", player)?;
        let touches = self.now.players[seat].touches;
        let Some(len) = max.checked_mul(TOUCH_BYTES as i32).filter(|_| max >= 0) else {
            return trap(format!("input.touches: room for {max} touches"));
        };
        let out = room(mem, ptr, len)?;
        for (out, touch) in out.chunks_exact_mut(TOUCH_BYTES).zip(touches.as_slice()) {
            out[0] = touch.id;
            out[1] = (!self.before[seat].has_touch(touch.id)).into();
            put(out, 2, touch.x);
            put(out, 4, touch.y);
            put(out, 6, 0);
        }
        Ok(touches.as_slice().len() as i32)
    }

    pub fn text(&self, mem: &mut [u8], player: i32, ptr: i32, max: i32) -> Result<i32, HostTrap> {
        let seat = seat("input.text", player)?;
        answer(mem, ptr, max, self.now.players[seat].text.as_bytes())
    }

    /// However often it is called: the last call of a tick is the one that counts.
    pub fn rumble(&mut self, player: i32, strong: i32, weak: i32, ms: i32) -> Result<(), HostTrap> {
        let seat = seat("input.rumble", player)?;
        let (Ok(strong), Ok(weak)) = (u8::try_from(strong), u8::try_from(weak)) else {
            return trap(format!("input.rumble: strengths {strong} and {weak}; they are 0 to 255"));
        };
        let Some(ms) = u16::try_from(ms).ok().filter(|ms| *ms <= MAX_RUMBLE_MS) else {
            return trap(format!("input.rumble: {ms} ms; it is 0 to {MAX_RUMBLE_MS}"));
        };
        self.rumbles[seat] = Some(Rumble { strong, weak, ms });
        Ok(())
    }

    /// Whether there is such a word that nobody has taken.
    pub fn shakes(&self) -> bool {
        self.rumbles.iter().any(Option::is_some)
    }

    pub fn take_events(&mut self, into: &mut Vec<GuestEvent>) {
        for (player, rumble) in (0..).zip(&mut self.rumbles) {
            into.extend(rumble.take().map(|rumble| GuestEvent::Rumble { player, rumble }));
        }
    }

    pub fn save(&self, to: &mut Writer<'_>) {
        for held in &self.held {
            to.u16(held.pad);
            to.u8(held.pointer);
            to.raw(&held.keys);
            to.u8(held.touch_count);
            to.raw(&held.touches);
        }
    }

    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), GuestError> {
        self.rumbles = Default::default();
        for held in &mut self.held {
            held.pad = from.u16()?;
            held.pointer = from.u8()?;
            held.keys = from.array()?;
            held.touch_count = from.u8()?;
            held.touches = from.array()?;
            if usize::from(held.touch_count) > MAX_TOUCHES {
                return Err(damaged());
            }
        }
        Ok(())
    }
}

fn seat(call: &str, player: i32) -> Result<usize, HostTrap> {
    match usize::try_from(player) {
        Ok(seat) if seat < MAX_PLAYERS => Ok(seat),
        _ => trap(format!("{call}: player {player}; they are 0 to 3")),
    }
}

fn put(out: &mut [u8], at: usize, value: i16) {
    out[at..at + 2].copy_from_slice(&value.to_le_bytes());
}
