//! Confines a process before it opens a native guest: a libretro core or a Linux program, foreign code with all a process can do.
//!
//! Wasm guests need none of this: they reach nothing but what the engine gives them. A native guest gets a process that gave
//! everything up first. No privilege is needed, and no container engine: the process does it to itself.
//!
//! ```text
//!   worker ──spawns──> outer                  stays outside: ends as the guest ends, and with its worker
//!                        └─ init   (1)        reaps what the guest leaves; its end is the end of all
//!                             └─ guest (2)    confine() returns here, and nowhere else
//! ```
//!
//! | layer | keeps |
//! |---|---|
//! | namespaces (users, mounts, processes, network, IPC, host name, control groups) | other processes, files, sockets and memory out of sight |
//! | a root of its own, in memory: the system's programs read-only, `/home/player`, `/tmp` | files |
//! | no capabilities, no new privileges, locked | what a hole in a setuid program or the kernel's checks would give |
//! | Landlock | files once more, abstract sockets, signals |
//! | seccomp: an allow-list of system calls | the kernel's rarely used parts |
//! | limits of the process, a control group where one is delegated | memory, processes, files, disk |
//!
//! The order matters: what sees the whole machine (paths, control groups) comes first, what forbids mounting comes last.
//!
//! ```text
//!   look up ─> close descriptors ─> namespaces, two forks ─> root ─> limits ─> user, capabilities ─> Landlock ─> seccomp
//! ```

mod cards;
mod groups;
mod landlock;
mod processes;
mod report;
mod root;
mod rules;
#[allow(unsafe_code, reason = "forks, mounts and limits are the kernel's own interface")]
mod sandbox;
mod syscalls;
mod user;

pub use cards::{device_number, render_nodes};
pub use playfield_core::bus::Missing;
pub use processes::resident;
pub use report::{Layer, LayerKind, Report};
pub use rules::{Bind, HOME, INPUT, Rules};
pub use user::{User, guest_user};

use std::path::PathBuf;

/// Why a process could not be confined. Nothing foreign may be opened then.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// The rules contradict themselves or name what is not there.
    #[error("the guest's rules cannot be kept: {0}")]
    Rules(String),
    /// A folder or file that the rules name.
    #[error("the guest cannot be given {}: {source}", path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Namespaces and filters hold for one thread; others would be left out.
    #[error("a process confines itself before it has threads, and this one has {0}")]
    Threads(usize),
    /// A layer that must be there, or that the operator wants to be there, is not.
    #[error("guests that are native code cannot be fenced off here: {0}")]
    Missing(String),
    /// The system refused a step that it offers.
    #[error("the guest could not be fenced off: {step}: {source}")]
    Step {
        /// What was tried.
        step: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
}

impl ConfineError {
    fn step<E: Into<std::io::Error>>(step: &'static str) -> impl FnOnce(E) -> ConfineError {
        move |source| ConfineError::Step { step, source: source.into() }
    }
}

/// Confines this process, for good.
///
/// Call it first of all: while there is one thread, and nothing open but descriptors 0, 1 and 2 and those that `rules` keep;
/// all others are closed. It returns in a new process, the guest's; the one that called it stays outside, exits with the same
/// code or ends by the same signal as the guest, and takes all of the guest's processes with it if it is killed. It is
/// killed itself when the *thread* that started it ends: start it from one that lives as long as the session.
///
/// On an error nothing foreign may be opened: tell it to whoever started this process, and exit.
pub fn confine(rules: &Rules) -> Result<Report, ConfineError> {
    rules.check()?;
    let user = guest_user()?;
    processes::one_thread()?;
    sandbox::close_descriptors(&rules.keep)?;
    let sources = root::Sources::look_up(rules)?;
    user.give(rules.home.as_deref())?;
    let group = groups::Group::make(rules);
    let mut report = Report::default();
    report.note(LayerKind::Memory, group.as_ref().map(|_| ()).map_err(Clone::clone));
    report.agree(rules.missing)?;

    let memory_is_counted = group.is_ok();
    sandbox::detach(&user, rules, group.ok())?;
    report.namespaces(rules.network);
    report.note(LayerKind::Proc, root::build(&sources, rules, &user)?);
    report.note(LayerKind::Processes, sandbox::limit(rules)?);
    sandbox::become_guest(&user)?;
    report.note(LayerKind::Landlock, landlock::restrict(rules, &user)?);
    report.agree(rules.missing)?;
    syscalls::restrict(memory_is_counted, rules)?;
    report.note(LayerKind::Seccomp, Ok(()));
    Ok(report)
}

/// The environment of a guest: what to start its process with, and nothing else.
pub fn environment(user: &User) -> Vec<(&'static str, String)> {
    vec![
        ("HOME", HOME.to_owned()),
        ("USER", "player".to_owned()),
        ("LOGNAME", "player".to_owned()),
        ("SHELL", "/bin/sh".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TMPDIR", "/tmp".to_owned()),
        ("XDG_RUNTIME_DIR", user.runtime_dir()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_is_not_confined() {
        let said = confine(&Rules::default()).unwrap_err();
        assert!(matches!(said, ConfineError::Threads(2..)), "{said}");
    }
}
