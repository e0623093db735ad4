//! The groups of edge apps, tied to what they do.

use wasmtime::{Linker, Result};

use super::{Call, Host};
use crate::wasm::host::camera::Camera;
use crate::wasm::host::memory::parts;
use crate::wasm::host::{HostTrap, trap};

/// The guest's memory and its camera.
fn desk<'a>(call: &'a mut Call<'_>) -> Result<(&'a mut [u8], &'a mut Camera), HostTrap> {
    let (mem, host) = parts(call)?;
    match &mut host.camera {
        Some(camera) => Ok((mem, camera)),
        // A title that imports these groups was refused before it ran.
        None => trap("there is no camera"),
    }
}

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    let m = "playfield:camera@1";
    linker.func_wrap(m, "frame", |mut c: Call<'_>| Ok(desk(&mut c)?.1.frame()))?;
    linker.func_wrap(m, "time_ms", |mut c: Call<'_>| Ok(desk(&mut c)?.1.time_ms()))?;
    linker.func_wrap(m, "size", |mut c: Call<'_>| Ok(desk(&mut c)?.1.size()))?;
    linker.func_wrap(m, "config", |mut c: Call<'_>, ptr: i32, max: i32| {
        let (mem, camera) = desk(&mut c)?;
        Ok(camera.config(mem, ptr, max)?)
    })?;
    linker.func_wrap(m, "pixels", |mut c: Call<'_>, ptr: i32, width: i32, height: i32| {
        let (mem, camera) = desk(&mut c)?;
        Ok(camera.pixels(mem, ptr, width, height)?)
    })?;
    linker.func_wrap(m, "emit", |mut c: Call<'_>, ptr: i32, len: i32| {
        let (mem, camera) = desk(&mut c)?;
        Ok(camera.emit(mem, ptr, len)?)
    })?;
    infer(linker)
}

fn infer(linker: &mut Linker<Host>) -> Result<()> {
    let m = "playfield:infer@1";
    linker.func_wrap(m, "objects", |mut c: Call<'_>, ptr: i32, max: i32| {
        let (mem, camera) = desk(&mut c)?;
        Ok(camera.objects(mem, ptr, max)?)
    })?;
    linker.func_wrap(m, "labels", |mut c: Call<'_>| Ok(desk(&mut c)?.1.labels()))?;
    linker.func_wrap(m, "label", |mut c: Call<'_>, class: i32, ptr: i32, max: i32| {
        let (mem, camera) = desk(&mut c)?;
        Ok(camera.label(mem, class, ptr, max)?)
    })?;
    linker.func_wrap(m, "place", |mut c: Call<'_>, kind: i32, nth: i32, ptr: i32, max: i32| {
        let (mem, camera) = desk(&mut c)?;
        Ok(camera.place(mem, kind, nth, (ptr, max))?)
    })?;
    linker.func_wrap(m, "count", |mut c: Call<'_>, what: i32, nth: i32, class: i32| {
        Ok(desk(&mut c)?.1.count(what, nth, class)?)
    })?;
    linker.func_wrap(m, "events", |mut c: Call<'_>, ptr: i32, max: i32| {
        let (mem, camera) = desk(&mut c)?;
        Ok(camera.events(mem, ptr, max)?)
    })?;
    linker.func_wrap(m, "counts", |mut c: Call<'_>, ptr: i32, max: i32| {
        let (mem, camera) = desk(&mut c)?;
        Ok(camera.counts(mem, ptr, max)?)
    })?;
    Ok(())
}
