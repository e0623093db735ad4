//! Bytes of a memory that threads of a guest share: copied in and out by atomic accesses, since they may be written meanwhile.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use wasmtime::SharedMemory;

/// Bytes of a word.
const WORD: usize = size_of::<u64>();

/// Copies out the bytes from `at`; false, and nothing is copied, if they are not all there.
#[must_use]
pub(super) fn copy_out(memory: &SharedMemory, at: usize, into: &mut [u8]) -> bool {
    let Some(cells) = at.checked_add(into.len()).and_then(|end| memory.data().get(at..end)) else { return false };
    let (mut done, length) = (0, into.len());
    while done < length {
        let place = cells[done].get();
        if place.addr().is_multiple_of(WORD) && length - done >= WORD {
            // SAFETY: the eight bytes from `place` lie inside `cells`, since so many are left, and `place` is aligned. They stay
            // mapped for as long as `memory` is borrowed: such a memory never moves nor shrinks. Threads of the guest access them
            // meanwhile by machine code, and we by nothing but atomics, so no access of ours is a data race.
            let word = unsafe { AtomicU64::from_ptr(place.cast()) }.load(Ordering::Relaxed);
            into[done..done + WORD].copy_from_slice(&word.to_ne_bytes());
            done += WORD;
        } else {
            // SAFETY: as above, of the one byte at `place`.
            into[done] = unsafe { AtomicU8::from_ptr(place) }.load(Ordering::Relaxed);
            done += 1;
        }
    }
    true
}

/// Copies `from` to `at`; false, and nothing is copied, if there is no room.
#[must_use]
pub(super) fn copy_in(memory: &SharedMemory, at: usize, from: &[u8]) -> bool {
    let Some(cells) = at.checked_add(from.len()).and_then(|end| memory.data().get(at..end)) else { return false };
    let mut done = 0;
    while done < from.len() {
        let place = cells[done].get();
        if let Some(word) = from[done..].first_chunk::<WORD>().filter(|_| place.addr().is_multiple_of(WORD)) {
            // SAFETY: as in `copy_out`; the bytes are the guest's to be changed at any time.
            unsafe { AtomicU64::from_ptr(place.cast()) }.store(u64::from_ne_bytes(*word), Ordering::Relaxed);
            done += WORD;
        } else {
            // SAFETY: as above, of the one byte at `place`.
            unsafe { AtomicU8::from_ptr(place) }.store(from[done], Ordering::Relaxed);
            done += 1;
        }
    }
    true
}
