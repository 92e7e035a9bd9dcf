//! `windlass check`: every mistake in the project's files at once.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::app::{Database, Project, contracts};
use windlass_core::catalog::Catalog;
use windlass_core::contract;
use windlass_core::db::scratch::Scratch;
use windlass_core::diagnostic::Diagnostic;
use windlass_core::error::{Code, Error, Result};
use windlass_core::guards::Verifier;

use super::with_database;
use crate::report;

/// Checks the project in `directory`.
pub async fn run(directory: &Path, json: bool) -> Result<ExitCode> {
    let (project, mut found) = Project::read(directory)?;
    // With wrong database settings the defaults stand in for them, and that would be another database.
    let reachable = !found.iter().any(|wrong| wrong.message.contains("`database"));
    found.extend(
        Verifier::open(&project.settings.auth, &project.directory)
            .err()
            .unwrap_or_default(),
    );
    let migrations = project.migration_mistakes();
    let readable = migrations.is_empty();
    found.extend(migrations);
    if reachable {
        match with_database(&project, async |database| beside(&project, database, readable).await).await {
            Ok(more) => found.extend(more),
            Err(error) => {
                // What can be found without the database is told all the same.
                found.extend(without_database(&project));
                report::diagnostics(&found);
                return Err(error);
            }
        }
    } else {
        found.extend(without_database(&project));
        report::note("note: tables and columns are checked once the settings of [database] are right");
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

/// Checks resource files against the database as it would be with all migrations applied.
async fn beside(project: &Project, database: &Database, readable: bool) -> Result<Vec<Diagnostic>> {
    let pending = if readable {
        project.migrator(database).await?.pending().await?
    } else {
        Vec::new()
    };
    let Some((endpoint, _)) = database.embedded.as_ref().filter(|_| !pending.is_empty()) else {
        for name in pending {
            report::note(format_args!(
                "note: migration {name} is pending: resource files are checked without it"
            ));
        }
        let found = contracts::snapshot(project, database).await?.1;
        return Ok(if readable { found } else { without_missing_tables(found) });
    };
    let scratch = Scratch::make(endpoint).await?;
    let tried = Database {
        cluster: None,
        embedded: None,
        owner: scratch.owner.clone(),
        login: scratch.login.clone(),
    };
    let result = rehearse(project, &tried).await;
    let dropped = scratch.drop().await;
    let found = result?;
    dropped?;
    Ok(found)
}

async fn rehearse(project: &Project, scratch: &Database) -> Result<Vec<Diagnostic>> {
    match project.migrator(scratch).await?.up().await {
        Ok(_) => {}
        Err(error) if error.code() == Code::MigrationFailed => {
            let mut found = vec![placed(&error)];
            found.extend(without_missing_tables(contracts::snapshot(project, scratch).await?.1));
            return Ok(found);
        }
        Err(error) => return Err(error),
    }
    Ok(contracts::snapshot(project, scratch).await?.1)
}

/// Mistakes that a resource file has whatever the tables are.
fn without_database(project: &Project) -> Vec<Diagnostic> {
    let mut found = without_missing_tables(contract::load(&project.directory, &Catalog::default()).1);
    found.extend(contract::sql_drafts(&project.directory).1);
    found
}

/// A table or function may be missing only because a migration is broken: that is one mistake, not two.
fn without_missing_tables(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found
        .into_iter()
        .filter(|wrong| {
            let missing = [contract::NO_TABLE, contract::NO_FUNCTION];
            let begins = missing.iter().any(|begin| wrong.message.starts_with(begin));
            // In a SQL route Postgres says so.
            let route = wrong.file.starts_with("routes") && wrong.message.ends_with("does not exist");
            !begins && !route
        })
        .collect()
}

/// A failed migration's message begins with its place.
fn placed(error: &Error) -> Diagnostic {
    let (place, message) = error
        .message()
        .split_once(": ")
        .unwrap_or(("migrations", error.message()));
    let mut parts = place.splitn(3, ':');
    let mut found = Diagnostic::file(parts.next().unwrap_or_default(), message);
    let mut number = || parts.next().and_then(|part| part.parse().ok()).unwrap_or_default();
    (found.line, found.column) = (number(), number());
    found.help = error.details().map(ToOwned::to_owned);
    found
}
