//! `windlass migrate`.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::app::{Project, audited};
use windlass_core::db::migrate::{self, Done, Migrator, State};
use windlass_core::error::Result;

use super::{rehearse, reload, with_database};
use crate::cli::Migrate;
use crate::report;

/// Runs one of its actions.
pub async fn run(action: Migrate) -> Result<ExitCode> {
    match action {
        Migrate::Status { project, json } => status(&project.dir, json).await,
        Migrate::Up { project, no_dump, json } => run_change(&project.dir, no_dump, json, Change::Up).await,
        Migrate::Down {
            project,
            count,
            no_dump,
            json,
        } => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            run_change(&project.dir, no_dump, json, Change::Down(count)).await
        }
        Migrate::Redo { project, no_dump, json } => run_change(&project.dir, no_dump, json, Change::Redo).await,
        Migrate::Check {
            project,
            strict,
            upto,
            json,
        } => rehearse::run(&project.dir, upto.as_deref(), strict, json).await,
        Migrate::New { project, name } => {
            let project = Project::read(&project.dir)?.0;
            let made = migrate::new(&project.directory, &name)?;
            report::line(made.join("up.sql").display());
            report::line(made.join("down.sql").display());
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn status(directory: &Path, json: bool) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    let lines = with_database(&project, async |database| {
        // Not behind the lock of one that runs: then this is looked at above all.
        Migrator::look(&database.owner, &project.directory)
            .await?
            .status()
            .await
    })
    .await?;
    if json {
        report::json(&lines);
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let state = match line.state {
                State::Pending => "pending",
                State::Applied => "applied",
                State::Drifted => "drifted",
                State::Gone => "gone",
                State::Failed => "failed",
            };
            let name = if line.name.is_empty() {
                &line.version
            } else {
                &line.name
            };
            vec![
                name.clone(),
                state.to_owned(),
                line.applied_at.clone().unwrap_or_default(),
            ]
        })
        .collect();
    report::table(&["migration", "state", "applied at"], &rows);
    for line in &lines {
        if let Some(error) = &line.error {
            report::note(format_args!("failed: {error}"));
        }
    }
    if lines.iter().any(|line| line.state == State::Drifted) {
        report::note(
            "hint: `drifted` means that up.sql was edited after it was applied; write a new migration instead",
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What changes the database.
#[derive(Clone, Copy)]
enum Change {
    Up,
    Down(usize),
    Redo,
}

impl Change {
    async fn run(self, migrator: &mut Migrator) -> Result<Vec<Done>> {
        match self {
            Self::Up => migrator.up().await,
            Self::Down(count) => migrator.down(count).await,
            Self::Redo => migrator.redo().await,
        }
    }

    /// Its name in the audit table.
    const fn action(self) -> &'static str {
        match self {
            Self::Up => "migrate_up",
            Self::Down(_) => "migrate_down",
            Self::Redo => "migrate_redo",
        }
    }

    fn words(self) -> String {
        match self {
            Self::Up => "up".to_owned(),
            Self::Down(1) => "down".to_owned(),
            Self::Down(count) => format!("down {count}"),
            Self::Redo => "redo".to_owned(),
        }
    }
}

async fn run_change(directory: &Path, no_dump: bool, json: bool, change: Change) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    let done = with_database(&project, async |database| {
        let mut migrator = project.migrator(database).await?;
        if no_dump {
            migrator = migrator.with_dumps(None);
        } else if !migrator.dumps() {
            report::note("note: no dump is made, as with database.url backups are the server's own");
        }
        let target = match change {
            Change::Up => migrator.pending().await?.join(", "),
            Change::Down(count) => format!("the last {count}"),
            Change::Redo => "the last one".to_owned(),
        };
        let done = if target.is_empty() {
            Ok(Vec::new())
        } else {
            let command = format!(
                "windlass migrate {}{}",
                change.words(),
                if no_dump { " --no-dump" } else { "" }
            );
            audited(database, change.action(), &target, &command, change.run(&mut migrator)).await
        };
        // After a failure most of all.
        if let Some((dump, restore)) = migrator.dumped() {
            report::note(format_args!("dump: {}", dump.display()));
            report::note("to go back to it, stop the service, run `windlass db start`, and then:");
            report::note(format_args!("  {restore}"));
        }
        done
    })
    .await;
    // Those before one that failed stay applied.
    reload::after_migration(&project).await;
    let done = done?;
    if json {
        report::json(&done);
    } else if done.is_empty() {
        report::note("nothing is pending");
    } else {
        for run in &done {
            report::line(format_args!(
                "{:<4}  {}  {} ms",
                run.direction, run.name, run.duration_ms
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
