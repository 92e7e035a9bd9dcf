//! What the database does at the moment, and what it holds: the operator's questions to `pg_catalog` and `pg_stat_*`.

use serde::{Deserialize, Serialize};

/// One session of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its process.
    pub pid: i32,
    /// When it connected, as the server spells it: with `pid` it names the session for good.
    pub started: String,
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
