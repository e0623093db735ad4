//! What players do becomes what a keyboard, a mouse and fingers do.
//!
//! A program has one keyboard and one mouse, whoever holds them: keys of all players count together, and the pointer follows
//! whoever moved it last. Who may use them at all was decided before.

use playfield_core::input::{KeySet, PlayerInput, Pointer, TickInput, Touch};
use smithay::backend::input::{Axis, AxisSource, ButtonState, KeyState, TouchSlot};
use smithay::input::keyboard::{FilterResult, Keycode};
use smithay::input::pointer::{
    AxisFrame, ButtonEvent, CursorImageAttributes, CursorImageStatus, MotionEvent, RelativeMotionEvent,
};
use smithay::input::touch::{DownEvent, MotionEvent as TouchMotion, UpEvent};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, SERIAL_COUNTER};
use smithay::wayland::compositor::with_states;
use smithay::wayland::pointer_constraints::{PointerConstraint, with_pointer_constraint};

use super::super::keys::evdev;
use super::super::words::{CURSOR, CURSOR_SIDE, Cursor, FromProgram, monotonic_us};
use super::Compositor;

/// Buttons of a mouse as Linux numbers them, by their bits: left, right, middle, back, forward.
const BUTTONS: [(u8, u32); 5] = [(1, 0x110), (2, 0x111), (4, 0x112), (8, 0x116), (16, 0x115)];
/// What X11 and Wayland add to the number of a key.
pub(super) const FIRST_KEYCODE: u32 = 8;
/// A notch of a wheel, in the units that inputs come in, and how far it scrolls.
const NOTCH: (i16, f64) = (120, 15.0);
/// Fingers of different players are told apart.
const FINGERS: u32 = 256;

/// What is held, as programs were told.
#[derive(Debug, Default)]
pub(super) struct Held {
    keys: KeySet,
    players: [(Pointer, Vec<Touch>); playfield_core::input::MAX_PLAYERS],
}

impl Compositor {
    pub(super) fn apply_input(&mut self, input: &TickInput) {
        let mut keys: KeySet = input.players.iter().flat_map(|player| player.keys.iter()).collect();
        if self.pads.is_none() {
            let held = input.players.iter().map(|player| self.pad_keys.held(&player.pad));
            held.for_each(|held| held.iter().for_each(|key| keys.set(key, true)));
        }
        self.press_keys(keys);
        for (number, player) in input.players.iter().enumerate() {
            self.point(number, player);
            self.touch_all(number, player);
            if !player.text.is_empty() {
                self.type_text(&player.text);
            }
        }
        // After what may keep it busy.
        self.ask();
    }

    fn press_keys(&mut self, keys: KeySet) {
        let before = std::mem::replace(&mut self.input.keys, keys);
        let released: Vec<_> = before.iter().filter(|key| !keys.contains(*key)).collect();
        let pressed: Vec<_> = keys.iter().filter(|key| !before.contains(*key)).collect();
        for (key, state) in released
            .into_iter()
            .map(|key| (key, KeyState::Released))
            .chain(pressed.into_iter().map(|key| (key, KeyState::Pressed)))
        {
            if let Some(code) = evdev(key) {
                self.key(code, state);
            }
        }
    }

    pub(super) fn key(&mut self, code: u32, state: KeyState) {
        let (serial, time) = (SERIAL_COUNTER.next_serial(), now_ms());
        let keyboard = self.keyboard.clone();
        let code = Keycode::new(code + FIRST_KEYCODE);
        keyboard.input::<(), _>(self, code, state, serial, time, |_, _, _| FilterResult::Forward);
    }

    fn point(&mut self, number: usize, player: &PlayerInput) {
        let new = player.pointer;
        let old = std::mem::replace(&mut self.input.players[number].0, new);
        let at = Point::from((f64::from(new.x), f64::from(new.y)));
        let moved = (new.dx, new.dy) != (0, 0);
        if moved && self.locked {
            self.move_by(f64::from(new.dx), f64::from(new.dy));
        } else if (new.x, new.y) != (old.x, old.y) {
            self.move_to(at, (new.dx, new.dy));
        }
        for (bit, button) in BUTTONS {
            let held = new.buttons & bit != 0;
            if held != (old.buttons & bit != 0) {
                self.button(button, held);
            }
        }
        if (new.wheel_x, new.wheel_y) != (0, 0) {
            self.wheel(new.wheel_x, new.wheel_y);
        }
    }

    fn move_by(&mut self, dx: f64, dy: f64) {
        let pointer = self.pointer.clone();
        let under = self.under(pointer.current_location());
        let delta = Point::from((dx, dy));
        pointer.relative_motion(
            self,
            under,
            &RelativeMotionEvent { delta, delta_unaccel: delta, utime: monotonic_us() },
        );
        pointer.frame(self);
    }

    fn move_to(&mut self, at: Point<f64, Logical>, (dx, dy): (i16, i16)) {
        let (width, height) = (f64::from(self.size.width), f64::from(self.size.height));
        let at = Point::from((at.x.clamp(0.0, width - 1.0), at.y.clamp(0.0, height - 1.0)));
        let under = self.under(at);
        let pointer = self.pointer.clone();
        let delta = match (dx, dy) {
            (0, 0) => at - pointer.current_location(),
            (dx, dy) => Point::from((f64::from(dx), f64::from(dy))),
        };
        let event = MotionEvent { location: at, serial: SERIAL_COUNTER.next_serial(), time: now_ms() };
        pointer.motion(self, under.clone(), &event);
        pointer.relative_motion(
            self,
            under,
            &RelativeMotionEvent { delta, delta_unaccel: delta, utime: monotonic_us() },
        );
        pointer.frame(self);
        self.constrain();
    }

    fn button(&mut self, button: u32, held: bool) {
        let pointer = self.pointer.clone();
        if held && !pointer.is_grabbed() {
            let under = self.under(pointer.current_location()).map(|(surface, _)| surface);
            self.dismiss_popups(under.as_ref());
            let window = self.space.element_under(pointer.current_location()).map(|(window, _)| window.clone());
            if window.as_ref().is_some_and(|window| self.space.elements().next_back() != Some(window)) {
                self.focus(window.as_ref());
            }
        }
        let state = if held { ButtonState::Pressed } else { ButtonState::Released };
        pointer.button(self, &ButtonEvent { serial: SERIAL_COUNTER.next_serial(), time: now_ms(), button, state });
        pointer.frame(self);
    }

    fn wheel(&mut self, x: i16, y: i16) {
        let mut frame = AxisFrame::new(now_ms()).source(AxisSource::Wheel);
        for (axis, turned) in
            [(Axis::Horizontal, x), (Axis::Vertical, y)].into_iter().filter(|(_, turned)| *turned != 0)
        {
            let far = f64::from(turned) / f64::from(NOTCH.0) * NOTCH.1;
            frame = frame.value(axis, far).v120(axis, turned.into());
        }
        let pointer = self.pointer.clone();
        pointer.axis(self, frame);
        pointer.frame(self);
    }

    fn touch_all(&mut self, number: usize, player: &PlayerInput) {
        let new = player.touches.as_slice();
        if self.input.players[number].1 == new {
            return;
        }
        let old = std::mem::replace(&mut self.input.players[number].1, new.to_vec());
        let slot = |touch: &Touch| TouchSlot::from(Some(number as u32 * FINGERS + u32::from(touch.id)));
        let touch = self.touch.clone();
        for gone in old.iter().filter(|old| new.iter().all(|new| new.id != old.id)) {
            let event = UpEvent { slot: slot(gone), serial: SERIAL_COUNTER.next_serial(), time: now_ms() };
            touch.up(self, &event);
        }
        for finger in new {
            let location = Point::from((f64::from(finger.x), f64::from(finger.y)));
            let under = self.under(location);
            let (slot, time) = (slot(finger), now_ms());
            match old.iter().find(|old| old.id == finger.id) {
                Some(before) if before == finger => {}
                Some(_) => touch.motion(self, under, &TouchMotion { slot, location, time }),
                None => {
                    self.dismiss_popups(under.as_ref().map(|(surface, _)| surface));
                    let serial = SERIAL_COUNTER.next_serial();
                    touch.down(self, under, &DownEvent { slot, location, serial, time });
                }
            }
        }
        touch.frame(self);
    }

    /// Takes up a program's wish to lock the pointer, or notices that it was given up.
    pub(super) fn constrain(&mut self) {
        let pointer = self.pointer.clone();
        let locked = pointer.current_focus().is_some_and(|surface: WlSurface| {
            with_pointer_constraint(&surface, &pointer, |constraint| {
                let Some(constraint) = constraint else { return false };
                if !constraint.is_active() {
                    constraint.activate();
                }
                matches!(&*constraint, PointerConstraint::Locked(_))
            })
        });
        if std::mem::replace(&mut self.locked, locked) != locked {
            self.report(FromProgram::Locked(locked));
        }
    }

    /// Tells the worker what the pointer looks like.
    pub(super) fn show_cursor(&mut self) {
        let cursor = match &self.cursor {
            CursorImageStatus::Hidden => Cursor::Hidden,
            CursorImageStatus::Named(icon) => Cursor::Named(icon.name().to_owned()),
            CursorImageStatus::Surface(surface) => {
                let surface = surface.clone();
                self.cursor_image_of(&surface).unwrap_or(Cursor::Named("default".to_owned()))
            }
        };
        self.report(FromProgram::Cursor(cursor));
    }

    fn cursor_image_of(&mut self, surface: &WlSurface) -> Option<Cursor> {
        let (hotspot, buffer) = with_states(surface, |states| {
            let hotspot = states.data_map.get::<std::sync::Mutex<CursorImageAttributes>>();
            let hotspot = hotspot.and_then(|place| place.lock().ok().map(|place| place.hotspot)).unwrap_or_default();
            let state = states.data_map.get::<smithay::backend::renderer::utils::RendererSurfaceStateUserData>();
            let buffer = state.and_then(|state| state.lock().ok().and_then(|state| state.buffer().cloned()));
            (hotspot, buffer)
        });
        let window = smithay::backend::renderer::ImportAll::import_buffer(&mut self.painter, &*buffer?, None, &[]);
        let window = window?.ok()?;
        let side = |side: u32| u16::try_from(side).ok().filter(|side| (1..=CURSOR_SIDE).contains(side));
        use smithay::backend::renderer::Texture;
        let size = (side(window.width())?, side(window.height())?);
        let bytes = window.to_rgba().ok()?;
        let hotspot = (hotspot.x.clamp(0, i32::from(size.0)) as i16, hotspot.y.clamp(0, i32::from(size.1)) as i16);
        self.shared.write(CURSOR, &bytes).then_some(Cursor::Image { size, hotspot })
    }
}

/// When something happens, in milliseconds, as programs are told; it begins anew after 49 days.
fn now_ms() -> u32 {
    (monotonic_us() / 1_000) as u32
}
