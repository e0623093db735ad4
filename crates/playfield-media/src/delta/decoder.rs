//! The viewer's side: datagrams in any order become pictures, or are refused without a trace.
//!
//! Nothing of a datagram is kept before all of it has been checked, and what is shown is a copy of its own. So bytes of
//! any kind can at worst be refused.

use playfield_core::delta::RowSet;

use super::ops::{HEADER, Header, Kind, ParityHeader, literal_len, read_op, unpack};
use super::parity::Pieces;
use super::rows::{PALETTE_BYTES, PictureRows, Shape};

/// Pictures a viewer keeps.
const HISTORY: u32 = 32;
/// Pictures a viewer acknowledges at a time.
const ACKS: usize = 16;

/// What came of a datagram that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The picture it belongs to.
    pub picture: u32,
    /// Its index in that picture, parity counted on from the datagrams.
    pub index: u8,
    /// It had come before.
    pub again: bool,
    /// It completed its picture, which is newer than any shown: see [`Decoder::shown`].
    pub shows: bool,
}

/// Why a datagram was dropped; it is not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// No header, or one that contradicts itself.
    #[error("not a lossless datagram")]
    NoHeader,
    /// It belongs to a picture too old to be kept.
    #[error("the picture is too old")]
    TooOld,
    /// It says other things of its picture, or carries the same rows, as another datagram did.
    #[error("it contradicts another datagram of its picture")]
    Contradicts,
    /// The base is not kept, or some row it needs never came.
    #[error("rows of the base are missing")]
    NoBase,
    /// The operations do not parse.
    #[error("the operations do not parse")]
    BadOperations,
}

/// The datagrams of one picture that came, parity counted on from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The picture.
    pub picture: u32,
    /// Bit i: datagram i came.
    pub datagrams: u64,
    /// How many there are without parity: of any so many the picture was put together.
    pub count: u8,
}

/// A complete picture.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Its number.
    pub picture: u32,
    /// The guest's number of it.
    pub tick: u32,
    /// Its rows.
    pub rows: &'a PictureRows,
}

#[derive(Debug, Default)]
struct Slot {
    /// The picture and how many datagrams it has; none if the slot is free.
    of: Option<(u32, u8)>,
    /// What all datagrams of the picture agree on; none while only parity came.
    about: Option<About>,
    came: u64,
    /// Datagrams that parity stood in for.
    rebuilt: u64,
    have: RowSet,
    rows: PictureRows,
    /// What came, as long as the picture is not whole.
    pieces: Pieces,
}

impl Slot {
    fn begin(&mut self, of: (u32, u8)) {
        if self.of != Some(of) {
            (self.of, self.about) = (Some(of), None);
            (self.came, self.rebuilt) = (0, 0);
            self.have = RowSet::default();
            self.pieces.clear();
        }
    }

    fn is_whole(&self) -> bool {
        self.about.is_some_and(|about| self.have.len() == usize::from(about.shape.rows()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct About {
    picture: u32,
    tick: u32,
    shape: Shape,
}

impl About {
    fn of(header: &Header) -> About {
        About { picture: header.picture, tick: header.tick, shape: header.shape }
    }
}

/// Puts pictures together.
#[derive(Debug)]
pub struct Decoder {
    slots: Vec<Slot>,
    newest: Option<u32>,
    shown: Option<(u32, u32)>,
    shown_rows: PictureRows,
    scratch: Vec<u8>,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new()
    }
}

impl Decoder {
    /// A viewer that has nothing.
    pub fn new() -> Decoder {
        let slots = (0..HISTORY).map(|_| Slot::default()).collect();
        Decoder { slots, newest: None, shown: None, shown_rows: PictureRows::default(), scratch: Vec::new() }
    }

    /// Takes a datagram.
    pub fn push(&mut self, datagram: &[u8]) -> Result<Received, Rejected> {
        if let Some((header, code)) = ParityHeader::parse(datagram) {
            return self.push_parity(header, code);
        }
        let header = Header::parse(datagram).ok_or(Rejected::NoHeader)?;
        let slot = self.place_of(header.picture, header.count)?;
        let mut received = Received { picture: header.picture, index: header.index, again: false, shows: false };
        if slot.of == Some((header.picture, header.count)) {
            if slot.about.is_some_and(|known| known != About::of(&header)) {
                return Err(Rejected::Contradicts);
            }
            received.again = slot.came >> header.index & 1 == 1;
            if (slot.came | slot.rebuilt) >> header.index & 1 == 1 {
                slot.came |= 1 << header.index;
                return Ok(received);
            }
        }
        self.take(&header, &datagram[HEADER..])?;
        let slot = &mut self.slots[place(header.picture)];
        slot.came |= 1 << header.index;
        if !slot.is_whole() {
            slot.pieces.keep(header.index, datagram);
        }
        received.shows = self.finish(header.picture, header.count);
        Ok(received)
    }

    fn push_parity(&mut self, header: ParityHeader, code: &[u8]) -> Result<Received, Rejected> {
        let ParityHeader { picture, count, index } = header;
        let slot = self.place_of(picture, count)?;
        slot.begin((picture, count));
        let mut received = Received { picture, index, again: slot.came >> index & 1 == 1, shows: false };
        if !received.again {
            slot.came |= 1 << index;
            if !slot.is_whole() {
                slot.pieces.keep(index, code);
            }
            self.note(picture);
            received.shows = self.finish(picture, count);
            if self.slots[place(picture)].came >> index & 1 == 0 {
                return Err(Rejected::Contradicts);
            }
        }
        Ok(received)
    }

    /// Where a picture of so many datagrams is kept, if it can be.
    fn place_of(&mut self, picture: u32, count: u8) -> Result<&mut Slot, Rejected> {
        if self.newest.is_some_and(|newest| age(newest, picture) >= HISTORY as i32) {
            return Err(Rejected::TooOld);
        }
        let slot = &mut self.slots[place(picture)];
        let contradicts = slot.of.is_some_and(|(number, of)| number == picture && of != count);
        if contradicts { Err(Rejected::Contradicts) } else { Ok(slot) }
    }

    /// Takes the rows of a datagram that did not come before.
    fn take(&mut self, header: &Header, ops: &[u8]) -> Result<(), Rejected> {
        let about = About::of(header);
        let slot = &self.slots[place(header.picture)];
        if slot.of == Some((header.picture, header.count)) {
            let mut rows = header.first_row..header.first_row + header.rows;
            if slot.about.is_some_and(|known| known != about) || rows.any(|row| slot.have.contains(row)) {
                return Err(Rejected::Contradicts);
            }
        }
        self.decode(header, ops)?;
        self.keep(about, header);
        self.note(header.picture);
        Ok(())
    }

    /// As soon as enough of a picture came, what is missing is rebuilt. Returns whether the picture is shown.
    fn finish(&mut self, picture: u32, count: u8) -> bool {
        let slot = &mut self.slots[place(picture)];
        let parity = slot.came & u64::MAX.checked_shl(count.into()).unwrap_or(0);
        if !slot.is_whole() {
            if parity == 0 || slot.pieces.len() < usize::from(count) {
                return false;
            }
            if self.rebuild(picture, count).is_err() {
                // Then parity is worth nothing, and is not acknowledged.
                let slot = &mut self.slots[place(picture)];
                slot.came &= !parity;
                slot.pieces.clear();
                return false;
            }
        }
        let slot = &mut self.slots[place(picture)];
        slot.pieces.clear();
        slot.about.is_some_and(|about| self.show(about))
    }

    fn rebuild(&mut self, picture: u32, count: u8) -> Result<(), Rejected> {
        let missing = self.slots[place(picture)].pieces.rebuild(count).ok_or(Rejected::Contradicts)?;
        for (index, datagram) in missing {
            let header = Header::parse(&datagram).ok_or(Rejected::Contradicts)?;
            if (header.picture, header.count, header.index) != (picture, count, index) {
                return Err(Rejected::Contradicts);
            }
            self.take(&header, &datagram[HEADER..])?;
            self.slots[place(picture)].rebuilt |= 1 << index;
        }
        if self.slots[place(picture)].is_whole() { Ok(()) } else { Err(Rejected::Contradicts) }
    }

    fn note(&mut self, picture: u32) {
        if self.newest.is_none_or(|newest| age(newest, picture) < 0) {
            self.newest = Some(picture);
        }
    }

    /// The newest complete picture.
    pub fn shown(&self) -> Option<Shown<'_>> {
        self.shown.map(|(picture, tick)| Shown { picture, tick, rows: &self.shown_rows })
    }

    /// What to tell the node: the newest pictures of which anything came, newest first, at most 16.
    pub fn acks(&self) -> impl Iterator<Item = Ack> + '_ {
        let newest = self.newest.into_iter();
        let kept = newest.flat_map(|newest| (0..HISTORY).map(move |age| newest.wrapping_sub(age)));
        let came = kept.filter_map(|picture| {
            let slot = &self.slots[place(picture)];
            let (_, count) = slot.of.filter(|(number, _)| *number == picture)?;
            (slot.came != 0).then_some(Ack { picture, datagrams: slot.came, count })
        });
        came.take(ACKS)
    }

    /// Fills the scratch with the rows of a datagram.
    fn decode(&mut self, header: &Header, ops: &[u8]) -> Result<(), Rejected> {
        let (first, last) = (header.first_row, header.first_row + header.rows - 1);
        let span = header.shape.span(first).start..header.shape.span(last).end;
        self.scratch.clear();
        let base = match header.distance {
            0 => {
                self.scratch.resize(span.len(), 0);
                None
            }
            distance => {
                let name = header.picture.wrapping_sub(u32::from(distance));
                let slot = &self.slots[place(name)];
                let fits = slot.about.is_some_and(|about| about.picture == name && about.shape == header.shape);
                let kept = u32::from(distance) < HISTORY && fits;
                if !kept || !(first..=last).all(|row| slot.have.contains(row)) {
                    return Err(Rejected::NoBase);
                }
                self.scratch.extend_from_slice(&slot.rows.data[span]);
                Some(slot)
            }
        };
        let palette = if first < header.shape.format.palette_rows() { PALETTE_BYTES } else { 0 };
        let (palette, pixels) = self.scratch.split_at_mut(palette);
        let mut ops = ops;
        let mut palette = Fill { header, base, cells: palette, unit: 3, bits: 8, first_y: None, at: 0 };
        while palette.room() > 0 && !ops.is_empty() {
            palette.op(&mut ops)?;
        }
        let first_y = usize::from(first.saturating_sub(header.shape.format.palette_rows()));
        let (unit, bits) = (header.shape.format.unit(), usize::from(header.bits));
        let mut pixels = Fill { header, base, cells: pixels, unit, bits, first_y: Some(first_y), at: 0 };
        while !ops.is_empty() {
            pixels.op(&mut ops)?;
        }
        Ok(())
    }

    /// Keeps the rows in the scratch.
    fn keep(&mut self, about: About, header: &Header) {
        let slot = &mut self.slots[place(about.picture)];
        slot.begin((about.picture, header.count));
        if slot.about != Some(about) {
            slot.about = Some(about);
            slot.rows.shape = about.shape;
            slot.rows.bits = 8;
            slot.rows.data.resize(about.shape.bytes(), 0);
        }
        let start = about.shape.span(header.first_row).start;
        slot.rows.data[start..start + self.scratch.len()].copy_from_slice(&self.scratch);
        slot.have.insert(header.first_row, header.rows);
    }

    fn show(&mut self, about: About) -> bool {
        let slot = &self.slots[place(about.picture)];
        let newer = self.shown.is_none_or(|(shown, _)| age(shown, about.picture) < 0);
        if !slot.is_whole() || !newer {
            return false;
        }
        self.shown = Some((about.picture, about.tick));
        self.shown_rows.shape = slot.rows.shape;
        self.shown_rows.bits = slot.rows.bits;
        self.shown_rows.data.clear();
        self.shown_rows.data.extend_from_slice(&slot.rows.data);
        true
    }
}

/// By how many pictures `picture` is older than `newest`; negative if it is newer. Numbers wrap.
fn age(newest: u32, picture: u32) -> i32 {
    newest.wrapping_sub(picture).cast_signed()
}

fn place(picture: u32) -> usize {
    (picture % HISTORY) as usize
}

/// Rows being filled by operations.
struct Fill<'a> {
    header: &'a Header,
    base: Option<&'a Slot>,
    /// As in the base so far.
    cells: &'a mut [u8],
    unit: usize,
    bits: usize,
    /// The first pixel row; none for the palette.
    first_y: Option<usize>,
    /// The next unit.
    at: usize,
}

impl Fill<'_> {
    fn room(&self) -> usize {
        self.cells.len() / self.unit - self.at
    }

    fn op(&mut self, ops: &mut &[u8]) -> Result<(), Rejected> {
        let (kind, n) = read_op(ops).filter(|(_, n)| *n <= self.room()).ok_or(Rejected::BadOperations)?;
        match kind {
            Kind::Same => {}
            Kind::Run => {
                let unit = take(ops, self.unit)?;
                self.next(n).chunks_exact_mut(unit.len()).for_each(|cell| cell.copy_from_slice(unit));
            }
            Kind::Literal if self.unit == 1 => {
                let bits = self.bits;
                let packed = take(ops, literal_len(n, bits))?;
                unpack(packed, bits, self.next(n));
            }
            Kind::Literal => {
                let units = take(ops, n * self.unit)?;
                self.next(n).copy_from_slice(units);
            }
            Kind::Above => self.above(n)?,
            Kind::Moved => self.moved(n)?,
        }
        self.at += n;
        Ok(())
    }

    fn next(&mut self, n: usize) -> &mut [u8] {
        &mut self.cells[self.at * self.unit..(self.at + n) * self.unit]
    }

    fn above(&mut self, n: usize) -> Result<(), Rejected> {
        let width = usize::from(self.header.shape.width);
        if self.first_y.is_none() || self.at < width {
            return Err(Rejected::BadOperations);
        }
        // By rows, since a copy may read what it wrote a row before.
        let (mut at, end) = (self.at, self.at + n);
        while at < end {
            let step = (end - at).min(width);
            let from = (at - width) * self.unit;
            self.cells.copy_within(from..from + step * self.unit, at * self.unit);
            at += step;
        }
        Ok(())
    }

    fn moved(&mut self, n: usize) -> Result<(), Rejected> {
        let first_y = self.first_y.ok_or(Rejected::BadOperations)?;
        let shape = self.header.shape;
        let width = usize::from(shape.width);
        for at in self.at..self.at + n {
            let x = (at % width) as i32 + i32::from(self.header.dx);
            let y = (at / width + first_y) as i32 + i32::from(self.header.dy);
            let inside = (0..i32::from(shape.width)).contains(&x) && (0..i32::from(shape.height)).contains(&y);
            let cell = &mut self.cells[at * self.unit..(at + 1) * self.unit];
            match self.base {
                Some(base) if inside => {
                    let row = y as u16 + shape.format.palette_rows();
                    if !base.have.contains(row) {
                        return Err(Rejected::NoBase);
                    }
                    let x = x as usize * self.unit;
                    cell.copy_from_slice(&base.rows.row(row)[x..x + self.unit]);
                }
                _ => cell.fill(0),
            }
        }
        Ok(())
    }
}

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Result<&'a [u8], Rejected> {
    let (taken, rest) = bytes.split_at_checked(n).ok_or(Rejected::BadOperations)?;
    *bytes = rest;
    Ok(taken)
}
