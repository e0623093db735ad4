//! A child process that does one job and ends: what it may take, and what it said.

use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use playfield_core::api::EndReason;
use playfield_core::bus::{CompileAnswer, Refusal};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::config::JobLimits;

/// Most of its output that is read; a job says one line.
const OUTPUT_MAX: u64 = 1 << 20;

/// How a job ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it exited.
    pub status: ExitStatus,
    /// The last line it wrote, if that is an answer.
    pub answer: Option<CompileAnswer>,
    /// The last line of its log.
    pub complaint: String,
}

/// Why a job has no end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// The program does not start.
    #[error("{program} does not start: {error}")]
    Spawn {
        /// The program.
        program: String,
        /// Why.
        error: std::io::Error,
    },
    /// It was stopped.
    #[error("took longer than {seconds} seconds")]
    TooLong {
        /// What it had.
        seconds: u32,
    },
    /// The system failed us.
    #[error("could not be watched: {0}")]
    Watch(#[from] std::io::Error),
}

/// Runs the program with these arguments within the limits. Its process group dies with it.
pub(crate) async fn run(program: &Path, args: Vec<OsString>, limits: JobLimits) -> Result<Finished, JobError> {
    let mut command = Command::new(program);
    command.args(args).arg("--memory-mb").arg(limits.memory_mb.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    let spawn_error = |error| JobError::Spawn { program: program.display().to_string(), error };
    let mut child = Group::new(command.spawn().map_err(spawn_error)?);
    let limit = Duration::from_secs(limits.seconds.into());
    match tokio::time::timeout(limit, watch(&mut child.0)).await {
        Ok(finished) => Ok(finished?),
        Err(_) => Err(JobError::TooLong { seconds: limits.seconds }),
    }
}

async fn watch(child: &mut Child) -> Result<Finished, std::io::Error> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::join!(tail(stdout), tail(stderr));
    let status = child.wait().await?;
    let answer = serde_json::from_str(&last_line(&stdout)).ok();
    Ok(Finished { status, answer, complaint: last_line(&stderr) })
}

/// Reads to the end, and keeps as much of it as a job has reason to say.
async fn tail(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return kept };
    let mut chunk = [0; 4096];
    while let Ok(n @ 1..) = pipe.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..n]);
        if kept.len() as u64 > OUTPUT_MAX {
            kept.drain(..kept.len() - 4096);
        }
    }
    kept
}

fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

/// A child and all it starts; dropped, they are killed.
#[derive(Debug)]
pub(crate) struct Group(pub Child);

impl Group {
    pub(crate) fn new(child: Child) -> Self {
        Group(child)
    }

    /// Kills all of them, if the child was not waited for yet.
    pub(crate) fn kill(&self) {
        let pid = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // It fails only if the group is gone, which is what is wanted.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is said of a job that gave no answer of its own.
pub(crate) fn explain(what: &str, result: &Result<Finished, JobError>, limits: JobLimits) -> Refusal {
    let refusal = |reason, detail| Refusal { reason, detail };
    match result {
        Err(error @ JobError::TooLong { .. }) => {
            let detail = format!("{what} {error} and was stopped; make the module smaller or simpler");
            refusal(EndReason::BadModule, detail)
        }
        Err(error) => refusal(EndReason::InternalError, format!("{what} failed: {error}")),
        Ok(Finished { status, complaint, .. }) if status.code().is_none() => {
            let mb = limits.memory_mb;
            let detail =
                format!("{what} was killed ({status}); it may need more than the {mb} MiB it may take. {complaint}");
            refusal(EndReason::BadModule, detail.trim_end().to_owned())
        }
        Ok(Finished { status, complaint, .. }) => {
            let detail = format!("{what} failed ({status}): {complaint}");
            refusal(EndReason::InternalError, detail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sh(script: &str, seconds: u32) -> Result<Finished, JobError> {
        let args = ["-c", script].map(OsString::from).to_vec();
        run(Path::new("/bin/sh"), args, JobLimits { memory_mb: 64, seconds }).await
    }

    #[tokio::test]
    async fn the_last_line_is_the_answer() {
        let refused = r#"{"refused":{"reason":"badModule","detail":"no"}}"#;
        let finished = sh(&format!("echo chatter; echo '{refused}'; echo why >&2; exit 3"), 10).await.unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!(finished.complaint, "why");
        assert!(matches!(finished.answer, Some(CompileAnswer::Refused { .. })));
    }

    #[tokio::test]
    async fn a_job_that_says_too_much_is_read_to_its_last_line() {
        let finished = sh(r#"head -c 3000000 /dev/zero | tr '\0' x; echo; echo end >&2; echo last"#, 10).await.unwrap();
        assert!(finished.answer.is_none());
        assert_eq!(finished.complaint, "end");
    }

    #[tokio::test]
    async fn each_way_to_fail_is_a_sentence() {
        let limits = JobLimits { memory_mb: 64, seconds: 1 };
        let check = |result: Result<Finished, JobError>, reason, expect: &str| {
            let refusal = explain("compiling", &result, limits);
            assert_eq!(refusal.reason, reason);
            assert!(refusal.detail.contains(expect), "{}", refusal.detail);
        };
        check(sh("sleep 60 & sleep 60", 1).await, EndReason::BadModule, "took longer than 1 seconds");
        check(sh("kill -ABRT $$", 10).await, EndReason::BadModule, "more than the 64 MiB");
        check(sh("echo oh >&2; exit 7", 10).await, EndReason::InternalError, "7): oh");
        let nowhere = run(Path::new("/nowhere/playfield"), vec![], limits).await;
        check(nowhere, EndReason::InternalError, "/nowhere/playfield does not start");
    }
}
