//! A table of numbers, which may lie row by row or column by column.

/// Entries of some fields each: `[1, entries, fields]`, or `[1, fields, entries]`.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub data: &'a [f32],
    pub entries: usize,
    pub fields: usize,
    /// Whether all of one field stand together.
    pub by_field: bool,
}

impl<'a> Rows<'a> {
    /// The last two sizes of a tensor of `fields` fields; by field where both could be it.
    pub fn new(data: &'a [f32], shape: &[usize], fields: usize, prefer_by_field: bool) -> Option<Rows<'a>> {
        let [.., one, other] = *shape else { return None };
        let (by_field, entries) = match (one == fields, other == fields) {
            (true, true) => (prefer_by_field, other),
            (true, false) => (true, other),
            (false, true) => (false, one),
            (false, false) => return None,
        };
        (entries.checked_mul(fields)? == data.len()).then_some(Rows { data, entries, fields, by_field })
    }

    /// One number.
    pub fn at(&self, entry: usize, field: usize) -> f32 {
        self.data[if self.by_field { field * self.entries + entry } else { entry * self.fields + field }]
    }

    /// Four numbers from `field` on.
    pub fn four(&self, entry: usize, field: usize) -> [f32; 4] {
        std::array::from_fn(|nth| self.at(entry, field + nth))
    }

    /// All of one field, where they stand together.
    pub fn field(&self, field: usize) -> &'a [f32] {
        &self.data[field * self.entries..(field + 1) * self.entries]
    }

    /// All of one entry, where they stand together.
    pub fn entry(&self, entry: usize) -> &'a [f32] {
        &self.data[entry * self.fields..(entry + 1) * self.fields]
    }
}
