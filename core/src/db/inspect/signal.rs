//! Cancels a statement, or ends a session: only the one that the operator saw.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::activity::CLIENT;
use super::{failed, get, moment};
use crate::error::Result;

/// Why a session was left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It ended before, and its number may be another session's by now.
    Gone,
    /// It runs another statement by now, or none.
    Other,
    /// It is the one that asks.
    Own,
    /// It is one of Postgres's own processes.
    Background,
    /// The role may not do it, or may not see when the session began.
    NotPermitted,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gone => "the session has ended already",
            Self::Other => "the statement has ended already; the session runs another one, or none",
            Self::Own => "that is the session which asks",
            Self::Background => "that is one of PostgreSQL's own processes, not a client's session",
            Self::NotPermitted => {
                "the database's role may do this to its own sessions only; \
                 `grant pg_signal_backend` and `pg_read_all_stats` to it, or use psql as a superuser"
            }
        })
    }
}

/// Cancels the statement that a session was seen to run; the session stays. `started` is
/// [`Session::started`](super::Session::started), `statement` is
/// [`Session::statement_started`](super::Session::statement_started).
///
/// # Errors
/// What the database says.
pub async fn cancel(client: &Client, pid: i32, started: &str, statement: &str) -> Result<Result<(), Refusal>> {
    send(client, "pg_cancel_backend", pid, started, Some(statement)).await
}

/// Ends a session; its transaction is rolled back. `started` is [`Session::started`](super::Session::started).
///
/// # Errors
/// What the database says.
pub async fn terminate(client: &Client, pid: i32, started: &str) -> Result<Result<(), Refusal>> {
    send(client, "pg_terminate_backend", pid, started, None).await
}

/// Looks and acts in one statement: between two, the number might become another session's.
async fn send(
    client: &Client,
    function: &str,
    pid: i32,
    started: &str,
    statement: Option<&str>,
) -> Result<Result<(), Refusal>> {
    let query = format!(
        "select case when a.pid = pg_backend_pid() then 'own'
                     when not ({CLIENT}) then 'background'
                     when a.backend_start is null then 'hidden'
                     when {began} <> $2 then 'gone'
                     when $3::text is not null and (a.state <> 'active' or {asked} <> $3) then 'other'
                     when {function}(a.pid) then 'sent'
                     else 'gone' end
         from pg_stat_activity a where a.pid = $1",
        began = moment("a.backend_start"),
        asked = moment("a.query_start"),
    );
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&pid, Type::INT4), (&started, Type::TEXT), (&statement, Type::TEXT)];
    let rows = match client.query_typed(&query, &parameters).await {
        Ok(rows) => rows,
        Err(error) if error.code().is_some_and(|state| state.code() == "42501") => {
            return Ok(Err(Refusal::NotPermitted));
        }
        Err(error) => return Err(failed(error)),
    };
    let outcome: Option<String> = rows.first().map(|row| get(row, 0)).transpose()?;
    Ok(match outcome.as_deref() {
        Some("sent") => Ok(()),
        Some("own") => Err(Refusal::Own),
        Some("background") => Err(Refusal::Background),
        Some("other") => Err(Refusal::Other),
        Some("hidden") => Err(Refusal::NotPermitted),
        _ => Err(Refusal::Gone),
    })
}
