//! The processes of one turn: each in a group of its own, with a log, and gone when the turn is over.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::shell::Failure;

/// How long anything may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long what is told to end may take.
const GRACE: Duration = Duration::from_secs(3);
/// Where programs of Debian lie: not those that somebody has put before them.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/games";

/// A folder, and what runs in it.
pub struct Stage {
    folder: PathBuf,
    children: Vec<(String, Child)>,
}

impl Stage {
    /// In a folder of its own, which is emptied.
    pub fn new(folder: PathBuf) -> Result<Stage, Failure> {
        let made = || {
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            // Programs keep sockets here, and want nobody else to get at them.
            fs::create_dir_all(folder.join("run"))?;
            fs::set_permissions(folder.join("run"), std::os::unix::fs::PermissionsExt::from_mode(0o700))
        };
        made().map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
        Ok(Stage { folder, children: Vec::new() })
    }

    /// A command with the environment that all of them have: a home and a folder for sockets in the stage's own.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        // It ends with us, however we end: it is in a group of its own, where Ctrl-C does not reach it.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program);
        let own = [("HOME", &self.folder), ("TMPDIR", &self.folder), ("XDG_RUNTIME_DIR", &self.folder.join("run"))];
        command.env_clear().env("PATH", PATH).env("LANG", "C.UTF-8").envs(own).current_dir(&self.folder);
        command
    }

    /// Starts it. What it says goes into its log, its standard output too unless that is taken.
    pub fn start(&mut self, name: &str, command: &mut Command, takes_output: bool) -> Result<&mut Child, Failure> {
        let fail = |error: std::io::Error| Failure::new(format!("{name} does not start: {error}"));
        let log = File::create(self.log_path(name)).map_err(fail)?;
        command.process_group(0).stderr(log.try_clone().map_err(fail)?);
        let command = if takes_output {
            command.stdin(Stdio::piped()).stdout(Stdio::piped())
        } else {
            command.stdin(Stdio::null()).stdout(log)
        };
        self.children.push((name.to_owned(), command.spawn().map_err(fail)?));
        self.children.last_mut().map(|(_, child)| child).ok_or_else(|| Failure::new("it is gone"))
    }

    /// An X server without a screen; its process and its display.
    pub fn x_server(&mut self, name: &str, command: &mut Command) -> Result<(u32, String), Failure> {
        let child = self.start(name, command.args(["-displayfd", "1", "-nolisten", "tcp"]), true)?;
        let pid = child.id();
        let mut output = child.stdout.take().ok_or_else(|| Failure::new("it has no output"))?;
        // It says its number and a line's end when it is ready. It must not lose its output, where it would die of the next word.
        let mut said = [0; 16];
        let length = output.read(&mut said).map_err(|error| Failure::new(format!("{name}: {error}")))?;
        let number = String::from_utf8_lossy(&said[..length]).trim().to_owned();
        child.stdout = Some(output);
        if number.is_empty() {
            return Err(Failure::new(format!("{name} does not start; it says:\n{}", self.log(name))));
        }
        Ok((pid, format!(":{number}")))
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// What a process has said so far.
    pub fn log(&self, name: &str) -> String {
        fs::read(self.log_path(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Leaves something beside the logs.
    pub fn keep(&self, name: &str, text: &str) {
        // It is for who wants to look, and nothing depends on it.
        drop(fs::write(self.log_path(name), text));
    }

    /// Waits until something is there, or a process has ended that should not.
    pub fn until<T>(&mut self, what: &str, mut found: impl FnMut(&Stage) -> Option<T>) -> Result<T, Failure> {
        let began = Instant::now();
        loop {
            if let Some(found) = found(self) {
                return Ok(found);
            }
            self.all_run()?;
            if began.elapsed() > PATIENCE {
                return Err(Failure::new(format!("{what} never came; see the logs in {}", self.folder.display())));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Fails if one of them has ended.
    pub fn all_run(&mut self) -> Result<(), Failure> {
        let ended = self.children.iter_mut().find_map(|(name, child)| Some((name.clone(), child.try_wait().ok()??)));
        let Some((name, status)) = ended else { return Ok(()) };
        let log = self.log(&name);
        let last: Vec<&str> = log.lines().rev().take(8).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        Err(Failure::new(format!("{name} has ended ({status}); it last said:\n{}", last.join("\n"))))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The last first: who captures must not see its screen go.
        for (_, child) in self.children.iter_mut().rev() {
            signal(child.id(), "TERM");
            let began = Instant::now();
            while began.elapsed() < GRACE && matches!(child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
            }
            // What is left of its group.
            signal(child.id(), "KILL");
            // It was told twice, and cannot refuse.
            let _ = child.wait();
        }
    }
}

/// To all of a group. It fails only if all are gone already.
fn signal(group: u32, name: &str) {
    let kill =
        Command::new("kill").args([&format!("-{name}"), "--", &format!("-{group}")]).stderr(Stdio::null()).status();
    drop(kill);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_by_itself_is_named_and_the_rest_is_ended() {
        let folder = std::env::temp_dir().join(format!("playfield-stage-{}", std::process::id()));
        let mut stage = Stage::new(folder.clone()).unwrap();
        let mut sleeps = stage.command("sleep");
        let pid = stage.start("sleeper", sleeps.arg("600"), false).unwrap().id();
        stage.all_run().unwrap();
        let mut fails = stage.command("sh");
        stage.start("failing", fails.args(["-c", "echo no such thing; exit 3"]), false).unwrap();
        let failure = stage.until("what never comes", |_| None::<()>).unwrap_err().to_string();
        assert!(failure.contains("failing has ended (exit status: 3); it last said:\nno such thing"), "{failure}");
        drop(stage);
        assert!(!fs::exists(format!("/proc/{pid}")).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}
