//! Where each migration stands: files beside Diesel's list, and the notes of earlier runs.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::Client;

use super::{Migration, run};
use crate::db::pool::Pool;
use crate::db::store::migration_run;
use crate::error::Result;

/// What a migration's state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not applied yet.
    Pending,
    /// Applied, and unchanged since.
    Applied,
    /// Applied, but `up.sql` is another one now.
    Drifted,
    /// Applied, but its directory is gone.
    Gone,
    /// Not applied: the last try failed.
    Failed,
}

/// One line of `migrate status`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Status {
    /// Digits only.
    pub version: String,
    /// The directory's name; empty if it is gone and unknown.
    pub name: String,
    /// Its state.
    pub state: State,
    /// RFC 3339, if applied.
    pub applied_at: Option<String>,
    /// Why the last try failed, with file and line; only with [`State::Failed`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Every migration, in order of the versions; `runs` is absent as long as their table is not there.
pub(super) async fn all(client: &Client, runs: Option<&Pool>, migrations: &[Migration]) -> Result<Vec<Status>> {
    let applied = run::applied(client).await?;
    let by_version = |runs: Vec<migration_run::Run>| -> HashMap<String, migration_run::Run> {
        runs.into_iter().map(|run| (run.version.clone(), run)).collect()
    };
    let (done, mut last) = match runs {
        Some(runs) => (
            by_version(migration_run::latest_done(runs).await?),
            by_version(migration_run::latest(runs).await?),
        ),
        None => (HashMap::new(), HashMap::new()),
    };
    let mut lines: BTreeMap<&str, Status> = BTreeMap::new();
    for migration in migrations {
        let run_on = applied.get(&migration.version);
        let edited = done
            .get(&migration.version)
            .is_some_and(|run| run.direction == "up" && run.sha256 != migration.sha256);
        let failed = last
            .remove(&migration.version)
            .filter(|run| run.direction == "up" && run_on.is_none())
            .and_then(|run| run.error);
        let state = match (run_on, edited, &failed) {
            (None, _, Some(_)) => State::Failed,
            (None, _, None) => State::Pending,
            (Some(_), true, _) => State::Drifted,
            (Some(_), false, _) => State::Applied,
        };
        let line = Status {
            version: migration.version.clone(),
            name: migration.name.clone(),
            state,
            applied_at: run_on.cloned(),
            error: failed,
        };
        lines.insert(&migration.version, line);
    }
    for (version, run_on) in &applied {
        lines.entry(version).or_insert_with(|| Status {
            version: version.clone(),
            name: String::new(),
            state: State::Gone,
            applied_at: Some(run_on.clone()),
            error: None,
        });
    }
    Ok(lines.into_values().collect())
}
