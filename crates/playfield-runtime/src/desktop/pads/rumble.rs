//! Force feedback of one device: effects that programs keep on it and play become what two motors do.
//!
//! Time is an argument, in milliseconds. `struct ff_effect` is that of `linux/input.h`, on a 64-bit machine.

use playfield_core::input::{MAX_RUMBLE_MS, Rumble};

use super::evdev::{EFFECTS, Event, FF_GAIN};

/// `sizeof(struct ff_effect)`.
pub(super) const EFFECT_SIZE: usize = 48;
const FF_RUMBLE: u16 = 0x50;
const FF_PERIODIC: u16 = 0x51;
const FF_CONSTANT: u16 = 0x52;
/// What goes on is told again when less than this is left of it.
const AHEAD_MS: u64 = 1_000;

/// Why an effect is not taken, as the kernel says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// No such kind, or no such effect.
    Invalid,
    /// All places are taken.
    Full,
    /// It is another program's.
    NotYours,
}

#[derive(Clone, Copy, Debug)]
struct Effect {
    /// The open descriptor it came by.
    owner: u64,
    /// Strength of the heavy and of the light motor, 0 to 0xffff.
    force: [u16; 2],
    /// How long, 0: until it is stopped; how long before.
    length_ms: u16,
    delay_ms: u16,
    playing: Option<Play>,
}

/// From when, and until when if that is known.
#[derive(Clone, Copy, Debug)]
struct Play {
    from_ms: u64,
    until_ms: Option<u64>,
}

/// The effects of one device, and what was told of them.
#[derive(Debug)]
pub(super) struct Motors {
    effects: [Option<Effect>; EFFECTS],
    gain: u16,
    told: [u8; 2],
    told_until_ms: u64,
}

impl Default for Motors {
    fn default() -> Self {
        Motors { effects: [None; EFFECTS], gain: u16::MAX, told: [0; 2], told_until_ms: 0 }
    }
}

impl Motors {
    /// Keeps an effect and says where: a new one, or one in place of what is there.
    pub(super) fn upload(&mut self, bytes: &[u8; EFFECT_SIZE], owner: u64, now_ms: u64) -> Result<u16, Refused> {
        let word = |at: usize| u16::from_ne_bytes([bytes[at], bytes[at + 1]]);
        let strength = |at: usize| word(at).cast_signed().unsigned_abs().saturating_mul(2);
        let force = match word(0) {
            FF_RUMBLE => [word(16), word(18)],
            // A wave and a constant push have no motor of their own here: both do it. The shape in time is left out.
            FF_PERIODIC => [strength(20); 2],
            FF_CONSTANT => [strength(16); 2],
            _ => return Err(Refused::Invalid),
        };
        let at = match word(2).cast_signed() {
            -1 => self.effects.iter().position(Option::is_none).ok_or(Refused::Full)?,
            _ => self.owned(word(2), owner)?,
        };
        let mut effect = Effect { owner, force, length_ms: word(10), delay_ms: word(12), playing: None };
        // One that plays goes on with what it is now.
        if self.effects[at].is_some_and(|before| before.plays(now_ms)) {
            effect.play(1, now_ms);
        }
        self.effects[at] = Some(effect);
        Ok(at as u16)
    }

    /// Forgets an effect.
    pub(super) fn erase(&mut self, id: u16, owner: u64) -> Result<(), Refused> {
        let at = self.owned(id, owner)?;
        self.effects[at] = None;
        Ok(())
    }

    /// Forgets all that came by a descriptor which was closed.
    pub(super) fn forget(&mut self, owner: u64) {
        self.effects.iter_mut().filter(|effect| effect.is_some_and(|effect| effect.owner == owner)).for_each(
            |effect| {
                *effect = None;
            },
        );
    }

    fn owned(&self, id: u16, owner: u64) -> Result<usize, Refused> {
        let effect = self.effects.get(usize::from(id)).copied().flatten().ok_or(Refused::Invalid)?;
        if effect.owner == owner { Ok(id.into()) } else { Err(Refused::NotYours) }
    }

    /// What a program wrote: how strong all is, or how often an effect is to be played, 0: it stops.
    pub(super) fn event(&mut self, event: Event, now_ms: u64) {
        if event.code == FF_GAIN {
            self.gain = event.value.clamp(0, 0xffff) as u16;
        } else if let Some(Some(effect)) = self.effects.get_mut(usize::from(event.code)) {
            effect.play(event.value.max(0).unsigned_abs(), now_ms);
        }
    }

    /// What to tell whoever holds the pad, if there is something new.
    pub(super) fn take(&mut self, now_ms: u64) -> Option<Rumble> {
        let mut sum = [0_u64; 2];
        let mut next: Option<u64> = None;
        for effect in self.effects.iter().flatten() {
            if effect.sounds(now_ms) {
                sum = [0, 1].map(|motor| sum[motor] + u64::from(effect.force[motor]));
            }
            let turn = effect.next_turn(now_ms);
            next = next.into_iter().chain(turn).min();
        }
        let gain = u64::from(self.gain);
        let [strong, weak] = sum.map(|force| (force.min(0xffff) * gain / 0xffff) / 257).map(|force| force as u8);
        let lasts_ms = next.map_or(u64::MAX, |next| next - now_ms).min(MAX_RUMBLE_MS.into());
        let left_ms = self.told_until_ms.saturating_sub(now_ms);
        let goes_on = [strong, weak] != [0, 0] && left_ms < AHEAD_MS && lasts_ms > left_ms;
        if self.told == [strong, weak] && !goes_on {
            return None;
        }
        self.told = [strong, weak];
        if self.told == [0, 0] {
            self.told_until_ms = now_ms;
            return Some(Rumble::default());
        }
        self.told_until_ms = now_ms + lasts_ms;
        Some(Rumble { strong, weak, ms: lasts_ms as u16 })
    }
}

impl Effect {
    fn play(&mut self, times: u32, now_ms: u64) {
        let length_ms = u64::from(self.length_ms) * u64::from(times);
        let from_ms = now_ms + u64::from(self.delay_ms);
        let until_ms = (self.length_ms != 0).then_some(from_ms + length_ms);
        self.playing = (times != 0).then_some(Play { from_ms, until_ms });
    }

    fn plays(&self, now_ms: u64) -> bool {
        self.playing.is_some_and(|play| play.until_ms.is_none_or(|until| now_ms < until))
    }

    fn sounds(&self, now_ms: u64) -> bool {
        self.plays(now_ms) && self.playing.is_some_and(|play| now_ms >= play.from_ms)
    }

    /// When it next begins or ends.
    fn next_turn(&self, now_ms: u64) -> Option<u64> {
        let play = self.playing?;
        [Some(play.from_ms), play.until_ms].into_iter().flatten().find(|turn| *turn > now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Rumble = Rumble { strong: 0, weak: 0, ms: 0 };

    fn effect(kind: u16, id: i16, length_ms: u16, words: &[(usize, u16)]) -> [u8; EFFECT_SIZE] {
        let mut bytes = [0; EFFECT_SIZE];
        for (at, word) in [(0, kind), (2, id.cast_unsigned()), (10, length_ms)].iter().chain(words) {
            bytes[*at..at + 2].copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }

    fn rumble(id: i16, length_ms: u16, strong: u16, weak: u16) -> [u8; EFFECT_SIZE] {
        effect(FF_RUMBLE, id, length_ms, &[(16, strong), (18, weak)])
    }

    fn play(code: u16, value: i32) -> Event {
        Event { kind: super::super::evdev::EV_FF, code, value }
    }

    fn shake(strong: u8, weak: u8, ms: u16) -> Option<Rumble> {
        Some(Rumble { strong, weak, ms })
    }

    #[test]
    fn an_effect_is_told_when_it_plays_and_when_it_ends() {
        let mut motors = Motors::default();
        let id = motors.upload(&rumble(-1, 300, 0xffff, 0x8080), 1, 0).unwrap();
        assert_eq!(motors.take(0), None);
        motors.event(play(id, 1), 10);
        assert_eq!(motors.take(10), shake(255, 128, 300));
        assert_eq!(motors.take(100), None);
        assert_eq!(motors.take(310), Some(STOP));
        assert_eq!(motors.take(311), None);
    }

    #[test]
    fn what_has_no_end_is_told_again_before_it_would_stop() {
        let mut motors = Motors::default();
        let id = motors.upload(&rumble(-1, 0, 0xffff, 0), 1, 0).unwrap();
        motors.event(play(id, 1), 0);
        assert_eq!(motors.take(0), shake(255, 0, 5_000));
        assert_eq!(motors.take(3_900), None);
        assert_eq!(motors.take(4_100), shake(255, 0, 5_000));
        motors.event(play(id, 0), 4_200);
        assert_eq!(motors.take(4_200), Some(STOP));
    }

    #[test]
    fn effects_add_up_wait_and_repeat() {
        let mut motors = Motors::default();
        let one = motors.upload(&rumble(-1, 100, 0x8080, 0), 1, 0).unwrap();
        let mut late = rumble(-1, 100, 0xc0c0, 0x0101);
        late[12..14].copy_from_slice(&50_u16.to_ne_bytes());
        let two = motors.upload(&late, 1, 0).unwrap();
        motors.event(play(one, 2), 0);
        motors.event(play(two, 1), 0);
        assert_eq!(motors.take(0), shake(128, 0, 50));
        assert_eq!(motors.take(50), shake(255, 1, 100));
        assert_eq!(motors.take(150), shake(128, 0, 50));
        assert_eq!(motors.take(200), Some(STOP));
    }

    #[test]
    fn an_effect_that_plays_takes_its_new_strength() {
        let mut motors = Motors::default();
        let id = motors.upload(&rumble(-1, 1_000, 0xffff, 0), 1, 0).unwrap();
        motors.event(play(id, 1), 0);
        assert_eq!(motors.take(0), shake(255, 0, 1_000));
        assert_eq!(motors.upload(&rumble(0, 1_000, 0, 0), 1, 500), Ok(0));
        assert_eq!(motors.take(500), Some(STOP));
    }

    #[test]
    fn waves_and_pushes_shake_both_motors_and_gain_scales_all() {
        let mut motors = Motors::default();
        let wave = motors.upload(&effect(FF_PERIODIC, -1, 10, &[(20, 0x7fff)]), 1, 0).unwrap();
        let push = motors.upload(&effect(FF_CONSTANT, -1, 10, &[(16, 0x8000)]), 1, 0).unwrap();
        motors.event(play(wave, 1), 0);
        assert_eq!(motors.take(0), shake(254, 254, 10));
        motors.event(play(FF_GAIN, 0x8000), 0);
        motors.event(play(push, 1), 1);
        assert_eq!(motors.take(1), shake(127, 127, 9));
    }

    #[test]
    fn an_effect_belongs_to_the_descriptor_it_came_by() {
        let mut motors = Motors::default();
        let id = motors.upload(&rumble(-1, 0, 0xffff, 0), 1, 0).unwrap();
        assert_eq!(motors.erase(id, 2), Err(Refused::NotYours));
        assert_eq!(motors.erase(9, 1), Err(Refused::Invalid));
        assert_eq!(motors.erase(u16::MAX, 1), Err(Refused::Invalid));
        assert_eq!(motors.upload(&effect(0x53, -1, 0, &[]), 1, 0), Err(Refused::Invalid));
        for _ in 1..EFFECTS {
            motors.upload(&rumble(-1, 0, 1, 1), 2, 0).unwrap();
        }
        assert_eq!(motors.upload(&rumble(-1, 0, 1, 1), 2, 0), Err(Refused::Full));
        motors.event(play(id, 1), 0);
        assert!(motors.take(0).is_some());
        motors.forget(1);
        assert_eq!(motors.take(1), Some(STOP));
    }

    #[test]
    fn whatever_a_program_makes_up_a_pad_shakes_within_bounds() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        let mut motors = Motors::default();
        let mut now_ms = 0;
        for _ in 0..100_000 {
            let mut bytes: [u8; EFFECT_SIZE] = std::array::from_fn(|_| random() as u8);
            let kind = FF_RUMBLE + (random() % 4) as u16;
            let id = (random() % 20) as i16 - 2;
            bytes[..4].copy_from_slice(&[kind.to_ne_bytes(), id.to_ne_bytes()].concat());
            let _ = motors.upload(&bytes, random() % 2, now_ms);
            let code = if random() % 8 == 0 { FF_GAIN } else { (random() % 17) as u16 };
            motors.event(play(code, random() as i32), now_ms);
            let _ = motors.erase((random() % 20) as u16, random() % 2);
            if let Some(rumble) = motors.take(now_ms) {
                assert!(rumble.ms <= MAX_RUMBLE_MS && (rumble.ms > 0 || rumble.is_still()), "{rumble:?}");
            }
            now_ms += random() % 2_000;
        }
    }
}
