//! Rows that are handed on as they come, at the pace of whoever reads them, in constant memory.
//!
//! A task of its own carries the rows from the lane into a short channel. If nobody reads any more, or a reader is too
//! slow, the statement is cancelled and its connection dropped. What is cut short never looks like the end.

use std::sync::Arc;
use std::time::Duration;

use bb8::PooledConnection;
use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::{Row, RowStream};

use super::connection::{Connection, is_stale};
use super::error::{translate_call, translate_read};
use super::lane::Manager;
use super::statements::Figures;
use super::{csv, wire};
use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::sql::{self, Statement};

/// A chunk is handed on when it has so many bytes.
const CHUNK: usize = 32 * 1024;
/// Chunks that wait for the reader.
const WAITING: usize = 2;
/// A smaller chunk is handed on when no row came for so long.
const LULL: Duration = Duration::from_millis(10);
/// How long a chunk may wait for its reader, unless the settings of a test say otherwise: who takes 32 kB within it is slow,
/// who does not is gone, and may no longer keep a connection from others, nor Postgres from clearing away dead rows.
pub const STALL: Duration = Duration::from_secs(30);
/// For what is left to say to Postgres when the rows are over.
const GOODBYE: Duration = Duration::from_secs(5);

/// What is to be streamed.
#[derive(Debug)]
pub struct Task {
    /// A read.
    pub statement: Statement,
    /// What it reads.
    pub resource: Arc<Resource>,
    /// Most rows, where one more would be a stream that breaks off.
    pub most: Option<u64>,
    /// The longest it may take to be read to its end.
    pub limit: Duration,
    /// The longest that a chunk may wait for its reader.
    pub stall: Duration,
    /// Whether it calls a function, which is kept from changing anything.
    pub call: bool,
}

impl Task {
    fn translate(&self, error: tokio_postgres::Error) -> Error {
        if self.call {
            translate_call(error, &self.resource)
        } else {
            translate_read(error, &self.resource)
        }
    }
}

/// A streamed reply whose first row has come, or that has none.
#[derive(Debug)]
pub struct Stream {
    /// All rows that match, where they were counted.
    pub total: Option<u64>,
    /// How long it waited for a lane.
    pub wait: Duration,
    /// Its rows.
    pub chunks: Chunks,
}

/// The rows of a streamed reply, whole rows in each chunk. Dropping it cancels the statement.
#[derive(Debug)]
pub struct Chunks {
    chunks: mpsc::Receiver<Bytes>,
    ended: oneshot::Receiver<Result<()>>,
}

impl Chunks {
    /// The next chunk; `None` after the last row.
    ///
    /// # Errors
    /// Why there are no more rows although they have not all come.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(chunk) = self.chunks.recv().await {
            return Ok(Some(chunk));
        }
        // A task that ended without a word died.
        let ended = (&mut self.ended).await;
        ended.unwrap_or_else(|died| Err(Error::internal(died))).map(|()| None)
    }
}

/// The reader's side, before the first row.
pub(super) struct Reading {
    begun: oneshot::Receiver<Result<Option<u64>>>,
    chunks: Chunks,
}

/// The writer's side.
pub(super) struct Writing {
    begun: Option<oneshot::Sender<Result<Option<u64>>>>,
    chunks: mpsc::Sender<Bytes>,
    ended: oneshot::Sender<Result<()>>,
}

pub(super) fn channel() -> (Reading, Writing) {
    let (begin, begun) = oneshot::channel();
    let (sender, chunks) = mpsc::channel(WAITING);
    let (end, ended) = oneshot::channel();
    let reading = Reading {
        begun,
        chunks: Chunks { chunks, ended },
    };
    let writing = Writing {
        begun: Some(begin),
        chunks: sender,
        ended: end,
    };
    (reading, writing)
}

impl Reading {
    /// Waits for the first row.
    pub(super) async fn begun(self, wait: Duration) -> Result<Stream> {
        let total = self.begun.await.map_err(Error::internal)??;
        Ok(Stream {
            total,
            wait,
            chunks: self.chunks,
        })
    }
}

impl Writing {
    /// Tells of an error: instead of the reply if it has not begun, else in the middle of it.
    fn fail(self, error: Error) {
        // Nobody may be there to be told.
        match self.begun {
            Some(begun) => _ = begun.send(Err(error)),
            None => _ = self.ended.send(Err(error)),
        }
    }
}

/// Why it ended before the last row.
enum Stopped {
    /// Postgres says so: the transaction is to be rolled back.
    Failed(Error),
    /// The connection is in the middle of something; no error if nobody reads any more.
    Abandoned(Option<Error>),
}

/// Carries the rows of a task from a lane to the reader, then gives the lane back.
pub(super) async fn pump(lane: PooledConnection<'static, Manager>, task: Task, mut writing: Writing) {
    let work = lane.begin();
    let mut rows = Rows {
        task: &task,
        writing: &mut writing,
        started: Instant::now(),
        scratch: String::new(),
        chunk: String::new(),
    };
    let carried = rows.carry(&lane).await;
    let rest = std::mem::take(&mut rows.chunk);
    let late = rows.started + task.limit;
    match carried {
        Ok(()) => {
            if matches!(timeout(GOODBYE, lane.command("COMMIT")).await, Ok(Ok(()))) {
                work.done();
            }
            // Others need the lane more than who has yet to read the last rows.
            drop(lane);
            let sent = if rest.is_empty() {
                Ok(())
            } else {
                deliver(&writing, rest, late, task.stall).await
            };
            match sent {
                Ok(()) => _ = writing.ended.send(Ok(())),
                Err(Stopped::Failed(error) | Stopped::Abandoned(Some(error))) => writing.fail(error),
                Err(Stopped::Abandoned(None)) => {}
            }
        }
        Err(Stopped::Failed(error)) => {
            if matches!(timeout(GOODBYE, lane.command("ROLLBACK")).await, Ok(Ok(()))) {
                work.done();
            }
            drop(lane);
            writing.fail(error);
        }
        Err(Stopped::Abandoned(why)) => {
            if let Some(error) = why {
                writing.fail(error);
            } else {
                tracing::debug!("a streamed reply is not read any more");
            }
            lane.abandon().await;
            // The cancellation may still be under way: the connection goes, as its work was never done.
            drop(lane);
        }
    }
}

/// Rows on their way.
struct Rows<'a> {
    task: &'a Task,
    writing: &'a mut Writing,
    started: Instant,
    scratch: String,
    chunk: String,
}

impl Rows<'_> {
    /// From the statement's start to its last row, which may still be in `chunk`.
    async fn carry(&mut self, lane: &Connection) -> Result<(), Stopped> {
        let first_by = self.started + lane.deadline();
        let start = timeout_at(first_by, start(lane, self.task));
        let (rows, figures) = tokio::select! {
            biased;
            () = self.writing.chunks.closed() => return Err(Stopped::Abandoned(None)),
            started = start => started.unwrap_or_else(|_| Err(Stopped::Abandoned(Some(late()))))?,
        };
        let mut rows = std::pin::pin!(rows);
        let mut run = figures.run();
        self.chunk.push_str(&csv::heading(&self.task.statement));
        loop {
            let by = if self.writing.begun.is_some() {
                first_by
            } else {
                self.started + self.task.limit
            };
            let Some(row) = self.next(rows.as_mut(), by).await? else {
                break;
            };
            run.rows += 1;
            if let Some(most) = self.task.most.filter(|most| run.rows > *most) {
                return Err(Stopped::Failed(too_long(&self.task.resource, most)));
            }
            let written = self.write(&row);
            written.map_err(|error| Stopped::Abandoned(Some(error)))?;
            if self.chunk.len() >= CHUNK {
                self.flush().await?;
            }
        }
        // No row at all.
        self.begin(None)
    }

    async fn next(&mut self, mut rows: std::pin::Pin<&mut RowStream>, by: Instant) -> Result<Option<Row>, Stopped> {
        let translated = |error| Stopped::Failed(self.task.translate(error));
        if let Some(ready) = rows.try_next().now_or_never() {
            return ready.map_err(translated);
        }
        if !self.chunk.is_empty() && self.writing.begun.is_none() {
            if let Ok(soon) = timeout(LULL, rows.try_next()).await {
                return soon.map_err(translated);
            }
            self.flush().await?;
        }
        tokio::select! {
            biased;
            () = self.writing.chunks.closed() => Err(Stopped::Abandoned(None)),
            next = timeout_at(by, rows.try_next()) => match next {
                Ok(next) => next.map_err(|error| Stopped::Failed(self.task.translate(error))),
                Err(_) => Err(Stopped::Abandoned(Some(late()))),
            },
        }
    }

    fn write(&mut self, row: &Row) -> Result<()> {
        let statement = &self.task.statement;
        let mut first = 0;
        let mut total = None;
        if statement.counted {
            first = 2;
            let all: i64 = row.try_get(0).map_err(Error::internal)?;
            total = u64::try_from(all).ok();
        }
        self.begin(total)
            .map_err(|_| Error::internal("nobody reads any more"))?;
        if statement.counted && row.try_get::<_, Option<bool>>(1).map_err(Error::internal)?.is_none() {
            return Ok(());
        }
        match statement.rows {
            sql::Rows::Json | sql::Rows::Lines => {
                wire::shown(row, first, statement, &mut self.chunk)?;
                self.chunk.push('\n');
            }
            sql::Rows::Csv => csv::row(row, first, &statement.columns, &mut self.scratch, &mut self.chunk)?,
        }
        Ok(())
    }

    /// Says, once, that the reply has begun.
    fn begin(&mut self, total: Option<u64>) -> Result<(), Stopped> {
        match self.writing.begun.take() {
            None => Ok(()),
            Some(begun) => begun.send(Ok(total)).map_err(|_| Stopped::Abandoned(None)),
        }
    }

    async fn flush(&mut self) -> Result<(), Stopped> {
        let chunk = std::mem::replace(&mut self.chunk, String::with_capacity(CHUNK + CHUNK / 4));
        let late = self.started + self.task.limit;
        deliver(self.writing, chunk, late, self.task.stall).await
    }
}

/// Hands a chunk to the reader, who may be slow, but neither for ever nor without taking anything.
async fn deliver(writing: &Writing, chunk: String, late_by: Instant, stall: Duration) -> Result<(), Stopped> {
    let stalled_by = Instant::now() + stall;
    match timeout_at(late_by.min(stalled_by), writing.chunks.send(chunk.into())).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Stopped::Abandoned(None)),
        Err(_) if stalled_by < late_by => Err(Stopped::Abandoned(Some(stalled(stall)))),
        Err(_) => Err(Stopped::Abandoned(Some(late()))),
    }
}

/// Starts the statement in a transaction in which it may take as long as the reader. One whose table changed under it is
/// prepared anew, once.
async fn start(lane: &Connection, task: &Task) -> Result<(RowStream, Arc<Figures>), Stopped> {
    let refused = |error| Stopped::Failed(task.translate(error));
    let only = if task.call { " READ ONLY" } else { "" };
    let begin = format!("BEGIN{only}; SET LOCAL statement_timeout = {}", task.limit.as_millis());
    for last in [false, true] {
        lane.command(&begin).await.map_err(refused)?;
        lane.set(&task.statement.settings).await.map_err(refused)?;
        match lane.start(&task.statement).await {
            Ok(started) => return Ok(started),
            Err(error) if is_stale(&error) && !last => {
                lane.command("ROLLBACK").await.map_err(refused)?;
                lane.forget(&task.statement.text);
            }
            Err(error) => return Err(refused(error)),
        }
    }
    Err(Stopped::Abandoned(Some(Error::internal(
        "a statement was neither run nor refused",
    ))))
}

/// More rows than a stream may have.
pub fn too_long(resource: &Resource, most: u64) -> Error {
    let message = format!(
        "{} has more than the {most} rows that a reply of it may have",
        resource.path
    );
    Error::new(Code::ReplyTooLarge, message)
        .with_hint("narrow the filter, or ask for parts with `limit` and `offset`; lists of rows have cursors, too")
}

fn late() -> Error {
    Error::new(Code::StatementTimeout, Code::StatementTimeout.title())
        .with_details("the reply was not done within its time")
        .with_hint("ask for fewer rows at once, or read them faster")
}

fn stalled(stall: Duration) -> Error {
    Error::new(Code::StatementTimeout, "The reader took nothing of the reply")
        .with_details(format!("for {} s", stall.as_secs_f32()))
        .with_hint("ask for fewer rows at once, or read them faster")
}
