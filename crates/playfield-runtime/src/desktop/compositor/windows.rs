//! Where windows go: the main ones fill the screen, their dialogs lie in the middle of it.

use smithay::desktop::space::SpaceElement;
use smithay::desktop::{PopupKind, PopupManager, Window, find_popup_root_surface, get_popup_toplevel_coords};
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::State;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{IsAlive, Logical, Point, Rectangle, SERIAL_COUNTER, Size};
use smithay::wayland::compositor::with_states;
use smithay::wayland::seat::WaylandFocus;
use smithay::wayland::shell::xdg::{PopupSurface, ToplevelSurface, XdgToplevelSurfaceData};

use super::Compositor;
use super::focus::Focus;
use super::pane::Pane;

impl Compositor {
    /// The screen.
    pub(super) fn screen(&self) -> Rectangle<i32, Logical> {
        Rectangle::from_size((i32::from(self.size.width), i32::from(self.size.height)).into())
    }

    /// The window of a surface.
    pub(super) fn window_of(&self, surface: &WlSurface) -> Option<Pane> {
        self.space.elements().find(|window| window.surface().as_ref() == Some(surface)).cloned()
    }

    /// A new window: it is told how large it may be, and shown once it has drawn itself.
    pub(super) fn open_window(&mut self, surface: ToplevelSurface) {
        let size = self.screen().size;
        let main = surface.parent().is_none();
        surface.with_pending_state(|state| {
            state.bounds = Some(size);
            state.states.set(State::Activated);
            if main {
                fill(&mut state.states, &mut state.size, size);
            }
        });
        self.space.map_element(Pane::Wayland(Window::new_wayland_window(surface)), (0, 0), true);
    }

    /// Windows that fill the screen follow its size; all are put where they belong.
    pub(super) fn arrange(&mut self) {
        let screen = self.screen();
        let windows: Vec<Pane> = self.space.elements().cloned().collect();
        for window in &windows {
            if let Some(surface) = window.toplevel() {
                let main = surface.parent().is_none();
                surface.with_pending_state(|state| {
                    state.bounds = Some(screen.size);
                    if main {
                        fill(&mut state.states, &mut state.size, screen.size);
                    }
                });
                surface.send_pending_configure();
            }
            if let Some(surface) = window.x11()
                && !surface.is_override_redirect()
                && surface.is_transient_for().is_none()
                && may_fill(surface)
            {
                // A window that is gone needs no place.
                let _ = surface.configure(screen);
            }
            self.place(window);
        }
    }

    /// Puts a window where it belongs: what fills the screen at its corner, what is smaller in the middle.
    pub(super) fn place(&mut self, window: &Pane) {
        if window.x11().is_some_and(|surface| surface.is_override_redirect()) {
            return;
        }
        let (screen, geometry) = (self.screen(), window.geometry());
        let centre = |all: i32, own: i32| ((all - own) / 2).max(0);
        let at = Point::from((centre(screen.size.w, geometry.size.w), centre(screen.size.h, geometry.size.h)));
        if self.space.element_location(window) != Some(at) {
            self.space.map_element(window.clone(), at, false);
            self.damaged();
        }
    }

    /// A surface has new pixels, or another shape.
    pub(super) fn committed(&mut self, surface: &WlSurface) {
        self.popups.commit(surface);
        let mut root = surface.clone();
        while let Some(parent) = smithay::wayland::compositor::get_parent(&root) {
            root = parent;
        }
        if let Some(window) = self.window_of(&root) {
            window.on_commit();
            self.configure_first(&window);
            self.place(&window);
        }
        if let Some(popup) = self.popups.find_popup(surface) {
            self.configure_popup(&popup);
        }
        self.damaged();
        self.want_frames();
    }

    fn configure_first(&mut self, window: &Pane) {
        let Some(toplevel) = window.toplevel() else { return };
        let told = with_states(toplevel.wl_surface(), |states| {
            let data = states.data_map.get::<XdgToplevelSurfaceData>();
            data.and_then(|data| data.lock().ok().map(|data| data.initial_configure_sent)).unwrap_or(true)
        });
        if !told {
            toplevel.send_configure();
            self.focus(Some(window));
        }
    }

    fn configure_popup(&mut self, popup: &PopupKind) {
        if let PopupKind::Xdg(popup) = popup
            && !popup.is_initial_configure_sent()
        {
            // It was never configured before, so it can be.
            let _ = popup.send_configure();
        }
    }

    /// Keeps a menu on the screen.
    pub(super) fn unconstrain(&self, popup: &PopupSurface) {
        let kind = PopupKind::Xdg(popup.clone());
        let Ok(root) = find_popup_root_surface(&kind) else { return };
        let Some(window) = self.window_of(&root) else { return };
        let Some(at) = self.space.element_geometry(&window) else { return };
        let mut target = self.screen();
        target.loc -= get_popup_toplevel_coords(&kind) + at.loc;
        popup.with_pending_state(|state| state.geometry = state.positioner.get_unconstrained_geometry(target));
    }

    /// A menu gets the keyboard until it is closed (`xdg_popup.grab`).
    pub(super) fn grab_keys(&mut self, menu: &WlSurface) {
        self.grabbing.push(menu.clone());
        let keyboard = self.keyboard.clone();
        keyboard.set_focus(self, Some(Focus::Wayland(menu.clone())), SERIAL_COUNTER.next_serial());
    }

    /// Closes menus when something of another program is pressed, or nothing. What is pressed of its own is for the program to
    /// make sense of: the button that opened a menu closes it.
    pub(super) fn dismiss_popups(&mut self, pressed: Option<&WlSurface>) {
        let client = pressed.and_then(Resource::client);
        let mut closed = Vec::new();
        for root in self.space.elements().filter_map(Pane::surface) {
            if client.is_some() && root.client() == client {
                continue;
            }
            // Those on top first, as the protocol has it.
            let popups: Vec<PopupKind> = PopupManager::popups_for_surface(&root).map(|(popup, _)| popup).collect();
            for popup in popups.iter().filter(|popup| self.grabbing.contains(popup.wl_surface())) {
                // A menu that is gone is closed.
                let _ = PopupManager::dismiss_popup(&root, popup);
                closed.push(popup.wl_surface().clone());
            }
        }
        self.close_menus(&closed);
    }

    /// These menus are closed: the one that each was opened from has the keyboard again, or the window in front.
    pub(super) fn close_menus(&mut self, closed: &[WlSurface]) {
        let open = self.grabbing.len();
        self.grabbing.retain(|menu| menu.alive() && !closed.contains(menu));
        let stays = |focus: Focus| focus.alive() && focus.wl_surface().is_none_or(|has| !closed.contains(&has));
        if self.grabbing.len() == open || self.keyboard.current_focus().is_some_and(stays) {
            return;
        }
        match self.grabbing.last().cloned() {
            Some(menu) => {
                let keyboard = self.keyboard.clone();
                keyboard.set_focus(self, Some(Focus::Wayland(menu)), SERIAL_COUNTER.next_serial());
            }
            None => {
                let front = self.space.elements().next_back().cloned();
                self.focus(front.as_ref());
            }
        }
    }

    /// Gives a window the keyboard, and the place in front.
    pub(super) fn focus(&mut self, window: Option<&Pane>) {
        for other in self.space.elements() {
            other.set_activate(Some(other) == window);
            if let Some(toplevel) = other.toplevel() {
                toplevel.send_pending_configure();
            }
        }
        if let Some(window) = window {
            self.space.raise_element(window, false);
        }
        let focus = window.and_then(|window| match window {
            Pane::Wayland(_) => window.surface().map(Focus::Wayland),
            Pane::X11(pane) => Some(Focus::X11(pane.clone())),
        });
        let keyboard = self.keyboard.clone();
        keyboard.set_focus(self, focus, SERIAL_COUNTER.next_serial());
        self.damaged();
    }

    /// A window is gone: the one before it gets the keyboard.
    pub(super) fn close_window(&mut self, window: &Pane) {
        self.space.unmap_elem(window);
        let next = self.space.elements().next_back().cloned();
        self.focus(next.as_ref());
    }

    /// What lies under a point of the screen.
    pub(super) fn under(&self, at: Point<f64, Logical>) -> Option<(WlSurface, Point<f64, Logical>)> {
        let (window, place) = self.space.element_under(at)?;
        let (surface, inside) = window.under(at - place.to_f64())?;
        Some((surface, (inside + place).to_f64()))
    }
}

type States = smithay::wayland::shell::xdg::ToplevelStateSet;

fn fill(states: &mut States, place: &mut Option<Size<i32, Logical>>, size: Size<i32, Logical>) {
    states.set(State::Maximized);
    *place = Some(size);
}

/// Whether an X11 window can be as large as the screen.
pub(super) fn may_fill(surface: &smithay::xwayland::X11Surface) -> bool {
    surface.max_size().is_none_or(|most| surface.min_size() != Some(most))
}
