//! Memory that a worker and a guest process share.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Nobody can make the file shorter or longer: touching the mapping never faults.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

/// A piece of memory in two processes. What is read from it may change while it is read, and may be anything: it is copied
/// out first and looked at then.
#[derive(Debug)]
pub struct Shared {
    file: OwnedFd,
    at: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to this value alone, and is only copied from and to.
unsafe impl Send for Shared {}

impl Shared {
    /// New memory of `len` bytes, all zero; what is never touched costs nothing.
    pub fn create(len: usize) -> io::Result<Shared> {
        let file = memfd_create("playfield guest", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, len as u64)?;
        fcntl_add_seals(&file, SEALS)?;
        Shared::map(file, len)
    }

    /// The memory behind a descriptor that another process sent.
    pub fn open(file: OwnedFd, len: usize) -> io::Result<Shared> {
        let sealed = fcntl_get_seals(&file)?.contains(SEALS);
        if !sealed || fstat(&file)?.st_size as u64 != len as u64 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is not the memory of a guest process"));
        }
        Shared::map(file, len)
    }

    fn map(file: OwnedFd, len: usize) -> io::Result<Shared> {
        // SAFETY: a new mapping at an address the kernel chooses. The file has `len` bytes and is sealed at that.
        let at =
            unsafe { mmap(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, &file, 0) }?;
        let at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("the mapping has no address"))?;
        Ok(Shared { file, at, len })
    }

    /// What the other process opens it by.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Copies out the bytes from `at`; false, and nothing is copied, if they are not all inside.
    #[must_use]
    pub fn read(&self, at: usize, into: &mut [u8]) -> bool {
        if !self.contains(at, into.len()) {
            return false;
        }
        // SAFETY: the range is inside the mapping, and `into` is this process' own memory. The other process may write at
        // the same time; then the copy holds some mixture of bytes, each of which is a valid `u8`.
        unsafe { std::ptr::copy_nonoverlapping(self.at.as_ptr().add(at), into.as_mut_ptr(), into.len()) };
        true
    }

    /// Copies `from` to `at`; false, and nothing is copied, if it does not fit.
    #[must_use]
    pub fn write(&mut self, at: usize, from: &[u8]) -> bool {
        if !self.contains(at, from.len()) {
            return false;
        }
        // SAFETY: as for `read`.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), self.at.as_ptr().add(at), from.len()) };
        true
    }

    /// Bytes to be written in place, for the process that alone writes them; empty if they are not all inside.
    pub fn view(&mut self, at: usize, len: usize) -> &mut [u8] {
        if !self.contains(at, len) {
            return &mut [];
        }
        // SAFETY: the range is inside the mapping, and borrowed from it for as long as the slice lives. The other process
        // only reads what this one writes; what it reads meanwhile is its own concern, and it knows.
        unsafe { std::slice::from_raw_parts_mut(self.at.as_ptr().add(at), len) }
    }

    fn contains(&self, at: usize, len: usize) -> bool {
        at.checked_add(len).is_some_and(|end| end <= self.len)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `map` with this length, and nobody holds a reference into it.
        // It can only fail for a range that is none.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_mappings_show_the_same_bytes_and_nothing_outside() {
        let mut one = Shared::create(8192).unwrap();
        let other = Shared::open(one.file().try_clone_to_owned().unwrap(), 8192).unwrap();
        assert!(one.write(8188, &[1, 2, 3, 4]));
        let mut read = [0; 4];
        assert!(other.read(8188, &mut read));
        assert_eq!(read, [1, 2, 3, 4]);
        assert!(!one.write(8189, &[0; 4]) && !other.read(usize::MAX, &mut read), "not all inside");
        assert!(Shared::open(one.file().try_clone_to_owned().unwrap(), 4096).is_err(), "another size");
    }

    #[test]
    fn memory_that_could_be_cut_short_is_not_taken() {
        let file = memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&file, 4096).unwrap();
        assert!(Shared::open(file, 4096).is_err());
    }
}
