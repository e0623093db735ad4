//! The other side: what this program does when it is started as a guest.

use std::io::Write;

use playfield_runtime::confine::{self, Rules};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use serde::{Deserialize, Serialize};

use super::attempts::{ATTEMPTS, Place};
use super::ffi::{die, exit, fork, pause};

/// What a guest is started with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// System calls that the kernel is to lack.
    pub lacks: Vec<i64>,
    /// Rules to be confined by; none: it stays outside.
    pub rules: Option<Rules>,
    /// What there is to get at.
    pub place: Place,
    /// What to do.
    pub act: Act,
}

/// What a guest does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Act {
    /// Tries one thing and says what came of it.
    Try(String),
    /// Says which layers are in force.
    Report,
    /// Ends with a code.
    Exit(i32),
    /// Ends by a signal.
    Die(i32),
    /// Leaves a process behind and ends.
    Leave,
    /// Says `ready` and waits for ever, with a process beside it that does the same.
    Wait,
    /// Takes memory, in a child and a grandchild as well, then waits.
    Eat(usize),
    /// Starts a guest and ends without a word to it.
    Orphan(Box<Part>),
    /// Runs a command of the shell.
    Shell(String),
}

/// The code a guest ends with that could not be confined.
pub const REFUSED: i32 = 101;

/// A kernel without some calls, as near as it gets: they are not there for this process and what it starts.
fn take_away(calls: &[i64]) {
    let calls = calls.iter().map(|call| (*call, Vec::new())).collect();
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let program: BpfProgram =
        SeccompFilter::new(calls, SeccompAction::Allow, absent, arch).unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

pub fn run(part: &str) {
    let part: Part = serde_json::from_str(part).unwrap();
    if !part.lacks.is_empty() {
        take_away(&part.lacks);
    }
    let report = part.rules.as_ref().map(|rules| {
        confine::confine(rules).unwrap_or_else(|error| {
            say(&error.to_string());
            exit(REFUSED)
        })
    });
    match part.act {
        Act::Try(name) => {
            let (_, _, _, attempt) = ATTEMPTS.iter().find(|(known, ..)| *known == name).unwrap();
            match attempt(&part.place) {
                Ok(()) => say("allowed"),
                Err(error) => say(&format!("refused: {}", word(&error))),
            }
        }
        Act::Report => say(&serde_json::to_string(&report.unwrap()).unwrap()),
        Act::Exit(code) => exit(code),
        Act::Die(signal) => die(signal),
        Act::Leave => {
            if fork().unwrap() == 0 {
                rustix::process::setsid().unwrap();
                pause();
            }
        }
        Act::Wait => {
            if fork().unwrap() == 0 {
                pause();
            }
            say("ready");
            pause();
        }
        Act::Eat(bytes) => {
            for _ in 0..2 {
                if fork().unwrap() != 0 {
                    break;
                }
            }
            let taken = vec![1_u8; bytes];
            std::hint::black_box(&taken);
            say("ready");
            pause();
        }
        Act::Orphan(part) => {
            let program = std::env::current_exe().unwrap();
            let part = serde_json::to_string(&part).unwrap();
            let mut child = std::process::Command::new(program).arg("--guest").arg(part).spawn().unwrap();
            // It is confined and waits; then nobody waits for it.
            child.wait().unwrap();
        }
        Act::Shell(command) => {
            let user = confine::guest_user().unwrap();
            let mut shell = std::process::Command::new("/bin/sh");
            shell.arg("-c").arg(command).env_clear().envs(confine::environment(&user));
            exit(shell.status().unwrap().code().unwrap_or(98))
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

fn word(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().chars().take(40).collect()
}
