//! One connection with its prepared statements: how a statement, or several in a transaction, run on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;
use tokio_postgres::{CancelToken, Client, Config, Row, RowStream};

use super::connect;
use super::error::{lost, translate, translate_call};
use super::lane::{Checks, Reply};
use super::statements::{Figures, Statements};
use super::wire;
use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::sql::{Statement, Tag};

/// Most prepared statements that one connection keeps.
const PREPARED: usize = 256;
/// A longer text is prepared each time: few clients send it twice, and each costs memory on both sides.
const KEPT_TEXT: usize = 8 * 1024;

/// A connection with its prepared statements.
pub struct Connection {
    pub(super) client: Client,
    prepared: Mutex<Prepared>,
    figures: Arc<Statements>,
    busy: AtomicBool,
    deadline: Duration,
}

#[derive(Default)]
struct Prepared {
    statements: HashMap<String, Known>,
    clock: u64,
}

struct Known {
    ready: Ready,
    used: u64,
}

/// A prepared statement with the place where its runs are counted.
#[derive(Clone)]
struct Ready {
    statement: tokio_postgres::Statement,
    figures: Arc<Figures>,
}

/// Marks a connection as busy; unless [`Work::done`] is reached, the connection is not used again.
pub(super) struct Work<'a>(&'a Connection);

impl Work<'_> {
    pub(super) fn done(self) {
        self.0.busy.store(false, Ordering::Release);
    }
}

/// Why a statement came to nothing.
pub(super) enum Failed {
    /// Postgres says so, or the connection broke.
    Database(tokio_postgres::Error),
    /// We say so: a rule, or a row that cannot be written as JSON.
    Refused(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Connection {
    /// Opens one; a statement that runs for longer than `deadline` is given up, as its server may be gone.
    pub(super) async fn open(config: &Config, deadline: Duration, figures: Arc<Statements>) -> Result<Self> {
        let client = connect::open(config).await?;
        Ok(Self {
            client,
            prepared: Mutex::default(),
            figures,
            busy: AtomicBool::new(false),
            deadline,
        })
    }

    pub(super) fn begin(&self) -> Work<'_> {
        self.busy.store(true, Ordering::Release);
        Work(self)
    }

    /// Whether it must not be used again.
    pub(super) fn is_broken(&self) -> bool {
        self.client.is_closed() || self.busy.load(Ordering::Acquire)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// An empty statement: one round trip.
    pub(super) async fn ping(&self) -> Result<()> {
        self.client
            .simple_query("")
            .await
            .map(drop)
            .map_err(|error| translate(error, None, false))
    }

    /// A read outside of a transaction, of at most so many bytes.
    pub(super) async fn read(&self, statement: &Statement, resource: &Resource, most: u64) -> Result<Reply> {
        let mut reply = self
            .within(false, self.gather(statement, resource, false, most))
            .await?;
        reply.edges.turn(&mut reply.json);
        Ok(reply)
    }

    /// A write that is one statement, committed by itself.
    pub(super) async fn autocommit(&self, statement: &Statement, resource: &Resource) -> Result<Reply> {
        // Prepared first: what breaks here has surely not been stored.
        let prepared = self.within(false, async {
            self.prepare(&statement.text)
                .await
                .map_err(|error| translate(error, Some(resource), false))
        });
        prepared.await?;
        self.within(true, self.gather(statement, resource, true, u64::MAX))
            .await
    }

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
                // Nothing was committed, so the whole of it may be run once more.
                Err(Failed::Database(error)) if is_stale(&error) && !last => {
                    statements.iter().for_each(|statement| self.forget(&statement.text));
                }
                Err(Failed::Database(error)) if checks.read_only => return Err(translate_call(error, resource)),
                Err(Failed::Database(error)) => return Err(translate(error, Some(resource), false)),
                Err(Failed::Refused(error)) => return Err(error),
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
        self.within(false, async {
            self.client
                .batch_execute(if checks.read_only { "BEGIN READ ONLY" } else { "BEGIN" })
                .await
                .map_err(|error| translate(error, None, false))
        })
        .await?;
        let reply = match self.inside(statements, checks).await {
            Ok(reply) => reply,
            Err(failed) => {
                self.roll_back().await?;
                return Err(failed);
            }
        };
        if checks.rollback {
            self.roll_back().await?;
            return Ok(reply);
        }
        let stored = !checks.read_only;
        let committed = self.within(stored, async {
            match self.client.batch_execute("COMMIT").await {
                Ok(()) => Ok(()),
                // Deferred constraints speak at the commit; a lost connection leaves it unknown.
                Err(error) if error.as_db_error().is_some() => Err(translate(error, Some(resource), false)),
                Err(error) => Err(lost(stored).with_source(error)),
            }
        });
        committed.await?;
        Ok(reply)
    }

    /// Without an answer the connection is closed by its lane, and Postgres rolls back by itself.
    async fn roll_back(&self) -> Result<()> {
        let rolled = self.within(false, async {
            self.client
                .batch_execute("ROLLBACK")
                .await
                .map_err(|error| translate(error, None, false))
        });
        rolled.await
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
        let mut absent = false;
        if let Some((statement, judge)) = checks.before {
            let mut current = Reply::default();
            self.timed(self.query(statement, &mut |row| collect(statement, row, &mut current)))
                .await?;
            absent = current.rows == 0;
            judge((!absent).then(|| current.tag.as_deref().unwrap_or("")))?;
        }
        let mut reply = self.steps(statements, checks).await?;
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
            self.timed(self.keep(once, &kept)).await?;
            reply.kept = Some(kept);
        }
        Ok(reply)
    }

    /// As a statement with types of parameters of its own, prepared once.
    pub(super) async fn prepare_typed(
        &self,
        (text, types): (&'static str, &[Type]),
    ) -> Result<tokio_postgres::Statement, tokio_postgres::Error> {
        if let Some(known) = self.lock().find(text) {
            return Ok(known.statement);
        }
        let ready = Ready {
            statement: self.client.prepare_typed(text, types).await?,
            figures: self.figures.of(text),
        };
        self.lock().keep(text, &ready);
        Ok(ready.statement)
    }

    /// Within the deadline; nothing has been committed when it passes.
    async fn timed<T>(&self, step: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
        let timed = tokio::time::timeout(self.deadline, step).await;
        timed.unwrap_or_else(|_| Err(lost(false).into()))
    }

    async fn steps(&self, statements: &[Statement], checks: &Checks<'_>) -> Result<Reply, Failed> {
        let mut reply = Reply::default();
        for statement in statements {
            let before = usize::try_from(reply.rows).unwrap_or(usize::MAX);
            let mut text = String::new();
            let mut number = before;
            let each = &mut |row: &Row| {
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
                if let Some(most) = checks.bytes
                    && u64::try_from(reply.json.len()).is_ok_and(|bytes| bytes > most)
                {
                    return Err(too_large(most));
                }
                match checks.most {
                    Some(most) if reply.rows > most => Err(Error::new(Code::MaxAffected, Code::MaxAffected.title())
                        .with_details(format!("more than {most} rows; nothing was changed"))
                        .with_hint("narrow the filter, or allow more")),
                    _ => Ok(()),
                }
            };
            self.timed(self.query(statement, each)).await?;
        }
        if checks.one && reply.rows > 1 || checks.exactly_one && reply.rows != 1 {
            let error = Error::new(Code::NotOneRow, Code::NotOneRow.title());
            return Err(error
                .with_details(format!("it would change {} rows; nothing was changed", reply.rows))
                .into());
        }
        Ok(reply)
    }

    /// Runs a step within the deadline. One that does not end leaves the connection marked as busy.
    async fn within<T>(&self, committing: bool, step: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::time::timeout(self.deadline, step).await.unwrap_or_else(|_| {
            // Its lane drops the connection, as the work was never done.
            Err(lost(committing))
        })
    }

    /// Hands over each row as it comes, so that only the reply grows, not the rows beside it.
    async fn query(
        &self,
        statement: &Statement,
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<(), Failed> {
        let prepared = self.prepare(&statement.text).await.map_err(Failed::Database)?;
        let mut run = prepared.figures.run();
        let rows = self
            .client
            .query_raw(&prepared.statement, &statement.binds)
            .await
            .map_err(Failed::Database)?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.try_next().await.map_err(Failed::Database)? {
            run.rows += 1;
            each(&row)?;
        }
        Ok(())
    }

    /// Gathers the rows of a statement outside of a transaction. One whose table changed under it is prepared anew, once.
    async fn gather(&self, statement: &Statement, resource: &Resource, write: bool, most: u64) -> Result<Reply> {
        for last in [false, true] {
            let mut reply = Reply::default();
            let each = &mut |row: &Row| {
                collect(statement, row, &mut reply)?;
                if u64::try_from(reply.json.len()).is_ok_and(|bytes| bytes <= most) {
                    Ok(())
                } else {
                    Err(too_large(most))
                }
            };
            match self.query(statement, each).await {
                Ok(()) => return Ok(reply),
                Err(Failed::Database(error)) if is_stale(&error) && !last => self.forget(&statement.text),
                Err(Failed::Database(error)) => return Err(translate(error, Some(resource), write)),
                // The row is stored; a reply that cannot be written must not say that it is not.
                Err(Failed::Refused(error)) if write => return Err(lost(true).with_source(error)),
                Err(Failed::Refused(error)) => return Err(error),
            }
        }
        Err(Error::internal("a statement was neither run nor refused"))
    }

    /// Starts a statement within a transaction that is open already; its figures are counted by who reads the rows.
    pub(super) async fn start(
        &self,
        statement: &Statement,
    ) -> Result<(RowStream, Arc<Figures>), tokio_postgres::Error> {
        let prepared = self.prepare(&statement.text).await?;
        let rows = self.client.query_raw(&prepared.statement, &statement.binds).await?;
        Ok((rows, prepared.figures))
    }

    /// Statements without binds and rows, such as those around a transaction.
    pub(super) async fn command(&self, text: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(text).await
    }

    /// What ends the statement that runs here.
    pub(super) fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    /// How long a statement may take until its first answer.
    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    async fn prepare(&self, text: &str) -> Result<Ready, tokio_postgres::Error> {
        // A statement of its own: the lock of a condition is held until the end of its block, where it is taken again.
        let known = self.lock().find(text);
        if let Some(mut known) = known {
            if known.figures.is_forgotten() {
                known.figures = self.figures.of(text);
                self.lock().keep(text, &known);
            }
            return Ok(known);
        }
        let ready = Ready {
            statement: self.client.prepare(text).await?,
            figures: self.figures.of(text),
        };
        if text.len() <= KEPT_TEXT {
            self.lock().keep(text, &ready);
        }
        Ok(ready)
    }

    pub(super) fn forget(&self, text: &str) {
        self.lock().statements.remove(text);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Prepared> {
        // A panic elsewhere leaves at worst an entry too many.
        self.prepared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Prepared {
    fn find(&mut self, text: &str) -> Option<Ready> {
        self.clock += 1;
        let known = self.statements.get_mut(text)?;
        known.used = self.clock;
        Some(known.ready.clone())
    }

    fn keep(&mut self, text: &str, ready: &Ready) {
        if self.statements.len() >= PREPARED && !self.statements.contains_key(text) {
            let oldest = self
                .statements
                .iter()
                .min_by_key(|(_, known)| known.used)
                .map(|(text, _)| text.clone());
            oldest.and_then(|text| self.statements.remove(&text));
        }
        let known = Known {
            ready: ready.clone(),
            used: self.clock,
        };
        self.statements.insert(text.to_owned(), known);
    }
}

/// The table changed after the statement was prepared.
pub(super) fn is_stale(error: &tokio_postgres::Error) -> bool {
    let stale = |database: &tokio_postgres::error::DbError| match database.code().code() {
        "26000" => true,
        "0A000" => database.message().contains("cached plan"),
        _ => false,
    };
    error.as_db_error().is_some_and(stale)
}

/// Writes a row into the reply.
fn collect(statement: &Statement, row: &Row, reply: &mut Reply) -> Result<()> {
    let first = if statement.counted { 2 } else { 0 };
    if statement.counted {
        let total: i64 = row.try_get(0).map_err(Error::internal)?;
        reply.total = u64::try_from(total).ok();
        if row.try_get::<_, Option<bool>>(1).map_err(Error::internal)?.is_none() {
            return Ok(());
        }
    }
    if let Some(paged) = &statement.paged {
        let start = reply.json.len() + usize::from(reply.rows > 0);
        if !reply.edges.look(paged, row, first, reply.rows, start)? {
            return Ok(());
        }
    }
    if reply.rows == 0 {
        for (index, column) in statement.columns.iter().enumerate().filter(|(_, column)| column.key) {
            let bytes = wire::raw(row, first + index)?;
            reply
                .key
                .push(bytes.map_or(Ok(String::new()), |bytes| wire::plain(&column.form, bytes))?);
        }
    }
    let begin = reply.json.len();
    if statement.columns.iter().any(|column| column.shown) {
        if reply.rows > 0 {
            reply.json.push(',');
        }
        wire::shown(row, first, statement, &mut reply.json)?;
    }
    if reply.rows == 0 {
        reply.tag = match statement.tag {
            Tag::None => None,
            Tag::Shown => reply.json.get(begin..).map(tag),
            Tag::Hidden => {
                let mut whole = String::new();
                wire::object(
                    row,
                    first,
                    &statement.columns,
                    |column| !column.shown && !column.key,
                    &mut whole,
                )?;
                Some(tag(&whole))
            }
        };
    }
    if statement.marked {
        // Without columns there is a constant in front of the mark.
        let mark = first + statement.columns.len().max(1);
        let merged: i64 = row.try_get(mark).map_err(Error::internal)?;
        reply.inserted = (reply.rows + 1).saturating_sub(u64::try_from(merged).unwrap_or(0));
    }
    reply.rows += 1;
    Ok(())
}

fn too_large(most: u64) -> Error {
    Error::new(Code::ReplyTooLarge, Code::ReplyTooLarge.title())
        .with_details(format!("its rows have more than {most} bytes"))
        .with_hint("ask for fewer rows with `limit`, for fewer columns with `select`, or for `Accept: application/x-ndjson`, which is streamed")
}

/// A row's tag: half of the SHA-256 of its JSON with every field that may be read.
fn tag(json: &str) -> String {
    let hash = Sha256::digest(json.as_bytes());
    hash.iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}
