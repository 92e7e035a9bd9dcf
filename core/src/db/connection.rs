//! One connection with its prepared statements: how a statement runs on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Row, RowStream};

use super::connect;
use super::error::{self, lost, translate, translate_call, translate_read};
use super::lane::Reply;
use super::statements::{Figures, Statements};
use super::{csv, fit, wire};
use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::sql::{Column, Rows, Statement, Tag};

/// Most prepared statements that one connection keeps.
const PREPARED: usize = 256;
/// A longer text is prepared each time: few clients send it twice, and each costs memory on both sides.
const KEPT_TEXT: usize = 8 * 1024;

/// How long a cancelled statement may take to end before it is cancelled again.
const ABANDON: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// A connection with its prepared statements.
pub struct Connection {
    pub(super) client: Client,
    prepared: Mutex<Prepared>,
    figures: Arc<Statements>,
    busy: AtomicBool,
    spoiled: AtomicBool,
    // Of those that end what runs here.
    config: Config,
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
    /// It did not end within the deadline.
    Late,
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
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
            spoiled: AtomicBool::new(false),
            config: config.clone(),
            deadline,
        })
    }

    pub(super) fn begin(&self) -> Work<'_> {
        self.busy.store(true, Ordering::Release);
        Work(self)
    }

    /// Whether it must not be used again.
    pub(super) fn is_broken(&self) -> bool {
        self.client.is_closed() || self.busy.load(Ordering::Acquire) || self.spoiled.load(Ordering::Acquire)
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
        let mut reply = if statement.settings.is_empty() {
            self.gather(statement, resource, false, most).await?
        } else {
            self.gather_set(statement, resource, false, most).await?
        };
        reply.edges.turn(&mut reply.json);
        Ok(reply)
    }

    /// A write that is one statement, committed by itself.
    pub(super) async fn autocommit(&self, statement: &Statement, resource: &Resource) -> Result<Reply> {
        if statement.settings.is_empty() {
            self.gather(statement, resource, true, u64::MAX).await
        } else {
            self.gather_set(statement, resource, true, u64::MAX).await
        }
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

    /// Runs a step within the deadline. After one that does not end, the connection must not be used again.
    pub(super) async fn timed<T>(&self, step: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
        self.timed_within(self.deadline, step).await
    }

    /// As [`Connection::timed`], within another time.
    pub(super) async fn timed_within<T>(
        &self,
        limit: Duration,
        step: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Failed> {
        let timed = tokio::time::timeout(limit, step).await;
        timed.unwrap_or(Err(Failed::Late))
    }

    /// Runs a statement; its rows are handed over as [`Connection::run`] does.
    pub(super) async fn query(
        &self,
        statement: &Statement,
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<(), Failed> {
        let ready = self.ready(statement).await?;
        self.run(&ready, statement, each).await
    }

    /// A statement, prepared, whose rows can be written as they are meant to be: a write must not find out afterwards.
    async fn ready(&self, statement: &Statement) -> Result<Ready, Failed> {
        let ready = self.prepare(&statement.text).await.map_err(Failed::Database)?;
        let first = if statement.counted { 2 } else { 0 };
        let types = ready.statement.columns().iter().skip(first);
        let fits = |(column, found): (&Column, &tokio_postgres::Column)| fit::fits(&column.form, found.type_());
        if statement.columns.iter().zip(types).all(fits) {
            return Ok(ready);
        }
        // The contract that the next reload reads may ask for the same text.
        self.forget(&statement.text);
        Err(Failed::Refused(error::changed()))
    }

    /// Hands over each row as it comes, so that only the reply grows, not the rows beside it.
    async fn run(
        &self,
        prepared: &Ready,
        statement: &Statement,
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<(), Failed> {
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
            // Prepared first: what breaks here has surely not been stored.
            let ran = match self.timed(self.ready(statement)).await {
                Ok(ready) => self.timed(self.run(&ready, statement, each)).await,
                Err(Failed::Database(error)) => return Err(translate(error, Some(resource), false)),
                Err(Failed::Refused(error)) => return Err(error),
                Err(Failed::Late) => return Err(lost(false)),
            };
            match ran {
                Ok(()) => return Ok(reply),
                Err(Failed::Database(error)) if is_stale(&error) && !last => self.forget(&statement.text),
                Err(Failed::Database(error)) if !write => return Err(translate_read(error, resource)),
                Err(Failed::Database(error)) => return Err(translate(error, Some(resource), true)),
                // The row is stored; a reply that cannot be written must not say that it is not.
                Err(Failed::Refused(error)) if write => return Err(lost(true).with_source(error)),
                Err(Failed::Refused(error)) => return Err(error),
                Err(Failed::Late) => return Err(lost(write)),
            }
        }
        Err(Error::internal("a statement was neither run nor refused"))
    }

    /// Gathers the rows of a statement that has settings of its own, in a transaction of which all parts leave in one flush.
    async fn gather_set(&self, statement: &Statement, resource: &Resource, write: bool, most: u64) -> Result<Reply> {
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
            // Prepared beforehand, so that nothing is waited for in between, and what breaks here has surely not been stored.
            let prepared = self.timed(async {
                let ready = self.ready(statement).await?;
                self.prepare(&set_text(&statement.settings)).await?;
                Ok(ready)
            });
            let ready = match prepared.await {
                Ok(ready) => ready,
                Err(Failed::Database(error)) => return Err(translate(error, Some(resource), false)),
                Err(Failed::Refused(error)) => return Err(error),
                Err(Failed::Late) => return Err(lost(false)),
            };
            let begin = if write { "BEGIN" } else { "BEGIN READ ONLY" };
            let ran = self.timed(async {
                // Polled in order, they leave in order. After an error the COMMIT rolls back.
                let (begun, set, read, ended) = futures_util::join!(
                    self.client.batch_execute(begin),
                    self.set(&statement.settings),
                    self.run(&ready, statement, each),
                    self.client.batch_execute("COMMIT"),
                );
                begun?;
                set?;
                read?;
                ended?;
                Ok(())
            });
            match ran.await {
                Ok(()) => return Ok(reply),
                Err(Failed::Database(error)) if is_stale(&error) && !last => self.forget(&statement.text),
                Err(Failed::Database(error)) if write => return Err(translate(error, Some(resource), true)),
                Err(Failed::Database(error)) if is_write(&error) => return Err(translate_call(error, resource)),
                Err(Failed::Database(error)) => return Err(translate_read(error, resource)),
                // The row is stored; a reply that cannot be written must not say that it is not.
                Err(Failed::Refused(error)) if write => return Err(lost(true).with_source(error)),
                Err(Failed::Refused(error)) => return Err(error),
                Err(Failed::Late) => return Err(lost(write)),
            }
        }
        Err(Error::internal("a statement was neither run nor refused"))
    }

    /// Sets what holds until the end of the transaction that is open.
    pub(super) async fn set(&self, settings: &[(&'static str, String)]) -> Result<(), tokio_postgres::Error> {
        if settings.is_empty() {
            return Ok(());
        }
        let prepared = self.prepare(&set_text(settings)).await?;
        let values = settings.iter().map(|(_, value)| value.as_str());
        self.client.execute_raw(&prepared.statement, values).await.map(drop)
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

    /// Ends what runs here. If that fails, Postgres's own timeout ends it. The cancellation may come late, and would hit what
    /// runs next, so the connection is not used again.
    pub(super) async fn cancel(&self) {
        self.spoil();
        if let Err(error) = connect::cancel(&self.config, &self.client.cancel_token()).await {
            tracing::warn!("a statement that nobody waits for could not be cancelled: {error}");
        }
    }

    pub(super) fn spoil(&self) {
        self.spoiled.store(true, Ordering::Release);
    }

    /// Ends what runs here although nobody waits for it, and waits until it has ended: until then the connection counts as
    /// taken. It is not used again.
    pub(super) async fn abandon(&self) {
        let mut ended = std::pin::pin!(self.command("ROLLBACK"));
        // A statement that was under way to Postgres has not been there to be cancelled: then once more.
        for pause in ABANDON {
            self.cancel().await;
            if tokio::time::timeout(pause, &mut ended).await.is_ok() {
                return;
            }
        }
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

    pub(super) fn forget_all(&self) {
        self.lock().statements.clear();
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
    error.as_db_error().is_some_and(error::is_stale)
}

/// Something wrote where nothing can be written.
fn is_write(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|state| state.code() == "25006")
}

/// `SELECT set_config('hnsw.ef_search', $1, true), …`: a name is text of ours, a value a bind.
fn set_text(settings: &[(&'static str, String)]) -> String {
    let mut text = String::from("SELECT ");
    for (index, (name, _)) in settings.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        text.push_str(&format!("pg_catalog.set_config('{name}', ${}, true)", index + 1));
    }
    text
}

/// Writes a row into the reply.
pub(super) fn collect(statement: &Statement, row: &Row, reply: &mut Reply) -> Result<()> {
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
        match statement.rows {
            Rows::Json => {
                if reply.rows > 0 {
                    reply.json.push(',');
                }
                wire::shown(row, first, statement, &mut reply.json)?;
            }
            Rows::Lines => {
                wire::shown(row, first, statement, &mut reply.json)?;
                reply.json.push('\n');
            }
            Rows::Csv => csv::row(row, first, &statement.columns, &mut String::new(), &mut reply.json)?,
        }
    }
    if reply.rows == 0 {
        reply.tag = match statement.tag {
            Tag::None => None,
            Tag::Shown if statement.rows == Rows::Json => reply.json.get(begin..).map(tag),
            Tag::Shown => {
                let mut whole = String::new();
                wire::shown(row, first, statement, &mut whole)?;
                Some(tag(&whole))
            }
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
        let merged: bool = row.try_get(mark).map_err(Error::internal)?;
        reply.inserted += u64::from(!merged);
    }
    reply.rows += 1;
    Ok(())
}

pub(super) fn too_large(most: u64) -> Error {
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
