//! Who a guest is.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use rustix::process::{getegid, geteuid};
use rustix::thread::{CapabilitySet, capabilities};

use super::ConfineError;

/// Who guests are where the node is root: an id that neither distributions nor systemd give out.
const PLAYER: u32 = 65_533;

/// The user a guest runs as. Outside its namespace it is the node's own user; where that is root, another one, since root owns
/// the machine's settings with or without capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's id, inside.
    pub uid: u32,
    /// The group's id, inside.
    pub gid: u32,
    /// The process is root of this machine, or of a container, and becomes somebody else.
    pub(super) from_root: bool,
}

/// Who guests of this process are.
pub fn guest_user() -> Result<User, ConfineError> {
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    if uid != 0 {
        return Ok(User { uid, gid, from_root: false });
    }
    let map = fs::read_to_string("/proc/self/uid_map").map_err(ConfineError::step("to read which users there are"))?;
    let held = capabilities(None).map_err(ConfineError::step("to read the capabilities"))?.effective;
    let may_change = held.contains(CapabilitySet::SETUID | CapabilitySet::SETGID | CapabilitySet::CHOWN);
    match (is_mapped(&map, PLAYER), may_change, is_machine_root(&map)) {
        (true, true, _) => Ok(User { uid: PLAYER, gid: PLAYER, from_root: true }),
        (_, _, false) => Ok(User { uid: PLAYER, gid: PLAYER, from_root: false }),
        _ => Err(ConfineError::Missing(
            "Playfield runs as root without the right to become another user; run it as a user of its own".to_owned(),
        )),
    }
}

impl User {
    /// Its folder for sockets, inside.
    pub fn runtime_dir(&self) -> String {
        format!("/run/user/{}", self.uid)
    }

    /// Where the node is root, a home is handed to the guest's user.
    pub(super) fn give(&self, home: Option<&Path>) -> Result<(), ConfineError> {
        let Some(home) = home.filter(|_| self.from_root) else { return Ok(()) };
        let give = || {
            let owned = fs::metadata(home)?.uid() == self.uid;
            if owned { Ok(()) } else { chown(home, Some(self.uid), Some(self.gid)) }
        };
        give().map_err(|source| ConfineError::Path { path: home.to_owned(), source })
    }
}

/// Lines of `inside outside count` (`user_namespaces`(7)).
fn ranges(map: &str) -> impl Iterator<Item = [u64; 3]> {
    map.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map_while(|word| word.parse().ok());
        Some([numbers.next()?, numbers.next()?, numbers.next()?])
    })
}

fn is_mapped(map: &str, id: u32) -> bool {
    ranges(map).any(|[first, _, count]| (first..first.saturating_add(count)).contains(&u64::from(id)))
}

fn is_machine_root(map: &str) -> bool {
    ranges(map).any(|[inside, outside, _]| inside == 0 && outside == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_users_says_who_is_there_and_who_root_is() {
        let check = |map: &str, player: bool, root: bool| {
            assert_eq!((is_mapped(map, PLAYER), is_machine_root(map)), (player, root), "{map:?}");
        };
        check("         0          0 4294967295\n", true, true);
        check("         0     100000      65536\n", true, false);
        check("0 1000 1\n", false, false);
        check("0 1000 1\n1 100000 65536\n", true, false);
        check("0 0 18446744073709551615", true, true);
        check("", false, false);
        check("0 x 1\nnonsense", false, false);
    }
}
