//! Gamepads for Linux programs: input devices that exist for one session alone, without privilege and without the kernel's
//! own input devices, which the whole machine would see.
//!
//! A program looks for `/dev/input/eventN` and `jsN`, opens them, asks what they are (`ioctl`), reads events and writes
//! effects. Opening and asking are passed on to this process by a filter (`seccomp_unotify`(2)) that the program is started
//! with; what it gets is one end of a socket, so that reading, writing and waiting need nobody in between. So it works for
//! static programs, for Wine, for any library, and for all that a program starts.
//!
//! ```text
//!   program                    kernel              supervisor (a thread)         whoever holds Pads
//!   open("/dev/input/event0") ───filter───────────> which pad? a socket pair
//!   fd <───────────────────────one end────────────  the other end ──> State <─── set(player, pad)
//!   ioctl(fd, EVIOCGBIT…) ───────filter───────────> answer, written to its memory
//!   read(fd) <─────────────────────────────────────────────────────── events
//!   write(fd, EV_FF) ─────────────────────────────> Motors ────────────────────> take_rumble(player)
//! ```
//!
//! It adds, and fences off nothing: what is not a pad goes on to the kernel as if there were no filter. A program can lie in
//! every argument and change them meanwhile, and fools itself. What is not served: news from udev of
//! pads that come and go, and 32-bit programs, which the fence around guests refuses.
//!
//! | room | |
//! |---|---|
//! | `evdev`, `joystick` | what a device says of itself, in both interfaces |
//! | `rumble` | effects become what two motors do |
//! | `state` | the devices, and the descriptors that programs have of them |
//! | `supervisor` | answers the calls that are passed on |
//! | `nodes` | the names in `/dev/input` |
//! | `sysfs` | what those read who ask libudev |
//! | `keys` | a pad as keys, where all this is not to be had or a title wants it so |

mod evdev;
#[allow(unsafe_code, reason = "filters and their answers are the kernel's own interface")]
mod ffi;
mod joystick;
mod keys;
mod nodes;
mod rumble;
mod state;
mod supervisor;
mod sysfs;

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use playfield_core::input::{MAX_PLAYERS, Pad, Rumble, TickInput};
use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use serde::{Deserialize, Serialize};

pub use keys::{KeyMap, KeyMapError};
use state::State;
use supervisor::Supervisor;

/// Where programs look for input devices.
pub const FOLDER: &str = crate::confine::INPUT;

/// For the environment of a program: SDL looks into [`FOLDER`] itself, where it would ask udev, which is not there; libudev
/// believes a `/sys` that is not the kernel's.
pub const ENVIRONMENT: [(&str, &str); 2] = [("SDL_JOYSTICK_DISABLE_UDEV", "1"), ("SYSTEMD_DEVICE_VERIFY_SYSFS", "0")];

/// Why there can be no pads here. What stands in for them: [`KeyMap`].
#[derive(Debug, thiserror::Error)]
pub enum PadsError {
    /// The kernel's part is missing.
    #[error("this kernel does not pass system calls on to another process (seccomp, Linux 5.9)")]
    Kernel,
    /// Another filter is there already, as in some containers.
    #[error(
        "system calls cannot be passed on here: another process has them passed on to itself, or a filter forbids it"
    )]
    Filter,
    /// The program's memory and descriptors cannot be looked at.
    #[error(
        "there is no /proc to see there what a program asks for (a container has one with `systempaths=unconfined`), or \
         kernel.yama.ptrace_scope is above 1"
    )]
    Proc,
    /// Devices cannot be shown.
    #[error("input devices cannot be shown: {0}")]
    Folder(io::Error),
    /// The system refused something it offers.
    #[error("pads could not be made: {0}")]
    Io(#[from] io::Error),
}

/// How players' pads reach Linux programs on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// As input devices; otherwise as keys.
    pub devices: bool,
    /// A sentence: what programs get, and why not more.
    pub says: String,
}

/// Finds out by making pads, in a process that was confined with `gamepads`.
pub fn way() -> Way {
    let made = Pads::new(Path::new(FOLDER)).map(drop);
    let devices = made.is_ok();
    let says = match made {
        Ok(()) => "gamepads: Linux programs find a pad for each player in /dev/input, and nobody else does".to_owned(),
        Err(error) => format!("gamepads: Linux programs get keys in place of buttons; {error}"),
    };
    Way { devices, says }
}

/// The two interfaces of a pad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Event,
    Joystick,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Event => "event",
            Kind::Joystick => "js",
        }
    }
}

/// What the supervisor and the holder of [`Pads`] both have. The lock is held for a few system calls that never wait.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    began: Instant,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The pads of one session. Once dropped, the programs that were [armed](Pads::arm) cannot open a file any more: drop it after
/// they ended.
#[derive(Debug)]
pub struct Pads {
    shared: Arc<Shared>,
    nodes: nodes::Nodes,
    door: OwnedFd,
    stop: OwnedFd,
    supervisor: Option<JoinHandle<()>>,
}

impl Pads {
    /// Makes what is needed and tries it out, in a process of its own. `folder`: [`FOLDER`], or where a test has it.
    pub fn new(folder: &Path) -> Result<Pads, PadsError> {
        if !ffi::is_offered() {
            return Err(PadsError::Kernel);
        }
        let nodes = nodes::Nodes::new(folder).map_err(PadsError::Folder)?;
        let (door, listeners) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(io::Error::from)?;
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(io::Error::from)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(io::Error::from)?;
        let state = State::new(epoll.try_clone()?);
        let shared = Arc::new(Shared { state: Mutex::new(state), began: Instant::now() });
        let supervisor = Supervisor::new(shared.clone(), epoll, listeners, stop.try_clone()?, folder)?;
        let thread = std::thread::Builder::new().name("pads".to_owned());
        let supervisor = Some(thread.spawn(move || supervisor.run())?);
        let mut pads = Pads { shared, nodes, door, stop, supervisor };
        pads.try_out()?;
        Ok(pads)
    }

    fn try_out(&mut self) -> Result<(), PadsError> {
        self.plug(0).map_err(PadsError::Folder)?;
        let path = self.nodes.path(Kind::Event, 0);
        let path = CString::new(path.as_os_str().as_bytes()).map_err(io::Error::from)?;
        let trial = ffi::try_out(self.door.as_fd(), &path);
        self.set(0, None);
        match trial? {
            ffi::Trial::Worked => Ok(()),
            ffi::Trial::NoFilter => Err(PadsError::Filter),
            ffi::Trial::NoDevice | ffi::Trial::NoAnswer => Err(PadsError::Proc),
        }
    }

    /// The program that `command` starts has these pads, and so has whatever it starts. Where `kernel.yama.ptrace_scope` is 1
    /// (Ubuntu), that ends with processes whose parents are gone, unless this process adopts them (`PR_SET_CHILD_SUBREAPER`).
    pub fn arm(&self, command: &mut Command) -> io::Result<()> {
        command.envs(ENVIRONMENT);
        ffi::arm(command, self.door.try_clone()?);
        Ok(())
    }

    /// What a player's pad is now; none: the player has no pad, or is gone. Browsers and others that ask libudev find the pads
    /// alone that are there when they start: set those of the players who are there before.
    pub fn set(&mut self, player: usize, pad: Option<&Pad>) {
        if player >= MAX_PLAYERS {
            return;
        }
        let plugged = self.shared.state().is_plugged(player);
        match pad {
            Some(_) if !plugged => {
                if let Err(error) = self.plug(player) {
                    tracing::warn!("the pad of player {} cannot be shown to the program: {error}", player + 1);
                }
            }
            None if plugged => {
                self.nodes.remove(player);
                self.shared.state().unplug(player);
            }
            _ => {}
        }
        if let Some(pad) = pad {
            self.shared.state().update(player, pad);
        }
    }

    /// [Sets](Pads::set) the pads of all players who are there.
    pub fn play(&mut self, input: &TickInput) {
        for (player, of) in input.players.iter().enumerate() {
            self.set(player, of.connected.then_some(&of.pad));
        }
    }

    /// A program that is told of the device may open it.
    fn plug(&mut self, player: usize) -> io::Result<()> {
        self.shared.state().plug(player);
        self.nodes.add(player)
    }

    /// How a player's pad is to shake from now on, if that is something new. Ask once a frame.
    pub fn take_rumble(&mut self, player: usize) -> Option<Rumble> {
        self.shared.state().take_rumble(player, self.shared.now_ms())
    }
}

impl Drop for Pads {
    fn drop(&mut self) {
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
        if let Some(supervisor) = self.supervisor.take() {
            let _ = supervisor.join();
        }
    }
}
