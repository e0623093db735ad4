//! The names in `/dev/input`: what a program finds when it looks for devices, and what it is told of when they come and go.
//!
//! A device file cannot be made without privilege, and each must be a character device with a number of its own, because
//! programs tell devices apart by it. A locked pseudo terminal is one: nobody can open it, so what reaches it past the
//! filter fails with `EIO` and does no harm.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use playfield_core::input::MAX_PLAYERS;

use super::{Kind, ffi, sysfs};

#[derive(Debug)]
pub(super) struct Nodes {
    folder: PathBuf,
    /// By player: the event device's terminal and the joystick's, each with its path.
    terminals: Vec<[(File, PathBuf); 2]>,
}

impl Nodes {
    pub(super) fn new(folder: &Path) -> io::Result<Nodes> {
        let terminal = || -> io::Result<(File, PathBuf)> {
            let flags = libc::O_NOCTTY | libc::O_CLOEXEC;
            let master = OpenOptions::new().read(true).write(true).custom_flags(flags).open("/dev/ptmx")?;
            let path = PathBuf::from(format!("/dev/pts/{}", ffi::terminal(&master)?));
            fs::metadata(&path)?;
            Ok((master, path))
        };
        let terminals = (0..MAX_PLAYERS).map(|_| Ok([terminal()?, terminal()?])).collect::<io::Result<_>>()?;
        let nodes = Nodes { folder: folder.to_owned(), terminals };
        // What another one left there.
        (0..MAX_PLAYERS).for_each(|player| nodes.remove(player));
        Ok(nodes)
    }

    pub(super) fn path(&self, kind: Kind, player: usize) -> PathBuf {
        self.folder.join(format!("{}{player}", kind.name()))
    }

    /// The event device comes last: who is told of it may look at the rest.
    pub(super) fn add(&self, player: usize) -> io::Result<()> {
        let [event, joystick] = &self.terminals[player];
        let number = |path: &Path| -> io::Result<(u32, u32)> {
            let number = fs::metadata(path)?.rdev();
            Ok((rustix::fs::major(number), rustix::fs::minor(number)))
        };
        sysfs::add(player, [(Kind::Event, number(&event.1)?), (Kind::Joystick, number(&joystick.1)?)])?;
        symlink(&joystick.1, self.path(Kind::Joystick, player))?;
        symlink(&event.1, self.path(Kind::Event, player))
    }

    /// The program may have removed them itself; then there is nothing to do.
    pub(super) fn remove(&self, player: usize) {
        for kind in [Kind::Event, Kind::Joystick] {
            let _ = fs::remove_file(self.path(kind, player));
        }
        sysfs::remove(player);
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        (0..self.terminals.len()).for_each(|player| self.remove(player));
    }
}
