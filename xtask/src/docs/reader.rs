//! A reader at a terminal: does what a page says, command after command, in a folder that looks like the tree's root.
//!
//! | a command that | is |
//! |---|---|
//! | serves (`playfield up`, `playfield run`) | started at a free address, asked for its titles, and ended |
//! | begins with `cargo xtask` | looked up in xtask's help, not run: it would build everything once more |
//! | names `http://localhost:8080` | told the address of a server that was started for it |
//! | measures | run with the smallest parameters there are; its figures are not judged, that they are printed is |
//! | is anything else | run |

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::server::Server;
use crate::shell::Failure;

/// How each measurement is made small: what is added to it, or put in place of something.
const SMALL: &[(&str, &str, &str)] = &[
    ("for turn", "1 2 3 4 5", "1"),
    ("bench latency", "", " --presses 10"),
    ("bench delta --relay", "", " --pictures 20"),
    ("bench delta", "", " --pictures 60"),
    ("bench density", "", " --sessions 2 --seconds 1"),
    ("bench snapshots", "", " --times 1"),
    ("bench starts", "", " --times 1"),
    ("click.mjs", "--runs 30", "--runs 1"),
    ("lost.mjs", "--runs 20", "--runs 1"),
    ("selftest.mjs", "--inputs 100", "--inputs 6"),
];

/// A command that takes longer says so.
const LONG: Duration = Duration::from_secs(2);

/// Where pages say that the server is.
const ADDRESS: &str = "http://localhost:8080";

/// Somebody who reads a page for one language.
pub struct Reader {
    /// Where the page began; it is removed and made anew.
    root: PathBuf,
    /// Where the reader is.
    pub place: PathBuf,
    /// What the shell knows.
    variables: Vec<(String, OsString)>,
    /// The server for commands that want one.
    server: Option<Server>,
    /// What answers said, by the word that stands for it on the page: `ID`, `TOKEN`, `LINK`.
    known: Vec<(&'static str, String)>,
}

impl Reader {
    /// A reader in a fresh folder.
    pub fn new(root: PathBuf, variables: Vec<(String, OsString)>) -> Result<Reader, Failure> {
        let place = root.clone();
        super::tree(&root)?;
        Ok(Reader { root, place, variables, server: None, known: Vec::new() })
    }

    /// Runs a command; gives what it printed.
    pub fn run(&mut self, command: &str) -> Result<String, Failure> {
        println!("    $ {command}");
        let in_command = |failure: Failure| Failure::new(format!("`{command}`: {failure}"));
        if let Some(rest) = command.strip_prefix("cargo xtask ") {
            let name = rest.split_whitespace().next().unwrap_or_default();
            let known = crate::HELP.lines().any(|line| line.split_whitespace().next() == Some(name));
            return if known { Ok(String::new()) } else { Err(in_command(Failure::new("there is no such command"))) };
        }
        if command.starts_with("rustup ") && self.variables.iter().any(|(name, _)| name == "RUSTC") {
            println!("      not here: another compiler is used");
            return Ok(String::new());
        }
        if is_serving(command) {
            let mut server = Server::start(command, &self.place, &self.variables, &self.root).map_err(in_command)?;
            let titles = server.titles(1).map_err(in_command)?;
            return server.stop().map(|()| titles).map_err(in_command);
        }
        let measures = SMALL.iter().find(|(name, ..)| command.contains(name));
        let line = self.addressed(&smaller(command))?;
        let began = Instant::now();
        let said = self.shell(&line, measures.is_some()).map_err(in_command)?;
        if began.elapsed() > LONG {
            println!("      {:.1} s", began.elapsed().as_secs_f64());
        }
        if command.starts_with("curl ") {
            self.learn(command, &said).map_err(in_command)?;
        }
        Ok(said)
    }

    /// Keeps what later commands of the page need; an answer that tells of a problem fails.
    fn learn(&mut self, command: &str, answer: &str) -> Result<(), Failure> {
        if answer.contains("/docs/problems#") && !command.contains("openapi") {
            return Err(Failure::new(format!("answers {answer}")));
        }
        let mut keep = |word, after: &str| {
            let value = answer.split_once(after).and_then(|(_, rest)| rest.split('"').next());
            self.known.extend(value.map(|value| (word, value.to_owned())));
        };
        if command.contains("/invites ") {
            keep("LINK", "\"token\":\"");
        } else if command.contains("{\"title\"") {
            keep("ID", "\"session\":{\"id\":\"");
            keep("TOKEN", "\"token\":\"");
        }
        Ok(())
    }

    /// The command with the real address of a server, and with its process.
    fn addressed(&mut self, command: &str) -> Result<String, Failure> {
        if !command.contains(ADDRESS) {
            return Ok(command.to_owned());
        }
        if self.server.is_none() {
            let up = "target/release/playfield up --titles titles";
            let titles = fs::read_dir(self.root.join("titles")).map_err(Failure::new)?.count();
            self.server.insert(Server::start(up, &self.root, &self.variables, &self.root)?).titles(titles)?;
        }
        let server = self.server.as_ref().map(|server| (server.url(), server.id().to_string())).unwrap_or_default();
        let line = command.replace(ADDRESS, &server.0).replace("--server PID", &format!("--server {}", server.1));
        Ok(self.known.iter().fold(line, |line, (word, value)| line.replace(word, value)))
    }

    /// Runs it in a shell, and remembers where that was at its end.
    fn shell(&mut self, command: &str, measures: bool) -> Result<String, Failure> {
        let notes = self.root.join("target/notes");
        let script = format!("{command}\n{{ pwd; printf '%s\\n' \"$PATH\"; }} > {}", notes.display());
        let mut shell = Command::new("timeout");
        shell.args(["--kill-after=5", "180", "bash", "-euo", "pipefail", "-c", &script]).current_dir(&self.place);
        shell.env_remove("CARGO_TARGET_DIR").envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = shell.stdin(Stdio::null()).output().map_err(|error| Failure::new(format!("no shell: {error}")))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if measures {
            let figures = said.contains("\"figures\"") || said.lines().count() > 1;
            return if figures { Ok(said) } else { Err(failed(&output, &said)) };
        }
        if !output.status.success() {
            return Err(failed(&output, &said));
        }
        let notes = fs::read_to_string(&notes).unwrap_or_default();
        if let [place, path] = notes.lines().collect::<Vec<_>>()[..] {
            self.place = PathBuf::from(place);
            self.set("PATH", path);
        }
        Ok(said)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
    }

    /// The path of a file that the page names, from where the reader is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.place.join(Path::new(name))
    }

    /// Ends what was started for commands.
    pub fn close(self) -> Result<(), Failure> {
        self.server.map_or(Ok(()), Server::stop)
    }
}

/// Whether a command serves until it is told to stop.
fn is_serving(command: &str) -> bool {
    let mut words = command.split_whitespace();
    let program = words.next().is_some_and(|word| word.rsplit('/').next() == Some("playfield"));
    program && matches!(words.next(), Some("up" | "run"))
}

/// A measurement with the smallest parameters.
fn smaller(command: &str) -> String {
    let found = SMALL.iter().find(|(name, ..)| command.contains(name));
    match found {
        Some((_, "", more)) => {
            // Words that a page shows give way, since a flag may be there once only.
            let kept = command.split(" --sessions").next().unwrap_or(command);
            format!("{kept}{more}")
        }
        Some((_, large, small)) => command.replace(large, small),
        None => command.to_owned(),
    }
}

fn failed(output: &std::process::Output, said: &str) -> Failure {
    let error = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<&str> = said.lines().chain(error.lines()).collect();
    let tail = tail[tail.len().saturating_sub(20)..].join("\n");
    Failure::new(format!("{}\n{tail}", output.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serves_is_known() {
        let check = |command, expect| assert_eq!(is_serving(command), expect, "{command}");
        check("playfield up --titles titles", true);
        check("target/release/playfield run a.wasm", true);
        check("playfield replay a.wasm", false);
        check("echo playfield up", false);
    }

    #[test]
    fn measurements_are_made_small() {
        let check = |command: &str, expect: &str| assert_eq!(smaller(command), expect);
        check("playfield bench latency", "playfield bench latency --presses 10");
        check("playfield bench delta --relay", "playfield bench delta --relay --pictures 20");
        check(
            "playfield bench density --h264 --sessions 30",
            "playfield bench density --h264 --sessions 2 --seconds 1",
        );
        check("node click.mjs --title a --runs 30", "node click.mjs --title a --runs 1");
        check("ls", "ls");
    }
}
