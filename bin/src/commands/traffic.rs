//! `windlass traffic`: requests as they are answered.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::admin::Source;
use windlass_core::admin::protocol::Exchange;
use windlass_core::app::Project;
use windlass_core::error::{Error, Result};
use windlass_core::telemetry::traffic::filter::Filter;

use super::wrong_filter;
use crate::stop::{Signals, Stop};
use crate::{figures, report};

/// Prints each request that passes the filter, until interrupted.
pub async fn run(directory: &Path, filter: &str, json: bool) -> Result<ExitCode> {
    Filter::parse(filter).map_err(wrong_filter)?;
    let stop = Stop::install(Signals::Both)?;
    let source = Source::find(&Project::open(directory)?).await?;
    let mut batches = source.traffic(filter).await?;
    loop {
        let batch = tokio::select! {
            batch = batches.recv() => batch,
            () = stop.wait() => return Ok(ExitCode::SUCCESS),
        };
        let Some(batch) = batch else {
            return Ok(ExitCode::SUCCESS);
        };
        let batch = batch?;
        if batch.lost > 0 {
            report::note(format_args!("{} requests came too fast to be shown", batch.lost));
        }
        for exchange in &batch.items {
            let line = if json {
                serde_json::to_string(exchange).map_err(Error::internal)?
            } else {
                told(exchange)
            };
            if !report::goes_on(line) {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

fn told(exchange: &Exchange) -> String {
    let mut line = format!(
        "{}  {}  {:<6} {}  {}  {}",
        figures::clock(exchange.at),
        exchange.status,
        exchange.method,
        exchange.path,
        figures::microseconds(exchange.duration_us),
        figures::bytes(exchange.bytes)
    );
    if let Some(code) = &exchange.code {
        line.push_str(&format!("  {code}"));
    }
    line
}
