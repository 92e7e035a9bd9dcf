//! What the database does at the moment, and what it holds: the operator's questions to `pg_catalog` and `pg_stat_*`.

mod activity;
mod explain;
mod indexes;
mod locks;
mod overview;
mod signal;
mod proof;
mod slow;
mod standing;
mod tables;

use serde::{Deserialize, Serialize};
use tokio_postgres::{Client, Config, Row};

pub use activity::activity;
pub use explain::explain;
pub use indexes::indexes;
pub use locks::locks;
pub use overview::{Overview, bytes, max_connections, overview};
pub use proof::{Attempt, Outcome, Proof, Subject, prove, tenants};
pub use signal::{Refusal, cancel, terminate};
pub use slow::slow;
pub use standing::{Standing, standing};
pub use tables::tables;

use super::connect as door;
use crate::error::{Error, Result};

/// One session of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its process.
    pub pid: i32,
    /// When it connected, as the server spells it: with `pid` it names the session for good.
    pub started: String,
    /// When its statement began, in the same spelling; empty if it has run none, or the server hides it.
    pub statement_started: String,
    /// The role.
    pub role: String,
    /// `application_name`
    pub application: String,
    /// Its address; `local` for a Unix socket.
    pub client: String,
    /// `active`, `idle`, `idle in transaction` …
    pub state: String,
    /// What it waits for, such as `Lock: relation`.
    pub wait: Option<String>,
    /// Since its statement began (or, if idle, ended), in milliseconds.
    pub statement_ms: u64,
    /// Since its transaction began, in milliseconds.
    pub transaction_ms: Option<u64>,
    /// The statement; the last one, if it is idle.
    pub statement: String,
    /// Sessions that hold what it waits for.
    pub blocked_by: Vec<i32>,
}

/// A kind of statement and the time it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlowStatement {
    /// The text, with `$1 …` for values.
    pub statement: String,
    /// How often it ran.
    pub calls: u64,
    /// All runs together, in milliseconds.
    pub total_ms: f64,
    /// One run on average.
    pub mean_ms: f64,
    /// The longest run.
    pub max_ms: f64,
    /// Rows that came back or were changed.
    pub rows: u64,
}

/// Who measured the statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlowSource {
    /// The extension, over all programs.
    PgStatStatements,
    /// Windlass's lanes, since the service started.
    Lanes,
}

/// One session in the tree of those that wait for each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockNode {
    /// 0 for who holds up others without waiting itself.
    pub depth: u16,
    /// Its process.
    pub pid: i32,
    /// When it connected; see [`Session::started`].
    pub started: String,
    /// When its statement began; see [`Session::statement_started`].
    pub statement_started: String,
    /// What it waits for, such as `AccessExclusiveLock on public.leads`; absent for the root.
    pub waits_for: Option<String>,
    /// How long it has been in its transaction, in milliseconds.
    pub transaction_ms: u64,
    /// Its state, as in [`Session::state`].
    pub state: String,
    /// Its statement.
    pub statement: String,
}

/// One table of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFigures {
    /// `public.leads`
    pub name: String,
    /// Rows, as Postgres estimates them; absent before the first ANALYZE.
    pub rows: Option<u64>,
    /// Rows that are dead and not vacuumed yet.
    pub dead_rows: u64,
    /// Bytes of the rows, TOAST included.
    pub bytes: u64,
    /// Bytes of its indexes.
    pub index_bytes: u64,
    /// Scans of the whole table since the statistics began.
    pub sequential_scans: u64,
    /// Scans by index since then.
    pub index_scans: u64,
    /// The last (auto)vacuum, RFC 3339.
    pub vacuumed_at: Option<String>,
    /// The last (auto)analyze, RFC 3339.
    pub analyzed_at: Option<String>,
}

/// One index of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexFigures {
    /// `public.leads_email_key`
    pub name: String,
    /// `public.leads`
    pub table: String,
    /// The statement that makes it.
    pub definition: String,
    /// Its size.
    pub bytes: u64,
    /// Scans since the statistics began.
    pub scans: u64,
    /// Whether it keeps a primary or unique key, or an exclusion constraint.
    pub constraint: bool,
    /// What is wrong with it.
    pub problem: Option<IndexProblem>,
}

/// What may be wrong with an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "problem")]
pub enum IndexProblem {
    /// Its creation failed: it costs writes and serves no read.
    Invalid,
    /// The columns of another one.
    Duplicate {
        /// That other one.
        of: String,
    },
    /// Never scanned since the statistics began, although the table was.
    Unused,
}

/// The name under which the operator's questions are asked.
pub const APPLICATION: &str = "windlass-admin";

/// Most characters of a statement that are shown.
const SHOWN: usize = 2_000;

/// What Postgres shows in place of a statement of another role.
const HIDDEN: &str = "<insufficient privilege>";

/// Whether `n` and `c` are a schema and a relation of the project, not of Postgres, Windlass or the diesel CLI.
const OWN: &str = "n.nspname not in ('pg_catalog', 'information_schema', 'windlass')
      and n.nspname !~ '^pg_(toast|temp)'
      and c.relname <> '__diesel_schema_migrations'";

/// The relations on which somebody holds, or waits for, the lock that keeps everybody else out; queries begin with it.
/// Their size and definition are not asked for, as the question would wait, too.
const LOCKED: &str = "with locked as materialized (
    select relation from pg_locks
    where locktype = 'relation' and mode = 'AccessExclusiveLock' and pid <> pg_backend_pid()
      and database = (select oid from pg_database where datname = current_database()))";

/// The moment as RFC 3339 in UTC, whatever the session's settings are.
fn moment(expression: &str) -> String {
    format!("to_char({expression} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
}

/// The whole milliseconds since a moment.
fn since(expression: &str) -> String {
    format!("(greatest(extract(epoch from clock_timestamp() - {expression}), 0) * 1000)::int8")
}

/// Opens a connection for these questions: each is bounded, so that asking never becomes the problem.
///
/// # Errors
/// As [`connect::open`](super::connect::open).
pub async fn connect(config: &Config) -> Result<Client> {
    let mut config = config.clone();
    config.application_name(APPLICATION);
    let client = door::open(&config).await?;
    // Not as options of the connection: poolers refuse those.
    client
        .batch_execute(
            "set statement_timeout = '2s'; set lock_timeout = '1s'; \
             set idle_in_transaction_session_timeout = '5s'; set default_transaction_read_only = off",
        )
        .await
        .map_err(failed)?;
    Ok(client)
}

fn failed(error: tokio_postgres::Error) -> Error {
    super::error::translate(error, None, false)
}

/// A column of an answer.
fn get<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, index: usize) -> Result<T> {
    row.try_get(index).map_err(Error::internal)
}

/// A count, which is never below nothing.
fn count(row: &Row, index: usize) -> Result<u64> {
    Ok(u64::try_from(get::<Option<i64>>(row, index)?.unwrap_or_default()).unwrap_or_default())
}

/// A statement as it is shown: not too long, and with words for one that may not be seen.
fn shown(statement: &str) -> String {
    if statement == HIDDEN {
        return "(of another role, which this one may not see)".to_owned();
    }
    match statement.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", statement.get(..end).unwrap_or(statement)),
        None => statement.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_statements_are_cut_between_characters() {
        assert_eq!(shown("select 1"), "select 1");
        assert_eq!(shown(&"ä".repeat(SHOWN)), "ä".repeat(SHOWN));
        assert_eq!(shown(&"ä".repeat(SHOWN + 1)), format!("{}…", "ä".repeat(SHOWN)));
        assert!(shown(HIDDEN).starts_with("(of another role"));
    }
}
