//! `windlass logs`: what service and database said.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::admin::Source;
use windlass_core::admin::protocol::{Answer, Ask, LogLine};
use windlass_core::app::Project;
use windlass_core::error::{Error, Result};
use windlass_core::telemetry::logs::filter::Filter;

use super::{unexpected, wrong_filter};
use crate::stop::{Signals, Stop};
use crate::{figures, report};

/// Prints the last lines that pass the filter; with `follow`, goes on until interrupted.
pub async fn run(directory: &Path, filter: &str, follow: bool, json: bool) -> Result<ExitCode> {
    let wanted = Filter::parse(filter).map_err(wrong_filter)?;
    let source = Source::find(&Project::open(directory)?).await?;
    // Listened to before the look back: no line falls between the two.
    let batches = if follow { Some(source.logs(filter).await?) } else { None };
    let Answer::Logs(lines) = source.ask(Ask::Logs).await? else {
        return Err(unexpected());
    };
    let mut last = 0;
    for line in lines.iter().filter(|line| wanted.matches(line)) {
        last = line.number;
        if !print(line, json)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let Some(mut batches) = batches else {
        return Ok(ExitCode::SUCCESS);
    };
    let stop = Stop::install(Signals::Both)?;
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
            report::note(format_args!("{} lines came too fast to be shown", batch.lost));
        }
        for line in batch.items.iter().filter(|line| line.number > last) {
            if !print(line, json)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

fn print(line: &LogLine, json: bool) -> Result<bool> {
    if json {
        return Ok(report::goes_on(serde_json::to_string(line).map_err(Error::internal)?));
    }
    let mut text = format!(
        "{}  {:<5}  {}  {}",
        figures::clock(line.at),
        line.level,
        line.target,
        line.message
    );
    for (name, value) in &line.fields {
        text.push_str(&format!("  {name}={value}"));
    }
    Ok(report::goes_on(text))
}
