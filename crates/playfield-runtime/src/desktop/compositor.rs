//! A Wayland compositor with one screen that nobody stands in front of: what is on it goes to the worker.
//!
//! ```text
//!   program --commit--> windows --> painter --> shared memory --Picture--> worker
//!      ^                                                        <--Taken--
//!      +-- frame callback, at most so many a second
//! ```
//!
//! A commit is the capture. It is drawn at once if the worker has taken the picture before; if not, what is damaged adds up
//! until it has. So there is never more than one picture on the way, and it is the newest.

mod answers;
mod cards;
mod clipboard;
#[allow(unsafe_code, reason = "pixels in memory that a program may write meanwhile")]
mod ffi;
mod focus;
mod handlers;
mod input;
mod painter;
mod pane;
mod typing;
mod windows;
mod x11;

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

use playfield_core::frame::CHANNELS;
use playfield_core::input::{MAX_PLAYERS, TickInput};
use smithay::backend::renderer::damage::OutputDamageTracker;
use smithay::backend::renderer::{Color32F, ImportMemWl};
use smithay::desktop::space::render_output;
use smithay::desktop::utils::{
    OutputPresentationFeedback, send_frames_surface_tree, take_presentation_feedback_surface_tree,
};
use smithay::desktop::{PopupManager, Space};
use smithay::input::keyboard::{KeyboardHandle, XkbConfig};
use smithay::input::pointer::{CursorImageStatus, PointerHandle};
use smithay::input::touch::TouchHandle;
use smithay::input::{Seat, SeatState};
use smithay::output::{Mode, Output, PhysicalProperties, Subpixel};
use smithay::reexports::calloop::generic::Generic;
use smithay::reexports::calloop::timer::{TimeoutAction, Timer};
use smithay::reexports::calloop::{Interest, LoopHandle, Mode as Trigger, PostAction, RegistrationToken};
use smithay::reexports::wayland_protocols::wp::presentation_time::server::wp_presentation_feedback;
use smithay::reexports::wayland_server::backend::ClientData;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{Display, DisplayHandle};
use smithay::utils::{Clock, Monotonic, Rectangle, Transform};
use smithay::wayland::compositor::{CompositorClientState, CompositorState};
use smithay::wayland::cursor_shape::CursorShapeManagerState;
use smithay::wayland::dmabuf::DmabufState;
use smithay::wayland::fractional_scale::FractionalScaleManagerState;
use smithay::wayland::idle_inhibit::IdleInhibitManagerState;
use smithay::wayland::output::OutputManagerState;
use smithay::wayland::pointer_constraints::PointerConstraintsState;
use smithay::wayland::presentation::{PresentationState, Refresh};
use smithay::wayland::relative_pointer::RelativePointerManagerState;
use smithay::wayland::selection::data_device::DataDeviceState;
use smithay::wayland::selection::primary_selection::PrimarySelectionState;
use smithay::wayland::shell::xdg::XdgShellState;
use smithay::wayland::shell::xdg::decoration::XdgDecorationState;
use smithay::wayland::shm::ShmState;
use smithay::wayland::single_pixel_buffer::SinglePixelBufferState;
use smithay::wayland::text_input::TextInputManagerState;
use smithay::wayland::viewporter::ViewporterState;
use smithay::wayland::xdg_activation::XdgActivationState;
use smithay::wayland::xwayland_shell::XWaylandShellState;

use super::command::{Command, Size};
use super::pads::{KeyMap, Pads};
use super::sound::SoundServer;
use super::words::{FromProgram, PICTURE, Presented, SOUND, SOUND_FRAMES, monotonic_us};
use super::xkbcommon;
use crate::process::{Link, Shared};
pub(super) use x11::DISPLAY;

use painter::{Canvas, Painter};
use pane::Pane;

/// Delay before a held key repeats, in milliseconds, and repeats a second.
const REPEAT: (i32, i32) = (400, 30);
/// Behind all windows.
const BACKGROUND: Color32F = Color32F::new(0.0, 0.0, 0.0, 1.0);
/// Bytes of a sample of both channels.
const SOUND_FRAME: usize = CHANNELS * 2;
/// Refresh rates are in thousandths of a hertz.
const MILLIHERTZ: i32 = 1000;

/// What Smithay keeps for each interface that is offered. Some are only held so that they stay.
pub(super) struct Protocols {
    compositor: CompositorState,
    shell: XdgShellState,
    shm: ShmState,
    /// Offers nothing where there is no graphics card.
    dmabuf: DmabufState,
    data_device: DataDeviceState,
    primary_selection: PrimarySelectionState,
    activation: XdgActivationState,
    xwayland: XWaylandShellState,
    _held: (
        OutputManagerState,
        XdgDecorationState,
        ViewporterState,
        FractionalScaleManagerState,
        PresentationState,
        RelativePointerManagerState,
        PointerConstraintsState,
        SinglePixelBufferState,
        CursorShapeManagerState,
        IdleInhibitManagerState,
        TextInputManagerState,
    ),
}

/// The compositor.
pub(crate) struct Compositor {
    display: DisplayHandle,
    handle: LoopHandle<'static, Compositor>,
    protocols: Protocols,
    seats: SeatState<Compositor>,
    seat: Seat<Compositor>,
    keyboard: KeyboardHandle<Compositor>,
    pointer: PointerHandle<Compositor>,
    touch: TouchHandle<Compositor>,
    space: Space<Pane>,
    popups: PopupManager,
    output: Output,
    tracker: OutputDamageTracker,
    painter: Painter,
    clock: Clock<Monotonic>,
    /// The worker's end.
    link: Link,
    shared: Shared,
    size: Size,
    period: Duration,
    /// Since when something waits to be drawn, on [`monotonic_us`].
    dirty_since: Option<u64>,
    /// The worker has not taken the picture yet.
    on_the_way: bool,
    /// Nobody watches: programs are not asked for more pictures.
    paused: bool,
    /// Frame callbacks are due at a time that a timer knows.
    frames_armed: bool,
    framed_at: Instant,
    pictures: u64,
    input: input::Held,
    /// Pads that programs find as devices; without them pads are keys.
    pads: Option<Pads>,
    pad_keys: KeyMap,
    sound: Option<SoundServer>,
    /// Programs record the microphone, as the worker was told.
    records: bool,
    /// Sound on its way into shared memory.
    heard: (Vec<i16>, Vec<u8>),
    x11: x11::X11,
    /// Notices the first program of X11.
    x11_waits: Option<RegistrationToken>,
    typing: typing::Typing,
    clipboard: clipboard::Clipboard,
    answers: answers::Answers,
    cursor: CursorImageStatus,
    /// Menus that close when something else is pressed.
    grabbing: Vec<WlSurface>,
    locked: bool,
    /// The worker is gone, or the program.
    pub(super) done: bool,
}

/// What is kept for each client.
#[derive(Default)]
pub(super) struct Client {
    compositor: CompositorClientState,
}

impl ClientData for Client {}

impl Compositor {
    /// Makes the screen and opens it to clients at `socket`. `card` is the number of the render node that they draw with.
    pub(super) fn start(
        handle: LoopHandle<'static, Compositor>,
        socket: &Path,
        link: Link,
        shared: Shared,
        command: &Command,
        card: Option<u64>,
    ) -> Result<Compositor, String> {
        let (size, hz) = (command.size, command.hz);
        xkbcommon::open()?;
        let display: Display<Compositor> = Display::new().map_err(|error| format!("no Wayland display: {error}"))?;
        let dh = display.handle();
        let painter = Painter::default();
        let clock = Clock::new();
        let held = (
            OutputManagerState::new_with_xdg_output::<Self>(&dh),
            XdgDecorationState::new::<Self>(&dh),
            ViewporterState::new::<Self>(&dh),
            FractionalScaleManagerState::new::<Self>(&dh),
            PresentationState::new::<Self>(&dh, clock.id() as u32),
            RelativePointerManagerState::new::<Self>(&dh),
            PointerConstraintsState::new::<Self>(&dh),
            SinglePixelBufferState::new::<Self>(&dh),
            CursorShapeManagerState::new::<Self>(&dh),
            IdleInhibitManagerState::new::<Self>(&dh),
            TextInputManagerState::new::<Self>(&dh),
        );
        let protocols = Protocols {
            compositor: CompositorState::new::<Self>(&dh),
            shell: XdgShellState::new::<Self>(&dh),
            shm: ShmState::new::<Self>(&dh, painter.shm_formats()),
            dmabuf: cards::offer(&dh, card).map_err(|error| format!("no buffers of a graphics card: {error}"))?,
            data_device: DataDeviceState::new::<Self>(&dh),
            primary_selection: PrimarySelectionState::new::<Self>(&dh),
            activation: XdgActivationState::new::<Self>(&dh),
            xwayland: XWaylandShellState::new::<Self>(&dh),
            _held: held,
        };
        let mut seats = SeatState::new();
        let mut seat = seats.new_wl_seat(&dh, "seat0");
        let (layout, variant) = (command.keyboard.0.as_str(), command.keyboard.1.as_str());
        let keyboard = seat.add_keyboard(XkbConfig { layout, variant, ..XkbConfig::default() }, REPEAT.0, REPEAT.1);
        let keyboard = keyboard.map_err(|_| {
            format!(
                "there is no keyboard layout `{layout}` on this node; install it (on Debian: xkb-data), or name another"
            )
        })?;
        let (pointer, touch) = (seat.add_pointer(), seat.add_touch());
        let output = Output::new(
            "Playfield-1".to_owned(),
            PhysicalProperties {
                size: (0, 0).into(),
                subpixel: Subpixel::None,
                make: "Playfield".to_owned(),
                model: "Screen".to_owned(),
            },
        );
        output.create_global::<Self>(&dh);
        let mut space = Space::default();
        space.map_output(&output, (0, 0));
        let tracker = OutputDamageTracker::from_output(&output);
        listen(&handle, socket)?;
        let readable = Generic::new(display, Interest::READ, Trigger::Level);
        let dispatch = handle.insert_source(readable, |_, display, state: &mut Compositor| state.dispatch(display));
        dispatch.map_err(|error| format!("no event loop: {error}"))?;
        let mut compositor = Compositor {
            display: dh,
            handle,
            protocols,
            seats,
            seat,
            keyboard,
            pointer,
            touch,
            space,
            popups: PopupManager::default(),
            output,
            tracker,
            painter,
            clock,
            link,
            shared,
            size,
            period: Duration::from_micros(1_000_000 / u64::from(hz.clamp(1, 240))),
            dirty_since: None,
            on_the_way: false,
            paused: false,
            frames_armed: false,
            framed_at: Instant::now(),
            pictures: 0,
            input: input::Held::default(),
            pads: None,
            pad_keys: KeyMap::default(),
            sound: None,
            records: false,
            heard: Default::default(),
            x11: x11::X11::default(),
            x11_waits: None,
            typing: typing::Typing::on((layout, variant)),
            clipboard: clipboard::Clipboard::default(),
            answers: answers::Answers::default(),
            cursor: CursorImageStatus::default_named(),
            grabbing: Vec::new(),
            locked: false,
            done: false,
        };
        compositor.resize(size);
        if let Some(folder) = socket.parent()
            && let Err(error) = compositor.listen_for_x11(folder)
        {
            compositor.report(FromProgram::Log(format!("programs of X11 cannot be shown: {error}")));
        }
        Ok(compositor)
    }

    fn insert(&mut self, stream: std::os::unix::net::UnixStream) {
        if let Err(error) = self.display.insert_client(stream, std::sync::Arc::new(Client::default())) {
            self.report(FromProgram::Log(format!("a program cannot be heard: {error}")));
        }
    }

    /// The worker's end, to be read.
    pub(super) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Tells the worker something. If it is gone there is nobody to tell, and nothing left to do.
    pub(super) fn report(&mut self, report: FromProgram) {
        self.done |= self.link.send(&report).is_err();
    }

    /// Another screen size: windows that fill it follow.
    pub(super) fn resize(&mut self, size: Size) {
        let size = size.clamped();
        if size == self.size && self.output.current_mode().is_some() {
            return;
        }
        self.size = size;
        let refresh = (1_000_000_000 / self.period.as_micros().max(1) as i64) as i32;
        let mode = Mode { size: (i32::from(size.width), i32::from(size.height)).into(), refresh };
        for old in self.output.modes().into_iter().filter(|old| *old != mode) {
            self.output.delete_mode(old);
        }
        self.output.change_current_state(Some(mode), Some(Transform::Normal), None, Some((0, 0).into()));
        self.output.set_preferred(mode);
        debug_assert_eq!(mode.refresh / MILLIHERTZ, refresh / MILLIHERTZ);
        self.arrange();
        self.damaged();
    }

    /// Nobody watches, or somebody does again.
    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
        self.want_frames();
    }

    /// The worker has copied the picture.
    pub(super) fn taken(&mut self) {
        self.on_the_way = false;
    }

    /// Something on the screen is not as it was drawn.
    fn damaged(&mut self) {
        self.dirty_since.get_or_insert_with(monotonic_us);
    }

    /// What is to be done whenever something has happened: draws what changed, and lets clients know what they were sent.
    pub(super) fn settle(&mut self) {
        self.adopt_surfaces();
        if self.locked {
            // A lock that a program gives up is not told by itself.
            self.constrain();
        }
        self.forget_the_gone();
        self.space.refresh();
        self.popups.cleanup();
        self.shake_pads();
        self.draw();
        if let Err(error) = self.display.flush_clients() {
            tracing::debug!(%error, "a program does not read");
        }
    }

    fn draw(&mut self) {
        // An empty screen is no picture: whoever waits for the program sees that it is being started.
        if self.on_the_way || (self.pictures == 0 && !self.space.elements().any(Pane::is_drawn)) {
            return;
        }
        let Some(committed_us) = self.dirty_since.take() else { return };
        let Size { width, height } = self.size;
        let size = (i32::from(width), i32::from(height));
        let mut canvas = Canvas { bytes: self.shared.view(PICTURE, self.size.area() * 4), size: size.into() };
        // The canvas holds what was drawn before: only what changed is drawn.
        let age = usize::from(self.pictures > 0);
        let drawn = render_output::<
            _,
            smithay::backend::renderer::element::surface::WaylandSurfaceRenderElement<Painter>,
            _,
            _,
        >(
            &self.output,
            &mut self.painter,
            &mut canvas,
            1.0,
            age,
            [&self.space],
            &[],
            &mut self.tracker,
            BACKGROUND,
        );
        let damage = match drawn {
            Ok(drawn) => drawn.damage.map(|areas| {
                let empty = Rectangle::default();
                areas
                    .iter()
                    .fold(empty, |all: Rectangle<_, _>, area| if all.is_empty() { *area } else { all.merge(*area) })
            }),
            Err(error) => {
                self.report(FromProgram::Log(format!("a window cannot be drawn: {error}")));
                None
            }
        };
        let whole = Rectangle::from_size(size.into());
        let Some(damage) = damage.and_then(|damage| damage.intersection(whole)).filter(|damage| !damage.is_empty())
        else {
            return;
        };
        self.pictures += 1;
        self.on_the_way = true;
        let side = |number: i32| number as u16;
        let damage = (side(damage.loc.x), side(damage.loc.y), side(damage.size.w), side(damage.size.h));
        self.report(FromProgram::Picture(Presented {
            size: self.size,
            damage,
            committed_us,
            drawn_us: monotonic_us(),
        }));
        self.presented();
    }

    /// Tells programs when their picture was shown.
    fn presented(&mut self) {
        let time: Duration = self.clock.now().into();
        let mut feedback = OutputPresentationFeedback::new(&self.output);
        let output = self.output.clone();
        for surface in self.space.elements().flat_map(Pane::surfaces) {
            take_presentation_feedback_surface_tree(
                &surface,
                &mut feedback,
                |_, _| Some(output.clone()),
                |_, _| wp_presentation_feedback::Kind::empty(),
            );
        }
        let refresh = Refresh::variable(self.period);
        feedback.presented::<_, Monotonic>(time, refresh, self.pictures, wp_presentation_feedback::Kind::empty());
    }

    /// A program waits to be told when to draw next.
    fn want_frames(&mut self) {
        if self.frames_armed || self.paused {
            return;
        }
        self.frames_armed = true;
        let now = Instant::now();
        let due = (self.framed_at + self.period).max(now);
        let timer = Timer::from_deadline(due);
        let armed = self.handle.insert_source(timer, |_, (), compositor| {
            compositor.frames();
            TimeoutAction::Drop
        });
        if armed.is_err() {
            self.frames();
        }
    }

    /// Programs may draw their next picture.
    fn frames(&mut self) {
        self.frames_armed = false;
        let now = Instant::now();
        // In step with the time before, unless that is long ago.
        let next = self.framed_at + self.period;
        self.framed_at = if now > next + self.period { now } else { next };
        let time: Duration = self.clock.now().into();
        let output = &self.output;
        let cursor = match &self.cursor {
            CursorImageStatus::Surface(surface) => Some(surface.clone()),
            _ => None,
        };
        for surface in self.space.elements().flat_map(Pane::surfaces).chain(cursor) {
            send_frames_surface_tree(&surface, output, time, Some(Duration::ZERO), |_, _| Some(output.clone()));
        }
    }

    /// Programs find pads as devices, or what a pad does is keys.
    pub(super) fn set_pads(&mut self, pads: Option<Pads>, keys: KeyMap) {
        (self.pads, self.pad_keys) = (pads, keys);
    }

    /// What programs play is heard.
    pub(super) fn listen_to(&mut self, sound: SoundServer) -> std::io::Result<()> {
        let news = Generic::new(rustix::io::dup(&sound)?, Interest::READ, Trigger::Level);
        let heard = self.handle.insert_source(news, |_, _, compositor: &mut Compositor| {
            compositor.hear_sound();
            Ok(PostAction::Continue)
        });
        heard.map_err(|error| std::io::Error::other(error.to_string()))?;
        self.sound = Some(sound);
        Ok(())
    }

    fn hear_sound(&mut self) {
        let (mut samples, mut bytes) = std::mem::take(&mut self.heard);
        loop {
            samples.clear();
            let Some(at) = self.sound.as_ref().and_then(|sound| sound.take(&mut samples)) else { break };
            bytes.clear();
            bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
            let frames = (samples.len() / CHANNELS).min(SOUND_FRAMES);
            let place = (at % SOUND_FRAMES as u64) as usize;
            let head = frames.min(SOUND_FRAMES - place) * SOUND_FRAME;
            let (head, tail) = bytes[..frames * SOUND_FRAME].split_at(head);
            if self.shared.write(SOUND + place * SOUND_FRAME, head) && self.shared.write(SOUND, tail) {
                self.report(FromProgram::Sound(at, frames as u32));
            }
        }
        self.heard = (samples, bytes);
        let records = self.sound.as_ref().is_some_and(SoundServer::microphone_wanted);
        if std::mem::replace(&mut self.records, records) != records {
            self.report(FromProgram::Records(records));
        }
    }

    /// The pads that a program is to be started with.
    pub(super) fn pads(&self) -> Option<&Pads> {
        self.pads.as_ref()
    }

    /// What players do now.
    pub(super) fn play(&mut self, input: &TickInput) {
        if let Some(pads) = &mut self.pads {
            pads.play(input);
        }
        self.apply_input(input);
    }

    fn shake_pads(&mut self) {
        for player in 0..MAX_PLAYERS {
            let Some(rumble) = self.pads.as_mut().and_then(|pads| pads.take_rumble(player)) else { continue };
            self.report(FromProgram::Rumble(player as u8, rumble.strong, rumble.weak, rumble.ms));
        }
    }
}

/// Lets clients in.
fn listen(handle: &LoopHandle<'static, Compositor>, path: &Path) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("no socket for programs: {error}");
    let listener = UnixListener::bind(path).map_err(|error| failed(&error))?;
    listener.set_nonblocking(true).map_err(|error| failed(&error))?;
    let source = Generic::new(listener, Interest::READ, Trigger::Level);
    let inserted = handle.insert_source(source, |_, listener, compositor: &mut Compositor| {
        while let Ok((stream, _)) = listener.accept() {
            compositor.insert(stream);
        }
        Ok(PostAction::Continue)
    });
    inserted.map(drop).map_err(|error| failed(&error))
}
