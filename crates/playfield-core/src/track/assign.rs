//! Who is who: the assignment of rows to columns that is worth most in all, exactly.
//!
//! Most tracks touch one box or two, so what is connected is solved by itself: alone where there is one pair, otherwise by
//! shortest augmenting paths (Kuhn 1955, Jonker and Volgenant 1987), in `rows² · columns` steps of that part.

/// That row and that column may be one, and what it would be worth: more than 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The row.
    pub row: u32,
    /// The column.
    pub column: u32,
    /// More than 0.
    pub worth: f32,
}

/// Solves assignments, and keeps its memory between them.
#[derive(Debug, Default)]
pub struct Assigner {
    /// Rows, then columns: who each is connected with.
    parents: Vec<u32>,
    pairs: Vec<(u32, Pair)>,
    names: Vec<u32>,
    across: Vec<u32>,
    costs: Vec<f64>,
    dense: Dense,
}

impl Assigner {
    /// Appends to `chosen` pairs of row and column, none twice in it, that are worth most in all.
    pub fn solve(&mut self, rows: usize, columns: usize, pairs: &[Pair], chosen: &mut Vec<(usize, usize)>) {
        self.connect(rows, columns, pairs);
        let mut from = 0;
        while from < self.pairs.len() {
            let part = self.pairs[from].0;
            let length = self.pairs[from..].iter().take_while(|(root, _)| *root == part).count();
            match length {
                1 => chosen.push((self.pairs[from].1.row as usize, self.pairs[from].1.column as usize)),
                _ => self.solve_part(from..from + length, chosen),
            }
            from += length;
        }
    }

    fn connect(&mut self, rows: usize, columns: usize, pairs: &[Pair]) {
        self.parents.clear();
        self.parents.extend(0..(rows + columns) as u32);
        for pair in pairs {
            let (row, column) = (self.root(pair.row), self.root(rows as u32 + pair.column));
            self.parents[row.max(column) as usize] = row.min(column);
        }
        self.pairs.clear();
        for pair in pairs {
            let root = self.root(pair.row);
            self.pairs.push((root, *pair));
        }
        self.pairs.sort_unstable_by_key(|(root, pair)| (*root, pair.row, pair.column));
    }

    fn root(&mut self, mut of: u32) -> u32 {
        while self.parents[of as usize] != of {
            let above = self.parents[of as usize];
            self.parents[of as usize] = self.parents[above as usize];
            of = above;
        }
        of
    }

    /// A table of that part alone, at most as many rows as columns.
    fn solve_part(&mut self, part: std::ops::Range<usize>, chosen: &mut Vec<(usize, usize)>) {
        let part = &self.pairs[part];
        let unique = |names: &mut Vec<u32>, of: fn(&Pair) -> u32| {
            names.clear();
            names.extend(part.iter().map(|(_, pair)| of(pair)));
            names.sort_unstable();
            names.dedup();
        };
        unique(&mut self.names, |pair| pair.row);
        unique(&mut self.across, |pair| pair.column);
        let turned = self.names.len() > self.across.len();
        if turned {
            std::mem::swap(&mut self.names, &mut self.across);
        }
        let width = self.across.len();
        self.costs.clear();
        self.costs.resize(self.names.len() * width, 0.0);
        for (_, pair) in part {
            let (name, across) = if turned { (pair.column, pair.row) } else { (pair.row, pair.column) };
            if let (Ok(row), Ok(column)) = (self.names.binary_search(&name), self.across.binary_search(&across)) {
                self.costs[row * width + column] = -f64::from(pair.worth);
            }
        }
        self.dense.solve(&self.costs, self.names.len(), width);
        for (row, column) in self.dense.pairs().filter(|(row, column)| self.costs[row * width + column] < 0.0) {
            let (name, across) = (self.names[row] as usize, self.across[column] as usize);
            chosen.push(if turned { (across, name) } else { (name, across) });
        }
    }
}

/// The cheapest assignment of all rows of a full table. Row and column 0 stand for none.
#[derive(Debug, Default)]
struct Dense {
    /// The row that each column has.
    rows: Vec<usize>,
    row_prices: Vec<f64>,
    column_prices: Vec<f64>,
    shortest: Vec<f64>,
    before: Vec<usize>,
    seen: Vec<bool>,
}

impl Dense {
    fn solve(&mut self, costs: &[f64], height: usize, width: usize) {
        self.rows.clear();
        self.rows.resize(width + 1, 0);
        self.row_prices.clear();
        self.row_prices.resize(height + 1, 0.0);
        self.column_prices.clear();
        self.column_prices.resize(width + 1, 0.0);
        for row in 1..=height {
            self.rows[0] = row;
            let end = self.shortest_path(costs, width);
            self.turn(end);
        }
    }

    /// From the row in column 0 to a column that has none: which.
    fn shortest_path(&mut self, costs: &[f64], width: usize) -> usize {
        self.shortest.clear();
        self.shortest.resize(width + 1, f64::INFINITY);
        self.before.clear();
        self.before.resize(width + 1, 0);
        self.seen.clear();
        self.seen.resize(width + 1, false);
        let mut column = 0;
        while self.rows[column] != 0 {
            self.seen[column] = true;
            let row = self.rows[column];
            let (mut least, mut next) = (f64::INFINITY, 0);
            for other in (1..=width).filter(|other| !self.seen[*other]) {
                let cost = costs[(row - 1) * width + other - 1] - self.row_prices[row] - self.column_prices[other];
                if cost < self.shortest[other] {
                    (self.shortest[other], self.before[other]) = (cost, column);
                }
                if self.shortest[other] < least {
                    (least, next) = (self.shortest[other], other);
                }
            }
            self.reprice(least);
            column = next;
        }
        column
    }

    fn reprice(&mut self, by: f64) {
        for column in 0..self.rows.len() {
            if self.seen[column] {
                self.row_prices[self.rows[column]] += by;
                self.column_prices[column] -= by;
            } else {
                self.shortest[column] -= by;
            }
        }
    }

    /// Each column on the path takes the row of the one before it.
    fn turn(&mut self, end: usize) {
        let mut column = end;
        while column != 0 {
            self.rows[column] = self.rows[self.before[column]];
            column = self.before[column];
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let taken = self.rows.iter().enumerate().skip(1).filter(|(_, row)| **row != 0);
        taken.map(|(column, row)| (row - 1, column - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Random;

    /// What the best assignment is worth, by trying all.
    fn best(rows: u32, pairs: &[Pair], row: u32, taken: u32) -> f64 {
        if row == rows {
            return 0.0;
        }
        let free = pairs.iter().filter(|pair| pair.row == row && taken & (1 << pair.column) == 0);
        let with = free.map(|pair| f64::from(pair.worth) + best(rows, pairs, row + 1, taken | 1 << pair.column));
        with.fold(best(rows, pairs, row + 1, taken), f64::max)
    }

    #[test]
    fn the_assignment_is_worth_as_much_as_the_best_of_all() {
        let mut random = Random::new(5);
        let mut assigner = Assigner::default();
        for _ in 0..3_000 {
            let (rows, columns) = (1 + random.below(6) as u32, 1 + random.below(6) as u32);
            let density = 100 + random.below(900) as u32;
            let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
            let places: Vec<_> = places.filter(|_| random.chance(density)).collect();
            let mut worth = || 0.01 + random.below(100) as f32 / 100.0;
            let pairs: Vec<Pair> =
                places.iter().map(|(row, column)| Pair { row: *row, column: *column, worth: worth() }).collect();
            let mut chosen = Vec::new();
            assigner.solve(rows as usize, columns as usize, &pairs, &mut chosen);
            let worth_of = |(row, column): &(usize, usize)| {
                pairs.iter().find(|pair| (pair.row as usize, pair.column as usize) == (*row, *column)).unwrap().worth
            };
            let sum: f64 = chosen.iter().map(|pair| f64::from(worth_of(pair))).sum();
            assert!((sum - best(rows, &pairs, 0, 0)).abs() < 1e-4, "{pairs:?}: {chosen:?}");
            let (mut rows, mut columns): (Vec<_>, Vec<_>) = chosen.iter().copied().unzip();
            rows.sort_unstable();
            columns.sort_unstable();
            assert!(rows.windows(2).all(|two| two[0] < two[1]) && columns.windows(2).all(|two| two[0] < two[1]));
        }
    }

    #[test]
    fn a_greedy_choice_that_costs_more_in_all_is_not_taken() {
        let pair = |row, column, worth| Pair { row, column, worth };
        let mut chosen = Vec::new();
        let pairs = [pair(0, 0, 0.9), pair(0, 1, 0.8), pair(1, 0, 0.8)];
        Assigner::default().solve(2, 2, &pairs, &mut chosen);
        chosen.sort_unstable();
        assert_eq!(chosen, [(0, 1), (1, 0)]);
    }
}
