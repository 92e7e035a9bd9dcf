//! Migrations of the project, and of Windlass's own tables.
//!
//! Windlass's own run through diesel-async's harness and are recorded in `windlass.__diesel_schema_migrations`. The project's are
//! run here, one message per file as Diesel does, and recorded exactly where the diesel CLI records them: the harness
//! hides the SQLSTATE and the position of an error, so that it could not name the line that failed.

mod files;
mod known;
mod lint;
mod lock;
mod own;
mod place;
pub mod rehearsal;
mod rehearse;
mod run;
mod status;
mod verdict;
mod watch;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio_postgres::{Client, Config};

pub use files::{FOLDER, Migration, new, read, sha256};
pub use rehearse::Contracts;
pub use status::{State, Status};

use super::connect;
use super::dump::Dumps;
use super::pool::Pool;
use super::store::migration_run::{self, NewRun};
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::error::{Code, Error, Result};
use rehearsal::Rehearsal;

/// How long another process may hold the lock.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// A file of a migration as somebody saw it before it is run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Expected {
    /// The migration's directory.
    pub name: String,
    /// Of the file that runs (`up.sql` or `down.sql`), in hexadecimal.
    pub sha256: String,
}

/// A migration that was run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Done {
    /// The directory's name.
    pub name: String,
    /// `up` or `down`.
    pub direction: String,
    /// How long it took.
    pub duration_ms: i64,
}

/// Brings Windlass's own tables up to date, if they are not.
///
/// # Errors
/// [`Code::MigrationFailed`] if the role may not make them; [`Code::MigrationsLocked`]; whatever connecting gives.
pub async fn own_tables(owner: &Config) -> Result<()> {
    let client = connect::open(owner).await?;
    if own::is_current(&client).await? {
        return Ok(());
    }
    own::up(owner, &client, LOCK_WAIT).await
}

/// Runs migrations of one project on one database.
#[derive(Debug)]
pub struct Migrator {
    owner: Config,
    client: Client,
    runs: Pool,
    /// Whether the table of runs is there.
    noted: bool,
    migrations: Vec<Migration>,
    wait: Duration,
    dumps: Option<Dumps>,
    dumped: Option<PathBuf>,
}

impl Migrator {
    /// Reads the project's migrations, connects, and brings Windlass's own tables up to date.
    ///
    /// # Errors
    /// [`Code::MigrationInvalid`] if a file is wrong; whatever connecting gives.
    pub async fn open(owner: &Config, project: &Path) -> Result<Self> {
        let migrator = Self::connect(owner, project).await?;
        own::up(owner, &migrator.client, LOCK_WAIT).await?;
        Ok(migrator)
    }

    /// As [`Migrator::open`], but for looking alone: it changes nothing, and does not wait for one who migrates.
    ///
    /// # Errors
    /// As [`Migrator::open`].
    pub async fn look(owner: &Config, project: &Path) -> Result<Self> {
        let migrator = Self::connect(owner, project).await?;
        Ok(Self {
            noted: own::is_current(&migrator.client).await?,
            ..migrator
        })
    }

    async fn connect(owner: &Config, project: &Path) -> Result<Self> {
        let (migrations, wrong) = read(project);
        if !wrong.is_empty() {
            return Err(crate::config::refuse(Code::MigrationInvalid, &wrong));
        }
        let client = connect::open(owner).await?;
        let runs = Pool::new(owner, 2, Duration::from_secs(5));
        Ok(Self {
            owner: owner.clone(),
            client,
            runs,
            noted: true,
            migrations,
            wait: LOCK_WAIT,
            dumps: None,
            dumped: None,
        })
    }

    /// Sets how long another process may hold the lock.
    #[must_use]
    pub fn with_lock_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Dumps the database before the first migration of each call runs, up or down; `None` does not, as is the
    /// default.
    #[must_use]
    pub fn with_dumps(mut self, dumps: Option<Dumps>) -> Self {
        self.dumps = dumps;
        self
    }

    /// Whether it dumps before it migrates.
    #[must_use]
    pub fn dumps(&self) -> bool {
        self.dumps.is_some()
    }

    /// The dump that the last call made, with the shell's command that restores it.
    #[must_use]
    pub fn dumped(&self) -> Option<(&Path, String)> {
        let (dump, dumps) = (self.dumped.as_deref()?, self.dumps.as_ref()?);
        Some((dump, dumps.restore_command(dump)))
    }

    /// Every migration, in order of the versions.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn status(&self) -> Result<Vec<Status>> {
        let runs = self.noted.then_some(&self.runs);
        status::all(&self.client, runs, &self.migrations).await
    }

    /// The names of pending migrations.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn pending(&self) -> Result<Vec<String>> {
        let applied = run::applied(&self.client).await?;
        let pending = self.migrations.iter().filter(|m| !applied.contains_key(&m.version));
        Ok(pending.map(|m| m.name.clone()).collect())
    }

    /// Runs pending migrations, up to the one named `upto`, in a transaction that is rolled back, and tells what they
    /// did. `contracts` makes the API's document out of the tables as `role`, which serves requests, sees them.
    ///
    /// This takes real locks on the tables; others wait for them as long as the rehearsal takes. No statement waits
    /// more than 2 s for a lock, none takes longer than 30 s and all together no longer than 60 s. What no transaction
    /// takes back stays: values of sequences are used up, and a rewrite takes its room on the disk until it is over.
    ///
    /// # Errors
    /// [`Code::MigrationInvalid`] if `upto` is not pending; [`Code::MigrationsLocked`] as [`Migrator::up`]; what
    /// `contracts` gives; and if the database is away. A migration that fails is no error but an outcome.
    pub async fn rehearse(
        &self,
        upto: Option<&str>,
        role: Option<&str>,
        contracts: impl Fn(&Catalog) -> Result<Contracts>,
    ) -> Result<Vec<Rehearsal>> {
        let plan = rehearse::Plan {
            migrations: &self.migrations,
            upto,
            role,
            wait: self.wait,
        };
        rehearse::run(&self.owner, &self.client, &plan, contracts).await
    }

    /// Applies all pending migrations.
    ///
    /// # Errors
    /// [`Code::MigrationFailed`] with file and line; [`Code::MigrationsLocked`] if another process keeps the lock;
    /// [`Code::DumpFailed`], and then nothing was applied.
    pub async fn up(&mut self) -> Result<Vec<Done>> {
        self.up_if(None).await
    }

    /// As [`Migrator::up`], if exactly the migrations of these names are pending, in this order.
    ///
    /// # Errors
    /// [`Code::MigrationsChanged`], and then nothing was applied; as [`Migrator::up`].
    pub async fn up_expecting(&mut self, expected: &[Expected]) -> Result<Vec<Done>> {
        self.up_if(Some(expected)).await
    }

    async fn up_if(&mut self, expected: Option<&[Expected]>) -> Result<Vec<Done>> {
        lock::take(&self.client, self.wait).await?;
        let done = self.up_locked(expected).await;
        lock::release(&self.client).await;
        done
    }

    /// Undoes the last `count` migrations.
    ///
    /// # Errors
    /// As [`Migrator::up`]; and if one of them has no `down.sql`, before any is undone.
    pub async fn down(&mut self, count: usize) -> Result<Vec<Done>> {
        lock::take(&self.client, self.wait).await?;
        let done = self.down_locked(count, None).await;
        lock::release(&self.client).await;
        done
    }

    /// Undoes the last migration, if it is the one of this name.
    ///
    /// # Errors
    /// [`Code::MigrationsChanged`] if it is another, and then nothing was undone; as [`Migrator::down`].
    pub async fn down_expecting(&mut self, expected: &Expected) -> Result<Vec<Done>> {
        lock::take(&self.client, self.wait).await?;
        let done = self.down_locked(1, Some(expected)).await;
        lock::release(&self.client).await;
        done
    }

    /// Undoes the last migration and applies it again.
    ///
    /// # Errors
    /// As [`Migrator::down`].
    pub async fn redo(&mut self) -> Result<Vec<Done>> {
        lock::take(&self.client, self.wait).await?;
        let done = async {
            let mut done = self.down_locked(1, None).await?;
            let again: Vec<Migration> = self.named(done.iter().map(|done| done.name.as_str()));
            for migration in &again {
                done.push(self.run(migration, "up").await?);
            }
            Ok(done)
        }
        .await;
        lock::release(&self.client).await;
        done
    }

    fn named<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<Migration> {
        names
            .filter_map(|name| self.migrations.iter().find(|m| m.name == name).cloned())
            .collect()
    }

    async fn dump(&mut self, before: Option<&Migration>) -> Result<()> {
        self.dumped = match (&self.dumps, before) {
            (Some(dumps), Some(migration)) => dumps.before(&self.client, &migration.version).await?,
            _ => None,
        };
        Ok(())
    }

    async fn up_locked(&mut self, expected: Option<&[Expected]>) -> Result<Vec<Done>> {
        let pending = self.pending().await?;
        if let Some(expected) = expected {
            let names: Vec<String> = expected.iter().map(|expected| expected.name.clone()).collect();
            if names != pending {
                let told = |names: &[String]| {
                    if names.is_empty() {
                        "nothing".to_owned()
                    } else {
                        names.join(", ")
                    }
                };
                return Err(changed(format!(
                    "{} was expected to be pending, but {} is",
                    told(&names),
                    told(&pending)
                )));
            }
            let now = self.named(pending.iter().map(String::as_str));
            let edited = now.iter().zip(expected).find(|(now, seen)| now.sha256 != seen.sha256);
            if let Some((now, _)) = edited {
                return Err(changed(format!(
                    "{} was edited since it was looked at",
                    now.file("up.sql").display()
                )));
            }
        }
        let first = self.named(pending.iter().take(1).map(String::as_str));
        self.dump(first.first()).await?;
        let mut done = Vec::new();
        for migration in self.named(pending.iter().map(String::as_str)) {
            match self.run(&migration, "up").await {
                Ok(one) => done.push(one),
                Err(error) => return Err(after(&done, error)),
            }
        }
        Ok(done)
    }

    async fn down_locked(&mut self, count: usize, expected: Option<&Expected>) -> Result<Vec<Done>> {
        let applied = run::applied(&self.client).await?;
        if !applied.is_empty() && applied.len() < count {
            return Err(Error::new(
                Code::MigrationInvalid,
                format!(
                    "{count} migrations cannot be undone, as only {} are applied",
                    applied.len()
                ),
            )
            .with_hint("Nothing was undone; `windlass migrate status` lists them."));
        }
        let mut undo = Vec::new();
        for version in applied.keys().rev().take(count) {
            let found = self.migrations.iter().find(|m| &m.version == version);
            let name = found.map_or(version, |migration| &migration.name);
            if let Some(expected) = expected.filter(|expected| &expected.name != name) {
                return Err(changed(format!(
                    "{} was expected to be the last one, but {name} is",
                    expected.name
                )));
            }
            let Some(migration) = found else {
                return Err(Error::new(
                    Code::MigrationInvalid,
                    format!("migration {version} is applied, but its directory is gone"),
                )
                .with_hint("Bring the directory back, from version control or a backup. Nothing was undone."));
            };
            let wrong = match migration.down.as_deref() {
                None => Some(Diagnostic::file(migration.file("down.sql"), "is missing")),
                Some(down) if expected.is_some_and(|expected| expected.sha256 != sha256(down)) => {
                    return Err(changed(format!(
                        "{} was edited since it was looked at",
                        migration.file("down.sql").display()
                    )));
                }
                Some(down) if place::statements(down).is_empty() => {
                    Some(Diagnostic::at(&migration.file("down.sql"), down, 0, "has no statement"))
                }
                Some(_) => None,
            };
            if let Some(wrong) = wrong {
                return Err(Error::new(Code::MigrationInvalid, wrong.to_string())
                    .with_hint("Write how to undo the migration. Nothing was undone."));
            }
            undo.push(migration.clone());
        }
        if undo.is_empty() && count > 0 {
            return Err(Error::new(
                Code::MigrationInvalid,
                "no migration is applied, so none can be undone",
            ));
        }
        self.dump(undo.first()).await?;
        let mut done = Vec::new();
        for migration in &undo {
            done.push(self.run(migration, "down").await?);
        }
        Ok(done)
    }

    async fn run(&mut self, migration: &Migration, direction: &'static str) -> Result<Done> {
        let started_at = SystemTime::now();
        let clock = std::time::Instant::now();
        let ran = run::one(&mut self.client, migration, direction).await;
        let duration_ms = i64::try_from(clock.elapsed().as_millis()).unwrap_or(i64::MAX);
        let note = NewRun {
            version: migration.version.clone(),
            name: migration.name.clone(),
            direction,
            sha256: migration.sha256.clone(),
            started_at: migration_run::timestamp(started_at),
            duration_ms,
            error: ran.as_ref().err().map(|error| match error.details() {
                Some(details) => format!("{}\n{details}", error.message()),
                None => error.message().to_owned(),
            }),
        };
        // Diesel's list is the truth; this note only serves to see later edits, and failures.
        if let Err(error) = migration_run::insert(&self.runs, &note).await {
            tracing::warn!(migration = migration.name, "the run could not be noted: {error}");
        }
        ran?;
        tracing::info!(migration = migration.name, direction, duration_ms, "migration done");
        Ok(Done {
            name: migration.name.clone(),
            direction: direction.to_owned(),
            duration_ms,
        })
    }
}

fn changed(message: String) -> Error {
    Error::new(Code::MigrationsChanged, message)
        .with_hint("Somebody else migrated, or files came or went: look at the list again. Nothing was changed.")
}

/// `error`, with the migrations that were applied before it.
fn after(done: &[Done], error: Error) -> Error {
    if done.is_empty() {
        return error;
    }
    let names: Vec<&str> = done.iter().map(|done| done.name.as_str()).collect();
    let applied = format!("Applied before it: {}", names.join(", "));
    let details = match error.details() {
        Some(details) => format!("{details}\n{applied}"),
        None => applied,
    };
    error.with_details(details)
}

/// The path of a file of `migration` for messages.
fn shown(migration: &Migration, direction: &str) -> PathBuf {
    migration.file(if direction == "up" { "up.sql" } else { "down.sql" })
}
