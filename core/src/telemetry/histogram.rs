//! A histogram of times that many threads write to at once, without a lock.
//!
//! Log-linear buckets, as in `HdrHistogram`: each power of two is cut into eight, so that the middle of a bucket is at
//! most 1/16 (6.25 %) away from any time in it, from 1 µs to 60 s.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Bits that tell apart the buckets of one power of two.
const BITS: u32 = 3;
/// Buckets of one power of two.
const PARTS: u64 = 1 << BITS;
/// Longer times count as this, in microseconds.
const LONGEST: u64 = 60_000_000;
/// All buckets.
const BUCKETS: usize = index(LONGEST) + 1;

/// Counts of times. A count goes round after 2³²: only differences of two snapshots mean something then.
#[derive(Debug)]
pub struct Histogram([AtomicU32; BUCKETS]);

/// What a histogram held at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts([u32; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; BUCKETS])
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Histogram {
    /// Counts a time.
    pub fn add(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(LONGEST).min(LONGEST);
        if let Some(bucket) = self.0.get(index(us)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What it holds now. Times that are counted meanwhile may be in it or not.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (count, bucket) in counts.0.iter_mut().zip(&self.0) {
            *count = bucket.load(Ordering::Relaxed);
        }
        counts
    }
}

impl Counts {
    /// What was counted after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = Self::default();
        for ((count, now), then) in counts.0.iter_mut().zip(&self.0).zip(&earlier.0) {
            *count = now.wrapping_sub(*then);
        }
        counts
    }

    /// How many times were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(|count| u64::from(*count)).sum()
    }

    /// The time, in microseconds, that `percent` of the times do not exceed (nearest rank); 0 if there are none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> u32 {
        let rank = (self.total() * percent.min(100)).div_ceil(100).max(1);
        let mut seen = 0;
        for (at, count) in self.0.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return middle(at);
            }
        }
        0
    }
}

/// The bucket of a time in microseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "usize::try_from is not const; the result is below 192 for any time up to LONGEST"
)]
const fn index(us: u64) -> usize {
    if us < PARTS {
        return us as usize;
    }
    let shift = us.ilog2() - BITS;
    (((shift as u64) << BITS) + (us >> shift)) as usize
}

/// The middle of a bucket, in microseconds.
fn middle(index: usize) -> u32 {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let Some(shift) = (index >> BITS).checked_sub(1) else {
        return index;
    };
    let low = ((index & ((1 << BITS) - 1)) + (1 << BITS)) << shift;
    low + ((1 << shift) - 1) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[u64]) -> Histogram {
        let histogram = Histogram::default();
        for us in times {
            histogram.add(Duration::from_micros(*us));
        }
        histogram
    }

    #[test]
    fn every_bucket_begins_where_the_one_before_ends() {
        let mut last = 0;
        for us in 0..2_000_000 {
            let now = index(us);
            assert!(now == last || now == last + 1, "{us}: {last} then {now}");
            last = now;
        }
        assert_eq!(index(LONGEST), BUCKETS - 1);
    }

    #[test]
    fn small_times_are_exact_and_long_ones_are_cut() {
        for us in 0..16 {
            assert_eq!(of(&[us]).counts().percentile(50), u32::try_from(us).unwrap());
        }
        let cut = of(&[3_600_000_000]).counts().percentile(99);
        assert!((56_000_000..=64_000_000).contains(&cut), "{cut}");
        assert_eq!(Counts::default().percentile(99), 0, "nothing was counted");
    }

    #[test]
    fn a_difference_holds_what_came_between_even_when_counts_go_round() {
        let histogram = of(&[10, 20]);
        let before = histogram.counts();
        histogram.add(Duration::from_micros(5));
        let between = histogram.counts().since(&before);
        assert_eq!((between.total(), between.percentile(50)), (1, 5));

        let mut nearly = Counts::default();
        nearly.0.fill(u32::MAX);
        assert_eq!(
            Counts::default().since(&nearly).total(),
            u64::try_from(BUCKETS).unwrap()
        );
    }

    proptest! {
        #[test]
        fn percentiles_are_near_the_exact_ones(
            mut times in prop::collection::vec((0u32..26).prop_flat_map(|power| 1u64..(2 << power)), 1..400),
            percent in 0u64..=100,
        ) {
            let told = f64::from(of(&times).counts().percentile(percent));
            times.sort_unstable();
            let rank = (times.len() * usize::try_from(percent).unwrap()).div_ceil(100).max(1);
            let exact = times[rank - 1].min(LONGEST) as f64;
            prop_assert!((told - exact).abs() <= exact / 16.0, "{told} for {exact}");
        }
    }
}
