//! The kernel's note of written pages: userfaultfd(2), `ioctl_userfaultfd`(2) and `PAGEMAP_SCAN` (Linux,
//! Documentation/admin-guide/mm/pagemap.rst). Neither the calls nor what they set in motion changes a byte of memory.

use std::ffi::c_void;
use std::fs::File;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl, opcode};
use rustix::mm::{UserfaultfdFlags, userfaultfd};

use super::PAGE;

const UFFD_API: u64 = 0xaa;
/// `UFFD_USER_MODE_ONLY`: all that is allowed without privilege.
const USER_MODE_ONLY: u32 = 1;
/// `UFFD_FEATURE_PAGEFAULT_FLAG_WP`, `UFFD_FEATURE_WP_UNPOPULATED`, `UFFD_FEATURE_WP_ASYNC`.
const FEATURES: u64 = 1 | 1 << 13 | 1 << 15;
/// `UFFDIO_REGISTER_MODE_WP`.
const MODE_WP: u64 = 2;
/// `PM_SCAN_WP_MATCHING`, `PM_SCAN_CHECK_WPASYNC`.
const SCAN_AND_PROTECT: u64 = 1 | 2;
/// `PAGE_IS_WRITTEN`.
const WRITTEN: u64 = 2;
/// Regions that one call may tell.
const REGIONS: usize = 128;

/// The process's own eye on its memory.
pub struct Watch {
    faults: OwnedFd,
    pagemap: File,
}

impl Watch {
    /// None where the kernel does not offer it, or does not allow it.
    pub fn new() -> Option<Watch> {
        let flags =
            UserfaultfdFlags::from_bits_retain(USER_MODE_ONLY) | UserfaultfdFlags::CLOEXEC | UserfaultfdFlags::NONBLOCK;
        // SAFETY: nothing is registered by this; what will be are memories of guests, and their faults resolve themselves.
        let faults = unsafe { userfaultfd(flags) }.ok()?;
        let api = Api { api: UFFD_API, features: FEATURES, ioctls: 0 };
        // SAFETY: `Api` is laid out as `struct uffdio_api`, which is what this call reads and writes.
        unsafe { ioctl(&faults, Call { opcode: opcode::read_write::<Api>(0xaa, 0x3f), argument: api }) }.ok()?;
        let watch = Watch { faults, pagemap: File::open("/proc/self/pagemap").ok()? };
        watch.works().then_some(watch)
    }

    /// Tries it out: what an older kernel, or a stricter one, does not know is known then.
    fn works(&self) -> bool {
        let mut room = vec![0u8; 4 * PAGE];
        let start = room.as_ptr().align_offset(PAGE);
        let Some(pages) = room.get_mut(start..start + 2 * PAGE) else { return false };
        let mut written = Vec::new();
        let mut told = |pages: &[u8]| {
            written.clear();
            self.written(pages, |range| written.extend(range)).then(|| written.clone())
        };
        let began = self.begin(pages, pages.len()) && told(pages).is_some();
        pages[PAGE] = 1;
        let noted = began && told(pages) == Some(vec![1]) && told(pages) == Some(Vec::new());
        self.end(pages);
        noted
    }

    /// Watches `memory` and what follows it, `length` bytes in all. `memory` begins with a page.
    pub fn begin(&self, memory: &[u8], length: usize) -> bool {
        let range = [memory.as_ptr() as u64, length.next_multiple_of(PAGE) as u64];
        let argument = Register { range, mode: MODE_WP, ioctls: 0 };
        // SAFETY: `Register` is laid out as `struct uffdio_register`. Registering only has the kernel note writes: with
        // WP_ASYNC alone it lets each write through by itself. The range may reach into address space that the engine has
        // reserved behind the memory for it to grow; it is nobody else's.
        unsafe { ioctl(&self.faults, Call { opcode: opcode::read_write::<Register>(0xaa, 0), argument }) }.is_ok()
    }

    fn end(&self, memory: &[u8]) {
        let range = [memory.as_ptr() as u64, memory.len() as u64];
        // SAFETY: `[u64; 2]` is laid out as `struct uffdio_range`; the kernel stops noting writes there.
        let ended = unsafe { ioctl(&self.faults, Call { opcode: opcode::read::<[u64; 2]>(0xaa, 1), argument: range }) };
        // It was only for a try: what goes on being noted harms nobody.
        let _ = ended;
    }

    /// Tells the pages of a watched memory that were written to since the last call, and notes further writes from now on.
    pub fn written(&self, memory: &[u8], mut each: impl FnMut(Range<usize>)) -> bool {
        let base = memory.as_ptr() as u64;
        let (mut at, end) = (base, base + memory.len() as u64);
        let mut regions = [Region::default(); REGIONS];
        while at < end {
            let argument = Scan {
                size: size_of::<Scan>() as u64,
                flags: SCAN_AND_PROTECT,
                start: at,
                end,
                walk_end: 0,
                vec: regions.as_mut_ptr() as u64,
                vec_len: REGIONS as u64,
                max_pages: 0,
                category_inverted: 0,
                category_mask: WRITTEN,
                category_anyof_mask: 0,
                return_mask: WRITTEN,
            };
            let call = Call { opcode: opcode::read_write::<Scan>(b'f', 16), argument };
            // SAFETY: `Scan` is laid out as `struct pm_scan_arg`; `regions` outlives the call and has room for `vec_len`.
            let told = unsafe { ioctl(self.pagemap.as_fd(), call) };
            let Ok((told, scan)) = told else { return false };
            for region in regions.iter().take(told) {
                each((region.start - base) as usize / PAGE..(region.end - base) as usize / PAGE);
            }
            if scan.walk_end <= at {
                return false;
            }
            at = scan.walk_end;
        }
        true
    }
}

/// `struct uffdio_api`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Api {
    api: u64,
    features: u64,
    ioctls: u64,
}

/// `struct uffdio_register`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Register {
    range: [u64; 2],
    mode: u64,
    ioctls: u64,
}

/// `struct page_region`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// A call that reads and writes its argument; gives what it returned, and the argument.
struct Call<T> {
    opcode: Opcode,
    argument: T,
}

// SAFETY: the pointer is to the argument, which whoever makes a `Call` has laid out as its opcode demands.
unsafe impl<T: Copy> Ioctl for Call<T> {
    type Output = (usize, T);

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        self.opcode
    }

    fn as_ptr(&mut self) -> *mut c_void {
        (&raw mut self.argument).cast()
    }

    unsafe fn output_from_ptr(returned: IoctlOutput, argument: *mut c_void) -> io::Result<(usize, T)> {
        // SAFETY: the pointer is the one `as_ptr` gave, to a `T` that is still there.
        let argument = unsafe { *argument.cast::<T>() };
        Ok((usize::try_from(returned).unwrap_or(0), argument))
    }
}
