//! `windlass openapi`: the document, or what changed since an older one.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::app::{Project, contracts};
use windlass_core::config;
use windlass_core::error::{Code, Error, Result};

use super::with_database;
use crate::report;

/// Prints the document of the project in `directory`, or compares it with `old`.
pub async fn run(directory: &Path, old: Option<&Path>, json: bool) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    let (snapshot, wrong) =
        with_database(&project, async |database| contracts::snapshot(&project, database).await).await?;
    if !wrong.is_empty() {
        return Err(config::refuse(Code::ProjectInvalid, &wrong));
    }
    let document = serde_json::to_value(windlass_core::openapi::document(&snapshot)?).map_err(Error::internal)?;
    let Some(old) = old else {
        report::json(&document);
        return Ok(ExitCode::SUCCESS);
    };
    let unreadable = |reason: String| {
        Error::new(
            Code::Usage,
            format!("{} is no OpenAPI document: {reason}", old.display()),
        )
        .with_hint("Make one with `windlass openapi > OLD`.")
    };
    let text = std::fs::read_to_string(old).map_err(|error| unreadable(error.to_string()))?;
    let old: serde_json::Value = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    let changes = windlass_core::openapi::diff(&old, &document);
    let breaking = changes.iter().filter(|change| change.breaking).count();
    if json {
        report::json(&serde_json::to_value(&changes).map_err(Error::internal)?);
    } else {
        for change in &changes {
            let mark = if change.breaking { "breaking" } else { "        " };
            report::line(format_args!("{mark}  {}: {}", change.at, change.what));
        }
        report::line(format_args!("{} changes, {breaking} of them breaking", changes.len()));
    }
    Ok(if breaking == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
