//! Runs of the project's migrations: what was applied, when, and as which text.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::failed;
use crate::db::pool::Pool;
use crate::db::schema::migration_run;
use crate::error::Result;

/// A run to be noted.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = migration_run)]
pub struct NewRun {
    /// The migration's version, digits only.
    pub version: String,
    /// The migration's directory.
    pub name: String,
    /// `up` or `down`.
    pub direction: &'static str,
    /// Of `up.sql`, in hexadecimal.
    pub sha256: String,
    /// When it began.
    pub started_at: PgTimestamp,
    /// How long it took.
    pub duration_ms: i64,
    /// Why it failed, with file and line.
    pub error: Option<String>,
}

/// The last run of one migration.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = migration_run)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct Run {
    /// The migration's version, digits only.
    pub version: String,
    /// `up` or `down`.
    pub direction: String,
    /// Of `up.sql` at that time.
    pub sha256: String,
    /// When it began.
    pub started_at: PgTimestamp,
    /// Why it failed, with file and line.
    pub error: Option<String>,
}

/// Postgres's clock begins in 2000.
#[must_use]
pub fn timestamp(time: SystemTime) -> PgTimestamp {
    let epoch = UNIX_EPOCH + Duration::from_secs(946_684_800);
    let since = time.duration_since(epoch).unwrap_or_default();
    PgTimestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Notes a run.
///
/// # Errors
/// If the database is away, or no connection comes free.
pub async fn insert(pool: &Pool, run: &NewRun) -> Result<()> {
    let mut connection = pool.get().await?;
    diesel::insert_into(migration_run::table)
        .values(run)
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The last run of each migration, failed or not.
///
/// # Errors
/// If the database is away, or no connection comes free.
pub async fn latest(pool: &Pool) -> Result<Vec<Run>> {
    let mut connection = pool.get().await?;
    migration_run::table
        .select(Run::as_select())
        .distinct_on(migration_run::version)
        .order((migration_run::version, migration_run::id.desc()))
        .load(&mut connection)
        .await
        .map_err(failed)
}

/// The last run of each migration that did not fail.
///
/// # Errors
/// As [`latest`].
pub async fn latest_done(pool: &Pool) -> Result<Vec<Run>> {
    let mut connection = pool.get().await?;
    migration_run::table
        .filter(migration_run::error.is_null())
        .select(Run::as_select())
        .distinct_on(migration_run::version)
        .order((migration_run::version, migration_run::id.desc()))
        .load(&mut connection)
        .await
        .map_err(failed)
}
