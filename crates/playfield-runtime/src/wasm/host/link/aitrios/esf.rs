//! ESF's calls: JPEG, the memory that handles name, and the device's id.

use wasmtime::{Linker, Result};

use super::{At, device};
use crate::wasm::host::aitrios::esf::{INFO, Info, JpegError};
use crate::wasm::host::aitrios::{Aitrios, Fault, Mem, word};
use crate::wasm::host::link::{Call, Host};

const OK: i32 = 0;
const FAILED: i32 = -1;
/// Bytes of the structure of `EsfCodecEncodeJpeg`: where the pixels are (8), where the JPEG goes to (8), how much room is there (4,
/// and 4 that are nothing), what the pixels are ([`INFO`]), and 4 that are nothing.
const PARAMETERS: i32 = 48;
/// Where in it the latter are.
const PIXELS: usize = 24;
/// The device's own id is nothing that an app has to know: fifteen zeros are no id.
const DEVICE_ID: &[u8; 16] = b"000000000000000\0";

/// Nobody here knows when which part of the sensor did what; and there is no device that streams of the app's own would go to.
pub const REFUSED: &[(&str, i32)] = &[
    ("EsfSensorLatencySetMode", FAILED),
    ("EsfSensorLatencyGetTimestamps", FAILED),
    ("senscord_ub_create_stream", 0),
    ("senscord_ub_create_stream_depth", 0),
    ("senscord_ub_send_data", FAILED),
    ("senscord_ub_destroy_stream", FAILED),
];

impl From<Fault> for JpegError {
    fn from(_: Fault) -> JpegError {
        JpegError::Parameter
    }
}

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    let m = "env";
    linker.func_wrap(m, "EsfCodecEncodeJpeg", |mut c: Call<'_>, parameters: i32, size: i32| {
        in_memory(&mut c, parameters, size)
    })?;
    linker.func_wrap(m, "EsfCodecJpegEncodeHandle", |mut c: Call<'_>, of: i32, to: i32, info: i32, size: i32| {
        by_handle(&mut c, of, [to, info, size])
    })?;
    linker.func_wrap(m, "EsfCodecJpegEncodeRelease", |mut c: Call<'_>, handle: i32| {
        coded(&mut c, |_, it| it.esf.release(handle.cast_unsigned()))
    })?;
    linker.func_wrap(m, "EsfSystemGetDeviceID", |mut c: Call<'_>, to: i32| {
        Ok(device(&mut c)?.mem.write(to, DEVICE_ID).map_or(FAILED, |()| OK))
    })?;
    linker.func_wrap(
        m,
        "EsfMemoryManagerPread",
        |mut c: Call<'_>, handle: i32, to: i32, len: i32, from: i64, read: i32| {
            let At { mut mem, it, .. } = device(&mut c)?;
            let Some(bytes) = named(&it, handle) else { return Ok(FAILED) };
            let Some(rest) = usize::try_from(from).ok().and_then(|from| bytes.get(from..)) else { return Ok(FAILED) };
            let part = &rest[..rest.len().min(len.cast_unsigned() as usize)];
            let done = mem.write(to, part).and_then(|()| mem.write(read, &(part.len() as u32).to_le_bytes()));
            Ok(done.map_or(FAILED, |()| OK))
        },
    )?;
    Ok(())
}

/// What a handle names: a channel of the frame that the app holds, or a JPEG.
fn named(it: &Aitrios, handle: i32) -> Option<&[u8]> {
    let channel = || it.sensor.bytes_of(handle.checked_sub(1)?.cast_unsigned());
    it.esf.coded(handle.cast_unsigned()).or_else(channel)
}

/// Does something, and answers as the codec does.
fn coded(call: &mut Call<'_>, work: impl FnOnce(&mut Mem<'_>, &mut Aitrios) -> Result<(), JpegError>) -> Result<i32> {
    let At { mut mem, mut it, .. } = device(call)?;
    Ok(work(&mut mem, &mut it).map_or_else(|error| error as i32, |()| OK))
}

/// A JPEG of pixels in the app's memory, to its memory.
fn in_memory(call: &mut Call<'_>, parameters: i32, size: i32) -> Result<i32> {
    let mut asked = None;
    let code = coded(call, |mem, it| {
        let structure = mem.read(parameters, PARAMETERS)?;
        let [from, to] = [0, 8].map(|at| pointer(&structure, at));
        let room = usize::try_from(word(&structure, 16)?).map_err(|_| JpegError::Parameter)?;
        let info = Info::read(&structure[PIXELS..])?;
        mem.check(size, 4)?;
        let pixels = mem.read(from?, info.bytes().ok_or(JpegError::Parameter)?)?;
        asked = Some((it.esf.encoder()?, info, pixels, to?, room));
        Ok(())
    })?;
    // Others may call the device while it works.
    let Some((encode, info, pixels, to, room)) = asked else { return Ok(code) };
    let jpeg = info.picture(&pixels).and_then(|picture| encode(&picture, info.quality));
    coded(call, |mem, _| {
        let jpeg = jpeg.ok_or(JpegError::Library)?;
        if jpeg.len() > room {
            return Err(JpegError::Full);
        }
        mem.write(to, &jpeg)?;
        Ok(mem.write(size, &(jpeg.len() as u32).to_le_bytes())?)
    })
}

/// A JPEG of what a handle names, to a handle of its own.
fn by_handle(call: &mut Call<'_>, of: i32, [to, info, size]: [i32; 3]) -> Result<i32> {
    let mut asked = None;
    let code = coded(call, |mem, it| {
        mem.check(to, 4)?;
        mem.check(size, 4)?;
        it.esf.has_room()?;
        let info = Info::read(&mem.read(info, INFO as i32)?)?;
        let picture = named(it, of).and_then(|pixels| info.picture(pixels)).ok_or(JpegError::Parameter)?;
        asked = Some((it.esf.encoder()?, info, picture));
        Ok(())
    })?;
    let Some((encode, info, picture)) = asked else { return Ok(code) };
    let jpeg = encode(&picture, info.quality);
    coded(call, |mem, it| {
        let jpeg = jpeg.ok_or(JpegError::Library)?;
        let length = (jpeg.len() as u32).to_le_bytes();
        let handle = it.esf.hold(jpeg)?;
        mem.write(to, &handle.to_le_bytes())?;
        Ok(mem.write(size, &length)?)
    })
}

/// A pointer, as it stands in a structure that has room for larger ones.
fn pointer(structure: &[u8], at: usize) -> Result<i32, JpegError> {
    let eight = structure.get(at..).and_then(|rest| rest.first_chunk()).ok_or(JpegError::Parameter)?;
    match u32::try_from(u64::from_le_bytes(*eight)) {
        Ok(pointer @ 1..) => Ok(pointer.cast_signed()),
        _ => Err(JpegError::Parameter),
    }
}
