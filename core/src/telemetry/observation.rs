//! One observation per request; logs, and later metrics and the console, are made from it.

use std::time::Duration;

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
    /// The reply's status.
    pub status: u16,
    /// From the request's head to the reply's head.
    pub duration: Duration,
    /// What went wrong, if something did.
    pub error: Option<&'a Error>,
}

impl Observation<'_> {
    /// Writes it to the log: faults of ours at `error` with their cause, everything else at `info`.
    pub fn log(&self) {
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
