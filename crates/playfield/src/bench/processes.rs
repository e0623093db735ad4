//! What processes take, as `/proc` says it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;

/// Some processes, and those that they started.
pub fn tree_of(roots: impl Iterator<Item = u32>) -> impl Iterator<Item = u32> {
    let mut tree: Vec<u32> = roots.collect();
    let mut at = 0;
    while let Some(&pid) = tree.get(at) {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        let children: String = children.collect();
        tree.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        at += 1;
    }
    tree.into_iter()
}

/// Processor time a process has taken: proc(5), `stat`, fields 14 and 15.
pub fn cpu_of(pid: u32) -> anyhow::Result<Duration> {
    Ok(Duration::from_millis((stat_field(pid, 14)? + stat_field(pid, 15)?) * 10))
}

/// How long a process has been there, in steps of 10 ms: proc(5), `stat`, field 22, and `uptime`.
pub fn age_of(pid: u32) -> anyhow::Result<Duration> {
    let started = stat_field(pid, 22)?;
    let uptime = std::fs::read_to_string("/proc/uptime").context("/proc/uptime cannot be read")?;
    let uptime = uptime.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    let uptime = Duration::from_secs_f64(uptime.context("/proc/uptime has no number")?);
    Ok(uptime.saturating_sub(Duration::from_millis(started * 10)))
}

/// A number of proc(5), `stat`, counted from 1 as there. Of times USER_HZ is 100 on every Linux.
fn stat_field(pid: u32, number: usize) -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("a process is gone")?;
    // The name may have anything in it, and is the second.
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat has no name")?;
    let field = fields.split_whitespace().nth(number - 3).and_then(|field| field.parse().ok());
    field.context("/proc/PID/stat is short")
}

/// Bytes a process has written by write(2) and its like: proc(5), `io`. What is sent by sockets is not among them.
pub fn written_by(pid: u32) -> anyhow::Result<u64> {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).context("a process is gone")?;
    let written = io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok());
    written.context("/proc/PID/io has no wchar")
}

/// Memory of a process in bytes, what it shares counted by its share.
pub fn memory_of(pid: u32) -> anyhow::Result<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("a process is gone")?;
    let values: BTreeMap<&str, &str> = rollup.lines().filter_map(|line| line.split_once(':')).collect();
    let pss = values.get("Pss").and_then(|value| value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    Ok(pss.context("/proc/PID/smaps_rollup has no Pss")? * 1024)
}
