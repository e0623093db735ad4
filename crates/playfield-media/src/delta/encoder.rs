//! Rows to datagrams: as many rows in each as fit, each unit the cheapest way that is quick to find.

use playfield_core::delta::{DatagramRows, RowRun, RowSet};
use playfield_core::frame::{Damage, Picture, PixelFormat};

use super::motion::{Motion, Shift};
use super::ops::{COUNT_AT, HEADER, Header, INDEX_AT, Kind, MAX_DATAGRAM, MAX_DATAGRAMS};
use super::ops::{pack, write_op};
use super::parse::{Masks, Op, Parse};
use super::rows::{PALETTE_BYTES, PictureRows};
use super::units::{WORDS, equal, ones};

/// A picture that a viewer has rows of.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// The picture.
    pub rows: &'a PictureRows,
    /// The rows of it the viewer acknowledged.
    pub known: &'a RowSet,
    /// The rows in which the picture to be coded may differ from it; the others are not looked at.
    pub changed: RowSpan,
}

/// Neighbouring rows of a picture, the palette's counted as everywhere in its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSpan {
    /// The first of them.
    pub first: u16,
    /// The one after the last.
    pub end: u16,
}

impl RowSpan {
    /// Every row of any picture.
    pub const ALL: RowSpan = RowSpan { first: 0, end: u16::MAX };
    /// None.
    pub const NONE: RowSpan = RowSpan { first: u16::MAX, end: 0 };

    /// The rows of `picture` in which `damage` lies.
    pub fn of(damage: Damage, picture: &Picture) -> RowSpan {
        match damage {
            Damage::None => RowSpan::NONE,
            Damage::All => RowSpan::ALL,
            Damage::Area(area) => {
                let above = u16::from(picture.format == PixelFormat::Indexed8);
                RowSpan { first: area.y + above, end: area.y + area.height + above }
            }
        }
    }

    /// The smallest span that holds both.
    pub fn union(self, other: RowSpan) -> RowSpan {
        RowSpan { first: self.first.min(other.first), end: self.end.max(other.end) }
    }

    /// Whether a row is one of them.
    pub fn contains(self, row: u16) -> bool {
        self.first <= row && row < self.end
    }
}

/// Why a picture could not be coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// It needs more than [`MAX_DATAGRAMS`] datagrams, or one of its rows more than a datagram.
    #[error("the picture does not fit {MAX_DATAGRAMS} datagrams of {MAX_DATAGRAM} bytes; send it as video")]
    TooLarge,
    /// A run names a base that was not given, or one of another size or format.
    #[error("picture {0} is no base for this one; plan again without it")]
    NoBase(u32),
    /// A run reaches past the picture's rows.
    #[error("a run of rows reaches past the picture; plan with its number of rows")]
    NoRows,
}

/// Codes pictures; keeps its buffers, so that a steady stream allocates nothing.
#[derive(Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    motion: Motion,
    ops: Vec<Op>,
    moved: Vec<u8>,
    zeros: Vec<u8>,
    masks: Box<Masks>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    first_row: u16,
    rows: u16,
}

/// The datagrams of one picture.
#[derive(Clone, Copy, Debug)]
pub struct Datagrams<'a> {
    bytes: &'a [u8],
    entries: &'a [Entry],
}

impl<'a> Datagrams<'a> {
    /// How many, 1 to [`MAX_DATAGRAMS`].
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none, which only happens for no rows.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Their bytes, by index.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (bytes, entries) = (self.bytes, self.entries);
        let ends = entries.iter().skip(1).map(|entry| entry.start).chain([bytes.len()]);
        entries.iter().zip(ends).map(move |(entry, end)| &bytes[entry.start..end])
    }

    /// The rows each carries, by index.
    pub fn rows(&self) -> impl Iterator<Item = DatagramRows> + use<'a> {
        let entries = self.entries.iter();
        entries.zip(self.iter()).map(|(entry, bytes)| DatagramRows {
            first_row: entry.first_row,
            rows: entry.rows,
            len: bytes.len() as u16,
        })
    }
}

impl Encoder {
    /// An encoder. One serves any number of viewers in turn.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// Codes the rows of `runs` as picture number `number`, which shows the guest's picture of `tick`.
    ///
    /// `base` is asked for each base that the runs name.
    pub fn encode<'b>(
        &mut self,
        picture: &PictureRows,
        number: u32,
        tick: u32,
        runs: &[RowRun],
        base: &dyn Fn(u32) -> Option<Base<'b>>,
    ) -> Result<Datagrams<'_>, DeltaError> {
        self.bytes.clear();
        self.entries.clear();
        for run in runs {
            if u32::from(run.first_row) + u32::from(run.rows) > u32::from(picture.rows()) {
                return Err(DeltaError::NoRows);
            }
            let base = match run.base {
                None => None,
                Some(name) => {
                    let fits = |base: &Base| base.rows.shape == picture.shape && number.wrapping_sub(name) <= 255;
                    Some((base(name).filter(fits).ok_or(DeltaError::NoBase(name))?, number.wrapping_sub(name) as u8))
                }
            };
            self.run(picture, run, base, number, tick)?;
        }
        let count = self.entries.len() as u8;
        for (index, entry) in self.entries.iter().enumerate() {
            self.bytes[entry.start + INDEX_AT] = index as u8;
            self.bytes[entry.start + COUNT_AT] = count;
        }
        Ok(Datagrams { bytes: &self.bytes, entries: &self.entries })
    }

    fn run(
        &mut self,
        picture: &PictureRows,
        run: &RowRun,
        base: Option<(Base, u8)>,
        number: u32,
        tick: u32,
    ) -> Result<(), DeltaError> {
        let end = run.first_row + run.rows;
        let pixels = run.first_row.max(picture.format().palette_rows());
        let shift = match base {
            Some((base, _)) if pixels < end => {
                let span = base.changed;
                self.motion.find(picture, base.rows, base.known, pixels.max(span.first), end.min(span.end))
            }
            _ => (0, 0),
        };
        let header = Header {
            shape: picture.shape,
            picture: number,
            tick,
            distance: base.map_or(0, |(_, distance)| distance),
            index: 0,
            count: 0,
            bits: picture.bits,
            first_row: run.first_row,
            rows: 0,
            dx: shift.0,
            dy: shift.1,
        };
        let source = Source { picture, base: base.map(|(base, _)| base), shift, bits: usize::from(picture.bits) };
        let mut row = run.first_row;
        while row < end {
            if self.entries.len() == MAX_DATAGRAMS {
                return Err(DeltaError::TooLarge);
            }
            row += self.datagram(&source, header, row, end)?;
        }
        Ok(())
    }

    /// Writes one datagram of the rows from `first` on; returns how many fit.
    fn datagram(&mut self, source: &Source, mut header: Header, first: u16, end: u16) -> Result<u16, DeltaError> {
        let start = self.bytes.len();
        self.bytes.extend([0; HEADER]);
        let mut row = first;
        if source.picture.format().palette_rows() > first {
            self.palette(source);
            row += 1;
        }
        let mut parse = Parse::new(&mut self.ops, source.picture.pixels(), source.unit(), source.literal_bits());
        let used = self.bytes.len() - start;
        let pixels = row;
        while row < end {
            let before = parse.mark();
            source.masks(row, row > pixels, &mut self.masks, &mut self.moved, &mut self.zeros);
            source.row(row, row > pixels, &mut self.masks, &mut parse);
            if used + parse.len() > MAX_DATAGRAM {
                parse.back_to(before);
                break;
            }
            row += 1;
        }
        if row == first {
            return Err(DeltaError::TooLarge);
        }
        parse.finish();
        source.write(&self.ops, &mut self.bytes);
        header.first_row = first;
        header.rows = row - first;
        self.bytes[start..start + HEADER].copy_from_slice(&header.write());
        self.entries.push(Entry { start, first_row: first, rows: row - first });
        Ok(row - first)
    }

    /// Appends the palette row's operations.
    fn palette(&mut self, source: &Source) {
        let palette = source.picture.row(0);
        self.zeros.resize(self.zeros.len().max(PALETTE_BYTES), 0);
        let base = source.base.map_or(&self.zeros[..PALETTE_BYTES], |base| base.rows.row(0));
        self.masks.above = [0; WORDS];
        self.masks.moved = [0; WORDS];
        equal(palette, base, 3, &mut self.masks.same);
        equal(&palette[3..], &palette[..PALETTE_BYTES - 3], 3, &mut self.masks.run);
        Parse::new(&mut self.ops, palette, 3, 24).units(0, PALETTE_BYTES / 3, &mut self.masks);
        for op in &self.ops {
            write_op(&mut self.bytes, op.kind, op.n);
            match op.kind {
                Kind::Run => self.bytes.extend_from_slice(&palette[op.start * 3..][..3]),
                Kind::Literal => self.bytes.extend_from_slice(&palette[op.start * 3..][..op.n * 3]),
                Kind::Same | Kind::Above | Kind::Moved => {}
            }
        }
    }
}

/// What a run of pixel rows is coded from.
struct Source<'a> {
    picture: &'a PictureRows,
    base: Option<Base<'a>>,
    shift: Shift,
    /// Bits in a packed literal unit of an indexed picture.
    bits: usize,
}

impl Source<'_> {
    fn unit(&self) -> usize {
        self.picture.format().unit()
    }

    /// Bits a unit of a literal takes.
    fn literal_bits(&self) -> usize {
        if self.unit() == 1 { self.bits } else { self.unit() * 8 }
    }

    fn width(&self) -> usize {
        usize::from(self.picture.width())
    }

    /// Compares row `row` with everything it could be copied from.
    fn masks(&self, row: u16, above: bool, masks: &mut Masks, moved: &mut Vec<u8>, zeros: &mut Vec<u8>) {
        let (cells, unit) = (self.picture.row(row), self.unit());
        zeros.resize(zeros.len().max(cells.len()), 0);
        let base = self.base.map_or(&zeros[..cells.len()], |base| base.rows.row(row));
        let may_differ = self.base.is_none_or(|base| base.changed.contains(row));
        masks.all_same = !may_differ || cells == base;
        if masks.all_same {
            return;
        }
        equal(cells, base, unit, &mut masks.same);
        equal(&cells[unit..], &cells[..cells.len() - unit], unit, &mut masks.run);
        masks.above = [0; WORDS];
        if above {
            equal(cells, self.picture.row(row - 1), unit, &mut masks.above);
        }
        masks.moved = [0; WORDS];
        if self.shift != (0, 0) && self.moved_row(row, moved) {
            equal(cells, moved, unit, &mut masks.moved);
        }
    }

    /// What `MOVED` would show in row `row`; returns whether the viewer has the row it comes from.
    fn moved_row(&self, row: u16, out: &mut Vec<u8>) -> bool {
        let Some(base) = self.base else { return false };
        let palette = self.picture.format().palette_rows();
        let from = i32::from(row - palette) + i32::from(self.shift.1);
        out.clear();
        out.resize(self.picture.row(row).len(), 0);
        if from < 0 || from >= i32::from(self.picture.height()) {
            return true;
        }
        let from = from as u16 + palette;
        if !base.known.contains(from) {
            return false;
        }
        let by = usize::from(self.shift.0.unsigned_abs()) * self.unit();
        let (cells, keep) = (base.rows.row(from), out.len().saturating_sub(by));
        if self.shift.0 >= 0 {
            out[..keep].copy_from_slice(&cells[cells.len() - keep..]);
        } else {
            let start = out.len() - keep;
            out[start..].copy_from_slice(&cells[..keep]);
        }
        true
    }

    fn row(&self, row: u16, above: bool, masks: &mut Masks, parse: &mut Parse) {
        let width = self.width();
        let start = usize::from(row - self.picture.format().palette_rows()) * width;
        if masks.all_same {
            return parse.push(Kind::Same, start, width);
        }
        if above && ones(&masks.above, 0) >= width {
            return parse.push(Kind::Above, start, width);
        }
        parse.units(start, width, masks);
    }

    fn write(&self, ops: &[Op], out: &mut Vec<u8>) {
        let (pixels, unit) = (self.picture.pixels(), self.unit());
        for op in ops {
            write_op(out, op.kind, op.n);
            let units = &pixels[op.start * unit..(op.start + op.n) * unit];
            match op.kind {
                Kind::Run => out.extend_from_slice(&units[..unit]),
                Kind::Literal if unit == 1 => pack(out, units, self.bits),
                Kind::Literal => out.extend_from_slice(units),
                Kind::Same | Kind::Above | Kind::Moved => {}
            }
        }
    }
}
