//! Warm starts: what a title's start functions made of its memory, kept for the sessions to come.
//!
//! A start that took long and that asked for nothing of its session (random bytes, the time), or only for stored values that
//! another session has too, or lacks too, makes the same there, so it need not run again. Of memory only the pages are kept that the start changed; long stretches lie in a
//! file in memory that every session maps for itself, so that a page costs a session memory once it writes to it. The rest is the
//! module's own image, which the engine maps in the same way.
//!
//! ```text
//!   open --> an image for module and limit? --yes--> instance + image + this session's seed, time, stored values
//!              |                                        ^
//!              no --> run the start --was it slow, and nobody's?--> image
//! ```

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "pages of an image are mapped over a guest's")]
mod ffi;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(target_os = "linux")]
use ffi::Pages;

use super::host::Seen;
use crate::GuestEvent;

/// Most bytes of all images of a process together.
const MOST: usize = 128 << 20;
/// Most bytes of what a start said, and of what it read.
const MOST_SAID: usize = 64 << 10;
/// Bytes of a page.
const PAGE: usize = 4096;
/// Stretches of fewer pages are copied: mapping one costs as much.
const MAPPED: usize = 16;
/// Most stretches that are mapped.
const STRETCHES: usize = 64;

/// Most images of a key, for sessions that have other values stored.
const VARIANTS: usize = 4;
/// Most images of a process: each may hold a file open.
const IMAGES: usize = 256;

/// What an image is of: the module, and the most memory it may have, which it can see.
pub(super) type Key = ([u8; 32], u64);

/// Where a process's images are kept.
pub(super) struct Shelf {
    /// A start that took less is run again.
    pub worth: Duration,
    images: Mutex<Images>,
}

#[derive(Default)]
struct Images {
    /// With the use it was last used in.
    all: Vec<(Key, Arc<Image>, u64)>,
    uses: u64,
}

impl Images {
    /// Lets go of the one unused for longest, of those that `of` says.
    fn drop_oldest(&mut self, of: impl Fn(&Key) -> bool) {
        let candidates = self.all.iter().enumerate().filter(|(_, (key, ..))| of(key));
        if let Some((oldest, _)) = candidates.min_by_key(|(_, (.., used))| *used) {
            self.all.swap_remove(oldest);
        }
    }
}

impl Shelf {
    pub fn new(worth: Duration) -> Shelf {
        Shelf { worth, images: Mutex::default() }
    }

    fn images(&self) -> MutexGuard<'_, Images> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the start of a session makes that has these values stored.
    pub fn get(&self, key: &Key, stored: &BTreeMap<String, Vec<u8>>) -> Option<Arc<Image>> {
        let mut images = self.images();
        images.uses += 1;
        let uses = images.uses;
        let same = |image: &Image| image.rest.seen.iter().all(|(key, value)| stored.get(key) == value.as_ref());
        let (_, image, used) = images.all.iter_mut().find(|(other, image, _)| other == key && same(image))?;
        *used = uses;
        Some(Arc::clone(image))
    }

    pub fn put(&self, key: Key, image: Image) {
        if image.size() > MOST {
            return;
        }
        let mut images = self.images();
        images.uses += 1;
        let uses = images.uses;
        images.all.push((key, Arc::new(image), uses));
        if images.all.iter().filter(|(other, ..)| *other == key).count() > VARIANTS {
            images.drop_oldest(|other| *other == key);
        }
        while images.all.len() > IMAGES || images.all.iter().map(|(_, image, _)| image.size()).sum::<usize>() > MOST {
            images.drop_oldest(|_| true);
        }
    }

    /// Lets go of one that cannot be used.
    pub fn drop_image(&self, image: &Arc<Image>) {
        self.images().all.retain(|(_, other, _)| !Arc::ptr_eq(other, image));
    }
}

/// What a start made besides memory.
#[derive(Default)]
pub(super) struct Rest {
    /// All other state, without what belongs to a session.
    pub tail: Vec<u8>,
    /// What it said.
    pub said: Vec<GuestEvent>,
    /// What it read of what was stored.
    pub seen: Seen,
}

/// What a start made.
pub(super) struct Image {
    /// Bytes of memory.
    pub memory: usize,
    pub rest: Rest,
    #[cfg(target_os = "linux")]
    mapped: Option<Pages>,
    copied: Vec<(usize, Vec<u8>)>,
    size: usize,
}

impl Image {
    /// What makes `started` out of a memory that has not started. None: it said or read too much to keep it.
    pub fn new(fresh: &[u8], started: &[u8], rest: Rest) -> Option<Image> {
        let said = rest.said.iter().map(size_of_event).sum::<usize>();
        let seen = rest.seen.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum::<usize>();
        if said > MOST_SAID || seen > MOST_SAID {
            return None;
        }
        let stretches = stretches(fresh, started);
        let length = |range: &Range<usize>| range.len() * PAGE;
        let size = rest.tail.len() + said + seen + stretches.iter().map(length).sum::<usize>();
        let (long, short): (Vec<_>, Vec<_>) = stretches.into_iter().partition(|range| range.len() >= MAPPED);
        let copy = |range: Range<usize>| {
            let bytes = started.get(range.start * PAGE..range.end * PAGE).unwrap_or_default();
            (range.start * PAGE, bytes.to_vec())
        };
        let mut copied: Vec<_> = short.into_iter().map(copy).collect();
        #[cfg(target_os = "linux")]
        let (mapped, long) = match Pages::new(started, &long) {
            Some(pages) => (Some(pages), Vec::new()),
            None => (None, long),
        };
        copied.extend(long.into_iter().map(copy));
        Some(Image {
            memory: started.len(),
            rest,
            #[cfg(target_os = "linux")]
            mapped,
            copied,
            size,
        })
    }

    fn size(&self) -> usize {
        self.size
    }

    /// Makes a fresh memory of the image's length the one that the start made. False: it may no longer be used at all, nor
    /// given back.
    #[must_use]
    pub fn lay(&self, memory: &mut [u8]) -> bool {
        for (at, bytes) in &self.copied {
            if let Some(room) = memory.get_mut(*at..*at + bytes.len()) {
                room.copy_from_slice(bytes);
            }
        }
        #[cfg(target_os = "linux")]
        return self.mapped.as_ref().is_none_or(|pages| pages.lay(memory));
        #[cfg(not(target_os = "linux"))]
        true
    }
}

fn size_of_event(event: &GuestEvent) -> usize {
    size_of::<GuestEvent>()
        + match event {
            GuestEvent::Log { line, .. } => line.len(),
            GuestEvent::Stored { key, value } => key.len() + value.as_ref().map_or(0, Vec::len),
            GuestEvent::Timeline { name, .. } => name.len(),
            GuestEvent::Message(text) => text.len(),
            // What only programs say is not among it.
            _ => 0,
        }
}

/// Stretches of pages that differ; what lies past the end of `fresh` is zero there. Ones with little between them are one.
fn stretches(fresh: &[u8], started: &[u8]) -> Vec<Range<usize>> {
    const ZEROS: [u8; PAGE] = [0; PAGE];
    let mut found: Vec<Range<usize>> = Vec::new();
    for (nth, page) in started.chunks(PAGE).enumerate() {
        if page == fresh.get(nth * PAGE..nth * PAGE + page.len()).unwrap_or(&ZEROS[..page.len()]) {
            continue;
        }
        match found.last_mut() {
            Some(last) if nth <= last.end + MAPPED / 2 => last.end = nth + 1,
            _ => found.push(nth..nth + 1),
        }
    }
    match (found.first(), found.last()) {
        (Some(first), Some(last)) if found.len() > STRETCHES => std::iter::once(first.start..last.end).collect(),
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_what_differs() {
        let mut fresh = vec![7; 100 * PAGE];
        let mut started = fresh.clone();
        started.resize(140 * PAGE, 0);
        for page in [3, 50, 51, 52, 60, 120] {
            started[page * PAGE + 9] = 1;
        }
        assert_eq!(stretches(&fresh, &started), [3..4, 50..61, 120..121]);
        let image = Image::new(&fresh, &started, Rest::default()).unwrap();
        fresh.resize(started.len(), 0);
        assert!(image.lay(&mut fresh) && fresh == started);
    }

    #[test]
    fn the_image_unused_for_longest_goes_first() {
        let shelf = Shelf::new(Duration::ZERO);
        let put = |n: u8| {
            let started = vec![n; MOST / 5 * 2];
            shelf.put(([n; 32], 0), Image::new(&[], &started, Rest::default()).unwrap());
        };
        let there = |n: u8| shelf.get(&([n; 32], 0), &BTreeMap::new()).is_some();
        (1..=2).for_each(put);
        assert!(there(1) && there(2) && there(1));
        put(3);
        assert!(there(1) && !there(2) && there(3), "only two have room");
    }

    #[test]
    fn there_are_only_so_many_images_however_small() {
        let shelf = Shelf::new(Duration::ZERO);
        let key = |n: usize| (std::array::from_fn(|at| n.to_le_bytes().get(at).copied().unwrap_or(0)), 0);
        (0..IMAGES + 3).for_each(|n| shelf.put(key(n), Image::new(&[], &[1], Rest::default()).unwrap()));
        let there = |n: &usize| shelf.get(&key(*n), &BTreeMap::new()).is_some();
        assert_eq!((0..IMAGES + 3).filter(there).count(), IMAGES);
        let last = shelf.get(&key(IMAGES), &BTreeMap::new()).unwrap();
        shelf.drop_image(&last);
        assert!(!there(&IMAGES) && there(&(IMAGES + 1)));
    }
}
