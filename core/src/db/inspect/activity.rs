//! Who is connected to this database, and what they do.

use tokio_postgres::Client;

use super::{Session, count, failed, get, moment, shown, since};
use crate::error::Result;

/// Whether `a` is a client's session. For other roles' sessions Postgres hides the kind from all but privileged roles;
/// only a client's, and no helper's, has a user and no leader.
pub(super) const CLIENT: &str = "coalesce(a.backend_type = 'client backend',
             a.usesysid is not null and a.leader_pid is null)";

/// The sessions of this database, without those of Postgres itself and the one that asks: active ones first, the
/// longest first; then those idle in a transaction; then idle ones.
///
/// # Errors
/// What the database says.
pub async fn activity(client: &Client) -> Result<Vec<Session>> {
    // None without one: `greatest` passes over null.
    let since_transaction = format!("case when a.xact_start is not null then {} end", since("a.xact_start"));
    let query = format!(
        "select a.pid, coalesce({started}, ''), coalesce(a.usename::text, ''), coalesce(a.application_name, ''),
                coalesce(host(a.client_addr), case when a.backend_start is null then '' else 'local' end),
                coalesce(a.state, 'unknown'),
                case when a.state not like 'idle%' then a.wait_event_type || ': ' || a.wait_event end,
                case when a.state like 'idle%' then {since_change} else {since_query} end,
                {since_transaction}, coalesce(left(a.query, 2001), ''),
                -- Costly, as it stops all locking for a moment: asked only for those that wait.
                case when a.wait_event_type = 'Lock'
                  then array(select distinct b from unnest(pg_blocking_pids(a.pid)) b order by b) else '{{}}'::int4[] end,
                coalesce({statement_started}, '')
         from pg_stat_activity a
         where a.datname = current_database() and a.pid <> pg_backend_pid() and {CLIENT}
         order by case when a.state in ('active', 'fastpath function call') then 0
                       when a.state like 'idle in transaction%' then 1
                       when a.state = 'idle' then 2 else 3 end,
                  case when a.state = 'active' then a.query_start
                       when a.state like 'idle in transaction%' then a.xact_start
                       else a.state_change end, a.pid",
        started = moment("a.backend_start"),
        statement_started = moment("a.query_start"),
        since_change = since("a.state_change"),
        since_query = since("a.query_start"),
    );
    let rows = client.query_typed(&query, &[]).await.map_err(failed)?;
    let session = |row: &tokio_postgres::Row| -> Result<Session> {
        let transaction: Option<i64> = get(row, 8)?;
        Ok(Session {
            pid: get(row, 0)?,
            started: get(row, 1)?,
            statement_started: get(row, 11)?,
            role: get(row, 2)?,
            application: get(row, 3)?,
            client: get(row, 4)?,
            state: get(row, 5)?,
            wait: get(row, 6)?,
            statement_ms: count(row, 7)?,
            transaction_ms: transaction.and_then(|milliseconds| u64::try_from(milliseconds).ok()),
            statement: shown(get(row, 9)?),
            blocked_by: get(row, 10)?,
        })
    };
    rows.iter().map(session).collect()
}
