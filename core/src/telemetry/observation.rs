//! One observation per request: counters, the live tail and the log line are made from it, and from nothing else.

use std::time::{Duration, SystemTime};

use super::Telemetry;
use super::metrics::RouteCounters;
use super::stages::Stages;
use super::traffic::Exchange;
use crate::error::Error;

/// What happened in one request.
#[derive(Debug)]
pub struct Observation<'a> {
    /// The request's id.
    pub request_id: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path, without the query string: it may hold personal data.
    pub path: &'a str,
    /// The route that answered: its name and its counters.
    pub route: Option<(&'a str, &'a RouteCounters)>,
    /// The reply's status.
    pub status: u16,
    /// From the request's head to the reply's head.
    pub duration: Duration,
    /// Bytes of the reply's body.
    pub bytes: usize,
    /// Where the time went.
    pub stages: &'a Stages,
    /// What went wrong, if something did.
    pub error: Option<&'a Error>,
}

impl Observation<'_> {
    /// Tells it to everybody: the counters, whoever looks on, and the log.
    pub fn tell(&self, telemetry: &Telemetry) {
        let counters = self.route.map(|(_, counters)| counters);
        let number = telemetry.metrics.count(counters, self.status, self.duration);
        telemetry.traffic.tell(|| self.exchange(number));
        self.log();
    }

    fn exchange(&self, number: u64) -> Exchange {
        Exchange {
            number,
            request_id: self.request_id.to_owned(),
            at: unix_milliseconds(),
            method: self.method.to_owned(),
            path: self.path.to_owned(),
            route: self.route.map(|(name, _)| name.to_owned()),
            status: self.status,
            duration_us: u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX),
            bytes: u64::try_from(self.bytes).unwrap_or(u64::MAX),
            code: self.error.map(|error| error.code().as_str().to_owned()),
            stages: self.stages.told(),
        }
    }

    /// Faults of ours at `error` with their cause, everything else at `info`.
    fn log(&self) {
        // In microsecond steps: more digits say nothing.
        let duration_ms = (self.duration.as_secs_f64() * 1e6).round() / 1e3;
        let code = self.error.map(|error| error.code().as_str());
        match self.error.filter(|_| self.status >= 500) {
            Some(error) => {
                let cause = causes(error);
                tracing::error!(target: "windlass::http", request_id = self.request_id, method = self.method, path = self.path, status = self.status, duration_ms, code, cause, "request failed");
            }
            None => {
                tracing::info!(target: "windlass::http", request_id = self.request_id, method = self.method, path = self.path, status = self.status, duration_ms, code, "request");
            }
        }
    }
}

/// Unix time in milliseconds.
pub(super) fn unix_milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// The chain of causes, outermost first.
fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
