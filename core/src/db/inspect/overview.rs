//! The server and the database at a glance.

use tokio_postgres::Client;

use super::activity::CLIENT;
use super::indexes::BROKEN;
use super::{OWN, count, failed, get, since};
use crate::error::{Code, Result};

/// The server and the database at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The server's version, such as `16.13`.
    pub version: String,
    /// Sessions of clients, in all databases.
    pub connections: u32,
    /// Sessions that the server allows.
    pub max_connections: u32,
    /// Whether it is a standby, or still recovers.
    pub in_recovery: bool,
    /// The session of this database that has been in its transaction for longest, and for how many milliseconds.
    pub oldest_transaction: Option<(i32, u64)>,
    /// The same of those that do nothing in their transaction: since their last statement ended.
    pub idle_in_transaction: Option<(i32, u64)>,
    /// Transactions since the oldest row that is not frozen, in any database; at 2,147,483,648 Postgres takes no writes.
    pub wraparound_age: u64,
    /// The project's indexes whose creation failed.
    pub invalid_indexes: u32,
}

/// Asks for it.
///
/// # Errors
/// What the database says.
pub async fn overview(client: &Client) -> Result<Overview> {
    let query = format!(
        "with sessions as materialized (
            select a.*, {in_transaction} as in_transaction, {in_state} as in_state, {CLIENT} as client
            from pg_stat_activity a where a.pid <> pg_backend_pid()),
         oldest as (select pid, in_transaction as ms from sessions
            where datname = current_database() and client and xact_start is not null order by xact_start limit 1),
         idle as (select pid, in_state as ms from sessions
            where datname = current_database() and client and state like 'idle in transaction%'
            order by state_change limit 1)
         select split_part(current_setting('server_version'), ' ', 1),
                (select count(*) from sessions where client) + 1,
                current_setting('max_connections')::int8, pg_is_in_recovery(),
                (select pid from oldest), (select ms from oldest), (select pid from idle), (select ms from idle),
                (select max(age(datfrozenxid)) from pg_database)::int8,
                (select count(*) from pg_index i join pg_class c on c.oid = i.indrelid
                   join pg_namespace n on n.oid = c.relnamespace where {OWN} and {BROKEN})",
        in_transaction = since("a.xact_start"),
        in_state = since("a.state_change"),
    );
    let row = client.query_typed(&query, &[]).await.map_err(failed)?;
    let Some(row) = row.first() else {
        return Ok(Overview::default());
    };
    let longest = |pid: usize, milliseconds: usize| -> Result<Option<(i32, u64)>> {
        let pid: Option<i32> = get(row, pid)?;
        let milliseconds = count(row, milliseconds)?;
        Ok(pid.map(|pid| (pid, milliseconds)))
    };
    let small = |index: usize| -> Result<u32> { Ok(u32::try_from(count(row, index)?).unwrap_or(u32::MAX)) };
    Ok(Overview {
        version: get(row, 0)?,
        connections: small(1)?,
        max_connections: small(2)?,
        in_recovery: get(row, 3)?,
        oldest_transaction: longest(4, 5)?,
        idle_in_transaction: longest(6, 7)?,
        wraparound_age: count(row, 8)?,
        invalid_indexes: small(9)?,
    })
}

/// The database's size in bytes. Postgres looks at every file for it: with very many of them that may take too long, and
/// then nothing is told.
///
/// # Errors
/// What the database says.
pub async fn bytes(client: &Client) -> Result<Option<u64>> {
    match client
        .query_typed("select pg_database_size(current_database())", &[])
        .await
        .map_err(failed)
    {
        Ok(rows) => rows.first().map(|row| count(row, 0)).transpose(),
        Err(error) if matches!(error.code(), Code::StatementTimeout | Code::Forbidden) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sessions that the server allows.
///
/// # Errors
/// What the database says.
pub async fn max_connections(client: &Client) -> Result<u32> {
    let rows = client
        .query_typed("select current_setting('max_connections')::int8", &[])
        .await
        .map_err(failed)?;
    let most = rows.first().map_or(Ok(0), |row| count(row, 0))?;
    Ok(u32::try_from(most).unwrap_or(u32::MAX))
}
