//! From messages that may be late, lost or doubled to what one player does during one tick.
//!
//! The newest message wins. A press is counted by the viewer, so one that began and ended between two ticks (or between
//! two messages) is still held for one tick, and a second press while the first is still shown is preceded by one tick
//! of release. Whatever is held is released when the viewer has been silent for [`SILENCE`]: a stick can never stick.

use std::time::Duration;

use super::hold::{Hold, Holds};
use super::wire::{self, KeyReport, Message, PadReport, PointerReport, Section, TouchReport};
use super::{Key, MAX_TOUCHES, Pad, PlayerInput, Pointer, Touch, Touches};
use crate::signal::MAX_TEXT;
use crate::time::Time;

/// How long a viewer may be silent before what it holds is released.
pub const SILENCE: Duration = Duration::from_millis(250);

/// How long after the last message of a connection the first one of that which takes its place may go on from it.
const GOES_ON: Duration = Duration::from_secs(1);

/// Messages that may have been lost between the two.
const MOST_BETWEEN: u32 = 512;

/// Typed text that waits for the next tick, in bytes; more is left out.
const TEXT_QUEUE: usize = 4 * MAX_TEXT;

/// One button: what the viewer says, and what the guest was shown.
#[derive(Clone, Copy, Debug, Default)]
struct Button {
    held: bool,
    presses: u8,
    shown: bool,
    shown_presses: u8,
}

impl Button {
    fn hear(&mut self, held: bool, presses: u8) {
        self.held = held;
        self.presses = presses;
    }

    /// What was pressed before this moment does not count.
    fn forget(&mut self) {
        self.shown_presses = self.presses;
    }

    fn show(&mut self) -> bool {
        let pressed_since = self.presses != self.shown_presses;
        self.shown = match (pressed_since, self.shown) {
            (true, true) => false,
            (true, false) => {
                self.shown_presses = self.presses;
                true
            }
            (false, _) => self.held,
        };
        self.shown
    }

    fn is_idle(&self) -> bool {
        !self.held && !self.shown && self.presses == self.shown_presses
    }
}

/// A running total of which a guest is given whole units.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    heard: i32,
    given: i32,
}

impl Total {
    fn take(&mut self, units: i32) -> i16 {
        let whole = (self.heard.wrapping_sub(self.given) / units).clamp(-i32::from(i16::MAX), i32::from(i16::MAX));
        self.given = self.given.wrapping_add(whole * units);
        whole as i16
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Finger {
    report: TouchReport,
    used: bool,
    shown: bool,
    /// The newest message speaks of it.
    heard: bool,
}

#[derive(Clone, Copy, Debug)]
struct KeyState {
    key: Key,
    button: Button,
    /// The newest message speaks of it.
    heard: bool,
}

/// Merges the messages of one player.
#[derive(Debug, Default)]
pub struct Merge {
    connected: bool,
    fresh: bool,
    /// Another connection of its viewer has taken the place of the one that was heard last.
    replaced: bool,
    newest: Option<u32>,
    heard_at: Time,
    active_at: Time,
    state: Vec<u8>,
    pad: Pad,
    pad_buttons: [Button; 16],
    keys: Vec<KeyState>,
    pointer: PointerReport,
    pointer_buttons: [Button; 5],
    motion: [Total; 4],
    fingers: [Finger; MAX_TOUCHES],
    text: String,
    holds: Holds,
}

impl Merge {
    /// A viewer takes or leaves the seat. What was held is released, but for what others hold in it.
    pub fn set_connected(&mut self, now: Time, connected: bool) {
        let holds = std::mem::take(&mut self.holds);
        *self = Merge { connected, fresh: true, heard_at: now, active_at: now, holds, ..Merge::default() };
    }

    /// Another connection of its viewer takes the place of the one there was. A page that changes its connection goes on
    /// counting messages: what was held is held on, and what was pressed meanwhile is news. A page that was loaded anew
    /// begins anew.
    pub fn set_replaced(&mut self) {
        self.replaced = true;
    }

    /// Somebody without a connection holds something in this seat. It is no activity of its player.
    pub fn hold(&mut self, now: Time, hold: &Hold) {
        self.holds.hold(now, hold);
    }

    /// When something last changed.
    pub fn active_at(&self) -> Time {
        self.active_at
    }

    /// When the newest message came.
    pub fn heard_at(&self) -> Time {
        self.heard_at
    }

    /// Takes a message; false if a newer one came before it.
    pub fn handle(&mut self, now: Time, message: &Message) -> bool {
        if std::mem::take(&mut self.replaced) && !self.goes_on(now, message.seq) {
            let text = std::mem::take(&mut self.text);
            self.set_connected(now, true);
            self.text = text;
        }
        if self.newest.is_some_and(|newest| message.seq.wrapping_sub(newest) as i32 <= 0) {
            return false;
        }
        self.newest = Some(message.seq);
        self.heard_at = now;
        self.note_activity(now, message);
        for section in message.sections() {
            match section {
                Section::Pad(report) if report.index == 0 => self.hear_pad(&report),
                Section::Keys(body) => self.hear_keys(body),
                Section::Pointer(report) => self.hear_pointer(&report),
                Section::Touches(body) => self.hear_touches(body),
                _ => {}
            }
        }
        // One that only acknowledges has no counts.
        if message.state_bytes().next().is_some() && std::mem::take(&mut self.fresh) {
            self.forget_history();
        }
        true
    }

    /// Takes the gamepad of a further player at a viewer, which came with message `seq`; false if a newer one came before.
    pub fn handle_pad(&mut self, now: Time, seq: u32, report: &PadReport) -> bool {
        if self.newest.is_some_and(|newest| seq.wrapping_sub(newest) as i32 <= 0) {
            return false;
        }
        self.newest = Some(seq);
        self.heard_at = now;
        self.hear_pad(report);
        if std::mem::take(&mut self.fresh) {
            self.forget_history();
        }
        true
    }

    /// Takes typed text.
    pub fn handle_text(&mut self, now: Time, text: &str) {
        self.active_at = now;
        for c in text.chars() {
            if self.text.len() + c.len_utf8() > TEXT_QUEUE {
                break;
            }
            self.text.push(c);
        }
    }

    /// What the player does during the tick that begins now, on a picture of this size.
    pub fn latch(&mut self, now: Time, width: u16, height: u16, out: &mut PlayerInput) {
        if now.since(self.heard_at) > SILENCE {
            self.release();
        }
        out.connected = self.connected;
        out.pad = self.pad;
        out.pad.buttons = show_all(&mut self.pad_buttons);
        out.keys = self.keys.iter_mut().filter_map(|state| state.button.show().then_some(state.key)).collect();
        self.keys.retain(|state| state.heard || !state.button.is_idle());
        out.pointer = self.show_pointer(width, height);
        out.touches = self.show_touches(width, height);
        out.text.clear();
        out.text.push_str(&self.text);
        self.text.clear();
        self.holds.join(now, out);
    }

    /// Whether a message goes on from the newest one of the connection before.
    fn goes_on(&self, now: Time, seq: u32) -> bool {
        let between = |newest: u32| seq.wrapping_sub(newest).wrapping_sub(1);
        now.since(self.heard_at) <= GOES_ON && self.newest.is_some_and(|newest| between(newest) < MOST_BETWEEN)
    }

    fn note_activity(&mut self, now: Time, message: &Message) {
        let mut rest = self.state.as_slice();
        let same = message.state_bytes().all(|body| match rest.strip_prefix(body) {
            Some(tail) => {
                rest = tail;
                true
            }
            None => false,
        });
        if !same || !rest.is_empty() {
            self.active_at = now;
            self.state.clear();
            message.state_bytes().for_each(|body| self.state.extend_from_slice(body));
        }
    }

    /// The first message of a connection brings counts from before it: they are no presses.
    fn forget_history(&mut self) {
        self.pad_buttons.iter_mut().chain(&mut self.pointer_buttons).for_each(Button::forget);
        self.keys.iter_mut().for_each(|state| state.button.forget());
        self.motion.iter_mut().for_each(|total| total.given = total.heard);
    }

    fn release(&mut self) {
        self.pad = Pad::default();
        let keys = self.keys.iter_mut().map(|state| &mut state.button);
        self.pad_buttons.iter_mut().chain(&mut self.pointer_buttons).chain(keys).for_each(|button| button.held = false);
        for finger in &mut self.fingers {
            finger.report.down = false;
            finger.heard = false;
        }
    }

    fn hear_pad(&mut self, report: &PadReport) {
        self.pad = report.pad;
        for (bit, button) in self.pad_buttons.iter_mut().enumerate() {
            button.hear(report.pad.buttons & (1 << bit) != 0, report.presses[bit]);
        }
    }

    fn hear_keys(&mut self, body: &[u8]) {
        for state in &mut self.keys {
            let report = wire::keys(body).find(|report| report.usage == state.key.0);
            state.heard = report.is_some();
            // A key that is left out has been up for a while; its count stays.
            state
                .button
                .hear(report.is_some_and(|key| key.held), report.map_or(state.button.presses, |key| key.presses));
        }
        for report in wire::keys(body) {
            if !self.keys.iter().any(|state| state.key.0 == report.usage) {
                self.keys.push(KeyState { key: Key(report.usage), button: first_press(&report), heard: true });
            }
        }
    }

    fn hear_pointer(&mut self, report: &PointerReport) {
        self.pointer = *report;
        for (bit, button) in self.pointer_buttons.iter_mut().enumerate() {
            button.hear(report.buttons & (1 << bit) != 0, report.presses[bit]);
        }
        let totals = [report.total_dx, report.total_dy, report.total_wheel_x, report.total_wheel_y];
        self.motion.iter_mut().zip(totals).for_each(|(total, heard)| total.heard = heard);
    }

    fn hear_touches(&mut self, body: &[u8]) {
        for finger in self.fingers.iter_mut().filter(|finger| finger.used) {
            match wire::touches(body).find(|report| report.id == finger.report.id) {
                Some(report) => (finger.report, finger.heard) = (report, true),
                None => (finger.report.down, finger.heard) = (false, false),
            }
        }
        for report in wire::touches(body) {
            let known = self.fingers.iter().any(|finger| finger.used && finger.report.id == report.id);
            if let (false, Some(free)) = (known, self.fingers.iter_mut().find(|finger| !finger.used)) {
                *free = Finger { report, used: true, shown: false, heard: true };
            }
        }
    }

    fn show_pointer(&mut self, width: u16, height: u16) -> Pointer {
        let [dx, dy, wheel_x, wheel_y] = &mut self.motion;
        Pointer {
            x: across(self.pointer.x, width),
            y: across(self.pointer.y, height),
            dx: dx.take(16),
            dy: dy.take(16),
            wheel_x: wheel_x.take(1),
            wheel_y: wheel_y.take(1),
            buttons: show_all(&mut self.pointer_buttons) as u8,
        }
    }

    fn show_touches(&mut self, width: u16, height: u16) -> Touches {
        let mut touches = Touches::default();
        for finger in self.fingers.iter_mut().filter(|finger| finger.used) {
            let TouchReport { id, down, x, y } = finger.report;
            if down || !finger.shown {
                touches.push(Touch { id, x: across(x, width), y: across(y, height) });
                finger.shown = true;
            } else {
                // The lifted finger stays known for as long as messages repeat it, so that it is not shown twice.
                finger.used = finger.heard;
            }
        }
        touches
    }
}

/// A key not heard of before was pressed since: its last press is news, whatever came before is not.
fn first_press(report: &KeyReport) -> Button {
    let before = report.presses.wrapping_sub(1) & 127;
    Button { held: report.held, presses: report.presses, shown: false, shown_presses: before }
}

fn show_all(buttons: &mut [Button]) -> u16 {
    buttons.iter_mut().enumerate().fold(0, |bits, (bit, button)| bits | u16::from(button.show()) << bit)
}

fn across(share: u16, size: u16) -> i16 {
    ((u32::from(share) * u32::from(size)) >> 16) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::wire::Writer;

    /// A viewer with a pad, one key and one finger, whose messages reach a merge.
    struct Rig {
        merge: Merge,
        seq: u32,
        now: Time,
        out: PlayerInput,
    }

    impl Rig {
        fn new() -> Rig {
            let mut merge = Merge::default();
            merge.set_connected(Time::ZERO, true);
            let mut rig = Rig { merge, seq: 0, now: Time::ZERO, out: PlayerInput::default() };
            rig.pad(false, 0);
            rig
        }

        fn send(&mut self, write: impl FnOnce(&mut Writer)) -> bool {
            self.seq += 1;
            let mut bytes = Vec::new();
            write(&mut Writer::new(&mut bytes, self.seq, 0, None));
            self.merge.handle(self.now, &Message::parse(&bytes).unwrap())
        }

        fn pad(&mut self, held: bool, presses: u8) -> bool {
            let pad = Pad { buttons: u16::from(held), lx: if held { 9 } else { 0 }, ..Pad::default() };
            let presses = std::array::from_fn(|bit| if bit == 0 { presses } else { 0 });
            self.send(|writer| writer.pad(&PadReport { index: 0, pad, presses }))
        }

        fn tick(&mut self) -> &PlayerInput {
            self.now = self.now + Duration::from_millis(16);
            self.merge.latch(self.now, 160, 160, &mut self.out);
            &self.out
        }

        fn a(&mut self) -> bool {
            self.tick().pad.buttons & 1 != 0
        }
    }

    #[test]
    fn a_tap_between_two_ticks_is_held_for_one() {
        let mut rig = Rig::new();
        rig.pad(true, 1);
        rig.pad(false, 1);
        assert_eq!([rig.a(), rig.a(), rig.a()], [true, false, false]);
    }

    #[test]
    fn a_tap_whose_messages_were_all_lost_but_the_last_is_still_seen() {
        let mut rig = Rig::new();
        rig.pad(false, 1);
        assert_eq!([rig.a(), rig.a()], [true, false]);
    }

    #[test]
    fn a_second_press_while_the_first_is_shown_is_preceded_by_a_release() {
        let mut rig = Rig::new();
        rig.pad(true, 1);
        assert!(rig.a());
        rig.pad(true, 2);
        assert_eq!([rig.a(), rig.a(), rig.a()], [false, true, true]);
    }

    #[test]
    fn an_older_message_changes_nothing() {
        let mut rig = Rig::new();
        rig.pad(true, 1);
        rig.seq = 0;
        assert!(!rig.pad(false, 0));
        assert!(rig.a());
    }

    /// What another holds: the first button, and the stick so far to the right.
    fn held(rig: &mut Rig, by: &str, lx: i16, ms: u32) {
        let pad = Pad { buttons: 1, lx, ..Pad::default() };
        rig.merge.hold(rig.now, &Hold { by: by.to_owned(), player: 0, pad, ms });
    }

    #[test]
    fn what_another_holds_ends_by_itself_and_is_seen_however_short() {
        let mut rig = Rig::new();
        held(&mut rig, "rule", 0, 1);
        assert_eq!([rig.a(), rig.a()], [true, false]);
        held(&mut rig, "rule", 0, 40);
        assert_eq!([rig.a(), rig.a(), rig.a()], [true, true, false]);
    }

    #[test]
    fn what_another_holds_joins_what_the_player_does() {
        let mut rig = Rig::new();
        rig.pad(true, 1);
        held(&mut rig, "rule", -20, 100);
        assert_eq!((rig.a(), rig.out.pad.lx), (true, -20), "of an axis the further one counts");
        held(&mut rig, "rule", 5, 100);
        assert_eq!((rig.a(), rig.out.pad.lx), (true, 9), "by the same name it is replaced");
        rig.merge.set_connected(rig.now, false);
        assert!(rig.a(), "it is not let go of with the player");
    }

    #[test]
    fn another_sits_down_where_nobody_sits_and_gets_up_after_a_while() {
        let mut rig = Rig::new();
        rig.merge.set_connected(rig.now, false);
        assert!(!rig.tick().connected);
        held(&mut rig, "rule", 0, 20);
        assert!(rig.tick().connected);
        rig.now = rig.now + super::super::hold::STAYS;
        assert!(!rig.a() && !rig.tick().connected);
    }

    #[test]
    fn no_more_is_held_than_there_is_room_for() {
        let mut rig = Rig::new();
        (0..1_000).for_each(|n| held(&mut rig, &n.to_string(), n, 50));
        assert_eq!((rig.a(), rig.out.pad.lx), (true, 999));
    }

    #[test]
    fn silence_releases_what_was_held() {
        let mut rig = Rig::new();
        rig.pad(true, 1);
        assert!(rig.a());
        rig.now = rig.now + SILENCE;
        assert!(!rig.a());
        assert_eq!(rig.out.pad.lx, 0);
    }

    #[test]
    fn a_new_connection_does_not_replay_old_presses() {
        let mut rig = Rig::new();
        rig.merge.set_connected(rig.now, true);
        rig.pad(false, 200);
        assert!(!rig.a());
    }

    #[test]
    fn a_page_that_changes_its_connection_loses_no_press_and_lets_go_of_nothing() {
        let mut rig = Rig::new();
        rig.pad(true, 1);
        assert!(rig.a());
        rig.merge.set_replaced();
        assert!(rig.a(), "it is held on");
        rig.seq += 20;
        rig.pad(false, 2);
        assert_eq!([rig.a(), rig.a(), rig.a()], [false, true, false], "what the old one did not bring");
    }

    #[test]
    fn one_that_is_loaded_anew_or_comes_back_late_replays_none() {
        for (late, seq) in [(Duration::ZERO, 77), (Duration::ZERO, 2_000), (Duration::from_millis(1_001), 102)] {
            let mut rig = Rig::new();
            rig.seq = 100;
            rig.pad(true, 5);
            assert!(rig.a());
            rig.merge.set_replaced();
            (rig.now, rig.seq) = (rig.now + late, seq);
            assert!(rig.pad(false, 6), "{seq} is the first of its connection");
            assert!(!rig.a() && !rig.a(), "{late:?} {seq}");
            rig.pad(true, 7);
            assert!(rig.a());
        }
    }

    #[test]
    fn nor_where_a_mere_acknowledgement_comes_first() {
        let mut rig = Rig::new();
        rig.merge.set_connected(rig.now, true);
        rig.send(|writer| writer.acks(&[]));
        rig.pad(false, 200);
        assert!(!rig.a());
        rig.pad(false, 201);
        assert!(rig.a());
    }

    #[test]
    fn a_tapped_key_is_shown_once_though_messages_repeat_it() {
        let mut rig = Rig::new();
        let tapped = [KeyReport { usage: 4, held: false, presses: 1 }];
        let mut shown = Vec::new();
        for _ in 0..4 {
            rig.send(|writer| writer.keys(&tapped));
            shown.push(rig.tick().keys.contains(Key(4)));
        }
        assert_eq!(shown, [true, false, false, false]);
        rig.send(|writer| writer.keys(&[]));
        rig.tick();
        rig.send(|writer| writer.keys(&[KeyReport { usage: 4, held: true, presses: 2 }]));
        assert!(rig.tick().keys.contains(Key(4)));
    }

    #[test]
    fn silence_does_not_press_a_key_again() {
        let mut rig = Rig::new();
        let tapped = [KeyReport { usage: 4, held: false, presses: 1 }];
        rig.send(|writer| writer.keys(&tapped));
        assert!(rig.tick().keys.contains(Key(4)));
        rig.now = rig.now + SILENCE;
        assert!(!rig.tick().keys.contains(Key(4)));
        assert!(!rig.tick().keys.contains(Key(4)));
        rig.send(|writer| writer.keys(&tapped));
        assert!(!rig.tick().keys.contains(Key(4)));
    }

    #[test]
    fn a_short_touch_is_shown_for_one_tick() {
        let mut rig = Rig::new();
        let lifted = [TouchReport { id: 9, down: false, x: 32768, y: 0 }];
        let mut shown = Vec::new();
        for _ in 0..3 {
            rig.send(|writer| writer.touches(&lifted));
            shown.push(rig.tick().touches.as_slice().len());
        }
        assert_eq!(shown, [1, 0, 0]);
    }

    #[test]
    fn motion_is_never_lost_or_doubled() {
        let mut rig = Rig::new();
        let mut moved = 0;
        for total in [5, 21, 40, 40, -100] {
            let report = PointerReport { total_dx: total, ..Default::default() };
            rig.send(|writer| writer.pointer(&report));
            moved += i32::from(rig.tick().pointer.dx);
        }
        assert_eq!(moved, -100 / 16);
    }

    #[test]
    fn text_arrives_in_order_and_once() {
        let mut rig = Rig::new();
        rig.merge.handle_text(rig.now, "h");
        rig.merge.handle_text(rig.now, "i");
        assert_eq!(rig.tick().text, "hi");
        assert_eq!(rig.tick().text, "");
    }

    #[test]
    fn only_a_change_counts_as_activity() {
        let mut rig = Rig::new();
        rig.tick();
        rig.pad(true, 1);
        let active = rig.merge.active_at();
        rig.tick();
        rig.pad(true, 1);
        assert_eq!(rig.merge.active_at(), active);
        assert_eq!(rig.merge.heard_at(), rig.now);
    }
}
