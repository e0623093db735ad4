//! Large zeroed memory outside the title itself, so that it takes no room in the module.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

/// A static that is handed out once.
///
/// ```
/// use playfield_sdk::Buffer;
/// static PIXELS: Buffer<[u32; 640 * 360]> = Buffer::new([0; 640 * 360]);
/// let pixels = PIXELS.take().expect("nobody took it before");
/// pixels[0] = 1;
/// assert!(PIXELS.take().is_none());
/// ```
pub struct Buffer<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through `take` alone, which gives it to one caller.
unsafe impl<T: Send> Sync for Buffer<T> {}

impl<T> Buffer<T> {
    /// Made of zeros it takes no room in the module.
    pub const fn new(value: T) -> Buffer<T> {
        Buffer { taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// The value, the first time; then nothing.
    #[allow(clippy::mut_from_ref)]
    pub fn take(&'static self) -> Option<&'static mut T> {
        if self.taken.swap(true, Ordering::Relaxed) {
            return None;
        }
        // SAFETY: `taken` was false, so this is the only reference there will ever be.
        Some(unsafe { &mut *self.value.get() })
    }
}
