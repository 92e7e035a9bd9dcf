//! `windlass serve`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use windlass_core::app::{Context, Database, Limits, Project, Published, contracts};
use windlass_core::config::{self, Listen};
use windlass_core::db::lane::{LaneOptions, Lanes};
use windlass_core::error::{Code, Result};
use windlass_core::http::Server;
use windlass_core::telemetry::logs;

use super::load;
use crate::report;

/// Serves the project in `directory`.
pub async fn run(directory: &Path, listen: &[Listen], migrate: bool) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    serve(&project, listen, migrate, None).await
}

/// Serves a project; with `data`, loads the files in that folder through the API once it answers.
pub async fn serve(project: &Project, listen: &[Listen], migrate: bool, data: Option<load::Data>) -> Result<ExitCode> {
    logs::install(&project.settings.log);
    let listen = if listen.is_empty() {
        &project.settings.http.listen
    } else {
        listen
    };
    // First of all: an address in use is found before a database starts, and early requests wait instead of failing.
    let server = Server::bind(listen).await?;
    let database = project.start().await?;
    let served = answer(project, &database, server, migrate, data).await;
    let stopped = database.stop().await;
    served?;
    stopped?;
    Ok(ExitCode::SUCCESS)
}

async fn answer(
    project: &Project,
    database: &Database,
    server: Server,
    migrate: bool,
    data: Option<load::Data>,
) -> Result<()> {
    project.migrate(database, migrate).await?;
    let (snapshot, wrong) = contracts::snapshot(project, database).await?;
    if !wrong.is_empty() {
        return Err(config::refuse(Code::ProjectInvalid, &wrong));
    }
    let settings = &project.settings;
    // Reads are pipelined on a few connections; commits want many.
    let shared = settings.database.max_connections.div_ceil(4).clamp(1, 4);
    let options = LaneOptions {
        shared: usize::try_from(shared).unwrap_or(1),
        exclusive: settings.database.max_connections.saturating_sub(shared).max(1),
        wait: settings.database.pool_wait,
        statement_timeout: settings.database.statement_timeout,
    };
    let lanes = Lanes::open(database.login.clone(), &options).await?;
    let limits = Limits {
        body: settings.http.body_limit,
        header_timeout: settings.http.header_timeout,
        body_timeout: settings.http.body_timeout,
        idle_timeout: settings.http.idle_timeout,
        shutdown_timeout: settings.http.shutdown_timeout,
    };
    let context = Arc::new(Context::new(Published::new(snapshot)?, lanes, limits, settings.docs));
    let addresses = server.addresses().to_vec();
    let loader = data.map(|data| {
        let (addresses, directory) = (addresses.clone(), project.directory.clone());
        tokio::spawn(async move {
            match load::run(&addresses, &data, &directory).await {
                Ok(()) => tracing::info!("the data is loaded"),
                Err(error) => {
                    report::failure(&error);
                }
            }
        })
    });
    for address in addresses.iter().map(Listen::url) {
        let docs = if settings.docs {
            format!("  docs {address}/docs")
        } else {
            String::new()
        };
        report::line(format_args!("API {address}/api{docs}  health {address}/health/ready"));
    }
    let result = server.run(context, stopped()).await;
    if let Some(loader) = loader {
        loader.abort();
    }
    result
}

/// Waits for SIGTERM or SIGINT; a second one ends the process at once.
pub async fn stopped() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the system's default ends the process.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: requests in flight finish first");
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(1);
    });
}
