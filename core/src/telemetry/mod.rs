//! What the service tells of itself: one observation per request becomes counters, the live tail and a log line.

pub mod counters;
pub mod feed;
pub mod histogram;
pub mod logs;
pub mod machine;
pub mod metrics;
pub mod notices;
pub mod observation;
pub mod sampler;
pub mod stages;
pub mod terms;
pub mod traffic;

use std::sync::Arc;

use feed::{Feed, Listener};
use metrics::{Metrics, RouteCounters, RouteFigures, Sample};
use notices::Notices;
use traffic::Exchange;

/// What a running service knows of itself. Cheap enough to be always on.
#[derive(Debug, Default)]
pub struct Telemetry {
    metrics: Metrics,
    traffic: Feed<Exchange>,
    notices: Notices,
}

impl Telemetry {
    /// The counters of routes, in the order of their names. Those known already go on where they are.
    pub fn counters<'a>(&self, names: impl Iterator<Item = &'a str> + Clone) -> Vec<Arc<RouteCounters>> {
        self.metrics.counters(names)
    }

    /// The last seconds, oldest first; at most two minutes, none before a [`sampler::Sampler`] runs.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        self.metrics.samples()
    }

    /// How a route has done, by its name; `None` if there never was one.
    #[must_use]
    pub fn figures(&self, route: &str) -> Option<RouteFigures> {
        self.metrics.figures(route)
    }

    /// Counts a notice about something; says how many there were since it was last told, if it is time to tell it again.
    #[must_use]
    pub fn notice(&self, about: &str, reason: &'static str) -> Option<u64> {
        self.notices.count(about, reason, std::time::Instant::now())
    }

    /// Requests from now on, as they are answered.
    #[must_use]
    pub fn listen(&self) -> Listener<Exchange> {
        self.traffic.listen()
    }
}
