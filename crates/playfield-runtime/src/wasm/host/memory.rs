//! The guest's memory, as the host reaches into it.

use wasmtime::Caller;

use super::{Host, HostTrap, trap};

/// The guest's memory and everything else, borrowed apart.
pub fn parts<'a>(caller: &'a mut Caller<'_, Host>) -> Result<(&'a mut [u8], &'a mut Host), HostTrap> {
    match caller.data().memory {
        Some(memory) => Ok(memory.data_and_store_mut(caller)),
        None => trap("a host function was called before the memory was there"),
    }
}

/// Where `len` bytes at `ptr` lie; both are unsigned in truth.
pub fn range(mem: &[u8], ptr: i32, len: u64) -> Result<std::ops::Range<usize>, HostTrap> {
    let start = u64::from(ptr as u32);
    match start.checked_add(len) {
        Some(end) if end <= mem.len() as u64 => Ok(start as usize..end as usize),
        _ => trap(format!("{len} bytes at {start:#x} reach outside its memory of {} bytes", mem.len())),
    }
}

/// Bytes of the guest.
pub fn bytes(mem: &[u8], ptr: i32, len: i32) -> Result<&[u8], HostTrap> {
    Ok(&mem[range(mem, ptr, u64::from(len as u32))?])
}

/// Room in the guest.
pub fn room(mem: &mut [u8], ptr: i32, len: i32) -> Result<&mut [u8], HostTrap> {
    let range = range(mem, ptr, u64::from(len as u32))?;
    Ok(&mut mem[range])
}

/// Writes as much of `bytes` as fits into `max` bytes at `ptr`; all of that room must exist. Returns the length of
/// all of `bytes`.
pub fn answer(mem: &mut [u8], ptr: i32, max: i32, bytes: &[u8]) -> Result<i32, HostTrap> {
    let room = room(mem, ptr, max)?;
    let count = room.len().min(bytes.len());
    room[..count].copy_from_slice(&bytes[..count]);
    Ok(bytes.len() as i32)
}

/// A name or key: 1 to 64 bytes of UTF-8.
pub fn name<'a>(mem: &'a [u8], ptr: i32, len: i32, what: &str) -> Result<&'a str, HostTrap> {
    if !(1..=64).contains(&len) {
        return trap(format!("{what} of {len} bytes; it has 1 to 64"));
    }
    match std::str::from_utf8(bytes(mem, ptr, len)?) {
        Ok(name) => Ok(name),
        Err(_) => trap(format!("{what} that is not UTF-8")),
    }
}
