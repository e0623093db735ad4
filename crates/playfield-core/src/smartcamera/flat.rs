//! FlatBuffers: tables and vectors read without trust, and written forwards.
//!
//! A table begins with the distance back to its list of fields; a field is found by its slot, and one that is not there has its
//! default, which is zero. Every position is checked before it is looked at, alignment too. Nothing is read that a caller did
//! not ask for, so offsets that lead in circles lead nowhere. (FlatBuffers internals, `docs/source/internals.md`.)

use super::Error;

/// A table in bytes of which nothing is known.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the list of fields begins, and how many it has.
    fields: usize,
    slots: usize,
    /// Bytes of the table itself.
    size: usize,
}

/// A vector: where its first entry is, and how many there are.
#[derive(Clone, Copy)]
pub(super) struct Vector<'a> {
    bytes: &'a [u8],
    at: usize,
    len: usize,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Error> {
    let found = at.checked_add(N).and_then(|end| bytes.get(at..end)).and_then(|found| found.try_into().ok());
    // What is out of line was not written by FlatBuffers.
    found.filter(|_| at.is_multiple_of(N)).ok_or(Error::Broken(at))
}

fn word(bytes: &[u8], at: usize) -> Result<u32, Error> {
    Ok(u32::from_le_bytes(array(bytes, at)?))
}

fn half(bytes: &[u8], at: usize) -> Result<u16, Error> {
    Ok(u16::from_le_bytes(array(bytes, at)?))
}

/// Where an offset leads.
fn follow(bytes: &[u8], at: usize) -> Result<usize, Error> {
    match word(bytes, at)? {
        0 => Err(Error::Broken(at)),
        distance => Ok(at + distance as usize),
    }
}

impl<'a> Table<'a> {
    /// The outermost table.
    pub fn root(bytes: &'a [u8]) -> Result<Table<'a>, Error> {
        Table::at(bytes, follow(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], at: usize) -> Result<Table<'a>, Error> {
        let back = i64::from(word(bytes, at)?.cast_signed());
        let fields = usize::try_from(at as i64 - back).map_err(|_| Error::Broken(at))?;
        let (list, size) = (usize::from(half(bytes, fields)?), usize::from(half(bytes, fields + 2)?));
        if list < 4 || !list.is_multiple_of(2) || fields + list > bytes.len() || size < 4 || at + size > bytes.len() {
            return Err(Error::Broken(fields));
        }
        Ok(Table { bytes, at, fields: fields + 4, slots: list / 2 - 2, size })
    }

    /// How many slots the table knows of, the last ones with defaults left out.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Where the field of a slot is; none: it has its default.
    fn field(&self, slot: usize, size: usize) -> Result<Option<usize>, Error> {
        if slot >= self.slots {
            return Ok(None);
        }
        match usize::from(half(self.bytes, self.fields + 2 * slot)?) {
            0 => Ok(None),
            offset if offset >= 4 && offset + size <= self.size => Ok(Some(self.at + offset)),
            _ => Err(Error::Broken(self.fields + 2 * slot)),
        }
    }

    pub fn u8(&self, slot: usize) -> Result<u8, Error> {
        Ok(self.field(slot, 1)?.map_or(0, |at| self.bytes[at]))
    }

    pub fn u16(&self, slot: usize) -> Result<u16, Error> {
        self.field(slot, 2)?.map_or(Ok(0), |at| half(self.bytes, at))
    }

    pub fn u32(&self, slot: usize) -> Result<u32, Error> {
        self.field(slot, 4)?.map_or(Ok(0), |at| word(self.bytes, at))
    }

    pub fn i32(&self, slot: usize) -> Result<i32, Error> {
        Ok(self.u32(slot)?.cast_signed())
    }

    pub fn f32(&self, slot: usize) -> Result<f32, Error> {
        Ok(f32::from_bits(self.u32(slot)?))
    }

    pub fn table(&self, slot: usize) -> Result<Option<Table<'a>>, Error> {
        let Some(at) = self.field(slot, 4)? else { return Ok(None) };
        Ok(Some(Table::at(self.bytes, follow(self.bytes, at)?)?))
    }

    /// A vector of entries of `size` bytes.
    pub fn vector(&self, slot: usize, size: usize) -> Result<Option<Vector<'a>>, Error> {
        let Some(at) = self.field(slot, 4)? else { return Ok(None) };
        let at = follow(self.bytes, at)?;
        let len = word(self.bytes, at)? as usize;
        let end = len.checked_mul(size).and_then(|bytes| bytes.checked_add(at + 4));
        if end.is_none_or(|end| end > self.bytes.len()) {
            return Err(Error::Broken(at));
        }
        Ok(Some(Vector { bytes: self.bytes, at: at + 4, len }))
    }
}

impl<'a> Vector<'a> {
    pub fn len(&self) -> usize {
        self.len
    }

    /// Its entries, where they are tables.
    pub fn tables(self) -> impl Iterator<Item = Result<Table<'a>, Error>> {
        (0..self.len).map(move |nth| Table::at(self.bytes, follow(self.bytes, self.at + 4 * nth)?))
    }

    pub fn u16s(self) -> impl Iterator<Item = u16> {
        self.bytes[self.at..][..2 * self.len].as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair))
    }

    pub fn f32s(self) -> impl Iterator<Item = f32> {
        self.bytes[self.at..][..4 * self.len].as_chunks().0.iter().map(|four| f32::from_le_bytes(*four))
    }
}

/// What a field of a table to be written is.
#[derive(Clone, Copy)]
pub(super) enum Field {
    /// Left out.
    None,
    U8(u8),
    U16(u16),
    U32(u32),
    F32(f32),
    I32(i32),
    /// An offset, to be filled in.
    Offset,
}

/// A place where an offset is to be filled in.
#[derive(Clone, Copy)]
pub(super) struct Place(usize);

/// Bytes that grow: what an offset leads to is written after it.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// With the place of the root's offset.
    pub fn new() -> (Writer, Place) {
        (Writer(vec![0; 4]), Place(0))
    }

    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// A table that `from` leads to, and where offsets in it are to be filled in, in their order.
    pub fn table(&mut self, from: Place, fields: &[Field]) -> Vec<Place> {
        let list = 4 + 2 * fields.len();
        while !(self.0.len() + list).is_multiple_of(4) {
            self.0.push(0);
        }
        let (start, at) = (self.0.len(), self.0.len() + list);
        self.0.resize(at, 0);
        self.0.extend_from_slice(&(list as u32).to_le_bytes());
        let mut places = Vec::new();
        for (slot, field) in fields.iter().enumerate() {
            if matches!(field, Field::None) {
                continue;
            }
            let size = match field {
                Field::U8(_) => 1,
                Field::U16(_) => 2,
                _ => 4,
            };
            while !self.0.len().is_multiple_of(size) {
                self.0.push(0);
            }
            let offset = (self.0.len() - at) as u16;
            self.0[start + 4 + 2 * slot..][..2].copy_from_slice(&offset.to_le_bytes());
            match field {
                Field::None => {}
                Field::U8(value) => self.0.push(*value),
                Field::U16(value) => self.0.extend_from_slice(&value.to_le_bytes()),
                Field::U32(value) => self.0.extend_from_slice(&value.to_le_bytes()),
                Field::I32(value) => self.0.extend_from_slice(&value.to_le_bytes()),
                Field::F32(value) => self.0.extend_from_slice(&value.to_le_bytes()),
                Field::Offset => {
                    places.push(Place(self.0.len()));
                    self.0.extend_from_slice(&[0; 4]);
                }
            }
        }
        let size = (self.0.len() - at) as u16;
        self.0[start..][..2].copy_from_slice(&(list as u16).to_le_bytes());
        self.0[start + 2..][..2].copy_from_slice(&size.to_le_bytes());
        self.lead(from, at);
        places
    }

    /// A vector of tables: where each is to be filled in.
    pub fn tables(&mut self, from: Place, len: usize) -> Vec<Place> {
        let at = self.vector(from, len);
        self.0.resize(at + 4 * len, 0);
        (0..len).map(|nth| Place(at + 4 * nth)).collect()
    }

    pub fn u16s(&mut self, from: Place, values: &[u16]) {
        self.vector(from, values.len());
        self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    pub fn f32s(&mut self, from: Place, values: &[f32]) {
        self.vector(from, values.len());
        self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    fn vector(&mut self, from: Place, len: usize) -> usize {
        while !self.0.len().is_multiple_of(4) {
            self.0.push(0);
        }
        let at = self.0.len();
        self.0.extend_from_slice(&(len as u32).to_le_bytes());
        self.lead(from, at);
        at + 4
    }

    fn lead(&mut self, from: Place, to: usize) {
        let distance = (to - from.0) as u32;
        self.0[from.0..][..4].copy_from_slice(&distance.to_le_bytes());
    }
}
