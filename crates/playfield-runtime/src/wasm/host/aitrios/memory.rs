//! An app's memory, as its device reaches into it: the one of its only thread, or one that all of its threads share, who go on
//! writing meanwhile. So whatever is looked at was copied out before.

#[allow(unsafe_code, reason = "memory that threads of the guest write to at any time is no slice")]
mod ffi;

use wasmtime::SharedMemory;

/// Longest text that an app hands over as a C string, in bytes.
const MOST_TEXT: usize = 4096;
/// How much of a text is looked at in one go.
const PIECE: usize = 256;

/// Something of the app's lies outside its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// The app's memory.
pub enum Mem<'a> {
    /// Nobody else touches it now.
    Own(&'a mut [u8]),
    /// Other threads may.
    Shared(&'a SharedMemory),
}

impl Mem<'_> {
    /// Whether so many bytes are there.
    pub fn check(&self, ptr: i32, len: i32) -> Result<(), Fault> {
        let end = u64::from(ptr.cast_unsigned()) + u64::from(len.cast_unsigned());
        if end <= self.size() as u64 { Ok(()) } else { Err(Fault) }
    }

    /// Bytes of the app. Whoever asks bounds their number.
    pub fn read(&self, ptr: i32, len: i32) -> Result<Vec<u8>, Fault> {
        self.check(ptr, len)?;
        let mut bytes = vec![0; len.cast_unsigned() as usize];
        self.copy_out(ptr.cast_unsigned() as usize, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes into the app.
    pub fn write(&mut self, ptr: i32, what: &[u8]) -> Result<(), Fault> {
        let from = ptr.cast_unsigned() as usize;
        match self {
            Mem::Own(mem) => {
                let room = from.checked_add(what.len()).and_then(|to| mem.get_mut(from..to)).ok_or(Fault)?;
                room.copy_from_slice(what);
                Ok(())
            }
            Mem::Shared(memory) => ffi::copy_in(memory, from, what).then_some(()).ok_or(Fault),
        }
    }

    /// A C string of the app, without its zero.
    pub fn text(&self, ptr: i32) -> Result<Vec<u8>, Fault> {
        self.long_text(ptr, MOST_TEXT)
    }

    /// One that may be so long.
    pub fn long_text(&self, ptr: i32, most: usize) -> Result<Vec<u8>, Fault> {
        let from = ptr.cast_unsigned() as usize;
        let rest = self.size().checked_sub(from).filter(|_| ptr != 0).ok_or(Fault)?;
        let (most, mut text) = (most.min(rest), Vec::new());
        while text.len() < most {
            let mut piece = [0; PIECE];
            let piece = &mut piece[..PIECE.min(most - text.len())];
            self.copy_out(from + text.len(), piece)?;
            if let Some(end) = piece.iter().position(|byte| *byte == 0) {
                text.extend_from_slice(&piece[..end]);
                return Ok(text);
            }
            text.extend_from_slice(piece);
        }
        Err(Fault)
    }

    fn size(&self) -> usize {
        match self {
            Mem::Own(mem) => mem.len(),
            Mem::Shared(memory) => memory.data_size(),
        }
    }

    fn copy_out(&self, from: usize, into: &mut [u8]) -> Result<(), Fault> {
        match self {
            Mem::Own(mem) => {
                let bytes = from.checked_add(into.len()).and_then(|to| mem.get(from..to)).ok_or(Fault)?;
                into.copy_from_slice(bytes);
                Ok(())
            }
            Mem::Shared(memory) => ffi::copy_out(memory, from, into).then_some(()).ok_or(Fault),
        }
    }
}

/// A whole number in bytes of the app.
pub fn word(bytes: &[u8], at: usize) -> Result<i32, Fault> {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Fault)?;
    Ok(i32::from_le_bytes(*four))
}

#[cfg(test)]
mod tests {
    use wasmtime::MemoryType;

    use super::*;
    use crate::wasm::Engine;

    #[test]
    fn both_kinds_are_read_and_written_alike() {
        let engine = Engine::new().unwrap();
        let shared = SharedMemory::new(engine.wasmtime(), MemoryType::shared(1, 2)).unwrap();
        let mut own = vec![0; 65536];
        for mut mem in [Mem::Own(&mut own), Mem::Shared(&shared)] {
            for (at, length) in [(0, 0), (3, 1), (5, 40), (8, 16), (65_529, 7), (65_535, 1), (65_536, 0)] {
                let bytes: Vec<u8> = (1..=length).collect();
                mem.write(at, &bytes).unwrap();
                assert_eq!(mem.read(at, length.into()), Ok(bytes), "{at} {length}");
            }
            assert_eq!(mem.read(4, 3).unwrap(), [0, 1, 2], "what lies beside is left alone");
            assert_eq!(mem.write(65_536, &[1]), Err(Fault));
            assert_eq!(mem.write(-4, &[1; 8]), Err(Fault));
            assert_eq!(mem.read(65_530, 7), Err(Fault));
            assert_eq!(mem.read(0, -1), Err(Fault));
            assert_eq!(mem.text(0), Err(Fault), "null");
            mem.write(1000, &[b'x'; 300]).unwrap();
            assert_eq!(mem.text(1000).unwrap().len(), 300);
            assert_eq!(mem.long_text(1000, 300), Err(Fault), "its end is too far");
            assert_eq!(mem.long_text(1000, 301).unwrap().len(), 300);
            mem.write(65_530, &[b'x'; 6]).unwrap();
            assert_eq!(mem.text(65_530), Err(Fault), "it has no end");
        }
    }
}
