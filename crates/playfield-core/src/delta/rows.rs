//! A set of rows of a picture.

use crate::frame::MAX_HEIGHT;

/// Rows a picture can have on the wire: its pixel rows and the palette's.
pub const MAX_ROWS: u16 = MAX_HEIGHT + 1;

const WORDS: usize = MAX_ROWS as usize / 64 + 1;

/// A set of row numbers below [`MAX_ROWS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSet([u64; WORDS]);

impl Default for RowSet {
    fn default() -> Self {
        RowSet([0; WORDS])
    }
}

impl RowSet {
    /// Adds `count` rows from `first` on; rows past [`MAX_ROWS`] are left out.
    pub fn insert(&mut self, first: u16, count: u16) {
        let end = first.saturating_add(count).min(MAX_ROWS);
        (first..end).for_each(|row| self.0[usize::from(row / 64)] |= 1 << (row % 64));
    }

    /// Whether a row is in the set.
    pub fn contains(&self, row: u16) -> bool {
        row < MAX_ROWS && self.0[usize::from(row / 64)] & (1 << (row % 64)) != 0
    }

    /// Number of rows in the set.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether no row is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_across_words_and_cut_at_the_end() {
        let mut rows = RowSet::default();
        rows.insert(60, 10);
        rows.insert(MAX_ROWS - 1, 100);
        assert_eq!(rows.len(), 11);
        assert!(rows.contains(69) && !rows.contains(70) && rows.contains(MAX_ROWS - 1));
        assert!(!rows.contains(u16::MAX));
    }
}
