//! Import names tied to what they do. Each line is one function of [`crate::wasm::abi`].

pub mod aitrios;
mod camera;
mod cartridge;
pub mod loose;

use wasmtime::{Caller, Engine, Linker, Result};

use super::memory::{parts, room};
use super::{Host, audio};

type Call<'a> = Caller<'a, Host>;

/// Everything that any module may import.
pub fn linker(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    host(&mut linker)?;
    log(&mut linker)?;
    video(&mut linker)?;
    sound(&mut linker)?;
    input(&mut linker)?;
    storage(&mut linker)?;
    timeline(&mut linker)?;
    camera::link(&mut linker)?;
    cartridge::link(&mut linker)?;
    Ok(linker)
}

fn host(linker: &mut Linker<Host>) -> Result<()> {
    let m = "playfield:host@1";
    linker.func_wrap(m, "tick_rate", |mut c: Call<'_>, hz: i32| Ok(c.data_mut().run.set_rate(hz)?))?;
    linker.func_wrap(m, "tick", |c: Call<'_>| c.data().run.tick)?;
    linker.func_wrap(m, "time_us", |c: Call<'_>| c.data().run.time_us())?;
    linker.func_wrap(m, "unix_ms", |mut c: Call<'_>| c.data_mut().run.unix_ms())?;
    linker.func_wrap(m, "random", |mut c: Call<'_>, ptr: i32, len: i32| {
        let (mem, host) = parts(&mut c)?;
        host.run.rng.fill(room(mem, ptr, len)?);
        Ok(())
    })?;
    linker.func_wrap(m, "exit", |mut c: Call<'_>| c.data_mut().run.exited = true)?;
    Ok(())
}

fn log(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap("playfield:log@1", "write", |mut c: Call<'_>, level: i32, ptr: i32, len: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.talk.write(mem, host.run.second(), level, ptr, len)?)
    })?;
    Ok(())
}

fn video(linker: &mut Linker<Host>) -> Result<()> {
    let m = "playfield:video@1";
    linker.func_wrap(m, "mode", |mut c: Call<'_>, width: i32, height: i32, format: i32| {
        Ok(c.data_mut().video.mode(width, height, format)?)
    })?;
    linker.func_wrap(m, "palette", |mut c: Call<'_>, first: i32, count: i32, ptr: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.video.palette(mem, first, count, ptr)?)
    })?;
    linker.func_wrap(m, "dirty", |mut c: Call<'_>, x: i32, y: i32, w: i32, h: i32| {
        c.data_mut().video.dirty(x, y, w, h);
    })?;
    linker.func_wrap(m, "present", |mut c: Call<'_>, ptr: i32, stride: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.video.present(mem, ptr, stride)?)
    })?;
    Ok(())
}

fn sound(linker: &mut Linker<Host>) -> Result<()> {
    let m = "playfield:audio@1";
    linker.func_wrap(m, "wanted", |c: Call<'_>| audio::wanted(c.data().run.tick, c.data().run.hz))?;
    linker.func_wrap(m, "push", |mut c: Call<'_>, ptr: i32, frames: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.audio.push(mem, ptr, frames)?)
    })?;
    Ok(())
}

fn input(linker: &mut Linker<Host>) -> Result<()> {
    let m = "playfield:input@1";
    linker.func_wrap(m, "players", |c: Call<'_>| c.data().input.players())?;
    linker.func_wrap(m, "pad", |mut c: Call<'_>, player: i32, ptr: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.input.pad(mem, player, ptr)?)
    })?;
    linker.func_wrap(m, "keys", |mut c: Call<'_>, player: i32, ptr: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.input.keys(mem, player, ptr)?)
    })?;
    linker.func_wrap(m, "pointer", |mut c: Call<'_>, player: i32, ptr: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.input.pointer(mem, player, ptr)?)
    })?;
    linker.func_wrap(m, "touches", |mut c: Call<'_>, player: i32, ptr: i32, max: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.input.touches(mem, player, ptr, max)?)
    })?;
    linker.func_wrap(m, "text", |mut c: Call<'_>, player: i32, ptr: i32, max: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.input.text(mem, player, ptr, max)?)
    })?;
    linker.func_wrap(m, "rumble", |mut c: Call<'_>, player: i32, strong: i32, weak: i32, ms: i32| {
        Ok(c.data_mut().input.rumble(player, strong, weak, ms)?)
    })?;
    Ok(())
}

fn storage(linker: &mut Linker<Host>) -> Result<()> {
    let m = "playfield:storage@1";
    linker.func_wrap(m, "read", |mut c: Call<'_>, key: i32, key_len: i32, ptr: i32, max: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.storage.read(mem, (key, key_len), ptr, max)?)
    })?;
    linker.func_wrap(m, "write", |mut c: Call<'_>, key: i32, key_len: i32, ptr: i32, len: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.storage.write(mem, (key, key_len), ptr, len)?)
    })?;
    linker.func_wrap(m, "remove", |mut c: Call<'_>, key: i32, key_len: i32| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.storage.remove(mem, (key, key_len))?)
    })?;
    Ok(())
}

fn timeline(linker: &mut Linker<Host>) -> Result<()> {
    let m = "playfield:timeline@1";
    linker.func_wrap(m, "event", |mut c: Call<'_>, name: i32, name_len: i32, value: i64| {
        let (mem, host) = parts(&mut c)?;
        Ok(host.talk.event(mem, host.run.second(), (name, name_len), value)?)
    })?;
    linker.func_wrap(m, "mode", |mut c: Call<'_>, mode: i32| Ok(c.data_mut().talk.mode(mode)?))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use wasmtime::{ExternType, Store};

    use super::*;
    use crate::wasm::abi::aitrios::AITRIOS;
    use crate::wasm::abi::{GROUPS, Group, WASM4};
    use crate::wasm::rewrite::{Dialect, Facts};
    use crate::{GuestConfig, wasm};

    #[test]
    fn every_function_of_the_list_is_linked_with_its_types() {
        let engine = wasm::Engine::new().unwrap();
        let facts = Facts {
            dialect: Dialect::Playfield,
            no_snapshots: None,
            groups: Vec::new(),
            input: Vec::new(),
            globals: 0,
            shared: None,
            console_apart: false,
        };
        let host = Host::new(GuestConfig::default(), &facts);
        let mut store = Store::new(engine.wasmtime(), host);
        let ours: Vec<_> = GROUPS.iter().chain([&WASM4]).collect();
        let theirs: Vec<_> = AITRIOS.iter().map(|(_, group)| group).collect();
        check(engine.linker(Dialect::Playfield), &ours, &mut store);
        check(engine.linker(Dialect::Aitrios), &theirs, &mut store);
    }

    fn check(linker: &Linker<Host>, groups: &[&Group], mut store: &mut Store<Host>) {
        let mut listed = 0;
        for group in groups {
            for function in group.functions {
                let linked = linker.get(&mut *store, group.module, function.name);
                let Some(ExternType::Func(ty)) = linked.ok().map(|linked| linked.ty(&*store)) else {
                    panic!("{}.{} is not linked", group.module, function.name)
                };
                let types = |types: &[wasmparser::ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>();
                let params: Vec<_> = ty.params().map(|ty| ty.to_string()).collect();
                let results: Vec<_> = ty.results().map(|ty| ty.to_string()).collect();
                assert_eq!((params, results), (types(function.params), types(function.results)), "{}", function.name);
                listed += 1;
            }
        }
        assert_eq!(linker.iter(&mut store).count(), listed, "something linked is not listed");
    }
}
