//! Reads pixels out of memory that a program may write at the same time, and reaches the display inside its event source.

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

/// Lets programs' requests be handled.
pub fn dispatch(display: &mut NoIoDrop<Display<Compositor>>, compositor: &mut Compositor) -> std::io::Result<()> {
    // SAFETY: the display is not dropped while its event source lives: this only borrows it.
    let display = unsafe { display.get_mut() };
    display.dispatch_clients(compositor).map(drop)
}
