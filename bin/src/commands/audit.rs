//! `windlass audit`: what operators did.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::admin::protocol::{Answer, Ask};
use windlass_core::error::Result;

use super::{ask, unexpected};
use crate::report;

/// Lists it, newest first.
pub async fn run(directory: &Path, json: bool) -> Result<ExitCode> {
    let Answer::Audit(entries) = ask(directory, Ask::Audit).await? else {
        return Err(unexpected());
    };
    if json {
        report::json(&entries);
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            vec![
                entry.at.clone(),
                entry.actor.clone(),
                entry.action.clone(),
                entry.target.clone(),
                entry.outcome.clone(),
                entry.error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    report::table(&["at", "who", "act", "target", "outcome", "reason"], &rows);
    Ok(ExitCode::SUCCESS)
}
