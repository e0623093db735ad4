//! The process of a program: starts it behind the fence, and runs the compositor it draws for.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use smithay::reexports::calloop::generic::Generic;
use smithay::reexports::calloop::{EventLoop, Interest, LoopHandle, Mode, PostAction};

use super::command::Command;
use super::compositor::Compositor;
use super::pads::{FOLDER, KeyMap, Pads};
use super::sound::{ASOUNDRC, Decode, Microphone, SoundServer};
use super::words::{Ended, FromProgram, Opening, SHARED_LEN, ToProgram};
use crate::confine::{HOME, User, confine, device_number, environment, guest_user};
use crate::process::{Link, LinkError, Shared};

/// The socket that programs speak Wayland at, in their runtime folder.
const SOCKET: &str = "wayland-0";
/// The one that they find PulseAudio at, in a folder there.
const SOUND_SOCKET: &str = "native";

/// Makes a decoder for the player's microphone: the codec is not this room's to know.
pub type Codec = fn() -> Result<Box<dyn Decode>, String>;

/// Serves the worker at the other end until it lets go, or the program has ended.
pub fn run(socket: OwnedFd, codec: Codec) -> Result<(), String> {
    let mut link = Link::new(socket);
    let (ask, memory) = link.receive_with(None).map_err(|error| error.to_string())?;
    let (ToProgram::Open(opening), Some(memory)) = (ask, memory) else {
        return Err("the first message must be what to open".to_owned());
    };
    let microphone = if opening.command.microphone { take_microphone(&mut link)? } else { None };
    let mut rules = opening.rules.clone();
    rules.keep.extend([link.fd(), memory.as_raw_fd()].into_iter().chain(microphone.as_ref().map(AsRawFd::as_raw_fd)));
    // From here on this is the process behind the fence.
    let fenced = confine(&rules).map_err(|error| error.to_string()).and_then(|_| {
        let shared = Shared::open(memory, SHARED_LEN).map_err(|error| error.to_string())?;
        guest_user().map(|user| (shared, user)).map_err(|error| error.to_string())
    });
    // One that fails has moved its end into what failed.
    let mut spare = Link::new(rustix::io::dup(link.socket()).map_err(|error| error.to_string())?);
    let served = fenced.and_then(|(shared, user)| {
        let microphone = microphone.map(|socket| Ok::<_, String>(Microphone::new(socket, codec()?))).transpose()?;
        serve(link, shared, *opening, microphone, &user)
    });
    served.or_else(|why| spare.send(&FromProgram::Failed(why)).map_err(|error| error.to_string()))
}

/// The socket that the microphone's packets come by.
fn take_microphone(link: &mut Link) -> Result<Option<OwnedFd>, String> {
    match link.receive_with(None).map_err(|error| error.to_string())? {
        (ToProgram::Microphone, Some(socket)) => Ok(Some(socket)),
        _ => Err("the second message must be the way of the microphone".to_owned()),
    }
}

fn serve(
    link: Link,
    shared: Shared,
    opening: Opening,
    microphone: Option<Microphone>,
    user: &User,
) -> Result<(), String> {
    let mut events = EventLoop::try_new().map_err(|error| error.to_string())?;
    let words = rustix::io::dup(link.socket()).map_err(|error| error.to_string())?;
    let runtime = PathBuf::from(user.runtime_dir());
    let socket = runtime.join(SOCKET);
    let card = opening.card.as_deref().map(device_number).transpose();
    let number = card.as_ref().copied().ok().flatten();
    let mut compositor = Compositor::start(events.handle(), &socket, link, shared, &opening.command, number)?;
    if let Err(error) = card {
        compositor.report(FromProgram::Log(format!("this program draws without the graphics card: {error}")));
    }
    let source = Generic::new(words, Interest::READ, Mode::Level);
    let heard = events.handle().insert_source(source, |_, _, compositor| {
        compositor.hear();
        Ok(PostAction::Continue)
    });
    heard.map_err(|error| error.to_string())?;
    let pulse = runtime.join("pulse");
    let sound = std::fs::create_dir_all(&pulse)
        .and_then(|()| SoundServer::start(&pulse.join(SOUND_SOCKET), microphone))
        .and_then(|sound| compositor.listen_to(sound));
    if let Err(error) = sound {
        compositor.report(FromProgram::Log(format!("this program has no sound: {error}")));
    }
    if !Path::new(HOME).join(".asoundrc").exists() {
        // Without it programs that know of ALSA alone are silent, and no more.
        let _ = std::fs::write(Path::new(HOME).join(".asoundrc"), ASOUNDRC);
    }
    let keys = KeyMap::with(&opening.command.pad_keys).map_err(|error| error.to_string())?;
    match (!opening.command.pads_are_keys).then(|| Pads::new(FOLDER.as_ref())) {
        None => compositor.set_pads(None, keys),
        Some(Ok(pads)) => compositor.set_pads(Some(pads), keys),
        Some(Err(error)) => {
            compositor.report(FromProgram::Log(format!("pads are keys for this program: {error}")));
            compositor.set_pads(None, keys);
        }
    }
    match start(&opening.command, user, compositor.pads()).and_then(|child| watch(&events.handle(), child)) {
        Ok(()) => compositor.report(FromProgram::Opened),
        Err(error) => {
            let program = opening.command.line.first().map(String::as_str).unwrap_or_default();
            let why = match error.kind() {
                io::ErrorKind::NotFound => format!("there is no program `{program}` on this node"),
                _ => format!("`{program}` cannot be started: {error}"),
            };
            compositor.report(FromProgram::Failed(why));
            return Ok(());
        }
    }
    while !compositor.done {
        events.dispatch(None, &mut compositor).map_err(|error| error.to_string())?;
        compositor.settle();
    }
    Ok(())
}

/// Starts the program.
fn start(command: &Command, user: &User, pads: Option<&Pads>) -> io::Result<Child> {
    let (program, arguments) = command.line.split_first().ok_or(io::ErrorKind::NotFound)?;
    let own = [
        ("WAYLAND_DISPLAY", SOCKET),
        ("DISPLAY", super::compositor::DISPLAY),
        ("XDG_SESSION_TYPE", "wayland"),
        ("XDG_CURRENT_DESKTOP", "Playfield"),
        // Toolkits that would take X11 if they could.
        ("SDL_VIDEODRIVER", "wayland,x11"),
        ("SDL_VIDEO_DRIVER", "wayland,x11"),
        ("QT_QPA_PLATFORM", "wayland;xcb"),
        ("MOZ_ENABLE_WAYLAND", "1"),
    ];
    let mut child = std::process::Command::new(program);
    let pulse = format!("unix:{}/pulse/{SOUND_SOCKET}", user.runtime_dir());
    child.args(arguments).env_clear().envs(environment(user)).envs(own).env("PULSE_SERVER", pulse);
    child.envs(&command.environment);
    child.current_dir(command.folder.as_deref().unwrap_or(HOME.as_ref()));
    if let Some(pads) = pads {
        pads.arm(&mut child)?;
    }
    child.stdin(Stdio::null()).spawn()
}

/// Tells the worker when the program has ended, and how.
fn watch(handle: &LoopHandle<'static, Compositor>, mut child: Child) -> io::Result<()> {
    let id = Pid::from_raw(child.id() as i32).ok_or(io::ErrorKind::NotFound)?;
    let source = Generic::new(pidfd_open(id, PidfdFlags::empty())?, Interest::READ, Mode::Level);
    let watched = handle.insert_source(source, move |_, _, compositor: &mut Compositor| {
        let status = child.wait()?;
        let ended = match (status.signal(), status.code()) {
            (Some(signal), _) => Ended::Signal(signal),
            (None, code) => Ended::Exit(code.unwrap_or_default()),
        };
        compositor.report(FromProgram::Ended(ended));
        compositor.done = true;
        Ok(PostAction::Remove)
    });
    watched.map(drop).map_err(|error| io::Error::other(error.to_string()))
}

impl Compositor {
    /// Takes what the worker said.
    fn hear(&mut self) {
        loop {
            match self.link().receive(Some(std::time::Duration::ZERO)) {
                Ok(ToProgram::Input(input)) => self.play(&input),
                Ok(ToProgram::Taken) => self.taken(),
                Ok(ToProgram::Resize(size)) => self.resize(size),
                Ok(ToProgram::Paste(bytes)) => self.paste(bytes),
                Ok(ToProgram::CopyTaken) => self.copy_taken(),
                Ok(ToProgram::Pause(paused)) => self.pause(paused),
                Ok(ToProgram::Finish | ToProgram::Open(_) | ToProgram::Microphone) => self.done = true,
                Err(LinkError::Late) => return,
                Err(_) => {
                    self.done = true;
                    return;
                }
            }
        }
    }
}
