//! A histogram of durations: fixed memory, a bounded relative error, and sums that lose nothing when added up.
//!
//! The buckets are those of HdrHistogram with four significant bits: below 32 us each microsecond has its own, above each
//! power of two has sixteen. A figure read from it is the middle of a bucket, so at most 1/32 (3.1 %) off; count, sum,
//! least and most are exact.

use serde::{Deserialize, Serialize};

/// Buckets of a power of two, as a power of two.
const SUB_BITS: u32 = 4;
const SUB: u64 = 1 << SUB_BITS;
/// Durations end here, as a power of two: 18 minutes.
const MOST_BITS: u32 = 30;
/// How many buckets there are.
pub const BUCKETS: usize = SUB as usize * (MOST_BITS - SUB_BITS + 1) as usize;
/// The longest duration it tells apart, in microseconds; what is longer counts as this.
pub const LONGEST_US: u64 = (1 << MOST_BITS) - 1;

/// Durations in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Sparse", into = "Sparse")]
pub struct Histogram {
    buckets: [u32; BUCKETS],
    count: u64,
    sum: u64,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: [0; BUCKETS], count: 0, sum: 0, min: u64::MAX, max: 0 }
    }
}

/// A bucket with something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The shortest duration that falls into it, in microseconds.
    pub from_us: u64,
    /// The shortest that no longer does.
    pub below_us: u64,
    /// How many did.
    pub count: u32,
}

impl Histogram {
    /// Adds a duration in microseconds.
    pub fn add(&mut self, us: u64) {
        let us = us.min(LONGEST_US);
        let bucket = &mut self.buckets[index(us)];
        *bucket = bucket.saturating_add(1);
        self.count += 1;
        self.sum += us;
        self.min = self.min.min(us);
        self.max = self.max.max(us);
    }

    /// Adds all that another one holds.
    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket = bucket.saturating_add(*more);
        }
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The longest added, in microseconds.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The shortest added, in microseconds; 0 if there is none.
    pub fn min(&self) -> u64 {
        self.min.min(self.max)
    }

    /// How many were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them together, in microseconds.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The value that `percent` of them do not exceed, in microseconds.
    pub fn percentile(&self, percent: u64) -> u64 {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                let middle = lower(index).midpoint(lower(index + 1) - 1);
                return middle.clamp(self.min(), self.max);
            }
        }
        self.max
    }

    /// The buckets that hold something, shortest first.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        let all = self.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        all.map(|(at, count)| Bucket { from_us: lower(at), below_us: lower(at + 1), count: *count })
    }
}

/// Where a duration of at most [`LONGEST_US`] belongs.
fn index(us: u64) -> usize {
    if us < SUB {
        return us as usize;
    }
    let power = us.ilog2();
    let place = (us >> (power - SUB_BITS)) & (SUB - 1);
    (u64::from(power - SUB_BITS + 1) * SUB + place) as usize
}

/// The shortest duration of a bucket.
fn lower(index: usize) -> u64 {
    let index = index as u64;
    match index / SUB {
        0 => index,
        power => (SUB + index % SUB) << (power - 1),
    }
}

/// How it is written: what is empty is left out.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sparse {
    #[serde(skip_serializing_if = "is_zero")]
    sum: u64,
    #[serde(skip_serializing_if = "is_zero")]
    min: u64,
    #[serde(skip_serializing_if = "is_zero")]
    max: u64,
    /// Index and count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buckets: Vec<(u16, u32)>,
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl From<Histogram> for Sparse {
    fn from(histogram: Histogram) -> Sparse {
        let held = histogram.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        let buckets = held.map(|(index, count)| (index as u16, *count)).collect();
        Sparse { sum: histogram.sum, min: histogram.min(), max: histogram.max, buckets }
    }
}

/// What was read is not a histogram.
#[derive(Debug, thiserror::Error)]
#[error("a histogram contradicts itself: {0}")]
pub struct BadHistogram(&'static str);

impl TryFrom<Sparse> for Histogram {
    type Error = BadHistogram;

    fn try_from(sparse: Sparse) -> Result<Histogram, BadHistogram> {
        let mut read = Histogram::default();
        for (index, count) in sparse.buckets {
            let bucket = read.buckets.get_mut(usize::from(index)).ok_or(BadHistogram("there is no such bucket"))?;
            if count == 0 || std::mem::replace(bucket, count) != 0 {
                return Err(BadHistogram("a bucket is empty, or there twice"));
            }
            read.count += u64::from(count);
        }
        if read.count == 0 {
            return Ok(read);
        }
        let (Some(first), Some(last)) = (read.buckets().next(), read.buckets().last()) else { return Ok(read) };
        let within = |value: u64, bucket: Bucket| (bucket.from_us..bucket.below_us).contains(&value);
        if !within(sparse.min, first) || !within(sparse.max, last) || sparse.min > sparse.max {
            return Err(BadHistogram("its least or most is not in its first or last bucket"));
        }
        let average = sparse.sum / read.count;
        if average < sparse.min || average > sparse.max {
            return Err(BadHistogram("its sum does not fit"));
        }
        (read.sum, read.min, read.max) = (sparse.sum, sparse.min, sparse.max);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Random;

    #[test]
    fn buckets_cover_every_value_and_are_narrow() {
        for us in (0..100_000).chain([1 << 20, (1 << 29) + 12_345, LONGEST_US]) {
            let (from, below) = (lower(index(us)), lower(index(us) + 1));
            assert!((from..below).contains(&us), "{us} in {from}..{below}");
            assert!(below - from == 1 || (below - from) * SUB <= from, "{from}..{below} is too wide");
        }
        assert_eq!((index(LONGEST_US), lower(BUCKETS)), (BUCKETS - 1, LONGEST_US + 1));
    }

    /// Durations as they come: mostly short, some far out.
    fn durations(seed: u64, count: usize) -> Vec<u64> {
        let mut random = Random::new(seed);
        (0..count).map(|_| random.next_u64() >> (36 + random.next_u64() % 24)).collect()
    }

    #[test]
    fn quantiles_are_within_a_thirty_second_of_the_exact_ones() {
        for seed in 0..50 {
            let mut exact = durations(seed, 1 + seed as usize * 37);
            let mut histogram = Histogram::default();
            exact.iter().for_each(|us| histogram.add(*us));
            exact.sort_unstable();
            for percent in [1, 25, 50, 75, 90, 95, 99, 100] {
                let expect = exact[(exact.len() * percent as usize).div_ceil(100).max(1) - 1];
                let got = histogram.percentile(percent);
                assert!(got.abs_diff(expect) * 32 <= expect, "p{percent}: {got}, exactly {expect}");
            }
            let all = (histogram.count(), histogram.sum(), histogram.min(), histogram.max());
            assert_eq!(all, (exact.len() as u64, exact.iter().sum(), exact[0], exact[exact.len() - 1]));
        }
    }

    #[test]
    fn parts_that_are_merged_equal_the_whole_and_come_back_from_text() {
        let (mut whole, mut merged) = (Histogram::default(), Histogram::default());
        for seed in 0..4 {
            let mut part = Histogram::default();
            for us in durations(seed, 500) {
                part.add(us);
                whole.add(us);
            }
            let text = serde_json::to_string(&part).unwrap();
            merged.merge(&serde_json::from_str(&text).unwrap());
        }
        assert_eq!(merged, whole);
        assert_eq!(serde_json::to_string(&Histogram::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Histogram>("{}").unwrap(), Histogram::default());
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let check = |text: &str, expect: &str| {
            let error = serde_json::from_str::<Histogram>(text).unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
        };
        check(r#"{"sum":5,"min":5,"max":5,"buckets":[[432,1]]}"#, "no such bucket");
        check(r#"{"sum":5,"min":5,"max":5,"buckets":[[5,0]]}"#, "empty");
        check(r#"{"sum":10,"min":5,"max":5,"buckets":[[5,1],[5,1]]}"#, "twice");
        check(r#"{"sum":5,"min":4,"max":5,"buckets":[[5,1]]}"#, "least");
        check(r#"{"sum":50,"min":5,"max":5,"buckets":[[5,1]]}"#, "sum");
        check(r#"{"sum":18446744073709551615,"min":5,"max":6,"buckets":[[5,1],[6,4294967295]]}"#, "sum");
    }
}
