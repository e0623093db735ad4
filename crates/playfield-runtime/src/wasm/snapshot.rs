//! How the state of a guest is written down: little-endian numbers and byte strings with their length before them.

use crate::GuestError;

/// Begins every snapshot, with the version of its layout.
pub const MAGIC: &[u8; 8] = b"PFSTATE2";

/// Writes state to the end of a buffer.
pub struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub fn u16(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.raw(bytes);
    }
}

/// Reads state back; every step fails when nothing is left.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn u8(&mut self) -> Result<u8, GuestError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub fn u16(&mut self) -> Result<u16, GuestError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, GuestError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64, GuestError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], GuestError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or_else(damaged)?;
        self.0 = rest;
        Ok(*head)
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], GuestError> {
        let length = usize::try_from(self.u64()?).map_err(|_| damaged())?;
        self.raw(length)
    }

    pub fn raw(&mut self, length: usize) -> Result<&'a [u8], GuestError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(head)
    }
}

/// The snapshot is not one of ours, or not whole.
pub fn damaged() -> GuestError {
    GuestError::NoSnapshot("the saved state is damaged".to_owned())
}
