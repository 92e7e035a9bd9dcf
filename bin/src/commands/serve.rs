//! `windlass serve`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::oneshot;
use windlass_core::admin::{Desk, Live, Socket};
use windlass_core::app::{Context, Database, Limits, Project, Published, Sweeper, contracts};
use windlass_core::config::{self, Listen};
use windlass_core::db::cluster::Cluster;
use windlass_core::db::lane::{LaneOptions, Lanes};
use windlass_core::db::pool::Pool;
use windlass_core::db::store::secret;
use windlass_core::error::{Code, Error, Result};
use windlass_core::guards::{ApiKeys, Freshness, Guards, Verifier};
use windlass_core::http::Server;
use windlass_core::plan::cursor::Key;
use windlass_core::telemetry::logs;
use windlass_core::telemetry::sampler::Sampler;

use super::{demo_keys, load};
use crate::report;
use crate::stop::{Signals, Stop};

/// For comparing API keys, and for noting when they were used.
const KEY_CONNECTIONS: u32 = 2;

/// Serves the project in `directory`.
pub async fn run(directory: &Path, listen: &[Listen], migrate: bool) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    serve(&project, listen, migrate, None).await
}

/// What a demo has besides its project.
pub struct Demo {
    /// Rows, which are loaded through the API once it answers.
    pub data: load::Data,
    /// Keys to try it with.
    pub keys: &'static [demo_keys::Wanted],
}

/// Serves a project, perhaps the demo.
pub async fn serve(project: &Project, listen: &[Listen], migrate: bool, demo: Option<Demo>) -> Result<ExitCode> {
    logs::install(&project.settings.log);
    let listen = if listen.is_empty() {
        &project.settings.http.listen
    } else {
        listen
    };
    let stop = Stop::install(Signals::Both)?;
    // First of all: an address in use is found before a database starts, and early requests wait instead of failing.
    let server = Server::bind(listen).await?;
    let database = stop.unless(project.start()).await?;
    let served = match stop.unless(prepare(project, &database, migrate)).await {
        Ok((context, tokens)) => answer(project, &database, server, context, tokens, &stop, demo).await,
        Err(error) => Err(error),
    };
    let stopped = database.stop().await;
    served?;
    stopped?;
    Ok(ExitCode::SUCCESS)
}

/// Everything that must be right before the first answer.
async fn prepare(project: &Project, database: &Database, migrate: bool) -> Result<(Arc<Context>, Verifier)> {
    let tokens = Verifier::open(&project.settings.auth, &project.directory)
        .map_err(|wrong| config::refuse(Code::ConfigInvalid, &wrong))?;
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
        reply: settings.http.reply_limit,
        stream_timeout: settings.database.stream_timeout,
        tx_rollback: settings.http.tx_rollback,
        cost: settings.cost,
        ..Limits::default()
    };
    let stores = Pool::new(&database.owner, 1, settings.database.connect_timeout);
    let context = Context::new(
        Published::new(snapshot)?,
        lanes,
        limits,
        settings.docs,
        Key::new(&secret::of_cursors(&stores).await?),
    );
    Ok((Arc::new(context), tokens))
}

async fn answer(
    project: &Project,
    database: &Database,
    server: Server,
    context: Arc<Context>,
    tokens: Verifier,
    stop: &Stop,
    demo: Option<Demo>,
) -> Result<()> {
    let addresses = server.addresses().to_vec();
    let live = Live {
        context: Arc::clone(&context),
        database: database.beside(),
        cluster: database.cluster.as_ref().map(Cluster::state),
        listens: addresses.iter().map(Listen::url).collect(),
    };
    let desk = Arc::new(Desk::open(project.clone(), live));
    desk.load_switches().await?;
    let (close, closed) = oneshot::channel::<()>();
    let admin = admin_socket(project).map(|socket| {
        tracing::info!(path = %socket.path().display(), "console and commands are answered");
        tokio::spawn(socket.run(Arc::clone(&desk), async {
            // An error says that the sender is gone: the service is on its way out as well.
            _ = closed.await;
        }))
    });
    if let Some(demo) = &demo {
        let stores = Pool::new(&database.owner, 1, project.settings.database.connect_timeout);
        demo_keys::write(&project.directory, &stores, demo.keys).await?;
    }
    let loader = demo.map(|Demo { data, .. }| {
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
        let docs = if project.settings.docs {
            format!("  docs {address}/docs")
        } else {
            String::new()
        };
        report::line(format_args!("API {address}/api{docs}  health {address}/health/ready"));
    }
    let sampler = Sampler::start(Arc::clone(&context.telemetry), &project.directory);
    let sweeper = Sweeper::start(database.owner.clone());
    let keys = Pool::new(
        &database.owner,
        KEY_CONNECTIONS,
        project.settings.database.connect_timeout,
    );
    let guards = Arc::new(
        Guards::default()
            .with_keys(ApiKeys::new(keys, Freshness::default()))
            .with_tokens(tokens)
            .with_cors(project.settings.cors.clone())
            .with_headers(project.settings.headers.clone())
            .with_rate(&project.settings.rate),
    );
    let result = server.run(context, Arc::clone(&guards), stop.wait()).await;
    drop((sampler, sweeper));
    guards.close().await;
    if let Some(loader) = loader {
        loader.abort();
    }
    // A migration that the operator began comes to its end, and so does its line in the audit.
    desk.settle().await;
    drop(close);
    if let Some(admin) = admin {
        admin.await.map_err(Error::internal)?;
    }
    result
}

/// The operator's door. Without it the API is served all the same: clients come first.
fn admin_socket(project: &Project) -> Option<Socket> {
    if !project.settings.admin.enabled {
        return None;
    }
    Socket::bind(project)
        .inspect_err(|error| {
            let hint = error.hint().unwrap_or_default();
            tracing::error!(hint, "console and commands cannot reach this service: {error}");
        })
        .ok()
}
