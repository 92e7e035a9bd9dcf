//! One file per command.

mod audit;
mod check;
mod config;
mod db;
mod demo;
mod demo_keys;
mod doctor;
mod health;
mod inspect;
mod key;
mod load;
mod logs;
mod man;
mod migrate;
mod new;
mod openapi;
mod rehearse;
mod reload;
mod resource;
mod routes;
mod serve;
mod tenant;
mod token;
mod traffic;
mod tui;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use windlass_core::admin::protocol::{Act, Answer, Ask};
use windlass_core::admin::{Source, Via};
use windlass_core::app::{Database, Project};
use windlass_core::config::{Log, LogFormat};
use windlass_core::db::cluster::{Endpoint, Role};
use windlass_core::db::connect;
use windlass_core::error::{Code, Error, Result};
use windlass_core::telemetry::logs as logger;
use windlass_core::telemetry::terms::FilterError;

use crate::cli::{Cli, Command};
use crate::report;
use crate::stop::{Signals, Stop};

/// Runs a command.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    if !matches!(
        cli.command,
        Command::Serve { .. } | Command::Demo { .. } | Command::Tui(_)
    ) {
        // A command's output is its result; of the database below only trouble is told. The console has the screen to itself.
        logger::install(&Log {
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
        Command::Tui(asked) => tui::run(asked).await,
        Command::Check { project, json } => check::run(&project.dir, json).await,
        Command::Doctor { project, tenants, json } => doctor::run(&project.dir, &tenants, json).await,
        Command::Migrate { action } => migrate::run(action).await,
        Command::Resource { action } => resource::run(action).await,
        Command::Openapi { project, diff, json } => openapi::run(&project.dir, diff.as_deref(), json).await,
        Command::Health { project, json } => health::run(&project.dir, json).await,
        Command::Routes { project, json, action } => routes::run(&project.dir, json, action).await,
        Command::Traffic { project, filter, json } => traffic::run(&project.dir, &filter.join(" "), json).await,
        Command::Logs {
            project,
            filter,
            follow,
            json,
        } => logs::run(&project.dir, &filter.join(" "), follow, json).await,
        Command::Config { project, json } => config::run(&project.dir, json).await,
        Command::Reload { project, json } => reload::run(&project.dir, json).await,
        Command::Audit { project, json } => audit::run(&project.dir, json).await,
        Command::Key { action } => key::run(action).await,
        Command::Tenant { action } => tenant::run(action).await,
        Command::Token(asked) => token::run(asked).await,
        Command::Db { action } => db::run(action).await,
        Command::Completions { shell } => Ok(man::completions(shell)),
        Command::Man => man::run(),
    }
}

/// Asks the service of a project, or files and database without one.
async fn ask(directory: &Path, ask: Ask) -> Result<Answer> {
    Source::find(&Project::open(directory)?).await?.ask(ask).await
}

/// Lets the service of a project act, or does so without one; prints what it came to.
async fn act(source: &Source, act: Act, json: bool) -> Result<ExitCode> {
    let done = source.act(act, Via::Command).await?;
    if json {
        report::json(&done);
    } else {
        report::line(&done.message);
        for detail in &done.details {
            report::line(format_args!("  {detail}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A filter that was typed wrongly.
fn wrong_filter(error: FilterError) -> Error {
    Error::new(Code::Usage, format!("the filter cannot be read at {error}"))
}

/// Another answer than was asked for.
fn unexpected() -> Error {
    Error::new(
        Code::ProtocolMismatch,
        "the service answered another question than was asked",
    )
    .with_hint("Use the program that the service runs.")
}

/// Works with a project's database: that of a running Windlass, or one started for as long as `work` takes.
async fn with_database<T>(project: &Project, work: impl AsyncFnOnce(&Database) -> Result<T>) -> Result<T> {
    with_database_until(project, &Stop::install(Signals::Both)?, work).await
}

/// Ends when no other session uses the cluster.
async fn others_gone(endpoint: &Endpoint) -> Result<()> {
    const OTHERS: &str =
        // An open console looks on and works on nothing: it finds the database again.
        "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() \
         and not (application_name = 'windlass-admin' and state = 'idle')";
    let client = connect::open(&endpoint.config(Role::Superuser)).await?;
    let mut told = false;
    let begun = std::time::Instant::now();
    loop {
        let others: i64 = client
            .query_one(OTHERS, &[])
            .await
            .and_then(|row| row.try_get(0))
            .map_err(Error::internal)?;
        if others == 0 {
            return Ok(());
        }
        // Our own connections take a moment to go.
        if begun.elapsed() > Duration::from_secs(1) && !std::mem::replace(&mut told, true) {
            report::note(format_args!(
                "waiting for {others} other sessions before PostgreSQL stops; Ctrl-C stops it now"
            ));
        }
        // Postgres tells nobody when a session ends.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// As [`with_database`], ended by what `stop` listens to.
async fn with_database_until<T>(
    project: &Project,
    stop: &Stop,
    work: impl AsyncFnOnce(&Database) -> Result<T>,
) -> Result<T> {
    let database = stop.unless(project.attach()).await?;
    let result = stop.unless(work(&database)).await;
    if let (Some(_), Some((endpoint, _))) = (&database.cluster, &database.embedded) {
        // Another command may have joined meanwhile; it would lose its connection in the middle.
        if let Err(error) = stop.unless(others_gone(endpoint)).await {
            tracing::debug!("not waited for other sessions: {error}");
        }
    }
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
