//! What processes take and hold, as `/proc` says it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// Some processes, and those that they started, each once.
pub fn tree_of(roots: impl IntoIterator<Item = u32>) -> BTreeSet<u32> {
    let mut tree = BTreeSet::new();
    let mut open: Vec<u32> = roots.into_iter().collect();
    while let Some(pid) = open.pop() {
        if tree.insert(pid) {
            let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
            let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
            open.extend(
                children.flat_map(|line| line.split(' ').filter_map(|child| child.parse().ok()).collect::<Vec<u32>>()),
            );
        }
    }
    tree
}

/// The words a process was started with.
pub fn words_of(pid: u32) -> Vec<String> {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split('\0').map(str::to_owned).collect()
}

/// Processor time of each, all its threads together.
pub fn spent(pids: &BTreeSet<u32>) -> BTreeMap<u32, Duration> {
    let of = |pid: &u32| Some((*pid, ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?));
    // USER_HZ is 100 on every Linux.
    pids.iter().filter_map(of).map(|(pid, ticks)| (pid, Duration::from_millis(ticks * 10))).collect()
}

/// proc(5), `stat`, fields 14 and 15.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// What all of them took between two readings. One that has ended since is not known any more; one that is new began with nothing.
pub fn between(before: &BTreeMap<u32, Duration>, after: &BTreeMap<u32, Duration>) -> Duration {
    let since = |(pid, spent): (&u32, &Duration)| spent.saturating_sub(before.get(pid).copied().unwrap_or_default());
    after.iter().map(since).sum()
}

/// The ports of a process's UDP and TCP sockets on this machine.
pub fn ports_of(pid: u32) -> BTreeSet<u16> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let names = files.filter_map(|file| fs::read_link(file.path()).ok()?.into_os_string().into_string().ok());
    let own: BTreeSet<String> =
        names.filter_map(|name| Some(name.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect();
    let tables = ["udp", "udp6", "tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")));
    tables
        .iter()
        .flatten()
        .flat_map(|table| table.lines().filter_map(socket))
        .filter(|(inode, _)| own.contains(*inode))
        .map(|(_, port)| port)
        .collect()
}

/// The inode and the port of a line of `/proc/net/udp`.
fn socket(line: &str) -> Option<(&str, u16)> {
    let mut fields = line.split_whitespace().skip(1);
    let port = u16::from_str_radix(fields.next()?.rsplit_once(':')?.1, 16).ok()?;
    fields.nth(7).map(|inode| (inode, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_among_its_own_and_has_taken_time() {
        let own = std::process::id();
        let tree = tree_of([own, own]);
        assert!(tree.contains(&own));
        assert!(spent(&tree).contains_key(&own));
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(ports_of(own).contains(&socket.local_addr().unwrap().port()));
    }

    #[test]
    fn names_with_brackets_are_no_fields() {
        assert_eq!(ticks("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 40 2 0 0"), Some(42));
        assert_eq!(ticks("7 (short"), None);
    }

    #[test]
    fn what_is_new_began_with_nothing() {
        let ms = Duration::from_millis;
        let before = BTreeMap::from([(1, ms(10)), (2, ms(50))]);
        let after = BTreeMap::from([(1, ms(30)), (3, ms(40))]);
        assert_eq!(between(&before, &after), ms(60));
    }
}
