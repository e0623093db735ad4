//! The calls of a WASM-4 cartridge.

use wasmtime::{Caller, Linker, Result};

use crate::wasm::abi::CARTRIDGE;
use crate::wasm::host::cartridge::Cartridge;
use crate::wasm::host::memory::parts;
use crate::wasm::host::{Host, HostTrap, trap};
use crate::wasm::wasm4::Wasm4;

pub(super) type Call<'a> = Caller<'a, Host>;

/// The console's memory, which is the cartridge's too unless it has its own, and the console.
pub(super) fn console<'a>(call: &'a mut Call<'_>) -> Result<(&'a mut [u8], &'a mut Cartridge), HostTrap> {
    let (mem, host) = parts(call)?;
    match &mut host.cartridge {
        Some(cartridge) => Ok((host.console_memory.as_deref_mut().unwrap_or(mem), cartridge)),
        None => trap("a WASM-4 function was called by a guest that is no cartridge"),
    }
}

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    shapes(linker)?;
    sprites(linker)?;
    text(linker)?;
    others(linker)?;
    traces(linker)
}

fn shapes(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(CARTRIDGE, "line", |mut c: Call<'_>, x1: i32, y1: i32, x2: i32, y2: i32| {
        let (mem, it) = console(&mut c)?;
        it.console.line(mem, x1, y1, x2, y2);
        Ok(())
    })?;
    linker.func_wrap(CARTRIDGE, "hline", |mut c: Call<'_>, x: i32, y: i32, len: u32| {
        let (mem, it) = console(&mut c)?;
        it.console.hline(mem, x, y, len);
        Ok(())
    })?;
    linker.func_wrap(CARTRIDGE, "vline", |mut c: Call<'_>, x: i32, y: i32, len: u32| {
        let (mem, it) = console(&mut c)?;
        it.console.vline(mem, x, y, len);
        Ok(())
    })?;
    linker.func_wrap(CARTRIDGE, "oval", |mut c: Call<'_>, x: i32, y: i32, w: u32, h: u32| {
        let (mem, it) = console(&mut c)?;
        it.console.oval(mem, x, y, w, h);
        Ok(())
    })?;
    linker.func_wrap(CARTRIDGE, "rect", |mut c: Call<'_>, x: i32, y: i32, w: u32, h: u32| {
        let (mem, it) = console(&mut c)?;
        it.console.rect(mem, x, y, w, h);
        Ok(())
    })?;
    Ok(())
}

fn sprites(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(CARTRIDGE, "blit", |mut c: Call<'_>, at: u32, x: i32, y: i32, w: u32, h: u32, flags: u32| {
        let (mem, it) = console(&mut c)?;
        Ok(it.console.blit(mem, at, x, y, w, h, flags).map_err(HostTrap)?)
    })?;
    type Sub = (u32, i32, i32, u32, u32, u32, u32, u32, u32);
    let blit_sub = |it: &mut Wasm4, mem: &mut [u8], (at, x, y, w, h, sx, sy, stride, flags): Sub| {
        it.blit_sub(mem, at, x, y, w, h, sx, sy, stride, flags).map_err(HostTrap)
    };
    linker.func_wrap(
        CARTRIDGE,
        "blitSub",
        move |mut c: Call<'_>, at: u32, x: i32, y: i32, w: u32, h: u32, sx: u32, sy: u32, stride: u32, flags: u32| {
            let (mem, it) = console(&mut c)?;
            Ok(blit_sub(&mut it.console, mem, (at, x, y, w, h, sx, sy, stride, flags))?)
        },
    )?;
    Ok(())
}

fn text(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(CARTRIDGE, "text", |mut c: Call<'_>, ptr: u32, x: i32, y: i32| {
        let (mem, it) = console(&mut c)?;
        Ok(it.console.text(mem, ptr, x, y).map_err(HostTrap)?)
    })?;
    linker.func_wrap(CARTRIDGE, "textUtf8", |mut c: Call<'_>, ptr: u32, len: u32, x: i32, y: i32| {
        let (mem, it) = console(&mut c)?;
        Ok(it.console.text_utf8(mem, ptr, len, x, y).map_err(HostTrap)?)
    })?;
    linker.func_wrap(CARTRIDGE, "textUtf16", |mut c: Call<'_>, ptr: u32, len: u32, x: i32, y: i32| {
        let (mem, it) = console(&mut c)?;
        Ok(it.console.text_utf16(mem, ptr, len, x, y).map_err(HostTrap)?)
    })?;
    Ok(())
}

fn others(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(
        CARTRIDGE,
        "tone",
        |mut c: Call<'_>, frequency: u32, duration: u32, volume: u32, flags: u32| {
            console(&mut c)?.1.console.tone(frequency, duration, volume, flags);
            Ok(())
        },
    )?;
    linker.func_wrap(CARTRIDGE, "diskr", |mut c: Call<'_>, ptr: u32, size: u32| {
        let (mem, it) = console(&mut c)?;
        Ok(it.console.diskr(mem, ptr, size).map_err(HostTrap)?)
    })?;
    linker.func_wrap(CARTRIDGE, "diskw", |mut c: Call<'_>, ptr: u32, size: u32| {
        let (mem, it) = console(&mut c)?;
        it.disk_touched = true;
        Ok(it.console.diskw(mem, ptr, size).map_err(HostTrap)?)
    })?;
    Ok(())
}

/// Prints what `line` reads.
pub(super) fn trace(call: &mut Call<'_>, line: impl FnOnce(&Wasm4, &[u8]) -> Result<String, String>) -> Result<()> {
    let (mem, it) = console(call)?;
    let line = line(&it.console, mem).map_err(HostTrap)?;
    let host = call.data_mut();
    host.talk.trace(host.run.second(), line);
    Ok(())
}

fn traces(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(CARTRIDGE, "trace", |mut c: Call<'_>, ptr: u32| {
        trace(&mut c, |console, mem| console.trace(mem, ptr))
    })?;
    linker.func_wrap(CARTRIDGE, "traceUtf8", |mut c: Call<'_>, ptr: u32, len: u32| {
        trace(&mut c, |console, mem| console.trace_utf8(mem, ptr, len))
    })?;
    linker.func_wrap(CARTRIDGE, "traceUtf16", |mut c: Call<'_>, ptr: u32, len: u32| {
        trace(&mut c, |console, mem| console.trace_utf16(mem, ptr, len))
    })?;
    linker.func_wrap(CARTRIDGE, "tracef", |mut c: Call<'_>, format: u32, stack: u32| {
        trace(&mut c, |console, mem| console.tracef(mem, format, stack))
    })?;
    Ok(())
}
