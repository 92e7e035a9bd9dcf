//! `windlass config`: the settings in force.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::admin::protocol::{Answer, Ask, Source as From};
use windlass_core::error::Result;

use super::{ask, unexpected};
use crate::report;

/// Lists them; those of a running service are the ones that it began with.
pub async fn run(directory: &Path, json: bool) -> Result<ExitCode> {
    let Answer::Settings(settings) = ask(directory, Ask::Settings).await? else {
        return Err(unexpected());
    };
    if json {
        report::json(&settings);
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = settings
        .iter()
        .map(|setting| {
            let from = match &setting.source {
                From::Default => "default".to_owned(),
                From::File { file, line } => format!("{file}:{line}"),
                From::Environment => setting.variable.clone(),
            };
            vec![
                setting.key.clone(),
                setting.value.clone(),
                from,
                setting.description.clone(),
            ]
        })
        .collect();
    report::table(&["setting", "value", "from", "description"], &rows);
    Ok(ExitCode::SUCCESS)
}
