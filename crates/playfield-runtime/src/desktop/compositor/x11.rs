//! Programs of X11: an X server that draws for the compositor, started when the first of them asks for one.
//!
//! The compositor listens where X programs look, and hands that socket on to `Xwayland` once somebody has connected. It ends
//! when its last program does, and is started again for the next. For its windows the compositor is their window manager too.

pub(super) mod ping;

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use smithay::reexports::calloop::generic::Generic;
use smithay::reexports::calloop::{Interest, Mode, PostAction};
use smithay::reexports::wayland_server::Client;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle};
use smithay::wayland::selection::SelectionTarget;
use smithay::wayland::xwayland_shell::{XWaylandShellHandler, XWaylandShellState};
use smithay::xwayland::xwm::{Reorder, ResizeEdge, XwmId};
use smithay::xwayland::{X11Surface, X11Wm, XWayland, XWaylandEvent, XwmHandler};

use super::super::words::FromProgram;
use super::Compositor;
use super::pane::{Pane, X11Pane};
use super::windows::may_fill;

/// The display that programs are told.
pub(in super::super) const DISPLAY: &str = ":0";
/// Where they look for it.
const FOLDER: &str = "/tmp/.X11-unix";
/// Where the X server itself is looked for.
const SERVER: &str = "/usr/bin/Xwayland";

/// What there is of X11.
#[derive(Default)]
pub(super) struct X11 {
    pub(super) manager: Option<X11Wm>,
    client: Option<Client>,
    starter: PathBuf,
}

/// The socket of [`DISPLAY`].
fn socket() -> PathBuf {
    Path::new(FOLDER).join(DISPLAY.replace(':', "X"))
}

impl Compositor {
    /// Listens for programs of X11. Without an X server on this node they find nobody there, as on any screen without one.
    pub(super) fn listen_for_x11(&mut self, folder: &Path) -> io::Result<()> {
        if !Path::new(SERVER).exists() {
            return Ok(());
        }
        fs::create_dir_all(FOLDER)?;
        let listener = UnixListener::bind(socket())?;
        listener.set_nonblocking(true)?;
        // It is inherited by the X server, which is told its number by a script: Smithay starts the server, and knows
        // no socket but its own.
        let listener = rustix::io::dup(listener)?;
        let starter = folder.join("x11");
        fs::create_dir_all(&starter)?;
        let script = starter.join("Xwayland");
        fs::write(&script, format!("#!/bin/sh\nexec {SERVER} \"$@\" -listenfd {}\n", listener.as_raw_fd()))?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        self.x11.starter = starter;
        let source = Generic::new(listener, Interest::READ, Mode::Level);
        let waiting = self.handle.insert_source(source, |_, _, compositor: &mut Compositor| {
            // Whoever has connected waits for the server to accept it.
            compositor.start_x11();
            Ok(PostAction::Disable)
        });
        self.x11_waits = Some(waiting.map_err(|error| io::Error::other(error.to_string()))?);
        Ok(())
    }

    fn start_x11(&mut self) {
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.x11.starter.display());
        let environment = [("PATH", path)];
        let started =
            XWayland::spawn(&self.display, Some(1), environment, false, Stdio::null(), Stdio::inherit(), |_| {});
        let (server, client) = match started {
            Ok(started) => started,
            Err(error) => return self.report(FromProgram::Log(format!("no X server for this program: {error}"))),
        };
        self.x11.client = Some(client.clone());
        let ready = self.handle.insert_source(server, move |event, (), compositor| match event {
            XWaylandEvent::Ready { x11_socket, .. } => {
                match X11Wm::start_wm(compositor.handle.clone(), x11_socket, client.clone()) {
                    Ok(manager) => {
                        compositor.x11.manager = Some(manager);
                        compositor.tell_x11_all();
                    }
                    Err(error) => compositor.report(FromProgram::Log(format!("no windows of X11: {error}"))),
                }
            }
            XWaylandEvent::Error => {
                compositor.report(FromProgram::Log("the X server did not start".to_owned()));
                compositor.wait_for_x11();
            }
        });
        if let Err(error) = ready {
            self.report(FromProgram::Log(format!("no X server for this program: {error}")));
        }
    }

    /// The X server is gone: the next program of X11 starts another.
    fn wait_for_x11(&mut self) {
        (self.x11.manager, self.x11.client) = (None, None);
        if let Some(waits) = &self.x11_waits {
            // It was inserted once, and never removed.
            let _ = self.handle.enable(waits);
        }
    }

    fn x11_window(&self, surface: &X11Surface) -> Option<Pane> {
        self.space.elements().find(|window| window.x11() == Some(surface)).cloned()
    }

    /// Windows whose surface was only told by its number get it, once it is there.
    pub(super) fn adopt_surfaces(&mut self) {
        let Some(client) = &self.x11.client else { return };
        let waiting = self.space.elements().filter_map(|window| match window {
            Pane::X11(pane) => Some((pane.clone(), pane.wants()?)),
            Pane::Wayland(_) => None,
        });
        let found = |(pane, id)| Some((pane, client.object_from_protocol_id(&self.display, id).ok()?));
        let adopted: Vec<(X11Pane, WlSurface)> = waiting.filter_map(found).collect();
        for (pane, surface) in adopted {
            pane.adopt(surface);
            if !pane.window.is_override_redirect() {
                // Only now can it be told that it has the keyboard.
                self.focus(Some(&Pane::X11(pane)));
            }
            self.damaged();
        }
    }

    fn open_x11_window(&mut self, surface: X11Surface) {
        let screen = self.screen();
        let main = surface.is_transient_for().is_none() && !surface.is_popup();
        let place = if main && may_fill(&surface) { screen } else { surface.geometry() };
        // A window that is gone meanwhile is told nothing.
        let _ = surface.configure(place);
        let window = Pane::X11(X11Pane::new(surface));
        self.space.map_element(window.clone(), place.loc, true);
        self.place(&window);
        self.focus(Some(&window));
    }

    fn close_x11_window(&mut self, surface: &X11Surface) {
        if let Some(window) = self.x11_window(surface) {
            self.close_window(&window);
        }
    }
}

impl XWaylandShellHandler for Compositor {
    fn xwayland_shell_state(&mut self) -> &mut XWaylandShellState {
        &mut self.protocols.xwayland
    }

    fn surface_associated(&mut self, _: XwmId, _: WlSurface, surface: X11Surface) {
        // Only now can it be told that it has the keyboard.
        if let Some(window) = self.x11_window(&surface).filter(|_| !surface.is_override_redirect()) {
            self.focus(Some(&window));
        }
    }
}

impl XwmHandler for Compositor {
    fn xwm_state(&mut self, _: XwmId) -> &mut X11Wm {
        self.x11.manager.as_mut().expect("only a running window manager asks")
    }

    fn new_window(&mut self, _: XwmId, _: X11Surface) {}

    fn new_override_redirect_window(&mut self, _: XwmId, _: X11Surface) {}

    fn map_window_request(&mut self, _: XwmId, surface: X11Surface) {
        // A window that is gone meanwhile is not shown.
        let _ = surface.set_mapped(true);
        self.open_x11_window(surface);
    }

    fn mapped_override_redirect_window(&mut self, _: XwmId, surface: X11Surface) {
        let at = surface.geometry().loc;
        self.space.map_element(Pane::X11(X11Pane::new(surface)), at, false);
        self.damaged();
    }

    fn unmapped_window(&mut self, _: XwmId, surface: X11Surface) {
        self.close_x11_window(&surface);
        if !surface.is_override_redirect() {
            // It is hidden already.
            let _ = surface.set_mapped(false);
        }
    }

    fn destroyed_window(&mut self, _: XwmId, surface: X11Surface) {
        self.close_x11_window(&surface);
    }

    fn configure_request(
        &mut self,
        _: XwmId,
        surface: X11Surface,
        x: Option<i32>,
        y: Option<i32>,
        width: Option<u32>,
        height: Option<u32>,
        _: Option<Reorder>,
    ) {
        let mut place = surface.geometry();
        let shown = self.x11_window(&surface);
        if shown.is_none() || !may_fill(&surface) || surface.is_transient_for().is_some() {
            place.size.w = width.map_or(place.size.w, |width| width as i32);
            place.size.h = height.map_or(place.size.h, |height| height as i32);
        }
        if shown.is_none() {
            place.loc = (x.unwrap_or(place.loc.x), y.unwrap_or(place.loc.y)).into();
        }
        // A window that is gone meanwhile has no place.
        let _ = surface.configure(place);
        if let Some(window) = shown {
            self.place(&window);
        }
    }

    fn configure_notify(&mut self, _: XwmId, surface: X11Surface, place: Rectangle<i32, Logical>, _: Option<u32>) {
        if let Some(window) = self.x11_window(&surface).filter(|_| surface.is_override_redirect()) {
            self.space.map_element(window, place.loc, false);
            self.damaged();
        }
    }

    fn fullscreen_request(&mut self, _: XwmId, surface: X11Surface) {
        // A window that is gone meanwhile fills nothing.
        let _ = surface.set_fullscreen(true);
        let _ = surface.configure(self.screen());
    }

    fn unfullscreen_request(&mut self, _: XwmId, surface: X11Surface) {
        let _ = surface.set_fullscreen(false);
    }

    fn maximize_request(&mut self, _: XwmId, surface: X11Surface) {
        let _ = surface.set_maximized(true);
        let _ = surface.configure(self.screen());
    }

    fn resize_request(&mut self, _: XwmId, _: X11Surface, _: u32, _: ResizeEdge) {}

    fn move_request(&mut self, _: XwmId, _: X11Surface, _: u32) {}

    fn allow_selection_access(&mut self, _: XwmId, _: SelectionTarget) -> bool {
        // Whoever is here is one person's program.
        true
    }

    fn send_selection(&mut self, _: XwmId, which: SelectionTarget, kind: String, into: OwnedFd) {
        self.x11_pastes(which, kind, into);
    }

    fn new_selection(&mut self, _: XwmId, which: SelectionTarget, types: Vec<String>) {
        self.x11_owns(which, types);
    }

    fn cleared_selection(&mut self, _: XwmId, which: SelectionTarget) {
        self.x11_disowns(which);
    }

    fn disconnected(&mut self, _: XwmId) {
        self.wait_for_x11();
    }
}

smithay::delegate_xwayland_shell!(Compositor);
