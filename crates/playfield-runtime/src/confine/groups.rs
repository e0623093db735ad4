//! A control group for each guest, where a part of the tree is handed to the node (`Documentation/admin-guide/cgroup-v2.rst`,
//! "Delegation"; systemd: `Delegate=yes`, `DelegateSubgroup=node`).
//!
//! ```text
//!   playfield.service        handed to the node; counts memory and processes of what is below
//!   ├── node                 the node and its workers: this process, before it confines itself
//!   └── guest-PID            one for each guest
//! ```

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::process::Pid;

use super::{ConfineError, Rules};

const MOUNTED: &str = "/sys/fs/cgroup";
const PREFIX: &str = "guest-";

/// A guest's control group, held by descriptors: its path cannot be reached from inside.
pub(super) struct Group {
    parent: OwnedFd,
    name: String,
    members: OwnedFd,
}

impl Group {
    /// Makes one for this process's guest. The error: why there is none, and what stands in for it.
    pub(super) fn make(rules: &Rules) -> Result<Group, String> {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let parent = parent(&own, Path::new(MOUNTED)).map_err(|why| {
            format!("control group: {why}; each process is limited alone, and the worker watches the memory of all")
        })?;
        sweep(&parent);
        Group::below(&parent, &format!("{PREFIX}{}", std::process::id()), rules)
            .map_err(|error| format!("control group: {} cannot be divided ({error})", parent.display()))
    }

    fn below(parent: &Path, name: &str, rules: &Rules) -> std::io::Result<Group> {
        let group = parent.join(name);
        fs::create_dir(&group)?;
        let fill = || {
            fs::write(group.join("memory.max"), rules.memory_limit.saturating_add(rules.scratch).to_string())?;
            fs::write(group.join("pids.max"), rules.processes.saturating_add(1).to_string())?;
            // Without swap, or with a kernel that does not count it, there is nothing to limit.
            let _ = fs::write(group.join("memory.swap.max"), "0");
            let _ = fs::write(group.join("memory.oom.group"), "1");
            let folder = rustix::fs::open(parent, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            let members =
                rustix::fs::open(group.join("cgroup.procs"), OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
            Ok(Group { parent: folder, name: name.to_owned(), members })
        };
        fill().inspect_err(|_: &std::io::Error| drop(fs::remove_dir(&group)))
    }

    /// Moves the guest's first process in; what it starts is in as well.
    pub(super) fn adopt(&self, pid: Pid) -> Result<(), ConfineError> {
        let pid = pid.as_raw_pid().to_string();
        rustix::io::write(&self.members, pid.as_bytes())
            .map(|_| ())
            .map_err(ConfineError::step("to join its control group"))
    }

    /// Takes it away. One that is left, because the process was killed, is swept by a later guest's.
    pub(super) fn remove(self) {
        let _ = rustix::fs::unlinkat(&self.parent, &self.name, AtFlags::REMOVEDIR);
    }
}

/// The group that guests' groups go into: the one above this process's own, if it is the node's to divide.
fn parent(own: &str, mounted: &Path) -> Result<PathBuf, String> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"));
    let controllers = |folder: &Path, file: &str| {
        let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
        ["memory", "pids"].iter().all(|wanted| text.split_whitespace().any(|word| word == *wanted))
    };
    if !controllers(mounted, "cgroup.controllers") {
        return Err("this machine does not count memory and processes by version 2 of control groups".to_owned());
    }
    let Some((above, "node")) = path.map(|path| path.rsplit_once('/').unwrap_or(("", path))) else {
        return Err(
            "no part of the tree is handed to the node (systemd: Delegate=yes, DelegateSubgroup=node)".to_owned()
        );
    };
    let parent = mounted.join(above);
    let switched_on = || controllers(&parent, "cgroup.subtree_control");
    if switched_on() || (fs::write(parent.join("cgroup.subtree_control"), "+memory +pids").is_ok() && switched_on()) {
        return Ok(parent);
    }
    Err(format!("/{above} does not hand on the counting of memory and processes"))
}

/// Groups of guests whose outer process was killed. One with processes in it cannot be removed.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guests_group_goes_beside_the_nodes_and_nowhere_else() {
        // A folder with the files of a tree: a made-up one, since the real one belongs to the machine.
        let tree = std::env::temp_dir().join(format!("playfield-groups-{}", std::process::id()));
        let write = |file: &str, text: &str| {
            fs::create_dir_all(tree.join(file).parent().unwrap()).unwrap();
            fs::write(tree.join(file), text).unwrap();
        };
        let check = |own: &str, expect: Result<&str, &str>| match (parent(own, &tree), expect) {
            (Ok(found), Ok(wanted)) => assert_eq!(found, tree.join(wanted), "{own}"),
            (Err(said), Err(wanted)) => assert!(said.contains(wanted), "{own}: {said}"),
            (found, _) => panic!("{own}: {found:?}"),
        };
        check("0::/playfield.service/node\n", Err("version 2"));
        write("cgroup.controllers", "cpuset cpu io memory pids\n");
        write("playfield.service/cgroup.subtree_control", "memory pids\n");
        check("0::/playfield.service/node\n", Ok("playfield.service"));
        check("4:memory:/x\n0::/playfield.service/node\n", Ok("playfield.service"));
        check("0::/playfield.service\n", Err("Delegate=yes"));
        check("0::/\n", Err("Delegate=yes"));
        check("4:memory:/x\n", Err("Delegate=yes"));
        check("0::/gone.service/node\n", Err("/gone.service does not hand on"));
        fs::remove_dir_all(&tree).unwrap();
    }
}
