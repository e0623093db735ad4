//! Video4Linux's interface for capture by mapped buffers: Linux, `include/uapi/linux/videodev2.h`.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::{NonNull, null_mut};

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Setter, Updater, ioctl, opcode};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// `V4L2_BUF_TYPE_VIDEO_CAPTURE` and `V4L2_MEMORY_MMAP`.
const CAPTURE: u32 = 1;
const MMAP: u32 = 1;
/// `V4L2_CAP_VIDEO_CAPTURE`, `V4L2_CAP_STREAMING` and `V4L2_CAP_DEVICE_CAPS`.
const CAN_CAPTURE: u32 = 1;
const CAN_STREAM: u32 = 0x0400_0000;
const HAS_DEVICE_CAPS: u32 = 0x8000_0000;
/// `V4L2_BUF_FLAG_ERROR`.
const DAMAGED: u32 = 0x40;
/// Largest buffer that is mapped, in bytes.
const MOST_BUFFER: u32 = 32 << 20;

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Capability {
    names: [[u8; 16]; 5],
    version: u32,
    capabilities: u32,
    device_caps: u32,
    reserved: [u32; 3],
}

/// A pixel format as it is asked for and given.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PixFormat {
    pub width: u32,
    pub height: u32,
    pub pixelformat: u32,
    pub field: u32,
    pub bytesperline: u32,
    pub sizeimage: u32,
    pub colorspace: u32,
    pub private: u32,
    pub flags: u32,
    pub encoding: u32,
    pub quantization: u32,
    pub transfer: u32,
}

/// The union in it has pointers, so it lies as they do.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct FormatUnion {
    pix: PixFormat,
    rest: [u8; 152],
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Format {
    kind: u32,
    union: FormatUnion,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct RequestBuffers {
    count: u32,
    kind: u32,
    memory: u32,
    capabilities: u32,
    flags: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Buffer {
    index: u32,
    kind: u32,
    bytesused: u32,
    flags: u32,
    field: u32,
    timestamp: [libc::c_long; 2],
    timecode: [u32; 4],
    sequence: u32,
    memory: u32,
    /// `offset`, the first member of a union with a pointer.
    m: [libc::c_ulong; 1],
    length: u32,
    reserved: u32,
    request: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct StreamParm {
    kind: u32,
    capability: u32,
    mode: u32,
    numerator: u32,
    denominator: u32,
    rest: [u32; 46],
}

const QUERYCAP: Opcode = opcode::read::<Capability>(b'V', 0);
const S_FMT: Opcode = opcode::read_write::<Format>(b'V', 5);
const REQBUFS: Opcode = opcode::read_write::<RequestBuffers>(b'V', 8);
const QUERYBUF: Opcode = opcode::read_write::<Buffer>(b'V', 9);
const QBUF: Opcode = opcode::read_write::<Buffer>(b'V', 15);
const DQBUF: Opcode = opcode::read_write::<Buffer>(b'V', 17);
const STREAMON: Opcode = opcode::write::<libc::c_int>(b'V', 18);
const S_PARM: Opcode = opcode::read_write::<StreamParm>(b'V', 22);

/// A device that captures.
pub(super) struct Device {
    file: File,
    mapped: Vec<Mapped>,
}

/// A buffer of the device.
struct Mapped {
    at: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to this value alone, and no thread in particular.
unsafe impl Send for Mapped {}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing refers to it any more.
        // A failure leaves it mapped, which harms nobody.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.length) };
    }
}

impl Device {
    /// Opens one, and says whether it can capture.
    pub fn open(path: &Path) -> io::Result<Device> {
        let file =
            OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(path)?;
        let device = Device { file, mapped: Vec::new() };
        let mut can = Capability::default();
        // SAFETY: the opcode is made of this structure, which the kernel fills in.
        unsafe { device.update::<QUERYCAP, _>(&mut can) }?;
        let caps = if can.capabilities & HAS_DEVICE_CAPS != 0 { can.device_caps } else { can.capabilities };
        if caps & CAN_CAPTURE == 0 || caps & CAN_STREAM == 0 {
            return Err(io::Error::other("it is no camera: it does not capture pictures into mapped buffers"));
        }
        Ok(device)
    }

    /// Asks for a format; the driver answers with the nearest that it has.
    pub fn set_format(&self, wanted: PixFormat) -> io::Result<PixFormat> {
        let mut format = Format { kind: CAPTURE, union: FormatUnion { pix: wanted, rest: [0; 152] } };
        // SAFETY: the opcode is made of this structure, which the kernel reads and fills in.
        unsafe { self.update::<S_FMT, _>(&mut format) }?;
        Ok(format.union.pix)
    }

    /// Asks for so many pictures a second. Many drivers have one rate only.
    pub fn set_rate(&self, hz: u32) -> io::Result<()> {
        let mut parm =
            StreamParm { kind: CAPTURE, capability: 0, mode: 0, numerator: 1, denominator: hz, rest: [0; 46] };
        // SAFETY: the opcode is made of this structure, which the kernel reads and fills in.
        unsafe { self.update::<S_PARM, _>(&mut parm) }
    }

    /// Maps buffers, hands them to the driver and starts.
    pub fn start(&mut self, count: u32) -> io::Result<()> {
        let mut request = RequestBuffers { count, kind: CAPTURE, memory: MMAP, ..RequestBuffers::default() };
        // SAFETY: the opcode is made of this structure, which the kernel reads and fills in.
        unsafe { self.update::<REQBUFS, _>(&mut request) }?;
        for index in 0..request.count.min(32) {
            let mut buffer = Buffer { index, ..empty() };
            // SAFETY: as above.
            unsafe { self.update::<QUERYBUF, _>(&mut buffer) }?;
            if buffer.length == 0 || buffer.length > MOST_BUFFER {
                return Err(io::Error::other("its buffers have no size that makes sense"));
            }
            let (length, offset) = (buffer.length as usize, buffer.m[0] as u32);
            // SAFETY: a new mapping anywhere, of the length that the driver says; only its own driver writes into it.
            let at = unsafe { mmap(null_mut(), length, ProtFlags::READ, MapFlags::SHARED, &self.file, offset.into()) }?;
            let at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("a buffer is nowhere"))?;
            self.mapped.push(Mapped { at, length });
            self.queue(index)?;
        }
        // SAFETY: the kernel reads an integer.
        unsafe { ioctl(&self.file, Setter::<STREAMON, libc::c_int>::new(CAPTURE as libc::c_int)) }?;
        Ok(())
    }

    /// Takes the next filled buffer and gives its bytes to `each`; false: none is filled.
    pub fn take(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<bool> {
        let mut buffer = empty();
        // SAFETY: the opcode is made of this structure, which the kernel reads and fills in.
        match unsafe { self.update::<DQBUF, _>(&mut buffer) } {
            Err(error) if error.raw_os_error() == Some(Errno::AGAIN.raw_os_error()) => return Ok(false),
            other => other?,
        }
        if let Some(mapped) = self.mapped.get(buffer.index as usize)
            && buffer.flags & DAMAGED == 0
        {
            let length = mapped.length.min(buffer.bytesused as usize);
            // SAFETY: it is mapped for that length, and the driver leaves it alone until it is queued again.
            each(unsafe { std::slice::from_raw_parts(mapped.at.as_ptr(), length) });
        }
        self.queue(buffer.index)?;
        Ok(true)
    }

    fn queue(&self, index: u32) -> io::Result<()> {
        let mut buffer = Buffer { index, ..empty() };
        // SAFETY: the opcode is made of this structure, which the kernel reads and fills in.
        unsafe { self.update::<QBUF, _>(&mut buffer) }
    }

    /// # Safety
    /// `OPCODE` must be one that takes a pointer to a `T`.
    unsafe fn update<const OPCODE: Opcode, T>(&self, value: &mut T) -> io::Result<()> {
        loop {
            // SAFETY: the caller says that it fits.
            match unsafe { ioctl(&self.file, Updater::<OPCODE, T>::new(value)) } {
                Err(Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    }
}

fn empty() -> Buffer {
    Buffer { kind: CAPTURE, memory: MMAP, ..Buffer::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn the_kernel_s_numbers_follow_from_the_structures() {
        let numbers = [QUERYCAP, S_FMT, REQBUFS, QUERYBUF, QBUF, DQBUF, STREAMON, S_PARM];
        let kernel =
            [0x8068_5600u32, 0xc0d0_5605, 0xc014_5608, 0xc058_5609, 0xc058_560f, 0xc058_5611, 0x4004_5612, 0xc0cc_5616];
        assert_eq!(numbers, kernel);
        assert_eq!(std::mem::offset_of!(Format, union), 8);
        assert_eq!(std::mem::offset_of!(Buffer, timestamp), 24);
        assert_eq!(std::mem::offset_of!(Buffer, m), 64);
        assert_eq!(std::mem::offset_of!(Buffer, length), 72);
        assert_eq!(std::mem::offset_of!(Capability, capabilities), 84);
    }

    #[test]
    fn what_is_no_camera_is_refused() {
        assert!(Device::open(Path::new("/dev/null")).is_err());
        assert!(Device::open(Path::new("/dev/video-none")).is_err());
    }
}
