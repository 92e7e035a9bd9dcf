//! One file per command.

mod check;
mod db;
mod demo;
mod load;
mod man;
mod migrate;
mod new;
mod openapi;
mod resource;
mod serve;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use windlass_core::app::{Database, Project};
use windlass_core::config::{Log, LogFormat};
use windlass_core::error::Result;
use windlass_core::telemetry::logs;

use crate::cli::{Cli, Command};
use crate::stop::{Signals, Stop};

/// Runs a command.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    if !matches!(cli.command, Command::Serve { .. } | Command::Demo { .. }) {
        // A command's output is its result; of the database below only trouble is told.
        logs::install(&Log {
            level: tracing::level_filters::LevelFilter::WARN,
            format: LogFormat::Text,
        });
    }
    match cli.command {
        Command::New { dir } => new::run(&dir),
        Command::Serve {
            project,
            listen,
            migrate,
        } => serve::run(&project.dir, &listen, migrate).await,
        Command::Demo { dir, listen } => demo::run(&dir, &listen).await,
        Command::Check { project, json } => check::run(&project.dir, json).await,
        Command::Migrate { action } => migrate::run(action).await,
        Command::Resource { action } => resource::run(action).await,
        Command::Openapi { project, diff, json } => openapi::run(&project.dir, diff.as_deref(), json).await,
        Command::Db { action } => db::run(action).await,
        Command::Completions { shell } => Ok(man::completions(shell)),
        Command::Man => man::run(),
    }
}

/// Works with a project's database: that of a running Windlass, or one started for as long as `work` takes.
async fn with_database<T>(project: &Project, work: impl AsyncFnOnce(&Database) -> Result<T>) -> Result<T> {
    with_database_until(project, &Stop::install(Signals::Both)?, work).await
}

/// As [`with_database`], ended by what `stop` listens to.
async fn with_database_until<T>(
    project: &Project,
    stop: &Stop,
    work: impl AsyncFnOnce(&Database) -> Result<T>,
) -> Result<T> {
    let database = stop.unless(project.attach()).await?;
    let result = stop.unless(work(&database)).await;
    let stopped = database.stop().await;
    let value = result?;
    stopped?;
    Ok(value)
}

/// Writes a file so that it is there whole or not at all, and its folder if need be.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("unfinished");
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)
}
