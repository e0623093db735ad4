//! How long things were where: a table over the picture, which may fade.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::metadata::Point;

/// Seconds that things were in each part of the picture, rows from the top.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Heat {
    /// Cells in a row.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
    /// `columns * rows` times, in seconds.
    pub seconds: Vec<f32>,
}

impl Heat {
    /// Nothing was anywhere.
    pub fn new(columns: u16, rows: u16) -> Heat {
        Heat { columns, rows, seconds: vec![0.0; usize::from(columns) * usize::from(rows)] }
    }

    /// A thing was there for so long.
    pub fn add(&mut self, at: Point, seconds: f32) {
        let cell = |at: f32, cells: u16| ((at * f32::from(cells)) as usize).min(usize::from(cells).saturating_sub(1));
        let at = cell(at.y, self.rows) * usize::from(self.columns) + cell(at.x, self.columns);
        if let Some(cell) = self.seconds.get_mut(at) {
            *cell += seconds;
        }
    }

    /// Only that share of it is left.
    pub fn fade(&mut self, left: f32) {
        self.seconds.iter_mut().for_each(|seconds| *seconds *= left);
    }

    /// Adds what was known before, where that is a table of the same size; what is no number is none.
    pub fn restore(&mut self, before: &Heat) {
        if (before.columns, before.rows, before.seconds.len()) != (self.columns, self.rows, self.seconds.len()) {
            return;
        }
        for (cell, seconds) in self.seconds.iter_mut().zip(&before.seconds) {
            *cell += if seconds.is_finite() { seconds.max(0.0) } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_kept_where_it_was_spent_and_fades() {
        let mut heat = Heat::new(4, 2);
        heat.add(Point { x: 0.99, y: 0.6 }, 2.0);
        heat.add(Point { x: 1.0, y: 1.0 }, 2.0);
        heat.add(Point { x: -3.0, y: f32::NAN }, 1.0);
        heat.fade(0.5);
        assert_eq!(heat.seconds, [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]);
        let mut again = Heat::new(4, 2);
        again.restore(&heat);
        again.restore(&Heat::new(5, 2));
        again.restore(&Heat { seconds: vec![f32::NAN; 8], ..heat.clone() });
        assert_eq!(again, heat);
    }
}
