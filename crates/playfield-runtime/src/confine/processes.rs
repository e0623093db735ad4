//! What `/proc` says of processes: for the confinement, and for whoever watches a guest from outside.

use std::fs;

use super::ConfineError;

/// Most processes that are looked at for one guest.
const MOST: usize = 16_384;

/// Namespaces and filters hold for the thread that asks for them.
pub(super) fn one_thread() -> Result<(), ConfineError> {
    let threads = fs::read_dir("/proc/self/task").map_err(ConfineError::step("to count threads"))?.count();
    if threads == 1 { Ok(()) } else { Err(ConfineError::Threads(threads)) }
}

/// Memory of a guest in bytes, summed over its processes: `pid` is the process that was started for it. Counts what no file
/// holds (private and shared pages, and what is swapped out), not the files of its scratch folders, which have a limit of
/// their own. `None`: there is no such process.
pub fn resident(pid: u32) -> Option<u64> {
    let mut bytes = of_one(pid)?;
    let mut waiting = children(pid);
    let mut seen = 1;
    while let Some(next) = waiting.pop().filter(|_| seen < MOST) {
        seen += 1;
        // One that ended meanwhile holds nothing.
        bytes += of_one(next).unwrap_or(0);
        waiting.extend(children(next));
    }
    Some(bytes)
}

fn of_one(pid: u32) -> Option<u64> {
    Some(memory_of(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?))
}

/// The lines of `/proc/PID/status` that are memory (`proc_pid_status`(5)).
fn memory_of(status: &str) -> u64 {
    let counted = |line: &str| {
        let (name, value) = line.split_once(':')?;
        ["RssAnon", "RssShmem", "VmSwap"].contains(&name).then_some(())?;
        value.split_whitespace().next()?.parse::<u64>().ok()
    };
    status.lines().filter_map(counted).sum::<u64>().saturating_mul(1024)
}

/// Any thread may have started processes.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let of_thread = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("children")).ok();
    let lists = threads.flatten().filter_map(of_thread).collect::<String>();
    lists.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_what_no_file_holds() {
        let status =
            "Name:\tx\nVmRSS:\t 9000 kB\nRssAnon:\t 100 kB\nRssFile:\t 8000 kB\nRssShmem:\t 20 kB\nVmSwap:\t 3 kB\n";
        assert_eq!(memory_of(status), 123 * 1024);
        assert_eq!(memory_of("Name: kthread\n"), 0);
        assert_eq!(memory_of("RssAnon: much kB\n"), 0);
    }

    #[test]
    fn a_process_that_is_there_has_memory_and_one_that_is_not_has_none() {
        assert!(resident(std::process::id()).is_some_and(|bytes| bytes > 0));
        assert_eq!(resident(u32::MAX), None);
    }
}
