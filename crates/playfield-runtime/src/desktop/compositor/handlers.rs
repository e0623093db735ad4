//! What Smithay asks of a compositor, interface by interface.

use smithay::backend::renderer::utils::on_commit_buffer_handler;
use smithay::desktop::PopupKind;
use smithay::input::pointer::{CursorImageStatus, PointerHandle};
use smithay::input::{Seat, SeatHandler, SeatState};
use smithay::reexports::calloop::PostAction;
use smithay::reexports::calloop::generic::NoIoDrop;
use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::Mode;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_output::WlOutput;
use smithay::reexports::wayland_server::protocol::wl_seat::WlSeat;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{self, Display, Resource};
use smithay::utils::{Logical, Point, Serial};
use smithay::wayland::buffer::BufferHandler;
use smithay::wayland::compositor::{
    CompositorClientState, CompositorHandler, CompositorState, add_pre_commit_hook, is_sync_subsurface, with_states,
};
use smithay::wayland::dmabuf::get_dmabuf;
use smithay::wayland::fractional_scale::{FractionalScaleHandler, with_fractional_scale};
use smithay::wayland::idle_inhibit::IdleInhibitHandler;
use smithay::wayland::output::OutputHandler;
use smithay::wayland::pointer_constraints::PointerConstraintsHandler;
use smithay::wayland::seat::WaylandFocus;
use smithay::wayland::selection::data_device::{
    ClientDndGrabHandler, DataDeviceHandler, DataDeviceState, ServerDndGrabHandler, set_data_device_focus,
};
use smithay::wayland::selection::primary_selection::{
    PrimarySelectionHandler, PrimarySelectionState, set_primary_focus,
};
use smithay::wayland::shell::xdg::decoration::XdgDecorationHandler;
use smithay::wayland::shell::xdg::{
    PopupSurface, PositionerState, ShellClient, ToplevelSurface, XdgShellHandler, XdgShellState,
};
use smithay::wayland::shm::{ShmHandler, ShmState};
use smithay::wayland::tablet_manager::TabletSeatHandler;
use smithay::wayland::text_input::TextInputSeat;
use smithay::wayland::xdg_activation::{
    XdgActivationHandler, XdgActivationState, XdgActivationToken, XdgActivationTokenData,
};

use super::focus::Focus;
use super::{Client, Compositor};

impl Compositor {
    pub(super) fn dispatch(&mut self, display: &mut NoIoDrop<Display<Compositor>>) -> std::io::Result<PostAction> {
        super::ffi::dispatch(display, self)?;
        Ok(PostAction::Continue)
    }
}

impl CompositorHandler for Compositor {
    fn compositor_state(&mut self) -> &mut CompositorState {
        &mut self.protocols.compositor
    }

    fn client_compositor_state<'a>(&self, client: &'a wayland_server::Client) -> &'a CompositorClientState {
        if let Some(client) = client.get_data::<smithay::xwayland::XWaylandClientData>() {
            return &client.compositor_state;
        }
        &client.get_data::<Client>().expect("every client is inserted with it").compositor
    }

    fn new_surface(&mut self, surface: &WlSurface) {
        add_pre_commit_hook::<Self, _>(surface, |compositor, _, surface| compositor.wait_for_card(surface));
    }

    fn commit(&mut self, surface: &WlSurface) {
        on_commit_buffer_handler::<Self>(surface);
        if !is_sync_subsurface(surface) {
            self.committed(surface);
        }
        if matches!(&self.cursor, CursorImageStatus::Surface(cursor) if cursor == surface) {
            self.show_cursor();
        }
    }
}

impl BufferHandler for Compositor {
    fn buffer_destroyed(&mut self, buffer: &WlBuffer) {
        if let Ok(buffer) = get_dmabuf(buffer) {
            self.forget_buffer(buffer);
        }
    }
}

impl ShmHandler for Compositor {
    fn shm_state(&self) -> &ShmState {
        &self.protocols.shm
    }
}

impl XdgShellHandler for Compositor {
    fn xdg_shell_state(&mut self) -> &mut XdgShellState {
        &mut self.protocols.shell
    }

    fn new_toplevel(&mut self, surface: ToplevelSurface) {
        self.open_window(surface);
    }

    fn new_popup(&mut self, surface: PopupSurface, positioner: PositionerState) {
        surface.with_pending_state(|state| {
            state.geometry = positioner.get_geometry();
            state.positioner = positioner;
        });
        self.unconstrain(&surface);
        // It is alive: it was made just now.
        let _ = self.popups.track_popup(PopupKind::Xdg(surface));
    }

    fn grab(&mut self, surface: PopupSurface, _seat: WlSeat, _serial: Serial) {
        self.grab_keys(surface.wl_surface());
    }

    fn reposition_request(&mut self, surface: PopupSurface, positioner: PositionerState, token: u32) {
        surface.with_pending_state(|state| {
            state.geometry = positioner.get_geometry();
            state.positioner = positioner;
        });
        self.unconstrain(&surface);
        surface.send_repositioned(token);
    }

    fn fullscreen_request(&mut self, surface: ToplevelSurface, _output: Option<WlOutput>) {
        let size = self.screen().size;
        surface.with_pending_state(|state| {
            state.states.set(xdg_toplevel::State::Fullscreen);
            state.size = Some(size);
        });
        surface.send_configure();
    }

    fn unfullscreen_request(&mut self, surface: ToplevelSurface) {
        surface.with_pending_state(|state| state.states.unset(xdg_toplevel::State::Fullscreen));
        surface.send_configure();
    }

    fn toplevel_destroyed(&mut self, surface: ToplevelSurface) {
        if let Some(window) = self.window_of(surface.wl_surface()) {
            self.close_window(&window);
        }
    }

    fn client_pong(&mut self, client: ShellClient) {
        self.answered(&client);
    }

    fn popup_destroyed(&mut self, surface: PopupSurface) {
        self.close_menus(&[surface.wl_surface().clone()]);
        self.damaged();
    }
}

impl SeatHandler for Compositor {
    type KeyboardFocus = Focus;
    type PointerFocus = WlSurface;
    type TouchFocus = WlSurface;

    fn seat_state(&mut self) -> &mut SeatState<Compositor> {
        &mut self.seats
    }

    fn focus_changed(&mut self, seat: &Seat<Self>, focused: Option<&Focus>) {
        let surface = focused.and_then(|focus| focus.wl_surface());
        let client = surface.as_ref().and_then(|surface| self.display.get_client(surface.id()).ok());
        set_data_device_focus(&self.display, seat, client.clone());
        set_primary_focus(&self.display, seat, client);
        let text = seat.text_input();
        text.leave();
        text.set_focus(surface.map(|surface| surface.into_owned()));
        text.enter();
    }

    fn cursor_image(&mut self, _seat: &Seat<Self>, image: CursorImageStatus) {
        self.cursor = image;
        self.show_cursor();
    }
}

impl TabletSeatHandler for Compositor {}

impl DataDeviceHandler for Compositor {
    fn data_device_state(&self) -> &DataDeviceState {
        &self.protocols.data_device
    }
}

impl ClientDndGrabHandler for Compositor {}
impl ServerDndGrabHandler for Compositor {}

impl PrimarySelectionHandler for Compositor {
    fn primary_selection_state(&self) -> &PrimarySelectionState {
        &self.protocols.primary_selection
    }
}

impl OutputHandler for Compositor {}

impl XdgDecorationHandler for Compositor {
    fn new_decoration(&mut self, toplevel: ToplevelSurface) {
        // Windows fill the screen: a frame around them would say nothing.
        toplevel.with_pending_state(|state| state.decoration_mode = Some(Mode::ServerSide));
        if toplevel.is_initial_configure_sent() {
            toplevel.send_pending_configure();
        }
    }

    fn request_mode(&mut self, toplevel: ToplevelSurface, _mode: Mode) {
        self.new_decoration(toplevel);
    }

    fn unset_mode(&mut self, toplevel: ToplevelSurface) {
        self.new_decoration(toplevel);
    }
}

impl FractionalScaleHandler for Compositor {
    fn new_fractional_scale(&mut self, surface: WlSurface) {
        with_states(&surface, |states| with_fractional_scale(states, |scale| scale.set_preferred_scale(1.0)));
    }
}

impl PointerConstraintsHandler for Compositor {
    fn new_constraint(&mut self, surface: &WlSurface, pointer: &PointerHandle<Self>) {
        if pointer.current_focus().as_ref() == Some(surface) {
            self.constrain();
        }
    }

    fn cursor_position_hint(&mut self, _: &WlSurface, _: &PointerHandle<Self>, _: Point<f64, Logical>) {}
}

impl IdleInhibitHandler for Compositor {
    // A screen that is watched never sleeps.
    fn inhibit(&mut self, _surface: WlSurface) {}
    fn uninhibit(&mut self, _surface: WlSurface) {}
}

impl XdgActivationHandler for Compositor {
    fn activation_state(&mut self) -> &mut XdgActivationState {
        &mut self.protocols.activation
    }

    fn request_activation(&mut self, _: XdgActivationToken, _: XdgActivationTokenData, surface: WlSurface) {
        if let Some(window) = self.window_of(&surface) {
            self.focus(Some(&window));
        }
    }
}

smithay::delegate_compositor!(Compositor);
smithay::delegate_shm!(Compositor);
smithay::delegate_xdg_shell!(Compositor);
smithay::delegate_xdg_decoration!(Compositor);
smithay::delegate_xdg_activation!(Compositor);
smithay::delegate_seat!(Compositor);
smithay::delegate_data_device!(Compositor);
smithay::delegate_primary_selection!(Compositor);
smithay::delegate_output!(Compositor);
smithay::delegate_viewporter!(Compositor);
smithay::delegate_fractional_scale!(Compositor);
smithay::delegate_presentation!(Compositor);
smithay::delegate_relative_pointer!(Compositor);
smithay::delegate_pointer_constraints!(Compositor);
smithay::delegate_single_pixel_buffer!(Compositor);
smithay::delegate_cursor_shape!(Compositor);
smithay::delegate_idle_inhibit!(Compositor);
smithay::delegate_text_input_manager!(Compositor);
