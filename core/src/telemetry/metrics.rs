//! Counters of the service: what one second looked like, and how each route does.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use super::counters::RouteCounters;
use super::counters::Totals;
use super::histogram::Counts;
use super::machine::Machine;

/// Seconds that are kept.
const KEPT: usize = 120;
/// Routes whose figures outlive them: one that comes back after a mended migration goes on counting.
const REMEMBERED: usize = 2000;

/// One second of the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When the second ended: Unix time in seconds.
    pub at: i64,
    /// Requests answered in it.
    pub requests: u32,
    /// Those answered with 4xx.
    pub refused: u32,
    /// Those answered with 5xx.
    pub failed: u32,
    /// Median time of its requests, in microseconds; 0 without requests.
    pub p50_us: u32,
    /// 99th percentile, in microseconds; 0 without requests.
    pub p99_us: u32,
    /// Processor time of this process, in percent of one core.
    pub cpu: f32,
    /// Processor time of the whole machine, in percent of all cores.
    pub machine_cpu: f32,
    /// Resident memory of this process, in bytes.
    pub memory: u64,
    /// Memory of the machine that programs may still use, in bytes.
    pub memory_free: u64,
    /// Memory of the machine, in bytes.
    pub memory_total: u64,
    /// Free bytes on the disk that holds the project.
    pub disk_free: u64,
    /// All bytes of that disk.
    pub disk_total: u64,
}

/// How a route has done since the service started, and lately.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteFigures {
    /// Requests since the start.
    pub requests: u64,
    /// Requests a second, over the last ten seconds.
    pub rate: f64,
    /// Median of the last minute's requests, in microseconds; 0 without any.
    pub p50_us: u32,
    /// 99th percentile of the last minute's requests, in microseconds; 0 without any.
    pub p99_us: u32,
    /// Answered with 4xx since the start.
    pub refused: u64,
    /// Answered with 5xx since the start.
    pub failed: u64,
}

/// All counters.
#[derive(Debug)]
pub struct Metrics {
    all: RouteCounters,
    routes: Mutex<HashMap<String, Arc<RouteCounters>>>,
    recent: Mutex<Recent>,
    nothing: Arc<Counts>,
}

/// The last seconds, and where the one that runs began.
#[derive(Debug, Default)]
struct Recent {
    samples: VecDeque<Sample>,
    totals: Totals,
    times: Counts,
}

impl Default for Metrics {
    fn default() -> Self {
        let nothing = Arc::default();
        Self {
            all: RouteCounters::new(Instant::now(), &nothing),
            routes: Mutex::default(),
            recent: Mutex::default(),
            nothing,
        }
    }
}

impl Metrics {
    /// The counters of routes, in the order of their names. Those known already go on where they are.
    pub fn counters<'a>(&self, names: impl Iterator<Item = &'a str> + Clone) -> Vec<Arc<RouteCounters>> {
        let now = Instant::now();
        let mut routes = lock(&self.routes);
        let counters = names
            .clone()
            .map(|name| {
                let known = routes.entry(name.to_owned());
                Arc::clone(known.or_insert_with(|| Arc::new(RouteCounters::new(now, &self.nothing))))
            })
            .collect();
        if routes.len() > REMEMBERED {
            let named: HashSet<&str> = names.collect();
            routes.retain(|name, _| named.contains(name.as_str()));
        }
        counters
    }

    /// Counts a request, and gives its number.
    pub fn count(&self, route: Option<&RouteCounters>, status: u16, time: Duration) -> u64 {
        if let Some(route) = route {
            route.count(status, time);
        }
        self.all.count(status, time)
    }

    /// How a route has done; `None` if there never was one of this name.
    #[must_use]
    pub fn figures(&self, route: &str) -> Option<RouteFigures> {
        let counters = lock(&self.routes).get(route).map(Arc::clone);
        counters.map(|counters| counters.figures())
    }

    /// The last seconds, oldest first; at most two minutes.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        lock(&self.recent).samples.iter().copied().collect()
    }

    /// Ends a second. `at` is Unix time in seconds.
    pub(super) fn second(&self, now: Instant, at: i64, machine: &Machine) {
        let (totals, times) = (self.all.totals(), self.all.times());
        let mut recent = lock(&self.recent);
        let lately = times.since(&recent.times);
        let since = |now: u64, before: u64| u32::try_from(now.saturating_sub(before)).unwrap_or(u32::MAX);
        let sample = Sample {
            at,
            requests: since(totals.requests, recent.totals.requests),
            refused: since(totals.refused, recent.totals.refused),
            failed: since(totals.failed, recent.totals.failed),
            p50_us: lately.percentile(50),
            p99_us: lately.percentile(99),
            cpu: machine.cpu,
            machine_cpu: machine.machine_cpu,
            memory: machine.memory,
            memory_free: machine.memory_free,
            memory_total: machine.memory_total,
            disk_free: machine.disk_free,
            disk_total: machine.disk_total,
        };
        if recent.samples.len() >= KEPT {
            recent.samples.pop_front();
        }
        recent.samples.push_back(sample);
        recent.totals = totals;
        recent.times = times;
        drop(recent);
        for counters in lock(&self.routes).values() {
            counters.look(now);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves at worst a figure that is missing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_holds_its_own_second_alone() {
        let metrics = Metrics::default();
        let machine = Machine {
            memory: 7,
            ..Machine::default()
        };
        metrics.count(None, 200, Duration::from_micros(12));
        metrics.count(None, 404, Duration::from_micros(12));
        metrics.second(Instant::now(), 1, &machine);
        metrics.count(None, 500, Duration::from_micros(3));
        metrics.second(Instant::now(), 2, &machine);
        metrics.second(Instant::now(), 3, &machine);
        let told: Vec<_> = metrics
            .samples()
            .iter()
            .map(|s| (s.at, s.requests, s.refused, s.failed, s.p50_us, s.memory))
            .collect();
        assert_eq!(told, [(1, 2, 1, 0, 12, 7), (2, 1, 0, 1, 3, 7), (3, 0, 0, 0, 0, 7)]);
        for at in 4..=200 {
            metrics.second(Instant::now(), at, &machine);
        }
        let samples = metrics.samples();
        assert_eq!((samples.len(), samples[0].at, samples[119].at), (120, 81, 200));
    }

    #[test]
    fn figures_survive_a_change_of_routes() {
        let metrics = Metrics::default();
        let first = metrics.counters(["GET /a", "GET /b"].into_iter());
        metrics.count(Some(&first[1]), 200, Duration::from_micros(5));
        let second = metrics.counters(["GET /b", "GET /c"].into_iter());
        assert!(Arc::ptr_eq(&first[1], &second[0]));
        assert_eq!(metrics.figures("GET /b").map(|figures| figures.requests), Some(1));
        assert_eq!(metrics.figures("GET /a").map(|figures| figures.requests), Some(0));
        assert_eq!(metrics.figures("GET /d"), None);
        let many: Vec<String> = (0..=REMEMBERED).map(|number| format!("GET /{number}")).collect();
        metrics.counters(many.iter().map(String::as_str));
        assert_eq!(metrics.figures("GET /b"), None, "what is remembered is bounded");
    }
}
