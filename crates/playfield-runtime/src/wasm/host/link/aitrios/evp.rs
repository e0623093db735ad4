//! EVP's calls.

use playfield_core::app::Refusal;
use playfield_core::app::aitrios::MOST_TELEMETRY;
use wasmtime::{Linker, Result};

use super::{call_back, device, give, take_back, wait};
use crate::wasm::host::aitrios::booth::For;
use crate::wasm::host::aitrios::evp::{
    AGAIN, Callback, DENIED, ERROR, Event, FAULT, INVALID, NOT_SUPPORTED, OK, SHOULD_EXIT, TIMED_OUT, TOO_BIG,
};
use crate::wasm::host::aitrios::{Aitrios, Fault, bytes, long_text, text, word};
use crate::wasm::host::link::{Call, Host};

/// Most entries of one telemetry.
const MOST_ENTRIES: i32 = 1000;
/// What became of something that was said.
const SENT: i32 = 0;
const MESSAGE_FAILED: i32 = 1;
const SAYING_DENIED: i32 = 3;

/// Blobs and streams would be other ways out; nobody calls an app here.
pub const REFUSED: &[(&str, i32)] = &[
    // A null string: there is no folder.
    ("EVP_getWorkspaceDirectory", 0),
    ("EVP_sendRpcResponse", INVALID),
    ("EVP_blobOperation", DENIED),
    ("EVP_BlobRequestHttpExt_initialize", 0),
    ("EVP_BlobRequestHttpExt_addHeader", INVALID),
    ("EVP_BlobRequestHttpExt_addAzureHeader", INVALID),
    ("EVP_BlobRequestHttpExt_setUrl", INVALID),
    ("EVP_BlobRequestHttpExt_free", 0),
    ("EVP_streamInputOpen", NOT_SUPPORTED),
    ("EVP_streamOutputOpen", NOT_SUPPORTED),
    ("EVP_streamClose", INVALID),
    ("EVP_streamWrite", INVALID),
];

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    let m = "env";
    linker.func_wrap(m, "EVP_initialize", |mut c: Call<'_>| Ok(device(&mut c)?.1.evp.initialize()))?;
    linker.func_wrap(m, "EVP_setConfigurationCallback", |mut c: Call<'_>, handle: i32, function: i32, user: i32| {
        on(&mut c, handle, |it| it.evp.on_configuration(callback(function, user)))
    })?;
    linker.func_wrap(m, "EVP_setMessageCallback", |mut c: Call<'_>, handle: i32, function: i32, user: i32| {
        on(&mut c, handle, |it| it.evp.on_message(callback(function, user)))
    })?;
    linker.func_wrap(m, "EVP_setRpcCallback", |mut c: Call<'_>, handle: i32, function: i32, user: i32| {
        on(&mut c, handle, |it| it.evp.on_rpc(callback(function, user)))
    })?;
    linker.func_wrap(
        m,
        "EVP_sendState",
        |mut c: Call<'_>, handle: i32, topic: i32, at: i32, len: i32, function: i32, user: i32| {
            send(&mut c, handle, [topic, at, len], callback(function, user), SAYING_DENIED)
        },
    )?;
    linker.func_wrap(
        m,
        "EVP_sendMessage",
        |mut c: Call<'_>, handle: i32, topic: i32, at: i32, len: i32, function: i32, user: i32| {
            send(&mut c, handle, [topic, at, len], callback(function, user), MESSAGE_FAILED)
        },
    )?;
    linker.func_wrap(
        m,
        "EVP_sendTelemetry",
        |mut c: Call<'_>, handle: i32, entries: i32, count: i32, function: i32, user: i32| {
            telemetry(&mut c, handle, [entries, count], callback(function, user))
        },
    )?;
    linker.func_wrap(m, "EVP_processEvent", |mut c: Call<'_>, handle: i32, timeout: i32| {
        process(&mut c, handle, timeout)
    })?;
    Ok(())
}

/// Number 0 of a table is no function.
fn callback(function: i32, user: i32) -> Option<Callback> {
    (function != 0).then_some(Callback { function: function.cast_unsigned(), user })
}

/// Does something for a client that there is.
fn on(call: &mut Call<'_>, handle: i32, work: impl FnOnce(&mut Aitrios) -> i32) -> Result<i32> {
    let (_, it) = device(call)?;
    Ok(if it.evp.knows(handle) { work(it) } else { INVALID })
}

/// A message or a state: topic, bytes, their length.
fn send(call: &mut Call<'_>, handle: i32, what: [i32; 3], to: Option<Callback>, refused: i32) -> Result<i32> {
    let (mem, it) = device(call)?;
    if !it.evp.knows(handle) {
        return Ok(INVALID);
    }
    let [topic, at, len] = what;
    let Ok((_, said)) = text(mem, topic).and_then(|topic| Ok((topic, bytes(mem, at, len)?))) else { return Ok(FAULT) };
    if said.len() > MOST_TELEMETRY {
        return Ok(TOO_BIG);
    }
    if !it.evp.has_room() {
        return Ok(AGAIN);
    }
    let said = it.outlet.say(&it.booth, said);
    tell(it, to, said, refused);
    Ok(OK)
}

fn telemetry(call: &mut Call<'_>, handle: i32, [at, count]: [i32; 2], to: Option<Callback>) -> Result<i32> {
    let (mem, it) = device(call)?;
    if !it.evp.knows(handle) {
        return Ok(INVALID);
    }
    if !(0..=MOST_ENTRIES).contains(&count) {
        return Ok(TOO_BIG);
    }
    if !it.evp.has_room() {
        return Ok(AGAIN);
    }
    let Ok(values) = values(mem, at, count) else { return Ok(FAULT) };
    if values.iter().map(|value| value.len()).sum::<usize>() > MOST_TELEMETRY {
        return Ok(TOO_BIG);
    }
    let said = values.iter().try_for_each(|value| it.outlet.say(&it.booth, value));
    tell(it, to, said, SAYING_DENIED);
    Ok(OK)
}

/// The values of telemetry entries; their keys do not leave.
fn values(mem: &[u8], at: i32, count: i32) -> Result<Vec<&[u8]>, Fault> {
    let value = |entry: &[u8]| {
        text(mem, word(entry, 0)?)?;
        long_text(mem, word(entry, 4)?, MOST_TELEMETRY + 1)
    };
    bytes(mem, at, count * 8)?.chunks_exact(8).map(value).collect()
}

/// The app is told what became of it, when it looks.
fn tell(it: &mut Aitrios, to: Option<Callback>, said: Result<(), Refusal>, refused: i32) {
    if let Some(to) = to {
        it.evp.push(Event::Sent { to, reason: if said.is_ok() { SENT } else { refused } });
    }
}

/// Runs one event, or waits so long for none.
fn process(call: &mut Call<'_>, handle: i32, timeout: i32) -> Result<i32> {
    let (_, it) = device(call)?;
    if !it.evp.knows(handle) {
        return Ok(INVALID);
    }
    if it.evp.inside {
        return Ok(ERROR);
    }
    if it.booth.stopping() {
        // It has its time once more, to end by itself.
        wait(call, For::Time, 0)?;
        return Ok(SHOULD_EXIT);
    }
    let Some(event) = it.evp.pop() else {
        wait(call, For::Time, timeout.into())?;
        return Ok(if device(call)?.1.booth.stopping() { SHOULD_EXIT } else { TIMED_OUT });
    };
    it.evp.inside = true;
    run(call, event)?;
    device(call)?.1.evp.inside = false;
    Ok(OK)
}

fn run(call: &mut Call<'_>, event: Event) -> Result<()> {
    match event {
        Event::Sent { to, reason } => call_back(call, to.function, &[reason, to.user]),
        Event::Configuration { to, topic, value } => {
            let length = value.len() as i32;
            let topic = give(call, &[&*topic, b"\0"].concat())?;
            let value = give(call, &[&*value, b"\0"].concat())?;
            if let (Some(topic), Some(value)) = (topic, value) {
                call_back(call, to.function, &[topic, value, length, to.user])?;
            } else {
                device(call)?.1.booth.line("its malloc gave no room for its settings".to_owned());
            }
            [topic, value].into_iter().flatten().try_for_each(|at| take_back(call, at))
        }
    }
}
