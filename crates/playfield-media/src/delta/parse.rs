//! Which operation for which units: greedy, the one that saves most bits at each place.
//!
//! An operation costs a byte and whatever it carries; a literal costs its units. Inside a literal a copy must also pay
//! for starting the next literal, so the walk jumps from one place where that holds to the next.

use super::ops::{Kind, literal_len, op_len};
use super::units::{Mask, WORDS, add_starts, next_one, ones};

/// Units of one kind, one after the other; `start` counts the units of all pixel rows (or of the palette row).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Op {
    pub kind: Kind,
    pub start: usize,
    pub n: usize,
}

/// Where the units of a row repeat, and where that pays inside a literal.
#[derive(Debug)]
pub(super) struct Masks {
    /// The whole row is as in the base: the masks were left as they were.
    pub all_same: bool,
    pub same: Mask,
    pub above: Mask,
    pub moved: Mask,
    /// Bit i: unit i + 1 equals unit i.
    pub run: Mask,
    pays: Mask,
}

impl Default for Masks {
    fn default() -> Masks {
        let none = [0; WORDS];
        Masks { all_same: false, same: none, above: none, moved: none, run: none, pays: none }
    }
}

/// The operations of a datagram while they grow.
pub(super) struct Parse<'a> {
    ops: &'a mut Vec<Op>,
    /// The units that operations count, `unit` bytes each.
    cells: &'a [u8],
    unit: usize,
    /// Bits a unit of a literal takes.
    bits: usize,
    /// Bytes of all operations but the last, which may still grow.
    closed: usize,
}

/// A state of a [`Parse`] to go back to.
pub(super) struct Mark(usize, Option<Op>, usize);

impl<'a> Parse<'a> {
    pub fn new(ops: &'a mut Vec<Op>, cells: &'a [u8], unit: usize, bits: usize) -> Parse<'a> {
        ops.clear();
        Parse { ops, cells, unit, bits, closed: 0 }
    }

    /// Bytes of the operations so far.
    pub fn len(&self) -> usize {
        self.closed + self.ops.last().map_or(0, |op| self.cost(op))
    }

    pub fn mark(&self) -> Mark {
        Mark(self.ops.len(), self.ops.last().copied(), self.closed)
    }

    pub fn back_to(&mut self, mark: Mark) {
        self.ops.truncate(mark.0);
        if let (Some(last), Some(op)) = (self.ops.last_mut(), mark.1) {
            *last = op;
        }
        self.closed = mark.2;
    }

    /// Leaves out what goes without saying: units not reached are as in the base.
    pub fn finish(self) {
        if self.ops.last().is_some_and(|op| op.kind == Kind::Same) {
            self.ops.pop();
        }
    }

    /// Appends `n` units from `start` on, to the last operation if that goes on with them.
    pub fn push(&mut self, kind: Kind, start: usize, n: usize) {
        let goes_on = match self.ops.last() {
            Some(last) if last.kind == kind => kind != Kind::Run || self.cell(last.start) == self.cell(start),
            _ => false,
        };
        if let Some(last) = self.ops.last_mut().filter(|_| goes_on) {
            last.n += n;
            return;
        }
        self.closed = self.len();
        self.ops.push(Op { kind, start, n });
    }

    /// Appends a row of `width` units from `start` on, by its masks.
    pub fn units(&mut self, start: usize, width: usize, masks: &mut Masks) {
        let mut marked = false;
        let mut x = 0;
        while x < width {
            let (kind, n) = self.choose(x, masks).unwrap_or_else(|| {
                if !marked {
                    self.mark_what_pays(width, masks);
                    marked = true;
                }
                let next = next_one(&masks.pays, x + 1, width);
                (Kind::Literal, next - x)
            });
            self.push(kind, start + x, n);
            x += n;
        }
    }

    /// The operation that saves most at unit `x`, if any saves enough.
    fn choose(&self, x: usize, masks: &Masks) -> Option<(Kind, usize)> {
        let last = self.ops.last().map(|op| op.kind);
        let copies = [(Kind::Same, &masks.same), (Kind::Above, &masks.above), (Kind::Moved, &masks.moved)];
        let hurdle = if last == Some(Kind::Literal) { 8 } else { 0 };
        let mut best = (hurdle, None);
        for (kind, mask) in copies {
            let n = ones(mask, x);
            let saved = (n * self.bits) as isize - if last == Some(kind) { 0 } else { 8 };
            if n > 0 && saved > best.0 {
                best = (saved, Some((kind, n)));
            }
        }
        let n = 1 + ones(&masks.run, x);
        let saved = (n * self.bits) as isize - 8 - 8 * self.unit as isize;
        if saved > best.0 { Some((Kind::Run, n)) } else { best.1 }
    }

    fn mark_what_pays(&self, width: usize, masks: &mut Masks) {
        let words = width.div_ceil(64);
        let copy = 16 / self.bits + 1;
        let run = (16 + 8 * self.unit) / self.bits + 1;
        masks.pays = [0; WORDS];
        for mask in [&masks.same, &masks.above, &masks.moved] {
            add_starts(mask, copy, words, &mut masks.pays);
        }
        add_starts(&masks.run, (run - 1).max(1), words, &mut masks.pays);
    }

    fn cell(&self, at: usize) -> &[u8] {
        &self.cells[at * self.unit..(at + 1) * self.unit]
    }

    fn cost(&self, op: &Op) -> usize {
        op_len(op.n)
            + match op.kind {
                Kind::Run => self.unit,
                Kind::Literal => literal_len(op.n, self.bits),
                Kind::Same | Kind::Above | Kind::Moved => 0,
            }
    }
}
