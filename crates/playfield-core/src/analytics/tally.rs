//! Numbers for each class.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Classes that are told apart; all further ones count as [`OTHER`].
const MOST: usize = 256;
/// The class of what is told apart no longer.
pub const OTHER: u16 = u16::MAX;

/// So many of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassCount {
    /// The class, by its place in the model's list of labels.
    pub class: u16,
    /// So many.
    pub count: u64,
}

/// Numbers for each class, by class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Tally(Vec<ClassCount>);

impl Tally {
    /// So many more.
    pub fn add(&mut self, class: u16, count: u64) {
        match self.0.binary_search_by_key(&class, |it| it.class) {
            Ok(at) => self.0[at].count = self.0[at].count.saturating_add(count),
            Err(at) if self.0.len() < MOST || class == OTHER => self.0.insert(at, ClassCount { class, count }),
            Err(_) => self.add(OTHER, count),
        }
    }

    /// Those of another are added.
    pub fn merge(&mut self, other: &Tally) {
        other.0.iter().for_each(|it| self.add(it.class, it.count));
    }

    /// None of any class.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many of a class.
    pub fn of(&self, class: u16) -> u64 {
        self.0.binary_search_by_key(&class, |it| it.class).map_or(0, |at| self.0[at].count)
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, it| sum.saturating_add(it.count))
    }

    /// Each class of which there are any.
    pub fn iter(&self) -> impl Iterator<Item = ClassCount> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_too_many_classes_are_counted_together() {
        let mut tally = Tally::default();
        (0..2_000).for_each(|class| tally.add(class, 2));
        assert_eq!((tally.of(255), tally.of(256), tally.total()), (2, 0, 4_000));
        assert_eq!((tally.of(OTHER), tally.iter().count()), (2 * (2_000 - 256), 257));
        tally.add(1, u64::MAX);
        assert_eq!(tally.total(), u64::MAX, "no number runs over");
        let text = serde_json::to_string(&tally).unwrap();
        let mut again = Tally::default();
        again.merge(&serde_json::from_str(&text).unwrap());
        assert_eq!(again, tally);
    }
}
