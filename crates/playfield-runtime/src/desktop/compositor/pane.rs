//! What is on the screen: windows of Wayland, and those of X11.
//!
//! A window of X11 is drawn into a surface that the X server tells the number of, in one of two ways: newer servers by a
//! protocol that Smithay takes part in, older ones (before 23.1) by the surface's bare number, which is looked up here.

use std::sync::{Arc, Mutex, PoisonError};

use smithay::backend::renderer::element::surface::{WaylandSurfaceRenderElement, render_elements_from_surface_tree};
use smithay::backend::renderer::element::{AsRenderElements, Kind};
use smithay::backend::renderer::utils::with_renderer_surface_state;
use smithay::backend::renderer::{ImportAll, Renderer, Texture};
use smithay::desktop::space::{RenderZindex, SpaceElement};
use smithay::desktop::utils::under_from_surface_tree;
use smithay::desktop::{PopupManager, Window, WindowSurfaceType};
use smithay::output::Output;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{IsAlive, Logical, Physical, Point, Rectangle, Scale};
use smithay::wayland::seat::WaylandFocus;
use smithay::wayland::shell::xdg::ToplevelSurface;
use smithay::xwayland::X11Surface;

/// A window on the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pane {
    /// Of Wayland.
    Wayland(Window),
    /// Of X11.
    X11(X11Pane),
}

/// A window of X11, and the surface it is drawn into.
#[derive(Clone, Debug)]
pub(crate) struct X11Pane {
    pub(super) window: Arc<X11Surface>,
    adopted: Arc<Mutex<Option<WlSurface>>>,
}

impl PartialEq for X11Pane {
    fn eq(&self, other: &X11Pane) -> bool {
        self.window == other.window
    }
}

impl X11Pane {
    pub(super) fn new(window: X11Surface) -> X11Pane {
        X11Pane { window: Arc::new(window), adopted: Arc::default() }
    }

    /// The surface it is drawn into, once that is known.
    pub(super) fn surface(&self) -> Option<WlSurface> {
        let adopted = || self.adopted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.window.wl_surface().or_else(adopted).filter(IsAlive::alive)
    }

    /// The number of the surface it is drawn into, where that alone is known.
    #[expect(deprecated, reason = "Debian 12 has an X server that knows no other way")]
    pub(super) fn wants(&self) -> Option<u32> {
        self.window.wl_surface_id().filter(|_| self.surface().is_none())
    }

    /// It is drawn into this surface.
    pub(super) fn adopt(&self, surface: WlSurface) {
        *self.adopted.lock().unwrap_or_else(PoisonError::into_inner) = Some(surface);
    }
}

impl Pane {
    /// The surface it is drawn into, if that is known yet.
    pub(super) fn surface(&self) -> Option<WlSurface> {
        match self {
            Pane::Wayland(window) => window.wl_surface().map(|surface| surface.into_owned()),
            Pane::X11(pane) => pane.surface(),
        }
    }

    /// Whether it has drawn anything yet.
    pub(super) fn is_drawn(&self) -> bool {
        self.surface().is_some_and(|surface| {
            let drawn = with_renderer_surface_state(&surface, |state| state.buffer().is_some());
            drawn.unwrap_or(false)
        })
    }

    /// Its own surface and those of its menus.
    pub(super) fn surfaces(&self) -> Vec<WlSurface> {
        let Some(root) = self.surface() else { return Vec::new() };
        let menus = PopupManager::popups_for_surface(&root).map(|(popup, _)| popup.wl_surface().clone());
        menus.chain([root.clone()]).collect()
    }

    pub(super) fn toplevel(&self) -> Option<&ToplevelSurface> {
        match self {
            Pane::Wayland(window) => window.toplevel(),
            Pane::X11(_) => None,
        }
    }

    pub(super) fn x11(&self) -> Option<&X11Surface> {
        match self {
            Pane::Wayland(_) => None,
            Pane::X11(pane) => Some(&pane.window),
        }
    }

    pub(super) fn on_commit(&self) {
        if let Pane::Wayland(window) = self {
            window.on_commit();
        }
    }

    /// What of it lies under a point, relative to it.
    pub(super) fn under(&self, at: Point<f64, Logical>) -> Option<(WlSurface, Point<i32, Logical>)> {
        match self {
            Pane::Wayland(window) => window.surface_under(at, WindowSurfaceType::ALL),
            Pane::X11(pane) => under_from_surface_tree(&pane.surface()?, at, (0, 0), WindowSurfaceType::ALL),
        }
    }
}

impl IsAlive for Pane {
    fn alive(&self) -> bool {
        match self {
            Pane::Wayland(window) => window.alive(),
            Pane::X11(pane) => pane.window.alive(),
        }
    }
}

impl SpaceElement for Pane {
    fn geometry(&self) -> Rectangle<i32, Logical> {
        match self {
            Pane::Wayland(window) => window.geometry(),
            Pane::X11(pane) => Rectangle::from_size(pane.window.geometry().size),
        }
    }

    fn bbox(&self) -> Rectangle<i32, Logical> {
        match self {
            Pane::Wayland(window) => window.bbox_with_popups(),
            Pane::X11(pane) => Rectangle::from_size(pane.window.geometry().size),
        }
    }

    fn is_in_input_region(&self, point: &Point<f64, Logical>) -> bool {
        self.under(*point).is_some()
    }

    fn z_index(&self) -> u8 {
        match self {
            Pane::X11(pane) if pane.window.is_override_redirect() => RenderZindex::Overlay as u8,
            _ => RenderZindex::Shell as u8,
        }
    }

    fn set_activate(&self, activated: bool) {
        match self {
            Pane::Wayland(window) => {
                window.set_activated(activated);
            }
            // A window that is gone meanwhile is told nothing.
            Pane::X11(pane) => drop(pane.window.set_activated(activated)),
        }
    }

    fn output_enter(&self, output: &Output, overlap: Rectangle<i32, Logical>) {
        match self {
            Pane::Wayland(window) => SpaceElement::output_enter(window, output, overlap),
            Pane::X11(_) => self.surfaces().iter().for_each(|surface| output.enter(surface)),
        }
    }

    fn output_leave(&self, output: &Output) {
        match self {
            Pane::Wayland(window) => SpaceElement::output_leave(window, output),
            Pane::X11(_) => self.surfaces().iter().for_each(|surface| output.leave(surface)),
        }
    }

    fn refresh(&self) {
        if let Pane::Wayland(window) = self {
            SpaceElement::refresh(window);
        }
    }
}

impl<R> AsRenderElements<R> for Pane
where
    R: Renderer + ImportAll,
    R::TextureId: Texture + Clone + 'static,
{
    type RenderElement = WaylandSurfaceRenderElement<R>;

    fn render_elements<C: From<WaylandSurfaceRenderElement<R>>>(
        &self,
        renderer: &mut R,
        at: Point<i32, Physical>,
        scale: Scale<f64>,
        alpha: f32,
    ) -> Vec<C> {
        match self {
            Pane::Wayland(window) => window.render_elements(renderer, at, scale, alpha),
            Pane::X11(pane) => pane.surface().map_or_else(Vec::new, |surface| {
                render_elements_from_surface_tree(renderer, &surface, at, scale, alpha, Kind::Unspecified)
            }),
        }
    }
}
