//! Windows that a graphics card drew: buffers of its driver's, by `zwp_linux_dmabuf_v1`.
//!
//! Programs draw with the card by its render node, and hand over the file descriptor of what they drew. It is mapped and read by
//! the processor, like any other window. So it must be linear: one plane, one row after the other. Of formats and layouts only
//! those are offered, and what is something else is refused.
//!
//! A file that becomes shorter while it is mapped would end this process. A buffer of a driver's cannot; any other file is only
//! taken if it is memory that is sealed against that.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::fs::{SealFlags, SeekFrom, fcntl_get_seals, fstatfs, seek};
use smithay::backend::allocator::dmabuf::Dmabuf;
use smithay::backend::allocator::{Buffer, Format, Modifier};
use smithay::reexports::calloop::Interest;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{DisplayHandle, Resource};
use smithay::wayland::compositor::{BufferAssignment, CompositorHandler, SurfaceAttributes, add_blocker, with_states};
use smithay::wayland::dmabuf::{
    DmabufFeedbackBuilder, DmabufGlobal, DmabufHandler, DmabufState, ImportNotifier, get_dmabuf,
};

use super::Compositor;
use super::ffi::{Mapped, Place};
use super::painter::FORMATS;

/// `DMA_BUF_MAGIC` (`linux/magic.h`): the file system of drivers' buffers.
const DRIVERS: i64 = 0x444d_4142;
/// Bytes of a pixel.
const PIXEL: usize = 4;

/// What buffers may be like.
pub fn formats() -> impl Iterator<Item = Format> {
    FORMATS.into_iter().map(|(code, _)| Format { code, modifier: Modifier::Linear })
}

/// Offers them to programs, if there is a card to draw with.
pub fn offer(display: &DisplayHandle, card: Option<u64>) -> io::Result<DmabufState> {
    let mut state = DmabufState::new();
    if let Some(card) = card {
        let feedback = DmabufFeedbackBuilder::new(card, formats()).build()?;
        // It is offered for as long as there is a display.
        let _: DmabufGlobal = state.create_global_with_default_feedback::<Compositor>(display, &feedback);
    }
    Ok(state)
}

/// Why a buffer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It has no pixels, or is too large to be true.
    Size,
    /// It has more than one plane.
    Planes,
    /// It is of another format, not linear, or upside down.
    Format,
    /// Its rows overlap, it is shorter than its rows, can become so, or cannot be read.
    Memory,
}

/// Maps a buffer, if it is one that was offered.
fn take(buffer: &Dmabuf) -> Result<Mapped, Refusal> {
    let size = buffer.size();
    let side = |side: i32| usize::try_from(side).ok().filter(|side| *side > 0).ok_or(Refusal::Size);
    let (width, height) = (side(size.w)?, side(size.h)?);
    if buffer.num_planes() != 1 {
        return Err(Refusal::Planes);
    }
    if !formats().any(|format| format == buffer.format()) || buffer.y_inverted() {
        return Err(Refusal::Format);
    }
    let (Some(file), Some(offset), Some(stride)) =
        (buffer.handles().next(), buffer.offsets().next(), buffer.strides().next())
    else {
        return Err(Refusal::Planes);
    };
    let row = width.checked_mul(PIXEL).ok_or(Refusal::Size)?;
    let place = Place { offset: offset as usize, stride: stride as usize, row, rows: height };
    let end = place.end().filter(|_| place.stride >= row).ok_or(Refusal::Memory)?;
    if lasting(file).is_none_or(|len| len < end as u64) {
        return Err(Refusal::Memory);
    }
    Mapped::new(buffer.clone(), place).map_err(|_| Refusal::Memory)
}

/// The length of a file in bytes, if it never becomes shorter.
fn lasting(file: BorrowedFd<'_>) -> Option<u64> {
    let of_driver = fstatfs(file).is_ok_and(|system| system.f_type == DRIVERS);
    let sealed = || fcntl_get_seals(file).is_ok_and(|seals| seals.contains(SealFlags::SHRINK));
    if of_driver || sealed() { seek(file, SeekFrom::End(0)).ok() } else { None }
}

impl DmabufHandler for Compositor {
    fn dmabuf_state(&mut self) -> &mut DmabufState {
        &mut self.protocols.dmabuf
    }

    fn dmabuf_imported(&mut self, _global: &DmabufGlobal, buffer: Dmabuf, notifier: ImportNotifier) {
        match take(&buffer) {
            Ok(mapped) => {
                self.painter.drawn.insert(buffer.clone(), Arc::new(mapped));
                if notifier.successful::<Compositor>().is_err() {
                    self.forget_buffer(&buffer);
                }
            }
            Err(Refusal::Size) => notifier.invalid_dimensions(),
            Err(Refusal::Planes) => notifier.incomplete(),
            Err(Refusal::Format | Refusal::Memory) => notifier.failed(),
        }
    }
}

impl Compositor {
    /// A commit takes effect once the card has drawn what it shows: until then its buffer is not ready to be read, and whoever
    /// reads it would wait.
    pub(super) fn wait_for_card(&mut self, surface: &WlSurface) {
        let buffer = with_states(surface, |states| {
            let mut attributes = states.cached_state.get::<SurfaceAttributes>();
            match &attributes.pending().buffer {
                Some(BufferAssignment::NewBuffer(buffer)) => get_dmabuf(buffer).cloned().ok(),
                _ => None,
            }
        });
        let Some(Ok((blocker, drawn))) = buffer.map(|buffer| buffer.generate_blocker(Interest::READ)) else { return };
        let Some(client) = surface.client() else { return };
        let waits = self.handle.insert_source(drawn, move |(), _, compositor| {
            let display = compositor.display.clone();
            compositor.client_compositor_state(&client).blocker_cleared(compositor, &display);
            Ok(())
        });
        if waits.is_ok() {
            add_blocker(surface, blocker);
        }
    }

    /// A program let go of a buffer.
    pub(super) fn forget_buffer(&mut self, buffer: &Dmabuf) {
        self.painter.drawn.remove(buffer);
    }
}

smithay::delegate_dmabuf!(Compositor);

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use rustix::fs::{MemfdFlags, fcntl_add_seals, ftruncate, memfd_create};
    use smithay::backend::allocator::Fourcc;
    use smithay::backend::allocator::dmabuf::DmabufFlags;

    use super::*;

    /// Memory that stands in for a driver's.
    fn memory(len: u64, seals: SealFlags) -> OwnedFd {
        let file = memfd_create("stand-in", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&file, len).unwrap();
        fcntl_add_seals(&file, seals).unwrap();
        file
    }

    fn buffer(size: (i32, i32), modifier: Modifier, file: OwnedFd, offset: u32, stride: u32) -> Dmabuf {
        let mut builder = Dmabuf::builder(size, Fourcc::Xrgb8888, modifier, DmabufFlags::empty());
        assert!(builder.add_plane(file, 0, offset, stride));
        builder.build().unwrap()
    }

    #[test]
    fn only_linear_buffers_that_are_long_enough_for_good_are_taken() {
        let check = |size, offset, stride, len, expect: Option<Refusal>| {
            let file = memory(len, SealFlags::SHRINK);
            let taken = take(&buffer(size, Modifier::Linear, file, offset, stride)).err();
            assert_eq!(taken, expect, "{size:?} at {offset}, {stride} a row, of {len}");
        };
        check((4, 4), 0, 16, 64, None);
        check((4, 4), 100, 32, 212, None);
        check((4, 4), 0, 16, 63, Some(Refusal::Memory));
        check((4, 4), 1, 16, 64, Some(Refusal::Memory));
        check((4, 4), 0, 15, 64, Some(Refusal::Memory));
        check((4, 4), 0, 0, 64, Some(Refusal::Memory));
        check((0, 4), 0, 16, 64, Some(Refusal::Size));
        check((4, -1), 0, 16, 64, Some(Refusal::Size));
        check((i32::MAX, i32::MAX), u32::MAX, u32::MAX, 64, Some(Refusal::Memory));
        let taken = |buffer: &Dmabuf| take(buffer).err();
        let growing = memory(64, SealFlags::GROW);
        assert_eq!(
            taken(&buffer((4, 4), Modifier::Linear, growing, 0, 16)),
            Some(Refusal::Memory),
            "it can be cut short"
        );
        let (reader, _writer) = std::io::pipe().unwrap();
        assert_eq!(taken(&buffer((4, 4), Modifier::Linear, reader.into(), 0, 16)), Some(Refusal::Memory), "a pipe");
        for modifier in [Modifier::Invalid, Modifier::I915_x_tiled] {
            let file = memory(64, SealFlags::SHRINK);
            assert_eq!(taken(&buffer((4, 4), modifier, file, 0, 16)), Some(Refusal::Format), "{modifier:?}");
        }
    }

    #[test]
    fn a_buffer_is_read_where_its_pixels_are() {
        let file = memory(4 + 2 * 12, SealFlags::SHRINK);
        let words: Vec<u8> = [9u32, 1, 2, 9, 3, 4, 9].iter().flat_map(|word| word.to_le_bytes()).collect();
        rustix::io::pwrite(&file, &words, 0).unwrap();
        let mapped = take(&buffer((2, 2), Modifier::Linear, file, 4, 12)).unwrap();
        let mut seen = Vec::new();
        let mut row = [0; 2];
        mapped.read_rows((0, 0), 2, &mut row, &mut |index, row| seen.push((index, row.to_vec()))).unwrap();
        assert_eq!(seen, [(0, vec![1, 2]), (1, vec![3, 4])]);
        let mut one = [0; 1];
        mapped.read_rows((1, 1), 1, &mut one, &mut |_, row| assert_eq!(row, [4])).unwrap();
        assert!(mapped.read_rows((1, 0), 1, &mut row, &mut |_, _| ()).is_err(), "not all inside");
        assert!(mapped.read_rows((0, 1), 2, &mut row, &mut |_, _| ()).is_err());
    }
}
