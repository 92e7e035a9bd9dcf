//! What operators did: written before each act, completed after it.

use diesel::data_types::PgTimestamp;
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{failed, rfc3339};
use crate::db::pool::Pool;
use crate::db::schema::audit;
use crate::error::{Code, Error, Result};

/// Most rows that are given at once.
const MOST: i64 = 500;

/// Through what an operator acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// `windlass tui`
    Console,
    /// A command of its own.
    Command,
}

impl Via {
    /// `console` or `command`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Command => "command",
        }
    }

    /// Reads what [`Via::as_str`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Console, Self::Command]
            .into_iter()
            .find(|via| via.as_str() == text)
    }
}

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It did what it should.
    Done,
    /// It was not begun.
    Refused,
    /// It was begun, and came to nothing.
    Failed,
}

impl Ending {
    /// What an error says of it.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error.code() {
            Code::MigrationFailed | Code::Internal => Self::Failed,
            _ => Self::Refused,
        }
    }
}

/// An act that is about to begin.
#[derive(Debug, Clone)]
pub struct New {
    /// Who: a user of the operating system.
    pub actor: String,
    /// Through what.
    pub via: Via,
    /// The act's name, such as `migrate_up`.
    pub action: String,
    /// What it is done to.
    pub target: String,
    /// The equal command.
    pub command: String,
    /// More about it.
    pub detail: Option<serde_json::Value>,
}

/// An act as it stands in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Counts up.
    pub id: i64,
    /// When it began, RFC 3339.
    pub at: String,
    /// Who: a user of the operating system.
    pub actor: String,
    /// `console` or `command`.
    pub via: String,
    /// The act's name.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// The equal command.
    pub command: String,
    /// More about it.
    pub detail: Option<serde_json::Value>,
    /// `started`, `done` or `refused`.
    pub outcome: String,
    /// Why it was refused.
    pub error: Option<String>,
    /// When it ended, RFC 3339.
    pub finished_at: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = audit)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow {
    actor: String,
    via: &'static str,
    action: String,
    target: String,
    command: String,
    detail: Option<serde_json::Value>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: i64,
    at: PgTimestamp,
    actor: String,
    via: String,
    action: String,
    target: String,
    command: String,
    detail: Option<serde_json::Value>,
    outcome: String,
    error: Option<String>,
    finished_at: Option<PgTimestamp>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            at: rfc3339(row.at),
            actor: row.actor,
            via: row.via,
            action: row.action,
            target: row.target,
            command: row.command,
            detail: row.detail,
            outcome: row.outcome,
            error: row.error,
            finished_at: row.finished_at.map(rfc3339),
        }
    }
}

/// Notes that an act begins; gives its id.
///
/// # Errors
/// If the database is away, or no connection comes free.
pub async fn begin(pool: &Pool, act: New) -> Result<i64> {
    let mut connection = pool.get().await?;
    diesel::insert_into(audit::table)
        .values(NewRow {
            actor: act.actor,
            via: act.via.as_str(),
            action: act.action,
            target: act.target,
            command: act.command,
            detail: act.detail,
        })
        .returning(audit::id)
        .get_result(&mut connection)
        .await
        .map_err(failed)
}

/// Notes how an act ended; `error` says why it was refused. What has ended once stays so.
///
/// # Errors
/// If the database is away, or no connection comes free; [`Code::RowNotFound`] if no such act is under way.
pub async fn end(pool: &Pool, id: i64, ending: Ending, error: Option<&str>) -> Result<()> {
    let mut connection = pool.get().await?;
    let outcome = match ending {
        Ending::Done => "done",
        Ending::Refused => "refused",
        Ending::Failed => "failed",
    };
    let open = audit::table
        .filter(audit::id.eq(id))
        .filter(audit::outcome.eq("started"));
    let changed = diesel::update(open)
        .set((
            audit::outcome.eq(outcome),
            audit::error.eq(error),
            audit::finished_at.eq(now),
        ))
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    match changed {
        0 => Err(Error::new(Code::RowNotFound, format!("no act {id} is under way"))),
        _ => Ok(()),
    }
}

/// The latest acts, newest first: `limit` of them, at most 500.
///
/// # Errors
/// If the database is away, or no connection comes free.
pub async fn latest(pool: &Pool, limit: u32) -> Result<Vec<Entry>> {
    let mut connection = pool.get().await?;
    let rows: Vec<Row> = audit::table
        .select(Row::as_select())
        .order(audit::id.desc())
        .limit(i64::from(limit).min(MOST))
        .load(&mut connection)
        .await
        .map_err(failed)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}
