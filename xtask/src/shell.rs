//! Other programs: run in the house's root, seen or read, and stopped when they take too long.

use std::fmt;
use std::io::{IsTerminal, stdin};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What went wrong, in a sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    pub fn new(what: impl fmt::Display) -> Self {
        Failure(what.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The folder of the root Cargo.toml.
pub fn root() -> PathBuf {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The product.
pub fn playfield() -> PathBuf {
    target().join("release/playfield")
}

/// A command, to be run in the root.
#[derive(Debug)]
pub struct Cmd {
    command: Command,
    limit: Duration,
}

impl Cmd {
    /// From a program and its arguments, separated by spaces.
    pub fn new(line: &str) -> Self {
        let mut words = line.split_whitespace();
        Cmd::at(words.next().unwrap_or("true")).args(words)
    }

    /// From a program's name or path.
    pub fn at(program: impl AsRef<std::ffi::OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(root());
        Cmd { command, limit: Duration::from_secs(40 * 60) }
    }

    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    pub fn dir(mut self, folder: &str) -> Self {
        self.command.current_dir(root().join(folder));
        self
    }

    pub fn env(mut self, key: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Stopped after so many minutes; 40 if not said.
    pub fn minutes(mut self, minutes: u64) -> Self {
        self.limit = Duration::from_secs(minutes * 60);
        self
    }

    /// Runs it with its output shown.
    pub fn run(mut self) -> Result<(), Failure> {
        // In a group of its own all it started can be stopped with it; at a terminal Ctrl-C must reach it instead.
        let grouped = !stdin().is_terminal();
        if grouped {
            self.command.process_group(0);
        }
        let mut child = self.command.stdin(Stdio::null()).spawn().map_err(|error| self.cannot_start(&error))?;
        let status = wait(&mut child, self.limit, grouped).map_err(|why| Failure::new(format!("{self} {why}")))?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("{self} failed ({status})"))) }
    }

    /// Runs it and returns what it wrote to its standard output.
    pub fn read(mut self) -> Result<String, Failure> {
        let output = self.command.stdin(Stdio::null()).output().map_err(|error| self.cannot_start(&error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::new(format!("{self} failed ({}): {}", output.status, said.trim())));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it and returns what it wrote to its standard output, however it ended.
    pub fn read_any(mut self) -> Result<String, Failure> {
        let output = self.command.stdin(Stdio::null()).output().map_err(|error| self.cannot_start(&error))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it exists and succeeds; nothing is shown.
    pub fn works(mut self) -> bool {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// Becomes that program. Returns only if it cannot.
    pub fn become_it(mut self) -> Failure {
        let error = self.command.exec();
        self.cannot_start(&error)
    }

    fn cannot_start(&self, error: &std::io::Error) -> Failure {
        Failure::new(format!("{self} does not start: {error}"))
    }
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}", self.command.get_program().to_string_lossy())?;
        self.command.get_args().try_for_each(|arg| write!(f, " {}", arg.to_string_lossy()))?;
        f.write_str("`")
    }
}

fn wait(child: &mut Child, limit: Duration, grouped: bool) -> Result<ExitStatus, String> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| format!("was lost: {error}"))? {
            return Ok(status);
        }
        if began.elapsed() > limit {
            stop(child, grouped);
            return Err(format!("took longer than {} minutes and was stopped", limit.as_secs() / 60));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn stop(child: &mut Child, grouped: bool) {
    if grouped {
        let group = format!("-{}", child.id());
        // It fails only if all are gone already.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The text of a file under the root.
pub fn text(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(root().join(path)).map_err(|error| Failure::new(format!("{path}: {error}")))
}

/// Whether it exists under the root.
pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_as_it_is_typed_and_fails_in_a_sentence() {
        let check = |cmd: Cmd, expect: &str| assert!(cmd.run().unwrap_err().to_string().contains(expect), "{expect}");
        check(Cmd::new("false").args(["x", "y z"]), "`false x y z` failed (exit status: 1)");
        check(Cmd::new("no-such-program"), "does not start");
        check(Cmd::new("sleep 60").minutes(0), "took longer than 0 minutes");
        assert_eq!(Cmd::new("echo hello").read(), Ok("hello\n".to_owned()));
        assert!(!Cmd::new("no-such-program").works());
    }
}
