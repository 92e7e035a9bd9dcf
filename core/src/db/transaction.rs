//! A transaction: its statements, what must hold before it is committed, and how it ends.

use std::time::Duration;

use tokio_postgres::Row;

use super::connection::{Connection, Failed, collect, is_stale, too_large};
use super::error::{lost, translate, translate_call};
use super::lane::Reply;
use super::once::{Kept, Once};
use super::wire;
use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::sql::Statement;
use crate::sql::session::ROLE;

/// Called with each row's number and the row as stored; an error rolls everything back.
pub type Rules<'a> = &'a (dyn Fn(usize, &serde_json::Value) -> Result<()> + Send + Sync);

/// Called with the tag of a row as it is before the write (`Some("")` where tags are not asked for), or with `None` if
/// there is no such row; an error rolls everything back.
pub type Judge<'a> = &'a (dyn Fn(Option<&str>) -> Result<()> + Send + Sync);

/// Called with the rows written; makes the reply that is kept.
pub type Compose<'a> = &'a (dyn Fn(&mut Reply) -> Result<Kept> + Send + Sync);

/// Called with the rows of a reply; an error rolls everything back.
pub type Verdict<'a> = &'a (dyn Fn(&Reply) -> Result<()> + Send + Sync);

/// What must hold before a write is committed, and how its transaction ends.
#[derive(Clone, Copy, Default)]
pub struct Checks<'a> {
    /// A row that is locked and judged before the write.
    pub before: Option<(&'a Statement, Judge<'a>)>,
    /// Judges the row that a delete returns.
    pub deleted: Option<Judge<'a>>,
    /// Most rows that may be written.
    pub most: Option<u64>,
    /// The write is done once under this name.
    pub once: Option<(&'a Once, Compose<'a>)>,
    /// Nothing is stored in the end.
    pub rollback: bool,
    /// Rules across fields.
    pub rules: Option<Rules<'a>>,
    /// How many rows are written, where they are to be told as one.
    pub rows: Option<(u64, u64)>,
    /// The transaction may change nothing, whatever functions are called in it.
    pub read_only: bool,
    /// Most bytes of the rows' JSON.
    pub bytes: Option<u64>,
    /// Of several statements only the last one gives the reply.
    pub last: bool,
    /// Most rows of the reply.
    pub gathered: Option<u64>,
    /// Judges the reply.
    pub verdict: Option<Verdict<'a>>,
    /// The longest that each statement may take, in place of what is set for all.
    pub timeout: Option<Duration>,
}

impl Checks<'_> {
    pub(super) fn any(&self) -> bool {
        self.rules.is_some()
            || self.rows.is_some()
            || self.before.is_some()
            || self.deleted.is_some()
            || self.most.is_some()
            || self.once.is_some()
            || self.rollback
            || self.read_only
            || self.bytes.is_some()
            || self.last
            || self.gathered.is_some()
            || self.verdict.is_some()
            || self.timeout.is_some()
    }
}

/// How long the rest of a refused statement may take by itself, before it is cancelled at the price of its connection.
/// Postgres sends the first row that a write returns when it has written them all: what is left is to be sent, not to be done.
const PATIENCE: Duration = Duration::from_millis(100);

impl Connection {
    /// Statements in one transaction; `checks` are made before the commit.
    pub(super) async fn transaction(
        &self,
        statements: &[Statement],
        resource: &Resource,
        checks: &Checks<'_>,
    ) -> Result<Reply> {
        for last in [false, true] {
            match self.try_transaction(statements, resource, checks).await {
                Ok(reply) => return Ok(reply),
                // Nothing was committed, so the whole of it may be run once more. Which of the statements it was is not
                // told: the one that reads the row before, or those around an Idempotency-Key, go stale as well.
                Err(Failed::Database(error)) if is_stale(&error) && !last => self.forget_all(),
                Err(Failed::Database(error)) if checks.read_only => return Err(translate_call(error, resource)),
                Err(Failed::Database(error)) => return Err(translate(error, Some(resource), false)),
                Err(Failed::Refused(error)) => return Err(error),
                Err(Failed::Late) => return Err(lost(false)),
            }
        }
        Err(Error::internal("a transaction was neither run nor refused"))
    }

    async fn try_transaction(
        &self,
        statements: &[Statement],
        resource: &Resource,
        checks: &Checks<'_>,
    ) -> Result<Reply, Failed> {
        let mut begin = if checks.read_only { "BEGIN READ ONLY" } else { "BEGIN" }.to_owned();
        if let Some(timeout) = checks.timeout {
            begin.push_str(&format!("; SET LOCAL statement_timeout = {}", timeout.as_millis()));
        }
        self.timed(async { self.client.batch_execute(&begin).await.map_err(Failed::Database) })
            .await?;
        let reply = match self.inside(statements, checks).await {
            Ok(reply) => reply,
            // Its statement may still run, and a rollback would wait behind it: the connection goes, as its work is not done.
            Err(Failed::Late) => return Err(Failed::Late),
            Err(failed) => {
                // Why it was refused is told, whatever becomes of the rollback.
                if let Err(error) = self.roll_back().await {
                    tracing::warn!("a write that was refused is rolled back by the end of its connection: {error}");
                }
                return Err(failed);
            }
        };
        if checks.rollback {
            self.roll_back().await?;
            return Ok(reply);
        }
        let stored = !checks.read_only;
        let committed = self.timed(async { self.client.batch_execute("COMMIT").await.map_err(Failed::Database) });
        match committed.await {
            Ok(()) => Ok(reply),
            // Deferred constraints speak at the commit; a lost connection leaves it unknown.
            Err(Failed::Database(error)) if error.as_db_error().is_some() => {
                Err(translate(error, Some(resource), false).into())
            }
            Err(Failed::Database(error)) => Err(lost(stored).with_source(error).into()),
            Err(Failed::Refused(error)) => Err(error.into()),
            Err(Failed::Late) => Err(lost(stored).into()),
        }
    }

    /// Without an answer the connection is spoiled, and Postgres rolls back by itself when it ends.
    async fn roll_back(&self) -> Result<()> {
        let mut rolled = std::pin::pin!(self.client.batch_execute("ROLLBACK"));
        let soon = match tokio::time::timeout(PATIENCE, &mut rolled).await {
            Ok(soon) => soon,
            Err(_) => {
                // A statement that was refused in the middle still runs. Answered once it has ended: its locks are free then.
                self.cancel().await;
                let rolled = async { rolled.await.map_err(Failed::Database) };
                match self.timed(rolled).await {
                    Ok(()) => Ok(()),
                    Err(Failed::Database(error)) => Err(error),
                    Err(_) => return Err(lost(false)),
                }
            }
        };
        soon.map_err(|error| {
            self.spoil();
            translate(error, None, false)
        })
    }

    /// All that happens between `BEGIN` and the end of the transaction.
    async fn inside(&self, statements: &[Statement], checks: &Checks<'_>) -> Result<Reply, Failed> {
        if let Some((once, _)) = checks.once
            && let Some(kept) = self.timed(self.claim(once)).await?
        {
            let kept = Some(kept);
            return Ok(Reply {
                kept,
                ..Reply::default()
            });
        }
        // After the claim, which is made in the serving role, and before everything that is done for who asks.
        let settings = statements.first().map_or(&[][..], |statement| &statement.settings);
        self.timed(async { self.set(settings).await.map_err(Failed::Database) })
            .await?;
        let mut absent = false;
        if let Some((statement, judge)) = checks.before {
            let mut current = Reply::default();
            self.timed(self.query(statement, &mut |row| collect(statement, row, &mut current)))
                .await?;
            absent = current.rows == 0;
            judge((!absent).then(|| current.tag.as_deref().unwrap_or("")))?;
        }
        let mut reply = self.steps(statements, checks).await?;
        if let Some(verdict) = checks.verdict {
            verdict(&reply)?;
        }
        if absent && reply.rows > reply.inserted {
            // Somebody else created it in between: that state was not judged.
            return Err(Error::new(Code::PreconditionFailed, Code::PreconditionFailed.title())
                .with_details("another request created the row meanwhile")
                .into());
        }
        if let Some(judge) = checks.deleted.filter(|_| reply.rows > 0) {
            judge(Some(reply.tag.as_deref().unwrap_or("")))?;
        }
        if checks.rollback {
            // Deferred constraints speak as they would at a commit.
            self.timed(async {
                self.client
                    .batch_execute("SET CONSTRAINTS ALL IMMEDIATE")
                    .await
                    .map_err(Failed::Database)
            })
            .await?;
        }
        if let Some((once, compose)) = checks.once {
            let kept = compose(&mut reply)?;
            self.timed(self.keep_as_served(once, &kept, settings)).await?;
            reply.kept = Some(kept);
        }
        Ok(reply)
    }

    /// Keeps a reply in the serving role, whatever role the rest of the transaction has.
    async fn keep_as_served(
        &self,
        once: &Once,
        kept: &Kept,
        settings: &[(&'static str, String)],
    ) -> Result<(), Failed> {
        let role: Vec<_> = settings.iter().filter(|(name, _)| *name == ROLE).cloned().collect();
        if role.is_empty() {
            return self.keep(once, kept).await;
        }
        self.client.batch_execute("SET LOCAL ROLE NONE").await?;
        self.keep(once, kept).await?;
        // Constraints that speak at the commit do so in the role that wrote.
        self.set(&role).await?;
        Ok(())
    }

    async fn steps(&self, statements: &[Statement], checks: &Checks<'_>) -> Result<Reply, Failed> {
        let mut reply = Reply::default();
        // A second later than Postgres itself ends it.
        let limit = checks
            .timeout
            .map_or(self.deadline(), |timeout| timeout + Duration::from_secs(1));
        for (place, statement) in statements.iter().enumerate() {
            let told = !checks.last || place + 1 == statements.len();
            let before = usize::try_from(reply.rows).unwrap_or(usize::MAX);
            let mut text = String::new();
            let mut number = before;
            let each = &mut |row: &Row| {
                if !told {
                    return Ok(());
                }
                if let Some(rules) = checks.rules {
                    text.clear();
                    wire::object(
                        row,
                        0,
                        &statement.columns,
                        |column| !column.shown && !column.key,
                        &mut text,
                    )?;
                    rules(number, &serde_json::from_str(&text).map_err(Error::internal)?)?;
                }
                number += 1;
                collect(statement, row, &mut reply)?;
                if let Some(most) = checks.gathered.filter(|most| reply.rows > *most) {
                    return Err(too_many(most, checks.read_only));
                }
                if let Some(most) = checks.bytes
                    && u64::try_from(reply.json.len()).is_ok_and(|bytes| bytes > most)
                {
                    return Err(if checks.read_only {
                        too_large(most)
                    } else {
                        Error::new(Code::ReplyTooLarge, Code::ReplyTooLarge.title())
                            .with_details(format!("its rows have more than {most} bytes; nothing was changed"))
                            .with_hint("ask for `Prefer: return=minimal`, for fewer columns with `select`, or write fewer rows at once")
                    });
                }
                match checks.most {
                    Some(most) if reply.rows > most => Err(Error::new(Code::MaxAffected, Code::MaxAffected.title())
                        .with_details(format!("more than {most} rows; nothing was changed"))
                        .with_hint("narrow the filter, or allow more")),
                    _ => Ok(()),
                }
            };
            self.timed_within(limit, self.query(statement, each)).await?;
        }
        if checks
            .rows
            .is_some_and(|(least, most)| !(least..=most).contains(&reply.rows))
        {
            let error = Error::new(Code::NotOneRow, Code::NotOneRow.title());
            return Err(error
                .with_details(format!("it would change {} rows; nothing was changed", reply.rows))
                .into());
        }
        Ok(reply)
    }
}

/// More rows than a reply may have.
fn too_many(most: u64, read_only: bool) -> Error {
    let undone = if read_only { "" } else { "; nothing was changed" };
    Error::new(Code::ReplyTooLarge, Code::ReplyTooLarge.title())
        .with_details(format!("it has more than {most} rows{undone}"))
}
