//! Who gets keys.

use std::borrow::Cow;

use smithay::backend::input::KeyState;
use smithay::input::Seat;
use smithay::input::keyboard::{KeyboardTarget, KeysymHandle, ModifiersState};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{IsAlive, Serial};
use smithay::wayland::seat::WaylandFocus;

use super::Compositor;
use super::pane::X11Pane;

/// A window that has the keyboard. An X11 window must be told in its own way too.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Focus {
    /// A window of Wayland.
    Wayland(WlSurface),
    /// One of X11.
    X11(X11Pane),
}

impl IsAlive for Focus {
    fn alive(&self) -> bool {
        match self {
            Focus::Wayland(surface) => surface.alive(),
            Focus::X11(pane) => pane.window.alive(),
        }
    }
}

impl WaylandFocus for Focus {
    fn wl_surface(&self) -> Option<Cow<'_, WlSurface>> {
        match self {
            Focus::Wayland(surface) => Some(Cow::Borrowed(surface)),
            Focus::X11(pane) => pane.surface().map(Cow::Owned),
        }
    }
}

impl KeyboardTarget<Compositor> for Focus {
    fn enter(&self, seat: &Seat<Compositor>, data: &mut Compositor, keys: Vec<KeysymHandle<'_>>, serial: Serial) {
        match self {
            Focus::Wayland(surface) => KeyboardTarget::enter(surface, seat, data, keys, serial),
            Focus::X11(pane) => match pane.surface().filter(|_| pane.window.wl_surface().is_none()) {
                Some(surface) => {
                    // Smithay knows no surface of it, and tells the X server alone.
                    KeyboardTarget::enter(&*pane.window, seat, data, Vec::new(), serial);
                    KeyboardTarget::enter(&surface, seat, data, keys, serial);
                }
                None => KeyboardTarget::enter(&*pane.window, seat, data, keys, serial),
            },
        }
    }

    fn leave(&self, seat: &Seat<Compositor>, data: &mut Compositor, serial: Serial) {
        match self {
            Focus::Wayland(surface) => KeyboardTarget::leave(surface, seat, data, serial),
            Focus::X11(pane) => {
                KeyboardTarget::leave(&*pane.window, seat, data, serial);
                if let Some(surface) = pane.surface().filter(|_| pane.window.wl_surface().is_none()) {
                    KeyboardTarget::leave(&surface, seat, data, serial);
                }
            }
        }
    }

    fn key(
        &self,
        seat: &Seat<Compositor>,
        data: &mut Compositor,
        key: KeysymHandle<'_>,
        state: KeyState,
        serial: Serial,
        time: u32,
    ) {
        match self {
            Focus::Wayland(surface) => KeyboardTarget::key(surface, seat, data, key, state, serial, time),
            Focus::X11(pane) => {
                if let Some(surface) = pane.surface() {
                    KeyboardTarget::key(&surface, seat, data, key, state, serial, time);
                }
            }
        }
    }

    fn modifiers(&self, seat: &Seat<Compositor>, data: &mut Compositor, modifiers: ModifiersState, serial: Serial) {
        match self {
            Focus::Wayland(surface) => KeyboardTarget::modifiers(surface, seat, data, modifiers, serial),
            Focus::X11(pane) => {
                if let Some(surface) = pane.surface() {
                    KeyboardTarget::modifiers(&surface, seat, data, modifiers, serial);
                }
            }
        }
    }
}
