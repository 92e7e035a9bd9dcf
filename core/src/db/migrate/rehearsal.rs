//! What a migration would do: found out by running it in a transaction that is rolled back.

use serde::{Deserialize, Serialize};

use crate::openapi::Change;

/// What is known of one pending migration before it is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The migration's directory.
    pub name: String,
    /// How the rehearsal ended.
    pub outcome: Outcome,
    /// Its statements, in order; after a failure, up to the one that failed.
    pub statements: Vec<StatementReport>,
    /// What the linter says.
    pub findings: Vec<Finding>,
    /// Routes that would answer otherwise than today.
    pub routes: Vec<Change>,
}

/// How a rehearsal ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// It ran to its end, and was rolled back.
    Passed,
    /// It failed; the text begins with file, line and column.
    Failed {
        /// Postgres's reason, with its place.
        message: String,
    },
    /// It cannot be rehearsed.
    NotRehearsed {
        /// Why.
        reason: String,
    },
}

/// What one statement of a migration did in the rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementReport {
    /// Where it begins in `up.sql`, counted from 1.
    pub line: u32,
    /// Its text.
    pub text: String,
    /// Locks that it took on tables that were there before.
    pub locks: Vec<LockTaken>,
    /// Tables that were there before, and whose files it wrote anew.
    pub rewrites: Vec<Rewrite>,
    /// Rows that it changed, where it says so.
    pub rows: Option<u64>,
    /// How long it took in the rehearsal.
    pub duration_ms: u64,
}

/// A lock on a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockTaken {
    /// `public.leads`
    pub table: String,
    /// Postgres's name, such as `AccessExclusiveLock`.
    pub mode: String,
    /// Who waits meanwhile: `nobody`, `writes` or `reads and writes`.
    pub blocks: String,
}

/// A table whose rows are copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewrite {
    /// `public.leads`
    pub table: String,
    /// Its rows, estimated.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

/// What the linter says of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: String,
    /// In `up.sql`, counted from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What to do instead.
    pub help: Option<String>,
}
