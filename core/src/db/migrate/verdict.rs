//! What the end of a rehearsed statement means: rows, a failure with its place, or a limit of the rehearsal itself.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::rehearse::{STATEMENT, TOTAL};
use super::{Migration, run, shown};
use crate::error::{Error, Result};

/// Why the rest of a migration does not run.
pub(super) enum Stop {
    /// The migration's fault, with its place.
    Failed(String),
    /// The rehearsal's own limits.
    NotRehearsed(String),
    /// Nothing more can be found out.
    Breaks(Error),
}

impl From<tokio_postgres::Error> for Stop {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Breaks(run::lost(error))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Breaks(error)
    }
}

/// The number in a command's tag, where it counts rows that were changed.
pub(super) fn changed(words: &[String], rows: u64) -> Option<u64> {
    const CHANGES: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "MERGE"];
    let changes = |word: &String| CHANGES.contains(&word.as_str());
    match words.first().map(String::as_str)? {
        "WITH" if words.iter().any(changes) => Some(rows),
        // `create table … as` and `refresh materialized view` count what they fill in.
        "CREATE" | "REFRESH" if rows > 0 => Some(rows),
        _ if words.first().is_some_and(changes) => Some(rows),
        _ => None,
    }
}

/// What an error of a statement, or (`at` is absent) of the end of a migration, says of it. `first` says that no other was
/// rehearsed before it.
pub(super) fn ended(
    migration: &Migration,
    first: bool,
    at: Option<usize>,
    error: tokio_postgres::Error,
    blocker: Option<String>,
) -> Stop {
    let Some(said) = error.as_db_error() else {
        return Stop::from(error);
    };
    let code = said.code();
    if code == &SqlState::QUERY_CANCELED {
        return Stop::NotRehearsed(too_long());
    }
    if code == &SqlState::UNSAFE_NEW_ENUM_VALUE_USAGE && !first {
        let reason = "it uses an enum value that an earlier one adds, which a single transaction cannot".to_owned();
        return Stop::NotRehearsed(reason);
    }
    let sent = at.unwrap_or(migration.up.len());
    let mut message = run::placed(&shown(migration, "up"), &migration.up, sent, at, said).to_string();
    if code == &SqlState::LOCK_NOT_AVAILABLE {
        message = match blocker {
            Some(blocker) => format!("{message}; {blocker} has it locked"),
            None => format!("{message}; another session has it locked"),
        };
    }
    for detail in run::details(said) {
        message = format!("{message}\n{detail}");
    }
    Stop::Failed(message)
}

/// Why something is not rehearsed that takes its time.
pub(super) fn too_long() -> String {
    format!(
        "it takes longer than a rehearsal may: {} s for a statement, {} s for all",
        STATEMENT.as_secs(),
        TOTAL.as_secs()
    )
}

/// Names the sessions that keep `pid` waiting.
pub(super) async fn in_the_way(observer: &Client, pid: i32) -> Option<String> {
    let question = "select b.pid, coalesce(a.application_name, '') from unnest(pg_blocking_pids($1)) b(pid)
        left join pg_stat_activity a on a.pid = b.pid";
    let rows = observer.query(question, &[&pid]).await.ok()?;
    let names = rows.iter().map(|row| {
        let (pid, name): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
        Ok(match name.as_str() {
            "" => format!("backend process {pid}"),
            name => format!("backend process {pid} ({name})"),
        })
    });
    let names = names.collect::<Result<Vec<String>, tokio_postgres::Error>>().ok()?;
    (!names.is_empty()).then(|| names.join(" and "))
}
