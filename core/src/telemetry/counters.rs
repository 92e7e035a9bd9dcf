//! The counters of one route: written by every request without a lock, looked at once a second.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::histogram::{Counts, Histogram};
use super::metrics::RouteFigures;

/// Looks that a rate goes back: ten seconds.
const RATE: usize = 10;
/// Looks between two kept histograms: ten seconds.
const WINDOW: u64 = 10;
/// Kept histograms: with the one that fills, they reach back a minute.
const WINDOWS: usize = 6;

/// The counters of one route, or of all requests.
#[derive(Debug)]
pub struct RouteCounters {
    requests: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    times: Histogram,
    // Only the sampler and the console come here, so nobody waits.
    history: Mutex<History>,
}

/// What was counted at some moment, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
}

/// What the counters said at earlier looks; its size is bounded, and grows with the first request only.
#[derive(Debug)]
struct History {
    looks: u64,
    /// The requests at the last looks, oldest first.
    requests: VecDeque<(Instant, u64)>,
    /// The histogram ten seconds apart, oldest first, each with its requests.
    windows: VecDeque<(u64, Arc<Counts>)>,
}

impl RouteCounters {
    pub(super) fn new(now: Instant, nothing: &Arc<Counts>) -> Self {
        Self {
            requests: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            times: Histogram::default(),
            history: Mutex::new(History {
                looks: 0,
                requests: VecDeque::from([(now, 0)]),
                windows: VecDeque::from([(0, Arc::clone(nothing))]),
            }),
        }
    }

    /// Counts a request, and gives its number.
    pub fn count(&self, status: u16, time: Duration) -> u64 {
        match status {
            400..500 => self.refused.fetch_add(1, Ordering::Relaxed),
            500.. => self.failed.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        self.times.add(time);
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn totals(&self) -> Totals {
        Totals {
            requests: self.requests.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    pub(super) fn times(&self) -> Counts {
        self.times.counts()
    }

    /// The look that comes once a second.
    pub(super) fn look(&self, now: Instant) {
        let requests = self.requests.load(Ordering::Relaxed);
        let mut history = self.history();
        history.looks += 1;
        if history.requests.len() > RATE {
            history.requests.pop_front();
        }
        history.requests.push_back((now, requests));
        if history.looks.is_multiple_of(WINDOW) {
            let same = history.windows.back().filter(|(then, _)| *then == requests);
            // A route that rests shares the histogram it had.
            let counts = same.map_or_else(|| Arc::new(self.times.counts()), |(_, counts)| Arc::clone(counts));
            if history.windows.len() >= WINDOWS {
                history.windows.pop_front();
            }
            history.windows.push_back((requests, counts));
        }
    }

    /// How the route has done.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no route answers 2⁵³ requests in ten seconds")]
    pub fn figures(&self) -> RouteFigures {
        let totals = self.totals();
        let history = self.history();
        let rate = match (history.requests.front(), history.requests.back()) {
            (Some((from, before)), Some((to, now))) if to > from => {
                now.saturating_sub(*before) as f64 / (*to - *from).as_secs_f64()
            }
            _ => 0.0,
        };
        let now = self.times.counts();
        let lately = match history.windows.front() {
            Some((_, before)) => now.since(before),
            None => now,
        };
        RouteFigures {
            requests: totals.requests,
            rate,
            p50_us: lately.percentile(50),
            p99_us: lately.percentile(99),
            refused: totals.refused,
            failed: totals.failed,
        }
    }

    fn history(&self) -> MutexGuard<'_, History> {
        // A panic in between leaves at worst a look that is missing.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_speak_of_the_last_seconds_and_of_the_last_minute() {
        let start = Instant::now();
        let counters = RouteCounters::new(start, &Arc::default());
        let mut now = start;
        let mut pass = |seconds: u32, each: &dyn Fn()| {
            for _ in 0..seconds {
                each();
                now += Duration::from_secs(1);
                counters.look(now);
            }
            counters.figures()
        };
        let slow = || _ = counters.count(503, Duration::from_millis(100));
        let fast = || {
            counters.count(200, Duration::from_micros(10));
            counters.count(404, Duration::from_micros(10));
        };
        let figures = pass(3, &slow);
        assert_eq!((figures.requests, figures.failed, figures.refused), (3, 3, 0));
        assert!((figures.rate - 1.0).abs() < 1e-9, "{}", figures.rate);
        assert!((93_000..107_000).contains(&figures.p50_us), "{}", figures.p50_us);

        let figures = pass(20, &fast);
        assert_eq!((figures.requests, figures.refused), (43, 20));
        assert!(
            (figures.rate - 2.0).abs() < 1e-9,
            "only the last ten seconds: {}",
            figures.rate
        );
        assert_eq!(figures.p50_us, 10);
        assert!(figures.p99_us > 90_000, "the slow ones are less than a minute old");

        let figures = pass(50, &|| ());
        assert_eq!(
            (figures.requests, figures.failed, figures.rate),
            (43, 3, 0.0),
            "totals stay"
        );
        assert_eq!(figures.p99_us, 10, "the slow ones are forgotten");
        let figures = pass(60, &|| ());
        assert_eq!((figures.requests, figures.p50_us), (43, 0), "nothing within a minute");
        let history = counters.history();
        assert!(history.requests.len() <= RATE + 1 && history.windows.len() <= WINDOWS);
        assert!(
            history
                .windows
                .iter()
                .all(|(_, counts)| Arc::ptr_eq(counts, &history.windows[0].1))
        );
    }
}
