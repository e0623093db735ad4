//! Reads pixels out of memory that a program may write at the same time, and reaches the display inside its event source.

use std::io;
use std::ptr::NonNull;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use smithay::backend::allocator::dmabuf::{Dmabuf, DmabufSyncFailed, DmabufSyncFlags};
use smithay::reexports::calloop::generic::NoIoDrop;
use smithay::reexports::wayland_server::Display;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::wayland::shm::with_buffer_contents;

use super::Compositor;
use super::painter::PaintError;

/// Copies `height` rows from `(x, y)` into `row`, whose length is their width, one after the other, and hands each on.
pub fn read_rows(
    buffer: &WlBuffer,
    (x, y): (usize, usize),
    height: usize,
    row: &mut [u32],
    each: &mut dyn FnMut(usize, &mut [u32]),
) -> Result<(), PaintError> {
    let bytes = size_of_val(row);
    with_buffer_contents(buffer, |memory, len, shape| {
        let whole = |number: i32| usize::try_from(number).map_err(|_| PaintError::Unreadable);
        let (offset, stride) = (whole(shape.offset)?, whole(shape.stride)?);
        if x * 4 + bytes > stride || y + height > whole(shape.height)? {
            return Err(PaintError::Unreadable);
        }
        for index in 0..height {
            let at = offset + (y + index) * stride + x * 4;
            if at.checked_add(bytes).is_none_or(|end| end > len) {
                return Err(PaintError::Unreadable);
            }
            // SAFETY: the range lies inside the pool's `len` bytes, which are mapped for as long as this closure runs;
            // if the file behind them is shorter, Smithay catches the fault and says so. `row` is our own. The program may
            // write at the same time: the copy is some mixture of bytes, each a valid one.
            unsafe { std::ptr::copy_nonoverlapping(memory.add(at), row.as_mut_ptr().cast::<u8>(), bytes) };
            row.iter_mut().for_each(|pixel| *pixel = u32::from_le(*pixel));
            each(index, row);
        }
        Ok(())
    })
    .map_err(|_| PaintError::Unreadable)?
}

/// How often the beginning or end of reading is tried when a signal comes between.
const TRIES: usize = 100;

/// The memory of a buffer that a graphics card drew: one plane of rows of four-byte pixels.
#[derive(Debug)]
pub struct Mapped {
    buffer: Dmabuf,
    at: NonNull<u8>,
    len: usize,
    place: Place,
}

/// Where in it the pixels are, in bytes; all of them lie inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Of the first pixel.
    pub offset: usize,
    /// From the beginning of a row to that of the next.
    pub stride: usize,
    /// Of a row's pixels.
    pub row: usize,
    /// Number of rows, at least one.
    pub rows: usize,
}

impl Place {
    /// Where the last pixel ends; `None`: nowhere.
    pub fn end(self) -> Option<usize> {
        let last = self.rows.checked_sub(1)?.checked_mul(self.stride)?;
        last.checked_add(self.offset)?.checked_add(self.row)
    }
}

// SAFETY: the mapping belongs to this value alone, and is only copied from.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

impl Mapped {
    /// Maps a buffer for reading. Its file must be as long as `place` says, and stay so: touching it would fault otherwise.
    pub fn new(buffer: Dmabuf, place: Place) -> io::Result<Mapped> {
        let len = place.end().ok_or(io::ErrorKind::InvalidInput)?;
        let file = buffer.handles().next().ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping at an address the kernel chooses.
        let at = unsafe { mmap(std::ptr::null_mut(), len, ProtFlags::READ, MapFlags::SHARED, file, 0) }?;
        let at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("the mapping has no address"))?;
        Ok(Mapped { buffer, at, len, place })
    }

    /// As the function of the same name, once the card is done with it.
    pub fn read_rows(
        &self,
        (x, y): (usize, usize),
        height: usize,
        row: &mut [u32],
        each: &mut dyn FnMut(usize, &mut [u32]),
    ) -> Result<(), PaintError> {
        let Place { offset, stride, row: all, rows } = self.place;
        let bytes = size_of_val(row);
        if x * 4 + bytes > all || y + height > rows {
            return Err(PaintError::Unreadable);
        }
        self.sync(DmabufSyncFlags::START)?;
        for index in 0..height {
            let from = self.at.as_ptr().wrapping_add(offset + (y + index) * stride + x * 4);
            // SAFETY: the pixels of a row in `place` lie inside the mapping, whose file is no shorter, and these are some of
            // them. `row` is our own. The program may write at the same time: the copy is some mixture of bytes, each a
            // valid one.
            unsafe { std::ptr::copy_nonoverlapping(from, row.as_mut_ptr().cast::<u8>(), bytes) };
            row.iter_mut().for_each(|pixel| *pixel = u32::from_le(*pixel));
            each(index, row);
        }
        self.sync(DmabufSyncFlags::END)
    }

    /// Tells the card's driver that reading begins or ends (`DMA_BUF_IOCTL_SYNC`). Memory that is no card's needs none of it.
    fn sync(&self, when: DmabufSyncFlags) -> Result<(), PaintError> {
        for _ in 0..TRIES {
            let Err(DmabufSyncFailed::Io(error)) = self.buffer.sync_plane(0, DmabufSyncFlags::READ | when) else {
                return Ok(());
            };
            match error.raw_os_error() {
                Some(libc::ENOTTY) => return Ok(()),
                Some(libc::EINTR | libc::EAGAIN) => {}
                _ => break,
            }
        }
        Err(PaintError::Unreadable)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `new` with this length, and nobody holds a reference into it.
        // It can only fail for a range that is none.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.len) };
    }
}

/// Lets programs' requests be handled.
pub fn dispatch(display: &mut NoIoDrop<Display<Compositor>>, compositor: &mut Compositor) -> std::io::Result<()> {
    // SAFETY: the display is not dropped while its event source lives: this only borrows it.
    let display = unsafe { display.get_mut() };
    display.dispatch_clients(compositor).map(drop)
}
