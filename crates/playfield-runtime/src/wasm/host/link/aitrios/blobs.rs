//! The calls that are about blobs: what is uploaded and fetched, and requests of HTTP with headers, which lie in the app's memory.

use playfield_core::upload::{MOST_UPLOAD, Upload, upload_name};
use wasmtime::{Linker, Result};

use super::{At, ask, call_back, callback, device, give, take_back};
use crate::wasm::host::aitrios::blobs::{CHUNK, Next, Outcome, Reading, Writing, read_brought, read_file, write_file};
use crate::wasm::host::aitrios::booth::{Booth, Room};
use crate::wasm::host::aitrios::evp::{AGAIN, Callback, DENIED, FAULT, INVALID, NO_MEMORY, OK, TOO_BIG};
use crate::wasm::host::aitrios::files::Errno;
use crate::wasm::host::aitrios::{Aitrios, Fault, Mem, wasi, word};
use crate::wasm::host::link::{Call, Host};

/// Kinds of requests: one of them has two names, the remote one and that of the storage, the others begin with the one that counts.
const KINDS: std::ops::RangeInclusive<i32> = 0..=4;
const GET: i32 = 0;
const PUT: i32 = 1;
/// Bytes of where the blob lies here: the path of a file, or null; what fills a buffer with it; its length.
const STORE: i32 = 12;
/// Bytes of a request with headers: its address, its headers, how many; and most of them.
const REQUEST: i32 = 12;
const MOST_HEADERS: i32 = 101;
/// What became of an operation: done, or denied; and of one that was done: `result`, a status of HTTP, and a number of WASI's.
const DONE: i32 = 0;
const NOT_DONE: i32 = 2;
const OK_CREATED: [i32; 3] = [0, 201, 0];
const OK_FETCHED: [i32; 3] = [0, 200, 0];
const NOT_FOUND: [i32; 3] = [2, 404, 0];
const FAILED: i32 = 1;

pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    let m = "env";
    linker.func_wrap(
        m,
        "EVP_blobOperation",
        |mut c: Call<'_>, handle: i32, kind: i32, op: i32, request: i32, store: i32, function: i32, user: i32| {
            operate(&mut c, handle, [kind, op, request, store], callback(function, user))
        },
    )?;
    linker.func_wrap(m, "EVP_BlobRequestHttpExt_initialize", |mut c: Call<'_>| {
        Ok(give(&mut c, &[0; REQUEST as usize])?.unwrap_or_default())
    })?;
    linker.func_wrap(m, "EVP_BlobRequestHttpExt_setUrl", |mut c: Call<'_>, request: i32, url: i32| {
        set_url(&mut c, request, url)
    })?;
    linker.func_wrap(
        m,
        "EVP_BlobRequestHttpExt_addHeader",
        |mut c: Call<'_>, request: i32, name: i32, value: i32| {
            let mem = device(&mut c)?.mem;
            let (Ok(name), Ok(value)) = (mem.text(name), mem.text(value)) else { return Ok(FAULT) };
            add_header(&mut c, request, &[&*name, b": ", &*value, b"\0"].concat())
        },
    )?;
    linker.func_wrap(m, "EVP_BlobRequestHttpExt_addAzureHeader", |mut c: Call<'_>, request: i32| {
        add_header(&mut c, request, b"x-ms-blob-type: BlockBlob\0")
    })?;
    linker.func_wrap(m, "EVP_BlobRequestHttpExt_free", |mut c: Call<'_>, request: i32| free(&mut c, request))?;
    Ok(())
}

/// A request with headers, as it lies in memory.
struct Request {
    url: i32,
    headers: Vec<i32>,
    /// Where they are.
    list: i32,
}

impl Request {
    /// None: it has too many headers.
    fn read(mem: &Mem<'_>, at: i32) -> Result<Option<Request>, Fault> {
        let words = mem.read(at, REQUEST)?;
        let [url, list, count] = [word(&words, 0)?, word(&words, 4)?, word(&words, 8)?];
        if !(0..=MOST_HEADERS).contains(&count) {
            return Ok(None);
        }
        let headers = if count > 0 { mem.read(list, count * 4)? } else { Vec::new() };
        let headers = headers.chunks_exact(4).map(|four| word(four, 0)).collect::<Result<_, _>>()?;
        Ok(Some(Request { url, headers, list }))
    }

    fn write(&self, mem: &mut Mem<'_>, at: i32) -> Result<(), Fault> {
        mem.write(at, &words(&[self.url, self.list, self.headers.len() as i32]))
    }
}

fn words(words: &[i32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Changes a request, whose parts are of the app's own malloc: `work` says which one is replaced, or what is wrong.
fn change(
    call: &mut Call<'_>,
    at: i32,
    work: impl FnOnce(&mut Call<'_>, &mut Request) -> Result<Result<i32, i32>>,
) -> Result<i32> {
    let mut request = match Request::read(&device(call)?.mem, at) {
        Ok(Some(request)) => request,
        Ok(None) => return Ok(TOO_BIG),
        Err(Fault) => return Ok(FAULT),
    };
    let replaced = match work(call, &mut request)? {
        Ok(replaced) => replaced,
        Err(code) => return Ok(code),
    };
    if request.write(&mut device(call)?.mem, at).is_err() {
        return Ok(FAULT);
    }
    if replaced != 0 {
        take_back(call, replaced)?;
    }
    Ok(OK)
}

fn set_url(call: &mut Call<'_>, at: i32, url: i32) -> Result<i32> {
    let Ok(url) = device(call)?.mem.text(url) else { return Ok(FAULT) };
    change(call, at, |call, request| {
        let given = give(call, &[&*url, b"\0"].concat())?;
        Ok(given.map(|given| std::mem::replace(&mut request.url, given)).ok_or(NO_MEMORY))
    })
}

fn add_header(call: &mut Call<'_>, at: i32, header: &[u8]) -> Result<i32> {
    change(call, at, |call, request| {
        if request.headers.len() as i32 == MOST_HEADERS {
            return Ok(Err(TOO_BIG));
        }
        let Some(header) = give(call, header)? else { return Ok(Err(NO_MEMORY)) };
        request.headers.push(header);
        let Some(list) = give(call, &words(&request.headers))? else {
            take_back(call, header)?;
            return Ok(Err(NO_MEMORY));
        };
        Ok(Ok(std::mem::replace(&mut request.list, list)))
    })
}

fn free(call: &mut Call<'_>, at: i32) -> Result<()> {
    let Ok(Some(Request { url, headers, list })) = Request::read(&device(call)?.mem, at) else { return Ok(()) };
    let all = headers.into_iter().chain([url, list]).filter(|given| *given != 0);
    all.chain([at]).try_for_each(|given| take_back(call, given))
}

/// Where a blob lies here.
enum Here {
    File(Vec<u8>),
    /// Memory that a function fills, or empties.
    Memory {
        function: u32,
        length: usize,
    },
}

/// What is asked for: the name that counts, and where it lies here.
fn asked(mem: &Mem<'_>, request: i32, store: i32) -> Result<(String, Here), Fault> {
    let name = mem.text(word(&mem.read(request, 4)?, 0)?)?;
    let store = mem.read(store, STORE)?;
    let [path, function, length] = [word(&store, 0)?, word(&store, 4)?, word(&store, 8)?];
    let here = match path {
        0 => Here::Memory { function: function.cast_unsigned(), length: length.cast_unsigned() as usize },
        path => Here::File(mem.text(path)?),
    };
    Ok((upload_name(&String::from_utf8_lossy(&name)), here))
}

fn operate(
    call: &mut Call<'_>,
    handle: i32,
    [kind, op, request, store]: [i32; 4],
    to: Option<Callback>,
) -> Result<i32> {
    let At { mem, mut it, booth, .. } = device(call)?;
    let Some(to) = to else { return Ok(INVALID) };
    if !it.evp.knows(handle) || !KINDS.contains(&kind) || !matches!(op, GET | PUT) || request == 0 || store == 0 {
        return Ok(INVALID);
    }
    let Ok((name, here)) = asked(&mem, request, store) else { return Ok(FAULT) };
    let begun = match (op, here) {
        (PUT, Here::Memory { function: 0, .. }) => Err(INVALID),
        (PUT, _) if booth.promise(0) == Room::Denied => {
            if !std::mem::replace(&mut it.blobs.denial_told, true) {
                booth.line("it wants to upload a file, which nobody lets it; that is not said again".to_owned());
            }
            Err(DENIED)
        }
        _ if !it.blobs.has_room() => Err(AGAIN),
        (PUT, here) => upload(&mut it, booth, to, name, here),
        (_, here) => fetch(&mut it, to, &name, here),
    };
    if begun.is_ok() {
        booth.news();
    }
    Ok(begun.map_or_else(|code| code, |()| OK))
}

fn upload(it: &mut Aitrios, booth: &Booth, to: Callback, name: String, from: Here) -> Result<(), i32> {
    let Aitrios { blobs, files, system, .. } = it;
    let promised = |length: usize| {
        if length > MOST_UPLOAD {
            return Err(TOO_BIG);
        }
        match booth.promise(length as u64) {
            Room::Promised => Ok(()),
            Room::Full => Err(AGAIN),
            Room::Denied => Err(DENIED),
        }
    };
    match from {
        Here::Memory { function: fill, length } => {
            promised(length)?;
            blobs.begin(Reading { to, fill, length, file: Upload { name, bytes: Vec::new() } }, booth);
        }
        Here::File(path) => match read_file(files, &path, system.now_ns()).ok_or(INVALID)? {
            Err(why) => blobs.end(to, Outcome::Failed(why)),
            Ok(bytes) => {
                promised(bytes.len())?;
                blobs.hand(to, Upload { name, bytes }, booth);
            }
        },
    }
    Ok(())
}

/// A file that it brought along.
fn fetch(it: &mut Aitrios, to: Callback, name: &str, into: Here) -> Result<(), i32> {
    let Aitrios { blobs, files, system, brought, .. } = it;
    // It lies in memory until all of it was taken.
    if blobs.fetches() {
        return Err(AGAIN);
    }
    let bytes = read_brought(brought.as_deref(), name);
    match (bytes, into) {
        (None, _) => blobs.end(to, Outcome::Missing),
        (Some(_), Here::Memory { function: 0, .. }) => blobs.end(to, Outcome::Fetched),
        (Some(bytes), Here::Memory { function: take, .. }) => blobs.fetch(Writing { to, take, bytes, taken: 0 }),
        (Some(bytes), Here::File(path)) => {
            let written = write_file(files, &path, &bytes, system.now_ns()).ok_or(INVALID)?;
            blobs.end(to, written.map_or_else(Outcome::Failed, |()| Outcome::Fetched));
        }
    }
    Ok(())
}

/// Does what is next for an operation.
pub fn run(call: &mut Call<'_>, next: Next) -> Result<()> {
    match next {
        Next::Read(reading) => read(call, reading),
        Next::Write(writing) => write(call, writing),
        Next::Tell(to, outcome) => {
            let words = match outcome {
                Outcome::Denied => return call_back(call, to.function, &[NOT_DONE, 0, to.user]),
                Outcome::Kept => OK_CREATED,
                Outcome::Fetched => OK_FETCHED,
                Outcome::Missing => NOT_FOUND,
                Outcome::Failed(Errno(code)) => [FAILED, 0, code],
            };
            let Some(result) = give(call, &self::words(&words))? else {
                // It would take a null for a result of what was done.
                return call_back(call, to.function, &[NOT_DONE, 0, to.user]);
            };
            call_back(call, to.function, &[DONE, result, to.user])?;
            take_back(call, result)
        }
    }
}

/// Has the app fill a buffer with the next piece.
fn read(call: &mut Call<'_>, mut reading: Reading) -> Result<()> {
    let length = CHUNK.min(reading.length - reading.file.bytes.len());
    let piece = match give(call, &vec![0; length])? {
        None => Err(Errno(wasi::NO_MEMORY)),
        Some(at) => {
            let failed = ask(call, reading.fill, &[at, length as i32, reading.to.user])?;
            let piece = device(call)?.mem.read(at, length as i32);
            take_back(call, at)?;
            if failed == 0 { piece.map_err(Errno::from) } else { Err(Errno(wasi::CANCELED)) }
        }
    };
    let At { mut it, booth, .. } = device(call)?;
    it.blobs.put_down();
    match piece {
        Ok(piece) => {
            reading.file.bytes.extend(piece);
            it.blobs.go_on(reading, booth);
        }
        Err(why) => {
            booth.forgo(reading.length as u64);
            it.blobs.end(reading.to, Outcome::Failed(why));
        }
    }
    Ok(())
}

/// Has the app take the next piece out of a buffer.
fn write(call: &mut Call<'_>, mut writing: Writing) -> Result<()> {
    let rest = &writing.bytes[writing.taken..];
    let piece = &rest[..CHUNK.min(rest.len())];
    let failed = match give(call, piece)? {
        None => Some(wasi::NO_MEMORY),
        Some(at) => {
            let failed = ask(call, writing.take, &[at, piece.len() as i32, writing.to.user])?;
            take_back(call, at)?;
            (failed != 0).then_some(wasi::CANCELED)
        }
    };
    let mut it = device(call)?.it;
    let blobs = &mut it.blobs;
    blobs.put_down();
    match failed {
        Some(why) => blobs.end(writing.to, Outcome::Failed(Errno(why))),
        None => {
            writing.taken += piece.len();
            blobs.fetch(writing);
        }
    }
    Ok(())
}
