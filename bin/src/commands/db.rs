//! `windlass db`: the database itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tokio_postgres::config::Host;
use windlass_core::admin::protocol::Ask;
use windlass_core::app::{Database, Project};
use windlass_core::db::cluster::Role;
use windlass_core::db::connect;
use windlass_core::error::{Code, Error, Result};

use super::{inspect, with_database, with_database_until};
use crate::cli::Db;
use crate::report;
use crate::stop::{Signals, Stop};

/// Runs one of its actions.
pub async fn run(action: Db) -> Result<ExitCode> {
    match action {
        Db::Activity(question) => inspect::run(&question.project.dir, Ask::Activity, question.json).await,
        Db::Slow(question) => inspect::run(&question.project.dir, Ask::SlowStatements, question.json).await,
        Db::Locks(question) => inspect::run(&question.project.dir, Ask::Locks, question.json).await,
        Db::Tables(question) => inspect::run(&question.project.dir, Ask::Tables, question.json).await,
        Db::Indexes(question) => inspect::run(&question.project.dir, Ask::Indexes, question.json).await,
        Db::Cancel(session) => inspect::signal(&session.project.dir, session.pid, false, session.json).await,
        Db::Terminate(session) => inspect::signal(&session.project.dir, session.pid, true, session.json).await,
        Db::Start { project } => start(&project.dir).await,
        Db::Url { project } => url(&project.dir).await,
        Db::Psql { project, args } => psql(&project.dir, &args).await,
    }
}

async fn start(directory: &Path) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    if project.settings.database.url.is_some() {
        return Err(Error::new(Code::ClusterFailed, "this project uses database.url")
            .with_hint("Start that server where it runs."));
    }
    let stop = Stop::install(Signals::Both)?;
    let database = stop.unless(project.start()).await?;
    if let Some((endpoint, _)) = &database.embedded {
        report::line(endpoint.url(Role::Owner));
        report::note("Ctrl-C stops it");
    }
    stop.wait().await;
    database.stop().await?;
    Ok(ExitCode::SUCCESS)
}

async fn url(directory: &Path) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    if let Some(config) = &project.settings.database.url {
        // Without the password: standard output ends up in logs and histories.
        report::line(format_args!("postgresql://{}", connect::address(config.reveal())));
        return Ok(ExitCode::SUCCESS);
    }
    let url = with_database(&project, async |database| {
        Ok(database
            .embedded
            .as_ref()
            .map(|(endpoint, _)| (endpoint.url(Role::Owner), database.cluster.is_some())))
    })
    .await?;
    if let Some((url, only_now)) = url {
        report::line(url);
        if only_now {
            report::note("it does not run now; start it with `windlass db start` or `windlass serve`");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn psql(directory: &Path, args: &[OsString]) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    // Ctrl-C is psql's own: it cancels a query and does not end the prompt.
    let stop = Stop::install(Signals::TerminateOnly)?;
    with_database_until(&project, &stop, async |database| {
        let mut command = tokio::process::Command::new(program(database));
        command.kill_on_drop(true);
        match &database.embedded {
            Some((endpoint, _)) => {
                command.arg(endpoint.url(Role::Owner));
            }
            // Through the environment: arguments can be read by every user of the machine.
            None => outside(&mut command, &database.owner),
        }
        let mut child = command.args(args).spawn().map_err(|error| {
            Error::new(Code::ProjectMissing, format!("psql cannot be run: {error}"))
                .with_hint("Install it: `apt-get install postgresql-client`.")
        })?;
        let status = child.wait().await.map_err(Error::internal)?;
        let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        Ok(ExitCode::from(code))
    })
    .await
}

fn program(database: &Database) -> PathBuf {
    database
        .embedded
        .as_ref()
        .map_or_else(|| "psql".into(), |(_, programs)| programs.psql())
}

fn outside(command: &mut tokio::process::Command, config: &tokio_postgres::Config) {
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => command.env("PGHOST", host),
        Some(Host::Unix(path)) => command.env("PGHOST", path),
        None => command,
    };
    if let Some(port) = config.get_ports().first() {
        command.env("PGPORT", port.to_string());
    }
    if let Some(user) = config.get_user() {
        command.env("PGUSER", user);
    }
    if let Some(password) = config.get_password() {
        command.env("PGPASSWORD", String::from_utf8_lossy(password).as_ref());
    }
    if let Some(name) = config.get_dbname() {
        command.env("PGDATABASE", name);
    }
}
