//! The workspace of an AITRIOS app: files in memory, which are its own, and gone when it ends.
//!
//! A tree of folders below one that is open from the start, as WASI preview 1 has it. Nothing here is a file of the machine's.

use std::collections::BTreeMap;

use super::Fault;
use super::wasi::{
    BAD_FD, BAD_TEXT, EXISTS, FAULT, INVALID, IS_FOLDER, NAME_TOO_LONG, NO_ENTRY, NO_SPACE, NOT_CAPABLE, NOT_EMPTY,
    NOT_FOLDER, TOO_LARGE, TOO_MANY_OPEN,
};

/// Where it lies, as far as the app knows.
pub const PLACE: &str = "/workspace";
/// The number under which that folder is open.
pub const ROOT_FD: i32 = 3;
/// Most bytes of all files together.
pub const MOST_BYTES: usize = 4 << 20;
/// Most files and folders, and most of them that are open.
const MOST_NODES: usize = 1024;
const MOST_OPEN: usize = 64;
/// Longest path, and longest name in it, in bytes.
pub const MOST_PATH: usize = 4096;
const MOST_NAME: usize = 255;
/// The folder that all others lie in.
const ROOT: u64 = 1;

/// Why a call fails, as WASI numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

impl From<Fault> for Errno {
    fn from(_: Fault) -> Errno {
        Errno(FAULT)
    }
}

fn no<T>(code: i32) -> Result<T, Errno> {
    Err(Errno(code))
}

/// How a path is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    pub create: bool,
    pub folder: bool,
    pub exclusive: bool,
    pub truncate: bool,
    pub append: bool,
    pub read: bool,
    pub write: bool,
}

/// Where a seek counts from.
#[derive(Clone, Copy, Debug)]
pub enum Whence {
    Start,
    Here,
    End,
}

/// What is known of a file or a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub node: u64,
    pub folder: bool,
    pub bytes: u64,
    pub changed_ns: u64,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub node: u64,
    pub folder: bool,
    pub name: String,
}

#[derive(Debug)]
enum What {
    File(Vec<u8>),
    Folder(BTreeMap<String, u64>),
}

#[derive(Debug)]
struct Node {
    what: What,
    changed_ns: u64,
    /// It lies in a folder; one that does not is there until nobody has it open.
    named: bool,
}

impl Node {
    fn is_folder(&self) -> bool {
        matches!(self.what, What::Folder(_))
    }
}

#[derive(Clone, Debug)]
struct Open {
    node: u64,
    at: u64,
    append: bool,
    read: bool,
    write: bool,
    /// What a folder held when it began to be read.
    listing: Vec<Entry>,
}

/// The files, and which of them are open.
#[derive(Debug)]
pub struct Files {
    nodes: BTreeMap<u64, Node>,
    newest: u64,
    open: BTreeMap<i32, Open>,
    bytes: usize,
}

impl Default for Files {
    fn default() -> Files {
        let root = Node { what: What::Folder(BTreeMap::new()), changed_ns: 0, named: true };
        let open = Open { node: ROOT, at: 0, append: false, read: true, write: false, listing: Vec::new() };
        Files { nodes: BTreeMap::from([(ROOT, root)]), newest: ROOT, open: BTreeMap::from([(ROOT_FD, open)]), bytes: 0 }
    }
}

/// What a path leads to.
struct Found {
    /// The folder that it lies in, and its name there; none: it is the folder that the path began at, or one on the way up.
    entry: Option<(u64, String)>,
    node: Option<u64>,
    /// It can only be a folder.
    folder: bool,
}

impl Files {
    fn opened(&self, fd: i32) -> Result<&Open, Errno> {
        self.open.get(&fd).ok_or(Errno(BAD_FD))
    }

    fn node(&self, node: u64) -> Result<&Node, Errno> {
        self.nodes.get(&node).ok_or(Errno(NO_ENTRY))
    }

    fn folder(&mut self, node: u64) -> Result<&mut BTreeMap<String, u64>, Errno> {
        match self.nodes.get_mut(&node).map(|node| &mut node.what) {
            Some(What::Folder(entries)) => Ok(entries),
            Some(What::File(_)) => no(NOT_FOLDER),
            None => no(NO_ENTRY),
        }
    }

    /// Follows a path from an open folder; it cannot lead out of that.
    fn find(&mut self, fd: i32, path: &[u8]) -> Result<Found, Errno> {
        let path = std::str::from_utf8(path).map_err(|_| Errno(BAD_TEXT))?;
        let base = self.opened(fd)?.node;
        self.folder(base)?;
        match path {
            "" => return no(NO_ENTRY),
            path if path.starts_with('/') => return no(NOT_CAPABLE),
            path if path.len() > MOST_PATH => return no(NAME_TOO_LONG),
            _ => {}
        }
        let mut above = Vec::new();
        let mut found = Found { entry: None, node: Some(base), folder: true };
        for part in path.split('/') {
            if part.is_empty() || part == "." {
                found.folder = true;
                continue;
            }
            // What is not there holds nothing.
            let here = found.node.ok_or(Errno(NO_ENTRY))?;
            if part.len() > MOST_NAME {
                return no(NAME_TOO_LONG);
            }
            let entries = self.folder(here)?;
            if part == ".." {
                let back = above.pop().ok_or(Errno(NOT_CAPABLE))?;
                found = Found { entry: None, node: Some(back), folder: true };
                continue;
            }
            let node = entries.get(part).copied();
            above.push(here);
            found = Found { entry: Some((here, part.to_owned())), node, folder: false };
        }
        Ok(found)
    }

    fn add(&mut self, into: (u64, String), what: What, now_ns: u64) -> Result<u64, Errno> {
        let (folder, name) = into;
        if self.nodes.len() >= MOST_NODES {
            return no(NO_SPACE);
        }
        // A folder that was removed while it is open takes nothing more.
        if !self.node(folder)?.named {
            return no(NO_ENTRY);
        }
        self.newest += 1;
        let node = self.newest;
        self.folder(folder)?.insert(name, node);
        self.nodes.insert(node, Node { what, changed_ns: now_ns, named: true });
        Ok(node)
    }

    /// Removes what nobody can reach any more.
    fn let_go(&mut self, node: u64) {
        let held = self.open.values().any(|open| open.node == node);
        if !held
            && self.nodes.get(&node).is_some_and(|node| !node.named)
            && let Some(Node { what: What::File(bytes), .. }) = self.nodes.remove(&node)
        {
            self.bytes -= bytes.len();
        }
    }

    /// Opens a path; the number that it is open under.
    pub fn open(&mut self, fd: i32, path: &[u8], how: How, now_ns: u64) -> Result<i32, Errno> {
        let found = self.find(fd, path)?;
        if self.open.len() >= MOST_OPEN {
            return no(TOO_MANY_OPEN);
        }
        let node = match (found.node, found.entry) {
            (Some(_), _) if how.create && how.exclusive => return no(EXISTS),
            (Some(node), _) => node,
            (None, Some(_)) if how.create && (how.folder || found.folder) => return no(INVALID),
            (None, Some(entry)) if how.create => self.add(entry, What::File(Vec::new()), now_ns)?,
            (None, _) => return no(NO_ENTRY),
        };
        match self.node(node)?.is_folder() {
            true if how.write && !how.folder => return no(IS_FOLDER),
            false if how.folder || found.folder => return no(NOT_FOLDER),
            false if how.truncate => self.resize(node, 0, now_ns)?,
            _ => {}
        }
        let free = (ROOT_FD..).find(|fd| !self.open.contains_key(fd)).ok_or(Errno(TOO_MANY_OPEN))?;
        let How { append, read, write, .. } = how;
        self.open.insert(free, Open { node, at: 0, append, read, write, listing: Vec::new() });
        Ok(free)
    }

    pub fn close(&mut self, fd: i32) -> Result<(), Errno> {
        let open = self.open.remove(&fd).ok_or(Errno(BAD_FD))?;
        self.let_go(open.node);
        Ok(())
    }

    /// Gives an open file the number of another one, which is closed.
    pub fn renumber(&mut self, from: i32, to: i32) -> Result<(), Errno> {
        self.opened(to)?;
        let open = self.open.remove(&from).ok_or(Errno(BAD_FD))?;
        if let Some(before) = self.open.insert(to, open) {
            self.let_go(before.node);
        }
        Ok(())
    }

    /// Bytes of an open file, from where it stands, or from there.
    pub fn read(&mut self, fd: i32, from: Option<u64>, most: usize) -> Result<Vec<u8>, Errno> {
        let Open { node, at, read, .. } = *self.opened(fd)?;
        if !read {
            return no(BAD_FD);
        }
        let What::File(bytes) = &self.node(node)?.what else { return no(IS_FOLDER) };
        let start = usize::try_from(from.unwrap_or(at)).unwrap_or(usize::MAX).min(bytes.len());
        let piece = bytes[start..].iter().take(most).copied().collect::<Vec<_>>();
        if from.is_none() {
            self.moved(fd, at + piece.len() as u64);
        }
        Ok(piece)
    }

    /// Writes to an open file, where it stands, or there.
    pub fn write(&mut self, fd: i32, to: Option<u64>, what: &[u8], now_ns: u64) -> Result<(), Errno> {
        let Open { node, at, append, write, .. } = *self.opened(fd)?;
        if !write {
            return no(BAD_FD);
        }
        let What::File(bytes) = &self.node(node)?.what else { return no(IS_FOLDER) };
        let length = bytes.len() as u64;
        let start = to.unwrap_or(if append { length } else { at });
        let end = start.checked_add(what.len() as u64).ok_or(Errno(TOO_LARGE))?;
        if end > length && !what.is_empty() {
            self.resize(node, end, now_ns)?;
        }
        if let Some(Node { what: What::File(bytes), changed_ns, .. }) = self.nodes.get_mut(&node)
            && let Some(room) = bytes.get_mut(start as usize..end as usize)
        {
            room.copy_from_slice(what);
            *changed_ns = now_ns;
        }
        if to.is_none() {
            self.moved(fd, end);
        }
        Ok(())
    }

    fn moved(&mut self, fd: i32, to: u64) {
        if let Some(open) = self.open.get_mut(&fd) {
            open.at = to;
        }
    }

    fn resize(&mut self, node: u64, to: u64, now_ns: u64) -> Result<(), Errno> {
        let all = self.bytes;
        let Some(Node { what: What::File(bytes), changed_ns, .. }) = self.nodes.get_mut(&node) else {
            return no(IS_FOLDER);
        };
        let to = usize::try_from(to).ok().filter(|to| *to <= MOST_BYTES).ok_or(Errno(TOO_LARGE))?;
        let after = all - bytes.len() + to;
        if after > MOST_BYTES {
            return no(NO_SPACE);
        }
        bytes.resize(to, 0);
        *changed_ns = now_ns;
        self.bytes = after;
        Ok(())
    }

    /// Makes an open file so long: what is added is zeros.
    pub fn set_size(&mut self, fd: i32, to: u64, now_ns: u64) -> Result<(), Errno> {
        let open = self.opened(fd)?;
        if !open.write {
            return no(BAD_FD);
        }
        self.resize(open.node, to, now_ns)
    }

    /// Makes room for so many bytes from there on, if there is not enough.
    pub fn allocate(&mut self, fd: i32, from: u64, bytes: u64, now_ns: u64) -> Result<(), Errno> {
        let end = from.checked_add(bytes).ok_or(Errno(TOO_LARGE))?;
        if self.stat(fd)?.bytes < end { self.set_size(fd, end, now_ns) } else { Ok(()) }
    }

    /// Where an open file stands from now on.
    pub fn seek(&mut self, fd: i32, by: i64, from: Whence) -> Result<u64, Errno> {
        let Open { node, at, .. } = *self.opened(fd)?;
        let What::File(bytes) = &self.node(node)?.what else { return no(IS_FOLDER) };
        let from = match from {
            Whence::Start => 0,
            Whence::Here => at,
            Whence::End => bytes.len() as u64,
        };
        let to = from.checked_add_signed(by).ok_or(Errno(INVALID))?;
        self.moved(fd, to);
        Ok(to)
    }

    pub fn stat(&self, fd: i32) -> Result<Stat, Errno> {
        self.stat_of(self.opened(fd)?.node)
    }

    fn stat_of(&self, node: u64) -> Result<Stat, Errno> {
        let Node { what, changed_ns, .. } = self.node(node)?;
        let (folder, bytes) = match what {
            What::File(bytes) => (false, bytes.len() as u64),
            What::Folder(_) => (true, 0),
        };
        Ok(Stat { node, folder, bytes, changed_ns: *changed_ns })
    }

    /// Whether something is open, and whether it is written at its end.
    pub fn appends(&self, fd: i32) -> Result<bool, Errno> {
        Ok(self.opened(fd)?.append)
    }

    pub fn set_append(&mut self, fd: i32, append: bool) -> Result<(), Errno> {
        self.open.get_mut(&fd).ok_or(Errno(BAD_FD))?.append = append;
        Ok(())
    }

    pub fn set_changed(&mut self, fd: i32, at_ns: u64) -> Result<(), Errno> {
        let node = self.opened(fd)?.node;
        self.touch(node, at_ns)
    }

    fn touch(&mut self, node: u64, at_ns: u64) -> Result<(), Errno> {
        self.nodes.get_mut(&node).ok_or(Errno(NO_ENTRY))?.changed_ns = at_ns;
        Ok(())
    }

    /// What a folder holds, from this entry on. It is looked at when its first one is asked for.
    pub fn list(&mut self, fd: i32, from: u64) -> Result<&[Entry], Errno> {
        let node = self.opened(fd)?.node;
        if from == 0 {
            let entries = self.folder(node)?.clone();
            let itself = [".", ".."].map(|name| (name.to_owned(), node));
            let listing = itself.into_iter().chain(entries).map(|(name, node)| {
                let folder = self.nodes.get(&node).is_some_and(Node::is_folder);
                Entry { node, folder, name }
            });
            let listing = listing.collect();
            if let Some(open) = self.open.get_mut(&fd) {
                open.listing = listing;
            }
        }
        let listing = &self.opened(fd)?.listing;
        Ok(usize::try_from(from).ok().and_then(|from| listing.get(from..)).unwrap_or_default())
    }

    pub fn path_stat(&mut self, fd: i32, path: &[u8]) -> Result<Stat, Errno> {
        let found = self.find(fd, path)?;
        let stat = self.stat_of(found.node.ok_or(Errno(NO_ENTRY))?)?;
        if found.folder && !stat.folder { no(NOT_FOLDER) } else { Ok(stat) }
    }

    pub fn path_set_changed(&mut self, fd: i32, path: &[u8], at_ns: u64) -> Result<(), Errno> {
        let node = self.path_stat(fd, path)?.node;
        self.touch(node, at_ns)
    }

    pub fn create_folder(&mut self, fd: i32, path: &[u8], now_ns: u64) -> Result<(), Errno> {
        let found = self.find(fd, path)?;
        match (found.node, found.entry) {
            (None, Some(entry)) => self.add(entry, What::Folder(BTreeMap::new()), now_ns).map(drop),
            _ => no(EXISTS),
        }
    }

    pub fn remove_folder(&mut self, fd: i32, path: &[u8]) -> Result<(), Errno> {
        let found = self.find(fd, path)?;
        let node = found.node.ok_or(Errno(NO_ENTRY))?;
        if !self.folder(node)?.is_empty() {
            return no(NOT_EMPTY);
        }
        // The one that the path began at is not to be had by it.
        self.forget(found.entry.ok_or(Errno(INVALID))?, node)
    }

    pub fn remove_file(&mut self, fd: i32, path: &[u8]) -> Result<(), Errno> {
        let found = self.find(fd, path)?;
        let node = found.node.ok_or(Errno(NO_ENTRY))?;
        if self.node(node)?.is_folder() {
            return no(IS_FOLDER);
        }
        match found.entry {
            Some(entry) if !found.folder => self.forget(entry, node),
            _ => no(NOT_FOLDER),
        }
    }

    fn forget(&mut self, (folder, name): (u64, String), node: u64) -> Result<(), Errno> {
        self.folder(folder)?.remove(&name);
        if let Some(node) = self.nodes.get_mut(&node) {
            node.named = false;
        }
        self.let_go(node);
        Ok(())
    }

    pub fn rename(&mut self, from: (i32, &[u8]), to: (i32, &[u8])) -> Result<(), Errno> {
        let (source, target) = (self.find(from.0, from.1)?, self.find(to.0, to.1)?);
        let node = source.node.ok_or(Errno(NO_ENTRY))?;
        let (Some(source_at), Some(target_at)) = (source.entry, target.entry) else { return no(INVALID) };
        let folder = self.node(node)?.is_folder();
        if !folder && (source.folder || target.folder) {
            return no(NOT_FOLDER);
        }
        if target.node == Some(node) {
            return Ok(());
        }
        if folder && self.holds(node, target_at.0) {
            return no(INVALID);
        }
        if !self.node(target_at.0)?.named {
            return no(NO_ENTRY);
        }
        if let Some(other) = target.node {
            match (folder, self.node(other)?.is_folder()) {
                (true, false) => return no(NOT_FOLDER),
                (false, true) => return no(IS_FOLDER),
                (true, true) if !self.folder(other)?.is_empty() => return no(NOT_EMPTY),
                _ => self.forget(target_at.clone(), other)?,
            }
        }
        self.folder(source_at.0)?.remove(&source_at.1);
        self.folder(target_at.0)?.insert(target_at.1, node);
        Ok(())
    }

    /// Whether a folder is this one, or lies in it.
    fn holds(&self, folder: u64, other: u64) -> bool {
        folder == other
            || match self.nodes.get(&folder).map(|node| &node.what) {
                Some(What::Folder(entries)) => entries.values().any(|entry| self.holds(*entry, other)),
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests;
