//! Opens a project: settings, then the database, then migrations, then contracts.

use std::path::{Path, PathBuf};

use tokio_postgres::Config;

use super::audited::audited;
use crate::config::{self, Settings};
use crate::db::cluster::{Cluster, ClusterOptions, Endpoint, Programs, Role, attach};
use crate::db::connect;
use crate::db::dump::Dumps;
use crate::db::migrate::{Done, Migrator, State};
use crate::diagnostic::Diagnostic;
use crate::error::{Code, Error, Result};

/// Where a project keeps what Windlass itself makes.
pub const STATE: &str = ".windlass";
/// The folder of dumps inside of it.
const DUMPS: &str = "dumps";

/// A project whose settings are right.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its directory, absolute.
    pub directory: PathBuf,
    /// Its settings.
    pub settings: Settings,
}

/// A database that can be connected to.
#[derive(Debug)]
pub struct Database {
    /// The embedded cluster, if this process runs it.
    pub cluster: Option<Cluster>,
    /// Where the embedded cluster is, whoever runs it; `None` with `database.url`.
    pub embedded: Option<(Endpoint, Programs)>,
    /// Connects as the owner: migrations and own tables.
    pub owner: Config,
    /// Connects as the role that serves requests.
    pub login: Config,
}

impl Project {
    /// Reads the settings of the project in `directory`.
    ///
    /// # Errors
    /// [`Code::ProjectMissing`], [`Code::ConfigInvalid`].
    pub fn open(directory: &Path) -> Result<Self> {
        let (project, wrong) = Self::read(directory)?;
        if wrong.is_empty() {
            Ok(project)
        } else {
            Err(config::refuse(Code::ConfigInvalid, &wrong))
        }
    }

    /// As [`Project::open`], but gives mistakes in the settings beside a project with defaults in their place.
    ///
    /// # Errors
    /// [`Code::ProjectMissing`].
    pub fn read(directory: &Path) -> Result<(Self, Vec<Diagnostic>)> {
        let directory = directory.canonicalize().map_err(|error| {
            Error::new(
                Code::ProjectMissing,
                format!("cannot open {}: {error}", directory.display()),
            )
            .with_hint("Name the project with --dir DIR, or make one with `windlass new DIR`.")
        })?;
        let (settings, wrong) = config::load(&directory)?;
        Ok((Self { directory, settings }, wrong))
    }

    /// Starts the embedded cluster, or reads how to reach the outside server.
    ///
    /// # Errors
    /// What the cluster says; [`Code::ClusterInUse`] if another process runs it.
    pub async fn start(&self) -> Result<Database> {
        if let Some(database) = self.outside() {
            return Ok(database);
        }
        let state = self.directory.join(STATE);
        std::fs::create_dir_all(&state).map_err(|error| {
            Error::new(
                Code::ClusterFailed,
                format!("cannot create {}: {error}", state.display()),
            )
        })?;
        let cluster = Cluster::start(ClusterOptions {
            directory: state,
            max_connections: self.settings.postgres.max_connections,
            memory_bytes: self.settings.postgres.memory,
        })
        .await?;
        let embedded = (cluster.endpoint().clone(), cluster.programs().clone());
        Ok(self.embedded(Some(cluster), embedded))
    }

    /// Uses the cluster of a Windlass that runs already; else as [`Project::start`].
    ///
    /// # Errors
    /// As [`Project::start`].
    pub async fn attach(&self) -> Result<Database> {
        match self.reach()? {
            Some(database) => Ok(database),
            None => self.start().await,
        }
    }

    /// The database, if it is an outside one or runs already; whether it answers is another question.
    ///
    /// # Errors
    /// If the notes of the embedded cluster cannot be read.
    pub fn reach(&self) -> Result<Option<Database>> {
        if let Some(database) = self.outside() {
            return Ok(Some(database));
        }
        let running = attach(&self.directory.join(STATE))?;
        Ok(running.map(|embedded| self.embedded(None, embedded)))
    }

    fn outside(&self) -> Option<Database> {
        let mut owner = self.settings.database.url.as_ref()?.reveal().clone();
        if owner.get_connect_timeout().is_none() {
            owner.connect_timeout(self.settings.database.connect_timeout);
        }
        Some(Database {
            cluster: None,
            embedded: None,
            login: owner.clone(),
            owner,
        })
    }

    fn embedded(&self, cluster: Option<Cluster>, (endpoint, programs): (Endpoint, Programs)) -> Database {
        let limit = self.settings.database.connect_timeout;
        let mut owner = endpoint.config(Role::Owner);
        let mut login = endpoint.config(Role::Login);
        owner.connect_timeout(limit);
        login.connect_timeout(limit);
        Database {
            cluster,
            embedded: Some((endpoint, programs)),
            owner,
            login,
        }
    }

    /// Runs migrations of this project; on the embedded cluster it dumps the database first.
    ///
    /// # Errors
    /// As [`Migrator::open`].
    pub async fn migrator(&self, database: &Database) -> Result<Migrator> {
        let dumps = database.embedded.as_ref().map(|(endpoint, programs)| {
            let folder = self.directory.join(STATE).join(DUMPS);
            Dumps::new(endpoint.clone(), programs.clone(), folder)
        });
        let migrator = Migrator::open(&database.owner, &self.directory).await?;
        Ok(migrator.with_dumps(dumps))
    }

    /// Brings the database to where the project's files are: applies what is pending if `apply`, refuses otherwise.
    ///
    /// # Errors
    /// [`Code::MigrationsPending`] that names them.
    pub async fn migrate(&self, database: &Database, apply: bool) -> Result<Vec<Done>> {
        let mut migrator = self.migrator(database).await?;
        for status in migrator.status().await? {
            let what = match status.state {
                State::Drifted => "was edited after it was applied",
                State::Gone => "was applied, but its directory is gone",
                State::Pending | State::Applied | State::Failed => continue,
            };
            tracing::warn!(migration = %status.version, name = %status.name, "a migration {what}");
        }
        let pending = migrator.pending().await?;
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        if apply {
            if !migrator.dumps() {
                tracing::info!("no dump is made before migrating: with database.url backups are the server's own");
            }
            let target = pending.join(", ");
            return audited(
                database,
                "migrate_up",
                &target,
                "windlass serve --migrate",
                migrator.up(),
            )
            .await;
        }
        let message = match pending.len() {
            1 => "1 migration is pending".to_owned(),
            n => format!("{n} migrations are pending"),
        };
        Err(Error::new(Code::MigrationsPending, message)
            .with_details(pending.join("\n"))
            .with_hint("Apply with `windlass migrate up`, or start with `windlass serve --migrate`."))
    }

    /// A connection of the serving role, for introspection.
    ///
    /// # Errors
    /// As [`connect::open`].
    pub async fn connect(&self, database: &Database) -> Result<tokio_postgres::Client> {
        connect::open(&database.login).await
    }

    /// Mistakes in the files of the migrations.
    #[must_use]
    pub fn migration_mistakes(&self) -> Vec<Diagnostic> {
        crate::db::migrate::read(&self.directory).1
    }
}

impl Database {
    /// The same database, for whoever uses it beside the one that runs it.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            cluster: None,
            embedded: self.embedded.clone(),
            owner: self.owner.clone(),
            login: self.login.clone(),
        }
    }

    /// Stops the cluster, if this process runs it.
    ///
    /// # Errors
    /// As [`Cluster::stop`].
    pub async fn stop(self) -> Result<()> {
        match self.cluster {
            Some(cluster) => cluster.stop().await,
            None => Ok(()),
        }
    }
}
