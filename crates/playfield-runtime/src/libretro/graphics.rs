//! OpenGL for cores that draw with it.
//!
//! ```text
//!   the core asks (SET_HW_RENDER) ──> library, driver, context      or "no", and a sentence that says why
//!   its content is loaded ──────────> framebuffer of its largest picture, context_reset
//!   each run: it draws there ───────> the picture is read out of it
//!   its pictures grow ──────────────> the same framebuffer, larger
//!   its content is let go of ───────> context_destroy, and all of it goes
//! ```
//!
//! There is no screen: the picture is read back, whoever drew it. By which driver is Mesa's choice: the graphics card whose
//! render node the fence lets through, or the processor. A core has the context to itself; what is changed in it to read a
//! picture is put back.
//!
//! A context is current on one thread, which is the one that runs the core: everything here belongs to that thread.

mod egl;
mod screen;

use std::cell::RefCell;
use std::ffi::c_uint;

use self::egl::Context;
use self::screen::Screen;
use super::abi::{ContextCall, Geometry, HwRender, hw};
use super::core::with;
use super::pixels::{Layout, Raw};
use super::words::News;

thread_local! {
    static GRAPHICS: RefCell<Option<Graphics>> = const { RefCell::new(None) };
}

/// What a core draws with.
struct Graphics {
    wanted: Wanted,
    reset: Option<ContextCall>,
    destroy: Option<ContextCall>,
    /// Before the context, which it lies in.
    screen: Option<Screen>,
    context: Context,
    pixels: Vec<u8>,
}

/// Which OpenGL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    /// The newest there is with everything that ever was.
    Compatible,
    /// Of a version at least, without what was taken out.
    Core(u32, u32),
    /// OpenGL ES, of a version at least.
    Es(u32, u32),
}

/// What a core asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    api: Api,
    depth: bool,
    stencil: bool,
    bottom_up: bool,
}

impl Wanted {
    /// `None`: nothing. The error names what there is not.
    fn of(callback: &HwRender) -> Result<Option<Wanted>, String> {
        let version = (callback.version_major, callback.version_minor);
        let api = match callback.context_type {
            hw::NONE => return Ok(None),
            hw::OPENGL => Api::Compatible,
            // Profiles begin with 3.2.
            hw::OPENGL_CORE if version < (3, 2) => Api::Core(3, 2),
            hw::OPENGL_CORE => Api::Core(version.0, version.1),
            hw::OPENGLES2 => Api::Es(2, 0),
            hw::OPENGLES3 => Api::Es(3, 0),
            hw::OPENGLES_VERSION => Api::Es(version.0.max(2), version.1),
            other => {
                let name = name_of(other);
                return Err(format!(
                    "it wants to draw with {name}, and only OpenGL is offered; some cores have an option that chooses it"
                ));
            }
        };
        let (depth, stencil) = (callback.depth || callback.stencil, callback.stencil);
        Ok(Some(Wanted { api, depth, stencil, bottom_up: callback.bottom_left_origin }))
    }
}

fn name_of(kind: c_uint) -> String {
    match kind {
        hw::VULKAN => "Vulkan".to_owned(),
        hw::D3D9 => "Direct3D 9".to_owned(),
        hw::D3D10 => "Direct3D 10".to_owned(),
        hw::D3D11 => "Direct3D 11".to_owned(),
        hw::D3D12 => "Direct3D 12".to_owned(),
        other => format!("graphics of kind {other}"),
    }
}

impl std::fmt::Display for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Api::Compatible => f.write_str("OpenGL"),
            Api::Core(major, minor) => write!(f, "OpenGL {major}.{minor}"),
            Api::Es(major, minor) => write!(f, "OpenGL ES {major}.{minor}"),
        }
    }
}

/// A core asks for a context. False: it cannot have this one, and the frontend was told why.
pub fn request(callback: &mut HwRender) -> bool {
    close();
    let opened = Wanted::of(callback).and_then(|wanted| {
        let Some(wanted) = wanted else { return Ok(None) };
        Ok(Some((wanted, Context::open(wanted.api)?)))
    });
    match opened {
        Ok(opened) => {
            callback.get_current_framebuffer = Some(screen::current_framebuffer);
            callback.get_proc_address = Some(egl::proc_address);
            let (reset, destroy) = (callback.context_reset, callback.context_destroy);
            let graphics = opened.map(|(wanted, context)| {
                with(|frontend| frontend.log(1, &format!("draws with {}, by {}", wanted.api, context.driver())));
                Graphics { wanted, reset, destroy, screen: None, context, pixels: Vec::new() }
            });
            put(graphics)
        }
        Err(why) => {
            with(|frontend| {
                frontend.say(News::Log(2, why.clone()));
                frontend.no_graphics = Some(why);
            });
            false
        }
    }
}

/// Makes what a core that asked for a context draws into; what the core wants to be told then.
pub fn begin(geometry: Geometry) -> Result<Option<ContextCall>, String> {
    on_graphics(|graphics| {
        graphics.context.make_current()?;
        graphics.screen = Some(Screen::make(graphics.wanted, size_of(geometry))?);
        Ok(graphics.reset)
    })
    .unwrap_or(Ok(None))
}

/// The core's pictures may be as large as `geometry` says from now on. False: that cannot be, and the session ends.
pub fn fit(geometry: Geometry) -> bool {
    done(on_graphics(|graphics| {
        graphics.context.make_current()?;
        graphics.screen.as_mut().map_or(Ok(()), |screen| screen.grow(size_of(geometry)))
    }))
}

/// Makes the context current, for a core that has one: each call of it may draw.
pub fn make_current() {
    done(on_graphics(|graphics| graphics.context.make_current()));
}

/// Shows what the core drew.
pub fn show(width: u32, height: u32) {
    if !with(|frontend| frontend.looks) {
        return;
    }
    done(on_graphics(|graphics| {
        let Graphics { wanted, screen, context, pixels, .. } = graphics;
        let Some(screen) = screen else { return Ok(()) };
        context.make_current()?;
        if !screen.read(width, height, pixels)? {
            let line = format!("a picture of {width}x{height} is larger than the core said that any would be");
            with(|frontend| frontend.log(2, &line));
            return Ok(());
        }
        let (bytes, pitch) = (pixels.as_slice(), width as usize * Layout::Rgbx.size());
        with(|frontend| {
            frontend.show(Raw { layout: Layout::Rgbx, bytes, pitch, bottom_up: wanted.bottom_up }, width, height);
        });
        Ok(())
    }));
}

/// The core is about to be let go of; what it wants to be told while its context is current, if that is not lost.
pub fn end() -> Option<ContextCall> {
    on_graphics(|graphics| {
        let told = graphics.screen.as_ref().and(graphics.destroy);
        graphics.context.make_current().ok().and(told)
    })
    .flatten()
}

/// Lets go of everything.
pub fn close() {
    put(None);
}

/// Not while something is done with it: a core that a driver called back then keeps what it has.
fn put(graphics: Option<Graphics>) -> bool {
    GRAPHICS.with(|place| place.try_borrow_mut().map(|mut place| *place = graphics).is_ok())
}

/// Works on the graphics of this thread's core. A core that calls back meanwhile, from a driver that speaks to it, finds none.
fn on_graphics<R>(work: impl FnOnce(&mut Graphics) -> R) -> Option<R> {
    GRAPHICS.with(|graphics| graphics.try_borrow_mut().ok()?.as_mut().map(work))
}

/// What cannot go on ends the session. Whether it can.
fn done(result: Option<Result<(), String>>) -> bool {
    let Some(Err(why)) = result else { return true };
    with(|frontend| frontend.failed = frontend.failed.take().or(Some(why)));
    false
}

fn size_of(geometry: Geometry) -> (u32, u32) {
    (geometry.max_width.max(geometry.base_width).max(1), geometry.max_height.max(geometry.base_height).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(context_type: c_uint, version_major: c_uint, version_minor: c_uint) -> HwRender {
        HwRender {
            context_type,
            context_reset: None,
            get_current_framebuffer: None,
            get_proc_address: None,
            depth: false,
            stencil: true,
            bottom_left_origin: true,
            version_major,
            version_minor,
            cache_context: false,
            context_destroy: None,
            debug_context: false,
        }
    }

    #[test]
    fn every_kind_of_opengl_is_understood_and_all_else_is_refused_by_name() {
        let check = |kind, (major, minor), expect| {
            let wanted = Wanted::of(&asked(kind, major, minor)).unwrap();
            assert_eq!(wanted.map(|wanted| wanted.api), expect, "kind {kind}");
        };
        check(hw::NONE, (0, 0), None);
        check(hw::OPENGL, (2, 1), Some(Api::Compatible));
        check(hw::OPENGL_CORE, (0, 0), Some(Api::Core(3, 2)));
        check(hw::OPENGL_CORE, (4, 1), Some(Api::Core(4, 1)));
        check(hw::OPENGLES2, (0, 0), Some(Api::Es(2, 0)));
        check(hw::OPENGLES3, (0, 0), Some(Api::Es(3, 0)));
        check(hw::OPENGLES_VERSION, (3, 1), Some(Api::Es(3, 1)));
        for (kind, name) in [(hw::VULKAN, "Vulkan"), (hw::D3D11, "Direct3D 11"), (77, "kind 77")] {
            let said = Wanted::of(&asked(kind, 0, 0)).unwrap_err();
            assert!(said.contains(name) && said.contains("only OpenGL is offered"), "{said}");
        }
    }

    #[test]
    fn a_stencil_brings_its_depth() {
        let wanted = Wanted::of(&asked(hw::OPENGL, 0, 0)).unwrap().unwrap();
        assert!(wanted.depth && wanted.stencil && wanted.bottom_up);
    }
}
