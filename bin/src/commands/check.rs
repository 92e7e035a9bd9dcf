//! `windlass check`: every mistake in the project's files at once.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::app::{Project, contracts};
use windlass_core::error::Result;

use super::with_database;
use crate::report;

/// Checks the project in `directory`.
pub async fn run(directory: &Path, json: bool) -> Result<ExitCode> {
    let (project, mut found) = Project::read(directory)?;
    // With wrong database settings the defaults stand in for them, and that would be another database.
    let reachable = !found.iter().any(|wrong| wrong.message.contains("`database"));
    let migrations = project.migration_mistakes();
    let readable = migrations.is_empty();
    found.extend(migrations);
    if reachable {
        let (contracts, pending) = with_database(&project, async |database| {
            let pending = if readable {
                project.migrator(database).await?.pending().await?
            } else {
                Vec::new()
            };
            let (_snapshot, wrong) = contracts::snapshot(&project, database).await?;
            Ok((wrong, pending))
        })
        .await?;
        found.extend(contracts);
        for name in pending {
            report::note(format_args!(
                "note: migration {name} is pending: resource files are checked without it"
            ));
        }
    }
    if json {
        let items: Vec<_> = found
            .iter()
            .map(|wrong| {
                serde_json::json!({
                    "file": wrong.file, "line": wrong.line, "column": wrong.column,
                    "message": wrong.message, "help": wrong.help,
                })
            })
            .collect();
        report::json(&items);
    } else {
        report::diagnostics(&found);
    }
    match found.len() {
        0 => {
            report::note("no mistakes");
            return Ok(ExitCode::SUCCESS);
        }
        1 => report::note("1 mistake"),
        n => report::note(format_args!("{n} mistakes")),
    }
    Ok(ExitCode::FAILURE)
}
