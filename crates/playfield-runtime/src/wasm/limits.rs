//! How much memory and how many table elements a guest may have.

use wasmtime::{ResourceLimiter, Result};

/// Most elements of all tables together; each takes a pointer.
pub const TABLE_ELEMENTS: usize = 1 << 20;

/// Says no to what goes past the limits; the guest sees a failed `memory.grow` or `table.grow`.
pub struct Limits {
    memory: u64,
    table_elements: usize,
    /// Something was refused since the guest was opened.
    pub refused: bool,
}

impl Limits {
    /// Limits with so many bytes of memory.
    pub fn new(memory: u64) -> Limits {
        Limits { memory, table_elements: 0, refused: false }
    }

    /// The same limits for another instance.
    pub fn fresh(&self) -> Limits {
        Limits::new(self.memory)
    }

    /// Most memory, in bytes.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Most memory, in MiB.
    pub fn memory_mb(&self) -> u64 {
        self.memory >> 20
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let allowed = desired as u64 <= self.memory;
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let all = self.table_elements.saturating_add(desired.saturating_sub(current));
        if all > TABLE_ELEMENTS || maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.table_elements = all;
        Ok(true)
    }

    fn instances(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }
}
