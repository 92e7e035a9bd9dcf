//! Windlass's own tables, in the schema `windlass`.

use std::time::Duration;

use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio_postgres::{Client, Config};

use super::lock;
use crate::db::connect;
use crate::error::{Code, Error, Result};

const OWN: EmbeddedMigrations = embed_migrations!("migrations");

/// Whether nothing of them is pending.
pub(super) async fn is_current(client: &Client) -> Result<bool> {
    const LIST: &str = "windlass.__diesel_schema_migrations";
    let all = count()?;
    let listed = client
        .query_one("select to_regclass($1) is not null", &[&LIST])
        .await
        .and_then(|row| row.try_get::<_, bool>(0))
        .map_err(super::run::lost)?;
    if !listed {
        return Ok(false);
    }
    let applied = client
        .query_one(&format!("select count(*) from {LIST}"), &[])
        .await
        .and_then(|row| row.try_get::<_, i64>(0))
        .map_err(super::run::lost)?;
    Ok(usize::try_from(applied).is_ok_and(|applied| applied >= all))
}

/// How many there are.
fn count() -> Result<usize> {
    let all = MigrationSource::<Pg>::migrations(&OWN).map_err(|error| Error::internal(error.to_string()))?;
    Ok(all.len())
}

/// Brings them up to date, under the same lock as the project's.
pub(super) async fn up(owner: &Config, client: &Client, wait: Duration) -> Result<()> {
    lock::take(client, wait).await?;
    let done = run(owner).await;
    lock::release(client).await;
    done
}

async fn run(owner: &Config) -> Result<()> {
    let client = connect::open(owner).await?;
    let exists = client
        .query_one("select to_regnamespace('windlass') is not null", &[])
        .await
        .and_then(|row| row.try_get::<_, bool>(0))
        .map_err(Error::internal)?;
    // Asked for first: `create schema if not exists` needs the right to create one even if it is there.
    if !exists {
        client.batch_execute("create schema windlass").await.map_err(denied)?;
    }
    // Diesel names its list without a schema: with this path it stands apart from the project's own.
    client
        .batch_execute("set search_path = windlass; set lock_timeout = '10s'")
        .await
        .map_err(Error::internal)?;
    let connection = AsyncPgConnection::try_from(client).await.map_err(Error::internal)?;
    let mut harness = AsyncMigrationHarness::new(connection);
    harness.run_pending_migrations(OWN).map(drop).map_err(|error| {
        Error::new(
            Code::MigrationFailed,
            format!("Windlass's own tables could not be made: {error}"),
        )
        .with_hint("The database's user must own the schema `windlass`.")
    })
}

fn denied(error: tokio_postgres::Error) -> Error {
    let reason = error
        .as_db_error()
        .map_or_else(|| error.to_string(), |said| said.message().to_owned());
    Error::new(
        Code::MigrationFailed,
        format!("the schema `windlass` could not be created: {reason}"),
    )
    .with_hint("Grant it: `grant create on database NAME to USER`.")
    .with_source(error)
}
