//! Migrations of the project, and of Windlass's own tables.
//!
//! Windlass's own run through diesel-async's harness and are recorded in `windlass.__diesel_schema_migrations`. The project's are
//! run here, one message per file as Diesel does, and recorded exactly where the diesel CLI records them: the harness
//! hides the SQLSTATE and the position of an error, so that it could not name the line that failed.

mod applying;
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
use std::time::Duration;

use tokio_postgres::{Client, Config};

pub use files::{FOLDER, Migration, new, read, sha256};
pub use rehearse::{Contracts, Seen};
pub use status::{State, Status};

use super::connect;
use super::dump::Dumps;
use super::pool::Pool;
use crate::contract::Step;
use crate::error::{Code, Result};
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
        routes: &[&[Step]],
        contracts: impl Fn(Seen) -> Result<Contracts>,
    ) -> Result<Vec<Rehearsal>> {
        let plan = rehearse::Plan {
            migrations: &self.migrations,
            upto,
            role,
            routes,
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
        let done = self.redo_locked().await;
        lock::release(&self.client).await;
        done
    }
}

/// The path of a file of `migration` for messages.
fn shown(migration: &Migration, direction: &str) -> PathBuf {
    migration.file(if direction == "up" { "up.sql" } else { "down.sql" })
}
