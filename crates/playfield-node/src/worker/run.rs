//! One life of a worker process, from its start to its loss.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use playfield_core::bus::Request;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::lines::{self, Line};
use super::link::Link;
use super::{Ask, Loss, Setting, told_to_drain};
use crate::job::Group;

/// Longest line a worker may write: a reply with room for any SDP, an event with room for any stored value.
const LINE_MAX: usize = 16 << 20;
/// Longest line of its log that is passed on.
const LOG_LINE_MAX: usize = 8 << 10;
/// Lines read and not yet looked at.
const LINES: usize = 64;
/// Lines not yet written; more than all asks that can wait.
const WRITES: usize = 512;
/// After its process ended, how long its last words may take to come through the pipes.
const LAST_WORDS: Duration = Duration::from_millis(500);

type Lines = mpsc::Receiver<Result<Vec<u8>, Loss>>;

struct Process {
    group: Group,
    lines: Lines,
    last_log: Arc<Mutex<String>>,
    log: JoinHandle<()>,
}

/// Runs the worker until it is lost; tells `first` when it is ready.
pub(super) async fn run(
    setting: &Setting,
    inbox: &mut mpsc::Receiver<Ask>,
    first: &mut Option<oneshot::Sender<Result<(), Loss>>>,
) -> Loss {
    let (mut process, writer) = match spawn(setting) {
        Ok(started) => started,
        Err(error) => return Loss::Spawn(format!("{}: {error}", setting.program.display())),
    };
    setting.ledger.lock().worker(setting.number).pid = process.group.0.id();
    let mut link = Link::new(setting, writer);
    let loss = talk(setting, &mut process, &mut link, inbox, first).await;
    process.group.kill();
    // Killed, so this returns at once; it fails only if there is nothing to wait for.
    let _ = process.group.0.wait().await;
    loss
}

fn spawn(setting: &Setting) -> std::io::Result<(Process, mpsc::Sender<Vec<u8>>)> {
    let mut command = Command::new(&setting.program);
    command.arg("worker").process_group(0).kill_on_drop(true);
    // SVT-AV1, where a worker has it, tells its settings to each picture size's log; faults are told by what it returns.
    command.env("SVT_LOG", "0");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::new(command.spawn()?);
    let child = &mut group.0;
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(std::io::Error::other("its pipes are missing"));
    };
    let mut hello = serde_json::to_vec(&setting.hello)?;
    hello.push(b'\n');
    let (writer, to_write) = mpsc::channel(WRITES);
    let (heard, lines) = mpsc::channel(LINES);
    let last_log = Arc::new(Mutex::new(String::new()));
    tokio::spawn(write(stdin, hello, to_write));
    tokio::spawn(read(stdout, heard));
    let log = tokio::spawn(forward_log(stderr, setting.number, last_log.clone()));
    Ok((Process { group, lines, last_log, log }, writer))
}

/// What ends the wait if nothing else does.
struct Deadline {
    at: Instant,
    loss: Loss,
}

impl Deadline {
    fn after(wait: Duration, loss: Loss) -> Self {
        Deadline { at: Instant::now() + wait, loss }
    }
}

async fn talk(
    setting: &Setting,
    process: &mut Process,
    link: &mut Link<'_>,
    inbox: &mut mpsc::Receiver<Ask>,
    first: &mut Option<oneshot::Sender<Result<(), Loss>>>,
) -> Loss {
    let times = setting.times;
    let mut draining = setting.draining.clone();
    let (mut drained, mut exited) = (false, false);
    let mut deadline = Deadline::after(times.ready, Loss::NotReady(times.ready.as_secs()));
    loop {
        tokio::select! {
            line = process.lines.recv() => match line {
                Some(Ok(line)) => {
                    link.heard(&line).await;
                    if link.is_ready() && !drained && !exited {
                        deadline = Deadline::after(times.silence, Loss::Silent(times.silence.as_secs()));
                        first.take().map(|first| first.send(Ok(())));
                    }
                }
                Some(Err(loss)) => return loss,
                None => return gone(process, drained).await,
            },
            _ = process.group.0.wait(), if !exited => {
                exited = true;
                deadline = Deadline::after(LAST_WORDS, Loss::Drained);
            }
            Some(ask) = inbox.recv() => link.ask(ask),
            () = told_to_drain(&mut draining), if !drained && !exited => {
                drained = true;
                link.send(&Request::Drain);
                deadline = Deadline::after(times.drain, Loss::Drained);
            }
            () = tokio::time::sleep_until(deadline.at) => {
                return if exited { gone(process, drained).await } else { deadline.loss };
            }
        }
    }
}

/// It closed its side: how did it end?
async fn gone(process: &mut Process, drained: bool) -> Loss {
    if drained {
        return Loss::Drained;
    }
    let (killed, status) = match tokio::time::timeout(LAST_WORDS, process.group.0.wait()).await {
        Ok(Ok(status)) => (status.signal() == Some(rustix::process::Signal::KILL.as_raw()), status.to_string()),
        Ok(Err(error)) => (false, error.to_string()),
        Err(_) => (false, "closed its output".to_owned()),
    };
    let _ = tokio::time::timeout(LAST_WORDS, &mut process.log).await;
    let said = process.last_log.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Loss::Exit { killed, status, said: if said.is_empty() { said } else { format!(": {said}") } }
}

async fn write(mut stdin: ChildStdin, hello: Vec<u8>, mut to_write: mpsc::Receiver<Vec<u8>>) {
    let mut next = Some(hello);
    while let Some(line) = next {
        if stdin.write_all(&line).await.is_err() {
            // It is gone; its supervisor learns that from the other pipe.
            return;
        }
        next = to_write.recv().await;
    }
}

async fn read(stdout: ChildStdout, heard: mpsc::Sender<Result<Vec<u8>, Loss>>) {
    let mut stdout = BufReader::with_capacity(64 << 10, stdout);
    loop {
        let mut line = Vec::new();
        let said = match lines::next(&mut stdout, LINE_MAX, &mut line).await {
            Ok(Line::Whole) => Ok(line),
            Ok(Line::Cut) => Err(Loss::LongLine(LINE_MAX)),
            Ok(Line::End) | Err(_) => return,
        };
        if heard.send(said).await.is_err() {
            return;
        }
    }
}

async fn forward_log(stderr: ChildStderr, worker: u16, last: Arc<Mutex<String>>) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        match lines::next(&mut stderr, LOG_LINE_MAX, &mut line).await {
            Ok(Line::Whole) => {}
            Ok(Line::Cut) => {
                if lines::skip(&mut stderr).await.is_err() {
                    return;
                }
            }
            Ok(Line::End) | Err(_) => return,
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if !text.is_empty() {
            log(worker, text);
            text.clone_into(&mut last.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Passes a log line on at the level it begins with.
fn log(worker: u16, line: &str) {
    let (level, rest) = line.split_once(' ').unwrap_or(("", line));
    match level {
        "ERROR" => tracing::error!(worker, "{rest}"),
        "WARN" => tracing::warn!(worker, "{rest}"),
        "INFO" => tracing::info!(worker, "{rest}"),
        "DEBUG" => tracing::debug!(worker, "{rest}"),
        "TRACE" => tracing::trace!(worker, "{rest}"),
        // Last words, which are told again with the loss.
        "playfield:" => tracing::debug!(worker, "{line}"),
        _ => tracing::info!(worker, "{line}"),
    }
}
