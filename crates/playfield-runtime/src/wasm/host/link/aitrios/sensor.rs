//! SensCord's calls.

use wasmtime::{Linker, Result};

use super::{At, device, give, own, take_back, wait};
use crate::wasm::host::aitrios::booth::{For, Woken};
use crate::wasm::host::aitrios::sensor::{Cause, Sensor};
use crate::wasm::host::aitrios::{Fault, Mem, word};
use crate::wasm::host::link::{Call, Host};

const OK: i32 = 0;
const FAILED: i32 = -1;
/// Largest structure of a property, in bytes.
const MOST_PROPERTY: i32 = 4096;

impl From<Fault> for Cause {
    fn from(_: Fault) -> Cause {
        Cause::InvalidArgument
    }
}

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    streams(linker)?;
    channels(linker)?;
    errors(linker)
}

/// Does something, and notes why it failed, for the thread that asked.
fn sense(call: &mut Call<'_>, work: impl FnOnce(&mut Mem<'_>, &mut Sensor) -> Result<(), Cause>) -> Result<i32> {
    let At { mut mem, mut it, last, .. } = device(call)?;
    let done = work(&mut mem, &mut it.sensor);
    *last = done.err().unwrap_or_default();
    Ok(if done.is_ok() { OK } else { FAILED })
}

/// The same with memory of the app's to be given back.
fn sense_and_free(call: &mut Call<'_>, work: impl FnOnce(&mut Sensor) -> Result<Vec<i32>, Cause>) -> Result<i32> {
    let mut given = Vec::new();
    let code = sense(call, |_, sensor| work(sensor).map(|its| given = its))?;
    given.into_iter().try_for_each(|at| take_back(call, at))?;
    Ok(code)
}

fn streams(linker: &mut Linker<Host>) -> Result<()> {
    let m = "env";
    linker.func_wrap(m, "senscord_core_init", |mut c: Call<'_>, to: i32| {
        sense(&mut c, |mem, sensor| Ok(mem.write(to, &sensor.open_core().to_le_bytes())?))
    })?;
    linker.func_wrap(m, "senscord_core_exit", |mut c: Call<'_>, core: i64| {
        sense_and_free(&mut c, |sensor| sensor.close(core))
    })?;
    linker.func_wrap(m, "senscord_core_open_stream", |mut c: Call<'_>, core: i64, key: i32, to: i32| {
        sense(&mut c, |mem, sensor| {
            let stream = sensor.open_stream(core, &mem.text(key)?)?;
            Ok(mem.write(to, &stream.to_le_bytes())?)
        })
    })?;
    linker.func_wrap(m, "senscord_core_close_stream", |mut c: Call<'_>, _core: i64, stream: i64| {
        sense_and_free(&mut c, |sensor| sensor.close(stream))
    })?;
    linker.func_wrap(m, "senscord_stream_start", |mut c: Call<'_>, stream: i64| {
        sense(&mut c, |_, sensor| sensor.start(stream, true))
    })?;
    linker.func_wrap(m, "senscord_stream_stop", |mut c: Call<'_>, stream: i64| {
        sense(&mut c, |_, sensor| sensor.start(stream, false))
    })?;
    linker.func_wrap(m, "senscord_stream_get_frame", |mut c: Call<'_>, stream: i64, to: i32, timeout: i32| {
        get_frame(&mut c, stream, to, timeout)
    })?;
    linker.func_wrap(m, "senscord_stream_release_frame", |mut c: Call<'_>, stream: i64, frame: i64| {
        sense_and_free(&mut c, |sensor| sensor.release(stream, frame))
    })?;
    linker.func_wrap(
        m,
        "senscord_stream_get_property",
        |mut c: Call<'_>, stream: i64, key: i32, to: i32, size: i32| {
            sense(&mut c, |mem, sensor| {
                sensor.check_stream(stream)?;
                get_property(mem, sensor, None, key, [to, size])
            })
        },
    )?;
    linker.func_wrap(
        m,
        "senscord_stream_set_property",
        |mut c: Call<'_>, stream: i64, key: i32, from: i32, size: i32| {
            sense(&mut c, |mem, sensor| {
                sensor.check_stream(stream)?;
                set_property(mem, sensor, key, [from, size])
            })
        },
    )?;
    Ok(())
}

/// The next frame, waited for.
fn get_frame(call: &mut Call<'_>, stream: i64, to: i32, timeout: i32) -> Result<i32> {
    let ready = sense(call, |mem, sensor| {
        mem.check(to, 8)?;
        sensor.may_take(stream)
    })?;
    if ready != OK {
        return Ok(ready);
    }
    let woken = wait(call, For::Picture, timeout.into())?;
    sense(call, |mem, sensor| match woken {
        // Another thread may have been given one meanwhile; then it goes on with that.
        Woken::Picture(still) => {
            sensor.may_take(stream).and_then(|()| Ok(mem.write(to, &sensor.take(still).to_le_bytes())?))
        }
        Woken::Late | Woken::News => Err(Cause::Timeout),
        Woken::Stopping | Woken::Over => Err(Cause::Cancelled),
    })
}

fn get_property(
    mem: &mut Mem<'_>,
    sensor: &Sensor,
    channel: Option<u32>,
    key: i32,
    [to, size]: [i32; 2],
) -> Result<(), Cause> {
    let value = sensor.property(channel, &mem.text(key)?, &mem.read(to, size.clamp(0, MOST_PROPERTY))?)?;
    // A structure that is shorter than the property is another one.
    if value.len() > size.cast_unsigned() as usize {
        return Err(Cause::InvalidArgument);
    }
    Ok(mem.write(to, &value)?)
}

fn set_property(mem: &Mem<'_>, sensor: &Sensor, key: i32, [from, size]: [i32; 2]) -> Result<(), Cause> {
    let wanted = mem.read(from, size.clamp(0, MOST_PROPERTY))?;
    sensor.set(&mem.text(key)?, &wanted)
}

fn channels(linker: &mut Linker<Host>) -> Result<()> {
    let m = "env";
    linker.func_wrap(m, "senscord_frame_get_sequence_number", |mut c: Call<'_>, frame: i64, to: i32| {
        sense(&mut c, |mem, sensor| Ok(mem.write(to, &sensor.sequence(frame)?.to_le_bytes())?))
    })?;
    linker.func_wrap(
        m,
        "senscord_frame_get_channel_from_channel_id",
        |mut c: Call<'_>, frame: i64, id: i32, to: i32| {
            sense(&mut c, |mem, sensor| Ok(mem.write(to, &sensor.channel(frame, id)?.to_le_bytes())?))
        },
    )?;
    linker.func_wrap(m, "senscord_channel_get_channel_id", |mut c: Call<'_>, channel: i64, to: i32| {
        sense(&mut c, |mem, sensor| Ok(mem.write(to, &sensor.channel_id(channel)?.to_le_bytes())?))
    })?;
    linker.func_wrap(m, "senscord_channel_get_raw_data", |mut c: Call<'_>, channel: i64, to: i32| {
        raw_data(&mut c, channel, to)
    })?;
    linker.func_wrap(m, "senscord_channel_get_raw_data_handle", |mut c: Call<'_>, channel: i64, to: i32| {
        sense(&mut c, |mem, sensor| {
            let (id, raw) = (sensor.channel_id(channel)?, sensor.raw(channel)?);
            let mut words = [0u64; 4];
            // The name of its kind is only to be had with the bytes.
            (words[0], words[1], words[3]) = (u64::from(id) + 1, raw.bytes.len() as u64, raw.time_ns);
            let words: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            Ok(mem.write(to, &words)?)
        })
    })?;
    linker.func_wrap(
        m,
        "senscord_channel_get_property",
        |mut c: Call<'_>, channel: i64, key: i32, to: i32, size: i32| {
            sense(&mut c, |mem, sensor| {
                let id = sensor.channel_id(channel)?;
                get_property(mem, sensor, Some(id), key, [to, size])
            })
        },
    )?;
    Ok(())
}

/// The bytes of a channel, in memory of the app's own that it has until it releases the frame.
fn raw_data(call: &mut Call<'_>, channel: i64, to: i32) -> Result<i32> {
    let mut raw = None;
    let code = sense(call, |mem, sensor| {
        mem.check(to, 24)?;
        raw = Some((sensor.raw(channel)?, *sensor.given(channel)?));
        Ok(())
    })?;
    let Some((raw, given)) = raw else { return Ok(code) };
    let at = match given {
        Some(at) => Some(at),
        None => give(call, &[&*raw.bytes, raw.kind.as_bytes(), b"\0"].concat())?,
    };
    sense(call, |mem, sensor| {
        let at = at.ok_or(Cause::Exhausted)?;
        *sensor.given(channel)? = Some(at);
        let (length, at) = (raw.bytes.len() as u32, at.cast_unsigned());
        let words = [at, length, at.wrapping_add(length), 0].map(u32::to_le_bytes).concat();
        Ok(mem.write(to, &[words, raw.time_ns.to_le_bytes().to_vec()].concat())?)
    })
}

fn errors(linker: &mut Linker<Host>) -> Result<()> {
    let m = "env";
    linker.func_wrap(m, "senscord_get_last_error_level", |mut c: Call<'_>| {
        Ok(i32::from(own(&mut c)?.last != Cause::None))
    })?;
    linker.func_wrap(m, "senscord_get_last_error_cause", |mut c: Call<'_>| Ok(own(&mut c)?.last as i32))?;
    linker.func_wrap(m, "senscord_get_last_error_string", |mut c: Call<'_>, _of: i32, to: i32, length: i32| {
        let At { mut mem, last, .. } = device(&mut c)?;
        let words = [last.words().as_bytes(), b"\0"].concat();
        // The length that it is told is without the zero.
        let Ok(room) = mem.read(length, 4).and_then(|four| word(&four, 0)) else { return Ok(FAILED) };
        let part = &words[..words.len().min(room.cast_unsigned() as usize)];
        let done = mem.write(to, part).and_then(|()| mem.write(length, &(words.len() as u32 - 1).to_le_bytes()));
        Ok(done.map_or(FAILED, |()| OK))
    })?;
    Ok(())
}
