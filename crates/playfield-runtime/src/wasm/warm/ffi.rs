//! Pages in a file in memory, and their private mapping over a guest's memory.

use std::ops::Range;
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::pwrite;
use rustix::mm::{MapFlags, ProtFlags, mmap};

use super::PAGE;

/// Stretches of pages. What they hold never changes.
pub struct Pages {
    file: OwnedFd,
    stretches: Vec<Range<usize>>,
}

impl Pages {
    /// Keeps stretches of a memory. None: there are none, or the system keeps no such files.
    pub fn new(memory: &[u8], stretches: &[Range<usize>]) -> Option<Pages> {
        // Mappings are of whole pages of the processor's, wherever they are larger than ours.
        if stretches.is_empty() || rustix::param::page_size() != PAGE {
            return None;
        }
        let file = memfd_create("playfield-warm", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).ok()?;
        let mut at = 0;
        for stretch in stretches {
            let mut rest = memory.get(stretch.start * PAGE..stretch.end * PAGE)?;
            while !rest.is_empty() {
                let written = pwrite(&file, rest, at).ok().filter(|written| *written > 0)?;
                rest = &rest[written..];
                at += written as u64;
            }
        }
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&file, seals).ok()?;
        Some(Pages { file, stretches: stretches.to_vec() })
    }

    /// Makes these stretches of a guest's memory what they are here, in a way that costs memory for pages that are written to
    /// only. After false the memory may have holes, and must not be touched again, nor given back: somebody else may have been
    /// given such a hole meanwhile.
    #[must_use]
    pub fn lay(&self, memory: &mut [u8]) -> bool {
        let mut at = 0;
        for stretch in &self.stretches {
            let Some(room) = memory.get_mut(stretch.start * PAGE..stretch.end * PAGE) else { return false };
            if !(room.as_ptr() as usize).is_multiple_of(PAGE) {
                return false;
            }
            let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::FIXED);
            // SAFETY: these are whole pages of a guest's memory, which the engine has mapped privately, for reading and writing,
            // and unmaps by address and length. They are borrowed mutably, so nobody else looks at them. The new mapping is
            // there in the same way, at the same place, and of a file that is long enough and can neither be written to nor
            // shrink: to whoever reads it, memory was written to.
            let mapped = unsafe { mmap(room.as_mut_ptr().cast(), room.len(), protection, flags, &self.file, at) };
            if mapped.is_err() {
                return false;
            }
            at += room.len() as u64;
        }
        true
    }
}
