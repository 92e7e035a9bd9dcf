//! Acts: written to the audit table, done, and written again.

use std::sync::Arc;

use super::{Actor, Desk};
use tokio_postgres::Client;

use crate::admin::protocol::{Act, AuditEntry, Done};
use crate::app::Database;
use crate::app::reload::{Reloaded, reload};
use crate::db::inspect::{self, Refusal};
use crate::db::migrate::{self, Migrator};
use crate::db::pool::Pool;
use crate::db::store::audit;
use crate::error::{Code, Error, Result};

/// Rows of the audit table that are shown.
const SHOWN: u32 = 200;

impl Desk {
    /// Acts. What was begun is finished, even if nobody waits for it any more.
    ///
    /// # Errors
    /// Why it was not done; [`Code::ServiceDown`] for what only a running service can do.
    pub async fn act(self: Arc<Self>, act: Act, actor: Actor) -> Result<Done> {
        // In a task of its own: a console that hangs up must not leave half of it.
        tokio::spawn(async move { self.perform(&act, &actor).await })
            .await
            .map_err(Error::internal)?
    }

    /// Takes no more acts, and waits for those under way: a migration is not left in the middle.
    pub async fn settle(&self) {
        *self.acting.write().await = true;
    }

    async fn perform(&self, act: &Act, actor: &Actor) -> Result<Done> {
        let closed = self.acting.read().await;
        let stopping = self.live.as_ref().is_some_and(|live| live.context.is_stopping());
        if *closed || stopping {
            return Err(
                Error::new(Code::ServiceDown, "the service is stopping and takes nothing new")
                    .with_hint(format!("When it has stopped or runs again: `{}`.", act.command())),
            );
        }
        if self.live.is_none() && matches!(act, Act::DisableRoute { .. } | Act::EnableRoute { .. } | Act::Reload) {
            return Err(Error::new(Code::ServiceDown, "this needs a running service")
                .with_hint(format!("Start it with `windlass serve`, then `{}`.", act.command())));
        }
        let database = self.door.database()?;
        let id = self.begin(act, actor, &database).await.map_err(|error| {
            let refused = Error::new(
                error.code(),
                format!(
                    "not done, as it cannot be written to the audit table: {}",
                    error.message()
                ),
            )
            .with_hint(error.hint().unwrap_or("Mend the database first: `windlass health`."));
            match error.details() {
                Some(details) => refused.with_details(details),
                None => refused,
            }
            .with_source(error)
        })?;
        tracing::info!(audit = id, actor = actor.user, via = actor.via.as_str(), act = act.name(), target = %act.target(), "an operator acts");
        let mut done = self.work(act, actor, &database).await;
        self.cache.clear();
        let (ending, reason) = match &done {
            // Neither done nor refused: it stays as it is, `started`.
            Err(error) if error.code() == Code::CommitUnknown => return done,
            Ok(_) => (audit::Ending::Done, None),
            Err(error) => (audit::Ending::of(error), Some(error.message())),
        };
        let end = |pool: Pool| async move { audit::end(&pool, id, ending, reason).await };
        if let Err(error) = self.door.stored(end).await {
            tracing::warn!(
                audit = id,
                "how the act ended could not be written to the audit table: {error}"
            );
            if let Ok(done) = &mut done {
                done.details
                    .push(format!("the audit table does not say that it ended: {error}"));
            }
        }
        done
    }

    async fn begin(&self, act: &Act, actor: &Actor, database: &Database) -> Result<i64> {
        if self.live.is_none() {
            // The service brings them up to date when it starts.
            migrate::own_tables(&database.owner).await?;
        }
        let new = audit::New {
            actor: actor.user.clone(),
            via: actor.via,
            action: act.name().to_owned(),
            target: act.target(),
            command: act.command(),
            detail: serde_json::to_value(act).ok(),
        };
        self.door
            .stored_once(|pool| async move { audit::begin(&pool, new).await })
            .await
    }

    async fn work(&self, act: &Act, actor: &Actor, database: &Database) -> Result<Done> {
        match act {
            Act::DisableRoute { route } => self.switch(route, false, actor).await,
            Act::EnableRoute { route } => self.switch(route, true, actor).await,
            Act::MigrateUp { expect, dump } => {
                let mut migrator = self.migrator(database, *dump).await?;
                let ran = migrator.up_expecting(expect).await;
                self.migrated(&migrator, ran).await
            }
            Act::MigrateDown { expect, dump } => {
                let mut migrator = self.migrator(database, *dump).await?;
                let ran = migrator.down_expecting(expect).await;
                self.migrated(&migrator, ran).await
            }
            Act::CancelStatement {
                pid,
                started,
                statement_started,
            } => {
                let sent =
                    |client: Client| async move { inspect::cancel(&client, *pid, started, statement_started).await };
                self.door
                    .signal(sent)
                    .await?
                    .map_err(|refusal| refused(*pid, refusal))?;
                Ok(said(format!("the statement of session {pid} is cancelled")))
            }
            Act::TerminateSession { pid, started } => {
                let sent = |client: Client| async move { inspect::terminate(&client, *pid, started).await };
                self.door
                    .signal(sent)
                    .await?
                    .map_err(|refusal| refused(*pid, refusal))?;
                Ok(said(format!("session {pid} is ended")))
            }
            Act::Reload => {
                let reloaded = self.reload().await?;
                Ok(Done {
                    message: format!("{} routes are in force", reloaded.routes),
                    details: changes(&reloaded),
                    warning: false,
                })
            }
        }
    }

    async fn migrator(&self, database: &Database, dump: bool) -> Result<Migrator> {
        let migrator = self.project.migrator(database).await?;
        Ok(if dump { migrator } else { migrator.with_dumps(None) })
    }

    /// What migrating came to; the service goes on with the new tables, also with those before one that failed.
    async fn migrated(&self, migrator: &Migrator, ran: Result<Vec<migrate::Done>>) -> Result<Done> {
        let reloaded = match &self.live {
            Some(_) => Some(self.reload().await),
            None => None,
        };
        let ran = ran?;
        let mut details: Vec<String> = ran
            .iter()
            .map(|one| format!("{} {} in {} ms", one.direction, one.name, one.duration_ms))
            .collect();
        if let Some((dump, restore)) = migrator.dumped() {
            details.push(format!("dumped before to {}", dump.display()));
            details.push(format!("restored by: {restore}"));
        }
        let warning = matches!(reloaded, Some(Err(_)));
        match reloaded {
            Some(Ok(reloaded)) => details.extend(changes(&reloaded)),
            Some(Err(error)) => {
                details.push(format!("the old contracts stay in force: {}", error.message()));
                details.extend(error.details().into_iter().flat_map(str::lines).map(str::to_owned));
            }
            None => {}
        }
        let verb = if ran.iter().any(|one| one.direction == "down") {
            "undone"
        } else {
            "applied"
        };
        let message = match ran.as_slice() {
            [] => "nothing is pending".to_owned(),
            [one] => format!("{} is {verb}", one.name),
            many => format!("{} migrations are {verb}", many.len()),
        };
        let message = if warning {
            format!(
                "{message}, but resource files do not fit it: the service goes on with the old contracts, and would not start"
            )
        } else {
            message
        };
        Ok(Done {
            message,
            details,
            warning,
        })
    }

    /// Puts new contracts in force, or notes why the old ones stay.
    async fn reload(&self) -> Result<Reloaded> {
        let live = self
            .live
            .as_ref()
            .ok_or_else(|| Error::new(Code::ServiceDown, "this needs a running service"))?;
        let _one = self.changes.lock().await;
        let reloaded = reload(&self.project, &live.database, &live.context).await;
        let failure = reloaded.as_ref().err().map(|error| match error.details() {
            Some(details) => format!("{}\n{details}", error.message()),
            None => error.message().to_owned(),
        });
        *self.reload.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = failure;
        if reloaded.is_ok()
            && let Err(error) = self.load_switches().await
        {
            tracing::warn!("which routes are switched off could not be read again: {error}");
        }
        reloaded
    }

    pub(super) async fn audit(&self) -> Result<Vec<AuditEntry>> {
        let entries = self
            .door
            .stored(|pool| async move { audit::latest(&pool, SHOWN).await })
            .await?;
        let told = |entry: audit::Entry| AuditEntry {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            via: entry.via,
            finished_at: entry.finished_at,
            action: entry.action,
            target: entry.target,
            command: entry.command,
            outcome: entry.outcome,
            error: entry.error,
        };
        Ok(entries.into_iter().map(told).collect())
    }
}

fn said(message: String) -> Done {
    Done {
        message,
        details: Vec::new(),
        warning: false,
    }
}

fn changes(reloaded: &Reloaded) -> Vec<String> {
    let added = reloaded.added.iter().map(|name| format!("new: {name}"));
    let removed = reloaded.removed.iter().map(|name| format!("gone: {name}"));
    added.chain(removed).collect()
}

fn refused(pid: i32, refusal: Refusal) -> Error {
    Error::new(Code::ActRefused, format!("session {pid} was left alone: {refusal}"))
        .with_hint("`windlass db activity` lists the sessions there are.")
}
