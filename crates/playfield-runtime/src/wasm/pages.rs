//! Which parts of a guest's memory changed since it was saved last.
//!
//! Memory of some size is watched by the kernel: pages are write-protected, the first write to one is noted and let
//! through without anybody's doing (userfaultfd(2) with `UFFD_FEATURE_WP_ASYNC`), and one call tells the pages that were
//! written to and protects them again (`PAGEMAP_SCAN`). Linux has that from 6.7 on, without privilege. The first write to a
//! page costs about 0.7 us, the call 16 us for 64 MiB. Where there is none of it, and for small memories, everything is
//! compared with a copy.
//!
//! What is much is copied in rounds, one after each tick, while the guest goes on: what it touches meanwhile is copied
//! again, and the round that leaves nothing over makes the state whole.

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the kernel is told addresses")]
mod ffi;

use std::ops::Range;
use std::sync::Arc;

#[cfg(target_os = "linux")]
pub(super) use ffi::Watch;

use crate::changes::{Changes, MEMORY_AT, ROUND};

/// The least memory that is watched, in bytes: less is compared in 10 us.
const WATCHED: usize = 256 << 10;
/// Bytes of a page.
const PAGE: usize = 4096;
/// Rounds that are added to those a memory takes that stands still; then one round copies all that is left.
const MORE_ROUNDS: usize = 16;

/// There is no such thing here.
#[cfg(not(target_os = "linux"))]
pub(super) enum Watch {}

#[cfg(not(target_os = "linux"))]
impl Watch {
    pub fn new() -> Option<Watch> {
        None
    }

    fn begin(&self, _memory: &[u8], _length: usize) -> bool {
        match *self {}
    }

    fn written(&self, _memory: &[u8], _each: impl FnMut(Range<usize>)) -> bool {
        match *self {}
    }
}

/// What was saved last, as far as that has to be known.
pub(super) struct Baseline {
    known: Known,
    /// Bytes of memory in the last whole state.
    memory: Option<usize>,
    /// All state after memory, as it was saved last.
    tail: Vec<u8>,
}

enum Known {
    Copy(Vec<u8>),
    Pages(Watched),
}

impl Baseline {
    /// Nothing was saved. `most` is how large the memory may get, in bytes.
    pub fn new(watch: Option<&Arc<Watch>>, memory: &[u8], most: usize) -> Baseline {
        let watched = watch.filter(|_| memory.len() >= WATCHED).and_then(|watch| Watched::new(watch, memory, most));
        let known = watched.map_or_else(|| Known::Copy(Vec::new()), Known::Pages);
        Baseline { known, memory: None, tail: Vec::new() }
    }

    /// Adds changed memory; whether that was all of it.
    pub fn save_memory(&mut self, memory: &[u8], into: &mut Changes) -> bool {
        if let Known::Pages(watched) = &mut self.known {
            match watched.save(memory, into) {
                Some(done) => return done,
                // The kernel no longer tells, or the memory moved: from now on it is compared, from nothing.
                None => {
                    into.clear();
                    *self = Baseline { known: Known::Copy(Vec::new()), memory: None, tail: Vec::new() };
                }
            }
        }
        if let Known::Copy(old) = &mut self.known {
            into.compare(MEMORY_AT, old, memory);
        }
        true
    }

    /// Whether the length of the memory has to be said again, because it is not what it was in the last whole state.
    pub fn resized(&mut self, memory: usize) -> bool {
        let resized = self.memory.replace(memory) != Some(memory);
        if resized {
            // It lies elsewhere in the state now.
            self.tail.clear();
        }
        resized
    }

    /// Adds what changed of the state after memory, which was written to the room of `into` from `from` on.
    pub fn save_tail(&mut self, from: usize, memory: usize, into: &mut Changes) {
        into.keep(from, MEMORY_AT + memory, &mut self.tail);
    }
}

/// A memory that the kernel watches.
struct Watched {
    watch: Arc<Watch>,
    /// Where it lies, as a number to compare with.
    at: usize,
    /// How much of what lies there is watched, in bytes.
    most: usize,
    /// Bytes of memory that are known.
    length: usize,
    /// Pages that have to be copied.
    left: Pages,
    /// Rounds that may still leave something over.
    rounds: usize,
}

impl Watched {
    fn new(watch: &Arc<Watch>, memory: &[u8], most: usize) -> Option<Watched> {
        let (at, most) = (memory.as_ptr() as usize, most.max(memory.len()));
        let watches = at.is_multiple_of(PAGE) && watch.begin(memory, most);
        let left = Pages::default();
        watches.then(|| Watched { watch: Arc::clone(watch), at, most, length: 0, left, rounds: 0 })
    }

    /// Adds pages of a round; whether nothing is left over. None: it cannot be known what changed.
    fn save(&mut self, memory: &[u8], into: &mut Changes) -> Option<bool> {
        if memory.as_ptr() as usize != self.at || memory.len() > self.most || memory.len() < self.length {
            return None;
        }
        let (left, begins) = (&mut self.left, self.rounds == 0);
        if !self.watch.written(memory, |pages| left.add(pages)) {
            return None;
        }
        self.left.add(self.length / PAGE..memory.len() / PAGE);
        self.length = memory.len();
        if begins {
            self.rounds = self.left.count() * PAGE / ROUND + MORE_ROUNDS;
        }
        self.rounds -= 1;
        let most = if self.rounds == 0 { usize::MAX } else { ROUND / PAGE };
        self.left.take(most, |page| {
            into.push(MEMORY_AT + page * PAGE, &memory[page * PAGE..(page + 1) * PAGE]);
        });
        let done = self.left.count == 0;
        if done {
            self.rounds = 0;
        }
        Some(done)
    }
}

/// A set of pages.
#[derive(Default)]
struct Pages {
    words: Vec<u64>,
    count: usize,
}

impl Pages {
    fn add(&mut self, pages: Range<usize>) {
        if self.words.len() * 64 < pages.end {
            self.words.resize(pages.end.div_ceil(64), 0);
        }
        for page in pages {
            let (word, bit) = (&mut self.words[page / 64], 1 << (page % 64));
            self.count += usize::from(*word & bit == 0);
            *word |= bit;
        }
    }

    fn count(&self) -> usize {
        self.count
    }

    /// Takes out the first `most`, in order.
    fn take(&mut self, most: usize, mut each: impl FnMut(usize)) {
        let mut taken = 0;
        for (nth, word) in self.words.iter_mut().enumerate() {
            while *word != 0 && taken < most {
                each(nth * 64 + word.trailing_zeros() as usize);
                *word &= *word - 1;
                taken += 1;
            }
        }
        self.count -= taken;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_taken_in_order_and_counted_once() {
        let mut pages = Pages::default();
        pages.add(3..5);
        pages.add(4..6);
        pages.add(200..201);
        assert_eq!(pages.count(), 4);
        let mut taken = Vec::new();
        pages.take(3, |page| taken.push(page));
        assert_eq!((taken.as_slice(), pages.count()), ([3, 4, 5].as_slice(), 1));
        pages.take(9, |page| taken.push(page));
        assert_eq!((taken.as_slice(), pages.count()), ([3, 4, 5, 200].as_slice(), 0));
    }
}
