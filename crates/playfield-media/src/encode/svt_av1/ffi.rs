//! SVT-AV1, behind the functions of `shim.c`, wrapped so that nothing unsafe leaves this file.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr::{NonNull, null};
use std::slice;

use crate::convert::I420;
use crate::encode::{Coder, MAX_RATE_HZ, threads};

/// The shim's object.
#[repr(C)]
struct Shim {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn playfield_svt_av1_open(width: c_int, height: c_int, rate_hz: c_int, threads: c_int) -> *mut Shim;
    fn playfield_svt_av1_encode(
        this: *mut Shim,
        planes: *const *const u8,
        strides: *const c_int,
        qp: c_int,
        unit: *mut *const u8,
        is_key: *mut c_int,
    ) -> c_int;
    fn playfield_svt_av1_close(this: *mut Shim);
}

/// An encoder for pictures of one size.
pub(in crate::encode) struct RawEncoder {
    shim: NonNull<Shim>,
    width: u16,
    height: u16,
    qp: u8,
    /// A picture was coded.
    begun: bool,
}

// SAFETY: the object has no tie to a thread; `&mut self` keeps calls apart.
unsafe impl Send for RawEncoder {}

fn open(width: u16, height: u16) -> Result<NonNull<Shim>, i32> {
    let even = |side: u16| c_int::from(side.next_multiple_of(2));
    let (rate, threads) = (c_int::from(MAX_RATE_HZ), c_int::from(threads(width, height)));
    // SAFETY: returns an object or null.
    NonNull::new(unsafe { playfield_svt_av1_open(even(width), even(height), rate, threads) }).ok_or(-1)
}

impl RawEncoder {
    pub fn open(width: u16, height: u16) -> Result<RawEncoder, i32> {
        Ok(RawEncoder { shim: open(width, height)?, width, height, qp: 0, begun: false })
    }
}

impl Coder for RawEncoder {
    fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// AV1's go to 63, and a step is about as coarse at the same part of the way.
    fn set_qp(&mut self, qp: u8) -> Result<(), i32> {
        self.qp = (u16::from(qp) * 63 / 51) as u8;
        Ok(())
    }

    fn encode(&mut self, picture: &I420, key: bool, out: &mut Vec<u8>) -> Result<bool, i32> {
        assert_eq!((picture.width(), picture.height()), self.size(), "one encoder codes one size");
        if key && self.begun {
            // The library makes none on demand where nothing waits, but begins with one.
            let fresh = open(self.width, self.height)?;
            // SAFETY: opened by the shim, not used after.
            unsafe { playfield_svt_av1_close(std::mem::replace(&mut self.shim, fresh).as_ptr()) };
        }
        self.begun = true;
        let planes = [picture.y().as_ptr(), picture.u().as_ptr(), picture.v().as_ptr()];
        let (luma, chroma) = (picture.y_stride() as c_int, picture.uv_stride() as c_int);
        let strides = [luma, chroma, chroma];
        let (mut unit, mut is_key) = (null(), 0);
        // SAFETY: a live object; three planes and strides, each plane with the rows of an even size; two places to write to.
        let length = unsafe {
            playfield_svt_av1_encode(
                self.shim.as_ptr(),
                planes.as_ptr(),
                strides.as_ptr(),
                c_int::from(self.qp),
                &mut unit,
                &mut is_key,
            )
        };
        let length = usize::try_from(length).map_err(|_| length)?;
        // SAFETY: the shim wrote so many bytes there, and leaves them until the next call.
        out.extend_from_slice(unsafe { slice::from_raw_parts(unit, length) });
        Ok(is_key != 0)
    }
}

impl Drop for RawEncoder {
    fn drop(&mut self) {
        // SAFETY: opened by the shim, not used after.
        unsafe { playfield_svt_av1_close(self.shim.as_ptr()) };
    }
}
