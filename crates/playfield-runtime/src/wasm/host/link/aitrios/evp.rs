//! EVP's calls.

use std::time::{Duration, Instant};

use playfield_core::app::Refusal;
use playfield_core::app::aitrios::MOST_TELEMETRY;
use wasmtime::{Linker, Result};

use super::{At, blobs, call_back, callback, device, give, own, take_back, wait};
use crate::wasm::host::aitrios::blobs::Next;
use crate::wasm::host::aitrios::booth::{Booth, For, Woken};
use crate::wasm::host::aitrios::evp::{
    AGAIN, Callback, ERROR, Event, FAULT, INVALID, NOT_SUPPORTED, OK, SHOULD_EXIT, TIMED_OUT, TOO_BIG,
};
use crate::wasm::host::aitrios::files::PLACE;
use crate::wasm::host::aitrios::{Aitrios, Fault, Mem, word};
use crate::wasm::host::link::{Call, Host};

/// Most entries of one telemetry.
const MOST_ENTRIES: i32 = 1000;
/// What became of something that was said.
const SENT: i32 = 0;
const MESSAGE_FAILED: i32 = 1;
const SAYING_DENIED: i32 = 3;

/// Streams would be another way out; nobody calls an app here.
pub const REFUSED: &[(&str, i32)] = &[
    ("EVP_sendRpcResponse", INVALID),
    ("EVP_streamInputOpen", NOT_SUPPORTED),
    ("EVP_streamOutputOpen", NOT_SUPPORTED),
    ("EVP_streamClose", INVALID),
    ("EVP_streamWrite", INVALID),
];

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    let m = "env";
    linker.func_wrap(m, "EVP_initialize", |mut c: Call<'_>| Ok(device(&mut c)?.it.evp.initialize()))?;
    linker.func_wrap(m, "EVP_getWorkspaceDirectory", |mut c: Call<'_>, handle: i32, kind: i32| {
        workspace(&mut c, handle, kind)
    })?;
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

/// Where its workspace is: a text in its memory, which stays there. Null where there is none of this kind.
fn workspace(call: &mut Call<'_>, handle: i32, kind: i32) -> Result<i32> {
    let it = device(call)?.it;
    let (known, told) = (it.evp.knows(handle) && kind == 0, it.evp.workspace);
    drop(it);
    match told {
        _ if !known => Ok(0),
        Some(at) => Ok(at),
        None => {
            let at = give(call, format!("{PLACE}\0").as_bytes())?;
            device(call)?.it.evp.workspace = at;
            Ok(at.unwrap_or_default())
        }
    }
}

/// Does something for a client that there is.
fn on(call: &mut Call<'_>, handle: i32, work: impl FnOnce(&mut Aitrios) -> i32) -> Result<i32> {
    let At { mut it, booth, .. } = device(call)?;
    if !it.evp.knows(handle) {
        return Ok(INVALID);
    }
    booth.news();
    Ok(work(&mut it))
}

/// A message or a state: topic, bytes, their length.
fn send(call: &mut Call<'_>, handle: i32, what: [i32; 3], to: Option<Callback>, refused: i32) -> Result<i32> {
    let At { mem, mut it, booth, .. } = device(call)?;
    if !it.evp.knows(handle) {
        return Ok(INVALID);
    }
    let [topic, at, len] = what;
    if mem.text(topic).and_then(|_| mem.check(at, len)).is_err() {
        return Ok(FAULT);
    }
    if len.cast_unsigned() as usize > MOST_TELEMETRY {
        return Ok(TOO_BIG);
    }
    if !it.evp.has_room() {
        return Ok(AGAIN);
    }
    let Ok(said) = mem.read(at, len) else { return Ok(FAULT) };
    let said = it.outlet.say(booth, &said);
    tell(&mut it, booth, to, said, refused);
    Ok(OK)
}

fn telemetry(call: &mut Call<'_>, handle: i32, [at, count]: [i32; 2], to: Option<Callback>) -> Result<i32> {
    let At { mem, mut it, booth, .. } = device(call)?;
    if !it.evp.knows(handle) {
        return Ok(INVALID);
    }
    if !(0..=MOST_ENTRIES).contains(&count) {
        return Ok(TOO_BIG);
    }
    if !it.evp.has_room() {
        return Ok(AGAIN);
    }
    let values = match values(&mem, at, count) {
        Ok(Some(values)) => values,
        Ok(None) => return Ok(TOO_BIG),
        Err(Fault) => return Ok(FAULT),
    };
    let said = values.iter().try_for_each(|value| it.outlet.say(booth, value));
    tell(&mut it, booth, to, said, SAYING_DENIED);
    Ok(OK)
}

/// The values of telemetry entries; their keys do not leave. None: there is too much of them.
fn values(mem: &Mem<'_>, at: i32, count: i32) -> Result<Option<Vec<Vec<u8>>>, Fault> {
    let (mut values, mut length) = (Vec::new(), 0);
    for entry in mem.read(at, count * 8)?.chunks_exact(8) {
        mem.text(word(entry, 0)?)?;
        let value = mem.long_text(word(entry, 4)?, MOST_TELEMETRY + 1)?;
        length += value.len();
        if length > MOST_TELEMETRY {
            return Ok(None);
        }
        values.push(value);
    }
    Ok(Some(values))
}

/// The app is told what became of it, when it looks.
fn tell(it: &mut Aitrios, booth: &Booth, to: Option<Callback>, said: Result<(), Refusal>, refused: i32) {
    if let Some(to) = to {
        it.evp.push(Event::Sent { to, reason: if said.is_ok() { SENT } else { refused } });
        booth.news();
    }
}

/// What is to be done in `EVP_processEvent`.
enum Due {
    Event(Event),
    Blob(Next),
}

/// Runs one event, or waits so long for one.
fn process(call: &mut Call<'_>, handle: i32, timeout: i32) -> Result<i32> {
    let until = u64::try_from(timeout).ok().map(|millis| Instant::now() + Duration::from_millis(millis));
    let mut waited = false;
    let due = loop {
        let At { mut it, booth, .. } = device(call)?;
        if !it.evp.knows(handle) {
            return Ok(INVALID);
        }
        // Another thread may have begun to run one while this one waited.
        if it.evp.inside && !waited {
            return Ok(ERROR);
        }
        let due = if booth.stopping() || it.evp.inside { None } else { next(&mut it, booth) };
        it.evp.inside |= due.is_some();
        drop(it);
        if let Some(due) = due {
            break due;
        }
        // One that is to end has its time once more, to do so by itself.
        let rest = until.map(|until| until.saturating_duration_since(Instant::now()).as_micros().div_ceil(1_000));
        let rest = rest.map_or(-1, |millis| millis as i64);
        waited = true;
        if !matches!(wait(call, For::News, rest)?, Woken::News) {
            return Ok(if own(call)?.booth.stopping() { SHOULD_EXIT } else { TIMED_OUT });
        }
    };
    match due {
        Due::Event(event) => run(call, event)?,
        Due::Blob(next) => {
            // A file is many pieces: each has its time.
            wait(call, For::Time, 0)?;
            blobs::run(call, next)?;
        }
    }
    let At { mut it, booth, .. } = device(call)?;
    it.evp.inside = false;
    // There may be more, for a thread that waits.
    booth.news();
    Ok(OK)
}

fn next(it: &mut Aitrios, booth: &Booth) -> Option<Due> {
    it.evp.pop().map(Due::Event).or_else(|| it.blobs.next(booth).map(Due::Blob))
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
                own(call)?.booth.line("its malloc gave no room for its settings".to_owned());
            }
            [topic, value].into_iter().flatten().try_for_each(|at| take_back(call, at))
        }
    }
}
